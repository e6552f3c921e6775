"""Image guidance on lines of its own, ultrasound, and injections beside ablations."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import attrs
import pytest

from cptfacet import policies
from cptfacet.checking import check_claim
from cptfacet.claims import Claim, ClaimType, parse_line
from cptfacet.findings import Finding, FindingKind, Question, Replacement, RuleFamily, Severity
from cptfacet.policies import Provision
from cptfacet.procedures import CodeGroup, Family
from cptfacet.reference import packaged
from cptfacet.repairing import repair_claim

CPT, MEDICARE = policies.get("cpt"), policies.get("medicare")
DAY = dt.date(2026, 3, 2)
IMAGING = packaged().find_codes(CodeGroup.IMAGING_GUIDANCE, on=DAY)
FACET = [p.code for family in Family for p in packaged().find_procedures(family=family, on=DAY)]


def claim(*lines: str, on: dt.date = DAY) -> Claim:
    read = tuple(map(parse_line, lines))
    return Claim(claim_type=ClaimType.PROFESSIONAL, date=on, lines=read)


def of_family(checked: Claim, policy: policies.Policy = CPT) -> list[Finding]:
    report = check_claim(checked, policy=policy)
    return [found for found in report.findings if found.family is RuleFamily.IMAGING]


def rules(checked: Claim, policy: policies.Policy = CPT) -> set[str]:
    return {found.rule for found in of_family(checked, policy)}


def own(extends: str, key: str, value: policies.Value) -> policies.Policy:
    """Make a payer of one's own, which says one thing otherwise."""
    base = policies.get(extends)
    like = base.get("checks.families", on=DAY)
    assert isinstance(like, Provision)
    stated = attrs.evolve(like, key=key, value=value, policy="own")
    return policies.Policy(
        id="own", title="Own", payer="Own", revised=DAY, provisions=(stated,), extends=base
    )


class TestBundled:
    """Image guidance is a part of every facet code of today, and of no code before.

    Source: the provision imaging.separate of cpt.
    """

    @pytest.mark.parametrize("imaging", IMAGING)
    @pytest.mark.parametrize("facet", FACET)
    def test_every_kind_in_every_code(self, facet: str, imaging: str) -> None:
        found = [f for f in of_family(claim(facet, imaging)) if f.rule == "imaging-bundled"]

        assert [(f.lines, f.kind, f.severity) for f in found] == [
            ((2,), FindingKind.CODING, Severity.ERROR)
        ]

    @pytest.mark.parametrize("policy", ["cpt", "commercial", "medicare"])
    @pytest.mark.parametrize("imaging", ["76000", "76380", "76937", "77001"])
    def test_a_modifier_does_not_help_imaging_beside_facet_codes_alone(
        self, imaging: str, policy: str
    ) -> None:
        """The finding says to drop it, and no rule asks for a modifier or calls one enough."""
        for line in (imaging, f"{imaging}-59"):
            report = check_claim(claim("64493-RT", line), policy=policy)
            found = {f.rule: f.severity for f in report.findings if 2 in f.lines}
            assert found["imaging-bundled"] is Severity.ERROR
            assert not found.keys() & {"pair-without-modifier", "pair-with-modifier"}

    @pytest.mark.parametrize("lines", [("64475", "77003"), ("64475", "64476", "77003-26")])
    def test_not_in_the_codes_before(self, lines: tuple[str, ...]) -> None:
        assert rules(claim(*lines, on=dt.date(2009, 12, 31))) == set()

    def test_alone_it_is_another_matter(self) -> None:
        assert rules(claim("77003", "20610")) == set()

    def test_a_policy_that_pays_it_says_nothing(self) -> None:
        pays = policies.get("mississippi-workers-compensation")

        assert "imaging-bundled" in rules(claim("64493-RT", "77003"))
        assert rules(claim("64493-RT", "77003"), pays) == set()

    def test_it_goes_where_nothing_else_can_have_needed_it(self) -> None:
        checked = claim("64493-RT", "77003-26", "77012", "99213-25")
        repaired = repair_claim(checked, policy=CPT)

        assert [line.text for line in repaired.claim.lines] == ["64493-RT x1", "99213-25 x1"]
        assert rules(repaired.claim) == set()

    def test_it_names_the_codes_that_include_it(self) -> None:
        [found, *_] = of_family(claim("64494-RT", "64493-RT", "77012"))

        assert (
            found.message
            == "77012: imaging guidance is included in 64493 and 64494; do not bill it"
        )

    def test_its_charge_is_not_lost_unasked(self) -> None:
        facet, imaging = map(parse_line, ("64493-RT", "77003"))
        charged = attrs.evolve(
            claim(), lines=(facet, attrs.evolve(imaging, charge=Decimal("110.50")))
        )
        [found] = of_family(charged)

        assert isinstance(found.remedy, Question)
        assert "charge" in found.remedy.question
        assert repair_claim(charged, policy=CPT).claim == charged

    def test_another_procedure_may_have_needed_it(self) -> None:
        [plain] = of_family(claim("64493-RT", "20610", "76942"))
        [marked] = of_family(claim("64493-RT", "20610", "76942-59"))
        [alone] = of_family(claim("64493-RT", "76942-59"))

        assert (plain.severity, marked.severity) == (Severity.ERROR, Severity.WARNING)
        for found in (plain, marked):
            assert isinstance(found.remedy, Question)
            assert found.remedy.question.startswith("Did 76942 guide another procedure")
        assert alone.severity is Severity.ERROR
        assert isinstance(alone.remedy, Replacement)


class TestUltrasound:
    """Ultrasound is not covered, by the policies that say so, from their day on.

    Source: X1 of the coverage determinations.
    """

    @pytest.mark.parametrize(
        ("policy", "on", "found"),
        [
            ("medicare", "2021-05-02", True),
            ("medicare-je", "2021-04-25", True),
            ("medicare-je", "2021-04-24", False),
            ("cpt", "2026-03-02", False),
        ],
    )
    def test_where_a_policy_denies_it(self, policy: str, on: str, *, found: bool) -> None:
        checked = claim("0216T-RT", "0217T-RT", on=dt.date.fromisoformat(on))
        denied = of_family(checked, policies.get(policy))

        assert [(f.rule, f.lines) for f in denied] == (
            [("ultrasound-not-covered", (1, 2))] if found else []
        )
        report = check_claim(checked, policy=policies.get(policy))
        unasked = {n.rule for n in report.not_checked if n.needs == "coverage.family"}
        assert unasked == (set() if found else {"ultrasound-not-covered"})

    def test_a_payer_that_covers_it(self) -> None:
        base = own("cpt", "coverage.other-blocks", "each-justified")
        [like] = base.provisions
        assert isinstance(like, Provision)
        covers = attrs.evolve(
            like, key="coverage.family", cell=(Family.ULTRASOUND_INJECTION,), value="covered"
        )
        report = check_claim(claim("0216T-RT"), policy=attrs.evolve(base, provisions=(covers,)))

        assert "ultrasound-not-covered" not in {
            *(f.rule for f in report.findings),
            *(n.rule for n in report.not_checked),
        }

    def test_two_kinds_in_one_region_are_looked_at(self) -> None:
        [found] = of_family(claim("64493-RT", "64494-RT", "0216T-LT", "64490-RT"))

        assert (found.rule, found.severity) == ("guidance-mixed", Severity.WARNING)
        assert found.kind is FindingKind.COVERAGE  # coding writes it, where that is what was done
        assert found.lines == (1, 2, 3)
        assert rules(claim("64493-RT", "0213T-LT")) == set()


class TestInjectionWithAblation:
    """An injection at a joint that is ablated is included; lines tell the region and no joint.

    Source: ORC-059 and ORC-060 of the published cases.
    """

    @pytest.mark.parametrize("policy", ["cpt", "medicare", "commercial"])
    @pytest.mark.parametrize("injected", ["64493", "64494", "0216T"])
    def test_of_one_region_is_looked_at(self, policy: str, injected: str) -> None:
        checked = claim("64635-RT", f"{injected}-RT", "64636-RT", "64490-RT")
        found = [
            f
            for f in of_family(checked, policies.get(policy))
            if f.rule == "injection-with-ablation"
        ]

        assert [(f.lines, f.severity, f.kind) for f in found] == [
            ((2,), Severity.WARNING, FindingKind.COVERAGE)
        ]

    def test_of_two_regions_is_not(self) -> None:
        assert rules(claim("64633-RT", "64493-RT")) == set()

    def test_old_codes_too(self) -> None:
        checked = claim("64622", "64475", on=dt.date(2009, 6, 1))

        assert rules(checked) == {"injection-with-ablation"}

    def test_a_payer_that_pays_both(self) -> None:
        pays = own("cpt", "coding.injection-at-ablated-joint", "separate")

        assert rules(claim("64635-RT", "64493-RT"), pays) == set()

    def test_before_any_source(self) -> None:
        report = check_claim(claim("64622", "64475", on=dt.date(2006, 6, 1)), policy=CPT)

        assert ("injection-with-ablation", "coding.injection-at-ablated-joint") in {
            (n.rule, n.needs) for n in report.not_checked
        }
