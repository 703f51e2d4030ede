"""Gradients for TensorBoard: what is returned, and what stands in the file."""

import numpy as np
import tensorflow as tf

from course_lib.layers.log_gradients import log_gradients


def events(folder):
    """Every value of the event files, by its tag and step."""
    found = {}
    for file in sorted(folder.rglob("*tfevents*")):
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                plugin = value.metadata.plugin_data.plugin_name
                found[value.tag, event.step] = plugin, tf.make_ndarray(value.tensor)
    return found


def test_a_traced_step_writes_what_counts(tmp_path):
    writer = tf.summary.create_file_writer(str(tmp_path))

    @tf.function
    def step(number, W, b):
        return log_gradients(writer, {"low": [W, None], "high": [W, b]}, number, every=2)

    W, b = tf.constant([[3.0, -4.0]]), tf.constant([12.0])
    for number in range(3):
        np.testing.assert_allclose(step(tf.constant(number), W, b), [5, 13])
    writer.close()
    found = events(tmp_path)
    assert {key for key in found if key[0] == "gradient norm/high"} == {
        ("gradient norm/high", 0),
        ("gradient norm/high", 2),
    }
    assert found["gradient norm/low", 2] == ("scalars", 5)
    plugin, table = found["gradient/high", 0]
    assert (plugin, table[:, 2].sum()) == ("histograms", 3)
    np.testing.assert_allclose(table[1:, 0], table[:-1, 1])
    assert table[-1, 1] == 12


def test_zeros_and_lost_numbers_do_not_end_the_training(tmp_path):
    writer = tf.summary.create_file_writer(str(tmp_path))
    norms = log_gradients(writer, {"a": [tf.zeros(3)], "b": [tf.constant([1.0, np.nan])]}, 0)
    writer.close()
    assert norms[0] == 0
    assert np.isnan(norms[1])
    assert events(tmp_path)["gradient/b", 0][1][:, 2].sum() == 1
