"""What drives an entry of a parameter group of torch's: checked, set, scaled."""

from __future__ import annotations

from math import isfinite
from numbers import Real
from reprlib import repr as shortened
from typing import Any, TypeAlias, cast

from torch import Tensor, tensor

from glidepath._arguments import refusal
from glidepath._core import _shown
from glidepath._drivers import Driver, Drivers, as_tuple, check_all, check_place, of_groups

Group: TypeAlias = dict[str, Any]
Initial: TypeAlias = float | list[float | None] | None
"""An entry's initial value, as a state holds it: a number, or the numbers of a tuple."""


def check(place: str, groups: list[Group], name: str, drivers: Drivers) -> None:
    """Refuse drivers that do not fit the groups' entries of this name."""
    if any(_is_kept_apart(group, name) for group in groups):
        msg = (
            f"`{place}.{name}`: no schedule can drive `{name}`. Name an entry that holds a number: {_drivable(groups)}."
        )
        raise ValueError(msg)
    check_all(place, name, drivers, len(groups))
    for i, (group, driver) in enumerate(zip(groups, of_groups(drivers, len(groups)), strict=True)):
        if driver is not None:
            _check_entry(f"{place}.{name}", i, group, name, driver)


def check_entry(place: str, group: Group, name: str, k: int) -> None:
    """Refuse a name or a place of which a group has no number."""
    is_there = isinstance(cast("object", name), str) and name in group
    if not is_there or _is_kept_apart(group, name) or not _is_drivable(group[name]):
        msg = refusal(f"{place}.name", _shown(name), f"it must name an entry that holds a number: {_drivable([group])}")
        raise ValueError(msg)
    places = places_of(group[name])
    check_place(place, name, k, len(places))
    if places[k] is None:
        msg = refusal(f"{place}.place", k, f"place {k} of `{name}` holds None", "Take a place that holds a number.")
        raise ValueError(msg)


def _check_entry(place: str, i: int, group: Group, name: str, driver: Driver) -> None:
    if name not in group:
        msg = f"`{place}`: group {i} has no such entry; it has {_drivable([group])}."
        raise ValueError(msg)
    entry = group[name]
    if isinstance(driver, tuple) and not (isinstance(entry, tuple | list) and len(entry) == len(driver)):
        msg = refusal(
            place,
            f"a tuple of {len(driver)}",
            f"group {i} has {shortened(entry)} there",
            "For one schedule per group write a list.",
        )
        raise ValueError(msg)
    if not _is_drivable(entry):
        rule = "a schedule can drive a number, a floating-point tensor of one number, or a tuple of these"
        msg = f"`{place}`: group {i} has {shortened(entry)} there; {rule}: {_drivable([group])}."
        raise ValueError(msg)


def _drivable(groups: list[Group]) -> str:
    return ", ".join(sorted({
        name for group in groups for name in group if not _is_kept_apart(group, name) and _is_drivable(group[name])
    }))  # fmt: skip


def _is_kept_apart(group: Group, name: str) -> bool:
    """Return whether an entry is not the optimizer's to read as a number, whatever it holds."""
    return name in {"params", "param_names"} or (name.startswith("initial_") and name[len("initial_") :] in group)


def _is_drivable(entry: object) -> bool:
    if isinstance(entry, tuple | list):
        return len(entry) > 0 and all(place is None or _is_number(place) for place in entry)
    return _is_number(entry)


def _is_number(value: object) -> bool:
    if isinstance(value, Tensor):
        return value.numel() == 1 and value.is_floating_point()
    return isinstance(value, Real) and not isinstance(value, bool)


def put(group: Group, name: str, value: float | tuple[float | None, ...]) -> None:
    """Set the first places of an entry. A tuple or list becomes a tuple; a tensor is filled; None leaves a place."""
    old = group[name]
    values = value if isinstance(value, tuple) else (value,)
    if isinstance(old, (tuple, list)):
        group[name] = (*map(_filled, old, values), *old[len(values) :])
    else:
        group[name] = _filled(old, values[0])


def put_back(group: Group, name: str, driver: Driver) -> None:
    """Set the driven places of an entry to its initial value."""
    parts, initial = as_tuple(driver), places_of(group[f"initial_{name}"])
    values: list[Any] = [None if part is None else copied(value) for part, value in zip(parts, initial, strict=False)]
    values = [value.squeeze() if isinstance(value, Tensor) else value for value in values]
    put(group, name, tuple(values))


def _filled(old: Any, new: float | None) -> Any:
    if new is None:
        return old
    # `isinstance(old, Tensor)` takes as long as all the rest.
    if type(old) is not float and isinstance(old, Tensor):
        old.fill_(new)
        return old
    return new


def holds(place: Any, value: float | None) -> bool:
    """Return whether a place of an entry has a value, as a tensor rounds it to its own type."""
    if isinstance(place, Tensor) and value is not None:
        return place.item() == tensor(value, dtype=place.dtype).item()
    return value is not None and place == value


def places_of(entry: Any) -> list[Any]:
    """Return an entry's values, one for each place."""
    return list(entry) if isinstance(entry, tuple | list) else [entry]


def initial_of(group: Group, name: str) -> Initial:
    """Return an entry's initial value, and keep it in the group as torch keeps `initial_lr`."""
    kept = group.setdefault(f"initial_{name}", copied(group[name]))
    if isinstance(kept, tuple | list):
        return [None if place is None else float(place) for place in kept]
    return float(kept)


def copied(entry: Any) -> Any:
    """Copy an entry whose tensors will be filled."""
    if type(entry) is float:  # at once: to ask whether it is a Tensor takes long
        return entry
    if isinstance(entry, (tuple, list)):
        return tuple(map(copied, entry))
    return entry.detach().clone() if isinstance(entry, Tensor) else entry


def scaled(place: str, initial: Initial, driver: Driver) -> Driver:
    """Return the schedule of an entry that starts from an initial value, of a schedule of factors."""
    values, parts = places_of(initial), as_tuple(driver)
    driven = [value for part, value in zip(parts, values, strict=False) if part is not None]
    if len(parts) > len(values) or not all(value is not None and isfinite(value) for value in driven):
        rule = "a relative schedule needs a finite number for each place that it drives"
        msg = refusal(place, f"the initial value {initial}", rule)
        raise ValueError(msg)
    products: tuple[Any, ...] = tuple(
        None if part is None else value * part for part, value in zip(parts, values, strict=False)
    )
    return products if isinstance(driver, tuple) else products[0]
