"""Group items by a key, in the order in which the keys first appear."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

__all__ = ["grouped"]


def __dir__() -> list[str]:
    return sorted(__all__)


T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


def grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Return the items of each key.

    >>> grouped(["L4-L5", "C2-C3", "L5-S1"], key=lambda joint: joint[0])
    {'L': ['L4-L5', 'L5-S1'], 'C': ['C2-C3']}
    """
    found: dict[K, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found
