"""The sessions and claims that are measured: published ones, mixed sides, and some refusals."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from cptfacet import policies
from cptfacet.anatomy import Joint, Side
from cptfacet.claims import Claim, ClaimLine, ClaimType, PriorAuthorization, Purpose
from cptfacet.coding import CodedSession, code_session
from cptfacet.errors import DocumentError
from cptfacet.interop.json import dump, from_data
from cptfacet.sessions import Guidance, Session, Target, Technique, Treatment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cptfacet.policies import Policy

__all__ = ["CHECKED_UNDER", "Mix", "checked", "distinct", "make"]

PUBLISHED = Path(__file__).parents[1] / "tests" / "cases" / "published.jsonl"
POLICIES = ("cpt", "medicare")
DATE = dt.date(2026, 3, 2)
IMAGING = "77003"
CHECKED_UNDER = "medicare-je"
PLACES = {
    ClaimType.PROFESSIONAL: "11",
    ClaimType.ASC_FACILITY: "24",
    ClaimType.HOSPITAL_OUTPATIENT: "22",
}
DIAGNOSES = {"C": "M47.812", "T": "M47.814", "L": "M47.816", "S": "M47.817"}
SIDES = (Side.LEFT, Side.RIGHT, Side.BILATERAL)
WITH_BRANCHES = tuple(Joint)[2:]
COUNTS = (2, 3, 4, 5)
OF_EACH_COUNT = 120
STRIDE = 101  # a prime: steps through joints, sides, methods and claim types alike
REFUSED = 40
DISTINCT = 1000

METHODS = (
    (Technique.MEDIAL_BRANCH_BLOCK, Guidance.FLUOROSCOPY, Purpose.DIAGNOSTIC),
    (Technique.MEDIAL_BRANCH_BLOCK, Guidance.ULTRASOUND, Purpose.DIAGNOSTIC),
    (Technique.INTRA_ARTICULAR_INJECTION, Guidance.CT, Purpose.THERAPEUTIC),
    (Technique.THERMAL_RADIOFREQUENCY_ABLATION, Guidance.FLUOROSCOPY, Purpose.THERAPEUTIC),
)
NOT_CODED = (
    (Technique.PULSED_RADIOFREQUENCY_ABLATION, Guidance.FLUOROSCOPY, Purpose.THERAPEUTIC),
    (Technique.CRYOABLATION, Guidance.FLUOROSCOPY, Purpose.THERAPEUTIC),
    (Technique.MEDIAL_BRANCH_BLOCK, None, Purpose.DIAGNOSTIC),
    (Technique.INTRA_ARTICULAR_INJECTION, Guidance.NONE, Purpose.THERAPEUTIC),
)
Method = tuple[Technique, Guidance | None, Purpose]


@attrs.frozen(kw_only=True)
class Mix:
    """The documents of one run, and a sentence about them."""

    sessions: tuple[tuple[Session, Policy], ...]
    session_texts: tuple[bytes, ...]
    claims: tuple[Claim, ...]
    claim_texts: tuple[bytes, ...]
    told: str


def _published() -> Iterator[Session]:
    """Read the published cases whose note can be read; one names a site that is not a nerve."""
    for line in PUBLISHED.read_text(encoding="utf-8").splitlines():
        case: dict[str, Any] = json.loads(line)
        try:
            yield from_data(case["session"], Session)
        except DocumentError:
            continue


def _mixed(methods: tuple[Method, ...], count: int) -> Iterator[Session]:
    """Yield sessions at adjacent joints, spread over methods, places, sides and claim types."""
    runs = [WITH_BRANCHES[n : n + count] for n in range(len(WITH_BRANCHES) - count + 1)]
    sides = itertools.product(SIDES, repeat=count)
    every = list(itertools.product(methods, ClaimType, runs, sides))
    for place in itertools.count(0, STRIDE):
        (technique, guidance, purpose), claim_type, joints, treated = every[place % len(every)]
        targets = (Target(joint=j, side=side) for j, side in zip(joints, treated, strict=True))
        treatment = Treatment(
            technique=technique, guidance=guidance, purpose=purpose, targets=tuple(targets)
        )
        yield Session(
            date=DATE,
            treatments=(treatment,),
            claim_type=claim_type,
            place_of_service="11",
            diagnoses=("M47.816",),
        )


def distinct(count: int) -> tuple[Session, ...]:
    """Return many sessions with this number of joints; no two have equal treatments."""
    drawn = itertools.islice(_mixed(METHODS, count), DISTINCT)
    return tuple({(s.claim_type, s.treatments): s for s in drawn}.values())


def _line_by_line(claim: Claim) -> Claim:
    """Return the claim with its date and place on each line, as in a file of claim lines."""
    lines = (
        attrs.evolve(line, date=claim.date, place_of_service=claim.place_of_service)
        for line in claim.lines
    )
    return attrs.evolve(claim, lines=tuple(lines))


def checked() -> tuple[Claim, ...]:
    """Return claims of one or two levels, as a payer receives them; every third claim is wrong.

    They are coded under the policy they are checked under, with a diagnosis that fits.
    """
    policy = policies.get(CHECKED_UNDER)
    sessions = [
        s
        for count in (1, 2)
        for s in itertools.islice(_mixed(METHODS[:1] + METHODS[2:], count), 300)
    ]
    answers = (code_session(_fitting(session), policy=policy) for session in sessions)
    coded = [answer.claim for answer in answers if isinstance(answer, CodedSession)]
    exempt = PriorAuthorization(exempt=True)
    told = [attrs.evolve(claim, prior_authorization=exempt) for claim in coded]
    return tuple(_line_by_line(c) if n % 2 else c for n, c in enumerate(faulty(told)))


def _fitting(session: Session) -> Session:
    """Add the place of its claim type to a session, and a diagnosis of the region treated."""
    part = session.treatments[0].targets[0].joint.segment_below[0]
    return attrs.evolve(
        session,
        place_of_service=PLACES[session.claim_type or ClaimType.PROFESSIONAL],
        diagnoses=(DIAGNOSES[part],),
    )


def _without_first(claim: Claim) -> Claim:
    return attrs.evolve(claim, lines=claim.lines[1:] or claim.lines)


def _with_units(claim: Claim) -> Claim:
    first, *rest = claim.lines
    return attrs.evolve(claim, lines=(attrs.evolve(first, units=2), *rest))


def _with_one_modifier(claim: Claim) -> Claim:
    lines = (attrs.evolve(line, modifiers=line.modifiers[:1]) for line in claim.lines)
    return attrs.evolve(claim, lines=tuple(lines))


def _with_imaging(claim: Claim) -> Claim:
    return attrs.evolve(claim, lines=(*claim.lines, ClaimLine(code=IMAGING)))


def _both_and_one(claim: Claim) -> Claim:
    first, *rest = claim.lines
    return attrs.evolve(claim, lines=(attrs.evolve(first, modifiers=("50", "RT")), *rest))


FAULTS = (_without_first, _with_units, _with_one_modifier, _with_imaging, _both_and_one)


def faulty(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """Return the claims with a common error in every third one."""
    return tuple(
        FAULTS[n // 3 % len(FAULTS)](claim) if n % 3 == 0 else claim
        for n, claim in enumerate(claims)
    )


def make() -> Mix:
    """Return the documents, the same on every machine."""
    known = [policies.get(name) for name in POLICIES]

    def refused(session: Session) -> bool:
        return not all(isinstance(code_session(session, policy=p), CodedSession) for p in known)

    published = [session for session in _published() if not refused(session)]
    mixed = [
        session
        for count in COUNTS
        for session in itertools.islice(_mixed(METHODS, count), OF_EACH_COUNT)
    ]
    refusals = list(itertools.islice(filter(refused, _mixed(NOT_CODED, 2)), REFUSED))
    sessions = [(session, p) for session in (*published, *mixed, *refusals) for p in known]
    answers = [code_session(session, policy=p) for session, p in sessions]
    coded = [answer.claim for answer in answers if isinstance(answer, CodedSession)]
    claims = [_line_by_line(claim) if n % 2 else claim for n, claim in enumerate(coded)]
    told = (
        f"Sessions: {len(published)} published, {len(mixed)} with mixed sides of two to five joints,"
        f" {len(refusals)} that are refused; each under {' and '.join(POLICIES)}."
        f" Claims: the {len(claims)} they are coded to."
    )
    return Mix(
        sessions=tuple(sessions),
        session_texts=tuple(dump(session).encode() for session, _ in sessions),
        claims=tuple(claims),
        claim_texts=tuple(dump(claim).encode() for claim in claims),
        told=told,
    )
