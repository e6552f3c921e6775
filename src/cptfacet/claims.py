"""Claims and claim lines as submitted, right or wrong."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from enum import StrEnum

import attrs

from cptfacet._inputs import expect_text, parse_word, spoiled_number
from cptfacet._records import are_all, brief, check_types, sealed
from cptfacet.errors import ParseError

__all__ = [
    "Claim",
    "ClaimFrequency",
    "ClaimLine",
    "ClaimType",
    "Location",
    "PriorAuthorization",
    "Purpose",
    "parse_claim_type",
    "parse_frequency",
    "parse_line",
    "parse_purpose",
]


def __dir__() -> list[str]:
    return sorted(__all__)


class ClaimType(StrEnum):
    """Who bills, and on which form."""

    PROFESSIONAL = "professional"
    ASC_FACILITY = "asc-facility"
    HOSPITAL_OUTPATIENT = "hospital-outpatient"

    @property
    def label(self) -> str:
        """Its name in a sentence, with its article, such as "an ASC facility claim"."""
        return _CLAIM_LABELS[self]


_CLAIM_LABELS = {
    ClaimType.PROFESSIONAL: "a professional claim",
    ClaimType.ASC_FACILITY: "an ASC facility claim",
    ClaimType.HOSPITAL_OUTPATIENT: "a hospital outpatient claim",
}


class ClaimFrequency(StrEnum):
    """Whether a claim is the first of its services, or replaces or cancels an earlier one.

    It is the frequency code of the claim form: 1, 7 and 8.
    """

    ORIGINAL = "original"
    REPLACEMENT = "replacement"
    VOID = "void"


def parse_frequency(text: str) -> ClaimFrequency:
    """Parse the frequency of a claim, or its code on the claim form.

    >>> parse_frequency("8")
    <ClaimFrequency.VOID: 'void'>
    >>> parse_frequency("second")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'second' is not a claim frequency: write one of original, replacement, void, or in short 1, 7, 8

    Raises:
        ParseError: The text is not a frequency of a claim.

    Source: the claim frequency codes 1, 7 and 8 of the National Uniform Billing Committee.
    """
    return parse_word(
        text,
        ClaimFrequency,
        what="a claim frequency",
        example='parse_frequency("replacement")',
        also=_FREQUENCY_CODES,
    )


_FREQUENCY_CODES = dict(zip("178", ClaimFrequency, strict=True))


class Purpose(StrEnum):
    """Why the procedure was done."""

    DIAGNOSTIC = "diagnostic"
    THERAPEUTIC = "therapeutic"


def parse_purpose(text: str) -> Purpose:
    """Parse a purpose: diagnostic or therapeutic.

    >>> parse_purpose(" Diagnostic")
    <Purpose.DIAGNOSTIC: 'diagnostic'>
    >>> parse_purpose("both")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'both' is not a purpose: write one of diagnostic, therapeutic

    Raises:
        ParseError: The text is not a purpose.
    """
    return parse_word(text, Purpose, what="a purpose", example='parse_purpose("diagnostic")')


def parse_claim_type(text: str) -> ClaimType:
    """Parse a claim type.

    >>> parse_claim_type("ASC facility")
    <ClaimType.ASC_FACILITY: 'asc-facility'>
    >>> parse_claim_type("837P")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '837P' is not a claim type: this form is for professional claims and, under Medicare, for ASC facility claims; write professional or asc-facility

    Raises:
        ParseError: The text is not a claim type.
    """
    return parse_word(
        text,
        ClaimType,
        what="a claim type",
        example='parse_claim_type("professional")',
        also=_CLAIM_TYPES,
        vague=_FORMS,
    )


_CLAIM_TYPES = {"asc": ClaimType.ASC_FACILITY, "hopd": ClaimType.HOSPITAL_OUTPATIENT}
_OF_837P = (
    "this form is for professional claims and, under Medicare, for ASC facility claims; write"
    " professional or asc-facility"
)
_OF_837I = (
    "this form is for hospitals and, under some payers, for ASCs; write hospital-outpatient or"
    " asc-facility"
)
_FORMS = {
    "837p": _OF_837P,
    "cms-1500": _OF_837P,
    "837i": _OF_837I,
    "ub-04": _OF_837I,
    "facility": "write asc-facility or hospital-outpatient",
}


@sealed
@attrs.frozen(kw_only=True)
class Location:
    """Where the service was rendered, which determines the MAC jurisdiction and the fee.

    Attributes:
        state: The state, as two letters.
        county: The county, where a state is split between MACs.
        zip: The ZIP code.
        locality: The payment locality.
    """

    state: str | None = None
    county: str | None = None
    zip: str | None = None
    locality: str | None = None

    def __attrs_post_init__(self) -> None:
        """Check the types; whether there is such a place is for the look-up to decide."""
        check_types(self)


_NUMBERS = (int, Decimal)


def _number_repr(number: int | Decimal | None) -> str:
    """Return the repr of a number, or of one of too many digits in short."""
    if isinstance(number, Decimal) and len(number.as_tuple().digits) <= _SHOWN_DIGITS:
        return repr(number)
    text = _number_text(number)
    return f"Decimal('{text}')" if isinstance(number, Decimal) else text


def _number_text(number: int | Decimal | None) -> str:
    """Return a number in digits, or one of too many digits in short."""
    if number is None:
        return "None"
    if not isinstance(number, Decimal):
        if -(10**_SHOWN_DIGITS) < number < 10**_SHOWN_DIGITS:
            return str(number)
        number = Decimal(number)
    if not number.is_finite():
        return str(number)
    exponent = number.as_tuple().exponent
    if number.adjusted() < _SHOWN_DIGITS and int(exponent) >= -_SHOWN_DIGITS:
        return f"{number:f}"
    return f"{number:.3E}"


_SHOWN_DIGITS = 40  # before the decimal point, and after it


@sealed
@attrs.frozen(kw_only=True)
class ClaimLine:
    """One line of a claim.

    Attributes:
        code: The procedure code.
        modifiers: The modifiers, in the order of the line.
        units: Any number, even zero, a fraction or a huge one, or None if it is missing. What is
            wrong with it is a finding.
        diagnoses: The diagnosis codes; if empty, those of the claim apply.
        date: The date of service, if it differs from the date of the claim.
        place_of_service: The place of service (POS), if it differs from that of the claim.
        charge: The charge in US dollars.
        provider: Opaque: compared and never shown.

    >>> print(ClaimLine(code="64493", modifiers=("50", "KX"), units=1))
    64493-50-KX x1
    >>> ClaimLine(code="64493", modifiers="50")
    Traceback (most recent call last):
    ...
    TypeError: modifiers must be a tuple, not a single string: write ('50',)
    """

    code: str
    modifiers: tuple[str, ...] = ()
    units: int | Decimal | None = attrs.field(default=1, repr=_number_repr)
    diagnoses: tuple[str, ...] = ()
    date: dt.date | None = None
    place_of_service: str | None = None
    charge: Decimal | None = attrs.field(default=None, repr=_number_repr)
    provider: str | None = attrs.field(default=None, repr=False)

    def __repr__(self) -> str:
        return brief(self)

    def __str__(self) -> str:
        return self.text

    def __attrs_post_init__(self) -> None:
        """Check the types; whether the line is right is for the rules to decide."""
        if (
            type(self.code) is str
            and type(self.modifiers) is tuple
            and type(self.diagnoses) is tuple
            and (self.units is None or type(self.units) in _NUMBERS)
            and (self.date is None or type(self.date) is dt.date)
            and (self.place_of_service is None or type(self.place_of_service) is str)
            and (self.charge is None or type(self.charge) is Decimal)
            and (self.provider is None or type(self.provider) is str)
            and are_all(self.modifiers, str)
            and are_all(self.diagnoses, str)
        ):
            return
        check_types(self)

    @property
    def text(self) -> str:
        """The canonical text of code, modifiers and units, which `parse_line` reads."""
        joined = "-".join((self.code, *self.modifiers))
        return f"{joined} x{'?' if self.units is None else _number_text(self.units)}"

    @property
    def canonical(self) -> ClaimLine:
        """The same line in canonical form: upper-case code and modifiers, whole units as an int.

        Units that are not a whole number stay unchanged, and so does everything else.

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
        """The units as a count of 1 or more; None if they are missing, fractional or absurd.

        >>> ClaimLine(code="64493", units=Decimal("1.0")).whole_units
        1
        >>> print(ClaimLine(code="64493", units=Decimal("0.5")).whole_units)
        None
        """
        units = _counted(self.units) if isinstance(self.units, Decimal) else self.units
        return units if isinstance(units, int) and 0 < units < 10**_MOST_DIGITS else None


_MOST_DIGITS = 30  # more digits are not a count, and computing with them would take forever


def _folded(text: object) -> str:
    return str(text).strip().upper()


def _counted(units: Decimal) -> int | Decimal:
    """Return a whole number as an int, whatever the decimal context, and others unchanged."""
    if not units.is_finite() or units.adjusted() >= _MOST_DIGITS:
        return units
    return int(units) if units == units.to_integral_value() else units


_LINE = re.compile(
    r"(?P<code>[0-9]{5}|[0-9]{4}[A-Z]|[A-Z][0-9]{4})(?P<modifiers>(?:-[0-9A-Z]{2})*)"
    r"(?:\s*[Xx\N{MULTIPLICATION SIGN}]\s*(?P<units>-?\d{1,40}(?:\.\d{1,40})?|\?))?",
    re.ASCII | re.IGNORECASE,
)


def parse_line(text: str) -> ClaimLine:
    """Parse the text form of a claim line.

    Units are 1 if the text states none, and unknown if it says ``x?``.

    >>> parse_line(" 64493-50-kx x1 ").modifiers
    ('50', 'KX')
    >>> parse_line("64493 bilateral")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '64493 bilateral' is not a claim line: write code, modifiers and units, such as CODE-50-KX x1

    Raises:
        ParseError: The text is not a claim line.
    """
    match = _LINE.fullmatch(expect_text(text, "the line as text, such as 'CODE-50 x1'").strip())
    if match is None:
        reason = spoiled_number(text) or "write code, modifiers and units, such as CODE-50-KX x1"
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
    """The prior authorization that a claim reports.

    A claim without any prior authorization differs from an authorization without its number.

    Attributes:
        number: Opaque, never shown: the number of the decision. Under Medicare, the unique tracking
            number (UTN).
        decided: The date of the decision.
        exempt: Whether the hospital is exempt from the program.

    >>> PriorAuthorization(number="12345678901234", decided=dt.date(2026, 2, 20))
    PriorAuthorization(decided=datetime.date(2026, 2, 20), exempt=False)
    >>> PriorAuthorization(decided="2026-02-20")
    Traceback (most recent call last):
    ...
    TypeError: decided must be a datetime.date or None, not str: use parse_date("2026-03-02")

    Source: 42 CFR 419.82 and 419.83 for the program and its exemption.
    """

    number: str | None = attrs.field(default=None, repr=False)
    decided: dt.date | None = None
    exempt: bool = False

    def __attrs_post_init__(self) -> None:
        """Check the types."""
        check_types(self)


@sealed
@attrs.frozen(kw_only=True)
class Claim:
    """One claim: its lines, and the facts that all of them share.

    Attributes:
        claim_type: Who bills, and on which form.
        lines: The lines, in the order of the claim.
        date: The date of service of each line without its own.
        place_of_service: The place of service (POS) of each line without its own.
        purpose: None if it is not stated, or if the lines differ.
        diagnoses: The diagnosis codes of each line without its own.
        id: Opaque: returned with the answer and never shown.
        policy: The policy to read the claim under, if the call names none.
        location: Where the service was rendered.
        prior_authorization: What the claim states about prior authorization.
        frequency: Whether it is an original, a replacement or a void. A void is not checked.
        replaces: Opaque, never shown: the id of the claim that it replaces or voids.

    >>> print(
    ...     Claim(
    ...         claim_type=ClaimType.PROFESSIONAL,
    ...         date=dt.date(2026, 3, 2),
    ...         lines=(parse_line("64493-50-KX"), parse_line("64494-RT-KX")),
    ...     )
    ... )
    64493-50-KX x1, 64494-RT-KX x1 on a professional claim for 2026-03-02
    >>> Claim(claim_type=ClaimType.PROFESSIONAL, lines=("64493-50-KX",))
    Traceback (most recent call last):
    ...
    TypeError: lines[0] must be a ClaimLine, not str: use parse_line("CODE-50 x1")
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
    frequency: ClaimFrequency | None = None
    replaces: str | None = attrs.field(default=None, repr=False)

    def __repr__(self) -> str:
        return brief(self)

    @property
    def is_void(self) -> bool:
        """Whether it cancels an earlier claim, which it repeats unchanged."""
        return self.frequency is ClaimFrequency.VOID

    def __str__(self) -> str:
        lines = ", ".join(line.text for line in self.lines) or "no lines"
        ends = dict.fromkeys(map(str, self.dates[:1] + self.dates[-1:]))
        when = f" for {' to '.join(ends)}" if ends else ""
        return f"{lines} on {self.claim_type.label}{when}"

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """The dates of service of its lines, in order: their own, or else that of the claim.

        A claim without lines has its own date.

        >>> line = ClaimLine(code="64493", units=1, date=dt.date(2026, 3, 3))
        >>> claim = Claim(
        ...     claim_type=ClaimType.PROFESSIONAL,
        ...     date=dt.date(2026, 3, 2),
        ...     lines=(line, attrs.evolve(line, date=None)),
        ... )
        >>> [str(date) for date in claim.dates]
        ['2026-03-02', '2026-03-03']
        """
        if not self.lines:
            return (self.date,) if self.date else ()
        return tuple(sorted({day for line in self.lines if (day := line.date or self.date)}))

    def __attrs_post_init__(self) -> None:
        """Check the types."""
        if (
            type(self.claim_type) is ClaimType
            and type(self.lines) is tuple
            and type(self.diagnoses) is tuple
            and (self.date is None or type(self.date) is dt.date)
            and (self.place_of_service is None or type(self.place_of_service) is str)
            and (self.purpose is None or type(self.purpose) is Purpose)
            and (self.id is None or type(self.id) is str)
            and (self.policy is None or type(self.policy) is str)
            and (self.location is None or type(self.location) is Location)
            and self.prior_authorization is None
            and self.frequency is None
            and self.replaces is None
            and are_all(self.lines, ClaimLine)
            and are_all(self.diagnoses, str)
        ):
            return
        check_types(self)
