"""Readings of a free list of levels, such as "L3-L5": joints, nerves or vertebrae."""

from __future__ import annotations

import itertools
import re
from enum import StrEnum

import attrs

from cptfacet._inputs import expect_text
from cptfacet._records import sealed
from cptfacet._spellings import drop_sides, spell, spellings
from cptfacet.anatomy import (
    BY_UPPER,
    JOINTS,
    NAME_BOTH,
    SEGMENT,
    Joint,
    Nerve,
    parse_joint,
    parse_nerve,
)
from cptfacet.errors import ParseError
from cptfacet.reference import Reference, find_reference

__all__ = ["Reading", "TakenAs", "read_levels"]


def __dir__() -> list[str]:
    return sorted(__all__)


class TakenAs(StrEnum):
    """What the names in a free list of levels may mean."""

    JOINTS = "joints"
    NERVES = "nerves"
    VERTEBRAE = "vertebrae"


@sealed
@attrs.frozen(kw_only=True)
class Reading:
    """One way to read a free list of levels.

    ``joints`` are the joints that the list names or completes in this reading. ``nerves`` are its
    nerves, if it is read as nerves.
    """

    taken_as: TakenAs
    joints: tuple[Joint, ...]
    nerves: tuple[Nerve, ...] = ()


_ITEM = re.compile(r"[,;&+]| AND ")
_TO = re.compile(r" (?:TO|THROUGH|THRU) ")
_CORE = re.compile(r"(\D*[ (])?([CTLS]\d\d?(?: ?- ?[CTLS]?\d\d?)*)([ )].*)?", re.ASCII)


def read_levels(text: str, *, reference: Reference | None = None) -> tuple[Reading, ...]:
    """Return every reading of a free list of levels, and choose none.

    "L3-L5" may list nerves, vertebrae, or joints by their upper segment; the note decides, not we.
    Sides are passed over. A noun decides only what it settles: facet joints are not nerves, and single
    medial branches are.

    >>> for reading in read_levels("L3-L5"):
    ...     print(reading.taken_as, [joint.value for joint in reading.joints])
    joints ['L3-L4', 'L4-L5', 'L5-S1']
    nerves ['L4-L5', 'L5-S1']
    vertebrae ['L3-L4', 'L4-L5']
    >>> [reading.taken_as.value for reading in read_levels("left L3 and L4 medial branches")]
    ['nerves']
    >>> read_levels("lower back")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'lower back' is not a list of levels: list joints, nerves or vertebrae, as in L3-4, L4-5

    Raises:
        ParseError: Something in the list is neither a joint nor a segment, or the list mixes them.
    """
    known = find_reference(reference)
    spelled = drop_sides(spell(expect_text(text, 'read_levels("L3-4, L4-5")')))
    parts = [part.strip() for part in _ITEM.split(_TO.sub("-", spelled))]
    items, nouns = _without_nouns([part for part in parts if part])
    found = [(_joint_or_none(item), _run_of_segments(item)) for item in items]
    wrong = ""
    others = [item for item, (joint, run) in zip(items, found, strict=True) if not (joint or run)]
    only_nerves = [nerve for item in others if (nerve := _nerve_or_none(item))]
    if not items or len(only_nerves) < len(others):
        wrong = _why_not(others) or "list joints, nerves or vertebrae, as in L3-4, L4-5"
    named = [joint for joint, _ in found if joint is not None]
    if not wrong and named and len(named) < len(items):
        wrong = "it mixes joints with single segments or nerves; write all of them the same way"
    if wrong:
        raise ParseError(what="a list of levels", text=text, reason=wrong)
    if len(named) > 1:
        return (Reading(taken_as=TakenAs.JOINTS, joints=tuple(sorted(set(named)))),)
    runs = dict.fromkeys(segment for _, run in found if run for segment in run)
    segments = sorted(runs, key=_SEGMENT_ORDER.__getitem__)
    if only_nerves or _Noun.NERVES in nouns:
        return _as_nerves(segments, *only_nerves, reference=known)
    as_joints = named or [BY_UPPER[segment] for segment in segments if segment in BY_UPPER]
    readings: list[Reading] = []
    if named or len(as_joints) == len(segments):
        readings.append(Reading(taken_as=TakenAs.JOINTS, joints=tuple(as_joints)))
    if _Noun.JOINTS not in nouns:
        readings += _as_nerves(segments, reference=known)
    return (*readings, _as_vertebrae(segments))


class _Noun(StrEnum):
    """What a noun settles about the names beside it."""

    JOINTS = "joints"
    NERVES = "nerves"


def _without_nouns(parts: list[str]) -> tuple[list[str], set[_Noun]]:
    """Return the parts of a list without nouns that are understood, and what these settle."""
    names = spellings()
    items: list[str] = []
    settled: set[_Noun] = set()
    single = True
    for part in parts:
        match = _CORE.fullmatch(part)
        before, core, after = match.groups("") if match else ("", part, "")
        run = _run_of_segments(core) or []
        single &= len(run) < 2 or run[0][0] == "S"  # noqa: PLR2004  no joints below S1
        if f"{before}{after}".strip() in names.joint_nouns:
            items.append(core)
            if not f"{before}{after}".strip().startswith("LEVEL"):
                settled.add(_Noun.JOINTS)
        elif (before or after) and any(f"{before}{one}{after}" in names.nerves for one in run):
            items.append(core)
            settled.add(_Noun.NERVES)
        else:
            items.append(part)
    return items, settled if single else settled - {_Noun.NERVES}


def _why_not(items: list[str]) -> str:
    """Return why a name is neither a joint nor a nerve nor a vertebra, if that is known."""
    for item in items:
        if (other := spellings().others.get(item)) is not None:
            return other[1]
        try:
            parse_joint(item)
        except ParseError as error:
            if error.reason != NAME_BOTH:
                return error.reason
    return ""


def _nerve_or_none(text: str) -> Nerve | None:
    try:
        return parse_nerve(text)
    except ParseError:
        return None


def _joint_or_none(text: str) -> Joint | None:
    try:
        return parse_joint(text)
    except ParseError:
        return None


_SEGMENTS = ("C0", *(joint.segment_below for joint in Joint), "S2", "S3")
_SEGMENT_ORDER = {segment: index for index, segment in enumerate(_SEGMENTS)}


def _run_of_segments(item: str) -> list[str] | None:
    """Read "L4", "T6-T7-T8" (each named) or "L3-L5" (from, to)."""
    parts = [part.strip() for part in item.split("-")]
    found: list[str] = []
    for part in parts:
        letter = found[0][0] if found and part.isdigit() else ""
        match = SEGMENT.fullmatch(letter + part)
        segment = f"{match[1]}{int(match[2])}" if match else ""
        if segment not in _SEGMENT_ORDER:
            return None
        found.append(segment)
    if len(found) == 2:  # noqa: PLR2004  the two ends of a range
        first, last = sorted(_SEGMENT_ORDER[segment] for segment in found)
        return list(_SEGMENTS[first : last + 1])
    return found


def _as_nerves(segments: list[str], *more: Nerve, reference: Reference) -> tuple[Reading, ...]:
    listed = list(more)
    for segment in segments:
        try:
            listed.append(parse_nerve(segment))
        except ParseError:
            return ()
    listed.sort()
    reading = Reading(
        taken_as=TakenAs.NERVES,
        joints=reference.find_joints(completed_by=listed),
        nerves=tuple(listed),
    )
    return (reading,)


def _as_vertebrae(segments: list[str]) -> Reading:
    pairs = itertools.pairwise(segments)
    named = (JOINTS.get(f"{above}-{below}") for above, below in pairs)
    return Reading(taken_as=TakenAs.VERTEBRAE, joints=tuple(joint for joint in named if joint))
