"""Print the table: `python -m benchmarks`."""

from __future__ import annotations

import argparse

from benchmarks import documents, rows
from benchmarks.measure import Measured

_HEAD = (
    f"{'what':<34}{'ratio':>8}{'allowed':>9}{'least':>8}{'most':>8}{'us a call':>12}{'against':>12}"
)


def _written(row: Measured) -> str:
    allowed = f"{row.allowed:g}" if row.allowed else "-"
    numbers = f"{'-':>8}{'-':>9}{'-':>8}{'-':>8}{row.own:>12.2f}{'-':>12}"
    if row.other is not None:
        numbers = (
            f"{row.ratio:>8.2f}{allowed:>9}{min(row.ratios):>8.2f}{max(row.ratios):>8.2f}"
            f"{row.own:>12.2f}{row.other:>12.2f}"
        )
    over = "  over" if row.allowed and row.ratio > row.allowed else ""
    return f"{row.what:<34}{numbers}{over}\n    {row.how}"


def main() -> None:
    """Measure every row and print it as soon as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=rows.__doc__)
    parser.add_argument("--rounds", type=int, default=41, help="turns that the two sides take")
    rounds = max(1, parser.parse_args().rounds)
    mix = documents.make()
    print(mix.told)
    print(f"Medians of {rounds} rounds; the time of a call is the least of all rounds.\n")
    print(_HEAD)
    for row in rows.measure_all(mix, rounds):
        print(row if isinstance(row, str) else _written(row), flush=True)


if __name__ == "__main__":
    main()
