"""Results of decoding a claim: the levels billed, what the lines leave open, and skipped lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from enum import StrEnum

import attrs

from cptfacet._records import sealed
from cptfacet._text import agree, series
from cptfacet.anatomy import CodeRegion, Joint
from cptfacet.bilateral import Laterality, SideCount
from cptfacet.claims import Claim, ClaimLine, Purpose
from cptfacet.notes import Note
from cptfacet.outline import Item, Outline, Section
from cptfacet.policies import Provision
from cptfacet.procedures import Family, Ordinal
from cptfacet.sessions import Guidance, Technique

__all__ = [
    "BilledGroup",
    "BilledLevels",
    "BilledSession",
    "DecodedClaim",
    "Doubt",
    "DoubtId",
    "SkipReason",
    "SkippedLine",
]


def __dir__() -> list[str]:
    return sorted(__all__)


class SkipReason(StrEnum):
    """Why a line is not read as facet levels."""

    NO_DATE = "no-date"
    MALFORMED_CODE = "malformed-code"
    UNKNOWN_CODE = "unknown-code"
    OTHER_CODE = "other-code"
    OLD_CODE = "old-code"
    NOT_IN_FORCE = "not-in-force"
    VALIDITY_NOT_KNOWN = "validity-not-known"
    UNITS = "units"
    VOIDED = "voided"
    REPLACED = "replaced"


class DoubtId(StrEnum):
    """What lines leave open, or what is unusual about them.

    The first three are lost by the laterality format even where nothing is wrong.
    """

    SIDES_OR_LEVELS = "sides-or-levels"
    THREE_OR_MORE = "three-or-more"
    FURTHER_SIDES = "further-sides"
    SIDE_NOT_NAMED = "side-not-named"
    SIDES_CONTRADICT = "sides-contradict"
    OTHER_FORM = "other-format"
    FORM_NOT_CERTAIN = "format-not-certain"
    FORM_NOT_KNOWN = "format-not-known"
    MORE_LEVELS = "more-levels"
    UNITS_NOT_GIVEN = "units-not-given"
    NOT_COMPLETED = "not-completed"
    PRIMARY_MISSING = "primary-missing"
    PRIMARY_NOT_READ = "primary-not-read"
    SECOND_MISSING = "second-missing"
    TWO_REGIONS = "two-regions"
    PURPOSE_NOT_KNOWN = "purpose-not-known"
    PURPOSE_NOT_MARKED = "purpose-not-marked"
    PURPOSE_MIXED = "purpose-mixed"
    PURPOSE_CONTRADICTED = "purpose-contradicted"

    @property
    def lost(self) -> bool:
        """Whether the laterality format lost it; otherwise the claim is unusual."""
        return self in (DoubtId.SIDES_OR_LEVELS, DoubtId.THREE_OR_MORE, DoubtId.FURTHER_SIDES)


@sealed
@attrs.frozen(kw_only=True)
class Doubt:
    """A question that the lines leave open.

    Attributes:
        id: What the lines leave open.
        message: The doubt in words.
        lines: The lines, counted from 1.
    """

    id: DoubtId
    message: str
    lines: tuple[int, ...]


@sealed
@attrs.frozen(kw_only=True)
class SkippedLine:
    """A line that is not read as facet levels, and why.

    Attributes:
        line: The line, counted from 1.
        reason: Why the line is not read.
        message: The reason in words.
    """

    line: int
    reason: SkipReason
    message: str


@sealed
@attrs.frozen(kw_only=True)
class BilledLevels:
    """The levels that the lines of one code report.

    The likeliest reading is the one with the most bilateral levels, or the one with the fewest if
    the first level is unilateral and the policy lists bilateral levels first.

    Attributes:
        code: The procedure code.
        ordinal: The place of the level in its group.
        region: The region that selects the code.
        sides: The levels by side, in the likeliest reading.
        laterality: Every reading of the lines in their laterality format.
        or_more: Whether its one level may be several: the third and additional levels.
        purpose: None if neither a modifier nor the claim states it.
        lines: The lines, counted from 1.
    """

    code: str
    ordinal: Ordinal
    region: CodeRegion
    sides: SideCount
    laterality: Laterality
    or_more: bool
    purpose: Purpose | None
    lines: tuple[int, ...]

    def readings(self) -> Iterator[SideCount]:
        """Yield each count of levels that these lines may represent, most bilateral levels first.

        Levels beyond those that the code counts (``or_more``) are not included. Units for more
        levels than the code represents have one reading, that of the code.
        """
        return iter((self.sides,)) if self.laterality.excess else self.laterality.readings()


@sealed
@attrs.frozen(kw_only=True)
class BilledGroup:
    """One coded group as it was billed: a first level with its add-ons.

    Attributes:
        family: The code family.
        levels: What was billed, code by code.
        techniques: Techniques that the policy reports with the family on that date.
        techniques_not_known: Techniques for which no source states whether they belong to the
            family.
        guidances: Kinds of guidance that the policy reports with the family on that date.
        joints: The joints, if the lines determine them; they rarely do.
        doubts: What the lines leave open.
        provisions: The provisions that shaped the reading.
        notes: Judgments and caveats about these provisions.
    """

    family: Family
    levels: tuple[BilledLevels, ...]
    techniques: tuple[Technique, ...]
    techniques_not_known: tuple[Technique, ...]
    guidances: tuple[Guidance, ...]
    joints: tuple[Joint, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    provisions: tuple[Provision, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def regions(self) -> tuple[CodeRegion, ...]:
        """The regions of its codes, each once."""
        return tuple(dict.fromkeys(billed.region for billed in self.levels))

    @property
    def sides(self) -> SideCount:
        """All levels by side, in the likeliest reading; there may be more where ``or_more``."""
        return sum((billed.sides for billed in self.levels), SideCount())

    @property
    def or_more(self) -> bool:
        """Whether one code of the group represents several levels, and there may be more of them."""
        return any(billed.or_more for billed in self.levels)

    @property
    def purpose(self) -> Purpose | None:
        """The purpose that all of its lines share, where it is stated."""
        stated = {billed.purpose for billed in self.levels}
        return stated.pop() if len(stated) == 1 else None

    @property
    def lost(self) -> tuple[Doubt, ...]:
        """The doubts that come from the laterality format alone."""
        return tuple(doubt for doubt in self.doubts if doubt.id.lost)


@sealed
@attrs.frozen(kw_only=True)
class BilledSession:
    """What one practitioner billed for one day.

    Attributes:
        date: The date of service.
        groups: The coded groups.
        provider: The provider of its lines: opaque, and never shown.
    """

    date: dt.date
    groups: tuple[BilledGroup, ...]
    provider: str | None = attrs.field(default=None, repr=False)


@sealed
@attrs.frozen(kw_only=True)
class DecodedClaim:
    """What the lines of a claim show was done.

    Attributes:
        sessions: By day and practitioner, in the order of their first lines.
        unread: Every line that is not part of a session, with the reason.
        policy: The id of the policy under which the claim was read.
        id: The id of the claim.
    """

    sessions: tuple[BilledSession, ...]
    unread: tuple[SkippedLine, ...]
    policy: str
    claim: Claim = attrs.field(repr=False)

    @property
    def id(self) -> str | None:
        """The id of the claim; it is opaque, and never shown."""
        return self.claim.id

    @property
    def lines(self) -> tuple[ClaimLine, ...]:
        """The lines of the claim."""
        return self.claim.lines

    @property
    def is_complete(self) -> bool:
        """Whether every line was read and none leaves a doubt."""
        return not self.unread and not any(group.doubts for group in self.groups)

    def __str__(self) -> str:
        unread = self.unread
        left = f"; {len(unread)} {agree(unread, 'line', 'lines')} not read" if unread else ""
        return f"{_counted(self.groups)} under {self.policy}{left}"

    @property
    def groups(self) -> tuple[BilledGroup, ...]:
        """The groups of all sessions."""
        return tuple(group for session in self.sessions for group in session.groups)

    def outline(self) -> Outline:
        """Return what was read by date, what stays open, and the lines that were not read."""
        read = tuple(
            Section(title=str(session.date), items=tuple(map(_item, session.groups)))
            for session in self.sessions
        )
        unread = tuple(
            Item(value=f"line {skipped.line}", sentence=skipped.message) for skipped in self.unread
        )
        return Outline(
            sentence=f"Read under {self.policy}: {_counted(self.groups)}.",
            sections=(*read, Section(title="Not read", items=unread)),
        )

    def explain(self, *, width: int = 100, sources: bool = True) -> str:
        """Return what was read as text; ``sources=False`` leaves sources out."""
        return self.outline().text(width=width, sources=sources)


_LEVELS = {
    Ordinal.FIRST: "first level",
    Ordinal.SECOND: "second level",
    Ordinal.THIRD_AND_MORE: "third and additional levels",
    Ordinal.EACH_ADDITIONAL: "additional levels",
}
_SIDES = {"bilateral": "bilateral", "right": "right", "left": "left", "unnamed": "side not stated"}


def _counted(groups: Sequence[BilledGroup]) -> str:
    if not groups:
        return "no facet levels"
    return "; ".join(f"{group.family.label}, {_sided(group.sides)}" for group in groups)


def _sided(sides: SideCount) -> str:
    """Return levels by side in words, as in ``2 bilateral levels and 1 left level``."""
    said: list[str] = []
    for side, word in _SIDES.items():
        count = getattr(sides, side)
        levels = agree(range(count), "level", "levels")
        if count:
            said.append(
                f"{count} {levels} ({word})" if side == "unnamed" else f"{count} {word} {levels}"
            )
    return series(said)


def _item(group: BilledGroup) -> Item:
    how = f"{_labels(group.techniques)}, with {_labels(group.guidances)}"
    if group.techniques_not_known:
        how += f"; not known: {', '.join(each.label for each in group.techniques_not_known)}"
    where = f" at {' and '.join(group.joints)}" if group.joints else ""
    doubts = (Item(sentence=f"Unresolved: {doubt.message}") for doubt in group.doubts)
    notes = (
        Item(sentence=note.message, sources=tuple(map(str, note.citations))) for note in group.notes
    )
    return Item(
        value=f"{group.family.label}{where}",
        sentence=how,
        items=(*map(_level, group.levels), *doubts, *notes),
    )


def _labels(words: Sequence[Technique | Guidance]) -> str:
    return " or ".join(word.label for word in words)


def _level(billed: BilledLevels) -> Item:
    several = billed.ordinal is Ordinal.EACH_ADDITIONAL
    counts = {side: getattr(billed.sides, side) for side in _SIDES}
    sides = [
        f"{count} {_SIDES[side]}" if several else _SIDES[side]
        for side, count in counts.items()
        if count
    ]
    purpose = f"; {billed.purpose}" if billed.purpose else ""
    return Item(
        value=f"{billed.code} {billed.region}, {_LEVELS[billed.ordinal]}",
        sentence=f"{', '.join(sides)}{purpose} ({_named(billed.lines)})",
    )


def _named(lines: Sequence[int]) -> str:
    many = "lines" if len(lines) > 1 else "line"
    return f"{many} {', '.join(map(str, lines))}"
