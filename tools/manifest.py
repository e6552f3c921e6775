"""Write `data/manifest.csv`, by which the package knows its own data files.

``nox -s regenerate`` runs this module.
"""

from __future__ import annotations

from pathlib import Path

from cptfacet import _data

__all__ = ["FOLDER", "manifest"]

FOLDER = Path(__file__).parents[1] / "src" / "cptfacet" / "data"
_LEFT_OUT = ("README.md", _data.MANIFEST)


def manifest() -> str:
    """Return the text of the manifest: a line for each data file, and a last one that counts them.

    >>> manifest().splitlines()[0]
    'name,lines,digest'
    """
    files = {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*.*")}
    named = {name: files[name].read_bytes() for name in sorted(files) if name not in _LEFT_OUT}
    lines = ["name,lines,digest"]
    lines += [f"{name},{','.join(map(str, _data.content_of(named[name])))}" for name in named]
    return "\n".join((*lines, f"{_data.MANIFEST},{len(named)},", ""))


if __name__ == "__main__":
    (FOLDER / _data.MANIFEST).write_text(manifest(), encoding="utf-8", newline="\n")
