"""glidepath.torch with different versions of PyTorch: too old, known, between two releases, newer than known."""

from __future__ import annotations

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

import glidepath.torch as gt  # noqa: E402
from glidepath.torch import _versions  # noqa: E402
from torch_recipes import OURS, THEIRS, keeps_its_start, look, milestones_may_warn, optimizer, state_of  # noqa: E402

pytestmark = milestones_may_warn
LABELLED = "import inspect, torch; torch.__version__ = {version!r}\n"
READS = """
read = inspect.getsource
def text_of(thing):
    if getattr(thing, "__name__", "") not in {{"torch.optim.lr_scheduler", "torch.optim.swa_utils"}}:
        return read(thing)
    {instead}
inspect.getsource = text_of
"""
# As in an application that is packed without its sources.
NO_SOURCES = READS.format(instead="raise OSError('no source')")
OTHER_SOURCES = READS.format(instead="return read(thing).replace('self.gamma', '(self.gamma)')")
SAME_TEXT = _versions.IS_READ and _versions.RELEASE >= (2, 13)

STEPS_LIKE_TORCH = """
import glidepath.torch as gt
from glidepath.torch import _versions
from torch.optim import lr_scheduler
assert not _versions.IS_READ
print(sorted(name for name in _versions.STEPS_SINCE if _versions.steps(name)))

def built(module):
    held = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    held._opt_called = True
    parts = [module.LinearLR(held, 0.1, 1.0, 4), module.CosineAnnealingLR(held, 9)]
    return module.SequentialLR(held, parts, [4])

theirs, ours, sought = built(lr_scheduler), built(gt), built(gt)
ahead, schedule = ours.preview(20).tolist(), ours.schedule(steps=21)
sought.seek(20)
for k in range(20):
    theirs.step()
    ours.step()
    assert [ours.get_last_lr()] == [theirs.get_last_lr()] == [ahead[k]] == [[schedule[k + 1]]]
    assert ours.state_dict() == theirs.state_dict()
assert sought.state_dict() == theirs.state_dict()
"""


def run(code):
    ignored = ["-W", "ignore:The epoch parameter"]
    done = subprocess.run([sys.executable, *ignored, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("version", ["2.3.1", "2.3.1+cu121", "1.13.1", "2.3.0a0+git1234"])
def test_a_version_that_is_too_old_is_refused(version):
    code = "try: import glidepath.torch\nexcept ImportError as error: print(error)"
    assert run(LABELLED.format(version=version) + code) == (
        f"`glidepath.torch`: got PyTorch {version}; it must be 2.4 or newer. Run `pip install --upgrade torch`.\n"
    )


@pytest.mark.parametrize("version", ["2.99.0", "3.0.1+cu140", "2.13.0a0+git1234", "2.14.0.dev20260101"])
def test_a_version_that_was_not_read_is_known_by_its_text(version):
    names = sorted(_versions.STEPS_SINCE) if SAME_TEXT else []
    assert run(LABELLED.format(version=version) + STEPS_LIKE_TORCH) == f"{names}\n"


def test_a_version_of_which_nothing_is_known_steps_by_torchs_code():
    assert run(LABELLED.format(version="2.99.0") + NO_SOURCES + STEPS_LIKE_TORCH) == "[]\n"


def test_a_version_with_other_text_steps_by_torchs_code():
    known = eval(run(LABELLED.format(version="2.99.0") + OTHER_SOURCES + STEPS_LIKE_TORCH))
    differs = {"StepLR", "MultiStepLR", "ExponentialLR", "CyclicLR"}
    assert set(known) == (set(_versions.STEPS_SINCE) - differs if SAME_TEXT else set())


@pytest.mark.skipif(
    not SAME_TEXT, reason=f"the text that is known is that of torch 2.13 to 2.15, not {torch.__version__}"
)
def test_the_known_text_is_torchs():
    assert {name: _versions.digest(name) for name in _versions.STEPS_SINCE} == _versions.DIGESTS


def test_every_class_has_its_first_version():
    made_by_functions = {"LRScheduler", "_LRScheduler", "LambdaLR", "MultiplicativeLR", "ReduceLROnPlateau"}
    classes = {name for name, member in vars(gt).items() if isinstance(member, type) and hasattr(member, "_torch")}
    assert classes - made_by_functions == set(_versions.STEPS_SINCE) == set(_versions.DIGESTS)


@pytest.mark.parametrize("milestones", [[0, 4], [0, 0], [2, 2], [1, 7]])
@pytest.mark.parametrize("tensors", [False, True])
def test_a_sequence_starts_as_this_versions(milestones, tensors):
    """torch versions differ in which scheduler starts, and in what the start of a later one counts."""

    def built(module):
        held = optimizer([("t32", 0.1), ("t64", 0.03)] if tensors else [0.1, 0.03])
        parts = [module.ConstantLR(held, 0.5, 9), module.SWALR(held, 0.01, 5), module.ExponentialLR(held, 0.9)]
        return module.SequentialLR(held, parts, milestones)

    theirs, ours, sought, of_torchs = built(THEIRS), built(OURS), built(OURS), built(THEIRS)
    assert look(ours) == look(theirs)
    ahead, of_theirs = ours.preview(12).tolist(), gt.preview(theirs, 12).tolist()
    schedule = None if tensors else ours.schedule(1, steps=13)
    for k in range(12):
        ours.step()
        theirs.step()
        assert look(ours) == look(theirs), k
        assert ahead[k] == of_theirs[k] == [float(lr) for lr in theirs.get_last_lr()], k
        assert tensors or schedule[k + 1] == theirs.get_last_lr()[1]
    assert state_of(ours) == state_of(theirs)
    if not keeps_its_start(ours):
        return
    for scheduler in (sought, of_torchs):
        gt.seek(scheduler, 12)
        assert look(scheduler) == look(theirs)
        assert state_of(scheduler) == state_of(theirs)


def test_a_look_ahead_of_groups_that_share_a_tensor():
    factors = [lambda _, factor=factor: factor for factor in (0.5, 0.25, 0.125)]
    scheduler = gt.LambdaLR(optimizer([torch.tensor(0.1)] * 3), factors)
    ahead = scheduler.preview(4).tolist()
    for row in ahead:
        scheduler.step()
        assert row == [float(group["lr"]) for group in scheduler.optimizer.param_groups]
