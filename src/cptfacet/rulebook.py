"""What a policy says on a date of service, as typed questions: one for each key of the vocabulary.

Coding, decoding and checking ask here and nowhere else. A question returns `Known`, a value with the
provision that gives it, or `NotKnown`; its name, its arguments and the type of its value are checked
before a rule ever runs.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, TypeVar

from cptfacet.policies import Answer
from cptfacet.policies import vocabulary as keys
from cptfacet.policies.vocabulary import GUIDANCE_NOT_STATED

if TYPE_CHECKING:
    from cptfacet.claims import ClaimLine, ClaimType
    from cptfacet.findings import RuleFamily, Severity
    from cptfacet.history import SessionKind
    from cptfacet.modifiers import ModifierKind
    from cptfacet.policies import Key, Policy
    from cptfacet.policies.vocabulary import (
        AscList,
        BlocksBeside,
        Bundling,
        Coverage,
        FamilyPairing,
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
    from cptfacet.procedures import CodeGroup, CodeRole, Family
    from cptfacet.reference import Reference
    from cptfacet.sessions import Guidance, Technique

__all__ = ["TermRules"]

T = TypeVar("T")


class TermRules:
    """What a policy says on any day of one term, for one claim type.

    ``on`` is a day of the term: nothing changes within it, so every day gives the same answers.
    """

    __slots__ = ("_answers", "claim_type", "on", "policy", "reference")

    def __init__(
        self, policy: Policy, reference: Reference, *, on: dt.date, claim_type: ClaimType
    ) -> None:
        """Take a policy, the reference data, a day of the term and the claim type."""
        self.policy = policy
        self.reference = reference
        self.on = on
        self.claim_type = claim_type
        self._answers: dict[tuple[str, ...], Any] = {}

    def _ask(self, key: Key[T], *cell: str) -> Answer[T]:
        asked = (key.name, *cell)
        answer: Answer[T] | None = self._answers.get(asked)
        if answer is None:
            answer = self._answers[asked] = self.policy.ask(key, *cell, on=self.on)
        return answer

    # -- which codes

    def family(self, technique: Technique, guidance: Guidance | None) -> Answer[Family | Uncoded]:
        """Return the family of facet codes for a technique, or why it has none."""
        return self._ask(keys.CODING_FAMILY, technique, guidance or GUIDANCE_NOT_STATED)

    def lines_instead(
        self, technique: Technique, guidance: Guidance | None
    ) -> Answer[tuple[ClaimLine, ...]]:
        """Return the lines that a source names where no facet code is right."""
        return self._ask(keys.CODING_INSTEAD, technique, guidance or GUIDANCE_NOT_STATED)

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
        """Return what pair edits state about two families in one session, in the order of families."""
        return self._ask(keys.CODING_FAMILY_PAIRS, f"{one}+{other}", self.claim_type)

    def further_primaries(self, add_on: str) -> Answer[tuple[str, ...]]:
        """Return the primaries that the policy allows for an add-on, beside the add-on edits."""
        return self._ask(keys.ADDON_PRIMARIES, add_on)

    # -- how lines are written

    def level_order(self) -> Answer[LevelOrder]:
        """Return the order of levels whose sides differ."""
        return self._ask(keys.LEVELS_ORDER)

    def third_level_side(self) -> Answer[ThirdLevelSide]:
        """Return the side of the one line for the third and all further levels."""
        return self._ask(keys.LEVELS_THIRD_SIDE)

    def laterality_format(self, role: CodeRole) -> Answer[LateralityFormat]:
        """Return how a level treated on both sides is written, by the role of its code."""
        return self._ask(keys.LATERALITY_FORMAT, role, self.claim_type)

    def side_naming(self) -> Answer[SideNaming]:
        """Return whether the line of a level treated on one side names that side."""
        return self._ask(keys.LATERALITY_SIDE)

    def diagnostic_modifier(self, family: Family) -> Answer[str | None]:
        """Return the modifier for diagnostic lines of a family; None where it takes none."""
        return self._ask(keys.MODIFIER_DIAGNOSTIC, family)

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

    def asc_list(self) -> Answer[AscList]:
        """Return the list of services by which an ambulatory surgery center is paid."""
        return self._ask(keys.FACILITY_ASC_LIST)

    def billing_document(self) -> Answer[str]:
        """Return the number of the payer's document on billing."""
        return self._ask(keys.BILLING_DOCUMENT)

    def authorization_codes(self) -> Answer[tuple[str, ...]]:
        """Return the codes that are paid with prior authorization only."""
        return self._ask(keys.AUTHORIZATION_CODES, self.claim_type)

    def authorization_number_length(self) -> Answer[int]:
        """Return the length of the number of a prior authorization."""
        return self._ask(keys.AUTHORIZATION_NUMBER_LENGTH)

    def authorization_valid_days(self) -> Answer[int]:
        """Return for how many days a prior authorization is valid from its decision."""
        return self._ask(keys.AUTHORIZATION_VALID_DAYS)
