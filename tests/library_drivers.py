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
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

Values = Callable[[str, int, Mapping[str, Any]], Sequence[float]]


@dataclass(frozen=True)
class Made:
    """An argument that is a schedule of the same library: its name, and its arguments."""

    name: str
    arguments: Mapping[str, Any]


class _Nothing(type):
    """Classes that take anything and do nothing, and whose every attribute is one too."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _nothing(name)


def _nothing(name: str) -> Any:
    body = {"__init__": lambda *_, **__: None, "__getattr__": lambda *_: lambda *_, **__: None}
    return _Nothing(name, (), body)


class _Stub(ModuleType):
    """A module in which every name is a class that does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        setattr(self, name, _nothing(name))
        return vars(self)[name]


def stub(*names: str) -> Any:
    """Put modules with nothing in them under these names, and return the last."""
    made = _Stub("")
    for name in names:
        made = _Stub(name)
        made.__path__ = []
        sys.modules[name] = made
    return made


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


def known(package: str, **names: Any) -> None:
    """Give a bare package the names that others import from it."""
    vars(sys.modules[package]).update(names)


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


# ------------------------------------------------------------------------------------------------------------- others


def diffusers() -> Values:
    bare("diffusers")
    stub("diffusers.utils")
    from diffusers.optimization import get_scheduler

    def values(name: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        (lr, warmup, steps), rest = split(arguments, "learning_rate", "num_warmup_steps", "num_training_steps")
        optimizer = sgd(lr)
        scheduler = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=steps, **rest)
        return stepped(optimizer, scheduler, n)

    return values


def deepspeed() -> Values:
    """The engine steps the scheduler after each update, and the scheduler sets the rate of update 0 itself."""
    bare("deepspeed", "deepspeed.runtime")
    stub("deepspeed.utils")
    import torch
    from deepspeed.runtime import lr_schedules

    def values(name: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        (lr,), rest = split(arguments, "learning_rate")
        if name == "OneCycle_momentum":
            optimizer = torch.optim.Adam([torch.zeros(1)])
            scheduler = lr_schedules.OneCycle(optimizer, 0.01, 0.1, **rest)
            momenta = []
            for _ in range(n):
                momenta.append(optimizer.param_groups[0]["betas"][0])
                scheduler.step()
            return momenta
        optimizer = torch.optim.Adam([torch.zeros(1)], lr=lr or 0.1)
        return stepped(optimizer, getattr(lr_schedules, name)(optimizer, **rest), n)

    return values


def megatron() -> Values:
    from megatron.core.optimizer_param_scheduler import OptimizerParamScheduler

    off = {"start_wd": 0.0, "end_wd": 0.0, "wd_incr_steps": 1, "wd_incr_style": "constant"}
    still = {"init_lr": 0.0, "max_lr": 0.1, "min_lr": 0.0, "lr_warmup_steps": 0, "lr_decay_steps": 100,
             "lr_decay_style": "constant"}  # fmt: skip

    def values(name: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        decays = name == "weight_decay"
        optimizer = sgd(0.1)
        scheduler = OptimizerParamScheduler(optimizer, **(still if decays else off), **arguments)
        found = []
        for _ in range(n):
            found.append(optimizer.param_groups[0]["weight_decay" if decays else "lr"])
            scheduler.step(1)
        return found

    return values


def fairseq() -> Values:
    """The trainer asks for the rate of update k with `step_update(k)`, before it."""
    bare("fairseq", "fairseq.optim", "fairseq.optim.lr_scheduler")
    stub("omegaconf").II = lambda name: name
    stub("fairseq.dataclass").FairseqDataclass = object
    stub("fairseq.dataclass.utils")
    known("fairseq.optim", FairseqOptimizer=SimpleNamespace)
    from fairseq.optim.lr_scheduler.fairseq_lr_scheduler import FairseqLRScheduler

    made: dict[str, tuple[Any, Any]] = {}

    def register(name: str, dataclass: Any) -> Callable[[Any], Any]:
        return lambda scheduler: made.setdefault(name, (dataclass, scheduler))[1]

    known("fairseq.optim.lr_scheduler", FairseqLRScheduler=FairseqLRScheduler, register_lr_scheduler=register)
    files = ("cosine_lr_scheduler", "fixed_schedule", "inverse_square_root_schedule", "polynomial_decay_schedule",
             "step_lr_scheduler", "tri_stage_lr_scheduler", "triangular_lr_scheduler")  # fmt: skip
    for file in files:
        import_module(f"fairseq.optim.lr_scheduler.{file}")

    def values(name: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        config, scheduler = made[name]
        (rate, lr), rest = split(arguments, "learning_rate", "lr")
        config = config()
        vars(config).update(lr=[lr if rate is None else rate], **rest)
        found = [0.0]
        optimizer = SimpleNamespace(set_lr=lambda value: found.__setitem__(0, value), get_lr=lambda: found[0])
        run = scheduler(config, optimizer)
        run.step_begin_epoch(1)
        rates = []
        for update in range(n):
            run.step_update(update)
            rates.append(found[0])
        return rates

    return values


def thinc() -> Values:
    """A schedule is a function of the step."""
    bare("thinc")
    stub("thinc.config").registry = SimpleNamespace(schedules=lambda name: lambda function: function)
    from thinc import schedules

    def made(name: str, arguments: Mapping[str, Any]) -> Any:
        inner = {key: made(one.name, one.arguments) if isinstance(one, Made) else one for key, one in arguments.items()}
        return getattr(schedules, name)(**inner)

    return lambda name, n, arguments: list(map(made(name, arguments), range(n)))


def axolotl() -> Values:
    """Its trainer makes the scheduler. Here it is a trainer without a model, which steps it after each update."""
    from transformers import get_scheduler

    class Trainer:
        lr_scheduler: Any = None

        def create_scheduler(self, num_training_steps: int, optimizer: Any) -> None:
            args: Any = vars(self)["args"]
            warmup = args.get_warmup_steps(num_training_steps)
            self.lr_scheduler = get_scheduler(args.lr_scheduler_type, optimizer, warmup, num_training_steps)

    bare("axolotl", "axolotl.utils", "axolotl.core", "axolotl.core.trainers", "axolotl.core.trainers.mixins")
    stub("axolotl.utils.logging", "axolotl.integrations")
    plugins = SimpleNamespace(create_lr_scheduler=lambda **_: None)
    stub("axolotl.integrations.base").PluginManager = SimpleNamespace(get_instance=lambda: plugins)
    stub("transformers.trainer").Trainer = Trainer
    from axolotl.core.trainers.mixins.scheduler import SchedulerMixin
    from axolotl.utils.schedulers import JaggedLRRestartScheduler

    unset = ("lr_quadratic_warmup", "cosine_min_lr_ratio", "cosine_constant_lr_ratio", "jagged_restart_steps")

    def made(name: str, arguments: Mapping[str, Any]) -> tuple[Any, Any]:
        if name == "JaggedLRRestartScheduler":
            (inner,), rest = split(arguments, "inner_schedule")
            optimizer, scheduler = made(inner.name, inner.arguments)
            rest.setdefault("jagged_restart_warmup_steps", 10)  # the trainer's default
            return optimizer, JaggedLRRestartScheduler(optimizer, scheduler, **rest)
        (lr, warmup, steps), rest = split(arguments, "learning_rate", "num_warmup_steps", "num_training_steps")
        trainer: Any = object.__new__(SchedulerMixin)
        trainer.args = SimpleNamespace(
            lr_scheduler_type="cosine", alternate_lr_scheduler_type=name, learning_rate=lr, lr_scheduler_kwargs=rest,
            get_warmup_steps=lambda _: warmup, **{**dict.fromkeys(unset), **rest},
        )  # fmt: skip
        optimizer = sgd(lr, momentum=0.9)
        return optimizer, trainer.create_scheduler(steps, optimizer)

    return lambda name, n, arguments: stepped(*made(name, arguments), n)


def openclip() -> Values:
    """A scheduler is a function of the step, which sets the rate."""
    bare("open_clip_train")
    from open_clip_train import scheduler

    functions = {"const": "const_lr", "cosine": "cosine_lr", "const-cooldown": "const_lr_cooldown"}

    def values(name: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        return list(map(getattr(scheduler, functions.get(name, name))(sgd(1.0), **arguments), range(n)))

    return values


def nemo() -> Values:
    bare("nemo", "nemo.core", "nemo.core.optim")
    stub(
        "omegaconf", "nemo.core.classes", "nemo.core.classes.common", "nemo.core.config", "nemo.core.config.schedulers"
    )
    stub("nemo.utils", "nemo.utils.model_utils")
    from nemo.core.optim import lr_scheduler

    def values(name: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        (lr,), rest = split(arguments, "learning_rate")
        optimizer = sgd(lr)
        return stepped(optimizer, getattr(lr_scheduler, name)(optimizer, **rest), n)

    return values


def timm() -> Values:
    """`train.py` sets the rate of epoch e + 1 after epoch e."""
    bare("timm")
    import timm.scheduler

    def values(name: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        (lr,), rest = split(arguments, "learning_rate")
        optimizer = sgd(lr)
        if name.endswith("LRScheduler"):
            scheduler = getattr(timm.scheduler, name)(optimizer, **rest)
        else:
            scheduler, _ = timm.scheduler.create_scheduler_v2(optimizer, **rest)
        rates = []
        for epoch in range(n):
            rates.append(optimizer.param_groups[0]["lr"])
            scheduler.step(epoch + 1)
        return rates

    return values


def torchtitan() -> Values:
    package = "torchtitan.components.optimizer"
    bare("torchtitan", "torchtitan.components", package, "torchtitan.config")
    stub(f"{package}.optimizer")
    from torchtitan.config.configurable import Configurable

    known("torchtitan.config", Configurable=Configurable)
    from torchtitan.components.optimizer.lr_scheduler import LRSchedulersContainer

    def values(_: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        (lr,), rest = split(arguments, "learning_rate")
        optimizer = sgd(lr)
        config = LRSchedulersContainer.Config(**rest)
        return stepped(optimizer, config.build(optimizers=[optimizer], training_steps=config.total_steps), n)

    return values


def nanotron() -> Values:
    """The wheel is of 2024, and has no 1-sqrt."""
    others = """
        distributed generation generation.sampler logging models models.base optim optim.base
        optim.gradient_accumulator optim.named_optimizer optim.optimizer_from_gradient_accumulator optim.zero
        parallel parallel.pipeline_parallel parallel.pipeline_parallel.engine parallel.tensor_parallel
        parallel.tensor_parallel.nn random config.lighteval_config config.models_config config.parallelism_config
        config.utils_config
    """
    bare("nanotron", "nanotron.config")
    stub(*(f"nanotron.{name}" for name in others.split()))
    from nanotron.config import config

    known("nanotron.config", **vars(config))
    from nanotron.helpers import lr_scheduler_builder

    def values(_: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        (steps,), rest = split(arguments, "train_steps")
        optimizer = sgd(rest["learning_rate"])
        optimizer.get_base_optimizer = lambda: optimizer
        options = {"lr_warmup_style": "linear", **rest}  # None is refused there
        return stepped(optimizer, lr_scheduler_builder(optimizer, config.LRSchedulerArgs(**options), steps), n)

    return values


def composer() -> Values:
    bare("composer", "composer.core", "composer.optim", "composer.utils", "llmfoundry", "llmfoundry.optim")
    bare("llmfoundry.utils")
    from composer.utils.string_enum import StringEnum

    known("composer.utils", StringEnum=StringEnum)
    from composer.core.time import Time, Timestamp, TimeUnit

    known("composer.core", Time=Time, TimeUnit=TimeUnit, State=object)
    from composer.optim import scheduler

    known("composer.optim", ComposerScheduler=scheduler.ComposerScheduler, LinearScheduler=scheduler.LinearScheduler)
    from llmfoundry.optim.scheduler import InverseSquareRootWithWarmupScheduler

    foundry = {
        "InverseSquareRootWithWarmupScheduler": InverseSquareRootWithWarmupScheduler,
        "inv_sqrt_with_warmup": InverseSquareRootWithWarmupScheduler,
        "constant_with_warmup": scheduler.ConstantWithWarmupScheduler,
        "cosine_with_warmup": scheduler.CosineAnnealingWithWarmupScheduler,
        "linear_decay_with_warmup": scheduler.LinearWithWarmupScheduler,
    }

    def values(name: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        (lr, duration, length), rest = split(arguments, "learning_rate", "max_duration", "dataloader_len")
        made = (foundry.get(name) or getattr(scheduler, name))(**rest)
        state = SimpleNamespace(max_duration=Time.from_input(duration), dataloader_len=length)
        rates = []
        for batch in range(n):
            state.timestamp = Timestamp(batch=batch, epoch=batch // length)
            rates.append(lr * made(state))
        return rates

    return values


def olmo() -> Values:
    """The trainer counts the update, then sets its rate."""
    bare("olmo_core", "olmo_core.optim")
    stub("cached_path", "olmo_core.nn", "olmo_core.nn.transformer")
    from olmo_core.optim import scheduler

    def values(name: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        (lr, steps, stages, override), rest = split(arguments, "learning_rate", "t_max", "stages", "override_decay")
        kind = getattr(scheduler, name) if hasattr(scheduler, name) else scheduler.Scheduler.get_registered_class(name)
        if stages:
            rest["stages"] = [scheduler.ComposableSchedulerStage(**stage) for stage in stages]
            rest["override_decay"] = scheduler.OverrideDecay(**override) if override else None
        made, group, rates = kind(**rest), {"lr": lr}, []
        for step in range(1, n + 1):
            made.set_lr(group, SimpleNamespace(max_steps=steps or n, global_step=step))
            rates.append(group["lr"])
        return rates

    return values


def mmengine() -> Values:
    import mmengine.optim.scheduler  # noqa: F401 (it registers the schedulers)
    from mmengine.registry import PARAM_SCHEDULERS

    def values(name: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        field = "momentum" if name.endswith("Momentum") else "lr"
        (lr, several, length), rest = split(arguments, "learning_rate", "schedulers", "epoch_length")
        optimizer = sgd(**{"lr": 0.1, field: 0.1 if lr is None else lr})
        made = [
            PARAM_SCHEDULERS.build(
                dict(one), default_args={"optimizer": optimizer, **({"epoch_length": length} if length else {})}
            )
            for one in several or [{"type": name, **rest}]
        ]
        found = []
        for k in range(1, n + 1):
            found.append(optimizer.param_groups[0][field])
            for scheduler in made:
                if length is None or not scheduler.by_epoch or k % length == 0:
                    scheduler.step()
        return found

    return values


def fvcore() -> Values:
    from fvcore.common import param_scheduler

    def made(name: str, arguments: Mapping[str, Any]) -> Any:
        _, rest = split(arguments, "max_iter")
        if "schedulers" in rest:
            rest["schedulers"] = [made(one.name, one.arguments) for one in rest["schedulers"]]
            rest["lengths"] = list(rest["lengths"])
        return getattr(param_scheduler, name)(**rest)

    def values(name: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        schedule, steps = made(name, arguments), arguments.get("max_iter", n)
        found: list[float] = []
        for k in range(n):
            try:
                value = schedule(k / steps)
            except (RuntimeError, IndexError):
                break
            if isinstance(value, complex):
                break
            found.append(value)
        return found

    return values


def paddle() -> Values:
    from paddle.optimizer import lr

    def made(name: str, arguments: Mapping[str, Any]) -> Any:
        rest = {
            key: made(value.name, value.arguments) if isinstance(value, Made) else value
            for key, value in arguments.items()
            if key != "steps"  # the length of our table
        }
        return getattr(lr, name)(**rest)

    def values(name: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        scheduler = made(name, arguments)
        rates = []
        for _ in range(n):
            rates.append(scheduler())
            try:
                scheduler.step()
            except ValueError:  # OneCycleLR, after its end
                break
        return rates

    return values


def mindcv() -> Values:
    """Its lists have the length of the run, and no more."""
    bare("mindcv")
    from mindcv.scheduler import create_scheduler

    return lambda name, n, arguments: create_scheduler(**arguments)[:n]


def mindformers() -> Values:
    bare("mindformers", "mindformers.core", "mindformers.core.lr")
    stub("mindformers.tools", "mindformers.tools.logger")
    stub("mindformers.tools.register").MindFormerRegister.register = lambda *_, **__: lambda kind: kind
    from mindformers.core.lr import lr_schedule
    from mindspore import Tensor
    from mindspore import dtype as mstype

    def values(name: str, n: int, arguments: Mapping[str, Any]) -> list[float]:
        schedule = getattr(lr_schedule, name)(**arguments)
        return [float(schedule(Tensor(k, mstype.int32)).asnumpy()) for k in range(n)]

    return values


DRIVERS: dict[str, tuple[str, Callable[[], Values]]] = {
    "hf": ("transformers", hf),
    "diffusers": ("diffusers", diffusers),
    "deepspeed": ("deepspeed", deepspeed),
    "megatron": ("megatron-core", megatron),
    "fairseq": ("fairseq", fairseq),
    "nemo": ("nemo_toolkit", nemo),
    "thinc": ("thinc", thinc),
    "axolotl": ("axolotl", axolotl),
    "openclip": ("open_clip_torch", openclip),
    "timm": ("timm", timm),
    "optax": ("optax", optax),
    "keras": ("keras", keras),
    "torchtitan": ("torchtitan", torchtitan),
    "nanotron": ("nanotron", nanotron),
    "composer": ("mosaicml", composer),
    "olmo": ("ai2-olmo-core", olmo),
    "mmengine": ("mmengine", mmengine),
    "fvcore": ("fvcore", fvcore),
    "paddle": ("paddlepaddle", paddle),
    "mindcv": ("mindcv", mindcv),
    "mindformers": ("mindformers", mindformers),
}
"""The module of glidepath.dialects, the library's name on PyPI, and its driver."""
COMPILED: dict[str, Callable[[], Values]] = {"optax": optax_compiled, "keras": keras_compiled}
"""The libraries whose values are others in a function that JAX compiles."""


def version(library: str) -> str:
    """The library's name on PyPI, and the version that is installed."""
    return f"{DRIVERS[library][0]} {metadata.version(DRIVERS[library][0])}"
