"""What `mindspore.nn` has of learning rates, under its names.

The classes are loaded when they are first asked for: MindSpore, where it is installed, is then too, and takes seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from glidepath.mindspore._forward import forwarded
from glidepath.mindspore.nn import dynamic_lr
from glidepath.mindspore.nn.dynamic_lr import (
    cosine_decay_lr,
    exponential_decay_lr,
    inverse_decay_lr,
    natural_exp_decay_lr,
    piecewise_constant_lr,
    polynomial_decay_lr,
    warmup_lr,
)

if TYPE_CHECKING:
    from glidepath.mindspore.nn import learning_rate_schedule
    from glidepath.mindspore.nn.learning_rate_schedule import (
        CosineDecayLR,
        ExponentialDecayLR,
        InverseDecayLR,
        LearningRateSchedule,
        NaturalExpDecayLR,
        PolynomialDecayLR,
        WarmUpLR,
    )

__all__ = [
    "CosineDecayLR",
    "ExponentialDecayLR",
    "InverseDecayLR",
    "LearningRateSchedule",
    "NaturalExpDecayLR",
    "PolynomialDecayLR",
    "WarmUpLR",
    "cosine_decay_lr",
    "dynamic_lr",
    "exponential_decay_lr",
    "inverse_decay_lr",
    "learning_rate_schedule",
    "natural_exp_decay_lr",
    "piecewise_constant_lr",
    "polynomial_decay_lr",
    "warmup_lr",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        return forwarded(__name__, name)
    module = import_module("glidepath.mindspore.nn.learning_rate_schedule")
    return module if name == "learning_rate_schedule" else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
