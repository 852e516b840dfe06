"""``Schedule.save`` and what the command makes of it: real files, real signals, real full disks."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import glidepath as gp

S = gp.linear(0.0, 8e-5, 8_000) >> gp.cosine(8e-5, 8e-7, 100_000_000)
N = 1_500_000  # more than one chunk in either dtype, and not a whole number of chunks
KILLED = 4_000_000  # 32 MB
COMMAND = [sys.executable, "-m", "glidepath"]


def run(*arguments: object, **options) -> tuple[int, str, str]:
    command = [*COMMAND, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)
    return done.returncode, done.stdout, done.stderr


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("start", [0, 7_990, 2**40])
@pytest.mark.parametrize("threads", [None, 1, 3])
def test_save_writes_what_array_gives(tmp_path, dtype, start, threads):
    S.save(tmp_path / "lr.npy", N, dtype=dtype, start=start, threads=threads)
    np.save(tmp_path / "numpy.npy", S.array(N, start=start, dtype=dtype))
    assert (tmp_path / "lr.npy").read_bytes() == (tmp_path / "numpy.npy").read_bytes()
    assert (
        gp.Schedule((tmp_path / "lr.npy.json").read_text(encoding="utf-8")).array(N, dtype=dtype).tobytes()
        == S.array(N, start=start, dtype=dtype).tobytes()
    )
    assert names(tmp_path) == ["lr.npy", "lr.npy.json", "numpy.npy"]


@pytest.mark.parametrize("n", [0, 1, N])
def test_progress_is_the_steps_done(tmp_path, n):
    done: list[int] = []
    S.save(str(tmp_path / "lr.npy"), n, progress=done.append)
    assert done == sorted(done)
    assert done[-1] == n
    assert np.load(tmp_path / "lr.npy").shape == (n,)


def test_an_error_of_progress_leaves_nothing(tmp_path):
    def broken(done: int) -> None:
        raise BrokenPipeError(f"at {done}")

    with pytest.raises(BrokenPipeError, match=r"^at 131072$"):
        S.save(tmp_path / "lr.npy", N, progress=broken)
    assert not names(tmp_path)


@pytest.mark.parametrize(
    ("error", "message", "arguments", "options"),
    [
        (TypeError, "`save.path`: got 3.5; it must name a file. Write `lr.npy`.", (3.5, 1), {}),
        (ValueError, "no/lr.npy: the folder no is not there. Make it first, or name another.", ("no/lr.npy", 1), {}),
        (ValueError, "/dev/null: not a regular file; the output replaces it. Name a file.", ("/dev/null", 1), {}),
        (TypeError, "`save.progress`: got 1; it must be a function of the steps done.", ("lr.npy", 1), {"progress": 1}),
        (
            ValueError,
            '`save.dtype`: got \'int8\'; it must be "float64" or "float32". Convert the result.',
            ("lr.npy", 1),
            {"dtype": "int8"},
        ),
        (
            ValueError,
            (
                "lr.txt.json: is there already; it is not a schedule, and the schedule of lr.txt takes its place. "
                "Move it, or name another file."
            ),
            ("lr.txt", 1),
            {},
        ),
    ],
)
def test_wrong_arguments_are_refused(tmp_path, monkeypatch, error, message, arguments, options):
    monkeypatch.chdir(tmp_path)
    Path("lr.txt.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(error) as caught:
        S.save(*arguments, **options)
    assert str(caught.value).removeprefix(f"{tmp_path.resolve()}/") == message
    assert names(tmp_path) == ["lr.txt.json"]


def test_more_than_the_disk_holds_is_refused_before_a_byte_is_written(tmp_path):
    message = r"^`save\.n`: got 72,057,594\.0 GB to write; .* has .* GB free\. Take fewer steps\.$"
    with pytest.raises(ValueError, match=message):
        S.save(tmp_path / "lr.npy", 2**53)
    assert not names(tmp_path)


def test_a_table_longer_than_its_file_is_not_written_beside_it(tmp_path):
    table = gp.table(np.random.default_rng(0).random(100_000))
    table.save(tmp_path / "lr.npy", 100_000)
    assert names(tmp_path) == ["lr.npy"]


# A full disk.


def test_a_file_too_large_is_one_error_and_leaves_the_old_file(tmp_path):
    code = f"""
import resource
import glidepath as gp
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    gp.cosine(1.0, 0.0, 10**9).save({str(tmp_path / "lr.npy")!r}, 10**6)
except OSError as error:
    print(error)
"""
    (tmp_path / "lr.npy").write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == f"[Errno 27] File too large: '{tmp_path}/lr.npy'\n"
    assert names(tmp_path) == ["lr.npy"]
    assert (tmp_path / "lr.npy").read_bytes() == b"old"


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("resume", [[], ["--resume"]])
def test_a_disk_that_fills_up_is_one_line_and_leaves_nothing(small_disk, resume):
    target = small_disk / "lr.npy"
    command = [*COMMAND, "array", "cosine(1, 0, 400_000)", "-n", "400k", "-o", str(target), *resume]
    filler = small_disk / "filler"

    def fill(done: int) -> None:
        if done and not filler.exists():
            filler.write_bytes(bytes(2 << 20))

    with pytest.raises(OSError, match=r"^\[Errno 28\] No space left on device: '.*/disk/lr\.npy'$"):
        S.save(target, 400_000, progress=fill, resume=bool(resume))
    assert names(small_disk) == ["filler"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("glidepath: `-n`: got 3.2 MB to write; ")
    assert names(small_disk) == ["filler"]


# Kills.


def killed_at_a_random_moment(folder: Path, *options: str, longest: float) -> None:
    code = f"""
import sys
import glidepath as gp
s = gp.Schedule({S.to_json()!r})
print(flush=True)
s.save({str(folder / "lr.npy")!r}, {KILLED}, resume={"--resume" in options})
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(random.uniform(0.0, longest))
        child.kill()


def time_of(function: Callable[[], object]) -> float:
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


@pytest.mark.parametrize("old", [None, b"old"])
def test_kill_9_leaves_the_target_whole_old_or_absent_and_the_resumed_file_is_the_same(tmp_path, old):
    whole, folder = tmp_path / "whole.npy", tmp_path / "out"
    longest = 1.2 * time_of(lambda: S.save(whole, KILLED))
    expected = whole.read_bytes()
    folder.mkdir()
    target = folder / "lr.npy"
    for i in range(int(os.environ.get("GLIDEPATH_KILLS", "6"))):
        target.unlink(missing_ok=True)
        if old is not None:
            target.write_bytes(old)
        for options in ([], ["--resume"])[: 1 + i % 2]:
            killed_at_a_random_moment(folder, *options, longest=longest)
            assert (target.read_bytes() if target.exists() else None) in (old, expected)
            assert len([name for name in names(folder) if name.endswith(".tmp")]) <= 2  # of the file, of the line
        S.save(target, KILLED, resume=True)
        assert target.read_bytes() == expected
        assert names(folder) == ["lr.npy", "lr.npy.json"]


def left_by_a_kill(folder: Path, of: str) -> int:
    """Kill a process in the middle of a file. Return how many bytes it has left."""
    kill = "lambda n: n > 500_000 and os.kill(os.getpid(), 9)"
    code = f"import glidepath as gp, os\n{of}.save('lr.npy', 10**6, progress={kill})"
    subprocess.run([sys.executable, "-c", code], check=False, timeout=60, cwd=folder)
    (left,) = folder.glob(".glidepath-*.tmp")
    return left.stat().st_size


def test_resume_goes_on_after_the_last_right_value(tmp_path):
    text = "cosine(1.0, 0.0, 1_000_000)"
    size = left_by_a_kill(tmp_path, f"gp.{text}")
    kept = (size - 128) // 8
    assert 500_000 < kept < 1_000_000
    (left,) = tmp_path.glob(".glidepath-*.tmp")
    code, out, err = run("array", text, "-n", "1M", "-o", "lr.npy", "--resume", cwd=tmp_path)
    assert (code, out, err) == (0, f"lr.npy: went on from step {kept:,}\n", "")
    assert np.load(tmp_path / "lr.npy").tobytes() == gp.Schedule(text).array(10**6).tobytes()
    assert run("array", text, "-n", "1M", "-o", "lr.npy", "--resume", cwd=tmp_path) == (0, "lr.npy: was complete\n", "")
    assert not left.exists()


@pytest.mark.parametrize(
    ("damage", "kept"),
    [(lambda f: f.seek(128 + 8 * 70_000), 70_000), (lambda f: f.seek(8), 500_000 + 24_288), (lambda f: f.seek(128), 0)],
    ids=["a value", "the header", "the first value"],
)
def test_resume_writes_damaged_values_again(tmp_path, damage, kept):
    size = left_by_a_kill(tmp_path, "gp.cosine(1.0, 0.0, 1_000_000)")
    (left,) = tmp_path.glob(".glidepath-*.tmp")
    with left.open("r+b") as file:
        damage(file)
        file.write(b"\x01\x02\x03")
    done: list[int] = []
    gp.cosine(1.0, 0.0, 1_000_000).save(tmp_path / "lr.npy", 10**6, progress=done.append, resume=True)
    assert done[-1] == 10**6
    assert kept <= (size - 128) // 8
    assert np.load(tmp_path / "lr.npy").tobytes() == gp.cosine(1.0, 0.0, 1_000_000).array(10**6).tobytes()


def test_resume_with_another_schedule_writes_that_one(tmp_path):
    left_by_a_kill(tmp_path, "gp.cosine(1.0, 0.0, 1_000_000)")
    S.save(tmp_path / "lr.npy", 1_000, dtype="float32", resume=True)
    assert np.load(tmp_path / "lr.npy").tobytes() == S.array(1_000, dtype="float32").tobytes()
    assert names(tmp_path) == ["lr.npy", "lr.npy.json"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_resume_keeps_what_it_has(tmp_path, number, code):
    command = [*COMMAND, "array", "cosine(1, 0, 1_000_000_000)", "-n", "100M", "-o", "lr.npy", "--resume"]
    before = signal.signal(number, signal.default_int_handler)
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as child:
        signal.signal(number, before)
        while not any(path.stat().st_size > 1 << 20 for path in tmp_path.glob(".glidepath-*.tmp")):
            assert child.poll() is None
        child.send_signal(number)
        child.communicate(timeout=60)
    assert child.returncode == code
    (left,) = names(tmp_path)
    assert left.endswith(".tmp")
    S.save(tmp_path / "lr.npy", 10)
    assert names(tmp_path) == ["lr.npy", "lr.npy.json"]


# verify, and the schedule beside the file.


def test_verify_names_the_first_step_that_differs(tmp_path):
    path = tmp_path / "lr.npy"
    S.save(path, N, dtype="float32", start=500)
    (tmp_path / "s.json").write_text(S.to_json(), encoding="utf-8")
    verify = ["verify", "s.json", "lr.npy", "--start", "500"]
    good = "lr.npy: 1,500,000 float32 values, all with the bits of the schedule\n"
    assert run(*verify, cwd=tmp_path) == run("verify", "lr.npy", cwd=tmp_path) == (0, good, "")
    values = np.load(path, mmap_mode="r+")
    values[[1_000_000, 1_000_001]] = 0.5
    values.flush()
    wrong = f"lr.npy: differs at step 1,000,500: it has 0.5, the schedule {np.float32(S[1_000_500])!s}\n"
    assert run(*verify, cwd=tmp_path) == (1, wrong, "")
    os.truncate(path, 128 + 4 * 1_000 + 1)
    wrong = "lr.npy: ends before step 1,500; its header says 1,500,000 values\n"
    assert run(*verify, cwd=tmp_path) == (1, wrong, "")
    message = "glidepath: s.json: it must be a .npy file of float64 or float32, of one dimension. Save one with "
    assert run("verify", "s.json", "s.json", cwd=tmp_path) == (2, "", f"{message}`schedule.save` or `numpy.save`.\n")


def test_show_knows_a_file_by_the_schedule_beside_it(tmp_path):
    s = gp.cosine(1.0, 0.5, 90)
    s.save(tmp_path / "lr.npy", 91)
    assert run("show", "lr.npy", cwd=tmp_path) == run("show", repr(s), cwd=tmp_path)
    assert run("at", "lr.npy", "90", cwd=tmp_path) == (0, "0.5\n", "")
    (tmp_path / "lr.npy.json").write_text(gp.cosine(1.0, 0.5, 91).to_json(), encoding="utf-8")
    code, out, err = run("show", "lr.npy", cwd=tmp_path)
    message = "glidepath: lr.npy: not what lr.npy.json says, for example at step 1. "
    assert (code, out, err) == (2, "", f"{message}Write `glidepath verify lr.npy` for the first such step.\n")
    (tmp_path / "lr.npy.json").unlink()
    message = "glidepath: lr.npy: no schedule is beside it, in lr.npy.json. "
    way_out = "Write `glidepath verify SPEC lr.npy` with the schedule that it may be.\n"
    assert run("show", "lr.npy", cwd=tmp_path) == (2, "", message + way_out)
