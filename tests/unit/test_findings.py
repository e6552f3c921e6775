"""A report tells all of its findings, however it is grouped, filtered, sorted, counted or written."""

from __future__ import annotations

import datetime as dt
import pickle
from collections import Counter
from collections.abc import Callable
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


def report(*findings: Finding, **told: Any) -> Report:
    """Make a report of some findings."""
    plain: dict[str, Any] = {"under": UNDER, "not_checked": ()}
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
    id=st.none() | st.text(min_size=1),
)


KEYS: dict[str, Callable[[Finding], Any]] = {
    "severity": lambda f: list(Severity).index(f.severity),
    "line": lambda f: f.lines,
    "rule": lambda f: f.rule,
    "family": lambda f: list(RuleFamily).index(f.family),
    "kind": lambda f: list(FindingKind).index(f.kind),
}


class TestGroups:
    """Each finding is in one group, in the order in which it stands."""

    @given(report=reports, name=st.sampled_from(NAMES))
    def test_by_a_word(self, report: Report, name: str) -> None:
        grouped = report.by(name)

        assert {key: len(listed) for key, listed in grouped.items()} == report.counts(name)
        assert Counter(f for listed in grouped.values() for f in listed) == Counter(report.findings)
        for key, listed in grouped.items():
            assert listed == tuple(f for f in report.findings if getattr(f, name) == key)
            assert type(key) is str

    @given(report=reports)
    def test_by_line(self, report: Report) -> None:
        """A finding of several lines stands under each; one of the claim under 0."""
        grouped = report.by_line()

        assert list(grouped) == sorted(grouped)
        for line in range(6):
            expected = tuple(f for f in report.findings if line in (f.lines or (0,)))
            assert grouped.get(line, ()) == expected

    @given(report=reports)
    def test_of_what_was_not_checked(self, report: Report) -> None:
        grouped = report.by_need()

        assert {(need, rule) for need, listed in grouped.items() for rule in listed} == {
            (skipped.needs, skipped.rule) for skipped in report.not_checked
        }
        assert all(len(set(listed)) == len(listed) for listed in grouped.values())

    @pytest.mark.parametrize("name", ["line", "colour", "", "message", "Severity"])
    def test_a_word_that_is_none(self, name: str) -> None:
        for group in (report().by, report().counts):
            with pytest.raises(ValueError, match=r"^findings are grouped by rule, family, kind"):
                group(name)


class TestFilters:
    """A filter keeps findings as they are, and nothing else of the report changes."""

    @given(report=reports, data=st.data())
    def test_only(self, report: Report, data: st.DataObject) -> None:
        asked: dict[str, Any] = data.draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "rules": st.lists(
                        st.sampled_from([rule.id for rule in all_rules()]), max_size=40
                    ),
                    "kinds": st.lists(st.sampled_from(FindingKind)),
                    "severities": st.lists(st.sampled_from(Severity)),
                    "families": st.lists(st.sampled_from(RuleFamily), max_size=9),
                    "line": st.integers(1, 4),
                },
            )
        )

        kept = report.only(**asked)

        fields = {"rules": "rule", "kinds": "kind", "severities": "severity", "families": "family"}
        assert kept.findings == tuple(
            f
            for f in report.findings
            if all(getattr(f, fields[name]) in asked[name] for name in asked if name in fields)
            and ("line" not in asked or asked["line"] in f.lines)
        )
        assert attrs.evolve(kept, findings=report.findings) == report
        words: dict[str, Any] = {
            name: value if name == "line" else [*map(str, value)] for name, value in asked.items()
        }
        assert report.only(**words) == kept

    @given(report=reports)
    def test_nothing_asked_keeps_all(self, report: Report) -> None:
        assert report.only() == report
        assert report.where(lambda _: True) == report
        assert report.where(lambda _: False).findings == ()

    @pytest.mark.parametrize("name", ["kinds", "severities", "families"])
    def test_a_word_that_is_none(self, name: str) -> None:
        asked: dict[str, Any] = {name: ["fatal"]}
        with pytest.raises(ValueError, match="'fatal' is not a valid"):
            report().only(**asked)

    @pytest.mark.parametrize("name", ["rules", "kinds", "severities", "families"])
    def test_a_text_is_no_list(self, name: str) -> None:
        """Its letters would be taken as ids, and nothing be kept."""
        for text in ("error", Severity.ERROR):
            asked: dict[str, Any] = {name: text}
            with pytest.raises(TypeError, match=rf"^{name} is a list of them, .* \['error'\]$"):
                report(finding()).only(**asked)

    @given(report=reports)
    def test_by_weight_and_remedy(self, report: Report) -> None:
        assert report.errors == report.only(severities=["error"]).findings
        assert report.warnings == report.only(severities=["warning"]).findings
        assert report.questions == report.where(lambda f: isinstance(f.remedy, Question)).findings

    @given(report=reports)
    def test_the_worst(self, report: Report) -> None:
        present = [severity for severity in Severity if severity in report.counts()]

        assert report.worst is (present[0] if present else None)


class TestOrder:
    """Sorting loses nothing, and leaves what is equal in its order."""

    @given(report=reports, by=st.sampled_from(sorted(KEYS)))
    def test_by_a_word(self, report: Report, by: str) -> None:
        ordered = report.sorted(by)

        assert ordered.findings == tuple(sorted(report.findings, key=KEYS[by]))
        assert attrs.evolve(ordered, findings=report.findings) == report
        assert ordered.sorted(by) == ordered

    @given(report=reports)
    def test_the_heaviest_first_by_default(self, report: Report) -> None:
        ranks = [found.severity.rank for found in report.sorted().findings]

        assert ranks == sorted(ranks)

    def test_a_word_that_is_none(self) -> None:
        with pytest.raises(ValueError, match="not by 'weight'"):
            report().sorted("weight")


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

        assert text.startswith("checked under medicare, edition 2026-11-24")
        assert ("nothing was found" in text) is (report.findings == ())
        for found in report.findings:
            assert f"{found.severity} {found.rule} ({found.kind}; " in text
            for citation in found.citations:
                assert f"source: {citation}" in text
        for skipped in report.not_checked:
            assert f"{skipped.reason} (needs {skipped.needs}): " in text
            assert skipped.rule in text
        assert ("Not checked" in text) is (report.not_checked != ())

    @pytest.mark.parametrize(
        ("lines", "where"), [((), "claim"), ((2,), "line 2"), ((1, 3), "lines 1, 3")]
    )
    def test_where_it_is(self, lines: tuple[int, ...], where: str) -> None:
        text = report(finding(lines=lines, remedy=Replacement(lines=()))).explain()

        assert f"(coding; {where}): 64494 stands alone" in text
        assert f"remedy: remove {where}" in text

    def test_what_mends_it(self) -> None:
        text = report(*(finding(remedy=remedy) for remedy in REMEDIES)).explain()

        assert "ask: Which side was treated?" in text
        assert "remedy: 64493-50 x1 ; 64494-50 x1" in text
        assert text.count("remedy: ") + text.count("ask: ") == len(REMEDIES) - 1

    def test_a_reason_is_told_once(self) -> None:
        skipped = [
            NotChecked(rule=rule, needs="session", reason="no session was given")
            for rule in ("side-differs", "date-differs", "side-differs")
        ]

        assert report(not_checked=tuple(skipped)).explain().splitlines()[-1] == (
            "  no session was given (needs session): side-differs, date-differs"
        )

    @given(report=reports)
    def test_no_line_is_long_and_nothing_names_the_claim(self, report: Report) -> None:
        named = attrs.evolve(report, id="SECRET")

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

        assert checked.counts()["error"] >= 4
        assert checked.findings == checked.sorted().findings
        assert {line for line in checked.by_line() if line} == {1, 2, 3}
        assert {"session", "history"} <= set(checked.by_need())
