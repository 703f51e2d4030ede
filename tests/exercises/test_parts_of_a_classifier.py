"""Classifiers with one part that is off; their check looks at each part by itself."""

import keras
import pytest
import tensorflow as tf

from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get

EXERCISE = get("recurrent_classifier")
DROPS = "dropout acts in training, after each layer"
PENALTY = "the penalty is on all matrices, and on nothing else"
pytestmark = pytest.mark.slow


def classifier(
    run=lambda cell, units, **named: keras.layers.RNN(cell(units), **named),
    between=keras.layers.Dropout,
    above=keras.layers.Dropout,
    first=(),
    last=None,
    bias=lambda name: name.startswith("b"),
):
    """The exercise's model, with one part or another changed."""

    def recurrent_classifier(
        cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
    ):
        model = keras.Sequential([keras.Input((steps * pixels,))])
        model.add(keras.layers.Reshape((steps, pixels)))
        for part in first:
            model.add(part())
        for k in range(layers):
            model.add(run(cell, units, return_sequences=k < layers - 1))
            model.add((between if k < layers - 1 else above)(dropout))
        model.add(keras.layers.Dense(classes))
        if last:
            model.add(last(dropout))
        for w in model.trainable_weights:
            if not bias(w.name):
                w.regularizer = keras.regularizers.L2(l2 / 2)
        return model

    return recurrent_classifier


def nothing(_):
    """In place of a dropout."""
    return keras.layers.Identity()


def half(rate):
    """Of it."""
    return keras.layers.Dropout(rate / 2)


def noisy(rate):
    """And noise on what dropout will keep."""
    return keras.Sequential([keras.layers.GaussianNoise(1.0), keras.layers.Dropout(rate)])


class ScaledTwice(keras.layers.Dropout):
    """Divided by what is kept, which Keras has done already."""

    def call(self, inputs, training=False):
        """In training alone."""
        kept = super().call(inputs, training=training)
        return kept / (1 - self.rate) if training else kept


def scaled_twice(rate):
    """The same, as a function."""
    return ScaledTwice(rate)


def twice(rate):
    """One after the other."""
    return keras.Sequential([keras.layers.Dropout(rate), keras.layers.Dropout(rate)])


WRONG = {
    "a cell of its own": (
        {"run": lambda cell, units, **named: keras.layers.LSTM(units, **named)},
        DROPS,
        "each layer runs a cell that `cell(units)` makes",
    ),
    "blank rows are skipped": (
        {"first": [keras.layers.Masking]},
        "equal to stacked_forward, to 1e-10 in float64",
        "logits[0, ",
    ),
    "noise between": ({"between": noisy}, DROPS, "divided twice by the share"),
    "scaled twice between": ({"between": scaled_twice}, DROPS, "divided twice by the share"),
    "half between": ({"between": half}, DROPS, "0.75 × 0.75 = 0.5625"),
    "twice between": ({"between": twice}, DROPS, "0.75 × 0.75 = 0.5625"),
    "none between": ({"between": nothing}, DROPS, "There is no dropout between the layers"),
    "of the logits": (
        {"above": nothing, "last": keras.layers.Dropout},
        DROPS,
        "nothing is dropped on",
    ),
    "twice": ({"between": twice, "above": twice}, DROPS, "is not 0.25"),
    "noise": (
        {"between": keras.layers.GaussianDropout, "above": keras.layers.GaussianDropout},
        DROPS,
        "nothing is dropped on",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_one_part_is_off(what):
    changes, rung, said = WRONG[what]
    report = check_function(EXERCISE, classifier(**changes))
    assert report.failed == rung
    assert said in report.sentence


def unrolled(cell, units, **named):
    """Its steps written out."""
    return keras.layers.RNN(cell(units), unroll=True, **named)


@pytest.mark.parametrize(
    "changes",
    [{}, {"run": unrolled}, {"last": lambda _: keras.layers.Activation(tf.identity)}],
    ids=["as it is", "unrolled", "an activation that does nothing"],
)
def test_what_is_right(changes):
    assert check_function(EXERCISE, classifier(**changes)).ok
