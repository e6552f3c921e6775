"""Arguments of callers: taken as they are meant, or refused with what to write instead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Any, TypeVar

from cptfacet.errors import ParseError

T = TypeVar("T")
W = TypeVar("W", bound=StrEnum)

__all__ = ["expect", "expect_date", "expect_several", "expect_text", "parse_word"]


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


def expect_text(value: object, example: str) -> str:
    """Return the text that a parse function reads, or say what to write: a call, or in words.

    >>> expect_text(4, 'parse_joint("L4-5")')
    Traceback (most recent call last):
    ...
    TypeError: text takes a str, not an int: write parse_joint("L4-5")

    Raises:
        TypeError: The value is not a text.
    """
    return value if isinstance(value, str) else expect(value, str, "text", f"write {example}")


def expect_several(values: Any, name: str, hint: str) -> Iterator[Any]:  # noqa: ANN401
    """Return an iterator over several values, or say what to pass.

    A single text is not a list of texts, and a mapping is not a list of records.

    >>> expect_several("L4-5", "joints", "write ['L4-5']")
    Traceback (most recent call last):
    ...
    TypeError: joints takes a list or another iterable, not a str: write ['L4-5']

    Raises:
        TypeError: The value is a text or a mapping, or can't be iterated over.
    """
    if not isinstance(values, str | bytes | Mapping):
        with suppress(TypeError):
            return iter(values)
    message = f"{name} takes a list or another iterable, not {_named(values)}: {hint}"
    raise TypeError(message)


def parse_word(
    text: str,
    words: type[W],
    *,
    what: str,
    example: str,
    also: Mapping[str, W] | None = None,
    vague: Mapping[str, str] | None = None,
) -> W:
    """Read a word of a fixed list, in any case, with spaces or hyphens.

    ``what`` names the kind of word for the error, and ``example`` is a call that works. ``also`` has
    further spellings; ``vague`` has what to write instead of a word with several meanings.

    Raises:
        ParseError: The text is not one of the words.
        TypeError: The value is not a text.
    """
    folded = " ".join(expect_text(text, example).lower().split())
    dashed = folded.replace(" ", "-")
    if also and dashed in also:
        return also[dashed]
    try:
        return words(dashed)
    except ValueError:
        reason = (vague or {}).get(dashed) or f"write one of {', '.join(words)}"
        raise ParseError(what=what, text=text, reason=reason) from None


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
