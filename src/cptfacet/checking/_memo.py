"""What was worked out before, and is not worked out again: bounded, and of one owner."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

__all__ = ["Kept", "Memo", "Shape", "is_short"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")
Shape = tuple[Hashable, ...]

_MOST_KEPT = 1 << 14
_LONG = 128  # a line with two modifiers and twelve diagnoses is shorter


def is_short(*asked: object) -> bool:
    """Say whether texts, numbers, lists of them and lists of those are small enough to be kept."""
    return sum(map(_size, asked)) <= _LONG


def _size(asked: object) -> int:
    if isinstance(asked, str):
        return len(asked)
    if isinstance(asked, tuple | frozenset):
        parts = cast("tuple[object, ...]", asked)
        return len(parts) + sum(map(_size, parts))
    return asked.bit_length() // 8 if isinstance(asked, int) else 0


class Kept(dict[K, V]):
    """Answers by what was asked, each worked out when it is first looked up.

    Those of short questions are kept, and when there are too many, all go: so no claim can make it
    grow without end, and what claims ask often is soon there again.
    """

    __slots__ = ("_most", "_work_out")

    def __init__(self, work_out: Callable[[K], V], *, most: int = _MOST_KEPT) -> None:
        """Take what works an answer out, and how many are kept at the most."""
        super().__init__()
        self._work_out = work_out
        self._most = most

    def __missing__(self, asked: K) -> V:
        """Work an answer out, and keep it where the question is short."""
        answer = self._work_out(asked)
        if is_short(asked):
            if len(self) >= self._most:
                self.clear()
            self[asked] = answer
        return answer


class Memo:
    """At most so many answers, in two generations: the older one goes when the newer is full."""

    __slots__ = ("_newer", "_older", "most")

    def __init__(self, most: int) -> None:
        """Begin empty; a memo of 0 keeps nothing."""
        self.most = most
        self._newer: dict[Shape, Any] = {}
        self._older: dict[Shape, Any] = {}

    def get(self, shape: Shape) -> Any:  # noqa: ANN401  whatever was kept
        """Give the answer for a shape, or None."""
        answer = self._newer.get(shape)
        if answer is None and self._older:
            answer = self._older.get(shape)
            if answer is not None:
                self.keep(shape, answer)
        return answer

    def keep(self, shape: Shape, answer: T) -> T:
        """Keep an answer, and give it."""
        if 2 * len(self._newer) >= self.most:
            self._older, self._newer = self._newer, {}
        self._newer[shape] = answer
        return answer

    def __len__(self) -> int:
        return len(self._newer) + len(self._older)
