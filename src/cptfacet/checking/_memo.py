"""Answers that were given before, by the shape of the claim; bounded, and of one checker."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeVar

__all__ = ["Memo", "Shape"]

T = TypeVar("T")
Shape = tuple[Hashable, ...]


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
