"""Strategies give every value of their domain, valid ones only; and every public type has one."""

import datetime as dt
import enum
import itertools
import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument, NoSuchExample, Unsatisfiable

import cptfacet
from cptfacet import _data, policies, strategies
from cptfacet.anatomy import CodeRegion, CoverageRegion, Joint, Nerve, Side, UnlistedNerve
from cptfacet.bilateral import LateralityFormat, SideCount
from cptfacet.checking import Checker
from cptfacet.claims import Claim, ClaimLine, ClaimType, Purpose
from cptfacet.coding import CodedSession, Coder, Refusal, code_session
from cptfacet.decoding import Decoder
from cptfacet.errors import MissingExtraError
from cptfacet.history import History, PastSession, SessionKind
from cptfacet.interop.json import dump, read
from cptfacet.limits import (
    CountedBy,
    Limit,
    LimitId,
    Result,
    Scope,
    Verdict,
    WindowKind,
)
from cptfacet.policies import KEYS, NotKnown, Policy, Provision
from cptfacet.procedures import ProcedureKind
from cptfacet.reference import packaged
from cptfacet.repairing import Repairer
from cptfacet.rulebook import CODING, turning_days
from cptfacet.sessions import Guidance, Session, Technique, Treatment
from cptfacet.strategies.words import OTHER_NAMES
from cptfacet.unknown import Unknown

T = TypeVar("T")

few = settings(
    max_examples=15, suppress_health_check=[HealthCheck.too_slow]
)  # each type is asked for once; its depth is tested where it is used
CLASSES: list[Any] = [
    value
    for home, names in ((cptfacet, dir(cptfacet)), (cptfacet.limits, cptfacet.limits.__all__))
    for value in (getattr(home, name) for name in names)
    if isinstance(value, type)
]
ENUMERATIONS = [kind for kind in CLASSES if issubclass(kind, enum.Enum)]
TYPES = [kind for kind in CLASSES if kind not in ENUMERATIONS]
SIDES = (*Side, None)
TODAY = dt.date(2026, 3, 2)
CPT, MEDICARE = policies.get("cpt"), policies.get("medicare")


def drawn(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """Draw values, the same in every run."""
    found: list[T] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(value: T) -> None:
        found.append(value)

    draw()
    return found


class TestFromType:
    """`from_type` gives values of every public type, without an import of the strategies.

    The values are values: they survive pickling, compare and hash. Sessions and claims are written
    as JSON and read back.

    Source: docs/design.md, decisions 1 and 9; the extension guide of Hypothesis on entry points.
    """

    @pytest.mark.parametrize("kind", TYPES)
    def test_every_public_type(self, kind: type[Any]) -> None:
        @few
        @given(st.from_type(kind))
        def check(value: object) -> None:
            again = pickle.loads(pickle.dumps(value))  # noqa: S301  made here
            assert isinstance(value, kind)
            assert type(again) is type(value)
            if isinstance(value, Checker | Coder | Decoder | Repairer):
                assert isinstance(again, Checker | Coder | Decoder | Repairer)
                assert (again.policy, again.reference) == (value.policy, value.reference)
            else:
                assert again == value
                assert hash(again) == hash(value)

        check()

    @pytest.mark.parametrize("kind", ENUMERATIONS)
    def test_every_enumeration(self, kind: type[enum.Enum]) -> None:
        assert set(drawn(st.from_type(kind), 100)) == set(kind)

    @few
    @given(st.from_type(Session))
    def test_sessions_are_written_and_read(self, session: Session) -> None:
        assert read(dump(session), Session) == session

    @few
    @given(st.from_type(Claim))
    def test_claims_are_written_and_read(self, claim: Claim) -> None:
        assert read(dump(claim), Claim) == claim

    def test_hypothesis_alone_imports_no_strategy_and_reads_no_data(self) -> None:
        probe = """
import json, sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
import hypothesis.strategies as st
import cptfacet
loaded = sorted(name for name in sys.modules if name.startswith("cptfacet"))
data = [name for name in opened if name.startswith(cptfacet.__path__[0]) and "/data/" in name]
from cptfacet.claims import ClaimLine
st.from_type(ClaimLine).validate()
print(json.dumps([loaded, data, sorted(sys.modules)]))
"""
        answer = subprocess.run(
            [sys.executable, "-c", probe], check=True, capture_output=True, encoding="utf-8"
        )
        before, data, after = json.loads(answer.stdout)

        assert "cptfacet._hypothesis" in before
        assert data == []
        assert not [name for name in before if name.startswith("cptfacet.strategies")]
        assert "cattrs" not in before
        assert "cptfacet.strategies" in after

    def test_without_hypothesis_the_extra_is_named(self) -> None:
        probe = """
import sys
sys.modules["hypothesis"] = None
import cptfacet.strategies
"""
        answer = subprocess.run(
            [sys.executable, "-c", probe], check=False, capture_output=True, encoding="utf-8"
        )

        assert answer.stderr.splitlines()[-1] == (
            "cptfacet.errors.MissingExtraError: hypothesis is not installed; install it with:"
            ' pip install "cptfacet[strategies]"'
        )
        assert issubclass(MissingExtraError, ImportError)


def reached(
    strategy: st.SearchStrategy[T],
    tell: Callable[[T], Iterable[object]],
    domain: Iterable[object],
    *,
    count: int = 100,
) -> bool:
    """Whether values show nothing outside of a domain; fail with the values never drawn.

    If a few draws miss a value, search for it.
    """
    wanted = set(domain)
    seen = {told for value in drawn(strategy, count) for told in tell(value)}
    patient = settings(
        max_examples=20_000,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],  # what is found need not be small
    )
    missing = wanted - seen

    def is_last(value: T) -> bool:
        missing.difference_update(tell(value))
        return not missing

    if missing:
        try:
            find(strategy, is_last, settings=patient)
        except NoSuchExample:
            pytest.fail(f"never drawn: {missing}")
    return seen <= wanted


UNLISTED = [UnlistedNerve(name=name) for name in OTHER_NAMES]
WORDS: dict[str, tuple[st.SearchStrategy[Any], Iterable[Any]]] = {
    "joints": (strategies.joints(), Joint),
    "nerves": (strategies.nerves(), Nerve),
    "sides": (strategies.sides(), Side),
    "techniques": (strategies.techniques(), Technique),
    "guidances": (strategies.guidances(), Guidance),
    "purposes": (strategies.purposes(), Purpose),
    "claim types": (strategies.claim_types(), ClaimType),
    "laterality formats": (strategies.laterality_formats(), LateralityFormat),
    "procedures": (strategies.procedures(), packaged().procedures),
    "codes": (strategies.codes(), [p.code for p in packaged().procedures]),
    "modifiers": (strategies.modifiers(), packaged().modifiers),
    "modifier codes": (strategies.modifier_codes(), [m.code for m in packaged().modifiers]),
    "sources": (strategies.sources(), _data.sources().values()),
    "targets": (
        strategies.targets().map(lambda t: (t.joint, t.side)),
        itertools.product(Joint, SIDES),
    ),
    "treated nerves": (
        strategies.treated_nerves().map(lambda t: (t.nerve, t.side)),
        itertools.product((*Nerve, *UNLISTED), SIDES),
    ),
    "unlisted nerves": (strategies.unlisted_nerves(), UNLISTED),
    "methods": (
        strategies.treatments(joints=st.nothing(), nerves=st.nothing()).map(
            lambda t: (t.technique, t.guidance)
        ),
        itertools.product(Technique, (*Guidance, None)),
    ),
    "side counts": (
        strategies.side_counts(max_levels=2),
        [
            SideCount(bilateral=both, right=right, left=left, unnamed=unnamed)
            for both, right, left, unnamed in itertools.product(range(3), repeat=4)
            if both + right + left + unnamed <= 2
        ],
    ),
}
PATTERNS = [p for count in (1, 2, 3) for p in itertools.product(SIDES, repeat=count)]


def pattern(treatment: Treatment) -> tuple[Side | None, ...] | None:
    """Return the sides of a treatment of one to three joints."""
    joints = {target.joint for target in treatment.targets}
    if len(joints) != len(treatment.targets) or not 1 <= len(joints) <= 3:
        return None
    return tuple(target.side for target in treatment.targets)


class TestCoverage:
    """Each strategy covers its domain: all that may stand in a session or claim turns up.

    Generated data that never holds some technique, side or line form proves nothing about it.

    Source: docs/design.md, decision 9 (laws that ship for users' own policies).
    """

    @pytest.mark.parametrize("name", WORDS)
    def test_every_word(self, name: str) -> None:
        strategy, domain = WORDS[name]

        assert reached(strategy, lambda value: [value], domain, count=400)

    @pytest.mark.parametrize("region", CodeRegion)
    def test_every_joint_of_a_region(self, region: CodeRegion) -> None:
        day = packaged().as_of
        facts = {joint: packaged().code_region(joint, on=day) for joint in Joint}
        of_region = [
            joint
            for joint, fact in facts.items()
            if not isinstance(fact, Unknown) and fact.region is region
        ]

        assert reached(strategies.joints(region=region), lambda joint: [joint], of_region)

    def test_every_side_pattern_of_up_to_three_joints(self) -> None:
        treated = strategies.treatments(
            techniques=st.just(Technique.MEDIAL_BRANCH_BLOCK),
            guidances=st.none(),
            purposes=st.none(),
            nerves=st.nothing(),
            max_targets=3,
        )

        assert reached(treated, lambda t: [pattern(t)], [*PATTERNS, None], count=1500)

    def test_every_number_of_joints(self) -> None:
        counts = strategies.treatments().map(lambda treatment: len(treatment.targets))

        assert reached(counts, lambda count: [count], range(6))

    @pytest.mark.parametrize(
        ("field", "domain"),
        [
            ("technique", [*Technique]),
            ("guidance", [*Guidance, None]),
            ("purpose", [*Purpose, None]),
        ],
    )
    def test_every_word_of_a_session(self, field: str, domain: list[Any]) -> None:
        def tell(session: Session) -> list[object]:
            return [getattr(treatment, field) for treatment in session.treatments]

        assert reached(strategies.sessions(), tell, domain)

    @pytest.mark.parametrize("strategy", ["sessions", "messy_sessions"])
    def test_every_field_of_a_session(self, strategy: str) -> None:
        fields = ("claim_type", "place_of_service", "id", "policy", "location")
        domain = [*itertools.product(fields, (True, False)), 1, 2, 3, *ClaimType, None]

        def tell(session: Session) -> list[object]:
            given_ = [(field, getattr(session, field) is None) for field in fields]
            return [*given_, len(session.treatments), session.claim_type]

        assert reached(getattr(strategies, strategy)(), tell, domain)

    def test_sides_do_not_contradict_and_nerves_complete_joints(self) -> None:
        """A joint with a named side beside one without, and joints that nerves complete."""

        def tell(treatment: Treatment) -> list[object]:
            sides = {target.side is None for target in treatment.targets}
            completed = packaged().find_joints(
                completed_by=[
                    entry.nerve for entry in treatment.nerves if isinstance(entry.nerve, Nerve)
                ]
            )
            return [len(sides) == 2, *(["joints"] if completed else [])]

        assert reached(strategies.treatments(), tell, [True, False, "joints"])

    def test_every_state_of_an_earlier_session(self) -> None:
        def tell(past: PastSession) -> list[object]:
            return [past.kind, past.region, past.certain, ("joints", len(past.joints) > 0)]

        domain = [*SessionKind, *CoverageRegion, None, True, False]
        joints = [("joints", known) for known in (True, False)]
        assert reached(strategies.past_sessions(), tell, [*domain, *joints])

    def test_histories_have_sessions_that_a_year_holds_and_others(self) -> None:
        def tell(history: History) -> list[object]:
            dates = [past.date for past in history.sessions]
            pairs = itertools.pairwise(dates)
            return [len(dates) > 0, *(("near", (b - a).days < 366) for a, b in pairs)]

        domain = [True, False, ("near", True), ("near", False)]
        assert reached(strategies.histories(), tell, domain)

    def test_limits_of_every_kind_and_shape(self) -> None:
        def tell(limit: Limit) -> list[object]:
            return [limit.id, limit.scope, limit.window.kind, ("strict", limit.strict)]

        domain = [*LimitId, *Scope, *WindowKind, ("strict", True), ("strict", False)]
        assert reached(strategies.limits(), tell, domain)

    def test_verdicts_of_every_result(self) -> None:
        def tell(verdict: Verdict) -> list[object]:
            return [verdict.result, verdict.counted_by, ("next", verdict.next_date is not None)]

        domain = [*Result, *CountedBy, ("next", True), ("next", False)]
        assert reached(strategies.verdicts(), tell, domain)

    def test_claims_tell_of_prior_authorization_or_not(self) -> None:
        def tell(claim: Claim) -> list[object]:
            told = claim.prior_authorization
            return [None] if told is None else [told.exempt, ("number", told.number is None)]

        domain = [None, True, False, ("number", True), ("number", False)]
        assert reached(strategies.claims(), tell, domain)
        assert reached(strategies.messy_claims(), tell, domain)

    def test_every_day_on_which_something_changes(self) -> None:
        known = [turning_days(policies.get(name), packaged(), *CODING) for name in policies.ids()]
        days = {day for listed in known for day in listed} - {dt.date.min}
        beside = {day + dt.timedelta(days=step) for day in days for step in (-1, 0, 1)}
        drawn_days = strategies.service_dates()

        assert beside <= set(drawn(drawn_days, 1500))

    def test_every_facet_code_form_and_claim_type_is_coded(self) -> None:
        by_form = {
            str(provision.value): policies.get(name)
            for name in policies.ids()
            for provision in policies.get(name).find("laterality.format")
            if isinstance(provision, Provision)
        }
        codes = [p.code for p in packaged().find_procedures(kind=ProcedureKind.FACET)]

        def tell(made: tuple[Session, CodedSession]) -> list[object]:
            _, coded = made
            used = [p for why in coded.why for p in why.provisions if p.key == "laterality.format"]
            lines = [line.code for line in coded.claim.lines]
            return [*lines, *[p.value for p in used], coded.claim.claim_type]

        plainly = [
            strategies.coded_claims(
                policies=st.just(policy),
                sessions=strategies.sessions(
                    nerves=st.nothing(), max_treatments=1, unnamed_sides=False, under=policy
                ),
            )
            for policy in by_form.values()
        ]
        assert reached(st.one_of(plainly), tell, [*codes, *by_form, *ClaimType], count=400)

    def test_every_packaged_policy_codes(self) -> None:
        told = strategies.coded_claims().map(lambda made: made[1].claim.policy)

        assert reached(told, lambda policy: [policy], policies.ids(), count=150)

    def test_every_way_in_which_a_line_is_messy(self) -> None:
        def tell(line: ClaimLine) -> list[object]:
            units = line.units
            unknown = isinstance(packaged().procedure(line.code), Unknown)
            told: list[object] = ["unknown" if unknown else "known"]
            told.append(f"{len(line.modifiers)} modifiers")
            if units is None:
                return [*told, "none"]
            whole = units == int(units)
            size = (
                "negative"
                if units < 0
                else "zero"
                if units == 0
                else "huge"
                if units > 10**9
                else "some"
            )
            return [*told, "whole" if whole else "fraction", size]

        units = ["none", "whole", "fraction", "negative", "zero", "huge", "some"]
        domain = [*units, "known", "unknown", *(f"{count} modifiers" for count in range(6))]
        assert reached(strategies.messy_claim_lines(), tell, domain, count=200)

    def test_every_key_and_value_of_made_up_policies(self) -> None:
        def tell(policy: Policy) -> list[object]:
            told: list[object] = []
            for p in policy.provisions:
                told += [p.key, type(p), (p.term.start is None, p.term.seen is None)]
                if isinstance(p, Provision) and KEYS[p.key].type == "choice":
                    told.append((p.key, p.value))
            return told

        dates = [(True, True), (True, False), (False, True)]
        choices = [
            (key.name, c) for key in KEYS.values() for c in key.choices if key.type == "choice"
        ]
        domain = [*KEYS, Provision, NotKnown, *dates, *choices]
        made_up = strategies.policies(parents=st.just(CPT))
        assert reached(made_up, tell, domain, count=150)

    def test_packaged_and_made_up_policies(self) -> None:
        packaged_ = set(policies.ids())
        domain = [*packaged_, "made up"]

        assert reached(
            strategies.policies(),
            lambda policy: [policy.id if policy.id in packaged_ else "made up"],
            domain,
        )


class TestOptions:
    """An option narrows what is drawn to what was asked for, and a wrong one raises at once.

    Source: the style guide of Hypothesis for strategies: arguments are checked, and impossible ones
    raise.
    """

    @few
    @given(
        strategies.sessions(
            dates=st.just(TODAY),
            claim_types=st.just(ClaimType.ASC_FACILITY),
            techniques=st.just(Technique.MEDIAL_BRANCH_BLOCK),
            guidances=st.just(Guidance.CT),
            purposes=st.just(Purpose.DIAGNOSTIC),
            joints=st.just(Joint.L4_L5),
            nerves=st.nothing(),
            sides=st.just(Side.LEFT),
            unnamed_sides=False,
            max_treatments=1,
        )
    )
    def test_sessions_have_the_parts_that_were_asked_for(self, session: Session) -> None:
        (treatment,) = session.treatments

        assert session.date == TODAY
        assert session.claim_type is ClaimType.ASC_FACILITY
        assert treatment.technique is Technique.MEDIAL_BRANCH_BLOCK
        assert treatment.guidance is Guidance.CT
        assert treatment.purpose is Purpose.DIAGNOSTIC
        assert {(t.joint, t.side) for t in treatment.targets} <= {(Joint.L4_L5, Side.LEFT)}
        assert treatment.nerves == ()

    @pytest.mark.parametrize("policy", [CPT, MEDICARE], ids=lambda policy: policy.id)
    def test_under_a_policy_sessions_code_to_lines(self, policy: Policy) -> None:
        found = drawn(strategies.sessions(under=policy), 40)
        coded = [code_session(session, policy=policy) for session in found]

        assert all(isinstance(answer, CodedSession) and answer.claim.lines for answer in coded)
        assert {s.treatments[0].targets == () for s in found} == {True, False}

    @few
    @given(strategies.coded_claims(policies=strategies.policies()))
    def test_coded_claims_are_coded(self, made: tuple[Session, CodedSession]) -> None:
        session, coded = made

        assert coded.claim.date == session.date
        assert len(coded.why) == len(coded.claim.lines)

    @few
    @given(strategies.refusals())
    def test_refusals_have_a_reason(self, refusal: Refusal) -> None:
        assert refusal.message

    @few
    @given(strategies.claim_lines())
    def test_clean_lines_are_clean(self, line: ClaimLine) -> None:
        sides = [m for m in line.modifiers if m in cptfacet.bilateral.lateral_roles()]

        assert all(packaged().get_modifier(code) for code in line.modifiers)
        assert packaged().get_procedure(line.code).kind is ProcedureKind.FACET
        assert len(sides) <= 1
        assert cptfacet.parse_line(line.text).modifiers == line.modifiers

    @few
    @given(strategies.service_dates(min_value=dt.date(2026, 1, 1), max_value=dt.date(2026, 1, 3)))
    def test_dates_keep_their_bounds(self, day: dt.date) -> None:
        assert dt.date(2026, 1, 1) <= day <= dt.date(2026, 1, 3)

    @pytest.mark.parametrize(
        ("name", "options"),
        [
            ("joints", {"region": "lumbar"}),
            ("joints", {"region": CodeRegion.LUMBAR_SACRAL, "on": dt.date.min}),
            ("joints", {"on": "2026-03-02"}),
            ("side_counts", {"min_levels": 3, "max_levels": 1}),
            ("side_counts", {"max_levels": True}),
            ("service_dates", {"under": "cpt"}),
            ("service_dates", {"min_value": TODAY, "max_value": dt.date(2020, 1, 1)}),
            ("effective_periods", {"dates": TODAY}),
            ("targets", {"sides": Side.LEFT}),
            ("targets", {"unnamed_sides": 1}),
            ("treated_nerves", {"nerves": Nerve.L4}),
            ("treatments", {"techniques": Technique.CRYOABLATION}),
            ("sessions", {"max_treatments": 0}),
            ("treatments", {"max_targets": 0}),
            ("sessions", {"nerves": [Nerve.L4]}),
            ("sessions", {"under": "cpt"}),
            ("procedures", {"kind": "facet"}),
            ("claim_lines", {"units": 1}),
            ("claims", {"lines": ()}),
            ("prior_authorizations", {"dates": TODAY}),
            ("past_sessions", {"kinds": SessionKind.ABLATION}),
            ("histories", {"sessions": ()}),
            ("windows", {"kinds": WindowKind.WAIT}),
            ("limits", {"windows": ()}),
            ("policies", {"parents": CPT}),
            ("provisions", {"keys": "laterality.format"}),
            ("coded_claims", {"policies": CPT}),
            ("coded_claims", {"sessions": []}),
            ("decoded_claims", {"claims": ()}),
            ("for_type", {"kind": int}),
        ],
        ids=str,
    )
    def test_a_wrong_option_raises_when_it_is_given(
        self, name: str, options: dict[str, object]
    ) -> None:
        with pytest.raises(InvalidArgument):
            getattr(strategies, name)(**options)

    def test_a_key_that_does_not_exist_is_named(self) -> None:
        with pytest.raises(InvalidArgument, match=r"laterality\.from"):
            find(strategies.provisions(keys=st.just("laterality.from")), lambda _: True)

    def test_a_policy_that_codes_nothing_is_named(self) -> None:
        empty = Policy(id="empty", title="E", payer="E", revised=CPT.revised, provisions=())
        with pytest.raises(InvalidArgument, match="empty codes no technique"):
            strategies.sessions(under=empty)

    def test_what_a_policy_never_codes_is_not_drawn(self) -> None:
        pulsed = st.just(Technique.PULSED_RADIOFREQUENCY_ABLATION)
        with pytest.raises((Unsatisfiable, NoSuchExample)):
            find(strategies.sessions(techniques=pulsed, under=CPT), lambda _: True)
