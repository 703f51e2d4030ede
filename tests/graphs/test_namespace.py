"""The names of the learner's notebook, from what stands in it."""

import keras
import tensorflow as tf

from course_lib.graphs.namespace import namespace_of, own_twin


class Written:
    def method(self):
        """What is looked up here is looked up in this module."""


def looped(x):
    return keras.layers.SimpleRNN(4, dtype="float64")(x)


def test_the_names_that_a_function_or_class_sees():
    assert namespace_of(looped) is globals()
    assert namespace_of(Written) is globals()
    assert namespace_of(tf.function(looped)) is globals()
    assert namespace_of(3) == {}


def test_a_twin_is_the_learners_own_or_none(monkeypatch):
    from course_lib.scratch.rnn import rnn_step

    monkeypatch.setitem(globals(), "rnn_step", rnn_step)
    assert own_twin(Written, "rnn_step") is None
    assert own_twin(Written, "no_such") is None
    assert own_twin(Written, "looped") is looped
