"""A claim against the note of its session."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cptfacet import policies
from cptfacet.checking import Checker, all_rules, check_claim
from cptfacet.claims import Claim, ClaimLine, ClaimType, Purpose, parse_line
from cptfacet.coding import CodedSession, NoteId, code_session
from cptfacet.dates import parse_date
from cptfacet.findings import Finding, FindingKind, Question, Replacement, Report, RuleFamily
from cptfacet.modifiers import ModifierRole
from cptfacet.procedures import Ordinal
from cptfacet.reference import packaged
from cptfacet.sessions import Session, TechniqueKind, parse_session
from cptfacet.strategies import coded_claims, hostile_claims, messy_claims, messy_sessions, sessions

DAY = "2026-03-02"
MBB, IA, RFA = "mbb", "ia", "thermal-rfa"


def note(technique: str, where: str, **stated: str) -> Session:
    """Make a session: joints with their sides, then behind a bar the nerves of the note."""
    joints, _, nerves = where.partition("|")
    words: dict[str, Any] = {"date": DAY, "guidance": "fluoroscopy", **stated}
    return parse_session(technique=technique, joints=joints.split(), nerves=nerves.split(), **words)


def check(policy: str, session: Session, *lines: str, **stated: str) -> Report:
    claim = Claim(
        claim_type=ClaimType(stated.get("claim_type", "professional")),
        date=parse_date(stated.get("date", DAY)),
        purpose=Purpose(stated["purpose"]) if "purpose" in stated else None,
        lines=tuple(map(parse_line, lines)),
    )
    return check_claim(claim, policy=policies.get(policy), session=session)


def found(report: Report) -> set[str]:
    return {f.rule for f in report.findings if f.family is RuleFamily.DOCUMENTATION}


def the(report: Report, rule: str) -> Finding:
    [finding] = report.where(lambda found: found.rule == rule).findings
    return finding


def texts(finding: Finding) -> list[str]:
    assert isinstance(finding.remedy, Replacement), finding
    return [line.text for line in finding.remedy.lines]


LUMBAR = note(MBB, "L4-5:right L5-S1:right")
BOTH = note(MBB, "L4-5:both L5-S1:both")

SCENARIOS: list[tuple[str, str, Session, tuple[str, ...], set[str]]] = [
    ("what was done is billed", "cpt", LUMBAR, ("64493-RT", "64494-RT"), set()),
    ("in another order", "cpt", LUMBAR, ("64494-RT", "64493-RT"), set()),
    ("with the sides left out", "cpt", LUMBAR, ("64493", "64494"), set()),
    (
        "both sides in the form of another payer",
        "cpt",
        BOTH,
        ("64493-RT", "64493-LT", "64494-RT", "64494-LT"),
        set(),
    ),
    (
        "three levels for three nerves that the note does not list",
        "cpt",
        LUMBAR,
        ("64493-RT", "64494-RT", "64495-RT"),
        {"nerves-counted-as-levels"},
    ),
    (
        "four levels for three nerves",
        "cpt",
        note(RFA, "L4-5:left L5-S1:left|L3:left L4:left L5:left"),
        ("64635-LT", "64636-LT x3"),
        {"level-not-documented"},
    ),
    (
        "the note names no level",
        "cpt",
        note(IA, ""),
        ("64493-RT",),
        {"level-not-documented"},
    ),
    (
        "one nerve",
        "cpt",
        note(MBB, "|L4:right"),
        ("64493-RT",),
        {"nerve-completes-no-joint"},
    ),
    (
        "C2 and C3 without the third occipital nerve",
        "cpt",
        note(MBB, "|C2:left C3:left"),
        ("64490-LT",),
        {"nerve-completes-no-joint"},
    ),
    ("the third occipital nerve alone", "cpt", note(MBB, "|TON:left"), ("64490-LT",), set()),
    (
        "sacral branches, and the L5 dorsal ramus that is treated with them",
        "cpt",
        note(RFA, "|L5:left S1:left S2:left S3:left"),
        ("64635-LT", "64636-LT x3"),
        {"sacral-nerves-as-facet", "nerve-completes-no-joint"},
    ),
    (
        "a sacral branch beside facet nerves",
        "cpt",
        note(RFA, "|L4:left L5:left S1:left S2:left"),
        ("64635-LT", "64636-LT x2"),
        {"sacral-nerves-as-facet"},
    ),
    (
        "right and left of one level as two levels",
        "medicare",
        note(IA, "C5-6:both"),
        ("64490-RT", "64491-LT"),
        {"second-side-billed-as-level"},
    ),
    (
        "both sides for two levels of one side",
        "medicare",
        LUMBAR,
        ("64493-50",),
        {"bilateral-for-levels"},
    ),
    (
        "right and left for a right and a left level",
        "medicare",
        note(IA, "L4-5:right L5-S1:left"),
        ("64493-RT", "64493-LT"),
        {"bilateral-for-levels"},
    ),
    ("one side of two", "medicare", BOTH, ("64493-RT", "64494-RT"), {"bilateral-not-billed"}),
    ("both sides of one level alone", "medicare", BOTH, ("64493-50", "64494-LT"),
     {"bilateral-not-billed"}),
    ("the wrong side", "cpt", LUMBAR, ("64493-LT", "64494-LT"), {"side-differs"}),
    ("one wrong side", "cpt", LUMBAR, ("64493-RT", "64494-LT"), {"side-differs"}),
    ("both sides of one", "cpt", note(IA, "L4-5:right"), ("64493-50",), {"side-differs"}),
    ("a side that is not in the note", "cpt", note(IA, "L4-5"), ("64493-RT",),
     {"side-not-documented"}),
    ("a level is left out", "cpt", LUMBAR, ("64493-RT",), {"level-not-billed"}),
    ("a thoracic joint as lumbar", "cpt", note(IA, "T8-9:right"), ("64493-RT",),
     {"region-differs"}),
    (
        "T12-L1 with L1-L2, all lumbar",
        "medicare",
        note(IA, "T12-L1:right L1-2:right"),
        ("64493-RT", "64494-RT"),
        {"region-differs"},
    ),
    (
        "T12-L1 with L1-L2 as contractors write it",
        "medicare",
        note(IA, "T12-L1:right L1-2:right"),
        ("64490-RT", "64494-RT"),
        set(),
    ),
    (
        "ultrasound",
        "cpt",
        note(MBB, "L4-5:right", guidance="ultrasound"),
        ("64493-RT",),
        {"guidance-differs"},
    ),
    ("no imaging", "cpt", note(IA, "", guidance="none"), ("64493",), {"guidance-differs"}),
    (
        "the guidance is not stated",
        "cpt",
        parse_session(date=DAY, technique=IA, joints=["L4-5:right"]),
        ("64493-RT",),
        {"session-not-codable"},
    ),
    (
        "a block for an ablation",
        "cpt",
        note(RFA, "L4-5:right"),
        ("64493-RT",),
        {"technique-differs", "level-not-billed"},
    ),
    (
        "an ablation for a block",
        "cpt",
        note(MBB, "L4-5:right"),
        ("64635-RT",),
        {"technique-differs", "level-not-billed"},
    ),
    ("the occipital nerve for the joint beside it", "cpt", note(MBB, "C2-3:left|TON:left"),
     ("64405",), {"other-nerve-code"}),
    ("the occipital nerve itself", "cpt", note(MBB, "|GON:left"), ("64405",), set()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "session", "lines", "told"),
    [s[1:] for s in SCENARIOS],
    ids=[s[0] for s in SCENARIOS],
)
def test_scenario(policy: str, session: Session, lines: tuple[str, ...], told: set[str]) -> None:
    assert found(check(policy, session, *lines)) == told


@pytest.mark.parametrize(
    ("policy", "severity"), [("cpt", "warning"), ("commercial", "error"), ("medicare", "error")]
)
def test_cold_weighs_by_what_the_policy_says_of_it(policy: str, severity: str) -> None:
    report = check(policy, note("cryoablation", "L4-5:right"), "64635-RT")

    assert the(report, "technique-differs").severity.value == severity


def test_levels_beyond_the_limit_may_be_left_out() -> None:
    three = note(IA, "C3-4:right C4-5:right C5-6:right")
    lines = ("64490-RT", "64491-RT")

    assert the(check("medicare", three, *lines), "level-not-billed").severity.value == "warning"
    assert the(check("cpt", three, *lines), "level-not-billed").severity.value == "error"
    [one] = (
        check("medicare", three, "64490-RT")
        .where(lambda found: found.rule == "level-not-billed")
        .findings
    )
    assert (one.severity.value, type(one.remedy)) == ("error", Question)


def test_a_region_beyond_the_limit_may_be_left_out() -> None:
    two = note(IA, "C5-6:right L4-5:right")

    for policy, severity in (("medicare", "warning"), ("cpt", "error")):
        finding = the(check(policy, two, "64490-RT"), "level-not-billed")
        assert (finding.severity.value, type(finding.remedy)) == (severity, Question)


def test_a_level_may_be_billed_by_another_practitioner_of_the_claim() -> None:
    lines = [
        attrs.evolve(parse_line(line), provider=provider)
        for line, provider in (("64493-RT", "one"), ("64494-RT", "other"))
    ]
    claim = Claim(claim_type=ClaimType.PROFESSIONAL, date=parse_date(DAY), lines=tuple(lines))
    report = check_claim(claim, policy=policies.get("cpt"), session=LUMBAR)
    told = report.where(lambda found: found.rule == "level-not-billed").findings

    assert {(f.severity.value, type(f.remedy)) for f in told} == {("warning", Question)}


def test_an_injection_is_a_part_of_the_ablation_of_its_joint_and_side() -> None:
    ablated, injected = note(RFA, "L4-5:right"), note(IA, "L4-5:both L5-S1:right")
    both = attrs.evolve(ablated, treatments=ablated.treatments + injected.treatments)
    lines = ("64635-RT", "64493-RT", "64494-LT")

    assert found(check("cpt", both, *lines)) == set()
    one = attrs.evolve(ablated, treatments=ablated.treatments + note(IA, "L4-5:right").treatments)
    report = check("cpt", one, "64635-RT", "64493-RT")
    assert found(report) == {"injection-included-in-ablation"}
    assert texts(the(report, "injection-included-in-ablation")) == []


def test_nothing_is_compared_with_the_note_of_another_day() -> None:
    other = note(MBB, "C5-6:left", date="2026-03-03")
    report = check("cpt", other, "64493-RT", "64494-RT")

    assert found(report) == {"date-differs"}
    assert the(report, "date-differs").lines == ()


def test_a_claim_of_several_days_needs_one_of_the_note() -> None:
    days = (parse_date(DAY), parse_date("2026-03-09"))
    line = parse_line("64493-RT")
    claim = Claim(
        claim_type=ClaimType.PROFESSIONAL,
        lines=tuple(attrs.evolve(line, date=day) for day in days),
    )

    for date, told in (("2026-03-02", set[str]()), ("2026-03-03", {"date-differs"})):
        session = note(IA, "L4-5:right", date=date)
        assert found(check_claim(claim, policy=policies.get("cpt"), session=session)) == told


@pytest.mark.parametrize(
    ("noted", "stated", "lines", "told"),
    [
        ("diagnostic", "therapeutic", ("64493-RT",), True),
        ("therapeutic", "diagnostic", ("64493-RT-KX",), True),
        ("diagnostic", "diagnostic", ("64493-RT-KX",), False),
        ("diagnostic", None, ("64493-RT",), True),
        ("therapeutic", None, ("64493-RT-KX",), True),
        ("therapeutic", None, ("64493-RT",), False),
        ("diagnostic", None, ("64493-RT-KX",), False),
        (None, "diagnostic", ("64493-RT-KX",), False),
    ],
)
def test_purpose(noted: str | None, stated: str | None, lines: tuple[str, ...], told: bool) -> None:  # noqa: FBT001
    session = note(MBB, "L4-5:right", **({"purpose": noted} if noted else {}))
    report = check("medicare", session, *lines, **({"purpose": stated} if stated else {}))

    assert ("purpose-differs" in found(report)) is told
    if told and stated is None:
        marked = "64493-RT-KX x1" if noted == "diagnostic" else "64493-RT x1"
        assert texts(the(report, "purpose-differs")) == [marked]


def test_the_year_in_which_no_source_places_a_joint_is_not_judged() -> None:
    session = note(IA, "T12-L1:right", date="2012-06-01")
    report = check("cpt", session, "64493-RT", date="2012-06-01")
    asked = {n.rule: n.needs for n in report.not_checked}

    assert asked["level-not-documented"] == "code region of T12-L1"
    assert "level-not-documented" not in found(report)


# -- remedies


@pytest.mark.parametrize(
    ("policy", "session", "lines", "rule", "mended"),
    [
        ("cpt", LUMBAR, ("64493-RT", "64494-RT", "64495-RT"), "nerves-counted-as-levels", []),
        ("medicare", LUMBAR, ("64493-50",), "bilateral-for-levels",
         ["64493-RT x1", "64494-RT x1"]),
        ("cpt", LUMBAR, ("64493-RT-GA", "64494-LT"), "side-differs", ["64494-RT x1"]),
        ("cpt", LUMBAR, ("64493-LT-GA", "64494-LT"), "side-differs",
         ["64493-RT-GA x1", "64494-RT x1"]),
        ("cpt", LUMBAR, ("64493-RT",), "level-not-billed", ["64493-RT x1", "64494-RT x1"]),
        ("medicare", BOTH, ("64493", "64494"), "bilateral-not-billed",
         ["64493-50 x1", "64494-50 x1"]),
    ],
)  # fmt: skip
def test_the_lines_of_coding_are_the_remedy(
    policy: str, session: Session, lines: tuple[str, ...], rule: str, mended: list[str]
) -> None:
    assert texts(the(check(policy, session, *lines), rule)) == mended


@pytest.mark.parametrize(
    ("lines", "asks"),
    [(("64493-LT", "64494-LT"), False), (("64493-50",), True), (("64493-RT", "64495-RT"), True)],
)
def test_no_charge_is_lost_or_moved_to_another_code(lines: tuple[str, ...], asks: bool) -> None:  # noqa: FBT001
    claim = Claim(
        claim_type=ClaimType.PROFESSIONAL,
        date=parse_date(DAY),
        lines=tuple(attrs.evolve(parse_line(line), charge=Decimal(500)) for line in lines),
    )
    report = check_claim(claim, policy=policies.get("cpt"), session=LUMBAR)
    ours = [f for f in report.findings if f.family is RuleFamily.DOCUMENTATION]
    assert ours or "64495" in lines[-1]
    for finding in ours:
        assert isinstance(finding.remedy, Question) is asks


# -- laws

POLICIES = ("cpt", "medicare", "medicare-je", "bcbs-north-dakota")
OURS = [rule for rule in all_rules() if rule.family is RuleFamily.DOCUMENTATION]
CHECKERS = {name: Checker(policies.get(name), rules=OURS) for name in POLICIES}
ALL = {name: Checker(policies.get(name), memo=0) for name in POLICIES}
OPEN = (NoteId.REFUSED, NoteId.NOT_KNOWN, NoteId.PURPOSE_MIXED)


@st.composite
def coded_ones(draw: st.DrawFn, *, unnamed_sides: bool = True) -> tuple[str, Session, CodedSession]:
    """Draw sessions that are completely coded, with a line for each level."""
    name = draw(st.sampled_from(POLICIES))
    policy = policies.get(name)
    done = sessions(under=policy, unnamed_sides=unnamed_sides)
    session, coded = draw(coded_claims(policies=st.just(policy), sessions=done))
    assume(not any(n.id in OPEN for n in coded.notes))
    for why in coded.why:
        third = ordinal(coded.claim.lines[why.line - 1]) is Ordinal.THIRD_AND_MORE
        assume(not third or len(why.joints) == 1)
    return name, session, coded


def ours(name: str, claim: Claim, session: Session) -> tuple[Finding, ...]:
    return CHECKERS[name].check(claim, session=session).findings


def ordinal(line: ClaimLine) -> Ordinal | None:
    return packaged().get_procedure(line.code).ordinal


def names_one_side(line: ClaimLine) -> bool:
    sides = (ModifierRole.RIGHT, ModifierRole.LEFT)
    return any(packaged().modifier_role(modifier) in sides for modifier in line.modifiers)


FILTERED = settings(
    max_examples=40, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)


@pytest.mark.slow
class TestOneChange:
    """Whatever of the levels and sides is changed, the note tells; what is not, it does not tell.

    docs/design.md: the claim against its session.
    """

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(drawn=coded_ones())
    def test_none_is_told_of_coded_lines(self, drawn: tuple[str, Session, CodedSession]) -> None:
        name, session, coded = drawn

        found = ours(name, coded.claim, session)

        assert [each for each in found if each.kind is not FindingKind.COVERAGE] == []

    @FILTERED
    @given(drawn=coded_ones(), data=st.data())
    def test_a_missing_line_is_told(
        self, drawn: tuple[str, Session, CodedSession], data: st.DataObject
    ) -> None:
        name, session, coded = drawn
        lines = coded.claim.lines
        assume(len(lines) > 1)
        third = [n for n, line in enumerate(lines) if ordinal(line) is Ordinal.THIRD_AND_MORE]
        gone = data.draw(st.sampled_from(third or range(len(lines))))
        kept = (*lines[:gone], *lines[gone + 1 :])
        assume(len(third) < 2)
        left = attrs.evolve(coded.claim, lines=kept)
        told = {finding.rule for finding in ours(name, left, session)}

        assert told & {"level-not-billed", "bilateral-not-billed"}

    @FILTERED
    @given(drawn=coded_ones(unnamed_sides=False), data=st.data())
    def test_a_side_that_was_not_treated_is_told(
        self, drawn: tuple[str, Session, CodedSession], data: st.DataObject
    ) -> None:
        name, session, coded = drawn
        lines = coded.claim.lines
        sided = [place for place, line in enumerate(lines) if names_one_side(line)]
        assume(sided and all(line.modifiers or line.units == 1 for line in lines))
        at = data.draw(st.sampled_from(sided))
        other = {"RT": "LT", "LT": "RT"}
        turned = attrs.evolve(
            lines[at], modifiers=tuple(other.get(m, m) for m in lines[at].modifiers)
        )
        claim = attrs.evolve(coded.claim, lines=(*lines[:at], turned, *lines[at + 1 :]))
        told = {finding.rule for finding in ours(name, claim, session)}

        assert told - {"side-not-documented"}

    @FILTERED
    @given(drawn=coded_ones())
    def test_another_level_is_told(self, drawn: tuple[str, Session, CodedSession]) -> None:
        name, session, coded = drawn
        first = packaged().get_procedure(coded.claim.lines[0].code)
        further = {
            p.ordinal: p.code
            for p in packaged().find_procedures(
                family=first.family, region=first.region, on=session.date
            )
        }
        have = {line.code for line in coded.claim.lines}
        added = next(
            (code for place, code in further.items()
             if code not in have or place is Ordinal.EACH_ADDITIONAL), None,
        )  # fmt: skip
        assume(added)
        line = attrs.evolve(coded.claim.lines[0], code=str(added))
        claim = attrs.evolve(coded.claim, lines=(*coded.claim.lines, line))

        assert any(finding.kind is FindingKind.CODING for finding in ours(name, claim, session))


@pytest.mark.slow
class TestRemedy:
    """The remedy of the note clears what it mends, and no rule finds a new error in the result."""

    @FILTERED
    @given(drawn=coded_ones(), data=st.data())
    def test_ends_in_what_was_done(
        self, drawn: tuple[str, Session, CodedSession], data: st.DataObject
    ) -> None:
        name, session, coded = drawn
        sides = st.sampled_from([(), ("50",), ("RT",), ("LT",)])
        lines = tuple(
            attrs.evolve(line, modifiers=data.draw(sides), units=data.draw(st.integers(1, 3)))
            for line in coded.claim.lines
        )
        claim = attrs.evolve(coded.claim, lines=lines)
        for finding in ours(name, claim, session):
            if not isinstance(finding.remedy, Replacement) or finding.rule == "purpose-differs":
                continue
            gone = {number - 1 for number in finding.lines}
            kept = [line for at, line in enumerate(lines) if at not in gone]
            mended = attrs.evolve(claim, lines=(*kept, *finding.remedy.lines))

            assert ours(name, mended, session) == ()
            before, after = (
                {f.rule for f in ALL[name].check(c, session=session).errors}
                for c in (claim, mended)
            )
            assert after <= before
            assert sorted(line.text for line in mended.lines) == sorted(
                line.text for line in coded.claim.lines
            )


@pytest.mark.slow
class TestAnyClaim:
    """The note raises on no claim, and what it says does not depend on the order of lines."""

    @settings(max_examples=40)
    @given(
        claim=messy_claims() | hostile_claims(),
        session=sessions() | messy_sessions(),
        name=st.sampled_from(POLICIES),
        data=st.data(),
    )
    def test_is_compared(
        self, claim: Claim, session: Session, name: str, data: st.DataObject
    ) -> None:
        undated = tuple(attrs.evolve(line, date=None) for line in claim.lines)
        claim = attrs.evolve(claim, lines=undated, date=session.date)
        order = data.draw(st.permutations(range(len(undated))))
        turned = attrs.evolve(claim, lines=tuple(undated[n] for n in order))

        def told(of: Claim, was: dict[int, int]) -> set[tuple[object, ...]]:
            return {
                (f.rule, f.message, f.severity, tuple(sorted(was[n] for n in f.lines)))
                for f in ours(name, of, session)
            }

        as_is = {n: n for n in range(1, len(undated) + 1)}
        moved = {place + 1: n + 1 for place, n in enumerate(order)}
        assert told(claim, as_is) == told(turned, moved)


@pytest.mark.parametrize("policy", ["cpt", "medicare"])
@pytest.mark.parametrize("count", range(2, 6))
def test_a_nerve_for_a_level_is_one_level_too_many(policy: str, count: int) -> None:
    """Two nerves supply a joint: n levels billed for n nerves of one run are one too many."""
    runs = ("L1-2", "L2-3", "L3-4", "L4-5", "L5-S1")
    session = note(RFA, " ".join(f"{joint}:left" for joint in runs[-count + 1 :]))
    supply = {
        nerve for t in session.treatments[0].targets for nerve in packaged().find_nerves(t.joint)
    }
    assert len(supply) == count
    assert session.treatments[0].technique.kind is TechniqueKind.DENERVATION

    wrong = check(policy, session, "64635-LT", f"64636-LT x{count - 1}")
    answer = code_session(session, policy=policies.get(policy))
    assert isinstance(answer, CodedSession)
    right = check(policy, session, *(line.text for line in answer.claim.lines))
    assert (found(wrong), found(right)) == ({"nerves-counted-as-levels"}, set())
