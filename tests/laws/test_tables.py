"""Each table of the reference decides the answers that rest on it, and no others.

The same questions are asked of references that differ in one table: sessions to code, claims to
decode, check and repair, and earlier sessions and claims to read into a history. One reference lacks
the table; in others, one row says something else. `TABLES` declares what rests on each table: the
parts of answers that change without it, and the questions whose answers change with a row. Both are
exact. A new table without an entry fails.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import json
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import attrs
import pytest

from cptfacet import policies
from cptfacet.anatomy import CodeRegion, CoverageRegion, Joint, Nerve
from cptfacet.checking import all_rules, check_claim
from cptfacet.claims import Claim, ClaimLine, ClaimType, Location, parse_line
from cptfacet.coding import CodedSession, code_session
from cptfacet.dates import EffectivePeriod
from cptfacet.decoding import DecodedClaim, Doubt, SkippedLine, SkipReason, decode_claim
from cptfacet.findings import Finding, NotChecked, Replacement, Report
from cptfacet.history import History, PastSession
from cptfacet.interop.examples import Example, examples
from cptfacet.interop.json import from_data
from cptfacet.modifiers import ModifierKind
from cptfacet.notes import Note, NoteId, Reason, Refusal
from cptfacet.past import ReadHistory, SkippedRecord, history_from_records
from cptfacet.procedures import CodeGroup
from cptfacet.reference import Reference, packaged
from cptfacet.reference.diagnoses import Validity
from cptfacet.reference.editions import Release
from cptfacet.reference.edits import Addendum, AscRow, Mai, MueRow, PairIndicator, PairRow
from cptfacet.repairing import RepairedClaim, repair_claim
from cptfacet.sessions import Session, Treatment, parse_session

KNOWN = packaged()
DAY = dt.date(2026, 6, 1)
CASES = Path(__file__).parents[1] / "cases" / "published.jsonl"

# -- the questions


class Question(NamedTuple):
    """One question: a verb, a policy, and a session or a claim with what was given beside it."""

    name: str
    verb: str
    policy: str
    asked: Session | Claim
    session: Session | None = None
    history: History | None = None

    def answer(self, reference: Reference) -> Answer:
        """Ask it of a reference."""
        asked: Any = self.asked
        under: Any = {"policy": policies.get(self.policy), "reference": reference}
        match self.verb:
            case "code":
                return code_session(asked, **under)
            case "decode":
                return decode_claim(asked, **under)
            case "read":
                return history_from_records([asked], **under)
            case "check":
                return check_claim(asked, session=self.session, history=self.history, **under)
            case _:
                return repair_claim(asked, session=self.session, history=self.history, **under)


def _questions() -> Iterator[Question]:
    for name, policy, session in (*_published(), *_own_sessions()):
        yield from (Question(name, verb, policy, session) for verb in ("code", "read"))
    for name, given in (*_examples(), *_own_claims()):
        claim, policy = given.claim, given.policy
        yield Question(name, "check", policy, claim, given.session, given.history)
        if given.session:
            yield Question(name, "code", policy, given.session)
        if name.endswith(" kept"):  # much like the claim that breaks the rule
            continue
        yield Question(name, "repair", policy, claim, given.session, given.history)
        yield from (Question(name, verb, policy, claim) for verb in ("decode", "read"))


def _published() -> Iterator[tuple[str, str, Session]]:
    for line in CASES.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        nerves = [each for each in case["session"]["nerves"] if each["nerve"] != "ala"]
        yield case["id"], case["policy"], from_data({**case["session"], "nerves": nerves}, Session)


def _examples() -> Iterator[tuple[str, Example]]:
    for rule in all_rules():
        for what, example in zip(("broken", "kept"), examples(rule.id), strict=True):
            yield f"{rule.id} {what}", example


def _own_sessions() -> Iterator[tuple[str, str, Session]]:
    """Yield sessions that meet tables which no published case meets."""
    for name, location in PLACES.items():
        session = parse_session(
            date=DAY,
            claim_type="professional",
            technique="mbb",
            purpose="diagnostic",
            guidance="fluoroscopy",
            joints=["L4-5:left"],
            location=location,
        )
        yield name, "medicare", session


def _own_claims() -> Iterator[tuple[str, Example]]:
    """Yield claims that meet tables which the example of no rule meets."""
    for name, lines in {
        "unsettled": ("64494-RT", "64634-RT"),
        "one ablation": ("64635-RT",),
    }.items():
        claim = Claim(
            claim_type=ClaimType.PROFESSIONAL,
            date=DAY,
            diagnoses=("M47.816",),
            place_of_service="11",
            lines=tuple(map(parse_line, lines)),
        )
        yield name, Example(policy="medicare", claim=claim)
    for name, location in PLACES.items():
        claim = Claim(
            claim_type=ClaimType.PROFESSIONAL,
            date=DAY,
            diagnoses=("M47.816",),
            place_of_service="11",
            lines=(parse_line("64493-LT-KX"),),
            location=location,
        )
        yield f"billed {name}", Example(policy="medicare", claim=claim)


PLACES = {
    "in Ohio": Location(state="OH"),
    "in a county": Location(state="VA", county="Fairfax County"),
    "in a ZIP code": Location(zip="44101"),
}
QUESTIONS = tuple(_questions())

# -- their answers

Answer: TypeAlias = CodedSession | Refusal | DecodedClaim | ReadHistory | Report | RepairedClaim
Parts: TypeAlias = dict[str, list[object]]


def _named(answer: Answer) -> Iterator[tuple[str, object]]:
    """Yield the parts of an answer, each with its name."""
    match answer:
        case CodedSession():
            yield "lines", (answer.lines, answer.why)
            yield from ((f"note {note.id}", note) for note in answer.notes)
        case Refusal():
            yield f"refusal {answer.reason}", answer
        case DecodedClaim():
            for group in answer.groups:
                yield "levels", attrs.evolve(group, doubts=())
                yield from ((f"doubt {doubt.id}", doubt) for doubt in group.doubts)
            yield from ((f"skipped {line.reason}", line) for line in answer.unread)
        case ReadHistory():
            yield from (("sessions", past) for past in answer.history.sessions)
            yield from ((f"skipped {left.reason}", left) for left in answer.unread)
        case Report():
            yield from ((found.rule, found) for found in answer.findings)
            yield from ((skipped.rule, skipped) for skipped in answer.not_checked)
        case RepairedClaim():
            yield from _named(answer.report)
            yield "changes", (answer.changes, answer.claim)


def parts(answer: Answer) -> Parts:
    """Take an answer apart, so that what changes can be told from what stays."""
    found: Parts = {}
    for name, part in _named(answer):
        found.setdefault(name, []).append(part)
    return found


@functools.cache
def answers(reference: Reference) -> tuple[tuple[Answer, Parts], ...]:
    found = [question.answer(reference) for question in QUESTIONS]
    return tuple((answer, parts(answer)) for answer in found)


class Changed(NamedTuple):
    """A question that another reference answers otherwise, and both answers."""

    question: Question
    before: Parts
    after: Parts

    @property
    def names(self) -> set[str]:
        both = self.before | self.after
        return {name for name in both if self.before.get(name) != self.after.get(name)}

    @property
    def new(self) -> list[object]:
        """What the other answer has, and the packaged one does not."""
        old = list(itertools.chain(*self.before.values()))
        return [part for part in itertools.chain(*self.after.values()) if part not in old]


def changes(reference: Reference) -> list[Changed]:
    asked = zip(QUESTIONS, answers(KNOWN), answers(reference), strict=True)
    return [Changed(q, before, after) for q, (_, before), (_, after) in asked if before != after]


def says_what_is_not_known(part: object) -> bool:
    match part:
        case Note():
            return part.id in {NoteId.NOT_KNOWN, NoteId.JURISDICTION}
        case Refusal() | SkippedRecord() | SkippedLine():
            return part.reason in {Reason.NOT_KNOWN, SkipReason.UNKNOWN_CODE}
        case Finding():
            return part.rule == "session-not-codable"
        case PastSession():
            return not part.certain or None in {part.region, part.side}
    return isinstance(part, NotChecked | Doubt)


# -- what rests on each table


Rests: TypeAlias = Callable[[Question, Answer], bool]


@attrs.frozen(kw_only=True)
class Row:
    """A reference in which one row says something else, and the questions that rest on the row."""

    says: Reference
    rests: Rests


@attrs.frozen(kw_only=True)
class Table:
    """What rests on a table.

    ``without``: the parts that change without it, by verb, as the names of parts, or of those that
    stay where most change. A repair has no entry: it changes only where a check does. ``unsaid``
    has the parts of answers that then say less, and nothing that is not known, by verb; ``why`` is
    the reason.
    """

    without: dict[str, frozenset[str]]
    rows: tuple[Row, ...]
    unsaid: dict[str, frozenset[str]] = attrs.field(factory=dict)
    why: str = ""


def all_but(verb: str, *names: str) -> frozenset[str]:
    """Name the parts of all packaged answers to a verb, but for some."""
    asked = zip(QUESTIONS, answers(KNOWN), strict=True)
    seen = {name for q, (_, named) in asked if q.verb == verb for name in named}
    assert seen >= set(names)
    return frozenset(seen.difference(names))


def named(names: str) -> frozenset[str]:
    return frozenset(name.strip() for name in names.split(","))


def codes(question: Question) -> set[str]:
    """List the codes of the lines of a claim."""
    lines = question.asked.lines if isinstance(question.asked, Claim) else ()
    return {line.code for line in lines}


def written(question: Question, answer: Answer) -> Iterator[ClaimLine]:
    """Yield all lines that a question or its answer has."""
    if isinstance(question.asked, Claim):
        yield from question.asked.lines
    match answer:
        case CodedSession():
            yield from answer.lines
        case Report():
            for found in answer.findings:
                yield from found.remedy.lines if isinstance(found.remedy, Replacement) else ()
        case RepairedClaim():
            yield from answer.lines
            yield from written(question, answer.report)


def treatments(question: Question) -> tuple[Treatment, ...]:
    session = question.asked if isinstance(question.asked, Session) else question.session
    return session.treatments if session else ()


def changed_row(table: str, key: Hashable, **changes: object) -> Reference:
    [row] = getattr(KNOWN, table).about(key)
    return KNOWN.with_rows(**{table: [attrs.evolve(row, **changes)]})


def changed_edition(table: str, edition: str, key: str, **changes: object) -> Reference:
    """Change one row of one edition."""
    release = next(each for each in getattr(KNOWN, table) if each.edition.id == edition)
    rows = {**release.rows, key: attrs.evolve(release.rows[key], **changes)}
    return KNOWN.with_rows(**{table: [attrs.evolve(release, rows=rows)]})


CHECKS = frozenset({"check", "repair"})


def on_claims(rests: Callable[[Claim], bool], *verbs: str, edits: bool = False) -> Rests:
    """Rest on a row where the claim that is checked, or asked about by other verbs, fits.

    ``edits``: the row is of an edit, so the policy has to adopt them.
    """
    asked = verbs or CHECKS
    return lambda q, _: (
        isinstance(q.asked, Claim)
        and q.verb in asked
        and (q.policy != "cpt" or not edits)
        and rests(q.asked)
    )


def treats(joint: Joint, *, nerves: frozenset[Nerve] = frozenset()) -> Rests:
    """Rest on a row about a joint where a note names it, or lists all of its nerves."""

    def rests(question: Question, _: Answer) -> bool:
        return any(
            joint in {target.joint for target in each.targets}
            or (not each.targets and nerves and nerves <= {entry.nerve for entry in each.nerves})
            for each in treatments(question)
        )

    return rests


def is_in(*places: str) -> Rests:
    """Rest on a row about a place where the service was rendered there."""
    locations = {PLACES[place] for place in places}
    return lambda q, _: q.verb != "read" and q.asked.location in locations


def is_coded(question: Question) -> bool:
    """Whether the note of a question is coded, at least in part."""
    session = question.asked if isinstance(question.asked, Session) else question.session
    under = policies.get(question.policy)
    return session is not None and isinstance(code_session(session, policy=under), CodedSession)


def is_compared(question: Question) -> bool:
    """Whether a claim with facet lines is checked against the note of its day."""
    return (
        question.verb in CHECKS
        and question.session is not None
        and question.session.date == question.asked.date
        and any(code.startswith(("6449", "6463", "021")) for code in codes(question))
    )


def treats_gon(question: Question) -> bool:
    nerves = {entry.nerve for each in treatments(question) for entry in each.nerves}
    return Nerve.GON in nerves


def bills_gon(question: Question) -> bool:
    """Whether a claim has the code of the nerve, and its note has facet joints."""
    asked = question.verb in CHECKS and question.session and "64405" in codes(question)
    return bool(asked) and not treats_gon(question)


def orders_kx(line: ClaimLine) -> bool:
    """Whether the place of KX among the modifiers of a line depends on its kind."""
    first, *others = line.modifiers or ("",)
    return "KX" in line.modifiers and bool(
        {"RT", "LT"}.intersection(line.modifiers) or (first == "KX" and others)
    )


def has_several_units(claim: Claim) -> bool:
    units = [line.units for line in claim.lines]
    return any(each != 1 for each in units) or len({each.code for each in claim.lines}) < len(units)


def diagnoses(claim: Claim) -> set[str]:
    return {*claim.diagnoses, *(each for line in claim.lines for each in line.diagnoses)}


def _never_paid(column1: str, column2: str) -> Reference:
    release = next(each for each in KNOWN.pairs if ClaimType.PROFESSIONAL in each.claim_types)
    rows = tuple(
        attrs.evolve(row, indicator=PairIndicator.NEVER) if column2 in row.column2 else row
        for row in release.rows[column1]
    )
    return KNOWN.with_rows(pairs=[attrs.evolve(release, rows={**release.rows, column1: rows})])


LIMITED = (  # whose earlier sessions a limit counts by region and level
    *("diagnostic-too-soon broken", "diagnostic-after-ablation broken"),
    "diagnostic-after-ablation kept",
)
L4_L5 = treats(Joint.L4_L5, nerves=frozenset({Nerve.L3, Nerve.L4}))
ENDED = EffectivePeriod(start=dt.date(2012, 1, 1), until=dt.date(2025, 12, 31))
LUMBAR = next(row.named for row in KNOWN.spine_parts if row.words == "lumbar region")
FACETS = all_but(
    "check",
    *("asc-not-payable", "bilateral-with-side", "claim-empty", "code-malformed", "date-differs"),
    *("date-missing", "duplicate-modifier", "governed-by-other-policy", "implant-not-covered"),
    *("modifier-malformed", "modifier-not-for-claim-type", "modifier-not-in-force"),
    *("modifier-order", "modifiers-in-conflict", "non-thermal-not-covered"),
    *("place-claim-type-differs", "place-not-assigned", "too-many-modifiers"),
)
MODIFIED = all_but(
    "check",
    *("addon-primary-by-policy", "addon-without-primary", "asc-not-payable", "asc-packaged"),
    *("agent-billed-beside-facet", "agent-not-covered"),
    *("authorization-missing", "authorization-not-valid-on-date"),
    *("authorization-number-malformed", "claim-empty", "code-malformed", "code-not-in-force"),
    "coding-instruction-excludes",
    *("cyst-diagnosis-with-ablation", "cyst-diagnosis-with-block", "date-missing"),
    *("diagnosis-header", "diagnosis-malformed", "diagnosis-missing", "diagnosis-not-listed"),
    *("diagnosis-not-stated", "diagnosis-not-valid", "diagnosis-region-differs"),
    *("diagnostic-after-ablation", "diagnostic-too-soon", "duplicate-line", "duplicate-modifier"),
    *("governed-by-other-policy", "guidance-mixed", "imaging-bundled", "implant-not-covered"),
    *("injection-with-ablation", "non-thermal-not-covered", "other-block-same-day"),
    *("pair-never-paid", "place-claim-type-differs", "place-not-assigned", "pooled-sessions"),
    *("sedation-by-other-provider", "sedation-with-ablation", "sedation-with-injection"),
    "service-not-covered",
    *("too-many-modifiers", "too-many-sessions", "ultrasound-not-covered", "units-invalid"),
    "units-missing",
)
LINES = named(
    "lines, note attests, note caveat, note claim-type-not-stated, note included-in-ablation,"
    "note joints-from-nerves, note judgment, note nerve-without-joint, note nerves-incomplete,"
    "note purpose-not-stated, refusal not-known"
)
LOCATED = {"check": named("diagnosis-not-listed"), "decode": named("levels")}
UNPLACED = LOCATED | {"check": named("diagnosis-not-listed, jurisdiction")}


TABLES = {
    "procedures": Table(
        without={
            "code": LINES | named("note side-not-documented, refusal codes-not-in-force"),
            "decode": all_but("decode", "skipped malformed-code"),
            "read": all_but(
                "read",
                *("skipped malformed-code", "skipped no-complete-level"),
                "skipped no-level-documented",
            ),
            "check": FACETS,
        },
        rows=(
            Row(
                says=changed_row("procedures", "64633", term=ENDED),
                rests=lambda q, answer: any(line.code == "64633" for line in written(q, answer)),
            ),
        ),
        unsaid={"code": named("refusal codes-not-in-force")},
        why="A session before the facet codes is refused for that: no code of its time is named.",
    ),
    "modifiers": Table(
        without={
            "code": LINES | named("refusal no-complete-level"),
            "decode": named(
                "levels, doubt further-sides, doubt more-levels, doubt not-completed,"
                "doubt other-format, doubt side-not-named, doubt sides-contradict"
            ),
            "read": named("sessions"),
            "check": MODIFIED,
        },
        rows=(
            Row(
                says=changed_row("modifiers", "KX", kind=ModifierKind.PAYMENT),
                rests=lambda q, answer: (
                    q.verb in CHECKS | {"code"}
                    and any(map(orders_kx, written(q, answer)))
                    and not q.name.startswith(("kx-on-", "kx-before-start broken"))
                ),
            ),
            Row(
                says=changed_row("modifiers", "52", role=None),
                rests=on_claims(
                    lambda claim: any("52" in line.modifiers for line in claim.lines),
                    *("decode", "read"),
                ),
            ),
        ),
        unsaid={"code": named("refusal no-complete-level"), "read": named("sessions")},
        why="A past session whose lines were not completed counts as one that was; a refusal says in"
        " its message that the side of what to report instead is not known.",
    ),
    "groups": Table(
        without={
            "check": named(
                "agent-billed-beside-facet, agent-not-covered,"
                "code-not-in-force, coding-instruction-excludes, em-without-modifier,"
                "expected-denial-without-abn,"
                "governed-by-other-policy, imaging-bundled, implant-not-covered,"
                "non-thermal-not-covered, other-block-same-day, sedation-with-ablation,"
                "sedation-with-injection"
            ),
        },
        rows=(
            Row(
                says=changed_row("groups", "77003", group=CodeGroup.SEDATION),
                rests=on_claims(lambda claim: "77003" in {line.code for line in claim.lines}),
            ),
        ),
    ),
    "conflicts": Table(
        without={"check": named("modifier-order, modifiers-in-conflict")},
        rows=(
            Row(
                says=changed_row("conflicts", frozenset({"76", "77"}), term=ENDED),
                rests=on_claims(
                    lambda claim: any({"76", "77"} <= set(line.modifiers) for line in claim.lines)
                ),
            ),
        ),
    ),
    "innervations": Table(
        without={
            "code": named(
                "lines, note joints-from-nerves, note nerve-without-joint,"
                "note nerves-incomplete, note not-known, refusal no-complete-level,"
                "refusal not-known"
            ),
            "read": named("sessions, skipped no-complete-level, skipped not-known"),
            "check": named(
                "guidance-differs, injection-included-in-ablation, level-not-billed,"
                "level-not-documented, nerve-completes-no-joint, nerves-counted-as-levels,"
                "session-not-codable"
            ),
        },
        rows=(
            Row(
                says=changed_row("innervations", Joint.L4_L5, nerves=()),
                rests=lambda q, answer: (
                    L4_L5(q, answer)
                    and any(each.technique.on_nerves for each in treatments(q))
                    and (q.verb == "read" or is_coded(q))
                ),
            ),
        ),
        unsaid={
            "check": named(
                "guidance-differs, injection-included-in-ablation, level-not-billed,"
                "level-not-documented, nerve-completes-no-joint, nerves-counted-as-levels"
            ),
            "repair": named(
                "changes, guidance-differs, injection-included-in-ablation,"
                "injection-with-ablation, level-not-billed, levels-above-limit,"
                "nerve-completes-no-joint, ultrasound-not-covered"
            ),
        },
        why="A finding on levels stays, without its citation, its reason or its remedy.",
    ),
    "code_regions": Table(
        without={
            "code": LINES | named("note side-not-documented"),
            "check": named(
                "bilateral-for-levels, bilateral-not-billed, guidance-differs,"
                "injection-included-in-ablation, level-not-billed, level-not-documented,"
                "nerves-counted-as-levels, other-nerve-code, region-differs,"
                "second-side-billed-as-level, session-not-codable, side-differs,"
                "side-not-documented"
            ),
        },
        rows=(
            Row(
                says=changed_row("code_regions", Joint.L4_L5, region=CodeRegion.CERVICAL_THORACIC),
                rests=lambda q, answer: (
                    L4_L5(q, answer) and (is_coded(q) if q.verb == "code" else is_compared(q))
                ),
            ),
        ),
    ),
    "coverage_regions": Table(
        without={
            "read": named("sessions"),
            "check": named(
                "diagnostic-after-ablation, diagnostic-too-soon, expected-denial-without-abn"
            ),
        },
        rows=(
            Row(
                says=changed_row(
                    "coverage_regions", Joint.L4_L5, region=CoverageRegion.CERVICAL_THORACIC
                ),
                rests=lambda q, answer: (
                    L4_L5(q, answer)
                    and (q.verb == "read" or (q.verb in CHECKS and q.name in LIMITED))
                ),
            ),
        ),
        unsaid=dict.fromkeys(
            CHECKS,
            named("diagnostic-after-ablation, diagnostic-too-soon, expected-denial-without-abn"),
        ),
        why="Without its region, an earlier session may be one at the same level, and it says so.",
    ),
    "other_nerves": Table(
        without={
            "code": named("note nerve-without-joint, refusal no-complete-level"),
            "read": named("skipped no-complete-level"),
            "check": named("other-nerve-code, sacral-nerves-as-facet"),
        },
        rows=(
            Row(
                says=KNOWN.with_rows(
                    other_nerves=[attrs.evolve(KNOWN.other_nerves[0], instead=parse_line("64450"))]
                ),
                rests=lambda q, _: treats_gon(q) if q.verb in {"code", "read"} else bills_gon(q),
            ),
        ),
        unsaid={
            "code": named("note nerve-without-joint, refusal no-complete-level"),
            "read": named("skipped no-complete-level"),
            **dict.fromkeys(CHECKS, named("sacral-nerves-as-facet")),
        },
        why="That no facet code is right stays true; what is reported instead is not said.",
    ),
    "mues": Table(
        without={"check": named("mue-exceeded")},
        rows=(
            Row(
                says=changed_edition("mues", "mue-2026q2", "64635", units=0),
                rests=on_claims(
                    lambda claim: (
                        "64635" in {line.code for line in claim.lines}
                        and claim.claim_type is ClaimType.PROFESSIONAL
                        and (claim.date == DAY or has_several_units(claim))
                    ),
                    edits=True,
                ),
            ),
        ),
    ),
    "pairs": Table(
        without={
            "check": named(
                "coding-instruction-excludes,"
                "distinct-modifier-not-needed, distinct-modifier-not-specific, pair-never-paid,"
                "pair-with-modifier, pair-without-modifier"
            )
        },
        rows=(
            Row(
                says=_never_paid("64635", "64493"),
                rests=on_claims(
                    lambda claim: (
                        {"64635", "64493"} <= {line.code for line in claim.lines}
                        and claim.claim_type is ClaimType.PROFESSIONAL
                    ),
                    edits=True,
                ),
            ),
        ),
    ),
    "unsettled_pairs": Table(
        without={"check": named("pair-never-paid, pair-without-modifier")},
        rows=(
            Row(
                says=changed_row("unsettled_pairs", ("64494", "64634"), term=ENDED),
                rests=on_claims(lambda c: {"64494", "64634"} <= {line.code for line in c.lines}),
            ),
        ),
        unsaid=dict.fromkeys(CHECKS, named("pair-never-paid, pair-without-modifier")),
        why="It lists what the pairs leave open, so without it their answer is carried.",
    ),
    "asc_statuses": Table(
        without={"check": named("asc-not-payable, asc-packaged")},
        rows=(
            Row(
                says=changed_edition(
                    "asc_statuses", "asc-2026q1", "64494", addendum=Addendum.EXCLUDED
                ),
                rests=on_claims(
                    lambda claim: (
                        claim.claim_type is ClaimType.ASC_FACILITY
                        and "64494" in {line.code for line in claim.lines}
                    )
                ),
            ),
        ),
    ),
    "diagnoses": Table(
        without={
            "check": named(
                "diagnosis-header, diagnosis-malformed, diagnosis-not-valid,"
                "diagnosis-region-differs"
            )
        },
        rows=(
            Row(
                says=changed_edition(
                    "diagnoses", "icd10cm-2026", "M47.812", validity=Validity.HEADER
                ),
                rests=on_claims(lambda claim: "M47.812" in diagnoses(claim)),
            ),
        ),
    ),
    "spine_parts": Table(
        without={"check": named("diagnosis-region-differs")},
        rows=(
            Row(
                says=changed_row("spine_parts", "cervical region", named=LUMBAR),
                rests=on_claims(lambda claim: "M47.812" in diagnoses(claim)),
            ),
        ),
    ),
    "places": Table(
        without={"check": named("place-claim-type-differs, place-not-assigned")},
        rows=(
            Row(
                says=changed_row("places", "24", facility=None),
                rests=on_claims(
                    lambda claim: (
                        claim.claim_type is ClaimType.ASC_FACILITY
                        and claim.place_of_service is not None
                    )
                ),
            ),
        ),
    ),
    "areas": Table(
        without=LOCATED | {"code": named("lines, note attests")},
        rows=(
            Row(
                says=KNOWN.with_rows(
                    areas=[
                        attrs.evolve(area, jurisdiction="JL", policy="medicare-jl")
                        for area in KNOWN.areas
                        if area.state == "OH"
                    ]
                ),
                rests=is_in("in Ohio", "in a ZIP code"),
            ),
        ),
        unsaid={"code": named("lines, note attests"), "decode": named("levels")},
        why="Without areas, no policy is divided by place.",
    ),
    "counties": Table(
        without=UNPLACED | {"code": named("lines, note attests, note jurisdiction")},
        rows=(
            Row(
                says=KNOWN.with_rows(
                    counties=[
                        attrs.evolve(county, part="elsewhere")
                        for county in KNOWN.counties
                        if county.name.startswith("Fairfax")
                    ]
                ),
                rests=is_in("in a county"),
            ),
        ),
        unsaid={"decode": named("levels")},
        why="Decoding reads the line in the same way, and cites the policy that the MACs share.",
    ),
    "zip_codes": Table(
        without=UNPLACED | {"code": named("lines, note attests, note jurisdiction")},
        rows=(
            Row(
                says=KNOWN.with_rows(
                    zip_codes=[
                        attrs.evolve(codes, state="MD")
                        for codes in KNOWN.zip_codes
                        if codes.first == "441"
                    ]
                ),
                rests=is_in("in a ZIP code"),
            ),
        ),
        unsaid={"decode": named("levels")},
        why="Decoding reads the line in the same way, and cites the policy that the MACs share.",
    ),
}


def test_every_table_is_here() -> None:
    assert set(TABLES) == {
        field.name for field in attrs.fields(Reference) if field.init and field.name[0] != "_"
    }


@functools.cache
def without(table: str) -> list[Changed]:
    """List the answers that change without a table."""
    return changes(KNOWN.with_tables(**{table: []}))


@pytest.mark.parametrize("table", TABLES)
class TestWithoutTable:
    """A reference without a table: what rests on it is not known, and nothing else changes."""

    def test_the_parts_that_rest_on_it_change(self, table: str) -> None:
        found: dict[str, set[str]] = {}
        for each in without(table):
            if each.question.verb != "repair":
                found.setdefault(each.question.verb, set()).update(each.names)

        assert found == TABLES[table].without

    def test_a_repair_changes_only_where_a_check_does(self, table: str) -> None:
        """Where the check of the claim changes, or the check of the claim as repaired."""
        reference = KNOWN.with_tables(**{table: []})
        checked = {each.question.name for each in without(table) if each.question.verb == "check"}
        for question in (each.question for each in without(table)):
            if question.verb != "repair" or question.name in checked:
                continue
            repaired = question.answer(KNOWN)
            assert isinstance(repaired, RepairedClaim)
            again = question._replace(verb="check", asked=repaired.claim)
            assert parts(again.answer(KNOWN)) != parts(again.answer(reference)), question.name

    def test_they_say_what_is_not_known(self, table: str) -> None:
        silent: dict[str, set[str]] = {}
        for each in without(table):
            if not any(map(says_what_is_not_known, each.new)):
                silent.setdefault(each.question.verb, set()).update(each.names)

        assert silent == TABLES[table].unsaid


def test_without_mues_one_unit_is_not_checked() -> None:
    """A table could allow none, so even one unit rests on it."""
    [asked] = (each for each in CHECKED if each.name == "one ablation")
    report = asked.answer(KNOWN.with_tables(mues=[]))
    assert isinstance(report, Report)

    assert "mue-exceeded" in {skipped.rule for skipped in report.not_checked}


ROWS = {f"{table}-{n}": row for table, of in TABLES.items() for n, row in enumerate(of.rows)}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_changed_row_changes_what_rests_on_it(row: Row) -> None:
    found = {(each.question.verb, each.question.name) for each in changes(row.says)}
    expected = {
        (question.verb, question.name)
        for question, (answer, _) in zip(QUESTIONS, answers(KNOWN), strict=True)
        if row.rests(question, answer)
    }

    assert found == expected
    assert found


# -- the editions that a report names


def _edition(table: str, name: str, *, poisoned: bool) -> Release[str, Any]:
    """Return a packaged edition as one of its own, or with other rows for every code."""
    release: Release[str, Any]
    release = next(each for each in getattr(KNOWN, table) if each.edition.id == name)
    if table == "mues":  # speaks for the months before it too, so that nothing is interpolated
        edition = attrs.evolve(release.edition, first=dt.date(2024, 10, 1))
        release = attrs.evolve(release, edition=edition)
    if not poisoned:
        return release
    release = attrs.evolve(release, edition=attrs.evolve(release.edition, citations=()))
    if table == "diagnoses":
        return attrs.evolve(release, rows={})
    one = {
        "mues": MueRow(units=0, mai=Mai.LINE, rationale="CMS Policy"),
        "asc_statuses": AscRow(addendum=Addendum.EXCLUDED, indicator="own", multiple_discount=None),
        "pairs": (
            PairRow(
                column2=frozenset(BILLED),
                indicator=PairIndicator.NEVER,
                rationale="CPT Manual or CMS manual coding instruction",
            ),
        ),
    }
    return attrs.evolve(release, rows=dict.fromkeys(BILLED, one[table]))


CHECKED = [question for question in QUESTIONS if question.verb == "check"]
BILLED = sorted(set().union(*map(codes, CHECKED)))


@pytest.mark.parametrize(
    ("table", "edition"),
    [
        ("mues", "mue-2026q2"),
        ("pairs", "ptp-2024q3"),
        ("asc_statuses", "asc-2026q1"),
        ("diagnoses", "icd10cm-2026"),
    ],
)
def test_a_report_names_the_editions_it_rests_on(table: str, edition: str) -> None:
    own = KNOWN.with_rows(**{table: [_edition(table, edition, poisoned=False)]})
    other = KNOWN.with_rows(**{table: [_edition(table, edition, poisoned=True)]})
    named: set[str] = set()
    rests: set[str] = set()
    for question in CHECKED:
        report, changed = question.answer(own), question.answer(other)
        assert isinstance(report, Report)
        if report.under.own_tables != (table,):
            assert report.under.own_tables == (f"{table}: {edition}",)
            named.add(question.name)
        if parts(report) != parts(changed):
            rests.add(question.name)

    assert named == rests
    assert named


def test_a_finding_cites_the_edition_that_decided() -> None:
    [release] = (each for each in KNOWN.mues if each.edition.id == "mue-2026q2")
    own = attrs.evolve(
        release.edition,
        citations=tuple(attrs.evolve(c, id="own-mue") for c in release.edition.citations),
    )
    rows = {**release.rows, "64635": attrs.evolve(release.rows["64635"], units=0)}
    other = KNOWN.with_rows(mues=[attrs.evolve(release, edition=own, rows=rows)])
    [asked] = (each for each in CHECKED if each.name == "one ablation")
    report = asked.answer(other)
    assert isinstance(report, Report)
    [found] = (each for each in report.findings if each.rule == "mue-exceeded")

    assert [citation.id for citation in found.citations] == ["own-mue"]
    assert report.under.own_tables == other.own_tables == ("mues: mue-2026q2",)
    plain = asked.answer(KNOWN)
    assert isinstance(plain, Report)
    assert plain.under.own_tables == ()


def test_two_editions_do_not_speak_for_one_day() -> None:
    release = KNOWN.mues[0]
    again = attrs.evolve(release, edition=attrs.evolve(release.edition, id="own"))
    with pytest.raises(ValueError, match="two editions cover the same days"):
        KNOWN.with_rows(mues=[again])
