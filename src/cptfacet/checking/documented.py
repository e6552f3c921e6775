"""What the note of a session supports, beside what a day of a claim bills: counted once a day."""

from __future__ import annotations

import functools
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from cptfacet.anatomy import (
    CodeRegion,
    Joint,
    Nerve,
    NerveKind,
    Side,
    code_region,
    innervation,
    region_facts,
)
from cptfacet.checking.day import billed_codes
from cptfacet.coding import CodedSession
from cptfacet.dates import Status
from cptfacet.modifiers import LATERAL_ROLES, ModifierRole
from cptfacet.notes import NoteId, Refusal
from cptfacet.policies import value_of
from cptfacet.policies.vocabulary import Bundling
from cptfacet.procedures import Counted, Family, LegacyFamily, Ordinal
from cptfacet.sessions import TechniqueKind, merge_sides
from cptfacet.treated import read_treatment

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from cptfacet.billed import BilledCode
    from cptfacet.checking.day import Day, Line
    from cptfacet.checking.plans import Plan
    from cptfacet.claims import ClaimLine
    from cptfacet.procedures import Procedure
    from cptfacet.sessions import Session, Treatment

__all__ = ["Noted", "Place", "as_written", "kind_of", "noted", "told_of"]

_KINDS = {
    Family.IMAGE_GUIDED_INJECTION: TechniqueKind.INJECTION,
    Family.ULTRASOUND_INJECTION: TechniqueKind.INJECTION,
    Family.ABLATION: TechniqueKind.DENERVATION,
    LegacyFamily.INJECTION: TechniqueKind.INJECTION,
    LegacyFamily.ABLATION: TechniqueKind.DENERVATION,
}
_NO_FACET_NERVE = (NerveKind.SACRAL_BRANCH, NerveKind.OCCIPITAL)


def kind_of(line: Line) -> TechniqueKind | None:
    """Give the kind of technique that the code of a facet line stands for."""
    code = _code(line)
    return _KINDS[code.family] if code and code.family else None


def _code(line: Line) -> Procedure | None:
    """Give the facet code of a line, also where no source shows it valid as early as that."""
    facts = line.facts.code
    return facts.procedure if facts.standing is not Status.NOT_IN_FORCE else None


def _kind(treatment: Treatment) -> TechniqueKind:
    """Give the kind as which a treatment is billed: a ruptured cyst is billed as an injection."""
    kind = treatment.technique.kind
    return TechniqueKind.INJECTION if kind is TechniqueKind.CYST_RUPTURE else kind


@attrs.frozen(kw_only=True, eq=False)
class Place:
    """One region with techniques of one kind: the lines there, and what the note supports there.

    ``joints`` are those treated, with their sides, without the ``included`` ones, of which the
    injection is a part of their ablation. ``nerves`` are those that the note lists there.
    ``coded`` are the joints for which coding writes lines there.
    """

    kind: TechniqueKind
    region: CodeRegion
    lines: tuple[Line, ...]
    codes: tuple[BilledCode[Line], ...]
    by_nerve: bool
    treatments: tuple[Treatment, ...]
    joints: Mapping[Joint, Side | None]
    included: tuple[Joint, ...]
    nerves: tuple[Nerve, ...]
    coded: frozenset[Joint]

    @property
    def facet_nerves(self) -> tuple[Nerve, ...]:
        """The listed nerves that supply a facet joint."""
        return tuple(nerve for nerve in self.nerves if nerve.kind not in _NO_FACET_NERVE)

    @property
    def sacral(self) -> tuple[Nerve, ...]:
        """The listed lateral branches of the sacrum."""
        return tuple(nerve for nerve in self.nerves if nerve.kind is NerveKind.SACRAL_BRANCH)

    @property
    def supplying(self) -> tuple[Nerve, ...]:
        """The nerves that supply the treated joints."""
        found = {nerve for joint in self.joints for nerve in innervation(joint).nerves}
        return tuple(sorted(found))

    @property
    def supported(self) -> int:
        """How many levels the note supports; nerves, where the codes count those."""
        if self.by_nerve:
            return len(self.facet_nerves or self.supplying)
        return len(self.joints)

    @property
    def bilateral(self) -> int:
        """How many joints the note has on both sides."""
        return sum(side is Side.BILATERAL for side in self.joints.values())

    @property
    def unnamed(self) -> int:
        """How many joints the note has without a side."""
        return sum(side is None for side in self.joints.values())

    def documented(self, side: Side) -> int:
        """Give how many joints the note has on a side."""
        return sum(side in had.parts for had in self.joints.values() if had)

    @functools.cached_property
    def fewest(self) -> int:
        """The fewest levels that the lines may stand for, given the sides of the note."""
        total, spare = 0, self.bilateral
        for code in self.codes:
            levels = code.levels_at_least(bilateral=spare)
            total += levels
            spare = max(spare - levels, 0)
        return total

    @property
    def most(self) -> int:
        """The most levels that the lines may stand for."""
        return sum(code.levels_at_most for code in self.codes)

    @property
    def surplus(self) -> int:
        """How many levels are billed beyond those that the note supports; 0 where none."""
        return max(self.fewest - self.supported, 0)

    @property
    def both(self) -> int:
        """The levels that are surely billed on both sides."""
        return sum(code.bilateral_at_least for code in self.codes)

    @property
    def both_at_most(self) -> int:
        """The levels that may be billed on both sides."""
        return sum(code.bilateral_at_most for code in self.codes)

    @property
    def lacks_sides(self) -> bool:
        """Whether fewer sides are billed than the note has, although the levels may be all."""
        if self.both_at_most < min(self.bilateral, self.fewest):
            return True
        sides = len(self.joints) + self.bilateral
        whole = self.coded == frozenset(self.joints) and self.most >= len(self.joints)
        return whole and sum(code.sides_at_most for code in self.codes) < sides

    def billed(self, side: Side) -> int:
        """Give the levels that are surely billed on a side."""
        return sum(code.on_at_least(side) for code in self.codes)

    @property
    def named(self) -> str:
        """The joints that the note supports, as a person reads them."""
        return ", ".join(sorted(self.joints)) or "none"


@attrs.frozen(kw_only=True, eq=False)
class Noted:
    """A session beside the lines of its day.

    ``agrees``: the facet lines are those that coding writes for it. ``unplaced`` are joints of
    which no source tells the region on that date.
    """

    session: Session
    answer: CodedSession | Refusal
    agrees: bool
    places: tuple[Place, ...]
    unplaced: tuple[Joint, ...]

    @property
    def wholly_coded(self) -> bool:
        """Whether coding wrote all of the session, and left nothing open that changes a line."""
        if not isinstance(self.answer, CodedSession):
            return False
        return all(note.id not in _OPEN for note in self.answer.notes)

    def of_kind(self, kind: TechniqueKind) -> tuple[Treatment, ...]:
        """Give the treatments that are billed as those of a kind."""
        return tuple(t for t in self.session.treatments if _kind(t) is kind)

    def has_joints(self) -> bool:
        """Say whether the note has some facet level."""
        return any(place.joints for place in self.places)


_OPEN = (NoteId.REFUSED, NoteId.NOT_KNOWN, NoteId.PURPOSE_MIXED)


def noted(day: Day) -> Noted | None:
    """Give what the note says beside a day of the claim; None where it is of another day."""
    session = day.session
    if session is None or session.date != day.date:
        return None
    if day.noted is None:
        day.noted = _noted(day, session)
    return day.noted


def _noted(day: Day, session: Session) -> Noted:
    asked = attrs.evolve(session, claim_type=day.claim_type)
    answer = day.coder().code(asked)
    lines = answer.claim.lines if isinstance(answer, CodedSession) else ()
    plan = day.plan
    agrees = bool(lines) and Counter(map(told_of, lines)) == Counter(map(as_written, day.facet))
    places: list[Place] = []
    unplaced: list[Joint] = []
    if not agrees:
        coded = _coded(plan, answer)
        treated = {kind: _treated(asked, kind, plan) for kind in _BILLED}
        included = _included(plan, treated)
        for kind in _BILLED:
            lost = [joint for joint in treated[kind] if _region(joint, day.date) is None]
            unplaced += lost
            if not lost and any(_kind(t) is kind for t in asked.treatments):
                places += _places(day, kind, asked, treated[kind], included, coded)
    return Noted(
        session=asked,
        answer=answer,
        agrees=agrees,
        places=tuple(places),
        unplaced=tuple(sorted(set(unplaced))),
    )


_CodedJoints = dict[tuple[TechniqueKind, CodeRegion], set[Joint]]
_BILLED = (TechniqueKind.INJECTION, TechniqueKind.DENERVATION)
_TELLING = (*LATERAL_ROLES, ModifierRole.REQUIREMENTS_MET)


def as_written(line: Line) -> tuple[str, tuple[str, ...], object]:
    """Give of a line what coding writes too: its code, sides, mark and units."""
    units = line.units if line.units is not None else str(line.written.units)
    return line.code, tuple(sorted(line.facts.with_roles(*_TELLING))), units


def told_of(line: ClaimLine) -> tuple[str, tuple[str, ...], object]:
    """Give the same of a line that coding wrote."""
    return line.code, tuple(sorted(line.modifiers)), line.units


def _region(joint: Joint, on: dt.date) -> CodeRegion | None:
    """Give the region of a joint; before its source, that which every source gives it since."""
    fact = code_region(joint, on=on)
    if fact is not None:
        return fact.region
    regions = {fact.region for fact in region_facts(joint)}
    return regions.pop() if len(regions) == 1 else None


def _coded(plan: Plan, answer: CodedSession | Refusal) -> _CodedJoints:
    """Give the joints for which coding writes lines, by kind and by the region of the code."""
    found: _CodedJoints = {}
    if isinstance(answer, Refusal):
        return found
    for why in answer.why:
        code = plan.code(answer.claim.lines[why.line - 1].code)
        if code.family and code.region:
            found.setdefault((_KINDS[code.family], code.region), set()).update(why.joints)
    return found


def _treated(session: Session, kind: TechniqueKind, plan: Plan) -> dict[Joint, Side | None]:
    """Give the joints that treatments of a kind treated, whether or not they can be coded."""
    read = [
        read_treatment(treatment, reference=plan.reference, on=session.date)
        for treatment in session.treatments
        if _kind(treatment) is kind
    ]
    merged, _ = merge_sides(pair for treated in read for pair in treated.joints.items())
    return merged


def _included(
    plan: Plan, treated: Mapping[TechniqueKind, dict[Joint, Side | None]]
) -> tuple[Joint, ...]:
    """Take out injections that are a part of the ablation of their joint; give their joints."""
    if value_of(plan.rules.injection_at_ablated_joint()) is not Bundling.INCLUDED:
        return ()
    injected, ablated = treated[TechniqueKind.INJECTION], treated[TechniqueKind.DENERVATION]
    found: list[Joint] = []
    for joint in [joint for joint in injected if joint in ablated]:
        side, gone = injected[joint], ablated[joint]
        left = [part for part in side.parts if not gone or part not in gone.parts] if side else []
        if side and gone is None:
            left = left[1:]  # one side of it, whichever
        if len(left) == len(side.parts if side else ()) and left:
            continue
        found.append(joint)
        if left:
            injected[joint] = left[0] if gone else None
        else:
            del injected[joint]
    return tuple(found)


def _places(  # noqa: PLR0917  what a place is made of
    day: Day,
    kind: TechniqueKind,
    session: Session,
    treated: Mapping[Joint, Side | None],
    included: tuple[Joint, ...],
    coded: _CodedJoints,
) -> list[Place]:
    treatments = tuple(t for t in session.treatments if _kind(t) is kind)
    listed = sorted({entry.nerve for t in treatments for entry in t.nerves})
    found: list[Place] = []
    for region in CodeRegion:
        lines = [
            line
            for line in day.lines
            if (code := _code(line)) and kind_of(line) is kind and code.region is region
        ]
        joints = {j: side for j, side in treated.items() if _region(j, day.date) is region}
        if not lines and not joints:
            continue
        gone = included if kind is TechniqueKind.INJECTION else ()
        found.append(
            Place(
                kind=kind,
                region=region,
                lines=tuple(lines),
                codes=tuple(
                    sorted(billed_codes(lines), key=lambda code: _ORDER.index(code.ordinal))
                ),
                by_nerve=any(_counts_nerves(line) for line in lines),
                treatments=treatments,
                joints=joints,
                included=tuple(j for j in gone if _region(j, day.date) is region),
                nerves=tuple(n for n in listed if region in _regions_of(n)),
                coded=frozenset(coded.get((kind, region), ())),
            )
        )
    return found


_ORDER = tuple(Ordinal)  # first levels before the others


def _counts_nerves(line: Line) -> bool:
    code = _code(line)
    return code is not None and code.counts is Counted.NERVE


@functools.cache
def _regions_of(nerve: Nerve) -> frozenset[CodeRegion]:
    """Give the regions of the joints that a nerve supplies, or near which it runs."""
    if nerve.kind is NerveKind.SACRAL_BRANCH:
        return frozenset({CodeRegion.LUMBAR_SACRAL})
    if nerve.kind is NerveKind.OCCIPITAL:
        return frozenset({CodeRegion.CERVICAL_THORACIC})
    near = [joint for joint in Joint if nerve in innervation(joint).nerves]
    found = {fact.region for joint in near for fact in region_facts(joint)}
    return frozenset(found or {CodeRegion.CERVICAL_THORACIC})
