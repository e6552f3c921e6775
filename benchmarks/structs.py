"""Sessions and claims as strict msgspec Structs: the yardstick of most rows.

They have the fields of the records, refuse unknown keys and coerce nothing. Names of joints, sides
and the like are texts here: a Struct that knew them would be slower.
"""

from __future__ import annotations

import datetime as dt

import msgspec

__all__ = ["Claim", "Session"]


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    pass


class Location(_Strict):
    """Where the service was rendered."""

    state: str | None = None
    county: str | None = None
    zip: str | None = None
    locality: str | None = None


class Target(_Strict):
    """One joint with its side."""

    joint: str
    side: str | None = None


class TreatedNerve(_Strict):
    """One nerve with its side."""

    nerve: str
    side: str | None = None


class Treatment(_Strict):
    """One technique on some targets."""

    technique: str
    purpose: str | None = None
    guidance: str | None = None
    targets: tuple[Target, ...] = ()
    nerves: tuple[TreatedNerve, ...] = ()


class Session(_Strict):
    """All procedures of one day."""

    date: dt.date
    treatments: tuple[Treatment, ...]
    claim_type: str | None = None
    place_of_service: str | None = None
    diagnoses: tuple[str, ...] = ()
    id: str | None = None
    policy: str | None = None
    location: Location | None = None


class ClaimLine(_Strict):
    """One line of a claim."""

    code: str
    modifiers: tuple[str, ...] = ()
    units: int | float | None = 1
    diagnoses: tuple[str, ...] = ()
    date: dt.date | None = None
    place_of_service: str | None = None
    charge: str | None = None
    provider: str | None = None


class PriorAuthorization(_Strict):
    """The prior authorization of a claim."""

    number: str | None = None
    decided: dt.date | None = None
    exempt: bool = False


class Claim(_Strict):
    """One claim."""

    claim_type: str
    lines: tuple[ClaimLine, ...]
    date: dt.date | None = None
    place_of_service: str | None = None
    purpose: str | None = None
    diagnoses: tuple[str, ...] = ()
    id: str | None = None
    policy: str | None = None
    location: Location | None = None
    prior_authorization: PriorAuthorization | None = None
