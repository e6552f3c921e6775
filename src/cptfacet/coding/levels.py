"""What was treated: from the targets and nerves of a treatment to joints with their sides."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import attrs

from cptfacet.anatomy import Joint, Nerve, NerveKind, Side, innervation, joints
from cptfacet.coding.answers import Note, NoteId, Reason, Refusal
from cptfacet.sessions import Technique, TechniqueKind, Treatment, merge_sides

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cptfacet.claims import Purpose
    from cptfacet.reference import Reference

__all__ = ["Level", "Treated", "read_treatment"]


@attrs.frozen
class Level:
    """One joint that is coded, with its side and the purposes for which it was treated."""

    joint: Joint
    side: Side | None
    purposes: frozenset[Purpose | None]


@attrs.frozen
class Treated:
    """The joints of one treatment, and what is to be said about how they were documented."""

    joints: dict[Joint, Side | None]
    notes: tuple[Note, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def read_treatment(treatment: Treatment, *, reference: Reference, on: dt.date) -> Treated:
    """Read which joints a treatment treated, a side at a time.

    Where targets are given they decide, and what the nerves say beside them is a note. Where only
    nerves are given, a joint counts when all of its nerves were treated on that side.
    """
    named, repeated = merge_sides((target.joint, target.side) for target in treatment.targets)
    notes = [
        Note(id=NoteId.REPEATED, message=f"{joint} is listed more than once; it counts once")
        for joint in dict.fromkeys(repeated)
    ]
    if not treatment.nerves:
        if not named:
            return Treated(joints={}, refusals=(_no_level(treatment.technique),))
        return _without_branches(treatment.technique, named, notes)
    nerves, _ = merge_sides((entry.nerve, entry.side) for entry in treatment.nerves)
    completed = _completed(nerves)
    notes += _loose_nerves(nerves, completed)
    if named:
        further = ", ".join(joint for joint in completed if joint not in named)
        if further:
            message = f"the nerves also complete {further}, which is not a target and is not coded"
            notes.append(Note(id=NoteId.FURTHER_JOINT, message=message))
        if treatment.technique.on_nerves:
            notes += _incomplete(named, completed)
        return _without_branches(treatment.technique, named, notes)
    if not treatment.technique.on_nerves:
        return Treated(joints={}, refusals=(_no_level(treatment.technique),))
    if not completed:
        refusal = _no_complete_level(nerves, treatment.technique.kind, reference, on)
        return Treated(joints={}, refusals=(refusal,))
    listed = ", ".join(nerves)
    message = f"{listed} complete {', '.join(completed)}: joints are counted, not nerves"
    citations = dict.fromkeys(c for joint in completed for c in innervation(joint).citations)
    counted = Note(id=NoteId.JOINTS_FROM_NERVES, message=message, citations=tuple(citations))
    return Treated(joints=completed, notes=(counted, *notes))


def _without_branches(
    technique: Technique, named: dict[Joint, Side | None], notes: list[Note]
) -> Treated:
    """Refuse a block or ablation at a joint that has no medial branches; keep the others."""
    if not technique.on_nerves:
        return Treated(joints=named, notes=tuple(notes))
    bare = [joint for joint in named if not innervation(joint).nerves]
    refusals = tuple(
        Refusal(
            reason=Reason.NO_MEDIAL_BRANCH,
            message=f"{joint} has no pair of medial branches, so a {technique} there is not one"
            " of its facet joint nerves; an injection into the joint is another technique",
            citations=innervation(joint).citations,
        )
        for joint in bare
    )
    kept = {joint: side for joint, side in named.items() if joint not in bare} if bare else named
    return Treated(joints=kept, notes=tuple(notes), refusals=refusals)


def _completed(nerves: dict[Nerve, Side | None]) -> dict[Joint, Side | None]:
    """List the joints that nerves complete, each side by itself."""
    found: list[tuple[Joint, Side | None]] = []
    for side in (Side.RIGHT, Side.LEFT, None):
        treated = [n for n, s in nerves.items() if s is side or (side and s is Side.BILATERAL)]
        found.extend((joint, side) for joint in joints(treated))
    merged, _ = merge_sides(found)
    return {joint: merged[joint] for joint in sorted(merged)}


def _sides(side: Side | None) -> set[Side | None]:
    return set(side.parts) if side else {None}


def _loose_nerves(
    nerves: dict[Nerve, Side | None], completed: dict[Joint, Side | None]
) -> Iterable[Note]:
    """Note each nerve that, on some side, belongs to no completed joint."""
    used = {
        (nerve, side)
        for joint, sides in completed.items()
        for nerve in innervation(joint).nerves
        for side in _sides(sides)
    }
    for nerve, sides in nerves.items():
        loose = [side for side in _sides(sides) if (nerve, side) not in used]
        if not loose:
            continue
        where = " and ".join(sorted(side.value for side in loose if side))
        who = f"{nerve} ({where})" if where else f"{nerve}"
        if nerve is Nerve.C2 and Nerve.TON in nerves:
            continue
        if nerve in (Nerve.C2, Nerve.C3) and {Nerve.C2, Nerve.C3} <= set(nerves):
            why = "C2 and C3 make no C2-C3 without the third occipital nerve: was it treated?"
        elif nerve.kind in (NerveKind.SACRAL_BRANCH, NerveKind.OCCIPITAL):
            why = "it supplies no facet joint"
        else:
            why = "no joint has all of its nerves with it"
        message = f"{who} completes no joint and adds no line: {why}"
        yield Note(id=NoteId.NERVE_WITHOUT_JOINT, message=message)


def _incomplete(
    named: dict[Joint, Side | None], completed: dict[Joint, Side | None]
) -> Iterable[Note]:
    """Note each target whose nerves are not all listed on each of its sides."""
    for joint, side in named.items():
        supply = innervation(joint)
        have: set[Side | None] = _sides(completed[joint]) if joint in completed else set()
        if not supply.nerves or None in have or (have and side is None) or _sides(side) <= have:
            continue
        wanted = " and ".join(supply.nerves)
        message = f"{joint} is coded as a target, but not all of its nerves are listed: {wanted}"
        yield Note(id=NoteId.NERVES_INCOMPLETE, message=message, citations=supply.citations)


def _no_level(technique: Technique) -> Refusal:
    what = "name the joints"
    if technique.on_nerves:
        what += ", or the nerves that were treated"
    message = f"{technique}: no level is documented; {what}"
    return Refusal(reason=Reason.NO_LEVEL_DOCUMENTED, message=message)


def _no_complete_level(
    nerves: dict[Nerve, Side | None],
    kind: TechniqueKind,
    reference: Reference,
    on: dt.date,
) -> Refusal:
    listed = ", ".join(nerves)
    others = reference.instead_of(frozenset(nerves), kind, on=on)
    why = "no facet joint has all of its nerves among them"
    if {Nerve.C2, Nerve.C3} <= set(nerves):
        why += "; C2 and C3 make no C2-C3 without the third occipital nerve"
    return Refusal(
        reason=Reason.NO_COMPLETE_LEVEL,
        message=f"{listed}: {why}, so no level can be coded",
        instead=tuple(other.instead for other in others),
        citations=tuple(dict.fromkeys(c for other in others for c in other.citations)),
    )
