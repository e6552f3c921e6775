"""Which policy applies to a session or claim: one rule for Python and the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cptfacet.claims import ClaimType
from cptfacet.policies.files import get
from cptfacet.policies.model import Policy, as_policy
from cptfacet.reference import Reference, find_reference
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    from cptfacet.claims import Claim
    from cptfacet.reference.jurisdictions import Area
    from cptfacet.sessions import Session

__all__ = ["select_policy", "select_policy_and_area"]


def __dir__() -> list[str]:
    return sorted(__all__)


def select_policy(
    record: Session | Claim,
    policy: Policy | str | None = None,
    *,
    default: Policy | str | None = None,
    known: Callable[[str], Policy] = get,
    reference: Reference | None = None,
) -> Policy:
    """Return the policy that applies to a session or claim.

    The ``policy`` passed by the caller comes first, then the one that the record names, then ``default``.
    Where Medicare Administrative Contractors (MACs) divide that policy, the record's location and
    date select the policy of the jurisdiction, from the ``reference``. A record without a claim type
    is read as professional, as in coding. ``known`` returns the policy with an id.

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
    return select_policy_and_area(
        record, policy, default=default, known=known, reference=find_reference(reference)
    )[0]


def select_policy_and_area(
    record: Session | Claim,
    policy: Policy | str | None = None,
    *,
    default: Policy | str | None = None,
    known: Callable[[str], Policy] = get,
    reference: Reference,
) -> tuple[Policy, Area | Unknown | None]:
    """Return the policy of `select_policy`, and the area of the record's location if it mattered."""
    chosen = policy if policy is not None else record.policy or default
    if chosen is None:
        message = "no policy is named: pass policy='medicare', or one of the ids in policies.ids()"
        raise TypeError(message)
    found = known(chosen) if isinstance(chosen, str) else as_policy(chosen)
    if record.location is None or record.date is None:
        return found, None
    if found.id not in reference.shared_policies or found != get(found.id):
        return found, None
    claim_type = record.claim_type or ClaimType.PROFESSIONAL
    area = reference.area(record.location, on=record.date, claim_type=claim_type)
    if isinstance(area, Unknown) or area.shared != found.id:
        return found, area
    return get(area.policy), area
