"""MaxText's schedule, with the fields of its YAML file.

Followed: MaxText 0.2.5, ``utils/maxtext_utils.py``. Step k is the rate of update k. MaxText computes in float32 with
optax; ours are the exact values, rounded once.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library

library = Library("maxtext", "MaxText 0.2.5", steps="learning_rate_schedule_steps")


@library.schedule
def cosine(
    learning_rate: float,
    learning_rate_schedule_steps: int,
    warmup_steps_fraction: float = 0.1,
    learning_rate_final_fraction: float = 0.1,
) -> Schedule:
    """Rise in a straight line from 0, then follow half a cosine to ``learning_rate_final_fraction`` of the rate.

    The end is **at the last step** of the schedule; then the rate is 0. The warm-up is rounded down.

    >>> maxtext.cosine(0.1, 101).gather([0, 10, 55, 100, 101])
    array([0.   , 0.1  , 0.055, 0.01 , 0.   ])
    """
    warmup = int(learning_rate_schedule_steps * warmup_steps_fraction)
    low = learning_rate_final_fraction * learning_rate
    return _ended("cosine", learning_rate, low, (warmup, 0, learning_rate_schedule_steps - warmup), "cosine")


@library.schedule
def wsd(
    learning_rate: float,
    learning_rate_schedule_steps: int,
    warmup_steps_fraction: float = 0.1,
    learning_rate_final_fraction: float = 0.1,
    wsd_decay_steps_fraction: float = 0.1,
    wsd_decay_style: Literal["linear", "cosine"] = "linear",
) -> Schedule:
    """Rise in a straight line from 0, stay, then decay to ``learning_rate_final_fraction`` of the rate.

    The end is at the last step of the schedule; then the rate is 0. The lengths are rounded down.

    >>> maxtext.wsd(0.1, 100).gather([0, 10, 90, 99, 100])
    array([0.  , 0.1 , 0.1 , 0.01, 0.  ])
    """
    warmup = int(learning_rate_schedule_steps * warmup_steps_fraction)
    decay = int(learning_rate_schedule_steps * wsd_decay_steps_fraction)
    low = learning_rate_final_fraction * learning_rate
    lengths = warmup, learning_rate_schedule_steps - warmup - decay, decay
    return _ended("wsd", learning_rate, low, lengths, wsd_decay_style)


def _ended(name: str, top: float, low: float, lengths: tuple[int, int, int], style: str) -> Schedule:
    """Rise, stay and decay, the last of which ends at its last step; then 0."""
    warmup, stable, decay = lengths
    if stable < 0 or decay < 2:  # noqa: PLR2004 (a first and a last step)
        rule = "the decay needs at least 2 steps, and the parts must fit"
        way_out = "Lengthen the schedule, or change the fractions."
        got = f"{sum(lengths)} steps: {warmup}, {stable} and {decay}"
        raise ValueError(refusal(f"maxtext.{name}.learning_rate_schedule_steps", got, rule, way_out))
    fall = gp.linear if style == "linear" else gp.cosine
    return curves.in_turn(
        (partial(gp.linear, 0.0, top), warmup),
        (partial(gp.linear, top, top), stable),
        (fall(top, low, decay - 1), decay),
        (gp.constant(0.0), 0),
    )
