"""optax, compiled: all counts in one call, in float32."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

Values = Callable[[], jax.Array]


def _all(schedule: Callable, steps: int) -> Values:
    compiled, counts = jax.jit(jax.vmap(schedule)), jnp.arange(steps)
    return lambda: compiled(counts).block_until_ready()


def linear(start: float, end: float, steps: int) -> Values:
    return _all(optax.linear_schedule(start, end, steps), steps)


def cosine(start: float, end: float, steps: int) -> Values:
    return _all(optax.cosine_decay_schedule(start, steps, alpha=end / start), steps)


def exponential(start: float, rate: float, steps: int) -> Values:
    return _all(optax.exponential_decay(start, 1, rate), steps)


def warmup_cosine(peak: float, steps: int, warmup: int) -> Values:
    return _all(optax.warmup_cosine_decay_schedule(0.0, peak, warmup, steps), steps)
