"""What the frameworks compute, as their sources do: a naive twin of every replay, on Python's own floats.

`value(form, parameters, k)` is the learning rate at step k, `steps(form, parameters)` how long it lasts.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

F = np.float32
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
# mindspore.nn.learning_rate_schedule: float32, operation by operation; sin and pow rounded from float64.


def _single_pow(x: Any, y: Any) -> Any:
    try:
        return F(math.pow(float(x), float(y)))
    except OverflowError:
        return F(math.inf)
    except ValueError:
        return F(math.nan)


def _quietly(formula: Callable[..., Any]) -> Callable[..., float]:
    @functools.wraps(formula)
    def value(*args: Any, **kwargs: Any) -> float:
        with np.errstate(all="ignore"):
            return float(formula(*args, **kwargs))

    return value


@_quietly
def exponential_decay(k: int, learning_rate: float, decay_rate: float, decay_steps: int, is_stair: bool = False) -> Any:
    p = F(k) / F(decay_steps)
    return F(learning_rate) * _single_pow(F(decay_rate), np.floor(p) if is_stair else p)


@_quietly
def natural_exp_decay(k: int, learning_rate: float, decay_rate: float, decay_steps: int, is_stair: bool = False) -> Any:
    p = np.floor(F(k) / F(decay_steps)) * F(decay_steps) if is_stair else F(k)
    return F(learning_rate) * _single_pow(F(math.e), F(-decay_rate) * p)


@_quietly
def inverse_decay(k: int, learning_rate: float, decay_rate: float, decay_steps: int, is_stair: bool = False) -> Any:
    p = F(k) / F(decay_steps)
    return F(learning_rate) / (F(1) + F(decay_rate) * (np.floor(p) if is_stair else p))


@_quietly
def cosine_decay(k: int, min_lr: float, max_lr: float, decay_steps: int) -> Any:
    angle = F(math.pi) * (F(min(k, decay_steps)) / F(decay_steps) + F(0.5))
    return F(min_lr) + F(0.5 * (max_lr - min_lr)) * (F(1) + F(math.sin(float(angle))))


@_quietly
def polynomial_decay(
    k: int,
    learning_rate: float,
    end_learning_rate: float,
    decay_steps: int,
    power: float,
    update_decay_steps: bool = False,
) -> Any:
    step, steps = F(k), F(decay_steps)
    if update_decay_steps:
        steps = steps * max(np.ceil(step / steps), F(1))
    else:
        step = min(step, steps)
    power_of_rest = _single_pow(F(1) - step / steps, F(power))
    return F(learning_rate - end_learning_rate) * power_of_rest + F(end_learning_rate)


@_quietly
def warm_up(k: int, learning_rate: float, warmup_steps: int) -> Any:
    return F(learning_rate) * (F(min(k, warmup_steps)) / F(warmup_steps))


def exact_cell(name: str, k: int, **p: Any) -> float:
    """The closed formula of a class, in float64: good to some ulps."""
    n = p.get("decay_steps") or p["warmup_steps"]
    if name == "WarmUpLR":
        return p["learning_rate"] * min(k, n) / n
    if name == "CosineDecayLR":
        return p["min_lr"] + 0.5 * (p["max_lr"] - p["min_lr"]) * (1 + math.cos(math.pi * min(k, n) / n))
    if name == "PolynomialDecayLR":
        rest = (1 - min(k, n) / n) ** p["power"]
        return (p["learning_rate"] - p["end_learning_rate"]) * rest + p["end_learning_rate"]
    periods = k // n if p["is_stair"] else k / n
    if name == "InverseDecayLR":
        return p["learning_rate"] / (1 + p["decay_rate"] * periods)
    if name == "NaturalExpDecayLR":
        return p["learning_rate"] * math.exp(-p["decay_rate"] * (periods * n if p["is_stair"] else k))
    return p["learning_rate"] * p["decay_rate"] ** periods


CELLS = {
    "mindspore.ExponentialDecayLR": exponential_decay,
    "mindspore.NaturalExpDecayLR": natural_exp_decay,
    "mindspore.InverseDecayLR": inverse_decay,
    "mindspore.CosineDecayLR": cosine_decay,
    "mindspore.PolynomialDecayLR": polynomial_decay,
    "mindspore.WarmUpLR": warm_up,
}
# mindspore.experimental.optim.lr_scheduler: recurrences in float32.


def _recurrence(next_lr: Callable[..., Any]) -> Callable[..., float]:
    """The k-th value of a recurrence `next_lr(lr, epoch, base, **parameters)`; epoch 0 starts from the base."""

    def value(k: int, base_lr: float, **parameters: Any) -> float:
        base = lr = F(base_lr)
        with np.errstate(all="ignore"):
            for epoch in range(k + 1):
                lr = next_lr(lr, epoch, base, **parameters)
        return float(lr)

    return value


@_recurrence
def single_step(lr: Any, epoch: int, base: Any, step_size: int, gamma: float = 0.1) -> Any:
    return lr * F(gamma) if epoch > 0 and epoch % step_size == 0 else lr


@_recurrence
def single_linear(
    lr: Any, epoch: int, base: Any, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
) -> Any:
    if epoch == 0:
        return lr * F(start_factor)
    if epoch > total_iters:
        return lr
    change = end_factor - start_factor
    return lr * (F(1) + F(change) / (F(total_iters * start_factor) + F(epoch - 1) * F(change)))


@_recurrence
def single_exponential(lr: Any, epoch: int, base: Any, gamma: float) -> Any:
    return lr * F(gamma) if epoch else lr


@_recurrence
def single_polynomial(lr: Any, epoch: int, base: Any, total_iters: int = 5, power: float = 1.0) -> Any:
    if epoch == 0 or epoch > total_iters:
        return lr
    now, before = F(1) - F(epoch) / F(total_iters), F(1) - F(epoch - 1) / F(total_iters)
    return lr * _single_pow(now / before, F(power))


@_recurrence
def single_multi_step(lr: Any, epoch: int, base: Any, milestones: list[int], gamma: float = 0.1) -> Any:
    times = milestones.count(epoch)
    return lr * F(gamma**times) if times else lr


@_recurrence
def single_constant(lr: Any, epoch: int, base: Any, factor: float = 1 / 3, total_iters: int = 5) -> Any:
    if epoch == 0:
        return lr * F(factor)
    return lr / F(factor) if epoch == total_iters else lr


def _single_cos(x: Any) -> Any:
    return F(math.cos(float(x)))


@_recurrence
def single_annealing(lr: Any, epoch: int, base: Any, T_max: int, eta_min: float = 0.0) -> Any:  # noqa: N803 (MindSpore's)
    end = F(eta_min)
    if epoch == 0:
        return lr
    if (epoch - 1 - T_max) % (2 * T_max) == 0:
        return lr + (base - end) * (F(1) - _single_cos(F(math.pi / T_max))) / F(2)
    now, before = (F(1) + _single_cos(F(math.pi) * F(at) / F(T_max)) for at in (epoch, epoch - 1))
    return now / before * (lr - end) + end


@_quietly
def single_restarts(k: int, base_lr: float, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> Any:  # noqa: N803 (the same)
    at, length = k, T_0
    while at >= length:
        at, length = at - length, length * T_mult
    half = F(1) + _single_cos(F(math.pi) * F(at) / F(length))
    return F(eta_min) + (F(base_lr) - F(eta_min)) * half / F(2)


@_quietly
def single_cyclic(
    k: int,
    base_lr: float,
    max_lr: float,
    step_size_up: float = 2000.0,
    step_size_down: float = 2000.0,
    mode: str = "triangular",
    gamma: float = 1.0,
    scale: float = 1.0,
) -> Any:
    total = step_size_up + step_size_down
    up = step_size_up / total
    cycle = np.floor(F(1) + F(k) / F(total))
    x = F(1) + F(k) / F(total) - cycle
    height = x / F(up) if x <= F(up) else (x - F(1)) / F(up - 1)
    if mode == "triangular2":
        factor = F(1) / _single_pow(F(2), cycle - F(1))
    else:
        factor = _single_pow(F(gamma), F(k)) if mode == "exp_range" else F(scale)
    return F(base_lr) + (F(max_lr) - F(base_lr)) * height * factor


@_quietly
def single_one_cycle(
    k: int,
    max_lr: float,
    total_steps: int,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> Any:
    """PyTorch's, in float64, rounded."""
    first, k = max_lr / div_factor, min(k, total_steps - 1)
    corners = [(0.0, first), (pct_start * total_steps - 1, max_lr)]
    corners += [(2 * pct_start * total_steps - 2, first)] if three_phase else []
    corners += [(total_steps - 1.0, first / final_div_factor)]
    for (start, top), (end, low) in itertools.pairwise(corners):
        if k <= end:
            part = (k - start) / (end - start) if end > start else 1.0
            cosine = low + (top - low) / 2.0 * (1 + math.cos(math.pi * part))
            return F(cosine if anneal_strategy == "cos" else (low - top) * part + top)
    return F(corners[-1][1])


EXPERIMENTAL = {
    "mindspore.experimental.StepLR": single_step,
    "mindspore.experimental.LinearLR": single_linear,
    "mindspore.experimental.ExponentialLR": single_exponential,
    "mindspore.experimental.PolynomialLR": single_polynomial,
    "mindspore.experimental.MultiStepLR": single_multi_step,
    "mindspore.experimental.ConstantLR": single_constant,
    "mindspore.experimental.CosineAnnealingLR": single_annealing,
    "mindspore.experimental.CosineAnnealingWarmRestarts": single_restarts,
    "mindspore.experimental.CyclicLR": single_cyclic,
    "mindspore.experimental.OneCycleLR": single_one_cycle,
}
FORMS: dict[str, Callable[..., float]] = {
    "torch.StepLR": step_lr,
    **LIST_FUNCTIONS,
    **CELLS,
    **EXPERIMENTAL,
}
_STEPS: dict[str, Callable[[Parameters], int | None]] = {
    **dict.fromkeys(LIST_FUNCTIONS, lambda p: p["total_step"]),
    "mindspore.piecewise_constant_lr": lambda p: p["milestone"][-1],
    "mindspore.CosineDecayLR": lambda p: p["decay_steps"],
    "mindspore.PolynomialDecayLR": lambda p: None if p.get("update_decay_steps") else p["decay_steps"],
    "mindspore.WarmUpLR": lambda p: p["warmup_steps"],
    "mindspore.experimental.OneCycleLR": lambda p: p["total_steps"],
}
