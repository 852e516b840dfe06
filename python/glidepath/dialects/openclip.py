"""open_clip's schedules, by the functions of ``open_clip_train/scheduler.py`` and the names of ``--lr-scheduler``.

Followed: open_clip 3.3.0. Step k is the rate of update k. The warm-up counts from 1, so update ``warmup_length - 1``
has the rate itself. After ``steps`` the curves go on.
"""

from __future__ import annotations

from functools import reduce
from operator import mul

from glidepath import _core as gp
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library

library = Library("openclip", "open_clip 3.3.0", peak="base_lr", warmup="warmup_length", steps="steps")

MOST_LINES = 4
"""A power up to this is a product of lines, which has no end."""


@library.named("const_lr", "const")
def const_lr(
    base_lr: float,
    warmup_length: int,
    steps: int | None = None,  # noqa: ARG001 (open_clip's signature)
) -> Schedule:
    """Rise in a straight line and stay. ``steps`` is not used, as in open_clip.

    >>> openclip.const_lr(0.1, 4).array(5)
    array([0.025, 0.05 , 0.075, 0.1  , 0.1  ])
    """
    return gp.linear(0.0, base_lr, warmup_length).skip(1) if warmup_length else gp.constant(base_lr)


@library.named("cosine_lr", "cosine")
def cosine_lr(base_lr: float, warmup_length: int, steps: int) -> Schedule:
    """Rise in a straight line, then follow a cosine to 0 at ``steps``. After it the cosine climbs again.

    A warm-up that is longer than the run is followed as far as the run goes.

    >>> openclip.cosine_lr(0.1, 10, 100).gather([0, 9, 10, 55, 100, 145])
    array([0.01, 0.1 , 0.1 , 0.05, 0.  , 0.05])
    """
    half = abs(steps - warmup_length)  # with a longer warm-up, open_clip divides by a negative number: the same cosine
    rest = curves.waves(base_lr, 0.0, half) if half else gp.constant(base_lr)
    return _warmed_up(base_lr, warmup_length, rest)


@library.named("const_lr_cooldown", "const-cooldown")
def const_lr_cooldown(
    base_lr: float,
    warmup_length: int,
    steps: int,
    cooldown_steps: int,
    cooldown_power: float = 1.0,
    cooldown_end_lr: float = 0.0,
) -> Schedule:
    """Rise in a straight line, stay, then follow a power to ``cooldown_end_lr`` in the last ``cooldown_steps``.

    After ``steps`` a power of 1 or 3 falls on below the end, and one of 2 or 4 **rises**. With other powers the rate
    stays at the end here; open_clip's goes on if the power is whole, and is a complex number if it is not.

    >>> openclip.const_lr_cooldown(0.1, 10, 100, 20).gather([0, 80, 90, 100, 110])
    array([ 0.01,  0.1 ,  0.05,  0.  , -0.05])
    """
    if not cooldown_steps:  # the cooldown would begin after the run
        return const_lr(base_lr, warmup_length, steps)
    if cooldown_power == 1.0:
        fall = curves.line(base_lr, cooldown_end_lr, cooldown_steps)
    elif cooldown_power in range(2, MOST_LINES + 1):
        lines = [curves.line(1.0, 0.0, cooldown_steps)] * int(cooldown_power)
        fall = reduce(mul, lines) * (base_lr - cooldown_end_lr) + cooldown_end_lr
    else:
        fall = gp.polynomial(base_lr, cooldown_end_lr, cooldown_steps, power=cooldown_power)
    begin = steps - cooldown_steps
    if begin > warmup_length:
        rest = gp.constant(base_lr).then(fall, at=begin - warmup_length)
    else:
        rest = fall.skip(warmup_length - begin) if warmup_length > begin else fall
    return _warmed_up(base_lr, warmup_length, rest)


def _warmed_up(peak: float, steps: int, rest: Schedule) -> Schedule:
    return gp.linear(0.0, peak, steps).skip(1).then(rest, at=steps) if steps else rest
