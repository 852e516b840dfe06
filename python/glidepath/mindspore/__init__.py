"""MindSpore's learning rates under MindSpore's names, and its bits: change the import, and nothing else changes.

>>> from glidepath.mindspore import nn
>>> nn.exponential_decay_lr(0.1, 0.9, total_step=6, step_per_epoch=2, decay_epoch=1)
[0.1, 0.1, 0.09000000000000001, 0.09000000000000001, 0.08100000000000002, 0.08100000000000002]

The list functions (``dynamic_lr``) neither need MindSpore nor import it.
"""

from glidepath.mindspore import dynamic_lr, nn
from glidepath.mindspore.dynamic_lr import (
    cosine_decay_lr,
    exponential_decay_lr,
    inverse_decay_lr,
    natural_exp_decay_lr,
    piecewise_constant_lr,
    polynomial_decay_lr,
    warmup_lr,
)

__all__ = [
    "cosine_decay_lr",
    "dynamic_lr",
    "exponential_decay_lr",
    "inverse_decay_lr",
    "natural_exp_decay_lr",
    "nn",
    "piecewise_constant_lr",
    "polynomial_decay_lr",
    "warmup_lr",
]
