"""fvcore's parameter schedulers, and detectron2's, which are made of them.

Followed: fvcore 0.1.5.post20221221, and detectron2 02b5c4e. fvcore's schedulers are functions of the progress
``where``, from 0 to 1. Here each also has ``max_iter``, and step k is the value at ``where = k / max_iter``, as
detectron2 asks for it.

A change at a place of the progress comes within 1e-6 of it (fvcore's ``WHERE_EPSILON``): with ten million steps, ten
steps early. Where fvcore raises an error, from ``where = 1`` on, the schedule keeps its last value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from itertools import accumulate
from typing import Literal

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library, few, some, whole

library = Library("fvcore", "fvcore 0.1.5", peak="BASE_LR", warmup="WARMUP_ITERS", steps="MAX_ITER")

EPSILON = Fraction(1, 1_000_000)
_FRACTIONS = 1e-3  # how far fvcore lets the lengths be from a sum of 1


@library.named(peak="value")
def ConstantParamScheduler(value: float) -> Schedule:
    """Stay at the value. fvcore raises an error at the end of the run.

    >>> fvcore.ConstantParamScheduler(0.1)
    gp.constant(0.1)
    """
    return gp.constant(value)


@library.named(peak="start_value", steps="max_iter")
def CosineParamScheduler(start_value: float, end_value: float, *, max_iter: int) -> Schedule:
    """Follow half a cosine from ``start_value`` to ``end_value``, and climb again after the end.

    >>> fvcore.CosineParamScheduler(0.1, 0.0, max_iter=100).gather([0, 50, 100, 150])
    array([0.1 , 0.05, 0.  , 0.05])
    """
    return curves.waves(start_value, end_value, max_iter)


@library.named(peak="start_value", steps="max_iter")
def ExponentialParamScheduler(start_value: float, decay: float, *, max_iter: int) -> Schedule:
    """Multiply by ``decay`` over the run, smoothly.

    >>> fvcore.ExponentialParamScheduler(2.0, 0.02, max_iter=100)
    gp.exponential(2.0, 0.02, per=100.0)
    """
    return gp.exponential(start_value, decay, max_iter)


@library.named(peak="start_value", steps="max_iter")
def LinearParamScheduler(start_value: float, end_value: float, *, max_iter: int) -> Schedule:
    """Go from ``start_value`` to ``end_value`` in a straight line, and on beyond the end.

    >>> fvcore.LinearParamScheduler(0.1, 0.0, max_iter=100).gather([0, 50, 100, 200])
    array([ 0.1 ,  0.05,  0.  , -0.1 ])
    """
    return curves.line(start_value, end_value, max_iter)


@library.named(steps="max_iter")
def MultiStepParamScheduler(
    values: Sequence[float],
    num_updates: int | None = None,
    milestones: Sequence[int] | None = None,
    *,
    max_iter: int | None = None,
) -> Schedule:
    """Have each value until its milestone, which counts the ``num_updates`` of the run.

    Without ``num_updates`` the last milestone is the end of the run; without ``milestones`` the run is split into equal
    parts, rounded up. ``max_iter`` is ``num_updates`` by default.

    >>> fvcore.MultiStepParamScheduler([1.0, 0.1, 0.01], 90, [30, 60]).gather([29, 30, 60])
    array([1.  , 0.1 , 0.01])
    """
    at = milestones
    some("fvcore.MultiStepParamScheduler.values", values)
    if num_updates is None:
        if not at:
            way_out = "Pass `num_updates`, or milestones with the end of the run."
            place = "fvcore.MultiStepParamScheduler.num_updates"
            raise ValueError(refusal(place, None, "without milestones it is needed", way_out))
        num_updates, at = at[-1], at[:-1]
    if at is None:
        width = math.ceil(num_updates / len(values))
        at = [width * i for i in range(1, len(values))]
    whole("fvcore.MultiStepParamScheduler.num_updates", num_updates, 1)
    if len(at) != len(values) - 1:
        got, rule = f"{len(at)} before the end", f"it needs one less than the {len(values)} values"
        raise ValueError(refusal("fvcore.MultiStepParamScheduler.milestones", got, rule, "Add or remove some."))
    return _steps(values, [Fraction(one, num_updates) for one in at], max_iter or num_updates)


@library.named(peak="base_value", steps="max_iter")
def PolynomialDecayParamScheduler(base_value: float, power: float, *, max_iter: int) -> Schedule:
    """Follow ``(1 - progress) ** power`` to 0, and stay there.

    Beyond the end fvcore's value is a complex number, or climbs again if the power is whole and even.

    >>> fvcore.PolynomialDecayParamScheduler(0.1, 0.9, max_iter=100)
    gp.polynomial(0.1, 0.0, 100, power=0.9)
    """
    return gp.polynomial(base_value, 0.0, max_iter, power)


@library.named(steps="max_iter")
def StepParamScheduler(num_updates: int, values: Sequence[float], *, max_iter: int | None = None) -> Schedule:
    """Have each value for an equal part of the run. ``num_updates`` is not used if there is a ``max_iter``.

    fvcore raises an IndexError at the end of the run.

    >>> fvcore.StepParamScheduler(120, [0.1, 0.01, 0.001, 0.0001]).gather([29, 30, 60, 90])
    array([0.1   , 0.01  , 0.001 , 0.0001])
    """
    some("fvcore.StepParamScheduler.values", values)
    parts = [Fraction(i, len(values)) for i in range(1, len(values))]
    return _steps(values, parts, max_iter or whole("fvcore.StepParamScheduler.num_updates", num_updates, least=1))


@library.named(peak="base_value", steps="max_iter")
def StepWithFixedGammaParamScheduler(
    base_value: float, num_decays: int, gamma: float, num_updates: int, *, max_iter: int | None = None
) -> Schedule:
    """Multiply by ``gamma`` at ``num_decays`` places, which split the run into equal parts.

    >>> fvcore.StepWithFixedGammaParamScheduler(1.0, 3, 0.5, 120).gather([29, 30, 60, 90])
    array([1.   , 0.5  , 0.25 , 0.125])
    """
    few("fvcore.StepWithFixedGammaParamScheduler.num_decays", num_decays)
    values = [base_value * gamma**i for i in range(num_decays + 1)]
    return StepParamScheduler(num_updates, values, max_iter=max_iter)


@library.named(steps="max_iter")
def CompositeParamScheduler(
    schedulers: Sequence[Schedule],
    lengths: Sequence[float],
    interval_scaling: Sequence[Literal["rescaled", "fixed"]],
    *,
    max_iter: int,
) -> Schedule:
    """Use each schedule for a part of the run: squeezed into it (``rescaled``), or as it would be there (``fixed``).

    The schedules must be made with the same ``max_iter``. Steps that are squeezed can come one step late. fvcore
    changes the caller's ``lengths`` if they do not sum to 1.

    >>> constant, cosine = fvcore.ConstantParamScheduler(0.42), fvcore.CosineParamScheduler(0.42, 0.0, max_iter=100)
    >>> lr = fvcore.CompositeParamScheduler([constant, cosine], [0.3, 0.7], ["rescaled", "rescaled"], max_iter=100)
    >>> lr[29], lr[30], lr[65], lr[100]
    (0.42, 0.42, 0.21, 0.0)
    """
    if abs(sum(lengths) - 1.0) >= _FRACTIONS or not len(schedulers) == len(lengths) == len(interval_scaling):
        rule = "there must be one for each schedule, and they must sum to 1"
        way_out = "Pass such lengths, and as many in `interval_scaling`."
        raise ValueError(refusal("fvcore.CompositeParamScheduler.lengths", list(lengths), rule, way_out))
    parts = [curves.fraction(length) for length in lengths[:-1]]
    begins = list(accumulate(parts, initial=Fraction(0)))
    curve = gp.constant(0.0)
    for schedule, begin, end, scaling in zip(
        schedulers, begins, [*begins[1:], Fraction(1)], interval_scaling, strict=True
    ):
        first = _first_after(begin, max_iter) if begin else 0
        piece = schedule.skip(first) if first else schedule
        if scaling == "rescaled":
            piece = _squeezed(schedule, begin * max_iter, end - begin, first)
        curve = curve.then(piece, at=first) if first else piece
    return curve


@library.schedule
def WarmupMultiStepLR(
    BASE_LR: float = 0.001, MAX_ITER: int = 40_000, STEPS: Sequence[int] = (30_000,), GAMMA: float = 0.1,
    WARMUP_FACTOR: float = 0.001, WARMUP_ITERS: int = 1_000, WARMUP_METHOD: Literal["linear", "constant"] = "linear",
    RESCALE_INTERVAL: bool = False,
) -> Schedule:  # fmt: skip
    """Return detectron2's default: a warm-up from ``WARMUP_FACTOR`` of the rate, then ``GAMMA`` at each of ``STEPS``.

    The names are those of ``SOLVER`` in its configuration. ``STEPS`` after ``MAX_ITER`` are ignored, with a warning
    there.

    >>> fvcore.WarmupMultiStepLR(0.02, 90_000, [60_000, 80_000]).gather([0, 1_000, 59_999, 60_000, 80_000])
    array([2.e-05, 2.e-02, 2.e-02, 2.e-03, 2.e-04])
    """
    at = [step for step in STEPS if step <= MAX_ITER]
    values = [BASE_LR * GAMMA**i for i in range(len(at) + 1)]
    places = [Fraction(step, MAX_ITER) for step in at]
    return _warmed_up(
        partial(_steps, values, places), MAX_ITER, WARMUP_FACTOR, WARMUP_ITERS, WARMUP_METHOD, RESCALE_INTERVAL
    )


@library.schedule
def WarmupCosineLR(
    BASE_LR: float = 0.001, MAX_ITER: int = 40_000, BASE_LR_END: float = 0.0, WARMUP_FACTOR: float = 0.001,
    WARMUP_ITERS: int = 1_000, WARMUP_METHOD: Literal["linear", "constant"] = "linear",
    RESCALE_INTERVAL: bool = False,
) -> Schedule:  # fmt: skip
    """Return detectron2's cosine to ``BASE_LR_END``, whose beginning the warm-up hides unless ``RESCALE_INTERVAL``.

    >>> fvcore.WarmupCosineLR(0.1, 100, WARMUP_ITERS=10).gather([0, 10, 100])
    array([0.0001    , 0.09755283, 0.        ])
    """
    return _warmed_up(
        partial(gp.cosine, BASE_LR, BASE_LR_END), MAX_ITER, WARMUP_FACTOR, WARMUP_ITERS, WARMUP_METHOD, RESCALE_INTERVAL
    )


@library.schedule
def WarmupStepWithFixedGammaLR(
    BASE_LR: float = 0.001, MAX_ITER: int = 40_000, GAMMA: float = 0.1, NUM_DECAYS: int = 3,
    WARMUP_FACTOR: float = 0.001, WARMUP_ITERS: int = 1_000, WARMUP_METHOD: Literal["linear", "constant"] = "linear",
    RESCALE_INTERVAL: bool = False,
) -> Schedule:  # fmt: skip
    """Return detectron2's equal steps: ``GAMMA`` at ``NUM_DECAYS`` places. detectron2 raises an error at the end.

    >>> fvcore.WarmupStepWithFixedGammaLR(1.0, 100, 0.5, WARMUP_ITERS=10).gather([10, 25, 50, 75])
    array([1.   , 0.5  , 0.25 , 0.125])
    """
    curve = partial(StepWithFixedGammaParamScheduler, BASE_LR, NUM_DECAYS, GAMMA)
    return _warmed_up(curve, MAX_ITER, WARMUP_FACTOR, WARMUP_ITERS, WARMUP_METHOD, RESCALE_INTERVAL)


def _first_after(where: Fraction, max_iter: int) -> int:
    """Return the first step that has passed a place of the progress, which must be exceeded."""
    return math.floor((where - EPSILON) * max_iter) + 1


def _steps(values: Sequence[float], places: Sequence[Fraction], max_iter: int) -> Schedule:
    """Return the values, each from its place of the progress on, which must be reached."""
    at = [math.ceil((place - EPSILON) * max_iter) for place in places]
    return curves.stairs(values, at)


def _squeezed(schedule: Schedule, begin: Fraction, length: Fraction, first: int) -> Schedule:
    """Return `schedule((k - begin) / length)` from step `first` on."""
    finer = begin.denominator
    piece = schedule if length == 1 and finer == 1 else schedule.stretch(length * finer)
    skipped = int((first - begin) * finer)
    piece = piece.skip(skipped) if skipped > 0 else piece.delay(-skipped) if skipped else piece
    return piece.stride(finer) if finer > 1 else piece


def _warmed_up(make: curves.Curve, steps: int, factor: float, warmup: int, method: str, rescales: bool) -> Schedule:
    warmup, curve = min(warmup, steps), make(steps)
    if not warmup:
        return curve
    start = factor * curve[0]
    target = curve[0] if rescales else curve[warmup]
    rise = gp.linear(start, target, warmup) if method == "linear" else gp.constant(start)
    return rise.then(make(steps - warmup) if rescales and warmup < steps else curve.skip(warmup), at=warmup)
