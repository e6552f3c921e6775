"""What coding a session answers: lines with their reasons and notes, or a refusal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from enum import StrEnum

import attrs

from cptfacet._records import sealed
from cptfacet.anatomy import Joint, Side
from cptfacet.citations import Citation
from cptfacet.claims import Claim, ClaimLine
from cptfacet.policies import Provision

__all__ = ["Coded", "Note", "NoteId", "Reason", "Refusal", "Why"]


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
    JUDGEMENT = "judgement"
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
    citations: tuple[Citation, ...] = ()
    id: str | None = attrs.field(default=None, repr=False)

    def explain(self) -> str:
        """Write the refusal out for a person."""
        out = [_filled(f"Not coded ({self.reason}): {self.message}.", "", "  ")]
        if self.instead:
            out.append(f"Reported instead: {', '.join(line.text for line in self.instead)}")
        out += [_filled(str(citation), "  ", "    ") for citation in self.citations]
        return "\n".join(out)


@sealed
@attrs.frozen(kw_only=True)
class Note:
    """Something that a biller should know; the note of a refused part carries its refusal."""

    id: NoteId
    message: str
    citations: tuple[Citation, ...] = ()
    refusal: Refusal | None = None


@sealed
@attrs.frozen(kw_only=True)
class Why:
    """Why one line is as it is: the joints and the side it stands for, and what shaped it.

    ``line`` counts from 1. ``side`` is the side of every joint listed; None is one that is not
    named, or that differs from joint to joint.
    """

    line: int
    joints: tuple[Joint, ...]
    side: Side | None
    provisions: tuple[Provision, ...]


@sealed
@attrs.frozen(kw_only=True)
class Coded:
    """The claim of a session, what is to be known about it, and why each line is there.

    The claim names the policy under which it was coded.
    """

    claim: Claim
    notes: tuple[Note, ...]
    why: tuple[Why, ...]

    def explain(self) -> str:
        """Write lines, notes and reasons out for a person; reasons are numbered and named once."""
        reasons = {p: n for n, p in enumerate(_once(p for w in self.why for p in w.provisions), 1)}
        out: list[str] = []
        for why in self.why:
            line = self.claim.lines[why.line - 1]
            side = _SIDES[why.side]
            numbers = " ".join(f"[{reasons[p]}]" for p in why.provisions)
            out.append(f"{line.text:<18} {', '.join(why.joints)}, {side}  {numbers}")
        if self.notes:
            out += ["", "Notes"]
        for note in self.notes:
            out.append(_filled(f"{note.id}: {note.message}", "  - ", "    "))
        out += ["", "Because"]
        for provision, number in reasons.items():
            head = f"[{number}]".rjust(5)
            out.append(_filled(str(provision), f"{head} ", " " * 6))
            out += [_filled(f"{c.title} ({c.id})", " " * 8, " " * 10) for c in provision.citations]
        return "\n".join(out)


_SIDES = {
    Side.BILATERAL: "both sides",
    Side.RIGHT: "right",
    Side.LEFT: "left",
    None: "no single side named",
}


def _once(provisions: Iterable[Provision]) -> Iterable[Provision]:
    return dict.fromkeys(provisions)


def _filled(text: str, first: str, rest: str) -> str:
    return textwrap.fill(
        text, 100, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
