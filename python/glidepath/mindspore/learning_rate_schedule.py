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
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from glidepath._arguments import refusal
from glidepath._core import Schedule, _single, replay
from glidepath.mindspore import _checks as check
from glidepath.mindspore._mindspore import LearningRateSchedule, Tensor, mstype, operation, ops

__all__ = [
    "CosineDecayLR",
    "ExponentialDecayLR",
    "InverseDecayLR",
    "LearningRateSchedule",
    "NaturalExpDecayLR",
    "PolynomialDecayLR",
    "WarmUpLR",
]


_LAST = "A schedule has no last step to count back from; its final value is `s[s.steps]`."
"""What a schedule says of a step below 0."""


def of_ints(values: Schedule, steps: Any) -> Any:
    """Return what a schedule of float32 values has at a step or at steps."""
    try:
        if type(steps) is int:
            return _single(values, steps)
        found = values(steps)
    except IndexError as error:
        # The classes are called, and have neither `[...]` nor `steps`.
        raise IndexError(str(error).replace(_LAST, "Steps are counted from 0.")) from None
    # Exact: they are float32 already.
    return np.float32(found) if isinstance(found, float) else found.astype(np.float32)


class _ReplayedSchedule(LearningRateSchedule):  # type: ignore[misc]
    """What the classes share: ints are answered in Rust, Tensors by ``construct``, from the same live attributes.

    Each has the operations and constants of MindSpore's too, ``self.cast`` or ``self.math_pi``, for a subclass.
    """

    _checks: ClassVar[dict[str, Callable[[str, object], Any]]]
    """The arguments, which are attributes too, each with its check."""
    _follows: ClassVar[dict[str, str]] = {}
    """The attributes that follow from those, and from which."""
    _replayed: ClassVar[str]
    """The class of this module that it is, or is a subclass of."""
    _is_overridden: bool
    """Whether ``construct`` is not that class's, so that Rust does not know its values."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if cls.__module__ == __name__:
            cls._replayed = cls.__name__
        cls._is_overridden = cls.construct is not globals().get(cls._replayed, cls).construct

    def __init__(self, **arguments: Any) -> None:
        super().__init__()
        self._take(arguments)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "construct":
            self._put(_is_overridden=True)
        arguments = vars(self).get("_arguments", {})
        if name in self._follows:
            raise AttributeError(
                refusal(
                    f"{type(self).__name__}.{name}", "a value", f"it follows from {self._follows[name]}", "Set that."
                )
            )
        if name in arguments:
            self._take({**arguments, name: value})
        else:
            super().__setattr__(name, value)

    def _take(self, arguments: dict[str, Any]) -> None:
        """Check the arguments, all together, and keep them."""
        for name, value in arguments.items():
            self._checks[name](f"{type(self).__name__}.{name}", value)
        kind: Any = f"mindspore.{self._replayed}"
        self._values = replay(kind, **arguments)
        self._arguments = arguments
        self._put(**arguments)

    def _put(self, **attributes: Any) -> None:
        for name, value in attributes.items():
            super().__setattr__(name, value)

    def schedule(self) -> Schedule:
        """Return the exact schedule: the real values of the formula, correctly rounded.

        Raises:
            TypeError: the class is a subclass with a ``construct`` of its own.
        """
        if self._is_overridden:
            raise TypeError(
                refusal(
                    f"{type(self).__name__}.schedule",
                    "a `construct` of its own",
                    f"only that of {self._replayed} has an exact schedule",
                    "Override `schedule` too, or call it with the steps.",
                )
            )
        return self._values.exact()

    def __call__(self, global_step: Any) -> Any:
        """Return the learning rate at a step or at steps, as ``numpy.float32``; of a Tensor, as a Tensor."""
        if self._is_overridden:
            return self._constructed(global_step)
        if isinstance(global_step, Tensor):
            return super().__call__(global_step)
        return of_ints(self._values, global_step)

    def _constructed(self, global_step: Any) -> Any:
        """Return what a ``construct`` of a subclass's own gives: for ints, what it gives for a Tensor of them."""
        if isinstance(global_step, Tensor):
            return super().__call__(global_step)
        of_ints(self._values, global_step)  # raises, as elsewhere, where they are no steps
        steps = np.asarray(global_step)
        values = super().__call__(Tensor(steps) if Tensor else steps)
        if values is None:
            raise TypeError(
                refusal(
                    f"{type(self).__name__}.construct",
                    "None from it",
                    "it must return the learning rate",
                    "Add `return`.",
                )
            )
        return np.asarray(values.asnumpy() if isinstance(values, Tensor) else values, dtype=np.float32)[()]

    def __getstate__(self) -> dict[str, Any]:
        """Return what the instance has of its own, and not the rest of a Cell: that is of its process, and compiled."""
        bare = vars(LearningRateSchedule())
        return {name: value for name, value in vars(self).items() if name not in bare or name in {"_cells", "_params"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__init__()
        self.__dict__.update(state)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self._arguments.items())
        return f"{type(self).__name__}({arguments})"


_DECAY: dict[str, Callable[[str, object], Any]] = {
    "learning_rate": check.positive,
    "decay_rate": check.positive,
    "decay_steps": check.positive_int,
    "is_stair": check.flag,
}


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

    _checks = _DECAY
    pow, cast = operation("Pow"), operation("Cast")

    def __init__(self, learning_rate: float, decay_rate: float, decay_steps: int, is_stair: bool = False) -> None:
        super().__init__(learning_rate=learning_rate, decay_rate=decay_rate, decay_steps=decay_steps, is_stair=is_stair)

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

    _checks = _DECAY
    math_e, pow, cast = math.e, operation("Pow"), operation("Cast")

    def __init__(self, learning_rate: float, decay_rate: float, decay_steps: int, is_stair: bool = False) -> None:
        super().__init__(learning_rate=learning_rate, decay_rate=decay_rate, decay_steps=decay_steps, is_stair=is_stair)

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

    _checks = _DECAY
    cast = operation("Cast")

    def __init__(self, learning_rate: float, decay_rate: float, decay_steps: int, is_stair: bool = False) -> None:
        super().__init__(learning_rate=learning_rate, decay_rate=decay_rate, decay_steps=decay_steps, is_stair=is_stair)

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

    _checks: ClassVar = {"min_lr": check.not_negative, "max_lr": check.positive, "decay_steps": check.positive_int}
    _follows: ClassVar = {"delta": "min_lr and max_lr"}
    math_pi, cos, sin = math.pi, operation("Cos"), operation("Sin")
    min, cast = operation("Minimum"), operation("Cast")

    def __init__(self, min_lr: float, max_lr: float, decay_steps: int) -> None:
        super().__init__(min_lr=min_lr, max_lr=max_lr, decay_steps=decay_steps)

    def _take(self, arguments: dict[str, Any]) -> None:
        super()._take(arguments)
        self._put(delta=0.5 * (self.max_lr - self.min_lr))

    def construct(self, global_step: Any) -> Any:
        """Compute the learning rate of a Tensor, as a graph can."""
        step = ops.cast(ops.minimum(global_step, self.decay_steps), mstype.float32)
        return self.min_lr + self.delta * (1.0 + ops.sin(math.pi * (step / self.decay_steps + 0.5)))


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

    _checks: ClassVar = {
        "learning_rate": check.positive,
        "end_learning_rate": check.not_negative,
        "decay_steps": check.positive_int,
        "power": check.positive,
        "update_decay_steps": check.flag,
    }
    _follows: ClassVar = {
        "start_learning_rate": "learning_rate",
        "diff_learning_rate": "learning_rate and end_learning_rate",
    }
    pow, ceil = operation("Pow"), operation("Ceil")
    min, max = operation("Minimum"), operation("Maximum")

    def __init__(
        self,
        learning_rate: float,
        end_learning_rate: float,
        decay_steps: int,
        power: float,
        update_decay_steps: bool = False,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate, end_learning_rate=end_learning_rate, decay_steps=decay_steps, power=power,
            update_decay_steps=update_decay_steps,
        )  # fmt: skip

    def _take(self, arguments: dict[str, Any]) -> None:
        super()._take(arguments)
        self._put(
            start_learning_rate=self.learning_rate,
            diff_learning_rate=self.learning_rate - self.end_learning_rate,
        )

    def construct(self, global_step: Any) -> Any:
        """Compute the learning rate of a Tensor, as a graph can."""
        step = ops.cast(global_step, mstype.float32)
        steps = self.decay_steps
        if self.update_decay_steps:
            steps = steps * ops.maximum(ops.ceil(step / steps), 1)
        else:
            step = ops.minimum(step, steps)
        return self.diff_learning_rate * ops.pow(1.0 - step / steps, self.power) + self.end_learning_rate


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

    _checks: ClassVar = {"learning_rate": check.not_negative, "warmup_steps": check.positive_int}
    min, cast = operation("Minimum"), operation("Cast")

    def __init__(self, learning_rate: float, warmup_steps: int) -> None:
        super().__init__(learning_rate=learning_rate, warmup_steps=warmup_steps)

    def construct(self, global_step: Any) -> Any:
        """Compute the learning rate of a Tensor, as a graph can."""
        step = ops.cast(ops.minimum(global_step, self.warmup_steps), mstype.float32)
        return self.learning_rate * (step / self.warmup_steps)
