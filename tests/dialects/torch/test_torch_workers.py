"""Schedules in torch's DataLoader: datasets, collate functions and samplers, with every way to start workers."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="has the DataLoader")

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler, get_worker_info

import glidepath as gp

ROOT = Path(__file__).parents[3]
METHODS = [name for name in ("fork", "spawn", "forkserver") if name in multiprocessing.get_all_start_methods()]
LR = gp.warmup_cosine(3e-4, 1_000, 0.1) >> gp.table(np.linspace(1e-5, 1e-6, 1_000))
N = 64

pytestmark = pytest.mark.filterwarnings("ignore:.*fork")  # Python 3.12 and JAX warn: there are threads


class Rates(Dataset[tuple[int, float]]):
    """A sample is its rate."""

    def __len__(self) -> int:
        return N

    def __init__(self, schedule: gp.Schedule) -> None:
        self.schedule = schedule

    def __getitem__(self, step: int) -> tuple[int, float]:
        return step, self.schedule[step]


class Stream(IterableDataset[tuple[int, float]]):
    """Each worker takes its share of the steps."""

    def __init__(self, schedule: gp.Schedule) -> None:
        self.schedule = schedule

    def __iter__(self) -> Iterator[tuple[int, float]]:
        info = get_worker_info()
        assert info is not None
        steps = np.arange(info.id, N, info.num_workers)
        return iter(zip(steps.tolist(), self.schedule.gather(steps).tolist(), strict=True))


class ByRate(Sampler[int]):
    """The steps in the order of their rates: it asks the schedule in the parent."""

    def __init__(self, schedule: gp.Schedule) -> None:
        self.order = np.argsort(schedule.array(N), kind="stable").tolist()

    def __iter__(self) -> Iterator[int]:
        return iter(self.order)

    def __len__(self) -> int:
        return N


class WithRate:
    """A collate function that looks the rates up."""

    def __init__(self, schedule: gp.Schedule) -> None:
        self.schedule = schedule

    def __call__(self, steps: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        values = self.schedule.gather(steps, dtype="float32")
        threads = self.schedule.array(200_000, threads=2)
        assert threads[:N].tobytes() == self.schedule.array(N).tobytes()
        return torch.tensor(steps), torch.from_numpy(values)


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_workers(method: str, persistent: bool) -> None:
    LR.array(200_000, threads=2)
    options: dict[str, Any] = {
        "num_workers": 2,
        "multiprocessing_context": method,
        "persistent_workers": persistent,
        "batch_size": 8,
    }
    loaders = [
        DataLoader(Rates(LR), sampler=ByRate(LR), **options),
        DataLoader(Stream(LR), **options),
        DataLoader(range(N), collate_fn=WithRate(LR), **options),
    ]
    for i, loader in enumerate(loaders):
        for _ in range(2 if persistent else 1):
            steps, values = (torch.cat(parts) for parts in zip(*loader, strict=True))
            assert sorted(steps.tolist()) == list(range(N))
            want = LR.gather(steps.numpy(), dtype="float32" if i == 2 else "float64")
            assert values.numpy().tobytes() == want.tobytes()


def test_a_schedule_in_a_checkpoint_with_a_table(tmp_path: Path) -> None:
    """`weights_only=True` reads a schedule, tables too, if its class is listed."""
    torch.save({"lr": LR}, tmp_path / "lr.pt")
    with torch.serialization.safe_globals([gp.Schedule]):
        assert torch.load(tmp_path / "lr.pt", weights_only=True)["lr"] == LR


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("example", ["curriculum.py", "shared_table.py shared", "shared_table.py file"])
def test_the_examples(method: str, example: str) -> None:
    name, *more = example.split()
    command = [sys.executable, "-W", "ignore", str(ROOT / "examples" / name), method, *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith(
        "step 39  lr 5." if name == "curriculum.py" else "10 values, the same"
    )
