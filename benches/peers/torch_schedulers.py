"""PyTorch's schedulers, stepped in a loop as a training does, in float64."""

from collections.abc import Callable

import numpy as np
import torch
from torch.optim import lr_scheduler

STEPS = 20_000
Values = Callable[[], np.ndarray]


def _stepped(rate: float, make: Callable, steps: int) -> Values:
    def values() -> np.ndarray:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
        scheduler = make(optimizer)
        found = np.empty(steps)
        for k in range(steps):
            found[k] = optimizer.param_groups[0]["lr"]
            optimizer.step()
            scheduler.step()
        return found

    return values


def linear(start: float, end: float, steps: int) -> Values:
    return _stepped(start, lambda to: lr_scheduler.LinearLR(to, 1.0, end / start, steps), steps)


def cosine(start: float, end: float, steps: int) -> Values:
    return _stepped(start, lambda to: lr_scheduler.CosineAnnealingLR(to, steps, end), steps)


def exponential(start: float, rate: float, steps: int) -> Values:
    return _stepped(start, lambda to: lr_scheduler.ExponentialLR(to, rate), steps)
