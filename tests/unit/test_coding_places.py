"""The same session in several places: what the policy of the jurisdiction makes of it."""

import datetime as dt

import pytest

from cptfacet import policies
from cptfacet.claims import ClaimType, Location, Purpose
from cptfacet.coding import CodedSession, NoteId, Reason, Refusal, code_session
from cptfacet.policies.selection import select_policy
from cptfacet.sessions import Guidance, Session, Technique, Treatment, parse_target

MEDICARE = policies.get("medicare")


def code(
    place: Location,
    technique: Technique,
    *targets: str,
    date: str = "2026-03-02",
    purpose: Purpose = Purpose.DIAGNOSTIC,
    guidance: Guidance | None = Guidance.FLUOROSCOPY,
    claim_type: ClaimType | None = ClaimType.PROFESSIONAL,
) -> CodedSession | Refusal:
    """Code a session under the policy that its place chooses from the shared one."""
    treatment = Treatment(
        technique=technique,
        purpose=purpose,
        guidance=guidance,
        targets=tuple(map(parse_target, targets)),
    )
    session = Session(
        date=dt.date.fromisoformat(date),
        treatments=(treatment,),
        claim_type=claim_type,
        location=place,
    )
    policy = select_policy(session, default=MEDICARE)
    return code_session(session, policy=policy)


def lines(answer: CodedSession | Refusal) -> list[str]:
    assert isinstance(answer, CodedSession), answer
    return [line.text for line in answer.claim.lines]


@pytest.mark.parametrize(
    ("state", "date", "expected"),
    [
        ("OH", "2021-04-24", "64493-LT x1"),
        ("OH", "2021-04-28", "64493-LT x1"),
        ("OH", "2021-05-01", "64493-LT x1"),
        ("OH", "2021-05-02", "64493-LT-KX x1"),
        ("FL", "2021-04-24", "64493-LT x1"),
        ("FL", "2021-04-25", "64493-LT-KX x1"),
        ("CA", "2021-04-28", "64493-LT-KX x1"),
    ],
)
def test_kx_in_the_week_in_which_contractors_parted(state: str, date: str, expected: str) -> None:
    """Source: acr21, ace-2021."""
    place = Location(state=state)

    answer = code(place, Technique.MEDIAL_BRANCH_BLOCK, "L4-5:left", date=date)

    assert lines(answer) == [expected]
    assert isinstance(answer, CodedSession)
    assert NoteId.NOT_KNOWN not in {note.id for note in answer.notes}
    unplaced = code(Location(), Technique.MEDIAL_BRANCH_BLOCK, "L4-5:left", date=date)
    assert isinstance(unplaced, CodedSession)
    assert unplaced.claim.policy == "medicare"
    assert NoteId.JURISDICTION in {note.id for note in unplaced.notes}


class TestCyst:
    """First Coast has the rupture of a cyst under the injection codes, from 2021-04-25.

    Source: a57787.
    """

    def test_in_florida(self) -> None:
        answer = code(
            Location(state="FL"),
            Technique.FACET_CYST_RUPTURE,
            "L4-5:both",
            purpose=Purpose.THERAPEUTIC,
        )

        assert lines(answer) == ["64493-50 x1"]

    def test_with_no_guidance_stated_it_is_asked(self) -> None:
        answer = code(
            Location(state="PR"), Technique.FACET_CYST_RUPTURE, "L4-5:left", guidance=None
        )

        assert isinstance(answer, Refusal)
        assert answer.reason is Reason.GUIDANCE_NOT_STATED
        assert answer.instead == ()

    def test_under_ultrasound_it_is_not_known_and_no_line_is_named(self) -> None:
        answer = code(
            Location(state="VI"),
            Technique.FACET_CYST_RUPTURE,
            "L4-5:left",
            guidance=Guidance.ULTRASOUND,
        )

        assert isinstance(answer, Refusal)
        assert answer.reason is Reason.NOT_KNOWN
        assert answer.instead == ()
        assert "ask First Coast" in answer.message

    def test_elsewhere_its_contractor_is_asked(self) -> None:
        answer = code(Location(state="TX"), Technique.FACET_CYST_RUPTURE, "L4-5:left")

        assert isinstance(answer, Refusal)
        assert answer.reason is Reason.NOT_KNOWN
        assert [line.text for line in answer.instead] == ["64999 x1"]
        assert "(A56670): ask Novitas" in answer.message
        assert "(not known for JH)" in answer.message


class TestThoracolumbar:
    """T12-L1 with L1-L2 is one group; for CGS it is stated, and needs no warning for injections.

    Source: cgs25.
    """

    @pytest.mark.parametrize(
        ("state", "technique", "first", "warned"),
        [
            ("KY", Technique.MEDIAL_BRANCH_BLOCK, "64490-50-KX x1", False),
            ("KY", Technique.THERMAL_RADIOFREQUENCY_ABLATION, "64633-50 x1", True),
            ("IL", Technique.MEDIAL_BRANCH_BLOCK, "64490-50-KX x1", True),
            ("IL", Technique.THERMAL_RADIOFREQUENCY_ABLATION, "64633-50 x1", True),
        ],
    )
    def test_one_group(self, state: str, technique: Technique, first: str, *, warned: bool) -> None:
        answer = code(Location(state=state), technique, "T12-L1:both", "L1-2:both")

        assert lines(answer)[0] == first
        assert len(lines(answer)) == 2
        assert isinstance(answer, CodedSession)
        assert (NoteId.CAVEAT in {note.id for note in answer.notes}) is warned


@pytest.mark.parametrize(
    ("claim_type", "expected"),
    [
        (ClaimType.PROFESSIONAL, "medicare-jl"),
        (ClaimType.ASC_FACILITY, "medicare-jl"),
        (ClaimType.HOSPITAL_OUTPATIENT, "medicare-jm"),
        (None, "medicare-jl"),  # read as professional
    ],
)
def test_virginia_is_divided_for_part_b(claim_type: ClaimType | None, expected: str) -> None:
    place = Location(state="VA", county="Arlington")

    answer = code(place, Technique.MEDIAL_BRANCH_BLOCK, "L4-5:left", claim_type=claim_type)

    assert isinstance(answer, CodedSession)
    assert answer.claim.policy == expected
    assert NoteId.JURISDICTION not in {note.id for note in answer.notes}
