"""The finite space of facet sessions, enumerated and not sampled.

Each answer is compared with an oracle that is written here from the published rules. From the
reference it reads which code has which family, region and ordinal, and nothing else.
"""

import datetime as dt
import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import attrs
import pytest

from cptfacet import policies
from cptfacet.addons import missing_primaries, order_lines
from cptfacet.anatomy import CodeRegion, Joint, Side
from cptfacet.bilateral import LateralityFormat, SideCount
from cptfacet.checking import Checker
from cptfacet.claims import Claim, ClaimLine, ClaimType, Purpose
from cptfacet.coding import CodedSession, Coder, NoteId
from cptfacet.decoding import BilledLevels, DecodedClaim, Decoder
from cptfacet.findings import FindingKind, Report, RuleFamily
from cptfacet.procedures import Family, Ordinal, ProcedureKind
from cptfacet.reference import packaged
from cptfacet.repairing import repair_claim
from cptfacet.sessions import Guidance, Session, Target, Technique, Treatment

TODAY = dt.date(2026, 3, 2)
BEFORE_2020 = dt.date(2019, 6, 3)
PAYERS = ("cpt", "medicare")
# Those that write professional claims in a form of their own, and all others as CPT does.
OWN_FORMS = {
    "bcbs-mississippi": (LateralityFormat.PLAIN_THEN_50, LateralityFormat.TWO_UNITS),
    "bilateral-indicator": (LateralityFormat.ONE_LINE_50, LateralityFormat.ONE_LINE_50),
}

ALL = tuple(Joint)
INJECTABLE = ALL[: ALL.index(Joint.L1_L2)]
WITH_BRANCHES = INJECTABLE[INJECTABLE.index(Joint.C2_C3) :]
JUNCTION = ALL[ALL.index(Joint.T11_T12) :]
LUMBAR = ALL[ALL.index(Joint.L1_L2) :]

SIDES = (Side.RIGHT, Side.LEFT, Side.BILATERAL)
MIRRORED = (1, 0, 2)
TARGETS = {joint: tuple(Target(joint=joint, side=side) for side in SIDES) for joint in Joint}


class Method(NamedTuple):
    """How the joints of a session were treated, and the family of codes that this belongs to."""

    technique: Technique
    guidance: Guidance
    purpose: Purpose
    family: Family


BLOCK = Method(
    Technique.MEDIAL_BRANCH_BLOCK,
    Guidance.FLUOROSCOPY,
    Purpose.DIAGNOSTIC,
    Family.IMAGE_GUIDED_INJECTION,
)
INJECTION = Method(
    Technique.INTRA_ARTICULAR_INJECTION,
    Guidance.FLUOROSCOPY,
    Purpose.THERAPEUTIC,
    Family.IMAGE_GUIDED_INJECTION,
)
ULTRASOUND = Method(
    Technique.MEDIAL_BRANCH_BLOCK,
    Guidance.ULTRASOUND,
    Purpose.DIAGNOSTIC,
    Family.ULTRASOUND_INJECTION,
)
ABLATION = Method(
    Technique.THERMAL_RADIOFREQUENCY_ABLATION,
    Guidance.FLUOROSCOPY,
    Purpose.THERAPEUTIC,
    Family.ABLATION,
)
METHODS = {
    "block": BLOCK,
    "injection": INJECTION,
    "ultrasound-block": ULTRASOUND,
    "ablation": ABLATION,
}


@functools.cache
def side_patterns(count: int) -> tuple[tuple[Side, ...], ...]:
    """List every choice of sides for some joints."""
    return tuple(itertools.product(SIDES, repeat=count))


@functools.cache
def mirrored_places(count: int) -> tuple[int, ...]:
    """Return the position in `side_patterns` of the mirror image of each pattern."""
    places = {digits: n for n, digits in enumerate(itertools.product(range(3), repeat=count))}
    return tuple(places[tuple(MIRRORED[digit] for digit in digits)] for digits in places)


# -- the oracle: what the published rules say of one session


class Asked(NamedTuple):
    """What is asked of a session beside its joints and sides."""

    payer: str
    method: Method
    claim_type: ClaimType
    on: dt.date


class Group(NamedTuple):
    """A run of a session's joints that are coded together, and the regions of its codes."""

    primary: CodeRegion
    add_ons: CodeRegion
    start: int
    stop: int
    head_to_tail: bool


def groups(joints: tuple[Joint, ...], payer: str, family: Family) -> tuple[Group, ...]:
    """Split joints, head to tail, into coded groups.

    A joint belongs to the region of its upper segment, so T12-L1 is thoracic. Medicare alone makes
    T12-L1 with L1-L2, and nothing else, one group: its first code thoracic, its add-on lumbar. Its
    sentence names the codes of injections under fluoroscopy or CT and of ablations.
    """
    upper, lower = CodeRegion.CERVICAL_THORACIC, CodeRegion.LUMBAR_SACRAL
    named = payer == "medicare" and family is not Family.ULTRASOUND_INJECTION
    if named and joints == (Joint.T12_L1, Joint.L1_L2):
        return (Group(upper, lower, 0, 2, head_to_tail=True),)
    cut = sum(joint.value[0] != "L" for joint in joints)
    found = (
        Group(upper, upper, 0, cut, head_to_tail=False),
        Group(lower, lower, cut, len(joints), head_to_tail=False),
    )
    return tuple(group for group in found if group.start < group.stop)


@functools.cache
def code_of(family: Family, region: CodeRegion, ordinal: Ordinal, on: dt.date) -> str:
    """Read from the reference which code a level has."""
    (found,) = packaged().find_procedures(
        kind=ProcedureKind.FACET, family=family, region=region, ordinal=ordinal, on=on
    )
    return found.code


def forms(asked: Asked) -> tuple[LateralityFormat, LateralityFormat]:
    """Return the laterality formats of a primary and of an add-on."""
    if asked.payer == "medicare":
        facility = asked.claim_type is ClaimType.ASC_FACILITY
        form = LateralityFormat.RT_LT_LINES if facility else LateralityFormat.ONE_LINE_50
        return form, form
    if asked.payer in OWN_FORMS:
        return OWN_FORMS[asked.payer]
    since_2020 = asked.on >= dt.date(2020, 1, 1)
    return (
        LateralityFormat.ONE_LINE_50,
        LateralityFormat.TWO_UNITS if since_2020 else LateralityFormat.ONE_LINE_50,
    )


class Level(NamedTuple):
    """One coded level: the places of its joints, of which there may be several, and its side."""

    joints: tuple[int, ...]
    side: Side | None


class Row(NamedTuple):
    """One line before its code: what names the side, units, the levels, and the side."""

    modifiers: tuple[str, ...]
    units: int
    levels: list[Level]
    side: Side | None


def write(form: LateralityFormat, levels: list[Level]) -> list[Row]:
    """Write levels of one code, lines of no level left out."""
    both = [level for level in levels if level.side is Side.BILATERAL]
    right = [level for level in levels if level.side is Side.RIGHT]
    left = [level for level in levels if level.side is Side.LEFT]
    unnamed = [level for level in levels if level.side is None]
    if form is LateralityFormat.PLAIN_THEN_50 and both:
        return [Row((), 1, both, Side.BILATERAL), Row(("50",), 1, both, Side.BILATERAL)]
    if form is LateralityFormat.RT_LT_LINES:
        rows = [
            Row(("RT",), 1, both + right, Side.RIGHT),
            Row(("LT",), 1, both + left, Side.LEFT),
        ]
    else:
        rows = [
            Row(("50",), 1, both, Side.BILATERAL)
            if form is LateralityFormat.ONE_LINE_50
            else Row((), 2, both, Side.BILATERAL),
            Row(("RT",), 1, right, Side.RIGHT),
            Row(("LT",), 1, left, Side.LEFT),
        ]
    rows.append(Row((), 1, unnamed, None))
    return [row._replace(units=row.units * len(row.levels)) for row in rows if row.levels]


def third_level(places: list[int], sides: tuple[Side, ...]) -> Level:
    """Make the one level that stands for the third and all further ones."""
    treated = {sides[n] for n in places}
    if len(treated) == 1:
        return Level(tuple(places), treated.pop())
    return Level(tuple(places), Side.BILATERAL if Side.BILATERAL in treated else None)


def coded_levels(
    group: Group, sides: tuple[Side, ...], asked: Asked
) -> list[tuple[Ordinal, list[Level]]]:
    """Count the levels of a group: those of both sides first, then head to tail."""
    places = list(range(group.start, group.stop))
    if not group.head_to_tail:
        places.sort(key=lambda n: sides[n] is not Side.BILATERAL)
    single = [Level((n,), sides[n]) for n in places]
    if asked.method.family is Family.ABLATION:
        return [(Ordinal.FIRST, single[:1]), (Ordinal.EACH_ADDITIONAL, single[1:])]
    third = [third_level(places[2:], sides)] if places[2:] else []
    return [
        (Ordinal.FIRST, single[:1]),
        (Ordinal.SECOND, single[1:2]),
        (Ordinal.THIRD_AND_MORE, third),
    ]


def stands_for(row: Row, sides: tuple[Side, ...]) -> tuple[tuple[int, ...], Side | None]:
    """Return the joints that a line represents, and the side that they share.

    One level may stand for joints of several sides: a line of one side names those treated there.
    """
    joints = [n for level in row.levels for n in level.joints]
    if row.modifiers in (("RT",), ("LT",)):
        return tuple(n for n in joints if sides[n] in (row.side, Side.BILATERAL)), row.side
    treated = {sides[n] for n in joints}
    return tuple(joints), treated.pop() if len(treated) == 1 else None


class Expected(NamedTuple):
    """The lines of a session, and for each line the places of its joints and its side."""

    lines: tuple[ClaimLine, ...]
    why: tuple[tuple[tuple[int, ...], Side | None], ...]


def expect(grouped: tuple[Group, ...], sides: tuple[Side, ...], asked: Asked) -> Expected:
    """Write the lines that the published rules ask for."""
    primary_form, add_on_form = forms(asked)
    method = asked.method
    attested = (
        asked.payer == "medicare"
        and method.family is Family.IMAGE_GUIDED_INJECTION
        and method.purpose is Purpose.DIAGNOSTIC
        and asked.on >= dt.date(2021, 5, 2)
    )
    marks = ("KX",) if attested else ()
    lines: list[ClaimLine] = []
    why: list[tuple[tuple[int, ...], Side | None]] = []
    for group in grouped:
        for ordinal, levels in coded_levels(group, sides, asked):
            first = ordinal is Ordinal.FIRST
            region = group.primary if first else group.add_ons
            for row in write(primary_form if first else add_on_form, levels):
                code = code_of(method.family, region, ordinal, asked.on)
                modifiers = (*row.modifiers, *marks)
                lines.append(ClaimLine(code=code, modifiers=modifiers, units=row.units))
                why.append(stands_for(row, sides))
    return Expected(tuple(lines), tuple(why))


# -- the laws, read from the lines themselves


def side_of(line: ClaimLine) -> str:
    """Read the modifier of a line that names a side."""
    (modifier,) = [m for m in line.modifiers if m in ("50", "RT", "LT")] or [""]
    return modifier


def treated_sides(lines: Iterable[ClaimLine]) -> tuple[int, int]:
    """Read how many right and how many left sides lines of one ablation or one level stand for."""
    right = left = 0
    for line in lines:
        assert isinstance(line.units, int)
        match side_of(line):
            case "RT":
                right += line.units
            case "LT":
                left += line.units
            case "50":
                right += line.units
                left += line.units
            case _:  # one line without a side stands for both sides by its units
                assert line.units % 2 == 0
                right += line.units // 2
                left += line.units // 2
    return right, left


def on_sides(sides: Iterable[Side]) -> tuple[int, int]:
    """Count right and left sides that were treated."""
    treated = tuple(sides)
    return (
        sum(side in (Side.RIGHT, Side.BILATERAL) for side in treated),
        sum(side in (Side.LEFT, Side.BILATERAL) for side in treated),
    )


def codes_of(group: Group, asked: Asked) -> list[str]:
    """List the codes of a group, the primary first."""
    ordinals = [Ordinal.SECOND, Ordinal.THIRD_AND_MORE]
    if asked.method.family is Family.ABLATION:
        ordinals = [Ordinal.EACH_ADDITIONAL]
    family, on = asked.method.family, asked.on
    primary = code_of(family, group.primary, Ordinal.FIRST, on)
    return [primary, *(code_of(family, group.add_ons, ordinal, on) for ordinal in ordinals)]


def check_group(by_code: list[list[ClaimLine]], treated: tuple[Side, ...], asked: Asked) -> None:
    """Check one coded group: its lines by code, the primary first."""
    firsts = by_code[0]
    if len(firsts) == 2 and forms(asked)[0] is LateralityFormat.PLAIN_THEN_50:
        assert [side_of(line) for line in firsts] == ["", "50"]
        by_code = [firsts[1:], *by_code[1:]]  # one level on both sides, which the second line names
    elif len(firsts) == 2:  # both sides of one level, a line each
        assert forms(asked)[0] is LateralityFormat.RT_LT_LINES
        assert [side_of(line) for line in firsts] == ["RT", "LT"]
    else:
        assert len(firsts) == 1
    assert all(line.units == 1 for line in firsts)
    if asked.method.family is Family.ABLATION:
        assert treated_sides(line for lines in by_code for line in lines) == on_sides(treated)
        return
    assert [bool(lines) for lines in by_code] == [len(treated) >= n for n in (1, 2, 3)]
    if len(treated) <= 2:
        levels = [treated_sides(lines) for lines in by_code if lines]
        assert sorted(levels) == sorted(on_sides([side]) for side in treated)
    thirds = by_code[2]
    if thirds and side_of(thirds[0]) == "" and thirds[0].units == 1:
        assert len(thirds) == 1  # sides that differ, and none of them both: no side is named
    elif thirds:
        assert max(treated_sides(thirds)) == 1  # once a side, however many levels it stands for


def check_laws(
    lines: tuple[ClaimLine, ...],
    grouped: tuple[Group, ...],
    sides: tuple[Side, ...],
    asked: Asked,
) -> None:
    """Check the lines of one session, group by group, and the order of all of them."""
    rest = list(lines)
    for group in grouped:
        codes = codes_of(group, asked)
        count = sum(1 for line in rest if line.code in codes)
        own, rest = rest[:count], rest[count:]
        by_code = [[line for line in own if line.code == code] for code in codes]
        # every line of the group is here, the primary before its add-ons
        assert [line for of_code in by_code for line in of_code] == own
        check_group(by_code, sides[group.start : group.stop], asked)
    assert rest == []
    assert is_complete_and_in_order(lines, asked.on, asked.payer)


@functools.cache  # many patterns of sides have equal lines
def is_complete_and_in_order(lines: tuple[ClaimLine, ...], on: dt.date, payer: str) -> bool:
    """Whether no add-on lacks its primary or stands before it."""
    policy = policies.get(payer)
    missing = missing_primaries(lines, on=on, policy=policy)
    return not missing and order_lines(lines, on=on, policy=policy) == lines


# -- the way back: what the lines tell of the session


def count_sides(sides: Iterable[Side | None]) -> SideCount:
    """Count levels by side."""
    counted = [side.value if side else "unnamed" for side in sides]
    return SideCount(**{side: counted.count(side) for side in set(counted)})


def check_levels(billed: BilledLevels, levels: list[Level], asked: Asked) -> None:
    """Check what the lines of one code tell of its levels."""
    true = count_sides(level.side for level in levels)
    assert billed.laterality.allows(true)
    assert billed.or_more is (billed.ordinal is Ordinal.THIRD_AND_MORE)
    form = forms(asked)[billed.ordinal is not Ordinal.FIRST]
    assert billed.laterality.form is form or billed.sides.bilateral == 0
    one = billed.ordinal is not Ordinal.EACH_ADDITIONAL
    if one or form is LateralityFormat.ONE_LINE_50:
        assert billed.sides == true
        assert billed.laterality.ambiguous == ()
    elif form is LateralityFormat.TWO_UNITS:
        assert billed.sides == true  # no side is left unnamed here, so both sides are the likeliest


@functools.cache
def decoder_of(payer: str) -> Decoder:
    """Make the decoder of a policy."""
    return Decoder(policies.get(payer))


@functools.cache  # many patterns of sides have equal lines
def decoded_of(payer: str, claim: Claim) -> DecodedClaim:
    """Read the lines of a claim back."""
    return decoder_of(payer).decode(claim)


def check_way_back(
    coded: CodedSession,
    grouped: tuple[Group, ...],
    sides: tuple[Side, ...],
    asked: Asked,
) -> None:
    """Check that the lines of one session, read back, are the levels and sides that were treated.

    What a line form does not keep is said, and the truth is among the readings.
    """
    method = asked.method
    attested = any("KX" in line.modifiers for line in coded.claim.lines)
    for claim, told in (
        (coded.claim, method.purpose),
        (attrs.evolve(coded.claim, purpose=None), Purpose.DIAGNOSTIC if attested else None),
    ):
        decoded = decoded_of(asked.payer, claim)
        assert decoded.unread == ()
        assert len(decoded.groups) == len(grouped)
        for found, group in zip(decoded.groups, grouped, strict=True):
            levels = [(o, level) for o, level in coded_levels(group, sides, asked) if level]
            assert (found.family, found.purpose) == (method.family, told)
            assert method.technique in found.techniques
            assert method.guidance in found.guidances
            assert [billed.ordinal for billed in found.levels] == [o for o, _ in levels]
            assert (
                found.regions == tuple(dict.fromkeys((group.primary, group.add_ons)))[: len(levels)]
            )
            over_two = group.primary is not group.add_ons
            assert found.joints == ((Joint.T12_L1, Joint.L1_L2) if over_two else ())
            for billed, (_, treated) in zip(found.levels, levels, strict=True):
                check_levels(billed, treated, asked)
            assert all(doubt.id.lost for doubt in found.doubts)


def mirror(lines: tuple[ClaimLine, ...]) -> tuple[ClaimLine, ...]:
    """Exchange the sides of lines; of one code RT stands before LT."""
    swap = {"RT": "LT", "LT": "RT"}
    rank = {"RT": 1, "LT": 2}
    swapped = [
        ClaimLine(
            code=line.code,
            modifiers=tuple(swap.get(modifier, modifier) for modifier in line.modifiers),
            units=line.units,
        )
        for line in lines
    ]
    return tuple(
        line
        for _, of_one_code in itertools.groupby(swapped, key=lambda line: line.code)
        for line in sorted(of_one_code, key=lambda line: rank.get(side_of(line), 0))
    )


# -- the claim as it is checked


@functools.cache
def checker_of(payer: str) -> tuple[Checker, set[object]]:
    """Return the checker of a policy, and the claims that it has checked."""
    return Checker(policies.get(payer), memo=0), set()


def check_findings(session: Session, coded: CodedSession, payer: str) -> None:
    """Check that the lines draw no finding of kind coding, edit or form, with the note or without.

    Nor do order and identities change what is found, and a repair gives back the lines as they were.
    Lines that other joints have been coded to are checked once. A session of more joints than a
    medically unlikely edit counts breaks it: no level is dropped.
    """
    checker, checked = checker_of(payer)
    claim = coded.claim
    told = (claim.claim_type, claim.date, claim.purpose, claim.lines)
    if told in checked:
        return
    checked.add(told)
    for given in (None, session):
        report = checker.check(claim, session=given)
        found = [
            finding
            for finding in report.findings
            if finding.kind is not FindingKind.COVERAGE
            and not (finding.family is RuleFamily.UNITS and len(session.treatments[0].targets) > 5)
        ]
        assert found == [], report.explain()
    check_turned(claim, payer)


def check_turned(claim: Claim, payer: str) -> None:
    """Check and repair the claim from its last line to its first, of somebody, the modifiers turned."""
    turned = attrs.evolve(
        claim,
        id="of somebody",
        lines=tuple(
            attrs.evolve(line, modifiers=line.modifiers[::-1], provider="somebody")
            for line in claim.lines[::-1]
        ),
    )
    checker, _ = checker_of(payer)
    before, after = checker.check(claim), checker.check(turned)
    assert told_of(before) == {
        (rule, severity, message, tuple(sorted(len(claim.lines) + 1 - line for line in lines)))
        for rule, severity, message, lines in told_of(after)
    }
    assert before.not_checked == after.not_checked
    repaired = repair_claim(turned, policy=policies.get(payer))
    mended = {change.finding.rule for change in repaired.changes}
    assert mended <= {ORDER}
    assert mended.isdisjoint(finding.rule for finding in repaired.report.findings)
    assert told_of(repaired.report) == told_of(after)
    assert repair_claim(repaired.claim, policy=policies.get(payer)).changes == ()


ORDER = "modifier-order"


def told_of(report: Report) -> set[tuple[str, str, str, tuple[int, ...]]]:
    """Return the findings that are not about order."""
    return {
        (found.rule, found.severity, found.message, found.lines)
        for found in report.findings
        if found.rule != ORDER
    }


# -- one pass over a part of the space

HEAD_TO_TAIL, TAIL_TO_HEAD, BOTH_ORDERS = (1,), (-1,), (1, -1)
Orders = Mapping[ClaimType, tuple[int, ...]]


class Table:
    """What is expected of every side pattern of one kind of session, worked out once.

    An answer is compared with what is expected, so what holds of all that is expected holds of all
    answers: the mirrored session has the mirrored lines.
    """

    def __init__(self, grouped: tuple[Group, ...], count: int, asked: Asked) -> None:
        self.asked = asked
        self.grouped = grouped
        self.patterns = side_patterns(count)
        self.expected = [expect(grouped, sides, asked) for sides in self.patterns]
        self.lawful = [False] * len(self.patterns)
        for each, other in zip(self.expected, mirrored_places(count), strict=True):
            assert self.expected[other].lines == mirror(each.lines)

    def check(
        self, session: Session, coded: CodedSession, place: int, joints: tuple[Joint, ...]
    ) -> None:
        """Check one answer against the oracle; the laws once for equal lines of equal sides."""
        lines, why = self.expected[place]
        assert coded.claim.lines == lines, f"{joints} {self.patterns[place]} {self.asked}"
        told = [(each.line, each.joints, each.side) for each in coded.why]
        assert told == [
            (number, tuple([joints[n] for n in places]), side)
            for number, (places, side) in enumerate(why, 1)
        ], f"{joints} {self.patterns[place]} {self.asked}"
        if not self.lawful[place]:
            sides = self.patterns[place]
            check_laws(coded.claim.lines, self.grouped, sides, self.asked)
            check_way_back(coded, self.grouped, sides, self.asked)
            check_findings(session, coded, self.asked.payer)
            self.lawful[place] = True


IN_TURN = 27  # of the 81 patterns of four joints, a choice of joints then has three
PATTERNS_IN_TURN = {1: 3, 2: 9, 3: 27, 4: 3}


def turn_of(joints: tuple[Joint, ...]) -> int:
    """Return the patterns for a choice of four joints, in which any two joints meet all of them."""
    weights = (5, 19, 26, 25)
    return sum(w * ALL.index(joint) for w, joint in zip(weights, joints, strict=True)) % IN_TURN


def enumerate_sides(
    choices: Iterable[tuple[Joint, ...]],
    payer: str,
    method: Method,
    on: dt.date,
    orders: Orders,
    *,
    in_turn: bool = False,
) -> Iterator[tuple[tuple[Joint, ...], CodedSession]]:
    """Code every side pattern of every choice of joints for every claim type, and check it.

    ``orders`` says for a claim type whether the targets are listed head to tail (1), tail to head
    (-1) or both ways; the answer that is expected does not depend on it. With ``in_turn``, four
    joints have three patterns, another three with each choice. Yields each answer.
    """
    coder = Coder(policies.get(payer), memo=0)  # each session is asked once
    tables: dict[tuple[tuple[Group, ...], int, ClaimType], Table] = {}
    for joints in choices:
        grouped = groups(joints, payer, method.family)
        count = len(joints)
        first, step = (turn_of(joints), IN_TURN) if in_turn and count == 4 else (0, 1)
        for claim_type, directions in orders.items():
            key = (grouped, count, claim_type)
            if key not in tables:
                tables[key] = Table(grouped, count, Asked(payer, method, claim_type, on))
            table = tables[key]
            every = itertools.product(*[TARGETS[joint] for joint in joints])
            chosen = itertools.islice(every, first, None, step)
            for place, targets in zip(itertools.count(first, step), chosen, strict=False):
                for direction in directions:
                    treatment = Treatment(
                        technique=method.technique,
                        purpose=method.purpose,
                        guidance=method.guidance,
                        targets=targets[::direction],
                    )
                    session = Session(date=on, treatments=(treatment,), claim_type=claim_type)
                    coded = coder.code(session)
                    assert isinstance(coded, CodedSession)
                    table.check(session, coded, place, joints)
                    yield joints, coded
    for (grouped, count, claim_type), table in tables.items():
        professional = tables.get((grouped, count, ClaimType.PROFESSIONAL))
        if professional and claim_type is ClaimType.HOSPITAL_OUTPATIENT:
            assert table.expected == professional.expected


def count_answers(orders: Orders) -> int:
    """Count the answers to one pattern of sides."""
    return sum(map(len, orders.values()))


def orders_of(payer: str) -> Orders:
    """Return the claim types in which a payer's lumbar sessions are enumerated, with the orders."""
    if payer in OWN_FORMS:  # they write the other claim types as CPT does
        return {ClaimType.PROFESSIONAL: BOTH_ORDERS}
    return dict.fromkeys(ClaimType, BOTH_ORDERS)


# All that coding and decoding are answered by a policy for a claim type is equal to what one of
# these is answered (`TestEveryPolicy`): then the lines are equal. For the lumbar joints each claim
# type is enumerated all the same, and its lines are as this says (`TestLumbar`).
WAYS = {
    "cpt": ("cpt", ClaimType.PROFESSIONAL),
    "medicare": ("medicare", ClaimType.PROFESSIONAL),
    "medicare-asc": ("medicare", ClaimType.ASC_FACILITY),
    **{payer: (payer, ClaimType.PROFESSIONAL) for payer in OWN_FORMS},
}


def in_way(way: str, directions: tuple[int, ...]) -> tuple[str, Orders]:
    """Return the payer of a way, and its claim type with the orders of targets."""
    payer, claim_type = WAYS[way]
    return payer, {claim_type: directions}


ASKED_BY_NAME = {  # the dimensions of what coding asks: the values that matter to the methods here
    "technique": tuple({method.technique.value for method in METHODS.values()}),
    "guidance": tuple({method.guidance.value for method in METHODS.values()}),
    "add-on": tuple(
        p.code for p in packaged().find_procedures(kind=ProcedureKind.FACET) if p.add_on
    ),
}


@functools.cache
def answers_of(payer: str, claim_type: ClaimType) -> tuple[object, ...]:
    """List all that coding and decoding of these methods ask a policy today, with the answers."""
    told: list[object] = []
    for key in policies.KEYS.values():
        if not key.shapes_lines:
            continue
        if key.name in ("coding.instead", "coding.family-pairs", *NOT_ASKED):
            continue
        axes = [
            ASKED_BY_NAME.get(name) or policies.DIMENSIONS[name] or ()
            for name in key.dimensions
            if name != "claim-type"
        ]
        names = [name.replace("-", "_") for name in key.dimensions if name != "claim-type"]
        given = {"claim_type": claim_type} if "claim-type" in key.dimensions else {}
        for cell in itertools.product(*axes):
            asked = dict(zip(names, cell, strict=True))
            answer = policies.get(payer).get(key.name, on=TODAY, **asked, **given)
            value = answer.value if isinstance(answer, policies.Provision) else None
            told.append((key.name, cell, value))
    return tuple(told)


NOT_ASKED = ("coverage.document", "billing.document")


class TestEveryPolicy:
    """Every packaged policy is enumerated here, or answers as one that is.

    What coding and decoding ask depends on a policy through the values of its provisions alone, and
    on the claim type only by what it asks for it. So equal answers mean equal lines.
    """

    @pytest.mark.parametrize("claim_type", ClaimType)
    @pytest.mark.parametrize("payer", policies.ids())
    def test_it_answers_as_one_that_is_enumerated(self, payer: str, claim_type: ClaimType) -> None:
        same = [way for way in WAYS if answers_of(*WAYS[way]) == answers_of(payer, claim_type)]

        assert len(same) == 1


def subsets(joints: tuple[Joint, ...]) -> Iterator[tuple[Joint, ...]]:
    """List every choice of at least one joint, head to tail."""
    for count in range(1, len(joints) + 1):
        yield from itertools.combinations(joints, count)


def starting_at(first: Joint, joints: tuple[Joint, ...]) -> Iterator[tuple[Joint, ...]]:
    """List every choice of up to four joints whose first one is given."""
    below = joints[joints.index(first) + 1 :]
    for count in range(4):
        for further in itertools.combinations(below, count):
            yield (first, *further)


def windows(joints: tuple[Joint, ...]) -> tuple[tuple[Joint, ...], ...]:
    """List the runs of five adjacent joints."""
    return tuple(joints[n : n + 5] for n in range(len(joints) - 4))


def choices_in(window: tuple[Joint, ...], joints: tuple[Joint, ...]) -> list[tuple[Joint, ...]]:
    """List the choices of joints in a window that no later window of these joints has."""
    is_last = window[-1] == joints[-1]
    return [choice for choice in subsets(window) if is_last or choice[0] == window[0]]


def count_patterns(choices: Iterable[tuple[Joint, ...]]) -> int:
    """Count the side patterns of some choices of joints."""
    return sum(3 ** len(joints) for joints in choices)


def joints_of(method: str) -> tuple[Joint, ...]:
    """Return the cervical and thoracic joints at which a method is coded."""
    return INJECTABLE if method == "injection" else WITH_BRANCHES


class TestSpaces:
    """The spaces are as large as they claim."""

    def test_lumbar_and_junction(self) -> None:
        assert count_patterns(subsets(LUMBAR)) == 4**5 - 1
        assert count_patterns(subsets(JUNCTION)) == 4**7 - 1

    @pytest.mark.parametrize(("method", "patterns"), [("injection", 424_995), ("block", 271_323)])
    def test_choices_of_up_to_four(self, method: str, patterns: int) -> None:
        joints = joints_of(method)
        chosen = [choice for first in joints for choice in starting_at(first, joints)]

        assert len(set(chosen)) == len(chosen)
        assert count_patterns(chosen) == patterns

    @pytest.mark.parametrize("method", ["injection", "ablation"])
    def test_patterns_in_turn(self, method: str) -> None:
        """Any two joints are treated with all patterns of four sides, whichever the other two are."""
        met: dict[tuple[Joint, ...], set[int]] = {}
        for choice in itertools.combinations(joints_of(method), 4):
            for pair in itertools.combinations(choice, 2):
                met.setdefault(pair, set()).add(turn_of(choice))

        assert {len(turns) for turns in met.values()} == {IN_TURN}

    def test_windows_of_five(self) -> None:
        assert len(windows(INJECTABLE)) == 16
        assert len(windows(WITH_BRANCHES)) == 14

    @pytest.mark.parametrize("joints", [WITH_BRANCHES, INJECTABLE, INJECTABLE[:6]], ids=len)
    def test_each_choice_of_a_window_is_in_one(self, joints: tuple[Joint, ...]) -> None:
        found = [choice for window in windows(joints) for choice in choices_in(window, joints)]

        assert len(set(found)) == len(found)
        assert set(found) == {choice for window in windows(joints) for choice in subsets(window)}

    def test_mirrored_places(self) -> None:
        patterns = side_patterns(3)
        for place, other in enumerate(mirrored_places(3)):
            assert patterns[other] == tuple(side.mirrored for side in patterns[place])


class TestLumbar:
    """Each of the five lumbar joints untreated, left, right or bilateral: every session codes right.

    A coded group has one primary, its add-ons follow it and never stand alone; an ablation bills
    exactly the joints and sides that were treated, an injection exactly up to two levels and then
    once for all further ones; the order of the targets is without meaning; the mirrored session has
    the mirrored lines.

    Source: beck10, justmypassion-2012, cms-aoc-2024q2; forms by r526otn, aapc163960 (CPT from 2020)
    and ngs-a57826-quoted (ASC); order and third side by judgment on hiacode-laterality.
    """

    @pytest.mark.parametrize(
        ("payer", "on"),
        [
            *((payer, on) for payer in PAYERS for on in (TODAY, BEFORE_2020)),
            *((payer, TODAY) for payer in OWN_FORMS),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("method", METHODS)
    def test_every_pattern(self, payer: str, method: str, on: dt.date) -> None:
        orders = orders_of(payer)
        answers = list(enumerate_sides(subsets(LUMBAR), payer, METHODS[method], on, orders))

        assert len(answers) == (4**5 - 1) * count_answers(orders)


class TestJunction:
    """T11-T12 to L5-S1: T12-L1 has the thoracic codes, and its place beside lumbar joints is settled.

    Under CPT each region has its primary. Medicare's contractors make T12-L1 with L1-L2 one group,
    the thoracic primary with the lumbar add-on; what their sentence does not speak of is grouped as
    under CPT, and the answer says that no instruction was found.

    Source: aapc135379, cgs25, aapc180296, ngs-a57826-quoted.

    Every way and method has up to five joints, of one group or two; six and seven run with
    `pytest -m exhaustive`, and in every run for blocks under `cpt`, the targets tail to head.
    """

    @pytest.mark.parametrize("joints", [range(1, 5), [5]], ids=["up-to-four", "five"])
    @pytest.mark.parametrize("method", ["block", "ablation"])
    @pytest.mark.parametrize("way", WAYS)
    def test_every_pattern_of_up_to_five_joints(
        self, way: str, method: str, joints: Iterable[int]
    ) -> None:
        assert_junction(way, method, joints)

    @pytest.mark.parametrize("joints", [6, 7])
    def test_every_pattern_of_blocks_at_many_joints(self, joints: int) -> None:
        assert_junction("cpt", "block", [joints], TAIL_TO_HEAD)

    @pytest.mark.exhaustive
    @pytest.mark.parametrize("joints", [6, 7])
    @pytest.mark.parametrize("method", ["block", "ablation"])
    @pytest.mark.parametrize("way", WAYS)
    def test_every_pattern_of_many(self, way: str, method: str, joints: int) -> None:
        assert_junction(way, method, [joints])


def assert_junction(
    way: str, method: str, counts: Iterable[int], directions: tuple[int, ...] | None = None
) -> None:
    """Check every pattern of sides of so many joints around T12-L1."""
    directions = directions or (BOTH_ORDERS if way in PAYERS else TAIL_TO_HEAD)
    choices = [choice for n in counts for choice in itertools.combinations(JUNCTION, n)]
    answers = 0
    payer, orders = in_way(way, directions)
    for joints, coded in enumerate_sides(choices, payer, METHODS[method], TODAY, orders):
        answers += 1
        unsettled = (
            payer == "medicare"
            and Joint.T12_L1 in joints
            and not LUMBAR_SET.isdisjoint(joints)
            and joints != (Joint.T12_L1, Joint.L1_L2)
        )
        noted = any(note.id is NoteId.NO_MAC_INSTRUCTION for note in coded.notes)
        assert noted is unsettled, joints

    assert answers == count_patterns(choices) * count_answers(orders)


LUMBAR_SET = frozenset(LUMBAR)


EACH_FROM = [
    pytest.param(method, first, id=f"{method}-from-{first.value}")
    for method in ("injection", "ablation")
    for first in joints_of(method)
]


class TestUpToFour:
    """Every choice of up to four cervical and thoracic joints, neighbors or not, with every side.

    The joints above C2-C3 have no medial branches and are injected only. Under `cpt` each choice has
    every pattern of sides. What another payer writes otherwise is how sides are written: there each
    choice of up to three joints has every pattern, and a choice of four has three, in turn, so that any
    two joints meet all of them. With `pytest -m exhaustive` it has every pattern there, too.

    Source: beck10, justmypassion-2012, cptasst-2010-12 (C0-C1 and C1-C2), cms-aoc-2024q2.
    """

    @pytest.mark.parametrize(("method", "first"), EACH_FROM)
    def test_every_choice(self, method: str, first: Joint) -> None:
        assert_every_choice("cpt", method, first)

    @pytest.mark.parametrize(("method", "first"), EACH_FROM)
    @pytest.mark.parametrize("way", [way for way in WAYS if way != "cpt"])
    def test_every_choice_in_another_form(self, way: str, method: str, first: Joint) -> None:
        choices = list(starting_at(first, joints_of(method)))
        payer, orders = in_way(way, TAIL_TO_HEAD)
        answers = enumerate_sides(choices, payer, METHODS[method], TODAY, orders, in_turn=True)

        assert sum(1 for _ in answers) == sum(PATTERNS_IN_TURN[len(each)] for each in choices)

    @pytest.mark.exhaustive
    @pytest.mark.parametrize(("method", "first"), EACH_FROM)
    @pytest.mark.parametrize("way", [way for way in WAYS if way != "cpt"])
    def test_every_choice_in_every_form(self, way: str, method: str, first: Joint) -> None:
        assert_every_choice(way, method, first)


def assert_every_choice(way: str, method: str, first: Joint) -> None:
    """Check every pattern of sides of every choice whose first joint is given."""
    choices = list(starting_at(first, joints_of(method)))
    payer, orders = in_way(way, HEAD_TO_TAIL)
    answers = enumerate_sides(choices, payer, METHODS[method], TODAY, orders)

    assert sum(1 for _ in answers) == count_patterns(choices)


WINDOWS = (
    ("block", WITH_BRANCHES),
    ("ablation", WITH_BRANCHES),
    ("injection", INJECTABLE[:6]),  # the two windows that blocks can't have; the rest are theirs
)


class TestWindowsOfFive:
    """Every side pattern of five adjacent cervical or thoracic joints codes right, and of any of them.

    Five joints are more than a session has in practice; the third and all further levels of an
    injection are one line, and an ablation still bills each joint and side.

    Source: beck10 (one line for the third level and beyond), justmypassion-2012 (each joint).
    """

    @pytest.mark.parametrize(
        ("method", "choices"),
        [
            pytest.param(method, choices_in(window, joints), id=f"{method}-from-{window[0].value}")
            for method, joints in WINDOWS
            for window in windows(joints)
        ],
    )
    @pytest.mark.parametrize("way", WAYS)
    def test_every_pattern(self, way: str, method: str, choices: list[tuple[Joint, ...]]) -> None:
        payer, orders = in_way(way, BOTH_ORDERS if way in PAYERS else TAIL_TO_HEAD)
        answers = enumerate_sides(choices, payer, METHODS[method], TODAY, orders)

        assert sum(1 for _ in answers) == count_patterns(choices) * count_answers(orders)
