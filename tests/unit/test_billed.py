"""What the lines of one code represent, against every reading that their units have."""

import itertools
import re
from collections.abc import Iterator

import attrs
import pytest

from cptfacet import billed
from cptfacet.anatomy import Side
from cptfacet.bilateral import LateralityFormat, SideCount
from cptfacet.billed import OPEN_ENDED, BilledCode
from cptfacet.modifiers import LATERAL_ROLES, ModifierRole
from cptfacet.procedures import Ordinal

BOTH, RIGHT, LEFT = LATERAL_ROLES
SIDES = ((), (BOTH,), (RIGHT,), (LEFT,), (RIGHT, LEFT), (BOTH, RIGHT))
UNITS = (None, 0, 1, 2, 3, 4)


@attrs.frozen
class Line:
    """A line by its sides and units, None where it has no units."""

    sides: tuple[ModifierRole, ...]
    units: int | None

    @property
    def counted(self) -> int:
        return 1 if self.units is None else self.units


LINES = [Line(sides, units) for sides, units in itertools.product(SIDES, UNITS)]
CLAIMS = [
    *((line,) for line in LINES),
    *itertools.product(LINES, repeat=2),
    *(
        tuple(Line(sides, count) for sides, count in zip(SIDES[:4], units, strict=True))
        for units in itertools.product(range(5), range(3), range(4), range(4))
    ),
]
CODES = [BilledCode(ordinal=o, lines=lines) for o in Ordinal for lines in CLAIMS]
ENDLESS = Ordinal.THIRD_AND_MORE


def units_of(lines: tuple[Line, ...]) -> dict[str, int]:
    """Count units by side, one by one."""
    units = {"both": 0, "right": 0, "left": 0, "plain": 0}
    for line in lines:
        for _ in range(1 if line.units is None else line.units):
            match line.sides:
                case ():
                    units["plain"] += 1
                case (only,) if only is not BOTH:
                    units[only.value] += 1
                case _:
                    units["both"] += 1
    return units


def paired(lines: tuple[Line, ...]) -> Iterator[SideCount]:
    """List what units may be, each as a level: any right and left one, or two plain ones, may be one."""
    units = units_of(lines)
    for named in range(min(units["right"], units["left"]) + 1):
        for plain in range(units["plain"] // 2 + 1):
            yield SideCount(
                bilateral=units["both"] + named + plain,
                right=units["right"] - named,
                left=units["left"] - named,
                unnamed=units["plain"] - 2 * plain,
            )


def once(levels: SideCount) -> SideCount:
    """Take all levels as one, on every side that one of them has."""
    right = levels.right > 0 or levels.bilateral > 0
    left = levels.left > 0 or levels.bilateral > 0
    if right and left:
        return SideCount(bilateral=1)
    unnamed = levels.unnamed > 0 and not (right or left)
    return SideCount(right=int(right), left=int(left), unnamed=int(unnamed))


def readings(code: BilledCode[Line]) -> list[SideCount]:
    """List what the lines of a code may represent; more levels may follow those of the third."""
    counted = code.ordinal is Ordinal.EACH_ADDITIONAL
    return [levels if counted else once(levels) for levels in paired(code.lines)]


def sides(levels: SideCount) -> int:
    return 2 * levels.bilateral + levels.right + levels.left + levels.unnamed


def test_levels_and_sides_are_the_least_and_the_most_of_every_reading() -> None:
    for code in CODES:
        found = readings(code)
        most = {
            "levels": max(levels.levels for levels in found),
            "bilateral": max(levels.bilateral for levels in found),
            "sides": max(map(sides, found)),
        }
        if code.ordinal is ENDLESS:
            most = {what: OPEN_ENDED if count else 0 for what, count in most.items()}

        assert code.levels_at_least() == min(levels.levels for levels in found), code
        assert code.levels_at_most == most["levels"], code
        assert code.bilateral_at_least == min(levels.bilateral for levels in found), code
        assert code.bilateral_at_most == most["bilateral"], code
        assert code.sides_at_most == most["sides"], code
        for side, name in ((Side.RIGHT, "right"), (Side.LEFT, "left")):
            on = min(getattr(levels, name) + levels.bilateral for levels in found)
            assert code.on_at_least(side) == on, code


@pytest.mark.parametrize("most", range(6))
def test_fewer_bilateral_levels_leave_more_levels(most: int) -> None:
    for code in CODES:
        with_50 = units_of(code.lines)["both"]
        allowed = [
            levels.levels for levels in readings(code) if levels.bilateral <= max(most, with_50)
        ]
        if code.counts_levels:
            assert code.levels_at_least(bilateral=most) == min(allowed), code
        else:
            assert code.levels_at_least(bilateral=most) == code.levels_at_least()


def test_excess_is_more_than_one_level_in_every_reading() -> None:
    for code in CODES:
        fewest = min(levels.levels for levels in paired(code.lines))

        assert code.fewest == fewest
        assert code.excess is (not code.counts_levels and fewest > 1), code


def test_what_a_format_reads_is_one_of_the_readings() -> None:
    read = 0
    for code in CODES:
        every = set(paired(code.lines))
        for written_in in LateralityFormat:
            joined = written_in is LateralityFormat.PLAIN_THEN_50 and code.units[BOTH]
            found = code.read(written_in)
            if found and not joined:
                read += 1
                assert every.issuperset(found.readings()), code

    assert read > len(CODES)


def test_plain_then_50_alone_reads_a_plain_line_with_one_with_50_as_one_level() -> None:
    lines = (Line((), 1), Line((BOTH,), 1))
    code = BilledCode(ordinal=Ordinal.EACH_ADDITIONAL, lines=lines)
    levels = {
        written_in: found.sides.levels
        for written_in in LateralityFormat
        if (found := code.read(written_in))
    }

    assert levels == {LateralityFormat.ONE_LINE_50: 2, LateralityFormat.PLAIN_THEN_50: 1}
    assert code.levels_at_least() == 2


def test_what_a_code_represents_rests_on_units_by_side_alone() -> None:
    seen: dict[tuple[object, ...], tuple[object, ...]] = {}
    for code in CODES:
        said = (
            code.levels_at_least(),
            code.levels_at_most,
            code.named,
            code.bilateral_at_most,
            code.sides_at_most,
            code.excess,
        )
        key = code.ordinal, *code.units.values()

        assert seen.setdefault(key, said) == said
    assert len(seen) < len(CODES)


def test_a_line_names_exactly_its_sides() -> None:
    lines = tuple(Line(sides, 1) for sides in SIDES)
    code = BilledCode(ordinal=Ordinal.FIRST, lines=lines)

    assert [code.naming(*sides) for sides in SIDES] == [[line] for line in lines]


# -- the table of the module


ROW = re.compile(r"(?P<lines>.{15})(?P<one>.{26})(?P<each>.*)")
WRITTEN = {"50": BOTH, "RT": RIGHT, "LT": LEFT}


def rows() -> list[tuple[str, str, str]]:
    assert billed.__doc__
    _, _, table, *_ = re.split(r"^=.*=$", billed.__doc__, flags=re.MULTILINE)
    found = [ROW.fullmatch(line) for line in table.strip("\n").splitlines()]
    return [(row["lines"].strip(), row["one"], row["each"]) for row in found if row]


def parsed(text: str) -> Line:
    named, _, units = text.partition(" x")
    marked = tuple(WRITTEN[code] for code in named.split("-") if code != "plain")
    return Line(marked, None if units == "?" else int(units or 1))


def cells(code: BilledCode[Line]) -> list[str]:
    """Write the levels, bilateral levels and sides of a code as the table does."""

    def span(least: int, most: int) -> str:
        return f"{least}" if least == most else f"{least}-{most}"

    levels = span(code.levels_at_least(), code.levels_at_most)
    return [
        f"{levels} of {code.fewest}" if code.excess else levels,
        span(code.bilateral_at_least, code.bilateral_at_most),
        f"{code.sides_at_most}",
    ]


@pytest.mark.parametrize(("lines", "one", "each"), rows())
def test_the_table_of_the_module_is_what_it_says(lines: str, one: str, each: str) -> None:
    written = tuple(map(parsed, lines.split(", ")))

    for ordinal in (Ordinal.FIRST, Ordinal.SECOND):
        assert cells(BilledCode(ordinal=ordinal, lines=written)) == re.split(" {2,}", one.strip())
    code = BilledCode(ordinal=Ordinal.EACH_ADDITIONAL, lines=written)
    assert cells(code) == re.split(" {2,}", each.strip())


def test_the_table_has_each_way_of_naming_a_side() -> None:
    assert len(rows()) == 14
