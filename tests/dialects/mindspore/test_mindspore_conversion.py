"""`convert` to MindSpore: its line of code is run by MindSpore, and gives the values that the conversion says."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

import glidepath as gp
from helpers import assert_same
from replay_arguments import drawn

pytest.importorskip("mindspore")

N = 1_000


def made(conversion: gp.Conversion, **names: Any) -> Any:
    """What the conversion's line of code makes."""
    exec(conversion.imports, names)  # noqa: S102 (it is what users are told to run)
    return eval(conversion.code, names)


def test_steplr_as_a_list() -> None:
    rng = Random(0)
    for _ in range(50):
        source = gp.replay("torch.StepLR", **drawn("torch.StepLR", rng))
        conversion = gp.convert(source, "mindspore", steps=N, steps_per_epoch=rng.randint(1, 9))
        assert conversion.target == "mindspore.exponential_decay_lr"
        assert conversion.agreement in {"bits", "float32"}
        assert_same(made(conversion), conversion.value.array(N))
