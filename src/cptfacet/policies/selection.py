"""Which policy applies to a session or claim: one rule for Python and the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cptfacet.claims import Claim, ClaimType
from cptfacet.policies.files import get
from cptfacet.policies.model import Policy, as_policy
from cptfacet.reference import Reference, find_reference
from cptfacet.unknown import Unknown

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from cptfacet.citations import Citation
    from cptfacet.claims import Location
    from cptfacet.reference.jurisdictions import Area
    from cptfacet.sessions import Session

__all__ = [
    "dates_of",
    "find_area_on",
    "find_record_area",
    "select_policy",
    "select_policy_and_area",
    "unused_location",
]


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
    date select the policy of the jurisdiction, from the ``reference``. The date may be on the claim or
    on its lines; if lines have several, the jurisdiction must be the same on each. A record without a
    claim type is read as professional, as in coding. ``known`` returns the policy with an id.

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
    if record.location is None:
        return found, None
    if found.id not in reference.shared_policies or found != get(found.id):
        return found, None
    area = find_record_area(record, found.id, reference)
    if not area or isinstance(area, Unknown) or area.shared != found.id:
        return found, area
    return get(area.policy), area


def find_record_area(
    record: Session | Claim, policy_id: str, reference: Reference
) -> Area | Unknown | None:
    """Return the area of a record's location, or None if it does not matter to a policy.

    It is not known if the record has no date, or if it differs between the dates of its lines.
    """
    claim_type = record.claim_type or ClaimType.PROFESSIONAL
    return find_area_on(record.location, dates_of(record), claim_type, policy_id, reference)


def dates_of(record: Session | Claim) -> tuple[dt.date, ...]:
    """Return the dates of service of a record."""
    return record.dates if isinstance(record, Claim) else (record.date,)


def find_area_on(
    location: Location | None,
    dates: Sequence[dt.date],
    claim_type: ClaimType,
    policy_id: str,
    reference: Reference,
) -> Area | Unknown | None:
    """Return the area of a location on all of some dates, as `find_record_area` does."""
    shared = reference.shared_policies
    if location is None or not (
        policy_id in shared or any(policy_id in own for own in shared.values())
    ):
        return None
    found = [reference.area(location, on=date, claim_type=claim_type) for date in dates]
    if not found:
        return Unknown(what=_WHAT, reason="no date of service is given", missing=("date",))
    areas: dict[str, tuple[Area, dt.date]] = {}
    for area, date in zip(found, dates, strict=True):
        if isinstance(area, Unknown):
            return area
        areas.setdefault(area.policy, (area, date))
    return found[0] if len(areas) == 1 else _differing([*areas.values()])


_WHAT = "the Medicare jurisdiction"


def _differing(areas: list[tuple[Area, dt.date]]) -> Unknown:
    said = ", ".join(f"{area.jurisdiction} on {date}" for area, date in areas)
    return Unknown(
        what=_WHAT,
        reason=f"it is not the same on each date of service: {said}",
        missing=("date",),
        candidates=tuple(sorted({area.jurisdiction for area, _ in areas})),
    )


def unused_location(
    area: Area | Unknown | None, policy_id: str, reference: Reference
) -> tuple[str, tuple[Citation, ...]] | None:
    """Return why the location of a record did not select the policy, with sources, if it did not."""
    if area is None:
        return None
    if isinstance(area, Unknown):
        shared = policy_id in reference.shared_policies
        return (f"The jurisdiction is not known: {area.reason}", ()) if shared else None
    if area.policy == policy_id:
        return None
    adds = f"adds to {policy_id}" if policy_id == area.shared else f"applies there, not {policy_id}"
    message = (
        f"The location is in {area.jurisdiction} ({area.mac}); its policy {area.policy} {adds}"
    )
    return message, area.citations
