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
from hypothesis import example, given
from hypothesis import strategies as st

from cptfacet import policies
from cptfacet.anatomy import CodeRegion, Joint, Side
from cptfacet.bilateral import LateralityFormat, SideCount, render
from cptfacet.claims import Claim, ClaimLine, ClaimType, Purpose, parse_line
from cptfacet.coding import CodedSession, code_session
from cptfacet.decoding import (
    BilledGroup,
    DecodedClaim,
    Decoder,
    DoubtId,
    SkipReason,
    decode_claim,
)
from cptfacet.policies import Provision
from cptfacet.sessions import Technique, parse_session

T = TypeVar("T")

TODAY = dt.date(2026, 3, 2)
LUMBAR = tuple(Joint)[tuple(Joint).index(Joint.L1_L2) :]
SIDES = (Side.RIGHT, Side.LEFT, Side.BILATERAL, None)
INJECTION = ("64493", "64494", "64495")
ABLATION = ("64635", "64636")


def count_sides(sides: Iterable[Side | None]) -> SideCount:
    counted = [side.value if side else "unnamed" for side in sides]
    return SideCount(**{side: counted.count(side) for side in set(counted)})


def form_of(payer: str, role: str, claim_type: ClaimType) -> LateralityFormat:
    answer = policies.get(payer).get(
        "laterality.format", on=TODAY, role=role, claim_type=claim_type.value
    )
    assert isinstance(answer, Provision)
    return LateralityFormat(str(answer.value))


def written(
    codes: tuple[str, ...],
    sides: tuple[Side | None, ...],
    forms: tuple[LateralityFormat, LateralityFormat],
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
    """Yield every count of levels of a group, code by code."""
    for counts in itertools.product(*(levels.readings() for levels in group.levels)):
        yield sum(counts, SideCount())


def decoded(*lines: str, payer: str = "medicare", **further: Any) -> DecodedClaim:
    claim = Claim(
        claim_type=ClaimType.PROFESSIONAL, date=TODAY, lines=tuple(map(parse_line, lines))
    )
    return decode_claim(attrs.evolve(claim, **further), policy=policies.get(payer))


def doubts(answer: DecodedClaim) -> list[DoubtId]:
    return [doubt.id for group in answer.groups for doubt in group.doubts]


class TestForms:
    """Lines in a form that is not the payer's are read in their own, and the answer says so.

    One group is read in one form: whoever writes both sides of a first level as two lines writes
    its add-ons so, too, and two levels never become three.

    Source: the policies of the payers that want each; iom-100-04-ch12-40-7 (contractors take lines with
    RT and LT as well); tests/cases/README.md (the forms are never blended).
    """

    @pytest.mark.parametrize("payer", ["cpt", "medicare"])
    @pytest.mark.parametrize("claim_type", ClaimType)
    @pytest.mark.parametrize("form", LateralityFormat)
    @pytest.mark.parametrize("codes", [INJECTION, ABLATION], ids=["injection", "ablation"])
    def test_two_bilateral_levels(
        self, codes: tuple[str, ...], form: LateralityFormat, claim_type: ClaimType, payer: str
    ) -> None:
        lines = written(codes, (Side.BILATERAL, Side.BILATERAL), (form, form))
        answer = decode_claim(
            Claim(claim_type=claim_type, date=TODAY, lines=lines), policy=policies.get(payer)
        )
        [group] = answer.groups
        add_on = "injection-add-on" if codes == INJECTION else "ablation-add-on"
        asked = [form_of(payer, role, claim_type) for role in ("primary", add_on)]
        foreign = doubts(answer).count(DoubtId.OTHER_FORM)

        assert SideCount(bilateral=2) in every_reading(group)
        if group.sides == SideCount(bilateral=2):
            assert foreign == sum(form != each for each in asked)
        else:  # the lines fit the payer's form, where they are levels without a side
            assert (codes, form) == (ABLATION, LateralityFormat.TWO_UNITS)

    def test_two_units_beside_a_first_level_on_both_sides(self) -> None:
        """CPT's form sent to Medicare: by the payer's form the add-on has no side."""
        answer = decoded("64635-50", "64636 x2")
        [group] = answer.groups

        assert group.levels[1].sides == SideCount(unnamed=2)
        assert doubts(answer) == [DoubtId.SIDE_NOT_NAMED, DoubtId.FORM_NOT_CERTAIN]

    @pytest.mark.parametrize("payer", ["cpt", "medicare"])
    def test_right_and_left_lines_are_one_level_each(self, payer: str) -> None:
        answer = decoded("64635-RT", "64635-LT", "64636-RT", "64636-LT", payer=payer)
        [group] = answer.groups

        assert group.sides == SideCount(bilateral=2)
        assert doubts(answer) == [
            DoubtId.OTHER_FORM,
            DoubtId.OTHER_FORM,
            DoubtId.SIDES_OR_LEVELS,
        ]

    @pytest.mark.parametrize(
        "lines",
        [("64493-50", "64494 x2"), ("64493-50", "64494", "64494-50"), ("64493-50", "64494-50")],
    )
    @pytest.mark.parametrize("payer", ["cpt", "medicare"])
    def test_forms_that_no_one_form_joins_are_read_apart(
        self, lines: tuple[str, ...], payer: str
    ) -> None:
        """CPT's form since 2020 is one of them: the first level with 50, add-ons with two units."""
        [group] = decoded(*lines, payer=payer).groups

        assert group.sides == SideCount(bilateral=2)

    def test_a_form_that_is_a_judgment_is_told(self) -> None:
        [group] = decoded("64493-50", "64494-50", payer="commercial").groups

        assert DoubtId.OTHER_FORM in [doubt.id for doubt in group.doubts]
        assert any("Ask the payer" in note.message for note in group.notes)

    def test_what_shaped_the_reading_is_cited(self) -> None:
        [group] = decoded("64493-50-KX").groups

        assert [p.key for p in group.provisions] == ["laterality.format", "modifier.diagnostic"]

    def test_the_likeliest_reading_follows_the_first_level(self) -> None:
        """Bilateral levels are written first, so a one-sided first level has no bilateral add-on."""
        [one_sided] = decoded("64633", "64634 x2", payer="cpt").groups
        [both] = decoded("64633-50", "64634 x2", payer="cpt").groups

        assert one_sided.sides == SideCount(unnamed=3)
        assert both.sides == SideCount(bilateral=2)
        for group in (one_sided, both):
            readings = [SideCount(bilateral=1), SideCount(unnamed=2)]
            assert list(group.levels[1].readings()) == readings

    def test_units_beyond_all_measure(self) -> None:
        answer = decoded("64635-50", f"64636 x{10**25}", payer="cpt")
        [group] = answer.groups

        assert DoubtId.MORE_LEVELS in doubts(answer)
        assert list(group.levels[1].readings()) == [SideCount(bilateral=10**25 // 2)]

    def test_units_written_with_an_exponent(self) -> None:
        """Whole or not is told apart for numbers longer than the precision of decimals, too."""
        huge, fraction = Decimal("1E+29"), Decimal(f"{10**28}.5")
        lines = (ClaimLine(code="64493", units=huge), ClaimLine(code="64493", units=fraction))
        claim = Claim(claim_type=ClaimType.PROFESSIONAL, date=TODAY, lines=lines)
        answer = decode_claim(claim, policy=policies.get("cpt"))

        assert [(unread.line, unread.reason) for unread in answer.unread] == [(2, SkipReason.UNITS)]
        assert DoubtId.MORE_LEVELS in doubts(answer)

    def test_a_region_has_only_so_many_joints(self) -> None:
        """Eight units of a lumbar add-on are four joints on both sides: there is no sixth joint."""
        [group] = decoded("64635-50", "64636 x8", payer="cpt").groups

        assert list(group.levels[1].readings()) == [SideCount(bilateral=4)]
        assert group.lost == ()


class TestJunction:
    """The thoracic first level with a lumbar add-on is T12-L1 with L1-L2, where a policy says so.

    Source: cgs25, aapc180296, ngs-a57826-quoted; docs/design.md, coding step 6.
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
        assert doubts(answer) == [DoubtId.TWO_REGIONS]
        assert "has its own add-ons" in answer.groups[1].doubts[0].message


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
            (("64493-RT",), Purpose.DIAGNOSTIC, Purpose.DIAGNOSTIC, [DoubtId.PURPOSE_NOT_MARKED]),
            (("64493-RT-KX", "64494-RT"), None, None, [DoubtId.PURPOSE_NOT_MARKED]),
            (
                ("64493-RT-KX", "64494-RT"),
                Purpose.DIAGNOSTIC,
                Purpose.DIAGNOSTIC,
                [DoubtId.PURPOSE_NOT_MARKED],
            ),
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
            (ClaimLine(code="99213"), SkipReason.UNKNOWN_CODE),
            (ClaimLine(code="\x00" * 1000), SkipReason.MALFORMED_CODE),
            (ClaimLine(code=""), SkipReason.MALFORMED_CODE),
            (ClaimLine(code="64999"), SkipReason.OTHER_CODE),
            (ClaimLine(code="64475"), SkipReason.NOT_IN_FORCE),
            (ClaimLine(code="64475", date=dt.date(2009, 6, 1)), SkipReason.OLD_CODE),
            (ClaimLine(code="64493", date=dt.date(2009, 6, 1)), SkipReason.NOT_IN_FORCE),
            (ClaimLine(code="64493", date=dt.date.min), SkipReason.NOT_IN_FORCE),
            (ClaimLine(code="64475", date=dt.date.min), SkipReason.VALIDITY_NOT_KNOWN),
            (ClaimLine(code="64636", units=None), SkipReason.UNITS),
            (ClaimLine(code="64493", units=0), SkipReason.UNITS),
            (ClaimLine(code="64493", units=-1), SkipReason.UNITS),
            (ClaimLine(code="64493", units=Decimal("0.5")), SkipReason.UNITS),
            (ClaimLine(code="64493", units=Decimal("NaN")), SkipReason.UNITS),
            (ClaimLine(code="64493", units=Decimal("1E+99999")), SkipReason.UNITS),
            (ClaimLine(code="64493", units=10**400), SkipReason.UNITS),
        ],
    )
    def test_a_line_that_is_not_read(self, line: ClaimLine, reason: SkipReason) -> None:
        sound = ClaimLine(code="64490", modifiers=("RT",))
        claim = Claim(claim_type=ClaimType.PROFESSIONAL, date=TODAY, lines=(line, sound))
        answer = decode_claim(claim, policy=policies.get("medicare"))

        assert [(unread.line, unread.reason) for unread in answer.unread] == [(1, reason)]
        assert [group.sides for group in answer.groups] == [SideCount(right=1)]

    def test_no_date(self) -> None:
        answer = decoded("64493-RT", date=None)

        assert [unread.reason for unread in answer.unread] == [SkipReason.NO_DATE]

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

    def test_a_line_without_practitioner_is_of_the_only_one(self) -> None:
        first = ClaimLine(code="64493", modifiers=("RT",), provider="one")
        lines = (first, ClaimLine(code="64494", modifiers=("RT",)))
        claim = Claim(claim_type=ClaimType.PROFESSIONAL, date=TODAY, lines=lines)
        [session] = decode_claim(claim, policy=policies.get("medicare")).sessions

        assert session.groups[0].sides == SideCount(right=2)

    @pytest.mark.parametrize(
        ("lines", "sides", "expected"),
        [
            (("64493-RT x2",), SideCount(right=1), [DoubtId.MORE_LEVELS]),
            (("64493-50 x2",), SideCount(bilateral=1), [DoubtId.MORE_LEVELS]),
            (("64493-50", "64493-50"), SideCount(bilateral=1), [DoubtId.MORE_LEVELS]),
            (("64493",), SideCount(unnamed=1), [DoubtId.SIDE_NOT_NAMED]),
            (("64493-50-RT",), SideCount(bilateral=1), [DoubtId.SIDES_CONTRADICT]),
            (("64493-LT-RT",), SideCount(bilateral=1), [DoubtId.SIDES_CONTRADICT]),
            (("64493-RT-RT",), SideCount(right=1), []),
            (("64493-RT x?",), SideCount(right=1), [DoubtId.UNITS_NOT_GIVEN]),
            (("64493-RT-53",), SideCount(right=1), [DoubtId.NOT_COMPLETED]),
            (("64493-73-RT",), SideCount(right=1), [DoubtId.NOT_COMPLETED]),
            (
                ("64493-RT", "64494-RT", "64495-RT x2"),
                SideCount(right=3),
                [DoubtId.MORE_LEVELS, DoubtId.THREE_OR_MORE],
            ),
            (
                ("64493-RT", "64494-RT", "64495"),
                SideCount(right=2, unnamed=1),
                [DoubtId.THREE_OR_MORE, DoubtId.FURTHER_SIDES],
            ),
            (
                ("64495-RT", "64493-RT"),
                SideCount(right=2),
                [DoubtId.THREE_OR_MORE, DoubtId.SECOND_MISSING],
            ),
            (("64494-RT", "99213"), SideCount(right=1), [DoubtId.PRIMARY_MISSING]),
            (("64494-RT", "64493-RT x0"), SideCount(right=1), [DoubtId.PRIMARY_NOT_READ]),
        ],
    )
    def test_what_is_odd_is_said(
        self, lines: tuple[str, ...], sides: SideCount, expected: list[DoubtId]
    ) -> None:
        answer = decoded(*lines)

        assert answer.groups[0].sides == sides
        assert doubts(answer) == expected

    def test_a_form_that_is_not_known(self) -> None:
        """Before the ASC form is seen, right and left lines are read, and the doubt is said."""
        asc, day = ClaimType.ASC_FACILITY, dt.date(2015, 6, 1)
        answer = decoded("64493-RT", "64635-RT", "64636-RT", "64636-LT", claim_type=asc, date=day)

        assert doubts(answer) == [DoubtId.FORM_NOT_KNOWN]

    def test_what_coding_answers_is_taken_as_it_is(self) -> None:
        session = parse_session(
            date="2026-03-02", technique="mbb", guidance="ct", joints=["L4-5:both"]
        )
        policy = policies.get("medicare")
        coded = code_session(session, policy=policy)
        assert isinstance(coded, CodedSession)
        [group] = decode_claim(coded, policy=policy).groups

        assert group.sides == SideCount(bilateral=1)

    def test_techniques_of_which_it_is_not_known(self) -> None:
        [group] = decoded("64635-RT", payer="cpt").groups

        assert group.techniques == (Technique.THERMAL_RADIOFREQUENCY_ABLATION,)
        assert Technique.CRYOABLATION in group.techniques_not_known

    def test_it_is_a_value_and_speaks_to_people(self) -> None:
        answer = decoded("64493-50-KX", "64495-KX", "64475", "64636-LT")
        told = answer.explain()

        assert pickle.loads(pickle.dumps(answer)) == answer  # noqa: S301  made here
        assert hash(answer) == hash(decoded("64493-50-KX", "64495-KX", "64475", "64636-LT"))
        for words in (
            "medial branch block",
            "first level: bilateral; diagnostic (line 1)",
            "line 3: 64475",
        ):
            assert words in told

    def test_a_decoder_survives_pickling(self) -> None:
        decoder = pickle.loads(pickle.dumps(Decoder(policies.get("cpt"))))  # noqa: S301

        assert decoder.policy == policies.get("cpt")


DENSE = st.sampled_from([INJECTION, ABLATION, ("64490", "64491", "64492"), ("64633", "64634")])
SIDE_MODIFIERS = st.sampled_from(
    [("50",), ("RT",), ("LT",), (), ("KX",), ("50", "KX"), ("RT", "59")]
)


@st.composite
def dense_claims(draw: st.DrawFn) -> Claim:
    """Draw a claim of today whose lines have the codes of one or two groups, in any form."""
    codes = [code for group in draw(st.lists(DENSE, min_size=1, max_size=2)) for code in group]
    lines = st.builds(
        ClaimLine,
        code=st.sampled_from([*codes, "64490", "64494", "64636"]),
        modifiers=SIDE_MODIFIERS,
        units=st.integers(1, 5),
    )
    return Claim(
        claim_type=draw(st.sampled_from(ClaimType)),
        lines=tuple(draw(st.lists(lines, min_size=1, max_size=8))),
        date=TODAY,
        purpose=draw(st.none() | st.sampled_from(Purpose)),
    )


MESSY_LINES = st.builds(
    ClaimLine,
    code=st.sampled_from([*INJECTION, *ABLATION, "0213T", "64475", "64999"]) | st.text(max_size=6),
    modifiers=st.lists(st.sampled_from(["50", "RT", "rt", "KX", "53"]) | st.text(max_size=3)).map(
        tuple
    ),
    units=st.integers(0, 9) | st.none() | st.integers() | st.decimals(),
    date=st.none() | st.sampled_from([TODAY, dt.date(2009, 1, 1)]) | st.dates(),
    provider=st.none() | st.sampled_from(["one", "two"]),
)
MESSY_CLAIMS = st.builds(
    Claim,
    claim_type=st.sampled_from(ClaimType),
    lines=st.lists(MESSY_LINES, max_size=8).map(tuple),
    date=st.none() | st.just(TODAY) | st.dates(),
    purpose=st.none() | st.sampled_from(Purpose),
)
CLAIMS = dense_claims() | MESSY_CLAIMS
PAYERS = st.sampled_from(policies.ids())


class TestAnyClaim:
    """Any claim is read without an error, and nothing of it is lost.

    Each line is in one group or among the unread, exactly once. Neither the order of lines nor that
    of modifiers changes what is read.
    """

    @given(CLAIMS, PAYERS)
    @example(
        Claim(
            claim_type=ClaimType.PROFESSIONAL,
            lines=(ClaimLine(code="64493", units=Decimal("1E+28")),),
            date=TODAY,
        ),
        "cpt",
    )
    def test_each_line_once(self, claim: Claim, payer: str) -> None:
        answer = decode_claim(claim, policy=policies.get(payer))
        read = [n for group in answer.groups for billed in group.levels for n in billed.lines]
        unread = [unread.line for unread in answer.unread]

        assert sorted(read + unread) == list(range(1, len(claim.lines) + 1))
        assert answer.explain() or not claim.lines

    @given(dense_claims(), PAYERS, st.randoms(use_true_random=False))
    def test_order_means_nothing(self, claim: Claim, payer: str, order: Random) -> None:
        shuffled = [
            attrs.evolve(line, modifiers=tuple(mixed(line.modifiers, order)))
            for line in mixed(claim.lines, order)
        ]
        policy = policies.get(payer)
        one = decode_claim(claim, policy=policy)
        other = decode_claim(attrs.evolve(claim, lines=tuple(shuffled)), policy=policy)

        assert told(one) == told(other)


def mixed(items: Iterable[T], order: Random) -> list[T]:
    listed = list(items)
    order.shuffle(listed)
    return listed


def told(answer: DecodedClaim) -> tuple[object, ...]:
    """Return what an answer states about levels, in a fixed order."""
    groups = sorted(
        (
            str(session.date),
            str(session.provider),
            [(b.code, [*map(str, b.readings())], b.purpose, len(b.lines)) for b in group.levels],
            group.joints,
            sorted(doubt.id for doubt in group.doubts),
        )
        for session in answer.sessions
        for group in session.groups
    )
    return groups, sorted(unread.reason for unread in answer.unread)
