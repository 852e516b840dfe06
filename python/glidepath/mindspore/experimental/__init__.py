"""What `mindspore.experimental` has of learning rates: its schedulers, here and, as there, in `optim.lr_scheduler`.

`Scheduler` drives any option of any group from any schedule. `preview`, `seek` and `schedule` look ahead and jump. They
take these schedulers and MindSpore's own. Everything is loaded, and MindSpore with it, at its first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from glidepath.mindspore._forward import forwarded
from glidepath.mindspore.experimental import optim

if TYPE_CHECKING:
    from glidepath.mindspore.experimental.optim.ahead import preview, schedule, seek
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
    from glidepath.mindspore.experimental.scheduler import Scheduler

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
    "Scheduler",
    "SequentialLR",
    "StepLR",
    "optim",
    "preview",
    "schedule",
    "seek",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        return forwarded(__name__, name)
    module = import_module(
        "glidepath.mindspore.experimental.optim.lr_scheduler"
    )  # says what to install without MindSpore
    if name == "Scheduler":
        module = import_module("glidepath.mindspore.experimental.scheduler")
    if name in {"preview", "schedule", "seek"}:
        module = import_module("glidepath.mindspore.experimental.optim.ahead")
    return getattr(module, name)


def __dir__() -> list[str]:
    return __all__
