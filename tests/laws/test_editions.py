"""Editions: what an answer stands on follows from the day and from the editions that were read."""

import datetime as dt
from itertools import pairwise

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cptfacet.claims import ClaimType
from cptfacet.reference import packaged
from cptfacet.reference.editions import Basis, Edition, Provenance, releases_behind, resolve
from cptfacet.reference.edits import Mue, MueRow
from cptfacet.reference.tables import Rows
from cptfacet.unknown import Unknown

Series = list[tuple[Edition, str | None]]
DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2021, 12, 31))


@st.composite
def all_series(draw: st.DrawFn) -> Series:
    """Draw editions in order that don't overlap; some touch, and some have no rows."""
    bounds = sorted(draw(st.sets(DAYS, min_size=2, max_size=8)))
    spans = list(zip(bounds[::2], bounds[1::2], strict=False))
    values = st.sampled_from(["one", "two", None])
    return [
        (Edition(id=f"e{n}", first=first, last=last, citations=()), draw(values))
        for n, (first, last) in enumerate(spans)
    ]


def ask(series: Series, on: dt.date, *, strict: bool = False) -> tuple[str, Provenance] | Unknown:
    return resolve(series, on=on, what="it", strict=strict)


class TestFooting:
    """After the last edition carried, between two that agree interpolated, before the first not known.

    Source: docs/design.md, reference data.
    """

    @given(all_series(), DAYS)
    def test_the_answer_is_that_of_the_edition_of_the_day(
        self, series: Series, on: dt.date
    ) -> None:
        speaking = [(e, value) for e, value in series if e.first <= on <= e.last]
        if not speaking:
            return
        ((edition, value),) = speaking

        found = ask(series, on)

        if value is None:
            assert isinstance(found, Unknown)
        else:
            assert found == (value, Provenance(basis=Basis.STATED, editions=(edition,)))

    @given(all_series())
    def test_a_day_between_two_editions(self, series: Series) -> None:
        for (left, value), (right, other) in pairwise(series):
            on = left.last + dt.timedelta(days=1)
            if on == right.first:
                continue
            found = ask(series, on)
            if value == other and value is not None:
                footing = Provenance(basis=Basis.INTERPOLATED, editions=(left, right))
                assert found == (value, footing)
            else:
                assert isinstance(found, Unknown)
                assert left.id in found.reason
                assert right.id in found.reason

    @given(all_series(), st.integers(1, 5000))
    def test_after_the_last_edition_it_is_carried(self, series: Series, days: int) -> None:
        edition, value = series[-1]
        on = edition.last + dt.timedelta(days=days)

        found = ask(series, on)

        if value is None:
            assert isinstance(found, Unknown)
        else:
            assert found == (value, Provenance(basis=Basis.CARRIED, editions=(edition,)))

    @given(all_series(), st.integers(1, 5000))
    def test_before_the_first_edition_it_is_not_known(self, series: Series, days: int) -> None:
        on = series[0][0].first - dt.timedelta(days=days)

        found = ask(series, on)

        assert isinstance(found, Unknown)
        assert str(series[0][0]) in found.reason

    @given(all_series(), DAYS)
    def test_strict_refuses_what_is_carried_and_nothing_else(
        self, series: Series, on: dt.date
    ) -> None:
        lax, strict = ask(series, on), ask(series, on, strict=True)

        if not isinstance(lax, Unknown) and lax[1].basis is Basis.CARRIED:
            assert isinstance(strict, Unknown)
            assert "strict" in strict.reason
        elif not isinstance(lax, Unknown):
            assert strict == lax
        else:
            assert isinstance(strict, Unknown)

    @given(DAYS)
    def test_without_editions_nothing_is_known(self, on: dt.date) -> None:
        assert isinstance(ask([], on), Unknown)


@pytest.mark.parametrize("code", ["64493", "64635"])
def test_the_releases_behind_an_answer_are_its_editions(code: str) -> None:
    table, claim_type = packaged().mues, ClaimType.PROFESSIONAL
    firsts = sorted(packaged().turning_days(table))

    for on in [day + dt.timedelta(days=days) for day in firsts for days in (-1, 0)]:
        behind = releases_behind(table, code, on=on, claim_type=claim_type)
        answer = packaged().mue(code, on=on, claim_type=claim_type)
        if isinstance(answer, Mue):
            assert tuple(release.edition for release in behind) == answer.provenance.editions


def test_a_release_is_hashed_without_reading_its_rows() -> None:
    release = packaged().mues[0]
    read: list[str] = []

    def rows() -> dict[str, MueRow]:
        read.append("rows")
        return dict(release.rows)

    late = attrs.evolve(release, rows=Rows(rows))
    data = packaged().with_rows(mues=[late])
    assert hash(late) == hash(release)
    assert hash(data) == hash(packaged().with_rows(mues=[release]))
    assert read == []

    assert late == release
    assert data == packaged().with_rows(mues=[release])
    assert late != attrs.evolve(release, rows={})
    assert read == ["rows"]


def test_values_are_closed() -> None:
    for kind in (Edition, Provenance):
        assert attrs.has(kind)
        with pytest.raises(TypeError, match="can't be subclassed"):
            type("Own", (kind,), {})
