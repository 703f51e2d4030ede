"""Where a kernel starts that nobody has said more about, and which modes it has."""

from types import SimpleNamespace

import numpy as np
import pytest

from course_lib.online.kernel import Kernel
from course_lib.online.kernel_choice import ready_kernel
from course_lib.online.modes import ModesKernel, dictionary

DYNAMICS = SimpleNamespace(cell=SimpleNamespace(units=3, dtype_policy="float64"))


@pytest.mark.parametrize(
    ("steps", "timescales", "span"),
    [
        (40, None, (20, 40)),  # half of the sequence to all of it
        (1, None, (1, 1)),
        (None, None, (50, 100)),  # its length isn't known
        (40, (2, 4), (2, 4)),
        (None, (2, 4), (2, 4)),
    ],
)
def test_timescales_go_by_the_length_of_a_sequence(steps, timescales, span, monkeypatch):
    start, began = Kernel.start, []
    monkeypatch.setattr(Kernel, "start", lambda self, *at: began.append(at) or start(self, *at))
    options = {"modes": None, "timescales": timescales, "seed": 5}
    kernel = ready_kernel(None, DYNAMICS, options, steps)
    assert isinstance(kernel, Kernel)
    assert began[-1] == (*span, 5)  # the first is that of any kernel
    assert ready_kernel(kernel, DYNAMICS, options, steps) is kernel


@pytest.mark.parametrize(("steps", "length"), [(40, 40), (None, 100)])
def test_modes_go_by_the_length_of_a_sequence(steps, length):
    options = {"modes": 4, "timescales": None, "seed": 0}
    kernel = ready_kernel(None, DYNAMICS, options, steps)
    assert isinstance(kernel, ModesKernel)
    np.testing.assert_array_equal(kernel.fixed, dictionary(4, 3, length))
    assert ready_kernel(kernel, DYNAMICS, options, steps) is kernel
    assert ready_kernel(kernel, DYNAMICS, options | {"modes": 5}, steps) is not kernel
