"""gp.read: the config files of 30 kinds, what they leave open, mutated ones, and what is never executed."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import glidepath as gp
from config_cases import CASES
from glidepath import configs
from glidepath._logs import read_log
from glidepath._specs import load, side
from glidepath.dialects import axolotl, hf

FOLDER = Path(__file__).parents[2] / "examples" / "configs"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_a_file_has_the_values_of_the_library(case):
    reading = gp.read(FOLDER / case.file, **case.known)
    want = np.array([case.rate(step) for step in case.at])
    got = reading.schedule.gather(case.at)
    np.testing.assert_array_equal(got.astype("float32"), want.astype("float32"))
    assert (reading.kind, reading.steps) == (case.kind, case.steps)
    assert case.derived.items() <= reading.derived.items()
    assert [one.code for one in reading.warnings] == [case.warns] * bool(case.warns)


def test_each_kind_has_a_file():
    assert {case.kind for case in CASES} == configs.kinds().keys()
    bases = {"schedule_1x_base.py"}  # which another file includes
    assert {case.file for case in CASES} | bases == {path.name for path in FOLDER.iterdir()}


# What a file leaves open.


ARGUMENTS = {"learning_rate": 0.1, "lr_scheduler_type": "linear", "warmup_steps": 10}


@pytest.mark.parametrize(
    ("source", "known", "message"),
    [
        (ARGUMENTS, {},
         ("`steps_per_epoch`: got nothing; `num_train_epochs` counts epochs. "
         "Pass `steps_per_epoch=` to `read`, or `--steps-per-epoch N` to the command.")),
        ({**ARGUMENTS, "max_steps": 100}, {"steps": 99},
         "`steps`: got 99; the file says 100, under `max_steps`. Leave `steps` out, or change the file."),
        ({**ARGUMENTS, "max_steps": 100}, {"learning_rate": 0.2},
         ("`learning_rate`: got 0.2; the file says 0.1, under `learning_rate`. "
         "Leave `learning_rate` out, or change the file.")),
        ({**ARGUMENTS, "max_steps": "auto"}, {},
         ("`steps_per_epoch`: got nothing; `num_train_epochs` counts epochs. "
         "Pass `steps_per_epoch=` to `read`, or `--steps-per-epoch N` to the command.")),
        ({**ARGUMENTS, "max_steps": 100, "learning_rate": "${lr}"}, {},
         ("`learning_rate`: got '${lr}'; the base or peak rate must be known. "
         "Pass `learning_rate=` to `read`, or `--set learning_rate=` to the command.")),
        ({**ARGUMENTS, "max_steps": 100, "lr_scheduler_type": "cosin"}, {},
         ("`lr_scheduler_type`: got 'cosin'; it must be one of linear, cosine, cosine_with_restarts, polynomial, "
         "constant, constant_with_warmup, inverse_sqrt, reduce_lr_on_plateau, cosine_with_min_lr, "
         "cosine_warmup_with_min_lr, warmup_stable_decay, greedy. Take one of them.")),
        ({**ARGUMENTS, "max_steps": 100, "lr_scheduler_type": "reduce_lr_on_plateau"}, {},
         ("`hf.reduce_lr_on_plateau`: got a scheduler that follows a metric; it is not a function of the step. "
         "Use `glidepath.torch.ReduceLROnPlateau(optimizer)`, and `step(metric)`.")),
        ({**ARGUMENTS, "max_steps": 100, "warmup_steps": "ten"}, {},
         "`warmup_steps`: got 'ten'; it must be a number. Correct it."),
        ({**ARGUMENTS, "max_steps": 100, "warmup_steps": 0, "warmup_ratio": 3}, {},
         "`warmup_ratio`: got 3; it must be from 0 to 1. Correct it."),
        ({**ARGUMENTS, "max_steps": 100, "deepspeed": "none.json"}, {},
         ("`deepspeed`: got 'none.json'; the file is not there, and a `scheduler` in it would override "
         "`lr_scheduler_type`. Put the file there, or pass its path or content as `deepspeed=`.")),
        ({"zero_optimization": {}}, {},
         ("`scheduler`: got nothing; without it the schedule is the trainer's (in HF, `lr_scheduler_type`). "
         "Read the trainer's file, with `deepspeed=` for this one.")),
        ({"log_history": [{"step": 1, "learning_rate": 0.1}], "max_steps": 9}, {},
         ("`log_history`: got rates that were used; they are a log, and no schedule. "
         "Write `glidepath audit trainer_state.json CONFIG`.")),
        ({"glidepath": 1}, {}, "`$.schedule`: got nothing; it must be given."),
        ({"a": 1}, {},
         ("`source`: got no key that tells whose config it is; it must be one that `glidepath.configs.kinds()` lists. "
         "Pass `kind=` if it is one.")),
        ({"sched": "cosine", "SOLVER": {"BASE_LR": 0.1}}, {},
         ("`source`: got one of detectron2 config and one of timm args.yaml; it can be one kind only. "
         "Pass `kind='detectron2'`, or another.")),
        ({"lr": 0.1, "lr_decay_style": "cosine", "train_iters": 100, "lr_decay_samples": 5}, {},
         ("`lr_decay_samples`: got 5; the run is counted in iters, and Megatron does not mix the two. "
         "Give `lr_decay_iters`.")),
        ({"sched": "cosine", "lr_noise": [0.4, 0.9]}, {},
         "`lr_noise`: got an object of type list; noise is random, and not a function of the step. Leave it out."),
        ({"SOLVER": {"BASE_LR": 0.1}, "_BASE_": "base.yaml"}, {},
         ("`_BASE_`: got 'base.yaml'; the values of that file are not in this one. "
         "Write the whole config with `cfg.dump()`.")),
        ({"module": "mine", "class_name": "Curve", "config": {"learning_rate": 0}, "registered_name": "mine>Curve"}, {},
         None),
    ],
)  # fmt: skip
def test_what_is_open_or_wrong_is_named(source, known, message):
    if message is None:  # an optimizer of the user with a constant rate
        assert gp.read(source, **known).schedule == gp.constant(0.0)
        return
    with pytest.raises(ValueError) as caught:
        gp.read(source, **known)
    assert str(caught.value) == message


def test_the_arguments_of_read():
    with pytest.raises(TypeError) as unknown:
        gp.read(ARGUMENTS, step=3)
    assert str(unknown.value) == "`read`: got `step`; it has no such argument. Did you mean `steps`?"
    with pytest.raises(ValueError) as kind:
        gp.read(ARGUMENTS, kind="hff")
    assert str(kind.value) == "`kind`: got 'hff'; it must be a kind of config. Did you mean 'hf'?"
    with pytest.raises(TypeError) as steps:
        gp.read(ARGUMENTS, steps=1.5)
    assert str(steps.value) == "`steps`: got 1.5; it must be a whole number. Round it, or convert it with int()."
    with pytest.raises(TypeError) as source:
        gp.read(3)
    assert str(source.value) == (
        "`source`: got 3 of builtins; it must be a path, a mapping, or a scheduler of a library that `read` knows. "
        "`help(glidepath.read)` lists them."
    )


def test_a_reading_shows_what_it_found():
    reading = gp.read({**ARGUMENTS, "max_steps": 100, "lr_scheduler_type": "constant"}, kind="hf")
    assert str(reading) == (
        "HF TrainingArguments, `lr_scheduler_type`, by the rules of HF transformers 5.23\n"
        "lr       gp.constant(0.1)\n"
        "steps    100: `max_steps`\n"
        "warm-up  10 steps: `warmup_steps`\n"
        "warning  `constant` has no warm-up, so the file's counts for nothing. Take `constant_with_warmup`."
    )
    assert gp.read(gp.cosine(0.1, 0.0, 10)).schedule == gp.cosine(0.1, 0.0, 10)


def test_a_deepspeed_file_overrides_only_with_a_scheduler():
    arguments = {**ARGUMENTS, "max_steps": 100}
    without = gp.read(arguments, deepspeed={"zero_optimization": {"stage": 3}})
    assert without.schedule == gp.read(arguments).schedule
    assert without.warnings == ()
    scheduler = {"type": "WarmupLR", "params": {"warmup_max_lr": "auto", "warmup_num_steps": "auto"}}
    overridden = gp.read(arguments, deepspeed={"scheduler": scheduler})
    assert overridden.schedule == gp.logarithmic(0.0, 0.1, 9).then(gp.constant(0.1), at=10).delay(1)
    assert [str(one) for one in overridden.warnings] == [
        (
            "overridden: `scheduler` in `deepspeed` overrides `lr_scheduler_type`, which is 'linear'. "
            "Remove one of the two."
        )
    ]
    other = {"type": "WarmupLR", "params": {"warmup_max_lr": 0.2, "warmup_num_steps": 10}}
    with pytest.raises(ValueError, match=r"the file says 0\.2, under `scheduler\.params\.warmup_max_lr`"):
        gp.read(arguments, deepspeed={"scheduler": other})


# Damaged and hostile files.


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.yaml", "lr: !!python/object/apply:os.system ['touch hacked']",
         ("a.yaml: not plain YAML at line 1: a tag, 'tag:yaml.org,2002:python/object/apply:os.system', which would run "
         "code. Write a plain value")),
        ("a.yaml", "lr: 1\nsched: cosine\nlr: 2",
         ("`a.yaml`: got `lr` twice; each key may stand once: readers differ in which value they take. "
         "Remove one of the two.")),
        ("a.json", '{"lr": 1, "lr": 2}',
         ("`a.json`: got `lr` twice; each key may stand once: readers differ in which value they take. "
         "Remove one of the two.")),
        ("a.sh", "train --lr 1 --lr=2",
         ("`a.sh`: got `--lr` twice; each key may stand once: readers differ in which value they take. "
         "Remove one of the two.")),
        ("a.md", "## Training hyperparameters\n- lr: 1\n- lr: 2",
         ("`a.md`: got `lr` twice; each key may stand once: readers differ in which value they take. "
         "Remove one of the two.")),
        ("a.toml", "lr = 1\nlr = 2", "a.toml: not TOML: Cannot overwrite a value (at end of document)"),
        ("a.json", "[" * 100_000, "a.json: too many levels inside one another. A config file has a few."),
        ("a.yaml", "[" * 10_000, "a.yaml: too many levels inside one another. A config file has a few."),
        ("a.json", '{"lr": ' + "[" * 500 + "]" * 500 + "}", None),
        ("a.json", " " * (10 << 20),
         "`a.json`: got more than 4 MiB; it must have at most 4 MiB. A log is read by `glidepath audit`."),
        ("a.yaml", "#" * (10 << 20),
         "`a.yaml`: got more than 1 MiB; it must have at most 1 MiB. Check that it is the right file."),
        ("a.yaml", "a: &a {k: 1}\nsched: &b [*b]\nlr_noise: *b\nSOLVER: *b", None),
        ("a.yaml", "- 1", "`a.yaml`: got a list; a config file holds a mapping. Check that it is the right file."),
        ("a.yaml", "", "`a.yaml`: got a NoneType; a config file holds a mapping. Check that it is the right file."),
        ("a.json", "{",
         "a.json: not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("a.bin", "PK", ("`a.bin`: got a pickle; reading it would execute it. "
         "In the training script, write `print(args.to_json_string())` into a .json file.")),
        ("scheduler.pt", "PK", ("`scheduler.pt`: got a pickle; reading it would execute it. "
         "A scheduler's state has no formula. Read the config of the run.")),
        ("a.txt", "", ("`a.txt`: got .txt; it must be one of .json, .yaml, .yml, .toml, .py, .sh, .keras, .cfg, .md, "
         ".bin, .pkl, .pt, .pth, .ckpt.")),
        ("a.py", "param_scheduler = open('hacked', 'w')",
         "a.py: `param_scheduler.0`: got open('hacked', 'w'); it must be given. Write the value into the file."),
        ("a.py", "_base_ = 'a.py'", "`a.py: `_base_``: got itself; files must not include one another. Remove it."),
        ("a.py", "_base_ = ['b.py']", ("`a.py: `_base_``: got 'b.py'; it must be a .py file that is there. "
         "Put the file there, or print the whole config into one file.")),
        ("a.keras", "PK", "a.keras: not a saved Keras model: File is not a zip file"),
        ("a.sh", "train --lr '1",
         "a.sh: not a shell script that glidepath can read: line 1 has a quote without its end. Close it"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_in_one_line(name, content, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(content)
    with pytest.raises(ValueError) as caught:
        gp.read(name)
    assert "\n" not in str(caught.value)
    assert message is None or str(caught.value) == message
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_that_stands_for_more_than_it_holds(tmp_path):
    keys = ", ".join(f"k{i}" for i in range(100_001))
    merges = tmp_path / "merges.yaml"
    merges.write_text(f"a: &a {{{keys}}}\nb: {{<<: *a}}")
    with pytest.raises(ValueError, match="it merges more than 100,000 keys"):
        gp.read(merges)
    rows = ["a0: &a0 [" + ", ".join(["0"] * 9) + "]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    lists = tmp_path / "lists.yaml"
    lists.write_text("\n".join([*rows, "lr_scheduler_type: linear", "max_steps: 9", "lr_scheduler_kwargs: {x: *a11}"]))
    with pytest.raises(ValueError, match="a config has at most 100,000 values"):
        gp.read(lists)


def test_not_utf8_and_not_there(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"lr: \xff")
    with pytest.raises(ValueError, match=r"a\.yaml: (byte 4 is not UTF-8|not plain YAML)"):
        gp.read(path)
    with pytest.raises(FileNotFoundError):
        gp.read(tmp_path / "none.yaml")


def test_variables_of_a_script_and_references(tmp_path):
    script = tmp_path / "a.sh"
    script.write_text("LR=0.1\nrun --lr $LR --train-iters ${N} --lr-decay-style linear --min-lr=0.01 # --lr 3\n")
    with pytest.raises(ValueError, match=r"a\.sh: `train_iters`: got \$\{N\}; the updates of the run must be known"):
        gp.read(script)
    assert gp.read(script, steps=10).schedule == gp.linear(0.1, 0.01, 10)
    config = tmp_path / "a.yaml"
    config.write_text("base: {lr: 1e-1}\nlearning_rate: ${base.lr}\nmax_steps: 10\n")
    assert gp.read(config).schedule == gp.linear(0.1, 0.0, 10)


def test_a_regular_expression_in_a_python_config_gives_no_warning(tmp_path):
    config = tmp_path / "a.py"
    scheduler = "param_scheduler = dict(type='PolyLR', end=9, by_epoch=False)"
    config.write_text(f"pattern = '\\d+'\n{scheduler}\noptim_wrapper = dict(optimizer=dict(lr=0.1))\n")
    assert gp.read(config).schedule[0] == 0.1


@pytest.mark.parametrize("script", [
    'ARGS="\n--lr 1e-4 --min-lr 1e-5\n--lr-decay-style cosine --train-iters 100"\nrun p.py $ARGS',
    'ARGS=(--lr 1e-4 --min-lr 1e-5\n  --lr-decay-style cosine --train-iters 100)\nrun p.py "${ARGS[@]}"',
    "LR=1e-4\nrun p.py --lr=$LR --min-lr=1e-5 --lr-decay-style=cosine --train-iters=100",
])  # fmt: skip
def test_the_ways_in_which_scripts_hold_options(script, tmp_path):
    path = tmp_path / "a.sh"
    path.write_text(script)
    assert gp.read(path).schedule == gp.cosine(1e-4, 1e-5, 100)


def test_a_variable_that_is_set_twice_is_open(tmp_path):
    path = tmp_path / "a.sh"
    path.write_text("if x; then\n LR=1e-4\nelse\n LR=2e-4\nfi\nrun --lr $LR --lr-decay-style cosine --train-iters 9")
    with pytest.raises(ValueError, match=r"a\.sh: `lr`: got \$LR; the base or peak rate must be known"):
        gp.read(path)


def test_what_real_files_hold(tmp_path):
    commented = tmp_path / "ds.json"
    commented.write_text(
        '{ // a comment\n "scheduler": {"type": "WarmupLR", /* "x" */ "params": {"warmup_max_lr": 0.1}}}'
    )
    assert gp.read(commented).schedule[2000] == 0.1
    assert gp.read({**ARGUMENTS, "max_steps": -1}, steps=100).steps == 100
    runner = {"optim_wrapper": {"optimizer": {"lr": 0.1}}, "train_cfg": {"max_epochs": 30}}
    endless = gp.read({**runner, "param_scheduler": {"type": "PolyLR", "begin": 0}}, steps_per_epoch=10)
    ended = gp.read({**runner, "param_scheduler": {"type": "PolyLR", "begin": 0, "end": 30}}, steps_per_epoch=10)
    assert endless.schedule == ended.schedule
    imported = tmp_path / "a.py"
    imported.write_text(
        "from mmengine.optim import LinearLR\n"
        "param_scheduler = [dict(type=LinearLR, start_factor=0.1, by_epoch=False, end=10)]\n"
        "optim_wrapper = dict(optimizer=dict(lr=0.1))\n"
    )
    assert gp.read(imported).schedule[0] == 0.010000000000000002
    dumped = {"T_max": 10, "last_epoch": -1, "verbose": "deprecated"}
    torch_class = "torch.optim.lr_scheduler.CosineAnnealingLR"
    lightning = {
        "trainer": {"max_epochs": 10}, "optimizer": {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.1}},
        "lr_scheduler": {"class_path": torch_class, "init_args": dumped},
    }  # fmt: skip
    assert gp.read(lightning, steps_per_epoch=5).schedule[25] == 0.05000000000000001
    olmo = {
        "scheduler": {"name": "cosine_with_warmup", "t_warmup": 5000}, "optimizer": {"learning_rate": 3e-4},
        "max_duration": "2e12T", "global_train_batch_size": 2160, "model": {"max_sequence_length": 2048},
    }  # fmt: skip
    assert gp.read(olmo).steps == 452_112
    composer = {
        "scheduler": {"name": "cosine_with_warmup", "t_warmup": "10ba"},
        "max_duration": "2ep",
        "optimizer": {"lr": 1},
    }
    assert gp.read(composer, steps=100).schedule == gp.linear(0.0, 1.0, 10) >> gp.cosine(1.0, 0.0, 90)
    neox = {"train_iters": 1250, "warmup": 0.01, "lr_decay_style": "cosine", "optimizer": {"params": {"lr": 6e-4}}}
    assert gp.read(neox).schedule[12] == pytest.approx(6e-4 * 12 / 12.5, rel=1e-15)


WRAPPED = "optim_wrapper = dict(optimizer=dict(lr=lr))"


@pytest.mark.parametrize("lines", [
    f"lr *= 2\n{WRAPPED}", f"lr, x = 0.9, 1\n{WRAPPED}", f"if True:\n    lr = 0.9\n{WRAPPED}", f"del lr\n{WRAPPED}",
    f"for lr in [1]:\n    pass\n{WRAPPED}", f"{WRAPPED}\noptim_wrapper['optimizer']['lr'] = 0.9",
    f"{WRAPPED}\noptim_wrapper.update(x=1)", "optim_wrapper = dict(optimizer=dict(lr=0.1, lr=0.7))",
    'optim_wrapper = {"optimizer": {"lr": 0.1, "lr": 0.7}}',
])  # fmt: skip
def test_what_a_python_config_does_beside_literals_is_not_guessed(lines, tmp_path):
    path = tmp_path / "a.py"
    path.write_text(f"lr = 0.1\nparam_scheduler = dict(type='PolyLR', end=9, by_epoch=False)\n{lines}\n")
    with pytest.raises(ValueError, match=r"a\.py: .* must be (known|given)"):
        gp.read(path)


@pytest.mark.parametrize("script", [
    "LR=0.1\nfor LR in 0.5; do {}; done", "LR=0.1\nread LR\n{}", "LR=0.1\nLR+=1\n{}",
])  # fmt: skip
def test_a_variable_that_a_script_changes_is_open(script, tmp_path):
    path = tmp_path / "a.sh"
    path.write_text(script.format("run --lr $LR --lr-decay-style cosine --train-iters 9"))
    with pytest.raises(ValueError, match=r"`lr`: got \$LR"):
        gp.read(path)


def test_options_that_a_script_adds_and_those_that_it_may_set(tmp_path):
    path = tmp_path / "a.sh"
    path.write_text('A="--lr 0.1 --lr-decay-style cosine"\nA="$A --min-lr 0.01"\nrun $A --train-iters 9')
    assert gp.read(path).schedule == gp.cosine(0.1, 0.01, 9)
    path.write_text(
        'W=""\nif x; then W="--lr-warmup-iters 5"; fi\nrun $W --lr 0.1 --lr-decay-style cosine --train-iters 9'
    )
    with pytest.raises(ValueError, match="only running the script would tell which"):
        gp.read(path)


def test_a_config_that_imports_its_base_is_refused(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("from mmengine.config import read_base\nwith read_base():\n    from .base import *\nlr = 0.1\n")
    with pytest.raises(ValueError, match="importing it would execute it"):
        gp.read(path)


def test_a_number_sign_inside_a_word_is_no_comment(tmp_path):
    path = tmp_path / "a.sh"
    path.write_text("run --name run#3 --lr 0.1 --lr-decay-style cosine --train-iters 9 # --min-lr 0.05")
    assert gp.read(path).schedule == gp.cosine(0.1, 0.0, 9)


AXOLOTL = {"base_model": "a/model", "learning_rate": 0.1, "max_steps": 100, "warmup_steps": 10}


@pytest.mark.parametrize(
    ("source", "known", "message"),
    [
        ({**ARGUMENTS, "max_steps": 9}, {"warmup_steps": 5}, "`warmup_steps`: got 5; the file says 10"),
        ({"param_scheduler": []}, {}, "got no learning rate; it must have one"),
        ({**ARGUMENTS, "max_steps": 9}, {"kind": "detectron2"}, "the config has not the keys of that kind"),
        ({**ARGUMENTS, "learning_rate": "${.x}"}, {}, "got '${.x}'; the base or peak rate must be known"),
        ({**ARGUMENTS, "max_steps": "9007199254740993"}, {}, "`max_steps`: got '9007199254740993'; it must be"),
        ({**ARGUMENTS, "max_steps": 9, "lr_scheduler_kwargs": {"learning_rate": 1}}, {},
         "`lr_scheduler_kwargs.learning_rate`: got 1; it repeats `learning_rate`. Remove it."),
        ({**ARGUMENTS, "max_steps": 9, "lr_scheduler_kwargs": {"num_warmup_steps": 5}}, {},
         "`lr_scheduler_kwargs.num_warmup_steps`: got 5; it repeats the file's warm-up. Remove it."),
        ({**ARGUMENTS, "max_steps": 9, "lr_scheduler_kwargs": {"num_training_steps": 5}}, {},
         "`lr_scheduler_kwargs.num_training_steps`: got 5; it repeats the length of the run. Remove it."),
        ({"optimizer": {"lr": 0.1}, "max_duration": "9ba", "scheduler": {"name": "x", "learning_rate": 1}}, {},
         "`scheduler.learning_rate`: got 1; it repeats `optimizer.lr`. Remove it."),
        ({"optimizer": {"learning_rate_scheduler": {"train_steps": 9}}, "tokens": {"train_steps": 9}}, {},
         "`optimizer.learning_rate_scheduler.train_steps`: got 9; it repeats `tokens.train_steps`. Remove it."),
        ({"scheduler": {"type": "StepLR", "params": {"base_lr": 1}}, "optimizer": {"params": {"lr": 1}}}, {},
         "`StepLR.base_lr`: got 1; it repeats the optimizer's rate. Remove it."),
        ({"sched": "cosine", "epochs": 9, "lr_base_size": 0}, {"steps_per_epoch": 5, "world_size": 1},
         "its numbers cannot be computed with: division by zero. Correct them."),
        ({**AXOLOTL, "lr_scheduler": "one_cycle", "jagged_restart_steps": 20}, {},
         ("`jagged_restart_steps`: got 20; PyTorch's OneCycleLR then raises an error at the end of the run: it is one "
         "step ahead. Take another `lr_scheduler`.")),
        ({**AXOLOTL, "lr_scheduler": "one_cycle", "lr_scheduler_kwargs": {"max_lr": 1.0}}, {},
         "`lr_scheduler_kwargs.max_lr`: got 1.0; axolotl passes it too, and PyTorch takes it once. Remove it."),
        ({**AXOLOTL, "cosine_min_lr_ratio": 2}, {}, "`cosine_min_lr_ratio`: got 2; it must be from 0 to 1."),
        ({**AXOLOTL, "lr_scheduler": "quadratic"}, {}, "greedy, one_cycle, rex. Take one of them."),
        ({**AXOLOTL, "warmup_ratio": 0.1}, {},
         "`warmup_steps`: got a value, as `warmup_ratio` has; axolotl takes one of the two. Remove one."),
    ],
)  # fmt: skip
def test_what_breaks_a_reader_is_named(source, known, message):
    with pytest.raises(ValueError) as caught:
        gp.read(source, **known)
    assert message in str(caught.value)


@pytest.mark.parametrize(("name", "content"), [
    ("a.yaml", "lr: !!timestamp x"), ("a.yaml", "lr: !!bool x"), ("a.yaml", 'lr: !!int ""'),
    ("a.yaml", "lr: 2024-13-45"),
    ("a.py", "x = " + "-" * 20_000 + "1"), ("a.py", "x = 9\n" + "x = x * x\n" * 60),
    ("a.yaml", "\n".join([f"a{i}: &a{i} [{'0' if not i else f'*a{i - 1}, *a{i - 1}'}]" for i in range(40)])
     + "\nlr_scheduler: {class_path: *a39, _component_: *a39}\ndeepspeed: *a39"),
])  # fmt: skip
def test_hostile_files_end_at_once(name, content, tmp_path):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(ValueError) as caught:
        gp.read(path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_torch_scheduler_with_a_base_rate_of_its_own():
    source = {"trainer": {"max_epochs": 9}, "optimizer": {"init_args": {"lr": 0.5}}}
    for name, arguments, first in (
        ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.2, "step_size_up": 3}, 0.1),
        ("OneCycleLR", {"max_lr": 0.1, "total_steps": 9}, 0.0040000000000000036),
    ):
        scheduler = {"class_path": f"torch.optim.lr_scheduler.{name}", "init_args": arguments}
        assert gp.read({**source, "lr_scheduler": scheduler}, steps_per_epoch=1).schedule[0] == first


BOTH = {"cosine_min_lr_ratio": 0.1, "cosine_constant_lr_ratio": 0.5}


@pytest.mark.parametrize(
    ("more", "schedule", "ignored"),
    [
        ({}, hf.cosine(0.1, 10, 100), []),
        ({"lr_scheduler_kwargs": {"num_cycles": 1.5}}, hf.cosine(0.1, 10, 100, 1.5), []),
        (BOTH, axolotl.cosine(0.1, 10, 100, **BOTH), []),
        ({**BOTH, "cosine_min_lr_ratio": 0}, hf.cosine(0.1, 10, 100), ["cosine_constant_lr_ratio"]),
        ({**BOTH, "lr_quadratic_warmup": True}, axolotl.cosine(0.1, 10, 100, lr_quadratic_warmup=True), [*BOTH]),
        ({**BOTH, "lr_scheduler": "rex"}, axolotl.rex(0.1, 10, 100, 0.1), ["cosine_constant_lr_ratio"]),
        ({**BOTH, "lr_scheduler": "linear"}, hf.linear(0.1, 10, 100), [*BOTH]),
        ({"lr_scheduler": "rex", "lr_scheduler_kwargs": {"num_cycles": 1}}, axolotl.rex(0.1, 10, 100),
         ["lr_scheduler_kwargs"]),
        ({"lr_scheduler": "one_cycle", "lr_scheduler_kwargs": {"div_factor": 10.0, "max_momentum": 0.9}},
         axolotl.one_cycle(0.1, 10, 100, div_factor=10.0), []),
        ({"lr_scheduler": "one_cycle", "lr_scheduler_kwargs": {"pct_start": 0.25, "base_momentum": 0.8}},
         gp.replay("torch.OneCycleLR", max_lr=0.1, total_steps=100, pct_start=0.25), []),
        ({"lr_scheduler": "linear", "jagged_restart_steps": 20, **BOTH},
         axolotl.JaggedLRRestartScheduler(hf.linear(0.1, 10, 100), 20, 10, 1, 0.1), ["cosine_constant_lr_ratio"]),
        ({"jagged_restart_steps": 20, "jagged_restart_warmup_steps": 0, "jagged_restart_anneal_steps": 5},
         axolotl.JaggedLRRestartScheduler(hf.cosine(0.1, 10, 100), 20, 10, 5), []),
    ],
)  # fmt: skip
def test_axolotls_own_options(more, schedule, ignored):
    reading = gp.read({**AXOLOTL, **more})
    assert reading.schedule == schedule
    assert reading.peak == 0.1
    assert [str(one) for one in reading.warnings] == [
        f"ignored: `{key}` counts for nothing here. Remove it." for key in ignored
    ]


def test_a_mapping_that_weights_and_biases_wrote():
    wrapped = {key: {"desc": None, "value": value} for key, value in {**ARGUMENTS, "max_steps": 100}.items()}
    assert gp.read(wrapped).schedule == gp.read({**ARGUMENTS, "max_steps": 100}).schedule


def test_numpy_numbers_in_a_mapping():
    arguments = {"learning_rate": np.float32(0.5), "lr_scheduler_type": "linear", "max_steps": np.int64(10)}
    assert gp.read(arguments).schedule == gp.linear(0.5, 0.0, 10)


# The command line.


@pytest.mark.parametrize(
    ("arguments", "status", "shown"),
    [
        (["at", "ds_one_cycle.json", "0", "1", "--of", "momentum"], 0, "0.8\n0.89\n"),
        (["at", "ds_one_cycle.json", "0", "--of", "wd"], 2,
         "glidepath: `--of`: got wd; ds_one_cycle.json has lr, momentum. Take one of them.\n"),
        (["at", "mindcv.yaml", "20", "--steps-per-epoch", "10"], 0, "0.1\n"),
        (["at", "ds_auto.json", "11", "--steps", "100", "--set", "warmup_steps=10", "--set", "learning_rate=0.1"], 0,
         "0.1\n"),
        (["at", "ds_auto.json", "1", "--set", "learning_rate"], 2,
         "Invalid value for '--set': got 'learning_rate'; it must be NAME=VALUE. Write `--set learning_rate=3e-4`.\n"),
        (["at", "ds_auto.json", "1", "--set", "learning_rate=x"], 2,
         ("Invalid value for '--set': got 'learning_rate=x'; learning_rate must be a number. "
         "Write `--set learning_rate=3e-4`.\n")),
        (["at", "ds_auto.json", "1", "--set", "rate=1"], 2,
         ("glidepath: `read`: got `rate`; it has no such argument. "
         "It takes steps, steps_per_epoch, learning_rate, warmup_steps, batch_size, world_size, deepspeed.\n")),
        (["at", "training_args.json", "8", "--kind", "hf"], 0, "0.0002\n"),
        (["diff", "training_args.json", "linear(0.0, 2e-4, 8) >> cosine(2e-4, 0.0, 92)", "-n", "101"], 0, "equal"),
        (["array", "megatron_samples.yaml", "-o", "{tmp}/lr.npy"], 0, ""),
    ],
)  # fmt: skip
def test_the_command_takes_a_config_as_a_spec(arguments, status, shown, tmp_path):
    arguments = [one.replace("{tmp}", str(tmp_path)) for one in arguments]
    done = subprocess.run(
        [sys.executable, "-m", "glidepath", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    assert shown in done.stdout + done.stderr
    if arguments[0] == "array":
        assert np.load(tmp_path / "lr.npy").shape == (1000,)  # the run's length, which the file says


def test_a_config_on_standard_input():
    text = (FOLDER / "ds_config.json").read_text()
    command = [sys.executable, "-m", "glidepath", "at", "-", "11"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    assert done.stdout == "0.1\n"
    done = subprocess.run([*command, "--kind", "deepspeed"], input=text, capture_output=True, text=True, check=True)
    assert done.stdout == "0.1\n"


# Files without an end, and texts that take long.


def special(kind, path):
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.close()


@pytest.mark.parametrize("kind", ["pipe", "device", "socket"])
@pytest.mark.parametrize(
    "name", ["a.json", "a.yaml", "a.keras", "a.npy", "a.csv", "a.jsonl", "events.out.tfevents.1", "a"]
)
def test_what_is_no_regular_file_is_refused_at_once(kind, name, tmp_path, monkeypatch):
    if name.startswith("events"):
        pytest.importorskip("tensorboard")
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    special(kind, Path(name))
    message = f"`{name}`: got a {kind}; it must be a regular file. Write its content into one."
    reads = [lambda: load(name), lambda: read_log(Path(name))]
    reads += [lambda: side(name)] * (not name.endswith(".npy"))
    reads += [lambda: gp.read(name)] * name.endswith((".json", ".yaml", ".keras"))
    reads += [lambda: gp.compare(Path(name), gp.constant(1.0), 1)] * name.endswith(".npy")
    for read in reads:
        with pytest.raises(ValueError) as caught:
            read()
        assert str(caught.value) == message


def test_a_folder_is_no_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.json").mkdir()
    Path("a.npy").mkdir()
    for read in (lambda: gp.read("a.json"), lambda: load("a.json"), lambda: load("a.npy"), lambda: load(".")):
        with pytest.raises((IsADirectoryError, ValueError), match="Is a directory"):
            read()


def test_a_pipe_of_the_shell_and_an_expression_longer_than_a_name():
    command = [sys.executable, "-m", "glidepath"]
    piped = f"{' '.join(command)} at <(echo 'linear(0.0, 1.0, 4)') 1"
    done = subprocess.run(["bash", "-c", piped], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("0.25\n", "")
    done = subprocess.run(
        [*command, "at", " + ".join(["constant(1.0)"] * 100), "0"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "100.0\n"


@pytest.mark.parametrize(("head", "unit", "name"), [
    ("", '\\"', "a.json"), ('{"a":', '/*"', "a.json"), ("x.", "a.", "a.toml"), ("[a]\nb", " ", "a.cfg"),
    ("[a]\n", " x\n", "a.cfg"), ("raining hyperparameters\n", "\n", "a.md"),
    ("raining hyperparameters\n- a: x", " ", "a.md"), ("", "k%d=1\n", "a.py"), ("x = f()", " + f()", "a.py"),
    ("run --rampup-batch-size", " 1", "a.sh"), ("", "K%d='--lr x' ", "a.sh"), ("A='", "x", "a.sh"),
    ("", "if x\n", "a.sh"), ("", "if x; then A=1; y $A --lr $A\nfi\n", "a.sh"), ("", "x && A=1\n", "a.sh"),
    ("A='" + "x" * 1000 + "'\nrun --lr ", "$A", "a.sh"), ("B=$A$A;A=$C$C;C=$D$D\n", "$B ", "a.sh"),
])  # fmt: skip
def test_no_text_takes_time_by_the_square_of_its_length(head, unit, name, tmp_path):
    path = tmp_path / name
    most = {".toml": 60, ".cfg": 60}.get(path.suffix, 900) << 10
    path.write_text(
        head + "".join(unit.replace("%d", str(i)) for i in range((most - len(head)) // (len(unit) + 2))) + "y"
    )
    began = time.perf_counter()
    with pytest.raises(ValueError, match=name):
        gp.read(path)
    assert time.perf_counter() - began < 20.0  # of 1 to 4 seconds; by the square it were minutes


def test_python_configs_that_double_and_bases_that_include_many(tmp_path):
    doubled = "d0 = dict(a=1)\n" + "".join(f"d{i + 1} = dict(x=d{i}, y=d{i})\n" for i in range(40)) + "model = d40\n"
    (tmp_path / "base.py").write_text(doubled)
    (tmp_path / "a.py").write_text(f"_base_ = ['base.py']\n{doubled}")
    with pytest.raises(ValueError, match="it merges more than 100,000 keys"):
        gp.read(tmp_path / "a.py")
    for level in range(4):
        (tmp_path / f"b{level}.py").write_text(f"_base_ = {[f'b{level + 1}.py'] * 9}")
    (tmp_path / "b4.py").write_text("x = 1")
    with pytest.raises(ValueError, match="got more than 100 files"):
        gp.read(tmp_path / "b0.py")
    (tmp_path / "c.py").write_text("x = [1]\n" + "x = [x, x]\n" * 60 + "_base_ = x")
    with pytest.raises(ValueError, match=r"it must be a \.py file that is there"):
        gp.read(tmp_path / "c.py")
    (tmp_path / "e.py").write_text("lr = 0.1\nparam_scheduler = dict(**lr, type='PolyLR')\n")
    with pytest.raises(ValueError, match="it must be given"):
        gp.read(tmp_path / "e.py")


@pytest.mark.parametrize(("name", "text", "place"), [
    ("a.yaml", """lr_scheduler_type: cosine\nmax_steps: 9\nlr_scheduler_kwargs: '{"min_lr": 1, "min_lr": 2}'""",
     "a.yaml: `lr_scheduler_kwargs`"),
    ("a.cfg", '[training.optimizer]\nlearn_rate = {"a": 1, "min_lr": 1, "min_lr": 2}',
     "`a.cfg: training.optimizer.learn_rate`"),
])  # fmt: skip
def test_a_key_twice_in_json_inside_a_value(name, text, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text)
    with pytest.raises(ValueError) as caught:
        gp.read(name)
    assert str(caught.value) == (
        f"{place}: got `min_lr` twice; each key may stand once: readers differ in which value they take. "
        "Remove one of the two."
    )


@pytest.mark.parametrize(("name", "text"), [("a.json", '{"lr": %s}'), ("a.toml", "lr = %s"), ("a.yaml", "lr: %s")])
def test_a_number_with_too_many_digits(name, text, tmp_path):
    path = tmp_path / name
    path.write_text(text % ("1" * 5_000))
    with pytest.raises(ValueError, match=rf"{name}: not .*(4300|4,300)|{name}`: got no key"):
        gp.read(path)


# Shell scripts.

TAIL = "--lr-decay-style cosine --train-iters 9"


@pytest.mark.parametrize(
    "script",
    [
        """ARGS=(\n  --lr 0.1 # the rate: --lr 5\n  # --min-lr 3, it's off\n  TAIL\n)
python a.py "${ARGS[@]}" 2>&1 | tee log""",
        "LR=${LR:-0.1}\npython a.py --lr=$LR TAIL",
        "python a.py --lr ${LR:-0.1} TAIL",
        """ARGS=(--lr 0.1 TAIL)\nif [ $x = 1 ]; then\n ARGS+=(--bf16)\nfi
[ -n "$y" ] && ARGS+=(--fp8)\npython a.py ${ARGS[@]}""",
        """A="--lr 0.1 \\\n TAIL"\nif [ $x = 1 ]; then\nA="${A} --ckpt"\nfi
run="deepspeed a.py ${A} &> log"\necho $run\neval $run""",
        """A=(--lr 0.1 TAIL)\nif x; then A=("${A[@]}" --fsdp); fi\nT="cd x; python a.py ${A[@]}"
sbatch <<EOF\nsrun bash -c "$T"\nEOF\n""",
        """DIR="$(cd "$(dirname "$0")" && pwd)"\nD=`date "+%Y"`\npython a.py --lr 0.1 --save $DIR/$D TAIL""",
        "python a.py --lr 0.1 --weight-decay 1e-2 TAIL --weight-decay 1e-2",
        "(cd x && python a.py --lr 0.1 TAIL) &\nwait",
        "run() {\n python a.py --lr 0.1 TAIL\n}\nrun",
        "if x; then python a.py --lr 0.1 TAIL\nelse torchrun b.py --lr 0.1 TAIL --fp8\nfi",
        "python a.py --lr 0.1 \\\r\n TAIL\r\n",
        "python prepare.py --out x\npython a.py --lr 0.1 TAIL\npython eval.py --out y",
        "python - <<'EOF'\nprint('--lr 5')\nEOF\npython a.py --lr 0.1 TAIL",
        "export OPTIONS='--lr 0.1 TAIL'",
    ],
)
def test_what_scripts_of_megatron_hold(script, tmp_path):
    path = tmp_path / "a.sh"
    path.write_text(script.replace("TAIL", TAIL))
    assert gp.read(path).schedule == gp.cosine(0.1, 0.0, 9)


UNREAD = "a.sh: not a shell script that glidepath can read: line"


@pytest.mark.parametrize(("script", "message"), [
    ("python a.py --lr 1 TAIL\n\ntorchrun x/b.py \\\n --lr 2 TAIL",
     ("`a.sh`: got two training commands, `a.py` in line 1 and `x/b.py` in line 3; each has a learning rate, and a "
     "config is that of one run. Copy one of them into a script of its own.")),
    ("python a.py --lr 1 \\ \n  TAIL",
     f"{UNREAD} 1 has a blank after its backslash, so that the command ends there. Remove the blank"),
    ("python a.py --lr 1 \\\n # a remark \\\n  TAIL",
     (f"{UNREAD} 3 has an option where a command begins, --lr-decay-style. "
     "End the line above with a backslash, and no comment")),
    ('A=(--lr 1 TAIL)\n[ -n "$y" ] && A+=(--min-lr 0.1)\nrun a.py ${A[@]}',
     ("`a.sh: A`: got several values; it holds options, and only running the script would tell which. "
     "Write the options out.")),
    ("python a.py --lr 1 --min-lr $(echo 0.1) TAIL",
     "a.sh: `min_lr`: got $(echo 0.1); it must be given. Write the value into the file."),
    ("python a.py --lr 1 --lr-decay-tokens 100 TAIL",
     ("a.sh: `lr_decay_tokens`: got '100'; Megatron-DeepSpeed then counts tokens, which glidepath does not read. "
     "Give `lr_decay_samples`.")),
    ("cat <<EOF > x.json\n{", f"{UNREAD} 1 has a here-document without its end, EOF. Close it"),
    ("cat <<A > x.json\n{}\nA\ncat <<A > y.json\n{}\nA\n",
     ("`a.sh`: got 2 here-documents, in line 1 and in line 4; each may be a config, and no command has options of a "
     "learning rate. Write one of them into a file of its own.")),
    ('cat <<A > x.json\n{"scheduler": {"type": "WarmupLR"}}\nA\nrun a.py --deepspeed_config x.json --lr 1 TAIL',
     ("a.sh: `deepspeed_config.scheduler`: got a schedule; DeepSpeed's scheduler takes the place of Megatron's. "
     "Read DeepSpeed's file, or remove it there.")),
])  # fmt: skip
def test_a_script_that_only_running_would_settle_is_refused(script, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.sh").write_text(script.replace("TAIL", TAIL))
    with pytest.raises(ValueError) as caught:
        gp.read("a.sh")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "script",
    [
        "case $M in\n 7B) LR=1;;\n 13B) LR=2;;\nesac\n{}",
        "LR=1\nif [ -z $x ]; then LR=2; fi\n{}",
        "if [ -z $x ]; then LR=2; fi\n{}",
        "LR=1\n((LR*=2))\n{}",
        "LR=2 {}",
        "train() (\n {}\n)\nLR=1\ntrain\nLR=2\ntrain",
    ],
)
def test_a_variable_with_several_values_is_open(script, tmp_path):
    path = tmp_path / "a.sh"
    path.write_text(script.format(f"run a.py --lr $LR {TAIL}"))
    with pytest.raises(ValueError, match=r"`lr`: got \$LR; the base or peak rate must be known"):
        gp.read(path)


def test_a_deepspeed_file_in_a_here_document(tmp_path):
    path = tmp_path / "a.sh"
    scheduler = '"scheduler": {"type": "WarmupLR", "params": {"warmup_type": "linear", '
    ten = f'{scheduler} "warmup_num_steps": 10, "warmup_max_lr": %s}}}}'
    auto = f'{scheduler} "warmup_num_steps": "auto", "warmup_max_lr": "auto"}}}}'
    expected = (gp.linear(0.0, 0.1, 10) >> gp.constant(0.1)).delay(1)
    run = "deepspeed a.py --deepspeed_config $DS"
    path.write_text(f"LR=0.1\ncat <<EOF > $DS\n{{ // DeepSpeed\n  {ten % '$LR'}\n}}\nEOF\n{run}")
    assert gp.read(path).schedule == expected
    path.write_text(f"cat > ds.json <<EOT\n{{{ten % '${LR}'}}}\nEOT\n")
    assert gp.read(path, learning_rate=0.1).schedule == expected
    run = "run a.py --learning_rate 0.1 --lr_scheduler_type cosine --max_steps 100 --warmup_steps 10"
    path.write_text(f"cat <<EOF | tee ds.json\n{{{auto}}}\nEOF\n{run} --deepspeed ./ds.json")
    reading = gp.read(path)
    assert (reading.schedule, [one.code for one in reading.warnings]) == (expected, ["overridden"])
    config = "learning_rate: 0.1\nmax_steps: 10\nlr_scheduler_type: linear"
    path.write_text(f"cat <<EOF > a.yaml\n{config}\nEOF\nllamafactory-cli train a.yaml")
    assert gp.read(path).schedule == gp.linear(0.1, 0.0, 10)


# The other curves of the kinds that have one file in examples/configs.


@pytest.mark.parametrize(("lr_config", "rate"), [
    ({"policy": "step", "step": 2, "gamma": 0.5, "min_lr": 0.02}, lambda k: max(0.1 * 0.5 ** (k // 10 // 2), 0.02)),
    ({"policy": "exp", "gamma": 0.9, "warmup": "exp", "warmup_iters": 15, "warmup_ratio": 0.1},
     lambda k: 0.1 * 0.9 ** (k // 10) * (0.1 ** (1 - k / 15) if k < 15 else 1)),
    ({"policy": "poly", "power": 0.9, "min_lr": 1e-4, "by_epoch": False},
     lambda k: (0.1 - 1e-4) * (1 - k / 80) ** 0.9 + 1e-4),
    ({"policy": "inv", "gamma": 0.1, "power": 0.75, "by_epoch": False}, lambda k: 0.1 * (1 + 0.1 * k) ** -0.75),
    ({"policy": "CosineAnnealing", "min_lr_ratio": 0.01, "warmup": "linear", "warmup_iters": 2,
      "warmup_by_epoch": True},
     lambda k: (1e-3 + 0.5 * (0.1 - 1e-3) * (math.cos(math.pi * (k // 10) / 8) + 1)) * min(0.1 + 0.9 * k / 20, 1)),
    ({"policy": "CosineAnnealing", "min_lr": 0, "by_epoch": False, "warmup": "constant", "warmup_iters": 7},
     lambda k: 0.05 * (math.cos(math.pi * k / 80) + 1) * (0.1 if k < 7 else 1)),
    ({"policy": "fixed"}, lambda k: 0.1),
])  # fmt: skip
def test_the_policies_of_mmcv(lr_config, rate):
    source = {"optimizer": {"lr": 0.1}, "lr_config": lr_config, "runner": {"max_epochs": 8}}
    reading = gp.read(source, steps_per_epoch=10)
    np.testing.assert_allclose(reading.schedule.array(80), [rate(k) for k in range(80)], rtol=1e-13)
    assert (reading.kind, reading.steps) == ("mmcv", 80)


def rises(k, start, steps):
    return 0.01 * (start * (1 - k / steps) + k / steps)


@pytest.mark.parametrize(("schedulers", "rate"), [
    ([{"name": "CosineDecay", "max_epochs": 10, "min_lr_ratio": 0.05, "last_plateau_epochs": 2},
      {"name": "LinearWarmup", "start_factor": 0.0, "epochs": 1}],
     lambda k: rises(k, 0.0, 10) if k < 10 else 5e-4 + 0.00475 * (math.cos(math.pi * min(k - 10, 70) / 70) + 1)),
    ([{"name": "CosineDecay", "max_epochs": 10, "use_warmup": False}],
     lambda k: 0.005 * (math.cos(math.pi * k / 100) + 1)),
    ([{"name": "PiecewiseDecay", "gamma": 0.5, "milestones": [5, 8]}, {"name": "LinearWarmup", "steps": 20}],
     lambda k: rises(k, 1 / 3, 20) if k < 20 else 0.01 * (1 if k < 50 else 0.5 if k < 80 else 0.05)),
    ([{"name": "PiecewiseDecay", "gamma": [0.5, 0.2], "milestones": [5, 8], "use_warmup": False}],
     lambda k: 0.01 * (1 if k < 50 else 0.5 if k < 80 else 0.2)),
])  # fmt: skip
def test_the_schedulers_of_paddledetection(schedulers, rate):
    source = {"epoch": 10, "LearningRate": {"base_lr": 0.01, "schedulers": schedulers}}
    reading = gp.read(source, steps_per_epoch=10)
    np.testing.assert_allclose(reading.schedule.array(100), [rate(k) for k in range(100)], rtol=1e-12)
    assert (reading.kind, reading.steps) == ("paddledetection", 100)


@pytest.mark.parametrize(("lr_schedule", "rate"), [
    ({"name": "linear_schedule", "arguments": [0.1, 0.01, 40], "warmup": 5},
     lambda k: 0.1 * k / 5 if k <= 5 else 0.1 - 0.09 * min(k - 6, 40) / 40),
    ({"name": "exponential_decay", "arguments": [0.1, 0.95]}, lambda k: 0.1 * 0.95**k),
    ({"name": "step_decay", "arguments": [0.1, 0.5, 10], "warmup": 7, "warmup_init": 0.01},
     lambda k: 0.01 + 0.09 * k / 7 if k <= 7 else 0.1 * 0.5 ** ((k - 8) // 10)),
])  # fmt: skip
def test_the_schedules_of_mlx(lr_schedule, rate):
    reading = gp.read({"iters": 120, "lr_schedule": lr_schedule})
    np.testing.assert_allclose(reading.schedule.array(120), [rate(k) for k in range(120)], rtol=1e-13)
    assert gp.read({"iters": 120, "lr_schedule": lr_schedule, "grad_accumulation_steps": 4}).steps == 30
    assert gp.read({"iters": 9, "learning_rate": 0.1, "lora_parameters": {}}).schedule == gp.constant(0.1)


@pytest.mark.parametrize(("source", "message"), [
    ({"lr_config": {"policy": "cyclic"}, "optimizer": {"lr": 1}, "runner": {"max_iters": 9}},
     ("`lr_config.policy`: got 'cyclic'; glidepath reads fixed, step, exp, poly, inv, CosineAnnealing, OneCycle. "
     "Write the schedule as an expression.")),
    ({"lr_config": {"policy": "CosineAnnealing"}, "optimizer": {"lr": 1}, "runner": {"max_epochs": 9}},
     "`lr_config.min_lr`: got nothing; it must be given. Write the value into the file."),
    ({"lr_schedule": {"name": "cosine_decay", "arguments": [1]}, "iters": 9},
     "`lr_schedule.arguments`: got 1 of them; it takes 2 or 3 arguments. Correct it."),
    ({"lr_scheduler": {"_component_": "torch.optim.lr_scheduler.StepLR"}, "epochs": 1},
     ("`lr_scheduler._component_`: got 'StepLR'; it must be get_cosine_schedule_with_warmup, the only one that "
     "torchtune has. Write the schedule as an expression.")),
    ({"sched": "cosine", "noise_range": [0.4, 0.9]},
     ("`noise_range`: got an object of type list; noise is random, and not a function of the step. Leave it out.")),
    ({**ARGUMENTS, "max_steps": 9, "min_learning_rate": 1e-6},
     ("`min_learning_rate`: got 1e-06; HF's Trainer has no such argument; PaddleNLP has, which glidepath does not "
     "read. Remove it, or write the schedule as an expression.")),
    ({"LearningRate": {"base_lr": 1, "schedulers": [{"name": "CosineDecay"}, {"name": "ExpWarmup"}]}},
     "`LearningRate.schedulers.1.name`: got 'ExpWarmup'; it must be one of 'LinearWarmup'. Take one of them."),
    ({"LearningRate": {"base_lr": 1, "schedulers": [{"name": "PiecewiseDecay", "milestones": [5], "gamma": 0.1},
                                                    {"name": "LinearWarmup", "steps": 9}]}},
     "`LearningRate.schedulers.0.milestones.0`: got 5; the warm-up lasts 9 steps. Shorten it."),
])  # fmt: skip
def test_what_these_kinds_do_not_have_is_refused_by_name(source, message):
    with pytest.raises(ValueError) as caught:
        gp.read(source, steps_per_epoch=1)
    assert str(caught.value) == message
