"""Write the generated pages of the documentation: the page of rules, and the JSON schemas.

``docs/conf.py`` calls `write` before each build, so neither is kept in git.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cptfacet.interop.schemas import NAMES, schema
from tools.rule_page import rule_page

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["pages", "write"]


def pages() -> dict[str, str]:
    """Return the text of each generated file, by its path within the folder of documents."""
    schemas = {f"schemas/{name}.schema.json": json.dumps(schema(name), indent=2) for name in NAMES}
    return {"rules.md": rule_page(), **{path: f"{text}\n" for path, text in schemas.items()}}


def write(folder: Path) -> None:
    """Write each generated file whose text is not as it should be."""
    for name, text in pages().items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
