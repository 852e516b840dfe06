"""`convert` and `compare` of `Groups`: reports, code, refusals. `tests/dialects` trains what they make."""

# ruff: noqa: E501 (whole messages)

from __future__ import annotations

import pytest

import glidepath as gp

LR = gp.warmup_cosine(1e-3, steps=50, warmup=10)
SHAPES = [("embed.weight", (8, 4)), ("norm.weight", (8,)), ("norm.bias", (8,)), ("head.weight", (3, 8))]
ADAMW = gp.Groups(SHAPES, "torch.AdamW", lr=LR, weight_decay=0.05, betas=(0.9, 0.95)).where("norm.*", weight_decay=0.0)
SGD = gp.Groups(SHAPES, "torch.SGD", lr=LR, weight_decay=0.05, momentum=0.9).where("norm.*", weight_decay=0.0)


def test_the_bias_correction_of_adamw_goes_into_the_rate_and_the_weight_decay():
    plan = gp.convert(ADAMW, "mindspore.nn", steps=50)
    assert str(plan) == (
        "torch.AdamW -> mindspore.nn.AdamWeightDecay\n"
        "  betas=(0.9, 0.95)  beta1=0.9, beta2=0.95   (its default is 0.999)\n"
        "  eps=1e-08          eps=1e-08   (its default is 1e-06)\n"
        "  lr                 lr * sqrt(1 - beta2**t) / (1 - beta1**t)   the bias correction, which it has not\n"
        "  weight_decay       weight_decay * (1 - beta1**t) / sqrt(1 - beta2**t)   so that lr * weight_decay stays\n"
        "  amsgrad, maximize  -   False\n"
        "  ! eps is added before the correction, in torch after: in effect eps * sqrt(1 - beta2**t)"
    )
    correction = gp.adam_correction(0.9, 0.95, 50)
    assert [dict(group.options) for group in plan.value] == [
        {"lr": LR * correction, "weight_decay": 0.05 * gp.adam_correction(0.9, 0.95, 50, inverse=True),
         "beta1": 0.9, "beta2": 0.95, "eps": 1e-08},
        {"lr": LR * correction, "weight_decay": 0.0, "beta1": 0.9, "beta2": 0.95, "eps": 1e-08},
    ]  # fmt: skip
    assert plan.arguments == {"beta1": 0.9, "beta2": 0.95, "eps": 1e-08}
    assert (plan.source, plan.target, plan.steps) == ("torch.AdamW", "mindspore.nn.AdamWeightDecay", 50)
    assert len(plan.value.to_json()) < 2_000


def test_a_beta_of_zero_has_no_first_correction():
    groups = gp.Groups(SHAPES, "torch.AdamW", lr=0.1, betas=(0.0, 0.99), weight_decay=0.0)
    found = gp.convert(groups, "mindspore.nn", steps=50).value.array(50)[:, 0]
    assert found == pytest.approx([0.1 * (1 - 0.99 ** (k + 1)) ** 0.5 for k in range(50)], rel=1e-14)


def test_the_code_needs_no_glidepath_where_the_framework_has_the_schedule():
    plan = gp.convert(SGD, "mindspore.nn", steps=50)
    rates = ("nn.warmup_lr(0.001, total_step=10, step_per_epoch=1, warmup_epoch=10) + "
             "nn.cosine_decay_lr(0.0, 0.001, total_step=40, step_per_epoch=1, decay_epoch=40)")  # fmt: skip
    assert plan.imports == "from mindspore import nn"
    assert plan.code == (
        "parameters = {parameter.name: parameter for parameter in net.trainable_params()}\n"
        "groups = [\n"
        f"    {{'params': [parameters[name] for name in ['embed.weight', 'head.weight']], 'lr': {rates}, 'weight_decay': 0.05}},\n"
        f"    {{'params': [parameters[name] for name in ['norm.weight', 'norm.bias']], 'lr': {rates}, 'weight_decay': 0.0}},\n"
        "    {'order_params': list(parameters.values())},\n"
        "]\n"
        f"optimizer = nn.SGD(groups, learning_rate={rates}, dampening=0.0, momentum=0.9, nesterov=False)"
    )


@pytest.mark.parametrize(
    ("groups", "to", "target"),
    [
        (SGD, "mindspore.nn", "mindspore.nn.SGD"),
        (SGD, "mindspore.nn.Momentum", "mindspore.nn.Momentum"),
        (SGD.where("*", weight_decay=gp.linear(0.1, 0.0, 9)), "mindspore.nn", "mindspore.nn.Momentum"),
        (SGD, "mindspore.experimental", "mindspore.experimental.SGD"),
        (gp.Groups(SHAPES, "torch.Adam", lr=0.1), "mindspore.experimental", "mindspore.experimental.AdamW"),
        (gp.Groups(SHAPES, "torch.Adam", lr=0.1, weight_decay=0.1), "mindspore.experimental", "mindspore.experimental.Adam"),
        (gp.Groups(SHAPES, "torch.Adam", lr=0.1, weight_decay=0.1, decoupled_weight_decay=True), "mindspore.nn", "mindspore.nn.AdamWeightDecay"),
        (gp.Groups(SHAPES, "torch.AdamW", lr=0.1, decoupled_weight_decay=False), "mindspore.nn", "mindspore.nn.Adam"),
        (gp.Groups(SHAPES, "mindspore.nn.Momentum", lr=0.1, momentum=0.9), "torch", "torch.SGD"),
        (gp.Groups(SHAPES, "mindspore.nn.AdamWeightDecay", lr=0.1, eps=1e-8), "mindspore.experimental", "mindspore.experimental.AdamW"),
        (gp.Groups(SHAPES, "mindspore.experimental.NAdam", lr=0.1), "torch", "torch.NAdam"),
    ],
)  # fmt: skip
def test_which_optimizer_has_the_same_rule(groups, to, target):
    plan = gp.convert(groups, to, steps=60)
    assert plan.target == plan.value.optimizer == target
    assert plan.value.params == groups.params


def test_what_says_how_a_step_is_computed_is_left_out_with_a_note():
    plan = gp.convert(SGD.where("*", foreach=True, fused=False), "mindspore.nn", steps=50)
    assert plan.notes == ("foreach, fused: left out, for they say how a step is computed, and not what it computes",)


def test_an_option_of_one_group_is_dropped_where_the_user_says_so():
    groups = gp.Groups(SHAPES, "torch.SGD", lr=0.01, momentum=0.0).where("norm.*", nesterov=True)
    with pytest.raises(gp.ConversionError) as caught:
        gp.convert(groups, "mindspore.nn")
    assert str(caught.value) == (
        "torch.SGD -> mindspore.nn.SGD:\n"
        "  `nesterov`: got False in group 0, True in group 1; a group of nn.SGD takes lr, weight_decay and "
        'grad_centralization alone. Convert to "mindspore.experimental", whose groups take it; or say strict=False. '
        "(Without momentum it has no effect in torch.)"
    )
    plan = gp.convert(groups, "mindspore.nn", strict=False)
    assert plan.arguments["nesterov"] is False
    assert plan.notes == (
        "a group of nn.SGD takes lr, weight_decay and grad_centralization alone (`nesterov`: got False in group 0, True in group 1)",
    )


def test_all_refusals_come_at_once():
    groups = SGD.where("norm.*", nesterov=True, maximize=True).where("head.*", lr=gp.exponential(0.1, 0.9))
    with pytest.raises(gp.ConversionError) as caught:
        gp.convert(groups, "mindspore.nn")
    assert str(caught.value) == (
        "torch.SGD -> mindspore.nn.SGD:\n"
        '  `maximize`: got True in group 2; nn.SGD has no such option. Convert to "mindspore.experimental".\n'
        "  `nesterov`: got False in group 0, False in group 1, True in group 2; a group of nn.SGD takes lr, weight_decay "
        'and grad_centralization alone. Convert to "mindspore.experimental", whose groups take it; or say strict=False.\n'
        "  `convert.steps`: got None; `lr` of group 1 has no end, and a table has one. Give the run's steps."
    )


def of(optimizer: str, **options) -> gp.Groups:
    return gp.Groups(SHAPES, optimizer, lr=0.1, **options)


REFUSED = [
    (of("torch.RMSprop"), "mindspore.nn",
     '`convert.to`: got "mindspore.nn"; nn.RMSProp starts its mean square at 1, has eps inside the root, and the rate inside the momentum. Convert to "mindspore.experimental".'),
    (of("torch.Muon"), "mindspore.nn", '`convert.to`: got "mindspore.nn"; mindspore.nn has no optimizer with this rule.'),
    (of("torch.NAdam", weight_decay=0.1, decoupled_weight_decay=True), "mindspore.experimental",
     "`decoupled_weight_decay`: got True; MindSpore's decays the gradients. Set it to False."),
    (of("torch.Adam", weight_decay=0.1).where("norm.*", decoupled_weight_decay=True), "mindspore.experimental",
     "`decoupled_weight_decay`: got False in group 0, True in group 1; MindSpore's optimizers have it in all groups or in none. Make an optimizer of each."),
    (of("torch.Adam", eps=1e-3), "mindspore.nn",
     "`eps`: got 0.001 in group 0; it adds eps before the bias correction, and torch after it, so that both are the same only while eps is small: 1e-07 or less. Train with eps=1e-08."),
    (of("torch.Adam", weight_decay=0.1, amsgrad=True), "mindspore.experimental.Adam",
     "`amsgrad`: got True in group 0; experimental.Adam takes the option and ignores it."),
    (of("torch.SGD", momentum=0.9, nesterov=True), "mindspore.nn.Momentum",
     '`nesterov`: got True in group 0; its use_nesterov does nothing on the CPU. Convert to "mindspore.experimental".'),
    (of("torch.SGD", momentum=gp.linear(0.5, 0.9, 9)), "mindspore.nn",
     '`momentum`: got linear(0.5, 0.9, 9) in group 0; an optimizer of mindspore.nn takes one number for `momentum`. Convert to "mindspore.experimental", whose Scheduler drives it.'),
    (of("torch.SGD", weight_decay=gp.linear(0.5, 0.9, 9)), "mindspore.nn.SGD",
     '`weight_decay`: got linear(0.5, 0.9, 9) in group 0; nn.SGD takes one number as weight decay. Convert to "mindspore.nn.Momentum" or "mindspore.experimental".'),
    (of("torch.Adagrad"), "mindspore.nn",
     '`initial_accumulator_value`: got 0 in group 0; its kernel adds 1e-08 under the root, which is little only beside 0.001 or more. Convert to "mindspore.experimental".'),
    (of("torch.SGD"), "mindspore.nn.Adam",
     '`convert.to`: got "mindspore.nn.Adam"; mindspore.nn.Adam has another rule. Convert to "mindspore.experimental".'),
    (of("mindspore.nn.Lamb"), "torch", '`convert.to`: got "torch"; torch has no optimizer with this rule.'),
    (of("mindspore.nn.RMSProp"), "torch",
     '`convert.to`: got "torch"; it starts its mean square at 1, has eps inside the root, and the rate inside the momentum.'),
    (of("mindspore.nn.Momentum", momentum=0.9, use_nesterov=True), "torch",
     "`use_nesterov`: got True in group 0; what it does depends on the device: on the CPU nothing."),
    (of("mindspore.nn.SGD", loss_scale=8.0), "torch", "`loss_scale`: got 8.0 in group 0; torch.SGD has no such option."),
    (of("mindspore.nn.SGD").where("embed.*", grad_centralization=True), "mindspore.experimental",
     "`grad_centralization`: got True in group 1; torch.SGD has no such option."),
    (of("mindspore.nn.AdamWeightDecay"), "torch",
     "`eps`: got 1e-06 in group 0; it adds eps before the bias correction, and torch after it, so that both are the same only while eps is small: 1e-07 or less. Train with eps=1e-08."),
]  # fmt: skip


@pytest.mark.parametrize(("groups", "to", "message"), REFUSED)
def test_what_cannot_be_the_same_is_refused_by_name(groups, to, message):
    with pytest.raises(gp.ConversionError) as caught:
        gp.convert(groups, to, steps=50)
    assert message in str(caught.value).splitlines()[1:][0].strip()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: gp.convert(SGD, "torch"), ValueError,
         "`convert.to`: got 'torch'; these are the options of torch.SGD already. Use them."),
        (lambda: gp.convert(SGD, "mindspore"), ValueError,
         "`convert.to`: got 'mindspore'; a recipe goes to one of torch, mindspore.nn, mindspore.experimental, or to an optimizer of one by its name. Did you mean \"mindspore.nn\"?"),
        (lambda: gp.convert(gp.Groups(SHAPES, lr=0.1), "torch"), gp.ConversionError,
         '`convert.x`: got Groups without an optimizer; it must be said whose options they are. Name the optimizer: `gp.Groups(model, "torch.AdamW", ...)`.'),
        (lambda: gp.rehearse(gp.Groups(SHAPES, lr=0.1)), ValueError,
         '`rehearse.x`: got Groups without an optimizer; it must be said whose options they are. Name the optimizer: `gp.Groups(model, "torch.AdamW", ...)`.'),
        (lambda: gp.rehearse(of("torch.LBFGS")), ValueError,
         "`rehearse.x`: got the Groups of torch.LBFGS; it calls the model itself, so gradients cannot be given. Compare real training."),
        (lambda: gp.rehearse(SGD, 0), ValueError, "`rehearse.steps`: got 0; it must be a whole number of steps, 1 or more."),
        (lambda: gp.rehearse(LR), TypeError,
         "`rehearse.x`: got an object of type glidepath.Schedule; it must be the Groups of an optimizer, or a conversion of them. For a real optimizer: `gp.Groups.of(optimizer)`."),
    ],
)  # fmt: skip
def test_wrong_arguments(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message


def test_schedules_that_count_epochs():
    groups = gp.Groups(SHAPES, "torch.SGD", lr=gp.replay("torch.StepLR", base_lr=0.1, step_size=30), momentum=0.9)
    plan = gp.convert(groups, "mindspore.nn", steps=45_000, steps_per_epoch=500)
    assert plan.value[0].options["lr"] == groups[0].options["lr"].by_epoch(500)
    assert (
        "nn.exponential_decay_lr(0.1, 0.1, total_step=45000, step_per_epoch=500, decay_epoch=30, is_stair=True)"
        in plan.code
    )


# compare.


def test_groups_that_are_the_same_in_both_frameworks():
    theirs = gp.convert(SGD, "mindspore.experimental").value
    comparison = gp.compare(SGD, theirs)
    assert str(comparison) == (
        "a  torch.SGD, 2 groups, 4 parameters\n"
        "b  mindspore.experimental.SGD, 2 groups, 4 parameters\n"
        "equal in bits at all 50 steps: lr"
    )
    assert comparison.equal("bits")
    comparison.require("bits")


def test_what_differs_is_named_by_parameter():
    other = SGD.where("head.*", lr=2 * LR, momentum=0.8).without("norm.bias")
    comparison = gp.compare(SGD, other)
    assert comparison.differences == ("in a only: norm.bias", "momentum of head.weight: 0.9 and 0.8")
    assert str(comparison) == (
        "a  torch.SGD, 2 groups, 4 parameters\n"
        "b  torch.SGD, 3 groups, 3 parameters\n"
        "! in a only: norm.bias\n"
        "! momentum of head.weight: 0.9 and 0.8\n"
        "equal in bits at all 50 steps: lr of embed.weight, norm.weight\n"
        "lr of head.weight\n"
        f"  a  {LR!r}\n"
        f"  b  {2 * LR!r}\n"
        "  differ as float32 at 49 of 50 steps, first at step 1: 0.0001 and 0.0002\n"
        "  differ as float64 at 49 of 50 steps, first at step 1: 0.0001 and 0.0002\n"
        "  largest difference\n"
        "    absolute 0.001 at step 10\n"
        "    relative 0.5 at step 1"
    )
    assert (comparison.first(), comparison.count("float32"), comparison.of_peak) == (1, 49, (0.5, 10))
    assert not comparison.within(1.0)  # the momentum differs
    with pytest.raises(AssertionError, match=r"in a only: norm\.bias"):
        comparison.require("float32")
    assert comparison.to_dict()["differences"] == list(comparison.differences)
    assert [row["what"] for row in comparison.to_dict()["rows"]] == [
        "lr of embed.weight, norm.weight",
        "lr of head.weight",
    ]


def test_names_of_the_other_framework_are_found():
    theirs = [("embed.embedding_table", (8, 4)), ("norm.gamma", (8,)), ("norm.beta", (8,)), ("head.weight", (3, 8))]
    assert gp.compare(gp.Groups(SHAPES, lr=LR), gp.Groups(theirs, lr=LR)).equal("bits")


def test_the_rates_of_one_group():
    assert gp.compare(SGD, LR).equal("bits")
    assert gp.compare(SGD.where("head.*", lr=0.5), [0.5, 0.5], 2, group=1).equal("bits")
    with pytest.raises(IndexError) as caught:
        gp.compare(SGD, LR, group=2)
    assert str(caught.value) == "`compare.a`: got group 2; these Groups have 2. Groups are counted from 0."
    with pytest.raises(ValueError) as caught:
        gp.compare(*[gp.Groups(SHAPES, lr=gp.exponential(0.1, rate)) for rate in (0.9, 0.8)])
    assert str(caught.value) == (
        "`compare.n`: not given; no schedule has an end. Say how many to compare: `compare(a, b, 1000)`."
    )
