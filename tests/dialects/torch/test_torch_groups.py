"""`gp.Groups` and real torch models and optimizers: made of them, bound to them, read from them, driving them."""

# ruff: noqa: E501 (whole messages)

from __future__ import annotations

import copy
import inspect
import subprocess
import sys

import numpy as np
import pytest

import glidepath as gp
from doc_examples import run_examples

torch = pytest.importorskip("torch")
gt = pytest.importorskip("glidepath.torch")

LR = gp.warmup_cosine(1e-2, steps=40, warmup=10)
DECAY = gp.linear(0.1, 0.0, 40)
NAMED = gt._versions.RELEASE >= (2, 6)


class Block(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = torch.nn.Linear(6, 6)
        self.norm = torch.nn.LayerNorm(6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(torch.relu(self.fc(x)))


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = torch.nn.Linear(4, 6)
        self.blocks = torch.nn.Sequential(Block(), Block())
        self.head = torch.nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.blocks(self.embed(x)))


def recipe(model, optimizer="torch.AdamW", **options) -> gp.Groups:
    given = {"lr": LR, "weight_decay": 0.05, **options}
    groups = gp.Groups(model, optimizer, **given).where(lambda p: p.ndim < 2, weight_decay=0.0)
    return groups.where("head.*", lr=lambda lr: 2 * lr).layerwise(0.5, "blocks.{}.*")


def train(model, optimizer, scheduler, steps: int = 8) -> None:
    torch.manual_seed(1)
    for _ in range(steps):
        optimizer.zero_grad()
        (model(torch.randn(5, 4)) ** 2).sum().backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()


@pytest.mark.parametrize("name", ["of", "to_torch"])
def test_docstrings_do_what_they_show(name):
    run_examples(inspect.getdoc(getattr(gp.Groups, name)), {"gp": gp, "np": np}, name)


def test_a_recipe_trains_as_one_that_is_written_by_hand():
    torch.manual_seed(0)
    ours = Net()
    theirs = copy.deepcopy(ours)
    groups = gp.Groups(ours, "torch.AdamW", lr=LR, weight_decay=DECAY, betas=(gp.linear(0.85, 0.95, 40), 0.99))
    groups = groups.where(lambda p: p.ndim < 2, weight_decay=0.0)
    optimizer = torch.optim.AdamW(groups.to_torch(ours))
    train(ours, optimizer, gt.Scheduler(optimizer, groups))

    by_hand = torch.optim.AdamW(
        [{"params": [p for p in theirs.parameters() if p.ndim >= 2]},
         {"params": [p for p in theirs.parameters() if p.ndim < 2], "weight_decay": 0.0}]
    )  # fmt: skip

    class ByHand:
        k = 0

        def step(self) -> None:
            for i, group in enumerate(by_hand.param_groups):
                group["lr"] = LR[self.k]
                group["betas"] = (gp.linear(0.85, 0.95, 40)[self.k], 0.99)
                group["weight_decay"] = 0.0 if i else DECAY[self.k]
            self.k += 1

    scheduler = ByHand()
    scheduler.step()
    train(theirs, by_hand, scheduler)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_groups_of_a_model():
    model = Net()
    model.embed.bias.requires_grad_(requires_grad=False)
    model.head.weight = model.blocks[0].fc.weight  # shared: counted once, by its first name
    groups = gp.Groups(model)
    assert [name for name, _ in groups.params] == [
        "embed.weight", "blocks.0.fc.weight", "blocks.0.fc.bias", "blocks.0.norm.weight", "blocks.0.norm.bias",
        "blocks.1.fc.weight", "blocks.1.fc.bias", "blocks.1.norm.weight", "blocks.1.norm.bias", "head.bias",
    ]  # fmt: skip
    assert groups == gp.Groups((name, p) for name, p in model.named_parameters() if p.requires_grad)
    assert sum(len(group["params"]) for group in groups.to_torch(model)) == 10


@pytest.mark.skipif(not NAMED, reason="torch before 2.6 keeps no names")
def test_what_is_bound_is_read_back():
    model = Net()
    groups = recipe(model)
    optimizer = torch.optim.AdamW(groups.to_torch(model))
    for named in (None, model, model.named_parameters()):
        back = gp.Groups.of(optimizer, gt.Scheduler(optimizer, groups), names=named)
        assert back.optimizer == "torch.AdamW"
        assert [group.params for group in back] == [group.params for group in groups]
        assert np.array_equal(back.array(50), groups.array(50))
        assert np.array_equal(back.array(50, "weight_decay"), groups.array(50, "weight_decay"))
        assert [dict(group.options)["lr"] for group in back] == [group.options["lr"] for group in groups]
        if named is not None:
            assert back.params == groups.params


def test_every_option_that_a_scheduler_drives_is_read():
    model = Net()
    betas = (gp.linear(0.85, 0.95, 40), 0.99)
    groups = gp.Groups(model, "torch.AdamW", lr=LR, betas=betas, weight_decay=DECAY).where("head.*", lr=0.1)
    optimizer = torch.optim.AdamW(groups.to_torch(model))
    back = gp.Groups.of(optimizer, gt.Scheduler(optimizer, groups), names=model)
    assert [{name: group.options[name] for name in ("lr", "betas", "weight_decay")} for group in back] == [
        {"lr": LR, "betas": betas, "weight_decay": DECAY},
        {"lr": 0.1, "betas": betas, "weight_decay": DECAY},
    ]


def test_a_scheduler_of_torch_is_read_for_each_group():
    model = Net()
    optimizer = torch.optim.SGD(
        [{"params": [*model.embed.parameters()], "lr": 0.2}, {"params": [*model.head.parameters()]}],
        lr=0.1,
        momentum=0.9,
    )
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 30)
    groups = gp.Groups.of(optimizer, scheduler, names=model, steps_per_epoch=7)
    assert [group.options["lr"] for group in groups] == [
        gp.replay("torch.StepLR", base_lr=lr, step_size=30).by_epoch(7) for lr in (0.2, 0.1)
    ]
    assert groups[0].options["momentum"] == 0.9
    assert [param.name for param in groups[1].params] == ["head.weight", "head.bias"]
    assert len(groups.params) == 12


def test_options_are_read_as_numbers():
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(
        [{"params": [model.weight], "lr": torch.tensor(0.1)}, {"params": [model.bias], "lr": torch.tensor(0.25).double()}],
        foreach=False, amsgrad=True,
    )  # fmt: skip
    groups = gp.Groups.of(optimizer, names=model)
    assert dict(groups[0].options) == {
        "lr": 0.1, "betas": (0.9, 0.999), "eps": 1e-08, "weight_decay": 0.01, "amsgrad": True, "maximize": False,
        **({"decoupled_weight_decay": True} if "decoupled_weight_decay" in optimizer.param_groups[0] else {}),
    }  # fmt: skip
    assert groups[1].options["lr"] == 0.25


class Own(torch.optim.SGD):
    pass


def test_an_optimizer_of_ones_own_has_no_name():
    model = torch.nn.Linear(3, 2)
    assert gp.Groups.of(Own(model.parameters(), lr=0.1), names=model).optimizer is None
    assert gp.Groups.of(torch.optim.SGD(model.parameters(), lr=0.1), names=model).optimizer == "torch.SGD"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch.compile's own imports
def test_wrapped_models():
    model = Net()
    groups = recipe(model)
    compiled = torch.compile(model)
    parallel = torch.nn.DataParallel(model)
    inner = Net()
    inner.blocks = torch.compile(inner.blocks)
    for wrapped in (compiled, parallel, torch.compile(parallel), inner):
        assert gp.Groups(wrapped).params == groups.params
        bound = groups.to_torch(wrapped)
        assert [p.shape for group in bound for p in group["params"]] == [
            p.shape for group in groups.to_torch(model) for p in group["params"]
        ]
        if NAMED:
            optimizer = torch.optim.AdamW(bound)
            assert gp.Groups.of(optimizer, names=wrapped).params == groups.params
            assert (
                gp.Groups.of(torch.optim.SGD(wrapped.named_parameters(), lr=0.1), names=wrapped).params == groups.params
            )


DISTRIBUTED = """
import sys, torch, glidepath as gp
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.nn.parallel import DistributedDataParallel
import glidepath.torch as gt

torch.distributed.init_process_group("gloo", init_method=f"file://{sys.argv[1]}", rank=0, world_size=1)

def net():
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.LayerNorm(8), torch.nn.Linear(8, 3))

sharded = net()
for layer in sharded:
    fully_shard(layer)
fully_shard(sharded)
old = FullyShardedDataParallel(net(), use_orig_params=True, device_id=torch.device("cpu"))
groups = gp.Groups(net(), "torch.AdamW", lr=gp.linear(0.1, 0.0, 9)).where(lambda p: p.ndim < 2, weight_decay=0.0)
for model in (DistributedDataParallel(net()), sharded, old):
    assert gp.Groups(model).params == groups.params
    optimizer = torch.optim.AdamW(groups.to_torch(model))
    scheduler = gt.Scheduler(optimizer, groups)
    model(torch.ones(2, 4)).sum().backward()
    optimizer.step()
    scheduler.step()
    gp.compare(groups, gp.Groups.of(optimizer, scheduler, names=model)).require("bits")
torch.distributed.destroy_process_group()
print("three models")
"""


@pytest.mark.skipif(not NAMED, reason="`fully_shard` came with torch 2.6")
def test_models_of_several_processes(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DISTRIBUTED, str(tmp_path / "store")],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout == "three models\n", done.stderr


def test_names_of_a_parallel_model():
    model = Net()
    optimizer = torch.optim.SGD(torch.nn.DataParallel(model).named_parameters(), lr=0.1)
    if NAMED:
        groups = gp.Groups.of(optimizer)
        assert next(name for name, _ in groups.params) == "module.embed.weight"
        assert groups.to_torch(model)[0]["params"][0] is model.embed.weight


def test_two_optimizers_of_one_model():
    model = Net()
    whole = gp.Groups(model, lr=LR)
    muon = whole.only(lambda p: p.ndim == 2).without("embed.*", "head.*")
    rest = whole.without(lambda p: any(p == other for group in muon for other in group.params))
    first, second = torch.optim.SGD(muon.to_torch(model)), torch.optim.AdamW(rest.to_torch(model))
    counts = [sum(len(group["params"]) for group in optimizer.param_groups) for optimizer in (first, second)]
    assert counts == [2, 10]
    gt.Scheduler(first, muon).seek(5)
    assert first.param_groups[0]["lr"] == LR[5]
    assert second.param_groups[0]["lr"] == LR[0]


def test_renamed_parameters():
    old = gp.Groups([("fc.gamma", (6,)), ("fc.beta", (6,)), ("top.weight", (3, 6))], lr=0.1)
    model = torch.nn.ModuleDict({"fc": torch.nn.LayerNorm(6), "head": torch.nn.Linear(6, 3, bias=False)})
    bound = old.to_torch(model, names={"top.weight": "head.weight"})
    assert bound[0]["params"] == [model["fc"].weight, model["fc"].bias, model["head"].weight]


def of(optimizer, *args, **kwargs):
    return lambda: gp.Groups.of(optimizer, *args, **kwargs)


def stepped() -> torch.optim.Optimizer:
    optimizer = torch.optim.SGD(torch.nn.Linear(3, 2).parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    scheduler.step()
    return optimizer


def refusals() -> dict:
    model, small = Net(), torch.nn.Linear(3, 2)
    groups = gp.Groups(small, "torch.SGD", lr=LR)
    plain = torch.optim.SGD(small.parameters(), lr=0.1)
    cycled = torch.optim.SGD(small.parameters(), lr=0.1, momentum=0.9)
    cycle = torch.optim.lr_scheduler.OneCycleLR(cycled, max_lr=0.1, total_steps=10)
    lazy = torch.nn.LazyLinear(3)
    unfrozen = gp.Groups([("weight", (2, 3))])
    return {
        "another model": (lambda: groups.to_torch(model),
            ("`to_torch.model`: 2 of the Groups' parameters are not in the model: weight, bias. 12 trained parameters of "
            "the model are not in the Groups: embed.weight, embed.bias, blocks.0.fc.weight, blocks.0.fc.bias, "
            'blocks.0.norm.weight, .... If only the names differ, say so: `names={"weight": "embed.weight"}`.')),
        "a parameter more": (lambda: unfrozen.to_torch(small),
            "`to_torch.model`: 1 trained parameters of the model are not in the Groups: bias. Make Groups of this model."),
        "another shape": (lambda: groups.to_torch(torch.nn.Linear(2, 3)),
            ("`to_torch.model`: got 'weight' of shape (3, 2); in the Groups 'weight' has the shape (2, 3). Make Groups of "
            "this model.")),
        "no model": (lambda: groups.to_torch(small.parameters()),
            ("`to_torch.model`: got an object of type generator; it must be a torch Module or a MindSpore Cell. Give the "
            "model itself.")),
        "a wrong name": (lambda: groups.to_torch(small, names={"wieght": "weight"}),
            "`names`: got 'wieght'; the Groups have no parameter of this name, but bias, weight."),
        "options of MindSpore": (lambda: gp.Groups(small, "mindspore.nn.SGD", lr=0.1).to_torch(small),
            ('`to_torch`: got Groups; these are the options of mindspore.nn.SGD. Convert them: `gp.convert(groups, '
            '"torch").build(model)`.')),
        "lazy": (lambda: gp.Groups(lazy),
            ("`Groups.model`: got a model whose weight has none yet; its parameters must have their shapes. Call the model "
            "once first.")),
        "no names": (of(plain),
            ("`of.names`: got None; the names of its parameters are not known. Give the model: `Groups.of(optimizer, "
            "names=model)`; or make the optimizer with `named_parameters()`.")),
        "names of another model": (of(plain, names=model),
            ("`of.names`: got embed.weight, embed.bias, blocks.0.fc.weight, blocks.0.fc.bias, blocks.0.norm.weight, ...; "
            "group 0 has a parameter of shape (2, 3) that is not among them. Give the model that the optimizer was made "
            "for.")),
        "a scheduler that is not given": (of(stepped(), names=small),
            ("`of.scheduler`: got None, and the learning rate of group 0 has changed from 0.1 to 0.05; a scheduler sets it. "
            "Give the scheduler: `Groups.of(optimizer, scheduler)`.")),
        "a mistyped option": (of(torch.optim.SGD([{"params": [small.weight], "weight_deacy": 3}]), names=small),
            "`of.param_groups[0].weight_deacy`: torch.SGD has no such option. Did you mean `weight_decay`?"),
        "a scheduler of another": (of(plain, cycle, names=small),
            "`of.scheduler`: got a OneCycleLR; it must be a scheduler of this optimizer."),
        "a scheduler of momentum": (of(cycled, cycle, names=small),
            ("`of.scheduler`: got a OneCycleLR; it cycles the momentum or the first beta too, which is not read. Make it "
            "with `cycle_momentum=False`, and give the momentum a schedule of its own.")),
        "no optimizer": (of(small, names=small),
            ("`of.optimizer`: got an object of type torch.nn.modules.linear.Linear; it must be one of torch.optim, "
            "mindspore.nn or mindspore.experimental.optim.")),
        "groups of another optimizer": (lambda: gt.Scheduler(plain, recipe(model)),
            ("`Scheduler.lr`: got 8 groups; the optimizer has 1. Make the optimizer of these groups: "
            "`groups.to_torch(model)`, `groups.to_mindspore(net)`.")),
        "groups of other parameters": (lambda: gt.Scheduler(plain, gp.Groups(model, lr=LR)),
            ("`Scheduler.lr`: got a group 0 of 12 parameters, with 'embed.weight'; group 0 of the optimizer has 2 "
            "parameters.")),
        "groups and more": (lambda: gt.Scheduler(plain, groups, momentum=LR),
            ("`Scheduler.momentum`: got an object of type glidepath.Schedule; beside Groups there can be no other "
            'schedules. Write `groups.where("*", momentum=...)`.')),
        "groups without schedules": (lambda: gt.Scheduler(plain, gp.Groups(small, lr=0.1)),
            ("`Scheduler.lr`: got Groups; none of their options is a Schedule, so there is nothing to drive. Use the "
            "optimizer without a Scheduler.")),
    }  # fmt: skip


@pytest.mark.parametrize("name", refusals())
def test_what_is_refused(name):
    call, message = refusals()[name]
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert str(caught.value) == message
