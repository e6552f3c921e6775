"""Diagnoses against the code set, the contractor's list, and the region of the code."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cptfacet import _data, policies
from cptfacet.checking import Checker, Day, Signal, check_claim, get_rule
from cptfacet.claims import Claim, ClaimLine, ClaimType
from cptfacet.findings import Finding, Question, RuleFamily
from cptfacet.policies.diagnosis_lists import DiagnosisList, DiagnosisUse, diagnosis_list
from cptfacet.procedures import ProcedureKind
from cptfacet.reference import packaged
from cptfacet.reference.diagnoses import Diagnosis, NamedPart, Validity

DAY = dt.date(2026, 6, 1)  # within the revision of the article whose list was read
CPT, NORIDIAN = policies.get("cpt"), policies.get("medicare-je")
CODES = sorted({row["code"] for row in _data.read_csv("diagnoses/codes.csv")})
LISTED = diagnosis_list(NORIDIAN, on=DAY)
OF_CODE_SET = {
    Validity.BILLABLE: set[str](),
    Validity.HEADER: {"diagnosis-header"},
    Validity.NOT_VALID: {"diagnosis-not-valid"},
}


def line(code: str, *diagnoses: str) -> ClaimLine:
    return ClaimLine(code=code, modifiers=("RT",), diagnoses=diagnoses)


def claim(*lines: ClaimLine, on: dt.date = DAY) -> Claim:
    return Claim(claim_type=ClaimType.PROFESSIONAL, date=on, lines=lines)


def of_family(checked: Claim, policy: policies.Policy = CPT) -> list[Finding]:
    report = check_claim(checked, policy=policy)
    return [found for found in report.findings if found.family is RuleFamily.DIAGNOSIS]


def told(checked: Claim, policy: policies.Policy = CPT) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(f.rule, f.severity.value, f.lines) for f in of_family(checked, policy)]


class TestCodeSet:
    """A diagnosis is complete, and of the year of the date of service.

    Source: data/diagnoses/codes.csv.
    """

    @pytest.mark.parametrize("day", ["2015-10-01", "2021-09-30", "2021-10-01", "2026-06-01"])
    def test_every_code_of_the_categories_that_were_read(self, day: str) -> None:
        on = dt.date.fromisoformat(day)
        checker = Checker(CPT, memo=0)
        for code in CODES:
            answer = packaged().diagnosis(code, on=on)
            assert isinstance(answer, Diagnosis)
            report = checker.check(claim(line("64493", code), on=on))
            found = [f for f in report.findings if f.rule != "diagnosis-region-differs"]
            assert {f.rule for f in found} == OF_CODE_SET[answer.validity], code
            for each in found:
                assert each.citations == answer.provenance.citations
                assert code in each.message
                assert isinstance(each.remedy, Question)

    @pytest.mark.parametrize("written", ["724.2", "M47.81666", "", "back pain", "\0", "M" * 10**6])
    def test_what_is_no_code(self, written: str) -> None:
        [found] = of_family(claim(line("64493", written)))

        assert found.rule == "diagnosis-malformed"
        assert len(found.message) < 200

    @pytest.mark.parametrize("written", ["M47816", " m47.816 "])
    def test_however_it_is_written(self, written: str) -> None:
        assert told(claim(line("64493", written))) == []

    def test_of_other_categories_nothing_is_known(self) -> None:
        report = check_claim(claim(line("64493", "M47.816", "I10")), policy=CPT)

        assert ("diagnosis-not-valid", "its category was not read") in {
            (n.rule, n.reason) for n in report.not_checked
        }

    def test_lines_that_share_one_are_told_together(self) -> None:
        checked = claim(line("64493", "M47.81", "M54.5"), line("64494", "M54.5", "M54.5"))

        assert told(checked) == [
            ("diagnosis-header", "error", (1,)),
            ("diagnosis-header", "error", (1, 2)),
        ]

    def test_of_lines_of_other_services_nothing_is_said(self) -> None:
        assert told(claim(line("64493", "M47.816"), line("99213", "M47.81", "nonsense"))) == []


class TestMissing:
    """Each line has its diagnosis, its own or that of the claim.

    Source: A57787 (a claim without a valid diagnosis is returned).
    """

    def test_a_line_without_beside_one_with(self) -> None:
        lines = line("64493", "M47.816"), line("64494"), line("64495")

        assert told(claim(*lines)) == [("diagnosis-missing", "error", (2, 3))]
        assert told(attrs.evolve(claim(*lines), diagnoses=("M47.816",))) == []

    def test_a_claim_without_any_is_not_asked(self) -> None:
        report = check_claim(claim(line("64493"), line("64494")), policy=CPT)

        assert ("diagnosis-missing", "diagnoses") in {(n.rule, n.needs) for n in report.not_checked}
        assert report.findings == ()


class TestList:
    """The contractor of the jurisdiction lists the diagnoses that support facet procedures.

    Source: data/diagnoses/lists.csv.
    """

    def test_every_code_of_the_list_and_every_other(self) -> None:
        assert isinstance(LISTED, DiagnosisList)
        checker = Checker(NORIDIAN, memo=0)
        for code in CODES:
            use = LISTED.use_of(code)
            rules = {
                procedure: {
                    f.rule: f.severity.value
                    for f in checker.check(claim(line(procedure, code))).findings
                    if f.rule in {"diagnosis-not-listed", "cyst-diagnosis-with-block"}
                    or f.rule == "cyst-diagnosis-with-ablation"
                }
                for procedure in ("64493", "64635")
            }
            expected: dict[DiagnosisUse | None, tuple[dict[str, str], dict[str, str]]] = {
                None: ({"diagnosis-not-listed": "error"}, {"diagnosis-not-listed": "error"}),
                DiagnosisUse.ANY: ({}, {}),
                DiagnosisUse.FACET_CYST: (
                    {"cyst-diagnosis-with-block": "warning"},
                    {"cyst-diagnosis-with-ablation": "error"},
                ),
            }
            assert tuple(rules.values()) == expected[use], code

    @pytest.mark.parametrize(
        ("diagnoses", "found"),
        [
            (("M54.59", "M47.816"), set[str]()),  # one that is listed supports the line
            (("M54.59", "M54.50"), {"diagnosis-not-listed"}),
            (("M53.86", "M47.816"), set[str]()),
            (("M53.86", "M54.59"), {"cyst-diagnosis-with-ablation"}),
        ],
    )
    def test_one_that_is_listed_is_enough(
        self, diagnoses: tuple[str, ...], found: set[str]
    ) -> None:
        for listed in (diagnoses, diagnoses[::-1]):
            assert {f.rule for f in of_family(claim(line("64635", *listed)), NORIDIAN)} == found

    def test_it_names_the_article_and_its_source(self) -> None:
        [found] = of_family(claim(line("64493", "M54.59")), NORIDIAN)

        assert isinstance(LISTED, DiagnosisList)
        assert "M54.59" in found.message
        assert "A58403" in found.message
        assert found.citations == LISTED.citations

    @pytest.mark.parametrize(
        ("policy", "on", "reason"),
        [
            ("medicare", DAY, "choose the MAC's policy, such as medicare-je"),
            ("medicare-jj", DAY, "A58350 was not read"),
            ("medicare-jf", dt.date(2026, 3, 2), "A58405 was not read"),
            ("bcbs-north-dakota", DAY, "NDRP-Surg-008 was not read"),
            ("medicare-je", dt.date(2025, 1, 6), "no edition of that day or before it was read"),
        ],
    )
    def test_a_list_that_is_not_known(self, policy: str, on: dt.date, reason: str) -> None:
        report = check_claim(claim(line("64493", "M54.59"), on=on), policy=policies.get(policy))
        [unasked] = [n for n in report.not_checked if n.rule == "diagnosis-not-listed"]

        assert reason in unasked.reason
        assert "64493" not in unasked.reason
        assert "diagnosis-not-listed" not in {f.rule for f in report.findings}

    @pytest.mark.parametrize("name", ["cpt", "commercial"])
    def test_a_policy_without_a_list_says_nothing(self, name: str) -> None:
        report = check_claim(claim(line("64493", "M54.59")), policy=policies.get(name))

        assert report.findings == ()
        assert "diagnosis-not-listed" not in {n.rule for n in report.not_checked}

    def test_the_list_of_a_policy_that_extends_that_of_a_jurisdiction(self) -> None:
        own = policies.Policy(
            id="own",
            title="Our reading of Noridian",
            payer="Medicare",
            revised=DAY,
            provisions=(),
            extends=NORIDIAN,
        )
        assert told(claim(line("64493", "M54.59")), own) == [
            ("diagnosis-not-listed", "error", (1,))
        ]


class TestPart:
    """A diagnosis of another part of the spine does not explain the procedure.

    Source: data/diagnoses/parts.csv, a judgment.
    """

    @pytest.mark.slow
    def test_every_facet_code_with_every_part(self) -> None:
        checker = Checker(CPT, memo=0)
        for procedure in packaged().find_procedures(kind=ProcedureKind.FACET, on=DAY):
            for diagnosis in CODES:
                named = packaged().spine_part(diagnosis)
                part = named if isinstance(named, NamedPart) else None
                report = checker.check(claim(line(procedure.code, diagnosis)))
                found = [f for f in report.findings if f.rule == "diagnosis-region-differs"]
                other = part is not None and procedure.region not in part.regions
                assert bool(found) is other, (procedure.code, diagnosis)
                assert all(
                    f.severity == "warning" and part.part in f.message for f in found if part
                )

    def test_one_that_fits_is_enough(self) -> None:
        for diagnoses in (("M47.812", "M47.816"), ("M47.816", "M47.812"), ("M47.815", "M47.812")):
            assert told(claim(line("64493", *diagnoses))) == []
        assert told(claim(line("64493", "M47.812", "I10"))) == [
            ("diagnosis-region-differs", "warning", (1,))
        ]


SOME = ["M47.816", "M47.812", "M54.59", "M53.86", "M47.81", "M54.5", "724.2", "I10", "m47816"]
STATED = st.lists(st.sampled_from(SOME), max_size=3).map(tuple)
LINES = st.builds(
    ClaimLine,
    code=st.sampled_from(["64493", "64490", "64635", "0216T", "99213"]),
    diagnoses=STATED,
)


class TestShape:
    """What the rules say of a line's diagnoses, but for a missing one, is told from it alone.

    So diagnoses of which nothing is found are one, and claims of one shape are checked once.
    """

    @given(lines=st.lists(LINES, min_size=1, max_size=4), policy=st.sampled_from([CPT, NORIDIAN]))
    def test_lines_are_judged_one_by_one(
        self, lines: list[ClaimLine], policy: policies.Policy
    ) -> None:
        def said(checked: Claim, first: int) -> set[tuple[str, int]]:
            return {
                (f.rule, number + first)
                for f in of_family(checked, policy)
                for number in f.lines
                if f.rule not in {"diagnosis-missing", "diagnosis-not-stated"}
            }

        together = said(claim(*lines), 0)
        assert together == {each for n, one in enumerate(lines) for each in said(claim(one), n)}

    def test_what_could_not_be_asked_is_told_once(self) -> None:
        """One line draws a finding, so that the rules are asked again, and the other one does not."""
        report = check_claim(
            claim(line("64493", "M47"), line("64494", "M47.816")), policy=policies.get("medicare")
        )
        without_list = [each for each in report.not_checked if each.needs == "list of diagnoses"]

        assert [found.rule for found in report.findings if "diagnosis" in found.rule]
        assert len(without_list) == 1

    def test_a_claim_with_as_many_as_there_is_room_for_is_remembered(self) -> None:
        rule = get_rule("bilateral-with-side")
        asked: list[Day] = []

        def ask(day: Day) -> tuple[()]:
            asked.append(day)
            return ()

        check = attrs.evolve(rule.check, ask=ask, when=Signal(0), by_shape=True)
        checker = Checker(NORIDIAN, rules=[attrs.evolve(rule, check=check)])
        twelve = tuple(f"M47.8{n}" for n in range(10, 22))
        billed = ClaimLine(code="64493", modifiers=("RT", "KX"), place_of_service="11")
        for charge in ("100", "200"):
            priced = attrs.evolve(billed, charge=Decimal(charge))
            checker.check(attrs.evolve(claim(priced), diagnoses=twelve))

        assert len(asked) == 1

    @given(lines=st.lists(LINES, min_size=1, max_size=3), stated=STATED)
    def test_a_shape_that_was_seen_answers_alike(
        self, lines: list[ClaimLine], stated: tuple[str, ...]
    ) -> None:
        checked = attrs.evolve(claim(*lines), diagnoses=stated)

        assert REMEMBERING.check(checked) == Checker(NORIDIAN, memo=0).check(checked)
        assert REMEMBERING.check(checked) == REMEMBERING.check(checked)


REMEMBERING = Checker(NORIDIAN)
