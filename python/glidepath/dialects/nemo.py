"""Two of NeMo's schedulers, with the fields of ``optim.sched`` in its YAML files.

Followed: NeMo 3.0.0, ``core/optim/lr_scheduler.py``. Step k is the rate of update k. The warm-up counts from 1, and is
over one update later than elsewhere: update ``warmup_steps`` is the first with the peak, and update 0 has
``1 / (warmup_steps + 1)`` of it.
"""

from __future__ import annotations

from glidepath import _core as gp
from glidepath import composites
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library

library = Library("nemo", "NeMo 3.0.0", warmup="warmup_steps", steps="max_steps")


@library.schedule
def CosineAnnealing(learning_rate: float, max_steps: int, warmup_steps: int = 0, min_lr: float = 0.0) -> Schedule:
    """Rise in a straight line, then follow half a cosine to ``min_lr`` at ``max_steps``, and stay.

    NeMo has another warm-up, from 0, if ``constant_steps`` is given; that is not an argument here.

    >>> nemo.CosineAnnealing(0.11, 100, 10).gather([0, 9, 10, 55, 100])
    array([0.01 , 0.1  , 0.11 , 0.055, 0.   ])
    """
    steps = max_steps - warmup_steps
    if steps < 1:
        rule = f"it must be more than `warmup_steps`, {warmup_steps}"
        raise ValueError(refusal("nemo.CosineAnnealing.max_steps", max_steps, rule, "Shorten the warm-up."))
    fall = gp.cosine(learning_rate, min_lr, steps)
    rise = gp.linear(0.0, learning_rate, warmup_steps + 1).skip(1)
    return curves.in_turn((rise, warmup_steps), (fall, 0))


@library.schedule
def NoamAnnealing(learning_rate: float, d_model: int, warmup_steps: int, min_lr: float = 0.0) -> Schedule:
    """Rise in a straight line, then fall as one over the square root of the step, not below ``min_lr``.

    Update 0 has the rate of update 1.

    >>> nemo.NoamAnnealing(1.0, 512, 4_000).gather([0, 1, 4_000]) == gp.noam(512, 4_000).gather([1, 1, 4_000])
    array([ True,  True,  True])
    """
    curve = composites.noam(d_model, warmup_steps, learning_rate)
    falls = curve.then(curve.skip(warmup_steps).clamp(low=min_lr).skip(1), at=warmup_steps + 1) if min_lr else curve
    return gp.constant(curve[1]).then(falls.skip(1), at=1)
