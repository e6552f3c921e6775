"""Dates of service and how long a fact is in force.

No function here knows today's date: the date is always an argument.
"""

from __future__ import annotations

import datetime as dt
import re
from enum import StrEnum

import attrs

from cptfacet._records import sealed
from cptfacet.errors import ParseError

__all__ = ["Standing", "Term", "parse_date"]

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)


def parse_date(text: str) -> dt.date:
    """Read an ISO date.

    Claims are decided by date of service, so a date that could be read in two ways is refused.

    >>> parse_date(" 2026-03-02 ")
    datetime.date(2026, 3, 2)
    >>> parse_date("03/02/2026")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '03/02/2026' is not a date: write it as YYYY-MM-DD

    Raises:
        ParseError: The text is not an ISO date, or no such day exists.
    """
    match = _ISO.fullmatch(text.strip())
    if match is None:
        raise ParseError(what="a date", text=text, reason="write it as YYYY-MM-DD")
    try:
        return dt.date(*map(int, match.groups()))
    except ValueError:
        raise ParseError(what="a date", text=text, reason="no such day exists") from None


class Standing(StrEnum):
    """Whether a fact is in force on a date: yes, no, or no source tells."""

    IN_FORCE = "in-force"
    NOT_IN_FORCE = "not-in-force"
    NOT_KNOWN = "not-known"


@sealed
@attrs.frozen(kw_only=True)
class Term:
    """How long a fact is in force, as far as sources tell.

    ``start`` is the first day, where a source states it; else ``seen`` is the first day on which a
    source shows the fact in force, and before it nothing is known. ``until`` is the last day in
    force (that day included). A judgement of ours may have neither ``start`` nor ``seen``: it
    holds on every date.

    >>> Term(start=dt.date(2010, 1, 1)).on(dt.date(2009, 12, 31))
    <Standing.NOT_IN_FORCE: 'not-in-force'>
    >>> Term(seen=dt.date(2010, 1, 1)).on(dt.date(2009, 12, 31))
    <Standing.NOT_KNOWN: 'not-known'>
    """

    start: dt.date | None = None
    seen: dt.date | None = None
    until: dt.date | None = None

    @property
    def first(self) -> dt.date:
        """The first day on which the fact is known to be in force."""
        return self.start or self.seen or dt.date.min

    @property
    def last(self) -> dt.date:
        """The last day in force, or the last day there is."""
        return self.until or dt.date.max

    def on(self, date: dt.date) -> Standing:
        """Say whether the fact is in force on a date."""
        if date > self.last:
            return Standing.NOT_IN_FORCE
        if date >= self.first:
            return Standing.IN_FORCE
        return Standing.NOT_KNOWN if self.start is None else Standing.NOT_IN_FORCE

    def days(self) -> dict[str, str]:
        """Give the days that are known, as ISO texts under the names that files use for them.

        >>> Term(seen=dt.date(2010, 1, 1)).days()
        {'seen': '2010-01-01'}
        """
        seen = self.seen if self.start is None else None
        named = {"from": self.start, "seen": seen, "until": self.until}
        return {name: day.isoformat() for name, day in named.items() if day is not None}

    def __str__(self) -> str:
        return " ".join(f"{name} {day}" for name, day in self.days().items()) or "on every date"
