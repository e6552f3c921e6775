"""Claims in CSV: what is read, what is told, and that what is written comes back."""

import contextlib
import csv
import datetime as dt
import io
import itertools
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar
from unittest import mock

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cptfacet.claims import Claim, ClaimFrequency, ClaimLine, ClaimType, Purpose
from cptfacet.cli import main
from cptfacet.coding import CodedSession, code_session
from cptfacet.errors import DocumentError, Problem
from cptfacet.interop.claim_csv import (
    ALSO,
    COLUMNS,
    harmless,
    read_claims,
    read_rows,
    row_text,
)
from cptfacet.interop.json import dump
from cptfacet.policies import get
from cptfacet.sessions import Session
from cptfacet.strategies import sessions

HEAD = "claim_id,claim_type,date,code,mod1,units,charge\n"


def read(text: str) -> list[Claim | DocumentError]:
    return list(read_claims(text.splitlines(keepends=True)))


def written(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def problems(answer: Claim | DocumentError) -> list[str]:
    assert isinstance(answer, DocumentError)
    return [str(problem) for problem in answer.problems]


class TestClaims:
    """The contract of CSV: a header, columns in any order, the rows of a claim adjacent."""

    def test_every_column_is_read(self) -> None:
        row = {
            "claim_id": "a",
            "line": "1",
            "claim_type": "asc-facility",
            "place_of_service": "24",
            "date": "2026-03-02",
            "purpose": "diagnostic",
            "policy": "medicare",
            "provider": "p",
            "code": "0213t",
            **{f"mod{n}": f"{n}a" for n in range(1, 5)},
            "units": "2",
            "charge": "410.50",
            **{f"dx{n}": f"m47.8{n}" for n in range(1, 13)},
            "frequency": "7",
            "replaces": "first",
        }
        assert set(row) == set(COLUMNS)

        assert read(written([list(row), list(row.values())])) == [
            Claim(
                claim_type=ClaimType.ASC_FACILITY,
                lines=(
                    ClaimLine(
                        code="0213T",
                        modifiers=("1A", "2A", "3A", "4A"),
                        units=2,
                        charge=Decimal("410.50"),
                        diagnoses=tuple(f"M47.8{n}" for n in range(1, 13)),
                        provider="p",
                    ),
                ),
                place_of_service="24",
                date=dt.date(2026, 3, 2),
                purpose=Purpose.DIAGNOSTIC,
                policy="medicare",
                id="a",
                frequency=ClaimFrequency.REPLACEMENT,
                replaces="first",
            )
        ]

    def test_rows_of_a_claim_stand_together(self) -> None:
        rows = ["a,professional,2026-03-02,64493,RT,1,", "a,professional,2026-03-02,64494,RT,1,"]
        answers = read(HEAD + "\n".join([*rows, "b" + rows[0][1:]]))

        assert [len(claim.lines) for claim in answers if isinstance(claim, Claim)] == [2, 1]

    def test_units_may_be_wrong(self) -> None:
        texts = ("", "0", "-1", "0.5", "1" + "0" * 30, "1e2", "2.0")
        answers = read(
            HEAD + "".join(f"{n},professional,,64493,,{u},\n" for n, u in enumerate(texts))
        )

        assert [claim.lines[0].units for claim in answers if isinstance(claim, Claim)] == [
            *(None, 0, -1, Decimal("0.5"), 10**30, Decimal(100), Decimal("2.0")),
        ]

    def test_claims_without_an_id_count_their_rows(self) -> None:
        head = "claim_id,line,claim_type,code\n"
        answers = read(
            head + ",1,professional,64493\n,2,professional,64494\n,1,professional,64493\n"
        )

        assert [len(claim.lines) for claim in answers if isinstance(claim, Claim)] == [2, 1]

    @pytest.mark.parametrize("mark", ["", "\N{ZERO WIDTH NO-BREAK SPACE}"])
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_the_ends_of_lines_and_the_mark(self, mark: str, end: str) -> None:
        text = mark + HEAD + "a,professional,2026-03-02,64493,RT,1,410.00\n\n"

        assert read(text.replace("\n", end)) == read(text.removeprefix(mark))
        assert len(read(text)) == 1


class TestProblems:
    """Whatever can't be read is told with its row and column, all at once, and no row is skipped."""

    def test_all_at_once_and_the_run_goes_on(self) -> None:
        bad, good = read(
            HEAD
            + "a,profesional,03/02/2026,64493,RT,two,1.2.3\n"
            + "b,professional,2026-03-02,64493,RT,1,\n"
        )

        assert [text.split(":")[0] for text in problems(bad)] == [
            *("row 2, claim_type", "row 2, date", "row 2, units", "row 2, charge"),
        ]
        assert isinstance(good, Claim)

    @pytest.mark.parametrize(
        ("rows", "told"),
        [
            (
                ["a,professional,,64493,,1,,extra"],
                ["row 2: it has 8 cells, but the header has 7"],
            ),
            (["a,professional,,64493"], ["row 2: it has 4 cells, but the header has 7"]),
            (["a,,,64493,,1,"], ["row 2, claim_type: it is missing"]),
            ([",professional,,64493,,1,"], ["row 2, claim_id: it is missing"]),
            (["a,professional,,64493,,1e400,"], ["row 2, units: it is larger"]),
            (["a,professional,,64493,,NaN,"], ["row 2, units: 'NaN' is not a number"]),
            (["a,professional,,64493,,1_0,"], ["row 2, units: '1_0' is not a number"]),
            (["a,professional,,64493,,1,1e3"], ["row 2, charge: '1e3' is not an amount"]),
            (
                ["a,professional,,64493,,1,", "a,asc-facility,,64494,,1,"],
                ["row 3, claim_type: it differs from the first row"],
            ),
            (
                ["a,professional,,64493,,1,", "b,professional,,64493,,1,", "a,professional,,1,,1,"],
                ["row 4, claim_id: rows of this claim are not together (see row 2)"],
            ),
        ],
    )
    def test_of_rows(self, rows: list[str], told: list[str]) -> None:
        answers = read(HEAD + "\n".join(rows))
        found = [text for a in answers if isinstance(a, DocumentError) for text in problems(a)]

        assert len(found) == len(told), found
        assert all(map(str.startswith, found, told)), found

    @pytest.mark.parametrize("numbers", [("2",), ("1", "1"), ("1", "3"), ("0",), ("one",)])
    def test_of_numbers_that_findings_would_not_have(self, numbers: tuple[str, ...]) -> None:
        rows = [["claim_id", "line", "claim_type", "code"]]
        rows += [["a", number, "professional", "64493"] for number in numbers]
        (answer,) = read(written(rows))

        place = len(numbers)
        told = f"it is line {place} of its claim; write {place}, or leave the column out"
        assert problems(answer) == [f"row {place + 1}, line: {told}"]

    @pytest.mark.parametrize("text", ["", "\n", "Jane Doe,2026-03-02,64493\n"])
    def test_without_a_header_nothing_of_the_row_is_shown(self, text: str) -> None:
        with pytest.raises(DocumentError, match="row 1: it names none of these columns") as error:
            read(text)

        assert "Jane" not in str(error.value)

    @pytest.mark.parametrize(
        "row",
        [
            'a,professional,,"64493,,1,\n',
            'a,professional,,"64493"x,,1,\n',
            "a,professional,," + "x" * 1_000_000 + ",,1,\n",
            'a,professional,,"' + "x\n" * 1_000_000,
        ],
    )
    def test_what_is_no_csv_ends_in_one_error(self, row: str) -> None:
        answers = read_claims(
            (HEAD + "b,professional,,64493,,1,\n" + row).splitlines(keepends=True)
        )

        with pytest.raises(DocumentError, match=r"row \d+: it is not CSV: ") as error:
            list(answers)
        assert len(str(error.value)) < 200

    def test_nobody_is_named(self) -> None:
        head = "claim_id,claim_type,code,provider,units,date\n"
        row = "Jane,professional,64493,Doe,x,y\n"
        for answer in read(head + row + "b,professional,64493,,1,\n" + row):
            assert not {"Jane", "Doe"} & set(str(answer).replace("'", " ").split())


class TestWhatIsWritten:
    """The rows that ``cptfacet code --format csv`` writes are the claims that coding answers."""

    @given(listed=st.lists(sessions(), min_size=1, max_size=3), ids=st.data())
    def test_comes_back(self, listed: list[Session], ids: st.DataObject) -> None:
        named = st.none() | st.text(min_size=1).filter(lambda text: text == text.strip(" "))
        listed = [
            attrs.evolve(s, id=i and f"{n}{i}" if n else i, policy=None, location=None)
            for n, (s, i) in enumerate((s, ids.draw(named)) for s in listed)
        ]
        assume(len({s.id for s in listed if s.id}) == sum(s.id is not None for s in listed))
        coded = [code_session(session, policy=get("medicare")) for session in listed]
        text = terminal(
            "".join(dump(session) + "\n" for session in listed),
            "code", "-", "--policy", "medicare", "--format", "csv",
        )  # fmt: skip

        assert read(text) == [answer.claim for answer in coded if isinstance(answer, CodedSession)]


def terminal(stdin: str, *argv: str) -> str:
    out = io.StringIO()
    with (
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()))),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        main(argv)
    return out.getvalue()


class TestAnyText:
    """Whatever a file holds, each claim of it is answered: read, or told what is wrong."""

    cells = st.text(st.sampled_from("'=+-@ \0\"\n,a1eE._\N{SNOWMAN}")) | st.sampled_from(
        ["professional", "64493", "2026-03-02", "50", "1", "1e999999999", "0001-01-01", "9" * 500]
    )

    @given(rows=st.lists(st.lists(cells, min_size=7, max_size=7), max_size=5))
    def test_cells(self, rows: list[list[str]]) -> None:
        rows = [row for row in rows if any(row)]
        answers = read(HEAD + written(rows))

        lines = sum(len(a.lines) for a in answers if isinstance(a, Claim))
        assert lines <= len(rows)
        assert len(answers) <= len(rows)
        assert bool(answers) == bool(rows)
        for answer in answers:
            if isinstance(answer, Claim):
                json.loads(dump(answer))
            else:
                assert all(isinstance(problem, Problem) for problem in answer.problems)

    @given(text=st.text())
    def test_text(self, text: str) -> None:
        for head in ("", HEAD):
            with contextlib.suppress(DocumentError):
                read(head + text)

    def test_an_endless_file_is_read_as_it_comes(self) -> None:
        taken = itertools.count()

        def endless() -> Iterator[str]:
            yield HEAD
            for number in taken:
                yield f"{number // 2},professional,2026-03-02,64493,RT,1,\n"

        claims = list(itertools.islice(read_claims(endless()), 1000))
        assert all(isinstance(claim, Claim) for claim in claims)
        assert next(taken) <= 2 * 1000 + 2


class TestOtherNames:
    """What other files call the columns, and how they write what a cell holds."""

    def test_each_other_name_is_read_as_its_column(self) -> None:
        cells = {
            "claim_id": "a", "claim_type": "professional", "place_of_service": "11",
            "date": "2026-03-02", "code": "64493", "modifiers": "RT", "units": "2",
            "charge": "9.5", "diagnoses": "M47.816", "provider": "p",
        }  # fmt: skip
        (plain,) = read(written([list(cells), list(cells.values())]))
        assert isinstance(plain, Claim)
        assert plain.lines[0].modifiers == ("RT",)
        for other, column in ALSO.items():
            for name in (other, other.upper(), f" {other.replace('_', ' ').title()} "):
                head = [name if column == each else each for each in cells]
                assert read(written([head, list(cells.values())])) == [plain], name

    def test_no_column_has_the_name_of_another(self) -> None:
        assert not set(ALSO) & {*COLUMNS, "modifiers", "diagnoses"}

    @pytest.mark.parametrize("name", ["{}{}", "{} {}", "{}_{}", "{}_0{}", "{}-{}"])
    @pytest.mark.parametrize(
        ("kind", "column", "most"),
        [("Mod", "mod", 4), ("modifier", "mod", 4), ("DX", "dx", 12), ("Diagnosis", "dx", 12)],
    )
    def test_numbered_columns(self, name: str, kind: str, column: str, most: int) -> None:
        head = ["claim_id", "claim_type", "code"]
        row = ["a", "professional", "64493"]
        for number in range(1, most + 1 if "0" not in name else min(most, 9) + 1):
            ours = read(written([[*head, f"{column}{number}"], [*row, "X1"]]))
            theirs = read(written([[*head, name.format(kind, number)], [*row, "X1"]]))
            assert ours == theirs

    @pytest.mark.parametrize(
        "text", ["RT KX", "rt-kx", "RT,KX", "RT;KX", " RT: KX ", "RT/KX", "RT|KX"]
    )
    def test_several_modifiers_in_a_cell(self, text: str) -> None:
        head = ["claim_id", "claim_type", "code", "mods", "dx"]
        (claim,) = read(written([head, ["a", "professional", "64493", text, "M47.816; M54.50"]]))

        assert isinstance(claim, Claim)
        assert claim.lines[0].modifiers == ("RT", "KX")
        assert claim.lines[0].diagnoses == ("M47.816", "M54.50")

    @pytest.mark.parametrize(
        ("head", "told"),
        [
            ("claim_id,claim_type,code,cpt", "cpt: this column occurs twice: code is code too"),
            ("claim_id,claim_type,code,mods,mod1", "mods: there is also mod1; use modifiers, or"),
            ("claim_id,claim_type,code,unit", "unit: unknown column; did you mean units?"),
            ("claim_id,claim_type,code,paid", "paid: unknown column; known here: claim_id, "),
        ],
    )
    def test_columns_that_can_not_be_used(self, head: str, told: str) -> None:
        with pytest.raises(DocumentError) as refused:
            read(head)

        (problem,) = refused.value.problems
        assert str(problem).startswith(told.replace(": code is code too", ""))

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    @pytest.mark.parametrize("mark", ["", "\N{ZERO WIDTH NO-BREAK SPACE}", "\n\n"])
    def test_whatever_divides_the_columns(self, delimiter: str, mark: str) -> None:
        out = io.StringIO()
        rows = [["claim_id", "claim_type", "code", "charge"], ["a,b;c", "asc", "64493", "1,200.00"]]
        csv.writer(out, delimiter=delimiter).writerows(rows)
        (claim,) = read(mark + out.getvalue())

        assert isinstance(claim, Claim)
        assert (claim.id, claim.lines[0].charge) == ("a,b;c", Decimal(1200))

    @pytest.mark.parametrize(
        ("text", "amount"),
        [
            ("$900.00", "900.00"), ("1,200.00", "1200.00"), ("$ 1,234,567", "1234567"),
            ("1200", "1200"), ("-5.00", "-5.00"), ("0.5", "0.5"),
        ],
    )  # fmt: skip
    def test_amounts(self, text: str, amount: str) -> None:
        head = ["claim_id", "claim_type", "code", "charge"]
        (claim,) = read(written([head, ["a", "asc", "64493", text]]))

        assert isinstance(claim, Claim)
        assert claim.lines[0].charge == Decimal(amount)

    @pytest.mark.parametrize(
        "text",
        ["900,00", "1.200,00", "12,00.00", "(900.00)", "USD 9", "1,2000", "$", "1e3", "9.0.0"],
    )
    def test_amounts_that_could_be_another(self, text: str) -> None:
        head = ["claim_id", "claim_type", "code", "charge"]
        (wrong,) = read(written([head, ["a", "asc", "64493", text]]))

        assert "is not an amount; write it as 123.45" in problems(wrong)[0]

    @pytest.mark.parametrize(
        ("column", "text", "right"),
        [("code", "64493.0", "64493"), ("mod1", "50.0", "50"), ("pos", "2.0", "02")],
    )
    def test_codes_that_a_spreadsheet_has_read_as_numbers(
        self, column: str, text: str, right: str
    ) -> None:
        row = {"claim_id": "a", "claim_type": "asc", "code": "64493", "mod1": "", "pos": ""}
        spoiled, clean = (
            read(written([list(row), list((row | {column: each}).values())]))
            for each in (text, right)
        )

        assert spoiled == clean


NOTHING = (None, float("nan"), Decimal("NaN"), Decimal("sNaN"), type("NaTType", (), {})())


class TestRows:
    """The rows of a data frame are read as the rows of the CSV that they would be."""

    ROW: ClassVar[dict[str, Any]] = {
        "claim_id": 7, "claim_type": "asc", "pos": 24.0, "dos": dt.datetime(2026, 3, 2),  # noqa: DTZ001
        "cpt": 64493.0, "mods": ["RT", 59], "qty": 1.0, "charge": 900.5, "dx": ["M47.816"],
    }  # fmt: skip

    def test_as_csv(self) -> None:
        head = "claim_id,claim_type,pos,dos,cpt,mods,qty,charge,dx\n"
        row = "7,asc,24,2026-03-02,64493,RT 59,1,900.5,M47.816\n"

        assert list(read_rows([self.ROW])) == read(head + row)

    @pytest.mark.parametrize("nothing", NOTHING, ids=["None", "nan", "NaN", "sNaN", "NaT"])
    @pytest.mark.parametrize("column", ["pos", "dos", "mods", "qty", "charge", "dx"])
    def test_what_is_not_given(self, column: str, nothing: object) -> None:
        left_out = {name: value for name, value in self.ROW.items() if name != column}

        assert list(read_rows([self.ROW | {column: nothing}])) == list(read_rows([left_out]))

    def test_numbers(self) -> None:
        row = {"claim_id": 1, "claim_type": "asc", "code": 64493, "pos": 2, "provider": 12345.0}
        (claim,) = read_rows([row | {"units": Fraction(1), "charge": Decimal("1.50")}])

        assert isinstance(claim, Claim)
        assert claim.lines[0] == ClaimLine(code="64493", provider="12345", charge=Decimal("1.50"))
        assert claim.place_of_service == "02"

    @pytest.mark.parametrize(
        ("column", "value", "told"),
        [
            ("dos", dt.datetime(2026, 3, 2, 10), "rows[0].date: it has a time of day"),  # noqa: DTZ001
            ("dos", dt.datetime(2026, 3, 2, tzinfo=dt.UTC), "rows[0].date: it has a time of day"),
            ("dos", 20260302, "rows[0].date: '20260302' is not a date: write it as YYYY-MM-DD"),
            ("qty", True, "rows[0].units: it is of the type bool; write text, a number or a date"),
            ("qty", float("inf"), "rows[0].units: 'inf' is not a number"),
            ("cpt", {}, "rows[0].code: it is of the type dict"),
            ("mods", [[]], "rows[0].modifiers: it is of the type list"),
            ("mods", [b"RT"], "rows[0].modifiers: it is of the type bytes"),
            ("claim_type", None, "rows[0].claim_type: it is missing"),
        ],
    )
    def test_what_can_not_be_read(self, column: str, value: object, told: str) -> None:
        (answer,) = read_rows([self.ROW | {column: value}])

        assert problems(answer)[0].startswith(told)

    def test_later_rows_may_leave_columns_out(self) -> None:
        second = {"claim_id": 7, "claim_type": "asc", "cpt": "64494"}
        (claim,) = read_rows([self.ROW, second])

        assert isinstance(claim, Claim)
        assert [line.code for line in claim.lines] == ["64493", "64494"]

    def test_other_columns(self) -> None:
        rows: Any = [{**self.ROW, "patient": object(), 4: object()}]

        assert list(read_rows(rows, ignore_unknown=True)) == list(read_rows([self.ROW]))
        with pytest.raises(DocumentError, match="The rows can't be read:\n  patient: unknown"):
            list(read_rows(rows))

    @pytest.mark.parametrize("rows", ["a.csv", ["a"], {"claim_id": [1]}, [["a", "b"]], 5])
    def test_what_is_not_rows(self, rows: Any) -> None:  # noqa: ANN401
        with pytest.raises(TypeError, match=r'write frame.to_dict\("records"\)'):
            list(read_rows(rows))


@given(st.text(), st.text())
def test_two_texts_are_never_one_cell(one: str, other: str) -> None:
    assert (harmless(one) == harmless(other)) is (one == other)


@pytest.mark.parametrize("text", ["\\x00", "\0", "\\\\x00", "\\", "\\\\", "a\tb", "\\u2028\u2028"])
def test_what_can_not_be_printed_comes_back(text: str) -> None:
    head = "claim_id,claim_type,code"
    (claim,) = read_claims([head + "\n", row_text([text, "asc", "64493"]) + "\n"])

    assert isinstance(claim, Claim)
    assert claim.id == text
    assert row_text([text]).isprintable()


@pytest.mark.parametrize("sign", "=+-@\uff1d\uff0b\uff0d\uff20")
@pytest.mark.parametrize("before", ["", " ", "'", "a;", "a; ", "\t"])
def test_no_formula_is_written(sign: str, before: str) -> None:
    cell = harmless(f"{before}{sign}1")

    assert not any(part.strip().startswith(sign) for part in cell.split(";"))
    assert ";" not in cell or row_text([f"{before}{sign}1"]).startswith('"')
