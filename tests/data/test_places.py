"""The tables of places: well formed, and equal to the files from which they were made."""

import csv
import datetime as dt
import gzip
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from cptfacet import _data
from cptfacet.citations import Confidence
from cptfacet.errors import UnknownIdError
from cptfacet.reference import packaged

SHARED = Path(__file__).parents[2].parent / "shared"
COLUMNS = {
    "areas": (
        "state,name,part,claim_types,jurisdiction,mac,policy,shared,from,seen,until,"
        "confidence,citations,note"
    ),
    "counties": "state,name,kind,part,seen,confidence,citations",
    "zips": "first,state,part,split,last,seen,confidence,citations",
}
# CMS writes two states by halves
HALVES = {"EK": "KS", "WK": "KS", "EM": "MO", "WM": "MO"}
UNMAPPED = {"FM", "MH", "PW"}


def rows(table: str) -> list[dict[str, str]]:
    return list(_data.read_csv(f"places/{table}.csv"))


def shared(*names: str) -> Path:
    """Return a file beside the repository, or skip the test if it is not there."""
    path = SHARED.joinpath(*names)
    if not path.is_file():
        pytest.skip(f"needs {names[-1]} of the folder of facts beside the repository")
    return path


# -- well formed


def test_the_tables() -> None:
    names = sorted(entry.name for entry in (_data.root() / "places").iterdir())

    assert names == sorted(f"{table}.csv" for table in COLUMNS)


@pytest.mark.parametrize("table", COLUMNS)
def test_a_table_says_what_it_is_and_has_its_columns(table: str) -> None:
    lines = _data.read_text(f"places/{table}.csv").splitlines()
    head = [line.partition(":")[0] for line in itertools.takewhile(lambda x: x[0] == "#", lines)]

    assert head[:4] == ["# What", "# Publisher", "# Upstream edition", "# Retrieved"]
    for row in rows(table):
        assert ",".join(row) == COLUMNS[table]
        assert all(cell == cell.strip() for cell in row.values())


@pytest.mark.parametrize("table", COLUMNS)
def test_every_row_is_dated_and_cites_sources_that_exist(table: str) -> None:
    for row in rows(table):
        term, cited = _data.term_of(row), row["citations"].split(";")
        assert term.start or term.seen
        assert not (term.start and term.seen)
        assert term.first <= term.last
        assert set(cited) <= set(_data.sources())
        assert len(set(cited)) == len(cited)
        assert Confidence(row["confidence"]) is not Confidence.JUDGMENT


def test_the_parts_of_a_state_are_those_of_its_counties_and_zips() -> None:
    parts = {(area.state, area.part) for area in packaged().areas if area.part}

    assert parts == {("VA", "northern"), ("VA", "rest")}
    assert parts == {(county.state, county.part) for county in packaged().counties}
    assert parts == {(row["state"], row["part"]) for row in rows("zips") if row["part"]}
    divided = {state for state, _ in parts}
    assert all(row["part"] for row in rows("zips") if row["state"] in divided)


def test_every_state_has_zips() -> None:
    states = {area.state for area in packaged().areas}

    assert {row["state"] for row in rows("zips")} == states | UNMAPPED


def test_the_ranges_are_written_in_one_way() -> None:
    """Ascending, two digits each, and no two that touch: so a row has one text."""
    for row in rows("zips"):
        before = -2
        for stretch in row["last"].split():
            first, dash, last = stretch.partition("-")
            ends = [first, last] if dash else [first]
            assert all(len(end) == 2 and end.isdecimal() for end in ends)
            numbers = list(map(int, ends))
            assert numbers[0] > before + 1
            assert numbers == sorted(set(numbers))
            before = numbers[-1]
        assert len(row["first"]) == 3
        assert row["split"] in {"", "Y"}


def test_no_zip_stands_twice() -> None:
    seen: set[str] = set()
    for row in rows("zips"):
        for stretch in row["last"].split():
            first, _, last = stretch.partition("-")
            codes = {f"{row['first']}{n:02}" for n in range(int(first), int(last or first) + 1)}
            assert not codes & seen
            seen |= codes
    assert len(seen) == 42_956


def test_counties_are_those_of_virginia() -> None:
    kinds = [county.kind for county in packaged().counties]

    assert (kinds.count("county"), kinds.count("city")) == (95, 39)  # Bedford was a city to 2013
    assert len({(c.name, c.kind) for c in packaged().counties}) == len(kinds)


# -- against what they were made from


def test_the_map_is_that_of_the_facts() -> None:
    with shared("facts", "mac_jurisdictions.csv").open(encoding="utf-8", newline="") as file:
        facts = list(csv.DictReader(file))
    expected = {
        (row["mac"], row["jurisdiction"], state.strip()[:2])
        for row in facts
        for state in row["states"].split(";")
    }
    found = {
        (area.mac.removesuffix(" GBA"), area.jurisdiction, area.state) for area in packaged().areas
    }

    assert found == {(mac.removesuffix(" GBA"), place, state) for mac, place, state in expected}


# the first two digits of a contract number: its jurisdiction
CONTRACTS = {
    "01": "JE", "02": "JF", "03": "JF", "04": "JH", "05": "J5", "06": "J6", "07": "JH",
    "08": "J8", "09": "JN", "10": "JJ", "11": "JM", "12": "JL", "13": "JK", "14": "JK",
    "15": "J15",
}  # fmt: skip


def localities() -> Iterator[tuple[str, str, str]]:
    """Yield release, contract and state of each locality."""
    path = shared("facts", "data", "locality_county.csv")
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name in row["state"].upper().split("/"):
                yield row["release"], row["mac"], name.strip()


def test_every_locality_file_names_the_contract_of_the_same_jurisdiction() -> None:
    names = {area.name.upper(): area.state for area in packaged().areas}
    by_state: dict[str, set[str]] = {}
    releases: dict[str, set[str]] = {}
    for release, contract, name in localities():
        by_state.setdefault(names[name], set()).add(CONTRACTS[contract[:2]])
        releases.setdefault(names[name], set()).add(release)

    for area in packaged().areas:
        if area.term.seen == dt.date(2020, 10, 1):
            assert len(releases[area.state]) == 6
            if area.state != "VA":
                assert by_state[area.state] == {area.jurisdiction}
        else:
            assert area.state not in by_state
    assert by_state["VA"] == {"JM"}  # the northern part stands with the District of Columbia


def test_the_northern_part_is_what_every_locality_file_puts_under_the_other_contract() -> None:
    path = shared("facts", "data", "locality_county.csv")
    with path.open(encoding="utf-8", newline="") as file:
        listed = [row for row in csv.DictReader(file) if row["mac"] == "12202"]
    northern = {
        c.name.upper() + (" CITY" if c.kind == "city" else "")
        for c in packaged().counties
        if c.part == "northern"
    }

    assert len(listed) == 6
    for row in listed:
        (within,) = (p for p in row["counties"].split(";") if p.endswith(" IN VIRGINIA"))
        assert {n.strip() for n in within.removesuffix(" IN VIRGINIA").split(",")} == northern


def test_each_zip_is_as_in_the_file_of_cms() -> None:
    """Cell by cell: state, contract and plus-four flag of all 100,000 possible codes."""
    path = shared("cms", "zip", "ZIP5_OCT2025.txt.gz")
    with gzip.open(path, "rt", encoding="ascii") as file:
        file_of_cms = {line[2:7]: (line[:2], line[7:12], line[20]) for line in file}
    by_part = {
        (area.state, area.part): area.jurisdiction
        for area in reversed(packaged().areas)
        if area.part or area.state != "VA"
    }

    for number in range(100_000):
        code = f"{number:05}"
        if code not in file_of_cms:
            with pytest.raises(UnknownIdError):
                packaged().get_zip_code(code)
            continue
        state, contract, flag = file_of_cms[code]
        found = packaged().get_zip_code(code)
        assert (found.state, found.split) == (HALVES.get(state, state), flag == "1")
        if found.state in UNMAPPED:
            assert contract == "01212"
        else:
            assert by_part[found.state, found.part] == CONTRACTS[contract[:2]]
