"""Diagnosis codes (ICD-10-CM) by fiscal year, and the part of the spine that a title names."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Mapping
from enum import StrEnum
from operator import attrgetter

import attrs

from cptfacet import _data
from cptfacet._inputs import expect_text
from cptfacet._records import sealed
from cptfacet.anatomy import CodeRegion
from cptfacet.citations import Citation, Confidence
from cptfacet.errors import ParseError
from cptfacet.reference.editions import (
    NO_EDITION,
    Provenance,
    Release,
    packaged_releases,
    resolve,
    series,
)
from cptfacet.reference.tables import Table
from cptfacet.unknown import Unknown

__all__ = [
    "DIAGNOSES",
    "SPINE_PARTS",
    "Diagnosis",
    "DiagnosisRow",
    "NamedPart",
    "SpinePart",
    "TitleWords",
    "Validity",
    "parse_diagnosis",
]


def __dir__() -> list[str]:
    return sorted(__all__)


class Validity(StrEnum):
    """Whether a diagnosis code can be billed on a date.

    ``billable``: the code is complete. ``header``: the code is in the code set but needs more
    characters. ``not-valid``: the code is not in the code set.
    """

    BILLABLE = "billable"
    HEADER = "header"
    NOT_VALID = "not-valid"


@sealed
@attrs.frozen(kw_only=True)
class DiagnosisRow:
    """A code in the ICD-10-CM file of one fiscal year."""

    validity: Validity
    title: str


@sealed
@attrs.frozen(kw_only=True)
class Diagnosis:
    """An ICD-10-CM diagnosis code on a date, with its title; the title is empty if it is not valid."""

    code: str
    validity: Validity
    title: str
    provenance: Provenance

    @property
    def billable(self) -> bool:
        """Whether the code can be billed as it is, without more characters."""
        return self.validity is Validity.BILLABLE


_DIAGNOSIS = re.compile(r"([A-Z][0-9A-Z]{2})(?:\.?([0-9A-Z]{1,4}))?", re.ASCII)


def parse_diagnosis(text: str) -> str:
    """Read a diagnosis code, with or without its dot, whether or not the code set has it.

    >>> parse_diagnosis(" m47816 ")
    'M47.816'
    >>> parse_diagnosis("724.2")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '724.2' is not a diagnosis code: ICD-10-CM has a letter and two more characters, and up to four after a dot

    Raises:
        ParseError: The text does not have the shape of an ICD-10-CM code.
    """
    match = _DIAGNOSIS.fullmatch(expect_text(text, "the code as text, in quotes").strip().upper())
    if match is None:
        reason = "ICD-10-CM has a letter and two more characters, and up to four after a dot"
        raise ParseError(what="a diagnosis code", text=text, reason=reason)
    category, rest = match.groups()
    return f"{category}.{rest}" if rest else category


_CODE_SET = "icd10cm"
_NONE = DiagnosisRow(validity=Validity.NOT_VALID, title="")


@functools.cache
def _diagnosis_rows() -> Mapping[str, Mapping[str, DiagnosisRow]]:
    found: dict[str, dict[str, DiagnosisRow]] = {}
    for row in _data.read_csv("diagnoses/codes.csv"):
        validity = Validity.BILLABLE if row["billable"] == "Y" else Validity.HEADER
        stated = DiagnosisRow(validity=validity, title=row["title"])
        for year in range(int(row["first"]), int(row["last"]) + 1):
            found.setdefault(f"{_CODE_SET}-{year}", {})[row["code"]] = stated
    return found


@functools.cache
def _diagnoses() -> tuple[Release[str, DiagnosisRow], ...]:
    return packaged_releases(_CODE_SET, lambda _, edition: _diagnosis_rows()[edition])


DIAGNOSES: Table[Release[str, DiagnosisRow]] = Table(
    kind=Release, key=attrgetter("key"), packaged=_diagnoses
)


def find_diagnosis(
    table: Table[Release[str, DiagnosisRow]], code: str, on: dt.date, *, strict: bool
) -> Diagnosis | Unknown:
    """Return a diagnosis code from the table of a reference."""
    code = parse_diagnosis(code)
    what = f"the diagnosis {code}"
    stated = [(edition, row or _NONE) for edition, row in series(table, code, code=code)]
    if not stated:
        reason = "its category was not read" if len(table) else NO_EDITION
        return Unknown(what=what, on=on, reason=reason)
    found = resolve(stated, on=on, what=what, strict=strict)
    if isinstance(found, Unknown):
        return found
    row, provenance = found
    return Diagnosis(code=code, validity=row.validity, title=row.title, provenance=provenance)


# -- the part of the spine that a diagnosis names


class SpinePart(StrEnum):
    """The parts of the spine that diagnosis titles name, from superior to inferior."""

    OCCIPITO_ATLANTO_AXIAL = "occipito-atlanto-axial"
    CERVICAL = "cervical"
    CERVICOTHORACIC = "cervicothoracic"
    THORACIC = "thoracic"
    THORACOLUMBAR = "thoracolumbar"
    LUMBAR = "lumbar"
    LUMBOSACRAL = "lumbosacral"
    SACRAL = "sacral"


@sealed
@attrs.frozen(kw_only=True)
class NamedPart:
    """The part of the spine that the title of a diagnosis names.

    ``regions`` lists the code regions that agree with it. This is our reading, and ``note`` explains it.
    """

    part: SpinePart
    regions: tuple[CodeRegion, ...]
    confidence: Confidence
    citations: tuple[Citation, ...]
    note: str


@sealed
@attrs.frozen(kw_only=True)
class TitleWords:
    """Words in diagnosis titles, and the one part of the spine they name, if any."""

    words: str
    named: NamedPart | None
    _pattern: re.Pattern[str] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Compile a pattern that does not match inside a longer or hyphenated word."""
        pattern = re.compile(rf"(?<![\w-]){re.escape(self.words)}(?![\w-])")
        object.__setattr__(self, "_pattern", pattern)

    def are_in(self, title: str) -> bool:
        """Whether a title has the words, as words of their own."""
        return self._pattern.search(title.lower()) is not None


@functools.cache
def _spine_parts() -> tuple[TitleWords, ...]:
    return tuple(
        TitleWords(
            words=row["words"],
            named=NamedPart(
                part=SpinePart(row["part"]),
                regions=tuple(map(CodeRegion, row["regions"].split(";"))),
                confidence=Confidence(row["confidence"]),
                citations=_data.citations_of(row),
                note=row["note"],
            )
            if row["part"]
            else None,
        )
        for row in _data.read_csv("diagnoses/parts.csv")
    )


SPINE_PARTS: Table[TitleWords] = Table(
    kind=TitleWords, key=attrgetter("words"), packaged=_spine_parts
)


def find_spine_part(
    table: Table[Release[str, DiagnosisRow]], parts: Table[TitleWords], code: str
) -> NamedPart | Unknown:
    """Return the part of the spine that the latest title of a code names."""
    code = parse_diagnosis(code)
    what = f"the part of the spine of {code}"
    latest = sorted(table, key=lambda release: release.edition.first, reverse=True)
    titles = (stated.title for each in latest if (stated := each.rows.get(code)))
    if not len(parts):
        return Unknown(what=what, reason="the words of titles were not read")
    title = next(titles, None)
    if title is None:
        return Unknown(what=what, reason="its title was not read")
    for row in parts:
        if row.are_in(title):
            return row.named or Unknown(what=what, reason="its title names several")
    return Unknown(what=what, reason="its title names none")
