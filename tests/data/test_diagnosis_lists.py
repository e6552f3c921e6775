"""A policy file can state a list of covered diagnoses, and claims are checked against it."""

from __future__ import annotations

import datetime as dt
import pickle
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from cptfacet import policies
from cptfacet.checking import check_claim
from cptfacet.claims import Claim, ClaimType, parse_line
from cptfacet.findings import Finding
from cptfacet.policies import Policy
from cptfacet.policies.diagnosis_lists import DiagnosisList, DiagnosisUse, diagnosis_list
from cptfacet.unknown import Unknown

HEADER = """
id = "{id}"
title = "{id}"
payer = "{id}"
revised = 2026-03-02
extends = "{extends}"

[sources.letter-{id}]
title = "A letter to providers"
publisher = "{id}"
"""
LIST = """
[[diagnosis-lists]]
document = "{document}"
diagnoses = {codes}
facet-cyst = ["M71.38"]
{term}
citations = ["letter-{id}"]
confidence = "confirmed"
"""
SPRING, SUMMER = dt.date(2026, 3, 2), dt.date(2026, 8, 3)


def source(id_: str, *lists: tuple[str, str, str], extends: str = "commercial") -> str:
    """Write a policy file with lists: document, codes and term of each."""
    tables = (LIST.format(id=id_, document=d, codes=c, term=t) for d, c, t in lists)
    return HEADER.format(id=id_, extends=extends) + "".join(tables)


def loaded(folder: Path, *sources: str) -> list[Policy]:
    """Load policy files that may extend each other, in their order."""
    paths = [folder / f"{number}.toml" for number in range(len(sources))]
    for path, text in zip(paths, sources, strict=True):
        path.write_text(text, encoding="utf-8")
    by_id = policies.load_all(paths)
    return [by_id[text.split('"')[1]] for text in sources]


def not_listed(
    policy: Policy, diagnosis: str, on: dt.date = SPRING, line: str = "64493-RT x1"
) -> list[Finding]:
    claim = Claim(
        claim_type=ClaimType.PROFESSIONAL,
        date=on,
        diagnoses=(diagnosis,),
        lines=(parse_line(line),),
    )
    report = check_claim(claim, policy=policy)
    return [found for found in report.findings if "listed" in found.rule or "cyst" in found.rule]


FIRST = ("MM-1", '["M47.816"]', "from = 2026-01-01\nuntil = 2026-06-30")
SECOND = ("MM-2", '["M47.817"]', "from = 2026-07-01")


def test_a_claim_is_checked_against_the_list_of_its_date(tmp_path: Path) -> None:
    [policy] = loaded(tmp_path, source("plan", FIRST, SECOND))

    for on, document, listed, other in (
        (SPRING, "MM-1", "M47.816", "M47.817"),
        (SUMMER, "MM-2", "M47.817", "M47.816"),
    ):
        [found] = not_listed(policy, other, on)
        assert found.rule == "diagnosis-not-listed"
        assert f"({document})" in found.message
        assert [citation.id for citation in found.citations] == ["letter-plan"]
        assert not_listed(policy, listed, on) == []


def test_a_code_for_facet_cysts_alone_does_not_support_an_ablation(tmp_path: Path) -> None:
    [policy] = loaded(tmp_path, source("plan", FIRST))
    [found] = not_listed(policy, "M71.38", line="64635-RT x1")

    assert "MM-1 lists M71.38 only for procedures" in found.message
    answer = diagnosis_list(policy, on=SPRING)
    assert isinstance(answer, DiagnosisList)
    assert answer.use_of("m7138") is DiagnosisUse.FACET_CYST


def test_a_policy_has_the_list_of_the_one_that_it_extends_until_it_states_its_own(
    tmp_path: Path,
) -> None:
    base, plain, other = loaded(
        tmp_path,
        source("base", FIRST),
        source("plain", extends="base"),
        source("other", SECOND, extends="base"),
    )

    assert diagnosis_list(plain, on=SPRING) == diagnosis_list(base, on=SPRING)
    assert [found.document for found in map(list_of(SPRING), (plain, other))] == ["MM-1", "MM-1"]
    assert list_of(SUMMER)(other).document == "MM-2"
    assert not_listed(plain, "M54.50")


def list_of(on: dt.date) -> Callable[[Policy], DiagnosisList]:
    def found(policy: Policy) -> DiagnosisList:
        answer = diagnosis_list(policy, on=on)
        assert isinstance(answer, DiagnosisList)
        return answer

    return found


def test_a_list_of_your_own_comes_before_the_packaged_one(tmp_path: Path) -> None:
    own, without = loaded(
        tmp_path,
        source("own", FIRST, extends="medicare-je"),
        source("without", extends="medicare-je"),
    )

    assert list_of(SPRING)(own).document == "MM-1"
    packaged = diagnosis_list(policies.get("medicare-je"), on=SPRING)
    assert attrs.asdict(list_of(SPRING)(without)) == attrs.asdict(packaged)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        ("seen = 2026-05-01", "no source shows one in force before 2026-05-01"),
        ("from = 2025-01-01\nuntil = 2025-12-31", "what is known is MM-1 from 2025-01-01 until"),
        ("from = 2026-05-01", "what is known is MM-1 from 2026-05-01"),
    ],
)
def test_on_other_dates_the_list_is_not_known(tmp_path: Path, term: str, reason: str) -> None:
    [policy] = loaded(tmp_path, source("plan", ("MM-1", '["M47.816"]', term)))
    answer = diagnosis_list(policy, on=SPRING)

    assert isinstance(answer, Unknown)
    assert reason in answer.reason
    assert not_listed(policy, "M54.50") == []


def test_a_policy_with_lists_is_a_value(tmp_path: Path) -> None:
    [policy] = loaded(tmp_path, source("plan", FIRST, SECOND))
    [same] = loaded(tmp_path, source("plan", FIRST, SECOND))
    [less] = loaded(tmp_path, source("plan", FIRST))

    assert policy == same
    assert hash(policy) == hash(same)
    assert policy != less
    assert pickle.loads(pickle.dumps(policy)) == policy  # noqa: S301  our own bytes
    assert dt.date(2026, 7, 1) in policy.turning_days()
    with pytest.raises(ValueError, match="two lists of diagnoses are in force on one day"):
        attrs.evolve(policy, diagnosis_lists=policy.diagnosis_lists * 2)
