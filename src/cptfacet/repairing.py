"""Fix what a claim itself determines, and list the questions that remain.

`repair_claim` applies the remedies that are replacements. It invents nothing: a remedy changes only
codes, modifiers and units, and the total of the charges stays. A remedy that changes units waits
while another finding asks what the units represent. The order of the lines decides nothing.
"""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from cptfacet._inputs import expect_several
from cptfacet._records import sealed
from cptfacet._text import agree, counted
from cptfacet.checking import Checker, compiled
from cptfacet.claims import Claim, ClaimLine
from cptfacet.coding.result import CodedSession, claim_of
from cptfacet.findings import (
    Finding,
    Question,
    QuestionTopic,
    Replacement,
    Report,
    RuleFamily,
    Severity,
)
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


T = TypeVar("T")
Origin = tuple[tuple[int, ...], ...]  # of each line, the numbers of the original lines


@sealed
@attrs.frozen(kw_only=True)
class Change:
    """One change of a repair: the finding, and the lines before and after.

    The lines of the ``finding`` are numbered as on the claim before the repair.

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
        origin: For each line of the repaired claim, the lines of the original claim that it
            represents, by their numbers from 1. A line that was removed is not among them.
        original: The claim before the repair.
    """

    claim: Claim
    changes: tuple[Change, ...]
    report: Report
    origin: Origin
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
        changes = tuple(
            Item(value=_numbered(change.finding.lines), sentence=str(change))
            for change in self.changes
        )
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


def _numbered(lines: tuple[int, ...]) -> str:
    return f"{agree(lines, 'line', 'lines')} {', '.join(map(str, lines))}"


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
    makes nothing worse: no rule reports an error that it did not report before. A fix that changes
    units waits while another finding asks what they represent. The total charge stays. Repairing
    twice is repairing once, and the order of the lines decides nothing.

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

    original, report = claim, check(claim)
    origin: Origin = tuple((number,) for number in range(1, len(claim.lines) + 1))
    changes: list[Change] = []
    for _ in range(_STEPS + len(report.findings)):  # a step removes a finding, or it is not taken
        step = next(_steps(claim, report, check), None)
        if step is None:
            break
        chosen, report = step
        changes += [_change(found, claim, origin) for found in chosen]
        claim, origin = _applied(claim, chosen), _moved(origin, chosen)
    return RepairedClaim(
        claim=claim, changes=tuple(changes), report=report, origin=origin, original=original
    )


_STEPS = 64


# -- choosing what to apply


def _steps(
    claim: Claim, report: Report, check: Callable[[Claim], Report]
) -> Iterator[tuple[list[Finding], Report]]:
    """Yield the remedies that can be applied now, those of the most severe findings first.

    The remedies of one rule are applied together. If that can't be, each half of their days is tried
    in turn, so one day in the way costs only a few more checks. On one day, all remedies of a rule
    that can be applied alone are, or else none: which of its lines comes first does not matter.
    """
    for days in _choices(claim, report):
        chosen: list[Finding] = []
        best = report
        waiting = [days]
        while waiting:
            tried = waiting.pop()
            taken = _taken(claim, chosen, [found for day in tried for found in day], best, check)
            if taken is not None:
                chosen, best = taken
            elif len(tried) > 1:
                middle = len(tried) // 2
                waiting += [tried[middle:], tried[:middle]]
            elif 1 < len(tried[0]) <= _MOST_ALONE:
                alone = [f for f in tried[0] if _taken(claim, chosen, [f], best, check)]
                if 0 < len(alone) < len(tried[0]):
                    chosen, best = _taken(claim, chosen, alone, best, check) or (chosen, best)
        if chosen:
            yield chosen, best


_MOST_ALONE = 50  # findings of one rule and day that are tried alone; a claim form has fewer lines


def _taken(
    claim: Claim,
    chosen: list[Finding],
    more: list[Finding],
    best: Report,
    check: Callable[[Claim], Report],
) -> tuple[list[Finding], Report] | None:
    """Return the remedies with more of them, and the report then, or None if they don't help."""
    both = chosen + more
    after = check(_applied(claim, both))
    helps = _weight(after) < _weight(best) and not _errors(after) - _errors(best)
    return (both, after) if helps else None


def _choices(claim: Claim, report: Report) -> Iterator[list[list[Finding]]]:
    """Yield the findings with a replacement by rule, those of each day together.

    Findings of a rule that share a line are tried one at a time, after all others. Severity and rule
    family decide which rule goes first, and what a finding says decides among those of one rule.
    """
    settled = [f for f in report.findings if f.lines and isinstance(f.remedy, Replacement)]
    open_ = _open_units(report)
    ready = [f for f in settled if open_.isdisjoint(f.lines) or not _answers(f, claim)]
    ready.sort(key=lambda f: (f.severity.rank, _FAMILIES.index(f.family), f.rule, _said(f, claim)))
    others: list[Finding] = []
    for rule in dict.fromkeys(found.rule for found in ready):
        days: dict[dt.date, list[Finding]] = {}
        taken: set[int] = set()
        for found in ready:
            if found.rule != rule:
                continue
            if taken.isdisjoint(found.lines):
                days.setdefault(_date(found, claim), []).append(found)
                taken.update(found.lines)
            else:
                others.append(found)
        yield [together for _, together in sorted(days.items())]
    yield from ([[found]] for found in others)


_FAMILIES = tuple(RuleFamily)


def _said(found: Finding, claim: Claim) -> tuple[str, ...]:
    """Return what sets a finding apart from others of its rule, whatever its line numbers."""
    before = sorted(_whole(claim.lines[number - 1]) for number in found.lines)
    after = sorted(map(_whole, _lines_of(found)))
    return (found.message, *before, *after)


def _whole(line: ClaimLine) -> str:
    """Return all of a line as text, with numbers of too many digits in short."""
    return f"{line!r} {line.provider!r}"


def _date(found: Finding, claim: Claim) -> dt.date:
    return claim.lines[found.lines[0] - 1].date or claim.date or dt.date.min


def _open_units(report: Report) -> set[int]:
    """List the lines whose units some finding asks about."""
    return {
        number
        for found in report.findings
        if isinstance(found.remedy, Question) and found.remedy.topic is QuestionTopic.UNITS
        for number in found.lines
    }


def _answers(found: Finding, claim: Claim) -> bool:
    """Whether a remedy answers what the units of its lines represent.

    It does so if it changes them, or if it joins or splits lines. The note may answer that, and a
    line that is removed has no units to ask about.
    """
    lines = _lines_of(found)
    if found.family is RuleFamily.DOCUMENTATION or not lines:
        return False
    origin = _sources(found)
    if sorted(origin) != [(number,) for number in found.lines]:
        return True
    before = (claim.lines[number - 1] for (number,) in origin)
    return any(_units(old) != _units(new) for old, new in zip(before, lines, strict=True))


def _units(line: ClaimLine) -> int | str:
    units = line.canonical.units
    return units if isinstance(units, int) else str(units)


# -- applying it


def _applied(claim: Claim, findings: list[Finding]) -> Claim:
    """Apply remedies: put the new lines of each in the place of its finding's first line."""
    return attrs.evolve(claim, lines=_replaced(claim.lines, findings, _lines_of))


def _moved(origin: Origin, findings: list[Finding]) -> Origin:
    """Return the origin of the lines after some remedies."""
    return _replaced(origin, findings, lambda found: _origin_of(found, origin))


def _replaced(
    items: tuple[T, ...], findings: list[Finding], instead_of: Callable[[Finding], tuple[T, ...]]
) -> tuple[T, ...]:
    """Replace what each finding is about, one item for each line of a claim."""
    gone = {number for found in findings for number in found.lines}
    instead = {found.lines[0]: instead_of(found) for found in findings}
    return tuple(
        itertools.chain.from_iterable(
            (*instead.get(number, ()), *(() if number in gone else (item,)))
            for number, item in enumerate(items, 1)
        )
    )


def _change(found: Finding, claim: Claim, origin: Origin) -> Change:
    """Return the change of a finding, which is numbered as on the original claim."""
    remedy = Replacement(lines=_lines_of(found), origin=_origin_of(found, origin))
    return Change(
        finding=attrs.evolve(found, lines=_originals(found.lines, origin), remedy=remedy),
        before=tuple(claim.lines[number - 1] for number in found.lines),
        after=remedy.lines,
    )


def _origin_of(found: Finding, origin: Origin) -> Origin:
    """Return the original lines of each line that a remedy writes."""
    return tuple(_originals(numbers, origin) for numbers in _sources(found))


def _sources(found: Finding) -> Origin:
    """Return the lines of its claim that each line of a remedy represents."""
    stated = found.remedy.origin if isinstance(found.remedy, Replacement) else ()
    return stated or (found.lines,) * len(_lines_of(found))


def _originals(numbers: Iterable[int], origin: Origin) -> tuple[int, ...]:
    return tuple(sorted({first for number in numbers for first in origin[number - 1]}))


def _lines_of(found: Finding) -> tuple[ClaimLine, ...]:
    return found.remedy.lines if isinstance(found.remedy, Replacement) else ()


# -- comparing reports


def _weight(report: Report) -> tuple[int, ...]:
    """Count the findings by severity, then those with a replacement; a repair lowers the counts."""
    counts = [sum(f.severity is severity for f in report.findings) for severity in Severity]
    return (*counts, sum(isinstance(f.remedy, Replacement) for f in report.findings))


def _errors(report: Report) -> set[str]:
    return {finding.rule for finding in report.errors}
