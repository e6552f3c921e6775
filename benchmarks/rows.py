"""The rows of the table: what is measured, against what, and the ratio that it is allowed."""

from __future__ import annotations

import ast
import datetime as dt
import importlib
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import cattrs
import msgspec

from benchmarks import documents, structs
from benchmarks.measure import Measured, alone, side_by_side
from cptfacet import policies
from cptfacet.checking import Checker, all_rules
from cptfacet.claims import Claim, ClaimLine
from cptfacet.coding import Coder, code_session
from cptfacet.decoding import Decoder
from cptfacet.interop import json as cattrs_door

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from benchmarks.documents import Mix
    from cptfacet.checking import Day, NotAsked, RawFinding, Rule
    from cptfacet.policies import Policy

__all__ = ["measure_all"]

IMPORTS_A_SIDE = 21
UNTOUCHED = ("cattrs", "importlib_resources")

# Times one import in a fresh interpreter, and prints what it loaded and which data it opened. Nothing
# is loaded before: the parts of the standard library that an import needs count too.
PROBE = """
import sys, time
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
start = time.process_time()
import {name}
took = time.process_time() - start
data = [path for path in opened if path.endswith((".toml", ".csv", ".json"))]
print((took, [name for name in {untouched} if name in sys.modules], data))
"""


def measure_all(mix: Mix, rounds: int) -> Iterator[Measured | str]:
    """Measure each row; a text says why one is left out."""
    yield _import(rounds)
    yield _line(mix, rounds)
    yield _cattrs_door(mix, rounds)
    yield _fast_door(mix, rounds)
    yield _coding(mix, rounds)
    yield from _distinct_sessions(rounds)
    yield from _decoding(mix, rounds)
    yield _policy(rounds)
    claims = documents.checked()
    yield from _checking(claims, rounds)
    yield _terminal(claims)


def _all(function: Callable[[Any], object], given: Iterable[Any]) -> Callable[[], object]:
    """Return what calls a function with each value and keeps none of its answers."""
    listed = tuple(given)
    return lambda: deque(map(function, listed), maxlen=0)


def _import(rounds: int) -> Measured:
    def probe(name: str) -> tuple[float, list[str]]:
        source = PROBE.format(name=name, untouched=UNTOUCHED)
        told = subprocess.run(
            [sys.executable, "-c", source], check=True, capture_output=True, encoding="utf-8"
        )
        took, loaded, data = ast.literal_eval(told.stdout)
        return took, [*loaded, *data]

    probe("cptfacet")
    probe("attrs")
    turns = [(probe("cptfacet"), probe("attrs")) for _ in range(min(rounds, IMPORTS_A_SIDE))]
    touched = sorted({name for (_, names), _ in turns for name in names})
    return Measured(
        what="import cptfacet",
        how="import attrs, each in a fresh interpreter, its start not counted; of"
        f" {', '.join(UNTOUCHED)} and data files it touched: {', '.join(touched) or 'none'}",
        own=statistics.median(took for (took, _), _ in turns) * 1e6,
        other=statistics.median(took for _, (took, _) in turns) * 1e6,
        ratios=tuple(mine / theirs for (mine, _), (theirs, _) in turns),
        allowed=1.5,
    )


def _line(mix: Mix, rounds: int) -> Measured:
    fields = {f.name: attrs.field(default=f.default) for f in attrs.fields(ClaimLine)}
    bare = attrs.make_class("Bare", fields, frozen=True, slots=True, kw_only=True)
    lines = [line for claim in mix.claims for line in claim.lines]

    def make(kind: Callable[..., object]) -> Callable[[], object]:
        def work() -> None:
            for line in lines:
                kind(
                    code=line.code,
                    modifiers=line.modifiers,
                    units=line.units,
                    diagnoses=line.diagnoses,
                )

        return work

    return side_by_side(
        "make a ClaimLine",
        "a bare attrs.frozen of the same fields",
        own=make(ClaimLine),
        other=make(bare),
        calls=len(lines),
        rounds=rounds,
        allowed=1.5,
    )


def _default_cattrs() -> Callable[[bytes], Claim]:
    """Read claims with cattrs as it is, and only the hooks without which it refuses the classes.

    It knows no date and no Decimal, and no union of int and Decimal.
    """
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(dt.date, lambda value, _: dt.date.fromisoformat(value))
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    converter.register_structure_hook_func(
        lambda kind: kind == int | Decimal | None, lambda value, _: value
    )
    return lambda text: converter.structure(json.loads(text), Claim)


def _cattrs_door(mix: Mix, rounds: int) -> Measured:
    return side_by_side(
        "JSON to Claim, cattrs door",
        "json.loads and a default cattrs Converter(forbid_extra_keys=True) on the same classes, with"
        " hooks for date, Decimal and units alone",
        own=_all(lambda text: cattrs_door.read(text, Claim), mix.claim_texts),
        other=_all(_default_cattrs(), mix.claim_texts),
        calls=len(mix.claim_texts),
        rounds=rounds,
        allowed=0.8,
    )


def _fast_door(mix: Mix, rounds: int) -> Measured | str:
    what = "JSON to Claim, fast door"
    try:
        fast_door = importlib.import_module("cptfacet.interop.fast")
    except ImportError as error:
        return f"{what:<34}left out: {error}"
    return side_by_side(
        what,
        "a strict msgspec.Struct decode",
        own=_all(lambda text: fast_door.read(text, Claim), mix.claim_texts),
        other=_all(msgspec.json.Decoder(structs.Claim).decode, mix.claim_texts),
        calls=len(mix.claim_texts),
        rounds=rounds,
        allowed=4,
    )


def _coding(mix: Mix, rounds: int) -> Measured:
    return side_by_side(
        "code_session",
        "a strict msgspec.Struct decode of the JSON of its session",
        own=_all(lambda given: code_session(given[0], policy=given[1]), mix.sessions),
        other=_all(msgspec.json.Decoder(structs.Session).decode, mix.session_texts),
        calls=len(mix.sessions),
        rounds=rounds,
        allowed=10,
    )


def _distinct_sessions(rounds: int) -> Iterator[Measured]:
    """Measure coding where no session was coded before, and so no answer is remembered."""
    coder = Coder(policies.get(documents.CHECKED_UNDER), memo=0)
    for count, joints in ((1, "1 joint"), (2, "2 joints"), (3, "3 joints")):
        sessions = documents.distinct(count)
        texts = [cattrs_door.dump(session).encode() for session in sessions]
        yield side_by_side(
            f"code_session, all new, {joints}",
            f"the same, for {len(sessions)} sessions that all differ; for information",
            own=_all(coder.code, sessions),
            other=_all(msgspec.json.Decoder(structs.Session).decode, texts),
            calls=len(sessions),
            rounds=rounds,
            allowed=None,
        )


def _decoding(mix: Mix, rounds: int) -> Iterator[Measured]:
    policy = policies.get(documents.CHECKED_UNDER)
    seen, fresh = Decoder(policy), Decoder(policy, memo=0)
    for what, decoder, allowed in (
        ("decode_claim", seen, 10),
        ("decode_claim, all new", fresh, None),
    ):
        yield side_by_side(
            what,
            "a strict msgspec.Struct decode of its JSON",
            own=_all(decoder.decode, mix.claims),
            other=_all(msgspec.json.Decoder(structs.Claim).decode, mix.claim_texts),
            calls=len(mix.claims),
            rounds=rounds,
            allowed=allowed,
        )


def _policy(rounds: int) -> Measured:
    asked = [
        (policies.get(name), dict(zip(("technique", "guidance"), cell, strict=True)))
        for name in ("cpt", "medicare")
        for cell in itertools.product(
            policies.DIMENSIONS["technique"] or (), policies.DIMENSIONS["guidance"] or ()
        )
    ]
    on = dt.date(2026, 3, 2)
    return alone(
        "policy.get",
        "one cell of the table of code families, for information",
        own=_all(lambda given: given[0].get("coding.family", on=on, **given[1]), asked),
        calls=len(asked),
        rounds=rounds,
    )


def _checking(claims: Sequence[Claim], rounds: int) -> Iterator[Measured | str]:
    """Measure checking on a mix of clean and faulty claims under Medicare, findings included."""
    policy = policies.get(documents.CHECKED_UNDER)
    texts = [cattrs_door.dump(claim).encode() for claim in claims]
    decode = _all(msgspec.json.Decoder(structs.Claim).decode, texts)
    fresh, seen = Checker(policy, memo=0), Checker(policy)
    deque(map(seen.check, claims), maxlen=0)
    for what, checker, allowed in (
        ("check_claim, no memo", fresh, 8),
        ("check_claim, shape seen before", seen, 1),
    ):
        yield side_by_side(
            what,
            "a strict msgspec.Struct decode of its JSON",
            own=_all(checker.check, claims),
            other=decode,
            calls=len(claims),
            rounds=rounds,
            allowed=allowed,
        )
    yield _shares(policy, claims)


def _shares(policy: Policy, claims: Sequence[Claim]) -> str:
    """Return the share of checking time that each day rule takes, including the clock's own."""
    spent: Counter[str] = Counter()
    calls: Counter[str] = Counter()

    def timed(rule: Rule) -> Rule:
        if not rule.check.of_a_day:
            return rule

        def ask(day: Day) -> Iterator[RawFinding | NotAsked]:
            start = time.perf_counter_ns()
            said = list(rule.check.ask(day))
            spent[rule.id] += time.perf_counter_ns() - start
            calls[rule.id] += 1
            return iter(said)

        return attrs.evolve(rule, check=attrs.evolve(rule.check, ask=ask))

    checker = Checker(policy, memo=0, rules=map(timed, all_rules()))
    whole = 1
    for _ in range(5):
        spent.clear()
        calls.clear()
        start = time.perf_counter_ns()
        deque(map(checker.check, claims), maxlen=0)
        whole = time.perf_counter_ns() - start
    lines = [
        f"    {rule:<34}{took / whole:>7.1%}{calls[rule] / len(claims):>8.2f} a claim"
        for rule, took in spent.most_common()
    ]
    rest = 1 - sum(spent.values()) / whole
    head = "share of each rule in the time of checking, and how often it is asked"
    return "\n".join([head, *lines, f"    {'all else':<34}{rest:>7.1%}"])


MANY = 100_000


def _terminal(claims: Sequence[Claim]) -> str:
    """Check many claims in JSON Lines through the terminal, each with its own identity."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "claims.jsonl"
        with file.open("w", encoding="utf-8") as out:
            for n, claim in zip(range(MANY), itertools.cycle(claims), strict=False):
                out.write(cattrs_door.dump(attrs.evolve(claim, id=f"claim {n}")) + "\n")
        command = [
            sys.executable,
            "-m",
            "cptfacet",
            "check",
            str(file),
            "--policy",
            documents.CHECKED_UNDER,
        ]
        start = time.perf_counter()
        told = subprocess.run(command, check=False, capture_output=True)
        took = time.perf_counter() - start
    answers = told.stdout.count(b"\n")
    return (
        f"cptfacet check, {answers:,} claims in JSON Lines: {answers / took:,.0f} claims a second"
        f" ({took:.1f} s, start included)"
    )
