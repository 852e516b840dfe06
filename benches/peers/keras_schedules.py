"""Keras's schedules, called with all steps at once, in float32. The backend is JAX, or what KERAS_BACKEND names."""

import os
from collections.abc import Callable

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras

schedules = keras.optimizers.schedules
Values = Callable[[], np.ndarray]


def _all(schedule: Callable, steps: int) -> Values:
    counts = keras.ops.arange(steps)
    return lambda: keras.ops.convert_to_numpy(schedule(counts))


def linear(start: float, end: float, steps: int) -> Values:
    return _all(schedules.PolynomialDecay(start, steps, end), steps)


def exponential(start: float, rate: float, steps: int) -> Values:
    return _all(schedules.ExponentialDecay(start, 1, rate), steps)
