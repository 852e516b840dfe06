"""Live schedulers as schedules, whichever framework they are of."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from glidepath._arguments import refusal
from glidepath._core import Schedule, _shown, _way_to_schedule, replay

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Source", "of_class", "read"]

_CLASSES = {
    "ExponentialDecayLR": ("learning_rate", "decay_rate", "decay_steps", "is_stair"),
    "NaturalExpDecayLR": ("learning_rate", "decay_rate", "decay_steps", "is_stair"),
    "InverseDecayLR": ("learning_rate", "decay_rate", "decay_steps", "is_stair"),
    "CosineDecayLR": ("min_lr", "max_lr", "decay_steps"),
    "PolynomialDecayLR": ("learning_rate", "end_learning_rate", "decay_steps", "power", "update_decay_steps"),
    "WarmUpLR": ("learning_rate", "warmup_steps"),
}
"""The attributes of MindSpore's classes, which are their arguments."""
_METRICS = "its rates follow from metrics, and not from the step"


@dataclass(frozen=True)
class Source:
    """What is converted."""

    name: str
    schedule: Schedule | None
    """In the source's own steps; None where it has none."""
    losses: tuple[tuple[str, ...], ...] = ()
    """What no target can do."""
    notes: tuple[str, ...] = ()


def read(x: object, steps: int | None) -> Source:
    """Return what is to be converted: a schedule, or that of a live scheduler.

    Args:
        x: the schedule or the scheduler.
        steps: how many of its steps count, for what only a table can give.
    """
    if isinstance(x, Schedule):
        return Source("schedule", x)
    modules = [cls.__module__ for cls in type(x).__mro__]
    if any(name.startswith(("torch.optim.", "glidepath.torch.")) for name in modules):
        return _of_scheduler("torch", "glidepath.torch", x, steps)
    if any(name.startswith("mindspore.experimental.optim.lr_scheduler") for name in modules):
        return _of_scheduler("mindspore.experimental", "glidepath.mindspore.experimental", x, steps)
    found = of_class(x)
    if found is None:
        way = _way_to_schedule(x) or "Make it with `gp.replay(...)`, or wrap values with `gp.table(values)`."
        raise TypeError(refusal("convert.x", _shown(x), "it must be a schedule or a scheduler", way))
    return Source(f"mindspore.{type(x).__name__}", found)


def _of_scheduler(framework: str, module: str, x: Any, steps: int | None) -> Source:  # noqa: ANN401 (any scheduler)
    name = f"{framework}.{type(x).__name__}"
    if any(cls.__name__ == "ReduceLROnPlateau" for cls in type(x).__mro__):
        way_out = "Both frameworks have a ReduceLROnPlateau with the same arguments: call it there."
        return Source(name, None, (("convert.x", "a ReduceLROnPlateau", _METRICS, way_out),))
    schedule: Callable[..., Schedule] = import_module(module).schedule
    try:
        schedules = [schedule(x, group, steps=steps) for group in range(len(x.optimizer.param_groups))]
    except ValueError:
        if steps is not None:
            raise
        rule = f"this {type(x).__name__} has a table of rates only"
        way_out = "Say how many steps: `convert(..., steps=1000)`."
        return Source(name, None, (("convert.steps", "None", rule, way_out),))
    losses: list[tuple[str, ...]] = []
    if any(other != schedules[0] for other in schedules):
        rule = "its groups have different schedules"
        way_out = f"Convert each: `convert({module}.schedule(scheduler, group), ...)`."
        losses.append(("convert.x", f"a scheduler of {len(schedules)} groups", rule, way_out))
    if getattr(x, "cycle_momentum", False):
        rule = "the rate is converted, and the momentum that it cycles is not"
        way_out = "Make it with cycle_momentum=False, or set the momentum by a schedule of its own."
        losses.append(("cycle_momentum", "True", rule, way_out))
    made = int(getattr(x, "last_epoch", 0))
    notes = (f"from its start, though the scheduler stands at step {made:,}",) if made > 0 else ()
    return Source(name, schedules[0], tuple(losses), notes)


def of_class(x: object) -> Schedule | None:
    """Return the replay of one of MindSpore's schedule classes, or of glidepath's; of a table, its schedule."""
    cls = type(x)
    if cls.__module__ == "glidepath.mindspore.table":
        table: Any = x
        schedule: Schedule = table.schedule()
        return schedule
    homes = ("mindspore.nn.learning_rate_schedule", "glidepath.mindspore.learning_rate_schedule")
    if cls.__module__ not in homes or cls.__name__ not in _CLASSES:
        return None
    attributes = {"learning_rate": "start_learning_rate"} if cls.__name__ == "PolynomialDecayLR" else {}
    given = {name: getattr(x, attributes.get(name, name)) for name in _CLASSES[cls.__name__]}
    kind: Any = f"mindspore.{cls.__name__}"
    return replay(kind, **given)
