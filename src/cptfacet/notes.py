"""Notes on an answer, and refusals to code."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

from cptfacet._records import brief, sealed
from cptfacet.citations import Citation
from cptfacet.claims import ClaimLine
from cptfacet.outline import Item, Outline, Section
from cptfacet.sessions import Session

__all__ = ["Note", "NoteId", "Reason", "Refusal"]


def __dir__() -> list[str]:
    return sorted(__all__)


class Reason(StrEnum):
    """Why a session, or a part of it, can't be coded to facet lines."""

    GUIDANCE_NOT_STATED = "guidance-not-stated"
    OTHER_CODE = "other-code"
    NOT_KNOWN = "not-known"
    NO_LEVEL_DOCUMENTED = "no-level-documented"
    NO_COMPLETE_LEVEL = "no-complete-level"
    NO_MEDIAL_BRANCH = "no-medial-branch"
    CODES_NOT_IN_FORCE = "codes-not-in-force"
    SEVERAL = "several"


class NoteId(StrEnum):
    """What a note of a coded session is about."""

    REFUSED = "refused"
    SIDE_NOT_DOCUMENTED = "side-not-documented"
    REPEATED = "repeated"
    JOINTS_FROM_NERVES = "joints-from-nerves"
    NERVE_WITHOUT_JOINT = "nerve-without-joint"
    NERVES_INCOMPLETE = "nerves-incomplete"
    FURTHER_JOINT = "further-joint"
    INCLUDED_IN_ABLATION = "included-in-ablation"
    SHARED_LEVEL = "shared-level"
    FAMILY_PAIR = "family-pair"
    NO_MAC_INSTRUCTION = "no-mac-instruction"
    NOT_KNOWN = "not-known"
    PURPOSE_NOT_STATED = "purpose-not-stated"
    PURPOSE_MIXED = "purpose-mixed"
    ATTESTS = "attests"
    JUDGMENT = "judgment"
    CAVEAT = "caveat"
    POLICY_DIFFERS = "policy-differs"
    JURISDICTION = "jurisdiction"
    CLAIM_TYPE_NOT_STATED = "claim-type-not-stated"


@sealed
@attrs.frozen(kw_only=True)
class Refusal:
    """Why nothing was coded, and what to report instead if a source says so.

    Attributes:
        reason: Why it can't be coded.
        message: The reason in words, and what to do if there is something.
        instead: The lines to report instead, with their sides in the payer's laterality format where
            the code is reported by side; empty if no source states any.
        citations: The sources of the refusal.
        session: The session, if all of it is refused. None for a part: its refusal is in a note of the
            coded session.
        id: The id of the session, if all of it is refused.
    """

    reason: Reason
    message: str
    instead: tuple[ClaimLine, ...] = ()
    citations: tuple[Citation, ...] = attrs.field(default=(), repr=False)
    session: Session | None = attrs.field(default=None, repr=False)

    @property
    def id(self) -> str | None:
        """The id of the session, if all of it is refused; it is opaque, and never shown."""
        return None if self.session is None else self.session.id

    @property
    def lines(self) -> tuple[ClaimLine, ...]:
        """The coded lines: there are none."""
        return ()

    if not TYPE_CHECKING:  # type checkers know what it lacks

        def __getattr__(self, name: str) -> None:
            """Raise the error that says why a refusal lacks what a coded session has."""
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            if name in ("claim", "notes", "why"):
                message += ": nothing was coded; message says why, and instead what to report"
            raise AttributeError(message)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """This refusal alone; a coded session lists the refusals of its parts."""
        return (self,)

    @property
    def is_complete(self) -> bool:
        """Whether everything was coded: always False."""
        return False

    def __str__(self) -> str:
        instead = f" Report instead: {', '.join(line.text for line in self.instead)}."
        return f"Not coded: {self.message}.{instead if self.instead else ''}"

    def outline(self) -> Outline:
        """Return the refusal as an outline: the reason, what to report instead, the sources."""
        instead = tuple(Item(sentence=line.text) for line in self.instead)
        sources = tuple(Item(sentence=str(citation)) for citation in self.citations)
        return Outline(
            sentence=f"Not coded: {self.message}.",
            sections=(
                Section(title="Report instead", items=instead),
                Section(title="Sources", items=sources),
            ),
        )

    def explain(self, *, width: int = 100, sources: bool = True) -> str:
        """Return the refusal as text, wrapped to a width; ``sources=False`` leaves sources out."""
        return self.outline().text(width=width, sources=sources)


@sealed
@attrs.frozen(kw_only=True)
class Note:
    """Something a biller should know; the note on a refused part has its refusal.

    Attributes:
        id: What the note is about.
        message: The note in words.
        citations: The sources of the note.
        refusal: The refusal, if the note is about a part that was not coded.
    """

    id: NoteId = attrs.field(repr=str)
    message: str
    citations: tuple[Citation, ...] = attrs.field(default=(), repr=False)
    refusal: Refusal | None = None

    def __repr__(self) -> str:
        return brief(self)
