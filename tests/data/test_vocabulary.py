"""The vocabulary of provisions: each key is documented, well formed, and of use to somebody."""

import ast
import datetime as dt
import functools
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

import attrs
import pytest

import cptfacet
from cptfacet import _data, policies
from cptfacet.policies import Key, Provision, model
from cptfacet.policies.vocabulary import (
    CODING_FAMILY,
    MODIFIER_DIAGNOSTIC,
    NO_MODIFIER,
    Uncoded,
    is_in_dimension,
)
from cptfacet.procedures import Family
from cptfacet.reference import packaged

PACKAGE = Path(str(cptfacet.__file__)).parent
KEYS = policies.KEYS

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
    "agent": (
        "local-anesthetic",
        "corticosteroid",
        "contrast",
        "anti-inflammatory",
        "platelet-rich-plasma",
        "proliferant",
        "other",
    ),
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
        "joint-injection",
        "implant",
        "drug",
        "contrast",
        "regenerative",
        "unlisted-nervous",
        "evaluation",
    ),
}
# key: its type, its dimensions, whether a policy that extends none answers each cell
VOCABULARY: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "coding.family": ("choice", ("technique", "guidance"), True),
    "coding.instead": ("lines", ("technique", "guidance"), False),
    "coding.agent": ("lines", ("agent",), False),
    "coding.overlapping-injections": ("choice", (), True),
    "coding.injection-at-ablated-joint": ("choice", (), True),
    "coding.thoracolumbar": ("choice", ("family",), True),
    "coding.family-pairs": ("choice", ("family-pair", "claim-type"), False),
    "levels.order": ("choice", (), True),
    "levels.third-side": ("choice", (), True),
    "laterality.format": ("choice", ("role", "claim-type"), True),
    "modifier.diagnostic": ("modifier", ("family",), True),
    "modifier.order": ("list", (), True),
    "addon.primaries": ("codes", ("add-on",), False),
    "coverage.document": ("document", (), False),
    "billing.document": ("document", (), False),
    "checks.families": ("some", (), True),
    "checks.severity": ("choice", ("rule",), False),
    "levels.max": ("count", ("family",), False),
    "regions.max": ("count", (), False),
    "sessions.max": ("count", ("procedure",), False),
    "sessions.pooled.max": ("count", (), False),
    "sessions.window": ("count", (), False),
    "diagnostic.interval": ("count", (), False),
    "diagnostic.after-ablation": ("count", (), False),
    "coverage.family": ("choice", ("family",), False),
    "coverage.procedure": ("choice", ("procedure",), False),
    "coverage.group": ("choice", ("group",), False),
    "coverage.technique": ("choice", ("technique",), False),
    "coverage.agent": ("choice", ("agent",), False),
    "coverage.sedation": ("choice", ("family",), False),
    "coverage.other-blocks": ("choice", (), False),
    "imaging.separate": ("choice", ("family",), False),
    "laterality.side": ("choice", (), False),
    "laterality.accepted": ("some", ("role", "claim-type"), False),
    "diagnosis.stated": ("choice", (), False),
    "modifiers.max": ("count", (), False),
    "modifier.separate-visit": ("modifier", (), False),
    "modifier.expected-denial": ("modifiers", (), False),
    "modifier.pair": ("modifiers", (), False),
    "payment.fee-schedule": ("choice", (), False),
    "facility.asc-list": ("choice", (), False),
    "authorization.codes": ("codes", ("claim-type",), False),
    "authorization.unsettled-codes": ("codes", ("claim-type",), False),
    "authorization.number-length": ("count", (), False),
    "authorization.valid-days": ("count", (), False),
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
    "coverage.procedure": ("covered", "not-covered"),
    "coverage.group": ("not-covered",),
    "coverage.technique": ("not-covered",),
    "coverage.agent": ("covered", "not-covered"),
    "coverage.sedation": ("not-covered", "with-reason"),
    "coverage.other-blocks": ("each-justified", "only-with-cyst", "one-type-a-day"),
    "imaging.separate": ("included", "separate"),
    "payment.fee-schedule": ("physician-fee-schedule",),
    "facility.asc-list": ("asc-addenda",),
    "laterality.side": ("named", "optional"),
    "laterality.accepted": ("one-line-50", "two-units", "rt-lt-lines", "plain-then-50"),
    "diagnosis.stated": ("required",),
}


@functools.cache
def literals() -> frozenset[str]:
    """List every text in a module of the package, docstrings aside."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and id(node) not in documentation:
                found.add(str(node.value))
    return frozenset(found)


def test_the_keys_of_the_vocabulary() -> None:
    assert {name: (k.type, k.dimensions, k.required) for name, k in KEYS.items()} == VOCABULARY
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
    "table", [policies.KEYS, policies.DIMENSIONS], ids=["vocabulary", "dimensions"]
)
def test_the_tables_are_read_only(table: Any, change: Callable[[Any], object]) -> None:  # noqa: ANN401  what a careless caller has
    before = dict(table)

    with pytest.raises((TypeError, AttributeError)):
        change(table)

    assert dict(table) == before


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
    if KEYS[name].required:
        assert name in literals()


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_a_key_is_documented_and_well_formed(key: Key[object]) -> None:
    room, _, what = key.name.partition(".")

    assert room
    assert what
    assert key.name == key.name.lower()
    assert key.meaning.endswith(".")
    assert len(key.meaning.split()) > 3
    assert key.type in TYPES == set(model._TYPES)
    assert set(key.dimensions) <= set(policies.DIMENSIONS)
    assert len(set(key.dimensions)) == len(key.dimensions)
    assert key.unit is None or key.unit


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_choices_belong_to_types_that_choose(key: Key[object]) -> None:
    assert bool(key.choices) is (key.type in {"choice", "list", "some"})
    assert len(set(key.choices)) == len(key.choices)


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_only_a_closed_dimension_can_be_without_gaps(key: Key[object]) -> None:
    if key.required:
        assert not OPEN & set(key.dimensions)


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
    "count": [14],
    "modifiers": [["50"], ["GA", "GZ", "XS"]],
    "modifier": ["none"],
    "codes": [["64490"], ["64490", "0213T", "G0260"]],
    "lines": [["64999 x1"], ["64493-50-KX x1", "64494-50 x2"]],
    "document": ["L38803", "A58405", "NDRP-Surg-008", "CPB 0016", "MA03.002s"],
}


def _right(key: Key[object]) -> list[object]:
    """Return values that a key allows."""
    if key.type == "count":
        return [key.values.least, key.values.least + 1, *RIGHT["count"], key.values.most]
    if key.type == "some":
        return [[key.choices[0]], [key.choices[2], key.choices[1]]]
    return RIGHT.get(key.type, list(key.choices))


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_what_a_key_allows(key: Key[object]) -> None:
    for value in _right(key):
        assert model.check_value(value, key, reference=packaged()) == ""


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_code_works_with_what_a_file_writes(key: Key[object]) -> None:
    """A choice is a member of an enum of that value, and a list a tuple of them."""
    for choice in key.choices:
        read = key.read((choice,) if key.type != "choice" else choice)
        members = read if isinstance(read, tuple) else (read,)
        assert [(isinstance(m, Enum), str(m)) for m in members] == [(True, choice)]
    for value in _right(key) if key.type not in {"choice", "some"} else []:
        read = key.read(tuple(value) if isinstance(value, list) else value)  # type: ignore[arg-type]
        if key.type == "lines":
            assert [line.text for line in read] == value  # type: ignore[attr-defined]
        elif value == NO_MODIFIER:
            assert read is None
        else:
            assert read == (tuple(value) if isinstance(value, list) else value)


def test_a_technique_belongs_to_a_family_or_to_none() -> None:
    assert CODING_FAMILY.read("ablation") is Family.ABLATION
    assert CODING_FAMILY.read("ask") is Uncoded.ASK
    assert MODIFIER_DIAGNOSTIC.read("KX") == "KX"


def test_a_modifier_is_one_of_the_role_of_its_key() -> None:
    diagnostic, visit = KEYS["modifier.diagnostic"], KEYS["modifier.separate-visit"]

    assert (
        model.check_value("KX", diagnostic, reference=packaged())
        == model.check_value("25", visit, reference=packaged())
        == ""
    )
    assert "that attests that requirements are met" in model.check_value(
        "25", diagnostic, reference=packaged()
    )
    assert "that reports a separate visit" in model.check_value("KX", visit, reference=packaged())


@pytest.mark.parametrize("dimension", policies.DIMENSIONS)
def test_a_cell_names_what_its_dimension_has(dimension: str) -> None:
    wrong = ["", "Rule 7", " 64494", "64494 ", "-", "two-", None, 3, ["ablation"]]
    fits = (
        DIMENSIONS[dimension]
        or {"add-on": ("64494", "0214T"), "rule": ("two-regions", "x1")}[dimension]
    )

    assert all(is_in_dimension(dimension, value) for value in fits)
    assert not any(is_in_dimension(dimension, value) for value in wrong)


@pytest.mark.parametrize(("key", "value"), WRONG_VALUES)
def test_what_a_key_does_not_allow(key: Key[object], value: object) -> None:
    assert model.check_value(value, key, reference=packaged()).startswith(("write ", "list "))


@pytest.mark.parametrize("name", policies.ids())
def test_what_the_packaged_policies_say_is_allowed(name: str) -> None:
    for provision in policies.get(name).provisions:
        if isinstance(provision, Provision):
            value = provision.value
            written = list(value) if isinstance(value, tuple) else value
            assert model.check_value(written, KEYS[provision.key], reference=packaged()) == "", (
                provision
            )
            assert provision.unit == KEYS[provision.key].unit


def test_no_packaged_policy_brings_sources_of_its_own() -> None:
    """One registry, `data/sources.toml`, holds every source that packaged data cite."""
    names = sorted(entry.name for entry in (_data.root() / "policies").iterdir())

    assert names == sorted(f"{name}.toml" for name in policies.ids())
    for name in names:
        assert "sources" not in _data.read_toml(f"policies/{name}"), name


COUNTS = [key for key in KEYS.values() if key.type == "count"]


@pytest.mark.parametrize("key", COUNTS, ids=lambda key: key.name)
def test_a_count_has_a_range(key: Key[object]) -> None:
    least, most = key.values.least, key.values.most
    for value in (least, least + 1, most):
        assert not model.check_value(value, key)
    for wrong in (least - 1, most + 1, 10**5000, True, float(most), str(most), None):
        assert f"{least} or more and {most:,} at most" in model.check_value(wrong, key)


@pytest.mark.parametrize("key", COUNTS, ids=lambda key: key.name)
@pytest.mark.parametrize("end", ["least", "most"])
def test_both_ends_of_a_range_can_be_checked(key: Key[object], end: str) -> None:
    """A policy that loads answers: a window of 0 months did not."""
    base = policies.get("medicare-jk")
    value = getattr(key.values, end)
    stated = {
        each.cell: attrs.evolve(each, value=value)
        for policy in base.lineage()
        for each in policy.provisions
        if each.key == key.name and isinstance(each, Provision)
    }
    others = (each for each in base.provisions if each.key != key.name)
    mine = attrs.evolve(base, provisions=(*others, *stated.values()))
    for day in (dt.date(1, 1, 1), dt.date(2026, 3, 2), dt.date.max):
        session = cptfacet.parse_session(
            date=day, technique="mbb", purpose="diagnostic", guidance="ct", joints=["L4-5:left"]
        )
        before = cptfacet.parse_session(
            date=max(day, dt.date(1, 1, 2)) - dt.timedelta(1),
            technique="thermal-rfa",
            guidance="ct",
            joints=["L4-5:left"],
        )
        past = cptfacet.history_from_sessions([before], policy=mine)
        line = cptfacet.parse_line("64493-LT-KX")
        claim = cptfacet.Claim(
            claim_type=cptfacet.ClaimType.HOSPITAL_OUTPATIENT,
            date=day,
            lines=(line,),
            prior_authorization=cptfacet.PriorAuthorization(number="1" * 14, decided=before.date),
        )
        report = cptfacet.check_claim(claim, policy=mine, session=session, history=past.history)
        assert report.explain()
