"""Compares a compiled step that looks its rate up in a table with the same step and a constant rate."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable, Iterator

import glidepath as gp
from measure import Row, seconds

STEPS = 1_000_000
SCHEDULE = gp.warmup_cosine(3e-4, STEPS, 0.01)
Step = Callable[[], object]


def jax_steps(size: int) -> tuple[Step, Step]:
    """A matrix product, Adam-like moments and an update, with both rates."""
    import jax
    import jax.numpy as jnp

    import glidepath.jax as gj

    looked_up = gj.schedule(SCHEDULE)

    def stepper(rate: Callable[[jax.Array], object]) -> Step:
        @jax.jit
        def step(state):
            count, weight, moment = state
            gradient = jnp.tanh(weight @ weight) * 1e-3
            moment = 0.9 * moment + gradient
            return count + 1, weight - rate(count) * moment, moment

        state = (jnp.int32(0), jnp.eye(size), jnp.zeros((size, size)))

        def run() -> None:
            nonlocal state
            state = step(state)
            state[1].block_until_ready()

        return run

    return stepper(looked_up), stepper(lambda _count: 3e-4)


def torch_steps(size: int) -> tuple[Step, Step]:
    """The same in torch."""
    import torch

    from glidepath.torch import RateTable

    table = RateTable(SCHEDULE)

    def stepper(*, is_looked_up: bool) -> Step:
        weight, moment = torch.eye(size), torch.zeros(size, size)
        count, rate = torch.tensor(0), torch.tensor(3e-4)

        @torch.compile(fullgraph=True)
        def step():
            if is_looked_up:
                rate.copy_(table(count))
            count.add_(1)
            moment.mul_(0.9).add_(torch.tanh(weight @ weight) * 1e-3)
            weight.sub_(rate * moment)

        return step

    return stepper(is_looked_up=True), stepper(is_looked_up=False)


def lines(repeats: int, size: int = 512) -> Iterator[str]:
    """Yield a row for each library that is installed."""
    for name, steps in (("jax", jax_steps), ("torch", torch_steps)):
        if importlib.util.find_spec(name) is None:
            yield str(Row(f"a compiled step of {name}", None, 1.02, 1.01, note=f"{name} is not installed"))
            continue
        what = f"a compiled step of {name} ({size} x {size}), rate from the table / constant rate"
        yield str(Row(what, least_ratio(*steps(size), repeats), 1.02, 1.01, note="minima"))


def least_ratio(ours: Step, theirs: Step, repeats: int) -> float:
    """Time both in turns, and divide the minima."""
    for call in (ours, theirs):
        call(), call()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(repeats)]
    return min(a for a, _ in pairs) / min(b for _, b in pairs)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=500)
    for line in lines(parser.parse_args().repeats):
        print(line, flush=True)


if __name__ == "__main__":
    main()
