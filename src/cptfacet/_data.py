"""Read the packaged data files: on first use, never at import, from a folder or from a zip."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import hashlib
import io
import tomllib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from cptfacet.citations import Citation, Confidence, Source, cite
from cptfacet.dates import EffectivePeriod, parse_date
from cptfacet.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from importlib_resources.abc import Traversable

MANIFEST = "manifest.csv"


def root() -> Traversable:
    """Return the folder of packaged data."""
    import importlib_resources  # noqa: PLC0415  kept out of `import cptfacet`, which reads nothing

    return importlib_resources.files("cptfacet") / "data"


class Content(NamedTuple):
    """What the manifest states of a file: how many lines it has, and their digest."""

    lines: int
    digest: str


def content_of(data: bytes) -> Content:
    """Return what a manifest states of these bytes; the kind of line ends makes no difference."""
    data = data.replace(b"\r\n", b"\n")
    return Content(data.count(b"\n"), hashlib.sha256(data).hexdigest())


def _opened(name: str) -> bytes:
    try:
        return root().joinpath(*name.split("/")).read_bytes()
    except (OSError, KeyError):  # KeyError from a zip
        raise DataFileError(file=name, reason="it is missing or can't be opened") from None


@functools.cache
def manifest() -> Mapping[str, Content]:
    """Return what each packaged file holds, by name; the last line counts those before it."""
    *lines, last = _opened(MANIFEST).decode("utf-8", "replace").split() or [""]
    try:
        rows = [(name, int(count), digest) for name, count, digest in csv.reader(lines[1:])]
    except ValueError:
        rows = []
    if not rows or last != f"{MANIFEST},{len(rows)},":
        raise DataFileError(file=MANIFEST, reason="it is not what this version was released with")
    return MappingProxyType({name: Content(count, digest) for name, count, digest in rows})


def read_bytes(name: str) -> bytes:
    """Read one packaged file, named by its path below ``data/``, if it is what was released.

    A file that is damaged would answer with what is left of it, and nobody would notice.
    """
    released = manifest().get(name)
    if released is None:
        raise DataFileError(file=name, reason=f"{MANIFEST} does not list it")
    data = _opened(name)
    found = content_of(data)
    if found.lines != released.lines:
        raise DataFileError(file=name, reason=f"it has {found.lines} of {released.lines} lines")
    if found != released:
        raise DataFileError(file=name, reason="it is not what this version was released with")
    return data


def names(folder: str) -> tuple[str, ...]:
    """List the packaged files of a folder, by name without the folder."""
    return tuple(
        name.removeprefix(f"{folder}/") for name in manifest() if name.startswith(f"{folder}/")
    )


def read_text(name: str) -> str:
    """Read one packaged file as text."""
    return read_bytes(name).decode("utf-8").replace("\r\n", "\n")


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
def sources() -> Mapping[str, Source]:
    """Return the packaged sources, by id."""
    table = read_toml("sources.toml")["sources"]
    return MappingProxyType({name: make_source(name, entry) for name, entry in table.items()})


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
