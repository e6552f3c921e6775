"""A place has one contractor on a date, or the answer says what is missing."""

import datetime as dt
import gc
import weakref

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cptfacet import policies
from cptfacet.claims import Claim, ClaimType, Location
from cptfacet.dates import Status
from cptfacet.policies.selection import select_policy
from cptfacet.reference import packaged
from cptfacet.reference.jurisdictions import Area, County
from cptfacet.unknown import Unknown

DAY = dt.date(2026, 3, 2)
PART_B = (ClaimType.PROFESSIONAL, ClaimType.ASC_FACILITY)
STATES = tuple(dict.fromkeys(area.state for area in packaged().areas))
DIVIDED = {county.state for county in packaged().counties}
FIELDS = {"state", "county", "zip", "claim_type", "date"}

TEXTS = st.one_of(st.none(), st.text(max_size=12))
LOCATIONS = st.builds(
    Location,
    state=st.one_of(TEXTS, st.sampled_from(STATES), st.sampled_from(STATES).map(str.lower)),
    county=st.one_of(TEXTS, st.sampled_from([c.name for c in packaged().counties])),
    zip=st.one_of(TEXTS, st.from_regex(r"[0-9]{5}(-[0-9]{4})?", fullmatch=True)),
    locality=TEXTS,
)
DATES = st.dates(min_value=dt.date(2015, 1, 1), max_value=dt.date(2030, 12, 31))


def jurisdiction(answer: Area | Unknown) -> str:
    assert isinstance(answer, Area), answer
    return answer.jurisdiction


class TestStates:
    """Each state and territory has one contractor on every day from the first that is known.

    Virginia alone is divided, for Part B, which pays professional and ASC facility claims.

    Source: mac-map-2026, locco-2020-2025, zip5-2025q4.
    """

    def test_there_are_fifty_states_the_district_and_five_territories(self) -> None:
        assert len(STATES) == 50 + 1 + 5
        assert set(STATES) >= {"DC", "AS", "GU", "MP", "PR", "VI"}
        assert {"VA"} == DIVIDED

    @pytest.mark.parametrize("claim_type", [None, *ClaimType])
    @pytest.mark.parametrize("state", sorted(set(STATES) - DIVIDED))
    def test_one_contractor_from_the_first_day_on(
        self, state: str, claim_type: ClaimType | None
    ) -> None:
        (area,) = (area for area in packaged().areas if area.state == state)
        first = area.term.first
        place = Location(state=state, county="any", locality="99")

        for day in (first, first + dt.timedelta(days=1), DAY, dt.date.max):
            assert packaged().area(place, on=day, claim_type=claim_type) is area
        before = packaged().area(place, on=first - dt.timedelta(days=1), claim_type=claim_type)
        assert isinstance(before, Unknown)
        assert before.missing == ("date",)
        assert str(first) in before.reason

    @pytest.mark.parametrize("county", packaged().counties, ids=lambda c: f"{c.name} {c.kind}")
    def test_virginia_by_county_and_claim_type(self, county: County) -> None:
        expected = "JL" if county.part == "northern" else "JM"
        for name in (
            county.name,
            f"{county.name} {county.kind}",
            f" {county.kind} OF  {county.name.upper()} ",
        ):
            place = Location(state="VA", county=name)
            for claim_type in PART_B:
                answer = packaged().area(place, on=DAY, claim_type=claim_type)
                assert jurisdiction(answer) == expected, name
            hospital = packaged().area(place, on=DAY, claim_type=ClaimType.HOSPITAL_OUTPATIENT)
            assert jurisdiction(hospital) == "JM"
            any_type = packaged().area(place, on=DAY)
            if expected == "JM":
                assert jurisdiction(any_type) == "JM"
            else:
                assert isinstance(any_type, Unknown)
                assert any_type.missing == ("claim_type",)
                assert any_type.candidates == ("JL", "JM")

    def test_a_county_has_one_part_whatever_its_kind(self) -> None:
        parts: dict[str, set[str]] = {}
        for county in packaged().counties:
            parts.setdefault(county.name.casefold(), set()).add(county.part)

        assert all(len(found) == 1 for found in parts.values())

    def test_each_jurisdiction_has_one_contractor_and_one_policy(self) -> None:
        for name in [each.id for each in packaged().find_jurisdictions()]:
            found = packaged().get_jurisdiction(name)
            assert {(a.mac, a.policy) for a in found.areas} == {(found.mac, found.policy)}
            assert found.areas
        listed = [area for each in packaged().find_jurisdictions() for area in each.areas]
        assert sorted(listed, key=str) == sorted(packaged().areas, key=str)

    def test_the_policy_of_a_jurisdiction_extends_the_shared_one(self) -> None:
        for area in packaged().areas:
            extended = policies.get(area.policy).extends
            assert extended is not None
            assert extended.id == area.shared
        (own,) = packaged().shared_policies.values()
        assert {name for name in policies.ids() if name.startswith("medicare-")} == own


class TestAnswers:
    """Whatever a place says, the answer is an area in force that day, or names what is missing.

    Source: docs/design.md, decision 5.
    """

    @given(
        place=st.one_of(st.none(), LOCATIONS),
        on=DATES,
        claim_type=st.sampled_from([None, *ClaimType]),
    )
    def test_an_area_or_what_is_missing(
        self, place: Location | None, on: dt.date, claim_type: ClaimType | None
    ) -> None:
        answer = packaged().area(place, on=on, claim_type=claim_type)

        if isinstance(answer, Area):
            assert answer.term.on(on) is Status.IN_FORCE
            assert answer.citations
            assert place is not None
            if place.state:
                assert answer.state == place.state.strip().upper()
            if claim_type is not None:
                assert claim_type in answer.claim_types
        else:
            assert answer.reason
            assert set(answer.missing) <= FIELDS
            assert answer.missing
            assert len(answer.candidates) != 1 or answer.missing == ("date",)

    @given(place=LOCATIONS, on=DATES)
    def test_no_claim_type_is_what_all_of_them_say(self, place: Location, on: dt.date) -> None:
        each = [packaged().area(place, on=on, claim_type=kind) for kind in ClaimType]
        answer = packaged().area(place, on=on)

        if isinstance(answer, Area):
            assert {jurisdiction(found) for found in each} == {answer.jurisdiction}
        else:
            agreed = {found.jurisdiction for found in each if isinstance(found, Area)}
            assert len(agreed) != 1 or any(isinstance(found, Unknown) for found in each)

    @given(place=LOCATIONS, on=DATES, claim_type=st.sampled_from(ClaimType))
    def test_the_policy_chosen_is_that_of_the_area(
        self, place: Location, on: dt.date, claim_type: ClaimType
    ) -> None:
        claim = Claim(claim_type=claim_type, lines=(), date=on, location=place)
        answer = packaged().area(place, on=on, claim_type=claim_type)
        for name in policies.ids():
            default = policies.get(name)
            chosen = select_policy(claim, default=default).id
            named = select_policy(
                Claim(claim_type=claim_type, lines=(), date=on, location=place, policy=name),
                default="cpt",
            ).id
            expected = name
            if isinstance(answer, Area) and name == answer.shared:
                expected = answer.policy
            assert chosen == named == expected == select_policy(claim, name).id


NOT_PLACED = {
    "nothing": (None, ("state", "zip"), "no state is given"),
    "a locality alone": (Location(locality="01"), ("state", "zip"), "no state is given"),
    "blank": (Location(state=" ", zip=""), ("state", "zip"), "no state is given"),
    "a full name": (Location(state="Ohio"), ("state",), "write its two letters"),
    "no state": (Location(state="XX"), ("state",), "'XX' is not a state or territory"),
    "a code of CMS": (Location(state="WM"), ("state",), "'WM' is not a state"),
    "no ZIP": (Location(zip="2220"), ("zip",), "write its five digits"),
    "no ZIP beside a state": (Location(state="OH", zip="x"), ("zip",), "write its five digits"),
    "unknown ZIP": (Location(zip="00000"), ("state",), "unknown ZIP code '00000'"),
    "unassigned ZIP": (Location(zip="00100"), ("state",), "unknown ZIP code '00100'"),
    "another state": (
        Location(state="OH", zip="90001"),
        ("state", "zip"),
        "ZIP code 90001 is in CA, and the state given is OH",
    ),
    "a ZIP in two states": (Location(zip="97635"), ("state",), "crosses a state line"),
    "an island of no map": (Location(zip="96940"), ("state",), "who serves PW"),
    "divided": (Location(state="va"), ("county", "zip"), "VA is divided by county"),
    "divided, unknown ZIP": (
        Location(state="VA", zip="20000"),
        ("county", "zip"),
        "VA is divided by county",
    ),
    "divided, split ZIP": (
        Location(state="VA", zip="22206"),
        ("county", "zip"),
        "VA is divided by county",
    ),
    "misspelt": (
        Location(state="VA", county="Fairfacks County"),
        ("county",),
        "'Fairfacks County' is not a county or independent city of VA; did you mean Fairfax?",
    ),
    "no county": (Location(state="VA", county="Los Angeles"), ("county",), "is not a county"),
    "two parts": (
        Location(state="VA", county="Richmond", zip="22201"),
        ("county", "zip"),
        "are in different parts of VA",
    ),
}


@pytest.mark.parametrize("name", NOT_PLACED)
def test_what_does_not_tell_its_place(name: str) -> None:
    place, missing, words = NOT_PLACED[name]

    answer = packaged().area(place, on=DAY, claim_type=ClaimType.PROFESSIONAL)

    assert isinstance(answer, Unknown)
    assert answer.missing == missing
    assert words in answer.reason


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Location(state=" oh "), "J15"),
        (Location(zip="22201"), "JL"),
        (Location(zip=" 22201-1234 "), "JL"),
        (Location(zip="222011234"), "JL"),
        (Location(state="VA", zip="22201"), "JL"),
        (Location(state="VA", zip="23219"), "JM"),
        (Location(state="VA", zip="22201", county="Arlington"), "JL"),
        (Location(state="VA", zip="22206", county="Arlington"), "JL"),
        (Location(state="VA", zip="20000", county="Henrico County"), "JM"),
        (Location(state="OR", zip="97635"), "JF"),
        (Location(state="OH", zip="00000"), "J15"),
        (Location(state="OH", county="Fairfacks"), "J15"),
    ],
    ids=str,
)
def test_what_tells_its_place(place: Location, expected: str) -> None:
    answer = packaged().area(place, on=DAY, claim_type=ClaimType.PROFESSIONAL)

    assert jurisdiction(answer) == expected


def test_a_day_before_the_first_that_is_known_names_the_days() -> None:
    answer = packaged().area(Location(state="OH"), on=dt.date(2015, 1, 1))

    assert isinstance(answer, Unknown)
    assert answer.reason == (
        "no source we have read states which MAC served OH on 2015-01-01;"
        " what we know is seen 2020-10-01"
    )


def test_a_state_without_an_area_for_the_claim_type_misses_the_claim_type() -> None:
    (ohio,) = packaged().areas.about("OH")
    data = packaged().with_rows(areas=[attrs.evolve(ohio, claim_types=(ClaimType.PROFESSIONAL,))])

    answer = data.area(Location(state="OH"), on=DAY, claim_type=ClaimType.ASC_FACILITY)

    assert isinstance(answer, Unknown)
    assert answer.missing == ("claim_type",)
    assert (
        answer.reason == "no source we have read states which MAC serves OH for asc-facility claims"
    )


def test_no_location_or_reference_of_a_caller_is_kept() -> None:
    data = packaged().with_rows(areas=[attrs.evolve(packaged().areas[0], note="ours")])
    kept = weakref.ref(data.areas)

    data.area(Location(state="OH"), on=DAY)
    del data
    gc.collect()

    assert kept() is None


def test_a_zip_code_tells_nothing_before_its_file() -> None:
    """The file is of October 2025; what it contradicts is contradicted on every day."""
    eve = dt.date(2025, 9, 30)
    ohio, virginia = Location(zip="43004"), Location(state="VA", zip="22201")

    for place, missing in ((ohio, ("state",)), (virginia, ("county", "zip"))):
        before = packaged().area(place, on=eve, claim_type=ClaimType.PROFESSIONAL)
        after = packaged().area(
            place, on=eve + dt.timedelta(days=1), claim_type=ClaimType.PROFESSIONAL
        )
        assert isinstance(before, Unknown)
        assert before.missing == missing
        assert isinstance(after, Area)
    crossed = packaged().area(Location(state="OH", zip="90001"), on=eve)
    assert isinstance(crossed, Unknown)


def test_a_claim_without_a_date_keeps_its_policy() -> None:
    claim = Claim(claim_type=ClaimType.PROFESSIONAL, lines=(), location=Location(state="OH"))
    medicare = policies.get("medicare")

    assert select_policy(claim, default=medicare) is medicare
