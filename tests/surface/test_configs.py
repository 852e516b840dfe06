"""gp.read: the config files of 30 kinds, what they leave open, mutated ones, and what is never executed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import glidepath as gp
from config_cases import CASES
from glidepath import configs

FOLDER = Path(__file__).parents[2] / "examples" / "configs"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_a_file_has_the_values_of_the_library(case):
    reading = gp.read(FOLDER / case.file, **case.known)
    want = np.array([case.rate(step) for step in case.at])
    got = reading.schedule.gather(case.at)
    np.testing.assert_array_equal(got.astype("float32"), want.astype("float32"))
    assert (reading.kind, reading.steps) == (case.kind, case.steps)
    assert case.derived.items() <= reading.derived.items()
    assert [text for text in reading.warnings if not (case.warns and text.startswith(case.warns))] == []
    assert bool(case.warns) == bool(reading.warnings)


def test_each_kind_has_a_file():
    assert {case.kind for case in CASES} == configs.kinds().keys()
    bases = {"schedule_1x_base.py"}  # which another file includes
    assert {case.file for case in CASES} | bases == {path.name for path in FOLDER.iterdir()}
