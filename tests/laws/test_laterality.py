"""The line forms of both sides: what one writes it reads back, and one converts into another."""

import itertools
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cptfacet.bilateral import (
    LineForm,
    SideCount,
    convert,
    order_modifiers,
    read,
    render,
)
from cptfacet.claims import ClaimLine, parse_line
from cptfacet.errors import NotOfThisFormError, ParseError
from cptfacet.modifiers import ModifierKind
from cptfacet.reference import packaged

law = settings(deadline=None)

PRIMARY = "64493"
INJECTION_ADD_ON = "64495"
ABLATION_ADD_ON = "64636"
ONE_LEVEL = tuple(SideCount(**{side: 1}) for side in ("bilateral", "right", "left", "unnamed"))
SEVERAL = tuple(
    SideCount(bilateral=both, right=right, left=left, unnamed=unnamed)
    for both, right, left, unnamed in itertools.product(range(4), repeat=4)
    if both + right + left + unnamed
)
COUNTS = [
    *((PRIMARY, sides) for sides in ONE_LEVEL),
    *((INJECTION_ADD_ON, sides) for sides in ONE_LEVEL),
    *((ABLATION_ADD_ON, sides) for sides in SEVERAL),
]
FURTHER = (), ("KX",), ("59",), ("59", "KX"), ("KX", "59")
FORMS = tuple(LineForm)
RANK = {"50": 0, "59": 0, "RT": 1, "LT": 1, "KX": 2}


def told(form: LineForm, sides: SideCount, *, counted: bool) -> bool:
    """Say whether a form tells these sides apart from all others.

    Two units without side may be two levels of which the side is not named, and where one line may
    stand for several levels they may also be one side of two; a right and a left line may be one
    level or two.
    """
    if form is LineForm.TWO_UNITS:
        plain = 2 * sides.bilateral + sides.unnamed
        return plain < 2 or (not counted and sides.bilateral == 1)
    if form is LineForm.RT_LT_LINES and counted:
        return sides.bilateral == 0 and not (sides.right and sides.left)
    return True


def every_rendering(
    further: tuple[tuple[str, ...], ...] = FURTHER,
) -> Iterator[tuple[LineForm, SideCount, ClaimLine, tuple[ClaimLine, ...]]]:
    """Write every count of sides in every form, with other modifiers beside."""
    for form, (code, sides), modifiers in itertools.product(FORMS, COUNTS, further):
        line = ClaimLine(code=code, modifiers=modifiers, diagnoses=("M47.816",))
        yield form, sides, line, render(line, sides, form=form)


class TestReadingBack:
    """Lines that were written in a form are read in that form as the sides that were treated.

    Where a form writes two sessions alike, the reading says so: it is marked as ambiguous and never
    a silent guess. A primary and each add-on of an injection stand for one level; one line of an
    ablation add-on may stand for several.

    Source: beck10, r526otn (one line with 50), aapc163960 and ahima-2020 (two units),
    ngs-a57826-quoted (a line a side), DESIGN "Coding a session" 5.
    """

    def test_every_count(self) -> None:
        seen = 0
        for form, sides, line, lines in every_rendering():
            found = read(lines, form=form)
            clear = told(form, sides, counted=line.code == ABLATION_ADD_ON)
            seen += 1

            assert (found.ambiguous == ()) is clear, (form, sides, line.code)
            if clear:
                assert found.sides == sides

        assert seen == 4 * len(COUNTS) * len(FURTHER)

    def test_an_ambiguous_reading_is_one_that_writes_these_lines(self) -> None:
        ambiguous = 0
        for form, _, line, lines in every_rendering():
            found = read(lines, form=form)
            if found.ambiguous:
                ambiguous += 1
                assert set(render(line, found.sides, form=form)) == set(lines)

        assert ambiguous

    @pytest.mark.parametrize("form", FORMS)
    def test_the_lines_of_an_unknown_side_say_nothing_of_a_side(self, form: LineForm) -> None:
        lines = render(ClaimLine(code=PRIMARY), SideCount(unnamed=1), form=form)

        assert lines == (ClaimLine(code=PRIMARY),)
        assert read(lines, form=form).sides == SideCount(unnamed=1)

    @pytest.mark.parametrize("form", FORMS)
    def test_nothing_treated_is_no_line(self, form: LineForm) -> None:
        assert render(ClaimLine(code=PRIMARY), SideCount(), form=form) == ()
        assert read((), form=form).sides == SideCount()


class TestMirror:
    """The mirrored session has the mirrored lines, and right stands before left in each of them.

    Source: no payer treats one side unlike the other; order of RT and LT by ngs-a57826-quoted.
    """

    def test_every_count(self) -> None:
        swap = {"RT": "LT", "LT": "RT"}
        for form, sides, line, lines in every_rendering(further=((), ("KX",))):
            mirrored = render(line, sides.mirrored, form=form)
            swapped = {
                (tuple(swap.get(m, m) for m in each.modifiers), each.units) for each in lines
            }

            assert {(each.modifiers, each.units) for each in mirrored} == swapped
            assert len(mirrored) == len(lines)
            places = [n for n, each in enumerate(mirrored) if "RT" in each.modifiers]
            behind = [n for n, each in enumerate(mirrored) if "LT" in each.modifiers]
            assert not places or not behind or max(places) < min(behind)

    @law
    @given(st.tuples(*[st.integers(0, 20)] * 4))
    def test_twice_is_nothing(self, counts: tuple[int, int, int, int]) -> None:
        both, right, left, unnamed = counts
        sides = SideCount(bilateral=both, right=right, left=left, unnamed=unnamed)

        assert sides.mirrored.mirrored == sides
        assert len(sides.mirrored.treated()) == len(sides.treated()) == sum(counts)


class TestOtherModifiers:
    """What a line carries beside its side survives: each modifier, in the order of the kinds.

    Payment modifiers stand first (50 and 59 are such), then the side, then what informs (KX).

    Source: ace-2021 (order of modifiers).
    """

    def test_every_count(self) -> None:
        for form, sides, line, lines in every_rendering():
            for each in lines:
                rest = [m for m in each.modifiers if m not in ("50", "RT", "LT")]
                assert sorted(rest) == sorted(line.modifiers)
                ranks = [RANK[modifier] for modifier in each.modifiers]
                assert ranks == sorted(ranks), (form, sides)
                assert each.diagnoses == line.diagnoses

    @law
    @given(st.lists(st.sampled_from([m.code for m in packaged().modifiers] + ["ZZ", "Q9"])))
    def test_ordering_moves_between_kinds_only(self, modifiers: list[str]) -> None:
        ordered = order_modifiers(modifiers)
        kinds = [packaged().modifier_kind(modifier) for modifier in ordered]

        assert kinds == sorted(kinds, key=list(ModifierKind).index)
        assert order_modifiers(ordered) == ordered
        for kind in ModifierKind:
            of_kind = [m for m in modifiers if packaged().modifier_kind(m) is kind]
            assert [m for m in ordered if packaged().modifier_kind(m) is kind] == of_kind

    @pytest.mark.parametrize("modifier", ["50", "RT", "LT"])
    def test_a_line_that_names_its_side_is_not_rendered(self, modifier: str) -> None:
        line = ClaimLine(code=PRIMARY, modifiers=(modifier,))
        with pytest.raises(NotOfThisFormError):
            render(line, SideCount(right=1), form=LineForm.ONE_LINE_50)


class TestConversion:
    """Lines go from one form to another and back without loss, or the loss is named.

    A medical record that was billed in one payer's form can be rebilled in another's only where
    both forms tell the sides; where they do not, the conversion says what it could not tell.

    Source: oracle notes, point 1 (each form is right in its own profile; they are never blended).
    """

    @pytest.mark.parametrize("target", FORMS)
    def test_there_and_back(self, target: LineForm) -> None:
        lossless = 0
        for source, sides, line, lines in every_rendering():
            there = convert(lines, source=source, target=target)
            counted = line.code == ABLATION_ADD_ON
            if there.lost:
                assert not told(source, sides, counted=counted) or not told(
                    target, sides, counted=counted
                )
                continue
            back = convert(there.lines, source=target, target=source)
            lossless += 1

            assert back.lines == lines
            assert back.lost == ()
            assert there.lines == render(line, sides, form=target)

        assert lossless

    @pytest.mark.parametrize("form", FORMS)
    def test_to_the_same_form_changes_no_line(self, form: LineForm) -> None:
        for source, _, _, lines in every_rendering():
            if source is form:
                written = convert(lines, source=form, target=form)
                # an ambiguous reading may put its lines in another order, and is named as a loss
                assert set(written.lines) == set(lines)
                assert written.lines == lines or written.lost

    @pytest.mark.parametrize("target", FORMS)
    def test_what_is_not_told_is_named(self, target: LineForm) -> None:
        both = render(
            ClaimLine(code=ABLATION_ADD_ON), SideCount(bilateral=2), form=LineForm.ONE_LINE_50
        )
        written = convert(both, source=LineForm.ONE_LINE_50, target=target)
        blind = target in (LineForm.TWO_UNITS, LineForm.RT_LT_LINES)

        assert bool(written.lost) is blind
        assert all(loss.startswith(ABLATION_ADD_ON) for loss in written.lost)

    @law
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["64490", "64491", "64492", "64493", "64494", "64495"]),
                st.sampled_from(ONE_LEVEL),
                st.sampled_from(FURTHER),
            ),
            unique_by=lambda drawn: drawn[0],
        ),
        st.sampled_from(FORMS),
        st.sampled_from(FORMS),
    )
    def test_a_whole_injection_claim(
        self,
        claim: list[tuple[str, SideCount, tuple[str, ...]]],
        source: LineForm,
        target: LineForm,
    ) -> None:
        lines = [
            each
            for code, sides, further in claim
            for each in render(ClaimLine(code=code, modifiers=further), sides, form=source)
        ]
        there = convert(lines, source=source, target=target)

        assert there.lost == ()
        assert convert(there.lines, source=target, target=source).lines == tuple(lines)

    @pytest.mark.parametrize("form", [LineForm.TWO_UNITS, LineForm.RT_LT_LINES])
    def test_forms_are_not_blended(self, form: LineForm) -> None:
        line = ClaimLine(code=PRIMARY, modifiers=("50",))
        with pytest.raises(NotOfThisFormError):
            convert([line], source=form, target=LineForm.ONE_LINE_50)


CODES = st.from_regex(r"[0-9]{5}|[0-9]{4}[A-Z]|[A-Z][0-9]{4}", fullmatch=True)
MODIFIERS = st.lists(st.from_regex(r"[0-9A-Z]{2}", fullmatch=True), max_size=5).map(tuple)
UNITS = st.one_of(
    st.none(),
    st.integers(0, 999_999_999),
    st.decimals(0, 999_999_999, places=3),
    st.decimals(0, 10, places=6),
)


class TestText:
    """The text of a line reads back as the line: code, modifiers in order, units.

    Units are what real lines have: none, zero, whole or a fraction.

    Source: the house's own canonical form.
    """

    @law
    @given(CODES, MODIFIERS, UNITS)
    def test_there_and_back(
        self, code: str, modifiers: tuple[str, ...], units: int | Decimal | None
    ) -> None:
        line = ClaimLine(code=code, modifiers=modifiers, units=units)

        assert parse_line(line.text) == line
        assert parse_line(f"  {line.text.lower()} ") == line
        assert parse_line(line.text).text == line.text

    @pytest.mark.parametrize("units", [10**9, 10**12, Decimal("1E+3"), Decimal("0.0000005")])
    def test_huge_and_tiny_units(self, units: int | Decimal) -> None:
        line = ClaimLine(code=PRIMARY, units=units)

        assert parse_line(line.text) == line

    @law
    @given(st.text())
    def test_any_text_is_read_or_refused(self, text: str) -> None:
        try:
            line = parse_line(text)
        except ParseError:
            return
        assert parse_line(line.text) == line
