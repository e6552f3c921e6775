"""A table of the reference decides the answers that rest on it, and no others."""

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
from cptfacet.reference.editions import Edition, Release
from cptfacet.reference.edits import Mai, MueRow
from cptfacet.repairing import repair_claim
from cptfacet.rulebook import turning_days
from cptfacet.sessions import Session, parse_session
from cptfacet.unknown import Unknown

MEDICARE = policies.get("medicare-je")
DAY = dt.date(2026, 6, 1)
KNOWN = packaged()
FACILITY = ClaimType.ASC_FACILITY


def claim(*lines: str, claim_type: ClaimType = ClaimType.PROFESSIONAL, place: str = "11") -> Claim:
    return Claim(
        claim_type=claim_type,
        date=DAY,
        diagnoses=("M47.812",),
        place_of_service=place,
        lines=tuple(map(parse_line, lines)),
    )


def rules(checked: Claim, reference: Reference) -> set[str]:
    report = check_claim(checked, policy=MEDICARE, reference=reference)
    return {found.rule for found in report.findings}


SEVERAL = claim("64493-RT x3", "64635-RT", "99213", "64494-50-KX x1", place="29")
CENTER = claim("64493-RT", "64494-RT", claim_type=FACILITY, place="24")


@pytest.mark.parametrize(
    ("table", "checked", "rests"),
    [
        ("mues", SEVERAL, {"mue-exceeded"}),
        ("pairs", SEVERAL, {"pair-without-modifier"}),
        ("diagnoses", SEVERAL, {"diagnosis-region-differs"}),
        ("spine_parts", SEVERAL, {"diagnosis-region-differs"}),
        ("asc_statuses", CENTER, {"asc-packaged"}),
    ],
)
def test_a_reference_without_a_table_lacks_the_findings_that_rest_on_it(
    table: str, checked: Claim, rests: set[str]
) -> None:
    without = KNOWN.with_tables(**{table: []})

    assert rules(checked, KNOWN) - rules(checked, without) == rests
    assert rules(checked, without) < rules(checked, KNOWN)


def test_a_newer_edition_decides_and_is_cited() -> None:
    newer = Edition(
        id="mue-own",
        first=dt.date(2026, 5, 1),
        last=dt.date(2026, 9, 30),
        citations=tuple(attrs.evolve(c, id="own-mue") for c in KNOWN.mues[0].edition.citations),
    )
    row = MueRow(units=2, mai=Mai.DAY_BY_POLICY, rationale="CMS Policy")
    with pytest.raises(ValueError, match="two editions speak for the same days"):
        KNOWN.with_rows(mues=[Release(edition=newer, rows={"64493": row})])
    release = next(r for r in KNOWN.mues if r.edition.id == "mue-2026q2")
    other = KNOWN.with_rows(
        mues=[
            attrs.evolve(
                release,
                edition=attrs.evolve(newer, id="mue-2026q2"),
                rows={**release.rows, "64493": row},
            )
        ]
    )
    report = check_claim(SEVERAL, policy=MEDICARE, reference=other)
    [found] = [f for f in report.findings if f.rule == "mue-exceeded"]

    assert [c.id for c in found.citations] == ["own-mue"]
    assert report.under.own_tables == other.own_tables == ("mues: mue-2026q2",)
    assert check_claim(SEVERAL, policy=MEDICARE).under.own_tables == ()


def session(*joints: str) -> Session:
    return parse_session(
        date=DAY.isoformat(), technique="mbb", guidance="fluoroscopy", joints=list(joints)
    )


def test_the_map_of_joints_decides_coding_and_history() -> None:
    turned = [
        attrs.evolve(fact, region=KNOWN.code_regions.about("C3-C4")[0].region)
        if fact.joint == "L4-L5"
        else fact
        for fact in KNOWN.code_regions
    ]
    other = KNOWN.with_tables(code_regions=turned)
    coded = [
        code_session(session("L4-5:right"), policy=MEDICARE, reference=reference)
        for reference in (KNOWN, other)
    ]

    assert [c.claim.lines[0].code for c in coded if isinstance(c, CodedSession)] == [
        *("64493", "64490")
    ]
    counted = KNOWN.with_tables(coverage_regions=[])
    read = history_from_sessions([session("L4-5:right")], policy=MEDICARE, reference=counted)
    assert [past.region for past in read.history.sessions] == [None]


def test_a_row_with_another_key_is_the_only_change() -> None:
    row = KNOWN.places.about("24")[0]
    other = KNOWN.with_rows(places=[attrs.evolve(row, facility=None)])

    assert rules(CENTER, other) - rules(CENTER, KNOWN) == {"place-claim-type-differs"}
    assert rules(SEVERAL, other) == rules(SEVERAL, KNOWN)


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
