"""Runs that are resumed with another plan, in torch, Lightning, Accelerate and the HF Trainer; which steps count."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from test_torch_clients import ANY_WARNING, X, Y, client, model  # noqa: E402

import glidepath as gp  # noqa: E402
import glidepath.torch as gt  # noqa: E402
from helpers import assert_same  # noqa: E402

pytestmark = ANY_WARNING

OLD = gp.warmup_cosine(0.1, 12, 4, end=0.01)
SAVED = 6
LR = ("lr",)


class Run:
    """A run in one framework: `go` trains from a step to a later one, and saves a checkpoint there."""

    def __init__(self, folder, accumulate=1):
        self.folder, self.accumulate, self.used = folder, accumulate, []

    def parts(self, scheduler, names):
        """A new process's net, optimizer and scheduler. `used` gets what each update of the optimizer uses."""
        net = model()
        groups = [{"params": [net.weight]}, {"params": [net.bias]}]
        optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9, weight_decay=0.01)
        optimizer.register_step_pre_hook(
            lambda held, _args, _kwargs: self.used.append([group[n] for group in held.param_groups for n in names])
        )
        return net, optimizer, scheduler(optimizer)


def infinite_at(parameter, at):
    """Make a parameter's gradient infinite in some backward passes, as half precision does."""
    passes = iter(range(10**6))
    parameter.register_hook(lambda gradient: gradient * float("inf") if next(passes) in at else gradient)


class Torch(Run):
    def go(self, start, stop, scheduler, names=LR):
        net, optimizer, scheduler = parts = self.parts(scheduler, names)
        if start:
            for part, state in zip(parts, torch.load(self.folder / f"{start}.pt", weights_only=True), strict=True):
                part.load_state_dict(state)
        for _ in range(start, stop):
            optimizer.zero_grad()
            for _ in range(self.accumulate):
                (torch.nn.functional.mse_loss(net(X), Y) / self.accumulate).backward()
            optimizer.step()
            scheduler.step()
        torch.save([part.state_dict() for part in parts], self.folder / f"{stop}.pt")


class Lightning(Run):
    def go(self, start, stop, scheduler, names=LR, infinite=(), **options):
        lightning = client("lightning")
        net, optimizer, scheduler = self.parts(scheduler, names)
        infinite_at(net.weight, infinite)

        class Module(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = net

            def training_step(self, batch, _):
                return torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])

            def configure_optimizers(self):
                return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

        trainer = lightning.Trainer(
            max_steps=stop, accumulate_grad_batches=self.accumulate, accelerator="cpu", logger=False,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            default_root_dir=self.folder, **options,
        )  # fmt: skip
        data = torch.utils.data.TensorDataset(X.repeat(self.accumulate, 1), Y.repeat(self.accumulate, 1))
        loader = torch.utils.data.DataLoader(data, batch_size=len(X))
        trainer.fit(Module(), loader, ckpt_path=self.folder / f"{start}.ckpt" if start else None)
        trainer.save_checkpoint(self.folder / f"{stop}.ckpt")


class Accelerate(Run):
    def go(self, start, stop, scheduler, names=LR, *, prepare=True, split_batches=False):
        accelerate = client("accelerate")
        accelerator = accelerate.Accelerator(
            cpu=True, gradient_accumulation_steps=self.accumulate,
            dataloader_config=accelerate.DataLoaderConfiguration(split_batches=split_batches),
        )  # fmt: skip
        net, optimizer, scheduler = self.parts(scheduler, names)
        net, optimizer = accelerator.prepare(net, optimizer)
        if prepare:
            scheduler = accelerator.prepare(scheduler)
        else:
            accelerator.register_for_checkpointing(scheduler)
        if start:
            accelerator.load_state(self.folder / f"{start}")
        for _ in range((stop - start) * self.accumulate):
            with accelerator.accumulate(net):
                accelerator.backward(torch.nn.functional.mse_loss(net(X), Y))
                optimizer.step()
                if prepare or (accelerator.sync_gradients and not accelerator.optimizer_step_was_skipped):
                    scheduler.step()
                optimizer.zero_grad()
        accelerator.save_state(self.folder / f"{stop}")


class Trainer(Run):
    def go(self, start, stop, scheduler, names=LR):
        transformers = client("transformers")
        net, optimizer, scheduler = self.parts(scheduler, names)

        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.net = net

            def forward(self, x, y):
                return {"loss": torch.nn.functional.mse_loss(self.net(x), y)}

        arguments = transformers.TrainingArguments(
            output_dir=str(self.folder), max_steps=stop, gradient_accumulation_steps=self.accumulate, save_steps=stop,
            per_device_train_batch_size=len(X), use_cpu=True, report_to=[], logging_strategy="no", disable_tqdm=True,
            remove_unused_columns=False, max_grad_norm=0.0,
        )  # fmt: skip
        data = [{"x": x, "y": y} for x, y in zip(X, Y, strict=True)] * self.accumulate
        trainer = transformers.Trainer(
            model=Net(), args=arguments, train_dataset=data, optimizers=(optimizer, scheduler)
        )
        trainer.train(resume_from_checkpoint=str(self.folder / f"checkpoint-{start}") if start else None)


frameworks = pytest.mark.parametrize("framework", [Torch, Lightning, Accelerate, Trainer])


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def follows(lr, on_change="error", **others):
    return lambda optimizer: gt.Scheduler(optimizer, lr=lr, on_change=on_change, **others)


def assert_used(run, *schedules):
    """Each update of the optimizer used the schedules' values, in bits."""
    used = np.array(run.used)
    for column, schedule in zip(used.T, schedules, strict=True):
        assert_same(column.copy(), schedule.array(len(used)), schedule)


@frameworks
@pytest.mark.parametrize(
    ("plan", "stop"),
    [
        pytest.param(OLD.extend(at=SAVED, steps=20), 20, id="extend"),
        pytest.param(OLD.extend(at=9, steps=20), 20, id="extend from a later step"),
        pytest.param(OLD.cooldown(at=SAVED, steps=10, shape="sqrt"), 10, id="cooldown"),
        pytest.param(OLD.then(gp.constant(OLD[12]), at=12), 15, id="hold"),
    ],
)
def test_a_resumed_run_uses_the_values_of_its_new_plan(framework, plan, stop, tmp_path):
    run = framework(tmp_path)
    run.go(0, SAVED, follows(OLD))
    run.go(SAVED, stop, follows(plan, "keep"))
    assert len(run.used) == stop
    assert_used(run, plan, plan)


@frameworks
def test_a_plan_that_changes_the_past_counts_from_the_checkpoint_on(framework, tmp_path):
    longer = gp.warmup_cosine(0.1, 24, 4)
    run = framework(tmp_path)
    run.go(0, SAVED, follows(OLD))
    run.go(SAVED, 24, follows(longer, "keep"))
    plan = OLD.then(longer.skip(SAVED), at=SAVED)
    assert plan[SAVED] != OLD[SAVED]
    assert_used(run, plan, plan)


@frameworks
def test_a_run_is_extended_and_then_cooled_down(framework, tmp_path):
    longer = OLD.extend(at=SAVED, steps=24)
    last = longer.cooldown(at=14, steps=18, shape="cosine")
    run = framework(tmp_path)
    run.go(0, SAVED, follows(OLD))
    run.go(SAVED, 14, follows(longer, "keep"))
    run.go(14, 18, follows(last, "keep"))
    assert len(run.used) == 18
    assert_used(run, last, last)


@frameworks
def test_two_branches_of_one_checkpoint(framework, tmp_path):
    """The cooldown is a branch: the trunk goes on from the same checkpoint."""
    trunk = gp.linear(0.0, 0.1, 4) >> gp.constant(0.1)
    run = framework(tmp_path)
    run.go(0, SAVED, follows(trunk))
    run.go(SAVED, 8, follows(trunk.cooldown(at=SAVED, steps=8), "keep"))
    branch, run.used = run.used, run.used[:SAVED]
    run.go(SAVED, 12, follows(trunk))
    assert_used(run, trunk, trunk)
    assert [rates[0] for rates in branch[SAVED:]] == [0.1, 0.05]


@frameworks
def test_decay_momentum_and_the_groups_change_too(framework, tmp_path):
    def scheduler(lr, on_change="error"):
        momentum = gp.linear(0.85, 0.95, lr.steps)
        return follows([lr, 0.1 * lr], on_change, weight_decay=0.1 * lr, momentum=[momentum, None])

    new = OLD.extend(at=SAVED, steps=20)
    run = framework(tmp_path)
    run.go(0, SAVED, scheduler(OLD), ("lr", "weight_decay", "momentum"))
    run.go(SAVED, 20, scheduler(new, "keep"), ("lr", "weight_decay", "momentum"))
    momentum = gp.linear(0.85, 0.95, OLD.steps).then(gp.linear(0.85, 0.95, 20).skip(SAVED), at=SAVED)
    assert_used(run, new, 0.1 * new, momentum, 0.1 * new, 0.1 * new, gp.constant(0.9))


@pytest.mark.parametrize(
    ("framework", "options"),
    [(Torch, {}), (Lightning, {}), (Accelerate, {}), (Accelerate, {"prepare": False}), (Trainer, {})],
)
def test_with_accumulated_gradients_a_step_is_an_update(framework, options, tmp_path):
    plan = OLD.extend(at=SAVED, steps=16)
    run = framework(tmp_path, accumulate=3)
    run.go(0, SAVED, follows(OLD), **options)
    run.go(SAVED, 16, follows(plan, "keep"), **options)
    assert len(run.used) == 16
    assert_used(run, plan, plan)


@frameworks
def test_a_changed_plan_is_refused_unless_you_say_what_to_do(framework, tmp_path):
    run = framework(tmp_path)
    run.go(0, SAVED, follows(OLD))
    with pytest.raises(ValueError) as raised:
        run.go(SAVED, 10, follows(OLD.cooldown(at=SAVED, steps=10)))
    assert str(raised.value) == (
        "`load_state_dict`: got a state with other schedules. `lr` of every group first differs at step 7: "
        '0.07222075445642905 was saved, 0.06511485386504598 is this scheduler\'s. Say `on_change="keep"` to go on with '
        'this scheduler\'s, or "replace" with the saved ones; where a framework loads the state, write '
        '`Scheduler(..., on_change="keep")`.'
    )
    assert len(run.used) == SAVED


# Which steps count.


def test_torch_and_transformers_count_from_0(tmp_path):
    plan = gp.warmup_linear(0.1, steps=8, warmup=4)
    for make in (
        lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(step / 4, (8 - step) / 4)),
        lambda optimizer: client("transformers").get_linear_schedule_with_warmup(optimizer, 4, 8),
    ):
        run = Torch(tmp_path)
        run.go(0, 8, make)
        assert_used(run, plan, plan)


TWO_PROCESSES = """
import pathlib, sys, numpy
import test_torch_extended as tests

folder = pathlib.Path(sys.argv[1])
run = tests.{framework}(folder)
run.go(0, tests.SAVED // 2, tests.follows(tests.OLD), {options})
run.go(tests.SAVED // 2, tests.SAVED, tests.follows(tests.OLD), {options})
numpy.save(folder / f"{{tests.os.environ['RANK']}}.npy", run.used)
"""


@pytest.mark.parametrize(
    ("framework", "options", "stride"),
    [
        (Accelerate, "", 2),
        (Accelerate, "split_batches=True", 1),
        (Accelerate, "prepare=False", 1),
        (Lightning, "devices=2", 1),
        (Trainer, "", 1),
    ],
)
def test_in_two_processes_only_accelerate_steps_twice_an_update(framework, options, stride, tmp_path):
    client(framework.__name__.lower().replace("trainer", "transformers"))
    (tmp_path / "run.py").write_text(TWO_PROCESSES.format(framework=framework.__name__, options=options))
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", tmp_path / "run.py", tmp_path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *command], env=environment, check=True, timeout=120)
    for rank in (0, 1):
        used = np.load(tmp_path / f"{rank}.npy")
        assert used.shape == (SAVED, 2)
        assert_same(used[:, 0].copy(), OLD.stride(stride).array(SAVED), rank)


@pytest.mark.parametrize("way", ["torch", "accelerate"])
def test_an_update_that_the_scaler_skips_is_not_counted(way, tmp_path):
    run = Run(tmp_path)
    net, optimizer, scheduler = run.parts(follows(OLD), LR)
    infinite_at(net.weight, {2, 3, 5})
    scaler = torch.amp.GradScaler("cpu")
    if way == "accelerate":
        accelerator = client("accelerate").Accelerator(cpu=True)
        accelerator.scaler = scaler
        net, optimizer, scheduler = accelerator.prepare(net, optimizer, scheduler)
    for _ in range(10):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(net(X), Y)
        if way == "accelerate":
            accelerator.backward(loss)
            optimizer.step()
            scheduler.step()
        else:
            scaler.scale(loss).backward()
            scale = scaler.get_scale()
            scaler.step(optimizer)
            scaler.update()
            if scaler.get_scale() >= scale:
                scheduler.step()
    assert len(run.used) == 7
    assert_used(run, OLD, OLD)


def test_lightning_counts_an_update_that_the_scaler_skips(tmp_path):
    client("lightning")
    from lightning.pytorch.plugins import MixedPrecision

    half = MixedPrecision("16-mixed", "cpu", scaler=torch.amp.GradScaler("cpu", init_scale=1.0))
    run = Lightning(tmp_path)
    run.go(0, 10, follows(OLD), infinite={2, 3, 5}, plugins=[half])
    assert [rates[0] for rates in run.used] == OLD([0, 1, 4, 6, 7, 8, 9]).tolist()
