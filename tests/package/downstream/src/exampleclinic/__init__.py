"""What a clinic's own program does with cptfacet: it codes a session for its one payer."""

from __future__ import annotations

import functools
from importlib.resources import files

import cptfacet
from cptfacet import policies


@functools.cache
def plan() -> cptfacet.Policy:
    """Return the policy of the clinic's payer."""
    return policies.load(files("exampleclinic") / "example-plan.toml")  # type: ignore[arg-type]


def billed(session: cptfacet.Session) -> list[str]:
    """Write the lines of a session, or the reason why there is none."""
    answer = cptfacet.code_session(session, policy=plan())
    if isinstance(answer, cptfacet.Refusal):
        return [f"not billed: {answer.message}"]
    return [line.text for line in answer.claim.lines]


def units(claim: cptfacet.Claim) -> int:
    """Count the whole units of a claim; what is no whole number counts as none."""
    return sum(line.units for line in claim.lines if isinstance(line.units, int) and line.units > 0)
