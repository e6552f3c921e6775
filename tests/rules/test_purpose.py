"""The purpose of an injection and the modifier that marks it as diagnostic."""

from __future__ import annotations

import datetime as dt
import itertools

import attrs
import pytest

from cptfacet import policies
from cptfacet.checking import check_claim
from cptfacet.claims import Claim, ClaimLine, ClaimType, Purpose, parse_line
from cptfacet.dates import parse_date
from cptfacet.findings import Question, Report, RuleFamily, Severity
from cptfacet.policies import Policy, Provision
from cptfacet.procedures import Family, ProcedureKind
from cptfacet.reference import packaged
from cptfacet.repairing import repair_claim
from cptfacet.sessions import Guidance, Session, Technique, Treatment

START = parse_date("2021-05-02")  # from which all contractors ask for the modifier


def claim(*lines: str, date: str = "2026-03-02", purpose: str | None = None) -> Claim:
    return Claim(
        claim_type=ClaimType.PROFESSIONAL,
        date=parse_date(date),
        purpose=Purpose(purpose) if purpose else None,
        lines=tuple(map(parse_line, lines)),
    )


def found(report: Report) -> dict[str, tuple[int, ...]]:
    return {f.rule: f.lines for f in report.findings if f.family is RuleFamily.PURPOSE}


SCENARIOS: list[tuple[str, str, Claim, dict[str, tuple[int, ...]]]] = [
    (
        "every line of a diagnostic block has the modifier",
        "medicare",
        claim("64493-50-KX", "64494-50-KX", purpose="diagnostic"),
        {},
    ),
    (
        "the add-on lacks it",
        "medicare",
        claim("64493-50-KX", "64494-50", purpose="diagnostic"),
        {"kx-missing": (2,)},
    ),
    (
        "all levels lack it, the third included",
        "medicare",
        claim("64490-RT", "64491-RT", "64492-RT", purpose="diagnostic"),
        {"kx-missing": (1, 2, 3)},
    ),
    (
        "the claim does not say, and its lines do not agree",
        "medicare",
        claim("64493-RT-KX", "64494-RT"),
        {"kx-partial": (2,)},
    ),
    (
        "the neck is diagnostic and the low back is not",
        "medicare",
        claim("64490-RT-KX", "64493-RT"),
        {},
    ),
    (
        "a therapeutic injection has it",
        "medicare",
        claim("64493-LT-KX", purpose="therapeutic"),
        {"kx-on-therapeutic": (1,)},
    ),
    (
        "an ablation has it, whatever the claim says",
        "medicare",
        claim("64635-RT-KX", "64636-RT-KX", purpose="diagnostic"),
        {"kx-on-ablation": (1, 2)},
    ),
    (
        "an injection under ultrasound has it",
        "medicare",
        claim("0213T-RT-KX", purpose="diagnostic"),
        {"kx-on-ultrasound": (1,)},
    ),
    (
        "the code set asks for none",
        "cpt",
        claim("64493-RT", "64494-RT", purpose="diagnostic"),
        {},
    ),
    ("and does not mind one", "cpt", claim("64493-RT-KX", purpose="therapeutic"), {}),
    (
        "the day before it began",
        "medicare-je",
        claim("64493-RT-KX", date="2021-04-24"),
        {"kx-before-start": (1,)},
    ),
    ("the day on which it began", "medicare-je", claim("64493-RT-KX", date="2021-04-25"), {}),
    (
        "nor is it missed before",
        "medicare-je",
        claim("64493-RT", date="2021-04-24", purpose="diagnostic"),
        {},
    ),
]


@pytest.mark.parametrize(
    ("policy", "given", "rules"), [s[1:] for s in SCENARIOS], ids=[s[0] for s in SCENARIOS]
)
def test_scenario(policy: str, given: Claim, rules: dict[str, tuple[int, ...]]) -> None:
    assert found(check_claim(given, policy=policies.get(policy))) == rules


@pytest.mark.parametrize(
    ("policy", "first"), [("uhc", "2026-09-10"), ("washington-lni", "2026-11-23")]
)
@pytest.mark.parametrize(
    "code", sorted(p.code for p in packaged().find_procedures(kind=ProcedureKind.FACET))
)
def test_a_purpose_that_is_not_covered(policy: str, first: str, code: str) -> None:
    """Therapeutic injections of either family are; an ablation has no purpose.

    Source: uhc-2026t0004ww, wa-lni-spinal-injections.
    """
    rule, start = "purpose-not-covered", parse_date(first)
    procedure = packaged().get_procedure(code)
    injects = procedure.family is not Family.ABLATION
    for day, told in ((start - dt.timedelta(1), False), (start, injects)):
        for purpose in (*Purpose, None):
            given = attrs.evolve(claim(f"{code}-RT"), date=day, purpose=purpose)
            report = check_claim(given, policy=policies.get(policy))
            assert (rule in found(report)) is (told and purpose is Purpose.THERAPEUTIC)
            asked = {n.needs for n in report.not_checked if n.rule == rule}
            if day < start and injects and purpose is not Purpose.DIAGNOSTIC:
                assert asked == {"coverage.procedure"}
            else:
                assert asked == ({"purpose"} if told and purpose is None else set())


@pytest.mark.parametrize("policy", ["cpt", "commercial", "medicare", "aetna", "tricare"])
def test_other_payers_deny_no_purpose(policy: str) -> None:
    report = check_claim(
        claim("64493-RT", date="2026-12-01", purpose="therapeutic"), policy=policies.get(policy)
    )

    assert "purpose-not-covered" not in found(report)


class TestEveryMarking:
    """A claim of one region is right exactly where its purpose and all its marks agree.

    OIG report of March 2023; Noridian's answers of July 2022.
    """

    CODES = ("64493", "64494", "64495")

    @pytest.mark.parametrize("purpose", [*Purpose, None])
    @pytest.mark.parametrize("marks", list(itertools.product((False, True), repeat=3)))
    def test_is_judged(self, purpose: Purpose | None, marks: tuple[bool, ...]) -> None:
        lines = tuple(
            ClaimLine(code=code, modifiers=("RT", "KX") if marked else ("RT",))
            for code, marked in zip(self.CODES, marks, strict=True)
        )
        given = attrs.evolve(claim(), purpose=purpose, lines=lines)
        right = {
            Purpose.DIAGNOSTIC: all(marks),
            Purpose.THERAPEUTIC: not any(marks),
            None: all(marks) or not any(marks),
        }[purpose]
        report = check_claim(given, policy=policies.get("medicare"))

        assert bool(found(report)) is not right
        asked = {n.rule for n in report.not_checked if n.needs == "purpose"}
        assert asked == ({"kx-missing"} if not (purpose or any(marks)) else set())

    @pytest.mark.parametrize("purpose", list(Purpose))
    @pytest.mark.parametrize("marks", list(itertools.product((False, True), repeat=3)))
    def test_is_mended_by_what_the_claim_says(
        self, purpose: Purpose, marks: tuple[bool, ...]
    ) -> None:
        lines = tuple(
            ClaimLine(code=code, modifiers=("KX", "RT") if marked else ("RT",), charge=None)
            for code, marked in zip(self.CODES, marks, strict=True)
        )
        given = attrs.evolve(claim(), purpose=purpose, lines=lines)
        mended = repair_claim(given, policy=policies.get("medicare"))

        assert found(mended.report) == {}
        marked = {"KX" in line.modifiers for line in mended.claim.lines}
        assert marked == {purpose is Purpose.DIAGNOSTIC}


def test_a_line_without_room_is_asked_about() -> None:
    given = claim("64493-RT-59-GA-79", purpose="diagnostic")
    [missing] = (
        check_claim(given, policy=policies.get("medicare"))
        .where(lambda found: found.rule == "kx-missing")
        .findings
    )

    assert isinstance(missing.remedy, Question)


def test_the_week_in_which_contractors_differed_is_not_known() -> None:
    given = claim("64493-RT", date="2021-04-28", purpose="diagnostic")
    report = check_claim(given, policy=policies.get("medicare"))

    assert found(report) == {}
    [asked] = [n for n in report.not_checked if n.rule == "kx-missing"]
    assert (asked.needs, "CGS" in asked.reason) == ("modifier.diagnostic", True)


def test_the_modifier_weighs_less_on_what_is_not_covered_anyway() -> None:
    report = check_claim(claim("0216T-RT-KX"), policy=policies.get("medicare"))
    [mark] = report.where(lambda found: found.rule == "kx-on-ultrasound").findings

    assert mark.severity is Severity.WARNING


RULE = "purpose-not-covered"


def covering(**stated: str | None) -> Policy:
    """Make a policy that states whether some procedures are covered."""
    base = policies.get("cpt")
    like = next(p for p in policies.get("uhc").provisions if p.key == "coverage.procedure")
    assert isinstance(like, Provision)
    provisions = tuple(
        attrs.evolve(like, cell=(name.replace("_", "-"),), value=value)
        for name, value in stated.items()
        if value
    )
    return attrs.evolve(
        policies.get("uhc"), id="own", extends=base, provisions=provisions, diagnosis_lists=()
    )


class TestCoverageByPurpose:
    """A payer covers diagnostic injections and no therapeutic ones, or the other way round."""

    @pytest.mark.parametrize("ablation", ["covered", "not-covered", None])
    @pytest.mark.parametrize("therapeutic", ["covered", "not-covered", None])
    @pytest.mark.parametrize("diagnostic", ["covered", "not-covered", None])
    def test_what_a_policy_states_decides(
        self, diagnostic: str | None, therapeutic: str | None, ablation: str | None
    ) -> None:
        policy = covering(
            diagnostic_injection=diagnostic, therapeutic_injection=therapeutic, ablation=ablation
        )
        by_purpose = {"diagnostic": [diagnostic], "therapeutic": [therapeutic]}
        for purpose in (*by_purpose, None):
            for line in ("64490-RT", "64494-LT", "0216T-RT", "64635-RT"):
                answers = (
                    [ablation]
                    if line == "64635-RT"
                    else by_purpose.get(str(purpose), [diagnostic, therapeutic])
                )
                report = check_claim(claim(line, date="2026-10-05", purpose=purpose), policy=policy)
                denied = [answer == "not-covered" for answer in answers]

                assert (RULE in {f.rule for f in report.findings}) is all(denied)
                asks = [n.needs for n in report.not_checked if n.rule == RULE]
                assert asks == (["purpose"] if any(denied) and not all(denied) else [])

    @pytest.mark.parametrize(
        ("date", "found", "asked"),
        [("2026-09-09", [], ["coverage.procedure"]), ("2026-09-10", [RULE], [])],
    )
    def test_it_is_not_known_before_the_edition_that_was_read(
        self, date: str, found: list[str], asked: list[str]
    ) -> None:
        report = check_claim(claim("64493-RT", date=date, purpose="therapeutic"), policy="uhc")

        assert [f.rule for f in report.findings if f.rule == RULE] == found
        assert [n.needs for n in report.not_checked if n.rule == RULE] == asked

    @pytest.mark.parametrize("policy", ["cpt", "commercial", "medicare-je", "aetna"])
    def test_nothing_is_said_where_a_policy_states_nothing_of_it(self, policy: str) -> None:
        report = check_claim(claim("64493-RT", purpose="therapeutic"), policy=policy)

        assert RULE not in {
            *(f.rule for f in report.findings),
            *(n.rule for n in report.not_checked),
        }

    @pytest.mark.parametrize(
        ("noted", "found", "asked"),
        [
            ([Purpose.THERAPEUTIC], [RULE], []),
            ([Purpose.DIAGNOSTIC], [], []),
            ([None], [], ["purpose"]),
            ([Purpose.DIAGNOSTIC, Purpose.THERAPEUTIC], [], ["purpose"]),
        ],
    )
    def test_the_note_may_state_the_purpose(
        self, noted: list[Purpose | None], found: list[str], asked: list[str]
    ) -> None:
        day = dt.date(2026, 10, 5)
        session = Session(
            date=day,
            treatments=tuple(
                Treatment(
                    technique=Technique.MEDIAL_BRANCH_BLOCK,
                    guidance=Guidance.FLUOROSCOPY,
                    purpose=purpose,
                )
                for purpose in noted
            ),
        )
        report = check_claim(claim("64493-RT", date=str(day)), policy="uhc", session=session)

        assert [f.rule for f in report.findings if f.rule == RULE] == found
        assert [n.needs for n in report.not_checked if n.rule == RULE] == asked
