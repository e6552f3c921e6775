"""Add-on codes: the order of lines, and which primaries are missing."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cptfacet import policies
from cptfacet.addons import allowed_primaries, missing_primaries, order_lines
from cptfacet.claims import ClaimLine
from cptfacet.errors import ParseError
from cptfacet.policies import Policy
from cptfacet.procedures import ProcedureKind, is_code
from cptfacet.reference import packaged
from cptfacet.unknown import Unknown

FACET = [procedure.code for procedure in packaged().find_procedures(kind=ProcedureKind.FACET)]
ADD_ONS = [p.code for p in packaged().find_procedures(kind=ProcedureKind.FACET) if p.primaries]
OLD_ADD_ONS = [
    p.code for p in packaged().find_procedures(kind=ProcedureKind.PREDECESSOR) if p.primaries
]
OTHERS = [p.code for p in packaged().find_procedures(kind=ProcedureKind.RELATED)]
OTHERS += [p.code for p in packaged().find_procedures(kind=ProcedureKind.PREDECESSOR)]
HOSTILE = [
    "99999",
    "A0000",
    "",
    " 64494",
    "64494 ",
    "64494X",
    "0213t",
    "\N{FULLWIDTH DIGIT SIX}4494",
]
CODES = st.one_of(st.sampled_from([*FACET, *OTHERS, *HOSTILE]), st.text(max_size=6))


def primaries_of(line: ClaimLine, on: dt.date, policy: Policy | None) -> tuple[str, ...]:
    """Return the primary codes of a line's code; a text that is not exactly a code has none."""
    return allowed_primaries(line.code, on=on, policy=policy) if is_code(line.code) else ()


LINES = st.lists(
    st.builds(
        ClaimLine,
        code=CODES,
        modifiers=st.lists(st.sampled_from(["50", "RT", "LT", "KX", "??"]), max_size=2).map(tuple),
        units=st.one_of(st.none(), st.integers(-1, 3)),
    ),
    max_size=9,
)
DATES = st.one_of(
    st.dates(),
    st.sampled_from(
        [
            dt.date(2009, 12, 31),  # before the codes
            dt.date(2010, 1, 1),
            dt.date(2013, 4, 1),  # the add-on edits begin
            dt.date(2015, 1, 1),
            dt.date(2023, 1, 1),  # the thoracolumbar pair
            dt.date(2025, 1, 1),
            dt.date(2026, 3, 2),
        ]
    ),
)
POLICIES = st.sampled_from([None, *map(policies.get, policies.ids())])
TODAY = dt.date(2026, 3, 2)


def places(lines: tuple[ClaimLine, ...], codes: tuple[str, ...]) -> list[int]:
    """Return the positions of lines with some codes."""
    return [place for place, line in enumerate(lines) if line.code in codes]


class TestOrder:
    """Ordering keeps every line, puts each add-on behind a primary, and is done in one go.

    An add-on is reported with its primary and never alone. Lines that are no add-ons keep their
    order, whatever stands on the claim.

    Source: beck10 and mpr11 (CPT's pairs), cms-aoc-2024q2 (the add-on edits), cgs25 (Medicare).
    """

    @given(LINES, DATES, POLICIES)
    def test_any_lines(self, lines: list[ClaimLine], on: dt.date, policy: Policy | None) -> None:
        ordered = order_lines(lines, on=on, policy=policy)

        assert sorted(ordered, key=repr) == sorted(lines, key=repr)
        assert order_lines(ordered, on=on, policy=policy) == ordered
        for place, line in enumerate(ordered):
            allowed = primaries_of(line, on, policy)
            there = places(ordered, allowed)
            assert not there or min(there) < place, f"{line.text} stands before its primary"
        kept = [each for each in lines if not primaries_of(each, on, policy)]
        assert [each for each in ordered if not primaries_of(each, on, policy)] == kept

    @given(LINES, DATES, POLICIES)
    def test_an_add_on_stands_behind_all_lines_of_the_primary_that_it_follows(
        self, lines: list[ClaimLine], on: dt.date, policy: Policy | None
    ) -> None:
        ordered = order_lines(lines, on=on, policy=policy)
        for place, line in enumerate(ordered):
            allowed = primaries_of(line, on, policy)
            own = next((code for code in allowed if code in {each.code for each in lines}), None)
            if own is not None:
                assert max(places(ordered, (own,))) < place

    @pytest.mark.parametrize("policy", [None, *policies.ids()])
    def test_every_order_of_a_whole_claim_becomes_the_same(self, policy: str | None) -> None:
        sorted_claims = [
            ["64490", "64491", "64492", "64493", "64494", "64495"],
            ["64633", "64634", "64635", "64636"],
            ["0213T", "0214T", "0215T"],
            ["0216T", "0217T", "0218T"],
        ]
        under = policies.get(policy) if policy else None
        for claim in sorted_claims:
            primaries = [code for code in claim if code not in ADD_ONS]
            for order in itertools.permutations(claim):
                if [code for code in order if code in primaries] != primaries:
                    continue  # lines that are no add-ons keep their order
                listed = [ClaimLine(code=code) for code in order]
                ordered = order_lines(listed, on=TODAY, policy=under)
                assert [line.code for line in ordered] == claim


class TestMissingPrimaries:
    """No primary is missing where and only where each add-on has one that allows it beside it.

    Which primaries allow an add-on is what the add-on edits say on that date, and what the policy
    adds. Codes that are not known are no add-ons, and nothing about them is said.

    Source: cms-aoc-2024q2; cgs25 for the thoracolumbar pair of ablations.
    """

    @given(LINES, DATES, POLICIES)
    def test_any_lines(self, lines: list[ClaimLine], on: dt.date, policy: Policy | None) -> None:
        codes = {line.code for line in lines}
        alone = [
            number
            for number, line in enumerate(lines, 1)
            if (allowed := primaries_of(line, on, policy)) and codes.isdisjoint(allowed)
        ]
        missing = missing_primaries(lines, on=on, policy=policy)

        assert [each.line for each in missing] == alone
        for each in missing:
            assert each.code == lines[each.line - 1].code
            assert each.allowed == allowed_primaries(each.code, on=on, policy=policy)

    @given(LINES, DATES, POLICIES)
    def test_ordering_misses_the_same(
        self, lines: list[ClaimLine], on: dt.date, policy: Policy | None
    ) -> None:
        before = missing_primaries(lines, on=on, policy=policy)
        after = missing_primaries(order_lines(lines, on=on, policy=policy), on=on, policy=policy)

        assert sorted(each.code for each in after) == sorted(each.code for each in before)

    @given(st.text(), DATES, POLICIES)
    def test_a_code_that_is_not_known_allows_and_needs_nothing(
        self, code: str, on: dt.date, policy: Policy | None
    ) -> None:
        if isinstance(packaged().procedure(code), Unknown):
            assert missing_primaries([ClaimLine(code=code)], on=on, policy=policy) == ()
        if not is_code(code.strip().upper()):
            with pytest.raises(ParseError):
                allowed_primaries(code, on=on, policy=policy)

    @pytest.mark.parametrize("code", ADD_ONS)
    @pytest.mark.parametrize("policy", [None, *policies.ids()])
    def test_each_add_on_alone_and_with_each_primary(self, code: str, policy: str | None) -> None:
        under = policies.get(policy) if policy else None
        line = ClaimLine(code=code)
        (missing,) = missing_primaries([line], on=TODAY, policy=under)

        assert missing.allowed
        for primary in missing.allowed:
            both = [line, ClaimLine(code=primary)]
            alone = {each.code for each in missing_primaries(both, on=TODAY, policy=under)}
            assert code not in alone

    def test_every_add_on_of_today_is_met(self) -> None:
        expected = {"64491", "64492", "64494", "64495", "64634", "64636"}
        expected |= {"0214T", "0215T", "0217T", "0218T"}

        assert set(ADD_ONS) == expected

    @pytest.mark.parametrize("code", OLD_ADD_ONS)
    def test_an_add_on_of_the_past_had_its_primary(self, code: str) -> None:
        last = packaged().get_procedure(code).term.last
        (missing,) = missing_primaries([ClaimLine(code=code)], on=last)

        assert missing.allowed
        assert missing_primaries([ClaimLine(code=code)], on=TODAY) == ()
        assert {"64472", "64476", "64623", "64627"} == set(OLD_ADD_ONS)
