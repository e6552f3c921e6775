"""Which remedies a repair applies, with a checker that finds what the test says."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import attrs
import pytest

from cptfacet import policies, repairing
from cptfacet.anatomy import CoverageRegion
from cptfacet.checking import check_claim
from cptfacet.claims import Claim, ClaimLine, ClaimType, Purpose, parse_line
from cptfacet.decoding import Decoder, DoubtId
from cptfacet.findings import (
    Finding,
    Question,
    QuestionTopic,
    Replacement,
    Report,
    RuleFamily,
)
from cptfacet.history import History, PastSession, SessionKind
from cptfacet.interop.examples import examples
from cptfacet.repairing import Repairer, repair_claim
from cptfacet.sessions import parse_session

CPT = policies.get("cpt")
FIRES = examples("modifier-order")[0]
[LIKE] = [found for found in FIRES.check().findings if found.rule == "modifier-order"]


class Stub:
    """A checker that finds what is to be written instead of a line; each code is a rule to it.

    ``families`` are those of the rules that find it, where they are not on the form.
    """

    def __init__(
        self, found: Mapping[str, tuple[str, ...]], families: Mapping[str, RuleFamily] | None = None
    ) -> None:
        self.found = found
        self.families = families or {}
        self.checks = 0

    def check(self, claim: Claim, **_: Any) -> Report:
        self.checks += 1
        findings = tuple(
            attrs.evolve(
                LIKE,
                rule=line.code,
                family=self.families.get(instead, RuleFamily.FORM),
                lines=(number,),
                remedy=Replacement(lines=(parse_line(instead),)),
            )
            for number, line in enumerate(claim.lines, 1)
            for instead in self.found.get(line.text, ())
        )
        return attrs.evolve(check_claim(claim, policy=CPT), findings=findings)


def repaired(
    monkeypatch: pytest.MonkeyPatch, stub: Stub, *lines: str
) -> tuple[list[str], list[Finding]]:
    monkeypatch.setattr(repairing, "compiled", lambda *_: stub)
    claim = Claim(claim_type=ClaimType.PROFESSIONAL, lines=tuple(map(parse_line, lines)))
    done = repair_claim(claim, policy=CPT)
    return [line.text for line in done.claim.lines], [change.finding for change in done.changes]


def test_of_two_remedies_of_a_line_the_one_that_mends_is_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stub = Stub({"64493 x1": ("64493-GA x1", "64493-RT x1"), "64493-GA x1": ("64493 x1",) * 2})
    lines, [change] = repaired(monkeypatch, stub, "64493")

    assert lines == ["64493-RT x1"]
    assert change.remedy == Replacement(lines=(parse_line("64493-RT x1"),), origin=((1,),))


def test_a_remedy_that_leaves_as_much_is_not_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else two remedies that undo each other would have no end."""
    stub = Stub({"64493-RT x1": ("64493-LT x1",), "64493-LT x1": ("64493-RT x1",)})

    assert repaired(monkeypatch, stub, "64493-RT") == (["64493-RT x1"], [])


def test_all_remedies_of_one_rule_take_one_check(monkeypatch: pytest.MonkeyPatch) -> None:
    stub = Stub({f"{code} x1": (f"{code}-RT x1",) for code in ("64493", "64494")})
    lines, changes = repaired(monkeypatch, stub, "64493", "64494", "64493")

    assert lines == ["64493-RT x1", "64494-RT x1", "64493-RT x1"]
    assert [change.lines for change in changes] == [(1,), (3,), (2,)]
    assert stub.checks == 1 + 2


def test_the_first_family_of_rules_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among findings about the same lines that are as severe, whatever the rules are called."""
    families = {"64493-RT x1": RuleFamily.DOCUMENTATION, "64493-KX x1": RuleFamily.PURPOSE}
    lines, [change] = repaired(monkeypatch, Stub({"64493 x1": (*families,)}, families), "64493")

    assert lines == ["64493-KX x1"]
    assert change.family is RuleFamily.PURPOSE


MEDICARE = policies.get("medicare")


def claim(line: str) -> Claim:
    return Claim(
        claim_type=ClaimType.PROFESSIONAL,
        date=dt.date(2026, 3, 2),
        purpose=Purpose.DIAGNOSTIC,
        diagnoses=("M47.816",),
        lines=(parse_line(line),),
    )


def test_a_repair_is_told() -> None:
    nothing = repair_claim(claim("64493-RT-KX"), policy=MEDICARE)
    once = repair_claim(claim("64493-RT"), policy=MEDICARE)
    change = "kx-missing: 64493-RT x1 -> 64493-RT-KX x1"

    left = once.report.explain().partition("\n\n")[2]

    assert nothing.explain().startswith("No changes; the claim stays 64493-RT-KX x1. No findings")
    assert once.explain().startswith("1 change; the claim is now 64493-RT-KX x1. No findings")
    assert once.explain().endswith(f"Changes\n  line 1: {change}\n\n{left}")
    assert [str(each) for each in once.changes] == [change]


def test_a_repair_sees_what_was_given_beside_the_claim() -> None:
    days = (dt.date(2025, 6, 2), dt.date(2025, 10, 6))
    history = History(
        sessions=tuple(
            PastSession(date=day, kind=SessionKind.ABLATION, region=CoverageRegion.LUMBAR_SACRAL)
            for day in days
        )
    )
    checked = claim("64635-RT")
    mended = repair_claim(checked, policy=MEDICARE, history=history)

    assert mended.report == check_claim(checked, policy=MEDICARE, history=history)
    assert "too-many-sessions" in {found.rule for found in mended.report.errors}


def test_a_repair_asks_for_a_policy() -> None:
    by_id = repair_claim(claim("64635-RT"), policy="medicare")
    with pytest.raises(TypeError, match=r"^no policy is named: pass policy='medicare'"):
        repair_claim(claim("64635-RT"))

    assert by_id == repair_claim(claim("64635-RT"), policy=MEDICARE)


# -- the order of lines

MET = (
    *("76942", "77003", "77003-26", "64490-59", "64493-50 x2", "64493-RT", "64493-LT"),
    *("64494-RT-RT", "64494-50", "64493-KX-50", "99213"),
)


def billed(
    *lines: str, claim_type: ClaimType = ClaimType.PROFESSIONAL, charge: str | None = None
) -> Claim:
    cost = None if charge is None else Decimal(charge)
    return Claim(
        claim_type=claim_type,
        date=dt.date(2026, 3, 2),
        place_of_service={"professional": "11", "asc-facility": "24"}.get(claim_type, "22"),
        diagnoses=("M47.816",),
        lines=tuple(attrs.evolve(parse_line(line), charge=cost) for line in lines),
    )


@pytest.mark.parametrize("policy", ["cpt", "medicare"])
@pytest.mark.parametrize("lines", [*itertools.combinations(MET, 3)], ids=" ".join)
def test_in_any_order_lines_are_repaired_alike(policy: str, lines: tuple[str, ...]) -> None:
    repairer = REPAIRERS[policy]
    answers = {
        (
            tuple(sorted((line.text, *_texts(lines, order, numbers)) for line, numbers in told)),
            tuple(sorted((found.rule, found.message) for found in repaired.report.findings)),
        )
        for order in itertools.permutations(range(3))
        for repaired in [repairer.repair(billed(*(lines[n] for n in order)))]
        for told in [tuple(zip(repaired.lines, repaired.origin, strict=True))]
    }

    assert len(answers) == 1


def _texts(
    lines: tuple[str, ...], order: tuple[int, ...], numbers: tuple[int, ...]
) -> tuple[str, ...]:
    return tuple(sorted(lines[order[number - 1]] for number in numbers))


REPAIRERS = {policy: Repairer(policy) for policy in ("cpt", "medicare")}


def test_imaging_goes_from_all_lines_or_from_none() -> None:
    """Without both lines, the modifier of the third would set nothing apart."""
    repaired = REPAIRERS["cpt"].repair(billed("76942", "64490-59", "77003"))

    assert [line.text for line in repaired.lines] == ["76942 x1", "64490-59 x1", "77003 x1"]
    assert repaired.changes == ()


# -- questions about units


def all_billed() -> Iterator[Claim]:
    """Yield claims with one or two lines of a code in all sides and some units, charged or not."""
    sides = ((), ("RT",), ("LT",), ("50",), ("50", "RT"), ("RT", "LT"), ("59",), ("RT", "RT"))
    charges = (None, Decimal("1000.00"))
    for claim_type, (first, code) in itertools.product(
        ClaimType, (("", "64493"), ("64493-50", "64494"), ("64635-RT", "64636"), ("", "0213T"))
    ):
        one = [
            ClaimLine(code=code, modifiers=each, units=units, charge=charge)
            for each, units, charge in itertools.product(sides, (1, 2, 3), charges)
        ]
        before = tuple(map(parse_line, filter(None, [first])))
        others = [line for line in one if line.units == 1 and line.charge]
        for lines in (*((line,) for line in one), *itertools.product(one, others)):
            yield attrs.evolve(billed(claim_type=claim_type), lines=(*before, *lines))


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["cpt", "medicare", "commercial", "bcbs-north-dakota"])
def test_no_repair_answers_what_another_finding_asks(policy: str) -> None:
    """No units change on a line whose units are asked about, and none are read as decoding doubts."""
    repairer, decoder = Repairer(policy), Decoder(policies.get(policy))
    asked: set[tuple[str, str]] = set()
    for claim in all_billed():
        report = check_claim(claim, policy=policies.get(policy))
        open_ = {
            number: found.rule
            for found in report.findings
            if isinstance(found.remedy, Question) and found.remedy.topic is QuestionTopic.UNITS
            for number in found.lines
        }
        asked.update(
            (open_[number], found.rule)
            for found in report.findings
            if isinstance(found.remedy, Replacement)
            for number in found.lines
            if number in open_
        )
        repaired = repairer.repair(claim)
        for line, numbers in zip(repaired.lines, repaired.origin, strict=True):
            if not open_.keys().isdisjoint(numbers):
                assert [claim.lines[n - 1].units for n in numbers] == [line.units], claim
        unread = {
            number
            for group in decoder.decode(claim).groups
            for doubt in group.doubts
            if doubt.id is DoubtId.MORE_LEVELS
            for number in doubt.lines
        }
        for line, numbers in zip(repaired.lines, repaired.origin, strict=True):
            if not unread.isdisjoint(numbers):
                assert [claim.lines[n - 1].units for n in numbers] == [line.units], claim
        assert total(repaired.claim) == total(claim)

    assert asked, "no fix had to wait"


def total(claim: Claim) -> Decimal:
    return sum((line.charge for line in claim.lines if line.charge is not None), Decimal(0))


REMITTANCE = attrs.evolve(
    billed("64493-50 x2", claim_type=ClaimType.ASC_FACILITY, charge="19172.00"),
    date=dt.date(2017, 6, 30),
)


@pytest.mark.parametrize(
    "claim",
    [
        REMITTANCE,
        attrs.evolve(REMITTANCE, date=dt.date(2026, 3, 2)),
        attrs.evolve(REMITTANCE, claim_type=ClaimType.PROFESSIONAL, date=dt.date(2026, 3, 2)),
        billed("64493-50-KX x2", charge="1000.00"),
    ],
    ids=["ASC 2017", "ASC 2026", "professional 2026", "professional with KX"],
)
@pytest.mark.parametrize("policy", ["cpt", "medicare", "medicare-jl", "commercial"])
def test_two_units_with_50_are_asked_about(policy: str, claim: Claim) -> None:
    """A payer denied the first; its charge is that of two levels on both sides."""
    repaired = repair_claim(claim, policy=policy)

    assert [line.units for line in repaired.lines] == [2]
    assert QuestionTopic.UNITS in {
        found.remedy.topic for found in repaired.questions if isinstance(found.remedy, Question)
    }


def test_a_charge_is_not_left_for_fewer_units_or_without_its_line() -> None:
    """The note supports one level, and the charge was for two units of it."""
    session = parse_session(
        date="2026-03-02", technique="thermal-rfa", guidance="ct", joints=["L3-4:left", "L4-5:left"]
    )
    for charge, remedy in (("1000.00", Question), (None, Replacement)):
        claim = billed("64635-LT", "64636-LT x2", charge=charge)
        report = check_claim(claim, policy="cpt", session=session)
        told = [f.remedy for f in report.findings if f.family is RuleFamily.DOCUMENTATION]

        assert [type(each) for each in told] == [remedy]
        if isinstance(told[0], Question):
            assert told[0].topic is QuestionTopic.CHARGE
            assert "64636-LT x1" in told[0].question


def test_what_is_changed_is_numbered_as_on_the_claim() -> None:
    claim = billed("77003-26", "64494-RT-RT-KX", "64493-RT-KX", "64493-LT-KX")
    repaired = repair_claim(claim, policy="medicare-jl")

    assert {change.finding.rule: change.finding.lines for change in repaired.changes} == {
        "imaging-bundled": (1,),
        "duplicate-modifier": (2,),
        "laterality-format-differs": (3, 4),
    }
    assert [line.text for line in repaired.lines] == ["64494-RT-KX x1", "64493-50-KX x1"]
    assert repaired.origin == ((2,), (3, 4))


def test_a_repair_ends_even_if_comparing_reports_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two remedies undo each other, and each looks like an improvement."""
    stub = Stub({"64493-RT x1": ("64493-LT x1",), "64493-LT x1": ("64493-RT x1",)})
    falling = itertools.count()
    monkeypatch.setattr(repairing, "_weight", lambda _: (-next(falling),))

    repaired(monkeypatch, stub, "64493-RT")

    assert stub.checks < 200
