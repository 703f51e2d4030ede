"""What beginners in TensorFlow stumble over is said in words, however they wrote the rest."""

import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get


def batches_of(convert):
    """Batches by another chain than the reference's; the mask is made before the batches."""

    def padded_batches(sequences, labels, batch_size, bounds, seed=0):
        lengths = [len(one) for one in sequences]
        ragged = tf.RaggedTensor.from_row_lengths(np.concatenate(sequences), lengths)
        data = tf.data.Dataset.from_tensor_slices((ragged, labels)).shuffle(len(labels), seed)
        data = convert(data).bucket_by_sequence_length(
            lambda x, y: tf.shape(x)[0], bounds, [batch_size] * (len(bounds) + 1)
        )
        return data.map(lambda x, y: ((x, tf.ones(tf.shape(x)[:2], bool)), y))

    return padded_batches


@pytest.mark.parametrize(
    ("convert", "said"),
    [
        (lambda data: data, "is itself a ragged one"),
        (lambda data: data.map(lambda x, y: (x.to_tensor(), y)), "without to_tensor"),
    ],
)
def test_a_ragged_sequence_in_the_wrong_place(convert, said):
    assert said in check_function(get("padded_batches"), batches_of(convert)).sentence


def step_with(change):
    """A training step that changes its gradients; the loss it returns is right."""

    def train_step(model, optimizer):
        @tf.function(reduce_retracing=True)
        def step(x, y):
            with tf.GradientTape() as tape:
                logits = model(x, training=True)
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
            weights = model.trainable_variables
            optimizer.apply(change(tape.gradient(loss, weights), y), weights)
            return loss

        return step

    return train_step


def summed(gradients, y):
    """As of the sum over the batch."""
    return [one * tf.cast(tf.shape(y)[0], one.dtype) for one in gradients]


def clipped(gradients, y):
    """Short ones stay as they are."""
    return tf.clip_by_global_norm(gradients, 5.0)[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (summed, "there are 4 sequences: take the gradient of the mean"),
        (clipped, "neither clipped nor scaled"),
        (lambda gradients, y: [-one for one in gradients], "The sign is wrong"),
    ],
)
def test_a_step_in_the_right_direction_is_too_long_or_too_short(change, said):
    report = check_function(get("train_step"), step_with(change))
    # A quick machine also finds the change that mends it, and says that first.
    assert said in f"{report.sentence} {report.problem.sentence}"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["VanillaRNNCell", "LSTMCell", "GRUCell"])
def test_a_frozen_weight_is_not_taken_for_one_in_the_wrong_place(name):
    """Keras lists it last."""
    exercise = get(name)

    class Cell(exercise.reference):
        def build(self, input_shape):
            super().build(input_shape)
            self.weights[1].trainable = False

    sentence = check_function(exercise, Cell).sentence
    assert "Of the 3 weights that build made, 2 can be trained" in sentence
    assert "in this order" not in sentence
