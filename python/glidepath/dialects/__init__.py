"""The schedules of other libraries, under their names and with their arguments, as glidepath's expressions.

There is a module for each library. It imports nothing of the library. Its functions return an ordinary
:class:`glidepath.Schedule`, which shows the library's curve as an expression:

>>> from glidepath.dialects import hf
>>> hf.linear(3e-4, num_warmup_steps=100, num_training_steps=1_000)
gp.linear(0.0, 0.0003, 100).then(gp.linear(0.0003, 0.0, 900))

Where the code of a library does something else than its page says, the function follows the code, and its docstring
says so. ``schedule`` makes any of them by its name:

>>> from glidepath import dialects
>>> dialects.schedule("hf.cosine", 3e-4, num_warmup_steps=100, num_training_steps=1_000)[550]
0.00015
"""

from glidepath._core import Schedule  # noqa: F401  # the type of all that is made here
from glidepath.dialects import (
    axolotl,
    composer,
    deepspeed,
    diffusers,
    fairseq,
    fvcore,
    hf,
    keras,
    maxtext,
    megatron,
    mindcv,
    mindformers,
    mmengine,
    nanotron,
    nemo,
    neox,
    olmo,
    openclip,
    optax,
    paddle,
    thinc,
    timm,
    torchtitan,
    ultralytics,
)
from glidepath.dialects._declare import entries as _entries
from glidepath.dialects._declare import schedule

__all__ = [
    "axolotl",
    "composer",
    "deepspeed",
    "diffusers",
    "fairseq",
    "fvcore",
    "hf",
    "keras",
    "maxtext",
    "megatron",
    "mindcv",
    "mindformers",
    "mmengine",
    "names",
    "nanotron",
    "nemo",
    "neox",
    "olmo",
    "openclip",
    "optax",
    "paddle",
    "schedule",
    "thinc",
    "timm",
    "torchtitan",
    "ultralytics",
]


def names() -> list[str]:
    """Return the names of all schedules, those of a library after one another.

    >>> "hf.cosine" in names(), "hf.greedy" in names()
    (True, False)
    """
    return [entry.name for entry in _entries() if entry.is_schedule]
