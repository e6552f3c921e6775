"""Rules on other services of the day, and on codes that facet policies exclude or do not govern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cptfacet._text import agree, series
from cptfacet.agents import Agent
from cptfacet.checking.day import Day, Line
from cptfacet.checking.documented import noted
from cptfacet.checking.plans import CheckingPlan
from cptfacet.checking.rule import (
    NotAsked,
    RawFinding,
    by_code,
    checks,
    finding,
    not_told,
)
from cptfacet.checking.signals import Signal
from cptfacet.dates import Status
from cptfacet.findings import Question, QuestionTopic, RuleFamily, Severity
from cptfacet.modifiers import ModifierRole
from cptfacet.policies import Known, value_of
from cptfacet.policies.vocabulary import COVERAGE_TECHNIQUE, BlocksBeside, Coverage
from cptfacet.procedures import CodeGroup
from cptfacet.sessions import Technique, TechniqueKind
from cptfacet.unknown import Unknown


@checks(when=Signal.FACET | Signal.PLAIN_VISIT)
def em_without_modifier(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find E/M visits on the day of a procedure without the modifier for a separate visit."""
    visits = day.showing(Signal.PLAIN_VISIT)
    stated = day.rules.visit_modifier()
    if not isinstance(stated, Known):
        yield not_told(stated)
        return
    with_package = _with_package(day)
    if isinstance(with_package, NotAsked):
        yield with_package
        return
    if stated.value is None or not with_package:
        return
    codes = series(sorted({line.code for line in with_package}))
    indicators = [
        citation
        for line in with_package
        if line.facts.code.indicators
        for citation in line.facts.code.indicators.citations
    ]
    for code, lines in by_code(visits):
        yield finding(
            lines,
            f"{code} has no modifier {stated.value}; an E/M visit on the day of {codes} is included"
            " unless it was significant and separately identifiable",
            citations=(*stated.citations, *indicators),
            question="Does the record document a significant visit beyond the decision to"
            " perform the procedure and the usual work before and after it?",
        )


def _with_package(day: Day) -> list[Line] | NotAsked:
    """List the facet lines whose payment includes a visit on the same day."""
    found: list[Line] = []
    for line in day.facet:
        indicators = line.facts.code.indicators
        if indicators is None:
            reason = "no fee schedule edition we have read is of that date or earlier"
            return NotAsked(needs="global days", reason=reason)
        if indicators.global_days.minor:
            found.append(line)
    return found


_BLOCKS = {
    CodeGroup.EPIDURAL: "an epidural",
    CodeGroup.SACROILIAC: "a sacroiliac procedure",
    CodeGroup.SYMPATHETIC_BLOCK: "a sympathetic block",
    CodeGroup.TRIGGER_POINT: "a trigger point injection",
}
_SEVERITIES = {BlocksBeside.ONE_TYPE_A_DAY: Severity.ERROR}
_COVERAGE = {
    BlocksBeside.EACH_JUSTIFIED: "each needs its own reason in the record",
    BlocksBeside.ONLY_WITH_CYST: "several kinds of block on one day are not routine; justify each",
    BlocksBeside.ONE_TYPE_A_DAY: "the payer pays one type of procedure a day",
}


@checks(when=Signal.FACET | Signal.OTHER_BLOCK)
def other_block_same_day(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find blocks of another kind on the day of a facet procedure."""
    stated = day.rules.other_blocks()
    if not isinstance(stated, Known):
        yield not_told(stated)
        return
    facet = series(sorted({line.code for line in day.facet}))
    for code, lines in by_code(day.showing(Signal.OTHER_BLOCK)):
        [group] = [group for group in lines[0].facts.code.groups if group in _BLOCKS][:1]
        coverage, severity = _COVERAGE[stated.value], _SEVERITIES.get(stated.value)
        if stated.value is BlocksBeside.ONLY_WITH_CYST and group is CodeGroup.EPIDURAL:
            coverage, severity = _of_epidural(day, code, coverage)
        yield finding(
            lines,
            f"{code} is {_BLOCKS[group]} on the same day as {facet}; {coverage}",
            citations=stated.citations,
            severity=severity,
            question=f"What reason does the record document for {code}?",
        )


def _of_epidural(day: Day, code: str, coverage: str) -> tuple[str, Severity | None]:
    """Return what an epidural needs that is covered only with a facet cyst, and the severity."""
    only = "it is covered only for a facet cyst"
    if _is_of_other_region(day, code):
        return f"{coverage}. It is for another region; at a nearby level {only}", None
    if _is_for_cyst(day):
        return f"at the same or a nearby level {only}, which is documented here", Severity.INFO
    return f"at the same or a nearby level {only}", None


def _is_of_other_region(day: Day, code: str) -> bool:
    """Whether a code is for a region in which no facet level is billed."""
    regions = {each.region for each in day.plan.reference.find_grouped_codes(code)} - {None}
    return bool(regions) and regions.isdisjoint(line.facts.code.region for line in day.facet)


def _is_for_cyst(day: Day) -> bool:
    """Whether a diagnosis of the facet lines or the note documents a facet cyst."""
    treatments = day.session.treatments if day.session else ()
    noted = any(t.technique.kind is TechniqueKind.CYST_RUPTURE for t in treatments)
    return noted or day.shows(Signal.CYST)


@checks(when=Signal.IMPLANT)
def implant_not_covered(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find facet joint implants where the policy does not cover them."""
    stated = day.rules.group_coverage(CodeGroup.IMPLANT)
    if not isinstance(stated, Known):
        yield not_told(stated)
        return
    for code, lines in by_code(day.showing(Signal.IMPLANT)):
        yield finding(
            lines, f"{code}: facet joint implants are not covered", citations=stated.citations
        )


# -- what was injected


def _beside(day: Day) -> dict[Agent, list[Line]]:
    """List the lines that represent a whole injection because of its agent."""
    lines = day.showing(Signal.REGENERATIVE)
    found: dict[Agent, list[Line]] = {}
    for agent in Agent:
        codes = {line.code for line in value_of(day.rules.agent_lines(agent)) or ()}
        if own := [line for line in lines if line.code in codes]:
            found[agent] = own
    return found


@checks(when=Signal.INJECTION | Signal.REGENERATIVE)
def agent_billed_beside_facet(day: Day) -> Iterator[RawFinding]:
    """Find the code of an agent, which represents a whole injection, beside a facet injection."""
    facet = [line for line in day.facet if line.facts.code.signals & Signal.INJECTION]
    codes = series(sorted({line.code for line in facet}))
    note = noted(day)
    apart = {a for t in note.session.treatments for a in t.agents} if note and note.agrees else ()
    for agent, lines in _beside(day).items():
        if agent in apart:
            continue
        code = lines[0].code
        yield finding(
            [*lines, *facet],
            f"{code} represents the whole injection of {agent.label}; {codes}"
            f" {agree(facet, 'is', 'are')} not reported for the same injection",
            citations=day.rules.agent_lines(agent).citations,
            question=f"What was injected at the levels of {codes}, and where was"
            f" {agent.label} injected?",
        )


@checks(when=Signal.INJECTION | Signal.REGENERATIVE)
def agent_not_covered(day: Day) -> Iterator[RawFinding]:
    """Find codes of agents that the policy does not cover beside a facet injection."""
    for agent, lines in _beside(day).items():
        stated = day.rules.agent_coverage(agent)
        if value_of(stated) is Coverage.NOT_COVERED:
            yield finding(
                lines,
                f"{lines[0].code}: an injection of {agent.label} is not covered as a facet procedure",
                citations=stated.citations,
            )


@checks(when=Signal.UNLISTED)
def non_thermal_not_covered(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find the unlisted code where it reports denervation that is not thermal."""
    answers = {technique: day.rules.technique_coverage(technique) for technique in Technique}
    denied = {t: stated for t, stated in answers.items() if isinstance(stated, Known)}
    if not denied:
        yield NotAsked(needs=COVERAGE_TECHNIQUE.name, reason="no source we have read states it")
        return
    session = day.session
    done = [t.technique for t in session.treatments if t.technique in denied] if session else []
    if session and not done:
        return
    citations = [c for t in (done or denied) for c in denied[t].citations]
    for code, lines in by_code(day.showing(Signal.UNLISTED)):
        what = done[0].label if done else ""
        yield finding(
            lines,
            f"{code} reports {what}, a denervation that is not covered"
            if done
            else f"If {code} reports a denervation that is not thermal, it is not covered",
            citations=citations,
            severity=None if done else Severity.INFO,
            remedy=(None if done else Question(question=f"Which procedure does {code} report?")),
        )


@checks(when=Signal.SACROILIAC)
def governed_by_other_policy(day: Day) -> Iterator[RawFinding]:
    """Find codes of the sacroiliac joint, which other policies govern."""
    for code, lines in by_code(day.showing(Signal.SACROILIAC)):
        yield finding(
            lines,
            f"{code} is a sacroiliac procedure; the payer covers it under another policy, which"
            " is not checked here",
        )


# -- the fee schedule


def _by_fee_schedule(plan: CheckingPlan) -> bool:
    return isinstance(plan.rules.fee_schedule(), Known)


_ELSEWHERE = {CodeGroup.DRUG, CodeGroup.CONTRAST}


@checks(when=Signal.PROFESSIONAL | Signal.FACET | Signal.OTHER, where=_by_fee_schedule)
def service_not_covered(day: Day) -> Iterator[RawFinding]:
    """Find other codes of a practitioner that the fee schedule never pays.

    A drug that it excludes by regulation is paid by another schedule.
    """
    for code, lines in by_code(day.others):
        facts = lines[0].facts.code
        fees = facts.indicators
        if fees is None or not fees.status.never_paid:
            continue
        if facts.standing is Status.NOT_IN_FORCE or not _ELSEWHERE.isdisjoint(facts.groups):
            continue
        yield finding(
            lines,
            f"{code}: the physician fee schedule pays a practitioner nothing for it; status"
            f" {fees.status.value} means {fees.status.label}",
            citations=fees.citations,
            question=f"Which code reports the service of {code}, or should the line be dropped?",
        )


# -- the facility


@checks(when=Signal.FACET | Signal.ASC_PACKAGED)
def asc_packaged(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find lines of an ASC claim whose payment is packaged into the procedure's."""
    for code, lines in by_code(day.showing(Signal.ASC_PACKAGED)):
        status = day.rules.asc[code]
        if isinstance(status, Unknown):
            if lines[0].facts.code.facet:
                yield NotAsked(needs="ASC addenda", reason=status.reason)
        else:
            yield finding(
                lines,
                f"{code} is packaged on an ASC claim (payment indicator {status.indicator});"
                " nothing more is paid for it",
                citations=status.provenance.citations,
            )


@checks(when=Signal.ASC_NOT_PAYABLE)
def asc_not_payable(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find codes that are not payable to an ASC."""
    for code, lines in by_code(day.showing(Signal.ASC_NOT_PAYABLE)):
        status = day.rules.asc[code]
        if isinstance(status, Unknown):
            yield NotAsked(needs="ASC addenda", reason=status.reason)
        else:
            yield finding(
                lines,
                f"{code} is not payable to an ASC (addendum {status.addendum})",
                citations=status.provenance.citations,
            )


# -- distinct services


@checks(when=Signal.FACET | Signal.DISTINCT)
def distinct_modifier_for_levels(day: Day) -> Iterator[RawFinding]:
    """Find modifiers for distinct services on a day with levels of one family and region only."""
    for code, lines in by_code(day.distinct_levels):
        used = sorted({m for line in lines for m in line.facts.with_roles(ModifierRole.DISTINCT)})
        yield finding(
            lines,
            f"{code}-{'-'.join(used)}: every line is a level of the same family and region, and no"
            f" NCCI PTP edit applies between levels; remove {series(used)}, and report a side with"
            " its own modifier and an additional level with an add-on code",
            question=f"Does {code} report the other side, an additional level, or the same level"
            " twice?",
            topic=QuestionTopic.UNITS,
        )


# -- coding instructions


def _without_pair_edits(plan: CheckingPlan) -> bool:
    return RuleFamily.PAIRS not in plan.families


@checks(when=Signal.FACET | Signal.PAIRED | Signal.OTHER, where=_without_pair_edits)
def coding_instruction_excludes(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find codes that a coding instruction keeps apart, where the payer's edits are not known."""
    of_code = dict(by_code(line for line in day.lines if line.facts.code.shaped))
    for said in day.plan.pairs_among(frozenset(of_code)) or ():
        if isinstance(said, Unknown):
            yield NotAsked(needs="coding instructions", reason=said.reason)
            continue
        edit = said.edit
        if edit is None or not edit.by_coding_instruction or _are_facet(day, said.codes):
            continue
        lines = [*of_code[edit.column1], *of_code[edit.column2]]
        marked = any(line.facts.has(ModifierRole.DISTINCT) for line in lines)
        yield finding(
            lines,
            f"{edit.column2} is not reported with {edit.column1}: the NCCI PTP edit of the two gives"
            " a coding instruction as its reason",
            citations=said.provenance.citations,
            severity=Severity.WARNING if marked else None,
            question=f"Was {edit.column2} performed at a separate site or in a separate session,"
            " and does the record document it?",
        )


def _are_facet(day: Day, codes: Iterable[str]) -> bool:
    return all(day.plan.code(code).facet for code in codes)


# -- what follows from other findings


def _marks_denials(plan: CheckingPlan) -> bool:
    return isinstance(plan.rules.denial_modifiers(), Known)


def _without_abn(stated: Known[tuple[str, ...]], bare: set[int]) -> str:
    """Return what the lines lack: the modifiers that the policy explains, or else all of them."""
    which = stated.provision.rationale.rstrip(".") or f"Use {series(stated.value, 'or')}"
    lines = agree(bare, "the line has", "the lines have")
    return f"A denial is expected and {lines} no ABN modifier. {which}"


@checks(when=Signal.FACET | Signal.DENIAL, where=_marks_denials)
def expected_denial_without_abn(day: Day) -> Iterator[RawFinding]:
    """Find lines whose denial is expected, with no ABN modifier on those denied together."""
    stated = day.rules.denial_modifiers()
    marked = {line.number for line in day.lines if line.facts.has(ModifierRole.EXPECTED_DENIAL)}
    bare = {number for lines in day.denied if marked.isdisjoint(lines) for number in lines}
    if not isinstance(stated, Known) or not bare:
        return
    yield RawFinding(
        lines=tuple(sorted(bare)),
        message=_without_abn(stated, bare),
        citations=stated.citations,
        remedy=Question(question="Was an ABN issued before the service, and is it signed?"),
    )
