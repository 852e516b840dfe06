"""diffusers' schedules: transformers' six oldest names, and ``piecewise_constant``.

Followed: diffusers 0.42.1, ``optimization.py``. The six are those of :mod:`glidepath.dialects.hf`. diffusers'
``get_scheduler`` passes ``num_cycles`` only to ``cosine_with_restarts``, and never an ``lr_end``.

diffusers' example scripts let Accelerate step the scheduler once for each process. So they multiply both numbers of
steps by the number of processes.
"""

from __future__ import annotations

from dataclasses import replace

from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath.dialects import _curves as curves
from glidepath.dialects._declare import Library, entry, number
from glidepath.dialects.hf import (  # noqa: F401  # the names are diffusers' too
    constant,
    constant_with_warmup,
    cosine,
    cosine_with_restarts,
    linear,
    polynomial,
)

library = Library("diffusers", "diffusers 0.42.1", warmup="num_warmup_steps", steps="num_training_steps")

for _name in ("constant", "constant_with_warmup", "linear", "cosine", "cosine_with_restarts", "polynomial"):
    library.entries[_name] = replace(entry(f"hf.{_name}"), name=f"diffusers.{_name}")


@library.schedule
def piecewise_constant(learning_rate: float, step_rules: str) -> Schedule:
    """Have a factor before each step: ``"1:10,0.1:20,0.005"`` is 1 before step 10, 0.1 before 20, then 0.005.

    The steps are absolute. diffusers' page says that 0.1 holds for the *next* 20 steps.

    >>> diffusers.piecewise_constant(1.0, "1:10,0.1:20,0.01:30,0.005").gather([9, 10, 20, 30])
    array([1.   , 0.1  , 0.01 , 0.005])
    """
    *rules, last = step_rules.split(",")
    values = {}
    for rule in rules:
        factor, colon, step = rule.partition(":")
        if not colon or not step.strip().isdecimal():
            raise _refused(rule, "it must be a factor and a step")
        values[int(step)] = _factor(factor)
    at = sorted(values)
    return curves.stairs([learning_rate * factor for factor in [*map(values.__getitem__, at), _factor(last)]], at)


def _factor(text: str) -> float:
    try:
        return number("diffusers.piecewise_constant.step_rules", float(text))
    except ValueError:
        raise _refused(text, "a factor must be a finite number") from None


def _refused(got: str, rule: str) -> ValueError:
    place, way_out = (
        "diffusers.piecewise_constant.step_rules",
        "Write it as '1:10,0.1:20,0.005', the last without a step.",
    )
    return ValueError(refusal(place, repr(got), rule, way_out))
