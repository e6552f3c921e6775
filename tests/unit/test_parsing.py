"""Every word has its parse function, of one signature and with one kind of error."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import pytest

import cptfacet
from cptfacet.errors import ParseError
from cptfacet.levels import read_levels
from cptfacet.modifiers import is_modifier
from cptfacet.procedures import is_code

# A text that each one reads, and what an error about garbage says would be right.
WORDS = {
    "anatomy.parse_joint": ("L4-5", "L4-L5"),
    "agents.parse_agent": ("prp", "local-anesthetic, corticosteroid, contrast"),
    "anatomy.parse_nerve": ("L4", "L4"),
    "anatomy.parse_nerves": ("S1-S3 lateral branches", "L4"),
    "anatomy.parse_side": ("left", "left, right or bilateral"),
    "claims.parse_claim_type": ("professional", "professional, asc-facility, hospital-outpatient"),
    "claims.parse_frequency": ("replacement", "original, replacement, void"),
    "claims.parse_line": ("64493-50 x1", "CODE-50-KX x1"),
    "claims.parse_purpose": ("diagnostic", "diagnostic, therapeutic"),
    "dates.parse_date": ("2026-03-02", "YYYY-MM-DD"),
    "modifiers.parse_modifier": ("KX", "two letters or digits"),
    "procedures.parse_code": ("64493", "five digits"),
    "reference.diagnoses.parse_diagnosis": ("M47.816", "a letter and two more characters"),
    "reference.jurisdictions.parse_zip": ("22201", "five digits"),
    "reference.places.parse_place": ("11", "two digits"),
    "sessions.parse_guidance": ("fluoroscopy", "fluoroscopy, ct, ultrasound, mri, none"),
    "sessions.parse_target": ("L4-5:left", "L4-L5"),
    "sessions.parse_technique": ("mbb", "medial-branch-block"),
    "sessions.parse_treated_nerve": ("L4:left", "L4"),
    "sessions.parse_treated_nerves": ("left L3, L4 and L5", "L4"),
}
OTHERS = {"sessions.parse_session"}  # it takes many words
GARBAGE = ("?", "", "  ", "\N{BONE}", "L4-5 and L5-S1", "x" * 10_000, "64493\x00")


def parsing(name: str) -> Callable[..., Any]:
    module, _, function = name.rpartition(".")
    parse: Callable[..., Any] = getattr(importlib.import_module(f"cptfacet.{module}"), function)
    return parse


def test_every_public_parse_function_is_listed() -> None:
    """Each stands in the ``__all__`` of the module that has its type, and nowhere else."""
    found: set[str] = set()
    for each in pkgutil.walk_packages(cptfacet.__path__, "cptfacet."):
        if not any(part.startswith("_") for part in each.name.split(".")):
            names = getattr(importlib.import_module(each.name), "__all__", ())
            short = each.name.removeprefix("cptfacet.")
            found |= {f"{short}.{name}" for name in names if name.startswith("parse_")}

    assert found == WORDS.keys() | OTHERS


@pytest.mark.parametrize("name", WORDS)
def test_it_takes_one_text(name: str) -> None:
    parse = parsing(name)
    right, _ = WORDS[name]

    assert [*inspect.signature(parse).parameters] == ["text"]
    assert parse(right) == parse(f"  {right} ") == parse(right.lower()) == parse(right.upper())


@pytest.mark.parametrize("text", GARBAGE, ids=lambda text: repr(text[:12]))
@pytest.mark.parametrize("name", WORDS)
def test_garbage_is_refused_with_what_would_be_right(name: str, text: str) -> None:
    with pytest.raises(ParseError) as error:
        parsing(name)(text)

    said = str(error.value)
    assert error.value.text == text.partition(":")[0] or error.value.text == text
    assert " is not a" in said
    assert len(said) < 600
    if text == "?":
        assert WORDS[name][1] in said


# What they show instead of a call, since no module holds a code.
IN_WORDS = {
    "claims.parse_line": "the line as text, such as 'CODE-50 x1'",
    "procedures.is_code": "the code as text, in quotes",
    "procedures.parse_code": "the code as text, in quotes",
    "reference.diagnoses.parse_diagnosis": "the code as text, in quotes",
    "reference.jurisdictions.parse_zip": "the ZIP code as text, in quotes",
}
OF_OTHER_TYPES = (None, 64493, 4.5, b"L4-5", ["L4-5"], {"L4-5": 1}, object())


@pytest.mark.parametrize("value", OF_OTHER_TYPES)
@pytest.mark.parametrize("name", IN_WORDS)
def test_another_type_of_code_is_refused_in_words(name: str, value: object) -> None:
    with pytest.raises(TypeError) as error:
        parsing(name)(value)

    said, _, hint = str(error.value).partition(": write ")
    assert said.startswith("text takes a str, not ")
    assert hint == IN_WORDS[name]


@pytest.mark.parametrize("value", OF_OTHER_TYPES)
@pytest.mark.parametrize(
    "name", sorted({*WORDS, "levels.read_levels", "modifiers.is_modifier"} - IN_WORDS.keys())
)
def test_another_type_is_refused_with_a_call_that_works(name: str, value: object) -> None:
    parse = parsing(name)
    pattern = rf"^text takes a str, not (None|an? \w+): write {parse.__name__}\(.+\)$"
    with pytest.raises(TypeError, match=pattern) as error:
        parse(value)

    example = str(error.value).partition("write ")[2]
    text = example.partition('"')[2].rpartition('"')[0]
    assert parse(text) is not None


def test_what_asks_a_question_of_a_text_answers_it() -> None:
    assert (is_code("64493"), is_code("6449"), is_modifier("KX"), is_modifier("")) == (
        True,
        False,
        True,
        False,
    )
    assert read_levels("L4-5")
