"""What `import cptfacet` does and shows: no data is read, and the public face is frozen."""

import json
import subprocess
import sys
from pathlib import Path

import cptfacet

NAMES = Path(__file__).with_name("public_names.txt")

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


def test_public_names_are_frozen() -> None:
    lines = NAMES.read_text(encoding="utf-8").splitlines()
    frozen = [line for line in lines if line and not line.startswith("#")]

    assert frozen == dir(cptfacet)


def test_a_star_import_gives_every_public_name() -> None:
    names: dict[str, object] = {}
    exec("from cptfacet import *", names)  # noqa: S102  a star import stands in no function

    assert names.keys() - {"__builtins__"} == set(dir(cptfacet)) - {"__version__"}
