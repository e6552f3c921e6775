"""How lines are written: units, modifiers, places, lines that repeat."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal

import attrs
import pytest

from cptfacet import policies
from cptfacet.bilateral import order_modifiers
from cptfacet.checking import Checker
from cptfacet.claims import Claim, ClaimLine, ClaimType, parse_line
from cptfacet.dates import Status
from cptfacet.findings import Finding, Question, Replacement, Report, RuleFamily, Severity
from cptfacet.modifiers import Modifier, ModifierConflict, ModifierRole
from cptfacet.procedures import Procedure, ProcedureKind
from cptfacet.reference import packaged

SPRING = dt.date(2026, 3, 2)
CHECKERS = {name: Checker(policies.get(name), memo=0) for name in ("cpt", "medicare")}
MODIFIERS = packaged().modifiers
FACET = [p.code for p in packaged().find_procedures(kind=ProcedureKind.FACET)]
LATERAL = (ModifierRole.BILATERAL, ModifierRole.RIGHT, ModifierRole.LEFT)


def check(
    *lines: ClaimLine | str,
    on: dt.date = SPRING,
    claim_type: ClaimType = ClaimType.PROFESSIONAL,
    place: str | None = None,
    policy: str = "cpt",
) -> Report:
    read = tuple(parse_line(line) if isinstance(line, str) else line for line in lines)
    return CHECKERS[policy].check(
        Claim(claim_type=claim_type, date=on, place_of_service=place, lines=read)
    )


def of_family(report: Report) -> list[Finding]:
    return [found for found in report.findings if found.family is RuleFamily.FORM]


def rules(report: Report) -> set[str]:
    return {found.rule for found in of_family(report)}


def with_modifiers(*modifiers: str, code: str = "64493") -> ClaimLine:
    return ClaimLine(code=code, modifiers=modifiers)


def written(found: Finding) -> list[str]:
    assert isinstance(found.remedy, Replacement)
    return [line.text for line in found.remedy.lines]


class TestUnits:
    """The units of a facet line are a count from one on."""

    @pytest.mark.parametrize("units", [1, 2, 10**15, 10**29, Decimal("1.0"), Decimal("2E+3")])
    def test_are_a_count(self, units: int | Decimal) -> None:
        assert not rules(check(ClaimLine(code="64636", units=units))) & {
            "units-missing",
            "units-invalid",
        }

    @pytest.mark.parametrize(
        ("units", "kind"),
        [
            (0, "0 units;"),
            (Decimal("-0"), "0 units;"),
            (-1, "negative units;"),
            pytest.param(-(10**9999), "negative units;", id="of many digits below zero"),
            (Decimal("-0.5"), "negative units;"),
            (Decimal("0.5"), "fractional units;"),
            (Decimal("1E-999999"), "fractional units;"),
            (10**30, "an impossible number"),
            pytest.param(10**9999, "an impossible number", id="of many digits"),
            (Decimal("1E+999999"), "an impossible number"),
            (Decimal("NaN"), "units that are not a number;"),
            (Decimal("sNaN"), "units that are not a number;"),
            (Decimal("-Infinity"), "units that are not a number;"),
        ],
    )
    def test_are_none(self, units: int | Decimal, kind: str) -> None:
        (found,) = of_family(check(ClaimLine(code="64493", units=units)))

        assert found.rule == "units-invalid"
        assert found.message.startswith(f"64493 has {kind}")
        assert len(found.message) < 100

    def test_are_missing(self) -> None:
        (found,) = of_family(check("64493-RT x?", "J1030 x?"))

        assert (found.rule, found.lines) == ("units-missing", (1,))


class TestModifiersByThemselves:
    """What is odd about modifiers whatever the code: shape, dates, number, order, conflicts."""

    @pytest.mark.parametrize("modifier", ["R", "RTX", "R T", "-5", "\0\0", "ÄÖ", "=1", "x" * 10**6])
    def test_are_malformed(self, modifier: str) -> None:
        (found,) = of_family(check(with_modifiers(modifier)))

        assert found.rule == "modifier-malformed"
        assert isinstance(found.remedy, Question)
        assert len(found.message) < 200

    def test_that_are_malformed_are_named_up_to_a_bound(self) -> None:
        found = of_family(check(with_modifiers(*(f"_{n}_" for n in range(9)))))
        (message,) = (f.message for f in found if f.rule == "modifier-malformed")

        assert "'_0_', '_1_', '_2_', '_3_', '_4_' and 4 more are not" in message

    def test_that_are_blank_go(self) -> None:
        (found,) = of_family(check(with_modifiers("rt", " ", "", "kx")))

        assert found.rule == "modifier-malformed"
        assert written(found) == ["64493-RT-KX x1"]

    def test_that_are_blank_are_not_alone(self) -> None:
        (found,) = of_family(check(with_modifiers("", "R")))

        assert isinstance(found.remedy, Question)

    @pytest.mark.parametrize("modifier", [m.code for m in MODIFIERS])
    def test_are_in_force(self, modifier: str) -> None:
        term = packaged().get_modifier(modifier).term
        day = dt.timedelta(days=1)
        for on in {SPRING, term.first, term.first - day, min(term.last, SPRING) + day}:
            report = check(with_modifiers(modifier), on=max(on, dt.date(2012, 1, 1)))
            standing = term.on(max(on, dt.date(2012, 1, 1)))
            skipped = {n.rule for n in report.not_checked}

            found = "modifier-not-in-force" in rules(report)
            assert found is (standing is Status.NOT_IN_FORCE)
            assert ("modifier-not-in-force" in skipped) is (standing is Status.NOT_KNOWN)

    def test_say_until_when(self) -> None:
        (found,) = (f for f in of_family(check("64493-GD")) if f.rule == "modifier-not-in-force")

        assert found.message == "64493: modifier GD was valid only through 2019-12-31"

    def test_that_no_table_has_are_not_reported(self) -> None:
        report = check("64493-RT-ZZ-ZY", "64494-ZZ")
        (skipped,) = (n for n in report.not_checked if n.rule == "modifier-not-in-force")

        assert rules(report) == set()
        assert skipped.reason.endswith(": ZY and ZZ")

    def test_stand_once(self) -> None:
        (found,) = of_family(check(with_modifiers("59", "KX", "kx ")))

        assert found.rule == "duplicate-modifier"
        assert written(found) == ["64493-59-KX x1"]

    @pytest.mark.parametrize(
        "conflict", packaged().conflicts, ids=lambda c: "-".join(sorted(c.modifiers))
    )
    def test_are_in_conflict(self, conflict: ModifierConflict) -> None:
        """Each pair of each conflict; those on sides are told by the rule on them."""
        of_sides = all(packaged().modifier_role(m) in LATERAL for m in conflict.modifiers)
        for pair in itertools.permutations(sorted(conflict.modifiers), 2):
            report = check(with_modifiers(*pair))

            assert ("modifiers-in-conflict" in rules(report)) is not of_sides
            assert ("bilateral-with-side" in {f.rule for f in report.findings}) is of_sides

    def test_are_in_conflict_from_a_day_on(self) -> None:
        line = with_modifiers("59", "XS")

        assert "modifiers-in-conflict" in rules(check(line, on=dt.date(2015, 1, 1)))
        assert "modifiers-in-conflict" not in rules(check(line, on=dt.date(2014, 12, 31)))

    @pytest.mark.parametrize("claim_type", ClaimType)
    def test_are_of_the_claim_type(self, claim_type: ClaimType) -> None:
        place = {ClaimType.ASC_FACILITY: "24", ClaimType.HOSPITAL_OUTPATIENT: "22"}.get(claim_type)
        for modifier in MODIFIERS:
            foreign = claim_type not in modifier.claim_types and modifier.claim_types
            found = check(with_modifiers(modifier.code), claim_type=claim_type, place=place)

            assert ("modifier-not-for-claim-type" in rules(found)) is (
                bool(foreign) and modifier.role not in LATERAL
            )

    @pytest.mark.parametrize("order", list(itertools.permutations(("50", "59", "KX", "22"))))
    def test_stand_in_order(self, order: tuple[str, ...]) -> None:
        found = [f for f in of_family(check(with_modifiers(*order))) if f.rule == "modifier-order"]
        wanted = order_modifiers(order)

        assert bool(found) is (wanted != order)
        for finding in found:
            assert finding.severity is Severity.INFO
            assert written(finding) == [with_modifiers(*wanted).text]

    def test_are_four_at_the_most(self) -> None:
        four = ("22", "52", "79", "RT")

        assert rules(check(with_modifiers(*four))) == set()
        assert rules(check(with_modifiers(*four, "KX"))) == {"too-many-modifiers"}
        assert rules(check(with_modifiers(*four, ""))) == {"modifier-malformed"}


class TestModifiersOfCodes:
    """A modifier is of services of a kind, and of parts and people that the fee schedule pays."""

    @pytest.mark.parametrize("modifier", [m for m in MODIFIERS if m.role not in LATERAL])
    def test_on_facet_codes(self, modifier: Modifier) -> None:
        code = modifier.code
        for facet in FACET:
            indicators = packaged().get_procedure(facet).indicators
            assert indicators is not None
            parts = {
                ModifierRole.PROFESSIONAL_COMPONENT: True,
                ModifierRole.TECHNICAL_COMPONENT: True,
                ModifierRole.ASSISTANT: indicators.assistant == "1",
                ModifierRole.CO_SURGEON: True,
                ModifierRole.TEAM: True,
            }
            applies = modifier.applies_to
            other = applies not in ("any", "procedure", "assistant")
            wrong = other or (modifier.role is not None and parts.get(modifier.role, False))
            found = rules(check(with_modifiers(code, code=facet)))

            assert ("modifier-not-for-code" in found) is wrong, (facet, code)

    @pytest.mark.parametrize(
        ("line", "severity"),
        [
            ("64493-26", Severity.ERROR),
            ("64493-TC", Severity.ERROR),
            ("64493-25", Severity.ERROR),
            ("64493-24", Severity.WARNING),
            ("64635-80", Severity.WARNING),
            ("99213-79", Severity.WARNING),
            ("99213-QK", Severity.WARNING),
            ("64493-80", None),
            ("99213-25", None),
            ("01992-QK", None),
            ("76942-26", None),
            ("64483-22", None),
            ("J1030-JZ", None),
        ],
    )
    def test_scenarios(self, line: str, severity: Severity | None) -> None:
        found = [f for f in of_family(check(line)) if f.rule == "modifier-not-for-code"]

        assert [f.severity for f in found] == ([severity] if severity else [])

    @pytest.mark.parametrize("code", ["64475", "64493"])
    def test_without_an_edition_of_the_fee_schedule(self, code: str) -> None:
        report = check(f"{code}-26", on=dt.date(2009 if code == "64475" else 2019, 12, 1))

        assert rules(report) == set()
        assert "modifier-not-for-code" in {n.rule for n in report.not_checked}

    @pytest.mark.parametrize("procedure", [p for p in packaged().procedures if p.indicators])
    def test_both_sides_are_paid_by_the_indicator(self, procedure: Procedure) -> None:
        code, indicators = procedure.code, procedure.indicators
        paid = indicators is not None and indicators.bilateral == "1"

        assert ("bilateral-on-other-code" in rules(check(f"{code}-50"))) is not paid
        assert "bilateral-on-other-code" not in rules(check(code))
        assert "bilateral-on-other-code" not in rules(check(f"{code}-50", on=dt.date(2019, 6, 3)))

    @pytest.mark.parametrize("code", FACET)
    def test_multiple_procedures_are_no_add_ons(self, code: str) -> None:
        found = [f for f in of_family(check(f"{code}-51-RT")) if f.rule == "multiple-on-add-on"]

        assert bool(found) is packaged().get_procedure(code).add_on
        for finding in found:
            assert written(finding) == [f"{code}-RT x1"]


class TestPlaces:
    """A place of service is one that the code set has, and for a facility its own."""

    @pytest.mark.parametrize("code", [f"{number:02}" for number in range(100)])
    def test_are_assigned(self, code: str) -> None:
        (place,) = packaged().places.about(code) or (None,)
        found = "place-not-assigned" in rules(check("64493-RT", place=code))

        assert found is (place is None or not place.assigned)

    @pytest.mark.parametrize("text", ["", " ", "1", "011", "1A", "office", "\0"])
    def test_have_two_digits(self, text: str) -> None:
        assert rules(check("64493-RT", place=text)) == {"place-not-assigned"}

    def test_before_the_edition_that_was_read_are_not_known(self) -> None:
        for place in ("11", "28"):
            report = check("64493-RT", place=place, on=dt.date(2024, 6, 20))

            assert rules(report) == set()
            assert "place-not-assigned" in {n.rule for n in report.not_checked}

    @pytest.mark.parametrize("claim_type", ClaimType)
    def test_of_facilities(self, claim_type: ClaimType) -> None:
        own = {
            ClaimType.PROFESSIONAL: {place.code for place in packaged().places},
            ClaimType.ASC_FACILITY: {"24"},
            ClaimType.HOSPITAL_OUTPATIENT: {"19", "22", "23"},
        }[claim_type]
        for place in packaged().places:
            found = rules(check("64493-RT", place=place.code, claim_type=claim_type))

            assert ("place-claim-type-differs" in found) is (
                place.assigned and place.code not in own
            )

    def test_of_lines_count_before_that_of_the_claim(self) -> None:
        line = attrs.evolve(parse_line("64493-RT"), place_of_service="28")
        (found,) = of_family(check("64494-RT", line, place="11"))

        assert (found.rule, found.lines) == ("place-not-assigned", (2,))


class TestLinesThatRepeat:
    """A facet line stands once, unless a modifier says that it was done again."""

    @pytest.mark.parametrize(
        ("policy", "lines", "severities"),
        [
            ("cpt", ("64493-RT", "64493-RT"), ["error"]),
            ("cpt", ("64493-RT-KX", "64493-kx-rt x2"), ["error"]),
            ("cpt", ("64493", "64493"), ["error"]),
            ("cpt", ("64493-50", "64493-50"), ["error"]),
            ("medicare", ("64493-50", "64494", "64494"), ["error"]),
            ("cpt", ("64493-50", "64494", "64494", "64494"), ["error"]),
            ("cpt", ("64493-50", "64494 x2", "64494"), ["error"]),
            ("cpt", ("64635-RT", "64636-RT", "64636-RT"), ["warning"]),
            ("cpt", ("64493-RT", "64493-RT", "64635-LT", "64635-LT"), ["error", "error"]),
            ("cpt", ("64493-50", "64494", "64494"), []),  # the form of both sides
            ("cpt", ("64493-RT", "64493-LT"), []),
            ("cpt", ("64493-RT", "64493-RT-76"), []),
            ("cpt", ("64493-RT-76", "64493-76-RT"), []),
            ("cpt", ("J1030", "J1030"), []),
        ],
    )
    def test_scenarios(self, policy: str, lines: tuple[str, ...], severities: list[str]) -> None:
        report = check(*lines, policy=policy)
        found = [f for f in report.findings if f.rule == "duplicate-line"]

        assert [f.severity.value for f in found] == severities
        for finding in found:
            assert isinstance(finding.remedy, Question)
            additional = "additional levels" in finding.remedy.question
            assert additional is (finding.severity is Severity.WARNING)


def test_units_of_many_digits_have_no_shape_that_is_kept() -> None:
    checker = Checker(policies.get("cpt"))
    for units in (10**9999, Decimal("1E+999999")):
        line = ClaimLine(code="64493", units=units)
        claim = Claim(claim_type=ClaimType.PROFESSIONAL, date=SPRING, lines=(line,))

        assert checker.check(claim) == CHECKERS["cpt"].check(claim)


def test_a_line_with_units_that_are_no_number_is_not_written_anew() -> None:
    line = ClaimLine(code="64493", modifiers=("RT", "RT"), units=Decimal("NaN"))
    found = {f.rule: f.remedy for f in of_family(check(line))}

    assert found["duplicate-modifier"] is None
