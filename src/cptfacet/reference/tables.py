"""The one form of a table: rows that are read on first use, and rows laid over them.

We considered two designs. A wrapper for each kind of file (an MUE file, a fee schedule) can hold what
is special about it, but each is read, extended, compared and pickled in its own way. Here every table
is a sequence of rows with a key, and data with editions are a table of releases (`editions`). A
reader of an official file adds one row, and no table needs code of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

import attrs

from cptfacet._records import sealed

__all__ = ["Rows", "Table"]


def __dir__() -> list[str]:
    return sorted(__all__)


K = TypeVar("K", bound=Hashable)
R = TypeVar("R")
V = TypeVar("V")
D = TypeVar("D")


@sealed
@attrs.frozen(kw_only=True, repr=False)
class Table(Sequence[R]):
    """Rows of one kind, each with a key: a code, a joint, an edition of a file.

    ``packaged`` reads the packaged rows on first use. The rows ``laid`` over them replace those with
    the same key. Tables are equal if they have the same source and the same rows laid over it.
    A table without laid rows is compared and pickled without reading a file.

    >>> from cptfacet.reference import packaged
    >>> modifiers = packaged().modifiers
    >>> [row.kind.value for row in modifiers.about("KX")]
    ['informational']
    >>> len(modifiers.only([])), modifiers.over([]) == modifiers
    (0, True)
    >>> modifiers.over(["KX"])
    Traceback (most recent call last):
    ...
    TypeError: a row of this table is a Modifier, not 'KX'
    """

    kind: type[Any]
    key: Callable[[R], Hashable] = attrs.field(eq=False)
    packaged: Callable[[], tuple[R, ...]] | None = None
    laid: tuple[R, ...] = ()

    @functools.cached_property
    def rows(self) -> tuple[R, ...]:
        """All rows, in order; a row laid over others takes the place of the first of them."""
        return self._lay(self.packaged(), self.laid) if self.packaged else self.laid

    @functools.cached_property
    def _index(self) -> dict[Hashable, tuple[R, ...]]:
        return _by_key(self.rows, self.key)

    def about(self, key: Hashable) -> tuple[R, ...]:
        """List the rows with a key, in order; an empty list if there are none."""
        return self._index.get(key, ())

    def over(self, rows: Iterable[R]) -> Table[R]:
        """Return the table with rows laid over it, which replace those with the same key."""
        return attrs.evolve(self, laid=self._lay(self.laid, self._checked(rows)))

    def only(self, rows: Iterable[R]) -> Table[R]:
        """Return the table with only these rows."""
        return attrs.evolve(self, packaged=None, laid=self._checked(rows))

    def _lay(self, beneath: tuple[R, ...], rows: tuple[R, ...]) -> tuple[R, ...]:
        waiting = _by_key(rows, self.key)
        replaced = frozenset(waiting)
        found: list[R] = []
        for row in beneath:
            about = self.key(row)
            found += waiting.pop(about, ()) if about in replaced else (row,)
        return (*found, *(row for rows in waiting.values() for row in rows))

    def _checked(self, rows: Iterable[R]) -> tuple[R, ...]:
        taken = tuple(rows)
        for row in taken:
            if not isinstance(row, self.kind):
                message = f"a row of this table is a {self.kind.__name__}, not {row!r}"
                raise TypeError(message)
        return taken

    def __iter__(self) -> Iterator[R]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> R: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[R, ...]: ...
    def __getitem__(self, place: int | slice) -> R | tuple[R, ...]:
        return self.rows[place]

    def __repr__(self) -> str:
        beneath = "packaged" if self.packaged else "own"
        return f"<Table of {self.kind.__name__}: {beneath}, {len(self.laid)} laid over>"


def _by_key(rows: Iterable[R], key: Callable[[R], Hashable]) -> dict[Hashable, tuple[R, ...]]:
    found: dict[Hashable, tuple[R, ...]] = {}
    for row in rows:
        about = key(row)
        found[about] = (*found.get(about, ()), row)
    return found


class Rows(Mapping[K, V]):
    """The rows of one release by key: passed in, or read on first use.

    >>> rows = Rows({"64493": 1})
    >>> rows["64493"], rows == Rows({"64493": 1})
    (1, True)
    >>> rows["64493"] = 2
    Traceback (most recent call last):
    ...
    TypeError: 'Rows' object does not support item assignment
    """

    __slots__ = ("_read", "_rows")

    def __init__(self, rows: Mapping[K, V] | Callable[[], Mapping[K, V]]) -> None:
        """Take the rows, or the function that reads them."""
        self._read = rows if callable(rows) else None
        self._rows = None if callable(rows) else dict(rows)

    def _all(self) -> Mapping[K, V]:
        if self._rows is None:
            self._rows = dict(self._read()) if self._read else {}
        return self._rows

    def __getitem__(self, key: K) -> V:
        return self._all()[key]

    @overload
    def get(self, key: K, /) -> V | None: ...
    @overload
    def get(self, key: K, /, default: V) -> V: ...
    @overload
    def get(self, key: K, /, default: D) -> V | D: ...
    def get(self, key: K, /, default: D | None = None) -> V | D | None:
        """Return the row with a key, or the default."""
        return self._all().get(key, default)

    def __iter__(self) -> Iterator[K]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return f"Rows({len(self)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Rows, (dict(self._all()),)
