"""Facet-joint procedures from the note to the claim, each answer dated and with its source.

Importing this package imports nothing else and reads no data: each name is fetched from its room on
first use.

>>> import cptfacet
>>> session = cptfacet.parse_session(
...     date="2026-03-02", technique="mbb", guidance="fluoroscopy", joints=["L4-5:left"]
... )
>>> answer = cptfacet.code_session(session, policy=cptfacet.policies.get("medicare"))
>>> [line.text for line in answer.claim.lines]
['64493-LT x1']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cptfacet import addons as addons
    from cptfacet import anatomy as anatomy
    from cptfacet import bilateral as bilateral
    from cptfacet import checking as checking
    from cptfacet import citations as citations
    from cptfacet import claims as claims
    from cptfacet import coding as coding
    from cptfacet import dates as dates
    from cptfacet import decoding as decoding
    from cptfacet import errors as errors
    from cptfacet import findings as findings
    from cptfacet import history as history
    from cptfacet import interop as interop
    from cptfacet import modifiers as modifiers
    from cptfacet import notes as notes
    from cptfacet import past as past
    from cptfacet import policies as policies
    from cptfacet import procedures as procedures
    from cptfacet import reference as reference
    from cptfacet import repairing as repairing
    from cptfacet import sessions as sessions
    from cptfacet.anatomy import CodeRegion as CodeRegion
    from cptfacet.anatomy import CoverageRegion as CoverageRegion
    from cptfacet.anatomy import Joint as Joint
    from cptfacet.anatomy import Nerve as Nerve
    from cptfacet.anatomy import Side as Side
    from cptfacet.anatomy import parse_joint as parse_joint
    from cptfacet.anatomy import parse_nerve as parse_nerve
    from cptfacet.anatomy import parse_side as parse_side
    from cptfacet.anatomy import read_levels as read_levels
    from cptfacet.bilateral import LateralityFormat as LateralityFormat
    from cptfacet.bilateral import SideCount as SideCount
    from cptfacet.checking import Checker as Checker
    from cptfacet.checking import Rule as Rule
    from cptfacet.checking import check_claim as check_claim
    from cptfacet.checking import check_claims as check_claims
    from cptfacet.citations import Citation as Citation
    from cptfacet.citations import Confidence as Confidence
    from cptfacet.citations import Source as Source
    from cptfacet.claims import Claim as Claim
    from cptfacet.claims import ClaimLine as ClaimLine
    from cptfacet.claims import ClaimType as ClaimType
    from cptfacet.claims import Location as Location
    from cptfacet.claims import PriorAuthorization as PriorAuthorization
    from cptfacet.claims import Purpose as Purpose
    from cptfacet.claims import parse_line as parse_line
    from cptfacet.coding import CodedSession as CodedSession
    from cptfacet.coding import Coder as Coder
    from cptfacet.coding import LineReason as LineReason
    from cptfacet.coding import code_session as code_session
    from cptfacet.dates import EffectivePeriod as EffectivePeriod
    from cptfacet.dates import Status as Status
    from cptfacet.dates import parse_date as parse_date
    from cptfacet.decoding import BilledGroup as BilledGroup
    from cptfacet.decoding import BilledLevels as BilledLevels
    from cptfacet.decoding import BilledSession as BilledSession
    from cptfacet.decoding import DecodedClaim as DecodedClaim
    from cptfacet.decoding import Decoder as Decoder
    from cptfacet.decoding import Doubt as Doubt
    from cptfacet.decoding import DoubtId as DoubtId
    from cptfacet.decoding import SkippedLine as SkippedLine
    from cptfacet.decoding import SkipReason as SkipReason
    from cptfacet.decoding import decode_claim as decode_claim
    from cptfacet.errors import CptfacetError as CptfacetError
    from cptfacet.findings import CheckedUnder as CheckedUnder
    from cptfacet.findings import Finding as Finding
    from cptfacet.findings import FindingKind as FindingKind
    from cptfacet.findings import NotChecked as NotChecked
    from cptfacet.findings import Question as Question
    from cptfacet.findings import Replacement as Replacement
    from cptfacet.findings import Report as Report
    from cptfacet.findings import RuleFamily as RuleFamily
    from cptfacet.findings import Severity as Severity
    from cptfacet.history import History as History
    from cptfacet.history import PastSession as PastSession
    from cptfacet.history import SessionCount as SessionCount
    from cptfacet.history import SessionKind as SessionKind
    from cptfacet.modifiers import Modifier as Modifier
    from cptfacet.modifiers import ModifierKind as ModifierKind
    from cptfacet.modifiers import parse_modifier as parse_modifier
    from cptfacet.notes import Note as Note
    from cptfacet.notes import NoteId as NoteId
    from cptfacet.notes import Reason as Reason
    from cptfacet.notes import Refusal as Refusal
    from cptfacet.past import ReadHistory as ReadHistory
    from cptfacet.past import SkippedRecord as SkippedRecord
    from cptfacet.past import history_from_claims as history_from_claims
    from cptfacet.past import history_from_records as history_from_records
    from cptfacet.past import history_from_sessions as history_from_sessions
    from cptfacet.policies import NotKnown as NotKnown
    from cptfacet.policies import Policy as Policy
    from cptfacet.policies import Provision as Provision
    from cptfacet.policies import discover_policies as discover_policies
    from cptfacet.policies.jurisdictions import Jurisdiction as Jurisdiction
    from cptfacet.procedures import Family as Family
    from cptfacet.procedures import Ordinal as Ordinal
    from cptfacet.procedures import Procedure as Procedure
    from cptfacet.procedures import is_code as is_code
    from cptfacet.procedures import parse_code as parse_code
    from cptfacet.reference import Reference as Reference
    from cptfacet.reference.editions import Basis as Basis
    from cptfacet.reference.editions import Edition as Edition
    from cptfacet.reference.editions import NotInData as NotInData
    from cptfacet.reference.editions import Provenance as Provenance
    from cptfacet.reference.edits import AscStatus as AscStatus
    from cptfacet.reference.edits import Diagnosis as Diagnosis
    from cptfacet.reference.edits import DiagnosisList as DiagnosisList
    from cptfacet.reference.edits import Mai as Mai
    from cptfacet.reference.edits import Mue as Mue
    from cptfacet.reference.edits import PairEdit as PairEdit
    from cptfacet.reference.edits import PairEdits as PairEdits
    from cptfacet.reference.edits import PlaceOfService as PlaceOfService
    from cptfacet.reference.edits import Validity as Validity
    from cptfacet.repairing import Change as Change
    from cptfacet.repairing import RepairedClaim as RepairedClaim
    from cptfacet.repairing import repair_claim as repair_claim
    from cptfacet.sessions import Guidance as Guidance
    from cptfacet.sessions import Session as Session
    from cptfacet.sessions import Target as Target
    from cptfacet.sessions import Technique as Technique
    from cptfacet.sessions import TreatedNerve as TreatedNerve
    from cptfacet.sessions import Treatment as Treatment
    from cptfacet.sessions import parse_guidance as parse_guidance
    from cptfacet.sessions import parse_session as parse_session
    from cptfacet.sessions import parse_target as parse_target
    from cptfacet.sessions import parse_technique as parse_technique

    __version__: str

_ROOMS = {
    "anatomy": (
        "CodeRegion CoverageRegion Joint Nerve Side parse_joint parse_nerve parse_side read_levels"
    ),
    "bilateral": "LateralityFormat SideCount",
    "checking": "Checker Rule check_claim check_claims",
    "citations": "Citation Confidence Source",
    "claims": "Claim ClaimLine ClaimType Location PriorAuthorization Purpose parse_line",
    "coding": "CodedSession Coder LineReason code_session",
    "dates": "Status EffectivePeriod parse_date",
    "decoding": (
        "BilledGroup BilledLevels BilledSession DecodedClaim Decoder Doubt DoubtId SkippedLine SkipReason"
        " decode_claim"
    ),
    "reference.editions": "Basis Edition Provenance NotInData",
    "reference.edits": "AscStatus Diagnosis DiagnosisList Mai Mue PairEdit PairEdits PlaceOfService Validity",
    "errors": "CptfacetError",
    "findings": (
        "Finding FindingKind NotChecked Question Replacement Report RuleFamily Severity CheckedUnder"
    ),
    "notes": "Note NoteId Reason Refusal",
    "past": (
        "ReadHistory SkippedRecord history_from_claims history_from_records history_from_sessions"
    ),
    "history": "History PastSession SessionKind SessionCount",
    "policies.jurisdictions": "Jurisdiction",
    "modifiers": "Modifier ModifierKind parse_modifier",
    "policies": "NotKnown Policy Provision discover_policies",
    "procedures": "Family Ordinal Procedure is_code parse_code",
    "reference": "Reference",
    "repairing": "Change RepairedClaim repair_claim",
    "sessions": (
        "Guidance Session Target Technique TreatedNerve Treatment"
        " parse_guidance parse_target parse_technique parse_session"
    ),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names.split()}
_MODULES = (*(room for room in _ROOMS if "." not in room), "addons", "interop")

_PUBLIC = sorted((*_HOME, *_MODULES, "__version__"))


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name in _HOME:
        value = getattr(importlib.import_module(f"cptfacet.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"cptfacet.{name}")
    elif name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415

        value = version("cptfacet")
    elif name == "__all__":  # a star import asks for it; type checkers read the imports above
        value = [public for public in _PUBLIC if public != "__version__"]
    else:
        message = f"module 'cptfacet' has no attribute {name!r}"
        raise AttributeError(message)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(_PUBLIC)
