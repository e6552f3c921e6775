"""What is odd about the modifiers of a line, whatever its code is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from cptfacet.bilateral import order_modifiers
from cptfacet.dates import Status
from cptfacet.errors import ParseError, UnknownIdError
from cptfacet.modifiers import LATERAL_ROLES, Modifier, parse_modifier

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from cptfacet.claims import ClaimType
    from cptfacet.modifiers import ModifierConflict
    from cptfacet.reference import Reference

__all__ = ["Oddities", "oddities"]


@attrs.frozen(kw_only=True)
class Oddities:
    """What is odd about the modifiers of a line on a day.

    ``malformed`` are not two letters or digits, ``ended`` are not in force, of ``undated`` no source
    tells whether they are; ``foreign`` are not of the claim type. ``conflicts`` are those between
    modifiers that name no side, which rules on sides tell. ``ordered`` is the order that the policy
    asks for, where it is another one; ``many`` says that there are more than it takes.
    """

    malformed: tuple[str, ...] = ()
    ended: tuple[Modifier, ...] = ()
    undated: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    conflicts: tuple[ModifierConflict, ...] = ()
    foreign: tuple[Modifier, ...] = ()
    ordered: tuple[str, ...] | None = None
    many: bool = False


_NOTHING = Oddities()


def oddities(
    modifiers: tuple[str, ...],
    *,
    on: dt.date,
    claim_type: ClaimType,
    order: Sequence[str] | None,
    most: int | None,
    reference: Reference,
) -> Oddities | None:
    """Say what is odd about folded modifiers, or None where nothing is."""
    counts = Counter(modifiers)
    malformed = tuple(sorted(modifier for modifier in counts if not _is_modifier(modifier)))
    shaped = [modifier for modifier in counts if _is_modifier(modifier)]
    known = {modifier: _known(modifier, reference) for modifier in shaped}
    facts = [modifier for modifier in known.values() if modifier is not None]
    standings = {modifier.code: modifier.term.on(on) for modifier in facts}
    ordered = None
    if order is not None and not malformed and len(modifiers) > 1:
        wanted = order_modifiers(modifiers, order=order, reference=reference)
        ordered = None if wanted == modifiers else wanted
    found = Oddities(
        malformed=malformed,
        ended=_sorted(m for m in facts if standings[m.code] is Status.NOT_IN_FORCE),
        undated=tuple(
            sorted(m for m in shaped if standings.get(m, _NOT_KNOWN) is Status.NOT_KNOWN)
        ),
        repeated=tuple(sorted(m for m in shaped if counts[m] > 1)),
        conflicts=tuple(
            conflict
            for conflict in reference.conflicts_of(shaped, on=on)
            if not all(reference.modifier_role(m) in LATERAL_ROLES for m in conflict.modifiers)
        ),
        foreign=_sorted(
            m
            for m in facts
            if m.claim_types and claim_type not in m.claim_types and m.role not in LATERAL_ROLES
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


def _known(modifier: str, reference: Reference) -> Modifier | None:
    try:
        return reference.modifier(modifier)
    except UnknownIdError:
        return None
