"""What can be made can be written: absurd numbers are shown in short, and nothing raises."""

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

import cptfacet
from cptfacet import Claim, ClaimLine, ClaimType
from cptfacet.interop.json import dump

ABSURD = {
    "nan": Decimal("NaN"),
    "signaling": Decimal("sNaN"),
    "infinity": Decimal("Infinity"),
    "below": Decimal("-Infinity"),
    "1E+400": Decimal("1E+400"),
    "1E-400": Decimal("1E-400"),
    "1E+999999": Decimal("1E+999999"),
    "digits": Decimal("0." + "1" * 400),
    "int": 10**5000,
    "negative int": -(10**5000),
    "400 digits": 10**400,
}
SESSION = cptfacet.parse_session(
    date="2026-03-02", technique="mbb", guidance="ct", joints=["L4-5:left"]
)
VERBS: dict[str, Callable[[Claim], Any]] = {
    "claim": lambda claim: claim,
    "check": lambda claim: cptfacet.check_claim(claim, policy="medicare"),
    "compare": lambda claim: cptfacet.check_claim(claim, policy="medicare", session=SESSION),
    "repair": lambda claim: cptfacet.repair_claim(claim, policy="medicare"),
    "decode": lambda claim: cptfacet.decode_claim(claim, policy="medicare"),
}
FORMS: dict[str, Callable[[Any], str]] = {
    "json": dump,
    "str": str,
    "repr": repr,
    "explain": lambda made: "" if isinstance(made, Claim) else str(made.explain()),
    "rows": lambda made: str(made.rows()) if isinstance(made, cptfacet.Report) else "",
}
LINES: dict[str, Callable[[Any], tuple[ClaimLine, ...]]] = {
    "one": lambda units: (ClaimLine(code="64493", units=units),),
    "bilateral": lambda units: (ClaimLine(code="64493", modifiers=("50", "50"), units=units),),
    "two": lambda units: (ClaimLine(code="64493", units=units), ClaimLine(code="64494")),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("lines", LINES)
@pytest.mark.parametrize("units", ABSURD)
def test_units(units: str, lines: str, verb: str, form: str) -> None:
    claim = Claim(
        claim_type=ClaimType.PROFESSIONAL,
        date=dt.date(2026, 3, 2),
        diagnoses=("M47.816",),
        lines=LINES[lines](ABSURD[units]),
    )
    written = FORMS[form](VERBS[verb](claim))

    assert not any(run * 100 in written for run in "01")
    if form == "json":
        json.loads(written)


@pytest.mark.parametrize("charge", [each for each in ABSURD.values() if isinstance(each, Decimal)])
def test_charges(charge: Decimal) -> None:
    line = ClaimLine(code="64493", modifiers=("50",), charge=charge)
    claim = Claim(claim_type=ClaimType.ASC_FACILITY, date=dt.date(2026, 3, 2), lines=(line,))

    for verb in VERBS.values():
        for form in FORMS.values():
            assert len(form(verb(claim))) < 10_000


@pytest.mark.parametrize(
    "units", [0, 7, -3, 10**39, Decimal("0.5"), Decimal("2.0"), Decimal("1E+3")]
)
def test_ordinary_numbers_are_written_whole(units: int | Decimal) -> None:
    line = ClaimLine(code="64493", units=units)

    assert cptfacet.parse_line(line.text).units == units
    assert repr(line) == f"ClaimLine(code='64493', units={units!r})"
