"""What is in force on a date: codes, modifiers and their facts, as one immutable value."""

from __future__ import annotations

import datetime as dt
import difflib
import functools
from typing import TYPE_CHECKING, Any

import attrs

from cptfacet import _data
from cptfacet._records import reduced, sealed
from cptfacet.anatomy import CodeRegion, Nerve
from cptfacet.citations import Citation, Confidence
from cptfacet.claims import ClaimLine, ClaimType, parse_line
from cptfacet.dates import EffectivePeriod, Status
from cptfacet.errors import UnknownIdError
from cptfacet.modifiers import (
    Modifier,
    ModifierConflict,
    ModifierKind,
    ModifierRole,
    parse_modifier,
)
from cptfacet.procedures import (
    AddOnLink,
    CodeGroup,
    Counted,
    Family,
    GroupedCode,
    Indicators,
    LegacyFamily,
    Ordinal,
    Procedure,
    ProcedureKind,
    parse_code,
)
from cptfacet.sessions import Technique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["OtherNerve", "Reference", "packaged"]


@sealed
@attrs.frozen(kw_only=True)
class OtherNerve:
    """What is reported for nerves that supply no facet joint, by technique and guidance.

    ``guidances`` are those under which it is so; `not-stated` stands for a note that names none.
    """

    nerves: tuple[Nerve, ...]
    techniques: tuple[Technique, ...]
    guidances: tuple[str, ...]
    instead: ClaimLine
    term: EffectivePeriod
    citations: tuple[Citation, ...]
    note: str = ""


@sealed
@attrs.frozen(kw_only=True)
class Reference:
    """Reference data: procedures, modifiers, other codes by group, what is reported for other nerves.

    It is a value: laying newer data over it makes a new one.
    """

    procedures: tuple[Procedure, ...] = attrs.field(repr=False)
    modifiers: tuple[Modifier, ...] = attrs.field(repr=False)
    other_nerves: tuple[OtherNerve, ...] = attrs.field(repr=False, default=())
    groups: tuple[GroupedCode, ...] = attrs.field(repr=False, default=())
    conflicts: tuple[ModifierConflict, ...] = attrs.field(repr=False, default=())
    as_of: dt.date
    _codes: dict[str, Procedure] = attrs.field(init=False, repr=False, eq=False, hash=False)
    _modifiers: dict[str, Modifier] = attrs.field(init=False, repr=False, eq=False, hash=False)
    _roles: dict[ModifierRole, str] = attrs.field(init=False, repr=False, eq=False, hash=False)
    _groups: dict[str, tuple[GroupedCode, ...]] = attrs.field(
        init=False, repr=False, eq=False, hash=False
    )
    _hash: int = attrs.field(init=False, repr=False, eq=False, hash=False)

    def __attrs_post_init__(self) -> None:
        """Index by code, and work out the hash once: a reference is a key of what is compiled."""
        everything = (
            *(self.procedures, self.modifiers, self.other_nerves),
            *(self.groups, self.conflicts, self.as_of),
        )
        object.__setattr__(self, "_hash", hash(everything))
        groups: dict[str, tuple[GroupedCode, ...]] = {}
        for member in self.groups:
            groups[member.code] = (*groups.get(member.code, ()), member)
        object.__setattr__(self, "_groups", groups)
        object.__setattr__(self, "_codes", {p.code: p for p in self.procedures})
        object.__setattr__(self, "_modifiers", {m.code: m for m in self.modifiers})
        roles = {m.role: m.code for m in reversed(self.modifiers) if m.role}
        object.__setattr__(self, "_roles", roles)

    def __hash__(self) -> int:
        return self._hash

    def _repr_pretty_(self, printer: Any, _: bool) -> None:  # noqa: FBT001, ANN401  its protocol
        """Show the short form to IPython and Hypothesis, which else print every code."""
        printer.text(repr(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return reduced(self)

    def procedure(self, code: str) -> Procedure:
        """Give the facts of a code.

        >>> code = packaged().procedure(" 64494 ")
        >>> code.label, code.add_on
        ('image-guided facet injection, lumbar-sacral, second level', True)
        >>> packaged().procedure("99999")
        Traceback (most recent call last):
        ...
        cptfacet.errors.UnknownIdError: no procedure code is known as '99999'.

        Raises:
            ParseError: The text is no code.
            UnknownIdError: The code is none of the family or related to it.
        """
        found = self._codes.get(parse_code(code))
        if found is None:
            near = difflib.get_close_matches(code, self._codes, cutoff=0.8)
            raise UnknownIdError(what="procedure code", text=code, near=tuple(near))
        return found

    def find(
        self,
        *,
        kind: ProcedureKind | None = None,
        family: Family | LegacyFamily | None = None,
        region: CodeRegion | None = None,
        ordinal: Ordinal | None = None,
        on: dt.date | None = None,
    ) -> tuple[Procedure, ...]:
        """List the codes that fit every criterion given; ``on`` asks for those valid that day.

        >>> [p.code for p in packaged().find(family=Family.ABLATION, on=dt.date(2026, 3, 2))]
        ['64633', '64634', '64635', '64636']
        """
        return tuple(
            p
            for p in self.procedures
            if (kind is None or p.kind is kind)
            and (family is None or p.family is family)
            and (region is None or p.region is region)
            and (ordinal is None or p.ordinal is ordinal)
            and (on is None or p.in_force(on) is Status.IN_FORCE)
        )

    def known(self, code: str) -> Procedure | None:
        """Give the facts of a code as it stands on a claim, or None where it is not known here."""
        return self._codes.get(code)

    def modifier(self, code: str) -> Modifier:
        """Give the facts of a modifier.

        >>> packaged().modifier("kx").kind
        <ModifierKind.INFORMATIONAL: 'informational'>
        >>> packaged().modifier("ZZ")
        Traceback (most recent call last):
        ...
        cptfacet.errors.UnknownIdError: no modifier is known as 'ZZ'.

        Raises:
            ParseError: The text is no modifier.
            UnknownIdError: The modifier is not known here.
        """
        found = self._modifiers.get(parse_modifier(code))
        if found is None:
            raise UnknownIdError(what="modifier", text=code)
        return found

    def modifier_kind(self, code: str) -> ModifierKind:
        """Give the kind of a modifier as it stands on a claim; an unknown one informs."""
        found = self._modifiers.get(code)
        return found.kind if found else ModifierKind.INFORMATIONAL

    def modifier_role(self, code: str) -> ModifierRole | None:
        """Give the role of a modifier as it stands on a claim, where it has one."""
        found = self._modifiers.get(code)
        return found.role if found else None

    def modifier_for(self, role: ModifierRole) -> str:
        """Give the code of the one modifier that has a role.

        >>> packaged().modifier_for(ModifierRole.BILATERAL)
        '50'

        Raises:
            UnknownIdError: No modifier of this reference has the role.
        """
        if role not in self._roles:
            raise UnknownIdError(what="modifier with the role", text=role)
        return self._roles[role]

    def modifiers_with(self, role: ModifierRole) -> tuple[str, ...]:
        """List the codes of all modifiers that have a role.

        >>> packaged().modifiers_with(ModifierRole.EXPECTED_DENIAL)
        ('GA', 'GX', 'GY', 'GZ')
        """
        return tuple(m.code for m in self.modifiers if m.role is role)

    def groups_of(self, code: str, *, on: dt.date) -> tuple[CodeGroup, ...]:
        """List the groups of other codes to which a code belongs on a date, each once.

        A code that is in none, or is not known to be valid on that date, has none.

        >>> packaged().groups_of("77003", on=dt.date(2026, 3, 2))
        (<CodeGroup.IMAGING_GUIDANCE: 'imaging-guidance'>,)
        >>> packaged().groups_of("01936", on=dt.date(2022, 1, 1))
        ()
        """
        members = self._groups.get(code, ())
        found = (m.group for m in members if m.term.on(on) is Status.IN_FORCE)
        return tuple(dict.fromkeys(found))

    def grouped(self, code: str) -> tuple[GroupedCode, ...]:
        """List what is known of a code as a member of groups, on whatever date.

        >>> [str(member.term) for member in packaged().grouped("01936")]
        ['seen 2020-01-01 until 2021-12-31']
        """
        return self._groups.get(code, ())

    def codes_in(self, group: CodeGroup, *, on: dt.date) -> tuple[str, ...]:
        """List the codes of a group on a date, each once.

        >>> packaged().codes_in(CodeGroup.ANESTHESIA, on=dt.date(2021, 3, 2))
        ('01935', '01936', '01991', '01992')
        """
        members = (m for m in self.groups if m.group is group)
        found = (m.code for m in members if m.term.on(on) is Status.IN_FORCE)
        return tuple(dict.fromkeys(found))

    def conflicts_of(
        self, modifiers: Iterable[str], *, on: dt.date
    ) -> tuple[ModifierConflict, ...]:
        """List the conflicts of the modifiers of one line, on a date.

        >>> (found,) = packaged().conflicts_of(["50", "KX", "RT"], on=dt.date(2026, 3, 2))
        >>> sorted(found.modifiers)
        ['50', 'RT']
        >>> packaged().conflicts_of(["RT", "RT"], on=dt.date(2026, 3, 2))
        ()
        """
        line = set(modifiers)
        return tuple(
            conflict
            for conflict in self.conflicts
            if len(conflict.modifiers & line) > 1 and conflict.term.on(on) is Status.IN_FORCE
        )

    def instead_of(
        self, nerves: Iterable[Nerve], *, technique: Technique, guidance: str, on: dt.date
    ) -> tuple[OtherNerve, ...]:
        """List what is reported on a date for nerves that supply no facet joint.

        >>> others = packaged().instead_of(
        ...     [Nerve.GON, Nerve.LON],
        ...     technique=Technique.MEDIAL_BRANCH_BLOCK,
        ...     guidance="none",
        ...     on=dt.date(2026, 3, 2),
        ... )
        >>> [other.instead.text for other in others]
        ['64405 x1', '64450 x1']
        """
        listed = set(nerves)
        return tuple(
            other
            for other in self.other_nerves
            if technique in other.techniques
            and guidance in other.guidances
            and not listed.isdisjoint(other.nerves)
            and other.term.on(on) is Status.IN_FORCE
        )


@functools.cache
def packaged() -> Reference:
    """Give the packaged reference data; it is read on first use.

    >>> packaged().as_of
    datetime.date(2026, 11, 24)
    """
    return Reference(
        procedures=_procedures(),
        modifiers=_modifiers(),
        other_nerves=_other_nerves(),
        groups=tuple(_groups()),
        conflicts=_conflicts(),
        as_of=dt.date.fromisoformat(_data.read_toml("edition.toml")["edition"]),
    )


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _procedures() -> tuple[Procedure, ...]:
    links: dict[str, list[AddOnLink]] = {}
    for row in _data.read_csv("codes/addons.csv"):
        link = AddOnLink(
            add_on=row["add_on"],
            primary=row["primary"],
            authority=row["authority"],
            term=_data.term_of(row),
            citations=_data.citations_of(row),
            note=row["note"],
        )
        links.setdefault(link.add_on, []).append(link)
    indicators = {row["code"]: _indicators(row) for row in _data.read_csv("codes/indicators.csv")}
    rows = list(_data.read_csv("codes/procedures.csv"))
    replaces: dict[str, list[str]] = {}
    for row in rows:
        for successor in _split(row["replaced_by"]):
            replaces.setdefault(successor, []).append(row["code"])
    return tuple(
        Procedure(
            code=row["code"],
            kind=ProcedureKind(row["kind"]),
            family=_family(row),
            region=CodeRegion(row["region"]) if row["region"] else None,
            ordinal=Ordinal(row["ordinal"]) if row["ordinal"] else None,
            counts=Counted(row["counts"]) if row["counts"] else None,
            label=row["label"] or _label(row),
            term=_data.term_of(row),
            confidence=Confidence(row["confidence"]),
            citations=_data.citations_of(row),
            replaced_by=_split(row["replaced_by"]),
            replaces=tuple(replaces.get(row["code"], ())),
            primaries=tuple(links.get(row["code"], ())),
            indicators=indicators.get(row["code"]),
            note=row["note"],
        )
        for row in rows
    )


def _family(row: dict[str, str]) -> Family | LegacyFamily | None:
    if not row["family"]:
        return None
    predecessor = ProcedureKind(row["kind"]) is ProcedureKind.PREDECESSOR
    return (LegacyFamily if predecessor else Family)(row["family"])


_WORDS = {
    "image-guided-injection": "image-guided facet injection",
    "ultrasound-injection": "ultrasound-guided facet injection",
    "injection": "facet injection (old code)",
    "third-and-more": "third and further levels together",
}


def _label(row: dict[str, str]) -> str:
    """Compose a label from the structured fields, in our words."""
    family = row["family"]
    if family == "ablation":
        what = f"facet denervation{' (old code)' if row['kind'] == 'predecessor' else ''}"
    else:
        what = _WORDS[family]
    ordinal = row["ordinal"]
    which = _WORDS.get(ordinal) or f"{ordinal.replace('-', ' ')} {row['counts']}"
    return f"{what}, {row['region']}, {which}"


def _indicators(row: dict[str, str]) -> Indicators:
    columns = (
        "status", "global_days", "multiple", "bilateral", "assistant", "co_surgeon", "team", "pc_tc"
    )  # fmt: skip
    return Indicators(
        **{column: row[column] for column in columns},
        term=_data.term_of(row),
        last=dt.date.fromisoformat(row["last"]),
        citations=_data.citations_of(row),
    )


_APPLIES = {
    "professional": ClaimType.PROFESSIONAL,
    "hospital_outpatient": ClaimType.HOSPITAL_OUTPATIENT,
    "asc_facility": ClaimType.ASC_FACILITY,
}


def _modifiers() -> tuple[Modifier, ...]:
    return tuple(
        Modifier(
            code=row["code"],
            code_set=row["code_set"],
            kind=ModifierKind(row["kind"]),
            role=ModifierRole(row["role"]) if row["role"] else None,
            meaning=row["meaning"],
            effect=row["effect"],
            claim_types=tuple(t for column, t in _APPLIES.items() if row[column] == "Y"),
            applies_to=row["applies_to"],
            term=_data.term_of(row),
            confidence=Confidence(row["confidence"]),
            effect_confidence=Confidence(row["effect_confidence"]),
            citations=_data.citations_of(row),
            note=row["note"],
        )
        for row in _data.read_csv("codes/modifiers.csv")
    )


def _groups() -> Iterator[GroupedCode]:
    for row in _data.read_csv("codes/groups.csv"):
        for code in _data.codes_of(row["codes"]):
            yield GroupedCode(
                code=code,
                group=CodeGroup(row["group"]),
                term=_data.term_of(row),
                confidence=Confidence(row["confidence"]),
                citations=_data.citations_of(row),
                note=row["note"],
            )


def _conflicts() -> tuple[ModifierConflict, ...]:
    return tuple(
        ModifierConflict(
            modifiers=frozenset(_split(row["modifiers"])),
            term=_data.term_of(row),
            confidence=Confidence(row["confidence"]),
            citations=_data.citations_of(row),
            note=row["note"],
        )
        for row in _data.read_csv("codes/modifier_conflicts.csv")
    )


def _other_nerves() -> tuple[OtherNerve, ...]:
    return tuple(
        OtherNerve(
            nerves=tuple(Nerve(name) for name in row["nerves"]),
            techniques=tuple(Technique(name) for name in row["techniques"]),
            guidances=tuple(row["guidances"]),
            instead=parse_line(row["instead"]),
            term=_data.term_of(row),
            citations=_data.citations_of(row),
            note=row.get("note", ""),
        )
        for row in _data.read_toml("codes/anatomy.toml")["other"]
    )
