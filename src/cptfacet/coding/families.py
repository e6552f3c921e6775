"""From treatments to levels: one level for each joint of a code family, treated once or more often.

Each step here, and in `writing`, notes in the draft what there is to say, and returns what the next
step needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs

from cptfacet._records import sealed
from cptfacet.agent_codes import agent_refusal
from cptfacet.anatomy import CodeRegion, Joint, Side
from cptfacet.claims import Purpose
from cptfacet.coding.instead import write_instead
from cptfacet.coding.plans import not_known
from cptfacet.notes import NoteId, Refusal
from cptfacet.policies import Known, NotKnown, Provision
from cptfacet.policies.vocabulary import Bundling
from cptfacet.procedures import Family
from cptfacet.reference.joints import RegionFact
from cptfacet.sessions import merge_sides
from cptfacet.treated import only_other_nerves, read_treatment, side_left

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cptfacet.coding.draft import Draft
    from cptfacet.coding.plans import CodingPlan
    from cptfacet.sessions import Treatment

__all__ = [
    "Level",
    "Levels",
    "chosen_by",
    "collect",
    "drop_included",
    "purposes_of",
    "share_levels",
]


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class Level:
    """One joint to be coded: its side, why it was treated, and what chose its family and region."""

    joint: Joint
    side: Side | None
    purposes: frozenset[Purpose | None]
    chosen: tuple[Provision, ...]
    fact: RegionFact[CodeRegion] | None

    @property
    def region(self) -> CodeRegion:
        """The region that picks its code, where that is known."""
        assert self.fact is not None  # noqa: S101  the others are refused before they are grouped
        return self.fact.region


def chosen_by(levels: Sequence[Level]) -> tuple[Provision, ...]:
    """Return the provisions that chose the family of one or more levels, each once."""
    first, *rest = levels
    if all(level.chosen == first.chosen for level in rest):
        return first.chosen
    return tuple(dict.fromkeys(provision for level in levels for provision in level.chosen))


def purposes_of(levels: Sequence[Level]) -> frozenset[Purpose | None]:
    """Return all purposes for which one or more levels were treated."""
    return _NO_PURPOSE.union(*[level.purposes for level in levels])


_NO_PURPOSE: frozenset[Purpose | None] = frozenset()


Levels: TypeAlias = "dict[Joint, Level]"
_Families: TypeAlias = "dict[Family, Levels]"


def collect(treatments: Iterable[Treatment], plan: CodingPlan, draft: Draft) -> _Families:
    """Gather the treated joints by family; treatments of one family share their levels."""
    rules = plan.rules
    families: _Families = {}
    for treatment in treatments:
        others = agent_refusal(treatment, policy=rules.policy, on=rules.on) or only_other_nerves(
            treatment, reference=rules.reference, on=rules.on
        )
        chosen = others or plan.family(treatment.technique, treatment.guidance)
        if isinstance(chosen, Refusal):
            draft.refuse(write_instead(chosen, treatment, plan))
            continue
        treated = read_treatment(treatment, reference=rules.reference, on=rules.on)
        for note in treated.notes:
            part = note.refusal and write_instead(note.refusal, treatment, plan)
            draft.add(attrs.evolve(note, refusal=part))
        draft.refuse(*(write_instead(each, treatment, plan) for each in treated.refusals))
        levels = families.setdefault(chosen.value, {})
        purposes = frozenset((treatment.purpose,))
        provisions = (chosen.provision,)
        for joint, side in treated.joints.items():
            level = Level(
                joint=joint,
                side=side,
                purposes=purposes,
                chosen=provisions,
                fact=rules.regions[joint],
            )
            before = levels.get(joint)
            levels[joint] = _joined(before, level, plan, draft) if before else level
    return {family: levels for family, levels in families.items() if levels}


def _joined(one: Level, other: Level, plan: CodingPlan, draft: Draft) -> Level:
    """Join what two treatments did at one joint: one level, on both their sides."""
    merged, repeated = merge_sides((one.joint, side) for side in (one.side, other.side))
    if repeated:
        message = f"{one.joint} was treated more than once on one side; it is one level"
        if (one.side is None) is not (other.side is None):
            message += (
                ". Its side is named once only and taken for both: ask whether it is the same"
            )
        answer = plan.rules.overlapping_injections()
        citations = answer.citations if isinstance(answer, Known) else ()
        draft.note(NoteId.SHARED_LEVEL, message, citations)
    return attrs.evolve(
        one,
        side=merged[one.joint],
        purposes=one.purposes | other.purposes,
        chosen=chosen_by((one, other)),
    )


def share_levels(families: _Families, plan: CodingPlan, draft: Draft) -> _Families:
    """Count a joint that was injected with and without ultrasound once, with fluoroscopy or CT."""
    guided = families.get(Family.IMAGE_GUIDED_INJECTION, {})
    other = families.get(Family.ULTRASOUND_INJECTION, {})
    twice = [joint for joint in other if joint in guided]
    if not twice:
        return families
    guided = dict(guided)
    for joint in twice:
        guided[joint] = _joined(guided[joint], other[joint], plan, draft)
        message = (
            f"{joint} was injected under two guidances; it is one level, coded under the first"
        )
        draft.note(NoteId.SHARED_LEVEL, message)
        answer = plan.rules.overlapping_injections()
        if isinstance(answer, NotKnown):
            draft.add(not_known(f"injections that overlap at {joint}", answer))
    return {
        **families,
        Family.IMAGE_GUIDED_INJECTION: guided,
        Family.ULTRASOUND_INJECTION: {j: other[j] for j in other if j not in twice},
    }


def drop_included(
    levels: Levels, ablated: Mapping[Joint, Side | None], plan: CodingPlan, draft: Draft
) -> Levels:
    """Leave out injections at joints whose ablation on the same day is coded."""
    if ablated.keys().isdisjoint(levels):
        return levels
    answer = plan.rules.injection_at_ablated_joint()
    left: Levels = {}
    for joint, level in levels.items():
        if joint not in ablated:
            left[joint] = level
        elif isinstance(answer, NotKnown):
            left[joint] = level
            draft.add(
                not_known(f"whether the injection at {joint} is part of its ablation", answer)
            )
        elif answer.value is not Bundling.INCLUDED:
            left[joint] = level
        else:
            rest = side_left(level.side, ablated[joint])
            if rest.some:
                left[joint] = attrs.evolve(level, side=rest.side)
            if not rest.separate:
                message = f"The injection at {joint} is included in its ablation on the same day"
                draft.note(NoteId.INCLUDED_IN_ABLATION, message + rest.remark, answer.citations)
    return left
