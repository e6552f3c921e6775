"""The vocabulary of provisions: the meaning, cells and type of value of each key.

A provision of a file holds texts and numbers. `Key.read` turns its value into what code works with:
a key or a choice misspelled in code is then a type error, not a rule that never applies.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

import attrs

from cptfacet._records import sealed
from cptfacet.agents import Agent
from cptfacet.claims import ClaimType, parse_line
from cptfacet.findings import RuleFamily, Severity
from cptfacet.history import SessionKind
from cptfacet.modifiers import ModifierKind, ModifierRole
from cptfacet.procedures import CodeGroup, CodeRole, Family, is_code
from cptfacet.sessions import Guidance, Technique

__all__ = [
    "DIMENSIONS",
    "GUIDANCE_NOT_STATED",
    "KEYS",
    "NO_MODIFIER",
    "AscList",
    "BlocksBeside",
    "Bundling",
    "Choice",
    "Coverage",
    "FamilyPairing",
    "FeeSchedule",
    "Grouping",
    "Key",
    "LateralityFormat",
    "LevelOrder",
    "Merging",
    "Need",
    "SedationCoverage",
    "SideNaming",
    "ThirdLevelSide",
    "Uncoded",
    "Value",
    "ValueType",
    "is_in_dimension",
]


def __dir__() -> list[str]:
    return sorted(__all__)


T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")
C = TypeVar("C", bound="Choice")
E = TypeVar("E", bound=StrEnum)
Value = str | int | tuple[str, ...]

# -- choices


class Choice(Enum):
    """What a provision may choose from. It is not a text: comparing it with one is a type error."""

    def __str__(self) -> str:
        return str(self.value)


class Uncoded(Choice):
    """Why a technique under a guidance belongs to no family of facet codes.

    `other-code`: it is reported with other lines. `ask`: the record must say more first.
    """

    OTHER_CODE = "other-code"
    ASK = "ask"


class Merging(Choice):
    """What several injection techniques at one joint are."""

    ONE_LEVEL = "one-level"


class Bundling(Choice):
    """Whether a service is included in another, or reported beside it."""

    INCLUDED = "included"
    SEPARATE = "separate"


class Grouping(Choice):
    """How T12-L1 with L1-L2 alone is grouped: each by the region of its code, or as one group."""

    BY_CODE_REGION = "by-code-region"
    ONE_GROUP = "one-group"


class FamilyPairing(Choice):
    """How PTP edits treat lines of two families in one session."""

    PAID_WHEN_DISTINCT = "paid-when-distinct"
    NEVER_PAID_TOGETHER = "never-paid-together"


class LevelOrder(Choice):
    """The order of levels in a coded group whose sides differ."""

    BILATERAL_FIRST = "bilateral-first"


class ThirdLevelSide(Choice):
    """The side of the one line for the third and additional levels."""

    BILATERAL_IF_ANY = "bilateral-if-any"


class LateralityFormat(Choice):
    """One way of writing a level that was treated on both sides.

    `one-line-50`: one line with the bilateral modifier. `two-units`: one line without side, two
    units. `rt-lt-lines`: one line for each side. `plain-then-50`: a line without modifier and a second one
    with the bilateral modifier.
    """

    ONE_LINE_50 = "one-line-50"
    TWO_UNITS = "two-units"
    RT_LT_LINES = "rt-lt-lines"
    PLAIN_THEN_50 = "plain-then-50"

    @property
    def words(self) -> str:
        """How a bilateral level is billed in the format.

        >>> LateralityFormat.RT_LT_LINES.words
        'an RT line and an LT line'
        """
        return _IN_WORDS[self]


_IN_WORDS = {
    LateralityFormat.ONE_LINE_50: "one line with modifier 50",
    LateralityFormat.TWO_UNITS: "2 units without modifier 50",
    LateralityFormat.RT_LT_LINES: "an RT line and an LT line",
    LateralityFormat.PLAIN_THEN_50: "two lines, the second with modifier 50",
}


class Coverage(Choice):
    """Whether a procedure is covered at all."""

    COVERED = "covered"
    NOT_COVERED = "not-covered"


class SedationCoverage(Choice):
    """Whether sedation with a procedure is covered: never, or with a reason in the record."""

    NOT_COVERED = "not-covered"
    WITH_REASON = "with-reason"


class BlocksBeside(Choice):
    """How a policy treats other kinds of block on the day of a facet procedure.

    `each-justified`: each is justified on its own. `only-with-cyst`: the same, and an epidural only for
    a facet cyst. `one-type-a-day`: none.
    """

    EACH_JUSTIFIED = "each-justified"
    ONLY_WITH_CYST = "only-with-cyst"
    ONE_TYPE_A_DAY = "one-type-a-day"


class SideNaming(Choice):
    """Whether the line of a level that was treated on one side names that side."""

    NAMED = "named"
    OPTIONAL = "optional"


class Need(Choice):
    """Whether a claim has to state something."""

    REQUIRED = "required"


class FeeSchedule(Choice):
    """The fee schedule by which a payer pays practitioners."""

    PHYSICIAN = "physician-fee-schedule"


class AscList(Choice):
    """The list of services by which a payer pays an ambulatory surgery center."""

    ASC_ADDENDA = "asc-addenda"


# -- cells

GUIDANCE_NOT_STATED = "not-stated"
DIMENSIONS: Mapping[str, tuple[str, ...] | None] = MappingProxyType(
    {
        "technique": tuple(Technique),
        "guidance": (*Guidance, GUIDANCE_NOT_STATED),
        "agent": tuple(Agent),
        "role": tuple(CodeRole),
        "claim-type": tuple(ClaimType),
        "family": tuple(Family),
        "family-pair": tuple("+".join(pair) for pair in itertools.combinations(Family, 2)),
        "add-on": None,  # open: any procedure code
        "rule": None,  # open: the id of any checking rule
        "procedure": (
            SessionKind.DIAGNOSTIC_INJECTION,
            SessionKind.THERAPEUTIC_INJECTION,
            SessionKind.ABLATION,
        ),
        "group": tuple(CodeGroup),
    }
)
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def is_id(text: str) -> bool:
    """Whether a text has the format of the id of a policy or a rule.

    >>> is_id("blue-cross-idaho"), is_id("Rule 7")
    (True, False)
    """
    return _ID.fullmatch(text) is not None


_OPEN: Mapping[str, Callable[[str], bool]] = MappingProxyType({"add-on": is_code, "rule": is_id})


def is_in_dimension(dimension: str, value: object) -> bool:
    """Whether a value is one of a dimension's values.

    >>> (
    ...     is_in_dimension("family", "ablation"),
    ...     is_in_dimension("add-on", "64494"),
    ...     is_in_dimension("rule", "Rule 7"),
    ... )
    (True, True, False)
    """
    allowed = DIMENSIONS[dimension]
    if allowed is None:
        return isinstance(value, str) and _OPEN[dimension](value)
    return value in allowed


# -- values


@sealed
@attrs.frozen(kw_only=True)
class ValueType(Generic[T_co]):
    """What a provision's value is, as a file writes it and as code works with it.

    ``choices`` are the texts that a value may be or list; where they are empty, it may be others. A
    count is from ``least`` to ``most``.
    """

    name: str
    read: Callable[[Value], T_co] = attrs.field(repr=False, eq=False)
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 10_000


NO_MODIFIER = "none"  # a policy wants no modifier


def _texts(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (str(value),)


def _one_of(kind: type[C], *choices: C) -> ValueType[C]:
    return ValueType(name="choice", read=kind, choices=tuple(map(str, choices or kind)))


def _listed(name: str, kind: type[E]) -> ValueType[tuple[E, ...]]:
    return ValueType(
        name=name, read=lambda value: tuple(map(kind, _texts(value))), choices=tuple(kind)
    )


def _family(value: Value) -> Family | Uncoded:
    return Family(str(value)) if value in tuple(Family) else Uncoded(value)


_COUNT = ValueType(name="count", read=lambda value: int(str(value)))
_FROM_ONE = ValueType(name="count", read=lambda value: int(str(value)), least=1)
_MODIFIER = ValueType(
    name="modifier", read=lambda value: None if value == NO_MODIFIER else str(value)
)
_MODIFIERS = ValueType(name="modifiers", read=_texts)
_CODES = ValueType(name="codes", read=_texts)
_LINES = ValueType(name="lines", read=lambda value: tuple(map(parse_line, _texts(value))))
_DOCUMENT = ValueType(name="document", read=str)
_SEVERITY = ValueType(
    name="choice", read=lambda value: Severity(str(value)), choices=tuple(Severity)
)
_FORMATS = ValueType(
    name="some",
    read=lambda value: tuple(map(LateralityFormat, _texts(value))),
    choices=tuple(map(str, LateralityFormat)),
)
_FAMILY = ValueType(name="choice", read=_family, choices=(*Family, *map(str, Uncoded)))

# -- keys


@sealed
@attrs.frozen(kw_only=True)
class Key(Generic[T_co]):
    """One key of the vocabulary: what a provision of that name says, and in which cells.

    A policy that extends none answers every cell of a ``required`` key. Lines that coding writes
    depend on a key that ``shapes_lines``; of the others, checking asks. ``role`` is the role of the
    modifier that a provision of the type `modifier` names.

    >>> KEYS["laterality.format"].dimensions
    ('role', 'claim-type')
    >>> LATERALITY_FORMAT.read("two-units")
    <LateralityFormat.TWO_UNITS: 'two-units'>
    """

    name: str
    values: ValueType[T_co]
    meaning: str
    dimensions: tuple[str, ...] = ()
    unit: str | None = None
    role: ModifierRole | None = None
    required: bool = False
    shapes_lines: bool = False

    def read(self, value: Value) -> T_co:
        """Return the value of a provision as code works with it."""
        return self.values.read(value)

    @property
    def type(self) -> str:
        """The name of the type of its values."""
        return self.values.name

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts that its values may be, or may list."""
        return self.values.choices


_KEYS: dict[str, Key[object]] = {}
KEYS: Mapping[str, Key[object]] = MappingProxyType(_KEYS)


def _key(
    name: str,
    values: ValueType[T],
    meaning: str,
    *,
    dimensions: tuple[str, ...] = (),
    unit: str | None = None,
    role: ModifierRole | None = None,
    required: bool = False,
    shapes_lines: bool = False,
) -> Key[T]:
    key = Key(
        name=name,
        values=values,
        meaning=meaning,
        dimensions=dimensions,
        unit=unit,
        role=role,
        required=required,
        shapes_lines=shapes_lines,
    )
    _KEYS[name] = key
    return key


# -- what coding asks for

CODING_FAMILY = _key(
    "coding.family",
    _FAMILY,
    "The family of facet codes that a technique under a guidance belongs to. other-code: it is "
    "reported with the lines of coding.instead. ask: the record must say more first.",
    dimensions=("technique", "guidance"),
    required=True,
    shapes_lines=True,
)
CODING_INSTEAD = _key(
    "coding.instead",
    _LINES,
    "The lines that a source names where no facet code is right, or where it is right only for "
    "some MACs.",
    dimensions=("technique", "guidance"),
    shapes_lines=True,
)
CODING_AGENT = _key(
    "coding.agent",
    _LINES,
    "The lines that represent an injection of an agent as a whole, at any site and under any "
    "guidance, and that are reported instead of a facet code.",
    dimensions=("agent",),
    shapes_lines=True,
)
CODING_OVERLAPPING_INJECTIONS = _key(
    "coding.overlapping-injections",
    _one_of(Merging),
    "What several injection techniques at one joint are: one level, in the family with "
    "fluoroscopy or CT if one of them had it.",
    required=True,
    shapes_lines=True,
)
CODING_INJECTION_AT_ABLATED_JOINT = _key(
    "coding.injection-at-ablated-joint",
    _one_of(Bundling),
    "Whether an injection at a joint that is ablated on the same day is included in the ablation.",
    required=True,
    shapes_lines=True,
)
CODING_THORACOLUMBAR = _key(
    "coding.thoracolumbar",
    _one_of(Grouping),
    "How T12-L1 together with L1-L2, and nothing else of the family, is grouped: each by the "
    "region of its code, or as one group with T12-L1 first.",
    dimensions=("family",),
    required=True,
    shapes_lines=True,
)
CODING_FAMILY_PAIRS = _key(
    "coding.family-pairs",
    _one_of(FamilyPairing),
    "How a payer's PTP edits treat lines of two families in one session, if they pair them. "
    "Coding writes both lines and a note; it never adds a modifier to bypass an edit.",
    dimensions=("family-pair", "claim-type"),
    shapes_lines=True,
)
LEVELS_ORDER = _key(
    "levels.order",
    _one_of(LevelOrder),
    "The order of levels in a coded group where their sides differ: levels treated on both "
    "sides first, then from superior to inferior.",
    required=True,
    shapes_lines=True,
)
LEVELS_THIRD_SIDE = _key(
    "levels.third-side",
    _one_of(ThirdLevelSide),
    "The side of the one line for the third and additional levels: bilateral if any of its "
    "levels was treated on both sides, one side if all share it, else none.",
    required=True,
    shapes_lines=True,
)
LATERALITY_FORMAT = _key(
    "laterality.format",
    _one_of(LateralityFormat),
    "The laterality format: how a level that was treated on both sides is reported.",
    dimensions=("role", "claim-type"),
    required=True,
    shapes_lines=True,
)
MODIFIER_DIAGNOSTIC = _key(
    "modifier.diagnostic",
    _MODIFIER,
    "The modifier of diagnostic lines, or none.",
    dimensions=("family",),
    role=ModifierRole.REQUIREMENTS_MET,
    required=True,
    shapes_lines=True,
)
MODIFIER_ORDER = _key(
    "modifier.order",
    _listed("list", ModifierKind),
    "The sequence of the kinds of modifiers on a line.",
    required=True,
    shapes_lines=True,
)
ADDON_PRIMARIES = _key(
    "addon.primaries",
    _CODES,
    "Further primary codes that the policy allows for an add-on code, in addition to the add-on code edits.",
    dimensions=("add-on",),
    shapes_lines=True,
)
COVERAGE_DOCUMENT = _key(
    "coverage.document",
    _DOCUMENT,
    "The document of the payer that says when a facet procedure is covered, by the number under "
    "which it is published.",
    shapes_lines=True,
)
BILLING_DOCUMENT = _key(
    "billing.document",
    _DOCUMENT,
    "The document of the payer that says how it is billed, by the number under which it is "
    "published: for Medicare the MAC's billing article, for others the policy on bilateral procedures.",
    shapes_lines=True,
)

# -- what checking asks for

CHECKS_FAMILIES = _key(
    "checks.families",
    _listed("some", RuleFamily),
    "The families of checking rules that run under the policy.",
    required=True,
)
CHECKS_SEVERITY = _key(
    "checks.severity",
    _SEVERITY,
    "The severity of what a rule finds under the policy, where it differs from the rule's own.",
    dimensions=("rule",),
)
LEVELS_MAX = _key(
    "levels.max",
    _COUNT,
    "The most levels of one region in one session that are covered; both sides of a level are one.",
    dimensions=("family",),
    unit="levels",
)
REGIONS_MAX = _key(
    "regions.max",
    _COUNT,
    "The most regions in one session that are covered. T12-L1 with L1-L2 is one where "
    "coding.thoracolumbar has one-group.",
    unit="regions",
)
SESSIONS_MAX = _key(
    "sessions.max",
    _COUNT,
    "The most sessions of one procedure in one region, within sessions.window, that are covered.",
    dimensions=("procedure",),
    unit="sessions",
)
SESSIONS_POOLED_MAX = _key(
    "sessions.pooled.max",
    _COUNT,
    "The most sessions of injections of either purpose together, in one region within "
    "sessions.window, that are covered.",
    unit="sessions",
)
SESSIONS_WINDOW = _key(
    "sessions.window",
    _FROM_ONE,
    "The rolling window in which sessions are counted, back from the date of service.",
    unit="months",
)
DIAGNOSTIC_INTERVAL = _key(
    "diagnostic.interval",
    _COUNT,
    "The fewest days between two diagnostic injections at one level.",
    unit="days",
)
DIAGNOSTIC_AFTER_ABLATION = _key(
    "diagnostic.after-ablation",
    _COUNT,
    "The months after an ablation of a level in which a diagnostic injection at it is questioned: "
    "whether the ablation was successful, and whether the source of the pain is in question again.",
    unit="months",
)
COVERAGE_FAMILY = _key(
    "coverage.family",
    _one_of(Coverage),
    "Whether procedures of a family are covered at all.",
    dimensions=("family",),
)
COVERAGE_PROCEDURE = _key(
    "coverage.procedure",
    _one_of(Coverage),
    "Whether a procedure is covered at all, where its purpose decides.",
    dimensions=("procedure",),
)
COVERAGE_GROUP = _key(
    "coverage.group",
    _one_of(Coverage, Coverage.NOT_COVERED),
    "Other codes that are not covered, by their group.",
    dimensions=("group",),
)
COVERAGE_TECHNIQUE = _key(
    "coverage.technique",
    _one_of(Coverage, Coverage.NOT_COVERED),
    "Techniques that are not covered, however they are coded.",
    dimensions=("technique",),
)
COVERAGE_AGENT = _key(
    "coverage.agent",
    _one_of(Coverage),
    "Whether a facet injection of an agent is covered.",
    dimensions=("agent",),
)
COVERAGE_SEDATION = _key(
    "coverage.sedation",
    _one_of(SedationCoverage),
    "Whether sedation or anesthesia with a procedure of a family is covered: not-covered, or "
    "with-reason, which the record must document.",
    dimensions=("family",),
)
COVERAGE_OTHER_BLOCKS = _key(
    "coverage.other-blocks",
    _one_of(BlocksBeside),
    "How other kinds of block on the day of a facet procedure are treated. each-justified: each must "
    "be justified. only-with-cyst: the same, and an epidural only for a facet cyst. "
    "one-type-a-day: not paid.",
)
IMAGING_SEPARATE = _key(
    "imaging.separate",
    _one_of(Bundling),
    "Whether imaging guidance is reported with the codes of a family: included means that it is "
    "part of them, separate that it is paid in addition.",
    dimensions=("family",),
)
LATERALITY_SIDE = _key(
    "laterality.side",
    _one_of(SideNaming),
    "Whether the line of a level that was treated on one side names that side.",
)
LATERALITY_ACCEPTED = _key(
    "laterality.accepted",
    _FORMATS,
    "The laterality formats that the payer accepts besides that of laterality.format.",
    dimensions=("role", "claim-type"),
)
DIAGNOSIS_STATED = _key(
    "diagnosis.stated",
    _one_of(Need),
    "Whether a claim has to state a diagnosis: one without any is returned.",
)
MODIFIERS_MAX = _key(
    "modifiers.max",
    _FROM_ONE,
    "The most modifiers that one line has room for.",
    unit="modifiers",
)
MODIFIER_SEPARATE_VISIT = _key(
    "modifier.separate-visit",
    _MODIFIER,
    "The modifier that a visit on the day of a procedure carries, or none.",
    role=ModifierRole.SEPARATE_VISIT,
)
MODIFIER_EXPECTED_DENIAL = _key(
    "modifier.expected-denial",
    _MODIFIERS,
    "The modifiers that state that a denial is expected (ABN modifiers).",
)
MODIFIER_PAIR = _key(
    "modifier.pair",
    _MODIFIERS,
    "The modifiers that bypass a PTP edit with indicator 1, where the record supports them.",
)
PAYMENT_FEE_SCHEDULE = _key(
    "payment.fee-schedule",
    _one_of(FeeSchedule),
    "The fee schedule by which the payer pays practitioners: the one that Medicare publishes.",
)
FACILITY_ASC_LIST = _key(
    "facility.asc-list",
    _one_of(AscList),
    "The list of services by which the payer pays an ASC: the addenda that Medicare publishes.",
)
AUTHORIZATION_CODES = _key(
    "authorization.codes",
    _CODES,
    "The codes that are paid only with prior authorization.",
    dimensions=("claim-type",),
)
AUTHORIZATION_UNSETTLED_CODES = _key(
    "authorization.unsettled-codes",
    _CODES,
    "The codes for which no source settles whether they are paid only with prior authorization.",
    dimensions=("claim-type",),
)
AUTHORIZATION_NUMBER_LENGTH = _key(
    "authorization.number-length",
    _FROM_ONE,
    "The length of a prior authorization number (UTN).",
    unit="characters",
)
AUTHORIZATION_VALID_DAYS = _key(
    "authorization.valid-days",
    _COUNT,
    "The days for which a prior authorization is valid, from its decision.",
    unit="days",
)
