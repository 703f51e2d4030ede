"""GradNets three ways: by hand, against centred differences, against TensorFlow and Keras."""

import functools
import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.scratch import gradnets
from course_lib.scratch.clipping import clip_by_global_norm
from course_lib.scratch.gradcheck import gradient_check, numerical_gradient
from course_lib.scratch.losses import cross_entropy_from_logits, cross_entropy_gradient

GATES = (0.0, 0.1, 0.4, 1.0)
every_form = pytest.mark.parametrize("form", gradnets.FORMS)
every_gate = pytest.mark.parametrize("g", GATES)
gates = st.floats(0, 1)
seeds = st.integers(0, 1000)
quick = settings(max_examples=40)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def orthogonal(depth, n, seed=0):
    """Weights whose linear network keeps every norm; all directions equally likely."""
    q, r = np.linalg.qr(normal(depth, n, n, seed=seed))
    return list(q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None])


def he(depth, n, seed=0):
    return list(np.sqrt(2 / n) * normal(depth, n, n, seed=seed))


def truncated(depth, n, seed=0, limit=2.0):
    """Standard deviation 0.1, drawn again beyond two of them, as in the notebook."""
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(depth, n, n))
    while (outside := np.abs(w) > limit).any():
        w[outside] = rng.normal(size=outside.sum())
    return list(0.1 * w)


def related_inputs(batch=16, n=50, seed=1):
    """Inputs that share a part, as images do; different ones have a cosine near a third."""
    return normal(batch, n, seed=seed) + 0.7 * normal(n, seed=seed + 1)


@functools.cache
def tensorflow():
    import tensorflow as tf

    return tf


@functools.cache
def keras():
    import keras

    return keras


# The schedule


@pytest.mark.parametrize(
    ("step", "g"), [(-5, 0), (100, 0), (150, 0.25), (200, 0.5), (300, 1), (10**6, 1)]
)
def test_late_gate_by_hand(step, g):
    assert gradnets.late_gate(step, 100, 300) == g


def test_late_gate_is_the_formula_that_the_notebook_quotes():
    # 10 epochs of 1100 steps, logged at steps 0, 100 and 200.
    logged = [gradnets.late_gate(step / 1100, 0, 10) for step in (0, 100, 200)]
    np.testing.assert_allclose(logged, [0, 0.00909091, 0.0181818], rtol=1e-5)


@given(st.integers(-100, 100), st.integers(1, 100), st.integers(-300, 300), st.integers(0, 50))
@quick
def test_late_gate_rises_from_0_to_1(start, length, step, later):
    g = gradnets.late_gate(step, start, start + length)
    assert isinstance(g, float)
    assert 0 <= g <= gradnets.late_gate(step + later, start, start + length) <= 1
    assert gradnets.late_gate(start, start, start + length) == 0
    assert gradnets.late_gate(start + length, start, start + length) == 1


@pytest.mark.parametrize(("start", "end"), [(3, 3), (4, 3)])
def test_late_gate_needs_an_end_after_its_start(start, end):
    with pytest.raises(ValueError, match="end must be later"):
        gradnets.late_gate(0, start, end)


# Interpolation and GReLU


def test_interpolate_by_hand():
    early, late = np.array([1.0, -2.0]), np.array([5.0, 2.0])
    np.testing.assert_allclose(gradnets.interpolate(early, late, 0.25), [2.0, -1.0])
    assert np.array_equal(gradnets.interpolate(early, late, 0), early)
    assert np.array_equal(gradnets.interpolate(early, late, 1), late)


def test_grelu_by_hand():
    u, dy = np.array([-4.0, 0.0, 3.0]), np.array([2.0, 2.0, 2.0])
    np.testing.assert_allclose(gradnets.grelu(u, 0.75), [-1.0, 0.0, 3.0])
    np.testing.assert_allclose(gradnets.grelu_backward(dy, u, 0.75), [0.5, 0.5, 2.0])


def test_identity_grelu_by_hand():
    x, u, dy = np.array([[8.0, 8.0]]), np.array([[-4.0, 3.0]]), np.array([[4.0, 4.0]])
    np.testing.assert_allclose(gradnets.identity_grelu(x, u, 0.25), [[6.0, 6.75]])
    dx, du = gradnets.identity_grelu_backward(dy, u, 0.25)
    np.testing.assert_allclose(dx, [[3.0, 3.0]])
    np.testing.assert_allclose(du, [[0.0, 1.0]])


@given(seeds)
@quick
def test_at_0_the_network_is_linear_and_at_1_it_is_the_relu_network(seed):
    u, dy = normal(3, 4, seed=seed), normal(3, 4, seed=seed + 1)
    assert np.array_equal(gradnets.grelu(u, 0), u)
    assert np.array_equal(gradnets.grelu_backward(dy, u, 0), dy)
    assert np.array_equal(gradnets.grelu(u, 1), np.maximum(u, 0))
    assert np.array_equal(gradnets.grelu_backward(dy, u, 1), dy * (u > 0))
    assert np.array_equal(gradnets.identity_grelu(dy, u, 0), dy)
    assert np.array_equal(gradnets.identity_grelu(dy, u, 1), np.maximum(u, 0))


@given(gates, gates, seeds)
@quick
def test_grelu_lies_between(g, other, seed):
    u = normal(5, 4, seed=seed)
    y = gradnets.grelu(u, g)
    np.testing.assert_allclose(
        y, gradnets.interpolate(u, np.maximum(u, 0), g), rtol=1e-12, atol=1e-12
    )
    assert np.all((u <= y) & (y <= np.maximum(u, 0)))
    slope = gradnets.grelu_backward(np.ones_like(u), u, g)
    assert np.all((1 - g <= slope) & (slope <= 1))
    np.testing.assert_allclose(slope * u, y, rtol=1e-12)
    if g <= other:
        assert np.all(y <= gradnets.grelu(u, other))


@given(gates, st.floats(0.01, 100), seeds)
@quick
def test_grelu_scales_with_its_input(g, factor, seed):
    u = normal(5, 4, seed=seed)
    expected = factor * gradnets.grelu(u, g)
    np.testing.assert_allclose(gradnets.grelu(factor * u, g), expected, rtol=1e-12)


def test_at_0_the_weights_of_the_notebooks_form_get_no_gradient():
    u, dy = normal(3, 4), normal(3, 4, seed=1)
    assert not gradnets.identity_grelu_backward(dy, u, 0)[1].any()
    assert gradnets.grelu_backward(dy, u, 0).all()


@every_gate
def test_grelu_backward_is_that_of_centred_differences(g):
    u, dy = normal(3, 4), normal(3, 4, seed=1)
    numerical = numerical_gradient(lambda: float(np.sum(dy * gradnets.grelu(u, g))), u)
    np.testing.assert_allclose(gradnets.grelu_backward(dy, u, g), numerical, atol=1e-8)


@every_gate
def test_identity_grelu_backward_is_that_of_centred_differences(g):
    x, u, dy = normal(3, 4), normal(3, 4, seed=1), normal(3, 4, seed=2)

    def loss():
        return float(np.sum(dy * gradnets.identity_grelu(x, u, g)))

    dx, du = gradnets.identity_grelu_backward(dy, u, g)
    np.testing.assert_allclose(dx, numerical_gradient(loss, x), atol=1e-8)
    np.testing.assert_allclose(du, numerical_gradient(loss, u), atol=1e-8)


@every_gate
def test_grelu_equals_autodiff_of_the_general_form(g):
    tf = tensorflow()
    u, dy = normal(6, 5), normal(6, 5, seed=1)
    u[0] = 0.0  # at the corner, too
    variable = tf.constant(u)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        y = (1 - g) * variable + g * tf.nn.relu(variable)
    du = tape.gradient(y, variable, output_gradients=tf.constant(dy)).numpy()
    np.testing.assert_allclose(gradnets.grelu(u, g), y.numpy(), rtol=1e-14)
    np.testing.assert_allclose(gradnets.grelu_backward(dy, u, g), du, rtol=1e-14)


@every_gate
def test_grelu_equals_the_leaky_relu_of_keras(g):
    u = normal(6, 5)
    y = keras().ops.convert_to_numpy(keras().ops.leaky_relu(u, negative_slope=1 - g))
    # TensorFlow keeps the slope in float32 whatever the type of u.
    np.testing.assert_allclose(gradnets.grelu(u, g), y, rtol=1e-7)


# The gain


def test_gain_by_hand():
    assert gradnets.gain(0) == pytest.approx(np.sqrt(2))
    assert gradnets.gain(1) == 1
    assert gradnets.gain(1 / np.sqrt(3)) == pytest.approx(np.sqrt(1.5))


@every_gate
def test_gain_keeps_the_mean_square_of_a_normal_variable(g):
    # 200 000 draws: the sampling error of the mean square is near 0.5 %.
    y = gradnets.gain(1 - g) * gradnets.grelu(normal(200_000), g)
    assert np.mean(y**2) == pytest.approx(1, abs=0.02)


# Gradual dropout


def test_gradual_dropout_by_hand():
    class FourDraws:
        def random(self, shape):
            return np.array([0.0, 0.19, 0.2, 0.9]).reshape(shape)

    x = np.array([[1.0, 2.0, 3.0, 4.0]])
    y, scale = gradnets.gradual_dropout(x, 0.8, 0.25, FourDraws())  # drops with 0.2
    np.testing.assert_allclose(scale, [[0, 0, 1.25, 1.25]])
    np.testing.assert_allclose(y, [[0, 0, 3.75, 5.0]])


@pytest.mark.parametrize(("p", "g"), [(0.5, 1.0), (0.5, 0.4), (0.9, 0.5)])
def test_gradual_dropout_drops_its_share_and_keeps_the_mean(p, g):
    y, scale = gradnets.gradual_dropout(np.ones((200, 500)), p, g, np.random.default_rng(0))
    assert np.mean(scale == 0) == pytest.approx(p * g, abs=0.01)
    assert np.mean(y) == pytest.approx(1, abs=0.01)


@given(st.floats(0, 0.9), gates, seeds)
@quick
def test_gradual_dropout_properties(p, g, seed):
    x = normal(4, 6, seed=seed)
    y, scale = gradnets.gradual_dropout(x, p, g, np.random.default_rng(seed))
    assert np.array_equal(y, x * scale)
    np.testing.assert_allclose(scale[scale != 0], 1 / (1 - p * g))
    again, _ = gradnets.gradual_dropout(x, p, g, np.random.default_rng(seed))
    assert np.array_equal(y, again)
    # What is dropped at g is dropped at 1.
    _, last = gradnets.gradual_dropout(x, p, 1, np.random.default_rng(seed))
    assert not last[scale == 0].any()
    _, first = gradnets.gradual_dropout(x, p, 0, np.random.default_rng(seed))
    assert np.all(first == 1)


def test_gradual_dropout_is_off_at_evaluation():
    x = normal(4, 6)
    rng = np.random.default_rng(0)
    y, scale = gradnets.gradual_dropout(x, 0.5, 1, rng, training=False)
    assert np.array_equal(y, x)
    assert np.all(scale == 1)
    assert rng.random() == np.random.default_rng(0).random()  # nothing was drawn


def test_gradual_dropout_backward_is_that_of_centred_differences():
    x, dy = normal(3, 4), normal(3, 4, seed=1)

    def loss():
        y, _ = gradnets.gradual_dropout(x, 0.5, 0.8, np.random.default_rng(2))
        return float(np.sum(dy * y))

    _, scale = gradnets.gradual_dropout(x, 0.5, 0.8, np.random.default_rng(2))
    np.testing.assert_allclose(dy * scale, numerical_gradient(loss, x), atol=1e-8)


# Gradual batch normalisation


def test_gradual_batch_norm_by_hand():
    x, gamma, beta = np.array([[1.0], [3.0]]), np.array([10.0]), np.array([1.0])
    early = gradnets.gradual_batch_norm(x, gamma, beta, 0, epsilon=0)
    np.testing.assert_allclose(early, [[-9], [11]])
    half = gradnets.gradual_batch_norm(x, gamma, beta, 0.5, epsilon=0)
    np.testing.assert_allclose(half, [[-4], [7]])


def test_gradual_batch_norm_needs_no_batch_in_the_end():
    x = normal(5, 3)
    assert np.array_equal(gradnets.gradual_batch_norm(x, np.ones(3), np.zeros(3), 1), x)
    half = gradnets.gradual_batch_norm(x, np.ones(3), np.zeros(3), 0.5)
    part = gradnets.gradual_batch_norm(x[:2], np.ones(3), np.zeros(3), 0.5)
    assert not np.allclose(half[:2], part)


def test_gradual_batch_norm_starts_as_that_of_keras():
    x, gamma, beta = 3 + 2 * normal(8, 3), normal(3, seed=1), normal(3, seed=2)
    layer = keras().layers.BatchNormalization(epsilon=1e-5, dtype="float64")
    layer.build(x.shape)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    expected = layer(x, training=True).numpy()
    y = gradnets.gradual_batch_norm(x, gamma, beta, 0)
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-12)


# TAT's slope

SLOPES = {  # number of layers: slope, output scale
    10: (0.0, 1.4142),
    20: (0.1814, 1.3915),
    28: (0.2835, 1.3606),
    48: (0.4212, 1.3033),
    50: (0.4305, 1.2989),
    100: (0.5704, 1.2284),
    198: (0.6782, 1.1704),
    200: (0.6796, 1.1697),
    500: (0.7862, 1.1117),
    1000: (0.8444, 1.0806),
}


@pytest.mark.parametrize("depth", SLOPES)
def test_tat_slopes(depth):
    alpha, scale = SLOPES[depth]
    assert gradnets.tat_slope(depth) == pytest.approx(alpha, abs=6e-5)
    assert gradnets.gain(gradnets.tat_slope(depth)) == pytest.approx(scale, abs=6e-5)


@pytest.mark.parametrize(("depth", "g"), [(10, 1.0), (48, 0.579), (198, 0.322)])
def test_stop_gate(depth, g):
    assert gradnets.stop_gate(depth) == pytest.approx(g, abs=6e-4)


def test_ten_layers_of_relu_stay_below():
    c = 0.0
    for _ in range(10):
        c = gradnets.cosine_map(c, 0)
    assert c == pytest.approx(0.8715, abs=6e-5)


def test_cosine_map_by_hand():
    assert gradnets.cosine_map(0, 0) == pytest.approx(1 / np.pi)
    assert gradnets.cosine_map(1, 0.3) == pytest.approx(1)
    assert gradnets.cosine_map(1 + 1e-15, 0.3) == pytest.approx(1)
    assert gradnets.cosine_map(-1, 0) == pytest.approx(0)
    assert gradnets.cosine_map(0.37, 1) == pytest.approx(0.37)  # a linear layer


@pytest.mark.parametrize("c", [-0.5, 0.0, 0.8])
@every_gate
def test_cosine_map_is_what_a_wide_layer_does(c, g):
    # 200 000 units; the sampling error is below 0.005.
    u, v = normal(2, 200_000)
    u, v = gradnets.grelu(np.array([u, c * u + np.sqrt(1 - c**2) * v]), g)
    cosine = u @ v / np.linalg.norm(u) / np.linalg.norm(v)
    assert gradnets.cosine_map(c, 1 - g) == pytest.approx(cosine, abs=0.01)


@given(st.integers(11, 100), st.floats(0.5, 0.95))
@quick
def test_tat_slope_solves_its_equation(depth, eta):
    alpha = gradnets.tat_slope(depth, eta)
    c = 0.0
    for _ in range(depth):
        c = gradnets.cosine_map(c, alpha)
    assert c == pytest.approx(eta, abs=1e-9) or (alpha == 0 and c <= eta)
    assert gradnets.tat_slope(depth + 10, eta) >= alpha


# A layer


def test_layer_by_hand():
    x, W = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0], [-1.0, 1.0]])  # u = (-1, 2) + 0.5
    expected = {
        "pre-activation": [[-0.25, 2.5]],
        "gain": [[-0.25 * np.sqrt(1.6), 2.5 * np.sqrt(1.6)]],
        "identity": [[0.5, 2.25]],
    }
    for form, y in expected.items():
        found, u = gradnets.layer_forward(x, W, 0.5, form, bias=0.5)
        np.testing.assert_allclose(u, [[-0.5, 2.5]])
        np.testing.assert_allclose(found, y)


def test_unknown_form():
    with pytest.raises(ValueError, match="choose one of"):
        gradnets.layer_forward(normal(2, 3), np.eye(3), 0.5, "relu")


@every_form
@every_gate
def test_the_loss_of_a_deep_network_passes_the_gradient_check(form, g):
    # The safe loss on top of three layers; down to the input, through every layer.
    x, weights, labels = normal(2, 4), orthogonal(3, 4, seed=1), np.array([3, 0])

    def forward():
        h, us = x, []
        for W in weights:
            h, u = gradnets.layer_forward(h, W, g, form, bias=0.1)
            us.append(u)
        return h, us

    logits, us = forward()
    dx = cross_entropy_gradient(logits, labels)
    for W, u in zip(weights[::-1], us[::-1], strict=True):
        dx = gradnets.layer_backward(dx, u, W, g, form)
    passed, errors = gradient_check(
        lambda: cross_entropy_from_logits(forward()[0], labels), {"x": x}, {"x": dx}
    )
    assert passed, errors


# Signal propagation


def test_mean_cosine_by_hand():
    h = np.array([[1.0, 0.0], [5.0, 5.0], [-2.0, 0.0], [0.0, 0.0]])
    pairs = [np.sqrt(0.5), -1, 0, -np.sqrt(0.5), 0, 0]
    assert gradnets.mean_cosine(h) == pytest.approx(np.mean(pairs))


def test_propagate_by_hand():
    # Two inputs of one unit, weights 2 and then -1, ReLU: 3 -> 6 -> 0, and -1 -> 0 -> 0 half open.
    x, weights = np.array([[3.0], [-1.0]]), [np.array([[2.0]]), np.array([[-1.0]])]
    rms, cosines, backward = gradnets.propagate(x, weights, 0.5, "pre-activation")
    np.testing.assert_allclose(rms, np.sqrt([5, (36 + 1) / 2, (9 + 1) / 2]))
    np.testing.assert_allclose(cosines, [-1, -1, -1])
    # Slopes: 1 then 0.5 for the first input, 0.5 then 1 for the second.
    np.testing.assert_allclose(backward, [1, np.sqrt((0.25 + 1) / 2), 1])


@every_form
@every_gate
def test_propagate_equals_autodiff(form, g):
    tf = tensorflow()
    x, weights = normal(3, 4), orthogonal(3, 4, seed=1)
    h = tf.constant(x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(h)
        states = [h]
        for W in weights:
            u, late = h @ W + 0.1, tf.nn.relu(h @ W + 0.1)
            h = (1 - g) * (h if form == "identity" else u) + g * late
            if form == "gain":
                h = h * np.sqrt(2 / (1 + (1 - g) ** 2))
            states.append(h)
    rms, cosines, backward = gradnets.propagate(x, weights, g, form, bias=0.1)
    for l, state in enumerate(states):
        assert rms[l] == pytest.approx(np.sqrt(np.mean(state.numpy() ** 2)), rel=1e-12)
        a, b, c = state.numpy() / np.linalg.norm(state.numpy(), axis=1, keepdims=True)
        assert cosines[l] == pytest.approx((a @ b + a @ c + b @ c) / 3, rel=1e-10)
        jacobian = tape.batch_jacobian(h, state, experimental_use_pfor=False).numpy()
        norm = np.sqrt(np.mean(np.sum(jacobian**2, axis=(1, 2))) / 4)
        assert backward[l] == pytest.approx(norm, rel=1e-10)


def test_propagate_takes_layers_of_different_width():
    weights = [normal(6, 4), normal(4, 3)]
    shapes = [a.shape for a in gradnets.propagate(normal(5, 6), weights, 0.5, "gain")]
    assert shapes == [(3,), (3,), (3,)]


@pytest.mark.parametrize("form", ["pre-activation", "gain"])
@given(n=st.integers(1, 6), depth=st.integers(1, 8), seed=seeds)
@settings(max_examples=20)
def test_orthogonal_layers_at_0_change_nothing(form, n, depth, seed):
    x = normal(3, n, seed=seed)
    rms, cosines, backward = gradnets.propagate(x, orthogonal(depth, n, seed), 0, form)
    np.testing.assert_allclose(rms, rms[0], rtol=1e-10)
    np.testing.assert_allclose(cosines, cosines[0], atol=1e-10)
    np.testing.assert_allclose(backward, 1, rtol=1e-10)


@pytest.mark.parametrize(("g", "left"), [(0.1, 0.00636), (0.4, 2.24e-11)])
def test_the_skip_shrinks_the_signal_layer_by_layer(g, left):
    # With weights of zero only the skip is left: (1 - g)^48.
    weights = [np.zeros((50, 50))] * 48
    rms, _, backward = gradnets.propagate(related_inputs(), weights, g, "identity")
    assert rms[-1] / rms[0] == pytest.approx((1 - g) ** 48, rel=1e-12)
    assert backward[0] == pytest.approx(left, rel=1e-2)


# 48 layers of 50 units, measured on digits with other seeds: the order of magnitude is what holds.
MEASURED = {  # form, weights, bias: forward and backward scale at the gates 0, 0.1, 0.4 and 1
    ("pre-activation", orthogonal, 0.0): ([1, 0.09, 7.5e-5, 6.5e-8], [1, 0.09, None, None]),
    ("gain", orthogonal, 0.0): ([1, 0.95, 0.90, 1.2], [1, 1.0, 0.93, 1.3]),
    ("pre-activation", he, 0.0): ([8e6, 1e6, 1e3, 1.4], [8e6, None, None, 1.9]),
    ("identity", truncated, 0.1): ([1, 0.15, 0.16, 0.18], [1, 7e-3, 9e-10, 3e-12]),
    ("pre-activation", truncated, 0.1): ([0.17, None, None, None], [6e-11, None, None, None]),
}


@pytest.mark.parametrize("case", MEASURED, ids=lambda case: f"{case[0]}-{case[1].__name__}")
def test_scales_after_48_layers(case):
    # At this width one draw of the weights may be off by a factor of three at g = 1, so the
    # geometric mean over several draws is what is compared; within a factor of five.
    form, weights, bias = case
    draws = [weights(48, 50, seed) for seed in range(5)]
    for g, forward, back in zip(GATES, *MEASURED[case], strict=True):
        x = related_inputs(batch=4)
        runs = [gradnets.propagate(x, draw, g, form, bias=bias) for draw in draws]
        scales = [(rms[-1] / rms[0], backward[0]) for rms, _, backward in runs]
        for found, expected in zip(np.log10(scales).mean(axis=0), (forward, back), strict=True):
            if expected:
                assert abs(found - np.log10(expected)) < 0.7, (g, 10**found, expected)


def test_inputs_come_to_look_alike_as_the_gate_opens():
    last = [
        gradnets.propagate(related_inputs(), orthogonal(48, 50), g, "gain")[1][-1] for g in GATES
    ]
    assert last == sorted(last)
    assert last[0] < 0.5
    assert last[-1] > 0.95
    # The notebook's form: all inputs look alike from a gate of 0.1 on.
    _, cosines, _ = gradnets.propagate(
        related_inputs(), truncated(48, 50), 0.1, "identity", bias=0.1
    )
    assert cosines[-1] > 0.99


def test_at_the_stop_gate_a_real_network_ends_near_eta():
    # The formula is that of infinite width; 64 units are not.
    g = gradnets.stop_gate(48)
    ends = [
        gradnets.propagate(normal(6, 64, seed=seed), orthogonal(48, 64, seed), g, "gain")[1][-1]
        for seed in range(3)
    ]
    assert np.mean(ends) == pytest.approx(0.9, abs=0.05)


# Norms of gradients


def test_gradient_norms_by_hand():
    grads = [
        {"W": np.array([[3.0, -4.0]]), "b": np.array([12.0])},
        {"W": np.array([[5.0, -5.0], [5.0, -5.0]])},
        {"W": np.zeros((2, 2)), "b": np.zeros(2)},
    ]
    np.testing.assert_allclose(gradnets.gradient_norms(grads), [13, 10, 0])


@given(st.integers(1, 5), st.integers(1, 4), seeds, st.sampled_from([-50.0, -0.1, 0.0, 3.0]))
@quick
def test_gradient_norms_properties(depth, n, seed, factor):
    grads = [{"W": normal(n, n, seed=seed + l), "b": normal(n, seed=l + 1)} for l in range(depth)]
    norms = gradnets.gradient_norms(grads)
    assert norms.shape == (depth,)
    assert np.all(norms > 0)
    scaled = [{name: factor * g for name, g in layer.items()} for layer in grads]
    np.testing.assert_allclose(gradnets.gradient_norms(scaled), abs(factor) * norms, rtol=1e-12)
    joint = {f"{l}{name}": g for l, layer in enumerate(grads) for name, g in layer.items()}
    _, norm = clip_by_global_norm(joint, 1.0)
    assert np.linalg.norm(norms) == pytest.approx(norm, rel=1e-12)


def test_gradient_norms_equal_the_slope_along_the_gradient():
    # Up its own gradient, scaled to length 1, a loss rises by the gradient's norm; and autodiff.
    tf = tensorflow()
    x, W, b, labels = (
        normal(5, 3),
        normal(3, 4, seed=1),
        normal(4, seed=2),
        np.array([0, 3, 1, 1, 2]),
    )
    variables = [tf.Variable(W), tf.Variable(b)]
    with tf.GradientTape() as tape:
        logits = x @ variables[0] + variables[1]
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    dW, db = (g.numpy() for g in tape.gradient(loss, variables))
    (norm,) = gradnets.gradient_norms([{"W": dW, "b": db}])
    assert norm == pytest.approx(float(tf.linalg.global_norm([dW, db])), rel=1e-12)

    def along(t):
        return cross_entropy_from_logits(x @ (W + t[0] * dW / norm) + b + t[0] * db / norm, labels)

    t = np.zeros(1)
    assert numerical_gradient(lambda: along(t), t)[0] == pytest.approx(norm, rel=1e-8)


# The accuracy that counts


@pytest.mark.parametrize("size", [1, 2, 4, 5, 100])
def test_final_accuracy_by_hand(size):
    calls = []

    def network(x, g, training):  # right where x is positive, once the gate is open
        calls.append((len(x), g, training))
        return np.where(x > 0, [0.0, g], [1.0, 0.0])

    x, labels = np.array([[1.0], [2.0], [-1.0], [3.0], [-2.0]]), np.array([1, 1, 1, 1, 0])
    assert gradnets.final_accuracy(network, x, labels, 0.2, 0.7, size) == pytest.approx(4 / 5)
    assert sum(rows for rows, _, _ in calls) == 5
    assert {(g, training) for _, g, training in calls} == {(0.7, False)}


def test_final_accuracy_equals_that_of_keras():
    x, labels = normal(23, 4), np.arange(23) % 3
    W, V = normal(4, 6, seed=1), normal(6, 3, seed=2)

    def network(x, g, training):
        return gradnets.grelu(x @ W, g) @ V

    metric = keras().metrics.SparseCategoricalAccuracy()
    metric.update_state(labels, network(x, 0.6, False))
    found = gradnets.final_accuracy(network, x, labels, 0.1, 0.6, size=5)
    assert found == pytest.approx(float(metric.result()), rel=1e-6)


# Types and side effects


@every_form
def test_float32_stays_float32(form):
    x, W = normal(3, 4).astype(np.float32), np.eye(4, dtype=np.float32)
    g = gradnets.late_gate(np.float64(1), 0, 3)
    y, u = gradnets.layer_forward(x, W, g, form)
    dx = gradnets.layer_backward(y, u, W, g, form)
    dropped, scale = gradnets.gradual_dropout(x, 0.5, g, np.random.default_rng(0))
    one = np.ones(4, dtype=np.float32)
    normalised = gradnets.gradual_batch_norm(x, one, one, g)
    assert {a.dtype for a in (y, u, dx, dropped, scale, normalised)} == {np.dtype(np.float32)}


@every_form
def test_inputs_are_left_alone(form):
    x, weights = normal(3, 4), orthogonal(3, 4)
    before = [a.copy() for a in (x, *weights)]
    gradnets.propagate(x, weights, 0.5, form)
    gradnets.grelu(x, 0.5)
    gradnets.grelu_backward(x, x, 0.5)
    gradnets.gradual_dropout(x, 0.5, 0.5, np.random.default_rng(0))
    gradnets.gradual_batch_norm(x, x[0], x[1], 0.5)
    assert all(np.array_equal(a, b) for a, b in zip(before, (x, *weights), strict=True))


def test_every_public_function_says_what_it_takes_and_returns():
    functions = dict(inspect.getmembers(gradnets, inspect.isfunction))
    assert len(functions) > 10
    for name, function in functions.items():
        assert "Args:" in function.__doc__, name
        assert "Returns:" in function.__doc__, name
