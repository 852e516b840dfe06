"""Compares random experimental schedulers of ours with MindSpore's: `step`, `preview`, `seek`, saving and loading."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import mindspore as ms
import numpy as np
from mindspore.experimental import optim
from mindspore.experimental.optim import lr_scheduler as theirs

from glidepath.mindspore import experimental as ours
from helpers import assert_same
from mindspore_classes import ulps

Make = Callable[[Any, Any], Any]
STEPS = 16
NEAR = 2
"""The most units in the last place by which a step with `pow` or `cos` may differ between glidepath and MindSpore."""


@dataclass(frozen=True)
class Case:
    """A scheduler: its text, how to make it, whether MindSpore has it, with equal bits, and whether it has a replay."""

    text: str
    make: Make
    has_theirs: bool = True
    is_exact: bool = False
    has_replay: bool = True


def optimizer(lrs: list[float]) -> Any:
    groups = [{"params": [ms.Parameter(ms.Tensor([float(i)]), name=f"p{i}")], "lr": lr} for i, lr in enumerate(lrs)]
    return optim.SGD(groups, lr=0.1)


def seen(scheduler: Any) -> list[float]:
    return [float(lr.asnumpy()) for lr in scheduler.get_last_lr()]


def leaf(rng: Random) -> Case:
    n, part = rng.randint(1, 9), rng.choice((0.1, 0.25, rng.uniform(0.05, 1.0)))
    gamma, end = rng.choice((0.1, 0.5, 0.97, 1.1)), rng.choice((0.0, 1e-3))
    cases = [
        Case(f"StepLR({n}, {gamma})", lambda m, o: m.StepLR(o, n, gamma), is_exact=True),
        Case(f"LinearLR({part}, {gamma / 2}, {n})", lambda m, o: m.LinearLR(o, part, gamma / 2, n), is_exact=True),
        Case(f"ExponentialLR({gamma})", lambda m, o: m.ExponentialLR(o, gamma), is_exact=True),
        Case(f"ConstantLR({part}, {n})", lambda m, o: m.ConstantLR(o, part, n), is_exact=True),
        Case(f"PolynomialLR({n}, {2 * part})", lambda m, o: m.PolynomialLR(o, n, 2 * part)),
        Case(f"CosineAnnealingLR({n}, {end})", lambda m, o: m.CosineAnnealingLR(o, n, end)),
        Case(
            f"CosineAnnealingWarmRestarts({n}, {1 + n % 3}, {end})",
            lambda m, o: m.CosineAnnealingWarmRestarts(o, n, 1 + n % 3, end),
        ),
        Case(
            f"LambdaLR({gamma} ** (epoch / 3))",
            lambda m, o: m.LambdaLR(o, lambda epoch: gamma ** (epoch / 3)),
            has_replay=False,
        ),
        Case(
            f"MultiplicativeLR({n} / (epoch + {n}))",
            lambda m, o: m.MultiplicativeLR(o, lambda epoch: n / (epoch + n)),
            has_replay=False,
        ),
        milestones(rng, gamma),
        cyclic(rng, n, gamma),
        scaled(n),
        Case(
            f"OneCycleLR(0.1, {STEPS + n}, {part / 2})", lambda m, o: m.OneCycleLR(o, 0.1, STEPS + n, part / 2), False
        ),
    ]
    return rng.choice(cases)


def milestones(rng: Random, gamma: float) -> Case:
    at = [rng.randint(-1, STEPS) for _ in range(rng.randint(0, 4))]
    return Case(f"MultiStepLR({at}, {gamma})", lambda m, o: m.MultiStepLR(o, at, gamma))


def cyclic(rng: Random, n: int, gamma: float) -> Case:
    down, mode = rng.choice((None, n + 2)), rng.choice(("triangular", "triangular2", "exp_range"))
    return Case(
        f"CyclicLR(0.01, 0.1, {n}, {down}, {mode}, {gamma})",
        lambda m, o: m.CyclicLR(o, 0.01, 0.1, n, down, mode, gamma),
    )


def scaled(n: int) -> Case:
    return Case(
        f"CyclicLR(0.01, 0.1, {n}, scale_fn=0.5**x)",
        lambda m, o: m.CyclicLR(o, 0.01, 0.1, n, scale_fn=lambda x: 0.5**x),
        has_replay=False,
    )


def sequence(rng: Random, depth: int) -> Case:
    parts = [case(rng, depth + 1) for _ in range(rng.randint(1, 3))]
    at = sorted(rng.randint(0 if rng.random() < 0.1 else 1, STEPS - 2) for _ in parts[1:])
    return Case(
        f"SequentialLR([{', '.join(part.text for part in parts)}], {at})",
        lambda m, o: m.SequentialLR(o, [part.make(m, o) for part in parts], list(at)),
        depth == 0 and all(part.has_theirs and not part.text.startswith(("Multi", "Seq")) for part in parts),
        has_replay=all(part.has_replay for part in parts),
    )


def chained(rng: Random, depth: int) -> Case:
    parts = [case(rng, depth + 1) for _ in range(rng.randint(1, 3))]
    return Case(
        f"ChainedScheduler([{', '.join(part.text for part in parts)}])",
        lambda m, o: m.ChainedScheduler([part.make(m, o) for part in parts]),
        has_theirs=False,
        has_replay=all(part.has_replay for part in parts),
    )


def case(rng: Random, depth: int = 0) -> Case:
    if depth < 2 and rng.random() < 0.5:
        return rng.choice((sequence, chained))(rng, depth)
    return leaf(rng)


def run(module: Any, drawn: Case, lrs: list[float]) -> Any:
    scheduler = drawn.make(module, optimizer(lrs))
    found = [seen(scheduler)]
    for _ in range(STEPS):
        scheduler.step()
        found.append(seen(scheduler))
    return np.float32(found)


def once(rng: Random) -> None:
    """Make a scheduler, step it, and check that every other way to the same step gives the same bits."""
    if rng.random() < 0.15:
        plateau(rng)
        return
    drawn, lrs = case(rng), [rng.choice((0.1, 0.05, 3e-4)) for _ in range(rng.randint(1, 2))]
    scheduler = drawn.make(ours, optimizer(lrs))
    scheduler.seek(0)  # the start: the schedulers of a ChainedScheduler may have been made on other learning rates
    want = np.float32([seen(scheduler)])
    for _ in range(STEPS):
        scheduler.step()
        want = np.vstack([want, np.float32([seen(scheduler)])])
    if drawn.has_theirs:
        beside_theirs(rng, drawn, lrs, want)
    walk(rng, drawn, lrs, want)


def walk(rng: Random, drawn: Case, lrs: list[float], want: Any) -> None:
    """Move a scheduler of ours from step to step, in every possible way."""
    scheduler, k = drawn.make(ours, optimizer(lrs)), 0
    scheduler.seek(0)
    for _ in range(8):
        action = rng.choice(("step", "seek", "preview", "state", "schedule"))
        before = scheduler.state_dict()
        if action == "step" and k < STEPS:
            scheduler.step()
            k += 1
        elif action == "seek":
            k = rng.randint(0, STEPS)
            scheduler.seek(k)
        elif action == "preview":
            n = rng.randint(0, STEPS - k)
            assert_same(scheduler.preview(n), want[k + 1 : k + 1 + n], (drawn.text, "preview", k, n))
            assert scheduler.state_dict() == before, (drawn.text, "preview has changed the state")
        elif action == "state":
            scheduler = drawn.make(ours, optimizer(lrs))
            scheduler.load_state_dict(json.loads(json.dumps(before)))
        elif action == "schedule":
            group = rng.randrange(len(lrs))
            given = scheduler.schedule(group, steps=None if drawn.has_replay else STEPS + 1)
            values = given.array(STEPS + 1, dtype="float32")
            assert_same(values, np.ascontiguousarray(want[:, group]), (drawn.text, "schedule"))
            assert scheduler.state_dict() == before, (drawn.text, "schedule has changed the state")
        assert_same(np.float32(seen(scheduler)), want[k], (drawn.text, action, k))
        if action == "seek":
            stepped = drawn.make(ours, optimizer(lrs))
            stepped.seek(0)
            for _ in range(k):
                stepped.step()
            assert scheduler.state_dict() == stepped.state_dict(), (drawn.text, "the state that was sought", k)


def beside_theirs(rng: Random, drawn: Case, lrs: list[float], want: Any) -> None:
    """Compare with MindSpore's own scheduler; then preview and seek MindSpore's."""
    stepped = run(theirs, drawn, lrs)
    if drawn.is_exact:
        assert_same(want, stepped, (drawn.text, "MindSpore's own"))
    elif np.isfinite(stepped).all():
        far = ulps(want, stepped) > NEAR
        small = np.abs(want - stepped) <= 4e-7 * np.float32(max(*lrs, 0.1))
        assert not (far & ~small).any(), (drawn.text, want, stepped)
    live, k = drawn.make(theirs, optimizer(lrs)), rng.randint(0, STEPS // 2)
    ours.seek(live, k)
    assert_same(np.float32(seen(live)), stepped[k], (drawn.text, "seek of MindSpore's own", k))
    assert_same(ours.preview(live, 4), stepped[k + 1 : k + 5], (drawn.text, "preview of MindSpore's own", k))
    live.step()
    assert_same(np.float32(seen(live)), stepped[k + 1], (drawn.text, "step of MindSpore's own after", k))
    values = ours.schedule(live, steps=5).array(5, dtype="float32")
    assert (np.abs(values - stepped[:5, 0]) <= 4e-7 * max(*lrs, 0.1)).all(), (drawn.text, "schedule of MindSpore's own")


def plateau(rng: Random) -> None:
    """Preview ReduceLROnPlateau, ours and MindSpore's own, with random metrics."""
    given = {
        "mode": rng.choice(("min", "max")), "factor": rng.choice((0.1, 0.5)), "patience": rng.randint(0, 2),
        "threshold": rng.choice((1e-4, 0.1)), "threshold_mode": rng.choice(("rel", "abs")),
        "cooldown": rng.randint(0, 2), "min_lr": rng.choice((0, 1e-3)),
    }  # fmt: skip
    metrics = [rng.random() for _ in range(STEPS)]
    for module in (ours, theirs):
        scheduler = module.ReduceLROnPlateau(optimizer([0.1, 0.02]), **given)
        early, late = metrics[: STEPS // 2], metrics[STEPS // 2 :]
        for metric in early:
            scheduler.step(ms.Tensor(metric, ms.float32))
        ahead = ours.preview(scheduler, metrics=late)
        for k, metric in enumerate(late):
            scheduler.step(ms.Tensor(metric, ms.float32))
            assert_same(np.float32(seen(scheduler)), ahead[k], (module.__name__, given, "preview", k))
