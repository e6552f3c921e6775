"""What a type checker refuses: a key or choice of a policy that is misspelled in code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
START = """
import datetime as dt

from cptfacet import policies
from cptfacet.claims import ClaimType
from cptfacet.policies import NotKnown, value_of, vocabulary
from cptfacet.procedures import CodeGroup, CodeRole, Family
from cptfacet.policies.vocabulary import BlocksBeside, Coverage, LateralityFormat, Uncoded
from cptfacet.reference import packaged
from cptfacet.rulebook import TermRules
from cptfacet.sessions import Guidance, Technique

policy = policies.get("medicare")
day = dt.date(2026, 3, 2)
rules = TermRules(policy, packaged(), on=day, claim_type=ClaimType.PROFESSIONAL)
"""
ACCEPTED = {
    "a question with its cell": "most: int | None = value_of(rules.max_levels(Family.ABLATION))",
    "a key": "policy.ask(vocabulary.LEVELS_MAX, Family.ABLATION, on=day)",
    "a choice": "value_of(rules.other_blocks()) is BlocksBeside.ONLY_WITH_CYST",
    "a choice of two kinds": "value_of(rules.family(Technique.PULSED_RADIOFREQUENCY_ABLATION,"
    " Guidance.CT)) is Uncoded.OTHER_CODE",
    "an answer that is not known": "answer = rules.max_regions()\n"
    "assert not isinstance(answer, NotKnown)\nmost_regions: int = answer.value",
}
REFUSED = {
    "a question that is misspelled": ("rules.max_level(Family.ABLATION)", "attr-defined"),
    "a key that is misspelled": ("policy.ask(vocabulary.LEVEL_MAX, on=day)", "attr-defined"),
    "a key as text": ('policy.ask("levels.max", Family.ABLATION, on=day)', "arg-type"),
    "a cell as text": ('rules.laterality_format("primary")', "arg-type"),
    "a cell of another kind": ("rules.group_coverage(Family.ABLATION)", "arg-type"),
    "a cell that is left out": ("rules.laterality_format()", "call-arg"),
    "a choice that is misspelled": ("BlocksBeside.ONLY_WITH_CYSTS", "attr-defined"),
    "a choice compared with text": (
        'value_of(rules.other_blocks()) == "only-with-cyst"',
        "comparison-overlap",
    ),
    "a choice looked for in texts": (
        'value_of(rules.laterality_format(CodeRole.PRIMARY)) in ("one-line-50",)',
        "comparison-overlap",
    ),
    "a choice of another key": (
        "value_of(rules.group_coverage(CodeGroup.SACROILIAC)) is LateralityFormat.TWO_UNITS",
        "comparison-overlap",
    ),
    "a value where it may not be known": (
        "rules.family_coverage(Family.ABLATION).value is Coverage.COVERED",
        "union-attr",
    ),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what mypy says of the snippets, all of them checked in one run, by the name of each."""
    folder = tmp_path_factory.mktemp("typing")
    snippets = ACCEPTED | {name: snippet for name, (snippet, _) in REFUSED.items()}
    for name, snippet in snippets.items():
        (folder / f"{name.replace(' ', '_')}.py").write_text(START + snippet + "\n", "utf-8")
    command = (
        *(sys.executable, "-m", "mypy", "--strict", "--no-pretty", "--hide-error-context"),
        *("--config-file", "", "--cache-dir", str(folder / "cache"), "--follow-imports=silent"),
    )
    answer = subprocess.run(
        [*command, *map(str, sorted(folder.glob("*.py")))],
        check=False,
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        env={"MYPYPATH": str(ROOT / "src"), "PATH": ""},
    )
    assert answer.returncode in (0, 1), answer.stderr
    said: dict[str, str] = {}
    for line in answer.stdout.splitlines():
        if found := re.match(r"(?P<file>.+?)\.py:\d+: error: (?P<what>.*)", line):
            name = Path(found["file"]).name.replace("_", " ")
            said[name] = said.get(name, "") + found["what"] + "\n"
    return said


@pytest.mark.parametrize("name", ACCEPTED)
def test_mypy_accepts(name: str, refused: dict[str, str]) -> None:
    assert name not in refused, refused[name]


@pytest.mark.parametrize("name", REFUSED)
def test_mypy_refuses(name: str, refused: dict[str, str]) -> None:
    _, why = REFUSED[name]

    assert f"[{why}]" in refused.get(name, ""), refused.get(name, "accepted")
    assert refused[name].count("\n") == 1, refused[name]
