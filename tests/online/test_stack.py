"""Stacks of cells: credit through depth, against a tape that is cut where credit is left out."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import GRUCell, LSTMCell, LSTMVariantCell, VanillaRNNCell
from course_lib.online import RULES, LeakyRNNCell, OnlineRNN, StackCell, TurningRNNCell

B, T, M, C = 3, 6, 2, 3
F64 = {"dtype": "float64"}
LAYERS = keras.layers


def two():
    """Two cells of different sizes."""
    return [LeakyRNNCell(4, leak=0.6, **F64), LeakyRNNCell(3, **F64)]


def between():
    """Two cells, with layers below each."""
    first, second = two()
    return [LAYERS.Dense(5, "tanh", **F64), first, LAYERS.LayerNormalization(**F64), second]


def data(sequences=False, masked=False, steps=T, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(B, steps, M))
    if masked:
        x[0, steps // 2 :] = 0
        x[1, 1:3] = 0
        x[2] = 0  # not one step is real
    return x, rng.normal(size=(B, steps, C) if sequences else (B, C))


def model_of(parts, sequences=False, masked=False, stateful=False, size=0.4):
    """A float64 model with random weights."""
    keras.utils.set_random_seed(0)
    mask_value = 0.0 if masked else None
    model = OnlineRNN(parts, C, sequences, mask_value=mask_value, stateful=stateful)
    model.build((B if stateful else None, T, M))
    rng = np.random.default_rng(2)
    for w in model.trainable_variables:
        w.assign(size * rng.normal(size=w.shape))
    return model


def compiled(model, rule, loss=None, **settings):
    loss = loss or keras.losses.MeanSquaredError(**F64)
    model.compile("sgd", loss, rule=rule, seed=4, jit_compile=False, **settings)


def gradients(model, x, y, rule, loss=None, **settings):
    compiled(model, rule, loss, **settings)
    found = model.gradients(tf.constant(x), tf.constant(y))[2]
    return [keras.ops.convert_to_numpy(g) for g in found]


def equal(found, expected, atol=1e-10):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


def far(found, expected):
    return max(np.abs(a - b).max() for a, b in zip(found, expected, strict=True))


def cut_tape(model, x, y, remembers):
    """The gradients by a tape on which some cells forget what their states owe to the weights.

    Args:
        remembers: whether a cell does, of the number of the level that the gradient is for, and its
            own number; from below.
    """
    levels, variables = model.cell.levels, model.trainable_variables
    mask = model.mask(tf.constant(x))
    by_weight = {}
    for wanted, (layers, cell) in enumerate(levels):
        of_layers = [w for layer in layers for w in layer.trainable_variables]
        for own, weights in ((False, of_layers), (True, cell.trainable_variables)):
            with tf.GradientTape() as tape:
                states = model.cell.get_initial_state(B)
                seen = []
                for t in range(x.shape[1]):
                    new, h, left = [], tf.constant(x[:, t]), list(states)
                    parts = []
                    for _, one in reversed(levels):
                        count = len(keras.tree.flatten(one.state_size))
                        parts, left = [left[:count], *parts], left[count:]
                    for number, ((below, one), state) in enumerate(zip(levels, parts, strict=True)):
                        for layer in below:
                            h = layer(h)
                        kept = number < wanted or (number == wanted and own)
                        if not (kept and remembers):
                            known = [tf.stop_gradient(part) for part in state]
                        else:
                            known = state
                        h, after = one(h, known)
                        if mask is not None:
                            real = mask[:, t, None]
                            pairs = zip(after, state, strict=True)
                            after = [tf.where(real, a, b) for a, b in pairs]
                            h = after[0]
                        new = [*after, *new]
                    states = new
                    seen.append(states[0])
                h = tf.stack(seen, axis=1) if model.return_sequences else states[0]
                loss = model.compute_loss(tf.constant(x), tf.constant(y), model.read(h, mask))
            found = tape.gradient(
                loss, [w.value for w in weights], unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
            by_weight |= {id(w): g for w, g in zip(weights, found, strict=True)}
    found = [by_weight[id(w)] for w in variables if id(w) in by_weight]
    return [tf.convert_to_tensor(g).numpy() for g in found]  # that of an embedding is in slices


@pytest.mark.parametrize("parts", [two, between])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
def test_rtrl_lacks_what_went_through_an_upper_memory(parts, sequences, masked):
    """And nothing else: the top cell and the readout have BPTT's gradient."""
    x, y = data(sequences, masked)
    model = model_of(parts(), sequences, masked)
    found, exact = gradients(model, x, y, "rtrl", chunk=4), gradients(model, x, y, "bptt")
    equal(found[-5:], exact[-5:])
    equal(found[:-2], cut_tape(model, x, y, remembers=True))
    assert far(found[:-5], exact[:-5]) > 1e-4


CELLS = {
    "vanilla": lambda n: VanillaRNNCell(n, **F64),
    "leaky": lambda n: LeakyRNNCell(n, "relu", leak=0.6, **F64),
    "lstm": lambda n: LSTMCell(n, **F64),
    "gru": lambda n: GRUCell(n, reset_after=True, **F64),
    "gru, reset first": lambda n: GRUCell(n, **F64),
    "peepholes": lambda n: LSTMVariantCell(n, peepholes=True, **F64),
    "keras simple": lambda n: LAYERS.SimpleRNNCell(n, **F64),
    "keras lstm": lambda n: LAYERS.LSTMCell(n, **F64),
    "keras gru": lambda n: LAYERS.GRUCell(n, **F64),
    "keras gru, no bias": lambda n: LAYERS.GRUCell(n, use_bias=False, **F64),
    "keras gru, reset first": lambda n: LAYERS.GRUCell(n, reset_after=False, **F64),
    "turning": lambda n: TurningRNNCell(n // 2 * [0.3], n // 2 * [1.0], **F64),
}


@pytest.mark.parametrize("name", list(CELLS))
@pytest.mark.parametrize(("sequences", "masked"), [(False, True), (True, False)])
def test_a_rule_without_memory_is_a_tape_of_single_steps(name, sequences, masked):
    """So every cell passes its blame down as the tape of one step does."""
    x, y = data(sequences, masked)
    cell = CELLS[name]
    model = model_of([cell(4), LAYERS.Dense(3, "tanh", **F64), cell(2)], sequences, masked)
    found = gradients(model, x, y, "one_step", chunk=4)
    equal(found[:-2], cut_tape(model, x, y, remembers=False))


@pytest.mark.parametrize("rule", ["rtrl", "snap1", "rflo", "one_step", "hybrid", "kernl"])
@pytest.mark.parametrize("sequences", [False, True])
def test_one_step_leaves_nothing_out(rule, sequences):
    x, y = data(sequences, steps=1)
    model = model_of(between(), sequences)
    equal(gradients(model, x, y, rule), gradients(model, x, y, "bptt"))


@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_bptt_is_that_of_kerass_own_layers(sequences, masked):
    x, y = data(sequences, masked)
    model = model_of(between(), sequences, masked)
    found = gradients(model, x, y, "bptt")
    dense, first, norm, second = model.cell.parts
    inputs = keras.Input((None, M), **F64)
    mask = keras.Input((None,), dtype="bool")
    h = LAYERS.RNN(first, return_sequences=True, **F64)(dense(inputs), mask=mask)
    top = LAYERS.RNN(second, return_sequences=sequences, **F64)(norm(h), mask=mask)
    own = keras.Model([inputs, mask], top)
    real = model.mask(tf.constant(x)) if masked else tf.ones(x.shape[:2], bool)
    with tf.GradientTape() as tape:
        # With masks Keras shows something at steps that are none: it weighs nothing in the loss.
        out = model.read(own([tf.constant(x), real]), real if masked else None)
        loss = model.compute_loss(tf.constant(x), tf.constant(y), out)
    expected = tape.gradient(loss, [w.value for w in model.trainable_variables])
    equal(found, expected)
    equal(gradients(model, x, y, "tbptt", chunk=T), expected)
    assert far(gradients(model, x, y, "tbptt", chunk=2), expected) > 1e-5


def test_two_units_by_hand():
    """h = tanh(a x + b h₋), g = tanh(c h + d g₋), o = g at the second step, loss o."""
    model = OnlineRNN([VanillaRNNCell(1, **F64), VanillaRNNCell(1, **F64)], 1)
    model.build((1, 2, 1))
    a, b, c, d = 0.5, -0.4, 0.8, 0.3
    for w, value in zip(model.trainable_variables, [a, b, 0, c, d, 0, 1, 0], strict=True):
        w.assign(np.full(w.shape, value))
    x1, x2 = 1.0, 2.0
    h1 = np.tanh(a * x1)
    h2 = np.tanh(a * x2 + b * h1)
    g1 = np.tanh(c * h1)
    g2 = np.tanh(c * h2 + d * g1)
    on_g1, on_g2, on_h1, on_h2 = (1 - value**2 for value in (g1, g2, h1, h2))
    down = on_g2 * c  # dL/dh2 at the second step; that g1 has seen h1 is left out
    expected = {
        "a": down * on_h2 * (x2 + b * on_h1 * x1),
        "b": down * on_h2 * h1,
        "bias of h": down * on_h2 * (1 + b * on_h1),
        "c": on_g2 * (h2 + d * on_g1 * h1),
        "d": on_g2 * g1,
        "bias of g": on_g2 * (1 + d * on_g1),
        "readout": g2,
        "its bias": 1.0,
    }

    class Output(keras.losses.Loss):
        def call(self, y, out):
            return out[..., 0]

    x, y = np.array([[[x1], [x2]]]), np.zeros((1, 1))
    found = gradients(model, x, y, "rtrl", Output(**F64))
    np.testing.assert_allclose(np.concatenate([np.ravel(g) for g in found]), [*expected.values()])


@pytest.mark.parametrize("rule", [*RULES, "rtrl"])
@pytest.mark.parametrize("sequences", [False, True])
def test_a_stack_of_one_cell_is_that_cell(rule, sequences):
    x, y = data(sequences, masked=True)
    alone, stacked = (
        gradients(model_of(parts, sequences, masked=True), x, y, rule, chunk=4)
        for parts in (two()[1], StackCell(two()[1:]))
    )
    equal(stacked, alone, atol=1e-14)
    cell = two()[1]
    assert OnlineRNN([cell], C).cell is cell


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["kernl", "kernl_modes", "snap1", "rtrl"])
def test_chunks_and_pieces_give_what_one_sequence_gives(rule):
    x, y = data(True, masked=True)
    loss = keras.losses.MeanSquaredError(reduction="sum", **F64)
    found = []
    for cuts in ([6], [1, 2, 3], [4, 2]):
        model = model_of(between(), True, masked=True, stateful=True)
        compiled(model, rule, loss, chunk=4)
        ends = np.cumsum(cuts)
        parts = [
            model.gradients(x[:, end - cut : end], y[:, end - cut : end])
            for cut, end in zip(cuts, ends, strict=True)
        ]
        sums = [
            sum(map(keras.ops.convert_to_numpy, g))
            for g in zip(*(p[2] for p in parts), strict=True)
        ]
        fits = [tf.nest.flatten(p[3]) for p in parts] if parts[0][3] is not None else [()]
        sums += [sum(np.array(a) for a in fit) for fit in zip(*fits, strict=True)]
        found.append(sums)
    equal(found[1], found[0], atol=1e-12)
    equal(found[2], found[0], atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["kernl", "rtrl", "tbptt"])
def test_a_stream_changes_the_weights_as_a_sequence_does(rule):
    x, y = (a.astype("float32").astype(float) for a in data(True, masked=True, steps=8))

    def fresh():
        model = model_of(between(), True, masked=True)
        loss = keras.losses.MeanSquaredError(**F64)
        model.compile("sgd", loss, rule=rule, update_every=4, seed=4, jit_compile=False)
        return model

    def weights(model):
        own = [*model.trainable_weights, *(model.kernel.weights if rule == "kernl" else [])]
        return [keras.ops.convert_to_numpy(w) for w in own]

    (long := fresh()).train_on_batch(x, y)
    stream = (model := fresh()).stream(B)
    for part in (slice(0, 1), slice(1, 3), slice(3, 8)):
        stream.learn(x[:, part], y[:, part])
    equal(weights(model), weights(long), atol=1e-12)
    assert far(weights(model), weights(fresh())) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["kernl", "bptt"])
@pytest.mark.parametrize("cell", [LeakyRNNCell, LSTMCell])
def test_reading_goes_on_from_call_to_call(rule, cell):
    x, _ = data(masked=True)
    parts = [cell(4, **F64), LAYERS.Dense(3, **F64), cell(2, **F64)]
    model = model_of(parts, True, masked=True, stateful=True)
    model.compile("sgd", "mse", rule=rule, jit_compile=False)
    whole = model.predict(x, verbose=0)
    stream = model.stream(B)
    out = [stream.predict(x[:, part]) for part in (slice(0, 4), slice(4, 6))]
    np.testing.assert_allclose(np.concatenate(out, axis=1), whole, atol=1e-6)
    model.reset_state()
    out = [model.predict(x[:, part], verbose=0) for part in (slice(0, 4), slice(4, 6))]
    np.testing.assert_allclose(np.concatenate(out, axis=1), whole, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["kernl", "kernl_modes", "rtrl", "tbptt"])
def test_a_stored_stack_goes_on(rule, tmp_path):
    x, y = data(True)
    model = model_of(between(), True)
    model.compile("adam", "mse", rule=rule, update_every=4, seed=4, jit_compile=False)
    stream = model.stream(B)
    stream.learn(x, y)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    assert [type(part) for part in again.cell.parts] == [type(part) for part in model.cell.parts]
    for one in (stream, again.stream()):
        one.learn(y[..., :M], y)
    for of in (lambda m: m.trainable_weights, lambda m: m.kernel.weights):
        for a, b in zip(of(model), of(again), strict=True):
            np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (a, b)))
    np.testing.assert_array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["kernl", "snap1", "tbptt"])
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_learns_what_float32_learns(rule, policy):
    x, y = data()
    steps = []
    for dtype in ("float32", policy):
        keras.utils.set_random_seed(0)
        parts = [
            LAYERS.Dense(5, "tanh", dtype=dtype),
            LeakyRNNCell(4, dtype=dtype),
            LeakyRNNCell(3, dtype=dtype),
        ]
        model = OnlineRNN(parts, C)
        model.build(x.shape)
        model.compile("sgd", "mse", rule=rule, jit_compile=False)
        before = [keras.ops.convert_to_numpy(w) for w in model.trainable_weights]
        model.fit(x, y, batch_size=B, verbose=0)
        moved = zip(model.trainable_weights, before, strict=True)
        steps.append(np.concatenate([np.ravel(w.numpy() - a) for w, a in moved]))
    exact, half = steps
    assert exact @ half / np.linalg.norm(exact) / np.linalg.norm(half) > 0.98
    assert np.linalg.norm(half) == pytest.approx(np.linalg.norm(exact), rel=0.1)


@pytest.mark.parametrize("parts", [lambda: [LSTMCell(4, **F64), LSTMCell(3, **F64)], None])
def test_a_loss_that_mixes_steps(parts):
    """It is taken once over all states, which Keras's loop finds: an LSTM alone too."""

    class LastOfAll(keras.losses.Loss):
        def call(self, y, out):
            return keras.ops.mean(keras.ops.cumsum(out, axis=1) ** 2)

    x, y = data(True)
    model = model_of(parts() if parts else LSTMCell(3, **F64), True)
    found = gradients(model, x, y, "snap1", LastOfAll(**F64))
    exact = gradients(model, x, y, "bptt", LastOfAll(**F64))
    equal(found[-2:], exact[-2:])
    assert far(found, exact) > 1e-6


def test_layers_of_other_shapes_and_slices():
    """A layer sees single steps, whatever it makes of them; that of an embedding counts as well."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 5, (B, T, 2)).astype(float)
    words = [LAYERS.Embedding(5, 3, **F64), LAYERS.Flatten(**F64), *two()]
    image = [
        LAYERS.Reshape((2, 1), **F64),
        LAYERS.Conv1D(2, 2, padding="same", **F64),
        LAYERS.Flatten(**F64),
        two()[0],
    ]
    _, y = data(True)
    for parts, top in ((words, -5), (image, -5)):
        model = model_of(parts, True)
        found = gradients(model, x, y, "rtrl", chunk=4)
        equal(found[top:], gradients(model, x, y, "bptt")[top:])
        equal(found[:-2], cut_tape(model, x, y, remembers=True))


def test_a_frozen_cell_stays_and_lets_credit_through():
    x, y = data(True)
    first, second = two()
    dense = LAYERS.Dense(5, **F64)
    model = model_of([dense, first, second], True)
    found = gradients(model, x, y, "rtrl")
    first.trainable = False
    model.compile("sgd", keras.losses.MeanSquaredError(**F64), rule="rtrl", jit_compile=False)
    frozen = [keras.ops.convert_to_numpy(g) for g in model.gradients(x, y)[2]]
    equal(frozen, [*found[:2], *found[5:]])


def test_a_layer_below_two_cells_has_credit_from_both():
    """With one step, rtrl leaves nothing out; nor where it stands twice below one cell."""
    tied = LAYERS.Dense(M, **F64)
    first, second = LeakyRNNCell(M, **F64), LeakyRNNCell(3, **F64)
    model = model_of([keras.Sequential([tied]), keras.Sequential([tied]), first, tied, second])
    x, y = data(steps=1)
    equal(gradients(model, x, y, "rtrl"), gradients(model, x, y, "bptt"))


def test_what_is_set_free_after_compile_learns():
    front = LAYERS.Dense(5, **F64)
    model = model_of([front, *two()])
    x, y = data(steps=1)
    expected = gradients(model, x, y, "bptt")
    front.trainable = False
    compiled(model, "rtrl")
    front.trainable = True
    equal(model.gradients(tf.constant(x), tf.constant(y))[2], expected)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["kernl", "bptt"])
def test_it_learns_what_it_has_to_remember(rule):
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(200, 8, 1)).astype(np.float32)
    y = (x[:, 0, 0] > 0).astype(int)
    start = {"recurrent": "identity", "noise": 1e-2}
    model = OnlineRNN([LAYERS.Dense(4), *(LeakyRNNCell(16, **start) for _ in range(2))], 2)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(1e-2, global_clipnorm=1.0)
    model.compile(optimizer, loss, ["accuracy"], rule=rule, jit_compile=False)
    history = model.fit(x, y, batch_size=20, epochs=10, verbose=0).history
    assert history["accuracy"][-1] > 0.75


@pytest.mark.slow
def test_every_cell_fits_a_kernel_of_its_own():
    """The two kernels explain more from update to update, each as one of a lone cell would."""
    x, y = data()
    keras.utils.set_random_seed(0)
    model = OnlineRNN([LeakyRNNCell(n, **F64) for n in (4, 3)], C)
    model.build((None, T, M))
    model.compile("sgd", "mse", rule="kernl", kernel_optimizer=keras.optimizers.SGD(0.1))

    @tf.function(autograph=False)
    def update():
        fit = model.gradients(tf.constant(x), tf.constant(y))[3]
        model.kernel_optimizer.apply(model.kernel.gradients(fit), model.kernel.weights)
        return [one.missed / one.moved for one in fit.fits]

    missed = np.array([[share.numpy() for share in update()] for _ in range(60)])
    assert np.all(missed[-5:].mean(axis=0) < 0.85 * missed[:5].mean(axis=0))
    assert [kernel.beta.shape for kernel in model.kernel.kernels] == [(4, 4), (3, 3)]


class Adds(LAYERS.Layer):
    def call(self, x):
        self.add_loss(keras.ops.sum(x))
        return x


CELL = LeakyRNNCell(3)


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ([], ValueError, "last of a stack is a cell"),
        ([LeakyRNNCell(3), LAYERS.Dense(2)], ValueError, "readout"),
        ([16, LeakyRNNCell(3)], TypeError, "neither a cell nor a layer"),
        ([LAYERS.LSTM(3), LeakyRNNCell(3)], TypeError, "needs its cell"),
        ([StackCell([LeakyRNNCell(3), LeakyRNNCell(3)]), LeakyRNNCell(3)], TypeError, "one list"),
        ([CELL, CELL], ValueError, "twice"),
        ([LeakyRNNCell(3), LeakyRNNCell(3, **F64)], ValueError, "float32 and float64"),
        ([LAYERS.Dropout(0.1), LeakyRNNCell(3)], ValueError, "differently in training"),
        ([LAYERS.BatchNormalization(), LeakyRNNCell(3)], ValueError, "differently in training"),
        (
            [keras.Sequential([LAYERS.Dense(2), LAYERS.GaussianNoise(1.0)]), LeakyRNNCell(3)],
            ValueError,
            "GaussianNoise",
        ),
        ([LAYERS.Masking(), LeakyRNNCell(3)], ValueError, "mask_value"),
        (
            [LAYERS.Dense(3, activity_regularizer="l2"), LeakyRNNCell(3)],
            ValueError,
            "activity_regularizer",
        ),
        ([LeakyRNNCell(3), LAYERS.LSTMCell(3, dropout=0.5)], ValueError, "dropout inside a cell"),
    ],
)
def test_what_can_not_stand_in_a_stack_is_said(parts, error, message):
    with pytest.raises(error, match=message):
        OnlineRNN(parts, 2)


def test_what_a_stack_can_not_do_is_said():
    model = OnlineRNN([LeakyRNNCell(3), LeakyRNNCell(3)], 2)
    model.build((None, T, M))
    with pytest.raises(ValueError, match="uoro"):
        model.compile("sgd", "mse", rule="uoro")
    with pytest.raises(ValueError, match="modes of its own"):
        model.compile("sgd", "mse", rule="kernl_modes", modes="cell")
    with pytest.raises(ValueError, match="Flatten"):
        OnlineRNN([LAYERS.Reshape((1, M)), LeakyRNNCell(3)], 2).build((None, T, M))
    model = OnlineRNN([LeakyRNNCell(3), LSTMCell(3)], 2)
    model.build((None, T, M))
    with pytest.raises(TypeError, match="rtrl"):
        model.compile("sgd", "mse", rule="rtrl")
    model = OnlineRNN([Adds(), LeakyRNNCell(3)], C)
    model.compile("sgd", "mse", rule="snap1", jit_compile=False)
    with pytest.raises(ValueError, match="add_loss"):
        model.fit(*data(), verbose=0)
