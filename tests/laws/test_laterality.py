"""The line forms of both sides: what one writes it reads back, and one converts into another."""

import datetime as dt
import decimal
import itertools
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

import attrs
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from cptfacet import policies
from cptfacet.bilateral import (
    Conversion,
    LateralityFormat,
    SideCount,
    convert,
    forms,
    lay_out,
    order_modifiers,
    read,
    render,
    shapes,
)
from cptfacet.claims import ClaimLine, ClaimType, parse_line
from cptfacet.errors import FormatMismatchError, FormatNotKnownError, ParseError, UnknownIdError
from cptfacet.modifiers import ModifierKind
from cptfacet.procedures import CodeRole, ProcedureKind, role_of
from cptfacet.reference import packaged
from cptfacet.unknown import Unknown

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
FORMS = tuple(LateralityFormat)
RANK = {"50": 0, "59": 0, "RT": 1, "LT": 1, "KX": 2}


def told(form: LateralityFormat, sides: SideCount, *, counted: bool) -> bool:
    """Whether a format distinguishes these sides from all others.

    Two units without side may be two levels of which the side is not named, and where one line may
    stand for several levels they may also be one side of two; a right and a left line may be one
    level or two.
    """
    if form is LateralityFormat.TWO_UNITS:
        plain = 2 * sides.bilateral + sides.unnamed
        return plain < 2 or (not counted and sides.bilateral == 1)
    if form is LateralityFormat.RT_LT_LINES and counted:
        return sides.bilateral == 0 and not (sides.right and sides.left)
    return True


def every_rendering(
    further: tuple[tuple[str, ...], ...] = FURTHER,
) -> Iterator[tuple[LateralityFormat, SideCount, ClaimLine, tuple[ClaimLine, ...]]]:
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
    ngs-a57826-quoted (a line a side), docs/design.md, coding step 5.
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
    def test_the_lines_of_an_unknown_side_say_nothing_of_a_side(
        self, form: LateralityFormat
    ) -> None:
        lines = render(ClaimLine(code=PRIMARY), SideCount(unnamed=1), form=form)

        assert lines == (ClaimLine(code=PRIMARY),)
        assert read(lines, form=form).sides == SideCount(unnamed=1)

    @pytest.mark.parametrize("form", FORMS)
    def test_nothing_treated_is_no_line(self, form: LateralityFormat) -> None:
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
        with pytest.raises(FormatMismatchError):
            render(line, SideCount(right=1), form=LateralityFormat.ONE_LINE_50)


class TestConversion:
    """Lines go from one form to another and back without loss, or the loss is named.

    A medical record that was billed in one payer's form can be rebilled in another's only where
    both forms tell the sides; where they do not, the conversion says what it could not tell.

    Source: tests/cases/README.md (each form is right in its own profile; they are never blended).
    """

    @pytest.mark.parametrize("target", FORMS)
    def test_there_and_back(self, target: LateralityFormat) -> None:
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
    def test_to_the_same_form_changes_no_line(self, form: LateralityFormat) -> None:
        for source, _, _, lines in every_rendering():
            if source is form:
                written = convert(lines, source=form, target=form)
                # an ambiguous reading may put its lines in another order, and is named as a loss
                assert set(written.lines) == set(lines)
                assert written.lines == lines or written.lost

    @pytest.mark.parametrize("target", FORMS)
    def test_what_is_not_told_is_named(self, target: LateralityFormat) -> None:
        both = render(
            ClaimLine(code=ABLATION_ADD_ON),
            SideCount(bilateral=2),
            form=LateralityFormat.ONE_LINE_50,
        )
        written = convert(both, source=LateralityFormat.ONE_LINE_50, target=target)
        blind = target in (LateralityFormat.TWO_UNITS, LateralityFormat.RT_LT_LINES)

        assert bool(written.lost) is blind
        assert all(loss.startswith(ABLATION_ADD_ON) for loss in written.lost)

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
        source: LateralityFormat,
        target: LateralityFormat,
    ) -> None:
        lines = [
            each
            for code, sides, further in claim
            for each in render(ClaimLine(code=code, modifiers=further), sides, form=source)
        ]
        there = convert(lines, source=source, target=target)

        assert there.lost == ()
        assert convert(there.lines, source=target, target=source).lines == tuple(lines)

    @pytest.mark.parametrize("form", [LateralityFormat.TWO_UNITS, LateralityFormat.RT_LT_LINES])
    def test_forms_are_not_blended(self, form: LateralityFormat) -> None:
        line = ClaimLine(code=PRIMARY, modifiers=("50",))
        with pytest.raises(FormatMismatchError):
            convert([line], source=form, target=LateralityFormat.ONE_LINE_50)


# -- converting any lines at all

SOME_CODES = (
    PRIMARY,
    INJECTION_ADD_ON,
    ABLATION_ADD_ON,
    "0214T",
    "64476",
    "64623",
)  # and two old ones
OTHER_CODES = ("J1030", "27096", "99213", "nothing")  # a drug, a related code, a visit
LATERAL = {
    LateralityFormat.ONE_LINE_50: ("", "50", "RT", "LT"),
    LateralityFormat.TWO_UNITS: ("", "RT", "LT"),
    LateralityFormat.RT_LT_LINES: ("", "RT", "LT"),
    LateralityFormat.PLAIN_THEN_50: ("", "50", "RT", "LT"),
}
CHARGES = st.one_of(
    st.none(),
    st.sampled_from([Decimal(500), Decimal("1000.00"), Decimal("0.01"), Decimal("99.99")]),
    st.decimals(),  # not a number and infinite ones too
)
COUNTED: st.SearchStrategy[int | Decimal] = st.one_of(
    st.just(1), st.just(1), st.sampled_from([2, 3, 10**25]), st.just(Decimal("2.0"))
)
DAYS = (None, dt.date(2026, 3, 2))
Forms = LateralityFormat | dict[str, LateralityFormat]
FORMS_BY_ROLE = st.one_of(
    st.sampled_from(FORMS),
    st.fixed_dictionaries({role.value: st.sampled_from(FORMS) for role in CodeRole}),
)


def form_of(forms: Forms, code: str) -> LateralityFormat:
    """Return the laterality format of a facet code."""
    if isinstance(forms, LateralityFormat):
        return forms
    procedure = packaged().get_procedure(code)
    assert procedure.family is not None
    assert procedure.ordinal is not None
    return forms[role_of(procedure.family, procedure.ordinal)]


def facet(line: ClaimLine) -> bool:
    """Whether a line has a facet code, current or deleted."""
    procedure = packaged().procedure(line.canonical.code)
    return not isinstance(procedure, Unknown) and procedure.kind is not ProcedureKind.RELATED


@st.composite
def parts(draw: st.DrawFn, form: LateralityFormat, code: str) -> list[ClaimLine]:
    """Draw lines of one code that a payer of a form might get, well written or not."""
    drawn: list[ClaimLine] = []
    alike = draw(st.booleans())
    further = st.sampled_from([(), ("KX",), ("59",), ("KX", "59"), ("ZZ", "KX"), ("KX", "ZZ")])
    charge = draw(CHARGES)
    modifiers = draw(further)
    provider = draw(st.sampled_from([None, "a"]))
    if alike:  # what the form itself writes, so that much of what is drawn is not lost
        sides = draw(st.sampled_from(SEVERAL if code == ABLATION_ADD_ON else ONE_LEVEL))
        written = render(ClaimLine(code=code, modifiers=modifiers), sides, form=form)
        weights = [
            line.units
            * (2 if form is LateralityFormat.ONE_LINE_50 and "50" in line.modifiers else 1)
            for line in written
            if isinstance(line.units, int)
        ]
        each = draw(st.one_of(st.none(), st.sampled_from([Decimal(100), Decimal("0.01")])))
        return [
            attrs.evolve(line, provider=provider, charge=None if each is None else each * weight)
            for line, weight in zip(written, weights, strict=True)
        ]
    for _ in range(draw(st.integers(1, 4))):
        side = draw(st.sampled_from(LATERAL[form]))
        rest = draw(st.one_of(st.just(modifiers), further))
        drawn.append(
            ClaimLine(
                code=code,
                modifiers=tuple(draw(st.permutations([m for m in (side, *rest) if m]))),
                units=draw(COUNTED),
                diagnoses=draw(st.sampled_from([("M47.816",), ("M47.816",), ()])),
                date=draw(st.sampled_from(DAYS)),
                provider=provider,
                place_of_service=draw(st.sampled_from([None, None, "11"])),
                charge=draw(st.one_of(st.just(charge), CHARGES)),
            )
        )
    if form is LateralityFormat.PLAIN_THEN_50:
        drawn = [
            line
            for each in drawn
            for line in (
                [attrs.evolve(each, modifiers=tuple(m for m in each.modifiers if m != "50")), each]
                if "50" in each.modifiers
                else [each]
            )
        ]
    return drawn


@st.composite
def claims(draw: st.DrawFn) -> tuple[list[ClaimLine], Forms, Forms]:
    """Draw lines that are all written in some forms, those forms, and others."""
    source, target = draw(FORMS_BY_ROLE), draw(FORMS_BY_ROLE)
    codes = draw(st.lists(st.sampled_from(SOME_CODES), max_size=4))
    lines = [line for code in codes for line in draw(parts(form_of(source, code), code))]
    others = draw(st.lists(st.builds(ClaimLine, code=st.sampled_from(OTHER_CODES)), max_size=2))
    for other in others:
        lines.insert(draw(st.integers(0, len(lines))), attrs.evolve(other, modifiers=("50", "rt")))
    if draw(st.integers(0, 3)) == 0:
        lines = draw(st.permutations(lines))
    return lines, source, target


def days(lines: Iterable[ClaimLine]) -> dict[tuple[object, ...], list[ClaimLine]]:
    """Take facet lines together by code, practitioner and day."""
    found: dict[tuple[object, ...], list[ClaimLine]] = {}
    for line in filter(facet, lines):
        found.setdefault((line.canonical.code, line.date, line.provider), []).append(line)
    return found


def differing(
    lines: Iterable[ClaimLine], written: Iterable[ClaimLine], source: Forms, target: Forms
) -> list[str]:
    """Find the codes whose lines don't say the same sides in both forms, with all readings."""
    after = days(written)
    found: list[str] = []
    for key, before in days(lines).items():
        code = before[0].canonical.code
        old = read(before, form=form_of(source, code))
        new = read(after.pop(key), form=form_of(target, code))
        ends = [(said.sides, list(itertools.islice(said.readings(), 2))) for said in (old, new)]
        if ends[0] != ends[1] or old.fewest_bilateral != new.fewest_bilateral:
            found.append(code)
    assert not after
    return found


def named(lost: Iterable[str], code: object) -> list[str]:
    """Find what is lost of one code."""
    return [loss for loss in lost if loss.startswith(f"{code}: ")]


def total(lines: Iterable[ClaimLine]) -> Fraction | None:
    """Add charges up, where all of them are amounts of dollars."""
    charges = [line.charge for line in lines if line.charge is not None]
    if not all(charge.is_finite() and abs(charge.adjusted()) < 40 for charge in charges):
        return None
    return sum(map(Fraction, charges), Fraction(0))


def compared(line: ClaimLine) -> tuple[ClaimLine, object]:
    """Return a line and its charge, which equals itself even if it is not a number."""
    charge = line.charge
    told = str(charge) if charge is not None and charge.is_nan() else charge
    return attrs.evolve(line, charge=None), told


class TestAnyLines:
    """What holds of every conversion, for lines as claims have them and for every pair of forms.

    Two lines of one code, practitioner and day that differ in a modifier, a diagnosis or a charge
    are still lines of one level, or of two; a form by role is what policies give.

    Source: oracle notes, point 1, and the line forms of `policies` by role.
    """

    @given(claims())
    def test_there_and_back_is_the_identity_or_the_loss_is_named(
        self, drawn: tuple[list[ClaimLine], Forms, Forms]
    ) -> None:
        lines, source, target = drawn
        there = convert(lines, source=source, target=target)
        event("lossless" if not there.lost else "lossy")
        back = convert(there.lines, source=target, target=source)
        expected = [line.canonical if facet(line) else line for line in lines]
        same_lines = list(map(compared, back.lines)) == list(map(compared, expected))
        same_sides = not differing(expected, there.lines, source, target)

        assert (there.lost == ()) is (same_lines and same_sides)
        if there.lost == ():
            assert back.lost == ()

    @given(claims())
    def test_the_sides_of_a_code_are_kept_or_named(
        self, drawn: tuple[list[ClaimLine], Forms, Forms]
    ) -> None:
        lines, source, target = drawn
        there = convert(lines, source=source, target=target)

        for code in differing(lines, there.lines, source, target):
            assert named(there.lost, code)

    @given(claims())
    def test_the_charge_of_a_code_is_kept_or_named(
        self, drawn: tuple[list[ClaimLine], Forms, Forms]
    ) -> None:
        lines, source, target = drawn
        there = convert(lines, source=source, target=target)
        after = days(there.lines)
        for key, before in days(line.canonical for line in lines).items():
            left_out = [loss for loss in named(there.lost, key[0]) if "left out" in loss]
            if not left_out:
                assert total(before) == total(after[key])

    @given(claims())
    def test_only_what_a_form_writes_is_changed(
        self, drawn: tuple[list[ClaimLine], Forms, Forms]
    ) -> None:
        lines, source, target = drawn
        there = convert(lines, source=source, target=target)
        ours = {line.canonical.code for line in lines if facet(line)}

        assert [id(line) for line in there.lines if not facet(line)] == [
            id(line) for line in lines if not facet(line)
        ]
        assert all(loss.split(":")[0] in ours for loss in there.lost)

        def rest(line: ClaimLine) -> tuple[object, ...]:
            return (
                line.code,
                *sorted(m for m in line.modifiers if m not in ("50", "RT", "LT")),
                line.diagnoses,
                line.date,
                line.provider,
                line.place_of_service,
            )

        assert {rest(line) for line in there.lines} == {
            rest(line.canonical if facet(line) else line) for line in lines
        }

    @given(claims())
    def test_to_the_same_forms_changes_nothing(
        self, drawn: tuple[list[ClaimLine], Forms, Forms]
    ) -> None:
        lines, source, _ = drawn
        written = convert(lines, source=source, target=source)

        assert written.lost == ()
        assert list(map(compared, written.lines)) == [
            compared(line.canonical if facet(line) else line) for line in lines
        ]

    @given(
        st.lists(
            st.builds(
                ClaimLine,
                code=st.sampled_from([*SOME_CODES, *OTHER_CODES, " 0214t"]),
                modifiers=st.lists(st.sampled_from(["50", "RT", "lt ", "KX", ""])).map(tuple),
                units=st.one_of(
                    st.none(),
                    st.integers(),
                    st.sampled_from([10**5000, 10**30 - 1]),
                    st.decimals(),
                    st.integers(1, 2),
                ),
                charge=st.one_of(st.none(), st.decimals()),
            )
        ),
        FORMS_BY_ROLE,
        FORMS_BY_ROLE,
    )
    def test_any_lines_are_converted_or_refused(
        self, lines: list[ClaimLine], source: Forms, target: Forms
    ) -> None:
        said = ""
        try:
            there = convert(lines, source=source, target=target)
        except FormatMismatchError as refused:
            said = str(refused)
            there = Conversion(lines=tuple(lines))
        assert len(said) < 1000
        assert bool(there.lines) is bool(lines)


def dollars(lines: Iterable[ClaimLine]) -> list[tuple[str, object]]:
    """Return the text and the charge of each line."""
    return [(line.text, line.charge) for line in lines]


def billed(*texts: str) -> list[ClaimLine]:
    """Read lines, with a charge behind `$`."""
    lines: list[ClaimLine] = []
    for text in texts:
        line, _, charge = text.partition(" $")
        lines.append(attrs.evolve(parse_line(line), charge=Decimal(charge) if charge else None))
    return lines


ONE, TWO, PAIR, PLAIN = FORMS
CONVERTED = [  # lines, from, to, what is written, and what each loss says
    (["64493-RT $500", "64493-LT $500"], PAIR, ONE, ["64493-50 $1000"], []),
    (["64493-50 $1000"], ONE, PAIR, ["64493-RT $500", "64493-LT $500"], []),
    (["64493-50 $1000"], ONE, PLAIN, ["64493 $500", "64493-50 $500"], []),
    (["64494 x2 $1000"], TWO, PAIR, ["64494-RT $500", "64494-LT $500"], []),
    (
        ["64636-50 x2 $400", "64636-RT $100"],
        ONE,
        TWO,
        ["64636 x4 $400", "64636-RT $100"],
        ["2 units may be"],
    ),
    (["64493-RT $500", "64493-LT $510"], PAIR, ONE, ["64493-50 $1010"], ["charge of each line"]),
    (["64493-RT $500", "64493-LT"], PAIR, ONE, ["64493-50 $500"], ["which of its lines"]),
    (
        ["64493-50 $0.01"],
        ONE,
        PAIR,
        ["64493-RT", "64493-LT"],
        ["$0.01, which does not divide evenly"],
    ),
    (["64493-50 $0.005"], ONE, PAIR, ["64493-RT", "64493-LT"], ["whole cents"]),
    (["64493-LT", "64493-RT"], PAIR, ONE, ["64493-50"], ["the order of lines"]),
    (["64493-RT-KX-GA", "64493-LT-GA-KX"], PAIR, ONE, ["64493-50-KX-GA"], ["order of modifiers"]),
    (["64493-50 $-9.50"], ONE, PAIR, ["64493-RT $-4.75", "64493-LT $-4.75"], []),
    (["64493-59-50"], ONE, PAIR, ["64493-59-RT", "64493-59-LT"], ["the order of modifiers"]),
    (
        ["64493-RT", "64494-RT", "64493-LT", "64494-LT"],
        PAIR,
        ONE,
        ["64493-50", "64494-50"],
        ["64493: the order of lines", "64494: the order of lines"],
    ),
    (["64493-RT", "99213-25", "64493-LT"], PAIR, ONE, ["64493-50", "99213-25"], ["order of lines"]),
    (["64636-50", "64636-50"], ONE, PLAIN, ["64636 x2", "64636-50 x2"], ["how many lines"]),
    (
        ["64636-RT $100", "64636-RT $100"],
        ONE,
        ONE,
        ["64636-RT $100", "64636-RT $100"],
        [],
    ),
    (
        ["64493-RT", "64493-LT-59"],
        PAIR,
        ONE,
        ["64493-RT", "64493-LT-59"],
        ["more levels", "1 bilateral in rt-lt-lines becomes 1 right, 1 left in one-line-50"],
    ),
    (
        ["64493-RT", "64493-LT"],
        ONE,
        PAIR,
        ["64493-RT", "64493-LT"],
        ["more", "becomes 1 bilateral"],
    ),
    (["64636 x2"], ONE, TWO, ["64636 x2"], ["2 units may be", "2 unnamed in one-line-50 becomes"]),
    (["64636 x2"], TWO, ONE, ["64636-50"], ["2 units may be"]),
    (["64636 x2"], TWO, TWO, ["64636 x2"], []),
    (["J1030 x2", "27096 x2"], TWO, ONE, ["J1030 x2", "27096 x2"], []),
    (["64475 x2"], TWO, ONE, ["64475-50"], []),
    (["64493-50 x2"], ONE, PAIR, ["64493-RT x2", "64493-LT x2"], []),
]


class TestConverted:
    """Lines as billers write them, and what is lost of each.

    Source: oracle notes, point 1; a level on both sides is two sides at one charge each.
    """

    @pytest.mark.parametrize(("lines", "source", "target", "written", "lost"), CONVERTED)
    def test_a_case(
        self,
        lines: list[str],
        source: LateralityFormat,
        target: LateralityFormat,
        written: list[str],
        lost: list[str],
    ) -> None:
        there = convert(billed(*lines), source=source, target=target)

        assert dollars(there.lines) == dollars(billed(*written))
        assert len(there.lost) == len(lost), there.lost
        for said, loss in zip(lost, there.lost, strict=True):
            assert said in loss

    @pytest.mark.parametrize(
        ("left", "two_days"),
        [
            (ClaimLine(code=PRIMARY, modifiers=("LT",), diagnoses=("M47.817",)), False),
            (ClaimLine(code=PRIMARY, modifiers=("LT",), place_of_service="11"), False),
            (ClaimLine(code=PRIMARY, modifiers=("LT",), date=dt.date(2026, 3, 2)), True),
            (ClaimLine(code=PRIMARY, modifiers=("LT",), provider="another"), True),
        ],
    )
    def test_lines_that_differ_are_kept_apart(self, left: ClaimLine, *, two_days: bool) -> None:
        lines = (ClaimLine(code=PRIMARY, modifiers=("RT",)), left)
        there = convert(lines, source=PAIR, target=ONE)

        assert there.lines == lines
        # of two days, or by two practitioners, they are two levels in both forms
        assert bool(there.lost) is not two_days

    def test_an_error_names_no_identifier(self) -> None:
        lines = [ClaimLine(code=PRIMARY, modifiers=("RT", "LT"), provider="MRN-0042")]
        with pytest.raises(FormatMismatchError) as refused:
            convert(lines, source=ONE, target=PAIR)

        assert "MRN-0042" not in str(refused.value)

    def test_code_modifiers_and_units_are_folded(self) -> None:
        right = ClaimLine(code="64493 ", modifiers=("kx", "rt "), units=Decimal("1.0"))
        left = ClaimLine(code="64493", modifiers=("KX", " Lt"), units=Decimal(1))

        assert read([right, left], form=PAIR).sides == SideCount(bilateral=1)
        there = convert([right, left], source=PAIR, target=ONE)
        assert [line.text for line in there.lines] == ["64493-50-KX x1"]
        with pytest.raises(FormatMismatchError):
            render(right, SideCount(right=1), form=ONE)

    @pytest.mark.parametrize(
        "units",
        [None, 0, -1, Decimal("0.5"), Decimal("NaN"), Decimal("1E+999999"), 10**5000],
        ids=["none", "zero", "negative", "half", "NaN", "long-decimal", "long-int"],
    )
    def test_units_that_are_no_count_are_refused(self, units: int | Decimal | None) -> None:
        line = ClaimLine(code=PRIMARY, modifiers=("KX",), units=units)
        with pytest.raises(
            FormatMismatchError, match="the units of 64493-KX must be a whole number"
        ):
            convert([line], source=ONE, target=PAIR)

    def test_the_decimal_context_has_no_say(self) -> None:
        charge = Decimal("12345678901234567890.02")
        lines = [ClaimLine(code=ABLATION_ADD_ON, modifiers=("50",), charge=charge)]
        strict = decimal.Context(prec=3, traps=[decimal.Inexact, decimal.Rounded])
        with decimal.localcontext(strict):
            there = convert(lines, source=ONE, target=PLAIN)

        assert [str(line.charge) for line in there.lines] == ["6172839450617283945.01"] * 2

    def test_any_number_of_levels_is_written_at_once(self) -> None:
        many = 10**25
        sides = SideCount(bilateral=many, right=1)
        lines = render(ClaimLine(code=ABLATION_ADD_ON), sides, form=TWO)

        assert [line.units for line in lines] == [2 * many, 1]
        assert convert(lines, source=TWO, target=PLAIN).lines == render(
            ClaimLine(code=ABLATION_ADD_ON), sides, form=PLAIN
        )

    @given(st.sampled_from(FORMS), st.tuples(*[st.integers(0, 5)] * 4))
    def test_levels_are_counted_as_they_are_laid_out(
        self, form: LateralityFormat, counts: tuple[int, int, int, int]
    ) -> None:
        names = ("bilateral", "right", "left", "unnamed")
        sides = SideCount(**dict(zip(names, counts, strict=True)))
        laid = lay_out(shapes(form), sides.treated())

        assert [
            (line.modifiers, line.units)
            for line in render(ClaimLine(code=PRIMARY), sides, form=form)
        ] == [(modifiers, units) for modifiers, units, _ in laid]


class TestFormsByRole:
    """The forms of a policy, by role, convert a claim in one call.

    Source: the provisions `laterality.format` of the policies.
    """

    def test_a_whole_claim(self) -> None:
        medicare, cpt = (
            forms(policies.get(name), on=dt.date(2026, 3, 2), claim_type=ClaimType.PROFESSIONAL)
            for name in ("medicare", "cpt")
        )
        lines = billed("64493-50-KX $900", "64494-50-KX $500", "64495-RT-KX $250", "99213-25")
        there = convert(lines, source=medicare, target=cpt)

        assert [line.text for line in there.lines] == [
            "64493-50-KX x1",
            "64494-KX x2",
            "64495-RT-KX x1",
            "99213-25 x1",
        ]
        assert there.lost == ()
        assert convert(there.lines, source=cpt, target=medicare).lines == tuple(lines)

    @pytest.mark.parametrize("policy", policies.ids())
    @pytest.mark.parametrize("claim_type", ClaimType)
    @pytest.mark.parametrize("on", [dt.date(1990, 1, 1), dt.date(2015, 1, 1), dt.date(2026, 3, 2)])
    def test_they_are_what_the_policy_says(
        self, policy: str, claim_type: ClaimType, on: dt.date
    ) -> None:
        said = {
            role: policies.get(policy).get(
                "laterality.format", on=on, role=role, claim_type=claim_type
            )
            for role in CodeRole
        }
        open_ = [role for role, answer in said.items() if isinstance(answer, policies.NotKnown)]
        if open_:
            with pytest.raises(FormatNotKnownError) as refused:
                forms(policies.get(policy), on=on, claim_type=claim_type)
            assert [problem.path for problem in refused.value.problems] == open_
            return
        found = forms(policies.get(policy), on=on, claim_type=claim_type)
        assert {role: form.value for role, form in found.items()} == {
            role: answer.value
            for role, answer in said.items()
            if isinstance(answer, policies.Provision)
        }

    def test_a_role_without_a_form_is_named_where_lines_have_it(self) -> None:
        lines = billed("64493-50", "64494-50", "64636-50")
        given = {"primary": ONE}
        with pytest.raises(FormatNotKnownError) as refused:
            convert(lines, source=ONE, target=given)

        assert [problem.path for problem in refused.value.problems] == list(CodeRole)[1:]
        assert "target" in str(refused.value)
        assert convert(lines[:1], source=given, target=given).lines == tuple(lines[:1])

    def test_a_role_that_there_is_not_is_named(self) -> None:
        with pytest.raises(UnknownIdError, match="primary"):
            convert([], source={"primery": ONE}, target=ONE)


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

    @given(st.text())
    def test_any_text_is_read_or_refused(self, text: str) -> None:
        try:
            line = parse_line(text)
        except ParseError:
            return
        assert parse_line(line.text) == line
