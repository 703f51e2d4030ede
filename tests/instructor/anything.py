"""Values that a student's function may return, and a student's process may send."""

import math

import numpy as np
from hypothesis import strategies as st

from course_lib.instructor.sandbox.inside.messages import LARGEST, Numbers

TEXTS = st.text(st.characters(), max_size=3)  # half a surrogate pair among them
SHAPES = st.lists(st.sampled_from([0, 1, 2, 3, 70, LARGEST + 1]), max_size=20).filter(
    lambda shape: math.prod(shape) <= 1 << 15 and math.prod(n or 1 for n in shape) < 1 << 40
)
ARRAYS = st.builds(
    np.zeros, SHAPES, st.sampled_from(["f8", "?", "c16", "f2", "U1", "O", "M8[s]", "V3"])
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXTS
    | ARRAYS
    | st.builds(Numbers, TEXTS, st.just(np.ones(2)))
    | st.just(object()),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(TEXTS | st.integers(), inner, max_size=4)
        | inner.map(lambda one: [[[[one]]]])
        | st.builds(lambda one, times: [one] * times, inner, st.sampled_from([7_000, 19_000]))
    ),
    max_leaves=6,
)
