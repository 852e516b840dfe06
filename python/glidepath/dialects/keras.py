"""Keras's learning-rate schedules, with the arguments of their constructors (and of ``get_config``).

Followed: Keras 3.15.1. A step is ``optimizer.iterations``, the updates made so far. Keras computes in float32, in the
order of its backend's operations, and two backends differ in up to a sixth of the values. Ours are the exact values,
rounded once: a few float32 numbers away.
"""

from __future__ import annotations

from collections.abc import Sequence

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library

library = Library("keras", "Keras 3.15.1", peak="initial_learning_rate", warmup="warmup_steps")


@library.schedule
def ExponentialDecay(
    initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False
) -> Schedule:
    """Multiply by ``decay_rate`` every ``decay_steps``, smoothly or in stairs, without an end.

    >>> keras.ExponentialDecay(0.1, 1_000, 0.96)
    gp.exponential(0.1, 0.96, per=1000.0)
    """
    return gp.exponential(initial_learning_rate, decay_rate, decay_steps, stair=staircase)


@library.schedule
def PiecewiseConstantDecay(boundaries: Sequence[int], values: Sequence[float]) -> Schedule:
    """Have ``values[i]`` while the step is **at most** ``boundaries[i]``: a change comes one step later than elsewhere.

    >>> keras.PiecewiseConstantDecay([100, 200], [1.0, 0.5, 0.1]).gather([100, 101, 200, 201])
    array([1. , 0.5, 0.5, 0.1])
    """
    if len(values) != len(boundaries) + 1:
        rule = f"it needs one more than the {len(boundaries)} boundaries"
        way_out = "Add the value before the first boundary."
        raise ValueError(refusal("keras.PiecewiseConstantDecay.values", f"{len(values)} values", rule, way_out))
    return curves.stairs(values, [boundary + 1 for boundary in boundaries])


@library.named(steps="decay_steps")
def PolynomialDecay(
    initial_learning_rate: float,
    decay_steps: int,
    end_learning_rate: float = 0.0001,
    power: float = 1.0,
    cycle: bool = False,
) -> Schedule:
    """Fall along ``(1 - progress) ** power``; with ``cycle`` again from a lower start after each ``decay_steps``.

    >>> keras.PolynomialDecay(0.1, 1_000, power=0.5)
    gp.polynomial(0.1, 0.0001, 1000, power=0.5)
    """
    fall = gp.polynomial_cycle if cycle else gp.polynomial
    return fall(initial_learning_rate, end_learning_rate, decay_steps, power)


@library.schedule
def InverseTimeDecay(
    initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False
) -> Schedule:
    """Divide by ``1 + decay_rate * step / decay_steps``, smoothly or in stairs, without an end.

    >>> keras.InverseTimeDecay(0.1, 100, 0.5)
    gp.inverse_time(0.1, 0.5, per=100.0)
    """
    return gp.inverse_time(initial_learning_rate, decay_rate, decay_steps, stair=staircase)


@library.named(peak="warmup_target", decay="decay_steps")
def CosineDecay(
    initial_learning_rate: float,
    decay_steps: int,
    alpha: float = 0.0,
    warmup_target: float | None = None,
    warmup_steps: int = 0,
) -> Schedule:
    """Rise from ``initial_learning_rate`` to ``warmup_target``, then follow half a cosine to ``alpha`` times that.

    ``decay_steps`` does not include the warm-up. Without a ``warmup_target`` there is no warm-up, whatever
    ``warmup_steps`` is, and the cosine begins at ``initial_learning_rate``. By its name, the schedule rises from 0.

    >>> keras.CosineDecay(0.0, 900, alpha=0.1, warmup_target=1e-3, warmup_steps=100)
    gp.linear(0.0, 0.001, 100).then(gp.cosine(0.001, 0.0001, 900))
    >>> keras.CosineDecay(1e-3, 900, warmup_steps=100)                      # Keras ignores the warm-up
    gp.cosine(0.001, 0.0, 900)
    """
    if warmup_target is None:
        return gp.cosine(initial_learning_rate, alpha * initial_learning_rate, decay_steps)
    fall = gp.cosine(warmup_target, alpha * warmup_target, decay_steps)
    return curves.warmed_up(initial_learning_rate, warmup_target, warmup_steps, fall)


library.preset("CosineDecay", CosineDecay, initial_learning_rate=0.0)


@library.schedule
def CosineDecayRestarts(
    initial_learning_rate: float,
    first_decay_steps: int,
    t_mul: float = 2.0,
    m_mul: float = 1.0,
    alpha: float = 0.0,
) -> Schedule:
    """Follow half a cosine again and again, each ``t_mul`` times as long and ``m_mul`` times as high, for ever.

    The height is that above ``alpha`` times the initial rate. ``t_mul`` must be whole here. Keras finds the cycle
    with a logarithm in float32, and can miss a restart by a step.

    >>> keras.CosineDecayRestarts(0.1, 1_000, m_mul=0.5)
    gp.cosine_restarts(0.1, 0.0, 1000, mult=2, decay=0.5)
    """
    if t_mul != int(t_mul) or t_mul < 1:
        rule = "it must be a whole number from 1 on: glidepath's restarts are at whole steps"
        way_out = "Round it, or join cosines: `gp.cosine(...) >> gp.cosine(...)`."
        raise ValueError(refusal("keras.CosineDecayRestarts.t_mul", t_mul, rule, way_out))
    low = alpha * initial_learning_rate
    return gp.cosine_restarts(initial_learning_rate, low, first_decay_steps, int(t_mul), m_mul)
