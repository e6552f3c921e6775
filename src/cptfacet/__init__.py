"""Facet-joint procedures from the note to the claim, each answer dated and with its source.

Importing this package imports nothing else and reads no data: each name is fetched from its room on
first use.

>>> import cptfacet
>>> session = cptfacet.session_from_words(
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
    from cptfacet import editions as editions
    from cptfacet import edits as edits
    from cptfacet import errors as errors
    from cptfacet import findings as findings
    from cptfacet import histories as histories
    from cptfacet import history as history
    from cptfacet import interop as interop
    from cptfacet import jurisdictions as jurisdictions
    from cptfacet import modifiers as modifiers
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
    from cptfacet.bilateral import LineForm as LineForm
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
    from cptfacet.coding import Coded as Coded
    from cptfacet.coding import Coder as Coder
    from cptfacet.coding import Note as Note
    from cptfacet.coding import NoteId as NoteId
    from cptfacet.coding import Reason as Reason
    from cptfacet.coding import Refusal as Refusal
    from cptfacet.coding import Why as Why
    from cptfacet.coding import code_session as code_session
    from cptfacet.dates import Standing as Standing
    from cptfacet.dates import Term as Term
    from cptfacet.dates import parse_date as parse_date
    from cptfacet.decoding import BilledGroup as BilledGroup
    from cptfacet.decoding import BilledLevels as BilledLevels
    from cptfacet.decoding import BilledSession as BilledSession
    from cptfacet.decoding import Decoded as Decoded
    from cptfacet.decoding import Decoder as Decoder
    from cptfacet.decoding import Doubt as Doubt
    from cptfacet.decoding import DoubtId as DoubtId
    from cptfacet.decoding import Unread as Unread
    from cptfacet.decoding import UnreadReason as UnreadReason
    from cptfacet.decoding import decode_claim as decode_claim
    from cptfacet.editions import Basis as Basis
    from cptfacet.editions import Edition as Edition
    from cptfacet.editions import Footing as Footing
    from cptfacet.editions import NotInData as NotInData
    from cptfacet.edits import AscStatus as AscStatus
    from cptfacet.edits import Diagnosis as Diagnosis
    from cptfacet.edits import DiagnosisList as DiagnosisList
    from cptfacet.edits import Mai as Mai
    from cptfacet.edits import Mue as Mue
    from cptfacet.edits import PairEdit as PairEdit
    from cptfacet.edits import PairEdits as PairEdits
    from cptfacet.edits import PlaceOfService as PlaceOfService
    from cptfacet.edits import Validity as Validity
    from cptfacet.errors import CptfacetError as CptfacetError
    from cptfacet.findings import Finding as Finding
    from cptfacet.findings import FindingKind as FindingKind
    from cptfacet.findings import NotChecked as NotChecked
    from cptfacet.findings import Question as Question
    from cptfacet.findings import Replacement as Replacement
    from cptfacet.findings import Report as Report
    from cptfacet.findings import RuleFamily as RuleFamily
    from cptfacet.findings import Severity as Severity
    from cptfacet.findings import Under as Under
    from cptfacet.histories import ReadHistory as ReadHistory
    from cptfacet.histories import UnreadPast as UnreadPast
    from cptfacet.histories import history_from_claims as history_from_claims
    from cptfacet.histories import history_from_records as history_from_records
    from cptfacet.histories import history_from_sessions as history_from_sessions
    from cptfacet.history import History as History
    from cptfacet.history import PastSession as PastSession
    from cptfacet.history import SessionKind as SessionKind
    from cptfacet.history import Tally as Tally
    from cptfacet.jurisdictions import Jurisdiction as Jurisdiction
    from cptfacet.modifiers import Modifier as Modifier
    from cptfacet.modifiers import ModifierKind as ModifierKind
    from cptfacet.modifiers import parse_modifier as parse_modifier
    from cptfacet.policies import NotKnown as NotKnown
    from cptfacet.policies import Policy as Policy
    from cptfacet.policies import Provision as Provision
    from cptfacet.policies import discover_policies as discover_policies
    from cptfacet.procedures import Family as Family
    from cptfacet.procedures import Ordinal as Ordinal
    from cptfacet.procedures import Procedure as Procedure
    from cptfacet.procedures import is_code as is_code
    from cptfacet.procedures import parse_code as parse_code
    from cptfacet.reference import Reference as Reference
    from cptfacet.repairing import Mended as Mended
    from cptfacet.repairing import Repaired as Repaired
    from cptfacet.repairing import repair_claim as repair_claim
    from cptfacet.sessions import Guidance as Guidance
    from cptfacet.sessions import Session as Session
    from cptfacet.sessions import Target as Target
    from cptfacet.sessions import Technique as Technique
    from cptfacet.sessions import TreatedNerve as TreatedNerve
    from cptfacet.sessions import Treatment as Treatment
    from cptfacet.sessions import parse_guidance as parse_guidance
    from cptfacet.sessions import parse_target as parse_target
    from cptfacet.sessions import parse_technique as parse_technique
    from cptfacet.sessions import session_from_words as session_from_words

    __version__: str

_ROOMS = {
    "anatomy": (
        "CodeRegion CoverageRegion Joint Nerve Side parse_joint parse_nerve parse_side read_levels"
    ),
    "bilateral": "LineForm SideCount",
    "checking": "Checker Rule check_claim check_claims",
    "citations": "Citation Confidence Source",
    "claims": "Claim ClaimLine ClaimType Location PriorAuthorization Purpose parse_line",
    "coding": "Coded Coder Note NoteId Reason Refusal Why code_session",
    "dates": "Standing Term parse_date",
    "decoding": (
        "BilledGroup BilledLevels BilledSession Decoded Decoder Doubt DoubtId Unread UnreadReason"
        " decode_claim"
    ),
    "editions": "Basis Edition Footing NotInData",
    "edits": "AscStatus Diagnosis DiagnosisList Mai Mue PairEdit PairEdits PlaceOfService Validity",
    "errors": "CptfacetError",
    "findings": (
        "Finding FindingKind NotChecked Question Replacement Report RuleFamily Severity Under"
    ),
    "histories": (
        "ReadHistory UnreadPast history_from_claims history_from_records history_from_sessions"
    ),
    "history": "History PastSession SessionKind Tally",
    "jurisdictions": "Jurisdiction",
    "modifiers": "Modifier ModifierKind parse_modifier",
    "policies": "NotKnown Policy Provision discover_policies",
    "procedures": "Family Ordinal Procedure is_code parse_code",
    "reference": "Reference",
    "repairing": "Mended Repaired repair_claim",
    "sessions": (
        "Guidance Session Target Technique TreatedNerve Treatment"
        " parse_guidance parse_target parse_technique session_from_words"
    ),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names.split()}
_MODULES = (*_ROOMS, "addons", "interop")

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
