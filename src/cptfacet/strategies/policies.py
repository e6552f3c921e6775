"""Strategies for policies and what they state: sources, citations, provisions."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Mapping, Sequence

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

from cptfacet import _data
from cptfacet import policies as packaged_policies
from cptfacet.citations import Citation, Confidence, Source, cite
from cptfacet.claims import ClaimLine
from cptfacet.dates import EffectivePeriod
from cptfacet.policies import DIMENSIONS, KEYS, Key, NotKnown, Policy, Provision, Value
from cptfacet.policies.vocabulary import NO_MODIFIER
from cptfacet.procedures import ProcedureKind
from cptfacet.reference import packaged
from cptfacet.strategies.options import (
    chosen,
    named,
    tuples,
)
from cptfacet.strategies.words import (
    DAY,
    TEXTS,
    effective_periods,
    packaged_policy,
    service_dates,
)

__all__ = [
    "citations",
    "not_knowns",
    "policies",
    "provisions",
    "sources",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def sources() -> SearchStrategy[Source]:
    """Return the packaged sources."""
    return named(_data.sources())


def citations(*, sources: SearchStrategy[Source] | None = None) -> SearchStrategy[Citation]:
    """Return sources as answers cite them, with dates and confidence.

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    cited = chosen(sources, "sources", named(_data.sources()))
    facts = st.tuples(cited, effective_periods(), st.sampled_from(Confidence))
    return facts.map(lambda drawn: cite((drawn[0],), drawn[1], drawn[2])[0])


def _keys() -> SearchStrategy[str]:
    return st.sampled_from(list(KEYS))


def provisions(*, keys: SearchStrategy[str] | None = None) -> SearchStrategy[Provision]:
    """Return provisions that a policy may have: a cell and a value that the vocabulary allows.

    Raises:
        InvalidArgument: An option is not a strategy; or, when drawing, the vocabulary has no such key.
    """
    named = chosen(keys, "keys", _keys())
    return st.composite(
        lambda draw: _draw_provision(draw, *_draw_cell(draw, named), *_free(draw))
    )()


def not_knowns(*, keys: SearchStrategy[str] | None = None) -> SearchStrategy[NotKnown]:
    """Return "not known" entries of a policy: no source gives a value.

    Raises:
        InvalidArgument: An option is not a strategy; or, when drawing, the vocabulary has no such key.
    """
    named = chosen(keys, "keys", _keys())
    return st.composite(
        lambda draw: _draw_not_known(draw, *_draw_cell(draw, named), *_free(draw))
    )()


def policies(
    *, parents: SearchStrategy[Policy] | None = None, keys: SearchStrategy[str] | None = None
) -> SearchStrategy[Policy]:
    """Return the packaged policies, and made-up ones that extend them.

    A made-up policy states up to six cells of the vocabulary, each for up to three periods that
    don't overlap. ``parents=policies()`` makes longer chains of policies. With ``keys``, made-up
    policies state these keys alone.

    >>> from hypothesis import find
    >>> from hypothesis import strategies as st
    >>> form = st.just("laterality.format")
    >>> plan = find(policies(keys=form), lambda policy: len(policy.provisions) == 1)
    >>> plan.provisions[0].key
    'laterality.format'
    >>> policies(keys="laterality.format")
    Traceback (most recent call last):
    ...
    hypothesis.errors.InvalidArgument: keys is a strategy, not 'laterality.format': write keys=st.just('laterality.format')

    Raises:
        InvalidArgument: An option is not a strategy; or, when drawing, the vocabulary has no such key.
    """
    ready = packaged_policy()
    made_up = _made_up(chosen(parents, "parents", ready), chosen(keys, "keys", _keys()))
    return ready | made_up if parents is None and keys is None else made_up


@st.composite
def _made_up(draw: st.DrawFn, parents: SearchStrategy[Policy], keys: SearchStrategy[str]) -> Policy:
    parent = draw(parents)
    policy_id = f"{parent.id}-plan-{draw(st.integers(1, 99))}"
    stated: list[Provision | NotKnown] = []
    cells = {_draw_cell(draw, keys) for _ in range(draw(st.integers(0, 6)))}
    for key, cell in sorted(cells, key=lambda where: (where[0].name, where[1])):
        for term in _draw_terms(draw):
            make = _draw_not_known if draw(st.integers(0, 4)) == 4 else _draw_provision  # noqa: PLR2004
            stated.append(make(draw, key, cell, term, policy_id))
    return Policy(
        id=policy_id,
        title=f"Made-up plan below {parent.title}",
        payer=draw(TEXTS.filter(bool)),
        revised=parent.revised,
        extends=parent,
        provisions=tuple(stated),
    )


def _free(draw: st.DrawFn) -> tuple[EffectivePeriod, str]:
    return draw(effective_periods()), draw(st.sampled_from(packaged_policies.ids()))


def _draw_cell(draw: st.DrawFn, keys: SearchStrategy[str]) -> tuple[Key[object], tuple[str, ...]]:
    name = draw(keys)
    if name not in KEYS:
        message = f"keys gives {name!r}, which is not in the vocabulary of provisions"
        raise InvalidArgument(message)
    key = KEYS[name]
    add_ons = [p.code for p in packaged().find_procedures(kind=ProcedureKind.FACET) if p.add_on]
    axes = [
        _RULES if name == "rule" else st.sampled_from(list(DIMENSIONS[name] or add_ons))
        for name in key.dimensions
    ]
    return key, tuple(str(value) for value in draw(st.tuples(*axes)))


_RULES = st.from_regex(r"[a-z]{1,8}(-[a-z0-9]{1,8}){0,2}", fullmatch=True)


def _draw_terms(draw: st.DrawFn) -> list[EffectivePeriod]:
    """Draw periods that don't overlap, each up to the day before the next or ending earlier."""
    days = sorted(draw(st.sets(service_dates(), max_size=3)))
    if not days:
        return [EffectivePeriod()]
    found: list[EffectivePeriod] = []
    for day, following in itertools.zip_longest(days, days[1:]):
        last = following - DAY if following else None
        if draw(st.booleans()):
            last = draw(st.dates(day, last or dt.date.max))
        found.append(
            EffectivePeriod(start=day, until=last)
            if draw(st.booleans())
            else EffectivePeriod(seen=day, until=last)
        )
    return found


_REASONS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


def _draw_weight(
    draw: st.DrawFn, term: EffectivePeriod
) -> tuple[Confidence, tuple[Citation, ...], str]:
    """Draw confidence, citations and rationale: a fact has date and source, a judgment a reason."""
    confidence = draw(st.sampled_from(Confidence))
    if term.start is None and term.seen is None:
        confidence = Confidence.JUDGMENT
    judgment = confidence is Confidence.JUDGMENT
    known = named(_data.sources())
    cited = draw(tuples(known, min_size=0 if judgment else 1, max_size=2, unique=True))
    note = draw(_REASONS if judgment else st.just("") | _REASONS)
    return confidence, cite(cited, term, confidence), note


def _draw_provision(
    draw: st.DrawFn, key: Key[object], cell: tuple[str, ...], term: EffectivePeriod, policy: str
) -> Provision:
    confidence, cited, note = _draw_weight(draw, term)
    return Provision(
        key=key.name,
        cell=cell,
        value=draw(_values(key)),
        unit=key.unit,
        term=term,
        confidence=confidence,
        citations=cited,
        policy=policy,
        rationale=note,
        caveat=draw(st.just("") | _REASONS),
    )


def _draw_not_known(
    draw: st.DrawFn, key: Key[object], cell: tuple[str, ...], term: EffectivePeriod, policy: str
) -> NotKnown:
    confidence, cited, note = _draw_weight(draw, term)
    return NotKnown(
        key=key.name,
        cell=cell,
        reason=draw(_REASONS),
        policy=policy,
        term=term,
        confidence=confidence,
        citations=cited,
        rationale=note,
    )


def _some(values: Sequence[str], most: int) -> SearchStrategy[Value]:
    return tuples(st.sampled_from(values), min_size=1, max_size=most, unique=True)


def _marks(key: Key[object]) -> SearchStrategy[Value]:
    fitting = [modifier.code for modifier in packaged().modifiers if modifier.role is key.role]
    return st.sampled_from([NO_MODIFIER, *fitting])


def _lines(_: Key[object]) -> SearchStrategy[Value]:
    known = st.sampled_from([procedure.code for procedure in packaged().procedures])
    line = st.builds(ClaimLine, code=known, units=st.integers(1, 9))
    return tuples(line.map(lambda line: line.text), min_size=1, max_size=2, unique=True)


def _documents(_: Key[object]) -> SearchStrategy[Value]:
    drawn = st.tuples(st.sampled_from(["MM", "PA", "A", "L"]), st.integers(1, 99_999))
    return drawn.map(lambda parts: f"{parts[0]}-{parts[1]}")


_VALUES: Mapping[str, Callable[[Key[object]], SearchStrategy[Value]]] = {
    "choice": lambda key: st.sampled_from(key.choices),
    "list": lambda key: st.permutations(key.choices).map(tuple),
    "some": lambda key: _some(key.choices, 4),
    "count": lambda key: st.integers(key.values.least, 999),
    "modifier": _marks,
    "modifiers": lambda _: _some([modifier.code for modifier in packaged().modifiers], 3),
    "codes": lambda _: _some(
        [p.code for p in packaged().find_procedures(kind=ProcedureKind.FACET)], 3
    ),
    "lines": _lines,
    "document": _documents,
}


def _values(key: Key[object]) -> SearchStrategy[Value]:
    """Return the values that a key allows, by its type."""
    if key.type not in _VALUES:
        message = f"no strategy gives values of the type {key.type!r} of {key.name}"
        raise NotImplementedError(message)
    return _VALUES[key.type](key)
