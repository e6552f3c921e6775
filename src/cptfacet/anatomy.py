"""Joints, sides, nerves, the map between them, and the readings of a free list of levels.

A joint is not a vertebra and a nerve is not a level. Two medial branches supply one joint, so `k`
adjacent nerves complete `k - 1` joints, and only inside one unbroken run.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from cptfacet import _data
from cptfacet._records import sealed
from cptfacet.citations import Citation, Confidence
from cptfacet.dates import EffectivePeriod, Status
from cptfacet.errors import NoMedialBranchError, ParseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "CodeRegion",
    "CoverageRegion",
    "Innervation",
    "Joint",
    "Nerve",
    "NerveKind",
    "Reading",
    "RegionFact",
    "Side",
    "TakenAs",
    "code_region",
    "coverage_region",
    "innervation",
    "joints",
    "nerves",
    "parse_joint",
    "parse_nerve",
    "parse_side",
    "read_levels",
    "region_facts",
]


class _HeadToTail(StrEnum):
    """Symbols that sort by their place in the body, from the head down."""

    _position: int

    def __init__(self, _: str) -> None:
        """Take the place behind the members before it."""
        self._position = len(type(self).__members__)

    @property
    def position(self) -> int:
        """The place in the order from head to tail, from 0."""
        return self._position

    def __lt__(self, other: str) -> bool:
        if isinstance(other, type(self)):
            return self._position < other._position
        return NotImplemented

    def __le__(self, other: str) -> bool:
        if isinstance(other, type(self)):
            return self._position <= other._position
        return NotImplemented

    def __gt__(self, other: str) -> bool:
        if isinstance(other, type(self)):
            return self._position > other._position
        return NotImplemented

    def __ge__(self, other: str) -> bool:
        if isinstance(other, type(self)):
            return self._position >= other._position
        return NotImplemented


class Side(StrEnum):
    """The side that was treated. A side that is not given is none of these."""

    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"

    @property
    def mirrored(self) -> Side:
        """The same treatment on the other side.

        >>> Side.LEFT.mirrored
        <Side.RIGHT: 'right'>
        """
        return {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}.get(self, self)

    @property
    def parts(self) -> tuple[Side, ...]:
        """The single sides it stands for, right before left."""
        return (Side.RIGHT, Side.LEFT) if self is Side.BILATERAL else (self,)


class CodeRegion(StrEnum):
    """The region that picks a code; a coverage policy may count other regions."""

    CERVICAL_THORACIC = "cervical-thoracic"
    LUMBAR_SACRAL = "lumbar-sacral"


class CoverageRegion(StrEnum):
    """The region whose sessions a coverage policy counts; another thing than that of a code."""

    CERVICAL_THORACIC = "cervical-thoracic"
    LUMBAR_SACRAL = "lumbar-sacral"


class Joint(_HeadToTail):
    """One facet joint position, named by the two segments that meet in it."""

    C0_C1 = "C0-C1"
    C1_C2 = "C1-C2"
    C2_C3 = "C2-C3"
    C3_C4 = "C3-C4"
    C4_C5 = "C4-C5"
    C5_C6 = "C5-C6"
    C6_C7 = "C6-C7"
    C7_T1 = "C7-T1"
    T1_T2 = "T1-T2"
    T2_T3 = "T2-T3"
    T3_T4 = "T3-T4"
    T4_T5 = "T4-T5"
    T5_T6 = "T5-T6"
    T6_T7 = "T6-T7"
    T7_T8 = "T7-T8"
    T8_T9 = "T8-T9"
    T9_T10 = "T9-T10"
    T10_T11 = "T10-T11"
    T11_T12 = "T11-T12"
    T12_L1 = "T12-L1"
    L1_L2 = "L1-L2"
    L2_L3 = "L2-L3"
    L3_L4 = "L3-L4"
    L4_L5 = "L4-L5"
    L5_S1 = "L5-S1"

    @property
    def segment_above(self) -> str:
        """The segment above the joint."""
        return self.value.split("-")[0]

    @property
    def segment_below(self) -> str:
        """The segment below the joint."""
        return self.value.split("-")[1]


class NerveKind(StrEnum):
    """What a nerve is, as far as coding asks."""

    MEDIAL_BRANCH = "medial-branch"
    DORSAL_RAMUS = "dorsal-ramus"
    THIRD_OCCIPITAL = "third-occipital"
    SACRAL_BRANCH = "sacral-branch"
    OCCIPITAL = "occipital"


class Nerve(_HeadToTail):
    """A nerve that a procedure note names.

    `L4` is the medial branch of L4. The last ones, from `S1` on, supply no facet joint: they are
    here because notes list them beside facet nerves.
    """

    TON = "TON"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"
    C6 = "C6"
    C7 = "C7"
    C8 = "C8"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"
    T5 = "T5"
    T6 = "T6"
    T7 = "T7"
    T8 = "T8"
    T9 = "T9"
    T10 = "T10"
    T11 = "T11"
    T12 = "T12"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"
    L5_DORSAL_RAMUS = "L5 dorsal ramus"
    S1 = "S1 lateral branch"
    S2 = "S2 lateral branch"
    S3 = "S3 lateral branch"
    GON = "GON"
    LON = "LON"

    @property
    def kind(self) -> NerveKind:
        """What the nerve is."""
        return _NERVE_KINDS.get(self, NerveKind.MEDIAL_BRANCH)


_NERVE_KINDS = {
    Nerve.TON: NerveKind.THIRD_OCCIPITAL,
    Nerve.L5_DORSAL_RAMUS: NerveKind.DORSAL_RAMUS,
    Nerve.S1: NerveKind.SACRAL_BRANCH,
    Nerve.S2: NerveKind.SACRAL_BRANCH,
    Nerve.S3: NerveKind.SACRAL_BRANCH,
    Nerve.GON: NerveKind.OCCIPITAL,
    Nerve.LON: NerveKind.OCCIPITAL,
}
_JOINTS = {joint.value: joint for joint in Joint}
_BY_UPPER = {joint.segment_above: joint for joint in Joint}
_DASHES = str.maketrans(
    dict.fromkeys("\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{MINUS SIGN}/", "-")
)
_JOINT = re.compile(r"([CTL])(\d{1,2})\s*-\s*([CTLS]?)(\d{1,2})", re.ASCII)
_SEGMENT = re.compile(r"([CTLS])(\d{1,2})", re.ASCII)


def _fold(text: str) -> str:
    return " ".join(text.translate(_DASHES).upper().split())


def parse_joint(text: str) -> Joint:
    """Read the name of one facet joint.

    Spelling is free where the meaning is certain: `L4-5`, `l4/l5`, `T12-L1`, `C7/T1`. A single
    segment is refused, because it may be a vertebra or a nerve, and so is a stretch over more than
    one joint.

    >>> parse_joint(" l4/5 ")
    <Joint.L4_L5: 'L4-L5'>
    >>> parse_joint("L3-L5")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'L3-L5' is not a joint: L3 and L5 do not meet; name each joint, as in L3-L4 and L4-L5
    >>> parse_joint("L4")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'L4' is not a joint: one segment may be a vertebra or a nerve; name both segments of the joint, as in L4-L5

    Raises:
        ParseError: The text is not one joint, with the reason.
    """
    match = _JOINT.fullmatch(_fold(text))
    if match is None:
        raise ParseError(what="a joint", text=text, reason=_why_no_joint(text))
    letter, upper, letter_below, lower = match.groups()
    above = f"{letter}{int(upper)}"
    below = f"{letter_below or letter}{int(lower)}"
    joint = _JOINTS.get(f"{above}-{below}")
    if joint is not None:
        return joint
    reason = f"{above} and {below} do not meet"
    between = _between(above, below)
    if between:
        reason += f"; name each joint, as in {' and '.join(between)}"
    else:
        reason += " in a facet joint; joints run from C0-C1 to L5-S1"
    raise ParseError(what="a joint", text=text, reason=reason)


def _between(above: str, below: str) -> tuple[Joint, ...]:
    """Name the joints from one segment down to another, or nothing where that can't be."""
    found: list[Joint] = []
    segment = above
    while segment in _BY_UPPER and segment != below:
        found.append(_BY_UPPER[segment])
        segment = found[-1].segment_below
    return tuple(found) if segment == below else ()


def _why_no_joint(text: str) -> str:
    segment = _SEGMENT.fullmatch(_fold(text))
    if segment is not None and (joint := _BY_UPPER.get(f"{segment[1]}{int(segment[2])}")):
        return (
            "one segment may be a vertebra or a nerve;"
            f" name both segments of the joint, as in {joint.value}"
        )
    return "name the two segments that meet in it, as in L4-L5 or C7-T1"


_SIDES = {
    "left": Side.LEFT,
    "lt": Side.LEFT,
    "l": Side.LEFT,
    "right": Side.RIGHT,
    "rt": Side.RIGHT,
    "r": Side.RIGHT,
    "bilateral": Side.BILATERAL,
    "bilat": Side.BILATERAL,
    "both": Side.BILATERAL,
    "both sides": Side.BILATERAL,
    "b/l": Side.BILATERAL,
}


def parse_side(text: str) -> Side:
    """Read a side.

    >>> parse_side(" Rt ")
    <Side.RIGHT: 'right'>
    >>> parse_side("50")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '50' is not a side: write left, right or bilateral

    Raises:
        ParseError: The text is not a side.
    """
    side = _SIDES.get(" ".join(text.lower().split()).rstrip("."))
    if side is None:
        raise ParseError(what="a side", text=text, reason="write left, right or bilateral")
    return side


_NERVE_NAMES = {
    "TON": Nerve.TON,
    "THIRD OCCIPITAL NERVE": Nerve.TON,
    "THIRD OCCIPITAL": Nerve.TON,
    "GON": Nerve.GON,
    "GREATER OCCIPITAL NERVE": Nerve.GON,
    "GREATER OCCIPITAL": Nerve.GON,
    "LON": Nerve.LON,
    "LESSER OCCIPITAL NERVE": Nerve.LON,
    "LESSER OCCIPITAL": Nerve.LON,
    "L5DR": Nerve.L5_DORSAL_RAMUS,
    "L5 DR": Nerve.L5_DORSAL_RAMUS,
    "L5 DORSAL RAMUS": Nerve.L5_DORSAL_RAMUS,
    "L5": Nerve.L5_DORSAL_RAMUS,
}
_BRANCH = re.compile(r"([CTL]\d{1,2})(?: ?(?:MB|MEDIAL BRANCH(?: NERVE)?))?", re.ASCII)
_SACRAL = re.compile(
    r"(S[123])(?: ?(?:LB|(?:LATERAL|COMMUNICATING)(?: BRANCH)?|BRANCH))?", re.ASCII
)
_SITES = {"ALA", "SACRAL ALA", "SA"}


def parse_nerve(text: str) -> Nerve:
    """Read the name of one nerve.

    In a list of nerves `L5` reads as the L5 dorsal ramus, which takes the place of a medial branch
    there. The sacral ala is a bony site and not a nerve.

    >>> parse_nerve("L4 medial branch"), parse_nerve("L5")
    (<Nerve.L4: 'L4'>, <Nerve.L5_DORSAL_RAMUS: 'L5 dorsal ramus'>)
    >>> parse_nerve("ala")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'ala' is not a nerve: the sacral ala is the site at which the L5 dorsal ramus is reached; name the nerve

    Raises:
        ParseError: The text is not one nerve, with the reason.
    """
    folded = _fold(text)
    if folded in _SITES:
        reason = (
            "the sacral ala is the site at which the L5 dorsal ramus is reached; name the nerve"
        )
        raise ParseError(what="a nerve", text=text, reason=reason)
    if (named := _NERVE_NAMES.get(folded)) is not None:
        return named
    if sacral := _SACRAL.fullmatch(folded):
        return Nerve[sacral[1]]
    branch = _BRANCH.fullmatch(folded)
    if branch is not None and branch[1] in Nerve.__members__:
        return Nerve[branch[1]]
    if branch is not None and branch[1] == "L5":
        reason = "L5 has a dorsal ramus and no medial branch of its own; write L5 dorsal ramus"
    else:
        reason = "name a medial branch such as L4, the L5 dorsal ramus, or TON"
    raise ParseError(what="a nerve", text=text, reason=reason)


@sealed
@attrs.frozen(kw_only=True)
class Innervation:
    """The nerves that supply one joint, with the source. Empty where there is no branch pair."""

    joint: Joint
    nerves: tuple[Nerve, ...]
    confidence: Confidence
    citations: tuple[Citation, ...]
    note: str = ""


@sealed
@attrs.frozen(kw_only=True)
class RegionFact:
    """The code region of one joint over one term, with the source."""

    joint: Joint
    region: CodeRegion
    term: EffectivePeriod
    confidence: Confidence
    citations: tuple[Citation, ...]
    note: str = ""


@functools.cache
def _map() -> Mapping[Joint, Innervation]:
    table: list[dict[str, Any]] = _data.read_toml("codes/anatomy.toml")["innervation"]
    found = (
        Innervation(
            joint=Joint(row["joint"]),
            nerves=tuple(Nerve(name) for name in row["nerves"]),
            confidence=Confidence(row["confidence"]),
            citations=_data.citations_of(row),
            note=row.get("note", ""),
        )
        for row in table
    )
    return {fact.joint: fact for fact in found}


@functools.cache
def _regions() -> Mapping[Joint, tuple[RegionFact, ...]]:
    found: dict[Joint, list[RegionFact]] = {}
    table: list[dict[str, Any]] = _data.read_toml("codes/anatomy.toml")["region"]
    for row in table:
        for name in row["joints"]:
            fact = RegionFact(
                joint=Joint(name),
                region=CodeRegion(row["region"]),
                term=_data.term_of(row),
                confidence=Confidence(row["confidence"]),
                citations=_data.citations_of(row),
                note=row.get("note", ""),
            )
            found.setdefault(fact.joint, []).append(fact)
    return {joint: tuple(facts) for joint, facts in found.items()}


def innervation(joint: Joint) -> Innervation:
    """Give the nerves that supply a joint, with the source.

    >>> innervation(Joint.L4_L5).nerves
    (<Nerve.L3: 'L3'>, <Nerve.L4: 'L4'>)
    """
    return _map()[joint]


def region_facts(joint: Joint) -> tuple[RegionFact, ...]:
    """List what is known of the code region of a joint, over all dates.

    >>> [str(fact.term) for fact in region_facts(Joint.T12_L1)]
    ['seen 2010-01-01 until 2010-12-31', 'seen 2014-12-31']
    """
    return _regions()[joint]


def code_region(joint: Joint, *, on: dt.date) -> RegionFact | None:
    """Give the region that picks the code for a joint on a date, or None where no source tells.

    T12-L1 was lumbar in the code book of 2010 and is thoracic by 2014; between them no source
    tells.

    >>> code_region(Joint.T12_L1, on=dt.date(2026, 3, 2)).region
    <CodeRegion.CERVICAL_THORACIC: 'cervical-thoracic'>
    >>> code_region(Joint.T12_L1, on=dt.date(2012, 6, 1)) is None
    True
    """
    for fact in region_facts(joint):
        if fact.term.on(on) is Status.IN_FORCE:
            return fact
    return None


def coverage_region(joint: Joint) -> CoverageRegion | None:
    """Give the region in which a coverage policy counts a joint, or None where no source tells.

    A region is a stretch of vertebrae: C1 to T12, and L1 to S5. T12-L1 lies between them. What it
    is billed with may settle it, as one group with L1-L2; alone it is not known.

    >>> coverage_region(Joint.C7_T1)
    <CoverageRegion.CERVICAL_THORACIC: 'cervical-thoracic'>
    >>> coverage_region(Joint.T12_L1) is None
    True

    Source: the definition of a region in the local coverage determinations, such as L38801.
    """
    above, below = _region_of(joint.segment_above), _region_of(joint.segment_below)
    return above if above is below else None


def _region_of(segment: str) -> CoverageRegion:
    above = segment[0] in "CT"
    return CoverageRegion.CERVICAL_THORACIC if above else CoverageRegion.LUMBAR_SACRAL


def nerves(targets: Iterable[Joint]) -> tuple[Nerve, ...]:
    """List the nerves that supply some joints of one side, head to tail, each once.

    >>> [nerve.value for nerve in nerves([Joint.L4_L5, Joint.L5_S1])]
    ['L3', 'L4', 'L5 dorsal ramus']
    >>> nerves([Joint.C1_C2])
    Traceback (most recent call last):
    ...
    cptfacet.errors.NoMedialBranchError: C1-C2 has no pair of medial branches: it can be injected inside the joint only, so no nerve list stands for it.

    Raises:
        NoMedialBranchError: A joint has no branch pair (C0-C1, C1-C2).
    """
    found: set[Nerve] = set()
    for joint in targets:
        supply = innervation(joint).nerves
        if not supply:
            raise NoMedialBranchError(joint=joint.value)
        found.update(supply)
    return tuple(sorted(found))


def joints(treated: Iterable[Nerve]) -> tuple[Joint, ...]:
    """List the joints that some nerves of one side complete, head to tail.

    A joint counts when all of its nerves were treated. The third occipital nerve alone completes
    C2-C3; C2 and C3 without it do not.

    >>> [joint.value for joint in joints([Nerve.L3, Nerve.L4, Nerve.L5_DORSAL_RAMUS])]
    ['L4-L5', 'L5-S1']
    >>> joints([Nerve.C2, Nerve.C3])
    ()
    """
    have = set(treated)
    return tuple(j for j, fact in _map().items() if fact.nerves and have.issuperset(fact.nerves))


class TakenAs(StrEnum):
    """What the names of a free list of levels are taken for."""

    JOINTS = "joints"
    NERVES = "nerves"
    VERTEBRAE = "vertebrae"


@sealed
@attrs.frozen(kw_only=True)
class Reading:
    """One way to read a free list of levels.

    ``joints`` are the joints that the list names or completes when it is read so, ``nerves`` the
    nerves where it lists nerves.
    """

    taken_as: TakenAs
    joints: tuple[Joint, ...]
    nerves: tuple[Nerve, ...] = ()


_ITEM = re.compile(r"[,;&+]| AND ")


def read_levels(text: str) -> tuple[Reading, ...]:
    """Give every reading of a free list of levels, and choose none.

    "L3-L5" may list nerves, vertebrae, or joints by their upper segment; the note decides, not we.

    >>> for reading in read_levels("L3-L5"):
    ...     print(reading.taken_as, [joint.value for joint in reading.joints])
    joints ['L3-L4', 'L4-L5', 'L5-S1']
    nerves ['L4-L5', 'L5-S1']
    vertebrae ['L3-L4', 'L4-L5']
    >>> read_levels("lower back")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'lower back' is not a list of levels: list joints, nerves or vertebrae, as in L3-4, L4-5

    Raises:
        ParseError: Something in the list is neither a joint nor a segment, or the list mixes them.
    """
    items = [item for item in (part.strip() for part in _ITEM.split(_fold(text))) if item]
    found = [(_joint_or_none(item), _run_of_segments(item)) for item in items]
    wrong = ""
    others = [item for item, (joint, run) in zip(items, found, strict=True) if not (joint or run)]
    only_nerves = [nerve for item in others if (nerve := _nerve_or_none(item))]
    if not items or len(only_nerves) < len(others):
        wrong = "list joints, nerves or vertebrae, as in L3-4, L4-5"
    named = [joint for joint, _ in found if joint is not None]
    if not wrong and named and len(named) < len(items):
        wrong = "it mixes joints with single segments or nerves; write all of them one way"
    if wrong:
        raise ParseError(what="a list of levels", text=text, reason=wrong)
    if len(named) > 1:
        return (Reading(taken_as=TakenAs.JOINTS, joints=tuple(sorted(set(named)))),)
    runs = dict.fromkeys(segment for _, run in found if run for segment in run)
    segments = sorted(runs, key=_SEGMENT_ORDER.__getitem__)
    if only_nerves:
        return _as_nerves(segments, *only_nerves)
    as_joints = named or [_BY_UPPER[segment] for segment in segments if segment in _BY_UPPER]
    readings: list[Reading] = []
    if named or len(as_joints) == len(segments):
        readings.append(Reading(taken_as=TakenAs.JOINTS, joints=tuple(as_joints)))
    return (*readings, *_as_nerves(segments), _as_vertebrae(segments))


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
        match = _SEGMENT.fullmatch(letter + part)
        segment = f"{match[1]}{int(match[2])}" if match else ""
        if segment not in _SEGMENT_ORDER:
            return None
        found.append(segment)
    if len(found) == 2:  # noqa: PLR2004  a stretch has two ends
        first, last = sorted(_SEGMENT_ORDER[segment] for segment in found)
        return list(_SEGMENTS[first : last + 1])
    return found


def _as_nerves(segments: list[str], *more: Nerve) -> tuple[Reading, ...]:
    listed = list(more)
    for segment in segments:
        try:
            listed.append(parse_nerve(segment))
        except ParseError:
            return ()
    listed.sort()
    reading = Reading(taken_as=TakenAs.NERVES, joints=joints(listed), nerves=tuple(listed))
    return (reading,)


def _as_vertebrae(segments: list[str]) -> Reading:
    pairs = itertools.pairwise(segments)
    named = (_JOINTS.get(f"{above}-{below}") for above, below in pairs)
    return Reading(taken_as=TakenAs.VERTEBRAE, joints=tuple(joint for joint in named if joint))
