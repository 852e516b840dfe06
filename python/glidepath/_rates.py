"""Reads learning rates from whatever gives them.

A framework's object is found by its module in ``sys.modules``: if the module is not loaded, there is no such object. So
nothing here imports a framework that the program has not imported.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.lib import format as npy

from glidepath._arguments import LAST_STEP, as_int, cut, refusal
from glidepath._contents import regular
from glidepath._core import Schedule, _shown
from glidepath.groups import Groups, rate_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Fill: TypeAlias = Callable[[NDArray[np.float64], int], object]

__all__ = ["Rates", "common_steps", "rates_of"]

_MOST_TEXT = 240
_WAYS = "Give a Schedule or its text, a live scheduler, a list or 1-D array of floats, or a function of the step."
_SCHEDULERS = (  # the classes, and the module whose `schedule` reads their objects
    ("torch.optim.lr_scheduler", ("LRScheduler",), "glidepath.torch"),
    ("glidepath.mindspore.experimental.optim.ahead", ("Ahead",), "glidepath.mindspore.experimental"),
    (
        "mindspore.experimental.optim.lr_scheduler",
        ("LRScheduler", "SequentialLR", "ReduceLROnPlateau"),
        "glidepath.mindspore.experimental",
    ),
)
_DTYPES = ("float64", "float32", "float16")  # each of their values is a float64


class Rates(NamedTuple):
    """The learning rate of every step."""

    text: str
    """What a report calls it, on one line."""
    steps: int | None
    """How many steps it has by itself; None if it has no end."""
    holds: bool
    """Whether it has rates past these steps too."""
    fill_of: Callable[[int], Fill]
    """``fill_of(n)(out, start)`` writes the rates from step ``start`` on over ``out``, as far as step ``n``."""


def rates_of(place: str, source: Any, group: int) -> Rates:  # noqa: ANN401 (it takes anything, and says what it takes)
    """Read the rates of a parameter group. ``place`` names the argument in messages."""
    if isinstance(source, str | bytes):
        return _of_text(place, source)
    if isinstance(source, Schedule | Groups):
        return _of_schedule(source if isinstance(source, Schedule) else rate_of(place, source, group))
    if _is_one_of(source, "pathlib", "Path"):
        return _of_file(place, source, group)
    if (rates := _of_framework(place, source, group)) is not None:
        return rates
    if isinstance(source, list | tuple) or (hasattr(source, "__array__") and hasattr(source, "ndim")):
        kind = "array" if isinstance(source, np.ndarray) else type(source).__name__
        return _of_array(place, kind, _array(place, source), group)
    if callable(source):
        return _of_function(place, source)
    raise TypeError(refusal(place, _shown(source), "it must give learning rates", _WAYS))


def common_steps(place: str, n: object, a: Rates, b: Rates, example: str) -> int:
    """Return how many steps to compare. ``example`` is how the user says it: ``compare(a, b, {})``."""
    if n is None:
        return _known_steps(place, a, b, example)
    rule = "it must be a whole number of steps from 1 to 2**53"
    steps = as_int(n)
    if steps is None:
        raise TypeError(refusal(place, _shown(n), rule, "Convert it with `int()`."))
    if not 1 <= steps <= LAST_STEP:
        raise ValueError(refusal(place, steps, rule))
    for name, side in (("a", a), ("b", b)):
        if not side.holds and side.steps is not None and side.steps < steps:
            rule = f"`{name}` has {side.steps:,} values"
            raise ValueError(refusal(place, steps, rule, f"Take at most {side.steps} steps."))
    return steps


def _known_steps(place: str, a: Rates, b: Rates, example: str) -> int:
    known = [side.steps for side in (a, b) if side.steps is not None]
    if not known:
        say = f"Say how many to compare: `{example.format(1000)}`."
        raise ValueError(f"`{place}`: not given; neither side has an end. {say}")
    longest = max(known)
    if any(not side.holds and side.steps != longest for side in (a, b)):
        say = f"Say how many to compare: `{example.format(min(known))}`."
        raise ValueError(f"`{place}`: not given; `a` has {a.steps:,} steps and `b` {b.steps:,}. {say}")
    return longest


# Schedules.


def _of_schedule(schedule: Schedule) -> Rates:
    return Rates(cut(repr(schedule), _MOST_TEXT), schedule.steps, holds=True, fill_of=lambda _n: schedule.fill)


def _of_text(place: str, text: str | bytes) -> Rates:
    try:
        return _of_schedule(Schedule(text))
    except (ValueError, TypeError) as error:
        ways = {".npy": f"Path({text!r})", ".json": f"Path({text!r}).read_text()"}
        for suffix, way in ways.items():
            if isinstance(text, str) and text.endswith(suffix):
                rule = "a text is JSON or an expression, and not the name of a file"
                raise ValueError(refusal(place, _shown(text), rule, f"Give `{way}`.")) from error
        raise type(error)(f"`{place}`: {error}") from error


# Schedulers and schedules of a framework.


def _of_framework(place: str, source: object, group: int) -> Rates | None:
    scheduler = _scheduler(place, source)
    return _of_cell(place, source) if scheduler is None else _of_scheduler(*scheduler, group)


def _is_one_of(source: object, module: str, *names: str) -> bool:
    """Return whether an object is of one of these classes. If their module is not loaded, it is not."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(source, tuple(getattr(loaded, name) for name in names))


def _scheduler(place: str, source: Any) -> tuple[Any, Callable[..., Schedule]] | None:  # noqa: ANN401 (any object)
    """Return a live scheduler, alone or beside its optimizer, and the function that reads its schedule."""
    is_pair = isinstance(source, list | tuple) and len(source) == 2  # noqa: PLR2004
    scheduler = source[1] if is_pair else source
    for module, names, reader in _SCHEDULERS:
        if not _is_one_of(scheduler, module, *names):
            continue
        if is_pair and scheduler.optimizer is not source[0]:
            got = f"{type(source[0]).__name__} and the {type(scheduler).__name__} of another optimizer"
            raise ValueError(refusal(place, got, "a scheduler must be beside its own optimizer", "Give it alone."))
        return scheduler, import_module(reader).schedule
    return None


def _of_scheduler(scheduler: object, schedule_of: Callable[..., Schedule], group: int) -> Rates:
    try:
        return _of_schedule(schedule_of(scheduler, group))
    except ValueError:  # a function drives it: it has a table, whose length must be known
        text = f"{type(scheduler).__name__}, group {group}"
        return Rates(text, None, holds=True, fill_of=lambda n: schedule_of(scheduler, group, steps=n).fill)


def _of_cell(place: str, cell: Any) -> Rates | None:  # noqa: ANN401 (any object)
    """Read a schedule class of MindSpore's, a table of ``learning_rate``, or a class of ours without MindSpore."""
    if _is_one_of(cell, "glidepath.mindspore.table", "_TableSchedule"):
        return _of_vector(cell)
    if _is_one_of(cell, "mindspore.nn.learning_rate_schedule", "LearningRateSchedule"):
        from mindspore import Tensor, int32  # noqa: PLC0415 (it is loaded)

        # As the optimizer calls it: a Tensor of more steps can have other last bits, by the kernels' vector code.
        rates = _of_function(place, lambda step: np.asarray(cell(Tensor([step], int32))).item())
        return rates._replace(text=_named(cell))
    if _is_one_of(cell, "glidepath.mindspore.learning_rate_schedule", "_ReplayedSchedule"):
        return _of_vector(cell)
    return None


def _of_vector(cell: Callable[[NDArray[np.int64]], NDArray[np.float32]]) -> Rates:
    """Read a schedule that takes an array of steps."""

    def fill(out: NDArray[np.float64], start: int) -> None:
        out[:] = cell(np.arange(start, start + out.size))

    return Rates(_named(cell), None, holds=True, fill_of=lambda _n: fill)


def _named(cell: object) -> str:
    kind = type(cell)
    if kind.__module__.startswith("glidepath."):
        return cut(repr(cell), _MOST_TEXT)
    return f"{kind.__module__}.{kind.__qualname__}"


# Arrays.


def _of_file(place: str, path: Path, group: int) -> Rates:
    """Map a .npy file into memory."""
    regular(path)
    try:
        values = npy.open_memmap(path, mode="r")
    except (ValueError, EOFError) as error:
        rule = "it must be a .npy file of floats, with at least 1 step"
        raise ValueError(refusal(place, path, rule, "Save one with `numpy.save`.")) from error
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
    if values.ndim == 3:  # noqa: PLR2004 (what `rehearse` returns: steps, groups, numbers)
        kind, values = f"{shown} of shape {values.shape}:", values.ravel()
    if values.ndim == 2:  # noqa: PLR2004
        if not group < values.shape[1]:
            rule = f"this {shown} has {values.shape[1]}"
            raise IndexError(refusal(place, f"group {group}", rule, "Groups are counted from 0."))
        which = f", group {group} of {values.shape[1]}"
        values = values[:, group]
    if values.ndim != 1 or not values.size:
        rule = "it must have the shape (steps,) or (steps, groups), with at least 1 step"
        raise ValueError(refusal(place, f"{shown} of shape {values.shape}", rule))
    what = "" if kind in {"list", "tuple"} and dtype == "float64" else f"{dtype} "
    text = f"{kind} {'' if kind.endswith(':') else 'of '}{values.size:,} {what}value{'s' * (values.size > 1)}{which}"

    def fill(out: NDArray[np.float64], start: int) -> None:
        out[:] = values[start : start + out.size]

    return Rates(text, values.size, holds=False, fill_of=lambda _n: fill)


# Functions.


def _of_function(place: str, function: Callable[[int], Any]) -> Rates:
    name = getattr(function, "__qualname__", None)
    text = f"function {name}" if name else f"function, a {type(function).__name__}"

    def fill(out: NDArray[np.float64], start: int) -> None:
        for i in range(out.size):
            out[i] = _rate(place, function(start + i), start + i)

    return Rates(text, None, holds=True, fill_of=lambda _n: fill)


def _rate(place: str, value: Any, step: int) -> float:  # noqa: ANN401 (what a user's function returns)
    """Read a function's value: a number of Python's or numpy's, or an array or tensor of one."""
    if hasattr(value, "__float__") and not isinstance(value, bool | np.bool_):
        try:
            return float(value)
        except (TypeError, ValueError, RuntimeError):  # an array or tensor of more than one
            pass
    rule = "a function of the step must return a rate, a number"
    raise TypeError(refusal(place, f"{_shown(value)} at step {step}", rule))
