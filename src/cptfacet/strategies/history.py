"""Strategies for the past: earlier sessions, histories, and what is read from records."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cptfacet.anatomy import CoverageRegion, Joint
from cptfacet.claims import Claim
from cptfacet.history import History, PastSession, SessionCount, SessionKind
from cptfacet.past import ReadHistory, history_from_records
from cptfacet.policies import Policy
from cptfacet.reference import packaged
from cptfacet.sessions import Session
from cptfacet.strategies.options import chosen, either, perhaps
from cptfacet.strategies.results import any_claims, any_sessions
from cptfacet.strategies.sessions import targets
from cptfacet.strategies.words import packaged_policy, service_dates, sides

__all__ = ["histories", "past_sessions", "read_histories", "session_counts"]


def __dir__() -> list[str]:
    return sorted(__all__)


def _joints(region: CoverageRegion | None) -> st.SearchStrategy[Joint]:
    facts = {fact.joint: fact.region for fact in packaged().coverage_regions}
    return st.sampled_from([joint for joint in Joint if facts.get(joint) is region])


def past_sessions(
    *,
    dates: SearchStrategy[dt.date] | None = None,
    kinds: SearchStrategy[SessionKind] | None = None,
    regions: SearchStrategy[CoverageRegion | None] | None = None,
) -> SearchStrategy[PastSession]:
    """Return earlier sessions, with joints of their region or, as claims give them, without joints.

    >>> from hypothesis import find
    >>> find(past_sessions(kinds=st.just(SessionKind.ABLATION)), lambda past: past.joints).kind
    <SessionKind.ABLATION: 'ablation'>
    >>> past_sessions(kinds=SessionKind.ABLATION)
    Traceback (most recent call last):
    ...
    hypothesis.errors.InvalidArgument: kinds is a strategy, not <SessionKind.ABLATION: 'ablation'>: write kinds=st.just(<SessionKind.ABLATION: 'ablation'>)

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    days = chosen(dates, "dates", service_dates())
    of_kinds = chosen(kinds, "kinds", st.sampled_from(SessionKind))
    in_regions = chosen(regions, "regions", st.sampled_from((*CoverageRegion, None)))

    @st.composite
    def drawn(draw: st.DrawFn) -> PastSession:
        region = draw(in_regions)
        return PastSession(
            date=draw(days),
            kind=draw(of_kinds),
            region=region,
            targets=draw(perhaps(targets(joints=_joints(region)), max_size=3)),
            side=draw(either(sides())),
            certain=draw(st.booleans()),
        )

    return drawn()


def histories(*, sessions: SearchStrategy[PastSession] | None = None) -> SearchStrategy[History]:
    """Return histories of up to eight sessions, some within a year of each other, some far apart.

    >>> from hypothesis import find
    >>> len(find(histories(), lambda history: len(history.sessions) > 7).sessions)
    8

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    if sessions is not None:
        return _histories_of(chosen(sessions, "sessions", sessions))
    return service_dates().flatmap(_around)


def _around(day: dt.date) -> SearchStrategy[History]:
    year = dt.timedelta(days=366)
    near = st.dates(day - year, day + year)
    return _histories_of(past_sessions(dates=near | service_dates()))


def _histories_of(sessions: SearchStrategy[PastSession]) -> SearchStrategy[History]:
    listed = st.lists(sessions, max_size=8)
    return listed.map(lambda found: History(sessions=tuple(found)))


def session_counts() -> SearchStrategy[SessionCount]:
    """Return counts of the sessions of a history, for drawn dates, regions and kinds."""

    @st.composite
    def drawn(draw: st.DrawFn) -> SessionCount:
        return draw(histories()).find(
            before=draw(service_dates()),
            region=draw(either(st.sampled_from(CoverageRegion))),
            kinds=draw(st.frozensets(st.sampled_from(SessionKind), min_size=1)),
        )

    return drawn()


def read_histories(
    *,
    records: SearchStrategy[Session | Claim] | None = None,
    policies: SearchStrategy[Policy] | None = None,
) -> SearchStrategy[ReadHistory]:
    """Return histories read from up to four records, clean and messy, under packaged policies.

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    asked = chosen(policies, "policies", packaged_policy())
    read = chosen(records, "records", any_sessions() | any_claims())

    @st.composite
    def drawn(draw: st.DrawFn) -> ReadHistory:
        return history_from_records(draw(st.lists(read, max_size=4)), policy=draw(asked))

    return drawn()
