"""Keras cells: the maths of `course_lib.scratch`, fast, on any device."""

# First: TensorFlow, once it is needed, is loaded without its chatter.
import course_lib.quiet  # noqa: F401
from course_lib.layers.classifier import (
    RecurrentClassifier,
    compile_classifier,
    recurrent_classifier,
    training_fraction,
)
from course_lib.layers.cudnn import cudnn_refusals, fused_layer
from course_lib.layers.gru import GRUCell
from course_lib.layers.lru import LRU, LRUCell
from course_lib.layers.lstm import LSTMCell
from course_lib.layers.lstm_variant import LSTMVariantCell
from course_lib.layers.mingru import MinGRU, MinGRUCell
from course_lib.layers.residual import ResidualBlock
from course_lib.layers.scan import scan
from course_lib.layers.stacked import CELLS, StackedRNN, stacked_rnn
from course_lib.layers.vanilla import VanillaRNNCell

__all__ = [
    "CELLS",
    "LRU",
    "GRUCell",
    "LRUCell",
    "LSTMCell",
    "LSTMVariantCell",
    "MinGRU",
    "MinGRUCell",
    "RecurrentClassifier",
    "ResidualBlock",
    "StackedRNN",
    "VanillaRNNCell",
    "compile_classifier",
    "cudnn_refusals",
    "fused_layer",
    "recurrent_classifier",
    "scan",
    "stacked_rnn",
    "training_fraction",
]
