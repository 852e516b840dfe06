"""Every row of the tests' table of cases under every verb. Run with `make asv`.

Each setup checks the answer before it is timed: what `fill` wrote has the bits that `gather` and `at` give.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import glidepath as gp

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from cases import CASES

DTYPES = ["float64", "float32"]


class _Verb:
    """What the verbs share: the schedule, and where to look at it."""

    params = [list(CASES), DTYPES]
    param_names = ["case", "dtype"]
    steps = 10_000_000

    def setup(self, case: str, dtype: str) -> None:
        self.schedule = CASES[case].build(gp, self.steps)
        self.out = self.schedule.array(self.steps, dtype=dtype)
        check(self.schedule, self.out)


class Fill(_Verb):
    """Into memory that has been touched."""

    def time_fill(self, _case, _dtype):
        self.schedule.fill(self.out)


class Array(_Verb):
    """Into fresh memory."""

    def time_array(self, _case, dtype):
        self.schedule.array(self.steps, dtype=dtype)


class Gather(_Verb):
    """As many steps as a fill has, at random; into memory that has been touched."""

    def setup(self, case, dtype):
        super().setup(case, dtype)
        self.at = np.random.default_rng(0).integers(0, self.steps, self.steps)

    def time_gather(self, _case, dtype):
        self.schedule.gather(self.at, out=self.out, dtype=dtype)


class Scalar:
    """One value, and what it takes to make a schedule."""

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
    """Compare, in bits, some of the values that a fill from step 0 wrote with those of the other two verbs."""
    steps = np.unique(np.random.default_rng(1).integers(0, filled.size, 10_000))
    gathered = schedule.gather(steps, dtype=filled.dtype.name)
    unsigned = f"u{filled.dtype.itemsize}"
    assert np.array_equal(filled[steps].view(unsigned), gathered.view(unsigned))
    if filled.dtype == np.float64:
        assert [schedule.at(step) for step in steps[:100].tolist()] == gathered[:100].tolist()
