"""Policies: payers' differences as dated, cited provisions, and the strict reader of their files.

A policy is data. It may extend another: what it does not say, the one that it extends answers.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import itertools
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import attrs

from cptfacet import _data
from cptfacet._records import sealed
from cptfacet.citations import Citation, Confidence, Source, cite
from cptfacet.claims import ClaimType, parse_line
from cptfacet.dates import Standing, Term
from cptfacet.errors import ParseError, PolicyFileError, Problem, UnknownIdError
from cptfacet.modifiers import parse_modifier
from cptfacet.procedures import Family, is_code
from cptfacet.sessions import Guidance, Technique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from importlib_resources.abc import Traversable

__all__ = [
    "GUIDANCE_NOT_STATED",
    "NONE",
    "Change",
    "Key",
    "NotKnown",
    "Policy",
    "Provision",
    "Value",
    "get",
    "ids",
    "load",
    "vocabulary",
]

Value = str | bool | int | tuple[str, ...]
Cell = tuple[str, ...]

GUIDANCE_NOT_STATED = "not-stated"
NONE = "none"

_DIMENSIONS: Mapping[str, tuple[str, ...] | None] = {
    "technique": tuple(Technique),
    "guidance": (*Guidance, GUIDANCE_NOT_STATED),
    "role": ("primary", "injection-add-on", "ablation-add-on"),
    "claim-type": tuple(ClaimType),
    "family": tuple(Family),
    "add-on": None,  # open: any procedure code
}


@sealed
@attrs.frozen(kw_only=True)
class Key:
    """One key of the vocabulary: what a provision of that name says, and in which cells."""

    name: str
    type: str
    meaning: str
    dimensions: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    unit: str | None = None
    gaps: str = "allowed"


@functools.cache
def vocabulary() -> Mapping[str, Key]:
    """Give every key that a policy file may use.

    >>> vocabulary()["laterality.form"].dimensions
    ('role', 'claim-type')
    """
    table = _data.read_toml("policies/vocabulary.toml")["keys"]
    return {
        name: Key(
            name=name,
            type=entry["type"],
            meaning=entry["meaning"],
            dimensions=tuple(entry["dimensions"]),
            choices=tuple(entry.get("choices", ())),
            unit=entry.get("unit"),
            gaps=entry["gaps"],
        )
        for name, entry in table.items()
    }


@sealed
@attrs.frozen(kw_only=True)
class Provision:
    """One dated, cited value of a policy.

    ``cell`` gives the values of the key's dimensions, ``policy`` is the id of the policy that says
    so, which may be one that the asked policy extends.
    """

    key: str
    cell: Cell
    value: Value
    unit: str | None
    term: Term
    confidence: Confidence
    citations: tuple[Citation, ...]
    policy: str
    note: str = ""

    def __str__(self) -> str:
        name = f"{self.key} ({', '.join(self.cell)})" if self.cell else self.key
        value = ", ".join(self.value) if isinstance(self.value, tuple) else self.value
        return f"{name} = {value} [policy {self.policy}; {self.term}; {self.confidence}]"


@sealed
@attrs.frozen(kw_only=True)
class NotKnown:
    """The answer that no source gives a value, with what is missing.

    ``jurisdictions`` lists those on which the answer depends, where contractors differ.
    """

    key: str
    cell: Cell
    reason: str
    policy: str
    term: Term = attrs.field(factory=Term)
    jurisdictions: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()


@sealed
@attrs.frozen(kw_only=True)
class Change:
    """One change of a policy: a provision that begins, or is first seen, or ends, on a day."""

    on: dt.date
    what: str
    provision: Provision | NotKnown


def _start(provision: Provision | NotKnown) -> dt.date:
    return provision.term.first


@sealed
@attrs.frozen(kw_only=True)
class Policy:
    """The provisions of one payer, programme or rule book.

    ``edition`` is the date of this edition of the file. Two policies are equal when their id,
    edition and provisions are.
    """

    id: str
    title: str
    payer: str
    edition: dt.date
    provisions: tuple[Provision | NotKnown, ...] = attrs.field(repr=False)
    extends: Policy | None = attrs.field(default=None, repr=lambda p: repr(p and p.id))
    _index: dict[tuple[str, Cell], tuple[Provision | NotKnown, ...]] = attrs.field(
        init=False, repr=False, eq=False, hash=False
    )
    _hash: int = attrs.field(init=False, repr=False, eq=False, hash=False)

    def __attrs_post_init__(self) -> None:
        """Index the provisions by key and cell, in the order of their dates."""
        index: dict[tuple[str, Cell], list[Provision | NotKnown]] = {}
        for provision in sorted(self.provisions, key=_start):
            index.setdefault((provision.key, provision.cell), []).append(provision)
        object.__setattr__(self, "_index", {where: tuple(p) for where, p in index.items()})
        object.__setattr__(self, "_hash", hash((self.id, self.edition, self.provisions)))

    def __hash__(self) -> int:
        return self._hash

    def get(self, key: str, *, on: dt.date, **cell: str) -> Provision | NotKnown:
        """Answer what the policy says under a key on a date.

        The dimensions of the key are given by name, with `-` written as `_`. The answer carries its
        citations and dates. Where no source tells, it is a `NotKnown` that says what is missing.

        >>> import datetime as dt
        >>> cpt = get("cpt")
        >>> answer = cpt.get(
        ...     "laterality.form",
        ...     on=dt.date(2026, 3, 2),
        ...     role="injection-add-on",
        ...     claim_type="professional",
        ... )
        >>> answer.value, str(answer.term)
        ('two-units', 'from 2020-01-01')
        >>> cpt.get("laterality.from", on=dt.date(2026, 3, 2))
        Traceback (most recent call last):
        ...
        cptfacet.errors.UnknownIdError: no provision is known as 'laterality.from'. Near it: laterality.form.

        Raises:
            UnknownIdError: The vocabulary has no such key, or no such cell.
        """
        where = _cell_of(key, cell)
        return self._answer(key, where, on)

    def _answer(self, key: str, cell: Cell, on: dt.date) -> Provision | NotKnown:
        stated = self._index.get((key, cell), ())
        for provision in stated:
            if provision.term.on(on) is Standing.IN_FORCE:
                return provision
        later = next((p for p in stated if p.term.first > on), None)
        if later is not None and later.term.start is None:
            return NotKnown(
                key=key,
                cell=cell,
                policy=self.id,
                reason=f"no source shows it in force before {later.term.seen}",
                citations=later.citations,
            )
        if self.extends is not None:
            return self.extends._answer(key, cell, on)  # noqa: SLF001  the same class
        if stated:
            reason = f"no source tells for that date; what is known is {_terms(stated)}"
        else:
            reason = "no source that was read tells"
        return NotKnown(key=key, cell=cell, policy=self.id, reason=reason)

    def find(self, prefix: str = "") -> tuple[Provision | NotKnown, ...]:
        """List what this policy itself states under keys that begin with a text, in file order."""
        return tuple(p for p in self.provisions if p.key.startswith(prefix))

    def lineage(self) -> tuple[Policy, ...]:
        """Give this policy and those that it extends, nearest first."""
        return (self, *(self.extends.lineage() if self.extends else ()))

    def changes(
        self, *, since: dt.date = dt.date.min, until: dt.date = dt.date.max
    ) -> tuple[Change, ...]:
        """List what changed in this policy itself between two dates, both included.

        >>> import datetime as dt
        >>> new_year = get("cpt").changes(since=dt.date(2020, 1, 1), until=dt.date(2020, 1, 1))
        >>> {(change.what, change.provision.key) for change in new_year}
        {('begins', 'laterality.form')}
        """
        found: list[Change] = []
        for p in self.provisions:
            begins = "begins" if p.term.start else "first seen"
            if (first := p.term.start or p.term.seen) and since <= first <= until:
                found.append(Change(on=first, what=begins, provision=p))
            if p.term.until and since <= p.term.until <= until:
                found.append(Change(on=p.term.until, what="ends", provision=p))
        return tuple(sorted(found, key=lambda change: (change.on, change.provision.key)))


def _terms(stated: tuple[Provision | NotKnown, ...]) -> str:
    return "; ".join(str(p.term) for p in stated)


def _cell_of(key: str, cell: Mapping[str, str]) -> Cell:
    known = vocabulary().get(key)
    if known is None:
        near = difflib.get_close_matches(key, vocabulary())
        raise UnknownIdError(what="provision", text=key, near=tuple(near))
    given = {name.replace("_", "-"): value for name, value in cell.items()}
    if set(given) != set(known.dimensions):
        wanted = ", ".join(known.dimensions) or "none"
        message = f"{key} has the dimensions: {wanted}; given: {', '.join(given) or 'none'}"
        raise TypeError(message)
    for name, value in given.items():
        allowed = _DIMENSIONS[name]
        if allowed is not None and value not in allowed:
            near = difflib.get_close_matches(value, allowed)
            raise UnknownIdError(what=name, text=value, near=tuple(near))
    return tuple(str(given[name]) for name in known.dimensions)


def ids() -> tuple[str, ...]:
    """List the ids of the packaged policies.

    >>> ids()
    ('commercial', 'cpt', 'medicare')
    """
    folder = _data.root() / "policies"
    names = (entry.name for entry in folder.iterdir())
    found = (name.removesuffix(".toml") for name in names if name.endswith(".toml"))
    return tuple(sorted(set(found) - {"vocabulary"}))


@functools.cache
def get(policy_id: str) -> Policy:
    """Give a packaged policy by its id.

    >>> get("medicare").extends.id
    'cpt'
    >>> get("medicaid")
    Traceback (most recent call last):
    ...
    cptfacet.errors.UnknownIdError: no policy is known as 'medicaid'. Near it: medicare.

    Raises:
        UnknownIdError: No packaged policy has this id.
    """
    if policy_id not in ids():
        near = difflib.get_close_matches(policy_id, ids())
        raise UnknownIdError(what="policy", text=policy_id, near=tuple(near))
    return load(_data.root() / "policies" / f"{policy_id}.toml")


def load(path: str | Path | Traversable) -> Policy:
    """Read a policy file, strictly.

    A file may extend a packaged policy by its id, cite packaged sources, and bring sources of its
    own. The reader is complete before it is strict: every
    problem of the file is in the one error that it raises.

    Raises:
        PolicyFileError: The file breaks a rule of policy files; all problems, each with its line.
        OSError: The file can't be opened.
    """
    file = Path(path) if isinstance(path, str) else path
    return _Reader(file.name, file.read_bytes()).policy()


_HEADER = {"id", "title", "payer", "edition", "extends", "sources", "provisions"}
_REQUIRED = ("id", "title", "payer", "edition")
_PROVISION = {
    "key", "for", "value", "not-known", "jurisdictions", "unit", "from", "seen", "until",
    "citations", "confidence", "note",
}  # fmt: skip
_SOURCE = {field.name for field in attrs.fields(Source)} - {"id"}
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class _Reader:
    """Read one policy file; collect what is wrong with it instead of stopping at the first."""

    def __init__(self, name: str, raw: bytes) -> None:
        self.name = name
        self.raw = raw
        self.text = ""
        self.problems: list[Problem] = []
        self.heads: list[int] = []
        self.sources: dict[str, Source] = {}

    def policy(self) -> Policy:
        table = self._table()
        for key in sorted(set(table) - _HEADER):
            self._problem(key, f"unknown key; a policy file has {', '.join(sorted(_HEADER))}")
        header = {key: self._header(table, key) for key in _REQUIRED}
        extends = self._extends(table)
        self._read_sources(table)
        provisions: list[Provision | NotKnown] = []
        listed = _data.as_array(table.get("provisions", []))
        if listed is None:
            self._problem("provisions", "provisions are written as [[provisions]] tables")
            listed = []
        places: dict[tuple[str, Cell], list[tuple[int, Provision | NotKnown]]] = {}
        for index, entry in enumerate(listed):
            for provision in self._provision(index, entry, header["id"]):
                provisions.append(provision)
                places.setdefault((provision.key, provision.cell), []).append((index, provision))
        for overlapping in places.values():
            self._check_overlap(overlapping)
        if extends is None and not self.problems:
            self._check_gaps(set(places))
        if self.problems:
            raise PolicyFileError(file=self.name, problems=tuple(self.problems))
        return Policy(
            id=header["id"],
            title=header["title"],
            payer=header["payer"],
            edition=header["edition"],
            extends=extends,
            provisions=tuple(provisions),
        )

    # -- the file as a whole

    def _table(self) -> dict[str, Any]:
        try:
            self.text = self.raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = self.raw[: error.start].count(b"\n") + 1
            self._stop("file", "it is not UTF-8; save it as UTF-8", line)
        if self.text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}"):
            self._stop("file", "it begins with a byte order mark; save it as plain UTF-8", 1)
        self.heads = [
            number
            for number, line in enumerate(self.text.splitlines(), 1)
            if re.match(r"\s*\[\[\s*provisions\s*\]\]", line)
        ]
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            self._stop("file", f"it is not TOML: {error}", int(found[1]) if found else None)

    def _stop(self, path: str, message: str, line: int | None) -> NoReturn:
        problem = Problem(path=path, message=message, line=line)
        raise PolicyFileError(file=self.name, problems=(problem,))

    def _problem(self, path: str, message: str, index: int | None = None) -> None:
        line = self._line(path.rpartition(".")[2], index)
        self.problems.append(Problem(path=path, message=message, line=line))

    def _line(self, key: str, index: int | None) -> int | None:
        """Find the line of a key: in the provision of that index, or anywhere."""
        lines = self.text.splitlines()
        if index is None or index >= len(self.heads):
            first, last = 1, len(lines)
        else:
            first = self.heads[index]
            last = self.heads[index + 1] - 1 if index + 1 < len(self.heads) else len(lines)
        pattern = re.compile(rf'\s*(\[[\w.]*)?["\']?{re.escape(key)}["\']?\s*[=\]]')
        for number in range(first, last + 1):
            if pattern.match(lines[number - 1]):
                return number
        return first if index is not None else None

    # -- its header

    def _header(self, table: dict[str, Any], key: str) -> Any:  # noqa: ANN401
        value = table.get(key)
        if key == "edition":
            if type(value) is not dt.date:
                self._problem(key, "the date of this edition, written bare: 2026-11-23")
                return dt.date.min
            return value
        if not isinstance(value, str) or not value.strip():
            self._problem(key, "it is missing; write it as a text")
            return ""
        if key == "id" and not _ID.fullmatch(value):
            self._problem(key, f"{value!r} is not an id; use small letters, digits and dashes")
        return value

    def _extends(self, table: dict[str, Any]) -> Policy | None:
        if "extends" not in table:
            return None
        name = table["extends"]
        if not isinstance(name, str) or name not in ids() or name == table.get("id"):
            known = ", ".join(ids())
            self._problem("extends", f"{name!r} is no packaged policy that it can extend ({known})")
            return None
        return get(name)

    def _read_sources(self, table: dict[str, Any]) -> None:
        own = _data.as_table(table.get("sources", {}))
        if own is None:
            self._problem("sources", "sources are written as [sources.ID] tables")
            return
        for source_id, value in own.items():
            path = f"sources.{source_id}"
            entry = _data.as_table(value)
            if entry is None:
                self._problem(path, "a source is a table with title and publisher")
                continue
            for key in sorted(set(entry) - _SOURCE):
                allowed = ", ".join(sorted(_SOURCE))
                self._problem(f"{path}.{key}", f"unknown key; a source has {allowed}")
            if not all(isinstance(entry.get(key), str) for key in ("title", "publisher")):
                self._problem(path, "a source has a title and a publisher")
                continue
            if source_id in _data.sources():
                self._problem(path, "a packaged source has this id; cite it, or choose another id")
                continue
            known = {key: value for key, value in entry.items() if key in _SOURCE}
            self.sources[source_id] = _data.make_source(source_id, known)

    # -- its provisions

    def _provision(
        self,
        index: int,
        value: object,
        policy: str,
    ) -> Iterator[Provision | NotKnown]:
        path = f"provisions[{index}]"
        entry = _data.as_table(value)
        if entry is None:
            self._problem(path, "a provision is a [[provisions]] table", index)
            return
        before = len(self.problems)
        for name in sorted(set(entry) - _PROVISION):
            near = difflib.get_close_matches(name, _PROVISION, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            self._problem(f"{path}.{name}", f"unknown key{hint}", index)
        key = self._key(path, index, entry)
        term = self._term(path, index, entry)
        confidence = self._confidence(path, index, entry)
        sources = self._citations(path, index, entry, confidence)
        if confidence is not None and term == Term() and confidence is not Confidence.JUDGEMENT:
            message = "give from (where a source states the start) or seen (where one shows it)"
            self._problem(f"{path}.from", message, index)
        if confidence is Confidence.JUDGEMENT and not entry.get("note"):
            self._problem(f"{path}.note", "a judgement gives its reason in a note", index)
        if key is None:
            return
        cells = self._cells(path, index, entry, key)
        stated = self._value(path, index, entry, key)
        if len(self.problems) > before:
            return
        citations = cite(sources, term, confidence or Confidence.JUDGEMENT)
        for cell in cells:
            if stated is None:
                yield NotKnown(
                    key=key.name,
                    cell=cell,
                    reason=entry["not-known"],
                    policy=policy,
                    term=term,
                    jurisdictions=tuple(entry.get("jurisdictions", ())),
                    citations=citations,
                )
                continue
            yield Provision(
                key=key.name,
                cell=cell,
                value=stated,
                unit=key.unit,
                term=term,
                confidence=confidence or Confidence.JUDGEMENT,
                citations=citations,
                policy=policy,
                note=entry.get("note", ""),
            )

    def _key(self, path: str, index: int, entry: dict[str, Any]) -> Key | None:
        name = entry.get("key")
        key = vocabulary().get(name) if isinstance(name, str) else None
        if key is None:
            near = difflib.get_close_matches(str(name), vocabulary(), n=1)
            hint = f"; did you mean {near[0]}?" if near else "; see the vocabulary of provisions"
            self._problem(f"{path}.key", f"{name!r} is not in the vocabulary{hint}", index)
            return None
        if entry.get("unit", key.unit) != key.unit:
            wanted = f"is {key.unit!r}" if key.unit else "has none: leave it out"
            self._problem(f"{path}.unit", f"the unit of {key.name} {wanted}", index)
        return key

    def _term(self, path: str, index: int, entry: dict[str, Any]) -> Term:
        days: dict[str, dt.date | None] = {}
        for name in ("from", "seen", "until"):
            value = entry.get(name)
            if value is not None and type(value) is not dt.date:
                message = "a date is written bare, without quotes or time: 2026-11-23"
                self._problem(f"{path}.{name}", message, index)
                value = None
            days[name] = value
        first = days["from"] or days["seen"]
        if days["from"] and days["seen"]:
            message = "give from where a source states the start, else seen, not both"
            self._problem(f"{path}.seen", message, index)
        if first and days["until"] and days["until"] < first:
            message = f"it ends on {days['until']}, before it begins on {first}"
            self._problem(f"{path}.until", message, index)
            return Term()
        return Term(start=days["from"], seen=days["seen"], until=days["until"])

    def _confidence(self, path: str, index: int, entry: dict[str, Any]) -> Confidence | None:
        value = entry.get("confidence")
        if value not in tuple(Confidence):
            message = f"write one of {', '.join(Confidence)}"
            self._problem(f"{path}.confidence", message, index)
            return None
        return Confidence(value)

    def _citations(
        self, path: str, index: int, entry: dict[str, Any], confidence: Confidence | None
    ) -> tuple[Source, ...]:
        listed = _data.as_array(entry.get("citations", []))
        if listed is None or not (listed or confidence is Confidence.JUDGEMENT):
            message = "it cites nothing; list the ids of its sources"
            self._problem(f"{path}.citations", message, index)
            return ()
        found: list[Source] = []
        for source_id in listed:
            source = self.sources.get(source_id) or _data.sources().get(source_id)
            if source is None:
                message = f"{source_id!r} is no known source; add [sources.{source_id}]"
                self._problem(f"{path}.citations", message, index)
            else:
                found.append(source)
        return tuple(found)

    def _cells(self, path: str, index: int, entry: dict[str, Any], key: Key) -> tuple[Cell, ...]:
        given = _data.as_table(entry.get("for", {}))
        if given is None:
            self._problem(f"{path}.for", "write it as { dimension = [values] }", index)
            return ()
        for name in sorted(set(given) - set(key.dimensions)):
            has = ", ".join(key.dimensions) or "no dimensions"
            self._problem(f"{path}.for", f"{key.name} has {has}, and not {name}", index)
        axes: list[tuple[str, ...]] = []
        for name in key.dimensions:
            allowed = _DIMENSIONS[name]
            value = given.get(name, list(allowed or ()))
            chosen = [value] if isinstance(value, str) else _data.as_array(value)
            if not chosen:
                self._problem(f"{path}.for", f"{name} lists the values that are meant", index)
                continue
            for part in chosen:
                known = is_code(str(part)) if allowed is None else part in allowed
                if not known:
                    hint = f"; it is one of {', '.join(allowed)}" if allowed else ""
                    self._problem(f"{path}.for", f"{part!r} is no {name}{hint}", index)
            axes.append(tuple(str(part) for part in chosen))
        return tuple(itertools.product(*axes))

    def _value(self, path: str, index: int, entry: dict[str, Any], key: Key) -> Value | None:
        if ("value" in entry) is ("not-known" in entry):
            message = "give either a value, or not-known with the reason, and not both"
            self._problem(f"{path}.value", message, index)
            return None
        if "not-known" in entry:
            if not isinstance(entry["not-known"], str) or not entry["not-known"].strip():
                self._problem(f"{path}.not-known", "say what is missing, as a text", index)
            return None
        if "jurisdictions" in entry:
            self._problem(f"{path}.jurisdictions", "goes with not-known only", index)
        value = entry["value"]
        wrong = _TYPES[key.type](value, key)
        if wrong:
            self._problem(f"{path}.value", f"{value!r} is wrong: {wrong}", index)
        listed = _data.as_array(value)
        return tuple(listed) if listed is not None else value

    # -- between provisions

    def _check_overlap(self, stated: list[tuple[int, Provision | NotKnown]]) -> None:
        ordered = sorted(stated, key=lambda pair: pair[1].term.first)
        for (_, one), (index, other) in itertools.pairwise(ordered):
            if other.term.first <= one.term.last:
                cell = f" for {', '.join(one.cell)}" if one.cell else ""
                message = (
                    f"{one.key}{cell} is given twice for {other.term.first}: "
                    f"({one.term}) and ({other.term}); end the earlier one with until"
                )
                self._problem(f"provisions[{index}].from", message, index)

    def _check_gaps(self, given: set[tuple[str, Cell]]) -> None:
        for key in vocabulary().values():
            if key.gaps == "allowed":
                continue
            axes = [_DIMENSIONS[name] or () for name in key.dimensions]
            missing = [c for c in itertools.product(*axes) if (key.name, c) not in given]
            if missing:
                cells = "; ".join(", ".join(cell) for cell in missing if cell)
                message = (
                    f"a policy that extends none gives {key.name} for every cell"
                    + (f"; it lacks {cells}" if cells else "")
                    + "; write not-known where no source tells"
                )
                self._problem("provisions", message)


def _check_choice(value: object, key: Key) -> str:
    return "" if value in key.choices else f"write one of {', '.join(key.choices)}"


def _check_boolean(value: object, _: Key) -> str:
    return "" if isinstance(value, bool) else "write true or false"


def _check_list(value: object, key: Key) -> str:
    listed = _data.as_array(value)
    if listed is not None and sorted(map(str, listed)) == sorted(key.choices):
        return ""
    return f"list {', '.join(key.choices)}, each once, in order"


def _check_modifier(value: object, _: Key) -> str:
    try:
        fits = isinstance(value, str) and (value == NONE or parse_modifier(value) == value)
    except ParseError:
        fits = False
    return "" if fits else f"write a modifier of two characters, or {NONE!r}"


def _check_codes(value: object, _: Key) -> str:
    listed = _data.as_array(value)
    if listed and all(isinstance(code, str) and is_code(code) for code in listed):
        return ""
    return "list procedure codes"


def _check_lines(value: object, _: Key) -> str:
    listed = _data.as_array(value) or [""]
    try:
        fits = all(isinstance(line, str) and parse_line(line).text == line for line in listed)
    except ParseError:
        fits = False
    return "" if fits else "list claim lines in their canonical form"


_TYPES: Mapping[str, Callable[[object, Key], str]] = {
    "choice": _check_choice,
    "boolean": _check_boolean,
    "list": _check_list,
    "modifier": _check_modifier,
    "codes": _check_codes,
    "lines": _check_lines,
}
