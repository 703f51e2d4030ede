"""Keras cells: the maths of `course_lib.scratch`, fast, and on a GPU where there is one."""

import course_lib.quiet  # noqa: F401  (first: it loads TensorFlow without its chatter)
from course_lib.layers.vanilla import VanillaRNNCell

__all__ = ["VanillaRNNCell"]
