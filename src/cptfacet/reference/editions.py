"""Editions of a publisher's files, and how far an answer stands on them.

A file of edits or codes speaks for its quarter or year and for nothing else, and only some editions
were read. So an answer says on what it stands: its *footing*. Every look-up of dated files answers
with a value that has a footing, or with `NotInData`.

Two shapes were weighed. A wrapper around each fact (``Answer[Mue]``) keeps the facts free of dates,
but what a caller asks for is then always one step away, and a wrapper that is unpacked early loses
what the answer stands on. Here the value itself carries its footing, in one field of one type, so it
can't be lost, and facts without editions need none.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

import attrs

from cptfacet._records import sealed
from cptfacet.citations import Citation
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Basis", "Edition", "NotInData", "Provenance", "resolve"]

T = TypeVar("T")


class Basis(StrEnum):
    """How an edition gives the answer for a date.

    ``stated``: an edition of that day states it. ``interpolated``: the day lies between two editions
    that were read, and they agree. ``carried``: the day lies after the last edition that was read.
    """

    STATED = "stated"
    INTERPOLATED = "interpolated"
    CARRIED = "carried"


@sealed
@attrs.frozen(kw_only=True)
class Edition:
    """One edition of a publisher's file: the days for which it speaks, both ends included."""

    id: str
    first: dt.date
    last: dt.date
    citations: tuple[Citation, ...] = attrs.field(repr=False)

    def __str__(self) -> str:
        return f"{self.id} ({self.first} to {self.last})"


@sealed
@attrs.frozen(kw_only=True)
class Provenance:
    """On what an answer stands: one edition, or the two between which it was interpolated."""

    basis: Basis
    editions: tuple[Edition, ...]

    @property
    def edition(self) -> Edition:
        """The last edition that had begun on the day of the question."""
        return self.editions[0]

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The sources of its editions, each once."""
        return tuple(dict.fromkeys(c for edition in self.editions for c in edition.citations))

    def __str__(self) -> str:
        return f"{self.basis}: {', '.join(map(str, self.editions))}"


NotInData = Unknown


def resolve(
    series: Iterable[tuple[Edition, T | None]], *, on: dt.date, what: str, strict: bool = False
) -> tuple[T, Provenance] | NotInData:
    """Find what a series of editions says for a day, and on what the answer stands.

    The series ascends and its editions do not overlap. An edition that was read and has nothing
    stands in it with None. ``strict`` refuses what would be carried.

    >>> def quarter(year: int, month: int) -> Edition:
    ...     first, last = dt.date(year, month, 1), dt.date(year, month + 2, 28)
    ...     return Edition(id=f"{year}-{month}", first=first, last=last, citations=())
    >>> series = [(quarter(2024, 7), 40), (quarter(2026, 4), 80)]
    >>> value, footing = resolve(series, on=dt.date(2027, 1, 1), what="the limit")
    >>> value, str(footing)
    (80, 'carried: 2026-4 (2026-04-01 to 2026-06-28)')
    >>> print(resolve(series, on=dt.date(2025, 1, 1), what="the limit"))
    the limit on 2025-01-01 is not known: 2024-7 and 2026-4, the editions before and after, differ
    """
    before: tuple[Edition, T | None] | None = None
    after: tuple[Edition, T | None] | None = None
    for entry in series:
        if entry[0].first > on:
            after = entry
            break
        before = entry
    if before is None:
        first = f"; the first is {after[0]}" if after else ""
        reason = f"no edition of that day or before it was read{first}"
        return NotInData(what=what, on=on, reason=reason)
    edition, value = before
    if on <= edition.last:
        return _with(value, what, on, Basis.STATED, edition)
    if after is None:
        if strict:
            reason = f"it would be carried from {edition}, and strict refuses that"
            return NotInData(what=what, on=on, reason=reason, citations=edition.citations)
        return _with(value, what, on, Basis.CARRIED, edition)
    if after[1] != value:
        reason = f"{edition.id} and {after[0].id}, the editions before and after, differ"
        both = Provenance(basis=Basis.INTERPOLATED, editions=(edition, after[0]))
        return NotInData(what=what, on=on, reason=reason, citations=both.citations)
    return _with(value, what, on, Basis.INTERPOLATED, edition, after[0])


def _with(
    value: T | None, what: str, on: dt.date, basis: Basis, *editions: Edition
) -> tuple[T, Provenance] | NotInData:
    footing = Provenance(basis=basis, editions=editions)
    if value is None:
        reason = f"{' and '.join(e.id for e in editions)} has none"
        return NotInData(what=what, on=on, reason=reason, citations=footing.citations)
    return value, footing
