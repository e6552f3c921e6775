"""Every published question of the field file, coded and checked as it was published, or argued here.

The cases are about the borders of the family: related codes, nerves of other kinds, payers' formats.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from cptfacet import policies
from cptfacet.checking import check_claim
from cptfacet.claims import Claim
from cptfacet.coding import CodedSession, Reason, Refusal, code_session
from cptfacet.findings import Report, Severity
from cptfacet.interop.json import from_data
from cptfacet.past import history_from_records
from cptfacet.sessions import Session

Json = dict[str, Any]

FILE = Path(__file__).with_name("field.jsonl")
UPSTREAM = Path(__file__).parents[3] / "shared" / "cases" / FILE.name
CASES: dict[str, Json] = {
    case["id"]: case for case in map(json.loads, FILE.read_text(encoding="utf-8").splitlines())
}
# Lines that are reported instead of facet lines: the session is refused, and the refusal names them.
INSTEAD = {
    "FLD-003": Reason.NO_COMPLETE_LEVEL,
    "FLD-005": Reason.NO_COMPLETE_LEVEL,
    "FLD-015": Reason.NO_COMPLETE_LEVEL,
    "FLD-025": Reason.NO_COMPLETE_LEVEL,
}
NOT_CODED = {
    "FLD-001": "A pars is not a facet joint, and a session has no target but a joint; the source of"
    " the code was read only where others quote it.",
}
NOT_FOUND = {
    "FLD-033": "The payer's six months for each level and side are its coverage policy, which is not"
    " packaged.",
    "FLD-037": "Two units without RT, LT or 50 may be two more levels of one side; the format is judged"
    " where a line shows that it is bilateral.",
    "FLD-035": "The page of the state fund was read as an undated copy: before the day on which it was"
    " read, its coverage is not known.",
}
MILDER = {
    "FLD-009": "Whether the same practitioner treated the patient is not on the claim: a warning.",
}
NAMES = {"biologic-not-covered": "agent-not-covered"}  # rules under the names that they have here
PRODUCTS = {
    "FLD-035": "washington-lni",
    "FLD-037": "regence-advantage",
}  # the case names the payer and, beside it, the product
WITH_LINES = [name for name, case in CASES.items() if case["expected_lines"]]
WITH_FINDINGS = [name for name, case in CASES.items() if case["expected_findings"]]


def policy_of(name: str) -> policies.Policy:
    return policies.get(PRODUCTS.get(name, CASES[name]["policy"]))


def coded(name: str) -> CodedSession | Refusal:
    return code_session(from_data(CASES[name]["session"], Session), policy=policy_of(name))


def checked(name: str) -> Report:
    case, policy = CASES[name], policy_of(name)
    given = case["session"] or case["history"][0]
    claim = {key: given[key] for key in ("claim_type", "place_of_service", "diagnoses")}
    claim["date"] = case.get("claim_date") or given["date"]
    claim["lines"] = case["submitted_lines"]
    past = [from_data(entry, Session) for entry in case["history"] or ()]
    return check_claim(
        from_data(claim, Claim),
        policy=policy,
        session=from_data(case["session"], Session) if case["session"] else None,
        history=history_from_records(past, policy=policy).history if past else None,
    )


def lines_of(case: Json) -> list[str]:
    return [
        f"{'-'.join([line['code'], *line['modifiers']])} x{line['units']}"
        for line in case["expected_lines"]
    ]


def test_the_file_is_the_one_that_was_given() -> None:
    if not UPSTREAM.exists():
        pytest.skip("the folder of the published cases is not beside the repository")

    assert FILE.read_bytes() == UPSTREAM.read_bytes()


def test_no_case_is_lost() -> None:
    assert len(CASES) == 19
    assert {*WITH_LINES, *WITH_FINDINGS} == set(CASES)
    assert NOT_CODED.keys() <= set(WITH_LINES)
    assert NOT_FOUND.keys() <= set(WITH_FINDINGS)


@pytest.mark.parametrize("name", [name for name in WITH_LINES if name not in NOT_CODED])
def test_is_coded_as_published(name: str) -> None:
    answer = coded(name)
    lines = answer.instead if isinstance(answer, Refusal) else answer.lines

    assert [line.text for line in lines] == lines_of(CASES[name])
    reason = answer.reason if isinstance(answer, Refusal) else None
    assert reason is INSTEAD.get(name)


@pytest.mark.parametrize("name", NOT_CODED)
def test_what_is_argued_is_not_coded(name: str) -> None:
    """Once it is coded, its argument goes."""
    answer = coded(name)

    assert isinstance(answer, Refusal)
    assert answer.reason is Reason.NO_LEVEL_DOCUMENTED
    assert answer.instead == ()


@pytest.mark.parametrize("name", [name for name in WITH_FINDINGS if name not in NOT_FOUND])
def test_is_found_as_published(name: str) -> None:
    found = {(finding.rule, finding.severity.value) for finding in checked(name).findings}
    published = {
        (NAMES.get(each["rule"], each["rule"]), "warning" if name in MILDER else each["severity"])
        for each in CASES[name]["expected_findings"]
    }

    assert published <= found


@pytest.mark.parametrize("name", NOT_FOUND)
def test_what_is_argued_is_not_found(name: str) -> None:
    """Once it is found, its argument goes."""
    severe = [each.rule for each in checked(name).findings if each.severity is Severity.ERROR]

    assert severe == []
