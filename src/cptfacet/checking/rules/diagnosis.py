"""Rules on the diagnoses of facet lines, from ICD-10-CM and the payers' lists.

No other rule reads diagnoses. Each of these but the first two needs one line at a time.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Iterator

from cptfacet._groups import grouped
from cptfacet._text import agree, series
from cptfacet.anatomy import CodeRegion
from cptfacet.checking.day import Day, Line
from cptfacet.checking.plans import CheckingPlan
from cptfacet.checking.rule import NotAsked, RawFinding, agreeing, checks, codes_of, finding
from cptfacet.checking.signals import Signal
from cptfacet.policies import Known, value_of
from cptfacet.policies.diagnosis_lists import DiagnosisList, DiagnosisUse
from cptfacet.policies.vocabulary import Need
from cptfacet.procedures import Family
from cptfacet.reference.diagnoses import Diagnosis, NamedPart, Validity
from cptfacet.unknown import Unknown

_STATED = Signal.FACET | Signal.DIAGNOSES


@checks(when=Signal.FACET | Signal.NO_DIAGNOSES)
def diagnosis_missing(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find lines without a diagnosis on a day whose other lines have one."""
    without = [line for line in day.facet if not day.diagnoses(line)]
    if len(without) == len(day.facet):
        yield NotAsked(needs="diagnoses", reason="no line has one")
    elif without:
        yield finding(
            without,
            f"{codes_of(without)} {agreeing(without, 'has', 'have')} no diagnosis pointer;"
            " other lines on that date have one",
            question=f"Which diagnosis does the record support for {codes_of(without)}?",
        )


def _requires(plan: CheckingPlan) -> bool:
    return value_of(plan.rules.diagnosis_need()) is Need.REQUIRED


@checks(when=Signal.FACET | Signal.NO_DIAGNOSES, where=_requires)
def diagnosis_not_stated(day: Day) -> Iterator[RawFinding]:
    """Find days without any diagnosis, where the payer returns claims without one."""
    stated = day.rules.diagnosis_need()
    if isinstance(stated, Known) and not any(map(day.diagnoses, day.facet)):
        yield finding(
            day.facet,
            "No line has a diagnosis; the payer returns a claim without one as unprocessable",
            citations=stated.citations,
            question="Which diagnoses does the record support, or were they left out of the"
            " data checked?",
        )


def _may_have_begun(plan: CheckingPlan) -> bool:
    begin = plan.reference.first_diagnosis_day()
    return isinstance(begin, Unknown) or plan.on >= begin


@checks(when=_STATED, where=_may_have_begun)
def diagnosis_malformed(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find diagnoses that do not have the format of a code."""
    begin = day.plan.reference.first_diagnosis_day()
    if isinstance(begin, Unknown):
        yield NotAsked(needs="diagnosis code set", reason=begin.reason)
        return
    for written, lines in _by_diagnosis(day, lambda written: day.rules.diagnoses[written] is None):
        yield finding(
            lines,
            f"{reprlib.repr(written)} is not a valid ICD-10-CM code (a letter, two characters,"
            " and up to four after the dot)",
            question="What is the correct diagnosis code?",
        )


@checks(when=_STATED)
def diagnosis_header(day: Day) -> Iterator[RawFinding]:
    """Find diagnosis codes that need additional characters."""
    for found, lines in _that_are(day, Validity.HEADER):
        yield finding(
            lines,
            f"{found.code} is not a billable ICD-10-CM code on this date; it needs additional"
            " characters",
            citations=found.provenance.citations,
            question=f"Which code under {found.code} does the record support?",
        )


@checks(when=_STATED)
def diagnosis_not_valid(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find diagnosis codes that are not valid on the date of service."""
    for found, lines in _that_are(day, Validity.NOT_VALID):
        yield finding(
            lines,
            f"{found.code} is not a valid ICD-10-CM code on this date",
            citations=found.provenance.citations,
            question=f"Which valid code does the record support instead of {found.code}?",
        )
    for written in sorted({each for line in day.facet for each in day.diagnoses(line)}):
        answer = day.rules.diagnoses[written]
        if isinstance(answer, Unknown):
            yield NotAsked(needs="diagnosis code set", reason=answer.reason)


# -- what the payer lists


@checks(when=_STATED)
def diagnosis_not_listed(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find lines without any diagnosis on the payer's list."""
    listed = day.rules.diagnosis_list
    if isinstance(listed, Unknown):
        yield NotAsked(needs="list of diagnoses", reason=listed.reason)
    if not isinstance(listed, DiagnosisList):
        return
    for diagnoses, lines in _by_all(day):
        if diagnoses and not any(day.rules.listed_uses[each] for each in diagnoses):
            yield finding(
                lines,
                f"{codes_of(lines)}: {_shown(diagnoses)}"
                f" {agree(diagnoses, 'is', 'are')} not on the list of covered diagnoses for"
                f" facet procedures ({listed.document})",
                citations=listed.citations,
                question="Does the record support a diagnosis on the list?",
            )


@checks(when=_STATED | Signal.ABLATION)
def cyst_diagnosis_with_ablation(day: Day) -> Iterator[RawFinding]:
    """Find ablations whose only listed diagnoses are those for procedures on facet cysts."""
    yield from _of_cysts(
        day,
        lambda line: line.facts.code.family is Family.ABLATION,
        "not for an ablation",
        "Does the record support a diagnosis on the list for the ablation?",
    )


@checks(when=_STATED | Signal.INJECTION)
def cyst_diagnosis_with_block(day: Day) -> Iterator[RawFinding]:
    """Find injections whose only listed diagnoses are those for procedures on facet cysts."""
    yield from _of_cysts(
        day,
        lambda line: line.facts.code.family is Family.IMAGE_GUIDED_INJECTION,
        "not for a plain injection",
        "Was a facet cyst ruptured or aspirated, and does imaging show it?",
    )


def _of_cysts(
    day: Day, concerns: Callable[[Line], bool], excluded: str, question: str
) -> Iterator[RawFinding]:
    listed = day.rules.diagnosis_list
    if not isinstance(listed, DiagnosisList):
        return  # `diagnosis_not_listed` reports it
    for diagnoses, lines in _by_all(day):
        found = [line for line in lines if concerns(line)]
        uses = {day.rules.listed_uses[each] for each in diagnoses}
        if found and DiagnosisUse.FACET_CYST in uses and DiagnosisUse.ANY not in uses:
            cyst = [d for d in diagnoses if day.rules.listed_uses[d] is DiagnosisUse.FACET_CYST]
            yield finding(
                found,
                f"{codes_of(found)}: {listed.document} lists {_shown(cyst)} only for procedures"
                f" on facet cysts, {excluded}",
                citations=listed.citations,
                question=question,
            )


@checks(when=_STATED)
def diagnosis_region_differs(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find lines whose diagnoses are for another part of the spine than the code."""
    if not day.plan.reference.spine_parts:
        reason = "the reference data has no parts of the spine"
        yield NotAsked(needs="part of the spine that a diagnosis names", reason=reason)
    for diagnoses, lines in _by_all(day):
        asked = ((each, day.rules.spine_parts[each]) for each in diagnoses)
        parts = {each: part for each, part in asked if isinstance(part, NamedPart)}
        for region in CodeRegion:
            of_region = [line for line in lines if line.facts.code.region is region]
            if of_region and parts and all(region not in p.regions for p in parts.values()):
                named = list(dict.fromkeys(part.part for part in parts.values()))
                yield finding(
                    of_region,
                    f"{codes_of(of_region)} {agreeing(of_region, 'is', 'are')} for the {region}"
                    f" region, but {_shown(parts)} {agree(parts, 'is', 'are')} for the"
                    f" {series(named)} {agree(named, 'region', 'regions')}",
                    citations=(c for part in parts.values() for c in part.citations),
                    question="Which part of the spine was treated?",
                )


# -- diagnoses and their lines


def _by_diagnosis(day: Day, wrong: Callable[[str], bool]) -> list[tuple[str, list[Line]]]:
    """List the diagnoses that are wrong, as written, with the facet lines that have them."""
    found: dict[str, list[Line]] = {}
    for line in day.facet:
        for written in dict.fromkeys(day.diagnoses(line)):
            found.setdefault(written, []).append(line)
    return sorted((written, lines) for written, lines in found.items() if wrong(written))


def _that_are(day: Day, validity: Validity) -> Iterator[tuple[Diagnosis, list[Line]]]:
    def wrong(written: str) -> bool:
        found = day.rules.diagnoses[written]
        return isinstance(found, Diagnosis) and found.validity is validity

    for written, lines in _by_diagnosis(day, wrong):
        found = day.rules.diagnoses[written]
        if isinstance(found, Diagnosis):
            yield found, lines


def _by_all(day: Day) -> list[tuple[tuple[str, ...], list[Line]]]:
    """Group the facet lines with diagnoses by their set of diagnoses."""
    found = grouped(day.facet, key=lambda line: tuple(sorted(set(day.diagnoses(line)))))
    return sorted((stated, lines) for stated, lines in found.items() if stated)


_MOST_SHOWN = 12  # as many as a claim form has room for
_LONG = 64  # characters, beyond which a diagnosis is cut


def _shown(diagnoses: Iterable[str]) -> str:
    """Return diagnoses as ICD-10-CM writes them, for a sentence."""
    listed = list(diagnoses)
    names = [each.strip().upper() if len(each) <= _LONG else reprlib.repr(each) for each in listed]
    return series(names, most=_MOST_SHOWN)
