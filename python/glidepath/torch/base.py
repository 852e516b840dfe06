"""The base class of the schedulers here: what all of them share."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, ClassVar, SupportsIndex

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer, lr_scheduler

from glidepath._core import Schedule, _StepPath, _Stepper
from glidepath.torch import _versions, ahead, states
from glidepath.torch._versions import HAS_UPDATE_LR, HAS_VERBOSE, VERBOSE

__all__ = ["LRScheduler", "integer", "milestone_of", "shown_epoch"]

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
        """Choose the code that makes the class's steps."""
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
        states.refuse_others(self, state_dict)
        super().load_state_dict(state_dict)

    def _construct(self, verbose: bool, *arguments: Any) -> None:
        """Call torch's constructor. It gets numpy's integers as Python's, and `verbose` where it has that."""
        self._torch.__init__(self, *map(integer, arguments), *self._verbosity(verbose))

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
                print(f"Epoch {shown_epoch(epoch)}: adjusting learning rate of group {group} to {lr:.4e}.")


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


def shown_epoch(epoch: int | float) -> str:  # noqa: PYI041  # they are shown differently
    """Write an epoch as torch prints it."""
    return f"{epoch:05d}" if isinstance(epoch, int) else f"{epoch:.2f}"


def integer(n: Any) -> Any:
    """Return numpy's integers as Python's, and anything else as it is.

    DIFFERENCE: torch keeps them. Then the rates become numpy.float64, and a saved state needs `weights_only=False`;
    OneCycleLR, CosineAnnealingWarmRestarts and SWALR refuse them.
    """
    return int(n) if isinstance(n, np.integer) else n


def milestone_of(n: Any) -> Any:
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
    return integer(n)
