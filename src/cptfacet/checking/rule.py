"""Rules as values: what each is about, on whose authority, and the function that it runs.

A rule is a function over one day of a claim, and metadata. The metadata is in the data files
``rules/*.toml``, where it can be listed, shown and cited without running the rule. The function is in
the module of its family, and `checks` joins the two by name.
"""

from __future__ import annotations

import functools
import importlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_DOWN, Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from cptfacet import _data
from cptfacet._groups import grouped
from cptfacet._records import sealed
from cptfacet._text import agree, series
from cptfacet.bilateral import order_modifiers
from cptfacet.checking.signals import Signal
from cptfacet.citations import Citation
from cptfacet.claims import Claim, ClaimLine
from cptfacet.findings import (
    FindingKind,
    NotChecked,
    Question,
    QuestionTopic,
    Replacement,
    RuleFamily,
    Severity,
)
from cptfacet.modifiers import ModifierKind, ModifierRole
from cptfacet.policies import value_of

if TYPE_CHECKING:
    from cptfacet.checking.day import Day, Line, Whole
    from cptfacet.checking.plans import CheckingPlan
    from cptfacet.policies import NotKnown

__all__ = [
    "Ask",
    "Asked",
    "Check",
    "NotAsked",
    "RawFinding",
    "Rewrite",
    "Rewritten",
    "Rule",
    "Share",
    "checks",
    "checks_whole",
    "facts_of",
]


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class Share:
    """One of the equal parts of the total charge of some lines. ``part`` counts from 0."""

    lines: tuple[int, ...]
    part: int = 0
    parts: int = 1


@sealed
@attrs.frozen(kw_only=True)
class Rewritten:
    """A corrected line: ``line`` of the claim with another code, modifiers or units.

    Only two other things of a line can change. Its charge becomes a share of the total charge of the
    lines that are joined or split, and its diagnoses become those of all lines that are joined. So no
    remedy invents a diagnosis, a date or an amount. A charge that is not an amount is left out.
    """

    line: int
    code: str
    modifiers: tuple[str, ...]
    units: int | Decimal | None
    charge: Share | None = None


@sealed
@attrs.frozen(kw_only=True)
class Rewrite:
    """The lines that replace a finding's lines; empty if they are removed."""

    lines: tuple[Rewritten, ...]


@sealed
@attrs.frozen(kw_only=True)
class RawFinding:
    """A finding as its rule makes it: lines, what is wrong, its authority, and the fix.

    No citations means those of the rule; no severity means that of the rule under the policy. A
    `Rewrite` replaces exactly the lines that are named.
    """

    lines: tuple[int, ...]
    message: str
    citations: tuple[Citation, ...] = ()
    remedy: Rewrite | Question | None = None
    severity: Severity | None = None


@sealed
@attrs.frozen(kw_only=True)
class NotAsked:
    """What a rule needs that was not given or is not known."""

    needs: str
    reason: str

    def of(self, rule: Rule) -> NotChecked:
        """Return the entry of the report for a rule that needs it."""
        return NotChecked(rule=rule.id, needs=self.needs, reason=self.reason)


Ask = Callable[["Day"], "Iterable[RawFinding | NotAsked]"]
Where = Callable[["CheckingPlan"], bool]
AskWhole = Callable[["Whole"], "Iterable[RawFinding | NotAsked]"]
When = Signal | tuple[Signal, ...]
_ALWAYS = (Signal(0),)


def _alternatives(when: When) -> tuple[Signal, ...]:
    return (when,) if isinstance(when, Signal) else when


@sealed
@attrs.frozen(kw_only=True)
class Check:
    """The function of a rule, and when it runs.

    ``when``: the rule runs on a day that shows all of these signals; of several sets, any one will
    do. A rule that lacks only the session or the history is listed as not checked. ``where``:
    whether the rule applies under the policy and reference of a plan at all. It is decided once a
    term, and ``when`` for each claim. A check with ``ask_whole`` runs on the claim as a whole, if
    that is more than one day with its lines. ``by_shape`` declares that the function reads of a claim
    only what its shape has.
    """

    id: str
    ask: Ask
    when: tuple[Signal, ...] = attrs.field(default=_ALWAYS, converter=_alternatives)
    where: Where | None = None
    ask_whole: AskWhole | None = None
    by_shape: bool = False

    @property
    def is_remembered(self) -> bool:
        """Whether what it finds holds for every claim of a shape.

        The packaged checks are written so; one of a caller is, if it declares it.
        """
        whole = self.ask_whole is None or _is_packaged(self.ask_whole)
        return self.by_shape or (whole and _is_packaged(self.ask))

    @property
    def named(self) -> Signal:
        """Every signal in ``when``."""
        return functools.reduce(Signal.__or__, self.when, Signal(0))

    @property
    def of_a_day(self) -> bool:
        """Whether it runs on each day rather than on the claim as a whole."""
        return self.ask is not _nothing

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle it by its name in the module of its function."""
        ask = (self.ask_whole or self.ask) if self.ask is _nothing else self.ask
        return _named, (ask.__module__, self.id.replace("-", "_"))


def _is_packaged(ask: Ask | AskWhole) -> bool:
    """Whether a function is of this package; one that wraps such a function is not."""
    module: str = getattr(ask, "__globals__", {}).get("__name__", "")
    return module.startswith(f"{__package__}.")


def _named(module: str, name: str) -> Check:
    check = getattr(importlib.import_module(module), name)
    if type(check) is not Check:
        message = f"{module}.{name} is not a check"
        raise TypeError(message)
    return check


def checks(
    *, when: When = _ALWAYS, where: Where | None = None, by_shape: bool = False
) -> Callable[[Ask], Check]:
    """Return a decorator that makes a function the check of the rule of its name, with dashes.

    A checker remembers findings only if each of its rules is packaged or declares ``by_shape``: of a
    claim, it reads only codes, modifiers, units, places of service, the purpose, the prior authorization,
    and whether a line has a charge.
    """

    def make(ask: Any) -> Check:  # noqa: ANN401  a callable has no name to the type checker
        return Check(
            id=ask.__name__.replace("_", "-"), ask=ask, when=when, where=where, by_shape=by_shape
        )

    return make


def _nothing(_: Day) -> Iterable[RawFinding | NotAsked]:
    return ()


def checks_whole(ask: Any) -> Check:  # noqa: ANN401
    """Return the check of the rule of a function's name, run on a claim as a whole."""
    return Check(id=ask.__name__.replace("_", "-"), ask=_nothing, ask_whole=ask)


@sealed
@attrs.frozen(kw_only=True)
class Rule:
    """One rule: its metadata and its check.

    ``severity`` is its own; a policy may set another from a date on. ``why`` is what goes wrong on a
    claim that breaks it. ``citations`` are those of the rule; a finding has those of the datum that
    decided. ``mcr`` are the numbers of the Medicare requirements that it checks, if any.
    """

    id: str
    family: RuleFamily
    kind: FindingKind
    severity: Severity
    title: str
    why: str
    citations: tuple[Citation, ...]
    check: Check = attrs.field(repr=False)
    mcr: tuple[str, ...] = ()

    @property
    def is_on_diagnoses(self) -> bool:
        """Whether it looks only at the diagnoses of one line.

        Such a rule runs once for each combination of line and diagnoses. A rule of the family that
        looks at the whole day does not ask for the signal.
        """
        if self.family is not RuleFamily.DIAGNOSIS or not self.check.is_remembered:
            return False
        return Signal.DIAGNOSES in self.check.named


@functools.cache
def facts_of(family: RuleFamily) -> Mapping[str, Mapping[str, Any]]:
    """Read the metadata of the rules of a family, by id."""
    rules = _data.read_toml(f"rules/{family}.toml")["rules"]
    return MappingProxyType({rule: MappingProxyType(facts) for rule, facts in rules.items()})


def make_rule(family: RuleFamily, check: Check) -> Rule:
    """Join a check with its metadata."""
    facts = facts_of(family)[check.id]
    return Rule(
        id=check.id,
        family=family,
        kind=FindingKind(facts["kind"]),
        severity=Severity(facts["severity"]),
        title=facts["title"],
        why=facts["why"],
        citations=_data.citations_of(facts),
        check=check,
        mcr=tuple(facts.get("mcr", ())),
    )


Asked = tuple[Ask, Rule, Severity]  # a rule with its severity under a policy


# -- helpers for checks


def numbers(lines: Iterable[Line]) -> tuple[int, ...]:
    """List the numbers of lines, in the order of the claim."""
    return tuple(sorted(line.number for line in lines))


def codes_of(lines: Iterable[Line]) -> str:
    """Return the codes of lines for a sentence, each named once."""
    return series([code for code, _ in by_code(lines)])


def agreeing(lines: Iterable[Line], one: str, many: str) -> str:
    """Return the word that agrees with the codes of lines, each named once."""
    return agree(by_code(lines), one, many)


def finding(
    lines: Iterable[Line],
    message: str,
    *,
    citations: Iterable[Citation] = (),
    severity: Severity | None = None,
    remedy: Rewrite | Question | None = None,
    question: str | None = None,
    topic: QuestionTopic | None = None,
) -> RawFinding:
    """Return a finding on lines, with a remedy or the question to ask; each source is cited once."""
    return RawFinding(
        lines=numbers(lines),
        message=message,
        citations=tuple(dict.fromkeys(citations)),
        severity=severity,
        remedy=remedy if question is None else Question(question=question, topic=topic),
    )


def shown(text: str) -> str:
    """Quote a text that is not a code or modifier, and shorten it if it is long."""
    return repr(text) if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]!r}..."


_MOST_SHOWN = 12


def by_code(lines: Iterable[Line]) -> list[tuple[str, list[Line]]]:
    """Group lines by their code, in the order of the codes."""
    return sorted(grouped(lines, key=lambda line: line.facts.code.code).items())


def not_told(answer: NotKnown) -> NotAsked:
    """Return that a rule can't be checked because a policy does not state what it needs."""
    return NotAsked(needs=answer.key, reason=answer.reason)


def instead(*lines: Rewritten) -> Rewrite:
    """Return the remedy that replaces the lines of the finding."""
    return Rewrite(lines=lines)


def remarked(line: Line, modifiers: tuple[str, ...]) -> Rewrite | None:
    """Return the remedy with other modifiers, or None if the line's units are not a number."""
    units = line.written.units
    if isinstance(units, Decimal) and not units.is_finite():
        return None
    return instead(line.rewritten(modifiers=modifiers))


def remarked_as(plan: CheckingPlan, line: Line, modifiers: tuple[str, ...]) -> Rewritten | None:
    """Return a line with other modifiers, in sequence, or None if they don't fit on the line."""
    most = value_of(plan.rules.max_modifiers())
    if most is not None and len(modifiers) > most:
        return None
    return line.rewritten(modifiers=in_order(plan, modifiers))


def modifier_for(plan: CheckingPlan, role: ModifierRole) -> str:
    """Return the modifier with a role; in words, if the reference has none."""
    found = plan.reference.find_modifiers(role=role)
    return found[0].code if found else f"the modifier for {role}"


def in_order(plan: CheckingPlan, modifiers: Iterable[str]) -> tuple[str, ...]:
    """Return modifiers in the sequence that the policy requires."""
    order = value_of(plan.rules.modifier_order()) or tuple(ModifierKind)
    return order_modifiers(modifiers, order=order, reference=plan.reference)


def written(rewrite: Rewrite, claim: Claim, replaced: tuple[int, ...]) -> Replacement | Question:
    """Write out the lines of a remedy from those of the claim, which it replaces.

    If a charge would be left without its line or for fewer units, ask what becomes of it.
    """
    lines = tuple(_write(line, claim.lines) for line in rewrite.lines)
    origin = tuple(map(_sources, rewrite.lines))
    if _leaves_charge_open(rewrite, claim.lines, replaced):
        return Question(question=_about_charge(lines), topic=QuestionTopic.CHARGE)
    return Replacement(lines=lines, origin=origin)


def _sources(line: Rewritten) -> tuple[int, ...]:
    return (line.line,) if line.charge is None else line.charge.lines


def _leaves_charge_open(
    rewrite: Rewrite, lines: tuple[ClaimLine, ...], replaced: tuple[int, ...]
) -> bool:
    """Whether a line with a charge is dropped, written twice, or left with fewer units."""
    alone = Counter(line.line for line in rewrite.lines if line.charge is None)
    shared = {number for line in rewrite.lines if line.charge for number in line.charge.lines}
    for number in replaced:
        if lines[number - 1].charge is not None and alone[number] + (number in shared) != 1:
            return True
    return any(
        line.charge is None and old.charge is not None and _are_fewer(line.units, old)
        for line in rewrite.lines
        for old in (lines[line.line - 1],)
    )


def _are_fewer(units: int | Decimal | None, old: ClaimLine) -> bool:
    return isinstance(units, int) and units < (old.whole_units or 0)


def _about_charge(lines: tuple[ClaimLine, ...]) -> str:
    if not lines:
        return "Should the charge be dropped with the line, or added to another line?"
    corrected = series([line.text for line in lines], most=len(lines))
    many = agree(lines, "line is", "lines are")
    return (
        f"The corrected {many} {corrected}; should the charge stay, or be lowered with the units?"
    )


def _write(line: Rewritten, lines: tuple[ClaimLine, ...]) -> ClaimLine:
    old = lines[line.line - 1]
    charge = old.charge if old.charge is None or _is_amount(old.charge) else None
    diagnoses = old.diagnoses
    if line.charge is not None:
        charge = _charge(line.charge, lines)
        diagnoses = _joined(diagnoses, [lines[n - 1].diagnoses for n in line.charge.lines])
    return attrs.evolve(
        old,
        code=line.code,
        modifiers=line.modifiers,
        units=line.units,
        charge=charge,
        diagnoses=diagnoses,
    )


def _joined(own: tuple[str, ...], every: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Merge the diagnoses of lines; a line without its own keeps using those of the claim."""
    if not all(every):
        return own
    return tuple(dict.fromkeys((*own, *itertools.chain(*every))))


_CENT = Decimal("0.01")
_MOST_DIGITS = 20  # a charge beyond it is not an amount in dollars


def _charge(share: Share, lines: tuple[ClaimLine, ...]) -> Decimal | None:
    """Return a share in whole cents; the first share takes the remainder."""
    charges = [lines[number - 1].charge for number in share.lines]
    known = [charge for charge in charges if charge is not None]
    if not known or not all(map(_is_amount, known)):
        return None
    total = sum(known, Decimal(0))
    part = (total / share.parts).quantize(_CENT, ROUND_DOWN)
    return total - part * (share.parts - 1) if share.part == 0 else part


def _is_amount(charge: Decimal) -> bool:
    return charge.is_finite() and abs(charge.adjusted()) < _MOST_DIGITS
