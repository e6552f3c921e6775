"""Copy the project so that mutmut can change its rules, and sum up what mutmut found.

mutmut passes decorated functions by, which every rule is. In the copy the decorators of functions and
methods stand after the module or class, as ``name = decorator(name)``, so that the functions are plain.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parents[2]


class Group(NamedTuple):
    """Modules that are changed together, and the tests that are to notice."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    ignored: tuple[str, ...] = ()


RULES = sorted((PROJECT / "src" / "cptfacet" / "checking" / "rules").glob("[a-z]*.py"))
GROUPS = {
    "rules": Group(
        modules=(
            *(f"checking/rules/{path.stem}" for path in RULES if path.stem != "documentation"),
            "repairing",
        ),
        tests=("tests/rules", "tests/cases/test_findings.py", "tests/laws/test_checking.py"),
        ignored=("tests/rules/test_documentation.py",),  # slow, and compares with notes alone
    ),
    "documentation": Group(
        modules=("checking/rules/documentation", "checking/documented"),
        tests=("tests/rules", "tests/cases/test_findings.py"),
    ),
    "laws": Group(modules=("testing",), tests=("tests/laws/test_policy_laws.py",)),
}
SETTINGS = """
[tool.mutmut]
source_paths = ["src"]
timeout_multiplier = 3
timeout_constant = 5
only_mutate = [{only}]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-p", "no:xdist", "--assert=plain"{ignored}]
pytest_add_cli_args_test_selection = [{tests}]
"""
CONFTEST = '''"""Make each run of the tests one of its own, although all are forked from one process."""

import gc
import json
import os
import sys
import weakref
from pathlib import Path

from hypothesis import HealthCheck, settings

from cptfacet.checking import Checker

settings.register_profile(
    "mutation",
    database=None,
    deadline=None,
    derandomize=True,
    max_examples=15,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutation")

CHANGED = [{changed}]


MADE = weakref.WeakSet()
make = Checker.__init__


def register(self, *args, **kwargs):
    MADE.add(self)
    make(self, *args, **kwargs)


Checker.__init__ = register


def forget():
    """Forget all that was kept: by checkers, the tests' own too, and by functions that may change."""
    for name in ["cptfacet.checking", *CHANGED]:
        for value in list(vars(sys.modules[name]).values()) if name in sys.modules else ():
            if hasattr(value, "cache_clear") and value.__module__ == name:
                value.cache_clear()
    for each in list(MADE):
        make(each, each.policy, each.reference, rules=each.rules, memo=each._memo.most)


def pytest_sessionstart():
    forget()
    gc.collect()
    gc.freeze()


def pytest_runtest_setup():
    """Let each test show all functions that it needs, when mutmut asks which test needs which."""
    if os.environ.get("MUTANT_UNDER_TEST") == "stats":
        forget()


def pytest_configure(config):
    """Run the tests of MUTATION_FIRST alone, where there are some: few files are collected soon."""
    first = os.environ.get("MUTATION_FIRST", "").split()
    config.args = [arg for arg in config.args if any(f in arg for f in first)] or config.args


def pytest_collection_modifyitems(config, items):
    """Run the fastest tests first: most mutants are found by one of them."""
    stats = Path("mutmut-stats.json")
    took = json.loads(stats.read_text())["duration_by_test"] if stats.exists() else {}
    items.sort(key=lambda item: took.get(item.nodeid, 0))
    most = float(os.environ.get("MUTATION_SECONDS", "inf"))
    slow = [item for item in items if took.get(item.nodeid, 0) > most]
    if slow and len(slow) < len(items):
        items[:] = items[: len(items) - len(slow)]
        config.hook.pytest_deselected(items=slow)
    for item in items:
        if hasattr(item.obj, "hypothesis"):
            own = item.function._hypothesis_internal_use_settings
            item.function._hypothesis_internal_use_settings = settings(
                own, suppress_health_check=list(HealthCheck), database=None
            )
'''
STATUS = {0: "survived", 1: "killed", 3: "killed", 33: "no tests", 36: "timeout", None: "not run"}


def plain(source: str) -> str:
    """Move the decorators of functions and methods behind the module or class that holds them."""
    lines = source.splitlines()
    tree = ast.parse(source)
    after: list[str] = []
    inserts: dict[int, list[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            after += _taken(lines, source, node, "")
        elif isinstance(node, ast.ClassDef):
            at_end = [
                text
                for each in node.body
                if isinstance(each, ast.FunctionDef)
                for text in _taken(lines, source, each, "    ")
            ]
            inserts[node.end_lineno or 0] = at_end
    out: list[str] = []
    for number, line in enumerate(lines, 1):
        out.append(line)
        out += inserts.get(number, [])
    return "\n".join([*out, "", *after, ""])


def _taken(lines: list[str], source: str, node: ast.FunctionDef, indent: str) -> list[str]:
    """Blank the decorators of a function out, and give the lines that apply them."""
    found: list[str] = []
    for decorator in reversed(node.decorator_list):
        if isinstance(decorator, ast.Name) and decorator.id in {"staticmethod", "classmethod"}:
            return []  # mutmut knows these
        found.append(
            f"{indent}{node.name} = ({ast.get_source_segment(source, decorator)})({node.name})"
        )
    for decorator in node.decorator_list:
        for number in range(decorator.lineno, (decorator.end_lineno or decorator.lineno) + 1):
            lines[number - 1] = ""
    return found


def prepare(copy: Path, group: Group) -> None:
    """Write the copy, or bring it up to date: files that did not change keep their results."""
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "src", "tests", "docs", "pyproject.toml"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    changed = {f"src/cptfacet/{module}.py" for module in group.modules}
    for name in filter(None, tracked):
        text = (PROJECT / name).read_bytes()
        if name in changed:
            text = plain(text.decode()).encode()
        if name == "pyproject.toml":
            text += SETTINGS.format(
                only=", ".join(f'"{each}"' for each in sorted(changed)),
                tests=", ".join(f'"{each}"' for each in group.tests),
                ignored="".join(f', "--ignore={each}"' for each in group.ignored),
            ).encode()
        if _write(copy / name, text) and name not in changed:
            (copy / "mutants" / name).unlink(
                missing_ok=True
            )  # mutmut copies only what is not there
    names = ", ".join(f'"cptfacet.{each.replace("/", ".")}"' for each in group.modules)
    _write(copy / "tests" / "conftest.py", CONFTEST.replace("{changed}", names).encode())


def _write(path: Path, text: bytes) -> bool:
    if path.exists() and path.read_bytes() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    return True


def report(copy: Path, group: Group) -> None:
    """Print how many mutants of each module were killed, and those that were not."""
    for module in group.modules:
        path = copy / "mutants" / "src" / "cptfacet" / f"{module}.py.meta"
        if not path.exists():
            continue
        codes: dict[str, int | None] = json.loads(path.read_text())["exit_code_by_key"]
        found = {name: STATUS.get(code, "timeout") for name, code in codes.items()}
        count = Counter(found.values())
        sys.stdout.write(f"{module}: {len(found)} mutants, {dict(sorted(count.items()))}\n")
        functions = _functions(path.with_suffix(""))
        for name, status in found.items():
            if status in {"survived", "no tests"}:
                mutant = name.rpartition(".")[2]
                before = functions[f"{mutant.rpartition('__mutmut_')[0]}__mutmut_orig"]
                after = functions[mutant]
                different = [
                    line
                    for line in difflib.unified_diff(before, after, n=0, lineterm="")
                    if not line.startswith(("---", "+++", "@@"))
                ]
                shown = "\n    ".join(line for line in different if "def x" not in line)
                sys.stdout.write(f"  {status} {mutant}\n    {shown}\n")


def _functions(path: Path) -> dict[str, list[str]]:
    """Read the lines of all functions of a mutated module, by name."""
    tree = ast.parse(path.read_text("utf-8"))
    return {
        node.name: ast.unparse(node).splitlines()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and "__mutmut_" in node.name
    }


def main() -> None:
    """Prepare the copy of a group, or report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("prepare", "report"))
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("copy", type=Path, help="the folder of the copy")
    given = parser.parse_args()
    act = prepare if given.what == "prepare" else report
    act(given.copy, GROUPS[given.group])


if __name__ == "__main__":
    main()
