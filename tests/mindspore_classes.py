"""Random arguments and steps for MindSpore's schedule classes. MindSpore's results are in `golden/`.

python tests/mindspore_classes.py     # where MindSpore is installed: writes the golden values anew
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from cases import CELLS, some_cell

GOLDEN = Path(__file__).parent / "golden" / "mindspore_classes.json"
KEPT = 40
"""Argument sets of each class in the golden file."""
MOST = 2**31 - 1
"""The last step that MindSpore's optimizers count to."""


def steps(given: dict[str, Any], rng: Random, count: int = 40) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Steps to test: ends and their neighbours, multiples of them, and random ones."""
    n = given.get("decay_steps") or given["warmup_steps"]
    near = {0, 1, 2, *(m * n + d for m in (1, 2, 3, 7) for d in (-1, 0, 1))}
    near |= {rng.randint(0, 3 * n) for _ in range(count - 20)} | {rng.randint(0, MOST) for _ in range(8)}
    return np.array(sorted(k for k in near if 0 <= k <= MOST), dtype=np.int32)


def drawn_cell(name: str, seed: object) -> tuple[dict[str, Any], np.ndarray[Any, np.dtype[np.int32]]]:
    """Arguments of a class, and steps."""
    rng = Random(f"{name} {seed}")
    given = some_cell(name, rng)
    return given, steps(given, rng)


def places(values: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The position of each float32 in the order of all float32 numbers: neighbours differ by 1."""
    found = np.ascontiguousarray(values, dtype=np.float32).view(np.int32).astype(np.int64)
    return np.where(found < 0, -(found & 0x7FFFFFFF), found)


def ulps(got: Any, want: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The distance in units in the last place.

    Not a number is next to itself only. Whatever is below the normal numbers counts as zero: MindSpore flushes it to
    zero or does not, as the thread happens to that works on it.
    """
    got, want = (np.where(np.abs(values) < np.finfo(np.float32).tiny, np.float32(0), values) for values in (got, want))
    far = np.abs(places(got) - places(want))
    # Just above where MindSpore may have flushed, or not.
    edge = 2 * np.finfo(np.float32).tiny
    far = np.where((np.abs(got) < edge) & (np.abs(want) < edge), 0, far)
    nan = np.isnan(got), np.isnan(want)
    return np.where(nan[0] & nan[1], 0, np.where(nan[0] != nan[1], 2**40, far))


def far(given: dict[str, Any], got: Any, want: Any) -> float:
    """The largest distance in units in the last place.

    Where a polynomial grows, its two terms cancel, and an ulp of a term may be many of the sum: there the unit is that
    of the larger term.
    """
    grows = given.get("end_learning_rate", 0.0) > given.get("learning_rate", 0.0)
    if not grows:
        return float(ulps(got, want).max())
    unit = np.spacing(np.maximum(np.abs(want), np.float32(given["end_learning_rate"])))
    off = np.abs(got.astype(np.float64) - want) / unit
    return float(np.where(np.isnan(got) & np.isnan(want), 0.0, np.nan_to_num(off, nan=2.0**40)).max())


def main() -> None:
    """Write the golden file."""
    from mindspore import Tensor, nn
    from mindspore.version import __version__

    sets = []
    for name in CELLS:
        for seed in range(KEPT):
            given, at = drawn_cell(name, f"golden {seed}")
            values = getattr(nn, name)(**given)(Tensor(at)).asnumpy()
            sets.append({"class": name, "given": given, "steps": at.tolist(), "bits": values.view(np.uint32).tolist()})
    GOLDEN.parent.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(one) for one in sets)
    about = {"mindspore": __version__, "python": sys.version.split()[0], "by": "python tests/mindspore_classes.py"}
    GOLDEN.write_text(f'{{"about": {json.dumps(about)},\n"sets": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
