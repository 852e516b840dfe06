"""PyTorch's learning-rate schedulers, faster, with a view ahead: a drop-in for `torch.optim.lr_scheduler`.

Change the import, and nothing else changes: every class has torch's name, signature and bits, is a subclass of torch's
class of the same name, and its state loads in torch's and the other way round.

>>> import torch
>>> from glidepath.torch import ExponentialLR
>>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
>>> scheduler = ExponentialLR(optimizer, gamma=0.9)
>>> for _ in range(4):
...     optimizer.step()
...     scheduler.step()
>>> scheduler.get_last_lr()
[0.06561000000000002]
"""

try:
    import torch as _torch  # noqa: F401  # is it there?
except ImportError as error:
    raise ImportError("glidepath.torch needs PyTorch, which cannot be imported here: `pip install torch`.") from error

from glidepath.torch import _versions as _versions  # refuses a PyTorch that is too old
from glidepath.torch.adoption import adopt
from glidepath.torch.ahead import preview, schedule, seek
from glidepath.torch.lr_scheduler import (
    EPOCH_DEPRECATION_WARNING,
    SWALR,
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
    _LRScheduler,
)
from glidepath.torch.names import get_scheduler
from glidepath.torch.scheduler import Scheduler
from glidepath.torch.table import RateTable

__all__ = [
    "EPOCH_DEPRECATION_WARNING",
    "SWALR",
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
    "RateTable",
    "ReduceLROnPlateau",
    "Scheduler",
    "SequentialLR",
    "StepLR",
    "_LRScheduler",
    "adopt",
    "get_scheduler",
    "preview",
    "schedule",
    "seek",
]
