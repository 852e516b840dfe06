"""Times every case of `tests/cases.py` with every method. Run with `make asv`.

Each setup checks the values first: `fill`, `gather` and `at` must give the same bits.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import glidepath as gp

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from cases import CASES

DTYPES = ["float64", "float32"]


class _Verb:
    """Shared by the methods: the schedule and its values."""

    params = [list(CASES), DTYPES]
    param_names = ["case", "dtype"]
    steps = 10_000_000

    def setup(self, case: str, dtype: str) -> None:
        self.schedule = CASES[case].build(gp, self.steps)
        self.out = self.schedule.array(self.steps, dtype=dtype)
        check(self.schedule, self.out)


class Fill(_Verb):
    """Into an array that was written before."""

    def time_fill(self, _case, _dtype):
        self.schedule.fill(self.out)


class Array(_Verb):
    """Into a new array."""

    def time_array(self, _case, dtype):
        self.schedule.array(self.steps, dtype=dtype)


class Gather(_Verb):
    """As many steps as `fill` has, at random, into an array that was written before."""

    def setup(self, case, dtype):
        super().setup(case, dtype)
        self.at = np.random.default_rng(0).integers(0, self.steps, self.steps)

    def time_gather(self, _case, dtype):
        self.schedule.gather(self.at, out=self.out, dtype=dtype)


class Scalar:
    """One value, and the construction of a schedule."""

    params = [list(CASES)]
    param_names = ["case"]
    steps = 10_000_000

    def setup(self, case: str) -> None:
        self.schedule = CASES[case].build(gp, self.steps)
        self.step = self.steps // 3
        gathered = self.schedule.gather([self.step])[0]
        assert self.schedule.at(self.step) == self.schedule[self.step] == gathered

    def time_at(self, _case):
        self.schedule.at(self.step)

    def time_getitem(self, _case):
        self.schedule[self.step]

    def time_build(self, case):
        CASES[case].build(gp, self.steps)


def check(schedule: gp.Schedule, filled: np.ndarray) -> None:
    """Compare some values of a fill from step 0 with those of `gather` and `at`, in bits."""
    steps = np.unique(np.random.default_rng(1).integers(0, filled.size, 10_000))
    gathered = schedule.gather(steps, dtype=filled.dtype.name)
    unsigned = f"u{filled.dtype.itemsize}"
    assert np.array_equal(filled[steps].view(unsigned), gathered.view(unsigned))
    if filled.dtype == np.float64:
        assert [schedule.at(step) for step in steps[:100].tolist()] == gathered[:100].tolist()
