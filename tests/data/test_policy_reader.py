"""How a policy file is refused: one broken file for each way, and what the error says of it.

Each file of `broken/` breaks one rule (some of them many), and the table says what its author
reads: the place in the document, the line, and the words that tell what would be right. Each folder
of `broken_together/` holds files that are refused only because of each other, or together.
"""

import copy
import datetime as dt
import json
import pickle
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cptfacet import _data, policies
from cptfacet.citations import Citation, Confidence
from cptfacet.dates import EffectivePeriod
from cptfacet.errors import PolicyFileError, PolicyFilesError, Problem
from cptfacet.policies import NotKnown, Policy, Provision
from cptfacet.reference import packaged

BROKEN = Path(__file__).parent / "broken"
TOGETHER = Path(__file__).parent / "broken_together"

SOUND = """\
id = "sound"
title = "A policy that breaks no rule"
payer = "nobody"
revised = 2026-03-02
extends = "cpt"

[sources.letter]
title = "A letter to providers"
publisher = "nobody"
url = "https://example.com/letter"
date = "2024"
retrieved = 2026-03-02

[[provisions]]
key = "modifier.diagnostic"
for = { family = "image-guided-injection" }
value = "KX"
from = 2024-01-01
citations = ["letter", "beck10"]
confidence = "secondary"
rationale = "As asked by telephone."
caveat = "Ask in writing."

[[provisions]]
key = "coding.instead"
for = { technique = "cryoablation", guidance = ["ct", "fluoroscopy"] }
not-known = "the letter names no code for cold"
jurisdictions = ["JE"]
seen = 2024-01-01
until = 2025-12-31
citations = ["letter"]
confidence = "confirmed"
rationale = "Asked for twice."
"""

A_DAY = "write an existing date without quotes, as year-month-day: 20"
ATTESTS = "write a modifier that attests that requirements are met, or 'none'"

# file: where, line, words that the message holds
ONE_PROBLEM: dict[str, tuple[str, int | None, str]] = {
    # lists of diagnoses
    "list-document-missing": (
        "diagnosis-lists[0].document",
        12,
        "the number of a published document",
    ),
    "list-document-wrong": (
        "diagnosis-lists[0].document",
        13,
        "the number of a published document",
    ),
    "list-code-malformed": ("diagnosis-lists[0].diagnoses", 14, "'64493' is not a diagnosis code"),
    "list-code-not-a-text": ("diagnosis-lists[0].diagnoses", 14, "724 is not a diagnosis code"),
    "list-code-twice": ("diagnosis-lists[0].facet-cyst", 15, "'M47816' is listed twice"),
    "list-empty": ("diagnosis-lists[0].diagnoses", 12, "list the diagnoses"),
    "list-dateless": ("diagnosis-lists[0].from", 12, "write from"),
    "list-uncited": ("diagnosis-lists[0].citations", 12, "list the ids of the sources"),
    "list-judgment": ("diagnosis-lists[0].confidence", 17, "is never a judgment"),
    "list-overlap": ("diagnosis-lists[1].from", 22, "two lists are in force on 2026-07-01"),
    "list-not-a-table": ("diagnosis-lists[0]", 2, "write a list of diagnoses as"),
    "lists-not-an-array": ("diagnosis-lists", 12, "are written as [[diagnosis-lists]] tables"),
    # the file
    "not-toml": ("file", 4, "write key = value, with strings in double quotes"),
    "not-toml-key-twice": ("file", 19, "write key = value, with strings in double quotes"),
    "not-toml-at-its-end": ("file", 19, "write key = value, with strings in double quotes"),
    "encoding-latin-1": ("file", 19, "save it as UTF-8"),
    "encoding-utf-16": ("file", 1, "save it as UTF-8"),
    "encoding-byte-order-mark": ("file", 1, "byte order mark; save it as plain UTF-8"),
    # its header
    "header-unknown-key": ("payor", 5, "extends, id, payer, provisions, revised, sources, title"),
    "header-id-missing": ("id", None, "write a string"),
    "header-title-missing": ("title", None, "write a string"),
    "header-payer-missing": ("payer", None, "write a string"),
    "header-revised-missing": ("revised", None, "without quotes: 20"),
    "header-title-blank": ("title", 3, "write a string"),
    "header-payer-not-a-text": ("payer", 4, "write a string"),
    "header-revised-quoted": ("revised", 5, "without quotes: 20"),
    "header-revised-with-time": ("revised", 5, "without quotes: 20"),
    "header-id-bad": ("id", 2, "lower-case letters, digits and hyphens"),
    "header-id-taken": ("id", 2, "'medicare' is the id of a packaged policy; choose another"),
    "header-revised-no-such-day": ("file", 5, A_DAY),
    "extends-unknown": (
        "extends",
        6,
        "did you mean medicare, medicare-jn, medicare-jm?; policies.ids() lists",
    ),
    "extends-unlike-any": ("extends", 6, "to extend; policies.ids() lists the packaged policies"),
    "extends-near-its-own-id": (
        "extends",
        6,
        "to extend; policies.ids() lists the packaged policies",
    ),
    "extends-itself": ("extends", 6, "the policy extends itself; name another policy"),
    "extends-not-a-text": ("extends", 6, "policies.ids() lists the packaged policies"),
    "provisions-not-tables": ("provisions", 7, "[[provisions]]"),
    "provisions-a-single-table": ("provisions", 12, "[[provisions]]"),
    "provision-not-a-table": ("provisions[0]", 7, "[[provisions]]"),
    # its sources
    "sources-not-tables": ("sources", 7, "[sources.ID]"),
    "source-not-a-table": ("sources.letter", 9, "a title and a publisher"),
    "source-without-title": ("sources.letter", 8, "a title and a publisher"),
    "source-without-publisher": ("sources.letter", 8, "a title and a publisher"),
    "source-unknown-key": ("sources.letter.link", 11, "date, publisher, retrieved, title, url"),
    "source-url-not-a-text": ("sources.letter.url", 11, "string"),
    "source-date-bare": ("sources.letter.date", 11, "string"),
    "source-retrieved-quoted": ("sources.letter.retrieved", 11, "without quotes"),
    "source-retrieved-no-such-day": ("file", 11, A_DAY),
    "source-id-taken": ("sources.beck10", 8, "choose another id"),
    # the keys of a provision
    "provision-unknown-key": ("provisions[0].confidense", 18, "did you mean confidence?"),
    "provision-unknown-key-unlike-any": (
        "provisions[0].colour",
        18,
        "use one of caveat, citations, confidence, for, from, jurisdictions, key, not-known, rationale",
    ),
    "key-missing": ("provisions[0].key", 12, "vocabulary"),
    "key-unknown": ("provisions[0].key", 13, "did you mean modifier.diagnostic?"),
    "key-unlike-any": ("provisions[0].key", 13, "see the vocabulary"),
    "key-not-a-text": ("provisions[0].key", 13, "vocabulary"),
    # what it says
    "value-choice-wrong": ("provisions[0].value", 14, "one of included, separate"),
    "value-choice-a-boolean": (
        "provisions[0].value",
        14,
        "True is not valid; write one of one-level",
    ),
    "value-list-wrong": ("provisions[0].value", 14, "list payment, laterality, informational"),
    "value-list-not-a-list": ("provisions[0].value", 14, "list payment, laterality, informational"),
    "value-modifier-wrong": ("provisions[0].value", 15, ATTESTS),
    "value-modifier-small": ("provisions[0].value", 15, ATTESTS),
    "value-modifier-spaced": ("provisions[0].value", 15, ATTESTS),
    "value-modifier-unknown": ("provisions[0].value", 15, ATTESTS),
    "value-modifier-of-another-role": ("provisions[0].value", 15, ATTESTS),
    "value-modifier-a-number": ("provisions[0].value", 15, ATTESTS),
    "value-modifier-a-list": ("provisions[0].value", 15, ATTESTS),
    "value-count-below-zero": (
        "provisions[0].value",
        14,
        "write a whole number of regions without quotes, 0 or more",
    ),
    "value-count-quoted": (
        "provisions[0].value",
        14,
        "write a whole number of months without quotes",
    ),
    "value-count-a-boolean": (
        "provisions[0].value",
        14,
        "True is not valid; write a whole number of regions",
    ),
    "value-count-a-fraction": ("provisions[0].value", 14, "write a whole number of days"),
    "value-some-wrong": ("provisions[0].value", 14, "list some of validity, form, add-ons"),
    "value-some-twice": ("provisions[0].value", 14, "documentation, each once"),
    "value-some-empty": ("provisions[0].value", 14, "list some of validity, form, add-ons"),
    "value-some-not-a-list": ("provisions[0].value", 14, "list some of validity, form, add-ons"),
    "value-modifiers-unknown": (
        "provisions[0].value",
        14,
        "list modifiers that are in the reference, each once",
    ),
    "value-modifiers-twice": (
        "provisions[0].value",
        14,
        "list modifiers that are in the reference, each once",
    ),
    "value-modifiers-empty": (
        "provisions[0].value",
        14,
        "list modifiers that are in the reference, each once",
    ),
    "value-modifiers-not-a-list": (
        "provisions[0].value",
        14,
        "list modifiers that are in the reference, each once",
    ),
    "value-modifier-of-another-key": (
        "provisions[0].value",
        14,
        "write a modifier that reports a separate visit, or 'none'",
    ),
    "for-no-rule": ("provisions[0].for", 14, "'Two regions' is not valid for rule"),
    "for-rule-left-out": ("provisions[0].for", 12, "list the values"),
    "for-no-group": ("provisions[0].for", 14, "one of imaging-guidance, sedation"),
    "unit-of-a-count-wrong": (
        "provisions[0].unit",
        18,
        "diagnostic.interval is in days; write that",
    ),
    "value-codes-wrong": ("provisions[0].value", 15, "list procedure codes"),
    "value-codes-empty": ("provisions[0].value", 15, "list procedure codes"),
    "value-codes-numbers": ("provisions[0].value", 15, "list procedure codes"),
    "value-lines-wrong": ("provisions[0].value", 15, "in canonical form"),
    "value-lines-not-texts": ("provisions[0].value", 15, "in canonical form"),
    "value-and-not-known": ("provisions[0].value", 15, "either a value, or not-known"),
    "value-missing": ("provisions[0].value", 12, "either a value, or not-known"),
    "unit-wrong": ("provisions[0].unit", 19, "modifier.diagnostic has no unit; leave it out"),
    "unit-not-a-text": ("provisions[0].unit", 19, "modifier.diagnostic has no unit; leave it out"),
    "unit-of-another-kind": (
        "provisions[0].unit",
        15,
        "laterality.format has no unit; leave it out",
    ),
    "not-known-empty": ("provisions[0].not-known", 15, "write what is missing"),
    "not-known-not-a-text": ("provisions[0].not-known", 15, "write what is missing"),
    "jurisdictions-with-value": (
        "provisions[0].jurisdictions",
        19,
        "only not-known has jurisdictions",
    ),
    "jurisdictions-not-a-list": ("provisions[0].jurisdictions", 19, "list"),
    "jurisdictions-a-text": ("provisions[0].jurisdictions", 19, "list"),
    "jurisdictions-not-texts": ("provisions[0].jurisdictions", 19, "list"),
    # when
    "date-quoted": ("provisions[0].from", 16, "without quotes or time"),
    "date-with-time": ("provisions[0].from", 16, "without quotes or time"),
    "date-number": ("provisions[0].until", 19, "without quotes or time"),
    "date-year-alone": ("provisions[0].from", 16, "without quotes or time"),
    "date-time-of-day": ("provisions[0].from", 16, "without quotes or time"),
    "date-a-list": ("provisions[0].from", 16, "without quotes or time"),
    "date-no-such-day": ("file", 16, A_DAY),
    "date-no-such-month": ("file", 16, A_DAY),
    "date-single-digits": ("file", 16, A_DAY),
    "date-slashes": ("file", 16, A_DAY),
    "date-year-and-month": ("file", 16, A_DAY),
    "date-in-words": ("file", 16, A_DAY),
    "date-from-and-seen": ("provisions[0].seen", 19, "not both"),
    "date-until-before-from": ("provisions[0].until", 19, "before it begins on 2024-01-01"),
    "date-until-before-seen": ("provisions[0].until", 19, "before it begins on 2024-01-01"),
    "date-missing": ("provisions[0].from", 12, "write from"),
    "date-until-alone": ("provisions[0].from", 12, "write from"),
    # on whose authority
    "citation-missing": ("provisions[0].citations", 12, "list the ids of the sources"),
    "citation-empty": ("provisions[0].citations", 17, "list the ids of the sources"),
    "citation-not-a-list": ("provisions[0].citations", 17, "list the ids of the sources"),
    "citation-not-a-text": ("provisions[0].citations", 17, "list"),
    "citation-dangling": ("provisions[0].citations", 17, "add [sources.leter]"),
    "confidence-wrong": ("provisions[0].confidence", 18, "confirmed, secondary, judgment"),
    "confidence-missing": ("provisions[0].confidence", 12, "confirmed, secondary, judgment"),
    "judgment-without-rationale": (
        "provisions[0].rationale",
        12,
        "a judgment needs a reason; add a rationale",
    ),
    "judgment-rationale-blank": (
        "provisions[0].rationale",
        19,
        "a judgment needs a reason; add a rationale",
    ),
    "rationale-not-a-text": ("provisions[0].rationale", 19, "string"),
    "caveat-not-a-text": ("provisions[0].caveat", 19, "string"),
    "caveat-with-not-known": (
        "provisions[0].caveat",
        19,
        "only a value has a caveat; use rationale",
    ),
    # in which cells
    "for-not-a-table": ("provisions[0].for", 14, "{ dimension = [values] }"),
    "for-unknown-dimension": (
        "provisions[0].for",
        14,
        "modifier.diagnostic has only family; leave guidance out",
    ),
    "for-no-dimensions": (
        "provisions[0].for",
        14,
        "coding.overlapping-injections has no dimensions; leave family out",
    ),
    "for-unknown-value": (
        "provisions[0].for",
        14,
        "one of image-guided-injection, ultrasound-injection, ablation",
    ),
    "for-value-not-a-text": ("provisions[0].for", 14, "list the values"),
    "for-empty": ("provisions[0].for", 14, "list the values"),
    "for-open-left-out": ("provisions[0].for", 12, "list the values"),
    "for-no-code": ("provisions[0].for", 14, "'6449' is not valid for add-on"),
    "for-code-a-number": ("provisions[0].for", 14, "64494"),
    "for-pair-turned": (
        "provisions[0].for",
        14,
        "one of image-guided-injection+ultrasound-injection",
    ),
    "for-pair-of-one": (
        "provisions[0].for",
        14,
        "one of image-guided-injection+ultrasound-injection",
    ),
    # beside other provisions
    "overlap": ("provisions[1].from", 25, "end the earlier one with until"),
    "overlap-open": ("provisions[1].from", 24, "has two values on 2025-07-01"),
    "overlap-of-judgment": ("provisions[1].from", 24, "has two values on 2024-01-01"),
    "overlap-within": ("provisions[0].from", 16, "has two values on 2024-01-01"),
    "gap-between-terms": (
        "provisions[0].until",
        10,
        "there is none from 2020-01-01 to 2020-01-31; add a provision, or not-known",
    ),
    "gap-of-a-day": (
        "provisions[0].until",
        10,
        "there is none on 2019-12-31 for injection-add-on, professional; injection-add-on, asc",
    ),
    "gap-at-the-end": (
        "provisions[0].until",
        11,
        "there is none from 2026-01-01 on; add a provision, or not-known",
    ),
}
# in the order of their lines; what is missing altogether has no line and stands first
MANY_PROBLEMS: dict[str, list[tuple[str, int | None]]] = {
    "list-key-unknown": [
        ("diagnosis-lists[0].diagnoses", 12),
        ("diagnosis-lists[0].diagnosis", 14),
    ],
    "many-problems": [
        ("payer", None),
        ("id", 2),
        ("payor", 3),
        ("revised", 5),
        ("extends", 6),
        ("sources.letter.link", 11),
        ("sources.memo", 13),
        ("provisions[0].value", 19),
        ("provisions[0].form", 20),
        ("provisions[1].key", 26),
        ("provisions[1].citations", 29),
        ("provisions[1].confidence", 30),
        ("provisions[2].for", 34),
        ("provisions[2].for", 34),
        ("provisions[2].seen", 37),
        ("provisions[3].rationale", 41),
        ("provisions[3].caveat", 45),
        ("provisions[5].from", 54),
    ],
    "overlap-by-a-long-term": [("provisions[0].from", 16), ("provisions[1].from", 25)],
    "overlap-twice": [("provisions[1].from", 25), ("provisions[3].from", 43)],
    "gap": [("provisions", None)] * 10,
    "gap-twice": [
        ("provisions[0].until", 10),
        ("provisions[1].until", 18),
        ("provisions[2].until", 26),
    ],
}
# folder: what is told of which file; files that are not named are sound
FILES_TOGETHER: dict[str, dict[str, tuple[str, int | None, str]]] = {
    "circle-of-two": {
        "one": (
            "extends",
            6,
            "the policy extends itself by way of two; name another policy, or none",
        ),
        "two": (
            "extends",
            6,
            "the policy extends itself by way of one; name another policy, or none",
        ),
    },
    "circle-of-three": {
        "one": (
            "extends",
            6,
            "the policy extends itself by way of two, three; name another policy",
        ),
        "three": (
            "extends",
            6,
            "the policy extends itself by way of one, two; name another policy",
        ),
        "two": (
            "extends",
            6,
            "the policy extends itself by way of three, one; name another policy",
        ),
    },
    "one-id": {
        "first": ("id", 2, "'broken' is also the id of second.toml; choose another"),
        "second": ("id", 2, "'broken' is also the id of first.toml; choose another"),
    },
    "circle-past-two-of-one-id": {
        "back": ("id", 2, "'two' is also the id of there.toml; choose another"),
        "there": ("id", 2, "'two' is also the id of back.toml; choose another"),
    },
    "each-its-own": {
        "dangling": (
            "extends",
            6,
            "did you mean date?; policies.ids() lists the packaged policies",
        ),
        "date": ("provisions[0].unit", 19, "modifier.diagnostic has no unit; leave it out"),
        "itself": ("extends", 6, "the policy extends itself; name another policy"),
        "packaged": ("id", 2, "'medicare' is the id of a packaged policy; choose another"),
        "text": ("file", 1, "write key = value"),
    },
}
# what a remedy sounds like: something to do, or what is allowed instead
REMEDY = re.compile(
    r"\b(write|written|list|lists|give|gives|choose|name|save|add|end|leave|say|cite|use|see"
    r"|did you mean|it is one of)\b"
)


def refusal(path: Path) -> PolicyFileError:
    """Load a broken file and give the error that it raises."""
    with pytest.raises(PolicyFileError) as caught:
        policies.load(path)
    return caught.value


def written(folder: Path, content: str | bytes) -> Path:
    """Write a policy file, byte for byte."""
    path = folder / "policy.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# -- one file for each way


def test_every_broken_file_is_in_a_table() -> None:
    assert {path.stem for path in BROKEN.iterdir()} == {*ONE_PROBLEM, *MANY_PROBLEMS}


@pytest.mark.parametrize("name", ONE_PROBLEM)
def test_a_broken_file_is_refused_with_place_and_remedy(name: str) -> None:
    where, line, words = ONE_PROBLEM[name]

    problems = refusal(BROKEN / f"{name}.toml").problems

    assert [(problem.path, problem.line) for problem in problems] == [(where, line)]
    assert words in problems[0].message


@pytest.mark.parametrize("name", MANY_PROBLEMS)
def test_all_problems_of_a_file_are_reported_together(name: str) -> None:
    problems = refusal(BROKEN / f"{name}.toml").problems

    assert [(problem.path, problem.line) for problem in problems] == MANY_PROBLEMS[name]


@pytest.mark.parametrize("name", [*ONE_PROBLEM, *MANY_PROBLEMS])
def test_each_problem_tells_file_line_place_and_remedy(name: str) -> None:
    """The issue asks for file, key and remedy in each message."""
    error = refusal(BROKEN / f"{name}.toml")

    head, *told = str(error).splitlines()
    assert head == f"policy file {name}.toml can't be used:"
    for problem, line in zip(error.problems, told, strict=True):
        where = f"line {problem.line}: {problem.path}" if problem.line else problem.path
        assert line == f"  {where}: {problem.message}"
        assert REMEDY.search(problem.message), problem.message


def test_the_error_names_the_file_and_shows_every_problem_on_a_line() -> None:
    error = refusal(BROKEN / "many-problems.toml")

    first, *others = str(error).splitlines()
    assert error.file == "many-problems.toml"
    assert "many-problems.toml" in first
    assert [line.strip() for line in others] == [str(problem) for problem in error.problems]


def test_the_error_survives_pickling() -> None:
    error = refusal(BROKEN / "many-problems.toml")

    assert pickle.loads(pickle.dumps(error)) == error  # noqa: S301  our own bytes


def test_a_root_policy_is_told_each_key_and_cell_that_it_lacks() -> None:
    wanted = [key.name for key in policies.KEYS.values() if key.required]

    messages = [problem.message for problem in refusal(BROKEN / "gap.toml").problems]

    assert len(messages) == len(wanted)
    for name, message in zip(wanted, messages, strict=True):
        assert f"needs {name} for every cell" in message
        assert "write not-known if no source states it" in message
    (partly,) = (message for message in messages if "modifier.diagnostic" in message)
    assert "missing: ultrasound-injection; ablation;" in partly


# -- files that are read together


def refusal_of_all(paths: list[Path]) -> PolicyFilesError:
    """Load broken files and give the error that they raise."""
    with pytest.raises(PolicyFilesError) as caught:
        policies.load_all(paths)
    return caught.value


def test_every_folder_of_broken_files_is_in_a_table() -> None:
    assert {path.name for path in TOGETHER.iterdir()} == set(FILES_TOGETHER)


@pytest.mark.parametrize("name", FILES_TOGETHER)
@pytest.mark.parametrize("turned", [False, True])
def test_all_problems_of_all_files_are_in_one_error(name: str, turned: bool) -> None:  # noqa: FBT001
    """Each file is told its own problem in its own line, whatever the order of the files."""
    paths = sorted((TOGETHER / name).iterdir(), reverse=turned)
    expected = FILES_TOGETHER[name]

    error = refusal_of_all(paths)

    assert [file.file for file in error.files] == sorted(
        (f"{stem}.toml" for stem in expected), reverse=turned
    )
    for file in error.files:
        where, line, words = expected[file.file.removesuffix(".toml")]
        assert [(problem.path, problem.line) for problem in file.problems] == [(where, line)]
        assert words in file.problems[0].message
        assert REMEDY.search(file.problems[0].message)
        assert str(file) in str(error)


@pytest.mark.parametrize("name", [*ONE_PROBLEM, *MANY_PROBLEMS])
def test_one_file_is_refused_as_by_itself(name: str) -> None:
    path = BROKEN / f"{name}.toml"

    assert refusal_of_all([path]).files == (refusal(path),)


def test_the_error_of_several_files_survives_pickling() -> None:
    error = refusal_of_all(sorted(TOGETHER.glob("*/*.toml")))

    assert pickle.loads(pickle.dumps(error)) == error  # noqa: S301  our own bytes


def extending(folder: Path, name: str, base: str, *, stem: str = "") -> Path:
    """Write a sound file of that id, which extends another."""
    path = folder / f"{stem or name}.toml"
    text = SOUND.replace('id = "sound"', f'id = "{name}"').replace('"cpt"', f'"{base}"')
    path.write_text(text, encoding="utf-8")
    return path


@st.composite
def forests(draw: st.DrawFn) -> dict[str, str]:
    """Draw ids, each with what it extends: a packaged policy or any other that is drawn."""
    names = [f"plan-{n}" for n in range(draw(st.integers(1, 6)))]
    bases = st.sampled_from([*names, *policies.ids()])
    return {name: draw(bases) for name in draw(st.permutations(names))}


def way(name: str, bases: dict[str, str]) -> list[str]:
    """Follow what an id extends until it is packaged or was met before."""
    steps = [name]
    while steps[-1] in bases and bases[steps[-1]] not in steps:
        steps.append(bases[steps[-1]])
    return steps


@settings(max_examples=60)
@given(bases=forests())
def test_files_extend_each_other_in_any_order(scratch: Path, bases: dict[str, str]) -> None:
    """Those of a circle are refused, each in its own line; without one all are read."""
    paths = [extending(scratch, name, base) for name, base in bases.items()]
    circling = {name for name in bases if bases.get(way(name, bases)[-1]) == name}
    if circling:
        files = refusal_of_all(paths).files
        assert [file.file for file in files] == [f"{n}.toml" for n in bases if n in circling]
        assert {(p.path, p.line) for file in files for p in file.problems} == {("extends", 5)}
        return

    found = policies.load_all(paths)

    assert list(found) == sorted(bases)
    for name, policy in found.items():
        own = way(name, bases)
        assert [p.id for p in policy.lineage()][: len(own)] == own
        assert policy.extends == found.get(bases[name], policy.extends)


class TestAmong:
    """A file may extend a policy that is given, as it may extend a packaged one."""

    def test_what_it_extends_may_be_given(self, tmp_path: Path) -> None:
        one = policies.load(extending(tmp_path, "one", "medicare"))

        two = policies.load(extending(tmp_path, "two", "one"), among=[one])

        assert two.extends is one
        assert policies.load(extending(tmp_path, "three", "one"), among=iter([two])).extends is one
        both = policies.load_all([tmp_path / "two.toml", tmp_path / "three.toml"], among=[one])
        assert both == {"two": two, "three": policies.load(tmp_path / "three.toml", among=[one])}

    def test_without_it_nothing_is_known_of_it(self, tmp_path: Path) -> None:
        policies.load(extending(tmp_path, "one", "medicare"))

        (problem,) = refusal(extending(tmp_path, "two", "one")).problems

        assert (problem.path, problem.line) == ("extends", 5)

    def test_an_id_that_is_given_is_taken(self, tmp_path: Path) -> None:
        one = policies.load(extending(tmp_path, "one", "medicare"))
        above = policies.load(extending(tmp_path, "above", "one"), among=[one])
        for given_policy in (one, above):
            with pytest.raises(PolicyFileError) as caught:
                policies.load(tmp_path / "one.toml", among=[given_policy])

            (problem,) = caught.value.problems
            assert (problem.path, problem.line) == ("id", 1)
            assert problem.message == "'one' is the id of a policy you passed; choose another"

    def test_a_packaged_policy_may_be_given_too(self, tmp_path: Path) -> None:
        path = extending(tmp_path, "one", "medicare")

        packaged = [policies.get(name) for name in policies.ids()]

        assert policies.load(path, among=packaged) == policies.load(path)

    def test_two_policies_of_one_id_are_refused(self, tmp_path: Path) -> None:
        one = policies.load(extending(tmp_path, "one", "medicare"))
        other = attrs.evolve(one, title="Another edition")
        path = extending(tmp_path, "two", "one")

        assert policies.load(path, among=[one, one]).extends == one
        with pytest.raises(ValueError, match="two policies have the id 'one'"):
            policies.load(path, among=[one, other])
        with pytest.raises(ValueError, match="two policies have the id 'cpt'"):
            policies.load(path, among=[attrs.evolve(policies.get("cpt"), title="Not CPT's")])


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("north", "south"):
        (tmp_path / name).mkdir()
        extending(tmp_path / name, "plan", "cpt")
    north, south = (tmp_path / name / "plan.toml" for name in ("north", "south"))

    error = refusal_of_all([north, south])

    assert [file.file for file in error.files] == [str(north), str(south)]
    assert f"is also the id of {south}" in str(error.files[0])


def test_no_file_is_no_policy() -> None:
    assert policies.load_all([]) == {}


def test_what_is_loaded_together_does_not_change(tmp_path: Path) -> None:
    found: Any = policies.load_all([extending(tmp_path, "one", "cpt")])

    with pytest.raises(TypeError):
        found["two"] = found["one"]


# -- days for which a policy that extends none says nothing

ROOT = (BROKEN / "gap-between-terms.toml").read_text(encoding="utf-8")
HOLE_BEGINS, HOLE_ENDS = dt.date(2019, 12, 31), dt.date(2020, 2, 1)


@pytest.mark.parametrize(
    "mended",
    [
        ROOT.replace("until = 2019-12-31", "until = 2020-01-31"),
        ROOT.replace("from = 2020-02-01", "from = 2020-01-01"),
        ROOT.replace("from = 2020-02-01", "seen = 2020-02-01"),
        ROOT.replace('key = "laterality.format"\nvalue = "two-units"', """\
key = "laterality.format"
not-known = "no source tells"
from = 2020-01-01
until = 2020-01-31
confidence = "judgment"
rationale = "Nothing was found for this month."

[[provisions]]
key = "laterality.format"
value = "two-units\""""),
    ],
    ids=["earlier-lasts", "later-begins", "later-is-seen", "not-known"],
)  # fmt: skip
def test_a_gap_that_is_mended_or_explained_is_none(tmp_path: Path, mended: str) -> None:
    """A later term that is only seen explains the days before it: nobody told."""
    assert mended != ROOT
    policy = policies.load(written(tmp_path, mended))

    answers = {
        policy.get("laterality.format", on=day, role="primary", claim_type="professional").policy
        for day in (HOLE_BEGINS, dt.date(2020, 1, 15), HOLE_ENDS)
    }

    assert answers == {"broken"}


def test_terms_may_stand_in_any_order(tmp_path: Path) -> None:
    head, early, late, *rest = ROOT.replace("from = 2020-02-01", "from = 2020-01-01").split(
        "[[provisions]]"
    )

    turned = "[[provisions]]".join([head, late, early, *rest])

    found = policies.load(written(tmp_path, turned))
    assert {p.term.first for p in found.find("laterality.format")} == {
        dt.date.min,
        dt.date(2020, 1, 1),
    }


def test_a_policy_that_extends_may_have_gaps(tmp_path: Path) -> None:
    policy = policies.load(
        written(tmp_path, ROOT.replace("revised =", 'extends = "cpt"\nrevised ='))
    )

    answer = policy.get(
        "laterality.format", on=dt.date(2020, 1, 15), role="primary", claim_type="professional"
    )

    assert answer.policy == "cpt"


@given(days=st.lists(st.dates(dt.date(2019, 1, 1), dt.date(2022, 12, 31)), min_size=1, max_size=5))
@settings(max_examples=60)
def test_terms_without_a_gap_answer_for_every_day(scratch: Path, days: list[dt.date]) -> None:
    """Read where each term begins on the day behind the one before; refused where one is late."""
    starts = sorted({day for day in days if day.day != 1} | {dt.date(2018, 1, 1)})
    ends = [day - dt.timedelta(days=1) for day in starts[1:]]
    late = [
        max(start, day - dt.timedelta(days=day.day % 2))
        for start, day in zip(starts, ends, strict=False)
    ]
    for until, sound in ((ends, True), (late, late == ends)):
        terms = zip(starts, [*until, None], strict=True)
        told = "\n".join(
            f'[[provisions]]\nkey = "laterality.format"\nvalue = "two-units"\nfrom = {first}\n'
            + (f"until = {last}\n" if last else "")
            + 'confidence = "judgment"\nrationale = "For a test."\n'
            for first, last in terms
        )
        head, _, tail = ROOT.partition("[[provisions]]")
        rest = tail[tail.index('[[provisions]]\nkey = "coding.family"') :]
        found = loaded(written(scratch, head + told + rest))
        assert isinstance(found, Policy) is sound
        if isinstance(found, Policy):
            for day in (starts[0], *ends, *starts, dt.date.max):
                cell = {"role": "primary", "claim_type": "professional"}
                assert isinstance(found.get("laterality.format", on=day, **cell), Provision)
        else:
            holes = [
                f"there is none on {day}" for day, end in zip(ends, late, strict=True) if day != end
            ]
            assert len(found.problems) == len(holes)
            for hole, problem in zip(holes, found.problems, strict=True):
                assert hole in problem.message


# -- what is not refused


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    policy = policies.load(written(tmp_path, SOUND))

    provision, *others = policy.provisions
    assert isinstance(provision, Provision)
    assert (policy.id, policy.payer, policy.revised) == ("sound", "nobody", dt.date(2026, 3, 2))
    assert policy.extends is policies.get("cpt")
    assert (provision.value, provision.cell) == ("KX", ("image-guided-injection",))
    assert [citation.id for citation in provision.citations] == ["letter", "beck10"]
    assert provision.policy == "sound"
    assert provision.term == EffectivePeriod(start=dt.date(2024, 1, 1))
    assert provision.confidence is Confidence.SECONDARY
    assert (provision.rationale, provision.caveat) == ("As asked by telephone.", "Ask in writing.")
    assert others == [
        NotKnown(
            key="coding.instead",
            cell=("cryoablation", guidance),
            reason="the letter names no code for cold",
            policy="sound",
            term=EffectivePeriod(seen=dt.date(2024, 1, 1), until=dt.date(2025, 12, 31)),
            confidence=Confidence.CONFIRMED,
            candidates=("JE",),
            citations=(
                Citation(
                    id="letter",
                    title="A letter to providers",
                    url="https://example.com/letter",
                    term=EffectivePeriod(seen=dt.date(2024, 1, 1), until=dt.date(2025, 12, 31)),
                    confidence=Confidence.CONFIRMED,
                ),
            ),
            rationale="Asked for twice.",
        )
        for guidance in ("ct", "fluoroscopy")
    ]


def test_without_rationale_and_caveat_there_is_none(tmp_path: Path) -> None:
    plain = [line for line in SOUND.splitlines() if not line.startswith(("rationale", "caveat"))]

    policy = policies.load(written(tmp_path, "\n".join(plain)))

    assert {provision.rationale for provision in policy.provisions} == {""}
    assert {p.caveat for p in policy.provisions if isinstance(p, Provision)} == {""}


@pytest.mark.parametrize("name", policies.ids())
def test_a_file_may_not_pass_itself_off_as_a_packaged_policy(name: str) -> None:
    path = Path(str(_data.root() / "policies" / f"{name}.toml"))

    (problem,) = refusal(path).problems

    assert (problem.path, problem.line) == ("id", first_line(path, "id = "))
    assert f"'{name}' is the id of a packaged policy" in problem.message


def first_line(path: Path, start: str) -> int:
    """Return the number of the first line of a file that begins with a text."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(start))


def test_a_path_may_be_a_text(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND)

    assert policies.load(str(path)) == policies.load(path)


def test_line_ends_of_other_systems_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND.replace("\n", "\r\n"))

    assert policies.load(path).id == "sound"


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        policies.load(tmp_path / "absent.toml")


# -- bytes that no TOML file can hold, and lines that are hard to count

BROKEN_VALUE = SOUND.replace('"KX"', '"-KX"')
DEEP = 5000


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (SOUND.replace("telephone", "t\xe9l\xe9phone").encode("latin-1"), 21, "save it as UTF-8"),
        (SOUND.encode("utf-16"), 1, "save it as UTF-8"),
        (SOUND.encode("utf-8-sig"), 1, "byte order mark"),
        (b"\0" * 10, 1, "not valid TOML"),
    ],
    ids=["latin-1", "utf-16", "byte-order-mark", "zeros"],
)
def test_bytes_that_are_no_utf_8_toml(
    tmp_path: Path, content: bytes, line: int, words: str
) -> None:
    (problem,) = refusal(written(tmp_path, content)).problems

    assert (problem.path, problem.line) == ("file", line)
    assert words in problem.message


@pytest.mark.parametrize(
    "content",
    [
        SOUND.replace("2024-01-01", "2024-02-30"),
        SOUND.replace('"KX"', "1" * DEEP),
        SOUND.replace('"KX"', "[" * DEEP),
        SOUND.replace('"KX"', "{ a = " * DEEP),
        SOUND.replace('value = "KX"', f"value{'.a' * DEEP} = 1"),
    ],
    ids=["no-such-day", "digits", "lists", "tables", "dotted-key"],
)
def test_what_the_toml_reader_itself_stumbles_on(tmp_path: Path, content: str) -> None:
    assert refusal(written(tmp_path, content)).problems


def test_an_empty_file_lacks_its_header(tmp_path: Path) -> None:
    paths = {problem.path for problem in refusal(written(tmp_path, "")).problems}

    assert {"id", "title", "payer", "revised"} <= paths


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (BROKEN_VALUE, 17),
        (BROKEN_VALUE.replace("\n", "\r\n"), 17),
        (BROKEN_VALUE.replace("A policy", "A\N{LINE SEPARATOR}policy"), 17),
        (BROKEN_VALUE.replace("A policy", "A\N{NEXT LINE}policy"), 17),
        (BROKEN_VALUE.replace('"A policy', '"""A\n[[provisions]]\npolicy').replace(
            'no rule"', 'no rule"""'), 19),
        (BROKEN_VALUE.replace("value =", '"value"  ='), 17),
        (BROKEN_VALUE.replace("[[provisions]]", "  [[ provisions ]]  # the only one"), 17),
    ],
    ids=["plain", "crlf", "separator", "next-line", "in-a-text", "quoted-key", "spaces"],
)  # fmt: skip
def test_the_line_is_the_line_of_an_editor(tmp_path: Path, content: str, line: int) -> None:
    (problem,) = refusal(written(tmp_path, content)).problems

    assert (problem.path, problem.line) == ("provisions[0].value", line)


# -- whatever a file holds: it is read, or refused with this error and no other

# Under another id, since that of a packaged policy is refused and nothing would get further.
LINES = _data.read_text("policies/medicare.toml").replace('"medicare"', '"changed"').splitlines()
DOCUMENTS = [
    tomllib.loads(_data.read_text(f"policies/{name}.toml")) | {"id": "changed"}
    for name in policies.ids()
]

Where = tuple[str | int, ...]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policies")


def loaded(path: Path) -> Policy | PolicyFileError:
    """Load a file, and give the policy or the error."""
    try:
        return policies.load(path)
    except PolicyFileError as error:
        return error


def check(path: Path) -> None:
    """See that what comes of a file is a well-made policy, or an error that says where."""
    found = loaded(path)
    if isinstance(found, Policy):
        check_policy(found)
        return
    assert found.problems
    order = [problem.line or 0 for problem in found.problems]
    assert order == sorted(order)
    lines = path.read_text(encoding="utf-8").count("\n") + 1
    for problem in found.problems:
        check_problem(problem, lines)
        assert str(problem) in str(found)


def check_problem(problem: Problem, lines: int) -> None:
    assert problem.message.strip()
    assert problem.line is None or 1 <= problem.line <= lines


def check_policy(policy: Policy) -> None:
    """See that each field holds what its type says, so that nothing breaks later."""
    assert isinstance(policy.id, str)
    assert type(policy.revised) is dt.date
    for provision in policy.provisions:
        assert all(isinstance(value, str) for value in provision.cell)
        assert provision.term.last >= provision.term.first
        assert isinstance(provision.confidence, Confidence)
        assert isinstance(provision.rationale, str)
        assert provision.citations or provision.rationale.strip()
        assert provision.rationale.strip() or provision.confidence is not Confidence.JUDGMENT
        for citation in provision.citations:
            check_citation(citation)
        match provision:
            case Provision():
                assert type(provision.value) in {str, int, tuple}
                values = provision.value if isinstance(provision.value, tuple) else ()
                assert all(isinstance(value, str) for value in values)
                assert isinstance(provision.caveat, str)
                if policies.KEYS[provision.key].type == "modifier":
                    assert provision.value in {"KX", "25", "none"}
            case NotKnown():
                assert provision.reason.strip()
                assert isinstance(provision.candidates, tuple)
                assert all(isinstance(place, str) for place in provision.candidates)
    assert hash(policy) == hash(attrs.evolve(policy))
    assert pickle.loads(pickle.dumps(policy)) == policy  # noqa: S301  our own bytes


def check_citation(citation: Citation) -> None:
    assert isinstance(citation.title, str)
    assert isinstance(citation.url, str | None)


@st.composite
def garbled_texts(draw: st.DrawFn) -> str:
    """Draw the lines of a policy file with some of them lost, doubled, swapped or garbled."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        other = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["lose", "double", "swap", "replace", "garble", "cut"])):
            case "lose":
                del lines[at]
            case "double":
                lines.insert(other, lines[at])
            case "swap":
                lines[at], lines[other] = lines[other], lines[at]
            case "replace":
                lines[at] = lines[other]
            case "garble":
                place = draw(st.integers(0, len(lines[at])))
                noise = draw(st.text(max_size=3) | st.sampled_from("\"[]{}=,.#'\\\n"))
                lines[at] = lines[at][:place] + noise + lines[at][place + len(noise) :]
            case _:
                lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
    return "\n".join(lines)


@given(text=garbled_texts())
def test_a_garbled_text_is_read_or_refused(scratch: Path, text: str) -> None:
    check(written(scratch, text))


WORDS = sorted(
    {
        *policies.KEYS,
        *(choice for key in policies.KEYS.values() for choice in key.choices),
        *("none", "KX", "kx", "64490", "64999 x1", "64999", "cpt", "medicare", "beck10", "", " "),
        *("judgment", "confirmed", "secondary", "key", "for", "value", "not-known", "rationale"),
        *("caveat", *(pair for pair in policies.DIMENSIONS["family-pair"] or ())),
        *("from", "seen", "until", "citations", "jurisdictions", "unit", "title", "url", "id"),
    }
)


def texts() -> st.SearchStrategy[str]:
    return st.sampled_from(WORDS) | st.text(max_size=5)


def scalars() -> st.SearchStrategy[object]:
    days = st.dates(dt.date(1999, 1, 1), dt.date(2030, 1, 1))
    times = st.datetimes(dt.datetime(1999, 1, 1), dt.datetime(2030, 1, 1))  # noqa: DTZ001
    return st.one_of(
        texts(), st.booleans(), st.integers(-9, 99999), st.floats(), days, times, st.times()
    )


def values() -> st.SearchStrategy[object]:
    return st.recursive(
        scalars(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3),
        max_leaves=4,
    )


def places(node: object, above: Where = ()) -> Iterator[Where]:
    """Yield the place of everything in a document."""
    items: list[tuple[str | int, object]] = []
    if isinstance(node, dict):
        items = list(node.items())
    elif isinstance(node, list):
        items = list(enumerate(node))
    for key, value in items:
        yield (*above, key)
        yield from places(value, (*above, key))


@st.composite
def changed_documents(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a policy document in which some values are lost, renamed, copied or of another type."""
    document: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        known = list(places(document))
        if not known:
            break
        *above, key = draw(st.sampled_from(known))
        parent: Any = document
        for step in above:
            parent = parent[step]
        match draw(st.sampled_from(["change", "lose", "add", "copy"])):
            case "change":
                parent[key] = draw(values())
            case "lose":
                del parent[key]
            case "add" if isinstance(parent, dict):
                parent[draw(texts())] = draw(values())
            case "copy" if isinstance(parent, dict):
                parent[draw(texts())] = copy.deepcopy(parent[key])
            case _:
                parent.append(copy.deepcopy(parent[key]) if draw(st.booleans()) else draw(values()))
    return document


def quoted(text: str) -> str:
    """Write a text as a TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def inline(value: object) -> str:
    """Write a value of TOML on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case dt.date() | dt.time():  # and a datetime, which is a date
            return value.isoformat()
        case list():
            return f"[{', '.join(map(inline, value))}]"
        case dict():
            pairs = (f"{quoted(key)} = {inline(item)}" for key, item in value.items())
            return f"{{ {', '.join(pairs)} }}"
        case _:
            return str(value)


def is_tables(value: object) -> bool:
    """Whether a value is written as [[tables]]."""
    return isinstance(value, list) and bool(value) and all(isinstance(i, dict) for i in value)


def toml(document: dict[str, Any]) -> str:
    """Write a document as policy files are written: values, then tables, then [[tables]]."""
    plain = {key: v for key, v in document.items() if not isinstance(v, dict) and not is_tables(v)}
    tables = {key: v for key, v in document.items() if isinstance(v, dict)}
    lines = [f"{quoted(key)} = {inline(value)}" for key, value in plain.items()]
    for key, table in tables.items():
        lines += [f"[{quoted(key)}]", *(f"{quoted(k)} = {inline(v)}" for k, v in table.items())]
    for key in document.keys() - plain.keys() - tables.keys():
        head = f"[[{key}]]" if key == "provisions" else f"[[{quoted(key)}]]"
        for entry in document[key]:
            lines += [head, *(f"{quoted(k)} = {inline(v)}" for k, v in entry.items())]
    return "\n".join(lines)


@pytest.mark.parametrize("index", range(len(DOCUMENTS)), ids=policies.ids())
def test_the_writer_of_these_tests_writes_what_was_read(index: int) -> None:
    assert tomllib.loads(toml(DOCUMENTS[index])) == DOCUMENTS[index]


@pytest.mark.parametrize("index", range(len(DOCUMENTS)), ids=policies.ids())
def test_a_document_that_was_not_changed_is_read(scratch: Path, index: int) -> None:
    packaged = policies.get(policies.ids()[index])

    policy = policies.load(written(scratch, toml(DOCUMENTS[index])))

    assert policy.id == "changed"
    assert policy.extends is packaged.extends
    assert policy.provisions == tuple(
        attrs.evolve(provision, policy="changed") for provision in packaged.provisions
    )


def test_a_text_that_was_not_garbled_is_read(scratch: Path) -> None:
    policy = policies.load(written(scratch, "\n".join(LINES)))

    assert policy.changes(since=dt.date(2021, 1, 1))
    assert len(policy.provisions) == len(policies.get("medicare").provisions)


@settings(max_examples=300)
@given(document=changed_documents())
def test_a_changed_document_is_read_or_refused(scratch: Path, document: dict[str, Any]) -> None:
    text = toml(document)
    tomllib.loads(text)

    check(written(scratch, text))


def test_modifiers_are_those_of_the_reference_given(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        'id = "own"\ntitle = "Own"\npayer = "nobody"\nrevised = 2026-03-02\nextends = "cpt"\n\n'
        '[[provisions]]\nkey = "modifier.separate-visit"\nvalue = "25"\nseen = 2026-03-02\n'
        'citations = ["beck10"]\nconfidence = "secondary"\n'
    )
    without = packaged().with_tables(modifiers=[])

    assert policies.load(file).provisions
    with pytest.raises(PolicyFileError) as refused:
        policies.load(file, reference=without)
    assert "write a modifier that reports a separate visit" in str(refused.value)
