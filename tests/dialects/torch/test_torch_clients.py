"""glidepath.torch in real training: a loop, Lightning, Accelerate, the HF Trainer, ignite, skorch, a compiled step."""

from __future__ import annotations

import os

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler  # noqa: E402

import glidepath as gp  # noqa: E402
import glidepath.torch as gt  # noqa: E402
from torch_recipes import milestones_may_warn  # noqa: E402

pytestmark = milestones_may_warn

STEPS = 12
ANY_WARNING = pytest.mark.filterwarnings("ignore")  # the other packages warn about themselves

X = torch.linspace(-1, 1, 32).reshape(32, 1)
Y = 3 * X + 1


def client(name):
    """A package that trains with torch, if it is installed. Not every package works with every torch."""
    return pytest.importorskip(name, reason=f"{name} is not installed beside torch {torch.__version__}")


def model():
    torch.manual_seed(0)
    return torch.nn.Linear(1, 1)


def warm_cosine(module, optimizer):
    parts = [module.LinearLR(optimizer, 0.1, 1.0, 4), module.CosineAnnealingLR(optimizer, 8)]
    return module.SequentialLR(optimizer, parts, [4])


def one_cycle(module, optimizer):
    return module.OneCycleLR(optimizer, 0.1, total_steps=STEPS + 1)


SCHEDULES = [warm_cosine, one_cycle]


def train(net, optimizer, scheduler, steps, rates):
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(X), Y).backward()
        optimizer.step()
        scheduler.step()


def expected(schedule):
    """The rates and the weights from torch's own scheduler in a plain loop."""
    net, rates = model(), []
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    train(net, optimizer, schedule(lr_scheduler, optimizer), STEPS, rates)
    return rates, [parameter.detach().clone() for parameter in net.parameters()]


def assert_equal_weights(net, weights):
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), weights, strict=True))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_loop_resumed_from_a_checkpoint(schedule, tmp_path):
    rates, weights = expected(schedule)
    net, got = model(), []
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    scheduler = schedule(gt, optimizer)
    train(net, optimizer, scheduler, 5, got)
    torch.save([net.state_dict(), optimizer.state_dict(), scheduler.state_dict()], tmp_path / "run.pt")

    net = model()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    scheduler = schedule(gt, optimizer)
    for part, state in zip(
        (net, optimizer, scheduler), torch.load(tmp_path / "run.pt", weights_only=True), strict=True
    ):
        part.load_state_dict(state)
    train(net, optimizer, scheduler, STEPS - 5, got)
    assert got == rates
    assert_equal_weights(net, weights)


@ANY_WARNING
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_lightning(schedule, tmp_path):
    lightning = client("lightning")
    got = []

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = model()

        def training_step(self, batch, _):
            got.append(self.optimizers().param_groups[0]["lr"])
            return torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])

        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": schedule(gt, optimizer), "interval": "step"},
            }

    module = Module()
    trainer = lightning.Trainer(
        max_steps=STEPS, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, Y), batch_size=len(X))
    trainer.fit(module, loader)
    rates, weights = expected(schedule)
    assert got == rates
    assert_equal_weights(module.net, weights)


@ANY_WARNING
def test_lightning_watches_a_metric(tmp_path):
    lightning = client("lightning")

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = model()

        def training_step(self, batch, _):
            self.log("stuck", 1.0)
            return torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])

        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": gt.ReduceLROnPlateau(optimizer, patience=1), "monitor": "stuck"},
            }

    trainer = lightning.Trainer(
        max_epochs=4, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    module = Module()
    trainer.fit(module, torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, Y), batch_size=len(X)))
    assert trainer.optimizers[0].param_groups[0]["lr"] == 0.1 * 0.1


@ANY_WARNING
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_accelerate(schedule):
    accelerate = client("accelerate")
    accelerator = accelerate.Accelerator(cpu=True)
    net, got = model(), []
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net, optimizer, scheduler = accelerator.prepare(net, optimizer, schedule(gt, optimizer))
    for _ in range(STEPS):
        got.append(optimizer.param_groups[0]["lr"])
        optimizer.zero_grad()
        accelerator.backward(torch.nn.functional.mse_loss(net(X), Y))
        optimizer.step()
        scheduler.step()
    rates, weights = expected(schedule)
    assert got == rates
    assert_equal_weights(net, weights)


@ANY_WARNING
@pytest.mark.parametrize("schedule", [*SCHEDULES, None])
def test_the_hf_trainer(schedule, tmp_path, monkeypatch):
    transformers = client("transformers")
    monkeypatch.setenv("WANDB_DISABLED", "true")
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    got = []

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = model()

        def forward(self, x, y):
            return {"loss": torch.nn.functional.mse_loss(self.net(x), y)}

    class Rates(transformers.TrainerCallback):
        def on_step_begin(self, _args, _state, _control, optimizer, **_):
            got.append(optimizer.param_groups[0]["lr"])

    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    lr = gp.warmup_cosine(0.1, STEPS, 4)
    scheduler = gt.Scheduler(optimizer, lr=lr) if schedule is None else schedule(gt, optimizer)
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), max_steps=STEPS, per_device_train_batch_size=len(X), use_cpu=True, report_to=[],
        save_strategy="no", logging_strategy="no", disable_tqdm=True, remove_unused_columns=False, max_grad_norm=0.0,
    )  # fmt: skip
    data = [{"x": x, "y": y} for x, y in zip(X, Y, strict=True)]
    trainer = transformers.Trainer(
        model=net, args=arguments, train_dataset=data, optimizers=(optimizer, scheduler), callbacks=[Rates()]
    )
    trainer.train()
    if schedule is None:
        assert got == lr.array(STEPS).tolist()
        return
    rates, weights = expected(schedule)
    assert got == rates
    for parameter, weight in zip(net.parameters(), weights, strict=True):
        # The Trainer stacks a batch in another order.
        assert np.allclose(parameter.detach(), weight, rtol=1e-4)


@ANY_WARNING
def test_lightning_warms_up_and_then_watches_a_metric(tmp_path):
    lightning = pytest.importorskip("lightning")
    got = []

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = model()

        def training_step(self, batch, _):
            self.log("stuck", 1.0)
            return torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])

        def on_train_epoch_start(self):
            got.append(self.optimizers().param_groups[0]["lr"])

        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            parts = [gt.LinearLR(optimizer, 0.5, total_iters=2), gt.ReduceLROnPlateau(optimizer, patience=1)]
            scheduler = gt.SequentialLR(optimizer, parts, [2])
            config = {"scheduler": scheduler, "monitor": "stuck", "reduce_on_plateau": True}
            return {"optimizer": optimizer, "lr_scheduler": config}

    trainer = lightning.Trainer(
        max_epochs=7, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    trainer.fit(Module(), torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, Y), batch_size=len(X)))
    assert got == [0.05, 0.07500000000000001, 0.1, 0.1, 0.1, 0.1 * 0.1, 0.1 * 0.1]


# Wrappers that read a scheduler's rates, or build the scheduler.

LINE = gp.linear(0.1, 0.0, STEPS)


def ignite_rates(handler, optimizer, event, steps):
    from ignite.engine import Engine

    got = []
    engine = Engine(lambda _engine, _batch: got.append(optimizer.param_groups[0]["lr"]))
    engine.add_event_handler(event, handler)
    engine.run([None] * steps)
    return got


@ANY_WARNING
def test_ignite_asks_for_the_rates():
    handlers = pytest.importorskip("ignite.handlers")
    from ignite.engine import Events

    def scheduler():
        optimizer = torch.optim.SGD(model().parameters(), lr=0.1)
        return optimizer, gt.Scheduler(optimizer, lr=LINE)

    optimizer, inner = scheduler()
    wrapped = handlers.LRScheduler(inner, use_legacy=True)
    assert ignite_rates(wrapped, optimizer, Events.ITERATION_COMPLETED, 5) == LINE.array(5).tolist()
    optimizer, inner = scheduler()
    wrapped = handlers.LRScheduler(inner)
    # ignite returns the first rate twice here, also for torch's schedulers.
    assert ignite_rates(wrapped, optimizer, Events.ITERATION_COMPLETED, 5) == [LINE[0], *LINE.array(4)]
    optimizer, inner = scheduler()
    warm = handlers.create_lr_scheduler_with_warmup(inner, 0.0, 3, warmup_end_value=0.1)
    got = ignite_rates(warm, optimizer, Events.ITERATION_STARTED, 6)
    assert got == [0.0, 0.05, 0.1, LINE[1], LINE[2], LINE[3]]
    assert handlers.LRScheduler.simulate_values(4, scheduler()[1]) == [[k, LINE[k]] for k in range(4)]


@ANY_WARNING
def test_skorch_builds_it():
    skorch = pytest.importorskip("skorch")
    from skorch.callbacks import LRScheduler

    class Rates(skorch.callbacks.Callback):
        def on_epoch_begin(self, net, **_):
            got.append(net.optimizer_.param_groups[0]["lr"])

    got = []
    net = skorch.NeuralNetRegressor(
        torch.nn.Linear, module__in_features=1, module__out_features=1, max_epochs=4, lr=0.1, train_split=None,
        verbose=0, callbacks=[("rates", Rates()), ("lr", LRScheduler(policy=gt.Scheduler, lr=LINE))],
    )  # fmt: skip
    net.fit(X.numpy(), Y.numpy())
    net.partial_fit(X.numpy(), Y.numpy())  # builds the scheduler again, with last_epoch=3
    assert got == LINE.array(8).tolist()
    assert LRScheduler(policy=gt.Scheduler, lr=LINE).simulate(5, 0.1).tolist() == LINE.array(5).tolist()


@ANY_WARNING
def test_skorch_takes_a_plateau_by_its_name_or_torchs_class():
    skorch = pytest.importorskip("skorch")
    from skorch.callbacks import LRScheduler

    def fit(policy):
        net = skorch.NeuralNetRegressor(
            torch.nn.Linear, module__in_features=1, module__out_features=1, max_epochs=2, lr=0.1, train_split=None,
            verbose=0, callbacks=[("lr", LRScheduler(policy=policy, monitor="train_loss"))],
        )  # fmt: skip
        net.fit(X.numpy(), Y.numpy())

    fit("ReduceLROnPlateau")
    fit(torch.optim.lr_scheduler.ReduceLROnPlateau)
    with pytest.raises(TypeError, match="unexpected keyword argument 'last_epoch'"):
        fit(gt.ReduceLROnPlateau)


@ANY_WARNING
def test_ignite_leaves_other_entries_at_their_first_value():
    handlers = pytest.importorskip("ignite.handlers")
    from ignite.engine import Events

    optimizer = torch.optim.SGD(model().parameters(), lr=0.1, weight_decay=0.01)
    inner = gt.Scheduler(optimizer, lr=LINE, weight_decay=gp.linear(0.5, 0.0, STEPS))
    ignite_rates(handlers.LRScheduler(inner, use_legacy=True), optimizer, Events.ITERATION_COMPLETED, 5)
    assert optimizer.param_groups[0]["weight_decay"] == 0.5


@ANY_WARNING
def test_a_compiled_step_does_not_recompile_as_the_rate_changes():
    torch._dynamo.reset()
    net = model()
    optimizer = torch.optim.Adam(net.parameters(), lr=torch.tensor(0.01))
    scheduler = gt.CosineAnnealingLR(optimizer, 50)
    compiled, rates = torch.compile(optimizer.step, fullgraph=False, backend="aot_eager"), set()

    def one():
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(X), Y).backward()
        compiled()
        scheduler.step()
        rates.add(float(optimizer.param_groups[0]["lr"]))

    for _ in range(3):
        one()
    counts = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    with torch._dynamo.config.patch(error_on_recompile=True):
        for _ in range(20):
            one()
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == counts > 0
    assert len(rates) == 23
