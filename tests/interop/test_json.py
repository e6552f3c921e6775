"""The JSON form: what is written reads back, and a bad document says all that is wrong and where."""

import copy
import itertools
import json
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cptfacet.anatomy import Side
from cptfacet.claims import Claim, ClaimLine, ClaimType, Location
from cptfacet.coding import code_session
from cptfacet.errors import DocumentError
from cptfacet.interop.json import (
    claim_from_data,
    decode,
    dump,
    from_data,
    history_from_data,
    make_converter,
    read,
    to_data,
)
from cptfacet.past import history_from_records
from cptfacet.policies import get
from cptfacet.sessions import Session

Kind = type[Session] | type[Claim]

NESTED: dict[str, Any] = {
    "date": "2026-03-02",
    "claim_type": "professional",
    "place_of_service": "11",
    "diagnoses": ["M47.816", "M47.817"],
    "id": "case 1",
    "policy": "medicare",
    "location": {"state": "TX", "county": "Travis", "zip": "78701", "locality": "31"},
    "treatments": [
        {
            "technique": "medial-branch-block",
            "purpose": "diagnostic",
            "guidance": "fluoroscopy",
            "targets": [
                {"joint": "L4-L5", "side": "bilateral"},
                {"joint": "L5-S1", "side": "left"},
            ],
            "nerves": [{"nerve": "L3", "side": "left"}],
        },
        {
            "technique": "thermal-radiofrequency-ablation",
            "purpose": "therapeutic",
            "guidance": "ct",
            "targets": [{"joint": "C3-C4", "side": "right"}],
            "nerves": [{"nerve": "TON", "side": "right"}],
        },
    ],
}
FLAT: dict[str, Any] = {
    **{key: value for key, value in NESTED.items() if key != "treatments"},
    **NESTED["treatments"][0],
}
CLAIM: dict[str, Any] = {
    "claim_type": "professional",
    "place_of_service": "11",
    "date": "2026-03-02",
    "purpose": "diagnostic",
    "diagnoses": ["M47.816"],
    "id": "claim 1",
    "policy": "medicare",
    "location": {"state": "TX", "county": "Travis", "zip": "78701", "locality": "31"},
    "prior_authorization": {"number": "0AB1", "decided": "2026-02-20", "exempt": True},
    "lines": [
        {
            "code": "64493",
            "modifiers": ["50", "KX"],
            "units": 1,
            "diagnoses": ["M47.816"],
            "date": "2026-03-03",
            "place_of_service": "24",
            "charge": "123.45",
            "provider": "someone",
        },
        {"code": "64494", "modifiers": ["RT"], "units": None, "diagnoses": []},
    ],
}
DOCUMENTS: Mapping[str, tuple[dict[str, Any], Kind]] = {
    "nested": (NESTED, Session),
    "flat": (FLAT, Session),
    "claim": (CLAIM, Claim),
}


def refusal(document: object, kind: Kind) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        from_data(document, kind)
    return caught.value


def paths(document: object, kind: Kind) -> list[str]:
    return [problem.path for problem in refusal(document, kind).problems]


class TestRoundTrip:
    """What it writes, it accepts: the design's law for everything that leaves the library."""

    @given(session=st.from_type(Session))
    def test_a_session(self, session: Session) -> None:
        assert from_data(to_data(session), Session) == session
        assert read(dump(session), Session) == session

    @given(claim=st.from_type(Claim))
    def test_a_claim(self, claim: Claim) -> None:
        assert from_data(to_data(claim), Claim) == claim
        assert read(dump(claim), Claim) == claim

    @given(claim=st.from_type(Claim))
    def test_what_is_left_out_is_what_the_reader_assumes(self, claim: Claim) -> None:
        again = to_data(read(dump(claim), Claim))

        assert again == to_data(claim)

    @given(session=st.from_type(Session))
    def test_the_flat_form_is_one_treatment(self, session: Session) -> None:
        nested = to_data(session)
        treatments = nested.pop("treatments")

        for treatment in treatments:
            flat = from_data({**nested, **treatment}, Session)

            assert flat == from_data({**nested, "treatments": [treatment]}, Session)

    @given(session=st.from_type(Session), indent=st.none() | st.integers(0, 4))
    def test_text_is_plain_ascii(self, session: Session, indent: int | None) -> None:
        text = dump(session, indent=indent)

        assert text.isascii()
        assert read(text.encode(), Session) == session

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_the_examples_read(self, name: str) -> None:
        document, kind = DOCUMENTS[name]

        record = from_data(document, kind)

        assert read(dump(record), kind) == record

    @pytest.mark.parametrize(
        ("units", "written"),
        [
            (None, "null"),
            (0, "0"),
            (-1, "-1"),
            (10**30, "1" + "0" * 30),
            (Decimal("1.50"), "1.5"),
            (Decimal("2.0"), "2"),
            (Decimal("1E+30"), "1" + "0" * 30),
        ],
    )
    def test_units(self, units: int | Decimal | None, written: str) -> None:
        line = ClaimLine(code="64493", units=units)
        claim = Claim(claim_type=ClaimType.PROFESSIONAL, lines=(line,))

        text = dump(claim)

        assert f'"units": {written},' in text
        assert read(text, Claim) == claim

    @pytest.mark.parametrize("charge", ["0", "-12.00", "1E+3", "0.001"])
    def test_a_charge_is_plain_text(self, charge: str) -> None:
        line = ClaimLine(code="64493", charge=Decimal(charge))
        claim = Claim(claim_type=ClaimType.PROFESSIONAL, lines=(line,))

        written = to_data(claim)["lines"][0]["charge"]

        assert re.fullmatch(r"-?\d+(\.\d+)?", written)
        assert Decimal(written) == Decimal(charge)

    @pytest.mark.parametrize(
        ("units", "written"),
        [
            (Decimal("1." + "0" * 30 + "1"), 1.0),
            (Decimal("1E-400"), 0.0),
            (Decimal("1E+400"), sys.float_info.max),
            (Decimal("-Infinity"), -sys.float_info.max),
            (-(10**5000), -sys.float_info.max),
            (Decimal("1E+999999"), sys.float_info.max),
            (Decimal("NaN"), None),
            (Decimal("sNaN"), None),
        ],
        ids=lambda value: str(value)[:9] if isinstance(value, Decimal) else "",
    )
    def test_units_that_json_does_not_hold_are_the_nearest(
        self, units: int | Decimal, written: float | None
    ) -> None:
        line = ClaimLine(code="64493", units=units)
        claim = Claim(claim_type=ClaimType.PROFESSIONAL, lines=(line,))

        assert to_data(claim)["lines"][0]["units"] == written
        assert isinstance(read(dump(claim), Claim), Claim)

    def test_a_converter_of_one_s_own(self) -> None:
        converter = make_converter()

        session = converter.structure(NESTED, Session)

        assert converter.unstructure(session, Session) == to_data(session)


class TestWords:
    """The reader is as forgiving as the parsers: a spelling whose meaning is certain is read."""

    def test_spellings(self) -> None:
        document = {
            "date": " 2026-03-02 ",
            "technique": "MBB",
            "guidance": "fluoro",
            "claim_type": "ASC facility",
            "diagnoses": [" m47.816 "],
            "targets": [{"joint": "l4/5", "side": "Rt"}],
            "nerves": [{"nerve": "L5", "side": "R"}],
        }

        session = from_data(document, Session)

        treatment = session.treatments[0]
        assert session.diagnoses == ("M47.816",)
        assert treatment.targets[0].side is treatment.nerves[0].side is Side.RIGHT
        assert from_data(to_data(session), Session) == session

    def test_codes_of_a_line(self) -> None:
        document = {
            "claim_type": "professional",
            "lines": [{"code": " 0213t", "modifiers": ["kx"]}],
        }

        assert from_data(document, Claim).lines[0].text == "0213T-KX x1"

    @pytest.mark.parametrize(
        "charge", ["1e3", "1_000", "$5", "", "NaN", "Infinity", ".5", "5.", "٣"]
    )
    def test_a_charge_that_could_be_misread(self, charge: str) -> None:
        document = {"claim_type": "professional", "lines": [{"code": "64493", "charge": charge}]}

        assert paths(document, Claim) == ["$.lines[0].charge"]


# -- one thing wrong


class PolicyChange(NamedTuple):
    """One change of a document: where, what, and the path at which the reader must complain."""

    steps: tuple[str | int, ...]
    value: Any
    path: str


MISSING = object()
ANYTHING: tuple[Any, ...] = (None, True, 0, 1.5, "", "zzz", [], ["zzz"], [None], {}, {"zzz": 1})


def written(steps: tuple[str | int, ...]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def places(value: object, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Walk over every place of a document, the document itself included."""
    yield steps
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from places(entry, (*steps, key))
    if isinstance(value, list):
        for index, entry in enumerate(value):
            yield from places(entry, (*steps, index))


def at(document: Any, steps: tuple[str | int, ...]) -> Any:  # noqa: ANN401
    for step in steps:
        document = document[step]
    return document


def changed(document: dict[str, Any], *changes: PolicyChange) -> Any:  # noqa: ANN401
    """Apply some changes to a copy."""
    result: Any = copy.deepcopy(document)
    for change in changes:
        if not change.steps:
            return change.value
        parent, last = at(result, change.steps[:-1]), change.steps[-1]
        if change.value is MISSING:
            del parent[last]
        else:
            parent[last] = change.value
    return result


REQUIRED = {"date", "technique", "joint", "nerve", "claim_type", "lines", "code"}
OPTIONAL_IN = {("nested", "claim_type"), ("flat", "claim_type"), ("claim", "date")}
NULLABLE = {
    *("purpose", "guidance", "side", "place_of_service", "id", "policy", "location"),
    *("state", "county", "zip", "locality", "units", "charge", "provider"),
    *("prior_authorization", "number", "decided"),
}
TEXTS = {"id", "policy", "place_of_service", "state", "county", "zip", "locality", "code"}
TEXTS |= {"provider", "number"}
CODES = {"diagnoses", "modifiers"}


def is_right(name: str, steps: tuple[str | int, ...], value: object) -> bool:
    """Whether the contract allows a value of `ANYTHING` at a place of a document."""
    keys = [step for step in steps if isinstance(step, str)]
    key, in_list = (keys[-1] if keys else ""), bool(steps) and isinstance(steps[-1], int)
    if in_list:
        return key in CODES and isinstance(value, str)
    if value is None:
        own_date = key == "date" and (name == "claim")
        return key in NULLABLE or own_date or (name, key) in OPTIONAL_IN
    if isinstance(value, str):
        return key in TEXTS or (key == "nerve" and bool(value.strip()))
    if isinstance(value, list):
        lists = {"targets", "nerves", "lines", *CODES}
        return (key in lists and value == []) or (key in CODES and value == ["zzz"])
    if isinstance(value, dict):
        return key in {"location", "prior_authorization"} and value == {}
    return key == ("exempt" if isinstance(value, bool) else "units")


def wrong_values(name: str) -> Iterator[PolicyChange]:
    """Put every value of every type wherever the contract does not allow it."""
    document, _ = DOCUMENTS[name]
    for steps, value in itertools.product(places(document), ANYTHING):
        if not is_right(name, steps, value):
            yield PolicyChange(steps, value, written(steps))


def dropped_keys(name: str) -> Iterator[PolicyChange]:
    document, _ = DOCUMENTS[name]
    for steps in places(document):
        if steps and steps[-1] in REQUIRED and (name, steps[-1]) not in OPTIONAL_IN:
            if name == "claim" and steps[-1] == "date":
                continue
            yield PolicyChange(steps, MISSING, written(steps))


def unknown_keys(name: str) -> Iterator[PolicyChange]:
    document, _ = DOCUMENTS[name]
    for steps in places(document):
        if isinstance(at(document, steps), dict):
            yield PolicyChange((*steps, "sidee"), "left", written((*steps, "sidee")))


def all_changes(name: str) -> list[PolicyChange]:
    return [*wrong_values(name), *dropped_keys(name), *unknown_keys(name)]


BAD = {name: all_changes(name) for name in DOCUMENTS}
BELOW = {name: [change for change in BAD[name] if change.steps] for name in DOCUMENTS}


def points_at(path: str, place: str) -> bool:
    """Whether a path is a place or lies inside of it."""
    return path == place or path.startswith((f"{place}.", f"{place}["))


class TestProblems:
    """Bad input gives one clear error that names place and remedy, all problems at once."""

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_one_change_is_reported_where_it_is(self, name: str) -> None:
        document, kind = DOCUMENTS[name]
        astray: list[tuple[PolicyChange, list[str]]] = []
        for change in BAD[name]:
            found = paths(changed(document, change), kind)
            if not found or not all(points_at(path, change.path) for path in found):
                astray.append((change, found))

        assert BAD[name]
        assert astray == []

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_what_the_contract_allows_is_read(self, name: str) -> None:
        document, kind = DOCUMENTS[name]
        good = [
            PolicyChange(steps, value, written(steps))
            for steps, value in itertools.product(places(document), ANYTHING)
            if is_right(name, steps, value)
        ]

        assert len(good) > 20
        for change in good:
            from_data(changed(document, change), kind)

    @pytest.mark.parametrize("name", DOCUMENTS)
    @given(data=st.data())
    def test_several_changes_are_all_reported(self, name: str, data: st.DataObject) -> None:
        document, kind = DOCUMENTS[name]
        changes: list[PolicyChange] = []
        for change in data.draw(st.lists(st.sampled_from(BELOW[name]), min_size=2, max_size=8)):
            if not any(
                points_at(change.path, other.path) or points_at(other.path, change.path)
                for other in changes
            ):
                changes.append(change)

        found = paths(changed(document, *changes), kind)

        for change in changes:
            assert any(points_at(path, change.path) for path in found), change
        for path in found:
            assert any(points_at(path, change.path) for change in changes), path

    @given(data=st.data())
    def test_a_flat_session_is_told_in_its_own_paths(self, data: st.DataObject) -> None:
        changes = data.draw(st.lists(st.sampled_from(BELOW["flat"]), min_size=1, max_size=3))
        by_key = {change.steps[0]: change for change in changes}

        found = paths(changed(FLAT, *by_key.values()), Session)

        assert not [path for path in found if "treatments" in path]

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_every_message_says_what_to_do(self, name: str) -> None:
        document, kind = DOCUMENTS[name]
        for change in BAD[name]:
            for problem in refusal(changed(document, change), kind).problems:
                assert problem.message
                assert "object at 0x" not in problem.message
                assert "iterable" not in problem.message
                assert not re.search(r"\b(NoneType|dict|int|str|bool)\b", problem.message)

    def test_contradictions_have_paths(self) -> None:
        left, unnamed = {"joint": "L4-L5", "side": "left"}, {"joint": "L4-5", "side": None}
        nerve, other = {"nerve": "L3"}, {"nerve": "L3", "side": "right"}
        treatment = {
            "technique": "mbb",
            "targets": [left, unnamed],
            "nerves": [nerve, nerve, other],
        }
        flat = {"date": "2026-03-02", **treatment}
        nested = {"date": "2026-03-02", "treatments": [{"technique": "pulsed-rfa"}, treatment]}

        assert paths(flat, Session) == ["$.targets[1].side", "$.nerves[2].side"]
        assert paths(nested, Session) == [
            "$.treatments[1].targets[1].side",
            "$.treatments[1].nerves[2].side",
        ]

    def test_contradictions_are_told_beside_the_rest(self) -> None:
        left, unnamed = {"joint": "L4-L5", "side": "left"}, {"joint": "L4-5"}
        treatment = {"technique": "mbb", "targets": ["L4", left, {"joint": "L4"}, unnamed]}
        flat = {"date": "soon", **treatment}
        unreadable = {"technique": "rfa", "targets": [unnamed]}
        nested = {"date": "soon", "treatments": [3, unreadable, treatment, {**treatment}], "x": 1}

        assert sorted(paths(flat, Session)) == [
            "$.date",
            *(f"$.targets[{place}" for place in ("0]", "2].joint", "3].side")),
        ]
        assert sorted(paths(nested, Session)) == [
            "$.date",
            "$.treatments[0]",
            "$.treatments[1].technique",
            *(f"$.treatments[2].targets[{place}" for place in ("0]", "2].joint", "3].side")),
            *(f"$.treatments[3].targets[{place}" for place in ("0]", "2].joint", "3].side")),
            "$.x",
        ]

    def test_no_treatment(self) -> None:
        assert paths({"date": "2026-03-02", "treatments": []}, Session) == ["$.treatments"]
        assert paths({"date": "soon", "treatments": []}, Session) == ["$.date", "$.treatments"]
        assert paths({"date": "soon", "treatments": [1]}, Session) == ["$.date", "$.treatments[0]"]

    def test_both_forms_at_once(self) -> None:
        error = refusal({**NESTED, "technique": "mbb"}, Session)

        assert [problem.path for problem in error.problems] == ["$.technique"]
        assert "treatments" in error.problems[0].message

    @pytest.mark.parametrize(
        ("key", "path", "hint"),
        [
            ("dat", "$.dat", "did you mean date?"),
            ("qqq", "$.qqq", "known here: date, "),
            ("a b", '$["a b"]', "known here"),
            ("\x1b[31m\n", '$["\\u001b[31m\\n"]', "known here"),
            ("\ud800", '$["\\ud800"]', "known here"),
            ("k" * 10**6, "$." + "k" * 60 + "...", "known here"),
        ],
        ids=["near", "far", "space", "control", "surrogate", "long"],
    )
    def test_an_unknown_key(self, key: str, path: str, hint: str) -> None:
        [problem] = refusal({**NESTED, key: 1}, Session).problems

        assert problem.path == path
        assert hint in problem.message

    def test_data_that_json_never_gives(self) -> None:
        odd: dict[object, Any] = {1: 2, None: 3}
        odd.update(NESTED)

        found = paths(odd, Session)

        assert sorted(found) == ["$.None", '$["1"]']

    def test_the_error_lists_them_all(self) -> None:
        error = refusal({"date": "soon", "technique": "mbb", "x": 1}, Session)

        assert str(error).splitlines() == [
            "Session can't be read:",
            "  $.date: 'soon' is not a date: write it as YYYY-MM-DD",
            *(f"  {problem}" for problem in error.problems if problem.path == "$.x"),
        ]


# -- what nobody should send


def claim_with(line: str) -> str:
    return '{"claim_type": "professional", "lines": [{"code": "64493", ' + line + "}]}"


HOSTILE: Mapping[str, str | bytes] = {
    "empty": "",
    "blank": " \n ",
    "nothing but a mark": b"\xef\xbb\xbf",
    "a mark in text": "\N{ZERO WIDTH NO-BREAK SPACE}{}",
    "UTF-16": json.dumps(NESTED).encode("utf-16"),
    "no UTF-8": b'{"date": "\xff"}',
    "overlong UTF-8": b'{"date": "\xc0\xaf"}',
    "NUL": "\0",
    "NUL in a text": '{"date": "2026-03-02\\u0000", "technique": "mbb"}',
    "raw NUL in a text": '{"date": "\0"}',
    "NaN": claim_with('"units": NaN'),
    "Infinity": claim_with('"units": -Infinity'),
    "a huge exponent": claim_with('"units": 1e999999'),
    "an exponent past all": claim_with('"units": 1e99999999999999999999'),
    "a tiny exponent": claim_with('"units": 1e-999999'),
    "5000 digits": claim_with('"units": ' + "9" * 5000),
    "minus 5000 digits": claim_with('"units": -' + "9" * 5000),
    "5000 places": claim_with('"units": 1.' + "9" * 5000),
    "a number of 5000 digits as a code": '{"claim_type": ' + "9" * 5000 + "}",
    "a key twice": '{"date": "2026-03-02", "date": "2026-03-03", "technique": "mbb"}',
    "a key twice below": '{"date": "2026-03-02", "location": {"zip": "1", "zip": "2"}}',
    "deep lists": "[" * 10**5,
    "deep lists that close": "[" * 10**5 + "]" * 10**5,
    "deep objects": '{"date":' * 10**5,
    "deep in a key": '{"date": ' + "[" * 10**5 + "]" * 10**5 + "}",
    "a megabyte as a date": json.dumps({"date": "9" * 10**6, "technique": "mbb"}),
    "a megabyte as a joint": json.dumps(
        {"date": "2026-03-02", "technique": "mbb", "targets": [{"joint": "L4-" * 10**6}]}
    ),
    "a megabyte as a charge": claim_with('"charge": "1.' + "x" * 10**6 + '"'),
    "a lone surrogate as a word": '{"date": "2026-03-02", "technique": "\\ud800"}',
    "two documents": "{} {}",
    "a list": "[]",
    "a text": '"session"',
    "null": "null",
    "100000 keys and one twice": json.dumps({f"k{n}": n for n in range(10**5)})[:-1] + ', "k0": 0}',
}


NAMES = st.sampled_from(sorted({*NESTED, *FLAT, *CLAIM, *CLAIM["lines"][0], "joint", "nerve"}))
WORDS = st.sampled_from(["2026-03-02", "mbb", "ct", "L4-5", "L3", "left", "professional"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner),
    max_leaves=25,
)


class TestHostileInput:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_it_is_refused_with_a_short_message(self, name: str) -> None:
        for kind in (Session, Claim):
            with pytest.raises(DocumentError) as caught:
                read(HOSTILE[name], kind)

            assert all(len(problem.message) < 400 for problem in caught.value.problems)
            assert str(caught.value).encode("utf-8")

    @pytest.mark.parametrize(
        "text",
        [
            claim_with('"units": 1' + "0" * 30),
            claim_with('"units": 1e300'),
            claim_with('"provider": "' + "x" * 10**6 + '"'),
            claim_with('"provider": "\\u0000\\ud800"'),
            claim_with('"charge": "' + "9" * 10**5 + '"'),
            b"\xef\xbb\xbf" + claim_with('"units": 0').encode(),
        ],
        ids=["10**30", "1e300", "a megabyte", "NUL and surrogate", "a charge", "a mark"],
    )
    def test_odd_but_readable(self, text: str | bytes) -> None:
        claim = read(text, Claim)

        assert read(dump(claim), Claim) == claim

    @pytest.mark.parametrize("digits", [308, 309, 310, 399, 400, 401, 4300, 5000])
    def test_a_number_that_is_too_long_is_placed(self, digits: int) -> None:
        document = decode(claim_with('"units": ' + "9" * digits))
        try:
            claim = from_data(document, Claim)
        except DocumentError as error:
            found = [problem.path for problem in error.problems]
        else:
            found = []
            assert read(dump(claim), Claim) == claim

        assert found == (["$.lines[0].units"] if digits > 308 else [])

    @given(text=st.text() | st.binary())
    def test_any_text(self, text: str | bytes) -> None:
        for kind in (Session, Claim):
            with pytest.raises(DocumentError):
                read(text, kind)

    @given(value=JSON)
    def test_any_value(self, value: object) -> None:
        for kind in (Session, Claim):
            try:
                record: Any = from_data(value, kind)
            except DocumentError as error:
                assert error.problems  # noqa: PT017  a value may be a right one
            else:
                assert from_data(to_data(record), kind) == record

    @given(base=st.sampled_from(sorted(DOCUMENTS)), data=st.data())
    def test_any_value_anywhere(self, base: str, data: st.DataObject) -> None:
        document, kind = DOCUMENTS[base]
        steps = data.draw(st.sampled_from(list(places(document))))
        value = data.draw(JSON)
        try:
            wrong = changed(document, PolicyChange(steps, value, ""))
            record: Any = from_data(wrong, kind)
        except DocumentError as error:
            place = written(steps)
            named = {problem.path for problem in error.problems}
            assert all(points_at(path, place) for path in named) or ".side" in " ".join(named)
        else:
            assert from_data(to_data(record), kind) == record


class TestPrivacy:
    """Ids and providers are opaque: echoed in the answer, in no repr and in no message."""

    MARK = "Jane-Doe-1970"

    def marked(self, name: str) -> dict[str, Any]:
        document = copy.deepcopy(DOCUMENTS[name][0])
        document["id"] = self.MARK
        for line in document.get("lines", ()):
            line["provider"] = self.MARK
        if "prior_authorization" in document:
            document["prior_authorization"]["number"] = self.MARK
        return document

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_no_repr_shows_them(self, name: str) -> None:
        record = from_data(self.marked(name), DOCUMENTS[name][1])

        assert self.MARK in dump(record)
        assert self.MARK not in repr(record) + str(record)

    @pytest.mark.parametrize("guidance", ["ct", None], ids=["coded", "refused"])
    def test_no_answer_shows_them(self, guidance: str | None) -> None:
        session = from_data({**self.marked("flat"), "guidance": guidance}, Session)

        answer = code_session(session, policy=get("medicare"))

        assert self.MARK in dump(answer)
        assert self.MARK not in repr(answer) + answer.explain()

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_no_error_shows_them(self, name: str) -> None:
        _, kind = DOCUMENTS[name]
        for change in BELOW[name]:
            if change.steps[-1] not in {"id", "provider", "number"}:
                error = refusal(changed(self.marked(name), change), kind)

                assert self.MARK not in repr(error) + "".join(traceback.format_exception(error))

    @pytest.mark.parametrize("value", [[MARK], {MARK: 1}, {"id": MARK}], ids=["list", "key", "id"])
    def test_not_even_where_they_are_wrong(self, value: object) -> None:
        broken = {**NESTED, "id": value, "date": "soon"}

        error = refusal(broken, Session)

        assert [problem.path for problem in error.problems] == ["$.date", "$.id"]
        assert self.MARK not in repr(error) + "".join(traceback.format_exception(error))

    @pytest.mark.parametrize("end", ["", ",}", ' "x"}', ', "id": "b"}', ', "x": NaN}'])
    def test_no_syntax_error_shows_them(self, end: str) -> None:
        with pytest.raises(DocumentError) as caught:
            decode(f'{{"id": "{self.MARK}"{end}')

        shown = repr(caught.value) + "".join(traceback.format_exception(caught.value))
        assert self.MARK not in shown

    def test_location_is_echoed(self) -> None:
        session = from_data(NESTED, Session)

        answer = to_data(code_session(session, policy=get("medicare")))

        assert answer["claim"]["id"] == NESTED["id"]
        assert answer["claim"]["policy"] == "medicare-jh"
        assert answer["claim"]["location"] == NESTED["location"]
        assert session.location == Location(**NESTED["location"])


class TestHistories:
    """A history is a list of sessions and claims, each in any form in which it is read alone.

    Source: docs/design.md, interchange (`history`).
    """

    CODED = to_data(code_session(from_data(NESTED, Session), policy=get("medicare")))
    FORMS: tuple[dict[str, Any], ...] = (NESTED, FLAT, CLAIM, CODED)

    def test_every_form_is_read(self) -> None:
        read = history_from_data(list(self.FORMS), policy=get("medicare"))
        records: list[Session | Claim] = [
            from_data(NESTED, Session),
            from_data(FLAT, Session),
            from_data(CLAIM, Claim),
            claim_from_data(self.CODED),
        ]

        assert read == history_from_records(records, policy=get("medicare"))
        assert len(read.history.sessions) == 3

    @given(records=st.lists(st.from_type(Session) | st.from_type(Claim), max_size=3))
    def test_what_is_written_is_read(self, records: list[Session | Claim]) -> None:
        policy = get("medicare")
        data = json.loads(json.dumps([to_data(record) for record in records]))

        assert history_from_data(data, policy=policy).history == (
            history_from_records(records, policy=policy).history
        )

    def test_all_problems_at_once_with_their_places(self) -> None:
        wrong = [
            NESTED,
            {**FLAT, "date": "soon", "sides": "left"},
            {"claim": {**CLAIM, "claim_type": "facility"}},
            {"claim_type": "professional", "lines": [{"code": 64493}]},
            {"refusal": {"reason": "other-code"}},
            {"date": "2026-03-02"},
            "2026-03-02",
        ]
        with pytest.raises(DocumentError) as caught:
            history_from_data(wrong, policy=get("medicare"), path="$.history")

        assert caught.value.what == "History"
        assert [problem.path for problem in caught.value.problems] == [
            "$.history[1].date",
            "$.history[1].sides",
            "$.history[2].claim.claim_type",
            "$.history[3].lines[0].code",
            "$.history[4].refusal",
            "$.history[5]",
            "$.history[6]",
        ]

    @pytest.mark.parametrize("data", [None, {}, "[]", 3], ids=repr)
    def test_what_is_no_list(self, data: object) -> None:
        with pytest.raises(DocumentError, match="a list of sessions and claims") as caught:
            history_from_data(data, policy=get("medicare"))

        assert [problem.path for problem in caught.value.problems] == ["$"]

    def test_no_identity_is_kept_or_shown(self) -> None:
        secret = "MRN-0042"  # noqa: S105  stands for an identifier of a patient
        lines = [{**line, "provider": secret} for line in CLAIM["lines"]]
        told = {"number": secret}
        data = [{**CLAIM, "id": secret, "lines": lines, "prior_authorization": told}]
        read = history_from_data([*data, {**NESTED, "id": secret}], policy=get("medicare"))

        assert secret not in repr(read)
        assert read == history_from_data([CLAIM, NESTED], policy=get("medicare"))
