"""The answer "not known", as one kind of value."""

from __future__ import annotations

import datetime as dt

import attrs

from cptfacet.citations import Citation

__all__ = ["Unknown"]


def __dir__() -> list[str]:
    return sorted(__all__)


@attrs.frozen(kw_only=True)
class Unknown:
    """The answer that no source we have read settles a question.

    Every look-up that can come up empty returns its value or an `Unknown`, so one test serves for
    all of them: ``isinstance(answer, Unknown)``. ``what`` is the question and ``on`` the date of
    service it was asked for, ``reason`` says why it is open. ``missing`` names what would settle
    it, such as a field of a location, and ``candidates`` the answers that remain possible, where
    they are few. ``citations`` are the sources that were read and leave it open.

    A provision that a policy states as not known (`NotKnown`) is an `Unknown` too; it is the one
    record with a kind of its own.

    >>> print(
    ...     Unknown(what="the MUE of 64493", on=dt.date(2009, 1, 1), reason="no edition was read")
    ... )
    the MUE of 64493 on 2009-01-01 is not known: no edition was read
    >>> Unknown(what="the MUE of 64493")
    Traceback (most recent call last):
    ...
    TypeError: Unknown.__init__() missing 1 required keyword-only argument: 'reason'
    """

    what: str
    on: dt.date | None = None
    reason: str
    missing: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()

    def __str__(self) -> str:
        day = f" on {self.on}" if self.on else ""
        return f"{self.what}{day} is not known: {self.reason}"
