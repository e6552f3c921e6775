"""The examples of each rule: a claim on which it finds something, and one on which it doesn't."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs

from cptfacet import policies
from cptfacet._records import sealed
from cptfacet.checking import check_claim, get_rule
from cptfacet.checking.rule import facts_of
from cptfacet.claims import Claim, parse_line
from cptfacet.interop.json import from_data, history_from_data
from cptfacet.sessions import Session

if TYPE_CHECKING:
    from cptfacet.findings import Report
    from cptfacet.history import History
    from cptfacet.reference import Reference

__all__ = ["Example", "examples"]


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class Example:
    """A claim under a policy, with its session and history, also in their JSON form."""

    policy: str
    claim: Claim
    session: Session | None = None
    history: History | None = None
    beside_json: str = attrs.field(default="{}", repr=False)

    @property
    def beside(self) -> dict[str, Any]:
        """The session and history given with the claim, in their JSON form."""
        beside: dict[str, Any] = json.loads(self.beside_json)
        return beside

    def check(self, *, reference: Reference | None = None) -> Report:
        """Check the claim."""
        return check_claim(
            self.claim,
            policy=policies.get(self.policy),
            session=self.session,
            history=self.history,
            reference=reference,
        )


def examples(rule_id: str) -> tuple[Example, Example]:
    """Return the claim on which a rule finds something, and one on which it doesn't.

    >>> fires, quiet = examples("addon-without-primary")
    >>> [line.text for line in fires.claim.lines], [line.text for line in quiet.claim.lines]
    (['64494-RT x1'], ['64493-RT x1', '64494-RT x1'])
    >>> examples("no-such-rule")
    Traceback (most recent call last):
    ...
    cptfacet.errors.UnknownIdError: unknown rule 'no-such-rule'

    Raises:
        UnknownIdError: No packaged rule has this id.
    """
    rule = get_rule(rule_id)
    facts = facts_of(rule.family)[rule.id]
    return _example(facts["fires"]), _example(facts["quiet"])


def _example(table: dict[str, Any]) -> Example:
    """Read an example: its lines are texts or in their JSON form, everything else is in JSON form."""
    data = dict(table)
    beside = json.dumps({name: data[name] for name in ("session", "history") if name in data})
    policy = data.pop("policy")
    session = data.pop("session", None)
    history = data.pop("history", None)
    lines = data.pop("lines")
    plain = [line for line in lines if not isinstance(line, str)]
    claim = from_data({**data, "lines": plain}, Claim)
    read = iter(claim.lines)
    written = tuple(parse_line(line) if isinstance(line, str) else next(read) for line in lines)
    return Example(
        policy=policy,
        claim=attrs.evolve(claim, lines=written),
        session=None if session is None else from_data(session, Session),
        history=None if history is None else _history(history, policy),
        beside_json=beside,
    )


def _history(data: object, policy: str) -> History:
    """Read the history of an example, every record of it."""
    read = history_from_data(data, policy=policies.get(policy))
    if read.unread:
        message = f"an example has a history with records that can't be read: {read.unread}"
        raise ValueError(message)
    return read.history
