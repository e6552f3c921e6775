"""What is known about the codes, modifiers and places of service of lines, in one term."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import attrs

from cptfacet.addons import allowed_primaries
from cptfacet.billed import lateral
from cptfacet.checking.signals import Signal
from cptfacet.claims import ClaimType
from cptfacet.dates import Status
from cptfacet.modifier_faults import ModifierFaults, find_faults
from cptfacet.modifiers import ModifierRole
from cptfacet.policies import Answer, Known, value_of
from cptfacet.policies.vocabulary import LateralityFormat
from cptfacet.procedures import (
    CodeGroup,
    CodeRole,
    Family,
    LegacyFamily,
    Ordinal,
    Procedure,
    ProcedureKind,
    is_code,
    role_of,
)
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from cptfacet.anatomy import CodeRegion
    from cptfacet.checking.plans import CheckingPlan
    from cptfacet.citations import Citation
    from cptfacet.dates import EffectivePeriod
    from cptfacet.indicators import Indicators
    from cptfacet.reference.places import PlaceOfService

__all__ = [
    "OF_GROUPS",
    "CodeFacts",
    "LineFacts",
    "PlaceFacts",
    "code_facts",
    "line_facts",
    "place_facts",
]


def __dir__() -> list[str]:
    return sorted(__all__)


@attrs.frozen(kw_only=True, eq=False)
class CodeFacts:
    """What is known about a code on the days of a term.

    ``facet``: it reports facet levels on these days, whether it is a current or an older code. Then
    it has a family, ordinal and region; ``role`` selects its laterality format, and ``form`` is what
    the policy states for that role. ``primaries`` are the primary codes that allow it, and
    ``national`` those that the NCCI edits list. ``groups`` are the groups of other codes that it
    belongs to on any date. ``standing`` is whether it is valid in this term, with its ``terms`` and
    ``citations``; None means that nothing is known about the code. ``indicators`` are those of the
    fee schedule; None means that they are not known.
    """

    code: str
    shaped: bool
    procedure: Procedure | None
    standing: Status | None
    terms: tuple[EffectivePeriod, ...]
    citations: tuple[Citation, ...]
    facet: bool
    family: Family | LegacyFamily | None
    ordinal: Ordinal | None
    region: CodeRegion | None
    role: CodeRole | None
    form: Answer[LateralityFormat] | None
    groups: tuple[CodeGroup, ...]
    indicators: Indicators | None
    primaries: tuple[str, ...]
    national: tuple[str, ...]
    signals: int


@attrs.frozen(kw_only=True, eq=False)
class LineFacts:
    """What is known about a code with its modifiers on the days of a term.

    ``modifiers`` are folded, in the order of the line, with their ``roles``. ``sides`` are the roles
    that name a side, each once; ``side`` is that role, if there is exactly one. ``faults`` are the faults
    of the modifiers, if any.
    """

    code: CodeFacts
    modifiers: tuple[str, ...]
    roles: tuple[ModifierRole | None, ...]
    sides: tuple[ModifierRole, ...]
    side: ModifierRole | None
    faults: ModifierFaults | None
    signals: int

    def has(self, role: ModifierRole) -> bool:
        """Whether a modifier of the line has a role."""
        return role in self.roles

    def shows(self, signals: Signal) -> bool:
        """Whether the line shows all of these signals."""
        return int(signals) & ~self.signals == 0

    def with_roles(self, *roles: ModifierRole) -> tuple[str, ...]:
        """List the modifiers that have one of these roles."""
        return tuple(m for m, role in zip(self.modifiers, self.roles, strict=True) if role in roles)

    def without(self, *roles: ModifierRole) -> tuple[str, ...]:
        """List the modifiers that have none of these roles."""
        pairs = zip(self.modifiers, self.roles, strict=True)
        return tuple(m for m, role in pairs if role not in roles)


@attrs.frozen(kw_only=True, eq=False)
class PlaceFacts:
    """What is known about a place of service on the days of a term.

    ``place`` is None if the CMS code set does not list it. ``assigned``: the code has a meaning.
    ``dated``: the reference data settles whether it has one on these days. ``foreign``: it belongs to another
    setting than the facility that bills.
    """

    place: PlaceOfService | None
    assigned: bool
    dated: bool
    foreign: bool
    signals: int


# -- codes


_FAMILIES = {
    Family.IMAGE_GUIDED_INJECTION: Signal.INJECTION,
    Family.ULTRASOUND_INJECTION: Signal.ULTRASOUND | Signal.INJECTION,
    Family.ABLATION: Signal.ABLATION,
    LegacyFamily.INJECTION: Signal.INJECTION,
    LegacyFamily.ABLATION: Signal.ABLATION,
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
    CodeGroup.REGENERATIVE: Signal.REGENERATIVE,
    CodeGroup.UNLISTED_NERVOUS: Signal.UNLISTED,
}
OF_GROUPS = functools.reduce(Signal.__or__, _GROUPS.values())
_STANDINGS = (Status.IN_FORCE, Status.NOT_IN_FORCE, Status.NOT_KNOWN)


def code_facts(plan: CheckingPlan, code: str) -> CodeFacts:
    """Return what is known about a code in canonical form."""
    reference, on = plan.reference, plan.on
    shaped = is_code(code)
    found = reference.procedure(code)
    procedure = None if isinstance(found, Unknown) else found
    members = reference.find_grouped_codes(code) if shaped else ()
    fees = reference.fee_indicators(code, on=on)
    known = [procedure] if procedure else members
    standings = [each.term.on(on) for each in known]
    standing = min(standings, key=_STANDINGS.index) if standings else None
    of_levels = procedure is not None and procedure.kind is not ProcedureKind.RELATED
    facet = of_levels and standing is Status.IN_FORCE
    family = procedure.family if procedure and facet else None
    ordinal = procedure.ordinal if procedure and facet else None
    region = procedure.region if procedure and facet else None
    role = role_of(family, ordinal) if family and ordinal else None
    signals = Signal(0) if shaped else Signal.MALFORMED
    if standing is not Status.IN_FORCE and (shaped or standing is Status.NOT_IN_FORCE):
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
    if facet and code in (value_of(plan.rules.authorization_codes()) or ()):
        signals |= Signal.NEEDS_AUTHORIZATION
    elif facet and code in (value_of(plan.rules.authorization_unsettled_codes()) or ()):
        signals |= Signal.MAY_NEED_AUTHORIZATION
    if shaped and plan.claim_type is ClaimType.ASC_FACILITY:
        signals |= _asc_signals(plan, code)
    primaries: tuple[str, ...] = ()
    if shaped:
        primaries = allowed_primaries(code, on=on, policy=plan.policy, reference=reference)
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
        form=plan.rules.laterality_format(role) if role else None,
        groups=tuple(dict.fromkeys(member.group for member in members)),
        indicators=None if isinstance(fees, Unknown) else fees,
        primaries=primaries,
        national=allowed_primaries(code, on=on, reference=reference) if shaped else (),
        signals=signals.value,
    )


def _asc_signals(plan: CheckingPlan, code: str) -> Signal:
    """Return the signals of a code on an ASC claim, if the payer uses the ASC addenda."""
    signals = Signal(0)
    if isinstance(plan.rules.asc_list(), Known):
        status = plan.rules.asc[code]
        if isinstance(status, Unknown) or status.packaged:
            signals |= Signal.ASC_PACKAGED
        no_lists = not plan.reference.asc_statuses
        if no_lists if isinstance(status, Unknown) else not status.covered:
            signals |= Signal.ASC_NOT_PAYABLE
    return signals


# -- codes with their modifiers


_ROLES = {
    ModifierRole.BILATERAL: Signal.BILATERAL,
    ModifierRole.RIGHT: Signal.ONE_SIDE | Signal.RIGHT,
    ModifierRole.LEFT: Signal.ONE_SIDE | Signal.LEFT,
    ModifierRole.DISTINCT: Signal.DISTINCT,
    ModifierRole.MULTIPLE: Signal.MULTIPLE,
    ModifierRole.REQUIREMENTS_MET: Signal.KX,
    ModifierRole.MONITORED_ANESTHESIA: Signal.SEDATION | Signal.OTHER_MODIFIER,
}


def line_facts(plan: CheckingPlan, code: CodeFacts, modifiers: tuple[str, ...]) -> LineFacts:
    """Return what is known about a code with its modifiers."""
    folded = tuple(str(modifier).strip().upper() for modifier in modifiers)
    roles = tuple(map(plan.reference.modifier_role, folded))
    sides = lateral(roles)
    signals = Signal.MODIFIED if folded else Signal(0)
    for role in roles:
        signals |= _ROLES.get(role, Signal.OTHER_MODIFIER) if role else Signal.OTHER_MODIFIER
    if len(sides) > 1:
        signals |= Signal.SEVERAL_SIDES
    if ModifierRole.BILATERAL in sides and code.signals & Signal.ADD_ON:
        signals |= Signal.BILATERAL_ADD_ON
    if code.signals & Signal.EVALUATION and ModifierRole.SEPARATE_VISIT not in roles:
        signals |= Signal.PLAIN_VISIT
    if code.facet and not sides:
        signals |= Signal.NO_SIDE
    if code.signals & Signal.INJECTION and ModifierRole.REQUIREMENTS_MET not in roles:
        signals |= Signal.NO_KX
    if code.facet and ModifierRole.BILATERAL in roles:
        written = value_of(code.form)
        signals |= Signal(0) if written is LateralityFormat.ONE_LINE_50 else Signal.OTHER_FORMAT
    faults = find_faults(folded, plan.rules) if folded else None
    if faults is not None:
        signals |= Signal.MODIFIER_FAULTS
    return LineFacts(
        code=code,
        modifiers=folded,
        roles=roles,
        sides=sides,
        side=sides[0] if len(sides) == 1 else None,
        faults=faults,
        signals=signals.value | code.signals,
    )


# -- places


def place_facts(plan: CheckingPlan, written: str) -> PlaceFacts:
    """Return what is known about a place of service as written on a claim."""
    known = plan.reference.place(written.strip())
    place = None if isinstance(known, Unknown) else known
    assigned = place is not None and place.assigned
    dated = bool(plan.reference.places)
    if place is not None:
        dated = place.term.on(plan.on) is not Status.NOT_KNOWN
    of_a_facility = plan.claim_type is not ClaimType.PROFESSIONAL
    own = place is not None and place.facility is plan.claim_type
    foreign = assigned and of_a_facility and not own
    fits = assigned and dated and not foreign
    return PlaceFacts(
        place=place,
        assigned=assigned,
        dated=dated,
        foreign=foreign,
        signals=(Signal.PLACE if fits else Signal.PLACE | Signal.PLACE_FAULT).value,
    )
