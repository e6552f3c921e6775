"""The map of joints: the nerves that supply each joint, its code region and its coverage region."""

from __future__ import annotations

import functools
from enum import StrEnum
from operator import attrgetter
from typing import Any, Generic, TypeVar

import attrs

from cptfacet import _data
from cptfacet._records import sealed
from cptfacet.anatomy import CodeRegion, CoverageRegion, Joint, Nerve
from cptfacet.citations import Citation, Confidence
from cptfacet.dates import EffectivePeriod
from cptfacet.reference.tables import Table

__all__ = [
    "CODE_REGIONS",
    "COVERAGE_REGIONS",
    "INNERVATIONS",
    "Innervation",
    "RegionFact",
]


def __dir__() -> list[str]:
    return sorted(__all__)


G = TypeVar("G", bound=StrEnum)


@sealed
@attrs.frozen(kw_only=True)
class Innervation:
    """The nerves that supply one joint, with the source; empty if it has no medial branch pair."""

    joint: Joint
    nerves: tuple[Nerve, ...]
    confidence: Confidence
    citations: tuple[Citation, ...]
    note: str = ""


@sealed
@attrs.frozen(kw_only=True)
class RegionFact(Generic[G]):
    """The code region or coverage region of one joint over one term, with the source."""

    joint: Joint
    region: G
    term: EffectivePeriod
    confidence: Confidence
    citations: tuple[Citation, ...]
    note: str = ""


def _rows(table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _data.read_toml("codes/anatomy.toml")[table]
    return rows


@functools.cache
def _innervations() -> tuple[Innervation, ...]:
    return tuple(
        Innervation(
            joint=Joint(row["joint"]),
            nerves=tuple(Nerve(name) for name in row["nerves"]),
            confidence=Confidence(row["confidence"]),
            citations=_data.citations_of(row),
            note=row.get("note", ""),
        )
        for row in _rows("innervation")
    )


def _regions(table: str, kind: type[G]) -> tuple[RegionFact[G], ...]:
    return tuple(
        RegionFact(
            joint=Joint(name),
            region=kind(row["region"]),
            term=_data.term_of(row),
            confidence=Confidence(row["confidence"]),
            citations=_data.citations_of(row),
            note=row.get("note", ""),
        )
        for row in _rows(table)
        for name in row["joints"]
    )


@functools.cache
def _code_regions() -> tuple[RegionFact[CodeRegion], ...]:
    return _regions("region", CodeRegion)


@functools.cache
def _coverage_regions() -> tuple[RegionFact[CoverageRegion], ...]:
    return _regions("coverage-region", CoverageRegion)


INNERVATIONS: Table[Innervation] = Table(
    kind=Innervation, key=attrgetter("joint"), packaged=_innervations
)
CODE_REGIONS: Table[RegionFact[CodeRegion]] = Table(
    kind=RegionFact, key=attrgetter("joint"), packaged=_code_regions
)
COVERAGE_REGIONS: Table[RegionFact[CoverageRegion]] = Table(
    kind=RegionFact, key=attrgetter("joint"), packaged=_coverage_regions
)
