"""A report tells all of its findings, however it is grouped, filtered, sorted, counted or written."""

from __future__ import annotations

import datetime as dt
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cptfacet import policies
from cptfacet.checking import all_rules, check_claim
from cptfacet.citations import Citation, Confidence
from cptfacet.claims import Claim, ClaimType, Purpose, parse_line
from cptfacet.dates import EffectivePeriod
from cptfacet.findings import (
    CheckedUnder,
    Finding,
    FindingKind,
    NotChecked,
    Question,
    Replacement,
    Report,
    RuleFamily,
    Severity,
)

UNDER = CheckedUnder(
    policy="medicare",
    policy_edition=dt.date(2026, 11, 24),
    reference=dt.date(2026, 11, 24),
    cptfacet="1",
)
FIRST = dt.date(2021, 5, 2)
SOURCE = Citation(
    id="l-shared",
    title="The shared facet LCD",
    url=None,
    term=EffectivePeriod(start=FIRST),
    confidence=Confidence.SECONDARY,
)
REMEDIES = (
    None,
    Question(question="Which side was treated?"),
    Replacement(lines=()),
    Replacement(lines=(parse_line("64493-50 x1"), parse_line("64494-50 x1"))),
)
NAMES = ("rule", "family", "kind", "severity")


def finding(**told: Any) -> Finding:
    """Make a finding; what is not told is some plain value."""
    plain: dict[str, Any] = {
        "rule": "addon-without-primary",
        "family": RuleFamily.ADD_ONS,
        "kind": FindingKind.CODING,
        "severity": Severity.ERROR,
        "lines": (1,),
        "message": "64494 stands alone",
        "citations": (SOURCE,),
    }
    return Finding(**(plain | told))


CLAIM = Claim(claim_type=ClaimType.PROFESSIONAL, lines=(parse_line("64494-RT"),))


def report(*findings: Finding, **told: Any) -> Report:
    """Make a report of some findings."""
    plain: dict[str, Any] = {"under": UNDER, "not_checked": (), "claim": CLAIM}
    return Report(**(plain | {"findings": findings} | told))


findings_ = st.builds(
    finding,
    rule=st.sampled_from([rule.id for rule in all_rules()]),
    family=st.sampled_from(RuleFamily),
    kind=st.sampled_from(FindingKind),
    severity=st.sampled_from(Severity),
    lines=st.lists(st.integers(1, 4), unique=True, max_size=3).map(lambda n: tuple(sorted(n))),
    message=st.text(max_size=8),
    citations=st.sampled_from([(), (SOURCE,), (SOURCE, attrs.evolve(SOURCE, id="acr21"))]),
    remedy=st.sampled_from(REMEDIES),
)
not_checked = st.builds(
    NotChecked,
    rule=st.sampled_from([rule.id for rule in all_rules()]),
    needs=st.sampled_from(["session", "history", "jurisdiction"]),
    reason=st.sampled_from(["no session was given", "no history was given", "not known"]),
)
reports = st.builds(
    Report,
    under=st.just(UNDER),
    findings=st.lists(findings_, max_size=6).map(tuple),
    not_checked=st.lists(not_checked, max_size=4).map(tuple),
    claim=st.builds(lambda name: attrs.evolve(CLAIM, id=name), st.none() | st.text(min_size=1)),
)


class TestFilters:
    """A filter keeps findings as they are, and nothing else of the report changes."""

    @given(report=reports, severity=st.sampled_from(Severity))
    def test_where(self, report: Report, severity: Severity) -> None:
        kept = report.where(lambda found: found.severity is severity)

        assert kept.findings == tuple(f for f in report.findings if f.severity is severity)
        assert attrs.evolve(kept, findings=report.findings) == report
        assert report.where(lambda _: True) == report

    @given(report=reports)
    def test_by_weight_and_remedy(self, report: Report) -> None:
        assert report.errors == tuple(f for f in report.findings if f.severity is Severity.ERROR)
        assert report.warnings == tuple(
            f for f in report.findings if f.severity is Severity.WARNING
        )
        assert report.questions == report.where(lambda f: isinstance(f.remedy, Question)).findings


class TestRows:
    """A row is flat, and says all of a finding."""

    @given(report=reports)
    def test_one_a_finding(self, report: Report) -> None:
        rows = report.rows()

        assert len(rows) == len(report.findings)
        for row, found in zip(rows, report.findings, strict=True):
            assert all(value is None or type(value) is str for value in row.values())
            assert row["id"] == report.id
            assert (row["policy"], row["rule"]) == ("medicare", found.rule)
            assert [row[name] for name in NAMES] == [getattr(found, name) for name in NAMES]
            assert tuple(map(int, row["lines"].split())) == found.lines
            assert row["message"] == found.message
            assert row["citations"].split() == [citation.id for citation in found.citations]
            assert row["from"] == ("2021-05-02" if found.citations else None)
            assert row["seen"] is None

    @pytest.mark.parametrize(
        ("remedy", "told"),
        [
            (REMEDIES[0], (None, None, None)),
            (REMEDIES[1], ("ask", None, "Which side was treated?")),
            (REMEDIES[2], ("remove", None, None)),
            (REMEDIES[3], ("replace", "64493-50 x1 | 64494-50 x1", None)),
        ],
    )
    def test_the_remedy(self, remedy: Any, told: tuple[str | None, ...]) -> None:  # noqa: ANN401
        (row,) = report(finding(remedy=remedy)).rows()

        assert (row["remedy"], row["replacement"], row["question"]) == told

    @pytest.mark.parametrize(
        ("term", "days"),
        [
            (EffectivePeriod(start=FIRST), ("2021-05-02", None)),
            (EffectivePeriod(seen=FIRST), (None, "2021-05-02")),
            (EffectivePeriod(), (None, None)),
        ],
    )
    def test_the_days_of_the_datum(
        self, term: EffectivePeriod, days: tuple[str | None, ...]
    ) -> None:
        """Where a source shows it in force only, the row does not say that it began then."""
        (row,) = report(finding(citations=(attrs.evolve(SOURCE, term=term), SOURCE))).rows()

        assert (row["from"], row["seen"]) == days

    def test_all_rows_have_the_same_columns(self) -> None:
        """Those of the file that `cptfacet check --format csv` writes; a frame takes them."""
        rows = report(*(finding(remedy=remedy, citations=()) for remedy in REMEDIES)).rows()

        assert [*rows[0]] == [
            *("id", "policy", "rule", "family", "kind", "severity", "lines", "message"),
            *("citations", "from", "seen", "remedy", "replacement", "question"),
        ]
        assert len({tuple(row) for row in rows}) == 1


class TestWords:
    """What is written for a person has every finding, remedy, source and reason."""

    @given(report=reports)
    def test_everything_is_told(self, report: Report) -> None:
        text = " ".join(report.explain().split())

        assert text.partition(". Policy edition: 2026-11-24.")[0].lower() == str(report)
        assert text.startswith("No findings") is (report.findings == ())
        for found in report.findings:
            assert f"{' '.join(found.message.split())} ({found.rule})".strip() in text
            for citation in found.citations:
                assert f"source: {citation}" in text
        for skipped in report.not_checked:
            compared = skipped.needs in {"session", "history"}
            needed = f"{skipped.reason}; needs {skipped.needs} ("[1:]
            assert (f": {skipped.reason} (" if compared else needed) in text
            assert skipped.rule in text
        assert ("Not checked" in text) is (report.not_checked != ())

    @pytest.mark.parametrize(
        ("lines", "where"), [((), "claim"), ((2,), "line 2"), ((1, 3), "lines 1, 3")]
    )
    def test_where_it_is(self, lines: tuple[int, ...], where: str) -> None:
        text = report(finding(lines=lines, remedy=Replacement(lines=()))).explain()

        assert f"error, {where}: 64494 stands alone (addon-without-primary)" in text
        assert f"fix: remove {where}" in text

    def test_what_mends_it(self) -> None:
        text = report(*(finding(remedy=remedy) for remedy in REMEDIES)).explain()

        assert "ask: Which side was treated?" in text
        assert "fix: 64493-50 x1 ; 64494-50 x1" in text
        assert text.count("fix: ") + text.count("ask: ") == len(REMEDIES) - 1

    def test_a_reason_is_told_once(self) -> None:
        skipped = [
            NotChecked(rule=rule, needs="session", reason="no session was given")
            for rule in ("side-differs", "date-differs", "side-differs")
        ]

        assert report(not_checked=tuple(skipped)).explain().splitlines()[-1] == (
            "  Not compared with the procedure note: no session was given (2 rules): side-differs, date-differs"
        )

    @given(report=reports)
    def test_no_line_is_long_and_nothing_names_the_claim(self, report: Report) -> None:
        named = attrs.evolve(report, claim=attrs.evolve(report.claim, id="SECRET"))

        assert all(len(line) <= 100 for line in named.explain().splitlines())
        assert "SECRET" not in named.explain() + repr(named)
        assert named.explain() == report.explain()

    def test_a_finding_in_one_line(self) -> None:
        assert str(finding()) == "error addon-without-primary: 64494 stands alone"


class TestSeverity:
    """The heaviest stands first."""

    def test_its_rank(self) -> None:
        assert [severity.rank for severity in Severity] == [0, 1, 2]
        assert Severity.ERROR.rank < Severity.WARNING.rank < Severity.INFO.rank


class TestValues:
    """Reports are values, as everything is."""

    @given(report=reports)
    def test_equal_and_pickled(self, report: Report) -> None:
        copy = pickle.loads(pickle.dumps(report))  # noqa: S301  made here

        assert copy == report
        assert hash(copy) == hash(report)

    def test_a_report_of_checking(self) -> None:
        """What a check says is a report of the same make, in the order of weight."""
        claim = Claim(
            claim_type=ClaimType.PROFESSIONAL,
            date=dt.date(2026, 3, 2),
            purpose=Purpose.DIAGNOSTIC,
            lines=tuple(map(parse_line, ("64494-50-RT x2", "64495-KX-RT x1", "77003 x1"))),
        )
        checked = check_claim(claim, policy=policies.get("medicare"))

        ranks = [found.severity.rank for found in checked.findings]

        assert len(checked.errors) >= 4
        assert ranks == sorted(ranks)
        assert {line for found in checked.findings for line in found.lines} == {1, 2, 3}
        assert {"session", "history"} <= {skipped.needs for skipped in checked.not_checked}
        assert (checked.claim, checked.lines) == (claim, claim.lines)
        assert not checked.is_complete
