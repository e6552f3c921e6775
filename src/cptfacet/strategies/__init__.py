"""Hypothesis strategies for every type of this library.

Needs the extra `strategies`. Each function returns a strategy for valid values and has the plural
name of what it draws. Options are keyword-only. An option for parts takes a strategy for these
parts; write ``st.just(value)`` for one value. With the extra installed, ``st.from_type(Session)``
works for each public type without importing this module.

>>> from hypothesis import find
>>> from hypothesis import strategies as st
>>> from cptfacet import code_session
>>> from cptfacet import policies as packaged
>>> medicare = packaged.get("medicare")
>>> session, coded = find(
...     coded_claims(policies=st.just(medicare)), lambda drawn: len(drawn[1].claim.lines) == 1
... )
>>> coded == code_session(session, policy=medicare)
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from cptfacet.anatomy import UnlistedNerve
from cptfacet.bilateral import Laterality, SideCount
from cptfacet.checking import Checker, Rule, all_rules
from cptfacet.citations import Citation, Source
from cptfacet.claims import Claim, ClaimLine, Location, PriorAuthorization
from cptfacet.coding import CodedSession, Coder, LineReason
from cptfacet.dates import EffectivePeriod
from cptfacet.decoding import (
    BilledGroup,
    BilledLevels,
    BilledSession,
    DecodedClaim,
    Decoder,
    Doubt,
    SkippedLine,
)
from cptfacet.errors import CptfacetError, MissingExtraError, Problem
from cptfacet.findings import (
    CheckedUnder,
    Finding,
    NotChecked,
    Question,
    Replacement,
    Report,
)
from cptfacet.history import History, PastSession, SessionCount
from cptfacet.limits import Amount, Limit, Verdict, Window
from cptfacet.modifiers import Modifier
from cptfacet.notes import Note, Refusal
from cptfacet.past import ReadHistory, SkippedRecord
from cptfacet.policies import NotKnown, Policy, Provision
from cptfacet.policies.diagnosis_lists import DiagnosisList
from cptfacet.procedures import Procedure
from cptfacet.reference import Reference
from cptfacet.reference import packaged as packaged_reference
from cptfacet.reference.diagnoses import Diagnosis
from cptfacet.reference.editions import Edition, Provenance
from cptfacet.reference.edits import AscStatus, Mue, PairEdit, PairEdits
from cptfacet.reference.jurisdictions import Jurisdiction
from cptfacet.reference.places import PlaceOfService
from cptfacet.repairing import Change, RepairedClaim, Repairer
from cptfacet.sessions import Session, Target, TreatedNerve, Treatment
from cptfacet.unknown import Unknown

try:
    from hypothesis import strategies as st
    from hypothesis.errors import InvalidArgument
    from hypothesis.strategies import SearchStrategy

    from cptfacet.strategies import reference
    from cptfacet.strategies.claims import (
        claim_lines,
        claims,
        codes,
        messy_claim_lines,
        messy_claims,
        modifier_codes,
        modifiers,
        prior_authorizations,
        procedures,
        references,
    )
    from cptfacet.strategies.history import histories, past_sessions, read_histories, session_counts
    from cptfacet.strategies.limits import amounts, limits, verdicts, windows
    from cptfacet.strategies.policies import citations, not_knowns, policies, provisions, sources
    from cptfacet.strategies.reports import (
        claims_with,
        clean_claims,
        example_changes,
        example_remedies,
        example_repairs,
        example_reports,
        hostile_claims,
    )
    from cptfacet.strategies.results import (
        any_claims,
        any_sessions,
        billed_levels,
        coded,
        coded_claims,
        decoded_claims,
        errors,
        part_of,
        problems,
        refusals,
    )
    from cptfacet.strategies.sessions import (
        messy_sessions,
        sessions,
        targets,
        treated_nerves,
        treatments,
    )
    from cptfacet.strategies.words import (
        OPAQUE_LOCATIONS,
        claim_types,
        diagnoses,
        effective_periods,
        guidances,
        joints,
        laterality_formats,
        locations,
        nerves,
        purposes,
        service_dates,
        side_counts,
        sides,
        techniques,
        unlisted_nerves,
    )
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "hypothesis":
        raise
    raise MissingExtraError(extra="strategies", needs="hypothesis") from None

__all__ = [
    "amounts",
    "citations",
    "claim_lines",
    "claim_types",
    "claims",
    "claims_with",
    "clean_claims",
    "coded_claims",
    "codes",
    "decoded_claims",
    "diagnoses",
    "effective_periods",
    "for_type",
    "guidances",
    "histories",
    "hostile_claims",
    "joints",
    "laterality_formats",
    "limits",
    "locations",
    "messy_claim_lines",
    "messy_claims",
    "messy_sessions",
    "modifier_codes",
    "modifiers",
    "nerves",
    "not_knowns",
    "past_sessions",
    "policies",
    "prior_authorizations",
    "procedures",
    "provisions",
    "purposes",
    "references",
    "refusals",
    "service_dates",
    "sessions",
    "side_counts",
    "sides",
    "sources",
    "targets",
    "techniques",
    "treated_nerves",
    "treatments",
    "unlisted_nerves",
    "verdicts",
    "windows",
]


def __dir__() -> list[str]:
    return sorted(__all__)


T = TypeVar("T")

# The one table of public types and their strategies.
FOR_TYPE: Mapping[type, Callable[[], SearchStrategy[Any]]] = {
    Amount: amounts,
    AscStatus: reference.asc_statuses,
    Diagnosis: reference.diagnosis_facts,
    DiagnosisList: reference.diagnosis_lists,
    Edition: reference.edition_facts,
    Finding: lambda: part_of(example_reports(), lambda report: report.findings),
    Change: example_changes,
    NotChecked: lambda: part_of(example_reports(), lambda report: report.not_checked),
    Question: lambda: example_remedies(Question),
    RepairedClaim: example_repairs,
    Replacement: lambda: example_remedies(Replacement),
    Report: example_reports,
    Rule: lambda: st.sampled_from(all_rules()),
    CheckedUnder: lambda: example_reports().map(lambda report: report.under),
    Provenance: reference.provenances,
    Mue: reference.mues,
    PairEdit: reference.pair_edits,
    PairEdits: reference.pair_edit_lists,
    PlaceOfService: reference.places_of_service,
    BilledGroup: lambda: part_of(decoded_claims(), lambda decoded: decoded.groups),
    BilledLevels: billed_levels,
    BilledSession: lambda: part_of(decoded_claims(), lambda decoded: decoded.sessions),
    Checker: lambda: policies().map(Checker),
    Repairer: lambda: policies().map(Repairer),
    Citation: citations,
    Claim: any_claims,
    ClaimLine: lambda: claim_lines() | messy_claim_lines(),
    CodedSession: coded,
    Coder: lambda: policies().map(Coder),
    CptfacetError: errors,
    DecodedClaim: decoded_claims,
    Decoder: lambda: policies().map(Decoder),
    Doubt: lambda: part_of(
        decoded_claims(), lambda decoded: [d for group in decoded.groups for d in group.doubts]
    ),
    History: histories,
    Laterality: lambda: billed_levels().map(lambda billed: billed.laterality),
    Limit: limits,
    Verdict: verdicts,
    Window: windows,
    Jurisdiction: lambda: st.sampled_from(packaged_reference().find_jurisdictions()),
    Location: lambda: locations() | OPAQUE_LOCATIONS,
    Modifier: modifiers,
    NotKnown: not_knowns,
    Note: lambda: part_of(coded(), lambda coded: coded.notes),
    PastSession: past_sessions,
    Policy: policies,
    PriorAuthorization: prior_authorizations,
    Problem: problems,
    Procedure: procedures,
    Provision: provisions,
    ReadHistory: read_histories,
    Reference: references,
    Refusal: refusals,
    Session: any_sessions,
    SideCount: side_counts,
    Source: sources,
    SessionCount: session_counts,
    Target: targets,
    EffectivePeriod: effective_periods,
    TreatedNerve: treated_nerves,
    UnlistedNerve: unlisted_nerves,
    Treatment: treatments,
    Unknown: reference.unknowns,
    SkippedLine: lambda: part_of(decoded_claims(), lambda decoded: decoded.unread),
    SkippedRecord: lambda: part_of(read_histories(), lambda read: read.unread),
    LineReason: lambda: part_of(coded(), lambda coded: coded.why),
}


def for_type(kind: type[T]) -> SearchStrategy[T]:
    """Return the strategy that ``st.from_type`` uses for a public type.

    >>> for_type(Modifier).validate()
    >>> for_type(dict)
    Traceback (most recent call last):
    ...
    hypothesis.errors.InvalidArgument: no strategy of this library draws dict

    Raises:
        InvalidArgument: The type is not a public record of this library.
    """
    if kind not in FOR_TYPE:
        message = f"no strategy of this library draws {kind.__name__}"
        raise InvalidArgument(message)
    return FOR_TYPE[kind]()
