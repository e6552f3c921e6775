"""How many levels units may stand for, against every way of pairing them off, tried one by one.

A level on both sides is one unit with the bilateral modifier, a unit of each side, or two units that
name no side. Source: facts of the payers' line forms, data/policies, `laterality.format`.
"""

from __future__ import annotations

import itertools

from cptfacet.anatomy import Side
from cptfacet.checking.documented import OfCode
from cptfacet.checking.rules.levels import Sides
from cptfacet.procedures import Ordinal

UNITS = [
    Sides(both=both, right=right, left=left, plain=plain)
    for both, right, left, plain in itertools.product(range(3), range(4), range(4), range(5))
]
ONE_LEVEL = (Ordinal.FIRST, Ordinal.SECOND)


def pairings(units: Sides) -> list[tuple[int, int]]:
    """Give the levels, and those of them on both sides, of each way of pairing units off."""
    return [
        (
            units.both + units.right + units.left - named + units.plain - plain,
            units.both + named + plain,
        )
        for named in range(min(units.right, units.left) + 1)
        for plain in range(units.plain // 2 + 1)
    ]


class TestFurtherLevels:
    """A code for each further level stands for as many levels as its units can be paired off to."""

    def test_the_fewest(self) -> None:
        for units in UNITS:
            assert units.fewest == min(levels for levels, _ in pairings(units))

    def test_the_fewest_of_which_some_are_on_both_sides(self) -> None:
        for units in UNITS:
            code = OfCode(ordinal=Ordinal.EACH_ADDITIONAL, sides=units)
            for spare in range(6):
                within = [n for n, both in pairings(units) if both <= max(spare, units.both)]
                assert code.fewest(spare) == min(within)

    def test_the_most(self) -> None:
        for units in UNITS:
            code = OfCode(ordinal=Ordinal.EACH_ADDITIONAL, sides=units)

            assert code.units == code.most == max(levels for levels, _ in pairings(units))

    def test_both_sides(self) -> None:
        for units in UNITS:
            code = OfCode(ordinal=Ordinal.EACH_ADDITIONAL, sides=units)

            assert code.both == min(both for _, both in pairings(units))
            assert code.both_at_most == max(both for _, both in pairings(units))
            assert units.two_sided is (code.both_at_most > 0)

    def test_sides(self) -> None:
        for units in UNITS:
            code = OfCode(ordinal=Ordinal.EACH_ADDITIONAL, sides=units)

            assert {levels + both for levels, both in pairings(units)} == {code.sides_at_most}
            assert code.on(Side.RIGHT) == units.both + units.right
            assert code.on(Side.LEFT) == units.both + units.left

    def test_of_a_code_for_one_level(self) -> None:
        """However many units there are, they are of one level; other rules tell of the rest."""
        for units in UNITS:
            there = int(units != Sides())
            surely = units.both > 0 or (units.right > 0 and units.left > 0)
            for ordinal in ONE_LEVEL:
                code = OfCode(ordinal=ordinal, sides=units)

                assert (code.fewest(0), code.fewest(3), code.most) == (there, there, there)
                assert code.both == surely
                assert code.both_at_most == (surely or units.plain > 1)
                assert code.sides_at_most == there + code.both_at_most
                assert code.on(Side.RIGHT) == (units.both > 0 or units.right > 0)
                assert code.on(Side.LEFT) == (units.both > 0 or units.left > 0)

    def test_of_a_code_for_all_levels_from_the_third(self) -> None:
        for units in UNITS:
            there = units != Sides()
            code = OfCode(ordinal=Ordinal.THIRD_AND_MORE, sides=units)
            one = OfCode(ordinal=Ordinal.SECOND, sides=units)

            assert code.fewest(2) == int(there)
            assert (code.most > 100) is there
            assert (code.sides_at_most > 100) is there
            assert (code.both_at_most > 100) is units.two_sided
            assert (code.both, code.on(Side.RIGHT)) == (one.both, one.on(Side.RIGHT))
