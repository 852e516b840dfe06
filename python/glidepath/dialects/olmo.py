"""OLMo-core's schedulers, with the fields of their classes; they have their registered names too.

Followed: OLMo-core 3.0.0, ``optim/scheduler.py``. Its trainer counts an update before it sets the rate: update 0 uses
the curve at 1, and the last update the curve at ``t_max``. So with ``units="steps"`` step k is the curve at k + 1.
With ``units="tokens"`` a step is a token, the curve is not shifted, and ``schedule.clock(tokens_per_update).skip(1)``
has a rate for each update.

``t_max`` is the trainer's ``max_steps`` or ``max_tokens``. No update comes after it; here the curve then keeps its
last value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library, some, whole

library = Library("olmo", "OLMo-core 3.0.0", warmup="warmup", steps="t_max")

Units = Literal["steps", "tokens"]


@library.schedule
def ConstantScheduler(learning_rate: float) -> Schedule:
    """Stay at the rate.

    >>> olmo.ConstantScheduler(0.1)
    gp.constant(0.1)
    """
    return gp.constant(learning_rate)


@library.schedule
def ConstantWithWarmup(
    learning_rate: float, warmup: int | None = None, warmup_fraction: float | None = None, warmup_min_lr: float = 0.0,
    t_max: int | None = None, units: Units = "steps",
) -> Schedule:  # fmt: skip
    """Rise from ``warmup_min_lr`` in a straight line, and stay. ``t_max`` is for ``warmup_fraction``, which is rounded.

    >>> olmo.ConstantWithWarmup(0.1, 10).gather([0, 8, 9, 10])
    array([0.01, 0.09, 0.1 , 0.1 ])
    """
    steps = _part("ConstantWithWarmup", "warmup", warmup, warmup_fraction, t_max)
    return _counted(curves.warmed_up(warmup_min_lr, learning_rate, steps, gp.constant(learning_rate)), units)


@library.schedule
def WSD(
    learning_rate: float, t_max: int, warmup: int | None = None, warmup_fraction: float | None = None,
    decay: int | None = None, decay_fraction: float | None = 0.1, warmup_min_lr: float = 0.0,
    decay_min_lr: float = 0.0, units: Units = "steps",
) -> Schedule:  # fmt: skip
    """Rise in a straight line, stay, and fall in a straight line in the last ``decay`` of the run.

    To give ``decay``, ``decay_fraction`` must be None, as in OLMo-core.

    >>> olmo.WSD(0.1, 100, warmup=10).gather([0, 9, 89, 94, 99])
    array([0.01, 0.1 , 0.1 , 0.05, 0.  ])
    """
    up = _part("WSD", "warmup", warmup, warmup_fraction, t_max)
    down = _part("WSD", "decay", decay, decay_fraction, t_max)
    tail = _line(learning_rate, decay_min_lr, down)
    stable = gp.linear(learning_rate, learning_rate, max(1, t_max - up))
    return _counted(_phases(warmup_min_lr, learning_rate, up, stable, t_max - down, tail), units)


@library.schedule
def PowerLR(
    learning_rate: float, t_max: int, b: float = -0.51, warmup: int | None = None,
    warmup_fraction: float | None = None, warmup_min_lr: float = 0.0, decay: int | None = None,
    decay_fraction: float | None = 0.1, decay_min_lr: float = 0.0, units: Units = "steps",
) -> Schedule:  # fmt: skip
    """Rise in a straight line, fall as ``(k / warmup) ** b``, then in a straight line from there.

    >>> lr = olmo.PowerLR(0.1, 1_000, b=-0.5, warmup=100)
    >>> lr[99], lr[399], lr[999]
    (0.1, 0.05, 0.0)
    """
    up = _part("PowerLR", "warmup", warmup, warmup_fraction, t_max, least=1)
    down = _part("PowerLR", "decay", decay, decay_fraction, t_max)
    if not b < 0.0:
        raise ValueError(
            refusal("olmo.PowerLR.b", b, "it must be below 0, for a decay", "Pass a number such as -0.51.")
        )
    begin = t_max - down
    tail = _line(learning_rate * (begin / up) ** b, decay_min_lr, down)
    fall = gp.inverse_power(learning_rate, up, -b)
    return _counted(_phases(warmup_min_lr, learning_rate, up, fall, begin, tail), units)


@library.schedule
def LinearWithWarmup(
    learning_rate: float, t_max: int, alpha_f: float = 0.1, warmup: int | None = None,
    warmup_fraction: float | None = None, warmup_min_lr: float = 0.0, units: Units = "steps",
) -> Schedule:  # fmt: skip
    """Rise in a straight line, then fall in one to ``alpha_f`` of the rate at ``t_max``.

    >>> olmo.LinearWithWarmup(0.1, 100, warmup=10, alpha_f=0.0, units="tokens")
    gp.linear(0.0, 0.1, 10).then(gp.linear(0.1, 0.0, 90))
    """
    up = _part("LinearWithWarmup", "warmup", warmup, warmup_fraction, t_max)
    return _counted(_fall(gp.linear, warmup_min_lr, learning_rate, alpha_f * learning_rate, up, t_max), units)


@library.schedule
def InvSqrtWithWarmup(
    learning_rate: float, alpha_f: float = 0.1, warmup: int | None = None, warmup_fraction: float | None = None,
    warmup_min_lr: float = 0.0, t_max: int | None = None, units: Units = "steps",
) -> Schedule:  # fmt: skip
    """Rise in a straight line, then fall as ``sqrt(warmup / k)`` towards ``alpha_f`` of the rate, without an end.

    >>> olmo.InvSqrtWithWarmup(0.1, warmup=100, alpha_f=0.0).gather([99, 399])
    array([0.1 , 0.05])
    """
    up = _part("InvSqrtWithWarmup", "warmup", warmup, warmup_fraction, t_max, least=1)
    low = alpha_f * learning_rate
    fall = gp.inverse_sqrt(learning_rate - low, up) + low if low else gp.inverse_sqrt(learning_rate, up)
    return _counted(curves.warmed_up(warmup_min_lr, learning_rate, up, fall), units)


@library.schedule
def CosWithWarmup(
    learning_rate: float, t_max: int, warmup: int | None = None, warmup_fraction: float | None = None,
    alpha_f: float = 0.1, warmup_min_lr: float = 0.0, units: Units = "steps",
) -> Schedule:  # fmt: skip
    """Rise in a straight line, then follow half a cosine to ``alpha_f`` of the rate at ``t_max``.

    >>> olmo.CosWithWarmup(0.1, 100, warmup=10, alpha_f=0.0)
    gp.linear(0.0, 0.1, 10).then(gp.cosine(0.1, 0.0, 90)).skip(1)
    """
    up = _part("CosWithWarmup", "warmup", warmup, warmup_fraction, t_max)
    return _counted(_fall(gp.cosine, warmup_min_lr, learning_rate, alpha_f * learning_rate, up, t_max), units)


@library.schedule
def HalfCosWithWarmup(
    learning_rate: float, t_max: int, warmup: int | None = None, warmup_fraction: float | None = None,
    alpha_f: float = 0.1, warmup_min_lr: float = 0.0, units: Units = "steps",
) -> Schedule:  # fmt: skip
    """Follow the second half of :func:`CosWithWarmup`'s cosine; the warm-up ends halfway to the minimum.

    >>> olmo.HalfCosWithWarmup(0.1, 100, warmup=10, alpha_f=0.0).gather([9, 99])
    array([0.05, 0.  ])
    """
    up = _part("HalfCosWithWarmup", "warmup", warmup, warmup_fraction, t_max)
    low = alpha_f * learning_rate

    def second_half(_: float, end: float, steps: int) -> Schedule:
        return gp.cosine(learning_rate, end, 2 * steps).skip(steps)

    return _counted(_fall(second_half, warmup_min_lr, low + (learning_rate - low) / 2, low, up, t_max), units)


@library.schedule
def CosWithWarmupAndLinearDecay(
    learning_rate: float, t_max: int, warmup: int | None = None, warmup_fraction: float | None = None,
    alpha_f: float = 0.1, warmup_min_lr: float = 0.0, decay: int | None = None, decay_fraction: float | None = 0.1,
    decay_min_lr: float = 0.0, units: Units = "steps",
) -> Schedule:  # fmt: skip
    """Follow :func:`CosWithWarmup`, cut short by a straight line to ``decay_min_lr`` in the last ``decay`` of the run.

    >>> lr = olmo.CosWithWarmupAndLinearDecay(0.1, 110, warmup=10, alpha_f=0.0, decay=50, decay_fraction=None)
    >>> lr[59], lr[109]
    (0.05, 0.0)
    """
    up = _part("CosWithWarmupAndLinearDecay", "warmup", warmup, warmup_fraction, t_max)
    down = _part("CosWithWarmupAndLinearDecay", "decay", decay, decay_fraction, t_max)
    curve = _fall(gp.cosine, warmup_min_lr, learning_rate, alpha_f * learning_rate, up, t_max)
    tail = _line(curve[t_max - down], decay_min_lr, down)
    return _counted(curves.in_turn((curve, t_max - down), (tail, 0)), units)


@library.schedule
def WSDS(
    learning_rate: float, period_lengths: Sequence[int], period_lr_multipliers: Sequence[float] | None = None,
    warmup: int | None = None, warmup_fraction: float | None = None, decay: int | None = None,
    decay_fraction: float | None = None, warmup_min_lr: float = 0.0, decay_min_lr: float = 0.0,
    units: Units = "steps",
) -> Schedule:  # fmt: skip
    """Stay and decay in each period, and go on at the peak in the next. The first period includes the warm-up.

    A period's last step has ``decay_min_lr``. The fractions are of the period.

    >>> olmo.WSDS(0.1, [100, 100], warmup=10, decay=20).gather([9, 79, 89, 99, 100, 199])
    array([0.1 , 0.1 , 0.05, 0.  , 0.1 , 0.  ])
    """
    some("olmo.WSDS.period_lengths", period_lengths)
    up = _part("WSDS", "warmup", warmup, warmup_fraction, period_lengths[0])
    parts: list[tuple[Schedule, int]] = []
    multipliers = period_lr_multipliers or [1.0] * len(period_lengths)
    for i, (length, multiplier) in enumerate(zip(period_lengths, multipliers, strict=True)):
        peak = multiplier * learning_rate
        down = _part("WSDS", "decay", decay, decay_fraction, length, least=1)
        # A period begins after the last step of the one before, which is the end of its decay. The first begins at 0.
        stays = length - down - (1 if i else up)
        if stays < 0 and not (i and stays == -1):
            rule = f"with the warm-up it is longer than its period of {length}"
            raise ValueError(refusal("olmo.WSDS.decay", down, rule, "Shorten it."))
        fall = gp.linear(peak, decay_min_lr, down)
        parts += [(gp.constant(peak), max(0, stays)), (fall, down + 1) if stays >= 0 else (fall.skip(1), down)]
    first = multipliers[0] * learning_rate
    return _counted(curves.warmed_up(warmup_min_lr, first, up, curves.in_turn(*parts)), units)


@library.schedule
def ExponentialScheduler(learning_rate: float, t_max: int, lr_min: float = 1e-9, units: Units = "steps") -> Schedule:
    """Grow from ``lr_min`` to the rate, by the same factor in each step, as to find a good rate.

    >>> olmo.ExponentialScheduler(0.1, 100, lr_min=0.001)[49]
    0.01
    """
    if not lr_min > 0.0:
        rule = "it must be above 0, because the growth is a constant factor"
        raise ValueError(refusal("olmo.ExponentialScheduler.lr_min", lr_min, rule, "Pass a small number."))
    growth = gp.exponential(lr_min, learning_rate / lr_min, t_max)
    return _counted(growth.then(gp.constant(learning_rate), at=t_max), units)


@library.schedule
def ComposableScheduler(
    learning_rate: float, stages: Sequence[Mapping[str, Any]], override_decay: Mapping[str, Any] | None = None,
    units: Units = "steps",
) -> Schedule:  # fmt: skip
    """Join stages: mappings with the fields of ``ComposableSchedulerStage``. ``override_decay`` branches a decay off.

    A stage has a ``duration``, a ``shape`` (linear or cosine), ``end_lr`` or ``end_lr_fraction``, and maybe
    ``start_lr`` or ``start_lr_fraction``; by default it begins where the last ended, the first at the rate.
    ``override_decay`` has a ``start``, a ``duration``, a ``shape``, and ``end_lr`` or ``end_lr_fraction``.

    >>> stages = [{"duration": 10, "start_lr": 0.0, "end_lr_fraction": 1.0}, {"duration": 90, "end_lr": 0.0}]
    >>> olmo.ComposableScheduler(0.1, stages, units="tokens")
    gp.linear(0.0, 0.1, 10).then(gp.linear(0.1, 0.0, 90))
    """
    some("olmo.ComposableScheduler.stages", stages)
    parts: list[tuple[curves.Curve | Schedule, int]] = []
    end = learning_rate
    for i, stage in enumerate(stages):
        start = _rate(f"stages[{i}]", "start_lr", stage, learning_rate, end)
        parts.append(_stage(f"stages[{i}]", stage, start, learning_rate))
        end = _rate(f"stages[{i}]", "end_lr", stage, learning_rate)
    curve = curves.in_turn(*parts)
    if override_decay is not None:
        at = whole("olmo.ComposableScheduler.override_decay.start", override_decay.get("start"))
        decay = curves.in_turn(_stage("override_decay", override_decay, curve[at], learning_rate))
        curve = curve.then(decay, at=at) if at else decay
    return _counted(curve, units)


_NAMES: dict[str, Callable[..., Schedule]] = {
    "constant": ConstantScheduler,
    "constant_with_warmup": ConstantWithWarmup,
    "wsd": WSD,
    "power_lr": PowerLR,
    "linear_with_warmup": LinearWithWarmup,
    "inv_sqrt_with_warmup": InvSqrtWithWarmup,
    "cos_with_warmup": CosWithWarmup,
    "half_cos_with_warmup": HalfCosWithWarmup,
    "cos_with_warmup_and_linear_decay": CosWithWarmupAndLinearDecay,
    "wsds": WSDS,
    "exponential": ExponentialScheduler,
    "composable": ComposableScheduler,
}
for _name, _make in _NAMES.items():
    library.preset(_name, _make)


def _counted(curve: Schedule, units: Units) -> Schedule:
    """Count updates as OLMo-core's trainer does: it sets the rate of the first update at 1."""
    return curve if units == "tokens" or curve == gp.constant(curve[0]) else curve.skip(1)


def _part(name: str, part: str, steps: int | None, fraction: float | None, t_max: int | None, least: int = 0) -> int:
    """Return the steps of a part, of which either the number or the fraction is given."""
    place = f"olmo.{name}.{part}"
    if (steps is None) == (fraction is None):
        got = f"{steps} and a fraction of {fraction}"
        way_out = f"Pass `{part}` or `{part}_fraction`, and None for the other."
        raise ValueError(refusal(place, got, "it needs one of them, and not both", way_out))
    if fraction is not None and not 0.0 <= fraction <= 1.0:
        raise ValueError(refusal(f"{place}_fraction", fraction, "it must be from 0.0 to 1.0", f"Pass `{part}`."))
    if steps is None:
        if t_max is None:
            raise ValueError(refusal(f"olmo.{name}.t_max", None, f"`{part}_fraction` needs it", "Pass `t_max`."))
        steps = round(t_max * (fraction or 0.0))
    if part == "decay" and t_max is not None and steps > t_max:
        raise ValueError(refusal(place, steps, f"it must be at most the {t_max} of the run", "Shorten it."))
    if steps < least:
        raise ValueError(refusal(place, steps, f"it must be at least {least}", "Make it longer."))
    return steps


def _line(start: float, end: float, steps: int) -> Schedule:
    return gp.linear(start, end, steps) if steps else gp.constant(start)


def _fall(fall: curves.Fall, low: float, top: float, end: float, up: int, t_max: int) -> Schedule:
    return curves.warmed_up(low, top, up, fall(top, end, t_max - up) if t_max > up else gp.constant(end))


def _phases(low: float, top: float, up: int, middle: Schedule, begin: int, tail: Schedule) -> Schedule:
    """Warm up, follow the middle from there, and the tail from `begin`, which can be inside the warm-up."""
    if begin >= up:
        return curves.in_turn((partial(gp.linear, low, top), up), (middle, begin - up), (tail, 0))
    return curves.in_turn((gp.linear(low, top, up), up + 1), (tail.skip(up + 1 - begin), 0))


def _stage(place: str, stage: Mapping[str, Any], start: float, initial: float) -> tuple[curves.Curve, int]:
    """Return the curve of a stage, and its length."""
    shape = stage.get("shape", "linear")
    if shape not in {"linear", "cosine"}:
        rule = "it must be 'linear' or 'cosine'"
        raise ValueError(refusal(f"olmo.ComposableScheduler.{place}.shape", repr(shape), rule, "Take one of them."))
    steps = whole(f"olmo.ComposableScheduler.{place}.duration", stage.get("duration"), least=1)
    way = gp.linear if shape == "linear" else gp.cosine
    return partial(way, start, _rate(place, "end_lr", stage, initial)), steps


def _rate(place: str, field: str, stage: Mapping[str, Any], initial: float, default: float | None = None) -> float:
    """Return a rate of a stage, which is given as a number or as a fraction of the initial rate."""
    value, fraction = stage.get(field), stage.get(f"{field}_fraction")
    if value is not None and fraction is None:
        return float(value)
    if fraction is not None and value is None:
        return float(fraction) * initial
    if value is None and default is not None:
        return default
    way_out = f"Pass `{field}` or `{field}_fraction`."
    got = f"{value} and a fraction of {fraction}"
    raise ValueError(refusal(f"olmo.ComposableScheduler.{place}.{field}", got, "it needs one of them", way_out))
