"""What was done: all facet procedures on one patient on one date of service."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Required, TypedDict, TypeVar

import attrs

from cptfacet._inputs import (
    as_text,
    expect,
    expect_date,
    expect_several,
    expect_text,
    parse_word,
    stated,
    without_midnight,
)
from cptfacet._records import are_all, check_types, sealed
from cptfacet._spellings import names_side, take_side
from cptfacet._text import series
from cptfacet.agents import Agent, parse_agent
from cptfacet.anatomy import (
    Joint,
    Nerve,
    Side,
    UnlistedNerve,
    nerves_from_note,
    parse_joint,
    parse_nerve,
    parse_nerves,
    parse_side,
)
from cptfacet.claims import ClaimType, Location, Purpose, parse_claim_type, parse_purpose
from cptfacet.dates import parse_date
from cptfacet.errors import ParseError, Problem, SessionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "Guidance",
    "Session",
    "Target",
    "Technique",
    "TechniqueKind",
    "TreatedNerve",
    "Treatment",
    "TreatmentWords",
    "merge_sides",
    "parse_guidance",
    "parse_session",
    "parse_target",
    "parse_technique",
    "parse_treated_nerve",
    "parse_treated_nerves",
]


def __dir__() -> list[str]:
    return sorted(__all__)


T = TypeVar("T")


class TechniqueKind(StrEnum):
    """What a technique does to the joint: techniques of one kind share their levels."""

    INJECTION = "injection"
    DENERVATION = "denervation"
    CYST_RUPTURE = "cyst-rupture"


class Technique(StrEnum):
    """How a joint or its nerves were treated."""

    INTRA_ARTICULAR_INJECTION = "intra-articular-injection"
    MEDIAL_BRANCH_BLOCK = "medial-branch-block"
    THERMAL_RADIOFREQUENCY_ABLATION = "thermal-radiofrequency-ablation"
    COOLED_RADIOFREQUENCY_ABLATION = "cooled-radiofrequency-ablation"
    PULSED_RADIOFREQUENCY_ABLATION = "pulsed-radiofrequency-ablation"
    CHEMICAL_NEUROLYSIS = "chemical-neurolysis"
    CRYOABLATION = "cryoablation"
    LASER_ABLATION = "laser-ablation"
    OPEN_DENERVATION = "open-denervation"
    ENDOSCOPIC_DENERVATION = "endoscopic-denervation"
    FACET_CYST_RUPTURE = "facet-cyst-rupture"

    @property
    def kind(self) -> TechniqueKind:
        """What the technique does to the joint."""
        return _TECHNIQUE_KINDS.get(self, TechniqueKind.DENERVATION)

    @property
    def on_nerves(self) -> bool:
        """Whether it treats the nerves of a joint, not the joint itself."""
        return self not in _IN_THE_JOINT

    @property
    def label(self) -> str:
        """Its name in a sentence, such as "intra-articular injection"."""
        return self.replace("-", " ").replace("intra ", "intra-")


_TECHNIQUE_KINDS = {
    Technique.INTRA_ARTICULAR_INJECTION: TechniqueKind.INJECTION,
    Technique.MEDIAL_BRANCH_BLOCK: TechniqueKind.INJECTION,
    Technique.FACET_CYST_RUPTURE: TechniqueKind.CYST_RUPTURE,
}
_IN_THE_JOINT = frozenset((Technique.INTRA_ARTICULAR_INJECTION, Technique.FACET_CYST_RUPTURE))


class Guidance(StrEnum):
    """The imaging used to place the needle. Guidance that is not stated is None."""

    FLUOROSCOPY = "fluoroscopy"
    CT = "ct"
    ULTRASOUND = "ultrasound"
    MRI = "mri"
    NONE = "none"

    @property
    def label(self) -> str:
        """Its name in a sentence, such as "CT" or "no imaging guidance"."""
        return _GUIDANCE_LABELS.get(self, self.value)


_GUIDANCE_LABELS = {
    Guidance.CT: "CT",
    Guidance.MRI: "MRI",
    Guidance.NONE: "no imaging guidance",
}


_NO_SIDE = "(side not stated)"
_TECHNIQUES = {
    "mbb": Technique.MEDIAL_BRANCH_BLOCK,
    "ia": Technique.INTRA_ARTICULAR_INJECTION,
    "iai": Technique.INTRA_ARTICULAR_INJECTION,
    "ia-injection": Technique.INTRA_ARTICULAR_INJECTION,
    "thermal-rfa": Technique.THERMAL_RADIOFREQUENCY_ABLATION,
    "cooled-rfa": Technique.COOLED_RADIOFREQUENCY_ABLATION,
    "pulsed-rfa": Technique.PULSED_RADIOFREQUENCY_ABLATION,
}
_VAGUE = {
    "rfa": "say whether it was thermal, cooled or pulsed: thermal-rfa, cooled-rfa, pulsed-rfa",
    "rf": "say whether it was thermal, cooled or pulsed: thermal-rfa, cooled-rfa, pulsed-rfa",
    "facet-injection": "say whether it was intra-articular (ia) or a medial branch block (mbb)",
}
_GUIDANCE = {"fluoro": Guidance.FLUOROSCOPY, "us": Guidance.ULTRASOUND}


def parse_technique(text: str) -> Technique:
    """Parse the name of a technique, or an unambiguous abbreviation.

    >>> parse_technique("MBB")
    <Technique.MEDIAL_BRANCH_BLOCK: 'medial-branch-block'>
    >>> parse_technique("RFA")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'RFA' is not a technique: say whether it was thermal, cooled or pulsed: thermal-rfa, cooled-rfa, pulsed-rfa

    Raises:
        ParseError: The text does not name exactly one technique.
    """
    return parse_word(
        text,
        Technique,
        what="a technique",
        example='parse_technique("mbb")',
        also=_TECHNIQUES,
        vague=_VAGUE,
    )


def parse_guidance(text: str) -> Guidance:
    """Parse the name of an imaging guidance.

    >>> parse_guidance("fluoro")
    <Guidance.FLUOROSCOPY: 'fluoroscopy'>
    >>> parse_guidance("x-ray")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'x-ray' is not an imaging guidance: write one of fluoroscopy, ct, ultrasound, mri, none, or in short fluoro, us

    Raises:
        ParseError: The text is not the name of a guidance.
    """
    return parse_word(
        text,
        Guidance,
        what="an imaging guidance",
        example='parse_guidance("fluoroscopy")',
        also=_GUIDANCE,
    )


@sealed
@attrs.frozen(kw_only=True)
class Target:
    """One joint and the side that was treated.

    Attributes:
        joint: The joint treated.
        side: None if one side was treated and the note does not say which.
    """

    joint: Joint
    side: Side | None = None

    def __attrs_post_init__(self) -> None:
        """Check the types."""
        if type(self.joint) is not Joint or (self.side is not None and type(self.side) is not Side):
            check_types(self)

    def __str__(self) -> str:
        return f"{self.joint} {self.side or _NO_SIDE}"


@sealed
@attrs.frozen(kw_only=True)
class TreatedNerve:
    """One nerve with the side that was treated.

    Attributes:
        nerve: The nerve treated. A name that is not listed is kept, and adds no facet line.
        side: None if one side was treated and the note does not say which.
    """

    nerve: Nerve | UnlistedNerve
    side: Side | None = None

    def __attrs_post_init__(self) -> None:
        """Check the types."""
        listed = type(self.nerve) is Nerve or type(self.nerve) is UnlistedNerve
        if not listed or (self.side is not None and type(self.side) is not Side):
            check_types(self)

    def __str__(self) -> str:
        return f"{self.nerve} {self.side or _NO_SIDE}"


def parse_target(text: str) -> Target:
    """Parse a joint with its side: after a colon, or as a word before or after its name.

    >>> parse_target("L4-5:both") == parse_target("L4-5 bilateral") == parse_target("b/l L4-5")
    True
    >>> parse_target("L4-5:50")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '50' is not a side: write left, right or bilateral

    Raises:
        ParseError: The joint or the side can't be read.
    """
    joint, side = _with_side(expect_text(text, 'parse_target("L4-5:left")'))
    return Target(joint=parse_joint(joint), side=side)


def parse_treated_nerve(text: str) -> TreatedNerve:
    """Parse a nerve with its side: after a colon, or as a word before or after its name.

    >>> parse_treated_nerve("L5:rt")
    TreatedNerve(nerve=<Nerve.L5_DORSAL_RAMUS: 'L5 dorsal ramus'>, side=<Side.RIGHT: 'right'>)
    >>> parse_treated_nerve("L6")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'L6' is not a nerve: we found no coding source for a sixth lumbar vertebra; ask the payer

    Raises:
        ParseError: The nerve or the side can't be read.
    """
    nerve, side = _with_side(expect_text(text, 'parse_treated_nerve("L4:left")'))
    return TreatedNerve(nerve=parse_nerve(nerve), side=side)


def parse_treated_nerves(text: str) -> tuple[TreatedNerve, ...]:
    """Parse one entry of a note that names one or several nerves, with their side.

    >>> [str(nerve) for nerve in parse_treated_nerves("left S1-S2 lateral branches")]
    ['S1 lateral branch left', 'S2 lateral branch left']
    >>> parse_treated_nerves("L3-L4:left")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'L3-L4' is not a list of nerves: a run may name nerves or joints; name each nerve, as in L3, L4

    Raises:
        ParseError: Some part of the entry is not a nerve or has several meanings, or the side can't be
            read.
    """
    nerves, side = _with_side(expect_text(text, 'parse_treated_nerves("S1-S3:left")'))
    if names_side(nerves):
        reason = (
            "it names more than one side; write the nerves of each side in an entry of their own"
        )
        raise ParseError(what="a list of nerves", text=text, reason=reason)
    return tuple(TreatedNerve(nerve=nerve, side=side) for nerve in parse_nerves(nerves))


def _nerves_of_entry(text: str) -> tuple[TreatedNerve, ...]:
    """Read an entry as `parse_treated_nerves` does, but keep a name that is not listed."""
    try:
        return parse_treated_nerves(text)
    except ParseError:
        name, side = _with_side(text)
        return tuple([TreatedNerve(nerve=nerve, side=side) for nerve in nerves_from_note(name)])


def _with_side(text: str) -> tuple[str, Side | None]:
    what, colon, side = text.partition(":")
    if colon:
        return what, parse_side(side) if side.strip() else None
    rest, word = take_side(text)
    return rest, Side(word) if word else None


def merge_sides(treated: Iterable[tuple[T, Side | None]]) -> tuple[dict[T, Side | None], list[T]]:
    """Merge the sides of each joint or nerve: left and right make bilateral.

    Returns the merged sides in the order of first mention, and what was mentioned again without
    adding a side. An unnamed side adds nothing to a named one; a `Session` never has both for one
    joint or nerve and one kind of technique.

    >>> merge_sides([("L4-L5", Side.LEFT), ("L4-L5", Side.RIGHT), ("L5-S1", None)])[0]
    {'L4-L5': <Side.BILATERAL: 'bilateral'>, 'L5-S1': None}
    """
    merged: dict[T, Side | None] = {}
    repeats: list[T] = []
    for what, side in treated:
        if what not in merged:
            merged[what] = side
            continue
        before = merged[what]
        if before == side or before is Side.BILATERAL or side is None:
            repeats.append(what)
        elif before is None or side is Side.BILATERAL:
            merged[what] = side
            repeats.append(what)
        else:
            merged[what] = Side.BILATERAL
    return merged, repeats


@sealed
@attrs.frozen(kw_only=True)
class Treatment:
    """One technique, purpose and guidance, with the joints or nerves that were treated.

    Targets or nerves may be empty.

    Attributes:
        technique: How the joints or their nerves were treated.
        purpose: None if the note does not state it.
        guidance: None if the note does not state it, which is not the same as none.
        targets: The joints treated. If they are given, they decide.
        nerves: The nerves treated, as the note lists them.
        agents: What was injected. Empty if the note does not state it.
    """

    technique: Technique
    purpose: Purpose | None = None
    guidance: Guidance | None = None
    targets: tuple[Target, ...] = ()
    nerves: tuple[TreatedNerve, ...] = ()
    agents: tuple[Agent, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Check the types."""
        if (
            type(self.technique) is Technique
            and type(self.targets) is tuple
            and type(self.nerves) is tuple
            and type(self.agents) is tuple
            and (self.purpose is None or type(self.purpose) is Purpose)
            and (self.guidance is None or type(self.guidance) is Guidance)
            and are_all(self.targets, Target)
            and are_all(self.nerves, TreatedNerve)
            and are_all(self.agents, Agent)
        ):
            return
        check_types(self)

    def __str__(self) -> str:
        purpose = f"{self.purpose} " if self.purpose else ""
        guidance = self.guidance.label if self.guidance else "guidance not stated"
        what = f"{purpose}{self.technique.label} with {guidance}"
        joints = series([str(target) for target in self.targets], most=len(self.targets))
        nerves = series([str(nerve) for nerve in self.nerves], most=len(self.nerves))
        levels = [joints] * bool(joints) + [f"nerves {nerves}"] * bool(nerves)
        agents = series([agent.label for agent in self.agents], most=len(self.agents))
        given = f", injecting {agents}" if agents else ""
        return f"{what}, {'; '.join(levels) or 'no level documented'}{given}"


@sealed
@attrs.frozen(kw_only=True)
class Session:
    """All facet procedures on one patient on one date of service.

    Attributes:
        date: The date of service. It selects the edition of every rule.
        treatments: What was done. A joint given more than once is merged.
        claim_type: None is read as professional, and the answer says so.
        place_of_service: The two-character place of service (POS).
        diagnoses: The diagnosis codes, which go on every line.
        id: Opaque: returned with the answer and never shown.
        policy: The policy to code under, if the call names none.
        location: Where the service was rendered.

    >>> print(
    ...     parse_session(
    ...         date="2026-03-02",
    ...         technique="mbb",
    ...         purpose="diagnostic",
    ...         guidance="fluoroscopy",
    ...         joints=["L4-5:both", "L5-S1:left"],
    ...     )
    ... )
    2026-03-02: diagnostic medial branch block with fluoroscopy, L4-L5 bilateral and L5-S1 left
    >>> left, unnamed = Target(joint=Joint.L4_L5, side=Side.LEFT), Target(joint=Joint.L4_L5)
    >>> block = Treatment(technique=Technique.MEDIAL_BRANCH_BLOCK, targets=(left, unnamed))
    >>> Session(date=dt.date(2026, 3, 2), treatments=(block,))
    Traceback (most recent call last):
    ...
    cptfacet.errors.SessionError: treatments[0].targets[1].side: L4-L5 is listed with a side (left) and without one; name the side of both

    Raises:
        SessionError: The session has no treatment, or lists a joint or nerve both with a side and
            without one.
    """

    date: dt.date
    treatments: tuple[Treatment, ...]
    claim_type: ClaimType | None = None
    place_of_service: str | None = None
    diagnoses: tuple[str, ...] = ()
    id: str | None = attrs.field(default=None, repr=False)
    policy: str | None = None
    location: Location | None = None

    def __attrs_post_init__(self) -> None:
        """Check the types, and that no side contradicts another."""
        check_types(self)
        problems = _conflicts(self.treatments)
        if not self.treatments:
            message = "a session needs at least one treatment"
            problems.append(Problem(path="treatments", message=message))
        if problems:
            raise SessionError(problems=tuple(problems))

    def __str__(self) -> str:
        return f"{self.date}: {'; '.join(map(str, self.treatments))}"


def _conflicts(treatments: tuple[Treatment, ...]) -> list[Problem]:
    """List the joints and nerves given both with a side and without, by kind of technique."""
    seen: dict[tuple[TechniqueKind, str | UnlistedNerve], Side | None] = {}
    problems: list[Problem] = []
    for index, treatment in enumerate(treatments):
        kind = treatment.technique.kind
        places: list[tuple[str, int, Joint | Nerve | UnlistedNerve, Side | None]] = [
            ("targets", n, target.joint, target.side) for n, target in enumerate(treatment.targets)
        ]
        places += [
            ("nerves", n, treated.nerve, treated.side) for n, treated in enumerate(treatment.nerves)
        ]
        for field, place, what, side in places:
            before = seen.setdefault((kind, what), side)
            if (before is None) is (side is None):
                continue
            message = (
                f"{what.value} is listed with a side ({before or side}) and without one;"
                " name the side of both"
            )
            path = f"treatments[{index}].{field}[{place}].side"
            problems.append(Problem(path=path, message=message))
    return problems


class TreatmentWords(TypedDict, total=False):
    """The words of one treatment, as `parse_session` takes several of them."""

    technique: Required[str]
    purpose: str | None
    guidance: str | None
    joints: Iterable[str]
    nerves: Iterable[str]
    agents: Iterable[str]


def parse_session(
    *,
    date: dt.date | str,
    technique: str | None = None,
    purpose: str | None = None,
    guidance: str | None = None,
    joints: Iterable[str] = (),
    nerves: Iterable[str] = (),
    agents: Iterable[str] = (),
    treatments: Iterable[TreatmentWords] = (),
    claim_type: str | None = None,
    place_of_service: str | None = None,
    diagnoses: Iterable[str] = (),
    id: str | None = None,  # noqa: A002  the field of a session
    policy: str | None = None,
    location: Location | None = None,
) -> Session:
    """Return the session that words describe, as a person types them.

    A session of one treatment names its technique; a session of several lists the same words for
    each of them in ``treatments``. Each joint or nerve may have its side after a colon, or as a word.
    The name of a nerve that is not listed is kept as an `UnlistedNerve`. The error lists every other
    word that can't be read.

    A row of a data frame is read as it is: NaN, NaT and NA are not stated, a timestamp at midnight is
    its date, and a place of service or id that was read as a number is its digits.

    >>> session = parse_session(
    ...     date="2026-03-02",
    ...     technique="mbb",
    ...     purpose="diagnostic",
    ...     guidance="fluoro",
    ...     joints=["L4-5:both", "L5-S1:right"],
    ... )
    >>> session.treatments[0].targets[1]
    Target(joint=<Joint.L5_S1: 'L5-S1'>, side=<Side.RIGHT: 'right'>)
    >>> both = parse_session(
    ...     date=dt.date(2026, 3, 2),
    ...     treatments=[
    ...         {"technique": "thermal-rfa", "guidance": "fluoro", "joints": ["L4-5:left"]},
    ...         {"technique": "mbb", "guidance": "fluoro", "joints": ["L3-4:right"]},
    ...     ],
    ...     location=Location(state="OH"),
    ... )
    >>> [treatment.technique.value for treatment in both.treatments]
    ['thermal-radiofrequency-ablation', 'medial-branch-block']
    >>> parse_session(date="yesterday", technique="mbb", joints=["L4"])
    Traceback (most recent call last):
    ...
    cptfacet.errors.SessionError: date: 'yesterday' is not a date: write it as YYYY-MM-DD; joints[0]: 'L4' is not a joint: one segment may be a vertebra or a nerve; name both segments of the joint, as in L4-L5

    Raises:
        SessionError: Some words can't be read, or the session contradicts itself.
        TypeError: An argument has another type than it takes, or both forms are used together.
    """
    words = _Words()
    technique = stated(technique)
    several = [
        *_listed("treatments", treatments, '[{"technique": "mbb", "joints": ["L4-5:left"]}]')
    ]
    if several and any(map(stated, (technique, purpose, guidance, joints, nerves, agents))):
        message = "treatments has the words of every treatment; leave technique and joints out"
        raise TypeError(message)
    alone = {
        "technique": technique,
        "purpose": purpose,
        "guidance": guidance,
        "joints": joints,
        "nerves": nerves,
        "agents": agents,
    }
    read_date = words.date(date)
    read = [
        words.treatment(given, f"treatments[{n}]." if several else "")
        for n, given in enumerate(several or [alone])
    ]
    read_claim_type = words.stated("claim_type", parse_claim_type, claim_type)
    made = tuple([treatment for treatment in read if treatment is not None])
    if words.problems or read_date is None:
        raise SessionError(problems=tuple(words.problems))
    return Session(
        date=read_date,
        treatments=made,
        claim_type=read_claim_type,
        place_of_service=_place(place_of_service),
        diagnoses=tuple(_listed("diagnoses", diagnoses, "[code]")),
        id=as_text(id),
        policy=stated(policy),
        location=stated(location),
    )


def _place(given: object) -> Any:  # noqa: ANN401  the session checks what it is
    """Return a place of service; of one that was read as a number, its two digits."""
    digits = as_text(given)
    return digits.zfill(2) if digits is not given and isinstance(digits, str) else digits


class _Words:
    """Read words one by one, and keep a problem for each that can't be read."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, path: str, parse: Callable[[str], T], text: Any) -> T | None:  # noqa: ANN401
        try:
            return parse(text)
        except ParseError as error:
            self.problems.append(Problem(path=path, message=str(error)))
        except TypeError as error:
            message = f"{path}: {error}"
            raise TypeError(message) from None
        return None

    def date(self, given: object) -> dt.date | None:
        """Read a date, as a text or as what a data frame has."""
        given = stated(given)
        if given is None:
            message = "it is missing: write YYYY-MM-DD or a datetime.date"
            self.problems.append(Problem(path="date", message=message))
            return None
        if isinstance(given, str):
            return self.read("date", parse_date, given)
        return expect_date(without_midnight(given), "date")

    def stated(self, path: str, parse: Callable[[str], T], text: object) -> T | None:
        """Read a word that may be left out."""
        text = stated(text)
        return None if text is None or text == "" else self.read(path, parse, text)

    def all(
        self, path: str, parse: Callable[[str], T], texts: object, example: str
    ) -> tuple[T, ...]:
        listed = _listed(path, texts, f'["{example}"]')
        read = [self.read(f"{path}[{n}]", parse, text) for n, text in enumerate(listed)]
        return tuple([each for each in read if each is not None])

    def treatment(self, given: Any, place: str) -> Treatment | None:  # noqa: ANN401
        """Read the words of one treatment; ``place`` is what its paths begin with."""
        hint = 'write {"technique": "mbb", "joints": ["L4-5:left"]}'
        expect(given, dict, place.rstrip("."), hint)
        words: Mapping[str, Any] = given
        for name in [name for name in words if name not in _OF_TREATMENT]:
            message = f"unknown key: write one of {', '.join(_OF_TREATMENT)}"
            self.problems.append(Problem(path=f"{place}{name}", message=message))
        named = stated(words.get("technique"))
        technique = None
        if named is None:
            message = 'it is missing: write technique="mbb"'
            if not place:
                message += ", or list several in treatments"
            self.problems.append(Problem(path=f"{place}technique", message=message))
        else:
            technique = self.read(f"{place}technique", parse_technique, named)
        joints, nerves = words.get("joints", ()), words.get("nerves", ())
        targets = self.all(f"{place}joints", parse_target, joints, "L4-5:left")
        treated = self.all(f"{place}nerves", _nerves_of_entry, nerves, "L4:left")
        agents = self.all(
            f"{place}agents", parse_agent, words.get("agents", ()), "local-anesthetic"
        )
        purpose = self.stated(f"{place}purpose", parse_purpose, words.get("purpose"))
        guidance = self.stated(f"{place}guidance", parse_guidance, words.get("guidance"))
        if technique is None:
            return None
        return Treatment(
            technique=technique,
            purpose=purpose,
            guidance=guidance,
            targets=targets,
            nerves=tuple([nerve for entry in treated for nerve in entry]),
            agents=agents,
        )


_OF_TREATMENT = tuple(TreatmentWords.__annotations__)


def _listed(name: str, values: object, example: str) -> Iterable[Any]:
    """List the values of an argument that are stated."""
    if (values := stated(values)) is None:
        return ()
    listed = map(stated, expect_several(values, name, f"write {example}"))
    return [value for value in listed if value is not None]
