"""What differs between backends; the rest of it is in the folder `backends`."""

import sys
from types import SimpleNamespace

import keras
import pytest
import tensorflow as tf

from course_lib.layers.backend import sees_accelerator, tensorflow_for


def test_tensorflow_is_there_where_keras_runs_on_it():
    assert tensorflow_for("this test", instead="another") is tf


def test_elsewhere_it_names_what_to_use_instead(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    words = "this test is written for TensorFlow, and Keras runs on jax here: use another, or start"
    with pytest.raises(ImportError, match=words):
        tensorflow_for("this test", instead="another")


@pytest.mark.parametrize(("kind", "seen"), [("GPU", True), ("TPU", True), ("CPU", False)])
def test_tensorflow_is_asked_for_its_devices(kind, seen, monkeypatch):
    monkeypatch.setattr(
        tf.config, "list_logical_devices", lambda asked: ["one"] if asked == kind else []
    )
    assert sees_accelerator() == seen


@pytest.mark.parametrize(("where", "seen"), [("gpu", True), ("tpu", True), ("cpu", False)])
def test_jax_is_asked_for_the_backend_of_its_own(where, seen, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(default_backend=lambda: where))
    assert sees_accelerator() == seen
