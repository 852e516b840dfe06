"""A type checker accepts every call that torch's classes allow, and finds wrong calls."""

from __future__ import annotations

import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("mypy")
if int(np.__version__.partition(".")[0]) < 2:
    pytest.skip("the types of numpy 1 are others", allow_module_level=True)

HERE = Path(__file__).parent
CLIENT = HERE / "typed_client.py"
WRONG = """import torch
import glidepath as gp
import glidepath.torch as gt
from glidepath.dialects import hf
optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
gt.StepLR(optimizer, 3).step("3")
gt.ReduceLROnPlateau(optimizer).step()
gt.ReduceLROnPlateau(optimizer).step("low")
gt.ChainedScheduler([gt.StepLR(optimizer, 3)]).step(None)
gp.replay("torch.StepLr", base_lr=0.1, step_size=30)
gp.constant(1.0)("3")
hf.warmup_stable_decay(0.1, 10, 20, decay_type="sqrt")
hf.linear(0.1, 10)
gt.get_scheduler("cosine")
"""
FOUND = ["6: arg-type", "7: call-arg", "8: arg-type", "9: call-arg", "10: arg-type", "11: arg-type", "12: arg-type",
         "13: call-arg", "14: call-arg"]  # fmt: skip


def test_a_client_passes_mypy_and_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [*command, str(CLIENT), str(wrong)], check=False, capture_output=True, text=True, cwd=HERE.parents[1]
    )
    assert not done.stderr
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    found = [[*line.split(":")[:2], line.rpartition("[")[2].rstrip("]")] for line in errors]
    assert [(Path(file).name, f"{line}: {code}") for file, line, code in found] == [
        ("wrong.py", code) for code in FOUND
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # for steps without `optimizer.step()`, and for epochs
        runpy.run_path(str(CLIENT))
    assert capsys.readouterr().out.startswith("Adjusting learning rate of group 0 to ")
