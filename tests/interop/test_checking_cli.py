"""Checking at the terminal: what goes in, what comes out, what a hostile file can't do."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cptfacet import policies
from cptfacet.checking import all_rules, check_claim
from cptfacet.claims import Claim
from cptfacet.errors import DocumentError
from cptfacet.findings import Report, RuleFamily
from cptfacet.interop.claim_csv import COLUMNS, harmless, read_claims
from cptfacet.interop.json import Dumper, dump, from_data, given_from_data, to_data
from cptfacet.interop.schemas import schema
from cptfacet.strategies import for_type, hostile_claims

Terminal = Callable[..., Any]

REPORT = Draft202012Validator(schema("report"))
REPAIRED = Draft202012Validator(schema("repaired"))

BLOCK: dict[str, Any] = {
    "date": "2026-03-02",
    "claim_type": "professional",
    "place_of_service": "11",
    "diagnoses": ["M47.816"],
    "technique": "medial-branch-block",
    "purpose": "diagnostic",
    "guidance": "fluoroscopy",
    "targets": [{"joint": "L4-L5", "side": "bilateral"}],
}
ALONE: dict[str, Any] = {
    "claim_type": "professional",
    "place_of_service": "11",
    "date": "2026-03-02",
    "lines": [{"code": "64494", "modifiers": ["RT"], "units": 1, "diagnoses": ["M47.816"]}],
}
CLEAN = {
    **ALONE,
    "lines": [
        {"code": "64493", "modifiers": ["RT"], "units": 1, "diagnoses": ["M47.816"]},
        *ALONE["lines"],
    ],
}
ROWS = (
    "claim_id,claim_type,place_of_service,date,code,mod1,units,dx1\n"
    "a,professional,11,2026-03-02,64494,RT,1,M47.816\n"
    "b,professional,11,2026-03-02,64493,RT,1,M47.816\n"
    "b,professional,11,2026-03-02,64494,RT,1,M47.816\n"
)


def jsonl(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def told(report: dict[str, Any]) -> list[str]:
    return [found["rule"] for found in report["findings"]]


class TestJson:
    """Findings go out as the contract has them, in the order of the records."""

    def test_one_claim(self, terminal: Terminal) -> None:
        run = terminal("check", "-", stdin=json.dumps(ALONE))

        assert run.status == 1
        assert told(run.json) == ["addon-without-primary"]
        assert run.json == to_data(check_claim(from_data(ALONE, Claim), policy=policies.get("cpt")))
        REPORT.validate(run.json)

    def test_a_claim_a_line(self, terminal: Terminal) -> None:
        named = [{**ALONE, "id": "1"}, {**CLEAN, "id": "2"}, {"lines": 3}, {**ALONE, "id": "4"}]
        run = terminal("check", "-", stdin=jsonl(*named))

        assert run.status == 2
        assert [answer.get("id") for answer in run.lines] == ["1", "2", None, "4"]
        assert run.lines[2]["error"]["record"] == 3
        assert told(run.lines[1]) == []

    def test_lines_are_answered_alike_without_the_fast_door(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The extra `fast` reads what it is certain of, and decides nothing."""
        lines = [
            jsonl(CLEAN, ALONE, {"claim": ALONE, "session": BLOCK}, {**ALONE, "colour": "blue"}),
            '{"claim_type": "professional", "lines": [], "lines": []}\n',
            '{"claim_type": "facility", "lines": [{"code": 64493}]}\n[1]\nnull\n\n{\n',
            jsonl({**ALONE, "lines": [{"code": " 64493", "units": 1.5, "modifiers": ["rt"]}]}),
        ]
        with_it = terminal("check", "-", stdin="".join(lines))
        monkeypatch.setitem(sys.modules, "cptfacet.interop.fast", None)
        without = terminal("check", "-", stdin="".join(lines))

        assert with_it == without
        assert len(without.lines) == 10

    @given(report=for_type(Report))
    def test_reports_are_written_alike_one_by_one(self, report: Report) -> None:
        dumper = Dumper()

        for _ in range(2):
            assert dumper.dump(report) == dump(report) == json.dumps(to_data(report))

    def test_an_array(self, terminal: Terminal) -> None:
        run = terminal("check", "-", stdin=json.dumps([ALONE, CLEAN]))

        assert [told(answer) for answer in run.json] == [["addon-without-primary"], []]

    def test_what_coding_answers(self, terminal: Terminal) -> None:
        coded = terminal("code", "-", "--policy", "medicare", stdin=json.dumps(BLOCK))
        run = terminal("check", "-", "--policy", "medicare", stdin=coded.out)

        assert run.status == 0
        assert told(run.json) == []

    def test_a_refusal_is_told(self, terminal: Terminal) -> None:
        run = terminal("check", "-", stdin=json.dumps({"refusal": {}}))

        assert run.status == 2
        assert "this session was refused" in run.out

    def test_session_and_history_beside_it(self, terminal: Terminal) -> None:
        past = {
            **CLEAN,
            "lines": [{"code": "64635", "modifiers": ["LT"], "units": 1}],
        }
        claim = {**CLEAN, "lines": [{"code": "64635", "modifiers": ["RT"], "units": 1}]}
        beside = {
            "claim": claim,
            "session": {
                "date": "2026-03-02",
                "technique": "thermal-rfa",
                "guidance": "fluoroscopy",
                "targets": [{"joint": "L4-5", "side": "left"}],
            },
            "history": [{**past, "date": "2025-06-01"}, {**past, "date": "2025-12-01"}],
        }
        run = terminal("check", "-", "--policy", "medicare", stdin=json.dumps(beside))

        assert {"side-differs", "too-many-sessions"} <= set(told(run.json))
        assert not any(n["needs"] in ("history", "session") for n in run.json["not_checked"])

    @pytest.mark.parametrize("command", ["check", "repair"])
    def test_what_of_a_history_is_not_read_is_told(self, command: str, terminal: Terminal) -> None:
        past = {**CLEAN, "lines": [{"code": "64635", "units": 0}, {"code": "99213", "units": 1}]}
        beside = {"claim": CLEAN, "history": [past]}
        run = terminal(command, "-", "--policy", "medicare", stdin=json.dumps(beside))
        report = run.json if command == "check" else run.json["report"]

        [left] = [n for n in report["not_checked"] if n["rule"] == RuleFamily.FREQUENCY]
        assert "part 1 of record 1 of the history" in left["reason"]

    def test_all_problems_at_once(self, terminal: Terminal) -> None:
        beside = {"claim": {"lines": []}, "session": {"date": "soon"}, "history": [3], "x": 1}
        run = terminal("check", "-", stdin=json.dumps(beside))
        paths = [problem["path"] for problem in run.json["error"]["problems"]]

        assert run.status == 2
        assert {"$.claim.claim_type", "$.session.date", "$.history[0]", "$.x"} <= set(paths)

    def test_the_policy_of_a_record_goes_first(self, terminal: Terminal) -> None:
        run = terminal("check", "-", stdin=jsonl({**CLEAN, "policy": "medicare"}, CLEAN))

        assert [answer["under"]["policy"] for answer in run.lines] == ["medicare", "cpt"]

    def test_a_place_picks_its_jurisdiction(self, terminal: Terminal) -> None:
        placed = {**CLEAN, "policy": "medicare", "location": {"state": "CA"}}
        run = terminal("check", "-", stdin=json.dumps(placed))

        assert run.json["under"]["policy"] == "medicare-je"


class TestOptions:
    """What is told, and what fails, is the caller's choice."""

    @pytest.mark.parametrize(
        ("options", "rules_told"),
        [
            (["--select", "add-ons"], ["addon-without-primary"]),
            (["--select", "addon-without-primary,pairs"], ["addon-without-primary"]),
            (["--select", "pairs"], []),
            (["--ignore", "addon-without-primary"], []),
            (["--select", "add-ons", "--ignore", "add-ons"], []),
        ],
    )
    def test_select_and_ignore(
        self, terminal: Terminal, options: list[str], rules_told: list[str]
    ) -> None:
        run = terminal("check", "-", *options, stdin=json.dumps(ALONE))

        assert told(run.json) == rules_told
        assert run.status == bool(rules_told)

    def test_what_is_not_told_is_not_listed_as_not_checked(self, terminal: Terminal) -> None:
        families = {rule.id: str(rule.family) for rule in all_rules()}
        run = terminal(
            "check",
            "-",
            "--policy",
            "medicare",
            "--select",
            "documentation",
            stdin=json.dumps(ALONE),
        )
        rest = terminal(
            "check",
            "-",
            "--policy",
            "medicare",
            "--ignore",
            "documentation",
            stdin=json.dumps(ALONE),
        )

        assert {families[n["rule"]] for n in run.json["not_checked"]} == {"documentation"}
        assert "documentation" not in {families[n["rule"]] for n in rest.json["not_checked"]}
        assert rest.json["not_checked"]

    def test_every_rule_and_family_can_be_named(self, terminal: Terminal) -> None:
        names = ",".join([*(rule.id for rule in all_rules()), *RuleFamily])

        assert terminal("check", "-", "--ignore", names, stdin=json.dumps(ALONE)).status == 0

    def test_an_unknown_name(self, terminal: Terminal) -> None:
        run = terminal("check", "-", "--select", "addon-without-primry", stdin=json.dumps(ALONE))

        assert run.status == 2
        assert "did you mean addon-without-primary" in run.err

    @pytest.mark.parametrize(
        ("fail_on", "status"), [("error", 0), ("warning", 0), ("info", 1), ("never", 0)]
    )
    def test_fail_on(self, terminal: Terminal, fail_on: str, status: int) -> None:
        marked = {**CLEAN, "lines": [{"code": "64493", "modifiers": ["RT", "59"], "units": 1}]}
        by_kind = {"error": marked, "warning": CLEAN, "info": CLEAN, "never": ALONE}
        lone = {**CLEAN, "lines": [{"code": "27096", "units": 1}, *CLEAN["lines"]]}
        claim = lone if fail_on == "info" else by_kind[fail_on]
        selected = ["--select", "governed-by-other-policy"] if fail_on == "info" else []
        run = terminal("check", "-", "--fail-on", fail_on, *selected, stdin=json.dumps(claim))

        expected = 1 if fail_on == "error" else status
        assert run.status == expected

    def test_a_table(self, terminal: Terminal) -> None:
        run = terminal("check", "-", "--format", "table", stdin=jsonl(ALONE, CLEAN))

        assert "error, line 1: " in run.out
        assert "(addon-without-primary)" in run.out
        assert "No findings under cpt" in run.out
        assert "Record 2: 64493-RT x1, 64494-RT x1 on a professional claim" in run.out

    def test_a_table_of_several_says_once_what_was_not_checked(self, terminal: Terminal) -> None:
        run = terminal("check", "-", "--format", "table", stdin=jsonl(ALONE, CLEAN, CLEAN))

        assert "\n3 records: 1 with errors and 2 with no findings\n" in run.out
        assert run.out.count("Not checked") == 1
        assert run.out.count("no session was given") == 1
        assert "  3 records, no session was given: " in run.out


class TestCsv:
    """Rows of a claim are read together, whatever the order of the columns."""

    def test_rows_become_claims(self, terminal: Terminal) -> None:
        run = terminal("check", "-", stdin=ROWS)

        assert run.status == 1
        assert [(answer["id"], told(answer)) for answer in run.lines] == [
            ("a", ["addon-without-primary"]),
            ("b", []),
        ]

    def test_rows_go_out(self, terminal: Terminal) -> None:
        run = terminal("check", "-", "--format", "csv", stdin=ROWS)
        [row] = csv.DictReader(io.StringIO(run.out))

        assert (row["claim_id"], row["rule"], row["remedy"]) == (
            "a",
            "addon-without-primary",
            "ask",
        )

    def test_what_coding_writes_is_read_back(self, terminal: Terminal) -> None:
        coded = terminal(
            "code", "-", "--policy", "medicare", "--format", "csv",
            stdin=jsonl({**BLOCK, "id": "=1+1"}, {**BLOCK, "id": "two", "claim_type": "asc-facility",
                                                 "place_of_service": "24"}),
        )  # fmt: skip
        claims = list(read_claims(coded.out.splitlines(keepends=True)))

        assert [c.id for c in claims if isinstance(c, Claim)] == ["=1+1", "two"]
        run = terminal("check", "-", stdin=coded.out)
        assert [told(answer) for answer in run.lines] == [[], []]

    def test_columns_in_any_order(self) -> None:
        header, *rows = (line.split(",") for line in ROWS.splitlines())
        turned = "\n".join(",".join(row[::-1]) for row in (header, *rows))

        assert list(read_claims(turned.splitlines())) == list(read_claims(ROWS.splitlines()))

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("claim_id,claim_type,code,unit\n", "unit: unknown column; did you mean units?"),
            ("claim_id,code\n", "claim_type: this column is missing"),
            ("claim_id,claim_type,code,code\n", "code: this column occurs twice"),
            ("\n", "row 1: it names none of these columns"),
            ('claim_id,claim_type,code\na,"x,64493\n', "it is not CSV"),
        ],
    )
    def test_a_file_that_is_none(self, terminal: Terminal, text: str, says: str) -> None:
        run = terminal("check", "-", "--input", "csv", stdin=text)

        assert run.status == 2
        assert says in run.err

    @pytest.mark.parametrize(
        ("row", "says"),
        [
            ("a,professional,64493,RT,two", "row 2, units: 'two' is not a number"),
            ("a,professional,64493,RT,1,2", "row 2: it has 6 cells"),
            ("a,profesional,64493,RT,1", "row 2, claim_type: 'profesional' is not a claim type"),
            ("a,,64493,RT,1", "row 2, claim_type: it is missing"),
            (
                "a,professional,64493,RT,1\na,asc-facility,64494,RT,1",
                "row 3, claim_type: it differs",
            ),
            (
                "a,professional,64493,,1\nb,professional,64493,,1\na,professional,64494,,1",
                "row 4, claim_id: rows of this claim are not together (see row 2)",
            ),
        ],
    )
    def test_a_row_that_is_wrong(self, row: str, says: str) -> None:
        text = f"claim_id,claim_type,code,mod1,units\n{row}\n"
        problems = [
            str(problem)
            for claim in read_claims(text.splitlines())
            if isinstance(claim, DocumentError)
            for problem in claim.problems
        ]

        assert any(says in problem for problem in problems), problems

    def test_unknown_columns_are_read_past_where_told(self, terminal: Terminal) -> None:
        extra = ROWS.replace("dx1\n", "dx1,payer\n").replace("M47.816\n", "M47.816,x\n")

        assert terminal("check", "-", stdin=extra).status == 2
        assert terminal("check", "-", "--ignore-columns", stdin=extra).status == 1

    def test_own_dates_and_places_stand_on_their_lines(self) -> None:
        text = (
            "claim_id,claim_type,date,place_of_service,code\n"
            "a,professional,2026-03-02,11,64493\n"
            "a,professional,2026-03-09,24,64493\n"
        )
        [claim] = read_claims(text.splitlines())

        assert isinstance(claim, Claim)
        first, second = claim.lines
        assert (first.date, first.place_of_service) == (None, None)
        assert str(second.date) == "2026-03-09"

    @given(st.text())
    def test_no_cell_starts_a_formula_and_each_is_read_back(self, text: str) -> None:
        cell = harmless(text)

        assert cell.isprintable()
        for part in cell.split(";"):
            assert not part.lstrip().startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))
        row = io.StringIO()
        head = ("claim_id", "line", "claim_type", "code")
        csv.writer(row).writerows([head, (cell, "1", "professional", "1")])
        read = list(read_claims(row.getvalue().splitlines(keepends=True)))
        assert [c.id for c in read if isinstance(c, Claim)] == [text.strip(" ") or None]


class TestRepair:
    """What the claim settles is mended, and the rest is asked."""

    def test_a_claim(self, terminal: Terminal) -> None:
        split = {
            **CLEAN,
            "claim_type": "asc-facility",
            "place_of_service": "24",
            "lines": [{"code": "64493", "modifiers": ["50"], "units": 1, "charge": "100.01"}],
        }
        run = terminal("repair", "-", "--policy", "medicare", stdin=json.dumps(split))

        assert run.status == 0
        REPAIRED.validate(run.json)
        lines = run.json["claim"]["lines"]
        assert [(line["modifiers"], line["charge"]) for line in lines] == [
            (["RT"], "50.01"),
            (["LT"], "50.00"),
        ]

    def test_what_is_left_fails(self, terminal: Terminal) -> None:
        assert terminal("repair", "-", stdin=json.dumps(ALONE)).status == 1

    def test_a_table(self, terminal: Terminal) -> None:
        run = terminal("repair", "-", "--format", "table", stdin=json.dumps(ALONE))

        assert "\nNo changes; " in run.out


HOSTILE: list[dict[str, Any]] = [
    {"modifiers": ["5" * 1_000_000]},
    {"modifiers": ["50"] * 5_000},
    {"units": 10**30},
    {"units": -1},
    {"units": 0.5},
    {"units": None},
    {"code": "\0"},
    {"code": "6" * 1_000_000},
    {"date": "0001-01-01"},
    {"date": "9999-12-31"},
    {"diagnoses": ["=cmd()"] * 2_000},
    {"provider": "=1+1", "place_of_service": "\u202e"},
]


class TestHostileInput:
    """It ends in findings or in one clear error, in bounded memory."""

    @pytest.mark.parametrize("line", HOSTILE, ids=map(str, range(len(HOSTILE))))
    @pytest.mark.parametrize("form", ["json", "csv", "table"])
    def test_a_line(self, terminal: Terminal, line: dict[str, Any], form: str) -> None:
        whole = {"code": "64493", "modifiers": [], "units": 1, **line}
        claim = {**ALONE, "id": "=2+2", "lines": [whole, *CLEAN["lines"]]}
        run = terminal("check", "-", "--policy", "medicare", "--format", form, stdin=jsonl(claim))

        assert run.status in (0, 1, 2)
        assert len(run.out) < 200_000
        if form == "csv":
            cells = [cell for row in csv.reader(io.StringIO(run.out)) for cell in row]
            assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in cells)

    @pytest.mark.parametrize("line", HOSTILE, ids=map(str, range(len(HOSTILE))))
    @pytest.mark.parametrize("form", ["json", "table"])
    def test_a_line_that_is_to_be_mended(
        self, terminal: Terminal, line: dict[str, Any], form: str
    ) -> None:
        whole = {"code": "64493", "modifiers": ["50"], "units": 1, **line}
        claim = {**ALONE, "claim_type": "asc-facility", "lines": [whole, *CLEAN["lines"]]}
        run = terminal("repair", "-", "--policy", "medicare", "--format", form, stdin=jsonl(claim))

        assert run.status in (0, 1)
        if form == "json":
            assert list(REPAIRED.iter_errors(run.json)) == []

    @pytest.mark.parametrize("command", ["check", "repair"])
    def test_a_table_holds_no_control_characters(self, terminal: Terminal, command: str) -> None:
        wild = "\x1b[31m\u202e\x07"
        lines = [
            {"code": f"64494{wild}", "modifiers": [wild], "diagnoses": [wild], "units": 2},
            {"code": "64493", "modifiers": ["50", "50", wild], "place_of_service": wild},
            {"code": "64493", "modifiers": ["RT", "RT"], "provider": wild},
        ]
        for claim_type in ("professional", "asc-facility"):
            claim = {**ALONE, "id": wild, "claim_type": claim_type, "lines": lines}
            run = terminal(
                command, "-", "--policy", "medicare", "--format", "table", stdin=jsonl(claim)
            )

            assert all(map(str.isprintable, run.out.splitlines()))
            assert "error" in run.out

    @pytest.mark.parametrize(
        "text",
        [
            b"\0\0\0",
            b"claim_id,claim_type,code\na,professional,\0\n",
            b"claim_id,claim_type,code\n\xff\xfe,professional,64493\n",
            b"claim_id,claim_type,code\na,professional," + b"6" * 1_000_000 + b"\n",
            b"[" * 100_000,
            b"{",
        ],
        ids=["nul", "nul-in-csv", "not-utf-8", "long-cell", "deep", "half"],
    )
    def test_a_file(self, terminal: Terminal, text: bytes) -> None:
        run = terminal("check", "-", "--policy", "medicare", stdin=text)

        assert run.status in (1, 2)
        assert run.out or run.err
        assert len(run.out + run.err) < 20_000

    def test_a_row_that_is_not_utf_8_is_told_in_its_place(self, terminal: Terminal) -> None:
        rows = [
            b"claim_id,claim_type,date,code,mod1,units",
            b"a,professional,2026-03-02,64493,RT,1",
            b"b,professional,2026-03-02,64493,RT,1",
            b"b,professional,2026-03-02,64494,R\xff,1",
            b"c,professional,2026-03-02,64493,RT,1",
        ]
        run = terminal("check", "-", "--format", "json", stdin=b"\n".join(rows))
        a, b, c = map(json.loads, run.out.splitlines())
        headless = terminal("check", "-", stdin="\n".join(COLUMNS).encode("utf-16"))

        assert run.status == 2
        assert (a["id"], c["id"]) == ("a", "c")
        [problem] = b["error"]["problems"]
        assert problem["path"] == "row 4"
        assert "UTF-8" in problem["message"]
        assert "row 1: it is not UTF-8" in headless.err

    def test_many_rows_need_no_more_memory_than_a_few(self) -> None:
        def rows(count: int) -> Iterator[str]:
            yield "claim_id,claim_type,date,code,mod1,units\n"
            for n in range(count):
                yield f"{n // 2},professional,2026-03-02,{'64493' if n % 2 else '64494'},RT,1\n"

        def peak(count: int) -> int:
            tracemalloc.start()
            read = sum(1 for _ in read_claims(rows(count)))
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert read == count // 2
            return most

        few, many = peak(2_000), peak(12_000)
        ids = 6_000 * 200  # the ids of the last claims are kept, to tell rows that stand apart
        assert many < few + ids

    def test_a_claim_of_many_lines(self, terminal: Terminal) -> None:
        claim = {**ALONE, "lines": CLEAN["lines"] * 5_000}
        run = terminal("check", "-", "--policy", "medicare", stdin=json.dumps(claim))

        assert run.status == 1
        assert "duplicate-line" in told(run.json)


class TestAnyClaim:
    """Whatever a claim holds, each command answers in each format, and the answer keeps its shape."""

    @settings(
        max_examples=60,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(
        claim=hostile_claims(),
        policy=st.sampled_from(policies.ids()),
        asked=st.sampled_from(
            [(c, f) for c in ("check", "repair") for f in ("json", "table")] + [("check", "csv")]
        ),
    )
    def test_is_answered(
        self, terminal: Terminal, claim: Claim, policy: str, asked: tuple[str, str]
    ) -> None:
        lines = [line for line in claim.lines if line.charge is None or line.charge.is_finite()]
        claim = attrs.evolve(claim, lines=tuple(lines))
        try:
            text = dump(claim)
        except ValueError:  # units that no JSON holds
            assume(False)  # noqa: FBT003
        command, form = asked
        run = terminal(command, "-", "--policy", policy, "--format", form, stdin=text)

        event(f"{command} {form}")
        if form == "json":
            shape = REPORT if command == "check" else REPAIRED
            assert list(shape.iter_errors(run.json)) == []
        elif form == "table":
            assert all(map(str.isprintable, run.out.split("\n")))
        else:
            cells = [cell for row in csv.reader(io.StringIO(run.out)) for cell in row]
            assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in cells)
        assert run.status in (0, 1)


class TestProcess:
    """As a process it answers each line before the next one comes."""

    def test_code_into_check(self) -> None:
        words = (
            *("--date", "2026-03-02", "--technique", "mbb", "--guidance", "fluoro"),
            *("--purpose", "diagnostic", "--joint", "L4-5:both"),
        )
        command = [sys.executable, "-m", "cptfacet"]
        coded = subprocess.run([*command, "code", *words], capture_output=True, check=True)
        checked = subprocess.run(
            [*command, "check", "-"], input=coded.stdout, capture_output=True, check=False
        )

        assert checked.returncode == 0
        assert json.loads(checked.stdout)["findings"] == []


def test_given_is_what_the_terminal_reads() -> None:
    assert given_from_data(CLEAN).claim == from_data(CLEAN, Claim)
    assert set(COLUMNS) >= set(ROWS.splitlines()[0].split(","))
