"""JSON Schema of what is read and written: sessions, claims, answers, errors.

Each schema is made from the records and enumerations themselves, so it can't drift away from them.
It names the canonical words; the reader also takes spellings whose meaning is certain, such as
``mbb`` or ``L4-5``. What a schema can't say, the reader still checks: a joint that stands with a
side and without one contradicts itself.
"""

from __future__ import annotations

import datetime as dt
import difflib
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import attrs

from cptfacet.anatomy import CodeRegion, Joint, Nerve, Side
from cptfacet.bilateral import Laterality, LateralityFormat, SideCount
from cptfacet.citations import Citation, Confidence
from cptfacet.claims import Claim, ClaimLine, ClaimType, Location, PriorAuthorization, Purpose
from cptfacet.coding import CodedSession, LineReason
from cptfacet.dates import EffectivePeriod
from cptfacet.decoding import (
    BilledGroup,
    BilledLevels,
    BilledSession,
    DecodedClaim,
    Doubt,
    DoubtId,
    SkippedLine,
    SkipReason,
)
from cptfacet.errors import Problem, UnknownIdError
from cptfacet.findings import (
    CheckedUnder,
    Finding,
    FindingKind,
    NotChecked,
    Question,
    Replacement,
    Report,
    RuleFamily,
    Severity,
)
from cptfacet.interop.json import BY_ID, OMITTED
from cptfacet.notes import Note, NoteId, Reason, Refusal
from cptfacet.policies import Provision
from cptfacet.procedures import Family, Ordinal
from cptfacet.repairing import Change, RepairedClaim
from cptfacet.sessions import Guidance, Session, Target, Technique, TreatedNerve, Treatment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["NAMES", "schema"]


def __dir__() -> list[str]:
    return sorted(__all__)


Part = dict[str, Any]

_DATE: Part = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_PLAIN: Mapping[object, Part] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    type(None): {"type": "null"},
    dt.date: _DATE,
    Decimal: {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    int | Decimal | None: {"type": ["number", "null"]},
}

# Records that are only written: all their keys stand in every document but the omitted ones.
_WRITTEN = (
    *(CodedSession, Refusal, Note, LineReason, Citation, Provision, Problem),
    *(
        DecodedClaim,
        BilledSession,
        BilledGroup,
        BilledLevels,
        Laterality,
        SideCount,
        Doubt,
        SkippedLine,
    ),
    *(Report, CheckedUnder, Finding, Replacement, Question, NotChecked, RepairedClaim, Change),
)
_WRITTEN_ONLY: Mapping[type, tuple[str, ...]] = {
    Provision: ("key", "cell", "value", "policy", "term", "confidence", "citations"),
    Problem: ("path", "message"),
    RepairedClaim: ("claim", "changes", "report"),
    CodedSession: ("claim", "notes", "why"),
}
_NARROWED: Mapping[tuple[type, str], Part] = {
    (Session, "treatments"): {"minItems": 1},
    (LineReason, "line"): {"minimum": 1},
}

_SAID: Mapping[type, str] = {
    Session: "All facet procedures on one patient on one date of service.",
    Treatment: "One technique, purpose and guidance on some targets.",
    Target: "One joint with the side that was treated.",
    TreatedNerve: "One nerve with the side that was treated.",
    Joint: "One facet joint, named by the two segments that meet in it.",
    Nerve: "One nerve that was treated; in a list of nerves L5 is its dorsal ramus.",
    Side: "The side that was treated.",
    Technique: "How a joint or its nerves were treated.",
    Guidance: "The imaging by which the needle was placed.",
    Purpose: "Why the procedure was done.",
    ClaimType: "Who bills, and on which form.",
    Location: "Where the service was rendered, as far as it picks a contractor or a fee.",
    Claim: "One claim: its lines, and what holds for all of them.",
    ClaimLine: "One line of a claim, right or wrong.",
    PriorAuthorization: "What a claim says of prior authorization.",
    CodedSession: "The claim of a session, what a biller should know, and why each line is there.",
    Refusal: "Why nothing was coded, and what is reported instead where a source says so.",
    Reason: "Why a session, or a part of it, can't be coded to facet lines.",
    Note: "Something that a biller should know.",
    NoteId: "What a note is about.",
    LineReason: "Why one line is as it is: what it stands for and what shaped it.",
    Provision: "One dated, cited value of a policy.",
    Citation: "A source, with the dates and the confidence of the fact that it is cited for.",
    Confidence: "Its own authority was read, somebody cites it, or it is a reasoned judgment.",
    Problem: "One thing that is wrong at one place of a record.",
    CodeRegion: "The region that picks a code.",
    DecodedClaim: "What was done, as far as the lines of a claim tell it.",
    BilledSession: "What one practitioner billed for one day.",
    BilledGroup: "One coded group as it was billed: a first level with its add-ons.",
    BilledLevels: "What the lines of one code say of levels.",
    Laterality: "The sides, read in a line form.",
    LateralityFormat: "One way of writing a level that was treated on both sides.",
    SideCount: "How many levels were treated on which side.",
    Family: "A family of facet codes.",
    Ordinal: "The place of a level in its group.",
    Doubt: "Something that lines leave open.",
    DoubtId: "What lines leave open, or what is odd about them.",
    SkippedLine: "A line that is not read as facet levels.",
    SkipReason: "Why a line is not read as facet levels.",
    Report: "All that checking one claim says, the heaviest findings first.",
    CheckedUnder: "Under what a claim was checked.",
    Finding: "One problem of a claim.",
    FindingKind: "What a finding is about.",
    Severity: "How much a finding weighs.",
    RuleFamily: "The family of the rule.",
    Replacement: "What stands in place of the lines of the finding; nothing, where they go.",
    Question: "What is to be asked first.",
    NotChecked: "A rule that could not be asked, and what it needs.",
    RepairedClaim: "A claim as far as it could be mended, what was changed, and what is left.",
    Change: "One change of a repair.",
}
_SAID_OF: Mapping[tuple[type, str], str] = {
    (Session, "date"): "The date of service, which decides the edition of every rule.",
    (Session, "treatments"): "What was done; joints given more than once are merged.",
    (Session, "claim_type"): "Null is read as professional, and the answer says so.",
    (Session, "place_of_service"): "The two-character code of the place of service.",
    (Session, "diagnoses"): "Diagnosis codes, which stand on every line.",
    (Session, "id"): "Opaque: echoed in the answer and shown nowhere else.",
    (Session, "policy"): "The policy to code under, instead of the one of the call.",
    (Session, "location"): "Where the service was rendered.",
    (Treatment, "technique"): "How the joints or their nerves were treated.",
    (Treatment, "purpose"): "Null where the note does not state it.",
    (
        Treatment,
        "guidance",
    ): "Null where the note does not state it, which is not the same as none.",
    (Treatment, "targets"): "The joints treated. Where they are given, they decide.",
    (Treatment, "nerves"): "The nerves treated, as the note lists them.",
    (Target, "side"): "Null: one side was treated, and the note does not say which.",
    (TreatedNerve, "side"): "Null: one side was treated, and the note does not say which.",
    (Location, "state"): "The state, by its two letters.",
    (Location, "county"): "The county, where a state is split between contractors.",
    (Location, "zip"): "The ZIP code.",
    (Location, "locality"): "The payment locality.",
    (Claim, "lines"): "The lines, in the order of the claim.",
    (Claim, "date"): "The date of service of each line that has none of its own.",
    (Claim, "place_of_service"): "The place of service of each line that has none of its own.",
    (Claim, "purpose"): "Null where it is not stated, or where the lines differ.",
    (Claim, "diagnoses"): "The diagnoses of each line that has none of its own.",
    (Claim, "id"): "Opaque: echoed in the answer and shown nowhere else.",
    (Claim, "policy"): "The policy to read the claim under, instead of the one of the call.",
    (Claim, "location"): "Where the service was rendered.",
    (Claim, "prior_authorization"): "What the claim says of prior authorization, if anything.",
    (PriorAuthorization, "number"): "Opaque: the number of the decision (the UTN), never shown.",
    (PriorAuthorization, "decided"): "The day of the decision.",
    (PriorAuthorization, "exempt"): "Whether the hospital is exempt from the programme.",
    (ClaimLine, "code"): "The procedure code.",
    (ClaimLine, "modifiers"): "Modifiers, in the order of the line.",
    (ClaimLine, "units"): "Any number, or null where it is missing: what is wrong is a finding.",
    (ClaimLine, "diagnoses"): "Diagnosis codes; none stands for those of the claim.",
    (ClaimLine, "date"): "The date of service, where it is not that of the claim.",
    (ClaimLine, "place_of_service"): "The place of service, where it is not that of the claim.",
    (ClaimLine, "charge"): "US dollars, as text.",
    (ClaimLine, "provider"): "Opaque: compared, and shown nowhere.",
    (CodedSession, "notes"): "What a biller should know.",
    (CodedSession, "why"): "The reasons, line by line.",
    (Refusal, "message"): "The reason in words, and the remedy where there is one.",
    (Refusal, "instead"): "What is reported instead, without sides; empty where no source says.",
    (Refusal, "citations"): "The sources of the refusal.",
    (Refusal, "id"): "That of the session, where all of it is refused.",
    (Note, "message"): "The note in words.",
    (Note, "citations"): "The sources of the note.",
    (Note, "refusal"): "The refusal, where the note is about a part that was not coded.",
    (LineReason, "line"): "The line, counted from 1.",
    (LineReason, "joints"): "The joints that the line stands for.",
    (LineReason, "side"): "Null where none is named, or where the joints differ.",
    (LineReason, "provisions"): "The provisions that shaped the line.",
    (Provision, "key"): "The name of the provision.",
    (Provision, "cell"): "The values of its dimensions; empty where it has none.",
    (Provision, "value"): "What the policy says.",
    (Provision, "policy"): "The policy that says so, which the asked one may extend.",
    (Provision, "citations"): "The sources of the provision.",
    (DecodedClaim, "sessions"): "By day and practitioner, in the order of their first lines.",
    (DecodedClaim, "unread"): "Every line that is no part of a session, with the reason.",
    (DecodedClaim, "policy"): "The policy under which the claim was read.",
    (DecodedClaim, "id"): "That of the claim.",
    (BilledSession, "date"): "The date of service.",
    (BilledSession, "provider"): "Opaque: that of its lines.",
    (BilledGroup, "levels"): "What was billed, code by code.",
    (BilledGroup, "techniques"): "Those that the policy sends to the family on that date.",
    (BilledGroup, "techniques_not_known"): "Those of which no source tells whether they belong.",
    (BilledGroup, "provisions"): "The provisions that shaped the reading.",
    (BilledGroup, "notes"): "What weighs on those provisions.",
    (BilledLevels, "sides"): "The levels by side, in the likeliest reading.",
    (BilledGroup, "guidances"): "Those that the policy sends to the family on that date.",
    (BilledGroup, "joints"): "The joints, where the lines settle them; they rarely do.",
    (BilledGroup, "doubts"): "What the lines leave open.",
    (BilledLevels, "or_more"): "Whether its one level may be several: the third and all further.",
    (BilledLevels, "purpose"): "Null where neither a modifier nor the claim tells it.",
    (BilledLevels, "lines"): "The lines, counted from 1.",
    (Laterality, "sides"): "The reading with the most levels on both sides.",
    (Laterality, "fewest_bilateral"): "How many levels every reading has on both sides.",
    (Laterality, "excess"): "Whether the units count more levels than the code represents.",
    (BilledSession, "groups"): "The coded groups.",
    (BilledLevels, "code"): "The procedure code.",
    (SideCount, "bilateral"): "Levels treated on both sides.",
    (SideCount, "right"): "Levels treated on the right alone.",
    (SideCount, "left"): "Levels treated on the left alone.",
    (SideCount, "unnamed"): "Levels of which no side is named.",
    (Doubt, "message"): "The doubt in words.",
    (Doubt, "lines"): "The lines, counted from 1.",
    (SkippedLine, "line"): "The line, counted from 1.",
    (SkippedLine, "message"): "The reason in words.",
    (Citation, "id"): "The id of the source.",
    (Citation, "title"): "The title of the source.",
    (Citation, "url"): "Where the source stands, or null.",
    (Report, "id"): "That of the claim, or null.",
    (Report, "findings"): "The heaviest first.",
    (Report, "not_checked"): "Rules that could not be asked.",
    (CheckedUnder, "policy"): "The id of the policy.",
    (CheckedUnder, "policy_edition"): "The date of its edition.",
    (CheckedUnder, "reference"): "The date of the edition of the reference data.",
    (CheckedUnder, "cptfacet"): "The version of this library.",
    (CheckedUnder, "own_tables"): "Tables of the reference that are not the packaged ones.",
    (Finding, "rule"): "The id of the rule.",
    (Finding, "lines"): "The lines, counted from 1; none for the claim as a whole.",
    (Finding, "message"): "The problem in words.",
    (Finding, "citations"): "The sources of the datum that decided.",
    (Finding, "remedy"): "What mends it, where the claim settles that; else what is to be asked.",
    (Replacement, "lines"): "The lines as they should be.",
    (Question, "question"): "The question in words.",
    (NotChecked, "rule"): "The id of the rule, or of a family of rules.",
    (NotChecked, "needs"): "What it needs.",
    (NotChecked, "reason"): "Why it could not be asked, in words.",
    (RepairedClaim, "changes"): "What was changed, one after another.",
    (Change, "before"): "The lines as they were.",
    (Change, "after"): "The lines as they are.",
    (Problem, "path"): "The place in the record, from its root `$`.",
    (Problem, "message"): "What is wrong, and what would be right.",
}
_TERM: Mapping[str, str] = {
    "from": "The first day in force, where a source states it.",
    "seen": "Else the first day on which a source shows it in force; nothing is known before.",
    "until": "The last day in force, that day included.",
}


class _Parts:
    """The shared parts of one schema, each made once and referred to by its name."""

    def __init__(self) -> None:
        self.made: dict[str, Part] = {}

    def of(self, kind: Any) -> Part:  # noqa: ANN401  a type as an annotation writes it
        """Describe a value of some type."""
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        if get_origin(kind) is tuple:
            return {"type": "array", "items": self.of(get_args(kind)[0])}
        if get_origin(kind) in (UnionType, Union):
            return _any_of([self.of(part) for part in get_args(kind)])
        return self._named(kind)

    def record(self, kind: type) -> Part:
        """Describe the object that stands for a record."""
        types = get_type_hints(kind)
        properties: dict[str, Part] = {}
        required: list[str] = []
        for field in attrs.fields(kind):
            if field.name not in _WRITTEN_ONLY.get(kind, types):
                continue
            if types[field.name] is EffectivePeriod:
                properties |= {name: {**_DATE, "description": _TERM[name]} for name in _TERM}
                continue
            name, wanted = field.name, types[field.name]
            if kind in BY_ID and wanted in (Claim, Session | None):
                name, wanted = "id", str | None
            part = self.of(wanted) | _NARROWED.get((kind, name), {})
            if said := _SAID_OF.get((kind, name)):
                part["description"] = said
            properties[name] = part
            always = kind in _WRITTEN or field.default is attrs.NOTHING
            if always and name not in OMITTED.get(kind, ()):
                required.append(name)
        return _object(properties, required, _SAID[kind])

    def add(self, name: str, part: Callable[[], Part]) -> Part:
        """Refer to a part by its name, and make it where it is not made yet."""
        if name not in self.made:
            self.made[name] = {}
            self.made[name] = part()
        return {"$ref": f"#/$defs/{name}"}

    def _named(self, kind: Any) -> Part:  # noqa: ANN401
        if issubclass(kind, Enum):
            values = [member.value for member in kind]
            part: Part = {"description": _SAID[kind], "type": "string", "enum": values}
            return self.add(kind.__name__, lambda: part)
        return self.add(kind.__name__, lambda: self.record(kind))


def _any_of(parts: list[Part]) -> Part:
    """Join parts, as briefly as can be said."""
    if all(set(part) == {"type"} for part in parts):
        return {"type": [part["type"] for part in parts]}
    return {"anyOf": parts}


def _object(
    properties: Mapping[str, Part], required: Iterable[str], description: str | None = None
) -> Part:
    return {
        **({"description": description} if description else {}),
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def _session(parts: _Parts) -> Part:
    return {"oneOf": [parts.of(Session), parts.add("FlatSession", lambda: _flat_session(parts))]}


def _flat_session(parts: _Parts) -> Part:
    session, treatment = parts.record(Session), parts.record(Treatment)
    own = {name: part for name, part in session["properties"].items() if name != "treatments"}
    required = [name for name in session["required"] if name != "treatments"]
    return _object(
        {**own, **treatment["properties"]},
        [*required, *treatment["required"]],
        "A session of one treatment, whose keys stand beside those of the session.",
    )


def _claim(parts: _Parts) -> Part:
    return parts.of(Claim)


def _answer(parts: _Parts) -> Part:
    refused = _object({"refusal": parts.of(Refusal)}, ["refusal"])
    return {"oneOf": [parts.of(CodedSession), refused]}


def _decoded(parts: _Parts) -> Part:
    return parts.of(DecodedClaim)


def _report(parts: _Parts) -> Part:
    return parts.of(Report)


def _repaired(parts: _Parts) -> Part:
    return parts.of(RepairedClaim)


def _given(parts: _Parts) -> Part:
    past = {"oneOf": [_session(parts), parts.of(Claim), parts.of(CodedSession)]}
    said = {"type": "array", "description": "What coding said of the claim; it is not read again."}
    beside = _object(
        {
            "claim": parts.of(Claim),
            "session": {
                "description": "What the note says was done.",
                "anyOf": [_session(parts), {"type": "null"}],
            },
            "history": {
                "description": "Earlier sessions and claims.",
                "type": ["array", "null"],
                "items": past,
            },
            "notes": said,
            "why": said,
        },
        ["claim"],
        "A claim with what stands beside it.",
    )
    return {"oneOf": [parts.of(Claim), parts.add("Given", lambda: beside)]}


def _error(parts: _Parts) -> Part:
    record = {"type": "integer", "minimum": 1, "description": "The record, counted from 1."}
    problems = {"type": "array", "minItems": 1, "items": parts.of(Problem)}
    described = {**problems, "description": "All that is wrong with the record."}
    error = _object({"record": record, "problems": described}, ["record", "problems"])
    return _object({"error": error}, ["error"])


_ROOTS: Mapping[str, tuple[Callable[[_Parts], Part], str]] = {
    "session": (_session, "What was done on one day, to be coded; nested or flat."),
    "claim": (_claim, "A claim as it is written, right or wrong."),
    "answer": (_answer, "What coding a session answers: lines with their reasons, or a refusal."),
    "decoded": (_decoded, "What the lines of a claim tell of what was done."),
    "given": (_given, "What is checked: a claim, alone or with its session and history beside it."),
    "report": (_report, "What checking a claim answers: findings, and what was not checked."),
    "repaired": (_repaired, "What repairing a claim answers."),
    "error": (_error, "What stands in the place of an answer where a record can't be read."),
}
NAMES = tuple(_ROOTS)


def schema(name: str) -> dict[str, Any]:
    """Make the JSON Schema (draft 2020-12) of a document: one of `NAMES`.

    ``session``, ``claim`` and ``given`` are read; the others are what is printed.

    >>> schema("session")["$defs"]["Side"]["enum"]
    ['left', 'right', 'bilateral']
    >>> schema("sessions")
    Traceback (most recent call last):
    ...
    cptfacet.errors.UnknownIdError: unknown schema 'sessions'; did you mean session?

    Raises:
        UnknownIdError: There is no such document.
    """
    if name not in _ROOTS:
        near = difflib.get_close_matches(name, NAMES)
        raise UnknownIdError(what="schema", text=name, near=tuple(near))
    make, description = _ROOTS[name]
    parts = _Parts()
    root = make(parts)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:cptfacet:schema:{name}",
        "title": name.capitalize(),
        "description": description,
        **root,
        "$defs": dict(sorted(parts.made.items())),
    }
