"""`convert` to MindSpore: its line of code is run by MindSpore, and gives the values that the conversion says."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

import glidepath as gp
import glidepath.mindspore
from glidepath._core import REPLAYS
from helpers import assert_same
from replay_arguments import drawn

ms = pytest.importorskip("mindspore")

from mindspore import nn  # noqa: E402
from mindspore.experimental import optim  # noqa: E402

N = 1_000
TIMES = 10
FEW = 2
"""A step of MindSpore's experimental schedulers takes a millisecond."""


def made(conversion: gp.Conversion) -> Any:
    """What the conversion's line of code makes."""
    names: dict[str, Any] = {"optimizer": optimizer(0.1 if conversion.lr is None else conversion.lr)}
    exec(conversion.imports, names)  # noqa: S102 (it is what users are told to run)
    return eval(conversion.code, names)


def optimizer(lr: float) -> Any:
    return optim.SGD([ms.Parameter(ms.Tensor([1.0], ms.float32), name="w")], lr=lr)


def stepped(scheduler: Any, n: int, every: int = 1) -> Any:
    """The rates of the first `n` steps: a step of the scheduler after each epoch."""
    rates = []
    for k in range(n):
        if k and k % every == 0:
            scheduler.step()
        if k % every == 0:
            rate = float(scheduler.optimizer.param_groups[0]["lr"])
        rates.append(rate)
    return np.array(rates)


def conversions(kind: str, to: str, times: int) -> Any:
    """Conversions of a kind of replay, with random arguments; without what is refused."""
    rng = Random(f"{kind} {to}")
    for _ in range(times):
        source: Any = gp.replay(kind, **drawn(kind, rng))  # type: ignore[arg-type]
        counts_steps = kind.startswith("mindspore.") and "experimental" not in kind
        epoch = {} if counts_steps else {"steps_per_epoch": rng.choice([1, 5])}
        n = min(N, source.steps or N)
        try:
            yield gp.convert(source, to, steps=n, **epoch), n
        except gp.ConversionError as error:
            reasons = ("climbs again", "counts steps", "its values are not the schedule's")
            assert any(reason in str(error) for reason in reasons), error  # noqa: PT017


@pytest.mark.parametrize("kind", REPLAYS)
def test_lists(kind: str) -> None:
    for conversion, n in conversions(kind, "mindspore", TIMES):
        got = made(conversion)
        if conversion.target == "glidepath.mindspore.learning_rate":
            assert_same(got.construct(ms.Tensor(np.arange(n))).asnumpy(), conversion.value.array(n, dtype="float32"))
        else:
            assert type(got) is list
            assert_same(np.array(got), conversion.value.array(n), str(conversion))


@pytest.mark.parametrize("kind", REPLAYS)
def test_classes(kind: str) -> None:
    for conversion, n in conversions(kind, "mindspore.nn", TIMES):
        got = made(conversion).construct(ms.Tensor(np.arange(n), ms.int32)).asnumpy()
        want = conversion.value.array(n, dtype="float32")
        unit = 0 if "learning_rate" in conversion.target else np.spacing(want.max())
        assert np.abs(got - want).max() <= 2 * unit, conversion


@pytest.mark.parametrize("kind", REPLAYS)
def test_experimental_schedulers(kind: str) -> None:
    for conversion, n in conversions(kind, "mindspore.experimental", FEW):
        last = repr(conversion.value).rpartition(".by_epoch(")[2]
        is_table = conversion.target.startswith("glidepath")
        every = int(last[:-1]) if ".by_epoch(" in repr(conversion.value) and not is_table else 1
        got = stepped(made(conversion), n, every)
        want = conversion.value.array(n)
        assert np.abs(got - want).max() <= 2 * np.spacing(np.float32(want.max())), conversion


@pytest.mark.parametrize(
    ("source", "to", "code"),
    [
        (
            gp.warmup_cosine(0.1, steps=100, warmup=10),
            "mindspore",
            [
                "nn.warmup_lr(0.1, total_step=10, step_per_epoch=1, warmup_epoch=10)",
                "nn.cosine_decay_lr(0.0, 0.1, total_step=90, step_per_epoch=1, decay_epoch=90)",
            ],
        ),
        (
            gp.cosine_restarts(0.1, 0.0, 10),
            "mindspore",
            ["nn.cosine_decay_lr(0.0, 0.1, total_step=10, step_per_epoch=1, decay_epoch=10) * 10"],
        ),
        (
            gp.linear(0.1, 0.0, 5).repeat(2),
            "mindspore",
            [
                "nn.polynomial_decay_lr(0.1, 0.0, total_step=5, step_per_epoch=1, decay_epoch=5, power=1.0) * 2",
                "nn.piecewise_constant_lr([90], [0.0])",
            ],
        ),
        (
            gp.cosine(0.1, 0.0, 50).delay(20),
            "mindspore",
            [
                "nn.piecewise_constant_lr([20], [0.1])",
                "nn.cosine_decay_lr(0.0, 0.1, total_step=80, step_per_epoch=1, decay_epoch=50)",
            ],
        ),
        (
            gp.cosine(0.1, 0.0, 50) * 0.5,
            "mindspore",
            ["nn.cosine_decay_lr(0.0, 0.05, total_step=100, step_per_epoch=1, decay_epoch=50)"],
        ),
        (
            gp.natural_exponential(0.1, 0.5).hold(2).by_epoch(5),
            "mindspore",
            ["nn.natural_exp_decay_lr(0.1, 0.5, total_step=100, step_per_epoch=5, decay_epoch=2, is_stair=True)"],
        ),
        (
            gp.polynomial_cycle(0.1, 0.01, 30, power=2.0),
            "mindspore.nn",
            ["nn.PolynomialDecayLR(0.1, 0.01, decay_steps=30, power=2.0, update_decay_steps=True)"],
        ),
        (
            gp.natural_exponential(0.1, 0.5).hold(2).by_epoch(5),
            "mindspore.nn",
            ["nn.NaturalExpDecayLR(0.1, 0.1, decay_steps=10, is_stair=True)"],
        ),
        (gp.linear(0.0, 0.1, 30), "mindspore.nn", ["nn.WarmUpLR(0.1, warmup_steps=30)"]),
    ],
    ids=str,
)
def test_expressions(source: Any, to: str, code: list[str]) -> None:
    conversion = gp.convert(source, to, steps=100)
    assert conversion.code == " + ".join(code)
    got, want = made(conversion), source.array(100)
    if to == "mindspore":
        assert_same(np.array(got, np.float32), want.astype(np.float32))
    else:
        found = got.construct(ms.Tensor(np.arange(100), ms.int32)).asnumpy()
        assert np.abs(found - want).max() <= 1e-6 * want.max()


def test_an_experimental_sequence() -> None:
    conversion = gp.convert(
        gp.linear(0.01, 0.1, 10) >> gp.polynomial(0.1, 0.0, 90), "mindspore.experimental", steps=100
    )
    part = "optim.lr_scheduler"
    assert conversion.code == (
        f"{part}.SequentialLR(optimizer, [{part}.LinearLR(optimizer, start_factor=0.09999999999999999, end_factor=1.0, "
        f"total_iters=10), {part}.PolynomialLR(optimizer, total_iters=90, power=1.0)], milestones=[10])"
    )
    assert np.abs(stepped(made(conversion), 100) - conversion.value.array(100)).max() <= 1e-8
    assert conversion.notes == ("the optimizer's learning rate must be 0.1 as the scheduler is made",)


def test_live_classes_and_schedulers() -> None:
    for live in (nn.PolynomialDecayLR(0.1, 0.01, 30, 2.0), gp.mindspore.nn.PolynomialDecayLR(0.1, 0.01, 30, 2.0)):
        conversion = gp.convert(live, "torch", steps=100)
        assert conversion.source == "mindspore.PolynomialDecayLR"
        assert conversion.code == (
            "optim.lr_scheduler.LambdaLR(optimizer, "
            "lr_lambda=lambda k: 0.09999999999999999 + (1 - 0.09999999999999999) * (1 - min(k, 30) / 30) ** 2.0)"
        )
    scheduler = optim.lr_scheduler.StepLR(optimizer(0.5), step_size=2, gamma=0.5)
    conversion = gp.convert(scheduler, "torch", steps_per_epoch=10, steps=100)
    assert (conversion.source, conversion.agreement) == ("mindspore.experimental.StepLR", "bits")
    assert conversion.code == "optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)"
    table = gp.mindspore.learning_rate(gp.linear(0.1, 0.0, 10), 11)
    assert gp.convert(table, "mindspore").target == "mindspore.polynomial_decay_lr"
    with pytest.raises(gp.ConversionError, match="its rates follow from metrics, and not from the step"):
        gp.convert(optim.lr_scheduler.ReduceLROnPlateau(optimizer(0.1)), "torch")
