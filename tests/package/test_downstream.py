"""A project that stands on cptfacet: its tests run with what the wheel and its extra bring."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).with_name("downstream")
PLAN = Path("src", "exampleclinic", "example-plan.toml")


@pytest.fixture(scope="module")
def python(wheel: Path, run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment with the wheel, its extra and pytest, and nothing of this one."""
    folder = tmp_path_factory.mktemp("downstream")
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    wanted = (f"cptfacet[strategies] @ {wheel.as_uri()}", "pytest", "hatchling>=1.27")
    run(programs / "python", "-m", "pip", "install", "--quiet", *wanted, cwd=folder)
    return programs / "python"


def check(python: Path, folder: Path, *change: str) -> tuple[int, str]:
    """Run the tests of a copy of the project, installed; give the exit code and what was printed."""
    project = folder / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    if change:
        before, after = change
        plan = (project / PLAN).read_text(encoding="utf-8")
        assert before in plan
        (project / PLAN).write_text(plan.replace(before, after), encoding="utf-8")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    install = (python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation")
    subprocess.run([*install, "--force-reinstall", project], check=True, env=clean, cwd=folder)
    answer = subprocess.run(
        [python, "-m", "pytest", "-v", "-p", "no:cacheprovider"],
        check=False,
        capture_output=True,
        encoding="utf-8",
        cwd=project,
        env=clean,
    )
    return answer.returncode, answer.stdout + answer.stderr


def test_its_tests_pass(python: Path, tmp_path: Path) -> None:
    """The strategies are found by type alone, and each law of the policy is a test."""
    code, printed = check(python, tmp_path)
    passed = set(re.findall(r"::(test_\w+) PASSED", printed))

    assert code == 0, printed
    assert "TestExamplePlan" in printed
    assert "test_every_session_is_billed_or_says_why" in passed
    assert "test_bilateral_levels_use_the_laterality_format_of_the_policy" in passed
    assert len(passed) >= 15
    assert "SKIPPED" not in printed


def test_a_broken_policy_file_fails_them(python: Path, tmp_path: Path) -> None:
    """A plan that cites nothing is not even loaded, and the error says where."""
    code, printed = check(python, tmp_path, 'citations = ["example-manual"]', "citations = []")

    assert code != 0
    assert "policy file example-plan.toml can't be used" in printed
    assert "no source is cited" in printed


def test_a_lawless_policy_file_fails_them(python: Path, tmp_path: Path) -> None:
    """A source without a title can be loaded, and breaks a law."""
    title = '"Provider manual, section on bilateral procedures"'
    code, printed = check(python, tmp_path, f"title = {title}", 'title = ""')

    assert code == 1
    assert "test_every_provision_resolves_its_citations FAILED" in printed
    assert "cites a source without id or title" in printed
