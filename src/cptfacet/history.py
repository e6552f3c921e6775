"""Earlier sessions of one patient, as limits count them: by day, kind and coverage region.

A history names no patient, no practitioner and no payer. What is not known of a session stays so: a
count says how many there are at the least and at the most.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum

import attrs

from cptfacet._records import many, sealed
from cptfacet.anatomy import CoverageRegion, Joint, Side
from cptfacet.claims import Purpose
from cptfacet.dates import window_start
from cptfacet.sessions import Target, merge_sides

__all__ = [
    "INJECTIONS",
    "History",
    "PastSession",
    "SessionCount",
    "SessionKind",
    "all_sides",
    "injection_kind",
]


class SessionKind(StrEnum):
    """What was done in a session, as limits count it. An injection is one of unknown purpose."""

    DIAGNOSTIC_INJECTION = "diagnostic-injection"
    THERAPEUTIC_INJECTION = "therapeutic-injection"
    INJECTION = "injection"
    ABLATION = "ablation"
    CYST_RUPTURE = "cyst-rupture"


_OF_PURPOSE = {
    Purpose.DIAGNOSTIC: SessionKind.DIAGNOSTIC_INJECTION,
    Purpose.THERAPEUTIC: SessionKind.THERAPEUTIC_INJECTION,
    None: SessionKind.INJECTION,
}
_OF_KNOWN_PURPOSE = frozenset((SessionKind.DIAGNOSTIC_INJECTION, SessionKind.THERAPEUTIC_INJECTION))
INJECTIONS = _OF_KNOWN_PURPOSE | {SessionKind.INJECTION}
_KINDS = tuple(SessionKind)
_REGIONS = (*CoverageRegion, None)


def injection_kind(purpose: Purpose | None) -> SessionKind:
    """Give the kind of an injection for some purpose, or for one that is not known.

    >>> injection_kind(None)
    <SessionKind.INJECTION: 'injection'>
    """
    return _OF_PURPOSE[purpose]


@sealed
@attrs.frozen(kw_only=True)
class PastSession:
    """What was done on one day, of one kind, in one coverage region.

    ``region`` is None where no source tells in which one it counts. ``targets`` are the joints,
    head to tail, where they are known; claims rarely tell. ``side`` is every side that is named,
    together. ``certain`` is False where it is open whether there was such a session: lines that
    can't be read wholly, a service that was stopped, a denervation of which it is not known
    whether it counts.

    >>> PastSession(
    ...     date=dt.date(2026, 1, 5),
    ...     kind=SessionKind.ABLATION,
    ...     region=CoverageRegion.LUMBAR_SACRAL,
    ...     targets=(
    ...         Target(joint=Joint.L5_S1, side=Side.LEFT),
    ...         Target(joint=Joint.L4_L5, side=Side.LEFT),
    ...     ),
    ... ).joints
    (<Joint.L4_L5: 'L4-L5'>, <Joint.L5_S1: 'L5-S1'>)
    >>> PastSession(date="2026-01-05", kind=SessionKind.ABLATION)
    Traceback (most recent call last):
    ...
    TypeError: date is a datetime.date without time, not str
    """

    date: dt.date
    kind: SessionKind
    region: CoverageRegion | None = None
    targets: tuple[Target, ...] = ()
    side: Side | None = None
    certain: bool = True

    def __attrs_post_init__(self) -> None:
        """Check the shape once; put targets in order, and their sides to that of the session."""
        many(self, "targets")
        if type(self.date) is not dt.date:
            message = f"date is a datetime.date without time, not {type(self.date).__name__}"
            raise TypeError(message)
        if type(self.kind) is not SessionKind:
            message = f"kind is a SessionKind ({', '.join(SessionKind)}), not {self.kind!r}"
            raise TypeError(message)
        if self.region is not None and type(self.region) is not CoverageRegion:
            words = ", ".join(CoverageRegion)
            message = f"region is a CoverageRegion ({words}) or None, not {self.region!r}"
            raise TypeError(message)
        if self.side is not None and type(self.side) is not Side:
            message = f"side is a Side or None, not {self.side!r}"
            raise TypeError(message)
        if not self.targets:
            return
        merged, _ = merge_sides((target.joint, target.side) for target in self.targets)
        targets = tuple(Target(joint=joint, side=merged[joint]) for joint in sorted(merged))
        object.__setattr__(self, "targets", targets)
        object.__setattr__(self, "side", all_sides((self.side, *merged.values())))

    @property
    def joints(self) -> tuple[Joint, ...]:
        """The joints that are known, head to tail."""
        return tuple(target.joint for target in self.targets)

    def is_of(
        self, kinds: Iterable[SessionKind], *, unmarked_as: SessionKind | None = None
    ) -> bool | None:
        """Whether the session is of one of some kinds; None where its purpose decides.

        ``unmarked_as`` is the kind as which an injection of unknown purpose counts.

        >>> injection = PastSession(date=dt.date(2026, 1, 5), kind=SessionKind.INJECTION)
        >>> diagnostic, therapeutic = map(injection_kind, Purpose)
        >>> injection.is_of([diagnostic]) is None, injection.is_of([diagnostic, therapeutic])
        (True, True)
        >>> injection.is_of([diagnostic], unmarked_as=therapeutic)
        False
        """
        asked, kind = frozenset(kinds), self.kind
        if kind is SessionKind.INJECTION and unmarked_as is not None:
            kind = unmarked_as
        if kind in asked:
            return True
        if kind is not SessionKind.INJECTION or not asked & _OF_KNOWN_PURPOSE:
            return False
        return True if asked >= _OF_KNOWN_PURPOSE else None


def all_sides(sides: Iterable[Side | None]) -> Side | None:
    """Give every side that is named among some, together; None where none is.

    >>> all_sides([Side.LEFT, None, Side.RIGHT])
    <Side.BILATERAL: 'bilateral'>
    >>> all_sides([]) is None
    True
    """
    merged, _ = merge_sides((True, side) for side in sides)
    return merged.get(True)


def _key(session: PastSession) -> tuple[dt.date, CoverageRegion | None, SessionKind]:
    return session.date, session.region, session.kind


def _place(session: PastSession) -> tuple[dt.date, int, int]:
    return session.date, _REGIONS.index(session.region), _KINDS.index(session.kind)


def _joined(one: PastSession, other: PastSession) -> PastSession:
    return attrs.evolve(
        one,
        targets=one.targets + other.targets,
        side=all_sides((one.side, other.side)),
        certain=one.certain or other.certain,
    )


@sealed
@attrs.frozen(kw_only=True)
class SessionCount:
    """Sessions that answer a question, and further ones of which it is open whether they do.

    A session is a day: whatever was done on one day counts once.
    """

    certain: tuple[PastSession, ...] = ()
    possible: tuple[PastSession, ...] = ()

    @property
    def sessions(self) -> tuple[PastSession, ...]:
        """All of them, by date."""
        return tuple(sorted(self.certain + self.possible, key=_place))

    @property
    def at_least(self) -> int:
        """How many days have a session that surely answers."""
        return len({session.date for session in self.certain})

    @property
    def at_most(self) -> int:
        """How many days have a session that may answer."""
        return len({session.date for session in self.certain + self.possible})


@sealed
@attrs.frozen(kw_only=True)
class History:
    """The earlier sessions of one patient, by date; one for each day, region and kind.

    What the claims of a practitioner and of a facility say of one session is one session: of the
    same day, region and kind, joints and sides are joined. The order in which they are given tells
    nothing.

    >>> block = PastSession(
    ...     date=dt.date(2026, 1, 5),
    ...     kind=SessionKind.DIAGNOSTIC_INJECTION,
    ...     region=CoverageRegion.LUMBAR_SACRAL,
    ... )
    >>> history = History(sessions=(block, block))
    >>> len(history.sessions)
    1
    >>> history.count_within(12, before=dt.date(2026, 3, 2)).at_least
    1
    >>> History(sessions=("2026-01-05",))
    Traceback (most recent call last):
    ...
    TypeError: sessions are PastSession values, not str

    Source: "session" in the local coverage determinations, such as L38801: all facet procedures of
    one day. That both claims of a session count once is our reading of it.
    """

    sessions: tuple[PastSession, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Check the shape, join what is one session, and put all in order."""
        many(self, "sessions")
        found: dict[tuple[dt.date, CoverageRegion | None, SessionKind], PastSession] = {}
        for session in self.sessions:
            if type(session) is not PastSession:
                message = f"sessions are PastSession values, not {type(session).__name__}"
                raise TypeError(message)
            before = found.get(_key(session))
            found[_key(session)] = _joined(before, session) if before else session
        object.__setattr__(self, "sessions", tuple(sorted(found.values(), key=_place)))

    def find(
        self,
        *,
        before: dt.date,
        since: dt.date = dt.date.min,
        region: CoverageRegion | None = None,
        joints: Iterable[Joint] = (),
        kinds: Iterable[SessionKind] = SessionKind,
        unmarked_as: SessionKind | None = None,
    ) -> SessionCount:
        """Find the sessions on or after a day and before another one, which is left out.

        Without ``region`` or ``joints``, those of every region and joint are found. A session
        whose region, joints or purpose is not known is a possible one where they are asked for.
        ``unmarked_as`` says as what an injection of unknown purpose counts: a payer that asks for
        a mark on diagnostic lines counts a line without it as therapeutic.

        >>> unmarked = PastSession(date=dt.date(2026, 1, 5), kind=SessionKind.INJECTION)
        >>> history = History(sessions=(unmarked,))
        >>> therapeutic = [SessionKind.THERAPEUTIC_INJECTION]
        >>> found = history.find(before=dt.date(2026, 3, 2), kinds=therapeutic)
        >>> found.at_least, found.at_most
        (0, 1)
        >>> history.find(
        ...     before=dt.date(2026, 3, 2), kinds=therapeutic, unmarked_as=therapeutic[0]
        ... ).at_least
        1
        >>> history.find(before=dt.date(2026, 3, 2), kinds="ablation")
        Traceback (most recent call last):
        ...
        TypeError: kinds are SessionKind values, not single texts: write [SessionKind.ABLATION]

        Source: for a missing mark, the OIG report of March 2023 on facet-joint interventions.
        """
        if isinstance(kinds, str):
            message = "kinds are SessionKind values, not single texts: write [SessionKind.ABLATION]"
            raise TypeError(message)
        asked, where = frozenset(kinds), frozenset(joints)
        certain: list[PastSession] = []
        possible: list[PastSession] = []
        for session in self.sessions:
            if not since <= session.date < before:
                continue
            answers = (
                session.certain or None,
                session.is_of(asked, unmarked_as=unmarked_as),
                _is_in(session, region),
                _is_at(session, where),
            )
            if all(answers):
                certain.append(session)
            elif False not in answers:
                possible.append(session)
        return SessionCount(certain=tuple(certain), possible=tuple(possible))

    def count_within(
        self,
        window_months: int,
        *,
        before: dt.date,
        region: CoverageRegion | None = None,
        joints: Iterable[Joint] = (),
        kinds: Iterable[SessionKind] = SessionKind,
        unmarked_as: SessionKind | None = None,
    ) -> SessionCount:
        """Count the sessions of the rolling window of some months that ends on a day.

        That day itself, the one that is asked about, is left out. `window_start` of
        `cptfacet.dates` says where the window begins; the rest is as in `find`.

        >>> def ablation(day):
        ...     return PastSession(date=day, kind=SessionKind.ABLATION)
        >>> history = History(
        ...     sessions=(ablation(dt.date(2025, 3, 2)), ablation(dt.date(2025, 3, 3)))
        ... )
        >>> history.count_within(12, before=dt.date(2026, 3, 2)).at_least
        1

        Raises:
            ValueError: The number of months is not positive.
        """
        return self.find(
            before=before,
            since=window_start(before, window_months),
            region=region,
            joints=joints,
            kinds=kinds,
            unmarked_as=unmarked_as,
        )

    def last_ablation(
        self,
        region: CoverageRegion | None = None,
        *,
        before: dt.date,
        joints: Iterable[Joint] = (),
    ) -> SessionCount:
        """Find the last ablation before a day, in a region or at some joints.

        ``certain`` holds the last one that is sure, and ``possible`` what may have been one after
        it or on the same day.

        >>> sure, open_ = (
        ...     PastSession(date=dt.date(2025, month, 2), kind=SessionKind.ABLATION, certain=sure)
        ...     for month, sure in ((3, True), (6, False))
        ... )
        >>> last = History(sessions=(sure, open_)).last_ablation(before=dt.date(2026, 3, 2))
        >>> last.certain == (sure,), last.possible == (open_,)
        (True, True)
        """
        found = self.find(before=before, region=region, joints=joints, kinds=[SessionKind.ABLATION])
        if not found.certain:
            return found
        last = found.certain[-1]
        later = tuple(session for session in found.possible if session.date >= last.date)
        return SessionCount(certain=(last,), possible=later)


def _is_in(session: PastSession, region: CoverageRegion | None) -> bool | None:
    if region is None or session.region is region:
        return True
    return None if session.region is None else False


def _is_at(session: PastSession, joints: frozenset[Joint]) -> bool | None:
    if not joints or not joints.isdisjoint(session.joints):
        return True
    return False if session.targets else None
