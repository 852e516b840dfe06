"""glidepath.dialects.megatron against a naive loop: float32 at every step and past the end."""

from __future__ import annotations

import math

import numpy as np
import pytest

from glidepath import dialects
from glidepath.dialects import megatron
from helpers import assert_same

RUNS = [(0.0, 0.1, 0.01, 10, 100), (0.001, 0.1, 0.0, 5.5, 100), (0.0, 3e-4, 3e-5, 0, 1_000), (0.0, 0.1, 0.0, 0.5, 50),
        (0.0, 0.1, 0.01, 1, 7), (0.0, 0.1, 0.0, 99.3, 100)]  # fmt: skip
"""Initial rate, peak, minimum, warm-up, length."""
SHAPES = {
    "linear": lambda v: 1.0 - v,
    "cosine": lambda v: 0.5 * (math.cos(math.pi * v) + 1.0),
    "exponential": lambda v: 2.0 * 0.5**v - 1.0,
    "minus_sqrt": lambda v: 1.0 - math.sqrt(v),
}


def rate(k, init, top, low, warmup, end, style, decay=None, shape=None):
    """What Megatron computes at sample k."""
    if warmup > 0 and k <= warmup:
        return init + (top - init) * float(k) / float(warmup)
    if style == "constant":
        return top
    if k > end:
        return low
    if style == "inverse-square-root":
        return max(low, top * max(warmup, 1) ** 0.5 / max(k, 1) ** 0.5)
    if style == "WSD":
        begin = end - decay
        return low + (top - low) * (1.0 if k <= begin else SHAPES[shape]((k - begin) / decay))
    return low + (top - low) * SHAPES[style]((k - warmup) / (end - warmup))


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_every_step_in_float32_and_past_the_end(run):
    end = run[-1]
    styles = [(style,) for style in ("constant", "linear", "cosine", "inverse-square-root")]
    styles += [("WSD", decay, shape) for decay in (3, 6, end - 1, end, end + 5) for shape in SHAPES]
    for style in styles:
        theirs = [rate(k, *run, *style) for k in range(2 * end + 20)]
        ours = megatron.OptimizerParamScheduler(*run, *style)
        assert_same(ours.array(len(theirs), dtype="float32"), np.array(theirs, dtype=np.float32), style)


def test_weight_decay():
    assert megatron.weight_decay(0.1, 0.1, 100)[50] == 0.1
    assert megatron.weight_decay(0.0, 0.1, 100, "cosine").gather([0, 50, 100]).tolist() == [0.0, 0.05, 0.1]


def test_the_styles_by_name():
    made = dialects.schedule("megatron.WSD", 0.1, 10, 100, wsd_decay_steps=20)
    assert made == megatron.OptimizerParamScheduler(0.0, 0.1, 0.0, 10, 100, "WSD", 20, "exponential")
    made = dialects.schedule("megatron.inverse-square-root", 0.1, None, 100, min_lr=0.01)
    assert made == megatron.OptimizerParamScheduler(0.0, 0.1, 0.01, 0, 100, "inverse-square-root")
