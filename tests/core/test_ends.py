"""Promise 3 of the README: a curve has exactly its first and last value, and stays in the interval between them."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import expression
import glidepath as gp
from cases import CASES, random_nested, some_length, some_span, steps_of_interest, windows
from expression import MAX_STEP, Expr
from helpers import DTYPES, Array, drawn
from strategies import expressions, long_lengths, powers, shares, values

SPANS = ("linear", "cosine", "polynomial")


def some_leaf(make: str, rng: Random) -> Expr:
    rest = {"power": rng.choice((0.5, 0.9, 1.0, 2.0, 0.25, rng.uniform(0.05, 6)))} if make == "polynomial" else {}
    return getattr(expression, make)(*some_span(rng), some_length(rng), **rest)


def cast(value: float, dtype: str) -> float:
    """The value of a parameter in that dtype."""
    return float(np.dtype(dtype).type(value))


def seen(schedule: Any, expr: Expr, rng: Random, dtype: str) -> tuple[Array, Array]:
    """Sorted steps and their values, from `gather` and from `array`."""
    start, n = windows(expr, rng, 1)[0]
    steps = np.unique(np.array([*steps_of_interest(expr, rng, 200), *range(start, start + n)], dtype=np.int64))
    values = schedule.gather(steps, dtype=dtype)
    inside = (steps >= start) & (steps < start + n)
    values[inside] = schedule.array(n, start=start, dtype=dtype)
    return steps, values


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("make", SPANS)
def test_both_ends_and_no_further(make: str, dtype: str) -> None:
    for seed in range(60):
        rng = Random(f"{make} {seed}")
        expr = some_leaf(make, rng)
        schedule, p = expr.build(gp), expr.params
        steps, found = seen(schedule, expr, rng, dtype)
        start, end = cast(p["start"], dtype), cast(p["end"], dtype)
        assert schedule.steps == p["steps"]
        assert found[0] == start
        assert (found[steps >= p["steps"]] == end).all()
        assert ((min(start, end) <= found) & (found <= max(start, end))).all(), expr
        way = np.diff(found[steps <= p["steps"]])
        assert (way <= 0).all() if start >= end else (way >= 0).all(), f"{expr} turns back"


@given(st.sampled_from(SPANS), values, values, long_lengths, powers)
def test_any_ends(make: str, start: float, end: float, steps: int, power: float) -> None:
    schedule = getattr(gp, make)(start, end, steps, **({"power": power} if make == "polynomial" else {}))
    assert (schedule[0], schedule[steps], schedule[MAX_STEP]) == (start, end, end)
    low, high = sorted((start, end))
    near = np.array([k for k in (1, 2, steps // 2, steps - 2, steps - 1) if 0 <= k <= steps], dtype=np.int64)
    assert ((low <= schedule.gather(near)) & (schedule.gather(near) <= high)).all()


@given(values, values, long_lengths, long_lengths, shares)
def test_a_triangle_stays_between(low: float, high: float, up: int, down: int, decay: float) -> None:
    wave = gp.triangle(low, high, up, down, decay=decay)
    assert (wave[0], wave[up], wave[up + down]) == (low, high, low)
    found = wave.gather([0, 1, up - 1, up, up + 1, up + down - 1, up + down, up + down + 1])
    assert ((min(low, high) <= found) & (found <= max(low, high))).all()


@given(values, values, st.integers(1, 2**20), st.integers(1, 4))
def test_restarts_restart(start: float, end: float, first: int, mult: int) -> None:
    schedule = gp.cosine_restarts(start, end, first, mult=mult)
    begun, length = 0, first
    for _ in range(5):
        assert schedule[begun] == start
        last = schedule[begun + length - 1]
        assert min(start, end) <= last <= max(start, end)
        begun, length = begun + length, length * mult


@pytest.mark.parametrize(
    "name", ["exponential", "exponential_stair", "natural_exponential", "inverse_time", "inverse_sqrt", "inverse_power"]
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_decays_start_there_and_never_turn(name: str, dtype: str) -> None:
    for seed in range(40):
        schedule, expr = drawn(CASES[name], seed)
        _, found = seen(schedule, expr, Random(seed), dtype)
        start = cast(expr.params["start"], dtype)
        assert found[0] == start
        grows = expr.kind == "exponential" and expr.params["rate"] > 1
        away = np.abs(found.astype(np.float64))
        with np.errstate(invalid="ignore"):
            change = np.diff(away)
        change = change[~np.isnan(change)]
        assert (change >= 0).all() if grows else (change <= 0).all(), expr


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.is_composite])
def test_composites_meet_their_numbers(name: str) -> None:
    peak, steps, warmup, decay, end = 3e-4, 10_000, 500, 2_000, 3e-5
    if name.startswith("warmup"):
        schedule = getattr(gp, name)(peak, steps, warmup, start=1e-6, end=end)
        corners = {0: 1e-6, warmup: peak, steps: end, steps + 1: end, MAX_STEP: end}
    elif name.startswith("wsd"):
        schedule = gp.wsd(peak, steps, warmup, decay, start=1e-6, end=end, shape=name.removeprefix("wsd_"))
        corners = {0: 1e-6, warmup: peak, 5_000: peak, steps - decay: peak, steps: end, MAX_STEP: end}
    elif name == "one_cycle":
        schedule = gp.one_cycle(peak, steps, 0.25)
        corners = {0: peak / 25, 2_500: peak, steps: peak / 25 / 1e4, MAX_STEP: peak / 25 / 1e4}
    else:
        schedule = gp.noam(512, 4_000)
        top = 1 / (512 * 4_000) ** 0.5
        corners = {0: 0.0, 4_000: top, 2_000: top / 2, 16_000: top / 2, 1_600_000: top / 20}
    assert {k: schedule[k] for k in corners} == corners
    assert schedule.steps == (None if name == "noam" else steps)
    found = schedule.array(3 * steps)
    top_at = int(found.argmax())
    assert (np.diff(found[: top_at + 1]) >= 0).all()
    assert (np.diff(found[top_at:]) <= 0).all()


def test_composites_equal_their_leaves() -> None:
    """Composites equal the joins of leaves in their formulas."""
    assert gp.warmup_cosine(3e-4, 1_000, 100, end=3e-5) == gp.linear(0, 3e-4, 100) >> gp.cosine(3e-4, 3e-5, 900)
    assert gp.warmup_linear(3e-4, 1_000, 0.1) == gp.linear(0, 3e-4, 100) >> gp.linear(3e-4, 0, 900)
    assert gp.warmup_cosine(3e-4, 1_000, 0) == gp.cosine(3e-4, 0, 1_000)
    rise, fall = gp.linear(0, 3e-4, 100), gp.linear(3e-4, 0, 200)
    plateau = gp.constant(3e-4)
    trapezoid = gp.wsd(3e-4, 1_000, 100, 200)
    same = (rise >> plateau).then(fall, at=800)
    assert trapezoid.array(1_200).tobytes() == same.array(1_200).tobytes()


def test_noam_is_the_papers_formula() -> None:
    """Within 4 units in the last place, because the paper's formula in doubles has rounding errors."""
    schedule = gp.noam(512, 4_000, 2.0)
    for k in (1, 2, 3_999, 4_000, 4_001, 10**6, 10**12):
        paper = 2.0 * 512**-0.5 * min(k**-0.5, k * 4_000**-1.5)
        assert abs(schedule[k] - paper) <= 4 * np.spacing(paper), k


@given(expressions, st.integers(0, 10_000))
def test_past_its_end_a_schedule_holds(expr: Expr, further: int) -> None:
    schedule = expr.build(gp)
    assert schedule.steps == expr.steps
    if schedule.steps is not None:
        held = schedule[schedule.steps]
        k = min(MAX_STEP, schedule.steps + further)
        assert schedule[k].hex() == held.hex()
        assert schedule[MAX_STEP].hex() == held.hex()


def test_zero_is_never_negative() -> None:
    for schedule in (
        gp.constant(-0.0), gp.linear(-0.0, -0.0, 5), -gp.constant(0.0), gp.linear(-1, 0, 10), -gp.cosine(1, 0, 10),
        gp.constant(-3.0) * 0.0, gp.table([-0.0]), gp.constant(-1.0).clamp(low=-0.0), gp.cosine(1, -1, 4),
        gp.linear(-1, 1, 10), gp.piecewise_constant([-0.0, 1.0], [5]), gp.exponential(-1.0, 0.5).delay(3),
    ):  # fmt: skip
        for dtype in DTYPES:
            found = schedule.array(20, dtype=dtype)
            assert not np.signbit(found[found == 0]).any(), schedule
        assert not any(str(schedule[k]).startswith("-0.0") and schedule[k] == 0 for k in range(20))


@pytest.mark.parametrize("seed", range(40))
def test_clamps_hold(seed: int) -> None:
    rng = Random(seed)
    expr = random_nested(rng, 2).clamp(-0.25, 0.5)
    found = expr.build(gp).array(3_000)
    assert ((found >= -0.25) & (found <= 0.5)).all()
