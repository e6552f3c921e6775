"""What no tracked file may hold: paths of a machine, hosts of package registries, CPT descriptors.

The forbidden strings are put together at run time, so that this file does not hold them either.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FOLDERS = ("work", "root", "home", "farm", "opt", "Users")
HOSTS = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("anaconda", "org"),
)
DESCRIPTORS = (
    ("diagnostic or therapeutic agent,", "paravertebral"),
    ("destruction by neurolytic agent,", "paravertebral"),
    ("list separately in addition", "to code"),
    ("inj paravert", "f jnt"),
    ("destroy cerv/thor", "facet"),
    ("destroy lumb/sac", "facet"),
)

FORBIDDEN = {
    "a path of a machine": re.compile(rf"(?<![\w.])/(?:{'|'.join(FOLDERS)})/"),
    "a host of a package registry": re.compile("|".join(map(r"\.".join, HOSTS)), re.IGNORECASE),
    "a CPT descriptor": re.compile("|".join(map(r"\s+".join, DESCRIPTORS)), re.IGNORECASE),
}


def tracked() -> list[Path]:
    """List the files that git tracks; skip where there is no git or no repository."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs git and its repository")
    answer = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True, encoding="utf-8"
    )
    listed = [ROOT / name for name in answer.stdout.split("\0") if name]
    return [path for path in listed if path.is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()}"
        for path in tracked()
        for hit in FORBIDDEN[what].finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]

    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a path of a machine", f"see /{FOLDERS[0]}/x"),
        ("a host of a package registry", "https://" + ".".join(HOSTS[0])),
        ("a CPT descriptor", "\n  ".join(DESCRIPTORS[0]).title()),
    ],
    ids=["path", "host", "descriptor"],
)
def test_what_is_forbidden_is_seen(what: str, text: str) -> None:
    assert FORBIDDEN[what].search(text)


@pytest.mark.parametrize("text", ["https://example.com/home/", "../work/x", "/usr/bin/env"])
def test_what_is_allowed_is_not_seen(text: str) -> None:
    assert not any(pattern.search(text) for pattern in FORBIDDEN.values())
