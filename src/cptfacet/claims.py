"""Claim lines and claims as they are written, right or wrong."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs

from cptfacet._records import brief, many, sealed
from cptfacet.errors import ParseError

__all__ = [
    "Claim",
    "ClaimLine",
    "ClaimType",
    "Location",
    "PriorAuthorization",
    "Purpose",
    "parse_line",
]


def __dir__() -> list[str]:
    return sorted(__all__)


class ClaimType(StrEnum):
    """Who bills, and on which form."""

    PROFESSIONAL = "professional"
    ASC_FACILITY = "asc-facility"
    HOSPITAL_OUTPATIENT = "hospital-outpatient"


class Purpose(StrEnum):
    """Why the procedure was done."""

    DIAGNOSTIC = "diagnostic"
    THERAPEUTIC = "therapeutic"


@sealed
@attrs.frozen(kw_only=True)
class Location:
    """Where the service was rendered, as far as it picks a contractor or a fee."""

    state: str | None = None
    county: str | None = None
    zip: str | None = None
    locality: str | None = None


@sealed
@attrs.frozen(kw_only=True)
class ClaimLine:
    """One line of a claim.

    ``modifiers`` stand in the order of the claim. ``units`` may be anything that a real line has:
    missing, zero, fractional or huge. ``diagnoses``, ``date`` and ``place_of_service`` are those of
    the claim where they are not given. ``charge`` is in US dollars. ``provider`` is opaque: it is
    compared and never shown.

    >>> ClaimLine(code="64493", modifiers=("50", "KX"), units=1).text
    '64493-50-KX x1'
    >>> ClaimLine(code="64493", modifiers="50")
    Traceback (most recent call last):
    ...
    TypeError: modifiers is a tuple, not a single text: write ('50',)
    """

    code: str
    modifiers: tuple[str, ...] = ()
    units: int | Decimal | None = 1
    diagnoses: tuple[str, ...] = ()
    date: dt.date | None = None
    place_of_service: str | None = None
    charge: Decimal | None = None
    provider: str | None = attrs.field(default=None, repr=False)

    def __repr__(self) -> str:
        return brief(self)

    def __attrs_post_init__(self) -> None:
        """Check the shape once; what the line means is for rules to say."""
        if (
            type(self.code) is str
            and type(self.modifiers) is tuple
            and type(self.diagnoses) is tuple
            and (self.units is None or type(self.units) in (int, Decimal))
            and (self.date is None or type(self.date) is dt.date)
        ):
            return
        _check_line(self)

    @property
    def text(self) -> str:
        """The canonical text of code, modifiers and units, which `parse_line` reads back."""
        joined = "-".join((self.code, *self.modifiers))
        units = format(self.units, "f") if isinstance(self.units, Decimal) else self.units
        return f"{joined} x{'?' if units is None else units}"

    @property
    def canonical(self) -> ClaimLine:
        """The same line as it is compared: code and modifiers folded, a whole Decimal as an int.

        Units that are no whole number stay as they are, and so does everything else.

        >>> ClaimLine(code=" 0213t", modifiers=("rt ",), units=Decimal("2.0")).canonical.text
        '0213T-RT x2'
        """
        code = _folded(self.code)
        modifiers = tuple([_folded(modifier) for modifier in self.modifiers])
        units = _counted(self.units) if isinstance(self.units, Decimal) else self.units
        if code == self.code and modifiers == self.modifiers and units is self.units:
            return self
        return attrs.evolve(self, code=code, modifiers=modifiers, units=units)

    @property
    def whole_units(self) -> int | None:
        """The units as a count: 1 or more, or None where they are missing, a fraction or absurd.

        >>> ClaimLine(code="64493", units=Decimal("1.0")).whole_units
        1
        >>> print(ClaimLine(code="64493", units=Decimal("0.5")).whole_units)
        None
        """
        units = _counted(self.units) if isinstance(self.units, Decimal) else self.units
        return units if isinstance(units, int) and 0 < units < 10**_MOST_DIGITS else None


_MOST_DIGITS = 30  # beyond it units are no count, and computing with them would take for ever


def _folded(text: object) -> str:
    return str(text).strip().upper()


def _counted(units: Decimal) -> int | Decimal:
    """Give a whole number as an int; rounding asks no decimal context how precise it is."""
    if not units.is_finite() or units.adjusted() >= _MOST_DIGITS:
        return units
    return int(units) if units == units.to_integral_value() else units


def _check_line(line: Any) -> None:  # noqa: ANN401  what a caller who ignores types made
    if not isinstance(line.code, str):
        message = f"code is a text of five characters, not {type(line.code).__name__}"
        raise TypeError(message)
    many(line, "modifiers")
    many(line, "diagnoses")
    if isinstance(line.units, bool) or not isinstance(line.units, int | Decimal | None):
        message = f"units is an int, a Decimal or None, not {type(line.units).__name__}"
        raise TypeError(message)
    _check_date(line.date)


def _check_authorization(told: Any) -> None:  # noqa: ANN401  as above
    if told.number is not None and not isinstance(told.number, str):
        message = f"number is a text or None, not {type(told.number).__name__}"
        raise TypeError(message)
    _check_date(told.decided, "decided")
    if type(told.exempt) is not bool:
        message = f"exempt is True or False, not {type(told.exempt).__name__}"
        raise TypeError(message)


def _check_date(date: object, name: str = "date") -> None:
    if date is not None and type(date) is not dt.date:
        message = f"{name} is a datetime.date without time, or None, not {type(date).__name__}"
        raise TypeError(message)


_LINE = re.compile(
    r"(?P<code>[0-9]{5}|[0-9]{4}[A-Z]|[A-Z][0-9]{4})(?P<modifiers>(?:-[0-9A-Z]{2})*)"
    r"(?:\s*[Xx\N{MULTIPLICATION SIGN}]\s*(?P<units>-?\d{1,40}(?:\.\d{1,40})?|\?))?",
    re.ASCII | re.IGNORECASE,
)


def parse_line(text: str) -> ClaimLine:
    """Read the text form of a claim line.

    Units are one where the text names none, and unknown where it says ``x?``.

    >>> parse_line(" 64493-50-kx x1 ").modifiers
    ('50', 'KX')
    >>> parse_line("64493 bilateral")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '64493 bilateral' is not a claim line: write code, modifiers and units, as CODE-50-KX x1

    Raises:
        ParseError: The text is not one line.
    """
    match = _LINE.fullmatch(text.strip())
    if match is None:
        reason = "write code, modifiers and units, as CODE-50-KX x1"
        raise ParseError(what="a claim line", text=text, reason=reason)
    units: int | Decimal | None
    match match["units"]:
        case None:
            units = 1
        case "?":
            units = None
        case number:
            units = Decimal(number) if "." in number else int(number)
    modifiers = tuple(match["modifiers"].upper().split("-")[1:])
    return ClaimLine(code=match["code"].upper(), modifiers=modifiers, units=units)


@sealed
@attrs.frozen(kw_only=True)
class PriorAuthorization:
    """What a claim says of prior authorization, as far as it is known.

    ``number`` is that of the decision (for a hospital under Medicare the UTN); it is opaque:
    compared and never shown. ``decided`` is the day of the decision. ``exempt`` says that the
    hospital is exempt from the programme. A claim that says nothing of it has none of these, which
    is another thing than an authorization without its number.

    >>> PriorAuthorization(number="12345678901234", decided=dt.date(2026, 2, 20))
    PriorAuthorization(decided=datetime.date(2026, 2, 20), exempt=False)
    >>> PriorAuthorization(decided="2026-02-20")
    Traceback (most recent call last):
    ...
    TypeError: decided is a datetime.date without time, or None, not str

    Source: 42 CFR 419.82 and 419.83 for the programme and its exemption.
    """

    number: str | None = attrs.field(default=None, repr=False)
    decided: dt.date | None = None
    exempt: bool = False

    def __attrs_post_init__(self) -> None:
        """Check the shape once."""
        _check_authorization(self)


@sealed
@attrs.frozen(kw_only=True)
class Claim:
    """One claim: its lines, and what holds for all of them.

    ``id`` is opaque: it is echoed and never shown. ``policy`` and ``location`` say under which
    rules the claim is meant to be read.
    """

    claim_type: ClaimType = attrs.field(repr=str)
    lines: tuple[ClaimLine, ...]
    date: dt.date | None = None
    place_of_service: str | None = None
    purpose: Purpose | None = None
    diagnoses: tuple[str, ...] = ()
    id: str | None = attrs.field(default=None, repr=False)
    policy: str | None = None
    location: Location | None = None
    prior_authorization: PriorAuthorization | None = None

    def __repr__(self) -> str:
        return brief(self)

    def __attrs_post_init__(self) -> None:
        """Check the shape once."""
        if type(self.lines) is not tuple or type(self.diagnoses) is not tuple:
            many(self, "lines")
            many(self, "diagnoses")
        if type(self.claim_type) is not ClaimType:
            words = ", ".join(ClaimType)
            message = f"claim_type is a ClaimType ({words}), not {type(self.claim_type).__name__}"
            raise TypeError(message)
        if self.purpose is not None and type(self.purpose) is not Purpose:
            words = ", ".join(Purpose)
            message = f"purpose is a Purpose ({words}) or None, not {type(self.purpose).__name__}"
            raise TypeError(message)
        _check_date(self.date)
        for line in self.lines:
            if type(line) is not ClaimLine:
                message = f"lines are ClaimLine values, not {type(line).__name__}; use parse_line"
                raise TypeError(message)
