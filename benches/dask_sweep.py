"""Compares the mean of each row of a sweep, by glidepath and by numpy, on the same Dask cluster of processes."""

from __future__ import annotations

import argparse
from statistics import median

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

import glidepath as gp
import glidepath.dask as gd
from measure import seconds


def numpy_rows(peaks: np.ndarray, lengths: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return the cosines of a block, in float32."""
    u = np.minimum(steps.astype("float32") / lengths.astype("float32"), np.float32(1.0))
    return peaks.astype("float32") * np.float32(0.5) * (np.cos(u * np.float32(np.pi)) + np.float32(1.0))


def means(schedules: int, n: int, chunks: tuple[int, int]) -> tuple[da.Array, da.Array]:
    """Return both lazy arrays of means: of cosines that differ in their peaks and in their lengths."""
    peaks = np.geomspace(1e-5, 1e-2, schedules)
    lengths = np.linspace(n // 2, n, schedules).astype(int)
    pairs = zip(peaks.tolist(), lengths.tolist(), strict=True)
    ours = gd.sweep([gp.cosine(peak, 0.0, length) for peak, length in pairs], n, chunks=chunks)
    columns = [da.from_array(column[:, None], chunks=(chunks[0], 1)) for column in (peaks, lengths)]
    theirs = da.map_blocks(numpy_rows, *columns, da.arange(n, chunks=chunks[1])[None, :], dtype="float32")
    return ours.mean(axis=1), theirs.mean(axis=1)


def main() -> None:
    """Print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=1_000)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        ours, theirs = means(options.schedules, options.steps, (50, 100_000))
        difference = np.abs(ours.compute() / theirs.compute() - 1.0).max()
        assert difference < 1e-4, difference
        pairs = [(seconds(ours.compute), seconds(theirs.compute)) for _ in range(options.repeats)]
    ratio = median(b for _, b in pairs) / median(a for a, _ in pairs)
    print(
        f"{options.schedules:,} schedules x {options.steps:,} steps, mean of each, 2 workers: numpy takes {ratio:.2f} "
        f"times as long (medians of {options.repeats}; glidepath {median(a for a, _ in pairs):.2f} s)"
    )


if __name__ == "__main__":
    main()
