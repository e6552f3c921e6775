"""Arguments of callers: taken as they are meant, or refused with what to write instead."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from enum import StrEnum
from numbers import Real
from typing import Any, NoReturn, TypeAlias, TypeVar

from cptfacet._records import REMEDIES
from cptfacet.errors import ParseError

T = TypeVar("T")
W = TypeVar("W", bound=StrEnum)
Kinds: TypeAlias = type[T] | tuple[type[T], ...]

__all__ = [
    "as_text",
    "expect",
    "expect_all",
    "expect_date",
    "expect_or_none",
    "expect_several",
    "expect_text",
    "parse_word",
    "spoiled_number",
    "stated",
    "without_fraction",
    "without_midnight",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def expect(value: object, kind: Kinds[T], name: str, hint: str = "") -> T:
    """Return a value of the type an argument has, or say what to pass.

    ``name`` is the argument, and ``hint`` says how to make what it takes, where its type does not
    say it.

    >>> expect("L4-L5", int, "units", "write units=1")
    Traceback (most recent call last):
    ...
    TypeError: units takes an int, not a str: write units=1

    Raises:
        TypeError: The value has another type.
    """
    if not isinstance(value, kind):
        _refuse(value, kind, name, hint)
    return value


def expect_or_none(value: object, kind: Kinds[T], name: str) -> T | None:
    """Return a value of the type an argument has, or None, or say what to pass.

    Raises:
        TypeError: The value has another type.
    """
    return None if value is None else expect(value, kind, name)


def expect_all(values: Any, kind: Kinds[T], name: str) -> tuple[T, ...]:  # noqa: ANN401
    """Return several values of one type, or say what to pass.

    >>> from cptfacet.anatomy import Joint
    >>> expect_all("L4-5", Joint, "joints")
    Traceback (most recent call last):
    ...
    TypeError: joints takes a list or another iterable, not a str: write [parse_joint("L4-5")]

    Raises:
        TypeError: The value is not a list of values, or one of them has another type.
    """
    first = kind[0] if isinstance(kind, tuple) else kind
    remedy = REMEDIES.get(first.__name__, "...")
    listed = tuple(expect_several(values, name, f"write [{remedy}]"))
    for place, value in enumerate(listed):
        expect(value, kind, f"{name}[{place}]")
    return listed


def _refuse(value: object, kind: Kinds[Any], name: str, hint: str) -> NoReturn:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    remedy = REMEDIES.get(kinds[0].__name__)
    hint = hint or (f"write {remedy}" if remedy else "")
    wanted = " or ".join(_article(kind.__name__) for kind in kinds)
    message = f"{name} takes {wanted}, not {_named(value)}"
    raise TypeError(f"{message}: {hint}" if hint else message)


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


def stated(value: object) -> Any:  # noqa: ANN401  whatever else it is, is checked where it is read
    """Return a value, or None for what an empty cell of a data frame holds: NaN, NaT or NA.

    >>> stated(float("nan")), stated("mbb")
    (None, 'mbb')
    """
    empty = (
        value.is_nan()
        if isinstance(value, Decimal)
        else (isinstance(value, Real) and math.isnan(value)) or type(value).__name__ in _EMPTY
    )
    return None if empty else value


_EMPTY = ("NaTType", "NAType")  # of pandas, which is not imported


def as_text(value: object) -> Any:  # noqa: ANN401  as above
    """Return a value, or the digits of a whole number, which a data frame reads a code or id as.

    >>> as_text(11.0), as_text("11.0"), as_text(12345)
    ('11', '11.0', '12345')
    """
    value = stated(value)
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        return value
    whole = math.trunc(value)
    return str(whole) if value == whole else value


def without_fraction(text: str) -> str:
    """Return a code without the ".0" of a spreadsheet that has read it as a number.

    >>> without_fraction("64493.0"), without_fraction("0213T")
    ('64493', '0213T')
    """
    whole, dot, fraction = text.strip().partition(".")
    spoiled = dot and whole.isascii() and whole.isdecimal() and fraction and not fraction.strip("0")
    return whole if spoiled else text


def spoiled_number(text: str) -> str:
    """Return the reason why a code ends in ".0", or an empty text if it does not.

    >>> spoiled_number("64493.0")
    'a spreadsheet has read it as a number; write 64493'
    """
    whole = without_fraction(text)
    return "" if whole == text else f"a spreadsheet has read it as a number; write {whole}"


def without_midnight(date: object) -> Any:  # noqa: ANN401  as above
    """Return the date of a timestamp at midnight without a time zone, and anything else unchanged.

    >>> without_midnight(dt.datetime(2026, 3, 2))
    datetime.date(2026, 3, 2)
    """
    if isinstance(date, dt.datetime) and date.time() == dt.time() and date.tzinfo is None:
        return date.date()
    return date


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
        short = f", or in short {', '.join(also)}" if also else ""
        reason = (vague or {}).get(dashed) or f"write one of {', '.join(words)}{short}"
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
        day = value if _ISO.fullmatch(value) else "2026-03-02"
        hint = f"write parse_date({day!r})"
    elif isinstance(value, dt.datetime):
        hint = "leave the time of day out with .date()"
    message = f"{name} takes a datetime.date, not {_named(value)}: {hint}"
    raise TypeError(message)


_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _named(value: Any) -> str:  # noqa: ANN401
    """Name the type of a value; never the value, which may identify a patient."""
    if value is None:
        return "None"
    kind = "dict" if isinstance(value, Mapping) else type(value).__name__
    return _article(kind)


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'AEIOUaeiou' else 'a'} {noun}"
