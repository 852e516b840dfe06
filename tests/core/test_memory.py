"""Too little memory raises MemoryError wherever the user chooses a length, and the process still works afterwards.

Each case runs in its own process. RLIMIT_AS limits its address space to a little more than it uses.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

if sys.platform != "linux":
    pytest.skip("limits the address space and reads /proc", allow_module_level=True)

PREPARED = """
import pickle, resource
import numpy as np
import glidepath as gp
from glidepath import _core

MiB = 2**20
load = gp.Schedule.from_json
line = '{"kind":"linear","start":0.0,"end":1.0,"steps":10}'

def text(schedule):
    return '{"glidepath":1,"schedule":' + schedule + '}'

def limited(more):
    mapped = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + more, resource.RLIM_INFINITY))

def halves(count, table):
    whole = gp.table(table)
    while count > 1:
        whole, count = whole >> whole, count // 2
    return whole
"""

AFTERWARDS = """
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert gp.linear(0.0, 1.0, 10)[5] == 0.5
assert gp.Schedule.from_json(text(line)).array(3).tolist() == [0.0, 0.1, 0.2]
"""

CASES = {
    "table of a list": ("many = [0.5] * (16 * MiB)", 64, "gp.table(many)"),
    "table of a tuple": ("many = (0.5,) * (16 * MiB)", 64, "gp.table(many)"),
    "table of other numbers": ("many = [1] * (16 * MiB)", 64, "gp.table(many)"),
    "table of a range": ("", 64, "gp.table(range(16 * MiB))"),
    "table of an array": ("many = np.full(16 * MiB, 0.5)", 64, "gp.table(many)"),
    "table of a float32 array": ("many = np.full(16 * MiB, 0.5, dtype='f4')", 64, "gp.table(many)"),
    "milestones": ("many = range(1, 16 * MiB)", 64, "gp.piecewise_constant([0.5], many)"),
    "milestones in an array": ("many = np.arange(1, 16 * MiB)", 64, "gp.piecewise_constant([0.5], many)"),
    "values": ("many = np.full(16 * MiB, 0.5)", 64, "gp.piecewise_constant(many, [1])"),
    "the milestones of a replay": (
        "many = [1] * (16 * MiB)", 64, "gp.replay('torch.MultiStepLR', base_lr=0.1, milestones=many)"),
    "a word": ("long = 'x' * 256 * MiB", 64, "gp.replay('torch.CyclicLR', base_lr=0.1, max_lr=0.2, mode=long)"),
    "from_json, a table": (
        "long = text('{\"kind\":\"table\",\"values\":[' + '1,' * (16 * MiB) + '1]}')", 96, "load(long)"),
    "from_json, a string": ("long = '{\"about\":\"' + 'x' * 256 * MiB", 64, "load(long)"),
    "from_json, an escaped string": ("long = '{\"about\":\"' + chr(92) + 'n' + 'x' * 256 * MiB", 64, "load(long)"),
    "from_json, a long number": ("long = '1.' + '5' * 256 * MiB", 64, "load(long)"),
    "from_json, a sum of numbers": (
        "long = text('{\"kind\":\"sum\",\"of\":[' + '1,' * (8 * MiB) + line + ']}')", 64, "load(long)"),
    "to_json": ("many = halves(64, np.linspace(0.1, 0.9, 2**16))", 32, "many.to_json()"),
    "pickle": ("many = gp.table(np.full(16 * MiB, 0.5))", 64, "pickle.dumps(many)"),
    "pickle as text": ("many = halves(64, np.linspace(0.1, 0.9, 2**16))", 32, "pickle.dumps(many, 2)"),
    "unpickle": (
        "many = pickle.dumps(gp.table(np.full(16 * MiB, 0.5)))", 160, "pickle.loads(many)"),
    "repr": ("many = halves(2**15, np.linspace(0.1, 0.9, 900))", 64, "repr(many)"),
    "str": ("many = halves(2**15, np.linspace(0.1, 0.9, 900))", 64, "str(many)"),
    "segments": ("many = halves(2**15, np.linspace(0.1, 0.9, 900))", 64, "many.segments()"),
    "array": ("", 64, "gp.linear(0.0, 1.0, 10).array(64 * MiB)"),
    "chunks": ("", 64, "list(gp.linear(0.0, 1.0, 10).chunks(64 * MiB, MiB))"),
    "a list of all values": ("", 64, "_core._listed(gp.linear(0.0, 1.0, 64 * MiB))"),
    "iter": ("", 64, "list(iter(gp.linear(0.0, 1.0, 64 * MiB)))"),
    "gather of a list": ("many = [1] * (16 * MiB)", 64, "gp.linear(0.0, 1.0, 10).gather(many)"),
    "gather of a range": ("", 64, "gp.linear(0.0, 1.0, 10).gather(range(16 * MiB))"),
    "gather of lists": ("many = [[1] * MiB] * 16", 64, "gp.linear(0.0, 1.0, 10).gather(many)"),
    "gather of narrow integers": ("many = np.ones(64 * MiB, dtype='u1')", 64, "gp.linear(0.0, 1.0, 10).gather(many)"),
    "gather into a new array": ("many = np.ones(32 * MiB, dtype='i8')", 64, "gp.linear(0.0, 1.0, 10).gather(many)"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_too_little_memory(name: str) -> None:
    before, more, call = CASES[name]
    attempt = (
        f"try:\n    {call}\nexcept MemoryError as error:\n    print('caught', error)\nelse:\n    print('had enough')"
    )
    code = "\n".join([PREPARED, before, f"limited({more} * MiB)", attempt, AFTERWARDS])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=150)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("caught"), done.stdout
    assert done.stderr == ""


WITHOUT_A_LIST_OF_ALL = """
replay = gp.replay("torch.StepLR", base_lr=0.1, step_size=30)
steps = np.random.default_rng(0).integers(0, 3_000, 4 * MiB)
out = np.empty(len(steps))
want = replay.array(3_000)[steps]
limited(8 * MiB)
replay.gather(steps, out=out)
"""


def test_steps_in_any_order_need_no_list_of_all() -> None:
    """A recurrence needs its steps sorted. Without enough memory to sort all steps, it sorts some at a time."""
    code = PREPARED + WITHOUT_A_LIST_OF_ALL + AFTERWARDS + "assert (out == want).all()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=150)
    assert (done.returncode, done.stderr) == (0, "")


MANY_MILESTONES = """
milestones = list(range(1, 2_000_000))
make = lambda: gp.replay("torch.MultiStepLR", base_lr=0.1, milestones=milestones)
replay = make()
long = replay.to_json()
limited(HEADROOM * MiB)
assert replay[10**6] == replay.array(10**6 + 1)[-1]  # neither copies the milestones
for again in (make, lambda: load(long)):
    try:
        assert again() == replay
    except MemoryError:
        pass
"""


@pytest.mark.parametrize("headroom", [10, 25, 40, 60, 100])
def test_a_replay_of_many_milestones(headroom: int) -> None:
    code = PREPARED + MANY_MILESTONES.replace("HEADROOM", str(headroom)) + AFTERWARDS
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=150)
    assert (done.returncode, done.stderr) == (0, "")


# The memory needed to read a text, as a multiple of its length.

HOSTILE = {
    "objects": "'{\"a\":1},' * (2**20)",
    "objects of parts": "(line + ',') * 200_000",
    "empty objects": "'{},' * (2 * MiB)",
    "lists": "'[],' * (2 * MiB)",
    "lists of one": "'[1],' * (2 * MiB)",
    "nulls": "'null,' * MiB",
    "strings": "'\"\",' * (2 * MiB)",
    "numbers": "'1,' * (4 * MiB)",
    "keys": "'{' + ''.join(f'\"{i}\":1,' for i in range(MiB)) + '\"z\":1},'",
}
MOST = 24
"""The most bytes of memory for a byte of text. Numbers among parts need most. (With a tree of all values it was 87.)"""


@pytest.mark.parametrize("place", ["values", "parts", "of"])
@pytest.mark.parametrize("what", HOSTILE)
def test_the_memory_that_a_text_takes(what: str, place: str) -> None:
    kind = {"values": "table", "parts": "then", "of": "sum"}[place]
    code = f"""{PREPARED}
import re
long = text('{{"kind":"{kind}","{place}":[' + ({HOSTILE[what]})[:-1] + ']}}')
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
open("/proc/self/clear_refs", "w").write("5")
before = peak()
try:
    gp.Schedule.from_json(long)
except ValueError as error:
    assert len(str(error)) < 2_000, len(str(error))
factor = (peak() - before) / len(long)
print(factor)
assert factor < {MOST}, factor
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=150)
    assert done.returncode == 0, done.stderr


ABSURD = {
    "array": "s.array(2**53)",
    "slice": "s[:]",
    "chunks": "next(s.chunks(2**53, 2**53))",
    "list": "list(s)",
    "asarray": "np.asarray(s)",
    "gather": "s.gather(np.broadcast_to(np.int64(3), 2**50))",
    "gather narrow steps": "s.gather(np.broadcast_to(np.int8(3), 2**50))",
    "gather of a range": "s.gather(range(2**50))",
    "gather of a range with no C length": "s.gather(range(2**70))",
    "table of a broadcast": "gp.table(np.broadcast_to(0.5, 2**50))",
    "table of a range": "gp.table(range(2**50))",
    "milestones": "gp.piecewise_constant([0.5], range(1, 2**50))",
}


@pytest.mark.parametrize("name", ABSURD)
def test_an_absurd_size_fails_before_anything_is_allocated(name: str) -> None:
    code = f"""{PREPARED}
import time
s = gp.cosine(1.0, 0.0, 2**53)
before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    {ABSURD[name]}
except MemoryError:
    pass
else:
    raise AssertionError("it has room for that")
assert time.process_time() - begun < 0.2
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4096  # KiB
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
