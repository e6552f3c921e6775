"""Editions of a publisher's files, and the provenance of an answer.

A file of edits, codes or fees holds for its own quarter or year only, and we have not read every
edition. Each edition that was read is a `Release` with its rows. A table with editions is a table of
releases, and adding a newer file adds one. Every look-up in such a table returns `Unknown`, or a value
with its provenance: the edition or editions that the answer comes from.

We considered two designs. A wrapper around each fact (``Answer[Mue]``) keeps facts free of dates, but
puts every value one step away, and a wrapper that is unpacked early loses its provenance. Here the
value carries its provenance in one field, so it can't be lost, and facts without editions need none.
"""

from __future__ import annotations

import bisect
import datetime as dt
import functools
import itertools
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from enum import StrEnum
from operator import attrgetter
from typing import Any, Generic, TypeVar

import attrs

from cptfacet import _data
from cptfacet._records import sealed
from cptfacet.citations import Citation
from cptfacet.claims import ClaimType
from cptfacet.reference.tables import Rows
from cptfacet.unknown import Unknown

__all__ = [
    "NO_EDITION",
    "Basis",
    "Edition",
    "Provenance",
    "Release",
    "in_order",
    "packaged_releases",
    "releases_behind",
    "resolve",
    "series",
]


def __dir__() -> list[str]:
    return sorted(__all__)


K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
V = TypeVar("V")


NO_EDITION = "no edition of the table was read"  # the reason of a look-up in an empty table


class Basis(StrEnum):
    """How an answer for a date follows from the editions.

    ``stated``: an edition that covers the date states it. ``interpolated``: the date is between two
    editions that were read, and they agree. ``carried``: the date is after the last edition that was
    read.
    """

    STATED = "stated"
    INTERPOLATED = "interpolated"
    CARRIED = "carried"


@sealed
@attrs.frozen(kw_only=True)
class Edition:
    """One edition of a publisher's file: its first and last day, both included."""

    id: str
    first: dt.date
    last: dt.date
    citations: tuple[Citation, ...] = attrs.field(repr=False)

    def __str__(self) -> str:
        return f"{self.id} ({self.first} to {self.last})"


@sealed
@attrs.frozen(kw_only=True)
class Provenance:
    """The editions an answer comes from: one, or the two that it was interpolated between."""

    basis: Basis
    editions: tuple[Edition, ...]

    @property
    def edition(self) -> Edition:
        """The last edition that had begun on the date asked about."""
        return self.editions[0]

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The sources of its editions, each once."""
        return tuple(dict.fromkeys(c for edition in self.editions for c in edition.citations))

    def __str__(self) -> str:
        return f"{self.basis}: {', '.join(map(str, self.editions))}"


@sealed
@attrs.frozen(kw_only=True)
class Release(Generic[K, V]):
    """One edition of a publisher's file as we read it: its days, and its rows by code.

    ``claim_types`` lists the claim types the file applies to. ``covers`` lists the codes we read in it,
    as ranges such as ``"64490-64495"``, which include every code that begins with either end; if empty,
    we read all of them. A covered code without a row has no value in the edition.

    >>> from cptfacet import ClaimType
    >>> from cptfacet.reference import packaged
    >>> from cptfacet.reference.edits import Mai, MueRow
    >>> first, last = dt.date(2027, 1, 1), dt.date(2027, 3, 31)
    >>> mine = Release(
    ...     edition=Edition(id="mue-2027q1", first=first, last=last, citations=()),
    ...     claim_types=(ClaimType.PROFESSIONAL,),
    ...     rows={"64493": MueRow(units=2, mai=Mai.DAY_BY_POLICY, rationale="CMS Policy")},
    ... )
    >>> data = packaged().with_rows(mues=[mine])
    >>> print(data.mue("64493", on=first, claim_type=ClaimType.PROFESSIONAL))
    64493 x2 at most: units of one day of service, by policy (stated: mue-2027q1 (2027-01-01 to 2027-03-31))
    """

    edition: Edition
    rows: Mapping[K, V] = attrs.field(hash=False)
    claim_types: tuple[ClaimType, ...] = tuple(ClaimType)
    covers: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Keep the rows as they are now."""
        if not isinstance(self.rows, Rows):
            object.__setattr__(self, "rows", Rows(self.rows))

    @property
    def key(self) -> tuple[str, tuple[ClaimType, ...]]:
        """The edition and claim types; a release replaces the one with the same key."""
        return self.edition.id, self.claim_types

    def covered(self, code: str) -> bool:
        """Whether the code was read in the edition."""
        return not self.covers or any(
            first <= code and (code <= (last or first) or code.startswith(last or first))
            for first, _, last in (span.partition("-") for span in self.covers)
        )


def check(releases: Iterable[Release[Any, Any]]) -> None:
    """Refuse releases of one table that cover the same claim types on the same days.

    Raises:
        ValueError: Two of them do.
    """
    for one, other in itertools.combinations(releases, 2):
        days = one.edition.first <= other.edition.last and other.edition.first <= one.edition.last
        if days and set(one.claim_types) & set(other.claim_types):
            message = (
                f"two editions cover the same days: {one.edition} and {other.edition};"
                " give the newer one the id of the one that it replaces, and its claim types"
            )
            raise ValueError(message)


def series(
    releases: Iterable[Release[K, V]], key: K, *, code: str, claim_type: ClaimType | None = None
) -> list[tuple[Edition, V | None]]:
    """List what each edition that covers a code states under a key, oldest edition first.

    An edition without a row for the key is listed with None.
    """
    covering = [r for r in in_order(releases, claim_type) if r.covered(code)]
    return [(release.edition, release.rows.get(key)) for release in covering]


def in_order(
    releases: Iterable[Release[K, V]], claim_type: ClaimType | None = None
) -> list[Release[K, V]]:
    """List the releases for a claim type, or all of them without one, oldest edition first."""
    listed = (r for r in releases if claim_type is None or claim_type in r.claim_types)
    return sorted(listed, key=lambda release: release.edition.first)


def releases_behind(
    releases: Iterable[Release[K, V]], code: str, *, on: dt.date, claim_type: ClaimType
) -> list[Release[K, V]]:
    """List the releases that an answer about a code on a day depends on.

    It depends on the edition of the day, or the last one before it, and between two editions on both.
    """
    covering = [r for r in in_order(releases, claim_type) if r.covered(code)]
    return covering[_around([release.edition for release in covering], on)]


def _around(editions: Sequence[Edition], on: dt.date) -> slice:
    """Return where the edition of a day is, or else those before and after; empty before the first."""
    begun = bisect.bisect_right(editions, on, key=attrgetter("first"))
    if not begun:
        return slice(0)
    within = on <= editions[begun - 1].last
    return slice(begun - 1, begun if within else begun + 1)


def resolve(
    stated: Iterable[tuple[Edition, T | None]], *, on: dt.date, what: str, strict: bool = False
) -> tuple[T, Provenance] | Unknown:
    """Return what editions state for a date, with its provenance.

    The editions are in ascending order and do not overlap. An edition that was read but has no value
    is listed with None. With ``strict``, a value is not carried past the last edition.

    >>> def quarter(year: int, month: int) -> Edition:
    ...     first, last = dt.date(year, month, 1), dt.date(year, month + 2, 28)
    ...     return Edition(id=f"{year}-{month}", first=first, last=last, citations=())
    >>> stated = [(quarter(2024, 7), 40), (quarter(2026, 4), 80)]
    >>> value, provenance = resolve(stated, on=dt.date(2027, 1, 1), what="the limit")
    >>> value, str(provenance)
    (80, 'carried: 2026-4 (2026-04-01 to 2026-06-28)')
    >>> print(resolve(stated, on=dt.date(2025, 1, 1), what="the limit"))
    the limit on 2025-01-01 is not known: 2024-7 and 2026-4, the editions before and after, differ
    """
    listed = list(stated)
    around = listed[_around([edition for edition, _ in listed], on)]
    if not around:
        first = f"; the first is {listed[0][0]}" if listed else ""
        reason = f"no edition of that day or before it was read{first}"
        return Unknown(what=what, on=on, reason=reason)
    (edition, value), *later = around
    if on <= edition.last:
        return _with(value, what, on, Basis.STATED, edition)
    if not later:
        if strict:
            reason = f"it would be carried from {edition}, and strict refuses that"
            return Unknown(what=what, on=on, reason=reason, citations=edition.citations)
        return _with(value, what, on, Basis.CARRIED, edition)
    [(after, other)] = later
    if other != value:
        reason = f"{edition.id} and {after.id}, the editions before and after, differ"
        both = Provenance(basis=Basis.INTERPOLATED, editions=(edition, after))
        return Unknown(what=what, on=on, reason=reason, citations=both.citations)
    return _with(value, what, on, Basis.INTERPOLATED, edition, after)


def _with(
    value: T | None, what: str, on: dt.date, basis: Basis, *editions: Edition
) -> tuple[T, Provenance] | Unknown:
    provenance = Provenance(basis=basis, editions=editions)
    if value is None:
        reason = f"{' and '.join(e.id for e in editions)} has none"
        return Unknown(what=what, on=on, reason=reason, citations=provenance.citations)
    return value, provenance


# -- the packaged editions


@functools.cache
def _editions() -> tuple[dict[str, str], ...]:
    return tuple(_data.read_csv("editions.csv"))


def packaged_releases(
    table: str, rows: Callable[[str, str], Mapping[K, V]]
) -> tuple[Release[K, V], ...]:
    """List the packaged releases of a table.

    ``rows`` reads the rows of a release by service and edition id, on first use.
    """
    return tuple(
        Release(
            edition=Edition(
                id=row["edition"],
                first=dt.date.fromisoformat(row["first"]),
                last=dt.date.fromisoformat(row["last"]),
                citations=_data.citations_of({**row, "from": row["first"], "until": row["last"]}),
            ),
            claim_types=tuple(map(ClaimType, filter(None, row["claim_types"].split(";"))))
            or tuple(ClaimType),
            covers=tuple(row["covers"].split()),
            rows=Rows(functools.partial(rows, row["service"], row["edition"])),
        )
        for row in _editions()
        if row["table"] == table
    )
