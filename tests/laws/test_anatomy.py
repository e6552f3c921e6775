"""Joints and the nerves that supply them, both ways, and the names of both as people write them."""

import contextlib
import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cptfacet import _data, _spellings, policies
from cptfacet.anatomy import (
    CodeRegion,
    CoverageRegion,
    Joint,
    Nerve,
    NerveKind,
    Side,
    parse_joint,
    parse_nerve,
    parse_nerves,
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
    parse_target,
    parse_treated_nerve,
    parse_treated_nerves,
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

    Source: l-fcso and spinal-atlas (C2-C3), aapc124065, aapcforum-table, wiki-facet, beckmbb.
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


WORDS_OF_NOTES = (
    *(
        "L4",
        "L5",
        "S1",
        "L4-5",
        "S1-S3",
        "L6",
        "SI",
        "IV",
        "3rd",
        "lumbar",
        "and",
        ",",
        "to",
        "-",
        "of",
    ),
    *(
        "medial branch",
        "dorsal rami",
        "lateral branches",
        "MB",
        "facet joint",
        "(left)",
        "both",
        "b/l",
    ),
    *("nerve root", "TON", "right", "the", ":"),
)
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

    @pytest.mark.parametrize(
        "parse",
        [
            *(parse_joint, parse_nerve, parse_nerves, parse_side, parse_target, read_levels),
            parse_treated_nerves,
        ],
    )
    @given(
        text=st.one_of(
            st.text(),
            st.text(alphabet="CTLSclts0123456789-/ ,;&+."),
            st.lists(st.sampled_from(WORDS_OF_NOTES), max_size=6).map(" ".join),
        )
    )
    def test_any_text_is_read_or_refused(self, parse: Callable[[str], object], text: str) -> None:
        with contextlib.suppress(ParseError):  # and no other error
            assert parse(text)


NAMED = _spellings.SEGMENTS
KNOWN = _spellings.spellings()
TABLE = _data.read_toml("codes/spellings.toml")
FORMS = TABLE["nerves"]["forms"]
OF_SEGMENTS = [row for row in TABLE["nerves"]["kinds"] if "{}" in row["also"]]
ORDINALS = {int(number): words for number, words in TABLE["ordinals"].items()}
ROMAN = dict(
    enumerate(["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"], 1)
)
REGIONS = {"C": "cervical", "T": "thoracic", "L": "lumbar", "S": "sacral"}
RAMI = ("dorsal ramus", "dorsal rami", "DR", "primary dorsal ramus", "posterior primary ramus")
BRANCHES = ("MB", "MBN", "medial branch", "medial branches", "medial branch nerve")
LATERALS = ("LB", "lateral branch", "lateral branches", "lateral branch nerve")
# Each stands for a nerve that it is not, or for several things: it must never be read as a nerve.
NEVER = {
    "SI": "S1 lateral branch",
    "si": "S1 lateral branch",
    "S-I": "S1 lateral branch",
    "SI lateral branch": "S1 lateral branch",
    "SIJ": "S1 lateral branch",
    "L4-L5": "L4",
    "L4-5 MB": "L4",
    "L4-L5 medial branches": "L4",
    "L3 to L4 medial branches": "L3",
    "L5-S1 dorsal rami": "L5 dorsal ramus",
    "medial branch at L4": "L4",
    "medial branch": "L4",
    "facet joint": "L4",
    "L4 facet": "L4",
    "L5 lateral branch": "L5 dorsal ramus",
    "L4 lateral branch": "L4",
    "C3-4 TON": "TON",
    "occipital nerve": "GON",
    "least occipital nerve": "LON",
    "4th occipital nerve": "TON",
    "TX": "T10",
    "CI": "C1",
    "LV": "L5 dorsal ramus",
    "T13": "T1",
    "L44": "L4",
    "L4 5": "L4",
    "L4 not treated": "L4",
    "no L4 medial branch": "L4",
    "L4 level": "L4",
    "14": "L4",
    "I4": "L4",
    "4": "L4",
}


def written(segment: str) -> list[str]:
    """Write a segment in every way that needs a noun beside it or none."""
    letter, number = segment[0], int(segment[1:])
    region = REGIONS[letter]
    ways = [f"{letter}{number}", f"{letter}{number:02}", f"{letter} {number}", f"{letter}-{number}"]
    ways += [f"{region} {number}", f"{region}-{number}"]
    return ways + [f"{ordinal} {region}" for ordinal in ORDINALS[number]]


class TestSpellings:
    """Every spelling of the data names one thing, in every form, and never what it must not.

    Source: the data; the names in faults of use (27 of 34 were refused); oracle notes 6 and 13.
    """

    @pytest.mark.parametrize("row", OF_SEGMENTS, ids=lambda row: row["nerves"][0])
    def test_each_spelling_is_its_nerve(self, row: dict[str, list[str]]) -> None:
        templates = [form.replace("noun", noun) for noun in row["nouns"] for form in FORMS]
        for name in row["nerves"]:
            segment = name.split()[0]
            for template in (*templates, *row["also"]):
                plain = template.replace("{}", segment)
                assert parse_nerve(plain) == name, plain
                assert parse_nerve(plain.upper()) == parse_nerve(plain.title()) == name
                assert parse_nerves(plain) == (name,)
                for way in written(segment):
                    assert parse_nerve(template.replace("{}", way)) == name, (template, way)

    @pytest.mark.parametrize(
        "row", TABLE["nerves"]["kinds"], ids=lambda row: row["nerves"][0] + row["also"][0]
    )
    def test_each_name_is_its_nerve(self, row: dict[str, list[str]]) -> None:
        for template in row["also"]:
            if "{}" not in template:
                assert [parse_nerve(template)] == row["nerves"]

    def test_no_spelling_means_two_things(self) -> None:
        known = KNOWN

        assert not known.nerves.keys() & known.others.keys()
        assert not known.nerves.keys() & known.joints.keys()
        seen: dict[str, object] = {}
        for row in (*TABLE["nerves"]["kinds"], *TABLE["other"]):
            for name in row.get("nerves") or row.get("segments") or [""]:
                for form in [
                    form.replace("noun", n) for n in row.get("nouns", ()) for form in FORMS
                ]:
                    if row.get("segments") != "all":
                        key = form.replace("{}", name.split()[0])
                        assert seen.setdefault(key.upper(), row) is row, key

    @pytest.mark.parametrize("segment", NAMED)
    def test_a_noun_decides_which_nerve_of_a_segment_it_is(self, segment: str) -> None:
        """No other branch of a segment is ever read as the one that is coded."""
        for nouns, nerve in (
            (BRANCHES, Nerve.__members__.get(segment) if segment[0] != "S" else None),
            (RAMI, Nerve.L5_DORSAL_RAMUS if segment == "L5" else None),
            (LATERALS, Nerve.__members__.get(segment) if segment[0] == "S" else None),
            (("nerve root", "DRG", "spinal nerve", "ventral ramus"), None),
        ):
            for noun, form in itertools.product(nouns, FORMS):
                text = form.replace("noun", noun).replace("{}", segment)
                if nerve is not None:
                    assert parse_nerve(text) is nerve
                else:
                    with pytest.raises(ParseError):
                        parse_nerve(text)
                    with pytest.raises(ParseError):
                        parse_nerves(text)

    @pytest.mark.parametrize("name", NEVER)
    def test_what_must_not_match(self, name: str) -> None:
        assert NEVER[name] in {nerve.value for nerve in Nerve} | {"C1"}
        with pytest.raises(ParseError):
            parse_nerve(name)
        with pytest.raises(ParseError):
            parse_nerves(name)

    def test_what_is_another_nerve_says_why(self) -> None:
        for name, (kind, reason) in KNOWN.others.items():
            with pytest.raises(ParseError) as refused:
                parse_nerve(name.lower())

            assert refused.value.reason == reason
            assert refused.value.what == ("a facet joint nerve" if kind else "a nerve")

    @pytest.mark.parametrize("joint", Joint)
    def test_joints_in_words_and_numerals(self, joint: Joint) -> None:
        above, below = joint.segment_above, joint.segment_below
        first, second = int(above[1:]), int(below[1:])
        for noun in ("facet joint", "facet", "joint", "level", "z-joint", "zygapophyseal joint"):
            for text in (joint.value, f"{above}/{below}"):
                assert parse_joint(f"{text} {noun}") is parse_joint(f"{noun} {text}") is joint
        if first:
            for upper, lower in itertools.product(written(above), written(below)):
                assert parse_joint(f"{upper}-{lower}") is joint
            if above[0] == below[0]:
                letter = above[0]
                for text in ("{0}{1}-{0}{2}", "{0} {1}-{2}", "{0}-{1} - {2}"):
                    assert parse_joint(text.format(letter, ROMAN[first], ROMAN[second])) is joint
                assert parse_joint(f"{REGIONS[letter]} {first}-{second}") is joint

    @pytest.mark.parametrize("text", ["L5-L6", "L6-S1", "l5/6", "L6-S1 facet joint", "L6", "L6 MB"])
    def test_six_lumbar_vertebrae_have_no_coding_source(self, text: str) -> None:
        parse = parse_nerve if text in {"L6", "L6 MB"} else parse_joint
        with pytest.raises(ParseError, match="no coding source"):
            parse(text)
        with pytest.raises(ParseError, match="no coding source"):
            read_levels(f"L4-L5, {text}")

    def test_si_is_the_sacroiliac_joint(self) -> None:
        for text in ("L5-SI", "L5/SI", "l5 - si"):
            with pytest.raises(ParseError, match="sacroiliac"):
                parse_joint(text)

    @pytest.mark.parametrize("word", [word for word in KNOWN.sides if len(word) > 1])
    def test_a_side_stands_before_or_after_its_joint_or_nerve(self, word: str) -> None:
        side = parse_side(word)
        for way in (
            f"{word} {{}}",
            f"{{}} {word}",
            f"{{}}, {word}",
            f"{{}} ({word})",
            f"{{}}:{word}",
        ):
            for spelling in (
                way.lower(),
                way.upper().replace("-", "/", 1) if "B-L" in way else way,
            ):
                assert parse_target(spelling.format("L4-5")) == parse_target(f"L4-5:{side}")
                assert parse_treated_nerve(spelling.format("L4 MB")) == parse_treated_nerve(
                    f"L4:{side}"
                )
                assert [n.side for n in parse_treated_nerves(spelling.format("L3, L4"))] == [
                    side
                ] * 2
                readings = read_levels(spelling.format("L4-L5").replace(":", " "))
                assert readings == read_levels("L4-L5")

    @pytest.mark.parametrize(
        "text", ["L L4", "L4 L", "R4", "left L4 and right L5", "L4 left, L5 right"]
    )
    def test_a_side_that_is_not_certain_is_asked(self, text: str) -> None:
        with pytest.raises(ParseError):
            parse_treated_nerves(text)

    @given(
        st.lists(st.sampled_from(["L1", "L2", "L3", "L4"]), min_size=2, unique=True),
        st.sampled_from([", ", " and ", " & ", "; ", " + ", ", and "]),
        st.sampled_from(["{} MBs", "medial branches of {}", "{} medial branches and L5 DR", "{}"]),
    )
    def test_a_list_shares_its_noun(self, listed: list[str], between: str, form: str) -> None:
        wanted = [*listed, *(["L5 dorsal ramus"] if "DR" in form else [])]

        assert list(parse_nerves(form.format(between.join(listed)))) == wanted

    @pytest.mark.parametrize("noun", ["", " LB", " lateral branches"])
    @pytest.mark.parametrize("dash", ["-", " - ", " to ", " through ", "\N{EN DASH}"])
    def test_sacral_runs_are_read_and_others_asked(self, noun: str, dash: str) -> None:
        run = (Nerve.S1, Nerve.S2, Nerve.S3)

        assert parse_nerves(f"S1{dash}S3{noun}") == parse_nerves(f"S1{dash}3{noun}") == run
        for upper, lower in itertools.combinations([s for s in NAMED if s != "C0"], 2):
            if not (upper[0] == lower[0] == "S"):
                with pytest.raises(ParseError):
                    parse_nerves(f"{upper}{dash}{lower} medial branches")

    def test_it_is_spelled_once(self) -> None:
        for name in (*KNOWN.nerves, *KNOWN.others):
            assert _spellings.spell(_spellings.spell(name)) == _spellings.spell(name)


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

    @pytest.mark.parametrize(
        "side", ["left {}", "{} on the left", "bilateral {}", "{} b/l", "both {}"]
    )
    @given(items=st.lists(ITEMS, min_size=1, max_size=3), noun=st.sampled_from(["", " levels"]))
    def test_sides_and_levels_change_no_reading(
        self, side: str, items: list[str], noun: str
    ) -> None:
        text = ", ".join(items)

        assert readings_of(side.format(f"{text}{noun}")) == readings_of(text)

    @pytest.mark.parametrize(
        ("text", "like"),
        [
            ("left L5-left S1", "L5-S1"),
            ("bilateral L4-5, L5-S1", "L4-5, L5-S1"),
            ("C3 to C6 medial branches", "C3-C6"),
            ("right L3-L5 MBs", "L3-L5"),
            ("L4-5 and L5-S1 facet joints on both sides", "L4-5, L5-S1"),
            ("third lumbar to fifth lumbar", "L3-L5"),
        ],
    )
    def test_a_list_as_notes_write_it(self, text: str, like: str) -> None:
        assert read_levels(text) == read_levels(like)

    @pytest.mark.parametrize(
        ("noun", "taken"),
        [
            ("facet joints", {"joints", "vertebrae"}),
            ("facets", {"joints", "vertebrae"}),
            ("medial branches", {"nerves"}),
            ("MBs", {"nerves"}),
            ("levels", {"joints", "nerves", "vertebrae"}),
        ],
    )
    def test_a_noun_decides_what_it_settles(self, noun: str, taken: set[str]) -> None:
        assert {r.taken_as.value for r in read_levels(f"L2, L3 and L4 {noun}")} == taken

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
