"""Reads the live schedulers of other libraries: their parameters, by the attributes that hold them.

No library is imported. An object is known by the module and the name of its class, or of its function. An attribute
that is missing is an error: another version of the library may compute something else.
"""

from __future__ import annotations

import contextlib
import inspect
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from glidepath._arguments import refusal
from glidepath._core import Schedule, _shown, constant
from glidepath.configs._reading import NOTHING, Job, Reading
from glidepath.dialects._declare import entry, title

__all__ = ["described"]

Reader = Callable[[Job, Any, str], "Schedule | dict[str, Schedule]"]


def described(source: Any, known: Mapping[str, Any]) -> Reading:  # noqa: ANN401 (an object of any library)
    """Read a live object."""
    if isinstance(source, Schedule):
        return Reading({"lr": source}, "a schedule of glidepath", "glidepath", source.steps)
    job = Job({}, known=known)
    one = source[0] if isinstance(source, Sequence) and len(source) else source
    module, name = _home(one)
    for prefix, read in _LIBRARIES:
        if f"{module}.".startswith(f"{prefix}."):
            try:
                made = read(job, source, name)
            except AttributeError as error:
                rule = f"it is no {title(job.library or prefix)} scheduler as that version makes them: {error}"
                raise TypeError(refusal("source", _shown(source), rule, "Make the schedule by hand.")) from None
            library = job.library or "torch"
            return job.reading(made, f"{name} of {title(library)}", library)
    rule = "it must be a path, a mapping, or a scheduler of a library that `read` knows"
    raise TypeError(refusal("source", f"{_shown(source)} of {module}", rule, "`help(glidepath.read)` lists them."))


def _home(source: Any) -> tuple[str, str]:  # noqa: ANN401 (the same)
    """Return the module and the name of an object's class, or of a function."""
    if not callable(source) or not hasattr(source, "__qualname__"):
        source = type(source)
    return str(source.__module__), source.__qualname__.partition(".<locals>")[0]


def _attributes(source: object, name: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401 (of any type)
    """Return the arguments of a dialect's schedule, from the object's attributes of these names."""
    found = dict(given)
    for parameter in inspect.signature(entry(name).make).parameters:
        if parameter in found:
            continue
        for attribute in (parameter, f"_{parameter}"):
            if hasattr(source, attribute):
                found[parameter] = getattr(source, attribute)
                break
        else:
            rule = "the version that glidepath follows has it"
            way_out = f"Make the schedule with `glidepath.dialects.{name}(...)`."
            raise ValueError(refusal(f"{type(source).__name__}.{parameter}", "no such attribute", rule, way_out))
    return found


def _by_group(rates: Sequence[float], make: Callable[[float], Schedule]) -> dict[str, Schedule]:
    """Make a schedule for each group's rate: ``lr``, and ``lr[1]``, ... if they differ."""
    if not rates:
        raise ValueError(refusal("source", "no group", "its optimizer needs one", "Add a group."))
    made = {"lr": make(float(rates[0]))}
    if any(rate != rates[0] for rate in rates):
        made |= {f"lr[{group}]": make(float(rate)) for group, rate in enumerate(rates) if group}
    return made


# -------------------------------------------------------------------------------------------- torch's LambdaLR, wrapped

_HF = {
    "_get_constant_lambda": "constant",
    "_get_constant_schedule_with_warmup_lr_lambda": "constant_with_warmup",
    "_get_linear_schedule_with_warmup_lr_lambda": "linear",
    "_get_cosine_schedule_with_warmup_lr_lambda": "cosine_with_min_lr",
    "_get_cosine_with_hard_restarts_schedule_with_warmup_lr_lambda": "cosine_with_restarts",
    "_get_polynomial_decay_schedule_with_warmup_lr_lambda": "polynomial",
    "_get_inverse_sqrt_schedule_lr_lambda": "inverse_sqrt",
    "_get_cosine_with_min_lr_schedule_with_warmup_lr_rate_lambda": "cosine_warmup_with_min_lr",
    "_get_wsd_scheduler_lambda": "warmup_stable_decay",
}


def _torch(job: Job, source: Any, _: str) -> dict[str, Schedule]:  # noqa: ANN401 (a torch scheduler)
    """Read a scheduler of torch: HF's LambdaLR by its keywords, the others by their replay."""
    if type(source).__name__ == "LambdaLR":
        return _lambdas(job, source)
    from glidepath.torch import schedule  # noqa: PLC0415 (torch is there: this is one of its schedulers)

    groups = range(len(source.optimizer.param_groups))
    made = [job.checked(partial(schedule, source, group, steps=job.known.get("steps"))) for group in groups]
    others = {f"lr[{group}]": one for group, one in enumerate(made) if group and one != made[0]}
    return {"lr": made[0], **others}


def _lambdas(job: Job, source: Any) -> dict[str, Schedule]:  # noqa: ANN401 (a LambdaLR)
    made: dict[str, Schedule] = {}
    for group, (function, base) in enumerate(zip(source.lr_lambdas, source.base_lrs, strict=True)):
        inner, keywords = (function.func, function.keywords) if isinstance(function, partial) else (function, {})
        name = _HF.get(getattr(inner, "__name__", ""))
        if (
            name is None
            or not inner.__module__.startswith("transformers.")
            or (isinstance(function, partial) and function.args)
        ):
            rule = "its function must be one of transformers, which keeps its arguments"
            way_out = "For another function use `glidepath.torch.schedule(scheduler, steps=...)`, which makes a table."
            raise ValueError(refusal("LambdaLR.lr_lambdas", _shown(inner), rule, way_out))
        arguments = {"learning_rate": float(base), **keywords}
        if name == "cosine_with_min_lr" and not arguments.get("min_lr_rate"):
            arguments.pop("min_lr_rate", None)
            name = "cosine"
        arguments.pop("lr_init", None)
        schedule = job.make(f"hf.{name}", **arguments)
        if not made or schedule != made["lr"]:
            made[f"lr[{group}]" if made else "lr"] = schedule
        if keywords.get("num_training_steps") is not None:
            job.derived["steps"] = f"{keywords['num_training_steps']:,}: `num_training_steps`"
            job.steps = int(keywords["num_training_steps"])
    return made


def _accelerated(job: Job, source: Any, _: str) -> dict[str, Schedule]:  # noqa: ANN401 (accelerate's scheduler)
    """Read what accelerate wraps: it is stepped once a process at each update, unless `split_batches`."""
    made = _torch(job, source.scheduler, "")
    if source.split_batches or not source.step_with_optimizer:
        return made
    processes = job.known.get("world_size")
    if processes is None:
        rule = "accelerate steps the scheduler as often as there are processes"
        job.refuse("world_size", NOTHING, rule, "Pass `world_size=`.")
    return {name: schedule.stride(processes) for name, schedule in made.items()}


# ------------------------------------------------------------------------------------------------------- timm, mmengine


def _timm(job: Job, source: Any, name: str) -> dict[str, Schedule]:  # noqa: ANN401 (timm's scheduler)
    if source.noise_range_t is not None:
        way_out = "Leave it out, or tabulate timm's values."
        raise ValueError(refusal(f"{name}.noise_range_t", source.noise_range_t, "noise is random", way_out))
    if not entry(f"timm.{name}").is_schedule:
        entry(f"timm.{name}").make()
    each = job.per_epoch("it counts epochs") if source.t_in_epochs else 1

    def make(rate: float) -> Schedule:
        made = job.make(f"timm.{name}", **_attributes(source, f"timm.{name}", learning_rate=rate))
        return made.by_epoch(each) if each > 1 else made

    return _by_group(source.base_values, make)


_MM_WINDOW = ("begin", "end", "by_epoch")


def _mmengine(job: Job, source: Any, _: str) -> dict[str, Schedule]:  # noqa: ANN401 (one scheduler, or a list)
    """Read a list of mmengine's schedulers, those of a hyper-parameter together."""
    made: dict[str, Schedule] = {}
    parts: dict[str, list[dict[str, Any]]] = {}
    bases: dict[str, list[float]] = {}
    for one in source if isinstance(source, Sequence) else [source]:
        word = "Momentum" if "momentum" in one.param_name or "betas" in one.param_name else "LR"
        kind = next((base.__name__ for base in type(one).__mro__ if base.__name__.endswith("ParamScheduler")), "")
        name = kind.replace("ParamScheduler", "LR")
        if not entry(f"mmengine.{name}").is_schedule:
            entry(f"mmengine.{name}").make()
        taken = _attributes(one, f"mmengine.{name}", learning_rate=0.0, base_value=None, **_one_cycle(one, name))
        part = {key: value for key, value in taken.items() if key not in ("learning_rate", "base_value")}
        if isinstance(part.get("milestones"), Counter):
            part["milestones"] = sorted(part["milestones"].elements())
        hyper = "momentum" if word == "Momentum" else "lr"
        parts.setdefault(hyper, []).append({"type": name, "by_epoch": one.by_epoch, **part})
        bases[hyper] = [float(base) for base in one.base_values]
    for hyper, some in parts.items():
        each = job.per_epoch("it counts epochs") if any(part["by_epoch"] for part in some) else None
        for group, base in enumerate(bases[hyper]):
            if not group or base != bases[hyper][0]:
                schedule = job.make("mmengine.param_scheduler", learning_rate=base, schedulers=some, epoch_length=each)
                made[f"{hyper}[{group}]" if group else hyper] = schedule
    return made


def _one_cycle(one: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 (mmengine's scheduler)
    """Return what mmengine's one-cycle keeps in its phases only."""
    if name != "OneCycleLR":
        return {}
    phases, last = one._schedule_phases, one.total_steps - 1  # noqa: SLF001 (it has no other place)
    return {
        "pct_start": (phases[0]["end_step"] + 1) / one.total_steps,
        "anneal_strategy": "cos" if "cos" in one.anneal_func.__name__ else "linear",
        "three_phase": len(phases) > 2 and last > 0,  # noqa: PLR2004 (up, down, and far down)
    }


# -------------------------------------------------------------------------------- Megatron, DeepSpeed, Composer, fvcore


def _megatron(job: Job, source: Any, name: str) -> dict[str, Schedule]:  # noqa: ANN401 (Megatron's scheduler)
    """Read Megatron's scheduler, whose step is a sample: the batch must be known."""
    batch = job.known.get("batch_size")
    if batch is None:
        job.refuse("batch_size", NOTHING, "Megatron counts samples", "Pass `batch_size=`, the samples of an update.")
    rate = job.make(f"megatron.{name}", **_attributes(source, f"megatron.{name}"))
    decay = job.make("megatron.weight_decay", **_attributes(source, "megatron.weight_decay"))
    return {"lr": rate.stride(batch), "weight_decay": decay.stride(batch)}


_DEEPSPEED = {
    "warmup_min_lr": "min_lrs",
    "warmup_max_lr": "max_lrs",
    "learning_rate": "org_lrs",
    "cycle_min_lr": "min_lrs",
    "cycle_max_lr": "max_lrs",
    "cycle_min_mom": "min_moms",
    "cycle_max_mom": "max_moms",
    "cycle_first_step_size": "first_step_size",
    "cycle_second_step_size": "second_step_size",
    "cycle_first_stair_count": "first_stair_count",
    "cycle_second_stair_count": "second_stair_count",
    "lr_range_test_min_lr": "min_lr",
    "lr_range_test_step_size": "step_size",
    "lr_range_test_step_rate": "step_rate",
    "lr_range_test_staircase": "staircase",
}
"""DeepSpeed's attribute for an argument. Those of rates have one for each group."""


def _deepspeed(job: Job, source: Any, name: str) -> dict[str, Schedule]:  # noqa: ANN401 (DeepSpeed's scheduler)
    """Read DeepSpeed's scheduler, which has rates for each group."""
    groups = [_of_deepspeed(job, source, name, group) for group in range(len(source.optimizer.param_groups))]
    made = {"lr": groups[0], **{f"lr[{group}]": one for group, one in enumerate(groups) if one != groups[0]}}
    if name == "OneCycle" and source.cycle_momentum:
        made["momentum"] = _of_deepspeed(job, source, "OneCycle_momentum", 0)
    return made


def _of_deepspeed(job: Job, source: Any, name: str, group: int) -> Schedule:  # noqa: ANN401 (DeepSpeed's scheduler)
    given: dict[str, Any] = {}
    for parameter in inspect.signature(entry(f"deepspeed.{name}").make).parameters:
        value: Any = getattr(source, _DEEPSPEED.get(parameter, ""), None)
        if isinstance(value, list) and value:  # of the groups
            value = value[min(group, len(value) - 1)]
        value = value[0] if isinstance(value, tuple) and value else value  # both betas
        if value is not None:
            whole = isinstance(value, float) and "step" in parameter and value.is_integer()
            given[parameter] = int(value) if whole else value
    if "total_num_steps" in inspect.signature(entry(f"deepspeed.{name}").make).parameters:
        job.steps = source.total_num_steps
    return job.make(f"deepspeed.{name}", **_attributes(source, f"deepspeed.{name}", **given))


def _composer(job: Job, source: Any, name: str) -> Schedule:  # noqa: ANN401 (Composer's scheduler)
    """Read Composer's scheduler: a multiplier, of a run whose length it does not know."""
    if "learning_rate" not in job.known:
        job.ask("learning_rate", "learning_rate", None)
    given = {"learning_rate": job.known["learning_rate"], "dataloader_len": job.known.get("steps_per_epoch")}
    duration = f"{job.known['steps']}ba" if "steps" in job.known else None
    taken = _attributes(source, f"composer.{name}", **given, max_duration=duration)
    return job.make(f"composer.{name}", **{key: _time(value) for key, value in taken.items()})


def _time(value: Any) -> Any:  # noqa: ANN401 (a time of Composer, or another argument)
    if isinstance(value, list):
        return [_time(item) for item in value]
    return value.to_timestring() if hasattr(value, "to_timestring") else value


def _fvcore(job: Job, source: Any, name: str) -> Schedule:  # noqa: ANN401 (fvcore's scheduler)
    """Read fvcore's scheduler, a function of the progress: the length of the run must be known."""
    steps = job.total()
    given: dict[str, Any] = {"max_iter": steps}
    if name == "CompositeParamScheduler":
        parts = source._schedulers  # noqa: SLF001 (it has no other place)
        given["schedulers"] = [_fvcore(job, part, type(part).__name__) for part in parts]
    if name in ("MultiStepParamScheduler", "StepParamScheduler"):
        given["values"] = source._param_schedule  # noqa: SLF001 (the same)
    if name == "StepParamScheduler":
        given["num_updates"] = steps
    taken = _attributes(source, f"fvcore.{name}", **given)
    takes = inspect.signature(entry(f"fvcore.{name}").make).parameters
    return job.make(f"fvcore.{name}", **{key: value for key, value in taken.items() if key in takes})


# --------------------------------------------------------------------------------------------------------- Keras, optax


def _keras(job: Job, source: Any, name: str) -> Schedule:  # noqa: ANN401 (Keras's schedule)
    config = dict(source.get_config())
    config.pop("name", None)
    if "learning_rate" in config:  # an optimizer
        rate = config["learning_rate"]
        if not isinstance(rate, Mapping):
            job.by("keras")
            return constant(float(rate))
        name, config = rate["class_name"], {key: one for key, one in rate["config"].items() if key != "name"}
    return job.make(f"keras.{name}", **config)


def _optax(job: Job, source: Any, name: str) -> Schedule:  # noqa: ANN401 (optax's function)
    """Read a function of optax by the variables that it has closed over."""
    if not hasattr(source, "__code__"):
        raise ValueError(refusal("source", _shown(source), "it must be a function that optax made", "Pass that."))
    values: dict[str, Any] = {}
    for variable, cell in zip(source.__code__.co_freevars, source.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # the cell of a variable that was never set is empty
            values[variable] = cell.cell_contents
    if name == "join_schedules":
        values["schedules"] = [_joined(job, one) for one in values["schedules"]]
    if name == "piecewise_interpolate_schedule":
        values["boundaries_and_scales"] = dict(zip(values.pop("boundaries"), values.pop("scales"), strict=True))
        values["interpolate_type"] = values.pop("interpolate_fn").__name__.strip("_").removesuffix("_interpolate")
    values.pop("clip_fn", None)
    return job.make(f"optax.{name}", **{key: _plain(value) for key, value in values.items()})


def _joined(job: Job, part: Any) -> Schedule:  # noqa: ANN401 (a function of optax, or a user's)
    module, name = _home(part)
    if not module.startswith("optax."):
        way_out = "Join the parts with `then`: that part as a table."
        raise ValueError(refusal("join_schedules", f"{name} of {module}", "each part must be optax's", way_out))
    return _optax(job, part, name)


def _plain(value: Any) -> Any:  # noqa: ANN401 (an argument of any type)
    return value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value


def _thinc(job: Job, source: Any, _: str) -> Schedule:  # noqa: ANN401 (thinc's schedule)
    """Read a schedule of thinc by its name and arguments, and those inside it."""
    arguments = dict(source.attrs)
    if source.name == "slanted_triangular":
        way_out = "Make it with `glidepath.dialects.thinc.slanted_triangular(...)`."
        raise ValueError(refusal("source", source.name, "thinc does not keep the length of the run", way_out))
    if source.name == "constant_then":
        arguments["schedule"] = _thinc(job, arguments["schedule"], "")
    return job.make(f"thinc.{source.name}", **arguments)


_LIBRARIES: list[tuple[str, Reader]] = [
    ("torch.optim.lr_scheduler", _torch),
    ("glidepath.torch", _torch),
    ("accelerate.scheduler", _accelerated),
    ("timm.scheduler", _timm),
    ("mmengine.optim.scheduler", _mmengine),
    ("megatron.core", _megatron),
    ("deepspeed.runtime.lr_schedules", _deepspeed),
    ("composer.optim", _composer),
    ("fvcore.common.param_scheduler", _fvcore),
    ("thinc.schedules", _thinc),
    ("keras", _keras),
    ("optax", _optax),
]
