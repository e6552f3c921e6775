"""The second JSON door answers as the first one does, whatever it is given."""

import importlib
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from cptfacet.claims import Claim, ClaimLine, Location, PriorAuthorization
from cptfacet.errors import DocumentError, MissingExtraError
from cptfacet.interop import fast
from cptfacet.interop import json as first
from cptfacet.sessions import Session, Target, TreatedNerve, Treatment

law = settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))

Kind = type[Session] | type[Claim]
KINDS: tuple[Kind, ...] = (Session, Claim)
RECORDS = (
    *(Session, Treatment, Target, TreatedNerve),
    *(Claim, ClaimLine, Location, PriorAuthorization),
)

CASES = Path(__file__).parents[1] / "cases" / "published.jsonl"
SESSION: dict[str, Any] = {
    "date": "2026-03-02",
    "treatments": [
        {
            "technique": "medial-branch-block",
            "purpose": "diagnostic",
            "guidance": "fluoroscopy",
            "targets": [{"joint": "L4-L5", "side": "bilateral"}],
            "nerves": [{"nerve": "L5 dorsal ramus", "side": "left"}],
            "agents": ["local-anesthetic"],
        }
    ],
    "claim_type": "asc-facility",
    "place_of_service": "24",
    "diagnoses": ["M47.816"],
    "id": "urn:visit:1",
    "policy": "medicare",
    "location": {"state": "TX", "county": "Travis", "zip": "78701", "locality": "31"},
}
CLAIM: dict[str, Any] = {
    **{key: value for key, value in SESSION.items() if key != "treatments"},
    "purpose": "diagnostic",
    "prior_authorization": {"number": "0AB1", "decided": "2026-02-20", "exempt": True},
    "frequency": "replacement",
    "replaces": "first",
    "lines": [
        {
            "code": "64493",
            "modifiers": ["50", "KX"],
            "units": 2,
            "diagnoses": ["M47.816"],
            "date": "2026-03-03",
            "place_of_service": "11",
            "charge": "410.00",
            "provider": "someone",
        }
    ],
}


def flat(data: dict[str, Any]) -> dict[str, Any]:
    """Write a session of one treatment in the flat form."""
    (treatment,) = data["treatments"]
    return {**{key: value for key, value in data.items() if key != "treatments"}, **treatment}


def exact(value: object) -> object:
    """Return a value with its types.

    1 and Decimal("1") then differ, and so do Decimal("1.5") and Decimal("1.50").
    """
    kind = type(value)
    if attrs.has(kind):
        return kind, [exact(getattr(value, field.name)) for field in attrs.fields(kind)]
    if isinstance(value, tuple):
        return kind, [exact(entry) for entry in value]
    return kind, repr(value)


def answer(read: Callable[[str | bytes, Kind], object], text: str | bytes, kind: Kind) -> object:
    try:
        return exact(read(text, kind))
    except DocumentError as error:
        return error


def the_same(text: str | bytes) -> None:
    for kind in KINDS:
        assert answer(fast.read, text, kind) == answer(first.read, text, kind)


# -- documents, and what may be done to them


class Pairs(list[tuple[str, Any]]):
    """An object as it is written: a key may stand twice."""


class Number(str):
    """A number as it is written."""

    __slots__ = ()


NAMES = [field.name for record in RECORDS for field in attrs.fields(record)]
NUMBERS = st.one_of(
    st.integers().map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(["-0", "1.0", "1e3", "1E+2", "1.50", "-0.0", "01", "1.", "NaN", "-Infinity"]),
    st.sampled_from([str(2**bits + n) for bits in (31, 53, 63, 64) for n in (-1, 0, 1)]),
    st.sampled_from(["9" * digits for digits in (19, 20, 308, 309, 400, 401, 4301)]),
).map(Number)
WORDS = st.sampled_from(
    [
        *("2026-03-02", "2026-02-30", "2026-3-2", "20260302", "2026-W10-1"),
        *("mbb", "MBB", "rfa", "ct", "fluoro", "us", "diagnostic", "professional", "ASC-Facility"),
        *("L4-5", "l4/l5", "L4", "L3-L5", "L5", "TON", "ala", "left", "Rt", "b/l", "bilateral"),
        *("m47.816", "kx", "410.00", "1e3", ".5", "5.", "-12", "NaN", "123.450", ":"),
    ]
)
SPACED = st.tuples(st.sampled_from(["", " ", "\n", "\u00a0", "\u2003"]), WORDS).map(
    lambda pair: pair[0] + pair[1] + pair[0]
)
TEXTS = WORDS | SPACED | st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
KEYS = st.sampled_from(NAMES) | TEXTS
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(st.tuples(KEYS, inner), max_size=3).map(Pairs)
    ),
    max_leaves=6,
)


def paired(value: object) -> Any:  # noqa: ANN401
    """Make the objects of plain data such that they can be changed in every way."""
    if isinstance(value, dict):
        return Pairs((key, paired(entry)) for key, entry in value.items())
    if isinstance(value, list):
        return [paired(entry) for entry in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Number(json.dumps(value))
    return value


def slots(value: object) -> list[tuple[list[Any], int]]:
    """List every place below a value: the list that holds it, and its index."""
    if not isinstance(value, list):
        return []
    here = [(value, index) for index in range(len(value))]
    inner = [entry[1] if isinstance(value, Pairs) else entry for entry in value]
    return here + [place for entry in inner for place in slots(entry)]


@st.composite
def documents(draw: st.DrawFn) -> Any:  # noqa: ANN401
    """Draw a right document: a session of either form or a claim."""
    data: Any = draw(
        st.sampled_from([SESSION, CLAIM]) | st.from_type(Session) | st.from_type(Claim)
    )
    data = data if isinstance(data, dict) else first.to_data(data)
    if len(data.get("treatments", ())) == 1 and draw(st.booleans()):
        data = flat(data)
    return paired(data)


@st.composite
def mutated(draw: st.DrawFn) -> Any:  # noqa: ANN401
    """Draw a document in which values are replaced, and keys dropped, added and repeated."""
    data = draw(documents())
    for _ in range(draw(st.integers(1, 3))):
        places = slots(data)
        assume(places)
        holder, index = draw(st.sampled_from(places))
        what = draw(st.sampled_from(["replace", "replace", "drop", "add", "repeat"]))
        if what == "drop":
            del holder[index]
        elif not isinstance(holder, Pairs):
            entry = holder[index] if what == "repeat" else draw(VALUES)
            holder[index : index + (what == "replace")] = [entry]
        else:
            key, value = holder[index]
            if what == "add":
                holder.insert(index, (draw(KEYS), draw(VALUES)))
            elif what == "repeat":
                again = draw(st.just(value) | VALUES)
                holder.insert(draw(st.integers(0, len(holder))), (key, again))
            else:
                holder[index] = (key, draw(VALUES))
    return data


def spelled(value: object, chance: random.Random) -> str:
    """Write a document with free white space and free escapes."""

    def space() -> str:
        return chance.choice(["", "", "", " ", "\n", "\t "])

    def text(value: str) -> str:
        how = chance.choice(["ascii", "raw", "escaped"])
        if how == "escaped":
            units = value.encode("utf-16-be", "surrogatepass")
            pairs = [units[n : n + 2].hex() for n in range(0, len(units), 2)]
            return '"' + "".join(f"\\u{chance.choice([p, p.upper()])}" for p in pairs) + '"'
        return json.dumps(value, ensure_ascii=how == "ascii")

    def write(value: object) -> str:
        match value:
            case Number():
                written = str(value)
            case str():
                written = text(value)
            case Pairs():
                entries = [f"{space()}{text(k)}{space()}:{write(v)}" for k, v in value]
                written = "{" + ",".join(entries) + space() + "}"
            case list():
                written = "[" + ",".join(map(write, value)) + "]"
            case _:
                written = json.dumps(value)
        return space() + written + space()

    return write(value)


@st.composite
def broken(draw: st.DrawFn) -> str | bytes:
    """Draw the text of a right document with some bytes or characters changed."""
    text = spelled(draw(documents()), random.Random(draw(st.integers(0, 99))))  # noqa: S311
    data: str | bytes = text.encode("utf-8", "surrogatepass") if draw(st.booleans()) else text
    pieces = st.text(max_size=2) | st.sampled_from([*'{}[]:,"\\ 0-.eE', "\\u003a", "\ud800"])
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.integers(0, 3))
        piece = draw(pieces)
        if isinstance(data, str):
            data = data[:start] + piece + data[end:]
        else:
            raw = draw(st.binary(max_size=2) | st.just(piece.encode("utf-8", "surrogatepass")))
            data = data[:start] + raw + data[end:]
    return data


def written(value: object, colon: str) -> str:
    """Write a document plainly, with this spelling of a colon inside of texts."""
    match value:
        case Number():
            return str(value)
        case str():
            return json.dumps(value).replace(":", colon)
        case Pairs():
            return "{" + ", ".join(f'"{key}": {written(v, colon)}' for key, v in value) + "}"
        case list():
            return "[" + ", ".join(written(entry, colon) for entry in value) + "]"
        case _:
            return json.dumps(value)


class TestTheDoorsAreEqual:
    """Same records of the same types, or the same errors: the design's law for the fast door."""

    @law
    @given(data=documents(), chance=st.randoms(use_true_random=False))
    def test_on_right_documents(self, data: object, chance: random.Random) -> None:
        the_same(spelled(data, chance))

    @law
    @given(record=st.from_type(Session) | st.from_type(Claim), indent=st.none() | st.just(1))
    def test_on_what_is_written(self, record: Session | Claim, indent: int | None) -> None:
        the_same(first.dump(record, indent=indent))

    @settings(law, max_examples=500)
    @given(data=mutated(), chance=st.randoms(use_true_random=False), as_bytes=st.booleans())
    def test_on_changed_documents(
        self, data: object, chance: random.Random, *, as_bytes: bool
    ) -> None:
        text = spelled(data, chance)
        the_same(text.encode("utf-8", "surrogatepass") if as_bytes else text)

    @settings(law, max_examples=300)
    @given(text=broken())
    @example(text=b"\xef\xbb\xbf" + json.dumps(CLAIM).encode())
    @example(text="\ufeff" + json.dumps(CLAIM))
    @example(text=json.dumps(CLAIM).encode("utf-16"))
    @example(text="[" * 10**5)
    @example(text='{"lines":' * 10**5)
    def test_on_broken_text(self, text: str | bytes) -> None:
        the_same(text)

    @law
    @given(text=st.text() | st.binary() | VALUES.map(lambda v: spelled(v, random.Random(0))))  # noqa: S311
    def test_on_any_text(self, text: str | bytes) -> None:
        the_same(text)

    @law
    @given(number=NUMBERS)
    def test_on_every_number(self, number: str) -> None:
        text = json.dumps(CLAIM)
        assert '"units": 2,' in text

        the_same(text.replace('"units": 2,', f'"units": {number},'))

    @law
    @given(date=st.text("0123456789-W", min_size=9, max_size=11) | st.dates().map(str))
    def test_on_every_date(self, date: str) -> None:
        the_same(json.dumps({**CLAIM, "date": date}))

    @law
    @given(charge=st.text("0123456789-+._eE ", max_size=9) | st.decimals().map(str))
    def test_on_every_charge(self, charge: str) -> None:
        the_same(json.dumps({**CLAIM, "lines": [{"code": "64493", "charge": charge}]}))

    @pytest.mark.parametrize("code", ["kx", " KX", "KX\u00a0", "K X", "K x", "", " ", "ß", "ǆ"])
    @pytest.mark.parametrize("place", ["code", "modifiers", "diagnoses"])
    @pytest.mark.parametrize("others", [True, False], ids=["among others", "alone"])
    def test_on_every_spelling_of_a_code(self, code: str, place: str, *, others: bool) -> None:
        line: dict[str, Any] = {"code": "64493"}
        if others:
            line |= {"modifiers": ["50", "KX"], "diagnoses": ["M47.816"]}
        line[place] = code if place == "code" else [*line.get(place, []), code]

        the_same(json.dumps({**CLAIM, "lines": [line]}))
        the_same(json.dumps({**SESSION, "diagnoses": [*SESSION["diagnoses"], code]}))

    @pytest.mark.parametrize("line", CASES.read_text(encoding="utf-8").splitlines())
    def test_on_the_published_cases(self, line: str) -> None:
        case = json.loads(line)
        session = case["session"]
        claim = {"claim_type": session["claim_type"], "lines": case["expected_lines"]}

        the_same(json.dumps(session))
        the_same(json.dumps(claim))
        the_same(line)

    @pytest.mark.parametrize(
        "data", [SESSION, flat(SESSION), CLAIM], ids=["nested", "flat", "claim"]
    )
    @pytest.mark.parametrize("value", [None, True, 0, "", ":", [], {}, [None], [{}]], ids=repr)
    def test_on_one_value_at_every_place(self, data: dict[str, Any], value: object) -> None:
        places = len(slots(paired(data)))
        for number in range(places):
            changed = paired(data)
            holder, index = slots(changed)[number]
            old = holder[index]
            holder[index] = (old[0], value) if isinstance(holder, Pairs) else value
            the_same(spelled(changed, random.Random(0)))  # noqa: S311

    @pytest.mark.parametrize(
        "data", [SESSION, flat(SESSION), CLAIM], ids=["nested", "flat", "claim"]
    )
    @pytest.mark.parametrize("times", [0, 2, 3])
    def test_on_every_key_dropped_or_repeated(self, data: dict[str, Any], times: int) -> None:
        """The second of two would win in silence; a colon in a value could hide the loss."""
        for number in range(len(slots(paired(data)))):
            for colon in (":", "\\u003a", "\\u003A", "\\\\u003a"):
                changed = paired(data)
                holder, index = slots(changed)[number]
                holder[index : index + 1] = [holder[index]] * times
                the_same(written(changed, colon))


@pytest.fixture
def first_door_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the fast door have nobody to ask."""

    def closed(text: str | bytes, kind: type) -> object:
        pytest.fail(f"the first door was asked for a {kind.__name__}: {text!r}")

    monkeypatch.setattr(first, "read", closed)


def is_plain(record: Session | Claim) -> bool:
    """Whether a record has only whole units, and only texts that need no escape in UTF-8."""
    text = first.dump(record)
    units = [line.units for line in getattr(record, "lines", ())]
    whole = all(u is None or (u == int(u) and abs(u) <= 2**53) for u in units)
    return whole and "\\ud" not in text and "\\u003" not in text


@pytest.mark.usefixtures("first_door_closed")
class TestTheFastRoadIsTaken:
    """Equality alone would hold for a door that always asks the other one."""

    @law
    @given(record=st.from_type(Session) | st.from_type(Claim))
    def test_for_what_is_written(self, record: Session | Claim) -> None:
        assume(is_plain(record))

        assert fast.read(first.dump(record), type(record)) == record
        assert fast.read(first.dump(record, indent=2).encode(), type(record)) == record

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"id": "a \N{BLACK STAR}", "policy": '\\ " \n', "place_of_service": ""},
            {"claim_type": "ASC facility", "diagnoses": [" m47.816 ", "M47.817"]},
            {"technique": "MBB", "guidance": "fluoro", "purpose": " Diagnostic"},
            {"targets": [{"joint": "l4/5", "side": "Rt"}, {"joint": "T12-L1", "side": "b/l"}]},
            {"nerves": [{"nerve": "L5", "side": "R"}, {"nerve": "L4 MB", "side": "both"}]},
            {"location": None, "claim_type": None, "purpose": None, "guidance": None, "id": None},
            {"location": {}, "targets": [], "nerves": [], "diagnoses": []},
        ],
        ids=lambda changes: " ".join(changes) or "as it is",
    )
    def test_for_a_flat_session(self, changes: dict[str, Any]) -> None:
        data = {**flat(SESSION), **changes}

        assert exact(fast.read(json.dumps(data), Session)) == exact(first.from_data(data, Session))

    @pytest.mark.parametrize(
        "changes",
        [{}, {"units": None}, {"units": 0}, {"code": " 0213t", "modifiers": ["kx"]}],
        ids=repr,
    )
    def test_for_a_claim(self, changes: dict[str, Any]) -> None:
        data = {**CLAIM, "lines": [{**CLAIM["lines"][0], **changes}]}

        assert exact(fast.read(json.dumps(data), Claim)) == exact(first.from_data(data, Claim))

    @pytest.mark.parametrize(
        "told", [None, {}, {"exempt": False}, {"number": None, "decided": None}], ids=repr
    )
    def test_for_prior_authorization(self, told: dict[str, Any] | None) -> None:
        data = {**CLAIM, "prior_authorization": told}

        assert exact(fast.read(json.dumps(data), Claim)) == exact(first.from_data(data, Claim))


class TestEveryFieldIsRead:
    """A field that is added to a record is added to both doors."""

    @pytest.mark.parametrize("record", RECORDS)
    def test_the_parts_have_the_fields_of_the_records(self, record: type) -> None:
        fields = tuple(field.name for field in attrs.fields(record))

        assert getattr(fast, f"_{record.__name__}").__struct_fields__ == fields

    def test_the_flat_form_has_those_of_both(self) -> None:
        both = {field.name for kind in (Session, Treatment) for field in attrs.fields(kind)}

        assert set(fast._FlatSession.__struct_fields__) == both - {"treatments"}

    @pytest.mark.parametrize(("data", "kind"), [(SESSION, Session), (CLAIM, Claim)])
    def test_no_field_keeps_its_default(self, data: dict[str, Any], kind: Kind) -> None:
        def walk(record: Any) -> None:  # noqa: ANN401
            for field in attrs.fields(type(record)):
                value = getattr(record, field.name)
                assert value != field.default, field.name
                for part in value if isinstance(value, tuple) else [value]:
                    if attrs.has(type(part)):
                        walk(part)

        record = fast.read(json.dumps(data), kind)

        walk(record)
        assert exact(record) == exact(first.from_data(data, kind))


class TestWithoutMsgspec:
    def test_it_names_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "msgspec", None)
        monkeypatch.delitem(sys.modules, "cptfacet.interop.fast")

        with pytest.raises(ImportError) as caught:
            importlib.import_module("cptfacet.interop.fast")

        assert caught.value == MissingExtraError(extra="fast", needs="msgspec")
        assert 'pip install "cptfacet[fast]"' in str(caught.value)

    def test_nothing_else_needs_it(self) -> None:
        probe = (
            "import sys; sys.modules['msgspec'] = None; import cptfacet.cli, cptfacet.interop.json"
        )

        subprocess.run([sys.executable, "-c", probe], check=True)
