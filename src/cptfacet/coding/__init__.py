"""From a session to its claim lines, each with its reason.

`code_session` codes one session; a `Coder` codes many under one policy.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import attrs

from cptfacet._inputs import expect, expect_several
from cptfacet._memo import is_short
from cptfacet._records import sealed
from cptfacet.claims import Claim, ClaimLine, ClaimType
from cptfacet.coding.draft import Draft
from cptfacet.coding.families import collect, drop_included, share_levels
from cptfacet.coding.plans import CodingPlan
from cptfacet.coding.result import CodedSession, LineReason
from cptfacet.coding.writing import family_pairs, write
from cptfacet.notes import Note, NoteId, Reason, Refusal
from cptfacet.policies import find_policy
from cptfacet.policies.selection import (
    find_record_area,
    select_policy_and_area,
    unused_location,
)
from cptfacet.procedures import Family
from cptfacet.reference import Reference, find_reference
from cptfacet.reference.jurisdictions import Area
from cptfacet.rulebook import Remembering
from cptfacet.sessions import Session
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from cptfacet.anatomy import Joint, Side
    from cptfacet.claims import Purpose
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


def __dir__() -> list[str]:
    return sorted(__all__)


_MOST_LISTED = 40  # joints and nerves of a session that is remembered


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
    TypeError: session takes a Session, not a dict: read JSON data with cptfacet.interop.json.from_data(..., Session); a row of a data frame with parse_session(**row)

    Raises:
        UnknownIdError: No packaged policy has the id.
        TypeError: The session is not a Session, or no policy is named.

    Source: the provisions in the ``why`` of each line, which cite theirs.
    """
    session = _session(session)
    reference = find_reference(reference)
    chosen, area = select_policy_and_area(session, policy, reference=reference)
    return _coder(chosen, reference)._code(session, area)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def code_sessions(
    sessions: Iterable[Session],
    *,
    policy: Policy | str | None = None,
    reference: Reference | None = None,
) -> Iterator[CodedSession | Refusal]:
    """Yield the answer of `code_session` for each session, in order.

    >>> list(code_sessions([], policy="medicare"))
    []
    >>> code_sessions(None, policy="medicare")
    Traceback (most recent call last):
    ...
    TypeError: sessions takes a list or another iterable, not None: write [session]
    """
    several = expect_several(sessions, "sessions", "write [session]")
    policy = policy if policy is None else find_policy(policy)
    reference = find_reference(reference)
    return (code_session(session, policy=policy, reference=reference) for session in several)


def _session(value: object) -> Session:
    return expect(value, Session, "session", _hint(value))


def _hint(value: object) -> str:
    if isinstance(value, Mapping):
        return (
            "read JSON data with cptfacet.interop.json.from_data(..., Session)"
            "; a row of a data frame with parse_session(**row)"
        )
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "pass one session, or several to code_sessions"
    if isinstance(value, Claim):
        return "decode_claim reads a claim"
    if isinstance(value, CodedSession):
        return "it is coded already; to code it again, pass its .session"
    return "make one with parse_session(date=..., technique=..., joints=[...])"


@functools.lru_cache(maxsize=32)
def _coder(policy: Policy, reference: Reference) -> Coder:
    """Return the coder of a policy; the 32 used last are kept, with the answers they remember."""
    return Coder(policy, reference)


class _Question(NamedTuple):
    """What the lines of a session depend on: equal questions have equal answers.

    ``term`` is the number of the period that the date is in. The id, the exact date, the place of
    service and the location only pass through to the claim.
    """

    term: int
    claim_type: ClaimType
    treatments: tuple[Treatment, ...]
    diagnoses: tuple[str, ...]


@sealed
@attrs.frozen(kw_only=True)
class _Lines:
    """The answer to a question: what every session with this question gets on its claim."""

    lines: tuple[ClaimLine, ...]
    purpose: Purpose | None
    notes: tuple[Note, ...]
    why: tuple[LineReason, ...]


class Coder(Remembering[_Question, "_Lines | Refusal"]):
    """Code many sessions under one policy.

    A coder works out once what the policy and the reference data say in each period, and it
    remembers up to ``memo`` answers for sessions with the same treatments. You can pickle a coder:
    the pickle holds its policy and reference data, and the rest is worked out again.

    >>> from cptfacet import policies
    >>> Coder(policies.get("cpt"))
    Coder(policy='cpt')
    """

    __slots__ = ()

    def code(self, session: Session) -> CodedSession | Refusal:
        """Return the answer of `code_session` under this coder's own policy, in any location."""
        return self._code(_session(session), None)

    def _code(self, session: Session, area: Area | Unknown | None) -> CodedSession | Refusal:
        """Code a session, whose area is looked up here if the policy was not selected by it."""
        question = self._question(session)
        answer = self._answers.ask(question)
        if isinstance(answer, Refusal):
            return attrs.evolve(answer, session=session)
        claim = Claim(
            claim_type=question.claim_type,
            lines=answer.lines,
            date=session.date,
            place_of_service=session.place_of_service,
            purpose=answer.purpose,
            id=session.id,
            policy=self.policy.id,
            location=session.location,
        )
        area = area or find_record_area(session, self.policy.id, self.reference)
        notes = (*_assumptions(session, self.policy.id, area, self.reference), *answer.notes)
        return CodedSession(session=session, claim=claim, notes=notes, why=answer.why)

    def period(self, session: Session) -> tuple[dt.date, dt.date]:
        """Return the first and the last day around its date on which a session is coded the same.

        On each day between them, the treatments and diagnoses have the same lines, reasons and
        notes. Notes on the location are not compared: they depend on the date itself. If nothing
        bounds the period, it begins on the first day of the calendar or ends on the last.

        >>> from cptfacet.sessions import parse_session
        >>> session = parse_session(
        ...     date="2026-03-02",
        ...     technique="mbb",
        ...     guidance="fluoroscopy",
        ...     joints=["L4-5:both", "L5-S1:both"],
        ... )
        >>> first, last = Coder("cpt").period(session)
        >>> str(first), str(last)
        ('2020-01-01', '9999-12-31')
        >>> Coder("cpt").period("2026-03-02")
        Traceback (most recent call last):
        ...
        TypeError: session takes a Session, not a str: make one with parse_session(date=..., technique=..., joints=[...])

        Raises:
            TypeError: The session is not a Session.
        """
        session = _session(session)
        question = self._question(session)

        def answer(term: int) -> _Lines | Refusal:
            return self._answers.ask(question._replace(term=term))

        return self._rulebook.period(session.date, answer)

    def _question(self, session: Session) -> _Question:
        return _Question(
            self._rulebook.term(session.date),
            session.claim_type or ClaimType.PROFESSIONAL,
            session.treatments,
            session.diagnoses,
        )

    def _answer(self, question: _Question) -> _Lines | Refusal:
        """Write the lines of a session, number them, and note each thing about them once."""
        plan = self._rulebook.rules(question.term, question.claim_type).once(CodingPlan)
        draft = Draft()
        _write(question.treatments, plan, draft)
        lines, refusals = draft.lines, draft.refusals
        if not lines:
            return _one_refusal(refusals)
        family_pairs({line.family for line in lines}, plan, draft)
        purposes = {purpose for line in lines for purpose in line.purposes}
        return _Lines(
            lines=tuple(
                [
                    ClaimLine(
                        code=line.code,
                        modifiers=line.modifiers,
                        units=line.units,
                        diagnoses=question.diagnoses,
                    )
                    for line in lines
                ]
            ),
            purpose=purposes.pop() if len(purposes) == 1 else None,
            notes=(*draft.notes, *map(_of_a_part, refusals)),
            why=tuple([line.reason(number) for number, line in enumerate(lines, 1)]),
        )

    def _is_short(self, question: _Question) -> bool:
        listed = sum(
            len(each.targets) + len(each.nerves) + len(each.agents) for each in question.treatments
        )
        return len(question.treatments) + listed <= _MOST_LISTED and is_short(question.diagnoses)


def _write(treatments: Iterable[Treatment], plan: CodingPlan, draft: Draft) -> None:
    """Code treatments: gather levels by family, write ablations, then what they leave of the rest."""
    families = share_levels(collect(treatments, plan, draft), plan, draft)
    ablated: dict[Joint, Side | None] = {}
    if Family.ABLATION in families:
        write(Family.ABLATION, families[Family.ABLATION].values(), plan, draft)
        ablated = {level.joint: level.side for line in draft.lines for level in line.levels}
    injected = {
        family: drop_included(levels, ablated, plan, draft)
        for family, levels in families.items()
        if family is not Family.ABLATION
    }
    for family in (Family.IMAGE_GUIDED_INJECTION, Family.ULTRASOUND_INJECTION):
        if family in injected:
            write(family, injected[family].values(), plan, draft)


def _of_a_part(refusal: Refusal) -> Note:
    """Return the note about a refused part of a session."""
    return Note(
        id=NoteId.REFUSED,
        message=refusal.message,
        citations=refusal.citations,
        refusal=refusal,
    )


# -- assumptions about a session


def _assumptions(
    session: Session, policy_id: str, area: Area | Unknown | None, reference: Reference
) -> Iterator[Note]:
    """Yield a note for each thing assumed: claim type, policy and jurisdiction."""
    if session.claim_type is None:
        message = "The claim type is not stated: coded as a professional claim"
        yield Note(id=NoteId.CLAIM_TYPE_NOT_STATED, message=message)
    by_place = isinstance(area, Area) and (session.policy, policy_id) == (area.shared, area.policy)
    if session.policy not in (None, policy_id) and not by_place:
        message = f"The session names the policy {session.policy}; coded under {policy_id}"
        yield Note(id=NoteId.POLICY_DIFFERS, message=message)
    unused = unused_location(area, policy_id, reference)
    if unused is not None:
        message, citations = unused
        yield Note(id=NoteId.JURISDICTION, message=message, citations=citations)


def _one_refusal(refusals: tuple[Refusal, ...]) -> Refusal:
    """Join refusals into one; its reason is `several` if their reasons differ."""
    if len(refusals) == 1:
        return refusals[0]
    reasons = {refusal.reason for refusal in refusals}
    return Refusal(
        reason=reasons.pop() if len(reasons) == 1 else Reason.SEVERAL,
        message="; ".join(refusal.message for refusal in refusals),
        instead=tuple(line for refusal in refusals for line in refusal.instead),
        citations=tuple(dict.fromkeys(c for refusal in refusals for c in refusal.citations)),
    )
