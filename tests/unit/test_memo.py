"""What is worked out once is kept, and no input makes it grow without end."""

from __future__ import annotations

import datetime as dt

import pytest

from cptfacet import policies
from cptfacet._memo import Kept
from cptfacet.checking import Checker
from cptfacet.claims import Claim, ClaimLine, ClaimType


def test_what_was_asked_lately_is_kept_however_much_was_asked_before() -> None:
    worked_out: list[int] = []

    def work_out(asked: int) -> int:
        worked_out.append(asked)
        return -asked

    kept = Kept(work_out, most=10)
    for number in range(100):
        assert kept[number] == kept[number] == -number
        assert len(kept) <= 10

    assert worked_out == list(range(100))


def test_a_long_question_is_worked_out_anew() -> None:
    kept = Kept[str, int](len)

    assert kept["x" * 1_000_000] == 1_000_000
    assert not kept


def test_no_two_lines_have_one_number_however_many_were_met(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a claim would get the findings of another."""
    monkeypatch.setattr("cptfacet.checking.memo_key._MOST_NUMBERS", 3)
    kept, none_kept = (Checker(policies.get("medicare"), memo=most) for most in (1 << 10, 0))
    codes = ("64493", "64494", "64495", "64635", "99213", "77003", "64490")
    for code in codes * 3:
        claim = Claim(
            claim_type=ClaimType.PROFESSIONAL,
            date=dt.date(2026, 3, 2),
            lines=(ClaimLine(code=code, modifiers=("RT",)),),
        )
        assert kept.check(claim) == none_kept.check(claim)
