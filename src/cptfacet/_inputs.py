"""What a caller passes in: taken as it is meant, or refused with what to write instead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")

__all__ = ["expect", "expect_date"]


def __dir__() -> list[str]:
    return sorted(__all__)


def expect(value: object, kind: type[T], name: str, hint: str) -> T:
    """Return a value of the type an argument has, or say what to pass.

    ``name`` is the argument and ``hint`` says how to make what it takes.

    >>> expect("L4-L5", int, "units", "write units=1")
    Traceback (most recent call last):
    ...
    TypeError: units takes an int, not a str: write units=1

    Raises:
        TypeError: The value has another type.
    """
    if isinstance(value, kind):
        return value
    message = f"{name} takes {_article(kind.__name__)}, not {_named(value)}: {hint}"
    raise TypeError(message)


def expect_date(value: object, name: str = "on") -> dt.date:
    """Return a date without a time of day, or say what to pass.

    A `datetime` is refused: which day it is depends on a time zone, and claims are decided by date
    of service.

    >>> expect_date(dt.date(2026, 3, 2))
    datetime.date(2026, 3, 2)
    >>> expect_date("2026-03-02")
    Traceback (most recent call last):
    ...
    TypeError: on takes a datetime.date, not a str: write parse_date('2026-03-02')

    Raises:
        TypeError: The value is not a date, or has a time of day.
    """
    if type(value) is dt.date:
        return value
    hint = "write datetime.date(2026, 3, 2)"
    if isinstance(value, str):
        hint = f"write parse_date({value[:_SHOWN]!r})"
    elif isinstance(value, dt.datetime):
        hint = "leave the time of day out with .date()"
    message = f"{name} takes a datetime.date, not {_named(value)}: {hint}"
    raise TypeError(message)


_SHOWN = 40


def _named(value: Any) -> str:  # noqa: ANN401
    """Name the type of a value; never the value, which may identify a patient."""
    if value is None:
        return "None"
    kind = "dict" if isinstance(value, Mapping) else type(value).__name__
    return _article(kind)


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'AEIOUaeiou' else 'a'} {noun}"
