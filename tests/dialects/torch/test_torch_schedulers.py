"""glidepath.torch: the curves of torch's documentation, names, signatures and states."""

from __future__ import annotations

import copy
import gc
import inspect
import io
import pickle
import subprocess
import sys
import weakref

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler  # noqa: E402

import glidepath as gp  # noqa: E402
import glidepath.torch as gt  # noqa: E402
from doc_examples import run_examples  # noqa: E402
from torch_recipes import (  # noqa: E402
    COPIES_TENSORS,
    OURS,
    THEIRS,
    look,
    milestones_may_warn,
    optimizer,
    outcome,
    state_of,
)
from torch_schedulers import (  # noqa: E402
    LRS,
    WITHOUT_FUNCTIONS,
    every_class,
    made,
    step,
)

pytestmark = milestones_may_warn


# The values in torch's documentation.


def test_exponential_as_printed():
    scheduler = gt.ExponentialLR(optimizer([0.1]), gamma=0.9)
    printed = []
    for _ in range(5):
        step(scheduler)
        printed.append(str(scheduler.get_last_lr()))
    assert printed == [
        "[0.09000000000000001]", "[0.08100000000000002]", "[0.07290000000000002]", "[0.06561000000000002]",
        "[0.05904900000000002]",
    ]  # fmt: skip


def test_cosine_as_printed():
    scheduler = gt.CosineAnnealingLR(optimizer([0.1]), T_max=1, eta_min=0.002)
    printed = []
    for _ in range(6):
        step(scheduler)
        printed.append(str(scheduler.get_last_lr()))
    assert printed == ["[0.002]", "[0.1]"] * 3


def test_step_and_multi_step_as_shown():
    scheduler = gt.StepLR(optimizer([0.1]), step_size=2, gamma=0.9)
    assert scheduler.preview(4).ravel().tolist() == [0.1, 0.09000000000000001, 0.09000000000000001, 0.08100000000000002]
    scheduler = gt.MultiStepLR(optimizer([0.1]), milestones=[30, 80], gamma=0.9)
    assert scheduler.preview(80)[[28, 29, 78, 79], 0].tolist() == [
        0.1,
        0.09000000000000001,
        0.09000000000000001,
        0.08100000000000002,
    ]


# Names and signatures.


@every_class
def test_a_class_is_a_subclass_of_torchs_with_its_signature(name):
    ours, theirs = getattr(OURS, name), getattr(THEIRS, name)
    assert issubclass(ours, theirs)
    assert issubclass(ours, gt.LRScheduler)
    parameters = dict(inspect.signature(ours).parameters)
    wanted = inspect.signature(theirs).parameters
    assert ("verbose" in parameters) == (name != "ChainedScheduler")
    if "verbose" not in wanted:
        parameters.pop("verbose", None)
    assert [(p.name, p.default, p.kind) for p in parameters.values()] == [
        (p.name, p.default, p.kind) for p in wanted.values()
    ]


def test_everything_of_torchs_module_is_there():
    assert set(lr_scheduler.__all__) <= set(gt.__all__)
    assert gt.EPOCH_DEPRECATION_WARNING == lr_scheduler.EPOCH_DEPRECATION_WARNING
    assert issubclass(gt._LRScheduler, lr_scheduler._LRScheduler)
    assert gt._LRScheduler.__name__ == "_LRScheduler"


@pytest.mark.parametrize(
    "name", [name for name in gt.__all__ if inspect.getdoc(getattr(gt, name)) and name != "EPOCH_DEPRECATION_WARNING"]
)
def test_docstrings_do_what_they_show(name):
    member = getattr(gt, name)
    methods = (
        [value for key, value in vars(member).items() if inspect.isfunction(value) and not key.startswith("_")]
        if isinstance(member, type)
        else []
    )
    for documented in (member, *methods):
        doc = inspect.getdoc(documented) or ""
        names = {**vars(gt), "gp": gp, "np": np, "torch": torch, "optimizer": optimizer([0.1])}
        run_examples(doc, names, name)
    if not name.startswith("_") and name != "LRScheduler":
        assert ">>> " in inspect.getdoc(member)


def test_the_module_does_what_it_shows():
    run_examples(gt.__doc__, {}, "glidepath.torch")


def test_importing_glidepath_imports_no_torch():
    code = "import sys, glidepath; assert not any(name == 'torch' or name.startswith('torch.') for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_torch_it_says_so():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "try: import glidepath.torch\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "glidepath.torch needs PyTorch, which cannot be imported here: `pip install torch`.\n"


# States.


@every_class
def test_states_travel_both_ways(name):
    theirs, ours = made(name, THEIRS, steps=6), made(name, steps=6)
    assert list(theirs.state_dict()) == list(ours.state_dict())
    into_ours, into_theirs = made(name), made(name, THEIRS)
    into_ours.load_state_dict(theirs.state_dict())
    into_theirs.load_state_dict(ours.state_dict())
    for scheduler in (into_ours, into_theirs):
        for group, lr in zip(scheduler.optimizer.param_groups, LRS, strict=True):
            group["lr"] = lr
    for k in range(10):
        step(into_ours, k)
        step(into_theirs, k)
    assert look(into_ours) == look(into_theirs)
    assert state_of(into_ours) == state_of(into_theirs)


def reloaded(state, safe):
    """A state, as `torch.load(weights_only=True)` reads it."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    torch.serialization.add_safe_globals(safe)
    try:
        return torch.load(file, weights_only=True)
    finally:
        torch.serialization.clear_safe_globals()


@every_class
def test_a_state_loads_with_weights_only(name):
    ours, theirs = (made(name, module, steps=6).state_dict() for module in (OURS, THEIRS))
    safe = [__import__("collections").Counter] if "MultiStep" in name else []
    refused = outcome(lambda: reloaded(theirs, safe))
    assert outcome(lambda: reloaded(ours, safe)) == refused
    # Before torch 2.10 the state of SWALR contains a function.
    assert not refused[0] or (name == "SWALR" and not COPIES_TENSORS)
    if not refused[0]:
        fresh = made(name)
        fresh.load_state_dict(reloaded(ours, safe))
        assert state_of(fresh) == state_of(made(name, steps=6))


@pytest.mark.parametrize("name", [*WITHOUT_FUNCTIONS, "ReduceLROnPlateau"])
def test_pickles_and_copies_go_on_alike(name):
    for copied in (lambda s: pickle.loads(pickle.dumps(s)), copy.deepcopy):
        ours = made(name, steps=6)
        ours.verbose = name == "StepLR"
        other = copied(ours)
        assert type(other) is type(ours)
        assert other.verbose == ours.verbose
        ours.verbose = other.verbose = False
        assert vars(other).keys() == vars(ours).keys()
        assert other.optimizer is not ours.optimizer
        for k in range(10):
            other.optimizer._opt_called = ours.optimizer._opt_called = True
            step(other, k)
            step(ours, k)
        assert look(other) == look(ours)


@every_class
def test_it_has_torchs_attributes_and_no_cycles(name):
    ours, theirs = made(name, steps=3), made(name, THEIRS, steps=3)
    assert list(vars(ours)) == list(vars(theirs))
    held, kept = weakref.ref(ours), weakref.ref(ours.optimizer)
    gc.disable()
    try:
        del ours
        assert held() is None
        assert kept() is None
    finally:
        gc.enable()
