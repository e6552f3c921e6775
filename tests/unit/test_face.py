"""What the verbs take, what they say when given something else, and what results have in common."""

import copy
import datetime as dt
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

import cptfacet
from cptfacet import Claim, ClaimType, Coder, _data, addons, bilateral, levels, lookup, policies
from cptfacet.checking.rule import facts_of
from cptfacet.claims import Location, PriorAuthorization, parse_line
from cptfacet.coding.reasons import reason
from cptfacet.findings import RuleFamily
from cptfacet.history import PastSession, SessionKind
from cptfacet.outline import Outline
from cptfacet.policies import Provision
from cptfacet.policies.selection import select_policy
from cptfacet.policies.vocabulary import KEYS, Uncoded
from cptfacet.procedures import CodeRole
from cptfacet.testing import policy_laws

DAY = dt.date(2026, 3, 2)
TEMPLATE = Path(__file__).parents[2] / "docs" / "policy-template.toml"
SESSION = cptfacet.parse_session(
    date="2026-03-02",
    technique="mbb",
    purpose="diagnostic",
    guidance="fluoroscopy",
    claim_type="professional",
    joints=["L4-5:both", "L5-S1:both"],
)
PULSED = cptfacet.parse_session(date="2026-03-02", technique="pulsed-rfa", joints=["L4-5:left"])
CLAIM = Claim(
    claim_type=ClaimType.PROFESSIONAL,
    date=DAY,
    lines=(parse_line("64493-50-KX"), parse_line("64494-50-KX")),
)
VERBS: dict[str, Callable[..., Any]] = {
    "code_session": cptfacet.code_session,
    "decode_claim": cptfacet.decode_claim,
    "check_claim": cptfacet.check_claim,
    "repair_claim": cptfacet.repair_claim,
}
SEVERAL: dict[str, Callable[..., Any]] = {
    "code_session": cptfacet.code_sessions,
    "decode_claim": cptfacet.decode_claims,
    "check_claim": cptfacet.check_claims,
    "repair_claim": cptfacet.repair_claims,
}
METHODS: dict[str, Callable[..., Any]] = {
    "code_session": Coder("medicare").code,
    "decode_claim": cptfacet.Decoder("medicare").decode,
    "check_claim": cptfacet.Checker("medicare").check,
    "repair_claim": cptfacet.Repairer("medicare").repair,
}
HISTORIES: dict[str, Callable[..., Any]] = {
    "history_from_claims": cptfacet.history_from_claims,
    "history_from_records": cptfacet.history_from_records,
    "history_from_sessions": cptfacet.history_from_sessions,
}
CLASSES: dict[str, Callable[..., Any]] = {
    "Coder": Coder,
    "Decoder": cptfacet.Decoder,
    "Checker": cptfacet.Checker,
    "Repairer": cptfacet.Repairer,
}
ONE = {name: SESSION if name == "code_session" else CLAIM for name in VERBS}
ANSWERS = {name: VERBS[name](ONE[name], policy="medicare") for name in VERBS}
PAST = cptfacet.history_from_claims([CLAIM], policy="medicare")

# What some caller passes one day where another type belongs, by a name for the test.
WRONG: dict[str, object] = {
    "none": None,
    "int": 64493,
    "float": 1.5,
    "str": "64493-50",
    "bytes": b"64493-50",
    "dict": {"lines": []},
    "list": [parse_line("64493")],
    "tuple": (parse_line("64493"),),
    "set": {1},
    "iterator": iter([CLAIM]),
    "date": DAY,
    "datetime": dt.datetime(2026, 3, 2, 8, 30, tzinfo=dt.UTC),
    "class": Claim,
    "policy": policies.get("cpt"),
    "session": SESSION,
    "claim": CLAIM,
    "refusal": cptfacet.code_session(PULSED, policy="cpt"),
    "history": PAST,
    **ANSWERS,
}


def wrong(*right: type) -> list[Any]:
    """List what is not of the right types, as parameters."""
    return [
        pytest.param(value, id=name)
        for name, value in WRONG.items()
        if not isinstance(value, right)
    ]


def says(error: pytest.ExceptionInfo[TypeError], name: str, kind: str) -> None:
    """Check the one form of all such errors, and that the value is not shown: it may be a patient's."""
    said = str(error.value)
    assert re.match(rf"{name} takes (a|an) {kind}, not (None|an? \w+): \S", said), said
    assert "64493-50'" not in said
    assert "2026" not in said


CLAIMS = (Claim, cptfacet.CodedSession)


@pytest.mark.parametrize("call", [cptfacet.code_session, METHODS["code_session"]])
@pytest.mark.parametrize("value", wrong(cptfacet.Session))
def test_coding_takes_a_session(call: Callable[..., Any], value: object) -> None:
    given = {"policy": "medicare"} if call is cptfacet.code_session else {}
    with pytest.raises(TypeError) as error:
        call(value, **given)

    says(error, "session", "Session")


@pytest.mark.parametrize("verb", ["decode_claim", "check_claim", "repair_claim"])
@pytest.mark.parametrize("value", wrong(*CLAIMS))
def test_a_verb_on_claims_takes_a_claim(verb: str, value: object) -> None:
    for call, given in ((VERBS[verb], {"policy": "medicare"}), (METHODS[verb], {})):
        with pytest.raises(TypeError) as error:
            call(value, **given)

        says(error, "claim", "Claim")


ITERABLE = (list, tuple, set, type(WRONG["iterator"]))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("value", wrong(*ITERABLE))
def test_a_plural_verb_takes_an_iterable(verb: str, value: object) -> None:
    """It says so when it is called, before any answer is asked for."""
    name = "sessions" if verb == "code_session" else "claims"
    with pytest.raises(TypeError) as error:
        SEVERAL[verb](value, policy="medicare")

    says(error, name, "list or another iterable")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("value", wrong(*CLAIMS, cptfacet.Session, *ITERABLE))
def test_a_plural_verb_says_what_each_record_is(verb: str, value: object) -> None:
    name = "session" if verb == "code_session" else "claim"
    with pytest.raises(TypeError) as error:
        list(SEVERAL[verb]([value], policy="medicare"))

    says(error, name, name.title())


@pytest.mark.parametrize("call", HISTORIES)
@pytest.mark.parametrize("value", wrong(*ITERABLE))
def test_a_history_is_read_from_an_iterable(call: str, value: object) -> None:
    with pytest.raises(TypeError) as error:
        HISTORIES[call](value, policy="medicare")

    says(error, "records", "list or another iterable")


@pytest.mark.parametrize("call", HISTORIES)
@pytest.mark.parametrize("value", wrong(*CLAIMS, cptfacet.Session))
def test_a_history_names_the_record(call: str, value: object) -> None:
    with pytest.raises(TypeError) as error:
        HISTORIES[call]([CLAIM, value], policy="medicare")

    says(error, "record 2", "Claim")


@pytest.mark.parametrize("value", wrong(str, policies.Policy, type(None)))
def test_a_policy_is_a_policy_or_an_id(value: object) -> None:
    calls: list[tuple[Callable[..., Any], tuple[object, ...]]] = [
        *((VERBS[verb], (ONE[verb],)) for verb in VERBS),
        *((SEVERAL[verb], ([],)) for verb in VERBS),
        *((call, ([],)) for call in HISTORIES.values()),
        *((made, ()) for made in CLASSES.values()),
    ]
    for call, records in calls:
        with pytest.raises(TypeError, match="'medicare'") as error:
            call(*records, policy=value)

        says(error, "policy", "Policy")


@pytest.mark.parametrize("value", wrong(cptfacet.Reference, type(None)))
def test_a_reference_is_a_reference(value: object) -> None:
    calls: list[tuple[Callable[..., Any], tuple[object, ...]]] = [
        *((VERBS[verb], (ONE[verb],)) for verb in VERBS),
        *((SEVERAL[verb], ([],)) for verb in VERBS),
        *((call, ([],)) for call in HISTORIES.values()),
        *((made, ()) for made in CLASSES.values()),
    ]
    for call, records in calls:
        with pytest.raises(TypeError) as error:
            call(*records, policy="medicare", reference=value)

        says(error, "reference", "Reference")


LINE = CLAIM.lines[0]
FORMAT = bilateral.LateralityFormat.ONE_LINE_50
LOOKED_UP: dict[str, Callable[[Any], object]] = {
    "allowed_primaries": lambda r: addons.allowed_primaries("64494", on=DAY, reference=r),
    "missing_primaries": lambda r: addons.missing_primaries([LINE], on=DAY, reference=r),
    "order_lines": lambda r: addons.order_lines([], on=DAY, reference=r),
    "read_levels": lambda r: levels.read_levels("L4-5", reference=r),
    "lookup.find": lambda r: lookup.find("64493", reference=r),
    "shapes": lambda r: bilateral.shapes(FORMAT, reference=r),
    "order_modifiers": lambda r: bilateral.order_modifiers([], reference=r),
    "render": lambda r: bilateral.render(
        parse_line("64493"), bilateral.SideCount(right=1), form=FORMAT, reference=r
    ),
    "lateral_roles": bilateral.lateral_roles,
    "read": lambda r: bilateral.read([LINE], form=FORMAT, reference=r),
    "convert": lambda r: bilateral.convert([], source=FORMAT, target=FORMAT, reference=r),
    "select_policy": lambda r: select_policy(CLAIM, "cpt", reference=r),
    "load": lambda r: policies.load(TEMPLATE, reference=r),
    "load_all": lambda r: policies.load_all([TEMPLATE], reference=r),
    "policy_laws": lambda r: policy_laws("cpt", reference=r),
}


@pytest.mark.parametrize("call", LOOKED_UP)
@pytest.mark.parametrize("value", [*wrong(cptfacet.Reference, type(None)), 0, "", ()])
def test_each_look_up_takes_a_reference(call: str, value: object) -> None:
    LOOKED_UP[call](None)

    with pytest.raises(TypeError) as error:
        LOOKED_UP[call](value)

    says(error, "reference", "Reference")


FORMS: dict[str, Callable[[Any], object]] = {
    "form": bilateral.shapes,
    "form of read": lambda form: bilateral.read([LINE], form=form),
    "form of read_units": lambda form: bilateral.read_units({None: 1}, form=form, ordinal=None),
    "form of render": lambda form: bilateral.render(
        parse_line("64493"), bilateral.SideCount(), form=form
    ),
    "source": lambda form: bilateral.convert([], source=form, target=FORMAT),
    "target": lambda form: bilateral.convert([], source=FORMAT, target=form),
    "source of a role": lambda form: bilateral.convert(
        [LINE], source=dict.fromkeys(CodeRole, form), target=FORMAT
    ),
    "target of a role": lambda form: bilateral.convert(
        [LINE], source=FORMAT, target=dict.fromkeys(CodeRole, form)
    ),
}


@pytest.mark.parametrize("call", FORMS)
@pytest.mark.parametrize("value", [*wrong(dict), FORMAT.value])
def test_a_laterality_format_is_a_laterality_format(call: str, value: object) -> None:
    FORMS[call](FORMAT)

    with pytest.raises(TypeError, match=r"write LateralityFormat\.ONE_LINE_50$") as error:
        FORMS[call](value)

    says(error, call.split(maxsplit=1)[0], "LateralityFormat")


@pytest.mark.parametrize("made", ["Coder", "Decoder", "Checker"])
@pytest.mark.parametrize("value", wrong(int))
def test_a_memo_is_a_number(made: str, value: object) -> None:
    with pytest.raises(TypeError) as error:
        CLASSES[made]("cpt", memo=value)

    says(error, "memo", "int")


@pytest.mark.parametrize("value", wrong(type(None), *ITERABLE))
def test_rules_are_rules(value: Any) -> None:  # noqa: ANN401
    with pytest.raises(TypeError) as error:
        cptfacet.Checker("cpt", rules=value)
    says(error, "rules", "list or another iterable")

    with pytest.raises(TypeError) as error:
        cptfacet.Checker("cpt", rules=[value])
    says(error, "each of rules", "Rule")


@pytest.mark.parametrize("verb", ["check_claim", "repair_claim"])
@pytest.mark.parametrize(
    ("name", "kind"), [("session", cptfacet.Session), ("history", cptfacet.History)]
)
def test_what_stands_beside_a_claim(verb: str, name: str, kind: type) -> None:
    for parameter in wrong(kind, type(None)):
        [value] = parameter.values
        for call, given in ((VERBS[verb], {"policy": "medicare"}), (METHODS[verb], {})):
            with pytest.raises(TypeError) as error:
                call(CLAIM, **given, **{name: value})

            says(error, name, name.title())


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (ANSWERS["check_claim"], r"pass its \.claim$"),
        (ANSWERS["decode_claim"], r"pass its \.claim$"),
        (ANSWERS["repair_claim"], r"pass its \.claim$"),
        (SESSION, "code_session$"),
        (WRONG["refusal"], r"this session was refused.*explain\(\)"),
        (WRONG["list"], "several to check_claims"),
        (WRONG["dict"], "claim_from_data"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_hint_fits_what_was_passed(value: Any, hint: str) -> None:  # noqa: ANN401
    with pytest.raises(TypeError, match=hint):
        cptfacet.check_claim(value, policy="cpt")


@pytest.mark.parametrize("verb", VERBS)
def test_an_id_no_policy_has_names_those_near_it(verb: str) -> None:
    with pytest.raises(LookupError, match="medicare"):
        VERBS[verb](ONE[verb], policy="medicaid")


@pytest.mark.parametrize("verb", VERBS)
def test_no_policy_at_all(verb: str) -> None:
    with pytest.raises(TypeError, match=r"^no policy is named"):
        VERBS[verb](ONE[verb])


@pytest.mark.parametrize("verb", VERBS)
def test_several_are_answered_as_each_alone(verb: str) -> None:
    one = VERBS[verb](ONE[verb], policy="medicare")

    assert list(SEVERAL[verb]([ONE[verb]] * 2, policy="medicare")) == [one, one]
    assert one == VERBS[verb](ONE[verb], policy=policies.get("medicare"))


@pytest.mark.parametrize("verb", ["decode_claim", "check_claim", "repair_claim"])
def test_the_answer_of_coding_is_a_claim(verb: str) -> None:
    coded = cptfacet.code_session(SESSION, policy="medicare")
    assert isinstance(coded, cptfacet.CodedSession)

    assert VERBS[verb](coded, policy="medicare") == VERBS[verb](coded.claim, policy="medicare")


class TestResults:
    """The same questions are asked of each result."""

    def test_a_coded_session(self) -> None:
        coded = cptfacet.code_session(SESSION, policy="medicare")

        assert [line.text for line in coded.lines] == ["64493-50-KX x1", "64494-50-KX x1"]
        assert (coded.refusals, coded.is_complete) == ((), True)
        assert str(coded) == "64493-50-KX x1, 64494-50-KX x1 under medicare"
        assert len(repr(coded)) < 1000

    def test_a_session_coded_in_part(self) -> None:
        both = cptfacet.Session(
            date=DAY,
            treatments=(*SESSION.treatments, *PULSED.treatments),
            claim_type=CLAIM.claim_type,
        )
        coded = cptfacet.code_session(both, policy="cpt")

        assert coded.lines
        assert not coded.is_complete
        assert coded.session is both
        [refusal] = coded.refusals
        whole = cptfacet.code_session(PULSED, policy="cpt")
        assert isinstance(whole, cptfacet.Refusal)
        assert (refusal.session, whole.session) == (None, PULSED)
        assert attrs.evolve(refusal, session=PULSED) == whole

    def test_a_refusal(self) -> None:
        refusal = cptfacet.code_session(PULSED, policy="cpt")

        assert (refusal.lines, refusal.refusals, refusal.is_complete) == ((), (refusal,), False)
        assert str(refusal).startswith("Not coded: ")

    def test_what_was_read_checked_and_repaired(self) -> None:
        decoded = cptfacet.decode_claim(CLAIM, policy="medicare")
        report = cptfacet.check_claim(CLAIM, policy="medicare")
        repaired = cptfacet.repair_claim(CLAIM, policy="medicare")

        assert decoded.claim == report.claim == repaired.original == CLAIM
        assert decoded.lines == report.lines == CLAIM.lines
        assert repaired.lines == repaired.claim.lines
        assert decoded.is_complete
        assert not report.is_complete, "no session and no history was given"
        assert repaired.is_complete is (not repaired.questions)

    @pytest.mark.parametrize("name", [*ANSWERS, "refusal"])
    def test_each_result_answers_the_same_questions(self, name: str) -> None:
        """What it is about, its lines, whether it is complete, and itself for a person."""
        answer: Any = {**ANSWERS, "refusal": WRONG["refusal"]}[name]
        about = {"code_session": SESSION, "refusal": PULSED}.get(name, CLAIM)
        held = {"code_session": "session", "refusal": "session", "repair_claim": "original"}

        assert getattr(answer, held.get(name, "claim")) is about
        assert answer.id == about.id
        assert answer.lines == (() if name == "refusal" else answer.claim.lines)
        assert type(answer.is_complete) is bool
        assert isinstance(answer.outline(), Outline)
        assert answer.explain(width=80)
        assert 0 < len(str(answer)) < 1000
        assert hash(answer) == hash(pickle.loads(pickle.dumps(answer)))  # noqa: S301  our own

    @pytest.mark.parametrize("name", [*ANSWERS, "refusal"])
    def test_no_result_shows_the_id(self, name: str) -> None:
        """It may identify a patient."""
        about = {"code_session": SESSION, "refusal": PULSED}.get(name, CLAIM)
        call = VERBS.get(name, cptfacet.code_session)
        answer = call(attrs.evolve(about, id="MRN 123-45-6789"), policy="cpt")

        assert answer.id == "MRN 123-45-6789"
        for shown in (repr(answer), str(answer), answer.explain()):
            assert "123-45-6789" not in shown

    @pytest.mark.parametrize("verb", VERBS)
    def test_an_answer_is_an_outline(self, verb: str) -> None:
        answer = VERBS[verb](ONE[verb], policy="medicare")

        assert isinstance(answer.outline(), Outline)
        assert answer.explain() == answer.outline().text()
        assert all(len(line) <= 60 for line in answer.explain(width=60, sources=False).splitlines())
        assert "source: " not in answer.explain(sources=False)


NERVES = cptfacet.parse_session(
    date=DAY, technique="thermal-rfa", nerves=["L3:left", "L4"], claim_type="professional"
)
NO_LEVEL = cptfacet.parse_session(date=DAY, technique="mbb", guidance="none")
OWN_DATES = attrs.evolve(
    CLAIM,
    claim_type=ClaimType.ASC_FACILITY,
    lines=(CLAIM.lines[0], attrs.evolve(CLAIM.lines[1], date=dt.date(2026, 3, 4))),
)
BILLED_AND_OFFICE = [CLAIM, attrs.evolve(CLAIM, lines=(parse_line("99213-25"),))]
READ = cptfacet.history_from_claims(BILLED_AND_OFFICE, policy="medicare")
UNCERTAIN = PastSession(date=DAY, kind=SessionKind.CYST_RUPTURE, certain=False)
TEXTS: list[tuple[Any, str]] = [
    (
        SESSION,
        (
            "2026-03-02: diagnostic medial branch block with fluoroscopy, L4-L5 bilateral and L5-S1"
            " bilateral"
        ),
    ),
    (
        NERVES,
        (
            "2026-03-02: thermal radiofrequency ablation with guidance not stated, nerves L3 left and"
            " L4 (side not stated)"
        ),
    ),
    (NO_LEVEL, "2026-03-02: medial branch block with no imaging guidance, no level documented"),
    (SESSION.treatments[0].targets[0], "L4-L5 bilateral"),
    (CLAIM.lines[0], "64493-50-KX x1"),
    (CLAIM, "64493-50-KX x1, 64494-50-KX x1 on a professional claim for 2026-03-02"),
    (
        OWN_DATES,
        "64493-50-KX x1, 64494-50-KX x1 on an ASC facility claim for 2026-03-02 to 2026-03-04",
    ),
    (
        Claim(claim_type=ClaimType.HOSPITAL_OUTPATIENT, lines=()),
        "no lines on a hospital outpatient claim",
    ),
    (cptfacet.History(), "no earlier sessions"),
    (READ.history, "diagnostic injection on 2026-03-02 (lumbar-sacral, bilateral)"),
    (READ, "diagnostic injection on 2026-03-02 (lumbar-sacral, bilateral); 1 part not read"),
    (UNCERTAIN, "possibly cyst rupture on 2026-03-02 (region not known)"),
]


@pytest.mark.parametrize(("record", "text"), TEXTS)
def test_a_record_prints_in_the_words_of_a_coder(record: object, text: str) -> None:
    assert str(record) == text


def test_no_record_prints_an_identifier() -> None:
    mrn = "MRN-0042"
    line = attrs.evolve(CLAIM.lines[0], provider=mrn)
    authorization = PriorAuthorization(number=mrn)
    claim = attrs.evolve(CLAIM, id=mrn, lines=(line,), prior_authorization=authorization)
    session = attrs.evolve(SESSION, id=mrn)
    read = cptfacet.history_from_records([claim, session], policy="medicare")

    for record in (line, claim, session, read, read.history):
        assert mrn not in str(record)


def test_the_place_selects_the_jurisdiction() -> None:
    in_ohio = cptfacet.Session(
        date=DAY,
        treatments=SESSION.treatments,
        claim_type=CLAIM.claim_type,
        location=Location(state="OH"),
    )
    coded = cptfacet.code_session(in_ohio, policy="medicare")
    own = Coder("medicare").code(in_ohio)

    assert isinstance(coded, cptfacet.CodedSession)
    assert isinstance(own, cptfacet.CodedSession)
    assert (coded.claim.policy, own.claim.policy) == ("medicare-j15", "medicare")


SHAPING = ("coding.family", "coding.thoracolumbar", "levels.order", "levels.third-side",
           "laterality.format", "modifier.diagnostic", "modifier.order")  # fmt: skip


@pytest.mark.parametrize("key", SHAPING)
def test_each_value_that_shapes_a_line_has_a_sentence(key: str) -> None:
    """A sentence is written in words: it does not fall back to the key."""
    stated = [p for name in policies.ids() for p in policies.get(name).find(key)]
    stated = [p for p in stated if p.key == key]

    assert stated
    assert key in KEYS
    for provision in stated:
        if isinstance(provision, Provision) and str(provision.value) not in map(str, Uncoded):
            assert key not in reason(provision)
            assert reason(provision).endswith(".")


@pytest.mark.parametrize("name", ["claim", "notes", "why"])
def test_a_refusal_says_why_it_lacks_what_a_coded_session_has(name: str) -> None:
    refusal = cptfacet.code_session(PULSED, policy="cpt")
    assert isinstance(refusal, cptfacet.Refusal)

    with pytest.raises(AttributeError, match=f"no attribute '{name}': nothing was coded; message"):
        getattr(refusal, name)
    with pytest.raises(AttributeError, match=r"no attribute 'lines_'$"):
        getattr(refusal, "lines_")  # noqa: B009
    assert copy.copy(refusal) == pickle.loads(pickle.dumps(refusal)) == refusal  # noqa: S301


def test_what_answers_can_not_be_turned_to_another_policy() -> None:
    checker = cptfacet.Checker("cpt")

    for name in ("policy", "reference", "rules"):
        with pytest.raises(AttributeError):
            setattr(checker, name, None)


def test_tables_behind_answers_can_not_be_changed() -> None:
    tables: list[Any] = [
        getattr(policies.get("cpt"), "_index"),  # noqa: B009
        _data.sources(),
        facts_of(RuleFamily.UNITS),
        facts_of(RuleFamily.UNITS)["mue-exceeded"],
        _data.manifest(),
    ]
    for table in tables:
        with pytest.raises(TypeError, match="does not support item assignment"):
            table["x"] = None
