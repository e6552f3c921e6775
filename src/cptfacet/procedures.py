"""Procedure codes as structured facts: family, region, ordinal of level, add-on links, dates.

There are no CPT descriptors here: labels are in our own words, composed from the structured fields.
"""

from __future__ import annotations

import datetime as dt
import re
from enum import StrEnum

import attrs

from cptfacet._inputs import expect, expect_date, expect_text, spoiled_number
from cptfacet._records import sealed
from cptfacet.anatomy import CodeRegion
from cptfacet.citations import Citation, Confidence
from cptfacet.dates import EffectivePeriod, Status
from cptfacet.errors import ParseError
from cptfacet.indicators import Indicators

__all__ = [
    "AddOnLink",
    "CodeGroup",
    "CodeRole",
    "Counted",
    "Family",
    "GroupedCode",
    "LegacyFamily",
    "Ordinal",
    "Procedure",
    "ProcedureKind",
    "is_code",
    "parse_code",
    "role_of",
]


def __dir__() -> list[str]:
    return sorted(__all__)


_CODE = re.compile(r"[0-9]{5}|[0-9]{4}[A-Z]|[A-Z][0-9]{4}", re.ASCII)
_AS_TEXT = "the code as text, in quotes"


def parse_code(text: str) -> str:
    """Parse a procedure code: five characters, known to this library or not.

    >>> parse_code(" 0213t ")
    '0213T'
    >>> parse_code("6449")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '6449' is not a procedure code: write five characters, such as five digits, or four digits and a T

    Raises:
        ParseError: The text does not have the format of a CPT or HCPCS code.
    """
    code = expect_text(text, _AS_TEXT).strip().upper()
    if _CODE.fullmatch(code) is None:
        reason = (
            spoiled_number(text)
            or "write five characters, such as five digits, or four digits and a T"
        )
        raise ParseError(what="a procedure code", text=text, reason=reason)
    return code


def is_code(text: str) -> bool:
    """Whether a text has exactly the format of a procedure code.

    >>> is_code("64493"), is_code(" 64493 ")
    (True, False)
    """
    return _CODE.fullmatch(expect_text(text, _AS_TEXT)) is not None


class ProcedureKind(StrEnum):
    """How this library treats a code: facet code, former facet code or related code."""

    FACET = "facet"
    PREDECESSOR = "predecessor"
    RELATED = "related"


class Family(StrEnum):
    """The families of facet codes that a session can be coded to."""

    IMAGE_GUIDED_INJECTION = "image-guided-injection"
    ULTRASOUND_INJECTION = "ultrasound-injection"
    ABLATION = "ablation"

    @property
    def label(self) -> str:
        """Its name in a sentence, such as "image-guided facet injection"."""
        return _FAMILY_LABELS[self]


_FAMILY_LABELS = {
    Family.IMAGE_GUIDED_INJECTION: "image-guided facet injection",
    Family.ULTRASOUND_INJECTION: "ultrasound-guided facet injection",
    Family.ABLATION: "facet denervation",
}


class CodeGroup(StrEnum):
    """The groups of related codes that are billed with facet codes."""

    IMAGING_GUIDANCE = "imaging-guidance"
    SEDATION = "sedation"
    ANESTHESIA = "anesthesia"
    EPIDURAL = "epidural"
    TRIGGER_POINT = "trigger-point"
    SYMPATHETIC_BLOCK = "sympathetic-block"
    SACROILIAC = "sacroiliac"
    PERIPHERAL_NERVE = "peripheral-nerve"
    JOINT_INJECTION = "joint-injection"
    IMPLANT = "implant"
    DRUG = "drug"
    CONTRAST = "contrast"
    REGENERATIVE = "regenerative"
    UNLISTED_NERVOUS = "unlisted-nervous"
    EVALUATION = "evaluation"


class LegacyFamily(StrEnum):
    """The families of former facet codes."""

    INJECTION = "injection"
    ABLATION = "ablation"

    @property
    def label(self) -> str:
        """Its name in a sentence, such as "facet injection (old code)"."""
        what = "facet injection" if self is LegacyFamily.INJECTION else Family.ABLATION.label
        return f"{what} (old code)"


class Counted(StrEnum):
    """What one unit of a code represents."""

    LEVEL = "level"
    JOINT = "joint"
    NERVE = "nerve"


class Ordinal(StrEnum):
    """Which level of a coded group a code represents."""

    FIRST = "first"
    SECOND = "second"
    THIRD_AND_MORE = "third-and-more"
    EACH_ADDITIONAL = "each-additional"


class CodeRole(StrEnum):
    """The role of a current or former facet code, which determines its laterality format."""

    PRIMARY = "primary"
    INJECTION_ADD_ON = "injection-add-on"
    ABLATION_ADD_ON = "ablation-add-on"


def role_of(family: Family | LegacyFamily, ordinal: Ordinal) -> CodeRole:
    """Return the role of a current or former facet code.

    >>> role_of(Family.ABLATION, Ordinal.EACH_ADDITIONAL)
    <CodeRole.ABLATION_ADD_ON: 'ablation-add-on'>
    """
    expect(family, (Family, LegacyFamily), "family")
    expect(ordinal, Ordinal, "ordinal")
    if ordinal is Ordinal.FIRST:
        return CodeRole.PRIMARY
    if family in (Family.ABLATION, LegacyFamily.ABLATION):
        return CodeRole.ABLATION_ADD_ON
    return CodeRole.INJECTION_ADD_ON


@sealed
@attrs.frozen(kw_only=True)
class AddOnLink:
    """A primary code that allows an add-on code, and when it does."""

    add_on: str
    primary: str
    authority: str
    term: EffectivePeriod
    citations: tuple[Citation, ...]
    note: str = ""


@sealed
@attrs.frozen(kw_only=True)
class GroupedCode:
    """A related code, its group, when it is in force, and its fee schedule indicators.

    ``region`` is the region of the spine that an epidural code is for, where a source we read says so.
    ``indicators`` has one value, or one for each period in which the fee schedule lists the code with
    others; it is empty if the editions we have read don't list the code.
    """

    code: str
    group: CodeGroup
    term: EffectivePeriod
    confidence: Confidence
    citations: tuple[Citation, ...]
    indicators: tuple[Indicators, ...] = ()
    region: CodeRegion | None = None
    note: str = ""


@sealed
@attrs.frozen(kw_only=True)
class Procedure:
    """One procedure code with its structured facts.

    ``counts`` says what one unit represents. ``family``, ``region`` and ``ordinal`` are None for
    related codes, and ``primaries`` is empty unless the code is an add-on.
    """

    code: str
    kind: ProcedureKind
    family: Family | LegacyFamily | None
    region: CodeRegion | None
    ordinal: Ordinal | None
    counts: Counted | None
    label: str
    term: EffectivePeriod
    confidence: Confidence
    citations: tuple[Citation, ...]
    replaced_by: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    primaries: tuple[AddOnLink, ...] = ()
    indicators: Indicators | None = None
    note: str = ""

    @property
    def add_on(self) -> bool:
        """Whether the code is an add-on, reported only with a primary."""
        return self.ordinal not in (None, Ordinal.FIRST)

    def in_force(self, on: dt.date) -> Status:
        """Return whether the code is valid on a date of service, where that is known.

        >>> from cptfacet.reference import packaged
        >>> packaged().get_procedure("64475").in_force(dt.date(2010, 1, 1))
        <Status.NOT_IN_FORCE: 'not-in-force'>
        """
        expect_date(on)
        return self.term.on(on)

    def primary_codes(self, on: dt.date) -> tuple[str, ...]:
        """List the primary codes that allow this add-on on a date.

        >>> from cptfacet.reference import packaged
        >>> packaged().get_procedure("64494").primary_codes(dt.date(2026, 3, 2))
        ('64493', '64490')
        """
        expect_date(on)
        found = (k.primary for k in self.primaries if k.term.on(on) is Status.IN_FORCE)
        return tuple(dict.fromkeys(found))
