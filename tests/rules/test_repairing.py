"""Which remedies a repair applies, with a checker that finds what the test says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from cptfacet import policies, repairing
from cptfacet.anatomy import CoverageRegion
from cptfacet.checking import check_claim
from cptfacet.claims import Claim, ClaimType, Purpose, parse_line
from cptfacet.findings import Finding, Replacement, Report, RuleFamily
from cptfacet.history import History, PastSession, SessionKind
from cptfacet.interop.examples import examples
from cptfacet.repairing import repair_claim

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
    assert change.remedy == Replacement(lines=(parse_line("64493-RT x1"),))


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
    assert once.explain().endswith(f"Changes\n  {change}\n\n{left}")
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
