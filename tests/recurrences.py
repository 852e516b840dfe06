"""What the frameworks compute, as their sources do: a naive twin of every replay, on Python's own floats.

`value(form, parameters, k)` is the learning rate at step k, `steps(form, parameters)` how long it lasts.
"""

from __future__ import annotations

import bisect
import json
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


class _Torch:
    """A scheduler of torch's on one group: `start` makes it, `enter` is how a later child of SequentialLR begins."""

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
    """The twin of a part, which is a glidepath replay or its text's content."""
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
    "mindspore.exponential_decay_lr": exponential_decay_lr,
}
_STEPS: dict[str, Callable[[Parameters], int]] = {
    "torch.OneCycleLR": lambda p: p["total_steps"],
    "mindspore.exponential_decay_lr": lambda p: p["total_step"],
}
