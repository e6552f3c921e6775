"""The packaged files are those that were released, or one error names the file that is not."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import cptfacet
from cptfacet import _data
from cptfacet.errors import DataFileError
from tools import manifest, official

NAMES = sorted(_data.manifest())
RUN = "; run `nox -s regenerate`"


def test_the_manifest_is_that_of_the_files() -> None:
    written = (manifest.FOLDER / _data.MANIFEST).read_text(encoding="utf-8")

    assert written == manifest.manifest(), f"a data file has changed{RUN}"


def test_the_official_rows_are_those_that_were_compared() -> None:
    """What is official was compared with the official files, which few checkouts have beside them."""
    compared = official.RECORD.read_text(encoding="utf-8").splitlines()
    changed = sorted(set(official.record().splitlines()) ^ set(compared))

    assert not changed, (
        "official rows have changed; put the official files in ../shared and run"
        f" `python -m tools.official`: {changed}"
    )


def test_the_official_rows_are_all_of_what_is_compared() -> None:
    """An indicator that a pair edit does not have is seen."""
    pairs = _data.read_text("edits/pairs.csv")
    name = "edits/pairs.csv"
    with pytest.MonkeyPatch.context() as patched:
        changed = pairs.replace(",0,", ",1,", 1)
        patched.setattr(
            _data, "read_text", lambda n: changed if n == name else _data.read_bytes(n).decode()
        )
        different = set(official.record().splitlines())
    assert len(different ^ set(official.record().splitlines())) == 2


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the packaged data."""
    folder = tmp_path_factory.mktemp("package") / "data"
    shutil.copytree(manifest.FOLDER, folder)
    return folder


@pytest.fixture
def damaged(copied: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Read the data from the copy."""
    monkeypatch.setattr(_data, "root", lambda: copied)
    _data.manifest.cache_clear()
    yield copied
    _data.manifest.cache_clear()


def harm(path: Path, way: str) -> None:
    data = path.read_bytes()
    if way == "deleted":
        path.unlink()
    elif way == "emptied":
        path.write_bytes(b"")
    elif way == "halved":
        path.write_bytes(data[: len(data) // 2])
    elif way == "cut by a line":
        path.write_bytes(data[: data.rstrip(b"\n").rindex(b"\n") + 1])
    elif way == "a byte":
        path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    else:
        path.write_bytes(data + b"\xff\n")


WAYS = ["deleted", "emptied", "halved", "cut by a line", "a byte", "longer"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_named(damaged: Path, name: str, way: str) -> None:
    path = damaged / name
    whole = path.read_bytes()
    assert _data.read_bytes(name) == whole
    harm(path, way)
    try:
        with pytest.raises(DataFileError) as error:
            _data.read_text(name)
    finally:
        path.write_bytes(whole)

    assert error.value.file == name
    assert str(error.value).startswith(f"the packaged data file {name} can't be used: it ")


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_manifest_is_named(damaged: Path, way: str) -> None:
    path = damaged / _data.MANIFEST
    whole = path.read_bytes()
    harm(path, way)
    _data.manifest.cache_clear()
    try:
        if way == "a byte":  # of its head, which names the columns alone
            assert set(_data.manifest()) == set(NAMES)
            return
        with pytest.raises(DataFileError) as error:
            _data.read_text(NAMES[0])
    finally:
        path.write_bytes(whole)

    assert error.value.file == _data.MANIFEST


def test_other_line_ends_are_no_damage(damaged: Path) -> None:
    for name in NAMES:
        path = damaged / name
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b"\n", b"\r\n"))
        assert _data.read_text(name) == whole.decode()
        path.write_bytes(whole)


def test_a_file_that_is_not_listed_is_not_read(damaged: Path) -> None:
    (damaged / "policies" / "mine.toml").write_text("")

    with pytest.raises(DataFileError, match=r"manifest\.csv does not list it"):
        _data.read_bytes("policies/mine.toml")


READ_ALL = """
import datetime as dt
import json
import cptfacet
from cptfacet import _data, checking, policies
from cptfacet.reference import packaged

read, opened = set(), _data._opened
_data._opened = lambda name: read.add(name) or opened(name)
data = packaged()
for name in dir(data):
    table = getattr(data, name)
    if hasattr(table, "__iter__"):
        list(table)
for policy in map(policies.get, policies.ids()):
    policy.extends
checking.all_rules()
for kind in cptfacet.ClaimType:
    session = cptfacet.parse_session(
        date="2026-03-02", technique="mbb", purpose="diagnostic", guidance="ct", claim_type=kind,
        joints=["L4-5:left", "L5-S1:left"], diagnoses=["M47.816"],
        location=cptfacet.Location(zip="10001"),
    )
    coded = cptfacet.code_session(session, policy="medicare")
    coded.explain()
    claim = cptfacet.Claim(
        claim_type=kind, date=dt.date(2026, 3, 2), place_of_service="11", diagnoses=("M47.816",),
        lines=(*coded.claim.lines, cptfacet.parse_line("62323"), cptfacet.parse_line("64494-50")),
    )
    cptfacet.check_claim(claim, policy="medicare-jk", session=session)
try:
    cptfacet.parse_session(date="2026-03-02", technique="mbb", nerves=["no such nerve"])
except cptfacet.CptfacetError:
    pass
for diagnosis in ("M47.816", "M54.50"):
    data.diagnosis(diagnosis, on=dt.date(2026, 3, 2))
    data.spine_part(diagnosis)
print(json.dumps(sorted(read)))
"""
CLAIM = {
    "claim_type": "professional", "date": "2026-03-02", "place_of_service": "11",
    "diagnoses": ["M47.816"], "policy": "medicare", "location": {"zip": "10001"},
    "lines": [{"code": "64493", "modifiers": ["RT"]}, {"code": "64494", "units": 2}],
}  # fmt: skip


def run(package: Path, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        input=stdin, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(package)},
    )  # fmt: skip


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the package."""
    folder = tmp_path_factory.mktemp("site")
    source = Path(cptfacet.__file__).parent
    shutil.copytree(source, folder / "cptfacet", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.slow
def test_every_file_is_read_through_the_one_door(package: Path) -> None:
    ran = run(package, "-c", READ_ALL)

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == sorted([*NAMES, _data.MANIFEST])


@pytest.mark.slow
@pytest.mark.parametrize("way", ["emptied", "halved", "deleted"])
@pytest.mark.parametrize(
    "name", ["edits/mue.csv", "places/zips.csv", "policies/medicare.toml", "rules/units.toml"]
)
def test_the_terminal_has_one_error(package: Path, name: str, way: str) -> None:
    path = package / "cptfacet" / "data" / name
    whole = path.read_bytes()
    harm(path, way)
    claims = f"{json.dumps(CLAIM)}\n" * 3
    ran = run(package, "-m", "cptfacet", "check", "-", "--format", "json", stdin=claims)
    path.write_bytes(whole)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"cptfacet: the packaged data file {name} can't be used: it ")
    assert ran.stderr.count("\n") == 1
