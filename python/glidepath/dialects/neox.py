"""GPT-NeoX's schedule, with the arguments of its ``AnnealingLR``.

Followed: GPT-NeoX at commit 0535bfb, ``megatron/learning_rates.py``. Step k is the rate of update k. In its YAML,
``warmup_iter`` is ``warmup`` times ``train_iters``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library

library = Library("neox", "GPT-NeoX 0535bfb", peak="start_lr", warmup="warmup_iter", steps="total_iters")

Style = Literal["constant", "linear", "cosine", "exponential"]


@library.schedule
def AnnealingLR(
    start_lr: float, warmup_iter: int, total_iters: int, decay_style: Style, min_lr: float = 0.0
) -> Schedule:
    """Rise in a straight line from 0, then decay along a curve of ``total_iters`` steps, not below ``min_lr``.

    The curve begins after the warm-up, and its length is **that of the whole run**. It stops ``2 * warmup_iter``
    steps before its end: the last rate is that of step ``total_iters - warmup_iter``. ``exponential`` falls to about
    a half.

    The names ``linear``, ``cosine``, ... stand for this function with that style.

    >>> neox.AnnealingLR(0.1, 10, 100, "cosine").gather([0, 10, 60, 90, 100]).round(6)
    array([0.      , 0.1     , 0.05    , 0.009549, 0.009549])
    """
    last = total_iters - 2 * warmup_iter
    if total_iters < 1 or last < 0:
        rule = "it must be at least twice `warmup_iter`, and at least 1"
        raise ValueError(refusal("neox.AnnealingLR.total_iters", total_iters, rule, "Shorten the warm-up."))
    curve = _DECAYS[decay_style](start_lr, total_iters)
    stops = curve.then(gp.constant(curve[last]), at=last) if last else gp.constant(curve[0])
    return curves.warmed_up(0.0, start_lr, warmup_iter, stops.clamp(low=min_lr))


def _halving(start: float, steps: int) -> Schedule:
    return gp.natural_exponential(start, 0.693, steps)


_DECAYS: dict[str, Callable[[float, int], Schedule]] = {
    "constant": lambda start, _: gp.constant(start),
    "linear": lambda start, steps: gp.linear(start, 0.0, steps),
    "cosine": lambda start, steps: gp.cosine(start, 0.0, steps),
    "exponential": partial(_halving),
}
for _name in ("constant", "linear", "cosine", "exponential"):
    library.preset(_name, AnnealingLR, decay_style=_name)
