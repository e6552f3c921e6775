"""Lists of covered diagnoses: which list of a payer is in force, and what it has for a code.

A policy file can state lists of its own (``[[diagnosis-lists]]``). The packaged lists belong to
Medicare billing articles, which a policy names under the key ``billing.document``. A policy has the
lists of the policies that it extends; the nearest policy that has any decides.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping

import attrs

from cptfacet import _data
from cptfacet._records import sealed
from cptfacet.citations import Citation
from cptfacet.dates import Status, change_days
from cptfacet.policies.model import (
    DiagnosisUse,
    Known,
    ListedDiagnosis,
    Policy,
    StatedDiagnoses,
)
from cptfacet.policies.vocabulary import BILLING_DOCUMENT
from cptfacet.reference.diagnoses import parse_diagnosis
from cptfacet.reference.editions import (
    Basis,
    Edition,
    Provenance,
    Release,
    packaged_releases,
    resolve,
    series,
)
from cptfacet.unknown import Unknown

__all__ = ["DiagnosisList", "DiagnosisUse", "ListedDiagnosis", "diagnosis_list"]


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class DiagnosisList:
    """The diagnoses that a payer's document lists as supporting facet procedures.

    ``document`` is the number of the document in force. ``citations`` are the sources of the list,
    and of the policy for which document is in force.
    """

    document: str
    diagnoses: tuple[ListedDiagnosis, ...]
    provenance: Provenance
    citations: tuple[Citation, ...]

    def use_of(self, code: str) -> DiagnosisUse | None:
        """Return the procedures for which a code is listed, or None if the list does not have it.

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
    """List the days on which an answer about a packaged list may change."""
    return change_days((release.edition.first, release.edition.last) for release in _lists())


def _own_list(policy: Policy, what: str, on: dt.date) -> DiagnosisList | Unknown | None:
    """Return the list that a policy file states for a date; None where no file states one."""
    ended: list[StatedDiagnoses] = []
    for each in policy.lineage():
        for stated in each.diagnosis_lists:
            if stated.term.on(on) is Status.IN_FORCE:
                return _in_force(stated)
        later = [stated for stated in each.diagnosis_lists if stated.term.first > on]
        if later and min(later, key=lambda stated: stated.term.first).term.start is None:
            first = min(stated.term.first for stated in later)
            reason = f"no source shows one in force before {first}"
            return Unknown(what=what, on=on, reason=reason, citations=later[0].citations)
        ended += each.diagnosis_lists
        if each.find(BILLING_DOCUMENT.name):
            break
    if not ended or policy.stated(BILLING_DOCUMENT):
        return None
    terms = "; ".join(f"{stated.document} {stated.term}" for stated in ended)
    reason = f"no source states one for that date; what is known is {terms}"
    return Unknown(what=what, on=on, reason=reason, citations=ended[0].citations)


def _in_force(stated: StatedDiagnoses) -> DiagnosisList:
    edition = Edition(
        id=stated.document,
        first=stated.term.first,
        last=stated.term.last,
        citations=stated.citations,
    )
    return DiagnosisList(
        document=stated.document,
        diagnoses=stated.diagnoses,
        provenance=Provenance(basis=Basis.STATED, editions=(edition,)),
        citations=stated.citations,
    )


def diagnosis_list(
    policy: Policy, *, on: dt.date, strict: bool = False
) -> DiagnosisList | Unknown | None:
    """Return the diagnoses that a payer lists on a date, or None if it is not known to list any.

    `Unknown` means that the payer has a list, but it was not read or has no date that covers ``on``.

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
    own = _own_list(policy, what, on)
    if own is not None:
        return own
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
        cited = dict.fromkeys((*provenance.citations, *answer.citations))
        return DiagnosisList(
            document=document, diagnoses=diagnoses, provenance=provenance, citations=tuple(cited)
        )
    if answer.candidates:
        example = f"medicare-{answer.candidates[0].lower()}"
        reason = f"covered diagnoses differ by MAC: choose the MAC's policy, such as {example}"
    elif any(isinstance(each, Known) for each in policy.stated(BILLING_DOCUMENT)):
        reason = f"no source we have read states which document is in force: {answer.reason}"
    else:
        return None
    return Unknown(what=what, on=on, reason=reason, citations=answer.citations)
