"""What drives the entries of an optimizer's groups, whichever framework it is of: schedules, for each group and place.

Checked, written into a state, read from one, compared.
"""

from __future__ import annotations

from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from glidepath._arguments import as_int, refusal
from glidepath._core import Schedule, _shown, _way_to_schedule

if TYPE_CHECKING:
    from collections.abc import Iterator

Driver: TypeAlias = Schedule | tuple[Schedule | None, ...]
"""What drives one entry of a group: a schedule, or one for each place of a tuple such as betas."""
Drivers: TypeAlias = Driver | list[Driver | None] | None

LONGEST_SEARCH = 10_000_000
"""How many steps of two schedules are compared, to find the first that differs."""
LONGEST_CHUNK = 1 << 20
MOST_DIFFERENCES = 3
"""How many differences a message lists."""


def check_all(place: str, name: str, drivers: Drivers, groups: int) -> None:
    """Refuse drivers that are no schedules, or not one for each group."""
    if isinstance(drivers, list) and len(drivers) != groups:
        rule = f"it must have one item for each of {groups} groups"
        raise ValueError(refusal(f"{place}.{name}", f"a list of {len(drivers)}", rule))
    for driver in of_groups(drivers, groups):
        for part in parts_of(driver):
            if not isinstance(part, Schedule):
                way_out = _way_to_schedule(part) or (
                    "For a function use `LambdaLR`, or write `gp.table([f(k) for k in range(n)])`."
                    if callable(part)
                    else "For one value at every step write `gp.constant(value)`."
                )
                got = f"a {type(part).__name__}"
                raise TypeError(refusal(f"{place}.{name}", got, "it must be a Schedule", way_out))


def check_place(place: str, name: str, k: int, places: int) -> None:
    """Refuse what is no place of an entry that has so many."""
    whole = as_int(k)
    if whole is None or not 0 <= whole < places:
        error = TypeError if whole is None else IndexError
        msg = refusal(f"{place}.place", _shown(k), f"it must be from 0 to {places - 1}, the places of `{name}`")
        raise error(msg)


def of_groups(drivers: Drivers, groups: int) -> list[Driver | None]:
    """Return a driver for each group. A group that was added after a list was given has none."""
    if isinstance(drivers, list):
        return [*drivers, *[None] * (groups - len(drivers))]
    return [drivers] * groups


def drives(drivers: Drivers) -> bool:
    """Return whether there is a schedule among the drivers of an entry."""
    return any(any(parts_of(driver)) for driver in (drivers if isinstance(drivers, list) else [drivers]))


def parts_of(driver: Driver | None) -> Iterator[object]:
    yield from (part for part in as_tuple(driver) if part is not None)


def as_tuple(driver: Any) -> tuple[Any, ...]:
    """Return what drives each place of an entry: a single schedule drives the first."""
    return driver if isinstance(driver, tuple) else (driver,)


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
