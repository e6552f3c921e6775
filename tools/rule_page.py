"""The page of the rules: each packaged rule with its reasons, sources and two claims.

It is made from the rules and their examples themselves, so it can't drift away from them.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from cptfacet import policies
from cptfacet.checking import all_rules
from cptfacet.checking.rules import FAMILIES
from cptfacet.checking.signals import Signal
from cptfacet.claims import ClaimType
from cptfacet.findings import Question, Replacement, RuleFamily
from cptfacet.interop.examples import examples
from cptfacet.interop.json import claim_from_data, from_data
from cptfacet.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cptfacet.checking import Rule
    from cptfacet.citations import Citation
    from cptfacet.claims import ClaimLine
    from cptfacet.findings import Finding
    from cptfacet.interop.examples import Example

__all__ = ["rule_page"]

_WIDTH = 100
_HEAD = """\
# Rules

Every rule that [checking a claim](checking.md) applies, by family. This page is made from the rules
themselves. Each rule shows a claim on which it finds something, with everything it finds there, and a
similar claim on which it finds nothing.

A policy can change a rule's severity from some date on (`checks.severity`), and decides which families
run (`checks.families`). See [Policies](policies.md#the-vocabulary). `cptfacet show RULE` prints the same
in a terminal, with `--policy` and `--on` for the severity under a policy on a date, and the examples as
JSON. MCR-05 and its like are [Medicare requirements](design.md#medicare-requirements).
"""
_ARTICLES = {
    ClaimType.PROFESSIONAL: "a",
    ClaimType.ASC_FACILITY: "an",
    ClaimType.HOSPITAL_OUTPATIENT: "a",
}
_BESIDE = {Signal.SESSION: "the session", Signal.HISTORY: "the history"}


def rule_page() -> str:
    """Write the page of all packaged rules, in Markdown.

    >>> page = rule_page()
    >>> "### `addon-without-primary`" in page
    True
    """
    parts = [_HEAD, "\n".join(_contents())]
    for family in RuleFamily:
        doc = (FAMILIES[family].__doc__ or "").partition("\n\n")[0]
        parts += [f"## Family {family}", _filled(" ".join(doc.split()))]
        parts += ["\n\n".join(_entry(rule)) for rule in all_rules() if rule.family is family]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _contents() -> Iterator[str]:
    yield "| family | rules |"
    yield "| --- | --- |"
    for family in RuleFamily:
        listed = [f"[{r.id}](#{r.id})" for r in all_rules() if r.family is family]
        yield f"| [{family}](#family-{family}) | {', '.join(listed)} |"


def _entry(rule: Rule) -> Iterator[str]:
    yield f"### `{rule.id}`"
    facts = [f"kind `{rule.kind}`", f"severity `{rule.severity}`"]
    facts += [f"needs {text}" for signal, text in _BESIDE.items() if signal in rule.check.named]
    yield f"**{_plain(rule.title)}** ({'; '.join([*facts, *rule.mcr])})"
    yield _filled(_plain(rule.why))
    fires, quiet = examples(rule.id)
    found = [finding for finding in fires.check().findings if finding.rule == rule.id]
    yield _filled(f"It finds something here, {_stated(fires)}:")
    yield _block([*_shown(fires), "", *(text for each in found for text in _told(each))])
    yield _filled(f"And nothing here, {_stated(quiet)}:")
    yield _block(_shown(quiet))
    yield "\n".join(["Sources:", "", *(f"- {_source(citation)}" for citation in rule.citations)])
    if elsewhere := list(_severities(rule)):
        yield "\n".join(["Severity by policy:", "", *elsewhere])


def _severities(rule: Rule) -> Iterator[str]:
    """Yield the severity of a rule under each packaged policy that changes it."""
    for policy_id in policies.ids():
        stated = [
            f"`{said.value}` {said.term}"
            if isinstance(said, policies.Provision)
            else f"not known {said.term}"
            for said in policies.get(policy_id).provisions
            if said.key == "checks.severity" and said.cell == (rule.id,)
        ]
        if stated:
            yield f"- `{policy_id}`: {', '.join(stated)}"


def _stated(example: Example) -> str:
    """Return what a claim states besides its lines."""
    claim = example.claim
    said = [f"on {_ARTICLES[claim.claim_type]} {claim.claim_type} claim"]
    if claim.date:
        said.append(f"of {claim.date}")
    said.append(f"under `{example.policy}`")
    facts = [f"purpose {claim.purpose}"] if claim.purpose else []
    if claim.place_of_service:
        facts.append(f"place of service {_code(claim.place_of_service)}")
    if claim.diagnoses:
        facts.append(f"diagnoses {', '.join(map(_code, claim.diagnoses))}")
    if claim.prior_authorization:
        decided = claim.prior_authorization.decided
        facts.append("prior authorization" + (f" decided {decided}" if decided else ""))
    return " ".join(said) + (f" ({'; '.join(facts)})" if facts else "")


def _shown(example: Example) -> Iterator[str]:
    """Yield the lines of a claim and what was given with it."""
    yield from (_line(line) for line in example.claim.lines)
    if not example.claim.lines:
        yield "no lines"
    beside = example.beside
    if "session" in beside:
        yield f"note: {_session(from_data(beside['session'], Session))}"
    for record in beside.get("history", ()):
        yield f"earlier: {_record(record)}"


def _record(record: dict[str, object]) -> str:
    if "lines" not in record:
        return _session(from_data(record, Session))
    claim = claim_from_data(record)
    purpose = f", {claim.purpose}" if claim.purpose else ""
    return f"{claim.date}, {claim.claim_type}{purpose}: {'; '.join(map(_line, claim.lines))}"


def _line(line: ClaimLine) -> str:
    said = [line.text]
    if line.date:
        said.append(f"on {line.date}")
    if line.place_of_service:
        said.append(f"at {line.place_of_service}")
    if line.diagnoses:
        said.append(f"for {', '.join(line.diagnoses)}")
    if line.provider:
        said.append(f"by {line.provider}")
    return " ".join(said)


def _session(session: Session) -> str:
    told: list[str] = []
    for treatment in session.treatments:
        where = [f"{t.joint} {t.side or 'side not stated'}" for t in treatment.targets]
        where += [f"nerve {n.nerve} {n.side or 'side not stated'}" for n in treatment.nerves]
        how = [treatment.technique.value]
        how += [word.value for word in (treatment.purpose, treatment.guidance) if word]
        told.append(f"{', '.join(how)}: {', '.join(where) or 'no level'}")
    return f"{session.date}, {'; '.join(told)}"


def _told(found: Finding) -> Iterator[str]:
    where = "claim"
    if found.lines:
        where = f"line{'s' * (len(found.lines) > 1)} {', '.join(map(str, found.lines))}"
    yield from _wrapped(f"{found.severity}, {where}: {found.message}")
    match found.remedy:
        case None:
            pass
        case Question(question=question):
            yield from _wrapped(f"  ask: {question}")
        case Replacement(lines=()):
            yield f"  remedy: without {where}"
        case Replacement(lines=lines):
            yield from _wrapped(f"  remedy: {'; '.join(line.text for line in lines)}")


def _wrapped(text: str) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()) + 2)
    return textwrap.wrap(text, 88, subsequent_indent=indent, break_on_hyphens=False)


def _source(citation: Citation) -> str:
    title = _plain(citation.title)
    linked = f"[{title}]({citation.url})" if citation.url else title
    return f"{linked} (`{citation.id}`; {citation.confidence}; {citation.term})"


def _block(lines: Sequence[str] | Iterator[str]) -> str:
    return "\n".join(["```text", *lines, "```"])


def _code(text: str) -> str:
    return f"`{text}`"


def _plain(text: str) -> str:
    """Keep a text from being read as Markdown."""
    return "".join(f"\\{each}" if each in "\\`*_[]<>|" else each for each in text)


def _filled(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_on_hyphens=False, break_long_words=False)
