"""Codes of agents: what represents a whole injection because of what was injected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cptfacet._text import agree, series
from cptfacet.notes import Reason, Refusal
from cptfacet.policies import Known, value_of
from cptfacet.policies.vocabulary import CODING_AGENT
from cptfacet.sessions import TechniqueKind

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from cptfacet.agents import Agent
    from cptfacet.claims import ClaimLine
    from cptfacet.policies import Answer, Policy
    from cptfacet.sessions import Treatment

__all__ = ["agent_refusal", "lines_of_agents"]


def __dir__() -> list[str]:
    return sorted(__all__)


def lines_of_agents(
    treatment: Treatment, *, policy: Policy, on: dt.date
) -> Mapping[Agent, Answer[tuple[ClaimLine, ...]]]:
    """Return the lines that represent an injection as a whole, for each agent with such lines.

    The answer for an agent is not known before the first date on which a source states its lines.
    The agents of an ablation select no code.

    >>> import datetime as dt
    >>> from cptfacet import policies
    >>> from cptfacet.sessions import parse_session
    >>> session = parse_session(
    ...     date="2026-03-02",
    ...     technique="ia",
    ...     guidance="ct",
    ...     joints=["L4-5"],
    ...     agents=["prp", "contrast"],
    ... )
    >>> found = lines_of_agents(session.treatments[0], policy=policies.get("cpt"), on=session.date)
    >>> {agent.value: [line.text for line in answer.value] for agent, answer in found.items()}
    {'platelet-rich-plasma': ['0232T x1']}
    """
    if not treatment.agents or treatment.technique.kind is not TechniqueKind.INJECTION:
        return {}
    return {
        agent: policy.ask(CODING_AGENT, agent, on=on)
        for agent in dict.fromkeys(treatment.agents)
        if any(isinstance(answer, Known) for answer in policy.stated(CODING_AGENT, agent))
    }


def agent_refusal(treatment: Treatment, *, policy: Policy, on: dt.date) -> Refusal | None:
    """Return the refusal of an injection whose agent has a code for the whole of it, or None.

    >>> import datetime as dt
    >>> from cptfacet import policies
    >>> from cptfacet.sessions import parse_session
    >>> session = parse_session(
    ...     date="2026-03-02", technique="ia", guidance="ct", joints=["L4-5"], agents=["prp"]
    ... )
    >>> refusal = agent_refusal(session.treatments[0], policy=policies.get("cpt"), on=session.date)
    >>> [line.text for line in refusal.instead]
    ['0232T x1']
    """
    found = lines_of_agents(treatment, policy=policy, on=on)
    if not found:
        return None
    what = f"{treatment.technique.label} of {series([agent.label for agent in found])}"
    lines = tuple([line for answer in found.values() for line in value_of(answer) or ()])
    citations = tuple(dict.fromkeys(c for answer in found.values() for c in answer.citations))
    if not lines:
        message = f"{what}: no source we have read states which code applied on that date"
        return Refusal(reason=Reason.NOT_KNOWN, message=message, citations=citations)
    message = (
        f"{what} is not reported with a facet code; report {series([line.text for line in lines])},"
        f" which {agree(lines, 'represents', 'represent')} the whole injection"
    )
    return Refusal(reason=Reason.OTHER_CODE, message=message, instead=lines, citations=citations)
