"""Every field of every record that callers make takes what it declares, and nothing else."""

import datetime as dt
import math
import typing
from decimal import Decimal
from typing import Any

import attrs
import pytest

from cptfacet import (
    Claim,
    ClaimLine,
    ClaimType,
    CodedSession,
    DecodedClaim,
    History,
    Joint,
    Location,
    Nerve,
    PriorAuthorization,
    Purpose,
    ReadHistory,
    Session,
    Side,
    Target,
    Technique,
    TreatedNerve,
    Treatment,
    check_claim,
    code_session,
    decode_claim,
    repair_claim,
)
from cptfacet.anatomy import CoverageRegion
from cptfacet.history import PastSession, SessionKind
from cptfacet.sessions import Guidance

DAY = dt.date(2026, 3, 2)
LINE = ClaimLine(code="64493", modifiers=("RT", "KX"))
TARGET = Target(joint=Joint.L4_L5, side=Side.RIGHT)
TREATMENT = Treatment(
    technique=Technique.MEDIAL_BRANCH_BLOCK, guidance=Guidance.FLUOROSCOPY, targets=(TARGET,)
)
PAST = PastSession(date=DAY, kind=SessionKind.ABLATION)
# One value of each type that a field declares.
RIGHT: dict[object, object] = {
    str: "64493",
    bool: True,
    int: 2,
    Decimal: Decimal("900.00"),
    dt.date: DAY,
    ClaimType: ClaimType.PROFESSIONAL,
    Purpose: Purpose.DIAGNOSTIC,
    Guidance: Guidance.FLUOROSCOPY,
    Technique: Technique.MEDIAL_BRANCH_BLOCK,
    Joint: Joint.L4_L5,
    Nerve: Nerve.L4,
    Side: Side.RIGHT,
    SessionKind: SessionKind.ABLATION,
    CoverageRegion: CoverageRegion.LUMBAR_SACRAL,
    Location: Location(state="OH"),
    PriorAuthorization: PriorAuthorization(number="12345678901234"),
    ClaimLine: LINE,
    Target: TARGET,
    TreatedNerve: TreatedNerve(nerve=Nerve.L4, side=Side.RIGHT),
    Treatment: TREATMENT,
    PastSession: PAST,
    History: History(sessions=(PAST,)),
}
ANY: dict[object, object] = {
    type(None): None,
    float: 12.5,
    bytes: b"64493",
    dict: {},
    list: ["x"],
    object: object(),
}
RECORDS = (
    Location,
    ClaimLine,
    PriorAuthorization,
    Claim,
    Target,
    TreatedNerve,
    Treatment,
    Session,
    PastSession,
    History,
    ReadHistory,
)
NEEDED: dict[type, dict[str, Any]] = {
    ClaimLine: {"code": "64493"},
    Claim: {"claim_type": ClaimType.PROFESSIONAL, "lines": (LINE,), "date": DAY},
    Target: {"joint": Joint.L4_L5},
    TreatedNerve: {"nerve": Nerve.L4},
    Treatment: {"technique": Technique.MEDIAL_BRANCH_BLOCK},
    Session: {"date": DAY, "treatments": (TREATMENT,)},
    PastSession: {"date": DAY, "kind": SessionKind.ABLATION},
    ReadHistory: {"history": History()},
}


def fields() -> list[Any]:
    """List each field of each record with the types it declares, those of its elements if a tuple."""
    listed = []
    for record in RECORDS:
        hints = typing.get_type_hints(record)
        for field in attrs.fields(record):
            declared = hints[field.name]
            several = typing.get_origin(declared) is tuple
            kinds = typing.get_args(declared) or (declared,)
            name = f"{record.__name__}.{field.name}"
            listed.append(pytest.param(record, field.name, kinds, several, id=name))
    return listed


def make(record: type, **given: object) -> object:
    return record(**{**NEEDED.get(record, {}), **given})


@pytest.mark.parametrize(("record", "field", "kinds", "several"), fields())
def test_a_field_takes_what_it_declares(
    record: type, field: str, kinds: tuple[type, ...], *, several: bool
) -> None:
    for kind in kinds:
        if kind in RIGHT:
            value = RIGHT[kind]
            made = make(record, **{field: (value,) if several else value})

            assert getattr(made, field) == ((value,) if several else value)


@pytest.mark.parametrize(("record", "field", "kinds", "several"), fields())
def test_a_field_refuses_every_other_type_by_name(
    record: type, field: str, kinds: tuple[type, ...], *, several: bool
) -> None:
    """A number where a text belongs, a text where an enumeration belongs, None, NaN, a list."""
    values = [*RIGHT.items(), *ANY.items()]
    wrong = [value for kind, value in values if kind not in kinds]
    wrong += [math.nan, dt.datetime(2026, 3, 2, tzinfo=dt.UTC)]
    if str in kinds:  # the words of the domain are texts
        wrong = [value for value in wrong if not isinstance(value, str)]
    assert len(wrong) > 10
    for value in wrong:
        with pytest.raises(TypeError, match=f"^{field}") as refused:
            make(record, **{field: (value,) if several else value})
        assert "64493" not in str(refused.value)
    if several:
        for value in (None, 5, "64493", b"64493"):
            with pytest.raises(TypeError, match=f"^{field} must be a tuple"):
                make(record, **{field: value})


@pytest.mark.parametrize("code", ["", "64493", "64493 ", "64493.0", "\N{FULLWIDTH DIGIT SIX}4493"])
@pytest.mark.parametrize("units", [None, 0, -1, 10**40, Decimal("NaN"), Decimal("0.5")])
@pytest.mark.parametrize("text", [None, "", "11.0", "\x00", "x" * 1000])
def test_what_can_be_made_is_answered(
    code: str, units: int | Decimal | None, text: str | None
) -> None:
    """No verb raises on a claim that its constructor accepts."""
    line = ClaimLine(
        code=code,
        modifiers=(text,) if text is not None else (),
        units=units,
        place_of_service=text,
        charge=units if isinstance(units, Decimal) else None,
        provider=text,
    )
    claim = Claim(
        claim_type=ClaimType.PROFESSIONAL,
        date=DAY,
        lines=(line, line),
        diagnoses=(text,) if text is not None else (),
        place_of_service=text,
        location=Location(state=text, county=text, zip=text, locality=text),
    )

    assert check_claim(claim, policy="medicare").claim == claim
    assert isinstance(decode_claim(claim, policy="medicare"), DecodedClaim)
    assert repair_claim(claim, policy="medicare").report is not None


def test_a_coded_session_is_taken_where_a_claim_is() -> None:
    coded = code_session(Session(date=DAY, treatments=(TREATMENT,)), policy="medicare")
    assert isinstance(coded, CodedSession)

    assert decode_claim(coded, policy="medicare") == decode_claim(coded.claim, policy="medicare")
    assert check_claim(coded, policy="medicare") == check_claim(coded.claim, policy="medicare")
    assert repair_claim(coded, policy="medicare") == repair_claim(coded.claim, policy="medicare")
