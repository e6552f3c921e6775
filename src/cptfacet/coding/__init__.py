"""From a session to its claim lines, each with its reason.

`code_session` is the call; `Coder` is the same for many sessions under one policy.
"""

from __future__ import annotations

import bisect
import functools
from typing import TYPE_CHECKING

from cptfacet.anatomy import Joint, Side
from cptfacet.claims import Claim, ClaimType
from cptfacet.coding.answers import Coded, Note, NoteId, Reason, Refusal, Why
from cptfacet.coding.levels import Level, read_treatment
from cptfacet.coding.lines import Writer
from cptfacet.coding.plans import Plan, turning_points
from cptfacet.policies import GUIDANCE_NOT_STATED, Provision
from cptfacet.procedures import Family
from cptfacet.reference import Reference, packaged
from cptfacet.sessions import merge_sides

if TYPE_CHECKING:
    from cptfacet.claims import Purpose
    from cptfacet.policies import Policy
    from cptfacet.sessions import Session, Technique

__all__ = ["Coded", "Coder", "Note", "NoteId", "Reason", "Refusal", "Why", "code_session"]


def code_session(
    session: Session, *, policy: Policy, reference: Reference | None = None
) -> Coded | Refusal:
    """Code a session to its claim lines.

    The date of the session decides which edition of each rule counts. What can't be coded is a
    `Refusal` that says why; where only a part can't, the rest is coded and the refusal is in the
    notes. Coding drops no level: whether a payer covers it is another question.

    >>> from cptfacet import policies
    >>> from cptfacet.sessions import session_from_words
    >>> session = session_from_words(
    ...     date="2026-03-02",
    ...     technique="mbb",
    ...     purpose="diagnostic",
    ...     guidance="fluoroscopy",
    ...     joints=["L4-5:both", "L5-S1:both"],
    ... )
    >>> [line.text for line in code_session(session, policy=policies.get("medicare")).claim.lines]
    ['64493-50-KX x1', '64494-50-KX x1']
    >>> [line.text for line in code_session(session, policy=policies.get("cpt")).claim.lines]
    ['64493-50 x1', '64494 x2']
    >>> pulsed = session_from_words(date="2026-03-02", technique="pulsed-rfa", joints=["L4-5:left"])
    >>> refusal = code_session(pulsed, policy=policies.get("cpt"))
    >>> refusal.reason.value, [line.text for line in refusal.instead]
    ('other-code', ['64999 x1'])

    Source: the provisions in the ``why`` of each line, which cite theirs.
    """
    return _coder(policy, reference or packaged()).code(session)


@functools.lru_cache(maxsize=32)
def _coder(policy: Policy, reference: Reference) -> Coder:
    return Coder(policy, reference)


class Coder:
    """Code many sessions under one policy.

    What the policy and the reference say between two of their dates is worked out once and kept.

    >>> from cptfacet import policies
    >>> Coder(policies.get("cpt"))
    Coder(policy='cpt')
    """

    def __init__(self, policy: Policy, reference: Reference | None = None) -> None:
        """Take a policy, and the reference where it is not the packaged one."""
        self.policy = policy
        self.reference = reference or packaged()
        self._days = turning_points(policy, self.reference)
        self._plans: dict[tuple[int, ClaimType], Plan] = {}

    def __repr__(self) -> str:
        return f"Coder(policy={self.policy.id!r})"

    def code(self, session: Session) -> Coded | Refusal:
        """Code one session, as `code_session` does."""
        claim_type = session.claim_type or ClaimType.PROFESSIONAL
        term = bisect.bisect_right(self._days, session.date), claim_type
        plan = self._plans.get(term)
        if plan is None:
            plan = Plan(self.policy, self.reference, session.date, claim_type)
            self._plans[term] = plan
        return _code(session, plan, claim_type)


_Group = tuple[Family, "Technique | None"]


def _code(session: Session, plan: Plan, claim_type: ClaimType) -> Coded | Refusal:
    writer = Writer(plan, session.diagnoses)
    if session.claim_type is None:
        message = "the claim type is not stated: coded as a professional claim"
        writer.note(NoteId.CLAIM_TYPE_NOT_STATED, message)
    treated = _collect(session, plan, writer)
    if len(treated) > 1:
        _drop_included(treated, plan, writer)
    for family in (Family.ABLATION, Family.IMAGE_GUIDED_INJECTION, Family.ULTRASOUND_INJECTION):
        for where, levels in treated.items():
            if where[0] is family:
                writer.write(family, levels)
    if not writer.lines:
        return _one_refusal(writer.refusals)
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
    return Coded(claim=claim, notes=tuple(writer.notes.values()), why=tuple(writer.why))


def _collect(session: Session, plan: Plan, writer: Writer) -> dict[_Group, list[Level]]:
    """Gather the treated joints by family; techniques keep apart where a policy does not share."""
    shared = isinstance(plan.shared_levels, Provision) and plan.shared_levels.value is True
    found: dict[_Group, list[tuple[Joint, Side | None]]] = {}
    purposes: dict[tuple[_Group, Joint], set[Purpose | None]] = {}
    for treatment in session.treatments:
        cell = plan.cell(treatment.technique, treatment.guidance or GUIDANCE_NOT_STATED)
        if cell.family is None or not isinstance(cell.answer, Provision):
            writer.refuse(cell.refusal)
            continue
        treated = read_treatment(treatment, reference=plan.reference, on=plan.on)
        writer.keep(treated.notes, treated.refusals)
        where = (cell.family, None if shared else treatment.technique)
        if treated.joints:
            writer.chosen(cell.family, cell.answer)
        for joint, side in treated.joints.items():
            found.setdefault(where, []).append((joint, side))
            purposes.setdefault((where, joint), set()).add(treatment.purpose)
    return {
        where: [
            Level(joint, side, frozenset(purposes[where, joint]))
            for joint, side in merge_sides(listed)[0].items()
        ]
        for where, listed in found.items()
    }


def _drop_included(treated: dict[_Group, list[Level]], plan: Plan, writer: Writer) -> None:
    """Take out injections at joints that were ablated on the same day."""
    answer = plan.at_ablated
    if not isinstance(answer, Provision) or answer.value != "included":
        return
    ablated = {
        level.joint: level.side
        for where, levels in treated.items()
        if where[0] is Family.ABLATION
        for level in levels
    }
    for where, levels in treated.items():
        if where[0] is Family.ABLATION:
            continue
        kept: list[Level] = []
        for level in levels:
            if level.joint not in ablated:
                kept.append(level)
                continue
            left = _side_left(level.side, ablated[level.joint])
            if left is level.side:
                kept.append(level)
                continue
            message = f"the injection at {level.joint} is included in its ablation on the same day"
            if left is not None:
                message += f"; the {left} side was not ablated and is coded"
                kept.append(Level(level.joint, left, level.purposes))
            elif level.side is None or ablated[level.joint] is None:
                message += "; a side is not named, so ask whether it was the same"
            writer.note(NoteId.INCLUDED_IN_ABLATION, message, answer.citations)
        treated[where] = kept


def _side_left(injected: Side | None, ablated: Side | None) -> Side | None:
    """Give the side of an injection that is left beside an ablation, or None for nothing."""
    if injected is None or ablated is None:
        return None
    left = [side for side in injected.parts if side not in ablated.parts]
    return injected if len(left) == len(injected.parts) else next(iter(left), None)


def _one_refusal(refusals: list[Refusal]) -> Refusal:
    if len(refusals) == 1:
        return refusals[0]
    reasons = {refusal.reason for refusal in refusals}
    return Refusal(
        reason=reasons.pop() if len(reasons) == 1 else Reason.SEVERAL,
        message="; ".join(refusal.message for refusal in refusals),
        instead=tuple(line for refusal in refusals for line in refusal.instead),
        citations=tuple(dict.fromkeys(c for refusal in refusals for c in refusal.citations)),
    )
