"""`glidepath.dask` on a real cluster of processes: the same bits, small tasks, killed workers, files."""

from __future__ import annotations

import doctest
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("dask.array", reason="computes the arrays")
pytest.importorskip("distributed", reason="is the cluster")

import cloudpickle
import dask
import dask.array as da
import distributed

import glidepath as gp
import glidepath.dask as gd

S = gp.warmup_cosine(3e-4, 200_000, 0.01)
ENDLESS = gp.inverse_sqrt(3e-4, 10)

pytestmark = pytest.mark.filterwarnings("ignore")  # of Dask's cluster, and of Zarr


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A cluster of two worker processes."""
    options = {"n_workers": 2, "threads_per_worker": 2, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_an_array_on_a_cluster(client: Any, dtype: str) -> None:
    for schedule, n, start in ((S, None, 0), (S, 150_001, 77), (ENDLESS, 100_000, 10**9)):
        lazy = gd.array(schedule, n, start=start, dtype=dtype, chunks=30_000)
        size = S.steps + 1 if n is None else n
        assert lazy.dtype == dtype
        assert lazy.compute().tobytes() == schedule.array(size, start=start, dtype=dtype).tobytes()
    assert gd.array(S, 0).compute().shape == (0,)


def test_a_task_is_small() -> None:
    """What a chunk of a very long schedule takes: its graph, pickled."""
    lazy = gd.array(S.repeat(), 10**12, chunks=10**9)[:10]
    (optimized,) = dask.optimize(lazy)
    assert len(cloudpickle.dumps(dict(optimized.__dask_graph__()))) < 3_000


def test_a_schedule_is_an_array_for_dask(client: Any) -> None:
    lazy = da.from_array(S, chunks=30_000)
    assert lazy.shape == (200_000,)
    assert lazy.compute().tobytes() == S.array(200_000).tobytes()
    assert lazy[5:100:7].compute().tolist() == S[5:100:7].tolist()
    assert (S.shape, S.ndim, S.dtype) == ((200_000,), 1, np.dtype("float64"))
    assert S[2:4,].tolist() == S[2:4].tolist()
    assert not hasattr(ENDLESS, "shape")
    with pytest.raises(AttributeError) as caught:
        ENDLESS.shape  # noqa: B018
    assert str(caught.value) == (
        "this schedule has no shape: it has no end (`steps` is None). Take `s.array(n)` or `s[a:b]`."
    )


def test_a_sweep_and_its_files(client: Any, tmp_path: Path) -> None:
    peaks = np.geomspace(1e-5, 1e-2, 50)
    schedules = [gp.warmup_cosine(float(peak), 2_000, 0.1) for peak in peaks]
    want = np.stack([schedule.array(2_000, dtype="float32") for schedule in schedules])
    lazy = gd.sweep(schedules, 2_000, chunks=(7, 600))
    assert lazy.numblocks == (8, 4)
    assert lazy.compute().tobytes() == want.tobytes()
    assert lazy.max(axis=1).compute().tolist() == want.max(axis=1).tolist()
    da.to_npy_stack(str(tmp_path / "stack"), lazy, axis=0)
    assert np.asarray(da.from_npy_stack(str(tmp_path / "stack"))).tobytes() == want.tobytes()
    pytest.importorskip("zarr", reason="is the format of the file")
    lazy.rechunk((10, 500)).to_zarr(str(tmp_path / "rates.zarr"))
    assert np.asarray(da.from_zarr(str(tmp_path / "rates.zarr"))).tobytes() == want.tobytes()


def test_a_killed_worker_is_made_up_for(client: Any) -> None:
    # A table in arithmetic is computed value by value, so this takes a second or two.
    slow = gp.cosine(1.0, 0.0, 10**8) * gp.table([1.0, 0.5, 0.25]).repeat()
    lazy = gd.array(slow, 40_000_000, chunks=500_000)
    future = client.compute(lazy.max(split_every=4))
    processes = client.run(os.getpid)
    time.sleep(0.2)
    assert not future.done()
    os.kill(next(iter(processes.values())), signal.SIGKILL)
    assert future.result(timeout=100) == 1.0
    assert lazy[-5:].compute().tolist() == slow.array(5, start=40_000_000 - 5).tolist()


def test_its_examples() -> None:
    tried = doctest.testmod(gd)
    assert (tried.failed, tried.attempted) == (0, 10)


def test_what_is_refused() -> None:
    def message(call: Any) -> str:
        with pytest.raises((TypeError, ValueError)) as caught:
            call()
        return str(caught.value)

    assert message(lambda: gd.array(0.1)) == "`array`: got 0.1; it must be a schedule."
    assert message(lambda: gd.sweep([S, 0.1], 5)) == "`sweep.schedules[1]`: got 0.1; it must be a schedule."
    assert message(lambda: gd.sweep([], 5)) == "`sweep.schedules`: got none; there must be one at least."
    assert message(lambda: gd.array(ENDLESS)) == (
        "`array.n`: got None; this schedule has no end of its own (`of.steps` is None). Say how many steps."
    )
    assert message(lambda: gd.array(S, -1)) == "`array.n`: got -1; it must be a whole number from 0 to 2**53."
    assert message(lambda: gd.array(S, 2, start=2**53)) == (
        "`array.start + n`: got 9007199254740994; it must be a whole number from 0 to 2**53."
    )
    assert message(lambda: gd.array(S, dtype="int8")) == "`array.dtype`: got 'int8'; it must be float64 or float32."
