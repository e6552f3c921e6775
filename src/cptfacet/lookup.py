"""Look anything up by its name: everything known about a code, a modifier, a rule and so on."""

from __future__ import annotations

import datetime as dt
import difflib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from cptfacet import policies
from cptfacet._inputs import expect, expect_or_none, spoiled_number
from cptfacet._records import sealed
from cptfacet.anatomy import parse_joint, parse_nerve
from cptfacet.checking import all_rules, get_rule
from cptfacet.claims import ClaimType
from cptfacet.dates import EffectivePeriod, Status
from cptfacet.errors import ParseError, UnknownIdError
from cptfacet.findings import RuleFamily
from cptfacet.indicators import Indicator
from cptfacet.interop.examples import examples
from cptfacet.interop.json import to_data
from cptfacet.policies import value_of
from cptfacet.policies.vocabulary import BILLING_DOCUMENT, CHECKS_SEVERITY, COVERAGE_DOCUMENT
from cptfacet.reference import find_reference
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from cptfacet.checking import Rule
    from cptfacet.citations import Citation
    from cptfacet.interop.examples import Example
    from cptfacet.policies import NotKnown, Policy, Provision
    from cptfacet.reference import Reference
    from cptfacet.reference.jurisdictions import Area

__all__ = ["KINDS", "LISTS", "Shown", "find"]


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class Shown:
    """What was found under a name: its kind, its title, and what is known about it, as plain data."""

    kind: str
    title: str
    data: dict[str, Any]


@sealed
@attrs.frozen(kw_only=True)
class _Asked:
    """What a name is looked up under: a policy and a date, if any, and the reference data."""

    policy: Policy | None
    on: dt.date | None
    reference: Reference

    def in_force(self, term: EffectivePeriod) -> bool:
        """Whether something is in force on the date; without a date, everything is listed."""
        return self.on is None or term.on(self.on) is Status.IN_FORCE


def find(
    text: str,
    *,
    policy: Policy | str | None = None,
    on: dt.date | None = None,
    reference: Reference | None = None,
) -> tuple[Shown, ...]:
    """Find everything with a name; ``kind:name`` looks for one kind only.

    With a ``policy``, or the id of a packaged one, the provisions are those of that policy and the
    policies it extends; without it, those of all packaged policies. With a date, only what is in
    force ``on`` it is listed. ``reference`` is where codes, modifiers, joints and places are looked
    up. Write ``state:OH`` and ``zip:22201``: a state or ZIP code alone could be a modifier or a
    procedure code.

    >>> [(shown.kind, shown.title) for shown in find("64493")]
    [('code', '64493: image-guided facet injection, lumbar-sacral, first level')]
    >>> find("modifier:50")[0].data["kind_of_modifier"]
    'payment'
    >>> [shown.title for shown in find("state:OH")]
    ['OH: Ohio']
    >>> find("nothing")
    Traceback (most recent call last):
    ...
    cptfacet.errors.UnknownIdError: unknown code, modifier, joint, nerve, policy, provision, jurisdiction, rule or family 'nothing'

    Raises:
        UnknownIdError: Nothing has this name, or no policy has that id.
        ParseError: The name does not have the format of the one kind that it names.
        TypeError: The policy is neither a Policy nor an id.
    """
    expect(text, str, "text")
    expect_or_none(on, dt.date, "on")
    asked = _Asked(
        policy=None if policy is None else policies.find_policy(policy),
        on=on,
        reference=find_reference(reference),
    )
    kind, _, name = text.partition(":")
    one = KINDS.get(kind) if name else None
    wanted = {kind: one} if one else {k: look for k, look in KINDS.items() if k not in _NAMED}
    sought = name if one else text
    found: list[Shown] = []
    near: list[str] = []
    for look in wanted.values():
        try:
            found.append(look(sought.strip(), asked))
        except ParseError:
            if one:
                raise
        except UnknownIdError as error:
            if one:
                raise
            near += error.near
    if not found:
        if spoiled := spoiled_number(sought):
            raise ParseError(what="the name of anything", text=sought, reason=spoiled)
        known = tuple(difflib.get_close_matches(sought, near))
        raise UnknownIdError(what=_either(tuple(wanted)), text=sought, near=known)
    return tuple(found)


def _either(kinds: tuple[str, ...]) -> str:
    *others, last = kinds
    return f"{', '.join(others)} or {last}" if others else last


def _sources(citations: Iterable[Citation]) -> list[dict[str, str | None]]:
    """List each source once, with the confidence of the first fact that cites it."""
    once = {citation.id: citation for citation in reversed(tuple(citations))}
    return [
        {"title": c.title, "id": c.id, "url": c.url, "confidence": c.confidence.value}
        for c in reversed(once.values())
    ]


def _on(asked: _Asked, term: EffectivePeriod) -> dict[str, Any]:
    """Return the date asked about with the status of something on it; empty without a date."""
    if asked.on is None:
        return {}
    return {"on": {"date": asked.on.isoformat(), "standing": term.on(asked.on).value}}


def _code(text: str, asked: _Asked) -> Shown:
    procedure = asked.reference.get_procedure(text)
    data: dict[str, Any] = {
        "code": procedure.code,
        "label": procedure.label,
        "kind_of_code": procedure.kind.value,
        "family": procedure.family,
        "region": procedure.region and procedure.region.value,
        "level": procedure.ordinal and procedure.ordinal.value,
        "one_unit_is_one": procedure.counts,
        "add_on": procedure.add_on,
        "valid": procedure.term.days(),
        "primaries": [
            {"code": link.primary, "authority": link.authority, **link.term.days()}
            for link in procedure.primaries
            if asked.in_force(link.term)
        ],
        "replaces": list(procedure.replaces),
        "replaced_by": list(procedure.replaced_by),
        "note": procedure.note,
    }
    data |= _on(asked, procedure.term)
    if procedure.indicators:
        symbols = attrs.asdict(
            procedure.indicators, filter=lambda _, value: isinstance(value, Indicator)
        )
        seen = procedure.indicators.term.seen
        data["indicators"] = {
            **symbols,
            "read": f"{seen} to {procedure.indicators.last}, all editions equal",
        }
        data["indicators_mean"] = {name: symbol.label for name, symbol in symbols.items()}
    data["sources"] = _sources(procedure.citations)
    return Shown(kind="code", title=f"{procedure.code}: {procedure.label}", data=data)


def _modifier(text: str, asked: _Asked) -> Shown:
    modifier = asked.reference.get_modifier(text)
    data: dict[str, Any] = {
        "modifier": modifier.code,
        "meaning": modifier.meaning,
        "kind_of_modifier": modifier.kind.value,
        "code_set": modifier.code_set,
        "applies_to": modifier.applies_to,
        "claim_types": [claim_type.value for claim_type in modifier.claim_types],
        "effect": modifier.effect,
        "effect_confidence": modifier.effect_confidence.value,
        "valid": modifier.term.days(),
        "note": modifier.note,
        "sources": _sources(modifier.citations),
    }
    data |= _on(asked, modifier.term)
    return Shown(kind="modifier", title=f"{modifier.code}: {modifier.meaning}", data=data)


def _joint(text: str, asked: _Asked) -> Shown:
    joint = parse_joint(text)
    reference, supply = asked.reference, asked.reference.innervation(joint)
    data: dict[str, Any] = {
        "joint": joint.value,
        "nerves": [nerve.value for nerve in reference.find_nerves(joint)],
        "code_region": [
            {"region": fact.region.value, **fact.term.days(), "note": fact.note}
            for fact in reference.find_code_regions(joint)
            if asked.in_force(fact.term)
        ],
        "note": str(supply) if isinstance(supply, Unknown) else supply.note,
        "sources": _sources(supply.citations),
    }
    return Shown(kind="joint", title=joint.value, data=data)


def _nerve(text: str, asked: _Asked) -> Shown:
    nerve = parse_nerve(text)
    reference = asked.reference
    data: dict[str, Any] = {
        "nerve": nerve.value,
        "kind_of_nerve": nerve.kind.value,
        "supplies": [
            {"joint": joint, "with": [n for n in reference.find_nerves(joint) if n is not nerve]}
            for joint in reference.find_joints(supplied_by=[nerve])
        ],
        "completes_alone": [joint.value for joint in reference.find_joints(completed_by=[nerve])],
    }
    return Shown(kind="nerve", title=nerve.value, data=data)


def _policy(text: str, asked: _Asked) -> Shown:
    near = {policy.id: policy for policy in asked.policy.lineage()} if asked.policy else {}
    policy = near.get(text) or policies.get(text)
    stated = [p for p in policy.provisions if asked.in_force(p.term)]
    data: dict[str, Any] = {
        "policy": policy.id,
        "title": policy.title,
        "payer": policy.payer,
        "edition": policy.revised.isoformat(),
        "extends": [other.id for other in policy.lineage()[1:]],
        "provisions": _by_value(stated),
        "sources": _sources(dict.fromkeys(c for p in stated for c in p.citations)),
    }
    return Shown(kind="policy", title=f"{policy.id}: {policy.title}", data=data)


def _provision(text: str, asked: _Asked) -> Shown:
    known = policies.KEYS.get(text)
    if known is None:
        near = difflib.get_close_matches(text, policies.KEYS)
        raise UnknownIdError(what="provision", text=text, near=tuple(near))
    data: dict[str, Any] = {
        "key": known.name,
        "meaning": known.meaning,
        "type": known.type,
        "unit": known.unit,
        "dimensions": list(known.dimensions),
        "choices": list(known.choices),
        "stated": _by_value(_stated(text, asked)),
    }
    return Shown(kind="provision", title=known.name, data=data)


def _stated(key: str, asked: _Asked) -> list[Provision | NotKnown]:
    """List what is stated under a key: by one policy and those it extends, or by all.

    With a policy and a date, that is the policy's answer on that date.
    """
    policy, on = asked.policy, asked.on
    each_policy = [policy] if policy else [policies.get(i) for i in policies.ids()]
    lineage = dict.fromkeys(each for one in each_policy for each in one.lineage())
    stated = [
        p for each in lineage for p in each.find(key) if p.key == key and asked.in_force(p.term)
    ]
    if policy and on is not None:
        named = [name.replace("-", "_") for name in policies.KEYS[key].dimensions]
        stated = [
            p
            for p in stated
            if policy.get(key, on=on, **dict(zip(named, p.cell, strict=True))) is p
        ]
    return stated


def _rule(text: str, asked: _Asked) -> Shown:
    rule = get_rule(text)
    fires, quiet = examples(rule.id)
    stated = [p for p in _stated(CHECKS_SEVERITY.name, asked) if p.cell == (rule.id,)]
    data: dict[str, Any] = {
        "rule": rule.id,
        "family": rule.family.value,
        "kind_of_finding": rule.kind.value,
        "severity": rule.severity.value,
        "title": rule.title,
        "why": rule.why,
        "mcr": list(rule.mcr),
    }
    if asked.policy and asked.on is not None:
        data["under"] = _severity_under(asked.policy, rule, asked.on)
    data["severity_stated"] = _by_value(stated)
    data["fires"] = _example(fires)
    data["finds"] = _finds(rule, fires, asked.reference)
    data["does_not_fire"] = _example(quiet)
    data["sources"] = _sources(rule.citations)
    return Shown(kind="rule", title=f"{rule.id}: {rule.title}", data=data)


def _severity_under(policy: Policy, rule: Rule, on: dt.date) -> dict[str, Any]:
    """Return whether a policy runs a rule on a date, and with which severity."""
    severity = value_of(policy.ask(CHECKS_SEVERITY, rule.id, on=on)) or rule.severity
    return {
        "policy": policy.id,
        "date": on.isoformat(),
        "family_runs": rule.family in policies.rule_families(policy, on=on),
        "severity": severity.value,
    }


def _example(example: Example) -> dict[str, Any]:
    """Return an example as ``cptfacet check`` reads it, without the keys that have no value.

    Missing units are the exception, because a line without the key has one unit.
    """
    claim = _stated_only(to_data(attrs.evolve(example.claim, policy=example.policy)))
    lines = [_stated_only(line) | {"units": line["units"]} for line in claim.pop("lines", [])]
    return {"claim": claim | {"lines": lines}, **example.beside}


def _stated_only(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value not in (None, [])}


def _finds(rule: Rule, example: Example, reference: Reference) -> list[dict[str, Any]]:
    report = to_data(example.check(reference=reference))
    found = [each for each in report["findings"] if each["rule"] == rule.id]
    return [
        {name: each[name] for name in ("severity", "lines", "message", "remedy")} for each in found
    ]


def _family(text: str, asked: _Asked) -> Shown:
    if text not in tuple(RuleFamily):
        near = tuple(difflib.get_close_matches(text, tuple(RuleFamily)))
        raise UnknownIdError(what="family", text=text, near=near)
    policy, on = asked.policy, asked.on
    listed = [rule for rule in all_rules() if rule.family == text]
    data: dict[str, Any] = {
        "family": text,
        "rules": [
            {
                "rule": rule.id,
                "kind": rule.kind.value,
                "severity": _severity_under(policy, rule, on)["severity"]
                if policy and on is not None
                else rule.severity.value,
                "title": rule.title,
            }
            for rule in listed
        ],
    }
    if policy and on is not None and listed:
        data["runs"] = _severity_under(policy, listed[0], on)["family_runs"]
    return Shown(kind="family", title=f"{text}: {_many(len(listed), 'rule')}", data=data)


def _jurisdiction(text: str, asked: _Asked) -> Shown:
    jurisdiction = asked.reference.get_jurisdiction(text.upper())
    policy = policies.get(jurisdiction.policy)
    documents = [
        p
        for key in (COVERAGE_DOCUMENT, BILLING_DOCUMENT)
        for p in policy.find(key.name)
        if asked.in_force(p.term)
    ]
    areas = [a for a in jurisdiction.areas if asked.in_force(a.term)]
    data: dict[str, Any] = {
        "jurisdiction": jurisdiction.id,
        "mac": jurisdiction.mac,
        "policy": jurisdiction.policy,
        "areas": [_area(area) for area in areas],
        "documents": _by_value(documents),
        "sources": _sources(
            [c for a in areas for c in a.citations] + [c for d in documents for c in d.citations]
        ),
    }
    title = f"{jurisdiction.id}: {jurisdiction.mac}"
    return Shown(kind="jurisdiction", title=title, data=data)


def _area(area: Area) -> dict[str, Any]:
    return {
        "state": area.state,
        "name": area.name,
        "part": area.part,
        "claim_types": [] if len(area.claim_types) == len(ClaimType) else [*area.claim_types],
        **area.term.days(),
        "note": area.note,
    }


def _state(text: str, asked: _Asked) -> Shown:
    areas = [
        area for area in asked.reference.areas.about(text.upper()) if asked.in_force(area.term)
    ]
    if not areas:
        raise UnknownIdError(what="state", text=text)
    named = [
        county
        for county in asked.reference.counties
        if county.state == areas[0].state and asked.in_force(county.term)
    ]
    data: dict[str, Any] = {
        "state": areas[0].state,
        "areas": [
            {"jurisdiction": a.jurisdiction, "mac": a.mac, "policy": a.policy} | _area(a)
            for a in areas
        ],
        "parts": {
            part: [f"{c.name} ({c.kind})" for c in named if c.part == part]
            for part in dict.fromkeys(county.part for county in named)
        },
        "sources": _sources(
            [c for a in areas for c in a.citations] + [c for n in named for c in n.citations]
        ),
    }
    title = f"{areas[0].state}: {areas[0].name}"
    return Shown(kind="state", title=title, data=data)


def _zip(text: str, asked: _Asked) -> Shown:
    code = asked.reference.get_zip_code(text)
    areas = [
        area
        for area in asked.reference.areas.about(code.state)
        if area.part in ("", code.part) and asked.in_force(area.term)
    ]
    data: dict[str, Any] = {
        "zip": code.zip,
        "state": code.state,
        "part": code.part,
        "divided_by_its_last_four_digits": code.split,
        **code.term.days(),
        "areas": [
            {"jurisdiction": a.jurisdiction, "mac": a.mac, "policy": a.policy} | _area(a)
            for a in areas
        ],
        "sources": _sources([*code.citations, *(c for a in areas for c in a.citations)]),
    }
    data |= _on(asked, code.term)
    return Shown(kind="zip", title=f"{code.zip}: {code.state}", data=data)


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _by_value(stated: Iterable[Provision | NotKnown]) -> list[dict[str, Any]]:
    """Join the cells of one provision, which keeps a table readable."""
    joined: dict[tuple[Any, ...], list[str]] = {}
    facts: dict[tuple[Any, ...], dict[str, Any]] = {}
    for p in stated:
        fact: dict[str, Any] = {"key": p.key, "policy": p.policy}
        if isinstance(p, policies.Provision):
            fact["value"] = list(p.value) if isinstance(p.value, tuple) else p.value
            fact |= {**p.term.days(), "confidence": p.confidence.value, "rationale": p.rationale}
        else:
            fact |= {"not_known": p.reason, "jurisdictions": list(p.candidates), **p.term.days()}
        fact["sources"] = [c.id for c in p.citations]
        where = (p.key, p.policy, str(fact))
        facts[where] = fact
        if p.cell:
            joined.setdefault(where, []).append(" ".join(p.cell))
    return [
        {"key": fact["key"], "for": joined.get(where, []), **fact} for where, fact in facts.items()
    ]


KINDS: Mapping[str, Callable[[str, _Asked], Shown]] = {
    "code": _code,
    "modifier": _modifier,
    "joint": _joint,
    "nerve": _nerve,
    "policy": _policy,
    "provision": _provision,
    "jurisdiction": _jurisdiction,
    "rule": _rule,
    "family": _family,
    "state": _state,
    "zip": _zip,
}
_NAMED = {"state", "zip"}


def _list_codes(reference: Reference) -> Iterator[tuple[str, str]]:
    yield from ((p.code, f"{p.label} ({p.term})") for p in reference.procedures)


def _list_jurisdictions(reference: Reference) -> Iterator[tuple[str, str]]:
    yield from ((j.id, f"{j.mac}: {', '.join(j.states)}") for j in reference.find_jurisdictions())


def _list_modifiers(reference: Reference) -> Iterator[tuple[str, str]]:
    yield from ((m.code, m.meaning) for m in reference.modifiers)


def _list_policies(_: Reference) -> Iterator[tuple[str, str]]:
    yield from ((each, policies.get(each).title) for each in policies.ids())


def _list_rules(_: Reference) -> Iterator[tuple[str, str]]:
    yield from ((rule.id, rule.title) for rule in all_rules())


# What ``find`` takes the names of, each list with its names and titles.
LISTS: Mapping[str, Callable[[Reference], Iterable[tuple[str, str]]]] = MappingProxyType(
    {
        "codes": _list_codes,
        "jurisdictions": _list_jurisdictions,
        "modifiers": _list_modifiers,
        "policies": _list_policies,
        "rules": _list_rules,
    }
)
