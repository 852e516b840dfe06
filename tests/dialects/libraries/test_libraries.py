"""glidepath.dialects: the libraries' own values, the page that lists them, and the messages."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import glidepath as gp
from dialect_arguments import MORE, arguments
from glidepath import dialects
from glidepath.dialects import _curves, _declare, hf
from helpers import assert_same
from library_rows import BOUNDS, NOT_RUN, ROWS
from library_values import ours

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "dialects.md"
GOLDEN = json.loads((ROOT / "tests" / "golden" / "dialects.json").read_text(encoding="utf-8"))
"""What the libraries themselves gave, in the versions that the page names: a call, and their values at some steps.

Where a library computes in float64, float32 of its value must be ours, and `float32` is the SHA-256 of its values in
float32 at each of the first `steps` steps, past the end of the run too. Where it computes in float32, rounding errors
may take it away by `of_peak` of its largest value.
"""
TEXT = (Path(__file__).parent / "refusals.txt").read_text(encoding="utf-8")
REFUSALS = [tuple(pair.split("\n")) for pair in TEXT.strip().split("\n\n")]
"""A call, and the message of the error that it raises."""
ENTRIES = _declare.entries()


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: row["call"])
def test_the_values_are_those_of_the_library(row):
    steps = [int(k) for k in row["values"]]
    schedule = eval(row["call"], vars(dialects).copy())
    ours = schedule.gather(steps, dtype="float32")
    theirs = np.array(list(row["values"].values())).astype(np.float32)
    if "of_peak" in row:
        assert np.abs(ours - theirs).max() <= row["of_peak"] * theirs.max()
    else:
        assert_same(ours, theirs, row["call"], steps)
    if "float32" in row:
        values = schedule.array(row["steps"], dtype="float32") + np.float32(0.0)  # no -0.0
        assert hashlib.sha256(values.tobytes()).hexdigest().startswith(row["float32"])


def test_each_library_has_values():
    assert {row["call"].partition(".")[0] for row in GOLDEN} == set(dialects.__all__) - {"names", "schedule"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_name_has_a_docstring_with_an_example_and_stands_on_the_page(entry):
    library, _, name = entry.name.partition(".")
    section = re.search(
        rf"^## [^\n]*`{library}`.*?(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert section is not None
    assert f"`{name}" in section[0]
    doc = inspect.getdoc(entry.make) or ""
    assert ">>> " in doc if entry.is_schedule else "Not a function of the step" in doc


def test_a_schedule_by_its_name():
    assert dialects.schedule("hf.cosine", 0.1, 10, 100) == hf.cosine(0.1, 10, 100)
    assert dialects.schedule("cosine", 0.1, 10, 100, num_cycles=1) == hf.cosine(0.1, 10, 100, num_cycles=1)
    assert dialects.schedule("constant", 0.1, 10, 100) == gp.constant(0.1)
    assert dialects.schedule("hf.linear", 0.1, 10, num_training_steps=np.int64(100)) == hf.linear(0.1, 10, 100)


@pytest.mark.parametrize("name", [
    "keras.CosineDecay", "optax.warmup_cosine_decay_schedule", "timm.cosine", "megatron.cosine",
])  # fmt: skip
def test_the_same_numbers_make_the_same_curve_in_every_library(name):
    extra = {"warmup_prefix": True, "warmup_lr": 0.0} if name == "timm.cosine" else {}
    steps = 90 if name == "timm.cosine" else 100  # its prefix is not part of the run
    assert dialects.schedule(name, 0.1, 10, steps, **extra) == gp.linear(0.0, 0.1, 10) >> gp.cosine(0.1, 0.0, 90)


@pytest.mark.parametrize(
    ("arguments", "more", "error", "message"),
    [
        (("cosin",), {}, ValueError,
         "`name`: got 'cosin'; it must be the name of a schedule, such as 'hf.cosine'. Did you mean 'hf.cosine'?"),
        (("nobody.curve",), {}, ValueError,
         ("`name`: got 'nobody.curve'; it must be the name of a schedule, such as 'hf.cosine'. "
         "`glidepath.dialects.names()` lists them.")),
        ((3,), {}, ValueError,
         ("`name`: got 3; it must be the name of a schedule, such as 'hf.cosine'. "
         "`glidepath.dialects.names()` lists them.")),
        (("cosine", 0.1, None, 100), {}, ValueError,
         "`num_warmup_steps`: got nothing; `hf.cosine` needs it. Pass `num_warmup_steps`."),
        (("hf.linear", 0.1, 10), {}, ValueError,
         "`num_training_steps`: got nothing; `hf.linear` needs it. Pass `num_training_steps`."),
        (("hf.linear", None, 10, 100), {}, ValueError,
         "`learning_rate`: got nothing; `hf.linear` needs it. Pass `learning_rate`."),
        (("hf.warmup_stable_decay", 0.1, 10, 100), {}, ValueError,
         "`num_decay_steps`: got nothing; `hf.warmup_stable_decay` needs it. Pass `num_decay_steps`."),
        (("cosine", 0.1, 10, 100), {"num_cycle": 1}, TypeError,
         "`hf.cosine`: got `num_cycle`; it has no such argument. Did you mean `num_cycles`?"),
        (("linear", 0.1, 10, 100), {"gamma": 1}, TypeError,
         ("`hf.linear`: got `gamma`; it has no such argument. "
         "It takes learning_rate, num_warmup_steps, num_training_steps.")),
        (("linear", 0.1, 10.5, 100), {}, TypeError,
         "`hf.linear.num_warmup_steps`: got 10.5; it must be a whole number. Round it, or convert it with int()."),
        (("linear", 0.1, -1, 100), {}, ValueError,
         "`hf.linear.num_warmup_steps`: got -1; it must be a whole number from 0 to 2**53. Pass 0 or more."),
        (("linear", "0.1", 10, 100), {}, TypeError,
         "`hf.linear.learning_rate`: got '0.1'; it must be a finite number. Convert it with `float()`."),
        (("reduce_lr_on_plateau", 0.1), {}, ValueError,
         ("`hf.reduce_lr_on_plateau`: got a scheduler that follows a metric; it is not a function of the step. "
         "Use `glidepath.torch.ReduceLROnPlateau(optimizer)`, and `step(metric)`.")),
        (("hf.warmup_stable_decay", 0.1, 10, 100), {"num_decay_steps": 10, "decay_type": "sqrt"}, ValueError,
         ("`hf.warmup_stable_decay.decay_type`: got 'sqrt'; it must be one of 'cosine', 'linear', '1-sqrt'. "
         "Take one of them.")),
    ],
)  # fmt: skip
def test_what_is_refused(arguments, more, error, message):
    with pytest.raises(error) as caught:
        dialects.schedule(*arguments, **more)
    assert str(caught.value) == message


@pytest.mark.parametrize("pair", REFUSALS, ids=lambda pair: pair[0])
def test_what_a_library_refuses(pair):
    call, message = pair
    with pytest.raises((TypeError, ValueError)) as caught:
        eval(call, vars(dialects).copy())
    assert str(caught.value) == message


HOSTILE = (None, "x", -1, math.nan, math.inf, 0, 1e300, 2**60, [], {}, -0.5, ["a"], True)


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.is_schedule], ids=lambda entry: entry.name)
def test_a_wrong_argument_raises_an_error_that_names_it_or_makes_a_schedule(entry):
    warmup, more = arguments(entry)
    given = {"peak": 0.1, "warmup": warmup, "steps": 100, "decay": 90}
    right = {**entry.preset, **{entry.roles[role]: given[role] for role in given if role in entry.roles}, **more}
    assert isinstance(entry.make(**right), gp.Schedule)
    for parameter in inspect.signature(entry.make).parameters:
        for wrong in HOSTILE:
            try:
                assert isinstance(entry.make(**{**right, parameter: wrong})[50], float)
            except (TypeError, ValueError) as error:
                assert str(error).startswith("`"), (parameter, wrong)  # noqa: PT017 (not every argument is refused)


def test_each_extra_argument_is_of_a_name():
    assert set(MORE) <= {entry.name for entry in ENTRIES}


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.is_schedule], ids=lambda entry: entry.name)
def test_make_test_dialects_has_three_sets_of_arguments_for_each_name(entry):
    rows = ROWS.get(entry.name, [])
    assert len(rows) == (0 if entry.name in NOT_RUN else 3)
    for n, given in rows:
        assert isinstance(ours(entry, {**entry.preset, **given}), gp.Schedule)
        assert n >= 10


def test_the_bounds_and_reasons_of_make_test_dialects_are_of_names():
    known = {entry.name for entry in ENTRIES} | set(dialects.__all__)
    assert {label.removesuffix(" compiled") for label in BOUNDS} | set(NOT_RUN) | set(ROWS) <= known


def test_a_missing_argument_of_a_function():
    with pytest.raises(TypeError) as caught:
        hf.linear(0.1, 10)
    assert str(caught.value) == (
        "`hf.linear`: missing a required argument: 'num_training_steps'. "
        "It takes learning_rate, num_warmup_steps, num_training_steps."
    )


def test_names_are_those_that_are_schedules():
    assert set(dialects.names()) == {entry.name for entry in ENTRIES if entry.is_schedule}


def test_nothing_of_a_library_is_imported():
    libraries = "torch transformers diffusers deepspeed megatron timm keras optax composer mmengine fvcore paddle jax"
    code = f"import sys, glidepath.dialects; assert not set({libraries.split()!r}) & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_parts_that_begin_between_two_steps():
    half = _curves.fraction(2.5)
    joined = _curves.in_turn((lambda n: gp.linear(0.0, 5.0, n), half), (lambda n: gp.linear(5.0, 0.0, n), half))
    assert joined.array(7).tolist() == [0.0, 2.0, 4.0, 4.0, 2.0, 0.0, 0.0]
    assert _curves.in_turn((gp.constant(1.0), 0), (gp.constant(2.0), 3)) == gp.constant(2.0)
