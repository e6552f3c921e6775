"""What coding a session answers: lines with their reasons and notes, or a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from cptfacet._inputs import expect
from cptfacet._records import sealed
from cptfacet._text import wrapped
from cptfacet.anatomy import Joint, Side
from cptfacet.claims import Claim, ClaimLine
from cptfacet.notes import Note, Refusal
from cptfacet.policies import Provision

__all__ = ["CodedSession", "LineReason", "claim_of"]


@sealed
@attrs.frozen(kw_only=True)
class LineReason:
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
class CodedSession:
    """The claim of a session, what is to be known about it, and why each line is there.

    The claim names the policy under which it was coded.
    """

    claim: Claim
    notes: tuple[Note, ...]
    why: tuple[LineReason, ...]

    @property
    def lines(self) -> tuple[ClaimLine, ...]:
        """The lines of the claim."""
        return self.claim.lines

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """The refusals to code a part of the session."""
        return tuple(note.refusal for note in self.notes if note.refusal is not None)

    @property
    def is_complete(self) -> bool:
        """Whether all of the session was coded."""
        return not self.refusals

    def __str__(self) -> str:
        lines = ", ".join(line.text for line in self.lines)
        left = "" if self.is_complete else f"; {len(self.refusals)} parts not coded"
        return f"{lines} under {self.claim.policy}{left}"

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
            out.append(wrapped(f"{note.id}: {note.message}", "  - ", "    "))
        out += ["", "Because"]
        for provision, number in reasons.items():
            head = f"[{number}]".rjust(5)
            out.append(wrapped(str(provision), f"{head} ", " " * 6))
            out += [wrapped(f"{c.title} ({c.id})", " " * 8, " " * 10) for c in provision.citations]
        return "\n".join(out)


def claim_of(value: object, verb: str) -> Claim:
    """Return the claim that a verb was given, also as the answer of coding.

    >>> claim_of({"lines": []}, "check_claim")
    Traceback (most recent call last):
    ...
    TypeError: claim takes a Claim, not a dict: read JSON data with cptfacet.interop.json.claim_from_data(...)

    Raises:
        TypeError: The value is neither a claim nor a coded session.
    """
    if isinstance(value, Claim):
        return value
    if isinstance(value, CodedSession):
        return value.claim
    hint = "make one with Claim(claim_type=..., date=..., lines=(parse_line(...),))"
    if isinstance(value, Mapping):
        hint = "read JSON data with cptfacet.interop.json.claim_from_data(...)"
    elif isinstance(value, Refusal):
        hint = "this session was refused, so it has no claim; see .explain()"
    elif isinstance(value, Sequence) and not isinstance(value, str):
        hint = f"pass one claim, or several to {verb}s; lines go in Claim(lines=...)"
    return expect(value, Claim, "claim", hint)


_SIDES = {
    Side.BILATERAL: "both sides",
    Side.RIGHT: "right",
    Side.LEFT: "left",
    None: "no single side named",
}


def _once(provisions: Iterable[Provision]) -> Iterable[Provision]:
    return dict.fromkeys(provisions)
