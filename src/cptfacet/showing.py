"""Look anything up by its name: what the terminal and notebooks show of one thing."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import attrs

from cptfacet import jurisdictions, policies
from cptfacet._records import sealed
from cptfacet.anatomy import Joint, innervation, joints, parse_joint, parse_nerve, region_facts
from cptfacet.claims import ClaimType
from cptfacet.dates import Standing
from cptfacet.errors import ParseError, UnknownIdError
from cptfacet.reference import packaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cptfacet.citations import Citation
    from cptfacet.jurisdictions import Area
    from cptfacet.policies import NotKnown, Policy, Provision

__all__ = ["KINDS", "Shown", "find"]


@sealed
@attrs.frozen(kw_only=True)
class Shown:
    """One thing that was found: its kind, its title, and what is known of it as plain data."""

    kind: str
    title: str
    data: dict[str, Any]


def find(
    text: str, *, policy: Policy | str | None = None, on: dt.date | None = None
) -> tuple[Shown, ...]:
    """Find everything that a name stands for; ``kind:name`` asks for one kind.

    Provisions are those of all packaged policies, or of one ``policy``, given as it is or by its
    packaged id, and those that it extends. A state and a ZIP code are found with their kind alone:
    their letters and digits are those of modifiers and codes, too.

    >>> [(shown.kind, shown.title) for shown in find("64493")]
    [('code', '64493: image-guided facet injection, lumbar-sacral, first level')]
    >>> find("modifier:50")[0].data["kind_of_modifier"]
    'payment'
    >>> find("nothing")
    Traceback (most recent call last):
    ...
    cptfacet.errors.UnknownIdError: no code, modifier, joint, nerve, policy, provision or jurisdiction is known as 'nothing'.

    Raises:
        UnknownIdError: Nothing has this name, or no policy that id.
        ParseError: One kind is asked for, and the name can't be read as one of it.
    """
    asked = policies.get(policy) if isinstance(policy, str) else policy
    kind, _, name = text.partition(":")
    one = KINDS.get(kind) if name else None
    wanted = {kind: one} if one else {k: look for k, look in KINDS.items() if k not in _NAMED}
    sought = name if one else text
    found: list[Shown] = []
    for look in wanted.values():
        try:
            found.append(look(sought.strip(), asked, on))
        except (ParseError, UnknownIdError):
            if one:
                raise
    if not found:
        raise UnknownIdError(what=_either(tuple(wanted)), text=sought)
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


def _code(text: str, _: Policy | None, on: dt.date | None) -> Shown:
    procedure = packaged().procedure(text)
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
            if on is None or link.term.on(on) is Standing.IN_FORCE
        ],
        "replaces": list(procedure.replaces),
        "replaced_by": list(procedure.replaced_by),
        "note": procedure.note,
    }
    if on is not None:
        data["on"] = {"date": on.isoformat(), "standing": procedure.in_force(on).value}
    if procedure.indicators:
        indicators = attrs.asdict(procedure.indicators, filter=lambda a, _: a.name in _INDICATORS)
        seen = procedure.indicators.term.seen
        data["indicators"] = {
            **indicators,
            "read": f"{seen} to {procedure.indicators.last}, all editions equal",
        }
    data["sources"] = _sources(procedure.citations)
    return Shown(kind="code", title=f"{procedure.code}: {procedure.label}", data=data)


def _modifier(text: str, _: Policy | None, on: dt.date | None) -> Shown:
    modifier = packaged().modifier(text)
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
    if on is not None:
        data["on"] = {"date": on.isoformat(), "standing": modifier.term.on(on).value}
    return Shown(kind="modifier", title=f"{modifier.code}: {modifier.meaning}", data=data)


def _joint(text: str, _: Policy | None, on: dt.date | None) -> Shown:
    joint = parse_joint(text)
    supply = innervation(joint)
    data: dict[str, Any] = {
        "joint": joint.value,
        "nerves": [nerve.value for nerve in supply.nerves],
        "code_region": [
            {"region": fact.region.value, **fact.term.days(), "note": fact.note}
            for fact in region_facts(joint)
            if on is None or fact.term.on(on) is Standing.IN_FORCE
        ],
        "note": supply.note,
        "sources": _sources(supply.citations),
    }
    return Shown(kind="joint", title=joint.value, data=data)


def _nerve(text: str, _: Policy | None, __: dt.date | None) -> Shown:
    nerve = parse_nerve(text)
    supplied = [joint for joint in Joint if nerve in innervation(joint).nerves]
    data: dict[str, Any] = {
        "nerve": nerve.value,
        "kind_of_nerve": nerve.kind.value,
        "supplies": [
            {"joint": joint, "with": [n for n in innervation(joint).nerves if n is not nerve]}
            for joint in supplied
        ],
        "completes_alone": [joint.value for joint in joints([nerve])],
    }
    return Shown(kind="nerve", title=nerve.value, data=data)


def _policy(text: str, asked: Policy | None, on: dt.date | None) -> Shown:
    near = {policy.id: policy for policy in asked.lineage()} if asked else {}
    policy = near.get(text) or policies.get(text)
    stated = [p for p in policy.provisions if on is None or p.term.on(on) is Standing.IN_FORCE]
    data: dict[str, Any] = {
        "policy": policy.id,
        "title": policy.title,
        "payer": policy.payer,
        "edition": policy.edition.isoformat(),
        "extends": [other.id for other in policy.lineage()[1:]],
        "provisions": _by_value(stated),
        "sources": _sources(dict.fromkeys(c for p in stated for c in p.citations)),
    }
    return Shown(kind="policy", title=f"{policy.id}: {policy.title}", data=data)


def _provision(text: str, policy: Policy | None, on: dt.date | None) -> Shown:
    known = policies.vocabulary().get(text)
    if known is None:
        raise UnknownIdError(what="provision", text=text)
    asked = [policy] if policy else [policies.get(i) for i in policies.ids()]
    stated: list[Provision | NotKnown] = []
    lineage: dict[Policy, None] = {}
    for each in asked:
        lineage.update(dict.fromkeys(each.lineage()))
    for each in lineage:
        stated += [
            p
            for p in each.find(text)
            if p.key == text and (on is None or p.term.on(on) is Standing.IN_FORCE)
        ]
    if policy and on is not None:
        named = [name.replace("-", "_") for name in known.dimensions]
        stated = [
            p
            for p in stated
            if asked[0].get(text, on=on, **dict(zip(named, p.cell, strict=True))) is p
        ]
    data: dict[str, Any] = {
        "key": known.name,
        "meaning": known.meaning,
        "type": known.type,
        "unit": known.unit,
        "dimensions": list(known.dimensions),
        "choices": list(known.choices),
        "stated": _by_value(stated),
    }
    return Shown(kind="provision", title=known.name, data=data)


def _jurisdiction(text: str, _: Policy | None, on: dt.date | None) -> Shown:
    jurisdiction = jurisdictions.get(text.upper())
    policy = policies.get(jurisdiction.policy)
    documents = [
        p
        for key in ("coverage.document", "billing.document")
        for p in policy.find(key)
        if on is None or p.term.on(on) is Standing.IN_FORCE
    ]
    areas = [a for a in jurisdiction.areas if on is None or a.term.on(on) is Standing.IN_FORCE]
    data: dict[str, Any] = {
        "jurisdiction": jurisdiction.id,
        "contractor": jurisdiction.contractor,
        "policy": jurisdiction.policy,
        "areas": [_area(area) for area in areas],
        "documents": _by_value(documents),
        "sources": _sources(
            [c for a in areas for c in a.citations] + [c for d in documents for c in d.citations]
        ),
    }
    title = f"{jurisdiction.id}: {jurisdiction.contractor}"
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


def _state(text: str, _: Policy | None, on: dt.date | None) -> Shown:
    areas = [
        area
        for area in jurisdictions.areas()
        if area.state == text.upper() and (on is None or area.term.on(on) is Standing.IN_FORCE)
    ]
    if not areas:
        raise UnknownIdError(what="state", text=text)
    named = [county for county in jurisdictions.counties() if county.state == areas[0].state]
    data: dict[str, Any] = {
        "state": areas[0].state,
        "areas": [
            {"jurisdiction": a.jurisdiction, "contractor": a.contractor, "policy": a.policy}
            | _area(a)
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


def _zip(text: str, _: Policy | None, on: dt.date | None) -> Shown:
    code = jurisdictions.zip_code(text)
    data: dict[str, Any] = {
        "zip": code.zip,
        "state": code.state,
        "part": code.part,
        "divided_by_its_last_four_digits": code.split,
        **code.term.days(),
        "sources": _sources(code.citations),
    }
    if on is not None:
        data["on"] = {"date": on.isoformat(), "standing": code.term.on(on).value}
    return Shown(kind="zip", title=f"{code.zip}: {code.state}", data=data)


def _by_value(stated: Iterable[Provision | NotKnown]) -> list[dict[str, Any]]:
    """Join cells that one provision of a file states together, so that a table stays readable."""
    joined: dict[tuple[Any, ...], list[str]] = {}
    facts: dict[tuple[Any, ...], dict[str, Any]] = {}
    for p in stated:
        fact: dict[str, Any] = {"key": p.key, "policy": p.policy}
        if isinstance(p, policies.Provision):
            fact["value"] = list(p.value) if isinstance(p.value, tuple) else p.value
            fact |= {**p.term.days(), "confidence": p.confidence.value, "note": p.note}
        else:
            fact |= {"not_known": p.reason, "jurisdictions": list(p.jurisdictions), **p.term.days()}
        fact["sources"] = [c.id for c in p.citations]
        where = (p.key, p.policy, str(fact))
        facts[where] = fact
        if p.cell:
            joined.setdefault(where, []).append(" ".join(p.cell))
    return [
        {"key": fact["key"], "for": joined.get(where, []), **fact} for where, fact in facts.items()
    ]


_INDICATORS = (
    "status", "global_days", "multiple", "bilateral", "assistant", "co_surgeon", "team", "pc_tc"
)  # fmt: skip

KINDS: Mapping[str, Callable[[str, Policy | None, dt.date | None], Shown]] = {
    "code": _code,
    "modifier": _modifier,
    "joint": _joint,
    "nerve": _nerve,
    "policy": _policy,
    "provision": _provision,
    "jurisdiction": _jurisdiction,
    "state": _state,
    "zip": _zip,
}
_NAMED = {"state", "zip"}
