"""Rules on add-on codes, from the NCCI add-on code edits and what a policy adds to them."""

from __future__ import annotations

from collections.abc import Iterator

from cptfacet._groups import grouped
from cptfacet._text import agree, series
from cptfacet.checking.day import Day, Line
from cptfacet.checking.rule import RawFinding, checks, finding
from cptfacet.checking.signals import Signal
from cptfacet.dates import Status
from cptfacet.findings import Severity
from cptfacet.policies import Known


@checks(when=Signal.LONE_ADD_ON)
def addon_without_primary(day: Day) -> Iterator[RawFinding]:
    """Find add-on codes without any of their primary codes."""
    codes = {line.code for line in day.lines}
    for code, lines in _add_ons(day).items():
        allowed = lines[0].facts.code.primaries
        if allowed and codes.isdisjoint(allowed):
            procedure = lines[0].facts.code.procedure
            listed = procedure.primaries if procedure else ()
            links = [link for link in listed if link.term.on(day.plan.on) is Status.IN_FORCE]
            beside = [link for link in listed if link.primary in codes]
            later = [link for link in beside if link.term.on(day.plan.on) is Status.NOT_KNOWN]
            yield finding(
                lines,
                f"{code} is an add-on code, and"
                f" {agree(allowed, 'its primary code', 'none of its primary codes')}"
                f" ({', '.join(allowed)}) is {agree(allowed, 'not ', '')}on the claim",
                citations=(c for link in (*later, *links) for c in link.citations),
                severity=Severity.WARNING if later else None,
                question=f"Was a first level treated with {code}, or was this the only level,"
                " which takes the primary code?",
            )


@checks(when=Signal.LONE_ADD_ON)
def addon_primary_by_policy(day: Day) -> Iterator[RawFinding]:
    """Find add-on codes whose only primary code on the claim is one that the policy adds."""
    codes = {line.code for line in day.lines}
    for code, lines in _add_ons(day).items():
        facts = lines[0].facts.code
        national = facts.national
        added = [p for p in facts.primaries if p in codes and p not in national]
        if added and codes.isdisjoint(national):
            stated = day.rules.further_primaries(code)
            yield finding(
                lines,
                f"{code} with {added[0]} is allowed by this policy only; the national add-on"
                f" code edits pair {code} with {series(national, 'or')}",
                citations=(stated.citations if isinstance(stated, Known) else ()),
            )


def _add_ons(day: Day) -> dict[str, list[Line]]:
    add_ons = (line for line in day.facet if line.facts.code.primaries)
    return grouped(add_ons, key=lambda line: line.code)
