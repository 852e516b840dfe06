"""GPT-NeoX's schedule, with the arguments of its ``AnnealingLR``.

Followed: GPT-NeoX at commit 0535bfb, ``megatron/learning_rates.py``. Step k is the rate of update k. In its YAML,
``warmup_iter`` is ``warmup`` times ``train_iters``, which is not rounded.
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
    start_lr: float, warmup_iter: float, total_iters: int, decay_style: Style, min_lr: float = 0.0
) -> Schedule:
    """Rise in a straight line from 0, then decay along a curve of ``total_iters`` steps, not below ``min_lr``.

    The curve begins after the warm-up, and its length is **that of the whole run**. It stops ``2 * warmup_iter``
    steps before its end: the last rate is that of step ``total_iters - warmup_iter``. ``exponential`` falls to about
    a half.

    The names ``linear``, ``cosine``, ... stand for this function with that style.

    >>> neox.AnnealingLR(0.1, 10, 100, "cosine").gather([0, 10, 60, 90, 100]).round(6)
    array([0.      , 0.1     , 0.05    , 0.009549, 0.009549])
    """
    warmup = curves.fraction(warmup_iter)
    last = total_iters - 2 * warmup
    if total_iters < 1 or last < 0 or warmup < 0:
        rule = "it must be at least twice `warmup_iter`, and at least 1"
        raise ValueError(refusal("neox.AnnealingLR.total_iters", total_iters, rule, "Shorten the warm-up."))
    decays, finer = _DECAYS[decay_style], last.denominator
    stops = decays(start_lr, total_iters * finer)[int(last * finer)]

    def curve(steps: int) -> Schedule:
        return decays(start_lr, int(total_iters * steps / last)).clamp(low=min_lr)

    rest = (gp.constant(max(stops, min_lr)), 0)
    return curves.in_turn((partial(gp.linear, 0.0, start_lr), warmup), *([(curve, last)] if last else []), rest)


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
