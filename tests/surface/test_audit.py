"""gp.audit: logs that agree, that are shifted, scaled or of another schedule; the formats; runs of the HF Trainer."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

import glidepath as gp

LR = gp.linear(0.0, 0.1, 50) >> gp.cosine(0.1, 0.0, 950)
STEPS = range(0, 1_000, 10)


def codes(audit):
    return [(finding.code, finding.step) for finding in audit.findings]


@pytest.mark.parametrize("lag", [0, 1])
def test_a_log_of_the_schedule_agrees(lag):
    audit = gp.audit([(step, LR[step - lag]) for step in STEPS if step], LR)
    assert (audit.agrees, audit.lag, audit.rows, audit.steps) == (True, lag, 99, (10, 990))


@pytest.mark.parametrize("digits", ["%.2e", "%.6f", "%.17g", "%.8g"])
def test_a_log_agrees_within_its_own_precision(digits, tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,lr\n" + "".join(f"{step},{digits % LR[step]}\n" for step in STEPS))
    assert gp.audit(path, LR).agrees
    other = gp.linear(0.0, 0.1, 50) >> gp.cosine(0.1, 0.004, 950)
    assert not gp.audit(path, other).agrees


def test_a_resume_that_begins_again_is_a_shift():
    rows = [(step, LR[step]) for step in STEPS if step < 600] + [
        (step, LR[step - 600]) for step in STEPS if step >= 600
    ]
    audit = gp.audit(rows, LR)
    assert codes(audit) == [("shifted", 600)]
    assert str(audit).splitlines()[1] == (
        "step 600: shifted: from here on the log has the schedule 600 steps late, from its beginning: "
        f"at step 600 it has 0, the schedule {LR[600]:g}. "
        "The run was resumed without its scheduler: load the scheduler's state."
    )


@pytest.mark.parametrize("shift", [-100, -7, 1, 33])
def test_a_shift_is_told_in_steps_and_the_way_back_too(shift):
    rows = [(step, LR[step + (shift if 300 <= step < 700 else 0)]) for step in STEPS]
    audit = gp.audit(rows, LR)
    assert codes(audit) == [("shifted", 300), ("back", 700)]
    word = "late" if shift < 0 else "early"
    assert f"the schedule {abs(shift)} step{'s' if abs(shift) > 1 else ''} {word}:" in audit.findings[0].text


def test_another_base_rate_and_another_schedule():
    assert codes(gp.audit([(step, LR[step] * 2) for step in STEPS], LR)) == [("scaled", 10)]
    assert codes(gp.audit([(step, LR[step] * (0.5 if step >= 500 else 1)) for step in STEPS], LR)) == [("scaled", 500)]
    one = gp.audit([(step, LR[step] + 0.001 * (step == 500)) for step in STEPS], LR)
    assert codes(one) == [("differs", 500)]
    assert one.findings[0].text == (
        f"1 row from here on leave the schedule: {LR[500] + 0.001:g} where it has {LR[500]:g}, 0.001 apart, "
        f"{0.001 / LR[500]:.2g} of it"
    )
    assert codes(gp.audit([(step, 0.03) for step in STEPS], LR))[0] == ("differs", 0)


@pytest.mark.parametrize("lag", [0, 1])
def test_a_factor_is_one_finding_whatever_the_lag(lag):
    line = gp.linear(1e-3, 0.0, 1_000)
    for schedule, steps in ((LR, STEPS), (line, range(1, 1_000))):
        audit = gp.audit([(step, 2 * schedule[step - lag]) for step in steps if step], schedule)
        assert [finding.code for finding in audit.findings] == ["scaled"]
        assert "are 2 times the schedule" in audit.findings[0].text
        assert audit.lag == lag


@pytest.mark.parametrize("times", [2, 4, 8])
def test_a_scheduler_that_is_stepped_several_times_at_each_update(times):
    audit = gp.audit([(step, LR[times * (step - 1)]) for step in range(1, 1_000 // times, 5)], LR)
    assert codes(audit) == [("faster", 1)]
    assert f"each update makes {times} of its steps" in audit.findings[0].text


def test_a_counter_that_began_again_is_a_shift():
    assert codes(gp.audit([(step, LR[step + 300]) for step in range(10, 300, 10)], LR)) == [("shifted", 10)]


def test_short_numbers_and_wrong_ones_widen_nothing():
    assert not gp.audit([(step, 0.0) for step in range(9)], gp.cosine(3e-4, 0.0, 100)).agrees
    assert not gp.audit([(step, 1e-4) for step in range(9)], gp.constant(1.4e-4)).agrees
    rows = [(step, 1.5 * LR[step]) for step in STEPS]
    assert codes(gp.audit([*rows, (9, 1e9)], LR))[0] == ("scaled", 10)
    line = gp.linear(0.0, 0.1, 100)
    late = [(step, line[step]) for step in range(4)] + [(step, line[step - 1]) for step in range(4, 30)]
    assert not gp.audit(late, line).agrees


def test_a_log_alone():
    rows = [(step, LR[step]) for step in STEPS]
    assert gp.audit(rows).agrees
    again = gp.audit(rows[:50] + rows[40:])
    assert codes(again) == [("resumed", 400)]
    assert again.findings[0].text == "the steps go back from 490 to 400"
    assert gp.audit(rows[:50] + rows[40:], LR).agrees


def test_the_formats(tmp_path):
    rows = [(step, LR[step]) for step in STEPS]
    (tmp_path / "a.jsonl").write_text(
        "\n".join(json.dumps({"iter": step, "lr": rate, "loss": 1.0}) for step, rate in rows)
    )
    (tmp_path / "b.csv").write_text("epoch,update,rate\n" + "".join(f"0,{step},{rate!r}\n" for step, rate in rows))
    history = [{"step": step, "learning_rate": rate} for step, rate in rows] + [{"step": 990, "eval_loss": 2.0}]
    (tmp_path / "trainer_state.json").write_text(json.dumps({"max_steps": 1000, "log_history": history}))
    assert gp.audit(tmp_path / "a.jsonl", LR).agrees
    assert gp.audit(tmp_path / "b.csv", LR, rate_column="rate").agrees
    lines = "\n".join(json.dumps({"current_steps": step, "lr": rate}) for step, rate in rows)
    (tmp_path / "lines.json").write_text(lines)  # as mmengine, detectron2 and LLaMA-Factory name it
    assert gp.audit(tmp_path / "lines.json", LR).agrees
    padded = "\ufeff   epoch,      x/lr0\n" + "".join(f" {step}, {rate!r}\n" for step, rate in rows)
    (tmp_path / "padded.csv").write_text(padded, encoding="utf-8")
    assert gp.audit(tmp_path / "padded.csv", LR, step_column="epoch", rate_column="x/lr0").agrees
    (tmp_path / "a.tsv").write_text("step\tlr\n" + "".join(f"{step}\t{rate!r}\n" for step, rate in rows))
    assert gp.audit(tmp_path / "a.tsv", LR).agrees
    # The length of the run is in the log.
    config = {"learning_rate": 0.1, "lr_scheduler_type": "cosine", "warmup_steps": 50, "num_train_epochs": 3}
    assert gp.audit(tmp_path / "trainer_state.json", config).agrees


def test_event_files_of_tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    torch = pytest.importorskip("torch")
    assert torch is not None
    writer = pytest.importorskip("torch.utils.tensorboard").SummaryWriter(tmp_path)
    for step in STEPS:
        writer.add_scalar("train/lr", LR[step], step)
        writer.add_scalar("loss", 1.0, step)
    writer.close()
    (path,) = tmp_path.iterdir()
    audit = gp.audit(path, LR)
    assert (audit.agrees, audit.rows) == (True, 100)
    assert gp.audit(tmp_path, LR).agrees  # the folder
    with pytest.raises(ValueError, match=r"`rate_column`: got 'rate'; .* has train/lr, loss. Take one of them"):
        gp.audit(path, LR, rate_column="rate")


@pytest.fixture
def usual_csv_limit():
    """The longest cell that Python's csv reads, as it is at first: `import mindspore` raises it for all."""
    before = csv.field_size_limit(1 << 17)
    yield
    csv.field_size_limit(before)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "step,loss\n1,2\n",
         "`a.csv`: got step, loss; none of them is the rate. Pass `rate_column=`, or `--rate-column` to the command."),
        ("a.csv", "", ("`a.csv`: got no column; none of them is the rate. "
         "Pass `rate_column=`, or `--rate-column` to the command.")),
        ("a.csv", "step,lr\n1,\n", "`a.csv`: got 1 rows; no row has both, `step` and `lr`. Check the columns."),
        ("a.csv", "step,lr\n1,x\n", "`a.csv: row 1: lr`: got 'x'; it must be a number. Correct it."),
        ("a.csv", "step,lr\nnan,1\n",
         "`a.csv: row 1: step`: got nan; a step is a whole number from 0 to 2**53. Correct it."),
        ("a.csv", "step,lr,lr\n1,1,2\n",
         ("`a.csv`: got `lr` twice; each key may stand once: readers differ in which value they take. "
         "Remove one of the two.")),
        ("a.jsonl", '{"step": 1, "lr": 1}\n{"step": 1, "lr": 1, "lr": 2}\n',
         ("`a.jsonl: line 2`: got `lr` twice; each key may stand once: readers differ in which value they take. "
         "Remove one of the two.")),
        ("a.json", '{"log_history": [{"step": 1, "learning_rate": 1, "step": 2}]}',
         ("`a.json`: got `step` twice; each key may stand once: readers differ in which value they take. "
         "Remove one of the two.")),
        ("a.csv", "step,lr\n1.5,1\n",
         "`a.csv: row 1: step`: got 1.5; a step is a whole number from 0 to 2**53. Correct it."),
        ("a.csv", "step,lr\n-1,1\n",
         "`a.csv: row 1: step`: got -1; a step is a whole number from 0 to 2**53. Correct it."),
        ("a.json", "[" * 100_000, ("a.json: not a log that can be read: too many levels inside one another. "
         "Check that it is the right file.")),
        ("a.csv", "step,lr\n1," + "9" * 200_000 + "\n", None),
        ("a.json", "{",
         "a.json: not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("a.json", '{"a": 1}',
         ("`a.json`: got something else; it must be a trainer_state.json, a list of records, a .csv, "
         "JSON lines, or an event file of TensorBoard. Check that it is the right file.")),
        ("a.jsonl", '{"step": 1}\n[]',
         ("`a.jsonl`: got something else; it must be a trainer_state.json, a list of records, "
         "a .csv, JSON lines, or an event file of TensorBoard. Check that it is the right file.")),
    ],
)  # fmt: skip
def test_a_log_that_cannot_be_read(name, content, message, tmp_path, monkeypatch, usual_csv_limit):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError) as caught:
        gp.audit(name, LR)
    assert message is None or str(caught.value) == message
    assert str(caught.value).strip("`").startswith(name)


def test_the_command_ends_with_1_where_the_log_leaves_the_schedule(tmp_path):
    def command(*arguments):
        line = [sys.executable, "-m", "glidepath", "audit", *arguments]
        return subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)

    log = tmp_path / "log.csv"
    log.write_text("step,lr\n" + "".join(f"{step},{LR[step]!r}\n" for step in STEPS))
    right = command("log.csv", repr(LR).replace("gp.", ""))
    assert (right.returncode, right.stdout) == (
        0, "log.csv: 100 rates, of the steps 0 to 990\nall are those of the schedule\n"
    )  # fmt: skip
    wrong = command("log.csv", "constant(0.1)", "--json")
    assert wrong.returncode == 1
    assert json.loads(wrong.stdout)["findings"][0]["code"] == "differs"
    assert command("log.csv").stdout == "log.csv: 100 rates, of the steps 0 to 990\n"
    assert command("none.csv", "constant(0.1)").stderr == "glidepath: none.csv: No such file or directory\n"


# Real runs.


def train(folder, steps, resume=None):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(2, 1)

        def forward(self, x, labels):
            return {"loss": ((self.layer(x) - labels) ** 2).mean()}

    data = [{"x": torch.ones(2), "labels": torch.ones(1)} for _ in range(16)]
    arguments = transformers.TrainingArguments(
        output_dir=str(folder), max_steps=steps, learning_rate=0.1, lr_scheduler_type="cosine", warmup_steps=5,
        per_device_train_batch_size=4, logging_steps=1, save_steps=10, report_to=[], use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    transformers.Trainer(model=Model(), args=arguments, train_dataset=data).train(resume_from_checkpoint=resume)
    return arguments


@pytest.mark.filterwarnings("ignore")  # of transformers and torch, which are many
def test_the_log_of_the_hf_trainer_and_of_a_resume_that_lost_the_scheduler(tmp_path):
    arguments = train(tmp_path, 40)
    config = tmp_path / "arguments.json"
    config.write_text(arguments.to_json_string())
    audit = gp.audit(tmp_path / "checkpoint-40" / "trainer_state.json", config)
    assert (audit.agrees, audit.lag, audit.rows) == (True, 1, 40)
    (tmp_path / "checkpoint-20" / "scheduler.pt").unlink()
    train(tmp_path, 40, resume=str(tmp_path / "checkpoint-20"))
    lost = gp.audit(tmp_path / "checkpoint-40" / "trainer_state.json", config)
    assert codes(lost) == [("shifted", 21)]
    assert "the schedule 20 steps late, from its beginning" in lost.findings[0].text
    assert np.isfinite(lost.rows)


# What real logs have.


@pytest.mark.parametrize("columns", [
    ("lr", "learning_rate"), ("lr-AdamW/pg1", "lr-AdamW/pg2"), ("train/learning_rate", "lr"), ("lr/pg0", "lr/pg1"),
])  # fmt: skip
def test_several_columns_that_may_be_the_rate(columns, tmp_path):
    path = tmp_path / "a.csv"
    rows = [(step, *(LR[step] * (place + 1) for place in range(len(columns)))) for step in STEPS]
    path.write_text("\n".join([",".join(["step", *columns]), *(",".join(map(repr, row)) for row in rows), ""]))
    lines = tmp_path / "a.jsonl"
    lines.write_text("\n".join(json.dumps(dict(zip(("step", *columns), row, strict=True))) for row in rows))
    for log in (path, lines):
        with pytest.raises(ValueError) as caught:
            gp.audit(log, LR)
        assert str(caught.value) == (
            f"`{log}`: got {', '.join(columns)}; each may be the rate. "
            "Pass `rate_column=`, or `--rate-column` to the command."
        )
        assert gp.audit(log, LR, rate_column=columns[0]).agrees
    same = [(step, *[LR[step]] * len(columns)) for step in STEPS]
    path.write_text("\n".join([",".join(["step", *columns]), *(",".join(map(repr, row)) for row in same), ""]))
    assert gp.audit(path, LR).agrees  # whichever is taken


def test_several_columns_that_may_be_the_step(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("_step,train/global_step,lr\n" + "".join(f"{2 * step},{step},{LR[step]!r}\n" for step in STEPS))
    with pytest.raises(ValueError, match=r"got _step, train/global_step; each may be the step\. Pass `step_column=`"):
        gp.audit(path, LR)
    assert gp.audit(path, LR, step_column="train/global_step").agrees


def test_the_monitor_of_lightning_and_the_export_of_wandb(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text(
        "epoch,lr-AdamW,lr-AdamW-momentum,lr-AdamW-weight_decay,step,train_loss,val_loss\n"
        + "".join(f",{LR[step]!r},0.9,0.01,{step},,\n0,,,,{step},1.0,\n" for step in STEPS)
        + "0,,,,990,,0.5\n"
    )
    assert (gp.audit(path, LR).agrees, gp.audit(path, LR).rows) == (True, 100)
    path.write_text(
        '"Step","run-1 - train/learning_rate","run-1 - train/learning_rate__MIN","run-1 - train/learning_rate__MAX"\n'
        + "".join(f'"{step}","{LR[step]!r}","{LR[step]!r}","{LR[step]!r}"\n"{step + 1}","","",""\n' for step in STEPS)
    )
    assert (gp.audit(path, LR).agrees, gp.audit(path, LR).rows) == (True, 100)


@pytest.mark.parametrize("written", ["NaN", "nan", "inf", "1e999"])
def test_a_rate_that_is_not_finite_is_one_finding(written, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "step,lr\n" + "".join(f"{step},{written if step in (50, 90) else repr(LR[step])}\n" for step in STEPS)
    )
    audit = gp.audit(path, LR)
    assert [str(finding) for finding in audit.findings] == [
        (
            f"step 50: not-a-rate: the logged rate is {written}; 2 rows in all have no finite rate. "
            "Check the run there; where the log has no rate, leave the cell empty."
        )
    ]
    assert (audit.rows, audit.lag) == (98, 0)
    assert codes(gp.audit([(step, LR[step]) for step in STEPS] + [(995, float("nan"))], LR)) == [("not-a-rate", 995)]
    assert codes(gp.audit([(3, float("inf"))], LR)) == [("not-a-rate", 3)]
    history = [{"step": 1, "learning_rate": float("nan")}, {"step": 10, "learning_rate": LR[10]}]
    (tmp_path / "trainer_state.json").write_text(json.dumps({"log_history": history}))
    assert codes(gp.audit(tmp_path / "trainer_state.json", LR)) == [("not-a-rate", 1)]


def test_rows_without_a_rate_count_for_nothing(tmp_path):
    path = tmp_path / "trainer_state.json"
    evaluated = [{"epoch": 1.0, "eval_loss": 2.0, "step": step} for step in STEPS]
    logged = [{"epoch": 1.0, "learning_rate": LR[step], "loss": 1.0, "step": step} for step in STEPS]
    both = [one for pair in zip(logged, evaluated, strict=True) for one in pair]
    path.write_text(json.dumps({"log_history": [*both, {"step": 990, "train_runtime": 1.0, "learning_rate": None}]}))
    assert (gp.audit(path, LR).agrees, gp.audit(path, LR).rows) == (True, 100)
    table = tmp_path / "a.csv"
    table.write_text("step,lr\n" + "".join(f"{step},{LR[step]!r}\n{step}, \n{step},None\n\n" for step in STEPS))
    assert (gp.audit(table, LR).agrees, gp.audit(table, LR).rows) == (True, 100)


def test_a_log_that_a_kill_has_cut_off(tmp_path):
    rows = [(step, LR[step]) for step in STEPS]
    lines = "\n".join(json.dumps({"step": step, "lr": rate}) for step, rate in rows)
    table = "step,loss,lr\n" + "".join(f"{step},1.0,{rate!r}\n" for step, rate in rows)
    records = ",\n".join(json.dumps({"step": step, "learning_rate": rate, "loss": 1.0}) for step, rate in rows)
    for name, text, left in (
        ("a.jsonl", lines[:-5], "the last row is cut off, and was left out"),
        ("a.json", lines[:-5], "the last row is cut off, and was left out"),
        ("a.csv", table[:-4], "the last row is cut off, and was left out"),
        ("b.csv", table[: table.rfind(",") - 1], "the last row is cut off, and was left out"),
        ("trainer_state.json", f'{{"best_metric": null, "log_history": [\n{records}'[:-3],
         "the end of the file is cut off, and was left out"),
    ):  # fmt: skip
        (tmp_path / name).write_text(text)
        audit = gp.audit(tmp_path / name, LR)
        assert (audit.agrees, audit.rows, audit.notes) == (True, 99, [left]), name
        assert str(audit).endswith(f"all are those of the schedule\n{left}")
    (tmp_path / "whole.csv").write_text(table[:-1])  # only the line's end is missing
    whole = gp.audit(tmp_path / "whole.csv", LR)
    assert (whole.agrees, whole.rows, whole.notes) == (True, 100, [])
    middle = lines.split("\n")
    middle[3] = middle[3][:-4]
    (tmp_path / "middle.jsonl").write_text("\n".join(middle))
    with pytest.raises(ValueError, match=r"middle\.jsonl: line 4: not JSON"):
        gp.audit(tmp_path / "middle.jsonl", LR)
