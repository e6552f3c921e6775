"""Limits: how each judges a session, against judgments made by hand and day by day."""

import datetime as dt
import itertools
from collections.abc import Mapping
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from cptfacet import policies, strategies
from cptfacet.anatomy import CoverageRegion, Joint, Side
from cptfacet.claims import ClaimType
from cptfacet.history import INJECTIONS, History, PastSession, SessionKind
from cptfacet.limits import (
    Amount,
    CountedBy,
    Limit,
    LimitId,
    Missing,
    Result,
    Scope,
    Verdict,
    Window,
    WindowKind,
    global_period,
    judge_amount,
    judge_session,
    limits_of,
)
from cptfacet.policies import NotKnown, Policy, Provision
from cptfacet.procedures import Family
from cptfacet.reference import packaged
from cptfacet.rulebook import TermRules
from cptfacet.sessions import Target

DAY = dt.timedelta(days=1)
TODAY = dt.date(2026, 3, 2)
LUMBAR, CERVICAL = CoverageRegion.LUMBAR_SACRAL, CoverageRegion.CERVICAL_THORACIC
DIAGNOSTIC, THERAPEUTIC = SessionKind.DIAGNOSTIC_INJECTION, SessionKind.THERAPEUTIC_INJECTION
INJECTION, ABLATION = SessionKind.INJECTION, SessionKind.ABLATION
PACKAGED = tuple(map(policies.get, policies.ids()))

LOW_BACK = (Joint.L4_L5, Joint.L5_S1)
JOINTS = {LUMBAR: LOW_BACK, CERVICAL: (Joint.C4_C5,), None: LOW_BACK}
SIDES = (Side.LEFT, Side.RIGHT, Side.BILATERAL)


Limits = Mapping[tuple[LimitId, Family | None], Limit | NotKnown]


def limits_on(policy: Policy, day: dt.date = TODAY) -> Limits:
    return limits_of(TermRules(policy, packaged(), on=day, claim_type=ClaimType.PROFESSIONAL))


def limit_of(id_: LimitId, family: Family | None = None) -> Limit:
    found = limits_on(policies.get("medicare"))[id_, family]
    assert isinstance(found, Limit)
    return found


ABLATIONS = limit_of(LimitId.ABLATION_SESSIONS)
INTERVAL = limit_of(LimitId.DIAGNOSTIC_INTERVAL)
AFTER_ABLATION = limit_of(LimitId.DIAGNOSTIC_AFTER_ABLATION)


@st.composite
def past_sessions(draw: st.DrawFn) -> PastSession:
    """Draw sessions of few days and places; each may lack any fact."""
    region = draw(st.sampled_from([LUMBAR, LUMBAR, CERVICAL, None]))
    joints = draw(st.sets(st.sampled_from(JOINTS[region]), max_size=2))
    return PastSession(
        date=draw(st.dates(dt.date(2025, 6, 1), dt.date(2026, 6, 1))),
        kind=draw(st.sampled_from([DIAGNOSTIC, THERAPEUTIC, INJECTION, ABLATION])),
        region=region,
        targets=tuple(
            Target(joint=joint, side=draw(st.sampled_from([*SIDES, None]))) for joint in joints
        ),
        certain=draw(st.sampled_from([True, True, False])),
    )


HISTORIES = strategies.histories(sessions=past_sessions())
TIMES = st.sampled_from([WindowKind.ROLLING, WindowKind.WAIT])
LENGTHS = st.builds(Window, kind=TIMES, months=st.integers(0, 8)) | st.builds(
    Window, kind=TIMES, days=st.integers(0, 40)
)
LIMITS = strategies.limits(windows=LENGTHS) | st.sampled_from([ABLATIONS, INTERVAL, AFTER_ABLATION])


# -- by hand


def found_out(
    data: st.DataObject, session: PastSession, unmarked_as: SessionKind | None, *what: Missing
) -> PastSession | None:
    """Find out some of what is not known of a session; None where there was no such session."""
    certain, kind, region = session.certain, session.kind, session.region
    if Missing.PROCEDURE in what and not certain:
        if data.draw(st.booleans()):
            return None
        certain = True
    if Missing.PURPOSE in what and kind is INJECTION:
        kind = unmarked_as or data.draw(st.sampled_from([DIAGNOSTIC, THERAPEUTIC]))
    if Missing.REGION in what and region is None:
        region = LUMBAR if session.targets else data.draw(st.sampled_from(CoverageRegion))
    targets = session.targets
    if Missing.LEVEL in what and not targets:
        joints = data.draw(st.sets(st.sampled_from(JOINTS[region]), min_size=1))
        targets = tuple(Target(joint=joint) for joint in joints)
    if Missing.SIDE in what:
        targets = tuple(
            attrs.evolve(target, side=target.side or data.draw(st.sampled_from(SIDES)))
            for target in targets
        )
    return PastSession(
        date=session.date, kind=kind, region=region, targets=targets, certain=certain
    )


class Asked(NamedTuple):
    """What a verdict depends on."""

    limit: Limit
    session: PastSession
    history: History
    counted_by: CountedBy

    def judge(self) -> Verdict:
        return judge_session(self.limit, self.session, self.history, counted_by=self.counted_by)

    def found_out(
        self, data: st.DataObject, *what: Missing
    ) -> tuple[PastSession | None, list[PastSession]]:
        """Find out some of what is not known of the session and of each earlier one."""
        counts_claims = self.counted_by is CountedBy.CLAIM
        unmarked_as = self.limit.unmarked_as if counts_claims else None
        now, *before = (
            found_out(data, each, unmarked_as, *what)
            for each in (self.session, *self.history.sessions)
        )
        return now, [past for past in before if past is not None]


ASKED = st.builds(
    Asked,
    limit=LIMITS,
    session=past_sessions(),
    history=HISTORIES,
    counted_by=st.sampled_from(CountedBy),
)


def months_of(date: dt.date, more: int = 0) -> tuple[int, int]:
    return date.year * 12 + date.month + more, date.day


def is_in_time(limit: Limit, earlier: dt.date, date: dt.date) -> bool:
    """Count on the fingers whether a day lies in the window that ends on a later one."""
    if earlier >= date:
        return False
    if limit.strict and limit.window.kind is WindowKind.WAIT:
        date -= DAY  # it must be over on the day before
    if limit.window.months is not None:
        return earlier <= date and months_of(earlier, limit.window.months) > months_of(date)
    assert limit.window.days is not None
    return (date - earlier).days < limit.window.days


def is_in_place(limit: Limit, earlier: PastSession, session: PastSession, *, apart: bool) -> bool:
    """Whether two sessions meet, where each side of a level is one by itself or both are one."""
    if limit.scope in (Scope.SESSION, Scope.REGION):
        return limit.scope is Scope.SESSION or earlier.region is session.region
    places = [
        {
            (target.joint, side if apart or limit.scope is Scope.LEVEL_AND_SIDE else None)
            for target in each.targets
            for side in (target.side or Side.BILATERAL).parts
        }
        for each in (earlier, session)
    ]
    return not places[0].isdisjoint(places[1])


def days_by_hand(
    limit: Limit, session: PastSession, earlier: list[PastSession], *, apart: bool
) -> int:
    return len(
        {
            past.date
            for past in earlier
            if (not limit.counts or past.kind in limit.counts)
            and is_in_time(limit, past.date, session.date)
            and is_in_place(limit, past, session, apart=apart)
        }
    )


def is_allowed_by_hand(limit: Limit, used: int) -> bool:
    if limit.max is None:
        return used == 0
    return used + 1 < limit.max if limit.strict else used + 1 <= limit.max


class TestVerdict:
    """Whatever is found out of what is not known, a verdict stays right.

    Source: docs/design.md, decisions 5 and 7; windows as in `window_start`.
    """

    @given(asked=ASKED, data=st.data())
    def test_stays_right(self, asked: Asked, data: st.DataObject) -> None:
        limit, verdict = asked.limit, asked.judge()
        event(f"{verdict.result} {limit.scope} {limit.window.kind}")

        true, before = asked.found_out(data, *Missing)
        if true is None:
            return
        used = days_by_hand(limit, true, before, apart=data.draw(st.booleans()))
        if limit.applies_to and true.kind not in limit.applies_to:
            assert verdict.result is not Result.NOT_MET
            return
        assert verdict.result is not Result.NOT_APPLICABLE
        assert verdict.used is not None
        assert verdict.used.at_most is not None
        assert verdict.used.at_least <= used <= verdict.used.at_most
        if verdict.result in (Result.MET, Result.NOT_MET):
            assert (verdict.result is Result.MET) is is_allowed_by_hand(limit, used)

    @given(asked=ASKED, data=st.data())
    def test_is_known_once_what_it_lacks_is(self, asked: Asked, data: st.DataObject) -> None:
        verdict = asked.judge()
        assert bool(verdict.missing) is (verdict.result is Result.NOT_KNOWN)

        now, before = asked.found_out(data, *verdict.missing)
        if now is None:
            return
        again = asked._replace(session=now, history=History(sessions=tuple(before))).judge()

        if asked.limit.scope is Scope.LEVEL and again.result is Result.NOT_KNOWN:
            assert again.missing == (Missing.SIDE,)
        else:
            assert again.result is not Result.NOT_KNOWN

    @given(limit=LIMITS, session=past_sessions(), history=HISTORIES)
    def test_without_a_history_nothing_is_known(
        self, limit: Limit, session: PastSession, history: History
    ) -> None:
        verdict = judge_session(limit, session, None)

        if judge_session(limit, session, history).result is Result.NOT_APPLICABLE:
            assert verdict.result is Result.NOT_APPLICABLE
        else:
            assert verdict.result is Result.NOT_KNOWN
            assert verdict.missing == (Missing.HISTORY,)
            assert (verdict.used, verdict.left, verdict.next_date) == (None, None, None)

    @given(limit=LIMITS, session=past_sessions(), history=HISTORIES)
    def test_what_is_left(self, limit: Limit, session: PastSession, history: History) -> None:
        verdict = judge_session(limit, session, history)
        if verdict.result is Result.NOT_APPLICABLE:
            return
        if limit.max is None:
            assert verdict.left is None
            return
        assert verdict.used is not None
        assert verdict.used.at_most is not None
        left = [
            max(limit.max - limit.strict - used, 0)
            for used in range(verdict.used.at_least, verdict.used.at_most + 1)
        ]
        assert verdict.left == Amount(at_least=min(left), at_most=max(left))
        assert (verdict.result is Result.MET) is (min(left) > 0)

    @given(limit=LIMITS, session=past_sessions(), history=HISTORIES)
    def test_the_window(self, limit: Limit, session: PastSession, history: History) -> None:
        verdict = judge_session(limit, session, history)

        assert verdict.last == session.date
        assert verdict.first is not None
        for step in range(-3, 4):
            for day in (verdict.first + step * DAY, session.date + step * DAY):
                in_window = verdict.first <= day < session.date
                assert in_window is is_in_time(limit, day, session.date)
        for past in verdict.earlier.sessions:
            assert verdict.first <= past.date < session.date


class TestNextDate:
    """The next date is the first one after the session's own on which its limit is met.

    Earlier and later sessions of the history count as they are. What the history has on the
    session's own day is the session itself, which would move.
    """

    @settings(max_examples=60)
    @given(asked=ASKED)
    def test_is_found_day_by_day(self, asked: Asked) -> None:
        verdict, session = asked.judge(), asked.session
        others = tuple(past for past in asked.history.sessions if past.date != session.date)
        moved = asked._replace(history=History(sessions=others))
        last = dt.date(2027, 6, 1)  # every session has left every window by then
        later = (session.date + n * DAY for n in range(1, (last - session.date).days + 1))
        allowed = next(
            (
                day
                for day in later
                if moved._replace(session=attrs.evolve(session, date=day)).judge().result
                is Result.MET
            ),
            None,
        )
        event(f"{verdict.result}: {'a date' if verdict.next_date else 'none'}")

        if verdict.result in (Result.MET, Result.NOT_APPLICABLE):
            assert verdict.next_date is None
        else:
            assert verdict.next_date == allowed

    @pytest.mark.parametrize("months", [0, 1, 12])
    def test_a_limit_of_none_is_met_on_no_date(self, months: int) -> None:
        window = Window(kind=WindowKind.ROLLING, months=months)
        limit = attrs.evolve(ABLATIONS, window=window, max=0)
        history = History(sessions=(done("2025-03-03"), done("2026-04-01")))
        verdict = judge_session(limit, done(), history)

        assert (verdict.result, verdict.next_date) == (Result.NOT_MET, None)

    def test_a_session_leaves_a_rolling_year_on_the_same_date(self) -> None:
        history = History(sessions=(done("2025-03-03"), done("2025-10-01")))
        verdict = judge_session(ABLATIONS, done(), history)

        assert verdict.result is Result.NOT_MET
        assert (verdict.first, verdict.last) == (dt.date(2025, 3, 3), TODAY)
        assert (verdict.used, verdict.left) == (exactly(2), exactly(0))
        assert verdict.next_date == dt.date(2026, 3, 3)
        assert verdict.citations == ABLATIONS.citations

    def test_later_sessions_keep_a_window_full(self) -> None:
        history = History(sessions=(done("2025-04-01"), done("2025-10-01"), done("2026-03-20")))

        assert judge_session(ABLATIONS, done(), history).next_date == dt.date(2026, 10, 1)

    def test_the_session_itself_does_not_count(self) -> None:
        history = History(sessions=(done("2025-04-01"), done("2025-10-01"), done()))

        assert judge_session(ABLATIONS, done(), history).next_date == dt.date(2026, 4, 1)

    @pytest.mark.parametrize(
        ("window", "earlier", "next_date"),
        [
            ({"months": 6}, "2026-03-01", "2026-09-01"),
            ({"months": 6}, "2025-08-31", None),  # February has no such day: over on 2026-03-01
            ({"months": 6}, "2025-09-02", None),
            ({"months": 6}, "2025-09-03", "2026-03-03"),
            ({"days": 14}, "2026-02-16", None),
            ({"days": 14}, "2026-02-17", "2026-03-03"),
            ({"days": 1}, "2026-03-01", None),
            ({"days": 0}, "2026-03-01", None),
            ({"months": 0}, "2026-03-01", None),
        ],
        ids=str,
    )
    def test_a_wait_is_over_on_the_date_itself(
        self, window: dict[str, int], earlier: str, next_date: str | None
    ) -> None:
        wait = attrs.evolve(INTERVAL, window=Window(kind=WindowKind.WAIT, **window))
        side = Side.LEFT
        session = done(str(TODAY), DIAGNOSTIC, side)
        verdict = judge_session(wait, session, History(sessions=(done(earlier, DIAGNOSTIC, side),)))

        assert verdict.result is (Result.MET if next_date is None else Result.NOT_MET)
        assert verdict.next_date == (next_date and dt.date.fromisoformat(next_date))

    def test_a_limit_that_allows_none_has_none(self) -> None:
        verdict = judge_session(attrs.evolve(ABLATIONS, max=0), done(), History())

        assert (verdict.result, verdict.next_date) == (Result.NOT_MET, None)

    def test_the_calendar_may_end_before(self) -> None:
        session = done("9999-06-01")
        history = History(sessions=(done("9999-01-01"), done("9999-02-01")))

        assert judge_session(ABLATIONS, session, history).next_date is None

    def test_the_calendar_may_begin_after(self) -> None:
        for window in (
            Window(kind=WindowKind.ROLLING, days=9),
            Window(kind=WindowKind.WAIT, days=9),
        ):
            assert window.first(dt.date(1, 1, 3)) == dt.date.min
        strict = attrs.evolve(INTERVAL, strict=True)
        assert strict.first(dt.date.min) == dt.date.min

    def test_a_window_without_length_holds_no_day(self) -> None:
        none = Window(kind=WindowKind.WAIT, days=0)

        assert [none.first(TODAY), none.left(TODAY)] == [TODAY + DAY, TODAY]
        assert none.first(dt.date.max) == dt.date.max


class TestScope:
    """A limit on levels speaks of the nerves, too: of the other side it is not settled.

    Source: the shared coverage policies, definitions, D4 and D6.
    """

    @pytest.mark.parametrize(
        ("side", "level", "level_and_side"),
        [
            (Side.LEFT, Result.NOT_MET, Result.NOT_MET),
            (Side.BILATERAL, Result.NOT_MET, Result.NOT_MET),
            (Side.RIGHT, Result.NOT_KNOWN, Result.MET),
            (None, Result.NOT_MET, Result.NOT_KNOWN),
        ],
    )
    def test_sides(self, side: Side | None, level: Result, level_and_side: Result) -> None:
        session = done(str(TODAY), DIAGNOSTIC, Side.LEFT)
        history = History(sessions=(done("2026-02-28", DIAGNOSTIC, side),))
        by_side = attrs.evolve(INTERVAL, scope=Scope.LEVEL_AND_SIDE)

        assert judge_session(INTERVAL, session, history).result is level
        assert judge_session(by_side, session, history).result is level_and_side

    def test_one_shared_side_is_enough(self) -> None:
        both = tuple(
            Target(joint=joint, side=side)
            for joint, side in ((Joint.L4_L5, Side.LEFT), (Joint.L5_S1, Side.RIGHT))
        )
        session = done(str(TODAY), DIAGNOSTIC, targets=both)
        earlier = tuple(attrs.evolve(target, side=Side.LEFT) for target in both)
        history = History(sessions=(done("2026-02-28", DIAGNOSTIC, targets=earlier),))

        assert judge_session(INTERVAL, session, history).result is Result.NOT_MET

    def test_other_regions_do_not_count(self) -> None:
        earlier = (done("2025-09-01", region=CERVICAL), done("2025-10-01", region=CERVICAL))

        assert judge_session(ABLATIONS, done(), History(sessions=earlier)).used == exactly(0)

    def test_what_is_missing_is_named(self) -> None:
        session = done(str(TODAY), DIAGNOSTIC, Side.LEFT, certain=False)
        earlier = [
            (done("2026-02-20", INJECTION, Side.LEFT), Missing.PURPOSE),
            (done("2026-02-21", DIAGNOSTIC, Side.LEFT, region=None), Missing.REGION),
            (done("2026-02-22", DIAGNOSTIC), Missing.LEVEL),
            (done("2026-02-23", DIAGNOSTIC, Side.RIGHT), Missing.SIDE),
        ]
        for past, missing in earlier:
            verdict = judge_session(INTERVAL, session, History(sessions=(past,)))
            assert verdict.missing == (Missing.PROCEDURE, missing)
        history = History(sessions=tuple(past for past, _ in earlier))
        assert judge_session(INTERVAL, session, history).missing == tuple(Missing)[1:]


class TestByRecordAndByClaim:
    """An injection without KX counts as therapeutic by claim, and by record as what it was.

    Source: for a missing mark, the OIG report of March 2023 on facet-joint interventions.
    """

    def test_an_unmarked_injection(self) -> None:
        history = History(sessions=(done("2026-01-05", INJECTION),))
        for id_, kind, used in (
            (LimitId.THERAPEUTIC_SESSIONS, THERAPEUTIC, exactly(1)),
            (LimitId.DIAGNOSTIC_SESSIONS, DIAGNOSTIC, exactly(0)),
        ):
            by_record, by_claim = (
                judge_session(limit_of(id_), done(str(TODAY), kind), history, counted_by=counted_by)
                for counted_by in CountedBy
            )
            assert by_record.used == Amount(at_least=0, at_most=1)
            assert by_claim.used == used
            assert [each.counted_by for each in (by_record, by_claim)] == list(CountedBy)

    def test_a_payer_without_the_mark_counts_none_as_therapeutic(self) -> None:
        commercial = limits_on(policies.get("commercial"))
        assert all(
            limit.unmarked_as is None for limit in commercial.values() if isinstance(limit, Limit)
        )
        assert limit_of(LimitId.DIAGNOSTIC_SESSIONS).unmarked_as is THERAPEUTIC

    @pytest.mark.parametrize(
        ("counted_by", "result"),
        [(CountedBy.RECORD, Result.NOT_KNOWN), (CountedBy.CLAIM, Result.NOT_APPLICABLE)],
    )
    def test_the_session_itself(self, counted_by: CountedBy, result: Result) -> None:
        session, diagnostic = done(str(TODAY), INJECTION), limit_of(LimitId.DIAGNOSTIC_SESSIONS)
        days = [f"2025-{month:02}-15" for month in range(6, 10)]
        history = History(sessions=tuple(done(day, DIAGNOSTIC) for day in days))
        verdict = judge_session(diagnostic, session, history, counted_by=counted_by)

        assert verdict.result is result
        assert verdict.missing == ((Missing.PURPOSE,) if result is Result.NOT_KNOWN else ())


class TestAmounts:
    """An amount meets a limit by its high end and fails it by its low one."""

    @pytest.mark.parametrize("strict", [False, True])
    @pytest.mark.parametrize("most", range(4))
    def test_every_amount(self, most: int, *, strict: bool) -> None:
        limit = attrs.evolve(limit_of(LimitId.LEVELS, Family.ABLATION), max=most, strict=strict)
        for at_least, more in itertools.product(range(6), [*range(6), None]):
            at_most = None if more is None else at_least + more
            amount = Amount(at_least=at_least, at_most=at_most)
            truths = range(at_least, 20 if at_most is None else at_most + 1)
            fits = {used < most if strict else used <= most for used in truths}
            verdict = judge_amount(limit, amount)

            assert (
                verdict.result
                is {
                    (True,): Result.MET,
                    (False,): Result.NOT_MET,
                    (False, True): Result.NOT_KNOWN,
                }[tuple(sorted(fits))]
            )
            left = [max(limit.most - used, 0) for used in truths]
            assert verdict.left == Amount(at_least=min(left), at_most=max(left))
            assert verdict.used == amount
            assert (verdict.first, verdict.last, verdict.next_date) == (None, None, None)
            assert verdict.missing == ((Missing.LEVEL,) if len(fits) > 1 else ())

    def test_regions(self) -> None:
        regions = limit_of(LimitId.REGIONS)
        unsure = judge_amount(regions, Amount(at_least=1, at_most=2))

        assert (unsure.result, unsure.missing) == (Result.NOT_KNOWN, (Missing.REGION,))
        assert judge_amount(regions, exactly(2)).result is Result.NOT_MET

    @pytest.mark.parametrize(
        ("at_least", "at_most", "said"),
        [(-1, None, "0 or more, not -1"), (3, 2, "or more, not 2")],
    )
    def test_bounds_that_contradict_each_other(
        self, at_least: int, at_most: int | None, said: str
    ) -> None:
        with pytest.raises(ValueError, match=said):
            Amount(at_least=at_least, at_most=at_most)


class TestLimits:
    """The limits of a policy are its provisions, in each of its terms."""

    @pytest.mark.parametrize("policy", PACKAGED, ids=lambda policy: policy.id)
    def test_are_what_the_policy_states(self, policy: Policy) -> None:
        for day in {TODAY, *policy.turning_days()}:
            for (id_, family), limit in limits_on(policy, day).items():
                asked = provisions_of(policy, day, id_, family)
                unknown = [answer for answer in asked if isinstance(answer, NotKnown)]
                if unknown:
                    assert limit == unknown[0]
                    continue
                assert isinstance(limit, Limit)
                assert (limit.id, limit.family) == (id_, family)
                assert list(limit.provisions) == asked
                assert limit.citations == limit.provisions[0].citations
                numbers = (limit.max, limit.window.months, limit.window.days)
                assert [n for n in numbers if n is not None] == [p.value for p in limit.provisions]

    def test_of_medicare(self) -> None:
        found = limits_on(policies.get("medicare"))
        told = {
            id_.value: (limit.scope.value, limit.max, limit.window.months, limit.window.days)
            for (id_, _), limit in found.items()
            if isinstance(limit, Limit)
        }

        assert told == {
            "sessions.diagnostic": ("region", 4, 12, None),
            "sessions.therapeutic": ("region", 4, 12, None),
            "sessions.ablation": ("region", 2, 12, None),
            "diagnostic.interval": ("level", None, None, 14),
            "diagnostic.after-ablation": ("level", None, 24, None),
            "levels.max": ("region", 2, None, None),
            "regions.max": ("session", 1, None, None),
        }
        assert AFTER_ABLATION.applies_to == (DIAGNOSTIC,)
        assert AFTER_ABLATION.counts == (ABLATION,)
        assert INTERVAL.applies_to == INTERVAL.counts == (DIAGNOSTIC,)

    def test_pooled(self) -> None:
        policy, day = policies.get("medicare-jn"), dt.date(2021, 4, 24)
        pooled = limits_on(policy, day)[LimitId.INJECTION_SESSIONS, None]

        assert isinstance(pooled, Limit)
        assert set(pooled.applies_to) == set(pooled.counts) == INJECTIONS

    @pytest.mark.parametrize(
        ("code", "days"), [("64633", 10), ("64635", 10), ("64636", None), ("64493", 0)]
    )
    def test_the_global_period(self, code: str, days: int | None) -> None:
        procedure = packaged().get_procedure(code)
        found = global_period(procedure)
        if days is None:
            assert found is None
            return
        assert found is not None
        assert procedure.indicators is not None
        assert found.citations == procedure.indicators.citations
        for elapsed in range(15):
            earlier = History(sessions=(done(str(TODAY - elapsed * DAY), region=CERVICAL),))
            verdict = judge_session(found, done(str(TODAY), INJECTION), earlier)
            assert (verdict.result is Result.NOT_MET) is (0 < elapsed <= days), elapsed

    def test_a_code_that_the_fee_schedule_lacks_has_no_global_period(self) -> None:
        assert global_period(packaged().get_procedure("64475")) is None


class TestShape:
    """What contradicts itself is refused."""

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"kind": WindowKind.SESSION, "days": 1}, "one session can't have a length"),
            ({"kind": WindowKind.ROLLING}, "in months or in days"),
            ({"kind": WindowKind.ROLLING, "days": 1, "months": 1}, "in months or in days"),
            ({"kind": WindowKind.WAIT, "months": -1}, "0 or more"),
        ],
        ids=str,
    )
    def test_windows(self, fields: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            Window(**fields)

    def test_a_wait_alone_has_no_max(self) -> None:
        for limit, most in ((INTERVAL, 1), (ABLATIONS, None)):
            with pytest.raises(ValueError, match="a wait can't have a max"):
                attrs.evolve(limit, max=most)

    def test_each_kind_of_limit_has_its_judge(self) -> None:
        with pytest.raises(ValueError, match="use judge_session"):
            judge_amount(ABLATIONS, exactly(1))
        with pytest.raises(ValueError, match="use judge_amount"):
            judge_session(limit_of(LimitId.REGIONS), done(), History())


def done(
    date: str = str(TODAY), kind: SessionKind = ABLATION, *sides: Side | None, **further: Any
) -> PastSession:
    """Return a lumbar session, at L4-L5 if a side is given."""
    targets = tuple(Target(joint=Joint.L4_L5, side=side) for side in sides)
    fields = {"region": LUMBAR, "targets": targets, **further}
    return PastSession(date=dt.date.fromisoformat(date), kind=kind, **fields)


def exactly(number: int) -> Amount:
    return Amount(at_least=number, at_most=number)


def provisions_of(
    policy: Policy, day: dt.date, id_: LimitId, family: Family | None
) -> list[Provision | NotKnown]:
    """Ask a policy for the provisions of a limit, the one that decides first."""
    procedures = {
        LimitId.DIAGNOSTIC_SESSIONS: "diagnostic-injection",
        LimitId.THERAPEUTIC_SESSIONS: "therapeutic-injection",
        LimitId.ABLATION_SESSIONS: "ablation",
    }
    window = policy.get("sessions.window", on=day)
    if id_ in procedures:
        return [policy.get("sessions.max", on=day, procedure=procedures[id_]), window]
    if id_ is LimitId.INJECTION_SESSIONS:
        return [policy.get("sessions.pooled.max", on=day), window]
    return [policy.get(id_.value, on=day, **({"family": family.value} if family else {}))]
