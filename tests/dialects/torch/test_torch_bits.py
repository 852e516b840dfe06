"""glidepath.torch and the installed torch: the same actions give the same bits, errors, warnings and states."""

from __future__ import annotations

import copy
import json
from random import Random

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler  # noqa: E402

import glidepath.torch as gt  # noqa: E402
import recurrences  # noqa: E402
from helpers import assert_same  # noqa: E402
from torch_recipes import (  # noqa: E402
    KEEPS_INITIAL,
    LEAVES,
    OURS,
    THEIRS,
    draw,
    draw_leaf,
    draw_lrs,
    keeps_its_start,
    look,
    milestones_may_warn,
    optimizer,
    outcome,
    state_of,
)

pytestmark = milestones_may_warn
LOST = (
    "`seek`: got a SequentialLR of rates that are tensors. Before torch 2.10 its steps change the initial rates too, "
    "so its start is lost. Load its state, or make the rates floats."
)
BATCHES = 40
PER_BATCH = 75


def both(rng, build, lrs, beta):
    pair = []
    for module in (THEIRS, OURS):
        held = optimizer(lrs, beta)
        made = []
        failed = outcome(lambda m=module, o=held, made=made: made.append(build(m, o)))
        pair.append((failed, made[0] if made else None))
    (theirs_said, theirs), (ours_said, ours) = pair
    assert ours_said == theirs_said
    return theirs, ours


def act(rng, theirs, ours):
    """Do a random action with both. Returns whether they can continue."""
    what = rng.random()
    if what < 0.9:
        results = [outcome(scheduler.step) for scheduler in (theirs, ours)]
    elif what < 0.94:
        scale, i = rng.choice([0.5, 2.0, 0.1]), rng.randrange(len(theirs.optimizer.param_groups))
        for scheduler in (theirs, ours):
            scheduler.optimizer.param_groups[i]["lr"] *= scale
        results = [(), ()]
    elif what < 0.97:
        saved = [copy.deepcopy(scheduler.state_dict()) for scheduler in (theirs, ours)]
        # In both directions: torch's state into ours, and ours into torch's.
        results = [outcome(lambda: theirs.load_state_dict(saved[1])), outcome(lambda: ours.load_state_dict(saved[0]))]
    elif hasattr(theirs, "gamma") and not hasattr(theirs, "max_lrs"):
        gamma = rng.choice([0.5, 0.9])
        theirs.gamma = ours.gamma = gamma
        results = [(), ()]
    else:
        epoch = rng.choice([0, 1, 7, 0.5, 33])
        if not isinstance(theirs, lr_scheduler.CosineAnnealingWarmRestarts):
            epoch = int(epoch)
        results = [outcome(lambda s=s: s.step(epoch)) for s in (theirs, ours)]
    assert results[0] == results[1]
    return not (results[0] and results[0][0])


def run(seed, build, lrs, beta, steps, rng):
    theirs, ours = both(rng, build, lrs, beta)
    if theirs is None:
        return
    assert look(ours) == look(theirs), (seed, "made")
    for i in range(steps):
        goes_on = act(rng, theirs, ours)
        assert look(ours) == look(theirs), (seed, i)
        if not goes_on:
            break
    assert state_of(ours) == state_of(theirs), seed
    assert vars(ours).keys() == vars(theirs).keys()


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_schedulers_set_torchs_bits(batch):
    for i in range(PER_BATCH):
        rng = Random(f"{batch} {i}")
        lrs = draw_lrs(rng, tensors=i % 5 == 0)
        run((batch, i), draw(rng, len(lrs)), lrs, beta=rng.random() < 0.3, steps=rng.choice([20, 100, 400]), rng=rng)


@pytest.mark.parametrize("name", LEAVES)
def test_every_class_sets_torchs_bits(name):
    for i in range(60):
        rng = Random(f"{name} {i}")
        lrs = draw_lrs(rng, tensors=i % 3 == 0)
        run((name, i), draw_leaf(rng, name, len(lrs)), lrs, beta=i % 2 == 0, steps=150, rng=rng)


@pytest.mark.parametrize("batch", range(10))
def test_a_preview_is_what_stepping_sets(batch):
    for i in range(40):
        rng = Random(f"preview {batch} {i}")
        lrs = draw_lrs(rng, tensors=i % 4 == 0)
        theirs, ours = both(rng, draw(rng, len(lrs)), lrs, beta=False)
        if theirs is None:
            continue
        for _ in range(rng.choice([0, 1, 30])):
            if not act(rng, theirs, ours):
                break
        else:
            before = look(ours), state_of(ours)
            n = rng.choice([0, 1, 150])
            found = []
            failed = outcome(lambda s=ours, n=n, found=found: found.append(s.preview(n)))
            assert (look(ours), state_of(ours)) == before
            of_torchs = []
            assert outcome(lambda s=theirs, n=n, f=of_torchs: f.append(gt.preview(s, n))) == failed
            rows = []
            for _ in range(n):
                stepped = outcome(theirs.step)
                if stepped[0]:
                    assert failed[:2] == stepped[:2]
                    break
                rows.append([float(group["lr"]) for group in theirs.optimizer.param_groups])
            else:
                want = np.array(rows).reshape(n, len(lrs))
                assert np.array_equal(found[0].view(np.uint64), want.view(np.uint64)), (batch, i)
                assert np.array_equal(of_torchs[0].view(np.uint64), want.view(np.uint64)), (batch, i)


@pytest.mark.parametrize("batch", range(10))
def test_a_sought_state_is_a_stepped_state(batch):
    for i in range(40):
        rng = Random(f"seek {batch} {i}")
        lrs = draw_lrs(rng, tensors=i % 4 == 0)
        build = draw(rng, len(lrs), leaves=KEEPS_INITIAL)
        beta = rng.random() < 0.3
        theirs, ours = both(rng, build, lrs, beta)
        if theirs is None:
            continue
        of_torchs = build(THEIRS, optimizer(lrs, beta))
        if not keeps_its_start(theirs):
            for scheduler in (ours, of_torchs):
                assert outcome(lambda s=scheduler: gt.seek(s, 3))[:2] == ("TypeError", LOST)
            continue
        step = rng.choice([0, 1, 2, 40, 200])
        stepped = ("", "")
        for _ in range(step):
            stepped = outcome(theirs.step)[:2]
            if stepped[0]:
                break
        for _ in range(rng.choice([0, 3])):
            outcome(ours.step)
        assert outcome(lambda s=ours, k=step: s.seek(k))[:2] == stepped, (batch, i)
        assert outcome(lambda s=of_torchs, k=step: gt.seek(s, k))[:2] == stepped, (batch, i)
        if not stepped[0]:
            assert look(ours) == look(of_torchs) == look(theirs), (batch, i)
            assert state_of(ours) == state_of(of_torchs) == state_of(theirs), (batch, i)


@pytest.mark.parametrize("batch", range(10))
def test_a_schedule_is_what_stepping_sets(batch):
    for i in range(50):
        rng = Random(f"schedule {batch} {i}")
        lrs = draw_lrs(rng, tensors=False)
        theirs, ours = both(rng, draw(rng, len(lrs), leaves=KEEPS_INITIAL), lrs, beta=False)
        if theirs is None:
            continue
        group, rows = rng.randrange(len(lrs)), []
        for _ in range(100):
            rows.append(float(theirs.optimizer.param_groups[group]["lr"]))
            if outcome(theirs.step)[0]:
                break
        schedule = ours.schedule(group, steps=len(rows))
        assert_same(gt.schedule(theirs, group, steps=len(rows)).array(len(rows)), np.array(rows), schedule)
        assert_same(schedule.array(len(rows)), np.array(rows), schedule)
        if repr(schedule).startswith("gp.replay"):
            content = json.loads(schedule.to_json())["schedule"]
            assert recurrences.torch_values(content.pop("kind"), content, len(rows)) == rows
            assert [schedule[k] for k in reversed(range(len(rows)))] == rows[::-1]
