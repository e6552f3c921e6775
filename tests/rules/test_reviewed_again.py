"""Claims that a second review by a coder found answered wrongly, each answered right since."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

import attrs
import pytest

from cptfacet import policies
from cptfacet.anatomy import CoverageRegion
from cptfacet.checking import Checker, check_claim
from cptfacet.claims import Claim, ClaimType, PriorAuthorization, Purpose, parse_line
from cptfacet.coding import CodedSession, code_session
from cptfacet.findings import Finding, Question, Report
from cptfacet.history import History, PastSession, SessionKind
from cptfacet.policies import Provision
from cptfacet.repairing import repair_claim
from cptfacet.sessions import Session, parse_session, parse_target

DAY = dt.date(2026, 3, 2)


def claim(*lines: str, dx: tuple[str, ...] = ("M47.816",), **further: Any) -> Claim:
    stated = {"claim_type": ClaimType.PROFESSIONAL, "place_of_service": "11", "date": DAY}
    return Claim(lines=tuple(map(parse_line, lines)), diagnoses=dx, **{**stated, **further})


def check(given: Claim, policy: str = "medicare-jm", **beside: Any) -> Report:
    return check_claim(given, policy=policies.get(policy), **beside)


def of(report: Report, rule: str) -> list[Finding]:
    return [found for found in report.findings if found.rule == rule]


def note(**words: Any) -> Session:
    stated = {"date": "2026-03-02", "technique": "mbb", "guidance": "fluoroscopy"}
    return parse_session(**{**stated, **words})


class TestOtherBlock:
    """An epidural on the day of a facet procedure is covered for a facet cyst, and for nothing else.

    Source: the shared coverage policies, limitations X7 and X8.
    """

    LINES = ("64493-RT", "64483-RT")

    @pytest.mark.parametrize(
        ("policy", "dx", "expected"),
        [
            ("medicare-je", ("M47.816",), "warning"),
            ("medicare-je", ("M47.816", "M53.86"), "info"),
            ("medicare-je", ("M53.86",), "info"),
            ("medicare-jm", ("M47.816", "M53.86"), "warning"),  # its list was not read
            ("aetna", ("M47.816", "M53.86"), "error"),
        ],
    )
    def test_a_diagnosis_of_a_cyst(self, policy: str, dx: tuple[str, ...], expected: str) -> None:
        given = claim(*self.LINES, dx=dx)
        [found] = of(check(given, policy), "other-block-same-day")

        assert found.severity.value == expected
        remembering = Checker(policies.get(policy))
        for each in (("M47.816",), dx, ("M47.816",), dx):
            asked = attrs.evolve(given, diagnoses=each)
            assert remembering.check(asked) == check(asked, policy)

    def test_a_note_of_a_cyst(self) -> None:
        session = note(technique="facet-cyst-rupture", joints=["L4-5:right"])
        [found] = of(check(claim(*self.LINES), session=session), "other-block-same-day")

        assert found.severity.value == "info"

    def test_a_cyst_is_no_reason_for_another_block(self) -> None:
        given = claim("64493-RT", "20552", dx=("M47.816", "M53.86"))
        [found] = of(check(given, "medicare-je"), "other-block-same-day")

        assert found.severity.value == "warning"


class TestLevelsAboveTheLimit:
    """What the note tells is not asked: how many joints were ablated, and which sides are theirs.

    Source: the shared coverage policies, limitations X2 and X3.
    """

    def told(self, *lines: str, **words: Any) -> Finding | None:
        session = note(technique="thermal-rfa", **words) if words else None
        found = of(check(claim(*lines), session=session), "levels-above-limit")
        return found[0] if found else None

    def test_the_note_has_the_levels(self) -> None:
        lines = ("64635-RT", "64636-RT x2")
        joints = ["L3-4:right", "L4-5:right", "L5-S1:right"]

        for words in (
            {"joints": joints},
            {"nerves": [f"{n}:right" for n in ("L2", "L3", "L4", "L5")]},
        ):
            found = self.told(*lines, **words)
            assert found
            assert found.severity.value == "error"
            assert isinstance(found.remedy, Question)
            assert (
                found.remedy.question
                == "Was an ABN issued before the service because only 2 are covered?"
            )
        asked = self.told(*lines)
        assert asked
        assert isinstance(asked.remedy, Question)
        assert "treated" in asked.remedy.question

    def test_the_note_has_fewer_levels(self) -> None:
        """The rules on the note ask for the further ones."""
        found = self.told("64635-RT", "64636-RT x2", joints=["L4-5:right", "L5-S1:right"])

        assert found
        assert found.remedy is None

    @pytest.mark.parametrize(
        ("joints", "expected"),
        [
            (["L3-4:left", "L4-5:both", "L5-S1:right"], "error"),
            (["L4-5:both", "L5-S1:both"], None),
            ([], "warning"),
        ],
    )
    def test_the_note_has_the_sides(self, joints: list[str], expected: str | None) -> None:
        """Right and left units may be of one joint or of two; the joints say of how many."""
        lines = ("64635-50", "64636-RT", "64636-LT")
        found = self.told(*lines, **({"joints": joints} if joints else {}))

        assert (found and found.severity.value) == expected

    def test_joints_of_another_region_or_technique_tell_nothing(self) -> None:
        lines = ("64635-50", "64636-RT", "64636-LT")
        for words in ({"joints": ["C4-5:both"]}, {"joints": ["L4-5:both"], "technique": "mbb"}):
            found = of(
                check(claim(*lines), session=note(**{"technique": "thermal-rfa", **words})),
                "levels-above-limit",
            )
            assert [each.severity.value for each in found] == ["warning"]


class TestThoracolumbarWithTwoFirstLevels:
    """T12-L1 with L1-L2 is one lumbar session, and the contractors say how it is billed.

    Source: CGS, news on A58364 in force from 2025-01-01; NGS, A57826 as quoted.
    """

    JOINTS = ("T12-L1:right", "L1-2:right")

    @pytest.mark.parametrize("policy", ["medicare-j15", "medicare-jm"])
    @pytest.mark.parametrize(
        ("technique", "lines", "right"),
        [
            ("mbb", ("64490-RT", "64493-RT"), "64490 with 64494"),
            ("thermal-rfa", ("64633-RT", "64635-RT"), "64633 with 64636"),
        ],
    )
    def test_the_right_codes_are_named(
        self, policy: str, technique: str, lines: tuple[str, ...], right: str
    ) -> None:
        given = claim(*lines, dx=("M47.815",))
        session = note(technique=technique, joints=list(self.JOINTS))
        [found] = of(check(given, policy, session=session), "two-regions")

        assert f"billed {right}" in found.message
        assert isinstance(found.remedy, Question)
        assert right in found.remedy.question
        assert found.severity.value == "warning"
        assert "cgs25" in {citation.id for citation in found.citations}

    @pytest.mark.parametrize(
        ("day", "joints"),
        [("2024-12-30", JOINTS), ("2026-03-02", ("T11-T12:right", "L1-2:right"))],
    )
    def test_no_other_codes_are_named(self, day: str, joints: tuple[str, ...]) -> None:
        """Before the day of the contractor's word, and for other joints, two first levels stay."""
        given = claim("64490-RT", "64493-RT", dx=("M47.815",), date=dt.date.fromisoformat(day))
        session = note(joints=list(joints), date=day)
        [found] = of(check(given, "medicare-j15", session=session), "two-regions")

        assert "64494" not in found.message


class TestTheOtherSide:
    """The other side of a level is the same level, and is named as what it is.

    Both sides are one level by the determinations' own definition, which asks for the same nerves or
    level in two diagnostic blocks: of another side it is not settled.
    Source: the shared coverage policies, definitions, D4 and D6.
    """

    def past(self, kind: SessionKind, day: str, *targets: str) -> History:
        session = PastSession(
            date=dt.date.fromisoformat(day),
            kind=kind,
            region=CoverageRegion.LUMBAR_SACRAL,
            targets=tuple(map(parse_target, targets)),
        )
        return History(sessions=(session,))

    @pytest.mark.parametrize(
        ("rule", "kind", "day"),
        [
            ("diagnostic-too-soon", SessionKind.DIAGNOSTIC_INJECTION, "2026-02-25"),
            ("diagnostic-after-ablation", SessionKind.ABLATION, "2025-06-02"),
        ],
    )
    @pytest.mark.parametrize(
        ("targets", "severity", "said"),
        [
            (["L4-5:right"], "error", "was performed at the same level"),
            (["L4-5:both"], "error", "was performed at the same level"),
            (["L4-5"], "error", "was performed at the same level"),
            (["L4-5:left"], "warning", "on the other side of the same level"),
            (["L4-5:left", "L5-S1:left"], "warning", "on the other side of the same level"),
            (["L4-5:left", "L5-S1:right"], "error", "was performed at the same level"),
        ],
    )
    def test_is_named(  # noqa: PLR0917  one row of two tables
        self, rule: str, kind: SessionKind, day: str, targets: list[str], severity: str, said: str
    ) -> None:
        given = claim("64493-RT-KX", "64494-RT-KX", purpose=Purpose.DIAGNOSTIC)
        session = note(purpose="diagnostic", joints=["L4-5:right", "L5-S1:right"])
        history = self.past(kind, day, *targets)
        [found] = of(check(given, session=session, history=history), rule)

        asks = rule == "diagnostic-after-ablation"  # whether it was successful: never an error
        assert found.severity.value == ("warning" if asks else severity)
        assert said in found.message


LIMITS = {
    "too-many-sessions": "sessions.max",
    "diagnostic-too-soon": "diagnostic.interval",
    "diagnostic-after-ablation": "diagnostic.after-ablation",
}


def payer_without_mark() -> policies.Policy:
    """Make a payer that has the limits of Medicare and marks no line as diagnostic."""
    keys = {"checks.families", "sessions.window", *LIMITS.values()}
    cpt, stated = policies.get("cpt"), policies.get("medicare").provisions
    return policies.Policy(
        id="a-payer",
        title="A payer",
        payer="A payer",
        revised=cpt.revised,
        provisions=tuple(
            attrs.evolve(provision, policy="a-payer")
            for provision in stated
            if isinstance(provision, Provision) and provision.key in keys
        ),
        extends=cpt,
    )


class TestLimitsWithoutAPurpose:
    """A limit that goes by the purpose is listed as not checked where nothing tells it.

    Without a mark an unmarked injection is not counted as therapeutic.
    """

    def needs(self, given: Claim, policy: policies.Policy, **beside: Any) -> dict[str, str]:
        report = check_claim(given, policy=policy, history=History(), **beside)
        return {n.rule: n.needs for n in report.not_checked if n.rule in LIMITS}

    def test_it_is_listed_with_what_it_needs(self) -> None:
        given = claim("64493-RT")

        assert self.needs(given, payer_without_mark()) == dict.fromkeys(LIMITS, "purpose")

    @pytest.mark.parametrize("purpose", Purpose)
    def test_it_is_asked_where_the_claim_or_the_note_states_it(self, purpose: Purpose) -> None:
        session = note(purpose=purpose.value, joints=["L4-5:right"])

        assert self.needs(claim("64493-RT", purpose=purpose), payer_without_mark()) == {}
        assert self.needs(claim("64493-RT"), payer_without_mark(), session=session) == {}

    def test_an_ablation_has_no_purpose(self) -> None:
        assert self.needs(claim("64635-RT"), payer_without_mark()) == {}

    def test_a_limit_that_is_not_known_is_what_it_needs(self) -> None:
        early = claim("64493-RT", date=dt.date(2019, 3, 4))

        assert self.needs(early, policies.get("medicare-je")) == LIMITS

    def test_a_payer_with_a_mark_counts_without_it(self) -> None:
        assert self.needs(claim("64493-RT"), policies.get("medicare-je")) == {}


class TestPooledSessions:
    """Five together until 2021; since then First Coast's pooled count is not known, and nobody else's.

    Source: oig20; verity-a57787, against nor-qa22.
    """

    @pytest.mark.parametrize(
        ("policy", "day", "listed"),
        [
            *(
                (name, "2019-05-30", ["sessions.pooled.max"])
                for name in ("medicare-je", "medicare-jn")
            ),
            *((name, "2019-05-31", []) for name in ("medicare-je", "medicare-jn")),
            *((name, "2021-04-24", []) for name in ("medicare-je", "medicare-jn")),
            *(
                ("medicare-jn", day, ["sessions.pooled.max"])
                for day in ("2021-04-25", "2026-11-30")
            ),
            *(("medicare-je", day, []) for day in ("2021-04-25", "2026-11-30")),
            ("commercial", "2026-11-30", []),
        ],
    )
    def test_what_is_not_known_is_listed(self, policy: str, day: str, listed: list[str]) -> None:
        given = claim("64493-RT", date=dt.date.fromisoformat(day))
        report = check(given, policy, history=History())

        assert [n.needs for n in report.not_checked if n.rule == "pooled-sessions"] == listed


class TestDayOfTheDecision:
    """A number without the day of its decision may be out of date: that is listed.

    Source: novitas-pa-faq, the 120 days from the decision.
    """

    @pytest.mark.parametrize(
        ("told", "listed"),
        [
            (PriorAuthorization(number="A1234567890123"), ["the date of the decision"]),
            (PriorAuthorization(number="A1234567890123", decided=DAY), []),
            (PriorAuthorization(exempt=True), []),
            (PriorAuthorization(), []),
            (None, []),
        ],
    )
    def test_is_listed_where_a_number_lacks_it(
        self, told: PriorAuthorization | None, listed: list[str]
    ) -> None:
        given = claim(
            "64635-RT",
            claim_type=ClaimType.HOSPITAL_OUTPATIENT,
            place_of_service="22",
            prior_authorization=told,
        )

        for each in (given, attrs.evolve(given, claim_type=ClaimType.PROFESSIONAL)):
            needs = [n.needs for n in check(each).not_checked if n.rule.startswith("authorization")]
            assert needs == (listed if each is given else [])


class TestNoticeOfDenial:
    """A notice goes on the lines that are denied, and on no other line of the day.

    Source: northstar-modifiers, novitas-modifiers.
    """

    @pytest.mark.parametrize(
        ("lines", "named"),
        [
            (("64493-RT", "64494-RT", "64495-RT"), (3,)),
            (("64493-RT", "64494-RT", "64495-RT-GA"), None),
            (("64493-RT-GA", "64494-RT", "64495-RT"), (3,)),
            (("64493-RT", "99152"), (2,)),
            (("64493-RT", "64494-RT", "64495-RT-GZ", "99152"), (4,)),
            (("64493-RT", "64494-RT", "64495-RT", "99152"), (3, 4)),
            (("64490-RT", "64493-RT"), (1, 2)),
            (("64490-RT", "64493-RT-GA"), None),  # of two regions one is expected to be denied
        ],
    )
    def test_names_what_is_denied(
        self, lines: tuple[str, ...], named: tuple[int, ...] | None
    ) -> None:
        given = claim(*lines, purpose=Purpose.THERAPEUTIC)
        found = of(check(given), "expected-denial-without-abn")

        assert [each.lines for each in found] == ([named] if named else [])


class TestOrderOfModifiers:
    """Only the order of modifiers that stay is told: one that another rule takes away has none.

    Source: modifier.order, MCR-10.
    """

    @pytest.mark.parametrize(
        ("policy", "line", "beside"),
        [
            ("medicare-jm", "64635-KX-RT", "kx-on-ablation"),
            ("medicare-jm", "0216T-KX-RT", "kx-on-ultrasound"),
            ("medicare-jm", "64493-KX-RT", "kx-on-therapeutic"),
            ("medicare-jm", "64494-RT-51", "multiple-on-add-on"),
            ("medicare-jm", "64493-RT-50", "bilateral-with-side"),
            ("medicare-jm", "64493-50-KX-50", "duplicate-modifier"),
            ("medicare-jm", "64493-RT-GD", "modifier-not-in-force"),
            ("cpt", "64494-GC-50", "bilateral-on-add-on"),
        ],
    )
    def test_a_modifier_that_goes_has_no_order(self, policy: str, line: str, beside: str) -> None:
        given = claim(line, purpose=Purpose.THERAPEUTIC if beside.endswith("peutic") else None)
        rules = {found.rule for found in check(given, policy).findings}

        assert beside in rules
        assert "modifier-order" not in rules

    def test_the_purpose_of_the_note_takes_a_mark_away(self) -> None:
        session = note(purpose="therapeutic", joints=["L4-5:right"])
        rules = {found.rule for found in check(claim("64493-KX-RT"), session=session).findings}

        assert "purpose-differs" in rules
        assert "modifier-order" not in rules

    @pytest.mark.parametrize(
        ("line", "sequence"),
        [
            ("64493-KX-RT", "RT, KX"),
            ("64635-GC-KX-RT", "RT, GC"),
            ("64493-GC-GC-RT", "RT, GC"),
        ],
    )
    def test_those_that_stay_are_put_in_order(self, line: str, sequence: str) -> None:
        given = claim(line)
        [found] = of(check(given), "modifier-order")

        assert f"; use {sequence} (" in found.message
        repaired = repair_claim(given, policy=policies.get("medicare-jm"))
        assert ", ".join(repaired.claim.lines[0].modifiers) == sequence


class TestWholeClaims:
    """Rules on a claim as a whole run, and are as severe, as its policy says.

    Source: checks.families and checks.severity.
    """

    CLAIMS: ClassVar = {
        "claim-empty": claim(),
        "date-missing": claim("64493-RT", date=None),
        "sedation-by-other-provider": attrs.evolve(
            claim("64493-RT", "01992"),
            lines=(
                attrs.evolve(parse_line("64493-RT"), provider="A"),
                attrs.evolve(parse_line("01992"), provider="B"),
            ),
        ),
    }

    def payer(self, **provisions: tuple[str, ...] | str) -> policies.Policy:
        medicare = policies.get("medicare")
        [stated] = [p for p in medicare.provisions if p.key == "checks.families"]
        made: list[Provision] = []
        for name, value in provisions.items():
            cell = () if name == "families" else (name.replace("_", "-"),)
            key = "checks.severity" if cell else "checks.families"
            assert isinstance(stated, Provision)
            made.append(attrs.evolve(stated, key=key, cell=cell, value=value, policy="a-payer"))
        return policies.Policy(
            id="a-payer",
            title="A payer",
            payer="A payer",
            revised=medicare.revised,
            provisions=tuple(made),
            extends=medicare,
        )

    @pytest.mark.parametrize("rule", CLAIMS)
    def test_a_family_that_does_not_run_finds_nothing(self, rule: str) -> None:
        assert of(check(self.CLAIMS[rule]), rule)
        report = check_claim(self.CLAIMS[rule], policy=self.payer(families=("levels",)))
        assert of(report, rule) == []

    @pytest.mark.parametrize("rule", ["claim-empty", "date-missing"])
    def test_a_severity_is_that_of_the_policy(self, rule: str) -> None:
        own, stated = (
            check_claim(self.CLAIMS[rule], policy=policy)
            for policy in (
                policies.get("medicare"),
                self.payer(claim_empty="info", date_missing="warning"),
            )
        )

        assert [found.severity.value for found in of(own, rule)] == ["error"]
        wanted = {"claim-empty": "info", "date-missing": "warning"}[rule]
        assert [found.severity.value for found in of(stated, rule)] == [wanted]


class TestOwnPast:
    """A claim of several days is counted against itself, and what that leaves out is listed."""

    def of_days(self, lines: list[tuple[str, dt.date]]) -> Claim:
        dated = (attrs.evolve(parse_line(text), date=day) for text, day in lines)
        return attrs.evolve(claim(), date=None, lines=tuple(dated))

    def listed(self, given: Claim, **beside: Any) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for each in check(given, **beside).not_checked:
            found.setdefault(each.rule, set()).add(each.needs)
        return found

    def test_later_days_say_that_no_history_was_given(self) -> None:
        """The rules on injections are asked of the second day alone."""
        given = self.of_days([("64635-RT", DAY), ("64493-RT", DAY + dt.timedelta(40))])

        assert "history" in self.listed(given)["diagnostic-after-ablation"]
        assert "history" in self.listed(given)["too-many-sessions"]
        told = self.listed(given, history=History())
        assert "history" not in set().union(*told.values())

    def test_each_day_lists_its_own_rules(self) -> None:
        codes = ("64635-LT", "64493-RT-KX", "64635-RT")
        given = self.of_days([(code, DAY + dt.timedelta(n)) for n, code in enumerate(codes)])

        assert "history" in self.listed(given)["diagnostic-too-soon"]

    @pytest.mark.parametrize("history", [None, History()])
    def test_more_days_than_are_counted_are_listed(self, history: History | None) -> None:
        few, many = (
            self.of_days([("64635-RT", DAY + dt.timedelta(n)) for n in range(count)])
            for count in (100, 101)
        )
        needs = "days of the claim"

        assert needs not in self.listed(few, history=history).get("too-many-sessions", set())
        for rule in ("too-many-sessions", "in-global-period"):
            assert needs in self.listed(many, history=history)[rule]
        reasons = {each.reason for each in check(many).not_checked if each.needs == needs}
        assert reasons == {"the claim has more than 100 days, which were not counted together"}
        assert of(check(few, history=history), "too-many-sessions")


class TestModifiersThatAreNotKnown:
    """A modifier that is not among those known here may be one all the same: it is listed, not found.

    Source: data/codes/modifiers.csv, which has those that facet claims meet and no others.
    """

    @pytest.mark.parametrize(
        ("line", "day", "needs"),
        [
            ("64493-RT-ZZ", "2026-03-02", "the full list of modifiers"),
            ("64493-RT-F5", "2026-03-02", "the full list of modifiers"),
            ("64493-RT-GA", "2020-03-02", "effective dates of modifiers"),
        ],
    )
    def test_is_listed_with_what_would_tell(self, line: str, day: str, needs: str) -> None:
        report = check(claim(line, date=dt.date.fromisoformat(day)))
        listed = [n for n in report.not_checked if n.rule == "modifier-not-in-force"]

        assert needs in [each.needs for each in listed]
        assert any(each.reason.endswith(f": {line[-2:]}") for each in listed if each.needs == needs)
        assert not [f for f in report.findings if f.rule.startswith("modifier")]


class TestNoDiagnosis:
    """A claim without any diagnosis is returned by Medicare; what was given may lack them, so: a warning.

    Source: a57787 (N1), from the day on which it is seen.
    """

    RULE = "diagnosis-not-stated"

    @pytest.mark.parametrize(
        ("policy", "day", "found"),
        [
            ("medicare", "2026-03-02", True),
            ("medicare-j15", "2026-03-02", True),
            ("medicare", "2024-12-31", True),
            ("medicare", "2024-12-30", False),  # not seen before
            ("cpt", "2026-03-02", False),
            ("aetna", "2026-03-02", False),
        ],
    )
    def test_is_told_where_the_payer_returns_it(self, policy: str, day: str, found: bool) -> None:  # noqa: FBT001
        given = claim("64493-RT", "64494-RT", "J3301", dx=(), date=dt.date.fromisoformat(day))
        told = of(check(given, policy), self.RULE)

        assert [(each.severity.value, each.lines) for each in told] == [("warning", (1, 2))] * found

    def test_a_diagnosis_of_one_facet_line_is_enough_for_it(self) -> None:
        """Then the other line lacks its own, and another rule says so."""
        lines = (
            attrs.evolve(parse_line("64493-RT"), diagnoses=("M47.816",)),
            parse_line("64494-RT"),
        )
        report = check(attrs.evolve(claim(dx=()), lines=lines))

        assert not of(report, self.RULE)
        assert [each.lines for each in of(report, "diagnosis-missing")] == [(2,)]

    def test_coded_lines_of_a_session_without_diagnoses_are_no_matter_of_form(self) -> None:
        session = note(purpose="therapeutic", joints=["L4-5:right"], claim_type="professional")
        coded = code_session(session, policy=policies.get("medicare"))
        assert isinstance(coded, CodedSession)
        found = check(coded.claim, "medicare", session=session).findings

        assert [(each.rule, each.kind.value) for each in found] == [(self.RULE, "coverage")]
