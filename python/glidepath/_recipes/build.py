"""Binds a recipe to a real model: the parameter groups that a framework's optimizers take."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from glidepath._arguments import refusal
from glidepath._core import Schedule, constant
from glidepath._recipes import options
from glidepath._recipes.models import Param, bind, clean
from glidepath._recipes.optimizers import NN_GROUP, OPTIMIZERS, framework_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glidepath.groups import Group, Groups

__all__ = ["mindspore_groups", "torch_groups"]


def torch_groups(groups: Groups, model: object, names: Mapping[str, str] | None) -> list[dict[str, Any]]:
    """Return the parameter groups for a torch optimizer."""
    _of_framework("to_torch", groups, "torch")
    real = _bound("to_torch.model", groups, model, names)
    return [
        {
            "params": [real[p.name] for p in group.params],
            "param_names": [clean(p.name) for p in group.params],
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
            if name in NN_GROUP or (name in alone and option == groups[0].options.get(name)):
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
    return import_module("glidepath.mindspore.table").learning_rate(schedule, steps)
