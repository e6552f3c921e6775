"""Read claims from CSV: a row for each claim line, rows of a claim together, columns in any order.

A file of any length needs only the memory of its longest claim. Each problem is reported with its
row and column, and no row is skipped.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import attrs

from cptfacet.claims import Claim, ClaimLine, parse_claim_type, parse_purpose
from cptfacet.dates import parse_date
from cptfacet.errors import CptfacetError, DocumentError, Problem
from cptfacet.interop.json import LONG, as_amount, as_code, as_units, shorten

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COLUMNS", "DIAGNOSES", "MODIFIERS", "harmless", "read_claims"]


def __dir__() -> list[str]:
    return sorted(__all__)


T = TypeVar("T")

_MODIFIERS, _DIAGNOSES = 4, 12  # as many as the claim form has
MODIFIERS = tuple(f"mod{n + 1}" for n in range(_MODIFIERS))
DIAGNOSES = tuple(f"dx{n + 1}" for n in range(_DIAGNOSES))
COLUMNS = (
    "claim_id", "line", "claim_type", "place_of_service", "date", "purpose", "policy", "provider",
    "code", *MODIFIERS, "units", "charge", *DIAGNOSES,
)  # fmt: skip
_NEEDED = ("claim_id", "claim_type", "code")
_OF_A_CLAIM = ("claim_type", "purpose", "policy")  # the same on each of its rows
_REMEMBERED = 1 << 16


# A byte that is not UTF-8, in text read with the error handler surrogateescape.
_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
_SAVE_AS_UTF_8 = "it is not UTF-8; save the file as CSV UTF-8"
_FORMULA = re.compile(r"['\s]*[=+\-@]")


def harmless(value: object) -> str:
    """Return the text of a cell that breaks no row and that no spreadsheet runs as a formula.

    Text that could be a formula gets an apostrophe in front, which `read_claims` removes.

    >>> harmless("=1+1"), harmless("-1"), harmless("64493")
    ("'=1+1", "'-1", '64493')
    """
    text = "" if value is None else str(value)
    text = "".join(c if c.isprintable() else " " for c in text)
    return f"'{text}" if _FORMULA.match(text) else text


def _unharmed(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def read_claims(
    lines: Iterable[str], *, ignore_unknown: bool = False
) -> Iterator[Claim | DocumentError]:
    """Yield each claim of a CSV text in order, or a DocumentError that lists its problems.

    The first line names the columns: any of `COLUMNS`, in any order. ``claim_id``, ``claim_type``
    and ``code`` are required. An empty cell is a value not given; empty units are missing units. The
    claim has the date and place of its first row, and a line has its own if they differ. ``line``
    counts the rows of a claim, as findings do. A claim without ``claim_id`` begins at its line 1.

    >>> claims = read_claims(
    ...     [
    ...         "claim_id,claim_type,date,code,mod1,units",
    ...         "a,professional,2026-03-02,64493,RT,1",
    ...         "a,professional,2026-03-02,64494,RT,1",
    ...     ]
    ... )
    >>> [[line.text for line in claim.lines] for claim in claims]
    [['64493-RT x1', '64494-RT x1']]
    >>> wrong = next(read_claims(["claim_id,claim_type,code,units", "a,professional,64493,two"]))
    >>> print(wrong.problems[0])
    row 2, units: 'two' is not a number
    >>> next(read_claims(["claim_id,claim_type,code,unit"]))
    Traceback (most recent call last):
    ...
    cptfacet.errors.DocumentError: CSV can't be read:
      unit: unknown column; did you mean units?

    Raises:
        DocumentError: A column is missing or unknown, or the text is not CSV.
    """
    reader = csv.reader(lines, strict=True)
    header = _header(reader, ignore_unknown=ignore_unknown)
    seen: OrderedDict[str, int] = OrderedDict()
    group = _Group()
    for cells in _rows(reader):
        if not any(cells):
            continue
        row = _Row(number=reader.line_num, problems=[], cells=_named(header, cells))
        if len(cells) != len(header):
            row.problem("", f"it has {len(cells)} cells, but the header has {len(header)} columns")
        if any(map(_NOT_UTF_8.search, cells)):
            row.problem("", _SAVE_AS_UTF_8)
        claim_id = row.cells.get("claim_id", "")
        if group.rows and group.ends_before(row):
            yield group.made()
            group = _Group()
        if not group.rows and claim_id:
            if claim_id in seen:
                apart = f"rows of this claim are not together (see row {seen[claim_id]})"
                row.problem("claim_id", f"{apart}; sort the file by claim_id")
            seen[claim_id] = row.number
            if len(seen) > _REMEMBERED:
                seen.popitem(last=False)
        group.add(row)
    if group.rows:
        yield group.made()


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield the rows of a reader; text that is not CSV ends them with one clear error."""
    rows = iter(reader)
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            number = getattr(reader, "line_num", 0)
            problem = Problem(path=f"row {number}", message=f"it is not CSV: {error}")
            raise DocumentError(what="CSV", problems=(problem,)) from None


def _header(reader: Iterator[list[str]], *, ignore_unknown: bool) -> list[str]:
    first = next((row for row in _rows(reader) if "".join(row).strip()), list[str]())
    if any(map(_NOT_UTF_8.search, first)):
        problem = Problem(path="row 1", message=_SAVE_AS_UTF_8)
        raise DocumentError(what="CSV", problems=(problem,))
    names = [name.strip().lower() for name in first]
    if names:
        names[0] = names[0].removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    if not set(names) & set(COLUMNS):
        message = f"it names none of these columns: {', '.join(COLUMNS)}"
        raise DocumentError(what="CSV", problems=(Problem(path="row 1", message=message),))
    problems = [
        Problem(path=needed, message="this column is missing")
        for needed in _NEEDED
        if needed not in names
    ]
    for place, name in enumerate(names):
        if name in names[:place]:
            problems.append(Problem(path=shorten(name), message="this column occurs twice"))
        elif name not in COLUMNS and not ignore_unknown:
            near = difflib.get_close_matches(shorten(name), COLUMNS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(COLUMNS)}"
            problems.append(Problem(path=shorten(name), message=f"unknown column; {hint}"))
    if problems:
        raise DocumentError(what="CSV", problems=tuple(problems))
    return names


def _named(header: list[str], cells: list[str]) -> Mapping[str, str]:
    """Return the cells that are not empty, by column."""
    named = {name: _unharmed(cell).strip() for name, cell in zip(header, cells, strict=False)}
    return {name: cell for name, cell in named.items() if cell}


@attrs.define
class _Row:
    """One row: its number in the file, its cells by column, and what is wrong with it."""

    number: int
    cells: Mapping[str, str]
    problems: list[Problem]

    def problem(self, column: str, message: str) -> None:
        where = f"row {self.number}" + (f", {column}" if column else "")
        self.problems.append(Problem(path=where, message=message))

    def read(self, column: str, parse: Callable[[str], T]) -> T | None:
        """Read a cell that is not empty; if it can't be read, record the problem."""
        cell = self.cells.get(column)
        if not cell:
            return None
        try:
            return parse(cell)
        except (CptfacetError, ValueError) as error:
            self.problem(column, str(error))
            return None


@attrs.define
class _Group:
    """The rows of one claim."""

    rows: list[_Row] = attrs.field(factory=list[_Row])

    def ends_before(self, row: _Row) -> bool:
        """Whether a row belongs to another claim."""
        claim_id = row.cells.get("claim_id", "")
        if claim_id != self.rows[0].cells.get("claim_id", ""):
            return True
        return not claim_id and row.cells.get("line", "1") == "1"

    def add(self, row: _Row) -> None:
        """Add a row; its line number must be its place in the claim."""
        self.rows.append(row)
        place = len(self.rows)
        if not {"claim_id", "line"} & set(row.cells):
            row.problem(
                "claim_id",
                "it is missing; without it, number the rows of each claim in the column line",
            )
        elif row.cells.get("line", str(place)) != str(place):
            message = f"it is line {place} of its claim; write {place}, or leave the column out"
            row.problem("line", message)

    def made(self) -> Claim | DocumentError:
        """Return the claim, or everything that is wrong with its rows."""
        first = self.rows[0]
        for row in self.rows[1:]:
            for column in _OF_A_CLAIM:
                if row.cells.get(column, "") != first.cells.get(column, ""):
                    row.problem(column, "it differs from the first row of the claim")
        claim_type = first.read("claim_type", parse_claim_type)
        if claim_type is None and not first.cells.get("claim_type"):
            first.problem("claim_type", "it is missing")
        purpose = first.read("purpose", parse_purpose)
        date = first.read("date", parse_date)
        place = first.cells.get("place_of_service")
        lines = [_line(row) for row in self.rows]
        problems = tuple(problem for row in self.rows for problem in row.problems)
        if problems or claim_type is None:
            return DocumentError(what="Claim", problems=tuple(dict.fromkeys(problems)))
        return Claim(
            claim_type=claim_type,
            lines=tuple(
                attrs.evolve(
                    line,
                    date=None if line.date == date else line.date,
                    place_of_service=None
                    if line.place_of_service == place
                    else line.place_of_service,
                )
                for line in lines
            ),
            date=date,
            place_of_service=place,
            purpose=purpose,
            id=first.cells.get("claim_id"),
            policy=first.cells.get("policy"),
        )


def _line(row: _Row) -> ClaimLine:
    cells = row.cells
    return ClaimLine(
        code=as_code(cells.get("code", "")),
        modifiers=tuple(as_code(cells[column]) for column in MODIFIERS if cells.get(column)),
        units=row.read("units", _units),
        diagnoses=tuple(as_code(cells[column]) for column in DIAGNOSES if cells.get(column)),
        date=row.read("date", parse_date),
        place_of_service=cells.get("place_of_service"),
        charge=row.read("charge", as_amount),
        provider=cells.get("provider"),
    )


_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)


def _units(text: str) -> int | Decimal:
    if len(text) > LONG or not _NUMBER.fullmatch(text):
        message = f"{shorten(text)!r} is not a number"
        raise ValueError(message)
    return as_units(Decimal(text) if set(text) & set(".eE") else int(text))
