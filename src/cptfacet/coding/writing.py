"""From levels to lines: group them, order them, count them, write their sides.

Each step yields the lines it writes and what is to be said about them, in order, and returns what
the next step needs.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import attrs

from cptfacet._records import sealed
from cptfacet.anatomy import CodeRegion, Joint, Side
from cptfacet.bilateral import lay_out
from cptfacet.citations import Confidence
from cptfacet.claims import Purpose
from cptfacet.coding.families import chosen_by, purposes_of
from cptfacet.coding.plans import JUNCTION, not_known, weight
from cptfacet.coding.result import LineReason
from cptfacet.notes import Note, NoteId, Reason, Refusal
from cptfacet.policies import Answer, Known, NotKnown, Provision
from cptfacet.policies.vocabulary import FamilyPairing, Grouping
from cptfacet.procedures import CodeRole, Family, Ordinal, role_of

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator, Sequence

    from cptfacet.coding.families import Level
    from cptfacet.coding.plans import Plan

__all__ = ["Line", "family_pairs", "write"]


def __dir__() -> list[str]:
    return sorted(__all__)


_DIAGNOSTIC = frozenset[Purpose | None]({Purpose.DIAGNOSTIC})
_THERAPEUTIC = frozenset[Purpose | None]({Purpose.THERAPEUTIC})
_NOT_STATED = frozenset[Purpose | None]({None})


@sealed
@attrs.frozen(kw_only=True)
class Line:
    """One line, before it has its number on the claim: the levels it represents, and why."""

    family: Family
    code: str
    modifiers: tuple[str, ...]
    units: int
    levels: tuple[Level, ...]
    side: Side | None
    provisions: tuple[Provision, ...]

    @property
    def purposes(self) -> frozenset[Purpose | None]:
        """Why its levels were treated."""
        return purposes_of(self.levels)

    def reason(self, number: int) -> LineReason:
        """Return why the line is there, under its number on the claim."""
        return LineReason(
            line=number,
            joints=tuple([level.joint for level in self.levels]),
            side=self.side,
            provisions=self.provisions,
        )


class _Group(NamedTuple):
    """Levels that share a first level, in the order of their codes, and what shaped the group."""

    levels: list[Level]
    shaped: list[Provision]


class _Part(NamedTuple):
    """The levels of a group that one code represents."""

    ordinal: Ordinal
    role: CodeRole
    levels: list[Level]

    @property
    def region(self) -> CodeRegion:
        return self.levels[0].region


Written: TypeAlias = "Line | Note | Refusal"


def write(family: Family, levels: Collection[Level], plan: Plan) -> Iterator[Written]:
    """Yield the lines of one family, and what is to be said about them."""
    yield from _by_name(levels)
    placed = [level for level in levels if level.fact is not None]
    for group in (yield from _groups(family, placed, plan)):
        yield from _write_group(family, group, plan)


def _by_name(levels: Iterable[Level]) -> Iterator[Note | Refusal]:
    """Say what is known of the regions and sides of single levels."""
    unnamed: list[Joint] = []
    for level in levels:
        joint, fact = level.joint, level.fact
        if fact is None:
            message = (
                f"{joint}: no source we have read states which region picked its code on that date"
            )
            yield Refusal(reason=Reason.NOT_KNOWN, message=message)
            continue
        if level.side is None:
            unnamed.append(joint)
        if fact.confidence is Confidence.JUDGMENT:
            message = f"code region of {joint} is {fact.region}: {fact.note}"
            yield Note(id=NoteId.JUDGMENT, message=message, citations=fact.citations)
    if unnamed:
        message = f"no side is named for {', '.join(sorted(unnamed))}: coded as one side, not named"
        yield Note(id=NoteId.SIDE_NOT_DOCUMENTED, message=message)


# -- groups of levels


def _groups(
    family: Family, levels: Iterable[Level], plan: Plan
) -> Generator[Note, None, list[_Group]]:
    """Split levels into groups, each with a first level, in the order of their codes."""
    ordered = sorted(levels, key=lambda level: level.joint.position)
    by_region: dict[CodeRegion, list[Level]] = {}
    for level in ordered:
        by_region.setdefault(level.region, []).append(level)
    shaped: list[Provision] = []
    if len(by_region) > 1 and any(level.joint is Joint.T12_L1 for level in ordered):
        answer = plan.rules.thoracolumbar(family)
        alone = {level.joint for level in ordered} == set(JUNCTION)
        if isinstance(answer, NotKnown):
            if alone:
                message = f"T12-L1 with L1-L2 is coded by code region: {answer.reason}"
                yield Note(id=NoteId.NOT_KNOWN, message=message, citations=answer.citations)
        elif answer.value is not Grouping.ONE_GROUP:
            shaped = [answer.provision]
        elif alone:
            return [_Group(ordered, [answer.provision])]
        else:
            message = (
                "T12-L1 is coded by its code region: the instruction that groups it with L1-L2"
                " covers these two joints alone"
            )
            citations = answer.citations
            yield Note(id=NoteId.NO_MAC_INSTRUCTION, message=message, citations=citations)
    groups: list[_Group] = []
    for among in by_region.values():
        group = yield from _in_order(_Group(among, shaped), plan)
        groups.append(group)
    return groups


def _in_order(group: _Group, plan: Plan) -> Generator[Note, None, _Group]:
    """Put levels treated on both sides first, where sides differ."""
    levels, shaped = group
    if len({level.side for level in levels}) == 1:
        return group
    settled = yield from _settled(plan.rules.level_order(), "order of levels")
    levels = sorted(levels, key=lambda level: level.side is not Side.BILATERAL)
    return _Group(levels, [*shaped, *settled])


def _settled(answer: Answer[object], what: str) -> Generator[Note, None, tuple[Provision, ...]]:
    """Return the provision that settles a choice; say so where none is known."""
    if isinstance(answer, Known):
        return (answer.provision,)
    yield not_known(what, answer)
    return ()


# -- lines of one group


def _write_group(family: Family, group: _Group, plan: Plan) -> Iterator[Written]:
    """Write a group code by code; without its first level there are no add-ons."""
    for part in _parts(family, group.levels):
        refusal = _not_writable(family, part, plan)
        if refusal is None:
            yield from _write_code(family, part, group.shaped, plan)
            continue
        yield refusal
        if part.ordinal is Ordinal.FIRST:
            return


def _parts(family: Family, levels: list[Level]) -> Iterator[_Part]:
    """Split an ordered group by the code that represents each level."""
    first, rest = levels[:1], levels[1:]
    parts = [(Ordinal.FIRST, first), (Ordinal.SECOND, rest[:1]), (Ordinal.THIRD_AND_MORE, rest[1:])]
    if family is Family.ABLATION:
        parts = [(Ordinal.FIRST, first), (Ordinal.EACH_ADDITIONAL, rest)]
    for ordinal, represented in parts:
        if represented:
            yield _Part(ordinal, role_of(family, ordinal), represented)


def _not_writable(family: Family, part: _Part, plan: Plan) -> Refusal | None:
    """Say why the levels of one code can't be written, if they can't."""
    where = ", ".join(level.joint for level in part.levels)
    if (family, part.region, part.ordinal) not in plan.rules.codes:
        message = f"{where}: no {part.ordinal} code of {family} is valid on that date"
        return Refusal(reason=Reason.CODES_NOT_IN_FORCE, message=message)
    form = plan.rules.laterality_format(part.role)
    if isinstance(form, NotKnown) and any(level.side is Side.BILATERAL for level in part.levels):
        message = f"{where}: how both sides are written is not known: {form.reason}"
        return Refusal(reason=Reason.NOT_KNOWN, message=message, citations=form.citations)
    return None


def _write_code(
    family: Family, part: _Part, shaped: Iterable[Provision], plan: Plan
) -> Iterator[Written]:
    """Write the lines of one code, each with the levels that it represents."""
    levels = part.levels
    together: list[tuple[Sequence[Level], Side | None]]
    if part.ordinal is Ordinal.THIRD_AND_MORE and len(levels) > 1:
        side, settled = yield from _third_side(levels, plan)
        together = [(levels, side)]
        shaped = (*shaped, *settled)
    else:
        together = [((level,), level.side) for level in levels]
    marked = yield from _is_marked(family, levels, plan)
    for modifiers, units, laid in lay_out(plan.shapes(part.role), together):
        side, on_line = _represented(plan.side_of.get(modifiers), laid)
        both = any(written is Side.BILATERAL for _, written in laid)
        finish = plan.finish(family, part.role, modifiers, marked=marked, both=both)
        used = (*chosen_by(on_line), *shaped)
        for provision in used:
            if provision.caveat or provision.confidence is Confidence.JUDGMENT:
                yield from weight(provision)
        yield from finish.notes
        yield Line(
            family=family,
            code=plan.rules.codes[family, part.region, part.ordinal],
            modifiers=finish.modifiers,
            units=units,
            levels=on_line,
            side=side,
            provisions=used + finish.provisions,
        )


def _third_side(
    levels: Sequence[Level], plan: Plan
) -> Generator[Note, None, tuple[Side | None, tuple[Provision, ...]]]:
    """Return the side of the one line for the third and all further levels."""
    sides = {level.side for level in levels}
    if len(sides) == 1:
        return levels[0].side, ()
    settled = yield from _settled(
        plan.rules.third_level_side(), "side of the third and further levels"
    )
    return (Side.BILATERAL if Side.BILATERAL in sides else None), settled


def _represented(
    named: Side | None, laid: Iterable[tuple[Iterable[Level], Side | None]]
) -> tuple[Side | None, tuple[Level, ...]]:
    """Return the side and levels that a line represents, given the side that its modifiers name."""
    levels = tuple([level for together, _ in laid for level in together])
    if named is None:
        sides = {level.side for level in levels}
        return (sides.pop() if len(sides) == 1 else None), levels
    on_line = tuple([level for level in levels if level.side is not _OPPOSITE[named]])
    certain = all(level.side in (named, Side.BILATERAL) for level in on_line)
    return (named if certain else None), on_line


_OPPOSITE = {Side.RIGHT: Side.LEFT, Side.LEFT: Side.RIGHT}


def _is_marked(family: Family, levels: Sequence[Level], plan: Plan) -> Generator[Note, None, bool]:
    """Whether a line is marked as diagnostic: the policy marks such lines, and it surely is one."""
    answer = plan.rules.diagnostic_modifier(family)
    purposes = purposes_of(levels)
    if isinstance(answer, NotKnown):
        if Purpose.DIAGNOSTIC in purposes:
            where = ", ".join(answer.candidates)
            where = f" (depends on jurisdiction: {where})" if where else ""
            message = f"whether diagnostic lines carry a modifier: {answer.reason}{where}"
            yield Note(id=NoteId.NOT_KNOWN, message=message, citations=answer.citations)
    elif answer.value is None:
        return False
    elif purposes == _DIAGNOSTIC:
        message = (
            f"{answer.value} attests that the requirements of the policy are met;"
            " coding has not tested them"
        )
        yield Note(id=NoteId.ATTESTS, message=message, citations=answer.citations)
        return True
    elif purposes != _THERAPEUTIC:
        yield _why_unmarked(answer, purposes, levels)
    return False


def _why_unmarked(
    diagnostic: Known[str | None], purposes: frozenset[Purpose | None], levels: Iterable[Level]
) -> Note:
    """Say why a line that may be diagnostic is not marked so."""
    modifier, citations = diagnostic.value, diagnostic.citations
    if purposes == _NOT_STATED:
        message = f"the purpose is not stated, so no {modifier} is set; it goes on diagnostic lines"
        return Note(id=NoteId.PURPOSE_NOT_STATED, message=message, citations=citations)
    joints = ", ".join(level.joint for level in levels)
    message = f"{joints}: more than one purpose on one line, so no {modifier} is set; ask which"
    return Note(id=NoteId.PURPOSE_MIXED, message=message, citations=citations)


# -- families together


def family_pairs(families: Collection[Family], plan: Plan) -> Iterator[Note]:
    """Say what the payer's pair edits are for families that are written together."""
    for one, other in itertools.combinations([f for f in Family if f in families], 2):
        answer = plan.rules.family_pair(one, other)
        if isinstance(answer, NotKnown):
            continue
        said = "are never paid together"
        if answer.value is FamilyPairing.PAID_WHEN_DISTINCT:
            said = (
                "are paid together only as distinct services; no modifier is set for that, ask"
                " whether the sites were separate"
            )
        message = f"{one} and {other}: by the payer's pair edits they {said}"
        yield Note(id=NoteId.FAMILY_PAIR, message=message, citations=answer.citations)
