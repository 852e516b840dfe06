"""Random schedulers, as recipes that both torch and glidepath build, and random actions with them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from random import Random
from types import ModuleType
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler
from torch.optim.swa_utils import SWALR as TORCH_SWALR

import glidepath.torch as gt
from glidepath.torch import _versions

Build = Callable[[Any, torch.optim.Optimizer], Any]

THEIRS = ModuleType("theirs")
vars(THEIRS).update({**vars(lr_scheduler), "SWALR": TORCH_SWALR})
OURS = gt

HAS_VERBOSE = _versions.HAS_VERBOSE
COPIES_TENSORS = _versions.RELEASE >= _versions.TENSORS_SINCE
"""Whether this torch stores a copy of a tensor rate. If not, torch makes all steps of tensor rates."""
SWALR_IS_PLAIN = _versions.STEPS_SINCE["SWALR"] <= _versions.RELEASE
"""Whether SWALR stores its strategy's name. If not, it stores a function, has no replay, and its state is not JSON."""
copies_tensors = pytest.mark.skipif(not COPIES_TENSORS, reason=f"torch {torch.__version__} notes the tensor itself")
# Before torch 2.9 SequentialLR itself causes a warning at each milestone.
_at_milestones = pytest.mark.filterwarnings(r"ignore:The epoch parameter in `scheduler\.step\(\)`:UserWarning")
milestones_may_warn = [] if _versions.HAS_UPDATE_LR else [_at_milestones]


def optimizer(lrs: list[Any], beta: bool = False, step: bool = True) -> torch.optim.Optimizer:
    """An optimizer with a group for each learning rate. "t32" or "t64" before the number makes the rate a tensor."""
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": made(lr)} for lr in lrs]
    kind = torch.optim.Adam if beta else torch.optim.SGD
    known = {} if beta else {"momentum": 0.9}
    has_tensor = any(isinstance(lr, tuple) for lr in lrs)
    extra = {"capturable": False, "foreach": False} if beta and has_tensor else {}
    made_optimizer = kind(groups, lr=0.1, **known, **extra)
    made_optimizer._opt_called = step
    return made_optimizer


def keeps_its_start(scheduler: Any) -> bool:
    """Whether a scheduler still has its initial rates. It has not if they are the groups' own tensors."""
    is_sequence = hasattr(scheduler, "_milestones")
    if COPIES_TENSORS or not any(isinstance(group["lr"], torch.Tensor) for group in scheduler.optimizer.param_groups):
        return True
    return not is_sequence and all(map(keeps_its_start, getattr(scheduler, "_schedulers", ())))


def made(lr: Any) -> Any:
    if isinstance(lr, tuple):
        return torch.tensor(lr[1], dtype={"t32": torch.float32, "t64": torch.float64}[lr[0]])
    return lr


def draw_lrs(rng: Random, tensors: bool) -> list[Any]:
    kinds = [lambda x: x] if not tensors else [lambda x: x, lambda x: ("t32", x), lambda x: ("t64", x)]
    kind = rng.choice(kinds)
    same = rng.random() < 0.7
    return [(kind if same else rng.choice(kinds))(10 ** rng.uniform(-5, 0.5)) for _ in range(rng.randint(1, 5))]


def factor(rng: Random) -> float:
    return rng.choice([0.1, 0.5, 0.9, 0.99, 1.0, 1.01, rng.uniform(0.01, 1.2)])


def few(rng: Random) -> int:
    return rng.choice([0, 1, 2, 3, 5, rng.randint(1, 60), rng.randint(50, 500)])


def some(rng: Random) -> int:
    return max(1, few(rng))


def draw_leaf(rng: Random, name: str, groups: int) -> Build:
    a, b, c = few(rng), some(rng), factor(rng)
    unit = rng.choice([0.0, 1.0, 1e-3, 0.3, 1 / 3, rng.random()])
    floor = rng.choice([0, 0.0, 1e-6, 0.05, 10.0, rng.random()])
    peaks = [rng.uniform(1e-3, 2.0) for _ in range(groups)] if rng.random() < 0.5 else rng.uniform(1e-3, 2.0)
    low = rng.uniform(1e-6, 0.1)
    moves = rng.random() < 0.6
    anneal = rng.choice(["cos", "linear"])
    mode = rng.choice(["triangular", "triangular2", "exp_range"])
    down = rng.choice([None, some(rng)])
    total = rng.choice([some(rng) + 1, 1000])
    pct = rng.choice([0.3, 0.5, 0.25, rng.random()])
    milestones = [rng.randint(0, 80) for _ in range(rng.randint(0, 5))]
    milestones += milestones[:1]
    power = rng.choice([1.0, 2.0, 0.5, 1, 2, rng.uniform(0.1, 4)])
    mult = rng.choice([1, 1, 2, 3])
    three = rng.random() < 0.3
    offset = rng.random() * 3
    builders: dict[str, Build] = {
        "LambdaLR": lambda m, o: m.LambdaLR(o, lambda k: 1 / (1 + offset * k)),
        "MultiplicativeLR": lambda m, o: m.MultiplicativeLR(o, [lambda k: 1 - offset / (k + 9)] * len(o.param_groups)),
        "StepLR": lambda m, o: m.StepLR(o, b, c),
        "MultiStepLR": lambda m, o: m.MultiStepLR(o, milestones, c),
        "ConstantLR": lambda m, o: m.ConstantLR(o, unit or 0.5, a),
        "LinearLR": lambda m, o: m.LinearLR(o, unit or 0.25, rng_end, a),
        "ExponentialLR": lambda m, o: m.ExponentialLR(o, c),
        "PolynomialLR": lambda m, o: m.PolynomialLR(o, a, power),
        "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, b, floor),
        "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, b, mult, floor),
        "CyclicLR": lambda m, o: m.CyclicLR(o, low, peaks, b, down, mode, c, cycle_momentum=moves),
        "OneCycleLR": lambda m, o: m.OneCycleLR(
            o, peaks, total, pct_start=pct, anneal_strategy=anneal, cycle_momentum=moves, three_phase=three
        ),
        "SWALR": lambda m, o: m.SWALR(o, low, a, anneal),
    }
    rng_end = rng.choice([1.0, 0.5, 0.0, rng.random()])
    return builders[name]


LEAVES = [
    "LambdaLR", "MultiplicativeLR", "StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR",
    "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "OneCycleLR", "SWALR",
]  # fmt: skip
KEEPS_INITIAL = [name for name in LEAVES if name not in {"CyclicLR", "OneCycleLR"}]
"""The classes whose initial rates depend on the schedulers that are made before and after."""


def draw(rng: Random, groups: int, depth: int = 0, leaves: list[str] = LEAVES) -> Build:
    """A scheduler that torch can run: its SequentialLR takes only leaves. Composites are made of these leaves."""
    roll = rng.random()
    if depth < 3 and roll < 0.15:
        children = [draw(rng, groups, depth + 1, leaves) for _ in range(rng.randint(1, 3))]
        return lambda m, o: m.ChainedScheduler([child(m, o) for child in children])
    if depth < 3 and roll < 0.3:
        parts = [draw_leaf(rng, rng.choice(leaves), groups) for _ in range(rng.randint(1, 4))]
        milestones = sorted(rng.sample(range(1, 120), len(parts) - 1))
        return lambda m, o: m.SequentialLR(o, [part(m, o) for part in parts], list(milestones))
    return draw_leaf(rng, rng.choice(leaves if depth else LEAVES), groups)


def outcome(call: Callable[[], Any]) -> tuple[str, str, list[tuple[type, str]]]:
    """The exception and the warnings of an action."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            call()
        except Exception as error:  # noqa: BLE001  (ours must raise the same as torch)
            return type(error).__name__, str(error), said(caught)
        return "", "", said(caught)


def said(caught: list[warnings.WarningMessage]) -> list[tuple[type, str]]:
    return [(warning.category, str(warning.message)) for warning in caught]


def look(scheduler: Any) -> list[Any]:
    """Everything that a scheduler sets, in types and bits."""
    groups = scheduler.optimizer.param_groups
    set_by_it = [[seen(group.get(key)) for key in ("lr", "momentum", "betas")] for group in groups]
    return [set_by_it, [seen(lr) for lr in scheduler.get_last_lr()]]


def seen(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(seen, value))
    if isinstance(value, torch.Tensor):
        return "tensor", str(value.dtype), tuple(value.shape), float(value).hex()
    return (type(value).__name__, float(value).hex()) if isinstance(value, float) else value


def state_of(scheduler: Any) -> Any:
    """Its state, in a form that can be compared."""
    return comparable(scheduler.state_dict())


def comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: comparable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [comparable(inner) for inner in value]
    if type(value).__name__ == "partial":
        return value.func, value.args
    return seen(value)
