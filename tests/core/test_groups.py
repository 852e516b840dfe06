"""`gp.Groups` as a value: made of names and shapes, split, read, printed, written as JSON. No framework is needed."""

# ruff: noqa: E501 (whole messages)

from __future__ import annotations

import copy
import inspect
import json
import pickle
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glidepath as gp
from doc_examples import run_examples

WARM = gp.warmup_cosine(1e-3, steps=1_000, warmup=100)
SHAPES = [
    ("embed.weight", (32, 8)),
    ("blocks.0.fc.weight", (8, 8)),
    ("blocks.0.fc.bias", (8,)),
    ("blocks.1.fc.weight", (8, 8)),
    ("blocks.1.fc.bias", (8,)),
    ("norm.weight", (8,)),
    ("head.weight", (10, 8)),
]


def names(groups: gp.Groups) -> list[list[str]]:
    return [[param.name for param in group.params] for group in groups]


METHODS = [
    name
    for name, member in vars(gp.Groups).items()
    if not name.startswith("_") and "torch" not in (inspect.getdoc(member) or "").partition(">>>")[2]
]


@pytest.mark.parametrize("name", METHODS)
def test_docstrings_do_what_they_show(name):
    run_examples(inspect.getdoc(vars(gp.Groups)[name]) or "", {"gp": gp, "np": np}, name)


def test_it_starts_as_one_group():
    groups = gp.Groups(SHAPES, "torch.AdamW", lr=WARM, weight_decay=0.05)
    assert len(groups) == 1
    assert groups.optimizer == "torch.AdamW"
    assert groups.params == tuple(gp.Param(name, shape) for name, shape in SHAPES)
    assert groups[0].params == groups.params
    assert dict(groups[0].options) == {"lr": WARM, "weight_decay": 0.05}
    assert (groups.params[0].ndim, groups.params[0].size) == (2, 256)


def test_where_splits_each_group_in_its_place():
    groups = gp.Groups(SHAPES, lr=0.1, weight_decay=0.05)
    groups = groups.where(lambda p: p.ndim < 2, weight_decay=0.0).where("head.*", "embed.*", lr=lambda lr: 10 * lr)
    assert names(groups) == [
        ["blocks.0.fc.weight", "blocks.1.fc.weight"],
        ["embed.weight", "head.weight"],
        ["blocks.0.fc.bias", "blocks.1.fc.bias", "norm.weight"],
    ]
    assert groups.at(0) == [
        {"lr": 0.1, "weight_decay": 0.05},
        {"lr": 1.0, "weight_decay": 0.05},
        {"lr": 0.1, "weight_decay": 0.0},
    ]


def test_the_order_of_two_splits_does_not_matter_where_they_set_different_options():
    groups = gp.Groups(SHAPES, lr=0.1, weight_decay=0.05)
    one = groups.where("*.bias", weight_decay=0.0).where("blocks.*", lr=0.2)
    other = groups.where("blocks.*", lr=0.2).where("*.bias", weight_decay=0.0)

    def of(groups: gp.Groups) -> dict[str, dict]:
        return {param.name: dict(group.options) for group in groups for param in group.params}

    assert of(one) == of(other)


def test_a_function_gets_the_default_of_the_optimizer():
    groups = gp.Groups(SHAPES, "torch.AdamW", lr=0.1).where("head.*", weight_decay=lambda decay: decay / 2)
    assert groups[1].options["weight_decay"] == 0.005


def test_layers_of_a_glob():
    groups = gp.Groups(SHAPES, lr=WARM).where(lambda p: p.ndim < 2, lr=0.25).layerwise(0.75, "blocks.{}.*")
    assert names(groups) == [
        ["embed.weight"],
        ["blocks.0.fc.weight"],
        ["blocks.1.fc.weight"],
        ["head.weight"],
        ["blocks.0.fc.bias"],
        ["blocks.1.fc.bias"],
        ["norm.weight"],
    ]
    assert groups[0].options["lr"] == 0.75**3 * WARM
    assert groups[3].options["lr"] == WARM
    assert groups[4].options["lr"] == 0.75**2 * 0.25


def test_the_factor_of_a_layer_is_rounded_once():
    groups = gp.Groups([(f"layers.{i}", (1,)) for i in range(40)], lr=0.3).layerwise(0.7, "layers.{}")
    rates = [group.options["lr"] for group in groups]
    assert rates == [float(Fraction(0.3) * Fraction(0.7) ** (39 - i)) for i in range(40)]
    assert rates != [0.3 * 0.7 ** (39 - i) for i in range(40)]


def test_layers_of_a_function():
    groups = gp.Groups(SHAPES, lr=1.0).layerwise(
        0.5, lambda p: 0 if "embed" in p.name else 1 if "blocks" in p.name else 3
    )
    assert groups.array(1).tolist() == [[0.125, 0.25, 1.0]]


def test_numbers_in_a_name_without_a_dot():
    shapes = [("stem", (3,)), ("layer1.conv", (3,)), ("layer2.conv", (3,)), ("fc", (3,))]
    assert gp.Groups(shapes, lr=1.0).layerwise(0.5, "layer{}.*").array(1).tolist() == [[0.125, 0.25, 0.5, 1.0]]


def test_parameters_that_are_left_out_stay_known():
    groups = gp.Groups(SHAPES, lr=0.1)
    muon = groups.only(lambda p: p.ndim == 2).without("embed.*", "head.*")
    rest = groups.without(lambda p: p.name.startswith("blocks") and p.ndim == 2)
    assert names(muon) == [["blocks.0.fc.weight", "blocks.1.fc.weight"]]
    assert sorted(names(muon)[0] + names(rest)[0]) == sorted(name for name, _ in SHAPES)
    assert muon.params == rest.params == groups.params
    assert muon != groups


def test_values_at_a_step_and_of_many():
    groups = gp.Groups(SHAPES, "torch.AdamW", lr=WARM, betas=(gp.linear(0.5, 1.0, 100), 0.99)).where("*.bias", lr=0.5)
    assert groups.at(50) == [{"lr": WARM[50], "betas": (0.75, 0.99)}, {"lr": 0.5, "betas": (0.75, 0.99)}]
    rates = groups.array(100, start=40)
    assert rates.shape == (100, 2)
    assert rates.dtype == np.float64
    assert np.array_equal(rates[:, 0], WARM.array(100, start=40))
    assert (rates[:, 1] == 0.5).all()
    assert groups.array(3, "betas", place=1).tolist() == [[0.99, 0.99]] * 3
    assert groups.array(2, "eps").tolist() == [[1e-8, 1e-8]] * 2
    assert groups.array(0).shape == (0, 2)


def test_it_is_a_value():
    def made() -> gp.Groups:
        return gp.Groups(SHAPES, "torch.AdamW", lr=WARM, betas=(0.9, 0.99)).where(
            "*.bias", name="biases", weight_decay=0.0
        )

    groups = made()
    assert groups == made()
    assert hash(groups) == hash(made())
    assert {groups: 1}[made()] == 1
    assert groups != made().where("head.*", lr=0.1)
    assert pickle.loads(pickle.dumps(groups)) == groups
    assert copy.deepcopy(groups) == groups
    assert groups[1].name == "biases"
    with pytest.raises(TypeError):
        groups[0].options["lr"] = 0.1
    with pytest.raises(AttributeError):
        groups.params = ()


def test_json():
    groups = gp.Groups(SHAPES[:2], "torch.SGD", lr=gp.constant(0.1), nesterov=True, momentum=0.9)
    assert json.loads(groups.to_json()) == {
        "glidepath": 1,
        "optimizer": "torch.SGD",
        "params": [["embed.weight", [32, 8]], ["blocks.0.fc.weight", [8, 8]]],
        "groups": [
            {
                "name": None,
                "params": ["embed.weight", "blocks.0.fc.weight"],
                "options": {"lr": {"kind": "constant", "value": 0.1}, "nesterov": True, "momentum": 0.9},
            }
        ],
    }
    assert gp.Groups.from_json(groups.to_json().encode()) == groups


NUMBERS = st.one_of(st.floats(0.0, 1e6), st.integers(0, 10**9), st.sampled_from([WARM, gp.constant(0.1)]))
OPTIONS = st.one_of(
    NUMBERS, st.booleans(),
    st.tuples(st.floats(0.0, 1.0), st.sampled_from([WARM, 0.5])),
)  # fmt: skip


@given(st.data())
def test_json_of_random_groups(data):
    groups = gp.Groups(SHAPES, lr=data.draw(NUMBERS), ratios=data.draw(OPTIONS))
    for _ in range(data.draw(st.integers(0, 4))):
        chosen = data.draw(st.sets(st.sampled_from([name for name, _ in SHAPES]), min_size=1))
        option, values = data.draw(st.sampled_from([("lr", NUMBERS), ("weight_decay", NUMBERS), ("ratios", OPTIONS)]))
        groups = groups.where(lambda p, chosen=chosen: p.name in chosen, **{option: data.draw(values)})
    back = gp.Groups.from_json(groups.to_json())
    assert back == groups
    assert hash(back) == hash(groups)
    assert str(back) == str(groups)
    assert sorted(param.name for group in groups for param in group.params) == sorted(name for name, _ in SHAPES)


def test_the_table():
    groups = gp.Groups(SHAPES, "torch.AdamW", lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    assert str(groups.where("*.bias", name="biases", weight_decay=0.0, eps=1e-6)) == (
        "torch.AdamW(betas=(0.9, 0.95))\n"
        "group  name    parameters  numbers  lr     weight_decay  eps\n"
        "0      -                5      472  0.001  -             1e-08\n"
        "1      biases           2       16  0.001  0.0           1e-06"
    )


def test_no_framework_is_imported():
    code = (
        "import sys, glidepath as gp; groups = gp.Groups([('w', (2,))], lr=0.1).where('w', lr=0.2); print(groups);"
        "assert not {'torch', 'mindspore'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


REFUSED = {
    "model": (lambda: gp.Groups("model"), TypeError,
              ("`Groups.model`: got 'model'; it must be a torch Module, a MindSpore Cell, or pairs of a name and a shape. "
              "For instance `gp.Groups(model)` or `gp.Groups(model.named_parameters())`.")),
    "no parameters": (lambda: gp.Groups([]), ValueError,
                      ("`Groups.model`: got a model without one; it must have at least one parameter that is trained. "
                      "Set `requires_grad` before making Groups.")),
    "parameters without names": (lambda: gp.Groups([np.zeros(3)]), TypeError,
                                 ("`Groups.model[0]`: got an object of type numpy.ndarray; it must be a pair of a name and a shape. "
                                 "Write `gp.Groups(model)`, or `gp.Groups(model.named_parameters())`.")),
    "a name twice": (lambda: gp.Groups([("w", (2,)), ("w", (3,))]), ValueError,
                     "`Groups.model`: got 'w' twice; each parameter must have a name of its own. Rename one of them."),
    "optimizer": (lambda: gp.Groups(SHAPES, "torch.Adam_W"), ValueError,
                  ("`Groups.optimizer`: got 'torch.Adam_W'; it must be the name of an optimizer, with its framework's. "
                  'Did you mean "torch.AdamW"?')),
    "option": (lambda: gp.Groups(SHAPES, "torch.AdamW", weight_deacy=0.1), ValueError,
               "`Groups.weight_deacy`: torch.AdamW has no such option. Did you mean `weight_decay`?"),
    "option of where": (lambda: gp.Groups(SHAPES, "torch.SGD").where("*", betas=(0.9, 0.99)), ValueError,
                        ("`where.betas`: torch.SGD has no such option. It has lr, momentum, dampening, nesterov, "
                        "weight_decay, maximize.")),
    "negative": (lambda: gp.Groups(SHAPES, lr=-1.0), ValueError, "`Groups.lr`: got -1.0; it must be 0 or more."),
    "nan": (lambda: gp.Groups(SHAPES, lr=float("nan")), ValueError, "`Groups.lr`: got nan; it must be finite."),
    "None": (lambda: gp.Groups(SHAPES, lr=None), TypeError,
             ("`Groups.lr`: got None; an option is a number, a bool, a Schedule, or a tuple of numbers and Schedules. "
             "Leave it out for the optimizer's own default.")),
    "learning_rate": (lambda: gp.Groups(SHAPES, learning_rate=0.1), ValueError,
                      ("`Groups.learning_rate`: `learning_rate` is no option; an option has the name that it has in a "
                      "group. Write `lr`.")),
    "a flag for a number": (lambda: gp.Groups(SHAPES, lr=True), TypeError,
                            "`Groups.lr`: got True; it must be a number or a Schedule."),
    "a text for a number": (lambda: gp.Groups(SHAPES, "torch.SGD", dampening="x"), TypeError,
                            "`Groups.dampening`: got 'x'; it must be a number or a Schedule."),
    "a number for a flag": (lambda: gp.Groups(SHAPES, "torch.SGD", nesterov=1), TypeError,
                            "`Groups.nesterov`: got 1; it must be True or False."),
    "a number for two": (lambda: gp.Groups(SHAPES, "torch.AdamW", betas=0.9), TypeError,
                         "`Groups.betas`: got 0.9; it must be a tuple of 2 numbers or Schedules. For instance (0.9, 0.999)."),
    "a beta of 1": (lambda: gp.Groups(SHAPES, "torch.AdamW", betas=(0.9, 1.0)), ValueError,
                    "`Groups.betas[1]`: got 1.0; it must be from 0 on, below 1."),
    "layers past the largest float": (
        lambda: gp.Groups([(f"b.{i}", (1,)) for i in range(99)], lr=1.0).layerwise(1e9, "b.{}"), ValueError,
        "`layerwise.decay`: got 1000000000.0; its powers must be float64. Take 1 or less."),
    "no match": (lambda: gp.Groups(SHAPES[:2]).where(lambda p: p.ndim > 4, lr=0.1), ValueError,
                 ("`where`: got a function, which matches none of 2 parameters. They are called embed.weight, "
                 "blocks.0.fc.weight.")),
    "one pattern of two": (lambda: gp.Groups(SHAPES[:2]).where("embed.*", "*.bais", lr=0.1), ValueError,
                           ("`where`: got '*.bais', which matches none of 2 parameters. They are called embed.weight, "
                           "blocks.0.fc.weight.")),
    "no pattern": (lambda: gp.Groups(SHAPES).where(lr=0.1), TypeError,
                   '`where`: say which parameters, for instance `where("*.bias")`.'),
    "a change of nothing": (lambda: gp.Groups(SHAPES).where("*", lr=lambda lr: 2 * lr), ValueError,
                            "`where.lr`: got a function; group 0 has no `lr` that it could change. Give the value."),
    "nothing is left": (lambda: gp.Groups(SHAPES).without("*"), ValueError, "`without`: no parameter would be left."),
    "layers": (lambda: gp.Groups(SHAPES, lr=0.1).layerwise(0.5, "blocks.*"), ValueError,
               ("`layerwise.layers`: got 'blocks.*'; it must be a glob with one `{}`, or a function of a Param. "
               'For instance "blocks.{}.*".')),
    "no layer": (lambda: gp.Groups(SHAPES[:2], lr=0.1).layerwise(0.5, "layers.{}.*"), ValueError,
                 ("`layerwise`: got 'layers.{}.*', which matches none of 2 parameters. They are called embed.weight, "
                 "blocks.0.fc.weight.")),
    "between layers": (lambda: gp.Groups([("b.0", (1,)), ("x", (1,)), ("b.1", (1,))], lr=0.1).layerwise(0.5, "b.{}"),
                       ValueError,
                       ("`layerwise.layers`: got 'b.{}'; 'x' stands between the blocks, and belongs to none. Give a "
                       "function that returns its layer.")),
    "layer of a function": (lambda: gp.Groups(SHAPES, lr=0.1).layerwise(0.5, lambda p: p.name), ValueError,
                            "`layerwise.layers`: got 'embed.weight' for 'embed.weight'; a layer is an int from 0 on."),
    "decay": (lambda: gp.Groups(SHAPES, lr=0.1).layerwise(0.0, "blocks.{}.*"), ValueError,
              "`layerwise.decay`: got 0.0; it must be a number above 0. For instance 0.75."),
    "layers without a rate": (lambda: gp.Groups(SHAPES).layerwise(0.5, "blocks.{}.*"), ValueError,
                              '`layerwise`: group 0 has no `lr`. Give one: `where("*", lr=...)`.'),
    "array of nothing": (lambda: gp.Groups(SHAPES, lr=0.1).array(3, "momentum"), ValueError,
                         "`array.what`: got 'momentum'; group 0 has no such option. It has lr."),
    "place": (lambda: gp.Groups(SHAPES, betas=(0.9, 0.99)).array(3, "betas", place=2), IndexError,
              "`array.what.place`: got 2; the option has 2 values."),
    "steps": (lambda: gp.Groups(SHAPES, lr=0.1).array(-1), ValueError,
              "`array.n`: got -1; it must be a whole number from 0 to 2**53."),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    call, error, message = REFUSED[name]
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message


GOOD = {
    "glidepath": 1,
    "optimizer": None,
    "params": [["w", [2]]],
    "groups": [{"name": None, "params": ["w"], "options": {"lr": 0.1}}],
}
BAD_JSON = {
    "no object": (3, "`$`: got 3; it must be an object."),
    "keys": ({"glidepath": 1}, "`$`: got an object with the keys glidepath; it must have glidepath, groups, optimizer, params."),
    "version": ({**GOOD, "glidepath": 2}, "`$.glidepath`: got 2; it must be 1, the version of the format."),
    "params": ({**GOOD, "params": [["w"]]}, "`$.params[0]`: got an object of type list; it must be a name and a list of sizes."),
    "shape": ({**GOOD, "params": [["w", ["x"]]]}, "`$.params[0]`: got an object of type tuple; it must be a pair of a name and a shape. Write `gp.Groups(model)`, or `gp.Groups(model.named_parameters())`."),
    "a stranger": ({**GOOD, "groups": [{"name": None, "params": ["v"], "options": {}}]},
                   "`$.groups[0].params`: got 'v'; it must be one of `$.params`, and of one group only."),
    "schedule": ({**GOOD, "groups": [{"name": None, "params": ["w"], "options": {"lr": {"kind": "linaer"}}}]}, None),
    "no groups": ({**GOOD, "groups": []}, "`$.groups`: got no group with parameters; there must be one."),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_JSON)
def test_json_that_is_refused(name):
    content, message = BAD_JSON[name]
    with pytest.raises((TypeError, ValueError)) as caught:
        gp.Groups.from_json(json.dumps(content))
    if message is None:
        assert str(caught.value).startswith("`$.groups[0].options.lr`: ")
    else:
        assert str(caught.value) == message
