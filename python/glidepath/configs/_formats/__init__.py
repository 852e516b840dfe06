"""The kinds of config, those of related libraries in a module."""

from glidepath.configs._formats import hf, keras, llm, megatron, mindspore, vision  # noqa: F401 (each declares its own)
