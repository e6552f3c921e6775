"""What a policy and the reference say to rules on any day of one term, worked out once."""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING, Any

import attrs

from cptfacet import edits, jurisdictions
from cptfacet.addons import allowed_primaries
from cptfacet.bilateral import LineForm, lateral_roles
from cptfacet.checking.modified import Oddities, oddities
from cptfacet.checking.signals import Signal
from cptfacet.claims import ClaimType
from cptfacet.coding import Coder
from cptfacet.coding.plans import turning_points
from cptfacet.dates import Standing
from cptfacet.decoding import Decoder
from cptfacet.editions import NotInData
from cptfacet.errors import ParseError
from cptfacet.findings import NotChecked, Severity
from cptfacet.modifiers import ModifierRole
from cptfacet.policies import Provision
from cptfacet.procedures import (
    CodeGroup,
    Family,
    OldFamily,
    Ordinal,
    Procedure,
    ProcedureKind,
    is_code,
    role_of,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from cptfacet.anatomy import CodeRegion
    from cptfacet.checking.rules import Ask, Rule
    from cptfacet.checking.view import Diagnosed
    from cptfacet.citations import Citation
    from cptfacet.dates import Term
    from cptfacet.policies import NotKnown, Policy
    from cptfacet.reference import Reference

__all__ = ["CodeFacts", "LineFacts", "Plan", "Runs", "turning_days"]

_MOST_STATED = 256
_MOST_PAIRED = 200  # codes of one day of which pairs are asked
_MOST_KEPT = 1 << 14  # codes, lines and pairs that one plan keeps; beyond, it works them out anew


def turning_days(policy: Policy, reference: Reference) -> list[dt.date]:
    """List the days on which what a rule is told may change; between two of them it can't."""
    days = set(turning_points(policy, reference)) | edits.turning_days()
    terms = [link.term for p in reference.procedures for link in p.primaries]
    terms += [modifier.term for modifier in reference.modifiers]
    terms += [p.indicators.term for p in reference.procedures if p.indicators]
    terms += [group.term for group in reference.groups]
    terms += [conflict.term for conflict in reference.conflicts]
    days |= {term.first for term in terms}
    days |= {term.last + dt.timedelta(days=1) for term in terms if term.last < dt.date.max}
    return sorted(days)


@attrs.frozen(kw_only=True, eq=False)
class CodeFacts:
    """What is known of a code on the days of a term.

    ``facet`` says that it stands for facet levels on these days, today's codes and old ones alike;
    then family, ordinal and region are there, ``role`` is the one that line forms go by, and ``form``
    is what the policy says of it.
    ``primaries`` are those that allow it, and ``national`` those of them that no policy added.
    ``groups`` are those of other codes that it is in, on whatever date; ``standing`` says whether it
    is valid in this term, with its ``terms`` and ``citations``; it is None for a code of which
    nothing is known.
    """

    code: str
    shaped: bool
    procedure: Procedure | None
    standing: Standing | None
    terms: tuple[Term, ...]
    citations: tuple[Citation, ...]
    facet: bool
    family: Family | OldFamily | None
    ordinal: Ordinal | None
    region: CodeRegion | None
    role: str | None
    form: Provision | NotKnown | None
    groups: tuple[CodeGroup, ...]
    primaries: tuple[str, ...]
    national: tuple[str, ...]
    signals: int


@attrs.frozen(kw_only=True, eq=False)
class LineFacts:
    """What is known of a code with its modifiers on the days of a term.

    ``modifiers`` are folded, in the order of the line, and ``roles`` are theirs. ``sides`` are the
    roles among them that name a side, each once. ``odd`` is what is odd about them, if anything is.
    """

    code: CodeFacts
    modifiers: tuple[str, ...]
    roles: tuple[ModifierRole | None, ...]
    sides: tuple[ModifierRole, ...]
    odd: Oddities | None
    signals: int

    def has(self, role: ModifierRole) -> bool:
        """Say whether a modifier of the line has a role."""
        return role in self.roles


@attrs.frozen(kw_only=True, eq=False)
class Runs:
    """The rules that days of one kind are asked, and those that lack what they need."""

    rules: tuple[tuple[Ask, Rule, Severity], ...]
    late: tuple[tuple[Ask, Rule, Severity], ...]
    not_checked: tuple[NotChecked, ...]


_FAMILIES = {
    Family.IMAGE_GUIDED_INJECTION: Signal.INJECTION,
    Family.ULTRASOUND_INJECTION: Signal.ULTRASOUND | Signal.INJECTION,
    Family.ABLATION: Signal.ABLATION,
    OldFamily.INJECTION: Signal.INJECTION | Signal.OLD,
    OldFamily.ABLATION: Signal.ABLATION | Signal.OLD,
}
_GROUPS = {
    CodeGroup.IMAGING_GUIDANCE: Signal.IMAGING,
    CodeGroup.SEDATION: Signal.SEDATION,
    CodeGroup.ANESTHESIA: Signal.SEDATION,
    CodeGroup.EVALUATION: Signal.EVALUATION,
    CodeGroup.EPIDURAL: Signal.OTHER_BLOCK,
    CodeGroup.TRIGGER_POINT: Signal.OTHER_BLOCK,
    CodeGroup.SYMPATHETIC_BLOCK: Signal.OTHER_BLOCK,
    CodeGroup.SACROILIAC: Signal.SACROILIAC | Signal.OTHER_BLOCK,
    CodeGroup.IMPLANT: Signal.IMPLANT,
    CodeGroup.UNLISTED_NERVOUS: Signal.UNLISTED,
}
_ROLES = {
    ModifierRole.BILATERAL: Signal.BILATERAL,
    ModifierRole.RIGHT: Signal.ONE_SIDE | Signal.RIGHT,
    ModifierRole.LEFT: Signal.ONE_SIDE | Signal.LEFT,
    ModifierRole.DISTINCT: Signal.DISTINCT,
    ModifierRole.MULTIPLE: Signal.MULTIPLE,
    ModifierRole.REQUIREMENTS_MET: Signal.MARKED,
    ModifierRole.MONITORED_ANESTHESIA: Signal.SEDATION | Signal.OTHER_MODIFIER,
}
_STANDINGS = (Standing.IN_FORCE, Standing.NOT_IN_FORCE, Standing.NOT_KNOWN)
_NAMES = {Signal.SESSION: "session", Signal.HISTORY: "history"}


class Tools:
    """The coder and the decoder of a policy, made when a rule first asks for them."""

    def __init__(self, policy: Policy, reference: Reference) -> None:
        """Take a policy and a reference."""
        self._of = policy, reference

    @functools.cached_property
    def coder(self) -> Coder:
        """The coder."""
        return Coder(*self._of)

    @functools.cached_property
    def decoder(self) -> Decoder:
        """The decoder."""
        return Decoder(*self._of)


class Plan:
    """The answers of one policy and reference to rules, for one term and claim type.

    ``on`` is a day of the term: what rules are told holds on each of its days alike, so that no
    answer depends on which of them a claim has.
    """

    def __init__(
        self,
        policy: Policy,
        reference: Reference,
        *,
        on: dt.date,
        claim_type: ClaimType,
        rules: Sequence[Rule],
        tools: Tools,
        term: int = 0,
    ) -> None:
        """Ask which rules run under the policy in this term."""
        self._tools = tools
        self.term = term
        self.policy = policy
        self.reference = reference
        self.on = on
        self.claim_type = claim_type
        self.lateral = lateral_roles(reference)
        self.known_modifiers = {modifier.code: modifier for modifier in reference.modifiers}
        self._provisions: dict[tuple[object, ...], Provision | NotKnown] = {}
        families = self.get("checks.families")
        run = families.value if isinstance(families, Provision) else ()
        run = run if isinstance(run, tuple) else ()
        self.rules = tuple(
            (rule, self._severity(rule))
            for rule in rules
            if rule.family in run
            and rule.check.of_a_day
            and (rule.check.where is None or rule.check.where(self))
        )
        self._asks_pairs = any(Signal.PAIRED in rule.check.when for rule, _ in self.rules)
        self._codes: dict[str, CodeFacts] = {}
        self._lines: dict[tuple[str, tuple[str, ...]], LineFacts] = {}
        self._runs: dict[int, Runs] = {}
        self._pairs: dict[tuple[str, str], edits.PairEdits | NotInData] = {}
        self._among: dict[frozenset[str], tuple[edits.PairEdits | NotInData, ...]] = {}
        self._mues: dict[str, edits.Mue | NotInData] = {}
        self._asc: dict[str, edits.AscStatus | NotInData] = {}
        self._shapes: dict[Hashable, int] = {}
        self.diagnosed: dict[Hashable, Diagnosed] = {}
        self._places: dict[str, int] = {}
        self._together: dict[tuple[str, ...], int] = {}
        self._joined: dict[tuple[tuple[NotChecked, ...], ...], tuple[NotChecked, ...]] = {}
        self._line_shapes: dict[tuple[str, ...], dict[Hashable, int]] = {}
        self._uses: dict[str, edits.DiagnosisUse | None] = {}
        self._parts: dict[str, edits.NamedPart | None] = {}
        self._diagnoses: dict[str, edits.Diagnosis | NotInData | None] = {}

    def coder(self) -> Coder:
        """Give the coder of the same policy and reference."""
        return self._tools.coder

    def decoder(self) -> Decoder:
        """Give the decoder of the same policy and reference."""
        return self._tools.decoder

    def get(self, key: str, **cell: str) -> Provision | NotKnown:
        """Give what the policy says under a key in this term."""
        where = (key, *cell.values())
        found = self._provisions.get(where)
        if found is None:
            found = self._provisions[where] = self.policy.get(key, on=self.on, **cell)
        return found

    def provision(self, key: str, **cell: str) -> Provision | None:
        """Give what the policy says under a key in this term, or None where it is not known."""
        found = self.get(key, **cell)
        return found if isinstance(found, Provision) else None

    def line_form(self, role: str) -> Provision | NotKnown:
        """Give what the policy says of the form of both sides, by the role of the code."""
        return self.get("laterality.form", role=role, claim_type=self.claim_type)

    def _severity(self, rule: Rule) -> Severity:
        stated = self.provision("checks.severity", rule=rule.id)
        return rule.severity if stated is None else Severity(str(stated.value))

    def code(self, written: str) -> CodeFacts:
        """Give what is known of a code."""
        facts = self._codes.get(written)
        if facts is None:
            facts = self._code(written.strip().upper())
            if is_short(written):
                keep(self._codes, written, facts)
        return facts

    def _code(self, code: str) -> CodeFacts:
        shaped = is_code(code)
        procedure = self.reference.known(code)
        members = self.reference.grouped(code) if shaped else ()
        known = [procedure] if procedure else members
        standings = [each.term.on(self.on) for each in known]
        standing = min(standings, key=_STANDINGS.index) if standings else None
        of_levels = procedure is not None and procedure.kind is not ProcedureKind.NEIGHBOUR
        facet = of_levels and standing is Standing.IN_FORCE
        family = procedure.family if procedure and facet else None
        ordinal = procedure.ordinal if procedure and facet else None
        region = procedure.region if procedure and facet else None
        role = role_of(family, ordinal) if family and ordinal else None
        signals = Signal(0) if shaped else Signal.MALFORMED
        if standing is Standing.NOT_IN_FORCE:
            signals |= Signal.NOT_IN_FORCE
        if facet and family and ordinal and region:
            signals |= Signal.FACET | _FAMILIES[family]
            signals |= Signal.FIRST if ordinal is Ordinal.FIRST else Signal.ADD_ON
            signals |= Signal.THIRD if ordinal is Ordinal.THIRD_AND_MORE else Signal(0)
            signals |= Signal[region.name]
        else:
            signals |= Signal.OTHER
        for member in members:
            signals |= _GROUPS.get(member.group, Signal(0))
        return CodeFacts(
            code=code,
            shaped=shaped,
            procedure=procedure,
            standing=standing,
            terms=tuple(each.term for each in known),
            citations=tuple(dict.fromkeys(c for each in known for c in each.citations)),
            facet=bool(signals & Signal.FACET),
            family=family,
            ordinal=ordinal,
            region=region,
            role=role,
            form=self.line_form(role) if role else None,
            groups=tuple(dict.fromkeys(member.group for member in members)),
            primaries=allowed_primaries(
                code, on=self.on, policy=self.policy, reference=self.reference
            ),
            national=allowed_primaries(code, on=self.on, reference=self.reference),
            signals=signals.value,
        )

    def line(self, code: str, modifiers: tuple[str, ...]) -> LineFacts:
        """Give what is known of a code with its modifiers."""
        place = (code, modifiers)
        facts = self._lines.get(place)
        if facts is None:
            facts = self._line(self.code(code), modifiers)
            if is_short(code, modifiers):
                keep(self._lines, place, facts)
        return facts

    def _line(self, code: CodeFacts, modifiers: tuple[str, ...]) -> LineFacts:
        folded = tuple(str(modifier).strip().upper() for modifier in modifiers)
        roles = tuple(map(self.reference.modifier_role, folded))
        sides = tuple(dict.fromkeys(r for r in roles if r in self.lateral.values() and r))
        signals = Signal.MODIFIED if folded else Signal(0)
        for role in roles:
            signals |= _ROLES.get(role, Signal.OTHER_MODIFIER) if role else Signal.OTHER_MODIFIER
        if len(sides) > 1:
            signals |= Signal.SEVERAL_SIDES
        if code.signals & Signal.EVALUATION and ModifierRole.SEPARATE_VISIT not in roles:
            signals |= Signal.PLAIN_VISIT
        if code.facet and not sides:
            signals |= Signal.NO_SIDE
        if code.signals & Signal.INJECTION and ModifierRole.REQUIREMENTS_MET not in roles:
            signals |= Signal.UNMARKED
        if code.facet and ModifierRole.BILATERAL in roles and _writes_otherwise(code.form):
            signals |= Signal.ODD_FORM
        odd = self._odd(folded) if folded else None
        if odd is not None:
            signals |= Signal.ODD_MODIFIERS
        return LineFacts(
            code=code,
            modifiers=folded,
            roles=roles,
            sides=sides,
            odd=odd,
            signals=signals.value | code.signals,
        )

    def _odd(self, modifiers: tuple[str, ...]) -> Oddities | None:
        order, most = self.provision("modifier.order"), self.provision("modifiers.max")
        return oddities(
            modifiers,
            on=self.on,
            claim_type=self.claim_type,
            order=order.value if order is not None and isinstance(order.value, tuple) else None,
            most=most.value if most is not None and isinstance(most.value, int) else None,
            reference=self.reference,
        )

    def place_signals(self, place: str) -> int:
        """Give the signals of a place of service as it is written."""
        signals = self._places.get(place)
        if signals is None:
            found = edits.places().get(place.strip())
            fits = found is not None and (
                found.assigned
                and found.term.on(self.on) is Standing.IN_FORCE
                and (self.claim_type is ClaimType.PROFESSIONAL or found.facility is self.claim_type)
            )
            signals = (Signal.PLACE if fits else Signal.PLACE | Signal.ODD_PLACE).value
            if is_short(place):
                keep(self._places, place, signals)
        return signals

    def runs(self, signals: int) -> Runs:
        """Give the rules that a day is asked which shows these signals."""
        runs = self._runs.get(signals)
        if runs is None:
            runs = self._work_out(signals)
            keep(self._runs, signals, runs)
        return runs

    def _work_out(self, signals: int) -> Runs:
        concerned = [
            (rule, severity)
            for rule, severity in self.rules
            if _wanted(rule) & ~signals == 0
            and all(each.value & signals for each in rule.check.either)
        ]
        lacking = [
            NotChecked(rule=rule.id, needs=name, reason=f"no {name} was given")
            for rule, _ in concerned
            for name in _lacking(rule.check.needs, signals)
        ]
        able = [
            (rule.check.ask, rule, severity)
            for rule, severity in concerned
            if not _lacking(rule.check.needs, signals)
        ]
        return Runs(
            rules=tuple(asked for asked in able if Signal.DENIAL not in asked[1].check.when),
            late=tuple(asked for asked in able if Signal.DENIAL in asked[1].check.when),
            not_checked=tuple(lacking),
        )

    def together(self, codes: tuple[str, ...]) -> int:
        """Give the signals that the codes of a day show together, worked out once."""
        signals = self._together.get(codes)
        if signals is None:
            signals = self._work_out_together(codes).value
            if is_short("", codes):
                keep(self._together, codes, signals)
        return signals

    def _work_out_together(self, codes: tuple[str, ...]) -> Signal:
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
        return signals

    def _allows_none(self, code: str) -> bool:
        """Say whether the medically unlikely edit of a code allows no unit at all."""
        edit = self.mue(code)
        return isinstance(edit, edits.Mue) and edit.units == 0

    def joined(self, *parts: tuple[NotChecked, ...]) -> tuple[NotChecked, ...]:
        """Join what was not checked, each once."""
        joined = self._joined.get(parts)
        if joined is None:
            joined = tuple(dict.fromkeys(each for part in parts for each in part))
            keep(self._joined, parts, joined)
        return joined

    def number_of(self, what: Hashable) -> int | None:
        """Give the number of one kind of line, or None where there are too many kinds."""
        number = self._shapes.get(what)
        if number is None and len(self._shapes) < _MOST_KEPT:
            number = self._shapes[what] = len(self._shapes)
        return number

    def line_shapes(self, stated: tuple[str, ...]) -> dict[Hashable, int]:
        """Give the numbers of the lines that were met in claims that state these diagnoses."""
        shapes = self._line_shapes.get(stated)
        if shapes is None:
            shapes = {}
            if is_short("", stated) and len(self._line_shapes) < _MOST_STATED:
                self._line_shapes[stated] = shapes
        return shapes

    def mue(self, code: str) -> edits.Mue | NotInData:
        """Give the medically unlikely edit of a code."""
        found = self._mues.get(code)
        if found is None:
            found = edits.mue(code, on=self.on, claim_type=self.claim_type)
            keep(self._mues, code, found)
        return found

    def pair(self, one: str, other: str) -> edits.PairEdits | NotInData:
        """Give the pair edits of two codes."""
        place = (one, other) if one <= other else (other, one)
        found = self._pairs.get(place)
        if found is None:
            found = edits.pairs(*place, on=self.on, claim_type=self.claim_type)
            keep(self._pairs, place, found)
        return found

    def pairs_among(self, codes: frozenset[str]) -> tuple[edits.PairEdits | NotInData, ...] | None:
        """Give what pair edits say of some codes, wherever one of two is a facet code.

        Pairs of which they say nothing are left out, and those with a visit that is paid ever, on
        which there is a rule of its own. None: there are too many codes to ask of all.
        """
        found = self._among.get(codes)
        if found is None:
            if len(codes) > _MOST_PAIRED:
                return None
            found = tuple(self._of_pairs(codes))
            if is_short("", tuple(codes)):
                keep(self._among, codes, found)
        return found

    def _of_pairs(self, codes: frozenset[str]) -> Iterator[edits.PairEdits | NotInData]:
        listed = sorted(code for code in codes if self.code(code).shaped)
        for facet in (code for code in listed if self.code(code).facet):
            for other in listed:
                if facet < other or (facet != other and not self.code(other).facet):
                    said = self.pair(facet, other)
                    if _says(said, visit=CodeGroup.EVALUATION in self.code(other).groups):
                        yield said

    def asc(self, code: str) -> edits.AscStatus | NotInData:
        """Give the status of a code for the facility claim of a surgical center."""
        found = self._asc.get(code)
        if found is None:
            found = edits.asc_status(code, on=self.on)
            keep(self._asc, code, found)
        return found

    @functools.cached_property
    def listed(self) -> edits.DiagnosisList | NotInData | None:
        """The diagnoses that the payer lists, or None where it is not known to list any."""
        for policy in self.policy.lineage():
            for jurisdiction in map(jurisdictions.get, jurisdictions.ids()):
                if jurisdiction.policy == policy.id:
                    return edits.diagnosis_list(jurisdiction.id, on=self.on)
        what, said = "the list of diagnoses", self.get("billing.document")
        if isinstance(said, Provision):
            reason = f"the list of its document {said.value} was not read"
            return NotInData(what=what, on=self.on, reason=reason, citations=said.citations)
        if said.jurisdictions:
            listed = ", ".join(said.jurisdictions)
            reason = f"the contractors have a list each: name the jurisdiction ({listed})"
            return NotInData(what=what, on=self.on, reason=reason, citations=said.citations)
        return None

    def use_of(self, written: str) -> edits.DiagnosisUse | None:
        """Give for which procedures the payer's list has a diagnosis, or None where it has it not."""
        if written not in self._uses:
            try:
                listed = self.listed
                use = listed.use_of(written) if isinstance(listed, edits.DiagnosisList) else None
            except ParseError:
                use = None
            if is_short(written):
                keep(self._uses, written, use)
            return use
        return self._uses[written]

    def part(self, written: str) -> edits.NamedPart | None:
        """Give the part of the spine that a diagnosis names, or None where it names no one part."""
        if written not in self._parts:
            try:
                part = edits.spine_part(written)
            except ParseError:
                part = None
            if is_short(written):
                keep(self._parts, written, part)
            return part
        return self._parts[written]

    def diagnosis(self, written: str) -> edits.Diagnosis | NotInData | None:
        """Give a diagnosis as the code set has it, or None where it has not the shape of one."""
        if written not in self._diagnoses:
            try:
                found: edits.Diagnosis | NotInData | None = edits.diagnosis(written, on=self.on)
            except ParseError:
                found = None
            if is_short(written):
                keep(self._diagnoses, written, found)
            return found
        return self._diagnoses[written]


def _says(pair: edits.PairEdits | NotInData, *, visit: bool) -> bool:
    """Say whether there is anything to say of a pair; of a visit, only that it is never paid."""
    if isinstance(pair, NotInData):
        return not visit
    if visit:
        return pair.edit is not None and pair.edit.indicator is edits.PairIndicator.NEVER
    return pair.edit is not None or bool(pair.deleted)


def _wanted(rule: Rule) -> int:
    """Give the signals without which a rule is not asked."""
    when = rule.check.when & ~Signal.DENIAL
    return (when | Signal.ODD_DIAGNOSES if rule.is_on_diagnoses else when).value


def _lacking(needs: Signal, signals: int) -> list[str]:
    return [name for signal, name in _NAMES.items() if signal in needs and not signal & signals]


_LONG = 64


def is_short(text: str, many: tuple[str, ...] = ()) -> bool:
    """Say whether texts are short enough to be kept: what is kept is bounded in size too."""
    return len(text) + len(many) + sum(map(len, many)) <= _LONG


def keep(kept: dict[Any, Any], place: object, value: object) -> None:
    if len(kept) < _MOST_KEPT:
        kept[place] = value


def _writes_otherwise(form: Provision | NotKnown | None) -> bool:
    """Say whether both sides of a code are not surely written with the bilateral modifier."""
    return not isinstance(form, Provision) or form.value != LineForm.ONE_LINE_50
