"""Composer's and llm-foundry's schedulers, with the arguments of their classes.

Followed: Composer 0.32.1, ``optim/scheduler.py``, and llm-foundry 0c923c2. Step k is the rate of batch k. Times are
Composer's texts: ``"100ba"``, ``"2ep"``, ``"0.5dur"``; a number counts batches. ``max_duration`` (as the trainer's)
is needed for ``dur``, and ``dataloader_len``, the batches of an epoch, for ``ep``. If all times of a schedule are in
samples (``sp``) or in tokens (``tok``), its step counts these, and ``stride`` or ``clock`` turns it into one of
batches.

A ``scale_schedule_ratio`` is not an argument: multiply the times by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library, whole

library = Library("composer", "Composer 0.32.1", warmup="t_warmup", steps="t_max")

Time = str | int
_FAR = 2**40


@library.schedule
def StepScheduler(
    learning_rate: float, step_size: Time, gamma: float = 0.1, max_duration: Time | None = None,
    dataloader_len: int | None = None,
) -> Schedule:  # fmt: skip
    """Multiply by ``gamma`` every ``step_size``.

    >>> composer.StepScheduler(0.1, "2ep", dataloader_len=500)
    gp.exponential(0.1, 0.1, per=1000.0, stair=True)
    """
    every = _Clock("StepScheduler", max_duration, dataloader_len)("step_size", step_size)
    return gp.exponential(learning_rate, gamma, every, stair=True)


@library.schedule
def MultiStepScheduler(
    learning_rate: float, milestones: Sequence[Time], gamma: float = 0.1, max_duration: Time | None = None,
    dataloader_len: int | None = None,
) -> Schedule:  # fmt: skip
    """Multiply by ``gamma`` at each milestone.

    >>> composer.MultiStepScheduler(1.0, ["50ba", "0.75dur"], 0.5, max_duration="100ba").gather([49, 50, 75])
    array([1.  , 0.5 , 0.25])
    """
    return _steps(_Clock("MultiStepScheduler", max_duration, dataloader_len), learning_rate, milestones, gamma)


@library.schedule
def ConstantScheduler(
    learning_rate: float, alpha: float = 1.0, t_max: Time = "1dur", max_duration: Time | None = None,
    dataloader_len: int | None = None,
) -> Schedule:  # fmt: skip
    """Have ``alpha`` times the rate until ``t_max``, then the rate.

    >>> composer.ConstantScheduler(0.1, 0.5, "100ba").gather([99, 100])
    array([0.05, 0.1 ])
    """
    end = _Clock("ConstantScheduler", max_duration, dataloader_len)("t_max", t_max)
    return curves.stairs([alpha * learning_rate, learning_rate], [end])


@library.schedule
def LinearScheduler(
    learning_rate: float, alpha_i: float = 1.0, alpha_f: float = 0.0, t_max: Time = "1dur",
    max_duration: Time | None = None, dataloader_len: int | None = None,
) -> Schedule:  # fmt: skip
    """Go from ``alpha_i`` to ``alpha_f`` times the rate in a straight line.

    >>> composer.LinearScheduler(0.1, max_duration="1_000ba")
    gp.linear(0.1, 0.0, 1000)
    """
    end = _Clock("LinearScheduler", max_duration, dataloader_len)("t_max", t_max)
    return gp.linear(alpha_i * learning_rate, alpha_f * learning_rate, end)


@library.schedule
def ExponentialScheduler(
    learning_rate: float, gamma: float, decay_period: Time = "1ep", max_duration: Time | None = None,
    dataloader_len: int | None = None,
) -> Schedule:  # fmt: skip
    """Multiply by ``gamma`` every ``decay_period``, smoothly.

    >>> composer.ExponentialScheduler(0.1, 0.9, dataloader_len=500)
    gp.exponential(0.1, 0.9, per=500.0)
    """
    period = _Clock("ExponentialScheduler", max_duration, dataloader_len)("decay_period", decay_period)
    return gp.exponential(learning_rate, gamma, period)


@library.schedule
def CosineAnnealingScheduler(
    learning_rate: float, t_max: Time = "1dur", alpha_f: float = 0.0, max_duration: Time | None = None,
    dataloader_len: int | None = None,
) -> Schedule:  # fmt: skip
    """Follow half a cosine to ``alpha_f`` times the rate.

    >>> composer.CosineAnnealingScheduler(0.1, "1_000ba")
    gp.cosine(0.1, 0.0, 1000)
    """
    end = _Clock("CosineAnnealingScheduler", max_duration, dataloader_len)("t_max", t_max)
    return gp.cosine(learning_rate, alpha_f * learning_rate, end)


@library.schedule
def CosineAnnealingWarmRestartsScheduler(
    learning_rate: float, t_0: Time, t_mult: float = 1.0, alpha_f: float = 0.0, max_duration: Time | None = None,
    dataloader_len: int | None = None,
) -> Schedule:  # fmt: skip
    """Follow half a cosine again and again, each ``int(t_mult * length)`` long: the length is rounded down each time.

    Composer's page says that cycle i has ``t_0 * t_mult ** i``: for 10 and 1.5 it is 10, 15, 22, 33.

    >>> composer.CosineAnnealingWarmRestartsScheduler(0.1, "10ba", 1.5).gather([10, 25, 47, 80])
    array([0.1, 0.1, 0.1, 0.1])
    """
    name = "CosineAnnealingWarmRestartsScheduler"
    length = _Clock(name, max_duration, dataloader_len)("t_0", t_0)
    if t_mult < 1.0:
        rule = "it must be at least 1: Composer stops with an error when a cycle has no length"
        raise ValueError(refusal(f"composer.{name}.t_mult", t_mult, rule, "Pass 1.0 for equal cycles."))
    fall = partial(gp.cosine, learning_rate, alpha_f * learning_rate)
    cycles: list[tuple[Schedule, int]] = []
    begin = 0
    while int(t_mult * length) > length and begin < _FAR:
        cycles.append((fall(length), length))
        begin, length = begin + length, int(t_mult * length)
    return curves.in_turn(*cycles, (fall(length).repeat(), 0))


@library.schedule
def PolynomialScheduler(
    learning_rate: float, power: float, t_max: Time = "1dur", alpha_f: float = 0.0, max_duration: Time | None = None,
    dataloader_len: int | None = None,
) -> Schedule:  # fmt: skip
    """Follow ``(1 - progress) ** power`` to ``alpha_f`` times the rate.

    >>> composer.PolynomialScheduler(0.1, 2.0, "1_000ba")
    gp.polynomial(0.1, 0.0, 1000, power=2.0)
    """
    end = _Clock("PolynomialScheduler", max_duration, dataloader_len)("t_max", t_max)
    return gp.polynomial(learning_rate, alpha_f * learning_rate, end, power)


@library.schedule
def MultiStepWithWarmupScheduler(
    learning_rate: float, t_warmup: Time, milestones: Sequence[Time], gamma: float = 0.1,
    max_duration: Time | None = None, dataloader_len: int | None = None,
) -> Schedule:  # fmt: skip
    """Rise from 0 in a straight line, then multiply by ``gamma`` at each milestone, counted from the start of the run.

    >>> composer.MultiStepWithWarmupScheduler(1.0, "10ba", ["50ba"]).gather([5, 10, 49, 50])
    array([0.5, 1. , 1. , 0.1])
    """
    clock = _Clock("MultiStepWithWarmupScheduler", max_duration, dataloader_len)
    warmup = clock("t_warmup", t_warmup)
    rest = _steps(clock, learning_rate, milestones, gamma)
    return curves.warmed_up(0.0, learning_rate, warmup, rest.skip(warmup) if warmup else rest)


@library.schedule
def ConstantWithWarmupScheduler(
    learning_rate: float, t_warmup: Time, alpha: float = 1.0, t_max: Time = "1dur", max_duration: Time | None = None,
    dataloader_len: int | None = None,
) -> Schedule:  # fmt: skip
    """Rise from 0 to ``alpha`` times the rate, and stay there. Composer's page says that it returns to the rate.

    >>> composer.ConstantWithWarmupScheduler(0.1, "10ba", t_max="100ba")
    gp.linear(0.0, 0.1, 10).then(gp.linear(0.1, 0.1, 90))
    """
    return LinearWithWarmupScheduler(learning_rate, t_warmup, alpha, alpha, t_max, max_duration, dataloader_len)


@library.schedule
def LinearWithWarmupScheduler(
    learning_rate: float, t_warmup: Time, alpha_i: float = 1.0, alpha_f: float = 0.0, t_max: Time = "1dur",
    max_duration: Time | None = None, dataloader_len: int | None = None,
) -> Schedule:  # fmt: skip
    """Rise from 0 to ``alpha_i`` times the rate, then go to ``alpha_f`` times it at ``t_max``, in straight lines.

    >>> composer.LinearWithWarmupScheduler(0.1, "10ba", t_max="100ba")
    gp.linear(0.0, 0.1, 10).then(gp.linear(0.1, 0.0, 90))
    """
    clock = _Clock("LinearWithWarmupScheduler", max_duration, dataloader_len)
    return _warmed_up(clock, gp.linear, alpha_i * learning_rate, alpha_f * learning_rate, t_warmup, t_max)


@library.schedule
def CosineAnnealingWithWarmupScheduler(
    learning_rate: float, t_warmup: Time, t_max: Time = "1dur", alpha_f: float = 0.0, max_duration: Time | None = None,
    dataloader_len: int | None = None,
) -> Schedule:  # fmt: skip
    """Rise from 0 in a straight line, then follow half a cosine to ``alpha_f`` times the rate at ``t_max``.

    >>> composer.CosineAnnealingWithWarmupScheduler(0.1, "0.1dur", alpha_f=0.1, max_duration="100ba")
    gp.linear(0.0, 0.1, 10).then(gp.cosine(0.1, 0.010000000000000002, 90))
    """
    clock = _Clock("CosineAnnealingWithWarmupScheduler", max_duration, dataloader_len)
    return _warmed_up(clock, gp.cosine, learning_rate, alpha_f * learning_rate, t_warmup, t_max)


@library.schedule
def PolynomialWithWarmupScheduler(
    learning_rate: float, t_warmup: Time, power: float = 2.0, t_max: Time = "1dur", alpha_f: float = 0.0,
    max_duration: Time | None = None, dataloader_len: int | None = None,
) -> Schedule:  # fmt: skip
    """Rise from 0 in a straight line, then follow ``(1 - progress) ** power`` to ``alpha_f`` times the rate at
    ``t_max``.

    >>> composer.PolynomialWithWarmupScheduler(0.1, "10ba", t_max="100ba")
    gp.linear(0.0, 0.1, 10).then(gp.polynomial(0.1, 0.0, 90, power=2.0))
    """
    clock = _Clock("PolynomialWithWarmupScheduler", max_duration, dataloader_len)
    fall = partial(gp.polynomial, power=power)
    return _warmed_up(clock, fall, learning_rate, alpha_f * learning_rate, t_warmup, t_max)


@library.schedule
def InverseSquareRootWithWarmupScheduler(
    learning_rate: float, t_warmup: Time, t_scale: Time, t_cooldown: Time, t_max: Time = "1dur",
    alpha_f_decay: float = 0.0, alpha_f_cooldown: float = 0.0, max_duration: Time | None = None,
    dataloader_len: int | None = None,
) -> Schedule:  # fmt: skip
    """Rise, fall as one over a square root towards ``alpha_f_decay``, then cool down in a line to ``alpha_f_cooldown``.

    This is llm-foundry's. Its step is 1 / sqrt((k - warm-up + ``t_scale``) / ``t_scale``).

    >>> lr = composer.InverseSquareRootWithWarmupScheduler(0.1, "10ba", "30ba", "20ba", "120ba")
    >>> lr[10], lr[100], lr[110], lr[120]
    (0.1, 0.05, 0.025, 0.0)
    """
    clock = _Clock("InverseSquareRootWithWarmupScheduler", max_duration, dataloader_len)
    warmup, scale = clock("t_warmup", t_warmup), clock("t_scale", t_scale)
    cooldown, end = clock("t_cooldown", t_cooldown), clock("t_max", t_max)
    low = alpha_f_decay * learning_rate
    fall = gp.inverse_sqrt(learning_rate - low, scale) + low
    begin = max(warmup, end - cooldown) - warmup
    at_cooldown = fall[begin]
    rest = gp.constant(at_cooldown)
    if cooldown:
        rest = gp.linear(at_cooldown, alpha_f_cooldown * learning_rate, cooldown)
    return curves.warmed_up(0.0, learning_rate, warmup, curves.in_turn((fall, begin), (rest, 0)))


_NAMES: dict[str, Callable[..., Schedule]] = {
    "constant_with_warmup": ConstantWithWarmupScheduler,
    "cosine_with_warmup": CosineAnnealingWithWarmupScheduler,
    "linear_decay_with_warmup": LinearWithWarmupScheduler,
    "inv_sqrt_with_warmup": InverseSquareRootWithWarmupScheduler,
}
for _name, _make in _NAMES.items():
    library.preset(_name, _make)


def _warmed_up(clock: _Clock, fall: curves.Fall, top: float, low: float, t_warmup: Time, t_max: Time) -> Schedule:
    warmup, end = clock("t_warmup", t_warmup), clock("t_max", t_max)
    if clock.duration is not None and end < clock.duration:
        rule = f"it must be at least `max_duration`, {clock.duration}: Composer refuses a shorter schedule"
        clock.refuse("t_max", end, rule, "Pass a longer `t_max`, or leave out `max_duration`.")
    rest = fall(top, low, end - warmup) if end > warmup else gp.constant(top)
    return curves.warmed_up(0.0, top, warmup, rest)


def _steps(clock: _Clock, learning_rate: float, milestones: Sequence[Time], gamma: float) -> Schedule:
    at = sorted(clock("milestones", milestone) for milestone in milestones)
    return curves.stairs([learning_rate * gamma**i for i in range(len(at) + 1)], at)


class _Clock:
    """Turns Composer's times into whole numbers of one unit."""

    def __init__(self, name: str, max_duration: Time | None, dataloader_len: int | None) -> None:
        self._name = name
        self._dataloader_len = dataloader_len
        self._unit = ""
        self.duration: int | None = None
        self._duration_unit = ""
        if max_duration is not None:
            self.duration, self._duration_unit = self._read("max_duration", max_duration)

    def __call__(self, parameter: str, time: Time) -> int:
        value, unit = self._read(parameter, time)
        if self._unit not in {"", unit}:
            rule = f"another time of it counts {self._unit!r}"
            self.refuse(parameter, repr(time), rule, "Give all times in one unit.")
        self._unit = unit
        return value

    def refuse(self, parameter: str, got: object, rule: str, way_out: str) -> NoReturn:
        raise ValueError(refusal(f"composer.{self._name}.{parameter}", got, rule, way_out))

    def _read(self, parameter: str, time: Time) -> tuple[int, str]:
        if not isinstance(time, str):
            return whole(f"composer.{self._name}.{parameter}", time), "ba"
        found = re.fullmatch(r"([\d_]+|[\d_.]+(?:e\d+)?(?=dur)|\d+e\d+)(ba|ep|sp|tok|dur)", time.strip())
        if found is None:
            rule = "it must be a time such as '100ba', '2ep', '4096sp', '1e9tok' or '0.5dur'"
            self.refuse(parameter, repr(time), rule, "Write one of them.")
        value, unit = float(found[1]), found[2]
        if unit == "dur":
            if self.duration is None:
                self.refuse(parameter, repr(time), "it is a part of `max_duration`", "Pass `max_duration`.")
            return int(value * self.duration), self._duration_unit
        if unit == "ep":
            if self._dataloader_len is None:
                way_out = "Pass `dataloader_len`, the batches of an epoch."
                self.refuse(parameter, repr(time), "it counts epochs", way_out)
            return int(value) * self._dataloader_len, "ba"
        return int(value), unit
