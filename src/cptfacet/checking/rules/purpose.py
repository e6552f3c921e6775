"""Rules on the purpose of an injection and the modifier that marks it as diagnostic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cptfacet.checking.day import Day, Line
from cptfacet.checking.kx import INJECTIONS, Kx, borrowed_kx, has_kx, kx_for, without_kx
from cptfacet.checking.rule import (
    NotAsked,
    RawFinding,
    Rewrite,
    by_code,
    checks,
    instead,
    not_told,
    numbers,
    remarked_as,
)
from cptfacet.checking.signals import Signal
from cptfacet.claims import Purpose
from cptfacet.findings import Question
from cptfacet.policies import NotKnown, Provision
from cptfacet.policies.vocabulary import NO_MODIFIER
from cptfacet.procedures import Family

if TYPE_CHECKING:
    from cptfacet.anatomy import CodeRegion
    from cptfacet.checking.plans import Plan


def of_family(day: Day, family: Family) -> list[Line]:
    """Give the lines of a family."""
    return [line for line in day.facet if line.facts.code.family is family]


def _codes(lines: list[Line]) -> str:
    return ", ".join(code for code, _ in by_code(lines))


@checks(when=Signal.UNMARKED, either=(Signal.DIAGNOSTIC | Signal.NO_PURPOSE,))
def kx_missing(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find lines of a diagnostic injection without the mark that the policy asks for."""
    purpose = day.purpose
    for family in INJECTIONS:
        lines = of_family(day, family)
        if not lines:
            continue
        kx = kx_for(day.plan, family)
        if isinstance(kx, NotKnown):
            yield not_told(kx)
        elif kx and purpose is Purpose.DIAGNOSTIC:
            bare = [line for line in lines if not has_kx(line)]
            if bare:
                yield _missing(day, kx, bare)
        elif kx and day.session is None and not any(map(has_kx, lines)):
            reason = f"without {kx.modifier} the lines are counted as therapeutic"
            yield NotAsked(needs="purpose", reason=reason)


def _missing(day: Day, kx: Kx, bare: list[Line]) -> RawFinding:
    return RawFinding(
        lines=numbers(bare),
        message=(
            f"{_codes(bare)}: the claim says diagnostic, and without {kx.modifier} the payer"
            " counts the session as therapeutic"
        ),
        citations=kx.citations,
        remedy=_with_mark(day, kx, bare),
    )


def _with_mark(day: Day, kx: Kx, bare: list[Line]) -> Rewrite | Question:
    lines = [remarked_as(day.plan, line, (*line.facts.modifiers, kx.modifier)) for line in bare]
    whole = [line for line in lines if line is not None]
    if len(whole) == len(bare):
        return instead(*whole)
    return Question(question=f"A line has no place left for {kx.modifier}: which modifier can go?")


@checks(when=Signal.UNMARKED | Signal.MARKED | Signal.SEVERAL_FACET)
def kx_partial(day: Day) -> Iterator[RawFinding]:
    """Find injections of one region of which some lines are marked as diagnostic, others not."""
    session = day.session
    if day.purpose is not None:
        return
    if session and len({treatment.purpose for treatment in session.treatments}) > 1:
        return
    for (family, _), lines in _injections(day):
        kx = kx_for(day.plan, family)
        marked = [line for line in lines if has_kx(line)]
        if isinstance(kx, Kx) and 0 < len(marked) < len(lines):
            bare = [line for line in lines if not has_kx(line)]
            yield RawFinding(
                lines=numbers(bare),
                message=(
                    f"{_codes(bare)} without {kx.modifier} beside {_codes(marked)} with it: the"
                    " lines of one diagnostic session all have it"
                ),
                citations=kx.citations,
                remedy=Question(
                    question=f"Was the session diagnostic, so that each line has {kx.modifier},"
                    " or therapeutic, so that none has?"
                ),
            )


def _injections(day: Day) -> list[tuple[tuple[Family, CodeRegion], list[Line]]]:
    """Give the injection lines by family and region, in the order of these."""
    found = [
        ((family, region), lines)
        for (family, region), lines in day.by_region().items()
        if family in INJECTIONS and isinstance(family, Family)
    ]
    return sorted(found, key=lambda pair: pair[0])


@checks(when=Signal.INJECTION | Signal.MARKED | Signal.THERAPEUTIC)
def kx_on_therapeutic(day: Day) -> Iterator[RawFinding]:
    """Find therapeutic injections that are marked as diagnostic."""
    for family in INJECTIONS:
        marked = [line for line in of_family(day, family) if has_kx(line)]
        kx = kx_for(day.plan, family) if marked else None
        if isinstance(kx, Kx):
            yield RawFinding(
                lines=numbers(marked),
                message=(
                    f"{_codes(marked)}: {kx.modifier} says diagnostic, and the claim says"
                    " therapeutic"
                ),
                citations=kx.citations,
                remedy=_without_mark(marked),
            )


def _without_mark(marked: list[Line]) -> Rewrite:
    return instead(*(line.rewritten(modifiers=without_kx(line)) for line in marked))


@checks(when=Signal.ABLATION | Signal.MARKED)
def kx_on_ablation(day: Day) -> Iterator[RawFinding]:
    """Find ablations with the mark of diagnostic injections."""
    yield from _of_another_family(day, Family.ABLATION, "an ablation is never diagnostic")


@checks(when=Signal.ULTRASOUND | Signal.MARKED)
def kx_on_ultrasound(day: Day) -> Iterator[RawFinding]:
    """Find injections under ultrasound with the mark of other diagnostic injections."""
    said = "it goes on injections under fluoroscopy or CT alone"
    yield from _of_another_family(day, Family.ULTRASOUND_INJECTION, said)


def _of_another_family(day: Day, family: Family, said: str) -> Iterator[RawFinding]:
    """Find marked lines of a family that has no mark, where the policy marks another one."""
    marked = [line for line in of_family(day, family) if has_kx(line)]
    kx = borrowed_kx(day.plan, family) if marked else None
    if kx:
        yield RawFinding(
            lines=numbers(marked),
            message=f"{_codes(marked)}: {kx.modifier} marks diagnostic injections; {said}",
            citations=kx.citations,
            remedy=_without_mark(marked),
        )


def _later(plan: Plan, family: Family) -> list[Provision]:
    """Give the provisions by which a policy that asks for no mark now asks for one later."""
    if kx_for(plan, family) is not None:
        return []
    return [
        stated
        for stated in plan.policy.stated("modifier.diagnostic", (family,))
        if isinstance(stated, Provision)
        and stated.value != NO_MODIFIER
        and stated.term.first > plan.on
    ]


def _asks_later(plan: Plan) -> bool:
    return any(_later(plan, family) for family in INJECTIONS)


@checks(when=Signal.INJECTION | Signal.MARKED, where=_asks_later)
def kx_before_start(day: Day) -> Iterator[RawFinding]:
    """Find injections with the mark before the day from which the policy asks for it."""
    for family in INJECTIONS:
        marked = [line for line in of_family(day, family) if has_kx(line)]
        later = _later(day.plan, family) if marked else []
        if later:
            first = min(later, key=lambda stated: stated.term.first)
            yield RawFinding(
                lines=numbers(marked),
                message=(
                    f"{_codes(marked)}: the policy asks for {first.value} {first.term}, and for"
                    " none before"
                ),
                citations=first.citations,
            )
