"""Strategies for claims to check: clean, with one named defect, and hostile."""

from __future__ import annotations

import datetime as dt
import functools
from decimal import Decimal
from typing import TypeVar

import attrs
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import DrawFn, SearchStrategy

from cptfacet import policies as packaged_policies
from cptfacet.anatomy import Side
from cptfacet.checking import Checker, all_rules, get_rule
from cptfacet.claims import Claim, ClaimLine, ClaimType, Purpose
from cptfacet.errors import ParseError, UnknownIdError
from cptfacet.findings import Question, Replacement, Report
from cptfacet.interop.examples import Example, examples
from cptfacet.modifiers import ModifierRole
from cptfacet.policies import Policy
from cptfacet.reference import packaged
from cptfacet.reference.diagnoses import Diagnosis
from cptfacet.repairing import Change, RepairedClaim, repair_claim
from cptfacet.sessions import Session
from cptfacet.strategies.options import check_policy, either, tuples
from cptfacet.strategies.results import coded_claims
from cptfacet.strategies.words import OPAQUE, TEXTS

__all__ = [
    "claims_with",
    "clean_claims",
    "example_changes",
    "example_remedies",
    "example_repairs",
    "example_reports",
    "hostile_claims",
]

R = TypeVar("R", Question, Replacement)


def __dir__() -> list[str]:
    return sorted(__all__)


_PLACES = {
    ClaimType.PROFESSIONAL: "11",
    ClaimType.ASC_FACILITY: "24",
    ClaimType.HOSPITAL_OUTPATIENT: "22",
}
_CHARGES = st.decimals(1, 9_999, places=2)
_UNRELATED = st.builds(
    ClaimLine,
    code=st.from_regex(r"Q[0-9]{4}", fullmatch=True),  # drugs and supplies; no rule is about them
    units=st.integers(1, 40),
)


def clean_claims(*, policy: Policy | None = None) -> SearchStrategy[Claim]:
    """Return claims on which no rule finds an error, under a policy or CPT's instructions.

    They are coded from sessions and written like real claims: with charges, ids, providers, and
    lines for drugs that no rule is about.

    >>> from hypothesis import find
    >>> from cptfacet import check_claim
    >>> medicare = packaged_policies.get("medicare")
    >>> claim = find(clean_claims(policy=medicare), lambda claim: len(claim.lines) == 2)
    >>> check_claim(claim, policy=medicare).errors
    ()
    >>> clean_claims(policy="medicare")
    Traceback (most recent call last):
    ...
    hypothesis.errors.InvalidArgument: policy is a Policy, not 'medicare': use policies.get(...) or policies.load(...)

    Raises:
        InvalidArgument: The policy is not a `Policy`.
    """
    check_policy(policy, "policy")
    under = policy or packaged_policies.get("cpt")
    checker = Checker(under, memo=0)

    @st.composite
    def drawn(draw: DrawFn) -> Claim:
        _, coded = draw(coded_claims(policies=st.just(under)))
        claim = attrs.evolve(
            coded.claim,
            place_of_service=_PLACES[coded.claim.claim_type],
            lines=tuple(_with_valid(line, coded.claim.date) for line in coded.claim.lines),
        )
        return draw(_dressed(claim))

    return drawn().filter(lambda claim: not checker.check(claim).errors)


def _with_valid(line: ClaimLine, date: dt.date | None) -> ClaimLine:
    """Leave out diagnoses that are not known to be billable on the date."""
    kept = tuple(code for code in line.diagnoses if date and _billable(code, date))
    return attrs.evolve(line, diagnoses=kept)


def _billable(code: str, date: dt.date) -> bool:
    try:
        found = packaged().diagnosis(code, on=date)
    except ParseError:
        return False
    return isinstance(found, Diagnosis) and found.billable


@st.composite
def _dressed(draw: DrawFn, claim: Claim) -> Claim:
    """Add the ids, providers, charges and further lines of a real claim."""
    several = len({line.provider for line in claim.lines}) > 1  # then who did what matters
    provider = draw(either(TEXTS))
    charged = draw(st.booleans())
    lines = [
        attrs.evolve(
            line,
            provider=line.provider if several else provider,
            charge=draw(_CHARGES) if charged else line.charge,
        )
        for line in (*claim.lines, *draw(tuples(_UNRELATED, max_size=0 if several else 2)))
    ]
    return attrs.evolve(claim, id=draw(either(OPAQUE)), lines=tuple(lines))


def claims_with(rule: str) -> SearchStrategy[Example]:
    """Return claims with one named defect, each with its policy, session and history.

    Checking one finds the rule, and no error that the packaged example of the rule doesn't have.
    The claims vary in what the defect doesn't depend on: sides, ids, providers, charges, the order
    of lines, and lines for other services.

    >>> from hypothesis import find
    >>> example = find(claims_with("addon-without-primary"), lambda example: True)
    >>> [line.text for line in example.claim.lines], [f.rule for f in example.check().errors]
    (['64494-RT x1'], ['addon-without-primary'])
    >>> claims_with("addon-without-a-primary")
    Traceback (most recent call last):
    ...
    hypothesis.errors.InvalidArgument: unknown rule 'addon-without-a-primary'; did you mean addon-without-primary?

    Raises:
        InvalidArgument: No packaged rule has this id.
    """
    try:
        known = get_rule(rule)
    except UnknownIdError as error:
        raise InvalidArgument(str(error)) from None
    fires, _ = examples(known.id)
    usual = _errors(fires.check())

    @st.composite
    def drawn(draw: DrawFn) -> Example:
        example = _mirrored(fires) if draw(st.booleans()) else fires
        claim = draw(_dressed(example.claim))
        claim = attrs.evolve(claim, lines=tuple(draw(st.permutations(claim.lines))))
        return attrs.evolve(example, claim=claim)

    def is_such(example: Example) -> bool:
        report = example.check()
        return any(f.rule == rule for f in report.findings) and _errors(report) <= usual

    return drawn().filter(is_such)


def example_reports() -> SearchStrategy[Report]:
    """Return reports on the packaged example claims, one for each rule."""
    return _examples().map(lambda example: example.check())


def example_repairs() -> SearchStrategy[RepairedClaim]:
    """Return repairs of the packaged example claims, one for each rule."""
    return _examples().map(_repaired)


def example_remedies(kind: type[R]) -> SearchStrategy[R]:
    """Return the remedies of a kind in the reports on the packaged example claims."""
    return st.deferred(lambda: st.sampled_from(_remedies(kind)))


def example_changes() -> SearchStrategy[Change]:
    """Return the changes in the repairs of the packaged example claims."""
    return st.deferred(lambda: st.sampled_from(_changes()))


def _remedies(kind: type[R]) -> tuple[R, ...]:
    found = (finding.remedy for report in _reports() for finding in report.findings)
    return tuple(remedy for remedy in found if isinstance(remedy, kind))


@functools.cache
def _reports() -> tuple[Report, ...]:
    return tuple(examples(rule.id)[0].check() for rule in all_rules())


@functools.cache
def _changes() -> tuple[Change, ...]:
    repaired = [_repaired(examples(rule.id)[0]) for rule in all_rules()]
    return tuple(change for each in repaired for change in each.changes)


def _repaired(example: Example) -> RepairedClaim:
    return repair_claim(
        example.claim,
        policy=packaged_policies.get(example.policy),
        session=example.session,
        history=example.history,
    )


def _examples() -> SearchStrategy[Example]:
    return st.sampled_from([rule.id for rule in all_rules()]).map(lambda rule: examples(rule)[0])


def _errors(report: Report) -> set[str]:
    return {finding.rule for finding in report.errors}


def _mirrored(example: Example) -> Example:
    """Return the example with right and left exchanged, on the claim and in the session."""
    known = packaged()
    right, left = map(known.get_modifier_code, (ModifierRole.RIGHT, ModifierRole.LEFT))
    other = {right: left, left: right}
    lines = tuple(
        attrs.evolve(line, modifiers=tuple(other.get(m, m) for m in line.modifiers))
        for line in example.claim.lines
    )
    return attrs.evolve(
        example,
        claim=attrs.evolve(example.claim, lines=lines),
        session=example.session and _mirrored_session(example.session),
    )


_OTHER_SIDE = {Side.RIGHT: Side.LEFT, Side.LEFT: Side.RIGHT}


def _mirrored_session(session: Session) -> Session:
    treatments = tuple(
        attrs.evolve(
            treatment,
            targets=tuple(
                attrs.evolve(t, side=t.side and _OTHER_SIDE.get(t.side, t.side))
                for t in treatment.targets
            ),
            nerves=tuple(
                attrs.evolve(n, side=n.side and _OTHER_SIDE.get(n.side, n.side))
                for n in treatment.nerves
            ),
        )
        for treatment in session.treatments
    )
    return attrs.evolve(session, treatments=treatments)


_BAD_TEXTS = st.sampled_from(
    ("", " ", "\0", "5\0", "=1+1", "+1", "-1", "@x", "\ud800", "5O", "5", "x" * 80, "\N{BELL}" * 9)
)
_BAD_UNITS = st.sampled_from(
    (
        *(None, 0, -1, 10**30, -(10**30), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")),
        *(Decimal("1E+999999"), Decimal("1E-999999"), Decimal("0.5"), Decimal("-0")),
    )
)
_EDGES = st.sampled_from((dt.date.min, dt.date.max, dt.date(2012, 2, 29)))


def hostile_claims() -> SearchStrategy[Claim]:
    """Return claims meant to break a reader. Checking one returns findings and never raises.

    Facet codes and modifiers are mixed with any text, units that are not a count, dates at both
    ends of the calendar, many modifiers and many lines.

    >>> from hypothesis import find
    >>> from cptfacet import check_claim
    >>> claim = find(hostile_claims(), lambda claim: any(not line.code for line in claim.lines))
    >>> check_claim(claim, policy="medicare").findings[0].severity.value
    'error'
    """
    codes = st.sampled_from([p.code for p in packaged().procedures])
    modifiers = st.sampled_from([m.code for m in packaged().modifiers])
    lines = st.builds(
        ClaimLine,
        code=codes | _BAD_TEXTS | OPAQUE,
        modifiers=tuples(modifiers | _BAD_TEXTS, max_size=7) | modifiers.map(lambda m: (m,) * 30),
        units=st.integers(1, 3) | _BAD_UNITS,
        diagnoses=tuples(_BAD_TEXTS | OPAQUE, max_size=3),
        date=either(_EDGES | st.dates()),
        place_of_service=either(_BAD_TEXTS),
        charge=either(_CHARGES | st.just(Decimal("NaN"))),
        provider=either(_BAD_TEXTS),
    )
    many = st.tuples(tuples(lines, max_size=3), st.sampled_from((1, 1, 1, 9))).map(
        lambda drawn: drawn[0] * drawn[1]
    )
    return st.builds(
        Claim,
        claim_type=st.sampled_from(ClaimType),
        lines=many,
        date=either(_EDGES | st.dates()),
        place_of_service=either(_BAD_TEXTS),
        purpose=either(st.sampled_from(Purpose)),
        diagnoses=tuples(_BAD_TEXTS, max_size=2),
        id=either(_BAD_TEXTS),
    )
