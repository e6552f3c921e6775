"""Codes and modifiers: what is valid when, which codes belong together, and what excludes another."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from operator import attrgetter

import attrs

from cptfacet import _data
from cptfacet._records import sealed
from cptfacet.anatomy import CodeRegion, NamedNerve, Nerve, NerveKind
from cptfacet.citations import Citation, Confidence
from cptfacet.claims import ClaimLine, ClaimType, parse_line
from cptfacet.dates import EffectivePeriod
from cptfacet.indicators import (
    AssistantIndicator,
    BilateralIndicator,
    ComponentIndicator,
    FeeStatus,
    GlobalDays,
    Indicators,
    MultipleIndicator,
    SurgeonsIndicator,
)
from cptfacet.modifiers import Modifier, ModifierConflict, ModifierKind, ModifierRole
from cptfacet.procedures import (
    AddOnLink,
    CodeGroup,
    Counted,
    Family,
    GroupedCode,
    LegacyFamily,
    Ordinal,
    Procedure,
    ProcedureKind,
)
from cptfacet.reference.tables import Table
from cptfacet.sessions import Guidance, Technique

__all__ = ["CONFLICTS", "GROUPS", "MODIFIERS", "OTHER_NERVES", "PROCEDURES", "OtherNerve"]


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class OtherNerve:
    """What is reported for nerves that do not supply a facet joint, by technique and guidance.

    ``kinds`` are those of unlisted nerves that it is reported for too. ``guidances`` are those with which it is reported; None among them means guidance that the note
    does not state.
    """

    nerves: tuple[Nerve, ...]
    techniques: tuple[Technique, ...]
    guidances: tuple[Guidance | None, ...]
    instead: ClaimLine
    term: EffectivePeriod
    citations: tuple[Citation, ...]
    kinds: tuple[NerveKind, ...] = ()
    note: str = ""

    def is_of(self, nerve: NamedNerve) -> bool:
        """Whether it is what is reported for a nerve."""
        return nerve in self.nerves if isinstance(nerve, Nerve) else nerve.kind in self.kinds


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


@functools.cache
def _procedures() -> tuple[Procedure, ...]:
    links: dict[str, list[AddOnLink]] = {}
    for row in _data.read_csv("codes/addons.csv"):
        link = AddOnLink(
            add_on=row["add_on"],
            primary=row["primary"],
            authority=row["authority"],
            term=_data.term_of(row),
            citations=_data.citations_of(row),
            note=row["note"],
        )
        links.setdefault(link.add_on, []).append(link)
    rows = list(_data.read_csv("codes/procedures.csv"))
    replaces: dict[str, list[str]] = {}
    for row in rows:
        for successor in _split(row["replaced_by"]):
            replaces.setdefault(successor, []).append(row["code"])
    return tuple(
        Procedure(
            code=row["code"],
            kind=ProcedureKind(row["kind"]),
            family=_family(row) if row["family"] else None,
            region=CodeRegion(row["region"]) if row["region"] else None,
            ordinal=Ordinal(row["ordinal"]) if row["ordinal"] else None,
            counts=Counted(row["counts"]) if row["counts"] else None,
            label=row["label"] or _label(row),
            term=_data.term_of(row),
            confidence=Confidence(row["confidence"]),
            citations=_data.citations_of(row),
            replaced_by=_split(row["replaced_by"]),
            replaces=tuple(replaces.get(row["code"], ())),
            primaries=tuple(links.get(row["code"], ())),
            indicators=next(iter(_indicators().get(row["code"], ())), None),
            note=row["note"],
        )
        for row in rows
    )


def _family(row: dict[str, str]) -> Family | LegacyFamily:
    predecessor = ProcedureKind(row["kind"]) is ProcedureKind.PREDECESSOR
    return (LegacyFamily if predecessor else Family)(row["family"])


def _label(row: dict[str, str]) -> str:
    """Compose a label from the structured fields, in our words."""
    ordinal = row["ordinal"]
    which = f"{ordinal.replace('-', ' ')} {row['counts']}"
    if ordinal == Ordinal.THIRD_AND_MORE:
        which = "third and additional levels together"
    return f"{_family(row).label}, {row['region']}, {which}"


@functools.cache
def _indicators() -> Mapping[str, tuple[Indicators, ...]]:
    found: dict[str, tuple[Indicators, ...]] = {}
    for row in _data.read_csv("codes/indicators.csv"):
        found[row["code"]] = (*found.get(row["code"], ()), _read_indicators(row))
    return found


def _read_indicators(row: dict[str, str]) -> Indicators:
    return Indicators(
        status=FeeStatus(row["status"]),
        global_days=GlobalDays(row["global_days"]),
        multiple=MultipleIndicator(row["multiple"]),
        bilateral=BilateralIndicator(row["bilateral"]),
        assistant=AssistantIndicator(row["assistant"]),
        co_surgeon=SurgeonsIndicator(row["co_surgeon"]),
        team=SurgeonsIndicator(row["team"]),
        pc_tc=ComponentIndicator(row["pc_tc"]),
        term=_data.term_of(row),
        last=dt.date.fromisoformat(row["last"]),
        citations=_data.citations_of(row),
    )


_APPLIES = {
    "professional": ClaimType.PROFESSIONAL,
    "hospital_outpatient": ClaimType.HOSPITAL_OUTPATIENT,
    "asc_facility": ClaimType.ASC_FACILITY,
}


@functools.cache
def _modifiers() -> tuple[Modifier, ...]:
    return tuple(
        Modifier(
            code=row["code"],
            code_set=row["code_set"],
            kind=ModifierKind(row["kind"]),
            role=ModifierRole(row["role"]) if row["role"] else None,
            meaning=row["meaning"],
            effect=row["effect"],
            claim_types=tuple(t for column, t in _APPLIES.items() if row[column] == "Y"),
            applies_to=row["applies_to"],
            term=_data.term_of(row),
            confidence=Confidence(row["confidence"]),
            effect_confidence=Confidence(row["effect_confidence"]),
            citations=_data.citations_of(row),
            note=row["note"],
        )
        for row in _data.read_csv("codes/modifiers.csv")
    )


@functools.cache
def _groups() -> tuple[GroupedCode, ...]:
    return tuple(
        GroupedCode(
            code=code,
            group=CodeGroup(row["group"]),
            term=_data.term_of(row),
            confidence=Confidence(row["confidence"]),
            citations=_data.citations_of(row),
            indicators=_indicators().get(code, ()),
            region=CodeRegion(row["region"]) if row["region"] else None,
            note=row["note"],
        )
        for row in _data.read_csv("codes/groups.csv")
        for code in _data.codes_of(row["codes"])
    )


@functools.cache
def _conflicts() -> tuple[ModifierConflict, ...]:
    return tuple(
        ModifierConflict(
            modifiers=frozenset(_split(row["modifiers"])),
            term=_data.term_of(row),
            confidence=Confidence(row["confidence"]),
            citations=_data.citations_of(row),
            note=row["note"],
        )
        for row in _data.read_csv("codes/modifier_conflicts.csv")
    )


_NOT_STATED = "not-stated"


@functools.cache
def _other_nerves() -> tuple[OtherNerve, ...]:
    return tuple(
        OtherNerve(
            nerves=tuple(Nerve(name) for name in row["nerves"]),
            techniques=tuple(Technique(name) for name in row["techniques"]),
            guidances=tuple(None if g == _NOT_STATED else Guidance(g) for g in row["guidances"]),
            instead=parse_line(row["instead"]),
            term=_data.term_of(row),
            citations=_data.citations_of(row),
            kinds=tuple(NerveKind(name) for name in row.get("kinds", ())),
            note=row.get("note", ""),
        )
        for row in _data.read_toml("codes/anatomy.toml")["other"]
    )


PROCEDURES: Table[Procedure] = Table(kind=Procedure, key=attrgetter("code"), packaged=_procedures)
MODIFIERS: Table[Modifier] = Table(kind=Modifier, key=attrgetter("code"), packaged=_modifiers)
GROUPS: Table[GroupedCode] = Table(kind=GroupedCode, key=attrgetter("code"), packaged=_groups)
CONFLICTS: Table[ModifierConflict] = Table(
    kind=ModifierConflict, key=attrgetter("modifiers"), packaged=_conflicts
)
OTHER_NERVES: Table[OtherNerve] = Table(
    kind=OtherNerve, key=attrgetter("nerves", "techniques"), packaged=_other_nerves
)
