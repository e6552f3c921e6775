"""Dates of service and how long a fact is in force.

No function here knows today's date: the date is always an argument.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterable
from enum import StrEnum

import attrs

from cptfacet._inputs import expect, expect_date, expect_text
from cptfacet._records import sealed
from cptfacet.errors import ParseError

__all__ = [
    "EffectivePeriod",
    "Status",
    "add_months",
    "change_days",
    "parse_date",
    "window_left",
    "window_start",
]


def __dir__() -> list[str]:
    return sorted(__all__)


_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)


def parse_date(text: str) -> dt.date:
    """Parse an ISO date.

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
    match = _ISO.fullmatch(expect_text(text, 'parse_date("2026-03-02")').strip())
    if match is None:
        raise ParseError(what="a date", text=text, reason="write it as YYYY-MM-DD")
    try:
        return dt.date(*map(int, match.groups()))
    except ValueError:
        raise ParseError(what="a date", text=text, reason="no such day exists") from None


_YEAR = 12
_DAY = dt.timedelta(days=1)


def add_months(date: dt.date, months: int) -> dt.date:
    """Return the same day some months later, or earlier if the number is negative.

    If the month does not have that day, return its last day: a year after February 29 is
    February 28.

    >>> add_months(dt.date(2026, 3, 31), -1)
    datetime.date(2026, 2, 28)
    >>> add_months(dt.date(2026, 3, 31), -12 * 2026)
    Traceback (most recent call last):
    ...
    OverflowError: 2026-03-31 and -24312 months: the calendar has the years 1 to 9999

    Raises:
        OverflowError: The calendar has no such year.
    """
    expect_date(date, "date")
    expect(months, int, "months")
    year, month = divmod(date.year * _YEAR + date.month - 1 + months, _YEAR)
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        message = f"{date} and {months} months: the calendar has the years 1 to 9999"
        raise OverflowError(message)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(date.day, last))


def window_start(end: dt.date, months: int) -> dt.date:
    """Return the first day of a rolling window of months that ends on a day.

    The window begins on the day after the same day that many months earlier, so the same date a
    year earlier is outside a window of twelve months. If that month does not have the day, the
    window begins with the next month. A window is never longer than its months, and a day leaves it
    once its day of the month is reached or passed. No window begins before 0001-01-01.

    >>> window_start(dt.date(2026, 3, 2), 12)
    datetime.date(2025, 3, 3)
    >>> window_start(dt.date(2024, 2, 29), 12)
    datetime.date(2023, 3, 1)
    >>> window_start(dt.date(2026, 3, 2), 0)
    Traceback (most recent call last):
    ...
    ValueError: a window has at least one month, not 0

    Raises:
        ValueError: The number of months is not positive.

    Source: a judgment. Coverage documents say "rolling 12 months" and count back from the date of
    service; none that we have read says whether the same date a year earlier is inside.
    """
    expect_date(end, "end")
    _check_months(months)
    try:
        return add_months(end, -months) + _DAY
    except OverflowError:
        return dt.date.min


def window_left(date: dt.date, months: int) -> dt.date | None:
    """Return the first date whose rolling window of months no longer includes a day.

    From that date on, the day no longer counts toward a limit, and a wait of that many months is
    over. None if the calendar ends first.

    >>> window_left(dt.date(2025, 3, 2), 12)
    datetime.date(2026, 3, 2)
    >>> window_left(dt.date(2024, 2, 29), 12)
    datetime.date(2025, 3, 1)
    >>> window_left(dt.date(2024, 2, 29), -1)
    Traceback (most recent call last):
    ...
    ValueError: a window has at least one month, not -1

    Raises:
        ValueError: The number of months is not positive.

    Source: as for `window_start`.
    """
    _check_months(months)
    try:
        later = add_months(date, months)
        return later if later.day == date.day else later + _DAY
    except OverflowError:
        return None


def _check_months(months: int) -> None:
    expect(months, int, "months")
    if months < 1:
        message = f"a window has at least one month, not {months}"
        raise ValueError(message)


def change_days(periods: Iterable[tuple[dt.date, dt.date]]) -> frozenset[dt.date]:
    """Return the first day of each period, given with its last day, and the day after the last.

    The calendar may end with a period, which then has no day after it.

    >>> year = dt.date(2026, 1, 1), dt.date(2026, 12, 31)
    >>> [str(day) for day in sorted(change_days([year, (dt.date(2027, 1, 1), dt.date.max)]))]
    ['2026-01-01', '2027-01-01']
    """
    listed = tuple(periods)
    ends = {last + _DAY for _, last in listed if last < dt.date.max}
    return frozenset(ends.union(first for first, _ in listed))


class Status(StrEnum):
    """Whether a fact is in force on a date: yes, no, or not known."""

    IN_FORCE = "in-force"
    NOT_IN_FORCE = "not-in-force"
    NOT_KNOWN = "not-known"


@sealed
@attrs.frozen(kw_only=True)
class EffectivePeriod:
    """The period in which a fact is in force, as its sources state it.

    ``start`` is the first day if a source states it. Otherwise ``seen`` is the first day on which a
    source shows the fact in force, and nothing is known before that. ``until`` is the last day in
    force. A judgment of ours may have neither ``start`` nor ``seen``: it applies on every date.

    >>> EffectivePeriod(start=dt.date(2010, 1, 1)).on(dt.date(2009, 12, 31))
    <Status.NOT_IN_FORCE: 'not-in-force'>
    >>> EffectivePeriod(seen=dt.date(2010, 1, 1)).on(dt.date(2009, 12, 31))
    <Status.NOT_KNOWN: 'not-known'>
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
        """The last day in force, or the last day of the calendar."""
        return self.until or dt.date.max

    def on(self, date: dt.date) -> Status:
        """Return whether the fact is in force on a date."""
        if type(date) is not dt.date:
            expect_date(date, "date")
        if date > self.last:
            return Status.NOT_IN_FORCE
        if date >= self.first:
            return Status.IN_FORCE
        return Status.NOT_KNOWN if self.start is None else Status.NOT_IN_FORCE

    def days(self) -> dict[str, str]:
        """Return the known dates in ISO format, under the names that data files use.

        >>> EffectivePeriod(seen=dt.date(2010, 1, 1)).days()
        {'seen': '2010-01-01'}
        """
        seen = self.seen if self.start is None else None
        named = {"from": self.start, "seen": seen, "until": self.until}
        return {name: day.isoformat() for name, day in named.items() if day is not None}

    def __str__(self) -> str:
        return " ".join(f"{name} {day}" for name, day in self.days().items()) or "on every date"
