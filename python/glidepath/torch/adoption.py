"""Gives a live scheduler of torch's own the class of the same name here."""

from __future__ import annotations

from typing import Any, cast

from torch.optim.lr_scheduler import LRScheduler as TorchLRScheduler

from glidepath._arguments import refusal
from glidepath.torch import ahead, lr_scheduler
from glidepath.torch.base import LRScheduler
from glidepath.torch.scheduler import Scheduler

__all__ = ["adopt"]

_FACADES: dict[type[TorchLRScheduler], type[LRScheduler]] = {
    facade._torch: facade
    for facade in vars(lr_scheduler).values()
    if isinstance(facade, type) and issubclass(facade, LRScheduler)
}


def adopt(scheduler: TorchLRScheduler) -> LRScheduler:
    """Return the glidepath counterpart of one of torch's schedulers, in the same state and on the same optimizer.

    What is nested is adopted too. Nothing is stepped; from then on step the new one only. A scheduler of glidepath's is
    returned as it is.

    Args:
        scheduler: a scheduler of one of torch's own classes.

    Raises `TypeError` for a class that is neither torch's nor glidepath's.

    >>> scheduler = adopt(torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9))
    >>> type(scheduler).__module__, scheduler.preview(1)
    ('glidepath.torch.lr_scheduler', array([[0.09]]))
    """
    return cast("LRScheduler", _adopted(scheduler, {}))


def _adopted(scheduler: Any, known: dict[int, Any]) -> Any:
    """Adopt a scheduler, once."""
    if isinstance(scheduler, LRScheduler | Scheduler):
        return scheduler
    if id(scheduler) in known:
        return known[id(scheduler)]
    facade = _FACADES.get(type(scheduler))
    if facade is None:
        msg = refusal(
            "adopt.scheduler",
            f"a {type(scheduler).__qualname__}",
            "it must be of one of torch's own classes",
            "Derive your class from glidepath.torch's class of the same name instead.",
        )
        raise TypeError(msg)
    adopted = known[id(scheduler)] = facade.__new__(facade)
    vars(adopted).update(ahead.attributes(scheduler))
    if "_schedulers" in vars(adopted):
        vars(adopted)["_schedulers"] = [_adopted(child, known) for child in vars(scheduler)["_schedulers"]]
    return adopted
