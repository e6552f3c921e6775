"""How long an answer holds: as long as what it rests on, and no longer."""

import datetime as dt

import attrs
import pytest

from cptfacet import policies
from cptfacet.claims import ClaimType, Location
from cptfacet.coding import CodedSession, Coder
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
