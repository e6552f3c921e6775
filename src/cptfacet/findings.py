"""Results of checking a claim: findings, what was not checked, and the report of both."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

import attrs

from cptfacet._records import sealed
from cptfacet._text import counted, sentence, series
from cptfacet.citations import Citation
from cptfacet.claims import Claim, ClaimLine
from cptfacet.outline import Item, Outline, Section

__all__ = [
    "CheckedUnder",
    "Finding",
    "FindingKind",
    "NotChecked",
    "Question",
    "QuestionTopic",
    "Remedy",
    "Replacement",
    "Report",
    "RuleFamily",
    "Severity",
]


def __dir__() -> list[str]:
    return sorted(__all__)


K = TypeVar("K")


class RuleFamily(StrEnum):
    """The families of rules, each from one kind of authority."""

    VALIDITY = "validity"
    FORM = "form"
    ADD_ONS = "add-ons"
    LATERALITY = "laterality"
    UNITS = "units"
    PAIRS = "pairs"
    IMAGING = "imaging"
    LEVELS = "levels"
    PURPOSE = "purpose"
    DIAGNOSIS = "diagnosis"
    SEDATION = "sedation"
    SERVICES = "services"
    FREQUENCY = "frequency"
    AUTHORIZATION = "authorization"
    DOCUMENTATION = "documentation"


class FindingKind(StrEnum):
    """What a finding is about: the coding, an edit, coverage, or the claim form."""

    CODING = "coding"
    EDIT = "edit"
    COVERAGE = "coverage"
    FORM = "form"


class Severity(StrEnum):
    """How severe a finding is, the most severe first.

    ``error``: expect a denial or rejection, or the coding is wrong. ``warning``: review. ``info``:
    worth knowing.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """The rank of the severity: 0 is the most severe."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}
_NAMES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


@sealed
@attrs.frozen(kw_only=True)
class Replacement:
    """A remedy that the claim itself determines: lines that replace the finding's lines.

    No lines means that the lines of the finding are removed.

    Attributes:
        lines: The lines as they should be.
        origin: For each of the lines, the numbers of the finding's lines that it represents, from 1.
            If it is empty, each represents all of them.
    """

    lines: tuple[ClaimLine, ...]
    origin: tuple[tuple[int, ...], ...] = ()


class QuestionTopic(StrEnum):
    """What the answer to a question decides, if a fix has to wait for it.

    ``units``: how many levels and sides lines represent. ``charge``: what becomes of a charge.
    """

    UNITS = "units"
    CHARGE = "charge"


@sealed
@attrs.frozen(kw_only=True)
class Question:
    """A remedy that the claim does not determine: what to ask first.

    Attributes:
        question: The question in words.
        topic: What the answer decides, if a fix of the same lines has to wait for it.
    """

    question: str
    topic: QuestionTopic | None = None


Remedy: TypeAlias = Replacement | Question


@sealed
@attrs.frozen(kw_only=True)
class Finding:
    """One problem on a claim: what is wrong, on which lines, and by what authority.

    Attributes:
        rule: The id of the rule.
        family: The family of the rule.
        kind: What the finding is about.
        severity: How severe it is.
        lines: The lines, counted from 1; none for the claim as a whole.
        message: The problem in words.
        citations: The sources of the datum that decided, with its dates.
        remedy: The fix, which replaces exactly these lines, if the claim determines it; otherwise the
            question to ask.
    """

    rule: str
    family: RuleFamily
    kind: FindingKind
    severity: Severity
    lines: tuple[int, ...]
    message: str
    citations: tuple[Citation, ...]
    remedy: Remedy | None = None

    def __str__(self) -> str:
        return f"{self.severity} {self.rule}: {self.message}"


@sealed
@attrs.frozen(kw_only=True, cache_hash=True)
class NotChecked:
    """A rule that could not be checked: what it needs that was not given or is not known.

    Attributes:
        rule: The id of the rule, or of a family of rules; `jurisdiction` if the location of the
            claim did not select the policy, and `void` if the claim cancels another one.
        needs: What it needs.
        reason: Why it could not be checked, in words.
    """

    rule: str
    needs: str
    reason: str


@sealed
@attrs.frozen(kw_only=True)
class CheckedUnder:
    """The policy and reference data under which a claim was checked, with their dates.

    Attributes:
        policy: The id of the policy.
        policy_edition: The date of the policy.
        reference: The date of the packaged data.
        cptfacet: The version of this library.
        own_tables: Tables of the reference that are not the packaged ones, each with the own
            editions on which the report rests.
    """

    policy: str
    policy_edition: dt.date
    reference: dt.date
    cptfacet: str
    own_tables: tuple[str, ...] = ()


@sealed
@attrs.frozen(kw_only=True)
class Report:
    """Every finding on a claim, the most severe first, and every rule that could not be checked.

    Attributes:
        claim: The claim that was checked.
        id: The id of the claim, which the JSON form has in place of the claim.
        under: The policy and the reference data, with their dates.
        findings: The findings, the most severe first.
        not_checked: Rules that could not be checked.
    """

    claim: Claim = attrs.field(repr=False)
    under: CheckedUnder
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...] = attrs.field(repr=lambda skipped: f"<{len(skipped)}>")

    @property
    def id(self) -> str | None:
        """The id of the claim; it is opaque, and never shown."""
        return self.claim.id

    @property
    def lines(self) -> tuple[ClaimLine, ...]:
        """The lines of the claim."""
        return self.claim.lines

    @property
    def is_complete(self) -> bool:
        """Whether every rule that applies could be checked."""
        return not self.not_checked

    def __str__(self) -> str:
        counts = Counter(found.severity for found in self.findings)
        named = [counted(n, _NAMES[severity]) for severity, n in counts.items()]
        found = series(named)
        skipped = len({skipped.rule for skipped in self.not_checked})
        left = f"; {counted(skipped, 'rule')} not checked" if skipped else ""
        return f"{found or 'no findings'} under {self.under.policy}{left}"

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings of severity error."""
        return tuple(found for found in self.findings if found.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings of severity warning."""
        return tuple(found for found in self.findings if found.severity is Severity.WARNING)

    @property
    def questions(self) -> tuple[Finding, ...]:
        """The findings whose remedy is a question."""
        return tuple(found for found in self.findings if isinstance(found.remedy, Question))

    def where(self, keep: Callable[[Finding], bool]) -> Report:
        """Return the report with only the findings that a function keeps.

        >>> from cptfacet import Claim, ClaimType, check_claim, parse_line
        >>> from cptfacet.dates import parse_date
        >>> claim = Claim(
        ...     claim_type=ClaimType.PROFESSIONAL,
        ...     date=parse_date("2026-03-02"),
        ...     lines=(parse_line("64494-RT"),),
        ... )
        >>> report = check_claim(claim, policy="cpt")
        >>> [found.rule for found in report.where(lambda found: found.kind == "coding").findings]
        ['addon-without-primary']
        """
        return attrs.evolve(self, findings=tuple(filter(keep, self.findings)))

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat row for each finding, ready for a data frame.

        ``lines`` and ``citations`` are strings. The only date in a row is the first day of the fact
        that decided, in ``from`` or ``seen``.
        """
        return [_row(self, found) for found in self.findings]

    def outline(self) -> Outline:
        """Return every finding with its fix and sources, then what could not be checked."""
        return Outline(
            sentence=f"{sentence(str(self))}. Policy edition: {self.under.policy_edition}.",
            sections=(
                Section(title="Findings", items=tuple(map(_item, self.findings))),
                Section(title="Not checked", items=tuple(_unchecked(self.not_checked))),
            ),
        )

    def explain(self, *, width: int = 100, sources: bool = True) -> str:
        """Return the report as text, wrapped to a width; ``sources=False`` leaves sources out."""
        return self.outline().text(width=width, sources=sources)


def _row(report: Report, found: Finding) -> dict[str, Any]:
    first = found.citations[0].term.days() if found.citations else {}
    lines = " | ".join(line.text for line in _replacing(found.remedy))
    return {
        "id": report.id,
        "policy": report.under.policy,
        "rule": found.rule,
        "family": str(found.family),
        "kind": str(found.kind),
        "severity": str(found.severity),
        "lines": " ".join(map(str, found.lines)),
        "message": found.message,
        "citations": " ".join(dict.fromkeys(citation.id for citation in found.citations)),
        "from": first.get("from"),
        "seen": first.get("seen"),
        "remedy": _remedy_kind(found.remedy),
        "replacement": lines or None,
        "question": found.remedy.question if isinstance(found.remedy, Question) else None,
    }


def _replacing(remedy: Remedy | None) -> tuple[ClaimLine, ...]:
    return remedy.lines if isinstance(remedy, Replacement) else ()


def _remedy_kind(remedy: Remedy | None) -> str | None:
    match remedy:
        case None:
            return None
        case Replacement(lines=()):
            return "remove"
        case Replacement():
            return "replace"
        case _:
            return "ask"


def _item(found: Finding) -> Item:
    where = "claim"
    if found.lines:
        many = "lines" if len(found.lines) > 1 else "line"
        where = f"{many} {', '.join(map(str, found.lines))}"
    match found.remedy:
        case None:
            fix: tuple[Item, ...] = ()
        case Question(question=question):
            fix = (Item(value="ask", sentence=question),)
        case Replacement(lines=()):
            fix = (Item(value="fix", sentence=f"remove {where}"),)
        case Replacement(lines=lines):
            fix = (Item(value="fix", sentence=" ; ".join(line.text for line in lines)),)
    return Item(
        value=f"{found.severity}, {where}",
        sentence=f"{found.message} ({found.rule})",
        items=fix,
        sources=tuple(map(str, found.citations)),
    )


def _unchecked(skipped: Iterable[NotChecked]) -> Iterable[Item]:
    """Yield each reason once, with the rules that it kept from being checked."""
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    for each in skipped:
        reasons.setdefault((each.needs, each.reason), {})[each.rule] = None
    for (needs, reason), rules in reasons.items():
        said = f"{_COMPARED[needs]}: {reason}" if needs in _COMPARED else f"{reason}; needs {needs}"
        listed = f"({counted(len(rules), 'rule')}): {', '.join(rules)}"
        yield Item(sentence=f"{sentence(said)} {listed}")


_COMPARED = {
    "session": "not compared with the procedure note",
    "history": "not compared with earlier sessions",
}
