"""How to get a library's own values: the rate that each update of a run uses, from the library's code.

A driver imports its library, and returns a function ``values(name, n, arguments)``: the first `n` values of a schedule
with the library's name, fewer where the library raises an error from some step on. The loops are the libraries' own:
where the library steps a scheduler after each update, so does the driver.

Most of the libraries' packages import much that has nothing to do with a schedule. `bare` makes a package whose
``__init__`` is not run, and `stub` modules with nothing in them, so that the file with the schedules can be imported
with few other packages.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

Values = Callable[[str, int, Mapping[str, Any]], Sequence[float]]


@dataclass(frozen=True)
class Made:
    """An argument that is a schedule of the same library: its name, and its arguments."""

    name: str
    arguments: Mapping[str, Any]


class _Stub(ModuleType):
    """A module in which every name is a class that takes anything and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (), {"__init__": lambda *_, **__: None, "__getattr__": lambda *_: lambda *_, **__: None})
        setattr(self, name, made)
        return made


def stub(*names: str) -> None:
    """Put modules with nothing in them under these names."""
    for name in names:
        made = _Stub(name)
        made.__path__ = []
        sys.modules[name] = made


def bare(*names: str) -> None:
    """Put packages under these names whose modules can be imported, and whose ``__init__`` is not run."""
    for name in names:
        outer, _, inner = name.rpartition(".")
        if outer:
            paths = [str(Path(path) / inner) for path in sys.modules[outer].__path__]
        else:
            spec = find_spec(name)
            if spec is None or spec.submodule_search_locations is None:
                raise ModuleNotFoundError(f"No module named {name!r}")
            paths = list(spec.submodule_search_locations)
        made = ModuleType(name)
        made.__path__ = paths
        sys.modules[name] = made


def sgd(lr: float, **more: float) -> Any:
    """An optimizer of torch with one group."""
    import torch

    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, **more)


def stepped(optimizer: Any, scheduler: Any, n: int, field: str = "lr") -> list[float]:
    """The values of a group that `n` updates use, if the scheduler is stepped after each of them."""
    values = []
    for _ in range(n):
        values.append(optimizer.param_groups[0][field])
        scheduler.step()
    return values


def split(arguments: Mapping[str, Any], *names: str) -> tuple[list[Any], dict[str, Any]]:
    """The arguments with these names, None where there is none; and the others."""
    rest = dict(arguments)
    return [rest.pop(name, None) for name in names], rest


# ------------------------------------------------------------------------------------------------- Hugging Face's


def _get_scheduler(get_scheduler: Callable[..., Any], name: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
    (lr, warmup, steps), rest = split(arguments, "learning_rate", "num_warmup_steps", "num_training_steps")
    optimizer = sgd(lr)
    return stepped(optimizer, get_scheduler(name, optimizer, warmup, steps, rest), n)


def hf() -> Values:
    from transformers import get_scheduler

    return lambda name, n, arguments: _get_scheduler(get_scheduler, name, n, arguments)


# ------------------------------------------------------------------------------------------------------ float32, JAX
# A compiled schedule is another thing than one that is called: XLA multiplies by 1 / n where the code divides by n.
# So is `vmap`, also without `jit`.


def _called(schedule: Callable[[Any], Any], n: int) -> list[float]:
    import jax.numpy as jnp

    return [float(schedule(jnp.int32(k))) for k in range(n)]


def _compiled(schedule: Callable[[Any], Any], n: int) -> Any:
    import jax
    import jax.numpy as jnp
    import numpy as np

    return np.asarray(jax.jit(jax.vmap(schedule))(jnp.arange(n, dtype=jnp.int32)))


def _optax(name: str, arguments: Mapping[str, Any]) -> Any:
    import optax

    def made(argument: Any) -> Any:
        if isinstance(argument, Made):
            return _optax(argument.name, argument.arguments)
        return [made(one) for one in argument] if isinstance(argument, list) else argument

    return getattr(optax, name)(**{key: made(value) for key, value in arguments.items()})


def _keras(name: str, arguments: Mapping[str, Any]) -> Any:
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    return getattr(keras.optimizers.schedules, name)(**arguments)


def optax() -> Values:
    import optax as _  # noqa: F401 (if it is not there, the driver must say so at once)

    return lambda name, n, arguments: _called(_optax(name, arguments), n)


def optax_compiled() -> Values:
    return lambda name, n, arguments: _compiled(_optax(name, arguments), n)


def keras() -> Values:
    os.environ["KERAS_BACKEND"] = "jax"
    import keras as _  # noqa: F401 (the same)

    return lambda name, n, arguments: _called(_keras(name, arguments), n)


def keras_compiled() -> Values:
    return lambda name, n, arguments: _compiled(_keras(name, arguments), n)


DRIVERS: dict[str, tuple[str, Callable[[], Values]]] = {
    "hf": ("transformers", hf),
    "optax": ("optax", optax),
    "keras": ("keras", keras),
}
"""The module of glidepath.dialects, the library's name on PyPI, and its driver."""
COMPILED: dict[str, Callable[[], Values]] = {"optax": optax_compiled, "keras": keras_compiled}
"""The libraries whose values are others in a function that JAX compiles."""


def version(library: str) -> str:
    """The version of the library that is installed."""
    return metadata.version(DRIVERS[library][0])
