"""The time to import glidepath after numpy, in a new interpreter."""

from __future__ import annotations

import subprocess
import sys

_CLOCKED = "import time, numpy; t = time.perf_counter(); import glidepath; print(time.perf_counter() - t)"


class Import:
    """Seconds that `import glidepath` takes if numpy is already imported."""

    unit = "seconds"

    def setup(self):
        assert seconds_of_import() > 0.0

    def track_import(self):
        return sorted(seconds_of_import() for _ in range(5))[2]


def seconds_of_import() -> float:
    """Import glidepath after numpy in a fresh interpreter, and return how long it took."""
    done = subprocess.run([sys.executable, "-c", _CLOCKED], check=True, capture_output=True, text=True)
    return float(done.stdout)
