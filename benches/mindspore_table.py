"""Compares glidepath.mindspore with MindSpore: the part of `make bench` that runs where MindSpore is installed.

Each row is a ratio of two medians, as in `table.py`. The two run in turns, and every setup compares values first.
"""

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from glidepath.mindspore import nn
from measure import Row, ratio
from table import cpu

PER_EPOCH = 100


def list_arguments(steps: int, per_epoch: int = PER_EPOCH) -> dict[str, dict[str, Any]]:
    """Return arguments of every list function for this number of steps."""
    epochs = max(1, steps // per_epoch)
    lengths = {"total_step": steps, "step_per_epoch": per_epoch}
    decaying = {"learning_rate": 0.1, "decay_rate": 0.9, **lengths, "decay_epoch": 100}
    return {
        "piecewise_constant_lr": {
            "milestone": [(i + 1) * per_epoch for i in range(epochs)],
            "learning_rates": [1e-3 * i for i in range(epochs)],
        },
        "exponential_decay_lr": decaying,
        "natural_exp_decay_lr": decaying | {"decay_rate": 1e-3},
        "inverse_decay_lr": decaying,
        "cosine_decay_lr": {"min_lr": 0.01, "max_lr": 0.1, **lengths, "decay_epoch": epochs},
        "polynomial_decay_lr": {
            "learning_rate": 0.1, "end_learning_rate": 0.01, **lengths, "decay_epoch": epochs, "power": 0.9,
        },
        "warmup_lr": {"learning_rate": 0.1, **lengths, "warmup_epoch": epochs},
    }  # fmt: skip


def list_rows(theirs: Any, steps: int, repeats: int) -> Iterator[Row]:
    """Compare each list function with MindSpore's."""
    for name, given in list_arguments(steps).items():
        other, ours = partial(getattr(theirs, name), **given), partial(getattr(nn, name), **given)
        assert ours() == other()
        what = f"MindSpore's `{name}`, {steps:,} steps in epochs of {PER_EPOCH} / glidepath's"
        yield Row(f"{what}, a list", ratio(other, ours, repeats), 8, 20, " times", at_least=True)
        as_array = ratio(other, partial(ours, dtype="float64"), repeats)
        yield Row(f"{what}, an array", as_array, 200, 400, " times", at_least=True)


def fill_rows(steps: int, repeats: int) -> Iterator[Row]:
    """Compare each list function's array with `ndarray.fill`."""
    out = np.empty(steps)
    for name, given in list_arguments(steps, per_epoch=1_000).items():
        ours = partial(getattr(nn, name), **given, out=out)
        assert ours()[-1] == getattr(nn, name).schedule(**given)[steps - 1]
        got = ratio(ours, partial(out.fill, 1e-4), repeats)
        yield Row(f"`{name}`, {steps:,} steps in epochs of 1,000, filled / `ndarray.fill`", got, 1.5, 1.1)


def class_row(theirs: Any, tensor: Any, repeats: int, number: int = 50) -> Row:
    """Compare a call of a schedule class with MindSpore's, in PYNATIVE mode. Times a thousand of our calls for one."""
    ours, other, step = nn.CosineDecayLR(0.01, 0.1, 1_000), theirs.CosineDecayLR(0.01, 0.1, 1_000), tensor(333)
    assert abs(float(other(step).asnumpy()) - float(ours(333))) < 1e-8

    def a_thousand() -> None:
        for _ in range(1_000):
            ours(333)

    got = 1_000 * ratio(lambda: other(step), a_thousand, repeats, number)
    return Row("MindSpore's `CosineDecayLR(step)` / glidepath's", got, 1_000, 2_000, " times", at_least=True)


def main() -> None:
    """Print the table, each line as soon as it is measured."""
    from mindspore import Tensor
    from mindspore import nn as theirs

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    print(f"\n{cpu()}, numpy {np.__version__}, beside MindSpore")
    print("\n| what | measured | bar | goal | | |\n| --- | --- | --- | --- | --- | --- |")
    for rows in (list_rows(theirs, options.steps, options.repeats), fill_rows(10 * options.steps, options.repeats)):
        for row in rows:
            print(row, flush=True)
    print(class_row(theirs, Tensor, options.repeats))


if __name__ == "__main__":
    main()
