"""Add-on codes: put lines in order, and find add-ons without a primary code.

An add-on is paid only with one of its primary codes, billed by the same practitioner on the same
date.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import attrs

from cptfacet._inputs import expect_all, expect_date, expect_or_none
from cptfacet._records import sealed
from cptfacet.claims import ClaimLine
from cptfacet.policies import Known, Policy
from cptfacet.policies.vocabulary import ADDON_PRIMARIES
from cptfacet.procedures import Ordinal, is_code, parse_code
from cptfacet.reference import Reference, find_reference
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


__all__ = ["MissingPrimary", "allowed_primaries", "missing_primaries", "order_lines"]


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class MissingPrimary:
    """An add-on line billed without any of its primary codes. ``line`` counts from 1."""

    line: int
    code: str
    allowed: tuple[str, ...]


def allowed_primaries(
    code: str, *, on: dt.date, policy: Policy | None = None, reference: Reference | None = None
) -> tuple[str, ...]:
    """List the primary codes of an add-on code on a date; empty for any other code.

    They come from the add-on code edits, and a policy may add to them.

    >>> import datetime as dt
    >>> from cptfacet import policies
    >>> allowed_primaries("64636", on=dt.date(2026, 3, 2))
    ('64635',)
    >>> allowed_primaries("64636", on=dt.date(2026, 3, 2), policy=policies.get("medicare"))
    ('64635', '64633')
    >>> allowed_primaries("64636.0", on=dt.date(2026, 3, 2))
    Traceback (most recent call last):
    ...
    cptfacet.errors.ParseError: '64636.0' is not a procedure code: a spreadsheet has read it as a number; write 64636

    Raises:
        ParseError: The text is not a code.

    Source: the CMS add-on code edits; a policy's own citation for any primary it adds.
    """
    expect_or_none(policy, Policy, "policy")
    code = parse_code(code)
    expect_date(on)
    procedure = find_reference(reference).procedure(code)
    if isinstance(procedure, Unknown) or not procedure.add_on:
        return ()
    allowed = procedure.primary_codes(on)
    if policy is not None:
        further = policy.ask(ADDON_PRIMARIES, code, on=on)
        if isinstance(further, Known):
            allowed = tuple(dict.fromkeys((*allowed, *further.value)))
    return allowed


def _allowed(
    line: ClaimLine, *, on: dt.date, policy: Policy | None, reference: Reference | None
) -> tuple[str, ...]:
    """List the primary codes of a line's code, which may be no code at all."""
    if not is_code(line.code):
        return ()
    return allowed_primaries(line.code, on=on, policy=policy, reference=reference)


def missing_primaries(
    lines: Iterable[ClaimLine],
    *,
    on: dt.date,
    policy: Policy | None = None,
    reference: Reference | None = None,
) -> tuple[MissingPrimary, ...]:
    """List the add-on lines that are billed without any of their primary codes.

    Pass the lines of one practitioner on one day. Unknown codes are not treated as add-ons.

    >>> import datetime as dt
    >>> from cptfacet.claims import parse_line
    >>> missing_primaries([parse_line("64494-RT")], on=dt.date(2026, 3, 2))
    (MissingPrimary(line=1, code='64494', allowed=('64493', '64490')),)
    >>> missing_primaries([parse_line("64493-RT"), parse_line("64494-RT")], on=dt.date(2026, 3, 2))
    ()
    """
    expect_or_none(policy, Policy, "policy")
    expect_date(on)
    listed = expect_all(lines, ClaimLine, "lines")
    codes = {line.code for line in listed}
    missing: list[MissingPrimary] = []
    for number, line in enumerate(listed, 1):
        allowed = _allowed(line, on=on, policy=policy, reference=reference)
        if allowed and codes.isdisjoint(allowed):
            missing.append(MissingPrimary(line=number, code=line.code, allowed=allowed))
    return tuple(missing)


def order_lines(
    lines: Iterable[ClaimLine],
    *,
    on: dt.date,
    policy: Policy | None = None,
    reference: Reference | None = None,
) -> tuple[ClaimLine, ...]:
    """Put each add-on line after its primary, in the order of levels.

    Other lines keep their order, and an add-on without its primary goes last. No line is lost, and
    lines already in order stay as they are.

    >>> import datetime as dt
    >>> from cptfacet.claims import parse_line
    >>> claim = [parse_line(text) for text in ("64495", "64494-50", "64490", "64493-50")]
    >>> [line.text for line in order_lines(claim, on=dt.date(2026, 3, 2))]
    ['64490 x1', '64493-50 x1', '64494-50 x1', '64495 x1']
    """
    expect_or_none(policy, Policy, "policy")
    expect_date(on)
    known = find_reference(reference)
    listed = expect_all(lines, ClaimLine, "lines")
    allowed = {line.code: _allowed(line, on=on, policy=policy, reference=known) for line in listed}
    last = {line.code: n for n, line in enumerate(listed) if not allowed[line.code]}
    behind: dict[int | None, list[ClaimLine]] = {}
    for line in listed:
        if allowed[line.code]:
            behind.setdefault(_place(allowed[line.code], last), []).append(line)
    ordered: list[ClaimLine] = []
    for n, line in enumerate(listed):
        if not allowed[line.code]:
            ordered.append(line)
            ordered.extend(_by_level(behind.get(n, ()), known))
    ordered.extend(_by_level(behind.get(None, ()), known))
    return tuple(ordered)


def _place(allowed: Sequence[str], last: dict[str, int]) -> int | None:
    return next((last[code] for code in allowed if code in last), None)


_ORDER = tuple(Ordinal)


def _by_level(lines: Sequence[ClaimLine], reference: Reference) -> list[ClaimLine]:
    def level(line: ClaimLine) -> int:
        procedure = reference.procedure(line.code)
        ordinal = None if isinstance(procedure, Unknown) else procedure.ordinal
        return _ORDER.index(ordinal) if ordinal else len(_ORDER)

    return sorted(lines, key=level)
