"""Read earlier sessions and claims into a history: the sessions that limits count.

The policy is that of the payer whose limits apply. Records are read in its laterality format, with
its modifier for diagnostic lines and its code families.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from cptfacet._inputs import expect, expect_or_none, expect_several
from cptfacet._records import check_types, sealed
from cptfacet._text import agree
from cptfacet.agent_codes import agent_refusal
from cptfacet.anatomy import CoverageRegion, Joint, Side
from cptfacet.claims import Claim, ClaimFrequency, ClaimLine
from cptfacet.coding import CodedSession
from cptfacet.coding.plans import JUNCTION
from cptfacet.decoding import (
    BilledGroup,
    BilledLevels,
    DoubtId,
    SkippedLine,
    SkipReason,
    compiled,
)
from cptfacet.history import History, PastSession, SessionKind, all_sides, injection_kind
from cptfacet.notes import Reason
from cptfacet.policies import find_policy, value_of
from cptfacet.policies.vocabulary import (
    CODING_FAMILY,
    CODING_THORACOLUMBAR,
    GUIDANCE_NOT_STATED,
    Grouping,
)
from cptfacet.procedures import Family, LegacyFamily
from cptfacet.reference import Reference, find_reference
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


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class SkippedRecord:
    """A part of an earlier record that was not read, and why.

    ``record`` and ``part`` count from 1; a part is a line of a claim or a treatment of a session.
    ``counted``: the part may be a session, and the history has that session as a possible one.
    """

    record: int
    part: int
    reason: SkipReason | Reason
    message: str
    counted: bool


@sealed
@attrs.frozen(kw_only=True)
class ReadHistory:
    """A history read from records, and every part of the records that was skipped."""

    history: History
    unread: tuple[SkippedRecord, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Check the types."""
        check_types(self)

    def __str__(self) -> str:
        unread = self.unread
        left = f"; {len(unread)} {agree(unread, 'part', 'parts')} not read" if unread else ""
        return f"{self.history}{left}"


def history_from_claims(
    claims: Iterable[Claim | CodedSession],
    *,
    policy: Policy | str,
    reference: Reference | None = None,
) -> ReadHistory:
    """Read earlier claims into a history, as `decode_claim` reads them.

    Lines show the day, the region, the sides and, where the policy has a modifier for it, a
    diagnostic purpose. They rarely show the joints. A code counts in the coverage region that it
    names. A cyst rupture is billed with injection codes and is read as an injection. What can't be
    read is in ``unread``: a facet code with invalid units, or not valid on its date, may be a
    session and counts as a possible one; a line without a date counts as none.

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
    ...     policy="medicare",
    ... )
    >>> print(read)
    diagnostic injection on 2026-03-02 (lumbar-sacral, bilateral); 1 part not read
    >>> [(unread.record, unread.part, str(unread.reason)) for unread in read.unread]
    [(1, 2, 'unknown-code')]
    >>> history_from_claims(["64493-50-KX"], policy="medicare")
    Traceback (most recent call last):
    ...
    TypeError: record 1 takes a Claim, not a str: pass a Claim, Session or CodedSession

    Source: as `decode_claim`; that a code counts in the region that it names is a judgment, and
    only T12-L1 may differ.
    """
    return history_from_records(claims, policy=policy, reference=reference)


def history_from_sessions(
    sessions: Iterable[Session], *, policy: Policy | str, reference: Reference | None = None
) -> ReadHistory:
    """Read earlier sessions into a history, one treatment at a time.

    The purpose of an injection decides its kind. A denervation is certain to count if it was
    thermal, or if the policy reports it with the ablation codes; any other one is a possible
    ablation. T12-L1 treated with L1-L2, and no other joint of the family, is lumbar where the policy
    codes the two as one group; otherwise the region of T12-L1 is not known. A treatment without a
    documented level is a possible session.

    >>> from cptfacet.sessions import parse_session
    >>> session = parse_session(
    ...     date="2026-03-02", technique="mbb", guidance="ct", nerves=["L3:left", "L4:left"]
    ... )
    >>> read = history_from_sessions([session], policy="medicare")
    >>> print(read)
    injection on 2026-03-02 (lumbar-sacral, L4-L5 left)
    >>> history_from_sessions(session, policy="medicare")
    Traceback (most recent call last):
    ...
    TypeError: records takes a list or another iterable, not a Session: write [session] or [claim]

    Source: the provisions of the policy for families and T12-L1 with L1-L2; the rest is a judgment.
    """
    return history_from_records(sessions, policy=policy, reference=reference)


def history_from_records(
    records: Iterable[Session | Claim | CodedSession],
    *,
    policy: Policy | str,
    reference: Reference | None = None,
    replaced_by: Claim | None = None,
) -> ReadHistory:
    """Read earlier sessions and claims, mixed, into a history.

    Sessions are read as in `history_from_sessions`, claims as in `history_from_claims`. The policy
    that a record itself names is ignored: ``policy`` is that of the payer whose limits apply.

    A void cancels the claim that it ``replaces``, or the one of its own id, and a replacement takes
    its place. Neither a void nor what it cancels counts, nor a claim that was replaced; all of their
    lines are in ``unread``. ``replaced_by`` is the claim to be checked with the history: if it is a
    replacement, the claim that it replaces does not count.

    >>> history_from_records([], policy="cpt").history.sessions
    ()
    >>> history_from_records(["64493"], policy="cpt")
    Traceback (most recent call last):
    ...
    TypeError: record 1 takes a Claim, not a str: pass a Claim, Session or CodedSession
    """
    several = expect_several(records, "records", "write [session] or [claim]")
    expect_or_none(replaced_by, Claim, "replaced_by")
    reader = _Reader(find_policy(policy), find_reference(reference))
    listed = [*map(_record, itertools.count(1), several)]
    gone = _gone([*listed, replaced_by])
    for number, record in enumerate(listed, 1):
        if isinstance(record, Session):
            reader.read_session(number, record)
        elif number - 1 in gone:
            reader.skip_claim(number, record, gone[number - 1])
        else:
            reader.read_claim(number, record)
    return ReadHistory(history=History(sessions=tuple(reader.found)), unread=tuple(reader.unread))


def _record(number: int, record: object) -> Session | Claim:
    if isinstance(record, Session):
        return record
    claim = record.claim if isinstance(record, CodedSession) else record
    return expect(claim, Claim, f"record {number}", "pass a Claim, Session or CodedSession")


# -- claims that were voided or replaced


def _gone(records: Sequence[Session | Claim | None]) -> dict[int, SkipReason]:
    """Return the places of the claims that do not count: voids, and what was voided or replaced.

    Claims that share an id or name one claim are versions of it. A version takes away those before
    it, or those after it if none is before; what was first again after a void is a claim by itself.
    """
    claims = [
        (place, record)
        for place, record in enumerate(records)
        if isinstance(record, Claim)
        if record.id is not None or record.replaces is not None or record.is_void
    ]
    versions: dict[str | None, list[int]] = {}
    for place, claim in claims:
        for name in {claim.id, claim.replaces} - {None}:
            versions.setdefault(name, []).append(place)
    gone = {place: SkipReason.VOIDED for place, claim in claims if claim.is_void}
    for place, claim in claims:
        if claim.frequency in _LATER:
            same = [n for n in versions.get(claim.replaces or claim.id, ()) if n != place]
            first = [n for n in same if n < place] or [
                n for n in same if n > place and not _is_later(records[n])
            ]
            reason = SkipReason.VOIDED if claim.is_void else SkipReason.REPLACED
            gone.update((n, reason) for n in first if n not in gone)
    return gone


_LATER = (ClaimFrequency.REPLACEMENT, ClaimFrequency.VOID)


def _is_later(record: Session | Claim | None) -> bool:
    return isinstance(record, Claim) and record.frequency in _LATER


_ABLATIONS = (Family.ABLATION, LegacyFamily.ABLATION)
_MAY_COUNT = (
    *(SkipReason.UNITS, SkipReason.OLD_CODE),
    *(SkipReason.NOT_IN_FORCE, SkipReason.VALIDITY_NOT_KNOWN),
)
_MAY_BE_A_SESSION = (Reason.NO_LEVEL_DOCUMENTED, Reason.NO_COMPLETE_LEVEL, Reason.NOT_KNOWN)


class _Reader:
    """Read records one by one, and collect their sessions and what was skipped."""

    def __init__(self, policy: Policy, reference: Reference) -> None:
        self.decoder = compiled(policy, reference)
        self.policy = policy
        self.reference = reference
        self.found: list[PastSession] = []
        self.unread: list[SkippedRecord] = []

    # -- sessions

    def read_session(self, number: int, session: Session) -> None:
        """Read each treatment; together they determine the region of T12-L1."""
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
        """Return the joints of a treatment, and record what is skipped or may be a session."""

        def leave(refusal: Refusal, *, counted: bool) -> None:
            left = SkippedRecord(
                record=number,
                part=part,
                reason=refusal.reason,
                message=refusal.message,
                counted=counted,
            )
            self.unread.append(left)

        other = agent_refusal(treatment, policy=self.policy, on=date) or only_other_nerves(
            treatment, reference=self.reference, on=date
        )
        if other is not None:
            leave(other, counted=False)
            return {}
        treated = read_treatment(treatment, reference=self.reference, on=date)
        for refusal in treated.refusals:
            open_ = refusal.reason in _MAY_BE_A_SESSION
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

    def skip_claim(self, number: int, claim: Claim, reason: SkipReason) -> None:
        """List the lines of a claim that does not count, and why."""
        message = (
            "the claim is a void" if claim.is_void else f"another claim {_DID[reason]} this one"
        )
        self.unread += [
            SkippedRecord(record=number, part=part, reason=reason, message=message, counted=False)
            for part, _ in enumerate(claim.lines, 1)
        ]

    def read_claim(self, number: int, claim: Claim) -> None:
        """Read the sessions that the lines of a claim show."""
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
        """Return the session that a skipped line of a facet code may be, or None."""
        date = line.date or claim.date
        procedure = self.reference.procedure(line.canonical.code)
        if date is None or unread.reason not in _MAY_COUNT or isinstance(procedure, Unknown):
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


_DID = {SkipReason.VOIDED: "voids", SkipReason.REPLACED: "replaces"}


def _kind(treatment: Treatment) -> SessionKind:
    match treatment.technique.kind:
        case TechniqueKind.INJECTION:
            return injection_kind(treatment.purpose)
        case TechniqueKind.CYST_RUPTURE:
            return SessionKind.CYST_RUPTURE
        case TechniqueKind.DENERVATION:
            return SessionKind.ABLATION


def _counts(treatment: Treatment, family: Family | None) -> bool:
    """Whether a treatment is certain to count: a denervation counts only if it is an ablation."""
    technique = treatment.technique
    thermal = technique is Technique.THERMAL_RADIOFREQUENCY_ABLATION
    return technique.kind is not TechniqueKind.DENERVATION or thermal or family is Family.ABLATION


def billed_sessions(date: dt.date, group: BilledGroup) -> Iterator[PastSession]:
    """Yield a session for each code of a group; the history merges those of one day and region."""
    stopped = {
        line for doubt in group.doubts if doubt.id is DoubtId.NOT_COMPLETED for line in doubt.lines
    }
    two_regions = any(doubt.id is DoubtId.TWO_REGIONS for doubt in group.doubts)
    for place, billed in enumerate(group.levels):
        targets: tuple[Target, ...] = ()
        region = CoverageRegion(billed.region.value)
        if group.joints:  # lines show the joints only of T12-L1 with L1-L2, which are lumbar
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
