"""Rules on sedation and anesthesia with a facet procedure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cptfacet._groups import grouped
from cptfacet.checking.rule import (
    NotAsked,
    RawFinding,
    by_code,
    checks,
    checks_whole,
    codes_of,
    finding,
    not_told,
)
from cptfacet.checking.signals import Signal
from cptfacet.findings import Severity
from cptfacet.policies import Known, NotKnown, value_of
from cptfacet.policies.vocabulary import SedationCoverage
from cptfacet.procedures import Family

if TYPE_CHECKING:
    from cptfacet.checking.day import Day, Line, Whole
    from cptfacet.policies import Answer
    from cptfacet.rulebook import TermRules

_INJECTIONS = (Family.IMAGE_GUIDED_INJECTION, Family.ULTRASOUND_INJECTION)


@checks(when=Signal.INJECTION | Signal.SEDATION)
def sedation_with_injection(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find sedation or anesthesia with injections, unless an ablation of the day may explain it."""
    if not _explained(day.rules, day.facet):
        answers = _of_injections(day.rules, day.facet)
        yield from (not_told(answer) for answer in answers if isinstance(answer, NotKnown))
        yield from _found(day.showing(Signal.SEDATION), day.showing(Signal.INJECTION), answers)


@checks(when=Signal.ABLATION | Signal.SEDATION)
def sedation_with_ablation(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find sedation or anesthesia with an ablation."""
    answer = day.rules.sedation_coverage(Family.ABLATION)
    if isinstance(answer, NotKnown):
        yield not_told(answer)
    yield from _found(day.showing(Signal.SEDATION), day.showing(Signal.ABLATION), [answer])


@checks_whole
def sedation_by_other_provider(claim: Whole) -> Iterator[RawFinding | NotAsked]:
    """Find sedation or anesthesia by another practitioner on the day of a facet procedure."""
    for days in grouped(claim.days, key=lambda day: day.date).values():
        rules = days[0].rules
        facet = [line for day in days for line in day.facet]
        other = [line for d in days if not d.facet for line in d.showing(Signal.SEDATION)]
        answers = _of_injections(rules, facet)
        if _ablated(facet) and (not answers or _explained(rules, facet)):
            answers = [rules.sedation_coverage(Family.ABLATION)]
        if other:
            yield from (not_told(answer) for answer in answers if isinstance(answer, NotKnown))
        yield from _found(other, facet, answers)


def _found(
    sedation: Iterable[Line], facet: Iterable[Line], answers: Iterable[Answer[SedationCoverage]]
) -> Iterator[RawFinding]:
    """Find sedation by the strictest of the policy's answers."""
    known = [answer for answer in answers if isinstance(answer, Known)]
    denied = [answer for answer in known if answer.value is not SedationCoverage.WITH_REASON]
    if not known:
        return
    procedures = codes_of(facet)
    coverage = "not covered" if denied else "covered only case by case, with a documented reason"
    for code, lines in by_code(sedation):
        yield finding(
            lines,
            f"{code}: sedation or anesthesia with {procedures} is {coverage}",
            citations=(c for each in denied or known for c in each.citations),
            severity=Severity.ERROR if denied else Severity.WARNING,
            question=f"Was {code} for another service, or what reason does the record document?",
        )


def _ablated(facet: Iterable[Line]) -> bool:
    return any(line.facts.signals & Signal.ABLATION.value for line in facet)


def _explained(rules: TermRules, facet: Iterable[Line]) -> bool:
    """Whether the day has an ablation with which sedation may be covered."""
    covered = value_of(rules.sedation_coverage(Family.ABLATION))
    return covered is SedationCoverage.WITH_REASON and _ablated(facet)


def _of_injections(rules: TermRules, facet: Iterable[Line]) -> list[Answer[SedationCoverage]]:
    families = {line.facts.code.family for line in facet}
    return [rules.sedation_coverage(family) for family in _INJECTIONS if family in families]
