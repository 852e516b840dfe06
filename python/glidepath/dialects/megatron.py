"""Megatron's learning rate and weight decay, with the arguments of ``OptimizerParamScheduler``.

Followed: megatron-core 0.19.2, ``optimizer_param_scheduler.py``. Megatron counts **samples**: ``--lr-decay-iters``
and the others are multiplied by the global batch size first. Here a step is whatever the arguments count. If they
count samples, and a batch has 512 of them, the rate of update k is ``schedule.stride(512)[k]``; with a batch that
grows, see ``clock``. If the batch is constant, count everything in updates: the values are the same.

NeMo Automodel has the same class in updates, with defaults of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Literal

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library

library = Library("megatron", "megatron-core 0.19.2", peak="max_lr", warmup="lr_warmup_steps", steps="lr_decay_steps")

Style = Literal["constant", "linear", "cosine", "inverse-square-root", "WSD"]
WSDStyle = Literal["linear", "cosine", "exponential", "minus_sqrt"]


@library.schedule
def OptimizerParamScheduler(
    init_lr: float,
    max_lr: float,
    min_lr: float,
    lr_warmup_steps: float,
    lr_decay_steps: int,
    lr_decay_style: Style,
    wsd_decay_steps: int | None = None,
    lr_wsd_decay_style: WSDStyle | None = None,
) -> Schedule:
    """Rise from ``init_lr`` to ``max_lr`` in a straight line, then fall to ``min_lr`` at ``lr_decay_steps``.

    ``lr_warmup_steps`` may be a fraction of a step, as ``--lr-warmup-fraction`` of the decay length is not rounded.
    With ``inverse-square-root`` the rate jumps to ``min_lr`` after ``lr_decay_steps``. ``WSD`` stays at ``max_lr``
    until ``wsd_decay_steps`` before the end. ``exponential`` there is ``2 * 0.5 ** u - 1``.

    The names ``linear``, ``cosine``, ... stand for this function with that style, and with the defaults of Megatron's
    arguments: ``init_lr`` and ``min_lr`` 0, and an ``exponential`` decay for ``WSD``.

    >>> megatron.OptimizerParamScheduler(0.0, 0.1, 0.01, 10, 100, "cosine").gather([0, 5, 10, 55, 100])
    array([0.   , 0.05 , 0.1  , 0.055, 0.01 ])
    >>> megatron.OptimizerParamScheduler(0.0, 0.1, 0.0, 10, 100, "WSD", 20, "minus_sqrt").gather([80, 85, 100])
    array([0.1 , 0.05, 0.  ])
    """
    _check(init_lr, max_lr, min_lr, lr_warmup_steps, lr_decay_steps)
    warmup = curves.fraction(lr_warmup_steps)
    rise = partial(gp.linear, init_lr, max_lr), warmup
    if lr_decay_style == "constant":
        return curves.in_turn(rise, (gp.constant(max_lr), 0))
    if lr_decay_style == "inverse-square-root":
        return curves.in_turn(rise, *_inverse_sqrt(max_lr, min_lr, warmup, lr_decay_steps))
    if lr_decay_style == "WSD":
        return curves.in_turn(
            rise, *_stable_decay(max_lr, min_lr, warmup, lr_decay_steps, wsd_decay_steps, lr_wsd_decay_style)
        )
    return curves.in_turn(rise, (partial(_DECAYS[lr_decay_style], max_lr, min_lr), lr_decay_steps - warmup))


for _name in ("constant", "linear", "cosine", "inverse-square-root"):
    library.preset(_name, OptimizerParamScheduler, lr_decay_style=_name, init_lr=0.0, min_lr=0.0, lr_warmup_steps=0)
library.preset(
    "WSD", OptimizerParamScheduler, lr_decay_style="WSD", init_lr=0.0, min_lr=0.0, lr_warmup_steps=0,
    lr_wsd_decay_style="exponential",
)  # fmt: skip


@library.named(sets="weight_decay", peak="end_wd", steps="wd_incr_steps")
def weight_decay(
    start_wd: float,
    end_wd: float,
    wd_incr_steps: int,
    wd_incr_style: Literal["constant", "linear", "cosine"] = "constant",
) -> Schedule:
    """Return the weight decay, which goes from ``start_wd`` to ``end_wd`` over the whole training.

    Megatron then multiplies it by the group's ``wd_mult``.

    >>> megatron.weight_decay(0.01, 0.1, 1_000, "linear")
    gp.linear(0.01, 0.1, 1000)
    """
    if wd_incr_style == "constant":
        if start_wd != end_wd:
            rule = f"with the style constant it must be equal to `start_wd`, {start_wd}"
            raise ValueError(refusal("megatron.weight_decay.end_wd", end_wd, rule, "Take the style linear or cosine."))
        return gp.constant(end_wd)
    return _DECAYS[wd_incr_style](start_wd, end_wd, wd_incr_steps)


Part = tuple[curves.Curve | Schedule, curves.Time]


def _inverse_sqrt(top: float, low: float, warmup: Fraction, end: int) -> list[Part]:
    """Fall as ``sqrt(max(warmup, 1) / max(k, 1))``, up to and with the step `end`; then jump to `low`."""
    begin = max(warmup, Fraction(1))
    length = max(end + 1 - begin, Fraction(0))

    def fall(steps: int) -> Schedule:
        return gp.inverse_sqrt(top, float(begin * steps / length)).clamp(low=low)

    return [(gp.constant(top), begin - warmup), (fall, length), (gp.constant(low), 0)]


def _stable_decay(
    top: float, low: float, warmup: Fraction, end: int, steps: int | None, style: WSDStyle | None
) -> list[Part]:
    if not steps or style is None:
        got = f"{steps} and {style!r}"
        way_out = 'Pass both, such as `wsd_decay_steps=1_000, lr_wsd_decay_style="exponential"`.'
        place = "megatron.OptimizerParamScheduler.wsd_decay_steps and lr_wsd_decay_style"
        raise ValueError(refusal(place, got, "the style WSD needs both", way_out))
    decay = partial(_DECAYS[style], top, low)
    begin = end - steps
    if begin >= warmup:
        return [(partial(gp.linear, top, top), begin - warmup), (decay, steps)]
    # It begins inside the warm-up, whose last step has the peak.
    first = math.floor(warmup) + 1 if warmup else 0
    return [(gp.constant(top), first - warmup), (decay(steps).skip(first - begin), 0)]


def _halving(start: float, end: float, steps: int) -> Schedule:
    """Follow ``2 * 0.5 ** u - 1`` from `start` to `end`."""
    way = start - end
    return (gp.exponential(2.0 * way, 0.5, per=steps) + (end - way)).then(gp.constant(end), at=steps)


_DECAYS: dict[str, Callable[[float, float, int], Schedule]] = {
    "linear": gp.linear,
    "cosine": gp.cosine,
    "exponential": _halving,
    "minus_sqrt": partial(gp.power, power=0.5),
}


def _check(init_lr: float, max_lr: float, min_lr: float, warmup: float, decay: int) -> None:
    place = "megatron.OptimizerParamScheduler"
    if not 0.0 <= min_lr <= max_lr:
        rule = f"it must be from 0 to `max_lr`, {max_lr}"
        raise ValueError(refusal(f"{place}.min_lr", min_lr, rule, "Lower it, or raise `max_lr`."))
    if not init_lr <= max_lr:
        rule = f"it must be at most `max_lr`, {max_lr}"
        raise ValueError(refusal(f"{place}.init_lr", init_lr, rule, "Lower it, or raise `max_lr`."))
    if not 0.0 <= warmup < decay:
        rule = f"it must be from 0 to less than `lr_decay_steps`, {decay}"
        raise ValueError(refusal(f"{place}.lr_warmup_steps", warmup, rule, "Shorten it, or raise `lr_decay_steps`."))
