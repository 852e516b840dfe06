"""`RateTable` in eager steps, compiled steps and CUDA graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="holds the table")

import torch

import glidepath as gp
from glidepath.torch import RateTable

S = gp.warmup_cosine(3e-2, 50, 0.1, end=3e-3)
NO_GPU = "a CUDA graph needs a GPU, and none is here"


def naive(rates: np.ndarray[Any, Any]) -> torch.Tensor:
    """The weights after steps with these rates, each a plain number."""
    weight = torch.nn.Parameter(torch.ones(8, dtype=torch.float64))
    optimizer = torch.optim.SGD([weight], lr=0.0, momentum=0.9)
    for rate in rates.tolist():
        optimizer.param_groups[0]["lr"] = rate
        weight.grad = weight.detach().sin()
        optimizer.step()
    return weight.detach()


@pytest.mark.parametrize(("dtype", "name"), [(torch.float32, "float32"), (torch.float64, "float64")])
def test_its_values(dtype: torch.dtype, name: Any) -> None:
    table, want = RateTable(S, dtype=dtype), S.array(51, dtype=name)
    steps = torch.arange(-3, 60)
    assert table(steps).numpy().tobytes() == want[np.clip(steps.numpy(), 0, 50)].tobytes()
    assert table(torch.tensor(7)).shape == ()
    assert table(steps.reshape(9, 7).to(torch.int32).long()).shape == (9, 7)
    assert table.state_dict() == {}, "a checkpoint need not hold what a line of code makes"
    longer = RateTable(gp.inverse_sqrt(1.0, 10), steps=30)
    assert longer(torch.tensor([30, 31])).tolist() == [float(np.float32(gp.inverse_sqrt(1.0, 10)[30]))] * 2


@pytest.mark.filterwarnings("ignore")  # of the compiler
@pytest.mark.parametrize("kind", ["SGD", "AdamW"])
def test_a_compiled_step(kind: str) -> None:
    """One graph serves all steps, and the weights are those of plain numbers, in every bit for SGD."""
    torch.compiler.reset()
    table, step = RateTable(S, dtype=torch.float64), torch.tensor(0)
    weight = torch.nn.Parameter(torch.ones(8, dtype=torch.float64))
    rate = torch.tensor(0.0, dtype=torch.float64)
    options = {"momentum": 0.9} if kind == "SGD" else {}
    optimizer = getattr(torch.optim, kind)([weight], lr=rate, **options)
    graphs = []

    def backend(graph: Any, _inputs: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    @torch.compile(fullgraph=True, backend=backend)
    def look_up() -> None:
        rate.copy_(table(step))
        step.add_(1)

    seen = []
    for _ in range(60):
        look_up()
        seen.append(rate.item())
        weight.grad = weight.detach().sin()
        optimizer.step()
    assert len(graphs) == 1
    assert np.array(seen).tobytes() == S.array(60).tobytes()
    if kind == "SGD":
        assert weight.detach().numpy().tobytes() == naive(S.array(60)).numpy().tobytes()


@pytest.mark.filterwarnings("ignore")  # of the compiler
def test_a_whole_compiled_step() -> None:
    """Forward, backward, the update and the rate in one compiled function, by the default compiler."""
    torch.compiler.reset()
    table, step = RateTable(S), torch.tensor(0)
    weight, rate = torch.ones(8), torch.tensor(0.0)

    @torch.compile(fullgraph=True)
    def update(weight: torch.Tensor) -> torch.Tensor:
        rate.copy_(table(step))
        step.add_(1)
        return weight - rate * weight.sin()

    seen = []
    for _ in range(60):
        weight = update(weight)
        seen.append(rate.item())
    assert np.array(seen, dtype="float32").tobytes() == S.array(60, dtype="float32").tobytes()


@pytest.mark.skipif(not torch.cuda.is_available(), reason=NO_GPU)
def test_a_cuda_graph() -> None:
    table, step = RateTable(S, device="cuda"), torch.tensor(0, device="cuda")
    rate = torch.tensor(0.0, device="cuda")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        rate.copy_(table(step))
        step.add_(1)
    step.zero_()
    for k in range(60):
        graph.replay()
        assert rate.item() == np.float32(S[k])


def test_what_is_refused() -> None:
    def message(*arguments: Any, **named: Any) -> str:
        with pytest.raises((TypeError, ValueError)) as caught:
            RateTable(*arguments, **named)
        return str(caught.value)

    assert message(0.1) == "`RateTable.schedule`: got 0.1; it must be a schedule. For a number `gp.constant(number)`."
    assert message(gp.constant(0.1)) == (
        "`RateTable.steps`: got None; this schedule has no end of its own (`schedule.steps` is None). "
        "Give the number of steps of your run."
    )
    assert message(S, -1) == "`RateTable.steps`: got -1; it must be a whole number from 0 to 2**53."
    assert message(S, dtype=torch.int64) == (
        "`RateTable.dtype`: got torch.int64; it must be torch.float32 or torch.float64."
    )
