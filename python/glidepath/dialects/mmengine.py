"""mmengine's parameter schedulers, with the fields of ``param_scheduler`` in its configuration files.

Followed: mmengine 0.10.7. Each scheduler acts in its window, from ``begin`` to before ``end``, on the value that is
there, and leaves its last value. A function returns the rate under that scheduler alone; :func:`param_scheduler`
takes a whole list. A step is an epoch, or an iteration with ``by_epoch=False``.

``LinearLR``, ``ConstantLR`` and ``PolyLR`` reach their end at the last step of the window, one step before PyTorch's.
Without an ``end`` the window has 1e9 steps: a ``LinearLR`` then never warms up. A ``CosineAnnealingLR`` over its
whole window stops one step before ``eta_min``. mmengine multiplies the last value in each step, in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library, entry, some, whole

library = Library("mmengine", "mmengine 0.10.7")

END = 1_000_000_000


@library.schedule
def LinearLR(
    learning_rate: float, start_factor: float = 1.0 / 3, end_factor: float = 1.0, begin: int = 0, end: int = END
) -> Schedule:
    """Go from ``start_factor`` to ``end_factor`` times the rate in a straight line, from ``begin`` to ``end - 1``.

    In a window of one step it gets no further than ``start_factor``.

    >>> mmengine.LinearLR(0.1, 0.0, end=11)
    gp.linear(0.0, 0.1, 10)
    """
    steps = _window("LinearLR", begin, end) - 1
    first, last = start_factor * learning_rate, end_factor * learning_rate
    line = gp.linear(first, last, steps) if steps else gp.constant(first)
    return _begun(learning_rate, begin, line)


@library.schedule
def ConstantLR(learning_rate: float, factor: float = 1.0 / 3, begin: int = 0, end: int = END) -> Schedule:
    """Have ``factor`` times the rate until the last step of the window, and the rate from there on.

    After a window of one step it does not return to the rate.

    >>> mmengine.ConstantLR(0.1, 0.5, end=6).gather([0, 4, 5])
    array([0.05, 0.05, 0.1 ])
    """
    steps = _window("ConstantLR", begin, end) - 1
    if factor == 0.0:
        rule = "mmengine divides by it at the end of the window"
        raise ValueError(refusal("mmengine.ConstantLR.factor", factor, rule, "Pass a small number, such as 1e-9."))
    low = factor * learning_rate
    return _begun(learning_rate, begin, curves.stairs([low, learning_rate], [steps]) if steps else gp.constant(low))


@library.schedule
def StepLR(learning_rate: float, step_size: int, gamma: float = 0.1, begin: int = 0, end: int = END) -> Schedule:
    """Multiply by ``gamma`` every ``step_size`` steps of the window.

    >>> mmengine.StepLR(1.0, 10, 0.5, end=25).gather([9, 10, 20, 30])
    array([1.  , 0.5 , 0.25, 0.25])
    """
    return _in_window("StepLR", learning_rate, gp.exponential(learning_rate, gamma, step_size, stair=True), begin, end)


@library.schedule
def MultiStepLR(
    learning_rate: float, milestones: Sequence[int], gamma: float = 0.1, begin: int = 0, end: int = END
) -> Schedule:
    """Multiply by ``gamma`` at each milestone, counted from ``begin``.

    >>> mmengine.MultiStepLR(1.0, [8, 11], 0.5, end=12).gather([7, 8, 11])
    array([1.  , 0.5 , 0.25])
    """
    at = sorted(milestones)
    values = [learning_rate * gamma**i for i in range(len(at) + 1)]
    return _in_window("MultiStepLR", learning_rate, curves.stairs(values, at), begin, end)


@library.schedule
def ExponentialLR(learning_rate: float, gamma: float, begin: int = 0, end: int = END) -> Schedule:
    """Multiply by ``gamma`` in each step of the window.

    >>> mmengine.ExponentialLR(1.0, 0.5, end=4).array(5)
    array([1.   , 0.5  , 0.25 , 0.125, 0.125])
    """
    return _in_window("ExponentialLR", learning_rate, gp.exponential(learning_rate, gamma), begin, end)


@library.schedule
def CosineAnnealingLR(
    learning_rate: float, T_max: int | None = None, eta_min: float | None = None, eta_min_ratio: float | None = None,
    begin: int = 0, end: int = END, base_value: float | None = None,
) -> Schedule:  # fmt: skip
    """Follow half a cosine to ``eta_min`` in ``T_max`` steps, by default the whole window, and climb again after it.

    The window's last step is one before ``eta_min``, and its value stays. ``base_value`` is the optimizer's rate, to
    which it climbs again, where that is not the rate at ``begin``.

    >>> mmengine.CosineAnnealingLR(0.1, end=90).gather([0, 45, 89, 90]).round(7)
    array([1.00e-01, 5.00e-02, 3.05e-05, 3.05e-05])
    """
    steps = T_max or _window("CosineAnnealingLR", begin, end)
    base = learning_rate if base_value is None else base_value
    low = _least("CosineAnnealingLR", base, eta_min, eta_min_ratio)
    again = curves.waves(base, low, steps).skip(steps)
    curve = gp.cosine(learning_rate, low, steps).then(again, at=steps)
    return _in_window("CosineAnnealingLR", learning_rate, curve, begin, end)


@library.schedule
def PolyLR(learning_rate: float, eta_min: float = 0.0, power: float = 1.0, begin: int = 0, end: int = END) -> Schedule:
    """Follow ``(1 - progress) ** power`` to ``eta_min`` at the last step of the window.

    A window of one step changes nothing.

    >>> mmengine.PolyLR(0.1, power=0.9, end=101)
    gp.polynomial(0.1, 0.0, 100, power=0.9)
    """
    steps = _window("PolyLR", begin, end) - 1
    fall = gp.polynomial(learning_rate, eta_min, steps, power) if steps else gp.constant(learning_rate)
    return _begun(learning_rate, begin, fall)


@library.named(peak="eta_max", steps="total_steps")
def OneCycleLR(
    eta_max: float, total_steps: int | None = None, pct_start: float = 0.3,
    anneal_strategy: Literal["cos", "linear"] = "cos", div_factor: float = 25.0, final_div_factor: float = 1e4,
    three_phase: bool = False, begin: int = 0, end: int = END, learning_rate: float | None = None,
) -> Schedule:  # fmt: skip
    """Rise from ``eta_max / div_factor`` to ``eta_max``, then fall far below the start, as PyTorch's OneCycleLR.

    The peak is at step ``pct_start * total_steps - 1``, which need not be whole, and the end at ``total_steps - 1``. If
    the peak is before step 0, the rate is already falling there. ``learning_rate`` is the rate before ``begin``.

    >>> mmengine.OneCycleLR(0.1, 100).gather([0, 29, 99])
    array([4.e-03, 1.e-01, 4.e-07])
    """
    steps = total_steps or _window("OneCycleLR", begin, end)
    way = gp.cosine if anneal_strategy == "cos" else gp.linear
    first, last = eta_max / div_factor, eta_max / div_factor / final_div_factor
    rise = curves.fraction(pct_start) * steps - 1
    turns = [(first, eta_max, rise)]
    if three_phase:
        turns.append((eta_max, first, rise))
    falls_from, fall = turns[-1][1], steps - 1 - rise * len(turns)
    if rise < 0 < fall:
        passed, finer = (-rise * len(turns)).as_integer_ratio()
        curve = way(falls_from, last, int(fall * finer)).skip(passed).stride(finer)
    else:
        turns.append((falls_from, last, fall))
        parts = [(partial(way, start, to), length) for start, to, length in turns if length > 0]
        curve = curves.in_turn(*parts) if parts else gp.constant(last)
    return _in_window("OneCycleLR", first if learning_rate is None else learning_rate, curve, begin, end)


@library.schedule
def CosineRestartLR(
    learning_rate: float, periods: Sequence[int], restart_weights: Sequence[float] = (1,),
    eta_min: float | None = None, eta_min_ratio: float | None = None, begin: int = 0, end: int = END,
    base_value: float | None = None,
) -> Schedule:  # fmt: skip
    """Follow half a cosine in each period, from ``restart_weights[i]`` times the rate to ``eta_min``.

    It stays at the last value of the last period, which is one step before ``eta_min``.

    >>> mmengine.CosineRestartLR(0.1, [10, 10], [1.0, 0.5], eta_min=0.0).gather([0, 5, 10, 15])
    array([0.1  , 0.05 , 0.05 , 0.025])
    """
    some("mmengine.CosineRestartLR.periods", periods)
    if len(periods) != len(restart_weights):
        rule = f"it needs one for each of the {len(periods)} periods"
        got = f"{len(restart_weights)} weights"
        raise ValueError(refusal("mmengine.CosineRestartLR.restart_weights", got, rule, "Pass as many."))
    base = learning_rate if base_value is None else base_value
    low = _least("CosineRestartLR", base, eta_min, eta_min_ratio)
    falls = [gp.cosine(weight * base, low, steps) for steps, weight in zip(periods, restart_weights, strict=True)]
    last = gp.constant(falls[-1][periods[-1] - 1])
    curve = curves.in_turn(*zip(falls, periods, strict=True), (last, 0))
    return _in_window("CosineRestartLR", learning_rate, curve, begin, end)


@library.schedule
def param_scheduler(
    learning_rate: float, schedulers: Sequence[Mapping[str, Any]], epoch_length: int | None = None
) -> Schedule:
    """Apply a list of schedulers, as mmengine's runner does: mappings with a ``type`` and its arguments.

    Schedulers that multiply (Linear, Constant, Step, MultiStep, Exponential) may overlap. Another one must have its
    window for itself, because it goes on from the value at its beginning.

    Args:
        learning_rate: the optimizer's rate.
        schedulers: such as ``{"type": "LinearLR", "start_factor": 0.001, "by_epoch": False, "end": 500}``.
        epoch_length: the iterations of an epoch. If it is given, a step is an iteration: schedulers by epoch change the
            rate at each epoch, or at each iteration with ``convert_to_iter_based``. If not, all must count the same.

    >>> warmup = {"type": "LinearLR", "start_factor": 0.001, "by_epoch": False, "end": 500}
    >>> steps = {"type": "MultiStepLR", "milestones": [8, 11], "end": 12}
    >>> lr = mmengine.param_scheduler(0.02, [warmup, steps], epoch_length=1_000)
    >>> lr[0], lr[499], lr[7_999], lr[8_000]
    (2e-05, 0.02, 0.02, 0.002)
    """
    if epoch_length is None and len({one.get("by_epoch", True) for one in schedulers}) > 1:
        rule = "some count epochs and some iterations"
        way_out = "Pass `epoch_length`, the iterations of an epoch."
        raise ValueError(refusal("mmengine.param_scheduler.schedulers", "a list", rule, way_out))
    curve, busy, ruled = gp.constant(learning_rate), 0, 0
    for one in sorted(schedulers, key=lambda one: _time("begin", one.get("begin", 0)) * _scale(one, epoch_length)):
        name, arguments, begin, end, hold = _unpacked(one, epoch_length)
        if begin < (ruled if name in _MULTIPLY else busy):
            rule = f"it begins at {begin}, before a window that ends at {ruled if name in _MULTIPLY else busy}"
            way_out = "Let it begin there, or multiply schedules."
            raise ValueError(refusal("mmengine.param_scheduler.schedulers", repr(name), rule, way_out))
        busy = max(busy, end)
        if name in _MULTIPLY:
            factor = _MULTIPLY[name](1.0, **arguments)
            factor = factor.by_epoch(hold) if hold > 1 else factor
            curve = curve * factor if not begin else curve * gp.constant(1.0).then(factor, at=begin)
            continue
        follow = _FOLLOW[name](curve[begin], learning_rate, arguments)
        follow = follow.by_epoch(hold) if hold > 1 else follow
        curve, ruled = curve.then(follow, at=begin) if begin else follow, end
    return curve


ReduceOnPlateauLR = library.refused(
    "ReduceOnPlateauLR", "a scheduler that follows a metric", "Use `glidepath.torch.ReduceLROnPlateau(optimizer)`."
)

_MULTIPLY: dict[str, Callable[..., Schedule]] = {
    "LinearLR": LinearLR,
    "ConstantLR": ConstantLR,
    "StepLR": StepLR,
    "MultiStepLR": MultiStepLR,
    "ExponentialLR": ExponentialLR,
}
_FOLLOW: dict[str, Callable[[float, float, dict[str, Any]], Schedule]] = {
    "CosineAnnealingLR": lambda now, base, more: CosineAnnealingLR(now, base_value=base, **more),
    "PolyLR": lambda now, _, more: PolyLR(now, **more),
    "OneCycleLR": lambda _, __, more: OneCycleLR(**more),
    "CosineRestartLR": lambda now, base, more: CosineRestartLR(now, base_value=base, **more),
}
for _name in (*_MULTIPLY, "CosineAnnealingLR", "PolyLR", "CosineRestartLR"):
    library.preset(_name.replace("LR", "Momentum"), entry(f"mmengine.{_name}").make, "momentum")

_TIMES = ("step_size", "T_max", "total_steps")


def _scale(one: Mapping[str, Any], epoch_length: int | None) -> int:
    """Return the iterations of what a scheduler counts; 1 where nothing is converted."""
    return epoch_length if epoch_length is not None and one.get("by_epoch", True) else 1


def _unpacked(one: Mapping[str, Any], epoch_length: int | None) -> tuple[str, dict[str, Any], int, int, int]:
    """Return the type, the arguments with a window that begins at 0, the window, and how long each step lasts."""
    arguments = dict(one)
    name = arguments.pop("type", None)
    if name not in _MULTIPLY and name not in _FOLLOW:
        known = ", ".join([*_MULTIPLY, *_FOLLOW])
        rule = f"it must be one of {known}"
        raise ValueError(refusal("mmengine.param_scheduler.schedulers.type", repr(name), rule, "Take one of them."))
    arguments.pop("by_epoch", None)
    scale, converts = _scale(one, epoch_length), arguments.pop("convert_to_iter_based", False)
    begin, end = (_time(key, arguments.pop(key, default)) for key, default in (("begin", 0), ("end", END)))
    inner = scale if converts else 1
    arguments["end"] = (end - begin) * inner if end != END else END
    for time in _TIMES:
        if arguments.get(time):
            arguments[time] = _time(time, arguments[time]) * inner
    for times in ("milestones", "periods"):
        if times in arguments and isinstance(arguments[times], list | tuple):
            arguments[times] = [_time(times, time) * inner for time in arguments[times]]
    return name, arguments, begin * scale, end * scale if end != END else END, 1 if converts else scale


def _time(key: str, value: object) -> int:
    return whole(f"mmengine.param_scheduler.schedulers.{key}", value)


def _window(name: str, begin: int, end: int) -> int:
    if end <= begin:
        rule = f"it must be after `begin`, {begin}"
        raise ValueError(refusal(f"mmengine.{name}.end", end, rule, "Make the window longer."))
    return end - begin


def _begun(before: float, begin: int, curve: Schedule) -> Schedule:
    return gp.constant(before).then(curve, at=begin) if begin else curve


def _in_window(name: str, before: float, curve: Schedule, begin: int, end: int) -> Schedule:
    """Let the curve begin at `begin`, and keep the value of the window's last step."""
    steps = _window(name, begin, end)
    if end != END:
        curve = curve.then(gp.constant(curve[steps - 1]), at=steps)
    return _begun(before, begin, curve)


def _least(name: str, base: float, eta_min: float | None, ratio: float | None) -> float:
    if eta_min is not None and ratio is not None:
        place = f"mmengine.{name}.eta_min and eta_min_ratio"
        raise ValueError(refusal(place, "both", "it takes one of them", "Leave one out."))
    return eta_min or 0.0 if ratio is None else ratio * base
