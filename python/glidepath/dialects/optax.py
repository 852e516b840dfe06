"""optax's schedules, with the arguments of its functions.

Followed: optax 0.2.8. A step is the count of updates made so far. optax computes in float32 (JAX's default), and its
values depend on whether JAX compiles the schedule: by up to 8 float32 numbers. Ours are the exact values, rounded
once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import accumulate
from operator import mul
from typing import Any, Literal

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library, number, some, whole

library = Library("optax", "optax 0.2.8", peak="peak_value", warmup="warmup_steps")

MOST_FACTORS = 64


@library.named(peak="value")
def constant_schedule(value: float) -> Schedule:
    """Stay at the value.

    >>> optax.constant_schedule(0.1)
    gp.constant(0.1)
    """
    return gp.constant(value)


@library.named(peak="init_value", steps="transition_steps")
def polynomial_schedule(
    init_value: float, end_value: float, power: float, transition_steps: int, transition_begin: int = 0
) -> Schedule:
    """Go from ``init_value`` to ``end_value`` along ``(1 - progress) ** power``, beginning at ``transition_begin``.

    With 0 ``transition_steps`` it stays at ``init_value``.

    >>> optax.polynomial_schedule(0.1, 0.0, 2.0, 1_000, transition_begin=100)
    gp.polynomial(0.1, 0.0, 1000, power=2.0).delay(100)
    """
    if not transition_steps:
        return gp.constant(init_value)
    return _delayed(gp.polynomial(init_value, end_value, transition_steps, power), transition_begin)


@library.named(peak="init_value", steps="transition_steps")
def linear_schedule(init_value: float, end_value: float, transition_steps: int, transition_begin: int = 0) -> Schedule:
    """Go from ``init_value`` to ``end_value`` in a straight line, beginning at ``transition_begin``.

    >>> optax.linear_schedule(0.1, 0.0, 1_000)
    gp.linear(0.1, 0.0, 1000)
    """
    if not transition_steps:
        return gp.constant(init_value)
    return _delayed(gp.linear(init_value, end_value, transition_steps), transition_begin)


@library.named(peak="init_value")
def piecewise_constant_schedule(
    init_value: float, boundaries_and_scales: Mapping[int, float] | None = None
) -> Schedule:
    """Multiply by each scale from its boundary on.

    >>> optax.piecewise_constant_schedule(1.0, {100: 0.5, 200: 0.5}).gather([99, 100, 200])
    array([1.  , 0.5 , 0.25])
    """
    boundaries, values = _cumulative("piecewise_constant_schedule", init_value, boundaries_and_scales)
    return curves.stairs(values, boundaries)


@library.named(peak="init_value")
def exponential_decay(
    init_value: float,
    transition_steps: float,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Schedule:
    """Multiply by ``decay_rate`` every ``transition_steps``, smoothly or in stairs, as far as ``end_value``.

    It stays at ``init_value`` if ``transition_steps`` or ``decay_rate`` is 0. ``end_value`` is the least value if the
    rate is below 1, and the greatest otherwise.

    >>> optax.exponential_decay(0.1, 1_000, 0.5, end_value=0.01)
    gp.exponential(0.1, 0.5, per=1000.0).clamp(low=0.01)
    """
    if transition_steps <= 0.0 or decay_rate == 0.0:
        return gp.constant(init_value)
    decay = _delayed(gp.exponential(init_value, decay_rate, transition_steps, stair=staircase), transition_begin)
    if end_value is None:
        return decay
    return decay.clamp(low=end_value) if decay_rate < 1.0 else decay.clamp(high=end_value)


@library.named(peak="init_value", steps="decay_steps")
def cosine_decay_schedule(init_value: float, decay_steps: int, alpha: float = 0.0, exponent: float = 1.0) -> Schedule:
    """Follow half a cosine, to the power ``exponent``, from ``init_value`` to ``alpha`` times it.

    The exponent must be whole here, because glidepath makes a product of it.

    >>> optax.cosine_decay_schedule(0.1, 1_000, alpha=0.1)
    gp.cosine(0.1, 0.010000000000000002, 1000)
    """
    if exponent == 1.0:
        return gp.cosine(init_value, alpha * init_value, decay_steps)
    if exponent != int(exponent) or not 1 <= exponent <= MOST_FACTORS:
        rule = f"it must be a whole number from 1 to {MOST_FACTORS}: glidepath makes a product of it"
        way_out = "Tabulate optax's values: `gp.table([...])`."
        raise ValueError(refusal("optax.cosine_decay_schedule.exponent", exponent, rule, way_out))
    power = reduce(mul, [gp.cosine(1.0, 0.0, decay_steps)] * int(exponent))
    return init_value * (1.0 - alpha) * power + init_value * alpha


@library.named(peak="init_value")
def piecewise_interpolate_schedule(
    interpolate_type: Literal["linear", "cosine"],
    init_value: float,
    boundaries_and_scales: Mapping[int, float] | None = None,
) -> Schedule:
    """Go from each value to the next in straight lines or halves of a cosine; the scales are multiplied up.

    >>> optax.piecewise_interpolate_schedule("linear", 1.0, {4: 0.1, 8: 0.01})
    gp.linear(1.0, 0.1, 4).then(gp.linear(0.1, 0.001, 4))
    """
    boundaries, values = _cumulative("piecewise_interpolate_schedule", init_value, boundaries_and_scales)
    way = gp.linear if interpolate_type == "linear" else gp.cosine
    joined = gp.constant(values[-1])
    for begin, end, start, to in reversed(list(zip([0, *boundaries], boundaries, values, values[1:], strict=False))):
        if end > begin:
            leg = way(start, to, end - begin)
            joined = leg if end == boundaries[-1] else leg.then(joined)
    return joined


@library.named(steps="transition_steps")
def linear_onecycle_schedule(
    transition_steps: int,
    peak_value: float,
    pct_start: float = 0.3,
    pct_final: float = 0.85,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Schedule:
    """Rise to the peak, fall to the start, then to 1 / ``final_div_factor`` of the start, in straight lines.

    The joints are at ``int(pct_start * transition_steps)`` and ``int(pct_final * transition_steps)``. The last value is
    ``peak_value / div_factor / final_div_factor``; optax's page also gives another formula.

    >>> optax.linear_onecycle_schedule(1_000, 0.1).gather([0, 300, 850, 1_000])
    array([4.e-03, 1.e-01, 4.e-03, 4.e-07])
    """
    joints = {int(pct_start * transition_steps): div_factor, int(pct_final * transition_steps): 1.0 / div_factor}
    joints[transition_steps] = 1.0 / final_div_factor
    return piecewise_interpolate_schedule("linear", peak_value / div_factor, joints)


@library.named(steps="transition_steps")
def cosine_onecycle_schedule(
    transition_steps: int,
    peak_value: float,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Schedule:
    """Rise to the peak and fall far below the start, each in half a cosine. The joint is rounded down.

    >>> optax.cosine_onecycle_schedule(1_000, 0.1).gather([0, 300, 1_000])
    array([4.e-03, 1.e-01, 4.e-07])
    """
    joints = {int(pct_start * transition_steps): div_factor}
    joints[transition_steps] = 1.0 / (div_factor * final_div_factor)
    return piecewise_interpolate_schedule("cosine", peak_value / div_factor, joints)


@library.schedule
def warmup_constant_schedule(init_value: float, peak_value: float, warmup_steps: int) -> Schedule:
    """Go from ``init_value`` to ``peak_value`` in a straight line, and stay.

    Without ``warmup_steps`` it stays at ``init_value``, as :func:`linear_schedule` does.

    >>> optax.warmup_constant_schedule(0.0, 0.1, 100)
    gp.linear(0.0, 0.1, 100).then(gp.constant(0.1))
    >>> optax.warmup_constant_schedule(0.01, 0.1, 0)
    gp.constant(0.01)
    """
    if not warmup_steps:
        return gp.constant(init_value)
    return curves.warmed_up(init_value, peak_value, warmup_steps, gp.constant(peak_value))


@library.named(steps="decay_steps")
def warmup_cosine_decay_schedule(
    init_value: float,
    peak_value: float,
    warmup_steps: int,
    decay_steps: int,
    end_value: float = 0.0,
    exponent: float = 1.0,
) -> Schedule:
    """Rise to ``peak_value``, then follow half a cosine to ``end_value`` at ``decay_steps``, which includes the
    warm-up.

    >>> optax.warmup_cosine_decay_schedule(0.0, 0.1, 100, 1_000)
    gp.linear(0.0, 0.1, 100).then(gp.cosine(0.1, 0.0, 900))
    """
    if not decay_steps > warmup_steps:
        rule = f"it must be more than `warmup_steps`, {warmup_steps}: it includes the warm-up"
        raise ValueError(
            refusal(
                "optax.warmup_cosine_decay_schedule.decay_steps", decay_steps, rule, "Raise it, or warm up shorter."
            )
        )
    steps = decay_steps - warmup_steps
    if exponent == 1.0:
        fall = gp.cosine(peak_value, end_value, steps)
    else:
        fall = cosine_decay_schedule(peak_value, steps, end_value / peak_value if peak_value else 0.0, exponent)
    return curves.warmed_up(init_value, peak_value, warmup_steps, fall)


@library.schedule
def warmup_exponential_decay_schedule(
    init_value: float,
    peak_value: float,
    warmup_steps: int,
    transition_steps: float,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Schedule:
    """Rise to ``peak_value``, then :func:`exponential_decay`, whose steps do not include the warm-up.

    >>> optax.warmup_exponential_decay_schedule(0.0, 0.1, 100, 1_000, 0.5)
    gp.linear(0.0, 0.1, 100).then(gp.exponential(0.1, 0.5, per=1000.0))
    """
    decay = exponential_decay(peak_value, transition_steps, decay_rate, transition_begin, staircase, end_value)
    return curves.warmed_up(init_value, peak_value, warmup_steps, decay)


for _make in (warmup_constant_schedule, warmup_cosine_decay_schedule, warmup_exponential_decay_schedule):
    library.preset(_make.__name__, _make, init_value=0.0)


@library.schedule
def sgdr_schedule(cosine_kwargs: Sequence[Mapping[str, Any]]) -> Schedule:
    """Join :func:`warmup_cosine_decay_schedule` of each of the arguments, each after the ``decay_steps`` of the last.

    >>> cycle = {"init_value": 0.0, "peak_value": 0.1, "warmup_steps": 10, "decay_steps": 100}
    >>> optax.sgdr_schedule([cycle, {**cycle, "decay_steps": 200}]).gather([10, 100, 110, 300])
    array([0.1, 0. , 0.1, 0. ])
    """
    some("optax.sgdr_schedule.cosine_kwargs", cosine_kwargs)
    cycles = list(cosine_kwargs)
    joints = list(accumulate(whole("optax.sgdr_schedule.decay_steps", cycle.get("decay_steps")) for cycle in cycles))
    return join_schedules([warmup_cosine_decay_schedule(**cycle) for cycle in cycles], joints[:-1])


@library.schedule
def join_schedules(schedules: Sequence[Schedule], boundaries: Sequence[int]) -> Schedule:
    """Use each schedule from its boundary on, counted from there.

    >>> optax.join_schedules([optax.constant_schedule(0.1), optax.linear_schedule(0.1, 0.0, 50)], [100])
    gp.constant(0.1).then(gp.linear(0.1, 0.0, 50), at=100)
    """
    if len(schedules) != len(boundaries) + 1:
        rule = f"it needs one more than the {len(boundaries)} boundaries"
        got = f"{len(schedules)} schedules"
        raise ValueError(refusal("optax.join_schedules.schedules", got, rule, "Add the schedule before the first."))
    joined = schedules[0]
    for schedule, at in zip(schedules[1:], boundaries, strict=True):
        joined = joined.then(schedule, at=at) if at else schedule
    return joined


reduce_on_plateau = library.refused(
    "reduce_on_plateau",
    "a transformation that follows a metric",
    "Use `optax.contrib.reduce_on_plateau(...)` in optax itself.",
)


def _delayed(schedule: Schedule, steps: int) -> Schedule:
    return schedule.delay(steps) if steps else schedule


def _cumulative(name: str, first: float, scales: Mapping[int, float] | None) -> tuple[list[int], list[float]]:
    """Return the boundaries in order, and the values before, between and after them."""
    place = f"optax.{name}.boundaries_and_scales"
    known = {whole(place, boundary): number(place, scale) for boundary, scale in (scales or {}).items()}
    if any(scale < 0.0 for scale in known.values()):
        raise ValueError(refusal(place, known, "a scale must be 0 or more", "Remove the minus sign."))
    boundaries = sorted(known)
    return boundaries, list(accumulate((known[boundary] for boundary in boundaries), mul, initial=first))
