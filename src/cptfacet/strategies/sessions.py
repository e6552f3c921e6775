"""Strategies for what was done: targets, treated nerves, treatments, sessions."""

from __future__ import annotations

import bisect
import datetime as dt
import functools
import itertools
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import attrs
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

from cptfacet import policies as packaged_policies
from cptfacet import rulebook
from cptfacet.agents import Agent
from cptfacet.anatomy import CodeRegion, Joint, NamedNerve, Nerve, Side
from cptfacet.claims import ClaimType, Location, Purpose
from cptfacet.coding import CodedSession, Coder
from cptfacet.policies import Policy, value_of
from cptfacet.policies.vocabulary import CODING_FAMILY
from cptfacet.procedures import Family, Ordinal, ProcedureKind
from cptfacet.reference import packaged
from cptfacet.sessions import (
    Guidance,
    Session,
    Target,
    Technique,
    TechniqueKind,
    TreatedNerve,
    Treatment,
)
from cptfacet.strategies.options import (
    check_flag,
    check_policy,
    chosen,
    either,
    perhaps,
    tuples,
)
from cptfacet.strategies.words import (
    ANY_CODES,
    OPAQUE,
    OPAQUE_LOCATIONS,
    PLACES,
    SIDES,
    TEXTS,
    diagnoses,
    locations,
    or_unnamed,
    service_dates,
    turning_days,
    unlisted_nerves,
)
from cptfacet.unknown import Unknown

__all__ = [
    "messy_sessions",
    "sessions",
    "targets",
    "treated_nerves",
    "treatments",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def targets(
    *,
    joints: SearchStrategy[Joint] | None = None,
    sides: SearchStrategy[Side] | None = None,
    unnamed_sides: bool = True,
) -> SearchStrategy[Target]:
    """Return joints with the side treated, or with ``unnamed_sides`` also without a side.

    >>> from hypothesis import find
    >>> from hypothesis import strategies as st
    >>> find(targets(joints=st.just(Joint.L5_S1), unnamed_sides=False), lambda target: True)
    Target(joint=<Joint.L5_S1: 'L5-S1'>, side=<Side.LEFT: 'left'>)
    >>> targets(joints=Joint.L5_S1)
    Traceback (most recent call last):
    ...
    hypothesis.errors.InvalidArgument: joints is a strategy, not <Joint.L5_S1: 'L5-S1'>: write joints=st.just(<Joint.L5_S1: 'L5-S1'>)

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    check_flag(unnamed_sides, "unnamed_sides")
    which = chosen(joints, "joints", st.sampled_from(Joint))
    side = chosen(sides, "sides", SIDES)
    return st.builds(Target, joint=which, side=or_unnamed(side) if unnamed_sides else side)


def treated_nerves(
    *,
    nerves: SearchStrategy[NamedNerve] | None = None,
    sides: SearchStrategy[Side] | None = None,
    unnamed_sides: bool = True,
) -> SearchStrategy[TreatedNerve]:
    """Return nerves with the side treated, or with ``unnamed_sides`` also without a side.

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    check_flag(unnamed_sides, "unnamed_sides")
    which = chosen(nerves, "nerves", _NAMED)
    side = chosen(sides, "sides", SIDES)
    return st.builds(TreatedNerve, nerve=which, side=or_unnamed(side) if unnamed_sides else side)


@attrs.frozen(kw_only=True)
class _Parts:
    """What sessions are made of."""

    dates: SearchStrategy[dt.date]
    claim_types: SearchStrategy[ClaimType | None]
    techniques: SearchStrategy[Technique]
    guidances: SearchStrategy[Guidance | None]
    purposes: SearchStrategy[Purpose | None]
    agents: SearchStrategy[tuple[Agent, ...]]
    joints: SearchStrategy[Joint]
    nerves: SearchStrategy[tuple[NamedNerve, ...]]
    sides: SearchStrategy[Side]
    unnamed_sides: bool
    max_targets: int
    max_treatments: int
    places: SearchStrategy[str | None]
    diagnoses: SearchStrategy[tuple[str, ...]]
    ids: SearchStrategy[str | None]
    policies: SearchStrategy[str | None]
    locations: SearchStrategy[Location | None]
    # Made once, not with each draw: a new strategy is validated when it is first drawn from.
    joint_lists: SearchStrategy[tuple[Joint, ...]] = attrs.field(
        init=False,
        default=attrs.Factory(
            lambda self: perhaps(self.joints, max_size=self.max_targets), takes_self=True
        ),
    )
    any_sides: SearchStrategy[Side | None] = attrs.field(
        init=False,
        default=attrs.Factory(
            lambda self: or_unnamed(self.sides) if self.unnamed_sides else self.sides,
            takes_self=True,
        ),
    )
    counts: SearchStrategy[int] = attrs.field(
        init=False,
        default=attrs.Factory(lambda self: st.integers(1, self.max_treatments), takes_self=True),
    )


class _Sides:
    """Sides that don't contradict: a joint or nerve has a side throughout a session or never."""

    def __init__(self, draw: st.DrawFn, parts: _Parts) -> None:
        self.draw = draw
        self.named = parts.sides
        self.any = parts.any_sides
        self.stated: dict[tuple[TechniqueKind, str], bool] = {}

    def of(self, technique: Technique, what: Joint | NamedNerve) -> Side | None:
        """Draw the side of a joint or nerve that was treated."""
        key = technique.kind, what.value
        if key not in self.stated:
            side = self.draw(self.any)
            self.stated[key] = side is not None
            return side
        return self.draw(self.named) if self.stated[key] else None


# All of them, but mostly those that code to lines.
_TECHNIQUES = st.sampled_from(list(Technique)[:3]) | st.sampled_from(Technique)
_GUIDANCES = st.sampled_from([Guidance.FLUOROSCOPY, Guidance.CT]) | either(
    st.sampled_from(Guidance)
)
_NAMED: SearchStrategy[NamedNerve] = st.sampled_from(Nerve) | unlisted_nerves()
_MOST_NERVES = 4
_MOST_AGENTS = 3
# Mostly not stated, or those that every payer knows.
_AGENTS = (
    st.just(())
    | tuples(st.sampled_from([Agent.LOCAL_ANESTHETIC, Agent.CORTICOSTEROID]), max_size=_MOST_AGENTS)
    | tuples(st.sampled_from(Agent), max_size=_MOST_AGENTS)
)
_MOST_TARGETS = 5
_MOST_TREATMENTS = 3
_MOST_DIAGNOSES = 3


def _lists_of_nerves(
    nerves: SearchStrategy[NamedNerve] | None,
) -> SearchStrategy[tuple[NamedNerve, ...]]:
    """Return lists of nerves as in a note; by default, many are runs of adjacent nerves."""
    if nerves is not None:
        return perhaps(chosen(nerves, "nerves", nerves), max_size=_MOST_NERVES)
    order = tuple(Nerve)
    starts = st.integers(0, len(order) - 1)
    lengths = st.integers(2, _MOST_NERVES)
    runs = st.tuples(starts, lengths).map(lambda drawn: order[drawn[0] :][: drawn[1]])
    return st.just(()) | tuples(_NAMED, max_size=_MOST_NERVES) | runs


def _usual(under: Policy | None = None) -> _Parts:
    """Return what sessions are made of where no option says otherwise."""
    return _Parts(
        dates=service_dates(under=under),
        claim_types=either(st.sampled_from(ClaimType)),
        techniques=_TECHNIQUES,
        guidances=_GUIDANCES,
        purposes=either(st.sampled_from(Purpose)),
        agents=_AGENTS,
        joints=st.sampled_from(Joint),
        nerves=_lists_of_nerves(None),
        sides=SIDES,
        unnamed_sides=True,
        max_targets=_MOST_TARGETS,
        max_treatments=_MOST_TREATMENTS,
        places=either(PLACES),
        diagnoses=tuples(diagnoses(), max_size=_MOST_DIAGNOSES),
        ids=either(TEXTS),
        policies=either(st.sampled_from([under.id] if under else packaged_policies.ids())),
        locations=either(locations()),
    )


def _parts(
    under: Policy | None = None,
    *,
    nerves: SearchStrategy[NamedNerve] | None,
    unnamed_sides: bool,
    max_targets: int,
    max_treatments: int = 1,
    **given: SearchStrategy[Any] | None,
) -> _Parts:
    """Return what the options say, and what is usual where one is left out."""
    check_flag(unnamed_sides, "unnamed_sides")
    for name, number in (("max_targets", max_targets), ("max_treatments", max_treatments)):
        if type(number) is not int or number < 1:
            message = f"{name} is a whole number, 1 or more, not {number!r}"
            raise InvalidArgument(message)
    usual = _usual(under)
    return attrs.evolve(
        usual,
        nerves=_lists_of_nerves(nerves),
        unnamed_sides=unnamed_sides,
        max_targets=max_targets,
        max_treatments=max_treatments,
        **{name: chosen(each, name, getattr(usual, name)) for name, each in given.items()},
    )


def treatments(
    *,
    techniques: SearchStrategy[Technique] | None = None,
    guidances: SearchStrategy[Guidance | None] | None = None,
    purposes: SearchStrategy[Purpose | None] | None = None,
    agents: SearchStrategy[tuple[Agent, ...]] | None = None,
    joints: SearchStrategy[Joint] | None = None,
    nerves: SearchStrategy[NamedNerve] | None = None,
    sides: SearchStrategy[Side] | None = None,
    unnamed_sides: bool = True,
    max_targets: int = _MOST_TARGETS,
) -> SearchStrategy[Treatment]:
    """Return treatments: one technique on targets, on nerves, on both, or on neither.

    In one treatment a joint or nerve always has a side or never does, so each treatment fits into a
    session.

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    return _drawn_treatments(
        _parts(
            techniques=techniques,
            guidances=guidances,
            purposes=purposes,
            agents=agents,
            joints=joints,
            sides=sides,
            nerves=nerves,
            unnamed_sides=unnamed_sides,
            max_targets=max_targets,
        )
    )


def sessions(
    *,
    dates: SearchStrategy[dt.date] | None = None,
    claim_types: SearchStrategy[ClaimType | None] | None = None,
    techniques: SearchStrategy[Technique] | None = None,
    guidances: SearchStrategy[Guidance | None] | None = None,
    purposes: SearchStrategy[Purpose | None] | None = None,
    agents: SearchStrategy[tuple[Agent, ...]] | None = None,
    joints: SearchStrategy[Joint] | None = None,
    nerves: SearchStrategy[NamedNerve] | None = None,
    sides: SearchStrategy[Side] | None = None,
    unnamed_sides: bool = True,
    max_targets: int = _MOST_TARGETS,
    max_treatments: int = _MOST_TREATMENTS,
    under: Policy | None = None,
) -> SearchStrategy[Session]:
    """Return sessions that `Session` accepts; with ``under``, sessions that code to lines.

    An option left out draws every value, and "not stated" for claim type, purpose and guidance.
    ``nerves=st.nothing()`` draws sessions documented by joints alone. Under a policy, the first
    treatment has levels, and the policy reports its technique and guidance with a code family on
    that date. Further treatments may be refused.

    >>> from hypothesis import find
    >>> from hypothesis import strategies as st
    >>> cpt = packaged_policies.get("cpt")
    >>> block = st.just(Technique.MEDIAL_BRANCH_BLOCK)
    >>> session = find(
    ...     sessions(techniques=block, nerves=st.nothing(), unnamed_sides=False, under=cpt),
    ...     lambda session: len(session.treatments[0].targets) == 2,
    ... )
    >>> all(target.side for target in session.treatments[0].targets)
    True
    >>> sessions(under="cpt")
    Traceback (most recent call last):
    ...
    hypothesis.errors.InvalidArgument: under is a Policy, not 'cpt': use policies.get(...) or policies.load(...)

    Raises:
        InvalidArgument: An option has the wrong type, or the policy codes no technique.
    """
    check_policy(under, "under")
    parts = _parts(
        under,
        dates=dates,
        claim_types=claim_types,
        techniques=techniques,
        guidances=guidances,
        purposes=purposes,
        agents=agents,
        joints=joints,
        sides=sides,
        nerves=nerves,
        unnamed_sides=unnamed_sides,
        max_targets=max_targets,
        max_treatments=max_treatments,
    )
    if under is None:
        return _drawn_sessions(parts)
    codable = _codable(under)
    if not any(codable.day(on).cells for on in turning_days(under)):
        message = f"under: the policy {under.id} codes no technique on any date"
        raise InvalidArgument(message)
    return _codable_sessions(parts, codable)


def messy_sessions() -> SearchStrategy[Session]:
    """Return any session that `Session` accepts: any date, and any text where it takes text."""
    usual = _usual()
    return _drawn_sessions(
        attrs.evolve(
            usual,
            dates=usual.dates | st.dates(),
            places=either(OPAQUE),
            diagnoses=tuples(ANY_CODES, max_size=_MOST_DIAGNOSES),
            ids=either(OPAQUE),
            policies=either(OPAQUE),
            locations=either(OPAQUE_LOCATIONS),
        )
    )


def _draw_treatment(draw: st.DrawFn, parts: _Parts, sides: _Sides) -> Treatment:
    technique = draw(parts.techniques)
    listed = draw(parts.joint_lists)
    return Treatment(
        technique=technique,
        purpose=draw(parts.purposes),
        guidance=draw(parts.guidances),
        targets=tuple(Target(joint=j, side=sides.of(technique, j)) for j in listed),
        nerves=_treated(technique, draw(parts.nerves), sides),
        agents=draw(parts.agents),
    )


def _treated(
    technique: Technique, listed: Iterable[NamedNerve], sides: _Sides
) -> tuple[TreatedNerve, ...]:
    return tuple(TreatedNerve(nerve=n, side=sides.of(technique, n)) for n in listed)


def _draw_session(
    draw: st.DrawFn,
    parts: _Parts,
    date: dt.date,
    claim_type: ClaimType | None,
    treated: Iterable[Treatment],
) -> Session:
    return Session(
        date=date,
        treatments=tuple(treated),
        claim_type=claim_type,
        place_of_service=draw(parts.places),
        diagnoses=draw(parts.diagnoses),
        id=draw(parts.ids),
        policy=draw(parts.policies),
        location=draw(parts.locations),
    )


@st.composite
def _drawn_treatments(draw: st.DrawFn, parts: _Parts) -> Treatment:
    return _draw_treatment(draw, parts, _Sides(draw, parts))


@st.composite
def _drawn_sessions(draw: st.DrawFn, parts: _Parts) -> Session:
    sides = _Sides(draw, parts)
    treated = [_draw_treatment(draw, parts, sides) for _ in range(draw(parts.counts))]
    return _draw_session(draw, parts, draw(parts.dates), draw(parts.claim_types), treated)


class _Day(NamedTuple):
    """What can be coded on a day: the guidance for each technique, and the joints of each pair."""

    cells: Mapping[Technique, tuple[Guidance, ...]]
    joints: Mapping[tuple[Technique, Guidance], frozenset[Joint]]


class _Codable:
    """What a policy reports with valid codes, day by day."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._turning = rulebook.turning_days(policy, packaged(), *rulebook.CODING)
        self._kept: dict[int, _Day] = {}
        self.code = Coder(policy).code

    def day(self, on: dt.date) -> _Day:
        """Return what can be coded on a day, worked out once between two days of change."""
        place = bisect.bisect_right(self._turning, on)
        if place not in self._kept:
            self._kept[place] = self._work_out(on)
        return self._kept[place]

    def _work_out(self, on: dt.date) -> _Day:
        facet = packaged().find_procedures(kind=ProcedureKind.FACET, ordinal=Ordinal.FIRST, on=on)
        regions: dict[str, set[CodeRegion]] = {}
        for procedure in facet:
            if procedure.family and procedure.region:
                regions.setdefault(procedure.family, set()).add(procedure.region)
        facts = {joint: packaged().code_region(joint, on=on) for joint in Joint}
        cells: dict[Technique, tuple[Guidance, ...]] = {}
        joints: dict[tuple[Technique, Guidance], frozenset[Joint]] = {}
        for technique, guidance in itertools.product(Technique, Guidance):
            family = value_of(self._policy.ask(CODING_FAMILY, technique, guidance, on=on))
            if isinstance(family, Family) and family in regions:
                cells[technique] = (*cells.get(technique, ()), guidance)
                joints[technique, guidance] = frozenset(
                    joint
                    for joint, fact in facts.items()
                    if not isinstance(fact, Unknown) and fact.region in regions[family]
                    if packaged().find_nerves(joint) or not technique.on_nerves
                )
        return _Day(cells=cells, joints=joints)


@functools.lru_cache(maxsize=32)
def _codable(policy: Policy) -> _Codable:
    return _Codable(policy)


@st.composite
def _codable_sessions(draw: st.DrawFn, parts: _Parts, codable: _Codable) -> Session:
    day = draw(parts.dates.filter(lambda day: bool(codable.day(day).cells)))
    cells, joints = codable.day(day)
    technique = draw(parts.techniques.filter(lambda technique: technique in cells))
    guidance = draw(parts.guidances.filter(lambda guidance: guidance in cells[technique]))
    assert guidance is not None  # noqa: S101  cells have stated guidance alone
    has_code = parts.joints.filter(lambda joint: joint in joints[technique, guidance])
    sides = _Sides(draw, parts)
    levels = draw(st.lists(has_code, min_size=1, max_size=parts.max_targets))
    nerves = draw(parts.nerves)
    if technique.on_nerves and nerves and draw(st.booleans()):
        # Documented by nerves alone, on one side: the nerves complete the joints.
        side = draw(sides.any)
        first = Treatment(
            technique=technique,
            guidance=guidance,
            purpose=draw(parts.purposes),
            nerves=tuple(TreatedNerve(nerve=n, side=side) for n in packaged().get_nerves(levels)),
            agents=draw(parts.agents),
        )
        sides.stated |= {(technique.kind, t.nerve.value): side is not None for t in first.nerves}
    else:
        first = Treatment(
            technique=technique,
            guidance=guidance,
            purpose=draw(parts.purposes),
            targets=tuple(Target(joint=j, side=sides.of(technique, j)) for j in levels),
            nerves=_treated(technique, nerves, sides),
            agents=draw(parts.agents),
        )
    further = range(1, draw(parts.counts))
    treated = [first, *(_draw_treatment(draw, parts, sides) for _ in further)]
    session = _draw_session(draw, parts, day, draw(parts.claim_types), treated)
    assume(isinstance(codable.code(session), CodedSession))
    return session
