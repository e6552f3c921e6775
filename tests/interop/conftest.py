"""Sessions and claims of every shape: `from_type(Session)` and `from_type(Claim)` in this folder."""

import datetime as dt
from decimal import Decimal
from typing import TypeVar

from hypothesis import strategies as st

from cptfacet.anatomy import Joint, Nerve, Side
from cptfacet.claims import Claim, ClaimLine, ClaimType, Location, Purpose
from cptfacet.sessions import (
    Guidance,
    Session,
    Target,
    Technique,
    TechniqueKind,
    TreatedNerve,
    Treatment,
)

T = TypeVar("T")

# Lone surrogates too: JSON can escape them, so somebody will.
OPAQUE = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
CODES = st.text(max_size=7).map(lambda text: text.strip().upper())
UNITS = st.one_of(
    st.none(),
    st.integers(-2, 60),
    st.integers(-(10**300), 10**300),
    st.sampled_from([Decimal("0.5"), Decimal("1.50"), Decimal("1E+30")]),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: Decimal(repr(number))),
)
CHARGES = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9)


def either(values: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | values


LOCATIONS = st.builds(
    Location,
    state=either(OPAQUE),
    county=either(OPAQUE),
    zip=either(OPAQUE),
    locality=either(OPAQUE),
)
LINES = st.builds(
    ClaimLine,
    code=CODES,
    modifiers=st.lists(CODES, max_size=5).map(tuple),
    units=UNITS,
    diagnoses=st.lists(CODES, max_size=3).map(tuple),
    date=either(st.dates()),
    place_of_service=either(OPAQUE),
    charge=either(CHARGES),
    provider=either(OPAQUE),
)
CLAIMS = st.builds(
    Claim,
    claim_type=st.sampled_from(ClaimType),
    lines=st.lists(LINES, max_size=4).map(tuple),
    date=either(st.dates()),
    place_of_service=either(OPAQUE),
    purpose=either(st.sampled_from(Purpose)),
    diagnoses=st.lists(CODES, max_size=3).map(tuple),
    id=either(OPAQUE),
    policy=either(OPAQUE),
    location=either(LOCATIONS),
)

# Any date, any technique and any guidance; yet mostly such that there is something to code.
DATES = (
    st.dates(dt.date(2012, 1, 1), dt.date(2030, 12, 31))
    | st.sampled_from([dt.date(2009, 12, 31), dt.date(2010, 1, 1), dt.date(2026, 3, 2)])
    | st.dates()
)
TECHNIQUES = st.sampled_from(list(Technique)[:3]) | st.sampled_from(Technique)
GUIDANCE = st.sampled_from([Guidance.CT, Guidance.FLUOROSCOPY]) | either(st.sampled_from(Guidance))


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """Draw a session whose sides don't contradict each other."""
    unnamed = {kind: draw(st.booleans()) for kind in TechniqueKind}
    treatments: list[Treatment] = []
    for _ in range(draw(st.integers(1, 3))):
        technique = draw(TECHNIQUES)
        named = st.none() if unnamed[technique.kind] else st.sampled_from(Side)
        targets = st.builds(Target, joint=st.sampled_from(Joint), side=named)
        nerves = st.builds(TreatedNerve, nerve=st.sampled_from(Nerve), side=named)
        treatments.append(
            Treatment(
                technique=technique,
                purpose=draw(either(st.sampled_from(Purpose))),
                guidance=draw(GUIDANCE),
                targets=tuple(draw(st.lists(targets, max_size=5))),
                nerves=tuple(draw(st.lists(nerves, max_size=4))),
            )
        )
    return Session(
        date=draw(DATES),
        treatments=tuple(treatments),
        claim_type=draw(either(st.sampled_from(ClaimType))),
        place_of_service=draw(either(OPAQUE)),
        diagnoses=tuple(draw(st.lists(CODES, max_size=3))),
        id=draw(either(OPAQUE)),
        policy=draw(either(OPAQUE)),
        location=draw(either(LOCATIONS)),
    )


st.register_type_strategy(Claim, CLAIMS)
st.register_type_strategy(Session, sessions())
