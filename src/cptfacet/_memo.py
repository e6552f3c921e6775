"""Memos: answers that were worked out before, in bounded memory.

This is the one kind of cache for what callers ask. A memo remembers at most so many answers; when it
is full it forgets all of them and starts over, and what is asked often is soon back. A very long
question is answered but not remembered.

A `Coder` and a `Decoder` remember 4,096 answers each, of about 2 kB: 8 MB for a policy that is
much used. `code_session` and `decode_claim` keep one of each for the 32 policies used last. A
`Checker` remembers the findings of 65,536 shapes of claims, and `check_claim` remembers none. The
answer to a question depends on nothing else: a memo that works its answers out gets a function of
the question alone, and so no two sessions or claims can meet in one answer unless they are equal in
all that it depends on.

Data that are read from the package's own files are kept whole, with `functools.cache`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from cptfacet._inputs import expect

__all__ = ["Kept", "Memo", "Shape", "is_short"]


def __dir__() -> list[str]:
    return sorted(__all__)


K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Shape = tuple[Hashable, ...]

_MOST_KEPT = 1 << 14
_LONG = 128  # a line with two modifiers and twelve diagnoses is shorter


def is_short(*asked: object) -> bool:
    """Whether texts, numbers, tuples of them and tuples of those are small enough to remember."""
    return sum(map(_size, asked)) <= _LONG


def _size(asked: object) -> int:
    if isinstance(asked, str):
        return len(asked)
    if isinstance(asked, tuple | frozenset):
        parts = cast("tuple[object, ...]", asked)
        return len(parts) + sum(map(_size, parts))
    return asked.bit_length() // 8 if isinstance(asked, int) else 0


class Memo(dict[K, V]):
    """At most so many answers by their questions; a memo of 0 remembers nothing."""

    __slots__ = ("most",)

    def __init__(self, most: int) -> None:
        """Begin empty."""
        super().__init__()
        self.most = expect(most, int, "memo", "write memo=0 to remember nothing")

    def keep(self, asked: K, answer: V) -> V:
        """Remember an answer, and return it."""
        if len(self) >= self.most:
            self.clear()
        if self.most:
            self[asked] = answer
        return answer


class Kept(Memo[K, V]):
    """A memo that works each answer out when its question is first asked."""

    __slots__ = ("_short", "_work_out")

    def __init__(
        self,
        work_out: Callable[[K], V],
        *,
        most: int = _MOST_KEPT,
        short: Callable[[K], bool] = is_short,
    ) -> None:
        """Take what works an answer out, how many to remember, and which questions are short."""
        super().__init__(most)
        self._work_out = work_out
        self._short = short

    def __missing__(self, asked: K) -> V:
        """Return a new answer, and remember it if the question is short."""
        answer = self._work_out(asked)
        return self.keep(asked, answer) if self._short(asked) else answer

    def ask(self, asked: K) -> V:
        """Return the answer to a question that may have no hash; then it is not remembered."""
        try:
            return self[asked]
        except TypeError:
            if _has_hash(asked):
                raise
            return self._work_out(asked)


def _has_hash(asked: object) -> bool:
    try:
        hash(asked)
    except TypeError:
        return False
    return True
