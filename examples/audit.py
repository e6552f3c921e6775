"""Audit a CSV of claims: write every finding as a CSV row, and print a summary.

    python examples/audit.py examples/claims.csv --policy medicare-jl --findings findings.csv

The columns are those of docs/interchange.md, "Claims in CSV". Claims are read and checked as they
come, so the file may be of any length. A claim that can't be read is counted and named, and the
others are checked.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from cptfacet import Checker, Claim, Report, policies
from cptfacet.findings import Question, Replacement
from cptfacet.interop.claim_csv import harmless, read_claims

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COLUMNS = ("claim_id", "rule", "kind", "severity", "lines", "message", "to_do", "source")


@attrs.define
class Summary:
    """What an audit comes to."""

    claims: int = 0
    unreadable: int = 0
    clean: int = 0
    with_errors: int = 0
    at_risk: Decimal = Decimal(0)
    rules: Counter[str] = attrs.Factory(Counter)

    def add(self, claim: Claim, report: Report) -> None:
        """Count a claim, its findings, and what its lines with errors charge."""
        self.claims += 1
        self.clean += not report.findings
        self.with_errors += bool(report.errors)
        self.rules.update(found.rule for found in report.findings)
        wrong = {number for found in report.errors for number in found.lines}
        self.at_risk += sum((claim.lines[number - 1].charge or Decimal(0)) for number in wrong)

    def __str__(self) -> str:
        """Return the summary as lines of text, with the most frequent rules first."""
        lines = [
            f"{self.claims} claims checked: {self.clean} clean, {self.with_errors} with errors",
            f"{self.at_risk} charged on lines with an error",
        ]
        if self.unreadable:
            lines.append(f"{self.unreadable} can't be read")
        lines += [f"{count:6} {rule}" for rule, count in self.rules.most_common()]
        return "\n".join(lines)


def rows(claim: Claim, report: Report) -> Iterator[list[str]]:
    """Yield a row for each finding of a claim."""
    for found in report.findings:
        match found.remedy:
            case Replacement(lines=lines):
                to_do = "; ".join(line.text for line in lines) or "remove"
            case Question(question=question):
                to_do = question
            case None:
                to_do = ""
        yield [
            harmless(cell)
            for cell in (
                claim.id,
                found.rule,
                found.kind,
                found.severity,
                " ".join(map(str, found.lines)),
                found.message,
                to_do,
                "; ".join(citation.title for citation in found.citations),
            )
        ]


def audit(claims: Path, findings: Path, *, policy: str) -> Summary:
    """Check every claim of a file, write the findings, and return the summary."""
    checker = Checker(policies.get(policy))
    summary = Summary()
    with (
        claims.open(encoding="utf-8-sig", newline="") as source,
        findings.open("w", encoding="utf-8", newline="") as target,
    ):
        writer = csv.writer(target)
        writer.writerow(COLUMNS)
        for claim in read_claims(source):
            if not isinstance(claim, Claim):
                summary.unreadable += 1
                print(claim, file=sys.stderr)
                continue
            report = checker.check(claim)
            summary.add(claim, report)
            writer.writerows(rows(claim, report))
    return summary


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the audit; the exit code is 1 if any claim has an error or can't be read."""
    parser = argparse.ArgumentParser(description="Audit a CSV of claims.")
    parser.add_argument("claims", type=Path)
    parser.add_argument("--policy", default="cpt", help="the id of a policy (default: cpt)")
    parser.add_argument("--findings", type=Path, default=Path("findings.csv"))
    given = parser.parse_args(arguments)
    summary = audit(given.claims, given.findings, policy=given.policy)
    print(summary)
    return int(summary.with_errors > 0 or summary.unreadable > 0)


if __name__ == "__main__":
    sys.exit(main())
