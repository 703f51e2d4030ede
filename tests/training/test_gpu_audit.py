"""The audit of the training steps: what passes, and that everything it forbids fails it."""

import json
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.benchmarks.on_gpu.steps import compare
from course_lib.graphs import nodes, pretended_gpu
from course_lib.layers import VanillaRNNCell
from course_lib.training import gpu_audit
from course_lib.training.gpu_audit import audit, main
from course_lib.training.reference_steps import STEPS, Step, classifier_step, keras_step


def steps_with(what):
    """Builds the step of a small model with this function of the sequence in it."""

    class Made(keras.layers.Layer):
        def call(self, x):
            return what(x)

        def compute_output_shape(self, shape):
            return shape

    def build(T):
        model = keras.Sequential(
            [
                keras.Input((T, 3)),
                Made(),
                keras.layers.RNN(VanillaRNNCell(4)),
                keras.layers.Dense(2),
            ]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss)
        return keras_step(model, (T, 3))

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


def test_the_graph_is_that_of_training():
    """With the backward pass, the update, and the bodies of the loops over time."""
    operations = {node.op for node in nodes(gpu_audit._graph(STEPS["vanilla"](6)))}
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
    found = gpu_audit._xla_failures(steps_with(strings)(6))
    assert len(found) == 1
    assert "does not compile with XLA" in found[0]


def test_another_loss_with_xla_fails(monkeypatch):
    plain = gpu_audit._graph

    def larger(step, jit_compile):
        take = plain(step)
        return (lambda x, y: take(x, y) * 1.001) if jit_compile else take

    monkeypatch.setattr(gpu_audit, "_graph", larger)
    (failure,) = gpu_audit._xla_failures(steps_with(tf.tanh)(6))
    assert "XLA gives the losses" in failure


def test_another_update_with_xla_fails():
    """The first loss is equal; the second shows the update."""
    w = tf.Variable(1.0)

    def take(x, y):
        loss = w * tf.reduce_sum(x)
        # What runs is known only in the compiled step: XLA has a random generator of its own.
        w.assign_sub(1e-3 * tf.random.stateless_uniform([], seed=[1, 2]))
        return loss

    x = np.ones((2, 3), np.float32)
    step = Step(take, x, np.zeros(2, np.int64), [w])
    (failure,) = gpu_audit._xla_failures(step)
    assert "XLA gives the losses" in failure


# Steps of other kinds


@pytest.mark.slow
def test_dropout_is_left_out_of_the_comparison_only():
    step = classifier_step(6, "vanilla", dropout=0.5, seed=0)
    operations = {node.op for node in nodes(gpu_audit._graph(step))}
    assert any(op.startswith("StatelessRandom") for op in operations)
    assert gpu_audit._xla_failures(step) == []
    loud = replace(classifier_step(6, "vanilla", dropout=0.5, seed=0), silence=None)
    assert "XLA gives the losses" in gpu_audit._xla_failures(loud)[0]


class Late(keras.Model):
    """No time axis, a step of its own, and a gate that is set from outside."""

    def __init__(self, gate, bad=False):
        super().__init__()
        self.gate, self.bad = gate, bad
        self.dense = keras.layers.Dense(2)

    def call(self, x):
        y = self.dense(x)
        return (1 - self.gate) * y + self.gate * tf.nn.relu(y)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        weights = self.trainable_weights
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        self.gate.assign_add(0.1)
        return {"loss": python(loss) if self.bad else loss}


@pytest.mark.parametrize("bad", [False, True])
def test_a_step_of_its_own_without_time_and_with_a_late_gate(bad):
    def build(T):
        gate = tf.Variable(0.0, trainable=False)
        model = Late(gate, bad)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss)
        return keras_step(model, (7,), variables=[gate])

    found = audit("late", build)
    failures = ["EagerPyFunc calls back into Python on the host."]
    assert [f for f in found.failures if "Python" in f] == (failures if bad else [])
    assert bad or found.failures == []


def test_a_step_that_is_no_keras_model():
    def build(T):
        w = tf.Variable(tf.ones([3, 2]))

        def take(x, y):
            with tf.GradientTape() as tape:
                state = tf.scan(lambda h, x_t: tf.tanh(x_t @ w + h), x, tf.zeros([4, 2]))
                loss = tf.reduce_mean((state[-1] - y) ** 2)
            w.assign_sub(0.1 * tape.gradient(loss, w))
            return loss

        return Step(take, np.ones((T, 4, 3), np.float32), np.zeros((4, 2), np.float32), [w])

    assert audit("own", build).failures == []


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "gru_reset_after"])
def test_cudnn_is_taken_or_missed(cell):
    fused = classifier_step(6, cell, fused=True)
    with pretended_gpu():
        operations = {
            node.op for node in nodes(gpu_audit._graph(classifier_step(6, cell, fused=True)))
        }
    assert operations >= gpu_audit.CUDNN
    assert fused.cudnn

    def stepwise(T):
        return replace(classifier_step(T, cell), cudnn=True)

    failures = audit("stepwise", stepwise).failures
    assert len(failures) == 2
    assert "CudnnRNNV3 is not taken: the conditions for cuDNN are not met." in failures


@pytest.mark.slow
@pytest.mark.long
def test_the_steps_of_the_course_pass():
    """In a process of its own, with which the gigabytes go that XLA has compiled."""
    command = [sys.executable, "-m", "course_lib.cli", "audit-gpu", "--json"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
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

    monkeypatch.setattr(gpu_audit, "knows_gpu_kernels", lambda: False)
    assert main() == 2
    assert "can't tell" in " ".join(capsys.readouterr().out.split())


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", STEPS)
def test_gpu_and_cpu_take_the_same_step(name, dtype, gpu):
    row = compare(STEPS[name], gpu, dtype)
    assert row["ok"], row
