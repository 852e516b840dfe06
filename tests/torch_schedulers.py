"""Makes every scheduler, of glidepath.torch or of torch, with the same arguments."""

from __future__ import annotations

import pytest
from torch.optim import lr_scheduler

from torch_recipes import (
    OURS,
    optimizer,
)

CLASSES = {
    "LambdaLR": lambda m, o: m.LambdaLR(o, lambda k: 0.9**k),
    "MultiplicativeLR": lambda m, o: m.MultiplicativeLR(o, lambda k: 0.99),
    "StepLR": lambda m, o: m.StepLR(o, 3, 0.9),
    "MultiStepLR": lambda m, o: m.MultiStepLR(o, [2, 5, 5, 9], 0.9),
    "ConstantLR": lambda m, o: m.ConstantLR(o, 0.5, 4),
    "LinearLR": lambda m, o: m.LinearLR(o, 0.1, 0.9, 12),
    "ExponentialLR": lambda m, o: m.ExponentialLR(o, 0.99),
    "PolynomialLR": lambda m, o: m.PolynomialLR(o, 20, 0.9),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, 7, 1e-4),
    "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, 5, 2, 1e-4),
    "CyclicLR": lambda m, o: m.CyclicLR(o, 0.01, 0.2, 4, mode="exp_range", gamma=0.99),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, 0.3, 60),
    "SWALR": lambda m, o: m.SWALR(o, 0.01, 6),
    "SequentialLR": lambda m, o: m.SequentialLR(o, [m.ConstantLR(o, 0.1, 4), m.ExponentialLR(o, 0.9)], [4]),
    "ChainedScheduler": lambda m, o: m.ChainedScheduler([m.ConstantLR(o, 0.1, 4), m.ExponentialLR(o, 0.9)]),
    "ReduceLROnPlateau": lambda m, o: m.ReduceLROnPlateau(o, patience=1),
}

every_class = pytest.mark.parametrize("name", CLASSES)

STATELESS = [name for name in CLASSES if name != "ReduceLROnPlateau"]

WITHOUT_FUNCTIONS = [name for name in STATELESS if name not in {"LambdaLR", "MultiplicativeLR"}]

LRS = [0.1, 0.03]


def made(name, module=OURS, lrs=LRS, steps=0):
    scheduler = CLASSES[name](module, optimizer(lrs))
    for k in range(steps):
        step(scheduler, k)
    return scheduler


def step(scheduler, k=0):
    scheduler.optimizer.step()
    if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
        scheduler.step(1.0 / (1 + k % 4))
    else:
        scheduler.step()


def lr_of(scheduler):
    return scheduler.optimizer.param_groups[0]["lr"]


def flat(module, held, milestones=(3, 7)):
    parts = [module.ConstantLR(held, 0.5, 2), module.ExponentialLR(held, 0.9), module.CosineAnnealingLR(held, 9)]
    return module.SequentialLR(held, parts, list(milestones))


SEEK_BELOW = "`seek.step`: got -1; it must be a whole number from 0 to 2**53. Use `seek(0)` for the start."


def stepped(scheduler, n: int) -> list[float]:
    rates = []
    for _ in range(n):
        scheduler.optimizer.step()
        scheduler.step()
        rates.append(scheduler.optimizer.param_groups[0]["lr"])
    return rates


def rows_of(scheduler, n):
    """The values that stepping sets, for a new scheduler and a new optimizer."""
    rows = []
    for _ in range(n):
        scheduler.step()
        rows.append([float(group["lr"]) for group in scheduler.optimizer.param_groups])
    return rows
