"""The oracle: computes every schedule by its textbook formula on intervals of big floats, and rounds once at the end.

It shares no code, library or method with glidepath. The real value lies in an `Interval` between two MPFR numbers.
Every operation rounds one down and the other up. If both ends round to the same double, this double is the answer. If
not, the formula is evaluated again with more bits. If the interval still contains a midpoint at 1,540 bits or more, or
has one within 2^-1,500 of itself, the value counts as that midpoint, and ties go to even. The formulas are simple, not
accurate: more bits are cheap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import gmpy2
import numpy as np
from gmpy2 import mpfr

import recurrences
from expression import MAX_STEP, Expr, joint

LADDER = (160, 480, 1_540, 5_000)
"""The precisions in bits, tried in this order."""
NEAR = mpfr(2) ** -1_500
"""A value that is no further than this from a tie, as a share of itself, counts as the tie."""

MAX_FLOAT32 = float(np.finfo(np.float32).max)
_SINGLE = gmpy2.context(precision=24, emin=-148, emax=128, subnormalize=True)


class UndecidedError(ArithmeticError):
    """The oracle has no answer: more than one double is possible at the highest precision."""


class Interval:
    """A real number between `lo` and `hi`, computed with `Interval.down` and `Interval.up`."""

    __slots__ = ("hi", "lo")
    down: Any
    up: Any

    def __init__(self, lo: Any, hi: Any) -> None:
        self.lo = lo
        self.hi = hi

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.down.add(self.lo, other.lo), self.up.add(self.hi, other.hi))

    def __sub__(self, other: Interval) -> Interval:
        return Interval(self.down.sub(self.lo, other.hi), self.up.sub(self.hi, other.lo))

    def __neg__(self) -> Interval:
        return Interval(self.down.minus(self.hi), self.up.minus(self.lo))

    def __mul__(self, other: Interval) -> Interval:
        if any(abs(a.lo) == _INF and a.lo == a.hi and b.lo == b.hi == 0 for a, b in ((self, other), (other, self))):
            raise UndecidedError("infinity times zero")
        if self.lo == self.hi and self.lo >= 0 and other.lo >= 0 and other.hi < _INF:
            return Interval(self.down.mul(self.lo, other.lo), self.up.mul(self.hi, other.hi))
        corners = [(a, b) for a in (self.lo, self.hi) for b in (other.lo, other.hi)]
        return Interval(
            min(_no_nan(self.down.mul(a, b)) for a, b in corners), max(_no_nan(self.up.mul(a, b)) for a, b in corners)
        )

    def __truediv__(self, other: Interval) -> Interval:
        if other.hi < 0:
            return -self / -other
        if other.lo <= 0:
            return Interval(-_INF, _INF)  # the divisor may be zero: only more bits can tell
        return Interval(
            self.down.div(self.lo, other.hi if self.lo >= 0 else other.lo),
            self.up.div(self.hi, other.lo if self.hi >= 0 else other.hi),
        )

    def __pow__(self, power: Interval) -> Interval:
        """For a positive base. The power is monotone in base and exponent, so its extremes are at the corners."""
        if self.lo == self.hi:
            rising = self.lo >= 1
            first, last = (power.lo, power.hi) if rising else (power.hi, power.lo)
            return Interval(self.down.pow(self.lo, first), self.up.pow(self.lo, last))
        assert power.lo == power.hi >= 0
        return Interval(self.down.pow(self.lo, power.lo), self.up.pow(self.hi, power.lo))

    def clamped(self, low: float | None, high: float | None) -> Interval:
        lo, hi = self.lo, self.hi
        if low is not None:
            lo, hi = max(lo, number(low).lo), max(hi, number(low).lo)
        if high is not None:
            lo, hi = min(lo, number(high).lo), min(hi, number(high).lo)
        return Interval(lo, hi)


_INF = mpfr("inf")


def _no_nan(product: Any) -> Any:
    """Multiply two ends. Zero times infinity is zero, as usual for intervals."""
    return mpfr(0) if gmpy2.is_nan(product) else product


@cache
def _contexts(bits: int) -> tuple[Any, Any]:
    return (
        gmpy2.context(precision=bits, round=gmpy2.RoundDown),
        gmpy2.context(precision=bits, round=gmpy2.RoundUp),
    )


@cache
def _pi(bits: int) -> Interval:
    down, up = _contexts(bits)
    with gmpy2.context(down):
        lo = gmpy2.const_pi()
    with gmpy2.context(up):
        hi = gmpy2.const_pi()
    return Interval(lo, hi)


@cache
def number(x: float) -> Interval:
    """The exact value of a parameter or a step."""
    exact = mpfr(x, max(53, x.bit_length())) if isinstance(x, int) else mpfr(float(x), 53)
    return Interval(exact, exact)


def step(k: int) -> Interval:
    exact = mpfr(k, max(53, k.bit_length()))
    return Interval(exact, exact)


ONE = number(1)
TWO = number(2)


def exp(x: Interval) -> Interval:
    return Interval(x.down.exp(x.lo), x.up.exp(x.hi))


def log(x: Interval) -> Interval:
    return Interval(x.down.log(x.lo), x.up.log(x.hi))


def tanh_of(x: Interval) -> Interval:
    return Interval(x.down.tanh(x.lo), x.up.tanh(x.hi))


def sqrt(x: Interval) -> Interval:
    return Interval(x.down.sqrt(x.lo), x.up.sqrt(x.hi))


def cos_pi(x: Interval) -> Interval:
    """cos(pi x) for x in [0, 1], where the cosine is decreasing."""
    angle = _pi(x.down.precision) * x
    return Interval(angle.down.cos(angle.hi), angle.up.cos(angle.lo))


# The formulas.


def constant(k: int, value: float) -> Interval:
    return number(value)


def linear(k: int, start: float, end: float, steps: int) -> Interval:
    if k >= steps:
        return number(end)
    s, e = number(start), number(end)
    return s + (e - s) * step(k) / number(steps)


def cosine(k: int, start: float, end: float, steps: int) -> Interval:
    if k >= steps:
        return number(end)
    s, e = number(start), number(end)
    return e + (s - e) * (ONE + cos_pi(step(k) / number(steps))) / TWO


def polynomial(k: int, start: float, end: float, steps: int, power: float) -> Interval:
    if k >= steps:
        return number(end)
    s, e = number(start), number(end)
    return e + (s - e) * (step(steps - k) / number(steps)) ** number(power)


def power(k: int, start: float, end: float, steps: int, power: float) -> Interval:
    if k >= steps:
        return number(end)
    s, e = number(start), number(end)
    return s + (e - s) * (step(k) / number(steps)) ** number(power)


def polynomial_cycle(k: int, start: float, end: float, steps: int, power: float) -> Interval:
    n = max(1, -(-k // steps)) * steps
    if k == n:
        return number(end)
    s, e = number(start), number(end)
    return e + (s - e) * (step(n - k) / step(n)) ** number(power)


def periods(k: int, per: float, stair: bool) -> Interval:
    return step(k // int(per)) if stair else step(k) / number(per)


def exponential(k: int, start: float, rate: float, per: float, stair: bool) -> Interval:
    return number(start) * number(rate) ** periods(k, per, stair)


def natural_exponential(k: int, start: float, rate: float, per: float, stair: bool) -> Interval:
    return number(start) * exp(-(number(rate) * periods(k, per, stair)))


def inverse_time(k: int, start: float, rate: float, per: float, stair: bool) -> Interval:
    return number(start) / (ONE + number(rate) * periods(k, per, stair))


def inverse_sqrt(k: int, start: float, timescale: float) -> Interval:
    return number(start) / sqrt(ONE + step(k) / number(timescale))


def inverse_power(k: int, start: float, timescale: float, power: float) -> Interval:
    return number(start) / (ONE + step(k) / number(timescale)) ** number(power)


def adam_correction(k: int, beta1: float, beta2: float, steps: int, inverse: bool) -> Interval:
    t = step(min(k, steps) + 1)
    second, first = sqrt(ONE - number(beta2) ** t), ONE - number(beta1) ** t
    return first / second if inverse else second / first


def logarithmic(k: int, start: float, end: float, steps: int, timescale: float) -> Interval:
    if k >= steps:
        return number(end)
    s, e, t = number(start), number(end), number(timescale)
    return s + (e - s) * (log(ONE + step(k) / t) / log(ONE + step(steps) / t))


def tanh(k: int, high: float, low: float, steps: int, lower: float, upper: float) -> Interval:
    h, w, a, b = number(high), number(low), number(lower), number(upper)
    return w + (h - w) * (ONE - tanh_of(a + (b - a) * step(min(k, steps)) / number(steps))) / TWO


def rex(k: int, start: float, end: float, steps: int, bend: float) -> Interval:
    if k >= steps:
        return number(end)
    s, e, n = number(start), number(end), number(steps)
    return e + (s - e) * step(steps - k) / (n - number(bend) * step(k))


def k_decay(k: int, start: float, end: float, steps: int, power: float) -> Interval:
    if k >= steps:
        return number(end)
    s, e = number(start), number(end)
    return e + (s - e) * (ONE + cos_pi((step(k) / number(steps)) ** number(power))) / TWO


def piecewise_constant(k: int, values: list[float], milestones: list[int]) -> Interval:
    return number(values[sum(k >= milestone for milestone in milestones)])


def table(k: int, values: list[float]) -> Interval:
    return number(float(values[min(k, len(values) - 1)]))


def triangle(k: int, low: float, high: float, up: int, down: int, decay: float) -> Interval:
    cycle, position = divmod(k, up + down)
    height = (number(high) - number(low)) * number(decay) ** step(cycle)
    share = step(position) / number(up) if position <= up else step(up + down - position) / number(down)
    return number(low) + height * share


def cosine_restarts(k: int, start: float, end: float, first: int, mult: int, decay: float) -> Interval:
    cycle, length = 0, first
    if mult == 1:
        cycle, k = divmod(k, first)
    else:
        while k >= length:
            cycle, k, length = cycle + 1, k - length, length * mult
    s, e = number(start), number(end)
    return e + (s - e) * number(decay) ** step(cycle) * (ONE + cos_pi(step(k) / step(length))) / TWO


def replay(k: int, form: str, parameters: dict[str, Any]) -> Interval:
    return number(recurrences.value(form, parameters, k))


def number_leaf(k: int, value: float) -> Interval:
    return number(value)


LEAVES: dict[str, Callable[..., Interval]] = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "polynomial": polynomial,
    "polynomial_cycle": polynomial_cycle,
    "power": power,
    "exponential": exponential,
    "natural_exponential": natural_exponential,
    "inverse_time": inverse_time,
    "inverse_sqrt": inverse_sqrt,
    "inverse_power": inverse_power,
    "adam_correction": adam_correction,
    "logarithmic": logarithmic,
    "tanh": tanh,
    "rex": rex,
    "k_decay": k_decay,
    "piecewise_constant": piecewise_constant,
    "table": table,
    "triangle": triangle,
    "cosine_restarts": cosine_restarts,
    "replay": replay,
    "number": number_leaf,
}


TIMES = {"steps", "per", "timescale", "milestones", "up", "down", "first", "at", "n", "every", "steps_per_epoch"}
"""The parameters that are numbers of steps."""


def longer(expr: Expr, by: int) -> Expr:
    """The expression, each of whose steps takes `by` steps."""
    assert expr.kind != "replay"
    if expr.kind == "table":
        return expr.by_epoch(by)
    parts, params = tuple(longer(part, by) for part in expr.parts), dict(expr.params)
    if expr.kind == "then":
        params["at"] = joint(expr)
    if expr.kind == "by_epoch":
        parts = expr.parts
    if expr.kind in {"stride", "stretch"}:
        return Expr(expr.kind, params, parts)
    for name in params.keys() & TIMES:
        value = params[name]
        if value is not None:
            params[name] = [n * by for n in value] if isinstance(value, list) else value * by
    if expr.kind in {"exponential", "natural_exponential", "inverse_time"} and params["stair"] and "per" not in params:
        params["per"] = by
    return Expr(expr.kind, params, parts)


STEP_MAPS: dict[str, Callable[..., int]] = {
    "delay": lambda k, n: max(0, k - n),
    "hold": lambda k, every: k // every * every,
    "by_epoch": lambda k, steps_per_epoch: k // steps_per_epoch,
    "skip": lambda k, n: min(k + n, MAX_STEP),
    "stride": lambda k, n: min(k * n, MAX_STEP),
}
"""The combinators that evaluate their part at another step."""


def evaluate(expr: Expr, k: int) -> Interval:
    """The value of `expr` at step `k`, at the current precision."""
    kind, p, parts = expr.kind, expr.params, expr.parts
    if kind in LEAVES:
        return LEAVES[kind](k, **p)
    if kind == "then":
        at = joint(expr)
        return evaluate(parts[0], k) if k < at else evaluate(parts[1], k - at)
    if kind in STEP_MAPS:
        return evaluate(parts[0], STEP_MAPS[kind](k, **p))
    if kind == "repeat":
        steps, times = parts[0].steps, p["times"]
        assert steps is not None
        return evaluate(parts[0], k % steps if times is None or k < times * steps else steps)
    if kind == "stretch":
        divisor = math.gcd(p["by"], p["over"])
        return evaluate(longer(parts[0], p["by"] // divisor), min(k * (p["over"] // divisor), MAX_STEP))
    if kind == "clamp":
        return evaluate(parts[0], k).clamped(p["low"], p["high"])
    if kind == "neg":
        return -evaluate(parts[0], k)
    a, b = evaluate(parts[0], k), evaluate(parts[1], k)
    if kind == "add":
        return a + b
    if kind == "sub":
        return a - b
    if kind == "mul":
        return a * b
    assert kind == "div", kind
    return a / b


# The rounding. Zero is always +0.0.


def to_double(x: Any) -> float:
    return float(x) + 0.0


def to_single(x: Any) -> float:
    return float(_SINGLE.plus(x)) + 0.0


def _rounded(x: Interval, to: Callable[[Any], float], largest: float, last: bool) -> float | None:
    """The value to which both ends round. If they differ: None, or with `last` the tie between them."""
    lo, hi = x.lo, x.hi
    if last:
        with gmpy2.context(precision=5_000):
            lo, hi = lo - abs(lo) * NEAR, hi + abs(hi) * NEAR
    lo, hi = to(lo), to(hi)
    if lo == hi:
        return lo
    if not last:
        return None
    if math.isinf(lo) or math.isinf(hi):
        finite = lo if math.isinf(hi) else hi
        return (hi if finite == lo else lo) if abs(finite) == largest else None
    down, up = mpfr(lo, 53), mpfr(hi, 53)
    with gmpy2.context(precision=2_200):  # enough for the sum of any two doubles
        middle = (down + up) / 2
    is_between = lo < (tied := to(middle)) < hi
    return None if is_between else tied


def value(expr: Expr, k: int) -> tuple[float, float]:
    """The exact real value of `expr` at step `k`, rounded to nearest-even: as float64, and as float32 (in a float)."""
    double = single = None
    for bits in LADDER:
        Interval.down, Interval.up = _contexts(bits)
        x = evaluate(expr, k)
        last = bits >= LADDER[2]
        double = _rounded(x, to_double, math.nextafter(math.inf, 0), last) if double is None else double
        single = _rounded(x, to_single, MAX_FLOAT32, last) if single is None else single
        if double is not None and single is not None:
            return double, single
    raise UndecidedError(f"{expr} at {k}: between {x.lo} and {x.hi}")


def values(expr: Expr, steps: Iterable[int], dtype: Any = np.float64) -> np.ndarray[Any, Any]:
    """The values at all steps, as an array of `dtype`."""
    column = 1 if np.dtype(dtype) == np.float32 else 0
    return np.array([value(expr, int(k))[column] for k in steps], dtype=dtype)


def answers(expr: Expr, steps: Iterable[int]) -> tuple[list[int], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The steps that have an answer, and the answers as float64 and as float32.

    There is none for what is infinity times zero, or the difference of infinities, even to MPFR.
    """
    kept, pairs = [], []
    for k in steps:
        try:
            pairs.append(value(expr, int(k)))
            kept.append(int(k))
        except UndecidedError:
            continue
    doubles, singles = (np.array([pair[i] for pair in pairs], dtype=np.float64) for i in (0, 1))
    with np.errstate(over="ignore"):
        return kept, doubles, singles.astype(np.float32)
