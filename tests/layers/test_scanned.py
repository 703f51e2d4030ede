"""LRU and minGRU: all steps at once equal one step after the other, and the NumPy code."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import LRU, LRUCell, MinGRU, MinGRUCell, ResidualBlock, stacked_rnn
from course_lib.layers.scanned import held, last_real
from course_lib.scratch import diagonal

SIZES = {"m": 3, "n": 4, "T": 9, "batch": 5}
MAKE = {
    "lru": (lambda **kw: LRU(4, seed=1, **kw), lambda **kw: LRUCell(4, seed=1, **kw)),
    "lru with outputs": (
        lambda **kw: LRU(4, 2, seed=1, **kw),
        lambda **kw: LRUCell(4, 2, seed=1, **kw),
    ),
    "mingru": (lambda **kw: MinGRU(4, **kw), lambda **kw: MinGRUCell(4, **kw)),
}
every_layer = pytest.mark.parametrize("kind", MAKE)
MASKS = {
    "none": None,
    "end": np.arange(9) < np.array([9, 5, 1, 8, 3])[:, None],
    "front": np.arange(9) >= np.array([0, 5, 1, 8, 3])[:, None],
    "gaps": np.random.default_rng(3).random((5, 9)) < 0.5,
    "a row without a step": np.arange(9) < np.array([9, 0, 1, 8, 0])[:, None],
}


def sequences(T=9, batch=5, dtype="float64"):
    return np.random.default_rng(0).normal(size=(batch, T, 3)).astype(dtype)


def states_of(layer, batch=5, dtype="float64"):
    rng = np.random.default_rng(2)
    return [tf.constant(rng.normal(size=(batch, 4)), dtype) for _ in layer.state_size]


def pair(kind, dtype="float64", **settings):
    """The layer, and `keras.layers.RNN` with its cell, with the same weights."""
    layer, cell = MAKE[kind]
    ours = layer(dtype=dtype, **settings)
    settings.pop("method", None)
    theirs = keras.layers.RNN(cell(dtype=dtype), dtype=dtype, **settings)
    for one in (ours, theirs):
        one.build((None, None, 3))
    rng = np.random.default_rng(1)
    theirs.set_weights([w + 0.3 * rng.normal(size=w.shape) for w in theirs.get_weights()])
    ours.set_weights(theirs.get_weights())
    return ours, theirs


@every_layer
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_all_at_once_is_step_by_step(kind, mask, return_sequences, go_backwards):
    """From zero and from any other state; outputs, states and gradients."""
    layers = pair(
        kind, return_sequences=return_sequences, go_backwards=go_backwards, return_state=True
    )
    x, mask = tf.constant(sequences()), MASKS[mask]
    for start in (None, states_of(layers[0])):
        results = []
        for layer in layers:
            with tf.GradientTape() as tape:
                watched = [x, *(start or [])]
                tape.watch(watched)
                outputs = layer(x, initial_state=start, mask=mask)
                loss = sum(tf.reduce_sum(tf.sin(one + 1)) for one in outputs)
            variables = [w.value for w in layer.trainable_variables]
            results.append((outputs, tape.gradient(loss, [*watched, *variables])))
        for one, other in zip(*results, strict=True):
            for a, b in zip(one, other, strict=True):
                np.testing.assert_allclose(a, b, rtol=0, atol=1e-10 * max(1, np.abs(b).max()))


@every_layer
@pytest.mark.parametrize("mask", ["none", "gaps"])
def test_both_methods_are_the_same(kind, mask):
    loop, _ = pair(kind, return_sequences=True, method="loop")
    log, _ = pair(kind, return_sequences=True, method="log")
    log.set_weights(loop.get_weights())
    for start in (None, states_of(loop)):
        one, other = (
            layer(sequences(), initial_state=start, mask=MASKS[mask]) for layer in (loop, log)
        )
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)
    assert type(log).from_config(log.get_config()).method == "log"


@every_layer
@pytest.mark.parametrize(("T", "batch"), [(1, 5), (9, 1), (1, 1), (2, 3), (33, 2)])
def test_other_sizes(kind, T, batch):
    ours, theirs = pair(kind, return_state=True)
    x = sequences(T, batch)
    start = states_of(ours, batch)
    for a, b in zip(ours(x, initial_state=start), theirs(x, initial_state=start), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


def parameters(layer):
    """Of the NumPy code, from a layer."""
    found = {w.name: w.numpy() for w in layer.weights}
    for name in ("B", "C"):
        if f"{name}_re" in found:
            found[name] = found.pop(f"{name}_re") + 1j * found.pop(f"{name}_im")
    return found


def test_equal_to_the_numpy_lru():
    layer, _ = pair("lru with outputs", return_sequences=True, return_state=True)
    start = states_of(layer)
    y, real, imaginary = layer(sequences(), initial_state=start)
    z_0 = start[0].numpy() + 1j * start[1].numpy()
    theirs, z = diagonal.lru_forward(sequences(), z_0, parameters(layer))
    np.testing.assert_allclose(y, theirs, rtol=0, atol=1e-12)
    np.testing.assert_allclose(real.numpy() + 1j * imaginary.numpy(), z[:, -1], rtol=0, atol=1e-12)


def test_without_outputs_it_shows_its_state():
    layer, _ = pair("lru", return_state=True)
    y, real, imaginary = layer(sequences())
    np.testing.assert_array_equal(y, np.concatenate([real, imaginary], axis=-1))
    assert layer.compute_output_shape((5, 9, 3)) == ((5, 8), (5, 4), (5, 4))


def test_equal_to_the_numpy_mingru():
    layer, _ = pair("mingru", return_sequences=True)
    (start,) = states_of(layer)
    theirs = diagonal.mingru_forward(sequences(), start.numpy(), parameters(layer))
    np.testing.assert_allclose(layer(sequences(), initial_state=start), theirs, rtol=0, atol=1e-12)


def test_no_loop_gives_what_the_loop_gives():
    """The last state by powers of lam and by the scan: values and gradients."""
    layer, _ = pair("lru with outputs")
    x, start = tf.constant(sequences()), states_of(layer)

    def through(x, spec):
        @tf.function(input_signature=[tf.TensorSpec(spec, tf.float64)])
        def take(x):
            with tf.GradientTape() as tape:
                tape.watch([x, *start])
                y = layer(x, initial_state=start)
                loss = tf.reduce_sum(tf.sin(y))
            weights = [w.value for w in layer.trainable_variables]
            return y, tape.gradient(loss, [x, *start, *weights])

        loops = "While" in {
            node.op for node in take.get_concrete_function().graph.as_graph_def().node
        } or (
            "StatelessWhile"
            in {node.op for node in take.get_concrete_function().graph.as_graph_def().node}
        )
        return take(x), loops

    (powers, without), (loop, with_one) = through(x, (5, 9, 3)), through(x, (5, None, 3))
    assert (without, with_one) == (False, True)
    for one, other in zip(tf.nest.flatten(powers), tf.nest.flatten(loop), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-10 * max(1, np.abs(other).max()))


@pytest.mark.parametrize("kind", ["lru", "lru with outputs"])
def test_outputs_after_every_few_steps(kind):
    """Are those of every step, some left out: values, states and gradients."""
    whole, _ = pair(kind, return_sequences=True, return_state=True)
    few = LRU.from_config({**whole.get_config(), "every": 3})
    few.build((None, None, 3))
    few.set_weights(whole.get_weights())
    x, start, found = tf.constant(sequences()), states_of(whole), []
    for layer, chosen in ((few, slice(None)), (whole, slice(2, None, 3))):
        with tf.GradientTape() as tape:
            tape.watch([x, *start])
            y, *states = layer(x, initial_state=start)
            y = y[:, chosen]
            loss = tf.reduce_sum(tf.sin(y))
        weights = [w.value for w in layer.trainable_variables]
        found.append([y, *states, *tape.gradient(loss, [x, *start, *weights])])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-10 * max(1, np.abs(other).max()))
    assert few.compute_output_shape((5, 9, 3))[0] == found[0][0].shape


@every_layer
def test_gradients_equal_centred_differences(kind, assert_gradients_are_slopes):
    for sequences_out in (False, True):
        layer, _ = pair(kind, return_sequences=sequences_out)
        assert_gradients_are_slopes(layer, sequences(T=4))


@every_layer
def test_pieces_of_a_stateful_layer_are_the_whole(kind):
    whole, _ = pair(kind, return_sequences=True)
    stateful = type(whole)(**{**whole.get_config(), "stateful": True})
    x = sequences()
    stateful.build((5, 4, 3))
    for w, value in zip(stateful.trainable_variables, whole.get_weights(), strict=True):
        w.assign(value)
    for _ in range(2):
        parts = [stateful(part) for part in (x[:, :4], x[:, 4:5], x[:, 5:])]
        np.testing.assert_allclose(tf.concat(parts, 1), whole(x), rtol=0, atol=1e-12)
        stateful.reset_state()


PROCESS = """
import sys
import keras
import numpy as np
import course_lib.layers
for name in sys.argv[1:]:
    layer = keras.saving.load_model(name + ".keras")
    np.save(name + ".npy", layer.predict(np.load(name + "_x.npy"), verbose=0))
"""


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("kind", [LRU, MinGRU])
def test_what_is_carried_has_32_bits(kind, policy):
    x = np.random.default_rng(0).normal(size=(5, 9, 3))
    options = {"dtype": policy, "return_sequences": True, "return_state": True}
    whole = kind(4, **options)
    _, *expected = whole(x)
    pieces = kind(4, stateful=True, **options)
    pieces.build((5, 4, 3))
    pieces.set_weights(whole.get_weights())
    *_, (_, *found) = [pieces(part) for part in (x[:, :4], x[:, 4:5], x[:, 5:])]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.slow
def test_a_stored_stateful_layer_goes_on_in_another_process(tmp_path):
    """Bit for bit, where it stood: also inside a block."""
    x, expected = sequences(dtype="float32"), {}
    block = lambda **kw: ResidualBlock(LRU(4, seed=1, **kw))  # noqa: E731
    for number, make in enumerate([*(make for make, _ in MAKE.values()), block]):
        layer = make(stateful=True, return_sequences=True)
        model = keras.Sequential([keras.Input(batch_shape=(5, None, 3)), layer])
        begins = model.predict(x[:, 4:], verbose=0)
        model.predict(x[:, :4], verbose=0)
        name = str(tmp_path / str(number))
        model.save(name + ".keras")
        np.save(name + "_x.npy", x[:, 4:])
        expected[name] = model.predict(x[:, 4:], verbose=0)
        assert np.abs(expected[name] - begins).max() > 1e-3
    subprocess.run(
        [sys.executable, "-c", PROCESS, *expected],
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    for name, there in expected.items():
        np.testing.assert_array_equal(np.load(name + ".npy"), there)


def test_where_a_layer_is_means_nothing_to_another_number_of_sequences(tmp_path):
    models = []
    for batch in (5, 2):
        layer = LRU(4, seed=1, stateful=True)
        models.append(keras.Sequential([keras.Input(batch_shape=(batch, 9, 3)), layer]))
    five, two = models
    five.predict(sequences(dtype="float32"), verbose=0)
    two.predict(sequences(dtype="float32")[:2], verbose=0)  # and now it stands somewhere
    five.save_weights(tmp_path / "w.weights.h5")
    two.load_weights(tmp_path / "w.weights.h5")
    assert all(not np.any(state.numpy()) for state in two.layers[0].states)


@every_layer
@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16", "float64"])
def test_saved_and_loaded(kind, policy, tmp_path):
    policy = keras.dtype_policies.get(policy)
    layer = MAKE[kind][0](dtype=policy, return_sequences=True)
    model = keras.Sequential([keras.Input((None, 3)), layer, keras.layers.Dense(2, dtype=policy)])
    x = sequences(dtype="float32")
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x), again(x))
    assert again.layers[0].get_config() == layer.get_config()
    weights = tmp_path / "model.weights.h5"
    model.save_weights(weights)
    again.load_weights(weights)
    np.testing.assert_array_equal(model(x), again(x))


@pytest.mark.slow
@every_layer
def test_sixteen_bits_come_out_and_do_not_add_up(kind):
    """2,000 steps in 16 bits would lose a slow unit; the states don't know of the policy."""
    results = {}
    for policy in ("float32", "mixed_float16", "mixed_bfloat16"):
        keras.utils.set_random_seed(0)
        layer = MAKE[kind][0](dtype=policy, return_state=True, return_sequences=True)
        layer.build((None, None, 3))
        rng = np.random.default_rng(1)
        layer.set_weights([0.3 * rng.normal(size=w.shape) + w for w in layer.get_weights()])
        y, *states = layer(sequences(T=2_000, dtype="float32"))
        assert y.dtype == layer.compute_dtype
        assert all(state.dtype == "float32" for state in states)
        results[policy] = np.asarray(tf.cast(y, tf.float32))
    largest = np.abs(results["float32"]).max()
    assert np.abs(results["mixed_float16"] - results["float32"]).max() < 0.005 * largest
    assert np.abs(results["mixed_bfloat16"] - results["float32"]).max() < 0.04 * largest


@pytest.mark.slow
@every_layer
@pytest.mark.parametrize("jit_compile", [False, True])
def test_fit_and_predict_at_any_length(kind, jit_compile):
    model = keras.Sequential([MAKE[kind][0](), keras.layers.Dense(1)])  # no Input: built in a graph
    model.compile("adam", "mse", jit_compile=jit_compile)
    losses = [
        model.fit(sequences(T, dtype="float32"), np.ones((5, 1)), epochs=8, verbose=0).history
        for T in (9, 30, 1)
    ]
    assert losses[0]["loss"][-1] < losses[0]["loss"][0]
    assert model.predict(sequences(T=12, dtype="float32"), verbose=0).shape == (5, 1)


@every_layer
@pytest.mark.parametrize("method", ["loop", "log"])
@pytest.mark.parametrize("mask", ["none", "gaps"])
def test_a_graph_knows_how_long_the_outputs_are(kind, method, mask):
    layer = MAKE[kind][0](return_sequences=True, method=method)
    mask = None if MASKS[mask] is None else tf.constant(MASKS[mask])
    graph = tf.function(lambda x: layer(x, mask=mask))
    y = graph.get_concrete_function(tf.TensorSpec((5, 9, 3))).structured_outputs
    assert y.shape == (5, 9, layer.cell.output_size)


@every_layer
def test_a_layer_at_every_step_can_follow(kind):
    """Keras's `TimeDistributed` takes the batch size where it doesn't know the number of steps."""
    x = sequences(dtype="float32")
    layer = MAKE[kind][0](return_sequences=True)
    at_each = keras.layers.TimeDistributed(keras.layers.Dense(2))
    model = keras.Sequential([keras.Input((None, 3)), layer, at_each])
    whole = at_each.layer(layer(x))
    np.testing.assert_allclose(model.predict(x, verbose=0), whole, atol=1e-5)
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(x, np.ones((5, 9, 2)), verbose=0).history["loss"][0])


@every_layer
def test_masks_come_from_keras(kind):
    """From a Masking layer, and on to what follows."""
    x = sequences(dtype="float32")
    x[MASKS["end"] == 0] = 0
    layer = MAKE[kind][0](return_sequences=True)
    model = keras.Sequential([keras.layers.Masking(), layer])
    np.testing.assert_allclose(
        model(x), layer(x, mask=tf.constant(MASKS["end"])), rtol=0, atol=1e-6
    )
    assert layer.compute_mask(x, mask=MASKS["end"]) is MASKS["end"]


@every_layer
def test_a_mask_that_comes_along_counts_beside_a_state(kind):
    """Keras's own layers (3.15) look for it only where the inputs are the one tensor given."""
    masking = keras.layers.Masking(dtype="float64")
    layer = pair(kind, return_sequences=True)[0]
    inputs, *state = (
        keras.Input(shape, dtype="float64")
        for shape in [(None, 3), *[(4,) for _ in states_of(layer)]]
    )
    model = keras.Model([inputs, *state], layer(masking(inputs), initial_state=state))
    start = states_of(layer)
    for mask in (MASKS["end"], MASKS["gaps"]):
        x = tf.constant(sequences() * mask[..., None])
        expected = layer(x, initial_state=start, mask=tf.constant(mask))
        for found in (model([x, *start]), layer(masking(x), initial_state=start)):
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_keras_overlooks_a_mask_beside_a_state():
    """The page on TensorFlow says so; once Keras finds it, the sentence can go."""
    layer, state = keras.layers.GRU(4, dtype="float64"), tf.ones((5, 4), "float64")
    mask = tf.constant(MASKS["end"])
    x = tf.constant(sequences() * MASKS["end"][..., None])
    found = layer(keras.layers.Masking(dtype="float64")(x), initial_state=state)
    assert np.abs(found - layer(x, initial_state=state, mask=mask)).max() > 1e-3
    np.testing.assert_allclose(found, layer(x, initial_state=state), atol=1e-12)


@every_layer
def test_a_mask_is_handed_on_in_the_order_of_the_outputs(kind):
    """What reads on, above a layer that begins at the end, sees the real steps alone."""
    below = pair(kind, return_sequences=True, go_backwards=True)[0]
    above = keras.layers.GRU(2, dtype="float64")
    masking = keras.layers.Masking(dtype="float64")
    for real in (MASKS["end"], MASKS["gaps"]):
        x = sequences() * real[..., None]
        found = above(below(masking(x)))
        for one, steps, here in zip(found, x, real, strict=True):
            alone = above(below(steps[None, here]))[0]
            np.testing.assert_allclose(one, alone, rtol=0, atol=1e-12)


PADDED = {
    **{kind: lambda kind=kind, **kw: pair(kind, **kw)[0] for kind in MAKE},
    "block": lambda **kw: ResidualBlock(LRU(4, 2, dtype="float64", **kw), dtype="float64"),
    "stack": lambda **kw: stacked_rnn("lstm_peepholes", 4, 2, dtype="float64", **kw),
    "backwards": lambda **kw: pair("lru with outputs", go_backwards=True, **kw)[0],
}


@pytest.mark.parametrize("kind", PADDED)
@pytest.mark.parametrize("return_sequences", [False, True])
def test_padding_may_hold_anything(kind, return_sequences):
    """Also what is no number: outputs and all gradients are as if it were zero."""
    layer, found = PADDED[kind](return_sequences=return_sequences), []
    real = MASKS["gaps"].copy()
    real[1] = False
    for padding in (0.0, 1e300, np.inf, np.nan):
        x = tf.constant(np.where(real[..., None], sequences(), padding))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, mask=real)
            loss = tf.reduce_sum(tf.sin(y + 1))
        variables = [w.value for w in layer.trainable_variables]
        found.append([y, *tape.gradient(loss, [x, *variables])])
    for other in found[1:]:
        for a, b in zip(other, found[0], strict=True):
            np.testing.assert_array_equal(a, b)
    assert all(np.any(a) for a in found[0])


def test_where_the_eigenvalues_start():
    layer = LRU(4_000, r_min=0.5, r_max=0.9, max_phase=1.0, seed=0)
    layer.build((None, None, 2))
    real, imaginary = (np.asarray(part) for part in layer.cell.eigenvalues())
    size, phase = np.hypot(real, imaginary), np.arctan2(imaginary, real)
    assert 0.5 <= size.min() < 0.51
    assert 0.89 < size.max() <= 0.9
    inner = np.mean(size**2 < (0.5**2 + 0.9**2) / 2)  # half of the area
    assert inner == pytest.approx(0.5, abs=0.03)
    assert phase.min() >= 0
    assert phase.max() <= 1
    assert phase.mean() == pytest.approx(0.5, abs=0.02)
    gamma = np.exp(layer.cell.gamma_log.numpy())
    np.testing.assert_allclose(gamma, np.sqrt(1 - size**2), rtol=1e-4)
    noise = np.random.default_rng(0).normal(size=(4_000, 60, 2))
    loudness = 2 * np.mean(np.square(layer(noise)))
    assert loudness == pytest.approx(1, abs=0.05)


def test_time_constants():
    lru = LRU(2_000, timescales=(3, 300), seed=0)
    mingru = MinGRU(200, timescales=(3, 300))
    for layer in (lru, mingru):
        layer.build((None, None, 2))
    real, imaginary = lru.cell.eigenvalues()
    decay, _ = mingru.cell.decay_and_input(np.zeros((1, 2), np.float32))
    for size in (np.hypot(real, imaginary), np.asarray(decay[0])):
        steps = -1 / np.log(size)
        assert steps.min() == pytest.approx(3, rel=0.05)
        assert steps.max() == pytest.approx(300, rel=0.05)
        assert np.median(steps) == pytest.approx(30, rel=0.1)


def test_a_phase_of_zero_never_turns():
    layer = LRU(5, max_phase=0, seed=0)
    layer.build((None, None, 1))
    _, imaginary = layer.cell.eigenvalues(10_000)
    assert np.abs(imaginary).max() < 1e-8


def test_a_seed_is_a_start():
    def weights(seed):
        layer = LRU(4, 2, seed=seed)
        layer.build((None, None, 3))
        return layer.get_weights()

    for one, again, other in zip(weights(1), weights(1), weights(2), strict=True):
        np.testing.assert_array_equal(one, again)
        assert np.abs(one - other).max() > 0.01
    all_of_them = weights(1)
    assert len({float(np.ravel(w)[0]) for w in all_of_them}) == len(all_of_them)


def test_no_two_weights_are_one_draw_scaled():
    ratios = []
    for seed in (0, 1, 2):
        layer = LRU(4, 4, seed=seed)
        layer.build((None, None, 4))
        square = [w for w in layer.get_weights() if w.shape == (4, 4)]
        assert len(square) == 5  # B and C, two parts each, and D
        ratios += [w[0, 0] / w[0, 1] for w in square]
    assert np.diff(np.sort(ratios)).min() > 1e-3


@pytest.mark.parametrize(
    ("message", "make"),
    [
        ("units is 0", lambda: LRU(0)),
        ("units is 2.5", lambda: MinGRU(2.5)),
        ("units is True", lambda: MinGRU(True)),
        ("units is 'four'", lambda: LRU("four")),
        ("outputs is -1", lambda: LRU(4, -1)),
        ("r_min is 0.9 and r_max 0.5", lambda: LRU(4, r_min=0.9, r_max=0.5)),
        ("r_max 1.5", lambda: LRU(4, r_max=1.5)),
        ("max_phase is 7", lambda: LRU(4, max_phase=7)),
        ("method is 'fast'", lambda: LRU(4, method="fast")),
        ("unroll is for", lambda: MinGRU(4, unroll=True)),
        ("of float16 there are none", lambda: LRU(4, dtype="float16")),
        ("of bfloat16 there are none", lambda: LRU(4, dtype="bfloat16")),
        ("every is 0", lambda: LRU(4, every=0, return_sequences=True)),
        ("set return_sequences", lambda: LRU(4, every=2)),
        ("no mask", lambda: LRU(4, every=3, return_sequences=True)(sequences(), mask=MASKS["end"])),
        ("which 4 doesn't divide", lambda: LRU(4, every=4, return_sequences=True)(sequences())),
        ("timescales is", lambda: LRU(4, timescales=(30, 3))),
        ("timescales is 3", lambda: MinGRU(4, timescales=3)),
        ("timescales is", lambda: MinGRU(4, timescales=(0, 3))),
    ],
)
def test_bad_settings_get_a_sentence(message, make):
    with pytest.raises(ValueError, match=message):
        make()


@every_layer
@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("have no steps", lambda layer: layer(np.zeros((2, 0, 3)))),
        (
            "different lengths: pad them",
            lambda layer: layer(tf.RaggedTensor.from_row_lengths(np.zeros((3, 3)), [1, 2])),
        ),
        (r"give \(batch, T, m\)", lambda layer: layer(np.zeros((2, 3)))),
        (r"give \(batch, T, m\)", lambda layer: layer(np.zeros((2, 3, 3, 3)))),
        (
            "initial states are given",
            lambda layer: layer(np.zeros((2, 3, 3)), initial_state=[np.zeros((2, 4))] * 3),
        ),
        (
            "An initial state has the shape",
            lambda layer: layer(
                np.zeros((2, 3, 3)), initial_state=[np.zeros((2, 5))] * len(layer.state_size)
            ),
        ),
        (
            "An initial state has the shape",
            lambda layer: layer(
                np.zeros((2, 3, 3)), initial_state=[np.zeros((3, 4))] * len(layer.state_size)
            ),
        ),
        ("The mask has the shape", lambda layer: layer(np.zeros((2, 3, 3)), mask=np.ones((2, 4)))),
    ],
)
def test_bad_input_gets_a_sentence(kind, message, call):
    with pytest.raises(ValueError, match=message):
        call(MAKE[kind][0]())


@every_layer
@pytest.mark.parametrize("return_sequences", [False, True])
def test_masked_steps_show_zero_where_that_is_asked(kind, return_sequences):
    settings = {"return_sequences": return_sequences, "go_backwards": True}
    ours, theirs = pair(kind, zero_output_for_mask=True, return_state=True, **settings)
    again = type(ours).from_config(ours.get_config())
    again.build((None, None, 3))
    again.set_weights(ours.get_weights())
    for mask in MASKS.values():
        given = {"mask": None if mask is None else tf.constant(mask)}
        for one in (ours, again):
            for a, b in zip(one(sequences(), **given), theirs(sequences(), **given), strict=True):
                np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


@every_layer
@pytest.mark.parametrize("return_sequences", [False, True])
def test_in_both_directions(kind, return_sequences, tmp_path):
    """Inside `Bidirectional`, which lets masked steps show zero, as any layer of Keras."""
    both = [
        keras.layers.Bidirectional(layer, dtype="float64")
        for layer in pair(kind, return_sequences=return_sequences)
    ]
    for one in both:
        one.build((None, None, 3))
    rng = np.random.default_rng(1)
    both[1].set_weights([w + 0.3 * rng.normal(size=w.shape) for w in both[1].get_weights()])
    both[0].set_weights(both[1].get_weights())
    states = [state for _ in range(2) for state in states_of(both[0].forward_layer)]
    x = keras.Input((None, 3), dtype="float64")
    model = keras.Model(x, both[0](keras.layers.Masking(dtype="float64")(x)))
    model.save(tmp_path / "m.keras")
    stored = keras.saving.load_model(tmp_path / "m.keras")
    for mask in MASKS.values():
        given = {"mask": None if mask is None else tf.constant(mask)}
        for start in (None, states):
            a, b = (one(sequences(), initial_state=start, **given) for one in both)
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
        masked = sequences() * (1 if mask is None else mask[..., None])
        np.testing.assert_allclose(stored(masked), both[1](masked, **given), rtol=0, atol=1e-12)


@every_layer
@pytest.mark.parametrize("return_sequences", [False, True])
def test_no_sequences_are_a_batch(kind, return_sequences):
    layer = MAKE[kind][0](return_sequences=return_sequences, return_state=True)
    for mask in (None, np.ones((0, 9), bool)):
        out, *states = layer(sequences(batch=0), mask=mask)
        assert out.shape == (0, 9, layer.cell.output_size)[:: 1 if return_sequences else 2]
        assert {tuple(state.shape) for state in states} == {(0, 4)}


def test_held_and_last():
    x = tf.constant([[[1.0], [2.0], [3.0], [4.0]]])
    mask = tf.constant([[False, True, False, True]])
    np.testing.assert_array_equal(held(x, mask)[0, :, 0], [0, 2, 2, 4])
    assert float(last_real(x, tf.constant([[True, True, False, False]]))[0, 0]) == 2
    assert float(last_real(x, tf.constant([[False] * 4]))[0, 0]) == 0
    assert float(last_real(x)[0, 0]) == 4
