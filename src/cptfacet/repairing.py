"""Mend what a claim itself settles, and list what has to be asked.

`repair_claim` applies the remedies of findings that say how the lines should be. It invents
nothing: a remedy changes codes, modifiers and units, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from cptfacet._records import sealed
from cptfacet.checking import compiled
from cptfacet.claims import Claim, ClaimLine
from cptfacet.findings import Finding, Replacement, Report, Severity
from cptfacet.policies import as_policy
from cptfacet.reference import packaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cptfacet.history import History
    from cptfacet.policies import Policy
    from cptfacet.reference import Reference
    from cptfacet.sessions import Session

__all__ = ["Change", "RepairedClaim", "repair_claim"]


@sealed
@attrs.frozen(kw_only=True)
class Change:
    """One change of a repair: the finding that asked for it, the lines before and after.

    The lines of the ``finding`` are numbered as they stood before this change, and before those of
    the same rule that were made with it.
    """

    finding: Finding
    before: tuple[ClaimLine, ...]
    after: tuple[ClaimLine, ...]

    def __str__(self) -> str:
        before, after = (
            " ; ".join(line.text for line in lines) for lines in (self.before, self.after)
        )
        return f"{self.finding.rule}: {before} -> {after or 'removed'}"


@sealed
@attrs.frozen(kw_only=True)
class RepairedClaim:
    """A claim as far as it could be mended, what was changed, and the report of what is left."""

    claim: Claim
    changes: tuple[Change, ...]
    report: Report

    @property
    def questions(self) -> tuple[Finding, ...]:
        """The findings that are left and ask something first."""
        return self.report.questions

    def explain(self) -> str:
        """Write the repair out for a person."""
        out = [f"  {change}" for change in self.changes] or ["  nothing was changed"]
        return "\n".join([*out, "", self.report.explain()])


def repair_claim(
    claim: Claim,
    *,
    policy: Policy,
    session: Session | None = None,
    history: History | None = None,
    reference: Reference | None = None,
) -> RepairedClaim:
    """Apply the remedies that a claim itself settles, and say what is left.

    A remedy is applied only where its finding is gone afterwards and nothing else is worse: no rule
    finds an error that found none before. So repairing twice is repairing once.

    >>> from cptfacet import ClaimType, parse_date, parse_line, policies
    >>> claim = Claim(
    ...     claim_type=ClaimType.ASC_FACILITY,
    ...     date=parse_date("2026-03-02"),
    ...     place_of_service="24",
    ...     lines=(parse_line("64493-50"), parse_line("64494-50")),
    ... )
    >>> repaired = repair_claim(claim, policy=policies.get("medicare"))
    >>> [line.text for line in repaired.claim.lines]
    ['64493-RT x1', '64493-LT x1', '64494-RT x1', '64494-LT x1']
    >>> repair_claim(claim, policy="medicare")
    Traceback (most recent call last):
    ...
    TypeError: policy is a Policy, not its id: use policies.get('medicare')

    Raises:
        TypeError: The policy is given by its id.

    Source: that of each finding.
    """
    checker = compiled(as_policy(policy), reference or packaged())

    def check(claim: Claim) -> Report:
        return checker.check(claim, session=session, history=history)

    changes: list[Change] = []
    report = check(claim)
    while step := next(_steps(claim, report, check), None):
        claim, report, made = step
        changes += made
    return RepairedClaim(claim=claim, changes=tuple(changes), report=report)


def _steps(
    claim: Claim, report: Report, check: Callable[[Claim], Report]
) -> Iterator[tuple[Claim, Report, list[Change]]]:
    """Give what can be applied now, the remedies of the heaviest findings first.

    Where those of one rule can't be applied all together, each half of them is tried, and so on: a
    claim with one remedy in its way takes few checks more than one without.
    """
    for findings in _choices(report):
        chosen: list[Finding] = []
        best = report
        waiting = [findings]
        while waiting:
            tried = waiting.pop()
            after = check(_applied(claim, chosen + tried)[0])
            if _weight(after) < _weight(best) and not _errors(after) - _errors(best):
                chosen, best = chosen + tried, after
            elif len(tried) > 1:
                middle = len(tried) // 2
                waiting += [tried[middle:], tried[:middle]]
        if chosen:
            mended, changes = _applied(claim, chosen)
            yield mended, best, changes


def _choices(report: Report) -> Iterator[list[Finding]]:
    """Give the findings that settle their lines: those of one rule that share none, then the others."""
    settled = [f for f in report.findings if f.lines and isinstance(f.remedy, Replacement)]
    others: list[Finding] = []
    for rule in dict.fromkeys(found.rule for found in settled):
        together: list[Finding] = []
        taken: set[int] = set()
        for found in settled:
            if found.rule != rule:
                continue
            if taken.isdisjoint(found.lines):
                together.append(found)
                taken.update(found.lines)
            else:
                others.append(found)
        yield together
    yield from ([found] for found in others)


def _applied(claim: Claim, findings: list[Finding]) -> tuple[Claim, list[Change]]:
    """Put the lines of each remedy where the first line of its finding stands."""
    gone = {number for found in findings for number in found.lines}
    instead = {found.lines[0]: _lines_of(found) for found in findings}
    lines: list[ClaimLine] = []
    for number, line in enumerate(claim.lines, 1):
        lines += instead.get(number, ())
        if number not in gone:
            lines.append(line)
    changes = [
        Change(
            finding=found,
            before=tuple(claim.lines[number - 1] for number in found.lines),
            after=_lines_of(found),
        )
        for found in findings
    ]
    return attrs.evolve(claim, lines=tuple(lines)), changes


def _lines_of(found: Finding) -> tuple[ClaimLine, ...]:
    return found.remedy.lines if isinstance(found.remedy, Replacement) else ()


def _weight(report: Report) -> tuple[int, ...]:
    """Count the findings by severity, and at last those with a remedy: what a repair lessens."""
    counts = [sum(f.severity is severity for f in report.findings) for severity in Severity]
    return (*counts, sum(isinstance(f.remedy, Replacement) for f in report.findings))


def _errors(report: Report) -> set[str]:
    return {finding.rule for finding in report.errors}
