"""Rules on the purpose of an injection and on KX, which a policy requires on diagnostic ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cptfacet.checking.day import Day, Line
from cptfacet.checking.kx import INJECTIONS, added_kx, borrowed_kx, has_kx, removed_kx
from cptfacet.checking.rule import (
    NotAsked,
    RawFinding,
    agreeing,
    checks,
    codes_of,
    finding,
    not_told,
)
from cptfacet.checking.signals import Signal
from cptfacet.claims import Purpose
from cptfacet.history import SessionKind, injection_kind
from cptfacet.policies import Known, NotKnown
from cptfacet.policies.vocabulary import COVERAGE_PROCEDURE, MODIFIER_DIAGNOSTIC, Coverage
from cptfacet.procedures import Family
from cptfacet.sessions import TechniqueKind

if TYPE_CHECKING:
    from cptfacet.anatomy import CodeRegion
    from cptfacet.checking.plans import CheckingPlan


def of_family(day: Day, family: Family) -> list[Line]:
    """List the lines of a family."""
    return [line for line in day.facet if line.facts.code.family is family]


@checks(when=(Signal.NO_KX | Signal.DIAGNOSTIC, Signal.NO_KX | Signal.NO_PURPOSE))
def kx_missing(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find lines of a diagnostic injection without the modifier that the policy requires."""
    purpose = day.purpose
    for family in INJECTIONS:
        lines = of_family(day, family)
        if not lines:
            continue
        kx = day.rules.kx(family)
        if isinstance(kx, NotKnown):
            yield not_told(kx)
        elif kx and purpose is Purpose.DIAGNOSTIC:
            bare = [line for line in lines if not has_kx(line)]
            if bare:
                yield _missing(day, kx, bare)
        elif kx and day.session is None and not any(map(has_kx, lines)):
            reason = f"the payer counts lines without {kx.value} as therapeutic"
            yield NotAsked(needs="purpose", reason=reason)


def _missing(day: Day, kx: Known[str], bare: list[Line]) -> RawFinding:
    return finding(
        bare,
        f"The claim is diagnostic but {codes_of(bare)} {agreeing(bare, 'has', 'have')} no"
        f" {kx.value}; the payer will count the session as therapeutic",
        citations=kx.citations,
        remedy=added_kx(day, kx, bare),
    )


@checks(when=Signal.NO_KX | Signal.KX | Signal.SEVERAL_FACET)
def kx_partial(day: Day) -> Iterator[RawFinding]:
    """Find injections of one region with the modifier on only some of their lines."""
    session = day.session
    if day.purpose is not None:
        return
    if session and len({treatment.purpose for treatment in session.treatments}) > 1:
        return
    for (family, _), lines in _injections(day):
        kx = day.rules.kx(family)
        having = [line for line in lines if has_kx(line)]
        if isinstance(kx, Known) and 0 < len(having) < len(lines):
            bare = [line for line in lines if not has_kx(line)]
            yield finding(
                bare,
                f"{codes_of(bare)} {agreeing(bare, 'has', 'have')} no {kx.value} but"
                f" {codes_of(having)} {agreeing(having, 'does', 'do')}; every line of a diagnostic"
                f" session needs {kx.value}",
                citations=kx.citations,
                question=f"Was the session diagnostic ({kx.value} on every line) or"
                f" therapeutic (no {kx.value})?",
            )


def _injections(day: Day) -> list[tuple[tuple[Family, CodeRegion], list[Line]]]:
    """List the injection lines by family and region, in the order of these."""
    found = [
        ((family, region), lines)
        for (family, region), lines in day.by_region.items()
        if family in INJECTIONS and isinstance(family, Family)
    ]
    return sorted(found, key=lambda pair: pair[0])


@checks(when=Signal.INJECTION | Signal.KX | Signal.THERAPEUTIC)
def kx_on_therapeutic(day: Day) -> Iterator[RawFinding]:
    """Find therapeutic injections with the modifier for diagnostic ones."""
    for family in INJECTIONS:
        having = [line for line in of_family(day, family) if has_kx(line)]
        kx = day.rules.kx(family) if having else None
        if isinstance(kx, Known):
            yield finding(
                having,
                f"The claim is therapeutic but {codes_of(having)} {agreeing(having, 'has', 'have')}"
                f" {kx.value}, which is for diagnostic injections; remove {kx.value}",
                citations=kx.citations,
                remedy=removed_kx(having),
            )


@checks(when=Signal.ABLATION | Signal.KX)
def kx_on_ablation(day: Day) -> Iterator[RawFinding]:
    """Find ablations with the modifier for diagnostic injections."""
    yield from _borrowed(day, Family.ABLATION, "diagnostic injections, not for ablations")


@checks(when=Signal.ULTRASOUND | Signal.KX)
def kx_on_ultrasound(day: Day) -> Iterator[RawFinding]:
    """Find injections under ultrasound with the modifier for other diagnostic injections."""
    only = "diagnostic injections under fluoroscopy or CT"
    yield from _borrowed(day, Family.ULTRASOUND_INJECTION, only)


def _borrowed(day: Day, family: Family, only: str) -> Iterator[RawFinding]:
    """Find lines with the modifier in a family that does not take it, where another one does."""
    having = [line for line in of_family(day, family) if has_kx(line)]
    kx = borrowed_kx(day.rules, family) if having else None
    if kx:
        yield finding(
            having,
            f"{codes_of(having)}: {kx.value} is for {only}; remove {kx.value}",
            citations=kx.citations,
            remedy=removed_kx(having),
        )


def _later(plan: CheckingPlan, family: Family) -> list[Known[str | None]]:
    """List the later provisions that require the modifier, where the policy does not yet."""
    if plan.rules.kx(family) is not None:
        return []
    return [
        stated
        for stated in plan.policy.stated(MODIFIER_DIAGNOSTIC, family)
        if isinstance(stated, Known) and stated.value and stated.provision.term.first > plan.on
    ]


def _not_yet(later: Known[str | None]) -> str:
    """Return what is known about the time before a provision that requires the modifier."""
    term = later.provision.term
    if term.start is None:
        return f"no source we have read requires {later.value} before {term.first}"
    return f"{later.value} is not required before {term.first}"


def _requires_later(plan: CheckingPlan) -> bool:
    return any(_later(plan, family) for family in INJECTIONS)


@checks(when=Signal.INJECTION | Signal.KX, where=_requires_later)
def kx_before_start(day: Day) -> Iterator[RawFinding]:
    """Find injections with the modifier before the policy requires it."""
    for family in INJECTIONS:
        having = [line for line in of_family(day, family) if has_kx(line)]
        later = _later(day.plan, family) if having else []
        if later:
            first = min(later, key=lambda stated: stated.provision.term.first)
            yield finding(
                having,
                f"{codes_of(having)}: {_not_yet(first)}",
                citations=first.citations,
            )


# -- coverage by purpose


_CALLED: Mapping[tuple[SessionKind, ...], str] = {
    (SessionKind.DIAGNOSTIC_INJECTION,): "diagnostic facet injections",
    (SessionKind.THERAPEUTIC_INJECTION,): "therapeutic facet injections",
    (SessionKind.DIAGNOSTIC_INJECTION, SessionKind.THERAPEUTIC_INJECTION): "facet injections",
    (SessionKind.ABLATION,): "facet ablations",
}


def _stated(plan: CheckingPlan, kind: SessionKind) -> bool:
    return bool(plan.policy.stated(COVERAGE_PROCEDURE, kind))


def _covers_by_purpose(plan: CheckingPlan) -> bool:
    """Whether the policy states this on any date; before it was seen it is not known."""
    return any(_stated(plan, kind) for kinds in _CALLED for kind in kinds)


@checks(when=Signal.FACET, where=_covers_by_purpose)
def purpose_not_covered(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find injections of a purpose that the policy does not cover, and such ablations."""
    injected = [line for family in INJECTIONS for line in of_family(day, family)]
    ablated = of_family(day, Family.ABLATION)
    for lines, kinds in ((injected, _injected(day)), (ablated, (SessionKind.ABLATION,))):
        stated = [kind for kind in kinds if _stated(day.plan, kind)] if lines else []
        answers = [day.rules.procedure_coverage(kind) for kind in stated]
        unknown = [answer for answer in answers if isinstance(answer, NotKnown)]
        denied = [a for a in answers if isinstance(a, Known) and a.value is Coverage.NOT_COVERED]
        if unknown:
            yield not_told(unknown[0])
        elif denied and len(denied) == len(kinds):
            yield finding(
                lines,
                f"{codes_of(lines)}: {_CALLED[kinds]} are not covered",
                citations=[citation for answer in denied for citation in answer.citations],
            )
        elif denied:
            reason = (
                "coverage depends on the purpose of the injection, which the claim does not show"
            )
            yield NotAsked(needs="purpose", reason=reason)


def _injected(day: Day) -> tuple[SessionKind, ...]:
    """Return what the injections of the day are, or may be, by the claim and the note."""
    treatments = day.session.treatments if day.session else ()
    noted = {t.purpose for t in treatments if t.technique.kind is TechniqueKind.INJECTION}
    [purpose] = noted if len(noted) == 1 else [None]
    known = day.purpose or purpose
    return tuple(map(injection_kind, [known] if known else Purpose))
