"""The formulas as numpy users write them, in float64."""

from collections.abc import Callable

import numpy as np

Values = Callable[[], np.ndarray]


def linear(start: float, end: float, steps: int) -> Values:
    return lambda: np.linspace(start, end, steps, endpoint=False)


def cosine(start: float, end: float, steps: int) -> Values:
    return lambda: end + (start - end) * (1 + np.cos(np.pi * np.arange(steps) / steps)) / 2


def exponential(start: float, rate: float, steps: int) -> Values:
    return lambda: start * rate ** np.arange(steps)


def warmup_cosine(peak: float, steps: int, warmup: int) -> Values:
    def values() -> np.ndarray:
        k = np.arange(steps)
        falling = peak * (1 + np.cos(np.pi * (k - warmup) / (steps - warmup))) / 2
        return np.where(k < warmup, peak * k / warmup, falling)

    return values
