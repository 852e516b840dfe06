"""HF transformers' schedule with warm-up, stepped in a loop, in float64."""

from collections.abc import Callable

import numpy as np
import torch
from transformers import get_cosine_schedule_with_warmup

STEPS = 20_000


def warmup_cosine(peak: float, steps: int, warmup: int) -> Callable[[], np.ndarray]:
    def values() -> np.ndarray:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)
        scheduler = get_cosine_schedule_with_warmup(optimizer, warmup, steps)
        found = np.empty(steps)
        for k in range(steps):
            found[k] = optimizer.param_groups[0]["lr"]
            optimizer.step()
            scheduler.step()
        return found

    return values
