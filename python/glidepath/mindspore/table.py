"""Any schedule, for any optimizer of MindSpore's."""

from typing import Any

import numpy as np

from glidepath._arguments import refusal
from glidepath._core import Schedule, _shown, _way_to_schedule, table
from glidepath.mindspore import _checks as check
from glidepath.mindspore._mindspore import LearningRateSchedule, Tensor, ops
from glidepath.mindspore.learning_rate_schedule import of_ints

__all__ = ["learning_rate"]


def learning_rate(schedule: Schedule, total_steps: "int | np.integer[Any] | None" = None) -> "_TableSchedule":
    """Turn a schedule into one of MindSpore's, for ``learning_rate``, a group's ``lr`` or ``weight_decay``.

    It is a table of the first ``total_steps`` values in float32, each rounded once from the real value, of which the
    optimizer takes the one of its step. Past its end it holds the last value, ``schedule[total_steps - 1]``. (There a
    list raises.) Before step 0 it holds the first.

    Args:
        schedule: any glidepath schedule.
        total_steps: how many steps the table has: 4 bytes each. ``schedule.steps + 1`` where it is None, so that the
            last is the value on which the schedule ends.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range, a schedule without an end for which
            ``total_steps`` is None, or a value past the largest float32.
        MemoryError: there is too little memory for the table.
        ImportError: MindSpore is not installed.

    >>> import glidepath as gp
    >>> from glidepath.mindspore import learning_rate
    >>> lr = learning_rate(gp.warmup_cosine(0.1, steps=1_000, warmup=100))
    >>> print(lr(50), lr([999, 1_000, 10_000]))
    0.05 [3.0461712e-07 0.0000000e+00 0.0000000e+00]
    """
    if not Tensor:
        raise ImportError(
            "`learning_rate` makes a schedule of MindSpore's, which cannot be imported here: `pip install mindspore`. "
            "(`schedule.array(n, dtype='float32')` has the same values without it.)"
        )
    if not isinstance(schedule, Schedule):
        raise TypeError(_refusal(schedule))
    if total_steps is None:
        if schedule.steps is None:
            raise ValueError(
                "`learning_rate.total_steps`: got None; it must be given for a schedule without an end. Give the "
                "number of training steps: `learning_rate(schedule, 10_000)`."
            )
        total_steps = schedule.steps + 1
    steps = int(total_steps) if isinstance(total_steps, np.integer) else total_steps
    count = check.positive_int("learning_rate.total_steps", steps)
    try:
        return _TableSchedule(schedule, count)
    except MemoryError as error:
        raise MemoryError(
            refusal(
                "learning_rate.total_steps",
                count,
                "a table takes 4 bytes a step, and there is too little memory for so many",
                "Give the number of training steps: `learning_rate(schedule, 10_000)`.",
            )
        ) from error


def _refusal(value: object) -> str:
    """Return what is said of something that is no schedule, with the way to one."""
    got = f"an object of type {type(value).__name__}"
    if way := _way_to_schedule(value):
        way_out = way
    elif isinstance(value, (int, float, np.number)):
        got, way_out = _shown(value), "For a constant rate give the float itself to the optimizer."
    elif callable(value):
        way_out = "For a function of the step make a table: `gp.table([f(k) for k in range(n)])`."
    else:
        way_out = "Wrap values with `gp.table(values)`."
    return refusal("learning_rate.schedule", got, "it must be a glidepath schedule", way_out)


class _TableSchedule(LearningRateSchedule):  # type: ignore[misc]
    """A schedule's values, gathered by step."""

    def __init__(self, schedule: Schedule, total_steps: int) -> None:
        super().__init__()
        values = schedule.array(total_steps, dtype="float32")
        past = np.flatnonzero(~np.isfinite(values))
        if past.size:
            raise ValueError(
                refusal(
                    "learning_rate.schedule",
                    f"{schedule!r:.60}, whose value at step {past[0]} is {values[past[0]]}",
                    "every one must be a finite float32",
                    "Take fewer steps, or `schedule.clamp(high=...)`.",
                )
            )
        self._given = (schedule, total_steps)
        self._values = table(values)
        self.last = total_steps - 1
        # No Parameter: a checkpoint would hold it, and when loaded put an older schedule in the place of this one.
        self.table = Tensor(values)

    def schedule(self) -> Schedule:
        """Return the schedule that it was made of."""
        return self._given[0]

    def __call__(self, global_step: Any) -> Any:
        """Return the learning rate at a step or at steps, as ``numpy.float32``; of a Tensor, as a Tensor."""
        if not isinstance(global_step, Tensor):
            return of_ints(self._values, global_step)
        if global_step.is_floating_point():
            raise TypeError(
                refusal(
                    "learning_rate.global_step",
                    f"a Tensor of {global_step.dtype}",
                    "it must be of integers",
                    "Cast it.",
                )
            )
        return super().__call__(global_step)

    def construct(self, global_step: Any) -> Any:
        """Look the learning rate of a Tensor up, as a graph can."""
        return ops.gather(self.table, ops.maximum(ops.minimum(global_step, self.last), 0), 0)

    def __reduce__(self) -> tuple[Any, ...]:
        return learning_rate, self._given

    def __repr__(self) -> str:
        return f"learning_rate({self._given[0]!r}, {self._given[1]})"
