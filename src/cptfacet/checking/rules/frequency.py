"""Rules on how often: earlier sessions against the limits of a policy, and the global period.

What is done today is read from the session where there is one, which knows its joints, and else from
the lines, which rarely do. What a history leaves open is a warning, never an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cptfacet.anatomy import CoverageRegion
from cptfacet.checking.day import Day, Line
from cptfacet.checking.plans import Plan
from cptfacet.checking.rule import NotAsked, RawFinding, checks, not_told, numbers
from cptfacet.checking.signals import Signal
from cptfacet.claims import ClaimType
from cptfacet.findings import Question, Severity
from cptfacet.history import INJECTIONS, PastSession, SessionKind
from cptfacet.modifiers import ModifierRole
from cptfacet.past import billed_sessions, history_from_sessions
from cptfacet.policies import NotKnown, Provision
from cptfacet.policies.vocabulary import NO_MODIFIER
from cptfacet.procedures import Family, Ordinal, ProcedureKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cptfacet.history import History, SessionCount

_EITHER = (SessionKind.DIAGNOSTIC_INJECTION, SessionKind.THERAPEUTIC_INJECTION)
_COUNTED = (*_EITHER, SessionKind.ABLATION)
_FOR = Signal.FACET


@checks(when=_FOR, needs=Signal.HISTORY)
def too_many_sessions(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find a session beyond the most that the policy covers of its kind and region in its window."""
    for today, lines in _today(day):
        kind = _counted_as(day, today)
        if kind is SessionKind.INJECTION:
            limits = [day.plan.get("sessions.max", procedure=purpose.value) for purpose in _EITHER]
            yield _for_want_of_purpose(limits)
        if kind not in _COUNTED:
            continue
        most = day.plan.get("sessions.max", procedure=kind.value)
        yield from _over(day, today, lines, most, [kind], f"{_WORDS[kind]} sessions")


def _pools(plan: Plan) -> bool:
    """Say whether the policy has such a limit on any day: before it was seen it is not known."""
    return any(policy.stated("sessions.pooled.max", ()) for policy in plan.policy.lineage())


@checks(when=_FOR | Signal.INJECTION, needs=Signal.HISTORY, where=_pools)
def pooled_sessions(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find an injection beyond the most that the policy may count of both purposes together."""
    most = day.plan.get("sessions.pooled.max")
    seen: set[object] = set()
    for today, lines in _today(day):
        if today.kind in INJECTIONS and today.region not in seen:
            seen.add(today.region)
            found = _over(
                day, today, lines, most, list(INJECTIONS), "injection sessions of any purpose"
            )
            yield from found


@checks(when=_FOR | Signal.INJECTION, needs=Signal.HISTORY)
def diagnostic_too_soon(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find a diagnostic injection sooner after another at its level than the policy allows."""
    days = day.plan.get("diagnostic.interval")
    done = _today(day)
    yield from _unasked_of_diagnostic(day, done, days)
    if not isinstance(days, Provision) or not isinstance(days.value, int):
        return
    for today, lines in done:
        if today.kind is SessionKind.DIAGNOSTIC_INJECTION and days.value > 1:
            tally = _given(day).within_days(
                days.value - 1,
                before=day.date,
                region=today.region,
                joints=today.joints,
                kinds=[SessionKind.DIAGNOSTIC_INJECTION],
            )
            text = f"a diagnostic injection {{}} less than {days.value} days before"
            yield from _at_level(tally, today, lines, days, text)


@checks(when=_FOR | Signal.INJECTION, needs=Signal.HISTORY)
def diagnostic_after_ablation(day: Day) -> Iterator[RawFinding | NotAsked]:
    """Find a diagnostic injection at a level that was ablated within the time the policy names."""
    months = day.plan.get("diagnostic.after-ablation")
    done = _today(day)
    yield from _unasked_of_diagnostic(day, done, months)
    if not isinstance(months, Provision) or not isinstance(months.value, int):
        return
    for today, lines in done:
        if today.kind is SessionKind.DIAGNOSTIC_INJECTION and months.value:
            tally = _given(day).count_within(
                months.value,
                before=day.date,
                region=today.region,
                joints=today.joints,
                kinds=[SessionKind.ABLATION],
            )
            text = f"an ablation {{}} less than {months.value} months before"
            yield from _at_level(tally, today, lines, months, text)


_AFTER = (ModifierRole.UNRELATED_IN_GLOBAL, ModifierRole.STAGED, ModifierRole.RETURN)


def _is_of_practitioners(plan: Plan) -> bool:
    """Say whether the physician fee schedule, which has the global periods, pays these claims."""
    return plan.claim_type is ClaimType.PROFESSIONAL


@checks(when=_FOR, needs=Signal.HISTORY, where=_is_of_practitioners)
def in_global_period(day: Day) -> Iterator[RawFinding]:
    """Find procedures in the global period of an earlier ablation without a modifier that says why."""
    procedure = next(
        iter(
            day.plan.reference.find(
                kind=ProcedureKind.FACET,
                family=Family.ABLATION,
                ordinal=Ordinal.FIRST,
                on=day.plan.on,
            )
        ),
        None,
    )
    indicators = procedure.indicators if procedure else None
    if indicators is None or not indicators.global_days.isdecimal():
        return
    days = int(indicators.global_days)
    bare = [
        line
        for line in day.facet
        if not line.facts.code.primaries and not any(map(line.facts.has, _AFTER))
    ]
    tally = _given(day).within_days(days, before=day.date, kinds=[SessionKind.ABLATION])
    if bare and tally.at_most:
        yield RawFinding(
            lines=numbers(bare),
            message=(
                f"an earlier ablation has a global period of {days} days that is not over, and no"
                " modifier says what this procedure is to it"
            ),
            citations=indicators.citations,
            remedy=Question(
                question="Was the ablation done by the same practitioner or group, and is this"
                " procedure unrelated to it (as on the other side), a planned stage, or a return?"
            ),
        )


_Done = tuple[PastSession, tuple[Line, ...]]


# -- what can't be told


def _for_want_of_purpose(limits: Iterable[Provision | NotKnown]) -> NotAsked:
    """Say that limits go by the purpose, which nothing states; or that they are not known."""
    unknown = [limit for limit in limits if isinstance(limit, NotKnown)]
    if unknown:
        return not_told(unknown[0])
    reason = "the limit goes by the purpose of the injection, and nothing states or marks it"
    return NotAsked(needs="purpose", reason=reason)


def _unasked_of_diagnostic(
    day: Day, done: list[_Done], limit: Provision | NotKnown
) -> Iterator[NotAsked]:
    """Say what a limit on diagnostic injections lacks, where the day has or may have one."""
    kinds = {_counted_as(day, today) for today, _ in done}
    if SessionKind.INJECTION in kinds:
        yield _for_want_of_purpose([limit])
    elif SessionKind.DIAGNOSTIC_INJECTION in kinds and isinstance(limit, NotKnown):
        yield not_told(limit)


# -- what is done today


_WORDS = {
    SessionKind.DIAGNOSTIC_INJECTION: "diagnostic injection",
    SessionKind.THERAPEUTIC_INJECTION: "therapeutic injection",
    SessionKind.ABLATION: "ablation",
}


def _given(day: Day) -> History:
    history = day.history
    if history is None:
        message = "a rule that needs a history is asked without one"
        raise TypeError(message)
    return history


_Place = tuple[SessionKind, CoverageRegion | None]


def _today(day: Day) -> list[_Done]:
    """Give what is done on the day, by kind and region, with the lines that stand for it."""
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
    return [
        (past, tuple(lines[number] for number in sorted(listed))) for past, listed in found.values()
    ]


def _place_in(known: Mapping[_Place, PastSession], place: _Place, day: Day) -> _Place:
    """Give the place in a note of what is billed: of its purpose, where nothing bills another."""
    kind, region = place
    if kind is SessionKind.INJECTION and _unmarked(day) is None:
        told = [purpose for purpose in _EITHER if (purpose, region) in known]
        return (told[0], region) if len(told) == 1 else place
    return place


def _counted_as(day: Day, today: PastSession) -> SessionKind:
    """Give the kind as which a session counts: without its mark an injection is therapeutic."""
    if today.kind is SessionKind.INJECTION and _unmarked(day):
        return SessionKind.THERAPEUTIC_INJECTION
    return today.kind


def _unmarked(day: Day) -> SessionKind | None:
    """Give the kind as which the policy counts an injection without a diagnostic mark."""
    mark = day.plan.provision("modifier.diagnostic", family=Family.IMAGE_GUIDED_INJECTION.value)
    return None if mark is None or mark.value == NO_MODIFIER else SessionKind.THERAPEUTIC_INJECTION


def _over(  # noqa: PLR0917  one line of a limit
    day: Day,
    today: PastSession,
    lines: tuple[Line, ...],
    most: Provision | NotKnown,
    kinds: list[SessionKind],
    what: str,
) -> Iterator[RawFinding | NotAsked]:
    """Compare the sessions of the window with the most that are covered."""
    window = day.plan.get("sessions.window")
    for answer in (most, window):
        if isinstance(answer, NotKnown):
            yield not_told(answer)
            return
    if not (isinstance(most, Provision) and isinstance(window, Provision)):
        return
    limit, months = most.value, window.value
    if not (isinstance(limit, int) and isinstance(months, int)):
        return
    tally = _given(day).count_within(
        months, before=day.date, region=today.region, kinds=kinds, unmarked_as=_unmarked(day)
    )
    if tally.at_most < limit:
        return
    sure = tally.at_least >= limit and today.certain and today.region is not None
    number = tally.at_least if sure else tally.at_most
    where = f" of the {today.region} region" if today.region else ""
    yield RawFinding(
        lines=numbers(lines),
        message=(
            f"{number} earlier {what}{where} {'lie' if sure else 'may lie'} in the {months} months"
            f" before, and the most that are covered is {limit}"
        ),
        citations=most.citations,
        remedy=Question(question="Is the session covered for a reason that the record shows?"),
        severity=None if sure else Severity.WARNING,
    )


def _at_level(
    tally: SessionCount, today: PastSession, lines: tuple[Line, ...], limit: Provision, text: str
) -> Iterator[RawFinding]:
    """Say that something was done at the level before: surely, where the joints are known.

    Both sides of a joint are one level, but the limits speak of its nerves, too: where all that was
    done is known to be on the other side, it is looked at again.
    """
    if not tally.at_most:
        return
    sure = bool(today.joints) and today.certain and tally.at_least > 0
    other = sure and all(_is_of_other_side(past, today) for past in tally.certain)
    where = "was done at the same level" if sure else "may have been done at the same level"
    question = "Does the record give a reason for the exception?" if sure else _WHICH_LEVEL
    if other:
        where, question = "was done on the other side of the same level", _WHICH_SIDE
    yield RawFinding(
        lines=numbers(lines),
        message=text.format(where),
        citations=limit.citations,
        remedy=Question(question=question),
        severity=None if sure and not other else Severity.WARNING,
    )


_WHICH_LEVEL = "Was it another level?"
_WHICH_SIDE = "Does the payer count each side of a level by itself?"


def _is_of_other_side(past: PastSession, today: PastSession) -> bool:
    """Say whether two sessions have no joint on one and the same side, as their sides tell."""
    now = {target.joint: target.side for target in today.targets}
    shared = [
        (set(then.parts), set(side.parts))
        if (then := target.side) and (side := now[target.joint])
        else None
        for target in past.targets
        if target.joint in now
    ]
    return all(sides is not None and sides[0].isdisjoint(sides[1]) for sides in shared)
