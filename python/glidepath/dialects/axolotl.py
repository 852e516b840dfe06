"""axolotl's own schedules: what it has besides those of HF, which :mod:`glidepath.dialects.hf` has.

Followed: axolotl 0.19.0, ``utils/schedulers.py`` and ``core/trainers/mixins/scheduler.py``. Step k is the rate of
update k. The length of the warm-up must be given: axolotl's default is ``min(int(0.03 * n), 100)``, ``warmup_ratio`` is
rounded down, and a warm-up of 1 step counts as 2.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects import hf
from glidepath.dialects._declare import Library

library = Library("axolotl", "axolotl 0.19.0", warmup="num_warmup_steps", steps="num_training_steps")


@library.schedule
def one_cycle(
    learning_rate: float,
    num_warmup_steps: int,
    num_training_steps: int,
    anneal_strategy: Literal["cos", "linear"] = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Schedule:
    """Follow PyTorch's ``OneCycleLR``, whose peak is at step ``num_warmup_steps - 1`` and whose end is the last update.

    The warm-up cannot be 1 step or the whole run: PyTorch divides by 0. After the run PyTorch raises an error; here the
    last value stays. PyTorch also moves the momentum, from 0.95 to 0.85 and back; that is not here.

    >>> axolotl.one_cycle(0.1, 11, 101, final_div_factor=1.0).gather([0, 10, 55, 100])
    array([0.004, 0.1  , 0.052, 0.004])
    """
    if num_warmup_steps == 1 or num_warmup_steps >= num_training_steps:
        rule = f"it must not be 1, and must be less than `num_training_steps`, {num_training_steps}"
        raise ValueError(refusal("axolotl.one_cycle.num_warmup_steps", num_warmup_steps, rule, "Change the warm-up."))
    anneal = gp.cosine if anneal_strategy == "cos" else gp.linear
    start = learning_rate / div_factor
    fall = anneal(learning_rate, start / final_div_factor, num_training_steps - num_warmup_steps)
    return anneal(start, learning_rate, num_warmup_steps - 1) >> fall if num_warmup_steps else fall.skip(1)


@library.schedule
def rex(
    learning_rate: float, num_warmup_steps: int, num_training_steps: int, cosine_min_lr_ratio: float = 0.0
) -> Schedule:
    """Rise in a straight line that counts from 1, then fall as REX with a bend of 0.9, and stay at the minimum.

    It is one step ahead: the minimum is at the last update.

    >>> axolotl.rex(0.1, 10, 100).gather([0, 9, 54, 99]).round(5)
    array([0.01   , 0.1    , 0.09091, 0.     ])
    """
    falls = num_training_steps - num_warmup_steps
    if falls < 0 or not 0.0 <= cosine_min_lr_ratio <= 1.0:
        got = f"`num_warmup_steps={num_warmup_steps}` and `cosine_min_lr_ratio={cosine_min_lr_ratio}`"
        rule = f"they must be at most `num_training_steps`, {num_training_steps}, and from 0 to 1"
        raise ValueError(refusal("axolotl.rex", got, rule, "Correct them."))
    low = cosine_min_lr_ratio * learning_rate
    if not falls:
        whole = gp.constant(low)
        if num_warmup_steps:
            whole = gp.linear(0.0, learning_rate, num_warmup_steps).then(whole, at=num_warmup_steps + 1)
        return whole.skip(1)
    return curves.warmed_up(0.0, learning_rate, num_warmup_steps, gp.rex(learning_rate, low, falls, 0.9)).skip(1)


@library.schedule
def cosine(
    learning_rate: float,
    num_warmup_steps: int,
    num_training_steps: int,
    lr_quadratic_warmup: bool = False,
    cosine_min_lr_ratio: float | None = None,
    cosine_constant_lr_ratio: float | None = None,
) -> Schedule:
    """Follow HF's ``cosine``, with a quadratic warm-up, or with a minimum, after which it can stay.

    A quadratic warm-up ignores the two ratios. With ``cosine_min_lr_ratio`` alone the cosine climbs again after its
    end; with ``cosine_constant_lr_ratio`` too it ends at that part of the run, rounded down, and stays. Alone,
    ``cosine_constant_lr_ratio`` counts for nothing.

    >>> axolotl.cosine(0.1, 10, 100, lr_quadratic_warmup=True).gather([0, 5, 10, 55, 100])
    array([0.   , 0.025, 0.1  , 0.05 , 0.   ])
    >>> axolotl.cosine(0.1, 10, 100, cosine_min_lr_ratio=0.1, cosine_constant_lr_ratio=0.8)
    gp.linear(0.0, 0.1, 10).then(gp.cosine(0.1, 0.010000000000000002, 70))
    """
    for name, ratio in (("min", cosine_min_lr_ratio), ("constant", cosine_constant_lr_ratio)):
        if ratio is not None and not 0.0 <= ratio <= 1.0:
            place = f"axolotl.cosine.cosine_{name}_lr_ratio"
            raise ValueError(refusal(place, ratio, "it must be from 0 to 1", "Correct it."))
    falls = max(1, num_training_steps - num_warmup_steps)
    if lr_quadratic_warmup:
        rest = curves.waves(learning_rate, 0.0, falls)
        return gp.power(0.0, learning_rate, num_warmup_steps, power=2.0) >> rest if num_warmup_steps else rest
    if not cosine_min_lr_ratio:
        return hf.cosine(learning_rate, num_warmup_steps, num_training_steps)
    low = cosine_min_lr_ratio * learning_rate
    rest = curves.waves(learning_rate, low, falls)
    if cosine_constant_lr_ratio:
        falls = int(num_training_steps * cosine_constant_lr_ratio) - num_warmup_steps
        if falls < 1:
            rule = "the cosine must last at least 1 step after the warm-up"
            place = "axolotl.cosine.cosine_constant_lr_ratio"
            raise ValueError(refusal(place, cosine_constant_lr_ratio, rule, "Raise it, or shorten the warm-up."))
        rest = gp.cosine(learning_rate, low, falls)
    return curves.warmed_up(0.0, learning_rate, num_warmup_steps, rest)


@library.schedule
def JaggedLRRestartScheduler(
    inner_schedule: Schedule,
    jagged_restart_steps: int,
    jagged_restart_warmup_steps: int = 10,
    jagged_restart_anneal_steps: int = 1,
    min_lr_scale: float = 0.001,
) -> Schedule:
    """Multiply a schedule by a fall to ``min_lr_scale`` and a new warm-up every ``jagged_restart_steps``.

    There is no warm-up at the beginning. It is one step ahead, and so is the schedule in it: update 0 has the rate of
    its step 1. The warm-up and the fall must fit into the cycle. Around axolotl's ``rex``, which is one step ahead by
    itself, the cycle is two steps ahead: write ``JaggedLRRestartScheduler(rex(...).delay(1), ...).skip(1)``.

    >>> axolotl.JaggedLRRestartScheduler(gp.constant(0.1), 20, 4, 2, 0.0).gather([0, 17, 18, 19, 21, 23])
    array([0.1 , 0.1 , 0.05, 0.  , 0.05, 0.1 ])
    """
    stays = jagged_restart_steps - jagged_restart_warmup_steps - jagged_restart_anneal_steps
    if stays < 0 or not jagged_restart_anneal_steps:
        rule = "it must be as long as the warm-up and the fall, which takes at least 1 step"
        place = "axolotl.JaggedLRRestartScheduler.jagged_restart_steps"
        raise ValueError(refusal(place, jagged_restart_steps, rule, "Raise it."))
    begin = jagged_restart_steps - jagged_restart_anneal_steps
    cycle = curves.in_turn(
        (partial(gp.linear, min_lr_scale, 1.0), jagged_restart_warmup_steps),
        (partial(gp.linear, 1.0, 1.0), stays),
        (gp.linear(1.0, min_lr_scale, jagged_restart_anneal_steps), jagged_restart_anneal_steps),
    ).repeat()
    scale = gp.constant(1.0).then(cycle.skip(begin), at=begin) if begin else cycle
    return (inner_schedule * scale).skip(1)
