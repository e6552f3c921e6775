"""What goes wrong by a caller's mistake. What is wrong with a claim is a finding, not an error."""

from __future__ import annotations

from typing import Any

import attrs

from cptfacet._records import reduced, sealed

__all__ = [
    "CptfacetError",
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
    """The root of every error that this library raises on purpose.

    Errors are values: two with the same fields are equal, and they survive pickling.
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
    """One thing that is wrong at one place of a document.

    ``path`` is the place in the document's own notation (``$.treatments[0].targets[1].side``, or
    ``provisions[3].until``), ``line`` the line of a text file where it is known, ``message`` what
    is wrong and what would be right.
    """

    path: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: {self.path}" if self.line is not None else self.path
        return f"{where}: {self.message}"


@attrs.frozen(kw_only=True)
class ParseError(CptfacetError, ValueError):
    """A text that can't be read with certainty as what was asked for.

    ``what`` names the kind of value, ``text`` is what came in, ``reason`` says why it was refused
    and what would be right.
    """

    what: str
    text: str
    reason: str

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}..."
        return f"{shown!r} is not {self.what}: {self.reason}"


@attrs.frozen(kw_only=True)
class UnknownIdError(CptfacetError, LookupError):
    """An id that names nothing: a code, a policy, a provision.

    ``near`` lists what the caller may have meant.
    """

    what: str
    text: str
    near: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}..."
        hint = f" Near it: {', '.join(self.near)}." if self.near else ""
        return f"no {self.what} is known as {shown!r}.{hint}"


@attrs.frozen(kw_only=True)
class NoMedialBranchError(CptfacetError, ValueError):
    """A joint that no pair of medial branches supplies was asked for its nerves."""

    joint: str

    def __str__(self) -> str:
        return (
            f"{self.joint} has no pair of medial branches: it can be injected inside the joint only,"
            " so it has no list of nerves."
        )


@attrs.frozen(kw_only=True)
class MissingExtraError(CptfacetError, ImportError):
    """A part of this library that stands on a package which is not installed.

    ``extra`` is the extra of this library that brings the package, ``needs`` the package.

    >>> print(MissingExtraError(extra="fast", needs="msgspec"))
    msgspec is not installed; it comes with: pip install "cptfacet[fast]"
    """

    extra: str
    needs: str

    def __str__(self) -> str:
        return f'{self.needs} is not installed; it comes with: pip install "cptfacet[{self.extra}]"'


@attrs.frozen(kw_only=True)
class SessionError(CptfacetError, ValueError):
    """A session or claim that contradicts itself; every contradiction is listed."""

    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        return "; ".join(str(problem) for problem in self.problems)


@attrs.frozen(kw_only=True)
class FormatMismatchError(CptfacetError, ValueError):
    """Claim lines that do not have the line form as which they were to be read."""

    form: str
    reason: str

    def __str__(self) -> str:
        return f"these lines do not have the form {self.form}: {self.reason}"


@attrs.frozen(kw_only=True)
class FormatNotKnownError(CptfacetError, LookupError):
    """A line form that is asked for where none is known.

    ``what`` names what should tell it; ``problems`` holds every role without a form, with the reason.
    """

    what: str
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        listed = "; ".join(str(problem) for problem in self.problems)
        return f"no line form is known from {self.what}: {listed}"


@attrs.frozen(kw_only=True)
class DocumentError(CptfacetError, ValueError):
    """A document that can't be read; ``problems`` holds all of them, each with its path."""

    what: str
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        listed = "\n".join(f"  {problem}" for problem in self.problems)
        return f"{self.what} can't be read:\n{listed}"


@attrs.frozen(kw_only=True)
class PolicyFileError(CptfacetError, ValueError):
    """A policy file that can't be used; ``problems`` holds all of them, each with its line.

    ``pack`` names the installed distribution that brings the file; where ``file`` is empty, the
    pack itself can't be used.
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
    """Policy files that were read together; ``files`` holds the error of each that can't be used."""

    files: tuple[PolicyFileError, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.files))


_SHOWN = 60
