"""What a policy and the reference data say on a date of service, as typed questions.

Coding, decoding and checking ask here and nowhere else. A question about a policy returns `Known`, a
value with the provision that gives it, or `NotKnown`; its name, its arguments and the type of its
value are checked before a rule ever runs.

Every day between two turning days gives the same answers. Such a term is worked out once, and an
answer holds for all of it.
"""

from __future__ import annotations

import bisect
import datetime as dt
import functools
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import attrs

from cptfacet._memo import Kept
from cptfacet.anatomy import Joint
from cptfacet.errors import ParseError
from cptfacet.policies import Answer, Known, NotKnown, Policy, find_policy
from cptfacet.policies import vocabulary as keys
from cptfacet.policies.diagnosis_lists import DiagnosisList, diagnosis_list
from cptfacet.policies.diagnosis_lists import turning_days as list_days
from cptfacet.policies.vocabulary import GUIDANCE_NOT_STATED
from cptfacet.procedures import Family, ProcedureKind
from cptfacet.reference import Reference, find_reference
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cptfacet.agents import Agent
    from cptfacet.anatomy import CodeRegion
    from cptfacet.claims import Claim, ClaimLine, ClaimType
    from cptfacet.findings import RuleFamily, Severity
    from cptfacet.history import SessionKind
    from cptfacet.modifiers import Modifier, ModifierKind
    from cptfacet.policies import Key
    from cptfacet.policies.diagnosis_lists import DiagnosisUse
    from cptfacet.policies.vocabulary import (
        AscList,
        BlocksBeside,
        Bundling,
        Coverage,
        FamilyPairing,
        FeeSchedule,
        Grouping,
        LateralityFormat,
        LevelOrder,
        Merging,
        Need,
        SedationCoverage,
        SideNaming,
        ThirdLevelSide,
        Uncoded,
    )
    from cptfacet.procedures import CodeGroup, CodeRole, Ordinal
    from cptfacet.reference.diagnoses import Diagnosis, NamedPart
    from cptfacet.reference.edits import AscStatus, Mue, PairEdits
    from cptfacet.reference.joints import RegionFact
    from cptfacet.sessions import Guidance, Technique

__all__ = ["CODING", "Compiled", "Remembering", "Rulebook", "TermRules", "turning_days"]


def __dir__() -> list[str]:
    return sorted(__all__)


T = TypeVar("T")
Q = TypeVar("Q", bound=Hashable)
A = TypeVar("A")

CODING = (
    "procedures",
    "groups",
    "other_nerves",
    "code_regions",
)  # whose dates coding and decoding depend on
# Those of checking: all but the tables of places, which select the policy by the claim's location.
CHECKING = tuple(
    field.name
    for field in attrs.fields(Reference)
    if field.init and field.name not in {"areas", "counties", "zip_codes"}
)
_DAY = dt.timedelta(days=1)
_MOST_REMEMBERED = 1 << 12


def turning_days(policy: Policy, reference: Reference, *tables: str) -> tuple[dt.date, ...]:
    """List the days on which a policy, or a table of the reference, begins to say something else.

    Without tables, it lists the days of every table that an answer about a claim depends on.

    >>> from cptfacet import policies
    >>> from cptfacet.reference import packaged
    >>> cpt = policies.get("cpt")
    >>> dt.date(2020, 1, 1) in turning_days(cpt, packaged(), *CODING)
    True
    >>> set(turning_days(cpt, packaged())) > set(turning_days(cpt, packaged(), *CODING))
    True
    """
    days = set(policy.turning_days())
    days |= reference.turning_days(*(getattr(reference, table) for table in tables or CHECKING))
    if not tables:
        days |= list_days()
    return tuple(sorted(days))


class Rulebook:
    """A policy and the reference data, term by term.

    >>> from cptfacet import policies
    >>> from cptfacet.claims import ClaimType
    >>> from cptfacet.procedures import CodeRole
    >>> from cptfacet.reference import packaged
    >>> book = Rulebook(policies.get("cpt"), packaged())
    >>> rules = book.on(dt.date(2026, 3, 2), ClaimType.PROFESSIONAL)
    >>> rules.laterality_format(CodeRole.INJECTION_ADD_ON).value
    <LateralityFormat.TWO_UNITS: 'two-units'>
    >>> rules.on <= dt.date(2026, 3, 2) <= rules.last
    True
    """

    __slots__ = ("_days", "_rules", "policy", "reference")

    def __init__(self, policy: Policy, reference: Reference, *tables: str) -> None:
        """Take a policy and the reference data, and the tables whose terms count; by default, all."""
        self.policy = policy
        self.reference = reference
        self._days = turning_days(policy, reference, *tables)
        self._rules: dict[tuple[int, ClaimType], TermRules] = {}

    def term(self, on: dt.date) -> int:
        """Return the number of the term of a date."""
        return bisect.bisect_right(self._days, on)

    def rules(self, term: int, claim_type: ClaimType) -> TermRules:
        """Return what holds on each day of a term, for one claim type."""
        rules = self._rules.get((term, claim_type))
        if rules is None:
            rules = self._rules[term, claim_type] = TermRules(
                self.policy,
                self.reference,
                on=self._first(term),
                last=self._last(term),
                claim_type=claim_type,
            )
        return rules

    def _first(self, term: int) -> dt.date:
        return self._days[term - 1] if term else dt.date.min

    def _last(self, term: int) -> dt.date:
        return self._days[term] - _DAY if term < len(self._days) else dt.date.max

    def period(self, on: dt.date, answer: Callable[[int], object]) -> tuple[dt.date, dt.date]:
        """Return the first and the last day around a date on which a question has one answer.

        ``answer`` answers it in a term, by its number. A change that does not affect the answer
        does not end the period, so it is usually longer than the term of the date.
        """
        first = last = self.term(on)
        given = answer(first)
        while first > 0 and answer(first - 1) == given:
            first -= 1
        while last < len(self._days) and answer(last + 1) == given:
            last += 1
        return self._first(first), self._last(last)

    def on(self, date: dt.date, claim_type: ClaimType) -> TermRules:
        """Return what holds on a date, for one claim type."""
        return self.rules(self.term(date), claim_type)


class Compiled:
    """The base of what answers many questions under one policy: `Coder`, `Decoder` and `Checker`.

    What the policy and the reference state between two turning days is worked out once and kept. A
    pickle holds only the policy and the reference; the rest is worked out again.
    """

    __slots__ = ("_rulebook",)
    # The tables whose dates its answers depend on; all of them where none is named.
    _tables: ClassVar[tuple[str, ...]] = ()

    def __init__(self, policy: Policy | str | Rulebook, reference: Reference | None = None) -> None:
        """Take a policy or its id, and a reference if not the packaged one.

        Instead of both, take the rulebook of another instance, to share it.

        Raises:
            UnknownIdError: No packaged policy has the id.
            TypeError: The policy is neither a Policy nor an id.
        """
        if not isinstance(policy, Rulebook):
            policy = Rulebook(find_policy(policy), find_reference(reference), *self._tables)
        self._rulebook = policy

    @property
    def policy(self) -> Policy:
        """The policy under which it answers."""
        return self._rulebook.policy

    @property
    def reference(self) -> Reference:
        """The reference data with which it answers."""
        return self._rulebook.reference

    def _period(self, claim: Claim, answer: Callable[[Claim], object]) -> tuple[dt.date, dt.date]:
        """Return the first and the last day around its date on which a claim has one answer.

        ``answer`` answers for the claim on a day, which it is asked for once in each term.
        """
        dates = claim.dates
        if len(dates) != 1:
            what = f"{len(dates)} dates" if dates else "no date"
            message = f"a period is around one date of service, and this claim has {what}"
            raise ValueError(message)
        lines = tuple(attrs.evolve(line, date=None) for line in claim.lines)

        def in_term(term: int) -> object:
            on = self._rulebook.rules(term, claim.claim_type).on
            return answer(attrs.evolve(claim, date=on, lines=lines))

        return self._rulebook.period(dates[0], in_term)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(policy={self.policy.id!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        make = functools.partial(type(self), **self._options())
        return make, (self.policy, self.reference)

    def _options(self) -> dict[str, Any]:
        """Return the options it was made with, other than policy and reference."""
        return {}


class Remembering(Compiled, Generic[Q, A]):
    """The base of what remembers its answers by question: `Coder` and `Decoder`.

    A question names the term of its date instead of the date, so an answer holds on every day of it.
    """

    __slots__ = ("_answers",)
    _tables = CODING

    def __init__(
        self,
        policy: Policy | str | Rulebook,
        reference: Reference | None = None,
        *,
        memo: int = _MOST_REMEMBERED,
    ) -> None:
        """Take a policy or its id, and a reference if not the packaged one.

        ``memo`` is the maximum number of answers remembered.

        Raises:
            UnknownIdError: No packaged policy has the id.
            TypeError: The policy is neither a Policy nor an id.
        """
        super().__init__(policy, reference)
        self._answers = Kept(self._answer, most=memo, short=self._is_short)

    def _options(self) -> dict[str, Any]:
        return {"memo": self._answers.most}

    def _answer(self, question: Q) -> A:
        """Return the answer to a question, which depends on the question alone."""
        raise NotImplementedError

    def _is_short(self, question: Q) -> bool:
        """Whether a question is short enough to be remembered."""
        raise NotImplementedError


class TermRules:
    """What a policy and the reference data say from ``on`` to ``last``, for one claim type."""

    def __init__(
        self,
        policy: Policy,
        reference: Reference,
        *,
        on: dt.date,
        last: dt.date | None = None,
        claim_type: ClaimType,
    ) -> None:
        """Take a policy, the reference data, a period and a claim type; without ``last``, one day."""
        self.policy = policy
        self.reference = reference
        self.on = on
        self.last = last or on
        self.claim_type = claim_type
        self._answers: dict[tuple[str, ...], Any] = {}
        self._made: dict[Callable[[TermRules], Any], Any] = {}

    def once(self, make: Callable[[TermRules], T]) -> T:
        """Return what a function makes from these rules; it is called once."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    def _ask(self, key: Key[T], *cell: str) -> Answer[T]:
        asked = (key.name, *cell)
        answer: Answer[T] | None = self._answers.get(asked)
        if answer is None:
            answer = self._answers[asked] = self.policy.ask(key, *cell, on=self.on)
        return answer

    # -- which codes

    @functools.cached_property
    def regions(self) -> Mapping[Joint, RegionFact[CodeRegion] | None]:
        """The region that picks the code of each joint, or None where no source states it."""
        found = ((joint, self.reference.code_region(joint, on=self.on)) for joint in Joint)
        return {joint: None if isinstance(fact, Unknown) else fact for joint, fact in found}

    @functools.cached_property
    def codes(self) -> Mapping[tuple[Family, CodeRegion, Ordinal], str]:
        """The facet codes that are valid, by what they represent."""
        return {
            (Family(p.family), p.region, p.ordinal): p.code
            for p in self.reference.find_procedures(kind=ProcedureKind.FACET, on=self.on)
            if p.family and p.region and p.ordinal
        }

    def family(self, technique: Technique, guidance: Guidance | None) -> Answer[Family | Uncoded]:
        """Return the family of facet codes for a technique, or why it has none."""
        return self._ask(keys.CODING_FAMILY, technique, guidance or GUIDANCE_NOT_STATED)

    def lines_instead(
        self, technique: Technique, guidance: Guidance | None
    ) -> Answer[tuple[ClaimLine, ...]]:
        """Return the lines that a source names where no facet code is right."""
        return self._ask(keys.CODING_INSTEAD, technique, guidance or GUIDANCE_NOT_STATED)

    def agent_lines(self, agent: Agent) -> Answer[tuple[ClaimLine, ...]]:
        """Return the lines that represent an injection of an agent as a whole."""
        return self._ask(keys.CODING_AGENT, agent)

    def agent_coverage(self, agent: Agent) -> Answer[Coverage]:
        """Return whether a facet injection of an agent is covered."""
        return self._ask(keys.COVERAGE_AGENT, agent)

    def overlapping_injections(self) -> Answer[Merging]:
        """Return how several injection techniques at one joint are coded."""
        return self._ask(keys.CODING_OVERLAPPING_INJECTIONS)

    def injection_at_ablated_joint(self) -> Answer[Bundling]:
        """Return whether the ablation of a joint includes an injection there on the same day."""
        return self._ask(keys.CODING_INJECTION_AT_ABLATED_JOINT)

    def thoracolumbar(self, family: Family) -> Answer[Grouping]:
        """Return how T12-L1 together with L1-L2, and nothing else, is grouped."""
        return self._ask(keys.CODING_THORACOLUMBAR, family)

    def family_pair(self, one: Family, other: Family) -> Answer[FamilyPairing]:
        """Return what the PTP edits state about two families in one session, in order."""
        return self._ask(keys.CODING_FAMILY_PAIRS, f"{one}+{other}", self.claim_type)

    def further_primaries(self, add_on: str) -> Answer[tuple[str, ...]]:
        """Return the primaries that the policy allows for an add-on, beside the add-on edits."""
        return self._ask(keys.ADDON_PRIMARIES, add_on)

    # -- how lines are written

    def level_order(self) -> Answer[LevelOrder]:
        """Return the order of levels whose sides differ."""
        return self._ask(keys.LEVELS_ORDER)

    def third_level_side(self) -> Answer[ThirdLevelSide]:
        """Return the side of the one line for the third and additional levels."""
        return self._ask(keys.LEVELS_THIRD_SIDE)

    def laterality_format(self, role: CodeRole) -> Answer[LateralityFormat]:
        """Return how a level treated on both sides is written, by the role of its code."""
        return self._ask(keys.LATERALITY_FORMAT, role, self.claim_type)

    def accepted_formats(self, role: CodeRole) -> Answer[tuple[LateralityFormat, ...]] | None:
        """Return the formats accepted besides `laterality_format`; None where no policy states any."""
        key, cell = keys.LATERALITY_ACCEPTED, (role, self.claim_type)
        return self._ask(key, *cell) if self.policy.stated(key, *cell) else None

    def side_naming(self) -> Answer[SideNaming]:
        """Return whether the line of a level treated on one side names that side."""
        return self._ask(keys.LATERALITY_SIDE)

    def diagnostic_modifier(self, family: Family) -> Answer[str | None]:
        """Return the modifier for diagnostic lines of a family; None where it takes none."""
        return self._ask(keys.MODIFIER_DIAGNOSTIC, family)

    def kx(self, family: Family) -> Known[str] | NotKnown | None:
        """Return KX, with its provision, for diagnostic lines of a family; None where it takes none."""
        answer = self.diagnostic_modifier(family)
        if isinstance(answer, NotKnown):
            return answer
        return Known(value=answer.value, provision=answer.provision) if answer.value else None

    def modifier_order(self) -> Answer[tuple[ModifierKind, ...]]:
        """Return the sequence of the kinds of modifiers on a line."""
        return self._ask(keys.MODIFIER_ORDER)

    def max_modifiers(self) -> Answer[int]:
        """Return how many modifiers a line has room for."""
        return self._ask(keys.MODIFIERS_MAX)

    def visit_modifier(self) -> Answer[str | None]:
        """Return the modifier for a visit on the day of a procedure; None where it takes none."""
        return self._ask(keys.MODIFIER_SEPARATE_VISIT)

    def denial_modifiers(self) -> Answer[tuple[str, ...]]:
        """Return the modifiers by which a claim states that a denial is expected."""
        return self._ask(keys.MODIFIER_EXPECTED_DENIAL)

    def pair_modifiers(self) -> Answer[tuple[str, ...]]:
        """Return the modifiers with which a pair edit that allows one is bypassed."""
        return self._ask(keys.MODIFIER_PAIR)

    def diagnosis_need(self) -> Answer[Need]:
        """Return whether a claim has to state a diagnosis."""
        return self._ask(keys.DIAGNOSIS_STATED)

    # -- which rules run

    def rule_families(self) -> Answer[tuple[RuleFamily, ...]]:
        """Return the families of checking rules that run."""
        return self._ask(keys.CHECKS_FAMILIES)

    def severity(self, rule: str) -> Answer[Severity]:
        """Return the severity of a rule, by its id, where it differs from the rule's own."""
        return self._ask(keys.CHECKS_SEVERITY, rule)

    # -- limits

    def max_levels(self, family: Family) -> Answer[int]:
        """Return how many levels of a region are covered in one session."""
        return self._ask(keys.LEVELS_MAX, family)

    def max_regions(self) -> Answer[int]:
        """Return how many regions are covered in one session."""
        return self._ask(keys.REGIONS_MAX)

    def max_sessions(self, kind: SessionKind) -> Answer[int]:
        """Return how many sessions of a kind are covered in a region within the window."""
        return self._ask(keys.SESSIONS_MAX, kind)

    def max_pooled_sessions(self) -> Answer[int]:
        """Return how many injections of either purpose are covered in a region within the window."""
        return self._ask(keys.SESSIONS_POOLED_MAX)

    def session_window(self) -> Answer[int]:
        """Return the window in which sessions are counted, in months."""
        return self._ask(keys.SESSIONS_WINDOW)

    def diagnostic_interval(self) -> Answer[int]:
        """Return the fewest days between two diagnostic injections at one level."""
        return self._ask(keys.DIAGNOSTIC_INTERVAL)

    def months_after_ablation(self) -> Answer[int]:
        """Return the fewest months from an ablation of a level to a diagnostic injection there."""
        return self._ask(keys.DIAGNOSTIC_AFTER_ABLATION)

    # -- coverage

    def family_coverage(self, family: Family) -> Answer[Coverage]:
        """Return whether procedures of a family are covered at all."""
        return self._ask(keys.COVERAGE_FAMILY, family)

    def group_coverage(self, group: CodeGroup) -> Answer[Coverage]:
        """Return whether other codes of a group are covered at all."""
        return self._ask(keys.COVERAGE_GROUP, group)

    def procedure_coverage(self, procedure: SessionKind) -> Answer[Coverage]:
        """Return whether an injection of a purpose, or an ablation, is covered at all."""
        return self._ask(keys.COVERAGE_PROCEDURE, procedure)

    def technique_coverage(self, technique: Technique) -> Answer[Coverage]:
        """Return whether a technique is covered at all, however it is coded."""
        return self._ask(keys.COVERAGE_TECHNIQUE, technique)

    def sedation_coverage(self, family: Family) -> Answer[SedationCoverage]:
        """Return whether sedation or anesthesia with procedures of a family is covered."""
        return self._ask(keys.COVERAGE_SEDATION, family)

    def other_blocks(self) -> Answer[BlocksBeside]:
        """Return how the payer treats other blocks on the day of a facet procedure."""
        return self._ask(keys.COVERAGE_OTHER_BLOCKS)

    def imaging(self, family: Family) -> Answer[Bundling]:
        """Return whether the codes of a family include image guidance."""
        return self._ask(keys.IMAGING_SEPARATE, family)

    # -- who pays by which list

    def fee_schedule(self) -> Answer[FeeSchedule]:
        """Return the fee schedule by which practitioners are paid."""
        return self._ask(keys.PAYMENT_FEE_SCHEDULE)

    def asc_list(self) -> Answer[AscList]:
        """Return the list of services by which an ambulatory surgery center is paid."""
        return self._ask(keys.FACILITY_ASC_LIST)

    def authorization_codes(self) -> Answer[tuple[str, ...]]:
        """Return the codes that are paid with prior authorization only."""
        return self._ask(keys.AUTHORIZATION_CODES, self.claim_type)

    def authorization_unsettled_codes(self) -> Answer[tuple[str, ...]]:
        """Return the codes that may need prior authorization: the sources differ."""
        return self._ask(keys.AUTHORIZATION_UNSETTLED_CODES, self.claim_type)

    def authorization_number_length(self) -> Answer[int]:
        """Return the length of the number of a prior authorization."""
        return self._ask(keys.AUTHORIZATION_NUMBER_LENGTH)

    def authorization_valid_days(self) -> Answer[int]:
        """Return for how many days a prior authorization is valid from its decision."""
        return self._ask(keys.AUTHORIZATION_VALID_DAYS)

    # -- what the reference data say

    @functools.cached_property
    def modifiers(self) -> Mapping[str, Modifier]:
        """Each modifier that the reference data know, by its code."""
        return {modifier.code: modifier for modifier in self.reference.modifiers}

    @functools.cached_property
    def mues(self) -> Kept[str, Mue | Unknown]:
        """The medically unlikely edit (MUE) of each code."""
        return Kept(lambda code: self.reference.mue(code, on=self.on, claim_type=self.claim_type))

    def pair(self, one: str, other: str) -> PairEdits | Unknown:
        """Return the PTP edits of two codes, in either order."""
        return self._pairs[(one, other) if one <= other else (other, one)]

    @functools.cached_property
    def _pairs(self) -> Kept[tuple[str, str], PairEdits | Unknown]:
        edits = functools.partial(self.reference.pair_edits, on=self.on, claim_type=self.claim_type)
        return Kept(lambda codes: edits(*codes))

    @functools.cached_property
    def asc(self) -> Kept[str, AscStatus | Unknown]:
        """The status of each code on the claim of an ASC."""
        return Kept(lambda code: self.reference.asc_status(code, on=self.on))

    @functools.cached_property
    def diagnoses(self) -> Kept[str, Diagnosis | Unknown | None]:
        """Each diagnosis as ICD-10-CM has it; None where a text does not have the format of one."""
        return Kept(_if_formatted(lambda written: self.reference.diagnosis(written, on=self.on)))

    @functools.cached_property
    def spine_parts(self) -> Kept[str, NamedPart | Unknown | None]:
        """The part of the spine that each diagnosis names, if it names one."""
        return Kept(_if_formatted(self.reference.spine_part))

    @functools.cached_property
    def diagnosis_list(self) -> DiagnosisList | Unknown | None:
        """The diagnoses that the payer lists, or None where it is not known to list any."""
        return diagnosis_list(self.policy, on=self.on)

    @functools.cached_property
    def listed_uses(self) -> Kept[str, DiagnosisUse | None]:
        """The procedures for which the payer lists each diagnosis; None where it does not list it."""
        listed = self.diagnosis_list
        if not isinstance(listed, DiagnosisList):
            return Kept(lambda _: None)
        return Kept(_if_formatted(listed.use_of))


def _if_formatted(ask: Callable[[str], T]) -> Callable[[str], T | None]:
    """Return the function that answers None about a text without the format of a diagnosis."""

    def asked(written: str) -> T | None:
        try:
            return ask(written)
        except ParseError:
            return None

    return asked
