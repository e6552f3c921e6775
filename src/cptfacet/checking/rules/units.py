"""Rules on units: the medically unlikely edits (MUE)."""

from __future__ import annotations

from collections.abc import Iterator

from cptfacet.billed import BilledCode
from cptfacet.checking.day import Day, Line
from cptfacet.checking.rule import NotAsked, RawFinding, by_code, checks, finding
from cptfacet.checking.signals import Signal
from cptfacet.findings import QuestionTopic
from cptfacet.modifiers import ModifierRole
from cptfacet.policies import value_of
from cptfacet.policies.vocabulary import LateralityFormat
from cptfacet.reference.edits import Mai, Mue


@checks(when=Signal.FACET | Signal.SEVERAL_UNITS)
def mue_exceeded(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find codes with more units than their MUE allows.

    Two lines for the two sides of one level count as one unit, where a rule on laterality reports
    them.
    """
    for code, lines in by_code(line for line in day.lines if line.facts.code.shaped):
        edit = day.rules.mues[code]
        if isinstance(edit, Mue):
            yield from _beyond(edit, lines, _second_sides(day, lines))
        elif lines[0].facts.code.facet:  # for other codes, not every edit is published
            yield NotAsked(needs="MUEs", reason=edit.reason)


def _beyond(edit: Mue, lines: list[Line], sides: int) -> Iterator[RawFinding]:
    """Find the lines with too many units, counted as the edit counts them."""
    counted = [(line, line.units) for line in lines]
    if edit.mai is Mai.LINE:
        beyond = [(line, units) for line, units in counted if units and units > edit.units]
        for line, units in beyond:
            yield _found(edit, [line], units)
        return
    total = sum(units for _, units in counted if units)
    if total - sides > edit.units:
        yield _found(edit, [line for line, units in counted if units], total)


REPORTED_BY = ("laterality-format-differs", "bilateral-billed-twice")  # second sides, beside 50 too


def _second_sides(day: Day, lines: list[Line]) -> int:
    """Count the lines of a code that bill the second side of a level whose first side is billed.

    They are right and left lines, or lines beside a bilateral one, if the policy writes both sides
    so or if a rule on laterality reports them.
    """
    facts = lines[0].facts.code
    written_in = value_of(facts.form)
    if len(lines) == 1 or written_in is None or facts.ordinal is None:
        return 0
    ones = tuple(line for line in lines if line.units == 1)
    code = BilledCode(ordinal=facts.ordinal, lines=ones)
    if code.counts_levels:
        return 0
    pairs = min(len(code.naming(ModifierRole.RIGHT)), len(code.naming(ModifierRole.LEFT)))
    if written_in is LateralityFormat.RT_LT_LINES:
        return pairs
    bilateral = len(code.naming(ModifierRole.BILATERAL))
    if len(ones) < len(lines) or not day.plan.asks(REPORTED_BY[bilateral > 0]):
        return 0
    return len(lines) - bilateral if bilateral else pairs


_APPEAL = "; more may be paid on appeal if the record supports it"
_ABSOLUTE = "; this limit is absolute, so expect a denial"


def _found(edit: Mue, lines: list[Line], units: int | None) -> RawFinding:
    expected = _ABSOLUTE if edit.mai is Mai.DAY_BY_POLICY else _APPEAL
    return finding(
        lines,
        f"{edit.code} has {units} units; its MUE allows {edit.units} per"
        f" {'line' if edit.mai is Mai.LINE else 'day'} (MAI {edit.mai.value}){expected}",
        citations=edit.provenance.citations,
        question=f"How many levels and sides do the units of {edit.code} represent?",
        topic=QuestionTopic.UNITS,
    )
