"""Rules on how a line is written: units, modifiers, place of service, and lines that repeat."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from cptfacet.bilateral import LateralityFormat
from cptfacet.checking.kx import loses_kx
from cptfacet.checking.rule import (
    NotAsked,
    RawFinding,
    checks,
    few,
    in_order,
    numbers,
    remarked,
    shown,
)
from cptfacet.checking.signals import Signal
from cptfacet.citations import Confidence
from cptfacet.dates import Status
from cptfacet.findings import Question, Severity
from cptfacet.modifiers import LATERAL_ROLES, ModifierRole
from cptfacet.policies import Provision
from cptfacet.procedures import CodeGroup, Ordinal
from cptfacet.reference import edits

if TYPE_CHECKING:
    from cptfacet.checking.day import Day, Line
    from cptfacet.checking.line_facts import CodeFacts
    from cptfacet.checking.modifier_faults import Oddities
    from cptfacet.citations import Citation
    from cptfacet.modifiers import Modifier
    from cptfacet.procedures import Indicators

_MOST_NAMED = 5


# -- units


@checks(when=Signal.FACET_UNITS)
def units_missing(day: Day) -> Iterator[RawFinding]:
    """Find facet lines without units."""
    for line in day.facet:
        if line.written.units is None:
            yield RawFinding(
                lines=(line.number,),
                message=f"{line.code} has no units",
                remedy=Question(question=f"How many units of {line.code} were done?"),
            )


@checks(when=Signal.FACET_UNITS)
def units_invalid(day: Day) -> Iterator[RawFinding]:
    """Find facet lines whose units are no count: zero, negative, a fraction or absurd."""
    for line in day.facet:
        units = line.written.units
        if units is not None and line.units is None:
            yield RawFinding(
                lines=(line.number,),
                message=f"the units of {line.code} are {_kind(units)}, not a count from one on",
                remedy=Question(question=f"How many units of {line.code} were done?"),
            )


def _kind(units: int | Decimal) -> str:
    """Say what units are, without writing out what may have a million digits."""
    if isinstance(units, Decimal) and not units.is_finite():
        return "no number"
    if not units:
        return "zero"
    if units < 0:
        return "negative"
    if isinstance(units, Decimal) and units.adjusted() < _MOST_DIGITS:
        return "a fraction"
    return "beyond all counting"


_MOST_DIGITS = 20


# -- modifiers, whatever the code


@checks(when=Signal.ODD_MODIFIERS)
def modifier_malformed(day: Day) -> Iterator[RawFinding]:
    """Find modifiers that are not two letters or digits."""
    for line, odd in _odd(day):
        if not odd.malformed:
            continue
        if odd.malformed == ("",):
            message = f"a modifier of {_code(line)} is blank"
        else:
            named = ", ".join(map(shown, odd.malformed[:_MOST_NAMED]))
            message = (
                f"{_code(line)} has what is no modifier: {named}; one has two letters or digits"
            )
        yield RawFinding(
            lines=(line.number,),
            message=message,
            remedy=remarked(line, tuple(filter(None, line.facts.modifiers)))
            if odd.malformed == ("",)
            else Question(question=f"Which modifiers does {_code(line)} have?"),
        )


@checks(when=Signal.ODD_MODIFIERS)
def modifier_not_in_force(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find modifiers that are not valid on the day."""
    unknown: set[str] = set()
    for line, odd in _odd(day):
        unknown.update(odd.undated)
        for modifier in odd.ended:
            term = modifier.term
            until = f"was valid until {term.last}"
            yield RawFinding(
                lines=(line.number,),
                message=(
                    f"modifier {modifier.code} of {_code(line)}"
                    f" {until if day.plan.on > term.last else f'is valid from {term.first}'}"
                ),
                citations=modifier.citations,
                remedy=Question(question=f"What was {modifier.code} to say of {_code(line)}?"),
            )
    known = day.plan.known_modifiers
    for needs, reason, listed in (
        ("the dates of modifiers", _UNDATED, [m for m in unknown if m in known]),
        ("a list of all modifiers", _UNLISTED, [m for m in unknown if m not in known]),
    ):
        if listed:
            yield NotAsked(needs=needs, reason=f"{reason}: {few(sorted(listed))}")


_UNDATED = "no source that was read tells of the day whether these modifiers are valid"
_UNLISTED = "the modifiers known here are those that facet claims meet, and these are none of them"


@checks(when=Signal.ODD_MODIFIERS)
def duplicate_modifier(day: Day) -> Iterator[RawFinding]:
    """Find lines that have a modifier more than once."""
    for line, odd in _odd(day):
        if odd.repeated:
            once = tuple(dict.fromkeys(line.facts.modifiers))
            yield RawFinding(
                lines=(line.number,),
                message=f"{_code(line)} has {' and '.join(odd.repeated[:_MOST_NAMED])} twice or more",
                remedy=remarked(line, once),
            )


@checks(when=Signal.ODD_MODIFIERS)
def modifiers_in_conflict(day: Day) -> Iterator[RawFinding]:
    """Find modifiers of which one line may have one only."""
    for line, odd in _odd(day):
        for conflict in odd.conflicts:
            both = " and ".join(sorted(conflict.modifiers.intersection(line.facts.modifiers)))
            yield RawFinding(
                lines=(line.number,),
                message=f"{_code(line)} has {both}, which do not go together on one line",
                citations=conflict.citations,
                remedy=Question(question=f"Which of {both} is meant?"),
            )


@checks(when=Signal.ODD_MODIFIERS)
def modifier_not_for_claim_type(day: Day) -> Iterator[RawFinding]:
    """Find modifiers that are not used on claims of the type."""
    for line, odd in _odd(day):
        for modifier in odd.foreign:
            used = ", ".join(modifier.claim_types)
            yield RawFinding(
                lines=(line.number,),
                message=(
                    f"modifier {modifier.code} of {_code(line)} is used on claims of the type"
                    f" {used}, and this one is {day.claim_type}"
                ),
                citations=modifier.citations,
                remedy=Question(question=f"What was {modifier.code} to say of {_code(line)}?"),
            )


@checks(when=Signal.ODD_MODIFIERS)
def modifier_order(day: Day) -> Iterator[RawFinding]:
    """Find modifiers in another order than the policy asks for, of those that no rule takes away."""
    stated = day.plan.provision("modifier.order")
    for line, odd in _odd(day):
        if odd.ordered is None or stated is None or not isinstance(stated.value, tuple):
            continue
        leaving = _leaving(day, line, odd)
        stay = tuple(dict.fromkeys(m for m in line.facts.modifiers if m not in leaving))
        ordered = in_order(day.plan, stay)
        if ordered != stay:
            yield RawFinding(
                lines=(line.number,),
                message=(
                    f"the modifiers of {_code(line)} stand in another order than"
                    f" {', '.join(stated.value)}: {', '.join(ordered[:_MOST_NAMED])}"
                ),
                citations=stated.citations,
                remedy=remarked(line, odd.ordered),
            )


_TAKEN = (  # by the rules that run on these signals
    (Signal.MULTIPLE | Signal.ADD_ON, (ModifierRole.MULTIPLE,)),
    (Signal.SEVERAL_SIDES, LATERAL_ROLES),
    (Signal.ODD_FORM, (ModifierRole.BILATERAL,)),
)


def _leaving(day: Day, line: Line, odd: Oddities) -> set[str]:
    """Give the modifiers of a line that another rule takes away, or asks what they are to say."""
    leaving = {modifier.code for modifier in (*odd.ended, *odd.foreign)}
    leaving.update(*(conflict.modifiers for conflict in odd.conflicts))
    for signals, roles in _TAKEN:
        if line.facts.shows(signals):
            leaving.update(line.facts.with_roles(*roles))
    if loses_kx(day, line):
        leaving.update(line.facts.with_roles(ModifierRole.REQUIREMENTS_MET))
    for code in line.facts.modifiers:
        known = day.plan.known_modifiers.get(code)
        if known and any(isinstance(s, RawFinding) for s in _misapplied(day, line, known)):
            leaving.add(code)
    return leaving


@checks(when=Signal.ODD_MODIFIERS)
def too_many_modifiers(day: Day) -> Iterator[RawFinding]:
    """Find lines with more modifiers than there is room for."""
    stated = day.plan.provision("modifiers.max")
    for line, odd in _odd(day):
        if odd.many and stated is not None:
            yield RawFinding(
                lines=(line.number,),
                message=(
                    f"{_code(line)} has more than {stated.value} modifiers, and a line has no room"
                    " for more"
                ),
                citations=stated.citations,
                remedy=Question(question=f"Which modifiers of {_code(line)} count?"),
            )


def _odd(day: Day) -> Iterator[tuple[Line, Oddities]]:
    for line in day.lines:
        if line.facts.odd is not None:
            yield line, line.facts.odd


def _code(line: Line) -> str:
    return line.code if line.facts.code.shaped else "a line"


# -- modifiers that a code does not take


_KINDS = {  # of codes, as the table of modifiers names them
    CodeGroup.EVALUATION: "evaluation-and-management",
    CodeGroup.ANESTHESIA: "anesthesia",
    CodeGroup.IMAGING_GUIDANCE: "imaging",
}
_ANY = "any"
_OF_PROCEDURES = ("procedure", "assistant")
_NO_PARTS = "0"  # these are symbols of the physician fee schedule
_NOT_PAID = {
    "assistant": ("1", "9"),
    "co_surgeon": ("0", "9"),
    "team": ("0", "9"),
    "pc_tc": (_NO_PARTS,),
}
_INDICATED = {
    ModifierRole.PROFESSIONAL_COMPONENT: ("pc_tc", "the fee schedule does not part it"),
    ModifierRole.TECHNICAL_COMPONENT: ("pc_tc", "the fee schedule does not part it"),
    ModifierRole.ASSISTANT: ("assistant", "no assistant is paid for it"),
    ModifierRole.CO_SURGEON: ("co_surgeon", "no second surgeon is paid for it"),
    ModifierRole.TEAM: ("team", "no team is paid for it"),
}


@checks(when=Signal.OTHER_MODIFIER)
def modifier_not_for_code(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find modifiers that say of a code what can't be said of it."""
    for line in day.showing(Signal.OTHER_MODIFIER):
        for code in sorted(set(line.facts.modifiers)):
            if code in day.plan.known_modifiers:
                yield from _misapplied(day, line, day.plan.known_modifiers[code])


def _misapplied(day: Day, line: Line, modifier: Modifier) -> Iterator[RawFinding | NotAsked]:
    kinds = _kinds(line.facts.code)
    reason, citations = None, modifier.citations
    if kinds and modifier.applies_to not in (_ANY, *kinds):
        reason = f"it is of another kind of service ({modifier.applies_to})"
    elif (
        modifier.role is not None
        and modifier.role in _INDICATED
        and line.facts.code.procedure is not None
    ):
        column, why = _INDICATED[modifier.role]
        indicators = line.facts.code.procedure.indicators
        if not _in_force(day, indicators):
            yield _without_edition(column.replace("_", "-"), line)
        elif indicators is not None and getattr(indicators, column) in _NOT_PAID[column]:
            reason, citations = why, _all_of(indicators.citations, modifier.citations)
    if reason is not None:
        judged = modifier.effect_confidence is Confidence.JUDGMENT
        yield RawFinding(
            lines=(line.number,),
            message=f"modifier {modifier.code} does not go with {line.code}: {reason}",
            citations=citations,
            severity=Severity.WARNING if judged else None,
            remedy=Question(question=f"What was {modifier.code} to say of {line.code}?"),
        )


def _without_edition(indicator: str, line: Line) -> NotAsked:
    return NotAsked(
        needs=f"the {indicator} indicator of {line.code}",
        reason=f"no edition of the fee schedule that was read has {line.code} on the day",
    )


def _kinds(code: CodeFacts) -> tuple[str, ...]:
    """Say what kind of service a code is, as the table of modifiers names it; none if not known."""
    if code.facet or code.procedure is not None:
        return _OF_PROCEDURES
    return tuple(_KINDS[group] for group in code.groups if group in _KINDS)


def _in_force(day: Day, indicators: Indicators | None) -> bool:
    return indicators is not None and indicators.term.on(day.plan.on) is Status.IN_FORCE


def _all_of(*citations: tuple[Citation, ...]) -> tuple[Citation, ...]:
    return tuple(dict.fromkeys(citation for each in citations for citation in each))


_PAID_FOR_BOTH = "1"


@checks(when=Signal.BILATERAL | Signal.OTHER)
def bilateral_on_other_code(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find the bilateral modifier on codes for which the fee schedule pays no second side."""
    both = day.plan.reference.modifier_for(ModifierRole.BILATERAL)
    for line in day.others:
        code = line.facts.code
        if not line.facts.has(ModifierRole.BILATERAL) or not _may_be_valid(code):
            continue
        indicators = code.procedure.indicators if code.procedure else None
        if indicators is None or not _in_force(day, indicators):
            yield _without_edition("bilateral", line)
        elif indicators.bilateral != _PAID_FOR_BOTH:
            yield RawFinding(
                lines=(line.number,),
                message=(
                    f"{line.code} has {both}, and its bilateral indicator {indicators.bilateral} pays"
                    " nothing more for a second side"
                ),
                citations=indicators.citations,
                remedy=Question(question=f"Was {line.code} done twice, or is {both} a slip?"),
            )


def _may_be_valid(code: CodeFacts) -> bool:
    return code.shaped and code.standing is not Status.NOT_IN_FORCE


@checks(when=Signal.MULTIPLE | Signal.ADD_ON)
def multiple_on_add_on(day: Day) -> Iterator[RawFinding]:
    """Find the modifier for multiple procedures on add-on codes."""
    for line in day.showing(Signal.MULTIPLE | Signal.ADD_ON):
        used = day.plan.reference.modifier_for(ModifierRole.MULTIPLE)
        yield RawFinding(
            lines=(line.number,),
            message=f"{line.code} is an add-on, which is never reduced, and has {used}",
            remedy=remarked(line, line.facts.without(ModifierRole.MULTIPLE)),
        )


# -- place of service


@checks(when=Signal.ODD_PLACE)
def place_not_assigned(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find places of service that the code set does not have."""
    for written, lines in _by_place(day):
        facts = day.plan.place(written)
        place = facts.place
        if place is not None and not facts.dated:
            yield NotAsked(
                needs="the dates of places of service",
                reason=f"no source that was read shows places of service before {place.term.first}",
            )
        elif not facts.assigned:
            yield RawFinding(
                lines=numbers(lines),
                message=f"{shown(written)} is no place of service that the code set has",
                citations=place.citations if place else (),
                remedy=Question(question="Where was the service done?"),
            )


@checks(when=Signal.ODD_PLACE)
def place_claim_type_differs(day: Day) -> Iterator[RawFinding]:
    """Find claims of a facility for a place that is not its own."""
    claim_type = day.claim_type
    for written, lines in _by_place(day):
        facts = day.plan.place(written)
        if facts.place is not None and facts.foreign:
            own = [p for p in edits.places().values() if p.facility is claim_type]
            yield RawFinding(
                lines=numbers(lines),
                message=(
                    f"place of service {facts.place.code} on a claim of the type {claim_type}, whose"
                    f" places are {', '.join(p.code for p in own)}"
                ),
                citations=_all_of(*(p.citations for p in own)),
                remedy=Question(question="Where was the service done, and who bills for it?"),
            )


def _by_place(day: Day) -> list[tuple[str, list[Line]]]:
    found: dict[str, list[Line]] = {}
    for line in day.lines:
        place = day.place(line)
        if place is not None:
            found.setdefault(place, []).append(line)
    return sorted(found.items())


# -- lines that repeat


@checks(when=Signal.SEVERAL_FACET | Signal.REPEATED)
def duplicate_line(day: Day) -> Iterator[RawFinding]:
    """Find facet lines that are alike in code and modifiers, without one that says repeated."""
    alike: dict[tuple[str, ...], list[Line]] = {}
    for line in day.facet:
        alike.setdefault((line.code, *sorted(line.facts.modifiers)), []).append(line)
    if len(alike) == len(day.facet):
        return
    for (code, *_), lines in sorted(alike.items()):
        first = lines[0].facts
        if len(lines) == 1 or first.has(ModifierRole.REPEAT) or _is_two_units(lines):
            continue
        counted = first.code.ordinal is Ordinal.EACH_ADDITIONAL
        what = "further levels, which are units of one line" if counted else "both sides of a level"
        yield RawFinding(
            lines=numbers(lines),
            message=f"{code} is billed {len(lines)} times with the same modifiers",
            severity=Severity.WARNING if counted else None,
            remedy=Question(question=f"Are these {what}, or was {code} billed more than once?"),
        )


def _is_two_units(lines: list[Line]) -> bool:
    """Say whether two lines without side are the two units in which a policy writes both sides."""
    first = lines[0].facts
    if first.sides or len(lines) != 2 or any(line.units != 1 for line in lines):  # noqa: PLR2004  sides
        return False
    form = first.code.form
    return isinstance(form, Provision) and form.value == LateralityFormat.TWO_UNITS
