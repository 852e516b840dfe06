"""The experimental schedulers: the learning rates of MindSpore's own, step by step, on its own optimizers."""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Callable
from importlib.util import find_spec
from random import Random
from typing import Any

import numpy as np
import pytest

import glidepath as gp
from mindspore_classes import ulps

pytestmark = pytest.mark.skipif(find_spec("mindspore") is None, reason="needs MindSpore")
ms = pytest.importorskip("mindspore")

from mindspore.experimental import optim  # noqa: E402 (only where it is installed)
from mindspore.experimental.optim import lr_scheduler as theirs  # noqa: E402 (the same)

from glidepath.mindspore import experimental as ours  # noqa: E402 (the same)

NEAR = 2
"""Units in the last place that may lie between glidepath and MindSpore."""
Make = Callable[[Any, Any], Any]


def optimizer(lrs: list[float], kind: str = "SGD") -> Any:
    groups = [
        {"params": [ms.Parameter(ms.Tensor(np.float32([i, 1.0])), name=f"p{i}")], "lr": lr} for i, lr in enumerate(lrs)
    ]
    return getattr(optim, kind)(groups, lr=0.1)


def seen(scheduler: Any) -> list[float]:
    return [float(lr.asnumpy()) for lr in scheduler.get_last_lr()]


def rates(module: Any, make: Make, lrs: list[float], steps: int, kind: str = "SGD") -> Any:
    used = optimizer(lrs, kind)
    scheduler = make(module, used)
    found = [seen(scheduler)]
    for _ in range(steps):
        scheduler.step()
        found.append(seen(scheduler))
        assert found[-1] == [float(group["lr"].asnumpy()) for group in used.param_groups]
    return np.float32(found)


def some(name: str, rng: Random) -> Make:
    """A scheduler of that class, with random arguments."""
    n, gamma, end = rng.randint(1, 15), rng.choice((0.1, 0.5, 0.9, 0.99, 1.1)), rng.choice((0.0, 1e-3))
    part, milestones = rng.uniform(0.1, 1.0), [rng.randint(0, 25) for _ in range(4)]
    makes: dict[str, Make] = {
        "StepLR": lambda m, o: m.StepLR(o, n, gamma),
        "LinearLR": lambda m, o: m.LinearLR(o, part, 1.0 - part / 2, n),
        "LambdaLR": lambda m, o: m.LambdaLR(o, lambda epoch: gamma ** (epoch / 3)),
        "ExponentialLR": lambda m, o: m.ExponentialLR(o, gamma),
        "PolynomialLR": lambda m, o: m.PolynomialLR(o, n, 2.0 * part),
        "MultiplicativeLR": lambda m, o: m.MultiplicativeLR(o, lambda epoch: 1.0 / (epoch + 1.0)),
        "MultiStepLR": lambda m, o: m.MultiStepLR(o, milestones, gamma),
        "ConstantLR": lambda m, o: m.ConstantLR(o, part, n),
        "SequentialLR": lambda m, o: m.SequentialLR(
            o, [m.ConstantLR(o, part, 3), m.ExponentialLR(o, 0.9), m.CosineAnnealingLR(o, n), m.LinearLR(o)],
            [4, 10, 17],
        ),
        "CyclicLR": lambda m, o: m.CyclicLR(
            o, 0.01, 0.1, n, None if n % 2 else n + 3, ("triangular", "triangular2", "exp_range")[n % 3], 0.97
        ),
        "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, n, 1 + n % 3, end),
        "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, n, end),
    }  # fmt: skip
    return makes[name]


STEPPED = (
    "StepLR", "LinearLR", "LambdaLR", "ExponentialLR", "PolynomialLR", "MultiplicativeLR", "MultiStepLR", "ConstantLR",
    "SequentialLR", "CyclicLR", "CosineAnnealingWarmRestarts", "CosineAnnealingLR",
)  # fmt: skip


def test_all_of_mindspore_s_are_here() -> None:
    assert set(theirs.__all__) == {*STEPPED, "LRScheduler", "ReduceLROnPlateau"}
    assert set(ours.__all__) == {*theirs.__all__, "OneCycleLR", "ChainedScheduler"}


@pytest.mark.parametrize("name", theirs.__all__)
def test_names_order_and_defaults_are_mindspore_s(name: str) -> None:
    def parameters(made: Any) -> list[tuple[str, Any]]:
        return [(p.name, p.default) for p in inspect.signature(made).parameters.values()]

    assert parameters(getattr(ours, name)) == parameters(getattr(theirs, name))


@pytest.mark.parametrize("name", STEPPED)
def test_every_step_gives_mindspore_s_learning_rates(name: str) -> None:
    for seed in range(6):
        rng = Random(f"{name} {seed}")
        make, lrs = some(name, rng), [rng.choice((0.1, 0.05, 3e-4)) for _ in range(rng.randint(1, 3))]
        kind = rng.choice(("SGD", "Adam"))
        want = rates(theirs, make, lrs, 30, kind)
        got = rates(ours, make, lrs, 30, kind)
        assert ulps(got, want).max() <= NEAR, (name, seed, got, want)


@pytest.mark.parametrize("name", ["StepLR", "LinearLR", "ExponentialLR", "PolynomialLR", "ConstantLR",
                                  "CosineAnnealingLR"])  # fmt: skip
def test_an_epoch_that_is_given_has_mindspore_s_learning_rate(name: str) -> None:
    for seed in range(3):
        make = some(name, Random(f"{name} {seed}"))
        pair = [make(module, optimizer([0.1, 0.01])) for module in (theirs, ours)]
        for epoch in (3, 0, 7, 1, 20):
            for scheduler in pair:
                scheduler.step(epoch)
            assert ulps(np.float32(seen(pair[1])), np.float32(seen(pair[0]))).max() <= NEAR, (name, seed, epoch)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
def test_a_plateau_is_mindspore_s(mode: str, threshold_mode: str) -> None:
    rng = Random(f"{mode} {threshold_mode}")
    for _ in range(3):
        given = {
            "factor": rng.choice((0.1, 0.5)), "patience": rng.randint(0, 3), "threshold": rng.choice((1e-4, 0.1)),
            "cooldown": rng.randint(0, 3), "min_lr": rng.choice((0, 1e-3)),
        }  # fmt: skip
        metrics = [math.sin(k) + rng.random() for k in range(30)]
        pair = [
            module.ReduceLROnPlateau(optimizer([0.1, 0.02]), mode, threshold_mode=threshold_mode, **given)
            for module in (theirs, ours)
        ]
        for metric in metrics:
            pair[0].step(ms.Tensor(metric, ms.float32))
            pair[1].step(metric)
            assert ulps(np.float32(seen(pair[1])), np.float32(seen(pair[0]))).max() <= NEAR, (given, metric)
        assert seen(pair[1])[0] < 0.1


def test_a_scale_of_one_s_own() -> None:
    def make(module: Any, used: Any) -> Any:
        return module.CyclicLR(used, [0.01, 0.02], [0.1, 0.2], 3, 4, scale_fn=lambda x: 0.5**x, scale_mode="cycle")

    assert ulps(rates(ours, make, [0.1, 0.1], 20), rates(theirs, make, [0.1, 0.1], 20)).max() <= NEAR


# What MindSpore's lack.


@pytest.mark.parametrize("name", [*STEPPED, "OneCycleLR", "ChainedScheduler"])
def test_a_state_that_is_loaded_goes_on_as_if_nothing_had_happened(name: str) -> None:
    extra: dict[str, Make] = {
        "OneCycleLR": lambda m, o: m.OneCycleLR(o, 0.1, 40),
        "ChainedScheduler": lambda m, o: m.ChainedScheduler([m.ConstantLR(o, 0.5, 4), m.ExponentialLR(o, 0.9)]),
    }
    make = extra.get(name) or some(name, Random(name))
    whole = rates(ours, make, [0.1, 0.02], 20)
    half = make(ours, optimizer([0.1, 0.02]))
    for _ in range(8):
        half.step()
    state = json.loads(json.dumps(half.state_dict()))
    resumed = make(ours, optimizer([0.1, 0.02]))
    resumed.load_state_dict(state)
    found = [seen(resumed)]
    for _ in range(12):
        resumed.step()
        found.append(seen(resumed))
    assert np.float32(found).tobytes() == whole[8:].tobytes()


def test_a_plateau_s_state_travels_too() -> None:
    one = ours.ReduceLROnPlateau(optimizer([0.1]), patience=1)
    for metric in (1.0, 1.0, 1.0):
        one.step(metric)
    other = ours.ReduceLROnPlateau(optimizer([0.1]), patience=1)
    other.load_state_dict(one.state_dict())
    assert (seen(other), other.best, other.wait) == (seen(one), one.best, one.wait)
    assert seen(other)[0] < 0.1


def test_a_state_of_another_kind_is_refused() -> None:
    state = ours.StepLR(optimizer([0.1]), 3).state_dict()
    for other in (ours.ExponentialLR(optimizer([0.1]), 0.9), ours.StepLR(optimizer([0.1, 0.2]), 3)):
        with pytest.raises(ValueError, match=re.escape("load_state_dict`: got a state with ['base_lrs', 'gamma'")):
            other.load_state_dict(state)


def test_the_epoch_does_not_stand_still_at_2_to_the_24() -> None:
    scheduler = ours.StepLR(optimizer([0.1]), 2**24 + 2, 0.5)
    scheduler.last_epoch = 2**24 - 2
    for _ in range(6):
        scheduler.step()
    assert scheduler.last_epoch == 2**24 + 4
    assert seen(scheduler) == [float(np.float32(0.1) * np.float32(0.5))]
    stuck = theirs.StepLR(optimizer([0.1]), 2**24 + 2, 0.5)
    ms.ops.assign(stuck.last_epoch, ms.Tensor(2**24 - 2, ms.float32))
    for _ in range(6):
        stuck.step()
    assert float(stuck.last_epoch.asnumpy()) == 2**24, "MindSpore's does: if no more, this page of the docs is old"


def test_multi_step_works_inside_sequential() -> None:
    def make(module: Any, used: Any) -> Any:
        parts = [module.ConstantLR(used, 0.5, 3), module.MultiStepLR(used, [2, 4], 0.1)]
        return module.SequentialLR(used, parts, [3])

    got = rates(ours, make, [0.1], 8)[:, 0]
    want = [0.05, 0.05, 0.05, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001]
    assert ulps(got, np.float32(want)).max() <= NEAR
    with pytest.raises(AttributeError, match="step_size"):
        rates(theirs, make, [0.1], 8)


def test_composites_nest() -> None:
    used = optimizer([0.1])
    inner = ours.SequentialLR(used, [ours.ConstantLR(used, 0.5, 2), ours.ExponentialLR(used, 0.5)], [2])
    chained = ours.ChainedScheduler([ours.ConstantLR(used, 0.1, 3), ours.ExponentialLR(used, 0.9)])
    outer = ours.SequentialLR(used, [inner, chained], [5])
    found = [seen(outer)[0]]
    for _ in range(9):
        outer.step()
        found.append(seen(outer)[0])
    first = [0.05, 0.05, 0.1, 0.05, 0.025]
    then = [0.01 * 0.9**k * (10.0 if k >= 3 else 1.0) for k in range(5)]
    assert ulps(np.float32(found), np.float32(first + then)).max() <= 4


def test_chained_is_the_product_of_its_parts() -> None:
    used = optimizer([0.1, 0.2])
    chained = ours.ChainedScheduler([ours.ConstantLR(used, 0.1, 3), ours.ExponentialLR(used, 0.9)])
    assert ulps(np.float32(seen(chained)), np.float32([0.01, 0.02])).max() <= NEAR
    for _ in range(3):
        chained.step()
    assert ulps(np.float32(seen(chained)), np.float32([0.1 * 0.9**3, 0.2 * 0.9**3])).max() <= 4


@pytest.mark.parametrize("three_phase", [False, True])
@pytest.mark.parametrize("anneal_strategy", ["cos", "linear"])
def test_one_cycle(three_phase: bool, anneal_strategy: str) -> None:
    given = {"pct_start": 0.25, "three_phase": three_phase, "anneal_strategy": anneal_strategy}
    used = optimizer([0.5])
    scheduler = ours.OneCycleLR(used, 0.1, epochs=4, steps_per_epoch=10, **given)
    schedule = gp.replay("mindspore.experimental.OneCycleLR", max_lr=0.1, total_steps=40, **given)
    found = [seen(scheduler)[0]]
    for _ in range(39):
        scheduler.step()
        found.append(seen(scheduler)[0])
    assert found == schedule.array(40).tolist()
    assert (found[0], found[9]) == (float(np.float32(0.1 / 25)), float(np.float32(0.1)))
    assert ulps(np.float32(found[39]), np.float32(0.1 / 25 / 1e4)) == 0
    assert max(found) == found[9]
    with pytest.raises(ValueError, match=re.escape("`OneCycleLR.step`: got step 40; there are 40 steps in all.")):
        scheduler.step()


def test_attributes_are_live() -> None:
    scheduler = ours.ExponentialLR(optimizer([1.0]), 0.5)
    scheduler.step()
    scheduler.gamma = 0.25
    scheduler.step()
    assert seen(scheduler) == [0.125]


def test_restarts_take_fractions() -> None:
    scheduler = ours.CosineAnnealingWarmRestarts(optimizer([0.1]), 4, 2)
    scheduler.step(0.5)
    want = 0.1 * (1 + math.cos(math.pi * 0.5 / 4)) / 2
    assert ulps(np.float32(seen(scheduler)), np.float32([want])).max() <= NEAR
    scheduler.step(5.5)  # in the second cycle, where MindSpore's raises
    want = 0.1 * (1 + math.cos(math.pi * 1.5 / 8)) / 2
    assert ulps(np.float32(seen(scheduler)), np.float32([want])).max() <= NEAR
    assert scheduler.last_epoch == 5
    scheduler.step()
    want = 0.1 * (1 + math.cos(math.pi * 2.5 / 8)) / 2
    assert ulps(np.float32(seen(scheduler)), np.float32([want])).max() <= NEAR


def test_a_scheduler_of_one_s_own() -> None:
    class Halved(ours.LRScheduler):
        def get_lr(self) -> Any:
            return [base / 2**self.last_epoch for base in self.base_lrs]

    scheduler = Halved(optimizer([1.0, 2.0]))
    scheduler.step()
    assert seen(scheduler) == [0.5, 1.0]


def test_it_resumes_from_an_epoch() -> None:
    used = optimizer([0.1])
    with pytest.raises(KeyError, match="initial_lr"):
        ours.StepLR(used, 3, last_epoch=4)
    scheduler = ours.StepLR(used, 3, 0.5)
    resumed = ours.StepLR(used, 3, 0.5, last_epoch=2)
    assert resumed.last_epoch == 3
    assert seen(resumed) == [float(np.float32(0.05))]
    assert scheduler.last_epoch == 0


def test_a_long_line_stays_near() -> None:
    """A number over a Tensor is one times its reciprocal in MindSpore, and the recurrence adds up what that rounds."""
    want, got = (rates(module, lambda m, o: m.LinearLR(o, 0.17, 0.99, 52), [0.1], 60) for module in (theirs, ours))
    assert (np.abs(got.view(np.int32) - want.view(np.int32)) <= 2).all()


def test_a_sequence_that_is_resumed() -> None:
    def resumed(module: Any) -> list[float]:
        used = optimizer([0.1], "SGD")
        used.param_groups[0]["initial_lr"] = ms.Tensor(0.1, ms.float32)
        parts = [
            module.LambdaLR(used, lambda e: 0.9**e, last_epoch=1),
            module.LambdaLR(used, lambda e: 0.5**e, last_epoch=1),
        ]
        scheduler = module.SequentialLR(used, parts, [4], last_epoch=1)
        found = seen(scheduler)
        for _ in range(4):
            scheduler.step()
            found += seen(scheduler)
        return found

    assert resumed(ours) == resumed(theirs)


# Training.


def trained(module: Any) -> Any:
    first = ms.Tensor(np.linspace(-1.0, 1.0, 6, dtype=np.float32).reshape(2, 3))
    net = ms.nn.Dense(3, 2, weight_init=first, bias_init="zeros")
    used = optim.Adam(
        [{"params": [net.weight], "lr": 0.05}, {"params": [net.bias], "weight_decay": 0.01}], lr=0.1
    )  # fmt: skip
    scheduler = module.SequentialLR(used, [module.LinearLR(used, 0.1), module.CosineAnnealingLR(used, 20, 1e-3)], [5])
    loss = ms.nn.MSELoss()

    def forward(x: Any, y: Any) -> Any:
        return loss(net(x), y)

    gradients = ms.value_and_grad(forward, None, used.parameters)
    rng = np.random.default_rng(0)
    x, y = (ms.Tensor(rng.random(shape, dtype=np.float32)) for shape in ((8, 3), (8, 2)))
    for _ in range(30):
        used(gradients(x, y)[1])
        scheduler.step()
    return np.concatenate([net.weight.asnumpy().ravel(), net.bias.asnumpy()])


def test_training_ends_where_mindspore_s_does() -> None:
    np.testing.assert_allclose(trained(ours), trained(theirs), rtol=2e-5, atol=1e-7)


def test_graph_mode_changes_nothing() -> None:
    make = some("SequentialLR", Random(1))
    want = rates(ours, make, [0.1], 20)
    ms.set_context(mode=ms.GRAPH_MODE)
    try:
        assert rates(ours, make, [0.1], 20).tobytes() == want.tobytes()
    finally:
        ms.set_context(mode=ms.PYNATIVE_MODE)


# What is refused.

REFUSED: list[Make] = [
    lambda m, o: m.StepLR(None, 3), lambda m, o: m.StepLR(o, 2.5), lambda m, o: m.StepLR(o, 3, 1),
    lambda m, o: m.StepLR(o, 3, last_epoch=-2), lambda m, o: m.StepLR(o, 3, last_epoch=1.5),
    lambda m, o: m.StepLR(o, 3, last_epoch=5),
    lambda m, o: m.LinearLR(o, 1.5), lambda m, o: m.LinearLR(o, 0.0), lambda m, o: m.LinearLR(o, 0.5, 1.5),
    lambda m, o: m.LinearLR(o, 0.5, 1.0, 2.5), lambda m, o: m.ExponentialLR(o, 1), lambda m, o: m.PolynomialLR(o, 2.5),
    lambda m, o: m.PolynomialLR(o, 5, -1.0), lambda m, o: m.PolynomialLR(o, 5, 1),
    lambda m, o: m.LambdaLR(o, [lambda e: e] * 3), lambda m, o: m.MultiplicativeLR(o, [lambda e: e] * 3),
    lambda m, o: m.MultiStepLR(o, (1, 2)), lambda m, o: m.MultiStepLR(o, [1.5]),
    lambda m, o: m.MultiStepLR(o, [1], "x"), lambda m, o: m.ConstantLR(o, 1.5), lambda m, o: m.ConstantLR(o, 0.5, 2.5),
    lambda m, o: m.CyclicLR(o, [0.1] * 3, 0.2), lambda m, o: m.CyclicLR(o, 0.1, 0.2, mode="x"),
    lambda m, o: m.CosineAnnealingWarmRestarts(o, 0), lambda m, o: m.CosineAnnealingWarmRestarts(o, 2, 0),
    lambda m, o: m.CosineAnnealingLR(o, 2.5), lambda m, o: m.CosineAnnealingLR(o, 2, "x"),
    lambda m, o: m.SequentialLR(o, [m.StepLR(o, 2), m.StepLR(o, 2)], [1, 2]),
    lambda m, o: m.SequentialLR(o, [m.StepLR(optimizer([0.1]), 2)], []),
    lambda m, o: m.ReduceLROnPlateau(o, factor=1.0), lambda m, o: m.ReduceLROnPlateau(None),
    lambda m, o: m.ReduceLROnPlateau(o, mode="x"), lambda m, o: m.ReduceLROnPlateau(o, threshold_mode="x"),
    lambda m, o: m.ReduceLROnPlateau(o, min_lr=[0.1] * 3),
]  # fmt: skip


@pytest.mark.parametrize("make", REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused_is_refused_alike(make: Make) -> None:
    with pytest.raises((TypeError, ValueError, KeyError)) as want:
        make(theirs, optimizer([0.1]))
    with pytest.raises(type(want.value)) as got:
        make(ours, optimizer([0.1]))
    assert re.search(r"`[\w.]+(\[\d\])?`: got ", str(got.value))
