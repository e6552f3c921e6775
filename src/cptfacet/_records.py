"""Helpers for records: frozen, slotted, keyword-only classes that can't be subclassed."""

import datetime as dt
import functools
import types
import typing
from typing import Any, NoReturn, TypeVar

import attrs

__all__ = ["REMEDIES", "are_all", "brief", "check_types", "many", "reduced", "sealed"]


def __dir__() -> list[str]:
    return sorted(__all__)


T = TypeVar("T")


def _refuse_subclass(cls: type[Any], **_: Any) -> NoReturn:
    message = (
        f"{cls.__mro__[1].__qualname__} is a value and can't be subclassed: "
        "keep one as an attribute of your own class instead."
    )
    raise TypeError(message)


if typing.TYPE_CHECKING:
    from typing import final as sealed  # so a type checker refuses a subclass too
else:

    def sealed(cls: type[T]) -> type[T]:
        """Close a class to subclassing.

        Put it above ``@attrs.frozen(kw_only=True)``. Two records are then equal if and only if
        their fields are equal.
        """
        cls.__init_subclass__ = classmethod(_refuse_subclass)
        return cls


def _rebuilt(cls: type[T], fields: dict[str, Any]) -> T:
    return cls(**fields)


def reduced(record: object) -> tuple[Any, ...]:
    """Pickle a record by its constructor arguments, and compute everything else again.

    A cached hash would be wrong in a process with another hash seed.
    """
    kind: Any = type(record)
    fields = attrs.fields(kind) if attrs.has(kind) else ()
    return _rebuilt, (kind, {f.alias: getattr(record, f.name) for f in fields if f.init})


REMEDIES = {  # what to write for a value of each type
    "Agent": 'parse_agent("local-anesthetic")',
    "ClaimFrequency": 'parse_frequency("replacement")',
    "ClaimLine": 'parse_line("CODE-50 x1")',
    "ClaimType": 'parse_claim_type("professional")',
    "Decimal": 'Decimal("900.00")',
    "Guidance": 'parse_guidance("fluoroscopy")',
    "History": "history_from_records([...], policy=...)",
    "Joint": 'parse_joint("L4-5")',
    "Location": 'Location(state="OH")',
    "Nerve": 'parse_nerve("L4")',
    "PastSession": "PastSession(date=..., kind=...)",
    "PriorAuthorization": "PriorAuthorization(number=...)",
    "Purpose": 'parse_purpose("diagnostic")',
    "Policy": 'policies.get("medicare")',
    "SessionKind": "SessionKind.ABLATION",
    "Side": 'parse_side("left")',
    "Target": 'parse_target("L4-5:both")',
    "Technique": 'parse_technique("mbb")',
    "TreatedNerve": 'parse_treated_nerve("L4:left")',
    "Treatment": "Treatment(technique=...)",
    "date": 'parse_date("2026-03-02")',
}


@functools.cache
def _declared(kind: type[Any]) -> tuple[tuple[str, tuple[type, ...], type | None], ...]:
    """List each field of a record with the types it takes, and those of its elements if it is a tuple."""
    types = typing.get_type_hints(kind)
    found: list[tuple[str, tuple[type, ...], type | None]] = []
    for field in attrs.fields(kind):
        declared = types[field.name]
        if typing.get_origin(declared) is tuple:
            found.append((field.name, (tuple,), typing.get_args(declared)[0]))
        else:
            found.append((field.name, typing.get_args(declared) or (declared,), None))
    return tuple(found)


def check_types(record: Any) -> None:  # noqa: ANN401  any record
    """Refuse a new record with a field whose value has another type than it declares.

    A list or another iterable is stored as a tuple. A value is never printed: it may identify a
    patient. Records made by the million first ask a condition of their own, which must be as strict.

    Raises:
        TypeError: The message names the field, the type it takes, and what to write.
    """
    for name, kinds, element in _declared(record.__class__):
        if element:
            many(record, name)
            for place, value in enumerate(getattr(record, name)):
                if type(value) is not element:
                    _check_type(f"{name}[{place}]", value, (element,))
        elif type(value := getattr(record, name)) not in kinds:
            _check_type(name, value, kinds)


def are_all(values: tuple[object, ...], kind: type) -> bool:
    """Whether each of several values is of a type, and of no subclass of it."""
    for value in values:  # noqa: SIM110  `all` costs three times as much
        if type(value) is not kind:
            return False
    return True


def _check_type(name: str, value: object, kinds: tuple[type, ...]) -> None:
    if str in kinds and isinstance(value, str):
        return
    *wanted, last = [_wanted(kind) for kind in kinds]
    listed = f"{', '.join(wanted)} or {last}" if wanted else last
    remedy = REMEDIES.get(kinds[0].__name__)
    message = f"{name} must be {listed}, not {type(value).__name__}"
    raise TypeError(f"{message}: use {remedy}" if remedy else message)


def _wanted(kind: type) -> str:
    if kind in _PLAIN:
        return _PLAIN[kind]
    return f"an {kind.__name__}" if kind.__name__[0] in "aeiou" else f"a {kind.__name__}"


_PLAIN = {
    types.NoneType: "None",
    bool: "True or False",
    str: "a string",
    dt.date: "a datetime.date",
}


def many(record: object, name: str) -> None:
    """Store a field of a new record as a tuple, and refuse a single value."""
    value: Any = getattr(record, name)
    if type(value) is tuple:
        return
    if isinstance(value, str):
        message = f"{name} must be a tuple, not a single string: write ({value!r},)"
        raise TypeError(message)
    if isinstance(value, bytes) or not hasattr(value, "__iter__"):
        message = f"{name} must be a tuple, not {type(value).__name__}"
        raise TypeError(message)
    object.__setattr__(record, name, tuple(value))


def brief(record: object) -> str:
    """Return the repr of a record without the fields that have their default.

    A claim line has a dozen fields, and most lines set only two or three of them.
    """
    kind: Any = type(record)
    shown: list[str] = []
    for field in attrs.fields(kind):
        if field.repr is not False:
            text = field.repr if callable(field.repr) else repr
            value = text(getattr(record, field.name))
            if value != repr(field.default):  # a signaling NaN can not be compared
                shown.append(f"{field.name}={value}")
    return f"{kind.__name__}({', '.join(shown)})"
