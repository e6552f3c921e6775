"""Read the packaged data files: on first use, never at import, from a folder or from a zip."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import io
import tomllib
from typing import TYPE_CHECKING, Any, TypeGuard

from cptfacet.citations import Citation, Confidence, Source, cite
from cptfacet.dates import EffectivePeriod, parse_date

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from importlib_resources.abc import Traversable


def root() -> Traversable:
    """Return the folder of packaged data."""
    import importlib_resources  # noqa: PLC0415  kept out of `import cptfacet`, which reads nothing

    return importlib_resources.files("cptfacet") / "data"


def read_text(name: str) -> str:
    """Read one packaged file, named by its path below ``data/``."""
    return root().joinpath(*name.split("/")).read_text(encoding="utf-8")


def read_toml(name: str) -> dict[str, Any]:
    """Read one packaged TOML file."""
    return tomllib.loads(read_text(name))


def read_csv(name: str) -> Iterator[dict[str, str]]:
    """Read one packaged CSV file; lines that begin with ``#`` at its head say where it is from."""
    lines = read_text(name).splitlines(keepends=True)
    body = "".join(line for line in lines if not line.startswith("#"))
    yield from csv.DictReader(io.StringIO(body), strict=True)


def _is_table(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_array(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def as_table(value: object) -> dict[str, Any] | None:
    """Return a decoded value if it is a table, else None."""
    return value if _is_table(value) else None


def as_array(value: object) -> list[Any] | None:
    """Return a decoded value if it is an array, else None."""
    return value if _is_array(value) else None


def codes_of(text: str) -> Iterator[str]:
    """Yield the codes of a list of ranges of consecutive numbers, both ends included."""
    for part in text.split():
        first, _, last = part.partition("-")
        if last:
            yield from (f"{number:05}" for number in range(int(first), int(last) + 1))
        else:
            yield first


def make_source(source_id: str, table: Mapping[str, Any]) -> Source:
    """Return a source from its table in a TOML file."""
    return Source(id=source_id, **table)


@functools.cache
def sources() -> dict[str, Source]:
    """Return the packaged sources, by id."""
    table = read_toml("sources.toml")["sources"]
    return {source_id: make_source(source_id, entry) for source_id, entry in table.items()}


def term_of(row: Mapping[str, str | dt.date]) -> EffectivePeriod:
    """Return the term of a fact from the columns ``from``, ``seen`` and ``until``."""

    def day(column: str) -> dt.date | None:
        value = row.get(column) or None
        return parse_date(value) if isinstance(value, str) else value

    return EffectivePeriod(start=day("from"), seen=day("seen"), until=day("until"))


def citations_of(row: Mapping[str, Any]) -> tuple[Citation, ...]:
    """Return the citations of a fact from its columns."""
    listed = row["citations"]
    ids: list[str] = listed.split(";") if isinstance(listed, str) else listed
    known = sources()
    return cite(tuple(known[i.strip()] for i in ids), term_of(row), Confidence(row["confidence"]))
