"""Rates in a safetensors file, which holds its schedule."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glidepath as gp

numpy_tensors = pytest.importorskip("safetensors.numpy", reason="writes the file")

S = gp.warmup_cosine(3e-4, 10_000, 0.1)


def run(*arguments: object) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "glidepath", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("start", [0, 77])
def test_it_holds_the_values_and_the_schedule(tmp_path: Path, dtype: Any, start: int) -> None:
    path, seen = tmp_path / "lr.safetensors", []
    S.save(path, 5_000, dtype=dtype, start=start, progress=seen.append)
    values = numpy_tensors.load_file(path)["lr"]
    assert values.dtype == dtype
    assert values.tobytes() == S.array(5_000, start=start, dtype=dtype).tobytes()
    assert names(tmp_path) == ["lr.safetensors"]
    assert seen[-1] == 5_000
    assert run("verify", path) == (0, f"{path}: 5,000 {dtype} values, all with the bits of the schedule\n", "")
    code, out, err = run("show", path)
    assert (code, err) == (0, "")
    assert out.startswith(f"{S.skip(start) if start else S!r}\n")
    assert run("array", path, "-n", 10, "-o", tmp_path / "again.npy")[0] == 0
    assert np.load(tmp_path / "again.npy").tolist() == S.array(10, start=start).tolist()


def test_the_command_writes_one(tmp_path: Path) -> None:
    path = tmp_path / "lr.safetensors"
    assert run("array", "linear(0, 1, 4)", "-o", path) == (0, "", "")
    assert numpy_tensors.load_file(path)["lr"].tolist() == [0.0, 0.25, 0.5, 0.75]
    assert run("verify", "linear(0, 1, 5)", path) == (
        1,
        f"{path}: differs at step 1: it has 0.25, the schedule 0.2\n",
        "",
    )
    assert run("array", "linear(0, 1, 4)", "-o", path, "--resume")[2] == (
        "glidepath: `save.resume`: got True; a safetensors file is made in memory, and so it is never partial. "
        "Leave it out, or name a .npy file.\n"
    )


def test_what_is_no_such_file(tmp_path: Path) -> None:
    path = tmp_path / "lr.safetensors"
    tensor = np.arange(3, dtype="float64")

    def message(*arguments: object) -> str:
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        return err

    path.write_bytes(b"no tensors")
    assert message("show", path).startswith(
        f"glidepath: {path}: it must be a safetensors file with a tensor `lr` of float64 or float32, of one dimension ("
    )
    numpy_tensors.save_file({"lr": tensor}, path)
    assert message("show", path) == (
        f"glidepath: {path}: no schedule is in its metadata, as `glidepath`. Write `glidepath verify SPEC {path}` with "
        "the schedule that it may be.\n"
    )
    numpy_tensors.save_file({"lr": tensor.astype("int32")}, path)
    assert message("verify", "linear(0, 1, 5)", path) == (
        f"glidepath: `{path}`: got int32 values of shape (3,); it must be a safetensors file with a tensor `lr` of "
        "float64 or float32, of one dimension.\n"
    )
    numpy_tensors.save_file({"lr": tensor}, path, metadata={"glidepath": "{}"})
    assert message("show", path).startswith(
        f"glidepath: {path}: the schedule in its metadata: `$.glidepath`: got nothing;"
    )
    numpy_tensors.save_file({"lr": tensor}, path, metadata={"glidepath": S.to_json()})
    assert message("show", path) == (
        f"glidepath: {path}: differs at step 1: it has 1.0, the schedule 3e-07. That schedule is in its metadata.\n"
    )
    path.unlink()
    for command in ("show", "verify"):
        assert message(command, path) == f"glidepath: {path}: No such file or directory\n"


def test_without_the_package(tmp_path: Path) -> None:
    path = tmp_path / "lr.safetensors"
    code = (
        "import sys; sys.modules['safetensors'] = sys.modules['safetensors.numpy'] = None\n"
        f"from glidepath.cli import run; sys.argv = ['glidepath', 'array', 'linear(0, 1, 4)', '-o', {str(path)!r}]\n"
        "sys.exit(run())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"glidepath: {path}: needs safetensors, which is not installed. Run `pip install safetensors`, or name a .npy "
        "file.\n"
    )
    assert names(tmp_path) == []
