"""Laws of checking and repairing claims."""

from __future__ import annotations

import datetime as dt
import pickle
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cptfacet import policies
from cptfacet.checking import Checker, all_rules, check_claim, check_claims
from cptfacet.claims import Claim, ClaimFrequency, ClaimLine, ClaimType, Location, parse_line
from cptfacet.coding import CodedSession, NoteId, code_session
from cptfacet.dates import EffectivePeriod
from cptfacet.findings import Finding, FindingKind, Replacement, Report, RuleFamily
from cptfacet.interop.examples import Example, examples
from cptfacet.reference import packaged
from cptfacet.repairing import repair_claim
from cptfacet.strategies import (
    claims,
    claims_with,
    clean_claims,
    coded_claims,
    hostile_claims,
    messy_claims,
)

POLICIES = ("cpt", "medicare", "medicare-je", "bcbs-mississippi", "bcbs-north-dakota")
UNDER = st.sampled_from(POLICIES).map(policies.get)
CHECKERS = {name: Checker(policies.get(name)) for name in POLICIES}
RULES = [rule.id for rule in all_rules()]
OURS = (FindingKind.CODING, FindingKind.EDIT, FindingKind.FORM)

FITTING = {
    ClaimType.PROFESSIONAL: "11",
    ClaimType.ASC_FACILITY: "24",
    ClaimType.HOSPITAL_OUTPATIENT: "22",
}

any_claims = claims() | messy_claims() | hostile_claims()
ordered_rules = {"modifier-order"}  # the rules that are about order


def shape(finding: Finding, lines: dict[int, int] | None = None) -> tuple[object, ...]:
    """Return all of a finding but the numbers of its lines, or with their earlier numbers."""
    numbered = finding.lines if lines is None else tuple(sorted(lines[n] for n in finding.lines))
    return finding.rule, finding.severity, finding.message, numbered


def contents(line: ClaimLine) -> str:
    """Return all of a line as text, in which NaN is equal to itself."""
    return repr(attrs.astuple(line))


class TestCodedLines:
    """What coding writes draws no finding of the kinds coding, edit and form.

    docs/design.md, decision 9. What the session states is its own: its place of service and its diagnoses
    are those that fit. Pairs of families that coding names in a note are edits that it foresaw, and
    so are units beyond a medically unlikely edit: coding drops no level that was treated.
    """

    @given(data=st.data())
    def test_draw_no_finding_of_ours(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(POLICIES))
        session, coded = data.draw(coded_claims(policies=st.just(policies.get(name))))
        claim = attrs.evolve(
            coded.claim,
            place_of_service=FITTING[coded.claim.claim_type],
            lines=tuple(attrs.evolve(line, diagnoses=()) for line in coded.claim.lines),
        )
        foreseen = {RuleFamily.UNITS}
        if any(note.id is NoteId.FAMILY_PAIR for note in coded.notes):
            foreseen.add(RuleFamily.PAIRS)

        for report in (
            CHECKERS[name].check(claim),
            CHECKERS[name].check(claim, session=session),
        ):
            found = [f for f in report.findings if f.kind in OURS and f.family not in foreseen]
            assert not found, report.explain()

    @given(data=st.data())
    def test_what_the_session_brings_is_all_that_is_found(self, data: st.DataObject) -> None:
        """A session may state a place or a diagnosis that no claim can have."""
        name = data.draw(st.sampled_from(POLICIES))
        session, _ = data.draw(coded_claims(policies=st.just(policies.get(name))))
        session = attrs.evolve(
            session,
            place_of_service=data.draw(st.sampled_from(PLACES)),
            diagnoses=data.draw(st.sampled_from(DIAGNOSES)),
        )
        coded = code_session(session, policy=name)
        assert isinstance(coded, CodedSession)
        foreseen = {RuleFamily.UNITS, RuleFamily.DIAGNOSIS}
        if any(note.id is NoteId.FAMILY_PAIR for note in coded.notes):
            foreseen.add(RuleFamily.PAIRS)

        for report in (
            CHECKERS[name].check(coded.claim),
            CHECKERS[name].check(coded.claim, session=session),
        ):
            found = [f for f in report.findings if f.kind in OURS and f.family not in foreseen]
            assert all(f.rule.startswith("place-") for f in found), report.explain()


PLACES = (None, "", "99", "1", "xx", "24", "11", "22", "00", "\0")
DIAGNOSES: tuple[tuple[str, ...], ...] = (
    (), ("",), ("FOO",), ("M47.8161",), ("M47",), ("M47.816", "M47.816"), ("M54.50",) * 14,
)  # fmt: skip


class TestAnyClaim:
    """Checking only finds: it raises on no claim, and says nothing of what it can't know."""

    @given(claim=any_claims, policy=UNDER)
    def test_is_checked(self, claim: Claim, policy: policies.Policy) -> None:
        report = check_claim(claim, policy=policy)

        assert report.id == claim.id
        assert len(report.not_checked) == len(set(report.not_checked))
        for finding in report.findings:
            assert all(1 <= n <= len(claim.lines) for n in finding.lines)
            assert list(finding.lines) == sorted(set(finding.lines))
            assert finding.citations
            if isinstance(finding.remedy, Replacement):
                assert finding.lines

    @given(claim=any_claims, name=st.sampled_from(POLICIES))
    def test_has_the_same_findings_when_its_shape_was_seen(self, claim: Claim, name: str) -> None:
        """A checker stays under its own policy, where a location would select another."""
        claim = attrs.evolve(claim, location=None)
        fresh = check_claim(claim, policy=policies.get(name))

        assert CHECKERS[name].check(claim) == fresh
        assert CHECKERS[name].check(claim) == fresh

    @given(listed=st.lists(any_claims, max_size=3), policy=UNDER)
    def test_is_checked_in_its_place(self, listed: list[Claim], policy: policies.Policy) -> None:
        assert list(check_claims(listed, policy=policy)) == [
            check_claim(claim, policy=policy) for claim in listed
        ]

    @given(claim=any_claims)
    def test_is_checked_alike_by_a_checker_that_was_pickled(self, claim: Claim) -> None:
        checker = CHECKERS["medicare"]

        assert pickle.loads(pickle.dumps(checker)).check(claim) == checker.check(claim)  # noqa: S301


def on_lines(claim: Claim) -> Claim:
    """Return a claim with the date of service on its lines."""
    lines = tuple(attrs.evolve(line, date=line.date or claim.date) for line in claim.lines)
    return attrs.evolve(claim, lines=lines, date=None)


def undated(finding: Finding) -> Finding:
    """Return a finding whose corrected lines have no date of their own."""
    if not isinstance(finding.remedy, Replacement):
        return finding
    lines = tuple(attrs.evolve(line, date=None) for line in finding.remedy.lines)
    return attrs.evolve(finding, remedy=attrs.evolve(finding.remedy, lines=lines))


class TestDates:
    """The date of service may be on the claim or on its lines."""

    @given(
        claim=any_claims.filter(lambda claim: claim.date is not None and bool(claim.lines)),
        name=st.sampled_from(POLICIES),
    )
    def test_on_lines_are_checked_and_remembered_alike(self, claim: Claim, name: str) -> None:
        checker = Checker(policies.get(name))
        on_claim = checker.check(claim)
        kept = len(checker._memo)
        by_line = checker.check(on_lines(claim))

        assert len(checker._memo) == kept
        assert list(map(undated, by_line.findings)) == list(map(undated, on_claim.findings))
        assert by_line.not_checked == on_claim.not_checked
        assert by_line.findings == Checker(name, memo=0).check(on_lines(claim)).findings

    @given(claim=any_claims.filter(lambda claim: bool(claim.lines)))
    def test_select_one_policy(self, claim: Claim) -> None:
        under = {
            check_claim(each, policy="medicare").under.policy for each in (claim, on_lines(claim))
        }

        assert len(under) == 1

    @pytest.mark.parametrize("provider", [None, "one"])
    def test_of_two_practitioners_are_remembered(self, provider: str | None) -> None:
        checker = Checker("medicare")
        lines = tuple(map(parse_line, ("64493-RT", "64494-LT", "01992-QS")))
        for names in ((provider, provider, "two"), (provider, provider, "three")):
            several = tuple(
                attrs.evolve(line, provider=name, date=dt.date(2026, 3, 2))
                for line, name in zip(lines, names, strict=True)
            )
            claim = Claim(claim_type=ClaimType.PROFESSIONAL, lines=several)
            assert checker.check(claim) == Checker("medicare", memo=0).check(claim)

        assert len(checker._memo) == 1


NJ = Location(state="NJ")


class TestLocation:
    """A location selects the jurisdiction by date, or the report says why it did not."""

    DAY, OTHER = dt.date(2026, 3, 2), dt.date(2026, 4, 6)

    def billed(self, *days: dt.date | None, date: dt.date | None = None, place: Location) -> Claim:
        lines = tuple(attrs.evolve(parse_line("64493-RT"), date=day) for day in days)
        return Claim(claim_type=ClaimType.PROFESSIONAL, lines=lines, date=date, location=place)

    def told(self, claim: Claim, policy: str = "medicare", **given: Any) -> tuple[str, list[str]]:
        report = check_claim(claim, policy=policy, **given)
        said = [n.reason for n in report.not_checked if n.rule == "jurisdiction"]
        return report.under.policy, said

    @pytest.mark.parametrize("days", [(DAY,), (DAY, DAY), (DAY, OTHER), (None, OTHER)])
    def test_selects_the_jurisdiction_of_all_dates(self, days: tuple[dt.date | None, ...]) -> None:
        date = self.DAY if None in days else None

        assert self.told(self.billed(*days, date=date, place=NJ)) == ("medicare-jl", [])

    @pytest.mark.parametrize(
        ("place", "days", "why"),
        [
            (Location(state="31"), (DAY,), "'31' is not a state or territory"),
            (Location(zip="00000"), (DAY,), "unknown ZIP code '00000'"),
            (Location(state="VA"), (DAY,), "VA is divided by county"),
            (Location(locality="01"), (DAY,), "no state is given"),
            (NJ, (None,), "no date of service is given"),
            (NJ, (dt.date(2015, 1, 1), DAY), "which MAC served NJ on 2015-01-01"),
        ],
    )
    def test_that_can_not_be_used_is_reported(
        self, place: Location, days: tuple[dt.date | None, ...], why: str
    ) -> None:
        policy, [reason] = self.told(self.billed(*days, place=place))

        assert policy == "medicare"
        assert why in reason

    def test_whose_jurisdiction_changes_between_the_dates_is_reported(self) -> None:
        data = packaged()
        (area,) = data.areas.about("NJ")
        (ohio,) = data.areas.about("OH")
        before = attrs.evolve(
            ohio, state="NJ", term=EffectivePeriod(start=dt.date(2020, 1, 1), until=self.DAY)
        )
        after = attrs.evolve(area, term=EffectivePeriod(start=self.DAY + dt.timedelta(days=1)))
        moved = data.with_rows(areas=[before, after])
        policy, [reason] = self.told(self.billed(self.DAY, self.OTHER, place=NJ), reference=moved)

        assert policy == "medicare"
        assert "J15 on 2026-03-02, JL on 2026-04-06" in reason
        assert self.told(self.billed(self.DAY, place=NJ), reference=moved)[0] == "medicare-j15"

    def test_of_another_jurisdiction_is_reported(self) -> None:
        claim = self.billed(self.DAY, place=NJ)
        [entry] = [n for n in Checker("medicare").check(claim).not_checked if n.needs == "location"]

        assert "its policy medicare-jl adds to medicare" in entry.reason
        assert "applies there, not medicare-je" in self.told(claim, "medicare-je")[1][0]

    @pytest.mark.parametrize("policy", ["cpt", "aetna"])
    def test_does_not_matter_to_other_payers(self, policy: str) -> None:
        assert self.told(self.billed(self.DAY, place=Location(state="31")), policy) == (policy, [])


class TestOrder:
    """The order of lines and of modifiers changes no finding that is not about order."""

    @given(data=st.data(), claim=any_claims, policy=UNDER)
    def test_of_lines(self, data: st.DataObject, claim: Claim, policy: policies.Policy) -> None:
        order = data.draw(st.permutations(range(len(claim.lines))))
        turned = attrs.evolve(claim, lines=tuple(claim.lines[n] for n in order))
        was = {place + 1: n + 1 for place, n in enumerate(order)}

        before = check_claim(claim, policy=policy)
        after = check_claim(turned, policy=policy)

        assert Counter(map(shape, before.findings)) == Counter(
            shape(finding, was) for finding in after.findings
        )
        assert set(before.not_checked) == set(after.not_checked)

    @given(data=st.data(), claim=any_claims, policy=UNDER)
    def test_of_modifiers(self, data: st.DataObject, claim: Claim, policy: policies.Policy) -> None:
        turned = attrs.evolve(
            claim,
            lines=tuple(
                attrs.evolve(line, modifiers=tuple(data.draw(st.permutations(line.modifiers))))
                for line in claim.lines
            ),
        )

        def told(report: Report) -> Counter[tuple[object, ...]]:
            return Counter(shape(f) for f in report.findings if f.rule not in ordered_rules)

        assert told(check_claim(claim, policy=policy)) == told(check_claim(turned, policy=policy))


class TestIdentity:
    """Findings depend on no identity: not the claim's, and not the practitioner's name."""

    @given(claim=any_claims, policy=UNDER, other=st.text(max_size=5))
    def test_is_not_seen(self, claim: Claim, policy: policies.Policy, other: str) -> None:
        renamed = attrs.evolve(
            claim,
            id=other,
            lines=tuple(
                attrs.evolve(line, provider=line.provider and f"{other}{line.provider}")
                for line in claim.lines
            ),
        )
        before, after = (check_claim(c, policy=policy) for c in (claim, renamed))

        assert list(map(shape, before.findings)) == list(map(shape, after.findings))
        assert before.not_checked == after.not_checked


class TestVoids:
    """A void is neither checked nor repaired: it has to repeat the claim that it cancels."""

    @given(claim=any_claims, policy=UNDER)
    def test_are_left_as_they_are(self, claim: Claim, policy: policies.Policy) -> None:
        void = attrs.evolve(claim, frequency=ClaimFrequency.VOID)
        report = check_claim(void, policy=policy)

        assert report.findings == ()
        assert [skipped.rule for skipped in report.not_checked] == ["void"]
        assert repair_claim(void, policy=policy).claim is void

    @given(claim=any_claims, policy=UNDER, frequency=st.sampled_from(ClaimFrequency))
    def test_are_alone_in_that(
        self, claim: Claim, policy: policies.Policy, frequency: ClaimFrequency
    ) -> None:
        stated = attrs.evolve(claim, frequency=frequency, replaces="first")
        plain = attrs.evolve(claim, frequency=None)

        if frequency is not ClaimFrequency.VOID:
            before, after = (check_claim(each, policy=policy) for each in (plain, stated))
            assert list(map(shape, before.findings)) == list(map(shape, after.findings))
            assert before.not_checked == after.not_checked


class TestRepair:
    """A repair is applied once and for all, makes nothing worse, and leaves what has to be asked."""

    @given(claim=any_claims, policy=UNDER)
    def test_repairs_once(self, claim: Claim, policy: policies.Policy) -> None:
        before = check_claim(claim, policy=policy)
        once = repair_claim(claim, policy=policy)
        twice = repair_claim(once.claim, policy=policy)

        assert twice.claim == once.claim
        assert twice.changes == ()
        assert once.report == check_claim(once.claim, policy=policy)
        assert {f.rule for f in once.report.errors} <= {f.rule for f in before.errors}

    @given(data=st.data(), claim=any_claims, policy=UNDER)
    def test_of_lines_in_another_order_is_alike(
        self, data: st.DataObject, claim: Claim, policy: policies.Policy
    ) -> None:
        order = data.draw(st.permutations(claim.lines))
        turned = repair_claim(attrs.evolve(claim, lines=tuple(order)), policy=policy)
        straight = repair_claim(claim, policy=policy)

        assert Counter(map(contents, turned.lines)) == Counter(map(contents, straight.lines))
        assert Counter(shape(f, dict.fromkeys(range(99), 0)) for f in turned.report.findings) == (
            Counter(shape(f, dict.fromkeys(range(99), 0)) for f in straight.report.findings)
        )

    @given(claim=any_claims, policy=UNDER)
    def test_names_the_original_of_each_line(self, claim: Claim, policy: policies.Policy) -> None:
        repaired = repair_claim(claim, policy=policy)
        known = range(1, len(claim.lines) + 1)
        touched = {number for change in repaired.changes for number in change.finding.lines}

        assert len(repaired.origin) == len(repaired.lines)
        for line, numbers in zip(repaired.lines, repaired.origin, strict=True):
            assert numbers
            assert list(numbers) == sorted({*numbers} & {*known})
            if touched.isdisjoint(numbers):
                assert [contents(claim.lines[n - 1]) for n in numbers] == [contents(line)]
            assert {line.date} == {claim.lines[n - 1].date for n in numbers}
            assert line.provider in {claim.lines[n - 1].provider for n in numbers}
        for change in repaired.changes:
            assert set(change.finding.lines) <= {*known}
            assert isinstance(change.finding.remedy, Replacement)
            assert change.finding.remedy.lines == change.after
            assert len(change.finding.remedy.origin) == len(change.after)
        removed = {*known} - {number for numbers in repaired.origin for number in numbers}
        assert removed <= touched

    @given(claim=any_claims, policy=UNDER)
    def test_keeps_the_total_charge(self, claim: Claim, policy: policies.Policy) -> None:
        repaired = repair_claim(claim, policy=policy)
        charges = [[line.charge for line in each.lines] for each in (claim, repaired.claim)]
        if all(c is None or c.is_finite() for c in charges[0]):
            before, after = (
                sum((c for c in each if c is not None), Decimal(0)) for each in charges
            )
            assert before == after

    @pytest.mark.parametrize("rule", RULES)
    def test_takes_away_what_it_repairs(self, rule: str) -> None:
        fires, _ = examples(rule)
        found = [f for f in fires.check().findings if f.rule == rule]
        repaired = repair_claim(
            fires.claim,
            policy=policies.get(fires.policy),
            session=fires.session,
            history=fires.history,
        )
        left = Counter(f.rule for f in repaired.report.findings)
        mended = {change.finding.rule for change in repaired.changes}

        assert {f.rule for f in repaired.report.errors} <= {f.rule for f in fires.check().errors}
        if any(isinstance(f.remedy, Replacement) for f in found):
            assert rule in mended or left[rule] == 0, repaired.explain()
            assert left[rule] < len(found)

    @pytest.mark.parametrize(
        ("in_the_way", "most"), [((), 2), ((40,), 20), ((0, 63), 40), (range(0, 64, 2), 4 * 64)]
    )
    def test_checks_few_times(
        self, in_the_way: Iterable[int], most: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of 64 sessions, each with RT twice, some also have the line that mending would repeat."""
        first = dt.date(2026, 3, 2)
        days = [first + dt.timedelta(days=number) for number in range(64)]
        right = [ClaimLine(code="64493", modifiers=("RT",), date=days[n]) for n in in_the_way]
        wrong = [ClaimLine(code="64493", modifiers=("RT", "RT"), date=day) for day in days]
        claim = Claim(claim_type=ClaimType.PROFESSIONAL, lines=(*wrong, *right))
        checked: list[Claim] = []
        check = Checker.check

        def counted(checker: Checker, claim: Claim, **given: Any) -> Report:
            checked.append(claim)
            return check(checker, claim, **given)

        monkeypatch.setattr(Checker, "check", counted)
        repaired = repair_claim(claim, policy=policies.get("cpt"))

        assert len(repaired.changes) == 64 - len(right)
        assert len(checked) <= most


@pytest.mark.parametrize("rule", RULES)
class TestNamedDefects:
    """A claim with a named defect shows that rule, and no unrelated error."""

    @settings(
        max_examples=12,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(data=st.data())
    def test_are_found(self, rule: str, data: st.DataObject) -> None:
        example: Example = data.draw(claims_with(rule))
        report = example.check()

        assert rule in {finding.rule for finding in report.findings}


class TestCleanClaims:
    """A clean claim draws no error."""

    @pytest.mark.parametrize("name", ["cpt", "medicare"])
    @settings(max_examples=25)
    @given(data=st.data())
    def test_draw_none(self, name: str, data: st.DataObject) -> None:
        policy = policies.get(name)
        claim = data.draw(clean_claims(policy=policy))

        assert check_claim(claim, policy=policy).errors == ()


def test_year_one_and_the_last_year_are_days_like_others() -> None:
    for date in (dt.date.min, dt.date.max):
        claim = Claim(claim_type=ClaimType.PROFESSIONAL, lines=(), date=date)
        assert check_claim(claim, policy=policies.get("medicare")).findings
