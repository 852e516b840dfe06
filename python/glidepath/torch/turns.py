"""How the schedulers in a composite begin, and which of them need a metric.

DIFFERENCE: here a composite among the schedulers of a SequentialLR begins as it begins alone, glidepath's and torch's,
and a ReduceLROnPlateau may be among them. torch begins composites wrongly or raises NotImplementedError in the middle
of the run, and refuses ReduceLROnPlateau.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from torch import Tensor
from torch.optim.lr_scheduler import ChainedScheduler, ReduceLROnPlateau, SequentialLR

from glidepath.torch._versions import first_of, noted
from glidepath.torch.scheduler import Scheduler

__all__ = ["StandIn", "begin", "begins_here", "needs_metrics", "ruling", "start_in_turn", "takes_metrics", "undo"]


def is_special(scheduler: Any) -> bool:
    """Return whether torch's SequentialLR cannot begin a scheduler."""
    return isinstance(scheduler, SequentialLR | ChainedScheduler | ReduceLROnPlateau)


def begins_here(scheduler: Any) -> bool:
    """Return whether a glidepath SequentialLR begins a scheduler by the functions below, and not as torch does.

    A `Scheduler` may drive other entries than the learning rate, and torch puts back the learning rate only.
    """
    return is_special(scheduler) or isinstance(scheduler, Scheduler)


def undo(scheduler: Any, *, puts_back: bool = True) -> None:
    """Put a scheduler, and every scheduler in it, before its first step.

    The entries that a `Scheduler` drives get their initial values back, if `puts_back`.

    DIFFERENCE: torch takes one epoch off, and so one for each SequentialLR around it.
    """
    for child in vars(scheduler).get("_schedulers", ()):
        undo(child, puts_back=puts_back)
    if puts_back and isinstance(scheduler, Scheduler):
        scheduler._put_back()
    if not is_special(scheduler):
        scheduler.last_epoch = -1


def begin(scheduler: Any) -> None:
    """Make the first step of a scheduler that was put before it, on groups that have their initial rates."""
    groups = scheduler.optimizer.param_groups
    if isinstance(scheduler, SequentialLR):
        scheduler.last_epoch = 0
        undo(scheduler)
        first = first_of(scheduler)
        begin(first)
        scheduler._last_lr = first.get_last_lr()
    elif isinstance(scheduler, ChainedScheduler):
        for child in scheduler._schedulers:
            begin(child)
        scheduler._last_lr = [noted(group["lr"]) for group in groups]
    elif isinstance(scheduler, ReduceLROnPlateau):
        scheduler.best = scheduler.mode_worse
        scheduler.cooldown_counter = scheduler.num_bad_epochs = scheduler.last_epoch = 0
        scheduler._last_lr = [noted(group["lr"]) for group in groups]
    else:
        scheduler._initial_step()


def start_in_turn(scheduler: Any) -> None:
    """Start a scheduler where its turn comes in a SequentialLR: on the initial rates, as it starts alone."""
    if not is_special(scheduler):
        if hasattr(scheduler, "_update_lr"):
            scheduler._update_lr(0)
        else:
            scheduler.step(0)  # so did torch before 2.9
        return
    for group in scheduler.optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(_number(group["initial_lr"]))
        else:
            group["lr"] = group["initial_lr"]
    undo(scheduler)
    begin(scheduler)


def ruling(sequence: Any, epoch: int) -> tuple[Any, bool]:
    """Return the scheduler of a SequentialLR that rules at an epoch, and whether its turn comes there."""
    milestones = sequence._milestones
    i = bisect_right(milestones, epoch)
    return sequence._schedulers[i], i > 0 and milestones[i - 1] == epoch


def takes_metrics(scheduler: Any) -> bool:
    """Return whether a scheduler's `step` takes a metric."""
    return isinstance(scheduler, ReduceLROnPlateau) or getattr(scheduler, "takes_metrics", False)


def needs_metrics(scheduler: Any) -> bool:
    """Return whether a scheduler's next step is that of a ReduceLROnPlateau."""
    if not takes_metrics(scheduler) or isinstance(scheduler, ReduceLROnPlateau):
        return takes_metrics(scheduler)
    if isinstance(scheduler, SequentialLR):
        child, is_start = ruling(scheduler, scheduler.last_epoch + 1)
        return not is_start and needs_metrics(child)
    return any(map(needs_metrics, scheduler._schedulers))


class StandIn:
    """What torch's constructor of SequentialLR checks in a scheduler's place."""

    last_epoch = 0

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer

    @classmethod
    def of(cls, scheduler: Any) -> Any:
        """Return one that has the scheduler's optimizer, and its class's name for messages."""
        if not hasattr(scheduler, "optimizer"):
            return scheduler
        return type(type(scheduler).__name__, (cls,), {})(scheduler.optimizer)

    def _initial_step(self) -> None:
        """Do nothing: the scheduler itself begins later."""

    def get_last_lr(self) -> list[float]:
        """Return nothing, as the scheduler itself will tell."""
        return []


def _number(lr: float | Tensor) -> float | Tensor:
    return lr.squeeze() if isinstance(lr, Tensor) else lr
