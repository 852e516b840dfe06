"""The closed forms of replays: near the replay for thousands of steps of random parameters; exact in expressions."""

from __future__ import annotations

import json
import math
from random import Random
from typing import Any

import numpy as np
import pytest

import glidepath as gp
from glidepath._core import REPLAYS
from helpers import assert_same
from replay_arguments import drawn

N = 3_000
MANY = 200

FURTHEST = {
    "StepLR": 50, "MultiStepLR": 5, "ConstantLR": 2, "LinearLR": 3_000, "ExponentialLR": 200, "PolynomialLR": 200,
    "CosineAnnealingWarmRestarts": 5, "CyclicLR": 500, "OneCycleLR": 10, "SWALR": 100, "ChainedScheduler": 3_000,
}  # fmt: skip
"""Units in the last place of the largest value between torch's recurrence and its closed form. CosineAnnealingLR, which
keeps the error that it makes in each valley, has T_max times the number of steps."""
FURTHEST_LIST = 10
FURTHEST_FLOAT32 = {"ExponentialDecayLR": 2_000, "PolynomialDecayLR": 50, "ExponentialLR": 10_000, "LinearLR": 5_000,
                    "StepLR": 2_000, "ChainedScheduler": 10_000, "CyclicLR": 5_000, "PolynomialLR": 200}  # fmt: skip
"""The same of float32, of what MindSpore computes in that: pow and recurrences are no better. 10 for others."""


def longest_half(parameters: dict[str, Any]) -> int:
    children = [json.loads(child.to_json())["schedule"] for child in parameters.get("schedulers", [])]
    return max(child.get("T_max", 0) for child in [parameters, *children])


def furthest(kind: str, parameters: dict[str, Any]) -> float:
    framework, _, name = kind.rpartition(".")
    if framework == "mindspore" and name.endswith("_lr"):
        return FURTHEST_LIST
    valleys = longest_half(parameters) * N
    if framework == "torch":
        return max(FURTHEST.get(name, 3_000), valleys)
    return max(FURTHEST_FLOAT32.get(name, 10_000 if name == "SequentialLR" else 10), valleys)


@pytest.mark.parametrize("kind", REPLAYS)
def test_the_closed_form_is_near_the_replay(kind: str) -> None:
    rng = Random(kind)
    single = kind.startswith("mindspore") and not kind.endswith("_lr")
    for _ in range(MANY):
        parameters = drawn(kind, rng)
        replay: Any = gp.replay(kind, **parameters)  # type: ignore[arg-type]
        exact, n = replay.exact(), min(replay.steps or N, N)
        got, want = exact.array(n), replay.array(n)
        peak = max(np.abs(got).max(), np.abs(want).max())
        unit = float(np.spacing(np.float32(peak))) if single else math.ulp(peak)
        far = np.abs(got - want).max() / unit
        assert far <= furthest(kind, parameters), (far, parameters, exact)
        assert "replay" not in repr(exact)


@pytest.mark.parametrize(
    ("replay", "exact"),
    [
        (gp.replay("torch.StepLR", base_lr=0.1, step_size=30), gp.exponential(0.1, 0.1, per=30, stair=True)),
        (
            gp.replay("torch.MultiStepLR", base_lr=1.0, milestones=[4, 0, 2, 4], gamma=0.5),
            gp.piecewise_constant([0.5, 0.25, 0.0625], [2, 4]),
        ),
        (
            gp.replay("torch.CyclicLR", base_lr=0.1, max_lr=0.5, step_size_up=3, step_size_down=5, mode="triangular2"),
            gp.triangle(0.1, 0.5, 3, 5, decay=0.5),
        ),
        (
            gp.replay("torch.CyclicLR", base_lr=0.1, max_lr=0.5, step_size_up=3, mode="exp_range", gamma=0.99),
            0.1 + (gp.triangle(0.1, 0.5, 3) - 0.1) * gp.exponential(1.0, 0.99),
        ),
        (
            gp.replay("torch.OneCycleLR", max_lr=1.0, total_steps=100),
            gp.cosine(0.04, 1.0, 29) >> gp.cosine(1.0, 4e-6, 70),
        ),
        (
            gp.replay("torch.OneCycleLR", max_lr=1.0, total_steps=101, pct_start=1 / 3, anneal_strategy="linear"),
            gp.linear(0.04, 1.0, 98).stride(3) >> gp.linear(1.0, 4e-6, 202).skip(1).stride(3),
        ),
        (
            gp.replay("mindspore.natural_exp_decay_lr", learning_rate=0.1, decay_rate=0.5, total_step=9,
                      step_per_epoch=3, decay_epoch=2, is_stair=True),
            gp.natural_exponential(0.1, 0.5).hold(2).by_epoch(3),
        ),
        (
            gp.replay("mindspore.piecewise_constant_lr", milestone=[2, 2, 5], learning_rates=[0.3, 0.2, 0.1]),
            gp.piecewise_constant([0.3, 0.1], [2]),
        ),
    ],
    ids=str,
)  # fmt: skip
def test_the_form_itself(replay: Any, exact: Any) -> None:
    assert replay.exact() == exact


def test_it_is_exact_inside_an_expression() -> None:
    step = gp.replay("torch.StepLR", base_lr=0.1, step_size=2)
    form = gp.exponential(0.1, 0.1, per=2, stair=True)
    for wrap in (
        lambda s: (gp.linear(0.0, 0.1, 4) >> s).by_epoch(3),
        lambda s: 0.5 * s + 1.0,
        lambda s: (s * s - 0.25) / 3,
        lambda s: s.clamp(low=1e-3).delay(2).hold(3),
        lambda s: s.then(s.skip(1).stride(2), at=4),
    ):
        assert wrap(step).exact() == wrap(form)
        assert wrap(form).exact() == wrap(form)


def test_a_repeated_list_keeps_its_length() -> None:
    values = gp.replay("mindspore.warmup_lr", learning_rate=0.4, total_step=6, step_per_epoch=1, warmup_epoch=4)
    exact = values.repeat().exact()
    assert_same(exact.array(18), np.tile([0.0, 0.1, 0.2, 0.30000000000000004, 0.4, 0.4], 3))
    one = gp.replay("mindspore.piecewise_constant_lr", milestone=[1], learning_rates=[0.5]).repeat(3).exact()
    assert_same(one.array(4), np.full(4, 0.5))


BASE = {"base_lr": 0.1}


@pytest.mark.parametrize(
    ("kind", "parameters", "reason"),
    [
        ("torch.StepLR", {**BASE, "step_size": 3, "gamma": -0.5},
         "`exponential.rate` is -0.5, and it must be a finite number above 0"),
        ("torch.LinearLR", {**BASE, "total_iters": -2},
         "`total_iters` is -2, and it must be a whole number of steps from 1 to 2**53"),
        ("torch.CyclicLR", {**BASE, "max_lr": 1.0, "step_size_up": 2.5},
         "`step_size_up` is 2.5, and it must be a whole number of steps from 1 to 2**53"),
        ("torch.OneCycleLR", {"max_lr": 1.0, "total_steps": 100, "pct_start": 0.6, "three_phase": True},
         "`pct_start` is 0.6, and each of its phases must have steps of its own"),
        ("torch.SequentialLR", {"schedulers": [gp.replay("torch.ExponentialLR", base_lr=0.1, gamma=0.9),
                                               gp.replay("torch.ExponentialLR", base_lr=0.2, gamma=0.9)],
                                "milestones": [3]},
         "`schedulers[1].base_lr` is 0.2, and it must be the rate that they start on, 0.1"),
        ("torch.ChainedScheduler", {"schedulers": [gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=9)]},
         "`schedulers[0]` is CosineAnnealingLR, and it must multiply the rate by a factor of the step alone"),
    ],
)  # fmt: skip
def test_no_closed_form(kind: Any, parameters: dict[str, Any], reason: str) -> None:
    replay = gp.replay(kind, **parameters)
    with pytest.raises(ValueError, match="has no closed form") as caught:
        (0.5 * replay).exact()
    got = repr(replay) if len(repr(replay)) <= 60 else repr(replay)[:60] + "..."
    way = "Keep the replay: it is a schedule like any other."
    assert str(caught.value) == f"`exact`: got {got}; {kind} has no closed form here: {reason}. {way}"
