"""What drives a real optimizer's groups: every option of a recipe that is a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath._recipes import options
from glidepath._recipes.models import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glidepath.groups import Groups

__all__ = ["drivers_of", "scheduled"]


def drivers_of(place: str, groups: Groups, real: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return what drives each entry in each group: a schedule, a tuple with one for each place, or None.

    Refuses groups that are not those of the real optimizer: another number, other parameters.
    """
    if len(groups) != len(real):
        rule = f"the optimizer has {len(real)}"
        way_out = "Make the optimizer of these groups: `groups.to_torch(model)`, `groups.to_mindspore(net)`."
        raise ValueError(refusal(place, f"{len(groups)} groups", rule, way_out))
    for i, (group, entry) in enumerate(zip(groups, real, strict=True)):
        shapes = [tuple(map(int, p.shape)) for p in entry["params"]]
        names = [clean(name) for name in entry.get("param_names", ())]
        wanted = [param.name for param in group.params]
        if len(shapes) != len(wanted) or (names and names != wanted):
            stray = next((name for name in wanted if name not in names), wanted[0])
            got = f"a group {i} of {len(wanted)} parameters, with {stray!r}"
            has = f"{len(shapes)} parameters" + (f", from {names[0]!r} on" if names else "")
            raise ValueError(refusal(place, got, f"group {i} of the optimizer has {has}"))
    return scheduled(groups)


def scheduled(groups: Groups) -> dict[str, list[Any]]:
    """Return what drives each option that is a schedule in some group: for each group, as `drivers_of` does."""
    names = dict.fromkeys(
        name for group in groups for name, option in group.options.items() if options.is_scheduled(option)
    )
    return {name: [_driver(group.options.get(name)) for group in groups] for name in names}


def _driver(option: Any) -> Any:
    if option is None or not options.is_scheduled(option):
        return None
    if isinstance(option, tuple):
        return tuple(part if isinstance(part, Schedule) else None for part in option)
    return option
