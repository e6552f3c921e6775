"""Rules on the diagnoses of facet lines, from the code set and the contractors' lists.

These alone read diagnoses. What each but the first two says of a line can be told from that line alone.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Iterator

from cptfacet.anatomy import CodeRegion
from cptfacet.checking.day import Day, Line
from cptfacet.checking.plans import Plan
from cptfacet.checking.rule import NotAsked, RawFinding, checks, few, numbers
from cptfacet.checking.signals import Signal
from cptfacet.findings import Question
from cptfacet.policies import Known, value_of
from cptfacet.policies.vocabulary import Need
from cptfacet.procedures import Family
from cptfacet.reference import edits
from cptfacet.reference.editions import NotInData
from cptfacet.reference.edits import Diagnosis, DiagnosisList, DiagnosisUse, Validity

_STATED = Signal.FACET | Signal.DIAGNOSES


@checks(when=Signal.FACET | Signal.NO_DIAGNOSES)
def diagnosis_missing(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find lines without a diagnosis on a day whose other lines have one."""
    without = [line for line in day.facet if not day.diagnoses(line)]
    if len(without) == len(day.facet):
        yield NotAsked(needs="diagnoses", reason="no line states one")
    elif without:
        yield RawFinding(
            lines=numbers(without),
            message="a line states no diagnosis, and other lines of the day do",
            remedy=Question(question="Which diagnosis does the record give for it?"),
        )


def _requires(plan: Plan) -> bool:
    return value_of(plan.rules.diagnosis_need()) is Need.REQUIRED


@checks(when=Signal.FACET | Signal.NO_DIAGNOSES, where=_requires)
def diagnosis_not_stated(day: Day) -> Iterator[RawFinding]:
    """Find days without any diagnosis, where the payer returns a claim that has none."""
    stated = day.rules.diagnosis_need()
    if isinstance(stated, Known) and not any(map(day.diagnoses, day.facet)):
        yield RawFinding(
            lines=numbers(day.facet),
            message="no line states a diagnosis, and a claim without one is returned",
            citations=stated.citations,
            remedy=Question(
                question="Which diagnoses does the record give, or were they left out of what is"
                " checked?"
            ),
        )


def _has_begun(plan: Plan) -> bool:
    return plan.on >= edits.diagnoses_begin()


@checks(when=_STATED, where=_has_begun)
def diagnosis_malformed(day: Day) -> Iterator[RawFinding]:
    """Find diagnoses that have not the shape of one."""
    for written, lines in _by_diagnosis(day, lambda written: day.plan.diagnosis(written) is None):
        yield RawFinding(
            lines=numbers(lines),
            message=(
                f"{reprlib.repr(written)} is no diagnosis code: it has a letter and two more"
                " characters, and up to four after a dot"
            ),
            remedy=Question(question="Which diagnosis was meant?"),
        )


@checks(when=_STATED)
def diagnosis_header(day: Day) -> Iterator[RawFinding]:
    """Find diagnoses that need a further character."""
    for found, lines in _that_are(day, Validity.HEADER):
        yield RawFinding(
            lines=numbers(lines),
            message=f"{found.code} is a header of the code set on this date: it needs a further"
            " character",
            citations=found.footing.citations,
            remedy=Question(question=f"Which code below {found.code} does the record support?"),
        )


@checks(when=_STATED)
def diagnosis_not_valid(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find diagnoses that the code set has not on the date."""
    for found, lines in _that_are(day, Validity.NOT_VALID):
        yield RawFinding(
            lines=numbers(lines),
            message=f"the code set has no {found.code} on this date",
            citations=found.footing.citations,
            remedy=Question(question=f"Which diagnosis was meant by {found.code}?"),
        )
    for written in sorted({each for line in day.facet for each in day.diagnoses(line)}):
        answer = day.plan.diagnosis(written)
        if isinstance(answer, NotInData):
            yield NotAsked(needs="diagnosis code set", reason=answer.reason)


# -- what the payer lists


@checks(when=_STATED)
def diagnosis_not_listed(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find lines of which no diagnosis is on the payer's list."""
    listed = day.plan.listed
    if isinstance(listed, NotInData):
        yield NotAsked(needs="list of diagnoses", reason=listed.reason)
    if not isinstance(listed, DiagnosisList):
        return
    for diagnoses, lines in _by_all(day):
        if diagnoses and not any(map(day.plan.use_of, diagnoses)):
            yield RawFinding(
                lines=numbers(lines),
                message=(
                    f"{_shown(diagnoses)}: none of them is among the diagnoses that"
                    f" {listed.document} lists for facet procedures"
                ),
                citations=listed.citations,
                remedy=Question(question="Does the record support a diagnosis of the list?"),
            )


@checks(when=_STATED | Signal.ABLATION)
def cyst_diagnosis_with_ablation(day: Day) -> Iterator[RawFinding]:
    """Find ablation whose only listed diagnoses are those of procedures on facet cysts."""
    yield from _of_cysts(
        day,
        lambda line: line.facts.code.family is Family.ABLATION,
        "and an ablation is none",
        "Does the record support a diagnosis of the list for the ablation?",
    )


@checks(when=_STATED | Signal.INJECTION)
def cyst_diagnosis_with_block(day: Day) -> Iterator[RawFinding]:
    """Find injections whose only listed diagnoses are those of procedures on facet cysts."""
    yield from _of_cysts(
        day,
        lambda line: line.facts.code.family is Family.IMAGE_GUIDED_INJECTION,
        "and a plain injection is none",
        "Was a facet cyst ruptured or aspirated, and does imaging show it?",
    )


def _of_cysts(
    day: Day, concerns: Callable[[Line], bool], said: str, question: str
) -> Iterator[RawFinding]:
    listed = day.plan.listed
    if not isinstance(listed, DiagnosisList):
        return  # the rule on diagnoses that are not listed says so
    for diagnoses, lines in _by_all(day):
        found = [line for line in lines if concerns(line)]
        uses = {day.plan.use_of(each) for each in diagnoses}
        if found and DiagnosisUse.FACET_CYST in uses and DiagnosisUse.ANY not in uses:
            cyst = [d for d in diagnoses if day.plan.use_of(d) is DiagnosisUse.FACET_CYST]
            yield RawFinding(
                lines=numbers(found),
                message=(
                    f"{_shown(cyst)}: {listed.document} lists it for procedures on facet cysts"
                    f" alone, {said}"
                ),
                citations=listed.citations,
                remedy=Question(question=question),
            )


@checks(when=_STATED)
def diagnosis_region_differs(day: Day) -> Iterator[RawFinding]:
    """Find lines whose diagnoses name another part of the spine than the region of the code."""
    for diagnoses, lines in _by_all(day):
        parts = {each: part for each in diagnoses if (part := day.plan.part(each))}
        for region in CodeRegion:
            of_region = [line for line in lines if line.facts.code.region is region]
            if of_region and parts and all(region not in p.regions for p in parts.values()):
                yield RawFinding(
                    lines=numbers(of_region),
                    message=(
                        f"{_shown(parts)} speaks of another part of the spine"
                        f" ({', '.join(dict.fromkeys(p.part for p in parts.values()))}) than the"
                        f" code of the line ({region})"
                    ),
                    citations=tuple(
                        dict.fromkeys(c for part in parts.values() for c in part.citations)
                    ),
                    remedy=Question(question="Which part of the spine was treated?"),
                )


# -- diagnoses and their lines


def _by_diagnosis(day: Day, odd: Callable[[str], bool]) -> list[tuple[str, list[Line]]]:
    """Give the diagnoses, as they are written, that are odd, with the facet lines that have them."""
    found: dict[str, list[Line]] = {}
    for line in day.facet:
        for written in dict.fromkeys(day.diagnoses(line)):
            found.setdefault(written, []).append(line)
    return sorted((written, lines) for written, lines in found.items() if odd(written))


def _that_are(day: Day, validity: Validity) -> Iterator[tuple[Diagnosis, list[Line]]]:
    def odd(written: str) -> bool:
        found = day.plan.diagnosis(written)
        return isinstance(found, Diagnosis) and found.validity is validity

    for written, lines in _by_diagnosis(day, odd):
        found = day.plan.diagnosis(written)
        if isinstance(found, Diagnosis):
            yield found, lines


def _by_all(day: Day) -> list[tuple[tuple[str, ...], list[Line]]]:
    """Group the facet lines that state diagnoses by all that they state."""
    found: dict[tuple[str, ...], list[Line]] = {}
    for line in day.facet:
        stated = day.diagnoses(line)
        if stated:
            found.setdefault(tuple(sorted(set(stated))), []).append(line)
    return sorted(found.items())


_MOST_SHOWN = 12  # as many as a claim form has room for
_LONG = 64  # characters of one, beyond which it is cut


def _shown(diagnoses: Iterable[str]) -> str:
    """Name diagnoses as the code set writes them."""
    listed = list(diagnoses)
    names = [each.strip().upper() if len(each) <= _LONG else reprlib.repr(each) for each in listed]
    return few(names, _MOST_SHOWN)
