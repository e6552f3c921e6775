"""Strategies for limits, and for their verdicts on a session."""

from __future__ import annotations

import datetime as dt

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cptfacet.history import SessionKind
from cptfacet.limits import (
    Amount,
    CountedBy,
    Limit,
    LimitId,
    Scope,
    Verdict,
    Window,
    WindowKind,
    judge_amount,
    judge_session,
    limits_of,
)
from cptfacet.procedures import Family
from cptfacet.reference import packaged
from cptfacet.rulebook import TermRules
from cptfacet.strategies.history import histories, past_sessions
from cptfacet.strategies.options import chosen, either, tuples
from cptfacet.strategies.words import claim_types, packaged_policy, service_dates

__all__ = ["amounts", "limits", "verdicts", "windows"]


def __dir__() -> list[str]:
    return sorted(__all__)


def amounts() -> SearchStrategy[Amount]:
    """Return amounts of up to twelve: known exactly, within bounds, or from below only."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Amount:
        least, more = draw(st.integers(0, 6)), draw(either(st.integers(0, 6)))
        return Amount(at_least=least, at_most=None if more is None else least + more)

    return drawn()


def windows(*, kinds: SearchStrategy[WindowKind] | None = None) -> SearchStrategy[Window]:
    """Return windows, those with a length up to two years or sixty days long.

    >>> from hypothesis import find
    >>> find(windows(kinds=st.just(WindowKind.SESSION)), lambda _: True)
    Window(kind=<WindowKind.SESSION: 'session'>, months=None, days=None)
    >>> windows(kinds=WindowKind.WAIT)
    Traceback (most recent call last):
    ...
    hypothesis.errors.InvalidArgument: kinds is a strategy, not <WindowKind.WAIT: 'wait'>: write kinds=st.just(<WindowKind.WAIT: 'wait'>)

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    of_kinds = chosen(kinds, "kinds", st.sampled_from(WindowKind))

    @st.composite
    def drawn(draw: st.DrawFn) -> Window:
        kind = draw(of_kinds)
        if kind is WindowKind.SESSION:
            return Window(kind=kind)
        if draw(st.booleans()):
            return Window(kind=kind, months=draw(st.integers(0, 24)))
        return Window(kind=kind, days=draw(st.integers(0, 60)))

    return drawn()


_KINDS = tuples(st.sampled_from(SessionKind), max_size=3, unique=True)
_AMOUNTS = (LimitId.LEVELS, LimitId.REGIONS)
_PAST = tuple(each for each in LimitId if each not in _AMOUNTS)


def limits(*, windows: SearchStrategy[Window] | None = None) -> SearchStrategy[Limit]:
    """Return limits of packaged policies and made-up ones; with ``windows``, made-up ones alone.

    >>> from hypothesis import find
    >>> two_weeks = Window(kind=WindowKind.WAIT, days=14)
    >>> find(limits(windows=st.just(two_weeks)), lambda limit: limit.strict).max is None
    True
    >>> limits(windows=two_weeks)
    Traceback (most recent call last):
    ...
    hypothesis.errors.InvalidArgument: windows is a strategy, not Window(kind=<WindowKind.WAIT: 'wait'>, months=None, days=14): write windows=st.just(Window(kind=<WindowKind.WAIT: 'wait'>, months=None, days=14))

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    of_windows = chosen(windows, "windows", _ANY_WINDOW)

    @st.composite
    def made_up(draw: st.DrawFn) -> Limit:
        window = draw(of_windows)
        one_session = window.kind is WindowKind.SESSION
        return Limit(
            id=draw(st.sampled_from(_AMOUNTS if one_session else _PAST)),
            scope=draw(st.sampled_from(Scope)),
            window=window,
            max=None if window.kind is WindowKind.WAIT else draw(st.integers(0, 5)),
            strict=draw(st.booleans()),
            applies_to=draw(_KINDS),
            counts=draw(_KINDS),
            unmarked_as=draw(either(st.just(SessionKind.THERAPEUTIC_INJECTION))),
            family=draw(either(st.sampled_from(Family))),
        )

    @st.composite
    def stated(draw: st.DrawFn) -> Limit:
        on, claim_type = draw(service_dates()), draw(claim_types())
        rules = TermRules(draw(packaged_policy()), packaged(), on=on, claim_type=claim_type)
        known = [limit for limit in limits_of(rules).values() if isinstance(limit, Limit)]
        return draw(st.sampled_from(known) if known else made_up())

    return made_up() if windows is not None else made_up() | stated()


_ANY_WINDOW = windows()


def verdicts() -> SearchStrategy[Verdict]:
    """Return verdicts of limits on an amount, or on a session with its history.

    The session often resembles an earlier one, to meet the limit as often as not.
    """

    @st.composite
    def drawn(draw: st.DrawFn) -> Verdict:
        limit = draw(limits())
        if limit.window.kind is WindowKind.SESSION:
            return judge_amount(limit, draw(amounts()))
        history = draw(either(histories()))
        session = draw(
            st.sampled_from(history.sessions) if history and history.sessions else past_sessions()
        )
        later = dt.timedelta(draw(st.integers(0, 400)))
        session = attrs.evolve(session, date=min(session.date, dt.date.max - later) + later)
        return judge_session(limit, session, history, counted_by=draw(st.sampled_from(CountedBy)))

    return drawn()
