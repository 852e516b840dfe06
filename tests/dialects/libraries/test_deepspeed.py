"""glidepath.dialects.deepspeed: OneCycle against a naive loop, and short parts."""

from __future__ import annotations

import math

import numpy as np
import pytest

import glidepath as gp
from glidepath.dialects import deepspeed
from helpers import assert_same


def one_cycle(k, first, second, stairs, low, high):
    """The factor of the range at update k, as DeepSpeed computes it."""
    place = k % (first + second)
    rises = place <= first
    here, length, count = (place, first, stairs[0]) if rises else (first + second - place, second, stairs[1])
    return low + (high - low) * (math.floor(here * count / length) / count if count else here / length)


@pytest.mark.parametrize("stairs", [(0, 0), (3, 3), (4, 2), (20, 30), (0, 5)])
@pytest.mark.parametrize(("first", "second"), [(10, 10), (10, 7), (13, 5), (100, 40)])
def test_one_cycle_with_stairs_and_its_momentum(first, second, stairs):
    shape = dict(zip(
        ("cycle_first_step_size", "cycle_second_step_size", "cycle_first_stair_count", "cycle_second_stair_count"),
        (first, second, *stairs),
        strict=True,
    ))  # fmt: skip
    n = first + second
    rates = [one_cycle(k, first, second, stairs, 0.01, 0.1) for k in range(n + 1)]
    rates += [0.01 / (1 + 0.5 * k / 7) for k in range(1, 200)]
    ours = deepspeed.OneCycle(0.01, 0.1, decay_lr_rate=0.5, decay_step_size=7, **shape)
    assert_same(ours.array(n + 200, dtype="float32"), np.array(rates, dtype=np.float32))

    momenta = [0.8, *(one_cycle(k, first, second, stairs, 0.9, 0.8) for k in range(1, n + 1))]
    momenta += [0.9 * (1 + 0.5 * k / 7) for k in range(1, 200)]
    beta = deepspeed.OneCycle_momentum(decay_mom_rate=0.5, decay_step_size=7, **shape)
    assert_same(beta.array(n + 200, dtype="float32"), np.array(momenta, dtype=np.float32))


def test_the_decay_is_off_by_default():
    lr = deepspeed.OneCycle(0.01, 0.1, decay_lr_rate=0.5, cycle_first_step_size=10)
    assert (lr[20], lr[10**6]) == (0.01, 0.01)
    assert deepspeed.OneCycle_momentum(decay_mom_rate=0.5, cycle_first_step_size=10)[10**6] == 0.9


def test_a_warm_up_of_one_step_counts_as_two_and_a_short_run_is_at_the_minimum():
    assert deepspeed.WarmupLR(0.0, 1.0, 1, "linear").array(4).tolist() == [0.0, 0.0, 0.5, 1.0]
    assert deepspeed.WarmupDecayLR(4, 0.25, 1.0, 4, "linear").array(7)[4:].tolist() == [0.8125, 0.25, 0.25]
    assert deepspeed.WarmupCosineLR(1.0, 3, 0.5, 4, 0.25, "linear").array(7).tolist() == [
        0.0, 0.5, 0.625, 0.75, 0.875, 0.25, 0.25,
    ]  # fmt: skip


def test_the_range_test_has_no_end():
    lr = deepspeed.LRRangeTest(0.001, 100, 0.5)
    assert (lr.steps, lr[1_000]) == (None, 0.006)
    assert deepspeed.LRRangeTest(0.001, 100, 0.5, lr_range_test_staircase=True)[1_099] == 0.006


def test_by_name():
    from glidepath import dialects

    assert dialects.schedule("deepspeed.WarmupLR", 0.1, 10) == deepspeed.WarmupLR(0.0, 0.1, 10)
    made = dialects.schedule("deepspeed.WarmupCosineLR", 0.1, 10, 100, warmup_type="linear")
    assert made == deepspeed.WarmupCosineLR(0.1, 100, warmup_num_steps=10, warmup_type="linear")
    assert isinstance(made, gp.Schedule)
