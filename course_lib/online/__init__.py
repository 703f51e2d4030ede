"""Online learning rules on one trace engine: KeRNL and its family, as Keras models.

Importing this package loads TensorFlow.
"""

# First: another backend of Keras is told apart, and TensorFlow is loaded without its chatter.
import course_lib.online.needs_tensorflow
import course_lib.quiet  # noqa: F401
from course_lib.online import gated_cells, gradual, keras_cells  # noqa: F401  they enter DYNAMICS
from course_lib.online.cells import DYNAMICS, Dynamics, LeakyRNNCell, dynamics_of
from course_lib.online.diagonal_model import OnlineScan
from course_lib.online.engine import Engine, chunk_length
from course_lib.online.kernel import Kernel
from course_lib.online.learners import OTHER_RULES
from course_lib.online.model import OnlineRNN
from course_lib.online.modes import ModesKernel
from course_lib.online.rules import RULES, TraceLearner, TraceRule
from course_lib.online.sparse import SparseRNNCell
from course_lib.online.stack_cell import StackCell
from course_lib.online.turning import TurningRNNCell

__all__ = [
    "DYNAMICS",
    "OTHER_RULES",
    "RULES",
    "Dynamics",
    "Engine",
    "Kernel",
    "LeakyRNNCell",
    "ModesKernel",
    "OnlineRNN",
    "OnlineScan",
    "SparseRNNCell",
    "StackCell",
    "TraceLearner",
    "TraceRule",
    "TurningRNNCell",
    "chunk_length",
    "dynamics_of",
]
