"""LambdaLR and MultiplicativeLR: factors that a function of the epoch gives."""

from collections.abc import Sequence
from typing import Any

from mindspore import Tensor
from mindspore import dtype as mstype

from glidepath._core import Schedule, _scaled
from glidepath.mindspore.experimental.optim.base import LRScheduler
from glidepath.mindspore.experimental.optim.values import Factor, floats, one_a_group

__all__ = ["LambdaLR", "MultiplicativeLR"]


class LambdaLR(LRScheduler):
    """Multiply the initial learning rate by a function of the epoch.

    ::

        lr(e) = lr * lr_lambda(e)

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        lr_lambda: a function of the epoch (a Tensor of float32, as MindSpore's is given), or a glidepath schedule; or
            one a group.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    def __init__(self, optimizer: Any, lr_lambda: Factor | Schedule | Sequence[Any], last_epoch: int = -1) -> None:
        self._hold(optimizer)
        self.lr_lambdas = one_a_group("LambdaLR.lr_lambda", lr_lambda, optimizer)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Sequence[Any]:
        """Return the groups' learning rates at ``self.last_epoch``."""
        factors = _factors(self.lr_lambdas, self.last_epoch)
        return [_scaled(base, factor) for base, factor in zip(floats(self.base_lrs), factors, strict=True)]


class MultiplicativeLR(LRScheduler):
    """Multiply the learning rate of the epoch before by a function of the epoch.

    ::

        lr(e) = lr(e - 1) * lr_lambda(e)

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        lr_lambda: a function of the epoch (a Tensor of float32, as MindSpore's is given), or a glidepath schedule; or
            one a group.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    def __init__(self, optimizer: Any, lr_lambda: Factor | Schedule | Sequence[Any], last_epoch: int = -1) -> None:
        self._hold(optimizer)
        self.lr_lambdas = one_a_group("MultiplicativeLR.lr_lambda", lr_lambda, optimizer)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Sequence[Any]:
        """Return the groups' learning rates at ``self.last_epoch``, from those before."""
        if self.last_epoch == 0:
            return self._read()
        factors = _factors(self.lr_lambdas, self.last_epoch)
        return [_scaled(lr, factor) for lr, factor in zip(self._read(), factors, strict=True)]


def _factors(lr_lambdas: Sequence[Any], epoch: int) -> list[float]:
    """Return what the functions give, or the schedules, at an epoch."""
    given = Tensor(epoch, mstype.float32)
    return [one[epoch] if isinstance(one, Schedule) else float(one(given)) for one in lr_lambdas]
