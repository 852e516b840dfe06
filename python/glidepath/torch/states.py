"""Which class a scheduler's saved state belongs to."""

from __future__ import annotations

from typing import Any

from torch.optim.lr_scheduler import LRScheduler

from glidepath._arguments import refusal
from glidepath.torch import turns

__all__ = ["refuse_others"]

# Each is in the states of the classes that have it, and of no other.
TELLING = {
    "lr_lambdas", "step_size", "milestones", "gamma", "factor", "total_iters", "start_factor", "power", "T_max", "T_0",
    "total_size", "total_steps", "anneal_epochs", "patience", "_schedulers", "_milestones", "schedules",
}  # fmt: skip


def refuse_others(scheduler: LRScheduler, state: dict[str, Any]) -> None:
    """Refuse the state of another class, as far as its keys tell."""
    own = vars(scheduler).keys()
    name = type(scheduler).__name__
    if "_schedulers" in own and "_schedulers" in state:
        held, saved = len(vars(scheduler)["_schedulers"]), len(state["_schedulers"])
        if held != saved:
            msg = refusal(
                f"{name}.load_state_dict",
                f"a state of {saved} schedulers",
                f"this one has {held}",
                "Build it as it was.",
            )
            raise ValueError(msg)
    foreign = TELLING & state.keys() - own
    if "total_size" in state:
        foreign.discard("gamma")  # CyclicLR had one in older versions of torch.
    missing = {"_schedulers"} & own - state.keys()
    if not foreign and not missing:
        return
    told = f"has {', '.join(sorted(foreign))}" if foreign else "does not have _schedulers"
    way_out = "Load what its own `state_dict()` returned."
    for key in ("step", "last_epoch"):
        if key in state and not turns.takes_metrics(scheduler):
            way_out = f'To go on where that one was, write `scheduler.seek(state["{key}"])`.'
            break
    msg = f"`{name}.load_state_dict`: got the state of another scheduler: it {told}. {way_out}"
    raise ValueError(msg)
