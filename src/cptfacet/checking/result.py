"""The findings on a claim, built from what its rules found."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs

from cptfacet.checking.rule import RawFinding, Rewrite, Rule, written
from cptfacet.findings import Finding, FindingKind, NotChecked, RuleFamily, Severity

if TYPE_CHECKING:
    from cptfacet.claims import Claim

__all__ = ["Answer", "Said", "denies", "findings_of", "weight"]


def __dir__() -> list[str]:
    return sorted(__all__)


Said: TypeAlias = tuple[RawFinding, Rule, Severity]


@attrs.frozen(eq=False)
class Answer:
    """The findings of a claim, for all claims of its shape.

    ``rewritten`` are the findings with a remedy that is written out from the lines of the claim, by
    their place.
    """

    findings: tuple[Finding, ...]
    rewritten: tuple[tuple[int, Said], ...]
    not_checked: tuple[NotChecked, ...]

    @classmethod
    def of(
        cls, said: list[Said], findings: tuple[Finding, ...], not_checked: tuple[NotChecked, ...]
    ) -> Answer:
        """Return the answer for a claim with these findings."""
        rewritten = ((place, each) for place, each in enumerate(said) if _is_rewritten(each))
        return cls(findings, tuple(rewritten), not_checked)

    def findings_of(self, claim: Claim) -> tuple[Finding, ...]:
        """Return the findings of another claim of the shape."""
        if not self.rewritten:
            return self.findings
        findings = list(self.findings)
        for place, said in self.rewritten:
            findings[place] = _finding(said, claim)
        return tuple(findings)


def findings_of(said: list[Said], claim: Claim) -> tuple[Finding, ...]:
    """Return the findings that rules found on a claim, in their order."""
    return tuple([_finding(each, claim) for each in said])


def weight(said: Said) -> tuple[int, tuple[int, ...], str, str]:
    """Return the sort key of a finding: the most severe first, then by lines and rule."""
    found, rule, severity = said
    return severity.rank, found.lines, rule.id, found.message


def _is_rewritten(said: Said) -> bool:
    remedy = said[0].remedy
    return isinstance(remedy, Rewrite) and bool(remedy.lines)


def _finding(said: Said, claim: Claim) -> Finding:
    found, rule, severity = said
    remedy = found.remedy
    return Finding(
        rule=rule.id,
        family=rule.family,
        kind=rule.kind,
        severity=severity,
        lines=found.lines,
        message=found.message,
        citations=found.citations or rule.citations,
        remedy=written(remedy, claim, found.lines) if isinstance(remedy, Rewrite) else remedy,
    )


def denies(said: Said) -> bool:
    """Whether a denial of coverage is expected that neither a remedy nor a UTN fixes."""
    found, rule, severity = said
    return (
        rule.kind is FindingKind.COVERAGE
        and severity is Severity.ERROR
        and rule.family not in (RuleFamily.AUTHORIZATION, RuleFamily.PURPOSE)
        and not isinstance(found.remedy, Rewrite)
    )
