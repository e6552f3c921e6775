"""What a policy and the reference say about coding on any day of one term, worked out once."""

from __future__ import annotations

import bisect
import datetime as dt
import functools
import itertools
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from cptfacet import bilateral
from cptfacet._memo import Kept
from cptfacet._records import sealed
from cptfacet.anatomy import (
    CodeRegion,
    Joint,
    Side,
)
from cptfacet.bilateral import LateralityFormat
from cptfacet.citations import Confidence
from cptfacet.claims import ClaimLine, parse_line
from cptfacet.dates import Status
from cptfacet.modifiers import ModifierKind
from cptfacet.notes import Note, NoteId, Reason, Refusal
from cptfacet.policies import NotKnown, Provision, find_policy
from cptfacet.policies.vocabulary import GUIDANCE_NOT_STATED, NO_MODIFIER
from cptfacet.procedures import CodeRole, Family, LegacyFamily, ProcedureKind
from cptfacet.reference import Reference, packaged
from cptfacet.sessions import Guidance, Technique, TechniqueKind
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cptfacet.bilateral import Shapes
    from cptfacet.claims import ClaimType
    from cptfacet.policies import Policy

__all__ = [
    "JUNCTION",
    "MOST_REMEMBERED",
    "Cell",
    "Compiled",
    "Finish",
    "Form",
    "Marks",
    "Methods",
    "Plan",
    "not_known",
    "turning_points",
    "weight",
]

Q = TypeVar("Q", bound=Hashable)
A = TypeVar("A")

MOST_REMEMBERED = 1 << 12
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


def turning_points(policy: Policy, reference: Reference) -> list[dt.date]:
    """List the days on which an answer may change; between two of them it can't."""
    terms = [p.term for each in policy.lineage() for p in each.provisions]
    terms += [procedure.term for procedure in reference.procedures]
    terms += [link.term for procedure in reference.procedures for link in procedure.primaries]
    terms += [other.term for other in reference.other_nerves]
    terms += [fact.term for fact in reference.code_regions]
    days = {term.first for term in terms}
    days |= {term.last + dt.timedelta(days=1) for term in terms if term.last < dt.date.max}
    return sorted(days)


@sealed
@attrs.frozen(kw_only=True)
class Cell:
    """The family of a technique and guidance, and the provision that says so."""

    family: Family
    provision: Provision


@sealed
@attrs.frozen(kw_only=True)
class Methods:
    """Techniques and guidances of a family, and techniques of which that is not known."""

    techniques: tuple[Technique, ...]
    guidances: tuple[Guidance, ...]
    not_known: tuple[Technique, ...]


@sealed
@attrs.frozen(kw_only=True)
class Form:
    """How one role is written: the shapes by side, or none where both sides are not known."""

    answer: Provision | NotKnown
    shapes: Shapes | None


@sealed
@attrs.frozen(kw_only=True)
class Marks:
    """What marks a line as diagnostic: modifiers, the provisions behind them, and notes."""

    modifiers: tuple[str, ...] = ()
    provisions: tuple[Provision, ...] = ()
    notes: tuple[Note, ...] = ()


@sealed
@attrs.frozen(kw_only=True)
class Finish:
    """The end of one line: all its modifiers in order, what shaped that, and what to say of it."""

    modifiers: tuple[str, ...]
    provisions: tuple[Provision, ...]
    notes: tuple[Note, ...]


def weight(provision: Provision) -> tuple[Note, ...]:
    """Give the notes of a provision that weigh on an answer: its judgment and its caveat."""
    notes: list[Note] = []
    if provision.confidence is Confidence.JUDGMENT:
        message = f"{provision.key}: {provision.rationale}"
        notes.append(Note(id=NoteId.JUDGMENT, message=message, citations=provision.citations))
    if provision.caveat:
        notes.append(
            Note(id=NoteId.CAVEAT, message=provision.caveat, citations=provision.citations)
        )
    return tuple(notes)


def not_known(what: str, answer: NotKnown) -> Note:
    """Give the note that something is not known, and was settled by a default."""
    message = f"{what}: {answer.reason}"
    return Note(id=NoteId.NOT_KNOWN, message=message, citations=answer.citations)


class Compiled(Generic[Q, A]):
    """What answers many questions under one policy.

    What the policy and the reference say between two of their dates is worked out once and kept,
    and answers are remembered by their questions, each of which names the term of its date and not
    the date. It can be pickled: it takes policy and reference along and works out the rest again.
    """

    __slots__ = ("_answers", "_days", "_plans", "_policy", "_reference")

    def __init__(
        self,
        policy: Policy | str,
        reference: Reference | None = None,
        *,
        memo: int = MOST_REMEMBERED,
    ) -> None:
        """Take a policy or its id, and the reference where it is not the packaged one.

        ``memo`` is the most answers that are remembered.

        Raises:
            UnknownIdError: No packaged policy has the id.
            TypeError: The policy is neither a Policy nor an id.
        """
        self._policy = find_policy(policy)
        self._reference = reference or packaged()
        self._days = turning_points(self._policy, self._reference)
        self._plans: dict[tuple[int, ClaimType], Plan] = {}
        self._answers = Kept(self._answer, most=memo, short=self._is_short)

    @property
    def policy(self) -> Policy:
        """The policy under which it answers."""
        return self._policy

    @property
    def reference(self) -> Reference:
        """The reference data with which it answers."""
        return self._reference

    def __repr__(self) -> str:
        return f"{type(self).__name__}(policy={self._policy.id!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        make = functools.partial(type(self), memo=self._answers.most)
        return make, (self._policy, self._reference)

    def _answer(self, question: Q) -> A:
        """Answer a question, from nothing but the question."""
        raise NotImplementedError

    def _is_short(self, question: Q) -> bool:
        """Whether a question takes little enough memory to be remembered."""
        raise NotImplementedError

    def _term(self, on: dt.date) -> int:
        """Return the number of the term that a date falls into."""
        return bisect.bisect_right(self._days, on)

    def _plan(self, term: int, claim_type: ClaimType) -> Plan:
        """Return what holds on each day of a term."""
        plan = self._plans.get((term, claim_type))
        if plan is None:
            first = self._days[term - 1] if term else dt.date.min
            plan = Plan(self._policy, self._reference, first, claim_type)
            self._plans[term, claim_type] = plan
        return plan


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
        self.finish = functools.cache(self._finish)
        self.methods = functools.cache(self._methods)
        found = ((joint, reference.code_region(joint, on=on)) for joint in Joint)
        self.regions = {j: None if isinstance(fact, Unknown) else fact for j, fact in found}
        self.codes = {
            (Family(p.family), p.region, p.ordinal): p.code
            for p in reference.find(kind=ProcedureKind.FACET, on=on)
            if p.family and p.region and p.ordinal
        }
        self.single_side = bilateral.shapes(LateralityFormat.ONE_LINE_50, reference=reference)
        self.side_of = {self.single_side[side][0][0]: side for side in (Side.RIGHT, Side.LEFT)}
        self.forms: dict[str, Form] = {role: self._form(role, claim_type) for role in CodeRole}
        self.diagnostic = {
            family: policy.get("modifier.diagnostic", on=on, family=family) for family in Family
        }
        self.modifier_order = policy.get("modifier.order", on=on)
        self.thoracolumbar = {
            family: policy.get("coding.thoracolumbar", on=on, family=family) for family in Family
        }
        self.overlapping = policy.get("coding.overlapping-injections", on=on)
        self.family_pairs = {
            pair: policy.get(
                "coding.family-pairs", on=on, family_pair="+".join(pair), claim_type=claim_type
            )
            for pair in itertools.combinations(Family, 2)
        }
        self.at_ablated = policy.get("coding.injection-at-ablated-joint", on=on)
        self.level_order = policy.get("levels.order", on=on)
        self.third_side = policy.get("levels.third-side", on=on)
        self.unmarked = Marks()
        self.marked = {family: self._marked(answer) for family, answer in self.diagnostic.items()}

    def _form(self, role: str, claim_type: ClaimType) -> Form:
        answer = self.policy.get("laterality.format", on=self.on, role=role, claim_type=claim_type)
        shapes = None
        if isinstance(answer, Provision):
            form = LateralityFormat(str(answer.value))
            shapes = bilateral.shapes(form, reference=self.reference)
        return Form(answer=answer, shapes=shapes)

    def _marked(self, answer: Provision | NotKnown) -> Marks | None:
        """Give the marks of a diagnostic line, or None where the policy has none or is not known."""
        if isinstance(answer, NotKnown) or answer.value == NO_MODIFIER:
            return None
        message = (
            f"{answer.value} attests that the requirements of the policy are met;"
            " coding has not tested them"
        )
        note = Note(id=NoteId.ATTESTS, message=message, citations=answer.citations)
        return Marks(modifiers=(str(answer.value),), provisions=(answer,), notes=(note,))

    def _finish(
        self, family: Family, role: str, modifiers: tuple[str, ...], *, marked: bool, both: bool
    ) -> Finish:
        """Finish a line whose side modifiers are known: ``both`` sides or not, with its marks."""
        marks = (marked and self.marked[family]) or self.unmarked
        form = self.forms[role].answer
        used = [form] if both and isinstance(form, Provision) else []
        used += marks.provisions
        notes: list[Note] = []
        order: Sequence[str] = tuple(ModifierKind)
        if modifiers and marks.modifiers:
            if isinstance(self.modifier_order, NotKnown):
                notes.append(not_known("order of modifiers", self.modifier_order))
            elif isinstance(self.modifier_order.value, tuple):
                order = self.modifier_order.value
                used.append(self.modifier_order)
        return Finish(
            modifiers=bilateral.order_modifiers(
                modifiers + marks.modifiers, order=order, reference=self.reference
            ),
            provisions=tuple(used),
            notes=(*notes, *(note for provision in used for note in weight(provision))),
        )

    def _cell(self, technique: Technique, guidance: Guidance | None) -> Cell | Refusal:
        stated = GUIDANCE_NOT_STATED if guidance is None else guidance.value
        where = {"technique": technique.value, "guidance": stated}
        answer = self.policy.get("coding.family", on=self.on, **where)
        if isinstance(answer, Provision) and answer.value in tuple(Family):
            return Cell(family=Family(str(answer.value)), provision=answer)
        return self._refusal(technique, where, answer)

    def room(self, family: Family, region: CodeRegion) -> int:
        """Count the joints that codes of a family and region may stand for."""
        facts = self.regions.items()
        within = [joint for joint, fact in facts if fact is None or fact.region is region]
        if family is Family.ABLATION:
            within = [joint for joint in within if self.reference.find_nerves(joint)]
        return len(within)

    def _methods(self, family: Family) -> Methods:
        """List the techniques and guidances that the family table sends to a family."""
        cells = {
            (technique, guidance): self.policy.get(
                "coding.family", on=self.on, technique=technique.value, guidance=guidance.value
            )
            for technique in Technique
            if technique.kind in _KINDS[family]
            for guidance in Guidance
        }
        known = [
            where
            for where, answer in cells.items()
            if isinstance(answer, Provision) and answer.value == family
        ]
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
        self, technique: Technique, where: dict[str, str], answer: Provision | NotKnown
    ) -> Refusal:
        asked = isinstance(answer, Provision) and answer.value == "ask"
        if (asked or isinstance(answer, NotKnown)) and (old := self._old_codes(technique, where)):
            return old
        how = f"{technique} with guidance {where['guidance']}"
        if asked:
            return Refusal(
                reason=Reason.GUIDANCE_NOT_STATED,
                message=f"{technique}: the guidance picks the code and is not stated; say"
                " fluoroscopy, ct, ultrasound, mri or none",
                citations=answer.citations,
            )
        instead = self.policy.get("coding.instead", on=self.on, **where)
        lines: tuple[ClaimLine, ...] = ()
        citations = answer.citations
        if isinstance(answer, NotKnown):
            reason, message = Reason.NOT_KNOWN, f"{how}: {answer.reason}"
            if answer.candidates:
                message += f" (not known for {', '.join(answer.candidates)})"
            if answer.confidence is Confidence.JUDGMENT and answer.rationale:
                message += f". Our judgment: {answer.rationale.rstrip('.')}"
        else:
            reason, message = Reason.OTHER_CODE, f"{how} is not reported with a facet code"
        if isinstance(instead, Provision) and isinstance(instead.value, tuple):
            lines = tuple(parse_line(text) for text in instead.value)
            citations = tuple(dict.fromkeys((*citations, *instead.citations)))
            note = f" ({instead.rationale.rstrip('.')})" if instead.rationale else ""
            message += f"; a source reports {', '.join(line.text for line in lines)}{note}"
        if isinstance(answer, Provision) and answer.caveat:
            message += f". {answer.caveat.rstrip('.')}"
        return Refusal(reason=reason, message=message, instead=lines, citations=citations)

    def _old_codes(self, technique: Technique, where: dict[str, str]) -> Refusal | None:
        """Refuse a date before the codes of a technique, naming those of the time.

        Only a technique that its policy sends to a family on a later date has such codes.
        """
        family = _PREDECESSORS.get(technique.kind)
        guidances = (*Guidance, GUIDANCE_NOT_STATED)
        if where["guidance"] != GUIDANCE_NOT_STATED:
            guidances = (where["guidance"],)
        later = [
            provision
            for guidance in guidances
            for provision in self.policy.stated("coding.family", (technique.value, guidance))
            if isinstance(provision, Provision) and provision.value in tuple(Family)
        ]
        if family is None or not later or any(p.term.first <= self.on for p in later):
            return None
        of_the_time = [
            p
            for p in self.reference.find(kind=ProcedureKind.PREDECESSOR, family=family)
            if p.in_force(self.on) is Status.IN_FORCE
        ]
        named = ", ".join(f"{p.code} ({p.region})" for p in of_the_time)
        then = f"those of the time were {named}, whose rules are not packaged"
        return Refusal(
            reason=Reason.CODES_NOT_IN_FORCE,
            message=f"{technique}: its codes were not yet valid on that date; "
            + (then if named else "which were, no source we have read states"),
            citations=tuple(dict.fromkeys(c for p in of_the_time for c in p.citations)),
        )
