"""Fix what a claim itself determines, and list the questions that remain.

`repair_claim` applies the remedies that are replacements. It invents nothing: a remedy changes only
codes, modifiers and units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from cptfacet._inputs import expect_several
from cptfacet._records import sealed
from cptfacet._text import counted
from cptfacet.checking import Checker, compiled
from cptfacet.claims import Claim, ClaimLine
from cptfacet.coding.result import CodedSession, claim_of
from cptfacet.findings import Finding, Replacement, Report, RuleFamily, Severity
from cptfacet.outline import Item, Outline, Section
from cptfacet.policies import find_policy
from cptfacet.policies.selection import select_policy
from cptfacet.reference import find_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cptfacet.history import History
    from cptfacet.policies import Policy
    from cptfacet.reference import Reference
    from cptfacet.sessions import Session

__all__ = ["Change", "RepairedClaim", "Repairer", "repair_claim", "repair_claims"]


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class Change:
    """One change of a repair: the finding, and the lines before and after.

    The lines of the ``finding`` are numbered as they were before this change, and before those of
    the same rule that were made with it.

    Attributes:
        finding: The finding that asked for the change.
        before: The lines before the change.
        after: The lines after the change.
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
    """A repaired claim, its changes, and the report of what is left.

    Attributes:
        claim: The repaired claim.
        changes: What was changed, in order.
        report: The report on the repaired claim.
        original: The claim before the repair.
    """

    claim: Claim
    changes: tuple[Change, ...]
    report: Report
    original: Claim = attrs.field(repr=False)

    @property
    def id(self) -> str | None:
        """The id of the claim; it is opaque, and never shown."""
        return self.claim.id

    @property
    def lines(self) -> tuple[ClaimLine, ...]:
        """The lines of the repaired claim."""
        return self.claim.lines

    @property
    def is_complete(self) -> bool:
        """Whether the repair left no question open."""
        return not self.questions

    def __str__(self) -> str:
        lines = ", ".join(line.text for line in self.lines)
        return f"{counted(len(self.changes), 'change')}: {lines}; {self.report}"

    @property
    def questions(self) -> tuple[Finding, ...]:
        """The remaining findings whose remedy is a question."""
        return self.report.questions

    def outline(self) -> Outline:
        """Return the changes, then the report on the repaired claim."""
        changes = tuple(Item(sentence=str(change)) for change in self.changes)
        lines = ", ".join(line.text for line in self.lines)
        made = f"{counted(len(changes), 'change')}; the claim is now"
        return Outline(
            sentence=f"{made if changes else 'No changes; the claim stays'} {lines or 'empty'}."
            f" {self.report.outline().sentence}",
            sections=(Section(title="Changes", items=changes), *self.report.outline().sections),
        )

    def explain(self, *, width: int = 100, sources: bool = True) -> str:
        """Return the repair as text, wrapped to a width; ``sources=False`` leaves sources out."""
        return self.outline().text(width=width, sources=sources)


def repair_claim(
    claim: Claim | CodedSession,
    *,
    policy: Policy | str | None = None,
    session: Session | None = None,
    history: History | None = None,
    reference: Reference | None = None,
) -> RepairedClaim:
    """Repair everything that the claim itself determines, and report what remains.

    ``policy`` is selected as in `check_claim`. A fix is applied only if it removes its finding and
    makes nothing worse: no rule reports an error that it did not report before. Repairing twice is
    repairing once.

    >>> from cptfacet import ClaimType, parse_line
    >>> from cptfacet.dates import parse_date
    >>> claim = Claim(
    ...     claim_type=ClaimType.ASC_FACILITY,
    ...     date=parse_date("2026-03-02"),
    ...     place_of_service="24",
    ...     lines=(parse_line("64493-50"), parse_line("64494-50")),
    ... )
    >>> [line.text for line in repair_claim(claim, policy="medicare").lines]
    ['64493-RT x1', '64493-LT x1', '64494-RT x1', '64494-LT x1']
    >>> repair_claim("64493-50", policy="medicare")
    Traceback (most recent call last):
    ...
    TypeError: claim takes a Claim, not a str: make one with Claim(claim_type=..., date=..., lines=(parse_line(...),))

    Raises:
        UnknownIdError: No packaged policy has the id.
        TypeError: An argument has the wrong type, or no policy is named.

    Source: the citations of each finding.
    """
    claim = claim_of(claim, "repair_claim")
    reference = find_reference(reference)
    checker = compiled(select_policy(claim, policy, reference=reference), reference)
    return _repaired(claim, checker, session, history)


def repair_claims(
    claims: Iterable[Claim | CodedSession],
    *,
    policy: Policy | str | None = None,
    reference: Reference | None = None,
) -> Iterator[RepairedClaim]:
    """Yield the answer of `repair_claim` for each claim, in order.

    >>> list(repair_claims([], policy="medicare"))
    []
    """
    several = expect_several(claims, "claims", "write [claim]")
    policy = policy if policy is None else find_policy(policy)
    reference = find_reference(reference)
    return (repair_claim(claim, policy=policy, reference=reference) for claim in several)


class Repairer:
    """Repair many claims under one policy.

    >>> Repairer("medicare")
    Repairer(policy='medicare')
    """

    __slots__ = ("_checker",)

    def __init__(self, policy: Policy | str, reference: Reference | None = None) -> None:
        """Create a repairer for a policy or its id, with the packaged reference by default.

        Raises:
            UnknownIdError: No packaged policy has the id.
            TypeError: The policy is neither a Policy nor an id.
        """
        self._checker = Checker(policy, reference)

    @property
    def policy(self) -> Policy:
        """The policy of the repairer."""
        return self._checker.policy

    @property
    def reference(self) -> Reference:
        """The reference data of the repairer."""
        return self._checker.reference

    def __repr__(self) -> str:
        return f"Repairer(policy={self.policy.id!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Repairer, (self.policy, self._checker.reference)

    def repair(
        self,
        claim: Claim | CodedSession,
        *,
        session: Session | None = None,
        history: History | None = None,
    ) -> RepairedClaim:
        """Return the answer of `repair_claim` under this repairer's own policy."""
        return _repaired(claim_of(claim, "repair_claim"), self._checker, session, history)


def _repaired(
    claim: Claim, checker: Checker, session: Session | None, history: History | None
) -> RepairedClaim:
    def check(claim: Claim) -> Report:
        return checker.check(claim, session=session, history=history)

    original = claim
    changes: list[Change] = []
    report = check(claim)
    while step := next(_steps(claim, report, check), None):
        claim, report, made = step
        changes += made
    return RepairedClaim(claim=claim, changes=tuple(changes), report=report, original=original)


def _steps(
    claim: Claim, report: Report, check: Callable[[Claim], Report]
) -> Iterator[tuple[Claim, Report, list[Change]]]:
    """Yield the remedies that can be applied now, those of the most severe findings first.

    If the remedies of one rule can't all be applied together, each half is tried in turn. So a claim
    with one remedy that can't be applied needs only a few more checks.
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
            repaired, changes = _applied(claim, chosen)
            yield repaired, best, changes


def _choices(report: Report) -> Iterator[list[Finding]]:
    """Yield the findings with a replacement, grouped by rule if they share no line.

    Among equally severe findings on the same lines, the order of rule families decides.
    """
    settled = [f for f in report.findings if f.lines and isinstance(f.remedy, Replacement)]
    settled.sort(key=lambda f: (f.severity.rank, f.lines, _FAMILIES.index(f.family)))
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


_FAMILIES = tuple(RuleFamily)


def _applied(claim: Claim, findings: list[Finding]) -> tuple[Claim, list[Change]]:
    """Apply remedies: put the new lines of each in the place of its finding's first line."""
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
    """Count the findings by severity, then those with a replacement; a repair lowers the counts."""
    counts = [sum(f.severity is severity for f in report.findings) for severity in Severity]
    return (*counts, sum(isinstance(f.remedy, Replacement) for f in report.findings))


def _errors(report: Report) -> set[str]:
    return {finding.rule for finding in report.errors}
