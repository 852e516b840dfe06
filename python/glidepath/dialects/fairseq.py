"""fairseq's schedulers, with the fields of ``lr_scheduler`` in its configuration.

Followed: fairseq 0.12.2, ``optim/lr_scheduler``. Step k is the rate of update k. ``learning_rate`` is
``optimization.lr``, of which only one value is taken, and ``max_update`` is ``optimization.max_update``. ``manual``
and the parts of ``fixed`` that count epochs have no names here.
"""

from __future__ import annotations

import math
from functools import partial

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library

library = Library("fairseq", "fairseq 0.12.2", warmup="warmup_updates", steps="max_update")

_FAR = 2**40


@library.schedule
def fixed(learning_rate: float, warmup_updates: int = 0) -> Schedule:
    """Rise in a straight line, and stay. Update 0 has 1 / ``warmup_updates`` of the rate.

    >>> fairseq.fixed(0.1, 10).gather([0, 8, 9, 10])
    array([0.01, 0.09, 0.1 , 0.1 ])
    """
    rise = curves.warmed_up(0.0, learning_rate, warmup_updates, gp.constant(learning_rate))
    return rise.skip(1) if warmup_updates else rise


@library.schedule
def inverse_sqrt(learning_rate: float, warmup_updates: int = 4_000, warmup_init_lr: float = -1.0) -> Schedule:
    """Rise from ``warmup_init_lr`` (0, if it is negative), then fall as one over the square root of the update.

    >>> fairseq.inverse_sqrt(0.1, 10)
    gp.linear(0.0, 0.1, 10).then(gp.inverse_sqrt(0.1, 10.0))
    """
    _need("inverse_sqrt.warmup_updates", warmup_updates)
    start = max(warmup_init_lr, 0.0)
    return curves.warmed_up(start, learning_rate, warmup_updates, gp.inverse_sqrt(learning_rate, warmup_updates))


@library.schedule
def cosine(
    learning_rate: float,
    warmup_updates: int = 0,
    warmup_init_lr: float = -1.0,
    min_lr: float = 0.0,
    t_mult: float = 1.0,
    lr_period_updates: float = -1.0,
    lr_shrink: float = 0.1,
    max_update: int | None = None,
) -> Schedule:
    """Rise from ``warmup_init_lr`` (``min_lr``, if it is negative), then follow half cosines that restart for ever.

    A period lasts ``lr_period_updates`` (``max_update - warmup_updates``, if it is not positive), and each is
    ``t_mult`` times as long as the one before. At a restart **the peak and the minimum** are multiplied by
    ``lr_shrink``: at ``max_update`` the rate jumps from ``min_lr`` to a tenth of the peak. Where ``t_mult`` is not 1,
    fairseq finds the period with a floating-point logarithm, and can miss a restart by an update.

    >>> fairseq.cosine(0.1, 10, max_update=100).gather([0, 10, 55, 99, 100]).round(6)
    array([0.e+00, 1.e-01, 5.e-02, 3.e-05, 1.e-02])
    """
    if not learning_rate > min_lr:
        rule = f"it must be below `learning_rate`, {learning_rate}"
        raise ValueError(refusal("fairseq.cosine.min_lr", min_lr, rule, "Lower it."))
    if lr_period_updates <= 0.0 and max_update is None:
        way_out = "Pass `max_update`, or `lr_period_updates`."
        raise ValueError(refusal("fairseq.cosine.max_update", None, "the period follows from it", way_out))
    given = lr_period_updates if lr_period_updates > 0.0 else float((max_update or 0) - warmup_updates)
    period, longer = curves.fraction(given), curves.fraction(t_mult)
    if not (period >= 1 and longer >= 1):
        rule = "the period must be at least 1 update, and `t_mult` at least 1"
        got = f"a period of {given:g} and t_mult={t_mult:g}"
        raise ValueError(refusal("fairseq.cosine", got, rule, "Lengthen the period."))
    start = min_lr if warmup_init_lr < 0.0 else warmup_init_lr
    if longer == 1:
        steps, finer = period.as_integer_ratio()
        falls = gp.cosine(learning_rate, min_lr, steps).repeat() * _shrinking(lr_shrink, steps)
        return curves.warmed_up(start, learning_rate, warmup_updates, falls if finer == 1 else falls.stride(finer))
    count = math.ceil(math.log(_FAR / float(period), float(longer)))
    lengths = [period * longer**i for i in range(count)]
    parts = [
        (partial(gp.cosine, learning_rate * lr_shrink**i, min_lr * lr_shrink**i), length)
        for i, length in enumerate(lengths)
    ]
    return curves.warmed_up(start, learning_rate, warmup_updates, curves.in_turn(*parts))


@library.named(steps="total_num_update")
def polynomial_decay(
    learning_rate: float,
    warmup_updates: int = 0,
    total_num_update: int = 1_000_000,
    end_learning_rate: float = 0.0,
    power: float = 1.0,
) -> Schedule:
    """Rise in a straight line from 0, then fall along ``(1 - progress) ** power``, and stay.

    >>> fairseq.polynomial_decay(0.1, 10, 100)
    gp.linear(0.0, 0.1, 10).then(gp.polynomial(0.1, 0.0, 90))
    """
    steps = total_num_update - warmup_updates
    fall = (
        gp.polynomial(learning_rate, end_learning_rate, steps, power) if steps > 0 else gp.constant(end_learning_rate)
    )
    return curves.warmed_up(0.0, learning_rate, warmup_updates, fall)


@library.schedule
def step(
    learning_rate: float,
    warmup_updates: int = 0,
    warmup_init_lr: float = -1.0,
    min_lr: float = 0.0,
    lr_deacy_period: int = 25_000,
    lr_decay: float = 0.5,
) -> Schedule:
    """Rise from ``warmup_init_lr`` (``min_lr``, if it is negative), then multiply by ``lr_decay`` every period.

    ``lr_deacy_period`` is spelt so in fairseq.

    >>> fairseq.step(0.1, lr_deacy_period=100).gather([0, 99, 100, 200])
    array([0.1  , 0.1  , 0.05 , 0.025])
    """
    _need("step.lr_deacy_period", lr_deacy_period)
    start = min_lr if warmup_init_lr < 0.0 else warmup_init_lr
    stairs = gp.exponential(learning_rate, lr_decay, lr_deacy_period, stair=True).clamp(low=min_lr)
    return curves.warmed_up(start, learning_rate, warmup_updates, stairs)


@library.named(warmup="warmup_steps")
def tri_stage(
    learning_rate: float,
    warmup_steps: int,
    hold_steps: int,
    decay_steps: int,
    init_lr_scale: float = 0.01,
    final_lr_scale: float = 0.01,
) -> Schedule:
    """Rise from ``init_lr_scale`` of the rate, stay, and decay exponentially to ``final_lr_scale`` of it.

    With ``phase_ratio`` in the configuration, the three lengths are these parts of ``max_update``, rounded down.

    >>> fairseq.tri_stage(0.1, 10, 20, 50).gather([0, 10, 30, 80]).round(6)
    array([0.001, 0.1  , 0.1  , 0.001])
    """
    _need("tri_stage.decay_steps", decay_steps)
    low = final_lr_scale * learning_rate
    decay = gp.exponential(learning_rate, final_lr_scale, decay_steps).then(gp.constant(low), at=decay_steps)
    rise = partial(gp.linear, init_lr_scale * learning_rate, learning_rate)
    stays = partial(gp.linear, learning_rate, learning_rate)
    return curves.in_turn((rise, warmup_steps), (stays, hold_steps), (decay, 0))


@library.named(peak="max_lr")
def triangular(
    lr: float,
    max_lr: float,
    lr_period_updates: int = 5_000,
    lr_shrink: float = 0.1,
    shrink_min: bool = False,
) -> Schedule:
    """Rise to ``max_lr`` and fall to ``lr`` in straight lines, again and again.

    At each cycle the peak (not its distance from ``lr``) is multiplied by ``lr_shrink``; with ``shrink_min`` both.
    Half a cycle is ``lr_period_updates // 2``.

    >>> fairseq.triangular(0.01, 0.1, 20, lr_shrink=0.5).gather([0, 10, 20, 30])
    array([0.01, 0.1 , 0.01, 0.05])
    """
    half = lr_period_updates // 2
    _need("triangular.lr_period_updates", half)
    height = (gp.linear(0.0, 1.0, half) >> gp.linear(1.0, 0.0, half)).repeat()
    shrinks = _shrinking(lr_shrink, 2 * half)
    if shrink_min:
        return shrinks * (lr + (max_lr - lr) * height)
    return lr * (1.0 - height) + max_lr * (height * shrinks)


reduce_lr_on_plateau = library.refused(
    "reduce_lr_on_plateau", "a scheduler that follows a metric", "Use `glidepath.torch.ReduceLROnPlateau(optimizer)`."
)


def _shrinking(by: float, every: int) -> Schedule:
    return gp.constant(1.0) if by == 1.0 else gp.exponential(1.0, by, every, stair=True)


def _need(place: str, steps: int) -> None:
    if steps < 1:
        raise ValueError(
            refusal(f"fairseq.{place}", steps, "it must be at least 1: fairseq divides by it", "Pass 1 or more.")
        )
