"""Strategies for what is billed: procedures, modifiers, claim lines and claims, clean and messy."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cptfacet import policies as packaged_policies
from cptfacet.bilateral import lateral_roles
from cptfacet.claims import (
    Claim,
    ClaimFrequency,
    ClaimLine,
    ClaimType,
    PriorAuthorization,
    Purpose,
)
from cptfacet.modifiers import Modifier
from cptfacet.procedures import Procedure, ProcedureKind
from cptfacet.reference import Reference, packaged
from cptfacet.strategies.options import (
    check_member,
    chosen,
    either,
    named,
    tuples,
)
from cptfacet.strategies.words import (
    ANY_CODES,
    OPAQUE,
    OPAQUE_LOCATIONS,
    PLACES,
    PROVIDERS,
    TEXTS,
    UTNS,
    diagnoses,
    locations,
    service_dates,
)

__all__ = [
    "claim_lines",
    "claims",
    "codes",
    "messy_claim_lines",
    "messy_claims",
    "modifier_codes",
    "modifiers",
    "prior_authorizations",
    "procedures",
    "references",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def procedures(*, kind: ProcedureKind | None = None) -> SearchStrategy[Procedure]:
    """Return the procedures of the packaged reference, or those of one kind.

    >>> from hypothesis import find
    >>> find(procedures(kind=ProcedureKind.FACET), lambda procedure: procedure.add_on).kind
    <ProcedureKind.FACET: 'facet'>
    >>> procedures(kind="facet")
    Traceback (most recent call last):
    ...
    hypothesis.errors.InvalidArgument: kind is a ProcedureKind, not 'facet'

    Raises:
        InvalidArgument: The kind is not a `ProcedureKind`.
    """
    check_member(kind, ProcedureKind, "kind")
    return named({found.code: found for found in packaged().find_procedures(kind=kind)})


def codes(*, kind: ProcedureKind | None = None) -> SearchStrategy[str]:
    """Return the codes of the packaged reference, or those of one kind.

    Raises:
        InvalidArgument: The kind is not a `ProcedureKind`.
    """
    return procedures(kind=kind).map(lambda procedure: procedure.code)


def modifiers() -> SearchStrategy[Modifier]:
    """Return the modifiers of the packaged reference, with their facts."""
    return named({modifier.code: modifier for modifier in packaged().modifiers})


def modifier_codes() -> SearchStrategy[str]:
    """Return modifiers as printed on a claim line."""
    return modifiers().map(lambda modifier: modifier.code)


def references() -> SearchStrategy[Reference]:
    """Return the packaged reference, and others with fewer related codes."""
    known = packaged()
    kept = known.find_procedures(kind=ProcedureKind.FACET) + known.find_procedures(
        kind=ProcedureKind.PREDECESSOR
    )
    others = known.find_procedures(kind=ProcedureKind.RELATED)
    left = tuples(named({other.code: other for other in others}), max_size=len(others), unique=True)
    return st.just(known) | left.map(lambda drawn: known.with_tables(procedures=kept + drawn))


_MOST_MODIFIERS = 4


def _known_modifiers(codes: SearchStrategy[str]) -> SearchStrategy[tuple[str, ...]]:
    """Return the modifiers of a line, each once, with at most one that names a side."""
    lateral = lateral_roles()

    def one_side(drawn: tuple[str, ...]) -> tuple[str, ...]:
        named = [code for code in drawn if code in lateral]
        return tuple(code for code in drawn if code not in named[1:])

    return tuples(codes, max_size=_MOST_MODIFIERS, unique=True).map(one_side)


def claim_lines(
    *,
    codes: SearchStrategy[str] | None = None,
    modifiers: SearchStrategy[str] | None = None,
    units: SearchStrategy[int] | None = None,
    dates: SearchStrategy[dt.date | None] | None = None,
) -> SearchStrategy[ClaimLine]:
    """Return claim lines as a biller writes them: known codes and modifiers, one to nine units.

    The codes are facet codes. A line has each modifier once, and at most one modifier that names a
    side. The line itself may be wrong.

    >>> from hypothesis import find
    >>> line = find(claim_lines(), lambda line: "50" in line.modifiers)
    >>> "RT" in line.modifiers or "LT" in line.modifiers
    False
    >>> claim_lines(units=1)
    Traceback (most recent call last):
    ...
    hypothesis.errors.InvalidArgument: units is a strategy, not 1: write units=st.just(1)

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    usual = st.sampled_from([p.code for p in packaged().find_procedures(kind=ProcedureKind.FACET)])
    known = st.sampled_from([modifier.code for modifier in packaged().modifiers])
    return st.builds(
        ClaimLine,
        code=chosen(codes, "codes", usual),
        modifiers=_known_modifiers(chosen(modifiers, "modifiers", known)),
        units=chosen(units, "units", st.integers(1, 9)),
        diagnoses=tuples(diagnoses(), max_size=3),
        date=chosen(dates, "dates", st.none()),
        place_of_service=either(PLACES),
        charge=either(st.decimals(0, 100_000, places=2)),
        provider=either(PROVIDERS),
    )


_ANY_UNITS = st.one_of(
    st.none(),
    st.integers(-2, 60),
    st.integers(-(10**300), 10**300),
    st.sampled_from([Decimal("0.5"), Decimal("1.50"), Decimal("1E+30")]),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: Decimal(repr(number))),
)
_ANY_CHARGES = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9
)


def messy_claim_lines() -> SearchStrategy[ClaimLine]:
    """Return any claim line that can be written down.

    The code is known, unknown or any text. Units may be missing, zero, negative, fractional or far
    too large. A line has up to five modifiers, known or not.
    """
    known = st.sampled_from([procedure.code for procedure in packaged().procedures])
    marks = st.sampled_from([modifier.code for modifier in packaged().modifiers])
    return st.builds(
        ClaimLine,
        code=ANY_CODES | known,
        modifiers=tuples(ANY_CODES | marks, max_size=5),
        units=_ANY_UNITS,
        diagnoses=tuples(ANY_CODES, max_size=3),
        date=either(st.dates()),
        place_of_service=either(OPAQUE),
        charge=either(_ANY_CHARGES),
        provider=either(OPAQUE),
    )


def prior_authorizations(
    *, dates: SearchStrategy[dt.date] | None = None
) -> SearchStrategy[PriorAuthorization]:
    """Return the prior authorization of a claim: number, date and exemption, each stated or not.

    >>> from hypothesis import find
    >>> find(prior_authorizations(), lambda drawn: drawn.exempt).exempt
    True

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    return st.builds(
        PriorAuthorization,
        number=either(UTNS),
        decided=either(chosen(dates, "dates", service_dates())),
        exempt=st.booleans(),
    )


_OPAQUE_AUTHORIZATIONS = st.builds(
    PriorAuthorization, number=either(OPAQUE), decided=either(st.dates()), exempt=st.booleans()
)


def claims(
    *,
    lines: SearchStrategy[ClaimLine] | None = None,
    claim_types: SearchStrategy[ClaimType] | None = None,
    dates: SearchStrategy[dt.date | None] | None = None,
) -> SearchStrategy[Claim]:
    """Return claims of one to eight lines as a biller writes them, right or wrong, and no voids.

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    return st.builds(
        Claim,
        claim_type=chosen(claim_types, "claim_types", st.sampled_from(ClaimType)),
        lines=tuples(chosen(lines, "lines", claim_lines()), min_size=1, max_size=8),
        date=chosen(dates, "dates", service_dates()),
        place_of_service=either(PLACES),
        purpose=either(st.sampled_from(Purpose)),
        diagnoses=tuples(diagnoses(), max_size=3),
        id=either(TEXTS),
        policy=either(st.sampled_from(packaged_policies.ids())),
        location=either(locations()),
        prior_authorization=either(prior_authorizations()),
        frequency=either(st.sampled_from((ClaimFrequency.ORIGINAL, ClaimFrequency.REPLACEMENT))),
        replaces=either(TEXTS),
    )


def messy_claims() -> SearchStrategy[Claim]:
    """Return any claim that can be written down, with `messy_claim_lines` or without lines."""
    return st.builds(
        Claim,
        claim_type=st.sampled_from(ClaimType),
        lines=tuples(messy_claim_lines(), max_size=4),
        date=either(st.dates()),
        place_of_service=either(OPAQUE),
        purpose=either(st.sampled_from(Purpose)),
        diagnoses=tuples(ANY_CODES, max_size=3),
        id=either(OPAQUE),
        policy=either(OPAQUE),
        location=either(OPAQUE_LOCATIONS),
        prior_authorization=either(prior_authorizations() | _OPAQUE_AUTHORIZATIONS),
        frequency=st.sampled_from([*[None] * 9, *ClaimFrequency]),  # nothing is found on a void
        replaces=either(OPAQUE),
    )
