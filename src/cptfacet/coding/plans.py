"""What coding and decoding work out once from a policy and the reference data in one term."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import attrs

from cptfacet import bilateral
from cptfacet._records import sealed
from cptfacet.anatomy import CodeRegion, Joint, Side
from cptfacet.citations import Confidence
from cptfacet.dates import Status
from cptfacet.modifiers import ModifierKind
from cptfacet.notes import Note, NoteId, Reason, Refusal
from cptfacet.policies import Answer, Known, NotKnown, Provision, value_of
from cptfacet.policies.vocabulary import (
    CODING_FAMILY,
    GUIDANCE_NOT_STATED,
    LateralityFormat,
    Uncoded,
)
from cptfacet.procedures import CodeRole, Family, LegacyFamily, ProcedureKind
from cptfacet.rulebook import TermRules
from cptfacet.sessions import Guidance, Technique, TechniqueKind
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from cptfacet.bilateral import Shapes

__all__ = ["JUNCTION", "CodingPlan", "Finish", "Methods", "not_known", "weight"]


def __dir__() -> list[str]:
    return sorted(__all__)


JUNCTION = (Joint.T12_L1, Joint.L1_L2)
_KINDS = {
    Family.IMAGE_GUIDED_INJECTION: (TechniqueKind.INJECTION, TechniqueKind.CYST_RUPTURE),
    Family.ULTRASOUND_INJECTION: (TechniqueKind.INJECTION,),
    Family.ABLATION: (TechniqueKind.DENERVATION,),
}
_PREDECESSORS = {
    TechniqueKind.INJECTION: LegacyFamily.INJECTION,
    TechniqueKind.DENERVATION: LegacyFamily.ABLATION,
}


@sealed
@attrs.frozen(kw_only=True)
class Methods:
    """The techniques and guidances of a family, and the techniques that may belong to it."""

    techniques: tuple[Technique, ...]
    guidances: tuple[Guidance, ...]
    not_known: tuple[Technique, ...]


@sealed
@attrs.frozen(kw_only=True)
class Finish:
    """The modifiers of one line in sequence, what shaped them, and the notes on them."""

    modifiers: tuple[str, ...]
    provisions: tuple[Provision, ...]
    notes: tuple[Note, ...]


def weight(provision: Provision) -> tuple[Note, ...]:
    """Return the notes on a provision that a biller should know: its judgment and its caveat."""
    notes: list[Note] = []
    if provision.confidence is Confidence.JUDGMENT:
        message = f"{provision.rationale.rstrip('.')} ({provision.key})"
        notes.append(Note(id=NoteId.JUDGMENT, message=message, citations=provision.citations))
    if provision.caveat:
        notes.append(
            Note(id=NoteId.CAVEAT, message=provision.caveat, citations=provision.citations)
        )
    return tuple(notes)


def not_known(what: str, answer: NotKnown) -> Note:
    """Return the note that something is not known and a default was used."""
    message = f"{what}: {answer.reason}"
    return Note(id=NoteId.NOT_KNOWN, message=message, citations=answer.citations)


class CodingPlan:
    """What coding and decoding work out once from the rules of one term."""

    def __init__(self, rules: TermRules) -> None:
        """Take the rules of a term."""
        self.rules = rules
        self.family = functools.cache(self._family)
        self.shapes = functools.cache(self._shapes)
        self.finish = functools.cache(self._finish)
        self.methods = functools.cache(self._methods)
        self.single_side = bilateral.shapes(LateralityFormat.ONE_LINE_50, reference=rules.reference)
        self.side_of = {
            self.single_side[side][0][0]: side
            for side in (Side.RIGHT, Side.LEFT)
            if side in self.single_side
        }

    def _shapes(self, role: CodeRole) -> Shapes:
        """Return how each side is written; if no laterality format is known, only single sides."""
        form = value_of(self.rules.laterality_format(role))
        return bilateral.shapes(form, reference=self.rules.reference) if form else self.single_side

    def _finish(
        self,
        family: Family,
        role: CodeRole,
        modifiers: tuple[str, ...],
        *,
        marked: bool,
        both: bool,
    ) -> Finish:
        """Return the modifiers of a line, given its laterality modifiers.

        ``marked``: the line is marked as diagnostic. ``both``: it is bilateral.
        """
        notes: list[Note] = []
        diagnostic = self.rules.diagnostic_modifier(family) if marked else None
        added = value_of(diagnostic)
        shaping = (self.rules.laterality_format(role) if both else None, diagnostic)
        used = [answer.provision for answer in shaping if isinstance(answer, Known)]
        order = self.rules.modifier_order()
        if modifiers and added:
            if isinstance(order, Known):
                used.append(order.provision)
            else:
                notes.append(not_known("order of modifiers", order))
        return Finish(
            modifiers=bilateral.order_modifiers(
                (*modifiers, added) if added else modifiers,
                order=value_of(order) or tuple(ModifierKind),
                reference=self.rules.reference,
            ),
            provisions=tuple(used),
            notes=(*notes, *(note for provision in used for note in weight(provision))),
        )

    def _family(self, technique: Technique, guidance: Guidance | None) -> Known[Family] | Refusal:
        answer = self.rules.family(technique, guidance)
        if isinstance(answer, Known) and isinstance(answer.value, Family):
            return Known(value=answer.value, provision=answer.provision)
        return self._refusal(technique, guidance, answer)

    def room(self, family: Family, region: CodeRegion) -> int:
        """Return how many joints the codes of a family and region may represent."""
        facts = self.rules.regions.items()
        within = [joint for joint, fact in facts if fact is None or fact.region is region]
        if family is Family.ABLATION:
            supplies = {joint: self.rules.reference.innervation(joint) for joint in within}
            within = [j for j, s in supplies.items() if isinstance(s, Unknown) or s.nerves]
        return len(within)

    def _methods(self, family: Family) -> Methods:
        """Return the techniques and guidances that the family table codes with a family."""
        cells = {
            (technique, guidance): self.rules.family(technique, guidance)
            for technique in Technique
            if technique.kind in _KINDS[family]
            for guidance in Guidance
        }
        known = [where for where, answer in cells.items() if value_of(answer) is family]
        guidances = tuple(dict.fromkeys(guidance for _, guidance in known))
        not_known = [
            technique
            for (technique, guidance), answer in cells.items()
            if guidance in guidances and isinstance(answer, NotKnown)
        ]
        return Methods(
            techniques=tuple(dict.fromkeys(technique for technique, _ in known)),
            guidances=guidances,
            not_known=tuple(dict.fromkeys(not_known)),
        )

    def _refusal(
        self,
        technique: Technique,
        guidance: Guidance | None,
        answer: Answer[Family | Uncoded],
    ) -> Refusal:
        """Return why a technique has no facet code, with what a source reports instead."""
        asked = value_of(answer) is Uncoded.ASK
        if (asked or isinstance(answer, NotKnown)) and (
            old := self._old_codes(technique, guidance)
        ):
            return old
        what = technique.label
        how = f"{what} with {guidance.label if guidance else 'guidance not stated'}"
        if asked:
            return Refusal(
                reason=Reason.GUIDANCE_NOT_STATED,
                message=f"{what}: the guidance determines the code but is not stated; state"
                " fluoroscopy, CT, ultrasound, MRI or none",
                citations=answer.citations,
            )
        citations = answer.citations
        if isinstance(answer, NotKnown):
            reason, message = Reason.NOT_KNOWN, f"{how}: {answer.reason}"
            if answer.candidates:
                message += f" (not known for {', '.join(answer.candidates)})"
            if answer.confidence is Confidence.JUDGMENT and answer.rationale:
                message += f". Our judgment: {answer.rationale.rstrip('.')}"
        else:
            reason, message = Reason.OTHER_CODE, f"{how} is not reported with a facet code"
        instead = self.rules.lines_instead(technique, guidance)
        if isinstance(instead, Known):
            citations = tuple(dict.fromkeys((*citations, *instead.citations)))
            rationale = instead.provision.rationale
            note = f" ({rationale.rstrip('.')})" if rationale else ""
            stated = "report" if isinstance(answer, Known) else "we found a source that reports"
            message += f"; {stated} {', '.join(line.text for line in instead.value)}{note}"
        if isinstance(answer, Known) and answer.provision.caveat:
            message += f". {answer.provision.caveat.rstrip('.')}"
        return Refusal(
            reason=reason,
            message=message,
            instead=value_of(instead) or (),
            citations=citations,
        )

    def _old_codes(self, technique: Technique, guidance: Guidance | None) -> Refusal | None:
        """Return the refusal for a date before the codes of a technique, or None.

        It names the codes of the time. The policy must code the technique on a later date.
        """
        on, family = self.rules.on, _PREDECESSORS.get(technique.kind)
        guidances = (*Guidance, GUIDANCE_NOT_STATED) if guidance is None else (guidance,)
        later = [
            answer.provision
            for each in guidances
            for answer in self.rules.policy.stated(CODING_FAMILY, technique, each)
            if isinstance(answer, Known) and isinstance(answer.value, Family)
        ]
        if family is None or not later or any(p.term.first <= on for p in later):
            return None
        of_the_time = [
            p
            for p in self.rules.reference.find_procedures(
                kind=ProcedureKind.PREDECESSOR, family=family
            )
            if p.in_force(on) is Status.IN_FORCE
        ]
        named = ", ".join(f"{p.code} ({p.region})" for p in of_the_time)
        then = f"those of the time were {named}, whose rules are not packaged"
        return Refusal(
            reason=Reason.CODES_NOT_IN_FORCE,
            message=f"{technique.label}: its codes were not yet valid on that date; "
            + (then if named else "which were, no source we have read states"),
            citations=tuple(dict.fromkeys(c for p in of_the_time for c in p.citations)),
        )
