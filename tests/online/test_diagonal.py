"""Exact traces equal backpropagation through time; what a stack leaves out; updates inside."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import LRU, GRUCell, MinGRU, ResidualBlock
from course_lib.online import OnlineScan
from course_lib.online.diagonal import LRUTraces, MinGRUTraces
from course_lib.scratch import diagonal

KINDS = {
    "lru": lambda **kw: LRU(5, seed=1, dtype="float64", **kw),
    "lru with outputs": lambda **kw: LRU(5, 3, seed=1, dtype="float64", **kw),
    "mingru": lambda **kw: MinGRU(5, dtype="float64", **kw),
}
every_kind = pytest.mark.parametrize("kind", KINDS)
T, BATCH, CLASSES = 11, 4, 3
LENGTHS = np.array([11, 6, 1, 0])


def loss_of():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")


def batch(sequences=False, lengths=None):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, T, 2)) + 3  # no input is zero by chance
    if lengths is not None:
        x *= (np.arange(T) < lengths[:, None])[..., None]
    return tf.constant(x), tf.constant(rng.integers(0, CLASSES, (BATCH, T) if sequences else BATCH))


def readout():
    return keras.Sequential(
        [
            keras.layers.LayerNormalization(dtype="float64"),
            keras.layers.Dense(4, "gelu", dtype="float64"),
            keras.layers.Dense(CLASSES, dtype="float64"),
        ]
    )


def model_of(layers, **settings):
    keras.utils.set_random_seed(3)
    model = OnlineScan(layers, readout(), **settings)
    model.build((None, T, 2))
    rng = np.random.default_rng(1)
    for w in model.trainable_variables:
        w.assign(w + 0.3 * rng.normal(size=w.shape))
    return model


def gradients(model, data, rule, **settings):
    model.compile("sgd", loss_of(), rule=rule, jit_compile=False, **settings)
    loss, _, found = tf.function(model.gradients, autograph=False)(*data)
    gradients.loss = float(loss)
    return found


def assert_equal(ours, theirs, tolerance=1e-10):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * np.abs(other).max() + 1e-15)


@every_kind
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("chunk", [1, 4, 11, "auto"])
def test_equal_to_bptt(kind, sequences, chunk):
    model = model_of(KINDS[kind](return_sequences=sequences))
    data = batch(sequences)
    ours, loss = gradients(model, data, "exact", chunk=chunk), gradients.loss
    assert_equal(ours, gradients(model, data, "bptt"))
    assert loss == pytest.approx(gradients.loss, rel=1e-6)


@every_kind
@pytest.mark.parametrize("chunk", [1, 4])
def test_equal_to_bptt_with_masks(kind, chunk):
    model = model_of(KINDS[kind](), mask_value=0.0)
    data = batch(lengths=LENGTHS)
    assert_equal(gradients(model, data, "exact", chunk=chunk), gradients(model, data, "bptt"))


def test_equal_to_bptt_with_sample_weights():
    model = model_of(KINDS["lru"]())
    data = *batch(), tf.constant([0.5, 2.0, 0.0, 1.0], tf.float64)
    assert_equal(gradients(model, data, "exact", chunk=3), gradients(model, data, "bptt"))


def test_equal_to_bptt_with_a_weight_at_each_step():
    model = model_of(KINDS["mingru"](return_sequences=True))
    weight = tf.constant(np.random.default_rng(7).random((BATCH, T)))
    data = *batch(True), weight
    assert_equal(gradients(model, data, "exact", chunk=3), gradients(model, data, "bptt"))


@pytest.mark.slow
def test_a_weight_of_a_sequence_counts_for_each_of_its_steps():
    model = model_of(KINDS["mingru"](return_sequences=True))
    weight = tf.constant([0.5, 2.0, 0.0, 1.0], tf.float64)
    steps = tf.repeat(weight[:, None], T, axis=1)
    ours = gradients(model, (*batch(True), weight), "exact", chunk=3)
    for rule in ("exact", "bptt"):
        assert_equal(ours, gradients(model, (*batch(True), steps), rule))
    assert_equal(ours, gradients(model, (*batch(True), weight), "bptt"))


@pytest.mark.parametrize("weighted", [False, True])
def test_targets_of_one_output_need_no_axis_of_their_own(weighted):
    model = OnlineScan(KINDS["lru"](return_sequences=True), keras.layers.Dense(1, dtype="float64"))
    loss = keras.losses.MeanSquaredError(dtype="float64")
    rng = np.random.default_rng(4)
    y, weight = rng.normal(size=(BATCH, T)), rng.random((BATCH, T)) if weighted else None
    found = []
    for rule, target in (("exact", y), ("bptt", y), ("exact", y[..., None])):
        model.compile("sgd", loss, rule=rule, jit_compile=False)
        found.append(model.gradients(batch()[0], target, weight)[2])
    assert_equal(found[0], found[1])
    assert_equal(found[0], found[2])


@pytest.mark.parametrize("scale", ["mixed_float16", "factor"])
def test_a_scaled_loss_makes_the_step_that_an_unscaled_one_makes(scale):
    """As in mixed precision: the optimizer divides by what the loss was multiplied by."""
    moved = []
    for rule in ("exact", "bptt"):
        keras.utils.set_random_seed(0)
        policy = keras.dtype_policies.get(scale if scale != "factor" else "float32")
        model = OnlineScan(MinGRU(4, dtype=policy), keras.layers.Dense(CLASSES, dtype="float32"))
        model.build((None, T, 2))
        factor = 1024.0 if scale == "factor" else None
        optimizer = keras.optimizers.SGD(0.1, loss_scale_factor=factor)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer, loss, rule=rule, chunk=4)
        before = [w.numpy() for w in model.trainable_variables]
        model.train_on_batch(*(a.numpy() for a in batch()))
        moved.append([w - old for w, old in zip(model.trainable_variables, before, strict=True)])
    assert np.abs(moved[1][0]).max() > 1e-4
    assert_equal(*moved, 0.02 if scale == "mixed_float16" else 1e-4)


@pytest.mark.parametrize("options", [{"update_every": 2}, {"chunk": 2}])
def test_a_block_of_a_single_unit_learns_in_a_graph(options):
    """Its gate has a kernel with an axis of one, which no loop over windows may forget."""
    recurrence = MinGRU(1, return_sequences="chunk" in options)
    model = OnlineScan(ResidualBlock(recurrence), 1)
    model.compile("sgd", "mse", jit_compile=False, **options)
    x = np.random.default_rng(0).normal(size=(1, 6, 2)).astype("float32")
    model.build(x.shape)
    before = [w.numpy() for w in model.trainable_variables]
    model.train_on_batch(x, x[..., :1] if recurrence.return_sequences else x[:, 0, :1])
    moved = [
        np.abs(w - old).max() for w, old in zip(model.trainable_variables, before, strict=True)
    ]
    assert np.isfinite(moved).all()
    assert np.count_nonzero(moved) >= len(moved) - 1  # Keras's norm of one unit moves nothing


@pytest.mark.parametrize("sequences", [False, True])
def test_a_penalty_counts_once(sequences):
    """In float32: Keras can't add a penalty in float64 to its loss."""
    dense = keras.layers.Dense(CLASSES, kernel_regularizer=keras.regularizers.L2(0.5))
    model = OnlineScan(LRU(5, seed=0, return_sequences=sequences), dense)
    model.build((None, T, 2))
    x, y = batch(sequences)
    loss, found = keras.losses.SparseCategoricalCrossentropy(from_logits=True), []
    for rule in ("exact", "bptt"):
        model.compile("sgd", loss, rule=rule, chunk=3)
        found.append(model.gradients(tf.cast(x, tf.float32), y))
    assert float(found[0][0]) == pytest.approx(float(found[1][0]), rel=1e-5)
    assert_equal(found[0][2], found[1][2], 1e-4)


def test_equal_to_the_numpy_traces():
    """Traces after eleven steps, taken one by one in NumPy and as windows of four here."""
    layer = KINDS["lru"]()
    layer.build((None, T, 2))
    x, cell = batch()[0], layer.cell
    ours, states = LRUTraces(cell).zero(BATCH, 2), layer.get_initial_state(BATCH)
    for start in range(0, T, 4):
        piece = x[:, start : start + 4]
        ours = LRUTraces(cell).advance(ours, piece, states, None)
        _, states = layer.run(piece, states, None)
    params = {name: getattr(cell, name).numpy() for name in ("nu_log", "theta_log", "gamma_log")}
    params["B"] = cell.B[0].numpy() + 1j * cell.B[1].numpy()
    lam, gamma = diagonal.eigenvalues(params), np.exp(params["gamma_log"])
    z, E_lam = np.zeros((2, BATCH, 5), complex)
    E_x = np.zeros((BATCH, 2, 5), complex)
    for t in range(T):
        E_lam, E_x = diagonal.lru_trace_step(E_lam, E_x, z, x[:, t].numpy(), lam)
        z = lam * z + gamma * (x[:, t].numpy() @ params["B"])
    assert_equal(ours, (lam * E_lam, E_x))
    dz = np.random.default_rng(5).normal(size=(2, BATCH, 5))
    *others, dB = diagonal.lru_trace_gradient(dz[0] + 1j * dz[1], E_lam, E_x, params)
    theirs = dict(zip(("nu_log", "theta_log", "gamma_log"), others, strict=True))
    found = {w.name: g for w, g in LRUTraces(cell).credit(ours, list(tf.constant(dz)))}
    theirs |= {"B_re": dB.real, "B_im": dB.imag}
    assert set(found) == set(theirs)
    assert_equal(found.values(), [theirs[name] for name in found])


def test_a_trace_is_as_large_whatever_the_length():
    for kind, traces in (("lru", LRUTraces), ("mingru", MinGRUTraces)):
        layer = KINDS[kind]()
        layer.build((None, None, 2))
        before = traces(layer.cell).zero(3, 2)
        x = tf.random.normal((3, 50, 2), dtype=tf.float64)
        after = traces(layer.cell).advance(before, x, layer.get_initial_state(3), None)
        shapes = [[a.shape for a in tf.nest.flatten(one)] for one in (before, after)]
        assert shapes[0] == shapes[1]


@pytest.mark.slow
@every_kind
@pytest.mark.parametrize("every", [3, 4])
@pytest.mark.parametrize(("sequences", "ramp"), [(False, 0), (False, 2), (True, 0)])
def test_updates_inside_follow_each_window_s_own_gradient(kind, every, sequences, ramp):
    """With steps so small that the weights hardly move, they add up to one large step of BPTT."""
    model = model_of(KINDS[kind](return_sequences=sequences))
    x, y = batch(sequences)
    before = [w.numpy() for w in model.trainable_variables]
    rate = 1e-7
    model.compile(
        keras.optimizers.SGD(rate), loss_of(), update_every=every, run_eagerly=False,
        jit_compile=False, ramp=ramp,
    )  # fmt: skip
    model.train_on_batch(x, y)
    moved = [
        (old - w.numpy()) / rate for old, w in zip(before, model.trainable_variables, strict=True)
    ]
    for w, old in zip(model.trainable_variables, before, strict=True):
        w.assign(old)

    ends = [*range(every, T, every), T]
    with tf.GradientTape() as tape:
        loss = 0.0
        for start, end in zip([0, *ends[:-1]], ends, strict=True):
            if sequences:
                out = model(x[:, :end])[:, start:end]
                loss += loss_of()(y[:, start:end], out)
            else:
                loss += (end / T) ** ramp * loss_of()(y, model(x[:, :end]))
    true = tape.gradient(loss, [w.value for w in model.trainable_variables])
    assert_equal(moved, true, 5e-5)


def lru_owing(weights, past, x):
    """z before a window as a function of the weights of now, to first order.

    The decays of all windows so far are moved together, from where they stood; B and gamma are
    those of now, on the inputs as these have faded.
    """
    nu, theta, gamma, B_re, B_im = weights[:5]

    def log_lam(nu, theta):
        return tf.complex(-tf.exp(nu), tf.exp(theta))

    def replay(shift, of_inputs=False):
        z = np.zeros((BATCH, 2, 5) if of_inputs else (BATCH, 5), complex)
        for start, end, then in past:
            nu, theta, gamma, B_re, B_im = (w.numpy() for w in then[:5])
            lam = np.exp(log_lam(nu, theta).numpy() + shift)
            for t in range(start, end):
                new = x[:, t, :, None] * np.ones(5)
                if not of_inputs:
                    new = x[:, t] @ (np.exp(gamma) * (B_re + 1j * B_im))
                z = lam * z + new
        return z

    h = 1e-6
    now = log_lam(nu, theta)
    by_log = (replay(h) - replay(-h)) / (2 * h)
    B = tf.complex(*(tf.exp(gamma) * part for part in (B_re, B_im)))
    by_inputs = tf.reduce_sum(replay(0, of_inputs=True) * B, axis=1)
    moves = by_log * now + by_inputs
    z = replay(0) + moves - tf.stop_gradient(moves)
    return [tf.math.real(z), tf.math.imag(z)]


def mingru_owing(weights, past, x):
    """h before a window, with the weights of all windows so far moved together."""
    h = tf.zeros((BATCH, 5), tf.float64)
    for start, end, before in past:
        moved = [old + w - tf.stop_gradient(w) for old, w in zip(before, weights, strict=True)]
        for t in range(start, end):
            h = mingru_step(moved, h, x[:, t])
    return [h]


def mingru_step(weights, h, x_t):
    W_g, W_c, b_g, b_c = weights[:4]
    g = tf.sigmoid(x_t @ W_g + b_g)
    return (1 - g) * h + g * (x_t @ W_c + b_c)


@pytest.mark.parametrize("every", [2, 4])
@pytest.mark.parametrize("kind", ["lru", "mingru"])
def test_a_trace_that_is_carried_over_an_update_means_what_its_class_says(kind, every):
    """With steps so large that stale traces differ from others in the first digit."""
    layer = KINDS[kind](return_sequences=True)
    model = OnlineScan(layer, keras.layers.Dense(2, dtype="float64"))
    model.build((None, T, 2))
    rate, steps, rng = 0.25, 6, np.random.default_rng(6)
    loss = keras.losses.MeanSquaredError(dtype="float64")
    model.compile(keras.optimizers.SGD(rate), loss, update_every=every, run_eagerly=True)
    x, y = rng.normal(size=(2, BATCH, steps, 2))
    variables = model.trainable_variables
    weights, past = [tf.identity(w.value) for w in variables], []
    model.train_on_batch(x, y)

    def window(weights, state, start, end):
        """Outputs of some steps."""
        for t in range(start, end):
            if kind == "mingru":
                state = [mingru_step(weights, state[0], x[:, t])]
            else:
                nu, theta, gamma, *B = weights[:5]
                size, angle = tf.exp(-tf.exp(nu)), tf.exp(theta)
                re, im = size * tf.cos(angle), size * tf.sin(angle)
                new = [x[:, t] @ (tf.exp(gamma) * part) for part in B]
                state = [
                    re * state[0] - im * state[1] + new[0],
                    re * state[1] + im * state[0] + new[1],
                ]
            yield tf.concat(state, axis=-1) @ weights[-2] + weights[-1]

    for start in range(0, steps, every):
        end = min(start + every, steps)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            before = {"lru": lru_owing, "mingru": mingru_owing}[kind](weights, past, x)
            out = tf.stack(list(window(weights, before, start, end)), axis=1)
            error = tf.reduce_mean((out - y[:, start:end]) ** 2)
        past.append((start, end, weights))
        found = tape.gradient(error, weights)
        weights = [w - rate * g for w, g in zip(weights, found, strict=True)]
    assert_equal(variables, weights, 1e-7)  # the difference quotient's digits


def test_clocks_may_learn_more_slowly():
    x, y = batch()
    moved = []
    for speed in (1, 0.1, 0):
        model = model_of(KINDS["lru"]())
        model.compile(keras.optimizers.SGD(0.1), loss_of(), clock_speed=speed)
        before = [w.numpy() for w in model.trainable_variables]
        model.train_on_batch(x, y)
        moved.append([w - old for w, old in zip(model.trainable_variables, before, strict=True)])
    clock = {id(w) for w in model.stack[0].cell.clock}
    assert len(clock) == 2
    for w, full, tenth, none in zip(model.trainable_variables, *moved, strict=True):
        speeds = (0.1, 0) if id(w) in clock else (1, 1)
        assert_equal([tenth, none], [speed * full for speed in speeds], 1e-8)


def test_the_weights_move_inside():
    model = model_of(KINDS["lru"]())
    x, y = batch()
    model.compile(keras.optimizers.SGD(0.1), loss_of(), update_every=3)
    model.train_on_batch(x, y)
    assert int(model.optimizer.iterations) == 4
    once = model_of(KINDS["lru"]())
    once.compile(keras.optimizers.SGD(0.1), loss_of())
    once.train_on_batch(x, y)
    assert int(once.optimizer.iterations) == 1


def stack():
    return [
        ResidualBlock(KINDS["lru"](return_sequences=True), dtype="float64"),
        KINDS["lru with outputs"](return_sequences=True),
        KINDS["mingru"](),
    ]


@pytest.mark.slow
def test_a_stack_is_exact_at_the_top_and_says_what_it_leaves_out(cosine):
    model = model_of(stack())
    data = batch()
    true, cosines = gradients(model, data, "bptt"), {}
    of = {id(w): g for w, g in zip(model.trainable_variables, true, strict=True)}

    def by_layer(found):
        mine = {id(w): g for w, g in zip(model.trainable_variables, found, strict=True)}
        return [
            cosine([mine[id(w)] for w in layer.trainable_variables],
                   [of[id(w)] for w in layer.trainable_variables])
            for layer in model.stack
        ]  # fmt: skip

    for chunk in (1, 4, 11):
        cosines[chunk] = by_layer(gradients(model, data, "exact", chunk=chunk))
        assert cosines[chunk][-1] == pytest.approx(1, abs=1e-10)
    assert cosines[1][0] < 0.99
    assert cosines[1][1] < 0.999
    np.testing.assert_allclose(cosines[11], 1, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("sequences", [False, True])
def test_blocks_over_a_layer_of_another_width(sequences):
    top = ResidualBlock(KINDS["lru"](return_sequences=sequences), dtype="float64")
    model = model_of([KINDS["lru with outputs"](return_sequences=True), top])
    data = batch(sequences)
    whole = gradients(model, data, "exact", chunk=T)
    assert_equal(whole, gradients(model, data, "bptt"))
    windows = gradients(model, data, "exact", chunk=4)
    exact = [top.recurrence, top.gate, model.readout]
    exact = {id(w) for one in exact for w in one.trainable_variables}
    for w, one, other in zip(model.trainable_variables, windows, whole, strict=True):
        assert np.allclose(one, other, rtol=0, atol=1e-10 * np.abs(other).max()) == (id(w) in exact)


@pytest.mark.slow
@every_kind
def test_fit_with_xla_save_and_load(kind, tmp_path):
    layer = type(KINDS[kind]())
    keras.utils.set_random_seed(0)
    model = OnlineScan(layer(6), 3)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"], update_every=5, jit_compile=True)
    x, y = (a.numpy() for a in batch())
    x = x.astype("float32")
    losses = model.fit(x, y, epochs=10, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.predict(x[:, :3], verbose=0).shape == (BATCH, 3)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(x), model(x), rtol=0, atol=1e-6)
    assert again._options["update_every"] == 5
    np.testing.assert_allclose(
        again.train_on_batch(x, y)[0], model.train_on_batch(x, y)[0], rtol=1e-5
    )


def test_what_is_frozen_stays():
    layer = LRU(4, seed=0)
    model = OnlineScan(layer, 3)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = (a.numpy() for a in batch())
    model.build(x.shape)
    layer.trainable = False
    before = layer.get_weights()
    model.train_on_batch(x, y)
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("error", "message", "make"),
    [
        (TypeError, "no LRU, MinGRU", lambda: OnlineScan(keras.layers.GRU(3), 2)),
        (TypeError, "no LRU, MinGRU", lambda: OnlineScan([GRUCell(3)], 2)),
        (ValueError, "no layers", lambda: OnlineScan([], 2)),
        (ValueError, "needs return_sequences=True", lambda: OnlineScan([LRU(3), LRU(3)], 2)),
        (ValueError, "stateful", lambda: OnlineScan(LRU(3, stateful=True), 2)),
        (ValueError, "goes backwards", lambda: OnlineScan(MinGRU(3, go_backwards=True), 2)),
        (ValueError, "leaves out", lambda: OnlineScan(LRU(3, every=2, return_sequences=True), 2)),
        (
            ValueError,
            "leave zero_output_for_mask out",
            lambda: OnlineScan(MinGRU(3, zero_output_for_mask=True), 2, 0.0),
        ),
        (ValueError, "mask_value needs", lambda: OnlineScan(LRU(3, return_sequences=True), 2, 0.0)),
        (ValueError, "mask_value needs", lambda: OnlineScan(ResidualBlock(LRU(3)), 2, 0.0)),
        (ValueError, "Choose exact or bptt", lambda: OnlineScan(LRU(3), 2).compile(rule="kernl")),
        (
            ValueError,
            "leave out update_every",
            lambda: OnlineScan(LRU(3), 2).compile(rule="bptt", update_every=3),
        ),
        (ValueError, "update_every is 0", lambda: OnlineScan(LRU(3), 2).compile(update_every=0)),
        (ValueError, "set update_every", lambda: OnlineScan(LRU(3), 2).compile(ramp=2)),
        (
            ValueError,
            "leave return_sequences out",
            lambda: OnlineScan(LRU(3, return_sequences=True), 2).compile(ramp=2, update_every=2),
        ),
        (
            ValueError,
            "plain mean over all steps",
            lambda: OnlineScan(LRU(3, return_sequences=True), 2).compile(
                loss=keras.losses.MeanSquaredError(reduction="sum")
            ),
        ),
        (
            ValueError,
            "plain mean over all steps",
            lambda: OnlineScan(LRU(3, return_sequences=True), 2).compile(
                loss=lambda y, out: tf.reduce_sum(y - out)
            ),
        ),
        (
            ValueError,
            "plain mean over all steps",
            lambda: OnlineScan(LRU(3, return_sequences=True), 2).compile(
                loss=keras.losses.SparseCategoricalCrossentropy(ignore_class=0)
            ),
        ),
        (ValueError, "clock_speed is -1", lambda: OnlineScan(LRU(3), 2).compile(clock_speed=-1)),
        (
            ValueError,
            "leave out",
            lambda: OnlineScan(LRU(3), 2).compile(rule="bptt", clock_speed=0.5),
        ),
        (ValueError, "ramp is -1", lambda: OnlineScan(LRU(3), 2).compile(ramp=-1, update_every=2)),
        (ValueError, "chunk is 'all'", lambda: OnlineScan(LRU(3), 2).compile(chunk="all")),
    ],
)
def test_bad_settings_get_a_sentence(error, message, make):
    with pytest.raises(error, match=message):
        make()


def with_two_outputs(sequences=False):
    h = keras.Input((None, 6) if sequences else (6,), dtype="float64")
    ends = [keras.layers.Dense(n, dtype="float64")(h) for n in (1, 2)]
    layer = LRU(3, return_sequences=sequences, seed=1, dtype="float64")
    return OnlineScan(layer, keras.Model(h, ends))


@pytest.mark.parametrize("loss", ["mse", ["mse", "mae"]])
def test_several_outputs_of_the_last_step(loss):
    keras.utils.set_random_seed(1)
    model, (x, _) = with_two_outputs(), batch()
    y = [tf.ones((BATCH, 1), tf.float64), tf.zeros((BATCH, 2), tf.float64)]
    found = {}
    for rule in ("exact", "bptt"):
        model.compile("sgd", loss, rule=rule, jit_compile=False)
        _, out, found[rule] = model.gradients(x, y)
        assert [one.shape[-1] for one in out] == [1, 2]
    for one, other in zip(found["exact"], found["bptt"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)
    model.compile("sgd", loss, update_every=2)
    assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all()


@pytest.mark.parametrize(
    ("sequences", "settings", "use", "message"),
    [
        (True, {}, "gradients", "learn from one output; this readout has several"),
        (True, {"rule": "bptt"}, "stream", "learn from one output; this readout has several"),
        (False, {"update_every": 2}, "stream", "looks at one output; this readout has several"),
        (True, {"update_every": 2}, "stream", "looks at one output; this readout has several"),
    ],
)
def test_several_outputs_elsewhere_get_a_sentence(sequences, settings, use, message):
    model, (x, _) = with_two_outputs(sequences), batch()
    y = [tf.ones((*x.shape[: 1 + sequences], n), tf.float64) for n in (1, 2)]
    model.build((None, T, 2))
    model.compile("sgd", "mse", jit_compile=False, **settings)
    with pytest.raises(ValueError, match=message):
        model.gradients(x, y) if use == "gradients" else model.stream(BATCH).learn(x, y)


def test_losses_of_several_outputs_at_every_step_get_a_sentence():
    with pytest.raises(ValueError, match="learn from one output; this readout has several"):
        with_two_outputs(True).compile("sgd", ["mse", "mse"])


def test_without_a_rule_it_says_so():
    with pytest.raises(ValueError, match="compile the model first"):
        OnlineScan(LRU(3), 2).gradients(*batch())


def test_an_unknown_length_gets_a_sentence():
    model = OnlineScan(LRU(3), 2)
    model.compile("sgd", "mse")
    model.build((None, None, 2))
    step = tf.function(
        model.gradients, input_signature=[tf.TensorSpec((4, None, 2)), tf.TensorSpec((4, 2))]
    )
    with pytest.raises(ValueError, match="The rule exact must know T"):
        step.get_concrete_function()


def stacked():
    keras.utils.set_random_seed(4)
    settings = {"return_sequences": True, "dtype": "float64"}
    block = ResidualBlock(MinGRU(3, **settings), dtype="float64")
    model = OnlineScan([MinGRU(3, **settings), block], readout())
    model.build((None, None, 2))
    model.compile("sgd", loss_of(), update_every=2, jit_compile=False)
    return model


@pytest.mark.slow
def test_a_block_may_be_narrower_than_what_lies_below():
    """As in any model of Keras, its input is cast."""
    settings = {"return_sequences": True, "dtype": "float64"}
    model = model_of([MinGRU(3, **settings), ResidualBlock(LRU(3, seed=1, **settings))])
    data = batch(sequences=True)
    top = slice(-len(model.readout.trainable_variables), None)  # what a stack has exact
    ours = gradients(model, data, "exact", chunk=4)[top]
    assert_equal(ours, gradients(model, data, "bptt")[top], 1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("feed", ["fit", "train_on_batch", "dataset"])
def test_a_later_batch_may_have_another_length(feed):
    """Each length is learned as a model that has seen no other learns it."""
    x, y = (part.numpy() for part in batch(sequences=True))
    model = stacked()
    for steps in (11, 6, 11):
        data = x[:, :steps], y[:, :steps]
        alone = stacked()
        alone.set_weights(model.get_weights())
        for one in (model, alone):
            if feed == "train_on_batch":
                one.train_on_batch(*data)
            elif feed == "fit":
                one.fit(*data, batch_size=BATCH, shuffle=False, verbose=0)
            else:
                one.fit(tf.data.Dataset.from_tensors(data), verbose=0)
        assert_equal(model.get_weights(), alone.get_weights(), 1e-12)


@pytest.mark.slow
def test_lengths_that_change_within_a_call_of_fit_get_a_sentence():
    x, y = batch(sequences=True)
    pieces = [(x, y), (x[:, :6], y[:, :6])]
    spec = tf.TensorSpec((BATCH, None, 2), "float64"), tf.TensorSpec((BATCH, None), "int64")
    data = tf.data.Dataset.from_generator(lambda: iter(pieces), output_signature=spec)
    with pytest.raises(ValueError, match="train_on_batch takes each batch at its own"):
        stacked().fit(data, verbose=0)


def the_outputs(sequences=False):
    """Layers alone: inputs to the readout, and a dict of two outputs, (..., 1) and (..., 2)."""
    h = keras.Input((None, 6) if sequences else (6,), dtype="float64")
    ends = {name: keras.layers.Dense(n, dtype="float64")(h) for name, n in (("a", 1), ("b", 2))}
    layer = LRU(3, return_sequences=sequences, seed=1, dtype="float64")
    return OnlineScan(layer, keras.Model(h, ends))


class Ends(keras.layers.Layer):
    """A readout of two outputs, which says so once it is built."""

    def __init__(self):
        super().__init__(dtype="float64")
        self.ends = {n: keras.layers.Dense(c, dtype="float64") for n, c in (("a", 1), ("b", 2))}

    def build(self, shape):
        for end in self.ends.values():
            end.build(shape)

    def call(self, h):
        return {name: end(h) for name, end in self.ends.items()}


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("rule", ["exact", "bptt"])
def test_a_loss_of_one_name_means_one_output_of_several(rule, own):
    keras.utils.set_random_seed(1)
    model, (x, _) = the_outputs(), batch()
    if own:
        model = OnlineScan(model.stack, Ends())
        model.build((None, T, 2))
    y = {"a": np.ones((BATCH, 1)), "b": np.zeros((BATCH, 2))}
    found = []
    for loss in ({"a": "mse"}, {"a": "mse", "b": None}):
        model.compile("sgd", loss, rule=rule, jit_compile=False)
        found.append(model.gradients(x, y)[::2])
    for one, other in zip(*found, strict=True):
        assert_equal(*(keras.tree.flatten(a)[:5] for a in (one, other)), 1e-12)


@pytest.mark.parametrize("weighted", ["sequences", "by output"])
@pytest.mark.parametrize("axis", [True, False])
def test_sample_weights_of_several_outputs_at_every_step(weighted, axis):
    """Loss and weighted metrics by hand; a single output's targets may lack its axis."""
    keras.utils.set_random_seed(1)
    model, (x, _) = the_outputs(sequences=True), batch()
    rng = np.random.default_rng(2)
    y = {"a": rng.normal(size=(BATCH, T, 1)), "b": rng.normal(size=(BATCH, T, 2))}
    weight = rng.random(BATCH if weighted == "sequences" else (BATCH, T))
    given = {"a": weight, "b": 2 * weight} if weighted == "by output" else weight
    loss = {"a": "mse", "b": "mae"}
    metrics = {"a": ["mae"], "b": ["mse"]}
    model.compile("sgd", loss, rule="bptt", weighted_metrics=metrics, jit_compile=False)
    out = model(x)
    told = {**y, "a": y["a"] if axis else y["a"][..., 0]}
    found = model.evaluate(x, told, sample_weight=given, verbose=0, return_dict=True)
    wide = np.broadcast_to(weight.reshape(BATCH, -1), (BATCH, T))
    error = {name: np.abs(out[name] - y[name]) for name in y}
    twice = 2 if weighted == "by output" else 1
    by_hand = {
        "a_loss": np.mean(wide * (error["a"] ** 2).mean(-1)),
        "b_loss": np.mean(twice * wide * error["b"].mean(-1)),
        "a_mae": np.average(error["a"].mean(-1), weights=wide),
        "b_mse": np.average((error["b"] ** 2).mean(-1), weights=wide),
    }
    by_hand["loss"] = by_hand["a_loss"] + by_hand["b_loss"]
    assert found == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize("rule", ["exact", "bptt"])
def test_weighted_metrics_of_one_output_whose_targets_lack_its_axis(rule):
    rng = np.random.default_rng(2)
    x, y, weight = rng.normal(size=(2, T, 2)), rng.normal(size=(2, T)), rng.random((2, T))
    model = OnlineScan(LRU(3, return_sequences=True), 1)
    model.build((None, T, 2))
    model.compile("sgd", "mse", rule=rule, weighted_metrics=["mae"], jit_compile=False)
    error = np.abs(model.predict(x, verbose=0)[..., 0] - y)
    found = model.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    assert found["mae"] == pytest.approx(np.average(error, weights=weight), rel=1e-5)


def several(shapes, sequences=False, weight=None, rule="exact"):
    model, (x, _) = the_outputs(sequences), batch()
    model.compile("sgd", {"a": "mse", "b": "mse"}, rule=rule, jit_compile=False)
    model.gradients(x, dict(zip("ab", map(np.ones, shapes), strict=True)), weight)


def told(y, sequences=True, weight=None):
    model, (x, _) = OnlineScan(LRU(3, return_sequences=sequences), 2), batch()
    model.compile("sgd", "mse", jit_compile=False)
    model.gradients(x, y, weight)


STEPS = np.ones((BATCH, T, 2))


@pytest.mark.parametrize(
    ("message", "ask"),
    [
        ("targets have the shape", lambda: several([(BATCH, 2), (BATCH, 2)])),
        ("targets have the shape", lambda: several([(BATCH, 1), (BATCH, 1)])),
        (
            "targets have the shape",
            lambda: several([(BATCH, T, 1), (BATCH, 1, 2)], sequences=True, rule="bptt"),
        ),
        (
            "sample weights have the shape",
            lambda: several([(BATCH, 1), (BATCH, 2)], weight={"a": np.ones(3), "b": None}),
        ),
        ("sample weights are several: give one", lambda: told({"a": STEPS})),
        ("sample weights are several: give one", lambda: told([STEPS])),
        ("sample weights are several: give one", lambda: told([STEPS[:, 0]] * 2, False)),
        ("several: give one", lambda: told(STEPS, weight={"a": np.ones(BATCH)})),
        ("are real numbers; these are of type complex128", lambda: told(STEPS * 1j)),
        ("are real numbers; these are of type string", lambda: told(np.full(STEPS.shape, "a"))),
        ("pad them to one", lambda: told(tf.ragged.constant([[[1.0]], [[1.0], [2.0]]]))),
    ],
)
def test_targets_that_do_not_belong_to_the_outputs_get_a_sentence(message, ask):
    """Keras would stretch some of them over the outputs, or speak of structures."""
    with pytest.raises(ValueError, match=message) as error:
        ask()
    assert str(error.value).endswith(".")
