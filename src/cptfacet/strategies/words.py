"""Strategies for the words of the field: joints, nerves, sides, dates, texts."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

from cptfacet import policies as packaged_policies
from cptfacet import rulebook
from cptfacet.anatomy import CodeRegion, Joint, Nerve, Side, UnlistedNerve
from cptfacet.bilateral import LateralityFormat, SideCount
from cptfacet.claims import ClaimType, Location, Purpose
from cptfacet.dates import EffectivePeriod
from cptfacet.policies import Policy
from cptfacet.reference import packaged
from cptfacet.sessions import (
    Guidance,
    Technique,
)
from cptfacet.strategies.options import (
    check_day,
    check_member,
    check_policy,
    chosen,
    either,
)
from cptfacet.unknown import Unknown

__all__ = [
    "ANY_CODES",
    "DAY",
    "OPAQUE",
    "OPAQUE_LOCATIONS",
    "PLACES",
    "PROVIDERS",
    "SIDES",
    "TEXTS",
    "UTNS",
    "claim_types",
    "diagnoses",
    "effective_periods",
    "guidances",
    "joints",
    "laterality_formats",
    "locations",
    "nerves",
    "or_unnamed",
    "packaged_policy",
    "purposes",
    "service_dates",
    "side_counts",
    "sides",
    "techniques",
    "turning_days",
]


def __dir__() -> list[str]:
    return sorted(__all__)


DAY = dt.timedelta(days=1)


def joints(*, region: CodeRegion | None = None, on: dt.date | None = None) -> SearchStrategy[Joint]:
    """Return joints, from superior to inferior; with ``region``, those of one code region.

    The region of a joint is the one on the date ``on``, by default the date of the packaged data.

    >>> from hypothesis import find
    >>> find(joints(region=CodeRegion.LUMBAR_SACRAL), lambda joint: True)
    <Joint.L1_L2: 'L1-L2'>
    >>> joints(region="lumbar")
    Traceback (most recent call last):
    ...
    hypothesis.errors.InvalidArgument: region is a CodeRegion, not 'lumbar'

    Raises:
        InvalidArgument: The region is not a region, or no joint is known to have it on that date.
    """
    check_member(region, CodeRegion, "region")
    check_day(on, "on")
    if region is None:
        return st.sampled_from(Joint)
    day = on or packaged().as_of
    facts = {joint: packaged().code_region(joint, on=day) for joint in Joint}
    found = [
        joint
        for joint, fact in facts.items()
        if not isinstance(fact, Unknown) and fact.region is region
    ]
    if not found:
        message = f"no joint is known to be {region} on {day}"
        raise InvalidArgument(message)
    return st.sampled_from(found)


def nerves() -> SearchStrategy[Nerve]:
    """Return nerves that a note may list, including those that supply no facet joint."""
    return st.sampled_from(Nerve)


def unlisted_nerves() -> SearchStrategy[UnlistedNerve]:
    """Return names in a note that are not one of `Nerve`: of other kinds, with two meanings, or unknown."""
    return st.builds(UnlistedNerve, name=st.sampled_from(OTHER_NAMES))


OTHER_NAMES = (
    *(
        "superior cluneal nerve",
        "C2 dorsal root ganglion",
        "L4 nerve root",
        "S4",
        "stellate ganglion",
    ),
    *("L5 medial branch", "S1 dorsal ramus", "L4-L5 medial branches", "ala", "a nerve of no list"),
)
SIDES = st.sampled_from(Side)


def or_unnamed(sides: SearchStrategy[Side]) -> SearchStrategy[Side | None]:
    """Return sides and, as often as each of them, None for a side that is not named."""
    return st.sampled_from((None, *Side)) if sides is SIDES else either(sides)


def sides() -> SearchStrategy[Side]:
    """Return sides: left, right and bilateral."""
    return st.sampled_from(Side)


def techniques() -> SearchStrategy[Technique]:
    """Return techniques."""
    return st.sampled_from(Technique)


def guidances() -> SearchStrategy[Guidance]:
    """Return kinds of guidance that a note states. Guidance not stated is None and never drawn."""
    return st.sampled_from(Guidance)


def purposes() -> SearchStrategy[Purpose]:
    """Return purposes."""
    return st.sampled_from(Purpose)


def claim_types() -> SearchStrategy[ClaimType]:
    """Return claim types."""
    return st.sampled_from(ClaimType)


def laterality_formats() -> SearchStrategy[LateralityFormat]:
    """Return laterality formats."""
    return st.sampled_from(LateralityFormat)


def side_counts(*, min_levels: int = 0, max_levels: int = 9) -> SearchStrategy[SideCount]:
    """Return levels counted by side.

    >>> from hypothesis import find
    >>> str(find(side_counts(max_levels=1), lambda counted: counted.right))
    '1 right'
    >>> side_counts(min_levels=3, max_levels=2)
    Traceback (most recent call last):
    ...
    hypothesis.errors.InvalidArgument: min_levels (3) and max_levels (2): 0 <= min_levels <= max_levels

    Raises:
        InvalidArgument: The bounds are not numbers, or contradict each other.
    """
    numbers = (min_levels, max_levels)
    if any(type(number) is not int for number in numbers) or not 0 <= min_levels <= max_levels:
        message = (
            f"min_levels ({min_levels!r}) and max_levels ({max_levels!r}):"
            " 0 <= min_levels <= max_levels"
        )
        raise InvalidArgument(message)
    levels = st.lists(either(sides()), min_size=min_levels, max_size=max_levels)
    return levels.map(_count)


def _count(treated: Iterable[Side | None]) -> SideCount:
    named = [side.value if side else "unnamed" for side in treated]
    return SideCount(**{name: named.count(name) for name in set(named)})


def packaged_policy() -> SearchStrategy[Policy]:
    """Return the packaged policies."""
    return st.sampled_from(packaged_policies.ids()).map(packaged_policies.get)


# -- dates


@functools.cache
def turning_days(under: Policy | None) -> tuple[dt.date, ...]:
    """List the days on which an answer may change, under one policy or any packaged one."""
    asked = [under] if under else [packaged_policies.get(name) for name in packaged_policies.ids()]
    days = {
        day
        for policy in asked
        for day in rulebook.turning_days(policy, packaged(), *rulebook.CODING)
    }
    return tuple(sorted(days - {dt.date.min}))


def service_dates(
    *,
    min_value: dt.date | None = None,
    max_value: dt.date | None = None,
    under: Policy | None = None,
) -> SearchStrategy[dt.date]:
    """Return dates of service, many of them next to a day on which a rule or a code changes.

    These days come from the reference data and from the policy ``under``, or from every packaged
    policy. Without bounds, dates run from a year before the first of these days to ten years after
    the last.

    >>> from hypothesis import find
    >>> service_dates(min_value=dt.date(2026, 2, 1), max_value=dt.date(2026, 1, 1))
    Traceback (most recent call last):
    ...
    hypothesis.errors.InvalidArgument: min_value (2026-02-01) is after max_value (2026-01-01)

    Raises:
        InvalidArgument: A bound is not a date, or the bounds leave no date between them.
    """
    check_day(min_value, "min_value")
    check_day(max_value, "max_value")
    check_policy(under, "under")
    turning = turning_days(under)
    first = min_value or min(turning[0] - 365 * DAY, max_value or dt.date.max)
    last = max_value or max(turning[-1] + 3653 * DAY, first)
    if first > last:
        message = f"min_value ({first}) is after max_value ({last})"
        raise InvalidArgument(message)
    beside = (day + step for day in turning for step in (-DAY, dt.timedelta(), DAY))
    near = sorted({day for day in beside if first <= day <= last}, reverse=True)
    anywhere = st.dates(first, last)
    return st.sampled_from(near) | anywhere if near else anywhere


def effective_periods(
    *, dates: SearchStrategy[dt.date] | None = None
) -> SearchStrategy[EffectivePeriod]:
    """Return periods in which facts are in force: from a stated start or the day first seen, ended or not.

    A period without either holds on every date; only a judgment has one.
    """
    days = chosen(dates, "dates", service_dates())

    @st.composite
    def drawn(draw: st.DrawFn) -> EffectivePeriod:
        until = draw(either(days))
        first = draw(either(days))
        if first is not None and until is not None and until < first:
            first, until = until, first
        if first is None:
            return EffectivePeriod(until=until)
        return (
            EffectivePeriod(start=first, until=until)
            if draw(st.booleans())
            else EffectivePeriod(seen=first, until=until)
        )

    return drawn()


# -- texts


_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
TEXTS = st.text(st.characters(exclude_categories=["C"]), max_size=12)
# With lone surrogates: JSON can escape them, so somebody will.
OPAQUE = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
# Codes as a document is read: stripped and in capitals.
ANY_CODES = st.text(max_size=7).map(lambda text: text.strip().upper())


def _joined(*parts: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


def _run(characters: str, *, min_size: int, max_size: int) -> SearchStrategy[str]:
    return st.text(characters, min_size=min_size, max_size=max_size)


PLACES = _run(_DIGITS, min_size=2, max_size=2)
PROVIDERS = _run(_DIGITS, min_size=10, max_size=10)
UTNS = _run(_DIGITS + _UPPER, min_size=14, max_size=14)


def diagnoses() -> SearchStrategy[str]:
    """Return texts in the format of an ICD-10-CM code, whether the code exists or not."""
    category = _joined(
        st.sampled_from(_UPPER), st.sampled_from(_DIGITS), st.sampled_from(f"{_DIGITS}AB")
    )
    further = _joined(st.just("."), _run(_DIGITS + _UPPER, min_size=1, max_size=4))
    return _joined(category, st.just("") | further)


def locations() -> SearchStrategy[Location]:
    """Return well-formed locations of a service, each part stated or not.

    A state is one that Medicare serves, or two capital letters.
    """
    known = st.sampled_from(sorted({area.state for area in packaged().areas}))
    return st.builds(
        Location,
        state=either(known | _run(_UPPER, min_size=2, max_size=2)),
        county=either(TEXTS),
        zip=either(_run(_DIGITS, min_size=5, max_size=5)),
        locality=either(_run(_DIGITS, min_size=2, max_size=2)),
    )


OPAQUE_LOCATIONS = st.builds(
    Location,
    state=either(OPAQUE),
    county=either(OPAQUE),
    zip=either(OPAQUE),
    locality=either(OPAQUE),
)
