"""MindSpore's learning rates under MindSpore's names: change the import, and nothing else changes.

>>> from glidepath.mindspore import nn
>>> nn.exponential_decay_lr(0.1, 0.9, total_step=6, step_per_epoch=2, decay_epoch=1)
[0.1, 0.1, 0.09000000000000001, 0.09000000000000001, 0.08100000000000002, 0.08100000000000002]
>>> print(nn.ExponentialDecayLR(0.1, 0.9, decay_steps=4)(2))
0.094868325

The list functions (``dynamic_lr``) neither need MindSpore nor import it, and give its values in every bit. The schedule
classes (``learning_rate_schedule``) work without it, and with it go to its optimizers, as any schedule does by way of
``learning_rate``. ``experimental`` has the counterparts of MindSpore's experimental schedulers. All but the lists load
MindSpore when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from glidepath.mindspore import dynamic_lr, experimental, nn
from glidepath.mindspore.dynamic_lr import (
    cosine_decay_lr,
    exponential_decay_lr,
    inverse_decay_lr,
    natural_exp_decay_lr,
    piecewise_constant_lr,
    polynomial_decay_lr,
    warmup_lr,
)

if TYPE_CHECKING:
    from glidepath.mindspore import learning_rate_schedule
    from glidepath.mindspore.learning_rate_schedule import (
        CosineDecayLR,
        ExponentialDecayLR,
        InverseDecayLR,
        LearningRateSchedule,
        NaturalExpDecayLR,
        PolynomialDecayLR,
        WarmUpLR,
    )
    from glidepath.mindspore.table import learning_rate

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
    "experimental",
    "exponential_decay_lr",
    "inverse_decay_lr",
    "learning_rate",
    "learning_rate_schedule",
    "natural_exp_decay_lr",
    "nn",
    "piecewise_constant_lr",
    "polynomial_decay_lr",
    "warmup_lr",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "learning_rate":
        return import_module("glidepath.mindspore.table").learning_rate
    module = import_module("glidepath.mindspore.learning_rate_schedule")
    return module if name == "learning_rate_schedule" else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
