"""The part of `make bench` that compares with torch: `step()` with few and many groups, and `preview`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from statistics import median
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch.optim import lr_scheduler
from torch.optim.swa_utils import SWALR

import glidepath.torch as gt
from measure import Row, ratio, seconds

LONG = 10**7
THEIRS = SimpleNamespace(**{name: getattr(lr_scheduler, name) for name in lr_scheduler.__all__}, SWALR=SWALR)
Make = Callable[[Any, torch.optim.Optimizer], Any]

SCHEDULERS: dict[str, Make] = {
    "StepLR": lambda m, o: m.StepLR(o, 30, 0.999),
    "MultiStepLR": lambda m, o: m.MultiStepLR(o, range(1_000, 100_000, 1_000), 0.9),
    "ConstantLR": lambda m, o: m.ConstantLR(o, 0.5, 1_000),
    "LinearLR": lambda m, o: m.LinearLR(o, 0.1, 1.0, LONG),
    "ExponentialLR": lambda m, o: m.ExponentialLR(o, 1 - 1e-7),
    "PolynomialLR": lambda m, o: m.PolynomialLR(o, LONG, 0.9),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, LONG, 1e-5),
    "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, 1_000, 2, 1e-5),
    "CyclicLR": lambda m, o: m.CyclicLR(o, 0.01, 0.1, 2_000),
    "CyclicLR, lr alone": lambda m, o: m.CyclicLR(o, 0.01, 0.1, 2_000, cycle_momentum=False),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, 0.1, LONG),
    "OneCycleLR, linear, lr alone": lambda m, o: m.OneCycleLR(
        o, 0.1, LONG, anneal_strategy="linear", cycle_momentum=False
    ),
    "SWALR": lambda m, o: m.SWALR(o, 0.01, LONG),
    "SequentialLR": lambda m, o: m.SequentialLR(o, [m.LinearLR(o, 0.1), m.CosineAnnealingLR(o, LONG)], [5]),
    "ChainedScheduler": lambda m, o: m.ChainedScheduler([m.LinearLR(o, 0.1), m.CosineAnnealingLR(o, LONG)]),
}
MOVE_MOMENTUM = {"CyclicLR", "OneCycleLR"}


def made(make: Make, module: Any, groups: int, *, tensors: bool = False, warm: int = 100) -> Any:
    """Build a scheduler with its own optimizer, and step it until it is warm."""
    lrs = [0.1 * (i + 1) for i in range(groups)]
    optimizer = torch.optim.SGD(
        [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": torch.tensor(lr) if tensors else lr} for lr in lrs],
        lr=0.1, momentum=0.9,
    )  # fmt: skip
    optimizer.step()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = make(module, optimizer)
        for _ in range(warm):
            scheduler.step()
    return scheduler


def pair(make: Make, groups: int, *, tensors: bool = False) -> tuple[Any, Any]:
    """Build torch's scheduler and ours, and check that they have set the same rates."""
    theirs, ours = (made(make, module, groups, tensors=tensors) for module in (THEIRS, gt))
    assert list(map(float, theirs.get_last_lr())) == list(map(float, ours.get_last_lr()))
    return theirs, ours


def step_ratio(make: Make, groups: int, repeats: int, number: int = 20_000, *, tensors: bool = False) -> float:
    theirs, ours = pair(make, groups, tensors=tensors)
    return ratio(theirs.step, ours.step, repeats, max(1, number // groups // (10 if tensors else 1)))


def preview_ratio(make: Make, repeats: int, n: int = 1_000_000, stepped: int = 10_000) -> float:
    """Compare a preview with as many steps of torch's. Only `stepped` steps are timed, and scaled."""
    theirs, ours = pair(make, 1)
    ahead = ours.preview(n)[:stepped, 0]
    group, rates = theirs.optimizer.param_groups[0], []
    for _ in range(stepped):
        theirs.step()
        rates.append(group["lr"])
    assert np.array_equal(ahead, rates)
    took = [(seconds(lambda: ours.preview(n), 1), seconds(theirs.step, stepped) * n) for _ in range(repeats)]
    return median(b for _, b in took) / median(a for a, _ in took)


def plateau_row(repeats: int, number: int = 20_000) -> Row:
    theirs, ours = (made(lambda m, o: m.ReduceLROnPlateau(o, patience=10**9), m, 1, warm=0) for m in (lr_scheduler, gt))
    got = ratio(lambda: theirs.step(1.0), lambda: ours.step(1.0), repeats, number)
    note = "the same function: what differs from 1 is noise"
    return Row("ReduceLROnPlateau: torch's `step()` / ours", got, 0.9, 1.0, " times", at_least=True, note=note)


def columns(repeats: int, number: int = 20_000, n: int = 1_000_000) -> dict[str, dict[str, float]]:
    """Measure every scheduler in every column."""
    every, only_lr = list(SCHEDULERS), [name for name in SCHEDULERS if name not in MOVE_MOMENTUM]
    found: dict[str, dict[str, float]] = {}
    for groups in (1, 8, 32):
        heading = f"`step()`, {groups} float groups" if groups > 1 else "`step()`, 1 float group"
        found[heading] = {name: step_ratio(SCHEDULERS[name], groups, repeats, number) for name in every}
    for groups in (1, 8):
        heading = f"`step()`, {groups} tensor groups" if groups > 1 else "`step()`, 1 tensor group"
        found[heading] = {name: step_ratio(SCHEDULERS[name], groups, repeats, number, tensors=True) for name in only_lr}
    found[f"`preview({n:,})`"] = {name: preview_ratio(SCHEDULERS[name], min(repeats, 5), n) for name in every}
    return found


def bars(heading: str) -> tuple[float, float]:
    """Return the bar and the goal."""
    if "preview" in heading:
        return 50, 100
    if "tensor" in heading:
        return 1.5, 1.5
    return (4.5, 6) if "1 float" in heading else (6, 8)


def rows(found: dict[str, dict[str, float]]) -> Iterator[Row]:
    """Compare the worst of each column with its bar."""
    for heading, ratios in found.items():
        bar, goal = bars(heading)
        worst = min(ratios, key=ratios.__getitem__)
        missed = ", ".join(f"{name} {got:.1f}" for name, got in ratios.items() if got < bar)
        note = f"worst of {len(ratios)}: {worst}; median {median(ratios.values()):.1f}"
        note += f"; missed by {missed}" if missed else ""
        yield Row(f"{heading}: torch / ours", ratios[worst], bar, goal, " times", at_least=True, note=note)


def lines(repeats: int) -> Iterator[str]:
    """Yield the rows, then a row for every scheduler."""
    found = columns(repeats)
    yield from map(str, rows(found))
    yield str(plateau_row(repeats))
    yield f"\nBeside torch {torch.__version__}: its time over ours (a star: below the bar)\n"
    yield "| scheduler | " + " | ".join(found) + " |"
    yield "| --- " * (len(found) + 1) + "|"
    for name in SCHEDULERS:
        cells = [
            f"{ratios[name]:.1f}{'*' * (ratios[name] < bars(heading)[0])}" if name in ratios else ""
            for heading, ratios in found.items()
        ]
        yield f"| {name} | {' | '.join(cells)} |"
