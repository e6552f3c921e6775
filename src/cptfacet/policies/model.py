"""A policy as a value: dated, cited provisions, each with a key of the vocabulary."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

import attrs

from cptfacet import _data
from cptfacet._inputs import expect, expect_date
from cptfacet._records import many, reduced, sealed
from cptfacet.citations import Citation, Confidence
from cptfacet.claims import parse_line
from cptfacet.dates import EffectivePeriod, Status, change_days
from cptfacet.errors import ParseError, UnknownIdError
from cptfacet.modifiers import ModifierRole, is_modifier
from cptfacet.policies.vocabulary import (
    CHECKS_FAMILIES,
    DIMENSIONS,
    KEYS,
    NO_MODIFIER,
    Key,
    Value,
    is_in_dimension,
)
from cptfacet.procedures import is_code
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from cptfacet.findings import RuleFamily
    from cptfacet.reference import Reference

__all__ = [
    "Answer",
    "Cell",
    "ChangeKind",
    "DiagnosisUse",
    "Known",
    "ListedDiagnosis",
    "NotKnown",
    "Policy",
    "PolicyChange",
    "Provision",
    "StatedDiagnoses",
    "as_policy",
    "check_document",
    "check_value",
    "overlaps",
    "rule_families",
    "value_of",
]


def __dir__() -> list[str]:
    return sorted(__all__)


T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")
Cell = tuple[str, ...]


@sealed
@attrs.frozen(kw_only=True)
class Provision:
    """One dated, cited value of a policy.

    Attributes:
        key: The key from the vocabulary.
        cell: The values of its dimensions; empty if it has none.
        value: What the policy states.
        policy: The policy that states it: the one in use, or one that it extends.
        confidence: How well the fact is established.
        citations: The sources of the provision.
        rationale: The reason for a judgment, or a remark.
        caveat: What an answer adds whenever the provision shapes it.
    """

    key: str
    cell: Cell
    value: Value
    unit: str | None = attrs.field(repr=False)
    policy: str
    term: EffectivePeriod = attrs.field(repr=str)
    confidence: Confidence = attrs.field(repr=False)
    citations: tuple[Citation, ...] = attrs.field(repr=False)
    rationale: str = attrs.field(default="", repr=False)
    caveat: str = attrs.field(default="", repr=False)

    def __str__(self) -> str:
        name = f"{self.key} ({', '.join(self.cell)})" if self.cell else self.key
        value = ", ".join(self.value) if isinstance(self.value, tuple) else str(self.value)
        if isinstance(self.value, int):
            value = f"{value} {self.unit}"
        return f"{name} = {value} [policy {self.policy}; {self.term}; {self.confidence}]"


@sealed
@attrs.frozen(kw_only=True)
class NotKnown(Unknown):
    """A provision that is not known: no source gives a value, or a policy states that none does.

    ``candidates`` lists the jurisdictions on which the answer depends, if MACs differ. A confidence
    of judgment means that it is our view that the question is open, and ``rationale`` says why.
    """

    key: str
    cell: Cell
    policy: str
    term: EffectivePeriod = attrs.field(factory=EffectivePeriod)
    confidence: Confidence = Confidence.CONFIRMED
    rationale: str = ""
    what: str = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Name the question by the key and its cell."""
        named = f"{self.key} ({', '.join(self.cell)})" if self.cell else self.key
        object.__setattr__(self, "what", named)


@sealed
@attrs.frozen(kw_only=True)
class Known(Generic[T_co]):
    """The answer to a typed question: a value, and the provision that states it.

    The provision has the value as written in the file. ``value`` is the same value, typed: an enum
    member for a choice, or None for the modifier `none`.
    """

    value: T_co
    provision: Provision

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The citations of the provision."""
        return self.provision.citations


Answer: TypeAlias = Known[T] | NotKnown


def value_of(answer: Answer[T] | None) -> T | None:
    """Return the value of an answer, or None if it is not known or there is no answer.

    >>> import datetime as dt
    >>> from cptfacet.policies import get
    >>> from cptfacet.policies.vocabulary import LEVELS_MAX
    >>> today = dt.date(2026, 3, 2)
    >>> value_of(get("medicare").ask(LEVELS_MAX, "ablation", on=today))
    2
    >>> value_of(get("cpt").ask(LEVELS_MAX, "ablation", on=today)) is None
    True
    """
    return answer.value if isinstance(answer, Known) else None


class DiagnosisUse(StrEnum):
    """For which procedures a list has a diagnosis: any of the family, or those on facet cysts alone."""

    ANY = "any"
    FACET_CYST = "facet-cyst"


@sealed
@attrs.frozen(kw_only=True)
class ListedDiagnosis:
    """A code on a payer's list, and the procedures for which it is listed."""

    code: str
    use: DiagnosisUse


@sealed
@attrs.frozen(kw_only=True)
class StatedDiagnoses:
    """The list of covered diagnoses in a payer's document, as the file of a policy states it."""

    document: str
    diagnoses: tuple[ListedDiagnosis, ...] = attrs.field(repr=False)
    term: EffectivePeriod = attrs.field(repr=str)
    confidence: Confidence = attrs.field(repr=False)
    citations: tuple[Citation, ...] = attrs.field(repr=False)
    policy: str
    rationale: str = attrs.field(default="", repr=False)


class ChangeKind(StrEnum):
    """What happens to a provision on a day: it begins, is first seen, or ends after that day."""

    BEGINS = "begins"
    FIRST_SEEN = "first-seen"
    ENDS = "ends"


@sealed
@attrs.frozen(kw_only=True)
class PolicyChange:
    """One change of a policy on a day."""

    on: dt.date
    what: ChangeKind
    provision: Provision | NotKnown


def _start(entry: _Dated) -> dt.date:
    return entry.term.first


@sealed
@attrs.frozen(kw_only=True)
class Policy:
    """The provisions of one payer, program or rule book.

    ``revised`` is the date of this edition. Use `get`, `load` or `discover_policies` to read one. A
    policy that you construct follows the same rules, but may have gaps.

    Raises:
        ValueError: A key is not in the vocabulary, a value is not allowed, two provisions of a cell
            overlap, or a policy that it extends has the same id.
    """

    id: str
    title: str
    payer: str
    revised: dt.date
    provisions: tuple[Provision | NotKnown, ...] = attrs.field(repr=False)
    diagnosis_lists: tuple[StatedDiagnoses, ...] = attrs.field(default=(), repr=False)
    extends: Policy | None = attrs.field(default=None, repr=lambda p: repr(p and p.id))
    _index: Mapping[tuple[str, Cell], tuple[Provision | NotKnown, ...]] = attrs.field(
        init=False, repr=False, eq=False, hash=False
    )
    _hash: int = attrs.field(init=False, repr=False, eq=False, hash=False)

    def __attrs_post_init__(self) -> None:
        """Index the provisions by key and cell, in the order of their dates."""
        many(self, "provisions")
        many(self, "diagnosis_lists")
        if any(overlaps(self.diagnosis_lists)):
            message = "two lists of diagnoses are in force on one day"
            raise ValueError(message)
        if self.extends is not None and self.id in (p.id for p in self.extends.lineage()):
            message = f"policy {self.id} extends a policy with the same id"
            raise ValueError(message)
        index: dict[tuple[str, Cell], list[Provision | NotKnown]] = {}
        for provision in sorted(self.provisions, key=_start):
            wrong = _wrong_value(provision)
            if wrong:
                message = f"{provision.key} {provision.cell}: {wrong}"
                raise ValueError(message)
            index.setdefault((provision.key, provision.cell), []).append(provision)
        for (key, cell), stated in index.items():
            if any(overlaps(stated)):
                message = f"{key} {cell}: two provisions are in force on the same day"
                raise ValueError(message)
        by_cell = MappingProxyType({where: tuple(p) for where, p in index.items()})
        object.__setattr__(self, "_index", by_cell)
        object.__setattr__(
            self, "_hash", hash((self.id, self.revised, self.provisions, self.diagnosis_lists))
        )

    def __hash__(self) -> int:
        return self._hash

    def _repr_pretty_(self, printer: Any, _: bool) -> None:  # noqa: FBT001, ANN401  its protocol
        """Print the short form in IPython and Hypothesis, which would print every provision."""
        printer.text(repr(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return reduced(self)

    def get(self, key: str, *, on: dt.date, **cell: str) -> Provision | NotKnown:
        """Return the provision in force for a key on a date.

        Pass the dimensions of the key as keywords, with `_` for `-`. The answer has its citations and
        dates. If no source settles it, the answer is a `NotKnown` that says what is missing.

        >>> import datetime as dt
        >>> from cptfacet.policies import get
        >>> cpt = get("cpt")
        >>> answer = cpt.get(
        ...     "laterality.format",
        ...     on=dt.date(2026, 3, 2),
        ...     role="injection-add-on",
        ...     claim_type="professional",
        ... )
        >>> answer.value, str(answer.term)
        ('two-units', 'from 2020-01-01')
        >>> cpt.get("laterality.from", on=dt.date(2026, 3, 2))
        Traceback (most recent call last):
        ...
        cptfacet.errors.UnknownIdError: unknown provision 'laterality.from'; did you mean laterality.format, laterality.side, laterality.accepted?

        Raises:
            UnknownIdError: The vocabulary has no such key or cell.
            TypeError: The keywords are not the dimensions of the key.
        """
        expect(key, str, "key")
        expect_date(on)
        where = _cell_of(key, cell)
        return self._answer(key, where, on)

    def ask(self, key: Key[T], *cell: str, on: dt.date) -> Answer[T]:
        """Return the policy's typed answer for a key on a date.

        Pass the dimensions of the key in their order.

        >>> import datetime as dt
        >>> from cptfacet.policies import get
        >>> from cptfacet.policies.vocabulary import LEVELS_MAX, LEVELS_ORDER
        >>> get("medicare").ask(LEVELS_MAX, "ablation", on=dt.date(2026, 3, 2)).value
        2
        >>> get("cpt").ask(LEVELS_ORDER, "ablation", on=dt.date(2026, 3, 2))
        Traceback (most recent call last):
        ...
        TypeError: levels.order has the dimensions: none; given: ablation

        Raises:
            UnknownIdError: There is no such cell.
            TypeError: The number of values is not the number of dimensions.
        """
        _check_cell(key, cell)
        return _read(key, self._answer(key.name, cell, on))

    def _answer(self, key: str, cell: Cell, on: dt.date) -> Provision | NotKnown:
        stated = self._index.get((key, cell), ())
        for provision in stated:
            if provision.term.on(on) is Status.IN_FORCE:
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
            reason = f"no source states it for that date; it is known {_terms(stated)}"
        else:
            reason = "no source we have read states it"
        return NotKnown(key=key, cell=cell, policy=self.id, reason=reason)

    def stated(self, key: Key[T], *cell: str) -> tuple[Answer[T], ...]:
        """List the answers of this policy and those it extends for one cell, nearest first."""
        _check_cell(key, cell)
        stated = (p for each in self.lineage() for p in each._index.get((key.name, cell), ()))  # noqa: SLF001
        return tuple(_read(key, provision) for provision in stated)

    def find(self, prefix: str = "") -> tuple[Provision | NotKnown, ...]:
        """List this policy's own provisions whose key begins with a prefix, in file order."""
        return tuple(p for p in self.provisions if p.key.startswith(prefix))

    def lineage(self) -> tuple[Policy, ...]:
        """Return this policy and those it extends, nearest first."""
        return (self, *(self.extends.lineage() if self.extends else ()))

    def turning_days(self) -> frozenset[dt.date]:
        """List the days on which an answer may change, here or in a policy that it extends.

        Between two of these days every answer is the same.

        >>> import datetime as dt
        >>> from cptfacet.policies import get
        >>> dt.date(2020, 1, 1) in get("medicare").turning_days()
        True
        """
        lineage = self.lineage()
        terms = (p.term for each in lineage for p in (*each.provisions, *each.diagnosis_lists))
        return change_days((term.first, term.last) for term in terms)

    def changes(
        self, *, since: dt.date = dt.date.min, until: dt.date = dt.date.max
    ) -> tuple[PolicyChange, ...]:
        """List this policy's own changes between two dates, inclusive.

        >>> import datetime as dt
        >>> from cptfacet.policies import get
        >>> new_year = get("cpt").changes(since=dt.date(2020, 1, 1), until=dt.date(2020, 1, 1))
        >>> {(change.what.value, change.provision.key) for change in new_year}
        {('begins', 'laterality.format')}
        """
        expect_date(since, "since")
        expect_date(until, "until")
        found: list[PolicyChange] = []
        for p in self.provisions:
            begins = ChangeKind.BEGINS if p.term.start else ChangeKind.FIRST_SEEN
            if (first := p.term.start or p.term.seen) and since <= first <= until:
                found.append(PolicyChange(on=first, what=begins, provision=p))
            if p.term.until and since <= p.term.until <= until:
                found.append(PolicyChange(on=p.term.until, what=ChangeKind.ENDS, provision=p))
        return tuple(sorted(found, key=lambda change: (change.on, change.provision.key)))


def _read(key: Key[T], stated: Provision | NotKnown) -> Answer[T]:
    if isinstance(stated, NotKnown):
        return stated
    return Known(value=key.read(stated.value), provision=stated)


def _terms(stated: tuple[Provision | NotKnown, ...]) -> str:
    return "; ".join(str(p.term) for p in stated)


def _cell_of(key: str, cell: Mapping[str, str]) -> Cell:
    known = KEYS.get(key)
    if known is None:
        near = difflib.get_close_matches(key, KEYS)
        raise UnknownIdError(what="provision", text=key, near=tuple(near))
    given = {name.replace("_", "-"): value for name, value in cell.items()}
    if set(given) != set(known.dimensions):
        raise _wrong_dimensions(known, given)
    where = tuple(str(given[name]) for name in known.dimensions)
    _check_cell(known, where)
    return where


def _check_cell(key: Key[object], cell: Cell) -> None:
    if len(cell) != len(key.dimensions):
        raise _wrong_dimensions(key, cell)
    for name, value in zip(key.dimensions, cell, strict=True):
        if not is_in_dimension(name, value):
            near = difflib.get_close_matches(value, DIMENSIONS[name] or ())
            raise UnknownIdError(what=name, text=value, near=tuple(near))


def _wrong_dimensions(key: Key[object], given: Iterable[str]) -> TypeError:
    wanted = ", ".join(key.dimensions) or "none"
    message = f"{key.name} has the dimensions: {wanted}; given: {', '.join(given) or 'none'}"
    return TypeError(message)


def rule_families(policy: Policy, *, on: dt.date) -> tuple[RuleFamily, ...]:
    """List the rule families that a policy runs on a date; empty if no source states them.

    >>> import datetime as dt
    >>> from cptfacet.policies import get
    >>> medicare, day = get("medicare"), dt.date(2026, 3, 2)
    >>> set(rule_families(medicare, on=day)) - set(rule_families(get("cpt"), on=day)) > {"pairs"}
    True
    """
    return value_of(policy.ask(CHECKS_FAMILIES, on=on)) or ()


def as_policy(value: object) -> Policy:
    """Return a policy unchanged, and raise a TypeError that says what to write for anything else.

    >>> as_policy(None)
    Traceback (most recent call last):
    ...
    TypeError: policy takes a Policy, not None: pass an id such as 'medicare', or policies.get('medicare')

    Raises:
        TypeError: The value is not a policy.
    """
    hint = "pass an id such as 'medicare', or policies.get('medicare')"
    return expect(value, Policy, "policy", hint)


def _check_choice(value: object, key: Key[object]) -> str:
    return "" if value in key.choices else f"write one of {', '.join(key.choices)}"


def _check_list(value: object, key: Key[object]) -> str:
    listed = _data.as_array(value)
    if listed is not None and sorted(map(str, listed)) == sorted(key.choices):
        return ""
    return f"list {', '.join(key.choices)}, each once, in order"


def _check_some(value: object, key: Key[object]) -> str:
    listed = _data.as_array(value)
    if listed and all(listed.count(each) == 1 and each in key.choices for each in listed):
        return ""
    return f"list some of {', '.join(key.choices)}, each once"


def _check_count(value: object, key: Key[object]) -> str:
    least, most = key.values.least, key.values.most
    if type(value) is int and least <= value <= most:  # a bool is not a count
        return ""
    wanted = f"write a whole number of {key.unit} without quotes"
    return f"{wanted}, {least} or more and {most:,} at most"


_WRITE: Mapping[ModifierRole | None, str] = {
    None: "list modifiers that are in the reference, each once",
    ModifierRole.REQUIREMENTS_MET: (
        f"write a modifier that attests that requirements are met, or {NO_MODIFIER!r}"
    ),
    ModifierRole.SEPARATE_VISIT: (
        f"write a modifier that reports a separate visit, or {NO_MODIFIER!r}"
    ),
}


def _check_modifier(value: object, _: Key[object]) -> str:
    if isinstance(value, str) and (value == NO_MODIFIER or is_modifier(value)):
        return ""
    return f"write a modifier of two letters or digits, or {NO_MODIFIER!r}"


def _check_modifiers(value: object, _: Key[object]) -> str:
    listed = _data.as_array(value)
    if listed and all(
        isinstance(each, str) and is_modifier(each) and listed.count(each) == 1 for each in listed
    ):
        return ""
    return "list modifiers of two letters or digits, each once"


def _check_codes(value: object, _: Key[object]) -> str:
    listed = _data.as_array(value)
    if listed and all(isinstance(code, str) and is_code(code) for code in listed):
        return ""
    return "list procedure codes"


def _check_lines(value: object, _: Key[object]) -> str:
    listed = _data.as_array(value) or [""]
    try:
        fits = all(isinstance(line, str) and parse_line(line).text == line for line in listed)
    except ParseError:
        fits = False
    return "" if fits else "list claim lines in canonical form"


_DOCUMENT = re.compile(r"(?=.*\d)[A-Za-z0-9]+([ .-][A-Za-z0-9]+)*", re.ASCII)


def _check_document(value: object, _: Key[object]) -> str:
    return check_document(value)


def check_document(value: object) -> str:
    """Return what is wrong with the number of a document, or an empty text."""
    if isinstance(value, str) and _DOCUMENT.fullmatch(value):
        return ""
    return "write the number of a published document, such as MM-0001"


class _Dated(Protocol):
    @property
    def term(self) -> EffectivePeriod: ...


D = TypeVar("D", bound=_Dated)


def overlaps(stated: Iterable[D]) -> Iterator[tuple[D, D]]:
    """Yield each entry that begins before an earlier one ends, after that earlier one."""
    widest: D | None = None
    for entry in sorted(stated, key=_start):
        if widest is not None and entry.term.first <= widest.term.last:
            yield widest, entry
        if widest is None or entry.term.last > widest.term.last:
            widest = entry


def _wrong_value(provision: Provision | NotKnown) -> str:
    key = KEYS.get(provision.key)
    if key is None:
        return "the key is not in the vocabulary of provisions"
    if len(key.dimensions) != len(provision.cell) or not all(
        map(is_in_dimension, key.dimensions, provision.cell)
    ):
        return f"its cell must have {', '.join(key.dimensions) or 'no dimensions'}"
    if isinstance(provision, NotKnown):
        return ""
    value = provision.value
    return check_value(list(value) if isinstance(value, tuple) else value, key)


def check_value(value: object, key: Key[object], *, reference: Reference | None = None) -> str:
    """Return what to write instead of a key's value, or an empty string if it is valid.

    Without a reference, only the format of a modifier is checked, not whether it exists.
    """
    wrong = _TYPES[key.type](value, key)
    if reference is None or key.type not in {"modifier", "modifiers"}:
        return wrong
    return "" if not wrong and _is_known(value, key, reference) else _WRITE[key.role]


def _is_known(value: object, key: Key[object], reference: Reference) -> bool:
    """Whether a reference has the modifiers of a value, with the role of the key."""
    about = reference.modifiers.about
    if key.type == "modifiers":
        return all(map(about, _data.as_array(value) or ()))
    return value == NO_MODIFIER or key.role in {modifier.role for modifier in about(value)}


_TYPES: Mapping[str, Callable[[object, Key[object]], str]] = {
    "choice": _check_choice,
    "list": _check_list,
    "some": _check_some,
    "count": _check_count,
    "modifier": _check_modifier,
    "modifiers": _check_modifiers,
    "codes": _check_codes,
    "lines": _check_lines,
    "document": _check_document,
}
