"""The command, run as a user runs it: in its own process, with real files and real signals."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import glidepath as gp

sys.path.insert(0, str(Path(__file__).parents[2] / "benches"))

import table as bench_table

COMMAND = [sys.executable, "-m", "glidepath"]
ROOT = Path(__file__).parents[2]
MOVING = gp.linear(0.0, 8e-5, 8_000) >> gp.cosine(8e-5, 8e-7, 100_000_000)
LONG = 40_000_000  # float64: 320 MB; writing takes long enough to kill the process
KILLED = 16_000_000  # 128 MB: shorter, because here a kill may come too late
INTERRUPTED, TERMINATED = 130, 143


def run(*arguments: object, stdin: str | None = None, **options) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120, **options)


def run_well(*arguments: object, stdin: str | None = None) -> str:
    done = run(*arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


@pytest.fixture
def spec(tmp_path) -> Path:
    path = tmp_path / "lr.json"
    path.write_text(MOVING.to_json(), encoding="utf-8")
    return path


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(".tmp"))


def same_bits(actual: np.ndarray, expected: np.ndarray) -> bool:
    return actual.dtype == expected.dtype and actual.tobytes() == expected.tobytes()


# array: what it writes.


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("start", [0, 7_990, 2**40])
def test_array_writes_what_the_schedule_gives(spec, tmp_path, dtype, start):
    n = 1_500_000  # more than one chunk in either dtype, and not a whole number of chunks
    run_well("array", spec, "-n", n, "-o", tmp_path / "lr.npy", "--dtype", dtype, "--start", start)
    assert same_bits(np.load(tmp_path / "lr.npy"), MOVING.array(n, start=start, dtype=dtype))
    assert not left_over(tmp_path)


def test_array_can_be_mapped_into_memory(spec, tmp_path):
    run_well("array", spec, "-n", 10_000, "-o", tmp_path / "lr.npy")
    mapped = np.load(tmp_path / "lr.npy", mmap_mode="r")
    assert mapped.offset % 64 == 0
    assert same_bits(np.asarray(mapped), MOVING.array(10_000))


def test_threads_change_nothing(spec, tmp_path):
    run_well("array", spec, "-n", "5M", "-o", tmp_path / "one.npy")
    run_well("array", spec, "-n", "5M", "-o", tmp_path / "three.npy", "--threads", 3)
    assert (tmp_path / "one.npy").read_bytes() == (tmp_path / "three.npy").read_bytes()


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("0", 0), ("1", 1), ("12_000", 12_000), ("12,000", 12_000), ("1e4", 10_000), ("1.5e3", 1_500), ("2k", 2_000),
        ("1E+4", 10_000), (" 7 ", 7), ("0.5M", 500_000), ("00012", 12), ("0.000001G", 1_000), ("100,000", 100_000),
    ],
)  # fmt: skip
def test_array_takes_counts_as_people_write_them(spec, tmp_path, text, steps):
    run_well("array", spec, "-n", text, "-o", tmp_path / "lr.npy")
    assert np.load(tmp_path / "lr.npy").shape == (steps,)


def test_array_without_a_count_writes_the_whole_schedule(tmp_path):
    schedule = gp.cosine(1.0, 0.0, 1_234)
    run_well("array", "-", "-o", tmp_path / "lr.npy", "--start", 234, stdin=schedule.to_json())
    assert same_bits(np.load(tmp_path / "lr.npy"), schedule.array(1_000, start=234))


# array: how it replaces.


def test_array_replaces_an_older_file_and_keeps_a_link_a_link(spec, tmp_path):
    target, link = tmp_path / "target.npy", tmp_path / "link.npy"
    target.write_bytes(b"old")
    link.symlink_to(target)
    run_well("array", spec, "-n", 100, "-o", link)
    assert link.is_symlink()
    assert same_bits(np.load(target), MOVING.array(100))


def test_array_gives_the_file_the_rights_that_any_new_file_gets(spec, tmp_path):
    other = tmp_path / "other"
    other.touch()
    run_well("array", spec, "-n", 100, "-o", tmp_path / "lr.npy")
    assert (tmp_path / "lr.npy").stat().st_mode == other.stat().st_mode


def test_array_keeps_the_mode_of_the_file_that_it_replaces(spec, tmp_path):
    target = tmp_path / "lr.npy"
    for mode in (0o640, 0o666, 0o400):
        target.touch()
        target.chmod(mode)
        run_well("array", spec, "-n", 100, "-o", target)
        assert target.stat().st_mode & 0o7777 == mode
        assert same_bits(np.load(target), MOVING.array(100))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give a file away")
def test_array_keeps_the_owner_and_the_group(spec, tmp_path):
    target, link = tmp_path / "lr.npy", tmp_path / "link.npy"
    target.touch()
    link.symlink_to(target)
    os.chown(target, 12_345, 23_456)
    target.chmod(0o4750)
    run_well("array", spec, "-n", 100, "-o", link)
    found = target.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (12_345, 23_456, 0o4750)


@pytest.mark.skipif(shutil.which("setpriv") is None or os.geteuid() != 0, reason="drops a right of root's")
def test_what_cannot_be_given_away_gives_no_rights_of_the_old_owner(spec, tmp_path):
    target = tmp_path / "lr.npy"
    target.touch()
    os.chown(target, 12_345, 23_456)
    target.chmod(0o6764)
    command = ["setpriv", "--bounding-set=-chown", "--inh-caps=-chown", *COMMAND, "array", spec, "-n100", "-o", target]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    found = target.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (0, 0, 0o704)


def test_array_gives_a_new_file_what_the_umask_leaves(spec, tmp_path):
    for mask in (0o077, 0o002, 0o000):
        target = tmp_path / f"{mask}.npy"
        done = run("array", spec, "-n", 100, "-o", target, umask=mask)
        assert (done.returncode, done.stderr) == (0, "")
        assert target.stat().st_mode & 0o7777 == 0o666 & ~mask


@pytest.mark.parametrize("name", ["日" * 83, "é" * 124 + "a", "x" * 249])
def test_a_name_may_be_as_long_as_the_file_system_lets_it(spec, tmp_path, name):
    target = tmp_path / f"{name}.npy"
    assert len(os.fsencode(target.name)) == 253
    run_well("array", spec, "-n", 100, "-o", target)
    assert same_bits(np.load(target), MOVING.array(100))
    run_well("plot", spec, "-o", target.with_suffix(".png"))


def test_an_old_temporary_file_with_the_same_process_number_does_no_harm(spec, tmp_path):
    # In a container every process may have the same number. `exec` keeps the number of the shell.
    shell = f"touch .lr.npy.$$.tmp; exec {' '.join(COMMAND)} array {spec} -n 100 -o lr.npy"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert same_bits(np.load(tmp_path / "lr.npy"), MOVING.array(100))


def test_what_a_killed_process_left_is_removed_by_the_next_run(spec, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    with start_long(spec, folder / "lr.npy") as process:
        wait_until_written(process, folder, 8 * LONG // 10)
        process.send_signal(signal.SIGSTOP)
        run_well("array", spec, "-n", 100, "-o", folder / "lr.npy")
        (alive,) = left_over(folder)
        process.kill()
    (folder / ".other.tmp").touch()
    run_well("array", spec, "-n", 100, "-o", folder / "another.npy")
    assert left_over(folder) == [alive, ".other.tmp"], "a file of another name may be resumed"
    run_well("array", spec, "-n", 100, "-o", folder / "lr.npy")
    assert left_over(folder) == [".other.tmp"]


def test_what_a_killed_process_left_is_removed_by_any_run_of_a_later_day(spec, tmp_path):
    long_ago = time.time() - 25 * 3_600
    for name in (".glidepath-abc.tmp", ".other.tmp"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (long_ago, long_ago))
    run_well("array", spec, "-n", 100, "-o", tmp_path / "lr.npy")
    assert left_over(tmp_path) == [".other.tmp"]


def start_long(spec: Path, target: Path, count: int = LONG) -> subprocess.Popen[str]:
    command = [*COMMAND, "array", str(spec), "-n", str(count), "-o", str(target)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def wait_until_written(process: subprocess.Popen[str], folder: Path, size: int) -> None:
    """Return when the temporary file has that size, or when the process has ended."""
    while process.poll() is None:
        try:
            if any(path.stat().st_size >= size for path in folder.glob(".*.tmp")):
                return
        except FileNotFoundError:  # renamed between the two looks
            return


@pytest.mark.parametrize("old", [None, b"an older file"])
@pytest.mark.parametrize("share", [0.0, 0.03, 0.4, 0.8, 0.999, 1.0])
def test_kill_9_leaves_no_target_or_the_old_one(spec, tmp_path, old, share):
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / "lr.npy"
    if old is not None:
        target.write_bytes(old)
    with start_long(spec, target, KILLED) as process:
        wait_until_written(process, folder, int(share * (128 + 8 * KILLED)))
        process.kill()
    assert_old_or_whole(target, old)


@pytest.mark.parametrize("repeat", range(6))
def test_kill_9_at_any_moment_leaves_no_target_the_old_one_or_the_whole(spec, tmp_path, repeat):
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / "lr.npy"
    target.write_bytes(b"old")
    with start_long(spec, target, KILLED) as process:
        wait_until_written(process, folder, 128 + 8 * KILLED)
        time.sleep(0.008 * repeat)  # during the fsync, the rename or the fsync of the folder, or after it
        process.kill()
    assert_old_or_whole(target, b"old")


def assert_old_or_whole(target: Path, old: bytes | None) -> None:
    if not target.exists():
        assert old is None
    elif target.stat().st_size != 128 + 8 * KILLED:
        assert target.read_bytes() == old
    else:
        mapped = np.load(target, mmap_mode="r")
        assert mapped.shape == (KILLED,)
        at = np.arange(0, KILLED, 4_099)
        assert same_bits(mapped[at], MOVING.gather(at))


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_polite_signal_removes_the_temporary_file(spec, tmp_path, number, code, share):
    folder = tmp_path / "out"
    folder.mkdir()
    # A shell starts its background jobs with SIGINT ignored. A child inherits this.
    before = signal.signal(number, signal.default_int_handler)
    with start_long(spec, folder / "lr.npy") as process:
        signal.signal(number, before)
        wait_until_written(process, folder, int(share * 8 * LONG))
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == code
    assert not list(folder.iterdir())
    assert stderr.strip() == ("glidepath: interrupted" if number == signal.SIGINT else "")


def test_a_failed_write_removes_the_temporary_file_and_says_why(spec, tmp_path):
    resource = pytest.importorskip("resource")

    def no_file_past_a_megabyte() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    target = tmp_path / "lr.npy"
    target.write_bytes(b"old")
    done = run("array", spec, "-n", "1M", "-o", target, preexec_fn=no_file_past_a_megabyte)
    assert (done.returncode, done.stderr) == (2, f"glidepath: {target}: File too large\n")
    assert target.read_bytes() == b"old"
    assert not left_over(tmp_path)


# array: how much memory, and what it shows.


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_array_needs_little_memory_and_no_more_for_a_longer_one(tmp_path):
    bare = bench_table.peak_memory("pass")
    short, long = (bench_table.peak_of_array(n, tmp_path) for n in (2_000_000, 100_000_000))
    assert long - bare <= 64 << 20
    assert long - short <= 1 << 20


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are Unix's")
def test_a_terminal_sees_progress(spec, tmp_path):
    import pty

    terminal, end = pty.openpty()
    command = [*COMMAND, "array", str(spec), "-n", "5M", "-o", str(tmp_path / "lr.npy")]
    with subprocess.Popen(command, stderr=end) as process:
        os.close(end)
        shown = b""
        while True:
            try:
                more = os.read(terminal, 4096)
            except OSError:  # Linux raises this when the other end is closed
                break
            if not more:
                break
            shown += more
    os.close(terminal)
    assert process.returncode == 0
    assert b"100%" in shown


# The other commands.


def test_at_prints_the_shortest_repr_a_line(spec):
    steps = [0, 1, 8_000, 123_456, 2**53]
    assert run_well("at", spec, *steps).splitlines() == [repr(MOVING[step]) for step in steps]


def test_a_spec_may_be_an_expression(tmp_path):
    text = "warmup_cosine(3e-4, 100_000, 0.02)"
    file = tmp_path / "lr (1).txt"
    file.write_text(f"\n{text}  # the run of May\n")
    for spec, stdin in ((text, None), (file, None), ("-", text)):
        assert run_well("at", spec, 51_000, stdin=stdin) == "0.00015\n"


def test_a_wrong_expression_is_one_line():
    refused = run("at", "warmup_cosin(3e-4, 100_000, 0.02)", 5)
    assert refused.returncode == 2
    assert refused.stderr == (
        "glidepath: `expression`: got `warmup_cosin`; there is no `warmup_cosin`. Did you mean `warmup_cosine`?\n"
    )


def test_show_prints_expression_segments_ends_and_drawing():
    schedule = gp.linear(0.0, 1.0, 1_000) >> gp.cosine(1.0, 0.5, 7_000)
    text = json.dumps({**json.loads(schedule.to_json()), "about": "A test, arXiv:0000.00000"})
    about, expression, *table, drawing = [line for line in run_well("show", "-", stdin=text).splitlines() if line]
    assert about == "A test, arXiv:0000.00000"
    assert expression == repr(schedule)
    assert [line.split() for line in table[:3]] == [
        ["from", "to", "first", "last", "part"],
        ["0", "1,000", "0", "0.999", *repr(gp.linear(0.0, 1.0, 1_000)).split()],
        ["1,000", "8,000", "1", "0.5", *repr(gp.cosine(1.0, 0.5, 7_000)).split()],
    ]
    assert table[3:] == [
        "length  8,000 steps",
        "first   0.0 at step 0",
        "last    0.5 at step 8,000",
        "min     0.0 at step 0",
        "max     1.0 at step 1,000",
        "area    5749.75 over 8,000 steps (mean 0.718719)",
    ]
    assert re.fullmatch("[▁▂▃▄▅▆▇█]{60}", drawing)
    assert drawing[0] == "▁"
    assert drawing[15] == "█"


TWO_SHOWN = """\
a.json
Falls.

gp.linear(1.0, 0.0, 4)

from  to  first  last  part
   0   4      1  0.25  gp.linear(1.0, 0.0, 4)

length  4 steps
first   1.0 at step 0
last    0.0 at step 4
min     0.25 at step 3
max     1.0 at step 0
area    2.5 over 4 steps (mean 0.625)

constant(0.5)
gp.constant(0.5)

from  to  first  last  part
   0        0.5        gp.constant(0.5)

length  without end
first   0.5 at step 0
drawn   to 0.5 at step 8
min     0.5 at step 0
max     0.5 at step 0
area    4 over 8 steps (mean 0.5)

standard input
gp.linear(0.0, 2.0, 8)

from  to  first  last  part
   0   8      0  1.75  gp.linear(0.0, 2.0, 8)

length  8 steps
first   0.0 at step 0
last    2.0 at step 8
min     0.0 at step 0
max     1.75 at step 7
area    7 over 8 steps (mean 0.875)

a.json          ▅▄▃▂▁
constant(0.5)   ▃▃▃▃▃▃▃▃▃
standard input  ▁▂▃▄▅▆▇██
"""


def test_show_draws_several_on_the_same_steps_and_scale(tmp_path):
    text = json.dumps({**json.loads(gp.linear(1.0, 0.0, 4).to_json()), "about": "Falls."})
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    done = run("show", "a.json", "constant(0.5)", "-", stdin=gp.linear(0.0, 2.0, 8).to_json(), cwd=tmp_path)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", TWO_SHOWN)


def facts_of(*arguments: object) -> dict[str, str]:
    lines = [line.partition(" ") for line in run_well("show", *arguments).splitlines()]
    return {name: text.strip() for name, _, text in lines if name in {"min", "max", "area"}}


def test_up_to_ten_million_steps_show_uses_every_value():
    dip = gp.constant(2.0).then(gp.constant(1.0), at=7_000_017).then(gp.constant(3.0), at=7_000_018)
    text = repr(dip.then(gp.linear(2.0, 2.0, 5), at=9_999_995))
    assert facts_of(text) == {
        "min": "1.0 at step 7,000,017",
        "max": "3.0 at step 7,000,018",
        "area": "2.3e+07 over 10,000,000 steps (mean 2.3)",
    }


def test_above_ten_million_steps_show_uses_a_sample_and_says_about():
    n = 10**10
    dip = gp.constant(2.0).then(gp.constant(1.0), at=n // 2).then(gp.constant(2.0), at=n // 2 + 1)
    assert facts_of(repr(dip.then(gp.linear(2.0, 2.0, 1), at=n - 1))) == {
        "min": f"about 1.0 at step {n // 2:,}",
        "max": "about 2.0 at step 0",
        "area": f"about 2e+10 over {n:,} steps (mean 2)",
    }


@pytest.mark.parametrize("cycle", [1_000, 9_999, 10_000, 100_000])
def test_a_cycle_cannot_line_up_with_the_sample(cycle):
    area = facts_of(f"linear(0.0, 1.0, {cycle}).repeat()", "--steps", "1G")["area"]
    mean = float(re.fullmatch(r"about .* over 1,000,000,000 steps \(mean (.*)\)", area)[1])
    assert abs(mean - 0.5) < 0.005


def test_the_area_of_very_large_values_is_infinite():
    assert facts_of("constant(1e308)")["area"] == "inf over 1,000 steps (mean inf)"


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_show_needs_no_more_memory_for_a_longer_schedule():
    code = "import sys; from glidepath.cli import run; sys.argv = ['glidepath', 'show', 'cosine(1, 0, {})']; run()"
    short, long = (bench_table.peak_memory(code.format(n)) for n in (1_000, 10_000_000))
    assert long - short <= 8 << 20


def test_plot_draws_several_with_a_legend_of_names(tmp_path):
    for name in ("_a.json", "$b$_{.json"):
        (tmp_path / name).write_text(gp.cosine(1.0, 0.0, 9).to_json(), encoding="utf-8")
    environment = {**os.environ, "MPLCONFIGDIR": str(tmp_path)}
    (tmp_path / "matplotlibrc").write_text("svg.fonttype: none", encoding="utf-8")
    done = run("plot", "_a.json", "$b$_{.json", "constant(0.5)", "-o", "lr.svg", cwd=tmp_path, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", (tmp_path / "lr.svg").read_text(encoding="utf-8"))
    assert texts[-3:] == ["./_a.json", "$b$_{.json", "constant(0.5)"]


def test_plot_replaces_none_of_its_specs(tmp_path):
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(CONSTANT, encoding="utf-8")
    message = "b.json: the SPEC itself, which would be lost. Name another file."
    assert_refused(run("plot", "a.json", "b.json", "-o", "b.json", cwd=tmp_path), message)


def test_show_of_a_schedule_without_end_says_so():
    shown = run_well("show", "-", stdin=gp.inverse_sqrt(1.0, 100).to_json())
    assert "length  without end" in shown


def test_show_cuts_a_long_table_short():
    schedule = gp.linear(0.0, 1.0, 10)
    for k in range(1, 60):
        schedule >>= gp.linear(float(k), k + 1.0, 10)
    lines = run_well("show", "-", stdin=schedule.to_json()).splitlines()
    table = lines[lines.index("") + 1 :]
    assert table[41:43] == ["... and 20 more", ""]


@pytest.mark.parametrize(("name", "begins"), [("lr.png", b"\x89PNG"), ("lr.svg", b"<?xml"), ("lr.pdf", b"%PDF")])
def test_plot_writes_a_picture(spec, tmp_path, name, begins):
    run_well("plot", spec, "-o", tmp_path / name, "--steps", "20k")
    assert (tmp_path / name).read_bytes().startswith(begins)
    assert not left_over(tmp_path)


# diff.

TORCH = gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=400)
THEIRS = gp.replay(
    "mindspore.cosine_decay_lr", min_lr=0.0, max_lr=0.1, total_step=1000, step_per_epoch=1, decay_epoch=400
)


@pytest.fixture
def two(tmp_path) -> Path:
    """A folder with a spec of each framework."""
    (tmp_path / "torch.json").write_text(TORCH.to_json(), encoding="utf-8")
    (tmp_path / "mindspore.json").write_text(THEIRS.to_json(), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("n", "within", "status"),
    [(1_000, "bits", 1), (1_000, "float32", 1), (401, "bits", 1), (401, "float32", 0), (2, "bits", 0)],
)
def test_diff_prints_the_report_and_exits_as_diff_does(two, n, within, status):
    done = run("diff", "torch.json", "mindspore.json", "-n", n, "--within", within, cwd=two)
    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout == f"{gp.compare(TORCH, THEIRS, n)}\n"


@pytest.mark.parametrize(("tolerance", "status"), [("1e-15", 0), ("0", 1)])
def test_diff_within_a_tolerance_of_the_peak(two, tolerance, status):
    done = run("diff", "torch.json", "mindspore.json", "-n", 401, "--within", tolerance, cwd=two)
    c = gp.compare(TORCH, THEIRS, 401)
    above = f"above 0 of the peak: {c.of_peak.value:.2g} at step {c.of_peak.step}\n"
    assert (done.returncode, done.stdout, done.stderr) == (status, f"{c}\n{above if status else ''}", "")


def test_diff_of_a_long_npy_and_a_spec_on_standard_input(spec, tmp_path):
    run_well("array", spec, "-n", "1M", "-o", tmp_path / "lr.npy")
    done = run("diff", tmp_path / "lr.npy", "-", "-n", "1M", stdin=MOVING.to_json())
    report = ["a  lr.npy: 1,000,000 float64 values", f"b  {MOVING!r}", "equal in bits at all 1,000,000 steps"]
    assert (done.returncode, done.stdout.splitlines()) == (0, report)
    rates = np.load(tmp_path / "lr.npy")
    rates[999_999] *= 1.5
    np.save(tmp_path / "other.npy", rates.astype(np.float32))
    done = run("diff", tmp_path / "lr.npy", tmp_path / "other.npy", "--within", "float32")
    assert done.returncode == 1
    assert done.stdout.splitlines()[2].startswith("differ as float32 at 1 of 1,000,000 steps, first at step 999,999: ")


def test_diff_of_a_group_of_a_file(tmp_path):
    s = gp.cosine(0.1, 0.0, 90)
    np.save(tmp_path / "lr.npy", np.stack([s.array(90), 2 * s.array(90)], axis=1))
    done = run("diff", "lr.npy", repr(2 * s), "--group", 1, cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "a  lr.npy: 90 float64 values, group 1 of 2")
    assert run("diff", "lr.npy", repr(2 * s), cwd=tmp_path).returncode == 1
    message = "`a`: got group 2; this lr.npy has 2. Groups are counted from 0."
    assert_refused(run("diff", "lr.npy", repr(s), "--group", 2, cwd=tmp_path), message)
    np.save(tmp_path / "words.npy", np.array(["a"]))
    message = "`b`: got words.npy of str32 values; learning rates are float64, float32 or float16."
    assert_refused(run("diff", "lr.npy", "words.npy", cwd=tmp_path), message)


def test_diff_of_groups(tmp_path):
    shapes = [("fc.weight", (3, 2)), ("fc.bias", (3,))]
    groups = gp.Groups(shapes, "torch.SGD", lr=gp.cosine(0.1, 0.0, 90), weight_decay=0.05)
    others = groups.where("*.bias", weight_decay=0.0)
    (tmp_path / "a.json").write_text(groups.to_json(), encoding="utf-8")
    (tmp_path / "b.json").write_text(others.to_json(), encoding="utf-8")
    assert run("diff", "a.json", "a.json", cwd=tmp_path).returncode == 0
    done = run("diff", "a.json", "b.json", "--within", "float32", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, f"{gp.compare(groups, others)}\n", "")
    assert "! weight_decay of fc.bias: 0.05 and 0.0\n" in done.stdout
    done = run("diff", "-", "b.json", "--json", cwd=tmp_path, stdin=groups.to_json())
    assert json.loads(done.stdout)["differences"] == ["weight_decay of fc.bias: 0.05 and 0.0"]
    assert run("diff", "b.json", repr(gp.cosine(0.1, 0.0, 90)), "--group", 1, cwd=tmp_path).returncode == 0
    broken = groups.to_json().replace('"fc.bias"', '"fc.bais"', 1)
    message = (
        "standard input: `$.groups[0].params`: got 'fc.bias'; it must be one of `$.params`, and of one group only."
    )
    assert_refused(run("diff", "a.json", "-", cwd=tmp_path, stdin=broken), message)


def test_diff_of_rehearsals(tmp_path):
    steps = np.linspace(-1.0, 1.0, 20 * 2 * 8, dtype=np.float32).reshape(20, 2, 8)  # as `gp.rehearse` returns them
    np.save(tmp_path / "a.npy", steps)
    np.save(tmp_path / "b.npy", steps * np.float32(1 + 1e-6))
    done = run("diff", "a.npy", "b.npy", "--within", "1e-5", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("a  a.npy of shape (20, 2, 8): 320 float32 values\n")
    np.save(tmp_path / "b.npy", steps * np.float32(1.001))
    assert run("diff", "a.npy", "b.npy", "--within", "1e-5", cwd=tmp_path).returncode == 1


def test_diff_as_json(two):
    done = run("diff", "torch.json", repr(THEIRS), "-n", "1k", "--json", cwd=two)
    assert done.returncode == 1
    assert json.loads(done.stdout) == gp.compare(TORCH, THEIRS, 1_000).to_dict()
    assert done.stdout.count("\n") == 1


def test_diff_draws_both_and_their_difference(two):
    done = run("diff", "torch.json", "mindspore.json", "-n", "1k", "-o", "diff.svg", cwd=two)
    assert done.returncode == 1
    assert (two / "diff.svg").read_bytes().startswith(b"<?xml")
    assert not left_over(two)
    for name in ("torch.json", "mindspore.json"):
        message = f"{name}: the SPEC itself, which would be lost. Name another file."
        assert_refused(run("diff", "torch.json", "mindspore.json", "-n", "1k", "-o", name, cwd=two), message)


def test_schema_is_a_json_schema_that_the_examples_and_every_to_json_meet():
    schema = json.loads(run_well("schema"))
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    for path in sorted((ROOT / "examples").glob("*.json")):
        validator(schema).validate(json.loads(path.read_text(encoding="utf-8")))
    validator(schema).validate(json.loads(MOVING.to_json()))
    assert not validator(schema).is_valid({"glidepath": 1, "schedule": {"kind": "cubist"}})


def test_the_installed_command_is_the_module():
    script = Path(sys.executable).with_name("glidepath")
    shown = subprocess.run([script, "--version"], capture_output=True, text=True, check=True).stdout
    assert shown == run_well("--version")
    assert gp.__version__ in shown


@pytest.mark.parametrize("command", [[], ["array"], ["show"], ["at"], ["plot"], ["diff"], ["verify"], ["schema"]])
def test_help_explains_every_command(command):
    assert run_well(*command, "--help").startswith("Usage: glidepath")


def test_the_bare_command_shows_its_help():
    assert run_well() == run_well("--help")


# Errors of the user: one line, exit code 2, no traceback.


def assert_refused(done: subprocess.CompletedProcess[str], message: str) -> None:
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"glidepath: {message}\n")


def test_a_wrong_parameter_is_named_with_its_file(tmp_path):
    path = tmp_path / "lr.json"
    text = MOVING.to_json().replace("8000,", "0,").replace("8000}", "0}")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError) as refused:
        gp.Schedule.from_json(text)
    assert "steps`: got 0; " in str(refused.value)
    assert_refused(run("show", path), f"{path}: {refused.value}")


CONSTANT = gp.constant(1.0).to_json()
LAST_STEP = "2**53 = 9007199254740992"
MISTAKES = {
    "show no-such.json": "no-such.json: No such file or directory",
    "show .": ".: Is a directory",
    "at - 1.5": "Invalid value for 'STEP...': got '1.5'; steps are a whole number. Leave out the fraction.",
    "at - ten": "Invalid value for 'STEP...': got 'ten'; steps are a whole number. "
    "Write 1000000, 1_000_000, 1e6 or 1M.",
    "at - 1e16": f"Invalid value for 'STEP...': got '1e16'; steps run to {LAST_STEP}. Take a smaller number.",
    "at - 1e400": f"Invalid value for 'STEP...': got '1e400'; steps run to {LAST_STEP}. Take a smaller number.",
    f"at - {'7' * 50}": f"Invalid value for 'STEP...': got '{'7' * 50}'; "
    f"steps run to {LAST_STEP}. Take a smaller number.",
    "array - -o lr.npy -n 1e400": "Invalid value for '-n' / '--count': got '1e400'; "
    f"steps run to {LAST_STEP}. Take a smaller number.",
    "array - -o lr.npy": "`-n`: not given; this schedule has no end of its own. Say how many steps to write.",
    "array - -o lr.npy -n 9e15 --start 9e15": "`-n`: got 9000000000000000 from step 9000000000000000 on; "
    f"steps run to {LAST_STEP}. Take fewer.",
    "array - -o no-such/lr.npy -n 1": "no-such/lr.npy: the folder no-such is not there. "
    "Make it first, or name another.",
    "array - -o - -n 1": "`-o`: got -, standard output; the output takes its place whole, which only a file can. "
    "Name a file.",
    "at - -1": "Invalid value for 'STEP...': got '-1'; steps are counted from 0. Write it without the minus.",
    "at - 3 -15": "Invalid value for 'STEP...': got '-15'; steps are counted from 0. Write it without the minus.",
    "at - -1.5M": "Invalid value for 'STEP...': got '-1.5M'; steps are counted from 0. Write it without the minus.",
    "at - -x": "No such option '-x'.",
    "at - -- -1": "Invalid value for 'STEP...': got '-1'; steps are counted from 0. Write it without the minus.",
    "array - -o /dev/null -n 1": "/dev/null: not a regular file; the output replaces it. Name a file.",
    "array - -n 1": "Missing option '-o' / '--output'.",
    **{
        f"at - {text}": f"Invalid value for 'STEP...': got '{text}'; it can be read in more than one way. "
        "Write 1000000, 1,000,000 or 1.5M."
        for text in ("1,5M", "1.000", "1,500k", "1,50", "1.000.000", "1,000.000", "1_0", "1e6M", "1,000_000", "1,000e3")
    },
    **{
        f"at - {text}": f"Invalid value for 'STEP...': got '{text}'; steps are a whole number. Leave out the fraction."
        for text in ("1.0", "0.1234k", "1.5e0", "1.2345")
    },
    **{
        f"at - {text}": f"Invalid value for 'STEP...': got '{text}'; steps are a whole number. "
        "Write 1000000, 1_000_000, 1e6 or 1M."
        for text in ("1e-3", "+5", "0x10", "1Ki", "nan", "inf", ".5M", "٣")
    },
    "array - -o new/ -n 1": "new/: a folder; the output is a file. Write `-o new/lr.npy`.",
    "plot - -o new/": "new/: a folder; the output is a file. Write `-o new/lr.png`.",
    "array - -o . -n 1": ".: not a regular file; the output replaces it. Name a file.",
    "plot - -o .": ".: not a regular file; the output replaces it. Name a file.",
    "plot - -o lr.mp3": "lr.mp3: got `.mp3`; a picture is .png, .svg, .pdf or another that matplotlib writes. "
    "Name it so.",
    "plot - -o lr.png --steps 0": "`steps`: got 0; it must be from 1 to 2**53. Leave it out to see the whole schedule.",
    "diff - -": "`-`: given twice; standard input can be read once. Name a file for one of them.",
    "diff - no.npy": "no.npy: No such file or directory",
    "diff - constant(0.2)": "`-n`: not given; neither side has an end. Say how many to compare: `-n 1000`.",
    "diff - constant(0.2) -n 0": "`-n`: got 0; it must be a whole number of steps from 1 to 2**53.",
    "diff - constant(0.2) -n 9 -o lr.mp3": "lr.mp3: got `.mp3`; a picture is .png, .svg, .pdf or another that "
    "matplotlib writes. Name it so.",
    "diff - constant(0.2) -n 9 -o no/lr.png": "no/lr.png: the folder no is not there. Make it first, or name another.",
    **{
        f"diff - constant(0.2) -n 9 --within {within}": f"Invalid value for '--within': got '{within}'; "
        "it must be bits, float32, or a fraction of the peak. Write 1e-6."
        for within in ("float64", "-1", "nan", "inf", "1e-6%")
    },
    "show - 100": "100: No such file or directory. For a number of steps, write `--steps 100`.",
    "plot 1.5M - -o lr.png": "1.5M: No such file or directory. For a number of steps, write `--steps 1.5M`.",
    "show - -": "-: standard input is named more than once. Name it once.",
    "at 5 -": "got 5 where SPEC must stand, before the steps. Write `glidepath at - 5`.",
    "at 5 1e3 lr.json": "got 5 where SPEC must stand, before the steps. Write `glidepath at lr.json 5 1e3`.",
    "at 5 cosine(1,0,9)": "got 5 where SPEC must stand, before the steps. Write `glidepath at 'cosine(1,0,9)' 5`.",
    "at 5": "got 5 where SPEC must stand, before the steps. Write `glidepath at SPEC 5`.",
    "sing": "No such command 'sing'.",
}


def test_a_mistyped_kind_gets_the_one_that_was_meant():
    message = 'standard input: `$.schedule.kind`: got "constnt"; there is no such kind. Did you mean `constant`?'
    assert_refused(run("show", "-", stdin=CONSTANT.replace('"constant"', '"constnt"')), message)


def test_a_file_may_have_a_number_as_its_name(tmp_path):
    (tmp_path / "100").write_text(CONSTANT, encoding="utf-8")
    assert run("at", "100", "5", cwd=tmp_path).stdout == "1.0\n"
    assert run("show", "100", cwd=tmp_path).returncode == 0


def test_past_the_end_there_is_nothing_to_write(tmp_path):
    steps = gp.linear(0.0, 1.0, 10).to_json()
    message = "`--start`: got 11; this schedule ends at step 10. Say with `-n` how many to write."
    assert_refused(run("array", "-", "-o", "lr.npy", "--start", "11", stdin=steps, cwd=tmp_path), message)


def test_an_output_has_a_name(tmp_path):
    done = run("array", "-", "-o", "", "-n", "1", stdin=CONSTANT, cwd=tmp_path)
    assert_refused(done, "`-o`: got nothing; it must name a file. Write `-o lr.npy`.")


@pytest.mark.parametrize("name", ["lr.json", "./lr.json", "link.json"])
def test_the_spec_is_not_replaced(spec, tmp_path, name):
    (tmp_path / "link.json").symlink_to("lr.json")
    text = spec.read_text(encoding="utf-8")
    for command in ("array", "plot"):
        message = f"{name}: the SPEC itself, which would be lost. Name another file."
        assert_refused(run(command, "lr.json", "-o", name, cwd=tmp_path), message)
    assert spec.read_text(encoding="utf-8") == text


def test_what_loops_is_no_output(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    done = run("array", "-", "-o", "loop", "-n", "1", stdin=CONSTANT, cwd=tmp_path)
    assert_refused(done, "loop: too many levels of symbolic links. Name a file.")
    assert (tmp_path / "loop").is_symlink()


def test_a_schedule_without_an_end_has_no_last_value():
    assert "last" not in run("show", "-", stdin=gp.exponential(0.1, 0.9).to_json()).stdout.replace("first  last", "")


def test_what_a_file_says_of_itself_cannot_steer_a_terminal():
    text = json.dumps({**json.loads(CONSTANT), "about": "red: \x1b[31m"})
    assert "\x1b" not in run("show", "-", stdin=text).stdout


@pytest.mark.parametrize("arguments", MISTAKES)
def test_errors_are_one_clear_line(tmp_path, arguments):
    assert_refused(run(*arguments.split(), stdin=CONSTANT, cwd=tmp_path), MISTAKES[arguments])
    assert not list(tmp_path.iterdir())


def test_more_than_the_disk_holds_is_refused_before_a_byte_is_written(spec, tmp_path):
    done = run("array", spec, "-n", "9e15", "-o", tmp_path / "lr.npy")
    assert done.returncode == 2
    assert re.fullmatch(
        r"glidepath: `-n`: got 72,000,000\.0 GB to write; .* has .* GB free\. Take fewer steps\.\n", done.stderr
    )
    assert not left_over(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"glidepath": 2, "schedule": {}}',
        b"[" * 100_000,
        b'{"glidepath": 1e400}',
    ],
)
def test_what_is_no_spec_is_one_line_naming_the_file(tmp_path, text):
    path = tmp_path / "lr.json"
    path.write_bytes(text)
    done = run("show", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"glidepath: {path}: ")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error(spec):
    shell = f"{' '.join(COMMAND)} at {spec} {' '.join(map(str, range(20_000)))} | head -n 1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("0.0\n", "")


# Missing streams, libraries, programs and time.


def in_a_shell(redirection: str, *arguments: object) -> tuple[int, str, str]:
    shell = f"{' '.join([*COMMAND, *map(str, arguments)])} {redirection}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_a_closed_standard_input_is_no_spec():
    message = "glidepath: standard input: closed. Name a file, or send the JSON through a pipe.\n"
    assert in_a_shell("<&-", "show", "-") == (2, "", message)


def test_a_closed_standard_output_takes_no_text(spec):
    message = "glidepath: standard output: closed. Leave out `>&-`.\n"
    for arguments in (["show", spec], ["at", spec, 5], ["schema"]):
        assert in_a_shell(">&-", *arguments) == (2, "", message)


def test_what_is_written_to_a_file_needs_no_streams(spec, tmp_path):
    assert in_a_shell("<&- >&- 2>&-", "array", spec, "-n", 100, "-o", tmp_path / "lr.npy") == (0, "", "")
    assert same_bits(np.load(tmp_path / "lr.npy"), MOVING.array(100))


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_without_standard_error_the_exit_code_tells(spec, redirection):
    assert in_a_shell(redirection, "at", spec, "--", -1) == (2, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the full disk is Linux's")
def test_a_full_disk_is_one_line(spec):
    for arguments in (["show", spec], ["at", spec, *range(20_000)], ["schema"]):
        message = "glidepath: standard output: No space left on device\n"
        assert in_a_shell(">/dev/full", *arguments) == (2, "", message)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252", "utf-8"])
def test_show_prints_in_any_encoding(encoding):
    text = json.dumps({**json.loads(MOVING.to_json()), "about": "学习率"})
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [*COMMAND, "show", "-"], input=text.encode(), capture_output=True, check=False, env=environment
    )
    assert (done.returncode, done.stderr) == (0, b"")
    about, *_, drawing = done.stdout.decode(encoding).splitlines()
    assert about == ("学习率" if encoding == "utf-8" else "\\u5b66\\u4e60\\u7387")
    assert re.fullmatch("[▁▂▃▄▅▆▇█]{60}" if encoding == "utf-8" else "[1-8]{60}", drawing)


@pytest.mark.skipif(sys.platform != "linux", reason="sees in /proc what is being imported")
@pytest.mark.parametrize("library", ["_core.", "_multiarray_umath", "_umath_linalg"])
def test_ctrl_c_while_it_starts_is_one_line(spec, library):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen([*COMMAND, "show", str(spec)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        signal.signal(signal.SIGINT, before)
        while process.poll() is None:
            if library in Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8"):
                process.send_signal(signal.SIGINT)
                break
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (INTERRUPTED, b"", b"glidepath: interrupted\n")


def test_an_import_leaves_ctrl_c_alone():
    code = "import signal, glidepath; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    signal.signal(signal.SIGINT, before)
    assert shown == "True\n"


def run_with_only(packages: list[str], folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command in a Python that has only these packages."""
    for package in packages:
        where = Path(importlib.util.find_spec(package).origin).parent
        (folder / package).symlink_to(where)
        if (libraries := where.with_name(f"{package}.libs")).exists():
            (folder / libraries.name).symlink_to(libraries)
    command = [sys.executable, "-S", "-m", "glidepath", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)


def test_without_click_it_says_what_to_install(spec, tmp_path):
    message = "the command needs click, which is not installed. Run `pip install click`."
    assert_refused(run_with_only(["glidepath", "numpy"], tmp_path, "show", spec), message)


def test_without_matplotlib_it_says_what_to_install(spec, tmp_path):
    message = "`plot` draws with matplotlib, which is not installed. Run `pip install matplotlib`."
    packages = ["glidepath", "numpy", "click"]
    assert_refused(run_with_only(packages, tmp_path, "plot", spec, "-o", tmp_path / "lr.png"), message)


def test_a_broken_matplotlib_is_one_line(spec, tmp_path):
    (tmp_path / "matplotlib.py").write_text("raise ImportError('multiarray failed to import')", encoding="utf-8")
    message = (
        "`plot` draws with matplotlib, which cannot be imported: multiarray failed to import. "
        "Run `pip install --force-reinstall matplotlib`."
    )
    packages = ["glidepath", "numpy", "click"]
    assert_refused(run_with_only(packages, tmp_path, "plot", spec, "-o", tmp_path / "lr.png"), message)


def test_a_picture_that_needs_latex_is_one_line_without(spec, tmp_path):
    target = tmp_path / "lr.pgf"
    target.write_bytes(b"old")
    done = run("plot", spec, "-o", target, env={**os.environ, "PATH": ""})
    assert (done.returncode, done.stdout) == (2, "")
    begin = re.escape(f"glidepath: {target}: matplotlib cannot draw it as `.pgf`: 'xelatex' not found")
    assert re.fullmatch(rf"{begin}.*\. Name a \.png\.\n", done.stderr), done.stderr
    assert target.read_bytes() == b"old"


def test_a_picture_that_does_not_fit_on_the_disk_leaves_the_old_one(spec, tmp_path):
    resource = pytest.importorskip("resource")
    target = tmp_path / "lr.png"
    target.write_bytes(b"old")
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 10, 1 << 10))  # noqa: E731
    assert_refused(run("plot", spec, "-o", target, preexec_fn=limit), f"{target}: File too large")
    assert target.read_bytes() == b"old"
    assert not left_over(tmp_path)


def test_a_title_may_hold_anything(tmp_path):
    text = json.dumps({**json.loads(CONSTANT), "about": "costs $5_000^ or \\frac{$$, 学习率"})
    assert not run_well("plot", "-", "-o", tmp_path / "lr.svg", stdin=text)


@pytest.mark.parametrize("folder", ["/sys", "/proc"])
def test_a_folder_that_takes_no_files_is_one_line(folder):
    if not Path(folder).is_dir():
        pytest.skip("a folder of Linux's")
    done = run("array", "-", "-n", "1", "-o", f"{folder}/lr.npy", stdin=CONSTANT)
    assert done.returncode == 2
    assert re.fullmatch(rf"glidepath: {folder}/lr\.npy: [A-Z][a-z ]+\n", done.stderr), done.stderr


def test_more_threads_than_cores_are_as_many_as_cores(spec, tmp_path):
    run_well("array", spec, "-n", 100, "-o", tmp_path / "lr.npy", "--threads", 10**20)
    assert same_bits(np.load(tmp_path / "lr.npy"), MOVING.array(100))


# The time of an import.


def test_import_glidepath_imports_no_command_line_and_no_plotting():
    code = "import sys, glidepath; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "glidepath._core" in loaded
    assert not {"click", "matplotlib", "glidepath.cli", "glidepath.plot", "torch", "mindspore"} & set(loaded)
