"""Shared by the suites: comparison in bits, comparison with the oracle, the engine's test hooks."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

import numpy as np
import pytest

import expression
import glidepath as gp
import oracle
from cases import Case
from expression import Expr
from glidepath import _core

DTYPES = ("float64", "float32")
RUNGS = ("quick", "careful", "fresh", "exact", "big")
REFUSED = (ValueError, TypeError, IndexError)
Array = np.ndarray[Any, Any]


@contextmanager
def forced(level: str | None = None, rung: str | None = None) -> Iterator[None]:
    """Force the engine to this instruction set and this first rung."""
    _core._force(level=level, rung=rung)
    try:
        yield
    finally:
        _core._force()


def _has(level: str) -> bool:
    try:
        with forced(level=level):
            return True
    except ValueError:
        return False


LEVELS = tuple(level for level in ("baseline", "avx2", "avx512") if _has(level))
"""The instruction sets of this CPU."""


def bits(values: Any) -> Array:
    """The bit patterns of the values, to compare with ==."""
    array = np.ascontiguousarray(values)
    return array.view(np.uint32 if array.dtype == np.float32 else np.uint64)


def assert_same(actual: Any, expected: Any, where: object = "", steps: Sequence[int] | range | None = None) -> None:
    """Assert that dtype, shape and every bit are equal."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.dtype == expected.dtype, (where, actual.dtype, expected.dtype)
    assert actual.shape == expected.shape, (where, actual.shape, expected.shape)
    wrong = np.flatnonzero(bits(actual) != bits(expected))
    if wrong.size:
        i = int(wrong[0])
        step = i if steps is None else steps[i]
        got, want = float(actual[i]), float(expected[i])
        raise AssertionError(
            f"{where}: {wrong.size} of {actual.size} differ, first at step {step}: "
            f"{got!r} ({got.hex()}), expected {want!r} ({want.hex()}) in {actual.dtype}"
        )


def assert_right(schedule: Any, expr: Expr, steps: Sequence[int]) -> list[int]:
    """Assert that `gather`, and `at` for float64, give the oracle's bits. Returns the steps that have an answer."""
    kept, *answers = oracle.answers(expr, steps)
    index = np.array(kept, dtype=np.int64)
    for dtype, want in zip(DTYPES, answers, strict=True):
        assert_same(schedule.gather(index, dtype=dtype), want, (expr, "gather"), kept)
    assert_same(np.array([schedule.at(k) for k in kept], dtype=np.float64), answers[0], (expr, "at"), kept)
    return kept


def assert_right_window(schedule: Any, expr: Expr, start: int, n: int, rng: Random, samples: int = 200) -> list[int]:
    """Assert that `array` gives the oracle's bits at both ends and at random steps. Returns the checked steps."""
    picked = sorted({*range(min(5, n)), *range(max(0, n - 5), n), *(rng.randrange(n) for _ in range(samples))})
    kept, *answers = oracle.answers(expr, [start + i for i in picked])
    inside = np.array(kept, dtype=np.int64) - start
    for dtype, want in zip(DTYPES, answers, strict=True):
        found = schedule.array(n, start=start, dtype=dtype)[inside]
        assert_same(found, want, (expr, "array", start, n), kept)
    return kept


def drawn(case: Case, seed: int) -> tuple[Any, Expr]:
    """A random instance of a case: the schedule, and its expression for the oracle."""
    rng = Random(f"{case.name} {seed}")
    if case.is_composite:
        schedule = case.draw(gp, rng)
        return schedule, expression.from_repr(repr(schedule))
    expr = case.draw(expression, rng)
    return expr.build(gp), expr


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Assert that the block takes no longer than this."""
    begun = time.perf_counter()
    yield
    took = time.perf_counter() - begun
    assert took < seconds, f"took {took:.1f} s, more than {seconds} s"


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Send a real SIGINT to this process, as Ctrl-C does. The running code must soon raise KeyboardInterrupt."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    begun = time.perf_counter()
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
        assert time.perf_counter() - begun < seconds + 3.0
    finally:
        timer.cancel()
        timer.join()
        signal.signal(signal.SIGINT, before)
