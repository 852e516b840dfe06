"""nanotron's schedule, with the fields of ``optimizer.learning_rate_scheduler`` in its YAML file.

Followed: nanotron at commit 2411b02, ``helpers.py``. Step k is the rate of update k.
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

library = Library("nanotron", "nanotron 2411b02", warmup="lr_warmup_steps", steps="train_steps")


@library.schedule
def lr_scheduler_builder(
    learning_rate: float,
    train_steps: int,
    lr_warmup_steps: int = 0,
    lr_warmup_style: Literal["linear", "constant"] = "linear",
    lr_decay_style: Literal["linear", "cosine", "1-sqrt"] = "linear",
    lr_decay_steps: int | None = None,
    lr_decay_starting_step: int | None = None,
    min_decay_lr: float | None = None,
) -> Schedule:
    """Rise in a straight line from 0, stay until ``lr_decay_starting_step``, decay to ``min_decay_lr``, and stay there.

    ``min_decay_lr`` is ``learning_rate`` by default: **by default nothing decays**. Without ``lr_decay_steps`` the
    decay lasts ``train_steps - lr_warmup_steps``, less ``lr_decay_starting_step`` if that is given: nanotron
    subtracts both, so the decay ends ``lr_warmup_steps`` too early. Without a warm-up update 0 still has rate 0.
    nanotron needs ``lr_warmup_style``. Without a warm-up, and with a decay of 0 steps, it multiplies the rate by
    itself.

    >>> nanotron.lr_scheduler_builder(0.1, 100, 10, lr_decay_style="cosine", min_decay_lr=0.0)
    gp.linear(0.0, 0.1, 10).then(gp.cosine(0.1, 0.0, 90))
    >>> nanotron.lr_scheduler_builder(0.1, 100, 10, lr_decay_starting_step=80, min_decay_lr=0.0).gather([80, 85, 90])
    array([0.1 , 0.05, 0.  ])
    """
    low = learning_rate if min_decay_lr is None else min_decay_lr
    begin = lr_warmup_steps if lr_decay_starting_step is None else lr_decay_starting_step
    decay = lr_decay_steps
    if decay is None:
        decay = train_steps - lr_warmup_steps - (lr_decay_starting_step or 0)
    if decay < 0:
        rule = "with it the decay lasts less than 0 steps: nanotron subtracts it and the warm-up from `train_steps`"
        place = "nanotron.lr_scheduler_builder.lr_decay_starting_step"
        raise ValueError(refusal(place, lr_decay_starting_step, rule, "Pass `lr_decay_steps`."))
    if lr_warmup_steps == decay == 0:
        return gp.constant(learning_rate * learning_rate)
    rise = partial(gp.linear, 0.0 if lr_warmup_style == "linear" else learning_rate, learning_rate)
    stays = partial(gp.linear, learning_rate, learning_rate)
    falls = (partial(_FALLS[lr_decay_style], learning_rate, low), decay) if decay else (gp.constant(low), 0)
    if decay and 0 < lr_warmup_steps <= begin:
        return curves.in_turn((rise, lr_warmup_steps), (stays, begin - lr_warmup_steps), falls)
    # The last step of the warm-up is `lr_warmup_steps` itself, also if it is 0, and if the decay has begun by then.
    rest = curves.in_turn((stays, begin), falls).skip(lr_warmup_steps + 1)
    return rise(max(1, lr_warmup_steps)).then(rest, at=lr_warmup_steps + 1)


_FALLS: dict[str, Callable[[float, float, int], Schedule]] = {
    "linear": gp.linear,
    "cosine": gp.cosine,
    "1-sqrt": partial(gp.power, power=0.5),
}
