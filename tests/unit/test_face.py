"""What the verbs take, what they say when given something else, and what results have in common."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

import cptfacet
from cptfacet import Claim, ClaimType, Coder, policies
from cptfacet.claims import Location, parse_line
from cptfacet.coding.reasons import reason
from cptfacet.outline import Outline
from cptfacet.policies import Provision
from cptfacet.policies.vocabulary import KEYS, Uncoded

DAY = dt.date(2026, 3, 2)
SESSION = cptfacet.parse_session(
    date="2026-03-02",
    technique="mbb",
    purpose="diagnostic",
    guidance="fluoroscopy",
    claim_type="professional",
    joints=["L4-5:both", "L5-S1:both"],
)
PULSED = cptfacet.parse_session(date="2026-03-02", technique="pulsed-rfa", joints=["L4-5:left"])
CLAIM = Claim(
    claim_type=ClaimType.PROFESSIONAL,
    date=DAY,
    lines=(parse_line("64493-50-KX"), parse_line("64494-50-KX")),
)
VERBS: dict[str, Callable[..., Any]] = {
    "code_session": cptfacet.code_session,
    "decode_claim": cptfacet.decode_claim,
    "check_claim": cptfacet.check_claim,
    "repair_claim": cptfacet.repair_claim,
}
SEVERAL: dict[str, Callable[..., Any]] = {
    "code_session": cptfacet.code_sessions,
    "decode_claim": cptfacet.decode_claims,
    "check_claim": cptfacet.check_claims,
    "repair_claim": cptfacet.repair_claims,
}
ONE = {name: SESSION if name == "code_session" else CLAIM for name in VERBS}
WRONG: list[object] = [
    None,
    64493,
    "64493-50",
    {"lines": []},
    [parse_line("64493")],
    DAY,
    policies.get("cpt"),
]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("value", WRONG, ids=lambda value: type(value).__name__)
def test_a_verb_says_what_to_pass(verb: str, value: object) -> None:
    """The type is named, the value never: it may identify a patient."""
    with pytest.raises(
        TypeError, match=r"^(session takes a Session|claim takes a Claim), not "
    ) as e:
        VERBS[verb](value, policy="medicare")

    said = str(e.value)
    assert ": " in said
    assert "64493-50'" not in said


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("policy", [64493, ["medicare"], DAY])
def test_a_policy_is_a_policy_or_an_id(verb: str, policy: object) -> None:
    with pytest.raises(TypeError, match=r"^policy takes a Policy, not .*'medicare'"):
        VERBS[verb](ONE[verb], policy=policy)


@pytest.mark.parametrize("verb", VERBS)
def test_an_id_no_policy_has_names_those_near_it(verb: str) -> None:
    with pytest.raises(LookupError, match="medicare"):
        VERBS[verb](ONE[verb], policy="medicaid")


@pytest.mark.parametrize("verb", VERBS)
def test_no_policy_at_all(verb: str) -> None:
    with pytest.raises(TypeError, match=r"^no policy is named"):
        VERBS[verb](ONE[verb])


@pytest.mark.parametrize("verb", VERBS)
def test_several_are_answered_as_each_alone(verb: str) -> None:
    one = VERBS[verb](ONE[verb], policy="medicare")

    assert list(SEVERAL[verb]([ONE[verb]] * 2, policy="medicare")) == [one, one]
    assert one == VERBS[verb](ONE[verb], policy=policies.get("medicare"))


@pytest.mark.parametrize("verb", ["check_claim", "repair_claim"])
@pytest.mark.parametrize("name", ["session", "history"])
def test_what_stands_beside_a_claim(verb: str, name: str) -> None:
    given: dict[str, Any] = {name: [CLAIM]}
    with pytest.raises(TypeError, match=f"^{name} takes a {name.title()}, not a list: "):
        VERBS[verb](CLAIM, policy="medicare", **given)


@pytest.mark.parametrize("verb", ["decode_claim", "check_claim", "repair_claim"])
def test_the_answer_of_coding_is_a_claim(verb: str) -> None:
    coded = cptfacet.code_session(SESSION, policy="medicare")
    assert isinstance(coded, cptfacet.CodedSession)

    assert VERBS[verb](coded, policy="medicare") == VERBS[verb](coded.claim, policy="medicare")


def test_a_refusal_has_no_claim() -> None:
    refusal: Any = cptfacet.code_session(PULSED, policy="cpt")
    with pytest.raises(TypeError, match=r"this session was refused.*explain\(\)"):
        cptfacet.check_claim(refusal, policy="cpt")


class TestResults:
    """The same questions are asked of each result."""

    def test_a_coded_session(self) -> None:
        coded = cptfacet.code_session(SESSION, policy="medicare")

        assert [line.text for line in coded.lines] == ["64493-50-KX x1", "64494-50-KX x1"]
        assert (coded.refusals, coded.is_complete) == ((), True)
        assert str(coded) == "64493-50-KX x1, 64494-50-KX x1 under medicare"
        assert len(repr(coded)) < 1000

    def test_a_session_coded_in_part(self) -> None:
        both = cptfacet.Session(
            date=DAY,
            treatments=(*SESSION.treatments, *PULSED.treatments),
            claim_type=CLAIM.claim_type,
        )
        coded = cptfacet.code_session(both, policy="cpt")

        assert coded.lines
        assert not coded.is_complete
        assert coded.refusals == (cptfacet.code_session(PULSED, policy="cpt"),)

    def test_a_refusal(self) -> None:
        refusal = cptfacet.code_session(PULSED, policy="cpt")

        assert (refusal.lines, refusal.refusals, refusal.is_complete) == ((), (refusal,), False)
        assert str(refusal).startswith("Not coded: ")

    def test_what_was_read_checked_and_repaired(self) -> None:
        decoded = cptfacet.decode_claim(CLAIM, policy="medicare")
        report = cptfacet.check_claim(CLAIM, policy="medicare")
        repaired = cptfacet.repair_claim(CLAIM, policy="medicare")

        assert decoded.claim == report.claim == repaired.original == CLAIM
        assert decoded.lines == report.lines == CLAIM.lines
        assert repaired.lines == repaired.claim.lines
        assert decoded.is_complete
        assert not report.is_complete, "no session and no history was given"
        assert repaired.is_complete is (not repaired.questions)

    @pytest.mark.parametrize("verb", VERBS)
    def test_an_answer_is_an_outline(self, verb: str) -> None:
        answer = VERBS[verb](ONE[verb], policy="medicare")

        assert isinstance(answer.outline(), Outline)
        assert answer.explain() == answer.outline().text()
        assert all(len(line) <= 60 for line in answer.explain(width=60, sources=False).splitlines())
        assert "source: " not in answer.explain(sources=False)


def test_the_place_selects_the_jurisdiction() -> None:
    in_ohio = cptfacet.Session(
        date=DAY,
        treatments=SESSION.treatments,
        claim_type=CLAIM.claim_type,
        location=Location(state="OH"),
    )
    coded = cptfacet.code_session(in_ohio, policy="medicare")
    own = Coder("medicare").code(in_ohio)

    assert isinstance(coded, cptfacet.CodedSession)
    assert isinstance(own, cptfacet.CodedSession)
    assert (coded.claim.policy, own.claim.policy) == ("medicare-j15", "medicare")


SHAPING = ("coding.family", "coding.thoracolumbar", "levels.order", "levels.third-side",
           "laterality.format", "modifier.diagnostic", "modifier.order")  # fmt: skip


@pytest.mark.parametrize("key", SHAPING)
def test_each_value_that_shapes_a_line_has_a_sentence(key: str) -> None:
    """A sentence is written in words: it does not fall back to the key."""
    stated = [p for name in policies.ids() for p in policies.get(name).find(key)]
    stated = [p for p in stated if p.key == key]

    assert stated
    assert key in KEYS
    for provision in stated:
        if isinstance(provision, Provision) and provision.value not in tuple(Uncoded):
            assert key not in reason(provision)
            assert reason(provision).endswith(".")
