"""The classifier: the practical's model, with the slips that were in it tested against."""

import keras
import numpy as np
import pytest

from course_lib.layers import (
    CELLS,
    RecurrentClassifier,
    compile_classifier,
    training_fraction,
)
from course_lib.scratch.gated import lstm_step


def images(count=6, steps=4, pixels=3):
    return np.random.default_rng(0).uniform(size=(count, steps, pixels)).astype(np.float32)


def classifier(scale=0.5, **settings):
    """A small one, no weight zero."""
    model = RecurrentClassifier(**{"steps": 4, "pixels": 3, "units": 5, "classes": 3} | settings)
    model.build((None, 4, 3))
    rng = np.random.default_rng(1)
    model.set_weights([scale * rng.normal(size=w.shape) for w in model.get_weights()])
    return model


def bright_rows(count=300, rows=4):
    """Images with one bright row; which one is the class."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, rows, size=count)
    x = rng.uniform(0, 0.3, size=(count, rows, 3)).astype(np.float32)
    x[np.arange(count), labels] += 0.7
    return x, labels


# The forward pass


def test_logits_by_the_numpy_step():
    model = classifier()
    W_x, W_h, b, W_hy, b_y = model.get_weights()
    params = {}
    for number, g in enumerate("ifco"):
        columns = slice(5 * number, 5 * number + 5)
        params |= {f"W_x{g}": W_x[:, columns], f"W_h{g}": W_h[:, columns], f"b_{g}": b[columns]}
    x = images()
    h, c = np.zeros((6, 5)), np.zeros((6, 5))
    for t in range(4):
        h, c, _ = lstm_step(x[:, t], h, c, params)
    np.testing.assert_allclose(model(x), h @ W_hy + b_y, atol=1e-6)


def test_an_image_is_cut_into_steps_in_order():
    x, flat = images(), images().reshape(6, 12)
    model = classifier()
    np.testing.assert_array_equal(model(x), model(flat))
    longer = RecurrentClassifier(steps=6, pixels=2, units=5, classes=3)
    assert longer(flat).shape == (6, 3)
    assert longer.kernels()[0].shape[0] == 2


def test_wrong_number_of_pixels():
    with pytest.raises(ValueError, match="784 pixels, but 28 steps of 14 are 392"):
        RecurrentClassifier(steps=28, pixels=14)(np.zeros((2, 28, 28), np.float32))


def test_images_of_another_size_than_it_was_built_for():
    """Also of one that its pixels would fill without a rest."""
    model = classifier()
    model(images())
    for shape in ((6, 24), (6, 6), (1, 6, 12)):
        with pytest.raises(ValueError, match="pixels, but"):
            model(np.zeros(shape, np.float32))


def test_ten_digits_by_default():
    model = RecurrentClassifier()
    assert model(np.zeros((2, 784), np.float32)).shape == (2, 10)
    assert model.count_params() == 4 * 128 * (28 + 128 + 1) + 129 * 10


# L2

BIASES = {"b", "b_h", "p_i", "p_f", "p_o", "gamma", "beta"}  # and what else is no matrix


@pytest.mark.parametrize("name", CELLS)
def test_l2_is_on_all_kernels_and_on_no_bias(name):
    model = classifier(cell=name, layers=2, l2=0.1)
    kernels = model.kernels()
    assert len(kernels) == 5  # two for each layer, and the readout
    others = [w for w in model.trainable_weights if all(w is not k for k in kernels)]
    for w in others:
        assert "bias" in w.path or w.path.split("/")[-1] in BIASES
        w.assign(100 * np.ones(w.shape))
    expected = 0.05 * sum(np.sum(np.asarray(k) ** 2) for k in kernels)
    assert float(sum(model.losses)) == pytest.approx(float(expected), rel=1e-5)


def test_no_l2_no_penalty():
    assert classifier(l2=0.0).losses == []


def test_l2_is_in_the_loss_that_is_trained():
    x, y = images(), np.array([0, 1, 2, 0, 1, 2])
    plain, penalised = (
        compile_classifier(classifier(l2=l2), jit_compile=False) for l2 in (0.0, 0.1)
    )
    difference = penalised.evaluate(x, y, verbose=0)[0] - plain.evaluate(x, y, verbose=0)[0]
    assert difference == pytest.approx(float(sum(penalised.losses)), rel=1e-4)


# Dropout


@pytest.mark.parametrize("layers", [1, 2])
def test_dropout_acts_in_training_only(layers):
    x = images()
    model, without = classifier(dropout=0.5, layers=layers, seed=1), classifier(layers=layers)
    np.testing.assert_array_equal(model(x), without(x))
    np.testing.assert_array_equal(without(x, training=True), without(x))
    assert np.abs(model(x, training=True) - without(x)).max() > 0.01


# Training


def test_the_loss_takes_logits():
    # A sure mistake: -log softmax is inf, or cut off at some epsilon; from logits it is 1000.
    model = compile_classifier(classifier())
    assert float(model.loss(np.array([1]), np.array([[1000.0, 0.0, 0.0]]))) == pytest.approx(1000)


def test_it_learns():
    keras.utils.set_random_seed(0)
    x, y = bright_rows()
    model = RecurrentClassifier(4, 3, "lstm", units=16, dropout=0.1, l2=1e-4, classes=4)
    compile_classifier(model, learning_rate=0.03, clip_norm=1.0, jit_compile=False)
    model.fit(x[:200], y[:200], batch_size=20, epochs=6, verbose=0)
    assert model.evaluate(x[200:], y[200:], verbose=0)[1] > 0.9  # chance is 0.25


@pytest.mark.slow
def test_xla_takes_the_same_step():
    x, y = images(), np.array([0, 1, 2, 0, 1, 2])
    losses, weights = [], []
    for jit_compile in (False, True):
        model = compile_classifier(classifier(l2=0.1), jit_compile=jit_compile)
        losses.append(model.train_on_batch(x, y)[0])
        weights.append(model.get_weights())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    before = classifier(l2=0.1).get_weights()
    assert all(np.abs(a - b).max() > 1e-4 for a, b in zip(before, weights[1], strict=True))


def test_clipping_is_by_the_norm_of_all():
    assert compile_classifier(classifier(), clip_norm=2.0).optimizer.global_clipnorm == 2.0
    assert compile_classifier(classifier()).optimizer.global_clipnorm is None


def test_mixed_precision_gives_logits_in_float32():
    x, y = images(), np.array([0, 1, 2, 0, 1, 2])
    model = classifier(dtype="mixed_float16", dropout=0.1, l2=0.01, seed=0)
    assert model(x).dtype == "float32"
    assert model.rnn(x).dtype == "float16"
    np.testing.assert_allclose(model(x), classifier()(x), atol=1e-2)
    before = model.get_weights()
    compile_classifier(model, jit_compile=False).train_on_batch(x, y)
    assert all(np.all(np.isfinite(w)) for w in model.get_weights())
    assert any(np.any(a != b) for a, b in zip(before, model.get_weights(), strict=True))


def test_float64_all_through():
    model, x = classifier(dtype="float64"), images().astype(np.float64)
    assert model(x).dtype == "float64"
    assert np.any(model(x) != model(x * (1 + 1e-12)))


def test_saved_and_loaded(tmp_path):
    model = classifier(cell="lstm_peepholes", layers=2, dropout=0.2, l2=0.1, seed=4)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = images()
    np.testing.assert_array_equal(model(x), loaded(x))
    assert float(sum(model.losses)) == pytest.approx(float(sum(loaded.losses)))
    assert loaded.get_config() == model.get_config()


# Part of the data


def test_a_fraction_keeps_pairs_together():
    x = np.arange(1000)
    some_x, some_y = training_fraction(x, 3 * x, 0.1)
    assert len(some_x) == 100
    assert len(set(some_x)) == 100
    np.testing.assert_array_equal(some_y, 3 * some_x)
    # Shuffled: the first tenth of sorted data would hold one class only.
    assert some_x.max() > 900
    assert not np.array_equal(some_x, np.sort(some_x))
    np.testing.assert_array_equal(x, np.arange(1000))


def test_a_fraction_is_seeded_and_nested():
    x = np.arange(1000)
    tenth, half, other = (
        set(training_fraction(x, x, fraction, seed)[0].tolist())
        for fraction, seed in ((0.1, 5), (0.5, 5), (0.1, 6))
    )
    again, _ = training_fraction(x, x, 0.1, 5)
    assert tenth == set(again.tolist())
    assert tenth < half
    assert tenth != other


def test_the_ends_of_a_fraction():
    x = np.arange(10)
    assert sorted(training_fraction(x, x, 1.0)[0]) == list(range(10))
    assert len(training_fraction(x, x, 1e-6)[0]) == 1
    for wrong in (0, -0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="above 0"):
            training_fraction(x, x, wrong)
