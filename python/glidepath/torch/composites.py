"""SequentialLR and ChainedScheduler: schedulers of schedulers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, SupportsFloat

from torch.optim import Optimizer, lr_scheduler

from glidepath._arguments import refusal
from glidepath.torch import _versions, turns
from glidepath.torch._versions import VERBOSE
from glidepath.torch.base import LRScheduler, integer, milestone_of
from glidepath.torch.drivers import copied

__all__ = ["ChainedScheduler", "SequentialLR"]


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
        if any(milestone_of(milestone) is not milestone for milestone in milestones):
            milestones = [milestone_of(milestone) for milestone in milestones]
        if any(map(turns.begins_here, schedulers)):
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", copied(group["lr"]))
            self._construct(verbose, optimizer, [turns.StandIn.of(child) for child in schedulers], milestones, -1)
            self._schedulers = schedulers
            if any(map(turns.takes_metrics, schedulers)):
                self.takes_metrics = True
            turns.start_in_turn(self)
        else:
            with _versions.taken_back(schedulers):
                self._construct(verbose, optimizer, schedulers, milestones, -1)
        if last_epoch != -1:
            self.seek(integer(last_epoch) + 1)

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
        msg = refusal(f"{name}.step", got, "it takes the metric of the step and nothing else", "Call `step(metrics)`.")
        raise TypeError(msg)
    metrics = arguments[0] if arguments else keywords.get("metrics")
    if metrics is None and turns.needs_metrics(composite):
        msg = refusal(
            f"{type(composite).__name__}.step",
            "no metrics",
            "a ReduceLROnPlateau makes this step and needs them",
            "Call `step(metrics)`.",
        )
        raise TypeError(msg)
    return metrics


def _step_with(child: Any, metrics: Any) -> None:
    if turns.takes_metrics(child) and metrics is not None:
        child.step(metrics)
    else:
        child.step()
