"""The tool that compares answers of two checkouts: it reports what changed, and nothing else."""

import copy
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from tools import answers
from tools.answers import Value
from tools.questions import questions

LINES: Value = [
    {"code": "64493", "modifiers": ["50", "RT"]},
    {"code": "64494", "modifiers": ["50"]},
]
CLAIM: Value = {"claim_type": "professional", "date": "2026-03-02", "policy": "cpt", "lines": LINES}
SESSION: Value = {
    "date": "2026-03-02",
    "technique": "medial-branch-block",
    "targets": [{"joint": "L4-L5", "side": "right"}],
}
ASKED = [("code", SESSION), ("check", CLAIM), ("repair", CLAIM), ("decode", CLAIM)]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    names = ("command", "question", "answer")
    return [dict(zip(names, row, strict=True)) for row in answers.answers(ASKED)]


def written(folder: Path, name: str, rows: list[Row]) -> Path:
    path = folder / name
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def compared(folder: Path, old: list[Row], new: list[Row], *options: str) -> int:
    files = (written(folder, "old.jsonl", old), written(folder, "new.jsonl", new))
    return answers.main(["compare", *map(str, files), *options])


@pytest.mark.slow
def test_equal_answers_are_not_reported(
    tmp_path: Path, rows: list[Row], capsys: pytest.CaptureFixture[str]
) -> None:
    assert compared(tmp_path, rows, rows[::-1]) == 0
    assert capsys.readouterr().out == "4 answers compared, 0 kinds of difference\n"


@pytest.mark.slow
def test_a_changed_answer_is_reported_with_its_question(
    tmp_path: Path, rows: list[Row], capsys: pytest.CaptureFixture[str]
) -> None:
    new = copy.deepcopy(rows)
    (found,) = [f for f in new[1]["answer"]["findings"] if f["rule"] == "bilateral-with-side"]
    found["severity"] = "info"

    assert compared(tmp_path, rows, new) == 1
    first, question, _ = capsys.readouterr().out.splitlines()
    assert first == '1 x answer.findings[bilateral-with-side].severity: "error" is now "info"'
    assert json.loads(question) == ["check", CLAIM]


@pytest.mark.slow
def test_a_command_answers_its_questions_in_one_run() -> None:
    again = [*ASKED[1:3], ("check", {})]

    assert [(command, asked) for command, asked, _ in answers.answers(again)] == [
        ("check", CLAIM),
        ("check", {}),
        ("repair", CLAIM),
    ]


@pytest.mark.slow
def test_the_same_questions_are_asked_again(tmp_path: Path, rows: list[Row]) -> None:
    like = written(tmp_path, "old.jsonl", rows)
    again = tmp_path / "new.jsonl.gz"

    assert answers.main(["write", str(again), "--like", str(like)]) == 0
    assert answers.main(["compare", str(like), str(again)]) == 0


def test_texts_are_no_part_of_an_answer() -> None:
    finding: Value = {"rule": "x", "message": "Look.", "remedy": {"question": "Which?"}}
    report: Value = {
        "under": {"policy": "cpt", "cptfacet": "1.0"},
        "findings": [finding],
        "not_checked": [{"rule": "y", "needs": "history", "reason": "No history was given."}],
    }

    assert answers.without_texts(report) == {
        "under": {"policy": "cpt"},
        "findings": [{"rule": "x", "remedy": {"question": True}}],
        "not_checked": [{"rule": "y", "needs": "history"}],
    }
    assert answers.without_texts({"refusal": {"reason": "other-code"}}) == {
        "refusal": {"reason": "other-code"}
    }


def of(answer: object) -> list[Row]:
    return [{"command": "check", "question": {}, "answer": answer}]


def test_a_rename_is_no_difference(tmp_path: Path) -> None:
    old = of({"findings": [{"rule": "a"}], "notes": [{"id": "a"}]})
    new = of({"findings": [{"rule": "b"}], "notes": [{"id": "a"}]})
    table = tmp_path / "renames.json"
    table.write_text('{"rule": {"a": "b"}}')

    assert compared(tmp_path, old, new) == 1
    assert compared(tmp_path, old, new, "--renames", str(table)) == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"a": [1, 2]}, {"a": [2, 1]}, ["answer.a: [1, 2] is now [2, 1]"]),
        ({"a": None}, {"a": {"b": 1}}, ['answer.a: null is now {"b": 1}']),
        ({}, {"a": 1}, ["answer.a is new"]),
        ([{"id": "a"}, {"id": "b"}], [{"id": "b"}, {"id": "a"}], ["answer has another order"]),
        ([{"id": "a"}], [{"id": "a"}, {"id": "a"}], ["answer[a] is new"]),
        ([{"units": 1}], [{"units": 2}], ["answer[].units: 1 is now 2"]),
    ],
)
def test_a_difference_is_said_in_words(old: Value, new: Value, said: list[str]) -> None:
    assert list(answers.differences(old, new)) == said


def test_nothing_in_common_is_no_success(tmp_path: Path) -> None:
    assert compared(tmp_path, of({}), []) == 2


def test_the_stream_is_the_same_each_time() -> None:
    first, second = (list(itertools.islice(questions(), 200)) for _ in range(2))

    assert first == second
    assert {command for command, _ in first} == {"code"}
