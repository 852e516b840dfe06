"""What Keras writes: a saved model, an optimizer, or a schedule, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glidepath import _core as gp
from glidepath.configs._reading import Job, format_of

if TYPE_CHECKING:
    from glidepath._core import Schedule

_PLACES = ("compile_config.optimizer.config.learning_rate", "config.learning_rate")
_MODULE = "keras.optimizers.schedules"


@format_of(
    "keras", "Keras model, optimizer or schedule",
    lambda job: job.raw("module") == _MODULE or (job.has("class_name", "config") and any(map(job.has, _PLACES))),
)  # fmt: skip
def read_keras(job: Job) -> Schedule:
    """Read a `get_config` of Keras's serialisation. A class of the user is refused: its code is not in the file."""
    place = "" if job.raw("module") == _MODULE else job.first(*_PLACES)
    if place and not isinstance(job.raw(place), dict):
        job.by("keras", place)
        return gp.constant(job.number(place))
    inside = f"{place}." if place else ""
    name = job.text(f"{inside}class_name")
    if job.raw(f"{inside}module") != _MODULE or job.has(f"{inside}registered_name"):
        rule = f"it must be a class of {_MODULE}: the code of another is not in the file"
        job.refuse(f"{inside}class_name", name, rule, "Make the schedule in glidepath.")
    config = job.mapping(f"{inside}config")
    config.pop("name", None)
    return job.make(job.entry(f"keras.{name}").name, f"{inside}class_name", **config)
