"""Code asks a policy by typed keys, and one class compiles it for all who ask."""

import ast
import itertools
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

import cptfacet
from cptfacet import policies
from cptfacet.checking import Checker
from cptfacet.coding import Coder
from cptfacet.decoding import Decoder
from cptfacet.policies.vocabulary import KEYS
from cptfacet.rulebook import Compiled

PACKAGE = Path(str(cptfacet.__file__)).parent
MODULES = [  # the reference knows no policy, and its files have words of their own
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name != "vocabulary.py" and path.parent.name != "reference"
]
CHOICES = {choice for key in KEYS.values() for choice in key.choices}


def compared(tree: ast.AST) -> Iterator[object]:
    """Yield every text that something is compared with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                for each in ast.walk(side):
                    if isinstance(each, ast.Constant):
                        yield each.value


def asked(tree: ast.AST) -> Iterator[object]:
    """Yield the first argument of each call of a method that asks a policy."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"get", "ask", "stated", "provision", "value"}
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.args[0].value


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_value_of_a_policy_is_compared_with_a_text(path: Path) -> None:
    """A choice misspelled as a member of an enum fails type checking; a text would never match."""
    tree = ast.parse(path.read_text(encoding="utf-8"))

    assert not CHOICES.intersection(t for t in compared(tree) if isinstance(t, str))
    assert not KEYS.keys() & {t for t in compared(tree) if isinstance(t, str)}
    assert not KEYS.keys() & {t for t in asked(tree) if isinstance(t, str)}


def test_what_is_forbidden_is_seen() -> None:
    tree = ast.parse('policy.get("levels.max", on=day); found.value in ("one-group", None)')

    assert list(asked(tree)) == ["levels.max"]
    assert list(compared(tree)) == ["one-group", None]


@pytest.mark.parametrize("kind", [Coder, Decoder, Checker])
def test_one_class_compiles_for_all(kind: type[Compiled]) -> None:
    made = kind("cpt")
    sent = pickle.loads(pickle.dumps(made))  # noqa: S301  what was made here

    assert isinstance(made, Compiled)
    assert repr(made) == repr(sent) == f"{kind.__name__}(policy='cpt')"
    assert (sent.policy, sent.reference) == (made.policy, made.reference)


def test_a_checker_shares_its_rulebook() -> None:
    checker = Checker(policies.get("medicare"))

    assert checker._coder._rulebook is checker._decoder._rulebook is checker._rulebook


def test_terms_follow_each_other_without_a_gap() -> None:
    rulebook = Checker("medicare")._rulebook
    days = rulebook._days
    for before, first in itertools.pairwise(days):
        rules = rulebook.on(before, cptfacet.ClaimType.PROFESSIONAL)
        assert rules.on == before
        assert (first - rules.last).days == 1
