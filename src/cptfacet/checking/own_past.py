"""The earlier days of a claim itself, as history of its later ones."""

from __future__ import annotations

from collections.abc import Sequence

from cptfacet.checking.view import Day
from cptfacet.histories import billed_sessions
from cptfacet.history import PastSession

__all__ = ["tell_own_past"]

_MOST_DAYS = 100  # of a claim that is counted against itself


def tell_own_past(days: Sequence[Day]) -> None:
    """Give each day of a claim the facet sessions of its earlier days as history.

    What was given as history stands beside them. Where none was given, the rules on it are asked of
    these days all the same: what a claim shows of itself is no less true for what it leaves out.
    """
    if len(days) > _MOST_DAYS:
        return
    earlier: list[PastSession] = []
    for day in sorted(days, key=lambda day: day.date):
        own = tuple(past for past in earlier if past.date < day.date)
        if own and day.facet:
            day.tell_history(own)
        if day.facet:
            earlier += [p for group in day.groups for p in billed_sessions(day.date, group)]
