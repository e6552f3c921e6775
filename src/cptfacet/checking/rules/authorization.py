"""Rules on prior authorization: which hospital claims need it, and the number that they bear.

The number is opaque: its length and its age are looked at, and it is never told.
"""

from __future__ import annotations

from collections.abc import Iterator

from cptfacet.checking.day import Day
from cptfacet.checking.rule import NotAsked, RawFinding, checks, numbers
from cptfacet.checking.signals import Signal
from cptfacet.findings import Question
from cptfacet.policies import Known


@checks(when=Signal.NEEDS_AUTHORIZATION | Signal.NOT_AUTHORIZED)
def authorization_missing(day: Day) -> Iterator[RawFinding]:
    """Find codes that need prior authorization on a claim that bears none."""
    lines = day.showing(Signal.NEEDS_AUTHORIZATION)
    listed = day.rules.authorization_codes()
    if isinstance(listed, Known):
        codes = sorted({line.code for line in lines})
        yield RawFinding(
            lines=numbers(lines),
            message=f"{', '.join(codes)} on a {day.claim_type} claim needs prior authorization,"
            " and the claim bears no number of it",
            citations=listed.citations,
            remedy=Question(
                question="Which number has the decision on this service, or is the hospital exempt?"
            ),
        )


@checks(when=Signal.NEEDS_AUTHORIZATION | Signal.AUTHORIZATION_NUMBER)
def authorization_number_malformed(day: Day) -> Iterator[RawFinding]:
    """Find a number of prior authorization that has not the form of one."""
    told = day.authorization
    number = None if told is None else told.number
    length = day.rules.authorization_number_length()
    if number is None or not isinstance(length, Known):
        return
    if not (number.isascii() and number.isalnum() and len(number) == length.value):
        yield RawFinding(
            lines=numbers(day.showing(Signal.NEEDS_AUTHORIZATION)),
            message=f"the number of the prior authorization has not {length.value} letters and digits",
            citations=length.citations,
            remedy=Question(question="Which number does the decision letter give?"),
        )


@checks(
    when=Signal.NEEDS_AUTHORIZATION,
    either=(Signal.AUTHORIZATION_NUMBER | Signal.AUTHORIZATION_DATE,),
)
def authorization_not_valid_on_date(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find a decision that had run out on the day of service, or had not been made."""
    lines = day.showing(Signal.NEEDS_AUTHORIZATION)
    days = day.rules.authorization_valid_days()
    told = day.authorization
    if told is None or told.decided is None:
        yield NotAsked(
            needs="the day of the decision",
            reason="the claim bears the number of a prior authorization, and not its day",
        )
        return
    age = (day.date - told.decided).days
    if age < 0:
        message = "the prior authorization was decided after the day of service"
        cited = days.citations if isinstance(days, Known) else ()
        yield RawFinding(lines=numbers(lines), message=message, citations=cited, remedy=_ASK)
    elif isinstance(days, Known) and age > days.value:
        message = (
            f"the prior authorization is older than the {days.value} days for which it is valid"
        )
        yield RawFinding(
            lines=numbers(lines), message=message, citations=days.citations, remedy=_ASK
        )


_ASK = Question(question="Is there another decision for this day of service?")
