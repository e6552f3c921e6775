"""Units against the medically unlikely edits."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cptfacet import policies
from cptfacet.checking import Checker, check_claim, get_rule
from cptfacet.checking.rules.units import REPORTED_BY
from cptfacet.claims import Claim, ClaimLine, ClaimType, parse_line
from cptfacet.findings import Finding, Question, RuleFamily
from cptfacet.procedures import CodeGroup, ProcedureKind
from cptfacet.reference import packaged
from cptfacet.reference.edits import Mai, Mue, MueRow

MEDICARE = policies.get("medicare")
DAY = dt.date(2026, 11, 2)  # in an edition that was read
CODES = sorted(
    {p.code for p in packaged().find_procedures(kind=ProcedureKind.FACET)}
    | {code for group in CodeGroup for code in packaged().find_codes(group, on=DAY)}
)
EDITS = [
    edit
    for claim_type in ClaimType
    for code in CODES
    if isinstance(edit := packaged().mue(code, on=DAY, claim_type=claim_type), Mue)
]


def claim(
    *lines: ClaimLine | str, on: dt.date = DAY, claim_type: ClaimType = ClaimType.PROFESSIONAL
) -> Claim:
    read = tuple(parse_line(line) if isinstance(line, str) else line for line in lines)
    return Claim(claim_type=claim_type, date=on, lines=read)


def exceeding(checked: Claim, policy: policies.Policy = MEDICARE) -> list[Finding]:
    report = check_claim(checked, policy=policy)
    return [found for found in report.findings if found.rule == "mue-exceeded"]


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: f"{e.code}-{e.claim_type}")
def test_each_edit_allows_its_units_and_no_more(edit: Mue) -> None:
    """As many units as the edit allows pass, and one more does not, with the edit's own source.

    Source: data/edits/mue.csv.
    """
    beside = parse_line("64493-RT" if edit.code != "64493" else "64635-RT")
    allowed, beyond = (
        claim(ClaimLine(code=edit.code, units=units), beside, claim_type=edit.claim_type)
        for units in (edit.units, edit.units + 1)
    )

    assert exceeding(allowed) == []
    [found] = exceeding(beyond)
    assert found.lines == (1,)
    assert found.citations == edit.provenance.citations
    assert isinstance(found.remedy, Question)
    assert ("appeal" in found.message) is (edit.mai is not Mai.DAY_BY_POLICY)


class TestDays:
    """An edit of the day counts the units of all lines of its code, one of a line each by itself.

    Source: the adjudication indicator, data/edits/mue.csv.
    """

    @given(parts=st.lists(st.integers(1, 4), min_size=1, max_size=5))
    def test_lines_of_one_day_count_together(self, parts: list[int]) -> None:
        lines = [ClaimLine(code="64636", units=units) for units in parts]
        found = exceeding(claim("64635", *lines))

        assert [f.lines for f in found] == (
            [tuple(range(2, len(parts) + 2))] if sum(parts) > 4 else []
        )

    @given(parts=st.lists(st.integers(1, 6), min_size=1, max_size=5))
    def test_lines_of_an_edit_of_lines_count_alone(self, parts: list[int]) -> None:
        row = MueRow(units=4, mai=Mai.LINE, rationale="CMS Policy")
        by_line = [attrs.evolve(each, rows={"64636": row}) for each in packaged().mues]
        checked = claim(*(ClaimLine(code="64636", units=units) for units in parts))
        report = check_claim(
            checked, policy=MEDICARE, reference=packaged().with_tables(mues=by_line)
        )
        found = [f for f in report.findings if f.rule == "mue-exceeded"]

        assert [f.lines for f in found] == [(n,) for n, units in enumerate(parts, 1) if units > 4]
        assert all("appeal" in f.message for f in found)
        assert all(f"has {parts[f.lines[0] - 1]} units" in f.message for f in found)

    def test_another_day_and_another_practitioner_count_alone(self) -> None:
        line = parse_line("64493-RT")
        for other in (
            attrs.evolve(line, date=DAY + dt.timedelta(1)),
            attrs.evolve(line, provider="B"),
        ):
            assert exceeding(claim(attrs.evolve(line, provider="A"), other)) == []
        assert exceeding(claim(line, line))

    def test_both_sides_on_one_line_are_one_unit(self) -> None:
        assert exceeding(claim("64493-50", "64494-50")) == []

    @pytest.mark.parametrize(
        ("lines", "told"),
        [
            (("64493-RT", "64493-LT"), "laterality-format-differs"),
            (("64493-50", "64493"), "bilateral-billed-twice"),
            (("64493-50", "64493-RT"), "bilateral-billed-twice"),
        ],
    )
    def test_both_sides_on_two_lines_are_told_by_the_rule_on_sides(
        self, lines: tuple[str, ...], told: str
    ) -> None:
        """What a rule explains is told once, as gravely as that rule tells it."""
        report = check_claim(claim(*lines), policy=MEDICARE)
        of_both = [f.rule for f in report.findings if f.lines == (1, 2) and f.family != "diagnosis"]

        assert of_both == [told]
        for another in {"laterality-format-differs", "bilateral-billed-twice"} - {told}:
            asked = [get_rule(rule) for rule in ("mue-exceeded", another)]
            found = Checker(MEDICARE, rules=asked).check(claim(*lines)).findings
            assert [f.rule for f in found] == ["mue-exceeded"]

    @pytest.mark.parametrize(
        "lines",
        [("64493-RT", "64493-LT", "64493-RT"), ("64493-RT x2", "64493-LT"), ("64493", "64493")],
    )
    def test_units_that_no_second_side_explains_count(self, lines: tuple[str, ...]) -> None:
        assert [f.lines for f in exceeding(claim(*lines))] == [tuple(range(1, len(lines) + 1))]

    @pytest.mark.parametrize("units", [None, 0, -3, Decimal("1.5"), Decimal("NaN"), 10**40])
    def test_units_that_are_no_count_are_left_to_others(self, units: Decimal | int | None) -> None:
        assert exceeding(claim(ClaimLine(code="64493", units=units))) == []


class TestNotKnown:
    """What no table tells is said once, and no more than once."""

    def reasons(self, checked: Claim) -> list[str]:
        report = check_claim(checked, policy=MEDICARE)
        return [each.reason for each in report.not_checked if each.rule == "mue-exceeded"]

    def test_of_a_surgical_center(self) -> None:
        checked = claim("64493-RT x3", "64494-RT", claim_type=ClaimType.ASC_FACILITY)

        assert exceeding(checked) == []
        assert self.reasons(checked) == [
            "no source we have read states which table these claims meet"
        ]

    def test_of_a_day_before_all_editions(self) -> None:
        [reason] = self.reasons(claim("64493 x2", on=dt.date(2019, 3, 4)))

        assert "mue-2024q3" in reason

    def test_of_codes_that_no_table_has(self) -> None:
        assert self.reasons(claim("64493-RT", "99283-25 x9", "Q9999 x9")) == []

    @pytest.mark.parametrize("name", ["cpt", "commercial", "bcbs-north-dakota"])
    def test_a_policy_without_these_edits_says_nothing(self, name: str) -> None:
        assert exceeding(claim("64493 x2"), policies.get(name)) == []


def test_the_rules_that_report_second_sides_are_rules_on_laterality() -> None:
    assert {get_rule(rule).family for rule in REPORTED_BY} == {RuleFamily.LATERALITY}
