"""What is remembered never makes an answer wrong."""

import datetime as dt
import functools
import itertools
import pickle
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cptfacet import policies
from cptfacet.addons import allowed_primaries
from cptfacet.checking import Check, Checker, Day, RawFinding, Rule, Signal, all_rules, checks
from cptfacet.checking.rules import get_rule
from cptfacet.claims import Claim, ClaimLine, ClaimType, parse_line
from cptfacet.coding import CodedSession, Coder, Refusal
from cptfacet.decoding import Decoder
from cptfacet.findings import RuleFamily
from cptfacet.reference import packaged
from cptfacet.rulebook import CODING, turning_days
from cptfacet.sessions import Session, parse_session
from cptfacet.strategies import messy_claims, messy_sessions, sessions

T = TypeVar("T", Session, Claim, ClaimLine)

BLOCK = parse_session(date="2026-03-02", technique="mbb", guidance="ct", joints=["L4-5:left"])
REFUSED = parse_session(date="2026-03-02", technique="pulsed-rfa", joints=["L4-5:left"])
PAYERS = ("cpt", "medicare", "medicare-j15", "commercial")
CODERS = {p: (Coder(policies.get(p)), Coder(policies.get(p), memo=0)) for p in PAYERS}
DECODERS = {p: (Decoder(policies.get(p)), Decoder(policies.get(p), memo=0)) for p in PAYERS}
DAY = dt.timedelta(days=1)


def mixed(draw: st.DrawFn, one: T, other: T) -> T:
    """Copy some fields of one record to another, to make the two differ in only a few."""
    fields = attrs.fields_dict(type(one))
    taken = draw(st.sets(st.sampled_from(sorted(fields)), max_size=2))
    changes: dict[str, Any] = {name: getattr(other, name) for name in taken}
    return attrs.evolve(one, **changes)


@st.composite
def alike_sessions(draw: st.DrawFn) -> tuple[Session, ...]:
    """Draw sessions of which each has most fields of the first."""
    first, *others = (draw(messy_sessions() | sessions()) for _ in range(3))
    return (first, *(mixed(draw, first, other) for other in others))


@st.composite
def alike_claims(draw: st.DrawFn) -> tuple[Claim, ...]:
    """Draw claims of which each has most fields of the first, and lines with most fields of its."""
    first, *others = (draw(messy_claims()) for _ in range(3))
    drawn = [first]
    for other in others:
        lines = zip(first.lines, other.lines, strict=False)
        changed = tuple(mixed(draw, line, another) for line, another in lines)
        claim = attrs.evolve(first, lines=(*changed, *first.lines[len(changed) :]))
        drawn.append(mixed(draw, claim, other))
    return tuple(drawn)


@given(payer=st.sampled_from(PAYERS), drawn=alike_sessions())
def test_a_session_is_coded_as_if_it_were_the_first(payer: str, drawn: tuple[Session, ...]) -> None:
    remembering, forgetting = CODERS[payer]

    for session in drawn * 2:
        assert remembering.code(session) == forgetting.code(session)


@given(payer=st.sampled_from(PAYERS), drawn=alike_claims())
def test_a_claim_is_decoded_as_if_it_were_the_first(payer: str, drawn: tuple[Claim, ...]) -> None:
    remembering, forgetting = DECODERS[payer]

    for claim in drawn * 2:
        assert remembering.decode(claim) == forgetting.decode(claim)


@given(one=st.integers(1, 8), other=st.integers(1, 8))
def test_what_passes_through_is_that_of_the_session(one: int, other: int) -> None:
    coder = Coder(policies.get("medicare"))
    for number in (one, other):
        session = attrs.evolve(
            BLOCK,
            date=dt.date(2026, 3, number),
            id=f"session {number}",
            place_of_service=f"{number:02}",
        )
        coded = coder.code(session)
        refused = coder.code(attrs.evolve(session, treatments=REFUSED.treatments))

        assert isinstance(coded, CodedSession)
        assert isinstance(refused, Refusal)
        assert coded.claim.date == session.date
        assert coded.claim.place_of_service == session.place_of_service
        assert coded.claim.id == refused.id == session.id
        assert coded.session is session
        assert refused.session is not None
        assert refused.session.date == session.date


def test_sessions_that_differ_in_what_passes_through_share_an_answer() -> None:
    """Each result still holds its own session."""
    coder = Coder(policies.get("medicare"))
    ids = ("one", "other", None)
    for treated in (BLOCK, REFUSED):
        sessions = [attrs.evolve(treated, id=each, place_of_service="11") for each in ids]
        answers = [coder.code(session) for session in sessions]

        assert [answer.session for answer in answers] == sessions
        assert [answer.id for answer in answers] == list(ids)
    assert len(coder._answers) == 2


def claim_of(*lines: ClaimLine) -> Claim:
    return Claim(claim_type=ClaimType.PROFESSIONAL, date=dt.date(2026, 3, 2), lines=lines)


@pytest.mark.parametrize("units", [Decimal("sNaN"), Decimal("NaN"), Decimal("-Infinity")])
def test_units_without_a_hash_are_read(units: Decimal) -> None:
    line = ClaimLine(code="64493", units=units)
    decoder = Decoder(policies.get("cpt"))

    first, second = (decoder.decode(claim_of(line)) for _ in range(2))

    assert first == second
    assert [skipped.reason.value for skipped in first.unread] == ["units"]


class Unhashable(str):
    """A text of a caller's own type."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]


def test_what_has_no_hash_is_answered_and_not_remembered() -> None:
    coder = Coder(policies.get("cpt"))
    coded = coder.code(attrs.evolve(BLOCK, diagnoses=(Unhashable("M47.816"),)))

    assert isinstance(coded, CodedSession)
    assert coded.claim.lines[0].diagnoses == ("M47.816",)
    assert len(coder._answers) == 0
    untyped: Any = (["M47.816"],)
    with pytest.raises(TypeError, match=r"diagnoses\[0\] must be a string"):
        attrs.evolve(BLOCK, diagnoses=untyped)


def test_a_fault_on_the_way_to_an_answer_is_not_taken_for_a_missing_hash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise TypeError("a fault")

    monkeypatch.setattr("cptfacet.decoding.read_line", fail)
    with pytest.raises(TypeError, match="a fault"):
        Decoder(policies.get("cpt")).decode(claim_of(parse_line("64493")))


def test_only_so_many_answers_are_remembered() -> None:
    decoder = Decoder(policies.get("cpt"), memo=10)
    sizes: list[int] = []
    for units in range(1, 50):
        decoder.decode(claim_of(parse_line(f"64494 x{units}")))
        sizes.append(len(decoder._answers))

    assert max(sizes) == 10


def test_a_session_or_claim_that_is_very_long_is_not_remembered() -> None:
    coder, decoder = Coder(policies.get("cpt")), Decoder(policies.get("cpt"))
    session = parse_session(
        date="2026-03-02", technique="mbb", guidance="ct", joints=["L4-5:left"] * 1000
    )
    coder.code(session)
    coder.code(attrs.evolve(REFUSED, diagnoses=("x" * 1000,)))
    decoder.decode(claim_of(*[parse_line("64494")] * 1000))
    decoder.decode(claim_of(ClaimLine(code="x" * 1000)))

    assert not coder._answers
    assert not decoder._answers


@pytest.mark.parametrize("payer", PAYERS)
def test_primaries_are_the_same_on_each_day_of_a_term(payer: str) -> None:
    """Decoding asks for them, and remembers its answer for the whole term."""
    policy, reference = policies.get(payer), packaged()
    days = [*turning_days(policy, reference, *CODING), dt.date.max]
    for first, next_one in itertools.pairwise(days):
        for procedure in reference.procedures:
            on_first, on_last = (
                allowed_primaries(procedure.code, on=on, policy=policy)
                for on in (first, next_one - DAY)
            )
            assert on_first == on_last, (procedure.code, first)


def rule_of(check: Check, family: RuleFamily = RuleFamily.SERVICES) -> Rule:
    """Return a rule of a caller."""
    return attrs.evolve(get_rule("units-missing"), id=check.id, family=family, check=check)


ALWAYS = Signal(0)


def reader_of(
    read: Callable[[ClaimLine], object], *, when: Signal = ALWAYS, by_shape: bool = False
) -> Check:
    """Return a caller's check that reports what it reads of each line."""

    def report(day: Day) -> Iterator[RawFinding]:
        for line in day.lines:
            yield RawFinding(lines=(line.number,), message=repr(read(line.written)))

    return checks(when=when, by_shape=by_shape)(report)


LINE_FIELDS = [field.name for field in attrs.fields(ClaimLine)]


@functools.cache
def checkers_reading(field: str, family: RuleFamily, payer: str) -> tuple[Checker, Checker]:
    """Return checkers with a caller's rule on a field of a line, with and without memory."""
    when = Signal.DIAGNOSES if family is RuleFamily.DIAGNOSIS else Signal(0)
    check = reader_of(lambda line: getattr(line, field), when=when)
    rules = [*all_rules(), rule_of(check, family)]
    policy = policies.get(payer)
    return Checker(policy, rules=rules), Checker(policy, rules=rules, memo=0)


@pytest.mark.parametrize("family", [RuleFamily.SERVICES, RuleFamily.DIAGNOSIS])
@pytest.mark.parametrize("field", LINE_FIELDS)
@settings(max_examples=20)
@given(drawn=alike_claims(), payer=st.sampled_from(("cpt", "medicare")))
def test_a_rule_of_a_caller_may_read_anything_of_a_claim(
    field: str, family: RuleFamily, payer: str, drawn: tuple[Claim, ...]
) -> None:
    """A rule on diagnoses too, which the packaged ones run ahead of time."""
    checker, forgetting = checkers_reading(field, family, payer)

    for claim in drawn * 2:
        assert checker.check(claim) == forgetting.check(claim)


def charged(*charges: int) -> list[Claim]:
    return [claim_of(ClaimLine(code="64493", charge=Decimal(charge))) for charge in charges]


def test_a_charge_above_a_limit_is_found_behind_one_below_it() -> None:
    check = reader_of(lambda line: line.charge and line.charge > 1000)
    checker = Checker("cpt", rules=[*all_rules(), rule_of(check)])

    found = [[f.message for f in checker.check(c).findings] for c in charged(10, 5000)]

    assert ["True" in messages for messages in found] == [False, True]
    assert not checker._memo


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_packaged_rules_read_only_the_shape(rule: Rule) -> None:
    assert rule.check.is_remembered
    assert pickle.loads(pickle.dumps(rule.check)).is_remembered  # noqa: S301


def test_what_wraps_or_replaces_a_packaged_rule_is_of_the_caller() -> None:
    packaged_rule = get_rule("units-missing").check
    wrapped = functools.wraps(packaged_rule.ask)(lambda day: [*packaged_rule.ask(day)])

    for ask in (wrapped, functools.partial(packaged_rule.ask)):
        assert not attrs.evolve(packaged_rule, ask=ask).is_remembered


def test_a_rule_that_declares_its_shape_is_remembered() -> None:
    declared = reader_of(lambda line: line.code, by_shape=True)
    checker = Checker("cpt", rules=[*all_rules(), rule_of(declared)])
    reports = [checker.check(claim) for claim in charged(10, 5000)]

    assert len(checker._memo) == 1
    assert reports[0].findings == reports[1].findings


PROVIDERS = [*itertools.product((None, "A", "B"), repeat=3)]


@pytest.mark.parametrize("policy", ["medicare"])
def test_practitioners_are_told_apart_in_every_order(policy: str) -> None:
    """Two claims that differ only in who performed each line never share an answer wrongly."""
    checker, fresh = Checker(policy), Checker(policy, memo=0)
    lines = tuple(map(parse_line, ["64493-RT x2", "64494-RT", "64493-RT"]))
    for named in (*PROVIDERS, *reversed(PROVIDERS)):
        claim = Claim(
            claim_type=ClaimType.PROFESSIONAL,
            date=dt.date(2026, 3, 2),
            lines=tuple(
                attrs.evolve(line, provider=name) for line, name in zip(lines, named, strict=True)
            ),
            place_of_service="99",
        )

        assert checker.check(claim) == fresh.check(claim), named
