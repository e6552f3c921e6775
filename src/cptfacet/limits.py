"""How much a policy covers, and how often: each limit as a value, judged in one place.

A limit is a number of sessions in a window of time, a waiting time, or an amount in one session. A
verdict states the result and the facts behind it; the caller words it.
"""

from __future__ import annotations

import datetime as dt
import functools
from bisect import bisect_left, bisect_right
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from cptfacet._records import many, sealed
from cptfacet.dates import window_left, window_start
from cptfacet.history import INJECTIONS, PastSession, SessionCount, SessionKind
from cptfacet.policies import NotKnown, value_of
from cptfacet.procedures import Family, Ordinal, ProcedureKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cptfacet.citations import Citation
    from cptfacet.history import History
    from cptfacet.policies import Answer, Provision
    from cptfacet.procedures import Procedure
    from cptfacet.rulebook import TermRules

__all__ = [
    "Amount",
    "CountedBy",
    "Limit",
    "LimitId",
    "Missing",
    "Result",
    "Scope",
    "Verdict",
    "Window",
    "WindowKind",
    "global_period",
    "global_period_in",
    "judge_amount",
    "judge_session",
    "limit_in",
    "limits_of",
    "unmarked_kind",
]


def __dir__() -> list[str]:
    return sorted(__all__)


class Result(StrEnum):
    """The answer to a question about coverage."""

    MET = "met"
    NOT_MET = "not-met"
    NOT_KNOWN = "not-known"
    NOT_APPLICABLE = "not-applicable"


class LimitId(StrEnum):
    """The limits that a policy may have, and the global period of the fee schedule."""

    DIAGNOSTIC_SESSIONS = "sessions.diagnostic"
    THERAPEUTIC_SESSIONS = "sessions.therapeutic"
    ABLATION_SESSIONS = "sessions.ablation"
    INJECTION_SESSIONS = "sessions.injections"
    DIAGNOSTIC_INTERVAL = "diagnostic.interval"
    DIAGNOSTIC_AFTER_ABLATION = "diagnostic.after-ablation"
    LEVELS = "levels.max"
    REGIONS = "regions.max"
    GLOBAL_PERIOD = "global-period"


class Scope(StrEnum):
    """Where a limit counts.

    ``session`` is everything in the session, ``region`` one coverage region, ``level`` one joint,
    ``level-and-side`` one joint on one side.
    """

    SESSION = "session"
    REGION = "region"
    LEVEL = "level"
    LEVEL_AND_SIDE = "level-and-side"


class WindowKind(StrEnum):
    """How a limit counts: in a rolling window, as a waiting time, or in one session."""

    ROLLING = "rolling"
    WAIT = "wait"
    SESSION = "session"


class CountedBy(StrEnum):
    """How sessions are counted: as they were performed, or as the payer reads their claims."""

    RECORD = "record"
    CLAIM = "claim"


class Missing(StrEnum):
    """A fact without which a verdict is not known.

    ``procedure`` is what was performed: a discontinued service may not count, and neither may a
    denervation that the policy does not code as an ablation.
    """

    HISTORY = "history"
    PROCEDURE = "procedure"
    PURPOSE = "purpose"
    REGION = "region"
    LEVEL = "level"
    SIDE = "side"


@sealed
@attrs.frozen(kw_only=True)
class Window:
    """The time in which a limit counts: a number of months or days, or one session.

    >>> Window(kind=WindowKind.ROLLING, months=12).first(dt.date(2026, 3, 2))
    datetime.date(2025, 3, 3)
    >>> Window(kind=WindowKind.WAIT, days=14).left(dt.date(2026, 3, 2))
    datetime.date(2026, 3, 16)
    >>> Window(kind=WindowKind.WAIT)
    Traceback (most recent call last):
    ...
    ValueError: a wait window needs a length of 0 or more, in months or in days

    Raises:
        ValueError: The window has no length, two lengths, or one below 0; or it is one session and
            has a length.
    """

    kind: WindowKind
    months: int | None = None
    days: int | None = None

    def __attrs_post_init__(self) -> None:
        """Check that there is one length, or none for one session."""
        lengths = [length for length in (self.months, self.days) if length is not None]
        if self.kind is WindowKind.SESSION:
            if lengths:
                message = "a window of one session can't have a length"
                raise ValueError(message)
        elif len(lengths) != 1 or lengths[0] < 0:
            message = f"a {self.kind} window needs a length of 0 or more, in months or in days"
            raise ValueError(message)

    def first(self, day: dt.date) -> dt.date:
        """Return the first day of the window that ends on a day; if its length is 0, the next day."""
        if self.months:
            return window_start(day, self.months)
        first = day.toordinal() + 1 - (self.days or 0)
        return dt.date.fromordinal(min(max(first, 1), dt.date.max.toordinal()))

    def left(self, day: dt.date) -> dt.date | None:
        """Return the first date whose window no longer includes a day, or None past the calendar."""
        return window_left(day, self.months) if self.months else _shifted(day, self.days or 0)


def _shifted(day: dt.date, days: int) -> dt.date | None:
    try:
        return day + dt.timedelta(days)
    except OverflowError:
        return None


@sealed
@attrs.frozen(kw_only=True)
class Amount:
    """A number with a lower bound and, if known, an upper bound.

    >>> Amount(at_least=3)
    Amount(at_least=3, at_most=None)
    >>> Amount(at_least=3, at_most=2)
    Traceback (most recent call last):
    ...
    ValueError: at_most must be at_least (3) or more, not 2

    Raises:
        ValueError: The bounds contradict each other, or one is below 0.
    """

    at_least: int = 0
    at_most: int | None = None

    def __attrs_post_init__(self) -> None:
        """Check the bounds."""
        if self.at_least < 0:
            message = f"at_least must be 0 or more, not {self.at_least}"
            raise ValueError(message)
        if self.at_most is not None and self.at_most < self.at_least:
            message = f"at_most must be at_least ({self.at_least}) or more, not {self.at_most}"
            raise ValueError(message)


@sealed
@attrs.frozen(kw_only=True)
class Limit:
    """One limit of a policy in one period.

    ``max`` is the most that is covered, or with ``strict`` the number that must not be reached. A
    wait has no ``max``: its window is the time to wait, or with ``strict`` the time to exceed.
    ``applies_to`` lists the kinds of sessions that it limits, and ``counts`` the kinds of earlier
    sessions that it counts; empty means every kind. ``unmarked_as`` is how the payer counts an
    injection whose claim shows no purpose. ``family`` is the code family of a limit on levels.
    ``citations`` are the sources of the number.

    >>> rolling = Window(kind=WindowKind.ROLLING, months=12)
    >>> Limit(id=LimitId.ABLATION_SESSIONS, scope=Scope.REGION, window=rolling, max=2).max
    2
    >>> Limit(id=LimitId.ABLATION_SESSIONS, scope=Scope.REGION, window=rolling)
    Traceback (most recent call last):
    ...
    ValueError: sessions.ablation: a wait can't have a max, and every other limit needs one

    Raises:
        ValueError: A wait has a max, or another limit has none.
    """

    id: LimitId
    scope: Scope
    window: Window
    max: int | None = None
    strict: bool = False
    applies_to: tuple[SessionKind, ...] = ()
    counts: tuple[SessionKind, ...] = ()
    unmarked_as: SessionKind | None = None
    family: Family | None = None
    provisions: tuple[Provision, ...] = ()
    citations: tuple[Citation, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Check the types."""
        for name in ("applies_to", "counts", "provisions", "citations"):
            many(self, name)
        waits = self.window.kind is WindowKind.WAIT
        if waits is not (self.max is None):
            message = f"{self.id}: a wait can't have a max, and every other limit needs one"
            raise ValueError(message)

    @property
    def most(self) -> int:
        """The most that is covered; 0 for a wait."""
        return 0 if self.max is None else self.max - self.strict

    def first(self, day: dt.date) -> dt.date:
        """Return the first day on which an earlier session counts for a session on a day."""
        return self.window.first(_shifted(day, -1) or day if self._exceeds else day)

    def left(self, day: dt.date) -> dt.date | None:
        """Return the first date of service for which a session on a day no longer counts."""
        left = self.window.left(day)
        return _shifted(left, 1) if left is not None and self._exceeds else left

    @property
    def _exceeds(self) -> bool:
        return self.strict and self.max is None

    @property
    def allowed(self) -> int:
        """The most earlier sessions that allow one more; below 0 if none is ever allowed."""
        return self.most - (self.max is not None)


@sealed
@attrs.frozen(kw_only=True)
class Verdict:
    """The result of judging a session by a limit.

    ``used`` is the number of sessions before this one, or the amount in one session, or None if
    nothing is known. ``earlier`` has the sessions that count. ``next_date`` is the first date after
    the session's own on which the limit is met, or None if it is met already or never will be.
    ``missing`` lists the facts that a not-known result lacks.
    """

    limit: Limit
    result: Result
    session: PastSession | None = None
    counted_by: CountedBy = CountedBy.RECORD
    used: Amount | None = None
    earlier: SessionCount = attrs.field(factory=SessionCount)
    next_date: dt.date | None = None
    missing: tuple[Missing, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Check the types."""
        many(self, "missing")

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The citations of the limit."""
        return self.limit.citations

    @property
    def left(self) -> Amount | None:
        """What remains of the limit; None for a wait, or if nothing is known."""
        if self.used is None or self.limit.max is None:
            return None
        most, at_most = self.limit.most, self.used.at_most
        return Amount(
            at_least=0 if at_most is None else max(most - at_most, 0),
            at_most=max(most - self.used.at_least, 0),
        )

    @property
    def first(self) -> dt.date | None:
        """The first day of the window, or None for a limit on one session."""
        return self.limit.first(self.session.date) if self.session else None

    @property
    def last(self) -> dt.date | None:
        """The last day of the window, the session's own; None for a limit on one session."""
        return self.session.date if self.session else None


# -- the limits of a policy


_SESSIONS = {
    LimitId.DIAGNOSTIC_SESSIONS: SessionKind.DIAGNOSTIC_INJECTION,
    LimitId.THERAPEUTIC_SESSIONS: SessionKind.THERAPEUTIC_INJECTION,
    LimitId.ABLATION_SESSIONS: SessionKind.ABLATION,
}
_INJECTIONS = tuple(kind for kind in SessionKind if kind in INJECTIONS)


def limits_of(rules: TermRules) -> Mapping[tuple[LimitId, Family | None], Limit | NotKnown]:
    """Return every limit that a policy may have, by its id and, for levels, its family.

    >>> from cptfacet import policies
    >>> from cptfacet.claims import ClaimType
    >>> from cptfacet.reference import packaged
    >>> from cptfacet.rulebook import TermRules
    >>> rules = TermRules(
    ...     policies.get("medicare"),
    ...     packaged(),
    ...     on=dt.date(2026, 3, 2),
    ...     claim_type=ClaimType.PROFESSIONAL,
    ... )
    >>> limit = limits_of(rules)[LimitId.ABLATION_SESSIONS, None]
    >>> limit.max, limit.window.months
    (2, 12)
    >>> limits_of(rules)[LimitId.INJECTION_SESSIONS, None].key
    'sessions.pooled.max'
    """
    return MappingProxyType(dict(_limits(rules)))


def limit_in(rules: TermRules, id_: LimitId, family: Family | None = None) -> Limit | NotKnown:
    """Return a limit of the policy in a term; one on levels is that of a family."""
    return rules.once(limits_of)[id_, family]


def global_period_in(rules: TermRules) -> Limit | None:
    """Return the global period of an ablation; None where the fee schedule has none in the term."""
    found = rules.reference.find_procedures(
        kind=ProcedureKind.FACET, family=Family.ABLATION, ordinal=Ordinal.FIRST, on=rules.on
    )
    return global_period(found[0]) if found else None


def unmarked_kind(rules: TermRules) -> SessionKind | None:
    """Return the kind under which the payer counts an injection whose claim shows no purpose.

    It is a therapeutic one where diagnostic injections have a modifier; else None.
    """
    kx = value_of(rules.diagnostic_modifier(Family.IMAGE_GUIDED_INJECTION))
    return SessionKind.THERAPEUTIC_INJECTION if kx else None


def _limits(rules: TermRules) -> Iterator[tuple[tuple[LimitId, Family | None], Limit | NotKnown]]:
    unmarked = unmarked_kind(rules)
    window = rules.session_window()
    for id_, kind in _SESSIONS.items():
        yield (id_, None), _count(id_, (kind,), rules.max_sessions(kind), window, unmarked=unmarked)
    id_, pooled = LimitId.INJECTION_SESSIONS, rules.max_pooled_sessions()
    yield (id_, None), _count(id_, _INJECTIONS, pooled, window, unmarked=unmarked)
    id_, days = LimitId.DIAGNOSTIC_INTERVAL, rules.diagnostic_interval()
    yield (id_, None), _wait(id_, days, SessionKind.DIAGNOSTIC_INJECTION)
    id_, months = LimitId.DIAGNOSTIC_AFTER_ABLATION, rules.months_after_ablation()
    yield (id_, None), _wait(id_, months, SessionKind.ABLATION)
    for family in Family:
        levels = rules.max_levels(family)
        yield (LimitId.LEVELS, family), _amount(LimitId.LEVELS, levels, Scope.REGION, family)
    yield (LimitId.REGIONS, None), _amount(LimitId.REGIONS, rules.max_regions(), Scope.SESSION)


def _count(
    id_: LimitId,
    kinds: tuple[SessionKind, ...],
    most: Answer[int],
    window: Answer[int],
    *,
    unmarked: SessionKind | None,
) -> Limit | NotKnown:
    if isinstance(most, NotKnown):
        return most
    if isinstance(window, NotKnown):
        return window
    return Limit(
        id=id_,
        scope=Scope.REGION,
        window=Window(kind=WindowKind.ROLLING, months=window.value),
        max=most.value,
        applies_to=kinds,
        counts=kinds,
        unmarked_as=unmarked,
        provisions=(most.provision, window.provision),
        citations=most.citations,
    )


def _wait(id_: LimitId, wait: Answer[int], counts: SessionKind) -> Limit | NotKnown:
    if isinstance(wait, NotKnown):
        return wait
    return Limit(
        id=id_,
        scope=Scope.LEVEL,
        window=Window(kind=WindowKind.WAIT, **{str(wait.provision.unit): wait.value}),
        applies_to=(SessionKind.DIAGNOSTIC_INJECTION,),
        counts=(counts,),
        provisions=(wait.provision,),
        citations=wait.citations,
    )


def _amount(
    id_: LimitId, most: Answer[int], scope: Scope, family: Family | None = None
) -> Limit | NotKnown:
    if isinstance(most, NotKnown):
        return most
    return Limit(
        id=id_,
        scope=scope,
        window=Window(kind=WindowKind.SESSION),
        max=most.value,
        family=family,
        provisions=(most.provision,),
        citations=most.citations,
    )


def global_period(procedure: Procedure) -> Limit | None:
    """Return the global period of a procedure as a wait, or None if the fee schedule has none.

    It applies to any procedure within that many days after this one, wherever it is performed.

    >>> from cptfacet.reference import packaged
    >>> global_period(packaged().get_procedure("64635")).left(dt.date(2026, 3, 2))
    datetime.date(2026, 3, 13)
    >>> global_period(packaged().get_procedure("64636")) is None
    True
    """
    indicators = procedure.indicators
    days = indicators.global_days.days if indicators else None
    if indicators is None or days is None:
        return None
    return Limit(
        id=LimitId.GLOBAL_PERIOD,
        scope=Scope.SESSION,
        window=Window(kind=WindowKind.WAIT, days=days),
        strict=True,
        counts=(SessionKind.ABLATION,),
        citations=indicators.citations,
    )


# -- verdicts


_LACKING = {LimitId.LEVELS: Missing.LEVEL, LimitId.REGIONS: Missing.REGION}


def judge_amount(limit: Limit, used: Amount) -> Verdict:
    """Judge the amount in one session, such as its levels or regions, by a limit on one session.

    >>> session = Window(kind=WindowKind.SESSION)
    >>> limit = Limit(id=LimitId.LEVELS, scope=Scope.REGION, window=session, max=2)
    >>> [judge_amount(limit, Amount(at_least=n, at_most=3)).result.value for n in (2, 3)]
    ['not-known', 'not-met']
    >>> wait = attrs.evolve(limit, window=Window(kind=WindowKind.WAIT, days=14), max=None)
    >>> judge_amount(wait, Amount(at_least=3))
    Traceback (most recent call last):
    ...
    ValueError: levels.max counts earlier sessions: use judge_session

    Raises:
        ValueError: The limit is not on one session.
    """
    if limit.window.kind is not WindowKind.SESSION:
        message = f"{limit.id} counts earlier sessions: use judge_session"
        raise ValueError(message)
    if used.at_least > limit.most:
        return Verdict(limit=limit, result=Result.NOT_MET, used=used)
    if used.at_most is not None and used.at_most <= limit.most:
        return Verdict(limit=limit, result=Result.MET, used=used)
    missing = (_LACKING[limit.id],)
    return Verdict(limit=limit, result=Result.NOT_KNOWN, used=used, missing=missing)


def judge_session(
    limit: Limit,
    session: PastSession,
    history: History | None,
    *,
    counted_by: CountedBy = CountedBy.RECORD,
) -> Verdict:
    """Judge a session by a limit on earlier ones.

    A session on the same day in the history is the session being judged, and does not count.

    >>> from cptfacet.anatomy import CoverageRegion
    >>> from cptfacet.history import History
    >>> year = Window(kind=WindowKind.ROLLING, months=12)
    >>> limit = Limit(id=LimitId.ABLATION_SESSIONS, scope=Scope.REGION, window=year, max=2)
    >>> first, last, session = (
    ...     PastSession(date=day, kind=SessionKind.ABLATION, region=CoverageRegion.LUMBAR_SACRAL)
    ...     for day in (dt.date(2025, 4, 1), dt.date(2025, 10, 6), dt.date(2026, 3, 2))
    ... )
    >>> verdict = judge_session(limit, session, History(sessions=(first, last)))
    >>> str(verdict.result), verdict.used.at_least, verdict.left.at_most, str(verdict.next_date)
    ('not-met', 2, 0, '2026-04-01')
    >>> levels = attrs.evolve(limit, window=Window(kind=WindowKind.SESSION))
    >>> judge_session(levels, session, History())
    Traceback (most recent call last):
    ...
    ValueError: sessions.ablation is a limit on one session: use judge_amount

    Raises:
        ValueError: The limit is on one session.
    """
    if limit.window.kind is WindowKind.SESSION:
        message = f"{limit.id} is a limit on one session: use judge_amount"
        raise ValueError(message)
    unmarked_as = limit.unmarked_as if counted_by is CountedBy.CLAIM else None
    applies = session.is_of(limit.applies_to or SessionKind, unmarked_as=unmarked_as)
    verdict = Verdict(
        limit=limit, result=Result.NOT_APPLICABLE, session=session, counted_by=counted_by
    )
    if applies is False:
        return verdict
    if history is None:
        return attrs.evolve(verdict, result=Result.NOT_KNOWN, missing=(Missing.HISTORY,))
    count = functools.partial(_counted, limit, session, history, unmarked_as)
    earlier = count(since=limit.first(session.date), before=session.date)
    used = Amount(at_least=earlier.at_least, at_most=earlier.at_most)
    if earlier.at_most <= limit.allowed:
        return attrs.evolve(verdict, result=Result.MET, used=used, earlier=earlier)
    sure = applies and session.certain and earlier.at_least > limit.allowed
    days = {past.date for past in count(since=dt.date.min, before=dt.date.max).sessions}
    return attrs.evolve(
        verdict,
        result=Result.NOT_MET if sure else Result.NOT_KNOWN,
        used=used,
        earlier=earlier,
        next_date=_next_date(limit, sorted(days - {session.date}), session.date),
        missing=() if sure else _missing(limit, session, earlier, unmarked_as),
    )


def _counted(
    limit: Limit,
    session: PastSession,
    history: History,
    unmarked_as: SessionKind | None,
    *,
    since: dt.date,
    before: dt.date,
) -> SessionCount:
    """Return the sessions between two days that count, certainly or possibly, for a session."""
    at_level = limit.scope in _AT_LEVEL
    found = history.find(
        since=since,
        before=before,
        region=None if limit.scope is Scope.SESSION else session.region,
        joints=session.joints if at_level else (),
        kinds=limit.counts or SessionKind,
        unmarked_as=unmarked_as,
    )
    if _lacks_place(limit, session):
        return SessionCount(possible=found.sessions)
    if not at_level:
        return found
    certain = {past: _is_on_its_side(limit, past, session) for past in found.certain}
    return SessionCount(
        certain=tuple(past for past, counts in certain.items() if counts),
        possible=(
            *(past for past, counts in certain.items() if counts is None),
            *(p for p in found.possible if _is_on_its_side(limit, p, session) is not False),
        ),
    )


_AT_LEVEL = (Scope.LEVEL, Scope.LEVEL_AND_SIDE)


def _lacks_place(limit: Limit, session: PastSession) -> bool:
    """Whether the place in which the limit counts a session is not known."""
    if limit.scope in _AT_LEVEL:
        return not session.joints
    return limit.scope is Scope.REGION and session.region is None


def _is_on_its_side(limit: Limit, past: PastSession, session: PastSession) -> bool | None:
    """Whether an earlier session at a level counts by its side, or None if that is open.

    Both sides of a joint are one level. A limit on levels also mentions the nerves, which leaves
    open whether the other side counts.
    """
    same = _share_a_side(past, session)
    if limit.scope is Scope.LEVEL:
        return None if same is False else True
    return same


def _share_a_side(past: PastSession, session: PastSession) -> bool | None:
    """Whether two sessions treated a joint on the same side, or None if a side is not stated."""
    sides = {target.joint: target.side for target in session.targets}
    shared = [
        None
        if target.side is None or (side := sides[target.joint]) is None
        else not set(side.parts).isdisjoint(target.side.parts)
        for target in past.targets
        if target.joint in sides
    ]
    if True in shared:
        return True
    return None if None in shared or not shared else False


def _next_date(limit: Limit, days: Sequence[dt.date], after: dt.date) -> dt.date | None:
    """Return the first later date on which no more days count than are allowed.

    The number falls only on a date on which a day leaves the window. A limit of 0 allows none.
    """
    if limit.allowed < 0:
        return None
    left = [date for date in map(limit.left, days) if date is not None]
    for date in left:
        counted = bisect_left(days, date) - bisect_right(left, date)
        if date > after and counted <= limit.allowed:
            return date
    return None


def _missing(
    limit: Limit, session: PastSession, earlier: SessionCount, unmarked_as: SessionKind | None
) -> tuple[Missing, ...]:
    """List the facts that are not known about a session and those that possibly count for it."""
    open_, at_level = earlier.possible, limit.scope in _AT_LEVEL
    asked = [(limit.applies_to, session), *((limit.counts, past) for past in open_)]
    placed = limit.scope is not Scope.SESSION and session.region is not None
    lacks = {
        Missing.PROCEDURE: not all(past.certain for past in (session, *open_)),
        Missing.PURPOSE: any(
            past.is_of(kinds or SessionKind, unmarked_as=unmarked_as) is None
            for kinds, past in asked
        ),
        Missing.REGION: (limit.scope is Scope.REGION and session.region is None)
        or (placed and any(past.region is None for past in open_)),
        Missing.LEVEL: at_level and not (session.joints and all(past.targets for past in open_)),
        Missing.SIDE: at_level
        and bool(session.joints)
        and any(p.targets and _is_on_its_side(limit, p, session) is None for p in open_),
    }
    return tuple(missing for missing, lacking in lacks.items() if lacking)
