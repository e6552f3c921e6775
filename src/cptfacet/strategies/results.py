"""Strategies for answers: each is what the library really returns for a drawn question."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cptfacet.anatomy import Joint
from cptfacet.claims import Claim
from cptfacet.coding import CodedSession, code_session
from cptfacet.decoding import (
    BilledLevels,
    DecodedClaim,
    decode_claim,
)
from cptfacet.errors import (
    CptfacetError,
    NoMedialBranchError,
    ParseError,
    Problem,
    SessionError,
    UnknownIdError,
)
from cptfacet.notes import Refusal
from cptfacet.policies import Policy
from cptfacet.sessions import (
    Session,
)
from cptfacet.strategies.claims import claims as clean_claims
from cptfacet.strategies.claims import messy_claims
from cptfacet.strategies.options import (
    chosen,
    either,
    tuples,
)
from cptfacet.strategies.sessions import messy_sessions
from cptfacet.strategies.sessions import sessions as clean_sessions
from cptfacet.strategies.words import (
    OPAQUE,
    TEXTS,
    packaged_policy,
)

__all__ = [
    "any_claims",
    "any_sessions",
    "billed_levels",
    "coded",
    "coded_claims",
    "decoded_claims",
    "errors",
    "part_of",
    "problems",
    "refusals",
]


def __dir__() -> list[str]:
    return sorted(__all__)


T = TypeVar("T")


def coded_claims(
    *,
    policies: SearchStrategy[Policy] | None = None,
    sessions: SearchStrategy[Session] | None = None,
) -> SearchStrategy[tuple[Session, CodedSession]]:
    """Return sessions with what `code_session` returns for them: claims right by construction.

    By default, the policies are the packaged ones and the sessions are ones that code to lines.
    Sessions of your own that are refused are skipped. The claim names its policy by id.

    >>> from hypothesis import find
    >>> session, coded = find(coded_claims(), lambda drawn: len(drawn[1].claim.lines) == 2)
    >>> [why.line for why in coded.why]
    [1, 2]

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    asked = chosen(policies, "policies", packaged_policy())
    if sessions is not None:
        chosen(sessions, "sessions", sessions)

    @st.composite
    def drawn(draw: st.DrawFn) -> tuple[Session, CodedSession]:
        policy = draw(asked)
        session = draw(_sessions_under(policy) if sessions is None else sessions)
        coded = code_session(session, policy=policy)
        assume(isinstance(coded, CodedSession))
        return session, cast("CodedSession", coded)

    return drawn()


@functools.lru_cache(maxsize=32)
def _sessions_under(policy: Policy) -> SearchStrategy[Session]:
    return clean_sessions(under=policy)


def refusals(*, sessions: SearchStrategy[Session] | None = None) -> SearchStrategy[Refusal]:
    """Return refusals of whole sessions, and of parts of them.

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    asked = chosen(sessions, "sessions", any_sessions())

    @st.composite
    def drawn(draw: st.DrawFn) -> Refusal:
        answer = code_session(draw(asked), policy=draw(packaged_policy()))
        if isinstance(answer, Refusal):
            return answer
        found = [note.refusal for note in answer.notes if note.refusal]
        assume(found)
        return found[draw(st.integers(0, len(found) - 1))]

    return drawn()


def any_sessions() -> SearchStrategy[Session]:
    """Return sessions, clean and messy."""
    return clean_sessions() | messy_sessions()


def any_claims() -> SearchStrategy[Claim]:
    """Return claims that are right, claims as a biller writes them, and messy ones."""
    coded = coded_claims().map(lambda drawn: drawn[1].claim)
    return clean_claims() | coded | messy_claims()


def decoded_claims(
    *, claims: SearchStrategy[Claim] | None = None, policies: SearchStrategy[Policy] | None = None
) -> SearchStrategy[DecodedClaim]:
    """Return what `decode_claim` reads from claims: coded, right or wrong, and messy ones.

    Raises:
        InvalidArgument: An option is not a strategy.
    """
    read = chosen(claims, "claims", any_claims())
    asked = chosen(policies, "policies", packaged_policy())
    return st.tuples(read, asked).map(lambda drawn: decode_claim(drawn[0], policy=drawn[1]))


def part_of(values: SearchStrategy[T], parts: Callable[[T], Iterable[Any]]) -> SearchStrategy[Any]:
    """Draw one part of a value that has some."""

    @st.composite
    def drawn(draw: st.DrawFn) -> object:
        found = list(parts(draw(values)))
        assume(found)
        return found[draw(st.integers(0, len(found) - 1))]

    return drawn()


def coded() -> SearchStrategy[CodedSession]:
    """Return coded sessions."""
    return coded_claims().map(lambda drawn: drawn[1])


def billed_levels() -> SearchStrategy[BilledLevels]:
    """Return the levels read from the lines of one code."""
    return part_of(
        decoded_claims(), lambda read: [b for group in read.groups for b in group.levels]
    )


def problems() -> SearchStrategy[Problem]:
    """Return problems of a document, with or without the line of its file."""
    return st.builds(Problem, path=TEXTS, message=TEXTS, line=either(st.integers(1, 999)))


def errors() -> SearchStrategy[CptfacetError]:
    """Return errors that this library raises."""
    return st.one_of(
        st.builds(ParseError, what=TEXTS, text=OPAQUE, reason=TEXTS),
        st.builds(UnknownIdError, what=TEXTS, text=OPAQUE, near=tuples(TEXTS, max_size=3)),
        st.builds(NoMedialBranchError, joint=st.sampled_from(Joint).map(str)),
        st.builds(SessionError, problems=tuples(problems(), min_size=1, max_size=3)),
    )
