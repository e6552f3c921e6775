"""Rules on pairs of codes, from the procedure-to-procedure edits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import attrs

from cptfacet.checking.day import Day, Line
from cptfacet.checking.rule import NotAsked, RawFinding, by_code, checks, instead, not_told, numbers
from cptfacet.checking.signals import Signal
from cptfacet.citations import Citation
from cptfacet.findings import Question
from cptfacet.modifiers import ModifierRole
from cptfacet.policies import Known
from cptfacet.procedures import CodeGroup
from cptfacet.reference.editions import Basis, NotInData
from cptfacet.reference.edits import PairEdit, PairEdits, PairIndicator


@attrs.frozen(eq=False)
class _Met:
    """An edit in force that two codes of a day meet, and their lines."""

    edit: PairEdit
    column1: tuple[Line, ...]
    column2: tuple[Line, ...]
    citations: tuple[Citation, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        return (*self.column1, *self.column2)


@checks(when=Signal.FACET | Signal.PAIRED)
def pair_never_paid(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find two codes of which an edit pays one only, whatever the modifiers."""
    for met in _met(day, PairIndicator.NEVER):
        if isinstance(met, NotAsked):
            yield met
            continue
        edit = met.edit
        yield RawFinding(
            lines=numbers(met.lines),
            message=(
                f"{edit.column2} is not paid beside {edit.column1}, and no modifier changes that"
                f" (pair edit, indicator {edit.indicator.value})"
            ),
            citations=met.citations,
            remedy=Question(
                question=f"Is {edit.column2} a part of {edit.column1} here, so that it is not"
                " billed?"
            ),
        )


@checks(when=Signal.FACET | Signal.PAIRED)
def pair_without_modifier(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find two codes that an edit pays as distinct services only, and no modifier says so."""
    for passing in _passable(day):
        if isinstance(passing, NotAsked):
            yield passing
        elif passing.failing:
            edit = passing.edit
            yield RawFinding(
                lines=numbers(passing.failing),
                message=(
                    f"{edit.column2} is not paid beside {edit.column1} unless a modifier says that"
                    f" the two were distinct (pair edit, indicator {edit.indicator.value})"
                ),
                citations=passing.citations,
                remedy=Question(
                    question=f"Were {edit.column1} and {edit.column2} done at separate sites or in"
                    " separate sessions, and does the record show it?"
                ),
            )


@checks(when=Signal.FACET | Signal.PAIRED | Signal.MODIFIED)
def pair_with_modifier(day: Day) -> Iterator[RawFinding]:
    """Find two codes that pass an edit by a modifier, which the record has to bear out."""
    for passing in _passable(day):
        if isinstance(passing, _Passing) and not passing.failing:
            edit = passing.edit
            yield RawFinding(
                lines=numbers(passing.met.lines),
                message=(
                    f"{edit.column2} is paid beside {edit.column1} by"
                    f" {' and '.join(passing.by)} alone: the record must show the separate site or"
                    " session"
                ),
                citations=passing.citations,
            )


@checks(when=Signal.FACET | Signal.SEVERAL_LINES | Signal.DISTINCT)
def distinct_modifier_not_specific(day: Day) -> Iterator[RawFinding]:
    """Find the general modifier for distinct services where a narrower one would say more."""
    role_of = day.plan.reference.modifier_role
    general = day.plan.reference.modifier_for(ModifierRole.DISTINCT)
    for passing in _passable(day):
        if not isinstance(passing, _Passing) or passing.failing:
            continue
        listed = passing.listed.value
        narrower = [m for m in listed if m != general and role_of(m) is ModifierRole.DISTINCT]
        using = [line for line in passing.met.lines if general in line.facts.modifiers]
        if narrower and using:
            yield RawFinding(
                lines=numbers(using),
                message=(
                    f"{general} passes the pair edit of {passing.edit.column1} and"
                    f" {passing.edit.column2}; {', '.join(narrower)} would say why the two are"
                    " distinct"
                ),
                citations=passing.listed.citations,
                remedy=Question(
                    question="Was it a separate session, site or practitioner, or a service that"
                    " does not overlap?"
                ),
            )


@checks(when=Signal.FACET | Signal.SEVERAL_LINES | Signal.DISTINCT)
def distinct_modifier_not_needed(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find modifiers for distinct services where no edit pairs the code with any of the day."""
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
            continue  # of two codes that are none of facet levels, edits are not all known
        said = [
            day.plan.pair(code, other)
            for other in codes
            if other != code and (facet or day.plan.code(other).facet)
        ]
        unknown = next((each for each in said if isinstance(each, NotInData)), None)
        known = [each for each in said if isinstance(each, PairEdits)]
        if any(map(_in_force, known)):
            continue
        if unknown is not None:
            yield NotAsked(needs="pair edits", reason=unknown.reason)
        else:
            yield _not_needed(day, code, lines, known)


def _not_needed(day: Day, code: str, lines: list[Line], known: list[PairEdits]) -> RawFinding:
    used = sorted({m for line in lines for m in line.facts.with_roles(ModifierRole.DISTINCT)})
    deleted = [edit for each in known for edit in each.deleted]
    ended = "".join(
        f"; that of {edit.column1} and {edit.column2} was deleted on {edit.deleted}"
        for edit in deleted
    )
    alone = sum(line.code == code for line in day.lines) == 1
    settled = alone and all(each.footing.basis is Basis.STATED for each in known)
    [line, *_] = lines
    return RawFinding(
        lines=numbers(lines),
        message=(
            f"{' and '.join(used)} on {code} has no edit to pass: none in force pairs {code} with"
            f" another code of the day{ended}"
        ),
        citations=tuple(dict.fromkeys(c for each in known for c in each.footing.citations)),
        remedy=instead(line.rewritten(modifiers=line.facts.without(ModifierRole.DISTINCT)))
        if settled
        else Question(question=f"From which service of the day was {code} distinct?"),
    )


def _in_force(pair: PairEdits) -> bool:
    return pair.edit is not None and pair.edit.indicator is not PairIndicator.NONE


_MOST = 10**7  # line numbers that findings on pairs may have to hold
_TOO_MANY = NotAsked(
    needs="fewer codes", reason="the day has more codes or lines than are asked for pairs"
)


def _among(day: Day, codes: frozenset[str]) -> tuple[PairEdits | NotInData, ...] | None:
    """Give what the edits say of codes of the day, or None where there are too many."""
    return None if len(day.lines) * len(codes) > _MOST else day.plan.pairs_among(codes)


def _met(day: Day, indicator: PairIndicator) -> Iterator[_Met | NotAsked]:
    """Give the edits in force with an indicator that codes of the day meet."""
    of_code: dict[str, list[Line]] = {}
    for line in day.lines:
        of_code.setdefault(line.code, []).append(line)
    among = _among(day, frozenset(of_code))
    if among is None:
        yield _TOO_MANY
        return
    for said in among:
        if isinstance(said, NotInData):
            yield NotAsked(needs="pair edits", reason=said.reason)
        elif said.edit is not None and said.edit.indicator is indicator:
            one, other = (tuple(of_code[c]) for c in (said.edit.column1, said.edit.column2))
            yield _Met(said.edit, one, other, said.footing.citations)


@attrs.frozen(eq=False)
class _Passing:
    """An edit that a modifier can pass: the lines that fail it, and the modifiers that pass it."""

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


def _passable(day: Day) -> Iterator[_Passing | NotAsked]:
    """Give each edit that a modifier can pass, and how its lines stand to it."""
    for met in _met(day, PairIndicator.ALLOWED):
        if isinstance(met, NotAsked):
            yield met
            continue
        listed = day.rules.pair_modifiers()
        if isinstance(listed, Known):
            yield _passing(met, listed)
        else:
            yield not_told(listed)


_ANY = "any"
_SIDES = {ModifierRole.RIGHT, ModifierRole.LEFT}


def _passing(met: _Met, stated: Known[tuple[str, ...]]) -> _Passing:
    """Ask of each line of one code with each of the other whether the two pass."""
    listed = stated.value
    sides: list[dict[str | None, list[Line]]] = []
    for lines in (met.column1, met.column2):
        by_way: dict[str | None, list[Line]] = {}
        for line in lines:
            by_way.setdefault(_way(line, listed), []).append(line)
        sides.append(by_way)
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
    return _Passing(met, stated, tuple(unique.values()), tuple(sorted(by)))


def _way(line: Line, listed: tuple[str, ...]) -> str | None:
    """Give how a line passes an edit: by a general modifier, by its side, or not at all.

    A side passes only where the other service was on the other side.
    """
    if _general(line, listed):
        return _ANY
    named = [m for m in line.facts.modifiers if m in listed]
    return line.side if named and line.side in _SIDES else None


def _general(line: Line, listed: tuple[str, ...]) -> list[str]:
    return [m for m in line.facts.without(*_SIDES) if m in listed]
