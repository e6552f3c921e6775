"""Options of strategies, each checked when the strategy is made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar, cast

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

from cptfacet.policies import Policy

__all__ = [
    "check_day",
    "check_flag",
    "check_member",
    "check_policy",
    "chosen",
    "either",
    "named",
    "perhaps",
    "tuples",
]


def __dir__() -> list[str]:
    return sorted(__all__)


T = TypeVar("T")
E_ = TypeVar("E_", bound=StrEnum)


def chosen(
    given: SearchStrategy[T] | None, name: str, usual: SearchStrategy[T]
) -> SearchStrategy[T]:
    """Return the strategy given for an option, or the usual one."""
    if given is None:
        return usual
    if not isinstance(cast("object", given), SearchStrategy):
        message = f"{name} is a strategy, not {given!r}: write {name}=st.just({given!r})"
        raise InvalidArgument(message)
    return given


def check_flag(value: object, name: str) -> None:
    """Refuse an option that is not True or False."""
    if not isinstance(value, bool):
        message = f"{name} is True or False, not {value!r}"
        raise InvalidArgument(message)


def check_member(value: E_ | None, kind: type[E_], name: str) -> None:
    """Refuse an option that is not a member of an enumeration."""
    if value is not None and type(value) is not kind:
        message = f"{name} is a {kind.__name__}, not {value!r}"
        raise InvalidArgument(message)


def check_policy(value: object, name: str) -> None:
    """Refuse an option that is not a policy, such as the id of one."""
    if value is not None and type(value) is not Policy:
        message = f"{name} is a Policy, not {value!r}: use policies.get(...) or policies.load(...)"
        raise InvalidArgument(message)


def check_day(value: dt.date | None, name: str) -> None:
    """Refuse an option that is not a date."""
    if value is not None and type(value) is not dt.date:
        message = f"{name} is a datetime.date, not {value!r}"
        raise InvalidArgument(message)


def either(values: SearchStrategy[T]) -> SearchStrategy[T | None]:
    """Return values, and None for "not stated"."""
    return st.none() | values


def named(values: Mapping[str, T]) -> SearchStrategy[T]:
    """Return values drawn by name; the repr of the strategy shows the names."""
    return st.sampled_from(tuple(values)).map(lambda name: values[name])


def tuples(
    values: SearchStrategy[T], *, min_size: int = 0, max_size: int, unique: bool = False
) -> SearchStrategy[tuple[T, ...]]:
    """Return tuples of values."""
    listed = st.lists(values, min_size=min_size, max_size=max_size, unique=unique)
    return listed.map(lambda found: tuple(found))  # noqa: PLW0108  `tuple` alone loses the type


def perhaps(values: SearchStrategy[T], *, max_size: int) -> SearchStrategy[tuple[T, ...]]:
    """Return tuples of values; for ``st.nothing()``, which is noticed when drawing, the empty tuple."""
    return st.deferred(
        lambda: st.just(()) if values.is_empty else tuples(values, max_size=max_size)
    )
