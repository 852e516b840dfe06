"""CyclicLR and OneCycleLR: the learning rate goes up and down between rates that the scheduler is given."""

from collections.abc import Sequence
from typing import Any

from mindspore import Tensor
from mindspore import dtype as mstype

from glidepath._arguments import refusal
from glidepath._core import Schedule, _shown
from glidepath.mindspore import _checks as check
from glidepath.mindspore.experimental.optim.base import LRScheduler
from glidepath.mindspore.experimental.optim.values import Factor, floats, number_a_group, number_of, tensors

__all__ = ["CyclicLR", "OneCycleLR"]


class CyclicLR(LRScheduler):
    """Rise from ``base_lr`` to ``max_lr`` and fall again, in cycles.

    ::

        cycle = floor(1 + e / (up + down)), x = 1 + e / (up + down) - cycle, r = up / (up + down)
        height = x / r  where x <= r, (x - 1) / (r - 1)  elsewhere
        lr(e) = base_lr + (max_lr - base_lr) * height * scale

        scale = 1  triangular, 1 / 2 ** (cycle - 1)  triangular2, gamma ** e  exp_range

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        base_lr: the lowest, a float or one a group. The groups' learning rates are set to it.
        max_lr: the first peak, a float or one a group.
        step_size_up: how many epochs a rise takes.
        step_size_down: how many a fall takes; as many as a rise where it is None.
        mode: "triangular"; "triangular2", halved every cycle; "exp_range", times ``gamma ** epoch``.
        gamma: see there.
        scale_fn: a factor of the height, of the cycle (from 1) or of the epoch (a Tensor of float32, as MindSpore's
            is given); then ``mode`` has no effect.
        scale_mode: "cycle" or "iterations": what ``scale_fn`` is of.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    def __init__(  # noqa: PLR0913 (MindSpore's signature)
        self, optimizer: Any, base_lr: float | list[float], max_lr: float | list[float], step_size_up: int = 2000,
        step_size_down: int | None = None, mode: str = "triangular", gamma: float = 1.0,
        scale_fn: Factor | None = None, scale_mode: str = "cycle", last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self._hold(optimizer)
        lowest = tensors(number_a_group("CyclicLR.base_lr", base_lr, optimizer))
        self.max_lrs = tensors(number_a_group("CyclicLR.max_lr", max_lr, optimizer))
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(
                refusal(
                    "CyclicLR.mode",
                    _shown(mode),
                    "it must be 'triangular', 'triangular2' or 'exp_range'",
                    "Or give a scale_fn.",
                )
            )
        self.step_size_up = float(step_size_up)
        self.step_size_down = self.step_size_up if step_size_down is None else float(step_size_down)
        self.mode, self.gamma, self._scale_fn = mode, number_of("CyclicLR.gamma", gamma), scale_fn
        self.scale_mode = scale_mode if scale_fn else "iterations" if mode == "exp_range" else "cycle"
        self._lowest = lowest
        self._check()
        if last_epoch == -1:
            self._write(lowest)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lowest

    @property
    def total_step_size(self) -> float:
        """How many epochs a cycle has."""
        return self.step_size_up + self.step_size_down

    @property
    def step_up_ratio(self) -> float:
        """Which part of them goes up."""
        return self.step_size_up / self.total_step_size

    def _check(self) -> None:
        self._rules(0)

    def _replay(self, group: int) -> Schedule | None:
        return None if self._scale_fn is not None or self._has_its_own_rule() else self._rules(0)[group]

    def _rules(self, epoch: int) -> list[Schedule]:
        shape: dict[str, Any] = {"mode": self.mode, "gamma": self.gamma}
        if self._scale_fn is not None:
            # The number of the cycle, from 1.
            cycle = 1 + int(epoch // self.total_step_size)
            of = Tensor(cycle if self.scale_mode == "cycle" else epoch, mstype.float32)
            shape = {"scale": float(self._scale_fn(of))}
        sizes = {"step_size_up": self.step_size_up, "step_size_down": self.step_size_down}
        ends = zip(floats(self._lowest), floats(self.max_lrs), strict=True)
        return self._replays_of("CyclicLR", [{"base_lr": low, "max_lr": top, **sizes, **shape} for low, top in ends])

    def get_lr(self) -> Sequence[Any]:
        """Return the groups' learning rates at ``self.last_epoch``."""
        return [rule[self.last_epoch] for rule in self._rules(self.last_epoch)]


class OneCycleLR(LRScheduler):
    """Rise from ``max_lr / div_factor`` to ``max_lr`` and fall to a ``final_div_factor``-th of where it started.

    ::

        from a corner (k0, lr0) to the next, (k1, lr1):  part = (k - k0) / (k1 - k0)
        lr(k) = lr1 + (lr0 - lr1) / 2 * (1 + cos(pi * part))  cos
                (lr1 - lr0) * part + lr0                      linear

        corners: (0, max_lr / div_factor), (pct_start * total_steps - 1, max_lr),
                 (2 * pct_start * total_steps - 2, max_lr / div_factor)  with three_phase,
                 (total_steps - 1, max_lr / div_factor / final_div_factor)

    MindSpore has none: arguments and values are those of PyTorch's, without its cycling of momentum. As there, the step
    on which a loop of ``total_steps`` steps ends, one past the last, is made; the last curve goes on, up with "cos".

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        max_lr: the peak, a float or one a group.
        total_steps: how many steps it lasts; ``epochs * steps_per_epoch`` where it is None.
        epochs: see there.
        steps_per_epoch: see there.
        pct_start: which part of the steps goes up.
        anneal_strategy: "cos" or "linear".
        div_factor: what the peak is to the start.
        final_div_factor: what the start is to the end.
        three_phase: whether it falls symmetrically first, and then to the end.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range, or a step past the last.
    """

    def __init__(  # noqa: PLR0913 (PyTorch's signature)
        self, optimizer: Any, max_lr: float | list[float], total_steps: int | None = None, epochs: int | None = None,
        steps_per_epoch: int | None = None, pct_start: float = 0.3, anneal_strategy: str = "cos",
        div_factor: float = 25.0, final_div_factor: float = 1e4, three_phase: bool = False, last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self._hold(optimizer)
        if total_steps is None:
            total_steps = check.positive_int("OneCycleLR.epochs", epochs) * check.positive_int(
                "OneCycleLR.steps_per_epoch", steps_per_epoch
            )
        self.max_lrs = number_a_group("OneCycleLR.max_lr", max_lr, optimizer)
        self.total_steps = check.positive_int("OneCycleLR.total_steps", total_steps)
        self.pct_start, self.anneal_strategy, self.three_phase = pct_start, anneal_strategy, three_phase
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        first = [rule[0] for rule in self._rules()]
        if last_epoch == -1:
            self._write(first)
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        self._rules()

    def _rules(self) -> list[Schedule]:
        names = ("total_steps", "pct_start", "anneal_strategy", "div_factor", "final_div_factor", "three_phase")
        given = {name: getattr(self, name) for name in names}
        return self._replays_of("OneCycleLR", [{"max_lr": top, **given} for top in self.max_lrs])

    def _replay(self, group: int) -> Schedule | None:
        return None if self._has_its_own_rule() else self._rules()[group]

    def _jump(self, step: int) -> None:
        self._check_step(step)
        super()._jump(step)

    def _check_step(self, step: int) -> None:
        if step > self.total_steps:
            raise ValueError(
                refusal(
                    "OneCycleLR.step",
                    f"step {step}",
                    f"there are {self.total_steps} steps in all",
                    "Give more `total_steps`, or stop stepping.",
                )
            )

    def get_lr(self) -> Sequence[Any]:
        """Return the groups' learning rates at ``self.last_epoch``."""
        self._check_step(self.last_epoch)
        return [rule[self.last_epoch] for rule in self._rules()]
