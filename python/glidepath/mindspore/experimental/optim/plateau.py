"""ReduceLROnPlateau: the learning rate follows from a metric."""

import math
from typing import Any, SupportsIndex

from glidepath._arguments import refusal
from glidepath._core import Schedule, _is_better, _reduced, _shown
from glidepath.mindspore.experimental.optim.ahead import follows_metrics
from glidepath.mindspore.experimental.optim.base import Stateful
from glidepath.mindspore.experimental.optim.values import floats, number_a_group, tensors

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(Stateful):
    """Multiply by ``factor`` when a metric has stopped improving.

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        mode: "min" or "max": what is better.
        factor: the factor, below 1.
        patience: how many epochs without improvement are waited for.
        threshold: what counts as an improvement.
        threshold_mode: "rel" or "abs": whether the threshold is a part of the best so far.
        cooldown: how many epochs are waited after a reduction.
        min_lr: no learning rate goes below it; a float or one a group.
        eps: a smaller change is not made.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    def __init__(  # noqa: PLR0913 (MindSpore's signature)
        self, optimizer: Any, mode: str = "min", factor: float = 0.1, patience: int = 10, threshold: float = 1e-4,
        threshold_mode: str = "rel", cooldown: int = 0, min_lr: float | list[float] = 0, eps: float = 1e-8,
    ) -> None:  # fmt: skip
        if not factor < 1.0:
            raise ValueError(
                refusal("ReduceLROnPlateau.factor", _shown(factor), "it must be below 1", "Take its reciprocal.")
            )
        self._hold(optimizer)
        self.mode, self.factor, self.patience, self.cooldown, self.eps = mode, factor, patience, cooldown, eps
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self._check()
        self.mode_worse = self.best = math.inf if mode == "min" else -math.inf
        self.min_lrs = tensors(number_a_group("ReduceLROnPlateau.min_lr", min_lr, optimizer))
        self.wait = self.cooldown_counter = self.last_epoch = 0

    _takes_metrics = True

    def seek(self, step: SupportsIndex) -> None:  # noqa: ARG002 (the others' signature)
        """Raise `TypeError`: the learning rates follow from metrics, not from the step."""
        raise follows_metrics("ReduceLROnPlateau.seek")

    def schedule(self, group: SupportsIndex = 0, *, steps: SupportsIndex | None = None) -> Schedule:  # noqa: ARG002 (the same)
        """Raise `TypeError`: the learning rates follow from metrics, not from the step."""
        raise follows_metrics("ReduceLROnPlateau.schedule")

    def _check(self) -> None:
        for name, known in (("mode", ("min", "max")), ("threshold_mode", ("rel", "abs"))):
            if (value := getattr(self, name)) not in known:
                raise ValueError(
                    refusal(
                        f"ReduceLROnPlateau.{name}", _shown(value), f"it must be one of {known}", "Take one of them."
                    )
                )

    def step(self, metrics: Any) -> bool:
        """Take an epoch's metric, a number or a Tensor of one, and reduce the learning rates if it is time."""
        if isinstance(metrics, str):
            raise TypeError(
                refusal("ReduceLROnPlateau.step.metrics", _shown(metrics), "it must be a number", "Use `float()`.")
            )
        metric = float(metrics)
        self.last_epoch += 1
        if _is_better(metric, self.best, self.mode, self.threshold, self.threshold_mode == "rel"):
            self.best, self.wait = metric, 0
        else:
            self.wait += 1
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.wait > self.patience:
            pairs = zip(self._read(), floats(self.min_lrs), strict=True)
            self._write([_reduced(lr, self.factor, least, self.eps) for lr, least in pairs])
            self.cooldown_counter, self.wait = self.cooldown, 0
        return True

    def in_cooldown(self) -> bool:
        """Whether it waits after a reduction."""
        return self.cooldown_counter > 0
