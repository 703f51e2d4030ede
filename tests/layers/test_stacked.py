"""Every cell by name is a real Keras cell; a stack has cells of its own and honest dropout."""

import keras
import numpy as np
import pytest

from course_lib.layers import CELLS, GRUCell, LSTMCell, stacked_rnn

every_cell = pytest.mark.parametrize("name", CELLS)


def sequences(batch=4, T=7, m=3):
    return np.random.default_rng(0).normal(size=(batch, T, m)).astype(np.float32)


def randomised(model, scale=0.5):
    """The same model with no weight zero; the weights depend on their shapes only."""
    rng = np.random.default_rng(1)
    model.set_weights([scale * rng.normal(size=w.shape) for w in model.get_weights()])
    return model


def recurrent(name, dtype=None, **settings):
    layer = keras.layers.RNN(CELLS[name](5, dtype=dtype), dtype=dtype, **settings)
    layer.build((4, None, 3))
    return randomised(layer)


# A real Keras cell


@every_cell
def test_padding_has_no_say(name):
    layer = recurrent(name, return_sequences=True, return_state=True, zero_output_for_mask=True)
    lengths = [7, 1, 4, 6]
    x = sequences()
    mask = np.arange(7) < np.array(lengths)[:, None]
    x[~mask] = 1e3
    outputs, *states = (np.asarray(a) for a in layer(x, mask=mask))
    for i, length in enumerate(lengths):
        alone, *last = (np.asarray(a) for a in layer(x[i : i + 1, :length]))
        np.testing.assert_allclose(outputs[i, :length], alone[0], atol=1e-6)
        np.testing.assert_array_equal(outputs[i, length:], 0)
        for state, expected in zip(states, last, strict=True):
            np.testing.assert_allclose(state[i], expected[0], atol=1e-6)


@every_cell
def test_stateful_goes_on_where_it_was(name):
    layer, x = recurrent(name, return_sequences=True, stateful=True), sequences()
    whole = recurrent(name, return_sequences=True)(x)
    first, second = layer(x[:, :3]), layer(x[:, 3:])
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-6)
    layer.reset_state()
    np.testing.assert_allclose(layer(x[:, :3]), first, atol=1e-6)


@every_cell
def test_bidirectional(name):
    x = sequences()
    both = keras.layers.Bidirectional(keras.layers.RNN(CELLS[name](5), return_sequences=True))
    both.build((None, None, 3))
    randomised(both)
    there, back = np.split(np.asarray(both(x)), 2, axis=-1)
    single = keras.layers.RNN(CELLS[name](5), return_sequences=True)
    single.build((None, None, 3))
    weights = both.get_weights()
    single.set_weights(weights[: len(weights) // 2])
    np.testing.assert_allclose(single(x), there, atol=1e-6)
    single.set_weights(weights[len(weights) // 2 :])
    np.testing.assert_allclose(np.asarray(single(x[:, ::-1]))[:, ::-1], back, atol=1e-6)


@every_cell
def test_saved_and_loaded(name, tmp_path):
    model = keras.Sequential([keras.Input((None, 3)), recurrent(name)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    cells = [m.layers[0].cell for m in (model, loaded)]
    assert type(cells[0]) is type(cells[1])
    assert cells[0].get_config() == cells[1].get_config()
    np.testing.assert_array_equal(model(sequences()), loaded(sequences()))


@every_cell
@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(name, dtype):
    import tensorflow as tf

    half, full, x = recurrent(name, dtype), recurrent(name), sequences()
    with tf.GradientTape() as tape:
        output = half(x)
        loss = tf.reduce_sum(tf.cast(output, "float32") ** 2)
    assert output.dtype == dtype.removeprefix("mixed_")
    assert {w.dtype for w in half.weights} == {"float32"}
    # A float16 has 11 significant bits, a bfloat16 has 8; a few roundings at each of 7 steps.
    atol = {"mixed_float16": 1e-2, "mixed_bfloat16": 8e-2}[dtype]
    np.testing.assert_allclose(tf.cast(output, "float32"), full(x), atol=atol)
    for gradient in tape.gradient(loss, half.trainable_variables):
        assert np.all(np.isfinite(gradient))
        assert np.any(gradient != 0)


@every_cell
def test_compiled_by_xla(name):
    import tensorflow as tf

    layer, x = recurrent(name), tf.constant(sequences())

    def loss_and_gradients(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x) ** 2)
        return [loss, *tape.gradient(loss, layer.trainable_variables)]

    compiled = tf.function(loss_and_gradients, jit_compile=True)
    for a, b in zip(compiled(x), loss_and_gradients(x), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)  # XLA adds in another order


# A stack


@every_cell
def test_every_layer_has_weights_of_its_own(name):
    model = stacked_rnn(name, 5, layers=3)
    model.build((None, None, 3))
    assert len({id(layer.cell) for layer in model.layers}) == 3
    one = stacked_rnn(name, 5)
    one.build((None, None, 3))
    assert len({id(w) for w in model.weights}) == 3 * len(one.weights)
    assert [layer.cell.weights[0].shape[0] for layer in model.layers] == [3, 5, 5]


def test_a_stack_is_layer_after_layer():
    model = stacked_rnn("lstm", 5, layers=2, return_sequences=True)
    model.build((None, None, 3))
    randomised(model)
    below, above = model.layers
    np.testing.assert_allclose(model(sequences()), above(below(sequences())), atol=1e-6)
    assert model(sequences()).shape == (4, 7, 5)
    assert stacked_rnn("gru", 5, layers=2)(sequences()).shape == (4, 5)


def test_a_stack_hands_the_mask_up():
    model = stacked_rnn("gru", 5, layers=2, dropout=0.3)
    model.build((None, None, 3))
    randomised(model)
    x = sequences()
    mask = np.ones((4, 7), bool)
    mask[:, 4:] = False
    x[:, 4:] = 1e3
    np.testing.assert_allclose(model(x, mask=mask), model(x[:, :4]), atol=1e-6)


@pytest.mark.filterwarnings("error::UserWarning")  # Keras warns when a mask gets lost
def test_a_mask_ends_with_the_steps():
    x = keras.ops.convert_to_tensor(sequences())
    mask = np.arange(7) < np.array([[7], [1], [4], [6]])
    steps = stacked_rnn("gru", 5, layers=2, return_sequences=True)(x, mask=mask)
    np.testing.assert_array_equal(steps._keras_mask, mask)
    mean = keras.layers.GlobalAveragePooling1D()(steps)
    np.testing.assert_allclose(mean[1], steps[1, 0], atol=1e-6)
    last = stacked_rnn("gru", 5, layers=2)(x, mask=mask)
    assert getattr(last, "_keras_mask", None) is None


def with_dropout(rate, layers=2, seed=3):
    model = stacked_rnn("lstm", 5, layers=layers, dropout=rate, seed=seed)
    model.build((None, None, 3))
    return randomised(model)


def test_dropout_acts_in_training_only():
    x = sequences()
    model = with_dropout(0.5)
    without = np.asarray(with_dropout(0.0)(x))
    np.testing.assert_array_equal(model(x), without)
    np.testing.assert_array_equal(model(x, training=False), without)
    first, second = (np.asarray(model(x, training=True)) for _ in range(2))
    assert np.abs(first - without).max() > 0.01
    assert np.abs(first - second).max() > 0.01


def test_dropout_is_off_in_evaluate_and_predict():
    """Validation sees the whole network; the practical of 2017 dropped units there."""
    model, x = with_dropout(0.5), sequences()
    model.compile(loss="mse", jit_compile=False)
    expected = np.asarray(with_dropout(0.0)(x))
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-6)
    assert model.evaluate(x, expected, verbose=0) < 1e-10


def test_dropout_stands_between_the_layers_only():
    x = sequences()
    np.testing.assert_array_equal(
        with_dropout(0.5, layers=1)(x, training=True), with_dropout(0.0, layers=1)(x)
    )
    kinds = [type(layer).__name__ for layer in with_dropout(0.5, layers=3).layers]
    assert kinds == ["RNN", "Dropout", "RNN", "Dropout", "RNN"]


def test_dropout_is_seeded():
    x = sequences()
    a, b, c = (np.asarray(with_dropout(0.5, seed=s)(x, training=True)) for s in (3, 3, 4))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 0.01


def test_a_type_goes_all_the_way_through():
    model = stacked_rnn("gru", 5, layers=2, dtype="float64")
    x = np.random.default_rng(0).normal(size=(4, 7, 3))
    first = model(x)  # where a stack of another type would round x to float32
    assert first.dtype == "float64"
    below, above = model.layers
    np.testing.assert_allclose(first, above(below(x)), rtol=0, atol=1e-14)
    assert {w.dtype for w in model.weights} == {"float64"}


def test_a_shared_cell_is_refused():
    """`[cell] * layers` in the practical of 2017 is one cell, and one set of weights."""
    cell = GRUCell(5)
    with pytest.raises(TypeError, match="would share"):
        stacked_rnn(cell, 5, layers=2)
    with pytest.raises(ValueError, match="same object"):
        stacked_rnn(lambda units, dtype=None: cell, 5, layers=2)


def test_a_function_that_makes_cells():
    model = stacked_rnn(lambda units, dtype: LSTMCell(units, forget_bias=3.0, dtype=dtype), 5, 2)
    assert [layer.cell.forget_bias for layer in model.layers] == [3.0, 3.0]


def test_what_can_not_be_built_says_so():
    with pytest.raises(ValueError, match="choose one of vanilla, gru"):
        stacked_rnn("GRU", 5)
    with pytest.raises(ValueError, match="layers is 0"):
        stacked_rnn("gru", 5, layers=0)
    with pytest.raises(ValueError, match="flip the sequences"):
        stacked_rnn("gru", 5, layers=2, go_backwards=True)
    with pytest.raises(ValueError, match="its state to the next"):
        stacked_rnn("gru", 5, layers=2, return_state=True)


def test_a_single_layer_reads_backwards_and_gives_its_state():
    model = stacked_rnn("gru", 5, go_backwards=True, return_state=True)
    forwards = stacked_rnn("gru", 5)
    forwards.build((None, None, 3))
    x = sequences()
    out, state = model(x)
    forwards.set_weights(model.get_weights())
    np.testing.assert_array_equal(out, state)
    np.testing.assert_allclose(out, forwards(x[:, ::-1]), atol=1e-6)


@pytest.mark.parametrize("return_state", [False, True])
@pytest.mark.parametrize("fused", [False, True])
def test_a_single_layer_that_reads_backwards_hands_its_mask_on_as_its_steps(fused, return_state):
    settings = {"return_sequences": True, "return_state": return_state, "fused": fused}
    model = stacked_rnn("lstm", 5, go_backwards=True, **settings)
    model.build((None, None, 3))
    randomised(model)
    above = keras.layers.GRU(2)
    real = np.arange(7) < np.array([[7], [1], [4], [6]])
    x = sequences() * real[..., None]

    def steps_of(x):
        outputs = model(x)
        return outputs[0] if return_state else outputs

    steps = steps_of(keras.layers.Masking()(x))
    np.testing.assert_array_equal(steps._keras_mask, real[:, ::-1])
    np.testing.assert_array_equal(model.compute_mask(x, real), real[:, ::-1])
    for one, padded, here in zip(above(steps), x, real, strict=True):
        alone = above(steps_of(padded[None, here]))[0]
        np.testing.assert_allclose(one, alone, atol=1e-6)
    inputs = keras.Input((None, 3))
    whole = keras.Model(inputs, above(steps_of(keras.layers.Masking()(inputs))))
    np.testing.assert_allclose(whole(x), above(steps), atol=1e-6)


@pytest.mark.parametrize("fused", [False, True])
def test_sequences_have_steps_and_as_many_as_each_other(fused):
    import tensorflow as tf

    model = stacked_rnn("lstm", 5, fused=fused)
    with pytest.raises(ValueError, match="no steps"):
        model(sequences(T=0))
    with pytest.raises(ValueError, match="pad them"):
        model(tf.ragged.constant([[[1.0] * 3], [[1.0] * 3] * 2], ragged_rank=1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_stack_is_saved_and_loaded(dtype, tmp_path):
    model = stacked_rnn("lstm", 5, layers=2, dropout=0.5, dtype=dtype)
    x = sequences().astype(dtype)
    model(x)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded(x).dtype == dtype
    np.testing.assert_array_equal(model(x), loaded(x))
    assert len({id(layer.cell) for layer in (loaded.layers[0], loaded.layers[2])}) == 2
