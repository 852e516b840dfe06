"""`convert` from and to PyTorch: schedulers that torch steps, and the line of code, run by torch."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

import glidepath as gp
from glidepath._core import REPLAYS
from helpers import assert_same
from replay_arguments import drawn

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler  # noqa: E402

import glidepath.torch as gt  # noqa: E402

N = 1_000
TIMES = 8
ULPS = 8
"""How far a chain with a LambdaLR in it may be: torch starts its parts by another formula, which rounds otherwise."""


def optimizer(lr: float = 0.1, groups: int = 1) -> Any:
    parameters = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(groups)]
    return torch.optim.SGD(parameters, lr=lr, momentum=0.9)


def made(conversion: gp.Conversion) -> Any:
    """The scheduler that the conversion's line of code makes."""
    names: dict[str, Any] = {"optimizer": optimizer(0.1 if conversion.lr is None else conversion.lr)}
    exec(conversion.imports, names)  # noqa: S102 (it is what users are told to run)
    return eval(conversion.code, names)


def stepped(scheduler: Any, n: int, every: int = 1) -> Any:
    """The rates of the first `n` steps, which torch's own code sets: a step of the scheduler after each epoch."""
    rates = []
    for k in range(n):
        if k and k % every == 0:
            scheduler.step()
        rates.append(scheduler.optimizer.param_groups[0]["lr"])
        scheduler.optimizer.step()
    return np.array(rates)


def epochs_of(schedule: Any) -> int:
    """The steps of an epoch."""
    last = repr(schedule).rpartition(".by_epoch(")[2]
    return int(last[:-1]) if ".by_epoch(" in repr(schedule) else 1


@pytest.mark.parametrize("kind", REPLAYS)
def test_the_code_gives_the_values_in_torch(kind: str) -> None:
    rng, targets = Random(kind), set()
    for _ in range(TIMES):
        source: Any = gp.replay(kind, **drawn(kind, rng))  # type: ignore[arg-type]
        n = min(N, source.steps or N)
        try:
            conversion = gp.convert(source, "torch", steps=n)
        except gp.ConversionError as error:
            assert "CosineAnnealingLR" in str(error)  # noqa: PT017 (MindSpore's drifts in float32, 1e-3 and more)
            continue
        targets.add(conversion.target)
        want = conversion.value.array(n)
        every = 1 if conversion.target == "glidepath.torch.Scheduler" else epochs_of(conversion.value)
        got = stepped(made(conversion), n, every)
        if "LambdaLR" in conversion.code and "SequentialLR" in conversion.code:
            assert np.abs(got - want).max() <= ULPS * np.spacing(want.max()), conversion
        else:
            assert_same(got, want, str(conversion))
    assert targets, kind


def lambda_sources() -> list[Any]:
    return [
        gp.warmup_cosine(0.1, steps=900, warmup=50),
        gp.warmup_linear(0.1, steps=900, warmup=50, end=0.01),
        gp.linear(0.0, 0.2, 10).by_epoch(7),
        gp.wsd(0.1, steps=900, warmup=90, decay=90),
        gp.polynomial(0.1, 0.01, 400, power=2.0),
        gp.polynomial_cycle(0.1, 0.01, 100),
        gp.inverse_time(0.1, 0.5, per=10, stair=True),
        gp.piecewise_constant([0.0, 0.1, 0.05], [10, 20]),
        gp.cosine(0.1, 0.02, 300),
        0.5 * gp.cosine(0.2, 0.0, 1_000),
        gp.triangle(0.01, 0.1, 20, 30, decay=0.5),
        gp.exponential(0.1, 0.5, per=30.0),
        gp.constant(0.1),
        gp.cosine(1.0, 0.0, 50).repeat(),
        gp.cosine(0.1, 0.0, 50).delay(20),
    ]


@pytest.mark.parametrize("source", lambda_sources(), ids=str)
def test_expressions_in_torch(source: Any) -> None:
    conversion = gp.convert(source, "torch", steps=N)
    assert conversion.target.startswith("torch."), conversion
    got, want = stepped(made(conversion), N, epochs_of(conversion.value)), source.array(N)
    assert np.abs(got - want).max() <= 1e-12 * want.max(), conversion
    assert conversion.agreement in {"bits", "float32", "near"}


def test_what_torch_has_not_is_glidepath_s_scheduler() -> None:
    conversion = gp.convert(gp.cosine_restarts(0.1, 0.0, 10, decay=0.9), "torch", steps=N)
    assert str(conversion) == (
        "schedule -> glidepath.torch.Scheduler\n"
        "  Scheduler(optimizer, lr=gp.cosine_restarts(0.1, 0.0, 10, decay=0.9))\n"
        "  equal in bits at all 1,000 steps\n"
        "  ! glidepath's own, for torch has no such schedule: each of its cycles is lower than the one before\n"
        "  ! call scheduler.step() after each step of the optimizer"
    )
    assert_same(stepped(made(conversion), N), conversion.value.array(N))


@pytest.mark.parametrize("module", [lr_scheduler, gt], ids=["torch", "glidepath"])
def test_a_live_scheduler(module: Any) -> None:
    scheduler = module.StepLR(optimizer(), step_size=30)
    assert str(gp.convert(scheduler, "mindspore", steps=45_000, steps_per_epoch=500)) == (
        "torch.StepLR -> mindspore.exponential_decay_lr\n"
        "  nn.exponential_decay_lr(0.1, 0.1, total_step=45000, step_per_epoch=500, decay_epoch=30, is_stair=True)\n"
        "  equal in bits at all 45,000 steps"
    )
    scheduler.optimizer.step()
    scheduler.step()
    assert gp.convert(scheduler, "mindspore", steps=90).notes == (
        "from its start, though the scheduler stands at step 1",
    )


def test_a_function_is_a_table() -> None:
    scheduler = lr_scheduler.LambdaLR(optimizer(), lambda k: 0.5**k)
    with pytest.raises(gp.ConversionError) as caught:
        gp.convert(scheduler, "mindspore")
    assert str(caught.value) == (
        "torch.LambdaLR -> mindspore:\n"
        "  `convert.steps`: got None; this LambdaLR has a table of rates only. Say how many steps: "
        "`convert(..., steps=1000)`."
    )
    conversion = gp.convert(scheduler, "mindspore", steps=30, steps_per_epoch=10)
    assert conversion.source == "torch.LambdaLR"
    assert conversion.value.array(30).tolist() == [
        float(np.float32(x)) for x in [0.1] * 10 + [0.05] * 10 + [0.025] * 10
    ]


def test_all_refusals_at_once() -> None:
    held = optimizer(groups=2)
    scheduler = lr_scheduler.CyclicLR(held, [0.01, 0.02], 0.1, step_size_up=5)
    with pytest.raises(gp.ConversionError) as caught:
        gp.convert(scheduler, "mindspore.experimental", steps=100)
    assert str(caught.value) == (
        "torch.CyclicLR -> glidepath.mindspore.experimental.LambdaLR:\n"
        "  `convert.x`: got a scheduler of 2 groups; its groups have different schedules. Convert each: "
        "`convert(glidepath.torch.schedule(scheduler, group), ...)`.\n"
        "  `cycle_momentum`: got True; the rate is converted, and the momentum that it cycles is not. Make it with "
        "cycle_momentum=False, or set the momentum by a schedule of its own."
    )
    loose = gp.convert(scheduler, "mindspore.experimental", steps=100, strict=False)
    assert loose.notes[-1].startswith("the rate is converted, and the momentum that it cycles is not (`cycle_momentum`")


@pytest.mark.parametrize("module", [lr_scheduler, gt], ids=["torch", "glidepath"])
def test_metrics_are_refused(module: Any) -> None:
    with pytest.raises(gp.ConversionError) as caught:
        gp.convert(module.ReduceLROnPlateau(optimizer()), "mindspore", steps=9, strict=False)
    assert str(caught.value) == (
        "torch.ReduceLROnPlateau -> mindspore:\n"
        "  `convert.x`: got a ReduceLROnPlateau; its rates follow from metrics, and not from the step. Both frameworks "
        "have a ReduceLROnPlateau with the same arguments: call it there."
    )
