"""Joints, sides, nerves and regions by name. `Reference` maps them to one another.

A joint is not a vertebra, and a nerve is not a level.
"""

from __future__ import annotations

import re
from enum import StrEnum

from cptfacet._inputs import expect_text
from cptfacet.errors import ParseError

__all__ = [
    "CodeRegion",
    "CoverageRegion",
    "Joint",
    "Nerve",
    "NerveKind",
    "Side",
    "parse_joint",
    "parse_nerve",
    "parse_side",
]


def __dir__() -> list[str]:
    return sorted(__all__)


class _HeadToTail(StrEnum):
    """Enum members that sort by their place in the body, from the head down."""

    _position: int

    def __init__(self, _: str) -> None:
        """Store the next position."""
        self._position = len(type(self).__members__)

    @property
    def position(self) -> int:
        """The position from superior to inferior, counted from 0."""
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
    """The side treated. A side that is not stated is None."""

    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"

    @property
    def mirrored(self) -> Side:
        """The opposite side; bilateral stays bilateral.

        >>> Side.LEFT.mirrored
        <Side.RIGHT: 'right'>
        """
        return {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}.get(self, self)

    @property
    def parts(self) -> tuple[Side, ...]:
        """The single sides that it includes, right before left."""
        return (Side.RIGHT, Side.LEFT) if self is Side.BILATERAL else (self,)


class CodeRegion(StrEnum):
    """The region that selects a code; a coverage policy may count by other regions."""

    CERVICAL_THORACIC = "cervical-thoracic"
    LUMBAR_SACRAL = "lumbar-sacral"


class CoverageRegion(StrEnum):
    """The region whose sessions a coverage policy counts; it may differ from the code's region."""

    CERVICAL_THORACIC = "cervical-thoracic"
    LUMBAR_SACRAL = "lumbar-sacral"


class Joint(_HeadToTail):
    """One facet joint position, named by the two segments that it joins."""

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
    """The kinds of nerves that coding distinguishes."""

    MEDIAL_BRANCH = "medial-branch"
    DORSAL_RAMUS = "dorsal-ramus"
    THIRD_OCCIPITAL = "third-occipital"
    SACRAL_BRANCH = "sacral-branch"
    OCCIPITAL = "occipital"


class Nerve(_HeadToTail):
    """A nerve named in a procedure note.

    `L4` is the medial branch of L4. The nerves from `S1` on supply no facet joint. They are here
    because notes list them with facet nerves.
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
        """The kind of nerve, such as a medial branch."""
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
JOINTS = {joint.value: joint for joint in Joint}
BY_UPPER = {joint.segment_above: joint for joint in Joint}
_DASHES = str.maketrans(
    dict.fromkeys("\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{MINUS SIGN}/", "-")
)
_JOINT = re.compile(r"([CTL])(\d{1,2})\s*-\s*([CTLS]?)(\d{1,2})", re.ASCII)
SEGMENT = re.compile(r"([CTLS])(\d{1,2})", re.ASCII)


def fold(text: str) -> str:
    """Return a text in upper case, with hyphens for every dash or slash and single spaces."""
    return " ".join(text.translate(_DASHES).upper().split())


def parse_joint(text: str) -> Joint:
    """Parse the name of one facet joint.

    Any spelling with one clear meaning is accepted: `L4-5`, `l4/l5`, `T12-L1`, `C7/T1`. A single
    segment is refused, because it may be a vertebra or a nerve, and so is a range of more than one
    joint.

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
        ParseError: The text is not one joint; the error says why.
    """
    match = _JOINT.fullmatch(fold(expect_text(text, 'parse_joint("L4-5")')))
    if match is None:
        raise ParseError(what="a joint", text=text, reason=_why_no_joint(text))
    letter, upper, letter_below, lower = match.groups()
    above = f"{letter}{int(upper)}"
    below = f"{letter_below or letter}{int(lower)}"
    joint = JOINTS.get(f"{above}-{below}")
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
    """List the joints from one segment down to another; empty if there is no such path."""
    found: list[Joint] = []
    segment = above
    while segment in BY_UPPER and segment != below:
        found.append(BY_UPPER[segment])
        segment = found[-1].segment_below
    return tuple(found) if segment == below else ()


def _why_no_joint(text: str) -> str:
    segment = SEGMENT.fullmatch(fold(text))
    if segment is not None and (joint := BY_UPPER.get(f"{segment[1]}{int(segment[2])}")):
        return (
            "one segment may be a vertebra or a nerve;"
            f" name both segments of the joint, as in {joint.value}"
        )
    return "name the two segments of the joint, as in L4-L5 or C7-T1"


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
    """Parse a side.

    >>> parse_side(" Rt ")
    <Side.RIGHT: 'right'>
    >>> parse_side("50")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '50' is not a side: write left, right or bilateral

    Raises:
        ParseError: The text is not a side.
    """
    side = _SIDES.get(" ".join(expect_text(text, 'parse_side("left")').lower().split()).rstrip("."))
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
    """Parse the name of one nerve.

    In a list of nerves, `L5` means the L5 dorsal ramus, which takes the place of a medial branch at
    that level. The sacral ala is a bony landmark, not a nerve.

    >>> parse_nerve("L4 medial branch"), parse_nerve("L5")
    (<Nerve.L4: 'L4'>, <Nerve.L5_DORSAL_RAMUS: 'L5 dorsal ramus'>)
    >>> parse_nerve("ala")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'ala' is not a nerve: the sacral ala is the site at which the L5 dorsal ramus is reached; name the nerve

    Raises:
        ParseError: The text is not one nerve; the error says why.
    """
    folded = fold(expect_text(text, 'parse_nerve("L4")'))
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
