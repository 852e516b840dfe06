"""Schedules inside functions that JAX compiles: for optax, and for steps of your own.

>>> import glidepath as gp, glidepath.jax
>>> import jax
>>> lr = glidepath.jax.schedule(gp.linear(0.0, 1.0, 4) >> gp.cosine(1.0, 0.0, 4))
>>> jax.jit(lr)(3)
Array(0.75, dtype=float32)
>>> jax.vmap(lr)(jax.numpy.arange(10)).tolist()[4:]
[1.0, 0.8535534143447876, 0.5, 0.1464466154575348, 0.0, 0.0]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glidepath import _device
from glidepath._arguments import refusal

try:
    import jax
    import jax.numpy as jnp
except ImportError as error:
    raise ImportError("glidepath.jax needs JAX, which cannot be imported here: `pip install jax`.") from error

if TYPE_CHECKING:
    from collections.abc import Callable

    from glidepath import Schedule

__all__ = ["schedule"]

_DTYPES = ("float32", "float64")


def schedule(of: Schedule, steps: int | None = None, *, dtype: _device.Dtype = "float32") -> Callable[[Any], jax.Array]:
    """Make a function of a traced count, as optax takes it: ``count -> rate``.

    The rate is ``of[count]``, rounded once to ``dtype``: the bits of ``of.array(n, dtype=dtype)``.

    Args:
        of: the schedule.
        steps: the steps of the run. The values of steps 0 to ``steps`` become a table on the device, 4 bytes each, and
            a later count gets the last of them. By default the schedule's own length, ``of.steps``. If it has none,
            there is no table: each call asks the schedule on the host, through ``jax.pure_callback``.
        dtype: float32, or float64 where ``jax_enable_x64`` is set.

    Returns:
        A function that takes an integer or an array of integers, traced or not, and returns rates of the same shape. It
        works under ``jit``, ``vmap`` and ``scan``. A count below 0 gets the value of step 0. A count is an int32 unless
        ``jax_enable_x64`` is set, so it ends at 2,147,483,647.

    Raises:
        TypeError: ``of`` is not a schedule; a count is not an integer.
        ValueError: ``steps`` is out of range; this JAX has no such dtype.

    >>> import glidepath as gp, glidepath.jax
    >>> lr = gp.warmup_cosine(3e-4, 1_000, 0.1)
    >>> bool(glidepath.jax.schedule(lr)(100) == lr.array(1, start=100, dtype="float32")[0])
    True
    """
    if dtype not in _DTYPES:
        raise ValueError(refusal("schedule.dtype", repr(dtype), "it must be one of float32, float64"))
    if jax.dtypes.canonicalize_dtype(dtype) != dtype:
        way_out = 'Write `jax.config.update("jax_enable_x64", True)` first.'
        raise ValueError(refusal("schedule.dtype", dtype, "JAX computes in 32 bits", way_out))
    values = _device.table("schedule", "of", of, steps, dtype)
    if values is None:
        return lambda count: _asked(of, _whole(count), dtype)
    table, last = jnp.asarray(values), len(values) - 1
    return lambda count: table[jnp.clip(_whole(count), 0, last)]


def _whole(count: Any) -> jax.Array:  # noqa: ANN401 (what JAX takes as an array)
    array = jnp.asarray(count)
    if not jnp.issubdtype(array.dtype, jnp.integer):
        raise TypeError(refusal("count", f"an array of {array.dtype}", "a step is an integer", "Count with an int32."))
    return array


def _asked(of: Schedule, count: jax.Array, dtype: _device.Dtype) -> jax.Array:
    def ask(count: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401 (an array of the backend)
        steps = np.asarray(count)
        return of.gather(steps.clip(0).reshape(-1), dtype=dtype).reshape(steps.shape)

    shape = jax.ShapeDtypeStruct(count.shape, dtype)  # type: ignore[no-untyped-call]  # it has no types
    answer: jax.Array = jax.pure_callback(ask, shape, count, vmap_method="expand_dims")
    return answer
