"""Does random actions with random schedulers of glidepath and torch: bits, states, errors and warnings must be equal.

A case builds a scheduler twice, by torch and by glidepath, and does the same random actions with both. After each
action it compares everything that a scheduler sets, and its state. `tests/fuzz.py` says how to run it.
"""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import torch
from torch.optim import lr_scheduler

import glidepath.torch as gt
from torch_recipes import OURS, THEIRS, draw, draw_lrs, look, optimizer, outcome, state_of

Pair = list[Any]
"""The scheduler of torch's, and ours."""


class Done(Exception):  # noqa: N818  # it is no error
    """Both schedulers have raised the same error. Their states may differ afterwards."""


def once(rng: Random) -> None:
    """One random case."""
    lrs, beta = draw_lrs(rng, tensors=rng.random() < 0.25), rng.random() < 0.3
    build = draw(rng, len(lrs))
    pair: Pair = []
    said = [outcome(lambda m=m: pair.append(build(m, optimizer(lrs, beta)))) for m in (THEIRS, OURS)]
    assert said[0] == said[1], said
    if said[0][0]:
        return
    try:
        compare(pair, "made")
        for _ in range(rng.randint(1, 25)):
            act = rng.choice(ACTS)
            pair = act(rng, pair) or pair
            compare(pair, act.__name__)
    except Done:
        return


def compare(pair: Pair, where: str) -> None:
    """Both have set the same values, and their states are equal."""
    theirs, ours = pair
    assert look(ours) == look(theirs), where
    assert state_of(ours) == state_of(theirs), where
    assert vars(ours).keys() == vars(theirs).keys(), where


def both(pair: Pair, call: Callable[[Any], Any]) -> list[Any]:
    """Do the action with both. They must return, raise and warn alike. Returns what they return."""
    found: list[Any] = []
    said = [outcome(lambda s=s: found.append(call(s))) for s in pair]
    assert said[0] == said[1], said
    if said[0][0]:
        raise Done
    return found


def leaf_of(rng: Random, pair: Pair) -> Pair:
    """One of the inner schedulers, the same in both."""
    while hasattr(pair[0], "_schedulers"):
        i = rng.randrange(len(pair[0]._schedulers))
        pair = [scheduler._schedulers[i] for scheduler in pair]
    return pair


# The actions.


def step(rng: Random, pair: Pair) -> None:
    for _ in range(rng.choice([1, 1, 2, 5, 40])):
        both(pair, lambda s: s.step())
        compare(pair, "step")


def step_to(rng: Random, pair: Pair) -> None:
    if hasattr(pair[0], "_schedulers") and rng.random() < 0.8:
        return  # these classes take no epoch: both raise
    epoch = rng.choice([0, 1, 7, 33, None])
    if isinstance(pair[0], lr_scheduler.CosineAnnealingWarmRestarts):
        epoch = rng.choice([epoch, 0.5, 12.25])
    both(pair, lambda s: s.step(epoch))


def preview(rng: Random, pair: Pair) -> None:
    n = rng.choice([0, 1, 2, 30, 150])
    before = look(pair[1]), state_of(pair[1])
    ahead: list[Any] = []
    said = [outcome(lambda s=s: ahead.append(gt.preview(s, n))) for s in pair]
    assert (look(pair[1]), state_of(pair[1])) == before
    compare(pair, "preview")
    assert said[0] == said[1], said
    rows: list[list[float]] = []
    twin = copy.deepcopy(pair[0])
    twin.optimizer._opt_called = True

    def run() -> None:
        for _ in range(n):
            twin.step()
            rows.append([float(group["lr"]) for group in twin.optimizer.param_groups])

    done = outcome(run)
    assert done[:2] == said[0][:2], (done, said[0])
    if not said[0][0]:
        want = np.array(rows).reshape(n, len(pair[0].optimizer.param_groups))
        assert all(np.array_equal(found, want, equal_nan=True) for found in ahead)
        assert all((np.signbit(found) == np.signbit(want)).all() for found in ahead if not np.isnan(want).any())


def seek(rng: Random, pair: Pair) -> None:
    k = rng.choice([0, 1, 2, 17, 120])
    both(pair, lambda s: gt.seek(s, k))


def schedule(rng: Random, pair: Pair) -> None:
    group, steps = rng.randrange(len(pair[0].optimizer.param_groups)), rng.choice([None, 1, 20])
    said: list[Any] = []
    found = [outcome(lambda s=s: said.append(gt.schedule(s, group, steps=steps))) for s in pair]
    if holds(pair[0], (lr_scheduler.CyclicLR, lr_scheduler.OneCycleLR)):
        # torch's classes do not keep their arguments. Their schedule is a table, and ours is a replay. Step 0 may
        # differ: a CyclicLR whose base rates were changed starts with its groups' initial rates.
        if steps is not None and len(said) == 2:
            assert said[0].array(steps)[1:].tolist() == said[1].array(steps)[1:].tolist()
        return
    assert found[0] == found[1], found
    if not found[0][0]:
        assert said[0] == said[1]


def holds(scheduler: Any, classes: tuple[type, ...]) -> bool:
    """Whether a scheduler, or one in it, is of one of these classes."""
    return isinstance(scheduler, classes) or any(holds(one, classes) for one in getattr(scheduler, "_schedulers", ()))


def exchange_states(rng: Random, pair: Pair) -> None:
    states = [copy.deepcopy(s.state_dict()) for s in reversed(pair)]
    both(pair, lambda s: s.load_state_dict(states[pair.index(s)]))


def state_through_json(rng: Random, pair: Pair) -> None:
    """DIFFERENCE: torch loses the milestones of MultiStepLR in JSON. So only our state is stored as JSON."""
    state = pair[1].state_dict()
    try:
        text = json.dumps(state)
    except TypeError:
        return
    if "np." in repr(state):
        return
    pair[0].load_state_dict(copy.deepcopy(pair[0].state_dict()))
    pair[1].load_state_dict(json.loads(text))


def set_attribute(rng: Random, pair: Pair) -> None:
    leaf = leaf_of(rng, pair)
    values: dict[str, list[Any]] = {
        "gamma": [0.5, 0.9, 1.0, np.float64(0.7)],
        "last_epoch": [-2, -1, 0, 1, 5, 50, np.int64(4)],
        "_step_count": [-1, 0, 1, 2, 30],
        "T_max": [1, 2, 9, np.int64(5)],
        "T_i": [1, 3, 20],
        "T_cur": [0, 1, 2.5, -1],
        "T_mult": [1, 2],
        "eta_min": [0.0, 1e-3],
        "total_iters": [0, 1, 9, 70, np.int64(5)],
        "step_size": [1, 2, 9, -3],
        "power": [0.5, 1, 2.0],
        "end_factor": [0.0, 0.3, 1.0],
        "total_steps": [5, 30],
        "anneal_epochs": [0, 3, 50],
        "step_ratio": [0.25, 0.5],
        "cycle_momentum": [False],
    }
    known = [key for key in values if key in vars(leaf[0])]
    key = rng.choice(known)
    value = rng.choice(values[key])
    for scheduler in leaf:
        setattr(scheduler, key, value)


def set_sequence(rng: Random, pair: Pair) -> None:
    if isinstance(pair[0], lr_scheduler.SequentialLR):
        epoch = rng.choice([-3, -1, 0, 5, 200])
        for scheduler in pair:
            scheduler.last_epoch = epoch


def set_base_rates(rng: Random, pair: Pair) -> None:
    leaf, scale = leaf_of(rng, pair), rng.choice([0.5, 3.0])
    for scheduler in leaf:
        scheduler.base_lrs = [base * scale for base in scheduler.base_lrs]


def set_rate(rng: Random, pair: Pair) -> None:
    i, scale = rng.randrange(len(pair[0].optimizer.param_groups)), rng.choice([0.0, 0.5, 2.0, np.float64(0.1)])
    for scheduler in pair:
        group = scheduler.optimizer.param_groups[i]
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].mul_(float(scale))
        else:
            group["lr"] *= scale


def replace_rate(rng: Random, pair: Pair) -> None:
    """A rate of another type."""
    i = rng.randrange(len(pair[0].optimizer.param_groups))
    rate = rng.choice([1, 0.3, np.float64(0.3), torch.tensor(0.3), torch.tensor([0.3]), torch.tensor(0.3).double()])
    for scheduler in pair:
        scheduler.optimizer.param_groups[i]["lr"] = copy.deepcopy(rate)


def add_group(rng: Random, pair: Pair) -> None:
    lr = rng.choice([0.2, torch.tensor(0.2)])
    for scheduler in pair:
        added = {"params": [torch.nn.Parameter(torch.zeros(1))], "lr": copy.deepcopy(lr)}
        if isinstance(lr, torch.Tensor) and "foreach" in scheduler.optimizer.defaults:
            added |= {"foreach": False}
        scheduler.optimizer.add_param_group(added)


def load_optimizer(rng: Random, pair: Pair) -> None:
    for scheduler in pair:
        scheduler.optimizer.load_state_dict(copy.deepcopy(scheduler.optimizer.state_dict()))


def deep_copies(rng: Random, pair: Pair) -> Pair:
    made = both(pair, copy.deepcopy)
    for scheduler in made:
        scheduler.optimizer._opt_called = True
    return made


def pickles(rng: Random, pair: Pair) -> Pair | None:
    try:
        texts = [pickle.dumps(scheduler) for scheduler in pair]
    except (pickle.PicklingError, AttributeError, TypeError):  # a lambda
        return None
    made = [pickle.loads(text) for text in texts]
    for scheduler in made:
        scheduler.optimizer._opt_called = True
    return made


def adopt(rng: Random, pair: Pair) -> Pair:
    made = [copy.deepcopy(pair[0]), gt.adopt(copy.deepcopy(pair[0]))]
    for scheduler in made:
        scheduler.optimizer._opt_called = True
    return made


ACTS = [
    step, step, step, step, step_to, preview, preview, preview, seek, schedule, exchange_states, state_through_json,
    set_attribute, set_attribute, set_sequence, set_base_rates, set_rate, replace_rate, add_group, load_optimizer,
    deep_copies, pickles, adopt,
]  # fmt: skip
