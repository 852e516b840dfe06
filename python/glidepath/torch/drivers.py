"""What drives an entry of a parameter group: checked, set, scaled, written into a state, read from one, compared."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from numbers import Real
from reprlib import repr as shortened
from typing import Any, TypeAlias, cast

import numpy as np
from torch import Tensor, tensor

from glidepath._arguments import as_int, refusal
from glidepath._core import Schedule, _shown, _way_to_schedule

Driver: TypeAlias = Schedule | tuple[Schedule | None, ...]
"""What drives one entry of a group: a schedule, or one for each place of a tuple such as betas."""
Drivers: TypeAlias = Driver | list[Driver | None] | None
Group: TypeAlias = dict[str, Any]
Initial: TypeAlias = float | list[float | None] | None
"""An entry's initial value, as a state holds it: a number, or the numbers of a tuple."""

LONGEST_SEARCH = 10_000_000
"""How many steps of two schedules are compared, to find the first that differs."""
LONGEST_CHUNK = 1 << 20
MOST_DIFFERENCES = 3
"""How many differences a message lists."""


def check(place: str, groups: list[Group], name: str, drivers: Drivers) -> None:
    """Refuse drivers that do not fit the groups' entries of this name."""
    if any(_is_kept_apart(group, name) for group in groups):
        msg = (
            f"`{place}.{name}`: no schedule can drive `{name}`. Name an entry that holds a number: {_drivable(groups)}."
        )
        raise ValueError(msg)
    if isinstance(drivers, list) and len(drivers) != len(groups):
        msg = refusal(
            f"{place}.{name}", f"a list of {len(drivers)}", f"it must have one item for each of {len(groups)} groups"
        )
        raise ValueError(msg)
    for i, (group, driver) in enumerate(zip(groups, of_groups(drivers, len(groups)), strict=True)):
        for part in _parts(driver):
            if not isinstance(part, Schedule):
                way_out = _way_to_schedule(part) or (
                    "For a function use `gt.LambdaLR`, or write `gp.table([f(k) for k in range(n)])`."
                    if callable(part)
                    else "For one value at every step write `gp.constant(value)`."
                )
                msg = refusal(f"{place}.{name}", f"a {type(part).__name__}", "it must be a Schedule", way_out)
                raise TypeError(msg)
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


def check_place(place: str, name: str, k: int, places: int) -> None:
    """Refuse what is no place of an entry that has so many."""
    whole = as_int(k)
    if whole is None or not 0 <= whole < places:
        error = TypeError if whole is None else IndexError
        msg = refusal(f"{place}.place", _shown(k), f"it must be from 0 to {places - 1}, the places of `{name}`")
        raise error(msg)


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


def of_groups(drivers: Drivers, groups: int) -> list[Driver | None]:
    """Return a driver for each group. A group that was added after a list was given has none."""
    if isinstance(drivers, list):
        return [*drivers, *[None] * (groups - len(drivers))]
    return [drivers] * groups


def drives(drivers: Drivers) -> bool:
    """Return whether there is a schedule among the drivers of an entry."""
    return any(any(_parts(driver)) for driver in (drivers if isinstance(drivers, list) else [drivers]))


def _parts(driver: Driver | None) -> Iterator[object]:
    yield from (part for part in as_tuple(driver) if part is not None)


def as_tuple(driver: Any) -> tuple[Any, ...]:
    """Return what drives each place of an entry: a single schedule drives the first."""
    return driver if isinstance(driver, tuple) else (driver,)


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


def text_of(drivers: Drivers) -> Any:
    """Write drivers as texts, in lists: what `torch.load(weights_only=True)` reads."""
    if isinstance(drivers, Schedule):
        return drivers.to_json()
    if drivers is None:
        return None
    kind = "groups" if isinstance(drivers, list) else "places"
    return {kind: [text_of(driver) for driver in drivers]}


def read(place: str, text: Any, kinds: tuple[str, ...] = ("groups", "places")) -> Any:
    """Read drivers from what `text_of` wrote."""
    if isinstance(text, str):
        try:
            return Schedule.from_json(text)
        except ValueError as error:
            msg = f"`{place}`: got a text that is no schedule ({error}) Load what `state_dict()` returned."
            raise ValueError(msg) from error
    if isinstance(text, dict) and len(text) == 1:
        ((kind, texts),) = text.items()
        if kind in kinds and isinstance(texts, list):
            inner = kinds[kinds.index(kind) + 1 :]
            parts = [None if part is None else read(f"{place}[{i}]", part, inner) for i, part in enumerate(texts)]
            return parts if kind == "groups" else tuple(parts)
    msg = refusal(place, shortened(text), "it must be the text of a schedule", "Load what `state_dict()` returned.")
    raise TypeError(msg)


def differences(saved: dict[str, Any], own: dict[str, Any], skip: set[str]) -> str:
    """Say which entries are driven otherwise than they were, and from which step on; nothing of those to skip."""
    found = [
        sentence
        for name in sorted((saved.keys() | own.keys()) - skip)
        if text_of(saved.get(name)) != text_of(own.get(name))
        for sentence in _of_name(name, saved.get(name), own.get(name))
    ]
    more = len(found) - MOST_DIFFERENCES
    return " ".join([*found[:MOST_DIFFERENCES], *([f"There are {more} more differences."] if more > 0 else [])])


def _of_name(name: str, saved: Drivers, own: Drivers) -> Iterator[str]:
    lengths = [len(drivers) for drivers in (saved, own) if isinstance(drivers, list)]
    groups, is_equal = max(lengths, default=1), True
    for i, pair in enumerate(zip(of_groups(saved, groups), of_groups(own, groups), strict=True)):
        was, now = map(as_tuple, pair)
        for k in range(max(len(was), len(now))):
            two = [parts[k] if k < len(parts) else None for parts in (was, now)]
            if two[0] != two[1]:
                is_equal = False
                place = f"`{name}`" if len(was) == len(now) == 1 else f"`{name}[{k}]`"
                yield f"{place} of {f'group {i}' if lengths else 'every group'} {_difference(*two)}."
    if is_equal:
        yield f"`{name}` was {_form(saved)}, and is {_form(own)} now, with equal values."


def _form(drivers: Drivers) -> str:
    """Say in which form drivers were given."""
    if isinstance(drivers, list):
        return f"a list of {len(drivers)}{' with tuples' if any(isinstance(one, tuple) for one in drivers) else ''}"
    return (
        "not given"
        if drivers is None
        else f"a tuple of {len(drivers)}"
        if isinstance(drivers, tuple)
        else "one schedule"
    )


def _difference(was: Schedule | None, now: Schedule | None) -> str:
    if was is None:
        return "was not driven, and is now"
    if now is None:
        return "was driven, and is not now"
    step, looked_at = _first_difference(was, now)
    if step is not None:
        return f"first differs at step {step:,}: {was[step]!r} was saved, {now[step]!r} is this scheduler's"
    ends = [schedule.steps for schedule in (was, now)]
    every = None not in ends and looked_at > max(end for end in ends if end is not None)
    return f"is written otherwise, but {'every step is' if every else f'the first {looked_at:,} steps are'} equal"


def _first_difference(one: Schedule, other: Schedule) -> tuple[int | None, int]:
    """Return the first step at which two schedules differ, if one is found, and how many steps were compared.

    A schedule that ends holds its last value, so that where both end the search does too.
    """
    ends = [schedule.steps for schedule in (one, other)]
    last = LONGEST_SEARCH if None in ends else max(end for end in ends if end is not None) + 1
    start, size, stop = 0, 1_024, min(LONGEST_SEARCH, last)
    while start < stop:
        size = min(size, stop - start)
        unequal = np.flatnonzero(one.array(size, start=start) != other.array(size, start=start))
        if unequal.size:
            return start + int(unequal[0]), start
        start, size = start + size, min(4 * size, LONGEST_CHUNK)
    return None, start
