"""What learners of TensorFlow get wrong by one slip has its name, in a style that isn't ours."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises.checker import check_function
from course_lib.exercises.naming.recognition import _name
from course_lib.exercises.naming.slips import slips
from course_lib.exercises.naming.suspects import Lifted
from course_lib.exercises.registry import get
from course_lib.layers.by_hand.lru import LRULayer as Right
from course_lib.online.by_hand.chunks import chunked_trace
from course_lib.online.by_hand.model import KernlModel
from course_lib.scratch.gradnets import late_gate


def bptt_gradient_with(last=0, dW_hh=lambda total, batch: total):
    """A while loop whose sums grow; `last`: the step at which the way back ends."""

    @tf.custom_gradient
    def run(x, h_0, W_xh, W_hh, b_h):
        a = tf.transpose(tf.tensordot(x, W_xh, 1) + b_h, (1, 0, 2))
        h = tf.scan(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h_0)

        def backward(dh):
            before = tf.concat([h_0[None], h], axis=0)

            def back(t, dh_next, dx, of_x, of_h, of_b):
                da = (dh[:, t] + dh_next) * (1 - h[t] ** 2)
                dx = dx.write(t, tf.matmul(da, W_xh, transpose_b=True))
                of_x += tf.matmul(x[:, t], da, transpose_a=True)
                of_h += tf.matmul(before[t], da, transpose_a=True)
                dh_next = tf.matmul(da, W_hh, transpose_b=True)
                return t - 1, dh_next, dx, of_x, of_h, of_b + tf.reduce_sum(da, 0)

            T = tf.shape(x)[1]
            sums = (tf.zeros_like(one) for one in (W_xh, W_hh, b_h))
            start = T - 1, tf.zeros_like(h_0), tf.TensorArray(x.dtype, T), *sums
            found = tf.while_loop(lambda t, *_: t >= last, back, start)
            _, dh_0, dx, of_x, of_h, of_b = found
            of_h = dW_hh(of_h, tf.cast(tf.shape(x)[0], x.dtype))
            return tf.transpose(dx.stack(), (1, 0, 2)), dh_0, of_x, of_h, of_b

        return tf.transpose(h, (1, 0, 2)), backward

    return run


class VanillaRNNCell(keras.layers.Layer):
    """One product of what stands side by side, with the matrices the wrong way round."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape):
        n = self.units
        self.A = self.add_weight(shape=(input_shape[-1], n), initializer="glorot_uniform")
        self.B = self.add_weight(shape=(n, n), initializer="orthogonal")
        self.c = self.add_weight(shape=(n,), initializer="zeros")

    def call(self, x_t, states, training=False):
        rows = tf.concat([self.B, self.A], 0)
        h = tf.tanh(tf.concat([x_t, states[0]], -1) @ rows + self.c)
        return h, [h]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class LSTMCell(keras.layers.Layer):
    """Reshaped to (batch, n, 4)."""

    def __init__(self, units, forget_bias=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.forget_bias = units, forget_bias
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        start = keras.initializers.Constant(np.repeat([0.0, self.forget_bias, 0.0, 0.0], n))
        self.A = self.add_weight(shape=(input_shape[-1], 4 * n), initializer="glorot_uniform")
        self.B = self.add_weight(shape=(n, 4 * n), initializer="orthogonal")
        self.c = self.add_weight(shape=(4 * n,), initializer=start)

    def call(self, x_t, states, training=False):
        h, c = states
        a = tf.reshape(x_t @ self.A + h @ self.B + self.c, (-1, self.units, 4))
        i, f, g, o = tf.unstack(a, axis=-1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.sigmoid(o) * tf.tanh(c)
        return h, [h, c]

    def get_config(self):
        mine = {"units": self.units, "forget_bias": self.forget_bias}
        return {**super().get_config(), **mine}


class GRUCell(keras.layers.Layer):
    """The state is overwritten by what the reset gate leaves of it."""

    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = self.output_size = units
        self.reset_after = reset_after

    def build(self, input_shape):
        n = self.units
        self.A = self.add_weight(shape=(input_shape[-1], 3 * n), initializer="glorot_uniform")
        self.B = self.add_weight(shape=(n, 3 * n), initializer="orthogonal")
        rows = (2,) if self.reset_after else ()
        self.c = self.add_weight(shape=(*rows, 3 * n), initializer="zeros")

    def call(self, x_t, states, training=False):
        h, n = states[0], self.units
        b_x, b_h = (self.c[0], self.c[1]) if self.reset_after else (self.c, 0.0)
        x_z, x_r, x_c = tf.split(x_t @ self.A + b_x, 3, axis=1)
        if self.reset_after:
            h_z, h_r, h_c = tf.split(h @ self.B + b_h, 3, axis=1)
        else:
            h_z, h_r = tf.split(h @ self.B[:, : 2 * n], 2, axis=1)
        z, r = tf.sigmoid(x_z + h_z), tf.sigmoid(x_r + h_r)
        h = r * h
        heard = r * h_c if self.reset_after else h @ self.B[:, 2 * n :]
        h = z * h + (1 - z) * tf.tanh(x_c + heard)
        return h, [h]

    def get_config(self):
        mine = {"units": self.units, "reset_after": self.reset_after}
        return {**super().get_config(), **mine}


def thrown_away(cell, x, states):
    """In a graph, `write` gives a new array."""
    steps = tf.transpose(x, (1, 0, 2))
    shown = tf.TensorArray(x.dtype, size=tf.shape(x)[1])

    def step(t, shown, states):
        y, states = cell(steps[t], states)
        shown.write(t, y)
        return t + 1, shown, list(states)

    turns = tf.shape(x)[1]
    found = tf.while_loop(lambda t, *_: t < turns, step, (0, shown, list(states)))
    return tf.transpose(found[1].stack(), (1, 0, 2)), found[2]


def twice(cell, x, states):
    """The states of the call that was made for a shape."""
    y, states = cell(x[:, 0], states)

    def step(before, x_t):
        y, states = cell(x_t, list(before[1]))
        return y, tuple(states)

    over = tf.transpose(x, (1, 0, 2))
    ys, all_states = tf.scan(step, over, (tf.zeros_like(y), tuple(states)))
    return tf.transpose(ys, (1, 0, 2)), [one[-1] for one in all_states]


def classifier(penalty):
    """Keras's functional style, with a penalty from the weight l2."""

    def recurrent_classifier(
        cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
    ):
        image = keras.Input((steps * pixels,))
        x = keras.ops.reshape(image, (-1, steps, pixels))
        for k in range(layers):
            x = keras.layers.RNN(cell(units), return_sequences=k < layers - 1)(x)
            x = keras.layers.Dropout(dropout)(x)
        model = keras.Model(image, keras.layers.Dense(classes)(x))
        for weight in model.trainable_variables:
            if "bias" not in weight.path:
                weight.regularizer = penalty(l2)
        return model

    return recurrent_classifier


class EarlyStopping(keras.callbacks.Callback):
    """= for +=."""

    def __init__(self, patience=3, min_delta=0.0):
        super().__init__()
        if patience < 1 or min_delta < 0:
            raise ValueError("patience must be at least 1, and min_delta at least 0")
        self.patience, self.min_delta = patience, min_delta

    def on_train_begin(self, logs=None):
        self.lowest, self.bad, self.copy = float("inf"), 0, None

    def on_epoch_end(self, epoch, logs=None):
        if self.is_better(logs["val_loss"]):
            self.lowest, self.bad = logs["val_loss"], 0
            self.copy = [np.array(w) for w in self.model.weights]
            return
        self.bad = 1
        if self.bad >= self.patience:
            self.model.stop_training = True

    def is_better(self, loss):
        return self.lowest - loss > self.min_delta

    def on_train_end(self, logs=None):
        if self.copy:
            self.model.set_weights(self.copy)


class StuckAndNotWorse(EarlyStopping):
    """Two slips."""

    def is_better(self, loss):
        return self.lowest - loss >= self.min_delta


class AlwaysToOne(keras.callbacks.Callback):
    """last is not looked at."""

    def __init__(self, gates, end, start=0, first=0.0, last=1.0):
        super().__init__()
        late_gate(0, start, end)
        if min(first, last) < 0 or max(first, last) > 1:
            raise ValueError("The late gate goes from 0 to 1.")
        self.gates, self.steps, self.first = gates, (start, end), first

    def on_train_batch_begin(self, batch, logs=None):
        step = np.array(self.model.optimizer.iterations)
        now = np.interp(step, self.steps, [self.first, 1])
        for one in self.gates:
            one.g.assign(now)

    def on_train_end(self, logs=None):
        self.on_train_batch_begin(None)


def lru(real="B_re", imaginary="B_im", computed=False):
    """A layer by complex products; `computed`: gamma from lam."""

    class LRULayer(keras.layers.Layer):
        def __init__(self, units, outputs, seed=0, **kwargs):
            super().__init__(**kwargs)
            self.units, self.outputs, self.seed = units, outputs, seed

        build = Right.build

        def call(self, x):
            kind = tf.complex(self.nu_log, self.nu_log).dtype
            turn = tf.cast(tf.exp(self.theta_log), kind)
            lam = tf.exp(-tf.cast(tf.exp(self.nu_log), kind) + 1j * turn)
            gain = tf.sqrt(1 - tf.abs(lam) ** 2) if computed else tf.exp(self.gamma_log)
            B = tf.complex(getattr(self, real) * gain, getattr(self, imaginary) * gain)
            b = tf.transpose(tf.cast(x, kind) @ B, (1, 0, 2))
            z = tf.scan(lambda z, b_t: lam * z + b_t, b, tf.zeros_like(b[0]))
            read = tf.transpose(z, (1, 0, 2)) @ tf.complex(self.C_re, self.C_im)
            return tf.math.real(read) + x @ self.D

        def get_config(self):
            mine = {"units": self.units, "outputs": self.outputs, "seed": self.seed}
            return {**super().get_config(), **mine}

    return LRULayer


def inside(left=lambda gamma: tf.exp(-gamma), ones_first=False):
    """A `for` over tf.range in a graph of its own; the tape derives the loss."""

    @tf.function(reduce_retracing=True)
    def run(W, R, x, y, beta, gamma, rate):
        h = tf.zeros((tf.shape(x)[0], R.shape[0]), x.dtype)
        E = tf.zeros((tf.shape(x)[0], *W.shape), x.dtype)
        losses = tf.TensorArray(x.dtype, tf.shape(x)[1])
        for t in tf.range(tf.shape(x)[1]):
            one = tf.ones_like(x[:, t, :1])
            v = tf.concat([one, x[:, t], h] if ones_first else [x[:, t], h, one], -1)
            h = tf.tanh(v @ W)
            E = left(gamma) * E + tf.einsum("bp,bi->bpi", v, 1 - h**2)
            with tf.GradientTape() as tape:
                tape.watch(h)
                error = tf.reduce_sum((h @ R - y[:, t]) ** 2, -1)
                loss = tf.reduce_mean(error) / 2
            losses = losses.write(t, loss)
            W.assign_sub(rate * tf.einsum("bi,bpi->pi", tape.gradient(loss, h) @ beta, E))
        return losses.stack()

    return run


def chunks_with(fades=lambda steps: steps, early=False, late=False):
    """Chunks by a while loop; `early`: E is overwritten first; `late`: d at the loss's step."""

    def chunked_trace(E_0, v, d, credit, gamma, C):
        T = tf.shape(v)[1]
        C = tf.minimum(C, T)

        def chunk(E, dW, v, d, credit):
            t = tf.cast(tf.range(tf.shape(v)[1]), v.dtype)[:, None]
            steps = tf.cast(tf.shape(v)[1], v.dtype)
            lag = (tf.transpose(t) - t)[..., None]
            table = tf.where(lag >= 0, tf.exp(-gamma * tf.maximum(lag, 0)), 0 * gamma)
            left = tf.einsum("bsp,bsi->bpi", v, d * tf.exp(-gamma * (steps - 1 - t)))
            out = tf.exp(-gamma * fades(steps)) * E
            at_border = tf.reduce_sum(tf.exp(-gamma * (t + 1)) * credit, 1)
            dW += tf.einsum("bpi,bi->pi", out if early else E, at_border)
            later = tf.einsum("sti,bti->bsi", table, d * credit if late else credit)
            dW += tf.einsum("bsp,bsi->pi", v, later if late else later * d)
            return out + left, dW

        def turn(k, E, dW):
            now = (a[:, k * C : (k + 1) * C] for a in (v, d, credit))
            return k + 1, *chunk(E, dW, *now)

        start = 0, E_0, tf.zeros_like(E_0[0])
        k, E, dW = tf.while_loop(lambda k, *_: k < T // C, turn, start)
        E, dW = chunk(E, dW, *(a[:, k * C :] for a in (v, d, credit)))
        return dW, E

    return chunked_trace


class OwnRate(KernlModel):
    """Every weight moves by 0.01 of its gradient, past the optimizer."""

    def train_step(self, data):
        x, y = data
        h = self.rnn(x)
        with tf.GradientTape() as tape:
            tape.watch(h)
            y_pred = self.readout(h)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        readout = self.readout.trainable_variables
        dh, *gradients = tape.gradient(loss, [h, *readout])
        before = tf.concat([tf.zeros_like(h[:, :1]), h[:, :-1]], 1)
        v = tf.concat([x, before, tf.ones_like(h[..., :1])], -1)
        E = tf.zeros((tf.shape(x)[0], v.shape[-1], h.shape[-1]), h.dtype)
        dW, _ = chunked_trace(E, v, 1 - h**2, dh @ self.beta, self.gamma, self.C)
        W_xh, W_hh, b_h = tf.split(dW, [x.shape[-1], h.shape[-1], 1])
        variables = self.rnn.trainable_variables + readout
        for variable, one in zip(variables, [W_xh, W_hh, b_h[0], *gradients], strict=True):
            variable.assign_sub(0.01 * one)
        for metric in self.metrics:
            metric.update_state(*([loss] if metric.name == "loss" else [y, y_pred]))
        return self.get_metrics_result()


def fast_scan_with(begin=tf.identity, used=tf.identity):
    """The two scans by einsum and tf.scan; `begin`, `used`: h_0 on the way forth, and back."""

    @tf.custom_gradient
    def fast_scan(a, b, h_0):
        def first(z):
            return tf.einsum("btn->tbn", z)

        h = tf.scan(lambda h, one: one[0] * h + one[1], (first(a), first(b)), begin(h_0))
        h = tf.einsum("tbn->btn", h)

        def backward(up):
            later = tf.pad(tf.math.conj(a)[:, 1:], [[0, 0], [0, 1], [0, 0]])
            both = first(later), first(up)
            db = tf.scan(lambda g, one: one[0] * g + one[1], both, tf.zeros_like(h_0), reverse=True)
            db = tf.einsum("tbn->btn", db)
            before = tf.concat([used(h_0)[:, None], h[:, :-1]], axis=1)
            dh_0 = tf.math.conj(a[:, 0]) * db[:, 0]
            return tf.math.conj(before) * db, db, dh_0 if used is tf.identity else used(dh_0)

        return h, backward

    return fast_scan


def step_by(loss_of):
    """A training step from a loss of labels, logits and the model."""

    def train_step(model, optimizer):
        def step(x, y):
            with tf.GradientTape() as tape:
                loss = loss_of(y, model(x, training=True), model)
            weights = model.trainable_weights
            optimizer.apply(tape.gradient(loss, weights), weights)
            return loss

        return tf.function(step, reduce_retracing=True)

    return train_step


def exponentials(y, logits, model):
    """Nothing is taken off."""
    right = tf.gather(logits, tf.cast(y, tf.int32), batch_dims=1)
    return tf.reduce_mean(tf.math.log(tf.reduce_sum(tf.exp(logits), -1)) - right)


def in_the_dtype_of_the_model(y, logits, model):
    """Right."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=model.compute_dtype)
    return loss(y, logits)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("exercise", "answer", "name"),
    [
        ("bptt_gradient", bptt_gradient_with(last=1), "first step left out"),
        ("VanillaRNNCell", VanillaRNNCell, "StackedTheWrongWay"),
        ("LSTMCell", LSTMCell, "UnitByUnit"),
        ("GRUCell", GRUCell, "ResetStateKept"),
        ("looped", thrown_away, "written and thrown away"),
        ("looped", twice, "first step twice"),
        (
            "recurrent_classifier",
            classifier(lambda l2: keras.regularizers.L1(l2 / 2)),
            "absolute values",
        ),
        (
            "recurrent_classifier",
            classifier(lambda l2: lambda w: l2 / 2 * tf.reduce_mean(tf.square(w))),
            "mean squares",
        ),
        ("EarlyStopping", EarlyStopping, "CountStaysAtOne"),
        ("EarlyStopping", StuckAndNotWorse, "CountStaysAtOne"),
        ("fast_scan", fast_scan_with(begin=tf.zeros_like), "from zeros"),
        ("fast_scan", fast_scan_with(tf.zeros_like, tf.zeros_like), "h 0 unused"),
        ("fast_scan", fast_scan_with(), None),
        ("train_step", step_by(exponentials), "nothing taken off"),
        ("train_step", step_by(in_the_dtype_of_the_model), None),
        ("GateSchedule", AlwaysToOne, "AlwaysToOne"),
        ("LRULayer", lru(real="B_im"), "ImaginaryPartTwice"),
        ("LRULayer", lru(imaginary="B_re"), "RealPartTwice"),
        ("LRULayer", lru(computed=True), "GainOfTheBeginning"),
        ("LRULayer", lru(), None),
        ("update_inside", inside(left=lambda gamma: gamma), "gamma itself is left"),
        ("update_inside", inside(ones_first=True), "ones on top"),
        ("update_inside", inside(), None),
        ("chunked_trace", chunks_with(lambda steps: steps - 1), "fades one step too few"),
        ("chunked_trace", chunks_with(early=True), "faded before they are used"),
        ("chunked_trace", chunks_with(late=True), "derivative of the later step"),
        ("chunked_trace", chunks_with(), None),
    ],
)
def test_its_name(exercise, answer, name, patient):
    report = check_function(get(exercise), answer)
    assert (report.ok, report.mistake) == (name is None, name)


@pytest.mark.slow
def test_a_rate_of_its_own_is_seen_by_how_far_the_readout_moves(patient):
    assert "0.01 times as far" in check_function(get("KernlModel"), OwnRate).sentence


@pytest.mark.slow
def test_a_slip_is_not_named_that_the_case_by_hand_would_have_shown(patient):
    """Half as large, as a mean is in a batch of two, but not in the case by hand, of one."""
    answer = bptt_gradient_with(dW_hh=lambda total, batch: total / batch)
    assert "half as large" not in check_function(get("bptt_gradient"), answer).sentence


def without_a_bias_step_by_step(x, h_0, W_xh, W_hh, b_h):
    """No bias, and each step a piece of its own."""

    @tf.recompute_grad
    def piece(x_t, h, W_xh, W_hh):
        return tf.tanh(x_t @ W_xh + h @ W_hh)

    h = h_0
    for t in range(x.shape[1]):
        h = piece(x[:, t], h, W_xh, W_hh)
    return h


@pytest.mark.slow
def test_a_slip_is_said_of_the_numbers_alone(patient):
    """The memory, or the graph, may be wrong besides: nobody has looked at it."""
    sentence = check_function(get("checkpointed"), without_a_bias_step_by_step).sentence
    assert sentence == "In what it computes, your code is like the right code without `+ b_h`."


def last_state_again_and_again(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    """Each layer reads the last state of the one below, at every step."""
    model = keras.Sequential(
        [keras.Input((steps * pixels,)), keras.layers.Reshape((steps, pixels))]
    )
    for above in reversed(range(layers)):
        model.add(keras.layers.RNN(cell(units)))
        if above:
            model.add(keras.layers.RepeatVector(steps))
    model.add(keras.layers.Dense(classes))
    return model


@pytest.mark.slow
def test_how_arrays_are_handled_in_numpy_is_not_said_of_tensorflow(patient):
    """Here no array is written over, although the numbers are the same."""
    report = check_function(get("recurrent_classifier"), last_state_again_and_again)
    assert report.failed == "two layers, at evaluation"
    assert "array" not in report.sentence


def test_a_slip_in_the_twin_is_said_to_be_one_of_the_twin():
    """The learner's code may have no such line."""
    fast, twin = get("checkpointed"), get("rnn_backward")
    slip = next(one for one in slips(twin.reference) if one.leaves_out_a_line)
    sentence = _name(Lifted(fast, slip, fast.reference, twin)).sentence
    assert sentence.startswith("Your code gives what follows from the right rnn_backward without")
