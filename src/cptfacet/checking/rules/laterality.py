"""Rules on laterality: how bilateral levels are reported, and what lines with sides represent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cptfacet._text import agree, series
from cptfacet.anatomy import Side
from cptfacet.bilateral import shapes
from cptfacet.checking.day import billed_codes
from cptfacet.checking.rule import (
    NotAsked,
    RawFinding,
    Rewrite,
    Share,
    by_code,
    checks,
    finding,
    in_order,
    modifier_for,
    not_told,
    numbers,
    remarked,
)
from cptfacet.checking.signals import Signal
from cptfacet.citations import Confidence
from cptfacet.claims import ClaimType
from cptfacet.findings import Question, QuestionTopic, Severity
from cptfacet.modifiers import LATERAL_ROLES, ModifierRole
from cptfacet.policies import Answer, Known, NotKnown, value_of
from cptfacet.policies.vocabulary import LateralityFormat, SideNaming
from cptfacet.procedures import CodeRole, Ordinal

if TYPE_CHECKING:
    from cptfacet.billed import BilledCode
    from cptfacet.checking.day import Day, Line
    from cptfacet.checking.line_facts import CodeFacts
    from cptfacet.checking.plans import CheckingPlan

_BOTH = 2  # sides
_OPPOSITE = {ModifierRole.RIGHT: ModifierRole.LEFT, ModifierRole.LEFT: ModifierRole.RIGHT}


def _billed(day: Day) -> Iterator[tuple[BilledCode[Line], Answer[LateralityFormat]]]:
    """Yield the codes of the day, each with the laterality format of the policy."""
    for code in day.billed:
        form = _facts(code).form
        if form is not None:
            yield code, form


def _facts(code: BilledCode[Line]) -> CodeFacts:
    return code.lines[0].facts.code


# -- the laterality format of the policy


def _forms(plan: CheckingPlan) -> set[LateralityFormat | None]:
    """Return the formats of all roles in the term of a plan, with None for one that is not known."""
    return {value_of(plan.rules.laterality_format(role)) for role in CodeRole}


def _not_told(form: Answer[LateralityFormat]) -> NotAsked | None:
    """Return that a format can't be checked: it is not known, or only our judgment.

    Coding has to write some format; no payer's claim is wrong for not being written in it.
    """
    if isinstance(form, NotKnown):
        return not_told(form)
    if form.provision.confidence is Confidence.JUDGMENT:
        reason = "no source we have read states the format that this payer wants"
        return NotAsked(needs=form.provision.key, reason=reason)
    return None


def _excused(
    day: Day, code: CodeFacts, form: Answer[LateralityFormat], written: LateralityFormat
) -> tuple[NotAsked, ...] | None:
    """Return what is listed where lines in another format are not wrong; None where they are.

    The format may not be known, or the payer may accept the other one besides, or that is not known.
    """
    unknown = _not_told(form)
    return (unknown,) if unknown else _accepted(day, code, written)


def _accepted(day: Day, code: CodeFacts, written: LateralityFormat) -> tuple[NotAsked, ...] | None:
    """Return what is listed where the payer accepts a format, or may; None where it does not."""
    stated = day.rules.accepted_formats(code.role) if code.role else None
    if isinstance(stated, NotKnown):
        return (not_told(stated),)
    return () if stated and written in stated.value else None


def _written(
    day: Day, lines: Sequence[Line], form: LateralityFormat, *, levels: int = 1
) -> Rewrite | None:
    """Write lines as bilateral levels in a laterality format; they share their charge.

    There is no such remedy if the reference does not have the modifiers of the format.
    """
    base = lines[0]
    rest = base.facts.without(*LATERAL_ROLES)
    shape = shapes(form, reference=day.plan.reference).get(Side.BILATERAL)
    if shape is None:
        return None
    shared = len(lines) > 1 or len(shape) > 1
    rewritten = (
        base.rewritten(
            modifiers=in_order(day.plan, (*modifiers, *rest)),
            units=units * levels,
            charge=Share(lines=numbers(lines), part=part, parts=len(shape)) if shared else None,
        )
        for part, (modifiers, units) in enumerate(shape)
    )
    return Rewrite(lines=tuple(rewritten))


def _levels(code: BilledCode[Line], line: Line) -> int | None:
    """Return how many levels a line with 50 represents, or None if its units leave that open."""
    return line.units if code.counts_levels or line.units == 1 else None


def _rewrite(
    day: Day, code: BilledCode[Line], line: Line, form: LateralityFormat
) -> Rewrite | None:
    """Write a bilateral line in another format if it is the only line of its code."""
    levels = _levels(code, line)
    if levels is None or len(code.lines) > 1:
        return None
    return _written(day, [line], form, levels=levels)


def _are_alike(one: Line, other: Line) -> bool:
    """Whether two lines of 1 unit differ only in their sides."""
    return (
        one.units == other.units == 1
        and _rest(one) == _rest(other)
        and one.written.place_of_service == other.written.place_of_service
    )


def _rest(line: Line) -> list[str]:
    return sorted(line.facts.without(*LATERAL_ROLES))


def _names(day: Day, *roles: ModifierRole) -> str:
    return series([modifier_for(day.plan, role) for role in roles])


def _which_sides(code: str) -> Question:
    return _ask(f"Which levels and sides does {code} represent on this claim?")


def _ask(question: str) -> Question:
    """Return a question on what the units of lines represent."""
    return Question(question=question, topic=QuestionTopic.UNITS)


def _reported(day: Day, form: LateralityFormat) -> str:
    """Return how a bilateral level is reported in a format, as a biller says it."""
    both, right, left = (_names(day, role) for role in LATERAL_ROLES)
    match form:
        case LateralityFormat.ONE_LINE_50:
            return f"one line with modifier {both}"
        case LateralityFormat.TWO_UNITS:
            return f"2 units, without modifier {both}"
        case LateralityFormat.RT_LT_LINES:
            return f"two lines, one with {right} and one with {left}"
        case LateralityFormat.PLAIN_THEN_50:
            return f"two lines, the second with modifier {both}"


# -- modifiers and units of one line


@checks(when=Signal.SEVERAL_SIDES)
def bilateral_with_side(day: Day) -> Iterator[RawFinding]:
    """Find lines with more than one modifier for the side."""
    billed = {_facts(code).code: (code, form) for code, form in _billed(day)}
    for line in day.showing(Signal.SEVERAL_SIDES):
        sides = [role for role in LATERAL_ROLES if role in line.facts.sides]
        yield finding(
            [line],
            f"{line.code}: modifiers {_names(day, *sides)} conflict; report {_only(sides)}",
            remedy=_one_side(day, line, billed.get(line.code))
            or _ask(f"Was {line.code} performed on the right, the left or both sides?"),
        )


def _only(sides: list[ModifierRole]) -> str:
    if ModifierRole.BILATERAL not in sides:
        return "the side treated, or a bilateral level"
    return "one or the other" if len(sides) == _BOTH else "only one of them"


def _one_side(
    day: Day, line: Line, billed: tuple[BilledCode[Line], Answer[LateralityFormat]] | None
) -> Rewrite | None:
    """Write a line that names both sides as bilateral, where nothing else can be meant."""
    bilateral = line.facts.has(ModifierRole.BILATERAL)
    if bilateral and len(line.facts.sides) == _BOTH:
        return None
    kept = line.facts.without(*_OPPOSITE)
    if billed is None:
        return remarked(line, kept) if bilateral else None
    code, stated = billed
    if not bilateral and (line.units != 1 or code.may_be_several):
        return None
    form = value_of(stated)
    if form is not None:
        return _rewrite(day, code, line, form)
    return remarked(line, kept) if bilateral and line.units == 1 else None


@checks(when=Signal.BILATERAL | Signal.FACET_UNITS)
def bilateral_with_units(day: Day) -> Iterator[RawFinding]:
    """Find bilateral lines with more than 1 unit of a code that represents one level."""
    for line in day.facet:
        code = line.facts.code
        if line.side is not ModifierRole.BILATERAL or code.ordinal is Ordinal.EACH_ADDITIONAL:
            continue
        if value_of(code.form) in (LateralityFormat.TWO_UNITS, LateralityFormat.RT_LT_LINES):
            continue  # there the modifier itself is wrong, and other rules report it
        if line.units is not None and line.units > 1:
            both = _names(day, ModifierRole.BILATERAL)
            yield finding(
                [line],
                f"{line.code}-{both} has {line.units} units; with modifier {both} both sides are"
                " 1 unit",
                remedy=_ask(
                    f"Was one level treated on both sides, which is 1 unit of {line.code}-{both}, or"
                    " were more levels treated?"
                ),
            )


@checks(when=Signal.FIRST | Signal.FACET_UNITS)
def first_level_repeated(day: Day) -> Iterator[RawFinding]:
    """Find first-level codes with units for more than one level."""
    for line in day.facet:
        if line.facts.code.ordinal is not Ordinal.FIRST or line.facts.has(ModifierRole.BILATERAL):
            continue
        most = 1 if line.side else _BOTH
        if line.units is not None and line.units > most:
            yield finding(
                [line],
                f"{line.code} has {line.units} units but represents one level; report"
                " additional levels with add-on codes",
                citations=line.facts.code.citations,
                remedy=_which_sides(line.code),
            )


@checks(when=Signal.NO_SIDE | Signal.FACET_UNITS)
def bilateral_as_units(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find 2 units of a one-level code where the policy has another format for both sides."""
    of_two = [
        line
        for line in day.facet
        if line.units == _BOTH
        and not line.facts.sides
        and line.facts.code.ordinal is not Ordinal.EACH_ADDITIONAL
    ]
    for code, lines in by_code(of_two):
        form = lines[0].facts.code.form
        if form is None or value_of(form) is LateralityFormat.TWO_UNITS:
            continue
        excused = _excused(day, lines[0].facts.code, form, LateralityFormat.TWO_UNITS)
        if excused is not None:
            yield from excused
        elif isinstance(form, Known):
            yield finding(
                lines,
                f"{code} has 2 units but represents one level; report a bilateral level as"
                f" {_reported(day, form.value)}",
                citations=form.citations,
                severity=(
                    Severity.WARNING if value_of(form) is LateralityFormat.RT_LT_LINES else None
                ),
                remedy=_ask(
                    f"Was {code} performed on both sides, or is the second unit a mistake?"
                ),
            )


# -- the format of bilateral levels


def _asks_lines_a_side(plan: CheckingPlan) -> bool:
    return not {LateralityFormat.RT_LT_LINES, None}.isdisjoint(_forms(plan))


@checks(when=Signal.BILATERAL | Signal.ASC_FACILITY | Signal.FACET, where=_asks_lines_a_side)
def asc_facility_bilateral(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find the bilateral modifier on ASC claims of a payer that wants a line for each side."""
    for code, form in _billed(day):
        lines = code.naming(ModifierRole.BILATERAL)
        if not lines:
            continue
        if value_of(form) not in (LateralityFormat.RT_LT_LINES, None):
            continue
        excused = _excused(day, _facts(code), form, _as_written(code))
        if excused is not None:
            yield from excused
        elif isinstance(form, Known):
            both = _names(day, ModifierRole.BILATERAL)
            wanted = _reported(day, form.value)
            for line in lines:
                yield finding(
                    [line],
                    f"{line.code}-{both}: an ASC reports a bilateral level as {wanted}",
                    citations=form.citations,
                    remedy=_rewrite(day, code, line, LateralityFormat.RT_LT_LINES)
                    or _which_sides(line.code),
                )


def _asks_two_units(plan: CheckingPlan) -> bool:
    return LateralityFormat.TWO_UNITS in _forms(plan)


@checks(when=Signal.OTHER_FORMAT | Signal.ADD_ON, where=_asks_two_units)
def bilateral_on_add_on(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find the bilateral modifier on add-ons of a payer that wants 2 units instead."""
    for code, form in _billed(day):
        lines = code.naming(ModifierRole.BILATERAL)
        if code.ordinal is Ordinal.FIRST or not lines or not isinstance(form, Known):
            continue
        excused = _excused(day, _facts(code), form, _as_written(code))
        if excused is not None:
            yield from excused
        elif form.value is LateralityFormat.TWO_UNITS:
            both = _names(day, ModifierRole.BILATERAL)
            for line in lines:
                yield finding(
                    [line],
                    f"{line.code}-{both}: report a bilateral add-on with 2 units instead of"
                    f" modifier {both}",
                    citations=form.citations,
                    remedy=_rewrite(day, code, line, LateralityFormat.TWO_UNITS)
                    or _which_sides(line.code),
                )


def _may_be_otherwise(plan: CheckingPlan) -> bool:
    facility = plan.claim_type is ClaimType.ASC_FACILITY  # another rule reports it there
    return not (facility and _forms(plan) == {LateralityFormat.RT_LT_LINES})


@checks(
    when=(Signal.FACET | Signal.OTHER_FORMAT, Signal.FACET | Signal.REPEATED),
    where=_may_be_otherwise,
)
def laterality_format_differs(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find bilateral levels in another format than the policy wants."""
    for code, form in _billed(day):
        right, left = code.naming(ModifierRole.RIGHT), code.naming(ModifierRole.LEFT)
        if not code.naming(ModifierRole.BILATERAL) and not (right and left):
            continue
        if isinstance(form, NotKnown):
            yield not_told(form)
            continue
        lines = _of_other_form(day, code, form.value)
        excused = _excused(day, _facts(code), form, _as_written(code)) if lines else ()
        if excused is not None:
            yield from excused
        else:
            named = _facts(code).code
            yield finding(
                lines,
                f"{named}: report a bilateral level as {_reported(day, form.value)}",
                citations=form.citations,
                remedy=_in_form(day, code, lines, form.value) or _which_sides(named),
            )


def _as_written(code: BilledCode[Line]) -> LateralityFormat:
    """Return the format of the lines of a code that has a line with 50, or one for each side."""
    if not code.naming(ModifierRole.BILATERAL):
        return LateralityFormat.RT_LT_LINES
    return LateralityFormat.PLAIN_THEN_50 if code.naming() else LateralityFormat.ONE_LINE_50


def _of_other_form(day: Day, code: BilledCode[Line], form: LateralityFormat) -> list[Line]:
    """List the lines that write both sides in another format, unless another rule reports them."""
    both = code.naming(ModifierRole.BILATERAL)
    if both:
        told = (
            form is LateralityFormat.ONE_LINE_50
            or (form is LateralityFormat.RT_LT_LINES and day.claim_type is ClaimType.ASC_FACILITY)
            or (form is LateralityFormat.TWO_UNITS and code.ordinal is not Ordinal.FIRST)
            or (form is LateralityFormat.PLAIN_THEN_50 and bool(code.naming()))
        )
        return [] if told else both
    if form is LateralityFormat.RT_LT_LINES or code.counts_levels:
        return []  # additional joints may be one on each side
    return [*code.naming(ModifierRole.RIGHT), *code.naming(ModifierRole.LEFT)]


def _in_form(
    day: Day, code: BilledCode[Line], lines: list[Line], form: LateralityFormat
) -> Rewrite | None:
    """Write lines in the format of the policy, unless the sides are open."""
    if _may_be_turned(day, code):
        return None
    if len(lines) == 1:
        return _rewrite(day, code, lines[0], form)
    alike = len(lines) == len(code.lines) == _BOTH and _are_alike(*lines)
    if not alike or code.naming(ModifierRole.BILATERAL) or code.may_be_several:
        return None
    return _written(day, lines, form)


def _may_be_turned(day: Day, code: BilledCode[Line]) -> bool:
    """Whether a bilateral add-on follows a first level on one side.

    Bilateral levels come first, so the sides of the two levels may be exchanged.
    """
    if code.ordinal is Ordinal.FIRST:
        return False
    facts = _facts(code)
    first = [
        line
        for line in day.facet
        if line.facts.code.ordinal is Ordinal.FIRST
        and line.facts.code.region is facts.region
        and line.facts.code.family is facts.family
    ]
    sides = {line.side for line in first}
    return bool(first) and len(sides) == 1 and sides < set(_OPPOSITE)


@checks(when=Signal.BILATERAL | Signal.REPEATED)
def bilateral_billed_twice(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find one-level codes on a bilateral line and on another line."""
    for code, form in _billed(day):
        both, plain = code.naming(ModifierRole.BILATERAL), code.naming()
        named = [*code.naming(ModifierRole.RIGHT), *code.naming(ModifierRole.LEFT)]
        if code.counts_levels or not both or not (plain or named):
            continue
        if isinstance(form, NotKnown):
            yield not_told(form)
            continue
        if form.value is LateralityFormat.PLAIN_THEN_50 and not named:
            continue
        accepted = None if named else _accepted(day, _facts(code), LateralityFormat.PLAIN_THEN_50)
        if accepted is not None:
            yield from accepted
            continue
        lines = [*both, *plain, *named]
        joined = len(lines) == len(code.lines) == _BOTH and not named and _are_alike(*lines)
        yield finding(
            lines,
            f"{_facts(code).code}-{_names(day, ModifierRole.BILATERAL)} bills both sides; any"
            f" other line of {_facts(code).code} bills a side again",
            citations=form.citations,
            remedy=(_written(day, lines, form.value) if joined else None)
            or _which_sides(_facts(code).code),
        )


# -- sides and levels


_NERVES_OR_LEVELS = (Ordinal.SECOND, Ordinal.EACH_ADDITIONAL)


@checks(when=Signal.FIRST | Signal.ADD_ON | Signal.RIGHT | Signal.LEFT)
def second_side_as_add_on(day: Day) -> Iterator[RawFinding]:
    """Find an add-on for one side after a first level on the other side, and nothing else."""
    if day.session is not None:
        return  # the rules on documentation read it
    for lines in day.by_region.values():
        if len(lines) != _BOTH:
            continue
        first, added = sorted(lines, key=lambda line: line.facts.code.ordinal is not Ordinal.FIRST)
        if (
            first.facts.code.ordinal is Ordinal.FIRST
            and added.facts.code.ordinal in _NERVES_OR_LEVELS
            and first.units == added.units == 1
            and (first.side, added.side) in _OPPOSITE.items()
        ):
            form = value_of(first.facts.code.form)
            wanted = f", as {_reported(day, form)}" if form else ""
            yield finding(
                lines,
                f"{first.code}-{_names(day, *first.sides)} with"
                f" {added.code}-{_names(day, *added.sides)} is correct only if two levels were"
                f" treated; if one level was treated on both sides, bill only {first.code}{wanted}",
                remedy=_ask("Was one level treated on both sides, or one level on each side?"),
            )


def _names_sides(plan: CheckingPlan) -> bool:
    return value_of(plan.rules.side_naming()) is SideNaming.NAMED


@checks(when=Signal.NO_SIDE, where=_names_sides)
def side_not_named(day: Day) -> Iterator[RawFinding]:
    """Find lines without a modifier for the side, where the policy wants one."""
    stated = day.rules.side_naming()
    lines = [line for code, form in _billed(day) for line in _unnamed(code, value_of(form))]
    if lines and isinstance(stated, Known):
        codes = sorted({line.code for line in lines})
        named = series([modifier_for(day.plan, role) for role in _OPPOSITE], "or")
        yield finding(
            lines,
            f"{series(codes)} {agree(codes, 'has', 'have')} no modifier for the side; report"
            f" {named} for a level treated on one side",
            citations=stated.citations,
            remedy=_ask("Which side was treated, or were both sides treated?"),
        )


def _unnamed(code: BilledCode[Line], form: LateralityFormat | None) -> list[Line]:
    """List the lines of a code for levels on one side that do not name it.

    One line reports all levels from the third on; it has no side if their sides differ.
    """
    if code.ordinal is Ordinal.THIRD_AND_MORE:
        return []
    plain = code.naming()
    if form is LateralityFormat.TWO_UNITS:
        return [line for line in plain if line.units is None or line.units % _BOTH]
    if form is LateralityFormat.PLAIN_THEN_50 and code.naming(ModifierRole.BILATERAL):
        return []
    return [line for line in plain if code.counts_levels or line.units in (None, 1)]


_PRIMARY_AND_ADD_ON = Signal.FIRST | Signal.ADD_ON | Signal.SEVERAL_FACET


@checks(
    when=(
        _PRIMARY_AND_ADD_ON | Signal.BILATERAL_ADD_ON,
        _PRIMARY_AND_ADD_ON | Signal.SEVERAL_UNITS,
    )
)
def bilateral_level_order(day: Day) -> Iterator[RawFinding]:
    """Find a bilateral level after a level on one side, where bilateral levels come first."""
    stated = day.rules.level_order()
    if not isinstance(stated, Known):
        return
    for lines in day.by_region.values():
        levels = {code.ordinal: code for code in billed_codes(lines)}
        for earlier, later in _ORDERED:
            before, after = levels.get(earlier), levels.get(later)
            if before and after and _is_of_one_side(before) and _is_of_both_sides(after):
                yield finding(
                    (*before.lines, *after.lines),
                    f"{_facts(after).code} is bilateral but {_facts(before).code} is not; report"
                    " bilateral levels first",
                    citations=stated.citations,
                    remedy=_ask("Which levels were treated on both sides?"),
                )


def _is_of_one_side(code: BilledCode[Line]) -> bool:
    """Whether the lines of a one-level code are 1 unit on one side, named or not.

    More units are both sides in some format, or more levels than the code represents, which other
    rules report.
    """
    [first, *more] = code.lines
    known = isinstance(_facts(code).form, Known)
    several = more or first.units != 1 or len(first.sides) > 1
    return known and not several and first.side is not ModifierRole.BILATERAL


def _is_of_both_sides(code: BilledCode[Line]) -> bool:
    """Whether the lines of a code certainly have a bilateral level, in the format of the policy."""
    form = value_of(_facts(code).form)
    clear = all(
        line.units and len(line.facts.with_roles(*LATERAL_ROLES)) < _BOTH for line in code.lines
    )
    read = code.read(form) if form and clear else None
    return read is not None and read.fewest_bilateral > 0 and not read.excess


_ORDERED = (
    (Ordinal.FIRST, Ordinal.SECOND),
    (Ordinal.FIRST, Ordinal.EACH_ADDITIONAL),
    (Ordinal.SECOND, Ordinal.THIRD_AND_MORE),
)
