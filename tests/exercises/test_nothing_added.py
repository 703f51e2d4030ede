"""Cells and layers that do more than was asked: their numbers are right, their training isn't."""

import keras
import pytest
from changed_reference import with_changes

from course_lib.exercises import check
from course_lib.exercises.registry import get

pytestmark = pytest.mark.slow
CELLS = ["VanillaRNNCell", "LSTMCell", "GRUCell"]
DRAWN = 'initializer="orthogonal"'
STATES_OUT = "return h_t, [h_t"
UNASKED = "nothing is added that nobody asked for"


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (DRAWN, f'{DRAWN}, regularizer="l2"', "penalties"),
        (DRAWN, f'{DRAWN}, constraint="non_neg"', "constraint holds"),
        (STATES_OUT, f"self.add_loss(keras.ops.sum(h_t**2))\n        {STATES_OUT}", "penalties"),
    ],
    ids=["regularizer", "constraint", "add_loss"],
)
def test_a_cell_that_is_trained_by_more_than_the_loss(name, before, after, said):
    report = check(with_changes(name, (before, after)))
    assert report.failed == UNASKED
    assert said in report.sentence


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("LRULayer", {"regularizer": "l2"}),
        ("LRULayer", {"constraint": "non_neg"}),
        ("GradualActivation", {"constraint": "non_neg"}),
    ],
)
def test_a_layer_that_is_trained_by_more_than_the_loss(name, settings):
    class Layer(get(name).reference):
        def add_weight(self, **named):
            return super().add_weight(**named, **settings)

    Layer.__name__ = name
    assert check(Layer).failed == UNASKED


@pytest.mark.parametrize(
    "after",
    [
        "super().__init__(**kwargs); self.trainable = False",
        "super().__init__(**{**kwargs, 'trainable': False})",
    ],
)
def test_an_activation_that_freezes_what_is_part_of_it(after):
    """Of the layer itself nothing is trained; an activation may have weights of its own."""
    changed = with_changes("GradualActivation", ("super().__init__(**kwargs)", after))
    assert not changed(keras.layers.PReLU()).trainable
    report = check(changed)
    assert report.failed == UNASKED
    assert "trainable=False" in report.sentence


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("otherwise", ["states[0]", "0 * h_t"], ids=["kept", "zero"])
def test_a_cell_that_takes_zeros_for_padding(name, otherwise):
    there = "keras.ops.any(x_t != 0, axis=1, keepdims=True)"
    line = f"h_t = keras.ops.where({there}, h_t, {otherwise})\n        {STATES_OUT}"
    report = check(with_changes(name, (STATES_OUT, line)))
    assert report.failed == "a step of zeros counts like any other"


@pytest.mark.parametrize("gate", ["z", "r"])
def test_a_gate_in_float32_in_the_other_convention_alone(gate):
    before = "            reset = r * f"
    narrow = f"keras.ops.cast(keras.ops.cast({gate}, 'float32'), h_prev.dtype)"
    changed = with_changes("GRUCell", (before, f"            {gate} = {narrow}\n{before}"))
    report = check(changed)
    assert report.failed == "with reset_after it is the other GRU"
    assert "float32" in report.sentence
