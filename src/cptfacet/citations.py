"""Sources, the confidence of a fact, and the citations of an answer."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

import attrs

from cptfacet._records import sealed
from cptfacet.dates import EffectivePeriod

__all__ = ["Citation", "Confidence", "Source"]


def __dir__() -> list[str]:
    return sorted(__all__)


class Confidence(StrEnum):
    """How well a fact is established.

    ``confirmed``: its own authority was read. ``secondary``: someone cites the authority.
    ``judgment``: ours, with a written reason; never a limit, threshold, date, amount or code list.
    """

    CONFIRMED = "confirmed"
    SECONDARY = "secondary"
    JUDGMENT = "judgment"


@sealed
@attrs.frozen(kw_only=True)
class Source:
    """A document that states facts: its publisher, its address, and when it was read."""

    id: str
    title: str
    publisher: str
    url: str | None = None
    date: str | None = None
    retrieved: dt.date | None = None


@sealed
@attrs.frozen(kw_only=True, cache_hash=True)
class Citation:
    """A source as cited by an answer, with the dates and the confidence of the fact.

    Attributes:
        id: The id of the source.
        title: The title of the source.
        url: The address of the source, or None.
        confidence: How well the fact is established.
    """

    id: str
    title: str = attrs.field(repr=False)
    url: str | None = attrs.field(repr=False)
    term: EffectivePeriod = attrs.field(repr=str)
    confidence: Confidence = attrs.field(repr=str)

    def __str__(self) -> str:
        return f"{self.title} [{self.id}; {self.confidence}; {self.term}]"


def cite(
    sources: tuple[Source, ...], term: EffectivePeriod, confidence: Confidence
) -> tuple[Citation, ...]:
    """Return the citations of a fact: one for each source, with its period and confidence."""
    return tuple(
        Citation(id=source.id, title=source.title, url=source.url, term=term, confidence=confidence)
        for source in sources
    )
