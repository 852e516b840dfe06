"""Loads damaged states of `Scheduler`. Loading works, or raises with a message of ours and changes nothing."""

from __future__ import annotations

import copy
import warnings
from random import Random
from typing import Any

import torch

import glidepath as gp
import glidepath.torch as gt

LINE = gp.linear(0.1, 0.0, 5)
TEXT = LINE.to_json()
MAKES = [
    lambda o: gt.Scheduler(o, lr=LINE, relative=True),
    lambda o: gt.Scheduler(o, lr=[LINE, None], betas=(LINE, None)),
    lambda o: gt.Scheduler(o, betas=LINE, weight_decay=LINE, relative=["betas"]),
]
KEYS = ["lr", "betas", "step", "schedules", "initial", "params", "groups", "none", 3, None]
VALUES = [
    None, True, 5, -1, -(2**70), 2**70, 1.5, float("nan"), "x", "", b"x", TEXT, LINE, '{"glidepath":1}', object(), (1,),
    [], [1], [None], [None, None], [[1.0, 2.0], [3.0]], [1.0, 2.0, 3.0], [float("inf")] * 2, {}, {1: 2}, {"groups": []},
    {"groups": 5}, {"groups": [TEXT] * 3}, {"groups": [None, None]}, {"groups": [{"groups": []}]},
    {"places": [TEXT]}, {"places": [None, None, TEXT]}, {"places": [{"places": [None]}]},
]  # fmt: skip


def optimizer() -> torch.optim.Optimizer:
    return torch.optim.Adam([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (0.1, 0.2)])


def damaged(rng: Random, state: Any) -> Any:
    """A copy of a state with one value replaced by another."""
    found = copy.deepcopy(state)
    inner = found
    while isinstance(inner, dict | list) and inner:
        key = rng.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
        if rng.random() < 0.3 or not isinstance(inner[key], dict | list):
            inner[rng.choice(KEYS) if isinstance(inner, dict) and rng.random() < 0.3 else key] = rng.choice(VALUES)
            break
        inner = inner[key]
    return found


def seen(scheduler: gt.Scheduler) -> str:
    groups = [{k: v for k, v in group.items() if k != "params"} for group in scheduler.optimizer.param_groups]
    return f"{scheduler!r} {scheduler.state_dict()} {scheduler.get_last_lr()} {groups}"


def once(rng: Random) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        scheduler, saved = rng.choice(MAKES)(optimizer()), rng.choice(MAKES)(optimizer()).state_dict()
    for _ in range(rng.randint(1, 2)):
        saved = damaged(rng, saved)
    before = seen(scheduler)
    try:
        scheduler.load_state_dict(saved, rng.choice(["error", "keep", "replace"]))
    except (TypeError, ValueError, IndexError) as error:
        assert str(error).startswith("`load_state_dict"), (saved, error)  # noqa: PT017
        assert seen(scheduler) == before, (saved, error)  # noqa: PT017
        return
    assert scheduler.last_epoch == saved["step"]
    if -1 <= scheduler.last_epoch < 2**53:
        scheduler.step()
        scheduler.preview(2)
