"""Paddle's schedulers, with the arguments of ``paddle.optimizer.lr``.

Followed: Paddle 3.3.1. A step is a call of ``step()``, in whatever unit the program calls it: epochs or batches.
Paddle computes in float64. ``CosineAnnealingDecay`` and ``LinearLR`` multiply the last value in each step there, so
that their last digits drift, and a jump (``step(epoch)``) gives others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from operator import mul
from typing import Literal

from glidepath import _core as gp
from glidepath import composites
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library

MOST_ROWS = 10_000_000
library = Library("paddle", "Paddle 3.3.1", warmup="warmup_steps")


@library.schedule
def NoamDecay(d_model: int, warmup_steps: int, learning_rate: float = 1.0) -> Schedule:
    """Rise in a straight line from 0, then fall as one over the square root of the step.

    >>> paddle.NoamDecay(512, 4_000) == gp.noam(512, 4_000)
    True
    """
    return composites.noam(d_model, warmup_steps, learning_rate)


@library.schedule
def PiecewiseDecay(boundaries: Sequence[int], values: Sequence[float]) -> Schedule:
    """Have each value until its boundary.

    >>> paddle.PiecewiseDecay([100, 200], [1.0, 0.5, 0.1])
    gp.piecewise_constant([1.0, 0.5, 0.1], [100, 200])
    """
    if not len(values) > len(boundaries) > 0:
        got, rule = f"{len(values)} values", f"it needs one more than the {len(boundaries)} boundaries, at least 2"
        raise ValueError(refusal("paddle.PiecewiseDecay.values", got, rule, "Add the value after the last boundary."))
    used = [*values[: len(boundaries)], values[-1]]
    return curves.stairs(used, boundaries)


@library.schedule
def NaturalExpDecay(learning_rate: float, gamma: float) -> Schedule:
    """Follow ``e ** (-gamma * step)``.

    >>> paddle.NaturalExpDecay(0.1, 0.5)
    gp.natural_exponential(0.1, 0.5)
    """
    return gp.natural_exponential(learning_rate, gamma)


@library.schedule
def InverseTimeDecay(learning_rate: float, gamma: float) -> Schedule:
    """Divide by ``1 + gamma * step``.

    >>> paddle.InverseTimeDecay(0.1, 0.5)
    gp.inverse_time(0.1, 0.5)
    """
    return gp.inverse_time(learning_rate, gamma)


@library.named(steps="decay_steps")
def PolynomialDecay(
    learning_rate: float, decay_steps: int, end_lr: float = 0.0001, power: float = 1.0, cycle: bool = False
) -> Schedule:
    """Fall along ``(1 - progress) ** power`` to ``end_lr``; with ``cycle`` again and again.

    >>> paddle.PolynomialDecay(0.1, 100)
    gp.polynomial(0.1, 0.0001, 100)
    """
    fall = gp.polynomial_cycle if cycle else gp.polynomial
    return fall(learning_rate, end_lr, decay_steps, power)


@library.named(peak="end_lr")
def LinearWarmup(learning_rate: float | Schedule, warmup_steps: int, start_lr: float, end_lr: float) -> Schedule:
    """Rise from ``start_lr`` to ``end_lr``, then follow ``learning_rate``: a number, or a schedule counted from there.

    ``end_lr`` need not be the schedule's first value: then the rate jumps.

    >>> paddle.LinearWarmup(paddle.CosineAnnealingDecay(0.1, 90), 10, 0.0, 0.1).gather([0, 5, 10, 100])
    array([0.  , 0.05, 0.1 , 0.  ])
    """
    if not end_lr > start_lr:
        rule = f"it must be above `start_lr`, {start_lr}"
        raise ValueError(refusal("paddle.LinearWarmup.end_lr", end_lr, rule, "Swap them, or leave out the warm-up."))
    rest = learning_rate if isinstance(learning_rate, Schedule) else gp.constant(learning_rate)
    return gp.linear(start_lr, end_lr, warmup_steps) >> rest


@library.schedule
def ExponentialDecay(learning_rate: float, gamma: float) -> Schedule:
    """Multiply by ``gamma`` in each step.

    >>> paddle.ExponentialDecay(0.1, 0.9)
    gp.exponential(0.1, 0.9)
    """
    return gp.exponential(learning_rate, gamma)


@library.schedule
def MultiStepDecay(learning_rate: float, milestones: Sequence[int], gamma: float = 0.1) -> Schedule:
    """Multiply by ``gamma`` at each milestone.

    >>> paddle.MultiStepDecay(1.0, [30, 60], 0.5)
    gp.piecewise_constant([1.0, 0.5, 0.25], [30, 60])
    """
    return curves.stairs([learning_rate * gamma**i for i in range(len(milestones) + 1)], milestones)


@library.schedule
def StepDecay(learning_rate: float, step_size: int, gamma: float = 0.1) -> Schedule:
    """Multiply by ``gamma`` every ``step_size`` steps.

    >>> paddle.StepDecay(0.1, 30)
    gp.exponential(0.1, 0.1, per=30.0, stair=True)
    """
    return gp.exponential(learning_rate, gamma, step_size, stair=True)


@library.schedule
def LambdaDecay(learning_rate: float, lr_lambda: Callable[[int], float], *, steps: int) -> Schedule:
    """Multiply by a function of the step: a table of its first ``steps`` values, which holds the last.

    >>> paddle.LambdaDecay(1.0, lambda epoch: 0.5**epoch, steps=4)
    gp.table([1.0, 0.5, 0.25, 0.125])
    """
    return gp.table([learning_rate * lr_lambda(k) for k in range(_rows("LambdaDecay", steps))])


@library.schedule
def MultiplicativeDecay(learning_rate: float, lr_lambda: Callable[[int], float], *, steps: int) -> Schedule:
    """Multiply the last value by a function of the step, from step 1 on: a table of ``steps`` values.

    >>> paddle.MultiplicativeDecay(1.0, lambda epoch: 0.5, steps=4)
    gp.table([1.0, 0.5, 0.25, 0.125])
    """
    factors = accumulate((lr_lambda(k) for k in range(1, _rows("MultiplicativeDecay", steps))), mul, initial=1.0)
    return gp.table([learning_rate * factor for factor in factors])


@library.named(steps="T_max")
def CosineAnnealingDecay(learning_rate: float, T_max: int, eta_min: float = 0.0) -> Schedule:
    """Follow half a cosine to ``eta_min``, and climb again after ``T_max``, for ever.

    >>> paddle.CosineAnnealingDecay(0.1, 100).gather([0, 50, 100, 200])
    array([0.1 , 0.05, 0.  , 0.1 ])
    """
    return curves.waves(learning_rate, eta_min, T_max)


@library.named(peak="max_learning_rate", steps="total_steps")
def OneCycleLR(
    max_learning_rate: float, total_steps: int, divide_factor: float = 25.0, end_learning_rate: float = 0.0001,
    phase_pct: float = 0.3, anneal_strategy: Literal["cos", "linear"] = "cos", three_phase: bool = False,
) -> Schedule:  # fmt: skip
    """Rise to the maximum and fall to ``end_learning_rate``, a rate and not a divisor as in PyTorch.

    The peak is at ``phase_pct * total_steps - 1``, which need not be whole, and the end at ``total_steps - 1``.
    Paddle's value at ``total_steps`` climbs again, and then there is an error; here the last value stays.

    >>> paddle.OneCycleLR(0.1, 100, end_learning_rate=0.0).gather([0, 29, 99])
    array([0.004, 0.1  , 0.   ])
    """
    way = gp.cosine if anneal_strategy == "cos" else gp.linear
    start = max_learning_rate / divide_factor
    rise = curves.fraction(phase_pct) * total_steps - 1
    if not 0 < rise < total_steps - 1 or (three_phase and not 2 * rise < total_steps - 1):
        rule = f"each part of a run of {total_steps} steps must have a length"
        raise ValueError(refusal("paddle.OneCycleLR.phase_pct", phase_pct, rule, "Take another, or more steps."))
    turns = [(start, max_learning_rate, rise)]
    if three_phase:
        turns.append((max_learning_rate, start, rise))
    turns.append((turns[-1][1], end_learning_rate, total_steps - 1 - rise * len(turns)))
    return curves.in_turn(*((partial(way, low, high), length) for low, high, length in turns))


@library.named(peak="max_learning_rate")
def CyclicLR(
    base_learning_rate: float, max_learning_rate: float, step_size_up: int, step_size_down: int | None = None,
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular", exp_gamma: float = 1.0,
) -> Schedule:  # fmt: skip
    """Rise and fall in straight lines, again and again; each half as high (triangular2) or lower (exp_range).

    >>> paddle.CyclicLR(0.01, 0.1, 2_000)
    gp.triangle(0.01, 0.1, 2000, down=2000)
    """
    down = step_size_up if step_size_down is None else step_size_down
    if mode == "exp_range":
        height = gp.triangle(0.0, max_learning_rate - base_learning_rate, step_size_up, down)
        return height * gp.exponential(1.0, exp_gamma) + base_learning_rate
    decay = 0.5 if mode == "triangular2" else 1.0
    return gp.triangle(base_learning_rate, max_learning_rate, step_size_up, down, decay)


@library.named(steps="total_steps")
def LinearLR(
    learning_rate: float, total_steps: int, start_factor: float = 1.0 / 3, end_factor: float = 1.0
) -> Schedule:
    """Go from ``start_factor`` to ``end_factor`` times the rate in a straight line.

    >>> paddle.LinearLR(0.3, 10, 0.5)
    gp.linear(0.15, 0.3, 10)
    """
    return gp.linear(start_factor * learning_rate, end_factor * learning_rate, total_steps)


@library.schedule
def CosineAnnealingWarmRestarts(learning_rate: float, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> Schedule:
    """Follow half a cosine again and again, each ``T_mult`` times as long.

    >>> paddle.CosineAnnealingWarmRestarts(0.1, 10, 2)
    gp.cosine_restarts(0.1, 0.0, 10, mult=2)
    """
    return gp.cosine_restarts(learning_rate, eta_min, T_0, T_mult)


ReduceOnPlateau = library.refused(
    "ReduceOnPlateau", "a scheduler that follows a metric", "Use `paddle.optimizer.lr.ReduceOnPlateau` itself."
)


def _rows(name: str, steps: int) -> int:
    if not 1 <= steps <= MOST_ROWS:
        rule = f"it must be from 1 to {MOST_ROWS:,}, the values of a table"
        raise ValueError(refusal(f"paddle.{name}.steps", steps, rule, "Write the function as an expression."))
    return steps
