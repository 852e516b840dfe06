"""How arguments are read and refused: every message says what was got, where, the rule and the way out."""

from operator import index
from typing import SupportsIndex, cast

import numpy as np

from glidepath._core import _LAST_STEP, Schedule, _shown

__all__ = ["LAST_STEP", "as_int", "checked_schedule", "cut", "group_index", "refusal", "whole"]

LAST_STEP = _LAST_STEP


def as_int(value: object) -> int | None:
    """Return an integer of any type as Python's int; None for a bool, numpy's too, and for anything else."""
    try:
        return None if isinstance(value, bool | np.bool_) else index(cast("SupportsIndex", value))
    except TypeError:
        return None


def refusal(place: str, got: object, rule: str, way_out: str = "") -> str:
    """Return the message that refuses what was got at a place."""
    return f"`{place}`: got {got}; {rule}. {way_out}".rstrip()


def cut(text: str, most: int) -> str:
    """Return the text, or its beginning and three dots if it is longer than ``most``.

    >>> cut("piecewise_constant", 18), cut("piecewise_constant", 12)
    ('piecewise_constant', 'piecewise...')
    """
    return text if len(text) <= most else f"{text[: most - 3]}..."


def checked_schedule(place: str, value: object, way_out: str = "") -> Schedule:
    """Return the schedule, or raise TypeError if it is something else."""
    if not isinstance(value, Schedule):
        raise TypeError(refusal(place, _shown(value), "it must be a schedule", way_out))
    return value


def group_index(place: str, value: object, groups: int) -> int:
    """Return the index of one of an optimizer's groups, checked."""
    group = as_int(value)
    if group is None:
        raise TypeError(refusal(place, _shown(value), f"it must be a whole number from 0 to {groups - 1}"))
    if not 0 <= group < groups:
        rule = f"it must be from 0 to {groups - 1}, as the optimizer has {groups} groups"
        raise IndexError(refusal(place, group, rule))
    return group


def whole(place: str, value: object, error: type[Exception] = IndexError, *, least: int = 0, way_out: str = "") -> int:
    """Return a step or a number of steps, checked. `error` is for one out of range; `way_out` for one below 0."""
    number, rule = as_int(value), f"it must be a whole number from {least} to 2**53"
    if number is None:
        raise TypeError(refusal(place, _shown(value), rule, "Convert it with `int()`."))
    if not least <= number <= LAST_STEP:
        raise error(refusal(place, number, rule, way_out if number < 0 else ""))
    return number
