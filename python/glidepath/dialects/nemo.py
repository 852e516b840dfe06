"""NeMo's schedulers, with the fields of ``optim.sched`` in its YAML files.

Followed: NeMo 3.0.0, ``core/optim/lr_scheduler.py``. Step k is the rate of update k. The warm-up counts from 1, and is
over one update later than elsewhere: update ``warmup_steps`` is the first with the peak, and update 0 has
``1 / (warmup_steps + 1)`` of it. Update ``max_steps`` is still on the curve; those after it have ``min_lr``.

NeMo's ``warmup_ratio``, ``hold_ratio`` and ``constant_ratio`` are parts of ``max_steps``, rounded down.
"""

from __future__ import annotations

from glidepath import _core as gp
from glidepath import composites
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library

library = Library("nemo", "NeMo 3.0.0", warmup="warmup_steps", steps="max_steps")


@library.schedule
def WarmupPolicy(learning_rate: float, max_steps: int, warmup_steps: int = 0, min_lr: float = 0.0) -> Schedule:
    """Rise in a straight line, and stay.

    >>> nemo.WarmupPolicy(0.11, 100, 10).gather([0, 9, 10, 100, 101])
    array([0.01, 0.1 , 0.11, 0.11, 0.  ])
    """
    return _warmed_up(learning_rate, warmup_steps, gp.constant(learning_rate), max_steps, min_lr)


@library.schedule
def CosineAnnealing(
    learning_rate: float, max_steps: int, warmup_steps: int = 0, constant_steps: int = 0, min_lr: float = 0.0
) -> Schedule:
    """Rise in a straight line, then follow half a cosine to ``min_lr``, which lasts ``constant_steps`` at the end.

    With ``constant_steps`` the warm-up begins at 0, and is as long as ``warmup_steps`` says.

    >>> nemo.CosineAnnealing(0.11, 100, 10).gather([0, 9, 10, 55, 100])
    array([0.01 , 0.1  , 0.11 , 0.055, 0.   ])
    >>> nemo.CosineAnnealing(0.1, 100, 10, constant_steps=10)
    gp.linear(0.0, 0.1, 10).then(gp.cosine(0.1, 0.0, 80))
    """
    _fits("CosineAnnealing", max_steps, warmup_steps + constant_steps)
    fall = gp.cosine(learning_rate, min_lr, max_steps - warmup_steps - constant_steps)
    if constant_steps:
        return curves.warmed_up(0.0, learning_rate, warmup_steps, fall)
    return _warmed_up(learning_rate, warmup_steps, fall, max_steps, min_lr)


@library.schedule
def WarmupAnnealing(learning_rate: float, max_steps: int, warmup_steps: int = 0, min_lr: float = 0.0) -> Schedule:
    """Rise in a straight line, then fall in one to ``min_lr``.

    >>> nemo.WarmupAnnealing(0.11, 100, 10).gather([0, 10, 55, 100])
    array([0.01 , 0.11 , 0.055, 0.   ])
    """
    _fits("WarmupAnnealing", max_steps, warmup_steps)
    fall = gp.linear(learning_rate, min_lr, max_steps - warmup_steps)
    return _warmed_up(learning_rate, warmup_steps, fall, max_steps, min_lr)


@library.schedule
def SquareAnnealing(learning_rate: float, max_steps: int, warmup_steps: int = 0, min_lr: float = 1e-5) -> Schedule:
    """Rise in a straight line, then fall along ``(1 - progress) ** 2``, not below ``min_lr``.

    >>> nemo.SquareAnnealing(0.1, 100, 10).gather([10, 55, 100])
    array([1.0e-01, 2.5e-02, 1.0e-05])
    """
    _fits("SquareAnnealing", max_steps, warmup_steps)
    fall = gp.polynomial(learning_rate, 0.0, max_steps - warmup_steps, power=2.0).clamp(low=min_lr)
    return _warmed_up(learning_rate, warmup_steps, fall, max_steps, min_lr)


@library.schedule
def SquareRootAnnealing(learning_rate: float, max_steps: int, warmup_steps: int = 0, min_lr: float = 0.0) -> Schedule:
    """Rise in a straight line, then follow ``sqrt(1 - k / max_steps)``, not below ``min_lr``.

    The curve counts from step 0, so **the rate drops after the warm-up**.

    >>> nemo.SquareRootAnnealing(0.1, 100, 18).gather([18, 19, 100]).round(4)
    array([0.1 , 0.09, 0.  ])
    """
    _fits("SquareRootAnnealing", max_steps, warmup_steps)
    fall = gp.polynomial(learning_rate, 0.0, max_steps, power=0.5).clamp(low=min_lr)
    rest = fall.skip(warmup_steps) if warmup_steps else fall
    return _warmed_up(learning_rate, warmup_steps, rest, max_steps, min_lr)


@library.schedule
def InverseSquareRootAnnealing(
    learning_rate: float, max_steps: int, warmup_steps: int = 0, min_lr: float = 0.0
) -> Schedule:
    """Rise in a straight line, then fall as ``sqrt((warmup_steps + 1) / (k + 1))``, then drop to ``min_lr``.

    >>> nemo.InverseSquareRootAnnealing(0.1, 100, 9).gather([9, 39, 100, 101]).round(4)
    array([0.1   , 0.05  , 0.0315, 0.    ])
    """
    fall = gp.inverse_sqrt(learning_rate, warmup_steps + 1)
    return _warmed_up(learning_rate, warmup_steps, fall, max_steps, min_lr)


@library.schedule
def PolynomialDecayAnnealing(
    learning_rate: float,
    max_steps: int,
    warmup_steps: int = 0,
    min_lr: float = 0.0,
    power: float = 1.0,
    cycle: bool = False,
) -> Schedule:
    """Rise in a straight line, then fall along ``(1 - progress) ** power`` to ``min_lr``.

    ``cycle`` changes nothing: the curve ends where the run does.

    >>> nemo.PolynomialDecayAnnealing(0.1, 100, 10, power=2.0).gather([10, 55, 100])
    array([0.1  , 0.025, 0.   ])
    """
    _fits("PolynomialDecayAnnealing", max_steps, warmup_steps)
    fall = (gp.polynomial_cycle if cycle else gp.polynomial)(learning_rate, min_lr, max_steps - warmup_steps, power)
    return _warmed_up(learning_rate, warmup_steps, fall, max_steps, min_lr)


@library.schedule
def WarmupHoldAnnealOneMinusSquareRoot(
    learning_rate: float, max_steps: int, warmup_steps: int = 0, hold_steps: int | None = None, min_lr: float = 0.0
) -> Schedule:
    """Rise in a straight line, stay for ``hold_steps``, then follow ``1 - sqrt(progress)``, not below ``min_lr``.

    Without ``hold_steps`` the curve counts from step 0, so the rate drops after the warm-up.

    >>> nemo.WarmupHoldAnnealOneMinusSquareRoot(0.1, 100, 10, 50).gather([10, 60, 70, 100])
    array([0.1 , 0.1 , 0.05, 0.  ])
    """
    return _held(
        "WarmupHoldAnnealOneMinusSquareRoot", learning_rate, warmup_steps, hold_steps, max_steps, min_lr,
        lambda steps: gp.power(learning_rate, 0.0, steps, power=0.5).clamp(low=min_lr),
    )  # fmt: skip


@library.schedule
def WarmupHoldAnnealLinear(
    learning_rate: float, max_steps: int, warmup_steps: int = 0, hold_steps: int | None = None, min_lr: float = 0.0
) -> Schedule:
    """Rise in a straight line, stay for ``hold_steps``, then fall in a straight line to ``min_lr``.

    Without ``hold_steps`` the curve counts from step 0, so the rate drops after the warm-up.

    >>> nemo.WarmupHoldAnnealLinear(0.1, 100, 10, 50).gather([10, 60, 80, 100])
    array([0.1 , 0.1 , 0.05, 0.  ])
    """
    return _held(
        "WarmupHoldAnnealLinear", learning_rate, warmup_steps, hold_steps, max_steps, min_lr,
        lambda steps: gp.linear(learning_rate, min_lr, steps),
    )  # fmt: skip


@library.schedule
def NoamHoldAnnealing(
    learning_rate: float,
    max_steps: int,
    warmup_steps: int,
    hold_steps: int | None = None,
    decay_rate: float = 0.5,
    min_lr: float = 0.0,
) -> Schedule:
    """Rise in a straight line, stay, then fall as ``(warmup_steps / (k - hold_steps)) ** decay_rate``.

    >>> nemo.NoamHoldAnnealing(0.1, 100, 10, 20).gather([10, 30, 60]).round(4)
    array([0.1 , 0.1 , 0.05])
    """
    if not warmup_steps:
        rule = "it needs a warm-up: NeMo divides by it"
        raise ValueError(refusal("nemo.NoamHoldAnnealing.warmup_steps", 0, rule, "Pass 1 or more."))
    fall = gp.inverse_power(learning_rate, warmup_steps, decay_rate).clamp(low=min_lr)
    stays = gp.linear(learning_rate, learning_rate, hold_steps).then(fall) if hold_steps else fall
    return _warmed_up(learning_rate, warmup_steps, stays, max_steps, min_lr)


@library.schedule
def NoamAnnealing(learning_rate: float, d_model: int, warmup_steps: int = 0, min_lr: float = 0.0) -> Schedule:
    """Rise in a straight line, then fall as one over the square root of the step for ever, not below ``min_lr``.

    The peak is ``learning_rate / sqrt(d_model * warmup_steps)``. Update 0 has the rate of update 1.

    >>> nemo.NoamAnnealing(1.0, 512, 4_000).gather([0, 1, 4_000]) == gp.noam(512, 4_000).gather([1, 1, 4_000])
    array([ True,  True,  True])
    """
    if not warmup_steps:  # from step 1 on: step 0 has no square root
        falls = gp.inverse_sqrt(learning_rate * d_model**-0.5, 1).clamp(low=min_lr)
        return gp.constant(falls[0]).then(falls, at=1)
    curve = composites.noam(d_model, warmup_steps, learning_rate)
    falls = curve.then(curve.skip(warmup_steps + 1).clamp(low=min_lr), at=warmup_steps + 1) if min_lr else curve
    return gp.constant(curve[1]).then(falls.skip(1), at=1)


def _fits(name: str, max_steps: int, others: int) -> None:
    if max_steps <= others:
        rule = f"it must be more than the other parts of the run, {others}"
        raise ValueError(refusal(f"nemo.{name}.max_steps", max_steps, rule, "Shorten the warm-up."))


def _warmed_up(peak: float, warmup: int, rest: Schedule, max_steps: int, low: float) -> Schedule:
    """Put the warm-up before a curve whose first step is the warm-up's last. After `max_steps` there is the minimum."""
    curve = gp.linear(0.0, peak, warmup + 1).skip(1).then(rest.skip(1), at=warmup + 1) if warmup else rest
    return curve.then(gp.constant(low), at=max_steps + 1)


def _held(  # the arguments of NeMo's policy
    name: str, peak: float, warmup: int, hold: int | None, max_steps: int, low: float, fall: curves.Curve
) -> Schedule:
    """Stay before the fall. Without a number of steps to stay, NeMo counts the fall from step 0."""
    begin = 0 if hold is None else hold + warmup
    _fits(name, max_steps, begin)
    if hold:
        rest = gp.linear(peak, peak, hold).then(fall(max_steps - begin))
    else:
        rest = fall(max_steps - begin).skip(warmup) if hold is None and warmup else fall(max_steps - begin)
    return _warmed_up(peak, warmup, rest, max_steps, low)
