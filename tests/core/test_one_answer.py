"""Promise 2 of the README: every method, thread count, instruction set and rung gives the same bits.

The reference is one `fill`. Everything else must give its bits.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import expression
import glidepath as gp
from cases import CASES, Case, random_nested
from helpers import DTYPES, LEVELS, RUNGS, Array, assert_same, drawn, forced
from strategies import expressions

STARTS = (0, 1, 31, 2**31, 2**40)
N = 1_537
"""Not a multiple of a vector width, and longer than a tile."""
LENGTH = 3_000
"""Starts for the tested instance: 31 and 1 are inside; the large ones are after the end, if there is an end."""

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def instances(case: Case) -> list[Any]:
    return [case.build(gp, LENGTH), drawn(case, 100)[0], drawn(case, 101)[0]]


def filled(schedule: Any, start: int, n: int, dtype: str) -> Array:
    return schedule.fill(np.full(n, np.nan, dtype=dtype), start=start)


@every_case
@every_dtype
@pytest.mark.parametrize("start", STARTS)
def test_every_verb(case: Case, dtype: str, start: int) -> None:
    for schedule in instances(case):
        want = filled(schedule, start, N, dtype)
        assert_same(schedule.array(N, start=start, dtype=dtype), want, (schedule, "array"))
        order = np.arange(start, start + N, dtype=np.int64)
        Random(0).shuffle(order)
        assert_same(schedule.gather(order, dtype=dtype), want[order - start], (schedule, "gather, shuffled"))
        twice = np.array([start + N - 1, start, start], dtype=np.uint64)
        assert_same(schedule.gather(twice, dtype=dtype), want[[N - 1, 0, 0]], (schedule, "gather, few"))
        assert_same(schedule.gather(twice[:0], dtype=dtype), want[:0], (schedule, "gather, none"))
        if dtype == "float64":
            picked = range(0, N, 29)
            for ask in (schedule.at, schedule.__getitem__, schedule):
                assert_same(np.array([ask(start + i) for i in picked]), want[list(picked)], (schedule, ask))
            assert_same(schedule(order), want[order - start], (schedule, "call"))


@every_case
@every_dtype
def test_every_cut(case: Case, dtype: str) -> None:
    """Chunks of any size, from any start, joined give the whole array."""
    for schedule in instances(case):
        want = filled(schedule, 0, N, dtype)
        for size in (1, 7, 64, 100, 512, 1_000, N, 10 * N):
            n = min(N, 40 * size)
            parts = list(schedule.chunks(n, size, dtype=dtype))
            assert [len(part) for part in parts[:-1]] == [size] * (len(parts) - 1)
            assert_same(np.concatenate(parts), want[:n], (schedule, "chunks of", size))
        for start in (1, 31, 63, 64, 65, 500):
            assert_same(filled(schedule, start, N - start, dtype), want[start:], (schedule, "from", start))
            parts = list(schedule.chunks(N - start, 300, start=start, dtype=dtype))
            assert_same(np.concatenate(parts), want[start:], (schedule, "chunks from", start))


@every_case
def test_slices_and_iteration(case: Case) -> None:
    for schedule in instances(case):
        n = N if schedule.steps is None else min(N, schedule.steps)
        want = filled(schedule, 0, n, "float64")
        for a, b, stride in ((0, n, 1), (n // 3, n, 1), (0, n, 7), (n // 2, n // 2, 1), (n // 5, n - n // 5, 3)):
            assert_same(schedule[a:b:stride], want[a:b:stride], (schedule, a, b, stride))
        assert_same(schedule[:n], want, (schedule, "[:n]"))
        if schedule.steps == n:
            assert_same(schedule[:], want, (schedule, "[:]"))
            assert_same(schedule[::5], want[::5], (schedule, "[::5]"))
            assert_same(np.asarray(schedule), want, (schedule, "asarray"))
            assert_same(np.array(list(schedule)), want, (schedule, "iter"))
            assert len(schedule) == n
        elif schedule.steps is not None:
            assert_same(np.array(list(islice(iter(schedule), 50))), want[:50], (schedule, "iter"))


@every_case
@every_dtype
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("start", STARTS)
def test_every_instruction_set(case: Case, dtype: str, level: str, start: int) -> None:
    for schedule in instances(case):
        want = filled(schedule, start, N, dtype)
        with forced(level=level):
            assert_same(filled(schedule, start, N, dtype), want, (schedule, level))
            order = np.arange(start, start + N, 13)[::-1]
            assert_same(schedule.gather(order, dtype=dtype), want[order - start], (schedule, level, "gather"))


@every_case
@every_dtype
def test_every_rung(case: Case, dtype: str) -> None:
    schedule = case.build(gp, LENGTH)
    want = filled(schedule, 0, 400, dtype)
    for rung in RUNGS:
        with forced(rung=rung):
            assert_same(filled(schedule, 0, 400, dtype), want, (schedule, rung))


@every_case
@every_dtype
@pytest.mark.parametrize("threads", [2, 3])
def test_every_number_of_threads(case: Case, dtype: str, threads: int) -> None:
    for schedule in instances(case):
        want = filled(schedule, 5, N, dtype)
        out = np.empty(N, dtype=dtype)
        assert_same(schedule.fill(out, start=5, threads=threads), want, (schedule, "fill"))
        assert_same(schedule.array(N, start=5, dtype=dtype, threads=threads), want, (schedule, "array"))
        parts = list(schedule.chunks(N, 600, start=5, dtype=dtype, threads=threads))
        assert_same(np.concatenate(parts), want, (schedule, "chunks"))


@every_dtype
@pytest.mark.parametrize("name", ["then", "cosine", "cosine_restarts_mult", "triangle", "repeat", "hold", "table"])
def test_threads_over_millions(name: str, dtype: str) -> None:
    """So long that the threads really share the work."""
    schedule = CASES[name].build(gp)
    want = schedule.array(3_000_017, start=7, dtype=dtype)
    for threads in (2, 3):
        assert_same(schedule.array(3_000_017, start=7, dtype=dtype, threads=threads), want, (name, threads))


@every_case
@every_dtype
def test_every_stride(case: Case, dtype: str) -> None:
    schedule = case.build(gp, LENGTH)
    want = filled(schedule, 3, N, dtype)
    for stride in (2, 3, 17, -1, -2):
        out = np.full(N * abs(stride), -7, dtype=dtype)
        view = out[::stride]
        assert_same(schedule.fill(view, start=3), want, (schedule, "stride", stride))
        between = np.ones(out.size, dtype=bool)
        between[::stride] = False
        assert (out[between] == -7).all(), "what lies between the strides is not touched"


@given(expressions, st.integers(0, 5_000), st.integers(0, 700), st.sampled_from(DTYPES), st.sampled_from(LEVELS))
def test_any_expression(expr: expression.Expr, start: int, n: int, dtype: str, level: str) -> None:
    schedule = expr.build(gp)
    with forced(level="baseline"):
        want = schedule.gather(np.arange(start, start + n), dtype=dtype)
    with forced(level=level):
        assert_same(schedule.array(n, start=start, dtype=dtype), want, expr)
        assert_same(np.concatenate([want[:0], *schedule.chunks(n, 91, start=start, dtype=dtype)]), want, expr)


# The state of the machine.


@contextmanager
def flushing_denormals() -> Iterator[None]:
    torch = pytest.importorskip("torch", reason="sets the processor's flush-to-zero, which nothing else here does")
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor has no flush-to-zero")
    try:
        assert np.array([5e-324])[0] * 1.0 == 0.0, "the flag is set on this thread"
        yield
    finally:
        torch.set_flush_denormal(False)


@every_dtype
def test_with_denormals_flushed(dtype: str) -> None:
    names = ("subnormal", "cosine_to_zero", "then", "product", "exponential")
    schedules = [CASES[name].build(gp, LENGTH) for name in names] + [gp.exponential(1.0, 0.5)]
    expected = [schedule.array(N, dtype=dtype) for schedule in schedules]
    order = np.arange(N)[::-1].copy()
    with flushing_denormals():
        actual = [schedule.array(N, dtype=dtype) for schedule in schedules]
        gathered = [schedule.gather(order, dtype=dtype) for schedule in schedules]
        threaded = [schedule.array(N, dtype=dtype, threads=2) for schedule in schedules]
        scalars = [[schedule.at(k) for k in range(0, N, 31)] for schedule in schedules]
        # Not with repr: on such a thread Python reads 5e-324 as 0.0.
        rebuilt = [gp.Schedule.from_json(schedule.to_json()) for schedule in schedules]
        still_on = np.array([5e-324])[0] * 1.0 == 0.0
    assert still_on, "the caller's flag is put back"
    for i, schedule in enumerate(schedules):
        assert_same(actual[i], expected[i], (schedule, "array"))
        assert_same(gathered[i], expected[i][order], (schedule, "gather"))
        assert_same(threaded[i], expected[i], (schedule, "threads"))
        # On such a thread float.hex also reads a subnormal as 0: so compare outside it.
        assert [x.hex() for x in scalars[i]] == [schedule.at(k).hex() for k in range(0, N, 31)]
        assert rebuilt[i] == schedule


def test_many_threads_on_one_schedule() -> None:
    """The threads share the plan. It never changes."""
    rng = Random(5)
    schedules = [random_nested(rng).build(gp) for _ in range(6)]
    expected = [schedule.array(N) for schedule in schedules]
    wrong: list[str] = []

    def work(seed: int) -> None:
        mine = Random(seed)
        for _ in range(40):
            i, start = mine.randrange(len(schedules)), mine.randrange(N)
            try:
                assert_same(schedules[i].array(N - start, start=start), expected[i][start:], schedules[i])
                assert schedules[i].at(start).hex() == float(expected[i][start]).hex()
            except AssertionError as mistake:
                wrong.append(str(mistake))

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


NEAR_THE_LAST_STEP = {
    gp.inverse_time(0.6962715972260725, 1.0): [-5, 0, -5, -6, -4, -6, -1, -8, -5, 0, -8, -9],
    gp.inverse_sqrt(0.6951226270520138, 1000.0): [-60, -38, -79, -54, -41, -59, -59, -12],
    gp.exponential(0.1601908002727697, 0.9999999999999998): [-2, -3, 0, -9, -6, -4, 0, -7, 0, -7],
    gp.natural_exponential(0.5830835064782683, 2**-47): [-1, -2, -2, 0, -1, 0, -1, -2, 0, 0, -2, 0],
}


@pytest.mark.parametrize("schedule", NEAR_THE_LAST_STEP, ids=repr)
def test_gathered_near_the_last_step(schedule: Any) -> None:
    """A tile's centre above 2**53 may not be a double."""
    steps = [2**53 + offset for offset in NEAR_THE_LAST_STEP[schedule]]
    assert_same(schedule.gather(steps), [schedule.at(k) for k in steps], schedule)


ROUNDED_TO_ZERO = [
    gp.linear(-1e-60, -2e-60, 1_000), gp.table([-1e-60]), gp.constant(-1e-60), gp.constant(-1.0).clamp(-1e-60),
    gp.linear(-1.0, -2.0, 10).clamp(-1e-60), gp.replay("torch.StepLR", base_lr=-1e-60, step_size=5),
    gp.piecewise_constant([-1e-60, 1.0], [5_000]),
]  # fmt: skip


@pytest.mark.parametrize("schedule", ROUNDED_TO_ZERO, ids=repr)
def test_zero_has_no_sign(schedule: Any) -> None:
    zeros = np.zeros(1_000, np.float32)
    assert_same(schedule.array(1_000, dtype="float32"), zeros, schedule)
    assert_same(schedule.gather(np.arange(1_000), dtype="float32"), zeros, schedule)
    assert_same(schedule.gather([0, 1], dtype="float32"), zeros[:2], schedule)


@pytest.mark.parametrize("dtype", DTYPES)
def test_straight_legs_of_every_length(dtype: str) -> None:
    lengths = [*range(1, 70), 127, 255, 256, 257, 500, 1_000, 2_047, 2_048, 2_049, 3_000, 4_097, 8_193, 9_000]
    for up in lengths:
        for low in (3e-5, 0.0, -1.0):
            schedule = gp.triangle(low, 3e-4, up, 3 * up // 2 + 1, decay=0.999)
            n = 7 * up + 20
            assert np.array_equal(schedule.array(n, dtype=dtype), schedule.gather(range(n), dtype=dtype)), (up, low)


@pytest.mark.parametrize("dtype", DTYPES)
def test_clamped_blocks(dtype: str) -> None:
    for inner in (gp.cosine(1.0, 0.0, 400_000), gp.cosine(1.0, 0.0, 3_000).repeat(), gp.constant(0.5)):
        for bounds in ((0.25, 0.75), (None, 0.3), (0.9, None), (0.5, 0.5), (-1.0, 2.0), (2.0, 3.0)):
            schedule = inner.clamp(*bounds)
            for start, n in ((0, 420_000), (65_530, 70_000), (131_071, 13)):
                steps = np.arange(start, start + n)
                assert np.array_equal(schedule.array(n, start, dtype), schedule.gather(steps, dtype=dtype)), schedule


BEYOND = {
    "to 0": (gp.exponential(1.0, 0.999), 745_000),
    "to 0 from below": (-1.0 * gp.exponential(1.0, 0.999), 745_000),
    "to 0, slowly": (gp.exponential(1e-300, 0.99999), 5_500_000),
    "to 0, a product": (gp.exponential(1.0, 0.999) * gp.cosine(1.0, 0.0, 10**7), 742_000),
    "float32 to 0": (gp.natural_exponential(1.0, 1e-3), 104_000),
    "float32 below 2^-80": (gp.natural_exponential(1.0, 1e-3), 56_000),
    "below 2^-80, ties": (gp.exponential(1.0, 0.5, per=1_000), 149_000),
    "to infinity": (gp.exponential(1.0, 1.001), 710_000),
    "float32 to infinity": (-1.0 * gp.exponential(1.0, 1.001), 88_000),
    "to 1": (gp.adam_correction(0.9, 0.9999, 10**7), 360_000),
    "to 0 as a difference": (gp.power(1.0, 0.0, 200_000, 0.3), 190_000),
    "to 0 as a difference of powers": (gp.k_decay(1.0, 0.0, 200_000, 1.5), 190_000),
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", BEYOND)
def test_where_lanes_end(case: str, dtype: str, level: str) -> None:
    """Near 0, 0 and infinity are written tile by tile where all of a tile rounds to it: as one by one."""
    schedule, middle = BEYOND[case]
    start = middle - 20_000
    with forced(level=level):
        filled = schedule.array(60_000, start=start, dtype=dtype)
        one_by_one = [schedule.array(1, start=start + k, dtype=dtype)[0] for k in range(0, 60_000, 31)]
    assert_same(filled[::31], np.array(one_by_one, dtype=dtype))
    with forced(rung="fresh"):
        assert_same(filled[7::499], schedule.gather(np.arange(start + 7, start + 60_000, 499), dtype=dtype))
