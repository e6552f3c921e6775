"""Write the house in docs/design.md: every file of the package, with the first line of its docstring.

``nox -s regenerate`` runs this module.
"""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["FLOORS", "PACKAGE", "PAGE", "house", "written"]

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "cptfacet"
PAGE = ROOT / "docs" / "design.md"
# From the top down; rooms in one tuple are level. Each room imports from its own tuple or below.
FLOORS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "faces": (
        ("cli", "__main__"),
        ("testing", "_hypothesis"),
        ("strategies",),
        ("interop", "lookup"),
    ),
    "answers": (("repairing",), ("checking", "past"), ("decoding",), ("coding",)),
    "laws": (
        (
            *("limits", "treated", "levels", "billed", "bilateral", "addons"),
            *("modifier_faults", "agent_codes"),
        ),
        ("rulebook",),
    ),
    "knowledge": (("policies", "reference"),),
    "words": (
        (
            "agents",
            *("claims", "sessions", "history", "findings", "notes", "anatomy", "procedures"),
            *("indicators", "modifiers"),
        ),
    ),
    "shared by all": (
        (
            *("citations", "dates", "unknown", "errors", "outline"),
            *(
                "_inputs",
                "_records",
                "_memo",
                "_data",
                "_spellings",
                "_text",
                "_groups",
                "_version",
            ),
        ),
    ),
}
_COLUMN = 28
_BLOCK = re.compile(r"(?<=<!-- house -->\n```text\n).*?(?=```\n<!-- end -->)", re.DOTALL)


def house() -> str:
    """Return the files of the package by floor, each with a line that says what it is.

    >>> "unknown.py" in house()
    True
    """
    lines: list[str] = []
    for floor, levels in FLOORS.items():
        lines.append(f"-- {floor} {'-' * (97 - len(floor))}")
        for room in itertools.chain(*levels):
            lines += _room(PACKAGE / room, "")
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _room(path: Path, indent: str) -> Iterator[str]:
    """Yield the lines of a module, or of a package and what is in it."""
    if not path.is_dir():
        yield _line(f"{indent}{path.name}.py", path.with_suffix(".py"))
        return
    yield _line(f"{indent}{path.name}/", path / "__init__.py")
    for each in sorted(path.iterdir(), key=lambda each: (each.is_dir(), each.name)):
        if each.is_dir() and (each / "__init__.py").exists():
            yield from _room(each, f"{indent}  ")
        elif each.suffix == ".py" and each.name != "__init__.py":
            yield _line(f"{indent}  {each.name}", each)


def _line(name: str, path: Path) -> str:
    """Return the name of a file and what its docstring says first."""
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first, _, _ = doc.partition("\n")
    return f"{name:{_COLUMN}}{first.rstrip('.')}"


def written(page: str) -> str:
    """Return the text of the page with the house as it is now."""
    return _BLOCK.sub(lambda _: house(), page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
