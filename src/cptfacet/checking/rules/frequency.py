"""Rules on how often: earlier sessions against the limits of a policy, and the global period.

What is done today is read from the session where there is one, which knows its joints, and else from
the lines, which rarely do. What a history leaves open is a warning, never an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from cptfacet.anatomy import CoverageRegion
from cptfacet.checking.day import Day, Line
from cptfacet.checking.plans import Plan
from cptfacet.checking.rule import NotAsked, RawFinding, checks, not_told, numbers
from cptfacet.checking.signals import Signal
from cptfacet.claims import ClaimType
from cptfacet.findings import Question, Severity
from cptfacet.history import INJECTIONS, PastSession, SessionKind
from cptfacet.limits import CountedBy, LimitId, Missing, Result, judge_session
from cptfacet.modifiers import ModifierRole
from cptfacet.past import billed_sessions, history_from_sessions
from cptfacet.policies import NotKnown
from cptfacet.policies.vocabulary import NO_MODIFIER
from cptfacet.procedures import Family

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cptfacet.limits import Limit, Verdict

_FOR = Signal.FACET
_EITHER = (SessionKind.DIAGNOSTIC_INJECTION, SessionKind.THERAPEUTIC_INJECTION)
_LIMITS = {
    SessionKind.DIAGNOSTIC_INJECTION: LimitId.DIAGNOSTIC_SESSIONS,
    SessionKind.THERAPEUTIC_INJECTION: LimitId.THERAPEUTIC_SESSIONS,
    SessionKind.ABLATION: LimitId.ABLATION_SESSIONS,
}


@checks(when=_FOR, needs=Signal.HISTORY)
def too_many_sessions(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find a session beyond the most that the policy covers of its kind and region in its window."""
    for today, lines in _today(day):
        if today.kind is SessionKind.INJECTION:
            yield _for_want_of_purpose([day.plan.limit(_LIMITS[purpose]) for purpose in _EITHER])
        elif today.kind in _LIMITS:
            limit = day.plan.limit(_LIMITS[today.kind])
            yield from _over(day, today, lines, limit, f"{_WORDS[today.kind]} sessions")


def _pools(plan: Plan) -> bool:
    """Say whether the policy has such a limit on any day: before it was seen it is not known."""
    return any(policy.stated("sessions.pooled.max", ()) for policy in plan.policy.lineage())


@checks(when=_FOR | Signal.INJECTION, needs=Signal.HISTORY, where=_pools)
def pooled_sessions(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find an injection beyond the most that the policy may count of both purposes together."""
    limit = day.plan.limit(LimitId.INJECTION_SESSIONS)
    seen: set[object] = set()
    for today, lines in _today(day):
        if today.kind in INJECTIONS and today.region not in seen:
            seen.add(today.region)
            yield from _over(day, today, lines, limit, "injection sessions of any purpose")


@checks(when=_FOR | Signal.INJECTION, needs=Signal.HISTORY)
def diagnostic_too_soon(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find a diagnostic injection sooner after another at its level than the policy allows."""
    text = "a diagnostic injection {where} less than {window.days} days before"
    yield from _at_level(day, LimitId.DIAGNOSTIC_INTERVAL, text)


@checks(when=_FOR | Signal.INJECTION, needs=Signal.HISTORY)
def diagnostic_after_ablation(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find a diagnostic injection at a level that was ablated within the time the policy names."""
    text = "an ablation {where} less than {window.months} months before"
    yield from _at_level(day, LimitId.DIAGNOSTIC_AFTER_ABLATION, text)


_AFTER = (ModifierRole.UNRELATED_IN_GLOBAL, ModifierRole.STAGED, ModifierRole.RETURN)


def _is_of_practitioners(plan: Plan) -> bool:
    """Say whether the physician fee schedule, which has the global periods, pays these claims."""
    return plan.claim_type is ClaimType.PROFESSIONAL


@checks(when=_FOR, needs=Signal.HISTORY, where=_is_of_practitioners)
def in_global_period(day: Day) -> Iterator[RawFinding]:
    """Find procedures in the global period of an earlier ablation without a modifier that says why."""
    limit = day.plan.global_period
    bare = [
        line
        for line in day.facet
        if not line.facts.code.primaries and not any(map(line.facts.has, _AFTER))
    ]
    if limit is None or not bare:
        return
    ablates = bare[0].facts.code.family is Family.ABLATION
    kind = SessionKind.ABLATION if ablates else SessionKind.INJECTION
    today = PastSession(date=day.date, kind=kind)
    if judge_session(limit, today, day.history).result is not Result.MET:
        yield RawFinding(
            lines=numbers(bare),
            message=(
                f"an earlier ablation has a global period of {limit.window.days} days that is not"
                " over, and no modifier says what this procedure is to it"
            ),
            citations=limit.citations,
            remedy=Question(
                question="Was the ablation done by the same practitioner or group, and is this"
                " procedure unrelated to it (as on the other side), a planned stage, or a return?"
            ),
        )


_Done = tuple[PastSession, tuple[Line, ...]]


# -- what can't be told


def _for_want_of_purpose(limits: Iterable[Limit | NotKnown]) -> NotAsked:
    """Say that limits go by the purpose, which nothing states; or that they are not known."""
    unknown = [limit for limit in limits if isinstance(limit, NotKnown)]
    if unknown:
        return not_told(unknown[0])
    reason = "the limit goes by the purpose of the injection, and nothing states or marks it"
    return NotAsked(needs="purpose", reason=reason)


# -- what is done today


_WORDS = {
    SessionKind.DIAGNOSTIC_INJECTION: "diagnostic injection",
    SessionKind.THERAPEUTIC_INJECTION: "therapeutic injection",
    SessionKind.ABLATION: "ablation",
}


_Place = tuple[SessionKind, CoverageRegion | None]


def _today(day: Day) -> list[_Done]:
    """Give what is done on the day, by kind and region, with the lines that stand for it.

    An injection of unknown purpose is of the kind as which the payer counts it without a mark.
    """
    session = day.session
    found: dict[_Place, tuple[PastSession, set[int]]] = {}
    for group in day.groups:
        for past in billed_sessions(day.date, group):
            listed = {n for billed in group.levels for n in billed.lines}
            _, before = found.get((past.kind, past.region), (past, set[int]()))
            found[past.kind, past.region] = (past, before | listed)
    if session is not None and session.date == day.date:
        read = history_from_sessions(
            [session], policy=day.plan.policy, reference=day.plan.reference
        ).history
        known = {(past.kind, past.region): past for past in read.sessions}
        found = {
            place: (known.get(_place_in(known, place, day), past), listed)
            for place, (past, listed) in found.items()
        }
    lines = {line.number: line for line in day.lines}
    unmarked = _unmarked(day)
    return [
        (
            attrs.evolve(past, kind=unmarked)
            if past.kind is SessionKind.INJECTION and unmarked
            else past,
            tuple(lines[number] for number in sorted(listed)),
        )
        for past, listed in found.values()
    ]


def _place_in(known: Mapping[_Place, PastSession], place: _Place, day: Day) -> _Place:
    """Give the place in a note of what is billed: of its purpose, where nothing bills another."""
    kind, region = place
    if kind is SessionKind.INJECTION and _unmarked(day) is None:
        told = [purpose for purpose in _EITHER if (purpose, region) in known]
        return (told[0], region) if len(told) == 1 else place
    return place


def _unmarked(day: Day) -> SessionKind | None:
    """Give the kind as which the policy counts an injection without a diagnostic mark."""
    mark = day.plan.provision("modifier.diagnostic", family=Family.IMAGE_GUIDED_INJECTION.value)
    return None if mark is None or mark.value == NO_MODIFIER else SessionKind.THERAPEUTIC_INJECTION


def _over(
    day: Day,
    today: PastSession,
    lines: tuple[Line, ...],
    limit: Limit | NotKnown,
    what: str,
) -> Iterator[RawFinding | NotAsked]:
    """Say that the sessions of a window are, or may be, more than are covered."""
    if isinstance(limit, NotKnown):
        yield not_told(limit)
        return
    verdict = judge_session(limit, today, day.history, counted_by=CountedBy.CLAIM)
    if verdict.result is Result.MET:
        return
    sure = verdict.result is Result.NOT_MET
    number = verdict.earlier.at_least if sure else verdict.earlier.at_most
    where = f" of the {today.region} region" if today.region else ""
    yield RawFinding(
        lines=numbers(lines),
        message=(
            f"{number} earlier {what}{where} {'lie' if sure else 'may lie'} in the"
            f" {limit.window.months} months before, and the most that are covered is {limit.max}"
        ),
        citations=limit.citations,
        remedy=Question(question="Is the session covered for a reason that the record shows?"),
        severity=None if sure else Severity.WARNING,
    )


def _at_level(day: Day, limit_id: LimitId, text: str) -> Iterator[RawFinding | NotAsked]:
    """Say that something was done, or may have been done, at the level before."""
    limit, done = day.plan.limit(limit_id), _today(day)
    kinds = {today.kind for today, _ in done}
    if SessionKind.INJECTION in kinds:
        yield _for_want_of_purpose([limit])
    elif SessionKind.DIAGNOSTIC_INJECTION in kinds and isinstance(limit, NotKnown):
        yield not_told(limit)
    if isinstance(limit, NotKnown):
        return
    for today, lines in done:
        if today.kind not in limit.applies_to:
            continue
        verdict = judge_session(limit, today, day.history)
        if verdict.result is Result.MET:
            continue
        where, question = _said(verdict)
        yield RawFinding(
            lines=numbers(lines),
            message=text.format(where=where, window=limit.window),
            citations=limit.citations,
            remedy=Question(question=question),
            severity=None if verdict.result is Result.NOT_MET else Severity.WARNING,
        )


def _said(verdict: Verdict) -> tuple[str, str]:
    """Say where something was done before, and ask what the verdict lacks."""
    if verdict.result is Result.NOT_MET:
        return "was done at the same level", "Does the record give a reason for the exception?"
    if verdict.missing == (Missing.SIDE,):
        where = "was done on the other side of the same level"
        return where, "Does the payer count each side of a level by itself?"
    return "may have been done at the same level", "Was it another level?"
