"""Every rule says what it is about, on whose authority, and proves itself on two claims."""

from __future__ import annotations

import pytest

from cptfacet import _data
from cptfacet.checking import all_rules
from cptfacet.checking.rule import facts_of
from cptfacet.checking.rules import FAMILIES
from cptfacet.findings import RuleFamily
from cptfacet.interop.examples import Example, examples

RULES = {rule.id: rule for rule in all_rules()}


def test_each_family_has_its_rules() -> None:
    assert set(FAMILIES) == set(RuleFamily)
    for family in FAMILIES:
        assert {rule.id for rule in all_rules() if rule.family is family} == set(facts_of(family))


def test_no_two_rules_have_one_id() -> None:
    assert len(RULES) == len(all_rules())


@pytest.mark.parametrize("rule_id", RULES)
class TestRule:
    """A rule is told by its metadata, fires where it should, and nowhere else."""

    def test_says_what_it_is_about(self, rule_id: str) -> None:
        rule = RULES[rule_id]

        assert 10 <= len(rule.title) <= 90
        assert len(rule.why) >= 40
        assert rule.why.endswith(".")
        assert not rule.title.endswith(".")
        assert rule.check.ask.__doc__ or (rule.check.ask_whole or rule.check.ask).__doc__

    def test_cites_sources_that_resolve(self, rule_id: str) -> None:
        citations = RULES[rule_id].citations

        assert citations
        assert all(citation.id in _data.sources() for citation in citations)

    def test_fires_on_its_example(self, rule_id: str) -> None:
        fires, _ = examples(rule_id)
        found = [finding for finding in fires.check().findings if finding.rule == rule_id]

        assert found, fires.check().explain()
        for finding in found:
            assert finding.kind is RULES[rule_id].kind
            assert finding.citations
            assert all(1 <= line <= len(fires.claim.lines) for line in finding.lines)

    def test_is_quiet_on_its_other_example(self, rule_id: str) -> None:
        _, quiet = examples(rule_id)
        report = quiet.check()

        assert rule_id not in {finding.rule for finding in report.findings}
        assert rule_id not in {skipped.rule for skipped in report.not_checked}

    def test_its_examples_differ(self, rule_id: str) -> None:
        fires, quiet = examples(rule_id)

        assert fires != quiet
        assert isinstance(fires, Example)
