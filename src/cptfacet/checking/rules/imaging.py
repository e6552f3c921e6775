"""Rules on imaging guidance, and on injections and ablations of one region and day."""

from __future__ import annotations

from collections.abc import Iterator

from cptfacet._text import series
from cptfacet.anatomy import CodeRegion
from cptfacet.checking.day import Day
from cptfacet.checking.rule import (
    NotAsked,
    RawFinding,
    by_code,
    checks,
    codes_of,
    finding,
    instead,
    not_told,
)
from cptfacet.checking.signals import Signal
from cptfacet.findings import Question, QuestionTopic, Severity
from cptfacet.modifiers import ModifierRole
from cptfacet.policies import Known
from cptfacet.policies.vocabulary import Bundling, Coverage
from cptfacet.procedures import Family

_BESIDE = Signal.FACET | Signal.IMAGING | Signal.EVALUATION | Signal.SEDATION


@checks(when=Signal.FACET | Signal.IMAGING)
def imaging_bundled(day: Day) -> Iterator[RawFinding]:
    """Find imaging guidance that is billed with codes that include it."""
    including: dict[Family, Known[Bundling]] = {}
    for family, _ in day.by_region:
        if isinstance(family, Family):
            stated = day.rules.imaging(family)
            if isinstance(stated, Known) and stated.value is Bundling.INCLUDED:
                including[family] = stated
    if not including:
        return
    facet = sorted({line.code for line in day.facet if line.facts.code.family in including})
    citations = tuple(dict.fromkeys(c for stated in including.values() for c in stated.citations))
    alone = all(line.facts.signals & _BESIDE.value for line in day.lines)
    advice = "do not bill it" if alone else "bill it only if it guided another procedure"
    for code, lines in by_code(day.showing(Signal.IMAGING)):
        marked = all(line.facts.has(ModifierRole.DISTINCT) for line in lines)
        goes = alone and all(line.written.charge is None for line in lines)
        yield finding(
            lines,
            f"{code}: imaging guidance is included in {series(facet)}; {advice}",
            citations=citations,
            severity=Severity.WARNING if marked and not alone else None,
            remedy=instead() if goes else _asked(code, alone=alone),
        )


def _asked(code: str, *, alone: bool) -> Question:
    if alone:
        asked = f"Should the charge for {code} be added to the facet lines or dropped?"
        return Question(question=asked, topic=QuestionTopic.CHARGE)
    return Question(
        question=f"Did {code} guide another procedure of the day, or the facet procedure?"
    )


@checks(when=Signal.ULTRASOUND)
def ultrasound_not_covered(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find injections under ultrasound where the policy does not cover them."""
    stated = day.rules.family_coverage(Family.ULTRASOUND_INJECTION)
    if not isinstance(stated, Known):
        yield not_told(stated)
    elif stated.value is Coverage.NOT_COVERED:
        lines = day.showing(Signal.ULTRASOUND)
        yield finding(
            lines,
            f"{codes_of(lines)}: facet injections under ultrasound are not covered",
            citations=stated.citations,
        )


@checks(when=Signal.FACET | Signal.ULTRASOUND | Signal.SEVERAL_FACET)
def guidance_mixed(day: Day) -> Iterator[RawFinding]:
    """Find injections of one region under two kinds of guidance."""
    grouped = day.by_region
    for region in CodeRegion:
        one = grouped.get((Family.IMAGE_GUIDED_INJECTION, region), [])
        other = grouped.get((Family.ULTRASOUND_INJECTION, region), [])
        if one and other:
            yield finding(
                (*one, *other),
                f"{codes_of(one)} (fluoroscopy or CT) and {codes_of(other)} (ultrasound) are billed"
                f" in the same region ({region})",
                question="Which guidance does the note document for each level?",
            )


@checks(when=Signal.INJECTION | Signal.ABLATION)
def injection_with_ablation(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find injections in the region of an ablation, which includes them at the same joint."""
    stated = day.rules.injection_at_ablated_joint()
    if not isinstance(stated, Known):
        yield not_told(stated)
        return
    if stated.value is not Bundling.INCLUDED:
        return
    for region in CodeRegion:
        in_region = [line for line in day.facet if line.facts.code.region is region]
        injected = [line for line in in_region if line.facts.signals & Signal.INJECTION]
        ablated = [line for line in in_region if line.facts.signals & Signal.ABLATION]
        if injected and ablated:
            yield finding(
                injected,
                f"{codes_of(injected)} (injection) with {codes_of(ablated)} (ablation) in the same"
                " region; the ablation includes an injection at the same joint",
                citations=stated.citations,
                question="Which joints were injected, and which were ablated? Do not bill an"
                " injection at an ablated joint.",
            )
