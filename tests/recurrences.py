"""What the frameworks compute, as their sources do: a naive twin of every replay, on Python's own floats.

`value(form, parameters, k)` is the learning rate at step k, `steps(form, parameters)` how long it lasts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

Parameters = dict[str, Any]


def value(form: str, parameters: Parameters, k: int) -> float:
    """The value at one step."""
    return FORMS[form](k, **parameters)


def steps(form: str, parameters: Parameters) -> int | None:
    """How many steps before it ends, or None."""
    return _STEPS[form](parameters) if form in _STEPS else None


# torch.optim.lr_scheduler


def step_lr(k: int, base_lr: float, step_size: int, gamma: float = 0.1) -> float:
    return _nth(_products(base_lr, gamma), k // step_size)


def _products(lr: float, gamma: float) -> Iterator[float]:
    while True:
        yield lr
        lr = lr * gamma


def _nth(states: Iterator[float], n: int) -> float:
    """The n-th state, or the first that comes twice in a row: after that nothing changes."""
    before = None
    for i, state in enumerate(states):
        if i == n or state == before:
            return state
        before = state
    raise AssertionError("a recurrence goes on for ever")


# mindspore.nn.dynamic_lr


def exponential_decay_lr(
    k: int,
    learning_rate: float,
    decay_rate: float,
    total_step: int,
    step_per_epoch: int,
    decay_epoch: int,
    is_stair: bool = False,
) -> float:
    i = min(k, total_step - 1)
    if is_stair:
        return learning_rate * decay_rate ** math.floor(math.floor(i / step_per_epoch) / decay_epoch)
    return learning_rate * decay_rate ** (math.floor(i / step_per_epoch) / decay_epoch)


FORMS: dict[str, Callable[..., float]] = {
    "torch.StepLR": step_lr,
    "mindspore.exponential_decay_lr": exponential_decay_lr,
}
_STEPS: dict[str, Callable[[Parameters], int]] = {
    "mindspore.exponential_decay_lr": lambda p: p["total_step"],
}
