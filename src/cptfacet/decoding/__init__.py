"""From claim lines back to what was done, as far as lines tell it.

`decode_claim` is the call; `Decoder` is the same for many claims under one policy. Lines name codes,
sides and units. They name no joint, and some line forms write two sessions alike: what is open is
said, and never settled by a guess.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING, NamedTuple

from cptfacet._inputs import expect_several
from cptfacet._memo import is_short
from cptfacet.claims import Claim, ClaimLine
from cptfacet.coding.plans import Plan
from cptfacet.coding.result import CodedSession, claim_of
from cptfacet.decoding.groups import read_groups
from cptfacet.decoding.line_reader import DayLines, read_line, sole_providers
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


_MOST_LINES = 50  # of a day that is remembered


def decode_claim(
    claim: Claim | CodedSession,
    *,
    policy: Policy | str | None = None,
    reference: Reference | None = None,
) -> DecodedClaim:
    """Read the lines of a claim back into what was done: regions, levels, sides, purpose.

    The policy tells the line form in which both sides are written, which modifier marks a line as
    diagnostic, and which techniques belong to a family. Lines in another form are read in that one,
    and the answer says so. Lines tell no joint and no nerve. No claim is too messy to be read:
    what can't be read stands in ``unread``, what is open in ``doubts``. The claim may be given as
    coding answered it.

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

    Two units of an add-on are both sides of one level in CPT's form, or one side of two:

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

    Source: the provisions of the policy for line form, diagnostic modifier and families; the
    reference for the codes.
    """
    claim = claim_of(claim, "decode_claim")
    reference = find_reference(reference)
    return _decoder(select_policy(claim, policy, reference=reference), reference).decode(claim)


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
def _decoder(policy: Policy, reference: Reference) -> Decoder:
    """Keep a decoder, with the answers that it remembers, for each of the policies last used."""
    return Decoder(policy, reference)


class _Question(NamedTuple):
    """What the levels of a day depend on: equal questions have equal answers.

    ``term`` is the term of the date, or None where there is no date; each line is its number, code,
    modifiers and units: None where they are missing, and 0 where they are not a count. Id, date,
    place, charge and practitioner pass through or are not read.
    """

    term: int | None
    claim_type: ClaimType
    purpose: Purpose | None
    lines: tuple[tuple[int, str, tuple[str, ...], int | None], ...]


class _Levels(NamedTuple):
    """The answer to a question: the coded groups of a day, and the lines that have none."""

    groups: tuple[BilledGroup, ...]
    unread: tuple[SkippedLine, ...]


class Decoder(Remembering[_Question, _Levels]):
    """Decode many claims under one policy.

    What the policy and the reference say between two of their dates is worked out once and kept,
    and levels are remembered for days that have equal lines, ``memo`` of them at the most. A
    decoder can be pickled; it takes its policy along and works out the rest again.

    >>> from cptfacet import policies
    >>> Decoder(policies.get("cpt"))
    Decoder(policy='cpt')
    """

    __slots__ = ()

    def decode(self, claim: Claim | CodedSession) -> DecodedClaim:
        """Decode one claim, as `decode_claim` does."""
        claim = claim_of(claim, "decode_claim")
        days: dict[tuple[dt.date | None, str | None], list[tuple[int, ClaimLine]]] = {}
        providers = sole_providers(claim)
        for number, line in enumerate(claim.lines, 1):
            date = line.date or claim.date
            provider = line.provider or (None if date is None else providers.get(date))
            days.setdefault((date, provider), []).append((number, line))
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

    def read_day(
        self,
        lines: Iterable[tuple[int, ClaimLine]],
        *,
        date: dt.date,
        claim_type: ClaimType,
        purpose: Purpose | None,
    ) -> tuple[BilledGroup, ...]:
        """Read the numbered lines of one practitioner for one day into groups."""
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
            plan = self._rulebook.rules(question.term, question.claim_type).once(Plan)
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
