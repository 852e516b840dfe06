"""A few random cases of each topic of fuzz.py. `make fuzz` runs many more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

import fuzz

CASES = 25


@pytest.mark.parametrize("topic", fuzz.TOPICS)
def test_random_cases(topic: str) -> None:
    module = fuzz.load(topic)
    if module is None:
        pytest.skip("a package that it needs is not installed")
    for seed in range(CASES):
        module.once(Random(seed))


def test_the_command_names_the_seed_that_fails(tmp_path: Path) -> None:
    source = "def once(rng):\n    x = rng.random()\n    assert x < 0.8, f'got {x:.3f}'\n"
    (tmp_path / "fuzz_sample.py").write_text(source)
    (tmp_path / "fuzz_lacking.py").write_text("import no_such_package\n")
    (tmp_path / "fuzz.py").write_text(Path(fuzz.__file__).read_text())

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, str(tmp_path / "fuzz.py"), *arguments]
        return subprocess.run(line, capture_output=True, text=True, check=False)

    failing = next(seed for seed in range(100) if Random(seed).random() >= 0.8)
    found = command("sample", "--cases", str(failing + 1))
    assert found.returncode == 1
    assert f"fuzz_sample, seed {failing}:\nTraceback" in found.stdout
    assert found.stdout.endswith(f"sample: {failing + 1} cases, 1 failed: seeds [{failing}]\n")
    again = command("sample", "--seed", str(failing), "--cases", "1")
    assert again.returncode == 1
    right = command("--cases", str(failing))
    assert right.returncode == 0
    lacking = "lacking: skipped, a package that it needs is not installed\n"
    assert right.stdout == f"{lacking}sample: {failing} cases, 0 failed\n"
    unknown = command("nothing")
    assert unknown.returncode == 2
    assert "there is no topic 'nothing'; take some of lacking, sample" in unknown.stderr
