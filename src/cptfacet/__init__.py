"""Facet-joint procedures from the note to the claim, each answer dated and with its source.

Importing this package imports nothing else and reads no data: each name is fetched from its room on
first use.

>>> import cptfacet
>>> session = cptfacet.session_from_words(
...     date="2026-03-02", technique="mbb", guidance="fluoroscopy", joints=["L4-5:left"])
>>> answer = cptfacet.code_session(session, policy=cptfacet.policies.get("medicare"))
>>> [line.text for line in answer.claim.lines]
['64493-LT x1']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cptfacet import (
        addons,
        anatomy,
        bilateral,
        citations,
        claims,
        coding,
        dates,
        errors,
        interop,
        modifiers,
        policies,
        procedures,
        reference,
        sessions,
    )
    from cptfacet.anatomy import (
        CodeRegion,
        Joint,
        Nerve,
        Side,
        parse_joint,
        parse_nerve,
        parse_side,
        read_levels,
    )
    from cptfacet.bilateral import LineForm, SideCount
    from cptfacet.citations import Citation, Confidence, Source
    from cptfacet.claims import Claim, ClaimLine, ClaimType, Location, Purpose, parse_line
    from cptfacet.coding import Coded, Coder, Note, NoteId, Reason, Refusal, Why, code_session
    from cptfacet.dates import Standing, Term, parse_date
    from cptfacet.errors import CptfacetError
    from cptfacet.modifiers import Modifier, ModifierKind, parse_modifier
    from cptfacet.policies import NotKnown, Policy, Provision
    from cptfacet.procedures import Family, Ordinal, Procedure, is_code, parse_code
    from cptfacet.reference import Reference
    from cptfacet.sessions import (
        Guidance,
        Session,
        Target,
        Technique,
        TreatedNerve,
        Treatment,
        parse_guidance,
        parse_target,
        parse_technique,
        session_from_words,
    )

    __version__: str

_ROOMS = {
    "anatomy": "CodeRegion Joint Nerve Side parse_joint parse_nerve parse_side read_levels",
    "bilateral": "LineForm SideCount",
    "citations": "Citation Confidence Source",
    "claims": "Claim ClaimLine ClaimType Location Purpose parse_line",
    "coding": "Coded Coder Note NoteId Reason Refusal Why code_session",
    "dates": "Standing Term parse_date",
    "errors": "CptfacetError",
    "modifiers": "Modifier ModifierKind parse_modifier",
    "policies": "NotKnown Policy Provision",
    "procedures": "Family Ordinal Procedure is_code parse_code",
    "reference": "Reference",
    "sessions": (
        "Guidance Session Target Technique TreatedNerve Treatment"
        " parse_guidance parse_target parse_technique session_from_words"
    ),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names.split()}
_MODULES = (*_ROOMS, "addons", "interop")

__all__ = [  # noqa: PLE0604, PLE0605  written once, above; the test of public names freezes it
    *sorted((*_HOME, *_MODULES, "__version__"))
]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name in _HOME:
        value = getattr(importlib.import_module(f"cptfacet.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"cptfacet.{name}")
    elif name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415

        value = version("cptfacet")
    else:
        message = f"module 'cptfacet' has no attribute {name!r}"
        raise AttributeError(message)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
