"""The benchmarks run from a checkout and print every row; how fast anything is, no test says."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
COMPARED = {
    "import cptfacet": 1.5,
    "make a ClaimLine": 1.5,
    "JSON to Claim, cattrs door": 0.8,
    "JSON to Claim, fast door": 4,
    "code_session": 10,
    "decode_claim": 10,
}
FOR_INFORMATION = (
    "code_session, all new, 1 joint",
    "code_session, all new, 2 joints",
    "code_session, all new, 3 joints",
    "decode_claim, all new",
    "policy.get",
)


@pytest.fixture(scope="module")
def printed() -> list[str]:
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--rounds", "2"],
        check=True,
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    return answer.stdout.splitlines()


def cells(printed: list[str], what: str) -> list[str]:
    (row,) = [line for line in printed if re.match(rf"{what} +[\d-]", line)]
    return row.removeprefix(what).split()


def test_documents_are_counted(printed: list[str]) -> None:
    numbers = [int(word) for word in printed[0].split() if word.isdigit()]

    assert len(numbers) == 4
    assert all(numbers)


@pytest.mark.parametrize("what", COMPARED)
def test_a_row_has_its_ratio_and_what_it_is_allowed(printed: list[str], what: str) -> None:
    ratio, allowed, *rest = cells(printed, what)
    if find_spec("cptfacet.interop.fast") is None and "fast" in what:
        assert (ratio, allowed) == ("left", "out:")
        assert rest
        return
    least, most, own, other = map(float, rest[:4])

    assert float(allowed) == COMPARED[what]
    assert 0 < least <= float(ratio) <= most
    assert own > 0
    assert other > 0


@pytest.mark.parametrize("what", FOR_INFORMATION)
def test_a_row_for_information_has_its_time(printed: list[str], what: str) -> None:
    assert next(float(cell) for cell in cells(printed, what) if cell != "-") > 0


def test_the_import_says_what_it_touched(printed: list[str]) -> None:
    (said,) = [line for line in printed if "fresh interpreter" in line]

    assert said.endswith("touched: none")
