"""What a policy and the reference state for the rules in one term, computed once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import attrs

from cptfacet._memo import Kept
from cptfacet.checking.day import diagnose, look
from cptfacet.checking.line_facts import (
    OF_GROUPS,
    CodeFacts,
    LineFacts,
    PlaceFacts,
    code_facts,
    line_facts,
    place_facts,
)
from cptfacet.checking.memo_key import Shapes
from cptfacet.checking.signals import Signal
from cptfacet.findings import NotChecked, RuleFamily, Severity
from cptfacet.modifiers import LATERAL_ROLES, ModifierRole
from cptfacet.policies import Known, value_of
from cptfacet.procedures import CodeGroup, is_code
from cptfacet.reference.edits import Mue, PairEdits, PairIndicator
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from cptfacet.checking.day import Day
    from cptfacet.checking.rule import Asked, Rule
    from cptfacet.coding import Coder
    from cptfacet.decoding import Decoder
    from cptfacet.rulebook import TermRules

__all__ = ["CheckingPlan", "Runs"]


def __dir__() -> list[str]:
    return sorted(__all__)


_MOST_PAIRED = 200  # codes of one day whose pairs are looked up


@attrs.frozen(kw_only=True, eq=False)
class Runs:
    """The rules that run on days with the same signals, and those that lack an input."""

    rules: tuple[Asked, ...]
    late: tuple[Asked, ...]
    not_checked: tuple[NotChecked, ...]


_GIVEN = {Signal.SESSION: "session", Signal.HISTORY: "history"}
_LATER = Signal.SESSION | Signal.HISTORY | Signal.DENIAL
_PAIRED = Signal.PAIRED.value
_OTHER = Signal.OTHER.value
_OF_GROUPS = (OF_GROUPS | Signal.PLAIN_VISIT).value


@attrs.frozen(eq=False)
class _Running:
    """A rule that runs under a policy, with its signals as plain integers for fast comparison."""

    asked: Asked
    when: tuple[int, ...]
    needs: tuple[tuple[int, str], ...]
    late: bool
    missing: str  # a role that it needs, and for which the reference has no modifier

    @classmethod
    def of(cls, rule: Rule, severity: Severity, roles: Collection[ModifierRole | None]) -> _Running:
        """Return the running form of a rule; one on diagnoses runs where it finds something.

        ``roles`` are those for which the reference has a modifier.
        """
        check = rule.check
        faults = Signal.DIAGNOSIS_FAULTS if rule.is_on_diagnoses else Signal(0)
        return cls(
            (check.ask, rule, severity),
            tuple((each & ~_LATER | faults).value for each in check.when),
            tuple((signal.value, name) for signal, name in _GIVEN.items() if signal in check.named),
            Signal.DENIAL in check.named,
            next((role for role in _roles(rule) if role not in roles), ""),
        )

    def may_concern(self, signals: int) -> bool:
        """Whether it would run on a day, if some other code of the day belonged to a group."""
        return any(
            each & _OF_GROUPS and (each & ~_OF_GROUPS | _OTHER) & ~signals == 0
            for each in self.when
        )

    def concerns(self, signals: int) -> bool:
        """Whether the rule runs on a day with these signals, given the inputs it needs."""
        return any(each & ~signals == 0 for each in self.when)

    def lacking(self, signals: int) -> Iterator[tuple[str, str]]:
        """Yield each input that the rule lacks, with the reason."""
        if self.missing:
            yield "modifiers", f"the reference data has no modifier for {self.missing}"
        for signal, name in self.needs:
            if not signal & signals:
                yield name, f"no {name} was given"


_ROLES = {
    RuleFamily.LATERALITY: LATERAL_ROLES,
    RuleFamily.LEVELS: LATERAL_ROLES,
    RuleFamily.UNITS: LATERAL_ROLES,
    RuleFamily.DOCUMENTATION: (*LATERAL_ROLES, ModifierRole.REQUIREMENTS_MET),
    RuleFamily.PURPOSE: (ModifierRole.REQUIREMENTS_MET,),
}
_ABSENT = {
    Signal.PLAIN_VISIT: ModifierRole.SEPARATE_VISIT,
    Signal.DENIAL: ModifierRole.EXPECTED_DENIAL,
}


def _roles(rule: Rule) -> tuple[ModifierRole, ...]:
    """List the modifier roles whose absence from a line matters to a rule."""
    signals = rule.check.named
    shown = (role for signal, role in _ABSENT.items() if signal in signals)
    return (*_ROLES.get(rule.family, ()), *shown)


class CheckingPlan:
    """The rules that run in one term, for one claim type, and what they know about lines.

    `CodingPlan` is its counterpart in coding and decoding; both rest on the `TermRules` of the term.
    """

    def __init__(
        self, rules: TermRules, checks: Sequence[Rule], coder: Coder, decoder: Decoder
    ) -> None:
        """Select the rules that run under the policy in this term."""
        self.rules = rules
        self.coder = coder
        self.decoder = decoder
        self.policy = rules.policy
        self.reference = rules.reference
        self.on = rules.on
        self.claim_type = rules.claim_type
        self.families = value_of(rules.rule_families()) or ()
        roles = {modifier.role for modifier in self.reference.modifiers}
        self._running = [
            _Running.of(rule, self.severity(rule), roles)
            for rule in checks
            if rule.family in self.families
            and rule.check.of_a_day
            and (rule.check.where is None or rule.check.where(self))
        ]
        self._asks_pairs = any(each & _PAIRED for running in self._running for each in running.when)
        self._codes = Kept(self._code)
        self._runs = Kept(self._runs_of)
        self._among = Kept(self._pairs_of)
        self.lines = Kept(self._line)
        self._places = Kept(functools.partial(place_facts, self))
        self.together = Kept(self._together)
        self.joined = Kept(_joined)
        self.diagnosed = Kept(functools.partial(diagnose, self))
        self.shown = Kept(functools.partial(look, self))
        self.shapes = Shapes(self)

    def severity(self, rule: Rule) -> Severity:
        """Return the severity of a rule in this term."""
        return value_of(self.rules.severity(rule.id)) or rule.severity

    # -- codes and places

    def code(self, written: str) -> CodeFacts:
        """Return what is known about a code."""
        return self._codes[written]

    def _code(self, written: str) -> CodeFacts:
        return code_facts(self, written.strip().upper())

    def _line(self, written: tuple[str, tuple[str, ...]]) -> LineFacts:
        code, modifiers = written
        return line_facts(self, self.code(code), modifiers)

    def place(self, written: str) -> PlaceFacts:
        """Return what is known about a place of service."""
        return self._places[written]

    # -- the rules for a day

    def runs(self, signals: int) -> Runs:
        """Return the rules that run on a day with these signals."""
        return self._runs[signals]

    def asks(self, rule: str) -> bool:
        """Whether a rule, by its id, runs under the policy in this term."""
        return any(running.asked[1].id == rule for running in self._running)

    def _runs_of(self, signals: int) -> Runs:
        concerned = [running for running in self._running if running.concerns(signals)]
        lacking = {running.asked: tuple(running.lacking(signals)) for running in concerned}
        able = [running for running in concerned if not lacking[running.asked]]
        return Runs(
            rules=tuple(running.asked for running in able if not running.late),
            late=tuple(running.asked for running in able if running.late),
            not_checked=tuple(
                NotChecked(rule=rule.id, needs=needs, reason=reason)
                for (_, rule, _), lacks in lacking.items()
                for needs, reason in lacks
            )
            + self._ungrouped(signals),
        )

    def _ungrouped(self, signals: int) -> tuple[NotChecked, ...]:
        """List the rules on groups of codes, if the reference has none and the day has other codes."""
        return tuple(
            NotChecked(
                rule=running.asked[1].id,
                needs="groups of codes",
                reason="the reference data has no groups of codes",
            )
            for running in (() if self.reference.groups else self._running)
            if running.may_concern(signals)
        )

    # -- the codes of a day together

    def _together(self, written: tuple[str, ...]) -> int:
        """Return the signals that the codes of a day show together."""
        codes = [self.code(each).code for each in written]
        listed = frozenset(codes)
        signals = Signal(0)
        if len(listed) < len(codes):
            signals = Signal.SEVERAL_UNITS | Signal.REPEATED
        for code in listed:
            national = self.code(code).national
            if national and listed.isdisjoint(national):
                signals |= Signal.LONE_ADD_ON
            if is_code(code) and self._allows_none(code):
                signals |= Signal.SEVERAL_UNITS
        if self._asks_pairs and len(listed) > 1:
            met = self.pairs_among(frozenset(filter(is_code, listed)))
            if met or met is None:
                signals |= Signal.PAIRED
        return signals.value

    def _allows_none(self, code: str) -> bool:
        """Whether the medically unlikely edit (MUE) of a code allows 0 units, or may without a table."""
        edit = self.rules.mues[code]
        return edit.units == 0 if isinstance(edit, Mue) else not self.rules.reference.mues

    def pairs_among(self, codes: frozenset[str]) -> tuple[PairEdits | Unknown, ...] | None:
        """Return the PTP edits between codes, wherever one of two is a facet code.

        Pairs without an edit are left out, and so are those that other rules report: with a visit that
        can be paid, and with imaging guidance that a modifier can unbundle. None: there are too many
        codes to look up.
        """
        return None if len(codes) > _MOST_PAIRED else self._among[codes]

    def _pairs_of(self, codes: frozenset[str]) -> tuple[PairEdits | Unknown, ...]:
        return tuple(self._of_pairs(codes))

    def _of_pairs(self, codes: frozenset[str]) -> Iterator[PairEdits | Unknown]:
        listed = sorted(code for code in codes if self.code(code).shaped)
        for facet in (code for code in listed if self.code(code).facet):
            for other in listed:
                if facet < other or (facet != other and not self.code(other).facet):
                    said = self.rules.pair(facet, other)
                    if _says(said, self.code(other).groups):
                        yield said

    def _are_excluded(self, day: Day, codes: Collection[str]) -> bool:
        """Whether coding instructions may exclude a code of the day, where no other rule reads edits."""
        others = any(not self.code(code).facet for code in codes)
        return bool(day.facet) and others and RuleFamily.PAIRS not in self.families

    def looked_up(self, day: Day) -> Iterator[tuple[str, str]]:
        """Yield what rules look up in tables with editions: each table with a code of the day."""
        codes = {line.facts.code.code for line in day.lines if line.facts.code.shaped}
        diagnoses = [each.strip().upper() for line in day.facet for each in day.diagnoses(line)]
        asked = (
            ("mues", RuleFamily.UNITS, codes if day.facet else ()),
            ("pairs", RuleFamily.PAIRS, codes if day.facet and len(codes) > 1 else ()),
            ("pairs", RuleFamily.SERVICES, codes if self._are_excluded(day, codes) else ()),
            ("diagnoses", RuleFamily.DIAGNOSIS, diagnoses),
            (
                "asc_statuses",
                RuleFamily.SERVICES,
                codes if isinstance(self.rules.asc_list(), Known) else (),
            ),
        )
        families = {running.asked[1].family for running in self._running}
        for table, family, looked_up in asked:
            if family in families:
                yield from ((table, code) for code in looked_up)


def _joined(parts: tuple[tuple[NotChecked, ...], ...]) -> tuple[NotChecked, ...]:
    """Join what was not checked, each once."""
    return tuple(dict.fromkeys(each for part in parts for each in part))


def _says(pair: PairEdits | Unknown, groups: tuple[CodeGroup, ...]) -> bool:
    """Whether the pair rules report a pair with a code of these groups."""
    if isinstance(pair, Unknown):
        return CodeGroup.EVALUATION not in groups
    if pair.edit is None or pair.edit.indicator is PairIndicator.NONE:
        return False
    apart = CodeGroup.EVALUATION in groups or CodeGroup.IMAGING_GUIDANCE in groups
    return pair.edit.indicator is PairIndicator.NEVER or not apart
