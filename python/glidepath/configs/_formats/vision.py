"""Libraries that count epochs: timm, mmengine, mmcv, detectron2, Paddle's, and Lightning's command line."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any

from glidepath import _core as gp
from glidepath._arguments import LAST_STEP
from glidepath.configs._reading import NOTHING, Job, Unread, format_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from glidepath._core import Schedule

# ----------------------------------------------------------------------------------------------------------------- timm

_TIMM = {
    "lr_cycle_mul": "cycle_mul",
    "lr_cycle_decay": "cycle_decay",
    "lr_cycle_limit": "cycle_limit",
    "lr_k_decay": "k_decay",
}
_TIMM_SCALED = ("warmup_epochs", "decay_epochs")
_TIMM_DEFAULTS = {"decay_epochs": 90.0, "warmup_epochs": 5, "warmup_lr": 1e-5, "cycle_decay": 0.5}
"""Of train.py, where they are others than the factory's."""


@format_of("timm", "timm args.yaml", lambda job: job.has("sched") and not job.has("lr_scheduler_type"))
def read_timm(job: Job) -> Schedule:
    """Read the arguments of timm's train.py, which counts epochs, or updates with `sched_on_updates`."""
    name = job.text("sched", "cosine")
    for key in ("lr_noise", "noise_range"):
        if job.raw(key) not in (None, [], "None"):
            job.refuse(key, job.raw(key), "noise is random, and not a function of the step", "Leave it out.")
    takes = inspect.signature(job.entry("timm.create_scheduler_v2").make).parameters
    arguments: dict[str, Any] = {key: value for key, value in _TIMM_DEFAULTS.items() if key in takes}
    for key in job.values:
        ours = _TIMM.get(key, key)
        if ours in takes and ours not in ("learning_rate", "sched", "num_epochs") and job.has(key):
            arguments[ours] = job.wholes(key) if key == "decay_milestones" else _timm_value(job, key)
    each = job.per_epoch("timm counts epochs")
    scale = each if job.flag("sched_on_updates") else 1
    epochs = job.whole("epochs", 300)
    arguments |= {key: _scaled(arguments[key], scale) for key in _TIMM_SCALED}
    if "decay_milestones" in arguments or scale > 1:
        arguments["decay_milestones"] = [edge * scale for edge in arguments.get("decay_milestones", (90, 180, 270))]
    made = job.make(
        "timm.create_scheduler_v2", "sched", learning_rate=_timm_rate(job), sched=name, num_epochs=epochs * scale,
        **arguments,
    )  # fmt: skip
    cycles = math.ceil(
        sum(epochs * job.number("lr_cycle_mul", 1.0) ** i for i in range(job.whole("lr_cycle_limit", 1)))
    )
    extra = job.whole("cooldown_epochs", 0) + (job.whole("warmup_epochs", 5) if job.flag("warmup_prefix") else 0)
    if name not in ("cosine", "tanh", "poly"):  # the others have no cycles, and train.py adds nothing
        cycles, extra = epochs, 0
    job.derive("steps", (cycles + extra) * each, f"{cycles + extra} epochs * {each}")
    return made if scale > 1 else made.by_epoch(each)


def _timm_value(job: Job, key: str) -> Any:  # noqa: ANN401 (as the factory takes it)
    value = job.raw(key)
    if isinstance(value, bool | str) and not str(value)[:1].isdigit():
        return job.flag(key) if str(value).lower() in ("true", "false") else job.text(key)
    number = job.number(key)
    return int(number) if key in ("warmup_epochs", "lr_cycle_limit") else number


def _scaled(epochs: float, scale: int) -> float:
    return epochs if scale == 1 or 0 < epochs < 1 else epochs * scale


def _timm_rate(job: Job) -> float:
    """Return `lr`, or `lr_base` scaled by the batch, as train.py does."""
    if job.has("lr"):
        return job.number("lr", known="learning_rate")
    if "learning_rate" in job.known:
        return job.number("lr", known="learning_rate")
    batch = job.whole("batch_size", 128) * job.whole("grad_accum_steps", 1)
    if "world_size" not in job.known:
        rule = "without `lr` the rate is scaled by the batch of all processes"
        job.refuse("world_size", NOTHING, rule, "Pass `world_size=` to `read`, or `--set world_size=` to the command.")
    ratio = batch * job.known["world_size"] / job.whole("lr_base_size", 256)
    optimizer = job.text("opt", "sgd")
    default = "sqrt" if any(part in optimizer.lower() for part in ("ada", "lamb")) else "linear"
    scale = job.text("lr_base_scale", "") or default
    rate: float = job.number("lr_base", 0.1) * (ratio**0.5 if scale == "sqrt" else ratio)
    job.derived["rate"] = f"{rate!r}: `lr_base` times {'the root of ' if scale == 'sqrt' else ''}{ratio:g}"
    return rate


@format_of("ultralytics", "Ultralytics args.yaml", lambda job: job.has("lr0", "lrf"))
def read_ultralytics(job: Job) -> dict[str, Schedule]:
    """Read Ultralytics' `args.yaml`: the rate, that of the biases, and the momentum, by batches."""
    if job.raw("optimizer") in (None, "auto"):
        rule = "with it ultralytics chooses the rate and the momentum, and `lr0` counts for nothing"
        job.refuse("optimizer", "auto", rule, "Write the optimizer, `lr0` and `momentum` that the run has printed.")
    if job.raw("time") is not None:
        job.refuse("time", job.raw("time"), "the number of epochs then follows from the clock", "Set `epochs`.")
    batches, epochs = job.per_epoch("the rate follows the epoch"), job.whole("epochs", 100, least=1)
    job.derive("steps", epochs * batches, f"{epochs} epochs * {batches} batches")
    run: dict[str, Any] = {"epochs": epochs, "batches": batches, "warmup_epochs": job.number("warmup_epochs", 3.0)}
    rate: dict[str, Any] = {"lr0": job.number("lr0"), "lrf": job.number("lrf"), "cos_lr": job.flag("cos_lr")}
    beta = {"momentum": job.number("momentum", 0.937), "warmup_momentum": job.number("warmup_momentum", 0.8)}
    bias = job.number("warmup_bias_lr", 0.1)
    return {
        "lr": job.make("ultralytics.lr", "lr0", **rate, **run),
        "lr[bias]": job.make("ultralytics.bias_lr", **rate, **run, warmup_bias_lr=bias),
        "momentum": job.make("ultralytics.momentum", **beta, **run),
    }


# ------------------------------------------------------------------------------------------------ mmengine, detectron2


@format_of("mmengine", "mmengine config", lambda job: job.has("param_scheduler"))
def read_mmengine(job: Job) -> dict[str, Schedule]:
    """Read `param_scheduler`, a list. Those of the momentum are read too."""
    path = "param_scheduler"
    raw = job.raw(path)
    parts = [_named(one) for one in (raw if isinstance(raw, list) else [raw])]
    job.values = {**job.values, path: parts}
    parts = [job.mapping(f"{path}.{i}") for i in range(len(job.items(path)))]
    counted = [str(part.get("type")) for part in parts if part.get("by_epoch", True)]
    each = job.per_epoch(f"`{counted[0]}` counts epochs") if counted else None
    _of_the_run(job, path, parts, each)
    _warn_of_scaling(job)
    made = {}
    for name, rate, word in (
        ("lr", "optim_wrapper.optimizer.lr", "LR"),
        ("momentum", "optim_wrapper.optimizer.momentum", "Momentum"),
    ):
        mine = [{**part, "type": str(part.get("type")).replace("Momentum", "LR")} for part in parts
                if (word == "Momentum") == str(part.get("type")).endswith("Momentum")]  # fmt: skip
        if mine:
            base = job.number(rate, known="learning_rate" if name == "lr" else "")
            made[name] = job.make(
                "mmengine.param_scheduler", path, learning_rate=base, schedulers=mine, epoch_length=each
            )
    return made


def _warn_of_scaling(job: Job) -> None:
    if job.raw("auto_scale_lr.enable") is True:
        text = "`auto_scale_lr` is on: mmengine scales the rate by the batch of all processes"
        job.warn("ignored", text, "Multiply the schedule by that factor.")


def _named(part: Any) -> Any:  # noqa: ANN401 (a part of any type: it is checked later)
    """Take the name of a class that a config has imported, as in `type=LinearLR`."""
    if isinstance(part, dict) and isinstance(part.get("type"), Unread):
        return {**part, "type": part["type"].code.rsplit(".", 1)[-1]}
    return part


def _of_the_run(job: Job, path: str, parts: list[dict[str, Any]], each: int | None) -> None:
    """Read the length of the run, and end there what has no end: mmengine's runner does so."""
    epochs = job.whole("train_cfg.max_epochs") if job.has("train_cfg.max_epochs") else None
    if job.has("train_cfg.max_iters") or "steps" in job.known:
        steps: int | None = job.total("train_cfg.max_iters")
    else:
        steps = None
        if epochs is not None and each:
            steps = job.derive("steps", epochs * each, f"{epochs} epochs * {each}")
    for place, part in enumerate(parts):
        by_epoch = part.get("by_epoch", True)
        if not isinstance(by_epoch, bool):
            job.refuse(f"{path}.{place}.by_epoch", by_epoch, "it must be True or False", "Correct it.")
        if part.get("end") is not None:
            continue
        length = epochs if by_epoch and epochs is not None else steps
        if length is not None and by_epoch and epochs is None and each:
            length = -(-length // each)
        if length is None:
            rule = "mmengine ends it with the run, whose length must be known"
            job.refuse(f"{path}.{place}.end", NOTHING, rule, "Write `train_cfg`, or pass `steps=`.")
        part["end"] = length


@format_of("mmcv", "mmcv config", lambda job: job.has("lr_config.policy"))
def read_mmcv(job: Job) -> Schedule:
    """Read `lr_config` of mmdetection 2, mmsegmentation 0 and others on mmcv 1: a curve times a warm-up."""
    place = "lr_config."
    base = job.number("optimizer.lr", known="learning_rate")
    epochs = job.first("runner.max_epochs", "total_epochs")
    in_epochs = job.flag(f"{place}by_epoch", job.text(f"{place}policy") not in ("cyclic", "OneCycle"))
    each = None
    if in_epochs or job.has(epochs) or job.flag(f"{place}warmup_by_epoch"):
        each = job.per_epoch("mmcv counts epochs")
    if job.has(epochs):
        run = job.whole(epochs, least=1)
        steps = job.derive("steps", run * (each or 1), f"{run} epochs * {each}")
    else:
        steps = job.total("runner.max_iters", "total_iters")
        run = -(-steps // (each or 1))
    _warn_of_scaling(job)
    curve = _mmcv_curve(job, place, base, run if in_epochs else steps)
    curve = curve.by_epoch(each) if in_epochs and each else curve
    job.by("mmcv 1.7", f"{place}policy")
    if not job.has(f"{place}warmup"):
        return curve
    how = job.text(f"{place}warmup", choices=["constant", "linear", "exp"])
    warmup, ratio = job.whole(f"{place}warmup_iters", least=1), job.fraction(f"{place}warmup_ratio", 0.1)
    if job.flag(f"{place}warmup_by_epoch"):
        warmup = job.derive("warm-up", warmup * (each or 1), f"{warmup} epochs * {each}")
    else:
        job.derive("warm-up", warmup, "`warmup_iters`")
    if how == "linear":
        return gp.linear(ratio, 1.0, warmup) * curve
    begin = gp.constant(ratio) if how == "constant" else job.checked(lambda: gp.exponential(ratio, 1 / ratio, warmup))
    return begin.then(gp.constant(1.0), at=warmup) * curve


def _mmcv_curve(job: Job, place: str, base: float, length: int) -> Schedule:
    """Make the curve without the warm-up, counted in its own unit."""
    policy = job.text(f"{place}policy")

    def at(name: str, default: float | None = None) -> float:
        path = f"{place}{name}"
        return job.number(path) if default is None else job.number(path, default)

    def low() -> float:
        return base * at("min_lr_ratio") if job.has(f"{place}min_lr_ratio") else at("min_lr")

    kinds: dict[str, Callable[[], Schedule]] = {
        "fixed": lambda: gp.constant(base),
        "step": lambda: _mmcv_steps(job, place, base),
        "exp": lambda: gp.exponential(base, at("gamma")),
        "poly": lambda: gp.polynomial(base, at("min_lr", 0.0), length, at("power", 1.0)),
        "inv": lambda: gp.inverse_power(base, 1 / at("gamma"), at("power", 1.0)),
        "cosineannealing": lambda: gp.cosine(base, low(), length),
        "onecycle": lambda: job.torch("OneCycleLR", f"{place}policy", base, {
            "max_lr": at("max_lr"), "total_steps": job.whole(f"{place}total_steps", length),
            **{key: job.value(f"{place}{key}") for key in _ONE_CYCLE if job.has(f"{place}{key}")},
        }),
    }  # fmt: skip
    if policy.lower() not in kinds:
        names = "fixed, step, exp, poly, inv, CosineAnnealing, OneCycle"
        job.refuse(f"{place}policy", policy, f"glidepath reads {names}", "Write the schedule as an expression.")
    return job.checked(kinds[policy.lower()])


_ONE_CYCLE = ("pct_start", "anneal_strategy", "div_factor", "final_div_factor", "three_phase")


def _mmcv_steps(job: Job, place: str, base: float) -> Schedule:
    """Multiply by `gamma` at each of the milestones, or every so many steps."""
    path, gamma = f"{place}step", job.number(f"{place}gamma", 0.1)
    if isinstance(job.raw(path), list):
        edges = job.wholes(path)
        made = gp.piecewise_constant([base * gamma**count for count in range(len(edges) + 1)], edges)
    else:
        made = gp.exponential(base, gamma, job.whole(path, least=1), stair=True)
    return made.clamp(low=job.number(f"{place}min_lr")) if job.has(f"{place}min_lr") else made


_SOLVER: tuple[str, ...] = ("BASE_LR", "MAX_ITER", "STEPS", "GAMMA", "WARMUP_FACTOR", "WARMUP_ITERS", "WARMUP_METHOD")
_SOLVER += ("RESCALE_INTERVAL", "BASE_LR_END", "NUM_DECAYS")


@format_of("detectron2", "detectron2 config", lambda job: job.has("SOLVER"))
def read_detectron2(job: Job) -> Schedule:
    """Read `SOLVER`. What stands in `_BASE_` is not read: print the whole config with `cfg.dump()`."""
    if job.has("_BASE_"):
        rule = "the values of that file are not in this one"
        job.refuse("_BASE_", job.raw("_BASE_"), rule, "Write the whole config with `cfg.dump()`.")
    world = job.whole("SOLVER.REFERENCE_WORLD_SIZE", 0)
    if world and job.known.get("world_size") not in (None, world):
        rule = f"detectron2 rescales the rate and the lengths for {job.known['world_size']} processes"
        job.refuse("SOLVER.REFERENCE_WORLD_SIZE", world, rule, "Write the config of the run with `cfg.dump()`.")
    name = job.text("SOLVER.LR_SCHEDULER_NAME", "WarmupMultiStepLR")
    takes = inspect.signature(job.entry(f"fvcore.{name}").make).parameters
    arguments: dict[str, Any] = {}
    for key in _SOLVER:
        path = f"SOLVER.{key}"
        if key in takes and job.has(path):
            arguments[key] = _solver_value(job, path)
    job.derive("steps", arguments.get("MAX_ITER", 40_000), "`SOLVER.MAX_ITER`")
    return job.make(f"fvcore.{name}", "SOLVER.LR_SCHEDULER_NAME", **arguments)


def _solver_value(job: Job, path: str) -> Any:  # noqa: ANN401 (as the dialect takes it)
    key = path.rsplit(".", 1)[-1]
    if key == "STEPS":
        raw = job.raw(path)
        if isinstance(raw, str):  # YAML has no tuples: detectron2 evaluates "(30000,)"
            words = raw.strip("()[] ").split(",")
            job.values = {
                **job.values,
                "SOLVER": {**job.mapping("SOLVER"), key: [word.strip() for word in words if word.strip()]},
            }
        return job.wholes(path)
    if key == "WARMUP_METHOD":
        return job.text(path)
    if key == "RESCALE_INTERVAL":
        return job.flag(path)
    return job.whole(path) if key in ("MAX_ITER", "WARMUP_ITERS", "NUM_DECAYS") else job.number(path)


# ----------------------------------------------------------------------------------------- PaddleOCR, PaddleDetection


@format_of("paddleocr", "PaddleOCR config", lambda job: job.has("Optimizer.lr"))
def read_paddleocr(job: Job) -> Schedule:
    """Read `Optimizer.lr`. The curve's length does not include the warm-up: the run ends before the curve does."""
    section = "Optimizer.lr."
    name = job.text(f"{section}name", "Const")
    each = job.per_epoch("PaddleOCR counts epochs")
    epochs = job.whole("Global.epoch_num", least=1)
    job.derive("steps", epochs * each, f"{epochs} epochs * {each}")
    length = job.whole(f"{section}epochs", epochs) * each
    kinds: dict[str, Callable[[], Schedule]] = {
        "Const": lambda: gp.constant(_rate(job)),
        "Linear": lambda: job.make(
            "paddle.PolynomialDecay", learning_rate=_rate(job), decay_steps=length,
            end_lr=job.number(f"{section}end_lr", 0.0), power=job.number(f"{section}power", 1.0),
        ),
        "Cosine": lambda: job.make("paddle.CosineAnnealingDecay", learning_rate=_rate(job), T_max=length),
        "Step": lambda: job.make(
            "paddle.StepDecay", learning_rate=_rate(job), step_size=job.whole(f"{section}step_size") * each,
            gamma=job.number(f"{section}gamma"),
        ),
        "Piecewise": lambda: job.make(
            "paddle.PiecewiseDecay", boundaries=[edge * each for edge in job.wholes(f"{section}decay_epochs")],
            values=job.items(f"{section}values"),
        ),
    }  # fmt: skip
    if name not in kinds:
        job.refuse(f"{section}name", name, f"it must be one of {', '.join(kinds)}", "Take one of them.")
    curve = kinds[name]()
    job.by("paddle", f"{section}name")
    warmup = round(min(job.number(f"{section}warmup_epoch", 0.0), float(LAST_STEP)) * each)
    if not warmup:
        return curve
    job.derive("warm-up", warmup, f"round(`warmup_epoch` * {each})")
    target = job.items(f"{section}values")[0] if name == "Piecewise" else _rate(job)
    return gp.linear(0.0, target, warmup) >> curve


@format_of("paddledetection", "PaddleDetection config", lambda job: job.has("LearningRate.schedulers"))
def read_paddledetection(job: Job) -> Schedule:
    """Read `LearningRate`: the decay, and a warm-up unless its `use_warmup` is false."""
    place = "LearningRate.schedulers"
    base = job.number("LearningRate.base_lr", known="learning_rate")
    each = job.per_epoch("PaddleDetection counts epochs")
    if job.has("epoch"):
        epochs = job.whole("epoch", least=1)
        job.derive("steps", epochs * each, f"{epochs} epochs * {each}")
    parts = [job.mapping(f"{place}.{i}") for i in range(len(job.items(place)))]
    warmed = bool(parts) and job.flag(f"{place}.0.use_warmup", default=True)
    warmup, first = _paddle_warmup(job, f"{place}.1.", each) if warmed else (0, 1.0)
    name = job.text(f"{place}.0.name", choices=["CosineDecay", "PiecewiseDecay"])
    job.by("PaddleDetection 2", f"{place}.0.name")
    decay = _paddle_cosine if name == "CosineDecay" else _paddle_steps
    curve = decay(job, f"{place}.0.", base, each, warmup)
    return gp.linear(base * first, base, warmup) >> curve if warmup else curve


def _paddle_cosine(job: Job, place: str, base: float, each: int, warmup: int) -> Schedule:
    """Make the cosine after the warm-up. Its length, `max_epochs`, has the warm-up in it."""
    epochs, flat = job.whole(f"{place}max_epochs", 1000, least=1), job.whole(f"{place}last_plateau_epochs", 0)
    length = (epochs - flat) * each - warmup
    if length <= 0:
        job.refuse(f"{place}max_epochs", epochs, "it must be longer than the warm-up and the plateau", "Correct it.")
    return job.checked(lambda: gp.cosine(base, base * job.number(f"{place}min_lr_ratio", 0.0), length))


def _paddle_steps(job: Job, place: str, base: float, each: int, warmup: int) -> Schedule:
    """Make the stairs after the warm-up. One `gamma` is divided by 10 at each further milestone."""
    edges = [edge * each - warmup for edge in job.wholes(f"{place}milestones")]
    if job.has(f"{place}values"):
        job.refuse(f"{place}values", job.raw(f"{place}values"), "glidepath does not read it", "Give `gamma`.")
    if edges and edges[0] <= 0:
        job.refuse(f"{place}milestones.0", edges[0] + warmup, f"the warm-up lasts {warmup} steps", "Shorten it.")
    if isinstance(job.raw(f"{place}gamma"), list):
        factors = [job.number(f"{place}gamma.{i}") for i in range(len(job.items(f"{place}gamma")))]
    else:
        factors = [job.number(f"{place}gamma") / 10**i for i in range(len(edges))]
    return job.checked(lambda: gp.piecewise_constant([base, *(base * factor for factor in factors)], edges))


def _paddle_warmup(job: Job, place: str, each: int) -> tuple[int, float]:
    """Return the length of the warm-up, and the factor with which it begins."""
    job.text(f"{place}name", choices=["LinearWarmup"])
    if job.raw(f"{place}epochs") is not None:
        epochs = job.whole(f"{place}epochs")
        length, how = epochs * each, f"{epochs} epochs * {each}"
    else:
        length, how = job.whole(f"{place}steps", 500), "`steps`"
    return job.derive("warm-up", length, how), job.number(f"{place}start_factor", 1 / 3)


def _rate(job: Job) -> float:
    return job.number("Optimizer.lr.learning_rate", known="learning_rate")


# ------------------------------------------------------------------------------------------------------------ Lightning


def _is_lightning(job: Job) -> bool:
    path = job.raw("lr_scheduler.class_path")
    return isinstance(path, str) and path.startswith("torch.")


@format_of("lightning", "Lightning command line config", _is_lightning)
def read_lightning(job: Job) -> Schedule:
    """Read a torch scheduler and its arguments. Lightning's default is a step an epoch."""
    path = job.text("lr_scheduler.class_path")
    base = job.number("optimizer.init_args.lr", known="learning_rate")
    each = job.per_epoch("Lightning steps the scheduler once an epoch")
    if job.has("trainer.max_epochs"):
        epochs = job.whole("trainer.max_epochs", least=1)
        job.derive("steps", epochs * each, f"{epochs} epochs * {each}")
    arguments = job.mapping("lr_scheduler.init_args", {})
    name = path.rsplit(".", 1)[-1]
    text = "Lightning steps this scheduler once an epoch, unless the program says `interval: step`"
    job.warn("unit", text, "Check the program.")
    return job.torch(name, "lr_scheduler.class_path", base, arguments).by_epoch(each)
