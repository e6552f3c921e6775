"""How both sides are written: every form against every policy, and what its remedies make."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from cptfacet import policies
from cptfacet.bilateral import LateralityFormat, SideCount, convert, forms, render
from cptfacet.checking import Checker, check_claim
from cptfacet.citations import Confidence
from cptfacet.claims import Claim, ClaimLine, ClaimType, parse_line
from cptfacet.dates import parse_date
from cptfacet.findings import (
    Finding,
    FindingKind,
    Question,
    Replacement,
    Report,
    RuleFamily,
    Severity,
)
from cptfacet.interop.json import from_data
from cptfacet.modifiers import ModifierRole
from cptfacet.procedures import Ordinal, role_of
from cptfacet.reference import packaged
from cptfacet.sessions import Session

SPRING = parse_date("2026-03-02")
POLICIES = ("cpt", "commercial", "medicare", "bcbs-mississippi", "bcbs-north-dakota")
CHECKERS = {name: Checker(policies.get(name), memo=0) for name in POLICIES}
BOTH, RIGHT, LEFT = (
    packaged().get_modifier_code(role)
    for role in (ModifierRole.BILATERAL, ModifierRole.RIGHT, ModifierRole.LEFT)
)


def count(report: Report, rule: str) -> int:
    return sum(found.rule == rule for found in report.findings)


def claim(*lines: str, date: str = "2026-03-02", claim_type: str = "professional") -> Claim:
    return Claim(
        claim_type=ClaimType(claim_type),
        date=parse_date(date),
        lines=tuple(map(parse_line, lines)),
    )


def of_family(name: str, checked: Claim) -> list[Finding]:
    report = CHECKERS[name].check(checked)
    return [found for found in report.findings if found.family is RuleFamily.LATERALITY]


def wrong(name: str, checked: Claim) -> list[Finding]:
    """Return the findings on how lines are written, apart from what they leave open."""
    return [found for found in of_family(name, checked) if found.kind is not FindingKind.COVERAGE]


def remedy(found: Finding) -> list[str] | None:
    if not isinstance(found.remedy, Replacement):
        return None
    return [line.text for line in found.remedy.lines]


def applied(checked: Claim, found: Finding) -> Claim:
    """Put the lines of a remedy in place of those of its finding."""
    assert isinstance(found.remedy, Replacement)
    kept = [line for number, line in enumerate(checked.lines, 1) if number not in found.lines]
    return attrs.evolve(checked, lines=(*kept, *found.remedy.lines))


ASC = "asc-facility"
HOSPITAL = "hospital-outpatient"
ASKS = None  # a question, where the claim does not settle it
# what it is; policy, claim type, lines; the rules with what their remedies write, in order of rule
SCENARIOS: list[tuple[str, str, str, str, list[tuple[str, list[str] | None]]]] = [
    ("bilateral and both sides", "medicare", "", "64493-50-RT-LT", [
        ("bilateral-with-side", ["64493-50 x1"]),
    ]),
    ("the same with two units", "medicare", "", "64493-50-RT-LT x2", [
        ("bilateral-with-side", ASKS),
    ]),
    ("the same of two further joints", "medicare", "", "64635-50 64636-KX-LT-50-RT x2", [
        ("bilateral-with-side", ["64636-50-KX x2"]),
    ]),
    ("bilateral and both sides, surgery center", "medicare", ASC, "64493-50-RT-LT", [
        ("bilateral-with-side", ["64493-RT x1", "64493-LT x1"]),
    ]),
    ("bilateral and one side", "medicare", "", "64493-50-RT", [("bilateral-with-side", ASKS)]),
    ("right and left", "medicare", "", "64493-RT-LT", [("bilateral-with-side", ["64493-50 x1"])]),
    ("right and left, two units", "medicare", "", "64493-LT-RT x2", [("bilateral-with-side", ASKS)]),
    ("right and left of a further joint", "medicare", "", "64635-50 64636-RT-LT", [
        ("bilateral-with-side", ASKS),
    ]),
    ("right and left of an add-on", "cpt", "", "64493-50 64494-RT-LT", [
        ("bilateral-with-side", ["64494 x2"]),
    ]),
    ("right and left of a code that is none of facets", "cpt", "", "27096-RT-LT", [
        ("bilateral-with-side", ASKS),
    ]),
    ("all three on a code that is none of facets", "cpt", "", "27096-50-RT-LT", [
        ("bilateral-with-side", ["27096-50 x1"]),
    ]),
    ("bilateral and both sides beside a line", "medicare", "", "64493-50-RT-LT 64493-RT", [
        ("bilateral-with-side", ASKS),
    ]),
    ("two bilateral units", "medicare", "", "64493-50 x2", [
        ("bilateral-with-units", ASKS),
    ]),
    ("three bilateral units", "medicare", "", "64493-50 x3", [("bilateral-with-units", ASKS)]),
    ("two bilateral units of an add-on", "medicare", HOSPITAL, "64493-50 64494-50 x2", [
        ("bilateral-with-units", ASKS),
    ]),
    ("two further joints on both sides", "medicare", "", "64635-50 64636-50 x2", []),
    ("two units of one side", "cpt", "", "64493-RT x2", [("first-level-repeated", ASKS)]),
    ("three units", "cpt", "", "64633 x3", [("first-level-repeated", ASKS)]),
    ("two units", "cpt", "", "64493 x2", [("bilateral-as-units", ASKS)]),
    ("two units of an add-on", "medicare", "", "64493-50 64494 x2", [
        ("bilateral-as-units", ASKS),
    ]),
    ("two units of an add-on, where they are both sides", "cpt", "", "64493-50 64494 x2", []),
    ("two further joints, no side named", "cpt", "", "64635 64636 x2", []),
    ("bilateral, surgery center", "medicare", ASC, "64493-50 64494-50", [
        ("asc-facility-bilateral", ["64493-RT x1", "64493-LT x1"]),
        ("asc-facility-bilateral", ["64494-RT x1", "64494-LT x1"]),
    ]),
    ("two bilateral units, surgery center", "medicare", ASC, "64493-50 x2", [
        ("asc-facility-bilateral", ASKS),
    ]),
    ("further joints, surgery center", "medicare", ASC, "64635-RT 64635-LT 64636-50 x2", [
        ("asc-facility-bilateral", ["64636-RT x2", "64636-LT x2"]),
    ]),
    ("three bilateral units, surgery center", "medicare", ASC, "64493-50 x3", [
        ("asc-facility-bilateral", ASKS),
    ]),
    ("bilateral, surgery center of another payer", "cpt", ASC, "64493-50", []),
    ("bilateral add-on", "cpt", "", "64493-50 64494-50", [("bilateral-on-add-on", ["64494 x2"])]),
    ("bilateral further joints", "cpt", "", "64635-50 64636-50-59 x2", [
        ("bilateral-on-add-on", ["64636-59 x4"]),
    ]),
    ("bilateral add-on beside its other line", "cpt", "", "64493-50 64494-50 64494-50-59", [
        ("bilateral-on-add-on", ASKS),
        ("bilateral-on-add-on", ASKS),
    ]),
    ("a line a side", "medicare", "", "64493-RT-KX 64493-LT-KX", [
        ("laterality-format-differs", ["64493-50-KX x1"]),
    ]),
    ("a line a side of an add-on", "cpt", "", "64493-50 64494-RT 64494-LT", [
        ("laterality-format-differs", ["64494 x2"]),
    ]),
    ("a line a side, other modifiers", "medicare", "", "64493-RT-KX 64493-LT", [
        ("laterality-format-differs", ASKS),
    ]),
    ("a line a side, other units", "medicare", "", "64493-RT 64493-LT x2", [
        ("first-level-repeated", ASKS),
        ("laterality-format-differs", ASKS),
    ]),
    ("a line a side of all third levels", "cpt", "", "64493-50 64494 x2 64495-RT 64495-LT", [
        ("laterality-format-differs", ASKS),
    ]),
    ("a further joint on each side", "medicare", "", "64635-50 64636-RT 64636-LT", []),
    ("bilateral, where a plain line comes before", "bcbs-mississippi", "", "64493-50", [
        ("laterality-format-differs", ["64493 x1", "64493-50 x1"]),
    ]),
    ("a line a side, where they are otherwise", "bcbs-mississippi", "", "64493-RT 64493-LT", [
        ("laterality-format-differs", ["64493 x1", "64493-50 x1"]),
    ]),
    ("plain and bilateral, as wanted", "bcbs-mississippi", "", "64493 64493-50", []),
    ("plain and bilateral", "cpt", "", "64493 64493-50", [
        ("bilateral-billed-twice", ["64493-50 x1"]),
    ]),
    ("plain and bilateral, other modifiers", "cpt", "", "64493-59 64493-50", [
        ("bilateral-billed-twice", ASKS),
    ]),
    ("one side and bilateral", "bcbs-mississippi", "", "64493-RT 64493-50", [
        ("bilateral-billed-twice", ASKS),
        ("laterality-format-differs", ASKS),
    ]),
    ("a joint with and one without a side", "medicare", "", "64635-50 64636 64636-50", []),
    ("both sides after one", "cpt", "", "64493-RT 64494 x2", [("bilateral-level-order", ASKS)]),
    ("both sides of a further joint", "medicare", "", "64635-RT 64636-50", [
        ("bilateral-level-order", ASKS),
    ]),
    ("both sides of the third level", "medicare", "", "64493-50 64494-RT 64495-50", [
        ("bilateral-level-order", ASKS),
    ]),
    ("units of a further joint", "cpt", "", "64635-RT 64636 x2", []),
    ("the junction has its level first", "medicare", "", "64490-RT 64494-50", []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "claim_type", "lines", "expected"),
    [row[1:] for row in SCENARIOS],
    ids=[row[0] for row in SCENARIOS],
)
def test_scenarios(
    policy: str,
    claim_type: str,
    lines: str,
    expected: list[tuple[str, list[str] | None]],
) -> None:
    units = lines.replace(" x", "*").split(" ")
    checked = claim(
        *(text.replace("*", " x") for text in units), claim_type=claim_type or "professional"
    )
    found = [(f.rule, remedy(f)) for f in wrong(policy, checked)]

    assert sorted(found, key=str) == sorted(expected, key=str)


CODES = {
    role: [
        p.code
        for p in packaged().procedures
        if p.family
        and p.ordinal not in (None, Ordinal.THIRD_AND_MORE)
        and p.in_force(SPRING).value == "in-force"
        and role_of(p.family, p.ordinal) == role
    ]
    for role in ("primary", "injection-add-on", "ablation-add-on")
}
CELLS = [
    (policy, claim_type, role) for policy in POLICIES for claim_type in ClaimType for role in CODES
]


def level(code: str, form: LateralityFormat, sides: SideCount) -> tuple[ClaimLine, ...]:
    return render(ClaimLine(code=code, charge=Decimal("100.01")), sides, form=form)


def bill(lines: tuple[ClaimLine, ...], claim_type: ClaimType) -> Claim:
    return Claim(claim_type=claim_type, date=SPRING, lines=lines)


@pytest.mark.parametrize(("policy", "claim_type", "role"), CELLS)
class TestLineForms:
    """A level is written in one form for each role: that one is quiet, and no other is.

    Source: the provisions laterality.format of each policy.
    """

    def test_the_form_that_is_asked_for_is_quiet(
        self, policy: str, claim_type: ClaimType, role: str
    ) -> None:
        form = forms(policies.get(policy), on=SPRING, claim_type=claim_type)[role]
        for code in CODES[role]:
            for sides in (SideCount(bilateral=1), SideCount(right=1), SideCount(left=1)):
                assert wrong(policy, bill(level(code, form, sides), claim_type)) == []

    def test_every_other_form_is_found(self, policy: str, claim_type: ClaimType, role: str) -> None:
        asked = forms(policies.get(policy), on=SPRING, claim_type=claim_type)[role]
        if is_judgment(policy, claim_type, role):
            return  # no source states the format: `test_a_format_that_no_source_states_is_quiet`
        for code, form in itertools.product(CODES[role], LateralityFormat):
            checked = bill(level(code, form, SideCount(bilateral=1)), claim_type)
            procedure = packaged().get_procedure(code)
            if form is asked or (
                procedure.ordinal is Ordinal.EACH_ADDITIONAL
                and form is not LateralityFormat.ONE_LINE_50
            ):
                continue  # such lines may be of several joints
            found = wrong(policy, checked)

            assert found, (code, form)
            assert tuple(range(1, len(checked.lines) + 1)) in {f.lines for f in found}

    def test_a_format_that_no_source_states_is_quiet(
        self, policy: str, claim_type: ClaimType, role: str
    ) -> None:
        """Coding writes some format then; a claim in another one is not wrong for that."""
        if not is_judgment(policy, claim_type, role):
            return
        for code, form in itertools.product(CODES[role], LateralityFormat):
            checked = bill(level(code, form, SideCount(bilateral=1)), claim_type)
            report = check_claim(checked, policy=policy)
            own = {n for n, line in enumerate(checked.lines, 1) if line.code == code}
            about = {found.rule for found in report.findings if own & {*found.lines}}

            assert about.isdisjoint(OF_FORMAT), (code, form)

    def test_what_is_written_instead_is_what_conversion_writes(
        self, policy: str, claim_type: ClaimType, role: str
    ) -> None:
        asked = forms(policies.get(policy), on=SPRING, claim_type=claim_type)[role]
        for code, form in itertools.product(CODES[role], LateralityFormat):
            lines = level(code, form, SideCount(bilateral=1))
            for found in wrong(policy, bill(lines, claim_type)):
                if isinstance(found.remedy, Replacement):
                    converted = convert(lines, source=form, target=asked)
                    assert [line.text for line in found.remedy.lines] == [
                        line.text for line in converted.lines
                    ]


OF_FORMAT = {
    "asc-facility-bilateral",
    "bilateral-as-units",
    "bilateral-on-add-on",
    "laterality-format-differs",
}


def is_judgment(policy: str, claim_type: ClaimType, role: str) -> bool:
    stated = policies.get(policy).get(
        "laterality.format", on=SPRING, role=role, claim_type=claim_type
    )
    return stated.confidence is Confidence.JUDGMENT


SIDES = [
    modifiers
    for count in range(4)
    for modifiers in itertools.combinations((BOTH, RIGHT, LEFT), count)
]
FIRST = {
    "64491": ("64490",),
    "64492": ("64490", "64491"),
    "64494": ("64493",),
    "64495": ("64493", "64494"),
    "64634": ("64633",),
    "64636": ("64635",),
}


def space() -> Iterator[Claim]:
    """Yield claims with one or two lines of a code, of all sides and some units."""
    codes = ("64490", "64493", "64633", "64635", "27096", *FIRST)
    for code, claim_type in itertools.product(codes, ClaimType):
        first = tuple(ClaimLine(code=c, modifiers=(BOTH,)) for c in FIRST.get(code, ()))
        one = [
            ClaimLine(code=code, modifiers=modifiers, units=units, charge=Decimal("100.01"))
            for modifiers, units in itertools.product(SIDES, (1, 2, 3))
        ]
        for line in one:
            yield bill((*first, line), claim_type)
        for pair in itertools.combinations_with_replacement(
            [line for line in one if line.units != 3 and len(line.modifiers) < 2], 2
        ):
            yield bill((*first, *pair), claim_type)


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
class TestRemedies:
    """A remedy takes its finding away, makes no new error, and loses no cent."""

    def test_over_all_lines_of_one_code(self, policy: str) -> None:
        mended = 0
        for checked in space():
            before = CHECKERS[policy].check(checked)
            for found in before.findings:
                if found.family is not RuleFamily.LATERALITY:
                    continue
                if not isinstance(found.remedy, Replacement):
                    assert isinstance(found.remedy, Question)
                    continue
                after_claim = applied(checked, found)
                after = CHECKERS[policy].check(after_claim)
                mended += 1

                assert count(after, found.rule) < count(before, found.rule)
                assert {f.rule for f in after.errors} <= {f.rule for f in before.errors}
                assert charge(after_claim) == charge(checked)
        assert mended > 100

    def test_right_and_left_are_alike(self, policy: str) -> None:
        other = {RIGHT: LEFT, LEFT: RIGHT}
        for checked in space():
            turned = attrs.evolve(
                checked,
                lines=tuple(
                    attrs.evolve(line, modifiers=tuple(other.get(m, m) for m in line.modifiers))
                    for line in checked.lines
                ),
            )

            assert told(of_family(policy, checked)) == told(of_family(policy, turned))


def charge(checked: Claim) -> Decimal:
    return sum((line.charge for line in checked.lines if line.charge), Decimal(0))


def told(listed: list[Finding]) -> Counter[tuple[object, ...]]:
    return Counter((f.rule, f.severity, f.lines, type(f.remedy)) for f in listed)


class TestWhatLinesLeaveOpen:
    """Lines that are right for one record and wrong for another are asked about, as coverage.

    Source: MCR-04, from an audit of second sides billed as further levels.
    """

    @pytest.mark.parametrize("lines", [("64493-RT", "64494-LT"), ("64636-RT", "64635-LT")])
    def test_an_add_on_of_the_other_side(self, lines: tuple[str, ...]) -> None:
        (found,) = of_family("medicare", claim(*lines))

        assert (found.rule, found.kind) == ("second-side-as-add-on", FindingKind.COVERAGE)
        assert found.severity is Severity.WARNING
        assert isinstance(found.remedy, Question)

    @pytest.mark.parametrize(
        "lines",
        [
            ("64493-RT", "64494-RT"),
            ("64493-50", "64494"),
            ("64493", "64494-RT"),
            ("64493-RT", "64491-LT"),
            ("64493-RT", "64494-LT", "64495-RT"),
            ("64493-RT", "64495-LT"),
            ("64635-RT", "64636-LT x2"),
            ("64494-RT", "64495-LT"),
        ],
    )
    def test_no_other_lines(self, lines: tuple[str, ...]) -> None:
        assert "second-side-as-add-on" not in {f.rule for f in of_family("cpt", claim(*lines))}

    def test_the_session_tells(self) -> None:
        session = from_data(
            {
                "date": "2026-03-02",
                "claim_type": "professional",
                "technique": "medial-branch-block",
                "guidance": "fluoroscopy",
                "targets": [
                    {"joint": "L3-L4", "side": "right"},
                    {"joint": "L4-L5", "side": "left"},
                ],
            },
            Session,
        )
        report = CHECKERS["cpt"].check(claim("64493-RT", "64494-LT"), session=session)

        assert "second-side-as-add-on" not in {f.rule for f in report.findings}

    @pytest.mark.parametrize(
        ("policy", "lines", "unnamed"),
        [
            ("medicare", ("64493", "64494"), (1, 2)),
            ("medicare", ("64493-RT", "64494", "64495"), (2,)),
            ("medicare", ("64635-50", "64636 x2"), (2,)),
            ("medicare", ("64493 x2",), ()),
            ("medicare", ("64493-50", "77003"), ()),
            ("cpt", ("64493",), ()),
        ],
    )
    def test_a_side_that_is_not_named(
        self, policy: str, lines: tuple[str, ...], unnamed: tuple[int, ...]
    ) -> None:
        found = [f for f in of_family(policy, claim(*lines)) if f.rule == "side-not-named"]

        assert [f.lines for f in found] == ([unnamed] if unnamed else [])
        assert all(f.severity is Severity.INFO for f in found)


class TestWhatIsNotKnown:
    """Where no source tells the line form of a day, the rules on it are not asked."""

    @pytest.mark.parametrize(
        ("rule", "lines", "claim_type"),
        [
            ("bilateral-as-units", ("64475 x2",), "professional"),
            ("asc-facility-bilateral", ("64475-50",), ASC),
            ("laterality-format-differs", ("64475-RT", "64475-LT"), "professional"),
            ("bilateral-billed-twice", ("64475", "64475-50"), "professional"),
        ],
    )
    def test_is_not_asked(self, rule: str, lines: tuple[str, ...], claim_type: str) -> None:
        report = CHECKERS["cpt"].check(claim(*lines, date="2008-06-02", claim_type=claim_type))

        assert rule in {skipped.rule for skipped in report.not_checked}
        assert rule not in {found.rule for found in report.findings}

    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            (("64475-50-RT-LT",), ("bilateral-with-side", ["64475-50 x1"])),
            (("64475-50-RT-LT x2",), ("bilateral-with-side", ASKS)),
            (("64475-RT-LT",), ("bilateral-with-side", ASKS)),
            (("64475-50 x2",), ("bilateral-with-units", ASKS)),
        ],
    )
    def test_what_no_form_has_is_found(
        self, lines: tuple[str, ...], expected: tuple[str, list[str] | None]
    ) -> None:
        found = wrong("cpt", claim(*lines, date="2008-06-02"))

        assert [(f.rule, remedy(f)) for f in found] == [expected]

    def test_levels_are_not_read_in_no_form(self) -> None:
        assert wrong("cpt", claim("64475-RT", "64476-50", date="2008-06-02")) == []


HEAD = """
id = "example-plan"
title = "Example Health Plan"
payer = "Example Health Plan"
revised = 2026-03-01
extends = "cpt"

[sources.example-manual]
title = "Provider manual"
publisher = "Example Health Plan"
"""
PLAN = """
[[provisions]]
key = "laterality.format"
for = { role = "primary" }
value = "plain-then-50"
from = 2026-01-01
citations = ["example-manual"]
confidence = "confirmed"

[[provisions]]
key = "laterality.format"
for = { role = "ablation-add-on" }
value = "rt-lt-lines"
from = 2026-01-01
citations = ["example-manual"]
confidence = "confirmed"

[[provisions]]
key = "laterality.side"
value = "named"
from = 2026-01-01
citations = ["example-manual"]
confidence = "confirmed"
"""


class TestAnotherPayer:
    """A policy of somebody's own may have a form for each role; each rule reads that of the code."""

    @pytest.mark.parametrize(
        ("claim_type", "lines", "expected"),
        [
            ("professional", ("64493", "64493-50", "64494 x2"), []),
            ("professional", ("64635", "64635-50", "64636-RT", "64636-LT"), []),
            (
                "professional",
                ("64635-50", "64636-50 x2"),
                [
                    ("laterality-format-differs", ["64635 x1", "64635-50 x1"]),
                    ("laterality-format-differs", ["64636-RT x2", "64636-LT x2"]),
                ],
            ),
            (ASC, ("64635", "64635-50", "64636-50"), [
                ("asc-facility-bilateral", ["64636-RT x1", "64636-LT x1"]),
            ]),
            (ASC, ("64493", "64493-50", "64494-50"), [("bilateral-on-add-on", ["64494 x2"])]),
            ("professional", ("64493", "64494"), [("side-not-named", ASKS)]),
            ("professional", ("64635-RT", "64636 x3", "64493-RT", "64494 x3"), [
                ("side-not-named", ASKS),
            ]),
        ],
    )  # fmt: skip
    def test_scenarios(
        self,
        tmp_path: Path,
        claim_type: str,
        lines: tuple[str, ...],
        expected: list[tuple[str, list[str] | None]],
    ) -> None:
        file = tmp_path / "example-plan.toml"
        file.write_text(HEAD + PLAN, encoding="utf-8")
        report = Checker(policies.load(file)).check(claim(*lines, claim_type=claim_type))
        found = [f for f in report.findings if f.family is RuleFamily.LATERALITY]

        assert [(f.rule, remedy(f)) for f in found] == expected


ACCEPTING = """
[[provisions]]
key = "laterality.format"
for = {{ role = ["primary", "injection-add-on", "ablation-add-on"] }}
value = "{wanted}"
from = 2020-01-01
citations = ["example-manual"]
confidence = "confirmed"

[[provisions]]
key = "laterality.accepted"
for = {{ role = ["primary", "injection-add-on", "ablation-add-on"] }}
value = ["{accepted}"]
seen = {seen}
citations = ["example-manual"]
confidence = "confirmed"
"""


@pytest.mark.parametrize(
    ("wanted", "accepted"), list(itertools.permutations(LateralityFormat, 2)), ids=str
)
class TestAcceptedFormats:
    """A payer may accept formats besides the one it wants: no claim in one of them is wrong.

    Source: the key laterality.accepted; humana-modifier-50 has an example.
    """

    @staticmethod
    def bilateral(
        tmp_path: Path, wanted: LateralityFormat, accepted: LateralityFormat, seen: str
    ) -> Iterator[tuple[LateralityFormat, set[str], set[str]]]:
        """Yield each format with the rules that find it wrong, and those that are not checked."""
        file = tmp_path / "example-plan.toml"
        text = HEAD + ACCEPTING.format(wanted=wanted, accepted=accepted, seen=seen)
        file.write_text(text, encoding="utf-8")
        checker = Checker(policies.load(file), memo=0)
        for claim_type, role in itertools.product(ClaimType, CODES):
            for code, form in itertools.product(CODES[role], LateralityFormat):
                report = checker.check(bill(level(code, form, SideCount(bilateral=1)), claim_type))
                found = {f.rule for f in report.findings if f.family is RuleFamily.LATERALITY}
                listed = {n.rule for n in report.not_checked if n.needs == "laterality.accepted"}
                yield form, found & {*OF_FORMAT, "bilateral-billed-twice"}, listed

    def test_one_that_is_accepted_is_quiet(
        self, tmp_path: Path, wanted: LateralityFormat, accepted: LateralityFormat
    ) -> None:
        wrong_in: Counter[LateralityFormat] = Counter()
        for form, found, listed in self.bilateral(tmp_path, wanted, accepted, "2020-01-01"):
            assert not listed
            if form in (wanted, accepted):
                assert not found, form
            wrong_in[form] += bool(found)

        assert {form for form in LateralityFormat if wrong_in[form]} == set(LateralityFormat) - {
            wanted,
            accepted,
        }

    def test_before_it_was_seen_no_format_is_found_wrong(
        self, tmp_path: Path, wanted: LateralityFormat, accepted: LateralityFormat
    ) -> None:
        listed_in: Counter[LateralityFormat] = Counter()
        for form, found, listed in self.bilateral(tmp_path, wanted, accepted, "2027-01-01"):
            assert not found, form
            listed_in[form] += bool(listed)

        assert {form for form in LateralityFormat if listed_in[form]} == set(LateralityFormat) - {
            wanted
        }


def test_humana_accepts_lines_for_each_side() -> None:
    """Strongly encouraged is one line with 50; two lines of 1 unit are accepted as well.

    Source: humana-modifier-50.
    """
    for lines in (("64493-RT", "64493-LT"), ("64493-50",), ("64493-50", "64494-50")):
        later = claim(*lines, date="2026-12-01")
        report = check_claim(later, policy="humana")
        assert OF_FORMAT.isdisjoint(f.rule for f in report.findings)
    twice = check_claim(claim("64493 x2", date="2026-12-01"), policy="humana")
    assert [f.rule for f in twice.findings if f.rule in OF_FORMAT] == ["bilateral-as-units"]


class TestSeverity:
    """What the form of an add-on is, is only a judgment under some policies."""

    def test_follows_the_provision(self) -> None:
        lines = claim("64493-50", "64494-50")

        assert [f.severity for f in wrong("cpt", lines)] == [Severity.ERROR]
        assert wrong("commercial", lines) == []
        assert wrong("bcbs-north-dakota", lines) == []

    def test_two_units_are_less_wrong_where_a_manual_allows_them(self) -> None:
        center = claim("64493 x2", claim_type=ASC)

        assert [f.severity for f in wrong("medicare", center)] == [Severity.WARNING]
        assert [f.severity for f in wrong("medicare", claim("64493 x2"))] == [Severity.ERROR]

    def test_the_code_set_of_2019_has_the_modifier_on_add_ons(self) -> None:
        assert wrong("cpt", claim("64493-50", "64494-50", date="2019-12-31")) == []


class TestJoinedLines:
    """Lines that are joined keep their charges and diagnoses; a split one shares its charge."""

    def test_keep_what_both_have(self) -> None:
        right = attrs.evolve(
            parse_line("64493-RT"), charge=Decimal("100.01"), diagnoses=("M47.816",)
        )
        left = attrs.evolve(
            parse_line("64493-LT"), charge=Decimal(50), diagnoses=("M47.817", "M47.816")
        )
        for lines in ((right, left), (left, right)):
            (found,) = wrong("cpt", bill(lines, ClaimType.PROFESSIONAL))
            assert isinstance(found.remedy, Replacement)
            (line,) = found.remedy.lines

            assert line.charge == Decimal("150.01")
            assert line.diagnoses == ("M47.816", "M47.817")

    def test_are_not_joined_over_two_places(self) -> None:
        lines = [parse_line("64493-RT"), parse_line("64493-LT")]
        apart = (attrs.evolve(lines[0], place_of_service="11"), lines[1])
        (found,) = wrong("cpt", bill(apart, ClaimType.PROFESSIONAL))

        assert isinstance(found.remedy, Question)

    def test_a_cent_that_does_not_divide_stays(self) -> None:
        line = attrs.evolve(parse_line("64493-50"), charge=Decimal("100.01"))
        (found,) = wrong("medicare", bill((line,), ClaimType.ASC_FACILITY))
        assert isinstance(found.remedy, Replacement)

        assert [line.charge for line in found.remedy.lines] == [Decimal("50.01"), Decimal("50.00")]
