"""glidepath.torch with learning rates that are tensors: identity, sharing, autograd, transforms, overflow."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

torch = pytest.importorskip("torch")


from torch_recipes import (  # noqa: E402
    COPIES_TENSORS,
    OURS,
    THEIRS,
    copies_tensors,
    look,
    milestones_may_warn,
    optimizer,
    outcome,
)
from torch_schedulers import (  # noqa: E402
    CLASSES,
    LRS,
    WITHOUT_FUNCTIONS,
    every_class,
    lr_of,
    made,
    step,
)

pytestmark = milestones_may_warn


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
    """A meta tensor has no value. To read it raises; some steps of older torch versions do this."""
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
    """A step makes a new `_last_lr` list, and does not change the old one."""
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
    """A scheduler of such rates, after two steps."""
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
    """The same values, types, shapes and number of writes as torch, or the same error."""
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
    """Outside inference mode torch raises if one sets them."""
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
    """If torch wraps a tensor in another one, torch's own step runs."""
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


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # torch itself calls it
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
    """Two rates, which usually share memory."""
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
