"""Trains the same network in PyTorch and in MindSpore, and says how far the weights are apart: `make migrate`.

A row is an optimizer of torch's with its options, and what it becomes: by `gp.convert`, or, where that refuses, what a
user would write by name. Four groups with rates and weight decays of their own, 50 steps, float32, on the CPU. The
distance is the largest of `max|a - b| / max|a|` of any tensor.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any, NamedTuple

import numpy as np

import glidepath as gp

STEPS = 50
LINEAR, NORMS = "linear", "norms"
NETWORKS = (LINEAR, NORMS)
NEAR = {LINEAR: 1e-5, NORMS: 2e-4}
"""What a conversion must be within: on the network with norms the same rule in both frameworks is 5.7e-5 apart."""
FAR = 1e-4
"""What is refused must be further away than this."""


class Row(NamedTuple):
    """A recipe of torch's, and its target."""

    optimizer: str
    options: dict[str, Any]
    target: str
    by_name: dict[str, Any] | None = None
    """For what is refused: the options as a user would write them; None where `strict=False` converts it."""
    scale: float = 1.0
    """A factor of the rates."""
    is_refused: bool = False
    loss: float = 1.0
    """A factor of the loss: small gradients show an eps."""

    @property
    def label(self) -> str:
        """The row as the table names it."""
        given = ", ".join(f"{name}={value!r}".replace("gp.", "") for name, value in self.options.items())
        return f"{self.optimizer}({given})"


NN, EXPERIMENTAL = "mindspore.nn", "mindspore.experimental"
MOMENTUM = {"momentum": 0.9}
FADING = gp.linear(0.1, 0.0, STEPS)
ROWS = [
    Row("SGD", {}, f"{NN}.SGD"),
    Row("SGD", {}, f"{EXPERIMENTAL}.SGD"),
    Row("SGD", {**MOMENTUM, "weight_decay": 0.01}, f"{NN}.SGD"),
    Row("SGD", {**MOMENTUM, "weight_decay": 0.01}, f"{NN}.Momentum"),
    Row("SGD", {**MOMENTUM, "weight_decay": 0.01}, f"{EXPERIMENTAL}.SGD"),
    Row("SGD", {**MOMENTUM, "dampening": 0.5}, f"{NN}.SGD"),
    Row("SGD", {**MOMENTUM, "nesterov": True}, f"{NN}.SGD"),
    Row("SGD", {**MOMENTUM, "nesterov": True}, f"{EXPERIMENTAL}.SGD"),
    Row("SGD", {**MOMENTUM, "nesterov": True}, f"{NN}.Momentum", {**MOMENTUM, "use_nesterov": True}, is_refused=True),
    Row("SGD", {**MOMENTUM, "weight_decay": FADING}, f"{NN}.Momentum"),
    Row("SGD", {"momentum": gp.linear(0.5, 0.9, STEPS)}, f"{EXPERIMENTAL}.SGD"),
    Row("SGD", {"maximize": True, "weight_decay": 0.01}, f"{EXPERIMENTAL}.SGD", scale=0.1),
    Row("Adam", {}, f"{NN}.Adam", scale=0.1),
    Row("Adam", {"amsgrad": True}, f"{NN}.Adam", scale=0.1),
    Row("Adam", {"eps": 1e-3, "amsgrad": True}, f"{EXPERIMENTAL}.AdamW", scale=0.1),
    Row("Adam", {"weight_decay": 0.01}, f"{NN}.Adam", scale=0.1),
    Row("Adam", {"weight_decay": 0.01}, f"{EXPERIMENTAL}.Adam", scale=0.1),
    Row("Adam", {"eps": 1e-3}, f"{NN}.Adam", scale=0.1, is_refused=True),
    Row("Adam", {"weight_decay": 0.01, "eps": 1e-3}, f"{EXPERIMENTAL}.Adam", scale=0.1, is_refused=True),
    Row("Adam", {"betas": (0.9, 0.9), "amsgrad": True, "weight_decay": 0.01}, f"{EXPERIMENTAL}.Adam",
        {"betas": (0.9, 0.9), "amsgrad": True, "weight_decay": 0.01}, 0.1, is_refused=True),
    Row("AdamW", {"weight_decay": 0.1}, f"{EXPERIMENTAL}.AdamW", scale=0.1),
    Row("AdamW", {"weight_decay": 0.1}, f"{NN}.AdamWeightDecay", scale=0.1),
    Row("AdamW", {"weight_decay": FADING, "betas": (0.9, 0.95)}, f"{NN}.AdamWeightDecay", scale=0.1),
    Row("AdamW", {"weight_decay": 0.1, "eps": 1e-6}, f"{NN}.AdamWeightDecay", scale=0.1, is_refused=True, loss=0.1),
    Row("AdamW", {"weight_decay": 0.1}, f"{NN}.Adam", {"weight_decay": 0.1}, scale=0.1, is_refused=True),
    Row("RMSprop", {"centered": True, "momentum": 0.9}, f"{EXPERIMENTAL}.RMSprop", scale=0.01),
    Row("RMSprop", {"alpha": 0.9, "eps": 1e-10}, f"{NN}.RMSProp", {"decay": 0.9, "epsilon": 1e-10}, 0.01, True),
    Row("Adagrad", {"initial_accumulator_value": 0.1}, f"{NN}.Adagrad"),
    Row("Adagrad", {"lr_decay": 0.01, "weight_decay": 0.01}, f"{EXPERIMENTAL}.Adagrad"),
    Row("Adagrad", {}, f"{NN}.Adagrad", {"accum": 0.0}, scale=0.1, is_refused=True, loss=0.01),
    Row("Adadelta", {}, f"{NN}.Adadelta"),
    Row("Adadelta", {}, f"{EXPERIMENTAL}.Adadelta"),
    Row("Adamax", {}, f"{NN}.AdaMax", scale=0.1),
    Row("Adamax", {"eps": 1e-2}, f"{EXPERIMENTAL}.Adamax", scale=0.1),
    Row("Adamax", {"eps": 1e-2}, f"{NN}.AdaMax", scale=0.1, is_refused=True),
    Row("ASGD", {}, f"{NN}.ASGD"),
    Row("ASGD", {"t0": 5.0, "lambd": 0.1}, f"{EXPERIMENTAL}.ASGD"),
    Row("Rprop", {}, f"{NN}.Rprop", scale=0.1),
    Row("Rprop", {}, f"{EXPERIMENTAL}.Rprop", scale=0.1),
    Row("NAdam", {}, f"{EXPERIMENTAL}.NAdam", scale=0.1),
    Row("NAdam", {}, f"{NN}.Adam", {"use_nesterov": True}, scale=0.1, is_refused=True),
    Row("RAdam", {}, f"{EXPERIMENTAL}.RAdam", scale=0.1),
]  # fmt: skip


@cache
def _torch_network(kind: str) -> Any:
    import torch

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(16, 8)
            if kind == NORMS:
                self.norm, self.batch = torch.nn.LayerNorm(8), torch.nn.BatchNorm1d(8)
                self.middle = torch.nn.Linear(8, 8, bias=False)  # BatchNorm takes a bias out again
            self.last = torch.nn.Linear(8, 4)

        def forward(self, x: Any) -> Any:
            x = self.first(x)
            if kind == NORMS:
                x = torch.relu(self.batch(self.middle(torch.relu(self.norm(x)))))
            return self.last(x)

    return Net


@cache
def _mindspore_network(kind: str) -> Any:
    import mindspore
    from mindspore import nn

    mindspore.set_context(mode=mindspore.PYNATIVE_MODE)

    class Net(nn.Cell):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Dense(16, 8)
            if kind == NORMS:
                self.norm, self.batch = nn.LayerNorm((8,), epsilon=1e-5), nn.BatchNorm1d(8)
                self.middle = nn.Dense(8, 8, has_bias=False)
            self.relu, self.last = nn.ReLU(), nn.Dense(8, 4)

        def construct(self, x: Any) -> Any:
            x = self.first(x)
            if kind == NORMS:
                x = self.relu(self.batch(self.middle(self.relu(self.norm(x)))))
            return self.last(x)

    return Net


def recipe(row: Row, kind: str, optimizer: str | None = None, options: dict[str, Any] | None = None) -> gp.Groups:
    """Four groups: two layers, weights and biases, with rates and weight decays of their own."""
    given = row.options if options is None else options
    rate = row.scale * gp.warmup_cosine(0.1, steps=STEPS, warmup=10, start=0.02, end=0.001)
    groups = gp.Groups(_torch_network(kind)(), optimizer or f"torch.{row.optimizer}", lr=rate, **given)
    groups = groups.where("last.*", lr=row.scale * gp.exponential(0.05, 0.5, per=25))
    plain = {"weight_decay": 0.0} if "weight_decay" in given else {"lr": lambda lr: 0.5 * lr}
    return groups.where(lambda p: p.ndim < 2, **plain)


@cache
def _data() -> tuple[Any, Any, dict[str, Any]]:
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(STEPS, 32, n)).astype(np.float32) for n in (16, 4))
    first = {
        name: np.float32(
            name.endswith("weight") + np.zeros(p.shape)
            if name.startswith(("norm", "batch"))
            else 0.3 * rng.normal(size=p.shape)
        )
        for name, p in _torch_network(NORMS)().named_parameters()
    }
    return x, y, first


def train_in_torch(groups: gp.Groups, kind: str, loss: float = 1.0) -> dict[str, Any]:
    """The weights after all steps, by name."""
    import torch

    from glidepath._recipes.real import optimizer_of

    x, y, first = _data()
    model = _torch_network(kind)()
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.from_numpy(first[name]))
    optimizer, scheduler = optimizer_of(groups, model, STEPS)
    for a, b in zip(x, y, strict=True):
        optimizer.zero_grad()
        (loss * ((model(torch.from_numpy(a)) - torch.from_numpy(b)) ** 2).mean()).backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    return {name: p.detach().numpy().copy() for name, p in model.named_parameters()}


def train_in_mindspore(groups: gp.Groups, kind: str, loss: float = 1.0) -> dict[str, Any]:
    """The same in MindSpore, by torch's names."""
    import mindspore

    from glidepath._recipes.models import bind
    from glidepath._recipes.real import optimizer_of

    x, y, first = _data()
    net = _mindspore_network(kind)()
    net.set_train()
    bound = bind("net", groups.params, groups.params, net)
    for name, parameter in bound.items():
        parameter.set_data(mindspore.Tensor(first[name]))
    optimizer, scheduler = optimizer_of(groups, net, STEPS)
    gradients = mindspore.value_and_grad(
        lambda a, b: loss * ((net(a) - b) ** 2).mean(), None, mindspore.ParameterTuple(optimizer.parameters)
    )
    for a, b in zip(x, y, strict=True):
        optimizer(gradients(mindspore.Tensor(a), mindspore.Tensor(b))[1])
        if scheduler is not None:
            scheduler.step()
    return {name: parameter.asnumpy() for name, parameter in bound.items()}


def apart(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The largest distance of any tensor, relative to its largest number."""
    return max(float(np.abs(one[name] - other[name]).max() / np.abs(one[name]).max()) for name in one)


def measured(row: Row, kind: str) -> float:
    """How far the weights of a row are apart in the end."""
    groups = recipe(row, kind)
    if row.by_name is None:
        target = gp.convert(groups, row.target, steps=STEPS, strict=not row.is_refused).value
    else:
        target = recipe(row, kind, row.target, row.by_name)
    return apart(train_in_torch(groups, kind, row.loss), train_in_mindspore(target, kind, row.loss))


def main() -> int:
    """Print the table. Return 1 if a row misses its bar."""
    failed = 0
    print(
        f"Four groups, {STEPS} steps, float32 on the CPU: the largest distance of a weight, relative to its tensor.\n"
    )
    print("| torch | MindSpore | linear | LayerNorm and BatchNorm | |\n| --- | --- | --- | --- | --- |")
    for row in ROWS:
        distances = {kind: measured(row, kind) for kind in NETWORKS}
        is_right = all(d > FAR if row.is_refused else d <= NEAR[kind] for kind, d in distances.items())
        failed += not is_right
        verdict = ("refused" if row.is_refused else "") + ("" if is_right else " MISSED")
        cells = " | ".join(f"{d:.1e}" for d in distances.values())
        print(f"| {row.label} | {row.target.removeprefix('mindspore.')} | {cells} | {verdict.strip()} |", flush=True)
    print(f"\nWithin {NEAR[LINEAR]:g} and {NEAR[NORMS]:g}; what is refused is further than {FAR:g}. {failed} missed.")
    return int(failed > 0)


if __name__ == "__main__":
    os.environ.setdefault("GLOG_v", "3")  # MindSpore's warnings fill the table
    sys.exit(main())
