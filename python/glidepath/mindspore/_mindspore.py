"""What the schedule classes need of MindSpore, or what stands in for it where it cannot be imported."""

from typing import Any

from glidepath.mindspore._forward import refuse_without

try:
    from mindspore import Tensor, ops
    from mindspore import dtype as mstype
    from mindspore.nn.learning_rate_schedule import LearningRateSchedule
except ImportError as error:
    refuse_without(error)
    Tensor = ()  # what nothing is an instance of

    class _Missing:
        """What ``construct`` computes with, where it cannot."""

        def __call__(self, *_: object) -> Any:
            raise ImportError("`construct` computes with MindSpore, which cannot be imported: `pip install mindspore`.")

        __getattr__ = __call__

    ops = mstype = _Missing()

    class LearningRateSchedule:  # type: ignore[no-redef]
        """A schedule of one's own: override ``construct``. With MindSpore installed this is MindSpore's class.

        >>> from glidepath.mindspore import LearningRateSchedule
        >>> class Halves(LearningRateSchedule):
        ...     def construct(self, global_step):
        ...         return 0.5**global_step
        """

        def construct(self, global_step: Any) -> Any:
            """Return the learning rate at a step."""
            raise NotImplementedError

        def __call__(self, global_step: Any) -> Any:
            """Return the same."""
            return self.construct(global_step)


def operation(name: str) -> Any:
    """Return one of MindSpore's operations, made, as its own classes hold them for a ``construct``."""
    return getattr(ops, name)() if Tensor else ops


__all__ = ["LearningRateSchedule", "Tensor", "mstype", "operation", "ops"]
