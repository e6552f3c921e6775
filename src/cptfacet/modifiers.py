"""Modifiers: the meaning and kind of each, and the claim types it applies to."""

from __future__ import annotations

import re
from enum import StrEnum

import attrs

from cptfacet._inputs import expect_text
from cptfacet._records import sealed
from cptfacet.citations import Citation, Confidence
from cptfacet.claims import ClaimType
from cptfacet.dates import EffectivePeriod
from cptfacet.errors import ParseError

__all__ = [
    "LATERAL_ROLES",
    "Modifier",
    "ModifierConflict",
    "ModifierKind",
    "ModifierRole",
    "is_modifier",
    "parse_modifier",
]


def __dir__() -> list[str]:
    return sorted(__all__)


_MODIFIER = re.compile(r"[0-9A-Z]{2}", re.ASCII)


def parse_modifier(text: str) -> str:
    """Parse a modifier: two characters, known to this library or not.

    >>> parse_modifier(" kx")
    'KX'
    >>> parse_modifier("-50")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '-50' is not a modifier: write two letters or digits

    Raises:
        ParseError: The text does not have the format of a modifier.
    """
    modifier = expect_text(text, 'parse_modifier("KX")').strip().upper()
    if _MODIFIER.fullmatch(modifier) is None:
        raise ParseError(what="a modifier", text=text, reason="write two letters or digits")
    return modifier


def is_modifier(text: str) -> bool:
    """Whether a text has exactly the format of a modifier.

    >>> is_modifier("KX"), is_modifier("kx")
    (True, False)
    """
    return _MODIFIER.fullmatch(expect_text(text, 'is_modifier("KX")')) is not None


class ModifierKind(StrEnum):
    """The kinds of modifiers, in their sequence on a line."""

    PAYMENT = "payment"
    LATERALITY = "laterality"
    INFORMATIONAL = "informational"


class ModifierRole(StrEnum):
    """The roles by which rules find modifiers, instead of by code."""

    BILATERAL = "bilateral"
    RIGHT = "right"
    LEFT = "left"
    REQUIREMENTS_MET = "requirements-met"
    DISTINCT = "distinct"
    MULTIPLE = "multiple"
    UNRELATED_IN_GLOBAL = "unrelated-in-global"
    UNRELATED_VISIT = "unrelated-visit"
    REPEAT = "repeat"
    REDUCED = "reduced"
    DISCONTINUED = "discontinued"
    SEPARATE_VISIT = "separate-visit"
    EXPECTED_DENIAL = "expected-denial"
    MONITORED_ANESTHESIA = "monitored-anesthesia"
    PROFESSIONAL_COMPONENT = "professional-component"
    TECHNICAL_COMPONENT = "technical-component"
    ASSISTANT = "assistant"
    CO_SURGEON = "co-surgeon"
    TEAM = "team"
    STAGED = "staged"
    RETURN = "return"


LATERAL_ROLES = (ModifierRole.BILATERAL, ModifierRole.RIGHT, ModifierRole.LEFT)


@sealed
@attrs.frozen(kw_only=True)
class Modifier:
    """One modifier, in our own words.

    ``claim_types`` lists the claim types it applies to. ``effect`` is what payers do with it, with
    its own ``effect_confidence``.
    """

    code: str
    code_set: str
    kind: ModifierKind
    role: ModifierRole | None
    meaning: str
    effect: str
    claim_types: tuple[ClaimType, ...]
    applies_to: str
    term: EffectivePeriod
    confidence: Confidence
    effect_confidence: Confidence
    citations: tuple[Citation, ...]
    note: str = ""


@sealed
@attrs.frozen(kw_only=True)
class ModifierConflict:
    """Modifiers that exclude each other on one line."""

    modifiers: frozenset[str]
    term: EffectivePeriod
    confidence: Confidence
    citations: tuple[Citation, ...]
    note: str
