"""What `import cptfacet` does and shows: no data is read, and the public face is frozen."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import cptfacet
from tools.stub import STUB, stub

PROBE = """
import json, sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
import cptfacet
print(json.dumps([cptfacet.__path__[0], opened, list(sys.modules)]))
"""


def test_import_reads_no_data() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", PROBE], check=True, capture_output=True, encoding="utf-8"
    )
    home, opened, modules = json.loads(answer.stdout)

    inside = [Path(path) for path in opened if Path(path).is_relative_to(home)]
    read = [path for path in inside if path.suffix not in {".py", ".pyc"}]

    assert inside, "the probe saw not even the package's own modules"
    assert read == []
    assert {"cattrs", "importlib_resources"}.isdisjoint(modules)


def test_every_public_name_resolves() -> None:
    missing = [name for name in dir(cptfacet) if not hasattr(cptfacet, name)]

    assert missing == []


PACKAGE = Path(cptfacet.__file__).parent
PUBLIC = {
    path.relative_to(PACKAGE.parent).with_suffix("").as_posix().replace("/", ".")
    for path in PACKAGE.rglob("*.py")
    if not any(part.startswith("_") for part in path.relative_to(PACKAGE).parts)
    and path.parent.name != "rules"  # a rule is reached by its id
} | {f"cptfacet.{path.parent.name}" for path in PACKAGE.glob("[a-z]*/__init__.py")}


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_module_shows_what_it_offers_and_no_more(name: str) -> None:
    module = importlib.import_module(name)

    assert dir(module) == sorted(module.__all__)
    assert all(hasattr(module, each) for each in module.__all__)


def test_every_module_is_reached_from_the_top() -> None:
    """Those that need an extra, and the terminal, are imported by name."""
    by_name = {"cptfacet.cli", "cptfacet.strategies", "cptfacet.testing"}
    modules = {name for name in PUBLIC if name.count(".") == 1} - by_name
    on_top = {name for name in dir(cptfacet) if isinstance(getattr(cptfacet, name), ModuleType)}

    assert modules == {f"cptfacet.{name}" for name in on_top}


def test_type_checkers_see_the_names_that_are_there() -> None:
    assert STUB.read_text(encoding="utf-8") == stub(), "run: nox -s regenerate"


def test_the_top_holds_verbs_what_they_take_and_what_they_return() -> None:
    names = [name for name in dir(cptfacet) if not isinstance(getattr(cptfacet, name), ModuleType)]

    assert len(names) < 50, "a name enters the top by the rule in __init__.py, not by being useful"


def test_a_star_import_gives_every_public_name() -> None:
    names: dict[str, object] = {}
    exec("from cptfacet import *", names)  # noqa: S102  a star import stands in no function

    assert names.keys() - {"__builtins__"} == set(dir(cptfacet)) - {"__version__"}
