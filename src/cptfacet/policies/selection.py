"""Which policy applies to a session or claim: one rule for Python and the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cptfacet.claims import ClaimType
from cptfacet.policies import jurisdictions
from cptfacet.policies.files import get
from cptfacet.policies.jurisdictions import Area
from cptfacet.policies.model import Policy, as_policy

if TYPE_CHECKING:
    from cptfacet.claims import Claim
    from cptfacet.sessions import Session

__all__ = ["select_policy"]


def __dir__() -> list[str]:
    return sorted(__all__)


def select_policy(
    record: Session | Claim,
    policy: Policy | str | None = None,
    *,
    default: Policy | str | None = None,
    known: Callable[[str], Policy] = get,
) -> Policy:
    """Return the policy that applies to a session or claim.

    The ``policy`` that the caller names decides; else the one the record names; else ``default``.
    Where Medicare Administrative Contractors (MACs) divide that policy, the record's location and
    date select the policy of its jurisdiction. A claim type that is not stated is read as
    professional, as in coding. ``known`` finds a policy by its id.

    >>> import attrs
    >>> import datetime as dt
    >>> from cptfacet.claims import Claim, Location
    >>> claim = Claim(
    ...     claim_type=ClaimType.PROFESSIONAL,
    ...     lines=(),
    ...     date=dt.date(2026, 3, 2),
    ...     location=Location(state="OH"),
    ... )
    >>> select_policy(claim, "medicare").id, select_policy(claim, "cpt").id
    ('medicare-j15', 'cpt')
    >>> select_policy(attrs.evolve(claim, policy="aetna"), default="cpt").id
    'aetna'
    >>> select_policy(claim)
    Traceback (most recent call last):
    ...
    TypeError: no policy is named: pass policy='medicare', or one of the ids in policies.ids()

    Raises:
        UnknownIdError: No policy has the id.
        TypeError: Neither the caller nor the record names a policy.
    """
    chosen = policy if policy is not None else record.policy or default
    if chosen is None:
        message = "no policy is named: pass policy='medicare', or one of the ids in policies.ids()"
        raise TypeError(message)
    found = known(chosen) if isinstance(chosen, str) else as_policy(chosen)
    return _at_place(found, record)


def _at_place(policy: Policy, record: Session | Claim) -> Policy:
    """Return the policy of the record's jurisdiction, where MACs divide a policy."""
    if record.location is None or record.date is None:
        return policy
    if policy.id not in jurisdictions.policy_ids() or policy != get(policy.id):
        return policy
    claim_type = record.claim_type or ClaimType.PROFESSIONAL
    area = jurisdictions.find(record.location, on=record.date, claim_type=claim_type)
    if isinstance(area, Area) and area.shared == policy.id:
        return get(area.policy)
    return policy
