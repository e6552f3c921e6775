"""Sedation and anesthesia beside facet procedures."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from cptfacet import policies
from cptfacet.checking import check_claim
from cptfacet.claims import Claim, ClaimType, parse_line
from cptfacet.findings import FindingKind, Question, RuleFamily
from cptfacet.policies import Provision
from cptfacet.procedures import CodeGroup, Family
from cptfacet.reference import packaged

DAY = dt.date(2026, 3, 2)
SEDATION = [
    code
    for group in (CodeGroup.SEDATION, CodeGroup.ANESTHESIA)
    for code in packaged().find_codes(group, on=DAY)
]
INJECTION, ABLATION = "sedation-with-injection", "sedation-with-ablation"


def found(
    *lines: str, policy: str = "medicare", on: dt.date = DAY
) -> list[tuple[str, str, tuple[int, ...]]]:
    checked = Claim(claim_type=ClaimType.PROFESSIONAL, date=on, lines=tuple(map(parse_line, lines)))
    report = check_claim(checked, policy=policies.get(policy))
    of_family = [f for f in report.findings if f.family is RuleFamily.SEDATION]
    assert all(f.kind is FindingKind.COVERAGE for f in of_family)
    assert all(isinstance(f.remedy, Question) for f in of_family)
    return [(f.rule, f.severity.value, f.lines) for f in of_family]


@pytest.mark.parametrize("code", SEDATION)
def test_every_code_of_sedation_with_either_procedure(code: str) -> None:
    """With an injection it is not covered; with an ablation, one by one.

    Source: X5 and X6 of the coverage determinations.
    """
    assert found("64493-RT", code) == [(INJECTION, "error", (2,))]
    assert found("64635-RT", code) == [(ABLATION, "warning", (2,))]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["64493-RT", "64494-RT", "99152"], "with 64493 and 64494 is not covered"),
        (["64635-RT", "64490-RT", "99152"], "with 64635 is covered only case by case"),
    ],
)
def test_it_says_what_the_policy_says_and_by_which_provision(lines: list[str], said: str) -> None:
    medicare = policies.get("medicare")
    checked = Claim(
        claim_type=ClaimType.PROFESSIONAL, date=DAY, lines=tuple(map(parse_line, lines))
    )
    [found] = [
        f for f in check_claim(checked, policy=medicare).findings if f.family is RuleFamily.SEDATION
    ]
    family = "ablation" if "64635-RT" in lines else "image-guided-injection"

    assert found.message.startswith(f"99152: sedation or anesthesia {said}")
    assert found.citations == medicare.get("coverage.sedation", on=DAY, family=family).citations


def test_of_both_the_ablation_may_explain_it() -> None:
    assert found("64635-RT", "64490-RT", "99152") == [(ABLATION, "warning", (3,))]


def test_monitored_care_is_told_by_its_modifier_too() -> None:
    assert found("64493-RT", "01999-QS") == [(INJECTION, "error", (2,))]
    assert found("64493-RT", "01999-P2") == []


def test_lines_of_one_code_are_one_finding() -> None:
    assert found("99152", "64493-RT", "99153 x2", "99152") == [
        (INJECTION, "error", (1, 4)),
        (INJECTION, "error", (3,)),
    ]


def test_a_payer_that_looks_at_reasons_with_injections_too() -> None:
    """Source: cigna-mm-0551, the provision coverage.sedation of cigna."""
    assert found("64493-RT", "99152", policy="cigna") == [(INJECTION, "warning", (2,))]
    assert found("64635-RT", "99152", policy="cigna") == [(ABLATION, "warning", (2,))]


@pytest.mark.parametrize(
    ("policy", "on"),
    [("cpt", "2026-03-02"), ("medicare-je", "2021-04-24"), ("cigna", "2024-01-08")],
)
def test_no_policy_no_finding(policy: str, on: str) -> None:
    assert found("64493-RT", "99152", policy=policy, on=dt.date.fromisoformat(on)) == []


class TestAnother:
    """Sedation that another practitioner bills is judged alike, and no day is asked twice.

    Source: X5 and X6 of the coverage determinations, which name no practitioner.
    """

    RULE = "sedation-by-other-provider"

    def of(
        self, *lines: tuple[str, str], policy: str = "medicare", later: bool = False
    ) -> list[tuple[str, str, tuple[int, ...]]]:
        read = [
            attrs.evolve(
                parse_line(text),
                provider=who,
                date=DAY + dt.timedelta(1) if later and who == "B" else None,
            )
            for text, who in lines
        ]
        checked = Claim(claim_type=ClaimType.PROFESSIONAL, date=DAY, lines=tuple(read))
        report = check_claim(checked, policy=policies.get(policy))
        of_family = [f for f in report.findings if f.family is RuleFamily.SEDATION]
        return [(f.rule, f.severity.value, f.lines) for f in of_family]

    def test_with_each_procedure(self) -> None:
        injected = ("64493-RT", "A"), ("01992-QS", "B")
        ablated = ("99156", "B"), ("64635-RT", "A")

        assert self.of(*injected) == [(self.RULE, "error", (2,))]
        assert self.of(*ablated) == [(self.RULE, "warning", (1,))]
        assert self.of(*ablated, ("64490-RT", "A")) == [(self.RULE, "warning", (1,))]
        assert self.of(*injected, policy="cigna") == [(self.RULE, "warning", (2,))]
        assert self.of(*injected, policy="cpt") == []

    def test_of_another_day_it_is_not_asked(self) -> None:
        assert self.of(("64493-RT", "A"), ("01992-QS", "B"), later=True) == []

    def test_what_one_practitioner_bills_is_left_to_the_other_rules(self) -> None:
        assert self.of(("64493-RT", "A"), ("99152", "A"), ("99213-25", "B")) == [
            (INJECTION, "error", (2,))
        ]
        assert self.of(("64493-RT", "A"), ("99152", "A"), ("99156", "B")) == [
            (INJECTION, "error", (2,)),
            (self.RULE, "error", (3,)),
        ]


def test_where_an_ablation_explains_nothing() -> None:
    """A payer that denies sedation with injections, and says nothing of ablation."""
    base = policies.get("cpt")
    families = base.get("checks.families", on=DAY)
    assert isinstance(families, Provision)
    key = "coverage.sedation"
    denies = attrs.evolve(families, key=key, cell=(Family.IMAGE_GUIDED_INJECTION,), policy="own")
    own = policies.Policy(
        id="own",
        title="Own",
        payer="Own",
        revised=DAY,
        provisions=(
            attrs.evolve(denies, value="not-covered"),
            attrs.evolve(families, value=("sedation",), policy="own"),
        ),
        extends=base,
    )
    for provider, rule in (("A", INJECTION), ("B", TestAnother.RULE)):
        lines = [attrs.evolve(parse_line(text), provider="A") for text in ("64635-RT", "64490-RT")]
        lines.append(attrs.evolve(parse_line("99152"), provider=provider))
        checked = Claim(claim_type=ClaimType.PROFESSIONAL, date=DAY, lines=tuple(lines))
        found = check_claim(checked, policy=own).findings
        assert [f.rule for f in found if f.family is RuleFamily.SEDATION] == [rule]


@pytest.mark.parametrize(
    ("provider", "rules"), [("A", {INJECTION, ABLATION}), ("B", {TestAnother.RULE})]
)
def test_where_the_policy_is_not_known_it_says_so(provider: str, rules: set[str]) -> None:
    lines = [attrs.evolve(parse_line(text), provider="A") for text in ("64493-RT", "64635-RT")]
    lines.append(attrs.evolve(parse_line("99152"), provider=provider))
    checked = Claim(claim_type=ClaimType.PROFESSIONAL, date=dt.date(2019, 3, 4), lines=tuple(lines))
    report = check_claim(checked, policy=policies.get("medicare"))

    assert {n.rule for n in report.not_checked if n.needs == "coverage.sedation"} == rules
