"""Earlier sessions of one patient, as limits count them: by day, kind and coverage region.

A history identifies no patient, practitioner or payer. What is not known of a session stays open: a
count is at least so many sessions, and at most so many.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum

import attrs

from cptfacet._inputs import expect_all, expect_date, expect_or_none
from cptfacet._records import check_types, sealed
from cptfacet._text import series
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


def __dir__() -> list[str]:
    return sorted(__all__)


class SessionKind(StrEnum):
    """What was performed in a session, as limits count it; an injection has an unknown purpose."""

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
    """Return the kind of an injection with a purpose, or with one that is not known.

    >>> injection_kind(None)
    <SessionKind.INJECTION: 'injection'>
    """
    expect_or_none(purpose, Purpose, "purpose")
    return _OF_PURPOSE[purpose]


@sealed
@attrs.frozen(kw_only=True)
class PastSession:
    """What was performed on one day, of one kind, in one coverage region.

    ``region`` is None if it is not known in which region the session counts. ``targets`` are the
    joints, from superior to inferior, if known; claims rarely show them. ``side`` combines all stated
    sides. ``certain`` is False if there may have been no such session: lines that can't be read in
    full, a discontinued service, a denervation that may not count.

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
    TypeError: date must be a datetime.date, not str: use parse_date("2026-03-02")
    """

    date: dt.date
    kind: SessionKind
    region: CoverageRegion | None = None
    targets: tuple[Target, ...] = ()
    side: Side | None = None
    certain: bool = True

    def __attrs_post_init__(self) -> None:
        """Check the types, order the targets, and add their sides to the side of the session."""
        check_types(self)
        if not self.targets:
            return
        merged, _ = merge_sides((target.joint, target.side) for target in self.targets)
        targets = tuple(Target(joint=joint, side=merged[joint]) for joint in sorted(merged))
        object.__setattr__(self, "targets", targets)
        object.__setattr__(self, "side", all_sides((self.side, *merged.values())))

    def __str__(self) -> str:
        kind = self.kind.replace("-", " ")
        where = [self.region or "region not known", *map(str, self.targets)]
        if self.side and not self.targets:
            where.append(self.side)
        possibly = "" if self.certain else "possibly "
        return f"{possibly}{kind} on {self.date} ({', '.join(where)})"

    @property
    def joints(self) -> tuple[Joint, ...]:
        """The known joints, from superior to inferior."""
        return tuple(target.joint for target in self.targets)

    def is_of(
        self, kinds: Iterable[SessionKind], *, unmarked_as: SessionKind | None = None
    ) -> bool | None:
        """Whether the session is one of these kinds; None if its unknown purpose decides.

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
    """Return the stated sides, combined, or None if no side is stated.

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
    """The sessions that count, and those that possibly count.

    A session is a day: whatever was performed on one day counts once.
    """

    certain: tuple[PastSession, ...] = ()
    possible: tuple[PastSession, ...] = ()

    @property
    def sessions(self) -> tuple[PastSession, ...]:
        """All sessions, by date."""
        return tuple(sorted(self.certain + self.possible, key=_place))

    @property
    def at_least(self) -> int:
        """The number of days with a session that counts."""
        return len({session.date for session in self.certain})

    @property
    def at_most(self) -> int:
        """The number of days with a session that counts or possibly counts."""
        return len({session.date for session in self.certain + self.possible})


@sealed
@attrs.frozen(kw_only=True)
class History:
    """The earlier sessions of one patient, by date; one for each day, region and kind.

    The professional and the facility claim for one session are one session: joints and sides of the
    same day, region and kind are combined. The order of ``sessions`` does not matter.

    >>> block = PastSession(
    ...     date=dt.date(2026, 1, 5),
    ...     kind=SessionKind.DIAGNOSTIC_INJECTION,
    ...     region=CoverageRegion.LUMBAR_SACRAL,
    ... )
    >>> history = History(sessions=(block, block))
    >>> print(history)
    diagnostic injection on 2026-01-05 (lumbar-sacral)
    >>> history.count_within(12, before=dt.date(2026, 3, 2)).at_least
    1
    >>> History(sessions=("2026-01-05",))
    Traceback (most recent call last):
    ...
    TypeError: sessions[0] must be a PastSession, not str: use PastSession(date=..., kind=...)

    Source: the definition of a session in the local coverage determinations, such as L38801: all
    facet procedures of one day. That both claims of a session count once is our reading.
    """

    sessions: tuple[PastSession, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Check the types, merge the parts of one session, and sort by date."""
        check_types(self)
        found: dict[tuple[dt.date, CoverageRegion | None, SessionKind], PastSession] = {}
        for session in self.sessions:
            before = found.get(_key(session))
            found[_key(session)] = _joined(before, session) if before else session
        object.__setattr__(self, "sessions", tuple(sorted(found.values(), key=_place)))

    def __str__(self) -> str:
        return series([str(session) for session in self.sessions]) or "no earlier sessions"

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
        """Find the sessions on or after one day and before another.

        Without ``region`` or ``joints``, sessions of every region and joint are found. A session
        whose region, joints or purpose is not known possibly counts if you ask for one of them. An
        injection of unknown purpose counts as ``unmarked_as``: a payer that wants KX on diagnostic
        lines counts a line without it as therapeutic.

        >>> injection = PastSession(date=dt.date(2026, 1, 5), kind=SessionKind.INJECTION)
        >>> history = History(sessions=(injection,))
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
        TypeError: kinds takes a list or another iterable, not a str: write [SessionKind.ABLATION]

        Source: for a missing KX, the OIG report of March 2023 on facet joint interventions.
        """
        expect_date(before, "before")
        expect_date(since, "since")
        expect_or_none(region, CoverageRegion, "region")
        expect_or_none(unmarked_as, SessionKind, "unmarked_as")
        asked = frozenset(expect_all(kinds, SessionKind, "kinds"))
        where = frozenset(expect_all(joints, Joint, "joints"))
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
        """Count the sessions in the rolling window of months that ends on a day.

        The day itself does not count. The window begins on the day that
        `cptfacet.dates.window_start` returns; the other arguments are those of `find`.

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
        expect_date(before, "before")
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

        ``certain`` has the last one that is certain, and ``possible`` any that may have been
        performed on the same day or later.

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
