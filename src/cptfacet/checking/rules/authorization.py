"""Rules on prior authorization: which hospital claims need it, and its unique tracking number.

The number (UTN) is opaque: its length and the age of the decision are checked, and no message shows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cptfacet._text import agree, series
from cptfacet.checking.day import Day
from cptfacet.checking.rule import NotAsked, RawFinding, checks, finding
from cptfacet.checking.signals import Signal
from cptfacet.findings import Question
from cptfacet.policies import Known


@checks(
    when=(
        Signal.NEEDS_AUTHORIZATION | Signal.NOT_AUTHORIZED,
        Signal.MAY_NEED_AUTHORIZATION | Signal.NOT_AUTHORIZED,
    ),
)
def authorization_missing(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find codes that need prior authorization on a claim without one."""
    lines = day.showing(Signal.NEEDS_AUTHORIZATION)
    listed, unsettled = day.rules.authorization_codes(), day.rules.authorization_unsettled_codes()
    if isinstance(unsettled, Known) and (doubted := day.showing(Signal.MAY_NEED_AUTHORIZATION)):
        codes = sorted({line.code for line in doubted})
        reason = (
            f"no source settles whether {series(codes)} {agree(codes, 'needs', 'need')} prior"
            " authorization on this claim"
        )
        yield NotAsked(needs=unsettled.provision.key, reason=reason)
    if lines and isinstance(listed, Known):
        codes = sorted({line.code for line in lines})
        yield finding(
            lines,
            f"{series(codes)} {agree(codes, 'needs', 'need')} prior authorization on"
            f" {day.claim_type} claims, and this claim has no prior"
            " authorization number (UTN)",
            citations=listed.citations,
            question="What is the prior authorization number (UTN), or is the hospital exempt?",
        )


@checks(when=Signal.NEEDS_AUTHORIZATION | Signal.AUTHORIZATION_NUMBER)
def authorization_number_malformed(day: Day) -> Iterator[RawFinding]:
    """Find a prior authorization number that does not have the format of a UTN."""
    authorization = day.authorization
    number = None if authorization is None else authorization.number
    length = day.rules.authorization_number_length()
    if number is None or not isinstance(length, Known):
        return
    if not (number.isascii() and number.isalnum() and len(number) == length.value):
        yield finding(
            day.showing(Signal.NEEDS_AUTHORIZATION),
            f"The prior authorization number (UTN) is not {length.value} letters and digits",
            citations=length.citations,
            question="What is the UTN on the decision letter?",
        )


@checks(
    when=(
        Signal.NEEDS_AUTHORIZATION | Signal.AUTHORIZATION_NUMBER,
        Signal.NEEDS_AUTHORIZATION | Signal.AUTHORIZATION_DATE,
    ),
)
def authorization_not_valid_on_date(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find a decision that had expired by the date of service, or came after it."""
    lines = day.showing(Signal.NEEDS_AUTHORIZATION)
    days = day.rules.authorization_valid_days()
    authorization = day.authorization
    if authorization is None or authorization.decided is None:
        yield NotAsked(
            needs="the date of the decision",
            reason="the claim has a prior authorization number (UTN) but no decision date",
        )
        return
    age = (day.date - authorization.decided).days
    if age < 0:
        message = "The prior authorization was decided after the date of service"
        cited = days.citations if isinstance(days, Known) else ()
        yield finding(lines, message, citations=cited, remedy=_ASK)
    elif isinstance(days, Known) and age > days.value:
        message = f"The prior authorization expired before the date of service (valid for {days.value} days)"
        yield finding(lines, message, citations=days.citations, remedy=_ASK)


_ASK = Question(question="Is there another decision that covers this date of service?")
