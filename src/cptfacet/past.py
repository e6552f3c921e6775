"""From earlier sessions and claims to a history: what limits count, and what could not be read.

The policy is that of the payer who counts: its line form, its mark for diagnostic lines and its
families are those in which the records are read.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import attrs

from cptfacet._records import many, sealed
from cptfacet.anatomy import CoverageRegion, Joint, Side
from cptfacet.claims import Claim, ClaimLine
from cptfacet.coding import CodedSession
from cptfacet.coding.plans import JUNCTION
from cptfacet.decoding import (
    BilledGroup,
    BilledLevels,
    Decoder,
    DoubtId,
    SkippedLine,
    SkipReason,
)
from cptfacet.history import History, PastSession, SessionKind, all_sides, injection_kind
from cptfacet.notes import Reason
from cptfacet.policies import value_of
from cptfacet.policies.vocabulary import (
    CODING_FAMILY,
    CODING_THORACOLUMBAR,
    GUIDANCE_NOT_STATED,
    Grouping,
)
from cptfacet.procedures import Family, LegacyFamily
from cptfacet.reference import Reference, packaged
from cptfacet.sessions import Session, Target, Technique, TechniqueKind, Treatment
from cptfacet.treated import only_other_nerves, read_treatment
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cptfacet.coding import Refusal
    from cptfacet.policies import Policy

__all__ = [
    "ReadHistory",
    "SkippedRecord",
    "billed_sessions",
    "history_from_claims",
    "history_from_records",
    "history_from_sessions",
]


@sealed
@attrs.frozen(kw_only=True)
class SkippedRecord:
    """A part of an earlier record that was not read, and why.

    ``record`` counts from 1, and so does ``part``: the line of a claim, or the treatment of a
    session. ``counted`` says that a session which it may stand for is in the history all the same.
    """

    record: int
    part: int
    reason: SkipReason | Reason
    message: str
    counted: bool


@sealed
@attrs.frozen(kw_only=True)
class ReadHistory:
    """A history that was read from records, and every part of them that was not read."""

    history: History
    unread: tuple[SkippedRecord, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Check the shape once."""
        many(self, "unread")
        if type(self.history) is not History:
            message = f"history is a History, not {type(self.history).__name__}"
            raise TypeError(message)


def history_from_claims(
    claims: Iterable[Claim | CodedSession], *, policy: Policy, reference: Reference | None = None
) -> ReadHistory:
    """Read earlier claims into a history, by `decode_claim`.

    Lines tell day, region, sides and, where the policy has a mark for it, a diagnostic purpose; the
    joints only where they settle them. A code stands for the coverage region of its name. A cyst
    rupture has the codes of an injection, and is read as one. What can't be read is in ``unread``:
    a facet code without sound units, or not valid on its date, may stand for a session and is a
    possible one; a line without date stands for none.

    >>> from cptfacet import policies
    >>> from cptfacet.claims import ClaimType, parse_line
    >>> def claim(claim_type, *lines):
    ...     return Claim(
    ...         claim_type=claim_type,
    ...         date=dt.date(2026, 3, 2),
    ...         lines=tuple(map(parse_line, lines)),
    ...     )
    >>> read = history_from_claims(
    ...     [
    ...         claim(ClaimType.PROFESSIONAL, "64493-50-KX", "99213-25"),
    ...         claim(ClaimType.ASC_FACILITY, "64493-RT-KX", "64493-LT-KX"),
    ...     ],
    ...     policy=policies.get("medicare"),
    ... )
    >>> [(str(past.kind), str(past.region), str(past.side)) for past in read.history.sessions]
    [('diagnostic-injection', 'lumbar-sacral', 'bilateral')]
    >>> [(unread.record, unread.part, str(unread.reason)) for unread in read.unread]
    [(1, 2, 'unknown-code')]
    >>> history_from_claims([], policy="medicare")
    Traceback (most recent call last):
    ...
    TypeError: policy is a Policy, not its id: use policies.get('medicare')

    Source: as `decode_claim`; that a code stands for the region of its name is a judgment, which
    T12-L1 alone may part from.
    """
    return history_from_records(claims, policy=policy, reference=reference)


def history_from_sessions(
    sessions: Iterable[Session], *, policy: Policy, reference: Reference | None = None
) -> ReadHistory:
    """Read earlier sessions into a history, each treatment for itself.

    An injection is of the kind of its purpose. A denervation counts surely where it was thermal, or
    where the policy sends it to the codes of ablation; any other is a possible ablation. T12-L1 with
    L1-L2, and nothing else of the family, is lumbar where the policy makes one group of them; T12-L1
    otherwise has no known region. A treatment of which no level is documented is a possible session.

    >>> from cptfacet import policies
    >>> from cptfacet.sessions import parse_session
    >>> session = parse_session(
    ...     date="2026-03-02", technique="mbb", guidance="ct", nerves=["L3:left", "L4:left"]
    ... )
    >>> read = history_from_sessions([session], policy=policies.get("medicare"))
    >>> [(str(past.kind), past.joints) for past in read.history.sessions]
    [('injection', (<Joint.L4_L5: 'L4-L5'>,))]
    >>> history_from_sessions(session, policy=policies.get("medicare"))
    Traceback (most recent call last):
    ...
    TypeError: records are a list of sessions and claims, not a single Session: write [session]

    Source: the provisions of the policy for families and T12-L1 with L1-L2; the rest is a judgment.
    """
    return history_from_records(sessions, policy=policy, reference=reference)


def history_from_records(
    records: Iterable[Session | Claim | CodedSession],
    *,
    policy: Policy,
    reference: Reference | None = None,
) -> ReadHistory:
    """Read earlier sessions and claims, mixed, into a history.

    Each is read as `history_from_sessions` and `history_from_claims` say. What a record itself says
    of its policy is not asked: the payer who counts is the one of ``policy``.

    >>> from cptfacet import policies
    >>> cpt = policies.get("cpt")
    >>> history_from_records([], policy=cpt).history.sessions
    ()
    >>> history_from_records(["64493"], policy=cpt)
    Traceback (most recent call last):
    ...
    TypeError: record 1 is a Session, a Claim or an answer of coding, not str
    """
    if isinstance(records, Session | Claim | CodedSession):
        kind = type(records).__name__
        message = (
            f"records are a list of sessions and claims, not a single {kind}:"
            f" write [{kind.lower()}]"
        )
        raise TypeError(message)
    reader = _Reader(policy, reference or packaged())
    for number, record in enumerate(cast("Iterable[Any]", records), 1):
        if isinstance(record, Session):
            reader.read_session(number, record)
        elif isinstance(record, Claim | CodedSession):
            reader.read_claim(number, record.claim if isinstance(record, CodedSession) else record)
        else:
            kind = type(record).__name__
            message = f"record {number} is a Session, a Claim or an answer of coding, not {kind}"
            raise TypeError(message)
    return ReadHistory(history=History(sessions=tuple(reader.found)), unread=tuple(reader.unread))


@functools.lru_cache(maxsize=32)
def _decoder(policy: Policy, reference: Reference) -> Decoder:
    """Keep what is compiled for the policies last used; histories are not kept."""
    return Decoder(policy, reference)


_ABLATIONS = (Family.ABLATION, LegacyFamily.ABLATION)
_MAY_COUNT = (
    *(SkipReason.UNITS, SkipReason.OLD_CODE),
    *(SkipReason.NOT_IN_FORCE, SkipReason.VALIDITY_NOT_KNOWN),
)
_NO_LEVEL = (Reason.NO_LEVEL_DOCUMENTED, Reason.NO_COMPLETE_LEVEL)


class _Reader:
    """Read records one by one, and keep what was found and what was not read."""

    def __init__(self, policy: Policy, reference: Reference) -> None:
        self.decoder = _decoder(policy, reference)
        self.policy = policy
        self.reference = reference
        self.found: list[PastSession] = []
        self.unread: list[SkippedRecord] = []

    # -- sessions

    def read_session(self, number: int, session: Session) -> None:
        """Read each treatment, and with all of them the region of T12-L1."""
        read: list[tuple[Treatment, Mapping[Joint, Side | None]]] = []
        families: dict[Family | None, set[Joint]] = {}
        for part, treatment in enumerate(session.treatments, 1):
            joints = self._joints(number, part, treatment, session.date)
            if joints:
                read.append((treatment, joints))
                families.setdefault(self._family(treatment, session.date), set()).update(joints)
        for treatment, joints in read:
            family = self._family(treatment, session.date)
            one_group = self._is_one_group(family, families[family], session.date)
            regions: dict[CoverageRegion | None, list[Target]] = {}
            for joint, side in joints.items():
                region = CoverageRegion.LUMBAR_SACRAL if one_group else self._region(joint)
                regions.setdefault(region, []).append(Target(joint=joint, side=side))
            for region, targets in regions.items():
                self.found.append(
                    PastSession(
                        date=session.date,
                        kind=_kind(treatment),
                        region=region,
                        targets=tuple(targets),
                        certain=_counts(treatment, family),
                    )
                )

    def _region(self, joint: Joint) -> CoverageRegion | None:
        found = self.reference.coverage_region(joint)
        return None if isinstance(found, Unknown) else found.region

    def _joints(
        self, number: int, part: int, treatment: Treatment, date: dt.date
    ) -> Mapping[Joint, Side | None]:
        """Give the joints of a treatment; say what is not read, and keep what may be a session."""

        def leave(refusal: Refusal, *, counted: bool) -> None:
            left = SkippedRecord(
                record=number,
                part=part,
                reason=refusal.reason,
                message=refusal.message,
                counted=counted,
            )
            self.unread.append(left)

        other = only_other_nerves(treatment, reference=self.reference, on=date)
        if other is not None:
            leave(other, counted=False)
            return {}
        treated = read_treatment(treatment, reference=self.reference, on=date)
        for refusal in treated.refusals:
            open_ = refusal.reason in _NO_LEVEL
            leave(refusal, counted=open_)
            if open_:
                side = all_sides(entry.side for entry in treatment.nerves)
                possible = PastSession(date=date, kind=_kind(treatment), side=side, certain=False)
                self.found.append(possible)
        return treated.joints

    def _family(self, treatment: Treatment, date: dt.date) -> Family | None:
        guidance = treatment.guidance or GUIDANCE_NOT_STATED
        answer = self.policy.ask(CODING_FAMILY, treatment.technique, guidance, on=date)
        family = value_of(answer)
        return family if isinstance(family, Family) else None

    def _is_one_group(self, family: Family | None, joints: set[Joint], date: dt.date) -> bool:
        if family is None or joints != set(JUNCTION):
            return False
        answer = self.policy.ask(CODING_THORACOLUMBAR, family, on=date)
        return value_of(answer) is Grouping.ONE_GROUP

    # -- claims

    def read_claim(self, number: int, claim: Claim) -> None:
        """Read what the lines of a claim tell."""
        decoded = self.decoder.decode(claim)
        for session in decoded.sessions:
            for group in session.groups:
                self.found += billed_sessions(session.date, group)
        for unread in decoded.unread:
            possible = self._possible(unread, claim, claim.lines[unread.line - 1])
            if possible is not None:
                self.found.append(possible)
            left = SkippedRecord(
                record=number,
                part=unread.line,
                reason=unread.reason,
                message=unread.message,
                counted=possible is not None,
            )
            self.unread.append(left)

    def _possible(self, unread: SkippedLine, claim: Claim, line: ClaimLine) -> PastSession | None:
        """Give the session that a line of a facet code may stand for, though it is not read."""
        date = line.date or claim.date
        procedure = self.reference.known(line.canonical.code)
        if date is None or procedure is None or unread.reason not in _MAY_COUNT:
            return None
        if procedure.family is None or procedure.region is None:
            return None
        injection = injection_kind(claim.purpose)
        return PastSession(
            date=date,
            kind=SessionKind.ABLATION if procedure.family in _ABLATIONS else injection,
            region=CoverageRegion(procedure.region.value),
            certain=False,
        )


def _kind(treatment: Treatment) -> SessionKind:
    match treatment.technique.kind:
        case TechniqueKind.INJECTION:
            return injection_kind(treatment.purpose)
        case TechniqueKind.CYST_RUPTURE:
            return SessionKind.CYST_RUPTURE
        case TechniqueKind.DENERVATION:
            return SessionKind.ABLATION


def _counts(treatment: Treatment, family: Family | None) -> bool:
    """Say whether a treatment is surely of its kind: of denervations, those that are ablations."""
    technique = treatment.technique
    thermal = technique is Technique.THERMAL_RADIOFREQUENCY_ABLATION
    return technique.kind is not TechniqueKind.DENERVATION or thermal or family is Family.ABLATION


def billed_sessions(date: dt.date, group: BilledGroup) -> Iterator[PastSession]:
    """Give what each code of a group tells; what is one session, the history joins."""
    stopped = {
        line for doubt in group.doubts if doubt.id is DoubtId.NOT_COMPLETED for line in doubt.lines
    }
    two_regions = any(doubt.id is DoubtId.TWO_REGIONS for doubt in group.doubts)
    for place, billed in enumerate(group.levels):
        targets: tuple[Target, ...] = ()
        region = CoverageRegion(billed.region.value)
        if group.joints:  # lines settle joints of T12-L1 with L1-L2 alone, which are lumbar
            region = CoverageRegion.LUMBAR_SACRAL
            targets = (Target(joint=group.joints[place], side=billed.sides.side),)
        yield PastSession(
            date=date,
            kind=_billed_kind(group, billed),
            region=region,
            targets=targets,
            side=billed.sides.side,
            certain=not two_regions and not stopped.issuperset(billed.lines),
        )


def _billed_kind(group: BilledGroup, billed: BilledLevels) -> SessionKind:
    if group.family is Family.ABLATION:
        return SessionKind.ABLATION
    return injection_kind(billed.purpose)
