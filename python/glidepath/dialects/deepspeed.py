"""DeepSpeed's schedulers, with the arguments of ``scheduler.params`` in its JSON file.

Followed: DeepSpeed 0.19.8, ``runtime/lr_schedules.py``. Step k is the rate of update k in DeepSpeed's own loop. Its
constructors set the rate of update 0, and the first ``step()`` goes to its step 0 again. So the Warmup schedulers are
one update late: two updates have the minimum, and the peak is at update ``warmup_num_steps + 1``.

``scheduler.type`` may also be a class of ``torch.optim.lr_scheduler``: use :func:`glidepath.replay`.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library, few

library = Library(
    "deepspeed", "DeepSpeed 0.19.8", peak="warmup_max_lr", warmup="warmup_num_steps", steps="total_num_steps"
)


@library.schedule
def WarmupLR(
    warmup_min_lr: float = 0.0,
    warmup_max_lr: float | None = None,
    warmup_num_steps: int = 1_000,
    warmup_type: Literal["log", "linear"] = "log",
) -> Schedule:
    """Rise from ``warmup_min_lr`` to ``warmup_max_lr``, by default along a logarithm, and stay.

    Without ``warmup_max_lr`` DeepSpeed takes each group's own rate; its page says that the default is 0.001. A
    function of the step has no optimizer to ask, so here the rate must be given.

    >>> deepspeed.WarmupLR(0.0, 0.1, 10, "linear").array(4)
    array([0.  , 0.  , 0.01, 0.02])
    """
    if warmup_max_lr is None:
        rule = "DeepSpeed takes the optimizer's rate, which is not known here"
        raise ValueError(refusal("deepspeed.WarmupLR.warmup_max_lr", None, rule, "Pass the optimizer's rate."))
    _at_least_one("WarmupLR", warmup_num_steps)
    return _warmed_up(warmup_min_lr, warmup_max_lr, warmup_num_steps, warmup_type, gp.constant(warmup_max_lr)).delay(1)


@library.schedule
def WarmupDecayLR(
    total_num_steps: int,
    warmup_min_lr: float = 0.0,
    warmup_max_lr: float = 0.001,
    warmup_num_steps: int = 1_000,
    warmup_type: Literal["log", "linear"] = "log",
) -> Schedule:
    """Rise as :func:`WarmupLR`, then fall in a straight line to ``warmup_min_lr`` (not to 0) at ``total_num_steps``.

    It is there one update later, at update ``total_num_steps + 1``.

    >>> deepspeed.WarmupDecayLR(100, 0.0, 0.1, 10, "linear").gather([1, 11, 56, 101])
    array([0.  , 0.1 , 0.05, 0.  ])
    """
    _at_least_one("WarmupDecayLR", warmup_num_steps)
    steps = total_num_steps - max(2, warmup_num_steps)
    fall = gp.linear(warmup_max_lr, warmup_min_lr, steps) if steps > 0 else gp.constant(warmup_min_lr)
    return _warmed_up(warmup_min_lr, warmup_max_lr, warmup_num_steps, warmup_type, fall).delay(1)


@library.named(peak="learning_rate")
def WarmupCosineLR(
    learning_rate: float,
    total_num_steps: int,
    warmup_min_ratio: float = 0.0,
    warmup_num_steps: int = 1_000,
    cos_min_ratio: float = 0.0001,
    warmup_type: Literal["log", "linear"] = "log",
) -> Schedule:
    """Rise from ``warmup_min_ratio`` of the rate, then follow a cosine to ``cos_min_ratio`` of it.

    Update 0 has rate 0, whatever ``warmup_min_ratio`` is. The cosine is not late: its end is at update
    ``total_num_steps``, and its first step is skipped, so no update has the peak after a straight warm-up.

    >>> deepspeed.WarmupCosineLR(0.1, 100, 0.1, 10, 0.1).gather([0, 1, 2, 10, 100])
    array([0.       , 0.01     , 0.0370927, 0.1      , 0.01     ])
    """
    steps = max(1, total_num_steps - max(2, warmup_num_steps))
    fall = gp.cosine(learning_rate, cos_min_ratio * learning_rate, steps).skip(1)
    low = warmup_min_ratio * learning_rate
    return gp.constant(0.0).then(_warmed_up(low, learning_rate, warmup_num_steps, warmup_type, fall), at=1)


@library.named(peak="cycle_max_lr")
def OneCycle(
    cycle_min_lr: float,
    cycle_max_lr: float,
    decay_lr_rate: float = 0.0,
    cycle_first_step_size: int = 2_000,
    cycle_second_step_size: int | None = None,
    cycle_first_stair_count: int = 0,
    cycle_second_stair_count: int | None = None,
    decay_step_size: int = 0,
) -> Schedule:
    """Rise and fall once in straight lines, or in stairs, then decay as one over the step.

    After the cycle the rate is ``cycle_min_lr / (1 + decay_lr_rate * k / decay_step_size)``; it stays at
    ``cycle_min_lr`` if one of the two is 0, as by default. For the momentum see :func:`OneCycle_momentum`. OneCycle
    is not late.

    >>> deepspeed.OneCycle(0.01, 0.1, cycle_first_step_size=10).gather([0, 10, 20, 1_000])
    array([0.01, 0.1 , 0.01, 0.01])
    """
    first, second = _halves("OneCycle", cycle_first_step_size, cycle_second_step_size)
    stairs = cycle_first_stair_count, cycle_second_stair_count
    cycle = _cycle(cycle_min_lr, cycle_max_lr, first, second, stairs)
    stays = decay_step_size == 0 or decay_lr_rate == 0.0
    rest = gp.constant(cycle_min_lr) if stays else gp.inverse_time(cycle_min_lr, decay_lr_rate, decay_step_size)
    return cycle.then(rest, at=first + second)


@library.named("OneCycle_momentum", sets="momentum", peak="cycle_max_mom")
def OneCycle_momentum(
    cycle_min_mom: float = 0.8,
    cycle_max_mom: float = 0.9,
    decay_mom_rate: float = 0.0,
    cycle_first_step_size: int = 2_000,
    cycle_second_step_size: int | None = None,
    cycle_first_stair_count: int = 0,
    cycle_second_stair_count: int | None = None,
    decay_step_size: int = 0,
) -> Schedule:
    """Return the first beta that :func:`OneCycle` sets: it falls where the rate rises.

    Update 0 has ``cycle_min_mom``, as the constructor sets it; update 1 is near ``cycle_max_mom``. With a
    ``decay_mom_rate`` the momentum grows after the cycle without a bound, and passes 1.

    >>> deepspeed.OneCycle_momentum(cycle_first_step_size=10).gather([0, 1, 10, 20])
    array([0.8 , 0.89, 0.8 , 0.9 ])
    """
    first, second = _halves("OneCycle_momentum", cycle_first_step_size, cycle_second_step_size)
    stairs = cycle_first_stair_count, cycle_second_stair_count
    cycle = _cycle(cycle_max_mom, cycle_min_mom, first, second, stairs)
    if decay_step_size == 0 or decay_mom_rate == 0.0:
        rest = gp.constant(cycle_max_mom)
    else:
        rest = curves.line(cycle_max_mom, cycle_max_mom * (1.0 + decay_mom_rate), decay_step_size)
    return gp.constant(cycle_min_mom).then(cycle.then(rest, at=first + second).skip(1), at=1)


@library.named(peak="lr_range_test_min_lr")
def LRRangeTest(
    lr_range_test_min_lr: float = 1e-3,
    lr_range_test_step_size: int = 2_000,
    lr_range_test_step_rate: float = 1.0,
    lr_range_test_staircase: bool = False,
) -> Schedule:
    """Grow in a straight line without an end: ``lr_range_test_step_rate`` times the minimum a ``step_size``.

    >>> deepspeed.LRRangeTest(0.001, 100).gather([0, 100, 250])
    array([0.001 , 0.002 , 0.0035])
    >>> deepspeed.LRRangeTest(0.001, 100, lr_range_test_staircase=True).gather([0, 100, 250])
    array([0.001, 0.002, 0.003])
    """
    steps = _positive("LRRangeTest.lr_range_test_step_size", lr_range_test_step_size)
    line = curves.line(lr_range_test_min_lr, lr_range_test_min_lr * (1.0 + lr_range_test_step_rate), steps)
    return line.hold(steps) if lr_range_test_staircase else line


def _warmed_up(low: float, high: float, steps: int, kind: str, rest: Schedule) -> Schedule:
    """Rise in `steps` steps, at least 2, then the rest. A logarithm is at the top one step before."""
    steps = max(2, steps)
    rise = gp.logarithmic(low, high, steps - 1) if kind == "log" else gp.linear(low, high, steps)
    return rise.then(rest, at=steps)


def _cycle(low: float, high: float, first: int, second: int, stairs: tuple[int, int | None]) -> Schedule:
    up, down = stairs[0], stairs[0] if stairs[1] is None else stairs[1]
    few("deepspeed.OneCycle.cycle_first_stair_count", up)
    few("deepspeed.OneCycle.cycle_second_stair_count", down)
    return curves.in_turn(
        (_stairs_up(low, high, first, up) if up else partial(gp.linear, low, high), first),
        (_stairs_down(high, low, second, down) if down else partial(gp.linear, high, low), second),
    )


def _stairs_up(low: float, high: float, steps: int, count: int) -> Schedule:
    values = [low + (high - low) * i / count for i in range(count + 1)]
    return curves.stairs(values, [-(-i * steps // count) for i in range(1, count + 1)])


def _stairs_down(high: float, low: float, steps: int, count: int) -> Schedule:
    # A stair ends one step after its place, and the top stair has only the step of the peak: DeepSpeed rounds down.
    values = [high + (low - high) * i / count for i in range(count + 1)]
    return curves.stairs(values, [steps * i // count + 1 for i in range(count)])


def _halves(name: str, first: int, second: int | None) -> tuple[int, int]:
    first = _positive(f"{name}.cycle_first_step_size", first)
    return first, first if second is None else _positive(f"{name}.cycle_second_step_size", second)


def _at_least_one(name: str, steps: int) -> None:
    _positive(f"{name}.warmup_num_steps", steps)


def _positive(place: str, steps: int) -> int:
    if steps < 1:
        raise ValueError(refusal(f"deepspeed.{place}", steps, "it must be at least 1 step", "Pass 1 or more."))
    return steps
