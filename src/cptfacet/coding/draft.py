"""What has been written about a session so far: lines, notes, and refusals of a part, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cptfacet.notes import Note, NoteId, Refusal

if TYPE_CHECKING:
    from cptfacet.citations import Citation
    from cptfacet.coding.writing import Line

__all__ = ["Draft"]


def __dir__() -> list[str]:
    return sorted(__all__)


class Draft:
    """The lines of one session in order, with the notes and refusals that the steps of coding add.

    >>> draft = Draft()
    >>> draft.note(NoteId.REPEATED, "L4-L5 is listed more than once; it counts once")
    >>> draft.note(NoteId.REPEATED, "L4-L5 is listed more than once; it counts once")
    >>> len(draft.notes)
    1
    """

    __slots__ = ("_notes", "_refusals", "lines")

    def __init__(self) -> None:
        """Begin with nothing."""
        self.lines: list[Line] = []
        self._notes: dict[tuple[NoteId, str], Note] = {}
        self._refusals: dict[Refusal, None] = {}

    @property
    def notes(self) -> tuple[Note, ...]:
        """Everything to be known about the lines, in the order in which it was noted."""
        return tuple(self._notes.values())

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Everything that is refused, in the order in which it was."""
        return tuple(self._refusals)

    def note(self, what: NoteId, message: str, citations: tuple[Citation, ...] = ()) -> None:
        """Add a note, unless the same was noted before."""
        if (what, message) not in self._notes:
            self._notes[what, message] = Note(id=what, message=message, citations=citations)

    def add(self, *notes: Note) -> None:
        """Add notes that are made already, each unless the same was noted before."""
        for note in notes:
            self._notes.setdefault((note.id, note.message), note)

    def refuse(self, *refusals: Refusal) -> None:
        """Refuse a part of the session."""
        for refusal in refusals:
            self._refusals[refusal] = None
