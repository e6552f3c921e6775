"""Indicators of the Medicare physician fee schedule: what each symbol means for payment.

Each indicator is an enum whose values are the symbols that CMS prints in the relative value files,
and whose properties answer what a rule wants to know. The meanings are those of the record layout
that CMS publishes with the files.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType

import attrs

from cptfacet._records import sealed
from cptfacet.citations import Citation
from cptfacet.dates import EffectivePeriod
from cptfacet.modifiers import ModifierRole

__all__ = [
    "DECIDING",
    "AssistantIndicator",
    "BilateralIndicator",
    "ComponentIndicator",
    "Deciding",
    "FeeStatus",
    "GlobalDays",
    "Indicator",
    "Indicators",
    "MultipleIndicator",
    "SurgeonsIndicator",
]


def __dir__() -> list[str]:
    return sorted(__all__)


class Indicator(StrEnum):
    """A symbol of the fee schedule, with its meaning in words of our own."""

    @property
    def label(self) -> str:
        """Its meaning, such as "not covered"."""
        return _LABELS[type(self)][self.value]


class FeeStatus(Indicator):
    """The status code of a procedure: whether the fee schedule pays it, and how."""

    ACTIVE = "A"
    BUNDLED = "B"
    CONTRACTOR_PRICED = "C"
    EXCLUDED_BY_REGULATION = "E"
    NOT_VALID = "I"
    ANESTHESIA = "J"
    MEASUREMENT = "M"
    NOT_COVERED = "N"
    BUNDLED_OR_EXCLUDED = "P"
    FUNCTIONAL = "Q"
    RESTRICTED = "R"
    INJECTION = "T"
    EXCLUDED_BY_STATUTE = "X"

    @property
    def never_paid(self) -> bool:
        """Whether the fee schedule never pays a line of its own for the code.

        A drug that the fee schedule excludes may be paid by another schedule.

        >>> [status.value for status in FeeStatus if status.never_paid]
        ['B', 'E', 'I', 'N', 'P', 'X']
        """
        return self in _NEVER_PAID


_NEVER_PAID = {
    FeeStatus.BUNDLED,
    FeeStatus.EXCLUDED_BY_REGULATION,
    FeeStatus.NOT_VALID,
    FeeStatus.NOT_COVERED,
    FeeStatus.BUNDLED_OR_EXCLUDED,
    FeeStatus.EXCLUDED_BY_STATUTE,
}


class GlobalDays(Indicator):
    """The global period of a procedure.

    >>> GlobalDays("010").days, GlobalDays("ZZZ").days
    (10, None)
    >>> GlobalDays("011")
    Traceback (most recent call last):
    ...
    ValueError: '011' is not a valid GlobalDays
    """

    ZERO = "000"
    TEN = "010"
    NINETY = "090"
    MATERNITY = "MMM"
    NOT_APPLICABLE = "XXX"
    CONTRACTOR = "YYY"
    WITH_PRIMARY = "ZZZ"

    @property
    def days(self) -> int | None:
        """The days of the global period, or None if the code has none of its own."""
        return int(self.value) if self.value.isdecimal() else None

    @property
    def minor(self) -> bool:
        """Whether the procedure is minor: its payment includes the decision to perform it.

        >>> [indicator.value for indicator in GlobalDays if indicator.minor]
        ['000', '010']
        """
        return self in {GlobalDays.ZERO, GlobalDays.TEN}


class MultipleIndicator(Indicator):
    """How several procedures of one day are adjusted."""

    NO_ADJUSTMENT = "0"
    STANDARD_BEFORE_1995 = "1"
    STANDARD = "2"
    ENDOSCOPY = "3"
    DIAGNOSTIC_IMAGING = "4"
    THERAPY = "5"
    CARDIOVASCULAR = "6"
    OPHTHALMOLOGY = "7"
    NOT_APPLICABLE = "9"


class BilateralIndicator(Indicator):
    """How a procedure on both sides is paid."""

    NO_ADJUSTMENT = "0"
    ADJUSTED = "1"
    PRICED_AS_BILATERAL = "2"
    EACH_SIDE = "3"
    NOT_APPLICABLE = "9"

    @property
    def pays_second_side(self) -> bool:
        """Whether more is paid for both sides than for one.

        >>> [indicator.value for indicator in BilateralIndicator if indicator.pays_second_side]
        ['1', '3']
        """
        return self in {BilateralIndicator.ADJUSTED, BilateralIndicator.EACH_SIDE}


class AssistantIndicator(Indicator):
    """Whether an assistant at surgery is paid."""

    WITH_DOCUMENTATION = "0"
    NOT_PAID = "1"
    PAID = "2"
    NOT_APPLICABLE = "9"

    @property
    def payable(self) -> bool:
        """Whether an assistant can be paid.

        >>> [indicator.value for indicator in AssistantIndicator if indicator.payable]
        ['0', '2']
        """
        return self in {AssistantIndicator.WITH_DOCUMENTATION, AssistantIndicator.PAID}


class SurgeonsIndicator(Indicator):
    """Whether a second surgeon, or a team of surgeons, is paid."""

    NOT_PAID = "0"
    WITH_DOCUMENTATION = "1"
    PAID = "2"
    NOT_APPLICABLE = "9"

    @property
    def payable(self) -> bool:
        """Whether the other surgeons can be paid.

        >>> [indicator.value for indicator in SurgeonsIndicator if indicator.payable]
        ['1', '2']
        """
        return self in {SurgeonsIndicator.WITH_DOCUMENTATION, SurgeonsIndicator.PAID}


class ComponentIndicator(Indicator):
    """How a code divides into a professional and a technical component (PC/TC)."""

    PHYSICIAN_SERVICE = "0"
    DIAGNOSTIC_TEST = "1"
    PROFESSIONAL_ONLY = "2"
    TECHNICAL_ONLY = "3"
    GLOBAL_TEST_ONLY = "4"
    INCIDENT_TO = "5"
    LABORATORY_INTERPRETATION = "6"
    PRIVATE_PRACTICE_THERAPY = "7"
    PHYSICIAN_INTERPRETATION = "8"
    NOT_APPLICABLE = "9"

    @property
    def divided(self) -> bool:
        """Whether a component of the code can be billed alone, by modifier.

        >>> [indicator.value for indicator in ComponentIndicator if indicator.divided]
        ['1', '6', '8']
        """
        return self in _DIVIDED


_DIVIDED = {
    ComponentIndicator.DIAGNOSTIC_TEST,
    ComponentIndicator.LABORATORY_INTERPRETATION,
    ComponentIndicator.PHYSICIAN_INTERPRETATION,
}


_NOT_APPLICABLE = "not applicable"
_SURGEONS = {
    "0": "not paid",
    "1": "paid with documentation of the need",
    "2": "paid",
    "9": _NOT_APPLICABLE,
}
_LABELS: Mapping[type, Mapping[str, str]] = {
    FeeStatus: {
        "A": "active: paid under the fee schedule",
        "B": "bundled into other services: never paid alone",
        "C": "the MAC sets the price",
        "E": "excluded by regulation: not paid",
        "I": "not valid for Medicare: another code reports it",
        "J": "anesthesia: paid under its own schedule",
        "M": "measurement only: not paid",
        "N": "not covered",
        "P": "bundled or excluded: not paid alone",
        "Q": "functional information only",
        "R": "restricted: special coverage instructions apply",
        "T": "paid only if nothing else of the day is",
        "X": "excluded by statute: not paid under the fee schedule",
    },
    GlobalDays: {
        "000": "a minor procedure: its own day",
        "010": "a minor procedure: its own day and the 10 days after it",
        "090": "a major procedure: the day before, its own day and the 90 days after it",
        "MMM": "maternity",
        "XXX": _NOT_APPLICABLE,
        "YYY": "the MAC sets it",
        "ZZZ": "that of its primary procedure",
    },
    MultipleIndicator: {
        "0": "no reduction beside other procedures",
        "1": "the standard reduction from before 1995",
        "2": "the standard reduction beside other procedures",
        "3": "the reduction for endoscopies",
        "4": "the reduction for diagnostic imaging",
        "5": "the reduction for therapy",
        "6": "the reduction for cardiovascular tests",
        "7": "the reduction for ophthalmology tests",
        "9": _NOT_APPLICABLE,
    },
    BilateralIndicator: {
        "0": "nothing more is paid for the second side",
        "1": "more is paid for both sides than for one",
        "2": "the amount is already that of both sides",
        "3": "each side is paid in full",
        "9": _NOT_APPLICABLE,
    },
    AssistantIndicator: {
        "0": "paid with documentation of the need",
        "1": "not paid",
        "2": "paid",
        "9": _NOT_APPLICABLE,
    },
    SurgeonsIndicator: _SURGEONS,
    ComponentIndicator: {
        "0": "a physician service: not divided",
        "1": "a diagnostic test with a professional and a technical component",
        "2": "the professional component alone",
        "3": "the technical component alone",
        "4": "a diagnostic test as a whole",
        "5": "incident to a physician service",
        "6": "the interpretation of a laboratory test",
        "7": "therapy in private practice",
        "8": "the interpretation by a physician",
        "9": _NOT_APPLICABLE,
    },
}


@sealed
@attrs.frozen(kw_only=True)
class Indicators:
    """The Medicare Physician Fee Schedule indicators of one code.

    ``term.seen`` and ``last`` are the dates of the first and the last edition read; every edition
    between them agrees.

    >>> from cptfacet.reference import packaged
    >>> found = packaged().get_procedure("64635").indicators
    >>> found.status.name, found.global_days.days, found.bilateral.pays_second_side
    ('ACTIVE', 10, True)
    """

    status: FeeStatus
    global_days: GlobalDays
    multiple: MultipleIndicator
    bilateral: BilateralIndicator
    assistant: AssistantIndicator
    co_surgeon: SurgeonsIndicator
    team: SurgeonsIndicator
    pc_tc: ComponentIndicator
    term: EffectivePeriod
    last: dt.date
    citations: tuple[Citation, ...]


@sealed
@attrs.frozen
class Deciding:
    """The indicator of a code that decides whether a modifier applies, and the reason if it does not."""

    indicator: str
    allows: Callable[[Indicators], bool]
    reason: str


_COMPONENT = Deciding(
    "pc-tc",
    attrgetter("pc_tc.divided"),
    "the fee schedule does not split this code into components",
)
DECIDING: Mapping[ModifierRole, Deciding] = MappingProxyType(
    {
        ModifierRole.PROFESSIONAL_COMPONENT: _COMPONENT,
        ModifierRole.TECHNICAL_COMPONENT: _COMPONENT,
        ModifierRole.ASSISTANT: Deciding(
            "assistant",
            attrgetter("assistant.payable"),
            "an assistant at surgery is not paid for this code",
        ),
        ModifierRole.CO_SURGEON: Deciding(
            "co-surgeon", attrgetter("co_surgeon.payable"), "a co-surgeon is not paid for this code"
        ),
        ModifierRole.TEAM: Deciding(
            "team", attrgetter("team.payable"), "team surgery is not paid for this code"
        ),
    }
)
"""What decides on each modifier that an indicator of the fee schedule allows or refuses."""
