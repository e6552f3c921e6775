"""A fixed stream of questions: sessions to code, and claims to check, repair and decode.

Half of it is enumerated: techniques, guidances, joints, nerves and sides, and short claims with each
laterality. The other half is the claims of the rules' examples with one to four changes. Each of
these is drawn with a seed of its own, so it stays the same when others are added.
"""

from __future__ import annotations

import copy
import datetime as dt
import functools
import itertools
import json
import random
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from cptfacet import policies
from cptfacet.anatomy import Joint, Nerve, Side
from cptfacet.checking import all_rules
from cptfacet.claims import ClaimType, Purpose
from cptfacet.interop.examples import examples
from cptfacet.interop.json import to_data
from cptfacet.reference import packaged
from cptfacet.sessions import Guidance, Technique

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Question", "questions"]

T = TypeVar("T")
Record: TypeAlias = dict[str, Any]
Question: TypeAlias = tuple[str, Record]

SIDES = (*Side, None)
METHODS = (
    (Technique.MEDIAL_BRANCH_BLOCK, Guidance.FLUOROSCOPY, Purpose.DIAGNOSTIC),
    (Technique.INTRA_ARTICULAR_INJECTION, Guidance.CT, Purpose.THERAPEUTIC),
    (Technique.MEDIAL_BRANCH_BLOCK, Guidance.ULTRASOUND, Purpose.DIAGNOSTIC),
    (Technique.THERMAL_RADIOFREQUENCY_ABLATION, Guidance.FLUOROSCOPY, Purpose.THERAPEUTIC),
)
DATES = (
    *("2009-12-31", "2010-01-01", "2012-01-01", "2015-10-01", "2019-12-31", "2020-01-01"),
    *("2021-04-24", "2021-04-25", "2021-05-02", "2022-01-01", "2023-07-01", "2024-07-01"),
    *("2024-08-11", "2025-01-01", "2025-10-01", "2026-03-02", "2026-04-16"),
)
JOINTS_TOGETHER = 3
NERVES_TOGETHER = 4

LATERALITY = ((), ("50",), ("RT",), ("LT",), ("RT", "LT"), ("50", "RT"), ("50", "KX"), ("KX",))
UNITS = (1, 2, None)
CODE_PAIRS = (
    *(("64493", "64494"), ("64493", "64493"), ("64490", "64491"), ("0216T", "0217T")),
    *(("64635", "64636"), ("64635", "64635"), ("64636", "64636")),
)

CHANGED = 60  # claims made of each example
OTHER_CODES = ("J1030", "J3301", "Q9966", "20610", "72275", "95861", "36591", "92012", "99999")
MALFORMED_CODES = ("6449", "644933", "64493RT", "T0213", "")
MALFORMED_MODIFIERS = ("R", "KXX", "ZZ", "5O", "")
DIAGNOSES = (
    *("M47.812", "M47.814", "M47.816", "M47.817", "M47.896", "M48.12", "M53.83", "M54.50"),
    *("M54.16", "M51.369", "M71.38", "M96.1", "G89.4", "M54.5", "M47", "M47.81", "XXXX", ""),
)
PLACES = ("11", "19", "21", "22", "24", "12", "29", "99", "9", "", None)
DATE = "2026-03-02"
DAYS_AGO = (0, 1, 7, 13, 14, 15, 90, 180, 181, 184, 200, 364, 365, 366, 400, 730)
ON_LINES: Mapping[str, Sequence[Any]] = {
    "units": (None, 0, 2, 3, 4, 0.5, 1.5, -1, 1_000_000),
    "diagnoses": ((), *((code,) for code in DIAGNOSES)),
    "charge": ("900.00", "450", "0.00", "-5.00"),
    "provider": ("A", "B"),
    "date": DATES,
    "place_of_service": PLACES,
}
ON_CLAIMS: Mapping[str, Sequence[Any]] = {
    "claim_type": tuple(ClaimType),
    "date": (*DATES, None),
    "policy": policies.ids(),
    "place_of_service": PLACES,
    "purpose": (*Purpose, None),
    "diagnoses": ((), *((code,) for code in DIAGNOSES)),
    "location": ({"state": "CA"}, {"state": "FL"}, {"state": "KY"}, {"state": "VA"}, {"zip": "1"}),
    "prior_authorization": (
        *({}, {"exempt": True}, {"number": "A1234567890123"}, {"decided": "2026-02-02"}),
        *(
            {"number": "A12", "decided": DATE},
            {"number": "A1234567890123", "decided": "2025-11-01"},
        ),
    ),
}


def questions() -> Iterator[Question]:
    """Yield each question once: a command of the terminal, and the record that it reads."""
    asked: set[str] = set()
    for command, record in _asked():
        text = f"{command} {json.dumps(record)}"
        if text not in asked:
            asked.add(text)
            yield command, record


def _asked() -> Iterator[Question]:
    for session in itertools.chain(_cells(), _joints(), _nerves()):
        yield "code", session
    for record in itertools.chain(_pairs(), _examples(), _changed()):
        yield "check", record
        yield "repair", record
        yield "decode", record.get("claim", record)


# -- sessions


def _settings() -> Iterator[tuple[str, ClaimType, str]]:
    """Yield policies with claim types and dates, over and over."""
    return zip(
        itertools.cycle(policies.ids()),
        itertools.cycle(ClaimType),
        itertools.cycle(DATES),
        strict=False,
    )


def _session(
    setting: tuple[str, ClaimType, str],
    method: tuple[Technique, Guidance | None, Purpose | None],
    targets: Sequence[tuple[Joint, Side | None]] = (),
    nerves: Sequence[tuple[Nerve, Side | None]] = (),
) -> Record:
    policy, claim_type, date = setting
    technique, guidance, purpose = method
    return {
        "date": date,
        "policy": policy,
        "claim_type": claim_type,
        "technique": technique,
        "guidance": guidance,
        "purpose": purpose,
        "targets": [{"joint": joint, "side": side} for joint, side in targets],
        "nerves": [{"nerve": nerve, "side": side} for nerve, side in nerves],
    }


def _cells() -> Iterator[Record]:
    """Yield each technique under each guidance, by each policy and for each claim type."""
    dates, purposes = itertools.cycle(DATES), itertools.cycle((*Purpose, None))
    for technique, guidance, policy, claim_type in itertools.product(
        Technique, (*Guidance, None), policies.ids(), ClaimType
    ):
        setting = (policy, claim_type, next(dates))
        method = (technique, guidance, next(purposes))
        yield _session(setting, method, [(Joint.L4_L5, Side.RIGHT)])


def _joints() -> Iterator[Record]:
    """Yield up to three adjacent joints with each choice of sides."""
    settings = _settings()
    for method, count in itertools.product(METHODS, range(1, JOINTS_TOGETHER + 1)):
        for joints in _runs(tuple(Joint), count):
            for sides in itertools.product(SIDES, repeat=count):
                yield _session(next(settings), method, list(zip(joints, sides, strict=True)))


def _nerves() -> Iterator[Record]:
    """Yield up to four adjacent nerves on each side."""
    settings = _settings()
    for method, count in itertools.product(METHODS, range(1, NERVES_TOGETHER + 1)):
        for nerves, side in itertools.product(_runs(tuple(Nerve), count), SIDES):
            yield _session(next(settings), method, nerves=[(nerve, side) for nerve in nerves])


def _runs(values: Sequence[T], count: int) -> list[Sequence[T]]:
    return [values[n : n + count] for n in range(len(values) - count + 1)]


# -- claims


def _pairs() -> Iterator[Record]:
    """Yield claims of two lines with each laterality and small units."""
    settings = _settings()
    for codes, first, second, units, further in itertools.product(
        CODE_PAIRS, LATERALITY, LATERALITY, UNITS, UNITS
    ):
        policy, claim_type, date = next(settings)
        yield {
            "claim_type": claim_type,
            "date": date,
            "policy": policy,
            "diagnoses": ["M47.816"],
            "lines": [
                {"code": codes[0], "modifiers": first, "units": units},
                {"code": codes[1], "modifiers": second, "units": further},
            ],
        }


def _of_rules() -> Iterator[Record]:
    """Yield the two claims of each rule, with what is given beside them."""
    for rule in all_rules():
        for example in examples(rule.id):
            claim = {**to_data(example.claim), "policy": example.policy}
            yield {"claim": claim, **example.beside}


def _examples() -> Iterator[Record]:
    """Yield the claims of the rules under every policy, and with nothing beside them."""
    for record in _of_rules():
        yield {"claim": record["claim"]}
        for policy in policies.ids():
            yield {**record, "claim": {**record["claim"], "policy": policy}}


def _changed() -> Iterator[Record]:
    """Yield the claims of the rules with one to four changes each."""
    for number, record in enumerate(_of_rules()):
        for again in range(CHANGED):
            draw = random.Random(f"{number} {again}")
            changed = copy.deepcopy(record)
            if not changed["claim"]["lines"]:
                changed["claim"]["lines"] = [{"code": draw.choice(_codes()), "modifiers": []}]
            for _ in range(draw.choice((1, 1, 2, 2, 3, 4))):
                draw.choice(CHANGES)(draw, changed)
            yield changed


def _change_modifiers(draw: random.Random, record: Record) -> None:
    line = draw.choice(record["claim"]["lines"])
    present = line["modifiers"]
    added, sides = [*present, draw.choice(_modifiers())], [*draw.choice(LATERALITY), *present[1:]]
    line["modifiers"] = draw.choice((added, added, present[1:], sides))


def _change_lines(draw: random.Random, record: Record) -> None:
    lines: list[Record] = record["claim"]["lines"]
    line = draw.choice(lines)
    other = {**line, "code": draw.choice(_codes())}
    place = draw.randrange(len(lines) + 1)
    added, replaced = [*lines[:place], other, *lines[place:]], [other, *lines[1:]]
    record["claim"]["lines"] = draw.choice(
        (added, added, replaced, [*lines, dict(line)], lines[1:] or lines, lines[::-1])
    )


def _change_field(draw: random.Random, record: Record) -> None:
    on_line = draw.choice((True, False))
    changed = draw.choice(record["claim"]["lines"]) if on_line else record["claim"]
    values = ON_LINES if on_line else ON_CLAIMS
    name = draw.choice(tuple(values))
    changed[name] = draw.choice(values[name])


def _change_what_is_beside(draw: random.Random, record: Record) -> None:
    """Let the note say something else, or the history hold one more session."""
    date = record["claim"].get("date") or DATE
    past = dt.date.fromisoformat(date) - dt.timedelta(days=draw.choice(DAYS_AGO))
    if draw.choice((True, False)):
        record["session"] = _note(draw, date)
    else:
        record["history"] = [*record.get("history", ()), _note(draw, past.isoformat())]


CHANGES = (_change_modifiers, _change_lines, _change_field, _change_what_is_beside)


def _note(draw: random.Random, date: str) -> Record:
    first = draw.choice((Joint.L4_L5, Joint.L4_L5, Joint.L3_L4, Joint.C4_C5, Joint.T12_L1))
    joints = tuple(Joint)[first.position :][: draw.randint(1, JOINTS_TOGETHER)]
    targets = [(joint, draw.choice(tuple(Side))) for joint in joints]
    return _session(("cpt", ClaimType.PROFESSIONAL, date), draw.choice(METHODS), targets)


@functools.cache
def _codes() -> tuple[str, ...]:
    known = packaged()
    listed = (*(p.code for p in known.procedures), *(group.code for group in known.groups))
    return (*listed, *OTHER_CODES, *MALFORMED_CODES)


@functools.cache
def _modifiers() -> tuple[str, ...]:
    return (*(modifier.code for modifier in packaged().modifiers), *MALFORMED_MODIFIERS)
