"""The audit of the training steps: what passes, and that everything it forbids fails it."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.layers import VanillaRNNCell
from course_lib.training import gpu_audit
from course_lib.training.gpu_audit import STEPS, audit, main


def steps_with(what):
    """Builds a small model with this function of the sequence in it."""

    class Made(keras.layers.Layer):
        def call(self, x):
            return what(x)

        def compute_output_shape(self, shape):
            return shape

    def build():
        model = keras.Sequential(
            [
                keras.Input((6, 3)),
                Made(),
                keras.layers.RNN(VanillaRNNCell(4)),
                keras.layers.Dense(2),
            ]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss)
        return model

    return build


def python(x):
    y = tf.py_function(lambda x: x * 2.0, [x], tf.float32)
    return tf.ensure_shape(y, x.shape)


def numpy(x):
    return tf.ensure_shape(tf.numpy_function(np.tanh, [x], tf.float32), x.shape)


def strings(x):
    return x + tf.strings.to_number(tf.strings.as_string(tf.reduce_sum(x)))


def string_comparison(x):
    """Equal has a kernel for GPU, but none for strings."""
    return x + tf.cast(tf.equal(tf.constant(["a"]), tf.constant("b")), tf.float32)


def unrolled(x):
    """A Python loop over time: each of its rounds is a part of the graph."""
    h, states = tf.zeros_like(x[:, 0]), []
    for t in range(x.shape[1]):
        h = tf.tanh(x[:, t] + h)
        states.append(h)
    return tf.stack(states, axis=1)


@pytest.mark.parametrize("name", STEPS)
def test_the_graph_is_that_of_training(name):
    """With the backward pass, the update, and the bodies of the loops over time."""
    operations = {node.op for node in gpu_audit._trace(STEPS[name](), 28)}
    assert {"MatMul", "TanhGrad", "While", "TensorListPushBack"} <= operations
    assert any(op.startswith("Assign") for op in operations)


def test_a_plain_step_passes():
    assert audit("plain", steps_with(tf.tanh)).failures == []


@pytest.mark.parametrize(
    ("what", "op", "message"),
    [
        (python, "EagerPyFunc", "calls back into Python"),
        (numpy, "PyFunc", "calls back into Python"),
        (strings, "AsString", "no kernel for GPU"),
        (string_comparison, "Equal", "no kernel for GPU"),
        (unrolled, None, "there is a Python loop over time"),
    ],
)
def test_what_is_forbidden_fails(what, op, message):
    found = audit(what.__name__, steps_with(what))
    assert any(message in failure for failure in found.failures), found.failures
    if op is not None:
        assert any(failure.startswith(f"{op} ") for failure in found.failures)
    else:
        assert len(found.failures) == 1


def test_a_host_call_in_the_body_of_a_loop_fails():
    def looped(x):
        return tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, python(y)), [0, x])[1]

    assert "EagerPyFunc" in audit("looped", steps_with(looped)).operations


def test_what_does_not_compile_fails():
    found = gpu_audit._xla_failures(steps_with(strings)(), 6)
    assert len(found) == 1
    assert "does not compile with XLA" in found[0]


def test_another_loss_with_xla_fails(monkeypatch):
    plain = gpu_audit._function

    def doubled(model, jit_compile):
        step = plain(model)
        return (lambda x, y: step(x, y) * 1.001) if jit_compile else step

    monkeypatch.setattr(gpu_audit, "_function", doubled)
    (failure,) = gpu_audit._xla_failures(steps_with(tf.tanh)(), 6)
    assert "XLA gives the losses" in failure


def test_the_steps_of_the_course_pass():
    result = CliRunner().invoke(app, ["audit-gpu", "--json"])
    assert result.exit_code == 0, result.stderr
    counts = json.loads(result.stdout.splitlines()[-1])
    assert counts["steps"] == len(STEPS)
    assert counts["operations"] > 30
    assert counts["without_gpu_kernel"] == []
    assert "MatMul" in result.stderr


def test_a_failure_is_told(capsys):
    assert main(steps={"bad": steps_with(strings)}) == 1
    out = capsys.readouterr().out
    assert "✗ bad: AsString" in out
    assert "without_gpu_kernel: ['AsString'" in out


def test_a_build_that_knows_no_gpu_cannot_tell(capsys, monkeypatch):
    none = type("Kernels", (), {"kernel": []})
    monkeypatch.setattr(gpu_audit, "get_registered_kernels_for_op", lambda op: none)
    assert main() == 2
    assert "can't tell" in " ".join(capsys.readouterr().out.split())
