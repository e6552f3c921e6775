"""What coding a session answers: lines with their reasons and notes, or a refusal."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from cptfacet._records import sealed
from cptfacet._text import wrapped
from cptfacet.anatomy import Joint, Side
from cptfacet.claims import Claim
from cptfacet.notes import Note
from cptfacet.policies import Provision

__all__ = ["CodedSession", "LineReason"]


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


_SIDES = {
    Side.BILATERAL: "both sides",
    Side.RIGHT: "right",
    Side.LEFT: "left",
    None: "no single side named",
}


def _once(provisions: Iterable[Provision]) -> Iterable[Provision]:
    return dict.fromkeys(provisions)
