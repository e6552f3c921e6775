"""Edit data: what the publishers of edits and code sets state of the codes that facet claims meet.

Pure look-ups, and no rule: whether a claim breaks an edit is not said here. Each answer has a
footing (`editions`): the edition that states it, the two that agree around its day, or the last one
from which it is carried. What no edition tells is `NotInData`.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import attrs

from cptfacet import _data, policies
from cptfacet._records import sealed
from cptfacet.anatomy import CodeRegion
from cptfacet.citations import Citation, Confidence
from cptfacet.claims import ClaimType
from cptfacet.dates import EffectivePeriod
from cptfacet.errors import ParseError, UnknownIdError
from cptfacet.policies import Provision, jurisdictions
from cptfacet.procedures import parse_code
from cptfacet.reference.editions import Basis, Edition, NotInData, Provenance, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "Addendum",
    "AscStatus",
    "Diagnosis",
    "DiagnosisList",
    "DiagnosisUse",
    "ListedDiagnosis",
    "Mai",
    "Mue",
    "NamedPart",
    "PairEdit",
    "PairEdits",
    "PairIndicator",
    "PlaceOfService",
    "Rate",
    "SpinePart",
    "Validity",
    "asc_status",
    "diagnosis",
    "diagnosis_list",
    "mue",
    "pairs",
    "parse_diagnosis",
    "place",
    "places",
    "spine_part",
]

T = TypeVar("T")


# -- the editions that were read


@sealed
@attrs.frozen(kw_only=True)
class _Read:
    """One edition of one table: which claims meet it, and which codes were read of it."""

    edition: Edition
    service: str
    claim_types: tuple[ClaimType, ...]
    covers: tuple[tuple[str, str], ...]

    def covered(self, code: str) -> bool:
        return not self.covers or any(
            first <= code and (code <= last or code.startswith(last)) for first, last in self.covers
        )


@functools.cache
def turning_days() -> frozenset[dt.date]:
    """Give the days on which an answer of this module may change; between two of them it can't.

    >>> dt.date(2026, 10, 1) in turning_days()
    True
    """
    one = dt.timedelta(days=1)
    tables = {row["table"] for row in _data.read_csv("editions.csv")}
    spans = [read.edition for table in tables for read in _read(table)]
    days = {day for span in spans for day in (span.first, span.last + one)}
    days |= {seen for seen, _ in _unsettled().values()}
    days |= {place.term.first for place in places().values()}
    return frozenset(
        days | {place.term.last + one for place in places().values() if place.term.until}
    )


def _span(text: str) -> tuple[str, str]:
    first, _, last = text.partition("-")
    return first, last or first


@functools.cache
def _read(table: str) -> tuple[_Read, ...]:
    """List the editions of a table, the oldest first."""
    found = (
        _Read(
            edition=Edition(
                id=row["edition"],
                first=dt.date.fromisoformat(row["first"]),
                last=dt.date.fromisoformat(row["last"]),
                citations=_data.citations_of({**row, "from": row["first"], "until": row["last"]}),
            ),
            service=row["service"],
            claim_types=tuple(map(ClaimType, filter(None, row["claim_types"].split(";"))))
            or tuple(ClaimType),
            covers=tuple(map(_span, row["covers"].split())),
        )
        for row in _data.read_csv("editions.csv")
        if row["table"] == table
    )
    return tuple(sorted(found, key=lambda read: read.edition.first))


def _met(table: str, claim_type: ClaimType) -> tuple[_Read, ...]:
    """List the editions of the table that claims of a type meet."""
    return tuple(read for read in _read(table) if claim_type in read.claim_types)


def _series(
    met: Iterable[_Read], code: str, stated: Mapping[tuple[str, str, str], T]
) -> Iterator[tuple[Edition, T | None]]:
    """Give what each edition states for a code, None where it was read and has nothing.

    ``stated`` is keyed by edition, service and code.
    """
    for read in met:
        if read.covered(code):
            yield read.edition, stated.get((read.edition.id, read.service, code))


_NO_ROW = "no edition that was read has a row for it among the codes that facet claims meet"


# -- medically unlikely edits


class Mai(StrEnum):
    """The adjudication indicator of a medically unlikely edit: what its units are counted over.

    Source: the indicator column of the file itself, data/edits/mue.csv.
    """

    LINE = "1"
    DAY_BY_POLICY = "2"
    DAY_BY_CLINICAL_DATA = "3"

    @property
    def meaning(self) -> str:
        """What the indicator says, in our words.

        >>> Mai("2").meaning
        'units of one day of service, by policy'
        """
        return _MEANINGS[self]


_MEANINGS = {
    Mai.LINE: "units of one claim line",
    Mai.DAY_BY_POLICY: "units of one day of service, by policy",
    Mai.DAY_BY_CLINICAL_DATA: "units of one day of service, by clinical data",
}


@sealed
@attrs.frozen(kw_only=True)
class Mue:
    """The medically unlikely edit of a code: the most ``units`` that a claim of a type may have.

    ``mai`` says over what they are counted; ``rationale`` is the publisher's key for the reason.
    """

    code: str
    claim_type: ClaimType
    units: int
    mai: Mai
    rationale: str
    footing: Provenance

    def __str__(self) -> str:
        return f"{self.code} x{self.units} at most: {self.mai.meaning} ({self.footing})"


@functools.cache
def _mues() -> Mapping[tuple[str, str, str], tuple[int, Mai, str]]:
    return MappingProxyType(
        {
            (edition, row["service"], row["code"]): (
                int(row["units"]),
                Mai(row["mai"]),
                row["rationale"],
            )
            for row in _data.read_csv("edits/mue.csv")
            for edition in row["editions"].split(";")
        }
    )


def mue(code: str, *, on: dt.date, claim_type: ClaimType, strict: bool = False) -> Mue | NotInData:
    """Give the medically unlikely edit of a code on a date of service.

    CMS publishes one table for practitioners and one for hospitals. No source that was read says
    which of them an ASC facility claim of Medicare meets, so for that it is not known. A code
    without a value is not known either: CMS keeps some of its edits to itself.

    >>> day = dt.date(2026, 11, 2)
    >>> print(mue("64493", on=day, claim_type=ClaimType.PROFESSIONAL))
    64493 x1 at most: units of one day of service, by policy (stated: mue-2026q4 (2026-10-01 to 2026-12-31))
    >>> mue("64636", on=dt.date(2027, 3, 1), claim_type=ClaimType.PROFESSIONAL).footing.basis
    <Basis.CARRIED: 'carried'>
    >>> print(mue("64493", on=day, claim_type=ClaimType.ASC_FACILITY))
    the MUE of 64493 for asc-facility claims on 2026-11-02 is not known: no source that was read says which table these claims meet
    >>> mue("6449", on=day, claim_type=ClaimType.PROFESSIONAL)
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '6449' is not a procedure code: it has five characters, such as five digits, or four digits and a T

    Raises:
        ParseError: The text is no code.

    Source: data/edits/mue.csv; each answer cites its editions.
    """
    code = parse_code(code)
    what = f"the MUE of {code} for {claim_type} claims"
    met = _met("mue", claim_type)
    if not met:
        reason = "no source that was read says which table these claims meet"
        return NotInData(what=what, on=on, reason=reason)
    if not any((read.edition.id, read.service, code) in _mues() for read in met):
        return NotInData(what=what, on=on, reason=_NO_ROW)
    found = resolve(_series(met, code, _mues()), on=on, what=what, strict=strict)
    if isinstance(found, NotInData):
        return found
    (units, mai, rationale), footing = found
    return Mue(
        code=code,
        claim_type=claim_type,
        units=units,
        mai=mai,
        rationale=rationale,
        footing=footing,
    )


# -- places of service


class Rate(StrEnum):
    """At which rate the physician fee schedule pays in a place of service."""

    FACILITY = "facility"
    NONFACILITY = "nonfacility"


@sealed
@attrs.frozen(kw_only=True)
class PlaceOfService:
    """A place of service of a professional claim. An unassigned code has no ``rate``.

    ``facility`` is the claim type of the facility whose place it is, for a surgery center and for
    the outpatients of a hospital.
    """

    code: str
    name: str
    rate: Rate | None
    facility: ClaimType | None = None
    term: EffectivePeriod
    citations: tuple[Citation, ...]

    @property
    def assigned(self) -> bool:
        """Whether the code stands for a place."""
        return self.rate is not None


@functools.cache
def places() -> Mapping[str, PlaceOfService]:
    """Give every place of service by its code, the unassigned ones too.

    >>> [p.name for p in places().values() if "Outpatient Hospital" in p.name]
    ['Off Campus-Outpatient Hospital', 'On Campus-Outpatient Hospital']
    """
    return MappingProxyType(
        {
            row["code"]: PlaceOfService(
                code=row["code"],
                name=row["name"],
                rate=Rate(row["rate"]) if row["rate"] else None,
                facility=ClaimType(row["facility"]) if row["facility"] else None,
                term=_data.term_of(row),
                citations=_data.citations_of(row),
            )
            for row in _data.read_csv("codes/places_of_service.csv")
        }
    )


_PLACE = re.compile(r"[0-9]{2}", re.ASCII)


def place(code: str) -> PlaceOfService:
    """Give a place of service by its two digits.

    >>> place("24").name, place("24").rate
    ('Ambulatory Surgical Center', <Rate.FACILITY: 'facility'>)
    >>> place("00")
    Traceback (most recent call last):
    ...
    cptfacet.errors.UnknownIdError: no place of service is known as '00'.

    Raises:
        ParseError: The text is not two digits.
        UnknownIdError: The code set has no such code.

    Source: data/codes/places_of_service.csv.
    """
    digits = code.strip()
    if _PLACE.fullmatch(digits) is None:
        raise ParseError(what="a place of service", text=code, reason="write its two digits")
    found = places().get(digits)
    if found is None:
        raise UnknownIdError(what="place of service", text=digits)
    return found


# -- diagnoses


class Validity(StrEnum):
    """Whether a diagnosis code can be billed on a date.

    ``billable``: it is complete. ``header``: the code set has it, and it needs a further character.
    ``not-valid``: the code set has no such code.
    """

    BILLABLE = "billable"
    HEADER = "header"
    NOT_VALID = "not-valid"


@sealed
@attrs.frozen(kw_only=True)
class Diagnosis:
    """A diagnosis code (ICD-10-CM) on a date, with the title of the code set where it has one."""

    code: str
    validity: Validity
    title: str
    footing: Provenance

    @property
    def billable(self) -> bool:
        """Whether a claim can bear the code as it stands."""
        return self.validity is Validity.BILLABLE


_DIAGNOSIS = re.compile(r"([A-Z][0-9A-Z]{2})(?:\.?([0-9A-Z]{1,4}))?", re.ASCII)


def parse_diagnosis(text: str) -> str:
    """Read a diagnosis code, with its dot or without; whether it is valid is not asked.

    >>> parse_diagnosis(" m47816 ")
    'M47.816'
    >>> parse_diagnosis("724.2")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '724.2' is not a diagnosis code: ICD-10-CM has a letter and two more characters, and up to four after a dot

    Raises:
        ParseError: The text has not the shape of an ICD-10-CM code.
    """
    match = _DIAGNOSIS.fullmatch(text.strip().upper())
    if match is None:
        reason = "ICD-10-CM has a letter and two more characters, and up to four after a dot"
        raise ParseError(what="a diagnosis code", text=text, reason=reason)
    category, rest = match.groups()
    return f"{category}.{rest}" if rest else category


@functools.cache
def _diagnoses() -> Mapping[tuple[str, str, str], tuple[Validity, str]]:
    return MappingProxyType(
        {
            (f"{_CODE_SET}-{year}", "", row["code"]): (
                Validity.BILLABLE if row["billable"] == "Y" else Validity.HEADER,
                row["title"],
            )
            for row in _data.read_csv("diagnoses/codes.csv")
            for year in range(int(row["first"]), int(row["last"]) + 1)
        }
    )


_CODE_SET = "icd10cm"
_NONE = (Validity.NOT_VALID, "")


def diagnoses_begin() -> dt.date:
    """Give the first day of the code set of diagnoses; before it claims had another one.

    >>> diagnoses_begin()
    datetime.date(2015, 10, 1)
    """
    return min(read.edition.first for read in _read(_CODE_SET))


def diagnosis(code: str, *, on: dt.date, strict: bool = False) -> Diagnosis | NotInData:
    """Give a diagnosis code as the code set has it on a date of service.

    The code set changes on 1 October. The categories that facet claims meet were read in full, so a
    code of theirs that the file of a year has not is not valid in it; of others nothing is known.

    >>> day = dt.date(2026, 3, 2)
    >>> found = diagnosis("M47.816", on=day)
    >>> found.title, found.billable, found.footing.basis.value
    ('Spondylosis without myelopathy or radiculopathy, lumbar region', True, 'stated')
    >>> diagnosis("M54.5", on=dt.date(2021, 9, 30)).validity.value
    'billable'
    >>> diagnosis("M54.5", on=dt.date(2021, 10, 1)).validity.value
    'header'
    >>> diagnosis("M47.816", on=dt.date(2026, 11, 2)).footing.basis.value
    'carried'
    >>> print(diagnosis("I10", on=day))
    the diagnosis I10 on 2026-03-02 is not known: its category was not read
    >>> diagnosis("724.2", on=day)
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '724.2' is not a diagnosis code: ICD-10-CM has a letter and two more characters, and up to four after a dot

    Raises:
        ParseError: The text has not the shape of an ICD-10-CM code.

    Source: data/diagnoses/codes.csv; each answer cites its editions.
    """
    code = parse_diagnosis(code)
    what = f"the diagnosis {code}"
    series = [(e, value or _NONE) for e, value in _series(_read(_CODE_SET), code, _diagnoses())]
    if not series:
        return NotInData(what=what, on=on, reason="its category was not read")
    found = resolve(series, on=on, what=what, strict=strict)
    if isinstance(found, NotInData):
        return found
    (validity, title), footing = found
    return Diagnosis(code=code, validity=validity, title=title, footing=footing)


# -- the part of the spine that a diagnosis names


class SpinePart(StrEnum):
    """The parts of the spine that titles of diagnoses name, head to tail."""

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

    ``regions`` are the code regions with which it agrees; ``note`` says why, for it is a reading.
    """

    part: SpinePart
    regions: tuple[CodeRegion, ...]
    confidence: Confidence
    citations: tuple[Citation, ...]
    note: str


@functools.cache
def _parts() -> tuple[tuple[re.Pattern[str], NamedPart | None], ...]:
    found: list[tuple[re.Pattern[str], NamedPart | None]] = []
    for row in _data.read_csv("diagnoses/parts.csv"):
        named = row["part"] and NamedPart(
            part=SpinePart(row["part"]),
            regions=tuple(map(CodeRegion, row["regions"].split(";"))),
            confidence=Confidence(row["confidence"]),
            citations=_data.citations_of(row),
            note=row["note"],
        )
        words = re.compile(rf"(?<![\w-]){re.escape(row['words'])}(?![\w-])")
        found.append((words, named or None))
    return tuple(found)


@functools.cache
def _titles() -> Mapping[str, str]:
    rows = sorted(_data.read_csv("diagnoses/codes.csv"), key=lambda row: int(row["last"]))
    return MappingProxyType({row["code"]: row["title"] for row in rows})


def spine_part(code: str) -> NamedPart | None:
    """Give the part of the spine that a diagnosis names, None where its title names no one part.

    A facet procedure treats one region, and a diagnosis of another part does not explain it. That
    is our reading, of the titles: no payer's text that was read says so.

    >>> lumbar = spine_part("M47.816")
    >>> lumbar.part.value, [region.value for region in lumbar.regions]
    ('lumbar', ['lumbar-sacral'])
    >>> [region.value for region in spine_part("M47.815").regions]
    ['cervical-thoracic', 'lumbar-sacral']
    >>> spine_part("M47.819") is spine_part("I10") is None
    True
    >>> spine_part("724.2")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '724.2' is not a diagnosis code: ICD-10-CM has a letter and two more characters, and up to four after a dot

    Raises:
        ParseError: The text has not the shape of an ICD-10-CM code.

    Source: data/diagnoses/parts.csv, a judgment.
    """
    title = _titles().get(parse_diagnosis(code), "").lower()
    return next((named for words, named in _parts() if words.search(title)), None)


# -- contractors' lists of diagnoses


class DiagnosisUse(StrEnum):
    """For which procedures a list has a code: any of the family, or those on facet cysts alone."""

    ANY = "any"
    FACET_CYST = "facet-cyst"


@sealed
@attrs.frozen(kw_only=True)
class ListedDiagnosis:
    """A code of a contractor's list, and for which procedures it stands there."""

    code: str
    use: DiagnosisUse


@sealed
@attrs.frozen(kw_only=True)
class DiagnosisList:
    """The diagnoses that a contractor's article lists as supporting facet procedures.

    ``provision`` is what the policy of the jurisdiction says of the article that holds there.
    """

    jurisdiction: str
    provision: Provision
    diagnoses: tuple[ListedDiagnosis, ...]
    footing: Provenance

    @property
    def document(self) -> str:
        """The number of the article."""
        return str(self.provision.value)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The sources of the list, and of the article that holds in the jurisdiction."""
        return tuple(dict.fromkeys((*self.footing.citations, *self.provision.citations)))

    def use_of(self, code: str) -> DiagnosisUse | None:
        """Give for which procedures the list has a code, or None where it has it not.

        >>> listed = diagnosis_list("JE", on=dt.date(2026, 6, 1))
        >>> listed.use_of("M47816").value, listed.use_of("M53.86").value, listed.use_of("M54.50")
        ('any', 'facet-cyst', None)

        Raises:
            ParseError: The text has not the shape of an ICD-10-CM code.
        """
        code = parse_diagnosis(code)
        return next((listed.use for listed in self.diagnoses if listed.code == code), None)


@functools.cache
def _lists() -> Mapping[tuple[str, str], tuple[ListedDiagnosis, ...]]:
    """Give the list of each article in each edition of it."""
    found: dict[tuple[str, str], tuple[ListedDiagnosis, ...]] = {}
    for row in _data.read_csv("diagnoses/lists.csv"):
        listed = ListedDiagnosis(code=row["code"], use=DiagnosisUse(row["use"]))
        for edition in row["editions"].split(";"):
            place = edition, row["document"]
            found[place] = (*found.get(place, ()), listed)
    return MappingProxyType(found)


_DOCUMENT = "billing.document"


def diagnosis_list(
    jurisdiction: str, *, on: dt.date, strict: bool = False
) -> DiagnosisList | NotInData:
    """Give the diagnoses that a jurisdiction's article lists on a date of service.

    The policy of the jurisdiction says which article holds; the list belongs to the article. The
    lists of most articles were not read, and are not known.

    >>> found = diagnosis_list("JF", on=dt.date(2026, 11, 2))
    >>> found.document, len(found.diagnoses), found.footing.basis.value
    ('A58403', 24, 'carried')
    >>> print(diagnosis_list("JF", on=dt.date(2026, 3, 2)))
    the list of diagnoses of JF on 2026-03-02 is not known: the list of its article A58405 was not read
    >>> diagnosis_list("J1", on=dt.date(2026, 3, 2))
    Traceback (most recent call last):
    ...
    cptfacet.errors.UnknownIdError: no jurisdiction is known as 'J1'. Near it: J15.

    Raises:
        UnknownIdError: No jurisdiction has this id.

    Source: data/diagnoses/lists.csv; each answer cites its editions.
    """
    policy = policies.get(jurisdictions.get(jurisdiction).policy)
    what = f"the list of diagnoses of {jurisdiction}"
    provision = policy.get(_DOCUMENT, on=on)
    if not isinstance(provision, Provision):
        reason = f"no source that was read says which article holds: {provision.reason}"
        return NotInData(what=what, on=on, reason=reason, citations=provision.citations)
    document = str(provision.value)
    series = [
        (read.edition, _lists().get((read.edition.id, document)))
        for read in _read("diagnosis-list")
        if read.service == document
    ]
    if not series:
        reason = f"the list of its article {document} was not read"
        return NotInData(what=what, on=on, reason=reason, citations=provision.citations)
    found = resolve(series, on=on, what=what, strict=strict)
    if isinstance(found, NotInData):
        return found
    diagnoses, footing = found
    return DiagnosisList(
        jurisdiction=jurisdiction, provision=provision, diagnoses=diagnoses, footing=footing
    )


# -- pairs of codes


class PairIndicator(StrEnum):
    """The modifier indicator of a pair: whether a modifier can let both of its codes be paid.

    ``0``: no modifier can. ``1``: one can, where the services are distinct. ``9``: the edit does not
    apply.

    Source: the note cited as ncci-tables.
    """

    NEVER = "0"
    ALLOWED = "1"
    NONE = "9"


@sealed
@attrs.frozen(kw_only=True)
class PairEdit:
    """A procedure-to-procedure edit: with the column 1 code, the column 2 code is not paid.

    ``deleted`` is the day of deletion of an edit that is in force no more; ``rationale`` is the
    publisher's key for the reason.
    """

    column1: str
    column2: str
    indicator: PairIndicator
    rationale: str
    deleted: dt.date | None = None


@sealed
@attrs.frozen(kw_only=True)
class PairEdits:
    """What the edits say of two codes: the one in force, in either direction, and deleted ones.

    Without an ``edit``, the set has none in force for the two.
    """

    codes: tuple[str, str]
    claim_type: ClaimType
    edit: PairEdit | None
    deleted: tuple[PairEdit, ...]
    footing: Provenance


@sealed
@attrs.frozen(kw_only=True)
class _Block:
    """A row of the table: each code of column 1 with each of ``column2``."""

    column2: frozenset[str]
    indicator: PairIndicator
    rationale: str
    deleted: dt.date | None


def _listed(text: str) -> Iterator[str]:
    """Give the codes of a list of ranges of consecutive numbers."""
    for first, last in map(_span, text.split()):
        if first == last:
            yield first
        else:
            yield from (f"{n:05}" for n in range(int(first), int(last) + 1))


@functools.cache
def _blocks() -> Mapping[tuple[str, str], tuple[_Block, ...]]:
    """Give the rows of the table by service and column 1 code."""
    found: dict[tuple[str, str], tuple[_Block, ...]] = {}
    for row in _data.read_csv("edits/pairs.csv"):
        block = _Block(
            column2=frozenset(_listed(row["column2"])),
            indicator=PairIndicator(row["indicator"]),
            rationale=row["rationale"],
            deleted=dt.date.fromisoformat(row["deleted"]) if row["deleted"] else None,
        )
        for code in _listed(row["column1"]):
            place = row["service"], code
            found[place] = (*found.get(place, ()), block)
    return MappingProxyType(found)


@functools.cache
def _unsettled() -> Mapping[tuple[str, str], tuple[dt.date, tuple[Citation, ...]]]:
    return MappingProxyType(
        {
            (row["code"], row["other"]): (_data.term_of(row).first, _data.citations_of(row))
            for row in _data.read_csv("edits/pairs_unsettled.csv")
        }
    )


def _pair(service: str, column1: str, column2: str) -> Iterator[PairEdit]:
    for block in _blocks().get((service, column1), ()):
        if column2 in block.column2:
            yield PairEdit(
                column1=column1,
                column2=column2,
                indicator=block.indicator,
                rationale=block.rationale,
                deleted=block.deleted,
            )


def pairs(
    code: str, other: str, *, on: dt.date, claim_type: ClaimType, strict: bool = False
) -> PairEdits | NotInData:
    """Give the procedure-to-procedure edits of two codes on a date of service, in either direction.

    One set was read, that of July 2024, without first days: before it nothing is known, and after
    it an answer is carried. Of a pair with a facet code it is complete, so that no edit is an
    answer; of two related codes it is known only where there is one. Where a later copy shows an edit
    that the set has not, "none" is not carried.

    >>> day = dt.date(2024, 8, 1)
    >>> found = pairs("64493", "64635", on=day, claim_type=ClaimType.PROFESSIONAL)
    >>> found.edit.column1, found.edit.column2, found.edit.indicator.name
    ('64635', '64493', 'ALLOWED')
    >>> pairs("64490", "64493", on=day, claim_type=ClaimType.PROFESSIONAL).edit is None
    True
    >>> later = dt.date(2026, 3, 2)
    >>> pairs("64493", "64635", on=later, claim_type=ClaimType.PROFESSIONAL).footing.basis.value
    'carried'
    >>> print(pairs("64494", "64634", on=later, claim_type=ClaimType.PROFESSIONAL))
    the pair of 64494 and 64634 for professional claims on 2026-03-02 is not known: the set of ptp-2024q3 has none, and a copy of 2026-04-01 has one without its column and dates
    >>> pairs("64493", "6463", on=day, claim_type=ClaimType.PROFESSIONAL)
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '6463' is not a procedure code: it has five characters, such as five digits, or four digits and a T

    Raises:
        ParseError: One of the texts is no code.

    Source: data/edits/pairs.csv; each answer cites its edition.
    """
    codes = parse_code(code), parse_code(other)
    one, two = codes
    what = f"the pair of {one} and {two} for {claim_type} claims"
    series: list[tuple[Edition, tuple[PairEdit, ...]]] = []
    for read in _met("ptp", claim_type):
        stated = (*_pair(read.service, one, two), *_pair(read.service, two, one))
        if stated or read.covered(one) or read.covered(two):
            series.append((read.edition, stated))
    if not series:
        return NotInData(what=what, on=on, reason="it has no facet code, and no row of its own")
    found = resolve(series, on=on, what=what, strict=strict)
    if isinstance(found, NotInData):
        return found
    stated, footing = found
    edit = next((e for e in stated if e.deleted is None), None)
    later = _unsettled().get((min(codes), max(codes)))
    if later and edit is None and footing.basis is not Basis.STATED:
        seen, citations = later
        reason = (
            f"the set of {footing.edition.id} has none, and a copy of {seen} has one without its"
            " column and dates"
        )
        cited = (*footing.citations, *citations)
        return NotInData(what=what, on=on, reason=reason, citations=cited)
    return PairEdits(
        codes=codes,
        claim_type=claim_type,
        edit=edit,
        deleted=tuple(e for e in stated if e.deleted is not None),
        footing=footing,
    )


# -- status in the ambulatory surgical center


class Addendum(StrEnum):
    """A list of the payment system for ambulatory surgical centers.

    ``AA``: surgical procedures that are covered. ``BB``: ancillary services that are covered.
    ``EE``: surgical procedures that are excluded.
    """

    SURGICAL = "AA"
    ANCILLARY = "BB"
    EXCLUDED = "EE"


@sealed
@attrs.frozen(kw_only=True)
class AscStatus:
    """On which list a code stands for an ambulatory surgical center.

    ``indicator`` is the payment indicator in the publisher's own symbols, empty where the list has
    none. ``multiple_discount`` says whether the multiple procedure discount applies, where the list
    says so.
    """

    code: str
    addendum: Addendum
    indicator: str
    multiple_discount: bool | None
    footing: Provenance

    @property
    def covered(self) -> bool:
        """Whether the list is one of covered services."""
        return self.addendum is not Addendum.EXCLUDED

    @property
    def packaged(self) -> bool:
        """Whether nothing is paid for it beside the procedure that it belongs to.

        >>> asc_status("64494", on=dt.date(2026, 3, 2)).packaged
        True
        """
        return self.indicator == _PACKAGED


_PACKAGED = "N1"
_YES_NO = {"Y": True, "N": False, "": None}


@functools.cache
def _asc() -> Mapping[tuple[str, str, str], tuple[Addendum, str, bool | None]]:
    order = [read.edition.id for read in _read("asc")]
    return MappingProxyType(
        {
            (edition, "", row["code"]): (
                Addendum(row["addendum"]),
                row["indicator"],
                _YES_NO[row["discount"]],
            )
            for row in _data.read_csv("edits/asc.csv")
            for edition in order[order.index(row["first"]) : order.index(row["last"]) + 1]
        }
    )


def asc_status(code: str, *, on: dt.date, strict: bool = False) -> AscStatus | NotInData:
    """Give the status of a code for the facility claim of an ambulatory surgical center.

    >>> day = dt.date(2026, 3, 2)
    >>> first, further = asc_status("64635", on=day), asc_status("64636", on=day)
    >>> first.indicator, first.multiple_discount, further.indicator
    ('G2', True, 'N1')
    >>> asc_status("64999", on=day).covered
    False
    >>> print(asc_status("99213", on=day))
    the ASC status of 99213 on 2026-03-02 is not known: no edition that was read has a row for it among the codes that facet claims meet
    >>> asc_status("6449", on=day)
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '6449' is not a procedure code: it has five characters, such as five digits, or four digits and a T

    Raises:
        ParseError: The text is no code.

    Source: data/edits/asc.csv; each answer cites its editions.
    """
    code = parse_code(code)
    what = f"the ASC status of {code}"
    series = list(_series(_read("asc"), code, _asc()))
    if all(value is None for _, value in series):
        return NotInData(what=what, on=on, reason=_NO_ROW)
    found = resolve(series, on=on, what=what, strict=strict)
    if isinstance(found, NotInData):
        return found
    (addendum, indicator, discount), footing = found
    return AscStatus(
        code=code,
        addendum=addendum,
        indicator=indicator,
        multiple_discount=discount,
        footing=footing,
    )
