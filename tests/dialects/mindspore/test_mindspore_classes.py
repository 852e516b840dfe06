"""MindSpore's schedule classes, called with ints, with Tensors and by optimizers: within 2 ulp of MindSpore's."""

from __future__ import annotations

import copy
import functools
import inspect
import json
import math
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from random import Random
from typing import Any

import numpy as np
import pytest

import glidepath as gp
import recurrences
from cases import CELLS, some_cell
from glidepath import mindspore as gms
from glidepath.mindspore import nn
from helpers import assert_same
from mindspore_classes import GOLDEN, drawn_cell, far, ulps

SETS = 300
"""The number of random argument sets for each class."""
NEAR = 2
"""The most units in the last place by which glidepath and MindSpore may differ."""
GOOD: dict[str, dict[str, Any]] = {
    "ExponentialDecayLR": {"learning_rate": 0.1, "decay_rate": 0.9, "decay_steps": 4, "is_stair": False},
    "NaturalExpDecayLR": {"learning_rate": 0.1, "decay_rate": 0.9, "decay_steps": 4, "is_stair": True},
    "InverseDecayLR": {"learning_rate": 0.1, "decay_rate": 0.5, "decay_steps": 4, "is_stair": False},
    "CosineDecayLR": {"min_lr": 0.01, "max_lr": 0.1, "decay_steps": 4},
    "PolynomialDecayLR": {"learning_rate": 0.1, "end_learning_rate": 0.01, "decay_steps": 4, "power": 0.5},
    "WarmUpLR": {"learning_rate": 0.1, "warmup_steps": 2},
}
BAD = (
    0,
    -1,
    1,
    2.0,
    0.0,
    -0.5,
    math.nan,
    math.inf,
    True,
    "1",
    None,
    [1],
    np.int64(2),
    np.float32(0.5),
    np.float64(0.5),
)

needs_mindspore = pytest.mark.skipif(find_spec("mindspore") is None, reason="needs MindSpore")
every_class = pytest.mark.parametrize("name", CELLS)


@pytest.fixture(scope="module")
def ms() -> Any:
    return pytest.importorskip("mindspore")


@pytest.fixture(params=["PYNATIVE", "GRAPH"])
def mode(request: Any, ms: Any) -> Iterator[str]:
    ms.set_context(mode=getattr(ms, f"{request.param}_MODE"))
    yield request.param
    ms.set_context(mode=ms.PYNATIVE_MODE)


# Values.


@needs_mindspore
@every_class
def test_ints_give_what_mindspore_gives(name: str, ms: Any) -> None:
    for seed in range(SETS):
        given, at = drawn_cell(name, seed)
        got = getattr(nn, name)(**given)(at)
        want = getattr(ms.nn, name)(**given)(ms.Tensor(at)).asnumpy()
        assert got.dtype == np.float32
        assert far(given, got, want) <= NEAR, (name, given, at, got, want)


@every_class
def test_golden_values(name: str) -> None:
    sets = [one for one in json.loads(GOLDEN.read_text(encoding="utf-8"))["sets"] if one["class"] == name]
    assert len(sets) >= 40
    for one in sets:
        want = np.array(one["bits"], dtype=np.uint32).view(np.float32)
        got = getattr(nn, name)(**one["given"])(one["steps"])
        assert far(one["given"], got, want) <= NEAR, one


@needs_mindspore
@every_class
def test_tensors_give_what_ints_give(name: str, ms: Any, mode: str) -> None:
    for seed in range(4 if mode == "GRAPH" else 40):
        given, at = drawn_cell(name, f"tensors {seed}")
        lr = getattr(nn, name)(**given)
        values = lr(ms.Tensor(at))
        assert isinstance(values, ms.Tensor)
        assert far(given, values.asnumpy(), lr(at)) <= NEAR, (name, given)
        one = lr(ms.Tensor(int(at[5]), ms.int32)).asnumpy()
        assert far(given, one, lr(int(at[5]))) <= NEAR, (name, given)


def test_a_difference_of_an_ulp_is_seen() -> None:
    one = np.float32([1.0, -1.0, 0.1, np.nan])
    assert ulps(np.nextafter(one, np.float32(2)), one).tolist() == [1, 1, 1, 0]
    assert ulps(np.float32([1.0]), np.float32([np.nan]))[0] > NEAR


@every_class
def test_what_an_int_may_be(name: str) -> None:
    lr = getattr(nn, name)(**GOOD[name])
    values = [lr(k) for k in range(6)]
    assert all(type(value) is np.float32 for value in values)
    assert type(lr(np.int32(3))) is np.float32
    assert lr(np.int64(3)) == lr(3) == values[3]
    assert_same(lr([0, 1, 2, 3, 4, 5]), np.array(values))
    assert_same(lr(np.arange(6).reshape(2, 3)), np.array(values).reshape(2, 3))
    for bad in (True, 2.5, "2", None):
        with pytest.raises(TypeError):
            lr(bad)
    with pytest.raises(IndexError):
        lr(-1)


@every_class
def test_the_exact_schedule_is_near(name: str) -> None:
    rng = Random(name)
    for _ in range(20):
        given = some_cell(name, rng) | ({"decay_steps": 1_000} if name != "WarmUpLR" else {"warmup_steps": 1_000})
        lr = getattr(nn, name)(**given)
        exact = lr.schedule()
        assert isinstance(exact, gp.Schedule)
        naive = np.array([recurrences.exact_cell(name, k, **given) for k in range(0, 3_000, 7)])
        np.testing.assert_allclose(exact[0:3_000:7], naive, rtol=1e-12, atol=1e-300)


# The pages of MindSpore's documentation, as printed.


def test_the_pages_values_are_printed() -> None:
    printed = nn.ExponentialDecayLR(0.1, 0.9, 4)(2)
    assert ulps(printed, np.float32(0.094868325)) <= 1, "the Chinese page"
    assert ulps(printed, np.float32(0.09486833)) <= 1, "the English page"
    printed = nn.learning_rate_schedule.PolynomialDecayLR(0.1, end_learning_rate=0.01, decay_steps=4, power=0.5)(2)
    assert f"{printed:.7f}" == "0.0736396"


# Behaviour as Python objects.


@every_class
def test_it_pickles_copies_and_prints(name: str) -> None:
    lr = getattr(nn, name)(**GOOD[name])
    for again in (pickle.loads(pickle.dumps(lr)), copy.deepcopy(lr), copy.copy(lr), eval(f"nn.{lr!r}")):
        assert type(again) is type(lr)
        assert repr(again) == repr(lr)
        assert again(3) == lr(3)


@every_class
def test_it_is_one_class_wherever_it_is_imported_from(name: str) -> None:
    from glidepath.mindspore import learning_rate_schedule

    found = getattr(gms, name)
    assert found is getattr(nn, name) is getattr(nn.learning_rate_schedule, name)
    assert found is getattr(learning_rate_schedule, name)


def test_there_is_nothing_else() -> None:
    for module in (gms, nn):
        with pytest.raises(AttributeError, match="has no attribute 'ConstantLR'"):
            _ = module.ConstantLR


@needs_mindspore
@every_class
def test_what_is_refused_is_refused_alike(name: str, ms: Any) -> None:
    def outcome(made: Any, given: dict[str, Any]) -> str:
        try:
            made(**given)
        except Exception as error:  # noqa: BLE001 (whatever it raises is what is compared)
            return type(error).__name__
        return "made"

    for key in GOOD[name]:
        for bad in BAD:
            given = GOOD[name] | {key: bad}
            assert outcome(getattr(nn, name), given) == outcome(getattr(ms.nn, name), given), (name, key, bad)


@needs_mindspore
@every_class
def test_names_order_and_defaults_are_mindspore_s(name: str, ms: Any) -> None:
    def parameters(made: Any) -> list[tuple[str, Any]]:
        return [(p.name, p.default) for p in list(inspect.signature(made.__init__).parameters.values())[1:]]

    assert parameters(getattr(nn, name)) == parameters(getattr(ms.nn, name))


def test_refusals_say_what_is_wrong() -> None:
    with pytest.raises(TypeError, match=re.escape("`CosineDecayLR.min_lr`: got 0; it must be a float. Convert it")):
        nn.CosineDecayLR(0, 0.1, 10)
    with pytest.raises(ValueError, match=re.escape("`mindspore.CosineDecayLR.min_lr`: got 0.2 with max_lr 0.1; it")):
        nn.CosineDecayLR(0.2, 0.1, 10)
    with pytest.raises(ValueError, match=re.escape("`WarmUpLR.warmup_steps`: got 0; it must be an int from 1")):
        nn.WarmUpLR(0.1, 0)


# Subclasses and changed attributes.

PARENTS = {name: getattr(nn, name) for name in CELLS}


def halved(name: str) -> Any:
    """A subclass that defines `__init__` and `construct`."""

    class Halved(PARENTS[name]):  # type: ignore[misc]
        def __init__(self, part: float) -> None:
            super().__init__(**GOOD[name])
            self.part, self.notes = part, {"why": [1, 2]}

        def construct(self, global_step: Any) -> Any:
            return super().construct(global_step) * self.part

    return Halved(0.5)


@needs_mindspore
@every_class
def test_a_construct_of_a_subclass_is_obeyed_for_ints(name: str, ms: Any, mode: str) -> None:
    lr, parent, at = halved(name), PARENTS[name](**GOOD[name]), np.arange(6)
    want = lr(ms.Tensor(at)).asnumpy()
    assert_same(lr(at), want)
    assert far(GOOD[name], want, parent(at) / 2) <= NEAR
    assert type(lr(3)) is np.float32
    assert lr(3) == lr(np.int32(3)) == want[3]
    with pytest.raises(IndexError, match="`step`: got -1"):
        lr(-1)
    message = f"`Halved.schedule`: got a `construct` of its own; only that of {name} has an exact schedule. Override "
    with pytest.raises(TypeError, match=re.escape(message)):
        lr.schedule()


@needs_mindspore
@every_class
def test_a_construct_may_use_what_mindspore_s_classes_hold(name: str, ms: Any, mode: str) -> None:
    """MindSpore's own `construct` and operations, copied into a subclass: Tensors give the same bits."""
    theirs, at = getattr(ms.nn, name), ms.Tensor(np.arange(6, dtype=np.int32))
    copied = type("Copied", (PARENTS[name],), {"construct": theirs.construct})(**GOOD[name])
    assert copied(at).asnumpy().tobytes() == theirs(**GOOD[name])(at).asnumpy().tobytes()
    for key, value in vars(theirs(**GOOD[name])).items():
        if isinstance(value, ms.ops.Primitive):
            assert type(getattr(copied, key)) is type(value), key
        if key.startswith("math_"):
            assert getattr(copied, key) == value


@needs_mindspore
@every_class
def test_a_construct_set_on_an_instance_is_obeyed(name: str, ms: Any) -> None:
    lr = PARENTS[name](**GOOD[name])
    lr.construct = lambda step: step * 0.5
    assert float(lr(ms.Tensor(3)).asnumpy()) == lr(3) == 1.5
    with pytest.raises(TypeError, match="got a `construct` of its own"):
        lr.schedule()
    lr.construct = lambda step: None
    with pytest.raises(TypeError, match=re.escape(f"`{name}.construct`: got None from it; it must return the learn")):
        lr(3)


@every_class
def test_a_subclass_with_an_init_of_its_own_pickles_and_copies(name: str) -> None:
    class Named(PARENTS[name]):  # type: ignore[misc]
        def __init__(self, notes: dict[str, Any]) -> None:
            super().__init__(**GOOD[name])
            self.notes = notes

    globals()["Named"], Named.__qualname__ = Named, "Named"
    lr = Named({"why": [1, 2]})
    for again in (pickle.loads(pickle.dumps(lr)), copy.deepcopy(lr), copy.copy(lr)):
        assert type(again) is Named
        assert again.notes == {"why": [1, 2]}
        assert again(3) == lr(3) == PARENTS[name](**GOOD[name])(3)
        assert again.schedule() == lr.schedule()
    deep = copy.deepcopy(lr)
    deep.notes["why"].append(3)
    assert lr.notes == {"why": [1, 2]}


@needs_mindspore
def test_a_pickle_takes_what_a_subclass_holds_and_no_graph(ms: Any, mode: str) -> None:
    lr = halved("WarmUpLR")
    lr.inner, lr.bias = nn.CosineDecayLR(0.01, 0.1, 4), ms.Parameter(ms.Tensor(0.5, ms.float32), name="bias")
    want = lr(ms.Tensor(1)).asnumpy()
    again = copy.deepcopy(lr)
    again.part = 0.25
    assert (again(ms.Tensor(1)).asnumpy(), lr(ms.Tensor(1)).asnumpy()) == (want / 2, want)
    assert again.inner(2) == lr.inner(2)
    assert float(again.bias.asnumpy()) == 0.5
    assert again.inner is not lr.inner


@needs_mindspore
@every_class
def test_a_pickle_can_be_read_without_mindspore(name: str, ms: Any) -> None:
    lr = getattr(nn, name)(**GOOD[name])
    lr(ms.Tensor(3))
    code = WITHOUT + f"import pickle\nlr = pickle.loads({pickle.dumps(lr)!r})\nprint(lr, repr(lr(3)))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout == f"{lr!r} {lr(3)!r}\n"


CHANGES = [
    ("ExponentialDecayLR", {"decay_rate": 0.5, "is_stair": True}), ("NaturalExpDecayLR", {"decay_steps": 2}),
    ("InverseDecayLR", {"learning_rate": 0.2, "decay_steps": 7}), ("CosineDecayLR", {"min_lr": 0.05, "decay_steps": 9}),
    ("PolynomialDecayLR", {"learning_rate": 0.3, "power": 2.0, "update_decay_steps": True}),
    ("WarmUpLR", {"learning_rate": 0.5, "warmup_steps": 8}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_changed_attributes_act_on_values_schedule_and_repr(name: str, change: dict[str, Any]) -> None:
    lr, want, at = getattr(nn, name)(**GOOD[name]), getattr(nn, name)(**GOOD[name] | change), np.arange(12)
    for key, value in change.items():
        setattr(lr, key, value)
        assert getattr(lr, key) == value
    assert_same(lr(at), want(at))
    assert lr.schedule() == want.schedule()
    assert repr(lr) == repr(want)
    assert copy.deepcopy(lr)(3) == want(3)
    if find_spec("mindspore") is not None:
        from mindspore import Tensor

        assert_same(lr(Tensor(at)).asnumpy(), want(Tensor(at)).asnumpy())


def test_a_change_is_checked() -> None:
    lr = nn.CosineDecayLR(0.01, 0.1, 10)
    with pytest.raises(ValueError, match=re.escape("`CosineDecayLR.decay_steps`: got 0; it must be an int from 1")):
        lr.decay_steps = 0
    with pytest.raises(ValueError, match=re.escape("`mindspore.CosineDecayLR.min_lr`: got 0.2 with max_lr 0.1; it")):
        lr.min_lr = 0.2
    with pytest.raises(AttributeError, match=re.escape("`CosineDecayLR.delta`: got a value; it follows from min_lr")):
        lr.delta = 0.5
    assert repr(lr) == "CosineDecayLR(min_lr=0.01, max_lr=0.1, decay_steps=10)"
    assert lr(5) == nn.CosineDecayLR(0.01, 0.1, 10)(5)


@needs_mindspore
@every_class
def test_the_numbers_that_mindspore_s_hold_are_held(name: str, ms: Any) -> None:
    ours, theirs = getattr(nn, name)(**GOOD[name]), getattr(ms.nn, name)(**GOOD[name])
    numbers = {key: value for key, value in vars(theirs).items() if isinstance(value, (bool, int, float))}
    mathematics = {"math_pi", "math_e"}
    held = {key: getattr(ours, key) for key in numbers if not key.startswith("_") and key not in mathematics}
    assert held == {key: numbers[key] for key in held}
    assert {key for key in GOOD[name] if hasattr(theirs, key)} <= set(held)


WITHOUT = "import sys\nsys.modules['mindspore'] = None  # as if it were not installed\n"


def test_it_works_without_mindspore() -> None:
    code = WITHOUT + (
        "import pickle\nimport numpy as np\nfrom glidepath import mindspore as gms\nnn = gms.nn\n"
        "lr = nn.CosineDecayLR(0.01, 0.1, 1000)\n"
        "assert type(lr(5)) is np.float32 and lr([5, 6]).dtype == np.float32\n"
        "assert pickle.loads(pickle.dumps(lr))(5) == lr(5)\n"
        "assert lr.schedule().steps == 1000\n"
        "class Own(nn.LearningRateSchedule):\n    def construct(self, step): return 0.5**step\n"
        "assert Own()(3) == 0.125\n"
        "class Half(nn.WarmUpLR):\n    def construct(self, step): return super().construct(step) * 0.5\n"
        "class Count(nn.WarmUpLR):\n    def construct(self, step): return 0.5 * step\n"
        "assert Count(0.1, 4)(3) == 1.5 and Count(0.1, 4)([2, 3]).tolist() == [1.0, 1.5]\n"
        "try:\n    Half(0.1, 4)(3)\nexcept ImportError as error:\n"
        "    assert str(error) == '`construct` computes with MindSpore, which cannot be imported: `pip install '"
        "'mindspore`.', error\nelse:\n    raise AssertionError\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


NEEDS_IT = [
    ("gms.learning_rate(gp.constant(0.1), 5)", "ImportError: `learning_rate` makes a schedule of MindSpore's, which c"),
    ("gms.experimental.StepLR", "ImportError: glidepath.mindspore.experimental sets the learning rates of MindSpore's"),
    ("gms.experimental.preview", "ImportError: glidepath.mindspore.experimental sets the learning rates of MindSpore"),
    ("gms.experimental.optim.lr_scheduler", "ImportError: glidepath.mindspore.experimental sets the learning rates of"),
    ("from glidepath.mindspore.experimental import *", "ImportError: glidepath.mindspore.experimental sets the learni"),
    ("gms.experimental.optim.SGD", "AttributeError: module 'glidepath.mindspore.experimental.optim' has no attribute"),
    ("nn.Momentum", "AttributeError: module 'glidepath.mindspore.nn' has no attribute 'Momentum'; all but the learnin"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "message"), NEEDS_IT)
def test_what_needs_mindspore_says_what_to_install(statement: str, message: str) -> None:
    code = WITHOUT + f"import glidepath as gp\nfrom glidepath import mindspore as gms\nnn = gms.nn\n{statement}"
    run = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert message in run.stderr.strip().splitlines()[-1]
    assert "`pip install mindspore`" in run.stderr.strip().splitlines()[-1]


@needs_mindspore
@pytest.mark.parametrize("name", ["nn.CosineDecayLR", "experimental.StepLR"])
def test_a_mindspore_without_a_name_that_is_needed_is_refused(name: str) -> None:
    """A much older or newer MindSpore, which is not treated as a missing one."""
    code = f"import mindspore\ndel mindspore.Tensor\nfrom glidepath import mindspore as gms\ngms.{name}"
    run = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    message = run.stderr.strip().splitlines()[-1]
    assert message.startswith(
        f"ImportError: `mindspore`: got version {version('mindspore')}, which lacks a name that glidepath needs (cann"
    )
    assert message.endswith("; glidepath is tested with 2.10.0. Install that: `pip install mindspore==2.10.0`.")


def test_all_can_be_imported_without_mindspore() -> None:
    code = WITHOUT + (
        "import glidepath.mindspore as gms\nfrom glidepath.mindspore import *\nfrom glidepath.mindspore.nn import *\n"
        "from glidepath.mindspore.experimental import optim\n"
        "assert experimental is gms.experimental and learning_rate is gms.learning_rate\n"
        "assert all(hasattr(gms, name) for name in gms.__all__)\n"
        "assert CosineDecayLR(0.01, 0.1, 10)(0) and warmup_lr(0.1, 6, 2, 2)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Training: the same learning rates, in every type that an optimizer takes.

STEPS = 50
DECAYED = gp.linear(0.0, 0.01, 10)
THEIRS = nn.PolynomialDecayLR(0.1, 0.01, 40, 0.5)
"""The values of MindSpore's own class: float32, nearly the exact ones."""


def rate(kind: str) -> Any:
    """A learning rate of that kind. All kinds have the same 50 values."""
    ms = pytest.importorskip("mindspore")
    values = THEIRS(np.arange(STEPS))
    if kind == "float":
        return 0.1
    if kind == "list":
        return [float(value) for value in values]
    if kind == "tensor":
        return ms.Tensor(values)
    if kind == "mindspore":
        return ms.nn.PolynomialDecayLR(0.1, 0.01, 40, 0.5)
    if kind == "class":
        return nn.PolynomialDecayLR(0.1, 0.01, 40, 0.5)
    return gms.learning_rate(gp.constant(0.1) if kind == "constant table" else gp.table(values), STEPS)


def decay(kind: str) -> Any:
    """A weight decay of that kind."""
    ms = pytest.importorskip("mindspore")
    return {
        "none": lambda: 0.0,
        "float": lambda: 0.01,
        "mindspore": lambda: ms.nn.WarmUpLR(0.01, 10),
        "class": lambda: nn.WarmUpLR(0.01, 10),
        "table": lambda: gms.learning_rate(DECAYED, 20),
    }[kind]()


@functools.cache
def trained(mode: str, kind: str, decayed: str, groups: bool) -> tuple[Any, Any]:
    """The learning rates of 50 steps of a small network in the current mode, and its weights afterwards."""
    ms = pytest.importorskip("mindspore")
    assert ms.get_context("mode") == getattr(ms, f"{mode}_MODE")
    first = ms.Tensor(np.linspace(-1.0, 1.0, 6, dtype=np.float32).reshape(2, 3))
    net = ms.nn.SequentialCell(
        ms.nn.Dense(3, 2, weight_init=first, bias_init="zeros"), ms.nn.Tanh(),
        ms.nn.Dense(2, 1, weight_init=ms.Tensor(np.float32([[0.5, -0.5]])), bias_init="zeros"),
    )  # fmt: skip
    params = net.trainable_params()
    if groups:
        weights = [param for param in params if "weight" in param.name]
        biases = [param for param in params if "weight" not in param.name]
        params = [
            {"params": weights, "lr": rate(kind), "weight_decay": decay(decayed), "grad_centralization": True},
            {"params": biases, "lr": 0.05},
            {"order_params": params},
        ]
        optimizer = ms.nn.Momentum(params, learning_rate=0.1, momentum=0.9)
    else:
        optimizer = ms.nn.Momentum(params, learning_rate=rate(kind), momentum=0.9, weight_decay=decay(decayed))
    loss = ms.nn.MSELoss()

    def forward(x: Any, y: Any) -> Any:
        return loss(net(x), y)

    gradients = ms.value_and_grad(forward, None, optimizer.parameters)
    rng = np.random.default_rng(0)
    x, y = (ms.Tensor(rng.random(shape, dtype=np.float32)) for shape in ((8, 3), (8, 1)))
    rates = []
    for _ in range(STEPS):
        found = optimizer.get_lr()
        rates.append([float(lr.asnumpy()) for lr in (found if isinstance(found, (tuple, list)) else [found])])
        optimizer(gradients(x, y)[1])
    return np.float32(rates), [param.asnumpy().copy() for param in net.trainable_params()]


def assert_trained_alike(one: tuple[Any, Any], other: tuple[Any, Any]) -> None:
    assert ulps(one[0], other[0]).max() <= NEAR
    for a, b in zip(one[1], other[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-7)


every_grouping = pytest.mark.parametrize("groups", [False, True], ids=["plain", "groups"])


@needs_mindspore
@every_grouping
@pytest.mark.parametrize("kind", ["list", "tensor", "class", "table"])
def test_an_optimizer_takes_it(kind: str, groups: bool, mode: str) -> None:
    want = trained(mode, "mindspore", "float", groups)
    got = trained(mode, kind, "float", groups)
    assert_trained_alike(got, want)
    assert len(set(got[0][:, 0].tolist())) > 30, "it does move"


@needs_mindspore
def test_a_constant_trains_as_a_float(mode: str) -> None:
    # Without groups, because MindSpore computes x + 1 - 1 for a float if another group has a schedule.
    want = trained(mode, "float", "none", groups=False)
    assert_trained_alike(trained(mode, "constant table", "none", groups=False), want)


@needs_mindspore
@every_grouping
@pytest.mark.parametrize("decayed", ["class", "table"])
def test_a_weight_decay_takes_it(decayed: str, groups: bool, mode: str) -> None:
    got = trained(mode, "class", decayed, groups)
    assert_trained_alike(got, trained(mode, "class", "mindspore", groups))
    without = trained(mode, "class", "none", groups)
    assert any((a != b).any() for a, b in zip(got[1], without[1], strict=True)), "it does decay"


@needs_mindspore
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("optimizer", ["SGD", "Momentum", "Adam", "AdamWeightDecay"])
def test_every_class_goes_to_an_optimizer(name: str, optimizer: str, ms: Any) -> None:
    param = ms.Parameter(ms.Tensor(np.float32([1.0, 2.0])), name="w")
    extra = {"momentum": 0.9} if optimizer == "Momentum" else {}
    lr = getattr(nn, name)(**GOOD[name])
    used = getattr(ms.nn, optimizer)([param], learning_rate=lr, **extra)
    used((ms.Tensor(np.float32([0.1, 0.2])),))
    used((ms.Tensor(np.float32([0.1, 0.2])),))
    assert ulps(used.get_lr().asnumpy(), lr(2)).max() <= NEAR


@needs_mindspore
@pytest.mark.parametrize(
    "optimizer", ["AdaMax", "AdaFactor", "Adagrad", "ASGD", "LazyAdam", "ProximalAdagrad", "RMSProp", "Rprop"]
)
def test_every_optimizer_takes_a_class_and_a_table(optimizer: str, ms: Any) -> None:
    """Except FTRL, which takes no schedule, and Lamb, which has no kernel for the CPU."""
    extra = {"scale_parameter": False, "relative_step": False} if optimizer == "AdaFactor" else {}
    found = []
    for lr in (ms.nn.WarmUpLR(0.1, 4), nn.WarmUpLR(0.1, 4), gms.learning_rate(gp.linear(0.0, 0.1, 4), 9)):
        param = ms.Parameter(ms.Tensor(np.float32([1.0, 2.0])), name="w")
        used = getattr(ms.nn, optimizer)([param], learning_rate=lr, **extra)
        for _ in range(3):
            used((ms.Tensor(np.float32([0.1, 0.2])),))
        found.append(param.asnumpy())
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes() != np.float32([1.0, 2.0]).tobytes()


@needs_mindspore
def test_what_mindspore_s_optimizers_refuse(ms: Any) -> None:
    """docs/mindspore.md says so: no schedule as FTRL's learning rate, or as the weight decay of three others."""

    def refused(optimizer: str, error: type[Exception], **given: Any) -> None:
        with pytest.raises(error):
            getattr(ms.nn, optimizer)([ms.Parameter(ms.Tensor(np.float32([1.0])), name="w")], **given)

    for warm in (ms.nn.WarmUpLR, nn.WarmUpLR):
        refused("FTRL", ValueError, learning_rate=warm(0.1, 4))
        for optimizer in ("SGD", "LazyAdam", "AdaFactor"):
            refused(optimizer, TypeError, weight_decay=warm(0.1, 4))


@needs_mindspore
def test_a_schedule_of_one_s_own(ms: Any) -> None:
    assert gms.LearningRateSchedule is ms.nn.learning_rate_schedule.LearningRateSchedule
    assert issubclass(nn.WarmUpLR, gms.LearningRateSchedule)


# A table.


@needs_mindspore
def test_a_table_holds_its_last_value(ms: Any, mode: str) -> None:
    curve = gp.polynomial(0.1, 0.01, 40, power=0.5)
    lr = gms.learning_rate(curve, 30)
    want = curve.array(30, dtype="float32")
    assert_same(np.array([lr(k) for k in range(30)]), want)
    got = lr(ms.Tensor(np.arange(40, dtype=np.int32))).asnumpy()
    assert_same(got, np.concatenate([want, np.full(10, want[-1])]))
    assert lr(10**6) == want[-1]
    assert lr.schedule() == curve
    many = lr([[0, 3], [29, 40]])
    assert_same(many, want[[[0, 3], [29, 29]]])
    assert (many.dtype, type(lr(np.int32(3)))) == (np.float32, np.float32)
    assert_same(lr(ms.Tensor(np.array([-1, -40, 0], dtype=np.int32))).asnumpy(), want[[0, 0, 0]])
    with pytest.raises(
        TypeError, match=re.escape("`learning_rate.global_step`: got a Tensor of Float32; it must be of")
    ):
        lr(ms.Tensor(2.5))
    with pytest.raises(IndexError, match="`step`: got -1"):
        lr(-1)
    with pytest.raises(TypeError, match=re.escape("`step`: got 2.5")):
        lr(2.5)


@needs_mindspore
def test_a_table_that_ends_where_the_schedule_does(ms: Any) -> None:
    curve = gp.linear(0.1, 0.0, 10)
    assert gms.learning_rate(curve, curve.steps)(10**6) == np.float32(curve[9])
    assert gms.learning_rate(curve, curve.steps + 1)(10**6) == 0.0
    whole = gms.learning_rate(curve)
    assert (whole([0, 9, 10, 10**6]) == curve.gather([0, 9, 10, 10**6], dtype="float32")).all()
    assert repr(whole) == "learning_rate(gp.linear(0.1, 0.0, 10), 11)"
    message = (
        "`learning_rate.total_steps`: got None; it must be given for a schedule without an end. Give the number of "
        "training steps: `learning_rate(schedule, 10_000)`."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        gms.learning_rate(gp.constant(0.1))


@needs_mindspore
def test_a_table_that_memory_cannot_hold() -> None:
    message = (
        "`learning_rate.total_steps`: got 1000000000000001; a table takes 4 bytes a step, and there is too little "
        "memory for so many. Give the number of training steps: `learning_rate(schedule, 10_000)`."
    )
    with pytest.raises(MemoryError) as caught:
        gms.learning_rate(gp.linear(0.1, 0.0, 10**15))
    assert str(caught.value) == message


@needs_mindspore
def test_a_bare_schedule_is_told_from_a_learning_rate(ms: Any) -> None:
    with pytest.raises(TypeError) as caught:
        ms.nn.Momentum([ms.Parameter(ms.Tensor(np.float32([1.0])), name="w")], gp.constant(0.1), 0.9)
    assert str(caught.value) == (
        "this schedule has no length: it has no end (`steps` is None). Take `s.array(n)` or `s[a:b]`; for an optimizer "
        "of MindSpore, `glidepath.mindspore.learning_rate(s, n)`."
    )


def test_a_step_below_0_is_refused_in_words_that_fit_a_class() -> None:
    class Halved(nn.CosineDecayLR):
        def construct(self, global_step: Any) -> Any:
            return 0.5

    rule = "it must be a whole number from 0 to 2**53. Steps are counted from 0."
    for lr in (nn.CosineDecayLR(0.01, 0.1, 10), Halved(0.01, 0.1, 10)):
        for step, place in ((-1, "step"), (np.int64(-1), "step"), ([3, -1], "gather.steps[1]")):
            with pytest.raises(IndexError) as caught:
                lr(step)
            got = "np.int64(-1)" if isinstance(step, np.int64) else "-1"
            assert str(caught.value) == f"`{place}`: got {got}; {rule}"


def test_dir_has_what_is_public() -> None:
    """Also names that are loaded at their first use, and no other names."""
    code = (
        "import glidepath.mindspore as m\n"
        "from glidepath.mindspore import experimental, nn\n"
        "for module in (m, nn, experimental, experimental.optim):\n"
        "    assert dir(module) == sorted(module.__all__), module\n"
        "assert {'learning_rate', 'CosineDecayLR'} <= set(dir(m))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@needs_mindspore
def test_a_checkpoint_does_not_bring_an_older_table_back(ms: Any, tmp_path: Any) -> None:
    def used(lr: Any) -> Any:
        return ms.nn.Momentum([ms.Parameter(ms.Tensor(np.float32([1.0])), name="w")], learning_rate=lr, momentum=0.9)

    old = used(gms.learning_rate(gp.constant(0.5), 4))
    old((ms.Tensor(np.float32([0.1])),))
    ms.save_checkpoint(old, str(tmp_path / "old.ckpt"))
    new = used(gms.learning_rate(gp.linear(0.0, 1.0, 10), 10))
    assert ms.load_param_into_net(new, ms.load_checkpoint(str(tmp_path / "old.ckpt"))) == ([], [])
    assert new.get_lr().asnumpy() == np.float32(0.1), "step 1 of the new one"


@needs_mindspore
def test_a_table_pickles_and_says_what_is_wrong() -> None:
    lr = gms.learning_rate(gp.cosine(0.1, 0.0, 10), 10)
    assert pickle.loads(pickle.dumps(lr))(3) == lr(3)
    assert repr(lr) == "learning_rate(gp.cosine(0.1, 0.0, 10), 10)"
    assert repr(gms.learning_rate(gp.cosine(0.1, 0.0, 10), np.int64(10))) == repr(lr)
    with pytest.raises(TypeError, match=re.escape("`learning_rate.schedule`: got an object of type list; it must")):
        gms.learning_rate([0.1], 10)
    with pytest.raises(ValueError, match=re.escape("`learning_rate.total_steps`: got 0; it must be an int from 1 to")):
        gms.learning_rate(gp.constant(0.1), 0)
    with pytest.raises(ValueError, match=re.escape("`learning_rate.total_steps`: got 1" + "0" * 59 + "...; it")):
        gms.learning_rate(gp.constant(0.1), 10**400)
    message = (
        "`learning_rate.schedule`: got gp.exponential(1.0, 2.0), whose value at step 128 is inf; every one must be a "
        "finite float32. Take fewer steps, or `schedule.clamp(high=...)`."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        gms.learning_rate(gp.exponential(1.0, 2.0), 1_000)
    assert gms.learning_rate(gp.exponential(1.0, 2.0), 128)(127) == np.float32(2.0**127)
