"""The one policy for records: frozen, slotted, keyword-only, closed to subclassing."""

from typing import Any, NoReturn, TypeVar

import attrs

T = TypeVar("T")


def _refuse_subclass(cls: type[Any], **_: Any) -> NoReturn:
    message = (
        f"{cls.__mro__[1].__qualname__} is a value and can't be subclassed: "
        "hold one in a class of your own instead."
    )
    raise TypeError(message)


def sealed(cls: type[T]) -> type[T]:
    """Close a class to subclassing.

    Put it above ``@attrs.frozen(kw_only=True)``. Two records are then equal exactly if what they hold
    is equal.
    """
    cls.__init_subclass__ = classmethod(_refuse_subclass)  # type: ignore[assignment,arg-type]
    return cls


def _rebuilt(cls: type[T], fields: dict[str, Any]) -> T:
    return cls(**fields)


def reduced(record: object) -> tuple[Any, ...]:
    """Pickle a record by what it was made of; what it worked out is worked out again.

    A hash that was kept would be wrong in a process with another hash seed.
    """
    kind: Any = type(record)
    fields = attrs.fields(kind) if attrs.has(kind) else ()
    return _rebuilt, (kind, {f.alias: getattr(record, f.name) for f in fields if f.init})


def many(record: object, name: str) -> None:
    """Store a field of a new record as a tuple; a single text is not a list of texts."""
    value = getattr(record, name)
    if type(value) is tuple:
        return
    if isinstance(value, str):
        message = f"{name} is a tuple, not a single text: write ({value!r},)"
        raise TypeError(message)
    object.__setattr__(record, name, tuple(value))


def brief(record: object) -> str:
    """Return the repr of a record without the fields that have their default.

    A claim line has a dozen fields and mostly two or three of them filled in.
    """
    kind: Any = type(record)
    shown = (
        (field, getattr(record, field.name))
        for field in attrs.fields(kind)
        if field.repr is not False
    )
    told = ", ".join(
        f"{field.name}={field.repr(value) if callable(field.repr) else repr(value)}"
        for field, value in shown
        if repr(value) != repr(field.default)  # a signaling NaN can not be compared
    )
    return f"{kind.__name__}({told})"
