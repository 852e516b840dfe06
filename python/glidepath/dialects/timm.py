"""timm's schedulers, with the arguments of their classes, and its factory ``create_scheduler_v2``.

Followed: timm 1.0.31. A step is an epoch, or an update with ``--sched-on-updates``; epoch e uses the value at e. To
have a value for each update from a schedule of epochs, call ``by_epoch(updates_per_epoch)``.

Without ``warmup_prefix`` the curve's clock runs during the warm-up. So a cosine is not at its peak when the warm-up
ends, and the rate jumps there. After its cycles a schedule stays at ``lr_min``.

timm's noise comes from PyTorch's random numbers. It is not a function of the step, and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library, few

library = Library("timm", "timm 1.0.31", warmup="warmup_t", steps="t_initial")

StableFn = Literal["constant", "rsqrt", "power"]
DecayFn = Literal["1-sqrt", "linear", "cosine", "power", "exp"]


@library.schedule
def CosineLRScheduler(
    learning_rate: float,
    t_initial: int,
    lr_min: float = 0.0,
    cycle_mul: float = 1.0,
    cycle_decay: float = 1.0,
    cycle_limit: int = 1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = False,
    k_decay: float = 1.0,
) -> Schedule:
    """Follow half a cosine to ``lr_min``, ``cycle_limit`` times, each ``cycle_mul`` times as long as the one before.

    Each peak is ``cycle_decay`` times the one before. Where ``cycle_mul`` is not 1, timm finds the cycle with a
    floating-point logarithm, and can miss a restart by a step (``cycle_mul=3``, the fifth restart).

    >>> timm.CosineLRScheduler(0.1, 100)
    gp.cosine(0.1, 0.0, 100)
    >>> timm.CosineLRScheduler(0.1, 100, warmup_t=5).gather([4, 5, 100])       # not at its peak after the warm-up
    array([0.08      , 0.09938442, 0.        ])
    """
    fall = gp.cosine if k_decay == 1.0 else partial(gp.k_decay, power=k_decay)
    curve = _cycles(fall, learning_rate, lr_min, t_initial, cycle_mul, cycle_decay, cycle_limit)
    return _warmed_up(curve, learning_rate, warmup_lr_init, warmup_t, warmup_prefix)


@library.schedule
def TanhLRScheduler(
    learning_rate: float,
    t_initial: int,
    lb: float = -7.0,
    ub: float = 3.0,
    lr_min: float = 0.0,
    cycle_mul: float = 1.0,
    cycle_decay: float = 1.0,
    cycle_limit: int = 1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = False,
) -> Schedule:
    """Follow a hyperbolic tangent, in cycles as :func:`CosineLRScheduler`.

    It jumps to ``lr_min`` at the end, because tanh(3) is not 1.

    >>> timm.TanhLRScheduler(0.1, 100).gather([0, 1, 50, 99, 100]).round(7)
    array([0.1      , 0.0999999, 0.0982014, 0.0003018, 0.       ])
    """
    fall = partial(gp.tanh, lower=lb, upper=ub)
    cycles = _cycles(fall, learning_rate, lr_min, t_initial, cycle_mul, cycle_decay, cycle_limit)
    curve = cycles.then(gp.constant(lr_min)) if cycle_limit else cycles
    target = learning_rate if warmup_prefix or not warmup_t else curve[warmup_t]
    return _warmed_up(curve, target, warmup_lr_init, warmup_t, warmup_prefix)


@library.schedule
def PolyLRScheduler(
    learning_rate: float,
    t_initial: int,
    power: float = 0.5,
    lr_min: float = 0.0,
    cycle_mul: float = 1.0,
    cycle_decay: float = 1.0,
    cycle_limit: int = 1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = False,
    k_decay: float = 1.0,
) -> Schedule:
    """Follow ``(1 - u ** k_decay) ** power`` to ``lr_min``, in cycles as :func:`CosineLRScheduler`.

    One of ``power`` and ``k_decay`` must be 1: glidepath has no curve with both.

    >>> timm.PolyLRScheduler(0.1, 100)
    gp.polynomial(0.1, 0.0, 100, power=0.5)
    """
    if power != 1.0 != k_decay:
        rule = f"with `k_decay={k_decay}` it must be 1: glidepath has no curve with both"
        way_out = "Make a table of the values: `gp.table([...])`."
        raise ValueError(refusal("timm.PolyLRScheduler.power", power, rule, way_out))
    fall = partial(gp.polynomial, power=power) if k_decay == 1.0 else partial(gp.power, power=k_decay)
    curve = _cycles(fall, learning_rate, lr_min, t_initial, cycle_mul, cycle_decay, cycle_limit)
    return _warmed_up(curve, learning_rate, warmup_lr_init, warmup_t, warmup_prefix)


@library.schedule
def StepLRScheduler(
    learning_rate: float,
    decay_t: float,
    decay_rate: float = 1.0,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = True,
) -> Schedule:
    """Multiply the rate by ``decay_rate`` every ``decay_t`` steps, which need not be whole.

    >>> timm.StepLRScheduler(0.256, decay_t=2.4, decay_rate=0.97).gather([0, 2, 3, 5]).round(6)
    array([0.256  , 0.256  , 0.24832, 0.24087])
    """
    curve = gp.constant(learning_rate)
    if decay_rate != 1.0:
        every = curves.fraction(decay_t)
        curve = gp.exponential(learning_rate, decay_rate, every.numerator, stair=True)
        # The double 1.1 is a little more than 11/10: 11 steps are not yet 10 times 1.1.
        curve = curve.delay(1) if decay_t > every else curve
        curve = curve if every.denominator == 1 else curve.stride(every.denominator)
    return _warmed_up(curve, learning_rate, warmup_lr_init, warmup_t, warmup_prefix)


@library.schedule
def MultiStepLRScheduler(
    learning_rate: float,
    decay_t: Sequence[int],
    decay_rate: float = 1.0,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = True,
) -> Schedule:
    """Multiply the rate by ``decay_rate`` at each milestone, **one step early**: milestone 30 acts at step 29.

    >>> timm.MultiStepLRScheduler(0.1, [30, 60], 0.5).gather([28, 29, 58, 59])
    array([0.1  , 0.05 , 0.05 , 0.025])
    """
    values = [learning_rate * decay_rate**i for i in range(len(decay_t) + 1)]
    curve = curves.stairs(values, [milestone - 1 for milestone in sorted(decay_t)])
    return _warmed_up(curve, learning_rate, warmup_lr_init, warmup_t, warmup_prefix)


@library.named(decay="t_initial")
def WSDLRScheduler(
    learning_rate: float,
    t_initial: int,
    decay_t: int,
    lr_min: float = 0.0,
    stable_fn: StableFn = "constant",
    stable_timescale: float | None = None,
    stable_power: float = 0.5,
    decay_fn: DecayFn = "1-sqrt",
    decay_power: float = 0.5,
    decay_ratio: float = 0.1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
) -> Schedule:
    """Rise, stay (or fall slowly, by ``stable_fn``), then decay to ``lr_min`` in the last ``decay_t`` steps.

    ``t_initial`` does not include the warm-up. A ``stable_fn`` other than ``constant`` goes on during the decay, and
    the two are multiplied.

    >>> timm.WSDLRScheduler(0.1, t_initial=90, decay_t=20, warmup_t=10)
    gp.linear(0.0, 0.1, 10).then(gp.linear(0.1, 0.1, 70)).then(gp.power(0.1, 0.0, 20, power=0.5))
    """
    if not 0 < decay_t <= t_initial:
        rule = f"it must be from 1 to `t_initial`, {t_initial}"
        raise ValueError(refusal("timm.WSDLRScheduler.decay_t", decay_t, rule, "Shorten the decay."))
    decay = _decay(decay_fn, decay_power, decay_ratio)
    stays = t_initial - decay_t
    if stable_fn == "constant":
        top = max(learning_rate, lr_min)
        curve = curves.in_turn((partial(gp.linear, top, top), stays), (partial(decay, top, lr_min), decay_t))
        return curves.warmed_up(warmup_lr_init, learning_rate, warmup_t, curve)
    timescale = stable_timescale or float(warmup_t)
    if not timescale > 0.0:
        rule = "without a warm-up it is needed"
        raise ValueError(refusal("timm.WSDLRScheduler.stable_timescale", stable_timescale, rule, "Pass a number."))
    power = 0.5 if stable_fn == "rsqrt" else stable_power
    stable = gp.inverse_power(learning_rate, timescale, power).clamp(low=lr_min)
    factor = curves.in_turn((partial(gp.linear, 1.0, 1.0), stays), (partial(decay, 1.0, 0.0), decay_t))
    return curves.warmed_up(warmup_lr_init, learning_rate, warmup_t, (stable - lr_min) * factor + lr_min)


@library.named(warmup="warmup_epochs", steps="num_epochs")
def create_scheduler_v2(  # noqa: PLR0911 (a return for each `sched`)
    learning_rate: float,
    sched: Literal["cosine", "tanh", "step", "multistep", "poly", "wsd", "rsqrt", "constant"] = "cosine",
    num_epochs: int = 300,
    decay_epochs: float | None = None,
    decay_milestones: Sequence[int] = (90, 180, 270),
    decay_rate: float = 0.1,
    min_lr: float = 0.0,
    warmup_lr: float = 1e-5,
    warmup_epochs: int = 0,
    warmup_prefix: bool = False,
    noise: object = None,
    cycle_mul: float = 1.0,
    cycle_decay: float = 0.1,
    cycle_limit: int = 1,
    k_decay: float = 1.0,
    decay_fn: DecayFn | None = None,
    stable_timescale: float | None = None,
) -> Schedule:
    """Make any of the schedules from the arguments of timm's factory, as ``train.py --sched`` has them.

    The names ``timm.cosine``, ``timm.wsd``, ... stand for this function with that ``sched``. With ``poly`` the power is
    ``decay_rate``. ``decay_epochs`` below 1 is a fraction, rounded, for ``wsd`` and ``rsqrt``.

    >>> timm.create_scheduler_v2(0.1, "step", num_epochs=90, decay_epochs=30, warmup_epochs=5).gather([0, 5, 29, 30])
    array([1.e-05, 1.e-01, 1.e-01, 1.e-02])
    """
    if noise is not None:
        rule, way_out = "it is random, and not a function of the step", "Leave it out, or tabulate timm's values."
        raise ValueError(refusal("timm.create_scheduler_v2.noise", repr(noise), rule, way_out))
    warmup: Any = {"warmup_t": warmup_epochs, "warmup_lr_init": warmup_lr, "warmup_prefix": warmup_prefix}
    cycles: Any = {"lr_min": min_lr, "cycle_mul": cycle_mul, "cycle_decay": cycle_decay, "cycle_limit": cycle_limit}
    if sched == "cosine":
        return CosineLRScheduler(learning_rate, num_epochs, k_decay=k_decay, **cycles, **warmup)
    if sched == "tanh":
        return TanhLRScheduler(learning_rate, num_epochs, **cycles, **warmup)
    if sched == "poly":
        return PolyLRScheduler(learning_rate, num_epochs, power=decay_rate, k_decay=k_decay, **cycles, **warmup)
    if sched == "constant":
        return StepLRScheduler(learning_rate, 1, 1.0, **warmup)
    if sched == "step":
        return StepLRScheduler(learning_rate, 90 if decay_epochs is None else decay_epochs, decay_rate, **warmup)
    if sched == "multistep":
        return MultiStepLRScheduler(learning_rate, decay_milestones, decay_rate, **warmup)
    length = num_epochs if warmup_prefix else num_epochs - warmup_epochs
    decay = 0.2 if decay_epochs is None else decay_epochs
    return WSDLRScheduler(
        learning_rate,
        max(0, length),
        round(decay * length) if 0.0 < decay < 1.0 else round(decay),
        min_lr,
        stable_fn="rsqrt" if sched == "rsqrt" else "constant",
        stable_timescale=stable_timescale,
        decay_fn=decay_fn or ("linear" if sched == "rsqrt" else "1-sqrt"),
        warmup_t=warmup_epochs,
        warmup_lr_init=warmup_lr,
    )


for _name in ("cosine", "tanh", "step", "multistep", "poly", "wsd", "rsqrt", "constant"):
    library.preset(_name, create_scheduler_v2, sched=_name)

PlateauLRScheduler = library.refused(
    "PlateauLRScheduler", "a scheduler that follows a metric", "Use `glidepath.torch.ReduceLROnPlateau(optimizer)`."
)


def _cycles(fall: curves.Fall, top: float, low: float, steps: int, mul: float, decay: float, limit: int) -> Schedule:
    """Fall `limit` times, each `mul` times as long as before, from a peak that is `decay` times that before."""
    if not few("timm.cycle_limit", limit):
        return gp.constant(low)
    longer = curves.fraction(mul)
    return curves.in_turn(*((partial(fall, top * decay**i, low), steps * longer**i) for i in range(limit)))


def _warmed_up(curve: Schedule, rate: float, start: float, steps: int, is_prefix: bool) -> Schedule:
    """Put the warm-up before a curve. Without one, timm's loop begins at the optimizer's rate, not at the curve's."""
    if not steps and curve[0] != rate:
        return gp.constant(rate).then(curve.skip(1), at=1)
    rest = curve if is_prefix or not steps else curve.skip(steps)
    return curves.warmed_up(start, rate, steps, rest)


def _decay(name: DecayFn, power: float, ratio: float) -> curves.Fall:
    def towards(start: float, end: float, steps: int) -> Schedule:
        """Follow ``(ratio ** u - ratio) / (1 - ratio)``."""
        way = (start - end) / (1.0 - ratio)
        return (gp.exponential(way, ratio, per=steps) + (end - way * ratio)).then(gp.constant(end), at=steps)

    falls: dict[str, curves.Fall] = {
        "linear": gp.linear,
        "cosine": gp.cosine,
        "1-sqrt": partial(gp.power, power=0.5),
        "power": partial(gp.power, power=power),
        "exp": towards,
    }
    return falls[name]
