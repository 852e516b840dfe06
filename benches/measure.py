"""How the rows of the tables are measured, and printed with their bars."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

Call = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """One line: what was measured, and its bar."""

    what: str
    measured: float | None
    """None if this machine cannot measure it; `note` says why."""
    bar: float
    goal: float
    unit: str = ""
    at_least: bool = False
    """Whether more is better."""
    note: str = ""

    @property
    def mark(self) -> str:
        if self.measured is None:
            return "not shown"
        sign = -1 if self.at_least else 1
        if sign * self.measured > sign * self.bar:
            return "MISSED"
        return "ok" if sign * self.measured > sign * self.goal else "goal"

    def __str__(self) -> str:
        measured = "" if self.measured is None else f"{self.measured:.3g}{self.unit}"
        side = ">=" if self.at_least else "<="
        bounds = f"{side} {self.bar:g}{self.unit} | {self.goal:g}{self.unit}"
        return f"| {self.what} | {measured} | {bounds} | {self.mark} | {self.note} |"


def seconds(call: Call, number: int = 1) -> float:
    begun = time.perf_counter()
    for _ in range(number):
        call()
    return (time.perf_counter() - begun) / number


def ratio(ours: Call, theirs: Call, repeats: int, number: int = 1) -> float:
    """Time both in turns, and divide the medians."""
    ours(), theirs()
    pairs = [(seconds(ours, number), seconds(theirs, number)) for _ in range(repeats)]
    return median(a for a, _ in pairs) / median(b for _, b in pairs)
