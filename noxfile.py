"""The commands of this project: ``nox --list`` names them, CONTRIBUTING.md explains when to use each.

Every session runs in the environment that has nox and the groups `dev` and `docs`. Nothing is
installed twice, so a session takes only as long as its command.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "fast"]

ROOT = Path(__file__).parent
LOCK = ROOT / "constraints.txt"
GROUPS = ("--group", "dev", "--group", "docs")
PYTEST = ("pytest", "-n", "auto", "--dist", "worksteal")  # the longest tests are neighbors


def run(session: nox.Session, *command: str) -> None:
    """Run a module of this environment, wherever its programs are on the path or not."""
    session.run(sys.executable, "-m", *command)


@nox.session
def fast(session: nox.Session) -> None:
    """Run the tests that answer within half a minute."""
    run(session, *PYTEST, "-m", "not slow", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests, or those given after ``--``."""
    run(session, *PYTEST, *session.posargs)


@nox.session
def exhaustive(session: nox.Session) -> None:
    """Run the tests that code a whole space, which the others only cross; before a release."""
    run(session, *PYTEST, "-m", "exhaustive", *session.posargs)


@nox.session
def fix(session: nox.Session) -> None:
    """Format the code and fix what ruff can fix."""
    run(session, "ruff", "check", "--fix", *session.posargs)
    run(session, "ruff", "format", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    run(session, "ruff", "check", *session.posargs)
    run(session, "ruff", "format", "--check", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Check types, with mypy everywhere and pyright in the package."""
    run(session, "mypy")
    run(session, "pyright", "--pythonpath", sys.executable)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    folder = session.posargs[0] if session.posargs else "docs/_build"
    run(session, "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "docs", folder)


@nox.session
def build(session: nox.Session) -> None:
    """Build the source distribution, and the wheel from it."""
    run(session, "build", *session.posargs)


@nox.session
def regenerate(session: nox.Session) -> None:
    """Rewrite the data manifest, the recorded messages, the file tree and the stub; review the diff."""
    run(session, "tools.manifest")  # first: the others read the data
    session.run(sys.executable, "tests/rules/test_messages.py")
    run(session, "tools.house")
    run(session, "tools.stub")


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure which branches the tests reach."""
    run(session, "coverage", "run", "-m", *PYTEST, *session.posargs)
    run(session, "coverage", "combine", "--quiet")
    run(session, "coverage", "report")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure the speeds that the documentation promises."""
    run(session, "benchmarks", *session.posargs)


@nox.session
def changes(session: nox.Session) -> None:
    """Print the changelog of the next version, from the fragments in changelog.d."""
    run(session, "towncrier", "build", "--draft", "--version", "Unreleased")


@nox.session
def lock(session: nox.Session) -> None:
    """Write constraints.txt anew, with the newest versions of all development tools."""
    with tempfile.TemporaryDirectory() as folder:
        session.run(sys.executable, "-m", "venv", folder)
        programs = "Scripts" if sys.platform == "win32" else "bin"
        pip = (str(Path(folder, programs, "python")), "-m", "pip", "--disable-pip-version-check")
        session.run(*pip, "install", "--quiet", "--upgrade", "pip")
        session.run(*pip, "install", "--quiet", "--editable", ".", *GROUPS)
        frozen = session.run(*pip, "freeze", "--exclude-editable", silent=True)
    head = "# The versions of the development tools. Made by: nox -s lock\n"
    LOCK.write_text(f"{head}{frozen}", encoding="utf-8", newline="\n")
