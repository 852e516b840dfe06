"""What comes: the rates that a live scheduler will set, and any of its states, without stepping it.

They take glidepath's schedulers and torch's own. What is plainly a scheduler of torch's is computed in Rust. For the
rest (a function of yours, a `get_lr` of yours, a metric) a copy on copied parameter groups is stepped, by torch's code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext
from copy import copy, deepcopy
from functools import partial
from types import MethodType
from typing import Any, SupportsIndex, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, inference_mode
from torch.optim.lr_scheduler import CyclicLR, LambdaLR, LRScheduler, OneCycleLR, ReduceLROnPlateau, SequentialLR

from glidepath._arguments import as_int, group_index, refusal
from glidepath._core import Schedule, _preview, _schedule, _seek, _shown, _Stepper, table
from glidepath.torch import _versions
from glidepath.torch.drivers import check_entry, copied, places_of
from glidepath.torch.scheduler import Scheduler
from glidepath.torch.turns import begin, takes_metrics, undo

__all__ = ["preview", "schedule", "seek"]

Groups = list[dict[str, Any]]


def preview(
    scheduler: LRScheduler,
    n: SupportsIndex | None = None,
    *,
    metrics: Iterable[float] | None = None,
    name: str = "lr",
    place: int = 0,
) -> NDArray[np.float64]:
    """Return the learning rates that the next n steps will set, shape (n, groups); nothing is touched.

    Bit for bit what stepping would set, from the scheduler's present state and the groups' present rates. Functions
    that a scheduler was given are called as its steps would call them.

    Args:
        scheduler: a scheduler of glidepath's or torch's.
        n: how many steps, from 0.
        metrics: for ReduceLROnPlateau, the metric of each step, instead of n.
        name: of which entry of the groups; the learning rate if nothing else is said.
        place: which value of a tuple: 0 is the first beta.

    Raises `TypeError` where `n` is not a whole number or metrics are missing or of no use, `ValueError` for an `n`
    below 0 and for an entry that is not there, and whatever a step would raise.

    >>> preview(torch.optim.lr_scheduler.StepLR(optimizer, step_size=2), 3)
    array([[0.1 ],
           [0.01],
           [0.01]])
    """
    _refuse_others("preview", scheduler)
    on_metrics = takes_metrics(scheduler)
    if on_metrics and metrics is None and n is not None and as_int(n) is None and not isinstance(n, str | float | bool):
        rule = "it must be a whole number from 0 to 2**53"
        msg = refusal("preview.n", _shown(n), rule, "Metrics are given by name: write `preview(metrics=[...])`.")
        raise TypeError(msg)
    is_rate = name == "lr" and place == 0
    # This refuses what is no count, for every class with one message.
    found = None
    if n is not None or not (on_metrics or metrics is not None):
        found = _preview(scheduler if is_rate and _versions.looks_ahead(scheduler, goes_on=True) else None, n)
    if on_metrics and metrics is None:
        what = _on_metrics(scheduler)
        rule = "its steps need metrics, so give the metric of each step instead of `n`"
        msg = refusal("preview.metrics", f"None for {what}", rule, "Write `preview(metrics=[...])`.")
        raise TypeError(msg)
    if metrics is not None and not on_metrics:
        rule = f"the steps of this {type(scheduler).__name__} take no metrics"
        msg = refusal("preview.metrics", _shown(metrics), rule, "Write `preview(n)`.")
        raise TypeError(msg)
    if metrics is not None and n is not None:
        rule = "it must be left out where `metrics` are given: one step is made for each"
        msg = refusal("preview.n", _shown(n), rule)
        raise TypeError(msg)
    if isinstance(scheduler, Scheduler):
        return scheduler.preview(cast("SupportsIndex", n), name=name, place=place)
    if found is not None:
        return found
    given: list[tuple[float, ...]] = [()] * int(cast("int", n)) if metrics is None else [(one,) for one in metrics]
    for group in [] if is_rate else scheduler.optimizer.param_groups:
        check_entry("preview", group, name, place)
    return _stepped(scheduler, given, name, place)


def seek(scheduler: LRScheduler, step: SupportsIndex) -> None:
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
    whole = as_int(step)
    if whole is not None and whole < 0:
        rule = "it must be a whole number from 0 to 2**53"
        msg = refusal("seek.step", _shown(step), rule, "Use `seek(0)` for the start.")
        raise IndexError(msg)
    if isinstance(scheduler, Scheduler):
        scheduler.seek(step)
        return
    if takes_metrics(scheduler):
        what = _on_metrics(scheduler)
        msg = f"`seek`: got {what}, whose rates follow from metrics and not from the step. Load its state."
        raise TypeError(msg)
    if _versions.looks_ahead(scheduler, seeks=True) and _seek(scheduler, step):
        return
    _versions.check_start("seek", scheduler)
    ghost, groups = _started(scheduler)
    for _ in range(int(step)):
        ghost.step()
    _take_over(scheduler, ghost)
    for live, group in zip(scheduler.optimizer.param_groups, groups, strict=True):
        for key in group.keys() - {"params"}:
            _set(live, key, group[key])


def schedule(
    scheduler: LRScheduler,
    group: SupportsIndex = 0,
    *,
    steps: SupportsIndex | None = None,
    name: str = "lr",
    place: int = 0,
) -> Schedule:
    """Return the learning rates of a group as a glidepath `Schedule`: from the start, step k is `last_epoch` k.

    It is a replay leaf, with the bits that stepping gives for any number of steps; it plots, prints, fills arrays and
    stands in JSON. A LambdaLR whose function is a Schedule gives `base_lr * schedule`: that is the exact product,
    rounded once, where a step rounds the schedule's value and then the product, so the last bit may differ. A
    `Scheduler` gives the schedule that drives it; both may also stand at the end of a SequentialLR. Where a Python
    function drives the scheduler, or no replay gives its numbers (an attribute set to something that no argument gives,
    a float32 tensor as a rate, an entry other than the learning rate), it is a table of the first `steps` values
    instead. torch's own CyclicLR and OneCycleLR do not keep their arguments, so they give a table too; glidepath's give
    a replay.

    Args:
        scheduler: a scheduler of glidepath's or torch's.
        group: which of the optimizer's groups.
        steps: the length of the table, where one is needed.
        name: of which entry of the groups; the learning rate if nothing else is said.
        place: which value of a tuple: 0 is the first beta.

    Raises `ValueError` where a table is needed and `steps` is missing, and for an entry that is not there, `TypeError`
    for ReduceLROnPlateau, whose rates do not follow from the step, `IndexError` for a group that is not there.

    >>> schedule(torch.optim.lr_scheduler.StepLR(optimizer, step_size=30))
    gp.replay("torch.StepLR", base_lr=0.1, step_size=30)
    """
    _refuse_others("schedule", scheduler)
    groups = len(scheduler.optimizer.param_groups)
    which = group_index("schedule.group", group, groups)
    length = None if steps is None else as_int(steps)
    if steps is not None and (length is None or length < 1):
        msg = refusal("schedule.steps", _shown(steps), "it must be a whole number of steps, 1 or more")
        raise ValueError(msg)
    if isinstance(scheduler, Scheduler):
        return scheduler.schedule(which, name=name, place=place)
    if takes_metrics(scheduler):
        what = _on_metrics(scheduler)
        msg = f"`schedule`: got {what}, whose rates follow from metrics and not from the step."
        raise TypeError(msg)
    is_rate = name == "lr" and place == 0
    found = _exactly(scheduler, which) if is_rate else None
    if found is not None:
        return found
    if not is_rate:
        check_entry("schedule", scheduler.optimizer.param_groups[which], name, place)
    if length is None:
        what = "the rates" if is_rate else f"`{name}`"
        by_name = "" if is_rate else f", name={name!r}"
        msg = refusal(
            "schedule.steps",
            "None",
            f"no replay gives {what} of this {_named(scheduler)}",
            f"For a table of them, say how many steps: `schedule({which}, steps=1000{by_name})`.",
        )
        raise ValueError(msg)
    _versions.check_start("schedule", scheduler)
    ghost, ghosts = _started(scheduler)
    values = [_value(ghosts[which], name, place)]
    for _ in range(length - 1):
        ghost.step()
        values.append(_value(ghosts[which], name, place))
    return table(values)


def _exactly(scheduler: LRScheduler, group: int) -> Schedule | None:
    """Return a group's rates as a replay, or as schedules that were given as functions; None where they are neither."""
    plain = _plain(scheduler, _plain_optimizer(scheduler.optimizer), {})
    found = _schedule(plain, group) if _versions.looks_ahead(scheduler) else None
    return found or _of_functions(plain, group)


def _of_functions(scheduler: Any, group: int) -> Schedule | None:
    """Return `base_lr * schedule` of a LambdaLR, the schedule of a Scheduler, or those of a SequentialLR that ends so.

    The schedulers before the first of these two are one replay. Any other scheduler after it has none: no replay starts
    in the middle of a sequence.
    """
    if type(scheduler) is Scheduler:
        lr, driver = scheduler.optimizer.param_groups[group]["lr"], scheduler._of_groups("lr")[group]
        return driver if isinstance(lr, float) and isinstance(driver, Schedule) else None
    if isinstance(scheduler, SequentialLR):
        return _of_functions_in_turn(scheduler, group) if _steps_as(scheduler, SequentialLR) else None
    is_usual = isinstance(scheduler, LambdaLR) and _steps_as(scheduler, LambdaLR)
    if not is_usual or group >= min(len(scheduler.lr_lambdas), len(scheduler.base_lrs)):
        return None
    function, base = scheduler.lr_lambdas[group], scheduler.base_lrs[group]
    return base * function if isinstance(function, Schedule) and isinstance(base, float) else None


def _of_functions_in_turn(scheduler: Any, group: int) -> Schedule | None:
    """Join the parts of a SequentialLR: a copy, which is cut down to those before the first LambdaLR or Scheduler."""
    children, milestones = scheduler._schedulers, scheduler._milestones
    found = (i for i, child in enumerate(children) if isinstance(child, LambdaLR | Scheduler))
    first = next(found, len(children))
    parts = [_of_functions(child, group) for child in children[first:]]
    if first:
        scheduler._schedulers, scheduler._milestones = children[:first], milestones[: first - 1]
        parts.insert(0, _schedule(scheduler, group) if _versions.looks_ahead(scheduler) else None)
    usual = all(type(milestone) is int and milestone > 0 for milestone in milestones)
    if not usual or sorted(set(milestones)) != milestones or None in parts:
        return None
    whole, *rest = cast("list[Schedule]", parts)
    for part, milestone in zip(rest, milestones[max(first - 1, 0) :], strict=True):
        whole = whole.then(part, at=milestone)
    return whole


def _steps_as(scheduler: LRScheduler, theirs: type[LRScheduler]) -> bool:
    """Whether a scheduler steps as torch's class does: neither a subclass nor the instance has a method of its own."""
    cls = type(scheduler)
    is_theirs = cls.get_lr is theirs.get_lr and cls.step in {theirs.step, _Stepper.step}
    return is_theirs and not {"get_lr", "_update_lr", "step"} & vars(scheduler).keys()


def _plain_optimizer(real: Any) -> Any:
    """Copy an optimizer as far as its groups' numbers go, as Python's."""
    optimizer = object.__new__(type(real))
    optimizer.__dict__.update(real.__dict__)
    optimizer.param_groups = [{key: _number(value) for key, value in group.items()} for group in real.param_groups]
    return optimizer


def _plain(scheduler: LRScheduler, optimizer: Any, known: dict[int, Any]) -> Any:
    """Copy a scheduler, with the schedulers that it holds, so that its numbers and lists are Python's own."""
    if id(scheduler) in known:
        return known[id(scheduler)]
    plain: Any = type(scheduler).__new__(type(scheduler))
    known[id(scheduler)] = plain
    vars(plain).update({key: _numbers(value) for key, value in vars(scheduler).items()}, optimizer=optimizer)
    if hasattr(scheduler, "_made_with"):
        plain._made_with = _numbers(scheduler._made_with)
    if "_schedulers" in vars(scheduler):
        vars(plain)["_schedulers"] = [_plain(child, optimizer, known) for child in vars(scheduler)["_schedulers"]]
    return plain


def _number(value: Any) -> Any:
    """Return a number of numpy's as the same one of Python's; a narrower float computes otherwise, and stays."""
    if isinstance(value, np.integer):
        return int(value)
    return float(value) if isinstance(value, np.float64) else value


def _numbers(value: Any) -> Any:
    """Return what an attribute holds, with Python's numbers in the place of numpy's."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
        return value.tolist()
    if type(value) in {list, tuple}:
        return [_numbers(item) for item in value]
    if type(value) in {dict, Counter}:
        return type(value)({_number(key): _number(item) for key, item in value.items()})
    if isinstance(value, partial):
        return partial(value.func, *map(_number, value.args))
    return _number(value)


def _named(scheduler: LRScheduler) -> str:
    """Name a scheduler's class, and what of it is not of a type that a replay can take."""
    name = type(scheduler).__name__
    odd = (key for key, value in vars(scheduler).items() if isinstance(value, np.generic | Tensor))
    key = next((key for key in odd if type(_number(vars(scheduler)[key])) not in {int, float}), None)
    if key is not None:
        kind = type(vars(scheduler)[key])
        return f"{name}, whose `{key}` is a {kind.__module__}.{kind.__qualname__}"
    forgetful = _forgetful(scheduler)
    if forgetful is not None:
        which = name if forgetful is scheduler else f"{name} with a {type(forgetful).__name__}"
        return f"{which}, of which torch does not keep the arguments"
    return name


def _forgetful(scheduler: Any) -> Any:
    """Return a CyclicLR or OneCycleLR, the scheduler itself or one in it, whose arguments are not remembered."""
    if isinstance(scheduler, CyclicLR | OneCycleLR) and not hasattr(scheduler, "_made_with"):
        return scheduler
    found = map(_forgetful, getattr(scheduler, "_schedulers", ()))
    return next((one for one in found if one is not None), None)


def _on_metrics(scheduler: LRScheduler) -> str:
    if isinstance(scheduler, ReduceLROnPlateau):
        return "a ReduceLROnPlateau"
    return f"a {type(scheduler).__name__} with a ReduceLROnPlateau"


def _refuse_others(place: str, scheduler: object) -> None:
    if not isinstance(scheduler, LRScheduler):
        msg = refusal(
            f"{place}.scheduler", type(scheduler).__name__, "it must be a scheduler of glidepath's or torch's"
        )
        raise TypeError(msg)


def _started(scheduler: LRScheduler) -> tuple[LRScheduler, Groups]:
    """Copy a scheduler as it was at its start."""
    for key, value in vars(scheduler).items():
        if isinstance(value, LRScheduler):
            msg = refusal(
                f"{type(scheduler).__name__}.{key}",
                "a scheduler inside a scheduler of your own",
                "its state does not follow from the step",
                "Load the states instead, or put both into a SequentialLR.",
            )
            raise TypeError(msg)
    ghost, groups = _ghost(scheduler)
    base = _base(ghost)
    for i, group in enumerate(groups):
        _set(group, "lr", base[i] if i < len(base) else group.get("initial_lr", group["lr"]))
    _start(ghost)
    return ghost, groups


def _stepped(scheduler: LRScheduler, arguments: list[tuple[float, ...]], name: str, place: int) -> NDArray[np.float64]:
    ghost, groups = _ghost(scheduler)
    out = np.empty((len(arguments), len(groups)))
    for row, given in zip(out, arguments, strict=True):
        ghost.step(*given)  # type: ignore[arg-type]  # a metric is no epoch
        row[:] = [_value(group, name, place) for group in groups]
    return out


def _ghost(scheduler: LRScheduler) -> tuple[LRScheduler, Groups]:
    """Copy a scheduler, onto an optimizer that is one only as far as its parameter groups go."""
    real = scheduler.optimizer
    optimizer = object.__new__(type(real))
    optimizer.__dict__.update(real.__dict__, _opt_called=True)
    copies: dict[int, Any] = {id(real): optimizer}
    groups = [{key: _entry_copy(key, value, copies) for key, value in group.items()} for group in real.param_groups]
    optimizer.param_groups = groups
    return _on(optimizer, scheduler, copies), groups


def _entry_copy(key: str, value: Any, copies: dict[int, Any]) -> Any:
    """Copy a tensor so that a step may do to the copy what it may do to the tensor; two that share memory, share it."""
    if isinstance(value, tuple | list) and key != "params":
        return type(value)(_entry_copy("", place, copies) for place in value)
    if not isinstance(value, Tensor) or key == "params":
        return value
    if not value.is_leaf:
        return copies.setdefault(id(value), value.clone())  # `deepcopy` refuses it
    with inference_mode() if value.is_inference() else nullcontext():
        return deepcopy(value, copies)


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
        scheduler.base_lrs = [copied(group.get("initial_lr", group["lr"])) for group in groups]
        scheduler._initial_step()
        scheduler.base_lrs = own
        return
    for child in scheduler._schedulers:
        _start(child)
    if not hasattr(scheduler, "_milestones"):
        scheduler._last_lr = [copied(group["lr"]) for group in groups]
        return
    for group in groups:
        _set(group, "lr", group["initial_lr"])
    scheduler.last_epoch = 0
    # The constructor of torch's SequentialLR leaves the entries as a later `Scheduler` has set them.
    undo(scheduler, puts_back=isinstance(scheduler, _Stepper))
    first = _versions.first_of(scheduler)
    begin(first)
    scheduler._last_lr = first.get_last_lr()


def _value(group: dict[str, Any], name: str, place: int) -> float:
    """Return a group's value as a float. A tensor that autograd follows would warn."""
    value = places_of(group[name])[place]
    return float(value.detach() if isinstance(value, Tensor) else value)


def _take_over(scheduler: LRScheduler, ghost: LRScheduler) -> None:
    apart = {"optimizer", "_schedulers", "lr_lambdas", "_in_sequence"}
    vars(scheduler).update({key: value for key, value in vars(ghost).items() if key not in apart})
    for live, child in zip(vars(scheduler).get("_schedulers", ()), vars(ghost).get("_schedulers", ()), strict=True):
        _take_over(live, child)


def _set(group: dict[str, Any], key: str, value: Any) -> None:
    """Set a group's value; a tensor stays the tensor that it is."""
    group[key] = _filled(group.get(key), value)


def _filled(old: Any, value: Any) -> Any:
    if isinstance(old, Tensor):
        return old.fill_(value.squeeze() if isinstance(value, Tensor) else value)
    if isinstance(old, tuple | list) and isinstance(value, tuple | list) and len(old) == len(value):
        return type(value)(map(_filled, old, value))
    return value
