"""What rules say, word for word: each rule's own example, and the claims in `messages/FAMILY.toml`.

`messages/FAMILY.txt` holds what was said when somebody last read it. Where a message changes on
purpose, ``nox -s regenerate`` writes it anew, and the difference is read as a coder would.
"""

from __future__ import annotations

import datetime as dt
import functools
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import pytest

from cptfacet import policies
from cptfacet.checking import Checker, all_rules, check_claim
from cptfacet.citations import Citation
from cptfacet.dates import EffectivePeriod
from cptfacet.findings import Finding, Replacement, RuleFamily
from cptfacet.interop import examples as reading
from cptfacet.interop.examples import Example, examples
from cptfacet.policies import Policy, Provision
from cptfacet.reference import Reference, packaged
from cptfacet.repairing import repair_claim

MESSAGES = Path(__file__).with_name("messages")
USUAL = {"policy": "medicare", "claim_type": "professional", "date": "2026-03-02"}


class Case(NamedTuple):
    """A claim with what stands beside it, under a policy that may say some things otherwise."""

    example: Example
    policy: Policy


def cases(family: RuleFamily) -> dict[str, Case]:
    """List the claims of a family by name: the one that fires each rule, and those of its file."""
    listed: dict[str, dict[str, Any]] = tomllib.loads(
        (MESSAGES / f"{family}.toml").read_text(encoding="utf-8")
    )
    fired = [rule.id for rule in all_rules() if rule.family is family]
    return {
        **{rule_id: _case(examples(rule_id)[0]) for rule_id in fired},
        **{name: _read({**USUAL, **table}) for name, table in listed.items()},
    }


def _read(table: dict[str, Any]) -> Case:
    stated = {name: said for name, said in table.items() if said}
    says = stated.pop("says", [])
    return _case(reading._example(stated), *says)


def _case(example: Example, *says: list[Any]) -> Case:
    policy = policies.get(example.policy)
    own = tuple(_said(policy, *each) for each in says)
    if own:
        policy = attrs.evolve(policy, id="own", provisions=own, extends=policy)
    return Case(example, policy)


def _said(policy: Policy, key: str, *said: Any) -> Provision:
    """Make a provision of a cell and a value, for all days."""
    *cell, value = said
    known = (*policy.find(key), *policies.get("cpt").find(key), *policies.get("medicare").find(key))
    like = next(provision for provision in known if isinstance(provision, Provision))
    return attrs.evolve(
        like,
        policy="own",
        cell=tuple(cell),
        value=tuple(value) if isinstance(value, list) else value,
        term=EffectivePeriod(start=dt.date(2000, 1, 1)),
    )


def said_of(case: Case) -> str:
    """Write out what is said of a claim: all findings, and what could not be asked."""
    claim, session, history = case.example.claim, case.example.session, case.example.history
    report = check_claim(claim, policy=case.policy, session=session, history=history)
    again = checker_citing_itself(case.policy).check(claim, session=session, history=history)
    lines = [
        line
        for finding, same in zip(report.findings, again.findings, strict=True)
        for line in told(finding, same.citations)
    ]
    lines += [
        f"not checked {each.rule}: {each.needs}; {each.reason}"
        for each in report.not_checked
        if each.needs not in {"session", "history", "diagnoses"}  # said of most claims here
    ]
    repaired = repair_claim(claim, policy=case.policy, session=session, history=history)
    lines += [
        f"repair, lines {', '.join(map(str, change.finding.lines))}, {change}"
        for change in repaired.changes
    ]
    return "\n".join(lines) or "nothing"


def told(finding: Finding, data: tuple[Citation, ...]) -> list[str]:
    """Write a finding out, with its authority, the data behind it, and its remedy."""
    lines = ", ".join(map(str, finding.lines)) or "none"
    out = [f"{finding.severity} {finding.rule}, lines {lines}: {finding.message}"]
    remedy = finding.remedy
    if isinstance(remedy, Replacement):
        instead = [
            f"{line.text} charge {line.charge} diagnoses {', '.join(line.diagnoses) or 'none'}"
            for line in remedy.lines
        ]
        out.append(f"  instead: {'; '.join(instead) or 'nothing'}")
    elif remedy is not None:
        out.append(f"  asks: {remedy.question}")
    out.append(f"  by: {', '.join(citation.id for citation in finding.citations)}")
    if data != finding.citations:
        out.append(f"  for: {', '.join(citation.id for citation in data)}")
    return out


# -- data that cite themselves, so that a finding tells which of them decided


def _itself(name: str) -> tuple[Citation, ...]:
    return (attrs.evolve(packaged().procedures[0].citations[0], id=name),)


@functools.cache
def checker_citing_itself(policy: Policy) -> Checker:
    """Return a checker whose data all cite themselves."""
    return Checker(citing_itself(policy), reference_citing_itself(), memo=0)


@functools.cache
def citing_itself(policy: Policy) -> Policy:
    """Return a policy whose provisions each cite only their key."""
    return attrs.evolve(
        policy,
        provisions=tuple(
            attrs.evolve(each, citations=_itself(each.key)) for each in policy.provisions
        ),
        extends=policy.extends and citing_itself(policy.extends),
    )


@functools.cache
def reference_citing_itself() -> Reference:
    """Return the packaged reference with facts that cite only themselves."""
    known = packaged()
    return known.with_tables(
        modifiers=tuple(
            attrs.evolve(each, citations=_itself(f"modifier {each.code}"))
            for each in known.modifiers
        ),
        conflicts=tuple(
            attrs.evolve(each, citations=_itself(f"conflict of {'-'.join(sorted(each.modifiers))}"))
            for each in known.conflicts
        ),
        other_nerves=tuple(
            attrs.evolve(each, citations=_itself(f"other nerve {each.instead.code}"))
            for each in known.other_nerves
        ),
        procedures=tuple(
            attrs.evolve(
                each,
                citations=_itself(f"code {each.code}"),
                primaries=tuple(
                    attrs.evolve(link, citations=_itself(f"{each.code} beside {link.primary}"))
                    for link in each.primaries
                ),
                indicators=each.indicators
                and attrs.evolve(each.indicators, citations=_itself(f"indicators of {each.code}")),
            )
            for each in known.procedures
        ),
    )


def path_of(family: RuleFamily) -> Path:
    return MESSAGES / f"{family}.txt"


@functools.cache
def recorded(family: RuleFamily) -> dict[str, str]:
    """Read what was said, by the name of the claim."""
    blocks = path_of(family).read_text(encoding="utf-8").split("\n== ")[1:]
    return {name: said.strip("\n") for name, _, said in (b.partition("\n") for b in blocks)}


CASES = {family: cases(family) for family in RuleFamily}


@pytest.mark.parametrize(
    ("family", "name"),
    [
        pytest.param(family, name, id=f"{family}: {name}")
        for family, listed in CASES.items()
        for name in listed
    ],
)
def test_is_said_as_it_was_read(family: RuleFamily, name: str) -> None:
    assert said_of(CASES[family][name]) == recorded(family)[name]


@pytest.mark.parametrize("family", RuleFamily)
def test_nothing_else_is_recorded(family: RuleFamily) -> None:
    assert list(recorded(family)) == list(CASES[family])


def test_each_family_has_its_two_files() -> None:
    files = {path.name for path in MESSAGES.iterdir()} - {"README.md"}

    assert files == {f"{family}{end}" for family in RuleFamily for end in (".toml", ".txt")}


def test_no_two_claims_have_one_name() -> None:
    names = [name for listed in CASES.values() for name in listed]

    assert sorted(set(names)) == sorted(names)


def test_a_claim_without_diagnoses_says_so() -> None:
    example, _ = examples("second-side-as-add-on")
    report = check_claim(attrs.evolve(example.claim, diagnoses=()), policy=policies.get("cpt"))

    assert {each.reason for each in report.not_checked if each.rule == "diagnosis-missing"} == {
        "no line has one"
    }


def record() -> None:
    """Write anew what is said of every claim."""
    for family, listed in CASES.items():
        said = "".join(f"\n== {name}\n{said_of(case)}\n" for name, case in listed.items())
        head = f"# What the rules of the family {family} say; `nox -s regenerate` writes it.\n"
        path_of(family).write_text(head + said, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    record()
