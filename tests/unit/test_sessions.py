"""Sessions and the other records: what they take, what they refuse, what they show."""

import copy
import datetime as dt
import importlib
import inspect
import math
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest

from cptfacet import policies
from cptfacet.anatomy import Joint, Nerve, Side
from cptfacet.bilateral import SideCount
from cptfacet.claims import Claim, ClaimLine, ClaimType, Location, PriorAuthorization, Purpose
from cptfacet.coding import CodedSession, code_session
from cptfacet.errors import (
    CptfacetError,
    DataFileError,
    DocumentError,
    FormatMismatchError,
    FormatNotKnownError,
    MissingExtraError,
    NoMedialBranchError,
    ParseError,
    PolicyFileError,
    PolicyFilesError,
    Problem,
    SessionError,
    UnknownIdError,
)
from cptfacet.sessions import (
    Guidance,
    Session,
    Target,
    Technique,
    TechniqueKind,
    TreatedNerve,
    Treatment,
    merge_sides,
    parse_guidance,
    parse_session,
    parse_target,
    parse_technique,
)

TODAY = dt.date(2026, 3, 2)
BLOCK = Technique.MEDIAL_BRANCH_BLOCK
INJECTION = Technique.INTRA_ARTICULAR_INJECTION
ABLATION = Technique.THERMAL_RADIOFREQUENCY_ABLATION
ROOMS = (
    "addons",
    "anatomy",
    "bilateral",
    "citations",
    "claims",
    "coding",
    "dates",
    "errors",
    "levels",
    "modifiers",
    "policies",
    "procedures",
    "reference",
    "reference.joints",
    "sessions",
)


def public_records() -> list[type[Any]]:
    """List every record class that a room shows."""
    found: dict[str, type[Any]] = {}
    for room in ROOMS:
        module = importlib.import_module(f"cptfacet.{room}")
        for name in module.__all__:
            shown = getattr(module, name)
            if inspect.isclass(shown) and attrs.has(shown) and not issubclass(shown, Exception):
                found[name] = shown
    return list(found.values())


RECORDS = public_records()


def treatment(technique: Technique, *targets: str, nerves: tuple[str, ...] = ()) -> Treatment:
    """Make a treatment under fluoroscopy; a nerve is named by its enumeration."""
    listed = [entry.partition(":") for entry in nerves]
    return Treatment(
        technique=technique,
        purpose=Purpose.DIAGNOSTIC,
        guidance=Guidance.FLUOROSCOPY,
        targets=tuple(map(parse_target, targets)),
        nerves=tuple(
            TreatedNerve(nerve=Nerve[name], side=Side(side) if side else None)
            for name, _, side in listed
        ),
    )


def session(*treatments: Treatment, claim_type: ClaimType | None = None) -> Session:
    """Make a session of today."""
    return Session(date=TODAY, treatments=treatments, claim_type=claim_type)


# -- every record is a value


def test_the_records_are_all_here() -> None:
    names = {record.__name__ for record in RECORDS}

    assert names >= {
        "Citation",
        "Claim",
        "ClaimLine",
        "CodedSession",
        "Conversion",
        "Innervation",
        "Laterality",
        "MissingPrimary",
        "Modifier",
        "Note",
        "Policy",
        "Problem",
        "Procedure",
        "Provision",
        "Reading",
        "Reference",
        "Refusal",
        "Session",
        "SideCount",
        "Target",
        "EffectivePeriod",
        "TreatedNerve",
        "Treatment",
        "LineReason",
    }


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_can_not_be_changed(record: type[Any]) -> None:
    made = object.__new__(record)
    for field in attrs.fields(record):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(made, field.name, None)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            delattr(made, field.name)


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_has_slots_and_no_dictionary(record: type[Any]) -> None:
    made = object.__new__(record)

    assert "__slots__" in vars(record)
    assert not hasattr(made, "__dict__")
    with pytest.raises((AttributeError, TypeError)):
        made.another = 1


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_is_made_by_names_alone(record: type[Any]) -> None:
    kinds = {parameter.kind for parameter in inspect.signature(record).parameters.values()}

    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_can_not_be_subclassed(record: type[Any]) -> None:
    with pytest.raises(TypeError, match=f"{record.__name__} is a value and can't be subclassed"):
        type("Other", (record,), {})


def test_equal_sessions_are_one_value() -> None:
    one = session(treatment(BLOCK, "L4-5:left", nerves=("L3:left", "L4:left")))
    other = session(treatment(BLOCK, "l4/l5:lt", nerves=("L3:left", "L4:left")))

    assert one == other
    assert len({one, other}) == 1
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301  made here
    assert copy.deepcopy(one) == one
    assert attrs.evolve(one, place_of_service="11") != one


def test_lists_become_tuples() -> None:
    block = Treatment(
        technique=BLOCK,
        targets=[Target(joint=Joint.L4_L5)],  # type: ignore[arg-type]  # a caller's list
        nerves=[TreatedNerve(nerve=Nerve.L3)],  # type: ignore[arg-type]
    )
    made = Session(
        date=TODAY,
        treatments=[block],  # type: ignore[arg-type]
        diagnoses=["M47.816"],  # type: ignore[arg-type]
    )
    claim = Claim(
        claim_type=ClaimType.PROFESSIONAL,
        lines=[ClaimLine(code="64493", modifiers=["50"])],  # type: ignore[arg-type]
    )

    assert block.targets == (Target(joint=Joint.L4_L5),)
    assert block.nerves == (TreatedNerve(nerve=Nerve.L3),)
    assert made.treatments == (block,)
    assert made.diagnoses == ("M47.816",)
    assert claim.lines == (ClaimLine(code="64493", modifiers=("50",)),)


# -- wrong types are a caller's mistake, told at once


@pytest.mark.parametrize(
    ("record", "fields", "remedy"),
    [
        (Target, {"joint": "L4-L5"}, "parse_joint"),
        (Target, {"joint": Joint.L4_L5, "side": "left"}, "parse_side"),
        (TreatedNerve, {"nerve": "L4"}, "parse_nerve"),
        (TreatedNerve, {"nerve": Nerve.L4, "side": "left"}, "parse_side"),
        (Treatment, {"technique": "medial-branch-block"}, "parse_technique"),
        (Session, {"date": "2026-03-02", "treatments": (treatment(BLOCK, "L4-5"),)}, "parse_date"),
        (
            Session,
            {
                "date": dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
                "treatments": (treatment(BLOCK, "L4-5"),),
            },
            "parse_date",
        ),
        (ClaimLine, {"code": 64493}, "code must be a string"),
        (ClaimLine, {"code": "64493", "modifiers": "50"}, "modifiers must be a tuple"),
        (ClaimLine, {"code": "64493", "diagnoses": "M47.816"}, "diagnoses must be a tuple"),
        (ClaimLine, {"code": "64493", "units": "1"}, "units must be an int"),
        (ClaimLine, {"code": "64493", "units": True}, "units must be an int"),
        (ClaimLine, {"code": "64493", "units": 1.5}, "units must be an int"),
        (PriorAuthorization, {"number": 12345678901234}, "number must be a string"),
        (PriorAuthorization, {"decided": "2026-02-20"}, "decided must be a datetime.date"),
        (PriorAuthorization, {"exempt": "no"}, "exempt must be True or False"),
    ],
)
def test_a_wrong_type_is_refused_with_the_remedy(
    record: type[Any], fields: dict[str, object], remedy: str
) -> None:
    with pytest.raises(TypeError, match=remedy):
        record(**fields)


@pytest.mark.parametrize("many", [tuple, list])
@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        (
            {"claim_type": "professional"},
            r"claim_type must be a ClaimType, not str: use parse_claim_type",
        ),
        (
            {"purpose": "diagnostic"},
            r"purpose must be a Purpose or None, not str: use parse_purpose",
        ),
        ({"date": "2026-03-02"}, "date must be a datetime.date"),
        ({"lines": ["64493"]}, "use parse_line"),
        ({"location": "OH"}, r"location must be a Location or None, not str: use Location\(state="),
        (
            {"prior_authorization": "12345678901234"},
            r"prior_authorization must be a PriorAuthorization or None, not str: use PriorAuthorization\(",
        ),
    ],
)
def test_a_claim_of_wrong_types_is_refused(
    many: Callable[[Any], Any], fields: dict[str, Any], remedy: str
) -> None:
    """Whatever its lines stand in: a text in place of a purpose is equal to it, and not the same."""
    right = {"claim_type": ClaimType.PROFESSIONAL, "lines": [ClaimLine(code="64493")]}
    asked = right | fields
    lines = many(asked.pop("lines"))

    with pytest.raises(TypeError, match=remedy):
        Claim(lines=lines, **asked)


def test_a_purpose_that_is_no_purpose_is_refused() -> None:
    with pytest.raises(TypeError, match="purpose"):
        Treatment(technique=BLOCK, purpose="Diagnostic")  # type: ignore[arg-type]


@pytest.mark.parametrize("units", [None, 0, -1, 10**12, Decimal("0.5")])
def test_a_line_takes_the_units_that_real_lines_have(units: int | Decimal | None) -> None:
    assert ClaimLine(code="64493", units=units).units == units


def test_a_count_of_levels_is_not_negative() -> None:
    with pytest.raises(ValueError, match="left is a count of levels"):
        SideCount(left=-1)


# -- a session that contradicts itself


def test_a_session_has_a_treatment() -> None:
    with pytest.raises(SessionError) as refused:
        Session(date=TODAY, treatments=())

    assert [problem.path for problem in refused.value.problems] == ["treatments"]


@pytest.mark.parametrize(
    ("treatments", "path"),
    [
        ((treatment(BLOCK, "L4-5:left", "L4-5"),), "treatments[0].targets[1].side"),
        ((treatment(BLOCK, "L4-5", "L4-5:left"),), "treatments[0].targets[1].side"),
        (
            (treatment(BLOCK, "L5-S1:left"), treatment(INJECTION, "L4-5", "L5-S1")),
            "treatments[1].targets[1].side",
        ),
        (
            (treatment(ABLATION, nerves=("L3:left", "L4:left", "L3")),),
            "treatments[0].nerves[2].side",
        ),
    ],
    ids=["named-first", "named-last", "two-techniques-of-one-kind", "nerves"],
)
def test_a_side_beside_no_side_names_its_place(
    treatments: tuple[Treatment, ...], path: str
) -> None:
    with pytest.raises(SessionError) as refused:
        session(*treatments)
    (problem,) = refused.value.problems

    assert problem.path == path
    assert "name the side of both" in problem.message


def test_every_contradiction_is_named() -> None:
    with pytest.raises(SessionError) as refused:
        session(
            treatment(BLOCK, "L4-5:left", "L4-5", "L5-S1", "L5-S1:both"),
            treatment(ABLATION, nerves=("L1", "L1:right")),
        )

    assert [problem.path for problem in refused.value.problems] == [
        "treatments[0].targets[1].side",
        "treatments[0].targets[3].side",
        "treatments[1].nerves[1].side",
    ]


@pytest.mark.parametrize(
    "treatments",
    [
        (treatment(BLOCK, "L4-5:left", "L5-S1"),),
        (treatment(BLOCK, "L4-5:left"), treatment(ABLATION, "L4-5")),
        (treatment(BLOCK, "L4-5", "L4-5"),),
        (treatment(BLOCK, "L4-5:left", "L4-5:right", "L4-5:both"),),
        (treatment(BLOCK, "L4-5:left", nerves=("L3", "L4")),),
    ],
    ids=["other-joint", "other-kind", "twice-unnamed", "all-named", "joint-and-nerves"],
)
def test_what_contradicts_nothing_is_a_session(treatments: tuple[Treatment, ...]) -> None:
    assert session(*treatments).treatments == treatments


@pytest.mark.parametrize("claim_type", [None, *ClaimType])
def test_no_side_is_no_error_on_any_claim(claim_type: ClaimType | None) -> None:
    made = session(treatment(BLOCK, "L4-5", "L5-S1"), claim_type=claim_type)
    answer = code_session(made, policy=policies.get("medicare"))

    assert isinstance(answer, CodedSession)
    assert [line.text for line in answer.claim.lines] == ["64493-KX x1", "64494-KX x1"]


# -- sides that add up


@pytest.mark.parametrize(
    ("treated", "merged", "repeats"),
    [
        ([Side.LEFT, Side.RIGHT], Side.BILATERAL, 0),
        ([Side.RIGHT, Side.LEFT], Side.BILATERAL, 0),
        ([Side.LEFT, Side.LEFT], Side.LEFT, 1),
        ([Side.LEFT, Side.BILATERAL], Side.BILATERAL, 1),
        ([Side.BILATERAL, Side.LEFT], Side.BILATERAL, 1),
        ([Side.LEFT, Side.RIGHT, Side.LEFT], Side.BILATERAL, 1),
        ([None, None], None, 1),
        ([Side.LEFT], Side.LEFT, 0),
    ],
)
def test_sides_of_one_joint_merge(
    treated: list[Side | None], merged: Side | None, repeats: int
) -> None:
    sides, again = merge_sides((Joint.L4_L5, side) for side in treated)

    assert sides == {Joint.L4_L5: merged}
    assert again == [Joint.L4_L5] * repeats


def test_merging_keeps_the_order_of_first_mention() -> None:
    sides, _ = merge_sides(
        [(Joint.L5_S1, Side.LEFT), (Joint.L3_L4, None), (Joint.L5_S1, Side.RIGHT)]
    )

    assert list(sides) == [Joint.L5_S1, Joint.L3_L4]


# -- words


@pytest.mark.parametrize("technique", Technique)
def test_each_technique_is_read_by_its_name(technique: Technique) -> None:
    assert parse_technique(technique.value) is technique
    assert parse_technique(f" {technique.value.replace('-', ' ').title()} ") is technique


def test_each_kind_of_technique_is_met() -> None:
    assert {technique.kind for technique in Technique} == set(TechniqueKind)
    assert [t for t in Technique if not t.on_nerves] == [INJECTION, Technique.FACET_CYST_RUPTURE]


@pytest.mark.parametrize("text", ["RFA", "rfa", "facet injection", "Facet-Injection"])
def test_a_vague_technique_is_asked_about(text: str) -> None:
    with pytest.raises(ParseError, match="say whether"):
        parse_technique(text)


@pytest.mark.parametrize("guidance", Guidance)
def test_each_guidance_is_read_by_its_name(guidance: Guidance) -> None:
    assert parse_guidance(guidance.value.upper()) is guidance


@pytest.mark.parametrize("text", ["L4-5:", "L4-5", "L4-5: "])
def test_a_target_without_side_has_none(text: str) -> None:
    assert parse_target(text) == Target(joint=Joint.L4_L5)


def test_words_of_a_whole_session() -> None:
    made = parse_session(
        date="2026-03-02",
        technique="thermal RFA",
        nerves=["L3:left", "L4:left", "L5:left"],
        purpose="Therapeutic",
        guidance="CT",
        claim_type="asc facility",
        place_of_service="24",
        diagnoses=["M47.816"],
        policy="medicare",
    )
    nerves = (Nerve.L3, Nerve.L4, Nerve.L5_DORSAL_RAMUS)

    assert made == Session(
        date=TODAY,
        treatments=(
            Treatment(
                technique=ABLATION,
                purpose=Purpose.THERAPEUTIC,
                guidance=Guidance.CT,
                nerves=tuple(TreatedNerve(nerve=nerve, side=Side.LEFT) for nerve in nerves),
            ),
        ),
        claim_type=ClaimType.ASC_FACILITY,
        place_of_service="24",
        diagnoses=("M47.816",),
        policy="medicare",
    )


def test_words_of_several_treatments() -> None:
    left, right = ("L4-5:left",), ("L3-4:right",)
    made = parse_session(
        date=TODAY,
        treatments=[
            {"technique": "thermal-rfa", "guidance": "ct", "joints": left},
            {"technique": "mbb", "purpose": "diagnostic", "joints": iter(right)},
        ],
        id="session 7",
        location=Location(state="OH"),
    )
    one = parse_session(date="2026-03-02", technique="thermal-rfa", guidance="ct", joints=left)
    other = parse_session(date=TODAY, technique="mbb", purpose="diagnostic", joints=right)

    assert made.date == one.date
    assert made.treatments == (*one.treatments, *other.treatments)
    assert (made.id, made.location) == ("session 7", Location(state="OH"))


def test_every_word_of_several_treatments_is_named() -> None:
    wrong: Any = [
        {"technique": "mbb", "joints": ["L9"], "side": "left"},
        {"technique": None, "guidance": "x-ray"},
        {},
    ]
    with pytest.raises(SessionError) as refused:
        parse_session(date="2026-02-30", treatments=wrong)

    assert [problem.path for problem in refused.value.problems] == [
        "date",
        "treatments[0].side",
        "treatments[0].joints[0]",
        "treatments[1].technique",
        "treatments[1].guidance",
        "treatments[2].technique",
    ]


def test_unknown_keys_of_a_treatment_are_named_in_their_order() -> None:
    wrong: Any = {"technique": "mbb", "sides": "left", "joint": "L4-5", "level": 1, "note": ""}
    with pytest.raises(SessionError) as refused:
        parse_session(date="2026-03-02", treatments=[wrong])

    assert [(problem.path, problem.message) for problem in refused.value.problems] == [
        (
            f"treatments[0].{key}",
            "unknown key: write one of technique, purpose, guidance, joints, nerves, agents",
        )
        for key in ("sides", "joint", "level", "note")
    ]


MBB = {"technique": "mbb"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            {"date": dt.datetime(2026, 3, 2, tzinfo=dt.UTC), **MBB},
            r"date takes a datetime.date, not a datetime: leave the time of day out with .date\(\)",
        ),
        ({"technique": 0}, r"technique: text takes a str, not an int: write parse_technique\("),
        ({"technique": 7}, r"technique: text takes a str, not an int: write parse_technique\("),
        ({"joints": "L4-5", **MBB}, r"joints takes a list .*: write \[\"L4-5:left\"\]"),
        ({"nerves": 4, **MBB}, "nerves takes a list or another iterable, not an int: write "),
        ({"nerves": [4], **MBB}, r"nerves\[0\]: text takes a str, not an int: write "),
        ({"diagnoses": "M47.816", **MBB}, "diagnoses takes a list "),
        ({"purpose": 0, **MBB}, "purpose: text takes a str"),
        ({"purpose": 4, **MBB}, "purpose: text takes a str"),
        ({"claim_type": ["x"], **MBB}, "claim_type: text takes a str"),
        (
            {"location": "OH", **MBB},
            r"location must be a Location or None, not str: use Location\(state=",
        ),
        ({"treatments": MBB}, "treatments takes a list or another iterable, not a dict: write "),
        ({"treatments": ["mbb"]}, r"treatments\[0\] takes a dict, not a str: write "),
        ({"treatments": [MBB], **MBB}, "leave technique and joints out"),
        ({"treatments": [MBB], "joints": ["L4-5"]}, "leave technique and joints out"),
    ],
)
def test_words_of_another_type(words: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        parse_session(**{"date": TODAY, **words})


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_what_is_missing_is_named_with_the_words_that_can_not_be_read(nothing: Any) -> None:  # noqa: ANN401
    with pytest.raises(SessionError) as refused:
        parse_session(date=nothing, technique=nothing, joints=["L9"])

    assert [(problem.path, problem.message[:14]) for problem in refused.value.problems] == [
        ("date", "it is missing:"),
        ("technique", "it is missing:"),
        ("joints[0]", "'L9' is not a "),
    ]


def test_every_word_that_can_not_be_read_is_named() -> None:
    with pytest.raises(SessionError) as refused:
        parse_session(
            date="03/02/2026",
            technique="RFA",
            joints=["L4-5:left", "L9", "L3-4:up"],
            nerves=["L3", "left L4 and right L5"],
            purpose="both",
            guidance="x-ray",
            claim_type="facility",
        )

    assert [problem.path for problem in refused.value.problems] == [
        "date",
        "technique",
        "joints[1]",
        "joints[2]",
        "nerves[1]",
        "purpose",
        "guidance",
        "claim_type",
    ]


# -- what is opaque is never shown


def test_id_and_provider_are_carried_and_never_shown() -> None:
    secret = "MRN-0042"  # noqa: S105  stands for an identifier of a patient
    made = attrs.evolve(session(treatment(BLOCK, "L4-5:left")), id=secret)
    answer = code_session(made, policy=policies.get("medicare"))
    line = ClaimLine(code="64493", provider=secret)
    told = PriorAuthorization(number=secret)
    claim = Claim(
        claim_type=ClaimType.PROFESSIONAL, lines=(line,), id=secret, prior_authorization=told
    )

    assert isinstance(answer, CodedSession)
    assert answer.claim.id == secret
    for shown in (made, answer, answer.claim, line, claim, told):
        assert secret not in repr(shown)
        assert secret not in str(shown)
    assert secret not in answer.explain()
    assert line != ClaimLine(code="64493", provider="another")
    assert told != PriorAuthorization(number="another")


def test_an_error_about_a_session_does_not_show_its_id() -> None:
    secret = "MRN-0042"  # noqa: S105  as above
    with pytest.raises(SessionError) as refused:
        Session(date=TODAY, treatments=(treatment(BLOCK, "L4-5:left", "L4-5"),), id=secret)

    assert secret not in str(refused.value)
    assert secret not in repr(refused.value)


# -- errors are values

ERRORS: list[tuple[Any, type[Exception]]] = [
    (ParseError(what="a joint", text="L4", reason="name both segments"), ValueError),
    (UnknownIdError(what="policy", text="medicaid", near=("medicare",)), LookupError),
    (NoMedialBranchError(joint="C1-C2"), ValueError),
    (DataFileError(file="edits/mue.csv", reason="it is empty"), RuntimeError),
    (SessionError(problems=(Problem(path="date", message="no such day"),)), ValueError),
    (FormatMismatchError(form="two-units", reason="it has 50"), ValueError),
    (
        FormatNotKnownError(
            what="policy x", problems=(Problem(path="primary", message="no source"),)
        ),
        LookupError,
    ),
    (
        DocumentError(what="record 3", problems=(Problem(path="$.x", message="unknown"),)),
        ValueError,
    ),
    (MissingExtraError(extra="fast", needs="msgspec"), ImportError),
    (
        PolicyFileError(file="x.toml", problems=(Problem(path="id", message="missing", line=3),)),
        ValueError,
    ),
    (
        PolicyFilesError(
            files=(PolicyFileError(file="", problems=(Problem(path="x", message="y"),), pack="z"),)
        ),
        ValueError,
    ),
]


@pytest.mark.parametrize(("error", "builtin"), ERRORS, ids=lambda given: type(given).__name__)
def test_an_error_is_a_value(error: Any, builtin: type[Exception]) -> None:  # noqa: ANN401
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  made here
    fields = {field.name: getattr(error, field.name) for field in attrs.fields(type(error))}
    first, *_ = fields

    assert again == error == type(error)(**fields)
    assert hash(again) == hash(error)
    assert str(again) == str(error)
    assert type(error)(**{**fields, first: "another"}) != error
    assert error != fields
    assert copy.copy(error) == error
    assert isinstance(error, builtin)
    assert isinstance(error, CptfacetError)
    with pytest.raises(builtin):
        raise error


@pytest.mark.parametrize(("error", "_"), ERRORS, ids=lambda given: type(given).__name__)
def test_a_raised_error_keeps_its_cause_and_stays_a_value(error: Exception, _: object) -> None:
    cause = ValueError("what led to it")
    with pytest.raises(type(error)) as caught:
        raise error from cause

    assert caught.value.__cause__ is cause
    assert pickle.loads(pickle.dumps(caught.value)) == error  # noqa: S301  made here


def test_every_error_class_is_shown() -> None:
    errors = importlib.import_module("cptfacet.errors")
    classes = {getattr(errors, name) for name in errors.__all__}
    raised = {each for each in classes if issubclass(each, CptfacetError)} - {CptfacetError}

    assert {type(error) for error, _ in ERRORS} == raised


def test_errors_of_two_classes_differ_however_alike() -> None:
    problems = (Problem(path="x", message="y"),)

    assert SessionError(problems=problems) != DocumentError(what="", problems=problems)
    assert CptfacetError() == CptfacetError()


def test_a_long_text_is_cut_in_the_message_and_kept_in_the_error() -> None:
    text = "L4 and " * 100
    with pytest.raises(ParseError) as refused:
        parse_target(text)

    assert refused.value.text == text
    assert len(str(refused.value)) < 250


def test_location_and_policy_are_carried_to_the_claim() -> None:
    where = Location(state="TX", county="Travis", zip="78701", locality="31")
    made = attrs.evolve(
        session(treatment(BLOCK, "L4-5:left")), location=where, place_of_service="11"
    )
    answer = code_session(made, policy=policies.get("cpt"))

    assert isinstance(answer, CodedSession)
    assert answer.claim.location == where
    assert answer.claim.place_of_service == "11"
    assert answer.claim.date == TODAY
    assert answer.claim.policy == "cpt"


class NAType:
    """The missing value of pandas, by its type's name; pandas itself is not needed here."""


ROW: Any = {"date": TODAY, **MBB}
NOT_STATED = (None, math.nan, NAType())


class TestRowsOfADataFrame:
    """A row goes in as it is: an empty cell is not stated, and a code read as a number is its digits."""

    @pytest.mark.parametrize("empty", NOT_STATED, ids=["None", "NaN", "NA"])
    @pytest.mark.parametrize(
        "field",
        [
            *("purpose", "guidance", "claim_type", "place_of_service", "id"),
            *("policy", "location", "diagnoses", "nerves"),
        ],
    )
    def test_an_empty_cell_is_not_stated(self, field: str, empty: Any) -> None:  # noqa: ANN401
        words = {"guidance": "ct", **ROW}
        without = {name: word for name, word in words.items() if name != field}

        assert parse_session(**words | {field: empty}) == parse_session(**without)

    @pytest.mark.parametrize("empty", NOT_STATED, ids=["None", "NaN", "NA"])
    def test_an_empty_cell_of_a_list_is_left_out(self, empty: Any) -> None:  # noqa: ANN401
        session = parse_session(
            date=TODAY, technique="mbb", joints=["L4-5", empty], diagnoses=[empty, "M47.816"]
        )

        assert len(session.treatments[0].targets) == 1
        assert session.diagnoses == ("M47.816",)

    def test_a_timestamp_at_midnight_is_its_date(self) -> None:
        assert parse_session(**ROW | {"date": dt.datetime(2026, 3, 2)}).date == TODAY  # noqa: DTZ001

    @pytest.mark.parametrize(
        "date",
        [dt.datetime(2026, 3, 2, 23), dt.datetime(2026, 3, 2, tzinfo=dt.UTC)],  # noqa: DTZ001
    )
    def test_another_timestamp_is_refused(self, date: dt.datetime) -> None:
        with pytest.raises(TypeError, match=r"leave the time of day out with .date\(\)"):
            parse_session(**ROW | {"date": date})

    @pytest.mark.parametrize(
        ("given", "read"), [(11.0, "11"), (11, "11"), (2, "02"), ("11", "11")], ids=repr
    )
    def test_a_place_read_as_a_number_is_its_two_digits(self, given: Any, read: str) -> None:  # noqa: ANN401
        assert parse_session(**ROW, place_of_service=given).place_of_service == read

    @pytest.mark.parametrize("given", [1001, 1001.0, "1001"], ids=repr)
    def test_an_id_read_as_a_number_is_its_digits(self, given: Any) -> None:  # noqa: ANN401
        assert parse_session(**ROW, id=given).id == "1001"

    @pytest.mark.parametrize("given", [True, 11.5, math.inf], ids=str)
    def test_no_other_number_is_a_place(self, given: Any) -> None:  # noqa: ANN401
        with pytest.raises(TypeError, match="place_of_service must be a string or None"):
            parse_session(**ROW, place_of_service=given)
