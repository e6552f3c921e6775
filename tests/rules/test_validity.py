"""Codes that are valid on the day, days and lines."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from cptfacet import policies
from cptfacet.checking import Checker
from cptfacet.claims import Claim, ClaimLine, ClaimType, parse_line
from cptfacet.dates import Status
from cptfacet.findings import Finding, Question, Report, RuleFamily
from cptfacet.reference import packaged
from cptfacet.unknown import Unknown

CHECKER = Checker(policies.get("cpt"), memo=0)
SPRING = dt.date(2026, 3, 2)
DAY = dt.timedelta(days=1)


def claim(*codes: str, on: dt.date | None = SPRING) -> Claim:
    lines = tuple(ClaimLine(code=code) for code in codes)
    return Claim(claim_type=ClaimType.PROFESSIONAL, date=on, lines=lines)


def check(*codes: str, on: dt.date | None = SPRING) -> Report:
    return CHECKER.check(claim(*codes, on=on))


def of_family(report: Report) -> list[Finding]:
    return [found for found in report.findings if found.family is RuleFamily.VALIDITY]


def rules(report: Report) -> set[str]:
    return {found.rule for found in of_family(report)}


class TestCodesInForce:
    """A code is reported on exactly the days on which its sources say that it is not valid.

    Source: data/codes/procedures.csv and groups.csv.
    """

    @pytest.mark.parametrize("code", [p.code for p in packaged().procedures])
    def test_of_the_table(self, code: str) -> None:
        term = packaged().get_procedure(code).term
        days = {SPRING, term.first, term.first - DAY, dt.date(2009, 12, 31), dt.date(2010, 1, 1)}
        days |= {term.last + DAY} if term.until else set()
        for day in days:
            report = check(code, on=day)
            standing = term.on(day)
            not_asked = {n.rule for n in report.not_checked}

            assert ("code-not-in-force" in rules(report)) is (standing is Status.NOT_IN_FORCE)
            assert ("code-not-in-force" in not_asked) is (standing is Status.NOT_KNOWN)

    @pytest.mark.parametrize("code", sorted({member.code for member in packaged().groups}))
    def test_of_the_groups(self, code: str) -> None:
        procedure = packaged().procedure(code)
        groups = packaged().find_grouped_codes(code)
        terms = [m.term for m in groups] if isinstance(procedure, Unknown) else [procedure.term]
        for day in {SPRING, *(t.last + DAY for t in terms if t.until)}:
            standings = {term.on(day) for term in terms}
            found = "code-not-in-force" in rules(check(code, on=day))

            assert found is (standings == {Status.NOT_IN_FORCE})

    @pytest.mark.parametrize(
        ("code", "day", "message", "asked"),
        [
            (
                "64470",
                "2026-03-02",
                "64470 was valid only through 2009-12-31",
                "Should 64470 be 64490, or",
            ),
            (
                "64476",
                "2010-01-01",
                "64476 was valid only through 2009-12-31",
                "Should 64476 be 64494 or 64495, or",
            ),
            (
                "64493",
                "2009-12-31",
                "64493 is not valid before 2010-01-01",
                "Should 64493 be 64475, or",
            ),
            ("99144", "2026-03-02", "99144 was valid only through 2016-12-31", "Which code"),
            ("99153", "2016-12-31", "99153 is not valid before 2017-01-01", "Which code"),
            (
                "64470",
                "2011-12-31",
                "64470 was valid only through 2009-12-31",
                "Should 64470 be 64490, or",
            ),
            # its first day was not found, and before it nothing is known
            (
                "64635",
                "2011-12-31",
                "64635 is not valid before 2012-01-01",
                "Should 64635 be 64622, or",
            ),
        ],
    )
    def test_say_when_and_what_else(self, code: str, day: str, message: str, asked: str) -> None:
        (found,) = of_family(check(code, on=dt.date.fromisoformat(day)))

        assert found.message == message
        assert isinstance(found.remedy, Question)
        assert found.remedy.question.startswith(asked)
        assert found.citations

    def test_are_told_once_a_code(self) -> None:
        (one, other) = of_family(check("64470", "64475", "64470"))

        assert (one.lines, other.lines) == ((1, 3), (2,))

    def test_of_which_nothing_is_known_are_not_reported(self) -> None:
        report = check("64493", "E0720", "A4550", "E0720")
        (skipped,) = (n for n in report.not_checked if n.rule == "code-not-in-force")

        assert rules(report) == set()
        assert "A4550 and E0720 are valid" in skipped.reason

    def test_of_which_nothing_is_known_are_named_up_to_a_bound(self) -> None:
        report = check(*(f"Q{number:04}" for number in range(1000)))
        (skipped,) = (n for n in report.not_checked if n.rule == "code-not-in-force")

        assert "and 995 more are valid" in skipped.reason


class TestCodesByShape:
    """Five characters, four digits at the least; anything else is no code."""

    @pytest.mark.parametrize("code", ["64493", " 0213t ", "j1030"])
    def test_are_codes(self, code: str) -> None:
        assert "code-malformed" not in rules(check(code))

    @pytest.mark.parametrize("code", ["", "6449", "644933", "64 93", "6449O0", "AB123", "\ud800"])
    def test_are_none(self, code: str) -> None:
        (found,) = of_family(check(code))

        assert found.rule == "code-malformed"
        found.message.encode()

    def test_long_ones_are_cut(self) -> None:
        (found,) = of_family(check("9" * 10**6))

        assert len(found.message) < 200


class TestTheWholeClaim:
    """A claim has lines, and each has a date: its own or that of the claim."""

    def test_lines_without_a_date_are_found_together(self) -> None:
        lines = (parse_line("64493-RT"), parse_line("64494-RT"), parse_line("64495-RT"))
        dated = attrs.evolve(lines[1], date=SPRING)
        (found,) = of_family(
            CHECKER.check(attrs.evolve(claim(on=None), lines=(lines[0], dated, lines[2])))
        )

        assert (found.rule, found.lines) == ("date-missing", (1, 3))

    def test_no_other_rule_is_asked_of_them(self) -> None:
        assert rules(check("64470", "6449", on=None)) == {"date-missing"}

    @pytest.mark.parametrize("day", [None, SPRING])
    def test_no_lines(self, day: dt.date | None) -> None:
        (found,) = of_family(check(on=day))

        assert (found.rule, found.lines) == ("claim-empty", ())
