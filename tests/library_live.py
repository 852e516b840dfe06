"""Reads live schedulers of libraries with `gp.read`: `python tests/library_live.py`, a part of `make test-dialects`.

A scheduler's rates, stepped as its library steps it, must be those of the reading, in float32 at every step. Prints a
line for each. Exits with 1 if one differs, or if a library cannot be imported.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np

import glidepath as gp
from library_drivers import DRIVERS, sgd, stepped

STEPS = 150
Case = tuple[str, Any, dict[str, Any], Callable[[], list[float]]]
"""A name, a live object, what is known of the run, and the library's rates."""


def timm() -> Iterator[Case]:
    from timm import scheduler

    for name, arguments in {
        "CosineLRScheduler": {"t_initial": 100, "warmup_t": 5},
        "TanhLRScheduler": {"t_initial": 100, "warmup_t": 5, "warmup_prefix": True},
        "PolyLRScheduler": {"t_initial": 100, "power": 2.0},
        "StepLRScheduler": {"decay_t": 2.4, "decay_rate": 0.97},
        "MultiStepLRScheduler": {"decay_t": [30, 60], "decay_rate": 0.5},
    }.items():
        made = getattr(scheduler, name)(sgd(0.1), t_in_epochs=False, **arguments)
        yield name, made, {}, lambda made=made: [made._get_lr(update)[0] for update in range(STEPS)]


def mmengine() -> Iterator[Case]:
    from mmengine.optim import scheduler

    for parts in (
        [
            ("LinearLR", {"start_factor": 0.001, "end": 10}),
            ("CosineAnnealingLR", {"T_max": 90, "begin": 10, "end": 100}),
        ],
        [("OneCycleLR", {"eta_max": 0.1, "total_steps": STEPS})],
        [("OneCycleLR", {"eta_max": 0.1, "total_steps": STEPS, "pct_start": 0.25, "three_phase": True})],
        [("MultiStepLR", {"milestones": [30, 60, 60]})],
        [("PolyLR", {"power": 2.0, "eta_min": 0.001, "end": 100})],
    ):
        optimizer = sgd(0.1)
        made = [getattr(scheduler, name)(optimizer, by_epoch=False, **arguments) for name, arguments in parts]

        def rates(made: Any = made, optimizer: Any = optimizer) -> list[float]:
            found = []
            for _ in range(STEPS):
                found.append(optimizer.param_groups[0]["lr"])
                for one in made:
                    one.step()
            return found

        yield "+".join(name for name, _ in parts), made, {}, rates


def deepspeed() -> Iterator[Case]:
    from deepspeed.runtime import lr_schedules

    for name, arguments in {
        "WarmupLR": {"warmup_max_lr": 0.1, "warmup_num_steps": 10},
        "WarmupDecayLR": {"total_num_steps": 100, "warmup_max_lr": 0.1, "warmup_num_steps": 10},
        "WarmupCosineLR": {"total_num_steps": 100, "warmup_min_ratio": 0.1, "warmup_num_steps": 10},
        "OneCycle": {"cycle_min_lr": 0.01, "cycle_max_lr": 0.1, "decay_lr_rate": 0.1, "cycle_first_step_size": 10,
                     "decay_step_size": 5},
        "LRRangeTest": {"lr_range_test_step_size": 20, "lr_range_test_staircase": True},
    }.items():  # fmt: skip
        optimizer = sgd(0.1, momentum=0.9)
        made = getattr(lr_schedules, name)(optimizer, **arguments)
        yield name, made, {}, lambda made=made, optimizer=optimizer: stepped(optimizer, made, STEPS)


def megatron() -> Iterator[Case]:
    from megatron.core.optimizer_param_scheduler import OptimizerParamScheduler

    for style, more in {"cosine": {}, "WSD": {"wsd_decay_steps": 1_280, "lr_wsd_decay_style": "exponential"}}.items():
        optimizer = sgd(0.1)
        made = OptimizerParamScheduler(optimizer, 0.0, 0.1, 0.01, 640, 6_400, style, 0.0, 0.1, 6_400, "linear", **more)

        def rates(made: Any = made, optimizer: Any = optimizer) -> list[float]:
            found = []
            for _ in range(STEPS):
                found.append(optimizer.param_groups[0]["lr"])
                made.step(64)
            return found

        yield style, made, {"batch_size": 64}, rates


def composer() -> Iterator[Case]:
    from types import SimpleNamespace

    from composer.core.time import Time, Timestamp
    from composer.optim import scheduler

    for name, arguments in {
        "CosineAnnealingWithWarmupScheduler": {"t_warmup": "10ba", "t_max": "100ba", "alpha_f": 0.1},
        "LinearWithWarmupScheduler": {"t_warmup": "10ba", "t_max": "1dur"},
        "MultiStepScheduler": {"milestones": ["30ba", "0.6dur"]},
        "PolynomialScheduler": {"power": 2.0, "t_max": "100ba"},
    }.items():
        made = getattr(scheduler, name)(**arguments)

        def rates(made: Any = made) -> list[float]:
            state = SimpleNamespace(max_duration=Time.from_input("100ba"), dataloader_len=None)
            found = []
            for batch in range(STEPS):
                state.timestamp = Timestamp(batch=batch)
                found.append(0.1 * made(state))
            return found

        yield name, made, {"learning_rate": 0.1, "steps": 100}, rates


def fvcore() -> Iterator[Case]:
    from fvcore.common import param_scheduler

    for name, arguments in {
        "CosineParamScheduler": {"start_value": 0.1, "end_value": 0.0},
        "MultiStepParamScheduler": {"values": [0.1, 0.01], "milestones": [30], "num_updates": 150},
        "PolynomialDecayParamScheduler": {"base_value": 0.1, "power": 2.0},
    }.items():
        made = getattr(param_scheduler, name)(**arguments)
        yield name, made, {"steps": STEPS}, lambda made=made: [made(step / STEPS) for step in range(STEPS)]


LIBRARIES = {one.__name__: one for one in (timm, mmengine, deepspeed, megatron, composer, fvcore)}


def run(library: str) -> list[tuple[str, str]]:
    """Compare the live objects of a library. Returns a name and what is wrong, or nothing, for each."""
    warnings.simplefilter("ignore")
    try:
        DRIVERS[library][1]()  # imports the library, with stubs for what its schedules do not need
        cases = list(LIBRARIES[library]())
    except Exception as error:  # noqa: BLE001 (whatever an import raises, nothing was compared)
        return [(library, f"not run: {type(error).__name__}: {error}")]
    found = []
    for name, live, known, rates in cases:
        ours = gp.read(live, **known).schedule.array(STEPS, dtype="float32")
        theirs = np.array(rates(), dtype="float32")
        wrong = np.flatnonzero(ours != theirs)
        found.append((f"{library}.{name}", f"differs at step {wrong[0]}" if wrong.size else ""))
    return found


def main() -> int:
    with get_context("spawn").Pool(2, maxtasksperchild=1) as pool:  # a process each: a driver leaves parts of packages
        found = [pair for pairs in pool.imap(run, LIBRARIES) for pair in pairs]
    for name, wrong in found:
        print(f"{name:60} {wrong or f'{STEPS} steps, equal in float32'}")
    return int(any(wrong for _, wrong in found))


if __name__ == "__main__":
    sys.exit(main())
