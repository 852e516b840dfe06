"""thinc's schedules, with the arguments of its functions (and of spaCy's configuration).

Followed: thinc 9.1.1, ``schedules.py``. Step k is the rate of update k. ``t`` is a number of steps by which
a schedule is ahead; here it must be whole.
"""

from __future__ import annotations

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects import hf
from glidepath.dialects._declare import Library, whole

library = Library("thinc", "thinc 9.1.1", peak="initial_rate", warmup="warmup_steps", steps="total_steps")


@library.named(peak="rate")
def constant(rate: float) -> Schedule:
    """Stay at the rate.

    >>> thinc.constant(0.1)
    gp.constant(0.1)
    """
    return gp.constant(rate)


@library.named(peak="rate")
def constant_then(rate: float, steps: int, schedule: Schedule) -> Schedule:
    """Stay for ``steps``, then follow another schedule, **which is that far ahead**: it counts from step 0.

    >>> thinc.constant_then(0.1, 10, thinc.warmup_linear(0.1, 0, 20)).gather([9, 10, 20])
    array([0.1 , 0.05, 0.  ])
    """
    return gp.constant(rate).then(schedule.skip(steps), at=steps) if steps else schedule


@library.named(peak="base_rate")
def decaying(base_rate: float, decay: float, t: float = 0.0) -> Schedule:
    """Divide by ``1 + decay * (k + t)``.

    >>> thinc.decaying(0.1, 0.5, t=2).array(2)
    array([0.05, 0.04])
    """
    return _ahead("decaying", gp.inverse_time(base_rate, decay), t)


@library.named(peak="start")
def compounding(start: float, stop: float, compound: float, t: float = 0.0) -> Schedule:
    """Multiply by ``compound`` in each step, up or down to ``stop``.

    >>> thinc.compounding(1.0, 3.0, 1.5).array(4)
    array([1.  , 1.5 , 2.25, 3.  ])
    """
    grows = gp.exponential(start, compound)
    return _ahead("compounding", grows.clamp(low=stop) if start > stop else grows.clamp(high=stop), t)


@library.named(peak="max_rate", steps="num_steps")
def slanted_triangular(
    max_rate: float, num_steps: int, cut_frac: float = 0.1, ratio: int = 32, t: float = 0.0
) -> Schedule:
    """Rise from 1 / ``ratio`` of the peak in ``cut_frac`` of the run, and fall back. It is one step ahead.

    After the run the line goes on below ``1 / ratio`` of the peak, and below 0.

    >>> thinc.slanted_triangular(0.32, 100).gather([0, 9, 54, 99]).round(3)
    array([0.041, 0.32 , 0.165, 0.01 ])
    """
    cut = int(num_steps * cut_frac)
    fall = cut / curves.fraction(cut_frac) - cut if cut else curves.fraction(0.0)
    if not (cut and fall > 0):
        rule = "the rise and the fall need at least 1 step each"
        got = f"{num_steps} steps and cut_frac={cut_frac:g}"
        raise ValueError(refusal("thinc.slanted_triangular", got, rule, "Lengthen the run."))
    low, (steps, finer) = max_rate / ratio, fall.as_integer_ratio()
    line = curves.line(max_rate, low, steps)
    down = line if finer == 1 else line.stride(finer)
    curve = curves.in_turn((gp.linear(low, max_rate, cut).skip(1), cut - 1), (down, 0))
    return _ahead("slanted_triangular", curve, t)


@library.schedule
def warmup_linear(initial_rate: float, warmup_steps: int, total_steps: int) -> Schedule:
    """Rise from 0 in a straight line, then fall to 0 at ``total_steps``.

    >>> thinc.warmup_linear(0.1, 10, 100)
    gp.linear(0.0, 0.1, 10).then(gp.linear(0.1, 0.0, 90))
    """
    return hf.linear(initial_rate, warmup_steps, total_steps)


@library.named(peak="max_lr", steps="period")
def cyclic_triangular(min_lr: float, max_lr: float, period: int) -> Schedule:
    """Rise in ``period`` steps and fall in as many, again and again. It is one step ahead.

    >>> thinc.cyclic_triangular(0.0, 0.1, 10).gather([0, 9, 19])
    array([0.01, 0.1 , 0.  ])
    """
    if not period:
        raise ValueError(refusal("thinc.cyclic_triangular.period", 0, "it must be at least 1", "Pass 1 or more."))
    return (gp.linear(min_lr, max_lr, period) >> gp.linear(max_lr, min_lr, period)).repeat().skip(1)


plateau = library.refused(
    "plateau", "a schedule that follows a score", "Use `glidepath.torch.ReduceLROnPlateau(optimizer)`."
)


def _ahead(name: str, schedule: Schedule, t: float) -> Schedule:
    steps = whole(f"thinc.{name}.t", int(t) if t.is_integer() else t)
    return schedule.skip(steps) if steps else schedule
