"""In another style than the reference's, what is right passes, and what is wrong has its name."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.data.ops import debug_mode

from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get
from course_lib.scratch.clipping import clip_by_global_norm


def lstm(third):
    """A cell in the order of TensorFlow 1; `third`: the bias too."""

    class LSTMCell(keras.layers.Layer):
        def __init__(self, units, forget_bias=1.0, **kwargs):
            super().__init__(**kwargs)
            self.units, self.forget_bias = units, forget_bias
            self.state_size = [units, units]

        def build(self, input_shape):
            n = self.units
            self.kernel = self.add_weight(shape=(input_shape[-1], 4 * n))
            self.recurrent = self.add_weight(shape=(n, 4 * n), initializer="orthogonal")
            start = np.zeros(4 * n)
            start[(1 + third) * n : (2 + third) * n] = self.forget_bias
            start = keras.initializers.Constant(start)
            self.bias = self.add_weight(shape=(4 * n,), initializer=start)

        def call(self, x_t, states, training=False):
            h, c = states
            z = tf.matmul(x_t, self.kernel) + tf.matmul(h, self.recurrent) + self.bias
            i, g, f, o = tf.split(z, 4, axis=1)
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
            h = tf.sigmoid(o) * tf.tanh(c)
            return h, [h, c]

        def get_config(self):
            mine = {"units": self.units, "forget_bias": self.forget_bias}
            return {**super().get_config(), **mine}

    return LSTMCell


def dropout(noise, keep):
    """A layer from the noise of an entry, and how much is kept."""

    class GradualDropout(keras.layers.Layer):
        def __init__(self, rate, seed=None, **kwargs):
            super().__init__(**kwargs)
            if not 0 <= rate < 1:
                raise ValueError(f"The rate is {rate}: it must be at least 0 and below 1.")
            self.rate, self.seed = rate, seed
            self.source = keras.random.SeedGenerator(seed)
            self.built = True

        def call(self, x, g, training=False):
            if not training:
                return x
            kept = keep(self.rate, tf.cast(g, x.dtype))
            return tf.where(noise(self, x) < kept, x / kept, tf.zeros_like(x))

        def compute_output_shape(self, x_shape, g_shape=None):
            return x_shape

        def get_config(self):
            return {**super().get_config(), "rate": self.rate, "seed": self.seed}

    return GradualDropout


def of_keras(layer, x):
    return keras.random.uniform(tf.shape(x), dtype=x.dtype, seed=layer.source)


def of_numpy(layer, x):
    return np.random.default_rng(layer.seed).uniform(size=x.shape)


def fading_in(rate, g):
    return 1 - rate * g


def fading_out(rate, g):
    return 1 - rate * (1 - g)


def update_inside(W, R, x, y, beta, gamma, rate):
    """[x_t, h_{t-1}] is multiplied by W."""
    n = W.shape[1]

    def step(t, h, E, losses):
        v = tf.concat([x[:, t], h], -1)
        h = tf.tanh(v @ W)
        E = E * tf.exp(-gamma) + tf.einsum("bp,bi->bpi", v, 1 - h**2)
        error = h @ R - y[:, t]
        losses = losses.write(t, 0.5 * tf.reduce_mean(tf.reduce_sum(error**2, -1)))
        credit = error @ tf.transpose(R) @ beta
        W.assign_sub(rate * tf.reduce_mean(E * credit[:, None], 0))
        return t + 1, h, E, losses

    batch, T = tf.shape(x)[0], tf.shape(x)[1]
    h, E = tf.zeros((batch, n), x.dtype), tf.zeros((batch, *W.shape), x.dtype)
    start = (0, h, E, tf.TensorArray(x.dtype, size=T))
    return tf.while_loop(lambda t, *_: t < T, step, start)[-1].stack()


class GRUCell(keras.layers.Layer):
    """Its weights have no names; the old state goes back."""

    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = self.output_size = units
        self.reset_after = reset_after

    def build(self, input_shape):
        n = self.units
        self.kernel = self.add_weight(shape=(input_shape[-1], 3 * n))
        self.recurrent = self.add_weight(shape=(n, 3 * n), initializer="orthogonal")
        rows = (2,) if self.reset_after else ()
        self.bias = self.add_weight(shape=(*rows, 3 * n), initializer="zeros")

    def call(self, x_t, states, training=False):
        h, n = states[0], self.units
        b_x, b_h = (self.bias[0], self.bias[1]) if self.reset_after else (self.bias, 0.0)
        x_z, x_r, x_c = tf.split(x_t @ self.kernel + b_x, 3, axis=1)
        if self.reset_after:
            h_z, h_r, h_c = tf.split(h @ self.recurrent + b_h, 3, axis=1)
        else:
            h_z, h_r = tf.split(h @ self.recurrent[:, : 2 * n], 2, axis=1)
        r, z = tf.sigmoid(x_r + h_r), tf.sigmoid(x_z + h_z)
        heard = r * h_c if self.reset_after else (r * h) @ self.recurrent[:, 2 * n :]
        return z * h + (1 - z) * tf.tanh(x_c + heard), [h]

    def get_config(self):
        mine = {"units": self.units, "reset_after": self.reset_after}
        return {**super().get_config(), **mine}


class _Classifier(keras.Model):
    """By its name it is for its author alone."""

    def __init__(self, cells, dropout, l2, shape, classes):
        super().__init__()
        self.l2, self.shape, last = l2, shape, len(cells) - 1
        self.rnns = [keras.layers.RNN(c, return_sequences=i < last) for i, c in enumerate(cells)]
        self.dropouts = [keras.layers.Dropout(dropout) for _ in cells]
        self.readout = keras.layers.Dense(classes)

    def call(self, images, training=False):
        h = keras.ops.reshape(images, (-1, *self.shape))
        for rnn, dropout in zip(self.rnns, self.dropouts, strict=True):
            h = dropout(rnn(h), training=training)
        logits = self.readout(h)
        if self.l2:
            matrices = [w for rnn in self.rnns for w in rnn.cell.trainable_weights[:2]]
            squares = [keras.ops.sum(keras.ops.square(w)) for w in (*matrices, self.readout.kernel)]
            self.add_loss(self.l2 / 2 * sum(squares))
        return logits


def recurrent_classifier(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    cells = [cell(units) for _ in range(layers)]
    model = _Classifier(cells, dropout, l2, (steps, pixels), classes)
    model(np.zeros((1, steps * pixels), "float32"))
    return model


def gru_for_a_gpu(units, dropout=0.0):
    class _GRU(keras.layers.GRU):
        pass

    return _GRU(units, dropout=dropout)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("exercise", "answer", "name"),
    [
        ("LSTMCell", lstm(third=0), "CandidateSecond"),
        ("LSTMCell", lstm(third=1), "LaidOutAsInTensorFlow1"),
        ("GradualDropout", dropout(of_keras, fading_in), None),
        ("GradualDropout", dropout(of_keras, fading_out), "FadesOut"),
        ("GradualDropout", dropout(of_numpy, fading_in), "NoiseOfNumPyFromTheSeed"),
        ("update_inside", update_inside, "without the ones"),
        ("GRUCell", GRUCell, "OldStateReturned"),
        ("recurrent_classifier", recurrent_classifier, None),
        ("gru_for_a_gpu", gru_for_a_gpu, None),
    ],
)
def test_its_name(exercise, answer, name):
    report = check_function(get(exercise), answer)
    assert (report.ok, report.mistake) == (name is None, name)


def test_a_dict_may_hold_its_arrays_in_any_order():
    def reversed_order(grads, max_norm):
        clipped, norm = clip_by_global_norm(grads, max_norm)
        return {name: clipped[name] for name in reversed(clipped)}, norm

    assert check_function(get("clip_by_global_norm"), reversed_order).ok


@pytest.fixture
def functions_run_eagerly():
    """As somebody leaves TensorFlow who has looked for a fault."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.slow
@pytest.mark.parametrize("exercise", ["GradualDropout", "GRUCell", "looped", "log_gradients"])
def test_a_check_makes_graphs_though_functions_run_eagerly_in_the_notebook(
    exercise, functions_run_eagerly
):
    report = check_function(get(exercise), get(exercise).reference)
    assert report.ok, str(report)
    assert tf.config.functions_run_eagerly()


@pytest.fixture(params=["mixed_float16", "float64"])
def another_policy(request):
    """As somebody has it who trains with it."""
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy("float32")


@pytest.mark.slow
@pytest.mark.parametrize("exercise", ["VanillaRNNCell", "recurrent_classifier"])
def test_a_check_is_the_same_whatever_policy_keras_has_in_the_notebook(exercise, another_policy):
    report = check_function(get(exercise), get(exercise).reference)
    assert report.ok, str(report)
    assert keras.config.dtype_policy().name == another_policy


@pytest.fixture
def numbers_checked():
    """As somebody has it who looks for the first NaN."""
    tf.debugging.enable_check_numerics()
    yield
    tf.debugging.disable_check_numerics()


@pytest.mark.slow
@pytest.mark.parametrize("exercise", ["GradualActivation", "EarlyStopping"])
def test_who_looks_for_nan_in_the_notebook_may_check_all_the_same(exercise, numbers_checked):
    report = check_function(get(exercise), get(exercise).reference)
    assert report.ok, str(report)
    with pytest.raises(tf.errors.InvalidArgumentError, match="NaN"):  # it still looks
        tf.math.log(tf.constant(-1.0))


@pytest.mark.slow
def test_who_runs_pipelines_in_python_may_check_all_the_same(monkeypatch):
    monkeypatch.setattr(debug_mode, "DEBUG_MODE", debug_mode.DEBUG_MODE)  # it has no way back
    tf.config.run_functions_eagerly(True)
    tf.data.experimental.enable_debug_mode()
    tf.config.run_functions_eagerly(False)
    report = check_function(get("padded_batches"), get("padded_batches").reference)
    assert report.ok, str(report)
    assert debug_mode.DEBUG_MODE


def by_tapes(x, h_0, W_xh, W_hh, b_h):
    """No TensorArray in it, but a tape that goes back through a loop."""
    size = max(1, round(x.shape[1] ** 0.5))

    @tf.recompute_grad
    def last_of(h, piece, W_xh, W_hh, b_h):
        def step(t, h):
            return t + 1, tf.tanh(piece[:, t] @ W_xh + h @ W_hh + b_h)

        return tf.while_loop(lambda t, h: t < piece.shape[1], step, (0, h))[1]

    h = h_0
    for start in range(0, x.shape[1], size):
        h = last_of(h, x[:, start : start + size], W_xh, W_hh, b_h)
    return h


@pytest.mark.slow
def test_what_xla_would_like_to_know_is_true_of_a_tape_as_well():
    report = check_function(get("checkpointed"), by_tapes)
    assert report.ok, str(report)
    assert "a tape goes back through" in report.remarks["compiles with XLA, and stays right"]


@pytest.mark.slow
def test_an_image_may_have_its_channels_first_in_the_notebook():
    keras.config.set_image_data_format("channels_first")
    try:
        report = check_function(get("train_step"), get("train_step").reference)
        assert report.ok, str(report)
        assert keras.config.image_data_format() == "channels_first"
    finally:
        keras.config.set_image_data_format("channels_last")
