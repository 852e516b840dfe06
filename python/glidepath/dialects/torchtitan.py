"""torchtitan's schedule, with the fields of its ``lr_scheduler`` configuration.

Followed: torchtitan 0.3.0, ``components/optimizer/lr_scheduler.py``. Step k is the rate of update k. The warm-up
counts from 1, so update 0 has rate ``1 / warmup_steps`` of the peak, and the last update is one step before the
minimum.
"""

from __future__ import annotations

from typing import Literal

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library

library = Library("torchtitan", "torchtitan 0.3.0", warmup="warmup_steps", steps="total_steps")


@library.schedule
def lr_scheduler(
    learning_rate: float,
    warmup_steps: int = 200,
    total_steps: int | None = None,
    decay_ratio: float | None = None,
    decay_type: Literal["linear", "sqrt", "cosine"] = "linear",
    min_lr_factor: float = 0.0,
) -> Schedule:
    """Rise in a straight line, stay, then decay to ``min_lr_factor`` of the rate in the last ``decay_ratio`` of the
    run.

    Without a ``decay_ratio`` the decay begins after the warm-up. The minimum is at step ``total_steps``, the step
    after the last update. Beyond it the curve goes on: a straight line and a square root fall below the minimum, and
    a cosine climbs. The warm-up begins at 0, whatever ``min_lr_factor`` is. torchtitan shortens parts that do not
    fit, with a warning.

    ``total_steps`` is ``training.steps`` if it is not given there; here it must be given.

    >>> lr = torchtitan.lr_scheduler(0.1, 10, 100)
    >>> lr[0], lr[9], lr[10], lr[55], lr[100], lr[190]
    (0.01, 0.1, 0.1, 0.05, 0.0, -0.1)
    """
    if total_steps is None:
        raise ValueError(
            refusal("torchtitan.lr_scheduler.total_steps", None, "it is needed", "Pass the value of `training.steps`.")
        )
    warmup = min(warmup_steps, total_steps)
    decay = total_steps - warmup
    if decay_ratio is not None:
        decay = min(decay, round(total_steps * decay_ratio))
    rise = gp.linear(0.0, learning_rate, warmup).skip(1) if warmup else gp.constant(learning_rate)
    parts: list[tuple[Schedule, int]] = [(rise, warmup), (gp.constant(learning_rate), total_steps + 1 - warmup - decay)]
    if decay:
        low = min_lr_factor * learning_rate
        parts.append((_FALLS[decay_type](learning_rate, low, decay).skip(1), 0))
    return curves.in_turn(*parts)


def _sqrt(start: float, end: float, steps: int) -> Schedule:
    """Follow ``1 - sqrt(u)``, also past the end, for 1,024 times as long."""
    return (gp.power(0.0, 32.0, steps * 1_024, 0.5) >> gp.constant(32.0)) * (end - start) + start


_FALLS = {"linear": curves.line, "sqrt": _sqrt, "cosine": curves.waves}
