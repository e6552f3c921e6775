"""The ledger: all that Medicare and payers ask is answered, row by row, or left out for a reason.

`ledger.csv` beside this file says which rule or provision answers which row of the facts. What it
names exists and says what it says there, with or without the facts; with them, no row is missing,
none is too much, and each value and day is that of the row, or argued.
"""

from __future__ import annotations

import calendar
import csv
import datetime as dt
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from cptfacet import check_claim, policies
from cptfacet.checking import Rule, all_rules, get_rule
from cptfacet.claims import Claim, ClaimType, Purpose, parse_line
from cptfacet.findings import Severity
from cptfacet.history import History
from cptfacet.policies import KEYS, Provision

if TYPE_CHECKING:
    from collections.abc import Iterator

DESIGN = Path(__file__).parents[2] / "docs" / "design.md"
SHARED = Path(__file__).parents[3] / "shared" / "facts"
SPRING = dt.date(2026, 3, 2)
MEDICARE = "medicare.md"
PAYERS = ("payer_rules.csv", "payer_rules_2026-11.csv", "payer_rules_2026-11b.csv")
CATALOGUE, WORKED_LINES = "section 12", "section 6.5"
SECTIONS = re.compile(r"section (4\.\d|5|6\.\d|9\.1|12)")  # those of which each row is one rule

# why nothing answers a row
REASONS = {
    "another-line": "it is of another line of business than the policy",
    "eligibility": "the record of the patient decides it, not a claim",
    "machine-made": "a machine made the text that was read, and asks to be verified",
    "no-policy": "no packaged policy is of this payer",
    "no-value": "the row has no value that a provision could have",
    "not-confirmed": "the row itself says that it is not confirmed",
    "not-known": "the facts give no value for these days, and the answer is that it is not known",
    "not-of-a-claim": "no line of a claim and no check of one depends on it",
    "other-count": "it counts by what no provision counts by",
    "governed-by-other-policy": "another policy of the payer has it, on other procedures",
    "pricing": "it is what is paid, not whether a claim is right",
    "superseded": "the text is an old one, and what came after it was not read",
    "undated": "the copy that was read shows no day on which it was in force",
    "unreadable": "the body of the text was not read",
}

_LISTED = (
    "64490 64491 64492 64493 64494 64495 64633 64634 64635 64636"
    " 0213T 0214T 0215T 0216T 0217T 0218T"
)
# what a word of the facts is called here; a number is itself
MEANS = {
    ("addon.bilateral_format", "add_on_code_with_modifier50"): {"one-line-50"},
    ("addon.modifier50", "not_allowed_by_CPT"): {"two-units"},
    ("addon.requires_primary", "true"): set[str](),
    ("bilateral.format", "one_line_modifier50"): {"one-line-50"},
    ("bilateral.format", "one_line_modifier50_1_unit"): {"one-line-50"},
    ("bilateral.format.variants", "50_one_line|plain_then_50_two_lines|LT_RT_two_lines"): {
        *("one-line-50", "plain-then-50", "rt-lt-lines"),
    },
    ("bilateral.indicator_source", "CMS + plan exceptions for indicator 9"): {"one-line-50"},
    ("bilateral.indicator_source", "CMS MPFS indicators 0/1/2/3/9"): {"one-line-50"},
    ("bilateral.indicator_source", "CMS NPFSRVF indicators 1 and 3"): {"one-line-50"},
    ("bilateral.indicator_source", "MPFS indicator 1 only"): {"one-line-50"},
    ("bilateral.rt_lt_allowed", "two_lines_lt_rt_1_unit_each"): {"rt-lt-lines"},
    ("bilateral.asc_facility", "two lines RT and LT"): {"rt-lt-lines"},
    ("diagnostic.denied_at_level_of", "previously successful ablation"): set[str](),
    ("diagnostic.modifier_missing", "counts_as_therapeutic"): set[str](),
    ("guidance.ultrasound", "unproven"): {"not-covered"},
    ("levels.count_basis", "joints, not nerves"): set[str](),
    ("levels.third", "64492|64495 not covered, appeal with documentation only"): set[str](),
    ("policy.follows", "Medicare LCD and article of the member's jurisdiction"): set[str](),
    ("prior_auth.codes", "64490|64491|64493|64494|64633|64634|64635|64636"): {
        "64490 64491 64493 64494 64633 64634 64635 64636"
    },
    ("prior_auth.codes_removed_on", "2024-08-16"): {"64492 64495"},
    ("prior_auth.required", "true"): {_LISTED},
    (
        "prior_auth.site_exempt",
        "plan_specific: ASC, office or critical access hospital may be exempt",
    ): {_LISTED},
    ("rfa.techniques_excluded", "pulsed"): {"not-covered"},
    ("rfa.techniques_excluded", "pulsed|endoscopic|cryo|cooled|chemical|laser|basivertebral"): {
        "not-covered"
    },
    ("rfa.window_type", "rolling"): {"12"},
    ("sessions.max_per_region", "5"): {"5", "L34993", "L34995"},
    ("therapeutic.covered", "false"): {"not-covered"},
    ("bilateral.rt_lt_allowed", "false"): {"one-line-50"},
    ("bilateral.rt_lt_allowed", "one_side_only"): {"one-line-50"},
    ("dx.region_match_required", "true"): set[str](),
    ("levels.count_basis", "joints_not_nerves"): set[str](),
    ("levels.max_injections_bilateral", "6"): {"3"},
    ("ncci.adoption", "aligned_with_cms_edits"): {"RT LT 25 58 59 78 79 91 XE XS XP XU"},
    ("rfa.same_level_block_bundled", "true"): {"included"},
    ("sedation.mac", "only_with_listed_risk_factors"): {"with-reason"},
    ("sedation.moderate.facet_injection", "only_if_severe_anxiety_psychiatric_or_cognitive"): {
        "with-reason"
    },
    ("sedation.moderate.rfa", "allowed_motionless_or_painful_position"): {"with-reason"},
    ("session.one_procedure_type_only", "true"): {"one-type-a-day"},
}
SEVERITIES = {"E": Severity.ERROR, "W": Severity.WARNING, "I": Severity.INFO}
_ANSWER = re.compile(r"(?P<key>[a-z.-]+)(?:\[(?P<cell>.+)\])?")


class Entry(NamedTuple):
    """One line of the ledger."""

    source: str
    payer: str
    document: str
    row: str
    cell: str
    policy: str
    answer: str
    says: str
    since: str
    reason: str
    why: str

    @property
    def place(self) -> tuple[str, str, str, str]:
        """Return what names the row of the facts."""
        return self.source, self.payer, self.document, self.row

    @property
    def rule(self) -> str | None:
        """Return the id of the rule that answers, if one does."""
        return self.answer.removeprefix("rule:") if self.answer.startswith("rule:") else None

    @property
    def provision(self) -> tuple[str, dict[str, str]] | None:
        """Return key and cell of the provision that answers, if one does."""
        found = None if self.rule or not self.answer else _ANSWER.fullmatch(self.answer)
        if found is None:
            return None
        cell = dict(part.split("=") for part in (found["cell"] or "").split(",") if part)
        return found["key"], {name.replace("-", "_"): value for name, value in cell.items()}


def _read() -> list[Entry]:
    with Path(__file__).with_name("ledger.csv").open(encoding="utf-8", newline="") as file:
        return [Entry(**row) for row in csv.DictReader(ln for ln in file if not ln.startswith("#"))]


LEDGER = _read()
BY_PROVISION = [entry for entry in LEDGER if entry.provision]
BY_RULE = [entry for entry in LEDGER if entry.rule]


def _name(entry: Entry) -> str:
    newer = f"/{entry.source}" if entry.source in PAYERS[1:] else ""
    return f"{entry.row}/{entry.policy}/{entry.answer}/{entry.says}/{entry.payer}{newer}"


# -- the ledger in itself


def test_an_entry_has_an_answer_or_a_reason() -> None:
    for entry in LEDGER:
        assert bool(entry.answer) is not bool(entry.reason), entry
        assert bool(entry.answer) is bool(entry.policy), entry
        assert entry.reason in {"", *REASONS}, entry
        assert bool(entry.provision) or not entry.since, entry


def test_a_row_has_either_answers_or_one_reason() -> None:
    entries: defaultdict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for entry in LEDGER:
        entries[entry.place].append(entry)
    for place, listed in entries.items():
        assert len(set(listed)) == len(listed), place
        assert len({entry.cell for entry in listed}) == 1, place
        if any(entry.reason for entry in listed):
            assert len(listed) == 1, place


def test_each_reason_is_one_that_a_row_has() -> None:
    assert {entry.reason for entry in LEDGER} == {"", *REASONS}


def test_no_row_lacks_a_policy_whose_payer_has_one() -> None:
    """That a payer is no policy is said of no payer of which a policy speaks."""
    general = {"", "commercial", "cpt", "medicare"}
    answered = {entry.payer for entry in LEDGER if entry.policy not in general}
    for entry in LEDGER:
        assert entry.reason != "no-policy" or entry.payer not in answered, entry


# -- what answers is there, and says so


@pytest.mark.parametrize("entry", BY_PROVISION, ids=map(_name, BY_PROVISION))
def test_a_provision_says_what_the_ledger_says(entry: Entry) -> None:
    assert entry.provision
    key, cell = entry.provision
    assert key in KEYS
    answer = policies.get(entry.policy).get(key, on=_day(entry.since), **cell)

    assert isinstance(answer, Provision), answer
    value = answer.value
    assert (" ".join(value) if isinstance(value, tuple) else str(value)) == entry.says
    assert answer.policy == entry.policy
    assert _since(answer) == entry.since


def _day(since: str) -> dt.date:
    return dt.date.fromisoformat(since.split()[1]) if since else SPRING


def _since(answer: Provision) -> str:
    term = answer.term
    if term.start:
        return f"from {term.start}"
    return f"seen {term.seen}" if term.seen else ""


@pytest.mark.parametrize("entry", BY_RULE, ids=map(_name, BY_RULE))
def test_a_rule_is_as_severe_as_the_ledger_says(entry: Entry) -> None:
    assert entry.rule
    rule, policy = get_rule(entry.rule), policies.get(entry.policy)

    assert rule.family in policies.rule_families(policy, on=SPRING)
    assert _severity(rule, entry.policy).value == entry.says


def _severity(rule: Rule, policy: str) -> Severity:
    stated = policies.get(policy).get("checks.severity", on=SPRING, rule=rule.id)
    return Severity(str(stated.value)) if isinstance(stated, Provision) else rule.severity


def test_rules_and_the_ledger_name_the_same_checks() -> None:
    ours = {(number, rule.id) for rule in all_rules() for number in rule.mcr}
    theirs = {(entry.row, entry.rule) for entry in BY_RULE if entry.document == CATALOGUE}

    assert ours == theirs


def test_every_requirement_is_in_the_list_of_the_design_page() -> None:
    """A number that a rule or the ledger names can be looked up in docs/design.md."""
    listed = re.findall(r"^\| (MCR-\d+) \|", DESIGN.read_text(encoding="utf-8"), re.MULTILINE)
    named = {entry.row for entry in LEDGER if entry.document == CATALOGUE}

    assert listed == sorted(named)


@pytest.mark.parametrize(
    ("place", "date"), [("medicare-je", "2021-04-24"), ("medicare-j15", "2021-05-01")]
)
def test_limits_before_the_coverage_policies_are_not_evaluated(place: str, date: str) -> None:
    """MCR-44: what was read of the time before is no determination."""
    claim = Claim(
        claim_type=ClaimType.PROFESSIONAL,
        date=dt.date.fromisoformat(date),
        purpose=Purpose.DIAGNOSTIC,
        lines=(parse_line("64493-RT"), parse_line("64495-RT")),
    )
    report = check_claim(claim, policy=policies.get(place), history=History(sessions=()))
    limits = {"levels.max", "sessions.max"}

    assert {skipped.needs for skipped in report.not_checked} >= limits
    assert not report.where(lambda found: found.family == "frequency").findings
    assert "third-level-not-covered" not in {finding.rule for finding in report.findings}


# -- against the facts


class Fact(NamedTuple):
    """One row of the facts: its cell, and all that it says of values and of days."""

    cell: str
    text: str
    confidence: str


def _facts() -> dict[tuple[str, str, str, str], Fact]:
    if not SHARED.is_dir():
        pytest.skip("needs the folder of facts beside the repository")
    found: dict[tuple[str, str, str, str], Fact] = {}
    for section, cells in _tables((SHARED / MEDICARE).read_text(encoding="utf-8")):
        name, *said, source = cells
        if section == CATALOGUE:
            said, severity, since = [cells[1]], *cells[2:4]
            cell, confidence = f"{severity} | {since}", ""
            said.append(since)
        else:
            if section == WORKED_LINES:
                name, *said = f"{name} / {cells[1]}", *cells[1:]
            cell = " ".join(re.findall(r"\d+(?:-\d\d-\d\d)?[A-Z]?", " ".join(said)))
            confidence = "UNCONFIRMED" if re.match(r"-$|UNCONFIRMED", source) else ""
        place = (MEDICARE, "", section, name)
        assert place not in found
        found[place] = Fact(cell, " ".join(said), confidence)
    for name in PAYERS:
        with (SHARED / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                place = (name, row["payer"], row["policy_id"], row["rule_key"])
                assert place not in found
                dated = " ".join(row[column] for column in ("effective_date", "source_url", "note"))
                found[place] = Fact(row["value"], dated, row["confidence"])
    return found


def _tables(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the rows of the tables in the sections that the ledger accounts for."""
    _, *parts = re.split(r"^#+ (\d+(?:\.\d+)?)\.? ", text, flags=re.MULTILINE)
    for number, body in zip(parts[::2], parts[1::2], strict=True):
        for table in re.findall(r"(?:^\|.*\n)+", body, re.MULTILINE):
            for line in table.splitlines()[2:] if SECTIONS.fullmatch(f"section {number}") else ():
                yield f"section {number}", [cell.strip() for cell in line.strip("| ").split("|")]


def test_each_row_of_the_facts_is_in_the_ledger_and_no_other() -> None:
    facts = _facts()

    assert set(facts) == {entry.place for entry in LEDGER}


def test_the_ledger_has_the_cells_of_the_facts() -> None:
    facts = _facts()

    for entry in LEDGER:
        assert entry.cell == facts[entry.place].cell, entry


def test_what_is_not_confirmed_is_what_the_facts_call_so() -> None:
    """Nothing answers a row that is not confirmed, whatever else may be said of it."""
    facts = _facts()

    for entry in LEDGER:
        unconfirmed = facts[entry.place].confidence == "UNCONFIRMED"
        assert unconfirmed or entry.reason != "not-confirmed", entry
        assert not unconfirmed or entry.reason, entry


def test_the_severity_of_a_rule_is_that_of_its_check() -> None:
    for entry in BY_RULE:
        if entry.document == CATALOGUE:
            letters = set(re.findall(r"\b[EWI]\b", entry.cell.split("|")[0]))
            assert Severity(entry.says) in {SEVERITIES[each] for each in letters} or entry.why, (
                entry
            )


def test_a_value_is_that_of_its_row() -> None:
    """A number is the row's own; a word is what `MEANS` calls it."""
    facts = _facts()

    for entry in BY_PROVISION:
        if entry.source in PAYERS:
            means = MEANS.get((entry.row, entry.cell), {entry.cell})
            assert entry.says in means, entry
        elif entry.says.isdecimal() and len(entry.says) < len("64490"):
            numbers = set(re.findall(r"\d+", facts[entry.place].text))
            assert entry.says in numbers or entry.why, entry
    for entry in BY_RULE:
        if entry.source in PAYERS:
            assert (entry.row, entry.cell) in MEANS or entry.why, entry


def test_a_day_is_that_of_its_row() -> None:
    """It is a day, the last one of a month or year, or a year that the row names; or it is argued."""
    facts = _facts()

    for entry in BY_PROVISION:
        if entry.since:
            dated = entry.cell.endswith("| any") or _is_dated(
                _day(entry.since), facts[entry.place].text
            )
            assert dated or entry.why, entry


_MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}


def _is_dated(day: dt.date, text: str) -> bool:
    named = {dt.date.fromisoformat(found) for found in re.findall(r"\d{4}-\d\d-\d\d", text)}
    months = {(int(y), int(m)) for y, m in re.findall(r"(\d{4})[-/](\d\d)\b(?!-)", text)}
    months |= {(int(y), _MONTHS[m]) for m, y in re.findall(r"\b([A-Z][a-z]{2}) (\d{4})", text)}
    last = calendar.monthrange(day.year, day.month)[1]
    by_month = day.day == last and (day.year, day.month) in months
    short = re.search(rf"{day:%Y}.*\b{day:%m-%d}\b", text)  # "2021-04-25 / CGS 05-02"
    by_year = re.search(rf"(?<![\d/-]){day:%Y}(?![\d/-])", text) is not None
    return day in named or by_month or bool(short) or by_year
