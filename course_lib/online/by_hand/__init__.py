"""KeRNL in TensorFlow as learners write it: in chunks, in a model, online.

Importing this package loads TensorFlow.
"""

from course_lib.online.by_hand.chunks import chunked_trace
from course_lib.online.by_hand.inside import update_inside
from course_lib.online.by_hand.model import KernlModel

__all__ = ["KernlModel", "chunked_trace", "update_inside"]
