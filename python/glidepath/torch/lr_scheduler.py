"""The schedulers of `torch.optim.lr_scheduler` and `SWALR`: each a subclass of torch's class of the same name.

What all of them share stands in `LRScheduler`; a class below gives its signature and names torch's class. `step` runs
in Rust and does what torch's does. Where a subclass has a `get_lr` of its own, or anything else is not as torch made
it, torch's own code runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, SupportsFloat, cast

from torch import Tensor
from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import EPOCH_DEPRECATION_WARNING
from torch.optim.swa_utils import SWALR as TorchSWALR  # noqa: N811  # a class's name in capitals

from glidepath.torch._versions import ETA_MIN, VERBOSE
from glidepath.torch.base import LRScheduler, integer, milestone_of, shown_epoch
from glidepath.torch.composites import ChainedScheduler, SequentialLR

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
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "_LRScheduler",
]


class _LRScheduler(LRScheduler, lr_scheduler._LRScheduler):
    """The base under its older name."""

    _torch = lr_scheduler._LRScheduler


class LambdaLR(LRScheduler, lr_scheduler.LambdaLR):
    """`lr = base_lr * lr_lambda(epoch)`.

    Args:
        optimizer: whose groups' learning rates are set.
        lr_lambda: a function of the epoch, or a list of them, one a group.
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.lr_scheduler.LambdaLR, torch 2.13.

    >>> LambdaLR(optimizer, lambda epoch: 0.5**epoch).preview(3).ravel().tolist()
    [0.05, 0.025, 0.0125]
    """

    _torch = lr_scheduler.LambdaLR

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
        verbose: bool = VERBOSE,
    ) -> None:
        self._construct(verbose, optimizer, lr_lambda, last_epoch)


class MultiplicativeLR(LRScheduler, lr_scheduler.MultiplicativeLR):
    """`lr = lr * lr_lambda(epoch)` at each epoch but the first.

    Args:
        optimizer: whose groups' learning rates are set.
        lr_lambda: a function of the epoch, or a list of them, one a group.
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.lr_scheduler.MultiplicativeLR, torch 2.13.

    >>> MultiplicativeLR(optimizer, lambda epoch: 0.5).preview(3).ravel().tolist()
    [0.05, 0.025, 0.0125]
    """

    _torch = lr_scheduler.MultiplicativeLR

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
        verbose: bool = VERBOSE,
    ) -> None:
        self._construct(verbose, optimizer, lr_lambda, last_epoch)


class StepLR(LRScheduler, lr_scheduler.StepLR):
    """`lr = lr * gamma` every `step_size` epochs.

    Args:
        optimizer: whose groups' learning rates are set.
        step_size: the epochs from one decay to the next.
        gamma: the factor of each decay.
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.lr_scheduler.StepLR, torch 2.13.

    >>> StepLR(optimizer, step_size=2, gamma=0.5).preview(5).ravel().tolist()
    [0.1, 0.05, 0.05, 0.025, 0.025]
    """

    _torch = lr_scheduler.StepLR

    def __init__(
        self,
        optimizer: Optimizer,
        step_size: int,
        gamma: float = 0.1,
        last_epoch: int = -1,
        verbose: bool = VERBOSE,
    ) -> None:
        self._construct(verbose, optimizer, step_size, gamma, last_epoch)


class MultiStepLR(LRScheduler, lr_scheduler.MultiStepLR):
    """`lr = lr * gamma` at each milestone, once for each time it is listed.

    DIFFERENCE: a milestone that is a text (as in a state that was JSON) or a tensor counts as its number. In torch such
    a milestone does nothing.

    Args:
        optimizer: whose groups' learning rates are set.
        milestones: the epochs of the decays.
        gamma: the factor of each decay.
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.lr_scheduler.MultiStepLR, torch 2.13.

    >>> MultiStepLR(optimizer, milestones=[2, 3], gamma=0.5).preview(4).ravel().tolist()
    [0.1, 0.05, 0.025, 0.025]
    """

    _torch = lr_scheduler.MultiStepLR

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
        verbose: bool = VERBOSE,
    ) -> None:
        self._construct(verbose, optimizer, map(milestone_of, milestones), gamma, last_epoch)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the scheduler's state, as torch's `load_state_dict` does.

        DIFFERENCE: in a state that was JSON the milestones are texts. torch loses them all and does not say so; here
        they become numbers again.
        """
        super().load_state_dict(state_dict)
        saved = cast("object", self.milestones)
        if isinstance(saved, Mapping):
            self.milestones = Counter()
            for milestone, times in saved.items():
                self.milestones[milestone_of(milestone)] += times


class ConstantLR(LRScheduler, lr_scheduler.ConstantLR):
    """`lr = base_lr * factor` before epoch `total_iters`, then `base_lr`.

    DIFFERENCE: with a factor of 0 torch divides by zero at `total_iters`; here the base rates come back.

    Args:
        optimizer: whose groups' learning rates are set.
        factor: from 0 to 1.
        total_iters: the epochs until the base rate rules.
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.lr_scheduler.ConstantLR, torch 2.13.

    >>> ConstantLR(optimizer, factor=0.5, total_iters=2).preview(3).ravel().tolist()
    [0.05, 0.1, 0.1]
    """

    _torch = lr_scheduler.ConstantLR

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
        verbose: bool = VERBOSE,
    ) -> None:
        self._construct(verbose, optimizer, factor, total_iters, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """Return the next rates, as torch's `get_lr` does.

        DIFFERENCE: with a factor of 0 torch divides by zero at `total_iters`; here the base rates come back.
        """
        if self.factor == 0 and self.last_epoch == self.total_iters != 0:
            return [lr * 1.0 for lr in self.base_lrs]  # new tensors where the rates are tensors
        return super().get_lr()


class LinearLR(LRScheduler, lr_scheduler.LinearLR):
    """`lr = base_lr * f`, f on a line from `start_factor` at epoch 0 to `end_factor` at `total_iters`.

    Args:
        optimizer: whose groups' learning rates are set.
        start_factor: above 0, up to 1.
        end_factor: from 0 to 1.
        total_iters: the epochs until `end_factor` is reached.
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.lr_scheduler.LinearLR, torch 2.13.

    >>> LinearLR(optimizer, start_factor=0.5, total_iters=4).preview(5).ravel().tolist()
    [0.0625, 0.075, 0.08750000000000001, 0.1, 0.1]
    """

    _torch = lr_scheduler.LinearLR

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
        verbose: bool = VERBOSE,
    ) -> None:
        self._construct(verbose, optimizer, start_factor, end_factor, total_iters, last_epoch)


class ExponentialLR(LRScheduler, lr_scheduler.ExponentialLR):
    """`lr = lr * gamma` every epoch.

    Args:
        optimizer: whose groups' learning rates are set.
        gamma: the factor of each epoch.
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.lr_scheduler.ExponentialLR, torch 2.13.

    >>> ExponentialLR(optimizer, gamma=0.9).preview(4).ravel().tolist()
    [0.09000000000000001, 0.08100000000000002, 0.07290000000000002, 0.06561000000000002]
    """

    _torch = lr_scheduler.ExponentialLR

    def __init__(
        self,
        optimizer: Optimizer,
        gamma: float,
        last_epoch: int = -1,
        verbose: bool = VERBOSE,
    ) -> None:
        self._construct(verbose, optimizer, gamma, last_epoch)


class PolynomialLR(LRScheduler, lr_scheduler.PolynomialLR):
    """`lr = base_lr * (1 - epoch / total_iters) ** power`, then 0.

    Args:
        optimizer: whose groups' learning rates are set.
        total_iters: the epochs of the decay.
        power: its exponent.
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.lr_scheduler.PolynomialLR, torch 2.13.

    >>> PolynomialLR(optimizer, total_iters=4, power=2.0).preview(5).ravel().tolist()
    [0.05625, 0.024999999999999998, 0.0062499999999999995, 0.0, 0.0]
    """

    _torch = lr_scheduler.PolynomialLR

    def __init__(
        self,
        optimizer: Optimizer,
        total_iters: int = 5,
        power: float = 1.0,
        last_epoch: int = -1,
        verbose: bool = VERBOSE,
    ) -> None:
        self._construct(verbose, optimizer, total_iters, power, last_epoch)


class CosineAnnealingLR(LRScheduler, lr_scheduler.CosineAnnealingLR):
    """`lr = eta_min + (base_lr - eta_min) * (1 + cos(pi * epoch / T_max)) / 2`, as a recurrence.

    Args:
        optimizer: whose groups' learning rates are set.
        T_max: the epochs of half a period; after them the rate climbs again.
        eta_min: the lowest rate.
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.lr_scheduler.CosineAnnealingLR, torch 2.13.

    >>> CosineAnnealingLR(optimizer, T_max=1, eta_min=0.002).preview(6).ravel().tolist()
    [0.002, 0.1, 0.002, 0.1, 0.002, 0.1]
    """

    _torch = lr_scheduler.CosineAnnealingLR

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,
        eta_min: float = ETA_MIN,
        last_epoch: int = -1,
        verbose: bool = VERBOSE,
    ) -> None:
        self._construct(verbose, optimizer, T_max, eta_min, last_epoch)


class CosineAnnealingWarmRestarts(LRScheduler, lr_scheduler.CosineAnnealingWarmRestarts):
    """`lr = eta_min + (base_lr - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2`, T_cur epochs after the last restart.

    Args:
        optimizer: whose groups' learning rates are set.
        T_0: the epochs of the first cycle.
        T_mult: how many times as long each cycle is as the one before.
        eta_min: the lowest rate.
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts, torch 2.13.

    >>> CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2).preview(6).ravel().tolist()
    [0.05, 0.1, 0.08535533905932738, 0.05, 0.014644660940672627, 0.1]
    """

    _torch = lr_scheduler.CosineAnnealingWarmRestarts
    if TYPE_CHECKING:

        def step(self, epoch: float | None = None) -> None:
            """Move on by one step, or to an epoch, of which a fraction lies within a cycle."""

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = ETA_MIN,
        last_epoch: int = -1,
        verbose: bool = VERBOSE,
    ) -> None:
        self._construct(verbose, optimizer, T_0, T_mult, eta_min, last_epoch)

    def _print_lrs(self, epoch: float | None = None) -> None:
        super()._print_lrs(self.last_epoch if epoch is None else epoch)


class CyclicLR(LRScheduler, lr_scheduler.CyclicLR):
    """`lr = base_lr + (max_lr - base_lr) * scale * fade`, scale up to 1 and down to 0 in each cycle.

    Args:
        optimizer: whose groups' learning rates are set.
        base_lr: the lowest rate, or a list of them, one a group.
        max_lr: the highest rate, or a list.
        step_size_up: the steps up,
        step_size_down: and down; as many, if None.
        mode: "triangular" (peaks stay), "triangular2" (halved each cycle), "exp_range" (gamma ** step).
        gamma: the factor of "exp_range".
        scale_fn: a function of one's own for the fade; `mode` is then ignored.
        scale_mode: what `scale_fn` is a function of: "cycle" or "iterations".
        cycle_momentum: whether momentum goes the other way.
        base_momentum: the lowest momentum.
        max_momentum: the highest momentum.
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.lr_scheduler.CyclicLR, torch 2.13.

    >>> CyclicLR(optimizer, 0.1, 0.5, step_size_up=2, cycle_momentum=False).preview(4).ravel().tolist()
    [0.30000000000000004, 0.5, 0.30000000000000004, 0.1]
    """

    _torch = lr_scheduler.CyclicLR

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float = 0.8,
        max_momentum: float = 0.9,
        last_epoch: int = -1,
        verbose: bool = VERBOSE,
    ) -> None:
        self._construct(
            verbose,
            optimizer,
            base_lr,
            max_lr,
            step_size_up,
            step_size_down,
            mode,
            gamma,
            scale_fn,
            scale_mode,
            cycle_momentum,
            base_momentum,
            max_momentum,
            last_epoch,
        )
        down = step_size_up if step_size_down is None else step_size_down
        self._made_with = {"step_size_up": step_size_up, "step_size_down": down}


class OneCycleLR(LRScheduler, lr_scheduler.OneCycleLR):
    """From `max_lr / div_factor` up to `max_lr`, then down to `max_lr / div_factor / final_div_factor`.

    Raises `ValueError` at a step beyond `total_steps`.

    Args:
        optimizer: whose groups' learning rates are set.
        max_lr: the highest rate, or a list of them, one a group.
        total_steps: the steps of the cycle; if None, `epochs * steps_per_epoch`.
        epochs: the epochs of the cycle.
        steps_per_epoch: the steps of each.
        pct_start: the part of the steps that goes up.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: whether momentum goes the other way.
        base_momentum: the lowest momentum.
        max_momentum: the highest momentum.
        div_factor: the highest rate over the first.
        final_div_factor: the first rate over the last.
        three_phase: whether the way down has two parts.
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.lr_scheduler.OneCycleLR, torch 2.13.

    >>> OneCycleLR(optimizer, 0.5, total_steps=5, pct_start=0.4, cycle_momentum=False).preview(4).ravel().tolist()
    [0.5, 0.3750005, 0.12500150000000004, 2e-06]
    """

    _torch = lr_scheduler.OneCycleLR

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
        verbose: bool = VERBOSE,
    ) -> None:
        self._construct(
            verbose,
            optimizer,
            max_lr,
            integer(total_steps),
            integer(epochs),
            integer(steps_per_epoch),
            pct_start,
            anneal_strategy,
            cycle_momentum,
            base_momentum,
            max_momentum,
            div_factor,
            final_div_factor,
            three_phase,
            last_epoch,
        )
        self._made_with = {
            "pct_start": pct_start,
            "div_factor": div_factor,
            "final_div_factor": final_div_factor,
        }


class SWALR(LRScheduler, TorchSWALR):
    """From the rate at which averaging starts to `swa_lr`, in `anneal_epochs`.

    Args:
        optimizer: whose groups' learning rates are set.
        swa_lr: the rate to reach, or a list of them, one a group.
        anneal_epochs: the epochs until it is reached.
        anneal_strategy: "cos" or "linear".
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.swa_utils.SWALR, torch 2.13.

    >>> SWALR(optimizer, swa_lr=0.05, anneal_epochs=2, anneal_strategy="linear").preview(3).ravel().tolist()
    [0.07500000000000001, 0.05, 0.05]
    """

    _torch = TorchSWALR

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float,
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
        verbose: bool = VERBOSE,
    ) -> None:
        # Where torch's schedulers still have `verbose`, this one has none, and says so.
        verbosity = self._verbosity(verbose) if verbose != VERBOSE else ()
        TorchSWALR.__init__(
            self, *map(integer, (optimizer, swa_lr, anneal_epochs, anneal_strategy, last_epoch)), *verbosity
        )


class ReduceLROnPlateau(LRScheduler, lr_scheduler.ReduceLROnPlateau):
    """`lr = max(lr * factor, min_lr)` where a metric has not become better for more than `patience` epochs.

    Args:
        optimizer: whose groups' learning rates are set.
        mode: "min" where less is better, "max" where more is.
        factor: the factor of each decay, below 1.
        patience: how many epochs without anything better are forgiven.
        threshold: how much better a metric must be to count,
        threshold_mode: "rel", as a part of the best, or "abs".
        cooldown: how many epochs after a decay are not counted.
        min_lr: the lowest rate, or a list of them, one a group.
        eps: the least change of a rate that is made.
        verbose: whether each decay is printed.

    Source: torch.optim.lr_scheduler.ReduceLROnPlateau, torch 2.13.

    >>> ReduceLROnPlateau(optimizer, patience=1).preview(metrics=[1.0, 1.0, 1.0, 0.5]).ravel().tolist()
    [0.1, 0.1, 0.010000000000000002, 0.010000000000000002]
    """

    _torch = lr_scheduler.ReduceLROnPlateau
    if TYPE_CHECKING:

        def step(  # type: ignore[override]  # a metric is no epoch
            self, metrics: SupportsFloat, epoch: int | None = None
        ) -> None:
            """Take the epoch's metric, and reduce the rates where it has not become better for too long."""

    else:
        step = lr_scheduler.ReduceLROnPlateau.step

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: list[float] | float = 0,
        eps: float = 1e-8,
        verbose: bool = VERBOSE,
    ) -> None:
        self._construct(verbose, optimizer, mode, factor, patience, threshold, threshold_mode, cooldown, min_lr, eps)

    def _reduce_lr(self, epoch: float) -> None:
        before = [float(group["lr"]) for group in self.optimizer.param_groups] if self.verbose else []
        super()._reduce_lr(epoch)
        for i, old in enumerate(before):
            new = float(self.optimizer.param_groups[i]["lr"])
            if new != old:
                print(f"Epoch {shown_epoch(epoch)}: reducing learning rate of group {i} to {new:.4e}.")
