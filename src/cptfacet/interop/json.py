"""Read sessions and claims from JSON, and write them and answers as JSON.

Unknown keys are errors, and a document reports all of its problems at once, each with its path.
Dates are ISO 8601 strings; amounts and codes are strings.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import itertools
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    NoReturn,
    TypeAlias,
    TypeGuard,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import attrs
from cattrs import Converter
from cattrs.errors import (
    AttributeValidationNote,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from cptfacet._records import sealed
from cptfacet.agents import Agent, parse_agent
from cptfacet.anatomy import (
    Joint,
    NamedNerve,
    Nerve,
    Side,
    UnlistedNerve,
    nerves_from_note,
    parse_joint,
    parse_nerve,
    parse_side,
)
from cptfacet.claims import (
    Claim,
    ClaimFrequency,
    ClaimLine,
    ClaimType,
    Location,
    PriorAuthorization,
    Purpose,
    parse_claim_type,
    parse_frequency,
    parse_purpose,
)
from cptfacet.coding import CodedSession
from cptfacet.dates import EffectivePeriod, parse_date
from cptfacet.decoding import (
    BilledSession,
    DecodedClaim,
)
from cptfacet.errors import CptfacetError, DocumentError, Problem, SessionError
from cptfacet.findings import CheckedUnder, Question, Replacement, Report
from cptfacet.interop.foreign import FHIR
from cptfacet.notes import Note, Refusal
from cptfacet.past import ReadHistory, history_from_records
from cptfacet.policies import Policy, Provision, Value
from cptfacet.reference import Reference
from cptfacet.repairing import RepairedClaim
from cptfacet.sessions import (
    Guidance,
    Session,
    Target,
    Technique,
    TreatedNerve,
    Treatment,
    parse_guidance,
    parse_technique,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Dumper",
    "Given",
    "claim_from_data",
    "configure",
    "decode",
    "dump",
    "from_data",
    "given_from_data",
    "history_from_data",
    "make_converter",
    "read",
    "to_data",
]


def __dir__() -> list[str]:
    return sorted(__all__)


T = TypeVar("T")

_JSON_NAMES: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "true or false",
    int: "a number",
    Decimal: "a number",
    float: "a number",
    type(None): "null",
}


def _named(value: object) -> str:
    return _JSON_NAMES.get(type(value), type(value).__name__)


def _wrong(value: object, wanted: str) -> TypeError:
    return TypeError(f"it is {_named(value)}; write {wanted}")


# -- reading


def _text(value: object, _: object = None) -> str:
    if not isinstance(value, str):
        raise _wrong(value, "a string, in quotes")
    return value


def as_code(text: str) -> str:
    """Strip a code and put it in capitals, as every reader does."""
    return text.strip().upper()


def _flag(value: object, _: object = None) -> bool:
    if not isinstance(value, bool):
        raise _wrong(value, "true or false")
    return value


def _code_text(value: object, _: object = None) -> str:
    return as_code(_text(value))


def _units(value: object, _: object = None) -> int | Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _wrong(value, "a number or null")
    return as_units(Decimal(repr(value)) if isinstance(value, float) else value)


_SURE = 2**53


def as_units(number: int | Decimal) -> int | Decimal:
    """Return a number, or raise ValueError if JSON might lose digits when writing it again."""
    if isinstance(number, int):
        if -_SURE <= number <= _SURE:
            return number
        holds = abs(number) <= sys.float_info.max
    else:
        holds = number.is_finite() and Decimal(repr(float(number))) == number
    if not holds:
        message = "it is larger or has more digits than a JSON number keeps"
        raise ValueError(message)
    return number


_AMOUNT = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


def as_amount(text: str) -> Decimal:
    """Read an amount of money, or raise ValueError."""
    amount = _AMOUNT.fullmatch(text.strip())
    if amount is None:
        message = f"{text[:_SHOWN]!r} is not an amount; write it as 123.45"
        raise ValueError(message)
    return Decimal(amount[0])


def _parsed(kind: type, parse: Callable[[str], T]) -> Callable[[object, object], T]:
    words: dict[object, T] = {}
    if issubclass(kind, StrEnum):
        words = {member.value: parse(member.value) for member in kind}

    def structure(value: object, _: object) -> T:
        if type(value) is str and value in words:  # the canonical word; other spellings are parsed
            return words[value]
        return parse(_text(value))

    return structure


PARSERS: Mapping[type, Callable[[str], object]] = {
    Joint: parse_joint,
    Nerve: parse_nerve,
    Side: parse_side,
    Technique: parse_technique,
    Agent: parse_agent,
    Guidance: parse_guidance,
    Purpose: parse_purpose,
    ClaimType: parse_claim_type,
    ClaimFrequency: parse_frequency,
    dt.date: parse_date,
    Decimal: as_amount,
}


def _list_of(item: Callable[[object], T]) -> Callable[[object, type], tuple[T, ...]]:
    """Return what reads a list and places each problem at its index."""

    def structure(value: object, kind: type) -> tuple[T, ...]:
        if not isinstance(value, list | tuple):
            raise _wrong(value, "a list")
        try:
            return tuple([item(entry) for entry in cast("Sequence[object]", value)])
        except Exception:  # noqa: BLE001, S110  read again below, to place every problem
            pass
        found: list[T] = []
        failed: list[Exception] = []
        for index, entry in enumerate(cast("Sequence[object]", value)):
            try:
                found.append(item(entry))
            except Exception as error:  # noqa: BLE001  cattrs collects whatever a part raises
                note = IterableValidationNote(f"at index {index}", index, kind)
                error.__notes__ = [*getattr(error, "__notes__", []), note]
                failed.append(error)
        if failed:
            message = "some items can't be read"
            raise IterableValidationError(message, failed, kind)  # pyright: ignore[reportCallIssue]
        return tuple(found)

    return structure


_NERVES = {nerve.value: nerve for nerve in Nerve}


def as_nerve(value: object, _: object = None) -> NamedNerve:
    """Read the name of a nerve; one that is not listed is kept as the note has it."""
    if type(value) is str and (nerve := _NERVES.get(value)) is not None:
        return nerve
    found = nerves_from_note(text := _text(value))
    return found[0] if len(found) == 1 else parse_nerve(text)


def _entries_of(
    structure: Callable[[object, type], TreatedNerve],
) -> Callable[[object, type], tuple[TreatedNerve, ...]]:
    """Return what reads a list of treated nerves; one entry may name several."""

    def several(entry: object) -> tuple[TreatedNerve, ...]:
        name = entry.get("nerve") if _is_object(entry) else None
        if type(name) is not str or name in _NERVES:
            return (structure(entry, TreatedNerve),)
        try:
            first, *rest = nerves_from_note(name)
        except CptfacetError:
            return (structure(entry, TreatedNerve),)
        read = structure(
            {**cast("Mapping[str, object]", entry), "nerve": first.value}, TreatedNerve
        )
        return (read, *(attrs.evolve(read, nerve=nerve) for nerve in rest))

    read_entries = _list_of(several)
    return lambda value, kind: tuple(itertools.chain.from_iterable(read_entries(value, kind)))


def _is_list(kind: object) -> bool:
    return get_origin(kind) is tuple and len(get_args(kind)) == 2  # noqa: PLR2004


_one_by_one = _list_of(_code_text)


def _codes(value: object, kind: type) -> tuple[str, ...]:
    """Read a list of codes: all at once if they are clean, otherwise one by one."""
    codes = cast("list[str]", value)
    if type(codes) is list:
        try:
            joined = "".join(codes)
        except TypeError:
            joined = " "
        if joined.upper() == joined and joined.split() == [joined][: len(joined)]:
            return tuple(codes)
    return _one_by_one(value, kind)


def _is_optional(kind: object) -> bool:
    parts = get_args(kind)
    return get_origin(kind) in (Union, UnionType) and len(parts) == 2 and type(None) in parts  # noqa: PLR2004


_TREATMENT_KEYS = tuple(field.name for field in attrs.fields(Treatment))


def _either_form(
    structure: Callable[[Any, type], Session], converter: Converter
) -> Callable[[Any, type], Session]:
    """Return what reads a session, nested, or flat with the keys of its one treatment."""

    def either(value: Any, kind: type) -> Session:  # noqa: ANN401
        if not isinstance(value, Mapping):
            return structure(value, kind)
        given = dict(cast("Mapping[str, Any]", value))
        flat = "treatments" not in given
        if flat:
            treatment = {key: given.pop(key) for key in _TREATMENT_KEYS if key in given}
            given["treatments"] = [treatment]
        try:
            return structure(given, kind)
        except ClassValidationError as group:
            errors = list(group.exceptions)
            if not any(isinstance(error, SessionError) for error in errors):
                errors += _contradictions(given["treatments"], converter)
            if flat:
                errors = [part for error in errors for part in _lift(error)]
            raise ClassValidationError(group.message, errors, kind) from None  # pyright: ignore[reportCallIssue]

    return either


def _contradictions(treatments: object, converter: Converter) -> list[SessionError]:
    """Find the sides that contradict each other among the parts that can be read."""

    def read(entry: object, kind: Any) -> Any:  # noqa: ANN401
        try:
            return converter.structure(entry, kind)
        except (ClassValidationError, CptfacetError, TypeError):
            return None

    kept: list[Treatment] = []
    places: dict[str, str] = {}
    for number, treatment in enumerate(_entries(treatments)):
        stated: Mapping[str, Any] = (
            cast("Mapping[str, Any]", treatment) if isinstance(treatment, Mapping) else {}
        )
        technique = read(stated.get("technique"), Technique)
        if technique is None:
            continue
        items: dict[str, list[Any]] = {"targets": [], "nerves": []}
        for name, kind in (("targets", Target), ("nerves", TreatedNerve)):
            for index, entry in enumerate(_entries(stated.get(name))):
                if (item := read(entry, kind)) is not None:
                    place = f"treatments[{len(kept)}].{name}[{len(items[name])}].side"
                    places[place] = f"treatments[{number}].{name}[{index}].side"
                    items[name].append(item)
        targets, nerves = map(tuple, items.values())
        kept.append(Treatment(technique=technique, targets=targets, nerves=nerves))
    if not kept and treatments != []:
        return []
    try:
        Session(date=dt.date.min, treatments=tuple(kept))
    except SessionError as error:
        moved = (attrs.evolve(p, path=places.get(p.path, p.path)) for p in error.problems)
        return [SessionError(problems=tuple(moved))]
    return []


def _entries(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()


def _lift(error: Exception) -> list[Exception]:
    """Return the problems of a flat session with paths that skip the list of treatments."""
    if isinstance(error, IterableValidationError) and _place(error) == ".treatments":
        return list(cast("ClassValidationError", error.exceptions[0]).exceptions)
    if isinstance(error, SessionError):
        moved = (
            attrs.evolve(p, path=p.path.removeprefix("treatments[0].")) for p in error.problems
        )
        return [SessionError(problems=tuple(moved))]
    return [error]


def _object(
    structure: Callable[[Any, type], T],
) -> Callable[[Any, type], T]:
    def checked(value: Any, kind: type) -> T:  # noqa: ANN401
        if type(value) is not dict and not isinstance(value, Mapping):
            raise _wrong(value, "an object")
        return structure(value, kind)

    return checked


def _place(error: BaseException) -> str:
    for note in reversed(getattr(error, "__notes__", [])):
        if isinstance(note, AttributeValidationNote):
            return f".{note.name}"
        if isinstance(note, IterableValidationNote):
            return f"[{note.index}]"
    return ""


def _problems(error: BaseException, path: str, keys: tuple[str, ...] = ()) -> list[Problem]:
    """Flatten the errors that cattrs collected into problems with their paths."""
    if isinstance(error, ClassValidationError | IterableValidationError):
        known: tuple[str, ...] = ()
        if isinstance(error, ClassValidationError) and attrs.has(error.cl):
            known = tuple(field.name for field in attrs.fields(error.cl))
            if error.cl is Session:
                known = (*known, *_TREATMENT_KEYS)
        return [
            problem
            for part in error.exceptions
            for problem in _problems(part, path + _place(part), known)
        ]
    if isinstance(error, ForbiddenExtraKeysError):
        return [_extra(path, name, keys) for name in sorted(map(str, error.extra_fields))]
    if isinstance(error, SessionError):
        return [attrs.evolve(p, path=f"{path}.{p.path}") for p in error.problems]
    if isinstance(error, KeyError):
        return [Problem(path=path, message="it is missing")]
    if isinstance(error, CptfacetError | TypeError | ValueError):
        return [Problem(path=path, message=str(error))]
    raise error


def _extra(path: str, name: str, keys: Sequence[str]) -> Problem:
    shown = shorten(name)
    place = f"{path}.{shown}" if _PLAIN_KEY.fullmatch(name) else f"{path}[{json.dumps(shown)}]"
    if name in keys:
        return Problem(path=place, message="write it inside each treatment, not next to treatments")
    near = difflib.get_close_matches(shown, keys, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(keys)}"
    return Problem(path=place, message=f"unknown key; {hint}")


def shorten(text: str) -> str:
    """Return a text as a message shows it: its beginning, if it is long."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


_SHOWN = 60
LONG = 400  # digits: more than the largest float has, fewer than `int` refuses
_PLAIN_KEY = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)


# -- writing


def _units_out(units: int | Decimal | None) -> int | float | None:
    """Write units as an int if they are whole, otherwise as the float that reads back the same.

    Of units that no JSON number is, the nearest one is written, and null of what is not a number.
    """
    if units is None or (isinstance(units, Decimal) and units.is_nan()):
        return None
    if not -_LARGEST <= units <= _LARGEST:
        return sys.float_info.max if units > 0 else -sys.float_info.max
    return int(units) if units == int(units) else float(units)


_LARGEST = int(sys.float_info.max)


def _value_out(value: Value) -> str | int | list[str]:
    return list(value) if isinstance(value, tuple) else value


def _money_out(amount: Decimal) -> str:
    few = not amount.is_finite() or abs(amount.adjusted()) < LONG
    return format(amount, "f") if few else str(amount)


Document: TypeAlias = (
    Session | Claim | CodedSession | Refusal | DecodedClaim | Report | RepairedClaim
)
DOCUMENTS: Mapping[str, tuple[type, ...]] = {
    "session": (Session,),
    "claim": (Claim,),
    "answer": (CodedSession, Refusal),
    "decoded": (DecodedClaim,),
    "report": (Report,),
    "repaired": (RepairedClaim,),
}
READ = (Session, Claim)
# How a record is written follows from its fields. These tables hold what doesn't: keys left out if
# they have their default, fields never written, and answers that name their claim by its id.
OMITTED: Mapping[type, tuple[str, ...]] = {
    Location: ("state", "county", "zip", "locality"),
    ClaimLine: ("date", "place_of_service", "charge", "provider"),
    PriorAuthorization: ("number", "decided", "exempt"),
    Claim: (
        *("diagnoses", "id", "policy", "location", "prior_authorization"),
        *("frequency", "replaces"),
    ),
    Session: ("id", "policy", "location"),
    Treatment: ("agents",),
    Note: ("refusal",),
    Refusal: ("id",),
    BilledSession: ("provider",),
    DecodedClaim: ("id",),
    CheckedUnder: ("own_tables",),
    Question: ("topic",),
    Replacement: ("origin",),
}
LEFT_OUT: Mapping[type, tuple[str, ...]] = {
    Provision: ("unit", "rationale", "caveat"),
    Problem: ("line",),
    RepairedClaim: ("original",),
    CodedSession: ("session",),
}
# The field that answers are about is written as its id.
BY_ID: Mapping[type, str] = {DecodedClaim: "claim", Refusal: "session", Report: "claim"}
_FIELDS: Mapping[type, Mapping[str, Callable[[Any], object]]] = {
    ClaimLine: {"units": _units_out},
    Provision: {"value": _value_out},
}


_NO_OBJECTS = (EffectivePeriod, UnlistedNerve)


@functools.cache
def records(*kinds: type) -> tuple[type, ...]:
    """Return the records that documents consist of, parts before what holds them.

    >>> [kind.__name__ for kind in records(Session)]
    ['Target', 'TreatedNerve', 'Treatment', 'Location', 'Session']
    """
    found: dict[type, None] = {}

    def walk(kind: Any) -> None:  # noqa: ANN401  a type as an annotation writes it
        for part in get_args(kind):
            walk(part)
        if kind not in found and attrs.has(kind) and kind not in _NO_OBJECTS:
            types = get_type_hints(kind)
            for field in attrs.fields(kind):
                if field.name not in LEFT_OUT.get(kind, ()):
                    walk(types[field.name])
            found[kind] = None

    for kind in kinds:
        walk(kind)
    return tuple(found)


def _write(kind: type, converter: Converter) -> Callable[[Any], dict[str, Any]]:
    """Return what writes the records of a type."""
    types = get_type_hints(kind)
    fields = dict.fromkeys(OMITTED.get(kind, ()), override(omit_if_default=True))
    fields |= dict.fromkeys(LEFT_OUT.get(kind, ()), override(omit=True))
    for name, write_field in _FIELDS.get(kind, {}).items():
        fields[name] = override(unstruct_hook=write_field)
    if kind in BY_ID:
        fields.pop("id", None)
        fields[BY_ID[kind]] = override(rename="id", unstruct_hook=_id_of)
    write = _unstructure_fn(kind, converter, **fields)
    if kind in BY_ID and "id" in OMITTED.get(kind, ()):
        return lambda record: _without_null_id(write(record))
    periods = [name for name, part in types.items() if part is EffectivePeriod]
    if periods:
        return lambda record: _spread(write(record), periods)
    return write


def _id_of(record: Claim | Session | None) -> str | None:
    return None if record is None else record.id


def _without_null_id(written: dict[str, Any]) -> dict[str, Any]:
    if written["id"] is None:
        del written["id"]
    return written


def _spread(written: dict[str, Any], periods: Sequence[str]) -> dict[str, Any]:
    """Return the object with the days of each period in its place."""
    spread: dict[str, Any] = {}
    for key, value in written.items():
        if key in periods:
            spread |= value
        else:
            spread[key] = value
    return spread


# cattrs types the keyword arguments it names; it also takes one for each field.
_structure_fn = cast("Callable[..., Callable[[Any, type], Any]]", make_dict_structure_fn)
_unstructure_fn = cast("Callable[..., Callable[[Any], dict[str, Any]]]", make_dict_unstructure_fn)


def configure(converter: Converter) -> Converter:
    """Register the JSON form of this library's records with a cattrs converter.

    The converter keeps its other hooks. It should forbid extra keys and collect all problems, as
    one from `make_converter` does.
    """
    for kind, parse in PARSERS.items():
        converter.register_structure_hook(kind, _parsed(kind, parse))
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(bool, _flag)
    converter.register_structure_hook_func(lambda kind: kind == int | Decimal | None, _units)
    converter.register_structure_hook_func(lambda kind: kind == NamedNerve, as_nerve)
    converter.register_structure_hook_func(
        lambda kind: _is_list(kind) and get_args(kind)[0] is str, _codes
    )

    def list_factory(kind: Any) -> Callable[[object, type], tuple[Any, ...]]:  # noqa: ANN401
        item = get_args(kind)[0]
        structure = converter.get_structure_hook(item)
        return _list_of(lambda entry: structure(entry, item))

    def entries_factory(_: Any) -> Callable[[object, type], tuple[TreatedNerve, ...]]:  # noqa: ANN401
        return _entries_of(converter.get_structure_hook(TreatedNerve))

    def optional_factory(kind: Any) -> Callable[[object, type], Any]:  # noqa: ANN401
        inner = next(part for part in get_args(kind) if part is not type(None))
        structure = converter.get_structure_hook(inner)
        return lambda value, _: None if value is None else structure(value, inner)

    converter.register_structure_hook_factory(_is_optional, optional_factory)
    # Before the records: each keeps the hooks that it finds when it is registered.
    converter.register_structure_hook_factory(
        lambda kind: _is_list(kind) and attrs.has(get_args(kind)[0]), list_factory
    )
    converter.register_structure_hook_factory(
        lambda kind: _is_list(kind) and get_args(kind)[0] is TreatedNerve, entries_factory
    )
    for record in records(*READ):
        code = {"code": override(struct_hook=_code_text)} if record is ClaimLine else {}
        made = _structure_fn(
            record,
            converter,
            _cattrs_forbid_extra_keys=True,
            _cattrs_detailed_validation=converter.detailed_validation,
            **code,
        )
        checked = _object(made)
        if record is Session:
            checked = _either_form(cast("Callable[[Any, type], Session]", checked), converter)
        converter.register_structure_hook(record, checked)
    converter.register_unstructure_hook(dt.date, dt.date.isoformat)
    converter.register_unstructure_hook(Decimal, _money_out)
    converter.register_unstructure_hook(EffectivePeriod, EffectivePeriod.days)
    converter.register_unstructure_hook(UnlistedNerve, str)
    for record in records(*itertools.chain(*DOCUMENTS.values()), Problem):
        converter.register_unstructure_hook(record, _write(record, converter))
    return converter


def make_converter() -> Converter:
    """Return a cattrs converter for the JSON form, a strict one.

    >>> make_converter().structure({"code": "64493", "modifiers": ["rt"]}, ClaimLine).text
    '64493-RT x1'
    """
    return configure(Converter(forbid_extra_keys=True, detailed_validation=True))


@functools.cache
def _converter() -> Converter:
    return make_converter()


@functools.cache
def _quick() -> Converter:
    """Return a converter that stops at the first problem; the other one then finds all of them."""
    return configure(Converter(forbid_extra_keys=True, detailed_validation=False))


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        message = f"the key {twice[:_SHOWN]!r} occurs twice in one object"
        raise ValueError(message)
    return found


def _no_constant(name: str) -> None:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _whole(digits: str) -> int | Decimal:
    """Read a whole number of any length; whether it is too long depends on its key."""
    return int(digits) if len(digits) <= LONG else Decimal(digits)


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        message = f"the exponent of {digits[:_SHOWN]} is too large"
        raise ValueError(message) from None


_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


def _marked(text: str) -> NoReturn:
    message = "Unexpected UTF-8 BOM (pass bytes to have it removed)"
    raise json.JSONDecodeError(message, text, 0)


_DECODER = json.JSONDecoder(  # made once: making it takes longer than decoding most texts
    parse_float=_decimal,
    parse_int=_whole,
    parse_constant=_no_constant,
    object_pairs_hook=_no_duplicates,
)


def decode(text: str | bytes) -> Any:  # noqa: ANN401
    """Decode JSON text to plain data, strictly: no repeated keys, no NaN, exact numbers.

    >>> decode('{"units": 1.5}')
    {'units': Decimal('1.5')}
    >>> decode('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ...
    cptfacet.errors.DocumentError: JSON can't be read:
      $: the key 'a' occurs twice in one object

    Raises:
        DocumentError: The text is not JSON.
    """
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return _marked(decoded) if decoded.startswith(_MARK) else _DECODER.decode(decoded)
    except RecursionError:
        problem = Problem(path="$", message="it is nested too deeply")
    except json.JSONDecodeError as error:
        message = f"it is not JSON at character {error.colno}"
        problem = Problem(path="$", message=message, line=error.lineno)
    except UnicodeDecodeError as error:
        problem = Problem(path="$", message=f"it is not UTF-8 at byte {error.start}")
    except ValueError as error:
        problem = Problem(path="$", message=str(error))
    raise DocumentError(what="JSON", problems=(problem,))


def from_data(data: object, kind: type[T]) -> T:
    """Return the record that decoded JSON describes: a `Session`, flat or nested, or a `Claim`.

    >>> from_data(
    ...     {
    ...         "date": "2026-03-02",
    ...         "technique": "mbb",
    ...         "targets": [{"joint": "L4"}],
    ...         "sides": "left",
    ...     },
    ...     Session,
    ... )
    Traceback (most recent call last):
    ...
    cptfacet.errors.DocumentError: Session can't be read:
      $.targets[0].joint: 'L4' is not a joint: one segment may be a vertebra or a nerve; name both segments of the joint, as in L4-L5
      $.sides: unknown key; known here: date, treatments, claim_type, place_of_service, diagnoses, id, policy, location, technique, purpose, guidance, targets, nerves, agents

    Raises:
        DocumentError: The data don't describe such a record. It lists all problems with their paths.
    """
    try:
        return _quick().structure(data, kind)
    except Exception:  # noqa: BLE001, S110  read again below, to report every problem
        pass
    try:
        return _converter().structure(data, kind)
    except (ClassValidationError, IterableValidationError, CptfacetError, TypeError) as error:
        problems = tuple(_problems(error, "$"))
    if _is_object(data) and "resourceType" in data:
        problems = (Problem(path="$", message=FHIR),)
    raise DocumentError(what=kind.__name__, problems=problems)


def read(text: str | bytes, kind: type[T]) -> T:
    """Read one JSON text as a `Session` or a `Claim`.

    >>> read('{"claim_type": "professional", "lines": [{"code": "64493"}]}', Claim).lines[0].text
    '64493 x1'

    Raises:
        DocumentError: The text is not JSON, or does not describe such a record.
    """
    return from_data(decode(text), kind)


def claim_from_data(data: object) -> Claim:
    """Return the claim in decoded JSON: a bare claim, or an answer of coding.

    In an answer of coding, ``notes`` and ``why`` next to the claim are not read.

    >>> claim = {"claim_type": "professional", "lines": [{"code": "64493"}]}
    >>> claim_from_data({"claim": claim, "notes": [], "why": []}) == claim_from_data(claim)
    True
    >>> claim_from_data({"claim": {"lines": []}, "whys": []})
    Traceback (most recent call last):
    ...
    cptfacet.errors.DocumentError: Claim can't be read:
      $.claim.claim_type: it is missing
      $.whys: unknown key; did you mean why?

    Raises:
        DocumentError: The data don't describe a claim. It lists all problems with their paths.
    """
    if _is_object(data) and "refusal" in data:
        problem = Problem(path="$.refusal", message="this session was refused and has no claim")
        raise DocumentError(what="Claim", problems=(problem,))
    if not _is_object(data) or "claim" not in data:
        return from_data(data, Claim)
    problems = [_extra("$", name, _WRAPPER) for name in sorted(set(data) - set(_WRAPPER))]
    try:
        claim = from_data(data["claim"], Claim)
    except DocumentError as error:
        inner = (attrs.evolve(p, path=f"$.claim{p.path[1:]}") for p in error.problems)
        problems = [*inner, *problems]
    else:
        if not problems:
            return claim
    raise DocumentError(what="Claim", problems=tuple(problems)) from None


def _is_object(data: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(data, Mapping)


def _written(kind: type) -> Sequence[str]:
    """Return the fields of a record that its object has, in order."""
    return [f.name for f in attrs.fields(kind) if f.name not in LEFT_OUT.get(kind, ())]


_WRAPPER = _written(CodedSession)


@sealed
@attrs.frozen(kw_only=True)
class Given:
    """A claim to check, with its session and the records of earlier sessions."""

    claim: Claim
    session: Session | None = None
    history: tuple[Session | Claim, ...] | None = None


_BESIDE = list(dict.fromkeys([*_written(Given), *_WRAPPER]))


def given_from_data(data: object) -> Given:
    """Return the claim to check in decoded JSON, with its session and history if there are any.

    The data are a bare claim, an answer of coding, or an object with ``claim``, ``session`` (what
    the note documents) and ``history`` (a list of earlier sessions and claims). ``notes`` and
    ``why`` of coding are not read.

    >>> claim = {"claim_type": "professional", "lines": [{"code": "64493"}]}
    >>> given = given_from_data({"claim": claim, "history": []})
    >>> given.claim == claim_from_data(claim), given.session, given.history
    (True, None, ())
    >>> given_from_data({"claim": {"lines": []}, "session": {"date": "2026-03-02"}, "past": []})
    Traceback (most recent call last):
    ...
    cptfacet.errors.DocumentError: Claim can't be read:
      $.claim.claim_type: it is missing
      $.session.technique: it is missing
      $.past: unknown key; known here: claim, session, history, notes, why

    Raises:
        DocumentError: The data don't describe such a claim. It lists all problems with their paths.
    """
    if not _is_object(data) or "claim" not in data or "refusal" in data:
        return Given(claim=claim_from_data(data))
    problems: list[Problem] = []

    def part(name: str, read: Callable[[object], T]) -> T | None:
        if data.get(name) is None:
            return None
        try:
            return read(data[name])
        except DocumentError as error:
            problems.extend(attrs.evolve(p, path=f"$.{name}{p.path[1:]}") for p in error.problems)
            return None

    claim = part("claim", lambda value: from_data(value, Claim))
    session = part("session", lambda value: from_data(value, Session))
    history = part("history", _past_records)
    problems += [_extra("$", name, _BESIDE) for name in sorted(set(data) - set(_BESIDE))]
    if claim is None and not problems:
        problems.append(Problem(path="$.claim", message=str(_wrong(None, "an object"))))
    if claim is None or problems:
        raise DocumentError(what="Claim", problems=tuple(problems))
    return Given(claim=claim, session=session, history=history)


def history_from_data(
    data: object, *, policy: Policy, reference: Reference | None = None, path: str = "$"
) -> ReadHistory:
    """Read a history from decoded JSON: a list of earlier sessions and claims, in any order.

    A session is nested or flat, a claim is bare or part of an answer of coding. ``path`` is the
    place of the list in its document. As with `history_from_records`, the answer also lists what
    could not be read as an earlier session.

    >>> from cptfacet import policies
    >>> cpt = policies.get("cpt")
    >>> session = {"date": "2026-01-05", "technique": "mbb", "targets": [{"joint": "L4-5"}]}
    >>> claim = {
    ...     "date": "2026-02-02",
    ...     "claim_type": "professional",
    ...     "lines": [{"code": "64635", "modifiers": ["LT"]}],
    ... }
    >>> read = history_from_data([session, {"claim": claim}], policy=cpt)
    >>> [(str(past.date), str(past.kind)) for past in read.history.sessions]
    [('2026-01-05', 'injection'), ('2026-02-02', 'ablation')]
    >>> history_from_data([{"date": "2026-1-5"}, {"lines": {}}], policy=cpt, path="$.history")
    Traceback (most recent call last):
    ...
    cptfacet.errors.DocumentError: History can't be read:
      $.history[0]: it is neither a session (technique, or treatments) nor a claim (lines)
      $.history[1].claim_type: it is missing
      $.history[1].lines: it is an object; write a list

    Raises:
        DocumentError: The data are not a list, or a record can't be read. It lists all problems
            with their paths.
    """
    records = _past_records(data, path)
    return history_from_records(records, policy=policy, reference=reference)


def _past_records(data: object, path: str = "$") -> tuple[Session | Claim, ...]:
    if not isinstance(data, list | tuple):
        problem = Problem(path=path, message=str(_wrong(data, "a list of sessions and claims")))
        raise DocumentError(what="History", problems=(problem,))
    records: list[Session | Claim] = []
    problems: list[Problem] = []
    for index, entry in enumerate(cast("Sequence[object]", data)):
        try:
            records.append(_past_from_data(entry))
        except DocumentError as error:
            where = f"{path}[{index}]"
            problems += [attrs.evolve(p, path=where + p.path[1:]) for p in error.problems]
    if problems:
        raise DocumentError(what="History", problems=tuple(problems))
    return tuple(records)


_OF_A_CLAIM = frozenset(("claim", "lines", "refusal"))
_OF_A_SESSION = frozenset(("technique", "treatments"))


def _past_from_data(data: object) -> Session | Claim:
    if not _is_object(data) or not _OF_A_CLAIM.isdisjoint(data):
        return claim_from_data(data)
    if not _OF_A_SESSION.isdisjoint(data):
        return from_data(data, Session)
    message = "it is neither a session (technique, or treatments) nor a claim (lines)"
    raise DocumentError(what="History", problems=(Problem(path="$", message=message),))


def to_data(value: Document | Problem) -> dict[str, Any]:
    """Return a session, claim, answer or problem as plain data, ready for JSON.

    A refusal is under the key ``refusal``.
    """
    data = cast("dict[str, Any]", _converter().unstructure(value))
    return {"refusal": data} if isinstance(value, Refusal) else data


def dump(value: Document, *, indent: int | None = None) -> str:
    """Write a session, claim or answer as JSON text.

    >>> dump(Claim(claim_type=ClaimType.PROFESSIONAL, lines=(ClaimLine(code="64493"),)))
    '{"claim_type": "professional", "lines": [{"code": "64493", "modifiers": [], "units": 1, "diagnoses": []}], "date": null, "place_of_service": null, "purpose": null}'
    """
    return json.dumps(to_data(value), indent=indent)


class Dumper:
    """A writer of many sessions, claims or answers as JSON text, as `dump` writes them.

    The parts that reports share are kept after they are written once: the policy and data they were
    checked under, and what was not checked.

    >>> dumper = Dumper()
    >>> claim = Claim(claim_type=ClaimType.PROFESSIONAL, lines=(ClaimLine(code="64493"),))
    >>> dumper.dump(claim) == dump(claim)
    True
    """

    def __init__(self, *, indent: int | None = None) -> None:
        """Keep the indentation of each text; None writes each on one line."""
        self._indent = indent
        kept = functools.lru_cache(_KEPT)(_part_text)
        self._parts: dict[str, Callable[[Any], str]] = {
            "id" if name == BY_ID[Report] else name: kept if name in _SHARED else _part_text
            for name in _written(Report)
        }

    def dump(self, value: Document) -> str:
        """Write a session, claim or answer as JSON text."""
        if self._indent is not None or not isinstance(value, Report):
            return dump(value, indent=self._indent)
        parts = [f'"{name}": {text(getattr(value, name))}' for name, text in self._parts.items()]
        return f"{{{', '.join(parts)}}}"


_KEPT = 1024
_SHARED = ("under", "not_checked")


def _part_text(part: object) -> str:
    return json.dumps(_converter().unstructure(part))
