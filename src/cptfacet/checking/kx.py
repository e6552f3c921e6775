"""KX (requirements met) on injections: which families take it, and which lines lose it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from cptfacet._records import sealed
from cptfacet.citations import Citation
from cptfacet.claims import Purpose
from cptfacet.modifiers import ModifierRole
from cptfacet.policies import NotKnown
from cptfacet.procedures import Family
from cptfacet.sessions import TechniqueKind

if TYPE_CHECKING:
    from cptfacet.checking.day import Day, Line
    from cptfacet.checking.plans import Plan

__all__ = ["INJECTIONS", "Kx", "borrowed_kx", "has_kx", "kx_for", "loses_kx", "without_kx"]


def __dir__() -> list[str]:
    return sorted(__all__)


INJECTIONS = (Family.IMAGE_GUIDED_INJECTION, Family.ULTRASOUND_INJECTION)


@sealed
@attrs.frozen(kw_only=True)
class Kx:
    """The modifier that a policy requires on the diagnostic lines of a family."""

    modifier: str
    citations: tuple[Citation, ...]


def kx_for(plan: Plan, family: Family) -> Kx | NotKnown | None:
    """Return the modifier for diagnostic lines of a family; None where the policy has none."""
    answer = plan.rules.diagnostic_modifier(family)
    if isinstance(answer, NotKnown):
        return answer
    return Kx(modifier=answer.value, citations=answer.citations) if answer.value else None


def borrowed_kx(plan: Plan, family: Family) -> Kx | None:
    """Return the modifier for injections under fluoroscopy or CT, where a family has none itself."""
    kx = kx_for(plan, Family.IMAGE_GUIDED_INJECTION)
    return kx if isinstance(kx, Kx) and kx_for(plan, family) is None else None


def has_kx(line: Line) -> bool:
    """Whether a line attests that requirements are met."""
    return line.facts.has(ModifierRole.REQUIREMENTS_MET)


def without_kx(line: Line) -> tuple[str, ...]:
    """List the modifiers of a line that do not attest that requirements are met."""
    return line.facts.without(ModifierRole.REQUIREMENTS_MET)


def loses_kx(day: Day, line: Line) -> bool:
    """Whether a rule on the purpose removes the modifier from a line."""
    family = line.facts.code.family
    if not isinstance(family, Family):
        return False
    if borrowed_kx(day.plan, family):
        return True
    taken = family in INJECTIONS and isinstance(kx_for(day.plan, family), Kx)
    return taken and _is_therapeutic(day)


def _is_therapeutic(day: Day) -> bool:
    """Whether the claim, or else the note of the day, states that injections were therapeutic."""
    session = day.session
    if day.purpose is not None or session is None or session.date != day.date:
        return day.purpose is Purpose.THERAPEUTIC
    injected = [t for t in session.treatments if t.technique.kind is TechniqueKind.INJECTION]
    return {treatment.purpose for treatment in injected} == {Purpose.THERAPEUTIC}
