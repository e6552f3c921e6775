"""Pairs of codes against the procedure-to-procedure edits, and the modifiers that pass them."""

from __future__ import annotations

import datetime as dt
import itertools

import attrs
import pytest

from cptfacet import policies
from cptfacet.checking import Checker, check_claim
from cptfacet.claims import Claim, ClaimLine, ClaimType, parse_line
from cptfacet.findings import Finding, FindingKind, Question, Replacement, RuleFamily, Severity
from cptfacet.policies import Provision
from cptfacet.procedures import CodeGroup, ProcedureKind
from cptfacet.reference import packaged
from cptfacet.reference.edits import PairEdits, PairIndicator
from cptfacet.repairing import repair_claim

MEDICARE = policies.get("medicare")
QUARTER = dt.date(2024, 8, 1)  # the set that was read states this day
SPRING = dt.date(2026, 3, 2)
FACET = [p.code for p in packaged().find_procedures(kind=ProcedureKind.FACET)]
BESIDE = sorted({c for group in CodeGroup for c in packaged().find_codes(group, on=QUARTER)})
# Visits and image guidance have rules of their own, where a modifier passes the edit.
ELSEWHERE = [
    code
    for group in (CodeGroup.EVALUATION, CodeGroup.IMAGING_GUIDANCE)
    for code in packaged().find_codes(group, on=QUARTER)
]
OF_PAIRS = ("pair-never-paid", "pair-without-modifier", "pair-with-modifier")
CHECKER = Checker(MEDICARE, memo=0)


def claim(
    *lines: str, on: dt.date = SPRING, claim_type: ClaimType = ClaimType.PROFESSIONAL
) -> Claim:
    return Claim(claim_type=claim_type, date=on, lines=tuple(map(parse_line, lines)))


def of_family(checked: Claim, policy: policies.Policy = MEDICARE) -> list[Finding]:
    report = check_claim(checked, policy=policy)
    return [found for found in report.findings if found.family is RuleFamily.PAIRS]


def rules(checked: Claim) -> set[str]:
    return {found.rule for found in of_family(checked)}


@pytest.mark.slow
@pytest.mark.parametrize("claim_type", ClaimType)
@pytest.mark.parametrize("facet", FACET)
def test_plain_lines_draw_what_the_edits_say_and_nothing_else(
    facet: str, claim_type: ClaimType
) -> None:
    """Every pair of a facet code with another or with a code that claims have beside it.

    Source: data/edits/pairs.csv.
    """
    for other in (*FACET, *BESIDE):
        if other == facet:
            continue
        edit = packaged().pair_edits(facet, other, on=QUARTER, claim_type=claim_type)
        assert isinstance(edit, PairEdits)
        indicator = edit.edit and edit.edit.indicator
        expected = {
            PairIndicator.NEVER: {"pair-never-paid"},
            PairIndicator.ALLOWED: set[str]() if other in ELSEWHERE else {"pair-without-modifier"},
        }.get(indicator or PairIndicator.NONE, set[str]())
        checked = claim(facet, other, on=QUARTER, claim_type=claim_type)
        found = [f for f in CHECKER.check(checked).findings if f.family is RuleFamily.PAIRS]

        assert {f.rule for f in found} == expected, (facet, other)
        for each in found:
            assert (each.kind, each.severity) == (FindingKind.EDIT, Severity.ERROR)
            assert each.lines == (1, 2)
            assert set(edit.provenance.citations) <= set(each.citations)
            assert isinstance(each.remedy, Question)


WAYS = {  # of the two lines of a pair that a modifier passes: their modifiers, and whether they do
    ("", ""): False,
    ("-RT", "-RT"): False,
    ("-RT", "-LT"): True,
    ("-RT", ""): False,
    ("-50", "-RT"): False,
    ("-59", ""): True,
    ("", "-XS"): True,
    ("-RT", "-59-RT"): True,
    ("-79-RT", "-RT"): True,
    ("-KX", "-KX"): False,
    ("-RT-LT", "-LT"): False,
    ("-51", "-51"): False,
}


@pytest.mark.parametrize(("one", "other"), WAYS)
def test_a_modifier_passes_and_a_side_only_against_the_other_side(one: str, other: str) -> None:
    """Source: the provision modifier.pair of medicare, and its note."""
    passes = WAYS[one, other]
    for first, second in ((one, other), (other, one)):
        found = rules(claim(f"64635{first}", f"64493{second}")) & set(OF_PAIRS)
        assert found == {"pair-with-modifier" if passes else "pair-without-modifier"}


def test_a_side_passes_only_where_the_policy_lists_it() -> None:
    listed = MEDICARE.get("modifier.pair", on=SPRING)
    assert isinstance(listed, Provision)
    own = policies.Policy(
        id="own",
        title="Own",
        payer="Own",
        revised=SPRING,
        provisions=(attrs.evolve(listed, value=("59",), policy="own"),),
        extends=MEDICARE,
    )
    for lines, rule in (
        (("64635-RT", "64493-LT"), "pair-without-modifier"),
        (("64635-RT", "64493-59-LT"), "pair-with-modifier"),
        (("64635-RT", "64493-XS-LT"), "pair-without-modifier"),
    ):
        assert {f.rule for f in of_family(claim(*lines), own)} & set(OF_PAIRS) == {rule}


def test_each_line_of_a_pair_has_to_pass() -> None:
    """Where a code stands twice, the finding names the lines that fail and no other."""
    found = of_family(claim("64635-RT", "64493-LT", "64493-RT"))

    assert [(f.rule, f.lines) for f in found] == [("pair-without-modifier", (1, 3))]
    everything = of_family(claim("64635-RT", "64493-LT", "64493-59-RT"))
    assert ("pair-with-modifier", (1, 2, 3)) in [(f.rule, f.lines) for f in everything]


def test_what_passes_is_named() -> None:
    [by_side, _] = (
        of_family(claim("64635-RT", f"64493-{modifiers}"))[0] for modifiers in ("LT", "59-RT")
    )

    assert "only because of LT and RT;" in by_side.message
    messages = [f.message for f in of_family(claim("64635-RT", "64493-59-RT"))]
    assert any("only because of 59;" in message for message in messages)


class TestDistinct:
    """A modifier for distinct services passes pair edits, and has nothing else to pass.

    Source: chapter I of the NCCI policy manual.
    """

    def test_the_general_one_says_less(self) -> None:
        assert "distinct-modifier-not-specific" in rules(claim("64635-RT", "64493-59-RT"))
        assert "distinct-modifier-not-specific" not in rules(claim("64635-RT", "64493-XU-RT"))
        assert "distinct-modifier-not-specific" not in rules(claim("64635", "64493"))

    @pytest.mark.parametrize("modifier", ["59", "XE", "XP", "XS", "XU"])
    def test_where_no_edit_pairs_the_codes(self, modifier: str) -> None:
        for lines in (
            ("64493-RT", f"64483-{modifier}-RT"),
            (f"64493-{modifier}-RT", "64483-RT"),
            ("64490-RT", f"64493-{modifier}-RT"),
        ):
            [found] = [
                f for f in of_family(claim(*lines)) if f.rule == "distinct-modifier-not-needed"
            ]
            assert found.lines == tuple(n for n, x in enumerate(lines, 1) if modifier in x)
            assert found.severity is Severity.WARNING

    def test_a_deleted_edit_is_told_with_its_day(self) -> None:
        [found] = of_family(claim("64493-RT", "27096-59-RT"))

        assert found.rule == "distinct-modifier-not-needed"
        assert "27096 and 64493 was deleted on 2011-04-01" in found.message

    def test_an_edit_in_force_is_a_reason(self) -> None:
        assert "distinct-modifier-not-needed" not in rules(claim("64635-RT", "64493-59-RT"))
        assert "distinct-modifier-not-needed" not in rules(claim("64493-RT", "20552-59"))

    def test_of_two_other_codes_nothing_is_said(self) -> None:
        """Edits between codes that are none of facet levels are not all known."""
        assert "distinct-modifier-not-needed" not in rules(claim("64493-RT", "62323", "64450-59"))

    def test_what_is_not_known_is_not_guessed(self) -> None:
        checked = claim("64494-59-RT", "64634-RT")
        report = check_claim(checked, policy=MEDICARE)

        assert ("distinct-modifier-not-needed", "PTP edits") in {
            (n.rule, n.needs) for n in report.not_checked
        }
        assert "distinct-modifier-not-needed" not in {f.rule for f in report.findings}

    def test_what_one_pair_says_stops_no_other(self) -> None:
        """A pair that fails, or is passed over, comes before one of which something is said."""
        mixed = of_family(claim("64490-RT", "64633-RT", "64635-59-RT"))
        assert ("distinct-modifier-not-specific", (3,)) in {(f.rule, f.lines) for f in mixed}
        others = of_family(claim("62323-59", "64483-RT", "64490-RT", "64493-59-RT"))
        assert [(f.rule, f.lines) for f in others] == [("distinct-modifier-not-needed", (4,))]
        unknown_first = rules(claim("64494-RT", "64634-RT", "64640-RT"))
        assert "pair-never-paid" in unknown_first
        further = of_family(claim("64493-59-RT", "64494-59-RT", "64634-RT", on=QUARTER))
        assert ("distinct-modifier-not-needed", (2,)) in {(f.rule, f.lines) for f in further}

    def test_it_goes_where_the_set_of_that_day_has_no_edit(self) -> None:
        """The remedy stands on the edits of the day itself: carried ones leave a question."""
        checked = claim("64493-RT", "64483-59-RT", on=QUARTER)
        [found] = of_family(checked)

        assert isinstance(found.remedy, Replacement)
        assert [line.text for line in found.remedy.lines] == ["64483-RT x1"]
        repaired = repair_claim(checked, policy=MEDICARE)
        assert [line.text for line in repaired.claim.lines] == ["64493-RT x1", "64483-RT x1"]
        [carried] = of_family(claim("64493-RT", "64483-59-RT"))
        assert isinstance(carried.remedy, Question)
        twice = of_family(claim("64493-RT", "64483-RT", "64483-59-RT", on=QUARTER))
        assert all(isinstance(f.remedy, Question) for f in twice)


class TestBounds:
    """Looking pairs up is bounded, and what is not looked up is said."""

    def test_more_codes_than_are_asked_for(self) -> None:
        letters = itertools.product("ABCEGHJ", range(40))
        many = tuple(ClaimLine(code=f"{letter}{number:04}") for letter, number in letters)
        lines = (parse_line("64635-59"), parse_line("64493"), *many)
        checked = Claim(claim_type=ClaimType.PROFESSIONAL, date=SPRING, lines=lines)
        report = check_claim(checked, policy=MEDICARE)
        few = check_claim(
            Claim(claim_type=ClaimType.PROFESSIONAL, date=SPRING, lines=lines[:150]),
            policy=MEDICARE,
        )

        unasked = {n.rule for n in report.not_checked if n.needs == "fewer codes"}
        assert unasked == {
            "pair-never-paid",
            "pair-without-modifier",
            "distinct-modifier-not-needed",
        }
        assert [f for f in report.findings if f.family is RuleFamily.PAIRS] == []
        assert "pair-with-modifier" in {f.rule for f in few.findings}

    def test_more_lines_than_findings_can_hold(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cptfacet.checking.rules.pairs._MOST", 5)
        for lines, found in ((["64635", "64493"], True), (["64635", "64493", "64493"], False)):
            report = check_claim(claim(*lines), policy=MEDICARE)
            assert ("pair-without-modifier" in {f.rule for f in report.findings}) is found
            assert ("fewer codes" in {n.needs for n in report.not_checked}) is not found

    def test_codes_that_are_none_are_passed_over(self) -> None:
        odd = tuple(ClaimLine(code=code) for code in ("", "6449", "\0", "x" * 10**6))
        lines = (parse_line("64635-RT"), parse_line("64493-RT"), *odd)
        checked = Claim(claim_type=ClaimType.PROFESSIONAL, date=SPRING, lines=lines)

        assert rules(checked) == {"pair-without-modifier"}

    def test_before_the_set_nothing_is_known(self) -> None:
        report = check_claim(claim("64635", "64493", on=dt.date(2023, 3, 6)), policy=MEDICARE)

        assert {n.rule for n in report.not_checked if n.needs == "PTP edits"} == {
            "pair-never-paid",
            "pair-without-modifier",
        }

    def test_a_payer_whose_modifiers_are_not_known(self) -> None:
        base = policies.get("cpt")
        families = base.get("checks.families", on=SPRING)
        assert isinstance(families, Provision)
        adopts = policies.Policy(
            id="own",
            title="A payer that adopts the edits",
            payer="Own",
            revised=SPRING,
            provisions=(attrs.evolve(families, value=("pairs",), policy="own"),),
            extends=base,
        )
        report = check_claim(claim("64635", "64493-59"), policy=adopts)

        assert report.findings == ()
        assert [(n.rule, n.needs) for n in report.not_checked] == [
            ("pair-without-modifier", "modifier.pair")
        ]

    @pytest.mark.parametrize("name", ["cpt", "commercial"])
    def test_a_policy_without_these_edits_says_nothing(self, name: str) -> None:
        assert of_family(claim("64635", "64493"), policies.get(name)) == []
