"""A naive twin of every replay: what the frameworks compute, in plain Python and in their own operations.

`value(form, parameters, k)` is the learning rate at step k, and `steps(form, parameters)` is the length. `form` is the
kind of the replay.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import json
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
    """The length in steps, or None if it has no end."""
    return _STEPS[form](parameters) if form in _STEPS else None


# torch.optim.lr_scheduler


def step_lr(k: int, base_lr: float, step_size: int, gamma: float = 0.1) -> float:
    return _nth(_products(base_lr, gamma), k // step_size)


def _products(lr: float, gamma: float) -> Iterator[float]:
    while True:
        yield lr
        lr = lr * gamma


def _nth(states: Iterator[float], n: int) -> float:
    """The n-th state. It stops early at a state that equals the one before: after it nothing changes."""
    before = None
    for i, state in enumerate(states):
        if i == n or state == before:
            return state
        before = state
    raise AssertionError("a recurrence goes on for ever")


class _Torch:
    """A scheduler of torch's on one group. `start` makes it; `enter` starts it as a later child of SequentialLR."""

    def __init__(self, form: str, parameters: Parameters) -> None:
        self.form, self.k, self.base = form.removeprefix("torch."), 0, parameters.get("base_lr")
        self.p = {**_DEFAULTS.get(self.form, {}), **parameters}
        self.parts = [_part(part) for part in parameters.get("schedulers", [])]

    def initial(self) -> float:
        if self.p.get("initial_lr") is not None:
            return self.p["initial_lr"]
        if self.form == "OneCycleLR":
            return self.p["max_lr"] / self.p["div_factor"]
        return self.parts[0].initial() if self.parts else self.base

    def start(self, lr: float, initial: float) -> float:
        self.k, self.t_cur = 0, 0
        if self.form == "SequentialLR":
            part = self.parts[bisect.bisect_right(self.p["milestones"], 0)]
            return part.start(initial, initial)
        for part in self.parts:
            lr = part.start(lr, initial)
        if self.form in {"ExponentialLR", "PolynomialLR", "CosineAnnealingLR", "ChainedScheduler"}:
            return lr
        return self.rule(0, lr)

    def enter(self, lr: float, initial: float) -> float:
        p, self.k, self.t_cur = self.p, 0, 0
        if self.parts:
            return self.start(initial, initial)
        if self.form == "MultiStepLR":
            return self.base * p["gamma"] ** sum(milestone <= 0 for milestone in p["milestones"])
        if self.form == "ConstantLR":
            return self.base * (p["factor"] + (p["total_iters"] <= 0) * (1 - p["factor"]))
        if self.form == "LinearLR":
            start, end, total = p["start_factor"], p["end_factor"], p["total_iters"]
            return self.base * (start + (end - start) * min(total, 0) / total)
        if self.form in {"StepLR", "ExponentialLR", "PolynomialLR"}:
            return self.base * 1.0
        if self.form == "CosineAnnealingLR":
            return p["eta_min"] + (self.base - p["eta_min"]) * 2 / 2
        return self.rule(0, lr)

    def step(self, lr: float, initial: float) -> float:
        self.k += 1
        if self.form == "SequentialLR":
            i = bisect.bisect_right(self.p["milestones"], self.k)
            if i > 0 and self.p["milestones"][i - 1] == self.k:
                return self.parts[i].enter(lr, initial)
            return self.parts[i].step(lr, initial)
        for part in self.parts:
            lr = part.step(lr, initial)
        return lr if self.parts else self.rule(self.k, lr)

    def rule(self, k: int, lr: float) -> float:  # noqa: PLR0912  (a case table)
        p, base = self.p, self.base
        if self.form == "StepLR":
            return lr * p["gamma"] if k and k % p["step_size"] == 0 else lr
        if self.form == "MultiStepLR":
            times = list(p["milestones"]).count(k)
            return lr * p["gamma"] ** times if times else lr
        if self.form == "ConstantLR":
            if k == 0:
                return lr * p["factor"]
            if k != p["total_iters"]:
                return lr
            return lr * (1.0 / p["factor"]) if p["factor"] else base
        if self.form == "LinearLR":
            start, end, total = p["start_factor"], p["end_factor"], p["total_iters"]
            if k == 0:
                return lr * start
            return lr if k > total else lr * (1.0 + (end - start) / (total * start + (k - 1) * (end - start)))
        if self.form == "ExponentialLR":
            return lr * p["gamma"]
        if self.form == "PolynomialLR":
            total = p["total_iters"]
            return lr if k > total else lr * ((1.0 - k / total) / (1.0 - (k - 1) / total)) ** p["power"]
        if self.form == "CosineAnnealingLR":
            total, low = p["T_max"], p["eta_min"]
            if (k - 1 - total) % (2 * total) == 0:
                return lr + (base - low) * (1 - math.cos(math.pi / total)) / 2
            ratio = (1 + math.cos(math.pi * k / total)) / (1 + math.cos(math.pi * (k - 1) / total))
            return ratio * (lr - low) + low
        if self.form == "CosineAnnealingWarmRestarts":
            return self.restarts(k)
        if self.form == "CyclicLR":
            return self.cyclic(k)
        return self.one_cycle(k) if self.form == "OneCycleLR" else self.swa(k, lr)

    def restarts(self, k: int) -> float:
        cycle, low = self.p["T_0"], self.p["eta_min"]
        while k >= cycle:
            k, cycle = k - cycle, cycle * self.p["T_mult"]
        return low + (self.base - low) * (1 + math.cos(math.pi * k / cycle)) / 2

    def cyclic(self, k: int) -> float:
        p, up = self.p, float(self.p["step_size_up"])
        total = up + (up if p["step_size_down"] is None else float(p["step_size_down"]))
        cycle = math.floor(1 + k / total)
        x = 1.0 + k / total - cycle
        scale = x / (up / total) if x <= up / total else (x - 1) / (up / total - 1)
        fade = {
            "triangular": lambda: 1.0,
            "triangular2": lambda: 1 / 2.0 ** (cycle - 1),
            "exp_range": lambda: p["gamma"] ** k,
        }
        return self.base + (p["max_lr"] - self.base) * scale * fade[p["mode"]]()

    def one_cycle(self, k: int) -> float:
        p = self.p
        first, last = self.initial(), self.initial() / p["final_div_factor"]
        total, begun = p["total_steps"], 0.0
        ends = [(float(p["pct_start"] * total) - 1, first, p["max_lr"]), (total - 1, p["max_lr"], last)]
        if p["three_phase"]:
            ends[1:] = [(float(2 * p["pct_start"] * total) - 2, p["max_lr"], first), (total - 1, first, last)]
        for end, low, high in ends:
            if k <= end or end is ends[-1][0]:
                pct = (k - begun) / (end - begun)
                if p["anneal_strategy"] == "cos":
                    return high + (low - high) / 2.0 * (math.cos(math.pi * pct) + 1)
                return (high - low) * pct + low
            begun = end
        raise AssertionError("the last phase has no end")

    def swa(self, k: int, lr: float) -> float:
        n, target = self.p["anneal_epochs"], self.p["swa_lr"]
        cos = self.p["anneal_strategy"] == "cos"

        def share(k: int) -> float:
            t = max(0, min(1, k / max(1, n)))
            return (1 - math.cos(math.pi * t)) / 2 if cos else t

        k = k if n else max(1, k)
        before, after = share(k - 1), share(k)
        origin = target if before == 1 else (lr - before * target) / (1 - before)
        return target * after + origin * (1 - after)


_DEFAULTS: dict[str, Parameters] = {
    "StepLR": {"gamma": 0.1},
    "MultiStepLR": {"gamma": 0.1},
    "ConstantLR": {"factor": 1.0 / 3, "total_iters": 5},
    "LinearLR": {"start_factor": 1.0 / 3, "end_factor": 1.0, "total_iters": 5},
    "PolynomialLR": {"total_iters": 5, "power": 1.0},
    "CosineAnnealingLR": {"eta_min": 0.0},
    "CosineAnnealingWarmRestarts": {"T_mult": 1, "eta_min": 0.0},
    "CyclicLR": {"step_size_up": 2000.0, "step_size_down": None, "mode": "triangular", "gamma": 1.0},
    "OneCycleLR": {
        "pct_start": 0.3, "anneal_strategy": "cos", "div_factor": 25.0, "final_div_factor": 1e4, "three_phase": False,
    },
    "SWALR": {"anneal_epochs": 10, "anneal_strategy": "cos"},
}  # fmt: skip


def _part(part: Any) -> _Torch:
    """The twin of a part, which is a glidepath replay or its parsed JSON."""
    content = dict(part if isinstance(part, dict) else json.loads(part.to_json())["schedule"])
    return _Torch(content.pop("kind"), content)


def torch_values(form: str, parameters: Parameters, n: int) -> list[float]:
    """The learning rates of the first n steps."""
    twin = _Torch(form, parameters)
    initial = twin.initial()
    lr = twin.start(initial if not twin.parts else twin.parts[0].initial(), initial)
    values = [lr]
    for _ in range(n - 1):
        lr = twin.step(lr, initial)
        values.append(lr)
    return values


def _torch_twin(form: str) -> Callable[..., float]:
    return lambda k, **parameters: torch_values(form, parameters, k + 1)[k]


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
    """The closed formula of a class, in float64, with an error of some ulps."""
    n = p.get("decay_steps") or p["warmup_steps"]
    if name == "WarmUpLR":
        return p["learning_rate"] * min(k, n) / n
    if name == "CosineDecayLR":
        return p["min_lr"] + 0.5 * (p["max_lr"] - p["min_lr"]) * (1 + math.cos(math.pi * min(k, n) / n))
    if name == "PolynomialDecayLR":
        d = n * max(1, -(-k // n)) if p.get("update_decay_steps") else n
        rest = (1 - min(k, d) / d) ** p["power"]
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

    value.next_lr = next_lr  # type: ignore[attr-defined]
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
    return lr * (F(1) + F(change) * (F(1) / (F(total_iters * start_factor) + F(epoch - 1) * F(change))))


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
    step_size_down: float | None = None,
    mode: str = "triangular",
    gamma: float = 1.0,
    scale: float = 1.0,
) -> Any:
    total = step_size_up + (step_size_up if step_size_down is None else step_size_down)
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
    """PyTorch's formula in float64, rounded to float32."""
    first, k = max_lr / div_factor, min(k, total_steps)
    corners = [(0.0, first), (pct_start * total_steps - 1, max_lr)]
    corners += [(2 * pct_start * total_steps - 2, first)] if three_phase else []
    corners += [(total_steps - 1.0, first / final_div_factor)]
    for (start, top), (end, low) in itertools.pairwise(corners):
        if k <= end or (end, low) == corners[-1]:
            part = (k - start) / (end - start) if end > start else 1.0
            cosine = low + (top - low) / 2.0 * (1 + math.cos(math.pi * part))
            return F(cosine if anneal_strategy == "cos" else (low - top) * part + top)
    raise AssertionError("the last phase has no end")


class _Single:
    """A scheduler of MindSpore's on one group. `enter` starts it as a later part of SequentialLR: by `step(0)`."""

    def __init__(self, part: Any) -> None:
        content = dict(part if isinstance(part, dict) else json.loads(part.to_json())["schedule"])
        self.form, self.p, self.k = content.pop("kind"), content, -1
        self.parts = [_Single(part) for part in content.get("schedulers", [])]

    def initial(self) -> Any:
        if self.p.get("initial_lr") is not None:
            return F(self.p["initial_lr"])
        if self.parts:
            return self.parts[0].initial()
        return F(self.p["base_lr"] if "base_lr" in self.p else EXPERIMENTAL[self.form](0, **self.p))

    def reset(self) -> None:
        self.k = -1
        for part in self.parts:
            part.reset()

    def start(self, lr: Any) -> Any:
        self.reset()
        if not self.parts:
            return self.step(lr)
        self.k = 0
        for part in self.parts[:1] if "milestones" in self.p else self.parts:
            lr = part.start(lr)
        return lr

    def step(self, lr: Any) -> Any:
        self.k += 1
        if not self.parts:
            rule, given = EXPERIMENTAL[self.form], dict(self.p)
            if not hasattr(rule, "next_lr"):
                return F(rule(self.k, **given))
            with np.errstate(all="ignore"):
                return rule.next_lr(lr, self.k, F(given.pop("base_lr")), **given)
        if "milestones" not in self.p:
            for part in self.parts:
                lr = part.step(lr)
            return lr
        i = bisect.bisect_right(self.p["milestones"], self.k)
        begins = i > 0 and self.p["milestones"][i - 1] == self.k
        return self.parts[i].enter(lr) if begins else self.parts[i].step(lr)

    def enter(self, lr: Any) -> Any:
        if self.parts:
            return self.start(self.initial())
        self.reset()
        base, kind = self.initial(), self.form.rpartition(".")[2]
        if kind not in {"MultiStepLR", "ConstantLR", "CosineAnnealingLR"}:
            return self.step(base)
        self.k = 0
        if kind == "MultiStepLR":
            return base * F(self.p["gamma"] ** sum(milestone <= 0 for milestone in self.p["milestones"]))
        if kind == "ConstantLR":
            return base * (F(self.p["factor"]) + F((self.p["total_iters"] <= 0) * (1 - self.p["factor"])))
        return F(self.p["eta_min"]) + (base - F(self.p["eta_min"])) * F(2) / F(2)


def _composite(kind: str) -> Callable[..., float]:
    def value(k: int, **parameters: Any) -> float:
        twin = _Single({"kind": kind, **parameters})
        lr = twin.start(twin.initial())
        for _ in range(k):
            lr = twin.step(lr)
        return float(lr)

    return value


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
    "mindspore.experimental.SequentialLR": _composite("mindspore.experimental.SequentialLR"),
    "mindspore.experimental.ChainedScheduler": _composite("mindspore.experimental.ChainedScheduler"),
}
FORMS: dict[str, Callable[..., float]] = {
    "torch.StepLR": step_lr,
    **{
        f"torch.{name}": _torch_twin(f"torch.{name}")
        for name in (
            "MultiStepLR",
            "ConstantLR",
            "LinearLR",
            "ExponentialLR",
            "PolynomialLR",
            "CosineAnnealingLR",
            "CosineAnnealingWarmRestarts",
            "CyclicLR",
            "OneCycleLR",
            "SWALR",
            "SequentialLR",
            "ChainedScheduler",
        )
    },
    **LIST_FUNCTIONS,
    **CELLS,
    **EXPERIMENTAL,
}
_STEPS: dict[str, Callable[[Parameters], int | None]] = {
    "torch.OneCycleLR": lambda p: p["total_steps"],
    **dict.fromkeys(LIST_FUNCTIONS, lambda p: p["total_step"]),
    "mindspore.piecewise_constant_lr": lambda p: p["milestone"][-1],
    "mindspore.CosineDecayLR": lambda p: p["decay_steps"],
    "mindspore.PolynomialDecayLR": lambda p: None if p.get("update_decay_steps") else p["decay_steps"],
    "mindspore.WarmUpLR": lambda p: p["warmup_steps"],
    "mindspore.experimental.OneCycleLR": lambda p: p["total_steps"],
}
