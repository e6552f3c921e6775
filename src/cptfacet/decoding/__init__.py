"""Decode claim lines: from a claim back to the levels, sides and purpose that it reports.

Call `decode_claim`, or use a `Decoder` for many claims under one policy. Lines have codes, sides and
units, but no joints, and in some laterality formats two different sessions look alike. The answer
says what stays open and never guesses.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING, NamedTuple

from cptfacet._inputs import expect_several
from cptfacet._memo import is_short
from cptfacet.claims import Claim, ClaimLine
from cptfacet.coding.plans import CodingPlan
from cptfacet.coding.result import CodedSession, claim_of
from cptfacet.decoding.groups import read_groups
from cptfacet.decoding.line_reader import DayLines, lines_by_day, read_line
from cptfacet.decoding.result import (
    BilledGroup,
    BilledLevels,
    BilledSession,
    DecodedClaim,
    Doubt,
    DoubtId,
    SkippedLine,
    SkipReason,
)
from cptfacet.policies import find_policy
from cptfacet.policies.selection import select_policy
from cptfacet.reference import Reference, find_reference
from cptfacet.rulebook import Remembering

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cptfacet.claims import ClaimType, Purpose
    from cptfacet.policies import Policy

__all__ = [
    "BilledGroup",
    "BilledLevels",
    "BilledSession",
    "DecodedClaim",
    "Decoder",
    "Doubt",
    "DoubtId",
    "SkipReason",
    "SkippedLine",
    "decode_claim",
    "decode_claims",
]


def __dir__() -> list[str]:
    return sorted(__all__)


_MOST_LINES = 50  # longer days are not remembered


def decode_claim(
    claim: Claim | CodedSession,
    *,
    policy: Policy | str | None = None,
    reference: Reference | None = None,
) -> DecodedClaim:
    """Return the regions, levels, sides and purpose that the lines of a claim report.

    The policy determines the laterality format, the modifier on diagnostic lines, and the techniques
    of each family. Lines in another laterality format are read in that format, and the answer says
    so. Lines show no joints and no nerves. No claim is too messy: ``unread`` lists what can't be
    read, and ``doubts`` what stays open. You can also pass the answer of `code_session`.

    >>> import attrs
    >>> from cptfacet.claims import ClaimType, parse_line
    >>> claim = Claim(
    ...     claim_type=ClaimType.PROFESSIONAL,
    ...     date=dt.date(2026, 3, 2),
    ...     lines=tuple(map(parse_line, ["64493-50-KX", "64494-RT-KX", "99213-25"])),
    ... )
    >>> decoded = decode_claim(claim, policy="medicare")
    >>> [(str(group.sides), group.purpose.value) for group in decoded.groups]
    [('1 bilateral, 1 right', 'diagnostic')]
    >>> [(unread.line, unread.reason.value) for unread in decoded.unread]
    [(3, 'unknown-code')]

    In CPT's format, 2 units of an add-on are one bilateral level or two unilateral levels:

    >>> ablation = attrs.evolve(claim, lines=tuple(map(parse_line, ["64635-50", "64636 x2"])))
    >>> [group] = decode_claim(ablation, policy="cpt").groups
    >>> [str(sides) for sides in group.levels[1].readings()]
    ['1 bilateral', '2 unnamed']
    >>> [doubt.id.value for doubt in group.lost]
    ['sides-or-levels']

    >>> decode_claim("64493-50", policy="medicare")
    Traceback (most recent call last):
    ...
    TypeError: claim takes a Claim, not a str: make one with Claim(claim_type=..., date=..., lines=(parse_line(...),))

    Raises:
        UnknownIdError: No packaged policy has the id.
        TypeError: The claim is not a Claim, or no policy is named.

    Source: the policy's provisions on laterality format, diagnostic modifier and families; the
    reference data on codes.
    """
    claim = claim_of(claim, "decode_claim")
    reference = find_reference(reference)
    return compiled(select_policy(claim, policy, reference=reference), reference).decode(claim)


def decode_claims(
    claims: Iterable[Claim | CodedSession],
    *,
    policy: Policy | str | None = None,
    reference: Reference | None = None,
) -> Iterator[DecodedClaim]:
    """Yield the answer of `decode_claim` for each claim, in order.

    >>> list(decode_claims([], policy="medicare"))
    []
    """
    several = expect_several(claims, "claims", "write [claim]")
    policy = policy if policy is None else find_policy(policy)
    reference = find_reference(reference)
    return (decode_claim(claim, policy=policy, reference=reference) for claim in several)


@functools.lru_cache(maxsize=32)
def compiled(policy: Policy, reference: Reference) -> Decoder:
    """Return a decoder for a policy, cached with its answers for the policies last used."""
    return Decoder(policy, reference)


class _Question(NamedTuple):
    """Everything that the levels of a day depend on: equal questions have equal answers.

    ``term`` is the period of the date, or None without a date. Each line has its number, code,
    modifiers and units: None if missing, 0 if they are not a count. Nothing else on a line changes
    the answer.
    """

    term: int | None
    claim_type: ClaimType
    purpose: Purpose | None
    lines: tuple[tuple[int, str, tuple[str, ...], int | None], ...]


class _Levels(NamedTuple):
    """The answer to a question: the coded groups of a day, and the lines that were not read."""

    groups: tuple[BilledGroup, ...]
    unread: tuple[SkippedLine, ...]


class Decoder(Remembering[_Question, _Levels]):
    """Decode many claims under one policy.

    The rules between two dates of change are compiled once, and the levels of up to ``memo``
    distinct days are remembered. A pickled decoder keeps its policy and reference, and compiles the
    rest again.

    >>> from cptfacet import policies
    >>> Decoder(policies.get("cpt"))
    Decoder(policy='cpt')
    """

    __slots__ = ()

    def decode(self, claim: Claim | CodedSession) -> DecodedClaim:
        """Decode one claim, as `decode_claim` does."""
        claim = claim_of(claim, "decode_claim")
        days = lines_by_day(claim)
        unread: list[SkippedLine] = []
        sessions: list[BilledSession] = []
        for (date, provider), lines in days.items():
            levels = self._answers.ask(self._question(lines, date, claim.claim_type, claim.purpose))
            unread += levels.unread
            if date is not None and levels.groups:
                sessions.append(BilledSession(date=date, groups=levels.groups, provider=provider))
        if len(days) > 1:
            unread.sort(key=lambda skipped: skipped.line)
        return DecodedClaim(
            sessions=tuple(sessions), unread=tuple(unread), policy=self.policy.id, claim=claim
        )

    def period(self, claim: Claim | CodedSession) -> tuple[dt.date, dt.date]:
        """Return the first and the last day around its date on which a claim is decoded the same.

        On each day between them, its lines report the same levels, sides and purpose, and the same
        lines are not read. If nothing bounds the period, it begins on the first day of the calendar
        or ends on the last.

        >>> from cptfacet.claims import ClaimType, parse_line
        >>> claim = Claim(
        ...     claim_type=ClaimType.PROFESSIONAL,
        ...     date=dt.date(2026, 3, 2),
        ...     lines=(parse_line("64493-RT"),),
        ... )
        >>> first, last = Decoder("cpt").period(claim)
        >>> str(first), str(last)
        ('2010-01-01', '9999-12-31')
        >>> Decoder("cpt").period(Claim(claim_type=ClaimType.PROFESSIONAL, lines=claim.lines))
        Traceback (most recent call last):
        ...
        ValueError: a period is around one date of service, and this claim has no date

        Raises:
            ValueError: The claim has no date of service, or more than one.
            TypeError: The claim is not a Claim.
        """

        def answer(claim: Claim) -> object:
            decoded = self.decode(claim)
            return [session.groups for session in decoded.sessions], decoded.unread

        return self._period(claim_of(claim, "decode_claim"), answer)

    def read_day(
        self,
        lines: Iterable[tuple[int, ClaimLine]],
        *,
        date: dt.date,
        claim_type: ClaimType,
        purpose: Purpose | None,
    ) -> tuple[BilledGroup, ...]:
        """Return the groups in one practitioner's numbered lines for one day."""
        return self._answers.ask(self._question(lines, date, claim_type, purpose)).groups

    def _question(
        self,
        lines: Iterable[tuple[int, ClaimLine]],
        date: dt.date | None,
        claim_type: ClaimType,
        purpose: Purpose | None,
    ) -> _Question:
        return _Question(
            None if date is None else self._rulebook.term(date),
            claim_type,
            purpose,
            tuple(
                [
                    (
                        number,
                        line.code,
                        line.modifiers,
                        None if line.units is None else line.whole_units or 0,
                    )
                    for number, line in lines
                ]
            ),
        )

    def _answer(self, question: _Question) -> _Levels:
        plan = None
        if question.term is not None:
            plan = self._rulebook.rules(question.term, question.claim_type).once(CodingPlan)
        on = None if plan is None else plan.rules.on
        day = DayLines()
        unread: list[SkippedLine] = []
        for number, code, modifiers, units in question.lines:
            line = ClaimLine(code=code, modifiers=modifiers, units=units).canonical
            read = read_line(number, line, on, self.reference)
            day.add(number, line.code, read)
            if isinstance(read, SkippedLine):
                unread.append(read)
        groups: tuple[BilledGroup, ...] = ()
        if plan is not None:
            groups = read_groups(plan, question.purpose, day)
        return _Levels(groups, tuple(unread))

    def _is_short(self, question: _Question) -> bool:
        return len(question.lines) <= _MOST_LINES and all(
            is_short(code, modifiers) for _, code, modifiers, _ in question.lines
        )
