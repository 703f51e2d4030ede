"""What a project says of the digits that were read wrongly."""

import numpy as np

from course_lib.exercises.projects.digits import measure
from course_lib.exercises.projects.project import Batch


def test_what_is_taken_for_what():
    y = np.array([8, 8, 8, 1])
    guess = np.array([1, 1, 8, 8])
    measured = measure((Batch(np.zeros(4), y),), [np.eye(10)[guess]])
    assert measured.score == 0.25
    assert "An 8 is taken for a 1 most often, 2 times out of 3." in str(measured)
