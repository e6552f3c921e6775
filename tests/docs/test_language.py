"""The project is written in American English, in the words of the field.

What a machine can hold is held here: spelling, the first words of docstrings, and phrases that no
coder would say. It reads docstrings, comments and texts of the package, its data, and the pages.
In tests it reads only how docstrings begin.

To see what is wrong in a file: ``python tests/docs/test_language.py [PATH ...]``.
"""

from __future__ import annotations

import ast
import functools
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SPELLING = re.compile(
    r"""
    \b(
        \w*judgement\w* | \w*neighbour\w* | \w*colour\w* | \w*behaviour\w* | \w*favour\w*
        | honour\w* | labour\w* | centres? | centred | defence | licence | catalogues? | programmes?
        | grey | whilst | amongst | learnt | spelt | fulfil | analys(?:e[ds]?|ing) | anaesth\w*
        | (?:travel|label|model|cancel)l(?:ed|ing)
        | (?:author|categor|critic|emphas|final|general|initial|item|minim|maxim|normal|optim|organ
            |recogn|serial|special|standard|summar|symbol|util|visual)is(?:e[ds]?|ing|ation\w*)
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
PHRASES = {
    r"turn(?:s|ed|ing)?(?: \w+){0,4} away": "rejected, returned as unprocessable, or denied",
    r"has not the|have not the|has it not|have it not|has not on": "does not have",
    r"(?<!there )(?:is|are|was|were) (?:no(?! longer| more than| later than)|(?-i:none))": "is not a",
    r"at the (?:least|most)": "at least, at most",
    r"(?:as|so|how) far as|as far": "where, if, up to",
    r"(?:stand|stands|stood)(?!-alone)": "represents, means, is",
    r"of which|of whom": "start a new sentence",
    r"so that": "so; or start a new sentence",
    r"mend(?:s|ed|ing)?": "fix, repair",
    r"the way back": "decoding",
    r"(?:is|are|was|were|be|been) told": "documented, stated, reported",
    r"tells|tell (?:whether|of|which|how)": "states, documents, shows",
    r"(?:say|says|said|asked) of": "about, applies to",
    r"line forms?": "laterality format",
    r"both sides of (?:a|one|the|its) line": "bilateral",
    r"(?<!ambulatory )surg(?:ical|ery) centers?": "ASC",
    r"(?<!administrative )contractors?": "MAC",
    r"heav(?:y|ier|iest)": "severe, more severe",
    r"diagnostic marks?|unmarked": "KX",
    r"monitored care": "monitored anesthesia care",
    r"(?:is|are) to be (?:expected|written)": "expected, written",
    r"bears?": "has, carries",
    r"lets pass|passes (?:an|the|no) (?:pair )?edit": "bypasses the edit",
    r"look again": "review",
}
BANNED = {re.compile(rf"\b(?:{phrase})\b", re.IGNORECASE): word for phrase, word in PHRASES.items()}
# How the docstring of a function begins: an imperative that names what comes back or happens.
OPENINGS = frozenset(
    re.findall(
        r"\w+",
        """
        Add Adjust Announce Append Apply Ask Assess Attach Begin Bring Build Check Choose Close Code
        Collect Combine Compare Compile Compose Compute Convert Copy Count Create Decide Decode
        Describe Distribute Draw Drop Encode Exchange Expand Explain Fetch Fill Find Finish Flatten
        Follow Format Gather Group Index Iterate Join Judge Keep Lay Leave Let List Load Locate Look
        Map Match Measure Merge Move Name Normalize Number Open Order Pack Parse Pick Pickle Place
        Prepare Price Print Put Quote Raise Rank Read Record Reduce Refer Refuse Register Reject
        Remember Remove Render Repair Replace Report Require Resolve Restore Return Rewrite Round
        Run Save Search Select Serve Share Show Skip Sort Split State Store Strip Sum Summarize Take
        Test Trim Try Turn Unpack Update Use Validate Warn Whether Word Wrap Write Yield
        """,
    )
)
NEVER = frozenset({"Give", "Say", "Tell"})
WORD_LISTS = {"CONTRIBUTING.md", "CHANGELOG.md"}  # their tables name words that are not written


def texts(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Yield the texts of a file: its line, the text, and whether it opens a function's docstring."""
    source = path.read_text("utf-8")
    if path.suffix == ".py":
        yield from _of_python(source)
    else:
        yield from ((number, text, False) for number, text in _of_paragraphs(source))


def _of_python(source: str) -> Iterator[tuple[int, str, bool]]:
    opens: set[int] = set()
    parts: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(body=[ast.Expr(value=docstring), *_], decorator_list=decorators):
                if not any("property" in ast.unparse(each) for each in decorators):
                    opens.add(id(docstring))
            case ast.JoinedStr(values=values):
                parts.update(map(id, values))
                said = [str(v.value) if isinstance(v, ast.Constant) else "{}" for v in values]
                yield node.lineno, "".join(said), False
            case ast.Constant(value=str(text)) if id(node) not in parts:
                yield node.lineno, text, id(node) in opens
    comments = [
        (token.start[0], token.string.lstrip("#").strip())
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    if comments:
        yield from _joined(comments)


def _joined(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str, bool]]:
    """Yield comments, those on neighboring lines as one."""
    start, last, text = lines[0][0], *lines[0]
    for number, more in lines[1:]:
        if number == last + 1:
            last, text = number, f"{text} {more}"
        else:
            yield start, text, False
            start, last, text = number, number, more
    yield start, text, False


_OF_OTHERS = re.compile(r"^(?:title|url) = .*$", re.MULTILINE)
_URL = re.compile(r"https?://\S+")


@functools.cache
def _titles() -> tuple[str, ...]:
    """List the titles of all sources, which pages print in their publishers' words."""
    path = ROOT / "src" / "cptfacet" / "data" / "sources.toml"
    sources = tomllib.loads(path.read_text("utf-8"))["sources"]
    return tuple(source["title"] for source in sources.values())


def _in_our_words(page: str) -> str:
    """Remove the titles and addresses of others from a paragraph of a page."""
    return functools.reduce(
        lambda text, title: text.replace(title, ""), _titles(), _URL.sub("", page)
    )


def _of_paragraphs(source: str) -> Iterator[tuple[int, str]]:
    number = 1
    for block in re.split(r"(?<=\n)(?=\s*\n)|(?<=\n)(?=[\w\[#|-])", source):
        words = block.lstrip("\n")
        yield number + len(block) - len(words), words
        number += block.count("\n")


def problems(path: Path) -> Iterator[str]:
    """Yield what breaks a rule in a file."""
    name = path.relative_to(ROOT).as_posix()
    for number, raw, opens in texts(path):
        if name in WORD_LISTS and raw.startswith("|"):
            continue
        if name.endswith("sources.toml"):
            raw = _OF_OTHERS.sub("", raw)  # noqa: PLW2901  a title is its publisher's
        text = " ".join(raw.split())
        if path.suffix == ".md":
            text = _in_our_words(text)
        place = f"{name}:{number}"
        for found in SPELLING.finditer(text):
            yield f"{place}: {found[0]!r} is British"
        for phrase, better in BANNED.items():
            for found in phrase.finditer(text):
                around = text[max(0, found.start() - 30) : found.end() + 30]
                yield f"{place}: {found[0]!r} in '...{around}...': {better}"
        first = text.split()[0] if text else ""
        if first not in OPENINGS if opens else path.suffix == ".py" and first in NEVER:
            yield f"{place}: a text opens with {first!r}"


def files() -> list[Path]:
    """List the files that people read: the package and its data, the pages, the examples."""
    return sorted(
        {
            *(ROOT / "src").rglob("*.py"),
            *(ROOT / "src" / "cptfacet" / "data").rglob("*.toml"),
            *(ROOT / "src" / "cptfacet" / "data").rglob("*.md"),
            *(ROOT / "src" / "cptfacet" / "data" / "codes").glob("*.csv"),
            *(ROOT / "docs").glob("*.md"),
            *(ROOT / "docs").glob("*.toml"),
            *(ROOT / "examples").glob("*.py"),
            *(ROOT / "benchmarks").glob("*.py"),
            *(ROOT / "tools").rglob("*.py"),
            *ROOT.glob("*.md"),
            *(ROOT / "changelog.d").glob("*.md"),
        }
        - {ROOT / "docs" / "rules.md"}  # made with the documentation, from files that are read here
    )


FILES = {path.relative_to(ROOT).as_posix(): path for path in files()}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_written_in_the_words_of_the_field(name: str) -> None:
    found = list(problems(FILES[name]))

    assert not found, "\n".join(found)


TESTS = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "tests").rglob("*.py")}


@pytest.mark.parametrize("name", TESTS)
def test_the_docstrings_of_a_test_file_say_what_is_returned(name: str) -> None:
    found = [
        f"{name}:{number}: a docstring opens with {text.split()[0]!r}"
        for number, text, opens in texts(TESTS[name])
        if opens and not NEVER.isdisjoint(text.split()[:1])
    ]

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("The line is turned away.", 1),
        ("This turns the whole line away.", 1),
        ("the line was rejected", 0),
        ("'R' is no modifier", 1),
        ("there is no modifier; it is no longer valid", 0),
        ("one at the least, so that it stands for a level", 3),
        ("normalise the colour", 2),
        ("raise it otherwise; advise on a disease", 0),
        ("an ambulatory surgical center", 0),
        ("a surgical center and a contractor", 2),
        ("a Medicare Administrative Contractor (MAC)", 0),
    ],
)
def test_the_phrases_are_found(text: str, wrong: int) -> None:
    found = [m[0] for phrase in (SPELLING, *BANNED) for m in phrase.finditer(text)]

    assert len(found) == wrong, found


if __name__ == "__main__":
    chosen = [Path(name).resolve() for name in sys.argv[1:]] or list(FILES.values())
    for path in chosen:
        sys.stdout.writelines(f"{problem}\n" for problem in problems(path))
