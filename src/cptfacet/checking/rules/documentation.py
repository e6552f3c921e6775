"""Rules on documentation, which compare a claim with the note of its session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import attrs

from cptfacet._text import agree, counted, series
from cptfacet.agent_codes import lines_of_agents
from cptfacet.agents import Agent
from cptfacet.anatomy import Joint, Nerve, NerveKind, Side
from cptfacet.checking.day import Day, Line, Whole
from cptfacet.checking.documented import Noted, Place, as_written, kind_of, noted, told_of
from cptfacet.checking.kx import added_kx, has_kx, removed_kx
from cptfacet.checking.rule import (
    Check,
    NotAsked,
    RawFinding,
    Rewrite,
    Rewritten,
    agreeing,
    by_code,
    checks,
    codes_of,
    finding,
    instead,
    remarked_as,
)
from cptfacet.checking.signals import Signal
from cptfacet.claims import Purpose
from cptfacet.coding import CodedSession
from cptfacet.findings import Question, QuestionTopic, Severity
from cptfacet.limits import Amount, Limit, LimitId, Result, judge_amount, limit_in
from cptfacet.modifiers import LATERAL_ROLES, ModifierRole
from cptfacet.notes import NoteId, Reason, Refusal
from cptfacet.policies import Answer, Known, NotKnown, value_of
from cptfacet.policies.vocabulary import Coverage, Uncoded
from cptfacet.procedures import Family
from cptfacet.sessions import Guidance, TechniqueKind, Treatment

if TYPE_CHECKING:
    from cptfacet.checking.plans import CheckingPlan
    from cptfacet.citations import Citation
    from cptfacet.claims import ClaimLine
    from cptfacet.reference.codes import OtherNerve

_INJECTION = TechniqueKind.INJECTION
_NAMES = {_INJECTION: "an injection", TechniqueKind.DENERVATION: "an ablation"}


def _places(day: Day) -> tuple[Place, ...]:
    note = noted(day)
    return note.places if note else ()


def _others(day: Day, place: Place, nerves: Iterable[Nerve]) -> list[OtherNerve]:
    """List what reports nerves of other kinds, for each treatment of a place."""
    listed = tuple(nerves)
    return [
        other
        for t in place.treatments
        for other in day.plan.reference.find_other_nerves(
            listed, technique=t.technique, guidance=t.guidance, on=day.plan.on
        )
    ]


def _supply(day: Day, joints: Iterable[Joint]) -> Iterator[Citation]:
    facts = map(day.plan.reference.innervation, joints)
    return (citation for fact in facts for citation in fact.citations)


# -- more levels than the note supports: exactly one of these rules explains it


def _why_more(place: Place, day: Day) -> str:
    """Return the one rule that explains the excess levels of a place, or nothing."""
    if not place.surplus or not place.lines:
        return ""
    if _elsewhere(place, day):
        return region_differs.id
    if place.included and place.fewest <= len({*place.joints, *place.included}):
        return injection_included_in_ablation.id
    return _why_further(place) if place.supported else _why_none(place, day)


def _why_further(place: Place) -> str:
    """Return the rule that explains the excess levels where the note supports some levels."""
    counts = {len(place.nerves), len(place.facet_nerves)} - {0}
    on_nerves = any(treatment.technique.on_nerves for treatment in place.treatments)
    supplying = {len(place.supplying)} if on_nerves and not place.nerves else set[int]()
    for tells, rule in (
        (not place.by_nerve and place.fewest in counts, nerves_counted_as_levels),
        (bool(place.sacral), sacral_nerves_as_facet),
        (_second_side(place), second_side_billed_as_level),
        (not place.by_nerve and place.fewest in supplying, nerves_counted_as_levels),
    ):
        if tells:
            return rule.id
    return level_not_documented.id


def _why_none(place: Place, day: Day) -> str:
    """Return the rule that explains why the note supports no level in a place."""
    if place.sacral:
        return sacral_nerves_as_facet.id
    if place.nerves:
        return nerve_completes_no_joint.id
    return "" if any(_mismatches(day)) else level_not_documented.id


def _elsewhere(place: Place, day: Day) -> list[Place]:
    """List the places in the other region with fewer levels billed than the note supports."""
    return [
        other
        for other in _places(day)
        if other.kind is place.kind
        and other.region is not place.region
        and not other.by_nerve
        and other.supported > other.most
    ]


def _second_side(place: Place) -> bool:
    """Whether the levels billed are no more than the sides of the documented levels."""
    sides = len(place.joints) + place.bilateral
    return not place.both_at_most and place.bilateral > 0 and place.fewest <= sides


def _more(day: Day, rule: str) -> list[Place]:
    return [place for place in _places(day) if _why_more(place, day) == rule]


@checks(when=Signal.FACET | Signal.SESSION)
def level_not_documented(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find more levels billed in a region than the note supports."""
    yield from _unplaced(day)
    for place in _more(day, level_not_documented.id):
        billed = counted(place.fewest, "nerve" if place.by_nerve else "level")
        said = (
            f"{codes_of(place.lines)}: {billed} billed, but the note supports"
            f" {place.supported or 'none'}"
        )
        named = f" ({place.named})" if place.joints else ""
        yield _found(
            day,
            place.lines,
            f"{said}{named}",
            question="Were other joints treated, and does the record name them?",
            citations=_supply(day, place.joints),
        )


def _unplaced(day: Day) -> Iterator[NotAsked]:
    """Yield the joints or nerves of the note that can't be placed, whose levels are not compared."""
    note = noted(day)
    for reason in note.unread if note else ():
        yield NotAsked(needs="nerves of the joints", reason=reason)
    if note and note.unplaced:
        named = ", ".join(note.unplaced)
        reason = f"no source we have read states which region's codes {named} took on this date"
        yield NotAsked(needs=f"code region of {named}", reason=reason)


@checks(when=Signal.FACET | Signal.SESSION)
def nerves_counted_as_levels(day: Day) -> Iterator[RawFinding]:
    """Find one level billed for each nerve, where the nerves complete fewer joints."""
    for place in _more(day, nerves_counted_as_levels.id):
        nerves = place.nerves or place.supplying
        yield _found(
            day,
            place.lines,
            f"{codes_of(place.lines)}: {counted(place.fewest, 'level')} billed for {len(nerves)} nerves"
            f" ({', '.join(nerves)}), but they complete only {place.named}",
            question="Were other nerves treated that complete more joints?",
            citations=_supply(day, place.joints),
        )


@checks(when=Signal.FACET | Signal.SESSION)
def sacral_nerves_as_facet(day: Day) -> Iterator[RawFinding]:
    """Find sacral lateral branches billed as facet levels."""
    for place in _more(day, sacral_nerves_as_facet.id):
        others = _others(day, place, place.sacral)
        reported = f"; report them with {others[0].instead.code}" if others else ""
        yield _found(
            day,
            place.lines,
            f"{codes_of(place.lines)}: {series(place.sacral)} supply the sacroiliac joint, not a facet"
            f" joint{reported}",
            question="Which facet joints were treated in addition to the sacroiliac nerves?",
            citations=(c for other in others for c in other.citations),
        )


@checks(when=Signal.FACET | Signal.SESSION)
def nerve_completes_no_joint(day: Day) -> Iterator[RawFinding]:
    """Find facet levels billed for nerves that complete no joint."""
    for place in _places(day):
        told = _why_more(place, day)
        single = told == sacral_nerves_as_facet.id and not place.joints and not place.by_nerve
        loose = [nerve for nerve in place.nerves if nerve not in place.sacral]
        if loose and (told == nerve_completes_no_joint.id or single):
            near = day.plan.reference.find_joints(supplied_by=loose)
            yield _found(
                day,
                place.lines,
                f"{codes_of(place.lines)}: {_complete_nothing(loose)}",
                question=_which_nerve(day, place, loose),
                citations=_supply(day, near),
            )


_OCCIPITAL = {Nerve.GON: "greater", Nerve.LON: "lesser"}


def _are_occipital(nerves: list[Nerve]) -> bool:
    return all(nerve.kind is NerveKind.OCCIPITAL for nerve in nerves)


def _which_nerve(day: Day, place: Place, nerves: list[Nerve]) -> str:
    """Return what to ask about nerves that complete no joint, with the code of occipital nerves."""
    if not _are_occipital(nerves):
        return "Was the other nerve of the joint treated too, on the same side?"
    codes = [*dict.fromkeys(other.instead.code for other in _others(day, place, nerves))]
    meant = f", or {agree(codes, 'is', 'are')} {series(codes)} meant" if codes else ""
    return f"Was the third occipital nerve treated{meant}?"


def _complete_nothing(nerves: list[Nerve]) -> str:
    named = series(nerves)
    if _are_occipital(nerves):
        which = series([_OCCIPITAL[nerve] for nerve in nerves])
        them = agree(nerves, "nerve does", "nerves do")
        return f"the {which} occipital {them} not supply a facet joint"
    if set(nerves) == {Nerve.C2, Nerve.C3}:
        return f"{named} do not complete a joint without the third occipital nerve"
    alone = f"{named} alone does" if len(nerves) == 1 else f"{named} do"
    return f"{alone} not complete a facet joint; a joint needs both of its nerves, on the same side"


@checks(when=Signal.FACET | Signal.SESSION)
def second_side_billed_as_level(day: Day) -> Iterator[RawFinding]:
    """Find the second side of a level billed as another level."""
    for place in _more(day, second_side_billed_as_level.id):
        both = [joint for joint, side in place.joints.items() if side is Side.BILATERAL]
        yield _found(
            day,
            place.lines,
            f"{codes_of(place.lines)}: {counted(place.fewest, 'level')} billed, but the note documents"
            f" {series(sorted(both))} on both sides; the second side of a level is not another level",
            question="Was each level treated on both sides, or were other levels treated?",
        )


@checks(when=Signal.INJECTION | Signal.SESSION)
def injection_included_in_ablation(day: Day) -> Iterator[RawFinding]:
    """Find injections included in the ablation of the same joint on the same day."""
    stated = day.rules.injection_at_ablated_joint()
    for place in _more(day, injection_included_in_ablation.id):
        yield _found(
            day,
            place.lines,
            f"{codes_of(place.lines)}: the ablation at {series(sorted(place.included))} includes the"
            " injection there",
            question="Was another joint injected that was not ablated?",
            citations=stated.citations if isinstance(stated, Known) else (),
        )


@checks(when=Signal.FACET | Signal.SESSION)
def region_differs(day: Day) -> Iterator[RawFinding]:
    """Find levels billed in another region than the note documents."""
    for place in _more(day, region_differs.id):
        elsewhere = _elsewhere(place, day)
        there = sorted(joint for other in elsewhere for joint in other.joints)
        yield _found(
            day,
            place.lines,
            f"{codes_of(place.lines)} {agreeing(place.lines, 'is', 'are')} for {place.region} levels, but"
            f" the note documents {series(there)}, which {agree(there, 'takes', 'take')}"
            f" {elsewhere[0].region} codes",
            question="Which joints were treated?",
        )


# -- fewer levels than the note has


@checks(when=Signal.FACET | Signal.SESSION)
def level_not_billed(day: Day) -> Iterator[RawFinding]:
    """Find fewer levels billed than the note documents."""
    if any(_more(day, region_differs.id)):
        return
    for place in _places(day):
        left = len(place.coded) - place.most
        if left <= 0 or place.by_nerve or _for_levels(place):
            continue
        lines, levels = place.lines or day.facet, counted(place.most, "level")
        said = (
            f"The note documents {series(sorted(place.coded))}, but"
            f" {f'only {levels}' if place.most else 'no level'}"
            f" {'are' if place.most > 1 else 'is'} billed"
        )
        question = "Were the other levels treated, and were they left off the claim on purpose?"
        beyond = _beyond(day, place)
        if beyond or not place.lines or _is_over(_limits(day, place)[0], len(place.coded)):
            yield finding(
                lines,
                f"{said}{beyond and '; '}{beyond}",
                severity=Severity.WARNING if beyond else None,
                question=question,
                topic=QuestionTopic.UNITS,
            )
        else:
            yield _found(day, lines, said, question=question, citations=())


def _limits(day: Day, place: Place) -> tuple[Limit | NotKnown, Limit | NotKnown]:
    """Return the limits on the levels of a place, and on regions."""
    levels = limit_in(day.rules, LimitId.LEVELS, _family(place))
    return levels, limit_in(day.rules, LimitId.REGIONS)


def _is_over(limit: Limit | NotKnown, used: int) -> bool:
    """Whether an amount in one session is certainly more than a limit allows."""
    if isinstance(limit, NotKnown):
        return False
    return judge_amount(limit, Amount(at_least=used, at_most=used)).result is Result.NOT_MET


def _beyond(day: Day, place: Place) -> str:
    """Return why the rest may be left out on purpose or billed elsewhere, or nothing."""
    levels, regions = _limits(day, place)
    if isinstance(levels, Limit) and _is_over(levels, place.most + 1):
        return f"the policy covers {levels.most}"
    billed = {other.region for other in _places(day) if other.lines}
    if isinstance(regions, Limit) and not place.lines and _is_over(regions, len(billed) + 1):
        return f"the policy covers {counted(regions.most, 'region')} in one session"
    return "" if day.alone else "the claim has lines of another practitioner or date"


def _family(place: Place) -> Family:
    families = {line.facts.code.family for line in place.lines}
    if place.kind is not _INJECTION:
        return Family.ABLATION
    if Family.ULTRASOUND_INJECTION in families and Family.IMAGE_GUIDED_INJECTION not in families:
        return Family.ULTRASOUND_INJECTION
    return Family.IMAGE_GUIDED_INJECTION


def _for_levels(place: Place) -> bool:
    """Whether fewer levels are billed than documented, and more of them as bilateral."""
    return place.both > place.bilateral and place.supported > place.most


@checks(when=Signal.FACET | Signal.SESSION)
def bilateral_for_levels(day: Day) -> Iterator[RawFinding]:
    """Find several levels on one side billed as bilateral levels."""
    for place in _places(day):
        if _for_levels(place) and not place.by_nerve:
            yield _found(
                day,
                place.lines,
                f"{codes_of(place.lines)}: {counted(place.both, 'level')} billed as bilateral, but the note"
                f" documents {_sided(place)}; report additional levels with add-on codes",
                question="Which levels and sides were treated?",
            )


def _sided(place: Place) -> str:
    return series(
        [
            f"{joint} {side}" if side else f"{joint} without a side"
            for joint, side in sorted(place.joints.items(), key=lambda pair: pair[0].position)
        ],
        most=len(place.joints),
    )


# -- sides


def _comparable(day: Day) -> list[Place]:
    """List the places with levels that agree well enough to compare their sides."""
    silent = ("", nerves_counted_as_levels.id)
    return [
        place
        for place in _places(day)
        if place.lines and place.joints and not place.by_nerve and _why_more(place, day) in silent
    ]


@checks(when=Signal.FACET | Signal.SESSION)
def bilateral_not_billed(day: Day) -> Iterator[RawFinding]:
    """Find levels documented on both sides and billed on one."""
    for place in _comparable(day):
        if place.lacks_sides:
            both = sorted(j for j, side in place.joints.items() if side is Side.BILATERAL)
            yield _found(
                day,
                place.lines,
                f"{codes_of(place.lines)}: the note documents {series(both)} on both sides, but the"
                " claim bills fewer sides",
                question="Were both sides treated?",
            )


@checks(when=Signal.FACET | Signal.SESSION)
def side_differs(day: Day) -> Iterator[RawFinding]:
    """Find sides billed that the note does not document."""
    for place in _comparable(day):
        if _why_more(place, day) or _for_levels(place):
            continue
        extra = [
            side
            for side in (Side.RIGHT, Side.LEFT)
            if place.billed(side) > place.documented(side) + place.unnamed
        ]
        if place.both > place.bilateral and not extra:
            extra = [Side.BILATERAL]
        if extra:
            yield _found(
                day,
                place.lines,
                f"{codes_of(place.lines)}: billed on {_named_sides(extra)} for more levels than the"
                f" note documents ({_sided(place)})",
                question="Which side was treated?",
            )


def _named_sides(sides: list[Side]) -> str:
    return series(["both sides" if side is Side.BILATERAL else f"the {side}" for side in sides])


@checks(when=Signal.FACET | Signal.ONE_SIDE | Signal.SESSION)
def side_not_documented(day: Day) -> Iterator[RawFinding]:
    """Find sides on the claim for levels documented without a side."""
    for place in _comparable(day):
        one = [line for line in place.lines if line.side in (ModifierRole.RIGHT, ModifierRole.LEFT)]
        sides = (Side.RIGHT, Side.LEFT)
        if one and any(place.billed(side) > place.documented(side) for side in sides):
            unnamed = sorted(joint for joint, side in place.joints.items() if side is None)
            if unnamed:
                yield finding(
                    one,
                    f"{codes_of(one)}: the claim reports a side, but the note documents none for"
                    f" {series(unnamed)}",
                    question="Which side does the record document?",
                    topic=QuestionTopic.UNITS,
                )


# -- technique and guidance


@attrs.frozen(kw_only=True, eq=False)
class _Mismatch:
    """Lines of a family that no treatment of the note is reported with."""

    lines: tuple[Line, ...]
    family: Family
    treatments: tuple[Treatment, ...]
    answers: tuple[Answer[object], ...]
    by_guidance: bool

    @property
    def severity(self) -> Severity | None:
        """A warning if no source states how the treatments are reported."""
        told = any(isinstance(answer, Known) for answer in self.answers)
        return None if told or not self.answers else Severity.WARNING

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The citations for how the treatments are reported."""
        return tuple(dict.fromkeys(c for answer in self.answers for c in answer.citations))


def _mismatches(day: Day) -> Iterator[_Mismatch]:
    note = noted(day)
    if note is None or note.agrees:
        return
    for family in Family:
        lines = tuple(line for line in day.facet if line.facts.code.family is family)
        if not lines:
            continue
        kind = kind_of(lines[0])
        treatments = note.of_kind(kind) if kind else ()
        answers = tuple(answer for t in treatments for answer in _answers(day, t))
        if {family, Uncoded.ASK} & set(map(value_of, answers)):
            continue
        yield _Mismatch(
            lines=lines,
            family=family,
            treatments=treatments,
            answers=answers,
            by_guidance=any(_guidances(day, t, family) for t in treatments),
        )


def _of_agents(day: Day, treatment: Treatment) -> Mapping[Agent, Answer[tuple[ClaimLine, ...]]]:
    return lines_of_agents(treatment, policy=day.plan.policy, on=day.plan.on)


def _answers(day: Day, treatment: Treatment) -> tuple[Answer[object], ...]:
    """Return how a treatment is reported: with the code of its agent, or else with a family."""
    return (*_of_agents(day, treatment).values(),) or (
        day.rules.family(treatment.technique, treatment.guidance),
    )


def _guidances(day: Day, treatment: Treatment, family: Family) -> list[Guidance]:
    """List the guidances with which the technique of a treatment is reported in a family."""
    if _of_agents(day, treatment):
        return []
    return [
        guidance
        for guidance in Guidance
        if value_of(day.rules.family(treatment.technique, guidance)) is family
    ]


@checks(when=Signal.FACET | Signal.SESSION)
def guidance_differs(day: Day) -> Iterator[RawFinding]:
    """Find codes for another guidance than the note documents."""
    for wrong in _mismatches(day):
        if wrong.by_guidance:
            right = [_guidances(day, t, wrong.family) for t in wrong.treatments]
            meant = dict.fromkeys(g.label for listed in right for g in listed)
            had = dict.fromkeys(t.guidance.label for t in wrong.treatments if t.guidance)
            stated = f"documents {series([*had])}" if had else "does not state the guidance"
            yield _found(
                day,
                wrong.lines,
                f"{codes_of(wrong.lines)} {agreeing(wrong.lines, 'includes', 'include')}"
                f" {series([*meant], 'or')} guidance, but the note {stated}"
                f"{_instead(day, wrong)}",
                question="Which guidance does the record document?",
                topic=None,
                citations=wrong.citations,
                severity=wrong.severity,
            )


@checks(when=Signal.FACET | Signal.SESSION)
def technique_differs(day: Day) -> Iterator[RawFinding]:
    """Find codes for another technique than the note documents."""
    for wrong in _mismatches(day):
        if not wrong.by_guidance:
            yield _other_technique(day, wrong)


def _other_technique(day: Day, wrong: _Mismatch) -> RawFinding:
    note = noted(day)
    treatments = wrong.treatments or (note.session.treatments if note else ())
    had = [*dict.fromkeys(_done(day, t) for t in treatments)]
    citations = wrong.citations
    if wrong.treatments:
        coded = "; no source we have read states which code applies"
        if wrong.severity is None:
            these = agreeing(wrong.lines, "this code", "these codes")
            coded = f", which {agree(had, 'is', 'are')} not reported with {these}"
        said = f"the note documents {series(had)}{coded}{_instead(day, wrong)}"
    else:
        kind = kind_of(wrong.lines[0]) or _INJECTION
        said = f"billed as {_NAMES[kind]}, but the note documents only {series(had)}"
        included = day.rules.injection_at_ablated_joint()
        if kind is _INJECTION and day.shows(Signal.ABLATION) and isinstance(included, Known):
            said += ", which includes an injection at the same joint"
            citations = included.citations
    return _found(
        day,
        wrong.lines,
        f"{codes_of(wrong.lines)}: {said}",
        question="Which technique does the record document, and which code does the payer want?",
        topic=None,
        citations=citations,
        severity=wrong.severity,
    )


def _done(day: Day, treatment: Treatment) -> str:
    """Return what was done in words, with the agents that have a code of their own."""
    agents = _of_agents(day, treatment)
    of = f" of {series([agent.label for agent in agents])}" if agents else ""
    return f"{treatment.technique.label}{of}"


def _lines_instead(day: Day, treatment: Treatment) -> Iterable[ClaimLine]:
    if agents := _of_agents(day, treatment):
        return [line for answer in agents.values() for line in value_of(answer) or ()]
    return value_of(day.rules.lines_instead(treatment.technique, treatment.guidance)) or ()


def _instead(day: Day, wrong: _Mismatch) -> str:
    """Return the lines to report instead, if a source states them."""
    lines = dict.fromkeys(
        line.text for treatment in wrong.treatments for line in _lines_instead(day, treatment)
    )
    stated = "report" if wrong.severity is None else "we found one source that reports"
    return f"; {stated} {series([*lines])} instead" if lines else ""


# -- what else the note documents


def _limits_agents(plan: CheckingPlan) -> bool:
    return any(isinstance(plan.rules.agent_coverage(agent), Known) for agent in Agent)


@checks(when=Signal.INJECTION | Signal.SESSION, where=_limits_agents)
def documented_agent_not_covered(day: Day) -> Iterator[RawFinding]:
    """Find facet injections of a documented agent that the policy does not cover.

    An agent with a code of its own is not among the facet lines.
    """
    note = noted(day)
    if note is None:
        return
    lines = [line for line in day.facet if kind_of(line) is _INJECTION]
    coded = [t for t in note.of_kind(_INJECTION) if not _of_agents(day, t)]
    for agent in dict.fromkeys(agent for t in coded for agent in t.agents):
        stated = day.rules.agent_coverage(agent)
        if value_of(stated) is Coverage.NOT_COVERED:
            everywhere = all(agent in t.agents for t in coded)
            yield finding(
                lines,
                f"{codes_of(lines)}: the note documents an injection of {agent.label}, which is not"
                " covered",
                citations=stated.citations,
                severity=None if everywhere else Severity.WARNING,
                question=f"At which levels was {agent.label} injected?",
            )


@checks(when=Signal.OTHER | Signal.SESSION)
def other_nerve_code(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find the code of another nerve billed for documented facet levels."""
    note = noted(day)
    if note is None or day.facet:
        return
    if not note.has_joints():
        yield from _unplaced(day)
        return
    listed = {entry.nerve for t in note.session.treatments for entry in t.nerves}
    others = day.plan.reference.other_nerves
    if not others:
        reason = "the reference data has no codes of other nerves"
        yield NotAsked(needs="codes of other nerves", reason=reason)
        return
    refused = note.answer.instead if isinstance(note.answer, Refusal) else ()
    named = {line.code for line in refused}
    for code, lines in by_code(day.lines):
        meant = [o for o in others if o.instead.code == code and code not in named]
        nerves = sorted({nerve for other in meant for nerve in other.nerves})
        if nerves and listed.isdisjoint(nerves):
            joints = sorted({joint for place in note.places for joint in place.joints})
            yield finding(
                lines,
                f"{code} is for {series(nerves)}, but the note documents {series(joints)} and no"
                " facet code is billed",
                citations=(c for other in meant for c in other.citations),
                question="Which nerve was treated?",
            )


@checks(when=Signal.INJECTION | Signal.SESSION)
def purpose_differs(day: Day) -> Iterator[RawFinding]:
    """Find another purpose on the claim than in the note."""
    note = noted(day)
    if note is None:
        return
    purposes = {treatment.purpose for treatment in note.of_kind(_INJECTION)}
    if len(purposes) != 1 or None in purposes:
        return
    stated, purpose = day.purpose, purposes.pop()
    lines = [line for line in day.facet if kind_of(line) is _INJECTION]
    if stated not in (None, purpose):
        yield finding(
            lines,
            f"{codes_of(lines)}: the claim is {stated}, but the note documents a {purpose} injection",
            question="Was the injection diagnostic or therapeutic?",
        )
    elif stated is None:
        yield from _kx_differs(day, lines, diagnostic=purpose is Purpose.DIAGNOSTIC)


def _kx_differs(day: Day, lines: list[Line], *, diagnostic: bool) -> Iterator[RawFinding]:
    """Find KX or its lack at odds with the note, where the claim states no purpose."""
    wrong: list[Line] = []
    required: dict[Known[str], None] = {}
    for line in lines:
        family = line.facts.code.family
        kx = day.rules.kx(family) if isinstance(family, Family) else None
        if isinstance(kx, Known) and has_kx(line) is not diagnostic:
            wrong.append(line)
            required[kx] = None
    if not wrong:
        return
    [kx, *_] = required
    purpose, lack = (Purpose.DIAGNOSTIC, " no") if diagnostic else (Purpose.THERAPEUTIC, "")
    yield finding(
        wrong,
        f"The note documents a {purpose} injection, but {codes_of(wrong)}"
        f" {agreeing(wrong, 'has', 'have')}{lack} {kx.value}",
        citations=kx.citations,
        remedy=added_kx(day, kx, wrong) if diagnostic else removed_kx(wrong),
    )


def _other_day(day: Day) -> Iterator[RawFinding]:
    """Find a claim with one date of service, which is not the date of the session."""
    session = day.session
    if session and day.alone and day.date != session.date:
        yield _no_line_of_the_session()


def _no_line_of_the_session() -> RawFinding:
    return RawFinding(
        lines=(),
        message="No claim line has the date of service in the note",
        remedy=Question(question="On which date was the procedure performed?"),
    )


def _other_days(whole: Whole) -> Iterator[RawFinding]:
    """Find claims without a line on the date of the session."""
    session = whole.days[0].session if whole.days else None
    if session and all(day.date != session.date for day in whole.days):
        yield _no_line_of_the_session()


date_differs = Check(id="date-differs", ask=_other_day, ask_whole=_other_days, when=Signal.SESSION)


_OPEN = (Reason.GUIDANCE_NOT_STATED, Reason.NOT_KNOWN, Reason.SEVERAL)


@checks(when=Signal.FACET | Signal.SESSION)
def session_not_codable(day: Day) -> Iterator[RawFinding]:
    """Find facet codes on a claim with a note that can't be coded as written."""
    note = noted(day)
    if note and isinstance(note.answer, Refusal) and note.answer.reason in _OPEN:
        yield finding(
            day.facet,
            f"The note can't be coded as written: {note.answer.message}",
            citations=note.answer.citations,
            question="What else does the record document?",
        )


# -- remedies


def _found(
    day: Day,
    lines: Iterable[Line],
    message: str,
    *,
    question: str,
    citations: Iterable[Citation] = (),
    severity: Severity | None = None,
    topic: QuestionTopic | None = QuestionTopic.UNITS,
) -> RawFinding:
    """Return a finding with the lines that coding writes as its remedy, or else with a question."""
    note = noted(day)
    billed, rewrite = (note and _as_coded(day, note)) or (lines, None)
    remedy = rewrite or Question(question=question, topic=topic)
    return finding(billed, message, citations=citations, severity=severity, remedy=remedy)


_MOST_LINES = 30
_OPEN_NERVES = (NoteId.NERVES_INCOMPLETE, NoteId.NERVE_WITHOUT_JOINT)


def _as_coded(day: Day, note: Noted) -> tuple[list[Line], Rewrite] | None:
    """Return the lines that coding writes, with the billed lines that they replace.

    None if coding left something open, if the claim states another purpose, if more would be billed
    than is covered, or if a charge would be lost, doubled or moved to another code.
    """
    if not isinstance(note.answer, CodedSession) or not note.wholly_coded or note.agrees:
        return None
    if len(day.facet) > _MOST_LINES or day.purpose not in (None, note.answer.claim.purpose):
        return None
    have, wanted = _unlike(day.facet, note.answer.claim.lines)
    # A nerve that the note leaves out may complete the level that would be removed.
    open_ = len(wanted) < len(have) and any(n.id in _OPEN_NERVES for n in note.answer.notes)
    if open_ or any(_adds_uncovered(day, place) for place in note.places):
        return None
    lines = have or list(day.facet)
    charged = any(line.written.charge is not None for line in lines)
    if charged and sorted(line.code for line in have) != sorted(line.code for line in wanted):
        return None
    rewritten = _rewritten(day, lines, wanted)
    if rewritten is None:
        return None
    kept = () if have else tuple(line.rewritten() for line in lines)
    return lines, instead(*kept, *rewritten)


def _adds_uncovered(day: Day, place: Place) -> bool:
    """Whether the lines that coding writes exceed what is covered and the billed ones do not."""
    levels, regions = _limits(day, place)
    coded = len({other.region for other in _places(day) if other.coded})
    billed = len({other.region for other in _places(day) if other.lines})
    return (len(place.coded) > place.fewest and _is_over(levels, len(place.coded))) or (
        coded > billed and _is_over(regions, coded)
    )


def _unlike(
    facet: tuple[Line, ...], coded: tuple[ClaimLine, ...]
) -> tuple[list[Line], list[ClaimLine]]:
    """Leave out the lines that the claim and coding have in common, and equally often."""
    have = Counter(map(as_written, facet))
    wanted = Counter(map(told_of, coded))
    alike = {told for told, count in have.items() if wanted[told] == count}
    return (
        [line for line in facet if as_written(line) not in alike],
        [line for line in coded if told_of(line) not in alike],
    )


_OF_CODING = (*LATERAL_ROLES, ModifierRole.REQUIREMENTS_MET)


def _rewritten(day: Day, have: list[Line], wanted: list[ClaimLine]) -> list[Rewritten] | None:
    """Build each wanted line from a billed one, preferably of the same code."""
    free = list(have)
    found: list[Rewritten] = []
    for line in wanted:
        source = next((other for other in free if other.code == line.code), None)
        source = source or (free[0] if free else have[0])
        if source in free:
            free.remove(source)
        gone = _OF_CODING if source.code == line.code else (*_OF_CODING, ModifierRole.DISTINCT)
        remarked = remarked_as(day.plan, source, (*line.modifiers, *source.facts.without(*gone)))
        if remarked is None:
            return None
        found.append(attrs.evolve(remarked, code=line.code, units=line.units))
    return found
