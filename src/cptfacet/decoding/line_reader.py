"""One line of a claim: its facet code, its canonical form, what is odd; or why it is not read."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import attrs

from cptfacet._records import sealed
from cptfacet.anatomy import CodeRegion
from cptfacet.billed import lateral
from cptfacet.claims import ClaimLine
from cptfacet.dates import Status
from cptfacet.decoding.result import DoubtId, SkippedLine, SkipReason
from cptfacet.modifiers import ModifierRole
from cptfacet.procedures import Family, Ordinal, Procedure, ProcedureKind, is_code

if TYPE_CHECKING:
    from cptfacet.claims import Claim
    from cptfacet.reference import Reference

__all__ = ["DayLines", "FacetCode", "ReadLine", "read_line", "sole_providers"]


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
    """A line that is read: its number on the claim, code, modifiers, sides, units and what is odd."""

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
    """Read one line in canonical form, or say why it is not read."""
    found = _look_up(line.code, date, reference)
    if isinstance(found, FacetCode):
        odd: list[DoubtId] = []
        roles = tuple(map(reference.modifier_role, line.modifiers))
        sides = lateral(roles)
        if len(sides) > 1:
            odd.append(DoubtId.SIDES_CONTRADICT)
        units = line.whole_units
        if line.units is None and found.ordinal is not Ordinal.EACH_ADDITIONAL:
            units = 1  # the code stands for one level, or for all further ones, whatever the units
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
        found = SkipReason.UNITS, f"{found.code} has no whole number of units, one at the least"
    reason, message = found
    return SkippedLine(line=number, reason=reason, message=message)


_STOPPED = {ModifierRole.REDUCED, ModifierRole.DISCONTINUED}


def _look_up(
    code: str, date: dt.date | None, reference: Reference
) -> FacetCode | tuple[SkipReason, str]:
    """Give the facts of a code that stands for facet levels on a date, or why it does not."""
    procedure = reference.known(code)
    if procedure is None:
        if is_code(code):
            return SkipReason.UNKNOWN_CODE, f"{code} is no code of the facet family or near it"
        return SkipReason.MALFORMED_CODE, "its code has not the shape of a procedure code"
    if procedure.kind is ProcedureKind.RELATED:
        return SkipReason.OTHER_CODE, f"{code} is no facet level: {procedure.label}"
    if date is None:
        message = "neither the line nor the claim has a date, and codes and rules go by date"
        return SkipReason.NO_DATE, message
    return _on_date(procedure, date)


def _on_date(procedure: Procedure, date: dt.date) -> FacetCode | tuple[SkipReason, str]:
    code, standing = procedure.code, procedure.in_force(date)
    if standing is Status.NOT_IN_FORCE:
        return (
            SkipReason.NOT_IN_FORCE,
            f"{code} is not valid on the date of service: {procedure.term}",
        )
    if standing is Status.NOT_KNOWN:
        message = f"no source shows {code} valid on the date of service: {procedure.term}"
        return SkipReason.VALIDITY_NOT_KNOWN, message
    family, ordinal, region = procedure.family, procedure.ordinal, procedure.region
    if not isinstance(family, Family) or ordinal is None or region is None:
        message = f"{code} is of the time before today's codes, whose rules are not packaged"
        return SkipReason.OLD_CODE, message
    return FacetCode(code=code, family=family, ordinal=ordinal, region=region)


def sole_providers(claim: Claim) -> dict[dt.date, str]:
    """Give the one practitioner of each day that names no other: lines that name none are theirs."""
    named: dict[dt.date, set[str]] = {}
    for line in claim.lines:
        date = line.date or claim.date
        if date is not None and line.provider is not None:
            named.setdefault(date, set()).add(line.provider)
    return {date: names.pop() for date, names in named.items() if len(names) == 1}
