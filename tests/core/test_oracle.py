"""The oracle itself: its rounding is compared with fractions, its formulas with values from other methods."""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from gmpy2 import mpfr

import expression as gp
import oracle
from cases import CASES, random_nested, steps_of_interest, windows
from expression import MAX_STEP, Expr, from_repr


def nearest(x: Fraction, dtype: str) -> float:
    """`x` rounded to nearest-even, computed with integers only."""
    digits, lowest, highest = {"float64": (53, -1074, 1024), "float32": (24, -149, 128)}[dtype]
    if x == 0:
        return 0.0
    exponent = abs(x).numerator.bit_length() - abs(x).denominator.bit_length()
    if abs(x) < Fraction(2) ** exponent:
        exponent -= 1
    unit = Fraction(2) ** max(exponent - digits + 1, lowest)
    rounded = round(x / unit) * unit  # Fraction rounds half to even
    if abs(rounded) >= Fraction(2) ** highest:
        return math.inf if x > 0 else -math.inf
    return float(rounded) + 0.0


def some_fraction(rng: Random) -> Fraction:
    """Numbers of every size, often a tie or a neighbour of a tie."""
    exponent = rng.choice((rng.randint(-1090, 1030), rng.randint(-160, 135), 0))
    mantissa = rng.getrandbits(rng.choice((24, 25, 53, 54, 90))) * rng.choice((1, -1))
    size = Fraction(2) ** (exponent - max(1, abs(mantissa).bit_length()))
    return (mantissa + rng.choice((0, 0, Fraction(1, 2**60), Fraction(-1, 2**60)))) * size


def test_rounding_agrees_with_fractions() -> None:
    rng = Random(1)
    for _ in range(40_000):
        x = some_fraction(rng)
        exact = mpfr(x.numerator, max(1, abs(x.numerator).bit_length()))
        exact = oracle._contexts(400)[0].div(exact, mpfr(x.denominator, 53))
        assert oracle.to_double(exact).hex() == nearest(x, "float64").hex(), x
        assert oracle.to_single(exact).hex() == nearest(x, "float32").hex(), x


@pytest.mark.parametrize(
    ("text", "double", "single"),
    [
        ("1p-1075", 0.0, 0.0),
        ("1.5p-1075", 5e-324, 0.0),
        ("3p-1075", 1e-323, 0.0),
        ("1p-150", 2.0**-150, 0.0),
        ("3p-150", 3 * 2.0**-150, 2.0**-148),
        ("1p1024", math.inf, math.inf),
        ("1p128", 2.0**128, math.inf),
    ],
)
def test_rounding_at_the_limits(text: str, double: float, single: float) -> None:
    digits, exponent = text.split("p")
    x = oracle._contexts(400)[0].mul(mpfr(digits), oracle._contexts(400)[0].pow(mpfr(2), int(exponent)))
    assert (oracle.to_double(x), oracle.to_single(x)) == (double, single)


def test_a_midpoint_left_at_the_end_goes_to_even() -> None:
    def between(low: float, high: float) -> float | None:
        return oracle._rounded(oracle.Interval(low, high), oracle.to_double, np.finfo(float).max, last=True)

    with_bits = oracle._contexts(400)[0]
    middle = with_bits.add(mpfr(1), mpfr(2) ** -53)
    tiny = with_bits.pow(mpfr(2), -380)
    assert between(with_bits.sub(middle, tiny), with_bits.add(middle, tiny)) == 1.0
    middle = with_bits.add(mpfr(1), 3 * mpfr(2) ** -53)
    assert between(with_bits.sub(middle, tiny), with_bits.add(middle, tiny)) == 1 + 2.0**-51
    assert between(mpfr(1), mpfr(2)) is None
    assert oracle._rounded(oracle.Interval(mpfr("-1e-400"), mpfr("1e-400")), oracle.to_double, 1.0, last=False) == 0.0


def test_interval_operations_enclose_fractions() -> None:
    rng = Random(2)
    oracle.Interval.down, oracle.Interval.up = oracle._contexts(60)
    for _ in range(2_000):
        a, b = (rng.choice((-1, 1, 0.5)) * rng.randint(0, 9) / rng.randint(1, 9) for _ in range(2))
        c = rng.randint(1, 9) / 7
        exact_a, exact_b, exact_c = Fraction(a), Fraction(b), Fraction(c)
        x, y, z = (oracle.number(v) / oracle.number(3) for v in (a, b, c))
        third = Fraction(1, 3)
        for got, want in (
            (x + y, (exact_a + exact_b) * third),
            (x - y, (exact_a - exact_b) * third),
            (x * y, exact_a * exact_b * third**2),
            (-x / z, -exact_a / exact_c),
            (x.clamped(-0.5, 0.25), min(max(exact_a * third, Fraction(-1, 2)), Fraction(1, 4))),
        ):
            assert Fraction(*got.lo.as_integer_ratio()) <= want <= Fraction(*got.hi.as_integer_ratio())


def rational(expr: Expr, k: int) -> Fraction:
    """The value of a rational expression, by fractions: a second oracle for some of the schedules."""
    p = {name: Fraction(x) if isinstance(x, float) else x for name, x in expr.params.items()}
    if expr.kind == "linear":
        return p["start"] + (p["end"] - p["start"]) * Fraction(min(k, p["steps"]), p["steps"])
    if expr.kind == "polynomial":
        return p["end"] + (p["start"] - p["end"]) * (1 - Fraction(min(k, p["steps"]), p["steps"])) ** int(p["power"])
    if expr.kind == "inverse_time":
        return p["start"] / (1 + p["rate"] * (k // p["per"] if p["stair"] else Fraction(k) / Fraction(p["per"])))
    if expr.kind == "exponential":
        return p["start"] * p["rate"] ** (k // p["per"])
    assert expr.kind == "triangle"
    cycle, at = divmod(k, p["up"] + p["down"])
    height = (p["high"] - p["low"]) * p["decay"] ** cycle
    share = Fraction(at, p["up"]) if at <= p["up"] else Fraction(p["up"] + p["down"] - at, p["down"])
    return p["low"] + height * share


@pytest.mark.parametrize("name", ["linear", "inverse_time", "inverse_time_stair", "polynomial_1", "polynomial_2",
                                  "exponential_stair", "triangle", "triangle_decay"])  # fmt: skip
def test_rational_leaves_agree_with_fractions(name: str) -> None:
    for seed in range(40):
        rng = Random(seed)
        expr = CASES[name].draw(gp, rng)
        steps = [
            k
            for k in steps_of_interest(expr, rng, 40)
            if k < 2_000 or name not in ("exponential_stair", "triangle_decay")
        ]
        for k in steps:
            want = rational(expr, k)
            assert oracle.value(expr, k) == (nearest(want, "float64"), nearest(want, "float32")), (expr, k)


def _periods(m, k, per, stair):  # type: ignore[no-untyped-def]
    return m.mpf(k // int(per)) if stair else m.mpf(k) / m.mpf(per)


def _cosine(m, start, end, k, n):  # type: ignore[no-untyped-def]
    return m.mpf(end) + (m.mpf(start) - m.mpf(end)) * (1 + m.cospi(m.mpf(k) / n)) / 2


def _restarts(m, k, start, end, first, mult, decay):  # type: ignore[no-untyped-def]
    cycle, length = (k // first, first) if mult == 1 else (0, first)
    k = k % first if mult == 1 else k
    while k >= length:
        cycle, k, length = cycle + 1, k - length, length * mult
    return m.mpf(end) + (_cosine(m, start, end, k, length) - m.mpf(end)) * m.mpf(decay) ** cycle


MPMATH = {
    "cosine": lambda m, k, start, end, steps: _cosine(m, start, end, min(k, steps), steps),
    "polynomial": lambda m, k, start, end, steps, power: (
        m.mpf(end) + (m.mpf(start) - m.mpf(end)) * (1 - m.mpf(min(k, steps)) / steps) ** m.mpf(power)
    ),
    "exponential": lambda m, k, start, rate, per, stair: m.mpf(start) * m.mpf(rate) ** _periods(m, k, per, stair),
    "natural_exponential": lambda m, k, start, rate, per, stair: (
        m.mpf(start) * m.exp(-m.mpf(rate) * _periods(m, k, per, stair))
    ),
    "inverse_sqrt": lambda m, k, start, timescale: m.mpf(start) / m.sqrt(1 + m.mpf(k) / m.mpf(timescale)),
    "cosine_restarts": _restarts,
}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.covers in MPMATH])
def test_other_leaves_agree_with_mpmath(name: str) -> None:
    mpmath = pytest.importorskip("mpmath", reason="a second opinion, for the author of an oracle")
    mpmath.mp.prec = 1_200
    for seed in range(15):
        rng = Random(seed)
        expr = CASES[name].draw(gp, rng)
        for k in steps_of_interest(expr, rng, 30):
            if k > 2**40 and "exponential" in expr.kind:
                continue
            want = +MPMATH[expr.kind](mpmath, k, **expr.params)
            assert oracle.value(expr, k)[0] == mpmath_double(mpmath, want), (expr, k)


def mpmath_double(mpmath: object, x: object) -> float:
    """Round to 1,100 bits first, so that its own error makes no ties, then to the nearest double."""
    sign, mantissa, exponent, length = x._mpf_  # type: ignore[attr-defined]
    if exponent + length > 1_100:
        return -math.inf if sign else math.inf
    if exponent + length < -1_100:
        return 0.0
    exact = (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    if exact == 0:
        return 0.0
    size = abs(exact).numerator.bit_length() - abs(exact).denominator.bit_length()
    unit = Fraction(2) ** (size - 900)
    return nearest(round(exact / unit) * unit, "float64")


def test_hand_worked_values() -> None:
    third = 1 / 3
    for expr, k, want in (
        (gp.linear(0.0, 1.0, 3), 1, third),
        (gp.cosine(1.0, 0.0, 3), 1, 0.75),
        (gp.cosine(1.0, 0.0, 2), 1, 0.5),
        (gp.cosine(8e-5, 8e-7, 10), 10, 8e-7),
        (gp.polynomial(1.0, 0.0, 4, 2.0), 2, 0.25),
        (gp.polynomial(1.0, 0.0, 4, 0.5), 3, 0.5),
        (gp.exponential(1.0, 0.25, per=2), 1, 0.5),
        (gp.exponential(1.0, 0.5, per=10, stair=True), 19, 0.5),
        (gp.exponential(1.0, 0.5), 1074, 5e-324),
        (gp.exponential(1.0, 0.5), 1075, 0.0),
        (gp.exponential(1.0, 2.0), 1024, math.inf),
        (gp.natural_exponential(1.0, 1.0), 1, 1 / math.e),
        (gp.inverse_time(1.0, 0.5, per=2), 4, 0.5),
        (gp.inverse_sqrt(1.0, 1), 3, 0.5),
        (gp.piecewise_constant([1.0, 2.0, 3.0], [10, 20]), 9, 1.0),
        (gp.piecewise_constant([1.0, 2.0, 3.0], [10, 20]), 10, 2.0),
        (gp.piecewise_constant([1.0, 2.0, 3.0], [10, 20]), 20, 3.0),
        (gp.table([1.0, 2.0]), 99, 2.0),
        (gp.triangle(0.0, 1.0, 2, 4, decay=0.5), 2, 1.0),
        (gp.triangle(0.0, 1.0, 2, 4, decay=0.5), 4, 0.5),
        (gp.triangle(0.0, 1.0, 2, 4, decay=0.5), 8, 0.5),
        (gp.cosine_restarts(1.0, 0.0, 4, mult=2, decay=0.5), 4, 0.5),
        (gp.cosine_restarts(1.0, 0.0, 4, mult=2, decay=0.5), 8, 0.25),
        (gp.linear(0.0, 4.0, 4) >> gp.linear(9.0, 0.0, 9), 5, 8.0),
        (gp.linear(0.0, 4.0, 4).then(gp.constant(7.0), at=2), 2, 7.0),
        (gp.linear(0.0, 4.0, 4).delay(3), 5, 2.0),
        (gp.linear(0.0, 4.0, 4).repeat(2), 7, 3.0),
        (gp.linear(0.0, 4.0, 4).repeat(2), 8, 4.0),
        (gp.linear(0.0, 4.0, 4).repeat(), 8, 0.0),
        (gp.linear(0.0, 4.0, 4).hold(2), 3, 2.0),
        (gp.linear(0.0, 4.0, 4).by_epoch(2), 5, 2.0),
        (gp.linear(0.0, 4.0, 4).skip(2), 1, 3.0),
        (gp.linear(0.0, 4.0, 4).stride(3), 1, 3.0),
        (gp.linear(0.0, 4.0, 4).stretch(2), 1, 0.5),
        (gp.linear(0.0, 4.0, 4).stretch(1, over=2), 1, 2.0),
        (gp.linear(0.0, 4.0, 4).hold(2).stretch(3, over=2), 2, 0.0),
        (gp.linear(0.0, 4.0, 4).hold(2).stretch(3, over=2), 3, 2.0),
        (gp.exponential(1.0, 0.5).skip(2**53), 2**53, 0.0),
        (gp.linear(0.0, 4.0, 4).clamp(1.0, 2.0), 0, 1.0),
        (1 - gp.linear(0.0, 4.0, 4), 4, -3.0),
        (-gp.linear(0.0, 4.0, 4) / 2, 4, -2.0),
        (gp.cosine(1.0, 0.0, 100) + gp.cosine(0.0, 1.0, 100) - 1, 33, 0.0),
        (gp.exponential(1.0, 2.0) * gp.exponential(1.0, 0.5), 5_000, 1.0),
    ):
        assert oracle.value(expr, k) == (want, float(np.float32(want))), (expr, k)


def test_zero_is_positive() -> None:
    for expr in (gp.constant(-0.0), -gp.constant(0.0), 0.0 * gp.constant(-1.0), gp.exponential(-1.0, 0.5)):
        for value in oracle.value(expr, 5_000):
            assert struct.pack("<d", value) == bytes(8)


def test_steps_follow_the_contract() -> None:
    a, b, endless = gp.linear(0, 1, 10), gp.cosine(1, 0, 90), gp.constant(1.0)
    for expr, steps in (
        (a, 10), (endless, None), (gp.table([1, 2, 3]), 3), (a >> b, 100), (a.then(b, at=5), 95), (a >> endless, None),
        (a.delay(5), 15), (a.repeat(3), 30), (a.repeat(), None), (a.by_epoch(7), 70), (a.hold(4), None),
        (a.skip(3), 7), (a.skip(30), 0), (a.stride(3), 4), (endless.skip(3), None),
        (a.clamp(0, 1), 10), (a + b, 90), (a * endless, None), (0.5 * a, 10), (a + 1, 10), (-a, 10), (a / 2, 10),
    ):  # fmt: skip
        assert expr.steps == steps, expr


def test_an_expression_reads_its_own_text() -> None:
    for seed in range(200):
        expr = random_nested(Random(seed))
        assert from_repr(str(expr)) == expr
        assert from_repr(str(expr)).build(gp).steps == expr.steps


def test_the_steps_of_interest_are_steps() -> None:
    for seed in range(200):
        rng = Random(seed)
        expr = random_nested(rng)
        steps = steps_of_interest(expr, rng, 50)
        assert steps == sorted(set(steps))
        assert steps[0] >= 0
        assert steps[-1] <= MAX_STEP
        assert len(steps) >= 40
        assert all(start >= 0 and start + n <= MAX_STEP + 1 for start, n in windows(expr, rng))
