"""What is reported instead of a facet line names its sides as the payer wants them."""

import datetime as dt
import itertools

import pytest

from cptfacet import CodedSession, Refusal, _data, code_session, policies
from cptfacet.anatomy import Side
from cptfacet.bilateral import LateralityFormat
from cptfacet.claims import ClaimLine, ClaimType
from cptfacet.coding.instead import write_related
from cptfacet.coding.plans import CodingPlan
from cptfacet.policies import value_of
from cptfacet.procedures import CodeRole
from cptfacet.reference import packaged
from cptfacet.rulebook import TermRules
from cptfacet.sessions import parse_session
from cptfacet.unknown import Unknown

DAY = dt.date(2026, 3, 2)
PROFESSIONAL, ASC, HOSPITAL = "professional", "asc-facility", "hospital-outpatient"
S1_TO_S3 = ("S1", "S2", "S3")


def answer(
    *nerves: str, policy: str = "medicare", claim_type: str = PROFESSIONAL, **words: str
) -> CodedSession | Refusal:
    stated = {"date": "2026-03-02", "technique": "mbb", "guidance": "fluoroscopy", **words}
    session = parse_session(**stated, nerves=nerves, claim_type=claim_type)  # type: ignore[arg-type]
    return code_session(session, policy=policy)


def instead(answered: CodedSession | Refusal) -> list[str]:
    return [line.text for refusal in answered.refusals for line in refusal.instead]


@pytest.mark.parametrize(
    ("nerves", "claim_type", "technique", "expected"),
    [
        *((S1_TO_S3, kind, "mbb", ["64451-RT x1"]) for kind in ClaimType),
        *((S1_TO_S3, kind, "thermal-rfa", ["64625-RT x1"]) for kind in ClaimType),
    ],
)
def test_one_side_is_named(
    nerves: tuple[str, ...], claim_type: str, technique: str, expected: list[str]
) -> None:
    """Source: A59244."""
    sided = (f"{nerve}:right" for nerve in nerves)

    assert instead(answer(*sided, claim_type=claim_type, technique=technique)) == expected


@pytest.mark.parametrize(
    ("technique", "nerves", "code"),
    [
        ("mbb", S1_TO_S3, "64451"),
        ("thermal-rfa", S1_TO_S3, "64625"),
        ("mbb", ("GON",), "64405"),
        ("mbb", ("LON",), "64450"),
    ],
)
def test_both_sides_are_in_the_format_of_the_claim_type(
    technique: str, nerves: tuple[str, ...], code: str
) -> None:
    """Source: the bilateral indicator, 1 for each of these codes; NGS on ASC claims."""
    for kind, expected in (
        (PROFESSIONAL, [f"{code}-50 x1"]),
        (HOSPITAL, [f"{code}-50 x1"]),
        (ASC, [f"{code}-RT x1", f"{code}-LT x1"]),
    ):
        both = [f"{nerve}:both" for nerve in nerves]
        apart = [f"{nerve}:{side}" for nerve in nerves for side in ("right", "left")]
        for written in (both, apart):
            assert instead(answer(*written, claim_type=kind, technique=technique)) == expected


def test_the_part_that_is_no_facet_level_is_reported_once_beside_it() -> None:
    coded = answer("L3:right", "L4:right", "S1:right", "S2:left", "GON:left")

    assert [line.text for line in coded.lines] == ["64493-RT x1"]
    assert instead(coded) == ["64451-50 x1", "64405-LT x1"]


def test_without_a_documented_side_none_is_named() -> None:
    assert instead(answer(*S1_TO_S3)) == ["64451 x1"]


def test_before_the_indicator_is_known_no_side_is_named_and_it_is_said() -> None:
    """RVU22A is the first file read that lists 64405; it does list 64450 from 2020 on."""
    refused = answer("GON:both", "LON:both", date="2021-12-31")

    assert instead(refused) == ["64405 x1", "64450-50 x1"]
    assert isinstance(refused, Refusal)
    assert "whether 64405 is reported by side on that date is not known" in refused.message


def test_before_the_code_nothing_is_reported_instead() -> None:
    assert instead(answer("S1:both", date="2019-12-31")) == []


CODES = sorted(
    {g.code for g in packaged().groups}
    | {r["code"] for r in _data.read_csv("codes/indicators.csv")}
)
BY_SIDE = {
    row["code"]
    for row in _data.read_csv("codes/indicators.csv")
    if row["bilateral"] in {"1", "3"} and row["seen"] <= str(DAY)
}
BOTH = {
    LateralityFormat.ONE_LINE_50: [("50", 1)],
    LateralityFormat.TWO_UNITS: [("", 2)],
    LateralityFormat.RT_LT_LINES: [("RT", 1), ("LT", 1)],
    LateralityFormat.PLAIN_THEN_50: [("", 1), ("50", 1)],
}


@pytest.mark.parametrize("claim_type", ClaimType)
@pytest.mark.parametrize("policy", policies.ids())
def test_every_related_code_on_every_side(policy: str, claim_type: ClaimType) -> None:
    """In the payer's format for a primary code, and only if the fee schedule pays a second side."""
    rules = TermRules(policies.get(policy), packaged(), on=DAY, claim_type=claim_type)
    plan, form = CodingPlan(rules), value_of(rules.laterality_format(CodeRole.PRIMARY))
    for code, side in itertools.product(CODES, (*Side, None)):
        line = ClaimLine(code=code, units=1)
        written = write_related(line, side, plan)
        if side and isinstance(packaged().fee_indicators(code, on=DAY), Unknown):
            assert written is None
            continue
        expected = [("", 1)]
        if code in BY_SIDE and side is Side.BILATERAL:
            if form is None:
                assert written is None
                continue
            expected = BOTH[form]
        elif code in BY_SIDE and side:
            expected = [("RT" if side is Side.RIGHT else "LT", 1)]
        assert written is not None
        assert [("-".join(each.modifiers), each.units) for each in written] == expected


def test_every_format_is_among_them() -> None:
    answered = {
        value_of(
            TermRules(
                policies.get(policy), packaged(), on=DAY, claim_type=claim_type
            ).laterality_format(CodeRole.PRIMARY)
        )
        for policy in policies.ids()
        for claim_type in ClaimType
    }

    assert answered >= {LateralityFormat.ONE_LINE_50, LateralityFormat.RT_LT_LINES}
