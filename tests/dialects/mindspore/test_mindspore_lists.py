"""The list functions equal MindSpore's in every bit. Without MindSpore, they are compared with its stored results."""

from __future__ import annotations

import gc
import inspect
import json
import math
import pickle
import re
import signal
import subprocess
import sys
from importlib.util import find_spec
from random import Random
from typing import Any

import numpy as np
import pytest

import glidepath as gp
import glidepath.mindspore as gms
from glidepath.mindspore import dynamic_lr, nn
from helpers import assert_same
from mindspore_lists import FUNCTIONS, GOLDEN, arguments, digest, kept, outcome

SETS = 3_000
"""The number of random argument sets for each function."""
CHEAP = {"total_step": 6, "step_per_epoch": 2, "decay_epoch": 2}
GOOD: dict[str, dict[str, Any]] = {
    "piecewise_constant_lr": {"milestone": [2, 5, 10], "learning_rates": [0.1, 0.05, 0.01]},
    "exponential_decay_lr": {"learning_rate": 0.1, "decay_rate": 0.9, **CHEAP},
    "natural_exp_decay_lr": {"learning_rate": 0.1, "decay_rate": 0.9, **CHEAP},
    "inverse_decay_lr": {"learning_rate": 0.1, "decay_rate": 0.5, **CHEAP},
    "cosine_decay_lr": {"min_lr": 0.01, "max_lr": 0.1, **CHEAP},
    "polynomial_decay_lr": {"learning_rate": 0.1, "end_learning_rate": 0.01, **CHEAP, "power": 0.5},
    "warmup_lr": {"learning_rate": 0.1, "total_step": 6, "step_per_epoch": 2, "warmup_epoch": 2},
}
BAD = (
    0,
    -1,
    1,
    2.0,
    0.0,
    -0.5,
    math.nan,
    math.inf,
    True,
    "1",
    None,
    [1],
    np.int64(2),
    np.float32(0.5),
    np.float64(0.5),
)
BAD_LISTS = ([], [1], [3, 2], [1, 2, "3"], [0, 1, 2], [1.0, 2.0, 3.0], [0.1, 0.2, math.nan], (1, 2, 3), [1, 1, 2],
             [True, 2, 3], [0.1, 0.2, 1], "abc", None, {1: 2}, np.array([1, 2, 3]))  # fmt: skip

needs_mindspore = pytest.mark.skipif(find_spec("mindspore") is None, reason="needs MindSpore")
every_function = pytest.mark.parametrize("name", FUNCTIONS)


@pytest.fixture(scope="module")
def theirs() -> Any:
    return pytest.importorskip("mindspore.nn")


@needs_mindspore
@every_function
def test_every_bit_is_mindspore_s(name: str, theirs: Any) -> None:
    compared = 0
    for seed in range(SETS):
        given = arguments(name, Random(f"{name} {seed}"))
        want, got = outcome(getattr(theirs, name), given), outcome(getattr(nn, name), given)
        if isinstance(want, str):
            assert got == want == "OverflowError", (name, given)
            continue
        compared += len(want)
        assert not isinstance(got, str), (name, given, got)
        assert_same(np.array(got), np.array(want), (name, given))
    assert compared > SETS * 500, "mostly values, not refusals"


@every_function
def test_golden_values(name: str) -> None:
    sets = [one for one in json.loads(GOLDEN.read_text(encoding="utf-8"))["sets"] if one["function"] == name]
    assert len(sets) >= 50
    for one in sets:
        assert kept(outcome(getattr(nn, name), one["given"])) == one["gives"], one
    assert any(isinstance(one["gives"], list) and isinstance(one["gives"][0], float) for one in sets)


@needs_mindspore
@every_function
def test_what_is_refused_is_refused_alike(name: str, theirs: Any) -> None:
    for key in GOOD[name]:
        for bad in BAD_LISTS if isinstance(GOOD[name][key], list) else BAD:
            given = GOOD[name] | {key: bad}
            want, got = outcome(getattr(theirs, name), given), outcome(getattr(nn, name), given)
            assert (got if isinstance(got, str) else np.array(got).tobytes()) == (
                want if isinstance(want, str) else np.array(want).tobytes()
            ), (name, key, bad, want, got)


@needs_mindspore
@every_function
def test_names_order_and_defaults_are_mindspore_s(name: str, theirs: Any) -> None:
    def parameters(function: Any) -> list[tuple[str, Any]]:
        found = inspect.signature(function).parameters.values()
        return [(p.name, p.default) for p in found if p.kind is p.POSITIONAL_OR_KEYWORD]

    assert parameters(getattr(nn, name)) == parameters(getattr(theirs, name))


DECAYS = ("exponential_decay_lr", "natural_exp_decay_lr", "inverse_decay_lr")
REFUSALS = [
    ("warmup_lr", {"learning_rate": 1}, TypeError,
     "`warmup_lr.learning_rate`: got 1; it must be a float. Convert it with `float()`."),
    ("warmup_lr", {"learning_rate": -0.1}, ValueError,
     "`warmup_lr.learning_rate`: got -0.1; it must be a float, 0.0 or above. Turn its sign."),
    ("warmup_lr", {"total_step": 2.5}, TypeError,
     "`warmup_lr.total_step`: got 2.5; it must be an int. Convert it with `int()`."),
    ("warmup_lr", {"total_step": np.int64(6)}, TypeError,
     "`warmup_lr.total_step`: got np.int64(6); it must be an int. Convert it with `int()`."),
    ("warmup_lr", {"learning_rate": np.float32(0.5)}, TypeError,
     "`warmup_lr.learning_rate`: got np.float32(0.5); it must be a float. Convert it with `float()`."),
    ("exponential_decay_lr", {"is_stair": np.True_}, TypeError,
     "`exponential_decay_lr.is_stair`: got np.True_; it must be True or False. Convert it with `bool()`."),
    ("piecewise_constant_lr", {"milestone": [2, np.int64(5), 10]}, TypeError,
     "`piecewise_constant_lr.milestone[1]`: got np.int64(5); it must be an int. Convert it with `int()`."),
    ("warmup_lr", {"dtype": "float16"}, ValueError,
     "`warmup_lr.dtype`: got 'float16'; it must be \"float64\" or \"float32\". Convert the result."),
    ("warmup_lr", {"out": np.empty(6, np.float16)}, TypeError,
     ("`warmup_lr.out`: got an array of dtype float16; it must be of native float64 or float32. Make one with `array`, "
      "and convert that.")),
    ("warmup_lr", {"out": [0.0] * 6}, TypeError,
     ("`warmup_lr.out`: got an object of type list; it must be a numpy array. Of a tensor on the CPU take `.numpy()`, "
      "of a buffer `np.frombuffer`.")),
    ("warmup_lr", {"total_step": 10**400}, ValueError,
     ("`warmup_lr.total_step`: got 1" + "0" * 59 + "...; it must be an int from 1 to 2**53. Take a "
      "smaller number.")),
    ("warmup_lr", {"warmup_epoch": 0}, ValueError,
     "`warmup_lr.warmup_epoch`: got 0; it must be an int from 1 to 2**53. Counts start at 1."),
    ("warmup_lr", {"step_per_epoch": 2**53 + 1}, ValueError, ("`warmup_lr.step_per_epoch`: got 9007199254740993; it "
     "must be an int from 1 to 2**53. Take a smaller number.")),
    ("exponential_decay_lr", {"is_stair": 1}, TypeError,
     "`exponential_decay_lr.is_stair`: got 1; it must be True or False. Convert it with `bool()`."),
    ("exponential_decay_lr", {"decay_rate": 0.0}, ValueError,
     ("`exponential_decay_lr.decay_rate`: got 0.0; it must be a float above 0. For no change at all take a constant.")),
    ("exponential_decay_lr", {"decay_rate": 1e200, "decay_epoch": 1}, OverflowError,
     ("`mindspore.exponential_decay_lr.decay_rate`: got 1e+200 with a power past the largest double at step 4; "
     "`decay_rate ** x` must be a double for every step. Take fewer steps, or a smaller rate.")),
    ("cosine_decay_lr", {"min_lr": 0.1}, ValueError,
     "`mindspore.cosine_decay_lr.min_lr`: got 0.1 with max_lr 0.1; it must be below `max_lr`. Swap them."),
    ("piecewise_constant_lr", {"milestone": [2, 1, 3]}, ValueError,
     ("`mindspore.piecewise_constant_lr.milestone[1]`: got 1; it must be a whole number from 2 to 2**53, none below "
     "the one before. Sort them.")),
    ("piecewise_constant_lr", {"milestone": {2}}, TypeError,
     ("`piecewise_constant_lr.milestone`: got an object of type set; it must be a list or a tuple. Convert it with "
     "`list()`.")),
    ("piecewise_constant_lr", {"milestone": []}, ValueError,
     ("`piecewise_constant_lr.milestone`: got 0 for 3 learning rates; there must be as many. A milestone is where its "
     "learning rate ends.")),
    ("piecewise_constant_lr", {"milestone": [], "learning_rates": []}, ValueError,
     "`mindspore.piecewise_constant_lr.milestone`: got []; there must be one at least. No steps are no schedule."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "error", "message"), REFUSALS)
def test_refusals_say_what_is_wrong(name: str, change: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        getattr(nn, name)(**GOOD[name] | change)
    assert str(caught.value) == message


@pytest.mark.parametrize("per_epoch", [1, 7])
@pytest.mark.parametrize("rate", [1.001, 2.0, 1e200])
def test_an_overflow_is_named_by_its_first_step(rate: float, per_epoch: int) -> None:
    lengths = {"step_per_epoch": per_epoch, "decay_epoch": 1}
    with pytest.raises(OverflowError, match="past the largest double at step ") as caught:
        nn.exponential_decay_lr(0.1, rate, 10**9, **lengths)
    first = int(re.search(r"at step (\d+)", str(caught.value))[1])  # type: ignore[index]
    assert all(math.isfinite(value) for value in nn.exponential_decay_lr(0.1, rate, first, **lengths, dtype="float64"))
    with pytest.raises(OverflowError):
        nn.exponential_decay_lr(0.1, rate, first + 1, **lengths)
    with pytest.raises(OverflowError):
        rate ** (first // per_epoch)


# The pages of MindSpore's documentation, as printed.


def test_the_pages_values_are_printed() -> None:
    assert nn.piecewise_constant_lr([2, 5, 10], [0.1, 0.05, 0.01]) == [0.1] * 2 + [0.05] * 3 + [0.01] * 5
    assert nn.dynamic_lr.piecewise_constant_lr([2, 5, 10], [0.1, 0.05, 0.01])[4] == 0.05
    learning_rate, decay_rate, total_step, step_per_epoch, decay_epoch = 0.1, 0.9, 6, 2, 1
    output = nn.exponential_decay_lr(learning_rate, decay_rate, total_step, step_per_epoch, decay_epoch)
    assert str(output) == (
        "[0.1, 0.1, 0.09000000000000001, 0.09000000000000001, 0.08100000000000002, 0.08100000000000002]"
    )
    output = nn.cosine_decay_lr(0.01, 0.1, 6, 2, 2)
    assert str(output) == "[0.1, 0.1, 0.05500000000000001, 0.05500000000000001, 0.01, 0.01]"


# Arrays and schedules.


@every_function
def test_an_array_has_the_list_s_values(name: str) -> None:
    values = getattr(nn, name)(**GOOD[name])
    assert all(type(value) is float for value in values)
    assert_same(getattr(nn, name)(**GOOD[name], dtype="float64"), np.array(values))
    assert_same(getattr(nn, name)(**GOOD[name], dtype=np.float32), np.array(values, dtype=np.float32))
    out = np.empty(len(values))
    assert getattr(nn, name)(**GOOD[name], out=out) is out
    assert_same(out, np.array(values))
    assert_same(getattr(nn, name)(*GOOD[name].values(), out=np.empty(len(values), np.float32)), np.float32(values))


@every_function
def test_the_schedule_behind_it(name: str) -> None:
    schedule = getattr(nn, name).schedule(**GOOD[name])
    assert schedule == gp.replay(f"mindspore.{name}", **GOOD[name])
    assert schedule == eval(repr(schedule)) == gp.Schedule.from_json(schedule.to_json())
    assert list(schedule) == getattr(nn, name)(**GOOD[name])


def test_an_output_must_fit() -> None:
    with pytest.raises(ValueError, match=re.escape("`warmup_lr.out`: got an array of shape (5,); it must have one")):
        nn.warmup_lr(**GOOD["warmup_lr"], out=np.empty(5))
    with pytest.raises(TypeError, match=re.escape("`warmup_lr.dtype`: got 'float32' and an `out`")):
        nn.warmup_lr(**GOOD["warmup_lr"], out=np.empty(6), dtype="float32")
    with pytest.raises(
        TypeError, match=re.escape("`warmup_lr.out`: got an object of type list; it must be a numpy array.")
    ):
        nn.warmup_lr(**GOOD["warmup_lr"], out=[0.0] * 6)
    with pytest.raises(ValueError, match="dtype"):
        nn.warmup_lr(**GOOD["warmup_lr"], dtype="int32")


@every_function
def test_it_is_one_function_wherever_it_is_imported_from(name: str) -> None:
    function = getattr(gms, name)
    assert function is getattr(nn, name) is getattr(nn.dynamic_lr, name) is getattr(dynamic_lr, name)
    assert pickle.loads(pickle.dumps(function)) is function
    assert pickle.loads(pickle.dumps(function.schedule)) is function.schedule
    assert function.__name__ == name


def test_mindspore_is_not_imported() -> None:
    code = (
        "import sys\nfrom glidepath.mindspore import nn\nfrom glidepath.mindspore.nn.dynamic_lr import warmup_lr\n"
        "warmup_lr(0.1, 6, 2, 2)\nassert 'mindspore' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_digest_tells_bits_apart() -> None:
    assert digest([0.0, 1.0]) != digest([-0.0, 1.0])


def test_a_list_longer_than_memory() -> None:
    with pytest.raises(MemoryError):
        dynamic_lr.piecewise_constant_lr([2**52], [0.1])


def test_a_list_is_one_like_any_other() -> None:
    """Every reference is counted, and the collector knows the list."""
    n = 10_000
    values = dynamic_lr.piecewise_constant_lr([n - 2, n - 1, n], [0.1, 0.2, 0.1])
    assert gc.is_tracked(values)
    objects = [values[0], values[-2], values[-1]]
    times = [sum(value is one for value in values) for one in objects]
    assert times == [n - 2, 1, 1]
    before = list(map(sys.getrefcount, objects))
    del values
    assert [was - now for was, now in zip(before, map(sys.getrefcount, objects), strict=True)] == times


def test_an_unfinished_list_is_not_visible() -> None:
    """A signal's handler runs while the list is being made."""
    lengths = []

    def look(*_: object) -> None:
        lengths.extend(len(seen) for seen in gc.get_objects() if type(seen) is list and len(seen) == n)
        raise KeyboardInterrupt

    n = 100_000_007
    before = signal.signal(signal.SIGALRM, look)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            dynamic_lr.exponential_decay_lr(0.1, 0.9999999, n, 1, 1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not lengths


def test_a_long_list_is_whole() -> None:
    n = 2**24 + 3
    values = dynamic_lr.piecewise_constant_lr([n - 2, n], [0.1, 0.2])
    assert (len(values), values.count(0.1), values[-2:]) == (n, n - 2, [0.2, 0.2])
