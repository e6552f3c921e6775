"""Policies: payer differences as dated, cited provisions, and the strict reader of their files.

A policy is data. It may extend another policy, which then answers what it does not state itself.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cptfacet.errors import PolicyFileError, Problem
from cptfacet.policies.files import PolicyFile, find_policy, get, ids, read_file, read_files
from cptfacet.policies.model import (
    Answer,
    ChangeKind,
    Known,
    NotKnown,
    Policy,
    PolicyChange,
    Provision,
    rule_families,
    value_of,
)
from cptfacet.policies.vocabulary import DIMENSIONS, KEYS, Key, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from importlib_resources.abc import Traversable

    from cptfacet.reference import Reference

__all__ = [
    "DIMENSIONS",
    "KEYS",
    "Answer",
    "ChangeKind",
    "Key",
    "Known",
    "NotKnown",
    "Policy",
    "PolicyChange",
    "Provision",
    "Value",
    "discover_policies",
    "find_policy",
    "get",
    "ids",
    "load",
    "load_all",
    "rule_families",
    "value_of",
]


def __dir__() -> list[str]:
    return sorted(__all__)


ENTRY_POINTS = "cptfacet.policies"  # the entry point group of installed packs


def load(
    path: str | Path | Traversable,
    *,
    among: Iterable[Policy] = (),
    reference: Reference | None = None,
) -> Policy:
    """Read a policy file, strictly.

    A file may extend a packaged policy, or one of the policies passed as ``among``, by its id. It
    may cite packaged sources and define its own. Its modifiers must be in the ``reference``. The
    error lists every problem of the file.

    >>> load("no-such-file.toml")
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] No such file or directory: 'no-such-file.toml'

    Raises:
        PolicyFileError: The file breaks a rule of policy files, or its id is taken; lists all
            problems, each with its line.
        OSError: The file can't be opened.
        ValueError: Two policies in ``among`` have the same id.
    """
    file = Path(path) if isinstance(path, str) else path
    return read_file(file.name, file.read_bytes(), given=_given(among), reference=reference)


def load_all(
    paths: Iterable[str | Path | Traversable],
    *,
    among: Iterable[Policy] = (),
    reference: Reference | None = None,
) -> Mapping[str, Policy]:
    """Read policy files that may extend each other, in any order, and return policies by id.

    The rules of `load` apply. The error lists every problem of every file.

    >>> load_all([])
    mappingproxy({})

    Raises:
        PolicyFilesError: A file breaks a rule of policy files, two files have the same id, or files
            extend each other in a circle.
        OSError: A file can't be opened.
        ValueError: Two policies in ``among`` have the same id.
    """
    files = [Path(path) if isinstance(path, str) else path for path in paths]
    names = [file.name for file in files]
    taken = [
        PolicyFile(file.name if names.count(file.name) == 1 else str(file), file.read_bytes())
        for file in files
    ]
    return _by_id(read_files(taken, given=_given(among), reference=reference))


def discover_policies(*, reference: Reference | None = None) -> Mapping[str, Policy]:
    """Read the policies of installed packs, and return them by id.

    A pack is a distribution with an entry point in the group ``cptfacet.policies``, whose value is
    the name of a package. The ``.toml`` files of that package are policy files. They may extend
    packaged policies and those of other packs. No code of a pack runs, and nothing is registered or
    cached: each call searches again.

    >>> set(discover_policies()) & set(ids())  # an id is never taken twice
    set()

    Raises:
        PolicyFilesError: A pack has no policy file or names no package, a file breaks a rule of
            policy files, or an id is taken; lists all problems of all packs.
        OSError: A file can't be opened.
    """
    taken: list[PolicyFile] = []
    wrong: list[PolicyFileError] = []
    for pack, package in _packs():
        folder = _folder(package)
        files = [f for f in folder.iterdir() if f.name.endswith(".toml")] if folder else []
        if not files:
            missing = "is not a package" if folder is None else "has no policy file"
            message = f"{package!r} {missing}; name a package with *.toml files"
            problem = Problem(path=f"entry point {ENTRY_POINTS}", message=message)
            wrong.append(PolicyFileError(file="", pack=pack, problems=(problem,)))
        files.sort(key=lambda file: file.name)
        taken += [PolicyFile(file.name, file.read_bytes(), pack) for file in files]
    return _by_id(read_files(taken, wrong=wrong, reference=reference))


def _packs() -> list[tuple[str, str]]:
    """List the installed packs: the distribution, and the package with its policy files."""
    from importlib.metadata import entry_points  # noqa: PLC0415  slow, and few ask for packs

    found = entry_points(group=ENTRY_POINTS)
    return sorted({(entry.dist.name if entry.dist else entry.name, entry.value) for entry in found})


def _folder(package: str) -> Traversable | None:
    """Find the folder of a package without importing it."""
    import importlib_resources  # noqa: PLC0415  kept out of `import cptfacet`, which reads nothing

    top, *inner = package.split(".")
    if not all(name.isidentifier() for name in (top, *inner)):
        return None
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:  # the running script
        return None
    if spec is None or spec.submodule_search_locations is None:
        return None
    folder = importlib_resources.files(importlib.util.module_from_spec(spec)).joinpath(*inner)
    return folder if folder.is_dir() else None


def _given(among: Iterable[Policy]) -> dict[str, Policy]:
    """Return policies, and those that they extend, by id."""
    found: dict[str, Policy] = {}
    for policy in (other for given in among for other in given.lineage()):
        known = get(policy.id) if policy.id in ids() else found.get(policy.id, policy)
        if known != policy:
            message = f"two policies have the id {policy.id!r}; pass only one of them"
            raise ValueError(message)
        found[policy.id] = policy
    return found


def _by_id(made: Iterable[Policy]) -> Mapping[str, Policy]:
    return MappingProxyType({policy.id: policy for policy in sorted(made, key=lambda p: p.id)})
