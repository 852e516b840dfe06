"""Promise 1 of the README: every value is the exact real value of its expression, rounded once to nearest-even.

These tests check tens of thousands of points in seconds. exactness.py checks a million points a leaf.
"""

from __future__ import annotations

import math
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import expression
import glidepath as gp
import oracle
from cases import CASES, Case, random_nested, steps_of_interest, windows
from expression import MAX_STEP, Expr
from glidepath import _core
from helpers import DTYPES, LEVELS, RUNGS, assert_right, assert_right_window, assert_same, drawn, forced
from strategies import expressions
from strategies import steps as any_steps

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@every_case
def test_at_and_gather(case: Case) -> None:
    for seed in range(30):
        schedule, expr = drawn(case, seed)
        steps = steps_of_interest(expr, Random(seed), 60)
        assert assert_right(schedule, expr, steps) == steps


@every_case
def test_arrays(case: Case) -> None:
    for seed in range(4):
        schedule, expr = drawn(case, seed)
        for start, n in windows(expr, Random(seed), 2):
            assert_right_window(schedule, expr, start, n, Random(n))


@every_case
def test_the_bench_instance(case: Case) -> None:
    for length in (10_000, 10_000_000):
        schedule = case.build(gp, length)
        expr = bench_expression(case, schedule, length)
        rng = Random(length)
        assert_right(schedule, expr, steps_of_interest(expr, rng, 60))
        for start, n in windows(expr, rng, 2):
            assert_right_window(schedule, expr, start, n, rng)


@every_case
def test_after_a_line(case: Case) -> None:
    """A curve whose first tile is tried as if it were one more straight line."""
    for seed in range(20):
        curve, expr = drawn(case, seed)
        rng = Random(seed)
        schedule = gp.linear(0.0, 3e-4, 2_000).then(curve)
        start, n = rng.randint(1_900, 1_980), rng.choice((200, 700, 4_000))
        assert_right_window(schedule, expression.linear(0.0, 3e-4, 2_000).then(expr), start, n, rng, samples=20)


def bench_expression(case: Case, schedule: Any, length: int) -> Expr:
    return expression.from_repr(repr(schedule)) if case.is_composite else case.build(expression, length)


@every_case
@pytest.mark.parametrize("rung", RUNGS)
def test_every_rung(case: Case, rung: str) -> None:
    """Every first rung gives the same bits."""
    for seed in (0, 1):
        schedule, expr = drawn(case, seed)
        steps = steps_of_interest(expr, Random(seed), 30)
        start, n = windows(expr, Random(seed), 1)[0]
        n = n if rung in ("quick", "careful") else 600
        with forced(rung=rung):
            assert_right(schedule, expr, steps)
            assert_right_window(schedule, expr, start, n, Random(seed), samples=60)


@every_case
@pytest.mark.parametrize("level", LEVELS)
def test_every_instruction_set(case: Case, level: str) -> None:
    schedule, expr = drawn(case, 2)
    start, n = windows(expr, Random(2), 1)[0]
    for rung in ("quick", "careful"):
        with forced(level=level, rung=rung):
            assert_right_window(schedule, expr, start, n, Random(n), samples=60)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_random_expressions(depth: int) -> None:
    answered = looked_at = 0
    for seed in range(150):
        rng = Random(f"{depth} {seed}")
        expr = random_nested(rng, depth)
        schedule = expr.build(gp)
        assert schedule.steps == expr.steps, expr
        steps = steps_of_interest(expr, rng, 40)
        answered += len(assert_right(schedule, expr, steps))
        looked_at += len(steps)
        start, n = windows(expr, rng, 1)[0]
        assert_right_window(schedule, expr, start, n, rng, samples=40)
    assert answered > 0.98 * looked_at, "the oracle must have an answer nearly always"


@given(expressions, st.lists(any_steps, min_size=1, max_size=12))
def test_any_expression(expr: Expr, steps: list[int]) -> None:
    assert_right(expr.build(gp), expr, steps)


# Difficult values.


@pytest.mark.parametrize("rung", [None, *RUNGS])
def test_ties(rung: str | None) -> None:
    with forced(rung=rung):
        expr = expression.linear(0.0, 3e-4, 2_000)
        assert_same(expr.build(gp).array(2_001), oracle.values(expr, range(2_001)), "13 ties")


def test_ties_of_float32() -> None:
    """A quarter of these lie half-way between two float32 numbers."""
    n = 2**25
    line = gp.linear(0.0, 1.0, n)
    k = np.arange(n - 200_000, n + 1, dtype=np.int64)
    assert_same(line.gather(k, dtype="float32"), (k / n).astype(np.float32), "rounded once")
    assert_same(line.array(k.size, start=int(k[0]), dtype="float32"), (k / n).astype(np.float32), "rounded once")


@pytest.mark.parametrize("level", LEVELS)
def test_float32_by_float64_polynomials(level: str) -> None:
    """Tiles that change too much for float32 polynomials; legs that end within a chunk; ties among the first values."""
    triangles = ["triangle(3e-5, 3e-4, 2000, 3000, 0.999)", "triangle(0.5, 2.0, 4096, 77, 0.5)"]
    for text in [*triangles, "cosine(1e-3, 1e-6, 700)", "cosine_restarts(1e-3, 1e-6, 160_000, 1, 0.9)"]:
        schedule, expr = gp.Schedule(text), eval(text, vars(expression).copy())
        steps = range(20_000)
        with forced(level=level):
            got = schedule.array(len(steps), dtype="float32")
        with forced(rung="fresh"):
            assert_same(got, schedule.array(len(steps), dtype="float32"), text)
        sample = [*steps[:300], *steps[1_900:2_100], *steps[4_090:4_200], *steps[::997]]
        assert_same(got[sample], oracle.values(expr, sample, "float32"), text)


WAVES = [
    "cosine(3e-4, 3e-5, 10_000)",
    "cosine(3e-4, 0.0, 25_000)",
    "cosine(0.0, 3e-4, 25_000)",
    "cosine(1e-3, -1e-3, 100_000)",
    "cosine(1.0, 0.999999, 50_000)",
    "cosine(1.0, 1e-6, 8_000_000).skip(7_990_000)",
    "cosine(3e-4, 3e-5, 1_000_000).stride(37)",
    "cosine(1e-280, 1e-281, 20_000)",
    "cosine_restarts(1e-3, 1e-6, 8_192, 2, 0.9)",
    "1.0 + -2.0 * cosine(0.7, 0.1, 30_001) * exponential(0.5, 0.5).skip(3).hold(40_000)",
    "cosine(3e-4, 1e-4, 30_000) + cosine(1e-4, 0.0, 30_000)",
    "cosine(3e-4, 1e-4, 30_000) + cosine(1e-4, 0.0, 30_011)",
]


@pytest.mark.parametrize("text", WAVES)
@pytest.mark.parametrize("level", LEVELS)
def test_waves(level: str, text: str) -> None:
    """Cosines, which tables write, from where they are 0, to where they are 0, across 0, in sums and products."""
    schedule, expr = gp.Schedule(text), expression.from_repr(repr(gp.Schedule(text)))
    n = 30_000
    for dtype in DTYPES:
        with forced(level=level):
            got = schedule.array(n, dtype=dtype)
            part = schedule.array(5_003, start=4_321, dtype=dtype)
        with forced(rung="fresh"):
            assert_same(got, schedule.array(n, dtype=dtype), text)
        assert_same(part, got[4_321 : 4_321 + 5_003], text)
        sample = [*range(100), *range(0, n, 599), *range(n - 30, n)]
        assert_same(got[sample], oracle.values(expr, sample, dtype), text)


@pytest.mark.parametrize("third", [1, 2, 5, 700, 10**6])
def test_cosine_at_rational_angles(third: int) -> None:
    """cos(pi / 3) is rational, and every third amplitude makes a tie of it."""
    for i in range(300):
        peak = float(f"{i + 1}e-3")
        expr = expression.cosine(peak, 0.0, 3 * third)
        assert_right(expr.build(gp), expr, [third, 2 * third])


def test_float32_is_rounded_once() -> None:
    """At some of these steps, rounding to float64 and then to float32 gives another value. So the test detects it."""
    differ = 0
    for seed in range(400):
        rng = Random(seed)
        # A value so little above a float32 midpoint that float64 rounds it to the midpoint.
        middle = 1 + (2 * rng.getrandbits(20) + 1) * 2.0**-24
        expr = expression.constant(middle) + expression.exponential(1.0, 0.5) * rng.choice((1.0, -1.0))
        k = rng.randint(60, 200)
        double, single = oracle.value(expr, k)
        differ += float(np.float32(double)) != single
        assert_right(expr.build(gp), expr, [k])
    assert differ > 50


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradual_underflow(dtype: str) -> None:
    smallest = {"float64": 1074, "float32": 149}[dtype]
    halves = gp.exponential(1.0, 0.5).array(1_200, dtype=dtype)
    exact = np.array([2.0**-k if k <= 1074 else 0.0 for k in range(1_200)])
    assert_same(halves, exact.astype(dtype), "powers of a half")
    assert halves[smallest] > 0
    assert halves[smallest + 1] == 0
    assert not np.signbit(gp.exponential(-1.0, 0.5).array(1_200, dtype=dtype)[1_100:]).any(), "zero is +0.0"


def test_overflow_is_infinite() -> None:
    doubling = gp.exponential(-1.0, 2.0)
    assert (doubling[1_023], doubling[1_024], doubling[MAX_STEP]) == (-(2.0**1_023), -np.inf, -np.inf)
    singles = doubling.array(140, dtype="float32")
    assert singles[127] == np.float32(-(2.0**127))
    assert np.isinf(singles[128:]).all()


def test_factors_that_leave_the_doubles_meet_again() -> None:
    one = gp.exponential(1.0, 2.0) * gp.exponential(1.0, 0.5)
    for k in (0, 1_000, 1_024, 5_000, 2**20, 2**40, MAX_STEP):
        assert one[k] == 1.0, k
    assert_same(one.array(5_000), np.ones(5_000), "one everywhere")


def test_each_dtype_of_steps() -> None:
    expr = expression.linear(0.0, 3e-4, 1_000)
    schedule = expr.build(gp)
    want = oracle.values(expr, range(100))
    for dtype in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
        assert_same(schedule.gather(np.arange(100, dtype=dtype)), want, dtype)


def test_every_rung_is_reached() -> None:
    """The hook works: if a rung is forced, the tally counts the values there."""
    schedule = gp.cosine(3e-4, 3e-5, 10_000_000)
    for rung in RUNGS:
        with forced(rung=rung):
            _core._tally(reset=True)
            schedule.array(2_000, start=500)
            tally = _core._tally(reset=True)
        assert set(tally) <= set(RUNGS)
        assert sum(tally.values()) >= 2_000
        before = RUNGS[: RUNGS.index(rung)]
        assert not any(tally.get(name) for name in before), (rung, tally)
    _core._tally(reset=True)
    schedule.array(50_000, start=1_000_000)
    tally = _core._tally(reset=True)
    assert tally["quick"] > 0.9 * sum(tally.values()), tally


def test_unknown_hooks_are_refused() -> None:
    for bad in ({"level": "sse9"}, {"rung": "highest"}):
        with pytest.raises(ValueError):
            _core._force(**bad)
    _core._force()


EASY = {
    "cosine_restarts(1e-3, 0.0, 1000, 1, 0.5)": 900_000,
    "triangle(0.0, 3e-4, 3000, 3000, decay=0.9)": 50_000_000,
    "polynomial(0.7088868, 0.0, 13916, 1000.0)": 13_176,
    "natural_exponential(1.0, 1.0)": 10**14,
    "exponential(1.0, 0.9)+0.1": 10**14,
    "exponential(1.0, 0.9)+linear(0.0, 1.0, 10**6)": 900_000,
    "exponential(0.25, 2.0, 300, True)-cosine(0.5, 0.5, 3 * 10**6)": 0,
    "cosine_restarts(0.0065, 0.0065, 2540, 1, 1.2)": 0,
    "polynomial(0.0, 0.0, 10**6, 0.75)": 0,
}


@pytest.mark.parametrize("text", EASY)
def test_what_is_easy_does_not_need_big_floats(text: str) -> None:
    """Zeros, vanishing terms, hidden constants: with big floats they would take a thousand times as long."""
    schedule = eval(text, vars(gp).copy())
    expr = eval(text, vars(expression).copy())
    start, n = EASY[text], 700
    for dtype in DTYPES:
        _core._tally(reset=True)
        got = schedule.array(n, start=start, dtype=dtype)
        tally = _core._tally(reset=True)
        assert tally["big"] <= n // 50, tally
        assert_same(got, schedule.gather(range(start, start + n), dtype=dtype), text)
    assert_right(schedule, expr, [start, start + 1, start + n // 2, start + n])


FAR = {
    # A clamp of an exact 0, with another exponent.
    "exponential(0.0, 2.0).clamp(high=0.5) + 1.0": (2_000, 1.0),
    "exponential(0.0, 2.0).clamp(low=-0.5) + 1.0": (2_000, 1.0),
    "exponential(0.0, 2.0).clamp(0.25, 0.5) + 1.0": (2_000, 1.25),
    "exponential(0.0, 0.5).clamp(low=-0.5) * 2.0 + 1.0": (2_000, 1.0),
    "(linear(1.0, 0.0, 100) * exponential(1.0, 2.0)).clamp(low=-1.0) * 2.0": (2_000, 0.0),
    "(linear(1.0, 0.0, 100) * exponential(-1.0, 2.0)).clamp(high=1.0) - 2.0": (2_000, -2.0),
    "(exponential(1.0, 2.0) - exponential(1.0, 2.0)).clamp(low=-1.0, high=1.0) + 3.0": (2_000, 3.0),
    "(exponential(1.0, 0.5) - exponential(1.0, 0.5)).clamp(low=-1.0, high=1.0) + 3.0": (2_000, 3.0),
    "exponential(1.0, 0.5).clamp(low=0.0) + 1.0": (10**15, 1.0),
    "exponential(-1.0, 2.0).clamp(low=-3.0) * 2.0": (10**15, -6.0),
    "1.0 / 3.0 * exponential(1.0, 2.0).clamp(high=3.0)": (5_000, 1.0),
    # An unknown number and a bound that is scaled to infinity cannot be compared.
    "((exponential(1.0, 4.0) - exponential(1.0, 4.0)) * exponential(1.0, 0.5)).clamp(low=1e-3, high=5.0) + 1.0": (
        793_129_986_397,
        1.001,
    ),
    # Exponents that differ by very much.
    "(exponential(3.0, 4.0) + exponential(-1.0, 0.5)) * exponential(0.001, 0.25)": (793_129_986_396, 0.003),
    "(exponential(3.0, 4.0) + exponential(-1.0, 0.5)) * exponential(0.001, 0.25) ": (793_129_986_397, 0.003),
    "(exponential(3.0, 4.0) - exponential(3.0, 4.0)) * exponential(0.001, 0.25) + 1.0": (793_129_986_397, 1.0),
    "(exponential(1.0, 4.0) * exponential(1.0, 0.25) + 1.0) * exponential(1.0, 0.5)": (10**13, 0.0),
    "(exponential(1.0, 2.0) / 3.0 - exponential(1.0, 2.0, 2) * exponential(1.0, 2.0, 2.0001)) * 1.0": (2**41, math.inf),
    "(exponential(1.0, 16.0) / 3.0 - exponential(1.0, 16.0)) * exponential(1.0, 0.5, 0.25)": (2**42, -2 / 3),
    "exponential(1.0, 2.0) * (exponential(1.0, 0.5) + 0.0)": (2**53, 1.0),
    # An intermediate error that rounds to 0.
    "(exponential(1.0, 2.0) + 3.0 - exponential(1.0, 2.0)) * (exponential(1.0, 2.0) + 3.0 - exponential(1.0, 2.0))": (
        2_000,
        9.0,
    ),
    "((natural_exponential(1.0, -1.0) + 1.0) - natural_exponential(1.0, -1.0))": (2_000, 1.0),
}


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("text", FAR)
def test_zeros_and_extreme_exponents(text: str, rung: str) -> None:
    """Every method, dtype, instruction set and first rung."""
    schedule = eval(text, vars(gp).copy())
    expr = eval(text, vars(expression).copy())
    k, want = FAR[text]
    # MPFR's exponents end at 2**30: above that, the expected values are computed by hand.
    kept, doubles, _ = oracle.answers(expr, [k])
    assert k > 2**30 or kept
    assert all(doubles == want)
    for level in LEVELS:
        with forced(level=level, rung=rung):
            assert schedule[k] == schedule(k) == schedule.at(k) == want
            for dtype in DTYPES:
                expected = np.array([want], dtype=dtype)
                assert_same(schedule.gather([k], dtype=dtype), expected, (text, level))
                assert_same(schedule.array(1, start=k, dtype=dtype), expected, (text, level))


@pytest.mark.parametrize("text", FAR)
def test_arrays_of_zeros_and_extreme_exponents(text: str) -> None:
    expr = eval(text, vars(expression).copy())
    schedule = eval(text, vars(gp).copy())
    k, n = FAR[text][0], 50
    start = min(k - n // 2, MAX_STEP + 1 - n)
    for level in LEVELS:
        with forced(level=level):
            assert_right_window(schedule, expr, start, n, Random(0), samples=10)
            for dtype in DTYPES:
                steps = range(start, start + n)
                assert_same(schedule.array(n, start=start, dtype=dtype), schedule.gather(steps, dtype=dtype), text)


@pytest.mark.parametrize("timescale", [1e-24, 2.0**-80, 1e-40, 1e-90, 5e-324, 1e300])
def test_roots_of_large_and_small_numbers(timescale: float) -> None:
    """The powers of 1 / x in the series of x ** p underflow for a large x."""
    expr = expression.inverse_sqrt(1.0, timescale) * 1e-30
    schedule = expr.build(gp)
    for start in (100, 700, 5_000):
        assert_right_window(schedule, expr, start, 2_000, Random(start), samples=300)


def test_infinity_in_arithmetic() -> None:
    """Only the signs of the other factors matter, however small and however many they are."""
    endless = gp.replay("torch.StepLR", base_lr=1.0, step_size=1, gamma=2.0)
    tiny = gp.exponential(1.0, 0.5)
    assert (tiny * tiny * endless)[3_000] == np.inf
    assert (-tiny * tiny * endless)[3_000] == -np.inf
    # Only the last rung can decide whether this difference is above 0.
    e = gp.natural_exponential(1.0, 1.0)
    assert (((tiny + e) - e - tiny * 0.5) * endless)[2_000] == np.inf
    assert ((tiny - tiny) * endless).gather([1_000]).tolist() == [0.0]
    assert np.isnan(((tiny - tiny) * endless)[2_000])
    assert (gp.exponential(1.0, 2.0) * -1.0 + endless)[2_000] == np.inf
    # The bound is a real number again.
    bounded = endless.clamp(high=0.1)
    assert (bounded * gp.linear(0.0, 3.0, 7))[2_000] == float(Fraction(0.1) * 3)
    assert (bounded + tiny)[2_000] == 0.1
    assert (bounded * 3.0).array(3, start=1_500).tolist() == [float(Fraction(0.1) * 3)] * 3
    assert (-endless).clamp(low=-2.0).then(tiny, at=5_000)[2_000] == -2.0
    assert (((-endless).clamp(low=-2.0) + 1.0) * endless)[2_000] == -np.inf


def test_infinity_times_what_rounds_to_zero() -> None:
    """The other factor is a real number above 0."""
    endless = gp.replay("torch.StepLR", base_lr=1.0, step_size=1, gamma=2.0)
    assert (gp.exponential(1.0, 0.5) * endless)[2_000] == np.inf
    assert (gp.exponential(-1.0, 0.5) * endless)[2_000] == -np.inf
    assert np.isnan((gp.linear(1.0, 0.0, 5) * endless)[2_000])
    assert (gp.exponential(1.0, 2.0) - endless)[2_000] == -np.inf


def test_what_is_next_to_a_tie_counts_as_the_tie() -> None:
    """The triangle differs from `low` by 2^-1763 or 2^-1521 of itself; `low` minus 435 is a tie, rounded to even."""
    low = 138.75602221453093
    schedule = gp.triangle(low, 0.0, 1, 110, decay=0.5) - gp.rex(70.0, 435.0, 6_144, -9.273213094742228)
    assert_right(schedule, expression.from_repr(repr(schedule)), [160_581, 166_529, 168_581, 195_744])
    for rung in (None, "careful", "fresh", "exact", "big"):
        with forced(rung=rung):
            for step in (195_744, 168_581):
                assert schedule[step] == low - 435.0
                assert schedule.array(1_000, start=step - 744)[744] == low - 435.0
            assert schedule[160_581] == np.nextafter(low - 435.0, -np.inf), "2^-1449 is not too near"
