"""The table that compiled steps look their rate up in: the values of steps 0 to n, the last of which holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from glidepath._arguments import checked_schedule, refusal, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Dtype", "needed_table", "table"]

Dtype = Literal["float32", "float64"]

_MOST = 2**31 - 2  # steps: the index of the last one must fit in an int32, which is what JAX and Keras count in


def table(function: str, argument: str, of: object, steps: object, dtype: Dtype) -> NDArray[np.floating[Any]] | None:
    """Return the values of steps 0 to ``steps``, or to the schedule's end; None if it has none.

    ``function`` and ``argument``, which is the name of the schedule there, are for messages.
    """
    schedule = checked_schedule(f"{function}.{argument}", of, "For a number `gp.constant(number)`.")
    place = f"{function}.steps"
    last = schedule.steps if steps is None else whole(place, steps, ValueError)
    if last is None:
        return None
    if last > _MOST:
        rule = f"a table may have at most {_MOST:,} steps, as the index is an int32"
        raise ValueError(refusal(place, f"{last:,} steps", rule, "Give the number of steps of your run as `steps`."))
    return schedule.array(last + 1, dtype=dtype)


def needed_table(function: str, argument: str, of: object, steps: object, dtype: Dtype) -> NDArray[np.floating[Any]]:
    """Do the same for a schedule that must have an end, or ``steps``."""
    values = table(function, argument, of, steps, dtype)
    if values is None:
        rule = f"this schedule has no end of its own (`{argument}.steps` is None)"
        raise ValueError(refusal(f"{function}.steps", None, rule, "Give the number of steps of your run."))
    return values
