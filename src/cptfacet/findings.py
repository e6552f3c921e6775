"""What checking a claim says: findings, what was not checked, and the report of them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

import attrs

from cptfacet._records import sealed
from cptfacet._text import filled
from cptfacet.citations import Citation
from cptfacet.claims import ClaimLine

__all__ = [
    "CheckedUnder",
    "Finding",
    "FindingKind",
    "NotChecked",
    "Question",
    "Remedy",
    "Replacement",
    "Report",
    "RuleFamily",
    "Severity",
]

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
    """What a finding is about: how the work is coded, an edit, its coverage, or the claim's form."""

    CODING = "coding"
    EDIT = "edit"
    COVERAGE = "coverage"
    FORM = "form"


class Severity(StrEnum):
    """How much a finding weighs, the heaviest first.

    ``error``: a denial is to be expected, or the coding is wrong. ``warning``: look again. ``info``:
    worth knowing.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Its place in the order, 0 for the heaviest."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


@sealed
@attrs.frozen(kw_only=True)
class Replacement:
    """A remedy that the claim itself settles: what stands in place of the lines of the finding.

    No lines at all means that those of the finding go.
    """

    lines: tuple[ClaimLine, ...]


@sealed
@attrs.frozen(kw_only=True)
class Question:
    """A remedy that the claim does not settle: what is to be asked first."""

    question: str


Remedy: TypeAlias = Replacement | Question


@sealed
@attrs.frozen(kw_only=True)
class Finding:
    """One problem of a claim: what is wrong, on which lines, and on whose authority.

    ``lines`` count from 1; none means the claim as a whole. The ``citations`` are those of the
    datum that decided, with its dates. A `Replacement` stands in place of exactly these lines.
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
    """A rule that could not be asked: what it needs that was not given, or is not known."""

    rule: str
    needs: str
    reason: str


@sealed
@attrs.frozen(kw_only=True)
class CheckedUnder:
    """Under what a claim was checked: policy, its edition, that of the reference, the version."""

    policy: str
    policy_edition: dt.date
    reference: dt.date
    cptfacet: str


_GROUPS = ("rule", "family", "kind", "severity")
_ORDERS = ("severity", "line", "rule", "family", "kind")


@sealed
@attrs.frozen(kw_only=True)
class Report:
    """All that checking one claim says, the heaviest findings first.

    ``id`` is that of the claim; it is opaque, and never shown.
    """

    under: CheckedUnder
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    id: str | None = attrs.field(default=None, repr=False)

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
        """The findings that ask something before they can be mended."""
        return tuple(found for found in self.findings if isinstance(found.remedy, Question))

    @property
    def worst(self) -> Severity | None:
        """The heaviest severity, or None where nothing was found."""
        return min((f.severity for f in self.findings), key=lambda s: s.rank, default=None)

    def where(self, keep: Callable[[Finding], bool]) -> Report:
        """Give the report of those findings that a function keeps.

        >>> from cptfacet import Claim, ClaimType, check_claim, parse_date, parse_line, policies
        >>> claim = Claim(
        ...     claim_type=ClaimType.PROFESSIONAL,
        ...     date=parse_date("2026-03-02"),
        ...     lines=(parse_line("64494-RT"),),
        ... )
        >>> report = check_claim(claim, policy=policies.get("cpt"))
        >>> [found.rule for found in report.where(lambda found: found.kind == "coding").findings]
        ['addon-without-primary']
        """
        return attrs.evolve(self, findings=tuple(filter(keep, self.findings)))

    def only(
        self,
        *,
        rules: Iterable[str] | None = None,
        kinds: Iterable[str] | None = None,
        severities: Iterable[str] | None = None,
        families: Iterable[str] | None = None,
        line: int | None = None,
    ) -> Report:
        """Give the report of the findings that have one of each of these.

        ``line`` counts from 1. What was not checked stays in the report.

        >>> from cptfacet import Claim, ClaimType, check_claim, parse_date, parse_line, policies
        >>> claim = Claim(
        ...     claim_type=ClaimType.PROFESSIONAL,
        ...     date=parse_date("2026-03-02"),
        ...     lines=(parse_line("64494-RT"),),
        ... )
        >>> report = check_claim(claim, policy=policies.get("cpt"))
        >>> [found.rule for found in report.only(kinds=["coding"], line=1).findings]
        ['addon-without-primary']
        >>> report.only(kinds="coding")
        Traceback (most recent call last):
        ...
        TypeError: kinds is a list of them, not one text: write ['coding']

        Raises:
            TypeError: One text stands where a list of them should.
            ValueError: A kind, severity or family is none.
        """
        asked = {"rules": rules, "kinds": kinds, "severities": severities, "families": families}
        for name, values in asked.items():
            if isinstance(values, str):
                message = f"{name} is a list of them, not one text: write [{str(values)!r}]"
                raise TypeError(message)
        wanted = {
            "rule": None if rules is None else set(rules),
            "kind": None if kinds is None else set(map(FindingKind, kinds)),
            "severity": None if severities is None else set(map(Severity, severities)),
            "family": None if families is None else set(map(RuleFamily, families)),
        }
        return self.where(
            lambda found: (
                all(
                    values is None or getattr(found, name) in values
                    for name, values in wanted.items()
                )
                and (line is None or line in found.lines)
            )
        )

    def sorted(self, by: str = "severity") -> Report:
        """Give the report with its findings in order: by severity, line, rule, family or kind.

        Severities, families and kinds stand in the order of their lists, the heaviest first;
        findings of the claim as a whole stand before those of its lines. What is equal stays in the
        order in which it stands.

        >>> from cptfacet import Claim, ClaimType, check_claim, parse_date, parse_line, policies
        >>> claim = Claim(
        ...     claim_type=ClaimType.PROFESSIONAL,
        ...     date=parse_date("2026-03-02"),
        ...     lines=(parse_line("64493-RT-RT"), parse_line("64491-RT")),
        ... )
        >>> report = check_claim(claim, policy=policies.get("cpt"))
        >>> [found.lines for found in report.sorted("line").findings]
        [(1,), (2,)]
        >>> report.sorted("colour")
        Traceback (most recent call last):
        ...
        ValueError: findings are sorted by severity, line, rule, family, kind, not by 'colour'

        Raises:
            ValueError: The name is none of these.
        """
        if by not in _ORDERS:
            message = f"findings are sorted by {', '.join(_ORDERS)}, not by {by!r}"
            raise ValueError(message)
        return attrs.evolve(self, findings=tuple(sorted(self.findings, key=_KEYS[by])))

    def by(self, name: str) -> Mapping[str, tuple[Finding, ...]]:
        """Group the findings by rule, family, kind or severity.

        Raises:
            ValueError: The name is none of these.
        """
        return self._by(_grouping(name))

    def by_line(self) -> Mapping[int, tuple[Finding, ...]]:
        """Group the findings by line, from 1; those of the claim as a whole stand under 0."""
        grouped: dict[int, list[Finding]] = {}
        for found in self.findings:
            for line in found.lines or (0,):
                grouped.setdefault(line, []).append(found)
        return {line: tuple(grouped[line]) for line in sorted(grouped)}

    def by_need(self) -> Mapping[str, tuple[str, ...]]:
        """Group the rules that were not checked by what they need.

        >>> from cptfacet import Claim, ClaimType, check_claim, parse_date, parse_line, policies
        >>> claim = Claim(
        ...     claim_type=ClaimType.PROFESSIONAL,
        ...     date=parse_date("2026-03-02"),
        ...     lines=(parse_line("64635-RT"),),
        ... )
        >>> report = check_claim(claim, policy=policies.get("medicare"))
        >>> "too-many-sessions" in report.by_need()["history"]
        True
        """
        grouped: dict[str, dict[str, None]] = {}
        for skipped in self.not_checked:
            grouped.setdefault(skipped.needs, {})[skipped.rule] = None
        return {need: tuple(listed) for need, listed in grouped.items()}

    def counts(self, name: str = "severity") -> Mapping[str, int]:
        """Count the findings by rule, family, kind or severity.

        >>> from cptfacet import Claim, ClaimType, check_claim, parse_date, parse_line, policies
        >>> claim = Claim(
        ...     claim_type=ClaimType.PROFESSIONAL,
        ...     date=parse_date("2026-03-02"),
        ...     lines=(parse_line("64494-RT"),),
        ... )
        >>> report = check_claim(claim, policy=policies.get("cpt"))
        >>> report.counts("kind")
        {'coding': 1}
        >>> report.counts("colour")
        Traceback (most recent call last):
        ...
        ValueError: findings are grouped by rule, family, kind, severity, not by 'colour'

        Raises:
            ValueError: The name is none of these.
        """
        grouping = _grouping(name)
        return dict(Counter(str(getattr(found, grouping)) for found in self.findings))

    def _by(self, name: str) -> Mapping[str, tuple[Finding, ...]]:
        grouped: dict[str, list[Finding]] = {}
        for found in self.findings:
            grouped.setdefault(str(getattr(found, name)), []).append(found)
        return {key: tuple(listed) for key, listed in grouped.items()}

    def rows(self) -> list[dict[str, Any]]:
        """Give one flat row a finding, as data frames take them.

        ``lines`` and ``citations`` are texts; dates stay out of the row but for the first day of
        the datum that decided, in ``from`` or ``seen``.
        """
        return [_row(self, found) for found in self.findings]

    def explain(self) -> str:
        """Write the report out for a person."""
        out = [f"checked under {self.under.policy}, edition {self.under.policy_edition}"]
        if not self.findings:
            out.append("  nothing was found")
        for found in self.findings:
            out += _explained(found)
        if self.not_checked:
            out += ["", "Not checked", *_unchecked(self.not_checked)]
        return "\n".join(out)


_FAMILIES = {family: place for place, family in enumerate(RuleFamily)}
_KINDS = {kind: place for place, kind in enumerate(FindingKind)}
_KEYS: Mapping[str, Callable[[Finding], Any]] = {
    "severity": lambda found: found.severity.rank,
    "line": lambda found: found.lines,
    "rule": lambda found: found.rule,
    "family": lambda found: _FAMILIES[found.family],
    "kind": lambda found: _KINDS[found.kind],
}


def _grouping(name: str) -> str:
    if name not in _GROUPS:
        message = f"findings are grouped by {', '.join(_GROUPS)}, not by {name!r}"
        raise ValueError(message)
    return name


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


def _explained(found: Finding) -> Iterable[str]:
    where = "claim"
    if found.lines:
        many = "lines" if len(found.lines) > 1 else "line"
        where = f"{many} {', '.join(map(str, found.lines))}"
    yield filled(f"{found.severity} {found.rule} ({found.kind}; {where}): {found.message}", 1)
    match found.remedy:
        case None:
            pass
        case Question(question=question):
            yield filled(f"ask: {question}", 2)
        case Replacement(lines=()):
            yield filled(f"remedy: remove {where}", 2)
        case Replacement(lines=lines):
            yield filled(f"remedy: {' ; '.join(line.text for line in lines)}", 2)
    for citation in found.citations:
        yield filled(f"source: {citation}", 2)


def _unchecked(skipped: Iterable[NotChecked]) -> Iterable[str]:
    """Tell each reason once, with the rules that could not be asked for it."""
    grouped: dict[tuple[str, str], dict[str, None]] = {}
    for each in skipped:
        grouped.setdefault((each.reason, each.needs), {})[each.rule] = None
    for (reason, needs), listed in grouped.items():
        yield filled(f"{reason} (needs {needs}): {', '.join(listed)}", 1)
