"""An activation that Keras doesn't know is called so, whatever the learner calls it."""

import keras
import pytest

from course_lib.exercises import check

pytestmark = pytest.mark.usefixtures("patient")


def tanh(a):
    return keras.ops.tanh(a)


@pytest.mark.slow
@pytest.mark.parametrize("activation", [tanh, lambda a: keras.ops.tanh(a)])
def test_it_is_told_under_any_name(activation):
    def gru_for_a_gpu(units, dropout=0.0):
        return keras.layers.GRU(units, activation=activation, dropout=dropout)

    assert check(gru_for_a_gpu).mistake == "a tanh of its own"
