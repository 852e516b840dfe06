"""Reads learning rates from whatever gives them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from glidepath._arguments import refusal
from glidepath._core import Schedule, _shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = ["Rates", "rates_of"]

_MOST_TEXT = 240
_WAYS = "Give a Schedule, its text, a list, a 1-D array of floats, or a function of the step."
_DTYPES = ("float64", "float32", "float16")  # each of their values is a float64


class Rates(NamedTuple):
    """The learning rate of every step."""

    text: str
    """What a report calls it, on one line."""
    steps: int | None
    """How many steps it has by itself; None if it has no end."""
    holds: bool
    """Whether it has rates past these steps too."""
    chunks: Callable[[int, int], Iterator[NDArray[np.float64]]]
    """``chunks(n, size)``: the rates of the first ``n`` steps, in contiguous arrays of ``size``, the last shorter."""


def rates_of(place: str, source: Any, group: int) -> Rates:  # noqa: ANN401 (it takes anything, and says what it takes)
    """Read the rates of a parameter group. ``place`` names the argument in messages."""
    if isinstance(source, str | bytes):
        return _of_text(place, source)
    if isinstance(source, Schedule):
        return _of_schedule(source)
    if isinstance(source, Path):
        return _of_file(place, source, group)
    if isinstance(source, list | tuple) or (hasattr(source, "__array__") and hasattr(source, "ndim")):
        kind = "array" if isinstance(source, np.ndarray) else type(source).__name__
        return _of_array(place, kind, _array(place, source), group)
    if callable(source):
        return _of_function(place, source)
    raise TypeError(refusal(place, _shown(source), "it must give learning rates", _WAYS))


# Schedules.


def _of_schedule(schedule: Schedule) -> Rates:
    text = repr(schedule)
    shortened = text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 3]}..."
    return Rates(shortened, schedule.steps, holds=True, chunks=schedule.chunks)


def _of_text(place: str, text: str | bytes) -> Rates:
    try:
        return _of_schedule(Schedule(text))
    except (ValueError, TypeError) as error:
        raise type(error)(f"`{place}`: {error}") from error


# Arrays.


def _of_file(place: str, path: Path, group: int) -> Rates:
    """Map a .npy file into memory."""
    try:
        values = npy.open_memmap(path, mode="r")
    except (ValueError, EOFError) as error:
        rule = "it must be a .npy file of floats, with at least 1 step"
        way_out = f"For a schedule's text, give `Path({str(path)!r}).read_text()`."
        raise ValueError(refusal(place, path, rule, way_out)) from error
    return _of_array(place, f"{path.name}:", values, group)


def _array(place: str, values: Any) -> NDArray[Any]:  # noqa: ANN401 (what numpy takes)
    try:
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:  # of unequal rows, of a tensor of another device or type
        raise TypeError(refusal(place, f"{type(values).__name__} ({error})", "it must be 1-D, of floats")) from error


def _of_array(place: str, kind: str, values: NDArray[Any], group: int) -> Rates:
    """Read a 1-D array; or a column of an array of shape (steps, groups), as `preview` returns it."""
    shown, dtype = kind.rstrip(":"), values.dtype.name
    if dtype not in _DTYPES and values.dtype.kind not in "iu":
        rule = "learning rates are float64, float32 or float16"
        raise TypeError(refusal(place, f"{shown} of {dtype} values", rule))
    which = ""
    if values.ndim == 2:  # noqa: PLR2004
        if not group < values.shape[1]:
            rule = f"`{place}` has {values.shape[1]} groups"
            raise IndexError(refusal("compare.group", group, rule, "Groups are counted from 0."))
        which = f", group {group} of {values.shape[1]}"
        values = values[:, group]
    if values.ndim != 1 or not values.size:
        rule = "it must have the shape (steps,) or (steps, groups), with at least 1 step"
        raise ValueError(refusal(place, f"{shown} of shape {values.shape}", rule))
    what = "" if kind in {"list", "tuple"} and dtype == "float64" else f"{dtype} "
    text = f"{kind} {'' if kind.endswith(':') else 'of '}{values.size:,} {what}value{'s' * (values.size > 1)}{which}"

    def chunks(n: int, size: int) -> Iterator[NDArray[np.float64]]:
        for start in range(0, n, size):
            yield np.ascontiguousarray(values[start : min(start + size, n)], dtype=np.float64)

    return Rates(text, values.size, holds=False, chunks=chunks)


# Functions.


def _of_function(place: str, function: Callable[[int], Any]) -> Rates:
    name = getattr(function, "__qualname__", None)
    text = f"function {name}" if name else f"function, a {type(function).__name__}"

    def chunks(n: int, size: int) -> Iterator[NDArray[np.float64]]:
        for start in range(0, n, size):
            steps = range(start, min(start + size, n))
            yield np.fromiter((_rate(place, function(step), step) for step in steps), np.float64, len(steps))

    return Rates(text, None, holds=True, chunks=chunks)


def _rate(place: str, value: Any, step: int) -> float:  # noqa: ANN401 (what a user's function returns)
    """Read a function's value: a number of Python's or numpy's, or an array or tensor of one."""
    if hasattr(value, "__float__") and not isinstance(value, bool | np.bool_):
        try:
            return float(value)
        except (TypeError, ValueError, RuntimeError):  # an array or tensor of more than one
            pass
    rule = "a function of the step must return a rate, a number"
    raise TypeError(refusal(place, f"{_shown(value)} at step {step}", rule))
