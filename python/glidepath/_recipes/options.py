"""The value of an option of a parameter group: a number, a flag, a schedule, or a tuple of numbers and schedules."""

from __future__ import annotations

import json
import math
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from glidepath._arguments import as_int, refusal
from glidepath._core import Schedule, _shown, _way_to_schedule

__all__ = ["Option", "at", "checked", "is_scheduled", "parts", "plain", "read", "schedule_of", "text"]

Option: TypeAlias = float | int | bool | str | Schedule | tuple[float | Schedule, ...]

_NOT_NEGATIVE = {"lr", "weight_decay", "momentum", "eps"}
_ONE_NUMBER = {"lr", "weight_decay", "momentum"}
_BELOW_1 = {"betas", "beta1", "beta2"}
_RESERVED = {
    "params": "it is the group's parameters. Choose them with `where`",
    "param_names": "it is the parameters' names. Choose them with `where`",
    "order_params": "glidepath adds it for MindSpore: the order is that of the model",
    "learning_rate": "an option has the name that it has in a group. Write `lr`",
}


def checked(place: str, name: str, value: object) -> Option:
    """Return an option's value as Python's own number, flag or tuple; or a schedule as it is."""
    if name in _RESERVED:
        raise ValueError(f"`{place}`: `{name}` is no option; {_RESERVED[name]}.")
    if name in _ONE_NUMBER and isinstance(value, list | tuple | bool | np.bool_ | str):
        raise TypeError(refusal(place, _shown(value), "it must be a number or a Schedule"))
    if isinstance(value, list | tuple):
        if not value:
            raise ValueError(refusal(place, _shown(value), "a tuple of options needs at least one value"))
        return tuple(_number(f"{place}[{i}]", name, part) for i, part in enumerate(value))
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, str):
        return value
    return _number(place, name, value)


def _number(place: str, name: str, value: object) -> float | Schedule:
    if isinstance(value, Schedule):
        return value
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        rule = "an option is a number, a bool, a Schedule, or a tuple of numbers and Schedules"
        way_out = _way_to_schedule(value)
        if value is None:
            way_out = "Leave it out for the optimizer's own default."
        elif hasattr(value, "item"):
            way_out = "Write `float(value)`."
        raise TypeError(refusal(place, _shown(value), rule, way_out or ""))
    whole = as_int(value)
    number = float(value) if whole is None else whole
    if not math.isfinite(number):
        raise ValueError(refusal(place, _shown(value), "it must be finite"))
    if number < 0 and name in _NOT_NEGATIVE:
        raise ValueError(refusal(place, _shown(value), "it must be 0 or more"))
    if name in _BELOW_1 and not 0 <= number < 1:
        raise ValueError(refusal(place, _shown(value), "it must be from 0 on, below 1"))
    return number


def parts(option: Option) -> tuple[Any, ...]:
    """Return the values of an option, one for each place of a tuple."""
    return option if isinstance(option, tuple) else (option,)


def is_scheduled(option: Option) -> bool:
    """Return whether an option changes with the step."""
    return any(isinstance(part, Schedule) for part in parts(option))


def at(option: Option, step: int) -> Any:
    """Return an option's value at a step: what an optimizer can take."""
    if isinstance(option, tuple):
        return tuple(at(part, step) for part in option)
    return option.at(step) if isinstance(option, Schedule) else option


def schedule_of(place: str, option: Option, part: int) -> Schedule:
    """Return an option, or a place of a tuple, as a schedule."""
    values = parts(option)
    if not -len(values) <= part < len(values):
        raise IndexError(refusal(f"{place}.place", part, f"the option has {len(values)} values"))
    value = values[part]
    if isinstance(value, Schedule):
        return value
    if isinstance(value, str):
        raise TypeError(refusal(place, _shown(value), "the option must be a number or a Schedule"))
    from glidepath._core import constant

    return constant(float(value))


def text(option: Option) -> str:
    """Return an option as a table shows it: a schedule without `gp.`."""
    if isinstance(option, tuple):
        return f"({', '.join(map(text, option))})"
    return repr(option).replace("gp.", "") if isinstance(option, Schedule) else repr(option)


# JSON: a schedule is an object, a tuple is a list.


def plain(option: Option) -> Any:
    """Return an option as JSON holds it."""
    if isinstance(option, tuple):
        return [plain(part) for part in option]
    return json.loads(option.to_json())["schedule"] if isinstance(option, Schedule) else option


def read(place: str, name: str, value: object) -> Option:
    """Return the option that JSON holds."""
    return checked(place, name, _read(place, value))


def _read(place: str, value: object) -> object:
    if isinstance(value, list):
        return tuple(_read(f"{place}[{i}]", part) for i, part in enumerate(value))
    if isinstance(value, dict):
        try:
            return Schedule(json.dumps({"glidepath": 1, "schedule": value}))
        except ValueError as error:
            raise ValueError(f"`{place}`: {error}") from error
    return value
