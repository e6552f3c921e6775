"""The lines to report instead of facet lines, each with its sides in the payer's laterality format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from cptfacet._text import series
from cptfacet.anatomy import Side
from cptfacet.citations import Citation
from cptfacet.notes import Refusal
from cptfacet.policies import Known
from cptfacet.procedures import CodeRole
from cptfacet.sessions import merge_sides
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cptfacet.claims import ClaimLine
    from cptfacet.coding.plans import CodingPlan
    from cptfacet.sessions import Treatment

__all__ = ["write_instead", "write_related"]


def __dir__() -> list[str]:
    return sorted(__all__)


def write_instead(refusal: Refusal, treatment: Treatment, plan: CodingPlan) -> Refusal:
    """Return a refusal whose lines name the sides that were treated."""
    lines: list[ClaimLine] = []
    open_codes: list[str] = []
    citations: list[Citation] = []
    for line in refusal.instead:
        side = _side(line, treatment, plan)
        written = write_related(line, side, plan)
        lines += written or (line,)
        if written is None:
            open_codes.append(line.code)
        elif written != (line,):
            citations += _citations(line, side, plan)
    message, cited = refusal.message, {citation.id for citation in refusal.citations}
    if open_codes:
        message += (
            f"; whether {series(open_codes)} is reported by side on that date is not known, so the"
            " line names no side"
        )
    return attrs.evolve(
        refusal,
        message=message,
        instead=tuple(lines),
        citations=(*refusal.citations, *dict.fromkeys(c for c in citations if c.id not in cited)),
    )


def write_related(
    line: ClaimLine, side: Side | None, plan: CodingPlan
) -> tuple[ClaimLine, ...] | None:
    """Return the lines of a related code for a side, in the payer's laterality format.

    The bilateral indicator of the code decides: without one that pays a second side, the code is
    reported once, without a side. None: the indicator or the format is not known.
    """
    if side is None or line.modifiers:
        return (line,)
    fees = plan.rules.reference.fee_indicators(line.code, on=plan.rules.on)
    if isinstance(fees, Unknown):
        return None
    if not fees.bilateral.pays_second_side:
        return (line,)
    if side is Side.BILATERAL and not isinstance(
        plan.rules.laterality_format(CodeRole.PRIMARY), Known
    ):
        return None
    shape = plan.shapes(CodeRole.PRIMARY).get(side)
    if shape is None or line.units is None:
        return None
    return tuple(
        attrs.evolve(line, modifiers=modifiers, units=line.units * units)
        for modifiers, units in shape
    )


def _side(line: ClaimLine, treatment: Treatment, plan: CodingPlan) -> Side | None:
    """Return the side of what a code reports: of its own nerves, or else of the whole treatment."""
    others = plan.rules.reference.find_other_nerves(
        [entry.nerve for entry in treatment.nerves],
        technique=treatment.technique,
        guidance=treatment.guidance,
        on=plan.rules.on,
    )
    own = [other for other in others if other.instead.code == line.code]
    sides: Iterable[Side | None] = [
        entry.side for entry in treatment.nerves if any(other.is_of(entry.nerve) for other in own)
    ] or [
        *(target.side for target in treatment.targets),
        *(entry.side for entry in treatment.nerves),
    ]
    merged, _ = merge_sides((line.code, side) for side in sides)
    return merged.get(line.code)


def _citations(line: ClaimLine, side: Side | None, plan: CodingPlan) -> tuple[Citation, ...]:
    """Return the sources of how a line was written: the indicator, and the format of both sides."""
    fees = plan.rules.reference.fee_indicators(line.code, on=plan.rules.on)
    form = plan.rules.laterality_format(CodeRole.PRIMARY)
    return (
        *fees.citations,
        *(form.citations if side is Side.BILATERAL else ()),
    )
