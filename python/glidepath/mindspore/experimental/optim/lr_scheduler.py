"""MindSpore's experimental schedulers, on its experimental optimizers: the same learning rates, and what theirs lack.

Each has the name, the arguments and the behaviour of its counterpart in ``mindspore.experimental.optim.lr_scheduler``:
it sets the learning rates of the optimizer's groups, in place, when it is made and at every ``step()``. Beside that
there are ``state_dict`` and ``load_state_dict``; an epoch that is an int, and does not stand still at 2**24; a
``MultiStepLR`` that works inside a ``SequentialLR``; composites of composites; ``OneCycleLR``; ``ChainedScheduler``;
``preview``, ``seek`` and ``schedule``, which stand in ``ahead``.

They are called from Python: step one outside what ``mindspore.jit`` compiles.

>>> import mindspore as ms
>>> from glidepath.mindspore.experimental import optim
>>> optimizer = optim.SGD([ms.Parameter(ms.Tensor([1.0]), name="w")], lr=0.1)
>>> scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
>>> for epoch in range(4):
...     print(epoch, optimizer.param_groups[0]["lr"].value())
...     _ = scheduler.step()
0 0.1
1 0.1
2 0.05
3 0.05

Source: ``mindspore.experimental.optim.lr_scheduler`` of MindSpore 2.10.
"""

from glidepath.mindspore._forward import refuse_without

try:
    from glidepath.mindspore.experimental.optim.base import LRScheduler
    from glidepath.mindspore.experimental.optim.composites import ChainedScheduler, SequentialLR
    from glidepath.mindspore.experimental.optim.cycles import CyclicLR, OneCycleLR
    from glidepath.mindspore.experimental.optim.functions import LambdaLR, MultiplicativeLR
    from glidepath.mindspore.experimental.optim.plateau import ReduceLROnPlateau
    from glidepath.mindspore.experimental.optim.rules import (
        ConstantLR,
        CosineAnnealingLR,
        CosineAnnealingWarmRestarts,
        ExponentialLR,
        LinearLR,
        MultiStepLR,
        PolynomialLR,
        StepLR,
    )
except ImportError as error:
    refuse_without(error)
    raise ImportError(
        "glidepath.mindspore.experimental sets the learning rates of MindSpore's optimizers; MindSpore cannot be "
        "imported here: `pip install mindspore`. (gp.replay has the same rules without it.)"
    ) from error

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
]
