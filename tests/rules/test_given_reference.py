"""The reference that was given decides, not the packaged one."""

from __future__ import annotations

import datetime as dt

import attrs

from cptfacet import policies
from cptfacet.checking import Checker, check_claim
from cptfacet.claims import Claim, ClaimType, Purpose, parse_line
from cptfacet.findings import Replacement
from cptfacet.modifiers import ModifierKind
from cptfacet.reference import packaged
from cptfacet.repairing import repair_claim

MEDICARE = policies.get("medicare")
FIRST = packaged().with_tables(  # in which KX stands among the modifiers that come first
    modifiers=tuple(
        attrs.evolve(each, kind=ModifierKind.PAYMENT) if each.code == "KX" else each
        for each in packaged().modifiers
    ),
)

NAMES = {"RT": "R1", "LT": "L1", "50": "B5"}
RENAMED = packaged().with_tables(  # in which sides have other modifiers
    modifiers=tuple(
        attrs.evolve(each, code=NAMES.get(each.code, each.code)) for each in packaged().modifiers
    ),
    conflicts=(),
)


def claim(*lines: str, claim_type: ClaimType = ClaimType.PROFESSIONAL) -> Claim:
    return Claim(
        claim_type=claim_type,
        date=dt.date(2026, 3, 2),
        purpose=Purpose.DIAGNOSTIC,
        diagnoses=("M47.816",),
        lines=tuple(map(parse_line, lines)),
    )


def orders(checked: Claim) -> tuple[set[str], set[str]]:
    """Return the rules that find something, by the packaged reference and by the other."""
    reports = (check_claim(checked, policy=MEDICARE, reference=ref) for ref in (None, FIRST))
    one, other = ({found.rule for found in report.findings} for report in reports)
    return one, other


def test_modifiers_stand_in_its_order() -> None:
    assert orders(claim("64493-KX-RT")) == ({"modifier-order"}, set())
    assert orders(claim("64493-RT-KX")) == (set(), {"modifier-order"})


def test_remedies_are_written_in_its_order() -> None:
    marked = claim("64493-RT")
    parted = claim("64493-KX-50", claim_type=ClaimType.ASC_FACILITY)
    for checked, rule, lines in (
        (marked, "kx-missing", ["64493-KX-RT x1"]),
        (parted, "asc-facility-bilateral", ["64493-KX-RT x1", "64493-KX-LT x1"]),
    ):
        [found] = [f for f in Checker(MEDICARE, FIRST).check(checked).findings if f.rule == rule]
        assert isinstance(found.remedy, Replacement)
        assert [line.text for line in found.remedy.lines] == lines


def test_sides_are_written_and_read_by_its_modifiers() -> None:
    checker = Checker(MEDICARE, RENAMED)
    parted = checker.check(claim("64493-KX-B5", claim_type=ClaimType.ASC_FACILITY))
    [found] = parted.where(lambda found: found.rule == "asc-facility-bilateral").findings

    assert isinstance(found.remedy, Replacement)
    assert [line.text for line in found.remedy.lines] == ["64493-R1-KX x1", "64493-L1-KX x1"]
    told = checker.check(claim("64493-R1-KX", "64494-B5-KX")).findings
    assert "bilateral-level-order" in {each.rule for each in told}


def test_a_repair_is_made_by_it() -> None:
    mended = repair_claim(claim("64493-RT"), policy=MEDICARE, reference=FIRST)

    assert [line.text for line in mended.claim.lines] == ["64493-KX-RT x1"]
    assert mended.report == check_claim(mended.claim, policy=MEDICARE, reference=FIRST)
