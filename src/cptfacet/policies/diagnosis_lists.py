"""The diagnoses that a payer lists for facet procedures.

A policy names the document that holds the list, under the key ``billing.document``; the list belongs
to the document, and a policy has the lists of those that it extends.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from enum import StrEnum

import attrs

from cptfacet import _data
from cptfacet._records import sealed
from cptfacet.citations import Citation
from cptfacet.policies.model import Known, Policy, Provision
from cptfacet.policies.vocabulary import BILLING_DOCUMENT
from cptfacet.reference.diagnoses import parse_diagnosis
from cptfacet.reference.editions import Provenance, Release, packaged_releases, resolve, series
from cptfacet.unknown import Unknown

__all__ = ["DiagnosisList", "DiagnosisUse", "ListedDiagnosis", "diagnosis_list"]


def __dir__() -> list[str]:
    return sorted(__all__)


class DiagnosisUse(StrEnum):
    """For which procedures a list has a code: any of the family, or those on facet cysts alone."""

    ANY = "any"
    FACET_CYST = "facet-cyst"


@sealed
@attrs.frozen(kw_only=True)
class ListedDiagnosis:
    """A code of a payer's list, and the procedures for which it is listed."""

    code: str
    use: DiagnosisUse


@sealed
@attrs.frozen(kw_only=True)
class DiagnosisList:
    """The diagnoses that a payer's document lists as supporting facet procedures.

    ``provision`` is what the policy says about the document in force.
    """

    provision: Provision
    diagnoses: tuple[ListedDiagnosis, ...]
    provenance: Provenance

    @property
    def document(self) -> str:
        """The number of the document."""
        return BILLING_DOCUMENT.read(self.provision.value)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The sources of the list, and of the document in force."""
        return tuple(dict.fromkeys((*self.provenance.citations, *self.provision.citations)))

    def use_of(self, code: str) -> DiagnosisUse | None:
        """Return the procedures for which a code is listed, or None where it is not.

        >>> from cptfacet import policies
        >>> listed = diagnosis_list(policies.get("medicare-je"), on=dt.date(2026, 6, 1))
        >>> listed.use_of("M47816").value, listed.use_of("M53.86").value, listed.use_of("M54.50")
        ('any', 'facet-cyst', None)

        Raises:
            ParseError: The text does not have the shape of an ICD-10-CM code.
        """
        code = parse_diagnosis(code)
        return next((listed.use for listed in self.diagnoses if listed.code == code), None)


@functools.cache
def _rows() -> Mapping[str, Mapping[str, tuple[ListedDiagnosis, ...]]]:
    found: dict[str, dict[str, tuple[ListedDiagnosis, ...]]] = {}
    for row in _data.read_csv("diagnoses/lists.csv"):
        listed = ListedDiagnosis(code=row["code"], use=DiagnosisUse(row["use"]))
        for edition in row["editions"].split(";"):
            by_document = found.setdefault(edition, {})
            by_document[row["document"]] = (*by_document.get(row["document"], ()), listed)
    return found


@functools.cache
def _lists() -> tuple[Release[str, tuple[ListedDiagnosis, ...]], ...]:
    found = packaged_releases("diagnosis-list", lambda _, edition: _rows()[edition])
    return tuple(attrs.evolve(release, covers=tuple(release.rows)) for release in found)


def turning_days() -> frozenset[dt.date]:
    """List the days on which an answer about a list may change."""
    editions = [release.edition for release in _lists()]
    return frozenset(day for e in editions for day in (e.first, e.last + dt.timedelta(days=1)))


def diagnosis_list(
    policy: Policy, *, on: dt.date, strict: bool = False
) -> DiagnosisList | Unknown | None:
    """Return the diagnoses that a payer lists on a date, or None where it is not known to list any.

    The lists of most documents were not read, and are not known.

    >>> from cptfacet import policies
    >>> found = diagnosis_list(policies.get("medicare-jf"), on=dt.date(2026, 11, 2))
    >>> found.document, len(found.diagnoses), found.provenance.basis.value
    ('A58403', 24, 'carried')
    >>> print(diagnosis_list(policies.get("medicare-jf"), on=dt.date(2026, 3, 2)))
    the list of diagnoses of medicare-jf on 2026-03-02 is not known: the list of its document A58405 was not read
    >>> print(diagnosis_list(policies.get("cpt"), on=dt.date(2026, 3, 2)))
    None

    Source: data/diagnoses/lists.csv; each answer cites its editions.
    """
    what = f"the list of diagnoses of {policy.id}"
    answer = policy.ask(BILLING_DOCUMENT, on=on)
    if isinstance(answer, Known):
        document = answer.value
        stated = series(_lists(), document, code=document)
        if not stated:
            reason = f"the list of its document {document} was not read"
            return Unknown(what=what, on=on, reason=reason, citations=answer.citations)
        found = resolve(stated, on=on, what=what, strict=strict)
        if isinstance(found, Unknown):
            return found
        diagnoses, provenance = found
        return DiagnosisList(provision=answer.provision, diagnoses=diagnoses, provenance=provenance)
    if answer.candidates:
        named = ", ".join(answer.candidates)
        reason = f"each MAC has its own list: name the jurisdiction ({named})"
    elif any(isinstance(each, Known) for each in policy.stated(BILLING_DOCUMENT)):
        reason = f"no source we have read states which document is in force: {answer.reason}"
    else:
        return None
    return Unknown(what=what, on=on, reason=reason, citations=answer.citations)
