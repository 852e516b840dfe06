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


def piecewise_constant_lr(k: int, milestone: list[int], learning_rates: list[float]) -> float:
    i = min(k, milestone[-1] - 1)
    return next(rate for end, rate in zip(milestone, learning_rates, strict=True) if i < end)


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


def natural_exp_decay_lr(
    k: int,
    learning_rate: float,
    decay_rate: float,
    total_step: int,
    step_per_epoch: int,
    decay_epoch: int,
    is_stair: bool = False,
) -> float:
    epoch = math.floor(min(k, total_step - 1) / step_per_epoch)
    return learning_rate * math.e ** (
        -decay_rate * (math.floor(epoch / decay_epoch) * decay_epoch if is_stair else epoch)
    )


def inverse_decay_lr(
    k: int,
    learning_rate: float,
    decay_rate: float,
    total_step: int,
    step_per_epoch: int,
    decay_epoch: int,
    is_stair: bool = False,
) -> float:
    epoch = math.floor(min(k, total_step - 1) / step_per_epoch)
    if is_stair:
        return learning_rate / (1 + decay_rate * math.floor(epoch / decay_epoch))
    return learning_rate / (1 + decay_rate * epoch / decay_epoch)


def cosine_decay_lr(
    k: int, min_lr: float, max_lr: float, total_step: int, step_per_epoch: int, decay_epoch: int
) -> float:
    epoch = min(math.floor(min(k, total_step - 1) / step_per_epoch), decay_epoch)
    return min_lr + 0.5 * (max_lr - min_lr) * (1 + math.cos(math.pi * epoch / decay_epoch))


def polynomial_decay_lr(
    k: int,
    learning_rate: float,
    end_learning_rate: float,
    total_step: int,
    step_per_epoch: int,
    decay_epoch: int,
    power: float,
    update_decay_epoch: bool = False,
) -> float:
    epoch = math.floor(min(k, total_step - 1) / step_per_epoch)
    if update_decay_epoch:
        decay_epoch = decay_epoch * max(math.ceil(epoch / decay_epoch), 1)
    else:
        epoch = min(epoch, decay_epoch)
    return (learning_rate - end_learning_rate) * (1 - epoch / decay_epoch) ** power + end_learning_rate


def warmup_lr(k: int, learning_rate: float, total_step: int, step_per_epoch: int, warmup_epoch: int) -> float:
    epoch = min(math.floor(min(k, total_step - 1) / step_per_epoch), warmup_epoch)
    return learning_rate * epoch / warmup_epoch


LIST_FUNCTIONS = {
    "mindspore.piecewise_constant_lr": piecewise_constant_lr,
    "mindspore.exponential_decay_lr": exponential_decay_lr,
    "mindspore.natural_exp_decay_lr": natural_exp_decay_lr,
    "mindspore.inverse_decay_lr": inverse_decay_lr,
    "mindspore.cosine_decay_lr": cosine_decay_lr,
    "mindspore.polynomial_decay_lr": polynomial_decay_lr,
    "mindspore.warmup_lr": warmup_lr,
}
FORMS: dict[str, Callable[..., float]] = {
    "torch.StepLR": step_lr,
    **LIST_FUNCTIONS,
}
_STEPS: dict[str, Callable[[Parameters], int]] = {
    **dict.fromkeys(LIST_FUNCTIONS, lambda p: p["total_step"]),
    "mindspore.piecewise_constant_lr": lambda p: p["milestone"][-1],
}
