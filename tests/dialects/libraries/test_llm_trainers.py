"""glidepath.dialects.torchtitan, nanotron and composer against naive functions, at every step."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

import glidepath as gp
from glidepath.dialects import composer, nanotron, torchtitan
from helpers import assert_same

SHAPES = {
    "linear": lambda v: 1.0 - v,
    "sqrt": lambda v: 1.0 - math.sqrt(v),
    "1-sqrt": lambda v: 1.0 - math.sqrt(v),
    "cosine": lambda v: 0.5 * (1.0 + math.cos(math.pi * v)),
}


@pytest.mark.parametrize(("warmup", "steps"), [(10, 100), (200, 100), (0, 50), (7, 97)])
@pytest.mark.parametrize("ratio", [None, 0.2, 0.95, 0.0])
@pytest.mark.parametrize("shape", ["linear", "sqrt", "cosine"])
def test_torchtitan(warmup, steps, ratio, shape):
    up = min(warmup, steps)
    decay = steps - up if ratio is None else min(steps - up, round(steps * ratio))
    begin = steps + 1 - decay

    def factor(k, low):
        if k < up:
            return (k + 1) / up
        return low + (1 - low) * SHAPES[shape]((k + 1 - begin) / decay) if k >= begin else 1.0

    for low in (0.0, 0.125):
        theirs = [0.5 * factor(k, low) for k in range(2 * steps if decay else steps + 1)]
        ours = torchtitan.lr_scheduler(0.5, warmup, steps, ratio, shape, low).array(len(theirs))
        # Where the curve crosses 0, a naive value has the rounding error of its terms.
        assert np.abs(ours - theirs).max() < 1e-15
        far = np.abs(ours) > 1e-9
        assert_same(ours[far].astype(np.float32), np.array(theirs)[far].astype(np.float32), (low, ratio))


def decayed(k, peak, total, warmup, style, shape, decay, start, low):
    """What nanotron computes at update k."""
    low = peak if low is None else low
    begin = warmup if start is None else start
    length = total - warmup - (start or 0) if decay is None else decay
    if warmup == 0 and length == 0:
        return peak * peak
    if k <= warmup:
        return peak * k / max(warmup, 1) if style == "linear" else peak
    if k < begin:
        return peak
    return low + (peak - low) * SHAPES[shape]((k - begin) / length) if k < begin + length else low


def test_nanotron():
    runs = [(100, 10, "linear", *rest) for rest in product(
        ("linear", "cosine", "1-sqrt"), (None, 30, 0), (None, 50, 80, 5), (None, 0.01)
    )]  # fmt: skip
    runs += [(100, 0, style, "linear", None, None, 0.01) for style in ("linear", "constant")]
    runs += [(100, 100, "linear", "linear", None, None, 0.01), (100, 1, "constant", "cosine", 20, 80, 0.0),
             (100, 0, "linear", "linear", 0, None, 0.01), (100, 0, "linear", "linear", 20, 80, 0.01)]  # fmt: skip
    for run in runs:
        theirs = np.array([decayed(k, 0.1, *run) for k in range(200)])
        ours = nanotron.lr_scheduler_builder(0.1, *run)
        assert_same(ours.array(200, dtype="float32"), theirs.astype(np.float32), run)


def test_nanotron_does_not_decay_by_default():
    assert nanotron.lr_scheduler_builder(0.1, 100, 10)[90] == 0.1
    assert nanotron.lr_scheduler_builder(0.1, 100, 10, min_decay_lr=0.0) == gp.linear(0, 0.1, 10) >> gp.linear(
        0.1, 0, 90
    )


@pytest.mark.parametrize("cooldown", [0, 20, 200])
def test_llm_foundrys_inverse_square_root(cooldown):
    low, last, warmup, scale, end = 0.2, 0.1, 10, 30, 120

    def factor(k):
        if k < warmup:
            return k / warmup
        begin = max(warmup, end - cooldown)
        fall = low + (1 - low) / ((min(k, begin) - warmup + scale) / scale) ** 0.5
        return fall + min(1.0, (k - begin) / cooldown) * (last - fall) if k >= begin and cooldown else fall

    theirs = np.array([0.1 * factor(k) for k in range(300)], dtype=np.float32)
    times = (f"{warmup}ba", f"{scale}ba", f"{cooldown}ba", f"{end}ba")
    ours = composer.InverseSquareRootWithWarmupScheduler(0.1, *times, low, last)
    assert_same(ours.array(300, dtype="float32"), theirs)


def test_composers_times():
    tokens = composer.CosineAnnealingWithWarmupScheduler(0.1, "1_000tok", "1e6tok")
    assert tokens == gp.linear(0.0, 0.1, 1_000) >> gp.cosine(0.1, 0.0, 999_000)
    assert composer.LinearScheduler(0.1, t_max=100) == gp.linear(0.1, 0.0, 100)
    assert composer.LinearScheduler(0.1, t_max="0.25dur", max_duration="3ep", dataloader_len=10).steps == 7
