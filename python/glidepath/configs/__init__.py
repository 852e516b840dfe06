"""Reads the learning rate of a run out of its config file: TrainingArguments, a DeepSpeed JSON, Megatron's arguments.

>>> import glidepath as gp
>>> arguments = {"learning_rate": 3e-4, "lr_scheduler_type": "cosine", "max_steps": 1_000, "warmup_steps": 0.07}
>>> reading = gp.read(arguments)
>>> reading.schedule.gather([0, 70, 1_000])
array([0.    , 0.0003, 0.    ])
>>> print(reading)
HF TrainingArguments, `lr_scheduler_type`, by the rules of HF transformers 5.23
lr       gp.linear(0.0, 0.0003, 70).then(gp.cosine(0.0003, 0.0, 930).then(gp.cosine(0.0, 0.0003, 930)).repeat())
steps    1,000: `max_steps`
warm-up  70 steps: ceil(1000 * 0.07)

A file is read as data. Nothing in it is executed: no pickle, no YAML tag, no import of a config in Python.
"""

from glidepath.configs._read import kinds, read
from glidepath.configs._reading import Reading

__all__ = ["Reading", "kinds", "read"]
