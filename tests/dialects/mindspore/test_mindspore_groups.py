"""`gp.Groups` and real MindSpore: made of Cells, bound to optimizers, read from them; the Scheduler of experimental ones."""

# ruff: noqa: E501 (whole messages)

from __future__ import annotations

import numpy as np
import pytest

import glidepath as gp

mindspore = pytest.importorskip("mindspore")
from mindspore import nn  # noqa: E402
from mindspore.experimental import optim  # noqa: E402

from glidepath.mindspore import experimental, learning_rate  # noqa: E402

LR = gp.warmup_cosine(1e-2, steps=20, warmup=5)
DECAY = gp.linear(0.1, 0.0, 20)


class Net(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.bn = nn.BatchNorm2d(4)
        self.head = nn.Dense(4, 2)

    def construct(self, x):
        return self.head(self.bn(self.conv(x)).mean((2, 3)))


NAMES = ["conv.weight", "bn.gamma", "bn.beta", "head.weight", "head.bias"]


def names(groups: gp.Groups) -> list[list[str]]:
    return [[param.name for param in group.params] for group in groups]


def rates(optimizer) -> list[float]:
    lrs = optimizer.get_lr()
    return [float(lr) for lr in (lrs if isinstance(lrs, tuple) else [lrs])]


def test_the_groups_of_a_cell_are_what_is_trained():
    net = Net()
    groups = gp.Groups(net)
    assert names(groups) == [NAMES]  # BatchNorm's moving mean and variance are no parameters of an optimizer
    assert groups.params[0].shape == (4, 3, 3, 3)
    net.head.bias.requires_grad = False
    assert names(gp.Groups(net)) == [NAMES[:-1]]


def test_groups_for_an_optimizer_of_nn():
    net = Net()
    groups = gp.Groups(net, "mindspore.nn.Momentum", lr=LR, weight_decay=0.05, momentum=0.9)
    groups = groups.where("head.*", lr=1e-5).where(lambda p: p.ndim < 2, weight_decay=0.0)
    given = groups.to_mindspore(net, 21)
    assert [sorted(group) for group in given] == [["lr", "params", "weight_decay"]] * 4 + [["order_params"]]
    optimizer = nn.Momentum(given, learning_rate=0.1, momentum=0.9)
    assert [p.name for p in optimizer.parameters] == NAMES  # the order of the gradients is the model's
    assert rates(optimizer) == [0.0, 0.0, 0.0, np.float32(1e-5), np.float32(1e-5)]  # 1e-5 exactly, and no `+ 1 - 1`
    assert [float(decay) for decay in optimizer.group_weight_decay] == [0.05, 0.0, 0.0, 0.05, 0.0]
    back = gp.Groups.of(optimizer)
    assert back.optimizer == "mindspore.nn.Momentum"
    assert names(back) == names(groups)
    assert back.params == groups.params
    assert [group.options["lr"] for group in back] == [LR, LR, 1e-5, 1e-5]
    assert [group.options["momentum"] for group in back] == [0.9] * 4
    gp.compare(groups, back).require("bits")


def test_rates_that_are_all_numbers_stay_numbers():
    net = Net()
    groups = gp.Groups(net, lr=0.1).where("head.*", lr=0.3)
    assert [group.get("lr") for group in groups.to_mindspore(net)] == [0.1, 0.3, None]
    optimizer = nn.Adam(groups.to_mindspore(net), learning_rate=0.5)
    assert rates(optimizer) == list(np.float32([0.1, 0.1, 0.1, 0.3, 0.3]))
    assert [group.options["lr"] for group in gp.Groups.of(optimizer)] == [0.1, 0.3]


def test_a_scheduled_weight_decay_is_a_cell():
    net = Net()
    groups = gp.Groups(net, lr=0.1, weight_decay=DECAY).where("bn.*", weight_decay=0.0)
    optimizer = nn.AdamWeightDecay(groups.to_mindspore(net, 21), learning_rate=0.1)
    back = gp.Groups.of(optimizer)
    assert [group.options["weight_decay"] for group in back] == [DECAY, 0.0]
    assert dict(back[0].options) == {"lr": 0.1, "weight_decay": DECAY, "grad_centralization": False, "beta1": 0.9, "beta2": 0.999, "eps": 1e-6}  # fmt: skip


class Listed:
    """A flat list of parameters, with each way to give a learning rate."""

    numbers = (0.1, 0.1)
    steps = ([0.3, 0.2, 0.1], gp.table([0.3, 0.2, 0.1]))
    array = (np.float32([0.3, 0.2]), gp.table(np.float32([0.3, 0.2])))
    theirs = (
        nn.CosineDecayLR(0.0, 0.1, 10),
        gp.replay("mindspore.CosineDecayLR", min_lr=0.0, max_lr=0.1, decay_steps=10),
    )
    ours = (learning_rate(LR, 21), LR)


@pytest.mark.parametrize("kind", ["numbers", "steps", "array", "theirs", "ours"])
def test_learning_rates_of_a_flat_list(kind):
    given, expected = getattr(Listed, kind)
    optimizer = nn.Adam(Net().trainable_params(), learning_rate=given)
    assert [group.options["lr"] for group in gp.Groups.of(optimizer)] == [expected]


def test_a_flat_list_does_not_decay_what_is_called_beta_or_gamma():
    net = Net()
    groups = gp.Groups.of(nn.SGD(net.trainable_params(), learning_rate=0.1, weight_decay=0.05, momentum=0.9))
    assert names(groups) == [["conv.weight", "head.weight", "head.bias"], ["bn.gamma", "bn.beta"]]
    assert [group.options["weight_decay"] for group in groups] == [0.05, 0.0]


def test_a_group_without_a_weight_decay_has_that_of_the_optimizer():
    net = Net()
    parts = [{"params": [net.conv.weight], "weight_decay": 0.1}, {"params": [net.bn.gamma, net.head.weight]}]
    groups = gp.Groups.of(nn.SGD(parts, learning_rate=0.1, weight_decay=0.05))
    assert [group.options["weight_decay"] for group in groups] == [0.1, 0.05]
    assert names(groups) == [["conv.weight"], ["bn.gamma", "head.weight"]]


def test_the_order_of_the_groups_and_that_of_the_model():
    net = Net()
    parts = [{"params": [net.head.bias, net.conv.weight], "lr": 0.1}, {"params": [net.bn.beta], "lr": 0.2},
             {"order_params": [net.conv.weight, net.bn.beta, net.head.bias]}]  # fmt: skip
    groups = gp.Groups.of(nn.SGD(parts, learning_rate=0.3))
    assert names(groups) == [["head.bias", "conv.weight"], ["bn.beta"]]
    assert [param.name for param in groups.params] == ["conv.weight", "bn.beta", "head.bias"]
    assert [param.name for param in gp.Groups.of(nn.SGD(parts, learning_rate=0.3), names=net).params] == NAMES


def test_a_loss_scale_is_not_in_the_weight_decay():
    net = Net()
    parts = [{"params": net.trainable_params(), "weight_decay": 0.1}]
    groups = gp.Groups.of(nn.SGD(parts, learning_rate=0.1, loss_scale=8.0))
    assert (groups[0].options["weight_decay"], groups[0].options["loss_scale"]) == (0.1, 8.0)


def test_experimental_optimizers_and_their_scheduler():
    net = Net()
    groups = gp.Groups(
        net, "mindspore.experimental.AdamW", lr=LR, betas=(gp.linear(0.8, 0.9, 20), 0.99), weight_decay=DECAY
    ).where("bn.*", lr=0.25, weight_decay=0.0)
    optimizer = optim.AdamW(groups.to_mindspore(net))
    scheduler = experimental.Scheduler(optimizer, groups)
    for k in (0, 1, 2):
        first, second = optimizer.param_groups
        assert float(first["lr"]) == np.float32(LR[k])
        assert (first["betas"], first["weight_decay"]) == ((gp.linear(0.8, 0.9, 20)[k], 0.99), DECAY[k])
        assert (float(second["lr"]), second["weight_decay"]) == (0.25, 0.0)
        scheduler.step()
    back = gp.Groups.of(optimizer, scheduler)
    assert back.optimizer == "mindspore.experimental.AdamW"
    gp.compare(groups, back).require("bits")
    assert [group.params for group in back] == [group.params for group in groups]


def test_the_scheduler_previews_seeks_and_resumes():
    def made():
        optimizer = optim.SGD([{"params": [Net().conv.weight]}, {"params": [Net().head.weight], "lr": 0.5}], lr=0.1)
        return optimizer, experimental.Scheduler(optimizer, lr=[LR, None])

    _, scheduler = made()
    scheduler.step()
    expected = np.column_stack([LR.array(3, start=2, dtype="float32"), np.full(3, 0.5, np.float32)])
    assert np.array_equal(scheduler.preview(3), expected)
    assert np.array_equal(experimental.preview(scheduler, 3), expected)
    assert experimental.schedule(scheduler, 0) == scheduler.schedule(0) == LR
    saved = scheduler.state_dict()
    _, other = made()
    other.load_state_dict(saved)
    assert other.last_epoch == 1
    assert [float(lr) for lr in other.get_last_lr()] == [np.float32(LR[1]), 0.5]
    other.seek(10)
    assert float(other.get_last_lr()[0]) == np.float32(LR[10])
    gp.compare(other, LR).require("bits")
    assert repr(scheduler) == f"Scheduler(optimizer, lr=[{LR!r}, None])"


def test_changed_schedules_are_refused_kept_or_replaced():
    optimizer = optim.SGD(Net().trainable_params(), lr=0.1)
    saved = experimental.Scheduler(optimizer, lr=gp.cosine(0.1, 0.0, 100)).state_dict()
    longer = experimental.Scheduler(optimizer, lr=gp.cosine(0.1, 0.0, 200))
    with pytest.raises(ValueError) as caught:
        longer.load_state_dict(saved)
    assert str(caught.value) == (
        "`load_state_dict`: got a state with other schedules. `lr` of every group first differs at step 1: "
        '0.09997532801828658 was saved, 0.09999383162408304 is this scheduler\'s. Say `on_change="keep"` to go on with '
        'this scheduler\'s, or "replace" with the saved ones.'
    )
    longer.load_state_dict({**saved, "step": 50}, on_change="keep")
    assert longer.schedule() == gp.cosine(0.1, 0.0, 200)
    longer.load_state_dict({**saved, "step": 50}, on_change="replace")
    assert longer.schedule() == gp.cosine(0.1, 0.0, 100)
    assert float(longer.get_last_lr()[0]) == np.float32(0.05)


def test_one_schedule_for_groups_that_differ_warns():
    optimizer = optim.SGD([{"params": [Net().conv.weight]}, {"params": [Net().head.weight], "lr": 0.5}], lr=0.1)
    with pytest.warns(
        UserWarning, match="`Scheduler.lr`: one schedule sets all 2 groups, whose own values differ: 0.1; 0.5. "
    ):
        experimental.Scheduler(optimizer, lr=LR)


def refusals() -> dict:
    net = Net()
    tables = gp.Groups(net, lr=LR)
    endless = gp.Groups(net, lr=gp.exponential(0.1, 0.9))
    sgd = optim.SGD(net.trainable_params(), lr=0.1)
    return {
        "a rate in some groups": (lambda: gp.Groups(net).where("bn.*", lr=0.1).to_mindspore(net),
            '`to_mindspore.groups[0].lr`: got none; other groups have one, and this would get the optimizer\'s. Give it: `where("*", lr=...)`.'),
        "an option of the optimizer": (lambda: gp.Groups(net, momentum=0.9).to_mindspore(net),
            "`to_mindspore.groups[0].momentum`: got 0.9; a group of mindspore.nn takes lr, weight_decay and grad_centralization alone. Give it to the optimizer, the same for all groups; or convert to mindspore.experimental."),
        "options that differ": (lambda: gp.Groups(net, "mindspore.nn.Momentum", momentum=0.9).where("bn.*", momentum=0.8).to_mindspore(net),
            "`to_mindspore.groups[1].momentum`: got 0.8; a group of mindspore.nn takes lr, weight_decay and grad_centralization alone. Give it to the optimizer, the same for all groups; or convert to mindspore.experimental."),
        "options of torch": (lambda: gp.Groups(net, "torch.SGD", lr=0.1).to_mindspore(net),
            '`to_mindspore`: got Groups; these are the options of torch.SGD. Convert them: `gp.convert(groups, "mindspore.nn").build(model)`.'),
        "no end": (lambda: endless.to_mindspore(net),
            "`learning_rate.total_steps`: got None; it must be given for a schedule without an end. Give the number of training steps: `learning_rate(schedule, 10_000)`."),
        "a scheduler": (lambda: gp.Groups.of(nn.SGD(net.trainable_params()), object()),
            "`of.scheduler`: got a object; an optimizer of mindspore.nn has its schedules itself. Leave it out."),
        "Lamb of one's own": (lambda: gp.Groups.of(Own(net.trainable_params())),
            "`of.optimizer`: got a Own; its options are not known. Write them down: `gp.Groups(net, optimizer, ...)`."),
        "a schedule of one's own": (lambda: gp.Groups.of(nn.SGD(net.trainable_params(), learning_rate=Halves())),
            "`of.optimizer`: got a Halves; it is a learning rate whose rule is not known. Make its table: `gp.table([float(cell(Tensor(k))) for k in range(n)])`."),
        "another net": (lambda: tables.to_mindspore(nn.Dense(3, 2), 5),
            "`to_mindspore.net`: 5 of the Groups' parameters are not in the model: conv.weight, bn.gamma, bn.beta, head.weight, head.bias. 2 trained parameters of the model are not in the Groups: weight, bias. If only the names differ, say so: `names={\"conv.weight\": \"weight\"}`."),
        "an optimizer of nn": (lambda: experimental.Scheduler(nn.SGD(net.trainable_params()), lr=LR),
            "`Scheduler.optimizer`: got a SGD; it must be one of mindspore.experimental.optim. To those of mindspore.nn give a schedule as `learning_rate`."),
        "no schedule": (lambda: experimental.Scheduler(sgd),
            "`Scheduler`: got no schedule; give at least one, for instance `lr=gp.cosine(0.1, 0.0, 1000)`."),
        "a number": (lambda: experimental.Scheduler(sgd, lr=0.1),
            "`Scheduler.lr`: got a float; it must be a Schedule. For one value at every step write `gp.constant(value)`."),
        "an option that is not there": (lambda: experimental.Scheduler(sgd, betas=LR),
            "`Scheduler.betas`: group 0 has no such option; it has dampening, lr, momentum, weight_decay."),
        "a flag": (lambda: experimental.Scheduler(sgd, nesterov=LR),
            "`Scheduler.nesterov`: group 0 has False there; a schedule can drive a number, or a tuple of numbers: dampening, lr, momentum, weight_decay."),
        "a step": (lambda: experimental.Scheduler(sgd, lr=LR).seek(-1),
            "`seek.step`: got -1; it must be a whole number from 0 to 2**53."),
        "a state": (lambda: experimental.Scheduler(sgd, lr=LR).load_state_dict({"last_epoch": 3}),
            "`load_state_dict`: got an object of type dict; it must be a dict with step and schedules. Load what `state_dict()` returned."),
        "a group that is not driven": (lambda: experimental.Scheduler(sgd, weight_decay=LR).schedule(),
            "`schedule.group`: got 0; no schedule drives its learning rate. Take a group that has one."),
    }  # fmt: skip


class Own(nn.SGD):
    pass


class Halves(nn.learning_rate_schedule.LearningRateSchedule):
    def construct(self, global_step):
        return 0.5**global_step


@pytest.mark.parametrize("name", refusals())
def test_what_is_refused(name):
    call, message = refusals()[name]
    with pytest.raises((TypeError, ValueError, IndexError)) as caught:
        call()
    assert str(caught.value) == message
