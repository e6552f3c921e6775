"""Sources, how far a fact can be trusted, and the citations that answers carry."""

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
    """How far a fact can be trusted.

    ``confirmed``: its own authority was read. ``secondary``: somebody cites the authority.
    ``judgment``: ours, with a written reason, and never a limit, threshold, date, amount or code
    list.
    """

    CONFIRMED = "confirmed"
    SECONDARY = "secondary"
    JUDGMENT = "judgment"


@sealed
@attrs.frozen(kw_only=True)
class Source:
    """One document that states facts: who published it, where it stands, when it was read."""

    id: str
    title: str
    publisher: str
    url: str | None = None
    date: str | None = None
    retrieved: dt.date | None = None


@sealed
@attrs.frozen(kw_only=True, cache_hash=True)
class Citation:
    """A source as an answer cites it: with the dates and the confidence of the fact itself."""

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
    """Make the citations of a fact from its sources, its term and its confidence."""
    return tuple(
        Citation(id=source.id, title=source.title, url=source.url, term=term, confidence=confidence)
        for source in sources
    )
