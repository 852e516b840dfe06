"""Schedules for Keras 3, with any backend."""

from __future__ import annotations

from typing import Any

from glidepath import Schedule as _Schedule
from glidepath import _device

try:
    import keras
except ImportError as error:
    raise ImportError("glidepath.keras needs Keras 3, which cannot be imported here: `pip install keras`.") from error

__all__ = ["Schedule"]


@keras.saving.register_keras_serializable(package="glidepath")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # Keras has no types
    """A schedule as Keras's ``LearningRateSchedule``: ``keras.optimizers.Adam(learning_rate=Schedule(s))``.

    The rate of step k is ``schedule[k]``, rounded once to float32. It is looked up in a table on the device, so the
    step may be compiled.

    Args:
        schedule: the schedule, or its text: JSON, or an expression.
        steps: the steps of the run. The values of steps 0 to ``steps`` are in the table, 4 bytes each; a later step
            gets the last one. By default the schedule's own length, ``schedule.steps``.

    Raises:
        TypeError: ``schedule`` is not a schedule.
        ValueError: the schedule has no end, and ``steps`` is not given; ``steps`` is out of range.

    ``get_config`` holds the schedule as JSON, so a saved model holds it too:

    >>> import glidepath as gp, glidepath.keras
    >>> lr = glidepath.keras.Schedule(gp.linear(0.0, 1.0, 4))
    >>> float(lr(3)), float(lr(4)), float(lr(100))
    (0.75, 1.0, 1.0)
    >>> glidepath.keras.Schedule.from_config(lr.get_config()).schedule
    gp.linear(0.0, 1.0, 4)
    """

    def __init__(self, schedule: _Schedule | str, steps: int | None = None) -> None:
        if isinstance(schedule, str):
            schedule = _Schedule(schedule)
        values = _device.needed_table("Schedule", "schedule", schedule, steps, "float32")
        self.schedule, self.steps = schedule, len(values) - 1
        self._table = keras.ops.convert_to_tensor(values)

    def __call__(self, step: Any) -> Any:  # noqa: ANN401 (tensors of the backend)
        """Return the rate of a step. A step below 0 gets the rate of step 0."""
        return keras.ops.take(self._table, keras.ops.clip(keras.ops.cast(step, "int32"), 0, self.steps))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal object: the schedule as JSON, and the steps."""
        return {"schedule": self.schedule.to_json(), "steps": self.steps}
