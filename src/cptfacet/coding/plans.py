"""What a policy and the reference say about coding on any day of one term, worked out once."""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING

import attrs

from cptfacet import bilateral
from cptfacet.anatomy import Joint, Side, code_region, region_facts
from cptfacet.bilateral import LineForm
from cptfacet.claims import ClaimLine, parse_line
from cptfacet.coding.answers import Note, NoteId, Reason, Refusal
from cptfacet.dates import Standing
from cptfacet.modifiers import ModifierKind
from cptfacet.policies import NONE, NotKnown, Provision
from cptfacet.procedures import Family, ProcedureKind
from cptfacet.sessions import TechniqueKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cptfacet.bilateral import Shapes
    from cptfacet.claims import ClaimType
    from cptfacet.policies import Policy
    from cptfacet.reference import Reference
    from cptfacet.sessions import Technique

__all__ = ["Cell", "Form", "Marks", "Plan", "turning_points"]

_PREDECESSORS = {TechniqueKind.INJECTION: "injection", TechniqueKind.DENERVATION: "ablation"}


def turning_points(policy: Policy, reference: Reference) -> list[dt.date]:
    """List the days on which an answer may change; between two of them it can't."""
    terms = [p.term for each in policy.lineage() for p in each.provisions]
    terms += [procedure.term for procedure in reference.procedures]
    terms += [other.term for other in reference.other_nerves]
    terms += [fact.term for joint in Joint for fact in region_facts(joint)]
    days = {term.first for term in terms}
    days |= {term.last + dt.timedelta(days=1) for term in terms if term.until}
    return sorted(days)


@attrs.frozen
class Cell:
    """The outcome of the family table for one technique and guidance: a family or a refusal."""

    family: Family | None
    answer: Provision | NotKnown
    refusal: Refusal | None


@attrs.frozen
class Form:
    """How one role is written: the shapes by side, or none where both sides are not known."""

    answer: Provision | NotKnown
    shapes: Shapes | None
    side_of: dict[tuple[str, ...], Side]


@attrs.frozen
class Marks:
    """What marks a line as diagnostic: modifiers, the provisions behind them, and a note."""

    modifiers: tuple[str, ...]
    provisions: tuple[Provision, ...]
    note: Note | None = None


class Plan:
    """The answers of one policy and reference for one term and claim type."""

    def __init__(
        self, policy: Policy, reference: Reference, on: dt.date, claim_type: ClaimType
    ) -> None:
        """Ask the policy and the reference everything that does not depend on a session."""
        self.policy = policy
        self.reference = reference
        self.on = on
        self.cell = functools.cache(self._cell)
        self.regions = {joint: code_region(joint, on=on) for joint in Joint}
        self.codes = {
            (Family(p.family), p.region, p.ordinal): p.code
            for p in reference.find(kind=ProcedureKind.FACET, on=on)
            if p.family and p.region and p.ordinal
        }
        self.single_side = bilateral.shapes(LineForm.ONE_LINE_50, reference=reference)
        self.forms = {
            role: self._form(role, claim_type)
            for role in ("primary", "injection-add-on", "ablation-add-on")
        }
        self.diagnostic = {
            family: policy.get("modifier.diagnostic", on=on, family=family) for family in Family
        }
        self.modifier_order = policy.get("modifier.order", on=on)
        self.thoracolumbar = {
            family: policy.get("coding.thoracolumbar", on=on, family=family) for family in Family
        }
        self.shared_levels = policy.get("coding.shared-levels", on=on)
        self.at_ablated = policy.get("coding.injection-at-ablated-joint", on=on)
        self.level_order = policy.get("levels.order", on=on)
        self.third_side = policy.get("levels.third-side", on=on)
        self.ordered = functools.cache(self._ordered)
        self.unmarked: Marks = Marks(modifiers=(), provisions=())
        self.marked = {family: self._marked(answer) for family, answer in self.diagnostic.items()}

    def _form(self, role: str, claim_type: ClaimType) -> Form:
        answer = self.policy.get("laterality.form", on=self.on, role=role, claim_type=claim_type)
        shapes = None
        if isinstance(answer, Provision):
            form = LineForm(str(answer.value))
            shapes = bilateral.shapes(form, reference=self.reference)
        side_of = {self.single_side[side][0][0]: side for side in (Side.RIGHT, Side.LEFT)}
        return Form(answer=answer, shapes=shapes, side_of=side_of)

    def _marked(self, answer: Provision | NotKnown) -> Marks | None:
        """Give the marks of a diagnostic line, or None where the policy has none or is not known."""
        if isinstance(answer, NotKnown) or answer.value == NONE:
            return None
        message = (
            f"{answer.value} attests that the requirements of the policy are met;"
            " coding has not tested them"
        )
        note = Note(id=NoteId.ATTESTS, message=message, citations=answer.citations)
        return Marks(modifiers=(str(answer.value),), provisions=(answer,), note=note)

    def _ordered(self, modifiers: tuple[str, ...]) -> tuple[str, ...]:
        order: Sequence[str] = tuple(ModifierKind)
        if isinstance(self.modifier_order, Provision) and isinstance(
            self.modifier_order.value, tuple
        ):
            order = self.modifier_order.value
        return bilateral.order_modifiers(modifiers, order=order, reference=self.reference)

    def _cell(self, technique: Technique, guidance: str) -> Cell:
        where = {"technique": technique.value, "guidance": str(guidance)}
        answer = self.policy.get("coding.family", on=self.on, **where)
        if isinstance(answer, Provision) and answer.value in tuple(Family):
            return Cell(family=Family(str(answer.value)), answer=answer, refusal=None)
        return Cell(family=None, answer=answer, refusal=self._refusal(technique, where, answer))

    def _refusal(
        self, technique: Technique, where: dict[str, str], answer: Provision | NotKnown
    ) -> Refusal:
        how = f"{technique} with guidance {where['guidance']}"
        if isinstance(answer, Provision) and answer.value == "ask":
            return Refusal(
                reason=Reason.GUIDANCE_NOT_STATED,
                message=f"{technique}: the guidance picks the code and is not stated; say"
                " fluoroscopy, ct, ultrasound, mri or none",
                citations=answer.citations,
            )
        if isinstance(answer, NotKnown) and (old := self._old_codes(technique.kind)):
            return old
        instead = self.policy.get("coding.instead", on=self.on, **where)
        lines: tuple[ClaimLine, ...] = ()
        citations = answer.citations
        if isinstance(answer, NotKnown):
            reason, message = Reason.NOT_KNOWN, f"{how}: {answer.reason}"
        else:
            reason, message = Reason.OTHER_CODE, f"{how} is not reported with a facet code"
        if isinstance(instead, Provision) and isinstance(instead.value, tuple):
            lines = tuple(parse_line(text) for text in instead.value)
            citations = tuple(dict.fromkeys((*citations, *instead.citations)))
            note = f" ({instead.note.rstrip('.')})" if instead.note else ""
            message += f"; a source reports {', '.join(line.text for line in lines)}{note}"
        return Refusal(reason=reason, message=message, instead=lines, citations=citations)

    def _old_codes(self, kind: TechniqueKind) -> Refusal | None:
        """Refuse a date before the codes of today, naming those of the time."""
        family = _PREDECESSORS.get(kind)
        predecessors = [
            p for p in self.reference.find(kind=ProcedureKind.PREDECESSOR) if p.family == family
        ]
        successors = [
            self.reference.procedure(code)
            for code in dict.fromkeys(code for old in predecessors for code in old.replaced_by)
        ]
        if not successors or any(
            p.in_force(self.on) is not Standing.NOT_IN_FORCE for p in successors
        ):
            return None
        of_the_time = ", ".join(
            p.code for p in predecessors if p.in_force(self.on) is not Standing.NOT_IN_FORCE
        )
        return Refusal(
            reason=Reason.CODES_NOT_IN_FORCE,
            message=f"the codes for this {kind} were not yet valid on that date; those of the time"
            f" were {of_the_time}, whose rules are not packaged",
            citations=tuple(dict.fromkeys(c for p in successors for c in p.citations)),
        )
