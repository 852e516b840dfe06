"""The schedulers of `torch.optim.lr_scheduler` and `SWALR`: each a subclass of torch's class of the same name.

The manners that all share stand in `LRScheduler`; a class below says its signature and whose it is. Their `step` is in
Rust and does what torch's does. Where a subclass has a `get_lr` of its own, or anything else is not as torch made it,
torch's own code runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Literal, SupportsFloat, SupportsIndex, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import EPOCH_DEPRECATION_WARNING
from torch.optim.swa_utils import SWALR as TorchSWALR  # noqa: N811  # a class's name in capitals

from glidepath._core import Schedule, _StepPath, _Stepper
from glidepath.torch import _versions, ahead, turns
from glidepath.torch._versions import ETA_MIN, HAS_UPDATE_LR, HAS_VERBOSE, VERBOSE
from glidepath.torch.scheduler import Scheduler

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

# What a subclass may have of its own; then its steps are not ours to make.
SEAMS = (
    "get_lr",
    "_update_lr",
    "_anneal_func",
    "_annealing_cos",
    "_annealing_linear",
    "scale_fn",
    "_triangular_scale_fn",
    "_triangular2_scale_fn",
    "_exp_range_scale_fn",
    "_get_initial_lr",
    "_cosine_anneal",
    "_linear_anneal",
)


class LRScheduler(_Stepper, lr_scheduler.LRScheduler):
    """The base of all schedulers here: torch's, and what they share.

    Subclass it as you would torch's, with a `get_lr` of your own.

    Args:
        optimizer: whose groups' learning rates are set.
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.lr_scheduler.LRScheduler, torch 2.13.
    """

    # What CyclicLR and OneCycleLR were made with, for `schedule`. It is a slot because `state_dict` returns all of
    # `__dict__`. Copies and pickles keep it.
    __slots__ = ("_made_with",)

    _torch: ClassVar[type[lr_scheduler.LRScheduler]] = lr_scheduler.LRScheduler
    _step_path: ClassVar[_StepPath]
    _made_with: dict[str, float]

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Choose the road that the class's steps take."""
        super().__init_subclass__(**keywords)
        cls._step_path = _step_path(cls)

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1, verbose: bool = VERBOSE) -> None:
        self._construct(verbose, optimizer, last_epoch)

    def preview(
        self,
        n: SupportsIndex | None = None,
        *,
        metrics: Iterable[float] | None = None,
        name: str = "lr",
        place: int = 0,
    ) -> NDArray[np.float64]:
        """Return the learning rates that the next n steps will set, shape (n, groups); see `glidepath.torch.preview`.

        >>> ExponentialLR(optimizer, gamma=0.9).preview(2)
        array([[0.09 ],
               [0.081]])
        """
        return ahead.preview(self, n, metrics=metrics, name=name, place=place)

    def seek(self, step: SupportsIndex) -> None:
        """Go to the state after so many steps from the start, without stepping; see `glidepath.torch.seek`.

        >>> scheduler = ExponentialLR(optimizer, gamma=0.9)
        >>> scheduler.seek(4)
        >>> scheduler.get_last_lr()
        [0.06561000000000002]
        """
        ahead.seek(self, step)

    def schedule(
        self, group: SupportsIndex = 0, *, steps: SupportsIndex | None = None, name: str = "lr", place: int = 0
    ) -> Schedule:
        """Return the learning rates of a group as a `Schedule`, from the start; see `glidepath.torch.schedule`.

        >>> CosineAnnealingLR(optimizer, T_max=100).schedule()
        gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=100)
        """
        return ahead.schedule(self, group, steps=steps, name=name, place=place)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state, as torch's `load_state_dict` does.

        DIFFERENCE: the state of another class is refused (`ValueError`) where its keys tell. torch takes it, and its
        numbers become attributes that nobody reads.
        """
        _refuse_others_state(self, state_dict)
        super().load_state_dict(state_dict)

    def _construct(self, verbose: bool, *arguments: Any) -> None:
        """Call torch's constructor. It gets numpy's integers as Python's, and `verbose` where it has that."""
        self._torch.__init__(self, *map(_integer, arguments), *self._verbosity(verbose))

    def _verbosity(self, verbose: bool) -> tuple[Any, ...]:
        """Note `verbose`, or return it for torch's constructor, where that has it."""
        if HAS_VERBOSE:
            return (verbose,)
        self.verbose = verbose
        return ()

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, bool]]:
        return (), {"verbose": self.verbose}

    if HAS_UPDATE_LR:

        def _update_lr(self, epoch: int | None = None) -> None:
            super()._update_lr(epoch)
            if self.verbose:
                self._print_lrs(epoch)

    def _print_lrs(self, epoch: float | None = None) -> None:
        for i, lr in enumerate(self.get_last_lr()):
            self.print_lr(True, i, float(lr), epoch)

    if HAS_VERBOSE:
        # An attribute of the instance, as torch makes it, and not what `_Stepper` has for it.
        verbose = False
    else:

        @staticmethod
        def print_lr(is_verbose: bool, group: int, lr: float, epoch: float | None = None) -> None:
            """Print what a group's learning rate has become, if `is_verbose`: in the words of torch before 2.7."""
            if not is_verbose:
                return
            if epoch is None:
                print(f"Adjusting learning rate of group {group} to {lr:.4e}.")
            else:
                print(f"Epoch {_shown(epoch)}: adjusting learning rate of group {group} to {lr:.4e}.")


# Each is in the states of the classes that have it, and of no other.
TELLING = {
    "lr_lambdas", "step_size", "milestones", "gamma", "factor", "total_iters", "start_factor", "power", "T_max", "T_0",
    "total_size", "total_steps", "anneal_epochs", "patience", "_schedulers", "_milestones", "schedules",
}  # fmt: skip


def _refuse_others_state(scheduler: LRScheduler, state: dict[str, Any]) -> None:
    """Refuse the state of another class, as far as its keys tell."""
    own = vars(scheduler).keys()
    name = type(scheduler).__name__
    if "_schedulers" in own and "_schedulers" in state:
        held, saved = len(vars(scheduler)["_schedulers"]), len(state["_schedulers"])
        if held != saved:
            msg = (
                f"`{name}.load_state_dict`: got a state of {saved} schedulers; this one has {held}. Build it as it was."
            )
            raise ValueError(msg)
    foreign = TELLING & state.keys() - own
    if "total_size" in state:
        foreign.discard("gamma")  # CyclicLR had one in older versions of torch.
    missing = {"_schedulers"} & own - state.keys()
    if not foreign and not missing:
        return
    told = f"has {', '.join(sorted(foreign))}" if foreign else "does not have _schedulers"
    way_out = "Load what its own `state_dict()` returned."
    for key in ("step", "last_epoch"):
        if key in state and not turns.takes_metrics(scheduler):
            way_out = f'To go on where that one was, write `scheduler.seek(state["{key}"])`.'
            break
    msg = f"`{name}.load_state_dict`: got the state of another scheduler: it {told}. {way_out}"
    raise ValueError(msg)


def _step_path(cls: type[LRScheduler]) -> _StepPath:
    """Return the class's rule, if its subclasses left torch's seams alone, and the `step` of torch's."""
    facade = next(base for base in cls.__mro__ if "_torch" in vars(base))
    is_ours = all(getattr(cls, seam, None) is getattr(facade, seam, None) for seam in SEAMS)
    beyond = cls.__mro__[cls.__mro__.index(_Stepper) + 1 :]
    torch_step = next(vars(base)["step"] for base in beyond if "step" in vars(base))
    step = vars(facade).get("_step", torch_step)
    steps_here = cls.step is _Stepper.step and cls.get_last_lr is lr_scheduler.LRScheduler.get_last_lr
    prints_apart = not HAS_VERBOSE and not (HAS_UPDATE_LR and torch_step is lr_scheduler.LRScheduler.step)
    name = facade.__name__
    rule = name if is_ours and _versions.is_known(name) else ""
    sets_tensors = _versions.RELEASE >= _versions.TENSORS_SINCE
    return _StepPath(rule, step, steps_here, prints_apart, _versions.steps(name), sets_tensors)


LRScheduler._step_path = _step_path(LRScheduler)


def _shown(epoch: int | float) -> str:  # noqa: PYI041  # they are shown differently
    return f"{epoch:05d}" if isinstance(epoch, int) else f"{epoch:.2f}"


def _copied(lr: float | Tensor) -> float | Tensor:
    return lr.clone() if isinstance(lr, Tensor) else lr


def _integer(n: Any) -> Any:
    """Return numpy's integers as Python's, and anything else as it is.

    DIFFERENCE: torch keeps them. Then the rates become numpy.float64, and a saved state needs `weights_only=False`;
    OneCycleLR, CosineAnnealingWarmRestarts and SWALR refuse them.
    """
    return int(n) if isinstance(n, np.integer) else n


def _milestone(n: Any) -> Any:
    """Return a milestone as the number that it means.

    DIFFERENCE: torch compares it with the epoch. So a milestone that is a tensor or a text never comes there, and
    torch does not say so.
    """
    if isinstance(n, Tensor):
        return n.item()
    if isinstance(n, str):
        for number in (int, float):
            with suppress(ValueError):
                return number(n)
    return _integer(n)


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
        self._construct(verbose, optimizer, map(_milestone, milestones), gamma, last_epoch)

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
                self.milestones[_milestone(milestone)] += times


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
            return [_copied(lr) for lr in self.base_lrs]
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
            _integer(total_steps),
            _integer(epochs),
            _integer(steps_per_epoch),
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
            self, *map(_integer, (optimizer, swa_lr, anneal_epochs, anneal_strategy, last_epoch)), *verbosity
        )


class SequentialLR(LRScheduler, lr_scheduler.SequentialLR):
    """One scheduler after another: the i-th from `milestones[i - 1]` on, counted from there.

    DIFFERENCE: a SequentialLR or ChainedScheduler among the schedulers starts as it would alone, where torch starts it
    wrongly or raises `NotImplementedError`. With a `last_epoch` the sequence resumes at the step after it, where torch
    starts the first scheduler again.

    DIFFERENCE: a ReduceLROnPlateau may be among the schedulers, which torch refuses. `step(metrics)` hands the metric
    on to it while it rules, and steps the other schedulers without. At its milestone the groups get their initial
    rates; the first metric that counts is that of the next step.

    DIFFERENCE: a later `Scheduler` leaves all entries that it drives as they were until its turn comes. In torch's
    SequentialLR only the learning rates are put back.

    Args:
        optimizer: whose groups' learning rates are set.
        schedulers: the schedulers.
        milestones: the epochs at which the next one takes over.
        last_epoch: the epoch before the first; -1 starts anew.
        verbose: whether each update is printed.

    Source: torch.optim.lr_scheduler.SequentialLR, torch 2.13.

    >>> parts = [ConstantLR(optimizer, 0.5), ExponentialLR(optimizer, 0.9)]
    >>> SequentialLR(optimizer, parts, milestones=[2]).preview(4).ravel().tolist()
    [0.05, 0.1, 0.09000000000000001, 0.08100000000000002]
    >>> parts = [LinearLR(optimizer, 0.5, total_iters=2), ReduceLROnPlateau(optimizer, patience=0)]
    >>> SequentialLR(optimizer, parts, milestones=[2]).preview(metrics=[9.0, 8.0, 7.0, 7.0]).ravel().tolist()
    [0.07500000000000001, 0.1, 0.1, 0.010000000000000002]
    """

    _torch = lr_scheduler.SequentialLR
    if TYPE_CHECKING:

        def step(self, metrics: SupportsFloat | None = None) -> None:
            """Move on by one step; a ReduceLROnPlateau that rules takes the metric."""

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[Any],
        milestones: list[int],
        last_epoch: int = -1,
        verbose: bool = VERBOSE,
    ) -> None:
        if any(_milestone(milestone) is not milestone for milestone in milestones):
            milestones = [_milestone(milestone) for milestone in milestones]
        if any(map(turns.begins_here, schedulers)):
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", _copied(group["lr"]))
            self._construct(verbose, optimizer, [turns.StandIn.of(child) for child in schedulers], milestones, -1)
            self._schedulers = schedulers
            if any(map(turns.takes_metrics, schedulers)):
                self.takes_metrics = True
            turns.start_in_turn(self)
        else:
            with _versions.taken_back(schedulers):
                self._construct(verbose, optimizer, schedulers, milestones, -1)
        if last_epoch != -1:
            self.seek(_integer(last_epoch) + 1)

    def recursive_undo(self, sched: Any = None) -> None:
        """Take back the first step of every scheduler in this one, or of `sched`."""
        turns.undo(self if sched is None else sched)

    def _step(self, *arguments: Any, **keywords: Any) -> None:
        """Make a step where Rust does not: as torch's `step`, and of schedulers that torch's does not know."""
        metrics = _metrics(self, lr_scheduler.SequentialLR.step, arguments, keywords)
        self.last_epoch += 1
        child, is_start = turns.ruling(self, self.last_epoch)
        if is_start:
            turns.start_in_turn(child)
        else:
            _step_with(child, metrics)
        self._last_lr = child.get_last_lr()

    def _print_lrs(self, epoch: float | None = None) -> None:
        super()._print_lrs()

    def _initial_step(self) -> None:
        turns.begin(self)

    def _update_lr(self, epoch: int | None = None) -> None:
        turns.start_in_turn(self)


class ChainedScheduler(LRScheduler, lr_scheduler.ChainedScheduler):
    """All of the schedulers at each step, one after another, each on the rate that the one before has set.

    A `Scheduler` among them sets its entries anew at each step and does not multiply: chain it with schedulers of other
    entries only.

    Args:
        schedulers: the schedulers, of one optimizer.
        optimizer: that optimizer; the first scheduler's, if None.

    Source: torch.optim.lr_scheduler.ChainedScheduler, torch 2.13.

    >>> ChainedScheduler([ConstantLR(optimizer, 0.5, 2), ExponentialLR(optimizer, 0.9)]).preview(3).ravel().tolist()
    [0.045000000000000005, 0.08100000000000002, 0.07290000000000002]
    """

    _torch = lr_scheduler.ChainedScheduler
    if TYPE_CHECKING:

        def step(self) -> None:  # type: ignore[override]  # torch's takes no epoch here
            """Move on by one step."""

    def __init__(self, schedulers: Sequence[Any], optimizer: Optimizer | None = None) -> None:
        lr_scheduler.ChainedScheduler.__init__(self, schedulers, optimizer)
        if any(map(turns.takes_metrics, schedulers)):
            self.takes_metrics = True

    def _step(self, *arguments: Any, **keywords: Any) -> None:
        """Make a step where Rust does not: as torch's `step`, and of schedulers that torch's does not know."""
        metrics = _metrics(self, lr_scheduler.ChainedScheduler.step, arguments, keywords)
        for child in self._schedulers:
            _step_with(child, metrics)
        self._last_lr = [_versions.noted(group["lr"]) for group in self._schedulers[-1].optimizer.param_groups]

    def _initial_step(self) -> None:
        turns.begin(self)

    def _update_lr(self, epoch: int | None = None) -> None:
        turns.start_in_turn(self)


def _metrics(
    composite: LRScheduler, torch_step: Callable[..., None], arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> Any:
    """Return the metric that a composite's step was given; refuse one of no use, as torch does, and a missing one."""
    if not turns.takes_metrics(composite):
        if arguments or keywords:
            torch_step(composite, *arguments, **keywords)  # which takes none, and says so
        return None
    count = len(arguments) + len(keywords)
    if count > 1 or keywords.keys() - {"metrics"}:
        name, got = type(composite).__name__, f"{count} arguments" if count > 1 else f"`{next(iter(keywords))}`"
        msg = f"`{name}.step`: got {got}; it takes the metric of the step and nothing else. Call `step(metrics)`."
        raise TypeError(msg)
    metrics = arguments[0] if arguments else keywords.get("metrics")
    if metrics is None and turns.needs_metrics(composite):
        msg = (
            f"`{type(composite).__name__}.step`: got no metrics; a ReduceLROnPlateau makes this step and needs them. "
            "Call `step(metrics)`."
        )
        raise TypeError(msg)
    return metrics


def _step_with(child: Any, metrics: Any) -> None:
    if turns.takes_metrics(child) and metrics is not None:
        child.step(metrics)
    else:
        child.step()


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
                print(f"Epoch {_shown(epoch)}: reducing learning rate of group {i} to {new:.4e}.")


_FACADES: dict[type[lr_scheduler.LRScheduler], type[LRScheduler]] = {
    facade._torch: facade
    for facade in list(globals().values())
    if isinstance(facade, type) and issubclass(facade, LRScheduler)
}


def adopt(scheduler: lr_scheduler.LRScheduler) -> LRScheduler:
    """Return the glidepath counterpart of one of torch's schedulers, in the same state and on the same optimizer.

    What is nested is adopted too. Nothing is stepped; from then on step the new one only. A scheduler of glidepath's is
    returned as it is.

    Args:
        scheduler: a scheduler of one of torch's own classes.

    Raises `TypeError` for a class that is neither torch's nor glidepath's.

    >>> scheduler = adopt(torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9))
    >>> type(scheduler).__module__, scheduler.preview(1)
    ('glidepath.torch.lr_scheduler', array([[0.09]]))
    """
    return cast("LRScheduler", _adopted(scheduler, {}))


def _adopted(scheduler: Any, known: dict[int, Any]) -> Any:
    """Adopt a scheduler, once."""
    if isinstance(scheduler, LRScheduler | Scheduler):
        return scheduler
    if id(scheduler) in known:
        return known[id(scheduler)]
    facade = _FACADES.get(type(scheduler))
    if facade is None:
        msg = (
            f"`adopt.scheduler`: got a {type(scheduler).__qualname__}; it must be of one of torch's own classes. "
            f"Derive your class from glidepath.torch's class of the same name instead."
        )
        raise TypeError(msg)
    adopted = known[id(scheduler)] = facade.__new__(facade)
    vars(adopted).update(ahead.attributes(scheduler))
    if "_schedulers" in vars(adopted):
        vars(adopted)["_schedulers"] = [_adopted(child, known) for child in vars(scheduler)["_schedulers"]]
    return adopted
