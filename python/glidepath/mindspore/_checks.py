"""MindSpore's checks of arguments: the same exception types, and messages that say where, what and how else."""

import math
import sys
from collections.abc import Sequence
from typing import cast

import numpy as np

from glidepath._arguments import LAST_STEP, refusal
from glidepath._core import _shown

_TOO_LARGE = "Take a smaller number."  # DIFFERENCE: MindSpore has no limit


def positive_int(place: str, value: object) -> int:
    """Check a count from 1 on. numpy's integers are none to MindSpore."""
    number = whole(place, value)
    if not 1 <= number <= LAST_STEP:
        way_out = "Counts start at 1." if number < 1 else _TOO_LARGE
        raise ValueError(refusal(place, _shown(value), "it must be an int from 1 to 2**53", way_out))
    return number


def whole(place: str, value: object) -> int:
    """Check an int."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(refusal(place, _shown(value), "it must be an int", "Convert it with `int()`."))
    return value


def count(place: str, value: object) -> int:
    """Check a count from 0 on."""
    number = whole(place, value)
    if not 0 <= number <= LAST_STEP:
        way_out = "Count from 0." if number < 0 else _TOO_LARGE
        raise ValueError(refusal(place, _shown(value), "it must be an int from 0 to 2**53", way_out))
    return number


def finite(place: str, value: object) -> float:
    """Check a float. An int is none to MindSpore, numpy's float64 is one."""
    if not isinstance(value, float):
        raise TypeError(refusal(place, _shown(value), "it must be a float", "Convert it with `float()`."))
    if not math.isfinite(value):
        raise ValueError(refusal(place, _shown(value), "it must be a finite float", "Give the number itself."))
    return value


def number(place: str, value: object) -> float:
    """Check a finite number of any type, where MindSpore takes any."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        raise TypeError(refusal(place, _shown(value), "it must be a number", "Convert it with `float()`."))
    if not abs(value) <= sys.float_info.max:
        raise ValueError(refusal(place, _shown(value), "it must be a finite number", "Give the number itself."))
    return float(value)


def epoch(place: str, value: object) -> int:
    """Check an epoch before the next one."""
    number = whole(place, value)
    if not -1 <= number <= LAST_STEP:
        way_out = "To start anew, take -1." if number < -1 else _TOO_LARGE
        raise ValueError(refusal(place, _shown(value), "it must be from -1 to 2**53", way_out))
    return number


def positive(place: str, value: object) -> float:
    """Check a float above 0."""
    number = finite(place, value)
    if not number > 0.0:
        way_out = "Turn its sign." if number < 0.0 else "For no change at all take a constant."
        raise ValueError(refusal(place, _shown(value), "it must be a float above 0", way_out))
    return number


def not_negative(place: str, value: object) -> float:
    """Check a float from 0 on."""
    number = finite(place, value)
    if not number >= 0.0:
        raise ValueError(refusal(place, _shown(value), "it must be a float, 0.0 or above", "Turn its sign."))
    return number


def flag(place: str, value: object) -> bool:
    """Check a bool. numpy's bool is none to MindSpore."""
    if not isinstance(value, bool):
        raise TypeError(refusal(place, _shown(value), "it must be True or False", "Convert it with `bool()`."))
    return value


def sequence(place: str, value: object) -> Sequence[object]:
    """Check a list or tuple."""
    if not isinstance(value, (list, tuple)):
        raise TypeError(refusal(place, _shown(value), "it must be a list or a tuple", "Convert it with `list()`."))
    return cast("Sequence[object]", value)


def exactly_list(place: str, value: object) -> list[object]:
    """Check a list."""
    if not isinstance(value, list):
        raise TypeError(refusal(place, _shown(value), "it must be a list", "Convert it with `list()`."))
    return cast("list[object]", value)
