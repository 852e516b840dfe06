"""Schedulers of one rule, which stands in Rust: the learning rate follows from that of the epoch before."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from glidepath._arguments import refusal
from glidepath._core import _between, _cycle, _shown
from glidepath.mindspore import _checks as check
from glidepath.mindspore.experimental.optim.base import RuleScheduler
from glidepath.mindspore.experimental.optim.values import epoch_of, number_of

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LinearLR",
    "MultiStepLR",
    "PolynomialLR",
    "StepLR",
]


class StepLR(RuleScheduler):
    """Multiply by ``gamma`` every ``step_size`` epochs.

    ::

        lr(e) = lr(e - 1) * gamma  where step_size divides e
                lr(e - 1)          elsewhere

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        step_size: how many epochs, an int from 1 on.
        gamma: the factor, a float.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "StepLR", ("step_size", "gamma")

    def __init__(self, optimizer: Any, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = check.positive_int("StepLR.step_size", step_size)
        self.gamma = check.finite("StepLR.gamma", gamma)
        super().__init__(optimizer, last_epoch)


class LinearLR(RuleScheduler):
    """Go from ``start_factor`` to ``end_factor`` times the learning rate in ``total_iters`` epochs.

    ::

        lr(0) = lr * start_factor
        lr(e) = lr(e - 1) * (1 + (end_factor - start_factor)
                             / (total_iters * start_factor + (e - 1) * (end_factor - start_factor)))  e <= total_iters
                lr(e - 1)                                                                 afterwards

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        start_factor: the factor at epoch 0, above 0 and at most 1.
        end_factor: the factor from epoch ``total_iters`` on, from 0 to 1.
        total_iters: how many epochs it takes.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "LinearLR", ("start_factor", "end_factor", "total_iters")

    def __init__(
        self, optimizer: Any, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        start_factor = number_of("LinearLR.start_factor", start_factor)
        end_factor = number_of("LinearLR.end_factor", end_factor)
        if not 0.0 < start_factor <= 1.0:
            raise ValueError(
                refusal("LinearLR.start_factor", _shown(start_factor), "it must be above 0, at most 1", "Scale the lr.")
            )
        if not 0.0 <= end_factor <= 1.0:
            raise ValueError(
                refusal("LinearLR.end_factor", _shown(end_factor), "it must be from 0 to 1", "Scale the lr.")
            )
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = check.count("LinearLR.total_iters", total_iters)
        super().__init__(optimizer, last_epoch)


class ExponentialLR(RuleScheduler):
    """Multiply by ``gamma`` every epoch.

    ::

        lr(e) = lr(e - 1) * gamma

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        gamma: the factor, a float.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "ExponentialLR", ("gamma",)

    def __init__(self, optimizer: Any, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = check.finite("ExponentialLR.gamma", gamma)
        super().__init__(optimizer, last_epoch)


class PolynomialLR(RuleScheduler):
    """Fall to 0 in ``total_iters`` epochs, as a power of what is left of them.

    ::

        lr(e) = lr(e - 1) * ((1 - e / total_iters) / (1 - (e - 1) / total_iters)) ** power  e <= total_iters
                lr(e - 1)                                                             afterwards

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        total_iters: how many epochs it takes.
        power: the exponent, a float from 0 on.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "PolynomialLR", ("total_iters", "power")

    def __init__(self, optimizer: Any, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.power = check.not_negative("PolynomialLR.power", power)
        self.total_iters = check.count("PolynomialLR.total_iters", total_iters)
        super().__init__(optimizer, last_epoch)


class MultiStepLR(RuleScheduler):
    """Multiply by ``gamma`` at every milestone, as often as it is listed.

    ::

        lr(e) = lr(e - 1) * gamma ** n,  n the number of times that e is a milestone

    DIFFERENCE: ``step(epoch)``, and so a ``SequentialLR``, works; MindSpore's raises there.

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        milestones: a list of ints.
        gamma: the factor, a float or an int.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "MultiStepLR", ("milestones", "gamma")

    def __init__(self, optimizer: Any, milestones: list[int], gamma: float = 0.1, last_epoch: int = -1) -> None:
        for i, milestone in enumerate(check.exactly_list("MultiStepLR.milestones", milestones)):
            check.whole(f"MultiStepLR.milestones[{i}]", milestone)
        self.milestones = Counter(milestones)
        self.gamma = gamma if isinstance(gamma, int) and gamma is not True else check.finite("MultiStepLR.gamma", gamma)
        super().__init__(optimizer, last_epoch)

    @property
    def milestones_keys(self) -> list[int]:
        """The milestones, each once."""
        return list(self.milestones)

    @property
    def milestones_values(self) -> list[int]:
        """How often each is listed."""
        return list(self.milestones.values())

    def _given(self) -> dict[str, Any]:
        return {**super()._given(), "milestones": list(Counter(self.milestones).elements())}


class ConstantLR(RuleScheduler):
    """Multiply by ``factor`` before epoch ``total_iters``, and by 1 from there on.

    ::

        lr(0) = lr * factor
        lr(total_iters) = lr(total_iters - 1) / factor
        lr(e) = lr(e - 1)  at any other epoch

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        factor: the factor, from 0 to 1.
        total_iters: how many epochs it applies.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "ConstantLR", ("factor", "total_iters")

    def __init__(self, optimizer: Any, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        factor = number_of("ConstantLR.factor", factor)
        if not 0.0 <= factor <= 1.0:
            raise ValueError(
                refusal("ConstantLR.factor", _shown(factor), "it must be from 0 to 1", "Scale the lr itself.")
            )
        self.factor, self.total_iters = factor, check.count("ConstantLR.total_iters", total_iters)
        super().__init__(optimizer, last_epoch)


class CosineAnnealingLR(RuleScheduler):
    """Swing on a cosine between the learning rate and ``eta_min``, half a turn in ``T_max`` epochs.

    ::

        lr(e) = (1 + cos(pi * e / T_max)) / (1 + cos(pi * (e - 1) / T_max)) * (lr(e - 1) - eta_min) + eta_min
                lr(e - 1) + (lr - eta_min) * (1 - cos(pi / T_max)) / 2  where that would divide by 0

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        T_max: how many epochs half a turn takes.
        eta_min: the other end.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "CosineAnnealingLR", ("T_max", "eta_min")

    def __init__(self, optimizer: Any, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:  # noqa: N803 (MindSpore's)
        self.T_max, self.eta_min = check.positive_int("CosineAnnealingLR.T_max", T_max), eta_min
        super().__init__(optimizer, last_epoch)


class CosineAnnealingWarmRestarts(RuleScheduler):
    """Fall on half a cosine to ``eta_min`` in ``T_0`` epochs, begin again, each time ``T_mult`` times as long.

    ::

        lr(e) = eta_min + (lr - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2

        T_cur: epochs since the last restart, T_i: epochs from that to the next

    ``step(epoch)`` takes fractions too. DIFFERENCE: it does so for any ``T_mult``; MindSpore's raises past the first
    cycle where that is above 1.

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        T_0: how many epochs the first cycle has.
        T_mult: what each cycle's length is to the one before, an int from 1 on.
        eta_min: where each cycle goes.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "CosineAnnealingWarmRestarts", ("T_0", "T_mult", "eta_min")

    def __init__(self, optimizer: Any, T_0: int, T_mult: int = 1, eta_min: float = 0, last_epoch: int = -1) -> None:  # noqa: N803 (MindSpore's)
        given: dict[str, Any] = {"T_0": T_0, "T_mult": T_mult}
        for name, value in given.items():
            place = f"CosineAnnealingWarmRestarts.{name}"
            if isinstance(value, (float, np.number)):
                way_out = "Convert it with `int()`." if isinstance(value, np.integer) else "Count whole epochs."
                raise ValueError(refusal(place, _shown(value), "it must be an int", way_out))  # noqa: TRY004 (as MindSpore)
            check.positive_int(place, value)
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        self._at = float(last_epoch)
        super().__init__(optimizer, last_epoch)

    @property
    def T_cur(self) -> float:  # noqa: N802 (MindSpore's)
        """How many epochs ago the last restart was."""
        return _cycle(self.T_0, self.T_mult, self._at)[0]

    @property
    def T_i(self) -> float:  # noqa: N802 (MindSpore's)
        """How many epochs there are from the last restart to the next."""
        return _cycle(self.T_0, self.T_mult, self._at)[1]

    def get_lr(self) -> Sequence[Any]:
        """Return the groups' learning rates where the cycle stands."""
        return [_between(rule, self._at) for rule in self._rules()]

    def step(self, epoch: float | None = None) -> bool:
        """Go on by one epoch, or to the one given, which may be a fraction, and set the groups' learning rates."""
        place = "CosineAnnealingWarmRestarts.step.epoch"
        at = self._at + 1.0 if epoch is None else float(epoch_of(place, epoch))
        self._at, self.last_epoch = at, math.floor(at)
        self._write(self.get_lr())
        return True

    def _undo(self) -> None:
        self._at, self.last_epoch = -1.0, -1

    def _jump(self, step: int) -> None:
        self._at, self.last_epoch = float(step), step
