"""The entry point that Hypothesis calls when it is imported, to register the public types.

It imports the types and no data. `cptfacet.strategies` has the one table of types and strategies; it
is imported when a strategy is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis.strategies import SearchStrategy

_MODULES = """
    anatomy bilateral checking citations claims coding dates decoding errors findings history limits
    modifiers notes past policies policies.diagnosis_lists procedures reference
    reference.diagnoses reference.editions reference.edits reference.jurisdictions reference.places
    repairing sessions unknown
"""


def public_types() -> Iterator[type[Any]]:
    """Yield the classes that the public modules list in ``__all__``."""
    for name in _MODULES.split():
        module = importlib.import_module(f"cptfacet.{name}")
        values = (getattr(module, each) for each in module.__all__)
        yield from (value for value in values if isinstance(value, type))


def register() -> None:
    """Register every public type."""
    from hypothesis.strategies import register_type_strategy  # noqa: PLC0415  an extra

    for kind in public_types():
        register_type_strategy(kind, _strategy)


def _strategy(kind: type[Any]) -> SearchStrategy[Any]:
    """Return our strategy for a type. Without one, Hypothesis resolves the type by itself.

    Hypothesis also asks about a base class of a registered type, such as `Exception`.
    """
    from cptfacet.strategies import FOR_TYPE  # noqa: PLC0415  on first use

    return FOR_TYPE[kind]() if kind in FOR_TYPE else NotImplemented
