"""Training code as learners write it, in TensorFlow.

Importing this package loads TensorFlow.
"""

from course_lib.training.by_hand.bptt import (
    bptt_gradient,
    checkpointed,
    gradient_by_step,
)
from course_lib.training.by_hand.windows import train_step_windows

__all__ = [
    "bptt_gradient",
    "checkpointed",
    "gradient_by_step",
    "train_step_windows",
]
