"""MindFormers' schedules, with the fields of ``lr_schedule`` in its YAML files.

Followed: MindFormers 2.1.0, ``core/lr/lr_schedule.py``. It computes in float32; ours are the exact
values, rounded once.

The warm-up is ``warmup_steps``, or ``warmup_ratio`` of ``total_steps``, rounded down, which wins if both are
given. It begins at ``warmup_lr_init``.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library

library = Library("mindformers", "MindFormers 2.1.0", warmup="warmup_steps", steps="total_steps")


@library.schedule
def ConstantWarmUpLR(
    learning_rate: float, warmup_steps: int | None = None, warmup_lr_init: float = 0.0,
    warmup_ratio: float | None = None, total_steps: int | None = None,
) -> Schedule:  # fmt: skip
    """Rise in a straight line, and stay.

    >>> mindformers.ConstantWarmUpLR(0.1, 10)
    gp.linear(0.0, 0.1, 10).then(gp.constant(0.1))
    """
    warmup = _steps("ConstantWarmUpLR", "warmup", warmup_steps, warmup_ratio, total_steps)
    return curves.warmed_up(warmup_lr_init, learning_rate, warmup, gp.constant(learning_rate))


@library.schedule
def LinearWithWarmUpLR(
    learning_rate: float, total_steps: int, warmup_steps: int | None = None, warmup_lr_init: float = 0.0,
    warmup_ratio: float | None = None,
) -> Schedule:  # fmt: skip
    """Rise in a straight line, then fall in one to 0 at ``total_steps``.

    >>> mindformers.LinearWithWarmUpLR(0.1, 100, 10)
    gp.linear(0.0, 0.1, 10).then(gp.linear(0.1, 0.0, 90))
    """
    warmup = _steps("LinearWithWarmUpLR", "warmup", warmup_steps, warmup_ratio, total_steps)
    steps = total_steps - warmup
    fall = gp.linear(learning_rate, 0.0, steps) if steps > 0 else gp.constant(0.0)
    return curves.warmed_up(warmup_lr_init, learning_rate, warmup, fall)


@library.schedule
def CosineWithWarmUpLR(
    learning_rate: float, warmup_steps: int = 0, total_steps: int | None = None, num_cycles: float = 0.5,
    lr_end: float = 0.0, warmup_lr_init: float = 0.0, warmup_ratio: float | None = None,
    decay_steps: int | None = None, decay_ratio: float | None = None,
) -> Schedule:  # fmt: skip
    """Rise in a straight line, then follow ``num_cycles`` waves of a cosine to ``lr_end``, which stays.

    ``decay_steps``, or ``decay_ratio`` of the run, cuts the curve off: from there on it is ``lr_end``.

    >>> mindformers.CosineWithWarmUpLR(0.1, 10, 100)
    gp.linear(0.0, 0.1, 10).then(gp.cosine(0.1, 0.0, 90))
    """
    name = "CosineWithWarmUpLR"
    total = _total(name, total_steps)
    warmup = _steps(name, "warmup", warmup_steps, warmup_ratio, total)
    end = _steps(name, "decay", max(1, total if decay_steps is None else decay_steps), decay_ratio, total)
    wave = _wave(name, learning_rate, lr_end, max(1, total - warmup), num_cycles)
    if num_cycles == 0.5 and end == total > warmup:  # noqa: PLR2004 (half a wave)
        wave = gp.cosine(learning_rate, lr_end, total - warmup)
        return curves.warmed_up(warmup_lr_init, learning_rate, warmup, wave)
    curve = curves.warmed_up(warmup_lr_init, learning_rate, warmup, wave)
    return curve.then(gp.constant(lr_end), at=end) if end else gp.constant(lr_end)


@library.schedule
def CosineWithRestartsAndWarmUpLR(
    learning_rate: float, warmup_steps: int | None = None, total_steps: int | None = None, num_cycles: float = 1.0,
    lr_end: float = 0.0, warmup_lr_init: float = 0.0, warmup_ratio: float | None = None,
    decay_steps: int | None = None,
) -> Schedule:  # fmt: skip
    """Rise in a straight line, then fall ``num_cycles`` times to ``lr_end``, each in half a cosine.

    With ``decay_steps`` after the run's end the rate is 0 between them.

    >>> mindformers.CosineWithRestartsAndWarmUpLR(0.1, 10, 100, num_cycles=3).gather([10, 25, 40, 100])
    array([0.1 , 0.05, 0.1 , 0.  ])
    """
    name = "CosineWithRestartsAndWarmUpLR"
    total = _total(name, total_steps)
    warmup = _steps(name, "warmup", warmup_steps, warmup_ratio, total)
    steps = max(1, total - warmup)
    cycle, finer = (steps / _cycles(name, num_cycles)).as_integer_ratio()
    falls = gp.cosine(learning_rate, lr_end, cycle).repeat()
    falls = falls if finer == 1 else falls.stride(finer)
    curve = curves.warmed_up(warmup_lr_init, learning_rate, warmup, falls.then(gp.constant(0.0), at=steps))
    return curve.then(gp.constant(lr_end), at=max(1, total if decay_steps is None else decay_steps))


@library.schedule
def PolynomialWithWarmUpLR(
    learning_rate: float, total_steps: int, warmup_steps: int | None = None, lr_end: float = 1e-7, power: float = 1.0,
    warmup_lr_init: float = 0.0, warmup_ratio: float | None = None, decay_steps: int | None = None,
) -> Schedule:  # fmt: skip
    """Rise in a straight line, then fall along ``(1 - progress) ** power`` to ``lr_end`` in ``decay_steps``.

    A decay that is shorter than the rest of the run goes on below ``lr_end`` in MindFormers, and is NaN for most
    powers. Here it stays at ``lr_end``.

    >>> mindformers.PolynomialWithWarmUpLR(0.1, 100, 10, power=2.0)
    gp.linear(0.0, 0.1, 10).then(gp.polynomial(0.1, 1e-07, 90, power=2.0))
    """
    _below("PolynomialWithWarmUpLR", lr_end, learning_rate)
    warmup = _steps("PolynomialWithWarmUpLR", "warmup", warmup_steps, warmup_ratio, total_steps)
    steps = max(1, total_steps - warmup if decay_steps is None else decay_steps)
    fall = gp.polynomial(learning_rate, lr_end, steps, power)
    curve = curves.warmed_up(warmup_lr_init, learning_rate, warmup, fall)
    return curve.then(gp.constant(lr_end), at=total_steps + 1) if warmup + steps > total_steps else curve


@library.schedule
def WarmUpStableDecayLR(
    learning_rate: float, lr_end: float = 1e-7, warmup_steps: int | None = None, warmup_lr_init: float = 0.0,
    warmup_ratio: float | None = None, total_steps: int | None = None, decay_start_steps: int | None = None,
    decay_start_ratio: float | None = None,
) -> Schedule:  # fmt: skip
    """Rise, stay until ``decay_start_steps``, then fall in a straight line to ``lr_end`` and below it.

    It has ``lr_end`` at ``total_steps``. After the run the rate is soon **negative**. Without a warm-up MindFormers'
    rate of update 0 is NaN; here it is the peak.

    >>> lr = mindformers.WarmUpStableDecayLR(0.1, 0.0, 10, total_steps=100, decay_start_steps=80)
    >>> lr[0], lr[10], lr[80], lr[90], lr[100], lr[120]
    (0.0, 0.1, 0.1, 0.05, 0.0, -0.1)
    """
    name = "WarmUpStableDecayLR"
    _below(name, lr_end, learning_rate)
    total = _total(name, total_steps)
    warmup = _steps(name, "warmup", warmup_steps, warmup_ratio, total)
    begin = _steps(name, "decay_start", decay_start_steps, decay_start_ratio, total)
    if begin >= total:
        rule = f"it must be before `total_steps`, {total}"
        raise ValueError(refusal(f"mindformers.{name}.decay_start_steps", begin, rule, "Begin the decay earlier."))
    fall = curves.line(learning_rate, lr_end, total - begin)
    stays = gp.constant(learning_rate), max(0, begin - warmup)
    rest = curves.in_turn(stays, (fall.skip(warmup - begin) if warmup > begin else fall, 0))
    return curves.warmed_up(warmup_lr_init, learning_rate, warmup, rest)


@library.schedule
def ConstantWithCoolDownLR(
    learning_rate: float, warmup_steps: int | None = None, warmup_lr_init: float = 0.0,
    warmup_ratio: float | None = None, keep_steps: int = 0, decay_steps: int | None = None,
    decay_ratio: float | None = None, total_steps: int | None = None, num_cycles: float = 0.5, lr_end1: float = 0.0,
    final_steps: int = 0, lr_end2: float | None = None,
) -> Schedule:  # fmt: skip
    """Rise, stay for ``keep_steps``, follow a cosine to ``lr_end1``, stay there, then have ``lr_end2``.

    ``lr_end2`` is ``lr_end1`` if it is None, and also if it is 0.

    >>> lr = mindformers.ConstantWithCoolDownLR(0.1, 10, keep_steps=20, decay_steps=70, lr_end1=0.01)
    >>> lr[10], lr[30], lr[65], lr[100]
    (0.1, 0.1, 0.055, 0.01)
    """
    name = "ConstantWithCoolDownLR"
    warmup = _steps(name, "warmup", warmup_steps, warmup_ratio, total_steps)
    whole_decay = max(1, _total(name, total_steps) if decay_steps is None else decay_steps)
    decay = _steps(name, "decay", whole_decay, decay_ratio, total_steps)
    return curves.in_turn(
        (partial(gp.linear, warmup_lr_init, learning_rate), warmup),
        (gp.constant(learning_rate), keep_steps),
        (_wave(name, learning_rate, lr_end1, max(1, decay), num_cycles), decay),
        (gp.constant(lr_end1), final_steps),
        (gp.constant(lr_end2 or lr_end1), 0),
    )


@library.named(peak="base_lr", steps="t_max")
def CosineAnnealingLR(base_lr: float, t_max: int, eta_min: float = 0.0) -> Schedule:
    """Follow half a cosine to ``eta_min`` in ``t_max`` steps, then climb again, for ever.

    >>> mindformers.CosineAnnealingLR(0.1, 100).gather([0, 50, 100, 200])
    array([0.1 , 0.05, 0.  , 0.1 ])
    """
    return curves.waves(base_lr, eta_min, t_max)


@library.named(peak="base_lr")
def CosineAnnealingWarmRestarts(base_lr: float, t_0: int, t_mult: int = 1, eta_min: float = 0.0) -> Schedule:
    """Follow half a cosine again and again, each ``t_mult`` times as long. In float32 a restart can come a step late.

    >>> mindformers.CosineAnnealingWarmRestarts(0.1, 10, 2)
    gp.cosine_restarts(0.1, 0.0, 10, mult=2)
    """
    return gp.cosine_restarts(base_lr, eta_min, t_0, t_mult)


def _total(name: str, total: int | None) -> int:
    if total is None:
        rule = "it is needed; -1 in a YAML file is the length of the data set"
        raise ValueError(refusal(f"mindformers.{name}.total_steps", None, rule, "Pass the steps of the run."))
    return total


def _steps(name: str, part: str, steps: int | None, ratio: float | None, total: int | None) -> int:
    """Return the steps of a part; a ratio wins, and is rounded down."""
    if ratio is not None:
        if not 0.0 <= ratio <= 1.0:
            rule = "it must be from 0.0 to 1.0"
            raise ValueError(refusal(f"mindformers.{name}.{part}_ratio", ratio, rule, f"Pass `{part}_steps`."))
        return int(_total(name, total) * ratio)
    if steps is None:
        way_out = f"Pass `{part}_steps` or `{part}_ratio`."
        raise ValueError(refusal(f"mindformers.{name}.{part}_steps", None, "it needs one of the two", way_out))
    return steps


def _below(name: str, lr_end: float, learning_rate: float) -> None:
    if not learning_rate > lr_end:
        rule = f"it must be less than the rate, {learning_rate}"
        raise ValueError(refusal(f"mindformers.{name}.lr_end", lr_end, rule, "Lower it."))


def _cycles(name: str, num_cycles: float) -> Fraction:
    cycles = curves.fraction(num_cycles)
    if not cycles > 0:
        rule = "it must be at least 0.000001"
        raise ValueError(refusal(f"mindformers.{name}.num_cycles", num_cycles, rule, "Take `ConstantWarmUpLR`."))
    return cycles


def _wave(name: str, top: float, bottom: float, steps: int, num_cycles: float) -> Schedule:
    return curves.waves(top, bottom, steps / (2 * _cycles(name, num_cycles)))
