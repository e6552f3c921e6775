"""KX (requirements met) on injections: which families take it, and which lines lose it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cptfacet.checking.rule import agreeing, codes_of, instead, remarked_as
from cptfacet.claims import Purpose
from cptfacet.findings import Question
from cptfacet.modifiers import ModifierRole
from cptfacet.policies import Known
from cptfacet.procedures import Family
from cptfacet.sessions import TechniqueKind

if TYPE_CHECKING:
    from cptfacet.checking.day import Day, Line
    from cptfacet.checking.rule import Rewrite
    from cptfacet.rulebook import TermRules

__all__ = ["INJECTIONS", "added_kx", "borrowed_kx", "has_kx", "loses_kx", "removed_kx"]


def __dir__() -> list[str]:
    return sorted(__all__)


INJECTIONS = (Family.IMAGE_GUIDED_INJECTION, Family.ULTRASOUND_INJECTION)


def borrowed_kx(rules: TermRules, family: Family) -> Known[str] | None:
    """Return KX where injections under fluoroscopy or CT take it, and a family does not."""
    kx = rules.kx(Family.IMAGE_GUIDED_INJECTION)
    return kx if isinstance(kx, Known) and rules.kx(family) is None else None


def has_kx(line: Line) -> bool:
    """Whether a line attests that requirements are met."""
    return line.facts.has(ModifierRole.REQUIREMENTS_MET)


def without_kx(line: Line) -> tuple[str, ...]:
    """List the modifiers of a line that do not attest that requirements are met."""
    return line.facts.without(ModifierRole.REQUIREMENTS_MET)


def removed_kx(lines: list[Line]) -> Rewrite:
    """Return lines without KX."""
    return instead(*(line.rewritten(modifiers=without_kx(line)) for line in lines))


def added_kx(day: Day, kx: Known[str], lines: list[Line]) -> Rewrite | Question:
    """Return lines with KX, or the question of what to remove where it has no room."""
    changed = [remarked_as(day.plan, line, (*line.facts.modifiers, kx.value)) for line in lines]
    full = [line for line, new in zip(lines, changed, strict=True) if new is None]
    if not full:
        return instead(*filter(None, changed))
    has = agreeing(full, "has", "have")
    return Question(
        question=f"{codes_of(full)} {has} no room for {kx.value}; which modifier can be removed?"
    )


def loses_kx(day: Day, line: Line) -> bool:
    """Whether a rule on the purpose removes the modifier from a line."""
    family = line.facts.code.family
    if not isinstance(family, Family):
        return False
    if borrowed_kx(day.rules, family):
        return True
    taken = family in INJECTIONS and isinstance(day.rules.kx(family), Known)
    return taken and _is_therapeutic(day)


def _is_therapeutic(day: Day) -> bool:
    """Whether the claim, or else the note of the day, states that injections were therapeutic."""
    session = day.session
    if day.purpose is not None or session is None or session.date != day.date:
        return day.purpose is Purpose.THERAPEUTIC
    injected = [t for t in session.treatments if t.technique.kind is TechniqueKind.INJECTION]
    return {treatment.purpose for treatment in injected} == {Purpose.THERAPEUTIC}
