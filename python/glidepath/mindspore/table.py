"""Any schedule, for any optimizer of MindSpore's."""

from typing import Any

from mindspore import Tensor, ops
from mindspore.nn.learning_rate_schedule import LearningRateSchedule

from glidepath._core import Schedule, _single, table
from glidepath.mindspore import _checks as check

__all__ = ["learning_rate"]


def learning_rate(schedule: Schedule, total_steps: int) -> "_TableSchedule":
    """Turn a schedule into one of MindSpore's, for ``learning_rate``, a group's ``lr`` or ``weight_decay``.

    It is a table of the first ``total_steps`` values in float32, each rounded once from the real value, of which the
    optimizer takes the one of its step. Past its end it holds the last value. (There a list raises.)

    Args:
        schedule: any glidepath schedule.
        total_steps: how many steps the table has: 4 bytes each.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
        ImportError: MindSpore is not installed.

    >>> import glidepath as gp
    >>> from glidepath.mindspore import learning_rate
    >>> lr = learning_rate(gp.warmup_cosine(0.1, steps=1_000, warmup=100), total_steps=1_000)
    >>> print(lr(50), lr(10_000) == lr(999))
    0.05 True
    """
    if not isinstance(schedule, Schedule):
        raise TypeError(
            f"`learning_rate.schedule`: got an object of type {type(schedule).__name__}; it must be a glidepath "
            "schedule. Wrap values with `gp.table(values)`."
        )
    return _TableSchedule(schedule, check.positive_int("learning_rate.total_steps", total_steps))


class _TableSchedule(LearningRateSchedule):  # type: ignore[misc]
    """A schedule's values, gathered by step."""

    def __init__(self, schedule: Schedule, total_steps: int) -> None:
        super().__init__()
        values = schedule.array(total_steps, dtype="float32")
        self._given = (schedule, total_steps)
        self._values = table(values)
        self.last = total_steps - 1
        # No Parameter: a checkpoint would hold it, and when loaded put an older schedule in the place of this one.
        self.table = Tensor(values)

    def schedule(self) -> Schedule:
        """Return the schedule that it was made of."""
        return self._given[0]

    def __call__(self, global_step: Any) -> Any:
        if type(global_step) is int:
            return _single(self._values, global_step)
        return super().__call__(global_step)

    def construct(self, global_step: Any) -> Any:
        """Look the learning rate of a Tensor up, as a graph can."""
        return ops.gather(self.table, ops.minimum(global_step, self.last), 0)

    def __reduce__(self) -> tuple[Any, ...]:
        return learning_rate, self._given

    def __repr__(self) -> str:
        return f"learning_rate({self._given[0]!r}, {self._given[1]})"
