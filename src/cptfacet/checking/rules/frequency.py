"""Rules on frequency: the limits that count earlier sessions, and the global period.

`cptfacet.limits` judges each limit; the rules here word its verdict. The session of the day is read
from the note, where there is one, and otherwise from the lines, which rarely show the joints. What
the history leaves open is a warning, never an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from cptfacet._text import ordinal, series
from cptfacet.anatomy import CoverageRegion
from cptfacet.checking.day import Day, Line
from cptfacet.checking.plans import CheckingPlan
from cptfacet.checking.rule import (
    NotAsked,
    RawFinding,
    agreeing,
    checks,
    codes_of,
    finding,
    not_told,
)
from cptfacet.checking.signals import Signal
from cptfacet.claims import ClaimType
from cptfacet.findings import Severity
from cptfacet.history import INJECTIONS, PastSession, SessionKind
from cptfacet.limits import (
    CountedBy,
    LimitId,
    Missing,
    Result,
    global_period_in,
    judge_session,
    limit_in,
    unmarked_kind,
)
from cptfacet.modifiers import ModifierRole
from cptfacet.past import billed_sessions, history_from_sessions
from cptfacet.policies import NotKnown
from cptfacet.policies.vocabulary import SESSIONS_POOLED_MAX
from cptfacet.procedures import CodeGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cptfacet.dates import EffectivePeriod
    from cptfacet.limits import Limit, Verdict
    from cptfacet.policies import Answer

_FOR = Signal.FACET | Signal.HISTORY
_EITHER = (SessionKind.DIAGNOSTIC_INJECTION, SessionKind.THERAPEUTIC_INJECTION)
_LIMITS = {
    SessionKind.DIAGNOSTIC_INJECTION: LimitId.DIAGNOSTIC_SESSIONS,
    SessionKind.THERAPEUTIC_INJECTION: LimitId.THERAPEUTIC_SESSIONS,
    SessionKind.ABLATION: LimitId.ABLATION_SESSIONS,
}


@checks(when=_FOR)
def too_many_sessions(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find a session beyond the number that the policy covers in its region and window."""
    for today, lines in _today(day):
        if today.kind is SessionKind.INJECTION:
            yield _for_want_of_purpose(
                [limit_in(day.rules, _LIMITS[purpose]) for purpose in _EITHER]
            )
        elif today.kind in _LIMITS:
            limit = limit_in(day.rules, _LIMITS[today.kind])
            yield from _over(day, today, lines, limit, f"{_WORDS[today.kind]} session{{}}")


def _pools(plan: CheckingPlan) -> bool:
    """Whether the policy has such a limit in this term or later; before it is seen it is not known."""
    stated = plan.policy.stated(SESSIONS_POOLED_MAX)
    return any(_term(answer).last >= plan.on for answer in stated)


def _term(answer: Answer[int]) -> EffectivePeriod:
    return answer.term if isinstance(answer, NotKnown) else answer.provision.term


@checks(when=_FOR | Signal.INJECTION, where=_pools)
def pooled_sessions(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find an injection beyond a limit that may count both purposes together."""
    limit = limit_in(day.rules, LimitId.INJECTION_SESSIONS)
    seen: set[object] = set()
    for today, lines in _today(day):
        if today.kind in INJECTIONS and today.region not in seen:
            seen.add(today.region)
            what = "injection session{}, diagnostic and therapeutic together,"
            yield from _over(day, today, lines, limit, what)


@checks(when=_FOR | Signal.INJECTION)
def diagnostic_too_soon(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find a diagnostic injection too soon after another one at its level."""
    text = "A diagnostic injection {where} less than {window.days} days earlier"
    yield from _at_level(day, LimitId.DIAGNOSTIC_INTERVAL, text)


@checks(when=_FOR | Signal.INJECTION)
def diagnostic_after_ablation(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find a diagnostic injection after an ablation at its level, unless it is due again."""
    text = (
        "An ablation {where} less than {window.months} months earlier; after a successful one the"
        " payer denies a block there, unless (in our reading) the source of the pain is in question"
        " again"
    )
    question = "Was that ablation successful? If so, is the source of the pain in question again?"
    yield from _at_level(day, LimitId.DIAGNOSTIC_AFTER_ABLATION, text, question=question)


_AFTER = (ModifierRole.UNRELATED_IN_GLOBAL, ModifierRole.STAGED, ModifierRole.RETURN)
_OF_VISITS = (ModifierRole.UNRELATED_VISIT,)
_WHO = "Did the same practitioner or group perform the ablation? If so, was"
_WHY = {
    _AFTER: f"{_WHO} this procedure unrelated (such as the other side), staged, or a return to the"
    " procedure room?",
    _OF_VISITS: f"{_WHO} the visit for another problem, and does the record show it?",
}
_NO_PROCEDURE = {CodeGroup.DRUG, CodeGroup.CONTRAST}


def _is_of_practitioners(plan: CheckingPlan) -> bool:
    """Whether the claims are paid by the physician fee schedule, which has the global periods."""
    return plan.claim_type is ClaimType.PROFESSIONAL


@checks(when=(_FOR, Signal.OTHER | Signal.HISTORY), where=_is_of_practitioners)
def in_global_period(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find visits and procedures in the global period of an earlier ablation without a modifier."""
    limit = day.rules.once(global_period_in)
    today = PastSession(date=day.date, kind=SessionKind.INJECTION)  # of whatever kind
    if limit is None or judge_session(limit, today, day.history).result is Result.MET:
        return
    answers = [(line, _roles_after(line)) for line in day.lines]
    yield from (answer for _, answer in answers if isinstance(answer, NotAsked))
    for roles, question in _WHY.items():
        own = [line for line, answer in answers if answer == roles]
        bare = [line for line in own if not any(map(line.facts.has, roles))]
        modifiers = [m.code for m in day.rules.modifiers.values() if m.role in roles]
        if bare and not modifiers:
            reason = "the reference data has no modifier for a service in a global period"
            yield NotAsked(needs="modifiers", reason=reason)
        elif bare:
            yield finding(
                bare,
                f"{codes_of(bare)} {agreeing(bare, 'is', 'are')} billed within the"
                f" {limit.window.days}-day global period of an earlier ablation, without modifier"
                f" {series(sorted(modifiers), 'or')}",
                citations=limit.citations,
                question=question,
            )


def _roles_after(line: Line) -> tuple[ModifierRole, ...] | NotAsked:
    """Return the roles that a modifier of a line in a global period has; none if it needs no modifier.

    A visit does, and a procedure with a global period of its own, not an add-on to one.
    """
    code = line.facts.code
    if line.facts.shows(Signal.EVALUATION):
        return _OF_VISITS
    if code.facet:
        return () if code.primaries else _AFTER
    if code.indicators is not None:
        return () if code.indicators.global_days.days is None else _AFTER
    if not code.shaped or not _NO_PROCEDURE.isdisjoint(code.groups):
        return ()
    reason = "no fee schedule edition we have read lists it on this date"
    return NotAsked(needs=f"global days of {code.code}", reason=reason)


_Done = tuple[PastSession, tuple[Line, ...]]


# -- what was not checked


def _for_want_of_purpose(limits: Iterable[Limit | NotKnown]) -> NotAsked:
    """Return that the limits are not known, or that they depend on a purpose that is not stated."""
    unknown = [limit for limit in limits if isinstance(limit, NotKnown)]
    if unknown:
        return not_told(unknown[0])
    reason = "the limit depends on the purpose of the injection, and the claim does not show it"
    return NotAsked(needs="purpose", reason=reason)


# -- the session of the day


_WORDS = {
    SessionKind.DIAGNOSTIC_INJECTION: "diagnostic",
    SessionKind.THERAPEUTIC_INJECTION: "therapeutic",
    SessionKind.ABLATION: "ablation",
}


_Place = tuple[SessionKind, CoverageRegion | None]


def _today(day: Day) -> list[_Done]:
    """Return the session of the day by kind and region, each part with its lines.

    An injection of unknown purpose has the kind under which the payer counts it without KX.
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
    unmarked = unmarked_kind(day.rules)
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
    """Return the kind and region in the note for what is billed.

    An injection of unknown purpose takes the purpose in the note, if the note has only one there.
    """
    kind, region = place
    if kind is SessionKind.INJECTION and unmarked_kind(day.rules) is None:
        told = [purpose for purpose in _EITHER if (purpose, region) in known]
        return (told[0], region) if len(told) == 1 else place
    return place


def _over(
    day: Day,
    today: PastSession,
    lines: tuple[Line, ...],
    limit: Limit | NotKnown,
    what: str,
) -> Iterator[RawFinding | NotAsked]:
    """Yield that there are, or may be, more sessions in a window than are covered."""
    if isinstance(limit, NotKnown):
        yield not_told(limit)
        return
    verdict = judge_session(limit, today, day.history, counted_by=CountedBy.CLAIM)
    if verdict.result is Result.MET:
        return
    sure = verdict.result is Result.NOT_MET
    number = 1 + (verdict.earlier.at_least if sure else verdict.earlier.at_most)
    where = f" of the {today.region} region" if today.region else ""
    yield finding(
        lines,
        f"This {'is' if sure else 'may be'} the {ordinal(number)} {what.format(where)} in"
        f" {limit.window.months} months; {limit.most} are covered",
        citations=limit.citations,
        severity=None if sure else Severity.WARNING,
        question="Does the record document a reason for an exception?",
    )


def _at_level(
    day: Day, limit_id: LimitId, text: str, *, question: str = ""
) -> Iterator[RawFinding | NotAsked]:
    """Yield that an earlier session was, or may have been, at the same level.

    With a ``question``, such a session alone breaks nothing; the record answers the question.
    """
    limit, done = limit_in(day.rules, limit_id), _today(day)
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
        where, asked = _said(verdict)
        sure = verdict.result is Result.NOT_MET
        yield finding(
            lines,
            text.format(where=where, window=limit.window),
            citations=limit.citations,
            severity=None if sure else Severity.WARNING,
            question=question if question and sure else asked,
        )


def _said(verdict: Verdict) -> tuple[str, str]:
    """Return where the earlier session was, and what to ask."""
    if verdict.result is Result.NOT_MET:
        where = "was performed at the same level"
        return where, "Does the record document a reason for an exception?"
    if verdict.missing == (Missing.SIDE,):
        where = "was performed on the other side of the same level"
        return where, "Does the payer count each side of a level separately?"
    return "may have been performed at the same level", "Was it performed at another level?"
