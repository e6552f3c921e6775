"""A look-up by name answers from the reference data it is given."""

import datetime as dt
from typing import get_type_hints

import attrs
import pytest

from cptfacet import lookup
from cptfacet.claims import ClaimType, Location
from cptfacet.dates import EffectivePeriod
from cptfacet.errors import ParseError, UnknownIdError
from cptfacet.indicators import Indicator, Indicators
from cptfacet.reference import Reference, packaged
from cptfacet.unknown import Unknown

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


def test_a_state_lists_the_counties_in_force_on_the_date() -> None:
    county, *others = packaged().counties
    ended = attrs.evolve(
        county, term=EffectivePeriod(start=dt.date(2020, 1, 1), until=dt.date(2025, 12, 31))
    )
    mine = packaged().with_tables(counties=[ended, *others])
    parts = shown("state:VA", mine).data["parts"]

    assert sum(map(len, parts.values())) == len(others)
    assert sum(map(len, shown("state:VA").data["parts"].values())) == len(others) + 1


def test_a_provision_misspelled_suggests_the_near_ones() -> None:
    with pytest.raises(UnknownIdError, match=r"did you mean modifier\.diagnostic"):
        lookup.find("provision:modifier.diagnostc")


SYMBOLS = Indicator.__subclasses__()


def test_every_indicator_has_a_meaning() -> None:
    kinds = [kind for kind in get_type_hints(Indicators).values() if kind in SYMBOLS]

    assert set(kinds) == set(SYMBOLS)
    assert all(symbol.label for kind in SYMBOLS for symbol in kind)


@pytest.mark.parametrize("zip_code", ["10001", "22201", "23220"])
def test_a_zip_code_has_the_mac_that_serves_it(zip_code: str) -> None:
    place = Location(zip=zip_code)
    found = [packaged().area(place, on=DAY, claim_type=kind) for kind in ClaimType]
    listed = [area["policy"] for area in shown(f"zip:{zip_code}").data["areas"]]

    assert {area.policy for area in found if not isinstance(area, Unknown)} == {*listed}


@pytest.mark.parametrize("text", ["64493.0", "64493.00", " 11.0 "])
def test_what_a_spreadsheet_has_read_as_a_number(text: str) -> None:
    with pytest.raises(ParseError, match=f"write {text.strip().partition('.')[0]}$"):
        lookup.find(text)
