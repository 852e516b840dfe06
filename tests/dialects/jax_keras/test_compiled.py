"""`glidepath.jax` under `jit`, `vmap`, `scan` and optax; `glidepath.keras` on two backends."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glidepath as gp

pytest.importorskip("jax", reason="compiles the steps")

import jax
import jax.numpy as jnp

import glidepath.jax as gj

S = gp.warmup_cosine(3e-4, 500, 0.1, end=3e-5)
ENDLESS = gp.inverse_sqrt(3e-4, 10)
WANT = S.array(600, dtype="float32")


def test_a_table_under_jit_vmap_and_scan() -> None:
    lr = gj.schedule(S)
    compiled = jax.jit(lr)
    for k in (0, 1, 49, 50, 499, 500, 501, 2**31 - 1):
        for count in (k, np.int32(k), jnp.int32(k)):
            assert compiled(count) == np.float32(S[k])
            assert lr(count) == np.float32(S[k])
    assert compiled(-1) == np.float32(S[0])
    assert jax.vmap(compiled)(jnp.arange(600)).tobytes() == WANT.tobytes()
    assert compiled(jnp.arange(600).reshape(2, 300)).tobytes() == WANT.tobytes()
    _, scanned = jax.lax.scan(lambda count, _: (count + 1, lr(count)), jnp.int32(0), None, length=600)
    assert scanned.tobytes() == WANT.tobytes()
    assert compiled(jnp.uint8(7)).dtype == np.float32


@pytest.mark.parametrize("schedule", [S, S >> ENDLESS, ENDLESS], ids=["end", "long", "endless"])
@pytest.mark.parametrize("steps", [1, 500, 1_000])
def test_a_table_of_the_run(schedule: gp.Schedule, steps: int) -> None:
    found = jax.jit(gj.schedule(schedule, steps))(jnp.arange(steps + 10))
    want = schedule.array(steps + 1, dtype="float32")
    assert found[: steps + 1].tobytes() == want.tobytes()
    assert set(found[steps:].tolist()) == {float(want[-1])}


def test_a_callback_where_there_is_no_length() -> None:
    lr = gj.schedule(ENDLESS)
    want = ENDLESS.array(50, dtype="float32")
    assert jax.jit(lr)(7) == want[7]
    assert lr(7).dtype == np.float32
    assert jax.jit(lr)(2**31 - 1) == np.float32(ENDLESS[2**31 - 1])
    assert jax.jit(jax.vmap(lr))(jnp.arange(50)).tobytes() == want.tobytes()
    assert jax.jit(lr)(-3) == want[0]
    _, scanned = jax.lax.scan(lambda count, _: (count + 1, lr(count)), jnp.int32(0), None, length=50)
    assert scanned.tobytes() == want.tobytes()


def test_float64() -> None:
    with jax.enable_x64():
        found = jax.jit(gj.schedule(S, dtype="float64"))(jnp.arange(600))
        assert found.tobytes() == S.array(600).tobytes()
        assert jax.jit(gj.schedule(ENDLESS, dtype="float64"))(2**40) == ENDLESS[2**40]


def test_optax() -> None:
    optax = pytest.importorskip("optax", reason="takes the function as its learning rate")
    for lr in (gj.schedule(S), gj.schedule(ENDLESS)):
        optimizer = optax.inject_hyperparams(optax.adam)(learning_rate=lr)
        weights = jnp.ones(3)
        state = optimizer.init(weights)

        @jax.jit
        def step(weights: Any, state: Any, optimizer: Any = optimizer) -> Any:
            updates, state = optimizer.update(weights, state, weights)
            return optax.apply_updates(weights, updates), state

        for k in range(60):
            weights, state = step(weights, state)
            assert state.hyperparams["learning_rate"] == lr(k)
    plain = optax.sgd(learning_rate=gj.schedule(S))
    state = plain.init(weights)
    updates, _ = plain.update(weights, state)
    assert updates.tolist() == [0.0] * 3


def test_its_examples() -> None:
    tried = doctest.testmod(gj)
    assert (tried.failed, tried.attempted) == (0, 8)


def test_what_is_refused() -> None:
    def message(call: Any) -> str:
        with pytest.raises((TypeError, ValueError)) as caught:
            call()
        return str(caught.value)

    assert message(lambda: gj.schedule(0.1)) == (
        "`schedule.of`: got 0.1; it must be a schedule. For a number `gp.constant(number)`."
    )
    assert message(lambda: gj.schedule(S, 1.5)) == (
        "`schedule.steps`: got 1.5; it must be a whole number from 0 to 2**53. Convert it with `int()`."
    )
    assert message(lambda: gj.schedule(gp.linear(0.0, 1.0, 2**31))) == (
        "`schedule.steps`: got 2,147,483,648 steps; a table may have at most 2,147,483,646 steps, as the index is an "
        "int32. Give the number of steps of your run as `steps`."
    )
    assert message(lambda: gj.schedule(S, dtype="float16")) == (
        "`schedule.dtype`: got 'float16'; it must be one of float32, float64."
    )
    assert message(lambda: gj.schedule(S, dtype="float64")) == (
        "`schedule.dtype`: got float64; JAX computes in 32 bits. "
        'Write `jax.config.update("jax_enable_x64", True)` first.'
    )
    for lr in (gj.schedule(S), gj.schedule(ENDLESS)):
        for wrong in (1.0, True, jnp.float32(3)):
            assert message(lambda: jax.jit(lr)(wrong)).endswith("a step is an integer. Count with an int32.")  # noqa: B023


KERAS = Path(__file__).with_name("keras_training.py")


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_keras(backend: str, tmp_path: Any) -> None:
    for name in ("keras", backend):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(KERAS)], capture_output=True, text=True, check=False, timeout=200,
        cwd=tmp_path, env={**os.environ, "KERAS_BACKEND": backend},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"as they should be: {backend}"
