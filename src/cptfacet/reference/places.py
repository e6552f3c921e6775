"""Places of service (POS): the code set, and the fee schedule rate that each is paid at."""

from __future__ import annotations

import functools
import re
from enum import StrEnum
from operator import attrgetter

import attrs

from cptfacet import _data
from cptfacet._inputs import expect_text, spoiled_number
from cptfacet._records import sealed
from cptfacet.citations import Citation
from cptfacet.claims import ClaimType
from cptfacet.dates import EffectivePeriod
from cptfacet.errors import ParseError
from cptfacet.reference.tables import Table

__all__ = ["PLACES", "PlaceOfService", "Rate", "parse_place"]


def __dir__() -> list[str]:
    return sorted(__all__)


class Rate(StrEnum):
    """The rate at which the physician fee schedule pays in a place of service."""

    FACILITY = "facility"
    NONFACILITY = "nonfacility"


@sealed
@attrs.frozen(kw_only=True)
class PlaceOfService:
    """A place of service on a professional claim. An unassigned code has no ``rate``.

    ``facility`` is the claim type of the facility that bills for the place: an ASC or a hospital
    outpatient department. It is None for other places.
    """

    code: str
    name: str
    rate: Rate | None
    facility: ClaimType | None = None
    term: EffectivePeriod
    citations: tuple[Citation, ...]

    @property
    def assigned(self) -> bool:
        """Whether the code is assigned to a place."""
        return self.rate is not None


@functools.cache
def _places() -> tuple[PlaceOfService, ...]:
    return tuple(
        PlaceOfService(
            code=row["code"],
            name=row["name"],
            rate=Rate(row["rate"]) if row["rate"] else None,
            facility=ClaimType(row["facility"]) if row["facility"] else None,
            term=_data.term_of(row),
            citations=_data.citations_of(row),
        )
        for row in _data.read_csv("codes/places_of_service.csv")
    )


PLACES: Table[PlaceOfService] = Table(kind=PlaceOfService, key=attrgetter("code"), packaged=_places)

_PLACE = re.compile(r"[0-9]{2}", re.ASCII)


def parse_place(text: str) -> str:
    """Read a place of service: two digits, whether or not the code set has them.

    >>> parse_place(" 24 ")
    '24'
    >>> parse_place("ASC")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'ASC' is not a place of service: write its two digits

    Raises:
        ParseError: The text is not two digits.
    """
    digits = expect_text(text, 'parse_place("11")').strip()
    if _PLACE.fullmatch(digits) is None:
        reason = spoiled_number(text) or "write its two digits"
        raise ParseError(what="a place of service", text=text, reason=reason)
    return digits
