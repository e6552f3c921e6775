"""Rules are code, numbers are data: what a module may not hold as a literal.

Docstrings are free: an example can name a code. A rule module holds no code, modifier, diagnosis, date
or fee-schedule symbol; no other module holds a code.
"""

import ast
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "cptfacet"
RULE_MODULES = (  # a module or a package of that name
    *("addons", "bilateral", "checking", "coding", "decoding"),
    *("history", "past", "repairing", "treated"),
)
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
RULE_FILES = [name for name in MODULES if name.split("/")[0].removesuffix(".py") in RULE_MODULES]

PROCEDURE = re.compile(r"(?<![0-9A-Za-z])(?:\d{5}|\d{4}T|[A-Z]\d{4})(?![0-9A-Za-z])")
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
DIAGNOSIS = re.compile(
    r"(?<![\w.])[A-TV-Z]\d[0-9AB]\.[0-9A-Z]{1,4}(?!\w)"  # anywhere in a text, with its dot
    r"|^[A-TV-Z]\d[0-9AB][0-9A-Z]{1,4}$"  # the whole text, without the dot
    r"|^[ABD-KM-RV-Z]\d[0-9AB]$"  # a category; C, L, S, T with two digits may be vertebrae
)
SYMBOL = re.compile(r"\d|0[0-9]0|MMM|XXX|YYY|ZZZ|[A-Z]\d")  # of the fee schedules
DATE_MAKERS = {"date", "datetime"}


def modifiers() -> frozenset[str]:
    """Read every modifier that the packaged table knows."""
    with (PACKAGE / "data" / "codes" / "modifiers.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return frozenset(row["code"] for row in rows)


def literals(tree: ast.Module) -> Iterator[ast.Constant]:
    """Find every literal but docstrings, which stand alone as a statement, and names in `__all__`."""
    passed_over = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=names)):
                passed_over.update(map(id, names))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in passed_over:
            yield node


def codes_in(source: str) -> list[str]:
    """List the places where a module has a procedure code in a text."""
    return [
        f"line {node.lineno}: {node.value!r} holds a procedure code"
        for node in literals(ast.parse(source))
        if isinstance(node.value, str) and PROCEDURE.search(node.value)
    ]


def facts_in(source: str) -> list[str]:
    """List where a rule module has a modifier, diagnosis, date, fee-schedule symbol or code."""
    tree = ast.parse(source)
    known = modifiers()
    found: list[str] = []
    for node in literals(tree):
        if isinstance(node.value, str):
            if node.value.strip(" -").upper() in known:
                found.append(f"line {node.lineno}: {node.value!r} is a modifier")
            if DIAGNOSIS.search(node.value):
                found.append(f"line {node.lineno}: {node.value!r} holds a diagnosis")
            if ISO_DATE.search(node.value):
                found.append(f"line {node.lineno}: {node.value!r} holds a date")
            if SYMBOL.fullmatch(node.value):
                found.append(f"line {node.lineno}: {node.value!r} is a fee-schedule symbol")
        elif isinstance(node.value, int) and PROCEDURE.fullmatch(str(node.value)):
            found.append(f"line {node.lineno}: {node.value!r} may be a procedure code")
    found += [f"line {node.lineno}: a date made of literals" for node in dates(tree)]
    return found


def dates(tree: ast.Module) -> Iterator[ast.Call]:
    """Find every call of `date(...)`, however it is reached, with a whole number written in it."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in DATE_MAKERS:
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                if any(isinstance(x, ast.Constant) and isinstance(x.value, int) for x in given):
                    yield node


@pytest.mark.parametrize("module", MODULES)
def test_no_module_holds_a_code(module: str) -> None:
    assert codes_in((PACKAGE / module).read_text(encoding="utf-8")) == []


def test_every_rule_module_is_read() -> None:
    read = {name.split("/")[0].removesuffix(".py") for name in RULE_FILES}

    assert read == set(RULE_MODULES)


@pytest.mark.parametrize("module", RULE_FILES)
def test_no_rule_module_holds_a_fact(module: str) -> None:
    assert facts_in((PACKAGE / module).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("source", ["x = '64493'", "x = f'{y} needs 0213T'", "x = {'J1100': 1}"])
def test_a_code_is_seen(source: str) -> None:
    assert codes_in(source)


@pytest.mark.parametrize(
    "source",
    [
        *("x = '1'", "x = '010'", "x = 'ZZZ'", "x = 'N1'"),
        *("x = 64493", "x = '50'", "x = 'kx'", "x = 'M47.816'", "x = 'M47816'", "x = 'M47'"),
        *(
            "x = '2026-03-02'",
            "x = date(2026, 3, 2)",
            "x = datetime.date(year=2026, month=m, day=1)",
        ),
    ],
)
def test_a_fact_is_seen(source: str) -> None:
    assert facts_in(source)


@pytest.mark.parametrize(
    "source",
    [
        "'''64493-50 on 2026-03-02.'''",
        "x = 'L4-L5'",
        "x = 'T12'",
        "x = 'one-line-50'",
        "x = date(y, m, d)",
    ],
)
def test_what_is_neither_is_not_seen(source: str) -> None:
    assert codes_in(source) + facts_in(source) == []
