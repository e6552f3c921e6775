"""From treated levels to claim lines: group them, order them, count them, write their sides."""

from __future__ import annotations

from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING

from cptfacet.anatomy import CodeRegion, Joint, Side
from cptfacet.bilateral import lay_out
from cptfacet.citations import Confidence
from cptfacet.claims import ClaimLine, Purpose
from cptfacet.coding.plans import JUNCTION, Layout, Row, not_known, weight
from cptfacet.coding.result import LineReason
from cptfacet.notes import Note, NoteId, Reason, Refusal
from cptfacet.policies import NotKnown, Provision
from cptfacet.procedures import Family, Ordinal, role_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from cptfacet.citations import Citation
    from cptfacet.coding.plans import Level, Marks, Plan

__all__ = ["Writer"]

_MOST_LAYOUTS = 4096
_MOST_REASONS = 4096  # of one kind
_ORDER = attrgetter("order")
_JUDGMENT = Confidence.JUDGMENT
_DIAGNOSTIC = frozenset[Purpose | None]({Purpose.DIAGNOSTIC})
_THERAPEUTIC = frozenset[Purpose | None]({Purpose.THERAPEUTIC})
_NOT_STATED = frozenset[Purpose | None]({None})

_Group = tuple[list["Level"], list[Provision]]
_Part = tuple[Ordinal, str, list["Level"]]


class Writer:
    """Collect the lines of one session, with their reasons, notes and refusals."""

    __slots__ = (
        "_families",
        "diagnoses",
        "joints",
        "lines",
        "notes",
        "plan",
        "purposes",
        "refusals",
        "why",
    )

    def __init__(self, plan: Plan, diagnoses: tuple[str, ...]) -> None:
        """Begin with nothing written."""
        self.plan = plan
        self.diagnoses = diagnoses
        self.lines: list[ClaimLine] = []
        self.why: list[LineReason] = []
        self.notes: dict[tuple[NoteId, str], Note] = {}
        self.refusals: list[Refusal] = []
        self.purposes: set[Purpose | None] = set()
        self.joints: list[Joint] = []
        self._families: list[Family] = []

    def note(
        self,
        note_id: NoteId,
        message: str,
        citations: tuple[Citation, ...] = (),
        refusal: Refusal | None = None,
    ) -> None:
        """Add a note, once."""
        if (note_id, message) not in self.notes:
            note = Note(id=note_id, message=message, citations=citations, refusal=refusal)
            self.notes[note_id, message] = note

    def keep(self, notes: Iterable[Note], refusals: Iterable[Refusal]) -> None:
        """Add notes and refusals that were made elsewhere."""
        for note in notes:
            self.notes.setdefault((note.id, note.message), note)
        for refusal in refusals:
            self.refuse(refusal)

    def refuse(self, refusal: Refusal | None) -> None:
        """Add a refusal, once."""
        if refusal is not None and refusal not in self.refusals:
            self.refusals.append(refusal)

    def write(self, family: Family, levels: Collection[Level]) -> list[Joint]:
        """Write the lines of one family, and give the joints that have lines."""
        group = sorted(levels, key=_ORDER)
        layout = self.plan.layouts.get(_shape(family, group))
        if layout is None or layout.named:
            self._say_by_name(levels)
        before = len(self.lines)
        if layout is not None:
            written = self._fill(layout, group)
        else:
            placed = [level for level in group if level.fact is not None]
            written = [
                joint
                for layout, group in self._laid_out(family, placed)
                for joint in self._fill(layout, group)
            ]
        if len(self.lines) > before:
            self._families.append(family)
        return written

    def _fill(self, layout: Layout, group: list[Level]) -> list[Joint]:
        """Write the lines of a layout for the joints of a group; give those that have lines."""
        joints = [level.joint for level in group]
        lines, why, diagnoses = self.lines, self.why, self.diagnoses
        for row in layout.rows:
            line = ClaimLine(
                code=row.code, modifiers=row.modifiers, units=row.units, diagnoses=diagnoses
            )
            lines.append(line)
            number, treated = len(lines), row.pick(joints)
            why.append(row.reasons.get((number, treated)) or _reason(number, row, treated))
        for key, note in layout.notes.items():
            self.notes.setdefault(key, note)
        for refusal in layout.refusals:
            self.refuse(refusal)
        self.purposes |= layout.purposes
        return [joints[place] for place in layout.written]

    def _laid_out(
        self, family: Family, levels: list[Level]
    ) -> Iterator[tuple[Layout, list[Level]]]:
        """Lay levels out, each group as one of the same shape was laid out before.

        Levels of one region are one group, whose shape `write` looks for before it asks here.
        """
        if len({_region(level) for level in levels}) == 1:
            anew = Writer(self.plan, ())
            group, shaped = anew._in_order(levels, [])
            yield anew.lay_out_group(_shape(family, group), family, group, shaped), group
            return
        for group, shaped in self._groups(family, levels):
            shape = (*_shape(family, group), tuple(map(id, shaped)))
            layout = self.plan.layouts.get(shape)
            if layout is None:
                layout = Writer(self.plan, ()).lay_out_group(shape, family, group, shaped)
            yield layout, group

    def _say_by_name(self, levels: Iterable[Level]) -> None:
        """Say of levels, by their names, what is known of their regions and sides."""
        unnamed: list[Joint] = []
        for level in levels:
            fact = level.fact
            if fact is None:
                self._refuse_region(level.joint)
                continue
            if level.side is None:
                unnamed.append(level.joint)
            if fact.confidence is _JUDGMENT:
                message = f"code region of {level.joint} is {fact.region}: {fact.note}"
                self.note(NoteId.JUDGMENT, message, fact.citations)
        if unnamed:
            message = (
                f"no side is named for {', '.join(sorted(unnamed))}: coded as one side, not named"
            )
            self.note(NoteId.SIDE_NOT_DOCUMENTED, message)

    def note_family_pairs(self) -> None:
        """Note what the payer's pair edits say of the families that were written together."""
        if len(self._families) == 1:
            return
        for (one, other), answer in self.plan.family_pairs.items():
            if one not in self._families or other not in self._families:
                continue
            if isinstance(answer, NotKnown):
                continue
            said = "are never paid together"
            if answer.value == "paid-when-distinct":
                said = (
                    "are paid together only as distinct services; no modifier is set for that, ask"
                    " whether the sites were separate"
                )
            message = f"{one} and {other}: by the payer's pair edits they {said}"
            self.note(NoteId.FAMILY_PAIR, message, answer.citations)

    # -- grouping

    def _refuse_region(self, joint: Joint) -> None:
        message = (
            f"{joint}: no source that was read tells which region picked its code on that date"
        )
        self.refuse(Refusal(reason=Reason.NOT_KNOWN, message=message))

    def _groups(self, family: Family, levels: list[Level]) -> list[_Group]:
        """Split levels into coded groups, each in the order of its levels."""
        by_region: dict[CodeRegion, list[Level]] = {}
        for level in sorted(levels, key=lambda level: level.joint.position):
            by_region.setdefault(_region(level), []).append(level)
        shaped: list[Provision] = []
        if len(by_region) > 1 and any(level.joint is Joint.T12_L1 for level in levels):
            answer = self.plan.thoracolumbar[family]
            alone = {level.joint for level in levels} == set(JUNCTION)
            if isinstance(answer, NotKnown):
                if alone:
                    message = f"T12-L1 with L1-L2 is coded by code region: {answer.reason}"
                    self.note(NoteId.NOT_KNOWN, message, answer.citations)
            elif answer.value == "one-group":
                if alone:
                    return [([g for group in by_region.values() for g in group], [answer])]
                message = (
                    "T12-L1 is coded by its code region: the instruction that groups it with L1-L2"
                    " speaks of these two alone"
                )
                self.note(NoteId.NO_CONTRACTOR_INSTRUCTION, message, answer.citations)
            else:
                shaped = [answer]
        return [self._in_order(group, shaped) for group in by_region.values()]

    def _in_order(self, group: list[Level], shaped: list[Provision]) -> _Group:
        """Put levels treated on both sides first, where sides differ."""
        if len(group) == 1 or all(level.side is group[0].side for level in group):
            return group, shaped
        first = [level for level in group if level.side is Side.BILATERAL]
        rest = [level for level in group if level.side is not Side.BILATERAL]
        return first + rest, [*shaped, *self._settled(self.plan.level_order, "order of levels")]

    def _settled(self, answer: Provision | NotKnown, what: str) -> list[Provision]:
        """Give the provision that settles a choice; note it where none is known."""
        if isinstance(answer, Provision):
            return [answer]
        self.keep((not_known(what, answer),), ())
        return []

    # -- lines of one group

    def lay_out_group(
        self, shape: tuple[object, ...], family: Family, group: list[Level], shaped: list[Provision]
    ) -> Layout:
        """Write a group, the first thing that is written here, and keep how under its shape.

        The layout has the places of the levels for their joints.
        """
        self._write_group(family, group, shaped)
        place = {level.joint: n for n, level in enumerate(group)}
        layout = Layout(
            rows=tuple(
                Row(
                    code=line.code,
                    modifiers=line.modifiers,
                    units=line.units,
                    side=why.side,
                    provisions=why.provisions,
                    pick=itemgetter(*[place[joint] for joint in why.joints]),
                    reasons=self.plan.reasons(why.side, why.provisions),
                )
                for line, why in zip(self.lines, self.why, strict=True)
            ),
            written=tuple(place[joint] for joint in self.joints),
            purposes=frozenset(self.purposes),
            notes=self.notes,
            refusals=tuple(self.refusals),
            named=any(level.named for level in group),
        )
        layouts = self.plan.layouts
        if layout.reusable and len(layouts) < _MOST_LAYOUTS:
            layouts[shape] = layout
        return layout

    def _write_group(self, family: Family, group: list[Level], shaped: list[Provision]) -> None:
        """Write the lines of one group, code by code."""
        parts = _parts(family, group)
        for ordinal, role, levels in parts:
            refusal = self._not_writable(family, ordinal, role, levels)
            if refusal is None:
                self._write_code(family, ordinal, role, levels, shaped)
                continue
            self.refuse(refusal)
            if ordinal is Ordinal.FIRST:
                return

    def _not_writable(
        self, family: Family, ordinal: Ordinal, role: str, levels: list[Level]
    ) -> Refusal | None:
        """Say why the levels of one code can't be written, if they can't."""
        where = ", ".join(level.joint for level in levels)
        if (family, _region(levels[0]), ordinal) not in self.plan.codes:
            message = f"{where}: no {ordinal} code of {family} is valid on that date"
            return Refusal(reason=Reason.CODES_NOT_IN_FORCE, message=message)
        form = self.plan.forms[role].answer
        if isinstance(form, NotKnown) and any(level.side is Side.BILATERAL for level in levels):
            message = f"{where}: how both sides are written is not known: {form.reason}"
            return Refusal(reason=Reason.NOT_KNOWN, message=message, citations=form.citations)
        return None

    def _write_code(
        self,
        family: Family,
        ordinal: Ordinal,
        role: str,
        levels: list[Level],
        shaped: list[Provision],
    ) -> None:
        plan = self.plan
        code = plan.codes[family, _region(levels[0]), ordinal]
        form = plan.forms[role]
        together: list[tuple[tuple[Level, ...], Side | None]]
        if ordinal is Ordinal.THIRD_AND_MORE and len(levels) > 1:
            side, settled = self._third_side(levels)
            together = [(tuple(levels), side)]
            shaped = [*shaped, *settled]
        else:
            together = [((level,), level.side) for level in levels]
        marks = self._marks(family, levels)
        for modifiers, units, laid in lay_out(form.shapes or plan.single_side, together):
            side, on_line = _stands_for(plan.side_of.get(modifiers), laid)
            both = any(written is Side.BILATERAL for _, written in laid)
            finish = plan.finish(role, modifiers, marks, both=both)
            used = (*_chosen(on_line), *shaped)
            for provision in used:
                if provision.confidence is _JUDGMENT or provision.caveat:
                    self.keep(weight(provision), ())
            if finish.notes:
                self.keep(finish.notes, ())
            line = ClaimLine(
                code=code, modifiers=finish.modifiers, units=units, diagnoses=self.diagnoses
            )
            self.lines.append(line)
            why = LineReason(
                line=len(self.lines),
                joints=tuple([level.joint for level in on_line]),
                side=side,
                provisions=used + finish.provisions,
            )
            self.why.append(why)
        for level in levels:
            self.purposes |= level.purposes
            self.joints.append(level.joint)

    def _third_side(self, levels: list[Level]) -> tuple[Side | None, list[Provision]]:
        """Give the side of the one line for the third and all further levels."""
        sides = {level.side for level in levels}
        if len(sides) == 1:
            return levels[0].side, []
        settled = self._settled(self.plan.third_side, "side of the third and further levels")
        return (Side.BILATERAL if Side.BILATERAL in sides else None), settled

    def _marks(self, family: Family, levels: list[Level]) -> Marks:
        """Give what marks a line as diagnostic, where the policy marks it and its purpose is one."""
        marked = self.plan.marked[family]
        purposes = levels[0].purposes.union(*(level.purposes for level in levels[1:]))
        if marked is None:
            answer = self.plan.diagnostic[family]
            if isinstance(answer, NotKnown) and Purpose.DIAGNOSTIC in purposes:
                where = ", ".join(answer.candidates)
                where = f" (depends on jurisdiction: {where})" if where else ""
                message = f"whether diagnostic lines carry a modifier: {answer.reason}{where}"
                self.note(NoteId.NOT_KNOWN, message, answer.citations)
            return self.plan.unmarked
        if purposes == _DIAGNOSTIC:
            self.keep(marked.notes, ())
            return marked
        if purposes != _THERAPEUTIC:
            self._unmarked(marked, purposes, levels)
        return self.plan.unmarked

    def _unmarked(
        self, marked: Marks, purposes: frozenset[Purpose | None], levels: list[Level]
    ) -> None:
        """Note why a line that may be diagnostic is not marked so."""
        modifier = ", ".join(marked.modifiers)
        citations = tuple(c for provision in marked.provisions for c in provision.citations)
        if purposes == _NOT_STATED:
            message = (
                f"the purpose is not stated, so no {modifier} is set; it goes on diagnostic lines"
            )
            self.note(NoteId.PURPOSE_NOT_STATED, message, citations)
            return
        joints = ", ".join(level.joint for level in levels)
        message = f"{joints}: more than one purpose on one line, so no {modifier} is set; ask which"
        self.note(NoteId.PURPOSE_MIXED, message, citations)


def _reason(line: int, row: Row, treated: Joint | tuple[Joint, ...]) -> LineReason:
    """Give the reason of a line, and keep it where the next such line will look for it."""
    joints = treated if isinstance(treated, tuple) else (treated,)
    why = LineReason(line=line, joints=joints, side=row.side, provisions=row.provisions)
    if len(row.reasons) < _MOST_REASONS:
        row.reasons[line, treated] = why
    return why


def _shape(family: Family, group: list[Level]) -> tuple[object, ...]:
    """Give all of a group that its lines depend on: all but the names of its joints."""
    return (family, *[level.shape for level in group])


def _region(level: Level) -> CodeRegion:
    assert level.fact is not None  # noqa: S101  `write` leaves the others out
    return level.fact.region


def _parts(family: Family, group: list[Level]) -> list[_Part]:
    """Split an ordered group by the code that stands for each level, and the role of that code."""
    first, rest = group[:1], group[1:]
    parts = [(Ordinal.FIRST, first)]
    if family is Family.ABLATION:
        parts.append((Ordinal.EACH_ADDITIONAL, rest))
    else:
        parts += [(Ordinal.SECOND, rest[:1]), (Ordinal.THIRD_AND_MORE, rest[1:])]
    return [(ordinal, role_of(family, ordinal), levels) for ordinal, levels in parts if levels]


def _chosen(levels: Sequence[Level]) -> Iterable[Provision]:
    if len(levels) == 1:
        return levels[0].chosen
    return dict.fromkeys(provision for level in levels for provision in level.chosen)


def _stands_for(
    named: Side | None, laid: Sequence[tuple[tuple[Level, ...], Side | None]]
) -> tuple[Side | None, list[Level]]:
    """Say which side and levels a line stands for; ``named`` is the one that its modifiers name."""
    levels = [level for together, _ in laid for level in together]
    if named is None:
        sides = {level.side for level in levels}
        return (sides.pop() if len(sides) == 1 else None), levels
    on_line = [level for level in levels if level.side is not _OPPOSITE[named]]
    certain = all(level.side in (named, Side.BILATERAL) for level in on_line)
    return (named if certain else None), on_line


_OPPOSITE = {Side.RIGHT: Side.LEFT, Side.LEFT: Side.RIGHT}
