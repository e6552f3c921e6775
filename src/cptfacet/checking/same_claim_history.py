"""The earlier days of a claim, as history of its later days."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from cptfacet.checking.day import Day
from cptfacet.checking.signals import Signal
from cptfacet.findings import NotChecked
from cptfacet.history import PastSession
from cptfacet.past import billed_sessions

__all__ = ["tell_own_past"]


def __dir__() -> list[str]:
    return sorted(__all__)


_MOST_DAYS = 100  # of a claim that is counted against itself


def tell_own_past(days: Sequence[Day]) -> list[NotChecked]:
    """Add the facet sessions of a claim's earlier days to the history of its later days.

    A history that was given is kept. Where none was given, the rules on history run on these days
    anyway, because what a claim shows about itself is true even if more is missing; the rules are
    listed as not checked, too. So are the rules that do not run on a claim of too many days.
    """
    if len(days) > _MOST_DAYS:
        reason = f"the claim has more than {_MOST_DAYS} days, which were not counted together"
        listed = [each for day in days for each in _on_history(day)]
        return [attrs.evolve(each, needs="days of the claim", reason=reason) for each in listed]
    unasked: list[NotChecked] = []
    earlier: list[PastSession] = []
    for day in sorted(days, key=lambda day: day.date):
        own = tuple(past for past in earlier if past.date < day.date)
        if own:
            if day.history is None:
                unasked += _on_history(day)
            day.tell_history(own)
        if day.facet:
            earlier += [p for group in day.groups for p in billed_sessions(day.date, group)]
    return unasked


def _on_history(day: Day) -> list[NotChecked]:
    """List the rules that need a history as not checked on a day without one."""
    without = day.plan.runs(day.signals & ~Signal.HISTORY.value)
    return [each for each in without.not_checked if each.needs == "history"]
