"""Places: which Medicare contractor serves one, and so which policy holds there.

Twelve jurisdictions part the country by state. Virginia is divided, for what Part B pays. A place
is found by state, by county where a state is divided, or by ZIP code, for a date.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from cptfacet import _data
from cptfacet._records import sealed
from cptfacet.citations import Citation, Confidence
from cptfacet.claims import ClaimType, Location
from cptfacet.dates import EffectivePeriod, Status
from cptfacet.errors import ParseError, UnknownIdError
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


__all__ = [
    "Area",
    "County",
    "Jurisdiction",
    "NotPlaced",
    "ZipCode",
    "areas",
    "counties",
    "find",
    "get",
    "ids",
    "policy_ids",
    "zip_code",
]


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class Area:
    """A state, or a part of one, that one contractor serves.

    ``part`` is empty where the whole state is meant, ``claim_types`` are those for which it holds.
    ``policy`` is the id of the policy of its jurisdiction, ``shared`` that of the one which the
    policies of all jurisdictions extend.
    """

    state: str
    name: str
    part: str
    claim_types: tuple[ClaimType, ...]
    jurisdiction: str
    contractor: str
    policy: str
    shared: str
    term: EffectivePeriod
    confidence: Confidence
    citations: tuple[Citation, ...]
    note: str = ""


@sealed
@attrs.frozen(kw_only=True)
class Jurisdiction:
    """What one contract of Medicare covers: its contractor, its policy and its areas."""

    id: str
    contractor: str
    policy: str
    areas: tuple[Area, ...] = attrs.field(repr=False)

    @property
    def states(self) -> tuple[str, ...]:
        """The states and territories of which it has at least a part."""
        return tuple(dict.fromkeys(area.state for area in self.areas))


NotPlaced = Unknown


@sealed
@attrs.frozen(kw_only=True)
class County:
    """A county or independent city of a state that contractors divide."""

    state: str
    name: str
    kind: str
    part: str
    term: EffectivePeriod
    citations: tuple[Citation, ...]


@sealed
@attrs.frozen(kw_only=True)
class ZipCode:
    """A ZIP code: its state, and the part of a divided state.

    ``split`` says that its last four digits divide it, so that it settles neither alone.
    """

    zip: str
    state: str
    part: str
    split: bool
    term: EffectivePeriod
    citations: tuple[Citation, ...]


# -- what the files say


@functools.cache
def areas() -> tuple[Area, ...]:
    """List every area, by state.

    >>> len({area.state for area in areas()})
    56
    """
    return tuple(
        Area(
            state=row["state"],
            name=row["name"],
            part=row["part"],
            claim_types=tuple(map(ClaimType, filter(None, row["claim_types"].split(";"))))
            or tuple(ClaimType),
            jurisdiction=row["jurisdiction"],
            contractor=row["contractor"],
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
def _by_state() -> Mapping[str, tuple[Area, ...]]:
    found: dict[str, tuple[Area, ...]] = {}
    for area in areas():
        found[area.state] = (*found.get(area.state, ()), area)
    return MappingProxyType(found)


@functools.cache
def counties() -> tuple[County, ...]:
    """List the counties and independent cities of each divided state.

    >>> [f"{c.name} ({c.kind})" for c in counties() if c.part == "northern"]
    ['Arlington (county)', 'Fairfax (county)', 'Alexandria (city)', 'Fairfax (city)', 'Falls Church (city)']
    """
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
def _counties_by_name() -> Mapping[tuple[str, str], tuple[County, ...]]:
    found: dict[tuple[str, str], tuple[County, ...]] = {}
    for county in counties():
        name = county.state, county.name.casefold()
        found[name] = (*found.get(name, ()), county)
    return MappingProxyType(found)


@functools.cache
def _zip_rows() -> Mapping[str, tuple[tuple[int, ZipCode], ...]]:
    """Give what each first three digits stand for, with a bit for each last two that they have."""
    found: dict[str, tuple[tuple[int, ZipCode], ...]] = {}
    facts: dict[tuple[str, ...], tuple[EffectivePeriod, tuple[Citation, ...]]] = {}
    for row in _data.read_csv("places/zips.csv"):
        same = row["seen"], row["confidence"], row["citations"]
        if same not in facts:
            facts[same] = _data.term_of(row), _data.citations_of(row)
        term, citations = facts[same]
        last = 0
        for stretch in row["last"].split():
            first, _, end = stretch.partition("-")
            last |= (2 << int(end or first)) - (1 << int(first))
        whole = ZipCode(
            zip=row["first"],
            state=row["state"],
            part=row["part"],
            split=bool(row["split"]),
            term=term,
            citations=citations,
        )
        found[row["first"]] = (*found.get(row["first"], ()), (last, whole))
    return MappingProxyType(found)


_ZIP = re.compile(r"(\d{3})(\d{2})(?:-?\d{4})?", re.ASCII)


def zip_code(text: str) -> ZipCode:
    """Give a ZIP code by its five digits; four further ones are passed over.

    >>> zip_code("22201").state, zip_code("22201").part
    ('VA', 'northern')
    >>> zip_code("00000")
    Traceback (most recent call last):
    ...
    cptfacet.errors.UnknownIdError: unknown ZIP code '00000'

    Raises:
        ParseError: The text has not the shape of a ZIP code.
        UnknownIdError: The file of CMS has no such code.
    """
    match = _ZIP.fullmatch(text.strip())
    if match is None:
        raise ParseError(what="a ZIP code", text=text, reason="write its five digits")
    first, last = match.groups()
    for has, whole in _zip_rows().get(first, ()):
        if has >> int(last) & 1:
            return ZipCode(
                zip=first + last,
                state=whole.state,
                part=whole.part,
                split=whole.split,
                term=whole.term,
                citations=whole.citations,
            )
    raise UnknownIdError(what="ZIP code", text=text)


def ids() -> tuple[str, ...]:
    """List the ids of the jurisdictions.

    >>> ids()
    ('J15', 'J5', 'J6', 'J8', 'JE', 'JF', 'JH', 'JJ', 'JK', 'JL', 'JM', 'JN')
    """
    return tuple(sorted({area.jurisdiction for area in areas()}))


@functools.cache
def get(jurisdiction_id: str) -> Jurisdiction:
    """Give a jurisdiction by its id.

    >>> get("J15").contractor, get("J15").states
    ('CGS', ('KY', 'OH'))
    >>> get("J1")
    Traceback (most recent call last):
    ...
    cptfacet.errors.UnknownIdError: unknown jurisdiction 'J1'; did you mean J15?

    Raises:
        UnknownIdError: No jurisdiction has this id.
    """
    own = tuple(area for area in areas() if area.jurisdiction == jurisdiction_id)
    if not own:
        near = difflib.get_close_matches(jurisdiction_id, ids())
        raise UnknownIdError(what="jurisdiction", text=jurisdiction_id, near=tuple(near))
    first = own[0]
    return Jurisdiction(
        id=first.jurisdiction, contractor=first.contractor, policy=first.policy, areas=own
    )


@functools.cache
def policy_ids() -> Mapping[str, frozenset[str]]:
    """Give the id of each policy that places divide, with those of the jurisdictions' own.

    >>> {shared: len(own) for shared, own in policy_ids().items()}
    {'medicare': 12}
    """
    found: dict[str, set[str]] = {}
    for area in areas():
        found.setdefault(area.shared, set()).add(area.policy)
    return MappingProxyType({shared: frozenset(own) for shared, own in found.items()})


# -- from a place to its area


def find(
    location: Location | None, *, on: dt.date, claim_type: ClaimType | None = None
) -> Area | NotPlaced:
    """Find the area of a place on a date, and with it the jurisdiction.

    State decides, and where it is divided the county; a ZIP code stands for both. What contradicts
    itself is not placed. Without a claim type, all claim types must agree: Virginia is divided for
    professional and ASC facility claims, and a hospital bills one contractor for all of it.

    >>> from cptfacet.claims import ClaimType, Location
    >>> day = dt.date(2026, 3, 2)
    >>> found = find(Location(state="OH"), on=day)
    >>> found.jurisdiction, found.contractor, found.policy
    ('J15', 'CGS', 'medicare-j15')
    >>> fairfax = Location(state="VA", county="Fairfax County")
    >>> [find(fairfax, on=day, claim_type=kind).jurisdiction for kind in ClaimType]
    ['JL', 'JL', 'JM']
    >>> find(Location(state="VA"), on=day, claim_type=ClaimType.PROFESSIONAL).missing
    ('county', 'zip')

    Source: data/places/areas.csv; each area cites its own.
    """
    place = location or Location()
    read = _read(place, on)
    if isinstance(read, NotPlaced):
        return read
    state, by_zip = read
    listed = [a for a in _by_state()[state] if claim_type is None or claim_type in a.claim_types]
    valid = [area for area in listed if area.term.on(on) is Status.IN_FORCE]
    if not valid:
        terms = "; ".join(dict.fromkeys(str(area.term) for area in listed))
        reason = f"no source we have read states who served {state} on {on}; it is {terms}"
        return _unplaced(reason=reason, missing=("date",), candidates=_named(listed))
    if len(valid) > 1 and len(_named(valid)) > 1 and any(area.part for area in valid):
        part = _part(state, by_zip, _given(place.county), on)
        if isinstance(part, NotPlaced):
            return attrs.evolve(part, candidates=_named(valid))
        valid = [area for area in valid if area.part in ("", part)]
    if len(valid) > 1 and len(_named(valid)) > 1:
        kinds = " and ".join(f"{a.jurisdiction} for {_either(a.claim_types)}" for a in valid)
        reason = f"it depends on the claim type: {kinds}"
        return _unplaced(reason=reason, missing=("claim_type",), candidates=_named(valid))
    return valid[0]


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


def _read(place: Location, on: dt.date) -> tuple[str, str] | NotPlaced:
    """Read the state, and the part of it that the ZIP code tells: empty where it tells none."""
    state = _given(place.state).upper()
    code = _given(place.zip)
    if not state and not code:
        return _unplaced(reason="no state is given", missing=("state", "zip"))
    if state and state not in _by_state():
        reason = f"{state[:_SHOWN]!r} is not a state or territory with a known MAC"
        if not _STATE.fullmatch(state):
            reason += ": write its two letters"
        return _unplaced(reason=reason, missing=("state",))
    return _read_zip(code, state, on) if code else (state, "")


def _given(text: str | None) -> str:
    return (text or "").strip()


def _read_zip(code: str, state: str, on: dt.date) -> tuple[str, str] | NotPlaced:
    """Read a ZIP code beside the state that is given, if one is."""
    try:
        found = zip_code(code)
    except ParseError as error:
        return _unplaced(reason=str(error), missing=("zip",))
    except UnknownIdError as error:
        reason = str(error).rstrip(".")
        return (state, "") if state else _unplaced(reason=reason, missing=("state",))
    if state and found.state != state:
        reason = f"ZIP code {found.zip} is in {found.state}, and the state given is {state}"
        return _unplaced(reason=reason, missing=("state", "zip"))
    known = found.term.on(on) is Status.IN_FORCE
    if not state and (found.split or not known):
        why = "its last four digits divide it" if known else f"the file that has it is {found.term}"
        reason = f"ZIP code {found.zip} alone does not tell the state: {why}"
        return _unplaced(reason=reason, missing=("state",))
    if found.state not in _by_state():
        reason = f"no source we have read states who serves {found.state}"
        return _unplaced(reason=reason, missing=("state",))
    return found.state, found.part if known and not found.split else ""


_SHOWN = 40


def _part(state: str, by_zip: str, county: str, on: dt.date) -> str | NotPlaced:
    """Find the part of a divided state by county and ZIP code, which may not contradict."""
    if not county:
        if by_zip:
            return by_zip
        return _unplaced(reason=f"{state} is divided by county", missing=("county", "zip"))
    folded = _folded(county)
    parts = {
        c.part
        for name in folded
        for c in _counties_by_name().get((state, name), ())
        if c.term.on(on) is Status.IN_FORCE
    }
    if len(parts) != 1:
        names = {c.name.casefold(): c.name for c in counties() if c.state == state}
        near = difflib.get_close_matches(min(folded, key=len), names, n=1)
        hint = f"; near it is {names[near[0]]}" if near else ""
        reason = f"{county[:_SHOWN]!r} is not a county or independent city of {state}{hint}"
        return _unplaced(reason=reason, missing=("county",))
    part = parts.pop()
    if by_zip and by_zip != part:
        reason = f"county {county[:_SHOWN]!r} and the ZIP code are of different parts of {state}"
        return _unplaced(reason=reason, missing=("county", "zip"))
    return part


_AFFIX = re.compile(r"(?:city|county) of | (?:city|county)$")


def _folded(county: str) -> set[str]:
    """Give the spellings of a county that its name may have: as it is, and without its kind."""
    text = " ".join(county.casefold().split())
    return {text, _AFFIX.sub("", text, count=1)}
