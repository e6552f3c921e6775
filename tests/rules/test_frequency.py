"""Scenarios of earlier sessions, and of prior authorization."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from cptfacet import policies
from cptfacet.anatomy import CoverageRegion, Joint, Side
from cptfacet.checking import check_claim
from cptfacet.claims import Claim, ClaimType, PriorAuthorization, Purpose, parse_line
from cptfacet.dates import Status
from cptfacet.history import History, PastSession, SessionKind
from cptfacet.procedures import CodeGroup, ProcedureKind
from cptfacet.reference import packaged
from cptfacet.sessions import Target, parse_session
from cptfacet.unknown import Unknown

MEDICARE = policies.get("medicare")
LUMBAR, NECK = CoverageRegion.LUMBAR_SACRAL, CoverageRegion.CERVICAL_THORACIC
DAY = dt.date(2026, 3, 2)
BLOCK, INJECTION, ABLATION = (
    SessionKind.DIAGNOSTIC_INJECTION,
    SessionKind.THERAPEUTIC_INJECTION,
    SessionKind.ABLATION,
)


def claim(*lines: str, purpose: Purpose | None = None) -> Claim:
    return Claim(
        claim_type=ClaimType.PROFESSIONAL,
        date=DAY,
        purpose=purpose,
        place_of_service="11",
        lines=tuple(map(parse_line, lines)),
    )


def sessions(kind: SessionKind, *days: str, region: CoverageRegion | None = LUMBAR) -> History:
    return History(
        sessions=tuple(
            PastSession(date=dt.date.fromisoformat(day), kind=kind, region=region) for day in days
        )
    )


def severities(checked: Claim, history: History, rule: str, policy: str = "medicare") -> list[str]:
    report = check_claim(checked, policy=policies.get(policy), history=history)
    return [found.severity.value for found in report.findings if found.rule == rule]


def _on_the_day() -> list[tuple[str, str]]:
    """List the related codes valid on the day, with their global days, where those are known."""
    codes = sorted({g.code for g in packaged().groups if g.term.on(DAY) is Status.IN_FORCE})
    found = {code: packaged().fee_indicators(code, on=DAY) for code in codes}
    return [
        (code, fees.global_days.value)
        for code, fees in found.items()
        if not isinstance(fees, Unknown)
    ]


VISITS = {g.code for g in packaged().groups if g.group is CodeGroup.EVALUATION}
OF_A_VISIT = [(code, days) for code, days in _on_the_day() if code in VISITS]
OF_THE_DAY = [(code, days) for code, days in _on_the_day() if code not in VISITS]


class TestSessions:
    """A limit counts sessions of one kind and region in the rolling window before the session.

    Source: sections 4.2 to 4.4 of the coverage determinations (D5, T4, R3).
    """

    @pytest.mark.parametrize(
        ("lines", "purpose", "kind", "count"),
        [
            (["64493-KX"], Purpose.DIAGNOSTIC, BLOCK, 4),
            (["64493"], Purpose.THERAPEUTIC, INJECTION, 4),
            (["64493"], None, INJECTION, 4),  # without its mark it counts as therapeutic
            (["64635-RT"], None, ABLATION, 2),
        ],
    )
    def test_the_last_one_that_is_covered_and_the_first_that_is_not(
        self, lines: list[str], purpose: Purpose | None, kind: SessionKind, count: int
    ) -> None:
        days = [f"2025-{month:02}-15" for month in range(4, 4 + count)]
        checked = claim(*lines, purpose=purpose)

        assert severities(checked, sessions(kind, *days[1:]), "too-many-sessions") == []
        assert severities(checked, sessions(kind, *days), "too-many-sessions") == ["error"]
        assert severities(checked, sessions(kind, *days, region=NECK), "too-many-sessions") == []

    def test_the_same_day_of_the_year_before_is_outside(self) -> None:
        checked = claim("64635-RT")

        inside = sessions(ABLATION, "2025-03-03", "2025-10-01")
        outside = sessions(ABLATION, "2025-03-02", "2025-10-01")
        assert severities(checked, inside, "too-many-sessions") == ["error"]
        assert severities(checked, outside, "too-many-sessions") == []

    def test_a_region_that_is_not_known_makes_it_possible_only(self) -> None:
        history = sessions(ABLATION, "2025-05-05", "2025-10-01", region=None)

        assert severities(claim("64635-RT"), history, "too-many-sessions") == ["warning"]

    def test_as_many_are_named_as_are_sure_where_they_suffice(self) -> None:
        sure = sessions(ABLATION, "2025-05-05", "2025-10-01").sessions
        possible = sessions(ABLATION, "2025-06-05", region=None).sessions

        for known, said in (
            ((*sure, *possible), "This is the 3rd ablation session of the lumbar-sacral region in"),
            (
                (sure[0], *possible),
                "This may be the 3rd ablation session of the lumbar-sacral region in",
            ),
        ):
            report = check_claim(
                claim("64635-RT"), policy=MEDICARE, history=History(sessions=known)
            )
            [found] = report.where(lambda found: found.rule == "too-many-sessions").findings
            assert found.message == f"{said} 12 months; 2 are covered"

    @pytest.mark.parametrize("policy", ["medicare-je", "medicare-jn"])
    @pytest.mark.parametrize(
        ("day", "earlier", "found"),
        [
            ("2021-04-24", 4, []),
            ("2021-04-24", 5, ["warning"]),
            ("2021-04-25", 5, []),
            ("2026-11-24", 5, []),
        ],
    )
    def test_purposes_are_counted_apart_since_2021(
        self, policy: str, day: str, earlier: int, found: list[str]
    ) -> None:
        """Five of both together before, by the Inspector General's reports; none since, or not known."""
        on = dt.date.fromisoformat(day)
        given = attrs.evolve(claim("64493", purpose=Purpose.THERAPEUTIC), date=on)
        history = History(
            sessions=tuple(
                PastSession(
                    date=on - dt.timedelta(60 * n), kind=(BLOCK, INJECTION)[n % 2], region=LUMBAR
                )
                for n in range(1, earlier + 1)
            )
        )

        assert severities(given, history, "pooled-sessions", policy) == found
        assert severities(given, history, "too-many-sessions", policy) == []

    def test_without_a_history_it_is_listed_as_not_checked(self) -> None:
        report = check_claim(claim("64635-RT"), policy=MEDICARE)

        assert ("too-many-sessions", "history") in {(n.rule, n.needs) for n in report.not_checked}

    def test_before_the_policy_the_limit_is_not_known(self) -> None:
        early = attrs.evolve(claim("64635-RT"), date=dt.date(2019, 3, 4))
        report = check_claim(early, policy=MEDICARE, history=History())

        assert ("too-many-sessions", "sessions.max") in {
            (n.rule, n.needs) for n in report.not_checked
        }


class TestDiagnosticBlocks:
    """A level that lines do not name is asked after; one that sessions name is certain."""

    def test_two_weeks_are_enough(self) -> None:
        checked = claim("64493-RT-KX", purpose=Purpose.DIAGNOSTIC)

        soon = sessions(BLOCK, str(DAY - dt.timedelta(13)))
        enough = sessions(BLOCK, str(DAY - dt.timedelta(14)))
        assert severities(checked, soon, "diagnostic-too-soon") == ["warning"]
        assert severities(checked, enough, "diagnostic-too-soon") == []

    def test_two_years_after_an_ablation(self) -> None:
        checked = claim("64493-RT-KX", purpose=Purpose.DIAGNOSTIC)

        assert severities(
            checked, sessions(ABLATION, "2024-03-03"), "diagnostic-after-ablation"
        ) == ["warning"]
        assert (
            severities(checked, sessions(ABLATION, "2024-03-02"), "diagnostic-after-ablation") == []
        )

    def test_a_level_that_sessions_name_is_the_same_or_another(self) -> None:
        note = parse_session(
            date=str(DAY),
            technique="mbb",
            purpose="diagnostic",
            guidance="fluoroscopy",
            joints=["L4-5:right"],
        )
        checked = claim("64493-RT-KX", purpose=Purpose.DIAGNOSTIC)
        for joint, weights in ((Joint.L4_L5, ["error"]), (Joint.L2_L3, []), (None, ["warning"])):
            targets = (Target(joint=joint, side=Side.RIGHT),) if joint else ()
            for kind, rule in (
                (BLOCK, "diagnostic-too-soon"),
                (ABLATION, "diagnostic-after-ablation"),
            ):
                past = PastSession(
                    date=DAY - dt.timedelta(5), kind=kind, region=LUMBAR, targets=targets
                )
                report = check_claim(
                    checked, policy=MEDICARE, session=note, history=History(sessions=(past,))
                )
                asks = kind is ABLATION and weights  # whether it was successful: never an error
                found = [f.severity for f in report.findings if f.rule == rule]
                assert found == (["warning"] if asks else weights)


class TestGlobalPeriod:
    """Ten days after an ablation a procedure says what it is to it."""

    @pytest.mark.parametrize("modifier", ["79", "58", "78"])
    def test_a_modifier_says_so(self, modifier: str) -> None:
        history = sessions(ABLATION, "2026-02-20")

        assert severities(claim("64635-LT"), history, "in-global-period") == ["warning"]
        assert severities(claim(f"64635-{modifier}-LT"), history, "in-global-period") == []

    @pytest.mark.parametrize("code", [code for code, _ in OF_A_VISIT])
    def test_a_visit_says_that_it_was_for_another_problem(self, code: str) -> None:
        history = sessions(ABLATION, "2026-02-20")

        assert severities(claim(code), history, "in-global-period") == ["warning"]
        assert severities(claim(f"{code}-24"), history, "in-global-period") == []
        assert severities(claim(f"{code}-79"), history, "in-global-period") == ["warning"]

    @pytest.mark.parametrize(("code", "days"), OF_THE_DAY)
    def test_any_other_code_counts_if_it_has_a_global_period_of_its_own(
        self, code: str, days: str
    ) -> None:
        history = sessions(ABLATION, "2026-02-20")
        of_own = ["warning"] if days in ("000", "010", "090") else []

        assert severities(claim(code), history, "in-global-period") == of_own
        assert severities(claim(f"{code}-58"), history, "in-global-period") == []

    @pytest.mark.parametrize("claim_type", ClaimType)
    @pytest.mark.parametrize("code", ["99213", "62323", "20610", "64493", "G0463"])
    def test_a_facility_has_no_global_period(self, code: str, claim_type: ClaimType) -> None:
        billed = attrs.evolve(claim(code), claim_type=claim_type)
        found = severities(billed, sessions(ABLATION, "2026-02-20"), "in-global-period")

        assert bool(found) is (claim_type is ClaimType.PROFESSIONAL)

    def test_without_a_history_it_is_not_checked(self) -> None:
        report = check_claim(claim("99213"), policy=MEDICARE)

        assert "history" in {n.needs for n in report.not_checked if n.rule == "in-global-period"}

    def test_a_code_that_no_file_lists_is_named_as_not_checked(self) -> None:
        report = check_claim(
            claim("29881"), policy=MEDICARE, history=sessions(ABLATION, "2026-02-20")
        )
        [left] = [left for left in report.not_checked if left.rule == "in-global-period"]

        assert left.needs == "global days of 29881"

    def test_a_visit_on_a_later_day_of_the_claim_that_has_the_ablation(self) -> None:
        lines = (
            attrs.evolve(parse_line("64635-RT"), date=DAY),
            attrs.evolve(parse_line("99213"), date=DAY + dt.timedelta(days=3)),
        )
        report = check_claim(attrs.evolve(claim(), lines=lines, date=None), policy=MEDICARE)
        [found] = [found for found in report.findings if found.rule == "in-global-period"]

        assert found.lines == (2,)

    def test_of_codes_that_are_not_of_the_day_nothing_is_known(self) -> None:
        early = attrs.evolve(claim("64493-LT"), date=dt.date(2011, 3, 2))

        assert severities(early, sessions(ABLATION, "2011-02-28"), "in-global-period") == []

    def test_the_eleventh_day_is_free(self) -> None:
        assert (
            severities(claim("64635-LT"), sessions(ABLATION, "2026-02-19"), "in-global-period")
            == []
        )


class TestAuthorization:
    """Hospital claims alone need a number, from the day on which facet codes joined the list.

    Source: 42 CFR 419.83; the list without the third-level codes from 2024-08-16, and from 2024-08-05 in doubt.
    """

    @staticmethod
    def found(
        code: str, on: str, claim_type: ClaimType, told: PriorAuthorization | None
    ) -> list[str]:
        checked = Claim(
            claim_type=claim_type,
            date=dt.date.fromisoformat(on),
            place_of_service="22",
            lines=(parse_line(code),),
            prior_authorization=told,
        )
        report = check_claim(checked, policy=MEDICARE)
        return [f.rule for f in report.findings if f.family == "authorization"]

    @pytest.mark.parametrize(
        ("code", "on", "claim_type", "needed"),
        [
            ("64493", "2023-06-30", ClaimType.HOSPITAL_OUTPATIENT, False),
            ("64493", "2023-07-01", ClaimType.HOSPITAL_OUTPATIENT, True),
            ("64495", "2024-08-04", ClaimType.HOSPITAL_OUTPATIENT, True),
            ("64495", "2024-08-05", ClaimType.HOSPITAL_OUTPATIENT, False),
            ("64493", "2024-08-05", ClaimType.HOSPITAL_OUTPATIENT, True),
            ("64493", "2024-08-16", ClaimType.HOSPITAL_OUTPATIENT, True),
            ("64495", "2024-08-16", ClaimType.HOSPITAL_OUTPATIENT, False),
            ("64493", "2024-08-05", ClaimType.PROFESSIONAL, False),
            ("64493", "2024-08-05", ClaimType.ASC_FACILITY, False),
        ],
    )
    def test_list(self, code: str, on: str, claim_type: ClaimType, *, needed: bool) -> None:
        assert ("authorization-missing" in self.found(code, on, claim_type, None)) is needed

    @pytest.mark.parametrize(
        "code", sorted(p.code for p in packaged().find_procedures(kind=ProcedureKind.FACET))
    )
    def test_in_august_2024_the_third_levels_are_in_doubt(self, code: str) -> None:
        """CMS announced on 2024-08-05 that they leave the list, which has it as of 2024-08-16.

        Source: cms-opd-pa-update, cms-opd-pa-list.
        """
        doubted = {
            on
            for on in ("2024-08-04", "2024-08-05", "2024-08-15", "2024-08-16")
            for skipped in check_claim(
                Claim(
                    claim_type=ClaimType.HOSPITAL_OUTPATIENT,
                    date=dt.date.fromisoformat(on),
                    place_of_service="22",
                    lines=(parse_line(code),),
                ),
                policy=MEDICARE,
            ).not_checked
            if skipped.needs == "authorization.unsettled-codes"
        }

        third = code in ("64492", "64495")
        assert doubted == ({"2024-08-05", "2024-08-15"} if third else set())

    @pytest.mark.parametrize(
        ("told", "found"),
        [
            (PriorAuthorization(exempt=True), []),
            (PriorAuthorization(), ["authorization-missing"]),
            (PriorAuthorization(number="A1234567890123"), []),
            (PriorAuthorization(number="A12345678901234"), ["authorization-number-malformed"]),
            (PriorAuthorization(number="A123456789012-"), ["authorization-number-malformed"]),
            (
                PriorAuthorization(number="A1234567890123", decided=dt.date(2026, 3, 3)),
                ["authorization-not-valid-on-date"],
            ),
            (
                PriorAuthorization(number="A1234567890123", decided=dt.date(2025, 11, 1)),
                ["authorization-not-valid-on-date"],
            ),
            (PriorAuthorization(number="A1234567890123", decided=dt.date(2025, 11, 2)), []),
        ],
    )
    def test_number(self, told: PriorAuthorization, found: list[str]) -> None:
        assert self.found("64635", "2026-03-02", ClaimType.HOSPITAL_OUTPATIENT, told) == found

    def test_the_number_is_never_told(self) -> None:
        told = PriorAuthorization(number="SECRET")
        checked = Claim(
            claim_type=ClaimType.HOSPITAL_OUTPATIENT,
            date=DAY,
            place_of_service="22",
            lines=(parse_line("64635-RT"),),
            prior_authorization=told,
        )
        report = check_claim(checked, policy=MEDICARE)

        assert report.errors
        assert "SECRET" not in report.explain()
        assert "SECRET" not in repr(report)
