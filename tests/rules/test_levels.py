"""How many levels and regions are covered, and codes that stand for too many levels."""

from __future__ import annotations

import itertools

import attrs
import pytest

from cptfacet import policies
from cptfacet.checking import check_claim
from cptfacet.claims import Claim, ClaimLine, ClaimType, parse_line
from cptfacet.dates import parse_date
from cptfacet.findings import Finding, Report, RuleFamily, Severity

DAY = "2026-03-02"


def claim(*lines: str, date: str = DAY, claim_type: str = "professional") -> Claim:
    return Claim(
        claim_type=ClaimType(claim_type),
        date=parse_date(date),
        lines=tuple(map(parse_line, lines)),
    )


def check(policy: str, *lines: str, date: str = DAY, claim_type: str = "professional") -> Report:
    given = claim(*lines, date=date, claim_type=claim_type)
    return check_claim(given, policy=policies.get(policy))


def found(report: Report) -> dict[str, str]:
    return {f.rule: f.severity.value for f in report.findings if f.family is RuleFamily.LEVELS}


def not_asked(report: Report) -> dict[str, str]:
    return {n.rule: n.needs for n in report.not_checked}


SCENARIOS: list[tuple[str, str, tuple[str, ...], dict[str, str]]] = [
    ("two levels", "medicare", ("64493-50-KX", "64494-50-KX"), {}),
    (
        "a third level",
        "medicare",
        ("64493-50-KX", "64494-50-KX", "64495-50-KX"),
        {"third-level-not-covered": "error"},
    ),
    ("two ablated levels on both sides", "medicare", ("64635-50", "64636-50"), {}),
    (
        "three ablated levels on both sides",
        "medicare",
        ("64633-50", "64634-50 x2"),
        {"levels-above-limit": "error"},
    ),
    (
        "three ablated levels of one side",
        "medicare",
        ("64635-LT", "64636-LT", "64636-LT"),
        {"levels-above-limit": "error"},
    ),
    (
        "a further level a side: of one joint or of two",
        "medicare",
        ("64635-50", "64636-RT", "64636-LT"),
        {"levels-above-limit": "warning"},
    ),
    ("neck and low back", "medicare", ("64490-RT", "64493-RT"), {"two-regions": "error"}),
    ("the same under WPS", "medicare-j5", ("64490-RT", "64493-RT"), {"two-regions": "warning"}),
    (
        "injection of the neck, ablation of the low back",
        "medicare",
        ("64490-RT", "64635-RT"),
        {"two-regions": "error"},
    ),
    (
        "T12-L1 with L1-L2, ablated",
        "medicare",
        ("64633-50", "64636-50"),
        {"thoracolumbar-group": "info"},
    ),
    (
        "T12-L1 with L1-L2 and one more",
        "medicare",
        ("64490-RT", "64494-RT", "64495-RT"),
        {"third-level-not-covered": "error", "two-regions": "warning"},
    ),
    (
        "a third without a second",
        "cpt",
        ("64490", "64492"),
        {"third-level-without-second": "error"},
    ),
    ("the same of ultrasound", "cpt", ("0216T", "0218T"), {"third-level-without-second": "error"}),
    (
        "two lines of the second level",
        "cpt",
        ("64493-RT", "64494-RT", "64494-RT"),
        {"second-level-repeated": "error"},
    ),
    ("its two sides", "cpt", ("64493-50", "64494-RT", "64494-LT"), {}),
    ("its two sides as units", "cpt", ("64493-50", "64494 x2"), {}),
    (
        "two units beside a first level on one side",
        "cpt",
        ("64493-RT", "64494 x2"),
        {"second-level-repeated": "warning"},
    ),
    (
        "three units",
        "cpt",
        ("64493-50", "64494 x3"),
        {"second-level-repeated": "error"},
    ),
    (
        "a fourth code of one side",
        "cpt",
        ("64493-RT", "64494-RT", "64495-RT", "64495-RT"),
        {"third-level-repeated": "error"},
    ),
]


@pytest.mark.parametrize(
    ("policy", "lines", "rules"), [s[1:] for s in SCENARIOS], ids=[s[0] for s in SCENARIOS]
)
def test_scenario(policy: str, lines: tuple[str, ...], rules: dict[str, str]) -> None:
    assert found(check(policy, *lines)) == rules


class TestThirdLevel:
    """A third level was looked at on appeal until each contractor's rewrite of 2024.

    Noridian's answers of July 2022 for before; the determinations of 2024 for after.
    """

    LINES = ("64493-RT", "64494-RT", "64495-RT")

    @pytest.mark.parametrize(
        ("policy", "date", "severity"),
        [
            ("medicare-j5", "2021-04-25", Severity.WARNING),
            ("medicare-j5", "2024-07-13", Severity.WARNING),
            ("medicare-j5", "2024-07-14", Severity.ERROR),
            ("medicare", "2023-01-01", Severity.WARNING),
            ("medicare", "2024-09-01", Severity.WARNING),
            ("medicare", DAY, Severity.ERROR),
        ],
    )
    def test_weighs_by_policy_and_date(self, policy: str, date: str, severity: Severity) -> None:
        assert found(check(policy, *self.LINES, date=date)) == {
            "third-level-not-covered": severity.value
        }

    def test_says_where_its_weight_depends_on_the_contractor(self) -> None:
        def third(date: str) -> Finding:
            report = check("medicare", *self.LINES, date=date)
            return report.where(lambda found: found.rule == "third-level-not-covered").findings[0]

        assert "depends on the MAC" in third("2024-09-01").message
        assert "depends" not in third(DAY).message

    def test_is_not_judged_before_the_limits(self) -> None:
        report = check("medicare", *self.LINES, date="2019-06-01")

        assert found(report) == {}
        assert not_asked(report)["third-level-not-covered"] == "levels.max"

    def test_is_of_no_account_where_nothing_is_covered(self) -> None:
        report = check("medicare", "0216T", "0217T", "0218T")

        assert "third-level-not-covered" not in {*found(report), *not_asked(report)}


class TestAblatedLevels:
    """Levels are joints: a joint on both sides is one, and two are covered in a session."""

    @pytest.mark.parametrize("further", range(6))
    @pytest.mark.parametrize("side", ["50", "RT", "LT"])
    def test_are_counted(self, further: int, side: str) -> None:
        lines = [f"64635-{side}", *([f"64636-{side} x{further}"] if further else [])]
        above = found(check("medicare", *lines)).get("levels-above-limit")

        assert above == ("error" if 1 + further > 2 else None)

    @pytest.mark.parametrize(("right", "left"), list(itertools.product(range(4), repeat=2)))
    def test_of_each_side_are_counted_apart(self, right: int, left: int) -> None:
        further = [f"64636-{s} x{n}" for s, n in (("RT", right), ("LT", left)) if n]
        report = check("medicare", "64635-RT", "64635-LT", *further, claim_type="asc-facility")
        above = found(report).get("levels-above-limit")

        assert (above == "error") is (1 + max(right, left) > 2)

    def test_have_no_known_limit_under_the_code_set(self) -> None:
        report = check("cpt", "64635-RT", "64636-RT x4")

        assert found(report) == {}
        assert not_asked(report)["levels-above-limit"] == "levels.max"


class TestSecondLevel:
    """The code of the second level is reported once a side, whatever the units are named."""

    @pytest.mark.parametrize(
        ("right", "left", "plain"), list(itertools.product(range(4), repeat=3))
    )
    def test_is_counted_by_side(self, right: int, left: int, plain: int) -> None:
        named = (("-RT", right), ("-LT", left), ("", plain))
        lines = [f"64494{side} x{units}" for side, units in named if units]
        repeated = "second-level-repeated" in found(check("cpt", "64493-50", *lines))

        once = (right <= 1 and left <= 1 and not plain) or (plain <= 2 and not (right or left))
        assert repeated is not once


class TestUnitsThatAreMissing:
    """A line without units is of one unit, and one whose units are no count is of none."""

    @pytest.mark.parametrize(
        ("units", "rules"),
        [
            ((None,), {}),
            ((None, None), {"second-level-repeated": "error"}),
            ((1, 0), {}),
            ((1, -1), {}),
            ((None, 1), {"second-level-repeated": "error"}),
        ],
    )
    def test_of_a_second_level(self, units: tuple[int | None, ...], rules: dict[str, str]) -> None:
        lines = tuple(ClaimLine(code="64494", modifiers=("RT",), units=each) for each in units)
        checked = attrs.evolve(claim("64493-50"), lines=(parse_line("64493-50"), *lines))

        assert found(check_claim(checked, policy=policies.get("cpt"))) == rules
