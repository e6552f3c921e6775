"""Compare the packaged tables with the official files, and record the rows that were compared.

The official files are in a folder `shared` next to the checkout, and few have them. The record is in
the repository, so a test can prove everywhere that no official row has changed since the comparison.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from cptfacet import _data

__all__ = ["RECORD", "TABLES", "record"]

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "tests" / "data" / "official.csv"
# The tables of official rows, each with the columns that are ours alone.
TABLES = {
    "codes/addons.csv": ("confidence", "citations", "note"),
    "codes/indicators.csv": ("confidence", "citations", "note"),
    "diagnoses/codes.csv": ("title",),
    "edits/asc.csv": (),
    "edits/mue.csv": (),
    "edits/pairs.csv": (),
    "places/areas.csv": ("confidence", "citations", "note"),
    "places/zips.csv": ("confidence", "citations"),
}
_COMPARED = ("test_edits.py", "test_places.py", "test_reference.py")


def record() -> str:
    """Return the number and the digest of the official rows of each table.

    >>> record().splitlines()[0]
    'table,rows,digest'
    """
    lines = ["table,rows,digest"]
    for name, ours in TABLES.items():
        rows = [
            "|".join(f"{column}={cell}" for column, cell in row.items() if column not in ours)
            for row in _data.read_csv(name)
        ]
        digest = hashlib.sha256("\n".join(rows).encode()).hexdigest()
        lines.append(f"{name},{len(rows)},{digest}")
    return "\n".join((*lines, ""))


def main() -> int:
    """Record the rows if the comparison passes, and nothing of it was skipped."""
    files = [str(RECORD.parent / name) for name in _COMPARED]
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *files]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(run.stdout)
    if run.returncode or "SKIPPED" in run.stdout:
        print("not recorded: the comparison failed, or official files are missing")
        return 1
    RECORD.write_text(record(), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
