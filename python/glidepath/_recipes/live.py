"""Reads real optimizers of PyTorch and MindSpore: their groups, with the schedules of their options."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from glidepath._arguments import refusal
from glidepath._core import Schedule, _shown, table
from glidepath._forms.live import of_class
from glidepath._recipes import models, options
from glidepath._recipes.models import Param, listed
from glidepath._recipes.optimizers import INERT, OPTIMIZERS, unknown_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from glidepath._recipes.options import Option

    Part: TypeAlias = tuple[list[Param], dict[str, Option], str | None]
    """The parameters, the options and the name of a group."""
    Read: TypeAlias = tuple[str | None, tuple[Param, ...], list[Part]]
    """The optimizer's name, all parameters in the model's order, and the groups."""

__all__ = ["read"]

_APART = {"params", "param_names", "lr", "name"}


class _Names(NamedTuple):
    """The names of real parameters."""

    order: list[Param]
    """All parameters, in the model's order."""
    of: dict[int, Param]
    """Each by the identity of its tensor."""


def read(optimizer: Any, scheduler: object, names: object, steps_per_epoch: int) -> Read:
    """Return what a real optimizer is made of."""
    homes = [cls.__module__ for cls in type(optimizer).__mro__]
    if any(home == "torch.optim.optimizer" for home in homes):
        framework, facade = "torch", "glidepath.torch"
    elif any(home == "mindspore.experimental.optim.optimizer" for home in homes):
        framework, facade = "mindspore.experimental", "glidepath.mindspore.experimental"
    elif any(home == "mindspore.nn.optim.optimizer" for home in homes):
        return _of_nn(optimizer, scheduler, names)
    else:
        rule = "it must be one of torch.optim, mindspore.nn or mindspore.experimental.optim"
        raise TypeError(refusal("of.optimizer", _shown(optimizer), rule))
    groups = optimizer.param_groups
    name = _name(optimizer, framework)
    rates = _rates(optimizer, scheduler, facade, steps_per_epoch)
    found = _names(groups, names)
    parts = []
    for i, (group, driven) in enumerate(zip(groups, rates, strict=True)):
        inside = [_param(found, tensor, i) for tensor in group["params"]]
        label = group.get("name")
        parts.append((inside, {**_options(group, i, name), **driven}, label if isinstance(label, str) else None))
    return name, tuple(found.order), parts


def _name(optimizer: object, framework: str) -> str | None:
    """Return the optimizer's name; None for a class that is not the framework's own, whose rule is not known."""
    home = "torch.optim." if framework == "torch" else f"{framework}."
    cls = type(optimizer)
    name = f"{framework}.{cls.__name__}"
    return name if name in OPTIMIZERS and cls.__module__.startswith(home) else None


# Names.


def _names(groups: list[dict[str, Any]], names: object) -> _Names:
    if names is not None:
        return _given(groups, names)
    if all("param_names" in group for group in groups):  # torch, made with `named_parameters()`
        pairs = [pair for group in groups for pair in zip(group["param_names"], group["params"], strict=True)]
    else:
        pairs = [(getattr(tensor, "name", None), tensor) for group in groups for tensor in group["params"]]
    if any(not isinstance(name, str) for name, _ in pairs):
        rule = "the names of its parameters are not known"
        way_out = (
            "Give the model: `Groups.of(optimizer, names=model)`; or make the optimizer with `named_parameters()`."
        )
        raise ValueError(refusal("of.names", "None", rule, way_out))
    made = [(_made(name, tensor), tensor) for name, tensor in pairs]
    return _Names([param for param, _ in made], {id(tensor): param for param, tensor in made})


def _given(groups: list[dict[str, Any]], names: Any) -> _Names:
    pairs = models.named("of.names", names, frozen=True)
    if pairs is None:
        try:
            pairs = [(models.clean(str(name)), tensor) for name, tensor in names]
        except (TypeError, ValueError) as error:
            rule = "it must be the model, or its `named_parameters()`"
            raise TypeError(refusal("of.names", _shown(names), rule)) from error
    inside = {id(tensor) for group in groups for tensor in group["params"]}
    kept = [(_made(name, t), t) for name, t in pairs if id(t) in inside or getattr(t, "requires_grad", True)]
    of: dict[int, Param] = {}
    for param, tensor in kept:
        of.setdefault(id(tensor), param)  # the first name of a shared parameter
    return _Names([param for param, tensor in kept if of[id(tensor)] is param], of)


def _made(name: str, tensor: Any) -> Param:
    return Param(models.clean(name), tuple(map(int, tensor.shape)))


def _param(names: _Names, tensor: Any, group: int) -> Param:
    if id(tensor) not in names.of:
        got = listed(param.name for param in names.order)
        rule = f"group {group} has a parameter of shape {tuple(tensor.shape)} that is not among them"
        raise ValueError(refusal("of.names", got, rule, "Give the model that the optimizer was made for."))
    return names.of[id(tensor)]


# Options.


def _options(group: dict[str, Any], i: int, optimizer: str | None) -> dict[str, Option]:
    """Return the options of a group as numbers; what says nothing is left out, and what the optimizer does not read.

    The frameworks keep any entry of a group, a mistyped option too. That is refused here.
    """
    given = {"lr": _number(group["lr"])}
    for name, value in group.items():
        kept_apart = name in _APART or (name.startswith("initial_") and name[len("initial_") :] in group)
        if kept_apart or value is None or (name in INERT and not value):
            continue
        if optimizer is not None and name not in OPTIMIZERS[optimizer].defaults and name not in INERT:
            if get_close_matches(name, OPTIMIZERS[optimizer].defaults, n=1):
                raise ValueError(f"`of.param_groups[{i}].{name}`: {unknown_option(optimizer, name)}")
            continue
        given[name] = tuple(map(_number, value)) if isinstance(value, tuple | list) else _number(value)
    return {name: options.checked(f"of.param_groups[{i}].{name}", name, value) for name, value in given.items()}


def _number(value: Any) -> Any:
    """Return a tensor of one number as a float: of float32, the shortest decimal that is that float32."""
    if not hasattr(value, "dtype") or not hasattr(value, "item"):
        return value
    return _shortest(np.float32(value.item())) if "float32" in str(value.dtype).lower() else value.item()


def _shortest(value: np.float32, given: Iterable[object] = ()) -> float:
    """Return the number that was given, if it is known; else the shortest decimal that is this float32."""
    for number in given:
        if isinstance(number, float | int) and np.float32(number) == value:
            return float(number)
    return float(str(value))


def _rates(optimizer: Any, scheduler: Any, facade: str, steps_per_epoch: int) -> list[dict[str, Option]]:
    """Return what the scheduler drives in each group."""
    groups = optimizer.param_groups
    if scheduler is None:
        for i, group in enumerate(groups):
            first = group.get("initial_lr")
            if first is not None and _number(first) != _number(group["lr"]):
                change = f"from {_number(first)} to {_number(group['lr'])}"
                got = f"None, and the learning rate of group {i} has changed {change}"
                way_out = "Give the scheduler: `Groups.of(optimizer, scheduler)`."
                raise ValueError(refusal("of.scheduler", got, "a scheduler sets it", way_out))
        return [{} for _ in groups]
    if getattr(scheduler, "optimizer", None) is not optimizer:
        rule = "it must be a scheduler of this optimizer"
        raise ValueError(refusal("of.scheduler", f"a {type(scheduler).__name__}", rule))
    if any(getattr(part, "cycle_momentum", False) for part in _all_parts(scheduler)):
        rule = "it cycles the momentum or the first beta too, which is not read"
        way_out = "Make it with `cycle_momentum=False`, and give the momentum a schedule of its own."
        raise ValueError(refusal("of.scheduler", f"a {type(scheduler).__name__}", rule, way_out))
    if hasattr(scheduler, "drivers"):
        return [_driven(scheduler, i, steps_per_epoch) for i in range(len(groups))]
    schedule: Callable[..., Schedule] = import_module(facade).schedule
    return [{"lr": _by_epoch(schedule(scheduler, i), steps_per_epoch)} for i in range(len(groups))]


def _all_parts(scheduler: Any) -> list[Any]:
    inner = getattr(scheduler, "_schedulers", ())
    return [scheduler, *(found for part in inner for found in _all_parts(part))]


def _driven(scheduler: Any, i: int, steps_per_epoch: int) -> dict[str, Option]:
    """Return every option of a group that a `Scheduler` of glidepath's drives."""
    group, found = scheduler.optimizer.param_groups[i], dict[str, "Option"]()
    for name in scheduler.drivers:
        entry, places = group[name], list[Any]()
        for place, value in enumerate(entry if isinstance(entry, tuple | list) else [entry]):
            schedule = _schedule_at(scheduler, i, name, place)
            places.append(_number(value) if schedule is None else _by_epoch(schedule, steps_per_epoch))
        found[name] = tuple(places) if isinstance(entry, tuple | list) else places[0]
    return found


def _schedule_at(scheduler: Any, i: int, name: str, place: int) -> Schedule | None:
    """Return what drives a place of an option; None if nothing does."""
    try:
        schedule: Schedule = scheduler.schedule(i, name=name, place=place)
    except ValueError:
        return None
    return schedule


def _by_epoch(schedule: Schedule, steps_per_epoch: int) -> Schedule:
    return schedule.by_epoch(steps_per_epoch) if steps_per_epoch > 1 else schedule


# The optimizers of mindspore.nn: all options are per parameter inside.


def _of_nn(optimizer: Any, scheduler: object, names: object) -> Read:
    if scheduler is not None:
        rule = "an optimizer of mindspore.nn has its schedules itself"
        raise ValueError(refusal("of.scheduler", f"a {type(scheduler).__name__}", rule, "Leave it out."))
    name = _name(optimizer, "mindspore.nn")
    if name is None:
        rule = "its options are not known"
        way_out = "Write them down: `gp.Groups(net, optimizer, ...)`."
        raise ValueError(refusal("of.optimizer", f"a {type(optimizer).__name__}", rule, way_out))
    written = _written_groups(optimizer)
    common, rates = _constructed(optimizer, name), _Rates(optimizer, written)
    parts: dict[object, tuple[list[Any], dict[str, Option]]] = {}
    places = {id(p): k for k, group in enumerate(written) for p in group["params"]}
    for i, parameter in enumerate(optimizer.parameters):
        at = places.get(id(parameter), -1)
        decay, centralized = _decay(optimizer, i), bool(optimizer.is_group and optimizer.grad_centralization_flags[i])
        lr = optimizer.get_lr_parameter(parameter)
        given = {"lr": rates.read(lr), "weight_decay": decay}
        if optimizer.is_group:
            given["grad_centralization"] = centralized
        parts.setdefault((at, id(lr), decay, centralized), ([], {**given, **common}))[0].append(parameter)
    ordered = sorted(parts, key=lambda key: key[0]) if written else list(parts)  # type: ignore[index]
    found = _names([{"params": list(optimizer.parameters)}], names)
    return name, tuple(found.order), [
        ([_param(found, p, k) for p in _as_written(written, key[0], parts[key][0])], parts[key][1], None)  # type: ignore[index]
        for k, key in enumerate(ordered)
    ]  # fmt: skip


def _written_groups(optimizer: Any) -> list[dict[str, Any]]:
    """Return the groups as they were given to the optimizer; none for a flat list, or where it does not keep them."""
    given = getattr(optimizer, "init_params", {}).get("params", ())
    groups = [group for group in given if isinstance(group, dict)] if isinstance(given, list | tuple) else []
    return [group for group in groups if isinstance(group.get("params"), list | tuple)]


def _as_written(written: list[dict[str, Any]], at: int, inside: list[Any]) -> list[Any]:
    """Return the parameters of a group in the order in which they were given."""
    kept = {id(p) for p in inside}
    return [p for p in written[at]["params"] if id(p) in kept] if at >= 0 else inside


def _constructed(optimizer: Any, name: str) -> dict[str, Option]:
    """Return the options that are the same for all groups."""
    known = OPTIMIZERS[name].alone
    given = dict(getattr(optimizer, "init_args", {}))
    given.update(given.pop("kwargs", {}))
    if not given:  # AdamWeightDecay keeps its arguments as tensors of one number
        given = {key: _shortest(np.float32(np.asarray(getattr(optimizer, key)).item())) for key in known}
    return {key: options.checked(f"of.{key}", key, value) for key, value in given.items() if key in known}


def _decay(optimizer: Any, i: int) -> Option:
    """Return the weight decay of a parameter."""
    if not optimizer.is_group:
        if not (optimizer.exec_weight_decay and optimizer.decay_flags[i]):
            return 0.0
        value = getattr(optimizer, "init_args", {}).get("weight_decay", optimizer.weight_decay)
    else:
        value = optimizer.group_weight_decay[i]
    if isinstance(value, float | int):
        return float(value) / (float(optimizer.loss_scale) if optimizer.is_group else 1.0)
    inner = getattr(value, "weight_decay", value)  # a Cell, inside of one that scales it
    if hasattr(inner, "asnumpy"):
        return _shortest(np.float32(inner.asnumpy().item()))
    return _schedule_of("weight_decay", inner)


def _schedule_of(what: str, cell: object) -> Option:
    """Return the schedule that a Cell is; a constant one, which stands beside schedules, as a number."""
    schedule = of_class(cell)
    if schedule is None:
        rule = f"it is a {what} whose rule is not known"
        way_out = "Make its table: `gp.table([float(cell(Tensor(k))) for k in range(n)])`."
        raise ValueError(refusal("of.optimizer", f"a {type(cell).__name__}", rule, way_out))
    node = options.plain(schedule)
    return float(node["value"]) if node["kind"] == "constant" else schedule


class _Rates:
    """Reads the learning rates of an optimizer, which it keeps in float32: as they were given, where that is known."""

    def __init__(self, optimizer: Any, written: Sequence[dict[str, Any]]) -> None:
        self._given = [group["lr"] for group in written if "lr" in group]
        self._given.append(getattr(optimizer, "init_learning_rate", None))
        self._read: dict[int, Option] = {}

    def read(self, lr: Any) -> Option:
        """Return one: a number, or a schedule."""
        if id(lr) not in self._read:
            self._read[id(lr)] = self._of(lr)
        return self._read[id(lr)]

    def _of(self, lr: Any) -> Option:
        if not hasattr(lr, "asnumpy"):
            return _schedule_of("learning rate", lr)
        values = lr.asnumpy()
        if values.ndim == 0:
            return _shortest(values[()], self._given)
        for given in self._given:
            if isinstance(given, list | tuple) and np.array_equal(np.array(given, np.float32), values):
                return table([float(value) for value in given])
        return table(values)
