"""Rates on the device, for steps that are compiled or captured."""

from __future__ import annotations

import torch

from glidepath import Schedule, _device
from glidepath._arguments import refusal

__all__ = ["RateTable"]

_DTYPES: dict[torch.dtype, _device.Dtype] = {torch.float32: "float32", torch.float64: "float64"}


class RateTable(torch.nn.Module):
    """The rates as a tensor on the device, looked up by a step tensor that is never read back.

    ``table(step)`` is ``schedule[step]``, rounded once to ``dtype``, for an integer tensor ``step`` of any shape. Put
    the result into the tensor that is the optimizer's rate. Then ``torch.compile(fullgraph=True)`` makes one graph of
    the step, and a CUDA graph replays with a rate that moves.

    Args:
        schedule: the schedule.
        steps: the steps of the run. The table has the values of steps 0 to ``steps``, 4 bytes each; a later step gets
            the last one, a step below 0 the first. By default the schedule's own length, ``schedule.steps``.
        device: where the table is. It moves with ``table.to(device)``.
        dtype: ``torch.float32`` or ``torch.float64``.

    Raises:
        TypeError: ``schedule`` is not a schedule.
        ValueError: the schedule has no end, and ``steps`` is not given; ``steps`` or ``dtype`` is out of range.

    >>> import torch, glidepath as gp
    >>> from glidepath.torch import RateTable
    >>> weight = torch.nn.Parameter(torch.zeros(1))
    >>> optimizer = torch.optim.SGD([weight], lr=torch.tensor(0.0))
    >>> table, step = RateTable(gp.linear(0.0, 1.0, 4)), torch.tensor(0)
    >>> def update():
    ...     optimizer.param_groups[0]["lr"].copy_(table(step))
    ...     step.add_(1)
    >>> for _ in range(4):
    ...     update()
    >>> optimizer.param_groups[0]["lr"]
    tensor(0.7500)
    """

    values: torch.Tensor

    def __init__(
        self,
        schedule: Schedule,
        steps: int | None = None,
        *,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        if dtype not in _DTYPES:
            raise ValueError(refusal("RateTable.dtype", dtype, "it must be torch.float32 or torch.float64"))
        values = _device.needed_table("RateTable", "schedule", schedule, steps, _DTYPES[dtype])
        self.register_buffer("values", torch.from_numpy(values).to(device), persistent=False)

    def forward(self, step: torch.Tensor) -> torch.Tensor:
        """Return the rates of the steps."""
        # Indexed by a tensor without dimensions, it would be read back to the host.
        return self.values.index_select(0, step.reshape(-1).clamp(0, len(self.values) - 1)).reshape(step.shape)
