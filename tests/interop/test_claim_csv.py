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
from unittest import mock

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cptfacet.claims import Claim, ClaimLine, ClaimType, Purpose
from cptfacet.cli import main
from cptfacet.coding import CodedSession, code_session
from cptfacet.errors import DocumentError, Problem
from cptfacet.interop.claim_csv import COLUMNS, read_claims
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
        named = st.none() | st.text(min_size=1).filter(
            lambda text: text == text.strip() and text.isprintable()
        )
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
