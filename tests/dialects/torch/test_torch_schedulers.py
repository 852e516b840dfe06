"""glidepath.torch: seeds, states, manners, composites that torch cannot run, resuming, and `Scheduler`."""

from __future__ import annotations

import copy
import gc
import inspect
import io
import pickle
import subprocess
import sys
import warnings
import weakref

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler  # noqa: E402

import glidepath as gp  # noqa: E402
import glidepath.torch as gt  # noqa: E402
from doc_examples import run_examples  # noqa: E402
from glidepath.torch import _versions  # noqa: E402
from torch_recipes import (  # noqa: E402
    COPIES_TENSORS,
    HAS_VERBOSE,
    OURS,
    THEIRS,
    copies_tensors,
    look,
    milestones_may_warn,
    optimizer,
    outcome,
    state_of,
)

pytestmark = milestones_may_warn

CLASSES = {
    "LambdaLR": lambda m, o: m.LambdaLR(o, lambda k: 0.9**k),
    "MultiplicativeLR": lambda m, o: m.MultiplicativeLR(o, lambda k: 0.99),
    "StepLR": lambda m, o: m.StepLR(o, 3, 0.9),
    "MultiStepLR": lambda m, o: m.MultiStepLR(o, [2, 5, 5, 9], 0.9),
    "ConstantLR": lambda m, o: m.ConstantLR(o, 0.5, 4),
    "LinearLR": lambda m, o: m.LinearLR(o, 0.1, 0.9, 12),
    "ExponentialLR": lambda m, o: m.ExponentialLR(o, 0.99),
    "PolynomialLR": lambda m, o: m.PolynomialLR(o, 20, 0.9),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, 7, 1e-4),
    "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, 5, 2, 1e-4),
    "CyclicLR": lambda m, o: m.CyclicLR(o, 0.01, 0.2, 4, mode="exp_range", gamma=0.99),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, 0.3, 60),
    "SWALR": lambda m, o: m.SWALR(o, 0.01, 6),
    "SequentialLR": lambda m, o: m.SequentialLR(o, [m.ConstantLR(o, 0.1, 4), m.ExponentialLR(o, 0.9)], [4]),
    "ChainedScheduler": lambda m, o: m.ChainedScheduler([m.ConstantLR(o, 0.1, 4), m.ExponentialLR(o, 0.9)]),
    "ReduceLROnPlateau": lambda m, o: m.ReduceLROnPlateau(o, patience=1),
}
every_class = pytest.mark.parametrize("name", CLASSES)
STATELESS = [name for name in CLASSES if name != "ReduceLROnPlateau"]
WITHOUT_FUNCTIONS = [name for name in STATELESS if name not in {"LambdaLR", "MultiplicativeLR"}]
LRS = [0.1, 0.03]


def made(name, module=OURS, lrs=LRS, steps=0):
    scheduler = CLASSES[name](module, optimizer(lrs))
    for k in range(steps):
        step(scheduler, k)
    return scheduler


def step(scheduler, k=0):
    scheduler.optimizer.step()
    if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
        scheduler.step(1.0 / (1 + k % 4))
    else:
        scheduler.step()


def lr_of(scheduler):
    return scheduler.optimizer.param_groups[0]["lr"]


# What the seeds' pages print.


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
    # Before torch 2.10 the state of SWALR has a function.
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


# Manners.


prints = pytest.mark.skipif(HAS_VERBOSE, reason=f"torch {torch.__version__} has a `verbose` of its own")


@pytest.mark.skipif(not HAS_VERBOSE, reason=f"torch {torch.__version__} has no `verbose`")
@every_class
def test_verbose_is_torchs_where_torch_has_it(name, capsys):
    if name in {"ChainedScheduler", "SWALR"}:
        for module in (THEIRS, OURS):
            with pytest.raises(TypeError):
                CLASSES[name](with_verbose(module, name, True), optimizer(LRS))
        return
    found = []
    for module in (THEIRS, OURS):
        results = []
        for verbose in (True, False, "deprecated"):
            made_by = with_verbose(module, name, verbose)
            schedulers = []
            said = outcome(lambda m=made_by, s=schedulers: s.append(CLASSES[name](m, optimizer(LRS))))
            step(schedulers[0])
            results.append((said, vars(schedulers[0]).get("verbose"), state_of(schedulers[0]), capsys.readouterr()))
        found.append(results)
    assert found[0] == found[1]


def with_verbose(module, name, verbose):
    """The module, with a class that is made so."""
    cls, other = getattr(module, name), type(module)("verbose")
    vars(other).update(vars(module))
    setattr(other, name, lambda *args, **kw: cls(*args, **kw, verbose=verbose))
    return other


@prints
@every_class
def test_verbose_prints_each_update_in_the_old_words(name, capsys):
    if name == "ChainedScheduler":
        return
    scheduler = CLASSES[name](with_verbose(OURS, name, True), optimizer([0.1, 0.2]))
    assert scheduler.verbose
    capsys.readouterr()
    for k in range(4):
        step(scheduler, k)
        printed = capsys.readouterr().out.splitlines()
        lrs = [float(group["lr"]) for group in scheduler.optimizer.param_groups]
        if name == "CosineAnnealingWarmRestarts":
            wanted = [
                f"Epoch {k + 1:05d}: adjusting learning rate of group {i} to {lr:.4e}." for i, lr in enumerate(lrs)
            ]
        elif name == "ReduceLROnPlateau":
            wanted = [
                f"Epoch {k + 1:05d}: reducing learning rate of group {i} to {lr:.4e}." for i, lr in enumerate(lrs)
            ]
            wanted = wanted if printed else []
        else:
            wanted = [f"Adjusting learning rate of group {i} to {lr:.4e}." for i, lr in enumerate(lrs)]
        assert printed == wanted


@prints
def test_verbose_prints_the_first_rate_too(capsys):
    gt.ExponentialLR(optimizer([0.1]), 0.9, -1, True)
    assert capsys.readouterr().out == "Adjusting learning rate of group 0 to 1.0000e-01.\n"


def test_the_first_steps_warn_as_torchs_do():
    files = []
    for module in (THEIRS, OURS):
        scheduler = module.StepLR(optimizer([0.1], step=False), 3)
        with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before") as caught:
            scheduler.step()
        files.append(caught[0].filename)
    assert files[0] == files[1]


def test_a_subclass_with_its_own_get_lr_is_obeyed():
    class Mine(gt.StepLR):
        def get_lr(self):
            return [lr / 2 for lr in super().get_lr()]

    scheduler = Mine(optimizer([0.8]), 2, 0.5)
    rates = [lr_of(scheduler)]
    for _ in range(4):
        step(scheduler)
        rates.append(lr_of(scheduler))
    assert rates == [0.4, 0.2, 0.05, 0.025, 0.00625]
    assert scheduler.preview(2).ravel().tolist() == [0.003125, 0.00078125]


def test_a_subclass_with_its_own_step_is_called_by_composites():
    class Mine(gt.ExponentialLR):
        calls = 0

        def step(self, epoch=None):
            self.calls += 1
            super().step(epoch)

    own = Mine(optimizer([0.8]), 0.5)
    calls = own.calls
    chained = gt.ChainedScheduler([own])
    step(chained)
    assert (own.calls, lr_of(chained)) == (calls + 1, 0.4)


def test_a_method_put_on_an_instance_is_obeyed():
    scheduler = made("ExponentialLR", steps=3)
    scheduler.get_lr = lambda: [0.5, 0.25]
    step(scheduler)
    assert scheduler.get_last_lr() == [0.5, 0.25]


def test_attributes_are_live():
    scheduler = made("ExponentialLR", steps=3)
    scheduler.gamma = 0.5
    before = lr_of(scheduler)
    step(scheduler)
    assert lr_of(scheduler) == before * 0.5
    scheduler = made("CosineAnnealingWarmRestarts", steps=3)
    scheduler.base_lrs = [1.0, 1.0]
    scheduler.eta_min = 1.0
    step(scheduler)
    assert scheduler.get_last_lr() == [1.0, 1.0]


def test_an_optimizer_that_loads_a_state_is_looked_up_anew():
    scheduler = made("ExponentialLR", steps=3)
    scheduler.optimizer.load_state_dict(scheduler.optimizer.state_dict())
    groups = scheduler.optimizer.param_groups
    step(scheduler)
    assert groups[0]["lr"] == 0.1 * 0.99 * 0.99 * 0.99 * 0.99


def test_a_group_added_later():
    for name in ("StepLR", "ExponentialLR", "CosineAnnealingLR"):
        results = []
        for module in (THEIRS, OURS):
            scheduler = made(name, module, steps=2)
            scheduler.optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.7})
            results.append(
                ([outcome(scheduler.step) for _ in range(8)], [g["lr"] for g in scheduler.optimizer.param_groups])
            )
        assert results[0] == results[1]


@copies_tensors
def test_a_tensor_stays_the_tensor_that_it_is():
    scheduler = made("CosineAnnealingLR", lrs=[("t32", 0.1), ("t64", 0.1)])
    tensors = [group["lr"] for group in scheduler.optimizer.param_groups]
    versions = [tensor._version for tensor in tensors]
    for _ in range(3):
        step(scheduler)
    for i, group in enumerate(scheduler.optimizer.param_groups):
        assert group["lr"] is tensors[i]
        assert tensors[i]._version > versions[i]
        assert scheduler.get_last_lr()[i] is not tensors[i]
        assert scheduler.get_last_lr()[i].data_ptr() != tensors[i].data_ptr()


@pytest.mark.parametrize("name", [name for name in WITHOUT_FUNCTIONS if name != "ChainedScheduler"])
def test_a_tensor_on_a_device_is_never_read(name):
    """A meta tensor has no value: to read it is an error, as some steps of older versions of torch do."""
    results = []
    for module in (THEIRS, OURS):
        rates = [torch.tensor(0.1, device="meta") for _ in range(2)]
        held, schedulers = optimizer(rates), []
        found = [outcome(lambda m=module, o=held, s=schedulers: s.append(CLASSES[name](m, o)))]
        found += [outcome(scheduler.step) for scheduler in schedulers for _ in range(4)]
        stay = [group["lr"] is rate for group, rate in zip(held.param_groups, rates, strict=True)]
        results.append((found, stay))
        with pytest.raises((RuntimeError, NotImplementedError)):
            rates[0].item()
    assert results[0] == results[1]
    assert not COPIES_TENSORS or results[1] == ([("", "", [])] * 5, [True, True])


@every_class
@pytest.mark.parametrize("lrs", [[0.1], LRS, [("t32", 0.1), ("t64", 0.03)]], ids=["one", "two", "tensors"])
def test_rates_that_somebody_keeps_stay_as_they_were(name, lrs):
    """A step makes a new `_last_lr`, and leaves the old one alone."""
    if not COPIES_TENSORS and lrs[0] == ("t32", 0.1):
        pytest.skip(f"torch {torch.__version__} notes the tensor itself")
    scheduler = made(name, lrs=lrs, steps=1)
    kept = []
    for k in range(1, 14):
        step(scheduler, k)
        last = scheduler.get_last_lr()
        kept.append((last, list(last), list(map(float, last))))
        children = getattr(scheduler, "_schedulers", [])
        kept += [(child._last_lr, list(child._last_lr), list(map(float, child._last_lr))) for child in children]
        step(scheduler, k)
        assert list(map(float, scheduler.get_last_lr())) == [float(g["lr"]) for g in scheduler.optimizer.param_groups]
    for last, rates, values in kept:
        assert all(rate is was for rate, was in zip(last, rates, strict=True))
        assert list(map(float, last)) == values


def test_groups_that_share_a_tensor():
    results = []
    for module in (THEIRS, OURS):
        scheduler = module.OneCycleLR(optimizer([torch.tensor(0.1)] * 3), [0.1, 0.2, 0.3], 50)
        for _ in range(9):
            scheduler.step()
        results.append(look(scheduler))
    assert results[0] == results[1]


def of_rates(module, rates, name="CyclicLR"):
    """A scheduler of such rates, two steps on."""
    make = (lambda m, o: m.CyclicLR(o, 0.01, 0.2, 4, cycle_momentum=False)) if name == "CyclicLR" else CLASSES[name]
    scheduler = make(module, optimizer(rates))
    scheduler.step()
    scheduler.step()
    return scheduler


ODD_TENSORS = {
    "float32": lambda: torch.tensor(0.1),
    "float64": lambda: torch.tensor(0.1, dtype=torch.float64),
    "bfloat16": lambda: torch.tensor(0.1, dtype=torch.bfloat16),
    "float16": lambda: torch.tensor(0.1, dtype=torch.float16),
    "int64": lambda: torch.tensor(3),
    "one dimension": lambda: torch.tensor([0.1]),
    "three dimensions": lambda: torch.tensor([[[0.1]]]),
    "a part of another": lambda: torch.tensor([0.7, 0.1, 0.2])[1],
    "a column": lambda: torch.tensor([[0.7, 0.1], [0.2, 0.3]])[:, 1][0],
    "shared memory": lambda: torch.tensor(0.1).share_memory_(),
    "numpy's memory": lambda: torch.from_numpy(np.array(0.1)),
    "not aligned": lambda: torch.frombuffer(bytearray(13), dtype=torch.float32, count=1, offset=5)[0].fill_(0.1),
    "a parameter": lambda: torch.nn.Parameter(torch.tensor(0.1), requires_grad=False),
    "followed by autograd": lambda: torch.tensor(0.1, requires_grad=True),
    "computed from one that is": lambda: torch.tensor(0.1, requires_grad=True) * 1,
    "of the other sign": lambda: torch._neg_view(torch.tensor(-0.1)),
    "lazily copied": lambda: torch.tensor(0.1)._lazy_clone(),
}


@pytest.mark.parametrize("name", ["CyclicLR", "ExponentialLR", "StepLR", "CosineAnnealingLR", "ChainedScheduler"])
@pytest.mark.parametrize("kind", ODD_TENSORS)
def test_tensors_of_every_kind(name, kind):
    """The same values, types, shapes and count of writes as torch's; where torch raises, its error."""
    results = []
    for module in (THEIRS, OURS):
        rates = [ODD_TENSORS[kind](), torch.tensor(0.3)]
        try:
            scheduler = of_rates(module, rates, name)
        except (RuntimeError, TypeError) as error:
            results.append([str(error)])
            continue
        result = []
        for _ in range(4):
            error = outcome(scheduler.step)
            last = [(str(lr.dtype), lr.shape, lr.item(), lr.requires_grad) for lr in scheduler.get_last_lr()]
            result.append((error, last, [(rate.item(), rate._version) for rate in rates]))
        results.append(result)
    assert results[0] == results[1]


def test_autograd_sees_that_a_rate_was_written():
    errors = []
    for module in (THEIRS, OURS):
        scheduler = of_rates(module, [torch.tensor(0.1)])
        weight = torch.tensor(2.0, requires_grad=True)
        loss = weight * scheduler.optimizer.param_groups[0]["lr"]
        scheduler.step()
        with pytest.raises(RuntimeError, match="modified by an inplace operation") as raised:
            loss.backward()
        errors.append(str(raised.value))
    assert errors[0] == errors[1]


def test_inference_tensors():
    """Outside of inference mode torch refuses to set them."""
    results = []
    for module in (THEIRS, OURS):
        for inside in (True, False):
            with torch.inference_mode():
                scheduler = of_rates(module, [torch.tensor(0.1)])
            with torch.inference_mode(inside):
                error = outcome(scheduler.step)
            lrs = [lr.item() for lr in (lr_of(scheduler), *scheduler.get_last_lr())]
            results.append((inside, error, lrs, scheduler.last_epoch))
    assert results[:2] == results[2:]
    assert [error[0] for _, error, _, _ in results] == ["", "RuntimeError"] * 2


def test_tensors_inside_of_transforms():
    """Where torch hides a tensor behind another, it is torch that steps."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    results = []
    for module in (THEIRS, OURS):

        def stepped(rate, module=module):
            return of_rates(module, [rate], "ExponentialLR").get_last_lr()[0] * 1

        with FakeTensorMode():
            assert type(stepped(torch.tensor(0.1))) is not torch.Tensor
        calls = [
            lambda: torch.vmap(stepped)(torch.full((3,), 0.1)).tolist(),
            lambda: torch.func.functionalize(stepped)(torch.tensor(0.1)).item(),
            lambda: torch.func.grad(stepped)(torch.tensor(0.1)).item(),
        ]
        results.append([])
        for call in calls:
            try:
                results[-1].append(call())
            except RuntimeError as error:
                results[-1].append(str(error))
    assert results[0] == results[1]


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # by torch, which itself calls it
@pytest.mark.parametrize("name", ["CyclicLR", "ExponentialLR"])
def test_forward_mode_derivatives_follow_a_rate(name):
    from torch.autograd import forward_ad

    results = []
    for module in (THEIRS, OURS):
        with forward_ad.dual_level():
            scheduler = of_rates(module, [torch.tensor(0.1)], name)
            rate = forward_ad.make_dual(torch.tensor(0.1), torch.tensor(1.0))
            scheduler.optimizer.param_groups[0]["lr"] = rate
            scheduler.step()
            tangents = [forward_ad.unpack_dual(one).tangent for one in (rate, scheduler.get_last_lr()[0])]
            results.append([tangent if tangent is None else tangent.item() for tangent in tangents])
    assert results[0] == results[1]


def test_a_base_that_autograd_follows():
    results = []
    for module in (THEIRS, OURS):
        scheduler = of_rates(module, [torch.tensor(0.1)], "CosineAnnealingWarmRestarts")
        scheduler.base_lrs[0] = torch.tensor(0.1, requires_grad=True)
        scheduler.step()
        results.append((lr_of(scheduler).item(), str(lr_of(scheduler)), str(scheduler.get_last_lr())))
    assert results[0] == results[1]


@pytest.mark.parametrize(
    "make",
    [
        lambda m, o: m.CyclicLR(o, 0.01, 8e38, 8, cycle_momentum=False),
        lambda m, o: m.SWALR(o, 1e39, 1),
        lambda m, o: m.ExponentialLR(o, 1e30),
    ],
    ids=["CyclicLR", "SWALR", "ExponentialLR"],
)
def test_rates_too_large_for_float32(make):
    results = []
    for module in (THEIRS, OURS):
        scheduler = make(module, optimizer([torch.tensor(0.1)]))
        results.append([(outcome(scheduler.step), lr_of(scheduler).item()) for _ in range(6)])
    assert results[0] == results[1]


def shared_rates(kind):
    """Two rates, most of them over the same memory."""
    single, double, array = torch.tensor([0.1, 0.2]), torch.tensor([0.1], dtype=torch.float64), np.array(0.1)
    return {
        "detached": [single[0], single[0].detach()],
        "numpy's": [torch.from_numpy(array), torch.from_numpy(array)],
        "a half of the other": [double[0], double.view(torch.float32)[1]],
        "neighbours": [single[0], single[1]],
    }[kind]


@pytest.mark.parametrize("kind", ["detached", "numpy's", "a half of the other", "neighbours"])
def test_rates_over_the_same_memory(kind):
    results = []
    for module in (THEIRS, OURS):
        rates = shared_rates(kind)
        scheduler = module.CyclicLR(optimizer(rates), [0.01, 0.05], [0.2, 0.4], 4, cycle_momentum=False)
        for _ in range(5):
            scheduler.step()
        results.append(([lr.item() for lr in scheduler.get_last_lr()], [rate.item() for rate in rates]))
    assert results[0] == results[1]


@pytest.mark.parametrize("name", ["ExponentialLR", "ChainedScheduler", "StepLR"])
def test_a_finalizer_of_an_old_rate_sees_a_whole_step(name):
    acts = [
        lambda scheduler, _: scheduler.step(),
        lambda scheduler, _: scheduler._last_lr.clear(),
        lambda scheduler, seen: seen.append(look(scheduler)),
    ]
    for act in acts:
        results = []
        for module in (THEIRS, OURS):
            seen: list[object] = []
            scheduler = of_rates(module, [torch.tensor(0.1), torch.tensor(0.2)], name)
            for _ in range(5):
                if scheduler.get_last_lr():
                    weakref.finalize(scheduler.get_last_lr()[0], act, scheduler, seen)
                scheduler.step()
            results.append((look(scheduler), list(seen), getattr(scheduler, "last_epoch", None)))
        assert results[0] == results[1]


def test_triangular2_overflows_where_torchs_does():
    results = []
    for module in (THEIRS, OURS):
        scheduler = module.CyclicLR(optimizer([0.1]), 0.01, 0.1, 1, mode="triangular2", cycle_momentum=False)
        for _ in range(2_047):
            step(scheduler)
        with pytest.raises(OverflowError) as raised:
            step(scheduler)
        results.append((str(raised.value), scheduler.last_epoch))
    assert results[0] == results[1]


def test_torchs_composites_take_ours():
    results = []
    for inner in (THEIRS, OURS):
        held = optimizer([0.1])
        parts = [inner.LinearLR(held, 0.1, 1.0, 4), inner.CosineAnnealingLR(held, 6), inner.CyclicLR(held, 0.1, 0.2, 3)]
        scheduler = lr_scheduler.SequentialLR(held, parts, [4, 12])
        rates = []
        for _ in range(20):
            step(scheduler)
            rates.append(lr_of(scheduler))
        results.append(rates)
    assert results[0] == results[1]


# Composites that torch cannot run, or runs wrongly: DIFFERENCE.


def flat(module, held, milestones=(3, 7)):
    parts = [module.ConstantLR(held, 0.5, 2), module.ExponentialLR(held, 0.9), module.CosineAnnealingLR(held, 9)]
    return module.SequentialLR(held, parts, list(milestones))


def nested_first(held):
    inner = gt.SequentialLR(held, [gt.ConstantLR(held, 0.5, 2), gt.ExponentialLR(held, 0.9)], [3])
    return gt.SequentialLR(held, [inner, gt.CosineAnnealingLR(held, 9)], [7])


def nested_last(held):
    inner = gt.SequentialLR(held, [gt.ExponentialLR(held, 0.9), gt.CosineAnnealingLR(held, 9)], [4])
    return gt.SequentialLR(held, [gt.ConstantLR(held, 0.5, 2), inner], [3])


def chained_within(held):
    second = gt.ChainedScheduler([gt.ChainedScheduler([gt.ExponentialLR(held, 0.9)])])
    return gt.SequentialLR(
        held, [gt.ChainedScheduler([gt.ConstantLR(held, 0.5, 2)]), second, gt.CosineAnnealingLR(held, 9)], [3, 7]
    )


@pytest.mark.parametrize("nested", [nested_first, nested_last, chained_within])
def test_a_nested_composite_is_the_flat_one(nested):
    wanted, got = flat(THEIRS, optimizer(LRS)), nested(optimizer(LRS))
    ahead, sought = nested(optimizer(LRS)).preview(25), nested(optimizer(LRS))
    schedule = nested(optimizer(LRS)).schedule(1)
    for k in range(25):
        assert schedule[k] == wanted.optimizer.param_groups[1]["lr"]
        step(wanted)
        step(got)
        assert look(got) == look(wanted), k
        assert ahead[k].tolist() == wanted.get_last_lr()
    sought.seek(25)
    assert look(sought) == look(got)
    assert state_of(sought) == state_of(got)


def test_torch_itself_fails_there():
    held = optimizer([0.1])
    inner = lr_scheduler.ChainedScheduler([lr_scheduler.ExponentialLR(held, 0.9)])
    # As it is made before torch 2.6; by `step(0)`, which a composite does not take, before 2.9.
    with pytest.raises((NotImplementedError, TypeError, AttributeError)):
        stepped(lr_scheduler.SequentialLR(held, [lr_scheduler.ConstantLR(held, 0.5), inner], [2]), 2)


def test_a_constant_factor_of_0_comes_back_to_the_base_rate():
    ours = gt.ConstantLR(optimizer(LRS), factor=0.0, total_iters=2)
    rates = []
    for _ in range(3):
        step(ours)
        rates.append(ours.get_last_lr())
    assert rates == [[0.0, 0.0], LRS, LRS]
    ours = gt.ConstantLR(optimizer(LRS), factor=0.0, total_iters=1)
    step(ours)
    assert ours.get_last_lr() == LRS
    theirs = lr_scheduler.ConstantLR(optimizer(LRS), factor=0.0, total_iters=1)
    with pytest.raises(ZeroDivisionError):
        step(theirs)


# Ahead.


MILLION = 1_000_000
LONG = {
    "StepLR": lambda m, o: m.StepLR(o, 1_000, 0.999),
    "MultiStepLR": lambda m, o: m.MultiStepLR(o, range(1, MILLION, 997), 0.999),
    "ConstantLR": lambda m, o: m.ConstantLR(o, 0.3, 700_000),
    "LinearLR": lambda m, o: m.LinearLR(o, 0.01, 0.7, 900_000),
    "ExponentialLR": lambda m, o: m.ExponentialLR(o, 1 - 1e-6),
    "PolynomialLR": lambda m, o: m.PolynomialLR(o, 999_000, 1.7),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, 300_007, 1e-5),
    "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, 1_000, 2, 1e-5),
    "CyclicLR": lambda m, o: m.CyclicLR(o, 0.01, 0.2, 1_234, 777, mode="exp_range", gamma=1 - 1e-6),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, 0.3, MILLION, pct_start=0.123, three_phase=True),
    "SWALR": lambda m, o: m.SWALR(o, 0.01, 900_000),
    "SequentialLR": lambda m, o: m.SequentialLR(
        o, [m.LinearLR(o, 0.1, 1.0, 9_000), m.CosineAnnealingLR(o, 400_000), m.ExponentialLR(o, 1 - 1e-6)],
        [10_000, 600_000],
    ),
    "ChainedScheduler": lambda m, o: m.ChainedScheduler(
        [m.LinearLR(o, 0.1, 1.0, 9_000), m.CosineAnnealingLR(o, 900_000), m.StepLR(o, 10_000, 0.99)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WITHOUT_FUNCTIONS)
def test_a_million_steps(name):
    n = MILLION if _versions.steps(name) else 20_000  # where torch makes all the steps, fewer must do
    theirs, ours, sought = (LONG[name](module, optimizer([0.1])) for module in (THEIRS, OURS, OURS))
    schedule = ours.schedule(steps=n + 1)
    ahead = ours.preview(n)[:, 0]
    group, rates = theirs.optimizer.param_groups[0], []
    step_theirs, step_ours = theirs.step, ours.step
    for _ in range(n):
        step_theirs()
        rates.append(group["lr"])
        step_ours()
    assert np.array_equal(np.array(rates).view(np.uint64), ahead.view(np.uint64))
    assert np.array_equal(schedule.array(n, start=1).view(np.uint64), ahead.view(np.uint64))
    assert look(ours) == look(theirs)
    sought.seek(n)
    assert look(sought) == look(theirs)
    assert state_of(sought) == state_of(ours) == state_of(theirs)


@every_class
def test_an_adopted_scheduler_goes_on_as_torchs(name):
    theirs, twin = made(name, THEIRS, steps=5), made(name, THEIRS, steps=5)
    ours = gt.adopt(theirs)
    assert type(ours) is getattr(OURS, name)
    assert all(isinstance(child, gt.LRScheduler) for child in vars(ours).get("_schedulers", []))
    assert ours.optimizer is theirs.optimizer
    for k in range(12):
        step(ours, k)
        step(twin, k)
    assert look(ours) == look(twin)
    assert state_of(ours) == state_of(twin)
    assert gt.adopt(ours) is ours


def test_plateau_is_previewed_by_metrics():
    metrics = [1.0, 0.9, 0.9, 0.9, 0.9, 0.5, 0.6, 0.6, 0.6]
    for module in (THEIRS, OURS):
        scheduler = module.ReduceLROnPlateau(optimizer(LRS), patience=1)
        ahead = gt.preview(scheduler, metrics=metrics)
        assert scheduler.last_epoch == 0
        for row, metric in zip(ahead, metrics, strict=True):
            scheduler.step(metric)
            assert row.tolist() == scheduler.get_last_lr()


SEEK_BELOW = "`seek.step`: got -1; it must be a whole number from 0 to 2**53. Use `seek(0)` for the start."


@pytest.mark.parametrize(("act", "error", "message"), [
    (lambda: made("StepLR").preview(-1), ValueError, "`preview.n`: got -1; it must be a whole number from 0 to 2**53"),
    (lambda: made("StepLR").preview(2**53), (MemoryError, ValueError), ""),
    (lambda: made("StepLR").preview(2.0), TypeError, "`preview.n`: got 2.0; it must be a whole number from 0 to 2**53"),
    (lambda: made("StepLR").preview(), TypeError, "`preview.n`: got None; it must be a whole number from 0 to 2**53."),
    (lambda: made("StepLR").preview(metrics=[1.0]), TypeError,
     "`preview.metrics`: got an object of type list; the steps of this StepLR take no metrics. Write `preview(n)`."),
    (lambda: made("ReduceLROnPlateau").preview(3), TypeError, "`preview.metrics`: got None for a ReduceLROnPlateau;"),
    (lambda: made("StepLR").seek(-1), IndexError, SEEK_BELOW),
    (lambda: made("LambdaLR").seek(-1), IndexError, SEEK_BELOW),
    (lambda: made("ReduceLROnPlateau").seek(1), TypeError, "`seek`: got a ReduceLROnPlateau, whose rates follow from"),
    (lambda: made("LambdaLR").schedule(), ValueError, "`schedule.steps`: got None; no replay gives the rates of this"),
    (lambda: made("StepLR").schedule(2), IndexError, "`schedule.group`: got 2; it must be from 0 to 1, as the"),
    (lambda: made("ReduceLROnPlateau").schedule(), TypeError, "`schedule`: got a ReduceLROnPlateau, whose rates"),
    (lambda: gt.adopt(type("Mine", (lr_scheduler.StepLR,), {})(optimizer([0.1]), 3)), TypeError,
     "`adopt.scheduler`: got a Mine; it must be of one of torch's own classes. Derive your class from glidepath.to"),
])  # fmt: skip
def test_refusals_say_what_is_wrong(act, error, message):
    with pytest.raises(error) as caught:
        act()
    assert str(caught.value).startswith(message), caught.value


def test_what_a_function_drives_is_a_table_on_request():
    schedule = made("LambdaLR").schedule(0, steps=4)
    assert schedule == gp.table([0.1 * 0.9**k for k in range(4)])


# What CyclicLR and OneCycleLR were made with.

MADE_WITH = {
    "CyclicLR": (
        lambda m, o: m.CyclicLR(o, 0.01, 0.2, 17, 12, mode="exp_range", gamma=0.999),
        {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 17, "step_size_down": 12, "mode": "exp_range", "gamma": 0.999},
    ),
    "OneCycleLR": (
        lambda m, o: m.OneCycleLR(o, 0.3, 60, pct_start=0.1234567, div_factor=7.3, final_div_factor=123.4),
        {"max_lr": 0.3, "total_steps": 60, "pct_start": 0.1234567, "div_factor": 7.3, "final_div_factor": 123.4},
    ),
}


@pytest.mark.parametrize("name", MADE_WITH)
def test_a_scheduler_remembers_what_it_was_made_with(name):
    make, given = MADE_WITH[name]
    scheduler, theirs = make(OURS, optimizer([0.1])), make(THEIRS, optimizer([0.1]))
    step(scheduler)
    replay = gp.replay(f"torch.{name}", **given)
    for copied in (copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one)), lambda one: one):
        assert copied(scheduler).schedule() == replay
    assert scheduler.state_dict().keys() == theirs.state_dict().keys()
    rates = [float(lr_of(theirs))]
    for k in range(1, 50):
        step(theirs, k)
        rates.append(lr_of(theirs))
    assert replay.array(50).tolist() == rates


@pytest.mark.parametrize("name", MADE_WITH)
def test_an_attribute_set_later_counts_and_not_what_was_remembered(name):
    def change(scheduler):
        if name == "CyclicLR":
            scheduler.step_ratio = 0.25
        else:
            scheduler._schedule_phases[0]["end_step"] = 20.5

    make, given = MADE_WITH[name]
    loaded, changed = make(OURS, optimizer([0.1])), make(OURS, optimizer([0.1]))
    theirs = make(THEIRS, optimizer([0.1]))
    change(changed)
    change(theirs)
    loaded.load_state_dict(changed.state_dict())
    for scheduler in (changed, loaded):
        with pytest.raises(ValueError) as raised:
            scheduler.schedule()
        assert str(raised.value) == (
            f"`schedule.steps`: got None; no replay gives the rates of this {name}. "
            "For a table of them, say how many steps: `schedule(0, steps=1000)`."
        )
        table = scheduler.schedule(steps=50)
        assert table == gt.schedule(theirs, steps=50)
        assert table.array(50).tolist() != gp.replay(f"torch.{name}", **given).array(50).tolist()


@pytest.mark.parametrize("name", MADE_WITH)
def test_torch_keeps_no_arguments_so_its_own_is_a_table_on_request(name):
    make, given = MADE_WITH[name]

    def message(scheduler):
        with pytest.raises(ValueError) as raised:
            gt.schedule(scheduler)
        return str(raised.value)

    theirs, held = make(THEIRS, optimizer([0.1])), optimizer([0.1])
    sequence = THEIRS.SequentialLR(held, [THEIRS.ExponentialLR(held, 0.9), make(THEIRS, held)], [3])
    table = "For a table of them, say how many steps: `schedule(0, steps=1000)`."
    rest = f"of which torch does not keep the arguments. {table}"
    assert message(theirs) == f"`schedule.steps`: got None; no replay gives the rates of this {name}, {rest}"
    assert message(gt.adopt(theirs)) == message(theirs)
    assert message(sequence) == (
        f"`schedule.steps`: got None; no replay gives the rates of this SequentialLR with a {name}, {rest}"
    )
    assert gt.schedule(theirs, steps=50) == gp.table(gp.replay(f"torch.{name}", **given).array(50))


# Resuming: each road, beside a run that was not interrupted.


def checkpoint(name, at=11, total=30):
    """A run of `total` steps, and what was saved of it after `at`."""
    scheduler, saved, rates = made(name), None, []
    for k in range(total):
        if k == at:
            file = io.BytesIO()
            torch.save((scheduler.optimizer.state_dict(), scheduler.state_dict()), file)
            saved = file
        step(scheduler, k)
        rates.append(scheduler.get_last_lr())
    saved.seek(0)
    return rates, torch.load(saved, weights_only=False)


@pytest.mark.parametrize("name", WITHOUT_FUNCTIONS)
@pytest.mark.parametrize("road", ["before", "after", "sought", "last_epoch"])
def test_a_resumed_run_goes_on_as_if_never_interrupted(name, road):
    rates, (of_optimizer, of_scheduler) = checkpoint(name)
    held = optimizer([lr * 7 for lr in LRS] if road in {"before", "after"} else LRS)
    if road == "after":
        held.load_state_dict(of_optimizer)
    scheduler = CLASSES[name](OURS, held)
    if road == "before":
        held.load_state_dict(of_optimizer)
    if road in {"before", "after"}:
        scheduler.load_state_dict(of_scheduler)
    if road != "before":
        scheduler.seek(11)
    resumed = []
    for k in range(11, 30):
        step(scheduler, k)
        resumed.append(scheduler.get_last_lr())
    assert resumed == rates[11:]


@pytest.mark.parametrize("module", [THEIRS, OURS], ids=["torch", "glidepath"])
def test_what_one_cycle_needs_in_the_groups_for_last_epoch(module):
    whole = module.OneCycleLR(optimizer([0.1]), 0.1, 20)
    gt.seek(whole, 6)
    made_before = whole.optimizer.param_groups[0]
    for missing in ("max_lr", "min_lr", "base_momentum", "max_momentum"):
        held = optimizer([0.1])
        held.param_groups[0].update({k: v for k, v in made_before.items() if k not in {missing, "params"}})
        with pytest.raises(KeyError, match=missing):
            module.OneCycleLR(held, 0.1, 20, last_epoch=5)
    held = optimizer([0.1])
    held.load_state_dict(whole.optimizer.state_dict())
    gt.seek(module.OneCycleLR(held, 0.1, 20, last_epoch=5), 6)
    assert all(held.param_groups[0][key] == made_before[key] for key in made_before if key != "params")


def test_momenta_that_cycle_do_not_hide_the_rates():
    for make in (lambda o: gt.CyclicLR(o, 0.01, 0.1, 4), lambda o: gt.OneCycleLR(o, 0.1, 10)):
        scheduler = make(optimizer([0.1]))
        assert "gp.replay(" in repr(scheduler.schedule())
        assert scheduler.schedule().array(9, 1).tolist() == scheduler.preview(9)[:, 0].tolist()


def test_a_sequence_resumes_by_last_epoch():
    """DIFFERENCE: torch starts the first scheduler again (pytorch#162591)."""
    whole = flat(THEIRS, optimizer(LRS))
    for _ in range(6):
        step(whole)
    held = optimizer(LRS)
    parts = [gt.ConstantLR(held, 0.5, 2), gt.ExponentialLR(held, 0.9), gt.CosineAnnealingLR(held, 9)]
    resumed = gt.SequentialLR(held, parts, [3, 7], last_epoch=5)
    assert look(resumed) == look(whole)
    for _ in range(9):
        step(whole)
        step(resumed)
        assert look(resumed) == look(whole)


def test_a_longer_total_is_sought_on_the_new_curve():
    longer = made("CosineAnnealingLR")
    longer.T_max = 50
    whole = gt.CosineAnnealingLR(optimizer(LRS), 50, 1e-4)
    for _ in range(11):
        step(whole)
    longer.seek(11)
    assert look(longer) == look(whole)


# Scheduler.


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
    scheduler.step()  # without a warning, as its own rate is that of the other
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


class HalvingStep(gt.StepLR):
    """A subclass that steps in its own way."""

    def step(self, epoch: int | None = None) -> None:
        super().step(epoch)
        for group in self.optimizer.param_groups:
            group["lr"] *= 0.5


def stepped(scheduler, n: int) -> list[float]:
    rates = []
    for _ in range(n):
        scheduler.optimizer.step()
        scheduler.step()
        rates.append(scheduler.optimizer.param_groups[0]["lr"])
    return rates


@pytest.mark.parametrize("make", [
    lambda o: HalvingStep(o, 2),
    lambda o: gt.SequentialLR(o, [gt.ExponentialLR(o, 0.9), HalvingStep(o, 2)], [3]),
    lambda o: gt.ChainedScheduler([HalvingStep(o, 2), gt.ExponentialLR(o, 0.9)]),
    lambda o: gt.SequentialLR(o, [gt.ExponentialLR(o, 0.9), gt.ChainedScheduler([gt.CyclicLR(o, 0.02, 0.2, 4)])], [3]),
    lambda o: gt.SequentialLR(
        o, [gt.ExponentialLR(o, 0.9), gt.SequentialLR(o, [gt.CyclicLR(o, 0.02, 0.2, 4)], [])], [3]
    ),
    lambda o: gt.SequentialLR(o, [gt.LinearLR(o, 0.1), gt.Scheduler(o, lr=gp.linear(0.1, 0.0, 10))], [5]),
    lambda o: gt.ChainedScheduler([gt.Scheduler(o, lr=gp.linear(0.1, 0.0, 10)), gt.ExponentialLR(o, 0.9)]),
])  # fmt: skip
def test_what_comes_is_what_the_steps_set(make) -> None:
    want = stepped(make(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)), 12)
    scheduler = make(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9))
    assert scheduler.preview(12)[:, 0].tolist() == want
    assert scheduler.schedule(0, steps=13).array(13).tolist()[1:] == want
    assert stepped(scheduler, 12) == want


def test_a_scheduler_is_a_scheduler() -> None:
    o = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    lr = gp.linear(0.1, 0.0, 10)
    scheduler = gt.Scheduler(o, lr=lr)
    assert gt.schedule(scheduler) == scheduler.schedule() == lr
    gt.seek(scheduler, 3)
    assert o.param_groups[0]["lr"] == lr[3]
    assert gt.preview(scheduler, 2)[:, 0].tolist() == [lr[4], lr[5]]
    grown = gt.Scheduler(o, lr=[lr])
    o.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))]})
    state = grown.state_dict()
    other = gt.Scheduler(o, lr=gp.constant(0.1))
    other.load_state_dict(state, on_change="replace")
    assert other.schedule(0) == lr


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_a_scheduler_previews_what_a_tensor_takes(dtype) -> None:
    lr = torch.tensor(0.1, dtype=getattr(torch, dtype))
    o = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = gt.Scheduler(o, lr=gp.cosine(0.1, 0.0, 7))
    coming = scheduler.preview(6)[:, 0].tolist()
    assert [float(rate) for rate in (scheduler.step() or o.param_groups[0]["lr"].item() for _ in range(6))] == coming


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda s: s.seek(1.5), TypeError, ("`seek.step`: got 1.5; it must be a whole number from 0 to 2**53. "
     "Convert it with `int()`.")),
    (lambda s: s.preview(-1), ValueError,
     "`preview.n`: got -1; it must be a whole number from 0 to 2**53. Steps are counted from 0."),
    (lambda s: s.load_state_dict({}), ValueError, ("`load_state_dict`: got a state with the keys none; "
     "it must have step and schedules. Save `state_dict()`.")),
    (lambda s: gt.schedule(s, "a"), TypeError, "`schedule.group`: got 'a'; it must be a whole number from 0 to 0."),
    (lambda s: gt.schedule(s, 0, steps=0), ValueError, ("`schedule.steps`: got 0; "
     "it must be a whole number of steps, 1 or more.")),
    (lambda _: gt.preview(None, 3), TypeError, ("`preview.scheduler`: got NoneType; "
     "it must be a scheduler of glidepath's or torch's.")),
])  # fmt: skip
def test_whole_messages_of_what_looks_ahead(call, error, message) -> None:
    scheduler = gt.Scheduler(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1), lr=gp.constant(0.1))
    with pytest.raises(error) as refused:
        call(scheduler)
    assert str(refused.value) == message


def rows_of(scheduler, n):
    """What stepping sets, of a scheduler and an optimizer of its own."""
    rows = []
    for _ in range(n):
        scheduler.step()
        rows.append([float(group["lr"]) for group in scheduler.optimizer.param_groups])
    return rows


class Warm(gt.LRScheduler):
    """Warms up, then steps a scheduler that it holds; remembers what it gave."""

    def __init__(self, held, after, n):
        self.after, self.n, self.given = after, n, [[]]
        super().__init__(held)

    def get_lr(self):
        if self.last_epoch <= self.n:
            return [base * self.last_epoch / self.n for base in self.base_lrs]
        self.after.step()
        self.given[0].append(self.last_epoch)
        return self.after.get_last_lr()


def test_what_a_subclass_holds_is_not_stepped_by_a_look_ahead():
    scheduler, twin = (Warm(held, gt.CosineAnnealingLR(held, 20), 3) for held in (optimizer([0.1]), optimizer([0.1])))
    for one in (scheduler, twin):
        rows_of(one, 5)
    given = copy.deepcopy(scheduler.given)
    ahead = scheduler.preview(7)
    assert scheduler.given == given
    assert ahead.tolist() == rows_of(scheduler, 7) == rows_of(twin, 7)
    for call in (lambda: scheduler.seek(4), lambda: scheduler.schedule(0, steps=9)):
        with pytest.raises(TypeError, match="a scheduler inside a scheduler of your own"):
            call()


class Counted:
    """A factor that remembers how often it was asked."""

    def __init__(self):
        self.n = 0

    def __call__(self, epoch):
        self.n += 1
        return 0.9**self.n


def test_a_function_that_remembers_is_not_moved_by_a_preview():
    factor = Counted()
    scheduler = gt.LambdaLR(optimizer([0.1]), factor)
    before = factor.n
    ahead = scheduler.preview(4)
    assert factor.n == before
    assert ahead.tolist() == rows_of(scheduler, 4)


AT_ZERO = {
    "cosine and exponential": lambda m, o: m.ChainedScheduler([m.CosineAnnealingLR(o, 2), m.ExponentialLR(o, 0.9)]),
    "step and cosine": lambda m, o: m.ChainedScheduler([m.StepLR(o, 2), m.CosineAnnealingLR(o, 2)]),
    "sequence": lambda m, o: m.ChainedScheduler([
        m.SequentialLR(o, [m.ExponentialLR(o, 0.9), m.CosineAnnealingLR(o, 3)], [4]), m.StepLR(o, 3),
        m.CosineAnnealingWarmRestarts(o, 3),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", AT_ZERO)
def test_a_rate_of_0_is_no_end_where_another_scheduler_lifts_it(name):
    ours, theirs = (AT_ZERO[name](module, optimizer([0.1])) for module in (OURS, THEIRS))
    ahead = ours.preview(12)
    assert gt.preview(theirs, 12).tolist() == ahead.tolist() == rows_of(theirs, 12)


def test_a_scheduler_notes_the_initial_rate():
    held = optimizer([0.1])
    gt.Scheduler(held, lr=gp.linear(0.0, 0.1, 10))
    assert held.param_groups[0]["initial_lr"] == 0.1
    assert lr_scheduler.ExponentialLR(held, 0.9).base_lrs == [0.1]


def test_tensors_of_one_dimension_are_sought():
    for dtype in (torch.float32, torch.float64):
        found = []
        for act in (lambda s: s.seek(3), lambda s: rows_of(s, 3)):
            held = optimizer([torch.tensor([0.1], dtype=dtype)])
            if outcome(lambda: lr_scheduler.ExponentialLR(optimizer([torch.tensor([0.1])]), 0.9))[0]:
                pytest.skip(f"torch {torch.__version__} takes no rates of one dimension")
            scheduler = gt.ExponentialLR(held, 0.9)
            values = [scheduler.schedule(0, steps=4)[k] for k in range(4)]
            act(scheduler)
            found.append((held.param_groups[0]["lr"].tolist(), values))
            assert values[3] == found[-1][0][0]
        assert found[0] == found[1]


def test_a_get_lr_on_an_instance_is_seen_by_a_look_ahead():
    def mine(self):
        return [0.3 / (self.last_epoch + 1)]

    scheduler = gt.ExponentialLR(optimizer([0.1]), 0.9)
    scheduler.get_lr = mine.__get__(scheduler)
    ahead = scheduler.preview(3)
    assert scheduler.last_epoch == 0
    assert ahead.tolist() == rows_of(scheduler, 3)


def test_one_cycle_of_three_phases_ends_where_it_ends():
    scheduler = gt.OneCycleLR(
        optimizer([1.0]), 1.0, total_steps=10, pct_start=0.9, three_phase=True, cycle_momentum=False
    )
    with pytest.raises(ValueError, match="Tried to step 11 times"):
        scheduler.preview(15)
    assert scheduler.preview(10).tolist() == rows_of(scheduler, 10)


def test_annealing_put_on_an_instance_is_obeyed():
    rates = []
    for module in (OURS, THEIRS):
        scheduler = module.OneCycleLR(optimizer([0.1]), 0.1, 20, cycle_momentum=False)
        scheduler._annealing_cos = lambda a, b, p: a + p
        rates.append(rows_of(scheduler, 5))
    assert rates[0] == rates[1]


def test_adopting_what_is_ours_or_stands_twice():
    held = optimizer([0.1])
    scheduler = gt.Scheduler(held, lr=gp.linear(0.1, 0.0, 10))
    assert gt.adopt(scheduler) is scheduler
    twice = []
    for adopt in (lambda s: s, gt.adopt):
        child = lr_scheduler.StepLR(optimizer([0.1]), 3)
        scheduler = adopt(lr_scheduler.ChainedScheduler([child, child]))
        ahead = gt.preview(scheduler, 6).tolist()
        twice.append(rows_of(scheduler, 6))
        assert ahead == twice[-1]
    assert twice[0] == twice[1]


@prints
def test_verbose_is_any_truth(capsys):
    for given, lines in ((1, 1), (None, 0), (0, 0)):
        rows_of(gt.StepLR(optimizer([0.1]), 3, verbose=given), 1)
        assert capsys.readouterr().out.count("Adjusting") == 2 * lines
