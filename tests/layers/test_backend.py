"""What differs between backends; the rest of it is in the folder `backends`."""

import keras
import pytest
import tensorflow as tf

from course_lib.layers.backend import tensorflow_for


def test_tensorflow_is_there_where_keras_runs_on_it():
    assert tensorflow_for("this test", instead="another") is tf


def test_elsewhere_it_names_what_to_use_instead(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    words = "this test is written for TensorFlow, and Keras runs on jax here: use another, or start"
    with pytest.raises(ImportError, match=words):
        tensorflow_for("this test", instead="another")
