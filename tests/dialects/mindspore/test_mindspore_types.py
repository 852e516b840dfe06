"""Type checks of the names that glidepath.mindspore takes from MindSpore."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")

SCRIPT = """
from glidepath.mindspore import experimental, nn
from glidepath.mindspore.experimental import optim


class Net(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Dense(3, 2)


net = Net()
momentum = nn.Momentum(net.trainable_params(), learning_rate=nn.CosineDecayLR(0.0, 0.1, 10), momentum=0.9)
adam = optim.Adam(net.trainable_params(), lr=0.1)
scheduler = experimental.StepLR(adam, step_size=2)
momentum(scheduler.preview(3))
reveal_type(nn.Momentum)
reveal_type(scheduler.preview(3))
reveal_type(scheduler.schedule())
reveal_type(experimental.preview(scheduler, 3))
"""


def test_forwarded_names_are_any(tmp_path: Path) -> None:
    """`--strict` alone refuses every base class from an untyped package, also MindSpore's own classes."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    options = ["--strict", "--allow-subclassing-any", "--ignore-missing-imports"]
    command = [sys.executable, "-m", "mypy", *options, "--cache-dir", str(tmp_path / "cache"), str(script)]
    # In another folder, so that mypy does not use this project's settings.
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    lines = [line.partition(": note: Revealed type is ")[2] for line in done.stdout.splitlines()]
    assert [line.partition("[")[0] for line in lines[:4]] == [
        '"Any"', '"numpy.ndarray', '"glidepath._core.Schedule"', '"numpy.ndarray'
    ], done.stdout  # fmt: skip
    assert done.stdout.endswith("Success: no issues found in 1 source file\n"), done.stdout
    assert done.returncode == 0
