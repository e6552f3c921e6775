"""Rules on prior authorization: which hospital claims need it, and the number that they bear.

The number is opaque: its length and its age are looked at, and it is never told.
"""

from __future__ import annotations

from collections.abc import Iterator

from cptfacet.checking.plans import Plan
from cptfacet.checking.rules import Found, Unasked, checks, numbers
from cptfacet.checking.signals import Signal
from cptfacet.checking.view import Day, Line
from cptfacet.findings import Question
from cptfacet.policies import Provision


def _listed(plan: Plan) -> Provision | None:
    return plan.provision("authorization.codes", claim_type=plan.claim_type.value)


def _asks(plan: Plan) -> bool:
    return _listed(plan) is not None


@checks(when=Signal.FACET, where=_asks)
def authorization_missing(day: Day) -> Iterator[Found]:
    """Find codes that need prior authorization on a claim that bears none."""
    listed, lines = _needing(day)
    authorization = day.authorization
    told = authorization is not None and (authorization.number is not None or authorization.exempt)
    if listed is not None and lines and not told:
        codes = sorted({line.code for line in lines})
        yield Found(
            lines=numbers(lines),
            message=f"{', '.join(codes)} on a {day.claim_type} claim needs prior authorization,"
            " and the claim bears no number of it",
            citations=listed.citations,
            remedy=Question(
                question="Which number has the decision on this service, or is the hospital exempt?"
            ),
        )


@checks(when=Signal.FACET | Signal.AUTHORIZATION, where=_asks)
def authorization_number_malformed(day: Day) -> Iterator[Found]:
    """Find a number of prior authorization that has not the form of one."""
    listed, lines = _needing(day)
    authorization = day.authorization
    length = day.plan.provision("authorization.number-length")
    if listed is None or not lines or authorization is None or length is None:
        return
    number = authorization.number
    if number is not None and not (
        number.isascii() and number.isalnum() and len(number) == length.value
    ):
        yield Found(
            lines=numbers(lines),
            message=f"the number of the prior authorization has not {length.value} letters and digits",
            citations=length.citations,
            remedy=Question(question="Which number does the decision letter give?"),
        )


@checks(when=Signal.FACET | Signal.AUTHORIZATION, where=_asks)
def authorization_not_in_time(day: Day) -> Iterator[Found | Unasked]:
    """Find a decision that had run out on the day of service, or had not been made."""
    listed, lines = _needing(day)
    authorization = day.authorization
    days = day.plan.provision("authorization.valid-days")
    if listed is None or not lines or authorization is None:
        return
    if authorization.decided is None:
        if authorization.number is not None:
            yield Unasked(
                needs="the day of the decision",
                reason="the claim bears the number of a prior authorization, and not its day",
            )
        return
    age = (day.date - authorization.decided).days
    if age < 0:
        message = "the prior authorization was decided after the day of service"
        cited = days.citations if days else ()
        yield Found(lines=numbers(lines), message=message, citations=cited, remedy=_ASK)
    elif days is not None and isinstance(days.value, int) and age > days.value:
        message = (
            f"the prior authorization is older than the {days.value} days for which it is valid"
        )
        yield Found(lines=numbers(lines), message=message, citations=days.citations, remedy=_ASK)


_ASK = Question(question="Is there another decision for this day of service?")


def _needing(day: Day) -> tuple[Provision | None, tuple[Line, ...]]:
    """Give what lists the codes that need it on the day, and the lines that have one of them."""
    listed = _listed(day.plan)
    if listed is None or not isinstance(listed.value, tuple):
        return None, ()
    codes = listed.value
    return listed, tuple(line for line in day.facet if line.code in codes)
