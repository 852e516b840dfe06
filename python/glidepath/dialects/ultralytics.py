"""Ultralytics' (YOLO's) rates and momentum, with the arguments in its ``args.yaml``.

Followed: ultralytics 8.4.190, ``engine/trainer.py``. The rate follows the epoch, and the warm-up the batch: step k is
the rate of batch k. Several batches can make one update: ``nbs`` is 64, and the accumulation grows in the warm-up.
``optimizer: auto`` replaces ``lr0`` and ``momentum``, and ``time`` changes ``epochs`` while the run goes on.
"""

from __future__ import annotations

from glidepath import _core as gp
from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects._declare import Library

library = Library("ultralytics", "ultralytics 8.4.190", peak="lr0", steps="epochs")


@library.schedule
def lr(
    lr0: float = 0.01,
    lrf: float = 0.01,
    epochs: int = 100,
    batches: int = 1,
    cos_lr: bool = False,
    warmup_epochs: float = 3.0,
) -> Schedule:
    """Fall from ``lr0`` to ``lrf`` of it, epoch by epoch, in a straight line or half a cosine.

    In the warm-up the rate rises from 0, batch by batch, to that of its epoch. ``batches`` are those of an epoch.

    >>> ultralytics.lr(0.1, 0.1, epochs=10, batches=100, warmup_epochs=1.0).gather([0, 50, 100, 999])
    array([0.   , 0.05 , 0.091, 0.019])
    """
    curve = _curve(lr0, lrf, epochs, batches, cos_lr)
    warmup = _warmup(epochs, batches, warmup_epochs)
    return gp.linear(0.0, 1.0, warmup) * curve if warmup else curve


@library.schedule
def bias_lr(
    lr0: float = 0.01,
    lrf: float = 0.01,
    epochs: int = 100,
    batches: int = 1,
    cos_lr: bool = False,
    warmup_epochs: float = 3.0,
    warmup_bias_lr: float = 0.1,
) -> Schedule:
    """Return the rate of the biases, which begins at ``warmup_bias_lr`` and falls in the warm-up.

    >>> ultralytics.bias_lr(0.01, 0.1, epochs=10, batches=100, warmup_epochs=1.0).gather([0, 50, 100])
    array([0.1   , 0.055 , 0.0091])
    """
    curve = _curve(lr0, lrf, epochs, batches, cos_lr)
    warmup = _warmup(epochs, batches, warmup_epochs)
    if not warmup:
        return curve
    return gp.linear(warmup_bias_lr, 0.0, warmup) + gp.linear(0.0, 1.0, warmup) * curve


@library.named(sets="momentum", peak="momentum")
def momentum(
    momentum: float = 0.937,
    warmup_momentum: float = 0.8,
    epochs: int = 100,
    batches: int = 1,
    warmup_epochs: float = 3.0,
) -> Schedule:
    """Return the momentum, which rises in the warm-up.

    >>> ultralytics.momentum(batches=100, warmup_epochs=1.0)
    gp.linear(0.8, 0.937, 100)
    """
    warmup = _warmup(epochs, batches, warmup_epochs)
    return gp.linear(warmup_momentum, momentum, warmup) if warmup else gp.constant(momentum)


def _curve(lr0: float, lrf: float, epochs: int, batches: int, cos_lr: bool) -> Schedule:
    if not (epochs and batches):
        got = f"{epochs} epochs of {batches} batches"
        raise ValueError(refusal("ultralytics.lr", got, "both must be at least 1", "Pass 1 or more."))
    fall = gp.cosine if cos_lr else gp.linear
    return fall(lr0, lrf * lr0, epochs).by_epoch(batches)


def _warmup(epochs: int, batches: int, warmup_epochs: float) -> int:
    """Return the batches of the warm-up, which leaves one epoch at least."""
    return max(0, round(min(warmup_epochs, max(epochs - 1, 0)) * batches))
