"""Read one practitioner's lines for one day: coded groups, their levels, and what stays open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from cptfacet.addons import allowed_primaries
from cptfacet.anatomy import CodeRegion, Joint
from cptfacet.bilateral import Laterality, SideCount
from cptfacet.billed import BilledCode
from cptfacet.claims import Purpose
from cptfacet.coding.plans import JUNCTION, CodingPlan, weight
from cptfacet.decoding.line_reader import DayLines, FacetCode, ReadLine
from cptfacet.decoding.result import BilledGroup, BilledLevels, Doubt, DoubtId
from cptfacet.policies import Answer, Known, NotKnown, Provision, value_of
from cptfacet.policies.vocabulary import Grouping, LateralityFormat, LevelOrder
from cptfacet.procedures import Family, Ordinal, role_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


__all__ = ["read_groups"]


def __dir__() -> list[str]:
    return sorted(__all__)


_Parts = dict[Ordinal, list[ReadLine]]
_ORDER = tuple(Ordinal)
_ODD = {
    DoubtId.SIDES_CONTRADICT: "a line has several laterality modifiers; it is read as bilateral",
    DoubtId.UNITS_NOT_GIVEN: "a line has no units; it is read as 1 unit",
    DoubtId.NOT_COMPLETED: "a modifier reports a reduced or discontinued procedure",
}


def _code(parts: _Parts) -> str:
    """Return the code of the first level, or of the next one billed."""
    return next(parts[ordinal][0].code.code for ordinal in _ORDER if ordinal in parts)


_Billed = BilledCode[ReadLine]


def _facts(billed: _Billed) -> FacetCode:
    return billed.lines[0].code


def _numbers(billed: _Billed) -> tuple[int, ...]:
    return tuple(line.number for line in billed.lines)


class _Group:
    """Read one group: its levels, what they leave open, and what shaped the reading."""

    def __init__(self, plan: CodingPlan, family: Family, stated: Purpose | None) -> None:
        self.plan = plan
        self.rules = plan.rules
        self.family = family
        self.stated = stated
        self.doubts: list[Doubt] = []
        self.provisions: dict[Provision, None] = {}
        self.joints: tuple[Joint, ...] = ()
        self.levels: list[BilledLevels] = []

    def doubt(self, doubt_id: DoubtId, message: str, lines: tuple[int, ...]) -> None:
        """Add a doubt unless the group already has it."""
        doubt = Doubt(id=doubt_id, message=message, lines=lines)
        if doubt not in self.doubts:
            self.doubts.append(doubt)

    def read(self, parts: Sequence[_Parts]) -> None:
        """Read the lines code by code, in the laterality format that fits all of them best."""
        codes = [
            BilledCode(ordinal=ordinal, lines=tuple(region[ordinal]))
            for region in parts
            for ordinal in _ORDER
            if ordinal in region
        ]
        for code, laterality in zip(codes, self._lateralities(codes), strict=True):
            self._check_form(code, laterality)
            self.levels.append(self._levels(code, laterality))
        self._compare_purposes(codes)
        if len(parts) > 1:
            self._read_junction()

    # -- sides

    def _form(self, billed: _Billed) -> Answer[LateralityFormat]:
        """Return the policy's laterality format for a code."""
        return self.rules.laterality_format(role_of(self.family, billed.ordinal))

    def _lateralities(self, codes: Sequence[_Billed]) -> Sequence[Laterality]:
        """Read sides in the policy's format, or else in the format that fits the group best.

        If every format finds more levels than the codes represent, each code is read alone: CPT's
        own format reports the first level with a modifier and add-ons with two units.
        """
        own = self._in_form([value_of(self._form(code)) for code in codes], codes)
        if own and not any(read.excess for read in own):
            return own
        foreign = [self._in_form([form] * len(codes), codes) for form in LateralityFormat]
        whole = [reads for reads in foreign if reads and not any(read.excess for read in reads)]
        return min(whole, key=_open) if whole else [self._alone(code) for code in codes]

    def _in_form(
        self, forms: Sequence[LateralityFormat | None], codes: Sequence[_Billed]
    ) -> Sequence[Laterality] | None:
        """Read each code in its format, or return None if some lines are not in it."""
        pairs = zip(codes, forms, strict=True)
        reads = [code.read(form) if form else None for code, form in pairs]
        whole = [read for read in reads if read is not None]
        return whole if len(whole) == len(reads) else None

    def _alone(self, code: _Billed) -> Laterality:
        own = value_of(self._form(code))
        reads = [read for form in LateralityFormat if (read := code.read(form))]
        return min(reads, key=lambda r: (r.excess, r.form is not own, bool(r.ambiguous)))

    def _check_form(self, code: _Billed, chosen: Laterality) -> None:
        """Check the format of the lines against the policy's, and add a doubt if they differ."""
        where, form = _facts(code).code, self._form(code)
        if isinstance(form, NotKnown):
            reads = map(code.read, LateralityFormat)
            if any(read and not read.excess and read.sides != chosen.sides for read in reads):
                message = (
                    f"{where}: read in the laterality format {chosen.form}; the policy's format is"
                    f" not known: {form.reason}"
                )
                self.doubt(DoubtId.FORM_NOT_KNOWN, message, _numbers(code))
            return
        if chosen.sides.bilateral:
            self.provisions[form.provision] = None
        in_own = code.read(form.value)
        if in_own is None or in_own.sides != chosen.sides:
            self.provisions[form.provision] = None
            message = (
                f"{where}: billed as {chosen.form.words}; the policy asks for {form.value.words}"
            )
            self.doubt(DoubtId.OTHER_FORM, message, _numbers(code))

    def _levels(self, code: _Billed, laterality: Laterality) -> BilledLevels:
        facts, numbers = _facts(code), _numbers(code)
        for line in code.lines:
            for odd in line.odd:
                self.doubt(odd, f"{facts.code}: {_ODD[odd]}", (line.number,))
        if facts.ordinal is Ordinal.EACH_ADDITIONAL:
            laterality = self._within_region(code, laterality)
            sides = self._likeliest(laterality)
            self._check_open_sides(code, laterality, sides)
        else:
            sides = laterality.sides.as_one_level
            self._check_one_level(code, laterality, sides)
        return BilledLevels(
            code=facts.code,
            ordinal=facts.ordinal,
            region=facts.region,
            sides=sides,
            laterality=laterality,
            or_more=facts.ordinal is Ordinal.THIRD_AND_MORE,
            purpose=self._purpose(code),
            lines=numbers,
        )

    def _within_region(self, code: _Billed, laterality: Laterality) -> Laterality:
        """Drop readings with more additional levels than the region has additional joints."""
        room = self.plan.room(self.family, _facts(code).region) - 1 - laterality.sides.levels
        if room < 0:
            message = f"{_facts(code).code}: the units count more levels than the region has joints"
            self.doubt(DoubtId.MORE_LEVELS, message, _numbers(code))
        fewest = max(laterality.fewest_bilateral, laterality.sides.bilateral - max(room, 0))
        if fewest == laterality.fewest_bilateral:
            return laterality
        return attrs.evolve(laterality, fewest_bilateral=fewest)

    def _likeliest(self, laterality: Laterality) -> SideCount:
        """Return the likeliest reading, with bilateral levels first if the policy lists them so."""
        first = next((b.sides for b in self.levels if b.ordinal is Ordinal.FIRST), None)
        order = self.rules.level_order()
        if not laterality.ambiguous or first is None or first.bilateral:
            return laterality.sides
        if isinstance(order, Known) and order.value is LevelOrder.BILATERAL_FIRST:
            self.provisions[order.provision] = None
            return laterality.reading(laterality.fewest_bilateral)
        return laterality.sides

    def _check_open_sides(self, code: _Billed, laterality: Laterality, sides: SideCount) -> None:
        where, numbers = _facts(code).code, _numbers(code)
        for ambiguous in laterality.ambiguous:
            self.doubt(DoubtId.SIDES_OR_LEVELS, f"{where}: {ambiguous}", numbers)
        if sides.unnamed:
            self.doubt(DoubtId.SIDE_NOT_NAMED, f"{where}: side not stated", numbers)
        first = next((b.sides for b in self.levels if b.ordinal is Ordinal.FIRST), SideCount())
        if sides.unnamed > 1 and first.bilateral and not laterality.ambiguous:
            message = (
                f"{where}: with a bilateral first level, units without a side may mean bilateral"
                " levels, as in the laterality format two-units"
            )
            self.doubt(DoubtId.FORM_NOT_CERTAIN, message, numbers)

    def _check_one_level(self, code: _Billed, laterality: Laterality, sides: SideCount) -> None:
        where, numbers = _facts(code).code, _numbers(code)
        several = code.ordinal is Ordinal.THIRD_AND_MORE
        if laterality.excess:
            message = (
                "report 1 unit for the third and additional levels"
                if several
                else laterality.ambiguous[0]
            )
            self.doubt(DoubtId.MORE_LEVELS, f"{where}: {message}", numbers)
        if not several:
            if sides.unnamed:
                message = f"{where}: side not stated"
                self.doubt(DoubtId.SIDE_NOT_NAMED, message, numbers)
            return
        message = f"{where}: it represents the third and additional levels"
        self.doubt(DoubtId.THREE_OR_MORE, message, numbers)
        if sides.bilateral or sides.unnamed:
            said = (
                "each side was treated at one level or more"
                if sides.bilateral
                else "side not stated"
            )
            message = f"{where}: {said}; the sides of several levels may differ"
            self.doubt(DoubtId.FURTHER_SIDES, message, numbers)

    # -- purpose

    def _purpose(self, code: _Billed) -> Purpose | None:
        """Return the purpose shown by the diagnostic modifier, or else stated on the claim."""
        where, numbers = _facts(code).code, _numbers(code)
        answer = self.rules.diagnostic_modifier(self.family)
        if isinstance(answer, NotKnown):
            if self.stated is None:
                message = f"whether a modifier shows the purpose is not known: {answer.reason}"
                self.doubt(DoubtId.PURPOSE_NOT_KNOWN, f"{where}: {message}", numbers)
            return self.stated
        modifier = answer.value
        if modifier is None:
            return self.stated
        marked = [modifier in line.modifiers for line in code.lines]
        if not any(marked):
            if self.stated is Purpose.DIAGNOSTIC:
                message = f"{where}: the claim says diagnostic, but no line has {modifier}"
                self.doubt(DoubtId.PURPOSE_NOT_MARKED, message, numbers)
            return self.stated
        self.provisions[answer.provision] = None
        if not all(marked):
            message = f"{where}: some lines have {modifier} and others do not"
            self.doubt(DoubtId.PURPOSE_MIXED, message, numbers)
            return None
        if self.stated is Purpose.THERAPEUTIC:
            message = f"{where}: {modifier} says diagnostic, but the claim says therapeutic"
            self.doubt(DoubtId.PURPOSE_CONTRADICTED, message, numbers)
            return None
        return Purpose.DIAGNOSTIC

    def _compare_purposes(self, codes: Sequence[_Billed]) -> None:
        """Add a doubt for each code that lacks the diagnostic modifier of the group's others."""
        modifier = value_of(self.rules.diagnostic_modifier(self.family))
        if modifier is None:
            return
        marked = [any(modifier in line.modifiers for line in code.lines) for code in codes]
        bare = [code for code, has in zip(codes, marked, strict=True) if not has]
        if any(marked) and bare and self.stated is not Purpose.DIAGNOSTIC:
            for code in bare:
                message = (
                    f"{_facts(code).code}: other levels have {modifier}, but this one does not"
                )
                self.doubt(DoubtId.PURPOSE_NOT_MARKED, message, _numbers(code))

    # -- two regions

    def _read_junction(self) -> None:
        """Read a group of two regions: T12-L1 with L1-L2, if the policy codes them as one group."""
        answer = self.rules.thoracolumbar(self.family)
        first, *rest = self.levels
        two = len(rest) == 1 and not rest[0].or_more and rest[0].laterality.sides.levels == 1
        if two and isinstance(answer, Known) and answer.value is Grouping.ONE_GROUP:
            # Two joints are two levels, which rules out the reading with one level more.
            laterality = rest[0].laterality
            settled = attrs.evolve(laterality, fewest_bilateral=laterality.sides.bilateral)
            self.doubts = [
                doubt
                for doubt in self.doubts
                if not (doubt.id.lost and doubt.lines == rest[0].lines)
            ]
            further = attrs.evolve(rest[0], laterality=settled, sides=laterality.sides)
            self.levels = [first, further]
            self.joints = JUNCTION
            self.provisions[answer.provision] = None
            return
        message = (
            f"{rest[0].code} is billed with the first level of another region; the policy does not"
            " say which joints that means"
        )
        self.doubt(DoubtId.TWO_REGIONS, message, self.numbers())

    # -- as a whole

    def numbers(self) -> tuple[int, ...]:
        """Return the line numbers of the group."""
        return tuple(number for billed in self.levels for number in billed.lines)

    def made(self) -> BilledGroup:
        """Return the group as read."""
        ordinals = [billed.ordinal for billed in self.levels]
        if Ordinal.THIRD_AND_MORE in ordinals and Ordinal.SECOND not in ordinals:
            message = f"{self.levels[-1].code} is billed without a second level"
            self.doubt(DoubtId.SECOND_MISSING, message, self.numbers())
        methods = self.plan.methods(self.family)
        return BilledGroup(
            family=self.family,
            levels=tuple(self.levels),
            techniques=methods.techniques,
            techniques_not_known=methods.not_known,
            guidances=methods.guidances,
            joints=self.joints,
            doubts=tuple(self.doubts),
            provisions=tuple(self.provisions),
            notes=tuple(note for provision in self.provisions for note in weight(provision)),
        )


def _open(reads: Sequence[Laterality]) -> int:
    return sum(bool(read.ambiguous) for read in reads)


class _Day:
    """Read the lines of one practitioner for one day into groups."""

    def __init__(self, plan: CodingPlan, stated: Purpose | None, lines: DayLines) -> None:
        self.plan = plan
        self.stated = stated
        self.lines = lines

    def groups(self) -> Iterator[BilledGroup]:
        """Yield the groups by family and region, in the order of the claim."""
        for family in dict.fromkeys(line.code.family for line in self.lines.read):
            regions: dict[CodeRegion, _Parts] = {}
            for line in self.lines.read:
                if line.code.family is family:
                    parts = regions.setdefault(line.code.region, {})
                    parts.setdefault(line.code.ordinal, []).append(line)
            for joined in self._joined(regions):
                group = _Group(self.plan, family, self.stated)
                group.read(joined)
                if Ordinal.FIRST not in joined[0]:
                    self._without_first(group, joined[0], regions)
                yield group.made()

    def _joined(self, regions: Mapping[CodeRegion, _Parts]) -> list[list[_Parts]]:
        """Attach add-ons without a first level in their region to one in another that allows them.

        That is how MACs instruct T12-L1 with L1-L2. A first level with add-ons of its own takes no
        others.
        """
        hosts: dict[CodeRegion, CodeRegion] = {}
        for region, parts in regions.items():
            if Ordinal.FIRST not in parts:
                allowed = self._allowed(parts)
                for other, first in regions.items():
                    if set(first) == {Ordinal.FIRST} and _code(first) in allowed:
                        hosts[other] = region
        guests = set(hosts.values())
        return [
            [parts, regions[hosts[region]]] if region in hosts else [parts]
            for region, parts in regions.items()
            if region not in guests
        ]

    def _allowed(self, parts: _Parts) -> tuple[str, ...]:
        rules = self.plan.rules
        return allowed_primaries(
            _code(parts), on=rules.on, policy=rules.policy, reference=rules.reference
        )

    def _without_first(
        self, group: _Group, parts: _Parts, regions: Mapping[CodeRegion, _Parts]
    ) -> None:
        """Add a doubt that says where the first level of add-ons is, or that there is none."""
        code, allowed = _code(parts), self._allowed(parts)
        elsewhere = [
            _code(other)
            for other in regions.values()
            if Ordinal.FIRST in other and _code(other) in allowed
        ]
        unread = [self.lines.unread[primary] for primary in allowed if primary in self.lines.unread]
        if elsewhere:
            message = (
                f"{code} is billed without a first level in its region; {elsewhere[0]} allows it but"
                " has its own add-ons"
            )
            group.doubt(DoubtId.TWO_REGIONS, message, group.numbers())
        elif unread:
            message = f"the primary code of {code} is on line {unread[0]}, which was not read"
            group.doubt(DoubtId.PRIMARY_NOT_READ, message, group.numbers())
        else:
            message = f"{code} is billed without a primary code that is known to allow it"
            group.doubt(DoubtId.PRIMARY_MISSING, message, group.numbers())


def read_groups(
    plan: CodingPlan, stated: Purpose | None, lines: DayLines
) -> tuple[BilledGroup, ...]:
    """Read the lines of one practitioner for one day into groups."""
    return tuple(_Day(plan, stated, lines).groups())
