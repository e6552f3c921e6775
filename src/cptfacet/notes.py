"""Remarks on an answer, and refusals to give one."""

from __future__ import annotations

from enum import StrEnum

import attrs

from cptfacet._records import sealed
from cptfacet._text import wrapped
from cptfacet.citations import Citation
from cptfacet.claims import ClaimLine

__all__ = ["Note", "NoteId", "Reason", "Refusal"]


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
    NO_CONTRACTOR_INSTRUCTION = "no-contractor-instruction"
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
    """Why nothing was coded, and what is reported instead where a source says so.

    The lines of ``instead`` carry no side: how the payer wants it is not settled there. ``id`` is
    that of the session, where all of it is refused.
    """

    reason: Reason
    message: str
    instead: tuple[ClaimLine, ...] = ()
    citations: tuple[Citation, ...] = attrs.field(default=(), repr=False)
    id: str | None = attrs.field(default=None, repr=False)

    @property
    def lines(self) -> tuple[ClaimLine, ...]:
        """The lines that were coded: none."""
        return ()

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """This refusal, as a coded session lists those of its parts."""
        return (self,)

    @property
    def is_complete(self) -> bool:
        """Whether all of the session was coded: it was not."""
        return False

    def __str__(self) -> str:
        instead = f" Report instead: {', '.join(line.text for line in self.instead)}."
        return f"Not coded: {self.message}.{instead if self.instead else ''}"

    def explain(self) -> str:
        """Write the refusal out for a person."""
        out = [wrapped(f"Not coded ({self.reason}): {self.message}.", "", "  ")]
        if self.instead:
            out.append(f"Reported instead: {', '.join(line.text for line in self.instead)}")
        out += [wrapped(str(citation), "  ", "    ") for citation in self.citations]
        return "\n".join(out)


@sealed
@attrs.frozen(kw_only=True)
class Note:
    """Something that a biller should know; the note of a refused part carries its refusal."""

    id: NoteId
    message: str
    citations: tuple[Citation, ...] = attrs.field(default=(), repr=False)
    refusal: Refusal | None = None
