"""Every packaged rule, in the order of its family."""

from __future__ import annotations

import difflib
import functools
from types import MappingProxyType
from typing import TYPE_CHECKING

from cptfacet._inputs import expect
from cptfacet.checking.rule import Check, Rule, make_rule
from cptfacet.checking.rules import (
    add_ons,
    authorization,
    diagnosis,
    documentation,
    form,
    frequency,
    imaging,
    laterality,
    levels,
    pairs,
    purpose,
    sedation,
    services,
    units,
    validity,
)
from cptfacet.errors import UnknownIdError
from cptfacet.findings import RuleFamily

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

__all__ = ["FAMILIES", "all_rules", "get_rule"]


def __dir__() -> list[str]:
    return sorted(__all__)


FAMILIES: Mapping[RuleFamily, ModuleType] = MappingProxyType(
    {
        RuleFamily.VALIDITY: validity,
        RuleFamily.FORM: form,
        RuleFamily.ADD_ONS: add_ons,
        RuleFamily.LATERALITY: laterality,
        RuleFamily.UNITS: units,
        RuleFamily.PAIRS: pairs,
        RuleFamily.IMAGING: imaging,
        RuleFamily.LEVELS: levels,
        RuleFamily.PURPOSE: purpose,
        RuleFamily.DIAGNOSIS: diagnosis,
        RuleFamily.SEDATION: sedation,
        RuleFamily.SERVICES: services,
        RuleFamily.FREQUENCY: frequency,
        RuleFamily.AUTHORIZATION: authorization,
        RuleFamily.DOCUMENTATION: documentation,
    }
)


@functools.cache
def all_rules() -> tuple[Rule, ...]:
    """Return every packaged rule.

    >>> {rule.family.value for rule in all_rules()} >= {"add-ons"}
    True
    """
    return tuple(
        make_rule(family, check)
        for family, module in FAMILIES.items()
        for check in vars(module).values()
        if isinstance(check, Check)
    )


@functools.cache
def _by_id() -> dict[str, Rule]:
    return {rule.id: rule for rule in all_rules()}


def get_rule(rule_id: str) -> Rule:
    """Return a packaged rule by its id.

    >>> get_rule("addon-without-primary").kind.value
    'coding'
    >>> get_rule("add-on-without-primary")
    Traceback (most recent call last):
    ...
    cptfacet.errors.UnknownIdError: unknown rule 'add-on-without-primary'; did you mean addon-without-primary?

    Raises:
        UnknownIdError: No packaged rule has this id.
    """
    expect(rule_id, str, "rule_id")
    found = _by_id().get(rule_id)
    if found is None:
        near = tuple(difflib.get_close_matches(rule_id, _by_id()))
        raise UnknownIdError(what="rule", text=rule_id, near=near)
    return found
