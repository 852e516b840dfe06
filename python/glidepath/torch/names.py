"""Any library's schedule by its name, for an optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from torch.optim import Optimizer

from glidepath._arguments import refusal
from glidepath.dialects import _declare as declare
from glidepath.torch.scheduler import Scheduler

__all__ = ["get_scheduler"]


def get_scheduler(
    name: str,
    optimizer: Optimizer,
    num_warmup_steps: int | None = None,
    num_training_steps: int | None = None,
    scheduler_specific_kwargs: Mapping[str, Any] | None = None,
) -> Scheduler:
    """Return a scheduler that multiplies each group's rate by the factor of a library's schedule.

    The signature is that of `transformers.get_scheduler`. The peak is the optimizer's default rate,
    `optimizer.defaults["lr"]`; where groups have other rates, they keep their proportions, also to a minimum.

    Args:
        name: of a schedule in `glidepath.dialects`, such as "hf.cosine", "timm.cosine" or "megatron.WSD". A name
            without a library is one of HF's; a member of HF's `SchedulerType` is taken too.
        optimizer: whose groups are set.
        num_warmup_steps: the length of the warm-up.
        num_training_steps: the length of the run, warm-up included.
        scheduler_specific_kwargs: the schedule's other arguments, by the library's names.

    Raises `ValueError` for an unknown name, for what is not a function of the step (it follows a metric), for a
    schedule of another hyper-parameter, and where a number is missing that the schedule needs; `TypeError` for an
    argument that it does not have.

    >>> scheduler = get_scheduler("cosine", optimizer, num_warmup_steps=10, num_training_steps=100)
    >>> scheduler.seek(55)
    >>> scheduler.get_last_lr()
    [0.05]
    >>> get_scheduler("hf.polynomial", optimizer, 10, 100, {"power": 2.0}).schedule()
    0.1 * (gp.linear(0.0, 0.1, 10).then(gp.polynomial(0.1, 1e-07, 90, power=2.0)) / 0.1)
    """
    if not isinstance(cast("object", optimizer), Optimizer):
        got = f"a {type(optimizer).__name__}"
        raise TypeError(refusal("get_scheduler.optimizer", got, "it must be a torch.optim.Optimizer"))
    found = declare.entry(name)
    if found.sets != "lr":
        way_out = f"Pass it as `Scheduler(optimizer, {found.sets}=...)`."
        raise ValueError(refusal("get_scheduler.name", repr(found.name), f"it is a schedule of {found.sets}", way_out))
    peak = float(optimizer.defaults.get("lr", optimizer.param_groups[0]["lr"]))
    if not peak > 0.0:
        way_out = "Give the optimizer the peak rate as `lr`."
        raise ValueError(refusal("get_scheduler.optimizer", f"one with lr={peak}", "its rate is the peak", way_out))
    schedule = declare.make(found, peak, num_warmup_steps, num_training_steps, scheduler_specific_kwargs or {})
    return Scheduler(optimizer, lr=schedule / peak, relative=True)
