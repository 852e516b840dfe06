"""The table that compiled steps look their rate up in: the values of steps 0 to n, the last of which holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from glidepath._arguments import refusal, whole
from glidepath._core import Schedule, _shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Dtype", "checked", "last_step", "values"]

Dtype = Literal["float32", "float64"]

_MOST = 2**31 - 2  # steps: the index of the last one must fit in an int32, which is what JAX and Keras count in


def checked(place: str, schedule: object) -> Schedule:
    """Return the schedule, or raise TypeError if it is something else."""
    if not isinstance(schedule, Schedule):
        raise TypeError(
            refusal(place, _shown(schedule), "it must be a schedule", "For a number `gp.constant(number)`.")
        )
    return schedule


def last_step(place: str, schedule: Schedule, steps: object) -> int | None:
    """Return the last step of the table: what was asked for, or the schedule's end; None if it has none."""
    last = schedule.steps if steps is None else whole(place, steps, ValueError)
    if last is not None and last > _MOST:
        rule = f"a table may have at most {_MOST:,} steps, as the index is an int32"
        raise ValueError(refusal(place, f"{last:,} steps", rule, "Give the number of steps of your run as `steps`."))
    return last


def values(schedule: Schedule, last: int, dtype: Dtype) -> NDArray[np.floating[Any]]:
    """Return the values of steps 0 to ``last``."""
    return schedule.array(last + 1, dtype=dtype)
