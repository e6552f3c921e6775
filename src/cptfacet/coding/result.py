"""Results of coding a session: claim lines with their reasons and notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from cptfacet._inputs import expect
from cptfacet._records import sealed
from cptfacet._text import agree
from cptfacet.anatomy import Joint, Side
from cptfacet.claims import Claim, ClaimLine
from cptfacet.coding.reasons import reason
from cptfacet.notes import Note, NoteId, Refusal
from cptfacet.outline import Item, Outline, Section
from cptfacet.policies import Provision
from cptfacet.sessions import Session

__all__ = ["CodedSession", "LineReason", "claim_of"]


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class LineReason:
    """Why one line is as it is: the joints and the side it reports, and what shaped it.

    Attributes:
        line: The line, counted from 1.
        joints: The joints that the line reports.
        side: None if no side is named, or if the joints differ.
        provisions: The provisions that shaped the line.
    """

    line: int
    joints: tuple[Joint, ...] = attrs.field(repr=", ".join)
    side: Side | None = attrs.field(repr=str)
    provisions: tuple[Provision, ...] = attrs.field(
        repr=lambda found: ", ".join(provision.key for provision in found)
    )


@sealed
@attrs.frozen(kw_only=True)
class CodedSession:
    """A session with its claim lines, the notes on them, and the reason for each line.

    Attributes:
        session: The session that was coded.
        claim: The claim, with the policy it was coded under.
        notes: What a biller should know.
        why: The reason for each line.

    >>> from cptfacet import code_session, parse_session
    >>> session = parse_session(
    ...     date="2026-03-02", technique="mbb", guidance="ct", joints=["L4-5:left"]
    ... )
    >>> coded = code_session(session, policy="cpt")
    >>> [line.text for line in coded.lines], coded.is_complete, coded.session == session
    (['64493-LT x1'], True, True)
    """

    session: Session = attrs.field(repr=False)
    claim: Claim
    notes: tuple[Note, ...]
    why: tuple[LineReason, ...]

    @property
    def id(self) -> str | None:
        """The id of the session; it is opaque, and never shown."""
        return self.session.id

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
        refused = self.refusals
        left = f"; {len(refused)} {agree(refused, 'part', 'parts')} not coded" if refused else ""
        return f"{lines} under {self.claim.policy}{left}"

    def outline(self) -> Outline:
        """Return the lines, the notes, and the numbered reasons, each reason once."""
        behind: dict[str, list[Provision]] = {}
        for provision in _once(p for why in self.why for p in why.provisions):
            behind.setdefault(reason(provision), []).append(provision)
        numbers = {p: n for n, found in enumerate(behind.values(), 1) for p in found}
        lines = tuple(
            Item(
                value=self.claim.lines[why.line - 1].text,
                sentence=f"{', '.join(why.joints)}, {_SIDES[why.side]}"
                f" ({', '.join(dict.fromkeys(str(numbers[p]) for p in why.provisions))})",
            )
            for why in self.why
        )
        notes = tuple(
            Item(
                value=_LABELS.get(note.id, ""),
                sentence=note.message,
                sources=tuple(map(str, note.citations)),
            )
            for note in self.notes
        )
        reasons = tuple(
            Item(sentence=f"{number}. {sentence}", sources=tuple(_sources(found)))
            for number, (sentence, found) in enumerate(behind.items(), 1)
        )
        when = f" for {self.claim.date}" if self.claim.date else ""
        return Outline(
            sentence=f"Under {self.claim.policy}, this session is {len(self.lines)}"
            f" {agree(self.lines, 'line', 'lines')} on {self.claim.claim_type.label}{when}.",
            sections=(
                Section(title="Lines", items=lines),
                Section(title="Notes", items=notes),
                Section(title="Why", items=reasons),
            ),
        )

    def explain(self, *, width: int = 100, sources: bool = True) -> str:
        """Return lines, notes and reasons as text; ``sources=False`` leaves sources out."""
        return self.outline().text(width=width, sources=sources)


def claim_of(value: object, verb: str) -> Claim:
    """Return the claim that a verb was given, as a claim or as a coded session.

    >>> claim_of({"lines": []}, "check_claim")
    Traceback (most recent call last):
    ...
    TypeError: claim takes a Claim, not a dict: read JSON data with cptfacet.interop.json.claim_from_data(...); rows of a data frame with cptfacet.interop.claim_csv.read_rows(...)

    Raises:
        TypeError: The value is neither a claim nor a coded session.
    """
    if isinstance(value, Claim):
        return value
    if isinstance(value, CodedSession):
        return value.claim
    return expect(value, Claim, "claim", _hint(value, verb))


def _hint(value: object, verb: str) -> str:
    if isinstance(value, Mapping):
        return (
            "read JSON data with cptfacet.interop.json.claim_from_data(...)"
            "; rows of a data frame with cptfacet.interop.claim_csv.read_rows(...)"
        )
    if isinstance(value, Refusal):
        return "this session was refused, so it has no claim; see .explain()"
    if isinstance(value, Session):
        return "code it first, with code_session"
    if isinstance(getattr(value, "claim", None), Claim):
        return "pass its .claim"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"pass one claim, or several to {verb}s; lines go in Claim(lines=...)"
    return "make one with Claim(claim_type=..., date=..., lines=(parse_line(...),))"


_LABELS = {
    NoteId.JUDGMENT: "Our judgment",
    NoteId.REFUSED: "Not coded",
    NoteId.NOT_KNOWN: "Not known",
}
_SIDES = {
    Side.BILATERAL: "bilateral",
    Side.RIGHT: "right",
    Side.LEFT: "left",
    None: "side not stated",
}


def _sources(provisions: Iterable[Provision]) -> Iterable[str]:
    """Yield the provisions, then the documents that they cite, each once."""
    listed = tuple(provisions)
    yield from map(str, listed)
    yield from dict.fromkeys(f"{c.title} ({c.id})" for p in listed for c in p.citations)


def _once(provisions: Iterable[Provision]) -> Iterable[Provision]:
    return dict.fromkeys(provisions)
