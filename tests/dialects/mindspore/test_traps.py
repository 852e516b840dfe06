"""What the frameworks do in silence with parameter groups, and what glidepath does there: docs/groups.md, "Traps".

Each test shows the trap in the real framework first.
"""

from __future__ import annotations

import numpy as np
import pytest

import glidepath as gp

torch = pytest.importorskip("torch")
mindspore = pytest.importorskip("mindspore")
from mindspore import Tensor, nn  # noqa: E402
from mindspore.experimental import optim  # noqa: E402

from glidepath.mindspore import learning_rate  # noqa: E402

LR = gp.linear(0.1, 0.0, 10)


def dense(value: float = 1.0) -> nn.Dense:
    net = nn.Dense(2, 2)
    for parameter in net.trainable_params():
        parameter.set_data(Tensor(np.full(parameter.shape, value, np.float32)))
    return net


def ones(optimizer) -> tuple:
    return tuple(Tensor(np.ones(p.shape, np.float32)) for p in optimizer.parameters)


def zeros(optimizer) -> tuple:
    return tuple(Tensor(np.zeros(p.shape, np.float32)) for p in optimizer.parameters)


def test_1_a_generator_as_a_groups_params_is_thrown_away():
    net = dense()
    theirs = nn.SGD([{"params": [net.bias]}, {"params": (p for p in [net.weight])}], learning_rate=0.1)
    assert [p.name for p in theirs.parameters] == ["bias"]  # the weight is never trained
    groups = gp.Groups(((p.name, p) for p in net.trainable_params()), lr=0.1)
    assert [p.name for p in nn.SGD(groups.to_mindspore(net), learning_rate=0.1).parameters] == ["weight", "bias"]


def test_2_without_order_params_gradients_belong_to_other_parameters():
    net = dense()
    parts = [{"params": [net.bias], "lr": 0.1}, {"params": [net.weight], "lr": 0.2}]
    assert [p.name for p in nn.SGD(parts, learning_rate=0.1).parameters] == ["bias", "weight"]
    groups = gp.Groups(net, lr=0.2).where("bias", lr=0.1)
    assert [p.name for p in nn.SGD(groups.to_mindspore(net), learning_rate=0.1).parameters] == ["weight", "bias"]


def test_3_a_flat_list_leaves_beta_and_gamma_without_decay():
    net = nn.LayerNorm((2,))
    flat = nn.SGD(net.trainable_params(), learning_rate=1.0, weight_decay=0.5)
    flat(zeros(flat))
    assert net.gamma.asnumpy().tolist() == [1.0, 1.0]
    groups = gp.Groups(net, "mindspore.nn.SGD", lr=1.0, weight_decay=0.5)  # a group decays all of it, as torch does
    optimizer = nn.SGD(groups.to_mindspore(net), learning_rate=1.0)
    optimizer(zeros(optimizer))
    assert net.gamma.asnumpy().tolist() == [0.5, 0.5]
    assert [group.options["weight_decay"] for group in gp.Groups.of(flat)] == [0.0]


def test_4_a_group_without_weight_decay_inherits_it():
    net = dense()
    theirs = nn.SGD([{"params": [net.weight]}, {"params": [net.bias], "lr": 0.1}], learning_rate=0.1, weight_decay=0.5)
    assert theirs.group_weight_decay == [0.5, 0.5]
    groups = gp.Groups(net, lr=0.1).where("weight", weight_decay=0.5)
    ours = nn.SGD(groups.to_mindspore(net), learning_rate=0.1, weight_decay=0.7)
    assert ours.group_weight_decay == [0.5, 0.0]


@pytest.mark.parametrize(("rate", "error"), [(1e-3, 5e-5), (1e-5, 1.4e-3), (1e-6, 4.6e-2), (1e-8, 1.0)])
def test_5_a_number_beside_a_schedule_is_computed_as_lr_plus_1_minus_1(rate, error):
    net = dense()
    parts = [{"params": [net.weight], "lr": rate}, {"params": [net.bias], "lr": learning_rate(LR)}]
    theirs = float(nn.SGD(parts, learning_rate=0.1).get_lr()[0])
    assert abs(theirs - rate) / rate == pytest.approx(error, rel=0.1)
    groups = gp.Groups(net, lr=rate).where("bias", lr=LR)
    assert float(nn.SGD(groups.to_mindspore(net), learning_rate=0.1).get_lr()[0]) == np.float32(rate)


def test_6_adam_weight_decay_has_no_bias_correction_and_another_eps():
    groups = gp.Groups([("w", (2, 2))], "torch.AdamW", lr=0.1)
    by_name = gp.Groups([("w", (2, 2))], "mindspore.nn.AdamWeightDecay", lr=0.1, weight_decay=0.01)
    assert by_name.array(1, "eps").item() == 1e-6
    assert not gp.compare(gp.rehearse(groups), gp.rehearse(by_name)).within(1e-2)
    assert gp.compare(gp.rehearse(groups), gp.rehearse(gp.convert(groups, "mindspore.nn", steps=20))).within(1e-5)


def test_7_nesterov_of_momentum_does_nothing_on_the_cpu():
    weights = []
    for use_nesterov in (False, True):
        net = dense()
        optimizer = nn.Momentum(net.trainable_params(), 0.1, 0.9, use_nesterov=use_nesterov)
        optimizer(ones(optimizer))
        weights.append(net.weight.asnumpy()[0, 0])
    assert weights[0] == weights[1] == np.float32(0.9)  # nesterov would give 0.81
    with pytest.raises(gp.ConversionError, match="its use_nesterov does nothing on the CPU"):
        gp.convert(gp.Groups(net, "torch.SGD", lr=0.1, momentum=0.9, nesterov=True), "mindspore.nn.Momentum")


def test_8_optimizers_of_mint_are_not_read():
    from mindspore.mint import optim as mint

    net = dense()
    optimizer = mint.SGD(net.trainable_params(), lr=0.1)
    optimizer.param_groups[0]["lr"] = Tensor(0.5)
    assert optimizer.param_groups[0].get("lr_float", 0.1) == 0.1  # it steps with this one, whatever a scheduler sets
    groups = gp.Groups.of(optimizer)
    assert groups.optimizer is None
    with pytest.raises(gp.ConversionError, match="Groups without an optimizer"):
        gp.convert(groups, "torch")


def test_9_rmsprop_of_nn_is_another_rule():
    torchs = gp.Groups([("w", (2, 2))], "torch.RMSprop", lr=0.01, alpha=0.9, eps=1e-10)
    theirs = gp.Groups([("w", (2, 2))], "mindspore.nn.RMSProp", lr=0.01)
    assert gp.compare(gp.rehearse(torchs), gp.rehearse(theirs)).of_peak.value > 1e-2
    with pytest.raises(gp.ConversionError, match="starts its mean square at 1"):
        gp.convert(torchs, "mindspore.nn")


def test_10_experimental_adam_ignores_amsgrad():
    groups = gp.Groups([("w", (2, 2))], "mindspore.experimental.Adam", lr=0.1, betas=(0.9, 0.9), weight_decay=0.1)
    assert np.array_equal(gp.rehearse(groups, 40), gp.rehearse(groups.where("*", amsgrad=True), 40))
    with pytest.raises(gp.ConversionError, match="takes the option and ignores it"):
        gp.convert(groups.where("*", amsgrad=True), "torch")


def test_11_running_statistics_are_parameters_of_a_cell():
    net = nn.BatchNorm2d(2)
    assert {p.name for p in net.get_parameters()} == {"gamma", "beta", "mean", "variance"}
    optimizer = nn.SGD([{"params": list(net.get_parameters()), "weight_decay": 0.5}], learning_rate=0.1)
    optimizer(zeros(optimizer))
    assert net.moving_variance.asnumpy()[0] == np.float32(0.95)  # decayed, though nobody trains it
    assert {param.name for param in gp.Groups(net).params} == {"gamma", "beta"}


def test_12_an_unused_parameter_is_decayed_in_mindspore_and_not_in_torch():
    net = dense()
    optimizer = nn.SGD([{"params": net.trainable_params(), "weight_decay": 0.5}], learning_rate=0.1)
    optimizer(zeros(optimizer))
    assert net.weight.asnumpy()[0, 0] == np.float32(0.95)
    weight = torch.nn.Parameter(torch.ones(2))
    torch.optim.SGD([weight], lr=0.1, weight_decay=0.5).step()
    assert weight.tolist() == [1.0, 1.0]


def test_13_a_checkpoint_of_an_optimizer_brings_its_old_list_back():
    old = nn.SGD(dense().trainable_params(), learning_rate=[0.5, 0.5, 0.5])
    new = nn.SGD(dense().trainable_params(), learning_rate=[0.1, 0.1, 0.1])
    mindspore.load_param_into_net(new, {p.name: p for p in old.get_parameters()})
    assert float(new.get_lr()) == 0.5
    saved = {
        p.name: p for p in nn.SGD(dense().trainable_params(), learning_rate=learning_rate(0.5 * LR)).get_parameters()
    }
    ours = nn.SGD(dense().trainable_params(), learning_rate=learning_rate(LR))
    mindspore.load_param_into_net(ours, saved)
    assert float(ours.get_lr()) == np.float32(0.1)  # a table of glidepath's is not in the checkpoint


def test_14_a_loss_scale_on_one_side_only():
    net = dense()
    optimizer = nn.SGD(net.trainable_params(), learning_rate=0.1, loss_scale=8.0)
    optimizer(ones(optimizer))
    assert net.weight.asnumpy()[0, 0] == np.float32(1 - 0.1 / 8)
    with pytest.raises(gp.ConversionError, match=r"`loss_scale`: got 8\.0"):
        gp.convert(gp.Groups.of(optimizer), "torch")


def test_15_a_mistyped_option_is_kept_in_silence():
    model = torch.nn.Linear(2, 2)
    parts = [{"params": [*model.parameters()], "weight_deacy": 3}]
    assert torch.optim.SGD(parts).param_groups[0]["weight_deacy"] == 3
    for call in (
        lambda: gp.Groups(model, "torch.SGD", weight_deacy=3),
        lambda: gp.Groups.of(torch.optim.SGD(parts), names=model),
        lambda: gp.Groups.of(optim.SGD([{"params": dense().trainable_params(), "weight_deacy": 3}], lr=0.1)),
    ):
        with pytest.raises(ValueError, match=r"Did you mean `weight_decay`\?"):
            call()


def test_16_nesterov_without_momentum_has_no_effect_in_a_group():
    weights = []
    for nesterov in (False, True):
        weight = torch.nn.Parameter(torch.ones(2))
        optimizer = torch.optim.SGD([{"params": [weight], "nesterov": nesterov}], lr=0.1)
        weight.grad = torch.ones(2)
        optimizer.step()
        weights.append(weight.tolist())
    assert weights[0] == weights[1]
    groups = gp.Groups([("a", (2,)), ("b", (2,))], "torch.SGD", lr=0.1).where("b", nesterov=True)
    with pytest.raises(gp.ConversionError, match=r"\(Without momentum it has no effect in torch\.\)"):
        gp.convert(groups, "mindspore.nn")


def test_17_adamw_is_an_adam():
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    assert isinstance(optimizer, torch.optim.Adam)
    assert gp.convert(gp.Groups.of(optimizer, names=model), "mindspore.nn").target == "mindspore.nn.AdamWeightDecay"
    flipped = torch.optim.Adam(model.parameters(), weight_decay=0.1, decoupled_weight_decay=True)
    assert gp.convert(gp.Groups.of(flipped, names=model), "mindspore.nn").target == "mindspore.nn.AdamWeightDecay"


def test_18_a_tensor_rate_is_one_object_for_all_groups():
    model = torch.nn.Linear(2, 2)
    parts = [{"params": [model.weight]}, {"params": [model.bias]}]
    theirs = torch.optim.SGD(parts, lr=torch.tensor(0.1))
    theirs.param_groups[0]["lr"].fill_(0.5)
    assert theirs.param_groups[1]["lr"].item() == 0.5
    groups = gp.Groups(model, lr=0.1).where("bias", lr=0.2)
    ours = torch.optim.SGD(groups.to_torch(model), lr=torch.tensor(0.1))
    ours.param_groups[0]["lr"] = 0.5
    assert [group["lr"] for group in ours.param_groups] == [0.5, 0.2]


def test_19_the_callers_dicts_are_filled_in():
    model = torch.nn.Linear(2, 2)
    part = {"params": [*model.parameters()]}
    torch.optim.SGD([part], lr=0.1)
    assert "momentum" in part
    groups = gp.Groups(model, lr=0.1)
    torch.optim.SGD(groups.to_torch(model), momentum=0.9)
    assert "momentum" not in groups.to_torch(model)[0]


def test_20_exponential_decay_of_epochs_needs_stairs():
    per_epoch = gp.replay("torch.ExponentialLR", base_lr=0.1, gamma=0.9).by_epoch(5)
    smooth = nn.ExponentialDecayLR(0.1, 0.9, 5)
    assert gp.compare(per_epoch, smooth, 50).of_peak.value > 0.05
    assert "is_stair=True" in gp.convert(per_epoch, "mindspore.nn", steps=50).code


def test_21_torchs_cosine_climbs_again_and_mindspores_holds():
    torchs = gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=10)
    theirs = nn.cosine_decay_lr(0.0, 0.1, 30, 1, 10)
    assert (torchs[20], theirs[20]) == (pytest.approx(0.1), 0.0)
    assert gp.compare(torchs, theirs).first("float32") == 11


def test_22_a_float32_of_numpy_is_no_float_to_mindspore():
    net = dense()
    with pytest.raises(TypeError):
        nn.SGD(net.trainable_params(), learning_rate=np.float32(0.1))
    groups = gp.Groups(net, lr=np.float32(0.5), weight_decay=np.float32(0.25))
    assert nn.SGD(groups.to_mindspore(net), learning_rate=0.1).group_weight_decay == [0.25, 0.25]
