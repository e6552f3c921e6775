"""Code, check, repair and decode claims for facet joint procedures, with the source and date of every answer.

At the top are the verbs, what you pass in, and what comes back; everything else is in its module.
Importing this package imports nothing else and reads no data: a name is fetched on first use.

>>> import cptfacet
>>> session = cptfacet.parse_session(
...     date="2026-03-02", technique="mbb", guidance="fluoroscopy", joints=["L4-5:left"]
... )
>>> [line.text for line in cptfacet.code_session(session, policy="medicare").lines]
['64493-LT x1']
"""

import importlib
from typing import Any

# What a name is for decides whether it is here: a verb, what it takes, or what it returns.
# tools/stub.py writes the same names into __init__.pyi, for type checkers.
_NAMES = {
    "coding": "code_session code_sessions Coder CodedSession",
    "decoding": "decode_claim decode_claims Decoder DecodedClaim",
    "checking": "check_claim check_claims Checker",
    "repairing": "repair_claim repair_claims Repairer RepairedClaim",
    "past": "history_from_claims history_from_records history_from_sessions ReadHistory",
    "agents": "Agent",
    "sessions": "parse_session Session Treatment Target TreatedNerve Technique Guidance",
    "claims": "parse_line Claim ClaimFrequency ClaimLine ClaimType Location PriorAuthorization Purpose",
    "anatomy": "Joint Nerve UnlistedNerve Side",
    "policies": "Policy",
    "reference": "Reference",
    "history": "History",
    "findings": "Finding Report",
    "notes": "Refusal",
    "unknown": "Unknown",
    "errors": "CptfacetError",
}
_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}
_OTHERS = (
    "addons agent_codes bilateral billed citations dates indicators interop levels limits lookup"
    " modifier_faults modifiers outline procedures rulebook treated"
)
_MODULES = frozenset((*_NAMES, *_OTHERS.split()))


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name in _HOME:
        value = getattr(importlib.import_module(f"cptfacet.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"cptfacet.{name}")
    elif name == "__version__":
        value = importlib.import_module("cptfacet._version").__version__
    elif name == "__all__":
        value = sorted((*_HOME, *_MODULES))
    else:
        message = f"module 'cptfacet' has no attribute {name!r}"
        raise AttributeError(message)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted((*_HOME, *_MODULES, "__version__"))
