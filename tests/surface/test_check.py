"""gp.check: each finding by a schedule or a file that has it, and by one that has not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import glidepath as gp
from glidepath import checking

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "examples" / "configs"
WARMUP = gp.linear(0.01, 0.1, 10)
COSINE = gp.cosine(0.1, 0.0, 90)
HF = {"learning_rate": 0.1, "lr_scheduler_type": "cosine", "max_steps": 100, "warmup_steps": 10}
TITAN = {"lr_scheduler": {"warmup_steps": 10}, "optimizer": {"lr": 0.1}, "training": {"steps": 100}}
SCHEDULER = {"type": "WarmupLR", "params": {"warmup_max_lr": 0.1, "warmup_num_steps": 10}}
MMENGINE = {
    "param_scheduler": {"type": "StepLR", "step_size": 30, "by_epoch": False},
    "optim_wrapper": {"optimizer": {"lr": 0.1}}, "auto_scale_lr": {"enable": True}, "train_cfg": {"max_iters": 100},
}  # fmt: skip
MM = {key: value for key, value in MMENGINE.items() if key != "auto_scale_lr"}
LIGHTNING = CONFIGS / "lightning.yaml"

# A code; a source and steps that have it; the step, and what the text begins with; a source and steps that have not.
FINDINGS = [
    ("first-zero", gp.linear(0.0, 0.1, 10) >> COSINE, 100, 0, "the first update has rate 0", WARMUP >> COSINE, 100),
    ("first-zero", CONFIGS / "ds_config.json", 100, 0, "the first 2 updates have rate 0", TITAN, 100),
    ("first-zero", gp.constant(0.0), 9, 0, "all updates have rate 0", gp.constant(0.1), 9),
    ("first-minimum", (WARMUP >> COSINE + 0.01).delay(1), 100, 0, "the first 2 updates have the least rate, 0.01",
     WARMUP >> COSINE + 0.01, 100),
    ("too-long", WARMUP >> COSINE, 60, 59,
     "40% of the curve is never reached: the last update has 0.0430413, its end 0",
     WARMUP >> COSINE, 100),
    ("too-short", WARMUP >> COSINE, 150, 100, "the curve ends at step 100; 50 updates (33%) follow at 0",
     WARMUP >> COSINE, 101),
    ("too-short", CONFIGS / "maxtext.yml", 120, 101, "the curve ends at step 101; 19 updates (16%) follow at 0",
     gp.linear(0.0, 0.1, 10) >> gp.constant(0.1), 120),
    ("climbs", HF, 150, 100, "the rate climbs from 0 at step 100 to 0.0569", HF, 100),
    ("climbs", gp.triangle(0.0, 0.1, 10), 28, 20, "the rate climbs", gp.triangle(0.0, 0.1, 10), 40),
    ("still-rising", WARMUP >> COSINE, 8, 7, "the last update has the largest rate, 0.073: the warm-up is not over",
     WARMUP >> COSINE, 11),
    ("negative", TITAN, 105, 101, "the rate is negative, -0.00111111", TITAN, 100),
    ("not-finite", gp.replay("torch.ExponentialLR", base_lr=1.0, gamma=1e200), 9, 2, "the rate is inf",
     gp.replay("torch.ExponentialLR", base_lr=1.0, gamma=2.0), 9),
    ("above-peak", {**HF, "lr_scheduler_type": "cosine_with_min_lr", "lr_scheduler_kwargs": {"min_lr": 0.2}}, 100, 11,
     "the rate is above the peak of 0.1: 0.1000", HF, 100),
    ("milestone-missed", CONFIGS / "detectron2.yaml", 70_000, 80_000,
     "the milestone at step 80,000 is never reached: the run has 70,000 updates", CONFIGS / "detectron2.yaml", 90_000),
    ("milestone-missed", gp.piecewise_constant([0.1, 0.05], [30]).by_epoch(10) * gp.linear(0.1, 1.0, 5), 100, 300,
     "the milestone at step 300", gp.piecewise_constant([0.1, 0.05], [3]).by_epoch(10), 100),
    ("milestone-missed", CONFIGS / "ds_torch.json", 40, 60, "the milestone at step 60", CONFIGS / "ds_torch.json", 90),
    ("milestone-missed", (gp.linear(0.0, 1.0, 5) >> gp.piecewise_constant([1.0, 0.5], [9])).delay(2).skip(1), 15, 15,
     "the milestone at step 15", (gp.linear(0.0, 1.0, 5) >> gp.piecewise_constant([1.0, 0.5], [9])).delay(2).skip(1),
     16),
    ("jump", gp.cosine_restarts(0.1, 0.0, 100), 250, 100, "the rate jumps from 2.4672e-05 to 0.1, and 1 more such",
     COSINE, 90),
    ("jump", gp.piecewise_constant([1.0, 0.01], [5]), 9, 5, "the rate jumps from 1 to 0.01",
     gp.piecewise_constant([1.0, 0.1], [5]), 9),
    ("epochs-for-steps", COSINE, 45_000, 90,
     "the curve ends at step 90, and the run has 45,000 updates, 500 times as many",
     COSINE.by_epoch(500), 45_000),
    ("epochs-for-steps", WARMUP >> gp.cosine(0.1, 0.0, 90_000), 90, 90,
     "the curve has 90,010 steps, 1,000 times the 90 of the run", WARMUP >> gp.cosine(0.1, 0.0, 80), 90),
    ("epochs-for-steps", gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=90), 35_190, 90,
     "the curve ends at step 90, and the run has 35,190 updates, 391 times as many",
     gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=35_190), 35_190),
    ("epochs-for-steps", gp.piecewise_constant([0.1, 0.01, 0.001], [30, 60]), 35_190, 60,
     "the last milestone is step 60", gp.piecewise_constant([0.1, 0.01, 0.001], [30, 60]).by_epoch(391), 35_190),
    ("too-long", gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=90), 50, 49,
     "44% of the curve is never reached", gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=90), 90),
    ("climbs", HF, 400, 100, "the rate climbs again after the curve's end, from 0 to 0.1", HF, 100),
    ("too-short", {**HF, "lr_scheduler_type": "linear"}, 400, 100,
     "the curve ends at step 100; 300 updates (75%) follow", {**HF, "lr_scheduler_type": "constant_with_warmup"}, 400),
    ("micro-steps", {**HF, "gradient_accumulation_steps": 4}, 25, 25,
     "the curve has 100 steps and the run 25: 4 times as many", {**HF, "gradient_accumulation_steps": 4}, 100),
    ("overridden", {**HF, "deepspeed": {"scheduler": SCHEDULER}}, 100, None,
     "`scheduler` in `deepspeed` overrides `lr_scheduler_type`, which is 'cosine'", {**HF, "deepspeed": {}}, 100),
    ("deprecated", {**HF, "warmup_steps": 0, "warmup_ratio": 0.1}, 100, None,
     "transformers does not know `warmup_ratio`",
     HF, 100),
    ("ignored", {**HF, "lr_scheduler_type": "constant"}, 100, None, "`constant` has no warm-up", HF, 100),
    ("ignored", {**HF, "warmup_ratio": 0.1}, 100, None, "`warmup_ratio` counts for nothing beside `warmup_steps`",
     HF, 100),
    ("ignored", MMENGINE, 100, None, "`auto_scale_lr` is on", MM, 100),
    ("unit", LIGHTNING, 900, None, "Lightning steps this scheduler once an epoch", CONFIGS / "ds_torch.json", 100),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "source", "steps", "step", "text", "clean", "its_steps"),
    FINDINGS, ids=lambda value: value if isinstance(value, str) and value in checking.CODES else "",
)  # fmt: skip
def test_a_finding_is_where_it_is_and_nowhere_else(code, source, steps, step, text, clean, its_steps):
    known = {"steps_per_epoch": 10} if source == LIGHTNING else {}
    (found,) = (finding for finding in gp.check(source, steps, **known) if finding.code == code)
    assert (found.step, found.text[: len(text)]) == (step, text)
    assert found.fix
    assert code not in {finding.code for finding in gp.check(clean, its_steps)}
    assert code not in {finding.code for finding in gp.check(source, steps, allow=[code], **known)}


def test_every_code_has_a_case_and_a_row_in_the_document():
    assert {row[0] for row in FINDINGS} == checking.CODES.keys()
    text = (ROOT / "docs" / "configs.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|$", text, re.MULTILINE)).items() >= checking.CODES.items()


def test_good_schedules_have_no_findings():
    assert gp.check(WARMUP >> COSINE) == []
    assert gp.check(gp.wsd(0.1, 1_000, warmup=10, decay=100).skip(1), 999) == []
    assert gp.check(gp.piecewise_constant([0.1, 0.01, 0.001], [30, 60]), 90) == []
    assert gp.check(gp.linear(0.0, 0.1, 5) >> gp.constant(0.1), 9, allow="first-zero") == []
    assert gp.check(gp.linear(0.1, 0.0, 9)) == []  # the last step falls to 0, as all others fall
    assert gp.check((WARMUP >> gp.cosine(0.1, 0.0, 10**9 - 10)), 10**9) == []


def test_a_long_run_is_sampled_and_its_edges_are_seen():
    curve = gp.linear(0.01, 0.1, 10**6).then(gp.constant(0.1), at=10**6).then(gp.constant(0.001), at=10**9 + 7)
    assert [(one.code, one.step) for one in gp.check(curve, 2 * 10**9, allow=["too-short"])] == [("jump", 10**9 + 7)]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"steps": None}, ValueError,
         ("`check.steps`: got nothing; the schedule has no end, so the length of the run must be given. "
          "Pass `steps=`.")),
        ({"steps": 0}, ValueError, "`check.steps`: got 0; it must be a whole number from 1 to 2**53."),
        ({"steps": 9, "jump": 1.0}, ValueError, "`check.jump`: got 1.0; it must be a factor above 1. Write `jump=10`."),
        ({"steps": 9, "allow": ["climb"]}, ValueError,
         "`check.allow`: got 'climb'; it must be the code of a finding. Did you mean 'climbs'?"),
    ],
)  # fmt: skip
def test_wrong_arguments(arguments, error, message):
    with pytest.raises(error) as caught:
        gp.check(gp.constant(0.1), **arguments)
    assert str(caught.value) == message


def command(*arguments):
    line = [sys.executable, "-m", "glidepath", "check", *arguments]
    return subprocess.run(line, cwd=CONFIGS, capture_output=True, text=True, check=False)


def test_the_command_ends_with_1_if_there_are_findings():
    found = command("training_args.json", "--steps", "100")
    assert found.returncode == 1
    assert found.stdout == (
        "training_args.json: step 0: first-zero: the first update has rate 0. "
        "Write `schedule.skip(1)`, or begin above 0.\n"
    )
    allowed = command("training_args.json", "--steps", "100", "--allow", "first-zero")
    assert (allowed.returncode, allowed.stdout) == (0, "")
    as_json = command("training_args.json", "--json")
    assert json.loads(as_json.stdout) == [
        {
            "code": "first-zero",
            "text": "the first update has rate 0",
            "step": 0,
            "fix": "Write `schedule.skip(1)`, or begin above 0.",
        }
    ]
    wrong = command("training_args.json", "--allow", "zero")
    assert wrong.returncode == 2
