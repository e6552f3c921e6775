"""Check claims: every problem on a claim, each finding with its authority.

`check_claim` is the call; `Checker` is the same for many claims under one policy.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from cptfacet._inputs import expect, expect_several
from cptfacet._memo import Kept, Memo, Shape, is_short
from cptfacet._version import __version__
from cptfacet.checking.day import (
    Day,
    Line,
    Whole,
    day_of,
    days_of,
    of_one_practitioner,
    one_date,
)
from cptfacet.checking.plans import CheckingPlan
from cptfacet.checking.result import Answer, Said, denies, findings_of, weight
from cptfacet.checking.rule import Check, NotAsked, RawFinding, Rule, checks
from cptfacet.checking.rules import all_rules, get_rule
from cptfacet.checking.same_claim_history import tell_own_past
from cptfacet.checking.signals import Signal
from cptfacet.claims import Claim
from cptfacet.coding import Coder
from cptfacet.coding.result import CodedSession, claim_of
from cptfacet.decoding import Decoder
from cptfacet.findings import CheckedUnder, Finding, NotChecked, Report, Severity
from cptfacet.history import History
from cptfacet.policies import find_policy
from cptfacet.policies.selection import dates_of, find_area_on, select_policy, unused_location
from cptfacet.reference import Reference, find_reference
from cptfacet.rulebook import Compiled, Rulebook, TermRules
from cptfacet.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cptfacet.claims import ClaimType, Location
    from cptfacet.policies import Policy

__all__ = [
    "Check",
    "Checker",
    "Day",
    "Line",
    "NotAsked",
    "RawFinding",
    "Rule",
    "Signal",
    "Whole",
    "all_rules",
    "check_claim",
    "check_claims",
    "checks",
    "get_rule",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def check_claim(
    claim: Claim | CodedSession,
    *,
    policy: Policy | str | None = None,
    session: Session | None = None,
    history: History | None = None,
    reference: Reference | None = None,
) -> Report:
    """Return every problem of a claim, each with its rule, lines, source and fix.

    A bad claim never raises: what is wrong with it is a finding. ``policy`` is the payer's policy
    or its id, selected as in `code_session`. The date of service of each line decides which
    edition of each rule counts. ``session`` is what the note documents, ``history`` the earlier
    sessions: rules that need what was not given are listed under ``not_checked``.

    >>> from cptfacet import Claim, ClaimType, parse_line
    >>> from cptfacet.dates import parse_date
    >>> claim = Claim(
    ...     claim_type=ClaimType.PROFESSIONAL,
    ...     date=parse_date("2026-03-02"),
    ...     lines=(parse_line("64494-RT"),),
    ... )
    >>> [found.rule for found in check_claim(claim, policy="cpt").findings]
    ['addon-without-primary']
    >>> check_claim([parse_line("64494-RT")], policy="cpt")
    Traceback (most recent call last):
    ...
    TypeError: claim takes a Claim, not a list: pass one claim, or several to check_claims; lines go in Claim(lines=...)

    Raises:
        UnknownIdError: No packaged policy has the id.
        TypeError: An argument has another type than it takes, or no policy is named.

    Source: each finding cites its own.
    """
    claim = claim_of(claim, "check_claim")
    reference = find_reference(reference)
    checker = compiled(select_policy(claim, policy, reference=reference), reference)
    return checker.check(claim, session=session, history=history)


def check_claims(
    claims: Iterable[Claim | CodedSession],
    *,
    policy: Policy | str | None = None,
    reference: Reference | None = None,
) -> Iterator[Report]:
    """Yield the report of `check_claim` for each claim, in order.

    Claims of one shape share their findings, so many claims take less time than each of them alone.

    >>> list(check_claims([], policy="medicare"))
    []
    """
    several = expect_several(claims, "claims", "write [claim]")
    policy = policy if policy is None else find_policy(policy)
    return _reports(several, policy, find_reference(reference))


def _reports(
    claims: Iterable[Claim | CodedSession], policy: Policy | None, reference: Reference
) -> Iterator[Report]:
    checkers: dict[Policy, Checker] = {}
    for given in claims:
        claim = claim_of(given, "check_claim")
        chosen = select_policy(claim, policy, reference=reference)
        checker = checkers.get(chosen)
        if checker is None:
            checker = checkers[chosen] = Checker(chosen, reference)
        yield checker.check(claim)


@functools.lru_cache(maxsize=32)
def compiled(policy: Policy, reference: Reference) -> Checker:
    """Return a checker for a policy, cached without its answers for the policies last used."""
    return Checker(policy, reference, memo=0)


class Checker(Compiled):
    """Check many claims under one policy.

    What the policy and the reference say between two of their dates is worked out once and kept.
    ``rules`` are those that are asked, all of them where none are given; the policy decides which
    families of them run. A checker can be pickled; it takes policy, reference and rules along and
    works out the rest again.

    >>> from cptfacet import policies
    >>> Checker(policies.get("cpt"))
    Checker(policy='cpt')
    """

    def __init__(
        self,
        policy: Policy | str | Rulebook,
        reference: Reference | None = None,
        *,
        rules: Iterable[Rule] | None = None,
        memo: int = 1 << 16,
    ) -> None:
        """Create a checker for a policy or its id, with the packaged reference and rules by default.

        ``memo`` is the most shapes of claims whose findings are remembered. With a rule that is not
        packaged and doesn't declare ``by_shape`` in `checks`, no findings are remembered.

        Raises:
            UnknownIdError: No packaged policy has the id.
            TypeError: The policy is neither a Policy nor an id.
            ValueError: Two rules have one id.
        """
        super().__init__(policy, reference)
        self._rules = all_rules() if rules is None else _rules(rules)
        if len({rule.id for rule in self._rules}) < len(self._rules):
            message = "two rules have one id"
            raise ValueError(message)
        self._whole = [(r, r.check.ask_whole) for r in self.rules if r.check.ask_whole]
        self._memo = Memo[Shape, Answer](memo)
        self._remembers = memo and all(rule.check.is_remembered for rule in self.rules)
        self._under = _under(self.policy, self.reference)
        self._coder = Coder(self._rulebook)
        self._decoder = Decoder(self._rulebook)
        self._plans = Kept(self._plan)
        self._locations = Kept(self._location, short=_is_short_place)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that it asks."""
        return self._rules

    def _options(self) -> dict[str, Any]:
        return {"rules": self.rules, "memo": self._memo.most}

    def check(
        self,
        claim: Claim | CodedSession,
        *,
        session: Session | None = None,
        history: History | None = None,
    ) -> Report:
        """Return the report of `check_claim` under this checker's own policy."""
        claim = claim_of(claim, "check_claim")
        if session is not None:
            expect(session, Session, "session", "make one with parse_session(date=..., ...)")
        if history is not None:
            expect(
                history, History, "history", "pass the .history that history_from_claims returns"
            )
        if claim.is_void:
            return Report(claim=claim, under=self._under, findings=(), not_checked=(_VOID,))
        findings, not_checked = self._check(claim, session, history)
        if claim.location is not None:
            asked = claim.location, dates_of(claim), claim.claim_type
            not_checked = (*self._locations[asked], *not_checked)
        return Report(
            claim=claim, under=self._under_for(claim), findings=findings, not_checked=not_checked
        )

    def period(self, claim: Claim | CodedSession) -> tuple[dt.date, dt.date]:
        """Return the first and the last day around its date on which a claim has the same findings.

        It is asked without a note and a history, whose rules count from the date itself.

        >>> from cptfacet import ClaimType, parse_line
        >>> claim = Claim(
        ...     claim_type=ClaimType.PROFESSIONAL,
        ...     date=dt.date(2026, 3, 2),
        ...     lines=(parse_line("64494-RT"),),
        ... )
        >>> first, last = Checker("cpt").period(claim)
        >>> str(first), str(last)
        ('2023-12-31', '9999-12-31')
        >>> Checker("cpt").period(Claim(claim_type=ClaimType.PROFESSIONAL, lines=claim.lines))
        Traceback (most recent call last):
        ...
        ValueError: a period is around one date of service, and this claim has no date

        Raises:
            ValueError: The claim has no date of service, or more than one, or its prior
                authorization has a date, from which another rule counts.
            TypeError: The claim is not a Claim.
        """
        claim = claim_of(claim, "check_claim")
        told = claim.prior_authorization
        if told is not None and told.decided is not None:
            message = "a prior authorization with a date is judged by the date of service itself"
            raise ValueError(message)
        return self._period(claim, lambda moved: self._check(moved, None, None))

    def _under_for(self, claim: Claim) -> CheckedUnder:
        """Name those editions of own tables on which the report of a claim rests."""
        if not self._under.own_tables:
            return self._under
        looked_up = [
            (table, code, day.date)
            for day in days_of(claim, None, None, self._plans).days
            for table, code in day.plan.looked_up(day)
        ]
        own = self.reference.find_own_tables(looked_up, claim.claim_type)
        return attrs.evolve(self._under, own_tables=own)

    def _location(self, asked: _Placed) -> tuple[NotChecked, ...]:
        """Return why a location on some dates did not select the policy, if it did not."""
        area = find_area_on(*asked, self.policy.id, self.reference)
        unused = unused_location(area, self.policy.id, self.reference)
        if unused is None:
            return ()
        return (NotChecked(rule="jurisdiction", needs="location", reason=unused[0]),)

    def _check(
        self, claim: Claim, session: Session | None, history: History | None
    ) -> tuple[tuple[Finding, ...], tuple[NotChecked, ...]]:
        shape = None
        said: list[Said] = []
        date = one_date(claim)
        if date is None:
            not_checked = self._ask_days(claim, session, history, said)
        else:
            plan = self._plans[date, claim.claim_type]
            if session is None and history is None and self._remembers:
                shape = plan.shapes.of(claim, date)
                remembered = None if shape is None else self._memo.get(shape)
                if remembered is not None:
                    return remembered.findings_of(claim), remembered.not_checked
            if of_one_practitioner(claim):
                day = day_of(date, plan, enumerate(claim.lines, 1), (claim, session, history))
                not_checked = _ask(day, said)
            else:
                not_checked = self._ask_days(claim, session, history, said)
        if len(said) > 1:
            said.sort(key=weight)
        findings = findings_of(said, claim) if said else ()
        if shape is not None:
            self._memo.keep(shape, Answer.of(said, findings, not_checked))
        return findings, not_checked

    def _ask_days(
        self, claim: Claim, session: Session | None, history: History | None, said: list[Said]
    ) -> tuple[NotChecked, ...]:
        """Run the rules on a claim that is not clearly one day."""
        not_checked: list[NotChecked] = []
        whole = days_of(claim, session, history, self._plans)
        if whole.undated or len(whole.days) != 1:
            not_checked += tell_own_past(whole.days)
            self._ask_whole(claim, whole, said, not_checked)
        for day in whole.days:
            not_checked += _ask(day, said)
        return tuple(dict.fromkeys(not_checked))

    def _ask_whole(
        self, claim: Claim, whole: Whole, said: list[Said], not_checked: list[NotChecked]
    ) -> None:
        """Run the rules on a claim as a whole, under the policy of its first day.

        A claim without any date is checked as of the revision of the policy.
        """
        first = min((day.date for day in whole.days), default=claim.date or self.policy.revised)
        plan = self._plans[first, claim.claim_type]
        for rule, ask in self._whole:
            if rule.family in plan.families:
                _sort(ask(whole), rule, plan.severity(rule), said, not_checked)

    def _plan(self, day: tuple[dt.date, ClaimType]) -> CheckingPlan:
        """Return the rules that run on a date for a claim type; they are equal throughout a term."""
        return self._rulebook.on(*day).once(self._made)

    def _made(self, rules: TermRules) -> CheckingPlan:
        return CheckingPlan(rules, self.rules, self._coder, self._decoder)


_VOID = NotChecked(
    rule="void",
    needs="an original or a replacement",
    reason="the claim is a void, which repeats the claim that it cancels",
)


def _ask(day: Day, said: list[Said]) -> tuple[NotChecked, ...]:
    """Run the rules that apply to a day; return what could not be checked."""
    unasked: list[NotChecked] = []
    plan, before = day.plan, len(said)
    runs = plan.runs(day.signals)
    for ask, rule, severity in runs.rules:
        _sort(ask(day), rule, severity, said, unasked)
    if runs.late:
        day.denied = tuple(each[0].lines for each in said[before:] if denies(each))
    if day.denied:
        for ask, rule, severity in runs.late:
            _sort(ask(day), rule, severity, said, unasked)
    known = runs.not_checked
    if day.unasked:  # rules on diagnoses may have said it again
        known = plan.joined[day.unasked, known]
        return tuple(dict.fromkeys((*unasked, *known))) if unasked else known
    return (*dict.fromkeys(unasked), *known) if unasked else known


def _sort(
    answers: Iterable[RawFinding | NotAsked],
    rule: Rule,
    severity: Severity,
    said: list[Said],
    unasked: list[NotChecked],
) -> None:
    """Split what a rule found from what it could not check."""
    for answer in answers:
        if isinstance(answer, RawFinding):
            said.append((answer, rule, answer.severity or severity))
        else:
            unasked.append(answer.of(rule))


_Placed: TypeAlias = "tuple[Location, tuple[dt.date, ...], ClaimType]"


def _is_short_place(asked: _Placed) -> bool:
    location, dates, _ = asked
    return len(dates) == 1 and is_short(attrs.astuple(location))


def _rules(rules: object) -> tuple[Rule, ...]:
    hint = "pick from all_rules(), or name one with get_rule(id)"
    return tuple(
        [expect(rule, Rule, "each of rules", hint) for rule in expect_several(rules, "rules", hint)]
    )


def _under(policy: Policy, reference: Reference) -> CheckedUnder:
    return CheckedUnder(
        policy=policy.id,
        policy_edition=policy.revised,
        reference=reference.as_of,
        own_tables=reference.own_tables,
        cptfacet=__version__,
    )
