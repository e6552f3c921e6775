"""Faults of the modifiers of a line that do not depend on its code."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from cptfacet.bilateral import order_modifiers
from cptfacet.dates import Status
from cptfacet.errors import ParseError
from cptfacet.modifiers import LATERAL_ROLES, Modifier, parse_modifier
from cptfacet.policies import value_of
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cptfacet.modifiers import ModifierConflict
    from cptfacet.rulebook import TermRules

__all__ = ["ModifierFaults", "find_faults"]


def __dir__() -> list[str]:
    return sorted(__all__)


@attrs.frozen(kw_only=True)
class ModifierFaults:
    """The faults of the modifiers of a line on a day.

    ``malformed``: not two letters or digits. ``ended``: not in force. ``undated``: no source states
    their dates. ``foreign``: not used on this claim type. ``conflicts`` leave out those between sides,
    which the laterality rules report. ``unpaired``: the reference data does not have the conflicts of
    several modifiers. ``ordered``: the sequence that the policy asks for, if it
    differs. ``many``: more than the payer accepts.
    """

    malformed: tuple[str, ...] = ()
    ended: tuple[Modifier, ...] = ()
    undated: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    conflicts: tuple[ModifierConflict, ...] = ()
    unpaired: bool = False
    foreign: tuple[Modifier, ...] = ()
    ordered: tuple[str, ...] | None = None
    many: bool = False


_NOTHING = ModifierFaults()


def find_faults(modifiers: tuple[str, ...], rules: TermRules) -> ModifierFaults | None:
    """Return the faults of folded modifiers under the rules of a term, or None if there are none."""
    reference, on = rules.reference, rules.on
    order, most = value_of(rules.modifier_order()), value_of(rules.max_modifiers())
    counts = Counter(modifiers)
    malformed = tuple(sorted(modifier for modifier in counts if not _is_modifier(modifier)))
    shaped = [modifier for modifier in counts if _is_modifier(modifier)]
    known = [reference.modifier(modifier) for modifier in shaped]
    facts = [modifier for modifier in known if not isinstance(modifier, Unknown)]
    standings = {modifier.code: modifier.term.on(on) for modifier in facts}
    ordered = None
    if order is not None and not malformed and len(modifiers) > 1:
        wanted = order_modifiers(modifiers, order=order, reference=reference)
        ordered = None if wanted == modifiers else wanted
    found = ModifierFaults(
        malformed=malformed,
        ended=_sorted(m for m in facts if standings[m.code] is Status.NOT_IN_FORCE),
        undated=tuple(
            sorted(m for m in shaped if standings.get(m, _NOT_KNOWN) is Status.NOT_KNOWN)
        ),
        repeated=tuple(sorted(m for m in shaped if counts[m] > 1)),
        conflicts=tuple(
            conflict
            for conflict in reference.find_conflicts(shaped, on=on)
            if not all(reference.modifier_role(m) in LATERAL_ROLES for m in conflict.modifiers)
        ),
        unpaired=len(shaped) > 1 and not reference.conflicts,
        foreign=_sorted(
            m
            for m in facts
            if m.claim_types
            and rules.claim_type not in m.claim_types
            and m.role not in LATERAL_ROLES
        ),
        ordered=ordered,
        many=most is not None and sum(map(bool, modifiers)) > most,
    )
    return None if found == _NOTHING else found


_NOT_KNOWN = Status.NOT_KNOWN


def _sorted(modifiers: Iterable[Modifier]) -> tuple[Modifier, ...]:
    return tuple(sorted(modifiers, key=lambda modifier: modifier.code))


def _is_modifier(text: str) -> bool:
    try:
        return parse_modifier(text) == text
    except ParseError:
        return False
