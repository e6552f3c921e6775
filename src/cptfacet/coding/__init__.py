"""From a session to its claim lines, each with its reason.

`code_session` is the call; `Coder` is the same for many sessions under one policy.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from cptfacet._inputs import expect
from cptfacet._records import sealed
from cptfacet.anatomy import Joint, Side
from cptfacet.claims import Claim, ClaimType
from cptfacet.coding.plans import Compiled, Level, Plan
from cptfacet.coding.result import CodedSession, LineReason
from cptfacet.coding.writing import Writer
from cptfacet.notes import Note, NoteId, Reason, Refusal
from cptfacet.policies import NotKnown, Provision
from cptfacet.policies.jurisdictions import Area, NotPlaced, find, policy_ids
from cptfacet.policies.selection import select_policy
from cptfacet.procedures import Family
from cptfacet.reference import Reference, packaged
from cptfacet.sessions import Session, merge_sides
from cptfacet.treated import only_other_nerves, read_treatment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cptfacet.coding.plans import Cell
    from cptfacet.policies import Policy
    from cptfacet.sessions import Treatment

__all__ = [
    "CodedSession",
    "Coder",
    "LineReason",
    "Note",
    "NoteId",
    "Reason",
    "Refusal",
    "code_session",
    "code_sessions",
]


def code_session(
    session: Session,
    *,
    policy: Policy | str | None = None,
    reference: Reference | None = None,
) -> CodedSession | Refusal:
    """Return the claim lines of a session, each with its reason, or the refusal to code it.

    ``policy`` is the payer's policy or its id; without one, the policy that the session names
    applies. Under a policy that Medicare Administrative Contractors (MACs) divide, such as
    ``medicare``, the session's location selects the jurisdiction. The date of service decides
    which edition of each rule counts. Where only a part can't be coded, the rest is, and the
    refusal is among the notes. Coding never drops a level: whether a payer covers it is another
    question.

    >>> from cptfacet.sessions import parse_session
    >>> session = parse_session(
    ...     date="2026-03-02",
    ...     technique="mbb",
    ...     purpose="diagnostic",
    ...     guidance="fluoroscopy",
    ...     joints=["L4-5:both", "L5-S1:both"],
    ... )
    >>> [line.text for line in code_session(session, policy="medicare").lines]
    ['64493-50-KX x1', '64494-50-KX x1']
    >>> [line.text for line in code_session(session, policy="cpt").lines]
    ['64493-50 x1', '64494 x2']
    >>> pulsed = parse_session(date="2026-03-02", technique="pulsed-rfa", joints=["L4-5:left"])
    >>> refusal = code_session(pulsed, policy="cpt")
    >>> refusal.reason.value, [line.text for line in refusal.instead]
    ('other-code', ['64999 x1'])
    >>> code_session({"date": "2026-03-02"}, policy="cpt")
    Traceback (most recent call last):
    ...
    TypeError: session takes a Session, not a dict: read JSON data with cptfacet.interop.json.from_data(..., Session)

    Raises:
        UnknownIdError: No packaged policy has the id.
        TypeError: The session is not a Session, or no policy is named.

    Source: the provisions in the ``why`` of each line, which cite theirs.
    """
    session = _session(session)
    return _coder(select_policy(session, policy), reference or packaged()).code(session)


def code_sessions(
    sessions: Iterable[Session],
    *,
    policy: Policy | str | None = None,
    reference: Reference | None = None,
) -> Iterator[CodedSession | Refusal]:
    """Yield the answer of `code_session` for each session, in order.

    >>> list(code_sessions([], policy="medicare"))
    []
    """
    for session in sessions:
        yield code_session(session, policy=policy, reference=reference)


def _session(value: object) -> Session:
    hint = "make one with parse_session(date=..., technique=..., joints=[...])"
    if isinstance(value, Mapping):
        hint = "read JSON data with cptfacet.interop.json.from_data(..., Session)"
    elif isinstance(value, Sequence) and not isinstance(value, str):
        hint = "pass one session, or several to code_sessions"
    return expect(value, Session, "session", hint)


@functools.lru_cache(maxsize=32)
def _coder(policy: Policy, reference: Reference) -> Coder:
    """Keep what is compiled for the policies last used; answers are not kept."""
    return Coder(policy, reference)


class Coder(Compiled):
    """Code many sessions under one policy.

    What the policy and the reference say between two of their dates is worked out once and kept. A
    coder can be pickled; it takes its policy along and works out the rest again.

    >>> from cptfacet import policies
    >>> Coder(policies.get("cpt"))
    Coder(policy='cpt')
    """

    __slots__ = ()

    def code(self, session: Session) -> CodedSession | Refusal:
        """Return the answer of `code_session` under this coder's own policy, wherever it was done."""
        session = _session(session)
        claim_type = session.claim_type or ClaimType.PROFESSIONAL
        return _code(session, self._plan(session.date, claim_type), claim_type)


def _code(session: Session, plan: Plan, claim_type: ClaimType) -> CodedSession | Refusal:
    writer = Writer(plan, session.diagnoses)
    _note_assumptions(session, plan, claim_type, writer)
    treated = _collect(session, plan, writer)
    if len(treated) > 1:
        _share_levels(treated, plan, writer)
    ablated = treated.pop(Family.ABLATION, None)
    if ablated:
        written = writer.write(Family.ABLATION, ablated.values())
        if treated:
            _drop_included(treated, {joint: ablated[joint].side for joint in written}, writer)
    for family in (Family.IMAGE_GUIDED_INJECTION, Family.ULTRASOUND_INJECTION):
        if family in treated:
            writer.write(family, treated[family].values())
    if not writer.lines:
        refusal = _one_refusal(writer.refusals)
        return refusal if session.id is None else attrs.evolve(refusal, id=session.id)
    writer.note_family_pairs()
    for refusal in writer.refusals:
        writer.note(NoteId.REFUSED, refusal.message, refusal.citations, refusal)
    claim = Claim(
        claim_type=claim_type,
        lines=tuple(writer.lines),
        date=session.date,
        place_of_service=session.place_of_service,
        purpose=next(iter(writer.purposes)) if len(writer.purposes) == 1 else None,
        id=session.id,
        policy=plan.policy.id,
        location=session.location,
    )
    return CodedSession(claim=claim, notes=tuple(writer.notes.values()), why=tuple(writer.why))


def _note_assumptions(session: Session, plan: Plan, claim_type: ClaimType, writer: Writer) -> None:
    if session.claim_type is None:
        message = "the claim type is not stated: coded as a professional claim"
        writer.note(NoteId.CLAIM_TYPE_NOT_STATED, message)
    area = _area(session, plan.policy.id, claim_type)
    by_place = isinstance(area, Area) and (session.policy, plan.policy.id) == (
        area.shared,
        area.policy,
    )
    if session.policy not in (None, plan.policy.id) and not by_place:
        message = f"the session names the policy {session.policy}; coded under {plan.policy.id}"
        writer.note(NoteId.POLICY_DIFFERS, message)
    if area is not None:
        _note_jurisdiction(area, plan.policy.id, writer)


def _area(session: Session, policy_id: str, claim_type: ClaimType) -> Area | NotPlaced | None:
    """Find the area of a session where its place matters to the policy."""
    if session.location is None or not any(
        policy_id == shared or policy_id in own for shared, own in policy_ids().items()
    ):
        return None
    return find(session.location, on=session.date, claim_type=claim_type)


def _note_jurisdiction(area: Area | NotPlaced, policy_id: str, writer: Writer) -> None:
    """Say where another policy holds in the place, or which fact of a place is missing."""
    if isinstance(area, NotPlaced):
        if policy_id in policy_ids():
            message = f"the jurisdiction is not known: {area.reason}"
            writer.note(NoteId.JURISDICTION, message)
        return
    if policy_id == area.policy:
        return
    place = f"the location is in {area.jurisdiction} ({area.contractor})"
    says = "says more" if policy_id == area.shared else f"holds there, and not {policy_id}"
    message = f"{place}: the policy {area.policy} {says}"
    writer.note(NoteId.JURISDICTION, message, area.citations)


_Treated = dict[Family, dict[Joint, Level]]


def _collect(session: Session, plan: Plan, writer: Writer) -> _Treated:
    """Gather the treated joints by family; treatments of one family share their levels."""
    found: _Treated = {}
    for treatment in session.treatments:
        cell = plan.cell(treatment.technique, treatment.guidance, treatment.purpose)
        refusal = cell.refusal
        if treatment.nerves:
            others = only_other_nerves(treatment, reference=plan.reference, on=session.date)
            refusal = others or refusal
        if refusal is not None or cell.family is None:
            writer.refuse(refusal)
            continue
        treated = _plainly_listed(treatment, cell)
        if treated is None:
            read = read_treatment(treatment, reference=plan.reference, on=session.date)
            writer.keep(read.notes, read.refusals)
            treated = {joint: cell.level(joint, side) for joint, side in read.joints.items()}
        levels = found.setdefault(cell.family, treated)
        if levels is treated:
            continue
        for joint, level in treated.items():
            before = levels.get(joint)
            levels[joint] = level if before is None else _joined(before, level, plan, writer)
    if all(found.values()):
        return found
    return {family: levels for family, levels in found.items() if levels}


def _plainly_listed(treatment: Treatment, cell: Cell) -> dict[Joint, Level] | None:
    """Give the levels of targets of which there is nothing to say: each once, and no nerves."""
    if treatment.nerves or not treatment.targets:
        return None
    levels = {target.joint: cell.level(target.joint, target.side) for target in treatment.targets}
    if len(levels) < len(treatment.targets) or not cell.bare.isdisjoint(levels):
        return None
    return levels


def _joined(one: Level, other: Level, plan: Plan, writer: Writer) -> Level:
    """Join what two treatments did at one joint: one level, on both their sides."""
    merged, repeated = merge_sides((one.joint, side) for side in (one.side, other.side))
    chosen = tuple(dict.fromkeys((*one.chosen, *other.chosen)))
    if repeated:
        message = f"{one.joint} was treated more than once on one side; it is one level"
        if (one.side is None) is not (other.side is None):
            message += (
                ". Its side is named once only and taken for both: ask whether it is the same"
            )
        answer = plan.overlapping
        citations = answer.citations if isinstance(answer, Provision) else ()
        writer.note(NoteId.SHARED_LEVEL, message, citations)
    purposes = one.purposes | other.purposes
    return plan.level(one.joint, merged[one.joint], purposes=purposes, chosen=chosen)


def _share_levels(treated: _Treated, plan: Plan, writer: Writer) -> None:
    """Count a joint that was injected with and without ultrasound once, with fluoroscopy or CT."""
    guided = treated.get(Family.IMAGE_GUIDED_INJECTION, {})
    other = treated.get(Family.ULTRASOUND_INJECTION, {})
    for joint in [joint for joint in other if joint in guided]:
        guided[joint] = _joined(guided[joint], other.pop(joint), plan, writer)
        message = (
            f"{joint} was injected under two guidances; it is one level, coded under the first"
        )
        writer.note(NoteId.SHARED_LEVEL, message)
        if isinstance(plan.overlapping, NotKnown):
            message = f"injections that overlap at {joint}: {plan.overlapping.reason}"
            writer.note(NoteId.NOT_KNOWN, message, plan.overlapping.citations)


def _drop_included(treated: _Treated, ablated: dict[Joint, Side | None], writer: Writer) -> None:
    """Take out injections at joints whose ablation on the same day was coded."""
    answer = writer.plan.at_ablated
    for levels in treated.values():
        for joint in [joint for joint in levels if joint in ablated]:
            if isinstance(answer, NotKnown):
                message = (
                    f"whether the injection at {joint} is part of its ablation: {answer.reason}"
                )
                writer.note(NoteId.NOT_KNOWN, message, answer.citations)
                continue
            if answer.value != "included":
                continue
            level = levels.pop(joint)
            left = _side_left(level.side, ablated[joint])
            if left.separate:
                levels[joint] = level
                continue
            message = f"the injection at {joint} is included in its ablation on the same day"
            writer.note(NoteId.INCLUDED_IN_ABLATION, message + left.remark, answer.citations)
            if left.some:
                levels[joint] = writer.plan.level(
                    joint, left.side, purposes=level.purposes, chosen=level.chosen
                )


@sealed
@attrs.frozen(kw_only=True)
class _Left:
    """What is left of an injection beside an ablation of its joint, and what to say of it."""

    some: bool
    side: Side | None = None
    separate: bool = False
    remark: str = ""


def _side_left(injected: Side | None, ablated: Side | None) -> _Left:
    if ablated is None and injected is Side.BILATERAL:
        remark = "; the ablated side is not named, so one injected side is coded unnamed"
        return _Left(some=True, remark=remark)
    if ablated is None:
        return _Left(some=False, remark="; the ablated side is not named: ask whether it was this")
    if injected is None:
        asked = "" if ablated is Side.BILATERAL else "; its side is not named: ask which it was"
        return _Left(some=False, remark=asked)
    sides = [side for side in injected.parts if side not in ablated.parts]
    if len(sides) == len(injected.parts):
        return _Left(some=True, side=injected, separate=True)
    if not sides:
        return _Left(some=False)
    remark = f"; the {sides[0]} side was not ablated and is coded"
    return _Left(some=True, side=sides[0], remark=remark)


def _one_refusal(refusals: Iterable[Refusal]) -> Refusal:
    """Join what was refused; the reason is `several` where the reasons differ."""
    listed = tuple(refusals)
    if len(listed) == 1:
        return listed[0]
    reasons = {refusal.reason for refusal in listed}
    return Refusal(
        reason=reasons.pop() if len(reasons) == 1 else Reason.SEVERAL,
        message="; ".join(refusal.message for refusal in listed),
        instead=tuple(line for refusal in listed for line in refusal.instead),
        citations=tuple(dict.fromkeys(c for refusal in listed for c in refusal.citations)),
    )
