"""SequentialLR and ChainedScheduler: schedulers of schedulers."""

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from mindspore.experimental.optim import lr_scheduler as theirs

from glidepath._arguments import LAST_STEP, refusal
from glidepath._core import Schedule, _shown, replay
from glidepath.mindspore.experimental.optim.base import LRScheduler, Stateful
from glidepath.mindspore.experimental.optim.cycles import OneCycleLR
from glidepath.mindspore.experimental.optim.plateau import ReduceLROnPlateau
from glidepath.mindspore.experimental.optim.values import floats

__all__ = ["ChainedScheduler", "SequentialLR"]


class Composite(Stateful):
    """What is made of other schedulers of one optimizer."""

    def __init__(self, optimizer: Any, schedulers: Sequence[Any]) -> None:
        self._hold(optimizer)
        name = type(self).__name__
        if not schedulers:
            raise ValueError(
                refusal(f"{name}.schedulers", "none", "there must be one at least", "Give the schedulers.")
            )
        for i, scheduler in enumerate(schedulers):
            if isinstance(scheduler, (ReduceLROnPlateau, theirs.ReduceLROnPlateau)):
                raise TypeError(
                    refusal(
                        f"{name}.schedulers[{i}]",
                        "a ReduceLROnPlateau",
                        f"it needs a metric at each step, and `{name}.step()` takes none",
                        "Leave it out, and step it yourself after the warm-up.",
                    )
                )
            if not isinstance(scheduler, (LRScheduler, Composite)):
                raise TypeError(
                    refusal(
                        f"{name}.schedulers[{i}]",
                        f"an object of type {type(scheduler).__name__}",
                        "it must be one of glidepath's",
                        "Import it from glidepath.mindspore.experimental.",
                    )
                )
            if scheduler.optimizer is not optimizer:
                raise ValueError(
                    refusal(
                        f"{name}.schedulers[{i}]",
                        "one of another optimizer",
                        "all must belong to the same",
                        "Make it so.",
                    )
                )
        self._schedulers = list(schedulers)
        self.groups_num = max(scheduler.groups_num for scheduler in schedulers)
        self.base_lrs = [group["initial_lr"] for group in self._groups]

    def _parts(self) -> Sequence[Stateful]:
        return self._schedulers

    @abstractmethod
    def step(self, epoch: int | None = None) -> bool:
        """Go on by one epoch."""

    def _undo(self) -> None:
        """Go back to before the first step."""
        for scheduler in self._schedulers:
            scheduler._undo()  # noqa: SLF001 (of this package)

    @abstractmethod
    def _restart(self) -> None:
        """Take the first step again, from the learning rates that the groups have."""

    def _begin(self) -> None:
        self._write(floats(self.base_lrs))
        self._restart()

    def _replays(self, group: int) -> list[Schedule] | None:
        """Return the replays of the parts, or None where one has none."""
        parts = [part._replay(group) if group < part.groups_num else None for part in self._schedulers]  # noqa: SLF001 (of this package)
        found = [part for part in parts if part is not None]
        return found if len(found) == len(parts) else None

    def _initial(self, group: int) -> dict[str, float]:
        """Return the argument `initial_lr` of a replay, where it is needed."""
        first, initial = self._schedulers[0], float(self.base_lrs[group])
        while isinstance(first, Composite):
            first = first._schedulers[0]  # noqa: SLF001 (of this package)
        is_default = not isinstance(first, OneCycleLR) and float(first.base_lrs[group]) == initial
        return {} if is_default else {"initial_lr": initial}

    def _refuse_epochs(self, epoch: int | None) -> bool:
        """Whether to begin again: 0 is the one epoch that can be gone to."""
        if epoch is None:
            return False
        if epoch != 0:
            name = type(self).__name__
            raise ValueError(
                refusal(f"{name}.step.epoch", _shown(epoch), "it must be None or 0", "Load a state to go elsewhere.")
            )
        return True


class SequentialLR(Composite):
    """One scheduler after another: the next takes over at each milestone, and begins there.

    DIFFERENCE: a ``MultiStepLR``, another ``SequentialLR`` and a ``ChainedScheduler`` may be among them.

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        schedulers: schedulers of this module, of the same optimizer; no ReduceLROnPlateau, which needs metrics.
        milestones: the epochs at which all but the first begin, increasing.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    def __init__(self, optimizer: Any, schedulers: Sequence[Any], milestones: list[int], last_epoch: int = -1) -> None:
        super().__init__(optimizer, schedulers)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                refusal(
                    "SequentialLR.milestones",
                    f"{len(milestones)} for {len(schedulers)} schedulers",
                    "there must be one fewer than there are schedulers",
                    "The first begins at epoch 0.",
                )
            )
        self.milestones, self.milestones_len = list(milestones), len(milestones)
        self._write(floats(self.base_lrs))
        if last_epoch == -1:
            self._restart()
        else:
            self._resume()
        self.last_epoch = last_epoch + 1

    def step(self, epoch: int | None = None) -> bool:
        """Go on by one epoch (0: begin again), and set the groups' learning rates."""
        if self._refuse_epochs(epoch):
            self._begin()
            return True
        self.last_epoch += 1
        now = bisect_right(self.milestones, self.last_epoch)
        begins = now > 0 and self.milestones[now - 1] == self.last_epoch
        self._schedulers[now].step(0 if begins else None)
        return True

    def _undo(self) -> None:
        super()._undo()
        self.last_epoch = -1

    def _restart(self) -> None:
        self._undo()
        self.last_epoch = 0
        self._schedulers[0]._restart()  # noqa: SLF001 (of this package)

    def _replay(self, group: int) -> Schedule | None:
        schedulers, milestones = self._replays(group), list(map(int, self.milestones))
        # Others (fractions, or out of order) count for a step, but for no replay.
        is_plain = milestones == sorted(self.milestones) and all(abs(at) <= LAST_STEP for at in milestones)
        if schedulers is None or not is_plain or self._has_its_own_rule():
            return None
        initial = self._initial(group)
        return replay("mindspore.experimental.SequentialLR", schedulers=schedulers, milestones=milestones, **initial)

    def _jump(self, step: int) -> None:
        self.last_epoch = step
        milestones = list(map(int, self.milestones))
        begins = [0, *(max(milestone, 1) for milestone in milestones)]
        ends = [*(milestone - 1 for milestone in milestones), step]
        for scheduler, begin, end in zip(self._schedulers, begins, ends, strict=True):
            last = max(min(end, step), 0)
            # The first has made its step 0 whatever the milestones say; of the others those whose turn has come.
            if last >= begin:
                scheduler._jump(last - begin)  # noqa: SLF001 (of this package)
            else:
                scheduler._undo()  # noqa: SLF001 (the same)

    def _resume(self) -> None:
        """Take the schedulers, which were resumed themselves, one epoch back, and step the first, as MindSpore does."""
        for scheduler in self._schedulers:
            if not isinstance(scheduler, Composite):
                scheduler.last_epoch -= 1
        self._schedulers[0].step()


class ChainedScheduler(Composite):
    """Several schedulers at once: at each step every one of them changes what the one before has left.

    MindSpore has none: it does what PyTorch's does.

    Args:
        schedulers: schedulers of this module, of the same optimizer; no ReduceLROnPlateau, which needs metrics.
        optimizer: the optimizer; that of the first where it is None.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    def __init__(self, schedulers: Sequence[Any], optimizer: Any = None) -> None:
        if not schedulers:
            raise ValueError(
                "`ChainedScheduler.schedulers`: got none; there must be one at least. Give the schedulers."
            )
        if optimizer is None:
            optimizer = getattr(schedulers[0], "optimizer", None)
        super().__init__(optimizer, schedulers)

    def step(self, epoch: int | None = None) -> bool:
        """Go on by one epoch (0: begin again), and set the groups' learning rates."""
        if self._refuse_epochs(epoch):
            self._begin()
            return True
        for scheduler in self._schedulers:
            scheduler.step()
        return True

    def _restart(self) -> None:
        for scheduler in self._schedulers:
            scheduler._restart()  # noqa: SLF001 (of this package)

    def _replay(self, group: int) -> Schedule | None:
        schedulers = self._replays(group)
        if schedulers is None or self._has_its_own_rule():
            return None
        return replay("mindspore.experimental.ChainedScheduler", schedulers=schedulers, **self._initial(group))

    def _jump(self, step: int) -> None:
        for scheduler in self._schedulers:
            scheduler._jump(step)  # noqa: SLF001 (of this package)
