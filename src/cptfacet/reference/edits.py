"""NCCI edits and ASC lists: medically unlikely edits (MUE), PTP pairs, and the ASC addenda.

These are look-ups only: the checking rules decide whether a claim violates an edit.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from enum import StrEnum
from operator import attrgetter

import attrs

from cptfacet import _data
from cptfacet._records import sealed
from cptfacet.citations import Citation
from cptfacet.claims import ClaimType
from cptfacet.dates import EffectivePeriod
from cptfacet.procedures import parse_code
from cptfacet.reference.editions import (
    NO_EDITION,
    Basis,
    Edition,
    Provenance,
    Release,
    in_order,
    packaged_releases,
    resolve,
    series,
)
from cptfacet.reference.tables import Table
from cptfacet.unknown import Unknown

__all__ = [
    "ASC_STATUSES",
    "MUES",
    "PAIRS",
    "UNSETTLED_PAIRS",
    "Addendum",
    "AscRow",
    "AscStatus",
    "Mai",
    "Mue",
    "MueRow",
    "PairEdit",
    "PairEdits",
    "PairIndicator",
    "PairRow",
    "UnsettledPair",
]


def __dir__() -> list[str]:
    return sorted(__all__)


_NO_ROW = "no edition that was read has a row for it among the codes that facet claims meet"


# -- medically unlikely edits


class Mai(StrEnum):
    """The MUE adjudication indicator (MAI): whether units are counted by line or by day of service.

    Source: the indicator column of the file itself, data/edits/mue.csv.
    """

    LINE = "1"
    DAY_BY_POLICY = "2"
    DAY_BY_CLINICAL_DATA = "3"

    @property
    def meaning(self) -> str:
        """What the indicator means, in our words.

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
class MueRow:
    """The MUE of a code in one edition of the table."""

    units: int
    mai: Mai
    rationale: str


@sealed
@attrs.frozen(kw_only=True)
class Mue:
    """The medically unlikely edit of a code: the most ``units`` on claims of one type.

    ``mai`` is how the units are counted, and ``rationale`` is the reason in the publisher's words.
    """

    code: str
    claim_type: ClaimType
    units: int
    mai: Mai
    rationale: str
    provenance: Provenance

    def __str__(self) -> str:
        return f"{self.code} x{self.units} at most: {self.mai.meaning} ({self.provenance})"


@functools.cache
def _mue_rows() -> Mapping[tuple[str, str], Mapping[str, MueRow]]:
    found: dict[tuple[str, str], dict[str, MueRow]] = {}
    for row in _data.read_csv("edits/mue.csv"):
        stated = MueRow(units=int(row["units"]), mai=Mai(row["mai"]), rationale=row["rationale"])
        for edition in row["editions"].split(";"):
            found.setdefault((row["service"], edition), {})[row["code"]] = stated
    return found


@functools.cache
def _mues() -> tuple[Release[str, MueRow], ...]:
    return packaged_releases("mue", lambda service, edition: _mue_rows()[service, edition])


MUES: Table[Release[str, MueRow]] = Table(kind=Release, key=attrgetter("key"), packaged=_mues)


def find_mue(
    table: Table[Release[str, MueRow]],
    code: str,
    claim_type: ClaimType,
    on: dt.date,
    *,
    strict: bool,
) -> Mue | Unknown:
    """Return the MUE of a code from the table of a reference."""
    code = parse_code(code)
    what = f"the MUE of {code} for {claim_type} claims"
    stated = series(table, code, code=code, claim_type=claim_type)
    if not any(claim_type in release.claim_types for release in table):
        reason = "no source we have read states which table these claims meet"
        return Unknown(what=what, on=on, reason=reason if len(table) else NO_EDITION)
    if all(value is None for _, value in stated):
        return Unknown(what=what, on=on, reason=_NO_ROW)
    found = resolve(stated, on=on, what=what, strict=strict)
    if isinstance(found, Unknown):
        return found
    row, provenance = found
    return Mue(
        code=code,
        claim_type=claim_type,
        units=row.units,
        mai=row.mai,
        rationale=row.rationale,
        provenance=provenance,
    )


# -- pairs of codes


class PairIndicator(StrEnum):
    """The modifier indicator of a PTP edit: whether a modifier can bypass it.

    ``0``: no modifier bypasses the edit. ``1``: a modifier does, if the services are distinct. ``9``: the
    edit does not apply.

    Source: the note cited as ncci-tables.
    """

    NEVER = "0"
    ALLOWED = "1"
    NONE = "9"


@sealed
@attrs.frozen(kw_only=True)
class PairEdit:
    """A procedure-to-procedure (PTP) edit: the column 2 code is not paid with the column 1 code.

    ``deleted`` is the deletion date of an edit that is no longer in force, and ``rationale`` is the
    reason in the publisher's words.
    """

    column1: str
    column2: str
    indicator: PairIndicator
    rationale: str
    deleted: dt.date | None = None

    @property
    def by_coding_instruction(self) -> bool:
        """Whether the reason is a coding instruction of CPT or CMS, which holds for every payer.

        >>> from cptfacet.reference import packaged
        >>> found = packaged().pair_edits(
        ...     "64635", "64625", on=dt.date(2024, 8, 1), claim_type=ClaimType.PROFESSIONAL
        ... )
        >>> found.edit.by_coding_instruction
        True
        """
        return self.rationale == _CODING_INSTRUCTION


_CODING_INSTRUCTION = "CPT Manual or CMS manual coding instruction"


@sealed
@attrs.frozen(kw_only=True)
class PairEdits:
    """The PTP edits between two codes: the one in force, in either direction, and deleted ones.

    An ``edit`` of None means that the edition has no edit in force between them.
    """

    codes: tuple[str, str]
    claim_type: ClaimType
    edit: PairEdit | None
    deleted: tuple[PairEdit, ...]
    provenance: Provenance


@sealed
@attrs.frozen(kw_only=True)
class PairRow:
    """PTP edits of one column 1 code with each code of ``column2``, under one indicator."""

    column2: frozenset[str]
    indicator: PairIndicator
    rationale: str
    deleted: dt.date | None = None


@sealed
@attrs.frozen(kw_only=True)
class UnsettledPair:
    """Two codes with an edit in a copy of the file that lost the columns and dates."""

    codes: tuple[str, str]
    term: EffectivePeriod
    citations: tuple[Citation, ...]


@functools.cache
def _pair_rows() -> Mapping[str, Mapping[str, tuple[PairRow, ...]]]:
    found: dict[str, dict[str, tuple[PairRow, ...]]] = {}
    for row in _data.read_csv("edits/pairs.csv"):
        stated = PairRow(
            column2=frozenset(_data.codes_of(row["column2"])),
            indicator=PairIndicator(row["indicator"]),
            rationale=row["rationale"],
            deleted=dt.date.fromisoformat(row["deleted"]) if row["deleted"] else None,
        )
        by_code = found.setdefault(row["service"], {})
        for code in _data.codes_of(row["column1"]):
            by_code[code] = (*by_code.get(code, ()), stated)
    return found


@functools.cache
def _pairs() -> tuple[Release[str, tuple[PairRow, ...]], ...]:
    return packaged_releases("ptp", lambda service, _: _pair_rows()[service])


@functools.cache
def _unsettled() -> tuple[UnsettledPair, ...]:
    return tuple(
        UnsettledPair(
            codes=(row["code"], row["other"]),
            term=_data.term_of(row),
            citations=_data.citations_of(row),
        )
        for row in _data.read_csv("edits/pairs_unsettled.csv")
    )


PAIRS: Table[Release[str, tuple[PairRow, ...]]] = Table(
    kind=Release, key=attrgetter("key"), packaged=_pairs
)
UNSETTLED_PAIRS: Table[UnsettledPair] = Table(
    kind=UnsettledPair, key=attrgetter("codes"), packaged=_unsettled
)


def _stated(
    release: Release[str, tuple[PairRow, ...]], column1: str, column2: str
) -> Iterator[PairEdit]:
    for row in release.rows.get(column1, ()):
        if column2 in row.column2:
            yield PairEdit(
                column1=column1,
                column2=column2,
                indicator=row.indicator,
                rationale=row.rationale,
                deleted=row.deleted,
            )


def find_pair_edits(
    table: Table[Release[str, tuple[PairRow, ...]]],
    unsettled: Table[UnsettledPair],
    codes: tuple[str, str],
    claim_type: ClaimType,
    on: dt.date,
    *,
    strict: bool,
) -> PairEdits | Unknown:
    """Return the PTP edits between two codes from the tables of a reference."""
    one, two = codes = parse_code(codes[0]), parse_code(codes[1])
    what = f"the pair of {one} and {two} for {claim_type} claims"
    read: list[tuple[Edition, tuple[PairEdit, ...]]] = []
    for release in in_order(table, claim_type):
        stated = (*_stated(release, one, two), *_stated(release, two, one))
        if stated or release.covered(one) or release.covered(two):
            read.append((release.edition, stated))
    if not read:
        reason = "it has no facet code, and no row of its own" if len(table) else NO_EDITION
        return Unknown(what=what, on=on, reason=reason)
    found = resolve(read, on=on, what=what, strict=strict)
    if isinstance(found, Unknown):
        return found
    stated, provenance = found
    edit = next((e for e in stated if e.deleted is None), None)
    if edit is None and provenance.basis is not Basis.STATED:
        for later in unsettled.about((min(codes), max(codes))):
            reason = (
                f"the set of {provenance.edition.id} has none, and a copy of {later.term.first} has"
                " one without its column and dates"
            )
            cited = (*provenance.citations, *later.citations)
            return Unknown(what=what, on=on, reason=reason, citations=cited)
    return PairEdits(
        codes=codes,
        claim_type=claim_type,
        edit=edit,
        deleted=tuple(e for e in stated if e.deleted is not None),
        provenance=provenance,
    )


# -- ASC lists


class Addendum(StrEnum):
    """A list of the Medicare ASC payment system.

    ``AA``: covered surgical procedures. ``BB``: covered ancillary services. ``EE``: excluded surgical
    procedures.
    """

    SURGICAL = "AA"
    ANCILLARY = "BB"
    EXCLUDED = "EE"


@sealed
@attrs.frozen(kw_only=True)
class AscRow:
    """The ASC status of a code in one edition of the addenda."""

    addendum: Addendum
    indicator: str
    multiple_discount: bool | None


@sealed
@attrs.frozen(kw_only=True)
class AscStatus:
    """The ASC list that a code is on.

    ``indicator`` is the payment indicator as CMS prints it, or empty if the list has none.
    ``multiple_discount`` states whether the multiple procedure discount applies; None if the list
    does not state it.
    """

    code: str
    addendum: Addendum
    indicator: str
    multiple_discount: bool | None
    provenance: Provenance

    @property
    def covered(self) -> bool:
        """Whether the list is one of covered services."""
        return self.addendum is not Addendum.EXCLUDED

    @property
    def packaged(self) -> bool:
        """Whether its payment is packaged into that of the procedure it belongs to.

        >>> from cptfacet.reference import packaged
        >>> packaged().asc_status("64494", on=dt.date(2026, 3, 2)).packaged
        True
        """
        return self.indicator == _PACKAGED


_PACKAGED = "N1"
_YES_NO = {"Y": True, "N": False, "": None}


@functools.cache
def _asc_rows() -> Mapping[str, Mapping[str, AscRow]]:
    found: dict[str, dict[str, AscRow]] = {release.edition.id: {} for release in _asc_statuses()}
    order = list(found)
    for row in _data.read_csv("edits/asc.csv"):
        stated = AscRow(
            addendum=Addendum(row["addendum"]),
            indicator=row["indicator"],
            multiple_discount=_YES_NO[row["discount"]],
        )
        for edition in order[order.index(row["first"]) : order.index(row["last"]) + 1]:
            found[edition][row["code"]] = stated
    return found


@functools.cache
def _asc_statuses() -> tuple[Release[str, AscRow], ...]:
    return packaged_releases("asc", lambda _, edition: _asc_rows()[edition])


ASC_STATUSES: Table[Release[str, AscRow]] = Table(
    kind=Release, key=attrgetter("key"), packaged=_asc_statuses
)


def find_asc_status(
    table: Table[Release[str, AscRow]], code: str, on: dt.date, *, strict: bool
) -> AscStatus | Unknown:
    """Return the ASC status of a code from the table of a reference."""
    code = parse_code(code)
    what = f"the ASC status of {code}"
    stated = series(table, code, code=code)
    if all(value is None for _, value in stated):
        return Unknown(what=what, on=on, reason=_NO_ROW if len(table) else NO_EDITION)
    found = resolve(stated, on=on, what=what, strict=strict)
    if isinstance(found, Unknown):
        return found
    row, provenance = found
    return AscStatus(
        code=code,
        addendum=row.addendum,
        indicator=row.indicator,
        multiple_discount=row.multiple_discount,
        provenance=provenance,
    )
