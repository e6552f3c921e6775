"""Rules on the purpose of an injection and the modifier that marks it as diagnostic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from cptfacet._records import sealed
from cptfacet.bilateral import order_modifiers
from cptfacet.checking.day import Day, Line
from cptfacet.checking.rule import (
    NotAsked,
    RawFinding,
    Rewrite,
    Rewritten,
    by_code,
    checks,
    instead,
    not_told,
    numbers,
)
from cptfacet.checking.signals import Signal
from cptfacet.claims import Purpose
from cptfacet.findings import Question
from cptfacet.modifiers import ModifierKind, ModifierRole
from cptfacet.policies import NONE, NotKnown, Provision
from cptfacet.procedures import Family
from cptfacet.sessions import TechniqueKind

if TYPE_CHECKING:
    from cptfacet.anatomy import CodeRegion
    from cptfacet.checking.plans import Plan

_INJECTIONS = (Family.IMAGE_GUIDED_INJECTION, Family.ULTRASOUND_INJECTION)


@sealed
@attrs.frozen(kw_only=True)
class Mark:
    """The modifier that a policy asks for on the diagnostic lines of a family."""

    modifier: str
    stated: Provision


def mark_of(plan: Plan, family: Family) -> Mark | NotKnown | None:
    """Give the mark of diagnostic lines of a family; None where the policy asks for none."""
    answer = plan.get("modifier.diagnostic", family=family)
    if isinstance(answer, NotKnown):
        return answer
    return None if answer.value == NONE else Mark(modifier=str(answer.value), stated=answer)


def is_marked(line: Line) -> bool:
    """Say whether a line has the modifier that attests requirements."""
    return line.facts.has(ModifierRole.REQUIREMENTS_MET)


def mark_goes(day: Day, line: Line) -> bool:
    """Say whether the mark of a line is one that a rule on the purpose takes away."""
    family = line.facts.code.family
    if not isinstance(family, Family):
        return False
    if _foreign_mark(day.plan, family):
        return True
    marked = family in _INJECTIONS and isinstance(mark_of(day.plan, family), Mark)
    return marked and _is_therapeutic(day)


def _foreign_mark(plan: Plan, family: Family) -> Mark | None:
    """Give the mark of injections under fluoroscopy or CT, where the policy gives a family none."""
    mark = mark_of(plan, Family.IMAGE_GUIDED_INJECTION)
    return mark if isinstance(mark, Mark) and mark_of(plan, family) is None else None


def _is_therapeutic(day: Day) -> bool:
    """Say whether the claim, or else the note of the day, says that injections were therapeutic."""
    session = day.session
    if day.purpose is not None or session is None or session.date != day.date:
        return day.purpose is Purpose.THERAPEUTIC
    injected = [t for t in session.treatments if t.technique.kind is TechniqueKind.INJECTION]
    return {treatment.purpose for treatment in injected} == {Purpose.THERAPEUTIC}


def of_family(day: Day, family: Family) -> list[Line]:
    """Give the lines of a family."""
    return [line for line in day.facet if line.facts.code.family is family]


def _codes(lines: list[Line]) -> str:
    return ", ".join(code for code, _ in by_code(lines))


@checks(when=Signal.UNMARKED, either=(Signal.DIAGNOSTIC | Signal.NO_PURPOSE,))
def kx_missing(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find lines of a diagnostic injection without the mark that the policy asks for."""
    purpose = day.purpose
    for family in _INJECTIONS:
        lines = of_family(day, family)
        if not lines:
            continue
        mark = mark_of(day.plan, family)
        if isinstance(mark, NotKnown):
            yield not_told(mark)
        elif mark and purpose is Purpose.DIAGNOSTIC:
            bare = [line for line in lines if not is_marked(line)]
            if bare:
                yield _missing(day, mark, bare)
        elif mark and day.session is None and not any(map(is_marked, lines)):
            reason = f"without {mark.modifier} the lines are counted as therapeutic"
            yield NotAsked(needs="purpose", reason=reason)


def _missing(day: Day, mark: Mark, bare: list[Line]) -> RawFinding:
    return RawFinding(
        lines=numbers(bare),
        message=(
            f"{_codes(bare)}: the claim says diagnostic, and without {mark.modifier} the payer"
            " counts the session as therapeutic"
        ),
        citations=mark.stated.citations,
        remedy=_with_mark(day, mark, bare),
    )


def _with_mark(day: Day, mark: Mark, bare: list[Line]) -> Rewrite | Question:
    lines = [remarked_as(day, line, (*line.facts.modifiers, mark.modifier)) for line in bare]
    whole = [line for line in lines if line is not None]
    if len(whole) == len(bare):
        return instead(*whole)
    return Question(
        question=f"A line has no place left for {mark.modifier}: which modifier can go?"
    )


def remarked_as(day: Day, line: Line, modifiers: tuple[str, ...]) -> Rewritten | None:
    """Give a line with other modifiers, in the order of the policy, where it has room for them."""
    most = day.plan.provision("modifiers.max")
    if most and isinstance(most.value, int) and len(modifiers) > most.value:
        return None
    return line.rewritten(modifiers=in_order(day.plan, modifiers))


def in_order(plan: Plan, modifiers: tuple[str, ...]) -> tuple[str, ...]:
    """Put modifiers in the order that the policy asks for."""
    stated = plan.provision("modifier.order")
    order = stated.value if stated and isinstance(stated.value, tuple) else tuple(ModifierKind)
    return order_modifiers(modifiers, order=order, reference=plan.reference)


@checks(when=Signal.UNMARKED | Signal.MARKED | Signal.SEVERAL_FACET)
def kx_partial(day: Day) -> Iterator[RawFinding]:
    """Find injections of one region of which some lines are marked as diagnostic, others not."""
    session = day.session
    if day.purpose is not None:
        return
    if session and len({treatment.purpose for treatment in session.treatments}) > 1:
        return
    for (family, _), lines in _injections(day):
        mark = mark_of(day.plan, family)
        marked = [line for line in lines if is_marked(line)]
        if isinstance(mark, Mark) and 0 < len(marked) < len(lines):
            bare = [line for line in lines if not is_marked(line)]
            yield RawFinding(
                lines=numbers(bare),
                message=(
                    f"{_codes(bare)} without {mark.modifier} beside {_codes(marked)} with it: the"
                    " lines of one diagnostic session all have it"
                ),
                citations=mark.stated.citations,
                remedy=Question(
                    question=f"Was the session diagnostic, so that each line has {mark.modifier},"
                    " or therapeutic, so that none has?"
                ),
            )


def _injections(day: Day) -> list[tuple[tuple[Family, CodeRegion], list[Line]]]:
    """Give the injection lines by family and region, in the order of these."""
    found = [
        ((family, region), lines)
        for (family, region), lines in day.by_region().items()
        if family in _INJECTIONS and isinstance(family, Family)
    ]
    return sorted(found, key=lambda pair: pair[0])


@checks(when=Signal.INJECTION | Signal.MARKED | Signal.THERAPEUTIC)
def kx_on_therapeutic(day: Day) -> Iterator[RawFinding]:
    """Find therapeutic injections that are marked as diagnostic."""
    for family in _INJECTIONS:
        marked = [line for line in of_family(day, family) if is_marked(line)]
        mark = mark_of(day.plan, family) if marked else None
        if isinstance(mark, Mark):
            yield RawFinding(
                lines=numbers(marked),
                message=(
                    f"{_codes(marked)}: {mark.modifier} says diagnostic, and the claim says"
                    " therapeutic"
                ),
                citations=mark.stated.citations,
                remedy=_without_mark(marked),
            )


def _without_mark(marked: list[Line]) -> Rewrite:
    return instead(*(line.rewritten(modifiers=unmarked(line)) for line in marked))


def unmarked(line: Line) -> tuple[str, ...]:
    """Give the modifiers of a line without those that attest requirements."""
    return line.facts.without(ModifierRole.REQUIREMENTS_MET)


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
    marked = [line for line in of_family(day, family) if is_marked(line)]
    mark = _foreign_mark(day.plan, family) if marked else None
    if mark:
        yield RawFinding(
            lines=numbers(marked),
            message=f"{_codes(marked)}: {mark.modifier} marks diagnostic injections; {said}",
            citations=mark.stated.citations,
            remedy=_without_mark(marked),
        )


def _later(plan: Plan, family: Family) -> list[Provision]:
    """Give the provisions by which a policy that asks for no mark now asks for one later."""
    if mark_of(plan, family) is not None:
        return []
    return [
        stated
        for stated in plan.policy.stated("modifier.diagnostic", (family,))
        if isinstance(stated, Provision) and stated.value != NONE and stated.term.first > plan.on
    ]


def _asks_later(plan: Plan) -> bool:
    return any(_later(plan, family) for family in _INJECTIONS)


@checks(when=Signal.INJECTION | Signal.MARKED, where=_asks_later)
def kx_before_start(day: Day) -> Iterator[RawFinding]:
    """Find injections with the mark before the day from which the policy asks for it."""
    for family in _INJECTIONS:
        marked = [line for line in of_family(day, family) if is_marked(line)]
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
