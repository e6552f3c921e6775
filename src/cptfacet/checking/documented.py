"""What a session's note supports compared with what a day of a claim bills, counted once a day."""

from __future__ import annotations

import functools
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from cptfacet._text import series
from cptfacet.agent_codes import lines_of_agents
from cptfacet.anatomy import (
    CodeRegion,
    Joint,
    Nerve,
    NerveKind,
    Side,
)
from cptfacet.checking.day import billed_codes
from cptfacet.coding import CodedSession
from cptfacet.dates import Status
from cptfacet.modifiers import LATERAL_ROLES, ModifierRole
from cptfacet.notes import NoteId, Reason, Refusal
from cptfacet.policies import value_of
from cptfacet.policies.vocabulary import Bundling
from cptfacet.procedures import Counted, Family, LegacyFamily, Ordinal
from cptfacet.sessions import TechniqueKind, merge_sides
from cptfacet.treated import (
    NO_FACET_NERVE,
    Treated,
    read_treatment,
    region_of,
    regions_near,
    side_left,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cptfacet.billed import BilledCode
    from cptfacet.checking.day import Day, Line
    from cptfacet.checking.plans import CheckingPlan
    from cptfacet.claims import ClaimLine
    from cptfacet.procedures import Procedure
    from cptfacet.sessions import Session, Treatment

__all__ = ["Noted", "Place", "as_written", "kind_of", "noted", "told_of"]


def __dir__() -> list[str]:
    return sorted(__all__)


_KINDS = {
    Family.IMAGE_GUIDED_INJECTION: TechniqueKind.INJECTION,
    Family.ULTRASOUND_INJECTION: TechniqueKind.INJECTION,
    Family.ABLATION: TechniqueKind.DENERVATION,
    LegacyFamily.INJECTION: TechniqueKind.INJECTION,
    LegacyFamily.ABLATION: TechniqueKind.DENERVATION,
}


def kind_of(line: Line) -> TechniqueKind | None:
    """Return the kind of technique that a facet line reports."""
    code = _code(line)
    return _KINDS[code.family] if code and code.family else None


def _code(line: Line) -> Procedure | None:
    """Return the facet code of a line, even if no source shows it valid as early as that."""
    facts = line.facts.code
    return facts.procedure if facts.standing is not Status.NOT_IN_FORCE else None


def _kind(treatment: Treatment) -> TechniqueKind:
    """Return the kind that a treatment is billed as: an injection for a ruptured cyst."""
    kind = treatment.technique.kind
    return TechniqueKind.INJECTION if kind is TechniqueKind.CYST_RUPTURE else kind


@attrs.frozen(kw_only=True, eq=False)
class Place:
    """One region and kind of technique: the lines billed there and what the note supports.

    ``joints`` are the treated joints with their sides. They leave out the ``included`` joints, where
    the ablation includes the injection. ``nerves`` are the nerves that the note lists, and ``coded``
    the joints that coding writes lines for.
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
    supplying: tuple[Nerve, ...]
    coded: frozenset[Joint]

    @property
    def facet_nerves(self) -> tuple[Nerve, ...]:
        """The nerves of the note that supply a facet joint."""
        return tuple(nerve for nerve in self.nerves if nerve.kind not in NO_FACET_NERVE)

    @property
    def sacral(self) -> tuple[Nerve, ...]:
        """The sacral lateral branches of the note."""
        return tuple(nerve for nerve in self.nerves if nerve.kind is NerveKind.SACRAL_BRANCH)

    @property
    def supported(self) -> int:
        """How many levels the note supports, or nerves if the codes count nerves."""
        if self.by_nerve:
            return len(self.facet_nerves or self.supplying)
        return len(self.joints)

    @property
    def bilateral(self) -> int:
        """How many joints the note documents on both sides."""
        return sum(side is Side.BILATERAL for side in self.joints.values())

    @property
    def unnamed(self) -> int:
        """How many joints the note documents without a side."""
        return sum(side is None for side in self.joints.values())

    def documented(self, side: Side) -> int:
        """Return how many joints the note documents on a side."""
        return sum(side in had.parts for had in self.joints.values() if had)

    @functools.cached_property
    def fewest(self) -> int:
        """The fewest levels that the lines represent, given the sides in the note."""
        total, spare = 0, self.bilateral
        for code in self.codes:
            levels = code.levels_at_least(bilateral=spare)
            total += levels
            spare = max(spare - levels, 0)
        return total

    @property
    def most(self) -> int:
        """The most levels that the lines represent."""
        return sum(code.levels_at_most for code in self.codes)

    @property
    def surplus(self) -> int:
        """How many levels are billed beyond those that the note supports."""
        return max(self.fewest - self.supported, 0)

    @property
    def both(self) -> int:
        """The fewest levels billed as bilateral."""
        return sum(code.bilateral_at_least for code in self.codes)

    @property
    def both_at_most(self) -> int:
        """The most levels billed as bilateral."""
        return sum(code.bilateral_at_most for code in self.codes)

    @property
    def lacks_sides(self) -> bool:
        """Whether fewer sides are billed than documented, although all levels may be billed."""
        if self.both_at_most < min(self.bilateral, self.fewest):
            return True
        sides = len(self.joints) + self.bilateral
        whole = self.coded == frozenset(self.joints) and self.most >= len(self.joints)
        return whole and sum(code.sides_at_most for code in self.codes) < sides

    def billed(self, side: Side) -> int:
        """Return the fewest levels billed on a side."""
        return sum(code.on_at_least(side) for code in self.codes)

    @property
    def named(self) -> str:
        """The joints that the note supports, joined for a sentence."""
        return series(sorted(self.joints), most=len(self.joints)) or "none"


@attrs.frozen(kw_only=True, eq=False)
class Noted:
    """A session compared with the lines of its day.

    ``agrees``: the facet lines are those that coding writes for it. ``unplaced`` lists joints whose
    region no source states for that date. ``unread`` says which nerves can't be read into joints,
    for want of reference data.
    """

    session: Session
    answer: CodedSession | Refusal
    agrees: bool
    places: tuple[Place, ...]
    unplaced: tuple[Joint, ...]
    unread: tuple[str, ...]

    @property
    def wholly_coded(self) -> bool:
        """Whether the whole session was coded, and nothing left open could change a line."""
        if not isinstance(self.answer, CodedSession):
            return False
        return all(note.id not in _OPEN for note in self.answer.notes)

    def of_kind(self, kind: TechniqueKind) -> tuple[Treatment, ...]:
        """List the treatments billed as a kind of technique."""
        return tuple(t for t in self.session.treatments if _kind(t) is kind)

    def has_joints(self) -> bool:
        """Whether the note documents any facet level."""
        return any(place.joints for place in self.places)


_OPEN = (NoteId.REFUSED, NoteId.NOT_KNOWN, NoteId.PURPOSE_MIXED)


def noted(day: Day) -> Noted | None:
    """Return the note compared with a day of the claim, or None if it has another date."""
    session = day.session
    if session is None or session.date != day.date:
        return None
    if day.noted is None:
        day.noted = _noted(day, session)
    return day.noted


def _noted(day: Day, session: Session) -> Noted:
    asked = attrs.evolve(session, claim_type=day.claim_type)
    answer = day.coder.code(asked)
    lines = answer.claim.lines if isinstance(answer, CodedSession) else ()
    plan = day.plan
    agrees = bool(lines) and Counter(map(told_of, lines)) == Counter(map(as_written, day.facet))
    places: list[Place] = []
    unplaced: list[Joint] = []
    unread: list[str] = []
    if not agrees:
        coded = _coded(plan, answer)
        read = {kind: _read(asked, kind, plan) for kind in _BILLED}
        treated = {kind: _joints(read[kind]) for kind in _BILLED}
        documented = {kind: tuple(joints) for kind, joints in treated.items()}
        included = _included(plan, treated)
        for kind in _BILLED:
            lost = [
                joint
                for joint in documented[kind]
                if region_of(joint, reference=plan.reference, on=day.date) is None
            ]
            unplaced += lost
            left = [
                r.message for t in read[kind] for r in t.refusals if r.reason is Reason.NOT_KNOWN
            ]
            unread += left
            if not lost and not left and any(_kind(t) is kind for t in asked.treatments):
                places += _places(day, kind, asked, treated[kind], included, coded)
    return Noted(
        session=asked,
        answer=answer,
        agrees=agrees,
        places=tuple(places),
        unplaced=tuple(sorted(set(unplaced))),
        unread=tuple(dict.fromkeys(unread)),
    )


_CodedJoints = dict[tuple[TechniqueKind, CodeRegion], set[Joint]]
_BILLED = (TechniqueKind.INJECTION, TechniqueKind.DENERVATION)
_TELLING = (*LATERAL_ROLES, ModifierRole.REQUIREMENTS_MET)


def as_written(line: Line) -> tuple[str, tuple[str, ...], object]:
    """Return the parts of a line that coding writes: code, sides, KX and units."""
    units = line.units if line.units is not None else line.written.text
    return line.code, tuple(sorted(line.facts.with_roles(*_TELLING))), units


def told_of(line: ClaimLine) -> tuple[str, tuple[str, ...], object]:
    """Return the same parts of a line that coding wrote."""
    return line.code, tuple(sorted(line.modifiers)), line.units


def _coded(plan: CheckingPlan, answer: CodedSession | Refusal) -> _CodedJoints:
    """Return the joints that coding writes lines for, by kind and by the region of the code."""
    found: _CodedJoints = {}
    if isinstance(answer, Refusal):
        return found
    for why in answer.why:
        code = plan.code(answer.claim.lines[why.line - 1].code)
        if code.family and code.region:
            found.setdefault((_KINDS[code.family], code.region), set()).update(why.joints)
    return found


def _read(session: Session, kind: TechniqueKind, plan: CheckingPlan) -> list[Treated]:
    """Read the treatments with a kind of technique, whether or not they can be coded.

    The code of an agent represents an injection that adds no facet level.
    """
    return [
        read_treatment(treatment, reference=plan.reference, on=session.date)
        for treatment in session.treatments
        if _kind(treatment) is kind
        if not lines_of_agents(treatment, policy=plan.policy, on=session.date)
    ]


def _joints(read: list[Treated]) -> dict[Joint, Side | None]:
    merged, _ = merge_sides(pair for treated in read for pair in treated.joints.items())
    return merged


def _included(
    plan: CheckingPlan, treated: Mapping[TechniqueKind, dict[Joint, Side | None]]
) -> tuple[Joint, ...]:
    """Remove injections included in the ablation of their joint, and return these joints."""
    if value_of(plan.rules.injection_at_ablated_joint()) is not Bundling.INCLUDED:
        return ()
    injected, ablated = treated[TechniqueKind.INJECTION], treated[TechniqueKind.DENERVATION]
    found: list[Joint] = []
    for joint in [joint for joint in injected if joint in ablated]:
        left = side_left(injected[joint], ablated[joint])
        if left.separate:
            continue
        found.append(joint)
        if left.some:
            injected[joint] = left.side
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
    entries = [entry.nerve for t in treatments for entry in t.nerves]
    listed = sorted({nerve for nerve in entries if isinstance(nerve, Nerve)})
    reference = day.plan.reference
    found: list[Place] = []
    for region in CodeRegion:
        lines = [
            line
            for line in day.lines
            if (code := _code(line)) and kind_of(line) is kind and code.region is region
        ]
        joints = {
            j: side
            for j, side in treated.items()
            if region_of(j, reference=reference, on=day.date) is region
        }
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
                included=tuple(
                    j for j in gone if region_of(j, reference=reference, on=day.date) is region
                ),
                nerves=tuple(n for n in listed if region in regions_near(n, reference=reference)),
                supplying=tuple(sorted({n for j in joints for n in reference.find_nerves(j)})),
                coded=frozenset(coded.get((kind, region), ())),
            )
        )
    return found


_ORDER = tuple(Ordinal)  # first levels before the others


def _counts_nerves(line: Line) -> bool:
    code = _code(line)
    return code is not None and code.counts is Counted.NERVE
