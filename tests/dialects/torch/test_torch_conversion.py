"""`convert` from and to PyTorch: schedulers that torch steps, and the line of code, run by torch."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

import glidepath as gp
from helpers import assert_same
from replay_arguments import drawn

torch = pytest.importorskip("torch")

N = 1_000


def optimizer(lr: float) -> Any:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def stepped(scheduler: Any, n: int) -> Any:
    """The rates of the first `n` steps, which torch's own code sets."""
    rates = []
    for _ in range(n):
        rates.append(scheduler.optimizer.param_groups[0]["lr"])
        scheduler.optimizer.step()
        scheduler.step()
    return np.array(rates)


def test_steplr_as_a_list() -> None:
    rng = Random(0)
    for _ in range(20):
        parameters = drawn("torch.StepLR", rng)
        conversion = gp.convert(gp.replay("torch.StepLR", **parameters), "mindspore", steps=N)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer(parameters.pop("base_lr")), **parameters)
        want, got = stepped(scheduler, N), conversion.value.array(N)
        assert_same(got.astype(np.float32), want.astype(np.float32))
        assert (conversion.agreement == "bits") == bool((got == want).all())
