"""Rules on the basics of a claim: valid procedure codes, dates of service, and lines at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cptfacet._text import agree, series
from cptfacet.checking.rule import (
    NotAsked,
    RawFinding,
    by_code,
    checks,
    checks_whole,
    finding,
    shown,
)
from cptfacet.checking.signals import Signal
from cptfacet.dates import Status
from cptfacet.findings import Question

if TYPE_CHECKING:
    from cptfacet.checking.day import Day, Whole
    from cptfacet.checking.line_facts import CodeFacts


@checks(when=Signal.MALFORMED)
def code_malformed(day: Day) -> Iterator[RawFinding]:
    """Find procedure codes that do not have the format of one."""
    for code, lines in by_code(day.showing(Signal.MALFORMED)):
        yield finding(
            lines,
            f"{shown(code)} is not a valid CPT/HCPCS code (five characters)"
            if code
            else "The procedure code is missing",
            question="What is the correct procedure code?",
        )


@checks(when=Signal.NOT_IN_FORCE)
def code_not_in_force(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find procedure codes that are not valid on the date of service."""
    unknown: list[str] = []
    for code, lines in by_code(day.showing(Signal.NOT_IN_FORCE)):
        facts = lines[0].facts.code
        if facts.standing is Status.NOT_IN_FORCE:
            yield finding(
                lines,
                f"{code} {_validity(day, facts)}",
                citations=facts.citations,
                question=_which(day, facts),
            )
        else:
            unknown.append(code)
    if unknown:
        yield NotAsked(
            needs="effective dates of codes",
            reason=(
                f"no source we have read states whether {series(unknown)}"
                f" {agree(unknown, 'is', 'are')} valid on this date"
            ),
        )


@checks_whole
def date_missing(claim: Whole) -> Iterator[RawFinding]:
    """Find lines without a date of service, which no other rule can check."""
    if claim.undated:
        yield RawFinding(
            lines=claim.undated,
            message="The date of service is missing; nothing else can be checked without it",
            remedy=Question(question="What is the date of service?"),
        )


@checks_whole
def claim_empty(claim: Whole) -> Iterator[RawFinding]:
    """Find claims without service lines."""
    if not claim.days and not claim.undated:
        yield RawFinding(
            lines=(),
            message="The claim has no service lines",
            remedy=Question(question="Which services should be billed?"),
        )


def _validity(day: Day, facts: CodeFacts) -> str:
    """Return when a code was last valid or when it starts, by its nearest period."""
    ended = [term.last for term in facts.terms if term.last < day.plan.on]
    if ended:
        return f"was valid only through {max(ended)}"
    return f"is not valid before {min(term.first for term in facts.terms)}"


def _which(day: Day, facts: CodeFacts) -> str:
    """Return the question for the valid code: one that replaced this code, or that it replaced."""
    procedure = facts.procedure
    near = () if procedure is None else (*procedure.replaced_by, *procedure.replaces)
    valid = [code for code in near if day.plan.code(code).standing is Status.IN_FORCE]
    if not valid:
        return (
            f"Which code reports this service on this date instead of {facts.code},"
            " or is the date of service wrong?"
        )
    return f"Should {facts.code} be {series(valid, 'or')}, or is the date of service wrong?"
