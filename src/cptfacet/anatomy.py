"""Joints, sides, nerves and regions by name. `Reference` maps them to one another.

A joint is not a vertebra, and a nerve is not a level.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TypeAlias, TypeVar

import attrs

from cptfacet._inputs import expect_text
from cptfacet._records import check_types, sealed
from cptfacet._spellings import Listed, fold, list_names, names_of, names_side, spell, spellings
from cptfacet.errors import ParseError

__all__ = [
    "CodeRegion",
    "CoverageRegion",
    "Joint",
    "NamedNerve",
    "Nerve",
    "NerveKind",
    "Side",
    "UnlistedNerve",
    "nerves_from_note",
    "parse_joint",
    "parse_nerve",
    "parse_nerves",
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
    NERVE_ROOT = "nerve-root"
    DORSAL_ROOT_GANGLION = "dorsal-root-ganglion"
    PERIPHERAL = "peripheral"
    SYMPATHETIC = "sympathetic"


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
_JOINT = re.compile(r"([CTL])(\d{1,2}) ?- ?([CTLS]?)(\d{1,2})", re.ASCII)
SEGMENT = re.compile(r"([CTLS])(\d{1,2})", re.ASCII)
_SIXTH_LUMBAR = "L6"
_SACROILIAC = re.compile(r"L\d{1,2} ?- ?SI", re.ASCII)


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
    spelled = fold(expect_text(text, 'parse_joint("L4-5")'))
    match = _JOINT.fullmatch(spelled)
    if match is None:
        spelled = _without_noun(text)
        match = _JOINT.fullmatch(spelled)
    if match is None:
        if (named := spellings().joints.get(spelled)) is not None:
            return JOINTS[named]
        raise ParseError(what="a joint", text=text, reason=_why_no_joint(spelled))
    letter, upper, letter_below, lower = match.groups()
    above = f"{letter}{int(upper)}"
    below = f"{letter_below or letter}{int(lower)}"
    joint = JOINTS.get(f"{above}-{below}")
    if joint is not None:
        return joint
    reason = f"{above} and {below} do not meet"
    between = _between(above, below)
    if _SIXTH_LUMBAR in (above, below):
        reason = (
            "we found no coding source for the joints of a sixth lumbar vertebra; ask the payer"
        )
    elif between:
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


def _without_noun(text: str) -> str:
    """Return the name of a joint without a noun such as "facet joint" before or after it."""
    spelled = spell(text)
    for noun in spellings().joint_nouns:
        if spelled.endswith(f" {noun}"):
            return spelled.removesuffix(noun).rstrip()
        if spelled.startswith(f"{noun} "):
            return spelled.removeprefix(noun).lstrip()
    return spelled


NAME_BOTH = (
    "name the two segments of the joint, as in L4-L5 or C7-T1"  # nothing else is known of it
)


def _why_no_joint(spelled: str) -> str:
    if _SACROILIAC.fullmatch(spelled):
        return "SI is the sacroiliac joint; for the first sacral segment write S1, as in L5-S1"
    segment = SEGMENT.fullmatch(spelled)
    if segment is not None and (joint := BY_UPPER.get(f"{segment[1]}{int(segment[2])}")):
        return (
            "one segment may be a vertebra or a nerve;"
            f" name both segments of the joint, as in {joint.value}"
        )
    return NAME_BOTH


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
    folded = fold(expect_text(text, 'parse_side("left")')).rstrip(".")
    side = _canonical(Side, folded.lower()) or spellings().sides.get(folded)
    if side is None:
        raise ParseError(what="a side", text=text, reason="write left, right or bilateral")
    return Side(side)


_W = TypeVar("_W", bound=StrEnum)


def _canonical(words: type[_W], text: str) -> _W | None:
    """Return the word of an enumeration that a text is, without reading the spellings."""
    return next((word for word in words if word.value == text), None)


_BY_NAME = {fold(nerve.value): nerve for nerve in Nerve}


def parse_nerve(text: str) -> Nerve:
    """Parse the name of one nerve.

    In a list of nerves, `L5` means the L5 dorsal ramus, which takes the place of a medial branch at
    that level. The sacral ala is a bony landmark, not a nerve.

    >>> parse_nerve("L4 medial branch"), parse_nerve("L5"), parse_nerve("3rd occipital nerve")
    (<Nerve.L4: 'L4'>, <Nerve.L5_DORSAL_RAMUS: 'L5 dorsal ramus'>, <Nerve.TON: 'TON'>)
    >>> parse_nerve("ala")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'ala' is not a nerve: the sacral ala is the site at which the L5 dorsal ramus is reached; name the nerve

    Raises:
        ParseError: The text is not one nerve; the error says why.
    """
    folded = fold(expect_text(text, 'parse_nerve("L4")'))
    if (nerve := _BY_NAME.get(folded)) is not None:
        return nerve
    spelled = spell(text)
    if (named := spellings().nerves.get(spelled)) is not None:
        return Nerve(named)
    what = "a nerve"
    if other := spellings().others.get(spelled):
        kind, reason = other
        what = "a facet joint nerve" if kind else what
    elif names_side(text):
        reason = "write the side by itself and the nerve without it"
    elif len(found := _nerves_or_none(text) or ()) > 1:
        reason = f"it names several; write each by itself, as in {found[0]}"
    else:
        reason = "name a medial branch such as L4, the L5 dorsal ramus, or TON"
    raise ParseError(what=what, text=text, reason=reason)


def parse_nerves(text: str) -> tuple[Nerve, ...]:
    """Parse one entry of a note that names one or several nerves.

    A run of sacral segments is read, because there are no joints below L5-S1. Of any other run it is
    not certain whether it names nerves or joints.

    >>> [nerve.value for nerve in parse_nerves("S1-S2 lateral branches")]
    ['S1 lateral branch', 'S2 lateral branch']
    >>> [nerve.value for nerve in parse_nerves("L3, L4 medial branches and L5 dorsal ramus")]
    ['L3', 'L4', 'L5 dorsal ramus']
    >>> parse_nerves("L3-L4 medial branches")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'L3-L4 medial branches' is not a list of nerves: a run may name nerves or joints; name each nerve, as in L3, L4

    Raises:
        ParseError: Some part of the text is not a nerve, or has several meanings; the error says why.
    """
    expect_text(text, 'parse_nerves("L3, L4 medial branches")')
    parts = list_names(text)
    listed = [part for part in parts if isinstance(part, Listed)]
    names = names_of(parts)
    if len(names) < 2 or spell(text) in {**spellings().nerves, **spellings().others}:  # noqa: PLR2004
        return (parse_nerve(text),)
    for run in (
        part.segments for part in listed if len(part.segments) > 1 and not _is_sacral(part)
    ):
        reason = f"a run may name nerves or joints; name each nerve, as in {', '.join(run)}"
        raise ParseError(what="a list of nerves", text=text, reason=reason)
    found: list[Nerve] = []
    for name in names:
        try:
            found.append(parse_nerve(name))
        except ParseError as error:
            reason = f"{name.lower()}: {error.reason}"
            raise ParseError(what="a list of nerves", text=text, reason=reason) from None
    return tuple(dict.fromkeys(found))


@sealed
@attrs.frozen(kw_only=True)
class UnlistedNerve:
    """A nerve that a note names and that is not one of `Nerve`. It never completes a joint.

    Attributes:
        name: The name as the note has it.

    >>> UnlistedNerve(name="superior cluneal nerve").kind
    <NerveKind.PERIPHERAL: 'peripheral'>
    >>> UnlistedNerve(name="L4 medial branch")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'L4 medial branch' is not an unlisted nerve: it is L4

    Raises:
        ParseError: The name is one of `Nerve`, names a side, or is blank or longer than a name.
    """

    name: str

    def __attrs_post_init__(self) -> None:
        """Check the type, and that it is a name of nothing else."""
        check_types(self)
        reason = ""
        if not self.name.strip():
            reason = "the name is blank"
        elif len(self.name) > LONGEST_NAME:
            reason = f"a name has {LONGEST_NAME} characters at most"
        elif names_side(self.name):
            reason = "write the side by itself and the nerve without it"
        elif known := _read_or_none(self.name):
            reason = f"it is {', '.join(known)}"
        if reason:
            raise ParseError(what="an unlisted nerve", text=self.name, reason=reason)

    @property
    def value(self) -> str:
        """The name, as `Nerve` has it."""
        return self.name

    @property
    def kind(self) -> NerveKind | None:
        """The kind of nerve, such as a dorsal root ganglion; None if the name is not known."""
        kind, _ = spellings().others.get(spell(self.name), (None, ""))
        return NerveKind(kind) if kind else None

    @property
    def reason(self) -> str:
        """Why it is not read as a nerve of a facet joint; empty if the name is not known."""
        return spellings().others.get(spell(self.name), (None, ""))[1]

    def __str__(self) -> str:
        return self.name


LONGEST_NAME = 120
NamedNerve: TypeAlias = Nerve | UnlistedNerve


def nerves_from_note(text: str) -> tuple[NamedNerve, ...]:
    """Return the nerves that one entry of a note names; a name that can't be read is kept as it is.

    >>> [str(nerve) for nerve in nerves_from_note("L4 MB and stellate ganglion")]
    ['L4', 'stellate ganglion']
    >>> nerves_from_note("left L4")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'left L4' is not an unlisted nerve: write the side by itself and the nerve without it

    Raises:
        ParseError: The entry names a side, or is blank or longer than a name.
    """
    try:
        return parse_nerves(text)
    except ParseError:
        whole = UnlistedNerve(name=text)
    parts = list_names(text)
    certain = all(
        isinstance(part, str) or len(part.segments) == 1 or _is_sacral(part) for part in parts
    )
    names = names_of(parts)
    if whole.reason or not certain or not any(name in spellings().nerves for name in names):
        return (whole,)
    found = [_nerves_or_none(name) or (UnlistedNerve(name=name.lower()),) for name in names]
    return tuple(dict.fromkeys(nerve for nerves in found for nerve in nerves))


def _is_sacral(part: Listed) -> bool:
    return all(spellings().nerves.get(name, "")[:1] == "S" for name in part.names)


def _read_or_none(text: str) -> tuple[Nerve, ...] | None:
    try:
        return parse_nerves(text)
    except ParseError:
        return None


def _nerves_or_none(text: str) -> tuple[Nerve, ...] | None:
    found = [spellings().nerves.get(name) for name in names_of(list_names(text))]
    return tuple(Nerve(name) for name in found if name) if all(found) else None
