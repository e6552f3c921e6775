"""What the packaged policies answer, cell by cell, and how a policy behaves as a value."""

import datetime as dt
import itertools
import os
import pickle
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import attrs
import pytest

from cptfacet import _data, policies
from cptfacet.citations import Confidence
from cptfacet.claims import ClaimType, parse_line
from cptfacet.dates import EffectivePeriod, Status
from cptfacet.errors import UnknownIdError
from cptfacet.modifiers import ModifierRole
from cptfacet.policies import ChangeKind, Known, NotKnown, Policy, Provision, model
from cptfacet.policies.files import read_file
from cptfacet.policies.vocabulary import (
    ADDON_PRIMARIES,
    GUIDANCE_NOT_STATED,
    MODIFIER_DIAGNOSTIC,
    NO_MODIFIER,
)
from cptfacet.procedures import Family, Ordinal, ProcedureKind
from cptfacet.reference import packaged
from cptfacet.reference.edits import PairEdits, PairIndicator
from cptfacet.sessions import Guidance, Technique

SPRING = dt.date(2026, 3, 2)
NOT_KNOWN = "not known"


def value_of(answer: Provision | NotKnown) -> object:
    """Return the value of an answer, or that it is not known."""
    return answer.value if isinstance(answer, Provision) else NOT_KNOWN


# -- each file as a whole


JURISDICTIONS = ("j15", "j5", "j6", "j8", "je", "jf", "jh", "jj", "jk", "jl", "jm", "jn")
PAYERS = (
    *("aetna", "bcbs-mississippi", "bcbs-nebraska", "bcbs-oklahoma"),
    *("blue-cross-idaho", "cigna", "humana-advantage", "tricare", "uhc"),
)
BY_INDICATOR = ("bcbs-north-dakota", "humana", "independence", "regence", "regence-advantage")
# policy: the one that it extends
EXTENDS = {
    "bilateral-indicator": "commercial",
    "commercial": "cpt",
    "medicare": "cpt",
    "mississippi-workers-compensation": "cpt",
    "uhc-advantage": "medicare",
    "washington-lni": "cpt",
    **dict.fromkeys(PAYERS, "commercial"),
    **dict.fromkeys(BY_INDICATOR, "bilateral-indicator"),
    **{f"medicare-{place}": "medicare" for place in JURISDICTIONS},
}


def test_the_packaged_policies() -> None:
    assert policies.ids() == tuple(sorted({"cpt", *EXTENDS}))


@pytest.mark.parametrize("name", policies.ids())
def test_a_packaged_policy_loads_under_its_own_name(name: str) -> None:
    policy = policies.get(name)

    assert policy.id == name
    assert policy.title
    assert policy.payer
    assert policy.revised <= packaged().as_of
    assert policy.provisions


@pytest.mark.parametrize("name", policies.ids())
def test_a_policy_file_begins_by_saying_what_it_is(name: str) -> None:
    assert _data.read_text(f"policies/{name}.toml").startswith("# What: ")


# -- each provision


@pytest.mark.parametrize("name", policies.ids())
def test_the_citations_of_a_provision_are_packaged_sources(name: str) -> None:
    for provision in policies.get(name).provisions:
        for citation in provision.citations:
            source = _data.sources()[citation.id]
            assert (citation.title, citation.url) == (source.title, source.url)
            assert citation.term == provision.term
            assert citation.confidence is provision.confidence


@pytest.mark.parametrize("name", policies.ids())
def test_a_provision_cites_each_of_its_sources_once(name: str) -> None:
    """A fact without a source is left out, and a judgment cites what it was made from.

    Source: data/README.md.
    """
    for provision in policies.get(name).provisions:
        cited = [citation.id for citation in provision.citations]
        assert cited, provision
        assert len(set(cited)) == len(cited), provision


@pytest.mark.parametrize("name", policies.ids())
def test_what_is_no_judgment_is_dated(name: str) -> None:
    for provision in policies.get(name).provisions:
        if provision.confidence is not Confidence.JUDGMENT:
            assert provision.term.start or provision.term.seen, provision


@pytest.mark.parametrize("name", policies.ids())
def test_what_is_not_known_says_what_is_missing(name: str) -> None:
    for provision in policies.get(name).provisions:
        if isinstance(provision, NotKnown):
            assert len(provision.reason.split()) > 5, provision
            assert provision.rationale or provision.confidence is not Confidence.JUDGMENT, provision


def test_the_provisions_of_which_a_user_is_told() -> None:
    told = {
        (name, p.key, p.caveat)
        for name in policies.ids()
        for p in policies.get(name).provisions
        if isinstance(p, Provision) and p.caveat
    }

    assert {(name, key) for name, key, _ in told} == {
        ("bcbs-mississippi", "laterality.format"),
        ("bilateral-indicator", "laterality.format"),
        ("commercial", "coding.family"),
        ("medicare-j15", "coding.thoracolumbar"),
        ("medicare", "coding.thoracolumbar"),
    }
    assert all(caveat.endswith(".") for *_, caveat in told)


@pytest.mark.parametrize("name", policies.ids())
def test_a_provision_does_not_end_before_it_begins(name: str) -> None:
    for provision in policies.get(name).provisions:
        term = provision.term
        assert term.first <= term.last, provision
        assert term.start is None or term.seen is None, provision
        assert term.until is None or term.on(term.until) is Status.IN_FORCE, provision


@pytest.mark.parametrize("name", policies.ids())
def test_judgment_is_for_readings_and_never_for_codes_or_modifiers(name: str) -> None:
    """A judgment of ours settles a convention or a reading, never a code list, a date or a limit.

    Source: docs/design.md, decision 5.
    """
    for provision in policies.get(name).provisions:
        if isinstance(provision, Provision) and provision.confidence is Confidence.JUDGMENT:
            kind = policies.KEYS[provision.key].type
            assert provision.rationale, provision
            assert kind in {"choice", "list", "some", "modifier"}, provision
            assert kind != "modifier" or provision.value == NO_MODIFIER, provision


@pytest.mark.parametrize("name", policies.ids())
def test_the_codes_of_a_provision_are_known_and_valid(name: str) -> None:
    for provision in policies.get(name).provisions:
        kind = policies.KEYS[provision.key].type
        match kind, value_of(provision):
            case "codes", tuple(codes) if provision.key.startswith("authorization."):
                first = provision.term.first
                for code in codes:
                    procedure = packaged().get_procedure(code)
                    assert procedure.kind is ProcedureKind.FACET, provision
                    assert procedure.in_force(first) is Status.IN_FORCE, provision
            case "codes", tuple(codes):
                primaries = [packaged().get_procedure(code) for code in codes]
                assert all(p.ordinal is Ordinal.FIRST for p in primaries), provision
                assert all(p.in_force(SPRING) is Status.IN_FORCE for p in primaries), provision
                assert all(packaged().get_procedure(code).add_on for code in provision.cell), (
                    provision
                )
            case "lines", tuple(texts):
                for line in map(parse_line, texts):
                    valid = packaged().get_procedure(line.code).in_force(SPRING)
                    assert valid is Status.IN_FORCE, provision
                    assert all(packaged().get_modifier(code) for code in line.modifiers), provision
            case "modifiers", tuple(codes):
                for code in codes:
                    valid = packaged().get_modifier(code).term.on(SPRING)
                    assert valid is Status.IN_FORCE, provision
            case "modifier", str(code) if code not in {NO_MODIFIER, NOT_KNOWN}:
                assert packaged().get_modifier(code).term.on(SPRING) is Status.IN_FORCE, provision
            case _:
                pass


# -- which family of codes: all cells

COLUMNS = (*Guidance, GUIDANCE_NOT_STATED)
SYMBOLS = {
    "I": "image-guided-injection",
    "U": "ultrasound-injection",
    "A": "ablation",
    "O": "other-code",
    "?": "ask",
    ".": NOT_KNOWN,
}
# columns: fluoroscopy, ct, ultrasound, mri, none, not-stated
FAMILIES = {
    "cpt": {
        "intra-articular-injection": "I I U . O ?",
        "medial-branch-block": "I I U . O ?",
        "thermal-radiofrequency-ablation": "A A . . . ?",
        "cooled-radiofrequency-ablation": ". . . . . .",
        "pulsed-radiofrequency-ablation": "O O O O O O",
        "chemical-neurolysis": "O O O O O O",
        "cryoablation": ". . . . . .",
        "laser-ablation": ". . . . . .",
        "open-denervation": ". . . . . .",
        "endoscopic-denervation": ". . . . . .",
        "facet-cyst-rupture": ". . . . . .",
    },
    "commercial": {
        "intra-articular-injection": "I I U . O ?",
        "medial-branch-block": "I I U . O ?",
        "thermal-radiofrequency-ablation": "A A . . . ?",
        "cooled-radiofrequency-ablation": ". . . . . .",
        "pulsed-radiofrequency-ablation": "O O O O O O",
        "chemical-neurolysis": "O O O O O O",
        "cryoablation": "O O O O O O",
        "laser-ablation": "O O O O O O",
        "open-denervation": ". . . . . .",
        "endoscopic-denervation": ". . . . . .",
        "facet-cyst-rupture": ". . . . . .",
    },
    "medicare": {
        "intra-articular-injection": "I I U . O ?",
        "medial-branch-block": "I I U . O ?",
        "thermal-radiofrequency-ablation": "A A . . . ?",
        "cooled-radiofrequency-ablation": ". . . . . .",
        "pulsed-radiofrequency-ablation": "O O O O O O",
        "chemical-neurolysis": "O O O O O O",
        "cryoablation": "O O O O O O",
        "laser-ablation": "O O O O O O",
        "open-denervation": "O O O O O O",
        "endoscopic-denervation": "O O O O O O",
        "facet-cyst-rupture": ". . . . . .",
    },
}
OWN_ROWS = {"medicare-jn": {"facet-cyst-rupture": "I I . . . ?"}}
for child, parent in EXTENDS.items():
    FAMILIES.setdefault(child, FAMILIES[parent] | OWN_ROWS.get(child, {}))
FAMILY_CELLS = [
    (name, technique, guidance, SYMBOLS[symbol])
    for name, table in FAMILIES.items()
    for technique, row in table.items()
    for guidance, symbol in zip(COLUMNS, row.split(), strict=True)
]


def test_the_table_of_families_has_every_cell() -> None:
    wanted = set(itertools.product(policies.ids(), Technique, COLUMNS))

    assert {cell[:3] for cell in FAMILY_CELLS} == wanted
    assert len(FAMILY_CELLS) == len(wanted) == 33 * 11 * 6


@pytest.mark.parametrize(("name", "technique", "guidance", "expected"), FAMILY_CELLS)
def test_family(name: str, technique: str, guidance: str, expected: str) -> None:
    """The family of codes follows from technique, guidance and policy, and each cell is cited.

    Source: docs/design.md, coding step 3.
    """
    policy = policies.get(name)

    answer = policy.get("coding.family", on=SPRING, technique=technique, guidance=guidance)

    assert value_of(answer) == expected
    if isinstance(answer, Provision):
        assert answer.citations or answer.confidence is Confidence.JUDGMENT
    else:
        assert answer.reason


@pytest.mark.parametrize(("name", "technique", "guidance", "expected"), FAMILY_CELLS)
def test_another_code_is_named_where_it_is_asked_for_and_nowhere_else(
    name: str, technique: str, guidance: str, expected: str
) -> None:
    policy = policies.get(name)

    answer = policy.get("coding.instead", on=SPRING, technique=technique, guidance=guidance)

    match (name, technique, expected):
        case ("medicare-jn", "facet-cyst-rupture", _):
            assert value_of(answer) == NOT_KNOWN
        case (_, "facet-cyst-rupture", _) if name == "uhc-advantage" or name.startswith("medicare"):
            assert value_of(answer) == ("64999 x1",)  # by the sentence that some articles keep
        case (_, "intra-articular-injection" | "medial-branch-block", "other-code"):
            assert value_of(answer) == ("20552 x1",)
        case (_, _, "other-code"):
            assert value_of(answer) == ("64999 x1",)
        case _:
            assert value_of(answer) == NOT_KNOWN


# policy, techniques, first day, what it is on the day before (cpt may answer), and from then on
BEGINNINGS = [
    ("cpt", "intra-articular-injection medial-branch-block", "2010-01-01", ".", "I I U . O ."),
    ("cpt", "thermal-radiofrequency-ablation", "2012-01-01", ".", "A A . . . ."),
    ("cpt", "pulsed-radiofrequency-ablation", "2006-12-31", ".", "O O O O O O"),
    ("cpt", "chemical-neurolysis", "2017-11-30", ".", "O O O O O O"),
    ("commercial", "pulsed-radiofrequency-ablation", "2006-12-31", ".", "O O O O O O"),
    ("commercial", "chemical-neurolysis", "2017-11-30", ".", "O O O O O O"),
    ("commercial", "cryoablation laser-ablation", "2014-12-31", ".", "O O O O O O"),
    ("medicare", "pulsed-radiofrequency-ablation", "2006-12-31", ".", "O O O O O O"),
    ("medicare", "chemical-neurolysis", "2017-11-30", ".", "O O O O O O"),
    ("medicare", "pulsed-radiofrequency-ablation", "2021-05-02", "O", "O O O O O O"),
    ("medicare", "chemical-neurolysis", "2021-05-02", "O", "O O O O O O"),
    ("medicare", "cryoablation laser-ablation", "2021-05-02", ".", "O O O O O O"),
    ("medicare", "open-denervation endoscopic-denervation", "2024-12-31", ".", "O O O O O O"),
]
BEGINNING_CELLS = [
    pytest.param(
        name,
        technique,
        guidance,
        day,
        (SYMBOLS[earlier], SYMBOLS[symbol]),
        id=f"{name}-{technique}-{guidance}-{day}",
    )
    for name, techniques, day, earlier, row in BEGINNINGS
    for technique in techniques.split()
    for guidance, symbol in zip(COLUMNS, row.split(), strict=True)
    if symbol != "."
]


@pytest.mark.parametrize(("name", "technique", "guidance", "day", "expected"), BEGINNING_CELLS)
def test_the_family_is_known_from_its_first_day_and_not_before(
    name: str, technique: str, guidance: str, day: str, expected: tuple[str, str]
) -> None:
    first = dt.date.fromisoformat(day)
    policy, cell = policies.get(name), {"technique": technique, "guidance": guidance}

    before = policy.get("coding.family", on=first - dt.timedelta(days=1), **cell)
    then = policy.get("coding.family", on=first, **cell)

    assert (value_of(before), value_of(then)) == expected
    block = technique in {"intra-articular-injection", "medial-branch-block"}
    line = ("20552 x1",) if block else ("64999 x1",)
    instead = policy.get("coding.instead", on=first, **cell)
    earlier = policy.get("coding.instead", on=first - dt.timedelta(days=1), **cell)
    assert (value_of(earlier), value_of(instead)) == tuple(
        line if family == "other-code" else NOT_KNOWN for family in expected
    )


# technique, the first day on which Medicare's coverage policies speak of it, the line they name
SPOKEN_OF = [
    ("cooled-radiofrequency-ablation", dt.date(2021, 5, 2), None),
    ("pulsed-radiofrequency-ablation", dt.date(2021, 5, 2), ("64999 x1",)),
    ("chemical-neurolysis", dt.date(2021, 5, 2), ("64999 x1",)),
    ("cryoablation", dt.date(2021, 5, 2), ("64999 x1",)),
    ("laser-ablation", dt.date(2021, 5, 2), ("64999 x1",)),
    ("facet-cyst-rupture", dt.date(2021, 4, 25), ("64999 x1",)),
]
BEFORE_THEM = [dt.date(2006, 12, 30), dt.date(2017, 11, 29), dt.date(2021, 4, 24)]


@pytest.mark.parametrize(("technique", "first", "line"), SPOKEN_OF)
@pytest.mark.parametrize("guidance", COLUMNS)
def test_before_its_coverage_policies_medicare_answers_as_cpt(
    guidance: str, technique: str, first: dt.date, line: tuple[str, ...] | None
) -> None:
    """The determinations began on 2021-04-25, that of CGS on 2021-05-02, and state it.

    Source: acr21; data/README.md.
    """
    cpt, medicare = policies.get("cpt"), policies.get("medicare")
    cell = {"technique": technique, "guidance": guidance}
    last = first - dt.timedelta(days=1)

    for key, speaks in (("coding.family", True), ("coding.instead", line is not None)):
        for day in (*BEFORE_THEM, last):
            answer = medicare.get(key, on=day, **cell)
            assert answer == cpt.get(key, on=day, **cell)
            assert answer.policy == "cpt"
        for day in (first, SPRING):
            answer = medicare.get(key, on=day, **cell)
            assert (answer.policy == "medicare") is speaks
            assert (answer.term == EffectivePeriod(start=first)) is speaks
    assert value_of(medicare.get("coding.instead", on=first, **cell)) == (line or NOT_KNOWN)


@pytest.mark.parametrize("technique", ["open-denervation", "endoscopic-denervation"])
@pytest.mark.parametrize("guidance", COLUMNS)
@pytest.mark.parametrize("key", ["coding.family", "coding.instead"])
def test_what_medicare_is_only_seen_to_say_hides_cpt_before(
    key: str, guidance: str, technique: str
) -> None:
    medicare, cell = policies.get("medicare"), {"technique": technique, "guidance": guidance}

    before = medicare.get(key, on=LAST_OF_2024 - dt.timedelta(days=1), **cell)
    then = medicare.get(key, on=LAST_OF_2024, **cell)

    assert isinstance(before, NotKnown)
    assert before.policy == "medicare"
    assert "no source shows it in force before 2024-12-31" in before.reason
    assert [citation.id for citation in before.citations] == ["a57787"]
    assert isinstance(then, Provision)
    assert then.term == EffectivePeriod(seen=LAST_OF_2024)


@pytest.mark.parametrize(
    ("name", "technique", "sources", "words"),
    [
        (
            "cpt",
            "cooled-radiofrequency-ablation",
            ["mdstrategies-2017"],
            "temperature",
        ),
        ("cpt", "cryoablation", ["anthem-surg-00066"], "unsettled; ask the payer"),
        ("cpt", "laser-ablation", ["anthem-surg-00066"], "unsettled; ask the payer"),
        ("cpt", "open-denervation", ["a57787"], "ask the payer"),
        ("cpt", "endoscopic-denervation", ["a57787"], "ask the payer"),
        ("cpt", "facet-cyst-rupture", ["a57787", "cyst-aggregated"], "ask the payer"),
        ("medicare", "cooled-radiofrequency-ablation", ["l-shared", "acr21"], "80 degrees"),
        ("medicare", "facet-cyst-rupture", ["a57787", "cyst-aggregated"], "(JN)"),
    ],
)
@pytest.mark.parametrize("guidance", COLUMNS)
def test_a_family_that_nobody_can_tell_cites_what_was_read(
    name: str, technique: str, guidance: str, sources: list[str], words: str
) -> None:
    confidence = Confidence.JUDGMENT if name == "cpt" else Confidence.SECONDARY

    answer = policies.get(name).get(
        "coding.family", on=SPRING, technique=technique, guidance=guidance
    )

    assert isinstance(answer, NotKnown)
    assert (answer.policy, answer.confidence) == (name, confidence)
    assert bool(answer.rationale) is (confidence is Confidence.JUDGMENT)
    assert [citation.id for citation in answer.citations] == sources
    assert {citation.confidence for citation in answer.citations} == {confidence}
    assert words in answer.reason


@pytest.mark.parametrize("name", policies.ids())
def test_another_code_is_named_for_as_long_as_it_is_asked_for(name: str) -> None:
    policy = policies.get(name)

    for provision in policy.find("coding.family"):
        if value_of(provision) == "other-code":
            technique, guidance = provision.cell
            for day in (provision.term.first, min(provision.term.last, SPRING)):
                instead = policy.get(
                    "coding.instead", on=day, technique=technique, guidance=guidance
                )
                assert isinstance(instead, Provision), provision


# -- how both sides are written

ROLES = ("primary", "injection-add-on", "ablation-add-on")
LATE_2019 = dt.date(2019, 6, 3)
ONE, TWO, RT_LT = "one-line-50", "two-units", "rt-lt-lines"
# columns: professional, asc-facility, hospital-outpatient
FORMS: dict[tuple[str, dt.date], dict[str, tuple[str, str, str]]] = {
    ("cpt", LATE_2019): {
        "primary": (ONE, ONE, ONE),
        "injection-add-on": (ONE, ONE, ONE),
        "ablation-add-on": (ONE, ONE, ONE),
    },
    ("cpt", SPRING): {
        "primary": (ONE, ONE, ONE),
        "injection-add-on": (TWO, TWO, TWO),
        "ablation-add-on": (TWO, TWO, TWO),
    },
    ("commercial", LATE_2019): {
        "primary": (ONE, ONE, ONE),
        "injection-add-on": (ONE, ONE, ONE),
        "ablation-add-on": (ONE, ONE, ONE),
    },
    ("commercial", SPRING): {
        "primary": (ONE, ONE, ONE),
        "injection-add-on": (TWO, TWO, TWO),
        "ablation-add-on": (TWO, TWO, TWO),
    },
    ("medicare", LATE_2019): {
        "primary": (ONE, RT_LT, ONE),
        "injection-add-on": (ONE, RT_LT, ONE),
        "ablation-add-on": (ONE, RT_LT, ONE),
    },
    ("medicare", SPRING): {
        "primary": (ONE, RT_LT, ONE),
        "injection-add-on": (ONE, RT_LT, ONE),
        "ablation-add-on": (ONE, RT_LT, ONE),
    },
}
ADD_ONS_BY_INDICATOR = dict.fromkeys(ROLES[1:], (ONE, TWO, TWO))
TWO_LINES = {"primary": ("plain-then-50", ONE, ONE)}
OWN_FORMS: dict[tuple[str, dt.date], dict[str, tuple[str, str, str]]] = {
    ("bcbs-mississippi", LATE_2019): TWO_LINES,
    ("bcbs-mississippi", SPRING): TWO_LINES,
    ("bcbs-nebraska", LATE_2019): {"primary": (NOT_KNOWN, ONE, ONE)},  # seen from 2022
    ("bilateral-indicator", SPRING): ADD_ONS_BY_INDICATOR,  # from 2020-01-01
}
for (child, parent), day in itertools.product(EXTENDS.items(), (LATE_2019, SPRING)):
    FORMS.setdefault((child, day), FORMS[parent, day] | OWN_FORMS.get((child, day), {}))
FORM_CELLS = [
    pytest.param(name, day, role, claim_type, form, id=f"{name}-{day}-{role}-{claim_type}")
    for (name, day), table in FORMS.items()
    for role, row in table.items()
    for claim_type, form in zip(ClaimType, row, strict=True)
]


def test_the_table_of_forms_has_every_cell() -> None:
    assert set(FORMS) == set(itertools.product(policies.ids(), (LATE_2019, SPRING)))
    assert all(tuple(table) == ROLES for table in FORMS.values())


@pytest.mark.parametrize(("name", "day", "role", "claim_type", "expected"), FORM_CELLS)
def test_line_form(name: str, day: dt.date, role: str, claim_type: str, expected: str) -> None:
    """The form of a bilateral level follows from role, claim type, policy and date.

    Source: docs/design.md, coding step 5.
    """
    answer = policies.get(name).get("laterality.format", on=day, role=role, claim_type=claim_type)

    assert value_of(answer) == expected
    assert answer.citations


@pytest.mark.parametrize("role", ROLES[1:])
@pytest.mark.parametrize("name", ["cpt", "commercial"])
def test_the_form_of_add_ons_changes_with_the_year_2020(name: str, role: str) -> None:
    def on(day: dt.date) -> object:
        return value_of(
            policies.get(name).get(
                "laterality.format", on=day, role=role, claim_type=ClaimType.PROFESSIONAL
            )
        )

    assert (on(dt.date(2019, 12, 31)), on(dt.date(2020, 1, 1))) == (ONE, TWO)


def test_commercial_says_that_the_form_of_add_ons_is_a_judgment() -> None:
    answer = policies.get("commercial").get(
        "laterality.format", on=SPRING, role="injection-add-on", claim_type="professional"
    )

    assert isinstance(answer, Provision)
    assert answer.confidence is Confidence.JUDGMENT
    assert "Ask the payer" in answer.rationale


# -- the mark of a diagnostic injection


@pytest.mark.parametrize(
    ("day", "expected", "says"),
    [
        (dt.date(2009, 1, 1), "none", "medicare"),
        (dt.date(2021, 4, 24), "none", "medicare"),
        (dt.date(2021, 4, 25), NOT_KNOWN, "medicare"),
        (dt.date(2021, 5, 1), NOT_KNOWN, "medicare"),
        (dt.date(2021, 5, 2), "KX", "medicare"),
        (SPRING, "KX", "medicare"),
    ],
    ids=str,
)
def test_kx_begins_when_every_contractor_had_begun(day: dt.date, expected: str, says: str) -> None:
    """Six contractors began on 2021-04-25, CGS (J15) on 2021-05-02.

    Source: acr21, nor-qa22.
    """
    answer = policies.get("medicare").get(
        "modifier.diagnostic", on=day, family=Family.IMAGE_GUIDED_INJECTION
    )

    assert value_of(answer) == expected
    assert answer.policy == says
    match answer:
        case NotKnown():
            assert answer.candidates == ("J15",)
            assert "CGS (J15) on 2021-05-02" in answer.reason
            assert answer.term == EffectivePeriod(
                start=dt.date(2021, 4, 25), until=dt.date(2021, 5, 1)
            )
        case Provision(value="none"):
            assert answer.confidence is Confidence.JUDGMENT
            assert "no earlier text that we have read asks for it" in answer.rationale
            assert answer.term == EffectivePeriod(until=dt.date(2021, 4, 24))
        case Provision():
            assert answer.confidence is Confidence.SECONDARY
            assert answer.term == EffectivePeriod(start=dt.date(2021, 5, 2))
    assert [citation.id for citation in answer.citations][:2] == ["acr21", "ace-2021"]


@pytest.mark.parametrize("day", [dt.date(2021, 4, 24), dt.date(2021, 4, 25), SPRING], ids=str)
@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("name", policies.ids())
def test_nothing_else_is_marked(name: str, family: Family, day: dt.date) -> None:
    of_medicare = "medicare" in {each.id for each in policies.get(name).lineage()}
    if of_medicare and family is Family.IMAGE_GUIDED_INJECTION:
        return

    answer = policies.get(name).get("modifier.diagnostic", on=day, family=family)

    assert value_of(answer) == "none"


# -- what depends on nothing but the date


@pytest.mark.parametrize(
    ("name", "key", "day", "expected"),
    [
        *((n, "coding.overlapping-injections", SPRING, "one-level") for n in policies.ids()),
        ("cpt", "coding.overlapping-injections", dt.date(2004, 5, 31), "one-level"),
        ("cpt", "coding.overlapping-injections", dt.date(2004, 5, 30), NOT_KNOWN),
        ("cpt", "coding.injection-at-ablated-joint", SPRING, "included"),
        ("medicare", "coding.injection-at-ablated-joint", SPRING, "included"),
        ("medicare", "levels.order", SPRING, "bilateral-first"),
        ("cpt", "levels.order", SPRING, "bilateral-first"),
        ("cpt", "levels.third-side", SPRING, "bilateral-if-any"),
        ("cpt", "modifier.order", SPRING, ("payment", "laterality", "informational")),
        ("medicare", "modifier.order", SPRING, ("payment", "laterality", "informational")),
    ],
    ids=str,
)
def test_plain_provision(name: str, key: str, day: dt.date, expected: object) -> None:
    assert value_of(policies.get(name).get(key, on=day)) == expected


FIRST_OF_2025 = dt.date(2025, 1, 1)
LAST_OF_2024 = dt.date(2024, 12, 31)


@pytest.mark.parametrize(
    ("name", "family", "day", "expected"),
    [
        *((n, f, SPRING, "by-code-region") for n in ("cpt", "commercial") for f in Family),
        ("medicare", Family.IMAGE_GUIDED_INJECTION, LAST_OF_2024, NOT_KNOWN),
        ("medicare", Family.IMAGE_GUIDED_INJECTION, FIRST_OF_2025, "one-group"),
        ("medicare", Family.IMAGE_GUIDED_INJECTION, SPRING, "one-group"),
        ("medicare", Family.ABLATION, LAST_OF_2024, NOT_KNOWN),
        ("medicare", Family.ABLATION, FIRST_OF_2025, "one-group"),
        ("medicare", Family.ABLATION, SPRING, "one-group"),
        ("medicare", Family.ULTRASOUND_INJECTION, LAST_OF_2024, "by-code-region"),
        ("medicare", Family.ULTRASOUND_INJECTION, SPRING, "by-code-region"),
    ],
    ids=str,
)
def test_thoracolumbar(name: str, family: Family, day: dt.date, expected: str) -> None:
    """Medicare groups T12-L1 with L1-L2 in the two families that its contractors' texts name.

    Source: cgs25, for CGS from 2025-01-01; aapc180296 and ngs-a57826-quoted for others.
    """
    answer = policies.get(name).get("coding.thoracolumbar", on=day, family=family)

    assert value_of(answer) == expected
    if expected == "one-group":
        assert isinstance(answer, Provision)
        assert answer.term == EffectivePeriod(seen=FIRST_OF_2025)
        assert "we have not read the other MACs' articles" in answer.caveat
        assert "64494 with 64490 from 2023 but have no such pair for 64636" in answer.caveat


IMAGE, SOUND, ABLATION = Family
NEVER, DISTINCT = "never-paid-together", "paid-when-distinct"


# columns: image-guided and ultrasound, image-guided and ablation, ultrasound and ablation
PAIRS = {
    "professional": (NEVER, DISTINCT, NEVER),
    "asc-facility": (NEVER, DISTINCT, NEVER),
    "hospital-outpatient": (DISTINCT, DISTINCT, DISTINCT),
}
# why a cell is less than confirmed: whose claims meet a table, and indicators that differ within it
LESS = {
    ("asc-facility", (IMAGE, SOUND)): Confidence.SECONDARY,
    ("asc-facility", (IMAGE, ABLATION)): Confidence.SECONDARY,
    ("asc-facility", (SOUND, ABLATION)): Confidence.SECONDARY,
    ("hospital-outpatient", (IMAGE, SOUND)): Confidence.JUDGMENT,
}
PAIR_CELLS = [
    pytest.param(pair, claim_type, value, id=f"{'+'.join(pair)}-{claim_type}")
    for claim_type, row in PAIRS.items()
    for pair, value in zip(itertools.combinations(Family, 2), row, strict=True)
]
THIRD_QUARTER = dt.date(2024, 7, 1)


def test_the_table_of_pairs_has_every_cell() -> None:
    assert list(itertools.combinations(Family, 2)) == [
        (IMAGE, SOUND),
        (IMAGE, ABLATION),
        (SOUND, ABLATION),
    ]
    assert tuple(PAIRS) == tuple(ClaimType)


@pytest.mark.parametrize(("pair", "claim_type", "expected"), PAIR_CELLS)
def test_family_pairs(pair: tuple[Family, Family], claim_type: str, expected: str) -> None:
    """Medicare's pair edits of 2024-07-01 were read: for practitioners and for hospitals.

    Sources: ncci-ptp-2024q3; ncci-tables for the claims of ASC facilities.
    """
    key, cell, policy = "coding.family-pairs", "+".join(pair), policies.get("medicare")

    before, then, now = (
        policy.get(key, on=day, family_pair=cell, claim_type=claim_type)
        for day in (THIRD_QUARTER - dt.timedelta(days=1), THIRD_QUARTER, SPRING)
    )

    assert (value_of(before), value_of(then)) == (NOT_KNOWN, expected)
    assert now == then
    assert isinstance(before, NotKnown)
    assert "no source shows it in force before 2024-07-01" in before.reason
    assert isinstance(then, Provision)
    assert then.policy == "medicare"
    assert then.confidence is LESS.get((claim_type, pair), Confidence.CONFIRMED)
    assert then.term == EffectivePeriod(seen=THIRD_QUARTER)
    cited = ["ncci-ptp-2024q3"] + ["ncci-tables"] * (claim_type == "asc-facility")
    for answer in (before, then):
        assert [citation.id for citation in answer.citations] == cited


@pytest.mark.parametrize(("pair", "claim_type", "expected"), PAIR_CELLS)
def test_family_pairs_are_those_of_the_edits(
    pair: tuple[Family, Family], claim_type: str, expected: str
) -> None:
    """Whatever the edits pair, coding foresees it, so that what it writes draws no edit unsaid."""
    firsts = (
        packaged().find_procedures(family=f, ordinal=Ordinal.FIRST, on=THIRD_QUARTER) for f in pair
    )
    indicators = {
        found.edit.indicator
        for one, other in itertools.product(*firsts)
        for found in [
            packaged().pair_edits(
                one.code, other.code, on=THIRD_QUARTER, claim_type=ClaimType(claim_type)
            )
        ]
        if isinstance(found, PairEdits) and found.edit
    }

    wanted = PairIndicator.NEVER if expected == NEVER else PairIndicator.ALLOWED
    assert indicators == {wanted}


@pytest.mark.parametrize("name", sorted({"cpt", *EXTENDS} - {"medicare"}))
def test_only_medicare_has_pair_edits(name: str) -> None:
    assert policies.get(name).find("coding.family-pairs") == ()


@pytest.mark.parametrize(
    ("add_on", "expected"),
    [("64494", ("64490",)), ("64636", ("64633",)), ("64495", NOT_KNOWN), ("64634", NOT_KNOWN)],
)
def test_medicare_allows_the_thoracolumbar_primaries(add_on: str, expected: object) -> None:
    policy = policies.get("medicare")

    assert value_of(policy.get("addon.primaries", on=SPRING, add_on=add_on)) == expected
    assert value_of(policy.get("addon.primaries", on=LAST_OF_2024, add_on=add_on)) == NOT_KNOWN


def test_before_it_is_seen_it_is_not_known_and_the_reason_says_so() -> None:
    answer = policies.get("medicare").get(
        "coding.thoracolumbar", on=LAST_OF_2024, family=Family.ABLATION
    )

    assert isinstance(answer, NotKnown)
    assert "no source shows it in force before 2025-01-01" in answer.reason
    assert answer.citations[0].id == "cgs25"


# -- what changed


BEGINS, FIRST_SEEN, ENDS = ChangeKind


@pytest.mark.parametrize(
    ("name", "since", "until", "expected"),
    [
        (
            "cpt",
            dt.date(2019, 12, 31),
            dt.date(2020, 1, 1),
            {("2019-12-31", ENDS, "laterality.format"): 6, ("2020-01-01", BEGINS, "laterality.format"): 6},
        ),
        (
            "cpt",
            dt.date(2012, 1, 2),
            dt.date(2019, 12, 30),
            {
                ("2017-11-30", FIRST_SEEN, "coding.family"): 6,  # chemical
                ("2017-11-30", FIRST_SEEN, "coding.instead"): 6,
                ("2014-08-31", FIRST_SEEN, "coding.agent"): 1,  # prolotherapy
            },
        ),
        ("cpt", dt.date(2020, 1, 2), dt.date(2021, 4, 24), {}),
        (
            "commercial",
            dt.date.min,
            dt.date.max,
            {
                ("2014-12-31", FIRST_SEEN, "coding.family"): 12,  # cold and laser
                ("2014-12-31", FIRST_SEEN, "coding.instead"): 12,
                ("2020-01-01", BEGINS, "laterality.format"): 6,
            },
        ),
        (
            "medicare",
            dt.date(2018, 1, 1),
            dt.date(2021, 5, 2),
            {
                ("2021-04-24", ENDS, "modifier.diagnostic"): 1,
                ("2021-04-25", BEGINS, "modifier.diagnostic"): 1,
                ("2021-04-25", BEGINS, "coding.family"): 6,  # cyst rupture
                ("2021-04-25", BEGINS, "coding.instead"): 6,
                ("2021-05-01", ENDS, "modifier.diagnostic"): 1,
                ("2021-05-02", BEGINS, "modifier.diagnostic"): 1,
                ("2021-05-02", BEGINS, "coding.family"): 30,  # cooled, and four others
                ("2021-05-02", BEGINS, "coding.instead"): 24,
                ("2021-05-02", BEGINS, "coverage.document"): 1,
                ("2021-05-02", BEGINS, "billing.document"): 1,
            },
        ),
        (
            "medicare",
            dt.date(2021, 5, 3),
            LAST_OF_2024,
            {
                ("2024-07-01", FIRST_SEEN, "coding.family-pairs"): 9,
                ("2024-12-31", FIRST_SEEN, "coding.family"): 12,  # open and endoscopic
                ("2024-12-31", FIRST_SEEN, "coding.instead"): 12,
            },
        ),
        (
            "medicare",
            FIRST_OF_2025,
            dt.date.max,
            {
                ("2025-01-01", FIRST_SEEN, "coding.thoracolumbar"): 2,
                ("2025-01-01", FIRST_SEEN, "addon.primaries"): 2,
            },
        ),
    ],
    ids=[
        "cpt-2020",
        "cpt-2017",
        "cpt-quiet",
        "commercial",
        "medicare-2021",
        "medicare-2024",
        "medicare-2025",
    ],
)  # fmt: skip
def test_changes(
    name: str,
    since: dt.date,
    until: dt.date,
    expected: dict[tuple[str, ChangeKind, str], int],
) -> None:
    changes = policies.get(name).changes(since=since, until=until)

    of_lines = {key.name for key in policies.KEYS.values() if key.shapes_lines}
    told = ((str(c.on), c.what, c.provision.key) for c in changes if c.provision.key in of_lines)
    assert Counter(told) == expected
    assert all(type(change.what) is ChangeKind for change in changes)
    assert [change.on for change in changes] == sorted(change.on for change in changes)


def test_the_kinds_of_changes() -> None:
    assert [kind.value for kind in ChangeKind] == ["begins", "first-seen", "ends"]


@pytest.mark.parametrize("name", policies.ids())
def test_without_bounds_every_dated_provision_changes_something(name: str) -> None:
    policy = policies.get(name)

    changed = {change.provision for change in policy.changes()}

    assert changed == {p for p in policy.provisions if p.term.start or p.term.seen or p.term.until}


# -- one policy over another


def test_lineage() -> None:
    lines = {name: [p.id for p in policies.get(name).lineage()] for name in policies.ids()}

    assert lines.pop("cpt") == ["cpt"]
    assert lines == {
        name: [name, parent, *(["commercial"] if name in BY_INDICATOR else []), "cpt"]
        if parent != "cpt"
        else [name, "cpt"]
        for name, parent in EXTENDS.items()
    }


def test_what_a_policy_does_not_say_the_one_it_extends_answers() -> None:
    cpt, medicare = policies.get("cpt"), policies.get("medicare")

    answer = medicare.get("coding.overlapping-injections", on=SPRING)

    assert answer == cpt.get("coding.overlapping-injections", on=SPRING)
    assert answer.policy == "cpt"
    assert medicare.extends is cpt


@pytest.mark.parametrize("name", policies.ids())
def test_every_answer_that_coding_needs_is_stated_for_a_current_date(name: str) -> None:
    """No policy falls silent: where no source tells, a provision says so in its own words."""
    policy = policies.get(name)
    axes = {
        "technique": tuple(Technique),
        "guidance": COLUMNS,
        "role": ROLES,
        "claim-type": tuple(ClaimType),
        "family": tuple(Family),
    }

    for key in policies.KEYS.values():
        if not key.required:
            continue
        for cell in itertools.product(*(axes[name] for name in key.dimensions)):
            given = {d.replace("-", "_"): v for d, v in zip(key.dimensions, cell, strict=True)}
            answer = policy.get(key.name, on=SPRING, **given)
            own_words = {p.reason for p in answer_sources(policy) if isinstance(p, NotKnown)}
            assert isinstance(answer, Provision) or answer.reason in own_words


def answer_sources(policy: Policy) -> tuple[Provision | NotKnown, ...]:
    """Return all provisions from which a policy may answer."""
    return tuple(provision for one in policy.lineage() for provision in one.provisions)


def test_what_is_stated_for_a_cell_stands_nearest_first() -> None:
    cpt, medicare = policies.get("cpt"), policies.get("medicare")
    key, family = MODIFIER_DIAGNOSTIC, Family.IMAGE_GUIDED_INJECTION

    stated = medicare.stated(key, family)

    provisions = [answer.provision if isinstance(answer, Known) else answer for answer in stated]
    assert [(p.policy, str(p.term)) for p in provisions] == [
        ("medicare", "until 2021-04-24"),
        ("medicare", "from 2021-04-25 until 2021-05-01"),
        ("medicare", "from 2021-05-02"),
        ("cpt", "on every date"),
    ]
    assert cpt.stated(key, family) == stated[-1:]
    assert cpt.stated(ADDON_PRIMARIES, "64494") == ()


def test_find_lists_what_the_policy_itself_states() -> None:
    medicare = policies.get("medicare")

    assert {p.key for p in medicare.find("modifier.d")} == {"modifier.diagnostic"}
    assert medicare.find() == medicare.provisions
    assert medicare.find("no such key") == ()


# -- a policy is a value


def test_a_packaged_policy_is_read_once() -> None:
    assert policies.get("medicare") is policies.get("medicare")


@pytest.mark.parametrize("name", policies.ids())
def test_two_readings_of_a_file_are_equal(name: str) -> None:
    file = _data.root() / "policies" / f"{name}.toml"

    once = policies.get(name)
    again = read_file(file.name, file.read_bytes(), packaged=True)

    assert once is not again
    assert once == again
    assert hash(once) == hash(again)
    assert {once, again} == {once}


def test_policies_differ() -> None:
    assert len({policies.get(name) for name in policies.ids()}) == len(policies.ids())


@pytest.mark.parametrize("name", policies.ids())
def test_pickling_keeps_a_policy(name: str) -> None:
    policy = policies.get(name)

    copied = pickle.loads(pickle.dumps(policy))  # noqa: S301  our own bytes

    assert copied == policy
    assert hash(copied) == hash(policy)
    assert copied.lineage() == policy.lineage()
    assert copied.get("levels.order", on=SPRING) == policy.get("levels.order", on=SPRING)


VALUES = """
import pickle, sys
from cptfacet import policies
from cptfacet.reference import packaged

policy, reference = policies.get("medicare"), packaged()
values = (policy, reference, policy.extends, policy.provisions[0], reference.procedures[0])
"""
WRITE = f"""{VALUES}
sys.stdout.buffer.write(pickle.dumps((values, [hash(value) for value in values])))
"""
READ = f"""{VALUES}
sent, hashes = pickle.load(sys.stdin.buffer)
assert len(sent) == len(values)
for there, here, old in zip(sent, values, hashes):
    if here is not reference:  # its hash goes by what its tables are made of, in every process
        assert old != hash(here), "the seed makes no difference, so this would prove nothing"
    assert there == here
    assert hash(there) == hash(here), "equal values have one hash"
    assert there in {{here}}
    assert here in {{there}}
policy = sent[0]
assert policy.lineage() == (policy, sent[2])
for provision in policy.provisions:
    stated = policy.stated(policies.KEYS[provision.key], *provision.cell)
    assert provision in [getattr(answer, "provision", answer) for answer in stated]
print("read")
"""


def in_another_process(program: str, *, seed: str, given: bytes = b"") -> bytes:
    """Run a program in a new process with a hash seed, and give what it printed."""
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    answer = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        input=given,
        capture_output=True,
        env=environment,
    )
    assert (answer.returncode, answer.stderr.decode()) == (0, "")
    return answer.stdout


@pytest.mark.parametrize(("writer", "reader"), [("0", "1"), ("1", "0"), ("1", "2")])
def test_what_another_process_sent_is_found_in_a_set(writer: str, reader: str) -> None:
    """The hash of a text differs between processes, so a pickled value may not carry its hash."""
    sent = in_another_process(WRITE, seed=writer)

    assert in_another_process(READ, seed=reader, given=sent).split() == [b"read"]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_of_pickling_keeps_a_policy_and_the_reference(protocol: int) -> None:
    for value in (policies.get("medicare"), packaged()):
        copied = pickle.loads(pickle.dumps(value, protocol))  # noqa: S301  our own bytes

        assert copied == value
        assert hash(copied) == hash(value)


def test_pickling_keeps_the_reference() -> None:
    copied = pickle.loads(pickle.dumps(packaged()))  # noqa: S301  our own bytes

    assert copied.get_procedure("64494") == packaged().get_procedure("64494")
    assert copied.get_modifier("KX") == packaged().get_modifier("KX")
    assert copied.as_of == packaged().as_of


def test_a_policy_shows_its_name_and_not_its_provisions() -> None:
    shown = repr(policies.get("medicare"))

    assert "id='medicare'" in shown
    assert "extends='cpt'" in shown
    assert "Provision" not in shown


# -- a policy that is made by hand


def stated(**fields: Any) -> Provision:
    """Make a provision by hand: KX on diagnostic injections, unless told otherwise."""
    sound: dict[str, Any] = {
        "key": "modifier.diagnostic",
        "cell": (Family.IMAGE_GUIDED_INJECTION.value,),
        "value": "KX",
        "unit": None,
        "term": EffectivePeriod(start=dt.date(2024, 1, 1)),
        "confidence": Confidence.SECONDARY,
        "citations": (),
        "policy": "own",
    }
    return Provision(**sound | fields)


def not_known(**fields: Any) -> NotKnown:
    """Make a provision by hand that says that something is not known."""
    sound: dict[str, Any] = {
        "key": "modifier.diagnostic",
        "cell": (Family.IMAGE_GUIDED_INJECTION.value,),
        "reason": "nobody told",
        "policy": "own",
    }
    return NotKnown(**sound | fields)


def made(provisions: Any, **fields: Any) -> Policy:  # noqa: ANN401  also what is wrong
    """Make a policy by hand."""
    sound: dict[str, Any] = {
        "id": "own",
        "title": "Made by hand",
        "payer": "nobody",
        "revised": SPRING,
        "extends": policies.get("cpt"),
    }
    return Policy(provisions=provisions, **sound | fields)


def days(first: str, last: str | None = None) -> EffectivePeriod:
    """Make a term from texts."""
    until = dt.date.fromisoformat(last) if last else None
    return EffectivePeriod(start=dt.date.fromisoformat(first), until=until)


PAIR = (stated(), stated(key="addon.primaries", cell=("64636",), value=("64633",)))


@pytest.mark.parametrize(
    "given",
    [PAIR, list(PAIR), dict.fromkeys(PAIR), iter(PAIR), (p for p in PAIR)],
    ids=["tuple", "list", "dictionary", "iterator", "generator"],
)
def test_a_policy_takes_any_iterable_of_provisions(given: Iterable[Provision]) -> None:
    policy = made(given)

    assert policy.provisions == PAIR
    assert type(policy.provisions) is tuple
    assert (policy, hash(policy)) == (made(PAIR), hash(made(PAIR)))
    answer = policy.get("modifier.diagnostic", on=SPRING, family=Family.IMAGE_GUIDED_INJECTION)
    assert answer is PAIR[0]
    assert pickle.loads(pickle.dumps(policy)) == policy  # noqa: S301  our own bytes


def test_a_policy_without_provisions_is_the_one_that_it_extends() -> None:
    policy = made([])

    assert policy.provisions == ()
    assert policy.get("levels.order", on=SPRING) == policies.get("cpt").get(
        "levels.order", on=SPRING
    )


def test_a_policy_made_by_hand_may_have_gaps() -> None:
    """A file that extends none may not; a policy by hand is often a part of one, for a trial."""
    early, late = stated(term=days("2020-01-01", "2020-12-31")), stated(term=days("2022-01-01"))

    policy = made([early, late], extends=None)

    answer = policy.get("modifier.diagnostic", on=dt.date(2021, 6, 1), family=early.cell[0])
    assert isinstance(answer, NotKnown)
    assert answer.reason.startswith("no source states it for that date; it is known")


@pytest.mark.parametrize("taken", ["cpt", "medicare"])
def test_a_policy_extends_none_of_its_own_id(taken: str) -> None:
    """As a file may not extend itself, near or far."""
    with pytest.raises(ValueError, match=f"policy {taken} extends a policy with the same id"):
        made([], id=taken, extends=made([], extends=policies.get("medicare")))


def test_a_policy_is_made_without_a_reference() -> None:
    """Whether there is a modifier is checked where a file is read, against the reference given."""
    assert made((stated(value="ZZ"),)).provisions[0].value == "ZZ"  # type: ignore[union-attr]


def test_a_single_text_is_no_list_of_provisions() -> None:
    with pytest.raises(TypeError, match="provisions must be a tuple, not a single string"):
        made("modifier.diagnostic")


IN_VOCABULARY = "the key is not in the vocabulary of provisions"
MODIFIER = "write a modifier of two letters or digits, or 'none'"
WRONG_PROVISIONS: dict[str, tuple[Provision | NotKnown, str]] = {
    "key-misspelt": (stated(key="modifier.diagnosis"), IN_VOCABULARY),
    "key-of-yore": (stated(key="coding.shared-levels", cell=(), value=True), IN_VOCABULARY),
    "key-of-nothing": (stated(key=""), IN_VOCABULARY),
    "key-not-known": (not_known(key="modifier.diagnosis"), IN_VOCABULARY),
    "cell-empty": (stated(cell=()), "its cell must have family"),
    "cell-too-long": (stated(cell=("ablation", "ablation")), "its cell must have family"),
    "cell-wrong": (stated(cell=("rfa",)), "its cell must have family"),
    "cell-of-an-old-family": (stated(cell=("injection",)), "its cell must have family"),
    "cell-not-known": (not_known(cell=("rfa",)), "its cell must have family"),
    "cell-not-known-empty": (not_known(cell=()), "its cell must have family"),
    "cell-turned": (
        stated(key="laterality.format", cell=("professional", "primary"), value="two-units"),
        "its cell must have role, claim-type",
    ),
    "cell-of-a-key-without": (
        stated(key="levels.order", cell=("ablation",), value="bilateral-first"),
        "its cell must have no dimensions",
    ),
    "cell-no-code": (
        stated(key="addon.primaries", cell=("6463",), value=("64633",)),
        "its cell must have add-on",
    ),
    "cell-pair-turned": (
        stated(
            key="coding.family-pairs",
            cell=("ablation+ultrasound-injection", "professional"),
            value=NEVER,
        ),
        "its cell must have family-pair, claim-type",
    ),
    "cell-pair-without-claim-type": (
        stated(key="coding.family-pairs", cell=("ultrasound-injection+ablation",), value=NEVER),
        "its cell must have family-pair, claim-type",
    ),
    "cell-pair-of-no-claim-type": (
        stated(
            key="coding.family-pairs",
            cell=("ultrasound-injection+ablation", "practitioner"),
            value=NEVER,
        ),
        "its cell must have family-pair, claim-type",
    ),
    "modifier-small": (stated(value="kx"), MODIFIER),
    "modifier-half-small": (stated(value="Kx"), MODIFIER),
    "modifier-spaced": (stated(value=" KX "), MODIFIER),
    "modifier-with-a-dash": (stated(value="-KX"), MODIFIER),
    "modifier-in-a-tuple": (stated(value=("KX",)), MODIFIER),
    "modifier-a-boolean": (stated(value=True), MODIFIER),
    "choice-wrong": (
        stated(key="coding.thoracolumbar", value="two-groups"),
        "write one of by-code-region, one-group",
    ),
    "choice-a-boolean": (
        stated(key="coding.overlapping-injections", cell=(), value=True),
        "write one of one-level",
    ),
    "choice-a-number": (
        stated(key="coding.overlapping-injections", cell=(), value=1),
        "write one of one-level",
    ),
    "list-too-short": (
        stated(key="modifier.order", cell=(), value=("payment", "laterality")),
        "list payment, laterality, informational, each once",
    ),
    "codes-a-text": (
        stated(key="addon.primaries", cell=("64636",), value="64633"),
        "list procedure codes",
    ),
    "codes-none": (
        stated(key="addon.primaries", cell=("64636",), value=()),
        "list procedure codes",
    ),
    "line-not-canonical": (
        stated(key="coding.instead", cell=("cryoablation", "ct"), value=("64999",)),
        "list claim lines in canonical form",
    ),
}


@pytest.mark.parametrize("name", WRONG_PROVISIONS)
def test_a_provision_by_hand_obeys_the_vocabulary(name: str) -> None:
    provision, words = WRONG_PROVISIONS[name]

    with pytest.raises(ValueError, match="^" + re.escape(f"{provision.key} ")) as caught:
        made([stated(term=days("2020-01-01", "2020-12-31")), provision])

    assert words in str(caught.value)


LONG = stated(term=days("2024-01-01", "2026-12-31"))
EARLY = stated(term=days("2024-06-01", "2024-06-30"), value="none")
LATE = stated(term=days("2025-01-01", "2025-01-31"))
SEEN = stated(term=EffectivePeriod(seen=dt.date(2025, 1, 1)))
ALWAYS = not_known()
OVERLAPS = [
    (LONG, EARLY, LATE),
    (LONG, LATE),
    (EARLY, LATE, SEEN),
    (LONG, SEEN),
    (ALWAYS, LATE),
    (LATE, LATE),
    (EARLY, stated(term=days("2024-06-30"))),
]


@pytest.mark.parametrize("provisions", OVERLAPS, ids=range(len(OVERLAPS)))
def test_two_provisions_of_one_cell_are_never_in_force_on_one_day(
    provisions: tuple[Provision | NotKnown, ...],
) -> None:
    """Whatever their order, and however long the first of them lasts."""
    for ordered in itertools.permutations(provisions):
        with pytest.raises(ValueError, match="two provisions are in force on the same day"):
            made(ordered)

        found = model.overlaps(ordered)
        assert isinstance(found, Iterator)
        pairs = list(found)
        follow = sorted(ordered, key=lambda provision: provision.term.first)
        late = [
            at
            for at, provision in enumerate(follow)
            if any(earlier.term.last >= provision.term.first for earlier in follow[:at])
        ]
        assert late
        for at, (one, other) in zip(late, pairs, strict=True):
            assert other is follow[at]
            assert one.term.first <= other.term.first <= one.term.last
            assert one.term.last == max(earlier.term.last for earlier in follow[:at])


def test_each_overlap_of_a_cell_is_given_behind_the_longest_before_it() -> None:
    middle = stated(term=days("2024-06-15", "2025-01-15"))

    assert list(model.overlaps([LATE, EARLY, LONG])) == [(LONG, EARLY), (LONG, LATE)]
    assert list(model.overlaps([LATE, middle, EARLY])) == [(EARLY, middle), (middle, LATE)]
    assert list(model.overlaps([SEEN, LATE, EARLY])) == [(SEEN, LATE)]


@pytest.mark.parametrize(
    "provisions",
    [
        (),
        (LONG,),
        (EARLY, LATE),
        (EARLY, stated(term=days("2024-07-01"))),
        (not_known(term=EffectivePeriod(until=dt.date(2023, 12, 31))), LONG),
        (EARLY, not_known(term=days("2024-07-01", "2024-12-31")), SEEN),
    ],
    ids=["none", "one", "apart", "day-after-day", "open-start", "three"],
)
def test_provisions_of_one_cell_follow_each_other(
    provisions: tuple[Provision | NotKnown, ...],
) -> None:
    for ordered in itertools.permutations(provisions):
        assert list(model.overlaps(ordered)) == []
        assert made(ordered).provisions == ordered


def test_provisions_of_different_cells_may_be_in_force_on_one_day() -> None:
    elsewhere = stated(cell=(Family.ABLATION.value,))

    policy = made([LONG, elsewhere])

    for family in (Family.IMAGE_GUIDED_INJECTION, Family.ABLATION):
        answer = policy.get("modifier.diagnostic", on=SPRING, family=family)
        assert value_of(answer) == "KX"


def test_a_changed_policy_obeys_the_same_rules() -> None:
    medicare = policies.get("medicare")

    assert attrs.evolve(medicare, title=medicare.title) == medicare
    with pytest.raises(ValueError, match="two provisions are in force on the same day"):
        attrs.evolve(medicare, provisions=(*medicare.provisions, medicare.provisions[0]))


def test_what_is_not_known_may_have_a_note_and_a_confidence() -> None:
    plain, judged = not_known(), not_known(confidence=Confidence.JUDGMENT, rationale="We looked.")

    assert (plain.confidence, plain.rationale) == (Confidence.CONFIRMED, "")
    assert (judged.confidence, judged.rationale) == (Confidence.JUDGMENT, "We looked.")
    assert plain != judged


# -- names that nothing has


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("medicar", ("medicare", "medicare-jn", "medicare-jm")),
        ("comercial", ("commercial",)),
        ("xyzzy", ()),
    ],
)
def test_an_unknown_policy_names_near_ones(name: str, near: tuple[str, ...]) -> None:
    with pytest.raises(UnknownIdError) as caught:
        policies.get(name)

    assert (caught.value.what, caught.value.text, caught.value.near) == ("policy", name, near)


@pytest.mark.parametrize(
    ("key", "near"), [("laterality.from", "laterality.format"), ("coding.famly", "coding.family")]
)
def test_an_unknown_key_names_near_ones(key: str, near: str) -> None:
    with pytest.raises(UnknownIdError) as caught:
        policies.get("cpt").get(key, on=SPRING)

    assert caught.value.what == "provision"
    assert near in caught.value.near
    assert near in str(caught.value)


def test_an_unknown_value_of_a_dimension_names_near_ones() -> None:
    with pytest.raises(UnknownIdError) as caught:
        policies.get("cpt").get(
            "coding.family", on=SPRING, technique="medial-branch-blok", guidance="ct"
        )

    assert caught.value.what == "technique"
    assert caught.value.near == ("medial-branch-block",)


@pytest.mark.parametrize("text", ["6449", "64494 ", "0213t", "", "KX"])
def test_an_open_dimension_takes_codes_only(text: str) -> None:
    with pytest.raises(UnknownIdError) as caught:
        policies.get("medicare").get("addon.primaries", on=SPRING, add_on=text)

    assert (caught.value.what, caught.value.text) == ("add-on", text)


def test_a_pair_of_families_is_written_in_their_order() -> None:
    with pytest.raises(UnknownIdError) as caught:
        policies.get("medicare").get(
            "coding.family-pairs",
            on=SPRING,
            family_pair="ablation+ultrasound-injection",
            claim_type=ClaimType.PROFESSIONAL,
        )

    assert caught.value.what == "family-pair"
    assert "ultrasound-injection+ablation" in caught.value.near


def test_a_pair_of_families_is_asked_for_on_a_type_of_claim() -> None:
    pair, wanted = "ultrasound-injection+ablation", "has the dimensions: family-pair, claim-type;"

    with pytest.raises(TypeError, match=wanted):
        policies.get("medicare").get("coding.family-pairs", on=SPRING, family_pair=pair)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"role": "primary"},
        {"role": "primary", "claim_type": "professional", "family": "ablation"},
        {"technique": "cryoablation", "guidance": "ct"},
    ],
    ids=["none", "too-few", "too-many", "others"],
)
def test_wrong_dimensions_are_told_the_right_ones(given: dict[str, str]) -> None:
    with pytest.raises(TypeError, match=r"laterality\.format has the dimensions: role, claim-type"):
        policies.get("cpt").get("laterality.format", on=SPRING, **given)


def test_the_text_of_a_provision_says_all_of_it() -> None:
    answer = policies.get("medicare").get(
        "laterality.format", on=SPRING, role="primary", claim_type="asc-facility"
    )

    assert str(answer) == (
        "laterality.format (primary, asc-facility) = rt-lt-lines"
        " [policy medicare; seen 2017-06-16; secondary]"
    )


# -- Medicare by jurisdiction

JUDGED = {
    ("modifier.diagnostic", "none"),
    ("coding.family", "ask"),
    ("checks.severity", "warning"),
}
ELEVEN = tuple(place for place in JURISDICTIONS if place != "j15")
# jurisdictions: determination and article of 2026, each with its first day, seen where it has an s
DOCUMENTS = {
    "je": ("L38801 2021-04-25", "A58403 2021-04-25"),
    "jf": ("L38801 2026-04-16", "A58403 2026-04-16"),
    "jj jm": ("L38765 2021-04-25", "A58350 2021-04-25"),
    "j6 jk": ("L35936 2015-10-01", "A57826 s2021-04-25"),
    "j5 j8": ("L38841 2021-04-25", "A58477 2021-04-25"),
    "jh jl": ("L34892 2015-10-01", "A56670 s2021-04-25"),
    "jn": ("L33930 2015-10-01", "A57787 2018-10-03"),
    "j15": ("L38773 2021-05-02", "A58364 2021-05-02"),
}
KEYS_OF_DOCUMENTS = ("coverage.document", "billing.document")


def in_place(place: str, key: str, day: dt.date, **cell: str) -> Provision | NotKnown:
    """Ask the policy of a jurisdiction."""
    return policies.get(f"medicare-{place}").get(key, on=day, **cell)


@pytest.mark.parametrize("place", JURISDICTIONS)
def test_kx_begins_with_the_determination_of_the_contractor(place: str) -> None:
    """CGS (J15) began on 2021-05-02, all others on 2021-04-25.

    Source: acr21, ace-2021.
    """
    first = dt.date(2021, 5, 2) if place == "j15" else dt.date(2021, 4, 25)
    cell = {"family": Family.IMAGE_GUIDED_INJECTION}

    for day, expected in (
        (dt.date(2009, 1, 1), "none"),
        (first - dt.timedelta(days=1), "none"),
        (first, "KX"),
        (SPRING, "KX"),
    ):
        answer = in_place(place, "modifier.diagnostic", day, **cell)
        assert value_of(answer) == expected
        if expected == "KX":
            assert answer.term == EffectivePeriod(start=first)
            assert answer.policy == f"medicare-{place}"
        else:
            assert answer.confidence is Confidence.JUDGMENT
            assert answer.rationale.endswith("no earlier text that we have read asks for it.")
    week = in_place(place, "modifier.diagnostic", dt.date(2021, 4, 28), **cell)
    assert value_of(week) == ("none" if place == "j15" else "KX")


def test_the_table_of_documents_has_every_jurisdiction() -> None:
    assert sorted(" ".join(DOCUMENTS).split()) == sorted(JURISDICTIONS)


@pytest.mark.parametrize("key", KEYS_OF_DOCUMENTS)
@pytest.mark.parametrize("places", DOCUMENTS)
def test_the_documents_of_a_jurisdiction(places: str, key: str) -> None:
    """Source: acr21, the determinations, memo26."""
    number, day = DOCUMENTS[places][KEYS_OF_DOCUMENTS.index(key)].split()
    first = dt.date.fromisoformat(day.removeprefix("s"))
    term = EffectivePeriod(seen=first) if day.startswith("s") else EffectivePeriod(start=first)

    for place in places.split():
        answer = in_place(place, key, SPRING if place != "jf" else dt.date(2026, 4, 16))
        assert value_of(answer) == number
        assert answer.term == term
        before = in_place(place, key, first - dt.timedelta(days=1))
        assert value_of(before) != number


@pytest.mark.parametrize("key", KEYS_OF_DOCUMENTS)
def test_the_shared_policy_sends_to_the_jurisdictions(key: str) -> None:
    answer = policies.get("medicare").get(key, on=SPRING)

    assert isinstance(answer, NotKnown)
    assert sorted(answer.candidates) == sorted(place.upper() for place in JURISDICTIONS)


def test_noridian_merged_its_documents() -> None:
    """JF had documents of its own from 2021-04-25 to 2026-04-15.

    Source: memo26; facts on the jurisdictions.
    """
    merged, eve = dt.date(2026, 4, 16), dt.date(2026, 4, 15)
    changes = policies.get("medicare-jf").changes(since=dt.date(2026, 1, 1))

    assert [(c.on, c.what, c.provision.key, value_of(c.provision)) for c in changes] == [
        (eve, ChangeKind.ENDS, "billing.document", "A58405"),
        (eve, ChangeKind.ENDS, "coverage.document", "L38803"),
        (merged, ChangeKind.BEGINS, "billing.document", "A58403"),
        (merged, ChangeKind.BEGINS, "coverage.document", "L38801"),
    ]
    for key in KEYS_OF_DOCUMENTS:
        assert value_of(in_place("jf", key, merged)) == value_of(in_place("je", key, merged))
        assert value_of(in_place("jf", key, eve)) != value_of(in_place("je", key, eve))
    eve = dt.date(2021, 4, 24)
    assert value_of(in_place("jf", "billing.document", eve)) == NOT_KNOWN
    for place, document in (("je", "L34993"), ("jf", "L34995")):  # dab-cr5366, dab-cr5876
        assert value_of(in_place(place, "coverage.document", eve)) == document
        assert value_of(in_place(place, "coverage.document", dt.date(2019, 12, 30))) == NOT_KNOWN
    assert policies.get("medicare-je").changes(since=dt.date(2026, 1, 1)) == ()


@pytest.mark.parametrize("place", JURISDICTIONS)
@pytest.mark.parametrize("guidance", COLUMNS)
def test_a_cyst_is_an_injection_for_first_coast_and_asked_of_others(
    place: str, guidance: str
) -> None:
    """First Coast took its sentence out; whether others kept theirs was not found.

    Source: a57787, cyst-aggregated.
    """
    cell = {"technique": "facet-cyst-rupture", "guidance": guidance}
    first = dt.date(2021, 4, 25)
    answer = in_place(place, "coding.family", SPRING, **cell)

    assert answer.term == EffectivePeriod(start=first)
    assert in_place(place, "coding.family", first - dt.timedelta(days=1), **cell).policy == "cpt"
    if place == "jn":
        expected = {"fluoroscopy": "image-guided-injection", "ct": "image-guided-injection"}
        assert value_of(answer) == (expected | {GUIDANCE_NOT_STATED: "ask"}).get(
            guidance, NOT_KNOWN
        )
    else:
        assert isinstance(answer, NotKnown)
        assert answer.candidates == (place.upper(),)
        article = in_place(place, "billing.document", SPRING)
        assert str(value_of(article)) in answer.reason


@pytest.mark.parametrize("technique", [name for name, *_ in SPOKEN_OF[:-1]])
@pytest.mark.parametrize("place", JURISDICTIONS)
def test_what_is_not_thermal_is_told_from_the_determination_on(place: str, technique: str) -> None:
    """Source: l-shared, acr21."""
    cell = {"technique": technique, "guidance": "ct"}
    first = dt.date(2021, 5, 2) if place == "j15" else dt.date(2021, 4, 25)
    shared = policies.get("medicare")

    for key in ("coding.family", "coding.instead"):
        for day in (first, SPRING):
            theirs = shared.get(key, on=max(day, dt.date(2021, 5, 2)), **cell)
            assert value_of(in_place(place, key, day, **cell)) == value_of(theirs)
        before = in_place(place, key, first - dt.timedelta(days=1), **cell)
        assert before.policy == "cpt"
    answer = in_place(place, "coding.family", SPRING, **cell)
    if isinstance(answer, NotKnown) and place in ELEVEN:
        assert answer.candidates == (place.upper(),)


@pytest.mark.parametrize("place", JURISDICTIONS)
def test_thoracolumbar_is_stated_for_cgs_and_shared_by_others(place: str) -> None:
    """CGS states it from 2025-01-01, and those days are not unknown for whoever said it later.

    Source: cgs25.
    """
    family = {"family": Family.ABLATION}
    add_on = {"add_on": "64636"}
    for day in (FIRST_OF_2025, SPRING):
        answer = in_place(place, "coding.thoracolumbar", day, **family)
        primaries = in_place(place, "addon.primaries", day, **add_on)
        assert isinstance(answer, Provision)
        assert answer.value == "one-group"
        assert value_of(primaries) == ("64633",)
        for found in (answer, primaries):
            own = place == "j15"
            assert found.policy == ("medicare-j15" if own else "medicare")
            assert found.term == (
                EffectivePeriod(start=FIRST_OF_2025) if own else EffectivePeriod(seen=FIRST_OF_2025)
            )
            assert found.confidence is (Confidence.CONFIRMED if own else Confidence.SECONDARY)
        assert "expect questions" in answer.caveat
    injection = in_place(
        place, "coding.thoracolumbar", SPRING, family=Family.IMAGE_GUIDED_INJECTION
    )
    assert isinstance(injection, Provision)
    assert bool(injection.caveat) is (place != "j15")
    assert value_of(in_place(place, "coding.thoracolumbar", LAST_OF_2024, **family)) == NOT_KNOWN


@pytest.mark.parametrize("place", JURISDICTIONS)
def test_a_jurisdiction_names_no_other(place: str) -> None:
    own = policies.get(f"medicare-{place}")

    assert own.payer.startswith("Medicare, ")
    assert place.upper() in own.title
    for provision in own.provisions:
        if isinstance(provision, NotKnown):
            assert provision.candidates == (place.upper(),)
            assert own.payer.removeprefix("Medicare, ") in provision.reason
        elif provision.confidence is Confidence.JUDGMENT:
            assert (provision.key, provision.value) in JUDGED


# -- payers whose form for both sides has a source


@pytest.mark.parametrize(
    ("name", "term", "confidence", "sources"),
    [
        *(
            (name, EffectivePeriod(seen=dt.date(2013, 10, 31)), Confidence.SECONDARY, ["acs-2013"])
            for name in ("aetna", "cigna", "uhc")
        ),
        (
            "humana",
            EffectivePeriod(seen=dt.date(2013, 10, 31)),
            Confidence.SECONDARY,
            ["acs-2013", "humana-modifier-50"],
        ),
        (
            "bcbs-mississippi",
            EffectivePeriod(seen=dt.date(2007, 11, 30)),
            Confidence.CONFIRMED,
            ["bcbsms-modifier-50"],
        ),
        (
            "bcbs-nebraska",
            EffectivePeriod(seen=dt.date(2022, 9, 19)),
            Confidence.CONFIRMED,
            ["bcbsne-rp-x-012"],
        ),
        (
            "bcbs-north-dakota",
            EffectivePeriod(start=dt.date(2019, 7, 1)),
            Confidence.CONFIRMED,
            ["bcbsnd-bilateral"],
        ),
        (
            "bcbs-oklahoma",
            EffectivePeriod(start=dt.date(2020, 4, 20)),
            Confidence.CONFIRMED,
            ["bcbsok-2020"],
        ),
        (
            "blue-cross-idaho",
            EffectivePeriod(seen=dt.date(2012, 11, 30)),
            Confidence.CONFIRMED,
            ["bcidaho-pap258"],
        ),
        (
            "regence-advantage",
            EffectivePeriod(start=dt.date(2024, 8, 1)),
            Confidence.CONFIRMED,
            ["regence-ma-modifier-50"],
        ),
    ],
)
def test_the_first_level_of_a_payer(
    name: str, term: EffectivePeriod, confidence: Confidence, sources: list[str]
) -> None:
    """Only what a page says: the first level; of add-ons `commercial` answers, with its judgment.

    Source: facts on payers, rows bilateral.format; each provision cites its own.
    """
    policy = policies.get(name)
    answer = policy.get(
        "laterality.format", on=SPRING, role="primary", claim_type=ClaimType.PROFESSIONAL
    )

    assert (answer.policy, answer.term, answer.confidence) == (name, term, confidence)
    assert [citation.id for citation in answer.citations] == sources
    for role in ROLES[1:]:
        add_on = policy.get(
            "laterality.format", on=SPRING, role=role, claim_type=ClaimType.PROFESSIONAL
        )
        assert isinstance(add_on, Provision)
        by_indicator = name in BY_INDICATOR and name != "humana"  # whose text has no date
        assert (add_on.confidence is Confidence.JUDGMENT) is not by_indicator
        undated = name if name == "humana" else "commercial"
        assert add_on.policy == ("bilateral-indicator" if by_indicator else undated)
        assert bool(add_on.caveat) is by_indicator
    facility = ClaimType.HOSPITAL_OUTPATIENT
    hospital = policy.get("laterality.format", on=SPRING, role="primary", claim_type=facility)
    assert hospital.policy == "cpt"


@pytest.mark.parametrize("role", ROLES[1:])
@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("bcbs-north-dakota", dt.date(2020, 1, 1)),
        ("bilateral-indicator", dt.date(2020, 1, 1)),
        ("humana", dt.date(2026, 11, 30)),
        ("independence", dt.date(2026, 11, 30)),
        ("regence", dt.date(2025, 8, 1)),
        ("regence-advantage", dt.date(2024, 8, 1)),
    ],
)
def test_an_add_on_by_the_bilateral_indicator(name: str, role: str, first: dt.date) -> None:
    """A payer that goes by the indicator wants 50 on add-ons, which a claim is held to once it is dated.

    Until 2019 CPT asked for the same. From then to the payer's own text it is a reading of ours.

    Source: regence-modifier-50, regence-ma-modifier-50, ibx-ma03-002, bcbsnd-bilateral, rvu20a-rvu26d.
    """
    policy, changed = policies.get(name), dt.date(2020, 1, 1)

    for day in (changed - DAY, changed, first - DAY, first):
        said = policy.get("laterality.format", on=day, role=role, claim_type="professional")
        assert value_of(said) == "one-line-50"
        if day < changed:
            assert said.policy == "cpt"
        elif day < first:
            assert (said.policy, said.confidence) == (name, Confidence.JUDGMENT)
        else:
            assert (said.policy, said.confidence) == ("bilateral-indicator", Confidence.SECONDARY)
    facility = policy.get("laterality.format", on=SPRING, role=role, claim_type="asc-facility")
    assert facility.policy == "commercial"


def test_the_add_ons_have_the_indicator_on_which_such_payers_go() -> None:
    """Source: rvu20a-rvu26d, bcbsnd-bilateral, regence-modifier-50."""
    for procedure in packaged().procedures:
        if procedure.add_on and procedure.indicators is not None:
            assert procedure.indicators.bilateral == "1", procedure.code


# -- what checking asks for

LIMITS: dict[tuple[str, tuple[str, ...]], object] = {
    ("levels.max", ("image-guided-injection",)): 2,
    ("levels.max", ("ablation",)): 2,
    ("regions.max", ()): 1,
    ("sessions.max", ("diagnostic-injection",)): 4,
    ("sessions.max", ("therapeutic-injection",)): 4,
    ("sessions.max", ("ablation",)): 2,
    ("sessions.window", ()): 12,
    ("diagnostic.interval", ()): 14,
    ("diagnostic.after-ablation", ()): 24,
    ("coverage.family", ("image-guided-injection",)): "covered",
    ("coverage.family", ("ultrasound-injection",)): "not-covered",
    ("coverage.family", ("ablation",)): "covered",
    ("coverage.group", ("implant",)): "not-covered",
    ("coverage.sedation", ("image-guided-injection",)): "not-covered",
    ("coverage.sedation", ("ablation",)): "with-reason",
    ("coverage.other-blocks", ()): "only-with-cyst",
}
CONTRACTORS = ("medicare", *(f"medicare-{place}" for place in JURISDICTIONS))
DETERMINED = {name: dt.date(2021, 4, 25) for name in CONTRACTORS} | dict.fromkeys(
    ("medicare", "medicare-j15"), dt.date(2021, 5, 2)
)
DAY = dt.timedelta(days=1)


def asked(name: str, key: str, cell: tuple[str, ...], on: dt.date) -> Provision | NotKnown:
    """Ask a packaged policy for one cell."""
    names = [dimension.replace("-", "_") for dimension in policies.KEYS[key].dimensions]
    return policies.get(name).get(key, on=on, **dict(zip(names, cell, strict=True)))


@pytest.mark.parametrize("name", CONTRACTORS)
def test_the_limits_begin_with_the_determination(name: str) -> None:
    """The shared determination began on 2021-04-25, that of CGS on 2021-05-02.

    Source: l-shared, acr21.
    """
    first = DETERMINED[name]
    for (key, cell), expected in LIMITS.items():
        then, today = (asked(name, key, cell, day) for day in (first, SPRING))
        assert value_of(then) == value_of(today) == expected, key
        assert then.term == EffectivePeriod(start=first), key
        earlier = asked(name, key, cell, first - DAY)  # of audits, until the day before
        assert earlier.policy == "cpt" or key.startswith("sessions."), key


@pytest.mark.parametrize("name", sorted({"cpt", *EXTENDS} - {*CONTRACTORS, "uhc-advantage"}))
def test_medicares_limits_are_of_nobody_else(name: str) -> None:
    for key, cell in LIMITS:
        if key != "coverage.other-blocks":
            said = asked(name, key, cell, SPRING)
            assert isinstance(said, NotKnown) or said.policy == name


# policy: until when a third level is a warning, and from when it is an error, seen where it has an s
THIRD_LEVEL = {
    "medicare": ("2024-07-06", "2024-12-31s"),
    **dict.fromkeys(("medicare-jj", "medicare-jm"), ("2024-07-06", "2024-07-07")),
    **dict.fromkeys(("medicare-j5", "medicare-j8"), ("2024-07-13", "2024-07-14")),
    **dict.fromkeys(("medicare-jh", "medicare-jl"), ("2024-08-10", "2024-08-11")),
    **dict.fromkeys(
        ("medicare-je", "medicare-jf", "medicare-j6", "medicare-jk", "medicare-jn"),
        ("2024-07-06", "2024-12-31s"),
    ),
    "medicare-j15": ("2024-07-06", "2024-08-15s"),
}


@pytest.mark.parametrize("name", CONTRACTORS)
def test_a_third_level_is_graver_after_the_rewrite_of_2024(name: str) -> None:
    """Three and four levels were looked at on appeal, and are not covered since the rewrite.

    Source: nor-qa22; l-pal, l-wps, l-nov, cgs-161355, a57787.
    """
    last, first = THIRD_LEVEL[name]
    days = [
        *(DETERMINED[name] - DAY, DETERMINED[name], dt.date.fromisoformat(last)),
        *(dt.date.fromisoformat(first.rstrip("s")), SPRING),
    ]
    cell = ("third-level-not-covered",)

    told = [value_of(asked(name, "checks.severity", cell, day)) for day in days]
    assert told == [NOT_KNOWN, "warning", "warning", "error", "error"]
    eve = asked(name, "checks.severity", cell, days[3] - DAY)
    assert value_of(eve) == (NOT_KNOWN if first.endswith("s") else "warning")
    if name == "medicare":
        assert isinstance(eve, NotKnown)
        assert len(eve.candidates) == 12


@pytest.mark.parametrize("name", CONTRACTORS)
def test_two_regions_are_a_warning_for_wps_alone(name: str) -> None:
    """WPS speaks of regions that are treated together routinely, the others of any.

    Source: l-wps, l-shared.
    """
    said = asked(name, "checks.severity", ("two-regions",), SPRING)

    assert value_of(said) == ("warning" if name in {"medicare-j5", "medicare-j8"} else "error")


@pytest.mark.parametrize("name", CONTRACTORS)
def test_the_limits_of_audits_hold_until_the_coverage_policies(name: str) -> None:
    """Five injections together and two ablations, in 11 of 12 jurisdictions. Of today First Coast's is open.

    Source: oig20, oig21b; verity-a57787 against l-shared.
    """
    last = dt.date(2021, 4, 24)
    cells: tuple[tuple[str, tuple[str, ...], str, int], ...] = (
        ("sessions.pooled.max", (), "2019-05-31", 5),
        ("sessions.max", ("ablation",), "2020-08-31", 2),
        ("sessions.window", (), "2019-05-31", 12),
    )
    for key, cell, day, value in cells:
        first = dt.date.fromisoformat(day)
        told = [asked(name, key, cell, on) for on in (first - DAY, first, last)]
        assert [value_of(said) for said in told] == [NOT_KNOWN, value, value]
        assert told[1].confidence is Confidence.SECONDARY
    for purpose in ("diagnostic-injection", "therapeutic-injection"):
        assert value_of(asked(name, "sessions.max", (purpose,), last)) == NOT_KNOWN
    pooled = asked(name, "sessions.pooled.max", (), SPRING)
    assert isinstance(pooled, NotKnown)
    assert pooled.candidates == (("JN",) if name == "medicare-jn" else ())


@pytest.mark.parametrize(
    ("day", "codes"),
    [
        ("2023-06-30", None),
        ("2023-07-01", 10),
        ("2024-08-04", 10),
        ("2024-08-05", 8),
        ("2024-08-15", 8),
        ("2024-08-16", 8),
        ("2026-03-02", 8),
    ],
)
def test_prior_authorization_of_hospitals(day: str, codes: int | None) -> None:
    """Facet procedures joined on 2023-07-01; the third levels left in August 2024.

    CMS announced it on 2024-08-05, and its final list says 2024-08-16: between them it is not known.

    Source: cfr-419-83, acr-pa-2023, cms-opd-pa-update, cms-opd-pa-list.
    """
    on = dt.date.fromisoformat(day)
    said = asked("medicare-j15", "authorization.codes", ("hospital-outpatient",), on)

    assert isinstance(said, NotKnown) is (codes is None)
    if isinstance(said, Provision) and isinstance(said.value, tuple):
        thirds = {p.code for p in packaged().find_procedures(ordinal=Ordinal.THIRD_AND_MORE)}
        assert len(set(said.value)) == codes
        assert (set(said.value) & thirds == set()) is (codes == 8)
    unsettled = asked("medicare-j15", "authorization.unsettled-codes", ("hospital-outpatient",), on)
    between = dt.date(2024, 8, 5) <= on <= dt.date(2024, 8, 15)
    assert value_of(unsettled) == (("64492", "64495") if between else NOT_KNOWN)
    for elsewhere in ("professional", "asc-facility"):
        assert isinstance(asked("medicare", "authorization.codes", (elsewhere,), on), NotKnown)


@pytest.mark.parametrize("name", policies.ids())
def test_the_families_of_rules_of_a_policy(name: str) -> None:
    """Edits and limits run where a policy has them; all else runs everywhere.

    Source: docs/design.md, how a claim is checked.
    """
    every = policies.KEYS["checks.families"].choices
    of_payers = {"units", "pairs", "sedation", "frequency", "authorization"}
    if name == "cigna":  # aligns its pair edits with Medicare's, and has a policy on sedation
        of_payers -= {"pairs", "sedation"}
    if name == "humana-advantage":  # has a list of prior authorization, and a limit on ablations
        of_payers -= {"frequency", "authorization"}

    lineage = {policy.id for policy in policies.get(name).lineage()}
    ran = policies.rule_families(policies.get(name), on=SPRING)

    assert set(ran) == set(every) - (set() if "medicare" in lineage else of_payers)
    assert list(ran) == sorted(ran, key=every.index)


@pytest.mark.parametrize(
    ("name", "key", "cell", "day", "expected"),
    [
        ("cpt", "imaging.separate", ("image-guided-injection",), "2010-01-01", "included"),
        ("cpt", "imaging.separate", ("image-guided-injection",), "2009-12-31", NOT_KNOWN),
        ("cpt", "imaging.separate", ("ablation",), "2012-01-01", "included"),
        ("cpt", "imaging.separate", ("ablation",), "2011-12-31", NOT_KNOWN),
        ("cpt", "coverage.other-blocks", (), "2026-03-02", "each-justified"),
        ("cpt", "laterality.side", (), "2026-03-02", "optional"),
        ("medicare", "laterality.side", (), "2026-03-02", "named"),
        ("medicare", "modifier.separate-visit", (), "2026-03-02", "25"),
        ("medicare", "modifier.expected-denial", (), "2026-03-02", ("GA", "GZ", "GX", "GY")),
        ("aetna", "levels.max", ("image-guided-injection",), "2026-03-02", 3),
        ("aetna", "levels.max", ("image-guided-injection",), "2026-02-11", NOT_KNOWN),
        ("aetna", "coverage.other-blocks", (), "2026-03-02", "one-type-a-day"),
        ("cigna", "coverage.sedation", ("ablation",), "2026-03-02", "with-reason"),
        ("uhc", "coverage.procedure", ("therapeutic-injection",), "2026-09-09", NOT_KNOWN),
        ("uhc", "coverage.procedure", ("therapeutic-injection",), "2026-09-10", "not-covered"),
        ("uhc", "coverage.procedure", ("diagnostic-injection",), "2026-09-10", NOT_KNOWN),
        ("uhc", "coverage.family", ("ultrasound-injection",), "2026-09-10", "not-covered"),
        ("uhc", "coverage.technique", ("cryoablation",), "2026-04-30", NOT_KNOWN),
        ("uhc", "coverage.technique", ("cryoablation",), "2026-05-01", "not-covered"),
        (
            "tricare",
            "coverage.technique",
            ("pulsed-radiofrequency-ablation",),
            "2026-03-02",
            "not-covered",
        ),
        ("tricare", "coverage.technique", ("cryoablation",), "2026-03-02", NOT_KNOWN),
        (
            "washington-lni",
            "coverage.procedure",
            ("therapeutic-injection",),
            "2026-11-23",
            "not-covered",
        ),
        (
            "washington-lni",
            "coverage.procedure",
            ("therapeutic-injection",),
            "2026-11-22",
            NOT_KNOWN,
        ),
        ("humana-advantage", "sessions.max", ("ablation",), "2026-03-02", 2),
        ("humana-advantage", "sessions.max", ("ablation",), "2025-12-31", NOT_KNOWN),
        ("uhc-advantage", "authorization.codes", ("hospital-outpatient",), "2026-03-02", NOT_KNOWN),
        ("uhc-advantage", "authorization.number-length", (), "2026-03-02", NOT_KNOWN),
        ("uhc-advantage", "authorization.valid-days", (), "2026-03-02", NOT_KNOWN),
        ("uhc-advantage", "modifier.expected-denial", (), "2026-03-02", NOT_KNOWN),
        ("uhc-advantage", "sessions.max", ("ablation",), "2026-09-01", 2),
        ("uhc", "levels.max", ("ablation",), "2026-03-02", NOT_KNOWN),
    ],
)
def test_what_else_checking_asks(
    name: str, key: str, cell: tuple[str, ...], day: str, expected: object
) -> None:
    assert value_of(asked(name, key, cell, dt.date.fromisoformat(day))) == expected


def test_workers_compensation_in_mississippi_pays_fluoroscopy_and_one_type_a_day() -> None:
    """Its schedule pays what the code set includes, and less than the code set allows.

    Source: miss-wc-2-ii, miss-wc-pain.
    """
    name, families = "mississippi-workers-compensation", ("image-guided-injection", "ablation")

    for family in families:
        said = asked(name, "imaging.separate", (family,), SPRING)
        assert value_of(said) == "separate"
        assert said.confidence is Confidence.CONFIRMED
    assert value_of(asked(name, "levels.max", families[:1], SPRING)) == 3
    assert value_of(asked(name, "coverage.other-blocks", (), SPRING)) == "one-type-a-day"


def test_the_pair_modifiers_of_medicare_are_those_of_a_role_that_passes() -> None:
    """Sides, separate visits, the global package and distinct services pass an edit; KX does not.

    Source: texmed-ncci-modifiers, findacode-ncci-modifiers.
    """
    said = asked("medicare", "modifier.pair", (), SPRING)

    assert isinstance(said, Provision)
    assert isinstance(said.value, tuple)
    distinct = {m.code for m in packaged().find_modifiers(role=ModifierRole.DISTINCT)}
    assert distinct < set(said.value)
    assert {"KX", "50", "51", "76"}.isdisjoint(said.value)
    assert value_of(asked("cigna", "modifier.pair", (), SPRING)) == said.value


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Medicare", ("medicare",)),
        (" UHC ", ("uhc",)),
        ("UnitedHealthcare", ("uhc", "uhc-advantage")),
        ("JL", ("medicare-jl",)),
        ("novitas", ("medicare-jh", "medicare-jl")),
        ("Palmetto GBA", ("medicare-jj", "medicare-jm")),
        ("aetnaa", ("aetna",)),
        ("", ()),
        ("!", ()),
    ],
)
def test_an_unknown_policy_is_told_which_may_be_meant(written: str, meant: tuple[str, ...]) -> None:
    with pytest.raises(UnknownIdError) as refused:
        policies.get(written)

    assert refused.value.near == meant
