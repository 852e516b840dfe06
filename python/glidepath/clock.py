"""Schedules of tokens or samples, asked step by step while the batch may grow."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from typing import SupportsIndex

from glidepath._arguments import LAST_STEP, as_int, refusal
from glidepath._core import Schedule, _shown

__all__ = ["Clock"]


class Clock:
    """How many tokens (or samples) a run has seen at each step, and the reverse. Exact, in integers.

    ::

        tokens(k) = per_step[0] + per_step[1] + ... + per_step[k - 1]

    Args:
        per_step: the tokens of each step: an int, or a schedule of ints: ``piecewise_constant`` for a batch that grows
            at known steps, or a ``table``, whose last value holds.

    Raises:
        TypeError, ValueError: ``per_step`` is neither; it has a value that is not a whole number from 1 to 2**53; or
            more than 2**53 tokens are seen before its last change.

    >>> import glidepath as gp
    >>> clock = gp.Clock(gp.piecewise_constant([1_000, 4_000], [100]))
    >>> clock.tokens(100), clock.tokens(101)
    (100000, 104000)
    >>> clock.step(104_000)
    101
    """

    __slots__ = ("_per_step", "_rates", "_steps", "_tokens")

    def __init__(self, per_step: SupportsIndex | Schedule) -> None:
        self._per_step = per_step
        self._steps, self._rates = _changes(per_step)
        self._tokens = [0]
        for i, rate in enumerate(self._rates[:-1]):
            self._tokens.append(self._tokens[i] + rate * (self._steps[i + 1] - self._steps[i]))
        if self._tokens[-1] > LAST_STEP:
            got = f"{self._tokens[-1]} tokens before step {self._steps[-1]}"
            raise ValueError(refusal("clock.per_step", got, "there may be at most 2**53", "Count in larger units."))

    def __repr__(self) -> str:
        return f"Clock({self._per_step!r})"

    def tokens(self, step: SupportsIndex) -> int:
        """Return how many tokens are seen before a step."""
        k = _whole("clock.step", step)
        i = bisect_right(self._steps, k) - 1
        return self._tokens[i] + (k - self._steps[i]) * self._rates[i]

    def step(self, tokens: SupportsIndex) -> int:
        """Return the first step before which so many tokens are seen."""
        count = _whole("clock.tokens", tokens)
        i = max(bisect_left(self._tokens, count) - 1, 0)
        return self._steps[i] + -(-(count - self._tokens[i]) // self._rates[i])

    def of(self, schedule: Schedule) -> Schedule:
        """Return a schedule of tokens as a schedule of steps: at step k it has the value at ``tokens(k)``."""
        rests = [schedule, *(schedule.skip(tokens) for tokens in self._tokens[1:])]
        parts = [rest.stride(rate) if rate > 1 else rest for rest, rate in zip(rests, self._rates, strict=True)]
        whole = parts[0]
        for part, start in zip(parts[1:], self._steps[1:], strict=True):
            whole = whole.then(part, at=start)
        return whole


def _changes(per_step: object) -> tuple[list[int], list[int]]:
    """Return the steps at which the tokens of a step change, from 0 on, and what they are from there."""
    rule = "it must be an int, or a schedule of ints: a constant, piecewise_constant or table"
    if not isinstance(per_step, Schedule):
        if as_int(per_step) is None:
            raise TypeError(refusal("clock.per_step", _shown(per_step), rule, "Give the tokens of one step."))
        return [0], [_rate("clock.per_step", per_step)]
    part = json.loads(per_step.to_json())["schedule"]
    if part["kind"] == "constant":
        values, starts = [part["value"]], [0]
    elif part["kind"] == "piecewise_constant":
        values, starts = part["values"], [0, *part["milestones"]]
    elif part["kind"] == "table":
        values, starts = part["values"], list(range(len(part["values"])))
    else:
        way_out = "Write the batch ramp as `gp.piecewise_constant(values, milestones)`."
        raise ValueError(refusal("clock.per_step", f"a `{part['kind']}`", rule, way_out))
    return starts, [_rate(f"clock.per_step.values[{i}]", value) for i, value in enumerate(values)]


def _rate(place: str, value: object) -> int:
    """Check the tokens of one step."""
    whole = int(value) if isinstance(value, float) and value.is_integer() else as_int(value)
    if whole is None or not 1 <= whole <= LAST_STEP:
        raise ValueError(refusal(place, _shown(value), "it must be a whole number from 1 to 2**53"))
    return whole


def _whole(place: str, value: object) -> int:
    whole = as_int(value)
    if whole is None:
        raise TypeError(refusal(place, _shown(value), "it must be a whole number", "Convert it with `int()`."))
    if whole < 0:
        raise ValueError(refusal(place, whole, "it must be 0 or above", "Count from 0."))
    return whole
