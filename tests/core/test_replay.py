"""Replays: they have the framework's bits, for every method and in every order of steps."""

from __future__ import annotations

import copy
import importlib
import inspect
import json
import os
import pickle
import threading
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import glidepath as gp
import recurrences
from cases import CASES
from doc_examples import run_examples
from glidepath import _core
from glidepath.plot import horizon
from helpers import assert_same, drawn, interrupted_after

STEP_LR = "torch.StepLR"
LIST = {"learning_rate": 0.1, "decay_rate": 0.9, "total_step": 6, "step_per_epoch": 2, "decay_epoch": 1}
SLOW = {"base_lr": 0.1, "step_size": 1, "gamma": 1 - 1e-12}
"""A slow recurrence that never becomes constant."""
SINGLE = gp.replay("mindspore.experimental.ConstantLR", base_lr=0.1)

every_form = pytest.mark.parametrize("form", _core.REPLAYS)
rows = pytest.mark.parametrize("name", [case.name for case in CASES.values() if case.covers == "replay"])


def naive(base_lr: float, step_size: int, gamma: float, n: int) -> Any:
    """The loop itself."""
    lr, values = base_lr, []
    for k in range(n):
        if k > 0 and k % step_size == 0:
            lr = lr * gamma
        values.append(lr)
    return np.array(values)


def steplr(step_size: int = 30, gamma: float = 0.9) -> Any:
    return gp.replay(STEP_LR, base_lr=0.1, step_size=step_size, gamma=gamma)


# The same state in every way.


@pytest.mark.parametrize("step_size", [1, 3, 15, 16, 17, 600, 40_000])
def test_every_method_and_order_of_steps_gives_the_loop_s_bits(step_size: int) -> None:
    n, rng = 200_000, Random(step_size)
    want = naive(0.1, step_size, 0.9999, n)
    at = np.array([rng.randrange(n) for _ in range(3_000)])
    assert_same(steplr(step_size, 0.9999).array(n), want)
    assert_same(steplr(step_size, 0.9999).array(n, threads=3), want)
    assert_same(steplr(step_size, 0.9999).gather(at), want[at])
    assert_same(np.concatenate(list(steplr(step_size, 0.9999).chunks(n, 977))), want)
    assert_same(steplr(step_size, 0.9999)[0:n:37], want[::37])
    schedule = steplr(step_size, 0.9999)
    assert [schedule[int(k)] for k in at] == want[at].tolist()
    for start in (199_000, 5, 100_000, 99_999):
        assert_same(schedule.array(1_000, start=start), want[start : start + 1_000])
    assert_same(schedule.array(n, dtype="float32"), want.astype(np.float32))
    assert_same((schedule * 1).array(3_000, start=150_000), want[150_000:153_000], "in arithmetic")
    assert_same((schedule * 1).gather(at), want[at], "in arithmetic")


def test_a_jump_of_millions_is_the_loop() -> None:
    n = 3_000_000
    want = naive(0.1, 1, 1 - 1e-7, n)
    schedule = steplr(1, 1 - 1e-7)
    assert schedule[n - 1] == want[-1]
    assert [schedule[k] for k in range(0, n, 999_983)] == want[::999_983].tolist()


@rows
def test_values_are_the_naive_twin_s(name: str) -> None:
    for seed in range(40):
        schedule, expr = drawn(CASES[name], seed)
        form, parameters = expr.params["form"], expr.params["parameters"]
        values = schedule.array(300)
        assert values.tolist() == [recurrences.value(form, parameters, k) for k in range(300)]
        assert schedule.steps == recurrences.steps(form, parameters)


@pytest.mark.parametrize("form", recurrences.EXPERIMENTAL)
def test_recurrences_in_float32_are_the_naive_twin_s(form: str) -> None:
    rng = Random(form)
    for _ in range(10):
        parameters = some_experimental(form, rng)
        values = gp.replay(form, **parameters).array(120)
        want = [recurrences.value(form, parameters, k) for k in range(120)]
        assert_same(values, np.array(want), (form, parameters))


def some_experimental(form: str, rng: Random) -> dict[str, Any]:
    base, n = rng.choice((0.1, 0.05, rng.uniform(1e-4, 1.0))), rng.randint(1, 40)
    gamma, part, end = rng.choice((0.1, 0.5, 0.99)), rng.uniform(0.05, 1.0), rng.choice((0.0, 1e-3))
    given: dict[str, dict[str, Any]] = {
        "StepLR": {"step_size": n, "gamma": gamma},
        "LinearLR": {"start_factor": part, "end_factor": rng.random(), "total_iters": n},
        "ExponentialLR": {"gamma": gamma},
        "PolynomialLR": {"total_iters": n, "power": rng.choice((0.5, 1.0, 2.0))},
        "MultiStepLR": {"milestones": [rng.randint(0, 100) for _ in range(5)], "gamma": gamma},
        "ConstantLR": {"factor": part, "total_iters": n},
        "CosineAnnealingLR": {"T_max": n, "eta_min": end},
        "CosineAnnealingWarmRestarts": {"T_0": n, "T_mult": rng.randint(1, 3), "eta_min": end},
        "CyclicLR": {
            "max_lr": 2 * base, "step_size_up": float(n), "step_size_down": rng.choice((None, 7.5)), "gamma": 0.97,
            "mode": rng.choice(("triangular", "triangular2", "exp_range")),
        },
        "OneCycleLR": {
            "total_steps": 2 * n + 3, "pct_start": rng.uniform(0, 0.5), "three_phase": rng.random() < 0.5,
            "anneal_strategy": rng.choice(("cos", "linear")),
        },
    }  # fmt: skip
    name = form.rpartition(".")[2]
    if name in {"SequentialLR", "ChainedScheduler"}:
        return some_composite(name, rng)
    return {"max_lr" if name == "OneCycleLR" else "base_lr": base, **given[name]}


def some_composite(name: str, rng: Random) -> dict[str, Any]:
    forms = list(recurrences.EXPERIMENTAL)
    if rng.random() < 0.7:
        forms = [form for form in forms if form.endswith("LR") and "Sequential" not in form]
    parts = []
    for _ in range(rng.randint(1, 3)):
        form = rng.choice(forms)
        parts.append(gp.replay(form, **some_experimental(form, rng)))
    given: dict[str, Any] = {"schedulers": parts, "initial_lr": rng.choice((None, 0.3))}
    if name == "SequentialLR":
        given["milestones"] = sorted(rng.randint(-1, 60) for _ in parts[1:])
    return given


def test_threads_that_ask_at_once_get_the_same() -> None:
    want = naive(0.1, 1, 0.99999, 60_000)
    schedule, wrong = steplr(1, 0.99999), []

    def ask(seed: int) -> None:
        rng = Random(seed)
        wrong.extend(k for k in (rng.randrange(60_000) for _ in range(3_000)) if schedule[k] != want[k])

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Python 3.12 on: a fork while threads run
def test_a_fork_while_another_thread_walks() -> None:
    schedule = gp.replay(STEP_LR, **SLOW)
    done = threading.Event()

    def walk() -> None:
        k = 0
        while not done.is_set():
            k += 10_000
            schedule.at(k)

    thread = threading.Thread(target=walk)
    thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                os._exit(0 if schedule.at(1_000) > 0.0 else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("ask", [
    lambda s: s.at(2**53), lambda s: s[2**53], lambda s: s(2**53), lambda s: s.array(5, start=2**50),
    lambda s: s.gather([2**53]), lambda s: (s + 1).hold(7).at(2**53), lambda s: s[0 : 2**53 : 2**40],
    lambda s: (s * gp.cosine(1, 0, 10**9)).array(3, start=2**52), lambda s: gp.constant(1).then(s, at=3).at(2**53),
])  # fmt: skip
def test_control_c_ends_a_long_walk(ask: Any) -> None:
    schedule = gp.replay(STEP_LR, **SLOW)
    with interrupted_after(0.3):
        ask(schedule)
    assert schedule[1] == 0.1 * (1 - 1e-12), "all is well afterwards"


# A replay works as any other leaf.


def test_it_composes() -> None:
    s = steplr(2, 0.5)
    assert s.array(6).tolist() == [0.1, 0.1, 0.05, 0.05, 0.025, 0.025]
    assert s.then(s, at=3).array(6).tolist() == [0.1, 0.1, 0.05, 0.1, 0.1, 0.05]
    assert (s + s).array(3).tolist() == [0.2, 0.2, 0.1]
    assert (s / 3)[2] == 0.05 / 3
    assert s.clamp(low=0.04).array(5).tolist() == [0.1, 0.1, 0.05, 0.05, 0.04]
    assert s.hold(3).array(5).tolist() == [0.1, 0.1, 0.1, 0.05, 0.05]
    assert s.by_epoch(2).array(6).tolist() == [0.1, 0.1, 0.1, 0.1, 0.05, 0.05]
    assert s.delay(1).array(4).tolist() == [0.1, 0.1, 0.1, 0.05]
    assert gp.replay("mindspore.exponential_decay_lr", **LIST).repeat(2).steps == 12


def test_past_its_end_a_list_holds_its_last_value() -> None:
    s = gp.replay("mindspore.exponential_decay_lr", **LIST)
    assert (s.steps, len(s), s[5], s[6], s[2**53]) == (6, 6, 0.08100000000000002, 0.08100000000000002, s[5])


def test_it_prints_compares_hashes_pickles_and_copies() -> None:
    s = steplr(30, 0.1)
    assert repr(s) == 'gp.replay("torch.StepLR", base_lr=0.1, step_size=30)', "what is as by default is left out"
    assert eval(repr(s)) == s
    assert pickle.loads(pickle.dumps(s)) == s
    assert copy.deepcopy(s) is s
    assert hash(steplr(30, 0.1)) == hash(s)
    assert steplr(30, 0.1) == s
    assert steplr(31, 0.1) != s
    assert s != gp.constant(0.1)


def test_every_bit_of_a_parameter_is_kept() -> None:
    s = gp.replay(STEP_LR, base_lr=-0.0, step_size=3)
    assert np.signbit(s[0])
    assert repr(s) == 'gp.replay("torch.StepLR", base_lr=-0.0, step_size=3)'
    assert gp.Schedule.from_json(s.to_json()) == s
    assert s != gp.replay(STEP_LR, base_lr=0.0, step_size=3)
    assert np.signbit(gp.Schedule.from_json(s.to_json())[5])


def test_the_text() -> None:
    s = steplr(30, 0.1)
    text = '{"glidepath":1,"schedule":{"kind":"torch.StepLR","base_lr":0.1,"step_size":30,"gamma":0.1}}'
    assert s.to_json() == text
    assert gp.Schedule.from_json(text) == s


def test_it_is_drawn_without_being_walked_to_its_end() -> None:
    slow = gp.replay(STEP_LR, **SLOW)
    assert slow._repr_svg_().startswith("<svg")
    assert (slow + gp.constant(1.0)).hold(2)._repr_svg_().startswith("<svg")
    assert horizon(steplr(30)) == 120
    assert horizon(gp.replay("mindspore.exponential_decay_lr", **LIST)) == 6


def test_past_the_largest_double_it_is_infinite_and_arithmetic_is_floating_point_s() -> None:
    s = steplr(1, 2.0)
    assert s[2_000] == (s + 1)[2_000] == (s * 2)[2_000] == np.inf
    assert (s + gp.linear(0, 1, 10)).array(3, start=1_500).tolist() == [np.inf] * 3
    assert np.isnan((s - s)[2_000])
    assert s.clamp(high=5.0)[2_000] == 5.0


# What is refused.


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: gp.replay("torch.SteplR"), ValueError,
     ("`replay.kind`: got 'torch.SteplR'; it must be the name of a replay, such as \"torch.StepLR\". Did you mean "
      "`torch.StepLR`?")),
    (lambda: gp.replay("StepLR"), ValueError,
     ("`replay.kind`: got 'StepLR'; it must be the name of a replay, such as \"torch.StepLR\". Did you mean "
      "`torch.StepLR` or `mindspore.experimental.StepLR`?")),
    (lambda: gp.replay("sawtooth"), ValueError,
     ("`replay.kind`: got 'sawtooth'; it must be the name of a replay, such as \"torch.StepLR\". `docs/replays.md` "
      "lists the replays.")),
    (lambda: gp.replay(STEP_LR, base_lr=0.1, stepsize=2), TypeError,
     ("`torch.StepLR`: got the parameter `stepsize`; its parameters are base_lr, step_size, gamma. Did you mean "
      "`step_size`?")),
    (lambda: gp.replay(3), TypeError, '`replay.kind`: got 3; it must be a string. For instance "torch.StepLR".'),
    (lambda: gp.replay(STEP_LR, base_lr=0.1), TypeError, "`torch.StepLR.step_size`: got nothing; it must be given."),
    (lambda: gp.replay(STEP_LR, base_lr=0.1, step_size=2, mu=3), TypeError,
     "`torch.StepLR`: got the parameter `mu`; its parameters are base_lr, step_size, gamma."),
    (lambda: gp.replay(STEP_LR, base_lr="x", step_size=2), TypeError,
     "`torch.StepLR.base_lr`: got 'x'; it must be a finite number. Convert it with `float()`."),
    (lambda: gp.replay(STEP_LR, base_lr=float("nan"), step_size=2), ValueError,
     "`torch.StepLR.base_lr`: got nan; it must be a finite number. Check the computation that gave nan."),
    (lambda: gp.replay(STEP_LR, base_lr=0.1, step_size=0), ValueError, "`torch.StepLR.step_size`: got 0; it must be a"),
    (lambda: gp.replay("mindspore.experimental.ChainedScheduler", schedulers=[steplr()]), ValueError,
     ("`mindspore.experimental.ChainedScheduler.schedulers[0]`: got a replay of torch.StepLR; it must be one of "
     "MindSpore's experimental schedulers. Join other schedules with `then`.")),
    (lambda: gp.replay("mindspore.experimental.SequentialLR", schedulers=[SINGLE, SINGLE], milestones=[]), ValueError,
     ("`mindspore.experimental.SequentialLR.milestones`: got 0 of them; there must be one fewer than schedulers, which "
     "are 2. Each says where the next scheduler takes over.")),
    (lambda: gp.replay("mindspore.experimental.SequentialLR", schedulers=[SINGLE] * 3, milestones=[3, 1]), ValueError,
     "`mindspore.experimental.SequentialLR.milestones`: got [3, 1]; they must be in order. Sort them."),
    (lambda: gp.replay("torch.ChainedScheduler", schedulers=[3]), TypeError,
     "`torch.ChainedScheduler.schedulers[0]`: got 3; it must be a replay. Make it with `gp.replay(...)`."),
    (lambda: gp.replay("mindspore.exponential_decay_lr", **LIST | {"decay_rate": 2.0, "total_step": 10_000}),
     OverflowError, "`mindspore.exponential_decay_lr.decay_rate`: got 2.0 with a power past the largest double at"),
    (lambda: gp.Schedule.from_json(steplr().to_json().replace("30", "-3")), ValueError,
     "`$.schedule.step_size`: got -3; it must be a whole number of steps"),
    (lambda: gp.Schedule.from_json(steplr().to_json().replace('"gamma"', '"gama"')), ValueError,
     ('`$.schedule`: got the key "gama"; beside its kind `torch.StepLR` has the keys base_lr, step_size, gamma. '
      "Did you mean `gamma`?")),
])  # fmt: skip
def test_refusals_say_what_is_wrong(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value).startswith(message), caught.value


# The frameworks' own defaults.

OURS = {"base_lr", "initial_lr", "scale"}
"""Parameters for values that a scheduler reads from its optimizer or computes."""
NOT_REPLAYED = {
    "optimizer", "last_epoch", "verbose", "epochs", "steps_per_epoch", "scale_fn", "scale_mode", "cycle_momentum",
    "base_momentum", "max_momentum",
}  # fmt: skip
"""Parameters of the frameworks that no replay has."""
LENGTH = inspect.Parameter("total_steps", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
"""In OneCycleLR None means `epochs * steps_per_epoch`. A replay does not accept None."""


def framework_s(form: str) -> Any:
    """The class or function that a replay repeats; torch's class if MindSpore has none of that name."""
    family, _, name = form.rpartition(".")
    if family == "torch" or name in {"OneCycleLR", "ChainedScheduler"}:
        pytest.importorskip("torch")
        module = "torch.optim.swa_utils" if name == "SWALR" else "torch.optim.lr_scheduler"
    else:
        pytest.importorskip("mindspore")
        module = "mindspore.experimental.optim.lr_scheduler" if "experimental" in family else "mindspore.nn"
    return getattr(importlib.import_module(module), name)


@every_form
def test_a_replay_has_the_framework_s_parameters_and_defaults(form: str) -> None:
    theirs = inspect.signature(framework_s(form)).parameters
    definition = json.loads(gp.schema())["$defs"][form]
    own = {name: given for name, given in definition["properties"].items() if name not in {"kind", *OURS}}
    assert own.keys() == theirs.keys() - {*NOT_REPLAYED, *OURS}
    for name, given in own.items():
        if theirs[name].replace(annotation=inspect.Parameter.empty) == LENGTH:
            continue
        is_required = name in definition["required"]
        assert is_required == (theirs[name].default is inspect.Parameter.empty), name
        assert is_required or given["default"] == theirs[name].default, name


def test_a_fall_lasts_as_long_as_a_rise_by_default() -> None:
    for family in ("torch", "mindspore.experimental"):
        cyclic = gp.replay(f"{family}.CyclicLR", base_lr=0.0, max_lr=1.0, step_size_up=100)
        assert (cyclic[100], cyclic[150], cyclic[200]) == (1.0, 0.5, 0.0)
        assert cyclic == gp.replay(f"{family}.CyclicLR", base_lr=0.0, max_lr=1.0, step_size_up=100, step_size_down=None)


# The docstrings of the replays.


@every_form
def test_the_examples_of_a_replay_s_docstring_run(form: str) -> None:
    doc = _core.REPLAYS[form]
    assert f'gp.replay("{form}"' in doc
    assert "Source: " in doc
    run_examples(doc, {"gp": gp, "np": np}, form)


@every_form
def test_a_replay_is_in_the_documents_and_the_schema(form: str) -> None:
    value = _core.REPLAYS[form].strip().split("\n\n")[0].replace("\n", " ")
    page = (Path(__file__).parents[2] / "docs" / "replays.md").read_text(encoding="utf-8")
    assert f"| `{form}` | {value} |" in page
    assert json.loads(gp.schema())["$defs"][form]["properties"]["kind"] == {"const": form}


@every_form
def test_a_replay_has_a_naive_twin(form: str) -> None:
    assert form in recurrences.FORMS
