"""Strategies for answers of the reference data: looked up, on dates of every edition."""

from __future__ import annotations

import datetime as dt
import functools
from typing import TypeVar

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cptfacet import policies
from cptfacet.claims import ClaimType
from cptfacet.policies.diagnosis_lists import DiagnosisList, diagnosis_list
from cptfacet.reference import packaged
from cptfacet.reference.diagnoses import Diagnosis
from cptfacet.reference.editions import Edition, Provenance
from cptfacet.reference.edits import AscStatus, Mue, PairEdit, PairEdits
from cptfacet.reference.places import PlaceOfService
from cptfacet.strategies.options import named
from cptfacet.strategies.words import service_dates, turning_days
from cptfacet.unknown import Unknown

__all__ = [
    "asc_statuses",
    "diagnosis_facts",
    "diagnosis_lists",
    "edition_facts",
    "mues",
    "pair_edit_lists",
    "pair_edits",
    "places_of_service",
    "provenances",
    "unknowns",
]


def __dir__() -> list[str]:
    return sorted(__all__)


T = TypeVar("T")


def _codes() -> SearchStrategy[str]:
    return st.sampled_from([procedure.code for procedure in packaged().procedures])


def _dates() -> SearchStrategy[dt.date]:
    return service_dates(min_value=dt.date(packaged().as_of.year - 3, 1, 1)) | service_dates()


def _found(answers: SearchStrategy[T | Unknown]) -> SearchStrategy[T]:
    """Keep the answers that the data have."""

    @st.composite
    def drawn(draw: st.DrawFn) -> T:
        answer = draw(answers)
        assume(not isinstance(answer, Unknown))
        return answer  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    return drawn()


def _mue_answers() -> SearchStrategy[Mue | Unknown]:
    asked = st.tuples(_codes(), _dates(), st.sampled_from(ClaimType))
    return asked.map(lambda a: packaged().mue(a[0], on=a[1], claim_type=a[2]))


def mues() -> SearchStrategy[Mue]:
    """Return MUE values."""
    return _found(_mue_answers())


def _status_answers() -> SearchStrategy[AscStatus | Unknown]:
    return st.tuples(_codes(), _dates()).map(lambda a: packaged().asc_status(a[0], on=a[1]))


def asc_statuses() -> SearchStrategy[AscStatus]:
    """Return the status of codes on the ASC lists."""
    return _found(_status_answers())


def places_of_service() -> SearchStrategy[PlaceOfService]:
    """Return places of service."""
    return st.sampled_from(packaged().places.rows)


@functools.cache
def _lists() -> dict[str, DiagnosisList]:
    """List the diagnosis list of each policy on each day on which something changes."""
    found: dict[str, DiagnosisList] = {}
    for name in policies.ids():
        for day in (*turning_days(None), packaged().as_of):
            answer = diagnosis_list(policies.get(name), on=day)
            if isinstance(answer, DiagnosisList):
                found[f"{name} {day}"] = answer
    return found


def diagnosis_lists() -> SearchStrategy[DiagnosisList]:
    """Return the diagnosis lists of payers."""
    return named(_lists())


def diagnosis_facts() -> SearchStrategy[Diagnosis]:
    """Return the diagnoses that payers list, as the ICD-10-CM order file has them."""
    listed = sorted({each.code for found in _lists().values() for each in found.diagnoses})
    days = st.just(packaged().as_of) | _dates()
    asked = st.tuples(st.sampled_from(listed), days)
    return _found(asked.map(lambda a: packaged().diagnosis(a[0], on=a[1])))


def pair_edit_lists() -> SearchStrategy[PairEdits]:
    """Return the PTP edits of two codes."""
    asked = st.tuples(
        st.lists(_codes(), min_size=2, max_size=2, unique=True),
        _dates(),
        st.sampled_from(ClaimType),
    )
    return _found(asked.map(lambda a: packaged().pair_edits(*a[0], on=a[1], claim_type=a[2])))


def pair_edits() -> SearchStrategy[PairEdit]:
    """Return single PTP edits, in force or deleted."""

    @st.composite
    def drawn(draw: st.DrawFn) -> PairEdit:
        answer = draw(pair_edit_lists())
        found = [*([answer.edit] if answer.edit else []), *answer.deleted]
        assume(found)
        return found[draw(st.integers(0, len(found) - 1))]

    return drawn()


def provenances() -> SearchStrategy[Provenance]:
    """Return the provenance of answers: the editions they are based on."""
    return (mues() | asc_statuses()).map(lambda answer: answer.provenance)


def edition_facts() -> SearchStrategy[Edition]:
    """Return editions of the edit data."""
    return provenances().flatmap(lambda provenance: st.sampled_from(provenance.editions))


def unknowns() -> SearchStrategy[Unknown]:
    """Return the answers "not known", where the data have none."""
    asked = _mue_answers() | _status_answers()

    @st.composite
    def drawn(draw: st.DrawFn) -> Unknown:
        answer = draw(asked)
        assume(isinstance(answer, Unknown))
        return answer  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    return drawn()
