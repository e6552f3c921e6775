"""Imports go down only: each module stands on a floor and imports from its own floor or below."""

import ast
import re
from pathlib import Path

import pytest

from tools.house import FLOORS, PACKAGE

LEVELS = [level for floor in FLOORS.values() for level in floor]
FLOOR = {room: -depth for depth, level in enumerate(LEVELS) for room in level}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """List the rooms that a module imports, for typing alone too."""
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "cptfacet":
            rooms.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cptfacet."):
            rooms.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            parts = (name.name.split(".") for name in node.names)
            rooms.update(p[1] for p in parts if p[0] == "cptfacet" and len(p) > 1)
    return rooms


def test_every_room_stands_on_a_floor() -> None:
    assert {room_of(path) for path in MODULES} == set(FLOOR)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_nothing_reaches_up(path: Path) -> None:
    own = room_of(path)
    above = {room for room in imported(path) if FLOOR[room] > FLOOR[own]}

    assert not above, f"{own} imports {above}, which stand above it"


FAMILIES = sorted((PACKAGE / "checking" / "rules").glob("[!_]*.py"))


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.stem)
def test_no_family_of_rules_imports_another(path: Path) -> None:
    source = path.read_text(encoding="utf-8")

    assert "cptfacet.checking.rules" not in source, "what two families share stands in checking/"


LARGEST = 22  # percent of the lines of the package that its largest room may hold


def test_no_room_has_too_much_to_say() -> None:
    lines: dict[str, int] = {}
    for path in (*MODULES, PACKAGE / "__init__.py"):
        room = room_of(path)
        lines[room] = lines.get(room, 0) + path.read_text(encoding="utf-8").count("\n")
    room, most = max(lines.items(), key=lambda pair: pair[1])

    assert most * 100 <= LARGEST * sum(lines.values()), room


LOADERS = {  # those that read packaged files; whatever else there is asks a `Reference` or a `Policy`
    *(
        "_data.py",
        "_spellings.py",
        "checking/rule.py",
        "coding/reasons.py",
        "policies/files.py",
        "strategies/policies.py",
        "testing.py",
    ),
    "policies/diagnosis_lists.py",
    *(f"reference/{name}.py" for name in ("__init__", "codes", "diagnoses", "editions", "edits")),
    *(f"reference/{name}.py" for name in ("joints", "jurisdictions", "places")),
}


def test_packaged_files_are_read_by_loaders_alone() -> None:
    reading = {
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if re.search(r"_data\.(read_\w+|root|sources)\(|\bread_(csv|toml|text)\(", path.read_text())
    }

    assert reading <= LOADERS


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in PACKAGE.rglob("*.py")}


def needed(path: Path) -> set[str]:
    """List the files whose code a file needs to run: not those named for type checkers alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            named = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {name if name in FILES else node.module for name in named} & FILES.keys()
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & FILES.keys()
    return found


def test_no_files_import_each_other_in_a_circle() -> None:
    """Of any length, and through imports inside functions too."""
    left = {name: needed(path) - {name} for name, path in FILES.items()}
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]

    assert left == {}
