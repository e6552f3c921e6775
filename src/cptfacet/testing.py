"""Law tests for policy files: pytest tests that every policy must pass.

Requires the extra `strategies`, and pytest to run the tests.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import attrs

from cptfacet import _data
from cptfacet.addons import allowed_primaries
from cptfacet.anatomy import CodeRegion, Joint, Side
from cptfacet.bilateral import LateralityFormat, SideCount, lateral_roles, render
from cptfacet.checking import Checker
from cptfacet.citations import Confidence
from cptfacet.claims import Claim, ClaimLine, ClaimType, Purpose
from cptfacet.coding import CodedSession, Coder
from cptfacet.coding.plans import JUNCTION
from cptfacet.decoding import DecodedClaim, Decoder
from cptfacet.errors import MissingExtraError
from cptfacet.findings import FindingKind, RuleFamily
from cptfacet.interop.json import dump, read
from cptfacet.modifiers import ModifierKind, ModifierRole
from cptfacet.notes import NoteId, Reason, Refusal
from cptfacet.policies import (
    DIMENSIONS,
    KEYS,
    ChangeKind,
    Key,
    Known,
    NotKnown,
    Policy,
    Provision,
    find_policy,
    value_of,
)
from cptfacet.policies import vocabulary as keys
from cptfacet.policies.model import overlaps
from cptfacet.policies.vocabulary import GUIDANCE_NOT_STATED, Grouping, Uncoded
from cptfacet.procedures import Family, Ordinal, ProcedureKind, role_of
from cptfacet.reference import Reference, find_reference
from cptfacet.repairing import repair_claim
from cptfacet.rulebook import CODING, turning_days
from cptfacet.sessions import Guidance, Session, Target, Technique, Treatment
from cptfacet.unknown import Unknown

try:
    import hypothesis
    from hypothesis import strategies as st

    from cptfacet.strategies import messy_sessions, sessions
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "hypothesis":
        raise
    raise MissingExtraError(extra="strategies", needs="hypothesis") from None

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["policy_laws"]


def __dir__() -> list[str]:
    return sorted(__all__)


_DAY = dt.timedelta(days=1)
_SHOWN = 5


def policy_laws(
    policy: Policy | str,
    *,
    reference: Reference | None = None,
    settings: hypothesis.settings | None = None,
) -> type:
    """Return a class of pytest tests that check a policy against every law.

    Assign it to a name that pytest collects. Small spaces are enumerated: every side of the five
    lumbar joints and of T12-L1 with its neighbors, for each family and claim type, on each day on
    which the policy's answers change. Everything else is sampled with the Hypothesis ``settings``.
    A failing law names the provision, session or line that breaks it.

    >>> TestCpt = policy_laws("cpt")
    >>> TestCpt().test_no_two_provisions_of_a_cell_overlap()
    >>> policy_laws("cptt")
    Traceback (most recent call last):
    ...
    cptfacet.errors.UnknownIdError: unknown policy 'cptt'; did you mean cpt?

    Raises:
        UnknownIdError: No packaged policy has the id.
        TypeError: The value is neither a policy nor an id.
    """
    policy = find_policy(policy)
    case = _Case(policy, find_reference(reference))
    chosen = settings or hypothesis.settings(max_examples=25, deadline=None)
    any_session = st.one_of(
        sessions(), sessions(dates=st.sampled_from(case.days)), messy_sessions()
    )
    body: dict[str, Any] = {"__doc__": f"The laws of policies, for {policy.id}.", "case": case}
    for name, law in vars(_Laws).items():
        if name.startswith("test_"):
            body[name] = _sampled(law, any_session, chosen) if _takes_session(law) else law
    return type(f"LawsOf[{policy.id}]", (), body)


def _takes_session(law: Callable[..., None]) -> bool:
    return "session" in law.__annotations__


def _sampled(
    law: Callable[..., None], drawn: st.SearchStrategy[Session], settings: hypothesis.settings
) -> Callable[..., None]:
    return settings(hypothesis.given(session=drawn)(law))


# -- reporting a broken law


def _report(broken: Iterable[str]) -> None:
    """Raise an AssertionError that lists the first problems and counts the rest."""
    __tracebackhide__ = True
    listed = list(dict.fromkeys(broken))
    if not listed:
        return
    first = "\n".join(f"  - {problem}" for problem in listed[:_SHOWN])
    more = f"\n  ... and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    message = f"the law is broken:\n{first}{more}"
    raise AssertionError(message)


def _named(provision: Provision | NotKnown) -> str:
    cell = f" ({', '.join(provision.cell)})" if provision.cell else ""
    return f"{provision.key}{cell}, {provision.term}"


def _written(lines: Iterable[ClaimLine]) -> str:
    return ", ".join(line.text for line in lines) or "no line"


def _shown(session: Session) -> str:
    """Return a session in one line, without identifiers."""
    treated: list[str] = []
    for treatment in session.treatments:
        what = [f"{t.joint}:{t.side or 'side not stated'}" for t in treatment.targets]
        what += [f"nerve {n.nerve}:{n.side or 'side not stated'}" for n in treatment.nerves]
        how = f"{treatment.technique}, {treatment.guidance or 'guidance not stated'}"
        purpose = treatment.purpose or "purpose not stated"
        if treatment.agents:
            how += f", injecting {', '.join(treatment.agents)}"
        treated.append(f"{how}, {purpose} at {', '.join(what) or 'no level'}")
    claim_type = session.claim_type or "claim type not stated"
    return f"{session.date}, {claim_type}: {'; '.join(treated)}"


# -- the enumerated space


class _Coded(NamedTuple):
    """One code of a session (None if no code is valid) and the sides of its levels."""

    code: str | None
    ordinal: Ordinal
    sides: tuple[Side | None, ...]


class _Answered(NamedTuple):
    """One enumerated session: how it was built, its answer, and the levels its codes represent."""

    family: Family
    treated: Mapping[Joint, Side | None]
    session: Session
    claim_type: ClaimType
    answer: CodedSession | Refusal
    levels: tuple[_Coded, ...]


_JOINTS = tuple(Joint)
_LUMBAR = _JOINTS[_JOINTS.index(Joint.L1_L2) :]
# Keys that choose or combine families, and the key that restricts lines instead of shaping them.
_NOT_OF_LINES = {
    keys.CODING_FAMILY,
    keys.CODING_INSTEAD,
    keys.CODING_FAMILY_PAIRS,
    keys.CODING_OVERLAPPING_INJECTIONS,
    keys.CODING_INJECTION_AT_ABLATED_JOINT,
    keys.ADDON_PRIMARIES,
}
_AROUND_T12 = (Joint.T11_T12, *JUNCTION)


def _patterns(joints: Sequence[Joint], sides: Sequence[Side]) -> Iterator[dict[Joint, Side | None]]:
    """Yield every nonempty choice of these joints, with every combination of sides."""
    for chosen in itertools.product((None, *sides), repeat=len(joints)):
        treated = {joint: side for joint, side in zip(joints, chosen, strict=True) if side}
        if treated:
            yield dict(treated)


_Shape = tuple[Mapping[Joint, Side | None], Purpose | None]


def _with_purposes(patterns: Iterable[Mapping[Joint, Side | None]]) -> tuple[_Shape, ...]:
    """Return each pattern with its purposes: every purpose for up to two joints, else diagnostic."""
    return tuple(
        (treated, purpose)
        for treated in patterns
        for purpose in ((*Purpose, None) if len(treated) <= 2 else (Purpose.DIAGNOSTIC,))  # noqa: PLR2004
    )


@functools.cache
def _lumbar_space() -> tuple[_Shape, ...]:
    """List the lumbar joints with every side, and up to three joints whose side is not stated."""
    unnamed: list[Mapping[Joint, Side | None]] = [
        dict.fromkeys(joints)
        for count in (1, 2, 3)
        for joints in itertools.combinations(_LUMBAR, count)
    ]
    return _with_purposes([*_patterns(_LUMBAR, tuple(Side)), *unnamed])


@functools.cache
def _junction_space() -> tuple[_Shape, ...]:
    """List T12-L1 and its neighbors with every side."""
    whole = _patterns(_AROUND_T12, tuple(Side))
    return _with_purposes(treated for treated in whole if Joint.T12_L1 in treated)


@functools.cache
def _target(joint: Joint, side: Side | None) -> Target:
    return Target(joint=joint, side=side)


T = TypeVar("T")


class _Case:
    """A policy with its reference and their answers, shared by all laws."""

    def __init__(self, policy: Policy, reference: Reference) -> None:
        self.policy = policy
        self.reference = reference
        self.coder = Coder(policy, reference)
        self.decoder = Decoder(policy, reference)

    def __repr__(self) -> str:
        return f"_Case({self.policy.id!r})"

    def value(self, key: Key[T], on: dt.date, *cell: str) -> T | None:
        """Return the policy's value for one cell, or None if it is not known."""
        return value_of(self.policy.ask(key, *cell, on=on))

    def answer(self, key: str, on: dt.date, cell: tuple[str, ...]) -> Provision | NotKnown:
        """Return the provision that answers one cell, or NotKnown."""
        answer = self.policy.ask(KEYS[key], *cell, on=on)
        return answer.provision if isinstance(answer, Known) else answer

    @functools.cached_property
    def days(self) -> list[dt.date]:
        """Every day on which the policy, the reference or its add-on edits change."""
        return [
            day for day in turning_days(self.policy, self.reference, *CODING) if day > dt.date.min
        ]

    @functools.cached_property
    def codes(self) -> Callable[[dt.date], Mapping[tuple[Family, object, Ordinal], str]]:
        """A function that returns the facet codes valid on a day."""

        @functools.cache
        def of(on: dt.date) -> Mapping[tuple[Family, object, Ordinal], str]:
            found = self.reference.find_procedures(kind=ProcedureKind.FACET, on=on)
            return {
                (Family(p.family), p.region, p.ordinal): p.code
                for p in found
                if p.family and p.ordinal
            }

        return of

    @functools.cached_property
    def methods(self) -> Callable[[dt.date], Mapping[Family, tuple[Technique, Guidance]]]:
        """A function that returns one technique and guidance for each family coded on a day."""

        @functools.cache
        def of(on: dt.date) -> Mapping[Family, tuple[Technique, Guidance]]:
            found: dict[Family, tuple[Technique, Guidance]] = {}
            for technique, guidance in itertools.product(Technique, Guidance):
                family = self.value(keys.CODING_FAMILY, on, technique, guidance)
                if isinstance(family, Family):
                    found.setdefault(family, (technique, guidance))
            return found

        return of

    @functools.cached_property
    def checker(self) -> Checker:
        """A checker for the policy, without a memo: each enumerated claim is checked once."""
        return Checker(self.policy, self.reference, memo=0)

    def found(self, session: Session, coded: CodedSession) -> Iterator[str]:
        """Yield the coding, edit and form findings on the lines of a session."""
        claim = attrs.evolve(
            coded.claim,
            place_of_service=None,
            lines=tuple(attrs.evolve(line, diagnoses=()) for line in coded.claim.lines),
        )
        foreseen = {RuleFamily.UNITS}
        if any(note.id is NoteId.FAMILY_PAIR for note in coded.notes):
            foreseen.add(RuleFamily.PAIRS)
        for given in (None, session):
            for finding in self.checker.check(claim, session=given).findings:
                if finding.kind is not FindingKind.COVERAGE and finding.family not in foreseen:
                    yield f"{_shown(session)}: {_written(claim.lines)}: {finding}"

    def repaired(self, claim: Claim) -> Iterator[str]:
        """Yield changes that a second repair still makes, and errors that a repair adds."""
        once = repair_claim(claim, policy=self.policy, reference=self.reference)
        twice = repair_claim(once.claim, policy=self.policy, reference=self.reference)
        if twice.claim != once.claim:
            yield (
                f"{_written(once.claim.lines)} is changed again by a second repair, to"
                f" {_written(twice.claim.lines)}"
            )
        before = {finding.rule for finding in self.checker.check(claim).errors}
        for rule in sorted({finding.rule for finding in once.report.errors} - before):
            yield f"{_written(claim.lines)} has {rule} only after the repair"

    @property
    def enumerated(self) -> tuple[_Answered, ...]:
        """Every session of the enumerated space, once for each distinct set of rules."""
        return _enumerated(self)

    def enumerate(self) -> tuple[_Answered, ...]:
        """Code every session of the enumerated space, once for each distinct set of rules."""
        found: list[_Answered] = []
        seen: set[object] = set()
        for day, claim_type in itertools.product(self.days, ClaimType):
            codes = self.codes(day)
            for family, method in self.methods(day).items():
                if not any(key[0] is family for key in codes):
                    continue
                lines, junction = self._rules(day, claim_type, family)
                for rules, space in (
                    (lines, _lumbar_space()),
                    ((lines, junction), _junction_space()),
                ):
                    if (len(space), rules) not in seen:
                        seen.add((len(space), rules))
                        found += self._code(day, claim_type, family, method, space)
        return tuple(found)

    def _rules(self, day: dt.date, claim_type: ClaimType, family: Family) -> tuple[object, object]:
        """Return every value that shapes one family's lines on a day, and those for T12-L1.

        Equal values produce equal lines.
        """
        own = {key: code for key, code in self.codes(day).items() if key[0] is family}
        asked = {
            "claim-type": (claim_type.value,),
            "family": (family.value,),
            "role": tuple(dict.fromkeys(role_of(family, key[2]) for key in own)),
        }
        said: dict[Key[object], tuple[object, ...]] = {}
        for key in KEYS.values():
            if key in _NOT_OF_LINES or key.type == "document" or not key.shapes_lines:
                continue
            axes = [asked.get(name) or DIMENSIONS[name] or () for name in key.dimensions]
            cells = itertools.product(*axes)
            said[key] = tuple(self.value(key, day, *cell) for cell in cells)
        together = said.pop(keys.CODING_THORACOLUMBAR)
        facts = {
            joint: self.reference.code_region(joint, on=day) for joint in (*_LUMBAR, *_AROUND_T12)
        }
        regions = {
            joint: None if isinstance(fact, Unknown) else fact.region
            for joint, fact in facts.items()
        }
        junction = together, regions.pop(Joint.T12_L1), regions.pop(Joint.T11_T12)
        return (family, *own.items(), *said.values(), *regions.values()), junction

    def _code(
        self,
        day: dt.date,
        claim_type: ClaimType,
        family: Family,
        method: tuple[Technique, Guidance],
        space: Iterable[_Shape],
    ) -> Iterator[_Answered]:
        technique, guidance = method
        codes = self.codes(day)
        grouping = self.value(keys.CODING_THORACOLUMBAR, day, family)
        facts = {joint: self.reference.code_region(joint, on=day) for joint in Joint}
        regions = {
            joint: fact.region for joint, fact in facts.items() if not isinstance(fact, Unknown)
        }
        for treated, purpose in space:
            targets = tuple(_target(joint, side) for joint, side in treated.items())
            treatment = Treatment(
                technique=technique, guidance=guidance, purpose=purpose, targets=targets
            )
            session = Session(date=day, treatments=(treatment,), claim_type=claim_type)
            groups = _groups(treated, regions, together=grouping is Grouping.ONE_GROUP)
            yield _Answered(
                family=family,
                treated=treated,
                session=session,
                claim_type=claim_type,
                answer=self.coder.code(session),
                levels=tuple(
                    _Coded(codes.get((family, regions[joint], ordinal)), ordinal, sides)
                    for group in groups
                    for joint, ordinal, sides in _levels(group, treated, family)
                ),
            )

    @property
    def coded(self) -> tuple[tuple[_Answered, CodedSession], ...]:
        """The enumerated sessions that produce lines, each with its coded session."""
        return tuple(
            (each, each.answer) for each in self.enumerated if isinstance(each.answer, CodedSession)
        )

    # -- checking one answer

    @functools.cached_property
    def pickled(self) -> Coder:
        """A copy of the coder, pickled and unpickled."""
        copy = pickle.loads(pickle.dumps(self.coder))  # noqa: S301  made here
        if not isinstance(copy, Coder):
            message = "the pickled coder did not load as a Coder"
            raise AssertionError(message)  # noqa: TRY004  a law is broken
        return copy

    @functools.cached_property
    def _lateral(self) -> Mapping[str, ModifierRole]:
        return lateral_roles(self.reference)

    @functools.cached_property
    def read_back(self) -> Callable[[Claim], DecodedClaim]:
        """A function that decodes a claim, and decodes equal claims once."""
        read_once = functools.cache(self.decoder.decode)
        return lambda claim: read_once(attrs.evolve(claim, id=None))

    def lost(self, each: _Answered) -> Iterator[str]:
        """Yield treated levels that the lines do not show, and ambiguity that is not reported."""
        for problem in self._lost(each):
            lines = each.answer.claim.lines if isinstance(each.answer, CodedSession) else ()
            yield f"{_shown(each.session)}: {_written(lines)}: {problem}"

    def _lost(self, each: _Answered) -> Iterator[str]:
        refusals = [each.answer] if isinstance(each.answer, Refusal) else []
        codes: set[str] = set()
        if isinstance(each.answer, CodedSession):
            refusals = [note.refusal for note in each.answer.notes if note.refusal]
            codes = {line.code for line in each.answer.claim.lines}
        missing = [level.ordinal.value for level in each.levels if level.code not in codes]
        if missing and not refusals:
            yield f"no line reports the level {', '.join(missing)}, and nothing is refused"
        if not isinstance(each.answer, CodedSession):
            return
        decoded = self.read_back(each.answer.claim)
        billed = {found.code: found for group in decoded.groups for found in group.levels}
        for unread in decoded.unread:
            yield f"line {unread.line} can't be decoded: {unread.message}"
        for level in each.levels:
            if level.code is None or level.code not in codes:
                continue
            true, found = _counted(level.sides), billed.get(level.code)
            if found is None or found.ordinal is not level.ordinal:
                yield f"{level.code} is not decoded as the {level.ordinal} level"
            elif not found.laterality.allows(true):
                yield f"{level.code} is decoded as {found.sides}, but {true} was treated"
            elif found.laterality.ambiguous and not any(group.lost for group in decoded.groups):
                yield f"{level.code} has several readings, but the answer does not say so"

    def sides_of(self, lines: Iterable[ClaimLine]) -> list[tuple[tuple[str, ...], object]]:
        """List the laterality modifiers and units of one code's lines."""
        return [
            (tuple(m for m in line.modifiers if m in self._lateral), line.units) for line in lines
        ]

    @functools.cached_property
    def sides_in(
        self,
    ) -> Callable[[LateralityFormat, SideCount], list[tuple[tuple[str, ...], object]]]:
        """A function that lists the laterality modifiers and units one format produces."""

        @functools.cache
        def of(form: LateralityFormat, sides: SideCount) -> list[tuple[tuple[str, ...], object]]:
            lines = render(ClaimLine(code=""), sides, form=form, reference=self.reference)
            return self.sides_of(lines)

        return of

    def add_ons(self, session: Session, coded: CodedSession) -> Iterator[str]:
        """Yield add-ons that come before, or lack, a primary that allows them."""
        lines, on = coded.claim.lines, session.date
        before: set[str] = set()
        for line in lines:
            allowed = self.allowed(line.code, on)
            if allowed and before.isdisjoint(allowed):
                yield (
                    f"{_shown(session)}: {line.text} is not preceded by {' or '.join(allowed)}:"
                    f" {_written(lines)}"
                )
            before.add(line.code)

    @functools.cached_property
    def allowed(self) -> Callable[[str, dt.date], tuple[str, ...]]:
        """A function that lists an add-on's primaries on a day, including the policy's own."""

        @functools.cache
        def of(code: str, on: dt.date) -> tuple[str, ...]:
            return allowed_primaries(code, on=on, policy=self.policy, reference=self.reference)

        return of

    def turned(self, session: Session, answer: CodedSession | Refusal) -> Iterator[str]:
        """Yield a problem if reversing the targets and nerves changes the answer."""
        other = self.coder.code(_reversed(session))
        if _outcome(other) != _outcome(answer):
            yield (
                f"{_shown(session)}: coded as {_described(answer)}, but with its targets in another"
                f" order as {_described(other)}"
            )

    def mirror(
        self,
        session: Session,
        answer: CodedSession | Refusal,
        other: CodedSession | Refusal | None = None,
    ) -> Iterator[str]:
        """Yield a problem if swapping left and right changes anything but the sides."""
        if other is None:
            other = self.coder.code(_mirrored(session))
        lines = answer.claim.lines if isinstance(answer, CodedSession) else ()
        others = other.claim.lines if isinstance(other, CodedSession) else ()
        if sorted(map(self.turned_line, lines)) != sorted(line.text for line in others):
            yield (
                f"{_shown(session)}: coded as {_described(answer)}, but with left and right swapped"
                f" as {_described(other)}"
            )

    def by_shape(self) -> Mapping[object, CodedSession | Refusal]:
        """Return the enumerated answers, keyed by what was treated."""
        return {_shape(each.session): each.answer for each in self.enumerated}

    @functools.cached_property
    def turned_line(self) -> Callable[[ClaimLine], str]:
        """A function that writes a line with RT and LT swapped."""
        right, left = (
            self.reference.get_modifier_code(role)
            for role in (ModifierRole.RIGHT, ModifierRole.LEFT)
        )
        swap = {right: left, left: right}

        def turn(line: ClaimLine) -> str:
            return attrs.evolve(line, modifiers=tuple(swap.get(m, m) for m in line.modifiers)).text

        return functools.cache(turn)

    def refused(self, session: Session, answer: CodedSession | Refusal) -> Iterator[str]:
        """Yield refusals without a reason."""
        refusals = [answer] if isinstance(answer, Refusal) else []
        if isinstance(answer, CodedSession):
            refusals = [note.refusal for note in answer.notes if note.refusal]
            for note in answer.notes:
                if note.id is NoteId.REFUSED and note.refusal is None:
                    yield f"{_shown(session)}: part of it is refused, but the note has no refusal"
        for refusal in refusals:
            if type(refusal.reason) is not Reason or not refusal.message.strip():
                yield f"{_shown(session)}: refused without a reason"

    def explained(self, session: Session, answer: CodedSession | Refusal) -> Iterator[str]:
        """Yield lines without provisions, and provisions that the policy does not answer with."""
        if isinstance(answer, Refusal):
            return
        if [why.line for why in answer.why] != list(range(1, len(answer.claim.lines) + 1)):
            yield f"{_shown(session)}: not every line is explained exactly once"
        for why in answer.why:
            text = answer.claim.lines[why.line - 1].text
            if not why.provisions or not why.joints:
                yield f"{_shown(session)}: {text} is explained by no provision or no joint"
            for provision in why.provisions:
                if self.answer(provision.key, session.date, provision.cell) != provision:
                    yield (
                        f"{_shown(session)}: {text} cites {_named(provision)}, which is not the"
                        " policy's answer on that day"
                    )


def _outcome(answer: CodedSession | Refusal) -> object:
    return answer.claim if isinstance(answer, CodedSession) else answer.reason


def _shape(session: Session) -> object:
    (treatment,) = session.treatments
    return (
        session.date,
        session.claim_type,
        treatment.technique,
        treatment.guidance,
        treatment.purpose,
        tuple((target.joint, target.side) for target in treatment.targets),
    )


def _described(answer: CodedSession | Refusal) -> str:
    return (
        _written(answer.claim.lines)
        if isinstance(answer, CodedSession)
        else f"a refusal ({answer.reason})"
    )


@functools.lru_cache(maxsize=1)
def _enumerated(case: _Case) -> tuple[_Answered, ...]:
    """Return the enumerated sessions, cached for the latest policy only: each policy has many."""
    return case.enumerate()


def _groups(
    treated: Mapping[Joint, Side | None], regions: Mapping[Joint, CodeRegion], *, together: bool
) -> list[list[Joint]]:
    """Split joints into coded groups, each in level order."""
    joints = sorted(joint for joint in treated if joint in regions)
    if together and set(joints) == set(JUNCTION):
        return [joints]
    by_region: dict[CodeRegion, list[Joint]] = {}
    for joint in joints:
        by_region.setdefault(regions[joint], []).append(joint)
    return [
        sorted(group, key=lambda joint: treated[joint] is not Side.BILATERAL)
        for group in by_region.values()
    ]


def _levels(
    group: list[Joint], treated: Mapping[Joint, Side | None], family: Family
) -> Iterator[tuple[Joint, Ordinal, tuple[Side | None, ...]]]:
    """Yield each code of a group: the joint that sets its region, its ordinal, its levels' sides."""
    sides = tuple(treated[joint] for joint in group)
    yield group[0], Ordinal.FIRST, sides[:1]
    if family is Family.ABLATION and sides[1:]:
        yield group[1], Ordinal.EACH_ADDITIONAL, sides[1:]
    elif sides[1:]:
        yield group[1], Ordinal.SECOND, sides[1:2]
        if sides[2:]:
            yield group[2], Ordinal.THIRD_AND_MORE, (_common(sides[2:]),)


def _common(sides: Sequence[Side | None]) -> Side | None:
    """Return the side of the one line that represents the third and additional levels."""
    if len(set(sides)) == 1:
        return sides[0]
    return Side.BILATERAL if Side.BILATERAL in sides else None


@functools.cache
def _counted(sides: tuple[Side | None, ...]) -> SideCount:
    named = [side.value if side else "unnamed" for side in sides]
    return SideCount(**{name: named.count(name) for name in set(named)})


def _mirrored(session: Session) -> Session:
    """Return a session with left and right swapped throughout."""

    def other(side: Side | None) -> Side | None:
        return side and side.mirrored

    return attrs.evolve(
        session,
        treatments=tuple(
            attrs.evolve(
                treatment,
                targets=tuple(attrs.evolve(t, side=other(t.side)) for t in treatment.targets),
                nerves=tuple(attrs.evolve(n, side=other(n.side)) for n in treatment.nerves),
            )
            for treatment in session.treatments
        ),
    )


def _reversed(session: Session) -> Session:
    """Return a session with each treatment's targets and nerves in reverse order."""
    return attrs.evolve(
        session,
        treatments=tuple(
            attrs.evolve(t, targets=t.targets[::-1], nerves=t.nerves[::-1])
            for t in session.treatments
        ),
    )


# -- the laws


class _Laws:
    """Every law, one method each; the docstring states the law and its source.

    `policy_laws` copies these methods into a class for one policy.
    """

    case: _Case

    # -- what the policy states

    def test_every_provision_resolves_its_citations(self) -> None:
        """Check that every provision cites distinct sources and every judgment has a rationale.

        Source: docs/policies.md, "Ask a policy" and "Confidence".
        """
        __tracebackhide__ = True
        broken: list[str] = []
        titles: dict[str, str] = {s.id: s.title for s in _data.sources().values()}
        for provision in self.case.policy.provisions:
            judgment = provision.confidence is Confidence.JUDGMENT
            if not provision.citations and not judgment:
                broken.append(f"{_named(provision)} cites nothing")
            if judgment and not provision.rationale.strip():
                broken.append(f"{_named(provision)} is a judgment but has no rationale")
            if not judgment and provision.term.start is None and provision.term.seen is None:
                broken.append(f"{_named(provision)} is a fact but has neither from nor seen")
            for citation in provision.citations:
                title = titles.setdefault(citation.id, citation.title)
                if not citation.id or not citation.title:
                    broken.append(f"{_named(provision)} cites a source without id or title")
                elif title != citation.title:
                    broken.append(
                        f"{_named(provision)} cites {citation.id} as {citation.title!r}, but its"
                        f" title is {title!r} elsewhere"
                    )
                if (citation.term, citation.confidence) != (provision.term, provision.confidence):
                    broken.append(
                        f"{_named(provision)} cites {citation.id} for other dates ({citation.term})"
                        f" or with another confidence ({citation.confidence})"
                    )
        _report(broken)

    def test_every_provision_answers_on_its_own_days_only(self) -> None:
        """Check that a provision is the answer from its first day to its last, and on no other day.

        If a provision has only a `seen` date, the answer before that date is not known, even if
        the policy extends another.

        Source: docs/policies.md, "Dates: from, seen, until".
        """
        __tracebackhide__ = True
        broken: list[str] = []
        for provision in self.case.policy.provisions:
            term, where = provision.term, (provision.key, provision.cell)

            def on(day: dt.date, where: tuple[str, tuple[str, ...]] = where) -> object:
                return self.case.answer(where[0], day, where[1])

            broken += [
                f"{_named(provision)} is not the answer on {day}"
                for day in (term.first, term.last)
                if on(day) != provision
            ]
            outside = [term.first - _DAY] if term.first > dt.date.min else []
            outside += [term.last + _DAY] if term.last < dt.date.max else []
            broken += [
                f"{_named(provision)} is still the answer on {day}"
                for day in outside
                if on(day) == provision
            ]
            if term.start is None and term.seen and term.seen > dt.date.min:
                before = on(term.seen - _DAY)
                own = self.case.policy.find(provision.key)
                if isinstance(before, Provision) and before not in own:
                    broken.append(
                        f"{_named(provision)} was first seen on {term.seen}, but the answer on the"
                        f" day before is {_named(before)} of {before.policy}"
                    )
        _report(broken)

    def test_no_two_provisions_of_a_cell_overlap(self) -> None:
        """Check that a policy has at most one value for a cell on any day.

        Source: docs/how-to-policy.md, "What the reader refuses".
        """
        __tracebackhide__ = True
        cells: dict[tuple[str, tuple[str, ...]], list[Provision | NotKnown]] = {}
        for provision in self.case.policy.provisions:
            cells.setdefault((provision.key, provision.cell), []).append(provision)
        _report(
            f"{_named(one)} and {_named(other)} are both in force"
            for stated in cells.values()
            for one, other in overlaps(stated)
        )

    def test_changes_and_answers_agree(self) -> None:
        """Check that the changes a policy lists are exactly the changes in its answers.

        Source: docs/policies.md, "Dates: from, seen, until".
        """
        __tracebackhide__ = True
        broken: list[str] = []
        changes = self.case.policy.changes()
        for change in changes:
            key, cell = change.provision.key, change.provision.cell
            ends = change.what is ChangeKind.ENDS
            eve = change.on - _DAY if change.on > dt.date.min else change.on
            other = (change.on + _DAY if change.on < dt.date.max else change.on) if ends else eve
            if self.case.answer(key, change.on, cell) != change.provision:
                broken.append(
                    f"{change.on}: {_named(change.provision)} {change.what}, but is not the answer"
                )
            if other != change.on and self.case.answer(key, other, cell) == change.provision:
                broken.append(
                    f"{change.on}: {_named(change.provision)} {change.what}, but is also the answer"
                    f" on {other}"
                )
            if change not in self.case.policy.changes(since=change.on, until=change.on):
                broken.append(
                    f"{change.on}: {_named(change.provision)} is missing from that day's changes"
                )
        listed = {(change.provision, change.what is ChangeKind.ENDS) for change in changes}
        for provision in self.case.policy.provisions:
            term = provision.term
            for day, ends in ((term.start or term.seen, False), (term.until, True)):
                if day and (provision, ends) not in listed:
                    broken.append(f"{day}: {_named(provision)} is not listed as a change")
        _report(broken)

    # -- how it codes

    def test_coding_drops_no_level_and_its_lines_decode(self) -> None:
        """Check that the lines of a session decode to the levels and sides that were treated.

        Where a laterality format loses information, the decoded claim says so, and the true sides
        are among its readings. If the policy does not know the lines of a level, a note refuses it.

        Source: docs/decoding.md, "What a laterality format loses"; coding never drops a level.
        """
        __tracebackhide__ = True
        _report(problem for each in self.case.enumerated for problem in self.case.lost(each))

    def test_bilateral_levels_use_the_laterality_format_of_the_policy(self) -> None:
        """Check that a bilateral level uses the laterality format the policy sets for its role.

        Source: docs/coding.md, "Laterality" (formats are never mixed); the provisions under
        `laterality.format`.
        """
        __tracebackhide__ = True
        broken: list[str] = []
        for each, coded in self.case.coded:
            on, claim_type = coded.claim.date or dt.date.min, each.claim_type
            for code, ordinal, sides in each.levels:
                lines = [line for line in coded.claim.lines if line.code == code]
                role = role_of(each.family, ordinal)
                value = self.case.value(keys.LATERALITY_FORMAT, on, role, claim_type)
                if value is None and Side.BILATERAL in sides and lines:
                    broken.append(
                        f"{_shown(each.session)}: the laterality format of {role} is not known,"
                        f" but the lines are {_written(lines)}"
                    )
                if value is None or not lines:
                    continue
                wanted = self.case.sides_in(value, _counted(sides))
                if self.case.sides_of(lines) != wanted:
                    broken.append(
                        f"{_shown(each.session)}: the policy wants {role} as {value}, but the lines"
                        f" are {_written(lines)}"
                    )
        _report(broken)

    def test_the_diagnostic_modifier_is_where_the_policy_requires_it(self) -> None:
        """Check that only lines of diagnostic sessions have the policy's diagnostic modifier.

        A session whose purpose is not stated does not count as diagnostic.

        Source: docs/coding.md, "KX"; the provisions under `modifier.diagnostic`.
        """
        __tracebackhide__ = True
        attesting = {
            modifier.code
            for modifier in self.case.reference.modifiers
            if modifier.role is ModifierRole.REQUIREMENTS_MET
        }
        broken: list[str] = []
        for each, coded in self.case.coded:
            answer = self.case.policy.ask(
                keys.MODIFIER_DIAGNOSTIC, each.family, on=each.session.date
            )
            value = value_of(answer)
            diagnostic = each.session.treatments[0].purpose is Purpose.DIAGNOSTIC
            wanted = {value} if diagnostic and value else set[str]()
            for line in coded.claim.lines:
                if attesting.intersection(line.modifiers) != wanted:
                    stated = (value or "none") if isinstance(answer, Known) else "not known"
                    broken.append(
                        f"{_shown(each.session)}: modifier.diagnostic is {stated}, but the line is"
                        f" {line.text}"
                    )
        _report(broken)

    def test_modifiers_follow_the_order_of_the_policy(self) -> None:
        """Check that the modifiers on each line follow the policy's order of kinds.

        Source: docs/coding.md, "KX"; the provision under `modifier.order`.
        """
        __tracebackhide__ = True
        broken: list[str] = []
        for each, coded in self.case.coded:
            said = self.case.value(keys.MODIFIER_ORDER, each.session.date)
            order = said or tuple(ModifierKind)
            for line in coded.claim.lines:
                kinds = [self.case.reference.modifier_kind(code) for code in line.modifiers]
                if kinds != sorted(kinds, key=order.index):
                    broken.append(
                        f"{_shown(each.session)}: the order is {', '.join(order)}, but the line is"
                        f" {line.text}"
                    )
        _report(broken)

    def test_every_add_on_follows_its_primary(self) -> None:
        """Check that every add-on follows a primary that the edits or the policy allow for it.

        Source: the CMS add-on code edits; the provisions under `addon.primaries`.
        """
        __tracebackhide__ = True
        one_of_each: dict[object, Session] = {}
        for each, coded in self.case.coded:
            codes = tuple(line.code for line in coded.claim.lines)
            one_of_each.setdefault((each.family, each.claim_type, codes), each.session)
        # The edits change on their own dates, so code every order of codes on every day.
        sessions_ = [
            attrs.evolve(session, date=day)
            for session in one_of_each.values()
            for day in self.case.days
        ]
        _report(
            problem
            for session in sessions_
            if isinstance(answer := self.case.coder.code(session), CodedSession)
            for problem in self.case.add_ons(session, answer)
        )

    def test_the_order_of_targets_changes_nothing(self) -> None:
        """Check that the order in which joints are listed does not change the lines.

        Source: docs/coding.md, "Levels" (levels have their own order).
        """
        __tracebackhide__ = True
        _report(
            problem
            for each in self.case.enumerated
            if len(each.treated) > 1
            for problem in self.case.turned(each.session, each.answer)
        )

    def test_mirrored_sides_give_mirrored_lines(self) -> None:
        """Check that swapping left and right in a session only swaps RT and LT on its lines.

        Source: no source we have read treats the right and the left side differently.
        """
        __tracebackhide__ = True
        by_shape = self.case.by_shape()
        _report(
            problem
            for each in self.case.enumerated
            for problem in self.case.mirror(
                each.session, each.answer, by_shape[_shape(_mirrored(each.session))]
            )
        )

    def test_every_technique_and_guidance_is_coded_or_refused_with_a_reason(self) -> None:
        """Check that every technique and guidance is coded to its family or refused with a reason.

        The refusal names what the policy reports instead, and cites the policy's sources.

        Source: docs/design.md, coding step 3; the provisions under `coding.family` and
        `coding.instead`.
        """
        __tracebackhide__ = True
        broken: list[str] = []
        for day, technique, guidance in itertools.product(
            self.case.days, Technique, (*Guidance, None)
        ):
            cell = technique, guidance or GUIDANCE_NOT_STATED
            said = self.case.policy.ask(keys.CODING_FAMILY, *cell, on=day)
            target = Target(joint=Joint.L4_L5, side=Side.LEFT)
            treatment = Treatment(technique=technique, guidance=guidance, targets=(target,))
            session = Session(date=day, treatments=(treatment,), claim_type=ClaimType.PROFESSIONAL)
            answer = self.case.coder.code(session)
            value = value_of(said)
            valid = {key[0] for key in self.case.codes(day)}
            broken += self.case.refused(session, answer)
            if isinstance(answer, CodedSession) is not (value in valid):
                broken.append(
                    f"{_shown(session)}: the policy answers {value or 'not known'}, but coding"
                    f" returns {_described(answer)}"
                )
            if isinstance(answer, Refusal) and value is Uncoded.OTHER_CODE:
                instead = self.case.value(keys.CODING_INSTEAD, day, *cell) or ()
                if [line.code for line in answer.instead] != [line.code for line in instead]:
                    broken.append(
                        f"{_shown(session)}: the policy reports {_written(instead)} instead, but"
                        f" the refusal names {_written(answer.instead)}"
                    )
                if not set(said.citations) <= set(answer.citations):
                    broken.append(
                        f"{_shown(session)}: the refusal omits a source that the policy cites"
                    )
        _report(broken)

    def test_coded_lines_have_no_coding_edit_or_form_finding(self) -> None:
        """Check that coded lines have no coding, edit or form finding, with or without the session.

        Units over a medically unlikely edit (MUE) are exempt: coding never drops a level.

        Source: docs/checking.md, "What coding writes, checking accepts".
        """
        __tracebackhide__ = True
        seen: set[object] = set()
        broken: list[str] = []
        for each in self.case.enumerated:
            if isinstance(each.answer, CodedSession):
                lines = each.claim_type, each.session.date, each.answer.claim.lines
                if lines not in seen:
                    seen.add(lines)
                    broken += self.case.found(each.session, each.answer)
        _report(broken)

    # -- any session

    def test_any_session_has_no_coding_edit_or_form_finding(self, session: Session) -> None:
        """Check that the coded lines of any session have no coding, edit or form finding.

        Place of service and diagnoses come from the record and are left out. If a session
        has two families, coding adds a note instead.

        Source: docs/checking.md, "What coding writes, checking accepts".
        """
        __tracebackhide__ = True
        answer = self.case.coder.code(session)
        if isinstance(answer, CodedSession):
            _report(self.case.found(session, answer))

    def test_any_session_is_repaired_once(self, session: Session) -> None:
        """Check that a second repair changes nothing and that a repair adds no error.

        The claim under test is the coded claim without its first line, which leaves something to
        repair.

        Source: docs/checking.md, "Repairing" (repairing twice is repairing once).
        """
        __tracebackhide__ = True
        answer = self.case.coder.code(session)
        if isinstance(answer, CodedSession):
            claim = attrs.evolve(answer.claim, lines=answer.claim.lines[1:])
            _report(self.case.repaired(claim))

    def test_any_session_is_coded_or_refused(self, session: Session) -> None:
        """Check that every session is coded or refused, and that coding never raises.

        Every line is explained once, by provisions that are the policy's answers on that day. Every
        refusal, including a partial one, states its reason.

        Source: docs/design.md, coding step 8 and decision 5.
        """
        __tracebackhide__ = True
        answer = self.case.coder.code(session)
        _report([*self.case.refused(session, answer), *self.case.explained(session, answer)])

    def test_any_session_has_add_ons_after_their_primaries(self, session: Session) -> None:
        """Check that in every session each add-on follows a primary that allows it.

        Source: the CMS add-on code edits; the provisions under `addon.primaries`.
        """
        __tracebackhide__ = True
        answer = self.case.coder.code(session)
        if isinstance(answer, CodedSession):
            _report(self.case.add_ons(session, answer))

    def test_any_session_reordered_or_mirrored_is_coded_alike(self, session: Session) -> None:
        """Check that reordering targets changes nothing, and that mirroring only swaps RT and LT.

        Source: docs/design.md, coding step 4.
        """
        __tracebackhide__ = True
        answer = self.case.coder.code(session)
        _report([*self.case.turned(session, answer), *self.case.mirror(session, answer)])

    def test_any_session_is_written_as_json_and_read_back(self, session: Session) -> None:
        """Check that a session and its claim are unchanged after a round trip through JSON.

        Source: docs/design.md, interchange.
        """
        __tracebackhide__ = True
        answer = self.case.coder.code(session)
        broken: list[str] = []
        if read(dump(session), Session) != session:
            broken.append(f"{_shown(session)}: the session changes in a round trip through JSON")
        if isinstance(answer, CodedSession) and read(dump(answer.claim), Claim) != answer.claim:
            broken.append(f"{_shown(session)}: the claim changes in a round trip through JSON")
        _report(broken)

    def test_any_session_has_the_same_answer_from_a_pickled_copy(self, session: Session) -> None:
        """Check that a pickled copy of a policy is equal to it and gives the same answers.

        Source: docs/design.md, decision 1 (everything is a value).
        """
        __tracebackhide__ = True
        copy = self.case.pickled
        broken: list[str] = []
        if (copy.policy, hash(copy.policy)) != (self.case.policy, hash(self.case.policy)):
            broken.append("the pickled policy is not equal to the policy")
        answer = self.case.coder.code(session)
        again = pickle.loads(pickle.dumps(answer))  # noqa: S301  made here
        if copy.code(session) != answer or again != answer:
            broken.append(f"{_shown(session)}: the pickled copy answers differently")
        _report(broken)
