"""Histories: what earlier records tell of sessions, and how limits count them."""

import datetime as dt
import itertools
from typing import Any

import attrs
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from cptfacet import policies, strategies
from cptfacet.anatomy import CoverageRegion, Joint, Side
from cptfacet.claims import Claim, ClaimFrequency, ClaimLine, ClaimType, Purpose, parse_line
from cptfacet.coding import CodedSession, Reason, code_session
from cptfacet.coding.plans import JUNCTION
from cptfacet.decoding import SkipReason
from cptfacet.history import (
    INJECTIONS,
    History,
    PastSession,
    SessionCount,
    SessionKind,
    all_sides,
    injection_kind,
)
from cptfacet.past import (
    ReadHistory,
    history_from_claims,
    history_from_records,
    history_from_sessions,
)
from cptfacet.policies import Policy, Provision
from cptfacet.reference import packaged
from cptfacet.sessions import Guidance, Session, Target, Technique, Treatment, parse_session
from cptfacet.unknown import Unknown

DAY = dt.timedelta(days=1)
TODAY = dt.date(2026, 3, 2)
CPT, MEDICARE = policies.get("cpt"), policies.get("medicare")
LUMBAR, CERVICAL = CoverageRegion.LUMBAR_SACRAL, CoverageRegion.CERVICAL_THORACIC
DIAGNOSTIC, THERAPEUTIC = SessionKind.DIAGNOSTIC_INJECTION, SessionKind.THERAPEUTIC_INJECTION
INJECTION, ABLATION = SessionKind.INJECTION, SessionKind.ABLATION
KNOWN = (DIAGNOSTIC, THERAPEUTIC)
KINDS = st.frozensets(st.sampled_from([kind for kind in SessionKind if kind is not INJECTION]))
REGIONS = st.none() | st.sampled_from(CoverageRegion)
NEAR = st.dates(dt.date(2024, 1, 1), dt.date(2026, 12, 31))
ASKED = st.fixed_dictionaries(
    {"region": REGIONS, "joints": st.frozensets(strategies.joints(), max_size=2), "kinds": KINDS}
)
HISTORIES = strategies.histories(sessions=strategies.past_sessions(dates=NEAR))


def past(date: dt.date = TODAY, **further: Any) -> PastSession:
    return PastSession(**{"date": date, "kind": ABLATION, "region": LUMBAR, **further})


def claim(*lines: str, claim_type: ClaimType = ClaimType.PROFESSIONAL, **further: Any) -> Claim:
    fields = {"date": TODAY, "lines": tuple(map(parse_line, lines)), **further}
    return Claim(claim_type=claim_type, **fields)


def told(read: ReadHistory | History) -> list[tuple[str, str | None, str | None, bool]]:
    history = read.history if isinstance(read, ReadHistory) else read
    return [
        (past.kind.value, past.region and past.region.value, past.side, past.certain)
        for past in history.sessions
    ]


class TestOneSession:
    """Of one day, region and kind there is one session, whoever billed it and in whatever order.

    Source: a session is all facet procedures of one day (local coverage determinations, as
    L38801); that a professional and a facility claim are one session is our reading.
    """

    @given(data=st.data(), listed=st.lists(strategies.past_sessions(dates=NEAR), max_size=8))
    def test_order_and_repeats_tell_nothing(
        self, data: st.DataObject, listed: list[PastSession]
    ) -> None:
        history = History(sessions=tuple(listed))
        again = data.draw(st.lists(st.sampled_from(listed), max_size=4)) if listed else []
        shuffled = data.draw(st.permutations([*listed, *again]))

        assert History(sessions=tuple(shuffled)) == history
        assert History(sessions=history.sessions) == history

    @given(HISTORIES)
    def test_each_is_once_and_by_date(self, history: History) -> None:
        keys = [(past.date, past.region, past.kind) for past in history.sessions]

        assert len(set(keys)) == len(keys)
        assert [key[0] for key in keys] == sorted(key[0] for key in keys)

    @given(listed=st.lists(strategies.past_sessions(dates=st.just(TODAY)), max_size=8))
    def test_nothing_is_lost(self, listed: list[PastSession]) -> None:
        history = History(sessions=tuple(listed))
        whole = {(p.date, p.region, p.kind): p for p in history.sessions}

        assert len(whole) == len({(p.date, p.region, p.kind) for p in listed})
        for part in listed:
            joined = whole[part.date, part.region, part.kind]
            assert set(part.joints) <= set(joined.joints)
            assert all_sides([joined.side, part.side]) == joined.side
            assert joined.certain or not part.certain
        for joined in whole.values():
            parts = [p for p in listed if (p.region, p.kind) == (joined.region, joined.kind)]
            assert joined.certain is any(p.certain for p in parts)
            assert set(joined.joints) == {joint for p in parts for joint in p.joints}
            assert joined.side == all_sides(p.side for p in parts)

    def test_sides_of_a_joint_are_joined(self) -> None:
        left, right = (
            past(targets=(Target(joint=Joint.L4_L5, side=side),))
            for side in (Side.LEFT, Side.RIGHT)
        )
        [joined] = History(sessions=(left, right, past())).sessions

        assert joined.targets == (Target(joint=Joint.L4_L5, side=Side.BILATERAL),)
        assert joined.side is Side.BILATERAL

    def test_the_side_of_a_session_holds_those_of_its_joints(self) -> None:
        left = (Target(joint=Joint.L4_L5, side=Side.LEFT),)

        assert past(targets=left).side is Side.LEFT
        assert past(targets=left, side=Side.RIGHT).side is Side.BILATERAL

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"date": dt.datetime(2026, 3, 2, tzinfo=dt.UTC)}, "date must be a datetime.date"),
            ({"kind": "ablation"}, "kind must be a SessionKind"),
            ({"region": "lumbar-sacral"}, "region must be a CoverageRegion"),
            ({"side": "left"}, "side must be a Side"),
        ],
        ids=str,
    )
    def test_wrong_types_are_refused(self, fields: dict[str, Any], said: str) -> None:
        with pytest.raises(TypeError, match=said):
            past(**fields)

    def test_what_is_no_past_session_is_refused(self) -> None:
        with pytest.raises(TypeError, match=r"sessions\[0\] must be a PastSession, not Session"):
            History(sessions=(SESSION,))  # type: ignore[arg-type]


class TestCounting:
    """A count holds what is sure and what is open; a session counts on its day, and once.

    Whatever is found out of what is open, the number stays between the two.

    Source: docs/design.md, decision 5; rolling windows as in `window_start`.
    """

    @given(history=HISTORIES, months=st.integers(1, 24), before=NEAR, asked=ASKED, data=st.data())
    def test_what_is_found_out_stays_between(
        self,
        history: History,
        months: int,
        before: dt.date,
        *,
        asked: dict[str, Any],
        data: st.DataObject,
    ) -> None:
        region, joints, kinds = (asked[name] for name in ("region", "joints", "kinds"))
        found = history.count_within(months, before=before, **asked)
        truth = [resolved(data, session, joints) for session in history.sessions]
        days = {
            session.date
            for session in truth
            if session is not None
            and counts_by_hand(session, months, before)
            and session.kind in kinds
            and (region is None or session.region is region)
            and (not joints or joints & set(session.joints))
        }
        event(f"{found.at_least} to {min(found.at_most, 3)}")

        assert found.at_least <= len(days) <= found.at_most
        assert not set(found.certain) & set(found.possible)

    @given(history=HISTORIES, months=st.integers(1, 24), before=NEAR)
    def test_the_window(self, history: History, months: int, before: dt.date) -> None:
        within = history.count_within(months, before=before).sessions

        assert within == tuple(s for s in history.sessions if counts_by_hand(s, months, before))

    @given(history=HISTORIES, before=NEAR, kinds=KINDS, unmarked=st.sampled_from(KNOWN))
    def test_unmarked_injections_count_as_the_caller_says(
        self,
        history: History,
        before: dt.date,
        kinds: frozenset[SessionKind],
        unmarked: SessionKind,
    ) -> None:
        named = tuple(
            attrs.evolve(session, kind=unmarked) if session.kind is INJECTION else session
            for session in history.sessions
        )
        found = history.find(before=before, kinds=kinds, unmarked_as=unmarked)
        expected = History(sessions=named).find(before=before, kinds=kinds)

        assert (found.at_least, found.at_most) == (expected.at_least, expected.at_most)

    @given(history=HISTORIES, before=NEAR)
    def test_an_injection_is_one_whatever_its_purpose(
        self, history: History, before: dt.date
    ) -> None:
        assert history.find(before=before, kinds=KNOWN) == history.find(
            before=before, kinds=INJECTIONS
        )

    @given(history=HISTORIES, since=NEAR, before=NEAR)
    def test_days(self, history: History, since: dt.date, before: dt.date) -> None:
        found = history.find(since=since, before=before)

        assert set(found.sessions) == {s for s in history.sessions if since <= s.date < before}

    @given(history=HISTORIES, before=NEAR, region=REGIONS)
    def test_the_last_ablation(
        self, history: History, before: dt.date, region: CoverageRegion | None
    ) -> None:
        every = history.find(before=before, region=region, kinds=[ABLATION])
        last = history.last_ablation(region, before=before)

        assert last.certain == every.certain[-1:]
        if last.certain:
            [sure] = last.certain
            assert set(last.possible) == {p for p in every.possible if p.date >= sure.date}
        else:
            assert last == every

    @pytest.mark.parametrize("kind", SessionKind)
    def test_certain_is_what_every_finding_out_gives_and_possible_what_some_do(
        self, kind: SessionKind
    ) -> None:
        """Every state of one session against every question."""
        joints = (Joint.L4_L5, Joint.L5_S1)
        questions = [
            {"kinds": kinds, "region": region, "joints": asked}
            for count in range(5)
            for kinds in itertools.combinations([*KNOWN, ABLATION, SessionKind.CYST_RUPTURE], count)
            for region in (*CoverageRegion, None)
            for asked in ((), (Joint.L4_L5,))
        ]
        states = itertools.product(
            (*CoverageRegion, None), ((), *[(j,) for j in joints]), (True, False)
        )
        for region, known, certain in states:
            targets = tuple(Target(joint=joint) for joint in known)
            session = past(kind=kind, region=region, targets=targets, certain=certain)
            truths = list(
                itertools.product(
                    KNOWN if kind is INJECTION else (kind,),
                    (region,) if region else CoverageRegion,
                    known or joints,
                    (True,) if certain else (True, False),
                )
            )
            for question in questions:
                found = History(sessions=(session,)).find(before=TODAY + DAY, **question)
                answers = {answers_by_hand(truth, question) for truth in truths}

                assert found.at_least == (answers == {True})
                assert found.at_most == (True in answers)

    def test_those_of_unknown_purpose_can_be_asked_for(self) -> None:
        history = History(sessions=(past(kind=INJECTION), past(kind=DIAGNOSTIC)))

        found = history.find(before=TODAY + DAY, kinds=[INJECTION])
        assert [s.kind for s in found.certain] == [INJECTION]
        assert found.possible == ()

    def test_the_ends_of_a_stretch(self) -> None:
        history = History(sessions=tuple(past(TODAY + step * DAY) for step in range(-3, 2)))

        def days(tally: SessionCount) -> list[int]:
            return [(session.date - TODAY).days for session in tally.certain]

        assert days(history.find(since=TODAY - 2 * DAY, before=TODAY)) == [-2, -1]
        assert days(history.find(since=TODAY, before=TODAY)) == []
        assert days(history.find(before=TODAY)) == [-3, -2, -1]

    def test_what_is_open_on_the_day_of_the_last_ablation_is_told(self) -> None:
        sure, open_ = past(), past(region=None)
        earlier = past(TODAY - DAY, certain=False)
        last = History(sessions=(sure, open_, earlier)).last_ablation(LUMBAR, before=TODAY + DAY)

        assert last == SessionCount(certain=(sure,), possible=(open_,))

    def test_a_day_counts_once(self) -> None:
        history = History(sessions=(past(), past(region=CERVICAL), past(kind=DIAGNOSTIC)))
        found = history.find(before=TODAY + DAY)

        assert len(found.certain) == 3
        assert found.at_least == found.at_most == 1

    def test_the_day_itself_does_not_count(self) -> None:
        assert History(sessions=(past(),)).count_within(12, before=TODAY) == SessionCount()

    def test_the_same_day_of_the_year_before_does_not_count(self) -> None:
        a_year_before = past(TODAY.replace(year=2025))
        next_day = attrs.evolve(a_year_before, date=a_year_before.date + DAY)
        history = History(sessions=(a_year_before, next_day))

        assert history.count_within(12, before=TODAY).sessions == (next_day,)


def answers_by_hand(truth: tuple[Any, ...], question: dict[str, Any]) -> bool:
    kind, region, joint, took_place = truth
    return (
        took_place
        and kind in question["kinds"]
        and question["region"] in {None, region}
        and (not question["joints"] or joint in question["joints"])
    )


def counts_by_hand(session: PastSession, months: int, before: dt.date) -> bool:
    """Count months on the fingers: by year, month and day of the month, without a calendar."""
    date = session.date
    later = (date.year * 12 + date.month + months, date.day)
    return date < before and later > (before.year * 12 + before.month, before.day)


def resolved(
    data: st.DataObject, session: PastSession, joints: frozenset[Joint]
) -> PastSession | None:
    """Find out what is open of a session, one way or another."""
    if not session.certain and data.draw(st.booleans()):
        return None
    kind = data.draw(st.sampled_from(KNOWN)) if session.kind is INJECTION else session.kind
    region = session.region or data.draw(st.sampled_from(CoverageRegion))
    targets = session.targets
    if not targets:
        drawn = data.draw(st.sets(st.sampled_from([*joints, Joint.C0_C1]), min_size=1))
        targets = tuple(Target(joint=joint) for joint in drawn)
    return PastSession(date=session.date, kind=kind, region=region, targets=targets)


# -- reading

SESSION = parse_session(
    date="2026-03-02",
    technique="mbb",
    purpose="diagnostic",
    guidance="ct",
    joints=["L4-5:both", "L5-S1:left"],
)
RECORDS = st.lists(
    strategies.sessions()
    | strategies.messy_sessions()
    | strategies.claims()
    | strategies.messy_claims(),
    max_size=4,
)
PACKAGED = strategies.policies() | st.sampled_from([CPT, MEDICARE])
# Each level of these is one coded level whose region its code tells, but for nerves of T12-L1.
PLAIN = strategies.sessions(
    dates=st.dates(dt.date(2022, 1, 1), dt.date(2026, 12, 31)),
    techniques=st.sampled_from(
        [
            Technique.MEDIAL_BRANCH_BLOCK,
            Technique.INTRA_ARTICULAR_INJECTION,
            Technique.THERMAL_RADIOFREQUENCY_ABLATION,
        ]
    ),
    guidances=st.sampled_from([Guidance.FLUOROSCOPY, Guidance.CT]),
    joints=strategies.joints().filter(lambda joint: joint is not Joint.T12_L1),
    max_treatments=1,
)


def without_joints(history: History) -> History:
    return History(sessions=tuple(attrs.evolve(p, targets=()) for p in history.sessions))


GONE = (SkipReason.VOIDED, SkipReason.REPLACED)


def test_a_claim_may_be_billed_again_after_its_void() -> None:
    """Paid, reversed, and billed anew, all under one number; and each version replaces the last."""
    paid = Claim(
        claim_type=ClaimType.PROFESSIONAL,
        date=dt.date(2026, 3, 2),
        lines=(parse_line("64493-RT"),),
        id="1",
    )
    void, later = (
        attrs.evolve(paid, frequency=frequency)
        for frequency in (ClaimFrequency.VOID, ClaimFrequency.REPLACEMENT)
    )

    def read(*claims: Claim) -> list[int]:
        found = history_from_claims(claims, policy="medicare")
        gone = {unread.record for unread in found.unread}
        assert len(found.history.sessions) == (len(gone) < len(claims))
        return sorted({*range(1, len(claims) + 1)} - gone)

    assert read(paid, void) == []
    assert read(void, paid) == []
    assert read(paid, void, paid) == [3]
    assert read(paid, later) == [2]
    assert read(paid, later, later) == [3]
    assert read(later, paid) == [1]
    assert read(paid, later, void) == []


class TestReading:
    """A session and every claim of it tell the same history, as far as lines tell it.

    Source: docs/design.md, decision 9 (what it writes, it reads).
    """

    @given(session=PLAIN, policy=st.sampled_from([CPT, MEDICARE]))
    def test_claims_of_a_session_tell_what_it_tells(self, session: Session, policy: Policy) -> None:
        done = history_from_sessions([session], policy=policy)
        billed = [
            answer
            for claim_type in ClaimType
            if isinstance(
                answer := code_session(attrs.evolve(session, claim_type=claim_type), policy=policy),
                CodedSession,
            )
        ]
        assume(billed)
        assume(not any(note.refusal for answer in billed for note in answer.notes))
        assume(all(past.region for past in done.history.sessions))
        event(f"{len(billed)} claims of {len(done.history.sessions)} sessions")
        read = history_from_claims(billed, policy=policy)
        once = history_from_claims(billed[:1], policy=policy)
        mixed = history_from_records([*billed, session], policy=policy)

        kinds = [[(p.date, p.kind, p.region) for p in r.history.sessions] for r in (done, read)]
        assert kinds[0] == kinds[1]
        assert read.unread == ()
        assert [p.date for p in once.history.sessions] == [p.date for p in read.history.sessions]
        assert mixed.history == done.history
        for lines, note in zip(read.history.sessions, done.history.sessions, strict=True):
            assert all_sides([note.side, lines.side]) == note.side

    def test_the_junction_is_one_lumbar_session_where_the_policy_says_so(self) -> None:
        session = parse_session(
            date="2026-03-02",
            technique="thermal-rfa",
            guidance="fluoro",
            joints=["T12-L1:left", "L1-2:both"],
        )
        coded = code_session(session, policy=MEDICARE)
        assert isinstance(coded, CodedSession)
        done = history_from_sessions([session], policy=MEDICARE)

        assert [(p.region, p.joints) for p in done.history.sessions] == [(LUMBAR, JUNCTION)]
        assert history_from_claims([coded], policy=MEDICARE).history == done.history
        by_joint = history_from_sessions([session], policy=CPT).history
        assert [(p.region, p.joints) for p in by_joint.sessions] == [
            (LUMBAR, (Joint.L1_L2,)),
            (None, (Joint.T12_L1,)),
        ]

    @pytest.mark.parametrize(
        ("guidance", "joints", "regions"),
        [
            (Guidance.CT, JUNCTION, (LUMBAR,)),
            (Guidance.CT, (*JUNCTION, Joint.L2_L3), (LUMBAR, None)),
            (Guidance.CT, (Joint.T12_L1, Joint.L2_L3), (LUMBAR, None)),
            (Guidance.CT, (Joint.T11_T12, Joint.T12_L1), (CERVICAL, None)),
            (None, JUNCTION, (LUMBAR, None)),
        ],
        ids=str,
    )
    def test_the_junction_is_these_two_joints_alone(
        self,
        guidance: Guidance | None,
        joints: tuple[Joint, ...],
        regions: tuple[CoverageRegion | None, ...],
    ) -> None:
        """However the joints are shared out among treatments of one family."""
        techniques = (Technique.MEDIAL_BRANCH_BLOCK, Technique.INTRA_ARTICULAR_INJECTION)
        treatments = tuple(
            Treatment(technique=technique, guidance=guidance, targets=(Target(joint=joint),))
            for technique, joint in zip(itertools.cycle(techniques), joints, strict=False)
        )
        done = Session(date=TODAY, treatments=treatments)
        read = history_from_sessions([done], policy=MEDICARE)

        assert {session.region for session in read.history.sessions} == set(regions)

    @pytest.mark.parametrize("joint", Joint)
    def test_the_region_of_a_joint(self, joint: Joint) -> None:
        session = parse_session(
            date="2026-03-02", technique="ia", guidance="ct", joints=[joint.value]
        )
        [only] = history_from_sessions([session], policy=MEDICARE).history.sessions

        counted = packaged().coverage_region(joint)
        assert only.region is (None if isinstance(counted, Unknown) else counted.region)
        assert (only.region is None) is (joint is Joint.T12_L1)

    @given(records=RECORDS, policy=PACKAGED, data=st.data())
    def test_no_record_is_too_messy_and_their_order_tells_nothing(
        self, records: list[Session | Claim], policy: Policy, data: st.DataObject
    ) -> None:
        read = history_from_records(records, policy=policy)
        shuffled = data.draw(st.permutations(records))

        assert history_from_records(shuffled, policy=policy).history == read.history
        parts = [history_from_records([record], policy=policy) for record in records]
        assert read.history == History(
            sessions=tuple(past for part in parts for past in part.history.sessions)
        )
        assert read.unread == tuple(
            attrs.evolve(unread, record=number)
            for number, part in enumerate(parts, 1)
            for unread in part.unread
        )

    @given(records=RECORDS, policy=PACKAGED)
    def test_nothing_is_lost_in_silence(
        self, records: list[Session | Claim], policy: Policy
    ) -> None:
        """Each treatment or facet line is in the history on its day, or is named as unread."""
        for record in records:
            read = history_from_records([record], policy=policy)
            days = {past.date for past in read.history.sessions}
            unread = {left.part for left in read.unread}
            parts = record.treatments if isinstance(record, Session) else record.lines
            for number, part in enumerate(parts, 1):
                own = part.date if isinstance(part, ClaimLine) else None
                assert number in unread or (own or record.date) in days
            event(f"{min(len(unread), 2)} unread, {min(len(days), 2)} days")
            assert days or not any(left.counted for left in read.unread)

    @given(data=st.data(), claims=st.lists(strategies.claims(), max_size=4), policy=PACKAGED)
    def test_a_void_takes_away_only_what_it_voids(
        self, data: st.DataObject, claims: list[Claim], policy: Policy
    ) -> None:
        claims = [attrs.evolve(claim, id=str(n), frequency=None) for n, claim in enumerate(claims)]
        place = data.draw(st.integers(0, len(claims)))
        by_id, version = data.draw(st.booleans()), data.draw(st.sampled_from(ClaimFrequency))
        voided = data.draw(strategies.claims())
        voided = attrs.evolve(voided, id="voided", frequency=None)
        later = attrs.evolve(
            voided,
            id="voided" if by_id else "later",
            replaces=None if by_id else "voided",
            frequency=ClaimFrequency.VOID,
        )
        if version is ClaimFrequency.REPLACEMENT:
            later = attrs.evolve(later, frequency=version)
        records = [*claims[:place], voided, *claims[place:], later]
        rest = claims if later.is_void else [*claims, later]
        read = history_from_claims(records, policy=policy)

        assert read.history == history_from_claims(rest, policy=policy).history
        assert {u.record for u in read.unread if u.reason in GONE} >= (
            {place + 1} if voided.lines else set()
        )
        if not later.is_void:
            without = history_from_records(records[:-1], policy=policy, replaced_by=later)
            assert without.history == history_from_claims(claims, policy=policy).history

    @given(claims=st.lists(strategies.claims(), max_size=4), policy=PACKAGED)
    def test_identity_tells_nothing(self, claims: list[Claim], policy: Policy) -> None:
        """Unless a claim replaces another one."""
        one = attrs.evolve
        claims = [one(claim, frequency=None) for claim in claims]
        bare = [
            one(c, id=None, lines=tuple(one(line, provider=None) for line in c.lines))
            for c in claims
        ]
        same = [
            one(c, id="a", lines=tuple(one(line, provider="b") for line in c.lines)) for c in claims
        ]

        assert (
            history_from_claims(bare, policy=policy).history
            == history_from_claims(same, policy=policy).history
        )

    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            (["64493-50-KX"], [("diagnostic-injection", "lumbar-sacral", "bilateral", True)]),
            (["64490-RT"], [("injection", "cervical-thoracic", "right", True)]),
            (["64635", "64636-LT"], [("ablation", "lumbar-sacral", "left", True)]),
            (["64494-LT"], [("injection", "lumbar-sacral", "left", True)]),
            (["0216T"], [("injection", "lumbar-sacral", None, True)]),
            (["64635-53"], [("ablation", "lumbar-sacral", None, False)]),
            (["64635-53", "64636-RT"], [("ablation", "lumbar-sacral", "right", True)]),
            (["64635-53", "64635-RT"], [("ablation", "lumbar-sacral", "right", True)]),
            (
                ["64635-RT", "64636-RT x2", "64636-LT"],
                [("ablation", "lumbar-sacral", "bilateral", True)],
            ),
            (["64475"], [("injection", "lumbar-sacral", None, False)]),
            (["64635 x0"], [("ablation", "lumbar-sacral", None, False)]),
            (["64622"], [("ablation", "lumbar-sacral", None, False)]),
            (["99213-25"], []),
            (
                ["64493-RT-KX", "64494-RT"],
                [
                    ("diagnostic-injection", "lumbar-sacral", "right", True),
                    ("injection", "lumbar-sacral", "right", True),
                ],
            ),
        ],
        ids=str,
    )
    def test_what_lines_tell(
        self, lines: list[str], expected: list[tuple[str, str | None, str | None, bool]]
    ) -> None:
        assert told(history_from_claims([claim(*lines)], policy=MEDICARE)) == expected

    def test_codes_of_the_time_before_are_possible_sessions(self) -> None:
        old = claim("64475", date=dt.date(2008, 3, 3))
        read = history_from_claims([old], policy=MEDICARE)

        assert told(read) == [("injection", "lumbar-sacral", None, False)]
        assert [(u.reason, u.counted) for u in read.unread] == [(SkipReason.OLD_CODE, True)]

    def test_a_line_that_is_not_read_counts_on_its_own_day(self) -> None:
        day = TODAY - DAY
        line = ClaimLine(code="64635", units=0, date=day)
        read = history_from_claims(
            [Claim(claim_type=ClaimType.PROFESSIONAL, lines=(line,), date=TODAY)], policy=CPT
        )

        assert [session.date for session in read.history.sessions] == [day]

    def test_an_open_group_of_two_regions_is_possible(self) -> None:
        read = history_from_claims([claim("64633-RT", "64636-RT x2")], policy=MEDICARE)

        assert all(not past.certain for past in read.history.sessions)
        assert {past.region for past in read.history.sessions} == {LUMBAR, CERVICAL}

    def test_what_is_stated_of_the_purpose_counts(self) -> None:
        stated = claim("64493-RT", purpose=Purpose.THERAPEUTIC)

        assert told(history_from_claims([stated], policy=MEDICARE))[0][0] == THERAPEUTIC

    def test_lines_without_a_date_are_named(self) -> None:
        undated = claim("64493-RT", date=None)
        read = history_from_claims([claim("64635-RT"), undated], policy=CPT)

        assert [(u.record, u.part, u.reason, u.counted) for u in read.unread] == [
            (2, 1, SkipReason.NO_DATE, False)
        ]
        assert len(read.history.sessions) == 1

    @pytest.mark.parametrize("technique", Technique)
    def test_a_denervation_counts_surely_where_it_is_an_ablation(
        self, technique: Technique
    ) -> None:
        treatment = Treatment(
            technique=technique,
            guidance=Guidance.FLUOROSCOPY,
            targets=(Target(joint=Joint.L4_L5, side=Side.LEFT),),
        )
        done = Session(date=TODAY, treatments=(treatment,))
        [only] = history_from_sessions([done], policy=MEDICARE).history.sessions
        thermal = technique is Technique.THERMAL_RADIOFREQUENCY_ABLATION

        if only.kind is ABLATION:
            assert only.certain is thermal
        else:
            assert only.certain
            assert only.kind in {injection_kind(None), SessionKind.CYST_RUPTURE}

    def test_a_thermal_ablation_counts_without_its_guidance(self) -> None:
        done = parse_session(date="2026-03-02", technique="thermal-rfa", joints=["L4-5"])

        assert told(history_from_sessions([done], policy=MEDICARE))[0][3]

    def test_a_denervation_counts_where_the_policy_codes_it_as_ablation(self) -> None:
        cooled, thermal = (
            Technique.COOLED_RADIOFREQUENCY_ABLATION,
            Technique.THERMAL_RADIOFREQUENCY_ABLATION,
        )
        cells = [
            attrs.evolve(stated, cell=(cooled.value, stated.cell[1]), policy="own")
            for stated in CPT.find("coding.family")
            if isinstance(stated, Provision) and stated.cell[0] == thermal.value
        ]
        own = Policy(
            id="own",
            title="Own",
            payer="Own",
            revised=CPT.revised,
            provisions=tuple(cells),
            extends=CPT,
        )
        done = parse_session(
            date="2026-03-02", technique="cooled-rfa", guidance="ct", joints=["L4-5"]
        )

        assert [
            told(history_from_sessions([done], policy=policy))[0][3] for policy in (CPT, own)
        ] == [False, True]

    @pytest.mark.parametrize(
        ("words", "reason", "counted"),
        [
            ({"technique": "mbb"}, Reason.NO_LEVEL_DOCUMENTED, True),
            ({"technique": "mbb", "nerves": ["L3:left"]}, Reason.NO_COMPLETE_LEVEL, True),
            ({"technique": "mbb", "nerves": ["S1:left"]}, Reason.NO_COMPLETE_LEVEL, False),
            ({"technique": "mbb", "joints": ["C1-2:left"]}, Reason.NO_MEDIAL_BRANCH, False),
        ],
        ids=str,
    )
    def test_a_treatment_without_levels(
        self, words: dict[str, Any], reason: Reason, *, counted: bool
    ) -> None:
        done = parse_session(date="2026-03-02", guidance="ct", **words)
        read = history_from_sessions([done], policy=MEDICARE)

        assert [(u.part, u.reason, u.counted) for u in read.unread] == [(1, reason, counted)]
        assert [(p.region, p.certain) for p in read.history.sessions] == (
            [(None, False)] if counted else []
        )
