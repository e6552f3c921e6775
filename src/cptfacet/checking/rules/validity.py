"""Rules on what a claim is made of: codes that are valid on the day, days, and lines at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cptfacet.checking.rule import (
    NotAsked,
    RawFinding,
    by_code,
    checks,
    checks_whole,
    numbers,
    shown,
)
from cptfacet.checking.signals import Signal
from cptfacet.dates import Status
from cptfacet.findings import Question

if TYPE_CHECKING:
    from cptfacet.checking.day import Day, Whole
    from cptfacet.checking.line_facts import CodeFacts

_MOST_NAMED = 5


@checks(when=Signal.MALFORMED)
def code_malformed(day: Day) -> Iterator[RawFinding]:
    """Find codes that have not the shape of one."""
    for code, lines in by_code(day.showing(Signal.MALFORMED)):
        what = f"{shown(code)} has not the shape of a code" if code else "a line has no code"
        yield RawFinding(
            lines=numbers(lines),
            message=f"{what}: five digits, or four with a letter before or after them",
            remedy=Question(question="Which code is it?"),
        )


@checks(when=Signal.NOT_IN_FORCE)
def code_not_in_force(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find codes that are not valid on the day."""
    unknown: list[str] = []
    for code, lines in by_code(day.showing(Signal.NOT_IN_FORCE)):
        facts = lines[0].facts.code
        if facts.standing is Status.NOT_IN_FORCE:
            yield RawFinding(
                lines=numbers(lines),
                message=f"{code} {_validity(day, facts)}",
                citations=facts.citations,
                remedy=Question(question=_which(day, facts)),
            )
        else:
            unknown.append(code)
    if unknown:
        yield NotAsked(
            needs="the dates of codes",
            reason=f"no source that was read tells whether {_named(unknown)} is valid on the day",
        )


@checks_whole
def date_missing(claim: Whole) -> Iterator[RawFinding]:
    """Find lines without a date of service, of which no other rule is asked."""
    if claim.undated:
        yield RawFinding(
            lines=claim.undated,
            message="a line has no date of service, so that no rule can be asked of it",
            remedy=Question(question="On which day was the service done?"),
        )


@checks_whole
def claim_empty(claim: Whole) -> Iterator[RawFinding]:
    """Find claims without a line."""
    if not claim.days and not claim.undated:
        yield RawFinding(
            lines=(),
            message="the claim has no line",
            remedy=Question(question="Which services are billed?"),
        )


def _named(codes: list[str]) -> str:
    more = len(codes) - _MOST_NAMED
    named = " or ".join(codes[:_MOST_NAMED])
    return f"{named}, or one of {more} more," if more > 0 else named


def _validity(day: Day, facts: CodeFacts) -> str:
    """Say until when, or from when, a code is valid; where it has several terms, of the nearest."""
    ended = [term.last for term in facts.terms if term.last < day.plan.on]
    if ended:
        return f"was valid until {max(ended)}"
    return f"is valid from {min(term.first for term in facts.terms)}"


def _which(day: Day, facts: CodeFacts) -> str:
    """Ask for the code of the day: those that replaced it, or those that it replaced."""
    procedure = facts.procedure
    near = () if procedure is None else (*procedure.replaced_by, *procedure.replaces)
    valid = [code for code in near if day.plan.code(code).standing is Status.IN_FORCE]
    if not valid:
        return f"Which code stood for it on the day, or is the date wrong with {facts.code}?"
    return f"Is it {' or '.join(valid)}, or is the date wrong with {facts.code}?"
