"""Text for a person: words joined for a sentence, and lines filled to one width."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence, Sized

__all__ = ["agree", "counted", "ordinal", "sentence", "series", "wrapped"]


def __dir__() -> list[str]:
    return sorted(__all__)


def agree(things: Sized, one: str, many: str) -> str:
    """Return the word that agrees with the number of things.

    >>> agree(["RT"], "is", "are")
    'is'
    """
    return one if len(things) == 1 else many


def counted(number: int, what: str) -> str:
    """Return a number with the noun it counts.

    >>> counted(1, "level"), counted(2, "level")
    ('1 level', '2 levels')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"


def sentence(text: str) -> str:
    """Return a text with a capital at its beginning.

    >>> sentence("no session was given")
    'No session was given'
    """
    return text[:1].upper() + text[1:]


def ordinal(number: int) -> str:
    """Return a place in a sequence, in figures.

    >>> [ordinal(number) for number in (1, 2, 3, 5, 11, 22)]
    ['1st', '2nd', '3rd', '5th', '11th', '22nd']
    """
    teens = number // 10 % 10 == 1
    return f"{number}{'th' if teens else _ENDINGS.get(number % 10, 'th')}"


_ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def series(words: Sequence[str], last: str = "and", *, most: int = 5) -> str:
    """Return words joined for a sentence, at most so many of them.

    >>> series(["RT", "LT", "KX"], "or")
    'RT, LT or KX'
    >>> series(["RT", "LT", "KX"], most=1)
    'RT and 2 more'
    """
    named = list(words[:most])
    if len(words) > most:
        named.append(f"{len(words) - most} more")
    return f"{', '.join(named[:-1])} {last} {named[-1]}" if len(named) > 1 else "".join(named)


def wrapped(text: str, first: str, rest: str, width: int = 100) -> str:
    """Return a paragraph wrapped behind one text, with its later lines behind another."""
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    )
