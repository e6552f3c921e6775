"""Every published example, coded as it was published.

`README.md` beside this file explains the cases. They are evidence: where the library answers
something else than the source, a table here says why.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cptfacet import policies
from cptfacet.anatomy import parse_joint, parse_nerve, parse_side
from cptfacet.bilateral import LateralityFormat, SideCount, convert, read
from cptfacet.claims import ClaimLine, ClaimType, Purpose
from cptfacet.coding import CodedSession, Reason, Refusal, code_session
from cptfacet.dates import Status, parse_date
from cptfacet.errors import ParseError
from cptfacet.procedures import ProcedureKind
from cptfacet.reference import packaged
from cptfacet.sessions import (
    Session,
    Target,
    TreatedNerve,
    Treatment,
    parse_guidance,
    parse_technique,
)
from cptfacet.unknown import Unknown

Json = dict[str, Any]

FILE = Path(__file__).with_name("published.jsonl")
UPSTREAM = Path(__file__).parents[3] / "shared" / "cases" / FILE.name
CASES: dict[str, Json] = {
    case["id"]: case for case in map(json.loads, FILE.read_text(encoding="utf-8").splitlines())
}
PUBLISHED = [i for i, c in CASES.items() if c["expected_lines"] and not c["historical"]]
HISTORICAL = [i for i, c in CASES.items() if c["expected_lines"] and c["historical"]]
WITHOUT_LINES = [i for i, c in CASES.items() if not c["expected_lines"]]
TODAY = "2026-03-02"

# whose source was titled by a person's name, and is titled by its kind here
RETITLED = {"ORC-021", "ORC-048", "ORC-111"}
NOT_OURS = {
    "ORC-114": (
        "95861",
        "Electromyography of the same day is billed beside the injection: it is no facet procedure",
    ),
}
NO_NERVE = {
    "ORC-057": (
        "ala",
        "The list names the sacral ala, a bony site; the case is about what such a list is worth.",
    ),
}
REFUSED = {
    "ORC-058": Reason.OTHER_CODE,  # pulsed
    "ORC-096": Reason.NO_COMPLETE_LEVEL,  # occipital nerves
    "ORC-111": Reason.OTHER_CODE,  # without imaging
    "ORC-148": Reason.OTHER_CODE,  # cryoablation
    "ORC-151": Reason.NOT_KNOWN,  # facet cyst: some contractors kept the unlisted code
}


class Road(NamedTuple):
    """What the nerves of a case come to without its targets, and why it is not the same."""

    lines: list[str]
    argument: str


NERVES_SAY_LESS = {
    "ORC-008": Road(
        [],
        "The session is read as injections into the joint, which no list of nerves stands for.",
    ),
    "ORC-140": Road(
        ["64633-50 x1", "64634 x2"],
        "C2 and C3 without the third occipital nerve make no C2-C3: it is the named joints that"
        " settle the third one.",
    ),
}
BY_BOTH_ROADS = [
    i
    for i, c in CASES.items()
    if c["session"]["targets"] and c["session"]["nerves"] and not c["historical"]
]


def session_of(case: Json, **changes: object) -> Session:
    """Build the session of a case from its flat form, with some fields changed."""
    flat: Json = {**case["session"], **changes}
    skipped, _ = NO_NERVE.get(case["id"], ("", ""))
    treatment = Treatment(
        technique=parse_technique(flat["technique"]),
        purpose=Purpose(flat["purpose"]) if flat["purpose"] else None,
        guidance=parse_guidance(flat["guidance"]) if flat["guidance"] else None,
        targets=tuple(
            Target(
                joint=parse_joint(target["joint"]),
                side=parse_side(target["side"]) if target["side"] else None,
            )
            for target in flat["targets"]
        ),
        nerves=tuple(
            TreatedNerve(
                nerve=parse_nerve(nerve["nerve"]),
                side=parse_side(nerve["side"]) if nerve["side"] else None,
            )
            for nerve in flat["nerves"]
            if nerve["nerve"] != skipped
        ),
    )
    return Session(
        date=parse_date(flat["date"]),
        treatments=(treatment,),
        claim_type=ClaimType(flat["claim_type"]),
        place_of_service=flat["place_of_service"],
        diagnoses=tuple(flat["diagnoses"]),
    )


def coded(case: Json, policy: str | None = None, **changes: object) -> CodedSession | Refusal:
    """Code the session of a case under its own policy or another."""
    session = session_of(case, **changes)
    return code_session(session, policy=policies.get(policy or case["policy"]))


def texts(answer: CodedSession | Refusal) -> list[str]:
    """Write the lines of an answer: those coded, or those that are reported instead."""
    lines = answer.claim.lines if isinstance(answer, CodedSession) else answer.instead
    return [line.text for line in lines]


def claim_lines(lines: Iterable[Json]) -> tuple[ClaimLine, ...]:
    """Read the lines of a case."""
    return tuple(
        ClaimLine(code=line["code"], modifiers=tuple(line["modifiers"]), units=line["units"])
        for line in lines
    )


def published(case: Json) -> list[str]:
    """Write the published lines of a case, without what is not ours."""
    foreign, _ = NOT_OURS.get(case["id"], ("", ""))
    return [line.text for line in claim_lines(case["expected_lines"]) if line.code != foreign]


def test_the_file_is_the_one_that_was_given() -> None:
    if not UPSTREAM.exists():
        pytest.skip("the folder of the published cases is not beside the repository")

    ours, given = (path.read_text(encoding="utf-8").splitlines() for path in (FILE, UPSTREAM))
    assert [json.loads(line)["id"] for line in ours] == [json.loads(line)["id"] for line in given]
    for line, before in zip(ours, given, strict=True):
        if json.loads(line)["id"] not in RETITLED:
            assert line == before
            continue
        case, was = json.loads(line), json.loads(before)
        assert case["source"].pop("title") != was["source"].pop("title")
        assert case == was


def test_no_case_is_lost() -> None:
    assert len(CASES) == 95
    assert sorted([*PUBLISHED, *HISTORICAL, *WITHOUT_LINES]) == sorted(CASES)


@pytest.mark.parametrize("name", PUBLISHED)
def test_is_coded_as_published(name: str) -> None:
    case = CASES[name]
    answer = coded(case)

    assert texts(answer) == published(case)
    reason = answer.reason if isinstance(answer, Refusal) else None
    assert reason is REFUSED.get(name)


@pytest.mark.parametrize("name", NOT_OURS)
def test_what_is_not_ours_is_no_code_of_this_library(name: str) -> None:
    foreign, _ = NOT_OURS[name]

    assert foreign in {line["code"] for line in CASES[name]["expected_lines"]}
    assert isinstance(packaged().procedure(foreign), Unknown)


@pytest.mark.parametrize("name", BY_BOTH_ROADS)
def test_both_roads_lead_to_the_same_lines(name: str) -> None:
    case = CASES[name]
    by_targets = texts(coded(case, nerves=[]))
    by_nerves = texts(coded(case, targets=[]))

    assert by_targets == published(case)
    if name in NERVES_SAY_LESS:
        assert by_nerves == NERVES_SAY_LESS[name].lines != by_targets
    else:
        assert by_nerves == by_targets


def test_the_nerves_of_the_injected_joint_are_those_of_a_block_there() -> None:
    case = CASES["ORC-008"]

    assert texts(coded(case, targets=[], technique="medial-branch-block")) == published(case)


@pytest.mark.parametrize("name", HISTORICAL)
def test_historical_codes_were_valid_on_their_date(name: str) -> None:
    case = CASES[name]
    on = parse_date(case["session"]["date"])
    for line in case["expected_lines"]:
        procedure = packaged().get_procedure(line["code"])

        assert procedure.in_force(on) is not Status.NOT_IN_FORCE
        if procedure.kind is ProcedureKind.PREDECESSOR:
            assert procedure.in_force(parse_date(TODAY)) is Status.NOT_IN_FORCE


@pytest.mark.parametrize("name", HISTORICAL)
def test_historical_cases_are_coded_with_todays_codes_or_refused(name: str) -> None:
    case = CASES[name]
    answer = coded(case)
    codes = {line["code"] for line in case["expected_lines"]}
    if all(packaged().get_procedure(code).kind is ProcedureKind.FACET for code in codes):
        assert texts(answer) == published(case)
    else:
        assert isinstance(answer, Refusal)


@pytest.mark.parametrize("name", WITHOUT_LINES)
def test_a_case_without_lines_has_an_answer(name: str) -> None:
    answer = coded(CASES[name])

    assert isinstance(answer, CodedSession) or answer.message


def test_the_ala_is_no_nerve() -> None:
    site, _ = NO_NERVE["ORC-057"]
    assert site in {nerve["nerve"] for nerve in CASES["ORC-057"]["session"]["nerves"]}

    with pytest.raises(ParseError) as refused:
        parse_nerve(site)
    assert "L5 dorsal ramus" in refused.value.reason


# -- the same session under another policy, year or form


class PolicyChange(NamedTuple):
    """Under which policy, on which dates and with which fields other lines were published."""

    policy: str
    dates: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()


FROM_2010 = ("2010-01-01", TODAY)
FROM_2012 = ("2012-01-01", TODAY)
FROM_2020 = ("2020-01-01", TODAY)

CODED_ANEW = {
    ("ORC-001", "Medicare, diagnostic session"): PolicyChange("medicare"),
    ("ORC-010", "2010 onward, Medicare Part B"): PolicyChange("medicare", FROM_2010),
    ("ORC-010", "AMA CPT 2020 onward"): PolicyChange("cpt", FROM_2020),
    ("ORC-023", "AMA CPT 2020 onward"): PolicyChange("cpt", FROM_2020),
    ("ORC-025", "2010 onward"): PolicyChange("medicare", FROM_2010),
    ("ORC-027", "2010 onward"): PolicyChange("medicare", FROM_2010),
    ("ORC-029", "2010 onward Medicare Part B"): PolicyChange("medicare", FROM_2010),
    ("ORC-033", "2010 onward"): PolicyChange("cpt", FROM_2010),
    ("ORC-048", "if pulsed confirmed"): PolicyChange(
        "cpt", fields=(("technique", "pulsed-radiofrequency-ablation"),)
    ),
    ("ORC-063", "2012 onward"): PolicyChange("cpt", FROM_2012),
    ("ORC-064", "2010 onward"): PolicyChange("cpt", FROM_2010),
    ("ORC-094", "2010 onward"): PolicyChange("cpt", FROM_2010),
    ("ORC-104", "current AMA CPT"): PolicyChange("cpt", (TODAY,)),
    ("ORC-106", "AMA CPT 2020 onward"): PolicyChange("cpt", FROM_2020),
    ("ORC-112", "current"): PolicyChange("cpt", (TODAY,)),
    ("ORC-131", "ASC facility"): PolicyChange(
        "medicare", fields=(("claim_type", "asc-facility"), ("place_of_service", "24"))
    ),
    ("ORC-139", "Medicare diagnostic"): PolicyChange("medicare"),
    ("ORC-139", "AMA CPT 2020 onward"): PolicyChange("cpt", FROM_2020),
    ("ORC-140", "Medicare Part B form"): PolicyChange("medicare"),
    ("ORC-155", "Medicare Part B form"): PolicyChange("medicare"),
}
CONVERTED = {
    ("ORC-019", "payer wanting side modifiers"): LateralityFormat.RT_LT_LINES,
    ("ORC-029", "some commercial"): LateralityFormat.PLAIN_THEN_50,
}
READ_BACK = {  # LT stands before RT there, and this library writes RT first
    ("ORC-029", "few payers"): LateralityFormat.RT_LT_LINES,
    ("ORC-150", "same shape, current code"): LateralityFormat.RT_LT_LINES,
}
INSTEAD = [("ORC-054", "2020 onward")]
LEFT_OUT = {
    ("ORC-006", "Medicare expected outcome: only two levels covered"): "Coverage: coding drops no"
    " level.",
    ("ORC-014", "Medicare covered part"): "Coverage: coding drops no level.",
    ("ORC-077", "covered lines"): "Coverage: coding drops no level.",
    ("ORC-104", "current Medicare covered part"): "Coverage: coding drops no level.",
    ("ORC-099", "2011 rule (historical)"): "Codes that ended with 2011: their rules are not"
    " packaged, a date of their time is refused and names them.",
}


def alternative(name: str, context: str) -> tuple[ClaimLine, ...]:
    """Read the lines that a case gives for another context."""
    (lines,) = [
        each["lines"] for each in CASES[name]["alternative_lines"] if each["context"] == context
    ]
    return claim_lines(lines)


def test_every_alternative_is_derived_or_argued() -> None:
    tables = [*CODED_ANEW, *CONVERTED, *READ_BACK, *INSTEAD, *LEFT_OUT]
    given = [(i, each["context"]) for i, c in CASES.items() for each in c["alternative_lines"]]

    assert sorted(tables) == sorted(given)


@pytest.mark.parametrize(("name", "context"), CODED_ANEW)
def test_other_lines_follow_from_policy_and_date(name: str, context: str) -> None:
    case = CASES[name]
    change = CODED_ANEW[name, context]
    for date in change.dates or (case["session"]["date"],):
        answer = coded(case, change.policy, date=date, **dict(change.fields))

        assert texts(answer) == [line.text for line in alternative(name, context)]


@pytest.mark.parametrize(("name", "context"), CONVERTED)
def test_other_lines_follow_from_the_line_form(name: str, context: str) -> None:
    own = claim_lines(CASES[name]["expected_lines"])
    form = CONVERTED[name, context]
    written = convert(own, source=LateralityFormat.ONE_LINE_50, target=form)

    assert written.lines == alternative(name, context)
    assert written.lost == ()


@pytest.mark.parametrize(("name", "context"), READ_BACK)
def test_other_lines_say_the_same_sides(name: str, context: str) -> None:
    lines = alternative(name, context)

    assert read(lines, form=READ_BACK[name, context]).sides == SideCount(bilateral=1)


@pytest.mark.parametrize(("name", "context"), INSTEAD)
def test_other_lines_name_what_is_reported_instead(name: str, context: str) -> None:
    answer = coded(CASES[name], date=TODAY)

    assert isinstance(answer, Refusal)
    assert texts(answer) == [line.text for line in alternative(name, context)]


def test_the_rule_of_2011_is_refused_with_the_codes_of_its_time() -> None:
    case = CASES["ORC-099"]
    answer = coded(case, date="2011-12-31")
    codes = {line.code for line in alternative("ORC-099", "2011 rule (historical)")}

    assert isinstance(answer, Refusal)
    assert answer.reason is Reason.CODES_NOT_IN_FORCE
    assert all(code in answer.message for code in codes)
