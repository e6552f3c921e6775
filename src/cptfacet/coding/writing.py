"""From levels to lines: group them, order them, count them, write their sides.

Each step adds its lines to the draft, notes there what there is to say about them, and returns what
the next step needs.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import attrs

from cptfacet._records import sealed
from cptfacet.anatomy import CodeRegion, Joint, Side
from cptfacet.bilateral import lay_out
from cptfacet.citations import Confidence
from cptfacet.claims import Purpose
from cptfacet.coding.families import chosen_by, purposes_of
from cptfacet.coding.plans import JUNCTION, not_known, weight
from cptfacet.coding.result import LineReason
from cptfacet.notes import NoteId, Reason, Refusal
from cptfacet.policies import Answer, Known, NotKnown, Provision
from cptfacet.policies.vocabulary import FamilyPairing, Grouping
from cptfacet.procedures import CodeRole, Family, Ordinal, role_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from cptfacet.coding.draft import Draft
    from cptfacet.coding.families import Level
    from cptfacet.coding.plans import CodingPlan

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


def write(family: Family, levels: Collection[Level], plan: CodingPlan, draft: Draft) -> None:
    """Write the lines of one family."""
    for group in _groups(family, _placed(levels, draft), plan, draft):
        _write_group(family, group, plan, draft)


def _placed(levels: Iterable[Level], draft: Draft) -> list[Level]:
    """Return the levels whose region is known, and note what is uncertain about single levels."""
    placed: list[Level] = []
    unnamed: list[Joint] = []
    for level in levels:
        joint, fact = level.joint, level.fact
        if fact is None:
            message = (
                f"{joint}: no source we have read states which region determined its code on that"
                " date"
            )
            draft.refuse(Refusal(reason=Reason.NOT_KNOWN, message=message))
            continue
        placed.append(level)
        if level.side is None:
            unnamed.append(joint)
        if fact.confidence is Confidence.JUDGMENT:
            message = f"code region of {joint} is {fact.region}: {fact.note}"
            draft.note(NoteId.JUDGMENT, message, fact.citations)
    if unnamed:
        named = ", ".join(sorted(unnamed))
        message = f"No side is documented for {named}: coded as one side, without RT or LT"
        draft.note(NoteId.SIDE_NOT_DOCUMENTED, message)
    return placed


# -- groups of levels


def _groups(
    family: Family, levels: Iterable[Level], plan: CodingPlan, draft: Draft
) -> list[_Group]:
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
                draft.add(not_known("T12-L1 with L1-L2 is coded by code region", answer))
        elif answer.value is not Grouping.ONE_GROUP:
            shaped = [answer.provision]
        elif alone:
            return [_Group(ordered, [answer.provision])]
        else:
            message = (
                "T12-L1 is coded by its code region: the instruction that groups it with L1-L2"
                " covers these two joints alone"
            )
            draft.note(NoteId.NO_MAC_INSTRUCTION, message, answer.citations)
    return [_in_order(_Group(among, shaped), plan, draft) for among in by_region.values()]


def _in_order(group: _Group, plan: CodingPlan, draft: Draft) -> _Group:
    """Put bilateral levels first if sides differ."""
    levels, shaped = group
    if len({level.side for level in levels}) == 1:
        return group
    settled = _settled(plan.rules.level_order(), "order of levels", draft)
    levels = sorted(levels, key=lambda level: level.side is not Side.BILATERAL)
    return _Group(levels, [*shaped, *settled])


def _settled(answer: Answer[object], what: str, draft: Draft) -> tuple[Provision, ...]:
    """Return the provision that settles a choice, or note that none is known."""
    if isinstance(answer, Known):
        return (answer.provision,)
    draft.add(not_known(what, answer))
    return ()


# -- lines of one group


def _write_group(family: Family, group: _Group, plan: CodingPlan, draft: Draft) -> None:
    """Write a group code by code; without its first level there are no add-ons."""
    for part in _parts(family, group.levels):
        refusal = _not_writable(family, part, plan)
        if refusal is None:
            _write_code(family, part, group.shaped, plan, draft)
            continue
        draft.refuse(refusal)
        if part.ordinal is Ordinal.FIRST:
            return


def _parts(family: Family, levels: list[Level]) -> list[_Part]:
    """Split an ordered group by the code that represents each level."""
    first, rest = levels[:1], levels[1:]
    parts = [(Ordinal.FIRST, first), (Ordinal.SECOND, rest[:1]), (Ordinal.THIRD_AND_MORE, rest[1:])]
    if family is Family.ABLATION:
        parts = [(Ordinal.FIRST, first), (Ordinal.EACH_ADDITIONAL, rest)]
    return [
        _Part(ordinal, role_of(family, ordinal), represented)
        for ordinal, represented in parts
        if represented
    ]


def _not_writable(family: Family, part: _Part, plan: CodingPlan) -> Refusal | None:
    """Return why the levels of one code can't be written, if they can't."""
    if (family, part.region, part.ordinal) not in plan.rules.codes:
        if not plan.rules.reference.find_procedures(
            family=family, region=part.region, ordinal=part.ordinal
        ):
            message = (
                f"{_names(part.levels)}: the reference data has no {part.ordinal} code of {family}"
            )
            return Refusal(reason=Reason.NOT_KNOWN, message=message)
        message = f"{_names(part.levels)}: no {part.ordinal} code of {family} is valid on that date"
        return Refusal(reason=Reason.CODES_NOT_IN_FORCE, message=message)
    form = plan.rules.laterality_format(part.role)
    if isinstance(form, NotKnown) and any(level.side is Side.BILATERAL for level in part.levels):
        message = (
            f"{_names(part.levels)}: the laterality format for a bilateral level is not known:"
            f" {form.reason}"
        )
        return Refusal(reason=Reason.NOT_KNOWN, message=message, citations=form.citations)
    shapes = plan.shapes(part.role)
    if missing := [level.side for level in part.levels if level.side not in shapes]:
        sides = " and ".join(sorted(set(map(str, missing))))
        message = f"{_names(part.levels)}: the reference data has no modifier for {sides}"
        return Refusal(reason=Reason.NOT_KNOWN, message=message)
    return None


def _names(levels: Iterable[Level]) -> str:
    return ", ".join(level.joint for level in levels)


def _write_code(
    family: Family, part: _Part, shaped: Iterable[Provision], plan: CodingPlan, draft: Draft
) -> None:
    """Write the lines of one code, each with the levels that it represents."""
    levels = part.levels
    together: list[tuple[Sequence[Level], Side | None]]
    if part.ordinal is Ordinal.THIRD_AND_MORE and len(levels) > 1:
        side, settled = _third_side(levels, plan, draft)
        together = [(levels, side)]
        shaped = (*shaped, *settled)
    else:
        together = [((level,), level.side) for level in levels]
    marked = _is_marked(family, levels, plan, draft)
    for modifiers, units, laid in lay_out(plan.shapes(part.role), together):
        side, on_line = _represented(plan.side_of.get(modifiers), laid)
        both = any(written is Side.BILATERAL for _, written in laid)
        finish = plan.finish(family, part.role, modifiers, marked=marked, both=both)
        used = (*chosen_by(on_line), *shaped)
        for provision in used:
            if provision.caveat or provision.confidence is Confidence.JUDGMENT:
                draft.add(*weight(provision))
        draft.add(*finish.notes)
        line = Line(
            family=family,
            code=plan.rules.codes[family, part.region, part.ordinal],
            modifiers=finish.modifiers,
            units=units,
            levels=on_line,
            side=side,
            provisions=used + finish.provisions,
        )
        draft.lines.append(line)


def _third_side(
    levels: Sequence[Level], plan: CodingPlan, draft: Draft
) -> tuple[Side | None, tuple[Provision, ...]]:
    """Return the side of the one line for the third and additional levels."""
    sides = {level.side for level in levels}
    if len(sides) == 1:
        return levels[0].side, ()
    settled = _settled(
        plan.rules.third_level_side(), "side of the third and additional levels", draft
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


def _is_marked(family: Family, levels: Sequence[Level], plan: CodingPlan, draft: Draft) -> bool:
    """Whether a line gets the modifier of diagnostic lines: only if all of it surely is diagnostic."""
    answer = plan.rules.diagnostic_modifier(family)
    purposes = purposes_of(levels)
    if isinstance(answer, NotKnown):
        if Purpose.DIAGNOSTIC in purposes:
            where = ", ".join(answer.candidates)
            where = f" (depends on jurisdiction: {where})" if where else ""
            draft.add(not_known(f"whether diagnostic lines carry a modifier{where}", answer))
    elif answer.value is None:
        return False
    elif purposes == _DIAGNOSTIC:
        message = (
            f"{answer.value} attests that the requirements of the policy are met;"
            " coding has not tested them"
        )
        draft.note(NoteId.ATTESTS, message, answer.citations)
        return True
    elif purposes == _NOT_STATED:
        message = (
            f"The purpose is not stated, so no {answer.value} is added; {answer.value} goes"
            " on the lines of a diagnostic session"
        )
        draft.note(NoteId.PURPOSE_NOT_STATED, message, answer.citations)
    elif purposes != _THERAPEUTIC:
        message = (
            f"{_names(levels)}: more than one purpose on one line, so no {answer.value} is added;"
            " ask which purpose applies"
        )
        draft.note(NoteId.PURPOSE_MIXED, message, answer.citations)
    return False


# -- families on one claim


def family_pairs(families: Collection[Family], plan: CodingPlan, draft: Draft) -> None:
    """Add what the payer's PTP edits say about families on one claim."""
    for one, other in itertools.combinations([f for f in Family if f in families], 2):
        answer = plan.rules.family_pair(one, other)
        if isinstance(answer, NotKnown):
            continue
        said = "are never paid together"
        if answer.value is FamilyPairing.PAID_WHEN_DISTINCT:
            said = (
                "are paid together only as distinct services; coding adds no modifier for that, so"
                " ask whether the sites were separate"
            )
        message = f"{one.label} and {other.label}: under the payer's PTP edits, they {said}"
        draft.note(NoteId.FAMILY_PAIR, message, answer.citations)
