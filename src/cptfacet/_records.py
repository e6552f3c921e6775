"""Helpers for records: frozen, slotted, keyword-only classes that can't be subclassed."""

from typing import Any, NoReturn, TypeVar

import attrs

T = TypeVar("T")


def _refuse_subclass(cls: type[Any], **_: Any) -> NoReturn:
    message = (
        f"{cls.__mro__[1].__qualname__} is a value and can't be subclassed: "
        "keep one as an attribute of your own class instead."
    )
    raise TypeError(message)


def sealed(cls: type[T]) -> type[T]:
    """Close a class to subclassing.

    Put it above ``@attrs.frozen(kw_only=True)``. Two records are then equal if and only if their
    fields are equal.
    """
    cls.__init_subclass__ = classmethod(_refuse_subclass)  # type: ignore[assignment,arg-type]
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


def many(record: object, name: str) -> None:
    """Store a field of a new record as a tuple, and refuse a single string."""
    value = getattr(record, name)
    if type(value) is tuple:
        return
    if isinstance(value, str):
        message = f"{name} must be a tuple, not a single string: write ({value!r},)"
        raise TypeError(message)
    object.__setattr__(record, name, tuple(value))


def brief(record: object) -> str:
    """Return the repr of a record without the fields that have their default.

    A claim line has a dozen fields, and most lines set only two or three of them.
    """
    kind: Any = type(record)
    shown = (
        (field, getattr(record, field.name))
        for field in attrs.fields(kind)
        if field.repr is not False
    )
    listed = ", ".join(
        f"{field.name}={field.repr(value) if callable(field.repr) else repr(value)}"
        for field, value in shown
        if repr(value) != repr(field.default)  # a signaling NaN can not be compared
    )
    return f"{kind.__name__}({listed})"
