"""Exceptions for a caller's mistakes. A problem on a claim is a finding, not an exception."""

from __future__ import annotations

from typing import Any

import attrs

from cptfacet._records import reduced, sealed

__all__ = [
    "CptfacetError",
    "DataFileError",
    "DocumentError",
    "FormatMismatchError",
    "FormatNotKnownError",
    "MissingExtraError",
    "NoMedialBranchError",
    "ParseError",
    "PolicyFileError",
    "PolicyFilesError",
    "Problem",
    "SessionError",
    "UnknownIdError",
]


def __dir__() -> list[str]:
    return sorted(__all__)


class CptfacetError(Exception):
    """The base class of every exception that this library raises on purpose.

    Exceptions are values: two with equal fields are equal, and they survive pickling.
    """

    def _fields(self) -> dict[str, Any]:
        kind = type(self)
        names = [field.name for field in attrs.fields(kind)] if attrs.has(kind) else []
        return {name: getattr(self, name) for name in names}

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return (self._fields(), self.args) == (other._fields(), other.args)

    def __hash__(self) -> int:
        return hash((type(self), *self._fields().values()))

    def __reduce__(self) -> str | tuple[Any, ...]:
        return reduced(self) if attrs.has(type(self)) else super().__reduce__()


@sealed
@attrs.frozen(kw_only=True)
class Problem:
    """One problem at one place in a document.

    Attributes:
        path: The place in the notation of the document: ``$.treatments[0].targets[1].side`` in JSON,
            ``provisions[3].until`` in a policy file.
        message: What is wrong, and what would be right.
        line: The line of a text file, if it is known.
    """

    path: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: {self.path}" if self.line is not None else self.path
        return f"{where}: {self.message}"


@attrs.frozen(kw_only=True)
class ParseError(CptfacetError, ValueError):
    """A text that can't be read with certainty as the requested kind of value.

    ``what`` names the kind of value, ``text`` is the input, and ``reason`` says why it was refused
    and what to write instead.
    """

    what: str
    text: str
    reason: str

    def __str__(self) -> str:
        return f"{_quoted(self.text)} is not {self.what}: {self.reason}"


@attrs.frozen(kw_only=True)
class UnknownIdError(CptfacetError, LookupError):
    """An unknown id, such as a code, a policy or a provision.

    ``near`` lists the ids that the caller may have meant.
    """

    what: str
    text: str
    near: tuple[str, ...] = ()

    def __str__(self) -> str:
        hint = f"; did you mean {', '.join(self.near)}?" if self.near else ""
        return f"unknown {self.what} {_quoted(self.text)}{hint}"


@attrs.frozen(kw_only=True)
class NoMedialBranchError(CptfacetError, ValueError):
    """A joint without a pair of medial branches has no nerves to list."""

    joint: str

    def __str__(self) -> str:
        return (
            f"{self.joint} has no pair of medial branches: only an intra-articular injection is"
            " possible, so it has no list of nerves."
        )


@attrs.frozen(kw_only=True)
class MissingExtraError(CptfacetError, ImportError):
    """A part of this library requires a package that is not installed.

    ``needs`` is the package, and ``extra`` is the extra of this library that installs it.

    >>> print(MissingExtraError(extra="fast", needs="msgspec"))
    msgspec is not installed; install it with: pip install "cptfacet[fast]"
    """

    extra: str
    needs: str

    def __str__(self) -> str:
        command = f'pip install "cptfacet[{self.extra}]"'
        return f"{self.needs} is not installed; install it with: {command}"


@attrs.frozen(kw_only=True)
class DataFileError(CptfacetError, RuntimeError):
    """A packaged data file that is missing or damaged, which every answer from it would hide.

    >>> print(DataFileError(file="edits/mue.csv", reason="it has 12 of 400 lines"))
    the packaged data file edits/mue.csv can't be used: it has 12 of 400 lines; install cptfacet again, or run nox -s regenerate if you changed the file
    """

    file: str
    reason: str

    def __str__(self) -> str:
        remedy = "install cptfacet again, or run nox -s regenerate if you changed the file"
        return f"the packaged data file {self.file} can't be used: {self.reason}; {remedy}"


@attrs.frozen(kw_only=True)
class SessionError(CptfacetError, ValueError):
    """A session or claim that can't be read or contradicts itself; ``problems`` lists every problem."""

    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        return "; ".join(str(problem) for problem in self.problems)


@attrs.frozen(kw_only=True)
class FormatMismatchError(CptfacetError, ValueError):
    """Claim lines that are not in the laterality format in which they were read."""

    form: str
    reason: str

    def __str__(self) -> str:
        return f"these lines are not in the laterality format {self.form}: {self.reason}"


@attrs.frozen(kw_only=True)
class FormatNotKnownError(CptfacetError, LookupError):
    """A laterality format that is not known.

    ``what`` names where it should come from; ``problems`` lists every role without a format, with
    the reason.
    """

    what: str
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        listed = "; ".join(str(problem) for problem in self.problems)
        return f"no laterality format is known from {self.what}: {listed}"


@attrs.frozen(kw_only=True)
class DocumentError(CptfacetError, ValueError):
    """A document that can't be read; ``problems`` lists every problem with its path."""

    what: str
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        listed = "\n".join(f"  {problem}" for problem in self.problems)
        return f"{self.what} can't be read:\n{listed}"


@attrs.frozen(kw_only=True)
class PolicyFileError(CptfacetError, ValueError):
    """A policy file that can't be used; ``problems`` lists every problem with its line.

    ``pack`` names the installed distribution that provides the file. If ``file`` is empty, the pack
    itself can't be used.
    """

    file: str
    problems: tuple[Problem, ...]
    pack: str = ""

    def __str__(self) -> str:
        named = [f"policy file {self.file}"] if self.file else []
        named += [f"the pack {self.pack}"] if self.pack else []
        listed = "\n".join(f"  {problem}" for problem in self.problems)
        return f"{' of '.join(named)} can't be used:\n{listed}"


@attrs.frozen(kw_only=True)
class PolicyFilesError(CptfacetError, ValueError):
    """Policy files, read together, that can't be used; ``files`` has one error for each of them."""

    files: tuple[PolicyFileError, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.files))


_SHOWN = 60


def _quoted(text: str) -> str:
    """Quote a text, or its beginning if it is long."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
