"""Reference data: the codes, edits, diagnoses and places in force on a date, as one immutable value.

`Reference` holds the tables, and each look-up is one of its methods. The name of a method says what it
returns. ``get_procedure`` returns the one procedure with that code, or raises. ``find_procedures``
lists every procedure that matches. A noun, such as ``procedure`` or ``mue``, returns a value or
`Unknown`, and never raises for what a claim may contain.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeGuard

import attrs

from cptfacet import _data
from cptfacet._inputs import expect, expect_all, expect_date, expect_or_none
from cptfacet._records import sealed
from cptfacet.anatomy import CodeRegion, CoverageRegion, Joint, Nerve, UnlistedNerve
from cptfacet.claims import ClaimType, Location
from cptfacet.dates import EffectivePeriod, Status, change_days
from cptfacet.errors import NoMedialBranchError, UnknownIdError
from cptfacet.indicators import Indicators
from cptfacet.modifiers import (
    Modifier,
    ModifierConflict,
    ModifierKind,
    ModifierRole,
    parse_modifier,
)
from cptfacet.procedures import (
    CodeGroup,
    Family,
    GroupedCode,
    LegacyFamily,
    Ordinal,
    Procedure,
    ProcedureKind,
    parse_code,
)
from cptfacet.reference.codes import (
    CONFLICTS,
    GROUPS,
    MODIFIERS,
    OTHER_NERVES,
    PROCEDURES,
    OtherNerve,
)
from cptfacet.reference.diagnoses import (
    DIAGNOSES,
    SPINE_PARTS,
    Diagnosis,
    DiagnosisRow,
    NamedPart,
    TitleWords,
    find_diagnosis,
    find_spine_part,
)
from cptfacet.reference.editions import Release, check, releases_behind
from cptfacet.reference.edits import (
    ASC_STATUSES,
    MUES,
    PAIRS,
    UNSETTLED_PAIRS,
    AscRow,
    AscStatus,
    Mue,
    MueRow,
    PairEdits,
    PairRow,
    UnsettledPair,
    find_asc_status,
    find_mue,
    find_pair_edits,
)
from cptfacet.reference.joints import (
    CODE_REGIONS,
    COVERAGE_REGIONS,
    INNERVATIONS,
    Innervation,
    RegionFact,
)
from cptfacet.reference.jurisdictions import (
    AREAS,
    COUNTIES,
    ZIP_CODES,
    Area,
    County,
    Jurisdiction,
    Places,
    ZipCode,
    ZipCodes,
    find_area,
    find_zip_code,
    jurisdictions_of,
    parse_zip,
)
from cptfacet.reference.places import PLACES, PlaceOfService, parse_place
from cptfacet.reference.tables import Table
from cptfacet.sessions import Guidance, Technique
from cptfacet.unknown import Unknown

__all__ = ["OtherNerve", "Reference", "find_reference", "packaged"]


def __dir__() -> list[str]:
    return sorted(__all__)


@sealed
@attrs.frozen(kw_only=True)
class Reference:
    """Reference data: one table for each kind of fact, packaged unless another is passed.

    A reference is a value: it equals any other with the same tables. Laying newer data over it returns
    a new reference, and ``own_tables`` lists the tables that are not the packaged ones.

    >>> data = packaged().with_tables(pairs=[])
    >>> data.own_tables
    ('pairs',)
    >>> data == Reference(pairs=data.pairs), Reference() == packaged()
    (True, True)
    >>> packaged().with_rows(pears=[])
    Traceback (most recent call last):
    ...
    TypeError: a reference has no table 'pears'; did you mean pairs?
    """

    procedures: Table[Procedure] = PROCEDURES
    modifiers: Table[Modifier] = MODIFIERS
    groups: Table[GroupedCode] = GROUPS
    conflicts: Table[ModifierConflict] = CONFLICTS
    innervations: Table[Innervation] = INNERVATIONS
    code_regions: Table[RegionFact[CodeRegion]] = CODE_REGIONS
    coverage_regions: Table[RegionFact[CoverageRegion]] = COVERAGE_REGIONS
    other_nerves: Table[OtherNerve] = OTHER_NERVES
    mues: Table[Release[str, MueRow]] = MUES
    pairs: Table[Release[str, tuple[PairRow, ...]]] = PAIRS
    unsettled_pairs: Table[UnsettledPair] = UNSETTLED_PAIRS
    asc_statuses: Table[Release[str, AscRow]] = ASC_STATUSES
    diagnoses: Table[Release[str, DiagnosisRow]] = DIAGNOSES
    spine_parts: Table[TitleWords] = SPINE_PARTS
    places: Table[PlaceOfService] = PLACES
    areas: Table[Area] = AREAS
    counties: Table[County] = COUNTIES
    zip_codes: Table[ZipCodes] = ZIP_CODES
    _hash: int = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check the editions of own tables, and hash once: references are keys of caches."""
        for name, table in self._own().items():
            try:
                check(filter(_is_release, table))
            except ValueError as error:
                message = f"{name}: {error}"
                raise ValueError(message) from None
        object.__setattr__(self, "_hash", hash(tuple(self._own().items())))

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        own = f", own_tables={self.own_tables}" if self.own_tables else ""
        return f"Reference(as_of={self.as_of}{own})"

    def _repr_pretty_(self, printer: Any, _: bool) -> None:  # noqa: FBT001, ANN401  its protocol
        """Show the short form to IPython and Hypothesis, which else print every row."""
        printer.text(repr(self))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle only its own tables: the packaged ones are read again."""
        return _rebuilt, (self._own(),)

    # -- its tables

    def _tables(self) -> Mapping[str, Table[Any]]:
        return {name: getattr(self, name) for name in _PACKAGED}

    def _own(self) -> Mapping[str, Table[Any]]:
        return {name: own for name, own in self._tables().items() if own != _PACKAGED[name]}

    @property
    def as_of(self) -> dt.date:
        """The date of the packaged data."""
        return _as_of()

    @property
    def own_tables(self) -> tuple[str, ...]:
        """The tables that are not the packaged ones, each with the editions laid over it."""
        return self._named(lambda _: True)

    def find_own_tables(
        self, looked_up: Collection[tuple[str, str, dt.date]], claim_type: ClaimType
    ) -> tuple[str, ...]:
        """List the own tables, each with those of its editions that some answers depend on.

        An answer is named by its table, code and date.

        >>> release = next(r for r in packaged().mues if r.edition.id == "mue-2026q4")
        >>> data = packaged().with_rows(mues=[release])
        >>> asked = [("mues", "64493", dt.date(2026, 11, 2))]
        >>> data.find_own_tables(asked, ClaimType.PROFESSIONAL)
        ('mues: mue-2026q4',)
        >>> data.find_own_tables(asked, ClaimType.ASC_FACILITY)
        ('mues',)
        """
        used = [
            release
            for table, code, on in looked_up
            for release in releases_behind(getattr(self, table), code, on=on, claim_type=claim_type)
        ]
        return self._named(lambda laid: any(laid is release for release in used))

    def _named(self, is_used: Callable[[Release[Any, Any]], bool]) -> tuple[str, ...]:
        named: list[str] = []
        for name, table in self._own().items():
            laid = filter(is_used, filter(_is_release, table.laid))
            editions = dict.fromkeys(release.edition.id for release in laid)
            named.append(f"{name}: {', '.join(editions)}" if editions else name)
        return tuple(named)

    def with_rows(self, **rows: Iterable[Any]) -> Reference:
        """Return the reference with rows laid over tables; they replace rows with the same key.

        A row of a table with editions is a `Release`: it adds an edition, or replaces the one with the
        same id.

        >>> import attrs
        >>> kx = packaged().get_modifier("KX")
        >>> data = packaged().with_rows(modifiers=[attrs.evolve(kx, kind=ModifierKind.PAYMENT)])
        >>> data.modifier_kind("KX").value, data.own_tables
        ('payment', ('modifiers',))

        Raises:
            TypeError: The reference has no such table, or a row is not one of it.
            ValueError: Two editions cover the same days.
        """
        return attrs.evolve(self, **{n: self._table(n).over(laid) for n, laid in rows.items()})

    def with_tables(self, **rows: Iterable[Any]) -> Reference:
        """Return the reference with only these rows in the tables named.

        >>> without = packaged().with_tables(mues=[])
        >>> print(without.mue("64493", on=dt.date(2026, 3, 2), claim_type=ClaimType.PROFESSIONAL))
        the MUE of 64493 for professional claims on 2026-03-02 is not known: no edition of the table was read

        Raises:
            TypeError: The reference has no such table, or a row is not one of it.
            ValueError: Two editions cover the same days.
        """
        return attrs.evolve(self, **{n: self._table(n).only(given) for n, given in rows.items()})

    def _table(self, name: str) -> Table[Any]:
        if name not in _PACKAGED:
            near = difflib.get_close_matches(name, _PACKAGED, n=1)
            message = (
                f"a reference has no table {name!r}{f'; did you mean {near[0]}?' if near else ''}"
            )
            raise TypeError(message)
        table: Table[Any] = getattr(self, name)
        return table

    def turning_days(self, *tables: Table[Any]) -> frozenset[dt.date]:
        """List the days on which an answer from the tables given may change; by default, from any.

        Every day between two of these gives the same answers.

        >>> dt.date(2026, 10, 1) in packaged().turning_days()
        True
        """
        return change_days(
            period
            for table in tables or self._tables().values()
            for row in table
            for period in _periods(row)
        )

    # -- codes and modifiers

    def get_procedure(self, code: str) -> Procedure:
        """Return the facts of a code.

        >>> code = packaged().get_procedure(" 64494 ")
        >>> code.label, code.add_on
        ('image-guided facet injection, lumbar-sacral, second level', True)
        >>> packaged().get_procedure("99999")
        Traceback (most recent call last):
        ...
        cptfacet.errors.UnknownIdError: unknown procedure code '99999'

        Raises:
            ParseError: The text is not a code.
            UnknownIdError: The reference does not have the code.
        """
        found = self.procedure(parse_code(code))
        if isinstance(found, Unknown):
            near = difflib.get_close_matches(code, (p.code for p in self.procedures), cutoff=0.8)
            raise UnknownIdError(what="procedure code", text=code, near=tuple(near))
        return found

    def procedure(self, code: str) -> Procedure | Unknown:
        """Return the facts of a code as it is printed on a claim.

        >>> packaged().procedure("64493").family.value, packaged().procedure("6449").reason
        ('image-guided-injection', 'the reference does not have it')
        """
        expect(code, str, "code")
        for found in self.procedures.about(code):
            return found
        return Unknown(what=f"procedure code {code}", reason=_NOT_HERE)

    def find_procedures(
        self,
        *,
        kind: ProcedureKind | None = None,
        family: Family | LegacyFamily | None = None,
        region: CodeRegion | None = None,
        ordinal: Ordinal | None = None,
        on: dt.date | None = None,
    ) -> tuple[Procedure, ...]:
        """List the codes that match every criterion given; with ``on``, those valid that day.

        >>> [
        ...     p.code
        ...     for p in packaged().find_procedures(family=Family.ABLATION, on=dt.date(2026, 3, 2))
        ... ]
        ['64633', '64634', '64635', '64636']
        """
        expect_or_none(kind, ProcedureKind, "kind")
        expect_or_none(family, (Family, LegacyFamily), "family")
        expect_or_none(region, CodeRegion, "region")
        expect_or_none(ordinal, Ordinal, "ordinal")
        expect_or_none(on, dt.date, "on")
        return tuple(
            p
            for p in self.procedures
            if (kind is None or p.kind is kind)
            and (family is None or p.family is family)
            and (region is None or p.region is region)
            and (ordinal is None or p.ordinal is ordinal)
            and (on is None or p.in_force(on) is Status.IN_FORCE)
        )

    def get_modifier(self, code: str) -> Modifier:
        """Return the facts of a modifier.

        >>> packaged().get_modifier("kx").kind
        <ModifierKind.INFORMATIONAL: 'informational'>
        >>> packaged().get_modifier("ZZ")
        Traceback (most recent call last):
        ...
        cptfacet.errors.UnknownIdError: unknown modifier 'ZZ'

        Raises:
            ParseError: The text is not a modifier.
            UnknownIdError: The reference does not have the modifier.
        """
        found = self.modifier(parse_modifier(code))
        if isinstance(found, Unknown):
            raise UnknownIdError(what="modifier", text=code)
        return found

    def modifier(self, code: str) -> Modifier | Unknown:
        """Return the facts of a modifier as it is printed on a claim.

        >>> packaged().modifier("RT").kind.value, packaged().modifier("R").reason
        ('laterality', 'the reference does not have it')
        """
        expect(code, str, "code")
        for found in self.modifiers.about(code):
            return found
        return Unknown(what=f"modifier {code}", reason=_NOT_HERE)

    def modifier_kind(self, code: str) -> ModifierKind:
        """Return the kind of a modifier as it is printed on a claim.

        A modifier that the reference does not have is informational: it goes last.

        >>> packaged().modifier_kind("50").value, packaged().modifier_kind("R").value
        ('payment', 'informational')
        """
        expect(code, str, "code")
        found = self.modifiers.about(code)
        return found[0].kind if found else ModifierKind.INFORMATIONAL

    def modifier_role(self, code: str) -> ModifierRole | None:
        """Return the role of a modifier as it is printed on a claim, or None if it has no role.

        >>> packaged().modifier_role("LT").value, packaged().modifier_role("R")
        ('left', None)
        """
        expect(code, str, "code")
        found = self.modifiers.about(code)
        return found[0].role if found else None

    def find_modifiers(
        self, *, kind: ModifierKind | None = None, role: ModifierRole | None = None
    ) -> tuple[Modifier, ...]:
        """List the modifiers that match every criterion given.

        >>> [m.code for m in packaged().find_modifiers(role=ModifierRole.EXPECTED_DENIAL)]
        ['GA', 'GX', 'GY', 'GZ']
        >>> [m.code for m in packaged().find_modifiers(kind=ModifierKind.LATERALITY)]
        ['RT', 'LT']
        """
        expect_or_none(kind, ModifierKind, "kind")
        expect_or_none(role, ModifierRole, "role")
        return tuple(
            m
            for m in self.modifiers
            if (kind is None or m.kind is kind) and (role is None or m.role is role)
        )

    @functools.cached_property
    def modifier_codes(self) -> Mapping[ModifierRole, str]:
        """The code of the modifier with each role: the first of them, where several have it.

        >>> packaged().modifier_codes[ModifierRole.BILATERAL]
        '50'
        """
        codes = {m.role: m.code for m in reversed(self.modifiers.rows) if m.role}
        return MappingProxyType(codes)

    def get_modifier_code(self, role: ModifierRole) -> str:
        """Return the code of the modifier with a role, as `modifier_codes` has it.

        >>> packaged().get_modifier_code(ModifierRole.BILATERAL)
        '50'

        Raises:
            UnknownIdError: No modifier of this reference has the role.
        """
        expect(role, ModifierRole, "role")
        if role not in self.modifier_codes:
            raise UnknownIdError(what="modifier with the role", text=role)
        return self.modifier_codes[role]

    def find_groups(self, code: str, *, on: dt.date) -> tuple[CodeGroup, ...]:
        """List the groups of other codes to which a code belongs on a date, each once.

        The list is empty for a code in no group, and on a date on which no source shows it valid.

        >>> packaged().find_groups("77003", on=dt.date(2026, 3, 2))
        (<CodeGroup.IMAGING_GUIDANCE: 'imaging-guidance'>,)
        >>> packaged().find_groups("01936", on=dt.date(2022, 1, 1))
        ()
        """
        expect(code, str, "code")
        expect_date(on)
        members = self.groups.about(code)
        found = (m.group for m in members if m.term.on(on) is Status.IN_FORCE)
        return tuple(dict.fromkeys(found))

    def find_grouped_codes(self, code: str) -> tuple[GroupedCode, ...]:
        """List the memberships of a code in groups, over all dates.

        >>> [str(member.term) for member in packaged().find_grouped_codes("01936")]
        ['seen 2020-01-01 until 2021-12-31']
        """
        expect(code, str, "code")
        return self.groups.about(code)

    def fee_indicators(self, code: str, *, on: dt.date) -> Indicators | Unknown:
        """Return the fee schedule indicators of a facet code or a related code on a date.

        >>> data, day = packaged(), dt.date(2026, 3, 2)
        >>> data.fee_indicators("64405", on=day).bilateral.pays_second_side
        True
        >>> data.fee_indicators("G0260", on=day).status.name
        'EXCLUDED_BY_REGULATION'
        >>> print(data.fee_indicators("64405", on=dt.date(2021, 12, 31)))
        the fee schedule entry of 64405 on 2021-12-31 is not known: no edition of that date or earlier was read

        Source: data/codes/indicators.csv.
        """
        expect(code, str, "code")
        expect_date(on)
        listed: tuple[Indicators, ...] = ()
        for procedure in self.procedures.about(code):
            listed = (procedure.indicators,) if procedure.indicators else ()
        if not listed:
            members = self.groups.about(code)
            listed = next((m.indicators for m in members if m.indicators), ())
        begun = [each for each in listed if each.term.on(on) is Status.IN_FORCE]
        if begun and (on <= begun[-1].last or len(begun) == len(listed)):
            return begun[-1]
        reason = "no edition of that date or earlier was read" if listed else _NOT_LISTED
        if begun:
            reason = "the editions before and after it differ"
        return Unknown(what=f"the fee schedule entry of {code}", on=on, reason=reason)

    def find_codes(self, group: CodeGroup, *, on: dt.date) -> tuple[str, ...]:
        """List the codes of a group on a date, each once.

        >>> packaged().find_codes(CodeGroup.ANESTHESIA, on=dt.date(2021, 3, 2))
        ('01935', '01936', '01991', '01992')
        """
        expect(group, CodeGroup, "group")
        expect_date(on)
        members = (m for m in self.groups if m.group is group)
        found = (m.code for m in members if m.term.on(on) is Status.IN_FORCE)
        return tuple(dict.fromkeys(found))

    def find_conflicts(
        self, modifiers: Iterable[str], *, on: dt.date
    ) -> tuple[ModifierConflict, ...]:
        """List the conflicts between the modifiers of one line on a date.

        >>> (found,) = packaged().find_conflicts(["50", "KX", "RT"], on=dt.date(2026, 3, 2))
        >>> sorted(found.modifiers)
        ['50', 'RT']
        >>> packaged().find_conflicts(["RT", "RT"], on=dt.date(2026, 3, 2))
        ()
        """
        expect_date(on)
        line = set(expect_all(modifiers, str, "modifiers"))
        return tuple(
            conflict
            for conflict in self.conflicts
            if len(conflict.modifiers & line) > 1 and conflict.term.on(on) is Status.IN_FORCE
        )

    def find_other_nerves(
        self,
        nerves: Iterable[Nerve | UnlistedNerve],
        *,
        technique: Technique,
        guidance: Guidance | None,
        on: dt.date,
    ) -> tuple[OtherNerve, ...]:
        """List what is reported on a date for nerves that do not supply a facet joint.

        A ``guidance`` of None means that the note does not state it.

        >>> others = packaged().find_other_nerves(
        ...     [Nerve.GON, Nerve.LON],
        ...     technique=Technique.MEDIAL_BRANCH_BLOCK,
        ...     guidance=None,
        ...     on=dt.date(2026, 3, 2),
        ... )
        >>> [other.instead.text for other in others]
        ['64405 x1', '64450 x1']
        """
        expect(technique, Technique, "technique")
        expect_or_none(guidance, Guidance, "guidance")
        expect_date(on)
        listed: tuple[Nerve | UnlistedNerve, ...] = expect_all(
            nerves, (Nerve, UnlistedNerve), "nerves"
        )
        return tuple(
            other
            for other in self.other_nerves
            if technique in other.techniques
            and guidance in other.guidances
            and any(other.is_of(nerve) for nerve in listed)
            and other.term.on(on) is Status.IN_FORCE
        )

    # -- joints and nerves

    def innervation(self, joint: Joint) -> Innervation | Unknown:
        """Return the nerves that supply a joint, with the source.

        >>> packaged().innervation(Joint.L4_L5).nerves
        (<Nerve.L3: 'L3'>, <Nerve.L4: 'L4'>)
        >>> packaged().innervation(Joint.C1_C2).note
        'No medial branch pair; intra-articular injection only.'
        """
        if type(joint) is not Joint:
            expect(joint, Joint, "joint")
        for found in self.innervations.about(joint):
            return found
        return Unknown(what=f"the nerves of {joint}", reason="the reference does not have them")

    def find_nerves(self, joint: Joint) -> tuple[Nerve, ...]:
        """List the nerves that supply a joint; none where it has no pair of branches.

        >>> packaged().find_nerves(Joint.C0_C1)
        ()
        """
        found = self.innervation(joint)
        return () if isinstance(found, Unknown) else found.nerves

    def get_nerves(self, joints: Iterable[Joint]) -> tuple[Nerve, ...]:
        """Return the nerves that supply some joints of one side, from superior to inferior, each once.

        >>> [nerve.value for nerve in packaged().get_nerves([Joint.L4_L5, Joint.L5_S1])]
        ['L3', 'L4', 'L5 dorsal ramus']
        >>> packaged().get_nerves([Joint.C1_C2])
        Traceback (most recent call last):
        ...
        cptfacet.errors.NoMedialBranchError: C1-C2 has no pair of medial branches: only an intra-articular injection is possible, so it has no list of nerves.

        Raises:
            NoMedialBranchError: A joint has no branch pair (C0-C1, C1-C2).
        """
        found: set[Nerve] = set()
        for joint in expect_all(joints, Joint, "joints"):
            supply = self.find_nerves(joint)
            if not supply:
                raise NoMedialBranchError(joint=joint.value)
            found.update(supply)
        return tuple(sorted(found))

    def find_joints(
        self,
        *,
        completed_by: Iterable[Nerve] | None = None,
        supplied_by: Iterable[Nerve] | None = None,
    ) -> tuple[Joint, ...]:
        """List the joints that nerves of one side complete, or that any of some nerves supplies.

        A joint counts when all of its nerves were treated: `k` adjacent nerves complete `k - 1`
        joints, and only inside one unbroken run. The third occipital nerve alone completes C2-C3;
        C2 and C3 without it do not.

        >>> listed = [Nerve.L3, Nerve.L4, Nerve.L5_DORSAL_RAMUS]
        >>> [joint.value for joint in packaged().find_joints(completed_by=listed)]
        ['L4-L5', 'L5-S1']
        >>> packaged().find_joints(completed_by=[Nerve.C2, Nerve.C3])
        ()
        >>> [joint.value for joint in packaged().find_joints(supplied_by=[Nerve.L4])]
        ['L4-L5', 'L5-S1']
        """
        have = None if completed_by is None else {*expect_all(completed_by, Nerve, "completed_by")}
        near = None if supplied_by is None else {*expect_all(supplied_by, Nerve, "supplied_by")}
        return tuple(
            fact.joint
            for fact in self.innervations
            if (have is None or (fact.nerves and have.issuperset(fact.nerves)))
            and (near is None or not near.isdisjoint(fact.nerves))
        )

    def code_region(self, joint: Joint, *, on: dt.date) -> RegionFact[CodeRegion] | Unknown:
        """Return the region that picks the code for a joint on a date.

        T12-L1 was lumbar in the code book of 2010 and is thoracic by 2014; no source states when
        that changed.

        >>> packaged().code_region(Joint.T12_L1, on=dt.date(2026, 3, 2)).region
        <CodeRegion.CERVICAL_THORACIC: 'cervical-thoracic'>
        >>> print(packaged().code_region(Joint.T12_L1, on=dt.date(2012, 6, 1)))
        the code region of T12-L1 on 2012-06-01 is not known: no source we have read states it for that date
        """
        expect(joint, Joint, "joint")
        expect_date(on)
        for fact in self.code_regions.about(joint):
            if fact.term.on(on) is Status.IN_FORCE:
                return fact
        reason = "no source we have read states it for that date"
        return Unknown(what=f"the code region of {joint}", on=on, reason=reason)

    def find_code_regions(self, joint: Joint) -> tuple[RegionFact[CodeRegion], ...]:
        """List the code regions of a joint, over all dates.

        >>> [str(fact.term) for fact in packaged().find_code_regions(Joint.T12_L1)]
        ['seen 2010-01-01 until 2010-12-31', 'seen 2014-12-31']
        """
        expect(joint, Joint, "joint")
        return self.code_regions.about(joint)

    def coverage_region(self, joint: Joint) -> RegionFact[CoverageRegion] | Unknown:
        """Return the region in which a coverage policy counts a joint.

        A region is a stretch of vertebrae: C1 to T12, and L1 to S5. T12-L1 lies between them. What it
        is billed with may settle it, as one group with L1-L2; alone it is not known.

        >>> packaged().coverage_region(Joint.C7_T1).region
        <CoverageRegion.CERVICAL_THORACIC: 'cervical-thoracic'>
        >>> packaged().coverage_region(Joint.T12_L1).reason
        'no source we have read counts it in one'
        """
        expect(joint, Joint, "joint")
        for fact in self.coverage_regions.about(joint):
            return fact
        reason = "no source we have read counts it in one"
        return Unknown(what=f"the coverage region of {joint}", reason=reason)

    # -- edits

    def mue(
        self, code: str, *, on: dt.date, claim_type: ClaimType, strict: bool = False
    ) -> Mue | Unknown:
        """Return the medically unlikely edit (MUE) of a code on a date of service.

        CMS publishes one table for practitioners and one for hospitals. No source we have read states
        which of them applies to a Medicare ASC facility claim: that MUE is not known. A code without
        a value is not known either, because CMS does not publish all of its MUEs.

        >>> data, day = packaged(), dt.date(2026, 11, 2)
        >>> print(data.mue("64493", on=day, claim_type=ClaimType.PROFESSIONAL))
        64493 x1 at most: units of one day of service, by policy (stated: mue-2026q4 (2026-10-01 to 2026-12-31))
        >>> data.mue(
        ...     "64636", on=dt.date(2027, 3, 1), claim_type=ClaimType.PROFESSIONAL
        ... ).provenance.basis
        <Basis.CARRIED: 'carried'>
        >>> print(data.mue("64493", on=day, claim_type=ClaimType.ASC_FACILITY))
        the MUE of 64493 for asc-facility claims on 2026-11-02 is not known: no source we have read states which table these claims meet
        >>> data.mue("6449", on=day, claim_type=ClaimType.PROFESSIONAL)
        Traceback (most recent call last):
        ...
        cptfacet.errors.ParseError: '6449' is not a procedure code: write five characters, such as five digits, or four digits and a T

        Raises:
            ParseError: The text is not a code.

        Source: data/edits/mue.csv; each answer cites its editions.
        """
        expect_date(on)
        expect(claim_type, ClaimType, "claim_type")
        return find_mue(self.mues, code, claim_type, on, strict=strict)

    def pair_edits(
        self, code: str, other: str, *, on: dt.date, claim_type: ClaimType, strict: bool = False
    ) -> PairEdits | Unknown:
        """Return the procedure-to-procedure edits of two codes on a date of service, in either direction.

        One set was read, that of July 2024, without first days: before it nothing is known, and after
        it an answer is carried. For a pair with a facet code it is complete: no edit is an answer
        too. For two other codes only an edit is an answer. Where a later copy shows an edit that the
        set does not have, "none" is not carried.

        >>> data, day = packaged(), dt.date(2024, 8, 1)
        >>> found = data.pair_edits("64493", "64635", on=day, claim_type=ClaimType.PROFESSIONAL)
        >>> found.edit.column1, found.edit.column2, found.edit.indicator.name
        ('64635', '64493', 'ALLOWED')
        >>> print(data.pair_edits("64490", "64493", on=day, claim_type=ClaimType.PROFESSIONAL).edit)
        None
        >>> later = dt.date(2026, 3, 2)
        >>> data.pair_edits(
        ...     "64493", "64635", on=later, claim_type=ClaimType.PROFESSIONAL
        ... ).provenance.basis.value
        'carried'
        >>> print(data.pair_edits("64494", "64634", on=later, claim_type=ClaimType.PROFESSIONAL))
        the pair of 64494 and 64634 for professional claims on 2026-03-02 is not known: the set of ptp-2024q3 has none, and a copy of 2026-04-01 has one without its column and dates
        >>> data.pair_edits("64493", "6463", on=day, claim_type=ClaimType.PROFESSIONAL)
        Traceback (most recent call last):
        ...
        cptfacet.errors.ParseError: '6463' is not a procedure code: write five characters, such as five digits, or four digits and a T

        Raises:
            ParseError: One of the texts is not a code.

        Source: data/edits/pairs.csv; each answer cites its edition.
        """
        expect_date(on)
        expect(claim_type, ClaimType, "claim_type")
        return find_pair_edits(
            self.pairs, self.unsettled_pairs, (code, other), claim_type, on, strict=strict
        )

    def asc_status(self, code: str, *, on: dt.date, strict: bool = False) -> AscStatus | Unknown:
        """Return the status of a code for the facility claim of an ambulatory surgery center (ASC).

        >>> data, day = packaged(), dt.date(2026, 3, 2)
        >>> first, further = data.asc_status("64635", on=day), data.asc_status("64636", on=day)
        >>> first.indicator, first.multiple_discount, further.indicator
        ('G2', True, 'N1')
        >>> data.asc_status("64999", on=day).covered
        False
        >>> print(data.asc_status("99213", on=day))
        the ASC status of 99213 on 2026-03-02 is not known: no edition that was read has a row for it among the codes that facet claims meet
        >>> data.asc_status("6449", on=day)
        Traceback (most recent call last):
        ...
        cptfacet.errors.ParseError: '6449' is not a procedure code: write five characters, such as five digits, or four digits and a T

        Raises:
            ParseError: The text is not a code.

        Source: data/edits/asc.csv; each answer cites its editions.
        """
        expect_date(on)
        return find_asc_status(self.asc_statuses, code, on, strict=strict)

    # -- diagnoses and places of service

    def diagnosis(self, code: str, *, on: dt.date, strict: bool = False) -> Diagnosis | Unknown:
        """Return a diagnosis code as the code set has it on a date of service.

        The code set changes on 1 October. The categories that facet claims meet were read in full: a
        code of theirs that is not in the file of a year is not valid in it. Others are not known.

        >>> data, day = packaged(), dt.date(2026, 3, 2)
        >>> found = data.diagnosis("M47.816", on=day)
        >>> found.title, found.billable, found.provenance.basis.value
        ('Spondylosis without myelopathy or radiculopathy, lumbar region', True, 'stated')
        >>> data.diagnosis("M54.5", on=dt.date(2021, 9, 30)).validity.value
        'billable'
        >>> data.diagnosis("M54.5", on=dt.date(2021, 10, 1)).validity.value
        'header'
        >>> data.diagnosis("M47.816", on=dt.date(2027, 11, 1)).provenance.basis.value
        'carried'
        >>> print(data.diagnosis("I10", on=day))
        the diagnosis I10 on 2026-03-02 is not known: its category was not read
        >>> data.diagnosis("724.2", on=day)
        Traceback (most recent call last):
        ...
        cptfacet.errors.ParseError: '724.2' is not a diagnosis code: ICD-10-CM has a letter and two more characters, and up to four after a dot

        Raises:
            ParseError: The text does not have the shape of an ICD-10-CM code.

        Source: data/diagnoses/codes.csv; each answer cites its editions.
        """
        expect_date(on)
        return find_diagnosis(self.diagnoses, code, on, strict=strict)

    def spine_part(self, code: str) -> NamedPart | Unknown:
        """Return the part of the spine that a diagnosis names in its title, where it names one part.

        A facet procedure treats one region, and a diagnosis of another part does not explain it. This
        is our reading of the titles: no payer's text that was read has it.

        >>> data = packaged()
        >>> lumbar = data.spine_part("M47.816")
        >>> lumbar.part.value, [region.value for region in lumbar.regions]
        ('lumbar', ['lumbar-sacral'])
        >>> [region.value for region in data.spine_part("M47.815").regions]
        ['cervical-thoracic', 'lumbar-sacral']
        >>> data.spine_part("M47.819").reason, data.spine_part("I10").reason
        ('its title names none', 'its title was not read')
        >>> data.spine_part("724.2")
        Traceback (most recent call last):
        ...
        cptfacet.errors.ParseError: '724.2' is not a diagnosis code: ICD-10-CM has a letter and two more characters, and up to four after a dot

        Raises:
            ParseError: The text does not have the shape of an ICD-10-CM code.

        Source: data/diagnoses/parts.csv, a judgment.
        """
        return find_spine_part(self.diagnoses, self.spine_parts, code)

    def first_diagnosis_day(self) -> dt.date | Unknown:
        """Return the first day of the code set of diagnoses; earlier claims used another one.

        >>> packaged().first_diagnosis_day()
        datetime.date(2015, 10, 1)
        """
        first = min((release.edition.first for release in self.diagnoses), default=None)
        return first or Unknown(
            what="the first day of the diagnosis code set", reason="no edition of it was read"
        )

    def get_place(self, code: str) -> PlaceOfService:
        """Return a place of service by its two digits.

        >>> data = packaged()
        >>> data.get_place("24").name, data.get_place("24").rate
        ('Ambulatory Surgical Center', <Rate.FACILITY: 'facility'>)
        >>> data.get_place("00")
        Traceback (most recent call last):
        ...
        cptfacet.errors.UnknownIdError: unknown place of service '00'

        Raises:
            ParseError: The text is not two digits.
            UnknownIdError: The code set has no such code.

        Source: data/codes/places_of_service.csv.
        """
        digits = parse_place(code)
        for found in self.places.about(digits):
            return found
        raise UnknownIdError(what="place of service", text=digits)

    def place(self, code: str) -> PlaceOfService | Unknown:
        """Return a place of service as a claim has it.

        >>> packaged().place("11").name, packaged().place("ASC").reason
        ('Office', 'the code set does not have it')
        """
        expect(code, str, "code")
        for found in self.places.about(code):
            return found
        reason = "the code set does not have it" if len(self.places) else _NOT_HERE
        return Unknown(what=f"place of service {code}", reason=reason)

    def find_places(self, *, facility: ClaimType | None = None) -> tuple[PlaceOfService, ...]:
        """List places of service: all, or those of the facility that bills a type of claim.

        >>> [place.code for place in packaged().find_places(facility=ClaimType.ASC_FACILITY)]
        ['24']
        """
        expect_or_none(facility, ClaimType, "facility")
        return tuple(p for p in self.places if facility is None or p.facility is facility)

    # -- locations

    def area(
        self, location: Location | None, *, on: dt.date, claim_type: ClaimType | None = None
    ) -> Area | Unknown:
        """Return the area of a location on a date, and with it the jurisdiction and its policy.

        The state decides, and in a divided state the county; a ZIP code gives both. A location that
        contradicts itself is not known. Without a claim type, all claim types must agree: Virginia is
        divided for professional and ASC facility claims, and a hospital bills one MAC for all of it.

        >>> data, day = packaged(), dt.date(2026, 3, 2)
        >>> found = data.area(Location(state="OH"), on=day)
        >>> found.jurisdiction, found.mac, found.policy
        ('J15', 'CGS', 'medicare-j15')
        >>> fairfax = Location(state="VA", county="Fairfax County")
        >>> [data.area(fairfax, on=day, claim_type=kind).jurisdiction for kind in ClaimType]
        ['JL', 'JL', 'JM']
        >>> data.area(Location(state="VA"), on=day, claim_type=ClaimType.PROFESSIONAL).missing
        ('county', 'zip')

        Source: data/places/areas.csv; each area cites its own.
        """
        expect_or_none(location, Location, "location")
        expect_date(on)
        expect_or_none(claim_type, ClaimType, "claim_type")
        place = location or Location()
        tables = Places(self.areas, self.counties, self.zip_codes)
        return find_area(tables, place, on, claim_type)

    def get_jurisdiction(self, jurisdiction_id: str) -> Jurisdiction:
        """Return a jurisdiction by its id.

        >>> found = packaged().get_jurisdiction("J15")
        >>> found.mac, found.states
        ('CGS', ('KY', 'OH'))
        >>> packaged().get_jurisdiction("J1")
        Traceback (most recent call last):
        ...
        cptfacet.errors.UnknownIdError: unknown jurisdiction 'J1'; did you mean J15?

        Raises:
            UnknownIdError: No jurisdiction has this id.
        """
        expect(jurisdiction_id, str, "jurisdiction_id")
        known = {found.id: found for found in self.find_jurisdictions()}
        if jurisdiction_id not in known:
            near = difflib.get_close_matches(jurisdiction_id, known)
            raise UnknownIdError(what="jurisdiction", text=jurisdiction_id, near=tuple(near))
        return known[jurisdiction_id]

    def find_jurisdictions(self, *, shared: str | None = None) -> tuple[Jurisdiction, ...]:
        """List the jurisdictions by id: all, or those whose policies extend a ``shared`` one.

        >>> [found.id for found in packaged().find_jurisdictions()]
        ['J15', 'J5', 'J6', 'J8', 'JE', 'JF', 'JH', 'JJ', 'JK', 'JL', 'JM', 'JN']
        >>> packaged().find_jurisdictions(shared="aetna")
        ()
        """
        expect_or_none(shared, str, "shared")
        return jurisdictions_of(area for area in self.areas if shared in (None, area.shared))

    @functools.cached_property
    def shared_policies(self) -> Mapping[str, frozenset[str]]:
        """The ids of the policies that jurisdictions share, each with those of its jurisdictions.

        >>> {shared: len(own) for shared, own in packaged().shared_policies.items()}
        {'medicare': 12}
        """
        found: dict[str, set[str]] = {}
        for area in self.areas:
            found.setdefault(area.shared, set()).add(area.policy)
        return MappingProxyType({shared: frozenset(own) for shared, own in found.items()})

    def get_zip_code(self, text: str) -> ZipCode:
        """Return a ZIP code by its first five digits.

        >>> found = packaged().get_zip_code("22201")
        >>> found.state, found.part
        ('VA', 'northern')
        >>> packaged().get_zip_code("00000")
        Traceback (most recent call last):
        ...
        cptfacet.errors.UnknownIdError: unknown ZIP code '00000'

        Raises:
            ParseError: The text does not have the format of a ZIP code.
            UnknownIdError: The CMS file does not have the code.
        """
        found = find_zip_code(self.zip_codes, parse_zip(text))
        if found is None:
            raise UnknownIdError(what="ZIP code", text=text)
        return found


_NOT_HERE = "the reference does not have it"
_NOT_LISTED = "no edition that was read lists it among the codes that facet claims meet"


def _is_release(row: object) -> TypeGuard[Release[Any, Any]]:
    return isinstance(row, Release)


def _is_table(value: object) -> TypeGuard[Table[Any]]:
    return isinstance(value, Table)


_PACKAGED: Mapping[str, Table[Any]] = {
    field.name: field.default for field in attrs.fields(Reference) if _is_table(field.default)
}


def _rebuilt(own: Mapping[str, Table[Any]]) -> Reference:
    return Reference(**own) if own else packaged()


@functools.cache
def _as_of() -> dt.date:
    return dt.date.fromisoformat(_data.read_toml("edition.toml")["edition"])


def _periods(row: object) -> Iterator[tuple[dt.date, dt.date]]:
    """Yield the first and last day of each period that a row states."""
    if isinstance(row, Release):
        yield row.edition.first, row.edition.last
        return
    terms = [getattr(row, "term", None)]
    if isinstance(row, Procedure):
        terms += [link.term for link in row.primaries]
        terms += [row.indicators.term] if row.indicators else []
    if isinstance(row, GroupedCode):
        yield from ((each.term.first, each.last) for each in row.indicators[:-1])
        terms += [each.term for each in row.indicators]
    yield from ((t.first, t.last) for t in terms if isinstance(t, EffectivePeriod))


def find_reference(reference: Reference | None) -> Reference:
    """Return the reference data that a caller passed, or the packaged ones for None.

    >>> find_reference(None) is packaged()
    True
    >>> find_reference("2026")
    Traceback (most recent call last):
    ...
    TypeError: reference takes a Reference, not a str: leave it out for the packaged data

    Raises:
        TypeError: The value is not reference data.
    """
    if reference is None:
        return packaged()
    return expect(reference, Reference, "reference", "leave it out for the packaged data")


@functools.cache
def packaged() -> Reference:
    """Return the packaged reference data; each table is read on first use.

    >>> packaged().as_of
    datetime.date(2026, 11, 30)
    """
    return Reference()
