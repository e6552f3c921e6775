"""The reference data as a whole: form, sources, dates, and every cell against its publisher's file.

The comparisons read the facts and the CMS files that lie in a folder beside the repository; where
that folder is missing they are skipped.
"""

import csv
import datetime as dt
import functools
import gzip
import inspect
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cptfacet import _data, policies
from cptfacet.anatomy import CodeRegion, Joint, Nerve
from cptfacet.checking import all_rules
from cptfacet.citations import Confidence
from cptfacet.claims import ClaimType
from cptfacet.dates import EffectivePeriod, Status
from cptfacet.errors import UnknownIdError
from cptfacet.modifiers import ModifierKind, ModifierRole, parse_modifier
from cptfacet.policies import Provision
from cptfacet.procedures import (
    CodeGroup,
    Counted,
    Family,
    LegacyFamily,
    Ordinal,
    ProcedureKind,
    is_code,
)
from cptfacet.reference import Reference, packaged
from cptfacet.sessions import Guidance, Technique
from cptfacet.unknown import Unknown

SHARED = Path(__file__).parents[2].parent / "shared"
SPRING = dt.date(2026, 3, 2)

CODE_FILES = sorted(entry.name for entry in (_data.root() / "codes").iterdir())
CSV_FILES = [name for name in CODE_FILES if name.endswith(".csv")]
COLUMNS = {
    "addons.csv": "add_on,primary,authority,from,seen,until,confidence,citations,note",
    "groups.csv": "group,codes,region,from,seen,until,confidence,citations,note",
    "modifier_conflicts.csv": "modifiers,from,seen,until,confidence,citations,note",
    "indicators.csv": (
        "code,status,global_days,multiple,bilateral,assistant,co_surgeon,team,pc_tc,"
        "seen,last,confidence,citations"
    ),
    "modifiers.csv": (
        "code,code_set,kind,role,meaning,effect,professional,hospital_outpatient,asc_facility,"
        "applies_to,from,seen,until,confidence,effect_confidence,citations,note"
    ),
    "places_of_service.csv": "code,name,rate,facility,seen,confidence,citations",
    "procedures.csv": (
        "code,kind,family,region,ordinal,counts,label,from,seen,until,replaced_by,confidence,"
        "citations,note"
    ),
}


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the tables."""
    return list(_data.read_csv(f"codes/{name}"))


def facts() -> Iterator[tuple[str, EffectivePeriod, Confidence, list[str]]]:
    """Yield every row of the tables: where it is, its term, its confidence and its sources."""
    for name in CSV_FILES:
        for row in rows(name):
            where = f"{name}: {next(iter(row.values()))}"
            cited = [part.strip() for part in row["citations"].split(";")]
            yield where, _data.term_of(row), Confidence(row["confidence"]), cited
    for table, entries in _data.read_toml("codes/anatomy.toml").items():
        for entry in entries:
            where = f"anatomy.toml: {table} {entry.get('joint') or entry.get('joints') or entry}"
            yield where, _data.term_of(entry), Confidence(entry["confidence"]), entry["citations"]


# -- the files


@pytest.mark.parametrize("name", [*(f"codes/{name}" for name in CODE_FILES), "sources.toml"])
def test_a_file_begins_by_saying_where_it_is_from(name: str) -> None:
    lines = _data.read_text(name).splitlines()
    head = list(itertools.takewhile(lambda line: line.startswith("#"), lines))

    assert head[0].startswith("# What: ")
    assert any(line.startswith("# Publisher: ") for line in head)
    assert any("Retrieved: " in line for line in head)


def test_every_table_is_known_here() -> None:
    assert {*COLUMNS, "anatomy.toml", "spellings.toml"} == set(CODE_FILES)


def test_one_registry_holds_all_sources() -> None:
    names = sorted(entry.name for entry in _data.root().iterdir())

    assert names == [
        *("README.md", "codes", "diagnoses", "edition.toml", "editions.csv", "edits"),
        "manifest.csv",
        *("places", "policies", "reasons.toml", "rules", "sources.toml"),
    ]
    assert set(_data.read_toml("sources.toml")) == {"sources"}
    assert "sources" not in _data.read_toml("codes/anatomy.toml")


@pytest.mark.parametrize("name", CSV_FILES)
def test_each_row_has_each_column_once(name: str) -> None:
    for row in rows(name):
        assert ",".join(row) == COLUMNS[name]
        assert all(isinstance(cell, str) for cell in row.values())
        assert all(cell == cell.strip() for cell in row.values())


def test_the_edition_of_the_reference_is_that_of_its_file() -> None:
    assert str(packaged().as_of) == _data.read_toml("edition.toml")["edition"]


# -- sources


def test_every_fact_cites_sources_that_exist_each_once() -> None:
    wrong = [
        where
        for where, _, _, cited in facts()
        if not cited or len(set(cited)) != len(cited) or not set(cited) <= set(_data.sources())
    ]

    assert wrong == []


def test_every_source_is_cited() -> None:
    cited = {source for _, _, _, sources in facts() for source in sources}
    for table in ("areas", "counties", "zips"):
        for row in _data.read_csv(f"places/{table}.csv"):
            cited.update(row["citations"].split(";"))
    for table in ("editions", "edits/pairs_unsettled"):
        for row in _data.read_csv(f"{table}.csv"):
            cited.update(row["citations"].split(";"))
    for name in policies.ids():
        cited.update(c.id for p in policies.get(name).provisions for c in p.citations)
    cited.update(citation.id for rule in all_rules() for citation in rule.citations)

    assert set(_data.sources()) - cited == set()


@pytest.mark.parametrize("name", _data.sources())
def test_a_source_can_be_found_again(name: str) -> None:
    source = _data.sources()[name]

    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", source.id)
    assert source.title
    assert source.publisher
    assert source.url is None or source.url.startswith(("https://", "http://"))
    assert source.date is None or isinstance(source.date, str)
    assert source.retrieved is not None
    assert type(source.retrieved) is dt.date
    assert source.retrieved <= packaged().as_of


def test_no_source_stands_twice() -> None:
    listed = Counter((s.title, s.publisher, s.url) for s in _data.sources().values())

    assert [what for what, times in listed.items() if times > 1] == []


# -- dates


def test_every_fact_is_dated_and_does_not_end_before_it_begins() -> None:
    wrong = [
        where
        for where, term, confidence, _ in facts()
        if (term.start and term.seen)
        or term.last < term.first
        or (
            term == EffectivePeriod()
            and confidence is not Confidence.JUDGMENT
            and not where.startswith("anatomy.toml: innervation")  # anatomy has no dates
        )
    ]

    assert wrong == []


def test_no_fact_is_seen_after_the_edition() -> None:
    assert [w for w, term, _, _ in facts() if term.seen and term.seen > packaged().as_of] == []


# -- names of look-ups

OTHER_METHODS = {"with_rows", "with_tables", "turning_days"}
LOOK_UPS = sorted(
    name
    for name, value in vars(Reference).items()
    if not name.startswith("_") and inspect.isfunction(value) and name not in OTHER_METHODS
)


@pytest.mark.parametrize("name", LOOK_UPS)
def test_the_name_of_a_look_up_says_what_it_returns(name: str) -> None:
    returned = inspect.signature(getattr(Reference, name)).return_annotation

    assert returned.startswith("tuple[") is name.startswith("find_") or name == "get_nerves"
    assert "Unknown" not in returned or not name.startswith(("get_", "find_"))
    assert "None" not in returned or name == "modifier_role"  # None: it has no role


@pytest.mark.parametrize("get", ["get_procedure", "get_modifier", "get_place"])
def test_what_get_refuses_the_noun_answers_with_unknown(get: str) -> None:
    data, noun = packaged(), get.removeprefix("get_")
    code = {"procedure": "00000", "modifier": "Q9", "place": "00"}[noun]

    with pytest.raises(UnknownIdError, match=code):
        getattr(data, get)(code)
    for written in (code, "", "\N{SNOWMAN}"):
        found = getattr(data, noun)(written)
        assert isinstance(found, Unknown)
        assert written in found.what


# -- codes

FIRST, SECOND = Ordinal.FIRST, Ordinal.SECOND
THIRD, EACH = Ordinal.THIRD_AND_MORE, Ordinal.EACH_ADDITIONAL
NECK, LOINS = CodeRegion.CERVICAL_THORACIC, CodeRegion.LUMBAR_SACRAL
IMAGE, SOUND, HEAT = Family
OLD_INJECTION, OLD_ABLATION = LegacyFamily
LEVEL, JOINT, NERVE = Counted
AnyFamily = Family | LegacyFamily
# code: family, region, ordinal, what one unit is, first day where a source states it, last day
CODES: dict[str, tuple[AnyFamily, CodeRegion, Ordinal, Counted, str | None, str | None]] = {
    "64490": (IMAGE, NECK, FIRST, LEVEL, "2010-01-01", None),
    "64491": (IMAGE, NECK, SECOND, LEVEL, "2010-01-01", None),
    "64492": (IMAGE, NECK, THIRD, LEVEL, "2010-01-01", None),
    "64493": (IMAGE, LOINS, FIRST, LEVEL, "2010-01-01", None),
    "64494": (IMAGE, LOINS, SECOND, LEVEL, "2010-01-01", None),
    "64495": (IMAGE, LOINS, THIRD, LEVEL, "2010-01-01", None),
    "64633": (HEAT, NECK, FIRST, JOINT, "2012-01-01", None),
    "64634": (HEAT, NECK, EACH, JOINT, "2012-01-01", None),
    "64635": (HEAT, LOINS, FIRST, JOINT, "2012-01-01", None),
    "64636": (HEAT, LOINS, EACH, JOINT, "2012-01-01", None),
    "0213T": (SOUND, NECK, FIRST, LEVEL, "2010-01-01", None),
    "0214T": (SOUND, NECK, SECOND, LEVEL, "2010-01-01", None),
    "0215T": (SOUND, NECK, THIRD, LEVEL, "2010-01-01", None),
    "0216T": (SOUND, LOINS, FIRST, LEVEL, "2010-01-01", None),
    "0217T": (SOUND, LOINS, SECOND, LEVEL, "2010-01-01", None),
    "0218T": (SOUND, LOINS, THIRD, LEVEL, "2010-01-01", None),
    "64470": (OLD_INJECTION, NECK, FIRST, LEVEL, None, "2009-12-31"),
    "64472": (OLD_INJECTION, NECK, EACH, LEVEL, None, "2009-12-31"),
    "64475": (OLD_INJECTION, LOINS, FIRST, LEVEL, None, "2009-12-31"),
    "64476": (OLD_INJECTION, LOINS, EACH, LEVEL, None, "2009-12-31"),
    "64622": (OLD_ABLATION, LOINS, FIRST, NERVE, None, "2011-12-31"),
    "64623": (OLD_ABLATION, LOINS, EACH, NERVE, None, "2011-12-31"),
    "64626": (OLD_ABLATION, NECK, FIRST, NERVE, None, "2011-12-31"),
    "64627": (OLD_ABLATION, NECK, EACH, NERVE, None, "2011-12-31"),
}
PREDECESSORS = [code for code, fact in CODES.items() if fact[-1]]
NEIGHBOURS = [p.code for p in packaged().find_procedures(kind=ProcedureKind.RELATED)]


@pytest.mark.parametrize("code", CODES)
def test_code(code: str) -> None:
    procedure = packaged().get_procedure(code)

    family, *others = CODES[code]
    assert procedure.family is family  # an old ablation is no ablation of today
    assert others == [
        procedure.region,
        procedure.ordinal,
        procedure.counts,
        str(procedure.term.start) if procedure.term.start else None,
        str(procedure.term.until) if procedure.term.until else None,
    ]
    assert type(procedure.counts) is Counted
    assert procedure.kind is (
        ProcedureKind.PREDECESSOR if code in PREDECESSORS else ProcedureKind.FACET
    )


def test_there_are_no_codes_but_these_and_related_codes() -> None:
    codes = [procedure.code for procedure in packaged().procedures]

    assert set(codes) == {*CODES, *NEIGHBOURS}
    assert len(set(codes)) == len(codes)
    assert all(is_code(code) for code in codes)


@pytest.mark.parametrize("code", NEIGHBOURS)
def test_a_related_code_has_a_label_and_no_place_in_the_family(code: str) -> None:
    procedure = packaged().get_procedure(code)

    assert procedure.label
    assert (procedure.family, procedure.region, procedure.ordinal) == (None, None, None)
    assert procedure.counts is None
    assert not procedure.add_on
    assert procedure.in_force(SPRING) is Status.IN_FORCE


@pytest.mark.parametrize("region", CodeRegion)
@pytest.mark.parametrize(
    ("family", "ordinals"),
    [
        (Family.IMAGE_GUIDED_INJECTION, [FIRST, SECOND, THIRD]),
        (Family.ULTRASOUND_INJECTION, [FIRST, SECOND, THIRD]),
        (Family.ABLATION, [FIRST, EACH]),
    ],
)
def test_each_family_has_one_code_for_each_place_of_a_level(
    family: Family, ordinals: list[Ordinal], region: CodeRegion
) -> None:
    found = packaged().find_procedures(family=family, region=region, on=SPRING)

    assert [procedure.ordinal for procedure in found] == ordinals


@pytest.mark.parametrize("family", [*Family, *LegacyFamily], ids=repr)
def test_a_family_is_found_apart_from_the_old_one_of_its_name(family: AnyFamily) -> None:
    found = {procedure.code for procedure in packaged().find_procedures(family=family)}

    assert found == {code for code, fact in CODES.items() if fact[0] is family}


def test_the_labels_of_codes_are_distinct() -> None:
    labels = Counter(procedure.label for procedure in packaged().procedures)

    assert [label for label, times in labels.items() if times > 1] == []


@pytest.mark.parametrize("code", PREDECESSORS)
def test_a_predecessor_ended_on_the_day_before_its_successors_began(code: str) -> None:
    old = packaged().get_procedure(code)

    assert old.replaced_by
    for successor in old.replaced_by:
        new = packaged().get_procedure(successor)
        assert new.term.start == old.term.last + dt.timedelta(days=1)
        assert new.region is old.region
        assert new.add_on is old.add_on
        assert code in new.replaces


# -- add-ons and their primaries

ADD_ONS = [p.code for p in packaged().procedures if p.add_on and p.kind is ProcedureKind.FACET]
# the add-ons of the predecessors: primary, first day on which it is seen, last day, sources
OLD_ADD_ONS = {
    "64472": ("64470", dt.date(2009, 12, 31), dt.date(2009, 12, 31), "mpr11 ortho-oig-2009"),
    "64476": ("64475", dt.date(2004, 9, 30), dt.date(2009, 12, 31), "mpr11 aapcforum-rfa-2010"),
    "64623": (
        "64622",
        dt.date(2004, 9, 30),
        dt.date(2011, 12, 31),
        "justmypassion-2012 aapcforum-rfa-2010",
    ),
    "64627": (
        "64626",
        dt.date(2011, 12, 31),
        dt.date(2011, 12, 31),
        "justmypassion-2012 counting-rf-2012",
    ),
}
ALL_ADD_ONS = [*ADD_ONS, *OLD_ADD_ONS]


def test_these_are_all_add_ons() -> None:
    assert sorted(ALL_ADD_ONS) == sorted(p.code for p in packaged().procedures if p.add_on)
    assert set(OLD_ADD_ONS) <= set(PREDECESSORS)


def test_the_add_ons_of_the_table_are_those_of_the_family() -> None:
    assert {row["add_on"] for row in rows("addons.csv")} == set(ALL_ADD_ONS)


@pytest.mark.parametrize("code", OLD_ADD_ONS)
def test_an_old_add_on_has_its_primary_for_as_long_as_it_is_known(code: str) -> None:
    """CPT's own pair, and no edit: the add-on edits began when these codes were gone."""
    primary, first, last, sources = OLD_ADD_ONS[code]
    procedure = packaged().get_procedure(code)

    (link,) = procedure.primaries
    assert (link.add_on, link.primary, link.authority) == (code, primary, "cpt")
    assert link.term == procedure.term == EffectivePeriod(seen=first, until=last)
    assert [citation.id for citation in link.citations] == sources.split()
    assert {citation.confidence for citation in link.citations} == {Confidence.SECONDARY}
    day = dt.timedelta(days=1)
    assert [procedure.primary_codes(on) for on in (first - day, first, last, last + day)] == [
        (),
        (primary,),
        (primary,),
        (),
    ]


@pytest.mark.parametrize("code", ALL_ADD_ONS)
def test_an_add_on_has_a_primary_on_every_day_of_its_own(code: str) -> None:
    procedure = packaged().get_procedure(code)

    days = [procedure.term.first, dt.date(2013, 3, 31), dt.date(2013, 4, 1), SPRING]
    if code in OLD_ADD_ONS:
        days = [procedure.term.first, procedure.term.last]
    for day in days:
        assert procedure.in_force(day) is Status.IN_FORCE
        primaries = [packaged().get_procedure(primary) for primary in procedure.primary_codes(day)]
        own = [p for p in primaries if p.ordinal is FIRST and p.region is procedure.region]
        assert len(own) == 1
        assert own[0].in_force(day) is Status.IN_FORCE


# The add-on edits give these by year only: add-on, primaries before, what was seen, when.
LATER_EDITS = [
    ("0215T", ("0213T",), "0214T", dt.date(2015, 12, 31)),
    ("0218T", ("0216T",), "0217T", dt.date(2015, 12, 31)),
    ("64492", ("64490",), "64491", dt.date(2015, 12, 31)),
    ("64495", ("64493",), "64494", dt.date(2015, 12, 31)),
    ("64494", ("64493",), "64490", dt.date(2023, 12, 31)),
]


@pytest.mark.parametrize(("add_on", "before", "primary", "day"), LATER_EDITS)
def test_an_edit_of_a_year_is_seen_on_its_last_day(
    add_on: str, before: tuple[str, ...], primary: str, day: dt.date
) -> None:
    """A source that is dated by its year alone counts from the last day of that year.

    Source: data/README.md; the head of addons.csv.
    """
    procedure = packaged().get_procedure(add_on)
    (link,) = (link for link in procedure.primaries if link.primary == primary)

    assert link.term == EffectivePeriod(seen=day)
    assert link.term.on(dt.date(day.year, 1, 1)) is Status.NOT_KNOWN
    assert procedure.primary_codes(day - dt.timedelta(days=1)) == before
    assert set(procedure.primary_codes(day)) == {*before, primary}


def test_no_other_edit_is_dated_by_its_year() -> None:
    seen = [
        (row["add_on"], row["primary"], row["authority"])
        for row in rows("addons.csv")
        if row["seen"]
    ]

    edits = [(add_on, primary, "cms-add-on-edits") for add_on, _, primary, _ in LATER_EDITS]
    old = [(add_on, primary, "cpt") for add_on, (primary, *_) in OLD_ADD_ONS.items()]
    assert sorted(seen) == sorted([*edits, *old])


def test_a_link_ends_with_a_code_that_was_replaced_and_never_else() -> None:
    ended = {row["add_on"] for row in rows("addons.csv") if row["until"]}

    assert ended == set(OLD_ADD_ONS)


@pytest.mark.parametrize("code", ADD_ONS)
def test_the_edits_began_on_the_first_of_april_2013(code: str) -> None:
    edits = [
        link
        for link in packaged().get_procedure(code).primaries
        if link.authority == "cms-add-on-edits" and link.term.start
    ]

    assert [link.term for link in edits] == [EffectivePeriod(start=dt.date(2013, 4, 1))]


@pytest.mark.parametrize("code", [p.code for p in packaged().procedures if not p.add_on])
def test_only_an_add_on_needs_a_primary(code: str) -> None:
    assert packaged().get_procedure(code).primaries == ()


def test_the_primaries_of_an_add_on_are_of_its_family() -> None:
    links = [link for code in ALL_ADD_ONS for link in packaged().get_procedure(code).primaries]
    across = {
        (link.add_on, link.primary)
        for link in links
        if packaged().get_procedure(link.add_on).region
        is not packaged().get_procedure(link.primary).region
    }

    assert all(
        packaged().get_procedure(link.add_on).family
        == packaged().get_procedure(link.primary).family
        for link in links
    )
    assert across == {("64494", "64490")}  # the thoracolumbar pair


def test_no_link_of_one_authority_stands_twice() -> None:
    links = Counter((row["add_on"], row["primary"], row["authority"]) for row in rows("addons.csv"))

    assert set(links.values()) == {1}
    assert {authority for _, _, authority in links} == {"cpt", "cms-add-on-edits"}


def test_cpt_pairs_an_add_on_with_the_primary_of_its_region() -> None:
    pairs = {
        (row["add_on"], row["primary"]) for row in rows("addons.csv") if row["authority"] == "cpt"
    }

    assert sorted(add_on for add_on, _ in pairs) == sorted(ALL_ADD_ONS)
    for add_on, primary in pairs:
        first = packaged().get_procedure(primary)
        assert (first.ordinal, first.region) == (FIRST, packaged().get_procedure(add_on).region)


# -- indicators

INDICATORS = rows("indicators.csv")


def test_indicators_are_of_known_codes_and_their_rows_follow_one_another() -> None:
    listed = {row["code"] for row in INDICATORS}
    known = {p.code for p in packaged().procedures} | {g.code for g in packaged().groups}

    assert listed <= known
    assert {code for code in CODES if code not in PREDECESSORS} <= listed
    for code in listed:
        days = [d for r in INDICATORS if r["code"] == code for d in (r["seen"], r["last"])]
        assert days == sorted(days)
        if not isinstance(packaged().procedure(code), Unknown):
            assert len(days) == len(("seen", "last"))


@pytest.mark.parametrize("row", INDICATORS, ids=lambda row: f"{row['code']}-{row['seen']}")
def test_indicators_fit_the_code(row: dict[str, str]) -> None:
    """The same answer on the first and the last day of each row, and none before the first."""
    code, seen, last = row["code"], *map(dt.date.fromisoformat, (row["seen"], row["last"]))
    first = min(r["seen"] for r in INDICATORS if r["code"] == code)
    for on in (seen, last):
        found = packaged().fee_indicators(code, on=on)
        assert not isinstance(found, Unknown)
        assert found.term.first <= found.last <= packaged().as_of
        assert (found.status, found.bilateral) == (row["status"], row["bilateral"])
    before = dt.date.fromisoformat(first) - dt.timedelta(days=1)
    assert isinstance(packaged().fee_indicators(code, on=before), Unknown)
    procedure = packaged().procedure(code)
    if isinstance(procedure, Unknown):
        return
    assert (row["global_days"] == "ZZZ") is procedure.add_on
    if procedure.add_on:
        assert row["multiple"] == "0"
    if procedure.kind is ProcedureKind.FACET:
        assert (row["bilateral"], row["pc_tc"]) == ("1", "0")


def test_between_two_rows_that_differ_nothing_is_known() -> None:
    """Source: RVU24C and RVU25D, which differ on 77012; no file between them was read."""
    known = [
        not isinstance(packaged().fee_indicators("77012", on=dt.date.fromisoformat(day)), Unknown)
        for day in ("2024-09-30", "2024-10-01", "2025-09-30", "2025-10-01", "2027-01-01")
    ]

    assert known == [True, False, False, True, True]


# -- modifiers


def test_modifiers() -> None:
    codes = [modifier.code for modifier in packaged().modifiers]

    assert len(codes) == len(set(codes)) == 76
    assert all(parse_modifier(code) == code for code in codes)


@pytest.mark.parametrize(
    ("role", "code"),
    [
        (ModifierRole.BILATERAL, "50"),
        (ModifierRole.RIGHT, "RT"),
        (ModifierRole.LEFT, "LT"),
        (ModifierRole.REQUIREMENTS_MET, "KX"),
    ],
)
def test_one_modifier_has_the_role(role: ModifierRole, code: str) -> None:
    assert [m.code for m in packaged().modifiers if m.role is role] == [code]
    assert packaged().get_modifier_code(role) == code


def test_every_role_is_had() -> None:
    assert {m.role for m in packaged().modifiers} - {None} == set(ModifierRole)


def test_the_kind_of_a_modifier_fits_its_role() -> None:
    kinds = {m.role: m.kind for m in packaged().modifiers if m.role}
    sides = {m.code for m in packaged().modifiers if m.kind is ModifierKind.LATERALITY}

    assert kinds[ModifierRole.BILATERAL] is ModifierKind.PAYMENT
    assert kinds[ModifierRole.REQUIREMENTS_MET] is ModifierKind.INFORMATIONAL
    assert sides == {"RT", "LT"}


def test_a_modifier_applies_somewhere_unless_it_has_ended() -> None:
    nowhere = [m.code for m in packaged().modifiers if not m.claim_types]

    assert nowhere == ["GD"]
    assert packaged().get_modifier("GD").term.until == dt.date(2019, 12, 31)


def test_the_flags_of_claim_types_are_yes_or_no() -> None:
    flags = ("professional", "hospital_outpatient", "asc_facility")

    assert {row[flag] for row in rows("modifiers.csv") for flag in flags} == {"Y", "N"}


def test_a_chosen_kind_gives_its_reason() -> None:
    chosen = [m for m in packaged().modifiers if m.confidence is Confidence.JUDGMENT]

    assert all(modifier.note for modifier in chosen)


def test_what_is_ours_alone_gives_no_amount_and_no_date() -> None:
    """An effect that no source states gives words, and no amounts, limits or dates.

    Source: docs/design.md, decision 5; the head of modifiers.csv.
    """
    ours = [m for m in packaged().modifiers if m.effect_confidence is Confidence.JUDGMENT]
    amounts = re.compile(r"\d+ ?%|\$|\bpercent|\bhalf\b|\b20\d\d-\d\d-\d\d\b", re.IGNORECASE)

    found = [(m.code, amounts.findall(m.effect)) for m in ours if amounts.search(m.effect)]

    assert [code for code, _ in found if code != "GD"] == []


# -- other codes by group, and modifiers that exclude each other


@pytest.mark.parametrize("name", ["groups.csv", "modifier_conflicts.csv"])
def test_a_row_cites_known_sources_and_a_judgment_its_reason(name: str) -> None:
    """Each fact has a source, a date and a confidence; a judgment of ours says why.

    Source: data/README.md.
    """
    for row in rows(name):
        cited = row["citations"].split(";")
        judged = Confidence(row["confidence"]) is Confidence.JUDGMENT
        assert set(cited) <= set(_data.sources())
        assert len(set(cited)) == len(cited)
        assert (row["note"] != "") or not judged, row
        assert judged or row["from"] or row["seen"], row
        assert not (row["from"] and row["seen"])


def test_a_code_list_is_never_a_judgment() -> None:
    assert Confidence.JUDGMENT not in {member.confidence for member in packaged().groups}


def test_the_groups_of_other_codes() -> None:
    members = packaged().groups
    kinds = (ProcedureKind.FACET, ProcedureKind.PREDECESSOR)
    family = {p.code for kind in kinds for p in packaged().find_procedures(kind=kind)}

    assert {member.group for member in members} == set(CodeGroup)
    assert {member.code for member in members} & family == set()
    assert all(is_code(member.code) for member in members)


def test_a_code_stands_in_one_group_on_a_day() -> None:
    """Each code is one thing to a claim with facet codes, so a rule asks once."""
    days = {d for m in packaged().groups for d in (m.term.first, m.term.last)} | {SPRING}
    for member in packaged().groups:
        for day in days:
            assert len(packaged().find_groups(member.code, on=day)) <= 1, member.code


@pytest.mark.parametrize(
    ("code", "day", "group"),
    [
        ("77003", "2012-03-01", "imaging-guidance"),
        ("77012", "2026-03-02", "imaging-guidance"),
        ("99144", "2016-12-31", "sedation"),
        ("99144", "2017-01-01", None),
        ("99152", "2016-12-31", None),
        ("99152", "2017-01-01", "sedation"),
        ("01936", "2021-12-31", "anesthesia"),
        ("01936", "2022-01-01", None),
        ("01939", "2021-12-31", None),
        ("01939", "2022-01-01", "anesthesia"),
        ("62311", "2017-01-01", None),
        ("62323", "2026-03-02", "epidural"),
        ("64484", "2026-03-02", "epidural"),
        ("64520", "2026-03-02", "sympathetic-block"),
        ("27096", "2026-03-02", "sacroiliac"),
        ("0222T", "2026-03-02", "implant"),
        ("64450", "2026-03-02", "peripheral-nerve"),
        ("20610", "2026-03-02", "joint-injection"),
        ("64451", "2026-03-02", "sacroiliac"),
        ("64999", "2026-03-02", "unlisted-nervous"),
        ("99201", "2021-01-01", None),
        ("99213", "2026-03-02", "evaluation"),
        ("64493", "2026-03-02", None),
        ("J1100", "2026-03-02", "drug"),
        ("J1010", "2024-03-31", None),
        ("J1030", "2024-04-01", None),
        ("S0020", "2023-07-01", None),
        ("Q9966", "2026-03-02", "contrast"),
        ("no code", "2026-03-02", None),
    ],
)
def test_the_group_of_a_code(code: str, day: str, group: str | None) -> None:
    on = dt.date.fromisoformat(day)

    found = packaged().find_groups(code, on=on)

    assert found == (() if group is None else (CodeGroup(group),))
    assert all(code in packaged().find_codes(each, on=on) for each in found)


@pytest.mark.parametrize("group", CodeGroup)
def test_the_two_ways_to_ask_for_a_group_agree(group: CodeGroup) -> None:
    everything = {member.code for member in packaged().groups}
    for day in {member.term.first for member in packaged().groups} | {SPRING}:
        codes = packaged().find_codes(group, on=day)
        assert len(set(codes)) == len(codes)
        assert set(codes) == {c for c in everything if group in packaged().find_groups(c, on=day)}


def test_conflicts_are_of_known_modifiers() -> None:
    known = {modifier.code for modifier in packaged().modifiers}
    stated = [conflict.modifiers for conflict in packaged().conflicts]

    assert len(set(stated)) == len(stated)
    assert all(len(each) > 1 and each <= known for each in stated)


LINES = st.lists(st.sampled_from([m.code for m in packaged().modifiers] + ["ZZ"]), max_size=5)


@given(LINES, st.randoms(use_true_random=False))
def test_the_order_of_modifiers_and_repeats_make_no_conflict(line: list[str], random: Any) -> None:  # noqa: ANN401  what Hypothesis gives
    """Whether two modifiers exclude each other depends on which they are, and on the date."""
    found = packaged().find_conflicts(line, on=SPRING)
    shuffled = [*line, *line]
    random.shuffle(shuffled)

    assert packaged().find_conflicts(shuffled, on=SPRING) == found
    assert all(len(conflict.modifiers & set(line)) > 1 for conflict in found)


@pytest.mark.parametrize(
    ("line", "count"),
    [
        (["RT", "LT"], 1),
        (["50", "RT"], 1),
        (["50", "RT", "LT"], 3),
        (["59", "XS"], 1),
        (["XE", "XS"], 0),
        (["GA", "GZ"], 1),
        (["GX", "GY"], 0),
        (["26", "TC"], 1),
        (["73", "74"], 1),
        (["50", "KX"], 0),
        (["RT", "RT"], 0),
        ([], 0),
    ],
)
def test_which_modifiers_exclude_each_other(line: list[str], count: int) -> None:
    assert len(packaged().find_conflicts(line, on=SPRING)) == count


@pytest.mark.parametrize("role", ModifierRole)
def test_the_modifiers_with_a_role(role: ModifierRole) -> None:
    found = [modifier.code for modifier in packaged().find_modifiers(role=role)]

    assert found[0] == packaged().get_modifier_code(role)
    assert all(packaged().modifier_role(code) is role for code in found)


# -- joints


def test_each_joint_is_supplied_once_and_in_order() -> None:
    listed = [entry["joint"] for entry in _data.read_toml("codes/anatomy.toml")["innervation"]]

    assert listed == list(Joint)


@pytest.mark.parametrize("joint", Joint)
def test_the_supply_of_a_joint(joint: Joint) -> None:
    (fact,) = packaged().innervations.about(joint)
    supply = fact.nerves

    assert fact.citations
    assert list(supply) == sorted(supply)
    match joint:
        case Joint.C0_C1 | Joint.C1_C2:
            assert supply == ()
        case Joint.C2_C3:
            assert supply == (Nerve.TON,)
        case _:
            upper, lower = supply
            assert lower.position - upper.position == 1


@pytest.mark.parametrize("joint", Joint)
def test_a_joint_is_in_one_code_region_on_a_day(joint: Joint) -> None:
    found = packaged().find_code_regions(joint)

    terms = sorted((fact.term for fact in found), key=lambda term: term.first)
    assert all(one.last < other.first for one, other in itertools.pairwise(terms))
    assert [f.region for f in found if f.term.on(SPRING) is Status.IN_FORCE] == [
        LOINS if joint.startswith("L") else NECK
    ]


def test_what_is_reported_for_other_nerves_is_known() -> None:
    supplying = {nerve for joint in Joint for nerve in packaged().find_nerves(joint)}

    for other in packaged().other_nerves:
        assert other.citations
        assert other.nerves
        assert supplying.isdisjoint(other.nerves)
        assert other.techniques
        assert {*other.guidances} <= ALL_GUIDANCES
        procedure = packaged().get_procedure(other.instead.code)
        assert procedure.kind is ProcedureKind.RELATED
        assert procedure.in_force(other.term.first) is Status.IN_FORCE


BRANCHES = (Nerve.S1, Nerve.S2, Nerve.S3)
BLOCK, ABLATION = Technique.MEDIAL_BRANCH_BLOCK, Technique.THERMAL_RADIOFREQUENCY_ABLATION
ALL_GUIDANCES = {*Guidance, None}
# nerves, technique, guidances under which it is so, the line, the first day on which it is seen
OTHER_NERVES = [
    ((Nerve.GON,), BLOCK, ALL_GUIDANCES, "64405 x1", dt.date(2010, 12, 31)),
    ((Nerve.LON,), BLOCK, ALL_GUIDANCES, "64450 x1", dt.date(2010, 12, 31)),
    (BRANCHES, BLOCK, {Guidance.FLUOROSCOPY, Guidance.CT}, "64451 x1", dt.date(2020, 1, 1)),
    (BRANCHES, ABLATION, {Guidance.FLUOROSCOPY, Guidance.CT}, "64625 x1", dt.date(2020, 1, 1)),
    (
        (*BRANCHES, Nerve.GON, Nerve.LON),
        Technique.PULSED_RADIOFREQUENCY_ABLATION,
        ALL_GUIDANCES,
        "64999 x1",
        dt.date(2006, 12, 31),
    ),
]


def test_what_is_reported_for_other_nerves() -> None:
    assert [
        (o.nerves, *o.techniques, {*o.guidances}, o.instead.text, o.term.seen)
        for o in packaged().other_nerves
    ] == OTHER_NERVES


@pytest.mark.parametrize("technique", Technique)
@pytest.mark.parametrize("guidance", [*Guidance, None])
def test_what_is_reported_for_other_nerves_follows_technique_guidance_and_date(
    technique: Technique, guidance: Guidance | None
) -> None:
    for nerves, by, under, line, first in OTHER_NERVES:
        for day in (first - dt.timedelta(days=1), first, SPRING):
            found = packaged().find_other_nerves(
                nerves, technique=technique, guidance=guidance, on=day
            )
            fits = technique is by and guidance in under and day >= first
            listed = [other.instead.text for other in found]
            assert (line in listed) is fits


# -- no text of the American Medical Association

# Written in halves, so that this file does not hold them either.
DESCRIPTORS = (
    ("diagnostic or", "therapeutic agent"),
    ("paravertebral facet", "zygapophyseal joint"),
    ("nerves innervating", "that joint"),
    ("nerves innervating", "the sacroiliac"),
    ("joint with", "image guidance"),
    ("with image guidance", "fluoroscopy"),
    ("with ultrasound guidance", "cervical"),
    ("with ultrasound guidance", "lumbar"),
    ("cervical or thoracic", "single"),
    ("lumbar or sacral", "single"),
    ("third and", "any additional"),
    ("each additional", "facet joint"),
    ("destruction by", "neurolytic agent"),
    ("list separately", "in addition"),
    ("single or multiple", "trigger"),
    ("other peripheral", "nerve or"),
    ("unlisted procedure", "nervous system"),
    ("injection procedure", "for sacroiliac"),
    ("increased procedural", "services"),
    ("significant separately", "identifiable"),
    ("unrelated evaluation", "and management"),
    ("anesthesia by", "surgeon"),
    ("decision for", "surgery"),
    ("staged or", "related procedure"),
    ("distinct procedural", "service"),
    ("repeat procedure", "or service"),
    ("repeat clinical", "diagnostic laboratory"),
    ("unplanned return", "to the"),
    ("unrelated procedure", "or service"),
    ("minimum assistant", "surgeon"),
    ("qualified resident", "surgeon not"),
    ("postoperative management", "only"),
    ("preoperative management", "only"),
    ("surgical care", "only"),
    ("synchronous telemedicine", "service"),
    ("prior to the", "administration"),
    ("after administration", "of anesthesia"),
    ("multiple outpatient", "hospital"),
    ("a normal", "healthy patient"),
    ("with mild", "systemic disease"),
    ("with severe", "systemic disease"),
    ("constant threat", "to life"),
)
RUN = 4


def folded(text: str) -> str:
    """Return the words of a text, each between two spaces."""
    return f" {' '.join(re.findall(r'[a-z0-9]+', text.lower().replace('(s)', 's')))} "


def our_texts() -> Iterator[tuple[str, str]]:
    """Yield every text of ours that describes a code or a modifier, and its place."""
    for procedure in packaged().procedures:
        yield procedure.code, folded(procedure.label)
        yield procedure.code, folded(procedure.note)
    for modifier in packaged().modifiers:
        for text in (modifier.meaning, modifier.effect, modifier.note):
            yield modifier.code, folded(text)


def test_no_text_of_ours_repeats_a_descriptor() -> None:
    forbidden = [folded(" ".join(halves)) for halves in DESCRIPTORS]

    assert [
        (where, words) for where, text in our_texts() for words in forbidden if words in text
    ] == []


def test_no_data_file_repeats_a_descriptor() -> None:
    forbidden = [folded(" ".join(halves)) for halves in DESCRIPTORS]
    names = [
        *(f"codes/{name}" for name in CODE_FILES),
        *(
            f"{folder}/{entry.name}"
            for folder in ("diagnoses", "edits")
            for entry in (_data.root() / folder).iterdir()
        ),
        *(f"policies/{name}.toml" for name in policies.ids()),
        "sources.toml",
    ]
    texts = [(name, folded(_data.read_text(name))) for name in names]

    assert [(name, words) for name, text in texts for words in forbidden if words in text] == []


def test_what_is_forbidden_is_seen() -> None:
    text = ", (".join(part.title() for part in DESCRIPTORS[0])

    assert folded(" ".join(DESCRIPTORS[0])) in folded(f"Injection(s), {text})")


# -- against the facts that the data were made from


def read_facts(name: str) -> list[dict[str, str]]:
    """Read one of the tables of facts, or skip the test where they are not here."""
    path = SHARED / "facts" / "data" / name
    if not path.is_file():
        pytest.skip(f"needs {name} of the folder of facts beside the repository")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# column here: column of the facts, column of the CMS file (its two lines of heading, joined)
SCHEDULE = {
    "status": ("status", "STATUS CODE"),
    "global_days": ("global_days", "GLOB DAYS"),
    "multiple": ("mult", "MULT PROC"),
    "bilateral": ("bilat", "BILAT SURG"),
    "assistant": ("asst", "ASST SURG"),
    "co_surgeon": ("cosurg", "CO- SURG"),
    "team": ("team", "TEAM SURG"),
    "pc_tc": ("pctc", "PCTC IND"),
}


@functools.cache
def schedule() -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the indicators of each code and release: of the facts, and of the whole files of CMS."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for name in ("mpfs.csv", "mpfs_rvu26d_epidural.csv"):
        for row in read_facts(name):
            if row["status"] and not row.get("mod"):
                cells = tuple(row[theirs] for theirs, _ in SCHEDULE.values())
                found[row["code"], row["eff_from"]] = cells
    for name, day in CMS_FILES.items():
        for row in read_schedule(name):
            if not row["MOD"].strip():
                stated = tuple(row[theirs].strip() for _, theirs in SCHEDULE.values())
                assert found.setdefault((row["HCPCS"], str(day)), stated) == stated
    return found


def test_indicators_equal_every_release() -> None:
    """Cell by cell; and a code of ours that a release lists is listed here."""
    known = {p.code for p in packaged().procedures} | {g.code for g in packaged().groups}
    ours = {
        (code, day): tuple(row[column] for column in SCHEDULE)
        for (code, day) in schedule()
        for row in INDICATORS
        if row["code"] == code and row["seen"] <= day <= row["last"]
    }

    assert ours == {(code, day): c for (code, day), c in schedule().items() if code in known}


def test_add_on_edits_equal_the_facts() -> None:
    read = [row for row in read_facts("aoc.csv") if row["add_on_code"] in CODES]
    deleted = ("edit_deleted_year", "primary_deleted_year", "addon_deleted_year")
    # The edits began on 2013-04-01; of a later one the file tells the year, of which the last day
    # is the first on which it is seen.
    ours = {
        (row["add_on"], row["primary"]): (row["from"], row["seen"], row["until"])
        for row in rows("addons.csv")
        if row["authority"] == "cms-add-on-edits"
    }
    years = {(row["add_on_code"], row["primary_code"]): row["edit_effective_year"] for row in read}

    assert not any(row[column] for row in read for column in deleted)
    assert {row["aoc_type"] for row in read} == {"1"}
    assert set(years.values()) == {"2013", "2015", "2023"}
    assert ours == {
        pair: ("2013-04-01", "", "") if year == "2013" else ("", f"{year}-12-31", "")
        for pair, year in years.items()
    }


def codes_of(family: Family) -> set[str]:
    """Return the current codes of a family."""
    return {procedure.code for procedure in packaged().find_procedures(family=family)}


SAID_OF_INDICATOR = {"0": "never-paid-together", "1": "paid-when-distinct"}
SERVICES = {
    "practitioner": ClaimType.PROFESSIONAL,
    "outpatient_hospital": ClaimType.HOSPITAL_OUTPATIENT,
}
FAMILY_PAIRS = [*itertools.combinations(Family, 2)]


def pair_edits(service: str, pair: tuple[Family, Family]) -> dict[tuple[str, str], str]:
    """Return the edits over codes of two families: the codes as paired, and the indicator."""
    one, other = map(codes_of, pair)
    found: dict[tuple[str, str], str] = {}
    for row in read_facts("ptp.csv"):
        if row["service"] == service and row["status_at_2024_07_01"] == "active":
            for first, second in itertools.permutations((row["column1"], row["column2"])):
                if first in one and second in other:
                    assert (first, second) not in found
                    found[first, second] = row["modifier_indicator"]
    return found


def first_codes(family: Family) -> set[str]:
    """Return the current codes of the first level of a family."""
    return {code for code in codes_of(family) if packaged().get_procedure(code).ordinal is FIRST}


@pytest.mark.parametrize("pair", FAMILY_PAIRS, ids="+".join)
@pytest.mark.parametrize("service", SERVICES)
def test_what_medicare_says_of_two_families_equals_the_pair_edits(
    service: str, pair: tuple[Family, Family]
) -> None:
    """The indicator of the edits of two families is said; where there are two, that of the first."""
    indicators = set(pair_edits(service, pair).values())

    answer = policies.get("medicare").get(
        "coding.family-pairs",
        on=dt.date(2024, 7, 1),
        family_pair="+".join(pair),
        claim_type=SERVICES[service],
    )

    assert indicators
    said = {SAID_OF_INDICATOR[indicator] for indicator in indicators}
    if len(said) > 1:
        assert (service, pair) == ("outpatient_hospital", (IMAGE, SOUND))
        first, second = map(first_codes, pair)
        edits_of_first = {
            indicator
            for codes, indicator in pair_edits(service, pair).items()
            if set(codes) & first and set(codes) & second
        }
        assert isinstance(answer, Provision)
        assert answer.confidence is Confidence.JUDGMENT
        assert {answer.value} == {SAID_OF_INDICATOR[indicator] for indicator in edits_of_first}
    else:
        assert isinstance(answer, Provision)
        assert {answer.value} == said


@pytest.mark.parametrize("service", SERVICES)
def test_every_group_of_two_families_meets_an_edit(service: str) -> None:
    """A coded group holds its first code, so the edits of the first codes are those of groups.

    Source: the notes of medicare.toml.
    """
    image, sound, heat = (codes_of(family) for family in Family)
    first_image, first_sound, first_heat = (first_codes(family) for family in Family)

    assert set(pair_edits(service, (SOUND, HEAT))) == {*itertools.product(first_sound, heat)}
    assert set(pair_edits(service, (IMAGE, SOUND))) == {*itertools.product(image, sound)}
    assert set(pair_edits(service, (IMAGE, HEAT))) == {
        *itertools.product(image, first_heat),
        *itertools.product(first_image, heat),
    }


def test_the_hospital_edits_over_injections_of_both_kinds_differ_by_code() -> None:
    edits = pair_edits("outpatient_hospital", (IMAGE, SOUND))
    distinct = {pair for pair, indicator in edits.items() if indicator == "1"}

    assert set(edits.values()) == {"0", "1"}
    assert distinct == {*itertools.product(first_codes(IMAGE), first_codes(SOUND))}


def test_the_facts_have_pair_edits_of_no_other_service() -> None:
    assert {row["service"] for row in read_facts("ptp.csv")} == set(SERVICES)


CLAIM_TYPES = {
    "professional": ClaimType.PROFESSIONAL,
    "opps": ClaimType.HOSPITAL_OUTPATIENT,
    "asc": ClaimType.ASC_FACILITY,
}
KNOWN_DIFFERENCES: dict[str, str] = {}  # modifier: why its claim types are not those of the facts


def test_modifiers_equal_the_facts() -> None:
    read = {row["modifier"]: row for row in read_facts("modifiers.csv")}

    assert [modifier.code for modifier in packaged().modifiers] == list(read)
    different = {
        modifier.code
        for modifier in packaged().modifiers
        for column, claim_type in CLAIM_TYPES.items()
        if (read[modifier.code][column] == "Y") is not (claim_type in modifier.claim_types)
    }
    assert different == set(KNOWN_DIFFERENCES)
    assert {m.code: m.code_set for m in packaged().modifiers} == {
        code: row["code_set"] for code, row in read.items()
    }


# -- against the files of the Centers for Medicare & Medicaid Services

CMS_FILES = {
    "rvu22a/PPRRVU22_JAN.csv.gz": dt.date(2022, 1, 1),
    "rvu25d/PPRRVU2025_Oct.csv.gz": dt.date(2025, 10, 1),
    "rvu26c/PPRRVU2026_Jul_nonQPP.csv.gz": dt.date(2026, 7, 1),
}


@functools.cache
def read_schedule(name: str) -> list[dict[str, str]]:
    """Read a relative value file by its heading, or skip the test where it is not here."""
    path = SHARED / "cms" / name
    if not path.is_file():
        pytest.skip(f"needs {name} of the folder of CMS files beside the repository")
    text = gzip.decompress(path.read_bytes()).decode("latin-1")
    lines = list(csv.reader(io.StringIO(text)))
    head = next(number for number, line in enumerate(lines) if line[0].strip() == "HCPCS")
    upper, lower = lines[head - 1], lines[head]
    columns = [f"{a.strip()} {b.strip()}".strip() for a, b in zip(upper, lower, strict=True)]
    return [dict(zip(columns, line, strict=True)) for line in lines[head + 1 :] if line[0].strip()]


@pytest.mark.parametrize("name", CMS_FILES)
def test_codes_of_the_cms_file_are_valid_on_its_date(name: str) -> None:
    listed = {row["HCPCS"] for row in read_schedule(name)}

    valid = {
        p.code for p in packaged().procedures if p.in_force(CMS_FILES[name]) is Status.IN_FORCE
    }

    assert valid <= listed
    assert {procedure.code for procedure in packaged().procedures} & listed == valid


@pytest.mark.parametrize("name", CMS_FILES)
def test_no_label_repeats_the_short_descriptor_of_the_cms_file(name: str) -> None:
    found: list[str] = []
    for row in read_schedule(name):
        procedure = packaged().procedure(row["HCPCS"])
        words = folded(row["DESCRIPTION"]).split()
        if isinstance(procedure, Unknown):
            continue
        runs = [words[at : at + RUN] for at in range(max(1, len(words) - RUN + 1))]
        found += [
            procedure.code
            for run in runs
            if f" {' '.join(run)} " in folded(f"{procedure.label}. {procedure.note}")
        ]

    assert found == []
