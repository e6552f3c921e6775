"""Text for a person: words joined for a sentence, and lines filled to one width."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence, Sized

__all__ = ["agree", "series", "wrapped"]


def agree(things: Sized, one: str, many: str) -> str:
    """Return the word that agrees with the number of things.

    >>> agree(["RT"], "is", "are")
    'is'
    """
    return one if len(things) == 1 else many


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
