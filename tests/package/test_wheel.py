"""The built wheel: what it holds, and that it works alone in a fresh environment and from a zip."""

import json
import os
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import Distribution, distributions
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest

import cptfacet

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "cptfacet"

Run = Callable[..., str]

SESSION = (
    *("code", "--policy", "medicare", "--technique", "mbb", "--purpose", "diagnostic"),
    *("--guidance", "fluoroscopy"),
    *("--joint", "L4-5:both", "--date", "2026-03-02"),
)


def first_code(answer: str) -> str:
    """Return the code of the first claim line of what `cptfacet code` printed."""
    code = json.loads(answer)["claim"]["lines"][0]["code"]
    assert isinstance(code, str)
    return code


@pytest.fixture(scope="session")
def metadata(wheel: Path) -> Distribution:
    """Return the wheel's own metadata, as an installer reads them."""
    (found,) = distributions(name="cptfacet", path=[str(wheel)])
    return found


def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """Every module and data file of the package, and no test, document or tool beside it."""
    ours = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert held == ours
    assert "cptfacet/py.typed" in held
    assert any(name.startswith("cptfacet/data/") for name in held)


def test_metadata(metadata: Distribution) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [line for line in metadata.requires or () if "extra ==" not in line]

    assert metadata.metadata["Name"] == "cptfacet"
    assert project["dynamic"] == ["version"]
    assert metadata.version == cptfacet.__version__
    assert metadata.metadata["License-Expression"] == "Apache-2.0"
    assert metadata.metadata.get_all("License-File") == ["LICENSE", "NOTICE"]
    assert metadata.metadata["Requires-Python"] == ">=3.11"
    assert sorted(needed) == ["attrs>=25.4", "cattrs>=26.1", "importlib-resources>=6.5"]


def test_works_in_a_fresh_environment(wheel: Path, run: Run, tmp_path: Path) -> None:
    """One test, because making the environment is the slow part."""
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    programs = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)

    alone = "from importlib.util import find_spec; print(find_spec('pytest'))"
    assert run(python, "-c", alone, cwd=tmp_path).strip() == "None"
    assert run(python, "-c", "import cptfacet", cwd=tmp_path) == ""
    assert "64493" in run(python, "-m", "cptfacet", "show", "64493", cwd=tmp_path)
    assert first_code(run(programs / "cptfacet", *SESSION, cwd=tmp_path)) == "64493"


def test_works_from_a_zip(wheel: Path, run: Run, tmp_path: Path) -> None:
    """The wheel itself is on the path, not unpacked; -S keeps this run's own cptfacet out."""
    specs = [find_spec(name) for name in ("attrs", "cattrs", "importlib_resources")]
    homes = {str(Path(spec.origin).parents[1]) for spec in specs if spec and spec.origin}
    path = os.pathsep.join([str(wheel), *sorted(homes)])
    python = (sys.executable, "-S")

    where = run(
        *python, "-c", "import cptfacet; print(cptfacet.__file__)", cwd=tmp_path, PYTHONPATH=path
    )
    coded = run(*python, "-m", "cptfacet", *SESSION, cwd=tmp_path, PYTHONPATH=path)

    assert where.startswith(str(wheel))
    assert first_code(coded) == "64493"
