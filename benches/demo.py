"""`make demo`: compute 100 million float32 steps of Llama 3 405B's schedule, check and plot them, and time it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

import glidepath as gp

ROOT = Path(__file__).parents[1]
SPEC = "examples/llama3-405b.json"
STEPS = 100_000_000


def main() -> None:
    """Run the command as a user does, then print its time and the times of its parts."""
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    run("show", SPEC)
    took = run("array", SPEC, "-n", str(STEPS), "--dtype", "float32", "-o", "build/lr.npy")
    run("plot", SPEC, "-o", "build/lr.png")

    schedule = gp.Schedule.from_json((ROOT / SPEC).read_text(encoding="utf-8"))
    written = np.load(build / "lr.npy", mmap_mode="r")
    assert written.shape == (STEPS,)
    assert written[8_000] == np.float32(8e-5)
    assert np.array_equal(written[::9_973], schedule.gather(np.arange(0, STEPS, 9_973), dtype="float32"))

    buffer = np.zeros(STEPS, dtype=np.float32)
    moving = gp.cosine(8e-5, 8e-7, STEPS)
    lines = (
        ("the command: start, compute, write, fsync, rename", took),
        ("    writing and syncing as many bytes from memory", timed(lambda: write(buffer, build / "lr.raw"), 3)),
        ("in memory: glidepath, Llama 3 (past step 1,208,000 it holds)", timed(lambda: schedule.fill(buffer))),
        ("in memory: glidepath, a cosine over the whole length", timed(lambda: moving.fill(buffer))),
        ("in memory: numpy's ndarray.fill with one constant", timed(lambda: buffer.fill(1e-4))),
    )
    print(f"\n{STEPS:,} float32 steps, {4 * STEPS / 1e6:,.0f} MB, one thread, seconds:\n")
    for what, seconds in lines:
        print(f"  {what:<64}{seconds:8.3f}")
    print("\nThe schedule is in build/lr.npy (numpy.load, or with mmap_mode='r'), its picture in build/lr.png.")


def run(*arguments: str) -> float:
    """Run the command in the project's folder, and return how long it took."""
    print(f"\n$ glidepath {' '.join(arguments)}", flush=True)
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "glidepath", *arguments], check=True, cwd=ROOT)
    return time.perf_counter() - begun


def timed(call, repeats: int = 5) -> float:
    """Return the median time of a call."""
    took = []
    for _ in range(repeats):
        begun = time.perf_counter()
        call()
        took.append(time.perf_counter() - begun)
    return median(took)


def write(values: np.ndarray, path: Path) -> None:
    """Write the bytes and wait for the disk, as the command does. Then remove the file."""
    try:
        with path.open("wb") as file:
            file.write(values.data)
            file.flush()
            os.fsync(file.fileno())
    finally:
        path.unlink()


if __name__ == "__main__":
    main()
