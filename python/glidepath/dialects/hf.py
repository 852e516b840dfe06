"""Hugging Face transformers' schedules, under the names of ``lr_scheduler_type``, with ``get_scheduler``'s arguments.

Followed: transformers 5.23.0, ``optimization.py``. Update k of a run uses the value at step k, so a warm-up makes
update 0 at rate 0. transformers multiplies each group's rate by a factor; here the rate itself comes first.

The values are those of transformers in float32, at every step and after the end. In float64 they differ in the last
digits, because ours are rounded once.

>>> from glidepath.dialects import hf
>>> hf.cosine(3e-4, num_warmup_steps=100, num_training_steps=1_000).array(1_001)[[0, 50, 100, 550, 1_000]]
array([0.     , 0.00015, 0.0003 , 0.00015, 0.     ])
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Literal

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library

library = Library("hf", "HF transformers 5.23", warmup="num_warmup_steps", steps="num_training_steps")


@library.schedule
def constant(learning_rate: float) -> Schedule:
    """Stay at the rate. It ignores ``num_warmup_steps``: see :func:`constant_with_warmup`.

    >>> hf.constant(0.1)
    gp.constant(0.1)
    """
    return gp.constant(learning_rate)


@library.schedule
def constant_with_warmup(learning_rate: float, num_warmup_steps: int) -> Schedule:
    """Rise in a straight line from 0, then stay.

    >>> hf.constant_with_warmup(0.1, 10)
    gp.linear(0.0, 0.1, 10).then(gp.constant(0.1))
    """
    return curves.warmed_up(0.0, learning_rate, num_warmup_steps, gp.constant(learning_rate))


@library.schedule
def linear(learning_rate: float, num_warmup_steps: int, num_training_steps: int) -> Schedule:
    """Rise from 0 in a straight line, then fall to 0 at ``num_training_steps`` and stay there.

    >>> hf.linear(0.1, 10, 100)
    gp.linear(0.0, 0.1, 10).then(gp.linear(0.1, 0.0, 90))
    """
    steps = num_training_steps - num_warmup_steps
    fall = gp.linear(learning_rate, 0.0, steps) if steps > 0 else gp.constant(0.0)
    return curves.warmed_up(0.0, learning_rate, num_warmup_steps, fall)


@library.schedule
def cosine(learning_rate: float, num_warmup_steps: int, num_training_steps: int, num_cycles: float = 0.5) -> Schedule:
    """Rise from 0 in a straight line, then follow ``num_cycles`` waves of a cosine between the rate and 0.

    After ``num_training_steps`` the wave goes on: with the default of half a wave it climbs again. So a run that is
    longer than planned gets a growing rate.

    >>> lr = hf.cosine(0.1, 10, 100)
    >>> lr[10], lr[55], lr[100], lr[150]
    (0.1, 0.05, 0.0, 0.05868240888334652)
    """
    steps = max(1, num_training_steps - num_warmup_steps)
    wave = _wave("cosine", learning_rate, 0.0, steps, num_cycles)
    return curves.warmed_up(0.0, learning_rate, num_warmup_steps, wave)


@library.schedule
def cosine_with_restarts(
    learning_rate: float, num_warmup_steps: int, num_training_steps: int, num_cycles: float = 1
) -> Schedule:
    """Rise from 0 in a straight line, then fall from the rate to 0 ``num_cycles`` times, each in half a cosine; then 0.

    A restart is at each whole number of cycles. transformers' float64 may miss it by a step where
    ``num_cycles * progress`` is rounded down (49 cycles of 49 steps): the rate is then 0 at that step.

    >>> lr = hf.cosine_with_restarts(0.1, 10, 100, num_cycles=3)
    >>> lr[10], lr[25], lr[40], lr[100]
    (0.1, 0.05, 0.1, 0.0)
    """
    steps = max(1, num_training_steps - num_warmup_steps)
    cycle, finer = (steps / _cycles("cosine_with_restarts", num_cycles)).as_integer_ratio()
    falls = gp.cosine(learning_rate, 0.0, cycle).repeat()
    falls = falls if finer == 1 else falls.stride(finer)
    return curves.warmed_up(0.0, learning_rate, num_warmup_steps, falls.then(gp.constant(0.0), at=steps))


@library.schedule
def polynomial(
    learning_rate: float, num_warmup_steps: int, num_training_steps: int, lr_end: float = 1e-7, power: float = 1.0
) -> Schedule:
    """Rise from 0 in a straight line, then fall to ``lr_end`` along ``(1 - progress) ** power``.

    With groups of different rates, transformers lets all end at the same fraction of their rates.

    >>> hf.polynomial(0.1, 10, 100, power=2.0)
    gp.linear(0.0, 0.1, 10).then(gp.polynomial(0.1, 1e-07, 90, power=2.0))
    """
    steps = num_training_steps - num_warmup_steps
    if not learning_rate > lr_end:
        rule = f"it must be less than the rate, {learning_rate}"
        raise ValueError(refusal("hf.polynomial.lr_end", lr_end, rule, "Lower it, or take `constant_with_warmup`."))
    if steps == 0:
        rule = "the decay needs at least 1 step: transformers divides by 0 at the end of the warm-up"
        raise ValueError(
            refusal("hf.polynomial.num_warmup_steps", num_warmup_steps, rule, "Take `constant_with_warmup`.")
        )
    fall = gp.polynomial(learning_rate, lr_end, steps, power) if steps > 0 else gp.constant(lr_end)
    return curves.warmed_up(0.0, learning_rate, num_warmup_steps, fall)


@library.schedule
def inverse_sqrt(learning_rate: float, num_warmup_steps: int, timescale: int | None = None) -> Schedule:
    """Rise from 0 in a straight line, then fall as one over the square root of the step, for ever.

    ``timescale`` is ``num_warmup_steps`` by default; without a warm-up it is 10,000, which HF's page does not say.

    >>> hf.inverse_sqrt(0.1, 10)
    gp.linear(0.0, 0.1, 10).then(gp.inverse_sqrt(0.1, 10.0))
    """
    scale = num_warmup_steps or 10_000 if timescale is None else timescale
    return curves.warmed_up(0.0, learning_rate, num_warmup_steps, gp.inverse_sqrt(learning_rate, scale))


@library.schedule
def cosine_with_min_lr(
    learning_rate: float,
    num_warmup_steps: int,
    num_training_steps: int,
    num_cycles: float = 0.5,
    min_lr: float | None = None,
    min_lr_rate: float | None = None,
) -> Schedule:
    """Rise from 0 in a straight line, then follow a cosine to ``min_lr``, or to ``min_lr_rate`` times the rate.

    The warm-up starts at 0, not at the minimum. After ``num_training_steps`` it climbs again, as :func:`cosine` does.

    >>> lr = hf.cosine_with_min_lr(0.1, 10, 100, min_lr=0.01)
    >>> lr[0], lr[10], lr[100], lr[150]
    (0.0, 0.1, 0.01, 0.06281416799501187)
    """
    low = _least("cosine_with_min_lr", learning_rate, min_lr, min_lr_rate)
    steps = max(1, num_training_steps - num_warmup_steps)
    wave = _wave("cosine_with_min_lr", learning_rate, low, steps, num_cycles)
    return curves.warmed_up(0.0, learning_rate, num_warmup_steps, wave)


@library.schedule
def cosine_warmup_with_min_lr(
    learning_rate: float,
    num_warmup_steps: int,
    num_training_steps: int,
    num_cycles: float = 0.5,
    min_lr: float | None = None,
    min_lr_rate: float | None = None,
    warmup_lr_rate: float | None = None,
) -> Schedule:
    """Follow :func:`cosine_with_min_lr` one step ahead: no update has rate 0, and the last one has the minimum.

    Update 0 has ``1 / num_warmup_steps`` of the rate, or ``warmup_lr_rate`` of it. The peak is at the warm-up's last
    step, and the minimum at ``num_training_steps - 1``; then it climbs.

    >>> lr = hf.cosine_warmup_with_min_lr(0.1, 10, 100, min_lr_rate=0.1)
    >>> lr[0], lr[9], lr[99]
    (0.01, 0.1, 0.010000000000000002)
    """
    low = _least("cosine_warmup_with_min_lr", learning_rate, min_lr, min_lr_rate)
    steps = max(1, num_training_steps - num_warmup_steps)
    wave = _wave("cosine_warmup_with_min_lr", learning_rate, low, steps, num_cycles).skip(1)
    if warmup_lr_rate is None:
        warmup = gp.linear(0.0, learning_rate, max(1, num_warmup_steps)).skip(1)
    else:
        warmup = gp.linear(warmup_lr_rate * learning_rate, learning_rate, max(1, num_warmup_steps - 1))
    return curves.in_turn((warmup, num_warmup_steps), (wave, 0))


@library.schedule
def warmup_stable_decay(
    learning_rate: float,
    num_warmup_steps: int,
    num_decay_steps: int,
    num_training_steps: int | None = None,
    num_stable_steps: int | None = None,
    warmup_type: Literal["linear", "cosine", "1-sqrt"] = "linear",
    decay_type: Literal["cosine", "linear", "1-sqrt"] = "cosine",
    min_lr_ratio: float = 0.0,
    num_cycles: float = 0.5,
) -> Schedule:
    """Rise from ``min_lr_ratio`` times the rate, stay, and fall back to it.

    If ``num_stable_steps`` is given, ``num_training_steps`` counts for nothing, and the schedule ends early or late. If
    not, the stable part is what the other two leave of ``num_training_steps``.

    >>> lr = hf.warmup_stable_decay(0.1, 10, 20, num_training_steps=100, decay_type="1-sqrt")
    >>> lr
    gp.linear(0.0, 0.1, 10).then(gp.linear(0.1, 0.1, 70)).then(gp.power(0.1, 0.0, 20, power=0.5))
    """
    if num_stable_steps is None and num_training_steps is None:
        way_out = "Pass `num_training_steps`, or `num_stable_steps`."
        raise ValueError(refusal("hf.warmup_stable_decay.num_training_steps", None, "it needs a length", way_out))
    low = min_lr_ratio * learning_rate
    up = _WARMUPS[warmup_type](low, learning_rate)
    if num_stable_steps is None:
        num_stable_steps = (num_training_steps or 0) - num_warmup_steps - num_decay_steps
    late = max(0, -num_stable_steps)  # where the parts do not fit, the decay begins inside its curve
    decay = num_decay_steps - late
    if decay <= 0:
        return curves.in_turn((up, num_warmup_steps), (gp.constant(low), 0))
    if decay_type == "cosine" and num_cycles != 0.5:  # noqa: PLR2004 (half a wave)
        wave = _wave("warmup_stable_decay", learning_rate, low, num_decay_steps, num_cycles)
        down = wave.then(gp.constant(low), at=num_decay_steps)
    else:
        down = _DECAYS[decay_type](learning_rate, low, num_decay_steps)
    return curves.in_turn(
        (up, num_warmup_steps),
        (partial(gp.linear, learning_rate, learning_rate), max(0, num_stable_steps)),
        (down.skip(late) if late else down, 0),
    )


reduce_lr_on_plateau = library.refused(
    "reduce_lr_on_plateau",
    "a scheduler that follows a metric",
    "Use `glidepath.torch.ReduceLROnPlateau(optimizer)`, and `step(metric)`.",
)
greedy = library.refused(
    "greedy", "a scheduler that follows a metric", "Use `transformers.optimization.get_greedy_schedule(optimizer)`."
)


def _least(name: str, learning_rate: float, min_lr: float | None, min_lr_rate: float | None) -> float:
    if (min_lr is None) == (min_lr_rate is None):
        got = "neither of them" if min_lr is None else "both"
        way_out = "Pass `min_lr`, a rate, or `min_lr_rate`, a fraction of the peak."
        raise ValueError(refusal(f"hf.{name}.min_lr and min_lr_rate", got, "it needs one of the two", way_out))
    return min_lr_rate * learning_rate if min_lr is None else min_lr  # type: ignore[operator]  # one of them is a number


def _wave(name: str, top: float, bottom: float, steps: int, num_cycles: float) -> Schedule:
    """Return `num_cycles` waves in so many steps, and so on for ever; a factor below 0 counts as 0, as in HF."""
    wave = curves.waves(top, bottom, steps / (2 * _cycles(name, num_cycles)))
    return wave.clamp(low=0.0) if bottom < 0.0 else wave


def _cycles(name: str, num_cycles: float) -> Fraction:
    cycles = curves.fraction(num_cycles)
    if not cycles > 0:
        way_out = "For a constant rate take `constant_with_warmup`."
        raise ValueError(refusal(f"hf.{name}.num_cycles", num_cycles, "it must be at least 0.000001", way_out))
    return cycles


_WARMUPS: dict[str, Callable[[float, float], curves.Curve]] = {
    "linear": lambda start, end: partial(gp.linear, start, end),
    "cosine": lambda start, end: partial(gp.cosine, start, end),
    "1-sqrt": lambda start, end: partial(gp.polynomial, start, end, power=0.5),
}
_DECAYS: dict[str, Callable[[float, float, int], Schedule]] = {
    "linear": gp.linear,
    "cosine": gp.cosine,
    "1-sqrt": partial(gp.power, power=0.5),
}
