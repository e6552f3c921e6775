"""The strict reader of policy files: it reports every problem of every file, with its line."""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import itertools
import re
import reprlib
import tomllib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import attrs

from cptfacet import _data
from cptfacet._inputs import expect
from cptfacet.citations import Confidence, Source, cite
from cptfacet.dates import EffectivePeriod
from cptfacet.errors import ParseError, PolicyFileError, PolicyFilesError, Problem, UnknownIdError
from cptfacet.policies.model import (
    DiagnosisUse,
    ListedDiagnosis,
    NotKnown,
    Policy,
    Provision,
    StatedDiagnoses,
    as_policy,
    check_document,
    check_value,
    overlaps,
)
from cptfacet.policies.vocabulary import DIMENSIONS, KEYS, Key, Value, is_id, is_in_dimension
from cptfacet.reference import Reference, find_reference
from cptfacet.reference.diagnoses import parse_diagnosis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cptfacet.policies.model import Cell

__all__ = ["PolicyFile", "find_policy", "get", "ids", "read_file", "read_files"]


def __dir__() -> list[str]:
    return sorted(__all__)


E = TypeVar("E", Provision | NotKnown, StatedDiagnoses)

_HEADER = {
    "id", "title", "payer", "revised", "extends", "sources", "provisions", "diagnosis-lists",
}  # fmt: skip
_REQUIRED = ("id", "title", "payer", "revised")
_PROVISION = {
    "key", "for", "value", "not-known", "jurisdictions", "unit", "from", "seen", "until",
    "citations", "confidence", "rationale", "caveat",
}  # fmt: skip
_LISTS = "diagnosis-lists"
_LIST = {
    "document", "diagnoses", "facet-cyst", "from", "seen", "until", "citations", "confidence",
    "rationale",
}  # fmt: skip
_HEAD = re.compile(rf"\s*\[\[\s*(provisions|{_LISTS})\s*\]\]")
_SOURCE = {field.name for field in attrs.fields(Source)} - {"id"}
_NONE_GIVEN: Mapping[str, Policy] = MappingProxyType({})
_OPEN = {
    "add-on": "write a procedure code",
    "rule": "write a rule id, in lower-case letters, digits and hyphens",
}
_DATED = re.compile(r"\s*(revised|retrieved|from|seen|until)\s*=")
_DATE_REMEDY = "write an existing date without quotes, as year-month-day: 2026-11-23"
_TOML_REMEDY = "write key = value, with strings in double quotes and lists in [ ]"


@functools.cache
def ids() -> tuple[str, ...]:
    """List the ids of the packaged policies.

    >>> len(ids()), ids()[:4]
    (33, ('aetna', 'bcbs-mississippi', 'bcbs-nebraska', 'bcbs-north-dakota'))
    """
    return tuple(sorted(name.removesuffix(".toml") for name in _data.names("policies")))


@functools.cache
def get(policy_id: str) -> Policy:
    """Return a packaged policy by its id.

    >>> get("medicare").extends.id
    'cpt'
    >>> get("Novitas")
    Traceback (most recent call last):
    ...
    cptfacet.errors.UnknownIdError: unknown policy 'Novitas'; did you mean medicare-jh, medicare-jl?

    Raises:
        UnknownIdError: No packaged policy has this id.
    """
    if expect(policy_id, str, "policy_id", "write an id such as 'medicare'") not in ids():
        raise UnknownIdError(what="policy", text=policy_id, near=_near(policy_id))
    name = f"{policy_id}.toml"
    return read_file(name, _data.read_bytes(f"policies/{name}"), packaged=True)


def _near(text: str) -> tuple[str, ...]:
    """List the ids that a text may mean: a payer's or MAC's name, a jurisdiction, or a slip."""
    folded = text.strip().casefold()
    if folded in ids():
        return (folded,)
    words = {*_WORD.findall(folded)}
    named = tuple(
        each
        for each in ids()
        if words and words <= {*_WORD.findall(f"{each} {get(each).title}".casefold())}
    )
    return named or tuple(difflib.get_close_matches(folded, ids()))


_WORD = re.compile(r"\w+")


def find_policy(policy: Policy | str) -> Policy:
    """Return a policy, given as a `Policy` or as the id of a packaged one.

    >>> find_policy("cpt") is get("cpt")
    True
    >>> find_policy(64493)
    Traceback (most recent call last):
    ...
    TypeError: policy takes a Policy, not an int: pass an id such as 'medicare', or policies.get('medicare')

    Raises:
        UnknownIdError: No packaged policy has the id.
        TypeError: The value is neither a policy nor an id.
    """
    return get(policy) if isinstance(policy, str) else as_policy(policy)


def read_file(
    name: str,
    raw: bytes,
    *,
    given: Mapping[str, Policy] = _NONE_GIVEN,
    packaged: bool = False,
    reference: Reference | None = None,
) -> Policy:
    """Read one file, or raise an error with all of its problems."""
    made, wrong = _read([Reader(name, raw, packaged=packaged, reference=reference)], given)
    if wrong:
        raise wrong[0]
    return made[0]


def read_files(
    files: Iterable[PolicyFile],
    *,
    given: Mapping[str, Policy] = _NONE_GIVEN,
    wrong: Sequence[PolicyFileError] = (),
    reference: Reference | None = None,
) -> tuple[Policy, ...]:
    """Read files that may extend each other, or raise all problems, including earlier ones."""
    readers = [Reader(file.name, file.raw, pack=file.pack, reference=reference) for file in files]
    made, unusable = _read(readers, given)
    if wrong or unusable:
        raise PolicyFilesError(files=(*wrong, *unusable))
    return made


def _read(
    readers: Sequence[Reader], given: Mapping[str, Policy]
) -> tuple[tuple[Policy, ...], tuple[PolicyFileError, ...]]:
    """Return the policies in the order of the files, or else the problems of each file."""
    named: dict[str, list[Reader]] = {}
    for reader in readers:
        reader.read()
        if reader.id:
            named.setdefault(reader.id, []).append(reader)
    for reader in readers:
        reader.check_id(given, named.get(reader.id, ()))
        reader.check_extends(given, named)
    wrong = tuple(reader.error() for reader in readers if reader.problems)
    if wrong:
        return (), wrong
    made: dict[str, Policy] = {}

    def policy(name: str) -> Policy:
        if name not in named:
            return given[name] if name in given else get(name)
        if name not in made:
            (reader,) = named[name]
            made[name] = reader.policy(policy(reader.base) if reader.base else None)
        return made[name]

    return tuple(policy(reader.id) for reader in readers), ()


class PolicyFile(NamedTuple):
    """The bytes of one file, its name, and the name of the pack that provides it."""

    name: str
    raw: bytes
    pack: str = ""


class Reader:
    """Read one policy file, and collect its problems instead of stopping at the first."""

    def __init__(
        self,
        name: str,
        raw: bytes,
        *,
        pack: str = "",
        packaged: bool = False,
        reference: Reference | None = None,
    ) -> None:
        """Take the bytes of a file; ``packaged`` files may have the id of a packaged policy."""
        self.packaged = packaged
        self.reference = find_reference(reference)
        self.name = name
        self.pack = pack
        self.raw = raw
        self.text = ""
        self.problems: list[Problem] = []
        self.lines: list[str] = []
        self.heads: list[tuple[int, str]] = []
        self.sources: dict[str, Source] = {}
        self.header: dict[str, Any] = {}
        self.base: Any = None
        self.provisions: list[Provision | NotKnown] = []
        self.diagnosis_lists: list[StatedDiagnoses] = []

    @property
    def id(self) -> str:
        """The policy id in the file; empty if it has none."""
        return str(self.header.get("id", ""))

    @property
    def where(self) -> str:
        """The name of the file, with the name of its pack."""
        return f"{self.name} of the pack {self.pack}" if self.pack else self.name

    def read(self) -> None:
        """Read the file, and collect the problems that don't depend on other files."""
        table = self._table()
        if table is None:
            return
        for key in sorted(set(table) - _HEADER):
            self._problem(key, f"unknown key; use one of {', '.join(sorted(_HEADER))}")
        self.header = {key: self._header(table, key) for key in _REQUIRED}
        self.base = table.get("extends")
        self._read_sources(table)
        listed = _data.as_array(table.get("provisions", []))
        if listed is None:
            self._problem("provisions", "write provisions as [[provisions]] tables")
            listed = []
        places: dict[tuple[str, Cell], list[tuple[int, Provision | NotKnown]]] = {}
        for index, entry in enumerate(listed):
            for provision in self._provision(index, entry, self.id):
                self.provisions.append(provision)
                places.setdefault((provision.key, provision.cell), []).append((index, provision))
        for overlapping in places.values():
            self._check_overlaps("provisions", overlapping, _two_values)
        self._read_lists(table)
        if "extends" not in table and not self.problems:
            self._check_gaps(places)

    def error(self) -> PolicyFileError:
        """Return the problems of the file as an error, in the order of its lines."""
        ordered = sorted(self.problems, key=lambda problem: problem.line or 0)
        return PolicyFileError(file=self.name, pack=self.pack, problems=tuple(ordered))

    def policy(self, extends: Policy | None) -> Policy:
        """Return the policy of a file without problems."""
        return Policy(
            id=self.id,
            title=self.header["title"],
            payer=self.header["payer"],
            revised=self.header["revised"],
            extends=extends,
            provisions=tuple(self.provisions),
            diagnosis_lists=tuple(self.diagnosis_lists),
        )

    # -- the file as a whole

    def _table(self) -> dict[str, Any] | None:
        try:
            self.text = self.raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = self.raw[: error.start].count(b"\n") + 1
            self._unreadable("the file is not UTF-8; save it as UTF-8", line)
            return None
        if self.text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}"):
            self._unreadable("the file begins with a byte order mark; save it as plain UTF-8", 1)
            return None
        self.lines = self.text.split("\n")
        try:
            table = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            line = int(found[1]) if found else self.text.rstrip("\n").count("\n") + 1
            remedy = _DATE_REMEDY if _DATED.match(self.lines[line - 1]) else _TOML_REMEDY
            self._unreadable(f"the file is not valid TOML: {error}; {remedy}", line)
            return None
        except (ValueError, RecursionError) as error:  # a huge number, or very deep nesting
            self._unreadable(f"the TOML is too large to read: {error}; write it shorter", None)
            return None
        self.heads = self._heads()
        return table

    def _unreadable(self, message: str, line: int | None) -> None:
        self.problems.append(Problem(path="file", message=message, line=line))

    def _heads(self) -> list[tuple[int, str]]:
        """Find the lines on which provisions begin, and skip multi-line strings."""
        found: list[tuple[int, str]] = []
        within = ""
        for number, line in enumerate(self.lines, 1):
            head = _HEAD.match(line)
            if head and not within:
                found.append((number, head[1]))
            for mark in re.findall(r'"{3}|\'{3}', line):
                within = mark if not within else "" if within == mark else within
        return found

    def _problem(self, path: str, message: str, index: int | None = None) -> None:
        if index is None and path in _REQUIRED:
            ends = (n for n, text in enumerate(self.lines) if text.lstrip().startswith("["))
            line = self._line(path, None)
            if line is not None and line > next(ends, len(self.lines)):
                line = None
        else:
            line = self._line(path.rpartition(".")[2], index, path.partition("[")[0])
        self.problems.append(Problem(path=path, message=message, line=line))

    def _line(self, key: str, index: int | None, table: str = "provisions") -> int | None:
        """Find the line of a key, in the entry with this index or else anywhere."""
        lines = self.lines
        heads = [number for number, name in self.heads if name == table]
        if index is None:
            first, last = 1, len(lines)
        elif index >= len(heads):
            return self._line(table, None)
        else:
            first = heads[index]
            last = next((n - 1 for n, _ in self.heads if n > first), len(lines))
        pattern = re.compile(rf'\s*(\[[\w.]*)?["\']?{re.escape(key)}["\']?\s*[=\]]')
        for number in range(first, last + 1):
            if pattern.match(lines[number - 1]):
                return number
        return first if index is not None else None

    # -- its header

    def _header(self, table: dict[str, Any], key: str) -> Any:  # noqa: ANN401
        value = table.get(key)
        if key == "revised":
            if type(value) is not dt.date:
                self._problem(key, "write the date of this edition without quotes: 2026-11-23")
                return dt.date.min
            return value
        if not isinstance(value, str) or not value.strip():
            self._problem(key, "missing or empty; write a string")
            return ""
        if key == "id" and not is_id(value):
            self._problem(
                key, f"{value!r} is not an id; use lower-case letters, digits and hyphens"
            )
        return value

    def _read_sources(self, table: dict[str, Any]) -> None:
        own = _data.as_table(table.get("sources", {}))
        if own is None:
            self._problem("sources", "write sources as [sources.ID] tables")
            return
        for source_id, value in own.items():
            path = f"sources.{source_id}"
            entry = _data.as_table(value)
            if entry is None:
                self._problem(path, "write a source as a table with a title and a publisher")
                continue
            for key in sorted(set(entry) - _SOURCE):
                allowed = ", ".join(sorted(_SOURCE))
                self._problem(f"{path}.{key}", f"unknown key; use one of {allowed}")
            if not all(isinstance(entry.get(key), str) for key in ("title", "publisher")):
                self._problem(path, "write a title and a publisher for the source")
                continue
            if source_id in _data.sources():
                self._problem(path, "a packaged source has this id; cite it, or choose another id")
                continue
            wrong = False
            for key, wanted in (("url", str), ("date", str), ("retrieved", dt.date)):
                if key in entry and type(entry[key]) is not wanted:
                    how = "a string" if wanted is str else "a date without quotes, as 2026-11-23"
                    given = reprlib.repr(entry[key])
                    self._problem(f"{path}.{key}", f"{given} is not valid; write {how}")
                    wrong = True
            if wrong:
                entry = {"title": entry["title"], "publisher": entry["publisher"]}
            known = {key: value for key, value in entry.items() if key in _SOURCE}
            self.sources[source_id] = _data.make_source(source_id, known)

    # -- its provisions

    def _provision(self, index: int, value: object, policy: str) -> Iterator[Provision | NotKnown]:
        path = f"provisions[{index}]"
        entry = _data.as_table(value)
        if entry is None:
            self._problem(path, "write a provision as a [[provisions]] table", index)
            return
        before = len(self.problems)
        self._check_keys(path, index, entry, _PROVISION)
        key = self._key(path, index, entry)
        term = self._term(path, index, entry)
        confidence = self._confidence(path, index, entry)
        sources = self._citations(path, index, entry, confidence)
        self._check_weight(path, index, entry, confidence)
        if key is None:
            return
        cells = self._cells(path, index, entry, key)
        stated = self._value(path, index, entry, key)
        if len(self.problems) > before or confidence is None:
            return
        citations = cite(sources, term, confidence)
        rationale = entry.get("rationale", "")
        for cell in cells:
            if stated is None:
                yield NotKnown(
                    key=key.name,
                    cell=cell,
                    reason=entry["not-known"],
                    policy=policy,
                    term=term,
                    confidence=confidence,
                    candidates=tuple(entry.get("jurisdictions", ())),
                    citations=citations,
                    rationale=rationale,
                )
                continue
            yield Provision(
                key=key.name,
                cell=cell,
                value=stated,
                unit=key.unit,
                term=term,
                confidence=confidence,
                citations=citations,
                policy=policy,
                rationale=rationale,
                caveat=entry.get("caveat", ""),
            )

    def _check_keys(self, path: str, index: int, entry: dict[str, Any], allowed: set[str]) -> None:
        for name in sorted(set(entry) - allowed):
            near = difflib.get_close_matches(name, allowed, n=1)
            hint = (
                f"did you mean {near[0]}?" if near else f"use one of {', '.join(sorted(allowed))}"
            )
            self._problem(f"{path}.{name}", f"unknown key; {hint}", index)
        for name in ("rationale", "caveat"):
            if not isinstance(entry.get(name, ""), str):
                self._problem(f"{path}.{name}", "write a string", index)

    def _check_weight(
        self, path: str, index: int, entry: dict[str, Any], confidence: Confidence | None
    ) -> None:
        """Require a date for a fact, and a reason for a judgment."""
        if confidence is Confidence.JUDGMENT:
            rationale = entry.get("rationale", "")
            if isinstance(rationale, str) and not rationale.strip():
                self._problem(
                    f"{path}.rationale", "a judgment needs a reason; add a rationale", index
                )
        elif confidence is not None and "from" not in entry and "seen" not in entry:
            message = (
                "write from if a source states the first day, or seen for the first day on which a"
                " source shows it in force"
            )
            self._problem(f"{path}.from", message, index)

    def _key(self, path: str, index: int, entry: dict[str, Any]) -> Key[object] | None:
        name = entry.get("key")
        key = KEYS.get(name) if isinstance(name, str) else None
        if key is None:
            near = difflib.get_close_matches(str(name), KEYS, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; see the vocabulary of provisions"
            self._problem(
                f"{path}.key", f"{reprlib.repr(name)} is not in the vocabulary{hint}", index
            )
            return None
        if entry.get("unit", key.unit) != key.unit:
            wanted = f"is in {key.unit}; write that" if key.unit else "has no unit; leave it out"
            self._problem(f"{path}.unit", f"{key.name} {wanted}", index)
        return key

    def _term(self, path: str, index: int, entry: dict[str, Any]) -> EffectivePeriod:
        days: dict[str, dt.date | None] = {}
        for name in ("from", "seen", "until"):
            value = entry.get(name)
            if value is not None and type(value) is not dt.date:
                message = "write a date without quotes or time: 2026-11-23"
                self._problem(f"{path}.{name}", message, index)
                value = None
            days[name] = value
        first = days["from"] or days["seen"]
        if days["from"] and days["seen"]:
            message = "write from if a source states the first day, or else seen, but not both"
            self._problem(f"{path}.seen", message, index)
        if first and days["until"] and days["until"] < first:
            message = (
                f"it ends on {days['until']}, before it begins on {first}; write the last day in"
                " force"
            )
            self._problem(f"{path}.until", message, index)
            return EffectivePeriod()
        return EffectivePeriod(start=days["from"], seen=days["seen"], until=days["until"])

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
        if listed is None or not (listed or confidence is Confidence.JUDGMENT):
            message = "no source is cited; list the ids of the sources"
            self._problem(f"{path}.citations", message, index)
            return ()
        found: list[Source] = []
        for source_id in listed:
            if not isinstance(source_id, str):
                message = f"{reprlib.repr(source_id)} is not an id; list the ids of the sources"
                self._problem(f"{path}.citations", message, index)
                continue
            source = self.sources.get(source_id) or _data.sources().get(source_id)
            if source is None:
                message = f"unknown source {source_id!r}; add [sources.{source_id}]"
                self._problem(f"{path}.citations", message, index)
            else:
                found.append(source)
        return tuple(found)

    def _cells(
        self, path: str, index: int, entry: dict[str, Any], key: Key[object]
    ) -> tuple[Cell, ...]:
        given = _data.as_table(entry.get("for", {}))
        if given is None:
            self._problem(f"{path}.for", "write for as { dimension = [values] }", index)
            return ()
        for name in sorted(set(given) - set(key.dimensions)):
            has = f"only {', '.join(key.dimensions)}" if key.dimensions else "no dimensions"
            self._problem(f"{path}.for", f"{key.name} has {has}; leave {name} out", index)
        axes: list[tuple[str, ...]] = []
        for name in key.dimensions:
            allowed = DIMENSIONS[name]
            value = given.get(name, list(allowed or ()))
            chosen = [value] if isinstance(value, str) else _data.as_array(value)
            if not chosen:
                self._problem(f"{path}.for", f"list the values of {name}", index)
                continue
            for part in chosen:
                if not is_in_dimension(name, part):
                    hint = f"write one of {', '.join(allowed)}" if allowed else _OPEN[name]
                    self._problem(
                        f"{path}.for",
                        f"{reprlib.repr(part)} is not valid for {name}; {hint}",
                        index,
                    )
            axes.append(tuple(str(part) for part in chosen))
        return tuple(itertools.product(*axes))

    def _value(
        self, path: str, index: int, entry: dict[str, Any], key: Key[object]
    ) -> Value | None:
        if ("value" in entry) is ("not-known" in entry):
            message = "write either a value, or not-known with the reason, but not both"
            self._problem(f"{path}.value", message, index)
            return None
        if "not-known" in entry:
            if not isinstance(entry["not-known"], str) or not entry["not-known"].strip():
                self._problem(f"{path}.not-known", "write what is missing, as a string", index)
            places = _data.as_array(entry.get("jurisdictions", []))
            if places is None or not all(isinstance(place, str) for place in places):
                self._problem(f"{path}.jurisdictions", "list the ids of jurisdictions", index)
            if "caveat" in entry:
                self._problem(f"{path}.caveat", "only a value has a caveat; use rationale", index)
            return None
        if "jurisdictions" in entry:
            self._problem(
                f"{path}.jurisdictions", "only not-known has jurisdictions; leave them out", index
            )
        value = entry["value"]
        wrong = check_value(value, key, reference=self.reference)
        if wrong:
            self._problem(f"{path}.value", f"{reprlib.repr(value)} is not valid; {wrong}", index)
        listed = _data.as_array(value)
        return tuple(listed) if listed is not None else value

    # -- its lists of diagnoses

    def _read_lists(self, table: dict[str, Any]) -> None:
        listed = _data.as_array(table.get(_LISTS, []))
        if listed is None:
            self._problem(_LISTS, f"lists of diagnoses are written as [[{_LISTS}]] tables")
            return
        read = [(index, self._list(index, value)) for index, value in enumerate(listed)]
        stated = [(index, each) for index, each in read if each is not None]
        self.diagnosis_lists = [each for _, each in stated]
        self._check_overlaps(_LISTS, stated, _two_lists)

    def _list(self, index: int, value: object) -> StatedDiagnoses | None:
        path = f"{_LISTS}[{index}]"
        entry = _data.as_table(value)
        if entry is None:
            self._problem(path, f"write a list of diagnoses as a [[{_LISTS}]] table", index)
            return None
        before = len(self.problems)
        self._check_keys(path, index, entry, _LIST)
        term = self._term(path, index, entry)
        confidence = self._confidence(path, index, entry)
        sources = self._citations(path, index, entry, confidence)
        if confidence is Confidence.JUDGMENT:
            message = "a list of diagnoses is never a judgment; write confirmed or secondary"
            self._problem(f"{path}.confidence", message, index)
        else:
            self._check_weight(path, index, entry, confidence)
        wrong = check_document(entry.get("document"))
        if wrong:
            self._problem(f"{path}.document", wrong, index)
        diagnoses = tuple(self._diagnoses(path, index, entry))
        if len(self.problems) > before or confidence is None:
            return None
        return StatedDiagnoses(
            document=entry["document"],
            diagnoses=diagnoses,
            term=term,
            confidence=confidence,
            citations=cite(sources, term, confidence),
            policy=self.id,
            rationale=entry.get("rationale", ""),
        )

    def _diagnoses(self, path: str, index: int, entry: dict[str, Any]) -> Iterator[ListedDiagnosis]:
        once: set[str] = set()
        for name, use in (("diagnoses", DiagnosisUse.ANY), ("facet-cyst", DiagnosisUse.FACET_CYST)):
            if name not in entry:
                continue
            for written in _data.as_array(entry[name]) or [entry[name]]:
                try:
                    code = parse_diagnosis(written) if isinstance(written, str) else ""
                except ParseError:
                    code = ""
                if not code or code in once:
                    what = "is listed twice; list it once" if code else "is not a diagnosis code"
                    hint = "" if code else "; list ICD-10-CM codes, with or without their dot"
                    self._problem(f"{path}.{name}", f"{reprlib.repr(written)} {what}{hint}", index)
                    continue
                once.add(code)
                yield ListedDiagnosis(code=code, use=use)
        if not {"diagnoses", "facet-cyst"} & set(entry):
            message = "list the diagnoses, or under facet-cyst those for facet cysts alone"
            self._problem(f"{path}.diagnoses", message, index)

    # -- between entries

    def _check_overlaps(
        self, table: str, stated: Sequence[tuple[int, E]], said: Callable[[E, E], str]
    ) -> None:
        """Report the entries of a cell, or the lists, that are in force on one day."""
        for one, other in overlaps(entry for _, entry in stated):
            index = next(index for index, entry in stated if entry is other)
            message = f"{said(one, other)}; end the earlier one with until"
            self._problem(f"{table}[{index}].from", message, index)

    def _check_gaps(
        self, places: Mapping[tuple[str, Cell], list[tuple[int, Provision | NotKnown]]]
    ) -> None:
        """Require every needed cell of a policy without a base, with no gap after its first day."""
        for key in KEYS.values():
            if not key.required:
                continue
            axes = [DIMENSIONS[name] or () for name in key.dimensions]
            cells = list(itertools.product(*axes))
            missing = [cell for cell in cells if (key.name, cell) not in places]
            if missing:
                listed = _cells_of(missing)
                message = (
                    f"a policy that extends no other needs {key.name} for every cell"
                    + (f"; missing: {listed}" if listed else "")
                    + "; write not-known if no source states it"
                )
                self._problem("provisions", message)
            holes: dict[tuple[int, str], list[Cell]] = {}
            for cell in cells:
                for hole in _holes(places.get((key.name, cell), ())):
                    holes.setdefault(hole, []).append(cell)
            for (index, days), empty in holes.items():
                where = f" for {_cells_of(empty)}" if len(empty) < len(cells) else ""
                message = (
                    f"a policy that extends no other needs {key.name} without a gap"
                    f"; there is none {days}{where}"
                    "; add a provision, or not-known, for those days"
                )
                self._problem(f"provisions[{index}].until", message, index)

    # -- between files

    def check_id(self, given: Mapping[str, Policy], namesakes: Sequence[Reader]) -> None:
        """Check that nothing else has the id of the file."""
        if self.packaged or not self.id:
            return
        if self.id in ids():
            self._problem("id", f"{self.id!r} is the id of a packaged policy; choose another")
        elif self.id in given:
            self._problem("id", f"{self.id!r} is the id of a policy you passed; choose another")
        others = ", ".join(reader.where for reader in namesakes if reader is not self)
        if others:
            self._problem("id", f"{self.id!r} is also the id of {others}; choose another")

    def check_extends(
        self, given: Mapping[str, Policy], named: Mapping[str, Sequence[Reader]]
    ) -> None:
        """Check that the policy the file extends exists, and does not extend the file in turn."""
        if self.base is None:
            return
        known = {*ids(), *given, *named}
        if not isinstance(self.base, str) or self.base not in known:
            near = difflib.get_close_matches(str(self.base), sorted(known - {self.id}))
            message = (
                f"no policy {reprlib.repr(self.base)} was found to extend"
                + (f"; did you mean {', '.join(near)}?" if near else "")
                + "; policies.ids() lists the packaged policies"
            )
            self._problem("extends", message)
            return
        circle = self._circle(named)
        if circle:
            by_way = f" by way of {', '.join(circle[1:])}" if len(circle) > 1 else ""
            self._problem(
                "extends", f"the policy extends itself{by_way}; name another policy, or none"
            )

    def _circle(self, named: Mapping[str, Sequence[Reader]]) -> list[str]:
        """Return the ids by which the file extends itself, or none if it does not."""
        way = [self.id]
        base = self.base
        while base not in way:
            others = named.get(base, ()) if isinstance(base, str) else ()
            if len(others) != 1:  # no file, or two with one id, which `check_id` reports
                return []
            way.append(base)
            base = others[0].base
        return way if base == self.id and len(named[self.id]) == 1 else []


def _two_values(one: Provision | NotKnown, other: Provision | NotKnown) -> str:
    cell = f" for {', '.join(one.cell)}" if one.cell else ""
    return f"{one.key}{cell} has two values on {other.term.first}: ({one.term}) and ({other.term})"


def _two_lists(one: StatedDiagnoses, other: StatedDiagnoses) -> str:
    return (
        f"two lists are in force on {other.term.first}: {one.document} ({one.term}) and"
        f" {other.document} ({other.term})"
    )


def _cells_of(cells: Iterable[Cell]) -> str:
    return "; ".join(", ".join(cell) for cell in cells if cell)


def _holes(stated: Iterable[tuple[int, Provision | NotKnown]]) -> Iterator[tuple[int, str]]:
    """Yield the days after a period on which a cell has nothing, with the provision before them.

    If the next provision has only a `seen` date, there is no gap: its start is not known.
    """
    ordered = sorted(stated, key=lambda entry: entry[1].term.first)
    for (index, provision), behind in itertools.zip_longest(ordered, ordered[1:]):
        last = provision.term.last
        if last == dt.date.max:
            continue
        empty = last + dt.timedelta(days=1)
        if behind is None:
            yield index, f"from {empty} on"
        elif (start := behind[1].term.start) is not None and start > empty:
            eve = start - dt.timedelta(days=1)
            yield index, f"on {empty}" if eve == empty else f"from {empty} to {eve}"
