"""How both sides are written on claim lines: render them, read them back, convert between forms.

Payers disagree on how to write one bilateral level. A line form is one way of writing it; the forms
are never blended. Everything here is a pure function of lines.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NoReturn, TypeVar

import attrs

from cptfacet._records import sealed
from cptfacet.anatomy import Side
from cptfacet.claims import ClaimLine
from cptfacet.errors import NotOfThisFormError
from cptfacet.modifiers import ModifierKind, ModifierRole
from cptfacet.procedures import Ordinal
from cptfacet.reference import Reference, packaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "Conversion",
    "Laterality",
    "LineForm",
    "Shapes",
    "SideCount",
    "convert",
    "lateral_roles",
    "lay_out",
    "order_modifiers",
    "read",
    "render",
    "shapes",
]

K = TypeVar("K")
Shapes = dict[Side | None, tuple[tuple[tuple[str, ...], int], ...]]


class LineForm(StrEnum):
    """One way of writing a level that was treated on both sides.

    `one-line-50`: one line with the bilateral modifier. `two-units`: one line without side, two
    units. `rt-lt-lines`: a line a side. `plain-then-50`: a line without modifier and a second one
    with the bilateral modifier.
    """

    ONE_LINE_50 = "one-line-50"
    TWO_UNITS = "two-units"
    RT_LT_LINES = "rt-lt-lines"
    PLAIN_THEN_50 = "plain-then-50"


@sealed
@attrs.frozen(kw_only=True)
class SideCount:
    """How many levels of one code were treated on which side.

    >>> SideCount(bilateral=1, right=2).mirrored
    SideCount(bilateral=1, right=0, left=2, unnamed=0)
    >>> SideCount(right=-1)
    Traceback (most recent call last):
    ...
    ValueError: right is a count of levels: 0 or more, not -1
    """

    bilateral: int = 0
    right: int = 0
    left: int = 0
    unnamed: int = 0

    def __attrs_post_init__(self) -> None:
        """Refuse negative counts."""
        for name in ("bilateral", "right", "left", "unnamed"):
            if getattr(self, name) < 0:
                message = f"{name} is a count of levels: 0 or more, not {getattr(self, name)}"
                raise ValueError(message)

    @property
    def mirrored(self) -> SideCount:
        """The same levels with the sides exchanged."""
        return attrs.evolve(self, right=self.left, left=self.right)

    @property
    def levels(self) -> int:
        """How many levels these are: one on both sides is still one."""
        return self.bilateral + self.right + self.left + self.unnamed

    def __add__(self, other: SideCount) -> SideCount:
        return SideCount(
            bilateral=self.bilateral + other.bilateral,
            right=self.right + other.right,
            left=self.left + other.left,
            unnamed=self.unnamed + other.unnamed,
        )

    def __str__(self) -> str:
        counts = {field.name: getattr(self, field.name) for field in attrs.fields(SideCount)}
        return ", ".join(f"{count} {side}" for side, count in counts.items() if count) or "none"

    def treated(self) -> tuple[tuple[int, Side | None], ...]:
        """List the levels one by one, numbered, with their sides."""
        sides: list[Side | None] = [Side.BILATERAL] * self.bilateral
        sides += [Side.RIGHT] * self.right
        sides += [Side.LEFT] * self.left
        sides += [None] * self.unnamed
        return tuple(enumerate(sides))


@sealed
@attrs.frozen(kw_only=True)
class Laterality:
    """What lines of one code say about sides, read in a line form.

    ``sides`` is the reading with the most bilateral levels, ``fewest_bilateral`` counts those that
    every reading has. ``excess``: the units are of more levels than the code stands for.
    """

    form: LineForm
    sides: SideCount
    fewest_bilateral: int
    excess: bool = False

    @property
    def ambiguous(self) -> tuple[str, ...]:
        """What the form, or the lines themselves, leave open."""
        if self.excess:
            return ("the units are of more levels than the code stands for",)
        if self.fewest_bilateral == self.sides.bilateral:
            return ()
        if self.form is LineForm.TWO_UNITS:
            return ("two units may be both sides of one level or one side of two",)
        return ("right and left units may be of the same level or of two levels",)

    def readings(self) -> Iterator[SideCount]:
        """Give each count of levels that these lines may stand for, most bilateral ones first.

        A level on both sides may as well be two levels: one on each side where lines name sides,
        two whose side is not named where units alone do.

        >>> four = ClaimLine(code="64636", units=4)
        >>> [str(sides) for sides in read([four], form=LineForm.TWO_UNITS).readings()]
        ['2 bilateral', '1 bilateral, 2 unnamed', '4 unnamed']
        """
        for bilateral in range(self.sides.bilateral, self.fewest_bilateral - 1, -1):
            yield self.reading(bilateral)

    def allows(self, sides: SideCount) -> bool:
        """Say whether a count of levels is one of the readings.

        >>> read([ClaimLine(code="64636", units=4)], form=LineForm.TWO_UNITS).allows(
        ...     SideCount(bilateral=1, unnamed=2)
        ... )
        True
        """
        if not self.fewest_bilateral <= sides.bilateral <= self.sides.bilateral:
            return False
        return sides == self.reading(sides.bilateral)

    def reading(self, bilateral: int) -> SideCount:
        """Give the reading with so many bilateral levels."""
        split = self.sides.bilateral - bilateral
        if self.form is LineForm.TWO_UNITS:
            halves = {"unnamed": self.sides.unnamed + 2 * split}
        else:
            halves = {"right": self.sides.right + split, "left": self.sides.left + split}
        return attrs.evolve(self.sides, bilateral=bilateral, **halves)


@sealed
@attrs.frozen(kw_only=True)
class Conversion:
    """Lines in another form, and what that form, or the first one, does not tell."""

    lines: tuple[ClaimLine, ...]
    lost: tuple[str, ...] = ()


def shapes(form: LineForm, *, reference: Reference | None = None) -> Shapes:
    """Give the modifiers and units that a form writes for one level, by side.

    >>> shapes(LineForm.RT_LT_LINES)[Side.BILATERAL]
    ((('RT',), 1), (('LT',), 1))
    """
    known = reference or packaged()
    both = known.modifier_for(ModifierRole.BILATERAL)
    right = known.modifier_for(ModifierRole.RIGHT)
    left = known.modifier_for(ModifierRole.LEFT)
    bilateral: tuple[tuple[tuple[str, ...], int], ...]
    match form:
        case LineForm.ONE_LINE_50:
            bilateral = (((both,), 1),)
        case LineForm.TWO_UNITS:
            bilateral = (((), 2),)
        case LineForm.RT_LT_LINES:
            bilateral = (((right,), 1), ((left,), 1))
        case LineForm.PLAIN_THEN_50:
            bilateral = (((), 1), ((both,), 1))
    return {
        Side.BILATERAL: bilateral,
        Side.RIGHT: (((right,), 1),),
        Side.LEFT: (((left,), 1),),
        None: (((), 1),),
    }


_SIDES = (Side.BILATERAL, Side.RIGHT, Side.LEFT, None)


def lay_out(
    form: Shapes, treated: Sequence[tuple[K, Side | None]]
) -> list[tuple[tuple[str, ...], int, list[tuple[K, Side | None]]]]:
    """Lay treated levels of one code out on lines: modifiers, units and the levels of each line.

    Bilateral levels come first, then right, left, and those without a named side; lines that would
    have equal modifiers are one line.
    """
    lines: dict[tuple[str, ...], tuple[int, list[tuple[K, Side | None]]]] = {}
    for side in _SIDES:
        levels = [level for level in treated if level[1] is side]
        if not levels:
            continue
        for modifiers, units in form[side]:
            before, already = lines.get(modifiers, (0, []))
            lines[modifiers] = (before + units * len(levels), [*already, *levels])
    return [(modifiers, units, levels) for modifiers, (units, levels) in lines.items()]


def order_modifiers(
    modifiers: Iterable[str],
    *,
    order: Sequence[str] = tuple(ModifierKind),
    reference: Reference | None = None,
) -> tuple[str, ...]:
    """Put modifiers in the order of their kinds: payment, side, information.

    Modifiers of one kind keep their order.

    >>> order_modifiers(["KX", "RT", "59"])
    ('59', 'RT', 'KX')
    """
    known = reference or packaged()
    rank = {kind: place for place, kind in enumerate(order)}
    return tuple(sorted(modifiers, key=lambda code: rank[known.modifier_kind(code)]))


def render(
    line: ClaimLine,
    sides: SideCount,
    *,
    form: LineForm,
    order: Sequence[str] = tuple(ModifierKind),
    reference: Reference | None = None,
) -> tuple[ClaimLine, ...]:
    """Write the sides of one code in a line form.

    ``line`` carries the code and everything else that each line shall have; its units don't matter,
    and its own modifiers name no side.

    >>> block = ClaimLine(code="64493", modifiers=("KX",))
    >>> [l.text for l in render(block, SideCount(bilateral=1), form=LineForm.ONE_LINE_50)]
    ['64493-50-KX x1']
    >>> [l.text for l in render(block, SideCount(bilateral=1), form=LineForm.RT_LT_LINES)]
    ['64493-RT-KX x1', '64493-LT-KX x1']
    >>> render(
    ...     ClaimLine(code="64493", modifiers=("50",)),
    ...     SideCount(right=1),
    ...     form=LineForm.ONE_LINE_50,
    ... )
    Traceback (most recent call last):
    ...
    cptfacet.errors.NotOfThisFormError: these lines do not have the form one-line-50: 64493-50 x1 names a side already; give the line without it

    Raises:
        NotOfThisFormError: The line names a side already.
    """
    known = reference or packaged()
    if any(lateral_roles(known).get(modifier) for modifier in line.modifiers):
        reason = f"{line.text} names a side already; give the line without it"
        raise NotOfThisFormError(form=form, reason=reason)
    return tuple(
        attrs.evolve(
            line,
            units=units,
            modifiers=order_modifiers((*modifiers, *line.modifiers), order=order, reference=known),
        )
        for modifiers, units, _ in lay_out(shapes(form, reference=known), sides.treated())
    )


def lateral_roles(reference: Reference | None = None) -> Mapping[str, ModifierRole]:
    """Give the modifiers that name a side, with the role of each.

    >>> list(lateral_roles())
    ['50', 'RT', 'LT']
    """
    reference = reference or packaged()
    roles = (ModifierRole.BILATERAL, ModifierRole.RIGHT, ModifierRole.LEFT)
    return {reference.modifier_for(role): role for role in roles}


def read(
    lines: Iterable[ClaimLine], *, form: LineForm, reference: Reference | None = None
) -> Laterality:
    """Read the sides that lines of one code say in a line form.

    >>> both = [
    ...     ClaimLine(code="64493", modifiers=("RT",)),
    ...     ClaimLine(code="64493", modifiers=("LT",)),
    ... ]
    >>> read(both, form=LineForm.RT_LT_LINES).sides
    SideCount(bilateral=1, right=0, left=0, unnamed=0)
    >>> read([ClaimLine(code="64493", modifiers=("50",))], form=LineForm.TWO_UNITS)
    Traceback (most recent call last):
    ...
    cptfacet.errors.NotOfThisFormError: these lines do not have the form two-units: 64493-50 x1 has the bilateral modifier

    Raises:
        NotOfThisFormError: The lines have several codes, or are not written in this form.
    """
    known = reference or packaged()
    lateral = lateral_roles(known)
    units: dict[ModifierRole | None, int] = {}
    code = None
    for line in lines:
        if code not in (None, line.code):
            _refuse(form, f"{code} and {line.code} are two codes; read one at a time")
        code = line.code
        roles = [lateral[modifier] for modifier in line.modifiers if modifier in lateral]
        if len(roles) > 1:
            _refuse(form, f"{line.text} names its side twice")
        if not isinstance(line.units, int) or line.units < 1:
            _refuse(form, f"{line.text} has no whole number of units")
        role = roles[0] if roles else None
        if role is ModifierRole.BILATERAL and form in (LineForm.TWO_UNITS, LineForm.RT_LT_LINES):
            _refuse(form, f"{line.text} has the bilateral modifier")
        units[role] = units.get(role, 0) + line.units
    procedure = known.known(code) if code else None
    counted = procedure is not None and procedure.ordinal is Ordinal.EACH_ADDITIONAL
    return _read_units(form, units, counted=counted)


def _refuse(form: LineForm, reason: str) -> NoReturn:
    raise NotOfThisFormError(form=form, reason=reason)


def _read_units(
    form: LineForm, units: Mapping[ModifierRole | None, int], *, counted: bool
) -> Laterality:
    """Read units by modifier; ``counted`` says that one line of the code may stand for levels."""
    both = units.get(ModifierRole.BILATERAL, 0)
    right = units.get(ModifierRole.RIGHT, 0)
    left = units.get(ModifierRole.LEFT, 0)
    plain = units.get(None, 0)
    certain = True
    match form:
        case LineForm.ONE_LINE_50:
            sides = SideCount(bilateral=both, right=right, left=left, unnamed=plain)
        case LineForm.PLAIN_THEN_50:
            if plain < both:
                _refuse(form, "a line with the bilateral modifier has no plain line before it")
            sides = SideCount(bilateral=both, right=right, left=left, unnamed=plain - both)
        case LineForm.RT_LT_LINES:
            pairs = min(right, left)
            sides = SideCount(
                bilateral=pairs, right=right - pairs, left=left - pairs, unnamed=plain
            )
            certain = not counted
        case LineForm.TWO_UNITS:
            sides = SideCount(bilateral=plain // 2, right=right, left=left, unnamed=plain % 2)
            certain = not counted
    return Laterality(
        form=form,
        sides=sides,
        fewest_bilateral=sides.bilateral if certain else 0,
        excess=not counted and sides.levels > 1,
    )


def convert(
    lines: Iterable[ClaimLine],
    *,
    source: LineForm,
    target: LineForm,
    reference: Reference | None = None,
) -> Conversion:
    """Write lines of one form in another, and say what is lost.

    Lines are taken together by code and by everything that they carry beside sides and units; each
    group is read in the first form and written in the second, where its first line stood.

    >>> two = [
    ...     ClaimLine(code="64493", modifiers=("50", "KX")),
    ...     ClaimLine(code="64494", modifiers=("RT", "KX")),
    ... ]
    >>> split = convert(two, source=LineForm.ONE_LINE_50, target=LineForm.RT_LT_LINES)
    >>> [line.text for line in split.lines], split.lost
    (['64493-RT-KX x1', '64493-LT-KX x1', '64494-RT-KX x1'], ())

    Raises:
        NotOfThisFormError: The lines are not written in the first form.
    """
    known = reference or packaged()
    lateral = lateral_roles(known)
    groups: dict[ClaimLine, list[ClaimLine]] = {}
    for line in lines:
        rest = tuple(modifier for modifier in line.modifiers if modifier not in lateral)
        groups.setdefault(attrs.evolve(line, modifiers=rest, units=1), []).append(line)
    written: list[ClaimLine] = []
    lost: list[str] = []
    for template, group in groups.items():
        laterality = read(group, form=source, reference=known)
        lost.extend(f"{template.code}: {open_}" for open_ in laterality.ambiguous)
        rendered = render(template, laterality.sides, form=target, reference=known)
        back = read(rendered, form=target, reference=known)
        if back.sides != laterality.sides or (back.ambiguous and not laterality.ambiguous):
            why = "; ".join(back.ambiguous) or "levels without a side merge with others"
            lost.append(f"{template.code}: {why}")
        written.extend(rendered)
    return Conversion(lines=tuple(written), lost=tuple(dict.fromkeys(lost)))
