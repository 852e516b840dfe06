"""Binds a recipe to a real model: the parameter groups that a framework's optimizers take, and real optimizers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from glidepath._arguments import refusal
from glidepath._core import Schedule, constant
from glidepath._recipes import options
from glidepath._recipes.models import Param, bind, clean
from glidepath._recipes.optimizers import OPTIMIZERS, framework_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glidepath.groups import Group, Groups

__all__ = ["arguments_of", "mindspore_groups", "optimizer_of", "torch_groups"]

_NN_GROUP = ("lr", "weight_decay", "grad_centralization")


def torch_groups(groups: Groups, model: object, names: Mapping[str, str] | None) -> list[dict[str, Any]]:
    """Return the parameter groups for a torch optimizer."""
    _of_framework("to_torch", groups, "torch")
    from glidepath.torch import _versions

    real = _bound("to_torch.model", groups, model, names)
    with_names = _versions.RELEASE >= (2, 6)
    return [
        {
            "params": [(clean(p.name), real[p.name]) if with_names else real[p.name] for p in group.params],
            **({} if group.name is None else {"name": group.name}),
            **{name: options.at(option, 0) for name, option in group.options.items()},
        }
        for group in groups
    ]


def mindspore_groups(
    groups: Groups, net: object, steps: int | None, names: Mapping[str, str] | None
) -> list[dict[str, Any]]:
    """Return the parameter groups for an optimizer of MindSpore's."""
    if groups.optimizer is not None and groups.optimizer.startswith("mindspore.experimental."):
        real = _bound("to_mindspore.net", groups, net, names)
        return [
            {"params": [real[p.name] for p in group.params],
             **{name: options.at(option, 0) for name, option in group.options.items()}}
            for group in groups
        ]  # fmt: skip
    _of_framework("to_mindspore", groups, "mindspore.nn")
    _only_nn_options(groups)
    real = _bound("to_mindspore.net", groups, net, names)
    any_table = any(isinstance(group.options.get("lr"), Schedule) for group in groups)
    made = [
        {"params": [real[p.name] for p in group.params],
         **({"lr": _rate(group, steps, any_table)} if "lr" in group.options else {}),
         "weight_decay": _decay(group, steps),
         **({"grad_centralization": True} if group.options.get("grad_centralization") else {})}
        for group in groups
    ]  # fmt: skip
    return [*made, {"order_params": [real[p.name] for p in groups.params if p.name in real]}]


def arguments_of(groups: Groups) -> dict[str, Any]:
    """Return the options that the optimizer's constructor takes, and its groups do not."""
    alone = OPTIMIZERS[groups.optimizer].alone if groups.optimizer else frozenset[str]()
    return {name: option for name, option in groups[0].options.items() if name in alone}


def optimizer_of(
    groups: Groups, model: object, steps: int | None, names: Mapping[str, str] | None = None
) -> tuple[Any, Any]:
    """Return a real optimizer, and the scheduler that drives it; None for a scheduler that it does not need."""
    assert groups.optimizer is not None  # noqa: S101 (a conversion names its target)
    framework, _, name = groups.optimizer.rpartition(".")
    arguments = arguments_of(groups)
    is_driven = any(options.is_scheduled(option) for group in groups for option in group.options.values())
    if framework == "torch":
        optimizer = getattr(import_module("torch.optim"), name)(torch_groups(groups, model, names), **arguments)
        return optimizer, import_module("glidepath.torch").Scheduler(optimizer, groups) if is_driven else None
    made = mindspore_groups(groups, model, steps, names)
    if framework == "mindspore.nn":
        first = {"learning_rate": made[0]["lr"]} if "lr" in made[0] else {}
        return getattr(import_module("mindspore.nn"), name)(made, **first, **arguments), None
    for group, entry in zip(groups, made, strict=True):
        if isinstance(group.options.get("lr"), Schedule):
            entry["lr"] = entry["lr"] or 1.0  # Rprop takes no 0; the Scheduler sets the rate at once
    lr = {"lr": made[0]["lr"]} if "lr" in made[0] else {}
    optimizer = getattr(import_module("mindspore.experimental.optim"), name)(made, **lr, **arguments)
    scheduler = import_module("glidepath.mindspore.experimental.scheduler").Scheduler
    return optimizer, scheduler(optimizer, groups) if is_driven else None


def _of_framework(place: str, groups: Groups, framework: str) -> None:
    if groups.optimizer is not None and framework_of(groups.optimizer) != framework:
        rule = f"these are the options of {groups.optimizer}"
        way_out = f'Convert them: `gp.convert(groups, "{framework}").build(model)`.'
        raise ValueError(refusal(place, "Groups", rule, way_out))


def _bound(place: str, groups: Groups, model: object, names: Mapping[str, str] | None) -> dict[str, Any]:
    wanted: list[Param] = [param for group in groups for param in group.params]
    return bind(place, wanted, groups.params, model, names)


def _only_nn_options(groups: Groups) -> None:
    """Refuse what a group of mindspore.nn cannot have: an option that is not the same in all groups, or not known."""
    alone = OPTIMIZERS[groups.optimizer].alone if groups.optimizer else frozenset[str]()
    stated = sum("lr" in group.options for group in groups)
    if 0 < stated < len(groups):
        i = next(i for i, group in enumerate(groups) if "lr" not in group.options)
        rule = "other groups have one, and this would get the optimizer's"
        raise ValueError(refusal(f"to_mindspore.groups[{i}].lr", "none", rule, 'Give it: `where("*", lr=...)`.'))
    for i, group in enumerate(groups):
        for name, option in group.options.items():
            if name in _NN_GROUP or (name in alone and option == groups[0].options.get(name)):
                continue
            rule = "a group of mindspore.nn takes lr, weight_decay and grad_centralization alone"
            way_out = "Give it to the optimizer, the same for all groups; or convert to mindspore.experimental."
            raise ValueError(refusal(f"to_mindspore.groups[{i}].{name}", options.text(option), rule, way_out))


def _rate(group: Group, steps: int | None, any_table: bool) -> Any:  # noqa: FBT001 (of this module)
    lr: Any = group.options["lr"]
    if isinstance(lr, Schedule):
        return _table(lr, steps)
    return _table(constant(float(lr)), 1) if any_table else float(lr)


def _decay(group: Group, steps: int | None) -> Any:
    decay: Any = group.options.get("weight_decay", 0.0)
    return _table(decay, steps) if isinstance(decay, Schedule) else float(decay)


def _table(schedule: Schedule, steps: int | None) -> Any:
    return import_module("glidepath.mindspore").learning_rate(schedule, steps)
