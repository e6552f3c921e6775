"""The one policy for records: frozen, slotted, keyword-only, closed to subclassing."""

from typing import Any, NoReturn, TypeVar

T = TypeVar("T")


def _refuse_subclass(cls: type[Any], **_: Any) -> NoReturn:
    message = (
        f"{cls.__mro__[1].__qualname__} is a value and can't be subclassed: "
        "hold one in a class of your own instead."
    )
    raise TypeError(message)


def sealed(cls: type[T]) -> type[T]:
    """Close a class to subclassing.

    It stands above ``@attrs.frozen(kw_only=True)``, so that equality of two records means equality
    of what they hold and nothing else.
    """
    cls.__init_subclass__ = classmethod(_refuse_subclass)  # type: ignore[assignment,arg-type]
    return cls
