"""Resumes random runs with a `Scheduler` somewhere in them, in each of the ways in docs/torch.md. The resumed run must
give the same bits as a run that was not interrupted."""

from __future__ import annotations

import copy
import io
import warnings
from bisect import bisect_right
from collections.abc import Callable
from random import Random
from typing import Any

import torch

import glidepath as gp
import glidepath.torch as gt
from torch_recipes import KEEPS_INITIAL, LEAVES, OURS, THEIRS, draw_leaf, keeps_its_start, made, seen

Build = Callable[[torch.optim.Optimizer], Any]
SOUGHT = {"build after the optimizer's state", "seek alone", "last_epoch"}
ORDERS = ["build first"] * 4 + ["build first, optimizer last", *sorted(SOUGHT)]


def draw_schedule(rng: Random, scale: float) -> gp.Schedule:
    n = rng.randint(1, 9)
    a, b = scale * rng.uniform(0.1, 1), scale * rng.uniform(0.1, 1)
    return rng.choice([
        lambda: gp.linear(a, b, n),
        lambda: gp.cosine(a, b, n) >> gp.constant(a),
        lambda: gp.exponential(a, 0.9),
        lambda: gp.linear(a, b, n).repeat(),
    ])()  # fmt: skip


def draw_drivers(rng: Random, groups: int, scale: float, *, pair: bool = False) -> Any:
    def one() -> Any:
        if pair and rng.random() < 0.5:
            return tuple(rng.sample([draw_schedule(rng, scale), None], 2))
        return draw_schedule(rng, scale)

    if rng.random() < 0.6:
        return one()
    return [one() if rng.random() < 0.8 else None for _ in range(groups)]


def draw_scheduler(rng: Random, groups: int, beta: bool) -> Build:
    names = [name for name in ("lr", "weight_decay", "momentum") if rng.random() < (0.85 if name == "lr" else 0.3)]
    given = {}
    for name in names or ["lr"]:
        is_pair = name == "momentum" and beta
        given["betas" if is_pair else name] = draw_drivers(rng, groups, 0.9, pair=is_pair)
    if not any(one for drivers in given.values() for one in (drivers if isinstance(drivers, list) else [drivers])):
        given["lr"] = draw_schedule(rng, 0.9)
    relative = rng.choice([False, True, [next(iter(given))]])
    return lambda o: gt.Scheduler(o, relative=relative, **given)


def draw_tree(
    rng: Random,
    groups: int,
    beta: bool,
    leaves: list[str],
    depth: int = 0,
    *,
    alone: bool = False,
    metrics: bool = True,
) -> Build:
    """A Scheduler, or another leaf, or a composite of torch's or glidepath's.

    Args:
        rng: the source of chance.
        groups: how many groups the optimizer has.
        beta: whether it has betas.
        leaves: torch's classes that may be drawn.
        depth: how deep in composites.
        alone: no composite, as torch's SequentialLR can hold none.
        metrics: whether all composites around are glidepath's, which can hold a ReduceLROnPlateau.
    """
    roll = rng.random()
    if depth < 3 and roll < (0.95 if depth == 0 else 0.3) and not alone:
        module = rng.choice([THEIRS, OURS])
        metrics = metrics and module is OURS
        count = rng.choice([1, 2, 2, 3])
        is_chain = rng.random() < 0.3
        alone = module is THEIRS and not is_chain
        children = [draw_tree(rng, groups, beta, leaves, depth + 1, alone=alone, metrics=metrics) for _ in range(count)]
        if is_chain:
            return lambda o: module.ChainedScheduler([child(o) for child in children])
        if metrics and "OneCycleLR" in leaves and rng.random() < 0.3:
            plateau = rng.choice([THEIRS, OURS]).ReduceLROnPlateau
            children[-1] = lambda o: plateau(o, factor=0.5, patience=1)
        milestones = sorted(rng.sample(range(1, 16), count - 1))
        return lambda o: module.SequentialLR(o, [child(o) for child in children], list(milestones))
    if rng.random() < 0.5:
        return draw_scheduler(rng, groups, beta)
    leaf = draw_leaf(rng, rng.choice(leaves), groups)
    module = rng.choice([THEIRS, OURS])
    return lambda o: leaf(module, o)


def has_scheduler(scheduler: Any) -> bool:
    return isinstance(scheduler, gt.Scheduler) or any(map(has_scheduler, vars(scheduler).get("_schedulers", ())))


def all_of(scheduler: Any) -> list[Any]:
    return [scheduler, *(one for child in vars(scheduler).get("_schedulers", ()) for one in all_of(child))]


def driven(schedulers: list[Any]) -> set[str]:
    """The entries that the `Scheduler`s in this list set, also nested ones."""
    every = [one for scheduler in schedulers for one in all_of(scheduler)]
    return {name for one in every if isinstance(one, gt.Scheduler) for name in one.drivers}


def check_the_waiting(scheduler: Any, held: torch.optim.Optimizer, before: list[Any]) -> None:
    """In glidepath's SequentialLR the entries that only later schedulers set still have their original values."""
    if not isinstance(scheduler, gt.SequentialLR):
        return
    begun = bisect_right(scheduler._milestones, scheduler.last_epoch) + 1
    waiting = driven(scheduler._schedulers[begun:]) - driven(scheduler._schedulers[:begun]) - {"lr"}
    if any("cycle_momentum" in vars(one) for one in all_of(scheduler)):
        waiting -= {"momentum", "betas"}
    for name in sorted(waiting):
        for group, was in zip(held.param_groups, before, strict=True):
            assert group[name] == was[name], (name, scheduler.last_epoch, group[name], was[name])


def new_optimizer(lrs: list[Any], beta: bool) -> torch.optim.Optimizer:
    groups = [
        {"params": [torch.nn.Parameter(torch.zeros(1))], "lr": made(lr), "weight_decay": 0.1 * i}
        for i, lr in enumerate(lrs)
    ]
    held = torch.optim.Adam(groups, foreach=False) if beta else torch.optim.SGD(groups, momentum=0.9)
    held._opt_called = True
    return held


def look(held: torch.optim.Optimizer, scheduler: Any) -> Any:
    groups = [{key: seen(value) for key, value in group.items() if key != "params"} for group in held.param_groups]
    return groups, [seen(lr) for lr in scheduler.get_last_lr()]


def step(scheduler: Any, k: int) -> None:
    if getattr(scheduler, "takes_metrics", False):
        scheduler.step(1.0 / (1 + k % 5))
    else:
        scheduler.step()


def through_a_file(states: Any) -> Any:
    file = io.BytesIO()
    torch.save(states, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def resume(order: str, build: Build, held: torch.optim.Optimizer, states: Any, at: int) -> Any:
    of_optimizer, of_scheduler = states
    if order == "build after the optimizer's state":
        held.load_state_dict(of_optimizer)
    scheduler = build(held)
    if order == "build first":
        held.load_state_dict(of_optimizer)
    if "build" in order:
        scheduler.load_state_dict(of_scheduler)
    if order == "build first, optimizer last":
        held.load_state_dict(of_optimizer)
    if order in SOUGHT and order != "last_epoch":
        gt.seek(scheduler, at)
    return scheduler


def once(rng: Random) -> None:
    order = rng.choice(ORDERS)
    beta = rng.random() < 0.3
    kind = rng.choice([None, None, None, "t32", "t64"])
    lrs = [rate if kind is None else (kind, rate) for rate in [0.1, 0.03, 0.5][: rng.randint(1, 3)]]
    # The rates of the other two classes depend on the order in which all were made, which `seek` cannot know.
    leaves = [name for name in KEEPS_INITIAL if name != "SWALR"] if order in SOUGHT else LEAVES
    if order == "last_epoch":
        count = rng.randint(1, 3)
        children = [draw_tree(rng, len(lrs), beta, leaves, 1) for _ in range(count)]
        milestones = sorted(rng.sample(range(1, 16), count - 1))

        def build(o: torch.optim.Optimizer, last_epoch: int = -1) -> Any:
            return gt.SequentialLR(o, [child(o) for child in children], list(milestones), last_epoch=last_epoch)
    else:
        build = draw_tree(rng, len(lrs), beta, leaves)
    at, more = rng.randint(1, 17), 8
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        held = new_optimizer(lrs, beta)
        before = [dict(group) for group in held.param_groups]
        try:
            whole = build(held)
            if not has_scheduler(whole) or not keeps_its_start(whole):
                return
            for k in range(at):
                check_the_waiting(whole, held, before)
                step(whole, k)
            states = held.state_dict(), whole.state_dict()
            states = through_a_file(states) if rng.random() < 0.3 else copy.deepcopy(states)
            expected = []
            for k in range(at, at + more):
                step(whole, k)
                expected.append(look(held, whole))
        except (ValueError, ZeroDivisionError) as error:
            if isinstance(error, ValueError) and "Tried to step" not in str(error):
                raise
            return  # OneCycleLR is at its end, or has a phase of 0 steps
        resumed = new_optimizer(lrs, beta)
        is_new = order == "last_epoch"
        scheduler = build(resumed, at - 1) if is_new else resume(order, build, resumed, states, at)
        for i in range(more):
            step(scheduler, at + i)
            check_the_waiting(scheduler, resumed, before)
            found = look(resumed, scheduler)
            assert found == expected[i], (order, at, i, found, expected[i])
