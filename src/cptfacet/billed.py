"""What the lines of one code represent: levels and sides, at least and at most.

A line has a code, units and, usually, a modifier for the side. How many levels it represents
depends on the code. A first-level or second-level code represents one level, and a code for the
third level and beyond represents one level or more; the units of these codes do not count levels.
Each unit of a code for each additional level is a level, or one side of a level.

It also depends on the laterality format. A right and a left unit, or two units without a side, are
both sides of one level in one format and two levels in another. `BilledCode` gives the fewest and
the most levels that lines represent, with each such pair of units read either way, and
`BilledCode.read` reads the lines in one format.

=============  ======  =========  =====  ======  =========  =====
code for       first or second level     each additional level
-------------  ------------------------  ------------------------
lines          levels  bilateral  sides  levels  bilateral  sides
=============  ======  =========  =====  ======  =========  =====
RT             1       0          1      1       0          1
RT x2          1 of 2  0          1      2       0          2
50             1       1          2      1       1          2
50 x2          1 of 2  1          2      2       2          4
RT, LT         1       1          2      1-2     0-1        2
RT, LT x2      1 of 2  1          2      2-3     0-1        3
plain          1       0          1      1       0          1
plain x2       1       0-1        2      1-2     0-1        2
plain x3       1 of 2  0-1        2      2-3     0-1        3
plain, RT      1 of 2  0          1      2       0          2
plain, 50      1 of 2  1          2      2       1          3
RT-LT          1       1          2      1       1          2
RT x?          1       0          1      1       0          1
RT x0          0       0          0      0       0          0
=============  ======  =========  =====  ======  =========  =====

"1 of 2" is excess: the code represents one level, and however the units are read, they are two. For
a code for the third level and beyond, read "1 or more" wherever the table has 1. A line that names
two sides counts as bilateral. Missing units ("x?") count as one; units that are zero, negative,
fractional or absurd count as none, and other rules report them. A line without a modifier beside a
line with 50 is a level of its own: only the format `plain-then-50` joins the two, and only
`BilledCode.read` knows the format.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import attrs

from cptfacet._records import sealed
from cptfacet.anatomy import Side
from cptfacet.bilateral import Laterality, SideCount, read_units
from cptfacet.errors import FormatMismatchError
from cptfacet.modifiers import LATERAL_ROLES, ModifierRole
from cptfacet.procedures import Ordinal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cptfacet.bilateral import LateralityFormat

__all__ = ["OPEN_ENDED", "BilledCode", "SidedLine", "lateral"]


def __dir__() -> list[str]:
    return sorted(__all__)


OPEN_ENDED = 10**9  # levels, where one code represents any number of them


class SidedLine(Protocol):
    """The properties of a line that `BilledCode` uses."""

    @property
    @abstractmethod
    def sides(self) -> tuple[ModifierRole, ...]:
        """The roles of its lateral modifiers, each once."""

    @property
    @abstractmethod
    def counted(self) -> int:
        """Its units: 1 if they are missing, 0 if they are not a count."""


Line = TypeVar("Line", bound=SidedLine)


def lateral(roles: Iterable[ModifierRole | None]) -> tuple[ModifierRole, ...]:
    """List the lateral roles among those of modifiers, each once.

    >>> lateral([ModifierRole.LEFT, None, ModifierRole.REPEAT, ModifierRole.LEFT])
    (<ModifierRole.LEFT: 'left'>,)
    """
    return tuple(dict.fromkeys(role for role in roles if role and role in LATERAL_ROLES))


@sealed
@attrs.frozen(kw_only=True, eq=False)
class BilledCode(Generic[Line]):
    """The lines of one facet code on a day, and the levels and sides that they represent.

    ``units`` is the sum of their units by side, with None for lines that name no side.

    >>> from types import SimpleNamespace
    >>> two_units = SimpleNamespace(sides=(), counted=2)
    >>> code = BilledCode(ordinal=Ordinal.EACH_ADDITIONAL, lines=(two_units,))
    >>> code.levels_at_least(), code.levels_at_most, code.bilateral_at_most
    (1, 2, 1)
    """

    ordinal: Ordinal
    lines: tuple[Line, ...]
    units: Mapping[ModifierRole | None, int] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Add up the units."""
        units: dict[ModifierRole | None, int] = dict.fromkeys((*LATERAL_ROLES, None), 0)
        for line in self.lines:
            side = ModifierRole.BILATERAL if len(line.sides) > 1 else next(iter(line.sides), None)
            units[side] += line.counted
        object.__setattr__(self, "units", units)

    @property
    def counts_levels(self) -> bool:
        """Whether each unit may be a level."""
        return self.ordinal is Ordinal.EACH_ADDITIONAL

    @property
    def may_be_several(self) -> bool:
        """Whether the code represents more than one level in some claims."""
        return self.counts_levels or self.ordinal is Ordinal.THIRD_AND_MORE

    def naming(self, *sides: ModifierRole) -> list[Line]:
        """List the lines with exactly these laterality modifiers, or with none if none is given."""
        return [line for line in self.lines if line.sides == sides]

    def read(self, written_in: LateralityFormat) -> Laterality | None:
        """Return the lines' sides in a laterality format, or None if the lines are not in it."""
        try:
            return read_units(self.units, form=written_in, ordinal=self.ordinal)
        except FormatMismatchError:
            return None

    # -- levels

    @property
    def total(self) -> int:
        """All units, whatever their sides."""
        return sum(self.units.values())

    @property
    def fewest(self) -> int:
        """The fewest levels that the units would make if the units of every code counted levels."""
        both, right, left, plain = self._units
        return both + max(right, left) + (plain + 1) // 2

    @property
    def excess(self) -> bool:
        """Whether the code represents one level but every reading of the units is more levels."""
        return not self.counts_levels and self.fewest > 1

    def levels_at_least(self, *, bilateral: int | None = None) -> int:
        """Return the fewest levels that the lines represent.

        ``bilateral`` limits how many levels are read as bilateral; units with 50 always are.
        """
        if not self.counts_levels:
            return min(self.total, 1)
        if bilateral is None:
            return self.fewest
        both, right, left, plain = self._units
        spare = max(bilateral - both, 0)
        paired = min(right, left, spare)
        return self.total - paired - min(plain // 2, spare - paired)

    @property
    def levels_at_most(self) -> int:
        """The most levels that the lines represent."""
        return self.total if self.counts_levels else self._at_most(1 if self.total else 0)

    # -- sides

    @property
    def named(self) -> SideCount:
        """The levels by side as the modifiers name them, with 50 alone for both sides of a level.

        If the code does not count levels, a right and a left unit are one bilateral level too.
        """
        both, right, left, plain = self._units
        sides = SideCount(bilateral=both, right=right, left=left, unnamed=plain)
        return sides if self.counts_levels else sides.as_one_level

    def on_at_least(self, side: Side) -> int:
        """Return the fewest levels on the right or the left, bilateral levels included."""
        return self.named.bilateral + (self.named.right if side is Side.RIGHT else self.named.left)

    @property
    def bilateral_at_least(self) -> int:
        """The fewest levels that are bilateral."""
        return self.named.bilateral

    @property
    def bilateral_at_most(self) -> int:
        """The most levels that are bilateral."""
        both, right, left, plain = self._units
        most = both + min(right, left) + plain // 2
        return most if self.counts_levels else self._at_most(min(most, 1))

    @property
    def sides_at_most(self) -> int:
        """The most sides of levels: two for a bilateral level, one for any other."""
        if self.counts_levels:
            return self.total + self.units[ModifierRole.BILATERAL]
        return self._at_most(self.levels_at_least() + self.bilateral_at_most)

    @property
    def _units(self) -> tuple[int, int, int, int]:
        both, right, left, plain = self.units.values()
        return both, right, left, plain

    def _at_most(self, of_one_level: int) -> int:
        """Return the most of something, given the most of one level."""
        several = self.ordinal is Ordinal.THIRD_AND_MORE
        return OPEN_ENDED if several and of_one_level else of_one_level
