"""Compares a million points a leaf with the oracle: `python tests/exactness.py --points 1000000`.

Prints a table: the number of points, the share of the values that each rung settled, and the number of wrong values,
which must be 0. Most points are from `array`; the others are steps of interest from `gather`. Each point is checked as
float64 and as float32. Exits with 1 if any value is wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from multiprocessing import get_context
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np

import glidepath as gp
import oracle
from cases import CASES, random_nested, steps_of_interest, windows
from expression import Expr
from glidepath import _core
from helpers import DTYPES, RUNGS, Array, bits, drawn

NESTED = "nested expressions"
WINDOW = 400
POINTED = 200


def mistakes(expr: Expr, steps: list[int], got: dict[str, Array]) -> tuple[int, list[str]]:
    """The number of `steps` for which the oracle has an answer, and the values that differ from it."""
    kept, *answers = oracle.answers(expr, steps)
    index = np.searchsorted(steps, kept)
    found = []
    for dtype, want in zip(DTYPES, answers, strict=True):
        values = got[dtype][index]
        for i in np.flatnonzero(bits(values) != bits(want)):
            right = float(want[i])
            found.append(f"{expr} at {kept[i]}: {float(values[i])!r}, expected {right!r} in {dtype}")
    return len(kept), found


def batch(task: tuple[str, int, int]) -> tuple[str, int, Counter[str], list[str]]:
    """Check `points` points of one case from one seed. Returns the points, the values a rung, and the wrong values."""
    name, seed, points = task
    tally: Counter[str] = Counter()
    wrong: list[str] = []
    done = 0
    while done < points:
        rng = Random(f"{name} {seed} {done}")
        if name == NESTED:
            expr = random_nested(rng)
            schedule = expr.build(gp)
        else:
            schedule, expr = drawn(CASES[name], rng.getrandbits(60))
        _core._tally(reset=True)
        runs = []
        for start, longest in windows(expr, rng, 2):
            n = min(longest, 4 * WINDOW)
            arrays = {dtype: schedule.array(n, start=start, dtype=dtype) for dtype in DTYPES}
            picked = sorted(rng.sample(range(n), min(n, WINDOW)))
            runs.append(([start + i for i in picked], {dtype: values[picked] for dtype, values in arrays.items()}))
        steps = steps_of_interest(expr, rng, POINTED)
        index = np.array(steps, dtype=np.int64)
        runs.append((steps, {dtype: schedule.gather(index, dtype=dtype) for dtype in DTYPES}))
        for steps, got in runs:
            looked_at, found = mistakes(expr, steps, got)
            done, wrong = done + looked_at, wrong + found
        tally.update(_core._tally(reset=True))
    return name, done, tally, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000, help="points a case, each in both dtypes")
    parser.add_argument("--only", nargs="*", metavar="CASE", help="these cases alone")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    names = options.only or [*CASES, NESTED]
    size = max(1_000, min(20_000, options.points // options.workers))
    tasks = [
        (name, options.seed * 1_000_003 + i, min(size, options.points - at))
        for name in names
        for i, at in enumerate(range(0, options.points, size))
    ]
    points: Counter[str] = Counter()
    wrongs: Counter[str] = Counter()
    tallies: dict[str, Counter[str]] = {name: Counter() for name in names}
    examples: list[str] = []
    begun = time.perf_counter()
    with get_context("spawn").Pool(options.workers) as pool:
        for i, (name, done, tally, wrong) in enumerate(pool.imap_unordered(batch, tasks), 1):
            points[name] += done
            tallies[name] += tally
            wrongs[name] += len(wrong)
            examples += wrong[: max(0, 20 - len(examples))]
            if sys.stderr.isatty():
                print(f"\r{i} of {len(tasks)} batches, {sum(wrongs.values())} wrong", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)

    print(f"| case | points, each as float64 and float32 | {' | '.join(RUNGS)} | wrong |")
    print(f"| --- | ---: |{' ---: |' * len(RUNGS)} ---: |")
    for name in names:
        total = sum(tallies[name].values()) or 1
        shares = " | ".join(share(tallies[name][rung] / total) for rung in RUNGS)
        print(f"| {name} | {points[name]:,} | {shares} | {wrongs[name]} |")
    total_points, total_wrong = sum(points.values()), sum(wrongs.values())
    print(f"\n{total_points:,} points in {time.perf_counter() - begun:.0f} s, {total_wrong} wrong.")
    for example in examples:
        print(f"- {example}")
    return 1 if total_wrong else 0


def share(x: float) -> str:
    """A percentage, with enough digits to show that it is not 0."""
    return "." if x == 0 else f"{100 * x:.1f} %" if x >= 0.01 else f"{100 * x:.2g} %"


if __name__ == "__main__":
    sys.exit(main())
