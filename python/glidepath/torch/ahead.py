"""What comes: the rates that a live scheduler will set, and any of its states, without stepping it.

They take glidepath's schedulers and torch's own. What is plainly a scheduler of torch's is computed in Rust. For the
rest (a function of yours, a `get_lr` of yours, a metric) a copy on copied parameter groups is stepped, by torch's code.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from copy import copy, deepcopy
from types import MethodType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.lr_scheduler import CyclicLR, LRScheduler, ReduceLROnPlateau

from glidepath._core import Schedule, _preview, _schedule, _seek, _shown, table
from glidepath.torch.scheduler import Scheduler

__all__ = ["preview", "schedule", "seek"]

Groups = list[dict[str, Any]]


def preview(
    scheduler: LRScheduler, n: int | None = None, *, metrics: Iterable[float] | None = None
) -> NDArray[np.float64]:
    """Return the learning rates that the next n steps will set, shape (n, groups); nothing is touched.

    Bit for bit what stepping would set, from the scheduler's present state and the groups' present rates. Functions
    that a scheduler was given are called as its steps would call them.

    Args:
        scheduler: a scheduler of glidepath's or torch's.
        n: how many steps.
        metrics: for ReduceLROnPlateau, the metric of each step, instead of n.

    Raises `TypeError` where metrics are missing or of no use, and whatever a step would raise.

    >>> preview(torch.optim.lr_scheduler.StepLR(optimizer, step_size=2), 3)
    array([[0.1 ],
           [0.01],
           [0.01]])
    """
    _refuse_others("preview", scheduler)
    if isinstance(scheduler, Scheduler):
        return scheduler.preview(0 if n is None else n)
    if isinstance(scheduler, ReduceLROnPlateau) != (metrics is not None):
        msg = "`preview.metrics`: the metric of each step must be given for ReduceLROnPlateau, and for it alone."
        raise TypeError(msg)
    if metrics is not None:
        return _stepped(scheduler, [(metric,) for metric in metrics])
    found = _preview(scheduler, n)
    return _stepped(scheduler, [()] * int(n or 0)) if found is None else found


def seek(scheduler: LRScheduler, step: int) -> None:
    """Put a scheduler, and its optimizer's learning rates, into the state after so many steps from the start.

    Bit for bit what stepping there would give. The start is the one that its attributes tell: the groups on their
    initial rates, nothing stepped. So it is also how to resume: make the scheduler as at the beginning of the run, and
    seek the step where you are.

    Args:
        scheduler: a scheduler of glidepath's or torch's.
        step: how many steps from the start; from 0.

    Raises `IndexError` for a step below 0, `TypeError` for ReduceLROnPlateau, whose rates do not follow from the step,
    and whatever a step on the way would raise.

    >>> scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=30)
    >>> seek(scheduler, 65)
    >>> scheduler.last_epoch, optimizer.param_groups[0]["lr"]
    (65, 0.0010000000000000002)
    """
    _refuse_others("seek", scheduler)
    if isinstance(scheduler, Scheduler):
        scheduler.seek(step)
        return
    if isinstance(scheduler, ReduceLROnPlateau):
        msg = "`seek`: got a ReduceLROnPlateau, whose rates follow from metrics and not from the step. Load its state."
        raise TypeError(msg)
    if _seek(scheduler, step):
        return
    ghost, groups = _started(scheduler)
    for _ in range(step):
        ghost.step()
    _take_over(scheduler, ghost)
    for live, group in zip(scheduler.optimizer.param_groups, groups, strict=True):
        for key in group.keys() - {"params"}:
            _set(live, key, group[key])


def schedule(scheduler: LRScheduler, group: int = 0, *, steps: int | None = None) -> Schedule:
    """Return the learning rates of a group as a glidepath `Schedule`: from the start, step k is `last_epoch` k.

    It is a replay leaf, with the bits that stepping gives for any number of steps; it plots, prints, fills arrays and
    stands in JSON. Where a Python function drives the scheduler, or its numbers are those of no replay (an attribute
    set to something that no argument gives, a float32 tensor as a rate), a table of the first `steps` values instead.

    Args:
        scheduler: a scheduler of glidepath's or torch's.
        group: which of the optimizer's groups.
        steps: the length of the table, where one is needed.

    Raises `ValueError` where a table is needed and `steps` is missing, `TypeError` for ReduceLROnPlateau, whose rates
    do not follow from the step, `IndexError` for a group that is not there.

    >>> schedule(torch.optim.lr_scheduler.StepLR(optimizer, step_size=30))
    gp.replay("torch.StepLR", base_lr=0.1, step_size=30)
    """
    _refuse_others("schedule", scheduler)
    groups = len(scheduler.optimizer.param_groups)
    if not isinstance(cast("object", group), int):
        msg = f"`schedule.group`: got {_shown(group)}; it must be a whole number from 0 to {groups - 1}."
        raise TypeError(msg)
    if steps is not None and (not isinstance(cast("object", steps), int) or steps < 1):
        msg = f"`schedule.steps`: got {_shown(steps)}; it must be a whole number of steps, 1 or more."
        raise ValueError(msg)
    if not 0 <= group < groups:
        msg = f"`schedule.group`: got {group}; it must be from 0 to {groups - 1}, as the optimizer has {groups} groups."
        raise IndexError(msg)
    if isinstance(scheduler, Scheduler):
        return scheduler.schedule(group)
    if isinstance(scheduler, ReduceLROnPlateau):
        msg = "`schedule`: got a ReduceLROnPlateau, whose rates follow from metrics and not from the step."
        raise TypeError(msg)
    found = _schedule(scheduler, group)
    if found is not None:
        return found
    if steps is None:
        msg = (
            f"`schedule.steps`: got None; no replay gives the rates of this {type(scheduler).__name__}. "
            "Say how many steps a table of them shall have."
        )
        raise ValueError(msg)
    ghost, ghosts = _started(scheduler)
    values = [float(ghosts[group]["lr"])]
    for _ in range(steps - 1):
        ghost.step()
        values.append(float(ghosts[group]["lr"]))
    return table(values)


def _refuse_others(place: str, scheduler: object) -> None:
    if not isinstance(scheduler, LRScheduler):
        msg = f"`{place}.scheduler`: got {type(scheduler).__name__}; it must be a scheduler of glidepath's or torch's."
        raise TypeError(msg)


def _started(scheduler: LRScheduler) -> tuple[LRScheduler, Groups]:
    """Copy a scheduler as it was at its start."""
    for key, value in vars(scheduler).items():
        if isinstance(value, LRScheduler):
            msg = (
                f"`{type(scheduler).__name__}.{key}`: got a scheduler inside a scheduler of your own; its state does "
                "not follow from the step. Load the states instead, or put both into a SequentialLR."
            )
            raise TypeError(msg)
    ghost, groups = _ghost(scheduler)
    base = _base(ghost)
    for i, group in enumerate(groups):
        _set(group, "lr", base[i] if i < len(base) else group.get("initial_lr", group["lr"]))
    _start(ghost)
    return ghost, groups


def _stepped(scheduler: LRScheduler, arguments: list[tuple[float, ...]]) -> NDArray[np.float64]:
    ghost, groups = _ghost(scheduler)
    out = np.empty((len(arguments), len(groups)))
    for row, given in zip(out, arguments, strict=True):
        ghost.step(*given)  # type: ignore[arg-type]  # a metric is no epoch
        row[:] = [float(group["lr"]) for group in groups]
    return out


def _ghost(scheduler: LRScheduler) -> tuple[LRScheduler, Groups]:
    """Copy a scheduler, onto an optimizer that is one only as far as its parameter groups go."""
    real = scheduler.optimizer
    optimizer = object.__new__(type(real))
    optimizer.__dict__.update(real.__dict__, _opt_called=True)
    groups = [{key: _copied(key, value) for key, value in group.items()} for group in real.param_groups]
    optimizer.param_groups = groups
    return _on(optimizer, scheduler, {id(real): optimizer}), groups


def _copied(key: str, value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) and key != "params" else value


def _on(optimizer: Any, scheduler: LRScheduler, copies: dict[int, Any]) -> LRScheduler:
    """Copy a scheduler whole, with the schedulers that it holds, onto another optimizer."""
    if id(scheduler) in copies:
        return cast("LRScheduler", copies[id(scheduler)])
    ghost = copies[id(scheduler)] = type(scheduler).__new__(type(scheduler))
    held = vars(scheduler)
    children = [_on(optimizer, child, copies) for child in held.get("_schedulers", ())]
    for key, value in held.items():
        vars(ghost)[key] = _deep(value, copies)
    vars(ghost)["optimizer"] = optimizer
    if "_schedulers" in held:
        vars(ghost)["_schedulers"] = children
    return ghost


def _deep(value: Any, copies: dict[int, Any]) -> Any:
    """Copy what an attribute holds; what cannot be copied is shared."""
    if isinstance(value, MethodType) and id(value.__self__) in copies:
        return MethodType(value.__func__, copies[id(value.__self__)])
    try:
        return deepcopy(value, copies)
    except Exception:  # noqa: BLE001  # whatever a user's object raises
        return value


def attributes(scheduler: LRScheduler) -> dict[str, Any]:
    """Copy a scheduler's attributes: lists and dicts are new, what they hold is not."""
    return {key: copy(value) if isinstance(value, list | dict) else value for key, value in vars(scheduler).items()}


def _base(scheduler: Any) -> list[float | Tensor]:
    """Return the rates that it starts on: the base rates of its first scheduler. CyclicLR has none yet."""
    while hasattr(scheduler, "_schedulers"):
        scheduler = scheduler._schedulers[0]
    return [] if isinstance(scheduler, CyclicLR) else scheduler.base_lrs


def _start(scheduler: Any) -> None:
    """Start a scheduler as its constructor does, on groups that have their initial rates."""
    groups = scheduler.optimizer.param_groups
    if not hasattr(scheduler, "_schedulers"):
        scheduler.last_epoch = -1
        own = scheduler.base_lrs
        # CyclicLR has its own base rates only after its first step.
        scheduler.base_lrs = [_copied("lr", group.get("initial_lr", group["lr"])) for group in groups]
        scheduler._initial_step()
        scheduler.base_lrs = own
        return
    for child in scheduler._schedulers:
        _start(child)
    if not hasattr(scheduler, "_milestones"):
        scheduler._last_lr = [_copied("lr", group["lr"]) for group in groups]
        return
    for group in groups:
        _set(group, "lr", group["initial_lr"])
    scheduler.last_epoch = 0
    scheduler.recursive_undo()
    first = scheduler._schedulers[bisect_right(scheduler._milestones, 0)]
    first._initial_step()
    scheduler._last_lr = first.get_last_lr()


def _take_over(scheduler: LRScheduler, ghost: LRScheduler) -> None:
    apart = {"optimizer", "_schedulers", "lr_lambdas"}
    vars(scheduler).update({key: value for key, value in vars(ghost).items() if key not in apart})
    for live, child in zip(vars(scheduler).get("_schedulers", ()), vars(ghost).get("_schedulers", ()), strict=True):
        _take_over(live, child)


def _set(group: dict[str, Any], key: str, value: Any) -> None:
    """Set a group's value; a tensor stays the tensor that it is."""
    if isinstance(group.get(key), Tensor):
        group[key].fill_(value.squeeze() if isinstance(value, Tensor) else value)
    else:
        group[key] = value
