"""The built wheel, and how a command is run outside the checkout: for every test of the package."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
collect_ignore = ["downstream"]  # a project of its own; test_downstream.py runs its tests


def outside(*command: str | Path, cwd: Path, **env: str) -> str:
    """Run a command outside the checkout and without what this run has in its environment."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    answer = subprocess.run(
        command, check=False, capture_output=True, encoding="utf-8", cwd=cwd, env=clean | env
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.fixture(scope="session")
def run() -> Callable[..., str]:
    """Run a command outside the checkout."""
    return outside


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel once."""
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    outside(*build, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built
