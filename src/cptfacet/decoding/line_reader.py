"""One claim line: its facet code, sides and units, and what is unusual; or why it is not read."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypeAlias

import attrs

from cptfacet._groups import grouped
from cptfacet._records import sealed
from cptfacet.anatomy import CodeRegion
from cptfacet.billed import lateral
from cptfacet.claims import ClaimLine
from cptfacet.dates import Status
from cptfacet.decoding.result import DoubtId, SkippedLine, SkipReason
from cptfacet.modifiers import ModifierRole
from cptfacet.procedures import Family, Ordinal, Procedure, ProcedureKind, is_code
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from cptfacet.claims import Claim
    from cptfacet.reference import Reference

__all__ = ["DayLines", "FacetCode", "ReadLine", "lines_by_day", "read_line"]


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class FacetCode:
    """The facts of a facet code that is valid on a date."""

    code: str
    family: Family
    ordinal: Ordinal
    region: CodeRegion


@sealed
@attrs.frozen(kw_only=True)
class ReadLine:
    """A line that is read: its number on the claim, code, modifiers, sides, units and oddities."""

    number: int
    code: FacetCode
    modifiers: tuple[str, ...]
    sides: tuple[ModifierRole, ...]
    counted: int
    odd: tuple[DoubtId, ...]


class DayLines:
    """The lines of one practitioner and day: those that are read, and the codes of the others."""

    def __init__(self) -> None:
        """Begin with no line."""
        self.read: list[ReadLine] = []
        self.unread: dict[str, int] = {}

    def add(self, number: int, code: str, line: ReadLine | SkippedLine) -> None:
        """Add a line that is read, or the code of one that is not."""
        if isinstance(line, SkippedLine):
            self.unread[code] = number
        else:
            self.read.append(line)


def read_line(
    number: int, line: ClaimLine, date: dt.date | None, reference: Reference
) -> ReadLine | SkippedLine:
    """Return what one line in canonical form reports, or why it is not read."""
    found = _look_up(line.code, date, reference)
    if isinstance(found, FacetCode):
        odd: list[DoubtId] = []
        roles = tuple(map(reference.modifier_role, line.modifiers))
        sides = lateral(roles)
        if len(sides) > 1:
            odd.append(DoubtId.SIDES_CONTRADICT)
        units = line.whole_units
        if line.units is None and found.ordinal is not Ordinal.EACH_ADDITIONAL:
            units = 1  # whatever the units, the code is one level, or the third and additional ones
            odd.append(DoubtId.UNITS_NOT_GIVEN)
        if not _STOPPED.isdisjoint(roles):
            odd.append(DoubtId.NOT_COMPLETED)
        if units is not None:
            return ReadLine(
                number=number,
                code=found,
                modifiers=line.modifiers,
                sides=sides,
                counted=units,
                odd=tuple(odd),
            )
        found = SkipReason.UNITS, f"{found.code}: units must be a whole number, 1 or more"
    reason, message = found
    return SkippedLine(line=number, reason=reason, message=message)


_STOPPED = {ModifierRole.REDUCED, ModifierRole.DISCONTINUED}


def _look_up(
    code: str, date: dt.date | None, reference: Reference
) -> FacetCode | tuple[SkipReason, str]:
    """Return the facts of a code that reports facet levels on a date, or why it does not."""
    procedure = reference.procedure(code)
    if isinstance(procedure, Unknown):
        if is_code(code):
            if not reference.procedures:
                return SkipReason.UNKNOWN_CODE, "the reference data has no procedure codes"
            return SkipReason.UNKNOWN_CODE, f"{code} is not a facet code or a related code"
        return SkipReason.MALFORMED_CODE, "not a valid CPT/HCPCS code (five characters)"
    if procedure.kind is ProcedureKind.RELATED:
        return SkipReason.OTHER_CODE, f"{code} does not report a facet level: {procedure.label}"
    if date is None:
        message = "no date of service on the line or the claim; codes are read by date"
        return SkipReason.NO_DATE, message
    return _on_date(procedure, date)


def _on_date(procedure: Procedure, date: dt.date) -> FacetCode | tuple[SkipReason, str]:
    code, status = procedure.code, procedure.in_force(date)
    if status is Status.NOT_IN_FORCE:
        message = f"{code} is not valid on the date of service (valid {procedure.term})"
        return SkipReason.NOT_IN_FORCE, message
    if status is Status.NOT_KNOWN:
        message = f"no source shows {code} valid on the date of service ({procedure.term})"
        return SkipReason.VALIDITY_NOT_KNOWN, message
    family, ordinal, region = procedure.family, procedure.ordinal, procedure.region
    if not isinstance(family, Family) or ordinal is None or region is None:
        message = f"{code} is a former code, and the rules of its time are not packaged"
        return SkipReason.OLD_CODE, message
    return FacetCode(code=code, family=family, ordinal=ordinal, region=region)


def lines_by_day(claim: Claim) -> dict[tuple[dt.date | None, str | None], list[_Numbered]]:
    """Return the numbered lines of each day and practitioner.

    A line that does not name a practitioner belongs to the only one that its day names.
    """
    providers = _sole_providers(claim)

    def day(numbered: _Numbered) -> tuple[dt.date | None, str | None]:
        _, line = numbered
        date = line.date or claim.date
        return date, line.provider or (None if date is None else providers.get(date))

    return grouped(enumerate(claim.lines, 1), key=day)


_Numbered: TypeAlias = "tuple[int, ClaimLine]"


def _sole_providers(claim: Claim) -> dict[dt.date, str]:
    """Return the practitioner of each day that names only one; lines that name none are theirs."""
    named: dict[dt.date, set[str]] = {}
    for line in claim.lines:
        date = line.date or claim.date
        if date is not None and line.provider is not None:
            named.setdefault(date, set()).add(line.provider)
    return {date: names.pop() for date, names in named.items() if len(names) == 1}
