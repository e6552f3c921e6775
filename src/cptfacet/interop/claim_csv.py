"""Read claims from CSV or a data frame: a row for each claim line, rows of a claim together.

Columns may be in any order. A file of any length needs only the memory of its longest claim. Each
problem is reported with its row and column, and no row is skipped.
"""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import itertools
import numbers
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from cptfacet._inputs import (
    as_text,
    expect,
    expect_several,
    stated,
    without_fraction,
    without_midnight,
)
from cptfacet.claims import Claim, ClaimLine, parse_claim_type, parse_frequency, parse_purpose
from cptfacet.dates import parse_date
from cptfacet.errors import CptfacetError, DocumentError, Problem
from cptfacet.interop.json import LONG, as_amount, as_code, as_units, shorten

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ALSO",
    "COLUMNS",
    "DIAGNOSES",
    "MODIFIERS",
    "harmless",
    "names_columns",
    "read_claims",
    "read_rows",
    "row_text",
]


def __dir__() -> list[str]:
    return sorted(__all__)


T = TypeVar("T")

_MODIFIERS, _DIAGNOSES = 4, 12  # as many as the claim form has
MODIFIERS = tuple(f"mod{n + 1}" for n in range(_MODIFIERS))
DIAGNOSES = tuple(f"dx{n + 1}" for n in range(_DIAGNOSES))
COLUMNS = (
    "claim_id", "line", "claim_type", "place_of_service", "date", "purpose", "policy", "provider",
    "code", *MODIFIERS, "units", "charge", *DIAGNOSES, "frequency", "replaces",
)  # fmt: skip
_NEEDED = ("claim_id", "claim_type", "code")
# The same on each row of a claim.
_OF_A_CLAIM = ("claim_type", "purpose", "policy", "frequency", "replaces")
_REMEMBERED = 1 << 16

# What other files call the columns, in small letters with underscores. ``modifiers`` and
# ``diagnoses`` are columns that hold several in one cell.
ALSO: Mapping[str, str] = MappingProxyType(
    {
        "claim": "claim_id",
        "claim_number": "claim_id",
        "pos": "place_of_service",
        "place": "place_of_service",
        "pos_code": "place_of_service",
        "place_of_service_code": "place_of_service",
        "dos": "date",
        "date_of_service": "date",
        "service_date": "date",
        "cpt": "code",
        "cpt_code": "code",
        "hcpcs": "code",
        "hcpcs_code": "code",
        "cpt_hcpcs": "code",
        "procedure": "code",
        "procedure_code": "code",
        "proc_code": "code",
        "mod": "modifiers",
        "mods": "modifiers",
        "modifier": "modifiers",
        "qty": "units",
        "quantity": "units",
        "charges": "charge",
        "charge_amount": "charge",
        "billed_amount": "charge",
        "dx": "diagnoses",
        "diag": "diagnoses",
        "diagnosis": "diagnoses",
        "diagnosis_code": "diagnoses",
        "diagnosis_codes": "diagnoses",
        "icd": "diagnoses",
        "icd10": "diagnoses",
        "rendering_provider": "provider",
        "rendering_npi": "provider",
    }
)
_SEVERAL = {"modifiers": MODIFIERS, "diagnoses": DIAGNOSES}
_READ = (*COLUMNS, *_SEVERAL)
_NUMBERED = re.compile(r"(mod|modifier|dx|diag|diagnosis|icd)_?0?(\d{1,2})", re.ASCII)
_KNOWN = (
    "claim_id, line, claim_type, place_of_service, date, purpose, policy, provider, code,"
    f" {MODIFIERS[0]} to {MODIFIERS[-1]} or modifiers, units, charge,"
    f" {DIAGNOSES[0]} to {DIAGNOSES[-1]} or diagnoses"
)


def _column(name: str) -> str:
    """Return the column that a name of it means, or the name, folded, if it means none.

    >>> _column("Place of Service"), _column("DOS"), _column("Modifier 1"), _column("purpse")
    ('place_of_service', 'date', 'mod1', 'purpse')
    """
    folded = re.sub(r"[\s_./#-]+", "_", name.strip().lower()).strip("_")
    if numbered := _NUMBERED.fullmatch(folded):
        kind = "mod" if numbered[1].startswith("mod") else "dx"
        folded = f"{kind}{numbered[2]}"
    return ALSO.get(folded, folded)


# A byte that is not UTF-8, in text read with the error handler surrogateescape.
_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
_SAVE_AS_UTF_8 = "it is not UTF-8; save the file as CSV UTF-8"
# A sign that begins a formula, also full-width, in the cell or where `;` would begin another one.
_SIGN = r"(?=['\s]*[=+\-@\uff1d\uff0b\uff0d\uff20])"
_FORMULA = re.compile(f"(^|;){_SIGN}")
_MARKED = re.compile(f"(^|;)'{_SIGN}")
_ESCAPE = re.compile(r"\\(?:\\|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_ESCAPED = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_QUOTED = re.compile(r'[,;"]|^\s|\s$')


def harmless(value: object) -> str:
    r"""Return the text of a cell that breaks no row and that no spreadsheet runs as a formula.

    What could be a formula, also after a semicolon, gets an apostrophe in front. Characters that can't be printed are
    written as escapes. `read_claims` undoes both, and different texts stay different.

    >>> harmless("=1+1"), harmless("-1"), harmless("64493")
    ("'=1+1", "'-1", '64493')
    >>> print(harmless("a" + chr(9)))
    a\x09
    """
    text = "" if value is None else str(value)
    if not text.isprintable() or _ESCAPED.search(text):
        text = "".join(map(_escaped, text))
    return _FORMULA.sub(r"\1'", text)


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    number = ord(character)
    if number <= 0xFF:  # noqa: PLR2004
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004


def _unharmed(cell: str) -> str:
    """Return the text of a cell as it was before `harmless`, without spaces around it."""
    text = _MARKED.sub(r"\1", cell.strip()).strip()
    return _ESCAPE.sub(_unescaped, text) if _ESCAPED.search(text) else text


def _unescaped(match: re.Match[str]) -> str:
    digits = match[0][2:]
    number = int(digits, 16) if digits else ord("\\")
    return chr(number) if number <= 0x10FFFF else match[0]  # noqa: PLR2004


def row_text(values: Iterable[object]) -> str:
    """Return one row of CSV, made of harmless cells; a cell with a separator is quoted.

    >>> print(row_text(["a", None, "RT; LT", 'both "sides" of L4', "=1"]))
    a,,"RT; LT","both ""sides"" of L4",'=1
    """
    cells = map(harmless, values)
    return ",".join(
        '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell for cell in cells
    )


def read_claims(
    lines: Iterable[str], *, ignore_unknown: bool = False
) -> Iterator[Claim | DocumentError]:
    """Yield each claim of a CSV text in order, or a DocumentError that lists its problems.

    The first line names the columns: any of `COLUMNS`, or their other names in `ALSO`, in any order.
    Commas, semicolons or tabs separate them. ``claim_id``, ``claim_type`` and ``code`` are required.
    An empty cell is a value not given; empty units are missing units. The claim has the date and
    place of its first row, and a line has its own if they differ. ``line`` counts the rows of a
    claim, as findings do. A claim without ``claim_id`` begins at its line 1.

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
    begun, delimiter = _begun(lines := iter(lines))
    reader = csv.reader(itertools.chain(begun, lines), strict=True, delimiter=delimiter)
    header = _header(reader, ignore_unknown=ignore_unknown)
    yield from _claims(_rows_of_file(reader, header))


def _rows_of_file(reader: Any, header: list[str]) -> Iterator[_Row]:  # noqa: ANN401
    for cells in _rows(reader):
        if not any(cells):
            continue
        row = _Row(place=f"row {reader.line_num}", problems=[], cells=_named(header, cells))
        if len(cells) != len(header):
            row.problem("", f"it has {len(cells)} cells, but the header has {len(header)} columns")
        if any(map(_NOT_UTF_8.search, cells)):
            row.problem("", _SAVE_AS_UTF_8)
        yield row


def read_rows(
    rows: Iterable[Mapping[str, Any]], *, ignore_unknown: bool = False
) -> Iterator[Claim | DocumentError]:
    """Yield each claim of the rows of a data frame, or a DocumentError that lists its problems.

    Each row is a mapping from columns to values, as ``frame.to_dict("records")`` returns them, with
    the columns of `read_claims`. None, NaN, NaT and NA are values not given. A code, modifier, place
    or id that was read as a number is its digits, and a timestamp at midnight is its date. A cell of
    ``modifiers`` or ``diagnoses`` may be a list.

    >>> nan = float("nan")
    >>> row = {"claim_id": 7, "claim_type": "asc", "cpt": 64493.0, "qty": 1.0, "dos": nan}
    >>> rows = [row | {"mod1": "RT"}, row | {"mod1": "LT"}]
    >>> [str(claim) for claim in read_rows(rows)]
    ['64493-RT x1, 64493-LT x1 on an ASC facility claim']
    >>> print(next(read_rows([row | {"dos": "3/2/2026"}])).problems[0])
    rows[0].date: '3/2/2026' is not a date: write it as YYYY-MM-DD
    >>> next(read_rows("claims.csv"))
    Traceback (most recent call last):
    ...
    TypeError: rows takes a list or another iterable, not a str: write frame.to_dict("records")

    Raises:
        DocumentError: A column is missing or unknown.
        TypeError: The rows are not mappings.
    """
    hint = 'write frame.to_dict("records")'
    yield from _claims(_rows_of_frame(expect_several(rows, "rows", hint), hint, ignore_unknown))


def _rows_of_frame(rows: Iterator[Any], hint: str, ignore_unknown: bool) -> Iterator[_Row]:  # noqa: FBT001
    names: tuple[Any, ...] | None = None
    header: list[str] = []
    for number, given in enumerate(rows):
        expect(given, Mapping, f"rows[{number}]", hint)
        if tuple(given) != names:
            known = names is not None  # a later row may leave out what it has no value for
            names = tuple(given)
            header = _columns(
                [*map(str, names)], what="The rows", ignore_unknown=ignore_unknown, whole=not known
            )
        row = _Row(place=f"rows[{number}]", joint=".", problems=[], cells={})
        cells: dict[str, str] = {}
        for column, value in zip(header, given.values(), strict=True):
            try:
                cells[column] = _cell(column, value) if column in _READ else ""
            except TypeError as error:
                row.problem(column, str(error))
        row.cells = {column: cell for column, cell in cells.items() if cell}
        yield row


def _cell(column: str, value: Any) -> str:  # noqa: ANN401
    """Return the value of a data frame as a cell of CSV has it, or say in a TypeError what to write."""
    given = stated(value)
    if given is None or isinstance(given, str):
        return (given or "").strip()
    if isinstance(given, dt.date):
        return _day(given)
    text: Any = as_text(value)
    if isinstance(text, str):
        return text.zfill(2) if column == "place_of_service" else text
    if column in _SEVERAL and hasattr(value, "__iter__") and not isinstance(value, _NO_LISTS):
        return " ".join(_cell(column[:-1], each) for each in value)
    if isinstance(value, _NUMBERS) and type(value) is not bool:
        return str(value)
    message = f"it is of the type {type(value).__name__}; write text, a number or a date"
    raise TypeError(message)


_NUMBERS: tuple[type[Any], ...] = (numbers.Real, Decimal)
_NO_LISTS: tuple[type[Any], ...] = (bytes, Mapping)


def _day(value: dt.date) -> str:
    """Return a date, or a timestamp at midnight, as text."""
    date: dt.date = without_midnight(value)
    if isinstance(date, dt.datetime):
        message = "it has a time of day or a time zone; write the date alone, with .date()"
        raise TypeError(message)
    return date.isoformat()


def _claims(rows: Iterable[_Row]) -> Iterator[Claim | DocumentError]:
    """Yield the claims of rows: those of one claim are together."""
    seen: OrderedDict[str, str] = OrderedDict()
    group = _Group()
    for row in rows:
        claim_id = row.cells.get("claim_id", "")
        if group.rows and group.ends_before(row):
            yield group.made()
            group = _Group()
        if not group.rows and claim_id:
            if claim_id in seen:
                apart = f"rows of this claim are not together (see {seen[claim_id]})"
                row.problem("claim_id", f"{apart}; sort the rows by claim_id")
            seen[claim_id] = row.place
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
    if first:
        first[0] = first[0].removeprefix(_MARK)
    names = [*map(_column, first)]
    if not set(names) & set(_READ):
        message = f"it names none of these columns: {_KNOWN}"
        raise DocumentError(what="CSV", problems=(Problem(path="row 1", message=message),))
    return _columns(first, ignore_unknown=ignore_unknown)


def _columns(
    named: list[str], *, what: str = "CSV", ignore_unknown: bool, whole: bool = True
) -> list[str]:
    """Return the column that each name means, or raise what is wrong with them."""
    names = [*map(_column, named)]
    problems = [
        Problem(path=needed, message="this column is missing")
        for needed in _NEEDED
        if whole and needed not in names
    ]
    unknown = False
    for place, (name, given) in enumerate(zip(names, named, strict=True)):
        path = shorten(given.strip().lower())
        if name in names[:place] and (name in _READ or not ignore_unknown):
            problems.append(Problem(path=path, message=_twice(name, named[names.index(name)])))
        elif name in _SEVERAL and (one := {*_SEVERAL[name]} & {*names}):
            message = f"there is also {min(one)}; use {name}, or a column for each"
            problems.append(Problem(path=path, message=message))
        elif name not in _READ and not ignore_unknown:
            near = difflib.get_close_matches(shorten(name), (*_READ, *ALSO), n=1, cutoff=_NEAR)
            hint = f"; did you mean {near[0]}?" if near else ""
            if not near and not unknown:
                unknown, hint = True, f"; known here: {_KNOWN}"
            problems.append(Problem(path=path, message=f"unknown column{hint}"))
    if problems:
        raise DocumentError(what=what, problems=tuple(problems))
    return names


def _twice(name: str, before: str) -> str:
    other = before.strip().lower()
    return "this column occurs twice" + (f": {other} is {name} too" if other != name else "")


_NEAR = 0.75  # of difflib: "unit" is near "units", and "pos" is not near "purpose"
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_DELIMITERS = ",;\t|"


def _begun(lines: Iterator[str]) -> tuple[list[str], str]:
    """Return the lines up to the header, and the delimiter by which it names the most columns."""
    begun: list[str] = []
    for line in lines:
        begun.append(line)
        if line.strip().strip(_MARK):
            break
    header = begun[-1] if begun else ""
    return begun, max(_DELIMITERS, key=lambda each: len(_named_by(header, each)))


def names_columns(header: str) -> bool:
    """Whether a line of text is the header of a CSV file of claims.

    >>> names_columns("Claim ID;DOS;CPT"), names_columns("a,2026-03-02,64493")
    (True, False)
    """
    return any(_named_by(header, each) for each in _DELIMITERS)


def _named_by(header: str, delimiter: str) -> set[str]:
    """Return the columns that a line names, if it is divided by a delimiter."""
    try:
        names = next(csv.reader([header.lstrip(_MARK)], delimiter=delimiter), list[str]())
    except csv.Error:
        return set()
    return {*map(_column, names)} & {*_READ}


def _named(header: list[str], cells: list[str]) -> Mapping[str, str]:
    """Return the cells that are not empty, by column."""
    named = {
        name: _unharmed(cell) for name, cell in zip(header, cells, strict=False) if name in _READ
    }
    return {name: cell for name, cell in named.items() if cell}


@attrs.define
class _Row:
    """One row: its place, its cells by column, and what is wrong with it."""

    place: str
    cells: Mapping[str, str]
    problems: list[Problem]
    joint: str = ", "  # between its place and a column

    def problem(self, column: str, message: str) -> None:
        where = self.place + (f"{self.joint}{column}" if column else "")
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
        frequency = first.read("frequency", parse_frequency)
        date = first.read("date", parse_date)
        place = _digits(first.cells.get("place_of_service"))
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
            frequency=frequency,
            replaces=first.cells.get("replaces"),
        )


def _line(row: _Row) -> ClaimLine:
    cells = row.cells
    return ClaimLine(
        code=as_code(_digits(cells.get("code")) or ""),
        modifiers=_several(cells, "modifiers", _BETWEEN_MODIFIERS),
        units=row.read("units", _units),
        diagnoses=_several(cells, "diagnoses", _BETWEEN),
        date=row.read("date", parse_date),
        place_of_service=_digits(cells.get("place_of_service")),
        charge=row.read("charge", _charge),
        provider=cells.get("provider"),
    )


_BETWEEN = re.compile(r"[\s,;:|/]+")
_BETWEEN_MODIFIERS = re.compile(r"[\s,;:|/-]+")


def _several(cells: Mapping[str, str], column: str, between: re.Pattern[str]) -> tuple[str, ...]:
    """Return the codes of the one cell that holds several, or of the cells of one each."""
    listed = between.split(cells[column]) if column in cells else map(cells.get, _SEVERAL[column])
    return tuple([as_code(_digits(text) or "") for text in listed if text])


def _digits(text: str | None) -> str | None:
    """Return a code without the ".0" of a spreadsheet that has read it as a number."""
    whole = text and without_fraction(text)
    return whole.zfill(2) if whole and whole != text else text


_THOUSANDS = re.compile(r"\$?\s*(\d{1,3}(?:,\d{3})*|\d+)(\.\d+)?", re.ASCII)


def _charge(text: str) -> Decimal:
    """Read an amount, also with a dollar sign and a comma between thousands."""
    amount = _THOUSANDS.fullmatch(text.strip())
    return as_amount(amount[1].replace(",", "") + (amount[2] or "") if amount else text)


_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)


def _units(text: str) -> int | Decimal:
    if len(text) > LONG or not _NUMBER.fullmatch(text):
        message = f"{shorten(text)!r} is not a number"
        raise ValueError(message)
    return as_units(Decimal(text) if set(text) & set(".eE") else int(text))
