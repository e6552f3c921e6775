"""Two sides take turns at the same work, and the ratio of their times is kept for each round."""

from __future__ import annotations

import gc
import statistics
import time
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Measured", "alone", "side_by_side"]


@attrs.frozen(kw_only=True)
class Measured:
    """One row: the ratio of each round, and microseconds a call of both sides."""

    what: str
    how: str
    own: float
    other: float | None = None
    ratios: tuple[float, ...] = ()
    allowed: float | None = None

    @property
    def ratio(self) -> float:
        """The median of the rounds; zero where there is nothing to compare with."""
        return statistics.median(self.ratios) if self.ratios else 0.0


def _timed(work: Callable[[], object]) -> float:
    """Measure one turn by the CPU time of this process, which other processes affect less.

    Garbage collection stays on, because each side pays for what it allocates; it starts clean.
    """
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def side_by_side(
    what: str,
    how: str,
    *,
    own: Callable[[], object],
    other: Callable[[], object],
    calls: int,
    rounds: int,
    allowed: float | None,
) -> Measured:
    """Measure two sides that make the same number of calls in a turn."""
    gc.freeze()  # the documents and the modules are nobody's garbage
    own()
    other()
    turns = [(_timed(own), _timed(other)) for _ in range(rounds)]
    gc.unfreeze()
    return Measured(
        what=what,
        how=how,
        own=min(mine for mine, _ in turns) / calls * 1e6,
        other=min(theirs for _, theirs in turns) / calls * 1e6,
        ratios=tuple(mine / theirs for mine, theirs in turns),
        allowed=allowed,
    )


def alone(what: str, how: str, *, own: Callable[[], object], calls: int, rounds: int) -> Measured:
    """Measure one side that nothing is compared with."""
    own()
    least = min(_timed(own) for _ in range(rounds))
    return Measured(what=what, how=how, own=least / calls * 1e6)
