"""A table of your own decides which policy a location selects, and the region of a past session."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from cptfacet import policies
from cptfacet.checking import check_claim, check_claims
from cptfacet.claims import Claim, ClaimType, Location, parse_line
from cptfacet.coding import CodedSession, code_session
from cptfacet.dates import EffectivePeriod
from cptfacet.notes import NoteId
from cptfacet.past import history_from_sessions
from cptfacet.reference import Reference, packaged
from cptfacet.repairing import repair_claim
from cptfacet.rulebook import turning_days
from cptfacet.sessions import Session, parse_session
from cptfacet.unknown import Unknown

MEDICARE = policies.get("medicare-je")
DAY = dt.date(2026, 6, 1)
KNOWN = packaged()


def claim(*lines: str) -> Claim:
    return Claim(
        claim_type=ClaimType.PROFESSIONAL,
        date=DAY,
        diagnoses=("M47.812",),
        place_of_service="11",
        lines=tuple(map(parse_line, lines)),
    )


def session(*joints: str) -> Session:
    return parse_session(
        date=DAY.isoformat(), technique="mbb", guidance="fluoroscopy", joints=list(joints)
    )


def test_without_the_map_of_joints_the_region_of_an_earlier_session_is_not_known() -> None:
    reference = KNOWN.with_tables(coverage_regions=[])
    read = history_from_sessions([session("L4-5:right")], policy=MEDICARE, reference=reference)

    assert [past.region for past in read.history.sessions] == [None]


OHIO, TEXAS = Location(state="OH"), Location(state="TX")


def moved(location: Location, to: Location) -> Reference:
    """Return the packaged reference with the area of one location in the jurisdiction of another."""
    area, other = (KNOWN.area(each, on=DAY) for each in (location, to))
    assert not isinstance(area, Unknown)
    assert not isinstance(other, Unknown)
    named = {name: getattr(other, name) for name in ("jurisdiction", "mac", "policy")}
    return KNOWN.with_rows(areas=[attrs.evolve(area, **named)])


def test_an_area_of_your_own_selects_the_policy_in_every_verb() -> None:
    other = moved(OHIO, TEXAS)
    billed = attrs.evolve(claim("64493-RT"), location=OHIO)
    done = attrs.evolve(session("L4-5:right"), location=OHIO)

    for reference, policy in ((KNOWN, "medicare-j15"), (other, "medicare-jh")):
        checked = check_claim(billed, policy="medicare", reference=reference)
        repaired = repair_claim(billed, policy="medicare", reference=reference)
        [several] = check_claims([billed], policy="medicare", reference=reference)
        coded = code_session(done, policy="medicare", reference=reference)

        assert checked.under.policy == several.under.policy == policy
        assert repaired.report.under.policy == policy
        assert isinstance(coded, CodedSession)
        assert coded.claim.policy == policy
        assert not [note for note in coded.notes if note.id is NoteId.JURISDICTION]


@pytest.mark.parametrize("table", ["areas", "counties", "zip_codes"])
def test_without_a_table_of_places_the_location_selects_no_policy(table: str) -> None:
    where = {
        "areas": OHIO,
        "counties": Location(state="VA", county="Fairfax County"),
        "zip_codes": Location(zip="22201"),
    }[table]
    without = KNOWN.with_tables(**{table: []})
    billed = attrs.evolve(claim("64493-RT"), location=where)

    assert check_claim(billed, policy="medicare").under.policy != "medicare"
    assert check_claim(billed, policy="medicare", reference=without).under.policy == "medicare"


def test_the_place_of_a_claim_does_not_divide_its_terms() -> None:
    """Where a location lies selects the policy before any term is compiled."""
    area = KNOWN.areas[0]
    term = EffectivePeriod(start=dt.date(2026, 5, 17))
    other = KNOWN.with_rows(areas=[attrs.evolve(area, term=term)])

    assert dt.date(2026, 5, 17) in other.turning_days()
    assert dt.date(2026, 5, 17) not in turning_days(MEDICARE, other)
