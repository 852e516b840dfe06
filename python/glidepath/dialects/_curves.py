"""What several libraries have in common, made of leaves and combinators."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from glidepath._core import Schedule, constant, cosine, linear, piecewise_constant

__all__ = ["fraction", "in_turn", "line", "stairs", "warmed_up", "waves"]

Time = int | Fraction
Fall = Callable[[float, float, int], Schedule]
"""Makes a curve from one value to another that lasts so many steps."""
Curve = Callable[[int], Schedule]
"""Makes a curve that lasts so many steps."""


def fraction(value: float) -> Fraction:
    """Return the simplest fraction next to a number: 0.3 is 3/10.

    >>> fraction(0.3), fraction(1 / 3)
    (Fraction(3, 10), Fraction(1, 3))
    """
    return Fraction(value).limit_denominator(1_000_000)


def in_turn(*parts: tuple[Curve | Schedule, Time]) -> Schedule:
    """Put parts after one another, each with its length. A part of no steps is left out; the last goes on for ever.

    A length may be a fraction. The next part then begins between two steps:

    >>> from functools import partial
    >>> in_turn((partial(linear, 0.0, 1.0), Fraction(5, 2)), (constant(1.0), 0)).array(4)
    array([0. , 0.4, 0.8, 1. ])
    """
    joined, begin = None, Fraction(0)
    for place, (part, length) in enumerate(parts):
        end, first = begin + length, math.ceil(begin)
        if math.ceil(end) > first or place == len(parts) - 1:
            piece = part if isinstance(part, Schedule) else _from(part, begin, length)
            joined = piece if joined is None else joined.then(piece, at=first)
        begin = end
    assert joined is not None  # noqa: S101 (all callers have a part)
    return joined


def _from(curve: Curve, begin: Fraction, length: Time) -> Schedule:
    """Return a curve that begins between two steps, from the next whole step on."""
    finer = math.lcm(begin.denominator, Fraction(length).denominator)
    schedule = curve(int(length * finer))
    skipped = int((math.ceil(begin) - begin) * finer)
    if skipped:
        schedule = schedule.skip(skipped)
    return schedule if finer == 1 else schedule.stride(finer)


def warmed_up(start: float, peak: float, steps: int, rest: Schedule) -> Schedule:
    """Put a straight line from `start` to `peak` before the rest."""
    return linear(start, peak, steps) >> rest if steps else rest


def line(start: float, end: float, steps: int) -> Schedule:
    """Return a straight line that has no end: after `steps` steps it goes on beyond `end`, for 1,024 times as long.

    >>> line(1.0, 0.0, 2).array(4)
    array([ 1. ,  0.5,  0. , -0.5])
    """
    return (linear(0.0, 1_024.0, steps * 1_024) >> constant(1_024.0)) * (end - start) + start


def waves(top: float, bottom: float, half: Time) -> Schedule:
    """Return a cosine that goes down in `half` steps, up again in as many, and so on for ever.

    >>> waves(1.0, 0.0, Fraction(3, 2)).array(7)
    array([1.  , 0.25, 0.25, 1.  , 0.25, 0.25, 1.  ])
    """
    steps, finer = Fraction(half).as_integer_ratio()
    wave = (cosine(top, bottom, steps) >> cosine(bottom, top, steps)).repeat()
    return wave if finer == 1 else wave.stride(finer)


def stairs(values: Sequence[float], milestones: Sequence[int]) -> Schedule:
    """Return the values, each from its milestone on. At step 0 the milestones up to 0 have passed.

    >>> stairs([1.0, 0.5, 0.25], [0, 3]).array(5)
    array([0.5 , 0.5 , 0.5 , 0.25, 0.25])
    """
    levels = [values[0]]
    later: dict[int, float] = {}
    for milestone, value in zip(milestones, values[1:], strict=True):
        if milestone <= 0:
            levels = [value]
        else:
            later[milestone] = value
    return piecewise_constant([*levels, *later.values()], list(later)) if later else constant(levels[0])
