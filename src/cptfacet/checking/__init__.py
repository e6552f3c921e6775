"""From a claim to everything that is wrong with it, each finding with its authority.

`check_claim` is the call; `Checker` is the same for many claims under one policy.
"""

from __future__ import annotations

import bisect
import datetime as dt
import functools
import operator
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from cptfacet.checking._memo import Memo, Shape
from cptfacet.checking.catalogue import get_rule, rules
from cptfacet.checking.own_past import tell_own_past
from cptfacet.checking.plans import Plan, Tools, is_short, keep, turning_days
from cptfacet.checking.rules import Check, Found, Rewrite, Rule, Unasked, checks, written
from cptfacet.checking.signals import Signal
from cptfacet.checking.view import Day, Line, Whole, days_of, diagnosed
from cptfacet.claims import Claim, ClaimLine
from cptfacet.findings import (
    Finding,
    FindingKind,
    NotChecked,
    Report,
    RuleFamily,
    Severity,
    Under,
)
from cptfacet.policies import Provision, as_policy, rule_families
from cptfacet.reference import Reference, packaged

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from cptfacet.checking.plans import Runs
    from cptfacet.claims import ClaimType
    from cptfacet.history import History
    from cptfacet.policies import Policy
    from cptfacet.sessions import Session

__all__ = [
    "Check",
    "Checker",
    "Day",
    "Found",
    "Line",
    "Rule",
    "Signal",
    "Unasked",
    "Whole",
    "check_claim",
    "check_claims",
    "checks",
    "get_rule",
    "rules",
]


def check_claim(
    claim: Claim,
    *,
    policy: Policy,
    session: Session | None = None,
    history: History | None = None,
    reference: Reference | None = None,
) -> Report:
    """Find every problem of a claim at once.

    It never raises on a bad claim. The date of service of each line decides which edition of each
    rule counts. ``session`` is what the note says was done, ``history`` the sessions before: rules
    that need what was not given are listed under ``not_checked``.

    >>> from cptfacet import Claim, ClaimType, parse_date, parse_line, policies
    >>> claim = Claim(
    ...     claim_type=ClaimType.PROFESSIONAL,
    ...     date=parse_date("2026-03-02"),
    ...     lines=(parse_line("64494-RT"),),
    ... )
    >>> for found in check_claim(claim, policy=policies.get("cpt")).findings:
    ...     print(found)
    error addon-without-primary: 64494 is an add-on, and none of its primaries (64493, 64490) is billed with it
    >>> check_claim(claim, policy="cpt")
    Traceback (most recent call last):
    ...
    TypeError: policy is a Policy, not its id: use policies.get('cpt')

    Raises:
        TypeError: The policy is given by its id.

    Source: each finding cites its own.
    """
    return compiled(as_policy(policy), reference or packaged()).check(
        claim, session=session, history=history
    )


def check_claims(
    claims: Iterable[Claim], *, policy: Policy, reference: Reference | None = None
) -> Iterator[Report]:
    """Check claims one after another, in order, with one `Checker`.

    >>> from cptfacet import policies
    >>> list(check_claims([], policy=policies.get("medicare")))
    []
    """
    checker = Checker(policy, reference)
    for claim in claims:
        yield checker.check(claim)


@functools.lru_cache(maxsize=32)
def compiled(policy: Policy, reference: Reference) -> Checker:
    """Keep what is compiled for the policies last used; answers are not kept."""
    return Checker(policy, reference, memo=0)


class Checker:
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
        policy: Policy,
        reference: Reference | None = None,
        *,
        rules: Iterable[Rule] | None = None,
        memo: int = 1 << 16,
    ) -> None:
        """Take a policy, and the reference and rules where they are not the packaged ones.

        ``memo`` is the most shapes of claims whose findings are remembered.

        Raises:
            TypeError: The policy is given by its id.
            ValueError: Two rules have one id.
        """
        self.policy = as_policy(policy)
        self.reference = reference or packaged()
        self.rules = _all() if rules is None else tuple(rules)
        if len({rule.id for rule in self.rules}) < len(self.rules):
            message = "two rules have one id"
            raise ValueError(message)
        self._whole = [(r, r.check.ask_whole) for r in self.rules if r.check.ask_whole]
        self._memo = Memo(memo)
        self._under = _under(policy, self.reference)
        self._tools = Tools(policy, self.reference)
        self._days = turning_days(policy, self.reference)
        self._plans: dict[tuple[int, ClaimType], Plan] = {}
        self._by_day: dict[tuple[dt.date, int], Plan] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(policy={self.policy.id!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        make = functools.partial(Checker, rules=self.rules, memo=self._memo.most)
        return make, (self.policy, self.reference)

    def check(
        self, claim: Claim, *, session: Session | None = None, history: History | None = None
    ) -> Report:
        """Check one claim, as `check_claim` does."""
        findings, not_checked = self._check(claim, session, history)
        return Report(under=self._under, findings=findings, not_checked=not_checked, id=claim.id)

    def _check(
        self, claim: Claim, session: Session | None, history: History | None
    ) -> tuple[tuple[Finding, ...], tuple[NotChecked, ...]]:
        shape = None
        if session is None and history is None and self._memo.most:
            shape = self._shape(claim)
        if shape is not None:
            remembered = self._memo.get(shape)
            if remembered is not None:
                findings, said, not_checked = remembered
                return (_findings(said, claim) if findings is None else findings), not_checked
        said, not_checked = self._ask(claim, session, history)
        findings = _findings(said, claim)
        if shape is not None:
            rewritten = any(isinstance(found.remedy, Rewrite) for found, _, _ in said)
            self._memo.keep(shape, (None if rewritten else findings, said, not_checked))
        return findings, not_checked

    def _ask(
        self, claim: Claim, session: Session | None, history: History | None
    ) -> tuple[list[_Said], tuple[NotChecked, ...]]:
        """Ask the rules; what they say holds for every claim of the same shape."""
        whole = days_of(claim, session, history, self._plan)
        said: list[_Said] = []
        not_checked: list[NotChecked] = []
        if whole.undated or len(whole.days) != 1:
            self._ask_whole(claim, whole, said, not_checked)
        for day in whole.days:
            runs = day.plan.runs(day.signals)
            before = len(said)
            for ask, rule, severity in runs.rules:
                for answer in ask(day):
                    _sort(answer, rule, severity, said, not_checked)
            if runs.late and len(said) > before:
                _ask_late(day, runs, said, before, not_checked)
            known = runs.not_checked
            if day.unasked:
                known = day.plan.joined(day.unasked, known)
            if len(whole.days) == 1:  # what rules said themselves stands in none of these
                return said, (*dict.fromkeys(not_checked), *known) if not_checked else known
            not_checked += known
        return said, tuple(dict.fromkeys(not_checked))

    def _ask_whole(
        self, claim: Claim, whole: Whole, said: list[_Said], not_checked: list[NotChecked]
    ) -> None:
        """Ask the rules on a claim as a whole, as the policy says on its first day.

        A claim without any day is asked as of the edition of the policy.
        """
        not_checked += tell_own_past(whole.days)
        first = min((day.date for day in whole.days), default=claim.date or self.policy.edition)
        families = rule_families(self.policy, on=first)
        for rule, ask in self._whole:
            if rule.family in families:
                stated = self.policy.get("checks.severity", on=first, rule=rule.id)
                severity = rule.severity
                if isinstance(stated, Provision):
                    severity = Severity(str(stated.value))
                for answer in ask(whole):
                    _sort(answer, rule, severity, said, not_checked)

    def _shape(self, claim: Claim) -> Shape | None:
        """Give all of a claim that its findings depend on, and nothing more.

        Each line is a number that stands for all that matters of it; a charge is there or not, and
        the date is the term that it falls into. A claim of several days or practitioners, and one
        that is too large, has no shape.
        """
        date, stated, authorization = claim.date, claim.diagnoses, claim.prior_authorization
        if date is None or not claim.lines or len(claim.lines) > _MOST_LINES:
            return None
        plan = self._plan(date, claim.claim_type)
        known = plan.line_shapes(stated)
        provider = claim.lines[0].provider
        shape: list[Hashable] = [
            plan.term,
            id(claim.purpose),
            claim.place_of_service,
            authorization and (authorization, date),
            bool(stated),
        ]
        for line in claim.lines:
            if line.provider != provider or (line.date is not None and line.date != date):
                return None
            number = None if isinstance(line.units, Decimal) else known.get(_OF_SHAPE(line))
            if number is None:
                number = self._line_shape(plan, known, line, stated)
                if number is None:
                    return None
            shape.append(number if line.charge is None else ~number)
        return tuple(shape)

    def _line_shape(
        self, plan: Plan, known: dict[Hashable, int], line: ClaimLine, stated: tuple[str, ...]
    ) -> int | None:
        """Give the number of what matters of a line, or None where it is too large to be kept."""
        diagnoses = line.diagnoses or stated
        place = line.place_of_service
        if not is_short(line.code, (*line.modifiers, *diagnoses, *filter(None, [place]))):
            return None
        units = line.units
        if isinstance(units, int) and units.bit_length() > _MOST_BITS:
            return None
        said: Hashable = diagnoses
        facts = plan.line(line.code, line.modifiers)
        if diagnoses and facts.code.facet:
            answered = diagnosed(plan, facts, diagnoses)
            said = diagnoses if answered.findings else (answered.signals, answered.not_checked)
        what = (
            line.code,
            line.modifiers,
            (type(units), str(units)),
            said,
            bool(line.diagnoses),
            place,
        )
        number = plan.number_of(what)
        if number is not None and not isinstance(units, Decimal):  # not every Decimal has a hash
            keep(known, _OF_SHAPE(line), number)
        return number

    def _plan(self, date: dt.date, claim_type: ClaimType) -> Plan:
        """Give what holds on a date; the members of an enumeration are told apart by identity."""
        day = date, id(claim_type)
        plan = self._by_day.get(day)
        if plan is None:
            term = bisect.bisect_right(self._days, date)
            plan = self._plans.get((term, claim_type))
            if plan is None:
                plan = self._plans[term, claim_type] = Plan(
                    self.policy,
                    self.reference,
                    on=date,
                    claim_type=claim_type,
                    rules=self.rules,
                    tools=self._tools,
                    term=len(self._plans),
                )
            keep(self._by_day, day, plan)
        return plan


_MOST_LINES = 50  # a longer claim has no shape
_MOST_BITS = 128  # nor has one with units that are more than a count
_OF_SHAPE = operator.attrgetter("code", "modifiers", "units", "diagnoses", "place_of_service")


_Said = tuple[Found, Rule, Severity]


def _sort(
    answer: Found | Unasked,
    rule: Rule,
    severity: Severity,
    said: list[_Said],
    not_checked: list[NotChecked],
) -> None:
    """Part what a rule found from what it could not be asked."""
    if isinstance(answer, Found):
        said.append((answer, rule, answer.severity or severity))
    else:
        not_checked.append(NotChecked(rule=rule.id, needs=answer.needs, reason=answer.reason))


def _ask_late(
    day: Day, runs: Runs, said: list[_Said], before: int, not_checked: list[NotChecked]
) -> None:
    """Ask what depends on the findings of a day, those from a place in the list on."""
    day.denied = tuple(each[0].lines for each in said[before:] if _denies(each))
    for ask, rule, severity in runs.late if day.denied else ():
        for answer in ask(day):
            _sort(answer, rule, severity, said, not_checked)


def _denies(said: _Said) -> bool:
    """Say whether a denial of coverage is to be expected of what no remedy and no number mends."""
    found, rule, severity = said
    return (
        rule.kind is FindingKind.COVERAGE
        and severity is Severity.ERROR
        and rule.family not in (RuleFamily.AUTHORIZATION, RuleFamily.PURPOSE)
        and not isinstance(found.remedy, Rewrite)
    )


def _findings(said: list[_Said], claim: Claim) -> tuple[Finding, ...]:
    """Make the findings of a claim, the heaviest first."""
    if not said:
        return ()
    findings = [_finding(found, rule, severity, claim) for found, rule, severity in said]
    if len(findings) > 1:
        findings.sort(key=_weight)
    return tuple(findings)


def _finding(found: Found, rule: Rule, severity: Severity, claim: Claim) -> Finding:
    remedy = found.remedy
    return Finding(
        rule=rule.id,
        family=rule.family,
        kind=rule.kind,
        severity=severity,
        lines=found.lines,
        message=found.message,
        citations=found.citations or rule.citations,
        remedy=written(remedy, claim) if isinstance(remedy, Rewrite) else remedy,
    )


def _weight(found: Finding) -> tuple[int, tuple[int, ...], str, str]:
    return found.severity.rank, found.lines, found.rule, found.message


@functools.cache
def _all() -> tuple[Rule, ...]:
    return rules()


def _under(policy: Policy, reference: Reference) -> Under:
    return Under(
        policy=policy.id,
        policy_edition=policy.edition,
        reference=reference.edition,
        cptfacet=version("cptfacet"),
    )
