"""A claim as rules see it: its days, each with its lines.

NCCI edits apply to one patient's day with one practitioner. A rule sees that day: codes, modifiers,
units, diagnoses, what the claim states, and the session and history given with it. It sees no
identity: neither the claim's, the patient's nor the practitioner's.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING, TypeAlias

import attrs

from cptfacet.billed import BilledCode
from cptfacet.checking.line_facts import LineFacts
from cptfacet.checking.rule import NotAsked, Rewritten, Share, by_code
from cptfacet.checking.signals import Signal
from cptfacet.claims import Claim, ClaimLine, ClaimType, Purpose
from cptfacet.decoding.line_reader import lines_by_day
from cptfacet.findings import NotChecked
from cptfacet.history import History
from cptfacet.modifiers import ModifierRole
from cptfacet.policies.diagnosis_lists import DiagnosisUse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cptfacet.anatomy import CodeRegion
    from cptfacet.checking.documented import Noted
    from cptfacet.checking.plans import CheckingPlan
    from cptfacet.claims import PriorAuthorization
    from cptfacet.coding import Coder
    from cptfacet.decoding import BilledGroup
    from cptfacet.history import PastSession
    from cptfacet.procedures import Family, LegacyFamily
    from cptfacet.rulebook import TermRules
    from cptfacet.sessions import Session

__all__ = [
    "Day",
    "Line",
    "Whole",
    "billed_codes",
    "day_of",
    "days_of",
    "diagnose",
    "look",
    "of_one_practitioner",
    "one_date",
]


def __dir__() -> list[str]:
    return sorted(__all__)


@attrs.define(eq=False)
class Line:
    """A line as rules see it. ``number`` counts from 1; ``written`` is the line of the claim."""

    number: int
    facts: LineFacts
    written: ClaimLine

    @property
    def code(self) -> str:
        """Its code, folded."""
        return self.facts.code.code

    @property
    def units(self) -> int | None:
        """Its units as a count, 1 or more, or None if they are not a count."""
        units = self.written.units
        return units if type(units) is int and 0 < units < _MOST else self.written.whole_units

    @property
    def counted(self) -> int:
        """Its units as levels are counted: 1 if they are missing, 0 if they are not a count."""
        return 1 if self.written.units is None else self.units or 0

    @property
    def sides(self) -> tuple[ModifierRole, ...]:
        """The roles of its lateral modifiers, each once."""
        return self.facts.sides

    @property
    def side(self) -> ModifierRole | None:
        """The role of the only modifier that names a side, or None if there is not exactly one."""
        return self.facts.side

    def rewritten(
        self,
        *,
        code: str | None = None,
        modifiers: tuple[str, ...] | None = None,
        units: int | None = None,
        charge: Share | None = None,
    ) -> Rewritten:
        """Return the corrected line, with these changes."""
        return Rewritten(
            line=self.number,
            code=self.code if code is None else code,
            modifiers=self.facts.modifiers if modifiers is None else modifiers,
            units=self.written.units if units is None else units,
            charge=charge,
        )

    def __repr__(self) -> str:
        return f"Line({self.number}, {self.written.text})"


_MOST = 10**15


def billed_codes(lines: Iterable[Line]) -> tuple[BilledCode[Line], ...]:
    """Group the lines of facet codes by code, in the order of codes."""
    return tuple(
        BilledCode(ordinal=procedure.ordinal, lines=tuple(same))
        for _, same in by_code(lines)
        if (procedure := same[0].facts.code.procedure) and procedure.ordinal
    )


@attrs.define(eq=False)
class Day:
    """The lines of one practitioner on one day.

    ``facet`` are the lines of codes that report facet levels on the day. ``signals`` are all that the
    day shows. ``unasked`` is what the rules on diagnoses could not check on its lines.
    ``noted`` is what the rules on the note have counted, once one of them was asked, and ``denied``
    are the lines of each finding with an expected denial, once all rules have run.
    """

    date: dt.date
    plan: CheckingPlan
    lines: tuple[Line, ...]
    facet: tuple[Line, ...]
    signals: int
    _claim: Claim
    session: Session | None
    history: History | None
    unasked: tuple[NotChecked, ...]
    noted: Noted | None = None
    denied: tuple[tuple[int, ...], ...] = ()

    @property
    def rules(self) -> TermRules:
        """The policy's rules on the day."""
        return self.plan.rules

    @property
    def claim_type(self) -> ClaimType:
        """The claim type."""
        return self._claim.claim_type

    @property
    def purpose(self) -> Purpose | None:
        """The purpose that the claim states."""
        return self._claim.purpose

    @property
    def authorization(self) -> PriorAuthorization | None:
        """What the claim states about prior authorization."""
        return self._claim.prior_authorization

    def tell_history(self, sessions: tuple[PastSession, ...]) -> None:
        """Add earlier sessions to the history of the day."""
        given = self.history.sessions if self.history else ()
        self.history = History(sessions=(*given, *sessions))
        self.signals |= _HISTORY

    @property
    def alone(self) -> bool:
        """Whether all lines of the claim are of this day and practitioner."""
        return len(self.lines) == len(self._claim.lines)

    @property
    def others(self) -> tuple[Line, ...]:
        """The lines of all other codes."""
        return tuple(line for line in self.lines if not line.facts.code.facet)

    @property
    def distinct_levels(self) -> list[Line]:
        """The facet lines with a modifier for distinct services, where all lines are alike.

        All are of one family and region then; E/M visits do not count, which another modifier sets
        apart.
        """
        rest = [line for line in self.others if not line.facts.shows(Signal.EVALUATION)]
        if rest or len(self.by_region) > 1:
            return []
        return [line for line in self.facet if line.facts.has(ModifierRole.DISTINCT)]

    def showing(self, signal: Signal) -> tuple[Line, ...]:
        """List the lines that show a signal."""
        return tuple([line for line in self.lines if line.facts.shows(signal)])

    def shows(self, signal: Signal) -> bool:
        """Whether the day shows all of these signals."""
        return int(signal) & ~self.signals == 0

    @functools.cached_property
    def groups(self) -> tuple[BilledGroup, ...]:
        """The billed facet levels in coded groups, as `decode_claim` reads them."""
        return self.plan.decoder.read_day(
            [(line.number, line.written) for line in self.lines],
            date=self.date,
            claim_type=self._claim.claim_type,
            purpose=self._claim.purpose,
        )

    @functools.cached_property
    def billed(self) -> tuple[BilledCode[Line], ...]:
        """The facet codes of the day with their lines, in the order of codes."""
        return billed_codes(self.facet)

    @property
    def coder(self) -> Coder:
        """The coder for the day's policy and reference."""
        return self.plan.coder

    @functools.cached_property
    def by_region(self) -> Mapping[tuple[Family | LegacyFamily, CodeRegion], list[Line]]:
        """The facet lines by family and region."""
        found: dict[tuple[Family | LegacyFamily, CodeRegion], list[Line]] = {}
        for line in self.facet:
            code = line.facts.code
            if code.family and code.region:
                found.setdefault((code.family, code.region), []).append(line)
        return found

    def diagnoses(self, line: Line) -> tuple[str, ...]:
        """List the diagnoses of a line: its own, or else those of the claim."""
        return line.written.diagnoses or self._claim.diagnoses

    def place(self, line: Line) -> str | None:
        """Return the place of service of a line: its own, or else that of the claim."""
        return line.written.place_of_service or self._claim.place_of_service


@attrs.frozen(eq=False)
class Whole:
    """A whole claim: its days, and the numbers of its lines without a date.

    No other rule runs on the lines in ``undated``.
    """

    days: tuple[Day, ...]
    undated: tuple[int, ...]


_TYPES = {
    ClaimType.PROFESSIONAL: Signal.PROFESSIONAL.value,
    ClaimType.ASC_FACILITY: Signal.ASC_FACILITY.value,
    ClaimType.HOSPITAL_OUTPATIENT: Signal.HOSPITAL_OUTPATIENT.value,
}
_PURPOSES = {
    None: Signal.NO_PURPOSE.value,
    Purpose.DIAGNOSTIC: Signal.DIAGNOSTIC.value,
    Purpose.THERAPEUTIC: Signal.THERAPEUTIC.value,
}


_NOT_AUTHORIZED = Signal.NOT_AUTHORIZED.value
_AUTHORIZATION = Signal.AUTHORIZATION.value
_AUTHORIZATION_NUMBER = Signal.AUTHORIZATION_NUMBER.value
_AUTHORIZATION_DATE = Signal.AUTHORIZATION_DATE.value
_DIAGNOSES = Signal.DIAGNOSES.value
_SESSION = Signal.SESSION.value
_HISTORY = Signal.HISTORY.value
_SEVERAL = Signal.SEVERAL_LINES.value
_SEVERAL_FACET = Signal.SEVERAL_FACET.value
_SEVERAL_UNITS = Signal.SEVERAL_UNITS.value
_SEVERAL_FACET_UNITS = (Signal.SEVERAL_UNITS | Signal.FACET_UNITS).value
_NO_DIAGNOSES = Signal.NO_DIAGNOSES.value
_DIAGNOSIS_FAULTS = Signal.DIAGNOSIS_FAULTS.value

Plans: TypeAlias = "Mapping[tuple[dt.date, ClaimType], CheckingPlan]"


def one_date(claim: Claim) -> dt.date | None:
    """Return the date of service that all lines of a claim share, or None."""
    stated, lines = claim.date, claim.lines
    date = (lines[0].date or stated) if lines else None
    for line in lines:
        if (line.date or stated) != date:
            return None
    return date


def of_one_practitioner(claim: Claim) -> bool:
    """Whether all lines of a claim name the same practitioner, or none does."""
    provider = claim.lines[0].provider
    for line in claim.lines:  # noqa: SIM110  `all` costs three times as much
        if line.provider != provider:
            return False
    return True


def days_of(claim: Claim, session: Session | None, history: History | None, plans: Plans) -> Whole:
    """Return the days of a claim, and the numbers of its lines without a date."""
    days: list[Day] = []
    undated: list[int] = []
    for (date, _), numbered in lines_by_day(claim).items():
        if date is None:
            undated += [number for number, _ in numbered]
        else:
            plan = plans[date, claim.claim_type]
            days.append(day_of(date, plan, numbered, (claim, session, history)))
    return Whole(tuple(days), tuple(sorted(undated)))


def _stated(claim: Claim, session: Session | None, history: History | None) -> int:
    """Return the signals of what a claim states and of what was given with it."""
    signals = _TYPES[claim.claim_type] | _PURPOSES[claim.purpose]
    if claim.diagnoses:
        signals |= _DIAGNOSES
    signals |= _authorization_signals(claim.prior_authorization)
    if session is not None:
        signals |= _SESSION
    if history is not None:
        signals |= _HISTORY
    return signals


def _authorization_signals(told: PriorAuthorization | None) -> int:
    if told is None:
        return _NOT_AUTHORIZED
    signals = _AUTHORIZATION
    if told.number is not None:
        signals |= _AUTHORIZATION_NUMBER
    elif not told.exempt:
        signals |= _NOT_AUTHORIZED
    return signals if told.decided is None else signals | _AUTHORIZATION_DATE


def day_of(
    date: dt.date,
    plan: CheckingPlan,
    numbered: Iterable[tuple[int, ClaimLine]],
    given: tuple[Claim, Session | None, History | None],
) -> Day:
    """Return the day of some lines of a claim, with what was given with it."""
    claim = given[0]
    signals = _stated(*given)
    stated, stated_place = claim.diagnoses, claim.place_of_service
    lines: list[Line] = []
    facet: list[Line] = []
    unasked: tuple[NotChecked, ...] = ()
    for number, written in numbered:
        shown = plan.shown[
            written.code,
            written.modifiers,
            written.diagnoses or stated,
            written.place_of_service or stated_place,
        ]
        facts = shown.facts
        line = Line(number, facts, written)
        lines.append(line)
        signals |= shown.signals
        if facts.code.facet:
            facet.append(line)
            if shown.unasked and shown.unasked is not unasked:
                unasked = plan.joined[unasked, shown.unasked]
        units = written.units
        if type(units) is not int or units != 1:
            signals |= _SEVERAL_FACET_UNITS if facts.code.facet else _SEVERAL_UNITS
    signals |= plan.together[tuple([line.written.code for line in lines])]
    if len(lines) > 1:
        signals |= _SEVERAL
        if len(facet) > 1:
            signals |= _SEVERAL_FACET
    return Day(date, plan, tuple(lines), tuple(facet), signals, *given, unasked)


@attrs.frozen(eq=False)
class Shown:
    """What a line shows without its units, and what could not be checked on its diagnoses."""

    facts: LineFacts
    signals: int
    unasked: tuple[NotChecked, ...]


def look(
    plan: CheckingPlan, written: tuple[str, tuple[str, ...], tuple[str, ...], str | None]
) -> Shown:
    """Return what a line shows: its code, its modifiers, its diagnoses and its place of service."""
    code, modifiers, diagnoses, place = written
    facts = plan.lines[code, modifiers]
    signals = facts.signals
    unasked: tuple[NotChecked, ...] = ()
    if facts.code.facet:
        said = plan.diagnosed[(code, modifiers), diagnoses]
        signals, unasked = signals | said.signals, said.not_checked
    if place is not None:
        signals |= plan.place(place).signals
    return Shown(facts, signals, unasked)


@attrs.frozen(eq=False)
class Diagnosed:
    """The outcome of the rules on diagnoses for one line; none of them needs another line.

    ``findings``: they find something, and run again with the day. Otherwise ``not_checked`` is all.
    """

    findings: bool
    not_checked: tuple[NotChecked, ...]
    signals: int


_UNDIAGNOSED = Diagnosed(findings=False, not_checked=(), signals=_NO_DIAGNOSES)


def diagnose(
    plan: CheckingPlan, asked: tuple[tuple[str, tuple[str, ...]], tuple[str, ...]]
) -> Diagnosed:
    """Return the outcome of the rules on diagnoses for a code with modifiers and diagnoses."""
    (code, modifiers), diagnoses = asked
    if not diagnoses:
        return _UNDIAGNOSED
    facts = plan.lines[code, modifiers]
    written = ClaimLine(code=facts.code.code, modifiers=facts.modifiers, diagnoses=diagnoses)
    claim = Claim(claim_type=plan.claim_type, date=plan.on, lines=(written,))
    line = Line(1, facts, written)
    signals = facts.signals | _DIAGNOSES | _DIAGNOSIS_FAULTS | _TYPES[plan.claim_type]
    day = Day(plan.on, plan, (line,), (line,), signals, claim, None, None, ())
    answers = [
        (rule, answer)
        for ask, rule, _ in plan.runs(signals).rules
        if rule.is_on_diagnoses
        for answer in ask(day)
    ]
    unasked = tuple(answer.of(rule) for rule, answer in answers if isinstance(answer, NotAsked))
    findings = len(unasked) < len(answers)
    shown = _DIAGNOSES | _DIAGNOSIS_FAULTS if findings else _DIAGNOSES
    if any(plan.rules.listed_uses[each] is DiagnosisUse.FACET_CYST for each in diagnoses):
        shown |= Signal.CYST.value
    return Diagnosed(findings, unasked, shown)
