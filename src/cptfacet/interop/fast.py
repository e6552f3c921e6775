"""Read sessions and claims from JSON faster, with the extra `fast`.

It reads only what it is certain of. Every other text, right or wrong, goes to
`cptfacet.interop.json`, which decides and reports. The answers are always the same.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

from cptfacet.agents import Agent
from cptfacet.anatomy import Joint, Nerve, Side
from cptfacet.claims import (
    Claim,
    ClaimFrequency,
    ClaimLine,
    ClaimType,
    Location,
    PriorAuthorization,
    Purpose,
)
from cptfacet.errors import MissingExtraError
from cptfacet.interop import json
from cptfacet.sessions import Guidance, Session, Target, Technique, TreatedNerve, Treatment

try:
    from msgspec import UNSET, Meta, MsgspecError, Struct, UnsetType
    from msgspec.json import Decoder, Encoder
except ImportError as error:
    raise MissingExtraError(extra="fast", needs="msgspec") from error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["read", "read_certain"]


def __dir__() -> list[str]:
    return sorted(__all__)


T = TypeVar("T")


# -- the fields of each record, as they are written


class _Part(Struct, forbid_unknown_fields=True, gc=False):
    """One object in a text. A field that was not there is UNSET, which is not null."""


_Text = str | UnsetType | None
_Codes = tuple[str, ...] | UnsetType
_Date = dt.date | UnsetType | None
_Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]  # what `interop.json` takes as it is


class _Location(_Part):
    state: _Text = UNSET
    county: _Text = UNSET
    zip: _Text = UNSET
    locality: _Text = UNSET


class _PriorAuthorization(_Part):
    number: _Text = UNSET
    decided: _Date = UNSET
    exempt: bool | UnsetType = UNSET


class _ClaimLine(_Part):
    code: str
    modifiers: _Codes = UNSET
    units: _Whole | UnsetType | None = UNSET
    diagnoses: _Codes = UNSET
    date: _Date = UNSET
    place_of_service: _Text = UNSET
    charge: _Text = UNSET
    provider: _Text = UNSET


class _Claim(_Part):
    claim_type: str
    lines: tuple[_ClaimLine, ...]
    date: _Date = UNSET
    place_of_service: _Text = UNSET
    purpose: _Text = UNSET
    diagnoses: _Codes = UNSET
    id: _Text = UNSET
    policy: _Text = UNSET
    location: _Location | UnsetType | None = UNSET
    prior_authorization: _PriorAuthorization | UnsetType | None = UNSET
    frequency: _Text = UNSET
    replaces: _Text = UNSET


class _Target(_Part):
    joint: str
    side: _Text = UNSET


class _TreatedNerve(_Part):
    nerve: str
    side: _Text = UNSET


class _Treatment(_Part):
    technique: str
    purpose: _Text = UNSET
    guidance: _Text = UNSET
    targets: tuple[_Target, ...] | UnsetType = UNSET
    nerves: tuple[_TreatedNerve, ...] | UnsetType = UNSET
    agents: tuple[str, ...] | UnsetType = UNSET


class _Session(_Part):
    date: dt.date
    treatments: tuple[_Treatment, ...]
    claim_type: _Text = UNSET
    place_of_service: _Text = UNSET
    diagnoses: _Codes = UNSET
    id: _Text = UNSET
    policy: _Text = UNSET
    location: _Location | UnsetType | None = UNSET


class _FlatSession(_Treatment, kw_only=True):
    date: dt.date
    claim_type: _Text = UNSET
    place_of_service: _Text = UNSET
    diagnoses: _Codes = UNSET
    id: _Text = UNSET
    policy: _Text = UNSET
    location: _Location | UnsetType | None = UNSET


# -- from a text to its parts

_CLAIM = Decoder(_Claim)
_NESTED = Decoder(_Session)
_FLAT = Decoder(_FlatSession)
_ENCODER = Encoder()


def _decoded(text: bytes, decoder: Decoder[T]) -> T:
    """Decode a text in which no key occurs twice; raise ValueError if that is not certain.

    msgspec silently keeps the last of two equal keys. Each key has a colon, so the count of colons
    shows that a key was dropped, unless a text has a colon written as an escape.
    """
    part = decoder.decode(text)
    if text.count(b":") != _ENCODER.encode(part).count(b":") or b"\\u003" in text:
        raise ValueError
    return part


# -- from parts to records


class _Words(dict[Any, Any]):
    """The members of an enumeration by their canonical words; other spellings are parsed."""

    def __init__(self, kind: type[StrEnum], parse: Callable[[str], object] | None = None) -> None:
        self._parse = parse or json.PARSERS[kind]
        super().__init__({word.value: self._parse(word.value) for word in kind})
        self.update({None: None, UNSET: None})

    def __missing__(self, text: str) -> object:
        return self._parse(text)


_AGENTS = _Words(Agent)
_CLAIM_TYPES = _Words(ClaimType)
_FREQUENCIES = _Words(ClaimFrequency)
_GUIDANCES = _Words(Guidance)
_JOINTS = _Words(Joint)
_NERVES = _Words(Nerve, json.as_nerve)
_PURPOSES = _Words(Purpose)
_SIDES = _Words(Side)
_TECHNIQUES = _Words(Technique)


def _codes(given: _Codes) -> tuple[str, ...]:
    return tuple([json.as_code(code) for code in given]) if given else ()


def _location(part: _Location | UnsetType | None) -> Location | None:
    if not part:
        return None
    return Location(
        state=None if part.state is UNSET else part.state,
        county=None if part.county is UNSET else part.county,
        zip=None if part.zip is UNSET else part.zip,
        locality=None if part.locality is UNSET else part.locality,
    )


def _authorization(part: _PriorAuthorization | UnsetType | None) -> PriorAuthorization | None:
    if not part:
        return None
    return PriorAuthorization(
        number=None if part.number is UNSET else part.number,
        decided=part.decided or None,
        exempt=part.exempt is True,
    )


def _line(part: _ClaimLine) -> ClaimLine:
    code, modifiers, diagnoses = part.code, part.modifiers or (), part.diagnoses or ()
    joined = "".join((code, *modifiers, *diagnoses))
    if joined.upper() != joined or joined.split() != [joined]:  # some are not clean
        code, modifiers, diagnoses = json.as_code(code), _codes(modifiers), _codes(diagnoses)
    charge = part.charge
    return ClaimLine(
        code=code,
        modifiers=modifiers,
        units=1 if part.units is UNSET else part.units,
        diagnoses=diagnoses,
        date=part.date or None,
        place_of_service=None if part.place_of_service is UNSET else part.place_of_service,
        charge=None if charge is UNSET or charge is None else json.as_amount(charge),
        provider=None if part.provider is UNSET else part.provider,
    )


def _claim(text: bytes) -> Claim:
    part = _decoded(text, _CLAIM)
    return Claim(
        claim_type=_CLAIM_TYPES[part.claim_type],
        lines=tuple([_line(line) for line in part.lines]),
        date=part.date or None,
        place_of_service=None if part.place_of_service is UNSET else part.place_of_service,
        purpose=_PURPOSES[part.purpose],
        diagnoses=_codes(part.diagnoses),
        id=None if part.id is UNSET else part.id,
        policy=None if part.policy is UNSET else part.policy,
        location=_location(part.location),
        prior_authorization=_authorization(part.prior_authorization),
        frequency=_FREQUENCIES[part.frequency],
        replaces=None if part.replaces is UNSET else part.replaces,
    )


def _treatment(part: _Treatment) -> Treatment:
    return Treatment(
        technique=_TECHNIQUES[part.technique],
        purpose=_PURPOSES[part.purpose],
        guidance=_GUIDANCES[part.guidance],
        targets=tuple(
            [Target(joint=_JOINTS[t.joint], side=_SIDES[t.side]) for t in part.targets or ()]
        ),
        nerves=tuple(
            [TreatedNerve(nerve=_NERVES[n.nerve], side=_SIDES[n.side]) for n in part.nerves or ()]
        ),
        agents=tuple([_AGENTS[agent] for agent in part.agents or ()]),
    )


def _session(text: bytes) -> Session:
    part: _Session | _FlatSession
    if b'"treatments"' in text:
        part = _decoded(text, _NESTED)
        treatments = tuple([_treatment(treatment) for treatment in part.treatments])
    else:
        part = _decoded(text, _FLAT)
        treatments = (_treatment(part),)
    return Session(
        date=part.date,
        treatments=treatments,
        claim_type=_CLAIM_TYPES[part.claim_type],
        place_of_service=None if part.place_of_service is UNSET else part.place_of_service,
        diagnoses=_codes(part.diagnoses),
        id=None if part.id is UNSET else part.id,
        policy=None if part.policy is UNSET else part.policy,
        location=_location(part.location),
    )


_READERS: Mapping[type, Callable[[bytes], Any]] = {Session: _session, Claim: _claim}


def read_certain(text: bytes, kind: type[T]) -> T | None:
    """Read one JSON text, or return None if `cptfacet.interop.json` has to decide.

    >>> read_certain(b'{"claim_type": "professional", "lines": []}', Claim).lines
    ()
    >>> read_certain(b'{"claim_type": "facility", "lines": []}', Claim)
    """
    reader = _READERS.get(kind)
    try:
        return cast("T", reader(text)) if reader else None
    except (MsgspecError, ValueError):  # before msgspec 0.21, its errors were not ValueErrors
        return None


def read(text: str | bytes, kind: type[T]) -> T:
    """Read one JSON text as a `Session` or a `Claim`: same answers as `cptfacet.interop.json.read`.

    Canonical JSON is read fast. Fractional units, a repeated key or an error takes the time of both
    readers.

    >>> text = '{"claim_type": "professional", "lines": [{"code": "64493", "modifiers": ["50"]}]}'
    >>> read(text, Claim).lines[0].text
    '64493-50 x1'
    >>> read('{"claim_type": "facility", "lines": [{"code": 64493}]}', Claim)
    Traceback (most recent call last):
    ...
    cptfacet.errors.DocumentError: Claim can't be read:
      $.claim_type: 'facility' is not a claim type: write asc-facility or hospital-outpatient
      $.lines[0].code: it is a number; write a string, in quotes

    Raises:
        DocumentError: The text is not JSON, or not such a record.
    """
    try:
        encoded = text if isinstance(text, bytes) else text.encode()
    except UnicodeEncodeError:  # half a character: `interop.json` reports it
        return json.read(text, kind)
    record = read_certain(encoded, kind)
    return json.read(text, kind) if record is None else record
