"""Write `cptfacet/__init__.pyi` for type checkers, from the one table of names in `__init__.py`.

``nox -s regenerate`` runs this module.
"""

from __future__ import annotations

from pathlib import Path

import cptfacet

__all__ = ["STUB", "stub"]

STUB = Path(__file__).parents[1] / "src" / "cptfacet" / "__init__.pyi"


def stub() -> str:
    """Return the text of the stub.

    >>> "from cptfacet.claims import Claim as Claim" in stub()
    True
    """
    home: dict[str, str] = vars(cptfacet)["_HOME"]
    modules: frozenset[str] = vars(cptfacet)["_MODULES"]
    names = sorted(home, key=lambda name: (home[name], name.islower(), name))
    imports = [
        *(f"from cptfacet import {name} as {name}" for name in sorted(modules)),
        *(f"from cptfacet.{home[name]} import {name} as {name}" for name in names),
    ]
    return "\n".join((*imports, "", "__version__: str", ""))


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8", newline="\n")
