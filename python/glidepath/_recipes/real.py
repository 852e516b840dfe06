"""Makes the real optimizer of a recipe, and the scheduler that drives it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from glidepath._core import Schedule
from glidepath._recipes import options
from glidepath._recipes.build import mindspore_groups, torch_groups
from glidepath._recipes.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glidepath.groups import Groups

__all__ = ["arguments_of", "optimizer_of"]


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
