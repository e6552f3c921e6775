"""JSON Schema of what is read and written: sessions, claims, answers, errors.

Each schema is made from the records and enumerations themselves: keys and types from their fields,
descriptions from their docstrings. It names the canonical words. The reader also accepts spellings
whose meaning is certain, such as ``mbb`` or ``L4-5``, and checks what a schema can't state: a joint
given both with a side and without one is an error.
"""

from __future__ import annotations

import datetime as dt
import difflib
import inspect
import re
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import attrs

from cptfacet.anatomy import LONGEST_NAME, UnlistedNerve
from cptfacet.claims import Claim
from cptfacet.coding import CodedSession, LineReason
from cptfacet.dates import EffectivePeriod
from cptfacet.errors import Problem, UnknownIdError
from cptfacet.interop.json import BY_ID, DOCUMENTS, LEFT_OUT, OMITTED, READ, records
from cptfacet.notes import Refusal
from cptfacet.sessions import Session, Treatment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["NAMES", "schema"]


def __dir__() -> list[str]:
    return sorted(__all__)


Part = dict[str, Any]

_DATE: Part = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_PLAIN: Mapping[object, Part] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    type(None): {"type": "null"},
    dt.date: _DATE,
    Decimal: {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    int | Decimal | None: {"type": ["number", "null"]},
}

_NARROWED: Mapping[tuple[type, str], Part] = {
    (Session, "treatments"): {"minItems": 1},
    (LineReason, "line"): {"minimum": 1},
}

_TERM: Mapping[str, str] = {
    "from": "The first day in force, if a source states it.",
    "seen": "Otherwise the first day a source shows it in force; before that day, it is not known.",
    "until": "The last day in force, that day included.",
}


# -- descriptions, from docstrings


def _described(text: str) -> str:
    """Return a docstring's words as a description: on one line, with null for None."""
    return re.sub(r"\bNone\b", "null", " ".join(text.replace("``", "`").split()))


def _description(kind: type) -> str:
    """Return the first paragraph of a class's docstring."""
    return _described((inspect.getdoc(kind) or "").partition("\n\n")[0])


_ATTRIBUTES = re.compile(r"^Attributes:\n((?: .*\n?)+)", re.MULTILINE)
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def _attributes(kind: type) -> dict[str, str]:
    """Return the descriptions under "Attributes:" in a class's docstring, by name.

    >>> _attributes(Session)["date"]
    'The date of service. It selects the edition of every rule.'
    """
    section = _ATTRIBUTES.search(inspect.getdoc(kind) or "")
    entries = _ATTRIBUTE.findall(section[1]) if section else ()
    return {name: _described(text) for name, text in entries}


# -- parts


class _Parts:
    """The shared parts of one schema, each made once and referenced by name."""

    def __init__(self) -> None:
        self.made: dict[str, Part] = {}

    def of(self, kind: Any) -> Part:  # noqa: ANN401  a type as an annotation writes it
        """Describe a value of some type."""
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        if get_origin(kind) is tuple:
            return {"type": "array", "items": self.of(get_args(kind)[0])}
        if get_origin(kind) in (UnionType, Union):
            return _any_of([self.of(part) for part in get_args(kind)])
        return self._named(kind)

    def record(self, kind: type) -> Part:
        """Describe the object that a record is written as."""
        types, said = get_type_hints(kind), _attributes(kind)
        properties: dict[str, Part] = {}
        required: list[str] = []
        for field in attrs.fields(kind):
            if field.name in LEFT_OUT.get(kind, ()):
                continue
            if types[field.name] is EffectivePeriod:
                properties |= {name: {**_DATE, "description": _TERM[name]} for name in _TERM}
                continue
            name, wanted = field.name, types[field.name]
            if BY_ID.get(kind) == name:
                name, wanted = "id", str | None
            part = self.of(wanted) | _NARROWED.get((kind, name), {})
            if name in said:
                part["description"] = said[name]
            properties[name] = part
            always = kind not in records(*READ) or field.default is attrs.NOTHING
            if always and name not in OMITTED.get(kind, ()):
                required.append(name)
        return _object(properties, required, _description(kind))

    def add(self, name: str, part: Callable[[], Part]) -> Part:
        """Refer to a part by its name, and make it on first use."""
        if name not in self.made:
            self.made[name] = {}
            self.made[name] = part()
        return {"$ref": f"#/$defs/{name}"}

    def _named(self, kind: Any) -> Part:  # noqa: ANN401
        if kind is UnlistedNerve:
            named: Part = {"type": "string", "pattern": r"\S", "maxLength": LONGEST_NAME}
            return self.add(kind.__name__, lambda: {"description": _description(kind), **named})
        if issubclass(kind, Enum):
            values = [member.value for member in kind]
            part: Part = {"description": _description(kind), "type": "string", "enum": values}
            return self.add(kind.__name__, lambda: part)
        return self.add(kind.__name__, lambda: self.record(kind))


def _any_of(parts: list[Part]) -> Part:
    """Join parts, as briefly as JSON Schema can."""
    if all(set(part) == {"type"} for part in parts):
        return {"type": [part["type"] for part in parts]}
    return {"anyOf": parts}


def _object(
    properties: Mapping[str, Part], required: Iterable[str], description: str | None = None
) -> Part:
    return {
        **({"description": description} if description else {}),
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def _session(parts: _Parts) -> Part:
    return {"oneOf": [parts.of(Session), parts.add("FlatSession", lambda: _flat_session(parts))]}


def _flat_session(parts: _Parts) -> Part:
    session, treatment = parts.record(Session), parts.record(Treatment)
    own = {name: part for name, part in session["properties"].items() if name != "treatments"}
    required = [name for name in session["required"] if name != "treatments"]
    return _object(
        {**own, **treatment["properties"]},
        [*required, *treatment["required"]],
        "A session of one treatment: the keys of the treatment are next to those of the session.",
    )


def _answer(parts: _Parts) -> Part:
    refused = _object({"refusal": parts.of(Refusal)}, ["refusal"])
    return {"oneOf": [parts.of(CodedSession), refused]}


def _given(parts: _Parts) -> Part:
    past = {"oneOf": [_session(parts), parts.of(Claim), parts.of(CodedSession)]}
    said = {
        "type": "array",
        "description": "What coding answered beside the claim; it is not read.",
    }
    beside = _object(
        {
            "claim": parts.of(Claim),
            "session": {
                "description": "What the note documents.",
                "anyOf": [_session(parts), {"type": "null"}],
            },
            "history": {
                "description": "Earlier sessions and claims.",
                "type": ["array", "null"],
                "items": past,
            },
            "notes": said,
            "why": said,
        },
        ["claim"],
        "A claim with its session and history.",
    )
    return {"oneOf": [parts.of(Claim), parts.add("Given", lambda: beside)]}


def _error(parts: _Parts) -> Part:
    record = {"type": "integer", "minimum": 1, "description": "The record, counted from 1."}
    problems = {"type": "array", "minItems": 1, "items": parts.of(Problem)}
    described = {**problems, "description": "Everything that is wrong with the record."}
    error = _object({"record": record, "problems": described}, ["record", "problems"])
    return _object({"error": error}, ["error"])


# What is more than one record, or is written in more than one form. Others follow from `DOCUMENTS`.
_ROOTS: Mapping[str, tuple[Callable[[_Parts], Part], str]] = {
    "session": (_session, "What was done on one day, to be coded; nested or flat."),
    "answer": (_answer, "The answer of coding: lines with their reasons, or a refusal."),
    "given": (_given, "A claim to check, alone or with its session and history."),
    "error": (_error, "What is returned instead of an answer for a record that can't be read."),
}
NAMES = tuple(dict.fromkeys((*DOCUMENTS, *_ROOTS)))


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a document, one of `NAMES`.

    ``session``, ``claim`` and ``given`` are read; the others are written.

    >>> schema("session")["$defs"]["Side"]["enum"]
    ['left', 'right', 'bilateral']
    >>> schema("sessions")
    Traceback (most recent call last):
    ...
    cptfacet.errors.UnknownIdError: unknown schema 'sessions'; did you mean session?

    Raises:
        UnknownIdError: No document has this name.
    """
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES)
        raise UnknownIdError(what="schema", text=name, near=tuple(near))
    parts = _Parts()
    if name in _ROOTS:
        make, description = _ROOTS[name]
        root = make(parts)
    else:
        (kind,) = DOCUMENTS[name]
        root, description = parts.of(kind), _description(kind)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:cptfacet:schema:{name}",
        "title": name.capitalize(),
        "description": description,
        **root,
        "$defs": dict(sorted(parts.made.items())),
    }
