"""An answer as an outline of sentences, values and sources: the one form every face draws.

`explain()` prints it; a notebook and a page draw the same value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from cptfacet._records import sealed
from cptfacet._text import wrapped

__all__ = ["Item", "Outline", "Section"]


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class Item:
    """One sentence of an outline, with what it is about and where it comes from.

    ``value`` is a claim line or another value the sentence is about, ``sources`` name the
    provisions and documents behind it, and ``items`` belong under it.
    """

    sentence: str
    value: str = ""
    sources: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()


@sealed
@attrs.frozen(kw_only=True)
class Section:
    """A titled part of an outline."""

    title: str
    items: tuple[Item, ...]


@sealed
@attrs.frozen(kw_only=True)
class Outline:
    """What an answer says to a person: first in one sentence, then section by section.

    >>> lines = Section(title="Lines", items=(Item(value="64493-LT x1", sentence="L4-L5, left"),))
    >>> print(Outline(sentence="One line under cpt.", sections=(lines,)).text())
    One line under cpt.
    <BLANKLINE>
    Lines
      64493-LT x1: L4-L5, left
    >>> Outline(sentence="One line under cpt.").text(width=10)
    Traceback (most recent call last):
    ...
    ValueError: width is 40 or more characters, not 10
    """

    sentence: str
    sections: tuple[Section, ...] = ()

    def text(self, *, width: int = 100, sources: bool = True) -> str:
        """Return the outline as text, wrapped to a width; ``sources=False`` leaves sources out.

        Raises:
            ValueError: The width is too small to hold a claim line.
        """
        if width < _LEAST:
            message = f"width is {_LEAST} or more characters, not {width}"
            raise ValueError(message)
        out = [wrapped(self.sentence, "", "  ", width)]
        for section in self.sections:
            if section.items:
                out += ["", section.title, *_lines(section.items, 1, width, sources=sources)]
        return "\n".join(out)


_LEAST = 40


def _lines(items: Iterable[Item], depth: int, width: int, *, sources: bool) -> Iterator[str]:
    indent = "  " * depth
    for item in items:
        text = f"{item.value}: {item.sentence}" if item.value else item.sentence
        yield wrapped(text, indent, f"{indent}  ", width)
        yield from _lines(item.items, depth + 1, width, sources=sources)
        if sources:
            for source in item.sources:
                yield wrapped(source, f"{indent}    source: ", f"{indent}      ", width)
