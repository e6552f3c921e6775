"""Jurisdictions: which Medicare Administrative Contractor (MAC) serves a place, and under which policy.

Twelve jurisdictions divide the country by state. Virginia is itself divided, for what Part B pays. A
place is found by state, by county in a divided state, or by ZIP code, on a date of service.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import re
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import attrs

from cptfacet import _data
from cptfacet._groups import grouped
from cptfacet._inputs import expect_text
from cptfacet._records import sealed
from cptfacet.citations import Citation, Confidence
from cptfacet.claims import ClaimType, Location
from cptfacet.dates import EffectivePeriod, Status
from cptfacet.errors import ParseError
from cptfacet.reference.tables import Table
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


__all__ = [
    "AREAS",
    "COUNTIES",
    "ZIP_CODES",
    "Area",
    "County",
    "Jurisdiction",
    "Places",
    "ZipCode",
    "ZipCodes",
    "find_area",
    "find_zip_code",
    "jurisdictions_of",
    "parse_zip",
]


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class Area:
    """A state, or a part of a state, that one MAC serves.

    ``mac`` is the name of the MAC. ``part`` is empty for a whole state, and ``claim_types`` lists the
    claim types that the area is for. ``policy`` is the id of the jurisdiction's policy; ``shared`` is
    the id of the policy that all jurisdictions extend.
    """

    state: str
    name: str
    part: str
    claim_types: tuple[ClaimType, ...]
    jurisdiction: str
    mac: str
    policy: str
    shared: str
    term: EffectivePeriod
    confidence: Confidence
    citations: tuple[Citation, ...]
    note: str = ""


@sealed
@attrs.frozen(kw_only=True)
class Jurisdiction:
    """The areas of one MAC contract, with the name of the MAC and the id of its policy."""

    id: str
    mac: str
    policy: str
    areas: tuple[Area, ...] = attrs.field(repr=False)

    @property
    def states(self) -> tuple[str, ...]:
        """The states and territories that are wholly or partly in it."""
        return tuple(dict.fromkeys(area.state for area in self.areas))


@sealed
@attrs.frozen(kw_only=True)
class County:
    """A county or independent city in a divided state, and the part of the state it is in."""

    state: str
    name: str
    kind: str
    part: str
    term: EffectivePeriod
    citations: tuple[Citation, ...]


@sealed
@attrs.frozen(kw_only=True)
class ZipCode:
    """A ZIP code: its state, and its part of a divided state.

    ``split``: it reaches into another state or part, and only its last four digits say which.
    """

    zip: str
    state: str
    part: str
    split: bool
    term: EffectivePeriod
    citations: tuple[Citation, ...]


@sealed
@attrs.frozen(kw_only=True)
class ZipCodes:
    """The ZIP codes with the same first three digits that are in one state, or one part of it.

    ``last`` lists their last two digits. Rows laid over the table replace all of the same ``first``.
    """

    first: str
    last: frozenset[str]
    state: str
    part: str
    split: bool
    term: EffectivePeriod
    citations: tuple[Citation, ...]


# -- the tables


@functools.cache
def _areas() -> tuple[Area, ...]:
    return tuple(
        Area(
            state=row["state"],
            name=row["name"],
            part=row["part"],
            claim_types=tuple(map(ClaimType, filter(None, row["claim_types"].split(";"))))
            or tuple(ClaimType),
            jurisdiction=row["jurisdiction"],
            mac=row["mac"],
            policy=row["policy"],
            shared=row["shared"],
            term=_data.term_of(row),
            confidence=Confidence(row["confidence"]),
            citations=_data.citations_of(row),
            note=row["note"],
        )
        for row in _data.read_csv("places/areas.csv")
    )


@functools.cache
def _counties() -> tuple[County, ...]:
    return tuple(
        County(
            state=row["state"],
            name=row["name"],
            kind=row["kind"],
            part=row["part"],
            term=_data.term_of(row),
            citations=_data.citations_of(row),
        )
        for row in _data.read_csv("places/counties.csv")
    )


@functools.cache
def _zip_codes() -> tuple[ZipCodes, ...]:
    facts: dict[tuple[str, ...], tuple[EffectivePeriod, tuple[Citation, ...]]] = {}
    found: list[ZipCodes] = []
    for row in _data.read_csv("places/zips.csv"):
        same = row["seen"], row["confidence"], row["citations"]
        if same not in facts:
            facts[same] = _data.term_of(row), _data.citations_of(row)
        term, citations = facts[same]
        found.append(
            ZipCodes(
                first=row["first"],
                last=frozenset(_last_digits(row["last"])),
                state=row["state"],
                part=row["part"],
                split=bool(row["split"]),
                term=term,
                citations=citations,
            )
        )
    return tuple(found)


def _last_digits(text: str) -> Iterator[str]:
    for stretch in text.split():
        first, _, end = stretch.partition("-")
        yield from _TWO_DIGITS[int(first) : int(end or first) + 1]


_TWO_DIGITS = tuple(f"{number:02}" for number in range(100))


def find_zip_code(table: Table[ZipCodes], digits: str) -> ZipCode | None:
    """Return what the table of a reference has for five digits, or None."""
    first, last = digits[:3], digits[3:]
    for row in table.about(first):
        if last in row.last:
            return ZipCode(
                zip=digits,
                state=row.state,
                part=row.part,
                split=row.split,
                term=row.term,
                citations=row.citations,
            )
    return None


def _named_county(county: County) -> tuple[str, str]:
    return county.state, county.name.casefold()


AREAS: Table[Area] = Table(kind=Area, key=attrgetter("state"), packaged=_areas)
COUNTIES: Table[County] = Table(kind=County, key=_named_county, packaged=_counties)
ZIP_CODES: Table[ZipCodes] = Table(kind=ZipCodes, key=attrgetter("first"), packaged=_zip_codes)

_ZIP = re.compile(r"(\d{5})(?:-?\d{4})?", re.ASCII)


def parse_zip(text: str) -> str:
    """Read a ZIP code: its first five digits, whether known here or not.

    >>> parse_zip(" 22201-1234 ")
    '22201'
    >>> parse_zip("2220")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '2220' is not a ZIP code: write its five digits

    Raises:
        ParseError: The text does not have the format of a ZIP code.
    """
    match = _ZIP.fullmatch(expect_text(text, "the ZIP code as text, in quotes").strip())
    if match is None:
        raise ParseError(what="a ZIP code", text=text, reason="write its five digits")
    return match[1]


def jurisdictions_of(areas: Iterable[Area]) -> tuple[Jurisdiction, ...]:
    """Return the jurisdictions that areas are in, by id."""
    own = grouped(areas, key=lambda area: area.jurisdiction)
    return tuple(
        Jurisdiction(id=id_, mac=a[0].mac, policy=a[0].policy, areas=tuple(a))
        for id_, a in sorted(own.items())
    )


# -- from a place to its area


class Places(NamedTuple):
    """The tables in which a place is looked up."""

    areas: Table[Area]
    counties: Table[County]
    zip_codes: Table[ZipCodes]


def find_area(
    places: Places, place: Location, on: dt.date, claim_type: ClaimType | None
) -> Area | Unknown:
    """Return what the tables of a reference have for a place."""
    areas = places.areas
    read = _read(places, place, on)
    if isinstance(read, Unknown):
        return read
    state, by_zip = read
    listed = [a for a in areas.about(state) if claim_type is None or claim_type in a.claim_types]
    valid = [area for area in listed if area.term.on(on) is Status.IN_FORCE]
    if not valid:
        return _unserved(state, listed, on, claim_type)
    if len(_named(valid)) > 1 and any(area.part for area in valid):
        part = _part(places, state, by_zip, _given(place.county), on)
        if isinstance(part, Unknown):
            return attrs.evolve(part, candidates=_named(valid))
        named = _named(valid)
        valid = [area for area in valid if area.part in ("", part)]
        if not valid:
            reason = f"no source we have read states who serves the part {part!r} of {state}"
            return _unplaced(reason=reason, missing=("county",), candidates=named)
    if len(_named(valid)) > 1:
        kinds = " and ".join(f"{a.jurisdiction} for {_either(a.claim_types)}" for a in valid)
        reason = f"it depends on the claim type: {kinds}"
        return _unplaced(reason=reason, missing=("claim_type",), candidates=_named(valid))
    return valid[0]


def _unserved(state: str, listed: list[Area], on: dt.date, claim_type: ClaimType | None) -> Unknown:
    if not listed:
        reason = f"no source we have read states which MAC serves {state} for {claim_type} claims"
        return _unplaced(reason=reason, missing=("claim_type",))
    terms = "; ".join(dict.fromkeys(str(area.term) for area in listed))
    reason = (
        f"no source we have read states which MAC served {state} on {on}; what we know is {terms}"
    )
    return _unplaced(reason=reason, missing=("date",), candidates=_named(listed))


def _unplaced(
    *, reason: str, missing: tuple[str, ...], candidates: tuple[str, ...] = ()
) -> Unknown:
    what = "the Medicare jurisdiction"
    return Unknown(what=what, reason=reason, missing=missing, candidates=candidates)


def _named(listed: Iterable[Area]) -> tuple[str, ...]:
    return tuple(sorted({area.jurisdiction for area in listed}))


def _either(claim_types: tuple[ClaimType, ...]) -> str:
    return " or ".join(claim_types)


_STATE = re.compile(r"[A-Z]{2}")


def _read(places: Places, place: Location, on: dt.date) -> tuple[str, str] | Unknown:
    """Return the state, and the part of it that the ZIP code is in; empty where that is open."""
    state = _given(place.state).upper()
    code = _given(place.zip)
    if not state and not code:
        return _unplaced(reason="no state is given", missing=("state", "zip"))
    if state and not places.areas.about(state):
        reason = f"{state[:_SHOWN]!r} is not a state or territory with a known MAC"
        if not _STATE.fullmatch(state):
            reason += ": write its two letters"
        return _unplaced(reason=reason, missing=("state",))
    return _read_zip(places, code, state, on) if code else (state, "")


def _given(text: str | None) -> str:
    return (text or "").strip()


def _read_zip(places: Places, code: str, state: str, on: dt.date) -> tuple[str, str] | Unknown:
    """Return the state and part of a ZIP code, which may not contradict the state given, if any."""
    try:
        digits = parse_zip(code)
    except ParseError as error:
        return _unplaced(reason=str(error), missing=("zip",))
    found = find_zip_code(places.zip_codes, digits)
    if found is None:
        reason = f"unknown ZIP code {code!r}"
        return (state, "") if state else _unplaced(reason=reason, missing=("state",))
    if state and found.state != state:
        reason = f"ZIP code {found.zip} is in {found.state}, and the state given is {state}"
        return _unplaced(reason=reason, missing=("state", "zip"))
    known = found.term.on(on) is Status.IN_FORCE
    if not state and (found.split or not known):
        why = "it crosses a state line" if known else f"the file that lists it is {found.term}"
        reason = f"ZIP code {found.zip} alone does not determine the state: {why}"
        return _unplaced(reason=reason, missing=("state",))
    if not places.areas.about(found.state):
        reason = f"no source we have read states who serves {found.state}"
        return _unplaced(reason=reason, missing=("state",))
    return found.state, found.part if known and not found.split else ""


_SHOWN = 40


def _part(places: Places, state: str, by_zip: str, county: str, on: dt.date) -> str | Unknown:
    """Return the part of a divided state, by county and ZIP code, which may not contradict."""
    if not county:
        if by_zip:
            return by_zip
        return _unplaced(reason=f"{state} is divided by county", missing=("county", "zip"))
    folded = _folded(county)
    parts = {
        c.part
        for name in folded
        for c in places.counties.about((state, name))
        if c.term.on(on) is Status.IN_FORCE
    }
    if len(parts) != 1:
        names = {c.name.casefold(): c.name for c in places.counties if c.state == state}
        near = difflib.get_close_matches(min(folded, key=len), names, n=1)
        hint = f"; did you mean {names[near[0]]}?" if near else ""
        reason = f"{county[:_SHOWN]!r} is not a county or independent city of {state}{hint}"
        return _unplaced(reason=reason, missing=("county",))
    part = parts.pop()
    if by_zip and by_zip != part:
        reason = f"county {county[:_SHOWN]!r} and the ZIP code are in different parts of {state}"
        return _unplaced(reason=reason, missing=("county", "zip"))
    return part


_AFFIX = re.compile(r"(?:city|county) of | (?:city|county)$")


def _folded(county: str) -> set[str]:
    """Return the names a county may be listed under: as written, and without city or county."""
    text = " ".join(county.casefold().split())
    return {text, _AFFIX.sub("", text, count=1)}
