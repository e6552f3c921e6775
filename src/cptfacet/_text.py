"""Text for a person: lines that are filled to one width."""

from __future__ import annotations

import textwrap

__all__ = ["filled", "wrapped"]


def filled(text: str, depth: int) -> str:
    """Fill a paragraph that stands some steps in, its later lines one step further."""
    indent = "  " * depth
    return textwrap.fill(
        text,
        100,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def wrapped(text: str, first: str, rest: str) -> str:
    """Wrap a paragraph, its first line behind one text and the rest behind another."""
    return textwrap.fill(
        text, 100, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
