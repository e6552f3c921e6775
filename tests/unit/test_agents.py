"""What was injected: which agents have a code of their own, and which are covered."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from cptfacet.agents import Agent, parse_agent
from cptfacet.anatomy import Joint, Nerve, Side
from cptfacet.checking import check_claim
from cptfacet.claims import Claim, ClaimType, parse_line
from cptfacet.coding import CodedSession, code_session
from cptfacet.interop import json
from cptfacet.notes import NoteId, Reason, Refusal
from cptfacet.past import history_from_sessions
from cptfacet.sessions import (
    Guidance,
    Session,
    Target,
    Technique,
    TechniqueKind,
    TreatedNerve,
    Treatment,
    parse_session,
)

if TYPE_CHECKING:
    from cptfacet.findings import Report

SPRING = dt.date(2026, 3, 2)
OWN = {Agent.PLATELET_RICH_PLASMA: "0232T x1", Agent.PROLIFERANT: "M0076 x1"}
INJECTIONS = [t for t in Technique if t.kind is TechniqueKind.INJECTION]
RIGHT = (Target(joint=Joint.L4_L5, side=Side.RIGHT),)


def session(*agents: Agent, date: dt.date = SPRING, **given: object) -> Session:
    treatment = Treatment(
        **{
            "technique": Technique.INTRA_ARTICULAR_INJECTION,
            "guidance": Guidance.FLUOROSCOPY,
            "targets": RIGHT,
            "agents": agents,
            **given,
        }  # type: ignore[arg-type]
    )
    return Session(date=date, treatments=(treatment,), claim_type=ClaimType.PROFESSIONAL)


def outcome(answer: CodedSession | Refusal) -> object:
    if isinstance(answer, Refusal):
        return answer.reason, answer.message, answer.instead
    return answer.claim, answer.notes, answer.why


# -- coding


@pytest.mark.parametrize("name", ["cpt", "commercial", "medicare", "medicare-jn", "uhc"])
@pytest.mark.parametrize("agent", Agent)
@pytest.mark.parametrize("technique", Technique)
def test_an_agent_with_its_own_code_decides_for_injections_alone(
    technique: Technique, agent: Agent, name: str
) -> None:
    for guidance in (*Guidance, None):
        how = {"technique": technique, "guidance": guidance}
        given = code_session(session(agent, **how), policy=name)
        if technique in INJECTIONS and agent in OWN:
            assert isinstance(given, Refusal)
            assert given.reason is Reason.OTHER_CODE
            assert [line.text for line in given.instead] == [OWN[agent]]
            assert agent.label in given.message
            assert given.citations
        else:
            assert outcome(given) == outcome(code_session(session(**how), policy=name))


@pytest.mark.parametrize("agent", OWN)
@pytest.mark.parametrize("nerves", [(Nerve.L3, Nerve.L4), (Nerve.S1,), (Nerve.TON,)])
@pytest.mark.parametrize("side", [*Side, None])
@pytest.mark.parametrize("claim_type", ClaimType)
def test_the_code_of_an_agent_is_reported_once_without_a_side(
    agent: Agent, nerves: tuple[Nerve, ...], side: Side | None, claim_type: ClaimType
) -> None:
    """Neither code has a bilateral indicator that pays a second side."""
    block = Treatment(
        technique=Technique.MEDIAL_BRANCH_BLOCK,
        guidance=Guidance.CT,
        nerves=tuple(TreatedNerve(nerve=nerve, side=side) for nerve in nerves),
        agents=(Agent.LOCAL_ANESTHETIC, agent),
    )
    answer = code_session(
        Session(date=SPRING, treatments=(block,), claim_type=claim_type), policy="medicare"
    )

    assert isinstance(answer, Refusal)
    assert [line.text for line in answer.instead] == [OWN[agent]]


def test_two_agents_with_codes_are_both_named() -> None:
    answer = code_session(session(*OWN, *OWN), policy="cpt")

    assert isinstance(answer, Refusal)
    assert [line.text for line in answer.instead] == [*OWN.values()]
    assert "which represent the whole injection" in answer.message


def test_the_rest_of_the_session_is_coded() -> None:
    block = {
        "technique": "mbb",
        "guidance": "ct",
        "joints": ["L3-4:right"],
        "agents": ["anesthetic"],
    }
    prp = {"technique": "ia", "guidance": "ct", "joints": ["L4-5:right"], "agents": ["prp"]}
    answer = code_session(parse_session(date=SPRING, treatments=[block, prp]), policy="cpt")  # type: ignore[list-item]

    assert isinstance(answer, CodedSession)
    assert [line.text for line in answer.lines] == ["64493-RT x1"]
    [refused] = [note for note in answer.notes if note.id is NoteId.REFUSED]
    assert refused.refusal is not None
    assert [line.text for line in refused.refusal.instead] == ["0232T x1"]


@pytest.mark.parametrize(
    ("agent", "first"),
    [
        (Agent.PLATELET_RICH_PLASMA, dt.date(2010, 7, 1)),
        (Agent.PROLIFERANT, dt.date(2014, 8, 31)),
    ],
)
def test_before_the_first_source_the_code_is_not_known(agent: Agent, first: dt.date) -> None:
    before = code_session(session(agent, date=first - dt.timedelta(days=1)), policy="cpt")
    then = code_session(session(agent, date=first), policy="cpt")

    assert isinstance(before, Refusal)
    assert isinstance(then, Refusal)
    assert (before.reason, before.instead) == (Reason.NOT_KNOWN, ())
    assert then.reason is Reason.OTHER_CODE


# -- checking


def report(*lines: str, note: Session | None = None, policy: str = "medicare") -> Report:
    claim = Claim(
        claim_type=ClaimType.PROFESSIONAL,
        date=SPRING,
        place_of_service="11",
        diagnoses=("M47.816",),
        lines=tuple(map(parse_line, lines)),
    )
    return check_claim(claim, policy=policy, session=note)


def found(answer: Report) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {f.rule: (f.severity.value, f.lines) for f in answer.findings}


def test_plasma_beside_a_facet_injection_is_not_covered_by_medicare() -> None:
    """FLD-013: 0232T represents the whole injection, and biologicals are outside facet coverage."""
    told = found(report("0232T x1", "64493-RT x1"))

    assert told["agent-not-covered"] == ("error", (1,))
    assert told["agent-billed-beside-facet"] == ("warning", (1, 2))


def test_prolotherapy_beside_a_facet_injection_is_not_covered_by_medicare() -> None:
    """FLD-031: prolotherapy is denied, and the fee schedule never pays its code."""
    told = found(report("64493-RT x1", "M0076 x1"))

    assert told["agent-not-covered"] == told["service-not-covered"] == ("error", (2,))


@pytest.mark.parametrize("policy", ["cpt", "commercial", "aetna"])
def test_without_a_coverage_rule_only_the_coding_is_asked_about(policy: str) -> None:
    told = found(report("0232T x1", "64493-RT x1", policy=policy))

    assert told == {"agent-billed-beside-facet": ("warning", (1, 2))}


@pytest.mark.parametrize("line", ["64635-RT x1", "20610-RT x1"])
@pytest.mark.parametrize("code", ["0232T", "M0076"])
def test_beside_no_facet_injection_nothing_is_said_of_agents(code: str, line: str) -> None:
    told = found(report(line, f"{code} x1"))

    assert not {"agent-not-covered", "agent-billed-beside-facet"} & told.keys()


@pytest.mark.parametrize("agent", Agent)
def test_a_facet_code_for_each_documented_agent(agent: Agent) -> None:
    told = found(report("64493-RT x1", note=session(agent)))
    wrong = {"technique-differs", "documented-agent-not-covered"} & told.keys()

    if agent in OWN:
        assert wrong == {"technique-differs"}
    else:
        assert wrong == ({"documented-agent-not-covered"} if agent is Agent.OTHER else set())


@pytest.mark.parametrize("agent", OWN)
def test_a_level_of_an_agent_with_its_own_code_is_not_a_facet_level(agent: Agent) -> None:
    injection = Treatment(
        technique=Technique.INTRA_ARTICULAR_INJECTION,
        guidance=Guidance.CT,
        targets=(Target(joint=Joint.L3_L4, side=Side.RIGHT),),
        agents=(Agent.LOCAL_ANESTHETIC,),
    )
    note = Session(date=SPRING, treatments=(injection, *session(agent).treatments))
    own = OWN[agent]

    assert "level-not-documented" in found(
        report("64493-RT x1", "64494-RT x1", note=note, policy="cpt")
    )
    assert found(report("64493-RT x1", own, note=note, policy="cpt")) == {}


def test_an_agent_at_some_levels_is_a_question() -> None:
    block = Treatment(
        technique=Technique.MEDIAL_BRANCH_BLOCK,
        guidance=Guidance.FLUOROSCOPY,
        targets=(Target(joint=Joint.L3_L4, side=Side.RIGHT),),
    )
    note = Session(date=SPRING, treatments=(block, *session(Agent.OTHER).treatments))

    told = found(report("64493-RT x1", "64494-RT x1", note=note))

    assert told["documented-agent-not-covered"] == ("warning", (1, 2))


# -- the history, words and documents


@pytest.mark.parametrize("agent", Agent)
def test_an_injection_with_its_own_code_is_not_a_facet_session(agent: Agent) -> None:
    read = history_from_sessions([session(agent)], policy="medicare")

    assert len(read.history.sessions) == (agent not in OWN)
    assert [left.counted for left in read.unread] == ([False] if agent in OWN else [])


def test_words_and_documents() -> None:
    made = parse_session(
        date=SPRING, technique="ia", guidance="ct", joints=["L4-5"], agents=["Steroid", "PRP"]
    )
    [treatment] = made.treatments

    assert treatment.agents == (Agent.CORTICOSTEROID, Agent.PLATELET_RICH_PLASMA)
    assert str(treatment).endswith(", injecting corticosteroid and platelet-rich plasma")
    written = json.dump(made)
    assert '"agents"' in written
    assert json.read(written, Session) == made
    assert '"agents"' not in json.dump(session())
    assert parse_agent("prolotherapy") is Agent.PROLIFERANT
