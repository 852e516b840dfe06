"""mindcv's schedules, with the arguments of its factory ``create_scheduler`` (and of its YAML files).

Followed: mindcv 0.3.0, ``scheduler``. Step k is the rate of batch k. mindcv makes a list of the run's rates in
float64; here the last one stays. Its list functions (``cosine_decay_refined_lr``, ...) have no names here: this
factory calls them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library, few, whole

library = Library("mindcv", "mindcv 0.3.0", peak="lr", warmup="warmup_epochs", steps="num_epochs")

Name = Literal[
    "constant", "cosine_decay", "warmup_cosine_decay", "exponential_decay", "polynomial_decay", "step_decay",
    "multi_step_decay", "one_cycle", "cyclic",
]  # fmt: skip


@library.schedule
def create_scheduler(
    steps_per_epoch: int,
    scheduler: Name = "constant",
    lr: float = 0.01,
    min_lr: float = 1e-6,
    warmup_epochs: int = 3,
    warmup_factor: float = 0.0,
    decay_epochs: int = 10,
    decay_rate: float = 0.9,
    milestones: Sequence[int] | None = None,
    num_epochs: int = 200,
    num_cycles: int = 1,
    cycle_decay: float = 1.0,
    lr_epoch_stair: bool = False,
) -> Schedule:
    """Rise from ``warmup_factor`` times the rate in ``warmup_epochs``, then follow the curve of ``scheduler``.

    ``decay_epochs`` and ``milestones`` do not include the warm-up. With ``lr_epoch_stair`` the rate changes at epochs
    only, and the first epoch of a warm-up from 0 has rate 0. ``polynomial_decay`` has the power ``decay_rate``.
    ``step_decay`` and ``multi_step_decay`` always change at epochs; ``one_cycle`` and ``cyclic`` refuse a warm-up and
    stairs.

    The names ``mindcv.cosine_decay``, ... stand for this function with that ``scheduler``. It counts batches and its
    arguments epochs: ``num_training_steps`` and ``num_warmup_steps`` of ``get_scheduler`` are epochs here.

    >>> mindcv.create_scheduler(100, "cosine_decay", lr=0.1, min_lr=0.0, decay_epochs=197)
    gp.linear(0.0, 0.1, 300).then(gp.cosine(0.1, 0.0, 19700))
    """
    epochs = num_epochs - warmup_epochs
    whole("mindcv.create_scheduler.num_cycles", num_cycles, 1)
    if steps_per_epoch < 1 or epochs < 1:
        got = f"{steps_per_epoch} steps an epoch and {epochs} epochs after the warm-up"
        raise ValueError(refusal("mindcv.create_scheduler", got, "both must be at least 1", "Make the run longer."))
    if scheduler in {"one_cycle", "cyclic"}:
        if lr_epoch_stair or warmup_epochs:
            way_out = "Pass `warmup_epochs=0` and `lr_epoch_stair=False`."
            got = f"{warmup_epochs} epochs of warm-up and stairs: {lr_epoch_stair}"
            rule = f"{scheduler!r} has neither"
            raise ValueError(refusal("mindcv.create_scheduler.scheduler", got, rule, way_out))
        steps = steps_per_epoch * epochs
        return (
            _one_cycle(lr, min_lr, steps) if scheduler == "one_cycle" else _cyclic(lr, min_lr, steps // num_cycles // 2)
        )
    each = steps_per_epoch if lr_epoch_stair else 1  # how many steps a value of the curve lasts
    epoch = 1 if lr_epoch_stair else steps_per_epoch
    if scheduler == "constant":
        main = gp.constant(lr)
    elif scheduler == "exponential_decay":
        main = gp.exponential(lr, decay_rate, epoch)
    elif scheduler == "polynomial_decay":
        main = gp.polynomial(lr, 0.0, epochs * epoch, decay_rate)
    elif scheduler == "step_decay":
        main, each = gp.exponential(lr, decay_rate, decay_epochs * steps_per_epoch, stair=True), 1
    elif scheduler == "multi_step_decay":
        at = sorted(milestones or ())
        values = [lr * decay_rate**i for i in range(len(at) + 1)]
        main, each = curves.stairs(values, [milestone * steps_per_epoch for milestone in at]), 1
    else:
        few("mindcv.create_scheduler.num_cycles", num_cycles)
        falls = (gp.cosine(lr * cycle_decay**i, min_lr, decay_epochs * epoch) for i in range(num_cycles))
        main = curves.in_turn(*((fall, decay_epochs * epoch) for fall in falls))
    rise = gp.linear(warmup_factor * lr, lr, warmup_epochs * epoch) if warmup_epochs else main
    if lr_epoch_stair:
        main, rise = main.by_epoch(each) if each > 1 else main, rise.by_epoch(steps_per_epoch)
    return rise.then(main, at=warmup_epochs * steps_per_epoch) if warmup_epochs else main


for _name in Name.__args__:  # type: ignore[attr-defined]  # a Literal has them
    library.preset(_name, create_scheduler, scheduler=_name)


def _one_cycle(top: float, low: float, steps: int) -> Schedule:
    """Follow PyTorch's one cycle, from a 25th of the peak to the least rate."""
    rise = curves.fraction(0.3) * steps - 1
    if rise <= 0:
        rule = "one_cycle needs at least 4 steps"
        raise ValueError(refusal("mindcv.create_scheduler.num_epochs", steps, rule, "Make the run longer."))
    return curves.in_turn((partial(gp.cosine, top / 25.0, top), rise), (partial(gp.cosine, top, low), steps - 1 - rise))


def _cyclic(top: float, low: float, half: int) -> Schedule:
    return gp.triangle(low, top, max(1, half))
