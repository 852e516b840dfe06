"""Code for `torch.optim.lr_scheduler` with the import changed: mypy and pyright must accept it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.optim import lr_scheduler
from torch.optim.swa_utils import SWALR as TORCH_SWALR  # a class's name in capitals

import glidepath as gp
import glidepath.torch as gt
from glidepath import dialects
from glidepath.dialects import hf, timm

optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)

# Every class, with its arguments by name.
schedulers: list[gt.LRScheduler] = [
    gt.LambdaLR(optimizer, lr_lambda=lambda epoch: 0.9**epoch, last_epoch=-1),
    gt.LambdaLR(optimizer, lr_lambda=[lambda epoch: 0.9**epoch]),
    gt.MultiplicativeLR(optimizer, lr_lambda=lambda epoch: 0.9),
    gt.StepLR(optimizer, step_size=30, gamma=0.1),
    gt.MultiStepLR(optimizer, milestones=[30, 80], gamma=0.1),
    gt.MultiStepLR(optimizer, milestones=range(30, 90, 30)),
    gt.ConstantLR(optimizer, factor=0.5, total_iters=4),
    gt.LinearLR(optimizer, start_factor=0.5, end_factor=1.0, total_iters=4),
    gt.ExponentialLR(optimizer, gamma=0.9),
    gt.PolynomialLR(optimizer, total_iters=4, power=2.0),
    gt.CosineAnnealingLR(optimizer, T_max=10, eta_min=0.0),
    gt.CosineAnnealingWarmRestarts(optimizer, T_0=10, T_mult=2, eta_min=0.0),
    gt.CyclicLR(optimizer, base_lr=0.01, max_lr=[0.1], step_size_up=5, mode="triangular2"),
    gt.CyclicLR(optimizer, 0.01, 0.1, scale_fn=lambda x: 0.5**x, scale_mode="iterations"),
    gt.OneCycleLR(optimizer, max_lr=0.1, epochs=10, steps_per_epoch=5, anneal_strategy="linear"),
    gt.SWALR(optimizer, swa_lr=0.05, anneal_epochs=5, anneal_strategy="cos"),
    gt.ReduceLROnPlateau(optimizer, mode="min", factor=0.1, patience=2, min_lr=[1e-6]),
]
warmup, decay = gt.LinearLR(optimizer), gt.ExponentialLR(optimizer, gamma=0.9)
sequence = gt.SequentialLR(optimizer, schedulers=[warmup, decay], milestones=[5])
chain = gt.ChainedScheduler([gt.ConstantLR(optimizer), lr_scheduler.ExponentialLR(optimizer, gamma=0.9)])

# They are accepted where torch's classes are.
theirs: list[lr_scheduler.LRScheduler] = [*schedulers, sequence, chain]
plateau: lr_scheduler.ReduceLROnPlateau = gt.ReduceLROnPlateau(optimizer, "max")
averaged: TORCH_SWALR = gt.SWALR(optimizer, 0.05)

# Steps.
for _ in range(3):
    optimizer.step()
    decay.step()
    sequence.step()
    chain.step()
decay.step(7)
gt.ReduceLROnPlateau(optimizer).step(0.3)
gt.ReduceLROnPlateau(optimizer).step(metrics=torch.tensor(0.3))
gt.ReduceLROnPlateau(optimizer).step(np.float32(0.3), epoch=7)
plateau.step(0.3)
gt.CosineAnnealingWarmRestarts(optimizer, 5).step(1.5)
gt.CosineAnnealingWarmRestarts(optimizer, 5).step()

# States and rates.
state: dict[str, Any] = sequence.state_dict()
sequence.load_state_dict(state)
last: list[float | torch.Tensor] = decay.get_last_lr()
bases: list[float | torch.Tensor] = decay.base_lrs
epoch: int = decay.last_epoch


class Halving(gt.LRScheduler):
    """A user's own scheduler."""

    def get_lr(self) -> list[float | torch.Tensor]:
        """Return half of each base rate."""
        return [base / 2 for base in self.base_lrs]


# Methods that torch's classes do not have.
ahead: NDArray[np.float64] = sequence.preview(10)
metrics: NDArray[np.float64] = gt.ReduceLROnPlateau(optimizer).preview(metrics=[0.3, 0.2])
sequence.seek(4)
gt.preview(decay, np.int64(3))
gt.seek(decay, np.int64(3))
gt.schedule(decay, np.int64(0), steps=np.int64(3))
schedule: gp.Schedule = decay.schedule(0)
table: gp.Schedule = Halving(optimizer).schedule(0, steps=10)
gt.seek(lr_scheduler.StepLR(optimizer, 3), 4)
adopted: gt.LRScheduler = gt.adopt(lr_scheduler.StepLR(optimizer, 3))
loud = gt.StepLR(optimizer, 3, verbose=True)

# Schedules.
value: float = schedule(3)
values: NDArray[np.float64] = schedule(torch.arange(5))
gathered: NDArray[np.float64] = schedule.gather(torch.arange(6).reshape(2, 3))
steps: NDArray[np.float64] = schedule(np.arange(5))
replay: gp.Schedule = gp.replay("torch.StepLR", base_lr=0.1, step_size=30)
as_function = gt.LambdaLR(optimizer, gp.linear(1.0, 0.0, 100))
driven = gt.Scheduler(optimizer, lr=gp.cosine(0.1, 0.0, 100), weight_decay=gp.constant(0.1))
driven.step()
named: gt.Scheduler = gt.get_scheduler("cosine", optimizer, 10, num_training_steps=100)
dialect: gp.Schedule = hf.warmup_stable_decay(0.1, 10, 20, num_training_steps=100, decay_type="1-sqrt")
stepped: gp.Schedule = timm.MultiStepLRScheduler(0.1, [30, 60], decay_rate=0.1)
by_name: gp.Schedule = dialects.schedule("keras.CosineDecay", 0.1, num_training_steps=100, alpha=0.1)
comparison: gp.Comparison = gp.compare((optimizer, decay), schedule, np.int64(100), group=0)
largest: float = comparison.of_peak.value
first: int | None = comparison.first("float32")
comparison.require(1e-6)
