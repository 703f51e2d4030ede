"""Which answers in NumPy are judged once more where TensorFlow is: those that lack it."""

import json

import pytest
from a_class import solved

from course_lib.instructor.intake.extract import extract
from course_lib.instructor.judging.notebook import Judge
from course_lib.instructor.sandbox.limits import Limits

STEP = (
    "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n    return {}(x_t @ W_xh + h_prev @ W_hh + b_h)\n"
)


@pytest.mark.parametrize(
    ("before", "function", "lacks"),
    [
        ("import tensorflow as tf\n", "tanhh", False),
        ("import tensorflow as tf\nact = tf.tanh\n", "acct", False),
        ("import tensorflow as tf\nact = 1 / 0\n", "act", False),
        ("from keras.ops import *\nact = 1 / 0\n", "act", False),
        ("import tensorflow as tf\n", "tf.tanh", True),
        ("import tensorflow as T\nact = T.tanh\n", "act", True),
        ("import tensorflow as tf\none = tf.tanh\ntwo = one\nthree = two\n", "three", True),
        ("from keras.ops import *\n", "tanh", True),
        ("from keras.ops import *\nact = tanh\n", "act", True),
    ],
)
def test_a_name_that_nothing_made_is_no_want_of_tensorflow(box, before, function, lacks):
    asked = []
    judge = Judge(lambda tensorflow: asked.append(tensorflow) or box, Limits(), 5)
    content = solved(1, rnn_step=before + STEP.format(function))
    cells = extract(json.dumps(content).encode())
    found = judge.notebook("nb.ipynb", cells.code, cells.roles, ["rnn_step"])
    assert found["verdicts"][0].outcome == "error"
    assert "NameError: name" in found["verdicts"][0].sentence
    assert asked == ([False, True] if lacks else [False])
