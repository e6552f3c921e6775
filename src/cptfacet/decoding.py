"""From claim lines back to what was done, as far as lines tell it.

`decode_claim` is the call; `Decoder` is the same for many claims under one policy. Lines name codes,
sides and units. They name no joint, and some line forms write two sessions alike: what is open is
said, and never settled by a guess.
"""

from __future__ import annotations

import datetime as dt
import functools
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from cptfacet import bilateral
from cptfacet._records import sealed
from cptfacet.addons import allowed_primaries
from cptfacet.anatomy import CodeRegion, Joint
from cptfacet.bilateral import Laterality, LineForm, SideCount
from cptfacet.claims import Claim, ClaimLine, Purpose
from cptfacet.coding.plans import JUNCTION, Plan, Plans, role_of
from cptfacet.dates import Standing
from cptfacet.errors import NotOfThisFormError
from cptfacet.modifiers import ModifierRole
from cptfacet.policies import NotKnown, Provision
from cptfacet.procedures import Family, Ordinal, ProcedureKind
from cptfacet.reference import Reference, packaged
from cptfacet.sessions import Guidance, Technique

if TYPE_CHECKING:
    from cptfacet.policies import Policy

__all__ = [
    "BilledGroup",
    "BilledLevels",
    "BilledSession",
    "Decoded",
    "Decoder",
    "Doubt",
    "DoubtId",
    "Unread",
    "UnreadReason",
    "decode_claim",
]


class UnreadReason(StrEnum):
    """Why a line is not read as facet levels."""

    NO_DATE = "no-date"
    UNKNOWN_CODE = "unknown-code"
    OTHER_CODE = "other-code"
    OLD_CODE = "old-code"
    NOT_IN_FORCE = "not-in-force"
    UNITS = "units"
    SIDES = "sides"


class DoubtId(StrEnum):
    """What lines leave open, or what is odd about them.

    The first three are what a line form does not keep even where nothing is wrong.
    """

    SIDES_OR_LEVELS = "sides-or-levels"
    THREE_OR_MORE = "three-or-more"
    FURTHER_SIDES = "further-sides"
    SIDE_NOT_NAMED = "side-not-named"
    OTHER_FORM = "other-form"
    FORM_NOT_KNOWN = "form-not-known"
    MORE_LEVELS = "more-levels"
    PRIMARY_MISSING = "primary-missing"
    SECOND_MISSING = "second-missing"
    TWO_REGIONS = "two-regions"
    PURPOSE_NOT_KNOWN = "purpose-not-known"
    PURPOSE_MIXED = "purpose-mixed"
    PURPOSE_CONTRADICTED = "purpose-contradicted"

    @property
    def lost(self) -> bool:
        """Whether the line form lost it, rather than the claim being odd."""
        return self in (DoubtId.SIDES_OR_LEVELS, DoubtId.THREE_OR_MORE, DoubtId.FURTHER_SIDES)


@sealed
@attrs.frozen(kw_only=True)
class Doubt:
    """Something that lines leave open. ``lines`` count from 1."""

    id: DoubtId
    message: str
    lines: tuple[int, ...]


@sealed
@attrs.frozen(kw_only=True)
class Unread:
    """A line that is not read as facet levels, and why. ``line`` counts from 1."""

    line: int
    reason: UnreadReason
    message: str


@sealed
@attrs.frozen(kw_only=True)
class BilledLevels:
    """What the lines of one code say of levels.

    ``laterality`` holds the sides, in the reading with the most bilateral levels and with what is
    ambiguous. ``or_more``: the code stands for the third and all further levels, so that its one
    level may be several, and ``laterality`` tells their common side, or that one of them at least
    was treated on both. ``purpose`` is what a modifier, or else the claim itself, says.
    """

    code: str
    ordinal: Ordinal
    region: CodeRegion
    laterality: Laterality
    or_more: bool
    purpose: Purpose | None
    lines: tuple[int, ...]

    @property
    def sides(self) -> SideCount:
        """The levels by side, in the reading with the most bilateral ones."""
        return self.laterality.sides

    def readings(self) -> Iterator[SideCount]:
        """Give each count of levels that these lines may stand for, most bilateral ones first.

        Levels beyond those that the code counts (``or_more``) are not among them.
        """
        return self.laterality.readings()


@sealed
@attrs.frozen(kw_only=True)
class BilledGroup:
    """One coded group as it was billed: a first level with its add-ons.

    ``techniques`` and ``guidances`` are those that the policy sends to the family on that date.
    ``joints`` names the joints only where the lines settle them, which they rarely do.
    """

    family: Family
    levels: tuple[BilledLevels, ...]
    techniques: tuple[Technique, ...]
    guidances: tuple[Guidance, ...]
    joints: tuple[Joint, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def regions(self) -> tuple[CodeRegion, ...]:
        """The regions of its codes, each once."""
        return tuple(dict.fromkeys(billed.region for billed in self.levels))

    @property
    def sides(self) -> SideCount:
        """All levels by side, in the reading with the most bilateral ones."""
        return sum((billed.sides for billed in self.levels), SideCount())

    @property
    def purpose(self) -> Purpose | None:
        """The purpose that all of its lines share, where it is told."""
        told = {billed.purpose for billed in self.levels}
        return told.pop() if len(told) == 1 else None

    @property
    def lost(self) -> tuple[Doubt, ...]:
        """What the line form did not keep, of the doubts."""
        return tuple(doubt for doubt in self.doubts if doubt.id.lost)


@sealed
@attrs.frozen(kw_only=True)
class BilledSession:
    """What one practitioner billed for one day. ``provider`` is opaque and never shown."""

    date: dt.date
    groups: tuple[BilledGroup, ...]
    provider: str | None = attrs.field(default=None, repr=False)


@sealed
@attrs.frozen(kw_only=True)
class Decoded:
    """What was done, as far as the lines of a claim tell it.

    ``sessions`` stand in the order of their first lines; ``unread`` lists every line that is no
    part of one, with the reason. ``id`` is that of the claim; ``policy`` is the one under which the
    claim was read.
    """

    sessions: tuple[BilledSession, ...]
    unread: tuple[Unread, ...]
    policy: str
    id: str | None = attrs.field(default=None, repr=False)

    @property
    def groups(self) -> tuple[BilledGroup, ...]:
        """The groups of all sessions."""
        return tuple(group for session in self.sessions for group in session.groups)

    def explain(self) -> str:
        """Write what was read, what is open and what was not read out for a person."""
        out: list[str] = []
        for session in self.sessions:
            out.append(f"{session.date}, read under {self.policy}")
            for group in session.groups:
                out += _explained(group)
        if self.unread:
            out += ["", "Not read"] if out else ["Not read"]
        out += [_filled(f"line {unread.line}: {unread.message}", 1) for unread in self.unread]
        return "\n".join(out)


def _explained(group: BilledGroup) -> Iterable[str]:
    how = f"{' or '.join(group.techniques)}, under {' or '.join(group.guidances)}"
    where = f" at {' and '.join(group.joints)}" if group.joints else ""
    yield _filled(f"{group.family}{where}: {how}", 1)
    for billed in group.levels:
        more = " or more" if billed.or_more else ""
        purpose = f"; {billed.purpose}" if billed.purpose else ""
        said = f"{billed.code} {billed.region}, {billed.ordinal}: {billed.sides}{more}{purpose}"
        yield _filled(f"{said} ({_named(billed.lines)})", 2)
    for doubt in group.doubts:
        yield _filled(f"? {doubt.message}", 2)


def _filled(text: str, depth: int) -> str:
    indent = "  " * depth
    return textwrap.fill(
        text,
        100,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _named(lines: Sequence[int]) -> str:
    many = "lines" if len(lines) > 1 else "line"
    return f"{many} {', '.join(map(str, lines))}"


def decode_claim(claim: Claim, *, policy: Policy, reference: Reference | None = None) -> Decoded:
    """Read the lines of a claim back into what was done: regions, levels, sides, purpose.

    The policy tells the line form in which both sides are written, which modifier marks a line as
    diagnostic, and which techniques belong to a family. Lines in another form are read in that one,
    and the answer says so. Lines tell no joint and no nerve. No claim is too messy to be read:
    what can't be read stands in ``unread``, what is open in ``doubts``.

    >>> from cptfacet import policies
    >>> from cptfacet.claims import ClaimType, parse_line
    >>> claim = Claim(
    ...     claim_type=ClaimType.PROFESSIONAL,
    ...     date=dt.date(2026, 3, 2),
    ...     lines=tuple(map(parse_line, ["64493-50-KX", "64494-RT-KX", "99213-25"])),
    ... )
    >>> decoded = decode_claim(claim, policy=policies.get("medicare"))
    >>> [(str(group.sides), group.purpose.value) for group in decoded.groups]
    [('1 bilateral, 1 right', 'diagnostic')]
    >>> [(unread.line, unread.reason.value) for unread in decoded.unread]
    [(3, 'unknown-code')]

    Two units of an add-on are both sides of one level in CPT's form, or one side of two:

    >>> ablation = attrs.evolve(claim, lines=tuple(map(parse_line, ["64635-RT", "64636 x2"])))
    >>> [group] = decode_claim(ablation, policy=policies.get("cpt")).groups
    >>> [str(sides) for sides in group.levels[1].readings()]
    ['1 bilateral', '2 unnamed']
    >>> [doubt.id.value for doubt in group.lost]
    ['sides-or-levels']

    The policy is a value, not its id:

    >>> decode_claim(claim, policy="medicare")
    Traceback (most recent call last):
    ...
    TypeError: policy is a Policy, not its id: use policies.get('medicare')

    Source: the provisions of the policy for line form, diagnostic modifier and families; the
    reference for the codes.
    """
    return _decoder(policy, reference or packaged()).decode(claim)


@functools.lru_cache(maxsize=32)
def _decoder(policy: Policy, reference: Reference) -> Decoder:
    """Keep what is compiled for the policies last used; answers are not kept."""
    return Decoder(policy, reference)


class Decoder:
    """Decode many claims under one policy.

    What the policy and the reference say between two of their dates is worked out once and kept. A
    decoder can be pickled; it takes its policy along and works out the rest again.

    >>> from cptfacet import policies
    >>> Decoder(policies.get("cpt"))
    Decoder(policy='cpt')
    """

    __slots__ = ("_plans",)

    def __init__(self, policy: Policy, reference: Reference | None = None) -> None:
        """Take a policy, and the reference where it is not the packaged one.

        Raises:
            TypeError: The policy is given by its id.
        """
        self._plans = Plans(policy, reference or packaged())

    @property
    def policy(self) -> Policy:
        """The policy under which this decoder reads claims."""
        return self._plans.policy

    @property
    def reference(self) -> Reference:
        """The reference data with which this decoder reads claims."""
        return self._plans.reference

    def __repr__(self) -> str:
        return f"Decoder(policy={self.policy.id!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Decoder, (self.policy, self.reference)

    def decode(self, claim: Claim) -> Decoded:
        """Decode one claim, as `decode_claim` does."""
        unread: list[Unread] = []
        days: dict[tuple[dt.date, str | None], list[_Line]] = {}
        lateral = bilateral.lateral_roles(self.reference)
        for number, line in enumerate(claim.lines, 1):
            read = _read_line(number, line, claim.date, self.reference, lateral)
            if isinstance(read, Unread):
                unread.append(read)
            else:
                days.setdefault((read.code.date, line.provider), []).append(read)
        sessions: list[BilledSession] = []
        for (date, provider), lines in days.items():
            day = _Day(self._plans.at(date, claim.claim_type), date, claim.purpose)
            sessions.append(
                BilledSession(date=date, groups=tuple(day.groups(lines)), provider=provider)
            )
        return Decoded(
            sessions=tuple(sessions), unread=tuple(unread), policy=self.policy.id, id=claim.id
        )


# -- one line


@sealed
@attrs.frozen(kw_only=True)
class _Code:
    """The facts of a facet code that is valid on a date."""

    code: str
    date: dt.date
    family: Family
    ordinal: Ordinal
    region: CodeRegion


@sealed
@attrs.frozen(kw_only=True)
class _Line:
    """A line that is read: its number on the claim, its code, and its text in canonical form."""

    number: int
    code: _Code
    written: ClaimLine


def _folded(text: object) -> str:
    return str(text).strip().upper()


def _read_line(
    number: int,
    line: ClaimLine,
    claim_date: dt.date | None,
    reference: Reference,
    lateral: Mapping[str, ModifierRole],
) -> _Line | Unread:
    found = _look_up(_folded(line.code), line.date or claim_date, reference)
    if isinstance(found, _Code):
        units = _whole(line.units)
        modifiers = tuple(map(_folded, line.modifiers))
        if units is None:
            message = f"{found.code} has no whole number of units, one at the least"
            found = UnreadReason.UNITS, message
        elif sum(modifier in lateral for modifier in modifiers) > 1:
            found = UnreadReason.SIDES, f"{found.code} names its side more than once"
        else:
            written = ClaimLine(code=found.code, modifiers=modifiers, units=units)
            return _Line(number=number, code=found, written=written)
    reason, message = found
    return Unread(line=number, reason=reason, message=message)


def _look_up(
    code: str, date: dt.date | None, reference: Reference
) -> _Code | tuple[UnreadReason, str]:
    """Give the facts of a code that stands for facet levels on a date, or why it does not."""
    procedure = reference.known(code)
    if procedure is None:
        return UnreadReason.UNKNOWN_CODE, "its code is none that is known here"
    if procedure.kind is ProcedureKind.NEIGHBOUR:
        return UnreadReason.OTHER_CODE, f"{code} is no facet level: {procedure.label}"
    if date is None:
        message = "neither the line nor the claim has a date, and codes and rules go by date"
        return UnreadReason.NO_DATE, message
    standing = procedure.in_force(date)
    if standing is not Standing.IN_FORCE:
        known = "is not known to be" if standing is Standing.NOT_KNOWN else "is not"
        return UnreadReason.NOT_IN_FORCE, f"{code} {known} valid on {date}: {procedure.term}"
    family, ordinal, region = procedure.family, procedure.ordinal, procedure.region
    if not isinstance(family, Family) or ordinal is None or region is None:
        message = f"{code} is of the time before today's codes, whose rules are not packaged"
        return UnreadReason.OLD_CODE, message
    return _Code(code=code, date=date, family=family, ordinal=ordinal, region=region)


_MOST_DIGITS = 30


def _whole(units: int | Decimal | None) -> int | None:
    """Read units as a count, or give None: what is missing, a fraction or beyond all measure."""
    if isinstance(units, Decimal):
        if not units.is_finite() or units.adjusted() > _MOST_DIGITS:
            return None
        if units != units.to_integral_value():  # a remainder would be bound by the context
            return None
        units = int(units)
    return units if units is not None and 0 < units < 10**_MOST_DIGITS else None


# -- the lines of one practitioner and day


_Parts = dict[Ordinal, list[_Line]]
_Say = Callable[[DoubtId, str], None]


_ORDER = tuple(Ordinal)


def _code(parts: _Parts) -> str:
    """Give the code of the lowest ordinal among some parts."""
    return next(parts[ordinal][0].code.code for ordinal in _ORDER if ordinal in parts)


class _Day:
    """Read the lines of one practitioner for one day into groups."""

    def __init__(self, plan: Plan, date: dt.date, stated: Purpose | None) -> None:
        self.plan = plan
        self.date = date
        self.stated = stated

    def groups(self, lines: Sequence[_Line]) -> Iterator[BilledGroup]:
        """Give the groups: by family, and by the region of the first level in order of the claim."""
        for family in dict.fromkeys(line.code.family for line in lines):
            regions: dict[CodeRegion, _Parts] = {}
            for line in lines:
                if line.code.family is family:
                    parts = regions.setdefault(line.code.region, {})
                    parts.setdefault(line.code.ordinal, []).append(line)
            for group in self._joined(regions):
                yield self._group(family, group)

    def _joined(self, regions: Mapping[CodeRegion, _Parts]) -> list[list[_Parts]]:
        """Put add-ons without a first level of their region to another one that allows them.

        That is how contractors write T12-L1 with L1-L2. A first level with add-ons of its own takes
        no others.
        """
        hosts: dict[CodeRegion, CodeRegion] = {}
        for region, parts in regions.items():
            if Ordinal.FIRST not in parts:
                allowed = self._allowed(parts)
                for other, first in regions.items():
                    if set(first) == {Ordinal.FIRST} and _code(first) in allowed:
                        hosts[other] = region
        guests = set(hosts.values())
        return [
            [parts, regions[hosts[region]]] if region in hosts else [parts]
            for region, parts in regions.items()
            if region not in guests
        ]

    def _allowed(self, parts: _Parts) -> tuple[str, ...]:
        return allowed_primaries(
            _code(parts), on=self.date, policy=self.plan.policy, reference=self.plan.reference
        )

    def _group(self, family: Family, parts: list[_Parts]) -> BilledGroup:
        doubts: list[Doubt] = []
        levels = [
            self._levels(family, ordinal, region[ordinal], doubts)
            for region in parts
            for ordinal in _ORDER
            if ordinal in region
        ]
        joints: tuple[Joint, ...] = ()
        if len(parts) > 1:
            joints, levels, doubts = self._junction(family, levels, doubts)
        numbers = tuple(number for billed in levels for number in billed.lines)
        ordinals = [billed.ordinal for billed in levels]
        if Ordinal.FIRST not in ordinals:
            message = f"no first level stands with {levels[0].code}"
            doubts.append(Doubt(id=DoubtId.PRIMARY_MISSING, message=message, lines=numbers))
        if Ordinal.THIRD_AND_MORE in ordinals and Ordinal.SECOND not in ordinals:
            message = f"no second level stands with {levels[-1].code}"
            doubts.append(Doubt(id=DoubtId.SECOND_MISSING, message=message, lines=numbers))
        techniques, guidances = self.plan.methods(family)
        return BilledGroup(
            family=family,
            levels=tuple(levels),
            techniques=techniques,
            guidances=guidances,
            joints=joints,
            doubts=tuple(doubts),
        )

    def _junction(
        self, family: Family, levels: list[BilledLevels], doubts: list[Doubt]
    ) -> tuple[tuple[Joint, ...], list[BilledLevels], list[Doubt]]:
        """Read a group over two regions: T12-L1 with L1-L2, where the policy writes those so."""
        answer = self.plan.thoracolumbar[family]
        first, *rest = levels
        grouped = isinstance(answer, Provision) and answer.value == "one-group"
        two = len(rest) == 1 and not rest[0].or_more and first.sides.levels == 1
        if grouped and two and rest[0].sides.levels == 1:
            # Two joints are two levels, so the reading with one level more is none.
            laterality = rest[0].laterality
            settled = attrs.evolve(laterality, fewest_bilateral=laterality.sides.bilateral)
            kept = [d for d in doubts if not (d.id.lost and d.lines == rest[0].lines)]
            return JUNCTION, [first, attrs.evolve(rest[0], laterality=settled)], kept
        message = (
            f"{rest[0].code} stands with the first level of another region; which joints that is,"
            " the policy does not tell"
        )
        numbers = tuple(number for billed in levels for number in billed.lines)
        return (), levels, [*doubts, Doubt(id=DoubtId.TWO_REGIONS, message=message, lines=numbers)]

    # -- the lines of one code

    def _levels(
        self, family: Family, ordinal: Ordinal, lines: list[_Line], doubts: list[Doubt]
    ) -> BilledLevels:
        code = lines[0].code.code
        numbers = tuple(line.number for line in lines)
        or_more = ordinal is Ordinal.THIRD_AND_MORE

        def doubt(doubt_id: DoubtId, message: str) -> None:
            doubts.append(Doubt(id=doubt_id, message=f"{code}: {message}", lines=numbers))

        laterality = self._laterality(role_of(family, ordinal), lines, doubt)
        if ordinal is Ordinal.EACH_ADDITIONAL:
            laterality = self._within(laterality, family, lines[0].code.region, doubt)
        sides = laterality.sides
        for ambiguous in laterality.ambiguous:
            found = DoubtId.MORE_LEVELS if laterality.excess else DoubtId.SIDES_OR_LEVELS
            doubt(found, ambiguous)
        if sides.unnamed:
            doubt(DoubtId.SIDE_NOT_NAMED, "no side is named for a level")
        if or_more:
            doubt(DoubtId.THREE_OR_MORE, "it stands for the third and all further levels")
            if sides.bilateral:
                doubt(DoubtId.FURTHER_SIDES, "of several levels one at least was on both sides")
            elif sides.unnamed:
                doubt(DoubtId.FURTHER_SIDES, "several levels may differ in their sides")
        return BilledLevels(
            code=code,
            ordinal=ordinal,
            region=lines[0].code.region,
            laterality=laterality,
            or_more=or_more,
            purpose=self._purpose(family, lines, doubt),
            lines=numbers,
        )

    def _laterality(self, role: str, lines: list[_Line], doubt: _Say) -> Laterality:
        """Read sides in the form of the policy, else in the form that reads them best."""
        answer = self.plan.forms[role].answer
        written = [line.written for line in lines]
        own = LineForm(str(answer.value)) if isinstance(answer, Provision) else None
        in_own = self._read(written, own) if own else None
        if in_own is not None and not in_own.excess:
            return in_own
        found = [read for form in LineForm if (read := self._read(written, form))]
        chosen = min(found, key=lambda r: (r.excess, r.form is not own, bool(r.ambiguous)))
        if isinstance(answer, NotKnown):
            if not all(other.allows(chosen.sides) for other in found if not other.excess):
                doubt(
                    DoubtId.FORM_NOT_KNOWN,
                    f"read in the form {chosen.form}; how both sides are written is not known:"
                    f" {answer.reason}",
                )
        elif chosen.form is not own:
            doubt(
                DoubtId.OTHER_FORM,
                f"written in the form {chosen.form}, where the policy asks for {own}",
            )
        return chosen

    def _read(self, lines: Sequence[ClaimLine], form: LineForm) -> Laterality | None:
        try:
            return bilateral.read(lines, form=form, reference=self.plan.reference)
        except NotOfThisFormError:
            return None

    def _within(
        self, laterality: Laterality, family: Family, region: CodeRegion, doubt: _Say
    ) -> Laterality:
        """Leave out readings with more further levels than the region has further joints."""
        room = self.plan.room(family, region) - 1 - laterality.sides.levels
        if room < 0:
            doubt(DoubtId.MORE_LEVELS, "the units are of more levels than the region has joints")
            return laterality
        fewest = max(laterality.fewest_bilateral, laterality.sides.bilateral - room)
        return attrs.evolve(laterality, fewest_bilateral=fewest)

    def _purpose(self, family: Family, lines: list[_Line], doubt: _Say) -> Purpose | None:
        """Tell the purpose from the modifier that marks a line as diagnostic, else as stated."""
        answer = self.plan.diagnostic[family]
        marks = self.plan.marked[family]
        if marks is None:
            if isinstance(answer, NotKnown) and self.stated is None:
                doubt(
                    DoubtId.PURPOSE_NOT_KNOWN,
                    f"whether a modifier tells the purpose is not known: {answer.reason}",
                )
            return self.stated
        marked = [set(marks.modifiers) <= set(line.written.modifiers) for line in lines]
        if not any(marked):
            return self.stated
        modifier = ", ".join(marks.modifiers)
        if not all(marked):
            doubt(DoubtId.PURPOSE_MIXED, f"some of its lines have {modifier} and others do not")
            return None
        if self.stated is Purpose.THERAPEUTIC:
            doubt(
                DoubtId.PURPOSE_CONTRADICTED,
                f"{modifier} says diagnostic, and the claim says therapeutic",
            )
            return None
        return Purpose.DIAGNOSTIC
