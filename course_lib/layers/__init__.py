"""Keras cells: the maths of `course_lib.scratch`, fast, on any device."""

# First: it loads TensorFlow without its chatter.
import course_lib.quiet  # noqa: F401
from course_lib.layers.vanilla import VanillaRNNCell

__all__ = ["VanillaRNNCell"]
