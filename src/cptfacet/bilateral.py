"""Laterality formats: write the sides of a level on claim lines, read them back, convert them.

Payers disagree on how to bill one bilateral level. A laterality format is one way to bill it;
formats are never mixed. No function here looks at the session.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn, TypeAlias, TypeVar

import attrs

from cptfacet._groups import grouped
from cptfacet._inputs import expect, expect_all
from cptfacet._records import sealed
from cptfacet.anatomy import Side
from cptfacet.claims import ClaimLine, ClaimType
from cptfacet.errors import FormatMismatchError, FormatNotKnownError, Problem, UnknownIdError
from cptfacet.modifiers import LATERAL_ROLES, ModifierKind, ModifierRole
from cptfacet.policies import Known
from cptfacet.policies.vocabulary import LATERALITY_FORMAT, LateralityFormat
from cptfacet.procedures import CodeRole, Ordinal, role_of
from cptfacet.reference import Reference, find_reference
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from cptfacet.policies import Policy

__all__ = [
    "Conversion",
    "Forms",
    "Laterality",
    "LateralityFormat",
    "Shapes",
    "SideCount",
    "convert",
    "forms",
    "lateral_roles",
    "lay_out",
    "order_modifiers",
    "read",
    "read_units",
    "render",
    "shapes",
]


def __dir__() -> list[str]:
    return sorted(__all__)


K = TypeVar("K")
Shapes = dict[Side | None, tuple[tuple[tuple[str, ...], int], ...]]


Forms: TypeAlias = (
    "LateralityFormat | Mapping[str, LateralityFormat]"  # one for all codes, or one for each role
)


@sealed
@attrs.frozen(kw_only=True)
class SideCount:
    """The number of levels of one code treated on each side.

    Attributes:
        bilateral: Bilateral levels.
        right: Levels treated on the right alone.
        left: Levels treated on the left alone.
        unnamed: Levels whose side is not named.

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
        """The same levels with left and right swapped."""
        return attrs.evolve(self, right=self.left, left=self.right)

    @property
    def levels(self) -> int:
        """The number of levels; a bilateral level counts once."""
        return self.bilateral + self.right + self.left + self.unnamed

    @property
    def side(self) -> Side | None:
        """The side of all levels together, or None if no level has a stated side."""
        if self.bilateral or (self.right and self.left):
            return Side.BILATERAL
        if self.right:
            return Side.RIGHT
        return Side.LEFT if self.left else None

    @property
    def as_one_level(self) -> SideCount:
        """The same sides on a single level, or on none if there are no levels."""
        match self.side:
            case Side.BILATERAL:
                return SideCount(bilateral=1)
            case Side.RIGHT:
                return SideCount(right=1)
            case Side.LEFT:
                return SideCount(left=1)
            case None:
                return SideCount(unnamed=min(self.unnamed, 1))

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
    """The sides that the lines of one code report, read in a laterality format.

    Attributes:
        form: The laterality format.
        sides: The reading with the most bilateral levels.
        fewest_bilateral: How many levels are bilateral in every reading.
        excess: Whether the units are for more levels than the code represents.
    """

    form: LateralityFormat
    sides: SideCount
    fewest_bilateral: int
    excess: bool = False

    @property
    def ambiguous(self) -> tuple[str, ...]:
        """What the format, or the lines themselves, leave open."""
        if self.excess:
            return ("the units count more levels than the code represents",)
        if self.fewest_bilateral == self.sides.bilateral:
            return ()
        if self.form is LateralityFormat.TWO_UNITS:
            return ("2 units may be one bilateral level or two unilateral levels",)
        return ("RT and LT units may be one bilateral level or two unilateral levels",)

    def readings(self) -> Iterator[SideCount]:
        """Yield each count of levels that these lines may represent, most bilateral levels first.

        A bilateral level may also be read as two levels: one on each side if the lines have RT and
        LT, or two whose side is not stated if only the units count sides.

        >>> four = ClaimLine(code="64636", units=4)
        >>> [str(sides) for sides in read([four], form=LateralityFormat.TWO_UNITS).readings()]
        ['2 bilateral', '1 bilateral, 2 unnamed', '4 unnamed']
        """
        for bilateral in range(self.sides.bilateral, self.fewest_bilateral - 1, -1):
            yield self.reading(bilateral)

    def allows(self, sides: SideCount) -> bool:
        """Whether a count of levels is one of the readings.

        >>> read([ClaimLine(code="64636", units=4)], form=LateralityFormat.TWO_UNITS).allows(
        ...     SideCount(bilateral=1, unnamed=2)
        ... )
        True
        """
        if not self.fewest_bilateral <= sides.bilateral <= self.sides.bilateral:
            return False
        return sides == self.reading(sides.bilateral)

    def reading(self, bilateral: int) -> SideCount:
        """Return the reading with this number of bilateral levels."""
        split = self.sides.bilateral - bilateral
        if self.form is LateralityFormat.TWO_UNITS:
            halves = {"unnamed": self.sides.unnamed + 2 * split}
        else:
            halves = {"right": self.sides.right + split, "left": self.sides.left + split}
        return attrs.evolve(self.sides, bilateral=bilateral, **halves)


@sealed
@attrs.frozen(kw_only=True)
class Conversion:
    """Lines in another laterality format, and what the conversion lost."""

    lines: tuple[ClaimLine, ...]
    lost: tuple[str, ...] = ()


def shapes(form: LateralityFormat, *, reference: Reference | None = None) -> Shapes:
    """Return the modifiers and units that a laterality format uses for one level, by side.

    A side for which the reference has no modifier is left out.

    >>> shapes(LateralityFormat.RT_LT_LINES)[Side.BILATERAL]
    ((('RT',), 1), (('LT',), 1))
    """
    form = _format(form)
    codes: dict[ModifierRole | None, tuple[str, ...]] = {None: ()}
    codes |= {role: (code,) for code, role in lateral_roles(reference).items()}
    sides = {Side.BILATERAL: _BOTH[form], **_ONE}
    return {
        side: tuple((codes[role], units) for role, units in lines)
        for side, lines in sides.items()
        if all(role in codes for role, _ in lines)
    }


_Roles: TypeAlias = "tuple[tuple[ModifierRole | None, int], ...]"  # by role and units
_BOTH: dict[LateralityFormat, _Roles] = {
    LateralityFormat.ONE_LINE_50: ((ModifierRole.BILATERAL, 1),),
    LateralityFormat.TWO_UNITS: ((None, 2),),
    LateralityFormat.RT_LT_LINES: ((ModifierRole.RIGHT, 1), (ModifierRole.LEFT, 1)),
    LateralityFormat.PLAIN_THEN_50: ((None, 1), (ModifierRole.BILATERAL, 1)),
}
_ONE: dict[Side | None, _Roles] = {
    Side.RIGHT: ((ModifierRole.RIGHT, 1),),
    Side.LEFT: ((ModifierRole.LEFT, 1),),
    None: ((None, 1),),
}
_SIDES = (Side.BILATERAL, Side.RIGHT, Side.LEFT, None)


def lay_out(
    form: Shapes, treated: Sequence[tuple[K, Side | None]]
) -> list[tuple[tuple[str, ...], int, list[tuple[K, Side | None]]]]:
    """Return the lines for the treated levels of one code: modifiers, units and levels of each.

    Bilateral levels come first, then right, left, and levels without a stated side. Lines with
    equal modifiers become one line.
    """
    if len(treated) == 1:
        [level] = treated
        return [(modifiers, units, [level]) for modifiers, units in form[level[1]]]
    by_side = grouped(treated, key=lambda level: level[1])
    lines: dict[tuple[str, ...], tuple[int, list[tuple[K, Side | None]]]] = {}
    for side in _SIDES:
        if side not in by_side:
            continue
        levels = by_side[side]
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
    """Return modifiers in the order of their kinds: payment, laterality, informational.

    Modifiers of one kind keep their order.

    >>> order_modifiers(["KX", "RT", "59"])
    ('59', 'RT', 'KX')
    """
    known = find_reference(reference)
    rank = {kind: place for place, kind in enumerate(expect_all(order, str, "order"))}
    return tuple(
        sorted(
            expect_all(modifiers, str, "modifiers"),
            key=lambda code: rank[known.modifier_kind(code)],
        )
    )


def render(
    line: ClaimLine,
    sides: SideCount,
    *,
    form: LateralityFormat,
    order: Sequence[str] = tuple(ModifierKind),
    reference: Reference | None = None,
) -> tuple[ClaimLine, ...]:
    """Return the lines that report the sides of one code in a laterality format.

    ``line`` has the code and everything that each line should have. Its units don't matter, and it
    has no laterality modifier.

    >>> block = ClaimLine(code="64493", modifiers=("KX",))
    >>> [l.text for l in render(block, SideCount(bilateral=1), form=LateralityFormat.ONE_LINE_50)]
    ['64493-50-KX x1']
    >>> [l.text for l in render(block, SideCount(bilateral=1), form=LateralityFormat.RT_LT_LINES)]
    ['64493-RT-KX x1', '64493-LT-KX x1']
    >>> render(
    ...     ClaimLine(code="64493", modifiers=("50",)),
    ...     SideCount(right=1),
    ...     form=LateralityFormat.ONE_LINE_50,
    ... )
    Traceback (most recent call last):
    ...
    cptfacet.errors.FormatMismatchError: these lines are not in the laterality format one-line-50: 64493-50 x1 already has a laterality modifier; pass the line without it

    Raises:
        FormatMismatchError: The line already has a laterality modifier, or the reference has
            no modifier for a side.
    """
    expect(line, ClaimLine, "line")
    expect(sides, SideCount, "sides")
    form, known = _format(form), find_reference(reference)
    line = line.canonical
    if any(lateral_roles(known).get(modifier) for modifier in line.modifiers):
        reason = f"{line.text} already has a laterality modifier; pass the line without it"
        raise FormatMismatchError(form=form.value, reason=reason)
    written: dict[tuple[str, ...], int] = {}
    shaped = shapes(form, reference=known)
    counts = (sides.bilateral, sides.right, sides.left, sides.unnamed)
    for side, count in zip(_SIDES, counts, strict=True):
        if count and side not in shaped:
            reason = f"the reference data has no modifier to write {side} with"
            raise FormatMismatchError(form=form.value, reason=reason)
        for modifiers, units in shaped[side] if count else ():
            written[modifiers] = written.get(modifiers, 0) + units * count
    return tuple(
        attrs.evolve(
            line,
            units=units,
            modifiers=order_modifiers((*modifiers, *line.modifiers), order=order, reference=known),
        )
        for modifiers, units in written.items()
    )


def lateral_roles(reference: Reference | None = None) -> Mapping[str, ModifierRole]:
    """Return the laterality modifiers (50, RT, LT) with the role of each.

    >>> list(lateral_roles())
    ['50', 'RT', 'LT']
    """
    codes = find_reference(reference).modifier_codes
    return {codes[role]: role for role in LATERAL_ROLES if role in codes}


def read(
    lines: Iterable[ClaimLine], *, form: LateralityFormat, reference: Reference | None = None
) -> Laterality:
    """Return the sides that the lines of one code report, read in a laterality format.

    >>> both = [
    ...     ClaimLine(code="64493", modifiers=("RT",)),
    ...     ClaimLine(code="64493", modifiers=("LT",)),
    ... ]
    >>> read(both, form=LateralityFormat.RT_LT_LINES).sides
    SideCount(bilateral=1, right=0, left=0, unnamed=0)
    >>> read([ClaimLine(code="64493", modifiers=("50",))], form=LateralityFormat.TWO_UNITS)
    Traceback (most recent call last):
    ...
    cptfacet.errors.FormatMismatchError: these lines are not in the laterality format two-units: 64493-50 x1 has the bilateral modifier

    Raises:
        FormatMismatchError: The lines have several codes, or are not in this laterality format.
    """
    form, known = _format(form), find_reference(reference)
    lateral = lateral_roles(known)
    units: dict[ModifierRole | None, int] = {}
    code = None
    for line in (given.canonical for given in expect_all(lines, ClaimLine, "lines")):
        if code not in (None, line.code):
            _refuse(form, f"{code} and {line.code} are different codes; read one code at a time")
        code = line.code
        count = line.whole_units
        if count is None:
            named = "-".join((line.code, *line.modifiers))
            _refuse(form, f"the units of {named} must be a whole number, 1 or more")
        roles = [lateral[modifier] for modifier in line.modifiers if modifier in lateral]
        if len(roles) > 1:
            _refuse(form, f"{line.text} has more than one laterality modifier")
        role = roles[0] if roles else None
        if role is ModifierRole.BILATERAL and form in _WITHOUT_BOTH:
            _refuse(form, f"{line.text} has the bilateral modifier")
        units[role] = units.get(role, 0) + count
    procedure = known.procedure(code or "")
    ordinal = None if isinstance(procedure, Unknown) else procedure.ordinal
    return read_units(units, form=form, ordinal=ordinal)


def _format(form: LateralityFormat, name: str = "form") -> LateralityFormat:
    return expect(form, LateralityFormat, name, "write LateralityFormat.ONE_LINE_50")


_WITHOUT_BOTH = (LateralityFormat.TWO_UNITS, LateralityFormat.RT_LT_LINES)


def _refuse(form: LateralityFormat, reason: str) -> NoReturn:
    raise FormatMismatchError(form=form.value, reason=reason)


def read_units(
    units: Mapping[ModifierRole | None, int], *, form: LateralityFormat, ordinal: Ordinal | None
) -> Laterality:
    """Return the sides that one code's units report, given the units with each modifier.

    A code for each additional level may represent several levels. Any other code represents one
    level, or all remaining ones.

    >>> read_units(
    ...     {ModifierRole.BILATERAL: 1}, form=LateralityFormat.ONE_LINE_50, ordinal=Ordinal.FIRST
    ... ).sides
    SideCount(bilateral=1, right=0, left=0, unnamed=0)
    >>> read_units(
    ...     {ModifierRole.BILATERAL: 1}, form=LateralityFormat.TWO_UNITS, ordinal=Ordinal.FIRST
    ... )
    Traceback (most recent call last):
    ...
    cptfacet.errors.FormatMismatchError: these lines are not in the laterality format two-units: a line has the bilateral modifier

    Raises:
        FormatMismatchError: The units are not in this laterality format.
    """
    form = _format(form)
    counted = ordinal is Ordinal.EACH_ADDITIONAL
    both = units.get(ModifierRole.BILATERAL, 0)
    right = units.get(ModifierRole.RIGHT, 0)
    left = units.get(ModifierRole.LEFT, 0)
    plain = units.get(None, 0)
    certain = True
    if both and form in _WITHOUT_BOTH:
        _refuse(form, "a line has the bilateral modifier")
    match form:
        case LateralityFormat.ONE_LINE_50:
            sides = SideCount(bilateral=both, right=right, left=left, unnamed=plain)
        case LateralityFormat.PLAIN_THEN_50:
            if plain < both:
                _refuse(form, "a line with the bilateral modifier has no plain line before it")
            sides = SideCount(bilateral=both, right=right, left=left, unnamed=plain - both)
        case LateralityFormat.RT_LT_LINES:
            pairs = min(right, left)
            sides = SideCount(
                bilateral=pairs, right=right - pairs, left=left - pairs, unnamed=plain
            )
            certain = not counted
        case LateralityFormat.TWO_UNITS:
            sides = SideCount(bilateral=plain // 2, right=right, left=left, unnamed=plain % 2)
            certain = not counted
    return Laterality(
        form=form,
        sides=sides,
        fewest_bilateral=sides.bilateral if certain else 0,
        excess=not counted and sides.levels > 1,
    )


def forms(policy: Policy, *, on: dt.date, claim_type: ClaimType) -> Mapping[str, LateralityFormat]:
    """Return the laterality format that a policy wants on a date, by the role of the code.

    >>> import datetime as dt
    >>> from cptfacet import policies
    >>> cpt = policies.get("cpt")
    >>> now = forms(cpt, on=dt.date(2026, 3, 2), claim_type=ClaimType.PROFESSIONAL)
    >>> now["primary"].value, now["injection-add-on"].value
    ('one-line-50', 'two-units')
    >>> forms(cpt, on=dt.date(1990, 1, 1), claim_type=ClaimType.PROFESSIONAL)
    Traceback (most recent call last):
    ...
    cptfacet.errors.FormatNotKnownError: no laterality format is known from policy cpt, professional, on 1990-01-01: primary: no source shows it in force before 2010-01-01; injection-add-on: no source shows it in force before 2010-01-01; ablation-add-on: no source shows it in force before 2012-01-01

    Raises:
        FormatNotKnownError: No source we have read states the format of a role; the error lists
            every such role.
    """
    found: dict[str, LateralityFormat] = {}
    problems: list[Problem] = []
    for role in CodeRole:
        answer = policy.ask(LATERALITY_FORMAT, role, claim_type, on=on)
        if isinstance(answer, Known):
            found[role] = answer.value
        else:
            problems.append(Problem(path=role.value, message=answer.reason))
    if problems:
        what = f"policy {policy.id}, {claim_type}, on {on}"
        raise FormatNotKnownError(what=what, problems=tuple(problems))
    return MappingProxyType(found)


def convert(
    lines: Iterable[ClaimLine],
    *,
    source: Forms,
    target: Forms,
    reference: Reference | None = None,
) -> Conversion:
    """Convert facet lines from one laterality format to another, and list what is lost.

    Pass one format for all codes, or one for each role (`procedures.CodeRole`), as `forms` returns
    them. Lines of one code form a group if they share everything but sides, units and charge. Each
    group is read in the source format and written in the target format, in place of its first line.
    Lines stay unchanged if both formats write the group alike, or if the code is not a current or
    former facet code. Codes, modifiers and whole units are written in canonical form.

    The total charge of a group is divided among the sides that its lines represent. Nothing is lost
    if converting back gives the same lines, and all lines of one code, practitioner and day report
    the same sides in both formats. Otherwise ``lost`` lists what is lost.

    >>> two = [
    ...     ClaimLine(code="64493", modifiers=("50", "KX"), charge=Decimal(1000)),
    ...     ClaimLine(code="64494", modifiers=("RT", "KX"), charge=Decimal(300)),
    ... ]
    >>> split = convert(
    ...     two, source=LateralityFormat.ONE_LINE_50, target=LateralityFormat.RT_LT_LINES
    ... )
    >>> [f"{line.text} ${line.charge}" for line in split.lines], split.lost
    (['64493-RT-KX x1 $500.00', '64493-LT-KX x1 $500.00', '64494-RT-KX x1 $300'], ())

    An RT line and an LT line that differ in another modifier can't become one line:

    >>> pair = [ClaimLine(code="64493", modifiers=m) for m in (("RT",), ("LT", "59"))]
    >>> kept = convert(
    ...     pair, source=LateralityFormat.RT_LT_LINES, target=LateralityFormat.ONE_LINE_50
    ... )
    >>> [line.text for line in kept.lines], kept.lost[-1]
    (['64493-RT x1', '64493-LT-59 x1'], '64493: 1 bilateral in rt-lt-lines becomes 1 right, 1 left in one-line-50')
    >>> convert(two, source=LateralityFormat.RT_LT_LINES, target=LateralityFormat.ONE_LINE_50)
    Traceback (most recent call last):
    ...
    cptfacet.errors.FormatMismatchError: these lines are not in the laterality format rt-lt-lines: 64493-50-KX x1 has the bilateral modifier

    Raises:
        FormatMismatchError: The lines are not in the source format.
        FormatNotKnownError: A line has a role without a format.
        UnknownIdError: A format is given for an unknown role.
    """
    known = find_reference(reference)
    given = tuple(lines)
    billed = _billed(given, known)
    read_in = _by_role("source", source, billed)
    write_in = _by_role("target", target, billed)
    out: _Written = {place: (line,) for place, line in enumerate(given)}
    lost: list[str] = []
    for code in billed:
        old, new = read_in[code.role], write_in[code.role]
        written: _Written = {}
        losses: list[str] = []
        for part in code.parts:
            written |= _rewrite(part, old, new, known, losses)
        before = read(
            itertools.chain(*(part.values() for part in code.parts)), form=old, reference=known
        )
        after = read(itertools.chain(*written.values()), form=new, reference=known)
        losses += _differences(before, after)
        out |= written
        lost += (f"{code.code}: {loss}" for loss in losses)
    return Conversion(lines=tuple(itertools.chain(*out.values())), lost=tuple(dict.fromkeys(lost)))


_Lines = dict[int, ClaimLine]  # by position on the claim
_Written = dict[int, tuple[ClaimLine, ...]]  # the lines that replace the line at a position


@sealed
@attrs.frozen(kw_only=True)
class _Billed:
    """The lines of one code, practitioner and day, grouped into parts that differ only in sides."""

    code: str
    role: str
    parts: tuple[_Lines, ...]


def _billed(lines: Sequence[ClaimLine], known: Reference) -> list[_Billed]:
    """Group the lines of facet codes, and leave out all others."""
    lateral = lateral_roles(known)
    roles: dict[str, str] = {}
    codes: dict[tuple[object, ...], dict[tuple[object, ...], _Lines]] = {}
    for place, line in enumerate(given.canonical for given in lines):
        role = _role(line.code, known)
        if role is None:
            continue
        roles[line.code] = role
        rest = tuple(sorted(modifier for modifier in line.modifiers if modifier not in lateral))
        parts = codes.setdefault((line.code, line.date, line.provider), {})
        parts.setdefault((rest, line.diagnoses, line.place_of_service), {})[place] = line
    return [
        _Billed(code=str(code), role=roles[str(code)], parts=tuple(parts.values()))
        for (code, *_), parts in codes.items()
    ]


def _role(code: str, known: Reference) -> str | None:
    """Return the role of a current or former facet code, or None for any other code."""
    procedure = known.procedure(code)
    if isinstance(procedure, Unknown) or not procedure.family or not procedure.ordinal:
        return None
    return role_of(procedure.family, procedure.ordinal)


def _by_role(what: str, given: Forms, billed: Iterable[_Billed]) -> Mapping[str, LateralityFormat]:
    """Return the laterality format for each role."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(CodeRole, _format(given, what))
    for role in given:
        if role not in tuple(CodeRole):
            near = difflib.get_close_matches(role, tuple(CodeRole))
            raise UnknownIdError(what="role", text=role, near=tuple(near))
    needed = {code.role for code in billed}
    missing = [role for role in CodeRole if role in needed and role not in given]
    if missing:
        message = "lines have codes of this role; pass its format, or one format for all roles"
        problems = tuple(Problem(path=role, message=message) for role in missing)
        raise FormatNotKnownError(what=what, problems=problems)
    return {role: _format(form, what) for role, form in given.items()}


def _rewrite(
    part: _Lines, old: LateralityFormat, new: LateralityFormat, known: Reference, lost: list[str]
) -> _Written:
    """Convert lines that differ only in sides, and add what is lost to ``lost``."""
    lines = tuple(part.values())
    lateral = lateral_roles(known)

    def side(line: ClaimLine) -> ModifierRole | None:
        return next((lateral[m] for m in line.modifiers if m in lateral), None)

    def units(of: Iterable[ClaimLine]) -> dict[ModifierRole | None, int]:
        total: dict[ModifierRole | None, int] = {}
        for line in of:
            total[side(line)] = total.get(side(line), 0) + int(line.units or 0)
        return total

    sides = read(lines, form=old, reference=known).sides
    rest = tuple(modifier for modifier in lines[0].modifiers if modifier not in lateral)
    bare = attrs.evolve(lines[0], modifiers=rest)
    written = render(bare, sides, form=new, reference=known)
    if units(written) == units(lines):
        return {place: (line,) for place, line in part.items()}
    back = {side(line): line for line in render(bare, sides, form=old, reference=known)}
    if len(back) < len(lines):
        lost.append("how many lines share the units of one side")
    places = list(part)
    if list(dict.fromkeys(map(side, lines))) != list(back) or places[-1] - places[0] >= len(places):
        lost.append("the order of lines")
    if any(line.modifiers != back[side(line)].modifiers for line in lines):
        lost.append("the order of modifiers")
    weights = [_weight(line, side(line), new) for line in written]
    shares = _shares(lines, [_weight(line, side(line), old) for line in lines], weights, lost)
    first, *others = places
    charged = (
        attrs.evolve(line, charge=share) for line, share in zip(written, shares, strict=True)
    )
    return {first: tuple(charged), **dict.fromkeys(others, ())}


def _weight(line: ClaimLine, side: ModifierRole | None, form: LateralityFormat) -> int:
    """Count the sides that a line represents; a bilateral level has two."""
    both = side is ModifierRole.BILATERAL and form is LateralityFormat.ONE_LINE_50
    return int(line.units or 0) * (2 if both else 1)


def _shares(
    lines: Sequence[ClaimLine], before: Sequence[int], after: Sequence[int], lost: list[str]
) -> list[Decimal | None]:
    """Share the total charge of lines among new lines by the sides that each represents."""
    unknown: list[Decimal | None] = [None] * len(after)
    charges = [line.charge for line in lines if line.charge is not None]
    if not charges:
        return unknown
    cents = [_cents(charge) for charge in charges]
    exact = [amount for amount in cents if amount is not None]
    if len(exact) < len(charges):
        lost.append("the charge, which is not in whole cents and is left out")
        return unknown
    total, sides = sum(exact), sum(after)
    if len(charges) < len(lines):
        lost.append("which of its lines have a charge")
    elif any(c * sides != total * n for c, n in zip(exact, before, strict=True)):
        lost.append("the charge of each line")
    if any(total * n % sides for n in after):
        amount = _dollars(total)
        lost.append(
            f"the charge of ${amount}, which does not divide evenly by {sides} sides and is left"
            " out"
        )
        return unknown
    return [_dollars(total * n // sides) for n in after]


_MOST_DIGITS = 30  # a larger number is not an amount of dollars


def _cents(charge: Decimal) -> int | None:
    """Return an amount in cents, or None if it is not whole, whatever the decimal context."""
    amount = Decimal(charge)
    if not amount:
        return 0
    if not amount.is_finite() or abs(amount.adjusted()) > _MOST_DIGITS:
        return None
    cents = Fraction(amount) * 100
    return cents.numerator if cents.denominator == 1 else None


def _dollars(cents: int) -> Decimal:
    whole, rest = divmod(abs(cents), 100)
    return Decimal(f"{'-' if cents < 0 else ''}{whole}.{rest:02}")


def _differences(before: Laterality, after: Laterality) -> list[str]:
    """List the differences between the sides that a code's lines report before and after."""
    same = before.sides == after.sides and before.fewest_bilateral == after.fewest_bilateral
    clear = before.fewest_bilateral == before.sides.bilateral
    if same and (clear or before.form is after.form):
        return []
    lost = [*before.ambiguous, *after.ambiguous]
    if before.sides != after.sides:
        lost.append(f"{before.sides} in {before.form} becomes {after.sides} in {after.form}")
    return lost
