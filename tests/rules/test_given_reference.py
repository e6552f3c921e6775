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
FIRST = attrs.evolve(  # in which KX stands among the modifiers that come first
    packaged(),
    modifiers=tuple(
        attrs.evolve(each, kind=ModifierKind.PAYMENT) if each.code == "KX" else each
        for each in packaged().modifiers
    ),
)


def claim(*lines: str, claim_type: ClaimType = ClaimType.PROFESSIONAL) -> Claim:
    return Claim(
        claim_type=claim_type,
        date=dt.date(2026, 3, 2),
        purpose=Purpose.DIAGNOSTIC,
        lines=tuple(map(parse_line, lines)),
    )


def orders(checked: Claim) -> tuple[set[str], set[str]]:
    """Give the rules that find something, by the packaged reference and by the other."""
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
        (marked, "diagnostic-mark-missing", ["64493-KX-RT x1"]),
        (parted, "asc-facility-bilateral", ["64493-KX-RT x1", "64493-KX-LT x1"]),
    ):
        [found] = Checker(MEDICARE, FIRST).check(checked).only(rules=[rule]).findings
        assert isinstance(found.remedy, Replacement)
        assert [line.text for line in found.remedy.lines] == lines


def test_a_repair_is_made_by_it() -> None:
    mended = repair_claim(claim("64493-RT"), policy=MEDICARE, reference=FIRST)

    assert [line.text for line in mended.claim.lines] == ["64493-KX-RT x1"]
    assert mended.report == check_claim(mended.claim, policy=MEDICARE, reference=FIRST)


def test_a_repair_is_told() -> None:
    nothing = repair_claim(claim("64493-RT-KX"), policy=MEDICARE)
    once = repair_claim(claim("64493-RT"), policy=MEDICARE)
    change = "diagnostic-mark-missing: 64493-RT x1 -> 64493-RT-KX x1"

    assert nothing.explain() == f"  nothing was changed\n\n{nothing.report.explain()}"
    assert once.explain() == f"  {change}\n\n{once.report.explain()}"
    assert [str(each) for each in once.changes] == [change]
