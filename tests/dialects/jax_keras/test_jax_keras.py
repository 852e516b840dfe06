"""Schedules in JAX and Keras: the messages say what to do, and their advice works.

The first tests use the libraries, if they are installed (`pip install jax keras`). The last tests use objects that
behave like theirs.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

import glidepath as gp

S = gp.linear(0.0, 1.0, 10) >> gp.cosine(1.0, 0.0, 90)
IN_A_TABLE = "Inside a function that JAX compiles, call `glidepath.jax.schedule(s)(step)`, made outside of it."
NO_STEP = (
    "`step`: got nothing; a schedule is a function of the step: `s(step)`. For Keras pass a number as `learning_rate`, "
    "and `fit` the callback `keras.callbacks.LearningRateScheduler(lambda epoch: s[epoch])`; or wrap the schedule in a "
    "`keras.optimizers.schedules.LearningRateSchedule`."
)


def test_jax() -> None:
    jax = pytest.importorskip("jax", reason="traces a function that asks a schedule")
    jnp = jax.numpy
    for ask in (S.__getitem__, S.at, S, lambda k: S.gather([k]), S.gather):
        with pytest.raises(TypeError) as caught:
            jax.jit(lambda k, ask=ask: ask(k))(5)
        assert str(caught.value).endswith(IN_A_TABLE)
        assert "Tracer" in str(caught.value)
        assert caught.value.__cause__ is not None
    with pytest.raises(TypeError) as caught:
        jax.jit(lambda x: gp.constant(x)[0])(0.5)
    assert str(caught.value).endswith(" Make the schedule outside the function that JAX compiles.")
    for k in (0, 5, 10, 55, 100, 200):
        table = jnp.asarray(S.array(101, dtype="float32"))
        assert jax.jit(lambda step, table=table: table[step])(k) == np.float32(S[k])
        shape = jax.ShapeDtypeStruct((), "float32")
        called = jax.jit(lambda step: jax.pure_callback(lambda k: np.float32(S[int(k)]), shape, step))  # noqa: B023
        assert called(k) == np.float32(S[k])
        assert S[jnp.int32(k)] == S[k]
    assert S(jnp.arange(5)).tolist() == S.array(5).tolist()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras itself warns, with numpy 2
def test_keras() -> None:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    pytest.importorskip("jax", reason="is Keras's backend here")
    keras = pytest.importorskip("keras", reason="trains with a schedule")
    model = keras.Sequential([keras.layers.Dense(1)])
    x, y = np.ones((4, 2), dtype="float32"), np.ones((4, 1), dtype="float32")
    model.compile(keras.optimizers.Adam(learning_rate=S), "mse")
    with pytest.raises(TypeError) as caught:
        model.fit(x, y, verbose=0)
    assert str(caught.value) == NO_STEP
    # The first advice of the message:
    rates: list[float] = []
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(learning_rate=0.1), "mse")
    each_epoch = keras.callbacks.LearningRateScheduler(lambda epoch: S[epoch])
    noted = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: rates.append(float(model.optimizer.learning_rate)))
    model.fit(x, y, epochs=4, verbose=0, callbacks=[each_epoch, noted])
    assert rates == [float(np.float32(S[epoch])) for epoch in range(4)]

    # The second advice:
    class Wrapped(keras.optimizers.schedules.LearningRateSchedule):
        def __init__(self, schedule: Any, steps: int) -> None:
            self.table = keras.ops.convert_to_tensor(schedule.array(steps, dtype="float32"))

        def __call__(self, step: Any) -> Any:
            return self.table[keras.ops.minimum(keras.ops.cast(step, "int32"), len(self.table) - 1)]

    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(learning_rate=Wrapped(S, 101)), "mse")
    model.fit(x, y, epochs=3, batch_size=2, verbose=0)
    assert float(model.optimizer.learning_rate) == np.float32(S[6])


# The same without the libraries.


class ConversionError(TypeError):
    """Like jax.errors.TracerIntegerConversionError."""


class Tracer:
    """Like jax.core.Tracer: it has the methods of a number and of an array, and all of them raise."""

    def __index__(self) -> int:
        raise ConversionError("no integer while tracing")

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise ConversionError("no array while tracing")


Tracer.__module__ = "jax._src.interpreters.partial_eval"
GOT = "got an object of type jax._src.interpreters.partial_eval.Tracer; "


@pytest.mark.parametrize(
    ("ask", "place"),
    [(S.__getitem__, "step"), (S.at, "at.k"), (S, "gather.steps"), (S.gather, "gather.steps"),
     (lambda k: S.gather([k]), "gather.steps[0]")],
)  # fmt: skip
def test_what_is_traced(ask: Any, place: str) -> None:
    with pytest.raises(TypeError) as caught:
        ask(Tracer())
    assert str(caught.value) == f"`{place}`: {GOT}it must be a whole number from 0 to 2**53. {IN_A_TABLE}"
    assert isinstance(caught.value.__cause__, ConversionError)


def test_a_call_without_a_step() -> None:
    with pytest.raises(TypeError) as caught:
        S()
    assert str(caught.value) == NO_STEP
