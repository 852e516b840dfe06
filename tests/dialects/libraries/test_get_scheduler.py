"""glidepath.torch.get_scheduler with every name of every library."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import glidepath.torch as gt  # noqa: E402
from dialect_arguments import arguments  # noqa: E402
from glidepath.dialects import _declare  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step:UserWarning")

ENTRIES = [entry for entry in _declare.entries() if entry.is_schedule and entry.sets == "lr"]


def optimizer(*rates):
    return torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in rates], lr=rates[0])


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_name_multiplies_each_groups_rate(entry):
    warmup, more = arguments(entry)
    scheduler = gt.get_scheduler(entry.name, optimizer(0.1, 0.02), warmup, 100, more)
    schedule = _declare.make(entry, 0.1, warmup, 100, more)
    for step in (0, 1, 9, 10, 55, 99, 100, 150):
        scheduler.seek(step)
        first, second = scheduler.get_last_lr()
        assert first == schedule[step]
        assert second == pytest.approx(schedule[step] / 5, rel=1e-15, abs=1e-300)
    assert np.isfinite(schedule.array(200)).all()


def test_a_schedule_of_another_hyper_parameter():
    with pytest.raises(ValueError) as caught:
        gt.get_scheduler("megatron.weight_decay", optimizer(0.1), 10, 100)
    assert str(caught.value) == (
        "`get_scheduler.name`: got 'megatron.weight_decay'; it is a schedule of weight_decay. "
        "Pass it as `Scheduler(optimizer, weight_decay=...)`."
    )
