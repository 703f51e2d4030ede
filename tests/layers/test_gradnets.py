"""The Keras layers of chapter 4 against NumPy; and as Keras layers: one gate, saved, compiled."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import gradnets as layers
from course_lib.scratch import gradnets as scratch

GATES = (0.0, 0.3, 1.0)
every_gate = pytest.mark.parametrize("g", GATES)
every_form = pytest.mark.parametrize("form", scratch.FORMS)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def dense(cls, n=5, **settings):
    """A float64 layer with random weights, its biases too."""
    layer = cls(n, dtype="float64", **settings)
    gate = (np.float64(0.5),) if cls is layers.GReLUDense else ()
    layer(np.zeros((1, n)), *gate)
    layer.set_weights([normal(*w.shape, seed=i) for i, w in enumerate(layer.get_weights())])
    return layer


@every_form
@every_gate
def test_grelu_dense_is_that_of_the_book(form, g):
    layer, x = dense(layers.GReLUDense, form=form), normal(7, 5, seed=9)
    W, b = layer.get_weights()
    expected, _ = scratch.layer_forward(x, W, g, form, b)
    np.testing.assert_allclose(layer(x, np.float64(g)), expected, rtol=1e-12, atol=1e-14)


@every_form
@every_gate
def test_gradients_are_those_of_the_book(form, g):
    layer, x, dy = dense(layers.GReLUDense, form=form), normal(7, 5, seed=9), normal(7, 5)
    W, b = layer.get_weights()
    _, u = scratch.layer_forward(x, W, g, form, b)
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = tf.reduce_sum(layer(inputs, np.float64(g)) * dy)
    expected = scratch.layer_backward(dy, u, W, g, form)
    np.testing.assert_allclose(tape.gradient(loss, inputs), expected, rtol=1e-10, atol=1e-12)


def test_gain_by_hand():
    assert float(layers.gain(np.float64(1))) == 1
    assert float(layers.gain(np.float64(0.5))) == pytest.approx(scratch.gain(0.5), rel=1e-12)


def test_rezero_by_hand():
    layer = layers.ReZeroDense(2, dtype="float64")
    x = np.array([[1.0, -2.0]])
    np.testing.assert_array_equal(layer(x), x)  # a is 0 at first
    layer.set_weights([np.eye(2), np.array([0.0, 3.0]), np.float64(0.5)])
    np.testing.assert_allclose(layer(x), [[1.5, -1.5]])


def test_highway_by_hand():
    layer = layers.HighwayDense(2, dtype="float64")
    x = np.array([[1.0, -2.0]])
    layer(x)
    # The first unit's gate is shut, the second one's open.
    layer.set_weights(
        [2 * np.eye(2), np.array([0.0, 10.0]), np.zeros((2, 2)), np.array([-99.0, 99.0])]
    )
    np.testing.assert_allclose(layer(x), [[1.0, 6.0]])


def test_a_fresh_highway_mostly_carries():
    layer, x = layers.HighwayDense(5), normal(7, 5).astype(np.float32)
    moved = np.linalg.norm(layer(x) - x) / np.linalg.norm(x)
    assert 0 < moved < 0.5


def test_layers_that_share_an_initializer_draw_different_weights():
    shared = keras.initializers.TruncatedNormal(stddev=0.1)
    first, second = (layers.HighwayDense(4, kernel_initializer=shared) for _ in range(2))
    for layer in (first, second):
        layer.build((None, 4))
    drawn = [layer.get_weights()[i] for layer in (first, second) for i in (0, 2)]
    assert len({w.tobytes() for w in drawn}) == 4


def test_cells_that_share_an_initializer_draw_different_weights():
    shared = keras.initializers.Orthogonal()
    cells = [layers.GradualRNNCell(4, recurrent_initializer=shared) for _ in range(2)]
    for one in cells:
        one.build((None, 2))
    first, second = (one.get_weights()[1] for one in cells)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("cls", [layers.ReZeroDense, layers.HighwayDense])
def test_gradients_are_slopes(cls, assert_gradients_are_slopes):
    assert_gradients_are_slopes(dense(cls), normal(3, 5, seed=8))


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.GReLUDense(4, form="identity")(np.zeros((1, 3)), g=0.5),
        lambda: layers.ReZeroDense(4)(np.zeros((1, 3))),
        lambda: layers.HighwayDense(4)(np.zeros((1, 3))),
    ],
)
def test_what_adds_its_input_needs_one_width(make):
    with pytest.raises(ValueError, match="as many units as its input has, 3, not 4"):
        make()


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match="choose one of"):
        layers.GReLUDense(4, form="linear")


@every_gate
def test_batch_norm_is_that_of_the_book_in_training(g):
    layer, x = layers.GradualBatchNorm(dtype="float64"), normal(8, 3)
    layer(x, np.float64(g))
    gamma, beta = normal(3, seed=1), normal(3, seed=2)
    layer.set_weights([gamma, beta, *layer.get_weights()[2:]])
    expected = scratch.gradual_batch_norm(x, gamma, beta, g)
    np.testing.assert_allclose(
        layer(x, np.float64(g), training=True), expected, rtol=1e-10, atol=1e-12
    )


def test_batch_norm_is_gone_at_the_end():
    layer, x = layers.GradualBatchNorm(), normal(8, 3).astype(np.float32)
    for training in (True, False):
        np.testing.assert_array_equal(layer(x, g=1.0, training=training), x)


def test_dropout_fades_in_and_keeps_the_mean():
    layer, x = layers.GradualDropout(0.5, seed=0), np.ones((200, 200), np.float32)
    for g in GATES:
        y = np.asarray(layer(x, g=g, training=True))
        # Of 40 000 entries: five standard deviations.
        assert np.mean(y == 0) == pytest.approx(0.5 * g, abs=5 * 0.5 / 200)
        assert y.mean() == pytest.approx(1, abs=5 / 200)
        np.testing.assert_array_equal(layer(x, g=g), x)  # at evaluation


ON_STEPS = {
    "grelu": lambda x, g: layers.GReLUDense(3)(x, g),
    "rezero": lambda x, g: layers.ReZeroDense(3)(x),
    "highway": lambda x, g: layers.HighwayDense(3)(x),
    "activation": lambda x, g: layers.GradualActivation("tanh", g=0.3)(x),
    "dropout": lambda x, g: layers.GradualDropout(0.3)(x, g),
    "batch norm": lambda x, g: layers.GradualBatchNorm()(x, g),
}


@pytest.mark.parametrize("name", ON_STEPS)
@pytest.mark.filterwarnings("error::UserWarning")  # Keras warns when a mask gets lost
def test_masks_go_through(name):
    """Else what follows would read padding as steps."""
    real = np.arange(5) < np.array([[5], [2], [4], [1]])
    x = keras.Input((None, 3))
    masked = keras.layers.Masking()(x)
    y = ON_STEPS[name](masked, layers.LateGate(0.3)(masked))
    rnn = keras.layers.GRU(2)
    model = keras.Model(x, [y, rnn(y)])
    steps, last = map(np.asarray, model((normal(4, 5, 3) * real[..., None]).astype(np.float32)))
    np.testing.assert_allclose(last, rnn(steps, mask=tf.constant(real)), atol=1e-6)
    assert np.abs(last - rnn(steps)).max() > 1e-3


def test_masked_steps_have_no_part_in_a_batch_norm():
    layer, g = layers.GradualBatchNorm(dtype="float64"), np.float64(0.3)
    x, real = normal(4, 5, 3), np.arange(5) < np.array([[5], [2], [4], [1]])
    x[~real] = 100
    found = layer(x, g, training=True, x_mask=tf.constant(real))
    gamma, beta = np.ones(3), np.zeros(3)
    expected = scratch.gradual_batch_norm(x[real], gamma, beta, 0.3)
    np.testing.assert_allclose(np.asarray(found)[real], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("g", [0.3, np.float64(0.3), tf.constant(0.3, "float64")])
def test_a_mask_that_comes_along_has_its_say_in_a_batch_norm_whatever_g_is(g):
    """Keras looks for x_mask only where g is a tensor; else the layer within finds it at x."""
    layer = layers.GradualBatchNorm(dtype="float64")
    x, real = normal(4, 5, 3), np.arange(5) < np.array([[5], [2], [4], [1]])
    x[~real] = 0
    masked = keras.layers.Masking(dtype="float64")(x)
    found = np.asarray(layer(masked, g=g, training=True))[real]
    expected = scratch.gradual_batch_norm(x[real], np.ones(3), np.zeros(3), 0.3)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    assert np.abs(found - np.asarray(layer(x, g=g, training=True))[real]).max() > 1e-2
    inputs = keras.Input((None, 3), dtype="float64")
    whole = layer(keras.layers.Masking(dtype="float64")(inputs), g=g)
    model = keras.Model(inputs, whole)
    np.testing.assert_allclose(
        tf.function(model)(x, training=True)[real], expected, rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_a_rate_out_of_range_is_refused(rate):
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        layers.GradualDropout(rate)


def gradual_network():
    x = keras.Input((6,))
    g = layers.LateGate(name="gate")(x)
    h = layers.GReLUDense(5, form="gain")(x, g)
    h = layers.GradualBatchNorm()(h, g)
    h = layers.GradualDropout(0.3, seed=0)(h, g)
    h = layers.GReLUDense(5, form="identity")(h, g)
    h = layers.HighwayDense(5)(layers.ReZeroDense(5)(h))
    return keras.Model(x, keras.layers.Dense(3)(h))


def test_one_gate_moves_the_whole_network():
    model, x = gradual_network(), normal(4, 6).astype(np.float32)
    before = model(x)
    model.get_layer("gate").g.assign(1.0)
    assert not np.allclose(model(x), before)


def test_saved_and_loaded_with_one_gate_again(tmp_path):
    model, x = gradual_network(), normal(4, 6).astype(np.float32)
    model.get_layer("gate").g.assign(0.6)
    model.save(tmp_path / "gradual.keras")
    again = keras.models.load_model(tmp_path / "gradual.keras")
    np.testing.assert_array_equal(again(x), model(x))
    for one in (model, again):
        one.get_layer("gate").g.assign(0.9)
    np.testing.assert_array_equal(again(x), model(x))


def test_trains_under_xla():
    model = gradual_network()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  jit_compile=True)  # fmt: skip
    x, y = normal(32, 6), np.random.default_rng(1).integers(0, 3, 32)
    losses = model.fit(x, y, epochs=3, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert float(model.get_layer("gate").g) == 0  # no gradient moves it


# The recurrent cell


def cell(g, n=4, m=2):
    one = layers.GradualRNNCell(n, g=g, dtype="float64")
    one.build((None, m))
    one.set_weights(
        [*(normal(*w.shape, seed=i) for i, w in enumerate(one.get_weights()[:3])), np.array(g)]
    )
    return one


@every_gate
def test_gradual_cell_by_hand(g):
    one, x, h = cell(g), normal(3, 2, seed=5), normal(3, 4, seed=6)
    W_xh, W_hh, b_h, _ = one.get_weights()
    u = x @ W_xh + h @ W_hh + b_h
    y, states = one(x, [h])
    np.testing.assert_allclose(y, scratch.interpolate(u, np.tanh(u), g), rtol=1e-12)
    assert states[0] is y


def test_an_open_gradual_cell_is_the_vanilla_cell():
    from course_lib.layers import VanillaRNNCell

    one, vanilla = cell(1.0), VanillaRNNCell(4, dtype="float64")
    vanilla.build((None, 2))
    vanilla.set_weights(one.get_weights()[:3])
    x = normal(3, 7, 2)
    np.testing.assert_allclose(
        keras.layers.RNN(one, dtype="float64")(x),
        keras.layers.RNN(vanilla, dtype="float64")(x),
        rtol=1e-12,
    )


def test_a_closed_fresh_cell_adds_up_its_inputs():
    one = layers.GradualRNNCell(4, dtype="float64")
    layer = keras.layers.RNN(one, dtype="float64")
    x = normal(3, 7, 2)
    np.testing.assert_allclose(layer(x), x.sum(axis=1) @ one.get_weights()[0], rtol=1e-10)


def test_gradual_cell_saved_and_loaded(tmp_path):
    model = keras.Sequential([keras.Input((5, 2)), keras.layers.RNN(layers.GradualRNNCell(3))])
    model.layers[0].cell.g.assign(0.4)
    model.save(tmp_path / "cell.keras")
    again = keras.models.load_model(tmp_path / "cell.keras")
    x = normal(2, 5, 2).astype(np.float32)
    np.testing.assert_array_equal(again(x), model(x))


def test_an_activation_fades_in_while_its_graph_stays():
    layer = layers.GradualActivation(dtype="float64")
    u = normal(3, 4)
    graph = tf.function(layer, autograph=False)
    for g in GATES:
        layer.g.assign(g)
        np.testing.assert_allclose(graph(tf.constant(u)), scratch.grelu(u, g), rtol=1e-12)
    assert (len(layer.weights), layer.trainable_weights) == (1, [])


def test_an_activation_is_saved_with_its_gate(tmp_path):
    model = keras.Sequential([keras.Input((4,)), layers.GradualActivation("tanh", g=0.25)])
    model.layers[0].g.assign(0.75)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = normal(3, 4).astype(np.float32)
    np.testing.assert_array_equal(again(x), model(x))
    assert again.layers[0].get_config()["g"] == 0.25


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (lambda: layers.LateGate(0.3, dtype="float64"), "g"),
        (lambda: layers.GradualRNNCell(2, g=0.3, dtype="float64"), "g"),
        (lambda: layers.HighwayDense(2, gate_bias=0.3, dtype="float64"), "b_t"),
    ],
    ids=["late gate", "recurrent cell", "highway"],
)
def test_a_number_to_begin_with_has_all_digits(made, name):
    """Keras's own Constant would begin at 0.30000001192."""
    layer = made()
    if not layer.built:
        layer.build((None, 2))
    assert np.all(np.asarray(getattr(layer, name)) == 0.3)
