"""Rules on pairs of codes, from the NCCI procedure-to-procedure (PTP) edits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import attrs

from cptfacet._groups import grouped
from cptfacet._text import agree, series
from cptfacet.checking.day import Day, Line
from cptfacet.checking.rule import (
    NotAsked,
    RawFinding,
    by_code,
    checks,
    finding,
    instead,
    modifier_for,
    not_told,
)
from cptfacet.checking.signals import Signal
from cptfacet.citations import Citation
from cptfacet.findings import Question
from cptfacet.modifiers import ModifierRole
from cptfacet.policies import Known
from cptfacet.procedures import CodeGroup
from cptfacet.reference.editions import Basis
from cptfacet.reference.edits import PairEdit, PairEdits, PairIndicator
from cptfacet.unknown import Unknown


@attrs.frozen(eq=False)
class _Met:
    """An edit in force that pairs two codes of a day, with their lines."""

    edit: PairEdit
    column1: tuple[Line, ...]
    column2: tuple[Line, ...]
    citations: tuple[Citation, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        return (*self.column1, *self.column2)


@checks(when=Signal.FACET | Signal.PAIRED)
def pair_never_paid(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find two codes that an edit never pays together, whatever the modifiers."""
    for met in _met(day, PairIndicator.NEVER):
        if isinstance(met, NotAsked):
            yield met
            continue
        edit = met.edit
        yield finding(
            met.lines,
            f"{edit.column2} is not paid with {edit.column1} (NCCI PTP edit, indicator"
            f" {edit.indicator.value}); no modifier bypasses the edit",
            citations=met.citations,
            question=f"Was {edit.column2} part of {edit.column1}, and should it be removed?",
        )


@checks(when=Signal.FACET | Signal.PAIRED)
def pair_without_modifier(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find two codes that an edit pays only as distinct services, without a modifier for that."""
    for bypass in _bypassable(day):
        if isinstance(bypass, NotAsked):
            yield bypass
        elif bypass.failing:
            edit = bypass.edit
            yield finding(
                bypass.failing,
                f"{edit.column2} is not paid with {edit.column1} unless a modifier shows"
                f" distinct services (NCCI PTP edit, indicator {edit.indicator.value})",
                citations=bypass.citations,
                question=f"Were {edit.column1} and {edit.column2} performed at separate sites"
                " or in separate sessions, and does the record document it?",
            )


@checks(when=Signal.FACET | Signal.PAIRED | Signal.MODIFIED)
def pair_with_modifier(day: Day) -> Iterator[RawFinding]:
    """Find two codes paid together only because a modifier bypasses the edit."""
    for bypass in _bypassable(day):
        if isinstance(bypass, _Bypass) and not bypass.failing:
            edit = bypass.edit
            yield finding(
                bypass.met.lines,
                f"{edit.column2} is paid with {edit.column1} only because of"
                f" {series(bypass.by)}; the record must document the separate site or session",
                citations=bypass.citations,
            )


@checks(when=Signal.FACET | Signal.SEVERAL_LINES | Signal.DISTINCT)
def distinct_modifier_not_specific(day: Day) -> Iterator[RawFinding]:
    """Find the general modifier for distinct services where a specific one would say more."""
    role_of = day.plan.reference.modifier_role
    general = modifier_for(day.plan, ModifierRole.DISTINCT)
    for bypass in _bypassable(day):
        if not isinstance(bypass, _Bypass) or bypass.failing:
            continue
        listed = bypass.listed.value
        narrower = [m for m in listed if m != general and role_of(m) is ModifierRole.DISTINCT]
        using = [line for line in bypass.met.lines if general in line.facts.modifiers]
        if narrower and using:
            yield finding(
                using,
                f"{general} bypasses the PTP edit of {bypass.edit.column1} and"
                f" {bypass.edit.column2}; {series(narrower, 'or')} would state why the two"
                " services are distinct",
                citations=bypass.listed.citations,
                question="Was it a separate encounter, structure or practitioner, or a"
                " service that does not overlap?",
            )


@checks(when=Signal.FACET | Signal.SEVERAL_LINES | Signal.DISTINCT)
def distinct_modifier_not_needed(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find modifiers for distinct services on codes that no edit pairs with another of the day."""
    elsewhere = {line.number for line in day.distinct_levels}
    marked = [line for line in day.showing(Signal.DISTINCT) if line.number not in elsewhere]
    codes = sorted(
        {
            line.code
            for line in day.lines
            if line.facts.code.shaped and CodeGroup.EVALUATION not in line.facts.code.groups
        }
    )
    others = [code for code in codes if not day.plan.code(code).facet]
    if _among(day, frozenset(codes)) is None:
        yield _TOO_MANY
        return
    for code, lines in by_code(line for line in marked if line.code in codes):
        facet = lines[0].facts.code.facet
        if not facet and len(others) > 1:
            continue  # edits between two codes that are not facet codes are not all known
        said = [
            day.rules.pair(code, other)
            for other in codes
            if other != code and (facet or day.plan.code(other).facet)
        ]
        unknown = next((each for each in said if isinstance(each, Unknown)), None)
        known = [each for each in said if isinstance(each, PairEdits)]
        if any(map(_in_force, known)):
            continue
        if unknown is not None:
            yield NotAsked(needs="PTP edits", reason=unknown.reason)
        else:
            yield _not_needed(day, code, lines, known)


def _not_needed(day: Day, code: str, lines: list[Line], known: list[PairEdits]) -> RawFinding:
    used = sorted({m for line in lines for m in line.facts.with_roles(ModifierRole.DISTINCT)})
    deleted = [edit for each in known for edit in each.deleted]
    ended = "".join(
        f"; the edit of {edit.column1} and {edit.column2} was deleted on {edit.deleted}"
        for edit in deleted
    )
    alone = sum(line.code == code for line in day.lines) == 1
    settled = alone and all(each.provenance.basis is Basis.STATED for each in known)
    [line, *_] = lines
    return finding(
        lines,
        f"{code}-{'-'.join(used)}: no PTP edit pairs {code} with another code of the day, so"
        f" {series(used)} {agree(used, 'bypasses', 'bypass')} nothing{ended}",
        citations=(c for each in known for c in each.provenance.citations),
        remedy=(
            instead(line.rewritten(modifiers=line.facts.without(ModifierRole.DISTINCT)))
            if settled
            else Question(question=f"Which service of the day was {code} distinct from?")
        ),
    )


def _in_force(pair: PairEdits) -> bool:
    return pair.edit is not None and pair.edit.indicator is not PairIndicator.NONE


_MOST = 10**7  # line numbers that findings on pairs may have to hold
_TOO_MANY = NotAsked(
    needs="fewer codes", reason="the day has more codes or lines than are checked for pairs"
)


def _among(day: Day, codes: frozenset[str]) -> tuple[PairEdits | Unknown, ...] | None:
    """Return the edits between codes of the day, or None where there are too many codes."""
    return None if len(day.lines) * len(codes) > _MOST else day.plan.pairs_among(codes)


def _met(day: Day, indicator: PairIndicator) -> Iterator[_Met | NotAsked]:
    """Yield the edits in force with an indicator that pair codes of the day."""
    of_code = grouped(day.lines, key=lambda line: line.code)
    among = _among(day, frozenset(of_code))
    if among is None:
        yield _TOO_MANY
        return
    for said in among:
        if isinstance(said, Unknown):
            yield NotAsked(needs="PTP edits", reason=said.reason)
        elif said.edit is not None and said.edit.indicator is indicator:
            one, other = (tuple(of_code[c]) for c in (said.edit.column1, said.edit.column2))
            yield _Met(said.edit, one, other, said.provenance.citations)


@attrs.frozen(eq=False)
class _Bypass:
    """An edit that a modifier can bypass: the lines that fail it, the modifiers that bypass it."""

    met: _Met
    listed: Known[tuple[str, ...]]
    failing: tuple[Line, ...]
    by: tuple[str, ...]

    @property
    def edit(self) -> PairEdit:
        return self.met.edit

    @property
    def citations(self) -> tuple[Citation, ...]:
        return (*self.met.citations, *self.listed.citations)


def _bypassable(day: Day) -> Iterator[_Bypass | NotAsked]:
    """Yield each edit of the day that a modifier can bypass, with what its lines do."""
    for met in _met(day, PairIndicator.ALLOWED):
        if isinstance(met, NotAsked):
            yield met
            continue
        listed = day.rules.pair_modifiers()
        if isinstance(listed, Known):
            yield _bypass(met, listed)
        else:
            yield not_told(listed)


_ANY = "any"
_SIDES = {ModifierRole.RIGHT, ModifierRole.LEFT}


def _bypass(met: _Met, stated: Known[tuple[str, ...]]) -> _Bypass:
    """Return which lines bypass an edit: each line of one code with each of the other."""
    listed = stated.value
    columns = (met.column1, met.column2)
    sides = [grouped(lines, key=lambda line: _way(line, listed)) for lines in columns]
    failing: list[Line] = []
    by: set[str] = set()
    for one, other in itertools.product(*sides):
        both = [*sides[0][one], *sides[1][other]]
        if _ANY in {one, other}:
            by.update(m for line in both for m in _general(line, listed))
        elif {one, other} == _SIDES:
            by.update(m for line in both for m in line.facts.modifiers if m in listed)
        else:
            failing += both
    unique = {line.number: line for line in failing}
    return _Bypass(met, stated, tuple(unique.values()), tuple(sorted(by)))


def _way(line: Line, listed: tuple[str, ...]) -> str | None:
    """Return how a line bypasses an edit: with a general modifier, by its side, or not at all.

    A side bypasses it only where the other service was on the other side.
    """
    if _general(line, listed):
        return _ANY
    named = [m for m in line.facts.modifiers if m in listed]
    return line.side if named and line.side in _SIDES else None


def _general(line: Line, listed: tuple[str, ...]) -> list[str]:
    return [m for m in line.facts.without(*_SIDES) if m in listed]
