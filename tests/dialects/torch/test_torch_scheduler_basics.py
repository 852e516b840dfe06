"""`glidepath.torch.Scheduler`: it sets every entry of every group; and what it refuses."""

from __future__ import annotations

import io
import pickle
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")


import glidepath as gp  # noqa: E402
import glidepath.torch as gt  # noqa: E402
from torch_recipes import (  # noqa: E402
    milestones_may_warn,
    optimizer,
)
from torch_schedulers import (  # noqa: E402
    LRS,
    SEEK_BELOW,
)

pytestmark = milestones_may_warn


def test_it_drives_every_entry_of_every_group():
    parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in range(3)]
    held = torch.optim.AdamW([{"params": [one], "lr": torch.tensor(0.5)} for one in parameters])
    lr, decay, beta = gp.cosine(0.1, 0.0, 10), gp.linear(0.1, 0.0, 10), gp.linear(0.8, 0.9, 10)
    scheduler = gt.Scheduler(held, lr=[lr, 2 * lr, None], weight_decay=decay, betas=(beta, None), eps=gp.constant(1e-6))
    for k in range(1, 5):
        held.step()
        scheduler.step()
        groups = held.param_groups
        assert [float(group["lr"]) for group in groups] == [np.float32(lr[k]), np.float32((2 * lr)[k]), 0.5]
        assert {group["weight_decay"] for group in groups} == {decay[k]}
        assert {group["betas"] for group in groups} == {(beta[k], 0.999)}
        assert {group["eps"] for group in groups} == {1e-6}


def test_a_group_added_later_is_driven_too():
    scheduler = gt.Scheduler(optimizer([0.1]), lr=gp.linear(0.0, 0.1, 10))
    scheduler.optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))]})
    scheduler.step()  # without a warning, because both have the same rate
    assert scheduler.get_last_lr() == [0.01, 0.01]


def test_its_state_is_one_integer_and_the_texts():
    old, new = gp.cosine(0.1, 0.0, 10), gp.cosine(0.1, 0.0, 20)
    scheduler = gt.Scheduler(optimizer(LRS), lr=[old, None], momentum=(gp.linear(0.8, 0.9, 10)))
    scheduler.seek(7)
    file = io.BytesIO()
    torch.save(scheduler.state_dict(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    same = gt.Scheduler(optimizer(LRS), lr=[old, None], momentum=gp.linear(0.8, 0.9, 10))
    same.load_state_dict(state)
    assert same.last_epoch == 7
    assert same.get_last_lr() == [old[7], LRS[1]]
    changed = gt.Scheduler(optimizer([0.1, 0.1]), lr=new)
    with pytest.raises(ValueError) as caught:
        changed.load_state_dict(state)
    assert str(caught.value) == (
        "`load_state_dict`: got a state with other schedules. "
        f"`lr` of group 0 first differs at step 1: {old[1]!r} was saved, {new[1]!r} is this scheduler's. "
        "`lr` of group 1 was not driven, and is now. `momentum` of every group was driven, and is not now. "
        'Say `on_change="keep"` to go on with this scheduler\'s, or "replace" with the saved ones; '
        'where a framework loads the state, write `Scheduler(..., on_change="keep")`.'
    )
    changed.load_state_dict(state, on_change="keep")
    assert changed.get_last_lr() == [new[7], new[7]]
    changed.seek(7)
    changed.load_state_dict(state, on_change="replace")
    assert changed.get_last_lr() == [old[7], new[7]]
    assert changed.state_dict() == state
    assert pickle.loads(pickle.dumps(changed)).preview(2)[:, 0].tolist() == old[8:10].tolist()


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda o: gt.Scheduler(3, lr=gp.constant(1)), TypeError, "`Scheduler.optimizer`: got a int; it must be a torch"),
    (gt.Scheduler, ValueError, "`Scheduler`: got no schedule; give at least one, for instance `lr=gp.co"),
    (lambda o: gt.Scheduler(o, lr=0.1), TypeError, "`Scheduler.lr`: got a float; it must be a Schedule. For one value"),
    (lambda o: gt.Scheduler(o, lr=[gp.constant(1)]), ValueError, "`Scheduler.lr`: got a list of 1; it must have one"),
    (lambda o: gt.Scheduler(o, wd=gp.constant(1)), ValueError, "`Scheduler.wd`: group 0 has no such entry; it has "),
    (lambda o: gt.Scheduler(o, lr=(gp.constant(1), None)), ValueError, "`Scheduler.lr`: got a tuple of 2; group 0 "),
    (lambda o: gt.Scheduler(o, lr=gp.constant(1)).seek(-1), IndexError, SEEK_BELOW),
    (lambda o: gt.Scheduler(o, lr=gp.constant(1)).load_state_dict({}, on_change="x"), ValueError,
     "`load_state_dict.on_change`: got 'x'; it must be one of error, keep, replace."),
])  # fmt: skip
def test_scheduler_refuses(make, error, message):
    with warnings.catch_warnings(), pytest.raises(error) as caught:
        make(optimizer([0.1, 0.1]))
    assert str(caught.value).startswith(message), caught.value
