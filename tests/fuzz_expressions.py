"""Compares nested expressions with hostile parameters with the oracle.

The parameters: zeros of both signs, subnormals, the largest doubles, ties, exponents that differ by very much, clamps
inside arithmetic, delays and joins at odd steps, steps up to 2**53. `at`, `array` and `gather` must give the oracle's
bits in both dtypes, on every instruction set and with a random first rung.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

import expression as e
import glidepath as gp
import oracle
from cases import edges
from expression import MAX_STEP, Expr
from helpers import DTYPES, LEVELS, RUNGS, assert_same, forced

LARGEST, LEAST = 1.7976931348623157e308, 5e-324
NODES = 7
"""The most nodes of an expression."""


def value(rng: Random) -> float:
    """A finite double, usually a difficult one."""
    kind = rng.randrange(12)
    sign = rng.choice((1.0, 1.0, -1.0))
    if kind < 2:
        return sign * 0.0
    if kind < 5:
        return sign * rng.choice((1.0, 0.5, 2.0, 3.0, 0.1, 1e-3, 0.75))
    if kind == 5:
        return sign * rng.choice(
            (LARGEST, LEAST, 2.0**-1022, 2.0**-149, 3.4028234663852886e38, 2.0**1023, 2.0**-1074 * 3)
        )
    if kind == 6:
        return sign * (1 + rng.getrandbits(52) * 2.0**-52) * 2.0 ** rng.randint(-1022, 1022)
    if kind == 7:
        return sign * (1 + (2 * rng.getrandbits(24) + 1) * 2.0**-25)  # a tie of float32
    if kind == 8:
        return sign * 2.0 ** rng.choice((rng.randint(-1074, 1023), rng.randint(-60, 60)))
    return sign * 10 ** rng.uniform(-6, 3)


def positive(rng: Random) -> float:
    return abs(value(rng)) or 1.0


def rate(rng: Random) -> float:
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice((2.0, 0.5, 4.0, 0.25, 1.0, math.nextafter(1, 2), math.nextafter(1, 0), 3.0, 1 / 3))
    if kind == 1:
        return 10 ** rng.uniform(-2, 2)
    return positive(rng) if kind == 2 else rng.choice((2.0, 0.5)) ** rng.randint(1, 8)


def length(rng: Random) -> int:
    kind = rng.randrange(5)
    if kind == 0:
        return rng.randint(1, 4)
    if kind == 1:
        return min(MAX_STEP, max(1, 2 ** rng.randint(0, 53) + rng.randint(-1, 1)))
    return rng.randint(1, 3_000) if kind < 4 else int(2 ** rng.uniform(0, 50))


def periods(rng: Random) -> tuple[float, bool]:
    if rng.random() < 0.25:
        return length(rng), True
    return rng.choice((1, 1, 2, 0.5, 3, length(rng), positive(rng))), False


def span(rng: Random) -> tuple[float, float]:
    start, end = value(rng), value(rng)
    return rng.choice(((start, end), (start, 0.0), (0.0, end), (start, start)))


def power(rng: Random) -> float:
    return rng.choice((0.5, 1.0, 2.0, 3.0, 0.25, 1.5, 8.0, rng.uniform(0.01, 12), 1000.0, LEAST))


def pieces(rng: Random) -> Expr:
    milestones = sorted({length(rng) for _ in range(rng.randint(0, 4))})
    return e.piecewise_constant([value(rng) for _ in range(len(milestones) + 1)], milestones)


LEAVES: tuple[Callable[[Random], Expr], ...] = (
    lambda rng: e.constant(value(rng)),
    lambda rng: e.linear(*span(rng), length(rng)),
    lambda rng: e.cosine(*span(rng), length(rng)),
    lambda rng: e.polynomial(*span(rng), length(rng), power(rng)),
    lambda rng: e.power(*span(rng), length(rng), power(rng)),
    lambda rng: e.polynomial_cycle(*span(rng), length(rng), power(rng)),
    lambda rng: e.exponential(value(rng), rate(rng), *periods(rng)),
    lambda rng: e.exponential(value(rng), rate(rng)),
    lambda rng: e.exponential(1.0, rng.choice((2.0, 0.5, 4.0, 0.25))),
    lambda rng: e.natural_exponential(value(rng), value(rng), *periods(rng)),
    lambda rng: e.inverse_time(value(rng), rng.choice((0.0, positive(rng))), *periods(rng)),
    lambda rng: e.inverse_sqrt(value(rng), positive(rng)),
    lambda rng: e.inverse_power(value(rng), positive(rng), power(rng)),
    lambda rng: e.logarithmic(*span(rng), length(rng), positive(rng)),
    lambda rng: e.tanh(*span(rng), length(rng), rng.uniform(-30, 30), rng.uniform(-30, 30)),
    lambda rng: e.rex(*span(rng), length(rng), rng.choice((0.5, 0.0, 0.9, -3.0, rng.uniform(-9, 0.999)))),
    lambda rng: e.adam_correction(rng.uniform(1e-9, 1.0), rng.uniform(1e-9, 1.0), length(rng), rng.random() < 0.5),
    lambda rng: e.k_decay(*span(rng), length(rng), power(rng)),
    pieces,
    lambda rng: e.table([value(rng) for _ in range(rng.randint(1, 9))]),
    lambda rng: e.triangle(*span(rng), length(rng), length(rng), decay=rng.choice((1.0, 0.5, rate(rng)))),
    lambda rng: e.cosine_restarts(*span(rng), length(rng), 1, rng.choice((1.0, 0.5, rate(rng)))),
)


def clamped(rng: Random, part: Expr) -> Expr:
    low, high = sorted((value(rng), value(rng)))
    return part.clamp(*rng.choice(((low, high), (low, None), (None, high), (0.0, None), (None, 0.0))))


def nested(rng: Random, nodes: int) -> Expr:
    """An expression of at most `nodes` nodes."""
    if nodes <= 1:
        return rng.choice(LEAVES)(rng)
    kind = rng.randrange(16)
    if kind < 9:
        left = rng.randint(1, max(1, nodes - 2))
        a = nested(rng, left)
        if kind < 2:
            return clamped(rng, nested(rng, nodes - 1))
        b = nested(rng, nodes - 1 - left)
        if kind < 4:
            return a + b
        if kind < 6:
            # Terms that cancel, completely or nearly.
            return a - rng.choice((b, a, a * (1 + 2.0**-40)))
        return a * b
    part = nested(rng, nodes - 1)
    if kind == 9:
        at = part.steps if part.steps and rng.random() < 0.5 else length(rng)
        return part.then(nested(rng, 1), at=at)
    if kind == 10:
        return part.delay(length(rng))
    if kind == 11:
        return part.repeat(rng.choice((None, 1, 3))) if part.steps else part.hold(length(rng))
    if kind == 12:
        return part.by_epoch(rng.choice((1, 3, 64)))
    if kind == 13:
        return part / positive(rng)
    if kind == 14:
        return part.skip(length(rng)) if rng.random() < 0.5 else part.stride(length(rng))
    return rng.choice((-part, part * value(rng), part + value(rng), value(rng) - part))


def is_taken(expr: Expr) -> bool:
    """Whether glidepath accepts its length."""
    return (expr.steps is None or expr.steps <= MAX_STEP) and all(is_taken(part) for part in expr.parts)


def cuts_of(expr: Expr) -> list[int]:
    """Its edges; only the start if one of them is not at a finite step."""
    try:
        return sorted(edges(expr)) or [0]
    except OverflowError:
        return [0]


def looks(expr: Expr, rng: Random) -> list[int]:
    """Steps to test: edges, steps where exponentials overflow or underflow, powers of two."""
    cuts = cuts_of(expr)
    steps = {0, 1, 2_000, MAX_STEP, rng.randint(0, 5_000), int(2 ** rng.uniform(0, 53)), 2 ** rng.randint(0, 53)}
    for cut in rng.sample(cuts, min(len(cuts), 6)):
        steps |= {cut, cut + 1, max(0, cut - 1)}
    return sorted(k for k in steps if k <= MAX_STEP)


def answers(expr: Expr, steps: list[int]) -> tuple[list[int], list[Any]]:
    """The steps for which the oracle has an answer, and its answers in each dtype."""
    kept, doubles, singles = oracle.answers(expr, steps)
    return kept, [doubles, singles]


def once(rng: Random) -> None:
    expr = nested(rng, rng.randint(1, NODES))
    while not is_taken(expr):
        expr = nested(rng, rng.randint(1, NODES))
    schedule = expr.build(gp)
    kept, wanted = answers(expr, looks(expr, rng))
    index = np.array(kept, dtype=np.int64)
    n = rng.choice((1, 40, 300, 1_000))
    start = min(rng.choice((0, *cuts_of(expr), *kept)), MAX_STEP + 1 - n)
    start = max(0, start - rng.choice((0, n // 2)))
    run = sorted({0, n - 1, *(rng.randrange(n) for _ in range(8))})
    run_kept, run_wanted = answers(expr, [start + i for i in run])
    inside = np.array(run_kept, dtype=np.int64) - start
    arrays: dict[str, Any] = {}
    for level in LEVELS:
        with forced(level=level, rung=rng.choice((None, None, *RUNGS)) if n <= 40 else None):
            got = np.array([schedule.at(k) for k in kept], dtype=np.float64)
            assert_same(got, wanted[0], (expr, "at", level), kept)
            for dtype, want, run_want in zip(DTYPES, wanted, run_wanted, strict=True):
                assert_same(schedule.gather(index, dtype=dtype), want, (expr, "gather", level), kept)
                array = schedule.array(n, start=start, dtype=dtype)
                assert_same(array[inside], run_want, (expr, "array", start, n, level), run_kept)
                assert_same(array, arrays.setdefault(dtype, array), (expr, "array", start, n, level))
