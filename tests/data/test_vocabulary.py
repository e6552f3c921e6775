"""The vocabulary of provisions: each key is documented, well formed, and of use to somebody."""

import ast
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

import cptfacet
from cptfacet import _data, policies
from cptfacet.policies import Key, Provision, model

PACKAGE = Path(str(cptfacet.__file__)).parent
KEYS = policies.vocabulary()

TYPES = {"choice", "list", "some", "count", "modifier", "modifiers", "codes", "lines", "document"}
OPEN = {"add-on", "rule"}  # dimensions whose values can't be listed
# dimension: its values, in order
DIMENSIONS: dict[str, tuple[str, ...] | None] = {
    "technique": (
        "intra-articular-injection",
        "medial-branch-block",
        "thermal-radiofrequency-ablation",
        "cooled-radiofrequency-ablation",
        "pulsed-radiofrequency-ablation",
        "chemical-neurolysis",
        "cryoablation",
        "laser-ablation",
        "open-denervation",
        "endoscopic-denervation",
        "facet-cyst-rupture",
    ),
    "guidance": ("fluoroscopy", "ct", "ultrasound", "mri", "none", "not-stated"),
    "role": ("primary", "injection-add-on", "ablation-add-on"),
    "claim-type": ("professional", "asc-facility", "hospital-outpatient"),
    "family": ("image-guided-injection", "ultrasound-injection", "ablation"),
    "family-pair": (
        "image-guided-injection+ultrasound-injection",
        "image-guided-injection+ablation",
        "ultrasound-injection+ablation",
    ),
    "add-on": None,
    "rule": None,
    "procedure": ("diagnostic-injection", "therapeutic-injection", "ablation"),
    "group": (
        "imaging-guidance",
        "sedation",
        "anesthesia",
        "epidural",
        "trigger-point",
        "sympathetic-block",
        "sacroiliac",
        "peripheral-nerve",
        "implant",
        "unlisted-nervous",
        "evaluation",
    ),
}
# key: its type, its dimensions, whether a root policy may leave cells out
VOCABULARY: dict[str, tuple[str, tuple[str, ...], str]] = {
    "coding.family": ("choice", ("technique", "guidance"), "not-allowed"),
    "coding.instead": ("lines", ("technique", "guidance"), "allowed"),
    "coding.overlapping-injections": ("choice", (), "not-allowed"),
    "coding.injection-at-ablated-joint": ("choice", (), "not-allowed"),
    "coding.thoracolumbar": ("choice", ("family",), "not-allowed"),
    "coding.family-pairs": ("choice", ("family-pair", "claim-type"), "allowed"),
    "levels.order": ("choice", (), "not-allowed"),
    "levels.third-side": ("choice", (), "not-allowed"),
    "laterality.format": ("choice", ("role", "claim-type"), "not-allowed"),
    "modifier.diagnostic": ("modifier", ("family",), "not-allowed"),
    "modifier.order": ("list", (), "not-allowed"),
    "addon.primaries": ("codes", ("add-on",), "allowed"),
    "coverage.document": ("document", (), "allowed"),
    "billing.document": ("document", (), "allowed"),
    "checks.families": ("some", (), "not-allowed"),
    "checks.severity": ("choice", ("rule",), "allowed"),
    "levels.max": ("count", ("family",), "allowed"),
    "regions.max": ("count", (), "allowed"),
    "sessions.max": ("count", ("procedure",), "allowed"),
    "sessions.pooled.max": ("count", (), "allowed"),
    "sessions.window": ("count", (), "allowed"),
    "diagnostic.interval": ("count", (), "allowed"),
    "diagnostic.after-ablation": ("count", (), "allowed"),
    "coverage.family": ("choice", ("family",), "allowed"),
    "coverage.group": ("choice", ("group",), "allowed"),
    "coverage.technique": ("choice", ("technique",), "allowed"),
    "coverage.sedation": ("choice", ("family",), "allowed"),
    "coverage.other-blocks": ("choice", (), "allowed"),
    "imaging.separate": ("choice", ("family",), "allowed"),
    "laterality.side": ("choice", (), "allowed"),
    "diagnosis.stated": ("choice", (), "allowed"),
    "modifiers.max": ("count", (), "allowed"),
    "modifier.separate-visit": ("modifier", (), "allowed"),
    "modifier.expected-denial": ("modifiers", (), "allowed"),
    "modifier.pair": ("modifiers", (), "allowed"),
    "facility.asc-list": ("choice", (), "allowed"),
    "authorization.codes": ("codes", ("claim-type",), "allowed"),
    "authorization.number-length": ("count", (), "allowed"),
    "authorization.valid-days": ("count", (), "allowed"),
}
UNITS = {
    "levels.max": "levels",
    "regions.max": "regions",
    "sessions.max": "sessions",
    "sessions.pooled.max": "sessions",
    "sessions.window": "months",
    "diagnostic.interval": "days",
    "diagnostic.after-ablation": "months",
    "modifiers.max": "modifiers",
    "authorization.number-length": "characters",
    "authorization.valid-days": "days",
}
# key of the type modifier: the role of the modifier that it names
ROLES = {
    "modifier.diagnostic": "requirements-met",
    "modifier.separate-visit": "separate-visit",
}
CHOICES: dict[str, tuple[str, ...]] = {
    "coding.family": (
        "image-guided-injection",
        "ultrasound-injection",
        "ablation",
        "other-code",
        "ask",
    ),
    "coding.overlapping-injections": ("one-level",),
    "coding.injection-at-ablated-joint": ("included", "separate"),
    "coding.thoracolumbar": ("by-code-region", "one-group"),
    "coding.family-pairs": ("paid-when-distinct", "never-paid-together"),
    "levels.order": ("bilateral-first",),
    "levels.third-side": ("bilateral-if-any",),
    "laterality.format": ("one-line-50", "two-units", "rt-lt-lines", "plain-then-50"),
    "modifier.order": ("payment", "laterality", "informational"),
    "checks.families": (
        "validity",
        "form",
        "add-ons",
        "laterality",
        "units",
        "pairs",
        "imaging",
        "levels",
        "purpose",
        "diagnosis",
        "sedation",
        "services",
        "frequency",
        "authorization",
        "documentation",
    ),
    "checks.severity": ("error", "warning", "info"),
    "coverage.family": ("covered", "not-covered"),
    "coverage.group": ("not-covered",),
    "coverage.technique": ("not-covered",),
    "coverage.sedation": ("not-covered", "with-reason"),
    "coverage.other-blocks": ("look-again", "only-with-cyst", "one-type-a-day"),
    "imaging.separate": ("included", "separate"),
    "facility.asc-list": ("asc-addenda",),
    "laterality.side": ("named", "optional"),
    "diagnosis.stated": ("required",),
}


@functools.cache
def literals() -> frozenset[str]:
    """Give every text that stands in a module of the package, docstrings aside."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and id(node) not in documentation:
                found.add(str(node.value))
    return frozenset(found)


def test_the_keys_of_the_vocabulary() -> None:
    assert {name: (k.type, k.dimensions, k.gaps) for name, k in KEYS.items()} == VOCABULARY
    assert {name: k.choices for name, k in KEYS.items() if k.choices} == CHOICES
    assert [name for name, key in KEYS.items() if key.name != name] == []


def test_units_belong_to_counts_and_roles_to_modifiers() -> None:
    assert {name: key.unit for name, key in KEYS.items() if key.unit} == UNITS
    assert {name: key.role for name, key in KEYS.items() if key.role} == ROLES
    assert {name for name, key in KEYS.items() if key.type == "count"} == set(UNITS)
    assert {name for name, key in KEYS.items() if key.type == "modifier"} == set(ROLES)


def test_a_value_is_a_text_a_number_or_a_tuple_of_texts() -> None:
    assert policies.Value == str | int | tuple[str, ...]


def test_the_dimensions_and_their_values() -> None:
    assert dict(policies.DIMENSIONS) == DIMENSIONS
    assert {name for name, values in DIMENSIONS.items() if values is None} == OPEN
    assert {d for key in KEYS.values() for d in key.dimensions} == set(DIMENSIONS)


# -- nobody changes it, since every policy is read by it

CHANGES: dict[str, Callable[[Any], object]] = {
    "set": lambda table: table.__setitem__("coding.family", None),
    "delete": lambda table: table.__delitem__("coding.family"),
    "clear": lambda table: table.clear(),
    "pop": lambda table: table.pop("coding.family"),
    "popitem": lambda table: table.popitem(),
    "setdefault": lambda table: table.setdefault("coding.new", None),
    "update": lambda table: table.update({"coding.family": None}),
    "merge": lambda table: table.__ior__({"coding.family": None}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
@pytest.mark.parametrize(
    "table", [policies.vocabulary(), policies.DIMENSIONS], ids=["vocabulary", "dimensions"]
)
def test_the_tables_are_read_only(table: Any, change: Callable[[Any], object]) -> None:  # noqa: ANN401  what a careless caller has
    before = dict(table)

    with pytest.raises((TypeError, AttributeError)):
        change(table)

    assert dict(table) == before
    assert policies.vocabulary() is policies.vocabulary()


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_a_key_is_read_only(key: Any) -> None:  # noqa: ANN401  what a careless caller has
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        key.choices = ()


# -- each key


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_of_use(name: str) -> None:
    stated = {p.key for policy in policies.ids() for p in policies.get(policy).provisions}

    assert name in stated or name in literals()


@pytest.mark.parametrize("name", KEYS)
def test_a_key_that_no_policy_may_leave_out_is_read_by_a_rule(name: str) -> None:
    if KEYS[name].gaps == "not-allowed":
        assert name in literals()


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_a_key_is_documented_and_well_formed(key: Key) -> None:
    room, _, what = key.name.partition(".")

    assert room
    assert what
    assert key.name == key.name.lower()
    assert key.meaning.endswith(".")
    assert len(key.meaning.split()) > 3
    assert key.type in TYPES == set(model._TYPES)
    assert set(key.dimensions) <= set(policies.DIMENSIONS)
    assert len(set(key.dimensions)) == len(key.dimensions)
    assert key.gaps in {"allowed", "not-allowed"}
    assert key.unit is None or key.unit
    assert key.use in {"coding", "checking"}


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_choices_belong_to_types_that_choose(key: Key) -> None:
    assert bool(key.choices) is (key.type in {"choice", "list", "some"})
    assert len(set(key.choices)) == len(key.choices)


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_only_a_closed_dimension_can_be_without_gaps(key: Key) -> None:
    if key.gaps == "not-allowed":
        assert not OPEN & set(key.dimensions)


def test_each_key_says_itself_whether_it_may_have_gaps() -> None:
    entries = _data.read_toml("policies/vocabulary.toml")["keys"]

    assert [name for name, entry in entries.items() if "gaps" not in entry] == []
    assert [name for name, entry in entries.items() if "dimensions" not in entry] == []


def test_the_families_that_a_cell_may_name_are_among_the_choices_of_family() -> None:
    choices = set(KEYS["coding.family"].choices)

    assert {"other-code", "ask"} < choices
    for policy in policies.ids():
        cells = {p.cell for p in policies.get(policy).provisions if p.key == "modifier.diagnostic"}
        assert {family for (family,) in cells} <= choices


WRONG: dict[str, list[object]] = {
    "choice": ["", "two-levels", "One-Line-50", True, 1, None, [], ["one-level"]],
    "list": [
        "payment",
        [],
        ["payment", "laterality"],
        ["payment", "laterality", "laterality"],
        ["payment", "laterality", "informational", "informational"],
        ("payment", "laterality", "informational"),  # a file has lists
        True,
        3,
        None,
    ],
    "some": ["units", [], ["unit"], ["form", "form"], ["form", None], [["form"]], ("form",), True, 1, None],
    "count": ["", "2", -1, 2.0, True, False, None, [], [2], {"levels": 2}],
    "modifiers": ["50", [], ["ZZ"], ["50", "50"], ["kx"], [50], [None], [["50"]], ("50",), True, None],
    "modifier": ["", "-KX", "kx", "Kx", " KX", "KX ", "KX\n", "K", "KXX", "50", "RT", "59", "ZZ", "None", 50,
                 True, None, ["KX"], "GA"],
    "codes": ["64490", [], ["6449"], [" 64490"], ["0213t"], [64490], ["64490", None], 64490, True, None],
    "lines": ["64999 x1", [], ["64999"], ["64999 X1"], ["64999x1"], [" 64999 x1"], [64999], 64999, True, None],
    "document": ["", " L38803", "L38803 ", "L38803\n", "L  38803", "LCD", "L38803;", "-1", 38803, True, None, ["L38803"]],
}  # fmt: skip
WRONG_VALUES = [
    pytest.param(key, value, id=f"{key.name}-{value!r}")
    for key in KEYS.values()
    for value in WRONG[key.type]
]
RIGHT: dict[str, list[object]] = {
    "list": [
        ["payment", "laterality", "informational"],
        ["informational", "payment", "laterality"],
    ],
    "some": [["form"], ["pairs", "units", "documentation"]],
    "count": [0, 1, 14, 10**30],
    "modifiers": [["50"], ["GA", "GZ", "XS"]],
    "modifier": ["none"],
    "codes": [["64490"], ["64490", "0213T", "G0260"]],
    "lines": [["64999 x1"], ["64493-50-KX x1", "64494-50 x2"]],
    "document": ["L38803", "A58405", "NDRP-Surg-008", "CPB 0016", "MA03.002s"],
}


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_what_a_key_allows(key: Key) -> None:
    for value in RIGHT.get(key.type, list(key.choices)):
        assert model.check_value(value, key) == ""


def test_a_modifier_is_one_of_the_role_of_its_key() -> None:
    diagnostic, visit = KEYS["modifier.diagnostic"], KEYS["modifier.separate-visit"]

    assert model.check_value("KX", diagnostic) == model.check_value("25", visit) == ""
    assert "that attests requirements" in model.check_value("25", diagnostic)
    assert "that marks a separate visit" in model.check_value("KX", visit)


@pytest.mark.parametrize("dimension", policies.DIMENSIONS)
def test_a_cell_names_what_its_dimension_has(dimension: str) -> None:
    wrong = ["", "Rule 7", " 64494", "64494 ", "-", "two-", None, 3, ["ablation"]]
    fits = (
        DIMENSIONS[dimension]
        or {"add-on": ("64494", "0214T"), "rule": ("two-regions", "x1")}[dimension]
    )

    assert all(model.stands_in(dimension, value) for value in fits)
    assert not any(model.stands_in(dimension, value) for value in wrong)


@pytest.mark.parametrize(("key", "value"), WRONG_VALUES)
def test_what_a_key_does_not_allow(key: Key, value: object) -> None:
    assert model.check_value(value, key).startswith(("write ", "list "))


@pytest.mark.parametrize("name", policies.ids())
def test_what_the_packaged_policies_say_is_allowed(name: str) -> None:
    for provision in policies.get(name).provisions:
        if isinstance(provision, Provision):
            value = provision.value
            written = list(value) if isinstance(value, tuple) else value
            assert model.check_value(written, KEYS[provision.key]) == "", provision
            assert provision.unit == KEYS[provision.key].unit


def test_no_packaged_policy_brings_sources_of_its_own() -> None:
    """One registry, `data/sources.toml`, holds every source that packaged data cite."""
    names = sorted(entry.name for entry in (_data.root() / "policies").iterdir())

    assert names == sorted(f"{name}.toml" for name in (*policies.ids(), "vocabulary"))
    for name in names:
        assert "sources" not in _data.read_toml(f"policies/{name}"), name


def test_the_vocabulary_begins_by_saying_what_it_is() -> None:
    first, second, *_ = _data.read_text("policies/vocabulary.toml").splitlines()

    assert first.startswith("# What: ")
    assert second.startswith("# Publisher: ")
