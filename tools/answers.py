"""Write what this checkout answers to a stream of questions, and compare two such files.

From the root of a checkout, in the release that users have and then in the next one:

    python -m tools.answers write old.jsonl.gz
    python -m tools.answers write new.jsonl.gz --like old.jsonl.gz
    python -m tools.answers compare old.jsonl.gz new.jsonl.gz --renames renames.json

``--like`` asks the questions of the older file, so every answer finds its counterpart even when
`tools.questions` has changed. Each intended difference belongs in the changelog, under "Answers that
changed"; any other is a mistake.

A file has one JSON value a line: ``command``, ``question`` and ``answer``. The answer is without the
texts that people read: they may change, and what programs act on may not. A name that ends in ``.gz``
is compressed. ``renames.json`` maps old values to new ones, by the key that has them in an answer, or
by that key and the one around it:

    {"rule": {"line-repeated": "duplicate-line"}, "doubts.id": {"other-form": "other-format"}}
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias, cast

from tools.questions import questions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Value", "answers", "differences", "main", "renamed", "without_texts"]

Value: TypeAlias = "dict[str, Value] | list[Value] | str | float | bool | None"
Renames: TypeAlias = "Mapping[str, Mapping[str, str]]"

_SAME, _DIFFERENT, _UNUSABLE = 0, 1, 2


# -- answers


def answers(asked: Iterable[tuple[str, Value]]) -> Iterator[tuple[str, Value, Value]]:
    """Yield what the terminal answers to questions, a command at a time, with command and question."""
    by_command: dict[str, list[Value]] = defaultdict(list)
    for command, question in asked:
        by_command[command].append(question)
    for command, records in by_command.items():
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "questions.jsonl")
            # Two values at least, for the answer to a single one spans several lines.
            file.write_text("".join(f"{json.dumps(record)}\n" for record in (*records, {})))
            run = [sys.executable, "-m", "cptfacet", command, "--format", "json", str(file)]
            with subprocess.Popen(run, stdout=subprocess.PIPE) as terminal:
                lines = cast("IO[bytes]", terminal.stdout)
                found = zip((*records, None), lines, strict=True)
                for record, line in itertools.islice(found, len(records)):
                    yield command, record, without_texts(json.loads(line))


_TEXTS = frozenset(("message", "title", "url", "cptfacet", "record"))


def without_texts(answer: Value) -> Value:
    """Return an answer without what is written for people; of a question, whether there is one.

    >>> without_texts({"rule": "kx-missing", "message": "...", "remedy": {"question": "..."}})
    {'rule': 'kx-missing', 'remedy': {'question': True}}
    """
    if isinstance(answer, list):
        return [without_texts(value) for value in answer]
    if not isinstance(answer, dict):
        return answer
    texts = _TEXTS | {"reason"} if "needs" in answer else _TEXTS  # why a rule was not checked
    return {
        name: value is not None if name == "question" else without_texts(value)
        for name, value in answer.items()
        if name not in texts
    }


def renamed(value: Value, renames: Renames, name: str = "", around: str = "") -> Value:
    """Return an answer with its old values renamed.

    >>> renamed({"doubts": [{"id": "other-form"}]}, {"doubts.id": {"other-form": "other-format"}})
    {'doubts': [{'id': 'other-format'}]}
    """
    if isinstance(value, dict):
        return {key: renamed(entry, renames, key, name) for key, entry in value.items()}
    if isinstance(value, list):
        return [renamed(entry, renames, name, around) for entry in value]
    if isinstance(value, str):
        for place in (f"{around}.{name}", name):
            value = renames.get(place, {}).get(value, value)
    return value


# -- differences


def differences(old: Value, new: Value, place: str = "answer") -> Iterator[str]:
    """Yield in words how two answers differ; the same difference has the same words.

    >>> was = {"findings": [{"rule": "kx-missing", "severity": "error"}]}
    >>> list(differences(was, {"findings": [{"rule": "kx-missing", "severity": "warning"}]}))
    ['answer.findings[kx-missing].severity: "error" is now "warning"']
    >>> list(differences(was, {"findings": []})), list(differences(was, was))
    (['answer.findings[kx-missing] is gone'], [])
    """
    if old == new:
        return
    before, after = _parts(old), _parts(new)
    if before is None or after is None or isinstance(old, dict) is not isinstance(new, dict):
        yield f"{place}: {json.dumps(old)} is now {json.dumps(new)}"
        return
    for name in before | after:
        part = f"{place}{name.rstrip(_AGAIN)}"
        if name not in after:
            yield f"{part} is gone"
        elif name not in before:
            yield f"{part} is new"
        else:
            yield from differences(before[name], after[name], part)
    if isinstance(old, list) and before.keys() == after.keys() and list(before) != list(after):
        yield f"{place} has another order"


_AGAIN = "'"
_NAMES = ("rule", "key", "id")


def _parts(value: Value) -> dict[str, Value] | None:
    """Return the parts of an object or of a list of objects by what they are; None: it has none."""
    if isinstance(value, dict):
        return {f".{name}": part for name, part in value.items()}
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        return None
    found: dict[str, Value] = {}
    for part in cast("list[dict[str, Value]]", value):
        name = f"[{next((part[name] for name in _NAMES if name in part), '')}]"
        while name in found:
            name += _AGAIN
        found[name] = part
    return found


# -- files


def _read(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the lines of a file, each with its command and question as one text."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for line in file:
            row = json.loads(line)
            yield json.dumps([row["command"], row["question"]], sort_keys=True), line


def write(path: Path, like: Path | None) -> int:
    """Write the answers of this checkout to a file."""
    asked = map(json.loads, (text for text, _ in _read(like))) if like else questions()
    with gzip.open(path, "wt") if path.suffix == ".gz" else path.open("w") as file:
        for command, question, answer in answers(asked):
            row = {"command": command, "question": question, "answer": answer}
            file.write(f"{json.dumps(row)}\n")
    return _SAME


def compare(old: Path, new: Path, renames: Renames) -> int:
    """Print how the answers of two files differ, each difference with its number and an example."""
    before = dict(_read(old))
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    compared = 0
    for text, line in _read(new):
        if text not in before:
            continue
        compared += 1
        was = renamed(json.loads(before[text])["answer"], renames)
        for difference in dict.fromkeys(differences(was, json.loads(line)["answer"])):
            counts[difference] += 1
            examples.setdefault(difference, text)
    for difference, count in counts.most_common():
        print(f"{count:,} x {difference}\n    {examples[difference]}")
    print(f"{compared:,} answers compared, {len(counts):,} kinds of difference")
    if not compared:
        return _UNUSABLE
    return _DIFFERENT if counts else _SAME


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the two commands and return its exit code.

    0: the answers are the same, or written; 1: some differ; 2: no question is in both files.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.answers", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    writing = commands.add_parser("write", help="write the answers of this checkout")
    writing.add_argument("file", type=Path)
    writing.add_argument("--like", type=Path, help="ask the questions of this file")
    comparing = commands.add_parser("compare", help="compare two files of answers")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    comparing.add_argument("--renames", type=Path, help="a table of old and new values, in JSON")
    given = parser.parse_args(argv)
    if given.command == "write":
        return write(given.file, given.like)
    table = given.renames.read_text() if given.renames else "{}"
    return compare(given.old, given.new, json.loads(table))


if __name__ == "__main__":
    sys.exit(main())
