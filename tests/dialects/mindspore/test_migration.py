"""Recipes that move between the real PyTorch and the real MindSpore: training, round trips, rehearsals, the seeds."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

import glidepath as gp

torch = pytest.importorskip("torch")
mindspore = pytest.importorskip("mindspore")
from mindspore import nn  # noqa: E402

import migration  # noqa: E402
from glidepath import torch as gt  # noqa: E402

ROWS = [pytest.param(row, kind, id=f"{kind}-{row.label}-{row.target.removeprefix('mindspore.')}")
        for row in migration.ROWS for kind in migration.NETWORKS]  # fmt: skip


@pytest.mark.parametrize(("row", "kind"), ROWS)
def test_the_same_training_gives_the_same_weights(row, kind):
    """The table of docs/groups.md: what is converted is near, and what is refused is not."""
    distance = migration.measured(row, kind)
    if row.is_refused:
        assert distance > migration.FAR
        with pytest.raises(gp.ConversionError):
            gp.convert(migration.recipe(row, kind), row.target, steps=migration.STEPS)
    else:
        assert distance <= migration.NEAR[kind]


# Round trips.

SHAPES = [
    ("first.weight", (4, 3)),
    ("first.bias", (4,)),
    ("norm.weight", (4,)),
    ("norm.bias", (4,)),
    ("last.w", (2, 4)),
]


class TorchNet(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = torch.nn.Linear(3, 4), torch.nn.LayerNorm(4)
        self.last = torch.nn.ParameterDict({"w": torch.nn.Parameter(torch.ones(2, 4))})


class Last(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.w = mindspore.Parameter(mindspore.Tensor(np.ones((2, 4), np.float32)), name="w")


class MindSporeNet(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.last = nn.Dense(3, 4), nn.LayerNorm((4,)), Last()


def schedule(rng: Random) -> gp.Schedule:
    peak = round(rng.uniform(1e-4, 1.0), rng.randint(2, 6)) or 0.1
    return rng.choice([
        lambda: gp.warmup_cosine(peak, steps=rng.randint(5, 99), warmup=rng.randint(0, 4)),
        lambda: gp.linear(peak, 0.0, rng.randint(1, 99)),
        lambda: gp.replay("torch.StepLR", base_lr=peak, step_size=rng.randint(1, 30)).clamp(low=0.0),
        lambda: gp.piecewise_constant([peak, peak / 2], [rng.randint(1, 50)]),
    ])()  # fmt: skip


def random_recipe(rng: Random, to: str) -> gp.Groups:
    """A recipe that both can say."""
    both = {
        "mindspore.nn": ["SGD", "Adam", "AdamW", "Adadelta", "Adamax", "ASGD", "Adagrad"],
        "mindspore.experimental": ["SGD", "Adam", "AdamW", "RMSprop", "Adadelta", "Adamax", "ASGD", "NAdam", "RAdam"],
    }
    name = rng.choice(both[to])
    options: dict[str, Any] = {"lr": rng.choice([schedule(rng), round(rng.uniform(0.0, 1.0), 4)])}
    options["weight_decay"] = rng.choice([0.0, 0.01, round(rng.random(), 5)])
    if name in {"Adam", "AdamW", "Adamax", "NAdam", "RAdam"}:
        options["betas"] = rng.choice([(0.9, 0.999), (0.9, 0.95), (round(rng.uniform(0.1, 0.99), 3), 0.99)])
    if name == "SGD":
        options |= rng.choice([{}, {"momentum": 0.9}, {"momentum": 0.8, "nesterov": True}])
    if name == "Adagrad":
        options["initial_accumulator_value"] = 0.1
    groups = gp.Groups(SHAPES, f"torch.{name}", **options)
    for _ in range(rng.randint(0, 3)):
        chosen = {name for name, _ in SHAPES if rng.random() < 0.5} or {SHAPES[0][0]}
        option: dict[str, Any] = rng.choice([{"lr": schedule(rng)}, {"lr": 0.25}, {"weight_decay": 0.125}])
        groups = groups.where(lambda p, chosen=chosen: p.name in chosen, **option)
    return groups


def names(groups: gp.Groups) -> list[list[str]]:
    return [[param.name for param in group.params] for group in groups]


def as_adamw(groups: gp.Groups) -> gp.Groups:
    """Adam without weight decay, as AdamW: the same rule, and the one that MindSpore has exactly."""
    return gp.Groups.from_json(groups.to_json().replace('"torch.Adam"', '"torch.AdamW"'))


def assert_same_recipe(groups: gp.Groups, back: gp.Groups, *, is_folded: bool) -> None:
    if back.optimizer != groups.optimizer:
        groups = as_adamw(groups)
        assert not groups.array(60, "weight_decay").any()
    assert back.optimizer == groups.optimizer
    comparison = gp.compare(groups, back, 60)
    if is_folded:  # the bias correction was put into the rate and the weight decay, and taken out again
        assert comparison.of_peak.value < 1e-15, comparison
        assert not [line for line in comparison.differences if not line.startswith(("lr of", "weight_decay of"))]
    else:
        comparison.require("bits")


@pytest.mark.parametrize("to", ["mindspore.nn", "mindspore.experimental"])
def test_thousands_of_recipes_come_back_as_they_were(to):
    for seed in range(2_000):
        groups = random_recipe(Random(seed), to)
        there = gp.convert(groups, to, steps=60).value
        back = gp.convert(there, "torch", steps=60).value
        assert names(there) == names(back) == names(groups)
        assert_same_recipe(groups, back, is_folded=there.optimizer == "mindspore.nn.AdamWeightDecay")


@pytest.mark.parametrize("to", ["mindspore.nn", "mindspore.experimental"])
def test_recipes_come_back_from_real_optimizers(to):
    """torch -> Groups -> MindSpore -> Groups -> torch, with a real optimizer at each stop."""
    model, net = TorchNet(), MindSporeNet()
    for seed in range(150):
        groups = random_recipe(Random(seed), to)
        optimizer = getattr(torch.optim, groups.optimizer.removeprefix("torch."))(groups.to_torch(model))
        driven = any(isinstance(group.options["lr"], gp.Schedule) for group in groups)
        if groups.optimizer == "torch.Adagrad":  # its constructor's option
            optimizer = torch.optim.Adagrad(groups.to_torch(model), initial_accumulator_value=0.1)
        read = gp.Groups.of(optimizer, gt.Scheduler(optimizer, groups) if driven else None, names=model)
        gp.compare(groups, read, 60).require("bits")
        plan = gp.convert(read, to, steps=60)
        real, scheduler = plan.build(net)
        there = gp.Groups.of(real, scheduler)
        is_folded = there.optimizer == "mindspore.nn.AdamWeightDecay"
        theirs = {"norm.weight": "norm.gamma", "norm.bias": "norm.beta"}
        expected = [[theirs.get(name, name) for name in group] for group in names(groups)]
        if is_folded:  # the one optimizer that does not keep its groups: their order is that of the parameters
            assert {name for group in names(there) for name in group} == {name for group in expected for name in group}
        else:
            assert names(there) == expected
        again, scheduler = gp.convert(there, "torch", steps=60).build(model)
        back = gp.Groups.of(again, scheduler, names=model)
        assert back.params == groups.params
        assert_same_recipe(groups, back, is_folded=is_folded)


# Rehearsals.


def test_a_rehearsal_tells_a_rule_from_another(tmp_path):
    groups = migration.recipe(migration.Row("AdamW", {"weight_decay": 0.1}, "", scale=0.1), migration.LINEAR)
    ours = gp.rehearse(groups)
    assert ours.shape == (20, 4, 8)
    assert ours.dtype == np.float32
    assert np.array_equal(ours, gp.rehearse(groups))
    for to in ("mindspore.nn", "mindspore.experimental"):
        theirs = gp.rehearse(gp.convert(groups, to, steps=50))
        assert gp.compare(ours, theirs).within(1e-5)
        assert not gp.compare(ours, theirs).equal("bits")
    by_name = migration.recipe(
        migration.Row("AdamW", {}, ""), migration.LINEAR, "mindspore.nn.AdamWeightDecay", {"weight_decay": 0.1}
    )
    assert not gp.compare(ours, gp.rehearse(by_name)).within(5e-4)
    np.save(tmp_path / "a.npy", ours)
    assert (tmp_path / "a.npy").stat().st_size < 4_096
    gp.compare(tmp_path / "a.npy", ours).require("bits")


def test_a_rehearsal_of_a_rule_that_depends_on_the_device():
    """nn.Momentum ignores use_nesterov on the CPU: no table knows that, and a rehearsal shows it."""
    groups = gp.Groups(SHAPES, "mindspore.nn.Momentum", lr=0.1, momentum=0.9)
    with_nesterov = groups.where("*", use_nesterov=True)
    assert np.array_equal(gp.rehearse(groups), gp.rehearse(with_nesterov))
    nesterov = gp.Groups(SHAPES, "torch.SGD", lr=0.1, momentum=0.9, nesterov=True)
    assert not gp.compare(gp.rehearse(with_nesterov), gp.rehearse(nesterov)).within(1e-2)
    assert gp.compare(gp.rehearse(gp.convert(nesterov, "mindspore.nn")), gp.rehearse(nesterov)).within(1e-6)
