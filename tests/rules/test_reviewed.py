"""Claims that a review by a coder found answered wrongly, each answered right since."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest

from cptfacet import policies
from cptfacet.checking import check_claim
from cptfacet.claims import Claim, ClaimType, PriorAuthorization, Purpose, parse_line
from cptfacet.findings import Question, Report, Severity
from cptfacet.history import History
from cptfacet.repairing import repair_claim
from cptfacet.sessions import Session, parse_session

DAY = dt.date(2026, 3, 2)


def claim(*lines: str, dx: tuple[str, ...] = ("M47.816",), **further: Any) -> Claim:
    stated = {"claim_type": ClaimType.PROFESSIONAL, "place_of_service": "11", "date": DAY}
    return Claim(lines=tuple(map(parse_line, lines)), diagnoses=dx, **{**stated, **further})


def check(given: Claim, policy: str = "medicare-jm", **beside: Any) -> Report:
    return check_claim(given, policy=policies.get(policy), **beside)


def told(report: Report) -> dict[str, str]:
    return {found.rule: found.severity.value for found in report.findings}


def note(**words: Any) -> Session:
    stated = {"date": "2026-03-02", "technique": "mbb", "guidance": "fluoroscopy"}
    return parse_session(**{**stated, **words})


class TestTwoRegions:
    """T12-L1 with L1-L2 is one session; other joints of two regions are two, whatever the codes."""

    def test_a_note_of_other_joints_overrules_the_codes(self) -> None:
        given = claim("64490-RT", "64494-RT", dx=("M47.812", "M47.816"))
        session = note(joints=["C5-6:right", "L4-5:right"])

        assert told(check(given, session=session))["two-regions"] == "error"
        assert "thoracolumbar-group" not in told(check(given, session=session))
        assert "two-regions" not in told(check(given))

    @pytest.mark.parametrize("day", [dt.date(2023, 12, 31), dt.date(2024, 6, 30)])
    def test_days_on_which_its_form_is_not_known_are_looked_at_again(self, day: dt.date) -> None:
        given = claim("64490-RT", "64494-RT", dx=("M47.815",), date=day)

        assert told(check(given))["two-regions"] == "warning"

    def test_two_first_levels_of_the_joints_themselves(self) -> None:
        given = claim("64490-RT", "64493-RT", dx=("M47.815",))
        session = note(joints=["T12-L1:right", "L1-2:right"])

        assert told(check(given, session=session))["two-regions"] == "warning"
        assert told(check(given))["two-regions"] == "error"


class TestRepair:
    """A repair drops no level and turns no sides that are open."""

    def test_a_nerve_that_may_be_missing_keeps_its_level(self) -> None:
        given = claim("64490-RT-KX", "64491-RT-KX", dx=("M47.812",))
        session = note(purpose="diagnostic", nerves=["C2:right", "C3:right", "C4:right"])
        repaired = repair_claim(given, policy=policies.get("medicare-jm"), session=session)

        assert repaired.claim == given
        assert all(isinstance(found.remedy, Question) for found in repaired.report.errors)

    @pytest.mark.parametrize("policy", ["commercial", "aetna", "uhc"])
    @pytest.mark.parametrize("lines", [("64493-50", "64494-50"), ("64635-50", "64636-50 x2")])
    def test_a_format_that_is_not_known_draws_no_finding(
        self, policy: str, lines: tuple[str, ...]
    ) -> None:
        given = claim(*lines)
        report = check(given, policy)

        assert repair_claim(given, policy=policies.get(policy)).claim == given
        assert "bilateral-on-add-on" not in told(report)
        assert "bilateral-on-add-on" in {left.rule for left in report.not_checked}

    def test_sides_that_may_belong_the_other_way_round(self) -> None:
        given = claim("64493-RT", "64494-RT", "64494-LT", purpose=Purpose.THERAPEUTIC)

        assert repair_claim(given, policy=policies.get("medicare-jm")).claim == given

    def test_a_modifier_for_distinct_services_goes_with_its_code(self) -> None:
        given = claim("64635-RT", "64493-RT-59")
        session = note(technique="thermal-rfa", joints=["L4-5:right", "L5-S1:right"])
        repaired = repair_claim(given, policy=policies.get("medicare-jm"), session=session)

        assert not any(
            "59" in line.modifiers for line in repaired.claim.lines if line.code != "64493"
        )


class TestNoticeOfDenial:
    """A notice is for what stays denied: not for what is mended, and not for a missing number."""

    @pytest.mark.parametrize(
        "given",
        [
            claim("64493-RT", purpose=Purpose.DIAGNOSTIC),
            claim("64635-RT-KX"),
            claim("64493-RT-KX", purpose=Purpose.THERAPEUTIC),
            claim(
                "64493-RT",
                purpose=Purpose.THERAPEUTIC,
                claim_type=ClaimType.HOSPITAL_OUTPATIENT,
                place_of_service="22",
            ),
        ],
        ids=["mark-missing", "mark-on-ablation", "mark-on-therapeutic", "no-number"],
    )
    def test_is_not_asked(self, given: Claim) -> None:
        report = check(given)

        assert report.errors
        assert "expected-denial-without-abn" not in told(report)

    def test_is_asked_of_a_third_level(self) -> None:
        given = claim("64493-RT", "64494-RT", "64495-RT", purpose=Purpose.THERAPEUTIC)

        assert told(check(given))["expected-denial-without-abn"] == "info"


class TestDates:
    """What changed on a day is answered for that day."""

    def test_a_third_ablated_joint_was_looked_at_on_appeal_before_2024(self) -> None:
        early = claim("64635-RT", "64636-RT x2", date=dt.date(2022, 5, 5))

        assert told(check(early))["levels-above-limit"] == "warning"
        assert told(check(attrs.evolve(early, date=DAY)))["levels-above-limit"] == "error"

    @pytest.mark.parametrize("code", ["721.3", "724.2"])
    def test_diagnoses_of_the_older_code_set(self, code: str) -> None:
        given = claim("64493-RT", dx=(code,), date=dt.date(2014, 6, 2))

        assert "diagnosis-malformed" not in told(check(given, "medicare-je"))
        assert "diagnosis-malformed" in told(check(attrs.evolve(given, date=DAY), "medicare-je"))

    def test_a_primary_whose_first_day_in_its_year_is_not_known(self) -> None:
        given = claim("64490-RT", "64494-RT", date=dt.date(2023, 6, 5))

        assert told(check(given, "cpt"))["addon-without-primary"] == "warning"
        assert told(check(claim("64494-RT"), "cpt"))["addon-without-primary"] == "error"

    def test_global_periods_are_of_practitioners(self) -> None:
        history = _history((claim("64635-RT", date=dt.date(2026, 2, 24)),))
        facility = claim("64635-LT", claim_type=ClaimType.ASC_FACILITY, place_of_service="24")

        assert "in-global-period" in told(check(claim("64635-LT"), history=history))
        assert "in-global-period" not in told(check(facility, history=history))

    def test_limits_are_cited_from_the_day_of_the_coverage_policies(self) -> None:
        past = tuple(claim("64635-RT", date=dt.date(2026, 1, n)) for n in (5, 12))
        report = check(claim("64635-RT"), history=_history(past))
        [found] = [f for f in report.findings if f.rule == "too-many-sessions"]

        assert str(found.citations[0].term) == "from 2021-04-25"
        assert "This is the 3rd ablation session of the lumbar-sacral region" in found.message


def _history(past: tuple[Claim, ...]) -> History:
    from cptfacet.past import history_from_claims  # noqa: PLC0415  this test alone

    return history_from_claims(past, policy=policies.get("medicare-jm")).history


def test_a_decision_after_the_service_cites_how_long_one_is_valid() -> None:
    told_of = PriorAuthorization(number="A1234567890123", decided=dt.date(2026, 3, 3))
    given = claim(
        "64635-RT",
        claim_type=ClaimType.HOSPITAL_OUTPATIENT,
        place_of_service="22",
        prior_authorization=told_of,
    )
    [found] = [f for f in check(given).findings if f.rule == "authorization-not-valid-on-date"]

    assert "novitas-pa-faq" in {citation.id for citation in found.citations}


def test_an_orphan_of_all_levels_is_told_once() -> None:
    report = check(claim("64495-RT", purpose=Purpose.THERAPEUTIC))
    coding = [
        f.rule for f in report.findings if f.severity is Severity.ERROR and f.kind == "coding"
    ]

    assert coding == ["addon-without-primary"]


class TestOwnPast:
    """A claim of several days is counted against its own earlier days."""

    @staticmethod
    def days(*lines: tuple[str, str], **further: Any) -> Claim:
        written = (
            attrs.evolve(parse_line(text), date=dt.date.fromisoformat(day)) for text, day in lines
        )
        return attrs.evolve(claim(**further), lines=tuple(written), date=None)

    def test_three_ablations(self) -> None:
        given = self.days(
            ("64635-RT", "2026-01-02"), ("64635-LT", "2026-02-05"), ("64635-RT", "2026-03-09")
        )
        report = check(given, history=History())
        over = [found for found in report.findings if found.rule == "too-many-sessions"]

        assert [found.lines for found in over] == [(3,)]
        assert told(check(given))["too-many-sessions"] == "error"

    def test_a_block_a_week_after_the_first(self) -> None:
        given = self.days(("64493-RT-KX", "2026-03-02"), ("64493-RT-KX", "2026-03-09"))

        assert told(check(given))["diagnostic-too-soon"] == "warning"

    def test_the_global_period(self) -> None:
        given = self.days(("64635-RT", "2026-03-02"), ("64635-LT", "2026-03-05"))

        assert told(check(given))["in-global-period"] == "warning"

    def test_the_first_day_is_still_not_checked(self) -> None:
        given = self.days(("64635-RT", "2026-03-02"), ("64635-LT", "2026-09-05"))

        assert "history" in {skipped.needs for skipped in check(given).not_checked}

    def test_one_day_of_two_practitioners_is_no_past(self) -> None:
        lines = (
            attrs.evolve(parse_line("64635-RT"), provider="a"),
            attrs.evolve(parse_line("64635-LT"), provider="b"),
        )
        given = attrs.evolve(claim(), lines=lines)

        assert "in-global-period" not in told(check(given))


def test_many_lines_are_mended_together() -> None:
    lines = tuple(f"64493-{side}-KX-KX" for side in ("RT", "LT")) * 150
    given = claim(*lines, purpose=Purpose.DIAGNOSTIC)
    repaired = repair_claim(given, policy=policies.get("medicare-jm"))

    assert all(line.modifiers.count("KX") == 1 for line in repaired.claim.lines)
    assert len(repaired.claim.lines) == 300
