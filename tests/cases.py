"""The table of cases that all suites use: each leaf, combinator and composite, and the steps where it is hard.

A row of `CASES` has a `bench` instance, ten million steps long, for the benchmarks, and a `draw` function that makes
random instances: values from 1e-12 to 1e3, negative ones, zeros, lengths from 1 step to 2**50, dyadic values that make
ties, perfect powers, subnormal results. Both take the module that builds: glidepath, or `expression`, which builds the
description for the oracle.

`steps_of_interest` lists the steps to test: ends, turning points, edges of pieces, tiles and binades.
`random_nested` makes nested expressions. All random draws are seeded. This module needs only numpy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

import expression
from expression import MAX_STEP, Expr, joint

BENCH_STEPS = 10_000_000
PEAK, FLOOR = 3e-4, 3e-5


@dataclass(frozen=True)
class Case:
    """One row: how to build schedules of one kind."""

    name: str
    covers: str
    """The public name that it tests."""
    bench: Callable[[Any, int], Any]
    """`bench(gp, steps)`: the canonical instance."""
    draw: Callable[[Any, Random], Any]
    """`draw(gp, rng)`: a random instance, the same for the same seed."""
    is_composite: bool = False
    """Whether it is a composite, made in Python. `expression` cannot build it, but reads it from its repr."""

    def build(self, gp: Any, steps: int = BENCH_STEPS) -> Any:
        return self.bench(gp, steps)


# Numbers to draw.


def some_value(rng: Random) -> float:
    """A value from 1e-12 to 1e3: a round decimal, a dyadic number or a random one."""
    kind = rng.randrange(8)
    sign = -1.0 if rng.random() < 0.15 else 1.0
    if kind == 0:
        return 0.0
    if kind == 1:
        return sign * 2.0 ** rng.randint(-39, 9)
    if kind == 2:
        return sign * rng.randint(1, 1000) / 2 ** rng.randint(0, 30)
    if kind <= 4:
        return sign * float(f"{rng.randint(1, 99)}e{rng.randint(-12, 1)}")
    return sign * 10 ** rng.uniform(-12, 3)


def some_positive(rng: Random, low: float = 1e-12, high: float = 1e3) -> float:
    if rng.random() < 0.3:
        return 2.0 ** rng.randint(math.ceil(math.log2(low)), math.floor(math.log2(high)))
    return min(high, max(low, math.exp(rng.uniform(math.log(low), math.log(high)))))


def some_length(rng: Random, most: int = 2**50) -> int:
    """A length from 1 to `most`: tiny, round, a power of two or its neighbour, a multiple of 3, or random."""
    kind = rng.randrange(6)
    bits = most.bit_length() - 1
    if kind == 0:
        n = rng.randint(1, 7)
    elif kind == 1:
        n = 2 ** rng.randint(0, bits) + rng.randint(-1, 1)
    elif kind == 2:
        n = rng.choice((1, 2, 3, 5)) * 10 ** rng.randint(1, 9)
    elif kind == 3:
        n = 3 * 2 ** rng.randint(0, max(0, bits - 2))
    else:
        n = int(2 ** rng.uniform(0, bits))
    return max(1, min(most, n))


def some_per(rng: Random, stair: bool) -> float:
    if stair or rng.random() < 0.5:
        return rng.choice((1, 2, 3, 4, 10, 30, 64, 100, 1000, 4096, 30_000, some_length(rng, 2**40)))
    return rng.choice((0.5, 2.5, 0.1, 7.75, some_positive(rng, 1e-3, 1e9)))


def some_rate(rng: Random) -> float:
    """The base of an exponential: below or above 1, a perfect power or not."""
    return rng.choice(
        (
            0.9,
            0.5,
            0.25,
            0.1,
            0.96,
            0.999,
            1 - 1e-9,
            0.125,
            1.0,
            2.0,
            4.0,
            1.1,
            2.25,
            1 + 1e-9,
            some_positive(rng, 1e-3, 10),
        )
    )


def some_span(rng: Random) -> tuple[float, float]:
    """A start and an end, one of them often 0, sometimes equal."""
    start, end = some_value(rng), some_value(rng)
    kind = rng.randrange(8)
    return ((start, 0.0), (0.0, end), (start, start / 10), (start, start))[kind] if kind < 4 else (start, end)


# The leaves.


def draw_constant(gp: Any, rng: Random) -> Any:
    return gp.constant(some_value(rng))


def draw_linear(gp: Any, rng: Random) -> Any:
    return gp.linear(*some_span(rng), some_length(rng))


def draw_cosine(gp: Any, rng: Random) -> Any:
    return gp.cosine(*some_span(rng), some_length(rng))


def draw_power(power: float) -> Callable[[Any, Random], Any]:
    return lambda gp, rng: gp.polynomial(*some_span(rng), some_length(rng), power)


def draw_polynomial(gp: Any, rng: Random) -> Any:
    power = rng.choice((0.5, 0.9, 1.0, 2.0, 3.0, 1.5, 0.25, 4.0, 0.75, rng.uniform(0.05, 6)))
    return gp.polynomial(*some_span(rng), some_length(rng), power)


def draw_power_of_step(gp: Any, rng: Random) -> Any:
    power = rng.choice((0.5, 0.9, 1.0, 2.0, 3.0, 1.5, 0.25, 4.0, 0.75, rng.uniform(0.05, 6)))
    return gp.power(*some_span(rng), some_length(rng), power)


def draw_polynomial_cycle(gp: Any, rng: Random) -> Any:
    power = rng.choice((0.5, 0.9, 1.0, 2.0, 1.5, rng.uniform(0.05, 6)))
    return gp.polynomial_cycle(*some_span(rng), some_length(rng, 2 ** rng.choice((3, 10, 20, 48))), power)


def draw_exponential(gp: Any, rng: Random) -> Any:
    if rng.random() < 0.3:  # perfect powers: rational, and often ties
        base, root = rng.choice((0.5, 0.25, 3.0, 1.5, 0.75)), rng.choice((1, 2, 3, 4))
        return gp.exponential(some_value(rng), base**root, per=root * rng.choice((1, 2, 5, 1000)))
    return gp.exponential(some_value(rng), some_rate(rng), per=some_per(rng, stair=False))


def draw_exponential_stair(gp: Any, rng: Random) -> Any:
    return gp.exponential(some_value(rng), some_rate(rng), per=some_per(rng, stair=True), stair=True)


def draw_natural_exponential(gp: Any, rng: Random) -> Any:
    return gp.natural_exponential(some_value(rng), some_positive(rng, 1e-6, 3), per=some_per(rng, stair=False))


def draw_natural_exponential_stair(gp: Any, rng: Random) -> Any:
    rate = some_positive(rng, 1e-6, 3)
    return gp.natural_exponential(some_value(rng), rate, per=some_per(rng, stair=True), stair=True)


def draw_inverse_time(gp: Any, rng: Random) -> Any:
    return gp.inverse_time(some_value(rng), some_positive(rng, 1e-6, 10), per=some_per(rng, stair=False))


def draw_inverse_time_stair(gp: Any, rng: Random) -> Any:
    rate = some_positive(rng, 1e-6, 10)
    return gp.inverse_time(some_value(rng), rate, per=some_per(rng, stair=True), stair=True)


def draw_inverse_sqrt(gp: Any, rng: Random) -> Any:
    timescale = rng.choice((1, 3, 1000, 4000, 10_000, 0.5, some_length(rng, 2**45), some_positive(rng, 1e-3, 1e9)))
    return gp.inverse_sqrt(some_value(rng), timescale)


def draw_inverse_power(gp: Any, rng: Random) -> Any:
    timescale = rng.choice((1, 3, 1000, 4000, 10_000, 0.5, some_length(rng, 2**45), some_positive(rng, 1e-3, 1e9)))
    return gp.inverse_power(some_value(rng), timescale, rng.choice((0.5, 0.25, 1.0, 1.5, 2.0, rng.uniform(0.05, 6))))


def draw_logarithmic(gp: Any, rng: Random) -> Any:
    if rng.random() < 0.3:  # rational values, where 1 + k is a power of the same base as 1 + steps
        return gp.logarithmic(*some_span(rng), rng.choice((2, 3)) ** rng.randint(1, 20) - 1)
    timescale = rng.choice((1, 1, 1, 10, 0.25, 4096, some_positive(rng, 1e-6, 1e9)))
    return gp.logarithmic(*some_span(rng), some_length(rng), timescale)


def draw_tanh(gp: Any, rng: Random) -> Any:
    lower, upper = rng.choice(
        ((-7, 3), (-3, 7), (-1, 1), (0, 0.5), (2, -2), (rng.uniform(-40, 40), rng.uniform(-40, 40)))
    )
    return gp.tanh(*some_span(rng), some_length(rng), lower, upper)


def draw_rex(gp: Any, rng: Random) -> Any:
    bend = rng.choice((0.5, 0.5, 0.0, 0.9, 0.75, -1.0, -8.0, 1 - 2**-53, 1 - some_positive(rng, 1e-9, 100)))
    return gp.rex(*some_span(rng), some_length(rng), bend)


def draw_k_decay(gp: Any, rng: Random) -> Any:
    power = rng.choice((0.5, 0.9, 1.0, 2.0, 3.0, 1.5, 0.25, 4.0, 0.75, rng.uniform(0.05, 6)))
    return gp.k_decay(*some_span(rng), some_length(rng), power)


def draw_adam_correction(gp: Any, rng: Random) -> Any:
    beta1, beta2 = (
        rng.choice((0.9, 0.95, 0.99, 0.999, 0.5, 0.75, 1e-30, 1 - 2**-30, rng.random() or 0.5)) for _ in "12"
    )
    return gp.adam_correction(beta1, beta2, some_length(rng), rng.random() < 0.5)


def some_milestones(rng: Random, most: int) -> list[int]:
    gap = rng.choice((3, 50, 700, 10**6, 2**40))
    at, milestones = 0, []
    for _ in range(rng.randint(0, most)):
        at += rng.randint(1, gap)
        milestones.append(at)
    return milestones


def draw_piecewise_constant(gp: Any, rng: Random) -> Any:
    milestones = some_milestones(rng, 12)
    return gp.piecewise_constant([some_value(rng) for _ in range(len(milestones) + 1)], milestones)


def draw_table(gp: Any, rng: Random) -> Any:
    return gp.table([some_value(rng) for _ in range(rng.choice((1, 2, 63, 64, 65, 700)))])


def draw_triangle(gp: Any, rng: Random) -> Any:
    up, down = some_length(rng, 2 ** rng.choice((3, 10, 20, 48))), some_length(rng, 2 ** rng.choice((3, 10, 20, 48)))
    return gp.triangle(*some_span(rng), up, down if rng.random() < 0.7 else None)


def draw_triangle_decay(gp: Any, rng: Random) -> Any:
    up, down = some_length(rng, 2 ** rng.choice((3, 10, 20))), some_length(rng, 2 ** rng.choice((3, 10, 20)))
    return gp.triangle(*some_span(rng), up, down, decay=rng.choice((0.5, 0.9, 0.999, some_positive(rng, 1e-3, 1))))


def draw_restarts(gp: Any, rng: Random) -> Any:
    return gp.cosine_restarts(*some_span(rng), some_length(rng, 2 ** rng.choice((3, 10, 20, 48))))


def draw_restarts_mult(gp: Any, rng: Random) -> Any:
    decay = rng.choice((1.0, 0.5, 0.9, some_positive(rng, 1e-3, 1)))
    first = some_length(rng, 2 ** rng.choice((1, 3, 10, 20, 48)))
    return gp.cosine_restarts(*some_span(rng), first, mult=rng.choice((1, 2, 3, 10)), decay=decay)


def draw_step_lr(gp: Any, rng: Random) -> Any:
    gamma = rng.choice((0.1, 0.5, 0.9, 0.95, 1.0, 2.0, some_positive(rng, 1e-3, 0.99)))
    step_size = rng.choice((1, 2, 7, 30, 1000, some_length(rng, 2**40)))
    return gp.replay("torch.StepLR", base_lr=some_positive(rng), step_size=step_size, gamma=gamma)


def some_epochs(rng: Random) -> dict[str, Any]:
    """The lengths of MindSpore's list functions: all ratios of steps, epochs and decay."""
    total_step = some_length(rng, 2 ** rng.choice((3, 12, 40)))
    return {"total_step": total_step, "step_per_epoch": some_length(rng, 2 ** rng.choice((1, 8, 30)))}


def draw_cell(gp: Any, rng: Random) -> Any:
    name = rng.choice(CELLS)
    given = some_cell(name, rng)
    # With it, the value may be NaN from step 2**24 on, for which the oracle has no answer.
    given.pop("update_decay_steps", None)
    return gp.replay(f"mindspore.{name}", **given)


CELLS = (
    "ExponentialDecayLR", "NaturalExpDecayLR", "InverseDecayLR", "CosineDecayLR", "PolynomialDecayLR", "WarmUpLR",
)  # fmt: skip


def some_cell(name: str, rng: Random) -> dict[str, Any]:
    """Arguments of one of MindSpore's schedule classes."""
    steps, rate = some_length(rng, 2 ** rng.choice((3, 12, 20, 30))), rng.choice((0.1, 3e-4, rng.uniform(1e-6, 1.0)))
    if name == "WarmUpLR":
        return {"learning_rate": rng.choice((0.0, rate)), "warmup_steps": steps}
    if name == "CosineDecayLR":
        low = rng.choice((0.0, rate))
        return {"min_lr": low, "max_lr": low + rng.uniform(1e-6, 1.0), "decay_steps": steps}
    if name == "PolynomialDecayLR":
        power = rng.choice((0.5, 0.9, 1.0, 2.0, some_positive(rng, 0.01, 10)))
        rates = {"learning_rate": rate, "end_learning_rate": rng.choice((0.0, rng.uniform(1e-6, 1.0)))}
        return {**rates, "decay_steps": steps, "power": power, "update_decay_steps": rng.random() < 0.5}
    fall = rng.choice((0.9, 0.5, 1e-3, 1.0, 1.05, some_positive(rng, 1e-3, 4)))
    return {"learning_rate": rate, "decay_rate": fall, "decay_steps": steps, "is_stair": rng.random() < 0.5}


def draw_list_function(gp: Any, rng: Random) -> Any:
    form = rng.choice((*DECAYS, "polynomial_decay_lr", "cosine_decay_lr", "warmup_lr", "piecewise_constant_lr"))
    return gp.replay(f"mindspore.{form}", **some_list(form, rng))


DECAYS = ("exponential_decay_lr", "natural_exp_decay_lr", "inverse_decay_lr")


def some_list(form: str, rng: Random) -> dict[str, Any]:
    """Arguments of one of MindSpore's list functions."""
    if form == "piecewise_constant_lr":
        milestone = sorted(some_length(rng, 2 ** rng.choice((3, 12, 40))) for _ in range(rng.randint(1, 8)))
        return {"milestone": milestone, "learning_rates": [some_value(rng) for _ in milestone]}
    epochs, decay_epoch = some_epochs(rng), some_length(rng, 2 ** rng.choice((2, 10)))
    if form == "warmup_lr":
        return {"learning_rate": some_positive(rng), **epochs, "warmup_epoch": decay_epoch}
    if form == "cosine_decay_lr":
        low, high = sorted((rng.choice((0.0, some_positive(rng))), some_positive(rng)))
        return {"min_lr": low, "max_lr": high + low, **epochs, "decay_epoch": decay_epoch}
    if form == "polynomial_decay_lr":
        end = rng.choice((0.0, some_positive(rng)))
        power = rng.choice((0.5, 0.9, 1.0, 2.0, 3.0, some_positive(rng, 1e-3, 10)))
        rest = {"decay_epoch": decay_epoch, "power": power, "update_decay_epoch": rng.random() < 0.5}
        return {"learning_rate": some_positive(rng), "end_learning_rate": end, **epochs, **rest}
    rate = rng.choice((0.9, 0.5, 0.96, 1.0, some_positive(rng, 1e-3, 1)))
    rest = {"decay_epoch": decay_epoch, "is_stair": rng.random() < 0.5}
    return {"learning_rate": some_positive(rng), "decay_rate": rate, **epochs, **rest}


# The combinators, over a few leaves each.


def short_leaf(gp: Any, rng: Random, most: int = 5_000) -> Any:
    """A leaf with an end, at most `most` steps long."""
    n = some_length(rng, most)
    make = rng.choice(("linear", "cosine", "polynomial", "table"))
    if make == "table":
        return gp.table([some_value(rng) for _ in range(min(n, 100))])
    if make == "polynomial":
        return gp.polynomial(*some_span(rng), n, rng.choice((0.5, 0.9, 2.0, 1.5)))
    return getattr(gp, make)(*some_span(rng), n)


def endless_leaf(gp: Any, rng: Random) -> Any:
    """A leaf without an end."""
    draw = rng.choice((
        draw_step_lr, draw_constant, draw_exponential, draw_exponential_stair, draw_natural_exponential,
        draw_inverse_time, draw_inverse_sqrt, draw_inverse_power, draw_piecewise_constant, draw_triangle,
        draw_triangle_decay, draw_restarts, draw_restarts_mult, draw_logarithmic, draw_tanh, draw_rex, draw_k_decay,
    ))  # fmt: skip
    return draw(gp, rng)


def any_leaf(gp: Any, rng: Random) -> Any:
    return short_leaf(gp, rng) if rng.random() < 0.5 else endless_leaf(gp, rng)


def draw_then(gp: Any, rng: Random) -> Any:
    schedule = short_leaf(gp, rng)
    for _ in range(rng.randint(1, 4)):
        schedule = schedule >> short_leaf(gp, rng)
    return schedule if rng.random() < 0.5 else schedule.then(endless_leaf(gp, rng), at=some_length(rng, 10_000))


def draw_delay(gp: Any, rng: Random) -> Any:
    return any_leaf(gp, rng).delay(some_length(rng, 2**40))


def draw_repeat(gp: Any, rng: Random) -> Any:
    return short_leaf(gp, rng).repeat(rng.choice((None, 1, 2, 7, some_length(rng, 2**30))))


def draw_hold(gp: Any, rng: Random) -> Any:
    return any_leaf(gp, rng).hold(some_length(rng, 2**20))


def draw_by_epoch(gp: Any, rng: Random) -> Any:
    leaf = any_leaf(gp, rng)
    return leaf.by_epoch(min(some_length(rng, 2**20), MAX_STEP // max(1, leaf.steps or 1)))


def draw_skip(gp: Any, rng: Random) -> Any:
    return any_leaf(gp, rng).skip(rng.choice((0, 1, some_length(rng, 2**20), some_length(rng, 2**53))))


def draw_stride(gp: Any, rng: Random) -> Any:
    return any_leaf(gp, rng).stride(rng.choice((1, 2, some_length(rng, 2**20), some_length(rng, 2**53))))


def draw_stretch(gp: Any, rng: Random) -> Any:
    over = rng.choice((1, 2, 5, 64, 1_001))
    if rng.random() < 0.5:
        return short_leaf(gp, rng).stretch(rng.choice((1, 2, 3, 7, 1_000)), over)
    # A period that is no integer stays a double if it is doubled.
    return (short_leaf(gp, rng).hold(3) + short_leaf(gp, rng).delay(5)).stretch(rng.choice((1, 2, 64)), over)


def draw_clamp(gp: Any, rng: Random) -> Any:
    low, high = sorted((some_value(rng), some_value(rng)))
    return any_leaf(gp, rng).clamp(*rng.choice(((low, high), (low, None), (None, high))))


def draw_sum(gp: Any, rng: Random) -> Any:
    return rng.choice((
        lambda: any_leaf(gp, rng) + any_leaf(gp, rng),
        lambda: any_leaf(gp, rng) - any_leaf(gp, rng),
        lambda: any_leaf(gp, rng) + some_value(rng),
        lambda: some_value(rng) - any_leaf(gp, rng),
    ))()  # fmt: skip


def draw_product(gp: Any, rng: Random) -> Any:
    return rng.choice((
        lambda: any_leaf(gp, rng) * any_leaf(gp, rng),
        lambda: some_value(rng) * any_leaf(gp, rng),
        lambda: any_leaf(gp, rng) / some_positive(rng),
        lambda: -any_leaf(gp, rng),
    ))()  # fmt: skip


def draw_subnormal(gp: Any, rng: Random) -> Any:
    """A product of small values, with subnormal results."""
    tiny = gp.exponential(some_value(rng), rng.choice((0.5, 0.9, 0.99, 0.25)), per=rng.choice((1, 2, 3)))
    return tiny if rng.random() < 0.3 else tiny * any_leaf(gp, rng)


# The composites.


def draw_parts(rng: Random) -> tuple[int, int]:
    steps = some_length(rng, 2**40)
    return steps, rng.randint(0, steps)


def draw_warmup(name: str) -> Callable[[Any, Random], Any]:
    def draw(gp: Any, rng: Random) -> Any:
        steps, warmup = draw_parts(rng)
        return getattr(gp, name)(some_value(rng), steps, warmup, start=some_value(rng), end=some_value(rng))

    return draw


def draw_wsd(shape: str) -> Callable[[Any, Random], Any]:
    def draw(gp: Any, rng: Random) -> Any:
        steps, warmup = draw_parts(rng)
        decay = rng.randint(0, steps - warmup)
        peak = some_positive(rng)
        end = peak * rng.choice((0.1, 0.01, 1e-3)) if shape == "exponential" else some_value(rng)
        return gp.wsd(peak, steps, warmup, decay, end=end, shape=shape)

    return draw


def draw_one_cycle(gp: Any, rng: Random) -> Any:
    steps, warmup = draw_parts(rng)
    return gp.one_cycle(some_positive(rng), steps, warmup, shape=rng.choice(("cosine", "linear")))


def draw_noam(gp: Any, rng: Random) -> Any:
    return gp.noam(rng.choice((1, 64, 512, 1024, 12_288)), some_length(rng, 2**30), some_positive(rng, 0.01, 10))


# The table.


def _decay_bench(make: str, **rest: Any) -> tuple[Callable[[Any, int], Any], Callable[[Any, int], Any]]:
    """The bench instances of a decay: to a tenth, and to zero."""
    return (
        lambda gp, steps: getattr(gp, make)(PEAK, FLOOR, steps, **rest),
        lambda gp, steps: getattr(gp, make)(PEAK, 0.0, steps, **rest),
    )


def _table() -> dict[str, Case]:  # noqa: PLR0915 (a table of rows)
    rows: list[Case] = []

    def row(name: str, covers: str, bench: Callable[[Any, int], Any], draw: Callable[[Any, Random], Any]) -> None:
        rows.append(Case(name, covers, bench, draw))

    def composite(name: str, covers: str, bench: Callable[[Any, int], Any], draw: Callable[[Any, Random], Any]) -> None:
        rows.append(Case(name, covers, bench, draw, is_composite=True))

    row("constant", "constant", lambda gp, _: gp.constant(PEAK), draw_constant)
    decays: tuple[tuple[str, str, dict[str, Any], Callable[[Any, Random], Any]], ...] = (
        ("linear", "linear", {}, draw_linear),
        ("cosine", "cosine", {}, draw_cosine),
        ("polynomial_0.5", "polynomial", {"power": 0.5}, draw_power(0.5)),
        ("polynomial_0.9", "polynomial", {"power": 0.9}, draw_power(0.9)),
        ("polynomial_1", "polynomial", {"power": 1.0}, draw_power(1.0)),
        ("polynomial_2", "polynomial", {"power": 2.0}, draw_power(2.0)),
    )
    for name, make, rest, draw in decays:
        to_floor, to_zero = _decay_bench(make, **rest)
        row(name, make, to_floor, draw)
        row(f"{name}_to_zero", make, to_zero, draw if make != "polynomial" else draw_polynomial)
    row("power", "power", lambda gp, steps: gp.power(PEAK, FLOOR, steps, 0.5), draw_power_of_step)
    row(
        "polynomial_cycle", "polynomial_cycle",
        lambda gp, steps: gp.polynomial_cycle(PEAK, FLOOR, max(1, steps // 2), 0.9), draw_polynomial_cycle,
    )  # fmt: skip
    row(
        "exponential", "exponential",
        lambda gp, steps: gp.exponential(PEAK, 0.1, per=steps), draw_exponential,
    )  # fmt: skip
    row(
        "exponential_stair", "exponential",
        lambda gp, steps: gp.exponential(PEAK, 0.9, per=max(1, steps // 30), stair=True), draw_exponential_stair,
    )  # fmt: skip
    row(
        "natural_exponential", "natural_exponential",
        lambda gp, steps: gp.natural_exponential(PEAK, 2.5, per=steps), draw_natural_exponential,
    )  # fmt: skip
    row(
        "natural_exponential_stair", "natural_exponential",
        lambda gp, steps: gp.natural_exponential(PEAK, 0.1, per=max(1, steps // 30), stair=True),
        draw_natural_exponential_stair,
    )  # fmt: skip
    row(
        "inverse_time", "inverse_time",
        lambda gp, steps: gp.inverse_time(PEAK, 9.0, per=steps), draw_inverse_time,
    )  # fmt: skip
    row(
        "inverse_time_stair", "inverse_time",
        lambda gp, steps: gp.inverse_time(PEAK, 0.3, per=max(1, steps // 30), stair=True), draw_inverse_time_stair,
    )  # fmt: skip
    row("inverse_sqrt", "inverse_sqrt", lambda gp, _: gp.inverse_sqrt(PEAK, 10_000), draw_inverse_sqrt)
    row("logarithmic", "logarithmic", lambda gp, steps: gp.logarithmic(FLOOR, PEAK, steps), draw_logarithmic)
    row("tanh", "tanh", lambda gp, steps: gp.tanh(PEAK, FLOOR, steps), draw_tanh)
    row("rex", "rex", lambda gp, steps: gp.rex(PEAK, FLOOR, steps), draw_rex)
    row("k_decay", "k_decay", lambda gp, steps: gp.k_decay(PEAK, FLOOR, steps, 1.5), draw_k_decay)
    row(
        "adam_correction",
        "adam_correction",
        lambda gp, steps: gp.adam_correction(0.9, 0.9999, steps),
        draw_adam_correction,
    )
    row("inverse_power", "inverse_power", lambda gp, _: gp.inverse_power(PEAK, 10_000, 0.75), draw_inverse_power)
    row(
        "piecewise_constant", "piecewise_constant",
        lambda gp, steps: gp.piecewise_constant(
            [0.1, 0.01, 0.001, 0.0001], [max(1, steps // 3), max(2, steps * 2 // 3), max(3, steps * 8 // 9)]
        ),
        draw_piecewise_constant,
    )  # fmt: skip
    row(
        "table", "table",
        lambda gp, steps: gp.table(np.linspace(PEAK, FLOOR, min(steps, 1_000_000))), draw_table,
    )  # fmt: skip
    row("triangle", "triangle", lambda gp, _: gp.triangle(FLOOR, PEAK, 2_000, 3_000), draw_triangle)
    row(
        "triangle_decay", "triangle",
        lambda gp, _: gp.triangle(FLOOR, PEAK, 2_000, 3_000, decay=0.999), draw_triangle_decay,
    )  # fmt: skip
    row(
        "cosine_restarts", "cosine_restarts",
        lambda gp, steps: gp.cosine_restarts(PEAK, FLOOR, max(1, steps // 10)), draw_restarts,
    )  # fmt: skip
    row(
        "cosine_restarts_mult", "cosine_restarts",
        lambda gp, steps: gp.cosine_restarts(PEAK, FLOOR, max(1, steps // 1_000), mult=2, decay=0.9),
        draw_restarts_mult,
    )  # fmt: skip

    row(
        "replay_step_lr", "replay",
        lambda gp, steps: gp.replay("torch.StepLR", base_lr=PEAK, step_size=max(1, steps // 30), gamma=0.9),
        draw_step_lr,
    )  # fmt: skip
    row(
        "replay_exponential_decay_lr", "replay",
        lambda gp, steps: gp.replay(
            "mindspore.exponential_decay_lr", learning_rate=PEAK, decay_rate=0.9, total_step=steps,
            step_per_epoch=1_000, decay_epoch=30,
        ),
        draw_list_function,
    )  # fmt: skip
    row(
        "replay_polynomial_decay_lr", "replay",
        lambda gp, steps: gp.replay(
            "mindspore.polynomial_decay_lr", learning_rate=PEAK, end_learning_rate=FLOOR, total_step=steps,
            step_per_epoch=1_000, decay_epoch=max(1, steps // 2_000), power=0.9, update_decay_epoch=True,
        ),
        draw_list_function,
    )  # fmt: skip
    row(
        "replay_exponential_decay_cell", "replay",
        lambda gp, steps: gp.replay(
            "mindspore.ExponentialDecayLR", learning_rate=PEAK, decay_rate=0.9, decay_steps=max(1, steps // 30),
        ),
        draw_cell,
    )  # fmt: skip

    row(
        "then", "then",
        lambda gp, steps: gp.linear(0.0, PEAK, max(1, steps // 100)) >> gp.cosine(PEAK, FLOOR, steps), draw_then,
    )  # fmt: skip
    row("delay", "delay", lambda gp, steps: gp.cosine(PEAK, FLOOR, steps).delay(max(1, steps // 100)), draw_delay)
    row("repeat", "repeat", lambda gp, _: gp.cosine(PEAK, FLOOR, 1_000).repeat(), draw_repeat)
    row("hold", "hold", lambda gp, steps: gp.cosine(PEAK, FLOOR, steps).hold(100), draw_hold)
    row(
        "by_epoch",
        "by_epoch",
        lambda gp, steps: gp.cosine(PEAK, FLOOR, -(-steps // 1_000)).by_epoch(1_000),
        draw_by_epoch,
    )
    row("skip", "skip", lambda gp, steps: gp.cosine(PEAK, FLOOR, 2 * steps).skip(steps), draw_skip)
    row("stride", "stride", lambda gp, steps: gp.cosine(PEAK, FLOOR, 4_194_304 * steps).stride(4_194_304), draw_stride)
    row("stretch", "stretch", lambda gp, steps: gp.cosine(PEAK, FLOOR, 3 * steps).stretch(7, 5), draw_stretch)
    row("clamp", "clamp", lambda gp, steps: gp.cosine(PEAK, 0.0, steps).clamp(FLOOR, PEAK / 2), draw_clamp)
    row("sum", "+", lambda gp, steps: gp.cosine(PEAK, FLOOR, steps) + gp.linear(FLOOR, 0.0, steps), draw_sum)
    row(
        "product", "*",
        lambda gp, steps: gp.cosine(PEAK, FLOOR, steps) * gp.exponential(1.0, 0.5, per=steps), draw_product,
    )  # fmt: skip
    row("subnormal", "*", lambda gp, steps: gp.exponential(1.0, 2.0**-1070, per=steps), draw_subnormal)

    for name in ("warmup_cosine", "warmup_linear"):
        composite(
            name, name,
            lambda gp, steps, name=name: getattr(gp, name)(PEAK, steps, steps // 100, end=FLOOR), draw_warmup(name),
        )  # fmt: skip
    for shape in ("linear", "cosine", "sqrt", "exponential"):
        composite(
            f"wsd_{shape}", "wsd",
            lambda gp, steps, shape=shape: gp.wsd(PEAK, steps, steps // 100, steps // 5, end=FLOOR, shape=shape),
            draw_wsd(shape),
        )  # fmt: skip
    composite("one_cycle", "one_cycle", lambda gp, steps: gp.one_cycle(PEAK, steps), draw_one_cycle)
    composite("noam", "noam", lambda gp, _: gp.noam(512, 4_000), draw_noam)
    return {case.name: case for case in rows}


CASES: dict[str, Case] = _table()
STEPWISE = {"replay_exponential_decay_cell"}
"""Replays that compute a power at every step, as their framework does. They have no bar."""
LEAVES = [case for case in CASES.values() if case.name not in STEPWISE and hasattr(expression, case.covers)]
DESCRIBED = [case for case in CASES.values() if not case.is_composite]
"""The rows that `expression` can build too."""


# Random expressions.


def random_nested(rng: Random, depth: int = 3) -> Expr:
    """An expression of any kind, its length and those of its parts below 2**53."""
    while True:
        expr = _nested(rng, depth)
        if _fits(expr):
            return expr


def _fits(expr: Expr) -> bool:
    return (expr.steps is None or expr.steps <= MAX_STEP) and all(map(_fits, expr.parts))


_AT_ANOTHER_STEP: dict[str, Callable[[Expr, Random], Expr]] = {
    "delay": lambda part, rng: part.delay(some_length(rng, 10_000)),
    "hold": lambda part, rng: part.hold(rng.choice((1, 2, 10, 64, 1000))),
    "by_epoch": lambda part, rng: part.by_epoch(rng.choice((1, 3, 10, 64, 500))),
    "skip": lambda part, rng: part.skip(rng.choice((0, 1, 7, 1_000, some_length(rng, 20_000)))),
    "stride": lambda part, rng: part.stride(rng.choice((1, 2, 3, 64, some_length(rng, 20_000)))),
}


def _nested(rng: Random, depth: int) -> Expr:
    if depth == 0:
        return any_leaf(expression, rng)
    part = _nested(rng, depth - 1)
    kind = rng.choice(("then", "then", "delay", "repeat", "hold", "by_epoch", "skip", "stride", "clamp",
                       "sum", "difference", "product", "scale", "shift", "divide", "negate"))  # fmt: skip
    if kind == "then":
        at = part.steps if part.steps and rng.random() < 0.6 else some_length(rng, 20_000)
        return part.then(_nested(rng, depth - 1), at=at)
    if kind in _AT_ANOTHER_STEP:
        return _AT_ANOTHER_STEP[kind](part, rng)
    if kind == "repeat":
        return part.repeat(rng.choice((None, 1, 3, 50))) if part.steps else part
    if kind == "clamp":
        low, high = sorted((some_value(rng), some_value(rng)))
        return part.clamp(*rng.choice(((low, high), (low, None), (None, high))))
    if kind == "sum":
        return part + _nested(rng, depth - 1)
    if kind == "difference":
        return part - _nested(rng, depth - 1)
    if kind == "product":
        return part * _nested(rng, depth - 1)
    if kind == "scale":
        return some_value(rng) * part
    if kind == "shift":
        return part + some_value(rng)
    return part / some_positive(rng) if kind == "divide" else -part


# Where to look.


def edges(expr: Expr) -> set[int]:
    """The steps where a formula starts, ends, turns or goes out of range. If there are many, a few of each."""
    p = expr.params
    if expr.kind in _EDGES:
        found = _EDGES[expr.kind](p)
    elif expr.kind == "then":
        at = joint(expr)
        found = {k for k in edges(expr.parts[0]) if k < at} | {at + k for k in edges(expr.parts[1])} | {at}
    elif expr.kind == "delay":
        found = {p["n"] + k for k in edges(expr.parts[0])} | {p["n"]}
    elif expr.kind == "repeat":
        steps = expr.parts[0].steps or 1
        cycles = (0, 1, 2, 1_000) if p["times"] is None else (0, 1, p["times"] - 1, p["times"])
        found = {cycle * steps + k for cycle in cycles for k in edges(expr.parts[0]) | {0} if k <= steps}
    elif expr.kind == "hold":
        found = {k // p["every"] * p["every"] for k in edges(expr.parts[0])} | {p["every"]}
    elif expr.kind == "by_epoch":
        found = {k * p["steps_per_epoch"] for k in edges(expr.parts[0]) | {1}}
    elif expr.kind == "skip":
        found = {k - p["n"] for k in edges(expr.parts[0])} | {0, MAX_STEP - p["n"]}
    elif expr.kind == "stretch":
        found = {k * p["by"] // p["over"] + i for k in edges(expr.parts[0]) for i in (-1, 0, 1)}
    elif expr.kind == "stride":
        found = {k // p["n"] + i for k in edges(expr.parts[0]) for i in (0, 1)} | {MAX_STEP // p["n"]}
    else:
        found = set().union(*(edges(part) for part in expr.parts))
    inside = sorted(k for k in found if 0 <= k <= MAX_STEP)
    return set(inside if len(inside) <= 60 else inside[:20] + inside[20 :: len(inside) // 40])


def _span_edges(p: dict[str, Any]) -> set[int]:
    n = p["steps"]
    return {0, n, n // 2, n // 3, 2 * n // 3, n // 4, n - n // 4, n // 6, max(0, n - 64), max(0, n - 512)}


def _decay_edges(p: dict[str, Any], log_rate: float) -> set[int]:
    """The steps where an exponential becomes subnormal, 0 or infinite, in float64 and in float32."""
    per = p["per"]
    found = {0, int(per), 2 * int(per), 10 * int(per)}
    if p["start"] and log_rate:
        start = math.log2(abs(p["start"]))
        found |= {int((exponent - start) / log_rate * per) for exponent in (-126, -149, -1022, -1075, 128, 1024)}
    return found


def _cycle_edges(p: dict[str, Any]) -> set[int]:
    period = p["up"] + (p["up"] if p["down"] is None else p["down"])
    return {cycle * period + k for cycle in (0, 1, 2, 9, 1_000) for k in (0, p["up"])}


def _restart_edges(p: dict[str, Any]) -> set[int]:
    found, at, length = {0}, 0, p["first"]
    for _ in range(8):
        at, length = at + length, length * p["mult"]
        found |= {at, at + length // 2, at + length // 3}
    return found


def _replay_edges(p: dict[str, Any]) -> set[int]:
    """The end, and the first steps of epochs and of decays, as far as they are parameters."""
    lengths = {n for n in p.values() if isinstance(n, int) and not isinstance(n, bool)} | set(p.get("milestone", ()))
    return {0} | lengths | {2 * n for n in lengths} | {a * b for a in lengths for b in lengths}


_EDGES: dict[str, Callable[[dict[str, Any]], set[int]]] = {
    "number": lambda p: set(),
    "constant": lambda p: {0},
    "linear": _span_edges,
    "cosine": _span_edges,
    "polynomial": _span_edges,
    "power": _span_edges,
    "logarithmic": lambda p: {3**m - 1 for m in range(9)} | _span_edges(p),
    "tanh": lambda p: {int(p["steps"] * p["lower"] / ((p["lower"] - p["upper"]) or 1.0))} | _span_edges(p),
    "rex": _span_edges,
    "k_decay": _span_edges,
    "adam_correction": lambda p: {0, 1, p["steps"] - 1, p["steps"]},
    "polynomial_cycle": lambda p: {m * p["steps"] + d for m in (0, 1, 2, 3, 9, 1_000) for d in (0, 1)} | _span_edges(p),
    "exponential": lambda p: _decay_edges(p, math.log2(p["rate"])),
    "natural_exponential": lambda p: _decay_edges(p, -p["rate"] / math.log(2)),
    "inverse_time": lambda p: {0, int(p["per"]), 2 * int(p["per"]), 1_000 * int(p["per"])},
    "inverse_sqrt": lambda p: {0} | {int(p["timescale"] * (m * m - 1)) for m in (1.5, 2, 3, 10, 1_000)},
    "inverse_power": lambda p: {0} | {int(p["timescale"] * (m * m - 1)) for m in (1.5, 2, 3, 10, 1_000)},
    "piecewise_constant": lambda p: {0, *p["milestones"]},
    "table": lambda p: {0, len(p["values"])},
    "triangle": _cycle_edges,
    "cosine_restarts": _restart_edges,
    "replay": lambda p: _replay_edges(p["parameters"]),
}


def steps_of_interest(expr: Expr, rng: Random, count: int = 100) -> list[int]:
    """At most `count` steps, sorted: edges and their neighbours, tiles, powers of two, and random ones."""
    cuts = sorted(edges(expr))
    reach = min(MAX_STEP, 2 * max(cuts[-1] if cuts else 0, 1_000))
    near = {0, 1, MAX_STEP, MAX_STEP - 1} | {cut + d for cut in cuts for d in (-2, -1, 0, 1, 2)}
    for size in (64, 512):
        tiles = size * rng.randint(1, max(1, min(reach, 2**20) // size))
        near |= {rng.choice(cuts or [0]) + tiles + d for d in (-1, 0, 1)} | {tiles + d for d in (-1, 0, 1)}
    power = 2 ** rng.randint(0, 53)
    near |= {power - 1, power, power + 1}
    near = {k for k in near if 0 <= k <= MAX_STEP}
    if len(near) > count * 3 // 4:
        near = set(rng.sample(sorted(near), count * 3 // 4))
    while len(near) < count:
        near |= {rng.randint(0, reach), min(MAX_STEP, int(2 ** rng.uniform(0, 53)))}
        near |= {rng.randint(0, reach) for _ in range(count - len(near))}
        if reach < count:
            break
    return sorted(near)


def windows(expr: Expr, rng: Random, count: int = 3) -> list[tuple[int, int]]:
    """`count` runs of 1,000 to 5,000 steps as `(start, n)`, each across an edge of a piece if there is one."""
    cuts = sorted(edges(expr)) or [0]
    runs = []
    for _ in range(count):
        n = rng.randint(1_000, 5_000)
        runs.append((min(max(0, rng.choice(cuts) - rng.randint(0, n)), MAX_STEP + 1 - n), n))
    return runs
