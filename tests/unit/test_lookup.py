"""A look-up by name answers from the reference data it is given."""

import datetime as dt

import attrs
import pytest

from cptfacet import lookup
from cptfacet.errors import UnknownIdError
from cptfacet.reference import Reference, packaged

DAY = dt.date(2026, 3, 2)


def shown(name: str, reference: Reference | None = None) -> lookup.Shown:
    [found] = lookup.find(name, on=DAY, reference=reference)
    return found


@pytest.mark.parametrize(
    ("table", "name", "field"), [("procedures", "64493", "label"), ("modifiers", "KX", "meaning")]
)
def test_a_row_of_your_own(table: str, name: str, field: str) -> None:
    [row] = getattr(packaged(), table).about(name)
    mine = packaged().with_rows(**{table: [attrs.evolve(row, **{field: "mine"})]})

    assert shown(name, mine).data[field] == "mine"
    assert shown(name).data[field] != "mine"


@pytest.mark.parametrize(("table", "name"), [("procedures", "64493"), ("modifiers", "KX")])
def test_a_table_without_rows(table: str, name: str) -> None:
    with pytest.raises(UnknownIdError, match=name):
        lookup.find(name, reference=packaged().with_tables(**{table: []}))


def test_joints_and_nerves() -> None:
    without = packaged().with_tables(innervations=[], code_regions=[])

    assert shown("L4-5", without).data["nerves"] == []
    assert "not known" in shown("L4-5", without).data["note"]
    assert shown("L4-5", without).data["code_region"] == []
    assert shown("TON").data["completes_alone"] == ["C2-C3"]
    assert shown("TON", without).data["completes_alone"] == []


def test_what_the_example_of_a_rule_finds() -> None:
    without = packaged().with_tables(mues=[])

    assert shown("mue-exceeded").data["finds"]
    assert shown("mue-exceeded", without).data["finds"] == []


@pytest.mark.parametrize("policy", [64493, ["medicare"]])
def test_a_policy_of_another_type(policy: object) -> None:
    with pytest.raises(TypeError, match="pass an id such as 'medicare'"):
        lookup.find("64493", policy=policy)  # type: ignore[arg-type]
