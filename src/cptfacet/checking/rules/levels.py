"""Rules on levels and regions: how many are covered, and codes billed for too many.

`cptfacet.limits` judges each limit; the rules here word its verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import attrs

from cptfacet._text import sentence
from cptfacet.billed import BilledCode
from cptfacet.checking.day import Day, Line, billed_codes
from cptfacet.checking.rule import NotAsked, RawFinding, checks, codes_of, finding, not_told
from cptfacet.checking.signals import Signal
from cptfacet.coding import CodedSession
from cptfacet.coding.plans import JUNCTION
from cptfacet.findings import Question, QuestionTopic, Severity
from cptfacet.limits import Amount, LimitId, Result, judge_amount, limit_in
from cptfacet.modifiers import ModifierRole
from cptfacet.policies import Known, NotKnown, value_of
from cptfacet.policies.vocabulary import (
    CODING_THORACOLUMBAR,
    Coverage,
    Grouping,
    LateralityFormat,
)
from cptfacet.procedures import CodeRole, Family, Ordinal
from cptfacet.sessions import TechniqueKind
from cptfacet.treated import read_treatment
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from cptfacet.anatomy import CodeRegion, Joint
    from cptfacet.citations import Citation
    from cptfacet.decoding import BilledGroup
    from cptfacet.limits import Limit
    from cptfacet.policies import Provision

_THREE_LEVELS = Amount(at_least=3)
_NAMED = {
    Ordinal.SECOND: "the second level",
    Ordinal.THIRD_AND_MORE: "all levels from the third on",
}


def _in_order(day: Day) -> list[tuple[tuple[Family, CodeRegion], list[Line]]]:
    """Return the lines of current codes by family and region, in that order."""
    found = [
        ((family, region), lines)
        for (family, region), lines in day.by_region.items()
        if isinstance(family, Family)
    ]
    return sorted(found, key=lambda pair: pair[0])


def _of(lines: Iterable[Line], *ordinals: Ordinal) -> list[Line]:
    return [line for line in lines if line.facts.code.ordinal in ordinals]


# -- coverage


@checks(when=Signal.THIRD)
def third_level_not_covered(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find third levels where the policy covers fewer."""
    for (family, _), lines in _in_order(day):
        third = _of(lines, Ordinal.THIRD_AND_MORE)
        if not third or _not_covered(day, family):
            continue
        limit = limit_in(day.rules, LimitId.LEVELS, family)
        if isinstance(limit, NotKnown):
            yield not_told(limit)
        elif judge_amount(limit, _THREE_LEVELS).result is Result.NOT_MET:
            since = _not_known_since(day)
            yield finding(
                third,
                f"{third[0].code} is a third level; {limit.most} levels of a region are covered"
                f" in one session{since and f'; {since}'}",
                citations=limit.citations,
                severity=Severity.WARNING if since else None,
                question=f"Was {_notice(day, 'the third level is not covered')}, or will the denial"
                " be appealed?",
            )


def _notice(day: Day, what: str) -> str:
    """Return how the patient is informed: by an ABN where the policy has its modifiers."""
    if isinstance(day.rules.denial_modifiers(), Known):
        return f"an ABN issued before the service because {what}"
    return f"the patient informed before the service that {what}"


def _not_known_since(day: Day) -> str:
    """Return why it is not known whether a third level is still paid on appeal, if so."""
    stated = day.rules.severity(third_level_not_covered.id)
    if isinstance(stated, NotKnown) and stated.candidates:
        return f"whether it is still paid on appeal depends on the MAC: {stated.reason}"
    return ""


def _not_covered(day: Day, family: Family) -> bool:
    """Whether the policy does not cover a family at all, however many its levels are."""
    return value_of(day.rules.family_coverage(family)) is Coverage.NOT_COVERED


@checks(when=Signal.ABLATION | Signal.ADD_ON)
def levels_above_limit(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find more ablated levels of a region than the policy covers in one session."""
    limit = limit_in(day.rules, LimitId.LEVELS, Family.ABLATION)
    if isinstance(limit, NotKnown):
        yield not_told(limit)
        return
    ablated = [line for line in day.facet if line.facts.code.family is Family.ABLATION]
    most = 1 + sum(line.units or 1 for line in _of(ablated, Ordinal.EACH_ADDITIONAL))
    if judge_amount(limit, Amount(at_most=most)).result is not Result.MET:
        for group in _groups(day, Family.ABLATION):
            yield from _above(day, group, limit)


def _groups(day: Day, family: Family) -> list[BilledGroup]:
    found = [group for group in day.groups if group.family is family]
    return sorted(found, key=lambda group: group.regions)


def _above(day: Day, group: BilledGroup, limit: Limit) -> Iterator[RawFinding]:
    """Find a group with more levels than are covered, in every reading or in the likeliest."""
    on_group = {number for billed in group.levels for number in billed.lines}
    lines = [line for line in day.facet if line.number in on_group]
    fewest = sum(code.levels_at_least() for code in billed_codes(lines))
    likely = max(fewest, group.sides.levels)
    ablated = len(_ablated(day, group))
    if ablated:
        fewest = likely = max(fewest, min(likely, ablated))
    added = _of(lines, Ordinal.EACH_ADDITIONAL)
    verdict = judge_amount(limit, Amount(at_least=fewest, at_most=likely))
    if verdict.result is Result.NOT_MET:
        yield finding(
            added,
            f"{codes_of(lines)} represent {fewest} levels of one region; {limit.most} are covered"
            " in one session",
            citations=limit.citations,
            remedy=_asked_of(fewest, ablated, _notice(day, f"only {limit.most} are covered")),
        )
    elif verdict.result is Result.NOT_KNOWN:
        yield finding(
            added,
            f"{codes_of(lines)} may represent {likely} levels of one region; {limit.most} are"
            " covered in one session",
            citations=limit.citations,
            severity=Severity.WARNING,
            question="Are the right and left units for the same joints, which makes each joint"
            " one bilateral level?",
            topic=QuestionTopic.UNITS,
        )


def _asked_of(levels: int, ablated: int, notice: str) -> Question | None:
    """Return what to ask; the rules on documentation ask about a note with fewer levels."""
    informed = f"was {notice}?"
    if not ablated:
        asked = f"Were {levels} joints of one side treated, and {informed}"
        return Question(question=asked, topic=QuestionTopic.UNITS)
    return Question(question=sentence(informed)) if ablated >= levels else None


def _ablated(day: Day, group: BilledGroup) -> set[Joint]:
    """Return the joints in the regions of a group that the note documents as ablated."""
    regions = {
        joint: region.region
        for joint in _noted(day, TechniqueKind.DENERVATION)
        if not isinstance(region := day.plan.reference.code_region(joint, on=day.date), Unknown)
    }
    return {joint for joint, region in regions.items() if region in group.regions}


@checks(when=Signal.CERVICAL_THORACIC | Signal.LUMBAR_SACRAL)
def two_regions(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find more regions in one session than the policy covers."""
    limit = limit_in(day.rules, LimitId.REGIONS)
    count = len({region for group in day.groups for region in _counted(day, group)})
    if count <= 1:
        return
    if isinstance(limit, NotKnown):
        yield not_told(limit)
        return
    fewest = count - 1 if _may_be_junction(day) else count
    verdict = judge_amount(limit, Amount(at_least=fewest, at_most=count))
    if verdict.result is not Result.MET:
        said = (
            f"{codes_of(day.facet)} are in {count} regions;"
            f" {'one is' if limit.most == 1 else f'{limit.most} are'} covered in one session"
        )
        question = (
            "Were both regions treated on this day, and what reason does the record document?"
        )
        written, citations = _written_as_one(day)
        if written:
            both = " with ".join(JUNCTION)
            said = f"{said}; {both}, as documented, is one lumbar session billed {written}"
            question = f"Should {both} be billed {written}?"
        yield finding(
            day.facet,
            said,
            citations=(*citations, *limit.citations),
            severity=None if verdict.result is Result.NOT_MET else Severity.WARNING,
            question=question,
        )


def _written_as_one(day: Day) -> tuple[str, tuple[Citation, ...]]:
    """Return the codes for T12-L1 with L1-L2, if the note documents them and they are one group."""
    if day.session is None or _noted(day) != set(JUNCTION):
        return "", ()
    answer = day.coder.code(attrs.evolve(day.session, claim_type=day.claim_type))
    if not isinstance(answer, CodedSession):
        return "", ()
    grouped = _on_grouping(p for why in answer.why for p in why.provisions)
    if all(CODING_THORACOLUMBAR.read(p.value) is not Grouping.ONE_GROUP for p in grouped):
        return "", ()
    codes = dict.fromkeys(line.code for line in answer.claim.lines)
    return " with ".join(codes), tuple(dict.fromkeys(c for p in grouped for c in p.citations))


def _on_grouping(provisions: Iterable[Provision]) -> list[Provision]:
    return [p for p in provisions if p.key == CODING_THORACOLUMBAR.name]


def _counted(day: Day, group: BilledGroup) -> tuple[CodeRegion, ...]:
    """Return the regions of a group; T12-L1 with L1-L2 is lumbar only."""
    return group.regions[-1:] if _is_junction(day, group) else group.regions


def _is_junction(day: Day, group: BilledGroup) -> bool:
    """Whether the lines of a group mean T12-L1 with L1-L2, and the note does not differ."""
    return group.joints == JUNCTION and _noted(day) in (set(), set(JUNCTION))


def _may_be_junction(day: Day) -> bool:
    """Whether lines of two regions may mean T12-L1 with L1-L2.

    The coverage policies except these two joints from the limit, also on dates for which no source
    shows how they are coded.
    """
    if _noted(day) == set(JUNCTION):
        return True
    first = {line.facts.code.region for line in _of(day.facet, Ordinal.FIRST)}
    regions = {line.facts.code.region for line in day.facet}
    return not _noted(day) and len(first) == 1 and len(regions) > 1


def _noted(day: Day, kind: TechniqueKind | None = None) -> set[Joint]:
    """Return the joints that the note of the day documents, for one kind of technique or all."""
    session = day.session
    if session is None or session.date != day.date:
        return set()
    return {
        joint
        for treatment in session.treatments
        if kind in (None, treatment.technique.kind)
        for joint in read_treatment(treatment, reference=day.plan.reference, on=day.date).joints
    }


@checks(when=Signal.CERVICAL_THORACIC | Signal.LUMBAR_SACRAL)
def thoracolumbar_group(day: Day) -> Iterator[RawFinding]:
    """Find a thoracic first level with a lumbar add-on, which is one group under the policy."""
    for group in day.groups:
        if _is_junction(day, group):
            said = _on_grouping(group.provisions)
            first, further = (billed.code for billed in group.levels)
            yield RawFinding(
                lines=tuple(sorted(n for billed in group.levels for n in billed.lines)),
                message=(
                    f"{first} with {further} means {' with '.join(JUNCTION)}, one lumbar session"
                    " with two levels; any other joints take a first-level code in each region"
                ),
                citations=tuple(dict.fromkeys(c for p in said for c in p.citations)),
            )


# -- codes for one level, or for all additional ones


@checks(when=Signal.THIRD)
def third_level_without_second(day: Day) -> Iterator[RawFinding]:
    """Find third-level codes without the second-level code of the region."""
    for (family, region), lines in _in_order(day):
        third = _of(lines, Ordinal.THIRD_AND_MORE)
        if third and _of(lines, Ordinal.FIRST) and not _of(lines, Ordinal.SECOND):
            known = day.plan.reference.find_procedures(
                family=family, region=region, ordinal=Ordinal.SECOND, on=day.plan.on
            )
            second = known[0].code if known else "the second-level code"
            procedure = third[0].facts.code.procedure
            yield finding(
                third,
                f"{third[0].code} is for the third and additional levels, and {second} is not billed",
                citations=procedure.citations if procedure else (),
                question=f"Were two levels treated, which takes {second} instead of"
                f" {third[0].code}, or more, which needs {second} too?",
                topic=QuestionTopic.UNITS,
            )


@checks(when=Signal.INJECTION | Signal.ADD_ON | Signal.SEVERAL_UNITS)
def second_level_repeated(day: Day) -> Iterator[RawFinding]:
    """Find a second-level code billed for more than one level."""
    yield from _repeated(day, Ordinal.SECOND)


@checks(when=Signal.INJECTION | Signal.THIRD | Signal.SEVERAL_UNITS)
def third_level_repeated(day: Day) -> Iterator[RawFinding]:
    """Find a code for all levels from the third on that is billed more than once per side."""
    yield from _repeated(day, Ordinal.THIRD_AND_MORE)


def _repeated(day: Day, ordinal: Ordinal) -> Iterator[RawFinding]:
    for _, lines in _in_order(day):
        added = _of(lines, ordinal)
        code = BilledCode(ordinal=ordinal, lines=tuple(added))
        certain = code.excess and not code.units[ModifierRole.BILATERAL]
        if certain or (_is_plain(code, 2) and not _both_sides(day, lines)):
            procedure = added[0].facts.code.procedure
            yield finding(
                added,
                f"{added[0].code} represents {_NAMED[ordinal]} and is reported once per side;"
                " the lines bill more",
                citations=procedure.citations if procedure else (),
                severity=None if certain else Severity.WARNING,
                question=f"Which levels and sides does {added[0].code} represent here?",
                topic=QuestionTopic.UNITS,
            )


def _is_plain(code: BilledCode[Line], units: int) -> bool:
    """Whether lines have so many units and name no side."""
    return code.total == code.units[None] == units


def _both_sides(day: Day, lines: list[Line]) -> bool:
    """Whether two units without a side can be one bilateral level after these first levels.

    Bilateral levels come first, so none follows a first level on one side. If the policy wants
    another laterality format, the rules on laterality report it.
    """
    first = BilledCode(ordinal=Ordinal.FIRST, lines=tuple(_of(lines, Ordinal.FIRST)))
    if not first.lines or first.bilateral_at_most:
        return True
    form = value_of(day.rules.laterality_format(CodeRole.INJECTION_ADD_ON))
    return form not in (None, LateralityFormat.TWO_UNITS) and _is_plain(first, 1)
