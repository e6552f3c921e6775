"""The terminal contract: what goes in, what comes out, in which format, with which exit code."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import cptfacet
from cptfacet import lookup, policies
from cptfacet.anatomy import Joint, Nerve
from cptfacet.checking import Rule, all_rules
from cptfacet.coding import code_session
from cptfacet.findings import RuleFamily
from cptfacet.interop.json import from_data, to_data
from cptfacet.interop.schemas import schema
from cptfacet.lookup import KINDS
from cptfacet.reference import packaged
from cptfacet.sessions import Session

ANSWER = Draft202012Validator(schema("answer"))
ERROR = Draft202012Validator(schema("error"))

BLOCK: dict[str, Any] = {
    "date": "2026-03-02",
    "claim_type": "professional",
    "place_of_service": "11",
    "diagnoses": ["M47.816"],
    "technique": "medial-branch-block",
    "purpose": "diagnostic",
    "guidance": "fluoroscopy",
    "targets": [{"joint": "L4-L5", "side": "bilateral"}, {"joint": "L5-S1", "side": "bilateral"}],
}
UNGUIDED = {key: value for key, value in BLOCK.items() if key != "guidance"}
BAD = {**BLOCK, "date": "soon", "sidee": "left"}
BAD_PATHS = ["$.date", "$.sidee"]

WORDS = (
    *("--date", "2026-03-02", "--technique", "mbb", "--guidance", "fluoro"),
    *("--joint", "L4-5:both", "--joint", "L5-S1:both"),
)
HEADER = (
    "claim_id,line,claim_type,place_of_service,date,purpose,policy,provider,code,"
    "mod1,mod2,mod3,mod4,units,charge,dx1,dx2,dx3,dx4,dx5,dx6,dx7,dx8,dx9,dx10,dx11,dx12"
    ",frequency,replaces"
)


Terminal = Callable[..., Any]


def jsonl(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def named(number: object, record: dict[str, Any] = BLOCK) -> dict[str, Any]:
    return {**record, "id": str(number)}


def ids_of(answers: list[Any]) -> list[str | None]:
    return [answer["claim"].get("id") if "claim" in answer else None for answer in answers]


def texts(answer: dict[str, Any]) -> list[str]:
    return ["-".join((line["code"], *line["modifiers"])) for line in answer["claim"]["lines"]]


def expected(record: dict[str, Any], policy: str = "cpt") -> Any:  # noqa: ANN401
    return to_data(code_session(from_data(record, Session), policy=policies.get(policy)))


class TestWords:
    def test_a_session_in_words(self, terminal: Terminal) -> None:
        run = terminal("code", *WORDS, "--claim-type", "professional", "--purpose", "diagnostic")

        flat = {**BLOCK, "place_of_service": None, "diagnoses": []}
        assert run.status == 0
        assert run.json == expected(flat)
        assert run.out.startswith('{\n  "claim"')
        assert run.err == ""

    def test_every_word_arrives(self, terminal: Terminal) -> None:
        run = terminal(
            *("code", "--policy", "medicare", *WORDS, "--purpose", "diagnostic", "--nerve", "L3"),
            *("--claim-type", "asc facility", "--place-of-service", "24"),
            *("--dx", "M47.816", "--dx", "M47.817"),
        )

        claim = run.json["claim"]
        assert texts(run.json)[:2] == ["64493-RT-KX", "64493-LT-KX"]
        assert claim["claim_type"] == "asc-facility"
        assert claim["place_of_service"] == "24"
        assert claim["purpose"] == "diagnostic"
        assert claim["lines"][0]["diagnoses"] == ["M47.816", "M47.817"]

    def test_a_word_that_can_not_be_read(self, terminal: Terminal) -> None:
        run = terminal("code", "--technique", "rfa", "--date", "2026-3-2", "--joint", "L4")

        assert run.status == 2
        assert run.out == ""
        assert all(word in run.err for word in ("thermal-rfa", "YYYY-MM-DD", "both segments"))

    def test_words_of_several_treatments(self, terminal: Terminal) -> None:
        run = terminal(
            *("code", "--policy", "medicare", "--date", "2026-03-02", "--id", "7", "--state", "OH"),
            *("--technique", "thermal-rfa", "--guidance", "ct", "--joint", "L4-5:left"),
            *("--technique", "mbb", "--guidance", "ct", "--joint", "C4-5:left"),
        )

        assert run.status == 0
        assert texts(run.json) == ["64635-LT", "64490-LT"]
        assert (run.json["claim"]["id"], run.json["claim"]["policy"]) == ("7", "medicare-j15")

    def test_words_before_the_first_of_several_techniques(self, terminal: Terminal) -> None:
        run = terminal(
            *("code", "--date", "2026-03-02", "--joint", "L4-5:left"),
            *("--technique", "mbb", "--technique", "thermal-rfa"),
        )

        assert run.status == 2
        assert "write each --technique before its other options" in run.err

    @pytest.mark.parametrize(
        "argv", [("--joint", "L4-5"), ("--date", "2026-03-02"), ("--purpose", "diagnostic")]
    )
    def test_too_few_words(self, terminal: Terminal, argv: tuple[str, ...]) -> None:
        run = terminal("code", *argv)

        assert run.status == 2
        assert "--technique and --date" in run.err

    @pytest.mark.parametrize(
        "word",
        [
            *("--date", "--technique", "--purpose", "--guidance", "--joint", "--nerve"),
            *("--claim-type", "--place-of-service", "--dx", "--id", "--state", "--zip"),
        ],
    )
    def test_no_word_is_dropped_beside_a_file(self, terminal: Terminal, word: str) -> None:
        run = terminal("code", "-", word, "x", stdin=jsonl(BLOCK))

        assert run.status == 2
        assert run.out == ""
        assert "not both" in run.err

    def test_nothing_to_code(self, terminal: Terminal) -> None:
        run = terminal("code")

        assert run.status == 2
        assert "standard input" in run.err


class TestInput:
    def test_a_file_and_standard_input_are_one(self, terminal: Terminal, tmp_path: Path) -> None:
        text = jsonl(named(1), BAD, named(2))
        file = tmp_path / "sessions.jsonl"
        file.write_text(text, encoding="utf-8")

        run = terminal("code", str(file))

        assert run == terminal("code", "-", stdin=text)
        assert len(run.lines) == 3

    @pytest.mark.parametrize(
        "text",
        [
            json.dumps(BLOCK, indent=2),
            "\n\n" + json.dumps(BLOCK, indent=2) + "\n\n",
            "\N{ZERO WIDTH NO-BREAK SPACE}" + json.dumps(BLOCK, indent=2),
            "\N{ZERO WIDTH NO-BREAK SPACE}\n" + json.dumps(BLOCK, indent=2),
            json.dumps(BLOCK, indent=2).replace("\n", "\r\n"),
            json.dumps(BLOCK).replace(": ", ":\n"),
            json.dumps(BLOCK).replace(": ", ":\n\n").replace("}", "\n}\n"),
        ],
        ids=["indented", "blank lines", "mark", "mark alone", "CRLF", "split", "split wide"],
    )
    def test_one_document_over_several_lines(self, terminal: Terminal, text: str) -> None:
        run = terminal("code", "-", stdin=text)

        assert run.json == expected(BLOCK)
        assert run.out.startswith('{\n  "claim"')

    def test_a_line_of_one_document_may_look_like_a_record(self, terminal: Terminal) -> None:
        inner = '{"location":\n{"state": "TX"}\n,' + json.dumps(BLOCK)[1:]

        run = terminal("code", "-", stdin=inner)

        assert run.json["claim"]["location"] == {"state": "TX"}

    @pytest.mark.parametrize("count", [1, 2, 3, 40])
    def test_one_value_a_line(self, terminal: Terminal, count: int) -> None:
        run = terminal("code", "-", stdin=jsonl(*(named(n) for n in range(count))))

        assert ids_of(run.lines) == [str(n) for n in range(count)]
        assert run.lines[0] == expected(named(0))
        assert run.status == 0

    @pytest.mark.parametrize(
        "text",
        [
            "\n" + jsonl(named(0)) + "\n \n" + jsonl(named(1)),
            "\N{ZERO WIDTH NO-BREAK SPACE}" + jsonl(named(0), named(1)),
            jsonl(named(0), named(1)).replace("\n", "\r\n"),
            jsonl(named(0), named(1)).rstrip(),
        ],
        ids=["blank lines", "mark", "CRLF", "no last newline"],
    )
    def test_line_ends(self, terminal: Terminal, text: str) -> None:
        assert ids_of(terminal("code", "-", stdin=text).lines) == ["0", "1"]

    @pytest.mark.parametrize("indent", [None, 2])
    @pytest.mark.parametrize("records", [[], [named(0)], [named(0), named(1), named(2)]])
    def test_an_array_gives_an_array(
        self, terminal: Terminal, records: list[Any], indent: int | None
    ) -> None:
        run = terminal("code", "-", stdin=json.dumps(records, indent=indent))

        assert run.json == [expected(record) for record in records]
        assert run.status == 0

    @pytest.mark.parametrize("text", ["", "\n", " \n\t\n", "\N{ZERO WIDTH NO-BREAK SPACE}\n"])
    @pytest.mark.parametrize("form", ["json", "csv", "table"])
    def test_empty_input(self, terminal: Terminal, text: str, form: str) -> None:
        run = terminal("code", "-", "--format", form, stdin=text)

        assert run.status == 2
        assert run.out == ""
        assert "the input is empty" in run.err

    def test_no_such_file(self, terminal: Terminal, tmp_path: Path) -> None:
        for path in (tmp_path / "none.json", tmp_path):
            run = terminal("code", str(path))

            assert run.status == 2
            assert run.out == ""
            assert path.name in run.err

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("[" + json.dumps(BLOCK), "line 1"),
            ("[\n" + json.dumps(BLOCK) + ",\n]", "line [23]"),  # from Python 3.13 the comma's
            ("\n\n" + json.dumps(BLOCK, indent=2)[:-1] + ",\n\n x}", "line 25"),
            ('{\n"date": "2026-03-02",\n\n"id": x}', "line 4"),
            ('{\n"date" "2026-03-02"\n}\n', "line 2"),
            ('{"targets":\n[]\n"id": 1}', "line 3"),
        ],
        ids=["open array", "comma", "blank lines", "word", "colon", "list"],
    )
    def test_a_broken_document(self, terminal: Terminal, text: str, line: str) -> None:
        run = terminal("code", "-", stdin=text)

        assert run.status == 2
        assert run.out == ""
        assert re.search(rf"{line}: \$: it is not JSON at character \d+\n", run.err)

    def test_ids_that_are_no_ascii(self, terminal: Terminal) -> None:
        odd = ["\N{SNOWMAN}", "\ud800", "a\0b", "\u2028"]

        run = terminal("code", "-", stdin=jsonl(*(named(text) for text in odd)))

        assert ids_of(run.lines) == odd
        assert run.out.isascii()


class TestOtherFormats:
    """A file of another format is one error that says what it is and what to write."""

    CSV_HEADS = ("claim_id,claim_type,code", "Claim;DOS;CPT", "cpt\tqty")

    @pytest.mark.parametrize("command", ["code", "decode", "check", "repair"])
    @pytest.mark.parametrize(
        ("begun", "named"),
        [
            (b"ISA*00*          *00*~GS*HC*S~ST*837*0001~", "an X12 837 claim file"),
            (b"ISA|00|          |00|\nST|835|0001\n", "an X12 "),
            (b"\xef\xbb\xbf\nISA*00*", "an X12 file"),
            (b"MSH|^~\\&|", "an HL7 version 2 message"),
            (b"<?xml version='1.0'?>", "XML or HTML"),
            (b"%PDF-1.7\n", "a PDF file"),
            (b"PK\x03\x04\x14\x00", "a zip file, as an Excel workbook is"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", "an Excel workbook"),
            (b"PAR1\x15\x04", "a Parquet file"),
            (b"\x1f\x8b\x08\x00", "compressed"),
        ],
    )
    def test_known_by_how_it_begins(
        self, terminal: Terminal, tmp_path: Path, command: str, begun: bytes, named: str
    ) -> None:
        file = tmp_path / "file"
        file.write_bytes(begun + b"\nx\n" * 3)
        run = terminal(command, str(file))

        assert (run.status, run.out) == (2, "")
        assert f"the input is {named}" in run.err
        assert run.err.count("\n") == 2

    @pytest.mark.parametrize("command", ["code", "decode"])
    @pytest.mark.parametrize("head", CSV_HEADS)
    def test_csv_where_json_is_read(self, terminal: Terminal, command: str, head: str) -> None:
        run = terminal(command, "-", stdin=head + "\na,b,c\n" * 3)

        assert (run.status, run.out) == (2, "")
        assert "the input is CSV; check and repair read CSV" in run.err

    @pytest.mark.parametrize("command", ["code", "decode", "check", "repair"])
    @pytest.mark.parametrize("kind", ["Claim", "Bundle", "ExplanationOfBenefit", "Procedure"])
    def test_fhir(self, terminal: Terminal, command: str, kind: str) -> None:
        run = terminal(command, "-", stdin=jsonl({"resourceType": kind, "item": []}))

        (problem,) = run.lines[0]["error"]["problems"]
        assert run.status == 2
        assert problem["message"].startswith("it is a FHIR resource, which can't be read here; ")

    @pytest.mark.parametrize("option", ["--fail-on", "--format", "--input"])
    def test_choices_are_listed_as_they_are_written(self, terminal: Terminal, option: str) -> None:
        run = terminal("check", "-", option, "critical")

        assert run.status == 2
        assert "<" not in run.err.rpartition("choose from")[2]


class TestBadRecords:
    """A bad record yields an error in its place, and the run goes on."""

    @pytest.mark.parametrize("at", [1, 2, 3, 4])
    @pytest.mark.parametrize(
        "line",
        ["{", "}", '{"date": "2026-03-02",', '"', "tru", "]", "NaN", "\x00", "{}x", "5", "null"],
    )
    def test_a_bad_line(self, terminal: Terminal, at: int, line: str) -> None:
        lines = [json.dumps(named(n)) for n in range(1, 4)]
        lines.insert(at - 1, line)

        run = terminal("code", "-", stdin="\n".join(lines))

        assert ids_of(run.lines[: at - 1] + run.lines[at:]) == ["1", "2", "3"]
        error = run.lines[at - 1]["error"]
        assert error["record"] == at
        assert [problem["path"] for problem in error["problems"]] == ["$"]
        assert run.status == 2

    @pytest.mark.parametrize(
        "line",
        ['{"units": ' + "9" * 5000 + "}", '{"date":' * 10**5],
        ids=["5000 digits", "deep"],
    )
    def test_a_first_line_that_no_reader_takes(self, terminal: Terminal, line: str) -> None:
        run = terminal("code", "-", stdin=f"{line}\n" + jsonl(named(2)))

        assert "error" in run.lines[0]
        assert ids_of(run.lines[1:]) == ["2"]

    @pytest.mark.parametrize("line", ["[]", "[1", "[1]"])
    def test_a_line_that_is_a_list(self, terminal: Terminal, line: str) -> None:
        run = terminal("code", "-", stdin=jsonl(BLOCK) + line)

        assert [p["path"] for p in run.lines[1]["error"]["problems"]] == ["$"]

    def test_bytes_that_are_no_text(self, terminal: Terminal) -> None:
        good = jsonl(BLOCK).encode()

        run = terminal("code", "-", stdin=good + b'{"id": "\xff"}\n' + good)

        assert [set(answer) for answer in run.lines] == [
            {"claim", "notes", "why"},
            {"error"},
            {"claim", "notes", "why"},
        ]

    @pytest.mark.parametrize("array", [False, True])
    def test_all_problems_with_their_paths(self, terminal: Terminal, *, array: bool) -> None:
        records = [named(1), BAD, UNGUIDED, {**BAD, "treatments": []}]
        text = json.dumps(records) if array else jsonl(*records)

        run = terminal("code", "-", stdin=text)

        answers = run.json if array else run.lines
        assert [next(iter(answer)) for answer in answers] == ["claim", "error", "refusal", "error"]
        assert answers[1]["error"]["record"] == 2
        assert [p["path"] for p in answers[1]["error"]["problems"]] == BAD_PATHS
        assert answers[3]["error"]["record"] == 4
        for answer in answers:
            assert (ERROR if "error" in answer else ANSWER).is_valid(answer)

    def test_alone(self, terminal: Terminal) -> None:
        for text in (json.dumps(BAD), json.dumps(BAD, indent=1)):
            run = terminal("code", "-", stdin=text)

            assert run.status == 2
            assert [p["path"] for p in run.json["error"]["problems"]] == BAD_PATHS

    def test_nobody_is_named(self, terminal: Terminal) -> None:
        mark = "Jane-Doe-1970"
        text = jsonl(named(mark, BAD)) + f'{{"id": "{mark}", x}}\n{{"id": ["{mark}"]}}'
        for form in ("json", "csv", "table"):
            run = terminal("code", "-", "--format", form, stdin=text)

            assert mark not in run.out + run.err
            assert run.status == 2


class TestPolicy:
    def test_cpt_is_the_default(self, terminal: Terminal) -> None:
        run = terminal("code", "-", stdin=jsonl(BLOCK))

        assert texts(run.json) == ["64493-50", "64494"]

    def test_the_option(self, terminal: Terminal) -> None:
        run = terminal("code", "-", "--policy", "medicare", stdin=jsonl(BLOCK))

        assert texts(run.json) == ["64493-50-KX", "64494-50-KX"]

    def test_a_record_overrides_the_option(self, terminal: Terminal) -> None:
        records = [{**BLOCK, "policy": "cpt"}, BLOCK, {**BLOCK, "policy": None}]

        run = terminal("code", "-", "--policy", "medicare", stdin=jsonl(*records))

        assert [texts(answer)[0] for answer in run.lines] == ["64493-50", *["64493-50-KX"] * 2]
        assert run.lines[0]["claim"]["policy"] == "cpt"

    def test_an_unknown_policy_of_a_record_is_its_problem(self, terminal: Terminal) -> None:
        records = [{**BLOCK, "policy": "medicar"}, BLOCK]

        run = terminal("code", "-", stdin=jsonl(*records))

        [problem] = run.lines[0]["error"]["problems"]
        assert problem["path"] == "$.policy"
        assert "did you mean medicare" in problem["message"]
        assert "claim" in run.lines[1]
        assert run.status == 2

    def test_an_unknown_policy_of_the_option(self, terminal: Terminal) -> None:
        run = terminal("code", "-", "--policy", "medicar", stdin=jsonl(BLOCK))

        assert run.status == 2
        assert run.out == ""
        assert "did you mean medicare" in run.err


OWN = """\
id = "{id}"
title = "Example Health Plan"
payer = "Example Health Plan"
revised = 2026-03-01
extends = "cpt"

[[provisions]]
key = "modifier.diagnostic"
value = "KX"
confidence = "judgment"
rationale = "For the sake of the example."
"""
FIRST_LINES = {"cpt": "64493-50", "own": "64493-50-KX"}  # of BLOCK, which is diagnostic


class TestPoliciesOfOthers:
    """`--policy` takes a file or the id of an installed pack's policy; a record takes ids only."""

    @pytest.fixture
    def own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Write a policy file, and stand in its folder."""
        monkeypatch.chdir(tmp_path)
        path = tmp_path / "own.toml"
        path.write_text(OWN.format(id="own"), encoding="utf-8")
        return path

    @pytest.fixture
    def pack(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Install a pack with one policy."""
        for name, text in {
            "pack/plan.toml": OWN.format(id="installed-plan"),
            "pack-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: pack\nVersion: 1\n",
            "pack-1.dist-info/entry_points.txt": "[cptfacet.policies]\npack = pack\n",
        }.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        return tmp_path / "pack" / "plan.toml"

    @pytest.mark.parametrize("form", ["own.toml", "./own.toml", "{}", "sub/../own.toml", "./own"])
    def test_a_file(self, terminal: Terminal, own: Path, form: str) -> None:
        (own.parent / "sub").mkdir()
        (own.parent / "own").write_bytes(own.read_bytes())

        run = terminal("code", "-", "--policy", form.format(own), stdin=jsonl(BLOCK))

        assert (texts(run.json)[0], run.json["claim"]["policy"]) == (FIRST_LINES["own"], "own")
        assert run.status == 0

    def test_a_file_for_words(self, terminal: Terminal, own: Path) -> None:
        run = terminal("code", "--policy", own.name, *WORDS, "--purpose", "diagnostic")

        assert run.json["claim"]["policy"] == "own"

    @pytest.mark.parametrize("name", ["absent.toml", "./absent", ".", "./"])
    def test_a_file_that_is_not_there(self, terminal: Terminal, own: Path, name: str) -> None:
        run = terminal("code", "-", "--policy", name, stdin=jsonl(BLOCK))

        assert (run.status, run.out) == (2, "")
        assert own.exists()
        assert ("absent" in run.err) or name in {".", "./"}

    def test_a_broken_file(self, terminal: Terminal, own: Path) -> None:
        own.write_text(OWN.format(id="medicare"), encoding="utf-8")

        for argv in (("code", "-"), ("show", "modifier.diagnostic")):
            run = terminal(*argv, "--policy", "own.toml", stdin=jsonl(BLOCK))

            assert (run.status, run.out) == (2, "")
            assert "policy file own.toml can't be used:\n  line 1: id: 'medicare' is" in run.err

    def test_a_record_may_name_the_id_of_that_file(self, terminal: Terminal, own: Path) -> None:
        records = [BLOCK, {**BLOCK, "policy": "cpt"}, {**BLOCK, "policy": "own"}]

        run = terminal("code", "-", "--policy", str(own), stdin=jsonl(*records))

        assert [texts(a)[0] for a in run.lines] == [FIRST_LINES[n] for n in ("own", "cpt", "own")]

    @pytest.mark.parametrize("name", ["own.toml", "./own", "/own", "sub\\own", "{}", "../x.toml"])
    def test_a_record_opens_no_file(self, terminal: Terminal, own: Path, name: str) -> None:
        """A record comes from outside."""
        (own.parent / "own").write_bytes(own.read_bytes())
        records = [{**BLOCK, "policy": name.format(own)}, BLOCK]

        run = terminal("code", "-", stdin=jsonl(*records))

        assert run.lines[0]["error"]["problems"] == [
            {
                "path": "$.policy",
                "message": "a record can't open a file: write a policy id, and pass the file with"
                " --policy",
            }
        ]
        assert texts(run.lines[1])[0] == FIRST_LINES["cpt"]
        assert run.status == 2

    def test_a_policy_of_a_pack(self, terminal: Terminal, pack: Path) -> None:
        assert pack.exists()
        named = {**BLOCK, "policy": "installed-plan"}
        for argv, record in ((("--policy", "installed-plan"), BLOCK), ((), named)):
            run = terminal("code", "-", *argv, stdin=jsonl(record))

            assert texts(run.json)[0] == FIRST_LINES["own"]
            assert run.json["claim"]["policy"] == "installed-plan"

    def test_a_near_miss_of_a_pack(self, terminal: Terminal, pack: Path) -> None:
        assert pack.exists()
        run = terminal("code", "-", "--policy", "installed-plans", stdin=jsonl(BLOCK))

        assert run.status == 2
        assert "unknown policy 'installed-plans'; did you mean installed-plan" in run.err

    def test_packs_are_looked_for_only_where_no_packaged_id_fits(
        self, terminal: Terminal, pack: Path
    ) -> None:
        """So that one broken pack stops nobody who did not ask for a pack."""
        pack.write_text("no policy", encoding="utf-8")
        records = [BLOCK, {**BLOCK, "policy": "medicare"}, {**BLOCK, "policy": "installed-plan"}]

        run = terminal("code", "-", stdin=jsonl(*records))

        assert [next(iter(answer)) for answer in run.lines] == ["claim", "claim", "error"]
        [problem] = run.lines[2]["error"]["problems"]
        assert problem["path"] == "$.policy"
        assert "policy file plan.toml of the pack pack can't be used" in problem["message"]
        option = terminal("code", "-", "--policy", "installed-plan", stdin=jsonl(BLOCK))
        assert (option.status, option.out) == (2, "")
        assert "of the pack pack can't be used" in option.err

    def test_show_takes_them_too(self, terminal: Terminal, own: Path, pack: Path) -> None:
        assert pack.exists()
        for argument, policy_id in ((own.name, "own"), ("installed-plan", "installed-plan")):
            run = terminal("show", "modifier.diagnostic", "--policy", argument)

            stated = run.json["stated"]
            assert [(entry["policy"], entry["value"]) for entry in stated] == [
                (policy_id, "KX"),
                ("cpt", "none"),
            ]
            whole = terminal("show", f"policy:{policy_id}", "--policy", argument).json
            assert (whole["policy"], whole["extends"]) == (policy_id, ["cpt"])


class TestStatus:
    """0 all is coded, 1 something is refused, 2 something can't be read."""

    @pytest.mark.parametrize(
        ("records", "status"),
        [
            ([BLOCK], 0),
            ([BLOCK, BLOCK], 0),
            ([UNGUIDED], 1),
            ([UNGUIDED, BLOCK], 1),
            ([BAD, BLOCK], 2),
            ([BAD, UNGUIDED], 2),
            ([UNGUIDED, BAD, BLOCK], 2),
        ],
    )
    @pytest.mark.parametrize("form", ["json", "csv", "table"])
    def test_the_worst_counts(
        self, terminal: Terminal, records: list[Any], status: int, form: str
    ) -> None:
        for text in (jsonl(*records), json.dumps(records)):
            assert terminal("code", "-", "--format", form, stdin=text).status == status

    def test_a_refusal_says_why(self, terminal: Terminal) -> None:
        run = terminal("code", "-", stdin=jsonl(UNGUIDED))

        assert run.json == expected(UNGUIDED)
        assert run.json["refusal"]["reason"] == "guidance-not-stated"


class TestFormats:
    def test_json_where_it_is_no_terminal(self, terminal: Terminal) -> None:
        assert terminal("code", *WORDS).json["claim"]
        assert terminal("show", "L4-5").json["kind"] == "joint"

    def test_a_table_on_a_terminal(self, terminal: Terminal) -> None:
        coded = terminal("code", *WORDS, tty=True)
        shown = terminal("show", "L4-5", tty=True)

        assert "Lines\n  64493-50 x1: " in coded.out
        assert "\nWhy\n" in coded.out
        assert shown.out.startswith("joint L4-L5\n")

    def test_the_option_decides(self, terminal: Terminal) -> None:
        assert terminal("code", *WORDS, "--format", "json", tty=True).json["claim"]
        assert "Lines\n  64493-50 x1: " in terminal("code", *WORDS, "--format", "table").out

    def test_a_table_of_several(self, terminal: Terminal) -> None:
        run = terminal("code", "-", "--format", "table", stdin=jsonl(BLOCK, UNGUIDED, BAD, BLOCK))

        block = code_session(from_data(BLOCK, Session), policy=policies.get("cpt")).explain()
        session = from_data(BLOCK, Session)
        assert run.out.startswith(f"Record 1: {session}\n{block}\n\nRecord 2: ")
        assert "\nNot coded: medial branch block" in run.out
        summary = "4 records: 2 coded, 1 not coded and 1 not read"
        assert run.out.endswith(f"\n\nRecord 4: {session}\n{block}\n\n{summary}\n")
        assert "\n\nRecord 3 can't be read:\n  $.date: " in run.out
        assert run.err == ""

    def test_a_table_holds_no_control_characters(self, terminal: Terminal) -> None:
        wild = "\x1b[31m\r\n\x07"
        records = [named(wild), {**BLOCK, wild: 1}, {**BLOCK, "technique": wild, "policy": wild}]

        run = terminal("code", "-", "--format", "table", stdin=jsonl(*records))

        assert not set("\x1b\r\x07") & set(run.out)

    @pytest.mark.parametrize("argv", [("code", *WORDS), ("show", "L4-5")])
    def test_an_unknown_format(self, terminal: Terminal, argv: tuple[str, ...]) -> None:
        run = terminal(*argv, "--format", "yaml")

        assert run.status == 2
        assert "--format" in run.err


class TestCsv:
    def rows(self, run: Any) -> list[dict[str, str]]:  # noqa: ANN401  what the terminal left behind
        return list(csv.DictReader(io.StringIO(run.out, newline=""), strict=True))

    def test_header_and_rows(self, terminal: Terminal) -> None:
        records = [named("a"), named("b", {**BLOCK, "policy": "medicare"})]

        run = terminal("code", "-", "--format", "csv", stdin=jsonl(*records))

        rows = self.rows(run)
        assert run.out.splitlines()[0] == HEADER
        assert [(row["claim_id"], row["line"], row["code"]) for row in rows] == [
            *(("a", "1", "64493"), ("a", "2", "64494")),
            *(("b", "1", "64493"), ("b", "2", "64494")),
        ]
        assert {key: value for key, value in rows[2].items() if value} == {
            "claim_id": "b",
            "line": "1",
            "claim_type": "professional",
            "place_of_service": "11",
            "date": "2026-03-02",
            "purpose": "diagnostic",
            "policy": "medicare",
            "code": "64493",
            "mod1": "50",
            "mod2": "KX",
            "units": "1",
            "dx1": "M47.816",
        }
        assert run.err == ""

    def test_words(self, terminal: Terminal) -> None:
        run = terminal("code", *WORDS, "--format", "csv")

        assert [row["code"] for row in self.rows(run)] == ["64493", "64494"]
        assert {row["claim_id"] for row in self.rows(run)} == {""}

    @pytest.mark.parametrize(
        "wild",
        [
            *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\x00=1"),
            *("a\rb,=c", "a\nb", 'a"b', "a,b", "\x1b[31m", "\ud800", "\u2028=1"),
        ],
    )
    def test_an_id_is_harmless(self, terminal: Terminal, wild: str) -> None:
        run = terminal("code", "-", "--format", "csv", stdin=jsonl(named(wild)))

        rows = self.rows(run)
        assert len(rows) == 2
        assert len(run.out.splitlines()) == 3
        for row in rows:
            assert not row["claim_id"].lstrip().startswith(("=", "+", "-", "@"))
            assert row["claim_id"].isprintable()
            assert row["code"] in {"64493", "64494"}

    def test_a_plain_id_is_kept(self, terminal: Terminal) -> None:
        for plain in ("7", "a-b", "x=1", "Patient 7", "\N{SNOWMAN}"):
            run = terminal("code", "-", "--format", "csv", stdin=jsonl(named(plain)))

            assert self.rows(run)[0]["claim_id"] == plain

    def test_what_is_no_row_is_told_apart(self, terminal: Terminal) -> None:
        run = terminal("code", "-", "--format", "csv", stdin=jsonl(UNGUIDED, BAD, named(3)))

        assert [row["claim_id"] for row in self.rows(run)] == ["3", "3"]
        assert "record 1: Not coded: medial branch block" in run.err
        assert "Record 2 can't be read:\n  $.date: " in run.err

    def test_no_diagnosis_is_dropped_in_silence(self, terminal: Terminal) -> None:
        full = {**BLOCK, "diagnoses": [f"M47.8{n}" for n in range(12)]}
        over = {**BLOCK, "diagnoses": [f"M47.8{n}" for n in range(13)]}

        run = terminal("code", "-", "--format", "csv", stdin=jsonl(full, over))

        assert [row["dx12"] for row in self.rows(run)] == ["M47.811"] * 4
        assert run.err == (
            "cptfacet: record 2: the CSV has columns for only the first 12 diagnoses of a line\n"
        )


SHOWN = {
    "code": ("64493", "code", "64493"),
    "modifier": ("kx", "modifier", "KX"),
    "joint": ("l4/5", "joint", "L4-L5"),
    "nerve": ("L5 dorsal ramus", "nerve", "L5 dorsal ramus"),
    "policy": ("medicare", "policy", "medicare"),
    "provision": ("laterality.format", "key", "laterality.format"),
    "jurisdiction": ("j15", "jurisdiction", "J15"),
    "rule": ("addon-without-primary", "rule", "addon-without-primary"),
    "family": ("add-ons", "family", "add-ons"),
}
BY_KIND = {"state": ("va", "state", "VA"), "zip": ("22201-1234", "zip", "22201")}


class TestPlaces:
    """A location picks the policy of its jurisdiction where the policy is the shared one."""

    @pytest.mark.parametrize(
        ("named", "option", "expected"),
        [
            (None, "medicare", "medicare-j15"),
            ("medicare", "cpt", "medicare-j15"),
            ("medicare-je", "medicare", "medicare-je"),
            ("cpt", "medicare", "cpt"),
            (None, "cpt", "cpt"),
        ],
    )
    def test_the_policy_of_a_place(
        self, terminal: Terminal, named: str | None, option: str, expected: str
    ) -> None:
        record = {**BLOCK, "location": {"state": "OH"}, "policy": named}

        run = terminal("code", "-", "--policy", option, stdin=jsonl(record))

        assert run.status == 0
        assert run.json["claim"]["policy"] == expected
        assert run.json["claim"]["location"] == {"state": "OH"}
        about = {note["id"] for note in run.json["notes"]}
        assert "policy-differs" not in about
        assert ("jurisdiction" in about) is (expected == "medicare-je")

    def test_a_place_that_does_not_tell(self, terminal: Terminal) -> None:
        record = {**BLOCK, "location": {"state": "VA"}}

        run = terminal("code", "-", "--policy", "medicare", stdin=jsonl(record))

        assert run.json["claim"]["policy"] == "medicare"
        (note,) = (note for note in run.json["notes"] if note["id"] == "jurisdiction")
        assert note["message"] == "The jurisdiction is not known: VA is divided by county"


class TestDecode:
    """`cptfacet decode` reads what `cptfacet code` prints, and bare claims, one answer a record."""

    CLAIM = (
        '{"claim_type": "professional", "date": "2026-03-02", "id": "7",'
        ' "lines": [{"code": "64493", "modifiers": ["50", "KX"]}]}'
    )

    def test_what_code_prints(self, terminal: Terminal) -> None:
        words = (
            *("code", "--policy", "medicare", "--technique", "mbb", "--purpose", "diagnostic"),
            *("--guidance", "ct", "--joint", "L4-5:both", "--date", "2026-03-02"),
        )
        coded = terminal(*words).out
        answer = json.loads(terminal("decode", "-", "--policy", "medicare", stdin=coded).out)
        [group] = answer["sessions"][0]["groups"]

        assert group["levels"][0]["sides"]["bilateral"] == 1
        assert group["levels"][0]["purpose"] == "diagnostic"

    def test_one_answer_a_line(self, terminal: Terminal) -> None:
        refused = '{"refusal": {"reason": "other-code", "message": "it is pulsed"}}'
        result = terminal("decode", "-", stdin=f"{self.CLAIM}\n{refused}\n[]\n{self.CLAIM}\n")
        first, second, third, fourth = map(json.loads, result.out.splitlines())

        assert result.status == 2
        assert first == fourth
        assert (first["policy"], first["id"]) == ("cpt", "7")
        assert second["error"]["problems"][0]["path"] == "$.refusal"
        assert third["error"]["record"] == 3

    def test_a_table(self, terminal: Terminal) -> None:
        result = terminal("decode", "-", "--format", "table", stdin=self.CLAIM)

        assert "first level: bilateral" in result.out
        assert result.status == 0

    def test_the_place_of_a_claim(self, terminal: Terminal) -> None:
        claim = json.dumps({**json.loads(self.CLAIM), "location": {"state": "OH"}})
        result = terminal("decode", "-", "--policy", "medicare", stdin=claim)

        assert json.loads(result.out)["policy"] == "medicare-j15"


UNKNOWN = "unknown code, modifier, joint, nerve, policy, provision, jurisdiction, rule or family"


class TestShow:
    def test_every_kind_is_tried(self) -> None:
        assert {*SHOWN, *BY_KIND} == set(KINDS)

    @pytest.mark.parametrize("kind", BY_KIND)
    def test_what_is_found_by_its_kind_alone(self, terminal: Terminal, kind: str) -> None:
        """The letters of a state are those of a modifier, the digits of a ZIP those of a code."""
        name, key, value = BY_KIND[kind]

        run = terminal("show", f"{kind}:{name}", "--on", "2026-03-02")

        assert run.status == 0
        assert (run.json["kind"], run.json[key]) == (kind, value)
        assert run.json["sources"]
        assert terminal("show", name).status == 2

    @pytest.mark.parametrize("kind", SHOWN)
    @pytest.mark.parametrize("prefix", ["", "{}:", "{}: "])
    def test_one_thing(self, terminal: Terminal, kind: str, prefix: str) -> None:
        name, key, value = SHOWN[kind]

        run = terminal("show", prefix.format(kind) + name)

        assert run.status == 0
        assert run.json["kind"] == kind
        assert run.json[key] == value
        assert run.err == ""

    @pytest.mark.parametrize("kind", SHOWN)
    def test_a_table(self, terminal: Terminal, kind: str) -> None:
        name, _, value = SHOWN[kind]

        run = terminal("show", f"{kind}:{name}", "--format", "table")

        assert run.status == 0
        assert run.out.startswith(f"{kind} {value}")
        assert not set("{}[]") & set(run.out.splitlines()[1])

    def test_everything_there_is(self, terminal: Terminal) -> None:
        for name in (
            *(procedure.code for procedure in packaged().procedures),
            *(modifier.code for modifier in packaged().modifiers),
            *(*Joint, *Nerve),
            *(
                *policies.ids(),
                *policies.KEYS,
                *(each.id for each in packaged().find_jurisdictions()),
            ),
            *(f"state:{area.state}" for area in packaged().areas),
            *RuleFamily,
        ):
            assert terminal("show", name).json
            assert terminal("show", name, "--format", "table", "--on", "2026-03-02").out

    def test_several_kinds_of_one_name(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kinds = {**KINDS, "policy": KINDS["joint"]}
        monkeypatch.setattr("cptfacet.lookup.KINDS", kinds)

        shown = terminal("show", "L4-5")
        table = terminal("show", "L4-5", "--format", "table")

        assert [entry["joint"] for entry in shown.json] == ["L4-L5", "L4-L5"]
        assert table.out.count("joint L4-L5\n") == 2
        assert "\n\njoint L4-L5\n" in table.out
        assert terminal("show", "policy:L4-5").json["joint"] == "L4-L5"

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("nothing", f"{UNKNOWN} 'nothing'"),
            ("", f"{UNKNOWN} ''"),
            ("code:", f"{UNKNOWN} 'code:'"),
            ("cod:64493", f"{UNKNOWN} 'cod:64493'"),
            ("code:99999", "unknown procedure code '99999'"),
            ("joint:L4", "name both segments of the joint"),
            ("nerve:ala", "name the nerve"),
            ("modifier:zz", "unknown modifier 'zz'"),
            ("policy:medicar", "did you mean medicare"),
            ("jurisdiction:j1", "unknown jurisdiction 'J1'; did you mean J15"),
            ("state:XX", "unknown state 'XX'"),
            ("zip:00000", "unknown ZIP code '00000'"),
            ("zip:1", "'1' is not a ZIP code: write its five digits"),
            ("provision:laterality", "unknown provision 'laterality'"),
            ("rule:add-on-without-primary", "did you mean addon-without-primary"),
            ("add-on-without-primary", "did you mean addon-without-primary"),
            ("family:lateral", "unknown family 'lateral'; did you mean laterality"),
            ("x" * 10**5, f"{UNKNOWN} 'xxx"),
        ],
    )
    def test_an_unknown_name(self, terminal: Terminal, name: str, message: str) -> None:
        run = terminal("show", name)

        assert run.status == 2
        assert run.out == ""
        assert message in run.err
        assert len(run.err) < 300

    def test_on_a_date(self, terminal: Terminal) -> None:
        before, after = (
            terminal("show", "64493", "--on", date).json for date in ("2009-12-31", "2026-03-02")
        )

        assert before["on"] == {"date": "2009-12-31", "standing": "not-in-force"}
        assert after["on"] == {"date": "2026-03-02", "standing": "in-force"}

    def test_a_provision_on_a_date(self, terminal: Terminal) -> None:
        def forms(*argv: str) -> set[str]:
            shown = terminal("show", "laterality.format", "--policy", "cpt", *argv).json
            return {entry["value"] for entry in shown["stated"]}

        assert "two-units" in forms("--on", "2026-03-02")
        assert "two-units" not in forms("--on", "2019-12-31")
        assert forms("--on", "2019-12-31") < forms()

    def test_a_policy_and_those_that_it_extends(self, terminal: Terminal) -> None:
        def stating(*argv: str) -> set[str]:
            return {
                e["policy"] for e in terminal("show", "laterality.format", *argv).json["stated"]
            }

        assert stating("--policy", "cpt") == {"cpt"}
        assert {"cpt", "medicare"} <= stating("--policy", "medicare")
        assert {"cpt", "medicare"} <= stating()

    @pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
    def test_every_rule(self, terminal: Terminal, rule: Rule) -> None:
        """What is shown of a rule can be tried: its examples are documents that check reads."""
        shown = terminal("show", f"rule:{rule.id}").json
        table = terminal("show", f"rule:{rule.id}", "--format", "table").out

        assert (shown["title"], shown["why"]) == (rule.title, rule.why)
        assert shown["mcr"] == list(rule.mcr)
        assert [source["id"] for source in shown["sources"]] == [c.id for c in rule.citations]
        assert rule.why in table

        for key in ("fires", "does_not_fire"):
            checked = terminal("check", "-", stdin=json.dumps(shown[key])).json
            found = [f for f in checked["findings"] if f["rule"] == rule.id]

            assert [f["message"] for f in found] == [
                f["message"] for f in (shown["finds"] if key == "fires" else [])
            ]

    @pytest.mark.parametrize(
        ("policy", "on", "severity", "runs"),
        [
            ("medicare-jm", "2023-03-02", "warning", True),
            ("medicare-jm", "2026-03-02", "error", True),
            ("cpt", "2026-03-02", "error", True),
        ],
    )
    def test_the_severity_of_a_rule(
        self, terminal: Terminal, policy: str, on: str, severity: str, *, runs: bool
    ) -> None:
        """A third level was looked at on appeal before the rewrite of 2024."""
        rule = "third-level-not-covered"

        shown = terminal("show", rule, "--policy", policy, "--on", on).json
        listed = terminal("show", "family:levels", "--policy", policy, "--on", on).json

        assert shown["severity"] == "error"
        assert shown["under"] == {
            "policy": policy, "date": on, "family_runs": runs, "severity": severity,
        }  # fmt: skip
        assert {entry["rule"]: entry["severity"] for entry in listed["rules"]}[rule] == severity
        assert listed["runs"] is runs

    def test_a_family_that_does_not_run(self, terminal: Terminal) -> None:
        """Edits are of payers: CPT's own instructions have none."""
        argv = ("--policy", "cpt", "--on", "2026-03-02")

        assert terminal("show", "family:units", *argv).json["runs"] is False
        assert terminal("show", "mue-exceeded", *argv).json["under"]["family_runs"] is False

    def test_where_the_severity_of_a_rule_is_stated(self, terminal: Terminal) -> None:
        def stated(rule: str, *argv: str) -> set[str]:
            shown = terminal("show", rule, *argv).json["severity_stated"]
            return {entry.get("value", "not known") for entry in shown}

        assert stated("third-level-not-covered", "--policy", "medicare-jm") >= {"warning", "error"}
        assert stated("third-level-not-covered", "--policy", "cpt") == set()
        assert stated("units-missing") == set()

    @pytest.mark.parametrize("family", RuleFamily)
    def test_every_family(self, terminal: Terminal, family: RuleFamily) -> None:
        shown = terminal("show", f"family:{family}").json

        assert [entry["rule"] for entry in shown["rules"]] == [
            rule.id for rule in all_rules() if rule.family is family
        ]

    @pytest.mark.parametrize(
        ("argv", "message"),
        [
            (("--on", "March"), "'March' is not a date: write it as YYYY-MM-DD"),
            (("--policy", "medicar"), "unknown policy 'medicar'; did you mean medicare"),
        ],
    )
    @pytest.mark.parametrize("name", ["64493", "laterality.format"])
    def test_bad_options(
        self, terminal: Terminal, name: str, argv: tuple[str, str], message: str
    ) -> None:
        run = terminal("show", name, *argv)

        assert run.status == 2
        assert run.out == ""
        assert message in run.err


class TestUsage:
    @pytest.mark.parametrize(
        "argv",
        [
            *((), ("cod",), ("code", "-", "-"), ("code", "--polcy", "x"), ("show",)),
            *(("show", "a", "b"), ("show", "a", "--format", "csv"), ("--nope",)),
            *(("code", "--joint"), ("code", "--format"), ("decode",), ("decode", "-", "-")),
            ("decode", "-", "--format", "csv"),
        ],
    )
    def test_a_bad_command_line(self, terminal: Terminal, argv: tuple[str, ...]) -> None:
        run = terminal(*argv)

        assert run.status == 2
        assert run.out == ""
        assert run.err.startswith("usage: cptfacet")

    @pytest.mark.parametrize("argv", [(), ("code",), ("decode",), ("show",)])
    def test_help(self, terminal: Terminal, argv: tuple[str, ...]) -> None:
        run = terminal(*argv, "--help")

        assert run.status == 0
        assert run.out.startswith("usage: cptfacet")


# -- as a process of its own

CODE = (sys.executable, "-m", "cptfacet", "code", "-")


def wait(process: subprocess.Popen[bytes]) -> str:
    """Wait for a process and give what it complained of."""
    assert process.stderr is not None
    with process.stderr:
        complaints = process.stderr.read()
    process.wait(timeout=60)
    return complaints.decode()


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    started = subprocess.Popen(CODE, stdin=pipe, stdout=pipe, stderr=pipe, env=buffered)
    guard = threading.Timer(60, started.kill)
    guard.start()
    yield started
    guard.cancel()
    started.kill()
    started.wait()
    for stream in (started.stdin, started.stdout, started.stderr):
        if stream is not None and not stream.closed:
            stream.close()


class TestProcess:
    def test_the_first_answer_comes_before_the_input_ends(
        self, process: subprocess.Popen[bytes]
    ) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(1, 4):
            process.stdin.write(jsonl(BAD).encode())  # its answer is short, so that no buffer fills
            process.stdin.flush()

            assert json.loads(process.stdout.readline())["error"]["record"] == number
        process.stdin.close()

        assert process.stdout.read() == b""
        assert wait(process) == ""
        assert process.returncode == 2

    def test_a_reader_that_has_seen_enough(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(jsonl(BLOCK).encode())
        process.stdin.flush()
        first = process.stdout.readline()
        process.stdout.close()
        process.stdin.write(jsonl(*[BLOCK] * 50).encode())
        process.stdin.close()

        assert json.loads(first) == expected(BLOCK)
        assert wait(process) == ""
        assert process.returncode == 141  # what a shell says of a program that a closed pipe ended

    def test_an_output_that_can_not_write_everything(self) -> None:
        run = subprocess.run(
            [*CODE, "--format", "csv"],
            input=jsonl(named("\N{SNOWMAN}"), named("\ud800")).encode(),
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
            check=False,
        )

        assert (run.returncode, run.stderr) == (0, b"")
        assert run.stdout.count(b"\\u2603,1,") == 1

    def test_a_terminal_gets_a_table(self) -> None:
        pty = pytest.importorskip("pty", reason="needs pseudo-terminals")
        ours, theirs = pty.openpty()
        try:
            run = subprocess.run(
                [sys.executable, "-m", "cptfacet", "show", "L4-5"], stdout=theirs, check=True
            )
            os.close(theirs)
            shown = os.read(ours, 4096).decode()
        finally:
            os.close(ours)

        assert run.returncode == 0
        assert shown.splitlines()[0] == "joint L4-L5"

    @pytest.mark.parametrize("command", ["code", "check"])
    def test_memory_does_not_grow_with_the_input(self, command: str) -> None:
        if not STATUS.exists():
            pytest.skip("needs the peak of a process's memory as Linux tells it")

        # a line has 250 bytes, so that 40,000 lines that are kept are 10,000 kB
        assert peak(command, 40_000) < peak(command, 2_000) + 4_000


STATUS = Path("/proc/self/status")

PEAK = f"""
import re, sys
from cptfacet.cli import main
main([sys.argv[1], "-"])
with open({str(STATUS)!r}) as status:
    print(re.search(r"VmHWM:\\s*(\\d+) kB", status.read())[1], file=sys.stderr)
"""


def peak(command: str, lines: int) -> int:
    """Measure the peak of memory, in kB, of a run over so many lines: good and bad records."""
    good = BLOCK if command == "code" else expected(BLOCK)
    chunk = (jsonl(good) + jsonl("x" * 250) * 99).encode()
    with subprocess.Popen(
        [sys.executable, "-c", PEAK, command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        for _ in range(lines // 100):
            process.stdin.write(chunk)
        process.stdin.close()
        return int(wait(process))


class TestWhatIsNotCoded:
    """A script sees by the exit code that something was not coded, and by the id which record."""

    def test_a_refusal_echoes_the_id(self, terminal: Terminal) -> None:
        pulsed = {**named(7), "technique": "pulsed-radiofrequency-ablation"}
        run = terminal("code", "-", stdin=jsonl(pulsed, named(8)))

        assert run.status == 1
        assert [run.lines[0]["refusal"]["id"], run.lines[1]["claim"]["id"]] == ["7", "8"]

    def test_a_part_that_is_refused_is_a_refusal(self, terminal: Terminal) -> None:
        treatment = {key: BLOCK[key] for key in ("technique", "guidance", "targets")}
        pulsed = {**treatment, "technique": "pulsed-radiofrequency-ablation"}
        session = {"date": BLOCK["date"], "treatments": [treatment, pulsed]}
        run = terminal("code", "-", stdin=json.dumps(session))

        assert run.status == 1
        refused = [note for note in run.json["notes"] if note["id"] == "refused"]
        assert [note["refusal"]["reason"] for note in refused] == ["other-code"]
        assert "id" not in refused[0]["refusal"]


NAMED = "Jane Doe"


class TestOfTheProgram:
    """The program as a person or a script meets it, apart from any command."""

    def test_its_version(self) -> None:
        run = subprocess.run(
            [sys.executable, "-m", "cptfacet", "--version"], capture_output=True, check=True
        )

        assert run.stdout.decode() == f"cptfacet {cptfacet.__version__}\n"

    def test_no_command_shows_the_help(self, terminal: Terminal) -> None:
        run = terminal()

        assert run.status == 2
        assert run.out == ""
        assert "show a code, modifier, joint" in run.err

    @pytest.mark.parametrize("closed", ["<&-", ">&-", "> /dev/full"])
    def test_a_closed_or_full_stream_is_said_in_one_line(self, closed: str) -> None:
        if "/dev/full" in closed and not Path("/dev/full").exists():
            pytest.skip("this system has no full device")
        command = f"{sys.executable} -m cptfacet code - {closed}"
        given = None if closed == "<&-" else jsonl(BLOCK).encode()
        run = subprocess.run(["sh", "-c", command], input=given, capture_output=True, check=False)

        assert run.returncode == 2
        assert run.stderr.startswith(b"cptfacet: ")
        assert b"Traceback" not in run.stderr

    def test_an_interrupt_is_quiet(self) -> None:
        unignored = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
        run = f"{unignored}; from cptfacet.cli import main; raise SystemExit(main(['code', '-']))"
        process = subprocess.Popen(
            [sys.executable, "-c", run],  # a shell in the background ignores the signal
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(jsonl(BLOCK).encode())
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

        assert (process.returncode, err) == (130, b"")

    def test_a_fault_of_the_program_is_not_a_finding(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError(NAMED)

        monkeypatch.setattr("cptfacet.cli.code_session", fail)
        run = terminal("code", "-", stdin=jsonl(BLOCK))

        assert run.status == 2
        assert "ZeroDivisionError" in run.err
        assert NAMED not in run.err

    @pytest.mark.parametrize("begun", [b"\n", b"\xef\xbb\xbf", b" \r\n\n"])
    @pytest.mark.parametrize("after", ["csv", "json"])
    def test_the_format_is_told_by_what_comes_after_a_blank_line(
        self, begun: bytes, after: str
    ) -> None:
        """A slow pipe brings a blank line or a byte order mark before anything else."""
        process = subprocess.Popen(
            [sys.executable, "-m", "cptfacet", "check", "-", "--format", "csv"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(begun)
        process.stdin.flush()
        time.sleep(0.3)
        claim = {"claim_type": "professional", "date": "2026-03-02", "lines": [{"code": "64494"}]}
        rows = "claim_id,claim_type,date,code\na,professional,2026-03-02,64494\n"
        out, err = process.communicate((rows if after == "csv" else json.dumps(claim)).encode())

        assert err == b""
        assert b"addon-without-primary" in out

    @pytest.mark.parametrize("what", ["codes", "jurisdictions", "modifiers", "policies", "rules"])
    def test_what_can_be_listed_can_be_shown(self, terminal: Terminal, what: str) -> None:
        table = terminal("show", what, "--format", "table").out.splitlines()
        listed = terminal("show", what).json

        assert len(listed) == len(table) > 5
        for row, each in zip(table, listed, strict=True):
            assert row == f"{each['id']}  {each['title']}"
            assert lookup.find(each["id"])
        assert terminal("show", what, "--on", "2026-03-02").status == 2

    def test_completion_lists_commands_and_options(self) -> None:
        pytest.importorskip("argcomplete")
        asked = "cptfacet check --fo"
        run = subprocess.run(
            ["sh", "-c", f"{sys.executable} -m cptfacet 8>&1 9>/dev/null"],
            env={
                **os.environ,
                "_ARGCOMPLETE": "1",
                "_ARGCOMPLETE_IFS": "\n",
                "COMP_LINE": asked,
                "COMP_POINT": str(len(asked)),
            },
            capture_output=True,
            check=False,
        )

        assert b"--format" in run.stdout
