"""MindSpore's schedule classes: a learning rate of the step, in float32, with MindSpore or without.

Called with an int or ints they give ``numpy.float32``, within 2 units in the last place of MindSpore's own on the CPU.
With MindSpore installed each is one of its ``LearningRateSchedule``: its optimizers take it, and called with a Tensor
it gives a Tensor. ``.schedule()`` gives the exact schedule, to which MindSpore's values are near:

>>> from glidepath.mindspore import nn
>>> lr = nn.CosineDecayLR(min_lr=0.01, max_lr=0.1, decay_steps=1_000)
>>> float(lr(999)), lr.schedule()[999]
(0.010000222362577915, 0.010000222065916383)

Source: ``mindspore.nn.learning_rate_schedule`` of MindSpore 2.10, which marks it deprecated.
"""

import math
from abc import abstractmethod
from typing import Any

import numpy as np

from glidepath._core import (
    Schedule,
    _single,
    cosine,
    exponential,
    inverse_time,
    linear,
    natural_exponential,
    polynomial,
    polynomial_cycle,
    replay,
)
from glidepath.mindspore import _checks as check

try:
    from mindspore import Tensor, ops
    from mindspore import dtype as mstype
    from mindspore.nn.learning_rate_schedule import LearningRateSchedule
except ImportError:
    Tensor = ()  # what nothing is an instance of

    class LearningRateSchedule:  # type: ignore[no-redef]
        """A schedule of one's own: override ``construct``. With MindSpore installed this is MindSpore's class.

        >>> from glidepath.mindspore import LearningRateSchedule
        >>> class Halves(LearningRateSchedule):
        ...     def construct(self, global_step):
        ...         return 0.5**global_step
        """

        def construct(self, global_step: Any) -> Any:
            """Return the learning rate at a step."""
            raise NotImplementedError

        def __call__(self, global_step: Any) -> Any:
            """Return the same."""
            return self.construct(global_step)


__all__ = [
    "CosineDecayLR",
    "ExponentialDecayLR",
    "InverseDecayLR",
    "LearningRateSchedule",
    "NaturalExpDecayLR",
    "PolynomialDecayLR",
    "WarmUpLR",
]


class _ReplayedSchedule(LearningRateSchedule):  # type: ignore[misc]
    """What the classes share: their values come from Rust, but for those of a Tensor, which ``construct`` makes."""

    def __init__(self, kind: str, **arguments: Any) -> None:
        super().__init__()
        self._arguments = arguments
        self._values = replay(f"mindspore.{kind}", **arguments)

    @abstractmethod
    def schedule(self) -> Schedule:
        """Return the exact schedule: the real values of the formula, correctly rounded."""

    def __call__(self, global_step: Any) -> Any:
        if type(global_step) is int:
            return _single(self._values, global_step)
        if isinstance(global_step, Tensor):
            return super().__call__(global_step)
        # Exact: the values are float32 already.
        values = self._values(global_step)
        return np.float32(values) if isinstance(values, float) else values.astype(np.float32)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(self._arguments.values())

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self._arguments.items())
        return f"{type(self).__name__}({arguments})"


class ExponentialDecayLR(_ReplayedSchedule):
    """Fall by a factor of ``decay_rate`` every ``decay_steps`` steps.

    ::

        lr(k) = learning_rate * decay_rate ** (k / decay_steps)
                learning_rate * decay_rate ** (k // decay_steps)  with is_stair

    Args:
        learning_rate: the value at step 0, a float above 0.
        decay_rate: the factor, a float above 0; above 1 it grows.
        decay_steps: how many steps apply the whole factor.
        is_stair: whether to apply it all at once.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: ``mindspore.nn.ExponentialDecayLR``, MindSpore 2.10.

    >>> from glidepath.mindspore import nn
    >>> print(nn.ExponentialDecayLR(0.1, 0.9, decay_steps=4)(2))
    0.094868325
    """

    def __init__(self, learning_rate: float, decay_rate: float, decay_steps: int, is_stair: bool = False) -> None:
        super().__init__("ExponentialDecayLR", **_decay(type(self), learning_rate, decay_rate, decay_steps, is_stair))
        self.learning_rate, self.decay_rate = learning_rate, decay_rate
        self.decay_steps, self.is_stair = decay_steps, is_stair

    def schedule(self) -> Schedule:
        """Return the exact schedule: the real values of the formula, correctly rounded."""
        return exponential(self.learning_rate, self.decay_rate, per=self.decay_steps, stair=self.is_stair)

    def construct(self, global_step: Any) -> Any:
        """Compute the learning rate of a Tensor, as a graph can."""
        periods = ops.cast(global_step, mstype.float32) / self.decay_steps
        if self.is_stair:
            periods = ops.floor(periods)
        return self.learning_rate * ops.pow(self.decay_rate, periods)


class NaturalExpDecayLR(_ReplayedSchedule):
    """Fall by a factor of ``e ** -decay_rate`` every step.

    ::

        lr(k) = learning_rate * e ** (-decay_rate * k)
                learning_rate * e ** (-decay_rate * (k // decay_steps * decay_steps))  with is_stair

    ``decay_steps`` has no effect without ``is_stair``, and with it only on where the stairs are.

    Args:
        learning_rate: the value at step 0, a float above 0.
        decay_rate: how fast it falls, a step; a float above 0.
        decay_steps: how many steps a stair has.
        is_stair: whether there are stairs.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: ``mindspore.nn.NaturalExpDecayLR``, MindSpore 2.10.

    >>> from glidepath.mindspore import nn
    >>> print(nn.NaturalExpDecayLR(0.1, 0.9, decay_steps=4)(2))
    0.016529892
    """

    def __init__(self, learning_rate: float, decay_rate: float, decay_steps: int, is_stair: bool = False) -> None:
        super().__init__("NaturalExpDecayLR", **_decay(type(self), learning_rate, decay_rate, decay_steps, is_stair))
        self.learning_rate, self.decay_rate = learning_rate, decay_rate
        self.decay_steps, self.is_stair = decay_steps, is_stair

    def schedule(self) -> Schedule:
        """Return the exact schedule: the real values of the formula, correctly rounded."""
        smooth = natural_exponential(self.learning_rate, self.decay_rate)
        return smooth.hold(self.decay_steps) if self.is_stair else smooth

    def construct(self, global_step: Any) -> Any:
        """Compute the learning rate of a Tensor, as a graph can."""
        step = ops.cast(global_step, mstype.float32)
        if self.is_stair:
            step = ops.floor_div(step, self.decay_steps) * self.decay_steps
        return self.learning_rate * ops.pow(math.e, -self.decay_rate * step)


class InverseDecayLR(_ReplayedSchedule):
    """Fall as one over the step.

    ::

        lr(k) = learning_rate / (1 + decay_rate * k / decay_steps)
                learning_rate / (1 + decay_rate * (k // decay_steps))  with is_stair

    Args:
        learning_rate: the value at step 0, a float above 0.
        decay_rate: how fast it falls, in ``decay_steps`` steps; a float above 0.
        decay_steps: how many steps apply the whole rate.
        is_stair: whether to apply it all at once.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: ``mindspore.nn.InverseDecayLR``, MindSpore 2.10.

    >>> from glidepath.mindspore import nn
    >>> print(nn.InverseDecayLR(0.1, 0.9, decay_steps=4, is_stair=True)(2))
    0.1
    """

    def __init__(self, learning_rate: float, decay_rate: float, decay_steps: int, is_stair: bool = False) -> None:
        super().__init__("InverseDecayLR", **_decay(type(self), learning_rate, decay_rate, decay_steps, is_stair))
        self.learning_rate, self.decay_rate = learning_rate, decay_rate
        self.decay_steps, self.is_stair = decay_steps, is_stair

    def schedule(self) -> Schedule:
        """Return the exact schedule: the real values of the formula, correctly rounded."""
        return inverse_time(self.learning_rate, self.decay_rate, per=self.decay_steps, stair=self.is_stair)

    def construct(self, global_step: Any) -> Any:
        """Compute the learning rate of a Tensor, as a graph can."""
        periods = ops.cast(global_step, mstype.float32) / self.decay_steps
        if self.is_stair:
            periods = ops.floor(periods)
        return self.learning_rate / (1 + self.decay_rate * periods)


class CosineDecayLR(_ReplayedSchedule):
    """Fall on half a cosine from ``max_lr`` to ``min_lr`` in ``decay_steps`` steps, and stay there.

    ::

        lr(k) = min_lr + 0.5 * (max_lr - min_lr) * (1 + cos(pi * k / decay_steps)),  k at most decay_steps

    Args:
        min_lr: the end, a float from 0 on.
        max_lr: the value at step 0, a float above ``min_lr``.
        decay_steps: how many steps the fall takes.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: ``mindspore.nn.CosineDecayLR``, MindSpore 2.10.

    >>> from glidepath.mindspore import nn
    >>> print(nn.CosineDecayLR(0.01, 0.1, decay_steps=4)(2))
    0.055
    """

    def __init__(self, min_lr: float, max_lr: float, decay_steps: int) -> None:
        name = type(self).__name__
        check.not_negative(f"{name}.min_lr", min_lr)
        check.positive(f"{name}.max_lr", max_lr)
        check.positive_int(f"{name}.decay_steps", decay_steps)
        super().__init__("CosineDecayLR", min_lr=min_lr, max_lr=max_lr, decay_steps=decay_steps)
        self.min_lr, self.max_lr, self.decay_steps = min_lr, max_lr, decay_steps
        self.half = 0.5 * (max_lr - min_lr)

    def schedule(self) -> Schedule:
        """Return the exact schedule: the real values of the formula, correctly rounded."""
        return cosine(self.max_lr, self.min_lr, self.decay_steps)

    def construct(self, global_step: Any) -> Any:
        """Compute the learning rate of a Tensor, as a graph can."""
        step = ops.cast(ops.minimum(global_step, self.decay_steps), mstype.float32)
        return self.min_lr + self.half * (1.0 + ops.sin(math.pi * (step / self.decay_steps + 0.5)))


class PolynomialDecayLR(_ReplayedSchedule):
    """Go from ``learning_rate`` to ``end_learning_rate`` in ``decay_steps`` steps, by a power of what is left of them.

    ::

        lr(k) = (learning_rate - end_learning_rate) * (1 - k / d) ** power + end_learning_rate

        k at most decay_steps, d = decay_steps
        d = decay_steps * max(ceil(k / decay_steps), 1)  with update_decay_steps

    Args:
        learning_rate: the value at step 0, a float above 0.
        end_learning_rate: the end, a float from 0 on.
        decay_steps: how many steps it takes.
        power: the exponent, a float above 0; 1.0 is a straight line.
        update_decay_steps: whether, past ``decay_steps``, it goes on towards the next multiple of it.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: ``mindspore.nn.PolynomialDecayLR``, MindSpore 2.10.

    >>> from glidepath.mindspore import nn
    >>> print(nn.PolynomialDecayLR(0.1, 0.01, decay_steps=4, power=0.5)(2))
    0.07363961
    """

    def __init__(
        self,
        learning_rate: float,
        end_learning_rate: float,
        decay_steps: int,
        power: float,
        update_decay_steps: bool = False,
    ) -> None:
        name = type(self).__name__
        super().__init__(
            "PolynomialDecayLR",
            learning_rate=check.positive(f"{name}.learning_rate", learning_rate),
            end_learning_rate=check.not_negative(f"{name}.end_learning_rate", end_learning_rate),
            decay_steps=check.positive_int(f"{name}.decay_steps", decay_steps),
            power=check.positive(f"{name}.power", power),
            update_decay_steps=check.flag(f"{name}.update_decay_steps", update_decay_steps),
        )
        self.learning_rate, self.end_learning_rate, self.decay_steps = learning_rate, end_learning_rate, decay_steps
        self.power, self.update_decay_steps = power, update_decay_steps
        self.difference = learning_rate - end_learning_rate

    def schedule(self) -> Schedule:
        """Return the exact schedule: the real values of the formula, correctly rounded."""
        if self.update_decay_steps:
            return polynomial_cycle(self.learning_rate, self.end_learning_rate, self.decay_steps, self.power)
        return polynomial(self.learning_rate, self.end_learning_rate, self.decay_steps, self.power)

    def construct(self, global_step: Any) -> Any:
        """Compute the learning rate of a Tensor, as a graph can."""
        step = ops.cast(global_step, mstype.float32)
        steps = self.decay_steps
        if self.update_decay_steps:
            steps = steps * ops.maximum(ops.ceil(step / steps), 1)
        else:
            step = ops.minimum(step, steps)
        return self.difference * ops.pow(1.0 - step / steps, self.power) + self.end_learning_rate


class WarmUpLR(_ReplayedSchedule):
    """Rise on a straight line from 0 to ``learning_rate`` in ``warmup_steps`` steps, and stay there.

    ::

        lr(k) = learning_rate * k / warmup_steps,  k at most warmup_steps

    Args:
        learning_rate: the end, a float from 0 on.
        warmup_steps: how many steps the rise takes.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: ``mindspore.nn.WarmUpLR``, MindSpore 2.10.

    >>> from glidepath.mindspore import nn
    >>> print(nn.WarmUpLR(0.1, warmup_steps=2)(1))
    0.05
    """

    def __init__(self, learning_rate: float, warmup_steps: int) -> None:
        name = type(self).__name__
        check.not_negative(f"{name}.learning_rate", learning_rate)
        check.positive_int(f"{name}.warmup_steps", warmup_steps)
        super().__init__("WarmUpLR", learning_rate=learning_rate, warmup_steps=warmup_steps)
        self.learning_rate, self.warmup_steps = learning_rate, warmup_steps

    def schedule(self) -> Schedule:
        """Return the exact schedule: the real values of the formula, correctly rounded."""
        return linear(0.0, self.learning_rate, self.warmup_steps)

    def construct(self, global_step: Any) -> Any:
        """Compute the learning rate of a Tensor, as a graph can."""
        step = ops.cast(ops.minimum(global_step, self.warmup_steps), mstype.float32)
        return self.learning_rate * (step / self.warmup_steps)


def _decay(
    kind: type, learning_rate: object, decay_rate: object, decay_steps: object, is_stair: object
) -> dict[str, object]:
    name = kind.__name__
    return {
        "learning_rate": check.positive(f"{name}.learning_rate", learning_rate),
        "decay_rate": check.positive(f"{name}.decay_rate", decay_rate),
        "decay_steps": check.positive_int(f"{name}.decay_steps", decay_steps),
        "is_stair": check.flag(f"{name}.is_stair", is_stair),
    }
