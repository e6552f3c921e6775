"""Joints and the nerves that supply them, both ways, and the names of both as people write them."""

import contextlib
import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cptfacet import policies
from cptfacet.anatomy import (
    CodeRegion,
    CoverageRegion,
    Joint,
    Nerve,
    NerveKind,
    Side,
    parse_joint,
    parse_nerve,
    parse_side,
)
from cptfacet.coding import CodedSession, Reason, Refusal, code_session
from cptfacet.errors import NoMedialBranchError, ParseError
from cptfacet.levels import Reading, read_levels
from cptfacet.reference import packaged
from cptfacet.sessions import (
    Guidance,
    Session,
    Technique,
    TechniqueKind,
    TreatedNerve,
    Treatment,
)
from cptfacet.unknown import Unknown

nerves = packaged().get_nerves


def joints(treated: Iterable[Nerve]) -> tuple[Joint, ...]:
    return packaged().find_joints(completed_by=treated)


ON = dt.date(2026, 3, 2)
WITH_BRANCHES = tuple(joint for joint in Joint if joint > Joint.C1_C2)
NEVER_A_JOINT = (Nerve.C2, Nerve.S1, Nerve.S2, Nerve.S3, Nerve.GON, Nerve.LON)
WINDOW = 8


def subsets_of_windows() -> Iterator[tuple[Joint, ...]]:
    """List every choice of joints inside any eight neighbors."""
    for start in range(len(WITH_BRANCHES) - WINDOW + 1):
        window = WITH_BRANCHES[start : start + WINDOW]
        for count in range(WINDOW + 1):
            yield from itertools.combinations(window, count)


def is_gapped(treated: set[Joint]) -> bool:
    """Whether two treated joints are separated by exactly one that was not treated."""
    return any(
        above in treated and between not in treated and below in treated
        for above, between, below in zip(
            WITH_BRANCHES, WITH_BRANCHES[1:], WITH_BRANCHES[2:], strict=False
        )
    )


def filled(treated: set[Joint]) -> set[Joint]:
    """Add each joint between two treated neighbors, whose two nerves were then both treated.

    The third occipital nerve supplies C2-C3 alone, so that joint lends no nerve to C3-C4.
    """
    between = {
        middle
        for above, middle, below in zip(
            WITH_BRANCHES, WITH_BRANCHES[1:], WITH_BRANCHES[2:], strict=False
        )
        if above in treated and below in treated and above is not Joint.C2_C3
    }
    return treated | between


class TestNervesAndJoints:
    """The nerves of some joints complete these joints, and no other unless one lies between two.

    Two medial branches supply one joint and neighbors share one of them, so treating the joints
    above and below a third one treats both of its nerves. The third occipital nerve alone supplies
    C2-C3. Nerves are counted a side at a time.

    Source: l-fcso and furman-atlas (C2-C3), aapc124065, hammer-table, wiki-facet, beckmbb.
    """

    def test_every_choice_inside_eight_neighbors(self) -> None:
        seen = 0
        for chosen in subsets_of_windows():
            treated = set(chosen)
            completed = joints(nerves(chosen))
            seen += 1

            assert treated <= set(completed)
            assert set(completed) == filled(treated)
            assert completed == tuple(sorted(completed))
            if not is_gapped(treated):
                assert set(completed) == treated

        assert seen == (len(WITH_BRANCHES) - WINDOW + 1) * 2**WINDOW

    @given(st.sets(st.sampled_from(WITH_BRANCHES)))
    def test_any_choice(self, treated: set[Joint]) -> None:
        completed = set(joints(nerves(treated)))

        assert treated <= completed == filled(treated)
        if not is_gapped(treated):
            assert completed == treated

    @given(st.lists(st.sampled_from(WITH_BRANCHES)))
    def test_order_and_repetition_mean_nothing(self, treated: list[Joint]) -> None:
        listed = nerves(treated)

        assert nerves([*reversed(treated), *treated]) == listed
        assert joints([*reversed(listed), *listed]) == joints(listed)

    @given(st.sets(st.sampled_from(Nerve)), st.sets(st.sampled_from(Nerve)))
    def test_more_nerves_never_undo_a_joint(self, some: set[Nerve], more: set[Nerve]) -> None:
        assert set(joints(some)) <= set(joints(some | more))

    @pytest.mark.parametrize("joint", [Joint.C0_C1, Joint.C1_C2])
    def test_the_joints_above_c2_have_no_nerves(self, joint: Joint) -> None:
        assert joint not in joints(Nerve)
        with pytest.raises(NoMedialBranchError):
            nerves([joint, Joint.C2_C3])

    def test_all_nerves_complete_all_joints_that_have_branches(self) -> None:
        assert joints(Nerve) == WITH_BRANCHES


class TestRegions:
    """The region that picks a code and the one that limits count part at T12-L1, and there alone.

    Source: the local coverage determinations (a region is C1 to T12, or L1 to S5); the code books
    of `code_region`.
    """

    @pytest.mark.parametrize("joint", Joint)
    def test_where_they_part(self, joint: Joint) -> None:
        counted = packaged().coverage_region(joint)
        coded = packaged().code_region(joint, on=ON)

        assert not isinstance(coded, Unknown)
        if joint is Joint.T12_L1:
            assert isinstance(counted, Unknown)
        else:
            assert not isinstance(counted, Unknown)
            assert counted.region.value == coded.region.value

    def test_both_have_the_same_names(self) -> None:
        assert [region.value for region in CoverageRegion] == [r.value for r in CodeRegion]


class TestNervesWithoutJoint:
    """A list of nerves that completes no joint bills no level; other nerves add none.

    The lateral branches of S1 to S3, the occipital nerves and the medial branch of C2 supply no
    facet joint by themselves; one nerve of a pair is not a joint; and the two nerves of a joint on
    different sides are not a joint either.

    Source: aapcforum-first-rfa (sacral branches), aapcforum-lon (occipital nerves), l-fcso.
    """

    def test_other_nerves_never_add_a_joint(self) -> None:
        facet = [nerve for nerve in Nerve if nerve not in NEVER_A_JOINT]
        pairs = [frozenset(pair) for pair in itertools.combinations(facet, 2)]
        for count in range(len(NEVER_A_JOINT) + 1):
            for others in itertools.combinations(NEVER_A_JOINT, count):
                assert joints(others) == ()
                for pair in pairs:
                    assert joints(pair | set(others)) == joints(pair)

    def test_they_are_the_nerves_that_supply_nothing(self) -> None:
        assert set(Nerve) - set(nerves(WITH_BRANCHES)) == set(NEVER_A_JOINT)
        assert {nerve.kind for nerve in NEVER_A_JOINT} == {
            NerveKind.MEDIAL_BRANCH,
            NerveKind.SACRAL_BRANCH,
            NerveKind.OCCIPITAL,
        }

    @pytest.mark.parametrize(
        "technique",
        [Technique.MEDIAL_BRANCH_BLOCK, Technique.THERMAL_RADIOFREQUENCY_ABLATION],
    )
    @given(
        listed=st.dictionaries(st.sampled_from(Nerve), st.sampled_from(Side), min_size=1),
    )
    def test_only_completed_joints_are_billed(
        self, technique: Technique, listed: dict[Nerve, Side]
    ) -> None:
        completed = {
            (joint, side)
            for side in (Side.RIGHT, Side.LEFT)
            for joint in joints(nerve for nerve, on in listed.items() if side in on.parts)
        }
        answer = code_session(nerves_only(technique, listed), policy=policies.get("cpt"))

        if not completed:
            assert isinstance(answer, Refusal)
            assert answer.reason is Reason.NO_COMPLETE_LEVEL
            return
        assert isinstance(answer, CodedSession)
        billed = {
            (joint, part)
            for why in answer.why
            for joint in why.joints
            for part in (why.side.parts if why.side else ())
        }
        # one line of an injection may stand for the third and further joints, whatever their sides
        assert billed == completed or technique.kind is TechniqueKind.INJECTION
        assert {joint for why in answer.why for joint in why.joints} == {j for j, _ in completed}

    @pytest.mark.parametrize("nerve", Nerve)
    @pytest.mark.parametrize("side", [*Side, None])
    def test_one_nerve_is_a_joint_only_where_it_is_the_third_occipital(
        self, nerve: Nerve, side: Side | None
    ) -> None:
        session = nerves_only(Technique.MEDIAL_BRANCH_BLOCK, {nerve: side})
        answer = code_session(session, policy=policies.get("medicare"))

        assert isinstance(answer, CodedSession) is (nerve is Nerve.TON)

    @pytest.mark.parametrize("joint", [joint for joint in WITH_BRANCHES if joint > Joint.C2_C3])
    def test_two_nerves_on_two_sides_are_no_joint(self, joint: Joint) -> None:
        upper, lower = nerves([joint])
        crossed = nerves_only(Technique.MEDIAL_BRANCH_BLOCK, {upper: Side.RIGHT, lower: Side.LEFT})
        answer = code_session(crossed, policy=policies.get("cpt"))

        assert isinstance(answer, Refusal)
        assert answer.reason is Reason.NO_COMPLETE_LEVEL


def nerves_only(
    technique: Technique, listed: dict[Nerve, Side | None] | dict[Nerve, Side]
) -> Session:
    """Make a session that is documented by its nerves."""
    treatment = Treatment(
        technique=technique,
        guidance=Guidance.FLUOROSCOPY,
        nerves=tuple(TreatedNerve(nerve=nerve, side=side) for nerve, side in listed.items()),
    )
    return Session(date=ON, treatments=(treatment,))


DASHES = ("-", "/", " - ", "\N{EN DASH}", "\N{MINUS SIGN}", "\N{NON-BREAKING HYPHEN}")
SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    str.lower,
    str.title,
    lambda text: f"  {text}\t",
)


class TestNames:
    """A name is read however it is written, as long as its meaning is certain; else it is refused.

    The canonical name of each joint, nerve and side reads as itself; case, space and the kind of
    dash mean nothing. What can't be read raises one kind of error, whatever the text.

    Source: the house's own words; the spellings are those of the published examples.
    """

    @pytest.mark.parametrize("joint", Joint)
    def test_joints(self, joint: Joint) -> None:
        upper, lower = joint.segment_above, joint.segment_below
        pairs = [(upper, lower), (upper[0] + upper[1:].zfill(2), lower)]
        if upper[0] == lower[0]:
            pairs.append((upper, lower[1:]))
        assert parse_joint(joint.value) is joint
        for (above, below), dash, spell in itertools.product(pairs, DASHES, SPELLINGS):
            assert parse_joint(spell(f"{above}{dash}{below}")) is joint

    @pytest.mark.parametrize("nerve", Nerve)
    def test_nerves(self, nerve: Nerve) -> None:
        for spell in SPELLINGS:
            assert parse_nerve(spell(nerve.value)) is nerve
            assert parse_nerve(spell(nerve.value.replace(" ", "  "))) is nerve
            if nerve.kind is NerveKind.MEDIAL_BRANCH:
                assert parse_nerve(spell(f"{nerve.value} medial branch")) is nerve
                assert parse_nerve(spell(f"{nerve.value}MB")) is nerve

    @pytest.mark.parametrize(
        ("side", "names"),
        [
            (Side.LEFT, ["left", "lt", "l"]),
            (Side.RIGHT, ["right", "rt", "r"]),
            (Side.BILATERAL, ["bilateral", "bilat", "both", "both sides", "b/l"]),
        ],
    )
    def test_sides(self, side: Side, names: list[str]) -> None:
        assert parse_side(side.value) is side
        for name, spell in itertools.product(names, SPELLINGS):
            assert parse_side(spell(name)) is side
            assert parse_side(spell(f"{name}.")) is side

    @pytest.mark.parametrize("above", Joint)
    def test_a_stretch_is_no_joint_and_the_refusal_names_its_joints(self, above: Joint) -> None:
        for below in Joint:
            if below is above:
                continue
            with pytest.raises(ParseError) as refused:
                parse_joint(f"{above.segment_above}-{below.segment_below}")
            _, asked, named = refused.value.reason.partition("name each joint, as in ")

            assert bool(asked) is (above < below)  # what runs upwards is no stretch
            if asked:
                assert named.split(" and ") == [j for j in Joint if above <= j <= below]

    @pytest.mark.parametrize("segment", [*(joint.segment_above for joint in Joint), "S1", "T0"])
    def test_one_segment_is_no_joint(self, segment: str) -> None:
        with pytest.raises(ParseError):
            parse_joint(segment)

    @pytest.mark.parametrize("parse", [parse_joint, parse_nerve, parse_side, read_levels])
    @given(text=st.one_of(st.text(), st.text(alphabet="CTLSclts0123456789-/ ,;&+.")))
    def test_any_text_is_read_or_refused(self, parse: Callable[[str], object], text: str) -> None:
        with contextlib.suppress(ParseError):  # and no other error
            assert parse(text)


SEGMENTS = tuple(
    dict.fromkeys(part for joint in Joint for part in (joint.segment_above, joint.segment_below))
)
ITEMS = st.one_of(
    st.sampled_from(SEGMENTS),
    st.sampled_from([joint.value for joint in Joint]),
    st.lists(st.sampled_from(SEGMENTS), min_size=2, max_size=4).map("-".join),
)


def readings_of(text: str) -> tuple[Reading, ...] | None:
    """Read a list, or nothing where it is refused."""
    try:
        return read_levels(text)
    except ParseError:
        return None


class TestFreeLists:
    """A free list of levels has every reading that it may have, and none is chosen.

    "L3-L5" may name three nerves, three vertebrae or three joints by their upper segments; the note
    decides, and what is read from it is in the order of the body.

    Source: tests/cases/README.md (two newsletters read one list in two ways).
    """

    @given(
        st.lists(ITEMS, min_size=1, max_size=4),
        st.sampled_from([", ", ";", " and ", " & ", "+"]),
    )
    def test_a_list_is_read_or_refused(self, items: list[str], between: str) -> None:
        readings = readings_of(between.join(items))
        if readings is None:
            return

        assert readings
        assert len({reading.taken_as for reading in readings}) == len(readings)
        for reading in readings:
            assert reading.joints == tuple(sorted(set(reading.joints)))
            assert reading.nerves == tuple(sorted(set(reading.nerves)))
            if reading.taken_as == "nerves":
                assert reading.joints == joints(reading.nerves)
            else:
                assert reading.nerves == ()

    @given(st.lists(ITEMS, min_size=1, max_size=4), st.permutations(range(4)))
    def test_the_order_of_the_list_means_nothing(self, items: list[str], order: list[int]) -> None:
        shuffled = [items[place] for place in order if place < len(items)]

        assert readings_of(", ".join(shuffled)) == readings_of(", ".join(items))

    @given(st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=6))
    def test_segments_alone_are_always_read(self, segments: list[str]) -> None:
        assert "vertebrae" in {reading.taken_as for reading in read_levels(", ".join(segments))}

    @given(st.sets(st.sampled_from(Joint), min_size=2))
    def test_named_joints_are_those_joints(self, named: set[Joint]) -> None:
        (reading,) = read_levels(", ".join(named))

        assert reading.taken_as == "joints"
        assert set(reading.joints) == named

    @given(st.sets(st.sampled_from(WITH_BRANCHES[1:]), min_size=1))
    def test_listed_medial_branches_have_the_reading_of_nerves(self, treated: set[Joint]) -> None:
        listed = nerves(treated)
        text = ", ".join(nerve.value.removesuffix(" dorsal ramus") for nerve in listed)
        read = [reading for reading in read_levels(text) if reading.taken_as == "nerves"]

        assert [reading.nerves for reading in read] == [listed]
        assert read[0].joints == joints(listed)
