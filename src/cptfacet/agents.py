"""What was injected: the kinds of agents that coding and coverage distinguish."""

from __future__ import annotations

from enum import StrEnum

from cptfacet._inputs import parse_word

__all__ = ["Agent", "parse_agent"]


def __dir__() -> list[str]:
    return sorted(__all__)


class Agent(StrEnum):
    """A kind of agent that was injected. A treatment that lists none does not state its agents."""

    LOCAL_ANESTHETIC = "local-anesthetic"
    CORTICOSTEROID = "corticosteroid"
    CONTRAST = "contrast"
    ANTI_INFLAMMATORY = "anti-inflammatory"
    PLATELET_RICH_PLASMA = "platelet-rich-plasma"
    PROLIFERANT = "proliferant"
    OTHER = "other"

    @property
    def label(self) -> str:
        """Its name in a sentence, such as "platelet-rich plasma"."""
        return _LABELS.get(self, self.value)


_LABELS = {
    Agent.LOCAL_ANESTHETIC: "local anesthetic",
    Agent.ANTI_INFLAMMATORY: "anti-inflammatory agent",
    Agent.PLATELET_RICH_PLASMA: "platelet-rich plasma",
    Agent.PROLIFERANT: "a proliferant (prolotherapy)",
    Agent.OTHER: "another agent",
}
_WORDS = {
    "anesthetic": Agent.LOCAL_ANESTHETIC,
    "steroid": Agent.CORTICOSTEROID,
    "prp": Agent.PLATELET_RICH_PLASMA,
    "prolotherapy": Agent.PROLIFERANT,
}


def parse_agent(text: str) -> Agent:
    """Parse the kind of an agent, or an unambiguous abbreviation.

    >>> parse_agent("PRP")
    <Agent.PLATELET_RICH_PLASMA: 'platelet-rich-plasma'>
    >>> parse_agent("saline")
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: 'saline' is not an agent: write one of local-anesthetic, corticosteroid, contrast, anti-inflammatory, platelet-rich-plasma, proliferant, other, or in short anesthetic, steroid, prp, prolotherapy

    Raises:
        ParseError: The text does not name exactly one kind of agent.
    """
    return parse_word(
        text,
        Agent,
        what="an agent",
        example='parse_agent("local-anesthetic")',
        also=_WORDS,
    )
