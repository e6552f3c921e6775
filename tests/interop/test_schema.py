"""The JSON Schemas: true of all that is written, and right about reading."""

import datetime as dt
import functools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from cptfacet.agents import Agent
from cptfacet.anatomy import CodeRegion, Joint, Nerve, Side
from cptfacet.bilateral import LateralityFormat
from cptfacet.citations import Confidence
from cptfacet.claims import Claim, ClaimFrequency, ClaimType, Purpose
from cptfacet.coding import CodedSession, NoteId, Reason, Refusal, code_session
from cptfacet.decoding import DoubtId, SkipReason, decode_claim
from cptfacet.errors import DocumentError, UnknownIdError
from cptfacet.findings import FindingKind, QuestionTopic, Report, RuleFamily, Severity
from cptfacet.interop.json import Given, dump, from_data, given_from_data, to_data
from cptfacet.interop.schemas import NAMES, schema
from cptfacet.policies import get, ids
from cptfacet.procedures import Family, Ordinal
from cptfacet.repairing import RepairedClaim
from cptfacet.sessions import Guidance, Session, Technique, Treatment

KINDS: dict[str, type[Session] | type[Claim]] = {"session": Session, "claim": Claim}


@functools.cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name), format_checker=FormatChecker(formats=["date"]))


def complaints(document: object, name: str) -> list[str]:
    return [
        f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(document)
    ]


def parts(part: object) -> Iterator[dict[str, Any]]:
    """Walk over every part of a schema that describes something."""
    if isinstance(part, dict):
        yield part
        for entry in part.values():
            yield from parts(entry)
    elif isinstance(part, list):
        for entry in part:
            yield from parts(entry)


class TestTheFiles:
    @pytest.mark.parametrize("name", NAMES)
    def test_each_is_a_schema(self, name: str) -> None:
        made = schema(name)

        Draft202012Validator.check_schema(made)
        assert made["$id"] == f"urn:cptfacet:schema:{name}"
        assert made["title"]
        assert made["description"]

    def test_an_unknown_name(self) -> None:
        with pytest.raises(UnknownIdError, match="did you mean claim"):
            schema("claims")

    @pytest.mark.parametrize("name", NAMES)
    def test_no_object_takes_further_keys(self, name: str) -> None:
        objects = [part for part in parts(schema(name)) if part.get("type") == "object"]

        assert objects
        assert all(part["additionalProperties"] is False for part in objects)
        assert all(set(part["required"]) <= set(part["properties"]) for part in objects)

    @pytest.mark.parametrize("name", NAMES)
    def test_every_part_is_used_and_described(self, name: str) -> None:
        made = schema(name)
        used = {part["$ref"].removeprefix("#/$defs/") for part in parts(made) if "$ref" in part}
        properties = [
            (key, part)
            for described in parts(made)
            for key, part in described.get("properties", {}).items()
            if isinstance(described.get("properties"), dict) and "type" in described
        ]

        assert used == set(made["$defs"])
        assert [key for key, part in made["$defs"].items() if "description" not in part] == []
        bare = {key for key, part in properties if "description" not in part}
        assert bare <= {"error", "refusal", "claim"}  # what wraps a record that is described

    def test_words_are_those_of_the_library(self) -> None:
        words = {
            name: part["enum"]
            for schema_name in NAMES
            for name, part in schema(schema_name)["$defs"].items()
            if "enum" in part
        }
        kinds = (
            *(Agent, Joint, Nerve, Side, Technique, Guidance, Purpose, ClaimFrequency, ClaimType),
            *(Confidence, NoteId, Reason),
            *(CodeRegion, DoubtId, Family, LateralityFormat, Ordinal, SkipReason),
            *(FindingKind, QuestionTopic, RuleFamily, Severity),
        )

        assert words == {kind.__name__: [member.value for member in kind] for kind in kinds}

    def test_a_caller_can_not_change_it(self) -> None:
        schema("claim")["$defs"].clear()

        assert schema("claim")["$defs"]


class TestWhatIsWritten:
    """Every document that leaves the library fits its published schema."""

    @given(session=st.from_type(Session))
    def test_sessions(self, session: Session) -> None:
        assert complaints(to_data(session), "session") == []
        assert complaints(json.loads(dump(session)), "session") == []

    @given(claim=st.from_type(Claim))
    def test_claims(self, claim: Claim) -> None:
        assert complaints(to_data(claim), "claim") == []
        assert complaints(json.loads(dump(claim)), "claim") == []

    @given(session=st.from_type(Session), policy=st.sampled_from(ids()))
    def test_answers(self, session: Session, policy: str) -> None:
        answer = code_session(session, policy=get(policy))
        event(answer.reason if isinstance(answer, Refusal) else "coded")

        assert complaints(to_data(answer), "answer") == []
        assert complaints(json.loads(dump(answer)), "answer") == []

    @given(session=st.from_type(Session), policy=st.sampled_from(ids()))
    def test_the_claim_of_an_answer_is_a_claim(self, session: Session, policy: str) -> None:
        answer = code_session(session, policy=get(policy))
        claim = to_data(answer).get("claim")

        if isinstance(answer, CodedSession):
            assert complaints(claim, "claim") == []
            assert from_data(claim, Claim) == answer.claim
        else:
            assert claim is None

    @given(session=st.from_type(Session), claim=st.from_type(Claim), policy=st.sampled_from(ids()))
    def test_decoded_claims(self, session: Session, claim: Claim, policy: str) -> None:
        answer = code_session(session, policy=get(policy))
        coded = [answer.claim] if isinstance(answer, CodedSession) else []
        for each in (claim, *coded):
            decoded = decode_claim(each, policy=get(policy))
            event("read" if decoded.groups else "not read")

            assert complaints(to_data(decoded), "decoded") == []
            assert complaints(json.loads(dump(decoded)), "decoded") == []

    @given(report=st.from_type(Report), repaired=st.from_type(RepairedClaim))
    def test_reports_and_repairs(self, report: Report, repaired: RepairedClaim) -> None:
        for answer, name in ((report, "report"), (repaired, "repaired")):
            assert complaints(to_data(answer), name) == []
            assert complaints(json.loads(dump(answer)), name) == []

    @given(session=st.from_type(Session), claim=st.from_type(Claim), past=st.from_type(Claim))
    def test_what_is_checked(self, session: Session, claim: Claim, past: Claim) -> None:
        beside = {
            "claim": to_data(claim),
            "session": to_data(session),
            "history": [to_data(past), to_data(session)],
        }
        for document in (to_data(claim), {"claim": to_data(claim)}, beside):
            assert complaints(document, "given") == []
            assert given_from_data(document).claim == claim
        assert given_from_data(beside) == Given(
            claim=claim, session=session, history=(past, session)
        )

    def test_the_answers_cover_the_reasons_for_refusal(self) -> None:
        found = {type(answer): answer for answer in self.answers()}
        reasons = {answer.reason for answer in self.answers() if isinstance(answer, Refusal)}
        notes = {
            note.id
            for answer in self.answers()
            if isinstance(answer, CodedSession)
            for note in answer.notes
        }

        assert set(found) == {CodedSession, Refusal}
        assert {
            Reason.OTHER_CODE,
            Reason.GUIDANCE_NOT_STATED,
            Reason.NO_LEVEL_DOCUMENTED,
        } <= reasons
        assert NoteId.REFUSED in notes
        documents = {dump(answer) for answer in set(self.answers())}  # many policies answer alike
        assert [c for text in documents for c in complaints(json.loads(text), "answer")] == []

    @staticmethod
    @functools.cache
    def answers() -> tuple[CodedSession | Refusal, ...]:
        """Code every technique under every guidance, alone and beside a plain block."""
        targets = [{"joint": "L4-L5", "side": "left"}]
        block = {
            "technique": "mbb",
            "guidance": "ct",
            "targets": [{"joint": "C3-4", "side": "left"}],
        }
        treatments: list[dict[str, Any]] = [
            {"technique": technique, "guidance": guidance, "targets": joints}
            for technique in Technique
            for guidance in (*Guidance, None)
            for joints in (targets, [])
        ]
        sessions = [
            from_data({"date": date, "treatments": together}, Session)
            for date in ("2009-06-01", "2011-06-01", "2026-03-02")
            for treatment in treatments
            for together in ([treatment], [treatment, block])
        ]
        return tuple(
            code_session(session, policy=get(policy)) for session in sessions for policy in ids()
        )


# -- documents made from a schema alone


def documents(name: str) -> st.SearchStrategy[Any]:
    """Make documents that fit a schema, from nothing but that schema."""
    whole = schema(name)
    return _Documents(whole["$defs"]).of(whole)


class _Documents:
    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions

    def of(self, part: dict[str, Any]) -> st.SearchStrategy[Any]:
        if "$ref" in part:
            name = part["$ref"].removeprefix("#/$defs/")
            return st.deferred(lambda: self.of(self.definitions[name]))
        if choices := part.get("oneOf") or part.get("anyOf"):
            return st.one_of([self.of(choice) for choice in choices])
        if "enum" in part:
            return st.sampled_from(part["enum"])
        kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
        return st.one_of([self.typed(kind, part) for kind in kinds])

    def typed(self, kind: str, part: dict[str, Any]) -> st.SearchStrategy[Any]:
        if part.get("format") == "date":
            return st.dates().map(dt.date.isoformat)
        if "pattern" in part:
            return st.from_regex(part["pattern"], fullmatch=True)
        if kind == "object":
            entries = {key: self.of(entry) for key, entry in part["properties"].items()}
            required = {key: entries.pop(key) for key in part["required"]}
            return st.fixed_dictionaries(required, optional=entries)
        if kind == "array":
            least = part.get("minItems", 0)
            return st.lists(self.of(part["items"]), min_size=least, max_size=3)
        simple: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
            "null": st.none,
            "string": st.text,
            "boolean": st.booleans,
            "number": lambda: st.integers() | st.floats(allow_nan=False, allow_infinity=False),
        }
        return simple[kind]()


def without_sides(document: Any) -> Any:  # noqa: ANN401
    if isinstance(document, dict):
        return {key: without_sides(value) for key, value in document.items() if key != "side"}
    return [without_sides(entry) for entry in document] if isinstance(document, list) else document


class TestWhatIsRead:
    """The schema and the reader agree; only what a schema can't say is left to the reader."""

    @given(document=documents("claim"))
    def test_a_claim_that_fits_is_read(self, document: dict[str, Any]) -> None:
        assert complaints(document, "claim") == []
        assert isinstance(from_data(document, Claim), Claim)

    @given(document=documents("session"))
    def test_a_session_that_fits_is_read(self, document: dict[str, Any]) -> None:
        assert complaints(document, "session") == []
        try:
            from_data(document, Session)
        except DocumentError as error:
            event("sides contradict each other")
            assert all(re.search(r"\[\d+\]\.side$", p.path) for p in error.problems)  # noqa: PT017
            document = without_sides(document)

        assert isinstance(from_data(document, Session), Session)

    @given(name=st.sampled_from(sorted(KINDS)), data=st.data())
    def test_what_the_reader_refuses_does_not_fit(self, name: str, data: st.DataObject) -> None:
        document = data.draw(documents(name).map(without_sides))
        keys = sorted(place for place in document)
        key = data.draw(st.sampled_from([*keys, "unknown"]))
        wrong = {**document, key: data.draw(st.sampled_from([None, True, "zzz", {}, ["zzz"], [3]]))}

        try:
            from_data(wrong, KINDS[name])
        except DocumentError:
            assert complaints(wrong, name) != []
        else:
            assert complaints(wrong, name) == []

    @pytest.mark.parametrize(
        ("document", "fits"),
        [
            ({"date": "2026-03-02", "technique": "medial-branch-block"}, True),
            ({"date": "2026-03-02", "treatments": [{"technique": "medial-branch-block"}]}, True),
            ({"date": "2026-03-02", "treatments": []}, False),
            ({"date": "2026-03-02"}, False),
            ({"technique": "medial-branch-block"}, False),
            ({"date": "2026-02-30", "technique": "medial-branch-block"}, False),
            ({"date": "20260302", "technique": "medial-branch-block"}, False),
            ({"date": "2026-03-02", "technique": "medial-branch-block", "treatments": []}, False),
        ],
    )
    def test_both_forms_of_a_session(self, document: dict[str, Any], *, fits: bool) -> None:
        assert (complaints(document, "session") == []) is fits

    def test_the_flat_form_has_the_keys_of_both(self) -> None:
        flat = set(schema("session")["$defs"]["FlatSession"]["properties"])
        session = {field.name for field in attrs.fields(Session)}
        treatment = {field.name for field in attrs.fields(Treatment)}

        assert flat == (session | treatment) - {"treatments"}

    def test_an_error(self) -> None:
        problem = {"path": "$.date", "message": "it is missing"}

        assert complaints({"error": {"record": 1, "problems": [problem]}}, "error") == []
        assert complaints({"error": {"record": 0, "problems": [problem]}}, "error") != []
        assert complaints({"error": {"record": 1, "problems": []}}, "error") != []
