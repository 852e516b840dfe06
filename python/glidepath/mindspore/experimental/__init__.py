"""What `mindspore.experimental` has of learning rates: its schedulers, here and, as there, in `optim.lr_scheduler`.

They are loaded, and MindSpore with them, when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from glidepath.mindspore._theirs import forwarded
from glidepath.mindspore.experimental import optim

if TYPE_CHECKING:
    from glidepath.mindspore.experimental.optim.lr_scheduler import (
        ChainedScheduler,
        ConstantLR,
        CosineAnnealingLR,
        CosineAnnealingWarmRestarts,
        CyclicLR,
        ExponentialLR,
        LambdaLR,
        LinearLR,
        LRScheduler,
        MultiplicativeLR,
        MultiStepLR,
        OneCycleLR,
        PolynomialLR,
        ReduceLROnPlateau,
        SequentialLR,
        StepLR,
    )

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "optim",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        return forwarded(__name__, name)
    return getattr(import_module("glidepath.mindspore.experimental.optim.lr_scheduler"), name)
