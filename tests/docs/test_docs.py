"""Every example of README.md, docs/ and the docstrings runs; every table of docs/ is complete.

In a document, blocks run from top to bottom and share one namespace and one folder:

- a ``python`` block holds prompts (``>>>``) and what they print;
- a ``console`` block holds commands behind ``$`` and what they print. It runs where every command
  is one of `RUNNABLE`, with standard error behind standard output as on a terminal;
- a block with a caption (``:caption: session.json``) is a file of that name in the folder, and so is
  a file of docs/ that is included literally;
- a distribution among these files, a folder with its ``pyproject.toml``, is built and installed.

Output is compared exactly.
"""

import ast
import builtins
import datetime as dt
import doctest
import functools
import importlib
import io
import json
import operator
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, settings

import cptfacet
import tools
from cptfacet import errors, policies, strategies
from cptfacet.checking import Signal, all_rules
from cptfacet.coding import NoteId, Reason
from cptfacet.decoding import DoubtId, SkipReason
from cptfacet.findings import RuleFamily
from cptfacet.interop import schemas
from cptfacet.interop.json import from_data
from cptfacet.policies import NotKnown, files
from cptfacet.policies.vocabulary import GUIDANCE_NOT_STATED
from cptfacet.sessions import Guidance, Technique
from cptfacet.testing import policy_laws
from tools import pages
from tools.rule_page import rule_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DATA = ROOT / "src" / "cptfacet" / "data"
DOCUMENTS = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
GENERATED = {"docs/_build", "docs/rules.md"}  # present only where the documentation was built
PAGES = {
    name: path
    for path in DOCUMENTS
    if (name := path.relative_to(ROOT).as_posix()) not in GENERATED and path.is_file()
}
MODULES = [
    "cptfacet",
    *(m.name for m in pkgutil.walk_packages(cptfacet.__path__, "cptfacet.")),
    *(m.name for m in pkgutil.walk_packages(tools.__path__, "tools.")),
]

LANGUAGES = {"console", "csv", "json", "jsonl", "python", "sh", "text", "toml"}
RUNNABLE = {"cat", "cptfacet", "cut", "echo"}
SITE = "site"  # the folder of the distributions that a document installs
DAY = dt.date(2026, 3, 2)  # the date of service of the examples, and of the tables


# -- reading a document


class Block(NamedTuple):
    """One fenced block: where its text begins, what it is, the file it stands for, its text."""

    line: int
    language: str
    caption: str
    text: str


class Command(NamedTuple):
    """One command of a console block, and what it is said to print."""

    line: int
    text: str
    output: str


FENCE = re.compile(
    r"^(?P<fence>`{3,}|:{3,})(?P<kind>\{[\w-]+\})? ?(?P<language>[\w-]*)[^\n]*\n"
    r"(?P<body>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
OPTIONS = re.compile(r"\A(?::[\w-]+:[^\n]*\n)+\n?")


def blocks(text: str) -> Iterator[Block]:
    """List the code blocks of a document; other directives are passed over."""
    for match in FENCE.finditer(text):
        if match["kind"] not in (None, "{code-block}"):
            continue
        options = OPTIONS.match(match["body"]) if match["kind"] else None
        head = options.group() if options else ""
        caption = re.search(r"^:caption: *(\S+)$", head, re.MULTILINE)
        yield Block(
            line=text.count("\n", 0, match.start("body") + len(head)) + 1,
            language=match["language"],
            caption=caption[1] if caption else "",
            text=match["body"].removeprefix(head),
        )


def included(text: str) -> list[Path]:
    """List the files of docs/ that a document includes literally."""
    return [
        DOCS / name for name in re.findall(r"^```\{literalinclude\} (\S+)$", text, re.MULTILINE)
    ]


def commands(block: Block) -> Iterator[Command]:
    """List the commands of a console block; a backslash at the end of a line continues it."""
    lines = block.text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        last = start
        while lines[last].endswith("\\\n"):
            last += 1
        yield Command(
            line=block.line + start,
            text="".join(lines[start : last + 1]).removeprefix("$ "),
            output="".join(lines[last + 1 : end]),
        )


def runnable(block: Block) -> bool:
    """Whether every command of a console block may be run, in pipes too."""
    parts = [part for command in commands(block) for part in command.text.split(" | ")]
    return bool(parts) and all(part.split()[0] in RUNNABLE for part in parts)


def table(text: str, name: str) -> list[list[str]]:
    """Read the rows of the table between the comments of that name, without its head."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert found, f"no table between <!-- {name} --> and <!-- end -->"
    rows = [line for line in found[1].splitlines() if line.startswith("|")]
    return [[_plain(cell.strip()) for cell in row.strip("|").split("|")] for row in rows[2:]]


def _plain(cell: str) -> str:
    return cell.strip("`") if cell.count("`") == 2 else cell


@functools.cache
def page(name: str) -> str:
    """Read one document."""
    return PAGES[name].read_text(encoding="utf-8")


# -- running its examples


def check_python(block: Block, names: dict[str, Any], where: str) -> str:
    """Run the prompts of a block; give what is not as written, or nothing."""
    examples = doctest.DocTestParser().get_examples(block.text, where)
    if not examples:
        return f"{where}, line {block.line}: a python block without prompts is not run\n"
    report = io.StringIO()
    name = f"{where}:{block.line}"  # its own: a traceback may run through an earlier block
    test = doctest.DocTest(examples, names, name, where, block.line - 1, None)
    test.globs = names  # doctest copies them; the blocks of a document share them
    doctest.DocTestRunner(verbose=False).run(test, out=report.write, clear_globs=False)
    return report.getvalue()


def check_console(block: Block, folder: Path, where: str) -> str:
    """Run the commands of a block in one shell; give what is not as written, or nothing."""
    mark = "-- end of command --"
    written = list(commands(block))
    script = ["exec 2>&1"]
    for command in written:
        script += [command.text, f"status=$?; echo '{mark}'; (exit $status)"]
    # The installed command and this run's interpreter must be one: so it is started as a module.
    (folder / "cptfacet").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cptfacet "$@"\n')
    (folder / "cptfacet").chmod(0o700)
    package = str(Path(cptfacet.__file__).parents[1])
    environment = os.environ | {
        "PATH": os.pathsep.join([str(folder), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(
            filter(None, [package, *installed(folder), os.environ.get("PYTHONPATH")])
        ),
        "PYTHONUTF8": "1",
    }
    answer = subprocess.run(
        ["sh", "-c", "\n".join(script)],
        check=False,
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env=environment,
    )
    *printed, rest = answer.stdout.split(f"{mark}\n")
    report = rest + answer.stderr
    for command, got in zip(written, printed, strict=True):
        if got != command.output:
            report += (
                f"{where}, line {command.line}: $ {command.text}"
                f"-- as written:\n{command.output}-- printed:\n{got}"
            )
    return report


def install(distribution: Path, site: Path) -> None:
    """Build the wheel of a distribution without a network, and lay it out as an installer does."""
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, site], check=True, cwd=distribution)
    for wheel in site.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
        wheel.unlink()


def installed(folder: Path) -> list[str]:
    """Return the path entries for the distributions that a document installs."""
    return [str(folder / SITE)] if (folder / SITE).is_dir() else []


@pytest.fixture
def patient() -> Iterator[None]:
    """Allow property tests in examples the time they need, and the same draws in every run.

    So neither a busy machine, nor chance, nor what an earlier run kept breaks an example. What `find`
    finds is not made smaller: that takes most of the time, and examples print what holds of any.
    """
    before = settings.get_current_profile_name()
    settings.register_profile(
        "patient",
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
        phases=[Phase.generate],
    )
    settings.load_profile("patient")
    yield
    settings.load_profile(before)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("name", PAGES)
def test_every_example_of_a_document_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list(blocks(page(name)))
    captions = [block.caption for block in found if block.caption]
    for block in found:
        if block.caption:
            (tmp_path / block.caption).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / block.caption).write_text(block.text, encoding="utf-8")
    for path in included(page(name)):
        shutil.copy(path, tmp_path)
    for path in sorted(tmp_path.rglob("pyproject.toml")):
        (tmp_path / SITE).mkdir(exist_ok=True)
        install(path.parent, tmp_path / SITE)
    for site in installed(tmp_path):
        monkeypatch.syspath_prepend(site)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    report = ""
    for block in found:
        if block.language == "python":
            report += check_python(block, names, name)
        elif block.language == "console" and runnable(block) and shutil.which("sh"):
            report += check_console(block, tmp_path, name)

    assert len(captions) == len(set(captions)), "two blocks are one file"
    assert not report, report


@pytest.mark.parametrize("name", PAGES)
def test_every_block_is_of_a_known_kind(name: str) -> None:
    """So that no example escapes: a block is run, or parsed, or is text and nothing else."""
    for block in blocks(page(name)):
        where = f"{name}, line {block.line}"
        assert block.language in LANGUAGES, f"{where}: {block.language or 'no language'}"
        if block.language == "console" and name.startswith("docs/"):
            assert runnable(block), f"{where}: this console block is not run"
        if block.language == "json":
            json.loads(block.text)
        if block.language == "toml":
            tomllib.loads(block.text)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("module", MODULES)
def test_every_example_of_a_module_runs(module: str) -> None:
    report = io.StringIO()
    runner = doctest.DocTestRunner(verbose=False)
    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(module)):
        runner.run(test, out=report.write)

    assert not report.getvalue(), report.getvalue()


def test_the_modules_have_examples() -> None:
    found = doctest.DocTestFinder().find(importlib.import_module("cptfacet.anatomy"))

    assert {"cptfacet.anatomy.parse_joint", "cptfacet.anatomy.parse_nerve"} <= {
        test.name for test in found if test.examples
    }


# -- what its tables say


def test_the_vocabulary_is_complete() -> None:
    rows = table(page("docs/policies.md"), "vocabulary")
    shown = {key: (kind, dimensions, needed) for key, kind, dimensions, needed, _ in rows}
    expected = {
        key.name: (
            key.type,
            ", ".join(key.dimensions) or "none",
            "yes" if key.required else "no",
        )
        for key in policies.KEYS.values()
    }

    assert len(rows) == len(shown)
    assert shown == expected


def test_the_choices_of_the_vocabulary_are_complete() -> None:
    rows = table(page("docs/policies.md"), "vocabulary")
    for key, _, _, _, meaning in rows:
        missing = [c for c in policies.KEYS[key].choices if f"`{c}`" not in meaning]
        assert not missing, f"{key}: {missing}"


OPEN = {"add-on": "any procedure code", "rule": "the id of any checking rule"}


def test_the_dimensions_are_complete() -> None:
    rows = table(page("docs/policies.md"), "dimensions")
    shown = {name: values.replace("`", "") for name, values in rows}
    expected = {
        name: ", ".join(values) if values else OPEN[name]
        for name, values in policies.DIMENSIONS.items()
    }

    assert shown == expected


@pytest.mark.parametrize("policy_id", policies.ids())
def test_what_a_policy_states_is_told(policy_id: str) -> None:
    """Each packaged policy has its section, alone or with its like, which names each of its keys."""
    found = re.search(
        rf"^### [^\n]*`{policy_id}`[^\n]*\n(.*?)(?=^##)",
        page("docs/policies.md"),
        re.MULTILINE | re.DOTALL,
    )
    assert found, f"docs/policies.md has no section ### `{policy_id}`"
    told = set(re.findall(r"`([a-z]+\.[a-z.-]+)`", found[1]))

    assert told == {provision.key for provision in policies.get(policy_id).provisions}


def test_the_template_loads_and_shows_each_key_of_a_file() -> None:
    """One template: what a file may hold is in it, but for what a comment can't show."""
    path = DOCS / "policy-template.toml"
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    used = {key for provision in document["provisions"] for key in provision}
    listed = {key for each in document["diagnosis-lists"] for key in each}

    policy = policies.load(path)

    assert path in included(page("docs/how-to-policy.md"))
    assert policy.id == "example-plan"
    assert set(document) == files._HEADER
    assert {key for source in document["sources"].values() for key in source} == files._SOURCE
    assert used == files._PROVISION - {"jurisdictions", "unit"}
    assert listed == files._LIST
    assert {provision["confidence"] for provision in document["provisions"]} == {
        "confirmed",
        "judgment",
    }


def outcome(policy_id: str, technique: str, guidance: str) -> str:
    """Write one cell of the family table as docs/coding.md writes it."""
    policy = policies.get(policy_id)
    cell = {"technique": technique, "guidance": guidance}
    answer = policy.get("coding.family", on=DAY, **cell)
    if isinstance(answer, NotKnown):
        return "not known"
    if answer.value == "ask":
        return "refused: state it"
    if answer.value == "other-code":
        instead = policy.get("coding.instead", on=DAY, **cell)
        assert isinstance(instead, policies.Provision)
        assert isinstance(instead.value, tuple)
        return "refused: " + ", ".join(text.removesuffix(" x1") for text in instead.value)
    return str(answer.value)


GUIDANCES = (("fluoroscopy", "ct"), ("ultrasound",), ("mri",), ("none",), (GUIDANCE_NOT_STATED,))


def test_the_family_table_is_complete() -> None:
    """The table of `cpt`, and behind it each row in which another policy differs.

    What a policy does not say, the one that it extends answers.
    """
    coding = page("docs/coding.md")
    rows = [["cpt", *row] for row in table(coding, "families")]
    rows += table(coding, "families that differ")
    shown = {
        (policy, technique, guidance): cell
        for policy, technique, *cells in rows
        for cell, guidances in zip(cells, GUIDANCES, strict=True)
        for guidance in guidances
    }
    for policy in policies.ids():
        lineage = [each.id for each in policies.get(policy).lineage()]
        for technique in Technique:
            for guidance in (*Guidance, GUIDANCE_NOT_STATED):
                told = [shown.get((each, technique, guidance)) for each in lineage]
                cell = next(filter(None, told))
                assert cell == outcome(policy, technique, guidance), (policy, technique, guidance)


def test_notes_and_reasons_are_complete() -> None:
    coding = page("docs/coding.md")

    assert [row[0] for row in table(coding, "notes")] == list(NoteId)
    assert [row[0] for row in table(coding, "reasons")] == list(Reason)


def test_what_a_claim_leaves_open_is_told() -> None:
    decoding = page("docs/decoding.md")
    doubts = [(row[0], row[2]) for row in table(decoding, "doubts")]

    assert doubts == [(doubt.value, "yes" if doubt.lost else "") for doubt in DoubtId]
    assert [row[0] for row in table(decoding, "unread")] == list(SkipReason)


def test_the_generated_pages_are_written_where_they_differ(tmp_path: Path) -> None:
    pages.write(tmp_path)
    rules = tmp_path / "rules.md"
    written = rules.stat().st_mtime_ns
    (tmp_path / "schemas" / "claim.schema.json").write_text("{}", encoding="utf-8")
    pages.write(tmp_path)
    made = {
        path.relative_to(tmp_path).as_posix(): path.read_text(encoding="utf-8")
        for path in tmp_path.rglob("*")
        if path.is_file()
    }

    assert made == pages.pages()
    assert rules.stat().st_mtime_ns == written
    assert {name for name in made if name.endswith(".json")} == {
        f"schemas/{name}.schema.json" for name in schemas.NAMES
    }


def test_each_rule_has_its_place_on_the_page() -> None:
    told = rule_page()
    heads = re.findall(r"^### `(.+)`$", told, re.MULTILINE)

    assert heads == [
        rule.id for family in RuleFamily for rule in all_rules() if rule.family is family
    ]
    for rule in all_rules():
        assert f"](#{rule.id})" in told, rule.id


def test_documents_name_rules_and_signals_that_there_are() -> None:
    known = {rule.id for rule in all_rules()} | {f"family-{family}" for family in RuleFamily}
    told = {name for text in map(page, PAGES) for name in re.findall(r"rules\.md#([\w-]+)", text)}
    signals = table(page("docs/checking.md"), "signals")

    assert told <= known, told - known
    for names, _ in signals:
        assert set(re.findall(r"\w+", names.replace("`", ""))) <= {signal.name for signal in Signal}


def test_the_functions_that_read_text_are_complete() -> None:
    rows = table(page("docs/reference.md"), "parsers")
    for name, _, example in rows:
        operator.attrgetter(name)(cptfacet)(ast.literal_eval(example))
    parsers = {
        f"{module}.{name}"
        for module in MODULES
        if "._" not in module  # internal
        for name in getattr(importlib.import_module(module), "__all__", ())
        if name.startswith("parse_")
    }
    read_fields = {"parse_session"}  # it takes many texts, by field
    told = [row[0] for row in rows]

    assert told == sorted(told)
    assert {f"cptfacet.{name}" for name in told} == {
        name
        for name in parsers
        if name.count(".") > 1 and name.rpartition(".")[2] not in read_fields
    }


def test_the_laws_of_policies_are_complete() -> None:
    laws = [n for n in vars(policy_laws(policies.get("cpt"))) if n.startswith("test_")]

    assert sorted(f"test_{row[0]}" for row in table(page("docs/testing.md"), "laws")) == sorted(
        laws
    )


def test_every_strategy_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", page("docs/testing.md")))

    assert set(strategies.__all__) - {"for_type"} <= told


def test_the_errors_are_complete() -> None:
    rows = table(page("docs/reference.md"), "errors")
    found = {name: getattr(errors, name) for name in errors.__all__ if name.endswith("Error")}

    assert sorted(row[0] for row in rows) == sorted(found)
    for name, builtin, _ in rows:
        assert issubclass(found[name], getattr(builtins, builtin)), name


# -- what is beside them


GUIDES = (
    "CONTRIBUTING.md",
    "docs/design.md",
    "examples/README.md",
    "tests/rules/messages/README.md",
)
PATH = re.compile(r"`((?:\.ci|changelog\.d|docs|examples|src|tests|tools)/[\w./-]*)`")


@pytest.mark.parametrize("name", GUIDES)
def test_what_a_guide_names_exists(name: str) -> None:
    """The files and folders, and the sessions of nox; FAMILY and NAME stand for any."""
    text = (ROOT / name).read_text(encoding="utf-8")
    told = [path for path in PATH.findall(text) if not re.search("FAMILY|NAME", path)]
    sessions = re.findall(
        r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text("utf-8"), re.MULTILINE
    )

    assert [path for path in told if path not in GENERATED and not (ROOT / path).exists()] == []
    assert set(re.findall(r"nox -s (\w+)", text)) <= set(sessions)


def test_the_guide_lists_each_session_of_nox() -> None:
    listed = re.findall(
        r"^\| `nox -s (\w+)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE
    )
    sessions = re.findall(
        r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text("utf-8"), re.MULTILINE
    )

    assert sorted(listed) == sorted({*sessions} - {"build", "run"})


def test_each_data_file_is_explained() -> None:
    heads = re.findall(r"^### (`.+`)$", (DATA / "README.md").read_text("utf-8"), re.MULTILINE)
    told = [name for head in heads for name in re.findall(r"`([\w./-]+)`", head)]
    files = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*") if path.is_file()}

    assert sorted(told) == sorted(files - {"README.md"})


@pytest.mark.parametrize("kind", [cptfacet.Session, cptfacet.Claim])
def test_files_of_the_documents_have_the_published_form(
    kind: type[cptfacet.Session | cptfacet.Claim],
) -> None:
    """A file shown as ``session*.json`` or ``claim*.json`` is read, and its schema admits it."""
    name = kind.__name__.lower()
    shown = [block for text in map(page, PAGES) for block in blocks(text)]
    files = [block for block in shown if re.fullmatch(rf"{name}[\w-]*\.json", block.caption)]
    for block in files:
        from_data(json.loads(block.text), kind)
        jsonschema.validate(json.loads(block.text), schemas.schema(name))

    assert files


def test_answers_of_the_documents_have_the_published_form() -> None:
    consoles = [
        block for text in map(page, PAGES) for block in blocks(text) if block.language == "console"
    ]
    shown = [
        json.loads(command.output)
        for block in consoles
        for command in commands(block)
        if command.text.startswith("cptfacet code") and command.output.startswith("{")
    ]
    for answer in shown:
        jsonschema.validate(answer, schemas.schema("error" if "error" in answer else "answer"))

    assert shown
