"""The edit data: well formed, and equal cell by cell to the facts from which they were made."""

import csv
import datetime as dt
import itertools
from pathlib import Path

import pytest

from cptfacet import _data, edits
from cptfacet.citations import Confidence
from cptfacet.claims import ClaimType
from cptfacet.editions import Basis, NotInData
from cptfacet.errors import ParseError, UnknownIdError
from cptfacet.procedures import is_code
from cptfacet.reference import packaged

SHARED = Path(__file__).parents[2].parent / "shared"
COLUMNS = {
    "editions": "table,service,edition,first,last,claim_types,covers,confidence,citations,note",
    "mue": "service,code,units,mai,rationale,editions",
}
PROFESSIONAL, ASC, HOSPITAL = ClaimType
DAY = dt.timedelta(days=1)


def rows(table: str) -> list[dict[str, str]]:
    return list(_data.read_csv(f"edits/{table}.csv"))


def read_facts(name: str) -> list[dict[str, str]]:
    """Read one of the tables of facts, or skip the test where they are not here."""
    path = SHARED / "facts" / name
    if not path.is_file():
        pytest.skip(f"needs {name} of the folder of facts beside the repository")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def dated(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# -- well formed


def test_the_tables() -> None:
    names = sorted(entry.name for entry in (_data.root() / "edits").iterdir())

    assert names == sorted(f"{table}.csv" for table in COLUMNS)


@pytest.mark.parametrize("table", COLUMNS)
def test_a_table_says_what_it_is_and_has_its_columns(table: str) -> None:
    lines = _data.read_text(f"edits/{table}.csv").splitlines()
    head = [line.partition(":")[0] for line in itertools.takewhile(lambda x: x[0] == "#", lines)]

    assert head[:4] == ["# What", "# Publisher", "# Upstream edition", "# Retrieved"]
    for row in rows(table):
        assert ",".join(row) == COLUMNS[table]
        assert all(cell == cell.strip() for cell in row.values())


def test_every_edition_is_dated_and_cites_sources_that_exist() -> None:
    for row in rows("editions"):
        cited = row["citations"].split(";")
        assert dated(row["first"]) <= dated(row["last"])
        assert dated(row["first"]) <= packaged().edition
        assert set(cited) <= set(_data.sources())
        assert len(set(cited)) == len(cited)
        assert Confidence(row["confidence"]) is not Confidence.JUDGEMENT


def test_the_editions_that_claims_of_a_type_meet_do_not_overlap() -> None:
    tables = {row["table"] for row in rows("editions")}
    for table, claim_type in itertools.product(tables, ClaimType):
        met = [read.edition for read in edits._met(table, claim_type)]
        for before, after in itertools.pairwise(met):
            assert before.last < after.first


# -- medically unlikely edits


class TestMue:
    """The table holds what the publisher's editions state, each for its own quarter."""

    def test_every_row_names_editions_that_cover_its_code(self) -> None:
        read = {(r.edition.id, r.service): r for r in edits._read("mue")}
        for row in rows("mue"):
            listed = row["editions"].split(";")
            assert is_code(row["code"])
            assert int(row["units"]) >= 0
            assert row["mai"] in set(edits.Mai)
            assert sorted(set(listed)) == listed
            assert all(read[edition, row["service"]].covered(row["code"]) for edition in listed)

    def test_an_edition_states_one_value_for_a_code(self) -> None:
        stated = [
            (edition, row["service"], row["code"])
            for row in rows("mue")
            for edition in row["editions"].split(";")
        ]

        assert len(set(stated)) == len(stated)

    def test_it_equals_the_facts(self) -> None:
        """Cell by cell, the edits of suppliers of equipment left out."""
        facts = {
            (f"mue-{r['edition'].lower()}", r["service"].replace("_", "-"), r["code"]): (
                *(r["eff_from"], r["mue"], r["mai"], r["rationale"]),
            )
            for r in read_facts("data/mue.csv")
            if r["service"] != "dme_supplier"
        }
        first = {(r["edition"], r["service"]): r["first"] for r in rows("editions")}
        ours = {
            (edition, row["service"], row["code"]): (
                *(first[edition, row["service"]], row["units"], row["mai"], row["rationale"]),
            )
            for row in rows("mue")
            for edition in row["editions"].split(";")
        }

        assert ours == facts

    def test_the_facts_agree_with_the_indicator_on_what_is_counted(self) -> None:
        meant = {(r["mai"], r["mai_meaning"]) for r in read_facts("data/mue.csv")}

        assert meant == {
            (edits.Mai.DAY_BY_POLICY, "date_of_service_policy_absolute"),
            (edits.Mai.DAY_BY_CLINICAL_DATA, "date_of_service_clinical"),
        }

    def test_each_edition_is_answered_for_each_of_its_days(self) -> None:
        by_id = {(r.edition.id, r.service): r.edition for r in edits._read("mue")}
        claim_types = {"practitioner": PROFESSIONAL, "outpatient-hospital": HOSPITAL}
        for row in rows("mue"):
            for name in row["editions"].split(";"):
                edition = by_id[name, row["service"]]
                for on in (edition.first, edition.last):
                    found = edits.mue(
                        row["code"], on=on, claim_type=claim_types[row["service"]], strict=True
                    )
                    assert isinstance(found, edits.Mue)
                    assert found.footing.basis is Basis.STATED
                    assert found.footing.edition == edition
                    assert found.footing.citations
                    assert (str(found.units), found.mai, found.rationale) == (
                        *(row["units"], row["mai"], row["rationale"]),
                    )

    @pytest.mark.parametrize(
        ("code", "units", "mai"),
        [
            *((code, 1, "2") for code in ("64490", "64491", "64492", "64493", "64494", "64495")),
            *(("64633", 1, "2"), ("64635", 1, "2"), ("64625", 1, "2"), ("64999", 1, "3")),
            *(("64634", 4, "3"), ("64636", 4, "3")),
        ],
    )
    def test_the_family(self, code: str, units: int, mai: str) -> None:
        """Read from the editions before and after and carried to the end of the calendar.

        Source: facts, medicare.md section 8.1, where it states them.
        """
        for on in map(
            dated, ("2024-07-01", "2025-06-01", "2026-05-01", "2026-11-01", "9999-12-31")
        ):
            for claim_type in (PROFESSIONAL, HOSPITAL):
                found = edits.mue(code, on=on, claim_type=claim_type)
                assert isinstance(found, edits.Mue)
                assert (found.units, found.mai) == (units, mai)

    def test_between_two_editions_that_differ_it_is_not_known(self) -> None:
        between = dated("2025-01-01")
        changed = edits.mue("J3300", on=between, claim_type=PROFESSIONAL)
        same = edits.mue("J3301", on=between, claim_type=PROFESSIONAL)

        assert isinstance(changed, NotInData)
        assert "differ" in changed.reason
        assert {c.id for c in changed.citations} >= {"mue-2024q3", "mue-2026q2"}
        assert isinstance(same, edits.Mue)
        assert same.footing.basis is Basis.INTERPOLATED

    def test_a_code_that_an_edition_left_out_is_not_carried_over_it(self) -> None:
        on = dated("2026-05-01")

        assert isinstance(edits.mue("J2001", on=on - 600 * DAY, claim_type=PROFESSIONAL), edits.Mue)
        gone = edits.mue("J2001", on=on, claim_type=PROFESSIONAL)
        assert isinstance(gone, NotInData)
        assert "has none" in gone.reason

    def test_an_edition_that_does_not_cover_a_code_says_nothing_of_it(self) -> None:
        found = edits.mue("27096", on=dated("2026-11-01"), claim_type=PROFESSIONAL)

        assert isinstance(found, edits.Mue)
        assert found.footing.basis is Basis.CARRIED
        assert found.footing.edition.id == "mue-2026q2"

    @pytest.mark.parametrize("code", ["64493", "99285"])
    def test_no_table_is_known_for_an_asc_facility(self, code: str) -> None:
        found = edits.mue(code, on=dated("2024-07-01"), claim_type=ASC)

        assert isinstance(found, NotInData)
        assert "which table" in found.reason

    def test_what_is_no_code_is_refused_and_what_is_not_here_is_not_known(self) -> None:
        with pytest.raises(ParseError):
            edits.mue("6449", on=dated("2024-07-01"), claim_type=PROFESSIONAL)

        assert isinstance(
            edits.mue("99285", on=dated("2024-07-01"), claim_type=PROFESSIONAL), NotInData
        )


# -- places of service


class TestPlaces:
    """The code set of CMS, with the rate of the fee schedule for each place."""

    def test_it_equals_the_facts(self) -> None:
        facts = {r["code"]: (r["name"], r["pfs_rate"]) for r in read_facts("data/pos.csv")}

        assert {
            code: (found.name, found.rate or "unassigned") for code, found in edits.places().items()
        } == facts

    def test_every_code_of_two_digits_is_one_or_refused(self) -> None:
        for number in range(100):
            code = f"{number:02}"
            if number:
                found = edits.place(f" {code} ")
                assert found.code == code
                assert found.assigned is (found.name != "Unassigned")
                assert found.citations
            else:
                with pytest.raises(UnknownIdError):
                    edits.place(code)

    @pytest.mark.parametrize("text", ["", "1", "011", "1A", "\N{ARABIC-INDIC DIGIT ONE}1"])
    def test_what_is_not_two_digits_is_refused(self, text: str) -> None:
        with pytest.raises(ParseError):
            edits.place(text)

    @pytest.mark.parametrize(
        ("code", "rate"),
        [
            *(("11", "nonfacility"), ("19", "facility"), ("21", "facility"), ("22", "facility")),
            *(("24", "facility"), ("49", "nonfacility")),
        ],
    )
    def test_where_facet_procedures_are_done(self, code: str, rate: str) -> None:
        assert edits.place(code).rate == rate
