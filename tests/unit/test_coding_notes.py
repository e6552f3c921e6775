"""Every note and reason, where it appears and where not; and lines that the design settles."""

import datetime as dt
import functools
import itertools
from collections.abc import Callable
from typing import NamedTuple

import attrs
import pytest

from cptfacet import policies
from cptfacet.anatomy import Joint, Side, parse_nerve, parse_side
from cptfacet.claims import ClaimType, Location, Purpose
from cptfacet.coding import CodedSession, Coder, Note, NoteId, Reason, Refusal, code_session
from cptfacet.errors import SessionError
from cptfacet.sessions import (
    Guidance,
    Session,
    Technique,
    TreatedNerve,
    Treatment,
    parse_target,
)

Answer = CodedSession | Refusal

TODAY = "2026-03-02"
FLUOROSCOPY = Guidance.FLUOROSCOPY
DIAGNOSTIC = Purpose.DIAGNOSTIC
THERAPEUTIC = Purpose.THERAPEUTIC
PROFESSIONAL = ClaimType.PROFESSIONAL
ASC = ClaimType.ASC_FACILITY


def block(
    *targets: str,
    nerves: tuple[str, ...] = (),
    technique: Technique = Technique.MEDIAL_BRANCH_BLOCK,
    purpose: Purpose | None = THERAPEUTIC,
    guidance: Guidance | None = FLUOROSCOPY,
) -> Treatment:
    """Make a treatment from words, each joint or nerve with its side behind a colon."""
    listed = [entry.partition(":") for entry in nerves]
    return Treatment(
        technique=technique,
        purpose=purpose,
        guidance=guidance,
        targets=tuple(map(parse_target, targets)),
        nerves=tuple(
            TreatedNerve(nerve=parse_nerve(name), side=parse_side(side) if side else None)
            for name, _, side in listed
        ),
    )


def injection(*targets: str, purpose: Purpose | None = THERAPEUTIC) -> Treatment:
    """Make an injection into joints."""
    return block(*targets, technique=Technique.INTRA_ARTICULAR_INJECTION, purpose=purpose)


def ablation(*targets: str, nerves: tuple[str, ...] = ()) -> Treatment:
    """Make a thermal ablation."""
    technique = Technique.THERMAL_RADIOFREQUENCY_ABLATION
    return block(*targets, nerves=nerves, technique=technique)


def pulsed(*targets: str) -> Treatment:
    """Make a pulsed ablation."""
    return block(*targets, technique=Technique.PULSED_RADIOFREQUENCY_ABLATION)


CODERS = functools.cache(Coder)


def code(
    *treatments: Treatment,
    policy: str = "cpt",
    date: str = TODAY,
    claim_type: ClaimType | None = PROFESSIONAL,
    meant: str | None = None,
    place: Location | None = None,
) -> Answer:
    """Code a session under a policy; ``meant`` is the one that the session itself names."""
    session = Session(
        date=dt.date.fromisoformat(date),
        treatments=treatments,
        claim_type=claim_type,
        policy=meant,
        location=place,
    )
    return CODERS(policy).code(session)


def lines(answer: Answer) -> list[str]:
    """Write the lines of a coded session."""
    assert isinstance(answer, CodedSession), answer
    return [line.text for line in answer.claim.lines]


def notes(answer: Answer, note_id: NoteId) -> list[Note]:
    """List the notes of one kind."""
    assert isinstance(answer, CodedSession), answer
    return [note for note in answer.notes if note.id is note_id]


# -- each note


class Shown(NamedTuple):
    """A session in which a note or a reason appears, one in which it does not, and what it says."""

    appears: Callable[[], Answer]
    absent: Callable[[], Answer]
    says: str


NOTES = {
    NoteId.REFUSED: Shown(
        lambda: code(block("L4-5:left"), pulsed("L3-4:left")),
        lambda: code(block("L4-5:left")),
        "64999 x1",
    ),
    NoteId.SIDE_NOT_DOCUMENTED: Shown(
        lambda: code(block("L4-5", "L5-S1:left")),
        lambda: code(block("L4-5:left", "L5-S1:both")),
        "No side is documented for L4-L5:",
    ),
    NoteId.REPEATED: Shown(
        lambda: code(block("L4-5:left", "L4-5:left")),
        lambda: code(block("L4-5:left", "L4-5:right")),
        "L4-L5 is listed more than once",
    ),
    NoteId.JOINTS_FROM_NERVES: Shown(
        lambda: code(block(nerves=("L3:left", "L4:left"))),
        lambda: code(block("L4-5:left", nerves=("L3:left", "L4:left"))),
        "L4-L5 (L3 and L4)",
    ),
    NoteId.NERVE_WITHOUT_JOINT: Shown(
        lambda: code(block(nerves=("L3:left", "L4:left", "L1:left"))),
        lambda: code(block(nerves=("L3:left", "L4:left", "L5:left"))),
        "L1 (left)",
    ),
    NoteId.NERVES_INCOMPLETE: Shown(
        lambda: code(block("L4-5:left", nerves=("L4:left", "L5:left"))),
        lambda: code(block("L4-5:left", nerves=("L3:left", "L4:left"))),
        "L3 and L4",
    ),
    NoteId.FURTHER_JOINT: Shown(
        lambda: code(block("L4-5:left", nerves=("L3:left", "L4:left", "L5:left"))),
        lambda: code(block("L4-5:left", "L5-S1:left", nerves=("L3:left", "L4:left", "L5:left"))),
        "complete L5-S1; it is not listed as treated",
    ),
    NoteId.INCLUDED_IN_ABLATION: Shown(
        lambda: code(ablation("L4-5:left"), injection("L4-5:left", "L3-4:left")),
        lambda: code(ablation("L4-5:left"), injection("L3-4:left")),
        "L4-L5 is included",
    ),
    NoteId.SHARED_LEVEL: Shown(
        lambda: code(block("L4-5:left"), injection("L4-5:left")),
        lambda: code(block("L4-5:left"), injection("L4-5:right")),
        "L4-L5 was treated more than once on one side",
    ),
    NoteId.FAMILY_PAIR: Shown(
        lambda: code(block("C4-5:left"), ablation("L4-5:left"), policy="medicare"),
        lambda: code(block("C4-5:left"), ablation("L4-5:left")),
        "only as distinct services",
    ),
    NoteId.NO_MAC_INSTRUCTION: Shown(
        lambda: code(block("T12-L1:left", "L2-3:left"), policy="medicare"),
        lambda: code(block("T12-L1:left", "L1-2:left"), policy="medicare"),
        "T12-L1",
    ),
    NoteId.NOT_KNOWN: Shown(
        lambda: code(block("T12-L1", "L1-2"), policy="medicare", date="2024-12-31"),
        lambda: code(block("T12-L1", "L1-2"), policy="medicare", date="2025-01-01"),
        "2025-01-01",
    ),
    NoteId.PURPOSE_NOT_STATED: Shown(
        lambda: code(block("L4-5:left", purpose=None), policy="medicare"),
        lambda: code(block("L4-5:left", purpose=None), policy="cpt"),
        "no KX",
    ),
    NoteId.PURPOSE_MIXED: Shown(
        lambda: code(
            block("L4-5:left", purpose=DIAGNOSTIC), injection("L4-5:left"), policy="medicare"
        ),
        lambda: code(
            block("L4-5:left", purpose=DIAGNOSTIC), injection("L3-4:left"), policy="medicare"
        ),
        "L4-L5",
    ),
    NoteId.ATTESTS: Shown(
        lambda: code(block("L4-5:left", purpose=DIAGNOSTIC), policy="medicare"),
        lambda: code(block("L4-5:left", purpose=THERAPEUTIC), policy="medicare"),
        "coding has not tested them",
    ),
    NoteId.JUDGMENT: Shown(
        lambda: code(block("L3-4:right", "L4-5:left")),
        lambda: code(block("L3-4:right", "L4-5:right")),
        "levels.order",
    ),
    NoteId.CAVEAT: Shown(
        lambda: code(block("T12-L1:left", "L1-2:left"), policy="medicare"),
        lambda: code(block("T12-L1:left", "L1-2:left")),
        "expect questions",
    ),
    NoteId.POLICY_DIFFERS: Shown(
        lambda: code(block("L4-5:left"), meant="medicare"),
        lambda: code(block("L4-5:left"), meant="cpt"),
        "medicare",
    ),
    NoteId.JURISDICTION: Shown(
        lambda: code(block("L4-5:left"), policy="medicare", place=Location(state="OH")),
        lambda: code(block("L4-5:left"), policy="medicare-j15", place=Location(state="OH")),
        "The location is in J15 (CGS); its policy medicare-j15 adds to medicare",
    ),
    NoteId.CLAIM_TYPE_NOT_STATED: Shown(
        lambda: code(block("L4-5:left"), claim_type=None),
        lambda: code(block("L4-5:left"), claim_type=ASC),
        "professional",
    ),
}

REASONS = {
    Reason.GUIDANCE_NOT_STATED: Shown(
        lambda: code(block("L4-5:left", guidance=None)),
        lambda: code(block("L4-5:left", guidance=Guidance.MRI)),
        "is not stated",
    ),
    Reason.OTHER_CODE: Shown(
        lambda: code(pulsed("L4-5:left")),
        lambda: code(block(technique=Technique.FACET_CYST_RUPTURE)),
        "64999 x1",
    ),
    Reason.NOT_KNOWN: Shown(
        lambda: code(block("L4-5:left", technique=Technique.COOLED_RADIOFREQUENCY_ABLATION)),
        lambda: code(pulsed("L4-5:left")),
        "no source we have read states which temperature counts",
    ),
    Reason.NO_LEVEL_DOCUMENTED: Shown(
        lambda: code(block()),
        lambda: code(block(nerves=("L4",))),
        "list the joints or the nerves that were treated",
    ),
    Reason.NO_COMPLETE_LEVEL: Shown(
        lambda: code(block(nerves=("L4:left",))),
        lambda: code(block()),
        "does not complete a joint",
    ),
    Reason.NO_MEDIAL_BRANCH: Shown(
        lambda: code(block("C1-2:left")),
        lambda: code(block(nerves=("C2:left", "C3:left"))),
        "C1-C2 has no pair of medial branches",
    ),
    Reason.CODES_NOT_IN_FORCE: Shown(
        lambda: code(block("L4-5:left"), date="2009-12-31"),
        lambda: code(pulsed("L4-5:left"), date="2009-12-31"),
        "64475",
    ),
    Reason.SEVERAL: Shown(
        lambda: code(pulsed("L4-5:left"), block("L4-5:left", guidance=None)),
        lambda: code(pulsed("L4-5:left"), pulsed("L3-4:left")),
        "64999 x1",
    ),
}


def test_every_note_and_reason_is_shown() -> None:
    assert set(NOTES) == set(NoteId)
    assert set(REASONS) == set(Reason)


@pytest.mark.parametrize("note_id", NOTES)
def test_a_note_appears_where_it_belongs(note_id: NoteId) -> None:
    shown = NOTES[note_id]
    (note,) = notes(shown.appears(), note_id)

    assert shown.says in note.message
    assert notes(shown.absent(), note_id) == []
    assert (note.refusal is not None) is (note_id is NoteId.REFUSED)


TEXAS, NOWHERE = Location(state="TX"), Location(locality="05")


@pytest.mark.parametrize(
    ("policy", "meant", "place", "expected"),
    [
        ("medicare", None, None, {}),
        ("cpt", None, TEXAS, {}),
        ("medicare", "medicare", None, {}),
        ("medicare-jh", "medicare", TEXAS, {}),
        ("medicare-jh", "medicare-jh", TEXAS, {}),
        ("medicare-jh", None, NOWHERE, {}),
        ("medicare", None, NOWHERE, {NoteId.JURISDICTION: "no state is given"}),
        ("medicare", "medicare", TEXAS, {NoteId.JURISDICTION: "medicare-jh adds to medicare"}),
        ("medicare-je", None, TEXAS, {NoteId.JURISDICTION: "medicare-jh applies there, not"}),
        ("medicare-jh", "medicare", NOWHERE, {NoteId.POLICY_DIFFERS: "names the policy medicare;"}),
        ("medicare-jh", "cpt", TEXAS, {NoteId.POLICY_DIFFERS: "names the policy cpt;"}),
        (
            "medicare-je",
            "medicare",
            TEXAS,
            {NoteId.POLICY_DIFFERS: "medicare-je", NoteId.JURISDICTION: "applies there"},
        ),
    ],
)
def test_what_is_said_of_policy_and_place(
    policy: str, meant: str | None, place: Location | None, expected: dict[NoteId, str]
) -> None:
    """A session stays under the policy it is given; where its place asks for another, it says so.

    The policy of a jurisdiction is what a session means that names the shared one and its place.
    """
    answer = code(block("L4-5:left"), policy=policy, meant=meant, place=place)

    assert isinstance(answer, CodedSession)
    about = (NoteId.POLICY_DIFFERS, NoteId.JURISDICTION)
    said = {note.id: note.message for note in answer.notes if note.id in about}
    assert set(said) == set(expected)
    assert all(words in said[note] for note, words in expected.items())
    assert answer.claim.policy == policy


@pytest.mark.parametrize("reason", REASONS)
def test_a_session_is_refused_for_its_reason(reason: Reason) -> None:
    shown = REASONS[reason]
    refused, other = shown.appears(), shown.absent()

    assert isinstance(refused, Refusal)
    assert refused.reason is reason
    assert shown.says in refused.message
    assert isinstance(other, Refusal)
    assert other.reason is not reason


def of_a_part(refusal: Refusal) -> Refusal:
    """Return a refusal as it stands in the note of a session that is coded beside it."""
    return attrs.evolve(refusal, session=None)


@pytest.mark.parametrize("reason", [reason for reason in REASONS if reason is not Reason.SEVERAL])
def test_a_refused_part_is_a_note_beside_what_is_coded(reason: Reason) -> None:
    """What is codable is coded; the date of an injection that has no code yet has none at all."""
    if reason is Reason.CODES_NOT_IN_FORCE:
        answer = code(block("L4-5:left"), ablation("C4-5:left"), date="2011-12-31")
        whole: Answer = code(ablation("C4-5:left"), date="2011-12-31")
        assert lines(answer) == ["64493-LT x1"]
    else:
        whole = REASONS[reason].appears()
        part = {
            Reason.GUIDANCE_NOT_STATED: block("L4-5:left", guidance=None),
            Reason.OTHER_CODE: pulsed("L4-5:left"),
            Reason.NOT_KNOWN: block(
                "L4-5:left", technique=Technique.COOLED_RADIOFREQUENCY_ABLATION
            ),
            Reason.NO_LEVEL_DOCUMENTED: block(),
            Reason.NO_COMPLETE_LEVEL: block(nerves=("L4:left",)),
            Reason.NO_MEDIAL_BRANCH: block("C1-2:left"),
        }[reason]
        answer = code(part, ablation("T5-6:right"))
        assert lines(answer) == ["64633-RT x1"]
    assert isinstance(whole, Refusal)
    assert [note.refusal for note in notes(answer, NoteId.REFUSED)] == [of_a_part(whole)]


def test_the_same_refusal_is_said_once() -> None:
    refused = code(pulsed("L4-5:left"), pulsed("L3-4:left"))
    once = code(pulsed("L4-5:left"))

    assert isinstance(refused, Refusal)
    assert isinstance(once, Refusal)
    assert of_a_part(refused) == of_a_part(once)


def test_several_refusals_keep_their_lines() -> None:
    unimaged = block("L4-5:left", guidance=Guidance.NONE)
    refused = code(unimaged, pulsed("L4-5:left"))

    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.OTHER_CODE
    assert [line.text for line in refused.instead] == ["20552 x1", "64999 x1"]
    assert len(refused.citations) == len(set(refused.citations))


@pytest.mark.parametrize("about", [*NOTES, *REASONS], ids=repr)
def test_an_explanation_says_all_of_it(about: NoteId | Reason) -> None:
    shown = NOTES[about] if isinstance(about, NoteId) else REASONS[about]
    answer = shown.appears()
    said = " ".join(answer.explain().split())

    if isinstance(answer, Refusal):
        assert answer.message in said
        assert all(line.text in said for line in answer.instead)
        return
    assert all(line.text in said for line in answer.claim.lines)
    assert all(note.message in said for note in answer.notes)
    judged = any(note.id is NoteId.JUDGMENT for note in answer.notes)
    assert ("Our judgment: " in said) is judged


# -- sides: levels are never blended, and the third one has its own rule

EVERY_PAYER = pytest.mark.parametrize("policy", policies.ids())
EVERY_CLAIM = pytest.mark.parametrize("claim_type", ClaimType)


@EVERY_PAYER
@EVERY_CLAIM
@pytest.mark.parametrize("treat", [block, injection, ablation])
def test_two_sides_at_two_levels_are_two_levels(
    policy: str, claim_type: ClaimType, treat: Callable[..., Treatment]
) -> None:
    answer = code(treat("L3-4:right", "L4-5:left"), policy=policy, claim_type=claim_type)
    first, second = lines(answer)

    assert first.split()[0].split("-")[1:] == ["RT"]
    assert second.split()[0].split("-")[1:] == ["LT"]


@pytest.mark.parametrize(
    ("policy", "claim_type", "expected"),
    [
        ("medicare", PROFESSIONAL, ["64493-50 x1", "64494-RT x1", "64495-LT x1"]),
        ("medicare", ASC, ["64493-RT x1", "64493-LT x1", "64494-RT x1", "64495-LT x1"]),
        ("cpt", PROFESSIONAL, ["64493-50 x1", "64494-RT x1", "64495-LT x1"]),
        ("cpt", ASC, ["64493-50 x1", "64494-RT x1", "64495-LT x1"]),
    ],
)
def test_the_level_of_both_sides_comes_first(
    policy: str, claim_type: ClaimType, expected: list[str]
) -> None:
    treated = injection("L3-4:right", "L4-5:right", "L4-5:left", "L5-S1:left")
    answer = code(treated, policy=policy, claim_type=claim_type)

    assert lines(answer) == expected
    assert isinstance(answer, CodedSession)
    assert answer.why[0].joints == (Joint.L4_L5,)
    assert answer.why[-1].joints == (Joint.L5_S1,)
    assert notes(answer, NoteId.REPEATED) == []


@pytest.mark.parametrize(
    ("third", "line"),
    [
        (("L3-4:right", "L4-5:right"), "64495-RT x1"),
        (("L3-4:left", "L4-5:left"), "64495-LT x1"),
        (("L3-4:right", "L4-5:left"), "64495 x1"),
        (("L3-4:left", "L4-5"), "64495 x1"),
        (("L3-4", "L4-5"), "64495 x1"),
        (("L3-4:both", "L4-5:left"), "64495-50 x1"),
        (("L3-4:both", "L4-5"), "64495-50 x1"),
        (("L3-4:both", "L4-5:both"), "64495-50 x1"),
    ],
)
def test_the_third_and_further_levels_are_one_line(third: tuple[str, ...], line: str) -> None:
    answer = code(injection("L1-2:both", "L2-3:both", *third), policy="medicare")

    assert lines(answer) == ["64493-50 x1", "64494-50 x1", line]
    assert isinstance(answer, CodedSession)
    assert answer.why[-1].joints == (Joint.L3_L4, Joint.L4_L5)
    said = [note.message for note in notes(answer, NoteId.JUDGMENT)]
    differ = len({target.partition(":")[2] for target in third}) > 1
    assert any("levels.third-side" in message for message in said) is differ


@pytest.mark.slow
@EVERY_PAYER
@EVERY_CLAIM
def test_every_treated_joint_stands_in_the_reason_of_a_line(
    policy: str, claim_type: ClaimType
) -> None:
    joints = ("L1-2", "L2-3", "L3-4", "L4-5")
    for sides in itertools.product(("both", "right", "left", ""), repeat=4):
        targets = [f"{joint}:{side}" for joint, side in zip(joints, sides, strict=True)]
        answer = code(injection(*targets), policy=policy, claim_type=claim_type)

        assert isinstance(answer, CodedSession)
        named = {joint for why in answer.why for joint in why.joints}
        assert named == {Joint.L1_L2, Joint.L2_L3, Joint.L3_L4, Joint.L4_L5}, targets


def test_an_ablation_bills_each_further_joint_on_its_side() -> None:
    treated = ("L1-2:both", "L2-3:both", "L3-4:right", "L4-5:right", "L5-S1:left")

    assert lines(code(ablation(*treated), policy="medicare")) == [
        "64635-50 x1",
        "64636-50 x1",
        "64636-RT x2",
        "64636-LT x1",
    ]
    assert lines(code(ablation(*treated), policy="medicare", claim_type=ASC)) == [
        "64635-RT x1",
        "64635-LT x1",
        "64636-RT x3",
        "64636-LT x2",
    ]
    assert lines(code(ablation(*treated))) == [
        "64635-50 x1",
        "64636 x2",
        "64636-RT x2",
        "64636-LT x1",
    ]


def test_the_form_of_an_add_on_changes_with_2020_under_cpt_and_not_under_medicare() -> None:
    treated = block("L4-5:both", "L5-S1:both")

    assert lines(code(treated, date="2019-12-31")) == ["64493-50 x1", "64494-50 x1"]
    assert lines(code(treated, date="2020-01-01")) == ["64493-50 x1", "64494 x2"]
    for date in ("2019-12-31", "2020-01-01"):
        assert lines(code(treated, policy="medicare", date=date)) == ["64493-50 x1", "64494-50 x1"]


def test_a_commercial_payer_has_the_form_of_cpt_and_the_note_to_ask() -> None:
    answer = code(block("L4-5:both", "L5-S1:both"), policy="commercial")

    assert lines(answer) == ["64493-50 x1", "64494 x2"]
    (note,) = notes(answer, NoteId.JUDGMENT)
    assert "Ask the payer" in note.message


def test_both_sides_on_an_asc_claim_before_the_first_sighting_are_not_known() -> None:
    both, right = injection("L3-4:right", "L4-5:both"), injection("L3-4:right", "L4-5:right")
    refused = code(both, policy="medicare", date="2017-06-15", claim_type=ASC)

    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.NOT_KNOWN
    assert "2017-06-16" in refused.message
    for treated, date in ((right, "2017-06-15"), (both, "2017-06-16")):
        assert lines(code(treated, policy="medicare", date=date, claim_type=ASC))


# -- nerves


def test_the_third_occipital_nerve_alone_or_with_c2_is_one_joint() -> None:
    for nerves in (("TON:left",), ("TON:left", "C2:left")):
        answer = code(block(nerves=nerves))

        assert lines(answer) == ["64490-LT x1"]
        assert notes(answer, NoteId.NERVE_WITHOUT_JOINT) == []


def test_c2_and_c3_without_the_third_occipital_nerve_are_asked_about() -> None:
    refused = code(block(nerves=("C2:left", "C3:left")))
    partly = code(block(nerves=("C2:left", "C3:left", "C4:left")))

    assert isinstance(refused, Refusal)
    assert "third occipital nerve" in refused.message
    assert lines(partly) == ["64490-LT x1"]
    (note,) = notes(partly, NoteId.NERVE_WITHOUT_JOINT)
    assert "third occipital nerve" in note.message


def test_a_nerve_beside_the_third_occipital_is_not_said_to_lack_it() -> None:
    answer = code(block(nerves=("TON:left", "C2:left", "C3:left")))
    (note,) = notes(answer, NoteId.NERVE_WITHOUT_JOINT)

    assert note.message.startswith("C3 (left)")
    assert "third occipital" not in note.message


def test_c2_on_the_side_without_the_third_occipital_nerve_is_noted() -> None:
    answer = code(block(nerves=("TON:left", "C2:right")))
    (note,) = notes(answer, NoteId.NERVE_WITHOUT_JOINT)

    assert lines(answer) == ["64490-LT x1"]
    assert note.message.startswith("C2 (right)")


def test_nerves_are_counted_a_side_at_a_time() -> None:
    answer = code(block(nerves=("L3:both", "L4:both", "L5:right")), policy="medicare")

    assert lines(answer) == ["64493-50 x1", "64494-RT x1"]


def test_where_targets_are_given_they_decide() -> None:
    answer = code(block("L4-5:right", nerves=("L3:left", "L4:left")))

    assert lines(answer) == ["64493-RT x1"]
    assert len(notes(answer, NoteId.NERVES_INCOMPLETE)) == 1


def test_an_injection_into_the_joint_is_documented_by_joints() -> None:
    into_joint = Technique.INTRA_ARTICULAR_INJECTION
    refused = code(block(nerves=("L3:left", "L4:left"), technique=into_joint))

    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.NO_LEVEL_DOCUMENTED


@pytest.mark.parametrize("joint", ["C0-1", "C1-2"])
@pytest.mark.parametrize("treat", [block, ablation])
def test_only_an_injection_reaches_the_joints_above_c2(
    joint: str, treat: Callable[..., Treatment]
) -> None:
    refused = code(treat(f"{joint}:left"))

    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.NO_MEDIAL_BRANCH
    assert lines(code(injection(f"{joint}:left"))) == ["64490-LT x1"]


@pytest.mark.parametrize(
    ("nerves", "treat", "date", "instead"),
    [
        (("S1:left", "S2:left", "S3:left"), block, TODAY, ["64451-LT x1"]),
        (("S1:left", "S2:left", "S3:left"), ablation, TODAY, ["64625-LT x1"]),
        (("S1:left",), ablation, "2019-12-31", []),
        (("GON:left", "LON:left"), block, TODAY, ["64405-LT x1", "64450-LT x1"]),
        (("GON:left",), ablation, TODAY, []),
        (("L5:left", "S1:left"), block, TODAY, ["64451-LT x1"]),
    ],
)
def test_other_nerves_are_reported_with_their_own_codes(
    nerves: tuple[str, ...], treat: Callable[..., Treatment], date: str, instead: list[str]
) -> None:
    refused = code(treat(nerves=nerves), date=date)

    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.NO_COMPLETE_LEVEL
    assert [line.text for line in refused.instead] == instead
    assert bool(refused.citations) is bool(instead)


# -- several treatments


def test_two_kinds_of_treatment_are_two_groups_ablation_first() -> None:
    answer = code(
        block("C4-5:left", "C5-6:left", purpose=DIAGNOSTIC),
        ablation("L4-5:right", "L5-S1:right"),
        policy="medicare",
    )

    assert lines(answer) == ["64635-RT x1", "64636-RT x1", "64490-LT-KX x1", "64491-LT-KX x1"]
    assert isinstance(answer, CodedSession)
    assert answer.claim.purpose is None


def test_injection_techniques_share_their_levels() -> None:
    answer = code(block("L4-5:left", "L5-S1:left"), injection("L4-5:right", "L3-4:left"))

    assert lines(answer) == ["64493-50 x1", "64494-LT x1", "64495-LT x1"]


@pytest.mark.parametrize("under_ultrasound_first", [True, False])
def test_one_joint_under_two_guidances_is_one_level(*, under_ultrasound_first: bool) -> None:
    seen = block("L4-5:left", "L3-4:left", guidance=Guidance.ULTRASOUND)
    treatments = (seen, block("L4-5:left"))
    answer = code(*(treatments if under_ultrasound_first else treatments[::-1]))

    assert lines(answer) == ["64493-LT x1", "0216T-LT x1"]
    assert isinstance(answer, CodedSession)
    assert [why.joints for why in answer.why] == [(Joint.L4_L5,), (Joint.L3_L4,)]
    assert notes(answer, NoteId.SHARED_LEVEL)


def test_an_injection_at_an_ablated_joint_is_included_a_side_at_a_time() -> None:
    answer = code(ablation("L4-5:right"), block("L4-5:both", purpose=DIAGNOSTIC), policy="medicare")

    assert lines(answer) == ["64635-RT x1", "64493-LT-KX x1"]
    (note,) = notes(answer, NoteId.INCLUDED_IN_ABLATION)
    assert "the left side was not ablated" in note.message


@pytest.mark.parametrize(
    ("ablated", "injected", "expected"),
    [
        ("left", "left", ["64635-LT x1"]),
        ("both", "left", ["64635-50 x1"]),
        ("both", "both", ["64635-50 x1"]),
        ("left", "right", ["64635-LT x1", "64493-RT x1"]),
        ("", "right", ["64635 x1"]),
        ("", "both", ["64635 x1", "64493 x1"]),
        ("right", "", ["64635-RT x1"]),
        ("both", "", ["64635-50 x1"]),
        ("", "", ["64635 x1"]),
    ],
)
def test_what_is_left_of_an_injection_beside_an_ablation(
    ablated: str, injected: str, expected: list[str]
) -> None:
    answer = code(ablation(f"L4-5:{ablated}"), injection(f"L4-5:{injected}"))

    assert lines(answer) == expected
    included = notes(answer, NoteId.INCLUDED_IN_ABLATION)
    assert bool(included) is ((ablated, injected) != ("left", "right"))
    open_side = (ablated, injected) in (("", "right"), ("right", ""), ("", ""))
    assert any("ask" in note.message for note in included) is open_side


@pytest.mark.parametrize("side", ["right", "left", "both"])
def test_a_side_not_named_by_nerves_never_makes_both_sides(side: str) -> None:
    """A joint without side beside the same joint with one is an error, or at least not both."""
    by_nerves = block(nerves=("L3", "L4"))
    by_joint = injection(f"L4-5:{side}")
    found: list[list[str]] = []
    for treatments in ((by_nerves, by_joint), (by_joint, by_nerves)):
        try:
            found.append(lines(code(*treatments)))
        except SessionError:
            found.append([])

    assert found[0] == found[1]
    assert side == "both" or "64493-50 x1" not in found[0]


def test_the_claim_carries_purpose_diagnoses_and_type() -> None:
    session = Session(
        date=dt.date.fromisoformat(TODAY),
        treatments=(block("L4-5:left", "L5-S1:left", purpose=DIAGNOSTIC),),
        claim_type=ASC,
        diagnoses=("M47.816", "M47.817"),
    )
    answer = code_session(session, policy=policies.get("medicare"))

    assert isinstance(answer, CodedSession)
    assert answer.claim.purpose is DIAGNOSTIC
    assert answer.claim.claim_type is ASC
    assert {line.diagnoses for line in answer.claim.lines} == {("M47.816", "M47.817")}
    assert [why.line for why in answer.why] == [1, 2]


def test_a_coder_answers_as_the_single_call_on_every_date() -> None:
    policy = policies.get("medicare")
    coder = Coder(policy)
    for date in ("2026-03-02", "2009-12-31", "2021-04-25", "2021-05-02", "2024-12-31", TODAY):
        session = Session(
            date=dt.date.fromisoformat(date),
            treatments=(block("T12-L1:left", "L1-2:both", purpose=DIAGNOSTIC),),
            claim_type=PROFESSIONAL,
        )
        assert coder.code(session) == code_session(session, policy=policy)


@pytest.mark.slow
@EVERY_PAYER
def test_a_coder_that_has_coded_before_answers_as_a_new_one(policy: str) -> None:
    """What a coder keeps of one session never shows in another: joints, notes or refusals."""
    used = Coder(policies.get(policy))
    sides = ("right", "both", "")
    for upper, lower in itertools.pairwise(("T12-L1", "L1-2", "L3-4", "L4-5")):
        for one, other, purpose in itertools.product(sides, sides, (DIAGNOSTIC, None)):
            session = Session(
                date=dt.date.fromisoformat(TODAY),
                treatments=(
                    block(f"{upper}:{one}", f"{lower}:{other}", purpose=purpose),
                    injection(f"{lower}:{other}"),
                ),
                claim_type=ASC,
            )

            assert used.code(session) == Coder(policies.get(policy)).code(session)


def test_a_coder_answers_alike_whatever_regions_it_coded_before() -> None:
    """Where the order of levels is not known, each session with mixed sides says so."""
    cpt = policies.get("cpt")
    told = tuple(p for p in cpt.provisions if p.key != "levels.order")
    policy = attrs.evolve(cpt, id="own", provisions=told)
    lumbar = ("L3-4:both", "L4-5:right")
    used = Coder(policy)
    for targets in (("C3-4:right", *lumbar), lumbar, ("C3-4:right", *lumbar)):
        session = Session(date=dt.date.fromisoformat(TODAY), treatments=(block(*targets),))
        answer = used.code(session)

        assert answer == Coder(policy).code(session)
        assert isinstance(answer, CodedSession)
        assert any(note.message.startswith("order of levels") for note in answer.notes)


# -- T12-L1


@pytest.mark.parametrize(
    ("treat", "date", "expected"),
    [
        (block, "2024-12-31", ["64490-RT x1", "64493-50 x1"]),
        (block, "2025-01-01", ["64490-RT x1", "64494-50 x1"]),
        (block, TODAY, ["64490-RT x1", "64494-50 x1"]),
        (ablation, "2024-12-31", ["64633-RT x1", "64635-50 x1"]),
        (ablation, "2025-01-01", ["64633-RT x1", "64636-50 x1"]),
    ],
)
def test_t12_l1_with_l1_l2_under_medicare(
    treat: Callable[..., Treatment], date: str, expected: list[str]
) -> None:
    answer = code(treat("T12-L1:right", "L1-2:both"), policy="medicare", date=date)

    assert lines(answer) == expected
    assert bool(notes(answer, NoteId.NOT_KNOWN)) is (date == "2024-12-31")
    assert notes(answer, NoteId.NO_MAC_INSTRUCTION) == []


def test_t12_l1_with_l1_l2_under_ultrasound_has_two_primaries() -> None:
    treated = block("T12-L1:right", "L1-2:right", guidance=Guidance.ULTRASOUND)

    assert lines(code(treated, policy="medicare")) == ["0213T-RT x1", "0216T-RT x1"]


@pytest.mark.parametrize("policy", ["cpt", "commercial"])
@pytest.mark.parametrize("treat", [block, ablation])
def test_t12_l1_with_l1_l2_elsewhere_has_two_primaries(
    policy: str, treat: Callable[..., Treatment]
) -> None:
    first, second = lines(code(treat("T12-L1:right", "L1-2:right"), policy=policy))

    assert first[:5] in ("64490", "64633")
    assert second[:5] in ("64493", "64635")


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (("T12-L1:left", "L2-3:left"), ["64490-LT x1", "64493-LT x1"]),
        (("T12-L1", "L1-2", "L2-3"), ["64490 x1", "64493 x1", "64494 x1"]),
        (("T11-12", "T12-L1", "L1-2"), ["64490 x1", "64491 x1", "64493 x1"]),
        (("C5-6", "T12-L1", "L1-2"), ["64490 x1", "64491 x1", "64493 x1"]),
    ],
)
def test_what_the_sentence_of_the_contractors_does_not_speak_of(
    targets: tuple[str, ...], expected: list[str]
) -> None:
    answer = code(block(*targets), policy="medicare")

    assert lines(answer) == expected
    assert len(notes(answer, NoteId.NO_MAC_INSTRUCTION)) == 1
    assert notes(code(block(*targets)), NoteId.NO_MAC_INSTRUCTION) == []


@pytest.mark.parametrize("targets", [("T12-L1",), ("T11-12", "T12-L1"), ("C5-6", "L1-2")])
def test_sessions_that_need_no_instruction(targets: tuple[str, ...]) -> None:
    answer = code(block(*targets), policy="medicare")

    assert notes(answer, NoteId.NO_MAC_INSTRUCTION) == []


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2010-06-01", ["64493-LT x1"]),
        ("2010-12-31", ["64493-LT x1"]),
        ("2014-12-31", ["64490-LT x1"]),
        (TODAY, ["64490-LT x1"]),
    ],
)
def test_the_region_of_t12_l1_by_date(date: str, expected: list[str]) -> None:
    assert lines(code(block("T12-L1:left"), date=date)) == expected


@pytest.mark.parametrize("date", ["2011-01-01", "2012-06-01", "2014-12-30"])
def test_no_source_tells_the_region_of_t12_l1_in_between(date: str) -> None:
    refused = code(block("T12-L1:left"), date=date)
    partly = code(block("T12-L1:left", "L4-5:left"), date=date)

    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.NOT_KNOWN
    assert refused.message.startswith("T12-L1")
    assert lines(partly) == ["64493-LT x1"]
    assert [note.refusal for note in notes(partly, NoteId.REFUSED)] == [of_a_part(refused)]


# -- KX


@EVERY_CLAIM
@pytest.mark.parametrize(
    ("date", "marked", "asked"),
    [
        ("2021-04-24", False, False),
        ("2021-04-25", False, True),
        ("2021-05-01", False, True),
        ("2021-05-02", True, False),
        (TODAY, True, False),
    ],
)
def test_kx_by_date(claim_type: ClaimType, date: str, *, marked: bool, asked: bool) -> None:
    treated = block("L3-4:left", "L4-5:left", "L5-S1:left", purpose=DIAGNOSTIC)
    answer = code(treated, policy="medicare", date=date, claim_type=claim_type)
    kx = "-KX" if marked else ""

    assert lines(answer) == [f"64493-LT{kx} x1", f"64494-LT{kx} x1", f"64495-LT{kx} x1"]
    assert bool(notes(answer, NoteId.ATTESTS)) is marked
    unknown = notes(answer, NoteId.NOT_KNOWN)
    assert bool(unknown) is asked
    assert all("J15" in note.message for note in unknown)


@pytest.mark.parametrize("date", ["2021-04-25", TODAY])
def test_kx_is_never_asked_of_other_lines(date: str) -> None:
    others = [
        block("L4-5:left", purpose=THERAPEUTIC),
        block("L4-5:left", purpose=DIAGNOSTIC, guidance=Guidance.ULTRASOUND),
        block(
            "L4-5:left",
            purpose=DIAGNOSTIC,
            technique=Technique.THERMAL_RADIOFREQUENCY_ABLATION,
        ),
    ]
    about = {NoteId.ATTESTS, NoteId.NOT_KNOWN, NoteId.PURPOSE_MIXED, NoteId.PURPOSE_NOT_STATED}
    for treated in others:
        answer = code(treated, policy="medicare", date=date)

        assert isinstance(answer, CodedSession)
        assert about.isdisjoint(note.id for note in answer.notes)
        assert all("KX" not in line.modifiers for line in answer.claim.lines)


@pytest.mark.parametrize("policy", ["cpt", "commercial"])
def test_kx_belongs_to_medicare(policy: str) -> None:
    answer = code(block("L4-5:left", purpose=DIAGNOSTIC), policy=policy)

    assert lines(answer) == ["64493-LT x1"]


def test_kx_stands_behind_the_side_on_each_line_of_a_facility() -> None:
    treated = block("L4-5:both", "L5-S1:right", purpose=DIAGNOSTIC)

    assert lines(code(treated, policy="medicare", claim_type=ASC)) == [
        "64493-RT-KX x1",
        "64493-LT-KX x1",
        "64494-RT-KX x1",
    ]


def test_a_line_that_stands_for_two_purposes_is_not_marked() -> None:
    treated = (
        block("L2-3:left", "L3-4:left", "L4-5:left", purpose=DIAGNOSTIC),
        injection("L5-S1:left", purpose=None),
    )
    answer = code(*treated, policy="medicare")

    assert lines(answer) == ["64493-LT-KX x1", "64494-LT-KX x1", "64495-LT x1"]
    (note,) = notes(answer, NoteId.PURPOSE_MIXED)
    assert "L4-L5, L5-S1" in note.message


# -- family of codes


@pytest.mark.parametrize(
    ("technique", "guidance", "policy", "expected"),
    [
        (Technique.MEDIAL_BRANCH_BLOCK, Guidance.CT, "cpt", ["64493-LT x1"]),
        (Technique.INTRA_ARTICULAR_INJECTION, Guidance.ULTRASOUND, "cpt", ["0216T-LT x1"]),
        (Technique.THERMAL_RADIOFREQUENCY_ABLATION, Guidance.CT, "medicare", ["64635-LT x1"]),
    ],
)
def test_technique_and_guidance_pick_the_family(
    technique: Technique, guidance: Guidance, policy: str, expected: list[str]
) -> None:
    treated = block("L4-5:left", technique=technique, guidance=guidance)

    assert lines(code(treated, policy=policy)) == expected


@pytest.mark.parametrize(
    ("technique", "guidance", "policy", "reason", "instead"),
    [
        (Technique.MEDIAL_BRANCH_BLOCK, Guidance.NONE, "cpt", Reason.OTHER_CODE, ["20552 x1"]),
        (Technique.MEDIAL_BRANCH_BLOCK, Guidance.MRI, "cpt", Reason.NOT_KNOWN, []),
        (
            Technique.THERMAL_RADIOFREQUENCY_ABLATION,
            Guidance.ULTRASOUND,
            "cpt",
            Reason.NOT_KNOWN,
            [],
        ),
        (
            Technique.COOLED_RADIOFREQUENCY_ABLATION,
            Guidance.FLUOROSCOPY,
            "medicare",
            Reason.NOT_KNOWN,
            [],
        ),
        (
            Technique.CHEMICAL_NEUROLYSIS,
            Guidance.FLUOROSCOPY,
            "medicare",
            Reason.OTHER_CODE,
            ["64999 x1"],
        ),
        (
            Technique.CHEMICAL_NEUROLYSIS,
            Guidance.FLUOROSCOPY,
            "cpt",
            Reason.OTHER_CODE,
            ["64999 x1"],
        ),
        (Technique.CRYOABLATION, Guidance.FLUOROSCOPY, "cpt", Reason.NOT_KNOWN, []),
        (Technique.LASER_ABLATION, None, "commercial", Reason.OTHER_CODE, ["64999 x1"]),
        (Technique.OPEN_DENERVATION, None, "cpt", Reason.NOT_KNOWN, []),
        (Technique.ENDOSCOPIC_DENERVATION, None, "medicare", Reason.OTHER_CODE, ["64999 x1"]),
        (Technique.FACET_CYST_RUPTURE, Guidance.CT, "medicare", Reason.NOT_KNOWN, ["64999 x1"]),
        (Technique.FACET_CYST_RUPTURE, Guidance.CT, "cpt", Reason.NOT_KNOWN, []),
    ],
)
def test_what_has_no_facet_code_is_refused(
    technique: Technique,
    guidance: Guidance | None,
    policy: str,
    reason: Reason,
    instead: list[str],
) -> None:
    refused = code(block("L4-5:left", technique=technique, guidance=guidance), policy=policy)

    assert isinstance(refused, Refusal)
    assert refused.reason is reason
    assert [line.text for line in refused.instead] == instead
    assert all(not line.modifiers for line in refused.instead)


@pytest.mark.slow
@pytest.mark.parametrize("technique", Technique)
@pytest.mark.parametrize("guidance", [*Guidance, None])
@EVERY_PAYER
def test_every_technique_and_guidance_has_an_answer_on_every_claim(
    technique: Technique, guidance: Guidance | None, policy: str
) -> None:
    treated = block("C1-2:left", "L4-5:both", "L5-S1", technique=technique, guidance=guidance)
    for claim_type, date in itertools.product(
        ClaimType, ("1999-01-01", "2009-12-31", "2010-01-01", "2011-12-31", "2021-04-25", TODAY)
    ):
        answer = code(treated, policy=policy, date=date, claim_type=claim_type)

        if isinstance(answer, Refusal):
            assert answer.message
            continue
        assert len(answer.why) == len(answer.claim.lines)
        assert all(why.provisions for why in answer.why)
        assert all(
            why.side is not Side.BILATERAL or Joint.L4_L5 in why.joints for why in answer.why
        )


@pytest.mark.parametrize(
    ("treat", "last", "first"),
    [
        (block, "2009-12-31", "2010-01-01"),
        (injection, "2009-12-31", "2010-01-01"),
        (ablation, "2011-12-31", "2012-01-01"),
    ],
)
def test_the_codes_have_a_first_day(treat: Callable[..., Treatment], last: str, first: str) -> None:
    refused = code(treat("L4-5:left"), date=last)

    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.CODES_NOT_IN_FORCE
    assert lines(code(treat("L4-5:left"), date=first))
