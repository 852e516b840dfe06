"""Loads data that depends on the step in worker processes.

Run `python curriculum.py [fork|spawn|forkserver]`. Two parts of the data follow a schedule, and one the step itself:

    the length of the sequences   grows with the step (a curriculum)
    the source of a sample        the better source comes more often as the learning rate falls
    the step of a sample          its number in the epoch, divided by the samples of an update

Workers load batches ahead of the training, so a counter in a worker is not the step. The sampler knows the step of each
batch, and sends it along with the sample's number.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

import glidepath as gp

BATCH, ACCUMULATION, RANKS = 8, 4, 2
UPDATES = 40
PEAK = 3e-4

LR = gp.warmup_cosine(PEAK, UPDATES, warmup=0.1)
LENGTH = gp.linear(16, 64, UPDATES).hold(10)
"""Tokens of a sequence. It changes every 10 updates, so that few shapes are compiled."""


class StepBatches(Sampler[list[tuple[int, int]]]):
    """The batches of one rank, as (step, sample) pairs."""

    def __init__(self, rank: int, first_step: int = 0) -> None:
        self.rank, self.first_step = rank, first_step

    def __len__(self) -> int:
        return (UPDATES - self.first_step) * ACCUMULATION

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        micro_batches = range(self.first_step * ACCUMULATION, UPDATES * ACCUMULATION)
        for micro_batch in micro_batches:
            first = (micro_batch * RANKS + self.rank) * BATCH
            yield [(micro_batch // ACCUMULATION, first + i) for i in range(BATCH)]


class Mixture(Dataset[tuple[int, float, torch.Tensor]]):
    """Sequences of two sources. The schedules travel to the workers with it, in some hundred bytes."""

    def __init__(self, lr: gp.Schedule, length: gp.Schedule) -> None:
        self.lr, self.length = lr, length

    def __getitem__(self, key: tuple[int, int]) -> tuple[int, float, torch.Tensor]:
        step, sample = key
        rate = self.lr[step]
        seeded = torch.Generator().manual_seed(sample)  # the same data in any worker, and after a resume
        is_better_source = bool(torch.rand((), generator=seeded) > rate / PEAK)
        tokens = torch.randint(1_000, (int(self.length[step]),), generator=seeded)
        return step, rate, tokens + 1_000 * is_better_source


def run(method: str, rank: int = 0, first_step: int = 0) -> list[tuple[int, float, tuple[int, ...], float]]:
    """Load what one rank trains on. Return a log: step, rate, shape and share of the better source for each update."""
    loader = DataLoader(
        Mixture(LR, LENGTH),
        batch_sampler=StepBatches(rank, first_step),
        num_workers=2,
        multiprocessing_context=method,
        persistent_workers=True,
    )
    log = []
    for micro_batch, (steps, rates, tokens) in enumerate(loader):
        step = first_step + micro_batch // ACCUMULATION
        assert set(steps.tolist()) == {step}
        assert set(rates.tolist()) == {LR[step]}, "the workers' rate is the rate of the training loop, in every bit"
        if micro_batch % ACCUMULATION == ACCUMULATION - 1:
            log.append((step, LR[step], tuple(tokens.shape), float((tokens >= 1_000).float().mean())))
    return log


def main() -> None:
    """Print some lines of the log."""
    method = sys.argv[1] if len(sys.argv) > 1 else "fork"
    log = run(method)
    assert run(method, first_step=30) == log[30:], "a resumed run loads the same data"
    for step, rate, shape, share in log[::13]:
        print(f"step {step:2}  lr {rate:.2e}  batch {shape[0]} x {shape[1]}  better source {share:.0%}")


if __name__ == "__main__":
    main()
