"""MindSpore's list functions, one value a step, in float64. It needs numpy 1.26."""

from collections.abc import Callable

import numpy as np
from mindspore import nn

STEPS = 200_000
Values = Callable[[], np.ndarray]


def cosine(start: float, end: float, steps: int) -> Values:
    return lambda: np.array(nn.cosine_decay_lr(end, start, steps, 1, steps))


def exponential(start: float, rate: float, steps: int) -> Values:
    return lambda: np.array(nn.exponential_decay_lr(start, rate, steps, 1, 1))
