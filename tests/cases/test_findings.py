"""Every published case, checked: what its source finds wrong is found, and its right lines are not.

`rules.csv` beside this file says which rules answer what a source calls wrong, on which claim where
the case has none, and why where the answer is another one.
"""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import pytest

from cptfacet import policies
from cptfacet.anatomy import CoverageRegion
from cptfacet.checking import check_claim, get_rule
from cptfacet.claims import Claim, ClaimLine, ClaimType, parse_line
from cptfacet.coding import CodedSession
from cptfacet.dates import parse_date
from cptfacet.findings import FindingKind, Report, Severity
from cptfacet.history import History, PastSession, SessionKind
from cptfacet.sessions import Session


def _module(name: str) -> Any:  # noqa: ANN401  modules of tests can't be imported by name
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


published = _module("test_published")
CASES: dict[str, dict[str, Any]] = published.CASES
OURS = (FindingKind.CODING, FindingKind.EDIT, FindingKind.FORM)
NOT_CHECKED = "not-checked"


class Row(NamedTuple):
    """How one thing that a source finds wrong is answered."""

    case: str
    word: str
    policy: str
    lines: str
    changes: str
    rules: str
    severity: str
    why: str


def rows() -> list[Row]:
    """Read the table."""
    with Path(__file__).with_name("rules.csv").open(encoding="utf-8", newline="") as file:
        return [Row(**row) for row in csv.DictReader(ln for ln in file if not ln.startswith("#"))]


ROWS = rows()
ANSWERED = [row for row in ROWS if row.rules]
FOUND = {
    (case["id"], found["rule"]): found["severity"]
    for case in CASES.values()
    for found in case["expected_findings"]
}


def session_of(case: dict[str, Any], changes: str = "") -> Session:
    """Build the session of a case, with some words of it changed."""
    session: Session = published.session_of(case, **dict(p.split("=") for p in changes.split()))
    return session


def history_of(case: dict[str, Any]) -> History | None:
    """Make a history of the counters of a case: so many sessions in the months before."""
    counted: dict[str, int] = case["history"] or {}
    session = session_of(case)
    kinds = {
        "rfa_sessions_12m": SessionKind.ABLATION,
        "sessions_12m_region": SessionKind.INJECTION,
    }
    past = tuple(
        PastSession(
            date=session.date.replace(year=session.date.year - 1, month=6 + n),
            kind=kind,
            region=CoverageRegion.LUMBAR_SACRAL,
        )
        for name, kind in kinds.items()
        for n in range(counted.get(name, 0))
    )
    return History(sessions=past) if past else None


def claim_of(lines: tuple[ClaimLine, ...], session: Session) -> Claim:
    """Make a claim of lines, with what the session says of it."""
    [treatment] = session.treatments
    return Claim(
        claim_type=session.claim_type or ClaimType.PROFESSIONAL,
        date=session.date,
        place_of_service=session.place_of_service,
        purpose=treatment.purpose,
        diagnoses=session.diagnoses,
        lines=lines,
    )


def lines_of(row: Row) -> tuple[ClaimLine, ...]:
    """Read the lines of a row, or else those that the case submits."""
    if row.lines:
        return tuple(parse_line(text.replace("*", " x")) for text in row.lines.split())
    submitted = CASES[row.case]["submitted_lines"]
    assert submitted, "the case has no claim: name its lines"
    read: tuple[ClaimLine, ...] = published.claim_lines(submitted)
    return read


def report_of(row: Row) -> Report:
    """Check the claim of a row beside its session and history."""
    case = CASES[row.case]
    session = session_of(case, row.changes)
    return check_claim(
        claim_of(lines_of(row), session),
        policy=policies.get(row.policy or case["policy"]),
        session=session,
        history=history_of(case),
    )


def test_each_thing_that_a_source_finds_wrong_is_answered() -> None:
    assert {(row.case, row.word) for row in ROWS} == set(FOUND)


def test_every_submitted_claim_is_answered_as_it_was_submitted() -> None:
    submitted = {i for i, case in CASES.items() if case["submitted_lines"]}

    assert submitted <= {row.case for row in ANSWERED if not row.lines}


def test_what_differs_is_argued() -> None:
    for row in ROWS:
        assert row.why or row == row._replace(policy="", lines="", changes="", severity="")
        assert row.rules or row.why
        assert row.severity != FOUND[row.case, row.word]


@pytest.mark.parametrize("row", ANSWERED, ids=lambda row: f"{row.case}-{row.word}-{row.rules}")
def test_what_the_source_finds_is_found(row: Row) -> None:
    report = report_of(row)
    wanted = set(row.rules.split(";"))
    assert all(get_rule(rule) for rule in wanted)
    if row.severity == NOT_CHECKED:
        assert wanted & {skipped.rule for skipped in report.not_checked}
        return
    severity = Severity(row.severity or FOUND[row.case, row.word])

    assert wanted & {f.rule for f in report.findings if f.severity is severity}, report.explain()


# -- right lines


RIGHT = [i for i, case in CASES.items() if case["expected_lines"]]


def wrong(claim: Claim, policy: str, session: Session | None) -> list[str]:
    """Name the errors of the kinds coding, edit and form."""
    report = check_claim(claim, policy=policies.get(policy), session=session)
    return sorted(f"{f.rule}: {f.message}" for f in report.errors if f.kind in OURS)


@pytest.mark.parametrize("beside", ["alone", "with its session"])
@pytest.mark.parametrize("name", RIGHT)
def test_right_lines_draw_no_error_of_ours(name: str, beside: str) -> None:
    case = CASES[name]
    session = session_of(case)
    claim = claim_of(published.claim_lines(case["expected_lines"]), session)

    assert wrong(claim, case["policy"], None if beside == "alone" else session) == []


@pytest.mark.parametrize(("name", "context"), list(published.CODED_ANEW))
def test_right_lines_of_another_policy_draw_no_error_of_ours(name: str, context: str) -> None:
    case = CASES[name]
    change = published.CODED_ANEW[name, context]
    lines = published.alternative(name, context)
    for date in change.dates or (case["session"]["date"],):
        fields = {**dict(change.fields), "date": date}
        session: Session = published.session_of(case, **fields)
        claim = claim_of(lines, session)

        assert wrong(claim, change.policy, session) == []


UNDER = {
    ("ORC-006", "Medicare expected outcome: only two levels covered"): "medicare",
    ("ORC-014", "Medicare covered part"): "medicare",
    ("ORC-077", "covered lines"): "medicare",
    ("ORC-104", "current Medicare covered part"): "medicare",
    ("ORC-054", "2020 onward"): "cpt",
}
NOT_UNDER = {
    ("ORC-019", "payer wanting side modifiers"): "No packaged policy wants the sides so on a"
    " professional claim.",
    ("ORC-029", "some commercial"): "Of 2005, and the policies of payers begin later.",
    ("ORC-029", "few payers"): "Of 2005, and the policies of payers begin later.",
    ("ORC-150", "same shape, current code"): "Of Medicaid, whose policies are not packaged.",
    ("ORC-099", "2011 rule (historical)"): "Codes that ended with 2011: their forms are not known.",
}


def test_every_alternative_is_checked_or_argued() -> None:
    given = [(i, each["context"]) for i, c in CASES.items() for each in c["alternative_lines"]]

    assert sorted([*published.CODED_ANEW, *UNDER, *NOT_UNDER]) == sorted(given)


@pytest.mark.parametrize(("name", "context"), list(UNDER))
def test_what_a_payer_covers_of_a_session_draws_no_error_of_ours(name: str, context: str) -> None:
    session = attrs.evolve(session_of(CASES[name]), date=parse_date(published.TODAY))
    claim = claim_of(published.alternative(name, context), session)

    assert wrong(claim, UNDER[name, context], session) == []


CODED = {
    i: answer for i, c in CASES.items() if isinstance(answer := published.coded(c), CodedSession)
}


@pytest.mark.parametrize("name", CODED)
def test_what_coding_writes_for_a_case_draws_no_error_of_ours(name: str) -> None:
    case = CASES[name]

    assert wrong(CODED[name].claim, case["policy"], session_of(case)) == []
