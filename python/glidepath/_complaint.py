"""The one line on stderr with which the command ends when it fails. This module imports nothing that takes time."""

from __future__ import annotations

import os
import signal
import sys

__all__ = ["INTERRUPTED", "complain"]

INTERRUPTED = 128 + signal.SIGINT


def complain(message: str) -> None:
    """Write the message to stderr as one line. If stderr cannot be written, only the exit code shows the error."""
    try:
        sys.stderr.write(f"glidepath: {' '.join(message.split())}\n")
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # else the flush at exit fails again
