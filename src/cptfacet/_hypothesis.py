"""The entry point that Hypothesis calls when it is imported, to register the public record types.

It imports the types and no data. `cptfacet.strategies` is imported when a strategy is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_TYPES = {
    "checking": "Checker Rule",
    "citations": "Citation Source",
    "claims": "Claim ClaimLine Location PriorAuthorization",
    "bilateral": "SideCount",
    "coding": "CodedSession Coder LineReason",
    "dates": "EffectivePeriod",
    "decoding": "BilledGroup BilledLevels BilledSession DecodedClaim Decoder Doubt SkippedLine",
    "reference.editions": "Edition Provenance",
    "reference.edits": "AscStatus Mue PairEdit PairEdits",
    "reference.diagnoses": "Diagnosis",
    "reference.places": "PlaceOfService",
    "policies.diagnosis_lists": "DiagnosisList",
    "errors": "CptfacetError",
    "findings": "Finding NotChecked Question Replacement Report CheckedUnder",
    "notes": "Note Refusal",
    "past": "ReadHistory SkippedRecord",
    "history": "History PastSession SessionCount",
    "limits": "Amount Limit Verdict Window",
    "policies.jurisdictions": "Jurisdiction",
    "modifiers": "Modifier",
    "policies": "NotKnown Policy Provision",
    "procedures": "Procedure",
    "reference": "Reference",
    "repairing": "Change RepairedClaim Repairer",
    "sessions": "Session Target TreatedNerve Treatment",
    "unknown": "Unknown",
}


def register() -> None:
    """Register every public record type; enumerations need no strategy of their own."""
    from hypothesis.strategies import register_type_strategy  # noqa: PLC0415  an extra

    for room, names in _TYPES.items():
        module = importlib.import_module(f"cptfacet.{room}")
        for name in names.split():
            register_type_strategy(getattr(module, name), _strategy)


def _strategy(kind: type[Any]) -> SearchStrategy[Any]:
    from cptfacet.strategies import for_type  # noqa: PLC0415  on first use

    return for_type(kind)
