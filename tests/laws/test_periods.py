"""How long an answer holds: as long as what it rests on, and no longer."""

import datetime as dt
import functools
from collections.abc import Callable

import attrs
import pytest

from cptfacet import policies
from cptfacet.checking import Checker
from cptfacet.claims import Claim, ClaimType, Location, PriorAuthorization, parse_line
from cptfacet.coding import CodedSession, Coder
from cptfacet.decoding import Decoder
from cptfacet.notes import NoteId, Refusal
from cptfacet.reference import packaged
from cptfacet.rulebook import CODING, turning_days
from cptfacet.sessions import Session, parse_session

TREATED = {
    "blocks at two joints": ("mbb", "fluoroscopy", ["L4-5:both", "L5-S1:both"]),
    "a block in the neck": ("mbb", "ct", ["C3-4:left"]),
    "a block at the junction": ("mbb", "fluoroscopy", ["T12-L1:left", "L1-2:left"]),
    "an injection under ultrasound": ("mbb", "ultrasound", ["C3-4:left"]),
    "an ablation": ("thermal-rfa", "fluoroscopy", ["L3-4:left", "L4-5:both"]),
    "pulsed radiofrequency": ("pulsed-rfa", None, ["L4-5:left"]),
}
POLICIES = ("cpt", "medicare", "medicare-je")
DAYS = (dt.date(2012, 6, 1), dt.date(2019, 6, 3), dt.date(2026, 3, 2))
_DAY = dt.timedelta(days=1)


def on(session: Session, day: dt.date, coder: Coder) -> object:
    """Return what a session is coded as on a day, the date itself apart."""
    coded = coder.code(attrs.evolve(session, date=day))
    if isinstance(coded, Refusal):
        return attrs.evolve(coded, session=None)
    return (coded.lines, coded.notes, coded.why)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("treated", TREATED)
def test_an_answer_holds_in_its_period_and_on_no_day_beside_it(treated: str, policy: str) -> None:
    technique, guidance, joints = TREATED[treated]
    session = parse_session(
        date="2026-03-02",
        technique=technique,
        guidance=guidance,
        joints=joints,
        claim_type=ClaimType.PROFESSIONAL,
    )
    coder = Coder(policy)
    turning = turning_days(coder.policy, coder.reference, *CODING)
    for day in DAYS:
        first, last = coder.period(attrs.evolve(session, date=day))
        answer = on(session, day, coder)

        assert first <= day <= last
        for turn in (first, *(turn for turn in turning if first <= turn <= last), last):
            assert on(session, turn, coder) == answer, turn
        if first > dt.date.min:
            assert on(session, first - _DAY, coder) != answer
        if last < dt.date.max:
            assert on(session, last + _DAY, coder) != answer


def test_a_note_on_the_location_does_not_end_it() -> None:
    """The jurisdiction depends on the date itself; lines, reasons and other notes do not."""
    technique, guidance, joints = TREATED["blocks at two joints"]
    session = parse_session(
        date="2020-01-01",
        technique=technique,
        guidance=guidance,
        joints=joints,
        location=Location(state="CA"),
    )
    coder = Coder("medicare")
    first, last = coder.period(session)
    days = (first, session.date, dt.date(2021, 4, 1), last)
    coded = [coder.code(attrs.evolve(session, date=day)) for day in days]
    answers = [answer for answer in coded if isinstance(answer, CodedSession)]
    located = [[n for n in answer.notes if n.id is NoteId.JURISDICTION] for answer in answers]
    first_answer, *others = [
        (answer.lines, answer.why, [n for n in answer.notes if n.id is not NoteId.JURISDICTION])
        for answer in answers
    ]

    assert list(days) == sorted(days)
    assert others == [first_answer] * 3
    assert any(notes != located[0] for notes in located)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_change_that_was_not_asked_about_does_not_end_it(policy: str) -> None:
    """A bilateral block does not rest on how an ablation, or the junction, is written."""
    technique, guidance, joints = TREATED["blocks at two joints"]
    session = parse_session(
        date="2026-03-02", technique=technique, guidance=guidance, joints=joints
    )
    book = policies.get(policy)
    first, last = Coder(policy).period(session)
    inside = [day for day in turning_days(book, packaged(), *CODING) if first < day <= last]
    provisions = [p.term for each in book.lineage() for p in each.provisions]

    assert isinstance(Coder(policy).code(session), CodedSession)
    assert not {term.first for term in provisions}.isdisjoint(inside)


BILLED = {
    "blocks at two joints": ("64493-50-KX", "64494-50-KX"),
    "ten units": ("64490 x10",),
    "an add-on alone": ("64494-RT",),
    "an older code": ("64475-RT", "64476-RT"),
    "an ablation with imaging": ("64635-50", "64636-50 x2", "77003-26"),
    "an injection under ultrasound": ("0216T-RT", "76942-26"),
    "another code and a bad one": ("64493-RT", "62323", "6449X"),
}


def checked(checker: Checker, claim: Claim) -> object:
    report = checker.check(claim)
    return (report.findings, report.not_checked)


def decoded(decoder: Decoder, claim: Claim) -> object:
    answer = decoder.decode(claim)
    return ([session.groups for session in answer.sessions], answer.unread)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("billed", BILLED)
def test_findings_and_levels_hold_in_their_period_and_on_no_day_beside_it(
    billed: str, policy: str
) -> None:
    lines = tuple(map(parse_line, BILLED[billed]))
    checker, decoder = Checker(policy), Decoder(policy)
    turning = turning_days(checker.policy, checker.reference)
    for day in DAYS:
        claim = Claim(claim_type=ClaimType.PROFESSIONAL, lines=lines, date=day)
        asked: tuple[tuple[tuple[dt.date, dt.date], Callable[[Claim], object]], ...] = (
            (checker.period(claim), functools.partial(checked, checker)),
            (decoder.period(claim), functools.partial(decoded, decoder)),
        )
        for (first, last), ask in asked:
            answer = ask(claim)

            assert first <= day <= last
            for turn in (first, *(turn for turn in turning if first <= turn <= last), last):
                assert ask(attrs.evolve(claim, date=turn)) == answer, turn
            if first > dt.date.min:
                assert ask(attrs.evolve(claim, date=first - _DAY)) != answer
            if last < dt.date.max:
                assert ask(attrs.evolve(claim, date=last + _DAY)) != answer


def test_a_period_is_the_same_with_the_date_on_the_lines() -> None:
    line, day = parse_line("64493-RT"), DAYS[-1]
    on_claim = Claim(claim_type=ClaimType.PROFESSIONAL, lines=(line,), date=day)
    on_lines = attrs.evolve(on_claim, lines=(attrs.evolve(line, date=day),), date=None)

    for answers in (Checker("medicare"), Decoder("medicare")):
        assert answers.period(on_claim) == answers.period(on_lines)


@pytest.mark.parametrize("verb", [Checker, Decoder])
def test_a_claim_of_two_days_has_no_period(verb: type[Checker | Decoder]) -> None:
    lines = tuple(attrs.evolve(parse_line("64493-RT"), date=day) for day in DAYS[:2])

    with pytest.raises(ValueError, match="this claim has 2 dates"):
        verb("cpt").period(Claim(claim_type=ClaimType.PROFESSIONAL, lines=lines))


def test_an_authorization_with_a_date_has_no_period() -> None:
    claim = Claim(
        claim_type=ClaimType.HOSPITAL_OUTPATIENT,
        lines=(parse_line("64493-RT"),),
        date=DAYS[-1],
        prior_authorization=PriorAuthorization(decided=DAYS[-1]),
    )

    with pytest.raises(ValueError, match="prior authorization with a date"):
        Checker("medicare").period(claim)
