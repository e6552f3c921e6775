"""Other services of the day, codes of other policies, and the facility of a surgical center."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from cptfacet import _data, policies
from cptfacet.anatomy import Joint, Side
from cptfacet.checking import check_claim
from cptfacet.claims import Claim, ClaimType, parse_line
from cptfacet.findings import Finding, FindingKind, Question, RuleFamily, Severity
from cptfacet.policies import Provision
from cptfacet.procedures import CodeGroup, Family
from cptfacet.reference import packaged
from cptfacet.reference.edits import Addendum, AscStatus
from cptfacet.sessions import Guidance, Session, Target, Technique, Treatment

DAY = dt.date(2026, 3, 2)


def claim(*lines: str, on: dt.date = DAY, claim_type: ClaimType = ClaimType.PROFESSIONAL) -> Claim:
    return Claim(claim_type=claim_type, date=on, lines=tuple(map(parse_line, lines)))


def of_family(
    checked: Claim, policy: str = "medicare", session: Session | None = None
) -> list[Finding]:
    report = check_claim(checked, policy=policies.get(policy), session=session)
    return [found for found in report.findings if found.family is RuleFamily.SERVICES]


def told(checked: Claim, policy: str = "medicare") -> list[tuple[str, str, tuple[int, ...]]]:
    return [(f.rule, f.severity.value, f.lines) for f in of_family(checked, policy)]


def own(extends: str, key: str, value: policies.Value) -> policies.Policy:
    """Make a payer of one's own, which says one thing otherwise."""
    base = policies.get(extends)
    like = base.get("checks.families", on=DAY)
    assert isinstance(like, Provision)
    stated = attrs.evolve(like, key=key, value=value, policy="own")
    return policies.Policy(
        id="own", title="Own", payer="Own", revised=DAY, provisions=(stated,), extends=base
    )


class TestVisits:
    """The payment of a minor procedure holds the visit, unless a modifier sets it apart.

    Source: chapter I of the policy manual; the global days of each code.
    """

    RULE = "em-without-modifier"

    @pytest.mark.parametrize("visit", packaged().find_codes(CodeGroup.EVALUATION, on=DAY))
    def test_every_visit_needs_it(self, visit: str) -> None:
        for policy in ("cpt", "medicare", "bcbs-north-dakota"):
            plain, marked = claim("64493-RT", visit), claim("64493-RT", f"{visit}-25")
            assert told(plain, policy)[0] == (self.RULE, "error", (2,))
            assert self.RULE not in {rule for rule, _, _ in told(marked, policy)}

    @pytest.mark.parametrize("family", Family)
    def test_with_first_levels_alone(self, family: Family) -> None:
        """Add-ons have no global days of their own."""
        for procedure in packaged().find_procedures(family=family, on=DAY):
            indicators = procedure.indicators
            assert indicators
            minor = indicators.global_days in {"000", "010"}
            found = [f for f in of_family(claim(procedure.code, "99213")) if f.rule == self.RULE]
            assert bool(found) is minor, procedure.code
            for each in found:
                assert set(indicators.citations) <= set(each.citations)

    def test_the_modifier_is_never_added(self) -> None:
        [found] = of_family(claim("64493-RT", "99213", "99214-25"))

        assert found.lines == (2,)
        assert isinstance(found.remedy, Question)

    def test_a_payer_that_asks_for_none(self) -> None:
        report = check_claim(
            claim("64493-RT", "99213"), policy=own("cpt", "modifier.separate-visit", "none")
        )
        assert self.RULE not in {f.rule for f in report.findings}

    def test_codes_without_global_days_that_were_read(self) -> None:
        asks = own("cpt", "modifier.separate-visit", "25")
        report = check_claim(claim("64493", "G0463", on=dt.date(2015, 6, 1)), policy=asks)
        assert (self.RULE, "global days") in {(n.rule, n.needs) for n in report.not_checked}

    def test_before_the_modifier_was_seen(self) -> None:
        report = check_claim(
            claim("64493-RT", "99213", on=dt.date(2024, 6, 20)), policy=policies.get("cpt")
        )
        assert (self.RULE, "modifier.separate-visit") in {
            (n.rule, n.needs) for n in report.not_checked
        }


class TestOtherBlocks:
    """Blocks of another kind on one day are justified each on its own.

    Source: X7 and X8 of the coverage determinations; ORC-144 and ORC-149 of the published cases.
    """

    RULE = "other-block-same-day"

    @pytest.mark.parametrize(
        "group",
        [
            CodeGroup.EPIDURAL,
            CodeGroup.TRIGGER_POINT,
            CodeGroup.SYMPATHETIC_BLOCK,
            CodeGroup.SACROILIAC,
        ],
    )
    def test_of_each_kind(self, group: CodeGroup) -> None:
        for code in packaged().find_codes(group, on=DAY):
            for policy, severity in (
                ("cpt", "warning"),
                ("medicare", "warning"),
                ("mississippi-workers-compensation", "error"),
            ):
                found = [
                    f for f in of_family(claim(code, "64493-RT"), policy) if f.rule == self.RULE
                ]
                assert [(f.lines, f.severity.value) for f in found] == [((1,), severity)]
                assert found[0].kind is FindingKind.COVERAGE
                cyst = policy == "medicare" and group is CodeGroup.EPIDURAL
                assert ("cyst" in found[0].message) is cyst

    @pytest.mark.parametrize("code", packaged().find_codes(CodeGroup.EPIDURAL, on=DAY))
    @pytest.mark.parametrize("facet", ["64490-RT", "64493-RT", "64633-RT", "64635-RT"])
    def test_an_epidural_of_another_region_is_no_question_of_level_alone(
        self, facet: str, code: str
    ) -> None:
        [related] = packaged().find_grouped_codes(code)
        region = packaged().get_procedure(facet[:5]).region
        [found] = [f for f in of_family(claim(facet, code), "medicare") if f.rule == self.RULE]
        other = related.region not in {None, region}

        assert ("another region" in found.message) is other
        assert ("not routine" in found.message) is other
        assert "cyst" in found.message

    def test_before_any_source(self) -> None:
        report = check_claim(
            claim("64493-RT", "62310", on=dt.date(2016, 11, 1)), policy=policies.get("cpt")
        )
        assert (self.RULE, "coverage.other-blocks") in {
            (n.rule, n.needs) for n in report.not_checked
        }

    def test_not_of_another_practitioner_or_day(self) -> None:
        epidural = parse_line("62323")
        for other in (
            attrs.evolve(epidural, date=DAY + dt.timedelta(1)),
            attrs.evolve(epidural, provider="B"),
        ):
            facet = attrs.evolve(parse_line("64493-RT"), provider="A")
            assert of_family(attrs.evolve(claim(), lines=(facet, other))) == []


class TestOtherPolicies:
    """What is no facet procedure is named as such, and what is denied as such is found."""

    @pytest.mark.parametrize("code", packaged().find_codes(CodeGroup.SACROILIAC, on=DAY))
    def test_sacroiliac_codes_are_judged_elsewhere(self, code: str) -> None:
        assert told(claim(code)) == [("governed-by-other-policy", "info", (1,))]

    @pytest.mark.parametrize("code", packaged().find_codes(CodeGroup.IMPLANT, on=DAY))
    def test_implants(self, code: str) -> None:
        assert told(claim(code)) == [("implant-not-covered", "error", (1,))]
        assert told(claim(code), "cpt") == []

    @pytest.mark.parametrize("technique", Technique)
    def test_the_unlisted_code_by_what_was_done(self, technique: Technique) -> None:
        """Source: X13 of the coverage determinations."""
        denied = {"pulsed-radiofrequency-ablation", "chemical-neurolysis", "cryoablation"}
        denied |= {"laser-ablation"}
        session = Session(
            date=DAY,
            claim_type=ClaimType.PROFESSIONAL,
            treatments=(
                Treatment(
                    technique=technique,
                    guidance=Guidance.FLUOROSCOPY,
                    targets=(Target(joint=Joint.L4_L5, side=Side.RIGHT),),
                ),
            ),
        )
        found = of_family(claim("64999"), "medicare-je", session)

        assert [(f.rule, f.severity) for f in found] == (
            [("non-thermal-not-covered", Severity.ERROR)] if technique in denied else []
        )
        assert all(technique.replace("-", " ") in f.message and f.remedy is None for f in found)

    def test_the_unlisted_code_alone_is_a_question(self) -> None:
        [found] = of_family(claim("64999"))

        assert (found.rule, found.severity) == ("non-thermal-not-covered", Severity.INFO)
        assert isinstance(found.remedy, Question)
        report = check_claim(claim("64999"), policy=policies.get("cpt"))
        assert ("non-thermal-not-covered", "coverage.technique") in {
            (n.rule, n.needs) for n in report.not_checked
        }


class TestSurgicalCenters:
    """What is paid to a surgical center stands on the addenda.

    Source: data/edits/asc.csv.
    """

    @pytest.mark.parametrize("family", Family)
    def test_packaged_codes(self, family: Family) -> None:
        for procedure in packaged().find_procedures(family=family, on=DAY):
            status = packaged().asc_status(procedure.code, on=DAY)
            assert isinstance(status, AscStatus)
            checked = claim(procedure.code, claim_type=ClaimType.ASC_FACILITY)
            found = [f for f in of_family(checked) if f.rule == "asc-packaged"]
            assert [(f.lines, f.severity.value) for f in found] == (
                [((1,), "info")] if status.indicator == "N1" else []
            )
            assert all(f.citations == status.provenance.citations for f in found)

    def test_excluded_codes(self) -> None:
        checked = claim("64999", "64493-RT", claim_type=ClaimType.ASC_FACILITY)
        status = packaged().asc_status("64999", on=DAY)

        assert isinstance(status, AscStatus)
        assert status.addendum is Addendum.EXCLUDED
        assert ("asc-not-payable", "error", (1,)) in told(checked)

    def test_what_the_addenda_do_not_tell(self) -> None:
        early = claim(
            "64493-RT", "64494-RT", on=dt.date(2019, 3, 4), claim_type=ClaimType.ASC_FACILITY
        )
        asks = own("medicare", "facility.asc-list", "asc-addenda")

        assert ("asc-packaged", "info", (2,)) in told(attrs.evolve(early, date=dt.date(2021, 1, 1)))
        assert {f[0] for f in told(early)} == set()
        report = check_claim(early, policy=asks)
        assert [n.needs for n in report.not_checked if n.rule == "asc-packaged"] == ["ASC addenda"]

    def test_of_codes_that_no_addendum_has(self) -> None:
        checked = claim("64493-RT", "99213-25", claim_type=ClaimType.ASC_FACILITY)
        report = check_claim(checked, policy=policies.get("medicare"))

        assert not any(n.rule.startswith("asc-") for n in report.not_checked)

    def test_only_facilities_and_only_where_the_payer_goes_by_them(self) -> None:
        for claim_type, policy in (
            (ClaimType.PROFESSIONAL, "medicare"),
            (ClaimType.HOSPITAL_OUTPATIENT, "medicare"),
            (ClaimType.ASC_FACILITY, "commercial"),
        ):
            found = of_family(claim("64493-RT", "64494-RT", claim_type=claim_type), policy)
            assert not any(f.rule.startswith("asc-") for f in found)


class TestDistinctForLevels:
    """59 and its kin tell no side and no level, and pass no limit on levels.

    Source: ORC-116 of the published cases; chapter I of the NCCI policy manual.
    """

    @pytest.mark.parametrize("policy", ["cpt", "commercial", "medicare"])
    @pytest.mark.parametrize(
        ("lines", "found"),
        [
            (["64493-59"], [(1,)]),
            (["64493-RT", "64494-RT", "64494-59-RT"], [(3,)]),
            (["64493-XS-RT", "64494-59-RT"], [(1,), (2,)]),
            (["64635-RT", "64636-59-RT x2", "99213-25"], [(2,)]),
            (["64493-50"], []),
            (["64635-RT", "64493-59-RT"], []),  # two families: an edit may pair them
            (["64490-RT", "64493-59-RT"], []),  # two regions
            (["64493-59-RT", "62323"], []),  # another service
        ],
    )
    def test_levels_of_one_family_and_region(
        self, policy: str, lines: list[str], found: list[tuple[int, ...]]
    ) -> None:
        findings = [
            f for f in of_family(claim(*lines), policy) if f.rule == "distinct-modifier-for-levels"
        ]

        assert [f.lines for f in findings] == found
        assert all(f.kind is FindingKind.CODING for f in findings)
        for each in findings:
            used = "XS" if "XS" in lines[each.lines[0] - 1] else "59"
            assert f"remove {used}, and report a side" in each.message
        assert all(isinstance(f.remedy, Question) for f in findings)

    def test_one_finding_a_line_whoever_finds_it(self) -> None:
        """Medicare's rule on edits leaves these lines to this one."""
        report = check_claim(claim("64493-59"), policy=policies.get("medicare"))

        assert "distinct-modifier-not-needed" not in {f.rule for f in report.findings}


class TestExpectedDenial:
    """Where a denial is to be expected, a modifier says who bears it.

    Source: MCR-41.
    """

    RULE = "expected-denial-without-abn"

    @pytest.mark.parametrize(
        ("lines", "found"),
        [
            (["64493-RT", "99152"], [(2,)]),
            (["64493-RT", "99152-GZ"], []),
            (["64493-RT-GA", "99152"], [(2,)]),  # the line that is denied has none
            (["0216T-RT"], [(1,)]),
            (["64493-RT"], []),
            (["64635-RT", "99152"], []),  # a warning is no denial
            (["64493-RT x2"], []),  # an edit is no question of coverage
        ],
    )
    def test_under_medicare(self, lines: list[str], found: list[tuple[int, ...]]) -> None:
        findings = [f for f in of_family(claim(*lines)) if f.rule == self.RULE]

        assert [f.lines for f in findings] == found
        assert all("GA (signed ABN on file) or GZ (no signed ABN)" in f.message for f in findings)
        assert all(f.severity is Severity.INFO for f in findings)

    def test_each_day_by_itself(self) -> None:
        other = attrs.evolve(parse_line("64493-RT"), date=DAY + dt.timedelta(40))
        checked = claim("64493-RT", "99152")
        both = attrs.evolve(checked, lines=(*checked.lines, other))

        assert [f.lines for f in of_family(both) if f.rule == self.RULE] == [(2,)]


def _instructed() -> list[tuple[str, str]]:
    """List the pairs of a facet code and a related one that a coding instruction keeps apart."""
    facet = {p.code for f in Family for p in packaged().find_procedures(family=f, on=DAY)}
    others = {
        code
        for group in CodeGroup
        if group not in {CodeGroup.EVALUATION, CodeGroup.IMAGING_GUIDANCE}
        for code in packaged().find_codes(group, on=DAY)
    }
    listed: list[tuple[str, str]] = []
    for row in _data.read_csv("edits/pairs.csv"):
        if (
            row["service"] != "practitioner"
            or row["deleted"]
            or "CPT Manual" not in row["rationale"]
        ):
            continue
        listed += [
            (one, two)
            for one in _data.codes_of(row["column1"])
            for two in _data.codes_of(row["column2"])
            if (one in facet and two in others) or (two in facet and one in others)
        ]
    return listed


class TestCodingInstructions:
    """A coding instruction holds under the code set itself, whoever adopts the edits.

    Source: the PTP edits of 2024-07-01, whose rationale names it.
    """

    RULE = "coding-instruction-excludes"

    @pytest.mark.parametrize("policy", ["cpt", "commercial"])
    @pytest.mark.parametrize("pair", _instructed(), ids="-".join)
    def test_every_pair_of_a_related_code(self, pair: tuple[str, str], policy: str) -> None:
        def found(*lines: str) -> list[tuple[str, str, tuple[int, ...]]]:
            return [each for each in told(claim(*lines), policy) if each[0] == self.RULE]

        one, two = pair
        assert found(f"{one}-RT", f"{two}-RT") == [(self.RULE, "error", (1, 2))]
        assert found(f"{one}-RT", f"{two}-59-RT") == [(self.RULE, "warning", (1, 2))]

    def test_the_pairs_that_practices_meet_are_among_them(self) -> None:
        assert {("64635", "64625"), ("64451", "64493"), ("64633", "20552")} <= set(_instructed())

    def test_where_the_edits_run_they_say_it(self) -> None:
        rules = {rule for rule, _, _ in told(claim("64635-RT", "64625-RT"), "medicare")}

        assert self.RULE not in rules

    def test_other_reasons_are_the_payers(self) -> None:
        """64483 is paired with 64493 in no edit; 62323 is, for another reason."""
        for other in ("64483", "62323"):
            rules = {rule for rule, _, _ in told(claim("64493-RT", other), "cpt")}
            assert self.RULE not in rules

    def test_before_the_set_it_is_not_checked(self) -> None:
        report = check_claim(
            claim("64635-RT", "64625-RT", on=dt.date(2024, 6, 30)), policy="commercial"
        )

        assert self.RULE in {skipped.rule for skipped in report.not_checked}


STATUSES = {row["code"]: row["status"] for row in _data.read_csv("codes/indicators.csv")}


class TestFeeSchedule:
    """Under Medicare, a code that the physician fee schedule never pays a practitioner is found.

    Source: the status column of the relative value files.
    """

    RULE = "service-not-covered"

    def found(self, code: str, claim_type: ClaimType = ClaimType.PROFESSIONAL) -> bool:
        return any(
            rule == self.RULE and lines == (2,)
            for rule, _, lines in told(claim("64493-RT", code, claim_type=claim_type))
        )

    @pytest.mark.parametrize("group", CodeGroup)
    def test_every_code_of_every_group(self, group: CodeGroup) -> None:
        elsewhere = {CodeGroup.DRUG, CodeGroup.CONTRAST}
        codes = packaged().find_codes(group, on=DAY)
        never = {c for c in codes if STATUSES.get(c, "A") in set("BEINPX")} - {
            code for each in elsewhere for code in packaged().find_codes(each, on=DAY)
        }

        assert {code for code in codes if self.found(code)} == never

    @pytest.mark.parametrize("code", ["M0076", "G0260", "G0259", "99243"])
    def test_on_claims_of_practitioners_under_medicare_alone(self, code: str) -> None:
        assert self.found(code)
        assert not self.found(code, claim_type=ClaimType.HOSPITAL_OUTPATIENT)
        assert not self.found(code, claim_type=ClaimType.ASC_FACILITY)
        assert self.RULE not in {rule for rule, _, _ in told(claim("64493-RT", code), "cpt")}

    def test_what_it_pays_is_not_found(self) -> None:
        assert not self.found("27096-RT")
        assert not self.found("J1100")
