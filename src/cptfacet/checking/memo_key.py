"""The shape of a claim: everything that its findings depend on, and nothing else."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Hashable
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from cptfacet._memo import Kept, Shape, is_short
from cptfacet.checking.day import of_one_practitioner

if TYPE_CHECKING:
    import datetime as dt

    from cptfacet.checking.plans import CheckingPlan
    from cptfacet.claims import Claim

__all__ = ["Shapes"]


def __dir__() -> list[str]:
    return sorted(__all__)


_MOST_LINES = 50  # a longer claim has no shape
_MOST_BITS = 128  # nor has one with units that are more than a count
_MOST_NUMBERS = 1 << 14
_OF_LINE = operator.attrgetter("code", "modifiers", "units", "diagnoses", "place_of_service")

_Line: TypeAlias = "tuple[str, tuple[str, ...], int | Decimal | None, tuple[str, ...], str | None]"


class Shapes:
    """The shapes of claims in the term of one plan."""

    def __init__(self, plan: CheckingPlan) -> None:
        """Begin without any line."""
        self._plan = plan
        self._numbers: dict[Hashable, int] = {}
        self._next = itertools.count()  # no number comes back: shapes that were kept have it
        self._lines = Kept(self._number)

    def of(self, claim: Claim, date: dt.date) -> Shape | None:
        """Return the shape of a claim whose lines have one date.

        Each line is a number for everything that matters about it. A charge counts only as present or
        absent, and the date as the term that it falls into, unless an authorization has a date.
        A claim that is too large has no shape.
        """
        if len(claim.lines) > _MOST_LINES:
            return None
        known, stated = self._lines, claim.diagnoses
        shape: list[Hashable] = [
            self._plan.rules.on,
            self._plan.claim_type,
            claim.purpose,
            claim.place_of_service,
            bool(stated),
        ]
        for line in claim.lines:
            asked = _OF_LINE(line), stated
            # A signaling NaN has no hash, and other Decimals can equal an int.
            number = self._number(asked) if type(line.units) is Decimal else known[asked]
            if number is None:
                return None
            shape.append(number if line.charge is None else ~number)
        told = claim.prior_authorization
        if told is not None:
            shape += (told.number, told.exempt, told.decided, told.decided and date)
        practitioners = _practitioners(claim)
        if practitioners:
            shape.append(practitioners)
        return tuple(shape)

    def _number(self, asked: tuple[_Line, tuple[str, ...]]) -> int | None:
        """Return the number for what matters about a line, or None if that is too large to keep."""
        (code, modifiers, units, own, place), stated = asked
        diagnoses = own or stated
        if not is_short(code, modifiers, diagnoses, place):
            return None
        if isinstance(units, int) and units.bit_length() > _MOST_BITS:
            return None
        said: Hashable = diagnoses
        if diagnoses and self._plan.lines[code, modifiers].code.facet:
            answered = self._plan.diagnosed[(code, modifiers), diagnoses]
            said = diagnoses if answered.findings else (answered.signals, answered.not_checked)
        what = (code, modifiers, (type(units), str(units)), said, bool(own), place)
        number = self._numbers.get(what)
        if number is None:
            if len(self._numbers) >= _MOST_NUMBERS:
                self._numbers.clear()
            number = self._numbers[what] = next(self._next)
        return number


def _practitioners(claim: Claim) -> tuple[int, ...]:
    """Return a number for the practitioner of each line, or nothing if all lines have the same.

    A line that names none has 0: it may belong to the only one whom its day names.
    """
    if of_one_practitioner(claim):
        return ()
    numbers: dict[str | None, int] = {None: 0}
    return tuple([numbers.setdefault(line.provider, len(numbers)) for line in claim.lines])
