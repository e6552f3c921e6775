"""From lines back to what was done: what lines tell is read, what they leave open is said.

That coded sessions read back as what was treated is checked over the whole enumerated space, beside
the coding itself, in test_coding_space.py.
"""

import datetime as dt
import itertools
import pickle
from collections.abc import Iterable, Iterator
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cptfacet import policies
from cptfacet.anatomy import CodeRegion, Joint, Side
from cptfacet.bilateral import LineForm, SideCount, render
from cptfacet.claims import Claim, ClaimLine, ClaimType, Purpose, parse_line
from cptfacet.decoding import (
    BilledGroup,
    Decoded,
    Decoder,
    DoubtId,
    UnreadReason,
    decode_claim,
)
from cptfacet.policies import Provision

law = settings(deadline=None)
T = TypeVar("T")

TODAY = dt.date(2026, 3, 2)
LUMBAR = tuple(Joint)[tuple(Joint).index(Joint.L1_L2) :]
SIDES = (Side.RIGHT, Side.LEFT, Side.BILATERAL, None)
INJECTION = ("64493", "64494", "64495")
ABLATION = ("64635", "64636")


def count_sides(sides: Iterable[Side | None]) -> SideCount:
    counted = [side.value if side else "unnamed" for side in sides]
    return SideCount(**{side: counted.count(side) for side in set(counted)})


def form_of(payer: str, role: str, claim_type: ClaimType) -> LineForm:
    answer = policies.get(payer).get(
        "laterality.form", on=TODAY, role=role, claim_type=claim_type.value
    )
    assert isinstance(answer, Provision)
    return LineForm(str(answer.value))


def written(
    codes: tuple[str, ...], sides: tuple[Side | None, ...], forms: tuple[LineForm, LineForm]
) -> tuple[ClaimLine, ...]:
    """Write lumbar levels, the first of them as the first level, whoever chose the order."""
    parts = [sides[:1], sides[1:]]
    if codes == INJECTION:
        parts = [sides[:1], sides[1:2], sides[2:]]
        if treated := set(parts[2]):
            both = Side.BILATERAL if Side.BILATERAL in treated else None
            parts[2] = (treated.pop() if len(treated) == 1 else both,)
    lines: list[ClaimLine] = []
    for code, part, form in zip(codes, parts, (forms[0], forms[1], forms[1]), strict=False):
        lines += render(ClaimLine(code=code), count_sides(part), form=form)
    return tuple(lines)


class TestWhatIsLost:
    """A line form lost something exactly where two different sessions have the same lines.

    Neither is a loss kept silent nor a certain reading called uncertain: over every lumbar session,
    sides that the note does not name included, with any of its levels as the first, levels by side
    are compared with what the lines of all sessions tell, in whatever order the lines stand.

    Source: the line forms' own definitions, by r526otn, aapc163960 and ngs-a57826-quoted; one line
    for the third level and beyond by beck10.
    """

    @pytest.mark.parametrize("claim_type", ClaimType)
    @pytest.mark.parametrize("codes", [INJECTION, ABLATION], ids=["injection", "ablation"])
    @pytest.mark.parametrize("payer", policies.ids())
    def test_every_lumbar_session(
        self, payer: str, codes: tuple[str, ...], claim_type: ClaimType
    ) -> None:
        add_on = "injection-add-on" if codes == INJECTION else "ablation-add-on"
        forms = form_of(payer, "primary", claim_type), form_of(payer, add_on, claim_type)
        truths: dict[tuple[ClaimLine, ...], set[SideCount]] = {}
        for count in range(1, len(LUMBAR) + 1):
            for sides in itertools.product(SIDES, repeat=count):
                lines = written(codes, sides, forms)
                key = tuple(sorted(lines, key=lambda line: line.text))
                truths.setdefault(key, set()).add(count_sides(sides))
        decoder = Decoder(policies.get(payer))

        for lines, told in truths.items():
            claim = Claim(claim_type=claim_type, lines=lines, date=TODAY)
            [group] = decoder.decode(claim).groups
            assert bool(group.lost) is (len(told) > 1), (lines, told)
            if not group.levels[-1].or_more:
                assert set(every_reading(group)) == told
            else:
                assert all(group.sides.levels <= truth.levels for truth in told)


def every_reading(group: BilledGroup) -> Iterator[SideCount]:
    """Give every count of levels of a group, code by code."""
    for counts in itertools.product(*(levels.readings() for levels in group.levels)):
        yield sum(counts, SideCount())


FORM_LINES = {
    LineForm.ONE_LINE_50: ["64493-50", "64494-50"],
    LineForm.TWO_UNITS: ["64493 x2", "64494 x2"],
    LineForm.RT_LT_LINES: ["64493-RT", "64493-LT", "64494-RT", "64494-LT"],
    LineForm.PLAIN_THEN_50: ["64493", "64493-50", "64494", "64494-50"],
}


def decoded(*lines: str, payer: str = "medicare", **further: Any) -> Decoded:
    claim = Claim(
        claim_type=ClaimType.PROFESSIONAL, date=TODAY, lines=tuple(map(parse_line, lines))
    )
    return decode_claim(attrs.evolve(claim, **further), policy=policies.get(payer))


def doubts(answer: Decoded) -> list[DoubtId]:
    return [doubt.id for group in answer.groups for doubt in group.doubts]


class TestForms:
    """Lines in a form that is not the payer's are read in their own, and the answer says so.

    Source: the four forms as payers.md lists them; published errors such as both sides of a first
    level as two units.
    """

    @pytest.mark.parametrize("payer", ["cpt", "medicare"])
    @pytest.mark.parametrize("claim_type", ClaimType)
    @pytest.mark.parametrize("form", LineForm)
    def test_two_bilateral_levels(self, form: LineForm, claim_type: ClaimType, payer: str) -> None:
        answer = decoded(*FORM_LINES[form], payer=payer, claim_type=claim_type)
        [group] = answer.groups
        asked = [form_of(payer, role, claim_type) for role in ("primary", "injection-add-on")]

        assert group.sides == SideCount(bilateral=2)
        assert [billed.laterality.form for billed in group.levels] == [form, form]
        assert doubts(answer).count(DoubtId.OTHER_FORM) == sum(form != each for each in asked)
        assert group.lost == ()

    def test_units_beyond_all_measure(self) -> None:
        answer = decoded("64635-50", f"64636 x{10**25}", payer="cpt")
        [group] = answer.groups

        assert DoubtId.MORE_LEVELS in doubts(answer)
        assert group.levels[1].sides.bilateral == 10**25 // 2

    def test_units_written_with_an_exponent(self) -> None:
        """Whole or not is told apart for numbers longer than the precision of decimals, too."""
        huge, fraction = Decimal("1E+29"), Decimal(f"{10**28}.5")
        lines = (ClaimLine(code="64493", units=huge), ClaimLine(code="64493", units=fraction))
        claim = Claim(claim_type=ClaimType.PROFESSIONAL, date=TODAY, lines=lines)
        answer = decode_claim(claim, policy=policies.get("cpt"))

        assert [(unread.line, unread.reason) for unread in answer.unread] == [
            (2, UnreadReason.UNITS)
        ]
        assert DoubtId.MORE_LEVELS in doubts(answer)

    def test_a_region_has_only_so_many_joints(self) -> None:
        """Eight units of a lumbar add-on are four joints on both sides: there is no sixth joint."""
        [group] = decoded("64635-50", "64636 x8", payer="cpt").groups

        assert list(group.levels[1].readings()) == [SideCount(bilateral=4)]
        assert group.lost == ()


class TestJunction:
    """The thoracic first level with a lumbar add-on is T12-L1 with L1-L2, where a policy says so.

    Source: cgs25, aapc180296, ngs-a57826-quoted; DESIGN "Coding a session" 6.
    """

    def test_the_two_joints_are_named(self) -> None:
        [group] = decoded("64490-50-KX", "64494-50-KX").groups

        assert group.joints == (Joint.T12_L1, Joint.L1_L2)
        assert group.regions == (CodeRegion.CERVICAL_THORACIC, CodeRegion.LUMBAR_SACRAL)

    @pytest.mark.parametrize("lines", [("64633-RT", "64636-LT"), ("64636-LT", "64633-RT")])
    def test_order_of_lines_means_nothing(self, lines: tuple[str, str]) -> None:
        [group] = decoded(*lines).groups

        assert group.joints == (Joint.T12_L1, Joint.L1_L2)
        assert [billed.code for billed in group.levels] == ["64633", "64636"]

    def test_both_sides_of_the_second_joint_are_certain(self) -> None:
        """At an ASC, right and left of 64636 may be two levels; here there is one further joint."""
        lines = ("64633-RT", "64633-LT", "64636-RT", "64636-LT")
        [group] = decoded(*lines, claim_type=ClaimType.ASC_FACILITY).groups

        assert group.sides == SideCount(bilateral=2)
        assert group.lost == ()

    @pytest.mark.parametrize(
        ("payer", "lines"),
        [
            (
                "cpt",
                ("64490-50", "64494-RT"),
            ),  # the edits allow it, no instruction names the joints
            ("medicare", ("64490-RT", "64494-RT", "64495-RT")),
            ("medicare", ("64633-RT", "64636-RT x2")),
        ],
    )
    def test_else_the_joints_stay_open(self, payer: str, lines: tuple[str, ...]) -> None:
        answer = decoded(*lines, payer=payer)

        assert [group.joints for group in answer.groups] == [()]
        assert DoubtId.TWO_REGIONS in doubts(answer)

    @pytest.mark.parametrize(
        "lines",
        [("64490-RT", "64491-RT", "64494-RT"), ("64633-RT", "64634-RT", "64636-RT")],
    )
    def test_a_first_level_with_its_own_add_ons_takes_no_others(
        self, lines: tuple[str, ...]
    ) -> None:
        answer = decoded(*lines)

        assert len(answer.groups) == 2
        assert doubts(answer) == [DoubtId.PRIMARY_MISSING]


class TestPurpose:
    """The modifier that marks a line as diagnostic tells the purpose, else the claim's own word.

    Source: oig23, nor-qa22 (KX on diagnostic injections, add-ons included, from 2021).
    """

    @pytest.mark.parametrize(
        ("lines", "stated", "told", "doubt"),
        [
            (("64493-RT-KX", "64494-RT-KX"), None, Purpose.DIAGNOSTIC, []),
            (("64493-RT-kx",), Purpose.DIAGNOSTIC, Purpose.DIAGNOSTIC, []),
            (("64493-RT",), None, None, []),
            (("64493-RT",), Purpose.THERAPEUTIC, Purpose.THERAPEUTIC, []),
            (("64493-RT-KX",), Purpose.THERAPEUTIC, None, [DoubtId.PURPOSE_CONTRADICTED]),
            (("64493-RT-KX", "64493-LT"), None, None, [DoubtId.PURPOSE_MIXED, DoubtId.OTHER_FORM]),
            (("64635-RT-KX",), None, None, []),  # it marks no ablation
        ],
    )
    def test_medicare(
        self,
        lines: tuple[str, ...],
        stated: Purpose | None,
        told: Purpose | None,
        doubt: list[DoubtId],
    ) -> None:
        answer = decoded(*lines, purpose=stated)
        [group] = answer.groups

        assert group.purpose is told
        assert sorted(doubts(answer)) == sorted(doubt)

    def test_levels_of_two_purposes(self) -> None:
        [group] = decoded("64493-RT-KX", "64494-RT").groups

        assert [billed.purpose for billed in group.levels] == [Purpose.DIAGNOSTIC, None]
        assert group.purpose is None

    def test_between_two_starts_it_is_not_known(self) -> None:
        """CGS began a week after the others, so the shared policy can't tell."""
        answer = decoded("64493-RT-KX", date=dt.date(2021, 4, 28))

        assert doubts(answer) == [DoubtId.PURPOSE_NOT_KNOWN]

    def test_without_a_mark_the_claim_says_it(self) -> None:
        [group] = decoded("64493-50", payer="cpt", purpose=Purpose.DIAGNOSTIC).groups

        assert group.purpose is Purpose.DIAGNOSTIC


class TestMessy:
    """No claim is too messy: each line is read or listed with its reason, once."""

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (ClaimLine(code="99213"), UnreadReason.UNKNOWN_CODE),
            (ClaimLine(code="\x00" * 1000), UnreadReason.UNKNOWN_CODE),
            (ClaimLine(code=""), UnreadReason.UNKNOWN_CODE),
            (ClaimLine(code="64999"), UnreadReason.OTHER_CODE),
            (ClaimLine(code="64475"), UnreadReason.NOT_IN_FORCE),
            (ClaimLine(code="64475", date=dt.date(2009, 6, 1)), UnreadReason.OLD_CODE),
            (ClaimLine(code="64493", date=dt.date(2009, 6, 1)), UnreadReason.NOT_IN_FORCE),
            (ClaimLine(code="64493", date=dt.date.min), UnreadReason.NOT_IN_FORCE),
            (ClaimLine(code="64475", date=dt.date.min), UnreadReason.NOT_IN_FORCE),
            (ClaimLine(code="64493", units=None), UnreadReason.UNITS),
            (ClaimLine(code="64493", units=0), UnreadReason.UNITS),
            (ClaimLine(code="64493", units=-1), UnreadReason.UNITS),
            (ClaimLine(code="64493", units=Decimal("0.5")), UnreadReason.UNITS),
            (ClaimLine(code="64493", units=Decimal("NaN")), UnreadReason.UNITS),
            (ClaimLine(code="64493", units=Decimal("1E+99999")), UnreadReason.UNITS),
            (ClaimLine(code="64493", units=10**400), UnreadReason.UNITS),
            (ClaimLine(code="64493", modifiers=("50", "RT")), UnreadReason.SIDES),
            (ClaimLine(code="64493", modifiers=("RT", "LT")), UnreadReason.SIDES),
            (ClaimLine(code="64493", modifiers=("50", "50")), UnreadReason.SIDES),
        ],
    )
    def test_a_line_that_is_not_read(self, line: ClaimLine, reason: UnreadReason) -> None:
        sound = ClaimLine(code="64490", modifiers=("RT",))
        claim = Claim(claim_type=ClaimType.PROFESSIONAL, date=TODAY, lines=(line, sound))
        answer = decode_claim(claim, policy=policies.get("medicare"))

        assert [(unread.line, unread.reason) for unread in answer.unread] == [(1, reason)]
        assert [group.sides for group in answer.groups] == [SideCount(right=1)]

    def test_no_date(self) -> None:
        answer = decoded("64493-RT", date=None)

        assert [unread.reason for unread in answer.unread] == [UnreadReason.NO_DATE]

    def test_what_is_readable_is_read(self) -> None:
        """Small letters, spaces, modifiers in any order and units written as a fraction."""
        line = ClaimLine(code=" 64493 ", modifiers=(" kx", "59", "rt"), units=Decimal("1.0"))
        claim = Claim(claim_type=ClaimType.PROFESSIONAL, date=TODAY, lines=(line,))
        [group] = decode_claim(claim, policy=policies.get("medicare")).groups

        assert (group.sides, group.purpose) == (SideCount(right=1), Purpose.DIAGNOSTIC)

    def test_days_and_practitioners_are_read_apart(self) -> None:
        first = ClaimLine(code="64493", modifiers=("RT",), provider="one")
        lines = (
            first,
            attrs.evolve(first, code="64494", provider="two"),
            attrs.evolve(first, code="64494", date=dt.date(2026, 3, 9)),
        )
        claim = Claim(claim_type=ClaimType.PROFESSIONAL, date=TODAY, lines=lines, id="a patient")
        answer = decode_claim(claim, policy=policies.get("medicare"))

        assert [session.date for session in answer.sessions] == [TODAY, TODAY, dt.date(2026, 3, 9)]
        assert doubts(answer) == [DoubtId.PRIMARY_MISSING, DoubtId.PRIMARY_MISSING]
        assert answer.id == "a patient"
        assert not any(secret in repr(answer) for secret in ("one'", "two'", "a patient"))

    def test_what_is_odd_is_said(self) -> None:
        assert doubts(decoded("64495-RT", "64493-RT")) == [
            DoubtId.THREE_OR_MORE,
            DoubtId.SECOND_MISSING,
        ]
        assert doubts(decoded("64493-RT x2")) == [DoubtId.MORE_LEVELS]
        assert doubts(decoded("64493-50 x2")) == [DoubtId.MORE_LEVELS]
        [group] = decoded("64493-50", "64494 x4", payer="cpt").groups
        assert (group.doubts[0].id, group.sides.bilateral) == (DoubtId.MORE_LEVELS, 3)
        assert doubts(decoded("64493")) == [DoubtId.SIDE_NOT_NAMED]

    def test_it_is_a_value_and_speaks_to_people(self) -> None:
        answer = decoded("64493-50-KX", "64495-KX", "64475", "64636-LT")
        told = answer.explain()

        assert pickle.loads(pickle.dumps(answer)) == answer  # noqa: S301  made here
        assert hash(answer) == hash(decoded("64493-50-KX", "64495-KX", "64475", "64636-LT"))
        for words in ("medial-branch-block", "1 bilateral; diagnostic (line 1)", "line 3: 64475"):
            assert words in told

    def test_a_decoder_survives_pickling(self) -> None:
        decoder = pickle.loads(pickle.dumps(Decoder(policies.get("cpt"))))  # noqa: S301

        assert decoder.policy == policies.get("cpt")


CODES = st.sampled_from(
    [*INJECTION, *ABLATION, "64490", "64491", "64633", "64634", "0213T", "0218T", "64475", "64999"]
)
LINES = st.builds(
    ClaimLine,
    code=CODES | st.text(max_size=6),
    modifiers=st.lists(
        st.sampled_from(["50", "RT", "LT", "KX", "59", "rt"]) | st.text(max_size=3)
    ).map(tuple),
    units=st.integers(0, 9) | st.none() | st.integers() | st.decimals(),
    date=st.none() | st.sampled_from([TODAY, dt.date(2009, 1, 1)]) | st.dates(),
    provider=st.none() | st.sampled_from(["one", "two"]),
)
CLAIMS = st.builds(
    Claim,
    claim_type=st.sampled_from(ClaimType),
    lines=st.lists(LINES, max_size=8).map(tuple),
    date=st.none() | st.just(TODAY) | st.dates(),
    purpose=st.none() | st.sampled_from(Purpose),
)
POLICIES = st.sampled_from(policies.ids()).map(policies.get)


class TestAnyClaim:
    """Any claim is read without an error, and nothing of it is lost.

    Each line is in one group or among the unread, exactly once. Neither the order of lines nor that
    of modifiers changes what is read.
    """

    @law
    @given(CLAIMS, POLICIES)
    def test_each_line_once(self, claim: Claim, policy: policies.Policy) -> None:
        answer = decode_claim(claim, policy=policy)
        read = [n for group in answer.groups for billed in group.levels for n in billed.lines]
        unread = [unread.line for unread in answer.unread]

        assert sorted(read + unread) == list(range(1, len(claim.lines) + 1))
        assert answer.explain() or not claim.lines

    @law
    @given(CLAIMS, POLICIES, st.randoms(use_true_random=False))
    def test_order_means_nothing(
        self, claim: Claim, policy: policies.Policy, order: Random
    ) -> None:
        shuffled = [
            attrs.evolve(line, modifiers=tuple(mixed(line.modifiers, order)))
            for line in mixed(claim.lines, order)
        ]
        one = decode_claim(claim, policy=policy)
        other = decode_claim(attrs.evolve(claim, lines=tuple(shuffled)), policy=policy)

        assert told(one) == told(other)


def mixed(items: Iterable[T], order: Random) -> list[T]:
    listed = list(items)
    order.shuffle(listed)
    return listed


def told(answer: Decoded) -> tuple[object, ...]:
    """Give what an answer says of levels, in an order of its own."""
    groups = sorted(
        (
            str(session.date),
            str(session.provider),
            [(b.code, str(b.sides), str(b.purpose), len(b.lines)) for b in group.levels],
            group.joints,
            sorted(doubt.id for doubt in group.doubts),
        )
        for session in answer.sessions
        for group in session.groups
    )
    return groups, sorted(unread.reason for unread in answer.unread)
