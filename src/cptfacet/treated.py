"""Joints treated: from the targets and nerves of a treatment to joints with their sides."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import attrs

from cptfacet._records import sealed
from cptfacet._text import agree, series
from cptfacet.anatomy import CodeRegion, Joint, NamedNerve, Nerve, NerveKind, Side, UnlistedNerve
from cptfacet.citations import Confidence
from cptfacet.notes import Note, NoteId, Reason, Refusal
from cptfacet.sessions import Technique, Treatment, merge_sides
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cptfacet.reference import Reference
    from cptfacet.reference.joints import Innervation

__all__ = [
    "NO_FACET_NERVE",
    "SideLeft",
    "Treated",
    "only_other_nerves",
    "read_treatment",
    "region_of",
    "regions_near",
]


def __dir__() -> list[str]:
    return sorted(__all__)


NO_FACET_NERVE = (
    NerveKind.SACRAL_BRANCH,
    NerveKind.OCCIPITAL,
    NerveKind.NERVE_ROOT,
    NerveKind.DORSAL_ROOT_GANGLION,
    NerveKind.PERIPHERAL,
    NerveKind.SYMPATHETIC,
)


@sealed
@attrs.frozen
class Treated:
    """The joints of one treatment, with notes on how they were documented."""

    joints: Mapping[Joint, Side | None]
    notes: tuple[Note, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def only_other_nerves(treatment: Treatment, *, reference: Reference, on: dt.date) -> Refusal | None:
    """Return the refusal of a treatment whose nerves all supply other joints, or None.

    It applies whatever the guidance. The L5 dorsal ramus together with sacral lateral branches is
    treated for the sacroiliac joint. Names that are not listed count only where no nerve is.
    """
    nerves = _that_count(treatment)
    if treatment.targets or not any(nerve.kind in NO_FACET_NERVE for nerve in nerves):
        return None
    if any(n.kind not in (*NO_FACET_NERVE, NerveKind.DORSAL_RAMUS) for n in nerves):
        return None
    return _no_complete_level(treatment, reference=reference, on=on)


def _that_count(treatment: Treatment) -> list[NamedNerve]:
    """List the nerves of a treatment that are listed, or else those whose kind is known."""
    nerves = [entry.nerve for entry in treatment.nerves]
    listed: list[NamedNerve] = [nerve for nerve in nerves if isinstance(nerve, Nerve)]
    return listed or [nerve for nerve in nerves if nerve.kind]


def read_treatment(treatment: Treatment, *, reference: Reference, on: dt.date) -> Treated:
    """Return the joints that were treated, one side at a time.

    If there are targets, they decide, and anything the nerves add is a note. If there are only
    nerves, a joint counts if all of its nerves were treated on the same side.
    """
    technique = treatment.technique
    named, again = merge_sides((target.joint, target.side) for target in treatment.targets)
    if not treatment.nerves:
        if not named:
            return Treated(joints={}, refusals=(_no_level(technique),))
        return _without_branches(technique, named, _repeated(again), reference)
    listed, nerves_again = merge_sides((entry.nerve, entry.side) for entry in treatment.nerves)
    nerves = {n: side for n, side in listed.items() if isinstance(n, Nerve)}
    completed = _completed(nerves, reference)
    notes = [*_repeated([*again, *nerves_again])]
    notes += _loose_nerves(nerves, completed, treatment, reference, on)
    notes += _unlisted(listed, treatment, reference, on)
    if named:
        notes += _further(named, completed)
        if technique.on_nerves:
            notes += _incomplete(named, completed, reference)
        return _without_branches(technique, named, notes, reference)
    if not technique.on_nerves:
        return Treated(joints={}, refusals=(_no_level(technique),))
    if not completed:
        refusal = _no_complete_level(treatment, reference=reference, on=on)
        unknown = _without_supply(Joint, reference)
        if unknown and only_other_nerves(treatment, reference=reference, on=on) is None:
            message = f"{', '.join(map(str, listed))}: {_not_supplied(unknown)}"
            refusal = Refusal(reason=Reason.NOT_KNOWN, message=message)
        return Treated(joints={}, refusals=(refusal,))
    return Treated(joints=completed, notes=(_counted(completed, reference), *notes))


def region_of(joint: Joint, *, reference: Reference, on: dt.date) -> CodeRegion | None:
    """Return the region of a joint; before its first source, the region in every source since."""
    fact = reference.code_region(joint, on=on)
    if not isinstance(fact, Unknown):
        return fact.region
    regions = {fact.region for fact in reference.find_code_regions(joint)}
    return regions.pop() if len(regions) == 1 else None


def regions_near(nerve: Nerve, *, reference: Reference) -> frozenset[CodeRegion]:
    """Return the regions of the joints that a nerve supplies or runs near."""
    if nerve.kind is NerveKind.SACRAL_BRANCH:
        return frozenset({CodeRegion.LUMBAR_SACRAL})
    if nerve.kind is NerveKind.OCCIPITAL:
        return frozenset({CodeRegion.CERVICAL_THORACIC})
    near = reference.find_joints(supplied_by=[nerve])
    found = {fact.region for joint in near for fact in reference.find_code_regions(joint)}
    return frozenset(found or (CodeRegion if near else {CodeRegion.CERVICAL_THORACIC}))


def _repeated(again: Iterable[Joint | NamedNerve]) -> list[Note]:
    return [
        Note(id=NoteId.REPEATED, message=f"{what} is listed more than once; it counts once")
        for what in dict.fromkeys(again)
    ]


def _without_branches(
    technique: Technique,
    named: Mapping[Joint, Side | None],
    notes: list[Note],
    reference: Reference,
) -> Treated:
    """Refuse a block or ablation at a joint without medial branches, and keep the others."""
    if not technique.on_nerves:
        return Treated(joints=named, notes=tuple(notes))
    if unknown := _without_supply(named, reference):
        notes.append(Note(id=NoteId.NOT_KNOWN, message=_not_supplied(unknown)))
    bare = {fact.joint: fact for fact in _supply(named, reference) if not fact.nerves}
    if not bare:
        return Treated(joints=named, notes=tuple(notes))
    refusals = tuple(
        Refusal(
            reason=Reason.NO_MEDIAL_BRANCH,
            message=f"{joint} has no pair of medial branches, so"
            f" the {technique.label} can't be coded there;"
            " an injection into the joint is a different technique",
            citations=fact.citations,
        )
        for joint, fact in bare.items()
    )
    kept = {joint: side for joint, side in named.items() if joint not in bare}
    return Treated(joints=kept, notes=tuple(notes), refusals=refusals)


def _supply(joints: Iterable[Joint], reference: Reference) -> list[Innervation]:
    found = map(reference.innervation, joints)
    return [fact for fact in found if not isinstance(fact, Unknown)]


def _without_supply(joints: Iterable[Joint], reference: Reference) -> list[Joint]:
    """List the joints whose nerves are not known."""
    return [joint for joint in joints if isinstance(reference.innervation(joint), Unknown)]


def _not_supplied(joints: list[Joint]) -> str:
    return f"the nerves of {series(joints)} are not known: the reference data does not have them"


def _completed(
    nerves: Mapping[Nerve, Side | None], reference: Reference
) -> dict[Joint, Side | None]:
    """List the joints that nerves complete, each side by itself."""
    found: list[tuple[Joint, Side | None]] = []
    for side in (Side.RIGHT, Side.LEFT, None):
        treated = [nerve for nerve, sides in nerves.items() if side in _sides(sides)]
        if treated:
            found.extend((joint, side) for joint in reference.find_joints(completed_by=treated))
    merged, _ = merge_sides(found)
    return {joint: merged[joint] for joint in sorted(merged)}


def _sides(side: Side | None) -> frozenset[Side | None]:
    return _SINGLE_SIDES[side]


_SINGLE_SIDES: dict[Side | None, frozenset[Side | None]] = {
    None: frozenset((None,)),
    **{side: frozenset(side.parts) for side in Side},
}


def _counted(completed: Mapping[Joint, Side | None], reference: Reference) -> Note:
    """Return the note that lists the joints counted and the nerves that complete each of them."""
    facts = _supply(completed, reference)
    counted = ", ".join(
        f"{joint} ({' and '.join(fact.nerves)})"
        for joint, fact in zip(completed, facts, strict=True)
    )
    message = f"Levels are counted by joint, not by nerve: {counted}"
    if any(fact.confidence is Confidence.JUDGMENT for fact in facts):
        message += "; the nerves of some of these joints are inferred from the adjacent joints"
    citations = tuple(dict.fromkeys(c for fact in facts for c in fact.citations))
    return Note(id=NoteId.JOINTS_FROM_NERVES, message=message, citations=citations)


def _loose_nerves(
    nerves: Mapping[Nerve, Side | None],
    completed: Mapping[Joint, Side | None],
    treatment: Treatment,
    reference: Reference,
    on: dt.date,
) -> Iterator[Note]:
    """Yield a note for each nerve that, on some side, does not complete a joint."""
    used = {
        (nerve, side)
        for joint, sides in completed.items()
        for nerve in reference.find_nerves(joint)
        for side in _sides(sides)
    }
    unknown = _without_supply(Joint, reference)
    reported: set[str] = set()
    for nerve, sides in nerves.items():
        loose = {side for side in _sides(sides) if (nerve, side) not in used}
        if nerve is Nerve.C2:
            # With the third occipital nerve it is part of treating C2-C3 and adds nothing.
            loose = {side for side in loose if (Nerve.TON, side) not in used}
        if not loose:
            continue
        who = _sided(nerve, loose)
        refusal = None
        if unknown and nerve.kind not in NO_FACET_NERVE:
            message = f"whether {who} completes a joint: {_not_supplied(unknown)}"
            yield Note(id=NoteId.NOT_KNOWN, message=message)
            continue
        if nerve.kind in NO_FACET_NERVE:
            why = "it does not supply a facet joint"
            others = _others([nerve], treatment, reference, on)
            if nerve.kind is NerveKind.SACRAL_BRANCH:
                why += "; it is reported with the sacroiliac joint codes, under another policy"
            if others and not reported.issuperset(line.code for line in others.instead):
                refusal = others
                reported.update(line.code for line in others.instead)
        elif nerve in (Nerve.C2, Nerve.C3) and _c2_c3_alone(nerves, loose):
            why = "C2-C3 also needs the third occipital nerve; was it treated?"
        else:
            why = "no joint has all of its nerves treated on that side"
        message = f"{who} does not complete a joint and adds no facet line: {why}"
        yield Note(id=NoteId.NERVE_WITHOUT_JOINT, message=message, refusal=refusal)


def _unlisted(
    listed: Mapping[NamedNerve, Side | None],
    treatment: Treatment,
    reference: Reference,
    on: dt.date,
) -> Iterator[Note]:
    """Yield a note for each name that is not listed: what it is, or that it is not known."""
    for nerve, sides in listed.items():
        if isinstance(nerve, Nerve):
            continue
        who = _sided(nerve, _sides(sides))
        if nerve.kind:
            message = f"{who} does not complete a joint and adds no facet line: {nerve.reason}"
            refusal = _others([nerve], treatment, reference, on)
            yield Note(id=NoteId.NERVE_WITHOUT_JOINT, message=message, refusal=refusal)
            continue
        message = f"{who} adds no facet line: {_why_not_known(nerve)}"
        refusal = Refusal(reason=Reason.NOT_KNOWN, message=message)
        yield Note(
            id=NoteId.NOT_KNOWN,
            message=message,
            refusal=None if treatment.targets else refusal,
        )


def _why_not_known(nerve: UnlistedNerve) -> str:
    return nerve.reason or "we do not know a nerve of that name; ask which nerve was treated"


def _sided(nerve: NamedNerve, sides: Iterable[Side | None]) -> str:
    """Return a nerve with its sides, as in ``L4 (left and right)``."""
    where = " and ".join(sorted(side.value for side in sides if side))
    return f"{nerve} ({where})" if where else f"{nerve}"


def _c2_c3_alone(
    nerves: Mapping[Nerve, Side | None] | Mapping[NamedNerve, Side | None],
    sides: Iterable[Side | None],
) -> bool:
    def treated(nerve: Nerve, side: Side | None) -> bool:
        return nerve in nerves and side in _sides(nerves[nerve])

    return any(
        treated(Nerve.C2, side) and treated(Nerve.C3, side) and not treated(Nerve.TON, side)
        for side in sides
    )


def _others(
    nerves: list[NamedNerve], treatment: Treatment, reference: Reference, on: dt.date
) -> Refusal | None:
    """Return what a source reports for nerves that do not supply a facet joint, or None."""
    others = reference.find_other_nerves(
        nerves,
        technique=treatment.technique,
        guidance=treatment.guidance,
        on=on,
    )
    if not others:
        return None
    notes = " ".join(dict.fromkeys(other.note for other in others if other.note))
    return Refusal(
        reason=Reason.NO_COMPLETE_LEVEL,
        message=f"{', '.join(map(str, nerves))}: not facet joint nerves{'; ' + notes.rstrip('.') if notes else ''}",
        instead=tuple(other.instead for other in others),
        citations=tuple(dict.fromkeys(c for other in others for c in other.citations)),
    )


def _further(
    named: Mapping[Joint, Side | None], completed: Mapping[Joint, Side | None]
) -> Iterator[Note]:
    """Yield a note for each joint or side that the nerves complete beyond the targets."""
    for joint, side in completed.items():
        if joint not in named:
            message = f"The nerves also complete {joint}; it is not listed as treated, so not coded"
            yield Note(id=NoteId.FURTHER_JOINT, message=message)
            continue
        more = _sides(side) - _sides(named[joint])
        if named[joint] is not None and None not in more and more:
            which = " and ".join(sorted(str(one) for one in more))
            message = f"The nerves also complete {joint} on the {which}; that side is not listed as"
            yield Note(id=NoteId.FURTHER_JOINT, message=f"{message} treated, so not coded")


def _incomplete(
    named: Mapping[Joint, Side | None],
    completed: Mapping[Joint, Side | None],
    reference: Reference,
) -> Iterator[Note]:
    """Yield a note for each target whose nerves are not all listed on each of its sides."""
    for supply in _supply(named, reference):
        joint, side = supply.joint, named[supply.joint]
        have = _sides(completed[joint]) if joint in completed else frozenset[Side | None]()
        if not supply.nerves or None in have or (have and side is None) or _sides(side) <= have:
            continue
        wanted = " and ".join(supply.nerves)
        message = f"{joint} is coded as documented, but not all of its nerves are listed: {wanted}"
        yield Note(id=NoteId.NERVES_INCOMPLETE, message=message, citations=supply.citations)


def _no_level(technique: Technique) -> Refusal:
    what = "joints or the nerves" if technique.on_nerves else "joints"
    message = f"{technique.label}: no level is documented; list the {what} that were treated"
    return Refusal(reason=Reason.NO_LEVEL_DOCUMENTED, message=message)


def _no_complete_level(treatment: Treatment, *, reference: Reference, on: dt.date) -> Refusal:
    nerves, _ = merge_sides((entry.nerve, entry.side) for entry in treatment.nerves)
    not_known = [n for n in nerves if isinstance(n, UnlistedNerve) and not n.kind]
    asked = "; ".join(f"{nerve}: {_why_not_known(nerve)}" for nerve in not_known)
    if len(not_known) == len(nerves):
        return Refusal(reason=Reason.NOT_KNOWN, message=f"no level can be coded; {asked}")
    nerves = {nerve: side for nerve, side in nerves.items() if nerve not in not_known}
    named = series([_sided(nerve, _sides(side)) for nerve, side in nerves.items()])
    why = f"{named} do not include all nerves of one joint on one side"
    if len(nerves) == 1:
        why = f"{named} alone does not complete a joint"
    if all(nerve.kind in NO_FACET_NERVE for nerve in nerves):
        why = f"{named} {agree(nerves, 'does', 'do')} not supply a facet joint"
    if _c2_c3_alone(nerves, (Side.RIGHT, Side.LEFT, None)):
        why += "; C2-C3 also needs the third occipital nerve"
    why += f", so no level can be coded{f'; {asked}' if asked else ''}"
    refusal = Refusal(reason=Reason.NO_COMPLETE_LEVEL, message=why)
    others = _others(_that_count(treatment), treatment, reference, on)
    if others is None:
        return refusal
    reported = series([line.code for line in others.instead])
    message = f"{refusal.message}; we found a source that reports {reported}"
    return attrs.evolve(
        refusal, message=message, instead=others.instead, citations=others.citations
    )


@sealed
@attrs.frozen(kw_only=True)
class SideLeft:
    """What is left of an injection beside an ablation of its joint, and a remark on it.

    ``some``: a side is left, which is ``side``. ``separate``: all of it is, on another side.
    """

    some: bool
    side: Side | None = None
    separate: bool = False
    remark: str = ""


def side_left(injected: Side | None, ablated: Side | None) -> SideLeft:
    """Return what is left of an injection at a joint that was ablated, if the ablation includes it.

    >>> side_left(Side.BILATERAL, Side.RIGHT).side
    <Side.LEFT: 'left'>
    >>> side_left(Side.RIGHT, None).some
    False
    """
    if ablated is None and injected is Side.BILATERAL:
        remark = "; the ablated side is not named, so one injected side is coded unnamed"
        return SideLeft(some=True, remark=remark)
    if ablated is None:
        return SideLeft(
            some=False, remark="; the ablated side is not named: ask whether it was this"
        )
    if injected is None:
        asked = "" if ablated is Side.BILATERAL else "; its side is not named: ask which it was"
        return SideLeft(some=False, remark=asked)
    sides = [side for side in injected.parts if side not in ablated.parts]
    if len(sides) == len(injected.parts):
        return SideLeft(some=True, side=injected, separate=True)
    if not sides:
        return SideLeft(some=False)
    remark = f"; the {sides[0]} side was not ablated and is coded"
    return SideLeft(some=True, side=sides[0], remark=remark)
