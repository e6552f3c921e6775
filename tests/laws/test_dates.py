"""Dates decide: how long a fact is in force, and what a policy answers on every day."""

import bisect
import datetime as dt
import itertools
from collections.abc import Iterator

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cptfacet import policies
from cptfacet.dates import (
    EffectivePeriod,
    Status,
    add_months,
    parse_date,
    window_left,
    window_start,
)
from cptfacet.errors import ParseError
from cptfacet.policies import DIMENSIONS, NotKnown, Policy, Provision
from cptfacet.reference import packaged

DAY = dt.timedelta(days=1)
DATES = st.dates()
TERMS = st.builds(
    lambda start, seen, length: EffectivePeriod(
        start=start,
        seen=seen,
        until=None
        if length is None
        else min(start or seen or dt.date(1999, 1, 1), dt.date.max - length) + length,
    ),
    st.none() | DATES,
    st.none() | DATES,
    st.none() | st.timedeltas(dt.timedelta(0), dt.timedelta(days=40_000)),
)


class TestTerms:
    """A fact is in force, or is not, or no source tells: three answers and never two of them.

    A stated start means that the fact was not in force before. Where only a sighting is known,
    nothing is known before it. The last day is a day in force. A fact without dates, which only a
    judgment may be, holds on every day.

    Source: docs/design.md, decision 5.
    """

    @given(TERMS, DATES)
    def test_each_day_has_its_answer(self, term: EffectivePeriod, date: dt.date) -> None:
        standing = term.on(date)

        begins = term.start or term.seen
        if term.until is not None and date > term.until:
            assert standing is Status.NOT_IN_FORCE
        elif begins is None or date >= begins:
            assert standing is Status.IN_FORCE
        elif term.start is not None:
            assert standing is Status.NOT_IN_FORCE
        else:
            assert standing is Status.NOT_KNOWN

    @given(TERMS, DATES, DATES)
    def test_what_has_begun_is_known_and_what_has_ended_stays_ended(
        self, term: EffectivePeriod, one: dt.date, other: dt.date
    ) -> None:
        earlier, later = term.on(min(one, other)), term.on(max(one, other))

        if earlier is Status.IN_FORCE:
            assert later is not Status.NOT_KNOWN
        if later is Status.NOT_KNOWN:
            assert earlier is Status.NOT_KNOWN
        if term.start is not None:
            assert Status.NOT_KNOWN not in (earlier, later)

    @given(TERMS)
    def test_the_first_and_the_last_day_are_in_force(self, term: EffectivePeriod) -> None:
        assert term.on(term.first) is Status.IN_FORCE
        assert term.on(term.last) is Status.IN_FORCE
        if term.first > dt.date.min:
            assert term.on(term.first - DAY) is not Status.IN_FORCE
        if term.last < dt.date.max:
            assert term.on(term.last + DAY) is Status.NOT_IN_FORCE

    @given(TERMS)
    def test_its_text_names_its_days(self, term: EffectivePeriod) -> None:
        days = [str(day) for day in (term.start or term.seen, term.until) if day]

        assert [word for word in str(term).split() if word[0].isdigit()] == days

    @given(DATES)
    def test_a_judgment_without_dates_holds_always(self, date: dt.date) -> None:
        assert EffectivePeriod().on(date) is Status.IN_FORCE


class TestReading:
    """A date is read in one form alone, so that no day is taken for a month.

    Source: docs/design.md, interchange (ISO dates).
    """

    @given(DATES)
    def test_there_and_back(self, date: dt.date) -> None:
        assert parse_date(date.isoformat()) == date
        assert parse_date(f" {date.isoformat()}\n") == date

    @given(st.one_of(st.text(), st.from_regex(r"\d{3,5}[-/.]?\d{1,2}[-/.]?\d{1,2}")))
    def test_any_text_is_a_day_or_refused(self, text: str) -> None:
        try:
            date = parse_date(text)
        except ParseError:
            return
        assert date.isoformat() == text.strip()

    @pytest.mark.parametrize(
        "text", ["2026-02-29", "2026-13-01", "0000-01-01", "20260302", "2026-W10-1", "2026-3-2"]
    )
    def test_no_such_day(self, text: str) -> None:
        with pytest.raises(ParseError):
            parse_date(text)


MONTHS = st.integers(1, 60)
NEAR_MONTH_ENDS = st.builds(
    lambda year, month, step: dt.date(year, month, 1) + step * DAY,
    st.integers(1, 9999).filter(lambda year: year > 1) | st.sampled_from([2023, 2024, 2025]),
    st.integers(1, 12),
    st.integers(-4, 1),
)
ANY_DAYS = DATES | NEAR_MONTH_ENDS


def months_of(date: dt.date, more: int = 0) -> tuple[int, int]:
    """Return a day as its month, counted from year 0, and its day of the month."""
    return date.year * 12 + date.month + more, date.day


def inside(day: dt.date, end: dt.date, months: int) -> bool:
    """Whether a day is less than some months before another.

    It is where its month and day of the month, so many months later, are not reached yet; no such
    day need exist.
    """
    return day <= end and months_of(day, months) > months_of(end)


class TestWindows:
    """A rolling window of some months holds a day until its month and day of the month come again.

    The day exactly so many months before is outside: a session on 2025-03-02 does not count on
    2026-03-02, and one on 2025-03-03 does. Where a month lacks the day, it is reached with the next
    month: a session on 29 February counts through 28 February and not on 1 March.

    Source: a judgment, named as such in `window_start`; coverage documents say "rolling 12 months"
    and not more.
    """

    @given(end=ANY_DAYS, months=MONTHS, data=st.data())
    def test_day_by_day(self, end: dt.date, months: int, data: st.DataObject) -> None:
        start = window_start(end, months)
        beside = [start + step * DAY for step in (-2, -1, 0, 1) if (start - dt.date.min).days > 2]
        for day in [end, *beside, data.draw(ANY_DAYS)]:
            assert (start <= day <= end) is inside(day, end, months), day

    @pytest.mark.parametrize("months", [1, 2, 6, 12, 24])
    def test_every_day_of_four_years(self, months: int) -> None:
        for number in range(4 * 366):
            end = dt.date(2024, 1, 1) + number * DAY
            start = window_start(end, months)

            assert inside(start, end, months)
            assert not inside(start - DAY, end, months)

    @given(day=ANY_DAYS, months=MONTHS)
    def test_the_day_on_which_it_is_left(self, day: dt.date, months: int) -> None:
        left = window_left(day, months)

        if left is None:
            assert inside(day, dt.date.max, months)
        else:
            assert not inside(day, left, months)
            assert inside(day, left - DAY, months)

    @given(day=ANY_DAYS, more=st.integers(-600, 600), months=MONTHS)
    def test_later_days_open_later_windows(self, day: dt.date, more: int, months: int) -> None:
        other = min(max(day.toordinal() + more, 1), dt.date.max.toordinal())
        one, two = sorted([day, dt.date.fromordinal(other)])

        assert window_start(one, months) <= window_start(two, months)
        assert window_start(one, months) >= window_start(one, months + 1)

    @given(day=ANY_DAYS, months=st.integers(-120, 120))
    def test_added_months(self, day: dt.date, months: int) -> None:
        try:
            later = add_months(day, months)
        except OverflowError:
            assert not 1 <= (months_of(day, months)[0] - 1) // 12 <= 9999
            return
        assert months_of(later)[0] == months_of(day, months)[0]
        assert later.day == day.day or (later.day < day.day and (later + DAY).day == 1)

    @pytest.mark.parametrize(
        ("end", "months", "first"),
        [
            ("2026-03-02", 12, "2025-03-03"),
            ("2024-02-29", 12, "2023-03-01"),
            ("2025-02-28", 12, "2024-02-29"),
            ("2025-03-01", 12, "2024-03-02"),
            ("2026-05-31", 3, "2026-03-01"),
            ("2026-07-31", 1, "2026-07-01"),
            ("0001-03-01", 12, "0001-01-01"),
        ],
    )
    def test_windows_written_out(self, end: str, months: int, first: str) -> None:
        assert window_start(parse_date(end), months) == parse_date(first)

    @pytest.mark.parametrize("months", [0, -1])
    def test_no_window_without_months(self, months: int) -> None:
        with pytest.raises(ValueError, match="at least one month"):
            window_start(dt.date(2026, 3, 2), months)
        with pytest.raises(ValueError, match="at least one month"):
            window_left(dt.date(2026, 3, 2), months)


OPEN = {
    "add-on": (*(procedure.code for procedure in packaged().procedures), "99999"),
    "rule": ("third-level-not-covered", "two-regions", "no-such-rule"),
}


def questions() -> Iterator[tuple[str, dict[str, str]]]:
    """List every key of the vocabulary with every cell that a caller may ask for."""
    for key in policies.KEYS.values():
        names = [name.replace("-", "_") for name in key.dimensions]
        axes = [DIMENSIONS[name] or OPEN[name] for name in key.dimensions]
        for values in itertools.product(*axes):
            yield key.name, dict(zip(names, values, strict=True))


QUESTIONS = tuple(questions())
PACKAGED = tuple(map(policies.get, policies.ids()))


def between(days: list[dt.date]) -> Iterator[tuple[dt.date, dt.date]]:
    """List the stretches between turning points, each with its first and its last day."""
    firsts = sorted({dt.date.min, *days})
    for first, following in itertools.zip_longest(firsts, firsts[1:]):
        yield first, following - DAY if following else dt.date.max


@pytest.mark.parametrize("policy", PACKAGED, ids=lambda policy: policy.id)
class TestPolicies:
    """A packaged policy answers every question on every day, and changes on its own days only.

    An answer is a provision that was in force on that day or says that it is not known; before the
    first sighting of a provision nobody knows, and a later text is never read back in time.

    Source: docs/design.md, decision 5; each provision cites its own.
    """

    def test_between_two_turning_points_the_answer_stays(self, policy: Policy) -> None:
        stretches = list(between(sorted(policy.turning_days())))
        assert len(stretches) > 10
        for key, cell in QUESTIONS:
            for first, last in stretches:
                answer = policy.get(key, on=first, **cell)

                assert answer.key == key
                assert answer.cell == tuple(cell.values())
                assert answer == policy.get(key, on=last, **cell)
                assert answer == policy.get(key, on=first + (last - first) / 2, **cell)

    @given(date=DATES, question=st.sampled_from(QUESTIONS))
    def test_on_any_day(
        self, policy: Policy, date: dt.date, question: tuple[str, dict[str, str]]
    ) -> None:
        key, cell = question
        days = sorted(policy.turning_days())
        place = bisect.bisect_right(days, date)
        answer = policy.get(key, on=date, **cell)

        assert answer == policy.get(key, on=days[place - 1] if place else dt.date.min, **cell)
        if isinstance(answer, Provision):
            assert answer.term.on(date) is Status.IN_FORCE
            assert answer in {p for each in policy.lineage() for p in each.provisions}
        else:
            assert answer.reason

    def test_before_the_first_sighting_nothing_is_known(self, policy: Policy) -> None:
        for stated in policy.provisions:
            if stated.term.start is not None or stated.term.seen is None:
                continue
            day_before = stated.term.seen - DAY
            earlier = [
                other
                for other in policy.provisions
                if (other.key, other.cell) == (stated.key, stated.cell)
                and other.term.on(day_before) is Status.IN_FORCE
            ]
            answer = policy.get(stated.key, on=day_before, **cell_of(stated))

            assert answer == earlier[0] if earlier else isinstance(answer, NotKnown)

    def test_on_its_own_days_each_provision_answers(self, policy: Policy) -> None:
        for stated in policy.provisions:
            for day in (stated.term.first, stated.term.last):
                assert policy.get(stated.key, on=day, **cell_of(stated)) == stated

    def test_what_it_does_not_state_the_extended_policy_answers(self, policy: Policy) -> None:
        own = {(stated.key, stated.cell) for stated in policy.provisions}
        on = dt.date(2026, 3, 2)
        for key, cell in QUESTIONS:
            if policy.extends is not None and (key, tuple(cell.values())) not in own:
                assert policy.get(key, on=on, **cell) == policy.extends.get(key, on=on, **cell)

    def test_its_changes_are_its_days(self, policy: Policy) -> None:
        for change in policy.changes():
            term = change.provision.term
            assert change.on in (term.start, term.seen, term.until)
            assert policy.changes(since=change.on, until=change.on)


def test_many_provisions_are_only_seen() -> None:
    """So that the law of the first sighting is not empty."""
    seen = [p for policy in PACKAGED for p in policy.provisions if p.term.seen is not None]

    assert len({p.policy for p in seen}) > 10
    assert len(seen) > 50


def test_a_policy_may_end_on_the_last_day_there_is() -> None:
    cpt = policies.get("cpt")
    endless = attrs.evolve(
        cpt,
        provisions=tuple(
            attrs.evolve(stated, term=attrs.evolve(stated.term, until=dt.date.max))
            if stated.term.until is None
            else stated
            for stated in cpt.provisions
        ),
    )

    assert endless.turning_days() == cpt.turning_days()


def cell_of(stated: Provision | NotKnown) -> dict[str, str]:
    """Name the cell of a provision as a caller asks for it."""
    names = policies.KEYS[stated.key].dimensions
    return dict(zip((name.replace("-", "_") for name in names), stated.cell, strict=True))
