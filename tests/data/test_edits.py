"""The edit data: well formed, and equal cell by cell to the facts from which they were made."""

import csv
import datetime as dt
import gzip
import io
import itertools
import re
import zipfile
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

import pytest

from cptfacet import _data, policies
from cptfacet.citations import Confidence
from cptfacet.claims import ClaimType
from cptfacet.errors import ParseError, UnknownIdError
from cptfacet.policies.diagnosis_lists import DiagnosisList, DiagnosisUse, diagnosis_list
from cptfacet.procedures import is_code
from cptfacet.reference import packaged
from cptfacet.reference.diagnoses import (
    Diagnosis,
    NamedPart,
    SpinePart,
    Validity,
    parse_diagnosis,
)
from cptfacet.reference.editions import Basis
from cptfacet.reference.edits import AscStatus, Mai, Mue, PairEdits, PairIndicator
from cptfacet.unknown import Unknown

SHARED = Path(__file__).parents[2].parent / "shared"
COLUMNS = {
    "diagnoses/codes": "code,billable,title,first,last",
    "diagnoses/parts": "words,part,regions,confidence,citations,note",
    "diagnoses/lists": "document,code,use,editions",
    "editions": "table,service,edition,first,last,claim_types,covers,confidence,citations,note",
    "edits/pairs": "service,column1,column2,indicator,deleted,rationale",
    "edits/pairs_unsettled": "code,other,indicator,seen,confidence,citations",
    "edits/asc": "code,addendum,indicator,discount,first,last",
    "edits/mue": "service,code,units,mai,rationale,editions",
}
PROFESSIONAL, ASC, HOSPITAL = ClaimType
CLAIM_TYPES = {"practitioner": PROFESSIONAL, "outpatient-hospital": HOSPITAL}
DAY = dt.timedelta(days=1)


def rows(table: str) -> list[dict[str, str]]:
    return list(_data.read_csv(f"{table}.csv"))


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
    names = [
        f"{folder}/{entry.name}"
        for folder in ("diagnoses", "edits")
        for entry in (_data.root() / folder).iterdir()
    ]

    assert sorted([*names, "editions.csv"]) == sorted(f"{table}.csv" for table in COLUMNS)


@pytest.mark.parametrize("table", COLUMNS)
def test_a_table_says_what_it_is_and_has_its_columns(table: str) -> None:
    lines = _data.read_text(f"{table}.csv").splitlines()
    head = [line.partition(":")[0] for line in itertools.takewhile(lambda x: x[0] == "#", lines)]

    assert head[:4] == ["# What", "# Publisher", "# Upstream edition", "# Retrieved"]
    for row in rows(table):
        assert ",".join(row) == COLUMNS[table]
        assert all(cell == cell.strip() for cell in row.values())


def test_every_edition_is_dated_and_cites_sources_that_exist() -> None:
    for row in rows("editions"):
        cited = row["citations"].split(";")
        assert dated(row["first"]) <= dated(row["last"])
        assert dated(row["first"]) <= packaged().as_of
        assert set(cited) <= set(_data.sources())
        assert len(set(cited)) == len(cited)
        assert Confidence(row["confidence"]) is not Confidence.JUDGMENT


def test_the_editions_that_claims_of_a_type_meet_do_not_overlap() -> None:
    """Of one table; the documents of payers are each one of its own."""
    tables = {row["table"] for row in rows("editions")}
    for table, claim_type in itertools.product(tables, ClaimType):
        met = [
            row
            for row in rows("editions")
            if row["table"] == table
            and (claim_type in row["claim_types"] or not row["claim_types"])
        ]
        assert len({row["service"] for row in met}) <= 1 or table == "diagnosis-list"
        for service in {row["service"] for row in met}:
            own = [row for row in met if row["service"] == service]
            for before, after in itertools.pairwise(sorted(own, key=itemgetter("first"))):
                assert before["last"] < after["first"]


# -- medically unlikely edits


def asc_lists() -> Iterator[tuple[tuple[str, str], tuple[str, str, str]]]:
    """Yield each row of the addenda AA and EE of every quarter: its day and code, and its cells."""
    for list_ in ("AA", "EE"):
        for path in sorted((SHARED / "cms" / f"asc_{list_.lower()}").glob("*.csv.gz")):
            day = f"{path.name[:4]}-{path.name[4:6]}-{path.name[6:8]}"
            with gzip.open(path, "rt", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    named = [
                        next((row[c] for c in row if part in c), "")
                        for part in ("Payment Indicator", "Discount")
                    ]
                    yield (day, row["HCPCS Code"]), (list_, named[0], named[1])


class TestMue:
    """The table holds what the publisher's editions state, each for its own quarter."""

    def test_every_row_names_editions_that_cover_its_code(self) -> None:
        read = {(r.edition.id, r.claim_types): r for r in packaged().mues}
        for row in rows("edits/mue"):
            listed = row["editions"].split(";")
            assert is_code(row["code"])
            assert int(row["units"]) >= 0
            assert row["mai"] in set(Mai)
            assert sorted(set(listed)) == listed
            assert all(
                read[edition, (CLAIM_TYPES[row["service"]],)].covered(row["code"])
                for edition in listed
            )

    def test_an_edition_states_one_value_for_a_code(self) -> None:
        stated = [
            (edition, row["service"], row["code"])
            for row in rows("edits/mue")
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
        } | {
            ("mue-2026q4", r["service"].replace("_", "-"), r["code"]): (
                *(r["eff_from"], r["mue"], r["mai"], r["rationale"]),
            )
            for r in read_facts("data/mue_2026q4_related.csv")
        }
        first = {(r["edition"], r["service"]): r["first"] for r in rows("editions")}
        ours = {
            (edition, row["service"], row["code"]): (
                *(first[edition, row["service"]], row["units"], row["mai"], row["rationale"]),
            )
            for row in rows("edits/mue")
            for edition in row["editions"].split(";")
        }

        assert ours == facts

    def test_the_facts_agree_with_the_indicator_on_what_is_counted(self) -> None:
        meant = {(r["mai"], r["mai_meaning"]) for r in read_facts("data/mue.csv")}

        assert meant == {
            (Mai.DAY_BY_POLICY, "date_of_service_policy_absolute"),
            (Mai.DAY_BY_CLINICAL_DATA, "date_of_service_clinical"),
        }

    def test_each_edition_is_answered_for_each_of_its_days(self) -> None:
        by_id = {(r.edition.id, r.claim_types): r.edition for r in packaged().mues}
        for row in rows("edits/mue"):
            for name in row["editions"].split(";"):
                edition = by_id[name, (CLAIM_TYPES[row["service"]],)]
                for on in (edition.first, edition.last):
                    found = packaged().mue(
                        row["code"], on=on, claim_type=CLAIM_TYPES[row["service"]], strict=True
                    )
                    assert isinstance(found, Mue)
                    assert found.provenance.basis is Basis.STATED
                    assert found.provenance.edition == edition
                    assert found.provenance.citations
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

        Source: NCCI's tables of units, in the editions that editions.csv names.
        """
        for on in map(
            dated, ("2024-07-01", "2025-06-01", "2026-05-01", "2026-11-01", "9999-12-31")
        ):
            for claim_type in (PROFESSIONAL, HOSPITAL):
                found = packaged().mue(code, on=on, claim_type=claim_type)
                assert isinstance(found, Mue)
                assert (found.units, found.mai) == (units, mai)

    def test_between_two_editions_that_differ_it_is_not_known(self) -> None:
        between = dated("2025-01-01")
        changed = packaged().mue("J3300", on=between, claim_type=PROFESSIONAL)
        same = packaged().mue("J3301", on=between, claim_type=PROFESSIONAL)

        assert isinstance(changed, Unknown)
        assert "differ" in changed.reason
        assert {c.id for c in changed.citations} >= {"mue-2024q3", "mue-2026q2"}
        assert isinstance(same, Mue)
        assert same.provenance.basis is Basis.INTERPOLATED

    def test_a_code_that_an_edition_left_out_is_not_carried_over_it(self) -> None:
        on = dated("2026-05-01")

        assert isinstance(packaged().mue("J2001", on=on - 600 * DAY, claim_type=PROFESSIONAL), Mue)
        gone = packaged().mue("J2001", on=on, claim_type=PROFESSIONAL)
        assert isinstance(gone, Unknown)
        assert "has none" in gone.reason

    def test_an_edition_that_does_not_cover_a_code_says_nothing_of_it(self) -> None:
        found = packaged().mue("27096", on=dated("2026-11-01"), claim_type=PROFESSIONAL)

        assert isinstance(found, Mue)
        assert found.provenance.basis is Basis.CARRIED
        assert found.provenance.edition.id == "mue-2026q2"

    @pytest.mark.parametrize("code", ["64493", "99285"])
    def test_no_table_is_known_for_an_asc_facility(self, code: str) -> None:
        found = packaged().mue(code, on=dated("2024-07-01"), claim_type=ASC)

        assert isinstance(found, Unknown)
        assert "which table" in found.reason

    def test_what_is_no_code_is_refused_and_what_is_not_here_is_not_known(self) -> None:
        with pytest.raises(ParseError):
            packaged().mue("6449", on=dated("2024-07-01"), claim_type=PROFESSIONAL)

        assert isinstance(
            packaged().mue("99285", on=dated("2024-07-01"), claim_type=PROFESSIONAL), Unknown
        )


# -- places of service


class TestPlaces:
    """The code set of CMS, with the rate of the fee schedule for each place."""

    def test_it_equals_the_facts(self) -> None:
        facts = {r["code"]: (r["name"], r["pfs_rate"]) for r in read_facts("data/pos.csv")}

        assert {
            found.code: (found.name, found.rate or "unassigned") for found in packaged().places
        } == facts

    def test_every_code_of_two_digits_is_one_or_refused(self) -> None:
        for number in range(100):
            code = f"{number:02}"
            if number:
                found = packaged().get_place(f" {code} ")
                assert found.code == code
                assert found.assigned is (found.name != "Unassigned")
                assert found.citations
            else:
                with pytest.raises(UnknownIdError):
                    packaged().get_place(code)

    @pytest.mark.parametrize("text", ["", "1", "011", "1A", "\N{ARABIC-INDIC DIGIT ONE}1"])
    def test_what_is_not_two_digits_is_refused(self, text: str) -> None:
        with pytest.raises(ParseError):
            packaged().get_place(text)

    @pytest.mark.parametrize(
        ("code", "rate"),
        [
            *(("11", "nonfacility"), ("19", "facility"), ("21", "facility"), ("22", "facility")),
            *(("24", "facility"), ("49", "nonfacility")),
        ],
    )
    def test_where_facet_procedures_are_done(self, code: str, rate: str) -> None:
        assert packaged().get_place(code).rate == rate


# -- pairs of codes

Row = tuple[str, str, str, str, str, str]
SUMMER = dated("2024-07-01")
INJECTIONS = ("64490", "64491", "64492", "64493", "64494", "64495")


def all_pairs() -> Iterator[Row]:
    """Yield every edit of the table on its own."""
    for row in rows("edits/pairs"):
        for one, two in itertools.product(
            *(_data.codes_of(row[c]) for c in ("column1", "column2"))
        ):
            yield row["service"], one, two, row["indicator"], row["deleted"], row["rationale"]


def facts_of_pairs() -> Iterator[Row]:
    """Yield every edit of the facts, from both of their files; those in both come twice."""
    listed = read_facts("data/ptp.csv")
    with gzip.open(SHARED / "facts" / "data" / "ptp_facet_as_column2.csv.gz", "rt") as file:
        listed += csv.DictReader(file)
    for r in listed:
        service = r["service"].replace("_", "-")
        yield (
            *(service, r["column1"], r["column2"]),
            *(r["modifier_indicator"], r["deletion_date"], r["rationale"]),
        )


def professional(code: str, other: str, on: dt.date = SUMMER) -> PairEdits:
    found = packaged().pair_edits(code, other, on=on, claim_type=PROFESSIONAL)
    assert isinstance(found, PairEdits)
    return found


class TestPairs:
    """The compact table is exact, and a pair is found from either of its codes."""

    def test_it_equals_the_facts(self) -> None:
        """Every edit of both files and no other, each once."""
        ours = list(all_pairs())

        assert len(set(ours)) == len(ours) == 104_516
        assert set(ours) == set(facts_of_pairs())

    def test_ranges_are_written_in_one_way(self) -> None:
        for row in rows("edits/pairs"):
            for column in ("column1", "column2"):
                codes = list(_data.codes_of(row[column]))
                assert codes == sorted(set(codes))
                assert all(map(is_code, codes))
                spans = row[column].split()
                joined = sum(
                    a.isdecimal() and b.isdecimal() and int(b) == int(a) + 1
                    for a, b in itertools.pairwise(codes)
                )
                assert len(spans) == len(codes) - joined

    def test_two_codes_have_at_most_one_edit_in_force_and_no_deleted_one_is_of_the_set(
        self,
    ) -> None:
        seen: set[tuple[str, frozenset[str]]] = set()
        for service, one, two, indicator, deleted, _ in all_pairs():
            assert one != two
            if deleted:
                assert dated(deleted) < SUMMER
                continue
            assert indicator in {PairIndicator.NEVER, PairIndicator.ALLOWED}
            place = service, frozenset((one, two))
            assert place not in seen
            seen.add(place)

    @pytest.mark.parametrize("claim_type", ClaimType)
    def test_every_edit_of_two_codes_of_the_family_is_found_from_both(
        self, claim_type: ClaimType
    ) -> None:
        service = "outpatient-hospital" if claim_type is HOSPITAL else "practitioner"
        family = [p.code for p in packaged().procedures if p.kind.value == "facet"]
        stated = {row[1:3]: row for row in all_pairs() if row[0] == service and not row[4]}
        for one, two in itertools.permutations(family, 2):
            found = packaged().pair_edits(one, two, on=SUMMER, claim_type=claim_type, strict=True)
            turned = packaged().pair_edits(two, one, on=SUMMER, claim_type=claim_type, strict=True)
            assert isinstance(found, PairEdits)
            assert isinstance(turned, PairEdits)
            assert found.edit == turned.edit
            assert set(found.deleted) == set(turned.deleted)
            row = stated.get((one, two)) or stated.get((two, one))
            assert (found.edit is None) is (row is None)
            if found.edit and row:
                assert row[1:4] == (found.edit.column1, found.edit.column2, found.edit.indicator)

    def test_injections_and_ablations(self) -> None:
        """Source: facts, data/README.md, trap 7."""
        for neck, loins in itertools.product(INJECTIONS[:3], INJECTIONS[3:]):
            assert professional(neck, loins).edit is None
        for first, code in itertools.product(("64633", "64635"), INJECTIONS):
            edit = professional(code, first).edit
            assert edit
            assert (edit.column1, edit.column2, edit.indicator.value) == (first, code, "1")
        for further, code in itertools.product(("64634", "64636"), INJECTIONS):
            assert (professional(code, further).edit is not None) is (code in {"64490", "64493"})

    @pytest.mark.parametrize("on", [SUMMER - DAY, dated("2010-01-01")])
    def test_before_the_set_nothing_is_known(self, on: dt.date) -> None:
        assert isinstance(
            packaged().pair_edits("64493", "64635", on=on, claim_type=PROFESSIONAL), Unknown
        )

    def test_an_asc_facility_meets_the_table_of_practitioners(self) -> None:
        found = packaged().pair_edits("64493", "64635", on=SUMMER, claim_type=ASC)

        assert isinstance(found, PairEdits)
        assert found.edit == professional("64493", "64635").edit
        assert {c.confidence for c in found.provenance.citations} == {Confidence.SECONDARY}

    def test_what_a_later_copy_puts_in_doubt_is_not_carried(self) -> None:
        """186 pairs without an edit in force in the set; in its own quarter the set still answers."""
        later = dated("2026-05-01")
        facts = {
            (r["code_a"], r["code_b"], r["modifier_indicator"])
            for r in read_facts("data/ptp_2026q2_undirected_new_pairs.csv")
        }
        ours = {(r["code"], r["other"], r["indicator"]) for r in rows("edits/pairs_unsettled")}

        assert ours == facts
        for one, two, _ in ours:
            assert professional(one, two).edit is None
            for codes in ((one, two), (two, one)):
                doubted = packaged().pair_edits(*codes, on=later, claim_type=PROFESSIONAL)
                assert isinstance(doubted, Unknown)
                assert {c.id for c in doubted.citations} >= {"ncci-ptp-2026q2", "ncci-ptp-2024q3"}

    def test_of_two_related_codes_no_edit_is_not_known(self) -> None:
        known = packaged().pair_edits("62323", "77003", on=SUMMER, claim_type=PROFESSIONAL)

        assert isinstance(known, PairEdits)
        assert known.edit
        assert isinstance(
            packaged().pair_edits("10021", "99285", on=SUMMER, claim_type=PROFESSIONAL), Unknown
        )


# -- diagnoses

FIRST_YEAR, LAST_YEAR = 2016, 2027
LAST_OF_FACTS = 2026  # the year of the last order file; of 2027 there are the addenda
ORDER_FILES = (2021, 2022, 2026)


def first_day(year: int) -> dt.date:
    """Return the first day of a fiscal year."""
    return dt.date(year - 1, 10, 1)


def order_file(year: int) -> Iterator[tuple[str, str, str]]:
    """Yield code, flag and title of each row of an order file of CMS."""
    path = SHARED / "cms" / "icd10" / f"cms_{year}_dx.zip"
    if not path.is_file():
        pytest.skip(f"needs {path.name} of the folder of CMS files beside the repository")
    with zipfile.ZipFile(path) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(f"icd10cm_order_{year}.txt"))
        with archive.open(name) as raw:
            for line in io.TextIOWrapper(raw, encoding="ascii"):
                yield parse_diagnosis(line[6:13]), line[14], line[77:].strip()


class TestDiagnoses:
    """A code is billable, a header, or not valid, by the order file of the fiscal year."""

    def test_it_equals_the_facts(self) -> None:
        facts = {
            (r["code"], r["first_fy"]): (r["last_fy"], r["billable"][0].upper(), r["title"])
            for r in read_facts("data/icd10.csv")
        }

        assert {
            (r["code"], r["first"]): (
                str(min(int(r["last"]), LAST_OF_FACTS)),
                r["billable"],
                r["title"],
            )
            for r in rows("diagnoses/codes")
        } == facts
        for fact in read_facts("data/icd10.csv"):
            assert dated(fact["valid_from"]) == first_day(int(fact["first_fy"]))
            after = first_day(int(fact["last_fy"]) + 1)
            assert fact["valid_to"] == ("" if after.year == LAST_OF_FACTS else str(after - DAY))

    @pytest.mark.parametrize("year", ORDER_FILES)
    def test_it_equals_the_order_file_of_cms(self, year: int) -> None:
        """Cell by cell, and no code of a category that was read is missing or too many."""
        (read,) = (r for r in packaged().diagnoses if r.edition.id == f"icd10cm-{year}")
        file = {row[0]: row[1:] for row in order_file(year) if read.covered(row[0])}

        ours: dict[str, tuple[str, str]] = {}
        for code in {r["code"] for r in rows("diagnoses/codes")}:
            found = packaged().diagnosis(code, on=first_day(year), strict=True)
            assert isinstance(found, Diagnosis)
            assert found.provenance.edition == read.edition
            if found.validity is not Validity.NOT_VALID:
                ours[code] = (str(int(found.billable)), found.title)

        assert ours == file

    def test_it_equals_the_order_addenda_of_2027(self) -> None:
        """They are applied to the file of 2026; no code of a category that was read changes."""
        path = SHARED / "cms" / "icd10cm_fy2027" / "icd10cm_2027_derived_all.csv.gz"
        if not path.is_file():
            pytest.skip(f"needs {path.name} of the folder of CMS files beside the repository")
        with gzip.open(path, "rt", encoding="ascii", newline="") as file:
            derived = {parse_diagnosis(r["code"]): r["billable"] for r in csv.DictReader(file)}
        on = first_day(2027)
        (read,) = (r for r in packaged().diagnoses if r.edition.id == "icd10cm-2027")

        ours: dict[str, str] = {}
        for code in {r["code"] for r in rows("diagnoses/codes")}:
            found = packaged().diagnosis(code, on=on, strict=True)
            assert isinstance(found, Diagnosis)
            if found.validity is not Validity.NOT_VALID:
                ours[code] = str(int(found.billable))

        assert ours == {code: flag for code, flag in derived.items() if read.covered(code)}

    @pytest.mark.parametrize("year", ORDER_FILES)
    def test_every_code_of_the_order_file_is_read_with_its_dot_and_without(self, year: int) -> None:
        for code, _, _ in order_file(year):
            assert parse_diagnosis(code) == code

    def test_the_fiscal_years_follow_each_other(self) -> None:
        editions = [read.edition for read in packaged().diagnoses]

        assert editions[0].first == first_day(FIRST_YEAR)
        assert editions[-1].last == first_day(LAST_YEAR + 1) - DAY
        for before, after in itertools.pairwise(editions):
            assert before.last + DAY == after.first

    def test_every_code_is_covered_and_has_one_row_for_a_year(self) -> None:
        stated = [
            (r["code"], year)
            for r in rows("diagnoses/codes")
            for year in range(int(r["first"]), int(r["last"]) + 1)
        ]

        assert len(set(stated)) == len(stated)
        assert all(parse_diagnosis(code) == code for code, _ in stated)
        for read in packaged().diagnoses:
            assert all(read.covered(code) for code, _ in stated)

    def test_a_flag_changes_on_the_first_of_october(self) -> None:
        change = dated("2021-10-01")
        before, after = (packaged().diagnosis("M54.5", on=on) for on in (change - DAY, change))
        new = [packaged().diagnosis("M54.50", on=on) for on in (change - DAY, change)]

        assert isinstance(before, Diagnosis)
        assert isinstance(after, Diagnosis)
        assert (before.billable, after.validity) == (True, Validity.HEADER)
        assert [n.validity for n in new if isinstance(n, Diagnosis)] == [
            *(Validity.NOT_VALID, Validity.BILLABLE)
        ]

    @pytest.mark.parametrize("code", ["M47.816", "M54.5", "M47.81Z"])
    def test_what_comes_after_the_last_file_is_carried(self, code: str) -> None:
        last = packaged().diagnosis(code, on=dated("2027-09-30"), strict=True)
        next_day = packaged().diagnosis(code, on=dated("2027-10-01"))

        assert isinstance(last, Diagnosis)
        assert isinstance(next_day, Diagnosis)
        assert (last.validity, last.provenance.basis) == (next_day.validity, Basis.STATED)
        assert next_day.provenance.basis is Basis.CARRIED
        assert isinstance(packaged().diagnosis(code, on=dated("2027-10-01"), strict=True), Unknown)

    def test_before_the_first_file_nothing_is_known(self) -> None:
        assert isinstance(packaged().diagnosis("M47.816", on=dated("2015-09-30")), Unknown)

    @pytest.mark.parametrize("code", ["I10", "M48", "M48.20", "M71.2", "M96.0", "Z99"])
    def test_of_a_category_that_was_not_read_nothing_is_known(self, code: str) -> None:
        assert isinstance(packaged().diagnosis(code, on=dated("2026-03-02")), Unknown)

    @pytest.mark.parametrize("text", ["", "M4", "724.2", "M47.81612", "M47..1", "M47.", "47816"])
    def test_what_is_no_code_is_refused(self, text: str) -> None:
        with pytest.raises(ParseError):
            packaged().diagnosis(text, on=dated("2026-03-02"))


# -- the part of the spine that a diagnosis names

PARTS = {
    "1": "occipito-atlanto-axial",
    "2": "cervical",
    "3": "cervicothoracic",
    "4": "thoracic",
    "5": "thoracolumbar",
    "6": "lumbar",
    "7": "lumbosacral",
    "8": "sacral",
}
STEMS = ("M47.81", "M47.89", "M48.1", "M53.8")  # of Noridian's list
NECK, LOINS = "cervical-thoracic", "lumbar-sacral"


class TestParts:
    """A title names one part of the spine or none, and each part agrees with the regions it meets.

    Source: icd10cm-order-files for the titles; which region goes with which part is a judgment.
    """

    @pytest.mark.parametrize("stem", STEMS)
    @pytest.mark.parametrize("digit", "0123456789")
    def test_the_last_digit_of_a_site_tells_the_part(self, stem: str, digit: str) -> None:
        named = packaged().spine_part(stem + digit)

        assert (None if isinstance(named, Unknown) else named.part.value) == PARTS.get(digit)

    @pytest.mark.parametrize("part", SpinePart)
    def test_a_part_agrees_with_the_regions_in_its_row(self, part: SpinePart) -> None:
        stated = {row["regions"] for row in rows("diagnoses/parts") if row["part"] == part}
        order = list(SpinePart)
        junction = order.index(SpinePart.THORACOLUMBAR)

        expected = {
            -1: NECK,
            0: f"{NECK};{LOINS}",
            1: LOINS,
        }[(order.index(part) > junction) - (order.index(part) < junction)]
        assert stated == {expected}

    def test_no_year_names_another_part_of_a_code(self) -> None:
        """A code keeps its site, so a claim of any year is read by the last title."""
        for row in rows("diagnoses/codes"):
            named = packaged().spine_part(row["code"])
            if isinstance(named, NamedPart) and "region" in row["title"]:
                assert f"{named.part} " in row["title"].lower(), row

    def test_each_row_decides_some_title_and_says_why(self) -> None:
        titles = [row["title"].lower() for row in rows("diagnoses/codes")]
        parts = rows("diagnoses/parts")
        decided = {
            next(
                (p["words"] for p in parts if re.search(rf"(?<![\w-]){p['words']}(?![\w-])", t)),
                None,
            )
            for t in titles
        }

        assert decided == {None, *(p["words"] for p in parts)}
        assert all(p["note"] and p["confidence"] == "judgment" for p in parts)
        assert {c for p in parts for c in p["citations"].split(";")} <= set(_data.sources())

    @pytest.mark.parametrize("code", ["I10", "G89.4", "M46.1", "M51", "M54.30", "M99.9", "Z99.89"])
    def test_a_title_that_names_no_one_part_is_not_read(self, code: str) -> None:
        assert isinstance(packaged().spine_part(code), Unknown)

    @pytest.mark.parametrize(
        ("code", "part"),
        [
            ("m4726", "lumbar"),
            ("M54.2", "cervical"),
            ("M54.50", "lumbar"),
            ("M50.121", "cervical"),
            ("M50.120", "cervical"),
            ("M51.27", "lumbosacral"),
            ("M48.062", "lumbar"),
            ("M43.3", "occipito-atlanto-axial"),
        ],
    )
    def test_how_a_title_is_read(self, code: str, part: str) -> None:
        named = packaged().spine_part(code)

        assert isinstance(named, NamedPart)
        assert named.part == part

    def test_what_is_no_code_has_no_part(self) -> None:
        with pytest.raises(ParseError):
            packaged().spine_part("724.2")


# -- contractors' lists of diagnoses

NORIDIAN = ("medicare-je", "medicare-jf")
MACS = sorted(packaged().shared_policies["medicare"])
USES = {
    "all facet procedures (blocks, intra-articular injections, RFA)": "any",
    "facet cyst aspiration/injection only per article footnote; not for ablation": "facet-cyst",
}


class TestLists:
    """A list is known where it was read, belongs to its article, and holds as long as that does."""

    def test_it_equals_the_facts_that_are_confirmed(self) -> None:
        facts = {
            (r["article"], r["icd10"]): USES[r["allowed_for"]]
            for r in read_facts("medicare_icd10.csv")
            if r["status"] != "UNCONFIRMED"
        }

        assert {(r["document"], r["code"]): r["use"] for r in rows("diagnoses/lists")} == facts

    def test_what_the_facts_leave_unconfirmed_is_not_known(self) -> None:
        """The articles of the other MACs, and Noridian's second one before the merger."""
        read = read_facts("medicare_icd10.csv")
        unread = {r["article"] for r in read if r["status"] == "UNCONFIRMED"}
        told: set[str] = set()
        for place in MACS:
            for on in map(dated, ("2024-07-01", "2026-03-02", "2026-06-01", "2026-12-01")):
                found = diagnosis_list(policies.get(place), on=on)
                assert found is not None
                if isinstance(found, Unknown):
                    told |= {article for article in unread if article in found.reason}
                else:
                    assert place in NORIDIAN
                    assert found.document not in unread
        assert told == unread

    def test_a_jurisdiction_has_the_list_of_its_article(self) -> None:
        merger = dated("2026-04-16")
        before = [diagnosis_list(policies.get(place), on=merger - DAY) for place in NORIDIAN]
        after = [diagnosis_list(policies.get(place), on=merger) for place in NORIDIAN]

        assert [isinstance(found, Unknown) for found in before] == [False, True]
        assert all(isinstance(found, DiagnosisList) for found in after)
        lists = [found for found in after if isinstance(found, DiagnosisList)]
        assert {found.document for found in lists} == {"A58403"}
        assert lists[0].diagnoses == lists[1].diagnoses

    @pytest.mark.parametrize(
        ("day", "basis"),
        [
            *(("2025-02-27", None), ("2025-02-28", "stated"), ("2025-03-01", "interpolated")),
            *(("2026-05-20", "interpolated"), ("2026-05-21", "stated"), ("2026-09-15", "stated")),
            ("2026-09-16", "carried"),
        ],
    )
    def test_on_what_the_list_stands(self, day: str, basis: str | None) -> None:
        found = diagnosis_list(policies.get("medicare-je"), on=dated(day))
        strict = diagnosis_list(policies.get("medicare-je"), on=dated(day), strict=True)

        assert (found.provenance.basis if isinstance(found, DiagnosisList) else None) == basis
        assert isinstance(strict, Unknown) is (basis in {None, "carried"})

    @pytest.mark.parametrize("place", MACS)
    def test_where_no_article_is_known_no_list_is(self, place: str) -> None:
        found = diagnosis_list(policies.get(place), on=dated("2010-01-01"))

        assert isinstance(found, Unknown)
        assert "which document is in force" in found.reason

    def test_every_code_of_a_list_is_billable_while_it_stands_there(self) -> None:
        for on in map(dated, ("2025-02-28", "2026-05-21", "2026-09-15")):
            found = diagnosis_list(policies.get("medicare-je"), on=on)
            assert isinstance(found, DiagnosisList)
            assert {c.id for c in found.citations} & {"chk25", "memo26"}
            for listed in found.diagnoses:
                code = packaged().diagnosis(listed.code, on=on)
                assert isinstance(code, Diagnosis)
                assert code.billable

    def test_pain_alone_is_on_no_list(self) -> None:
        """Source: Noridian, article A58403."""
        found = diagnosis_list(policies.get("medicare-je"), on=dated("2026-06-01"))

        assert isinstance(found, DiagnosisList)
        for code in ("M54.2", "M54.50", "M54.59", "M47.811", "M47.818", "M47.819", "M47.16"):
            assert found.use_of(code) is None
        assert found.use_of("m47816") is DiagnosisUse.ANY


# -- status in the ambulatory surgical center

ASC_FILES = (
    *("20210101_AA.txt", "20210101_BB.txt", "20210101_EE.txt"),
    *("20231001_AA.csv", "20231001_BB.csv", "20231001_EE.csv"),
    *("20240101_AA.txt", "20240101_BB.txt", "20240101_EE.txt"),
    *("20251001_AA.csv", "20251001_BB.csv", "20251001_EE.csv"),
    *("20260101_AA.csv", "20260101_BB.csv", "20260101_EE.csv"),
)


def addendum(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield code, payment indicator and discount of each row of an addendum of CMS."""
    path = SHARED / "cms" / "asc" / f"{name}.gz"
    if not path.is_file():
        pytest.skip(f"needs {path.name} of the folder of CMS files beside the repository")
    with gzip.open(path, "rt", encoding="latin-1", newline="") as file:
        table = csv.reader(file, delimiter="," if name.endswith("csv") else "\t")
        heads = next(
            [" ".join(cell.split()).lower() for cell in row]
            for row in table
            if row and " ".join(row[0].split()).startswith("HCPCS")
        )
        indicator = [n for n, head in enumerate(heads) if "payment indicator" in head]
        discount = [n for n, head in enumerate(heads) if "multiple procedure" in head]
        for row in table:
            if row and is_code(row[0].strip()):
                cells = [row[where[-1]].strip() if where else "" for where in (indicator, discount)]
                yield row[0].strip(), cells[0], cells[1]


class TestAsc:
    """The status of a code is that of the addendum of the quarter."""

    def test_it_equals_the_facts(self) -> None:
        """Each row in its quarter, and no other quarter: of the facts, and of addenda AA and EE."""
        signs = {True: "Y", False: "N", None: ""}
        facts = {
            (r["eff_from"], r["code"]): (
                *(r["addendum"], r["payment_indicator"], r["multiple_procedure_discount"]),
            )
            for r in read_facts("data/asc.csv")
        }
        related = {g.code for g in packaged().groups} - {code for _, code in facts}

        assert {
            (str(release.edition.first), code): (
                *(row.addendum.value, row.indicator, signs[row.multiple_discount]),
            )
            for release in packaged().asc_statuses
            for code, row in release.rows.items()
        } == facts | {row: cells for row, cells in asc_lists() if row[1] in related}

    @pytest.mark.parametrize("name", ASC_FILES)
    def test_it_equals_the_addendum_of_cms(self, name: str) -> None:
        """Of the codes that are here: the same rows, and on no other list of that quarter."""
        on = dated(f"{name[:4]}-{name[4:6]}-{name[6:8]}")
        codes = {r["code"] for r in rows("edits/asc")}
        file = {code: rest for code, *rest in addendum(name) if code in codes}
        ours: dict[str, list[str]] = {}
        for code in codes:
            found = packaged().asc_status(code, on=on, strict=True)
            if isinstance(found, AscStatus) and found.addendum == name[9:11]:
                sign = {True: "Y", False: "N", None: ""}[found.multiple_discount]
                ours[code] = [found.indicator, sign]

        assert ours
        assert ours == file

    @pytest.mark.parametrize(
        ("code", "indicator"),
        [
            *((code, "G2") for code in ("64490", "64493", "64633", "64635", "64625")),
            *((code, "N1") for code in ("64491", "64492", "64494", "64495", "64634", "64636")),
        ],
    )
    def test_the_family(self, code: str, indicator: str) -> None:
        """Source: the ASC addenda that editions.csv names."""
        for day, basis in (("2021-01-01", "stated"), ("2026-07-01", "carried")):
            found = packaged().asc_status(code, on=dated(day))
            assert isinstance(found, AscStatus)
            assert (found.indicator, found.provenance.basis) == (indicator, basis)
            assert found.covered
            assert found.multiple_discount is (indicator != "N1")

    def test_the_unlisted_code_is_excluded_also_in_the_year_that_was_not_read(self) -> None:
        for day, basis in (("2021-12-31", "stated"), ("2022-06-01", "interpolated")):
            found = packaged().asc_status("64999", on=dated(day))
            assert isinstance(found, AscStatus)
            assert (found.covered, found.provenance.basis) == (False, basis)

    def test_a_code_that_left_the_lists_is_not_known_after_it(self) -> None:
        before = packaged().asc_status("J2001", on=dated("2024-12-31"))
        after = packaged().asc_status("J2001", on=dated("2025-01-01"))

        assert isinstance(before, AscStatus)
        assert isinstance(after, Unknown)
        assert "asc-2025q1 has none" in after.reason

    def test_before_the_first_quarter_nothing_is_known(self) -> None:
        assert isinstance(packaged().asc_status("64493", on=dated("2020-12-31")), Unknown)
