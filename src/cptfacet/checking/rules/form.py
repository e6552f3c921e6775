"""Rules on claim form: units, modifiers, place of service, and duplicate lines."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from cptfacet._groups import grouped
from cptfacet._text import agree, series
from cptfacet.checking.kx import loses_kx
from cptfacet.checking.rule import (
    NotAsked,
    RawFinding,
    checks,
    finding,
    in_order,
    modifier_for,
    remarked,
    shown,
)
from cptfacet.checking.signals import Signal
from cptfacet.citations import Confidence
from cptfacet.dates import Status
from cptfacet.findings import Question, QuestionTopic, Severity
from cptfacet.indicators import DECIDING
from cptfacet.modifiers import LATERAL_ROLES, ModifierRole
from cptfacet.policies import Known, value_of
from cptfacet.policies.vocabulary import LateralityFormat
from cptfacet.procedures import CodeGroup, Ordinal

if TYPE_CHECKING:
    from cptfacet.checking.day import Day, Line
    from cptfacet.checking.line_facts import CodeFacts
    from cptfacet.modifier_faults import ModifierFaults
    from cptfacet.modifiers import Modifier

_MOST_NAMED = 5


# -- units


@checks(when=Signal.FACET_UNITS)
def units_missing(day: Day) -> Iterator[RawFinding]:
    """Find facet lines without units."""
    for line in day.facet:
        if line.written.units is None:
            yield finding(
                [line],
                f"{line.code} has no units; units must be 1 or more",
                question=f"How many units of {line.code} were performed?",
                topic=QuestionTopic.UNITS,
            )


@checks(when=Signal.FACET_UNITS)
def units_invalid(day: Day) -> Iterator[RawFinding]:
    """Find facet lines with units that are zero, negative, fractional or absurd."""
    for line in day.facet:
        units = line.written.units
        if units is not None and line.units is None:
            yield finding(
                [line],
                f"{line.code} has {_fault(units)}",
                question=f"How many units of {line.code} were performed?",
                topic=QuestionTopic.UNITS,
            )


def _fault(units: int | Decimal) -> str:
    """Return what is wrong with units, without a number that may have a million digits."""
    if isinstance(units, Decimal) and not units.is_finite():
        return "units that are not a number; units must be 1 or more"
    if not units:
        return "0 units; units must be 1 or more"
    if units < 0:
        return "negative units; units must be 1 or more"
    if isinstance(units, Decimal) and units.adjusted() < _MOST_DIGITS:
        return "fractional units; units must be a whole number"
    return "an impossible number of units; correct the units"


_MOST_DIGITS = 20


# -- modifiers, whatever the code


@checks(when=Signal.MODIFIER_FAULTS)
def modifier_malformed(day: Day) -> Iterator[RawFinding]:
    """Find modifiers that are not two letters or digits."""
    example = modifier_for(day.plan, ModifierRole.RIGHT)
    for line, faults in _faulty(day):
        if not faults.malformed:
            continue
        if faults.malformed == ("",):
            message = f"{_code(line)} has a blank modifier; remove it"
        else:
            named = series([shown(modifier) for modifier in faults.malformed])
            what = agree(faults.malformed, "is not a valid modifier", "are not valid modifiers")
            message = f"{_code(line)}: {named} {what} (two characters, such as {example})"
        yield finding(
            [line],
            message,
            remedy=(
                remarked(line, tuple(filter(None, line.facts.modifiers)))
                if faults.malformed == ("",)
                else Question(question=f"Which modifiers belong on {_code(line)}?")
            ),
        )


@checks(when=Signal.MODIFIER_FAULTS)
def modifier_not_in_force(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find modifiers that are not valid on the date of service."""
    unknown: set[str] = set()
    for line, faults in _faulty(day):
        unknown.update(faults.undated)
        for modifier in faults.ended:
            term = modifier.term
            ended = f"was valid only through {term.last}"
            yield finding(
                [line],
                f"{_code(line)}: modifier {modifier.code}"
                f" {ended if day.plan.on > term.last else f'is not valid before {term.first}'}",
                citations=modifier.citations,
                remedy=_why(modifier, line),
            )
    known = day.rules.modifiers
    for needs, reason, listed in (
        ("effective dates of modifiers", _UNDATED, [m for m in unknown if m in known]),
        ("the full list of modifiers", _UNLISTED, [m for m in unknown if m not in known]),
    ):
        if listed:
            yield NotAsked(needs=needs, reason=f"{reason}: {series(sorted(listed))}")


_UNDATED = "no source we have read states whether these modifiers are valid on this date"
_UNLISTED = "only the modifiers that facet claims use are known here, not these"


@checks(when=Signal.MODIFIER_FAULTS)
def duplicate_modifier(day: Day) -> Iterator[RawFinding]:
    """Find lines with a modifier more than once."""
    for line, faults in _faulty(day):
        if faults.repeated:
            once = tuple(dict.fromkeys(line.facts.modifiers))
            yield finding(
                [line],
                f"{_code(line)} has {series(faults.repeated)} more than once; report"
                f" {agree(faults.repeated, 'it', 'each')} once",
                remedy=remarked(line, once),
            )


@checks(when=Signal.MODIFIER_FAULTS)
def modifiers_in_conflict(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find modifiers that exclude each other on one line."""
    for line, faults in _faulty(day):
        if faults.unpaired:
            reason = "the reference data has no conflicts of modifiers"
            yield NotAsked(needs="conflicts of modifiers", reason=reason)
        for conflict in faults.conflicts:
            found = sorted(conflict.modifiers.intersection(line.facts.modifiers))
            yield finding(
                [line],
                f"{_code(line)}: modifiers {series(found)} conflict; report only the one that"
                " applies",
                citations=conflict.citations,
                question=f"Which applies to {_code(line)}: {series(found, 'or')}?",
            )


@checks(when=Signal.MODIFIER_FAULTS)
def modifier_not_for_claim_type(day: Day) -> Iterator[RawFinding]:
    """Find modifiers that are not used on this type of claim."""
    for line, faults in _faulty(day):
        for modifier in faults.foreign:
            yield finding(
                [line],
                f"{_code(line)}: modifier {modifier.code} is for {series(modifier.claim_types)}"
                f" claims, not for {day.claim_type} claims",
                citations=modifier.citations,
                remedy=_why(modifier, line),
            )


@checks(when=Signal.MODIFIER_FAULTS)
def modifier_order(day: Day) -> Iterator[RawFinding]:
    """Find modifiers out of the policy's sequence, among those that no other rule removes."""
    stated = day.rules.modifier_order()
    for line, faults in _faulty(day):
        if faults.ordered is None or not isinstance(stated, Known):
            continue
        leaving = _leaving(day, line, faults)
        stay = tuple(dict.fromkeys(m for m in line.facts.modifiers if m not in leaving))
        ordered = in_order(day.plan, stay)
        if ordered != stay:
            yield finding(
                [line],
                f"{_code(line)}: modifiers out of sequence; use {', '.join(ordered[:_MOST_NAMED])}"
                f" ({', '.join(stated.value)})",
                citations=stated.citations,
                remedy=remarked(line, faults.ordered),
            )


_TAKEN = (  # by the rules that run on these signals
    (Signal.MULTIPLE | Signal.ADD_ON, (ModifierRole.MULTIPLE,)),
    (Signal.SEVERAL_SIDES, LATERAL_ROLES),
    (Signal.OTHER_FORMAT, (ModifierRole.BILATERAL,)),
)


def _leaving(day: Day, line: Line, faults: ModifierFaults) -> set[str]:
    """Return the modifiers of a line that another rule removes or questions."""
    leaving = {modifier.code for modifier in (*faults.ended, *faults.foreign)}
    leaving.update(*(conflict.modifiers for conflict in faults.conflicts))
    for signals, roles in _TAKEN:
        if line.facts.shows(signals):
            leaving.update(line.facts.with_roles(*roles))
    if loses_kx(day, line):
        leaving.update(line.facts.with_roles(ModifierRole.REQUIREMENTS_MET))
    for code in line.facts.modifiers:
        known = day.rules.modifiers.get(code)
        if known and any(isinstance(s, RawFinding) for s in _misapplied(line, known)):
            leaving.add(code)
    return leaving


@checks(when=Signal.MODIFIER_FAULTS)
def too_many_modifiers(day: Day) -> Iterator[RawFinding]:
    """Find lines with more modifiers than a line has room for."""
    stated = day.rules.max_modifiers()
    for line, faults in _faulty(day):
        if faults.many and isinstance(stated, Known):
            yield finding(
                [line],
                f"{_code(line)} has more than {stated.value} modifiers, and a line has room for {stated.value}",
                citations=stated.citations,
                question=f"Which modifiers of {_code(line)} should be kept?",
            )


def _faulty(day: Day) -> Iterator[tuple[Line, ModifierFaults]]:
    for line in day.lines:
        if line.facts.faults is not None:
            yield line, line.facts.faults


def _code(line: Line) -> str:
    """Return the code of a line as a message names it, though it may not be one."""
    if line.facts.code.shaped:
        return line.code
    return shown(line.code) if line.code else "a line without a code"


def _why(modifier: Modifier, line: Line) -> Question:
    return Question(question=f"Why was modifier {modifier.code} appended to {_code(line)}?")


# -- modifiers that a code does not take


_KINDS = {  # of codes, as the table of modifiers names them
    CodeGroup.EVALUATION: "evaluation-and-management",
    CodeGroup.ANESTHESIA: "anesthesia",
    CodeGroup.IMAGING_GUIDANCE: "imaging",
}
_ANY = "any"
_OF_PROCEDURES = ("procedure", "assistant")


@checks(when=Signal.OTHER_MODIFIER)
def modifier_not_for_code(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find modifiers that do not apply to the code."""
    for line in day.showing(Signal.OTHER_MODIFIER):
        for code in sorted(set(line.facts.modifiers)):
            if code in day.rules.modifiers:
                yield from _misapplied(line, day.rules.modifiers[code])


def _misapplied(line: Line, modifier: Modifier) -> Iterator[RawFinding | NotAsked]:
    kinds = _kinds(line.facts.code)
    reason, citations = None, modifier.citations
    if kinds and modifier.applies_to not in (_ANY, *kinds):
        reason = f"it is for {modifier.applies_to} codes"
    elif (
        modifier.role is not None
        and modifier.role in DECIDING
        and line.facts.code.procedure is not None
    ):
        decides = DECIDING[modifier.role]
        indicators = line.facts.code.indicators
        if indicators is None:
            yield _without_edition(decides.indicator, line)
        elif not decides.allows(indicators):
            reason = decides.reason
            citations = (*indicators.citations, *modifier.citations)
    if reason is not None:
        judged = modifier.effect_confidence is Confidence.JUDGMENT
        yield finding(
            [line],
            f"{line.code}: modifier {modifier.code} does not apply; {reason}",
            citations=citations,
            severity=Severity.WARNING if judged else None,
            remedy=_why(modifier, line),
        )


def _without_edition(indicator: str, line: Line) -> NotAsked:
    return NotAsked(
        needs=f"the {indicator} indicator of {line.code}",
        reason=f"no fee schedule edition we have read lists {line.code} on this date",
    )


def _kinds(code: CodeFacts) -> tuple[str, ...]:
    """Return the kinds of service of a code, as the table of modifiers names them, if known."""
    if code.facet or code.procedure is not None:
        return _OF_PROCEDURES
    return tuple(_KINDS[group] for group in code.groups if group in _KINDS)


@checks(when=Signal.BILATERAL | Signal.OTHER)
def bilateral_on_other_code(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find the bilateral modifier on codes with no bilateral payment in the fee schedule."""
    both = modifier_for(day.plan, ModifierRole.BILATERAL)
    for line in day.others:
        code = line.facts.code
        if not line.facts.has(ModifierRole.BILATERAL) or not _may_be_valid(code):
            continue
        indicators = line.facts.code.indicators
        if indicators is None:
            yield _without_edition("bilateral", line)
        elif not indicators.bilateral.pays_second_side:
            yield finding(
                [line],
                f"{line.code}-{both}: with bilateral indicator {indicators.bilateral} the fee"
                " schedule pays nothing more for a second side",
                citations=indicators.citations,
                question=f"Was {line.code} performed twice, or should {both} be removed?",
                topic=QuestionTopic.UNITS,
            )


def _may_be_valid(code: CodeFacts) -> bool:
    return code.shaped and code.standing is not Status.NOT_IN_FORCE


@checks(when=Signal.MULTIPLE | Signal.ADD_ON)
def multiple_on_add_on(day: Day) -> Iterator[RawFinding]:
    """Find the modifier for multiple procedures on add-on codes."""
    for line in day.showing(Signal.MULTIPLE | Signal.ADD_ON):
        used = modifier_for(day.plan, ModifierRole.MULTIPLE)
        yield finding(
            [line],
            f"{line.code}-{used}: an add-on code is exempt from the multiple procedure"
            f" reduction; remove {used}",
            remedy=remarked(line, line.facts.without(ModifierRole.MULTIPLE)),
        )


# -- place of service


@checks(when=Signal.PLACE_FAULT)
def place_not_assigned(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find places of service that are not in the CMS code set."""
    for written, lines in _by_place(day):
        facts = day.plan.place(written)
        place = facts.place
        if place is None and not facts.dated:
            reason = "the reference data has no POS codes"
            yield NotAsked(needs="place-of-service code set", reason=reason)
        elif place is not None and not facts.dated:
            yield NotAsked(
                needs="effective dates of place-of-service codes",
                reason=f"no source we have read lists POS codes before {place.term.first}",
            )
        elif not facts.assigned:
            yield finding(
                lines,
                f"POS {_pos(written)} is not in the CMS place-of-service code set",
                citations=place.citations if place else (),
                question="Where was the service performed?",
            )


@checks(when=Signal.PLACE_FAULT)
def place_claim_type_differs(day: Day) -> Iterator[RawFinding]:
    """Find facility claims with a place of service of another setting."""
    claim_type = day.claim_type
    for written, lines in _by_place(day):
        facts = day.plan.place(written)
        if facts.place is not None and facts.foreign:
            own = day.plan.reference.find_places(facility=claim_type)
            yield finding(
                lines,
                f"POS {facts.place.code} does not fit {claim_type.label}"
                f" ({series([p.code for p in own], 'or')})",
                citations=(citation for place in own for citation in place.citations),
                question="Where was the service performed, and who bills for it?",
            )


def _pos(written: str) -> str:
    return written if len(written) == 2 and written.isdecimal() else shown(written)  # noqa: PLR2004


def _by_place(day: Day) -> list[tuple[str, list[Line]]]:
    found = grouped(day.lines, key=day.place)
    return sorted((place, lines) for place, lines in found.items() if place is not None)


# -- duplicate lines


@checks(when=Signal.SEVERAL_FACET | Signal.REPEATED)
def duplicate_line(day: Day) -> Iterator[RawFinding]:
    """Find facet lines with the same code and modifiers, none of them for a repeat procedure."""
    alike = grouped(day.facet, key=lambda line: (line.code, *sorted(line.facts.modifiers)))
    if len(alike) == len(day.facet):
        return
    for (code, *_), lines in sorted(alike.items()):
        first = lines[0].facts
        if len(lines) == 1 or first.has(ModifierRole.REPEAT) or _is_two_units(lines):
            continue
        counted = first.code.ordinal is Ordinal.EACH_ADDITIONAL
        what = "additional levels" if counted else "both sides of one level"
        advice = (
            "report additional levels as units of one line"
            if counted
            else "the payer denies all but one as duplicates"
        )
        yield finding(
            lines,
            f"{code} is on {len(lines)} lines with the same modifiers; {advice}",
            severity=Severity.WARNING if counted else None,
            question=f"Are these {what}, or was {code} billed more than once by mistake?",
            topic=QuestionTopic.UNITS,
        )


def _is_two_units(lines: list[Line]) -> bool:
    """Whether two lines without a side are the two units that a policy wants for both sides."""
    first = lines[0].facts
    if first.sides or len(lines) != 2 or any(line.units != 1 for line in lines):  # noqa: PLR2004  sides
        return False
    return value_of(first.code.form) is LateralityFormat.TWO_UNITS
