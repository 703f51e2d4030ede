"""The vanilla RNN: by hand, by its properties, by numerical gradient, and against Keras."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.scratch.bptt import rnn_backward
from course_lib.scratch.gradcheck import gradient_check
from course_lib.scratch.rnn import (
    init_params,
    masked_rnn_forward,
    read_digits,
    rnn_forward,
    rnn_step,
)
from course_lib.sources import notebook_2019 as old

sizes = st.tuples(*[st.integers(1, 5)] * 4)  # batch, T, m, n


def problem(batch, T, m, n, seed=0, dtype=np.float64):
    """Inputs, first state and weights, none of them zero."""
    rng = np.random.default_rng(seed)
    params = init_params(m, n, 2, seed=seed, dtype=dtype)
    b_h = rng.normal(size=n).astype(dtype)
    x = rng.normal(size=(batch, T, m)).astype(dtype)
    h_0 = rng.normal(size=(batch, n)).astype(dtype)
    return x, h_0, params["W_xh"], params["W_hh"], b_h


def test_a_step_by_hand():
    x_t, h_prev = np.array([[2.0]]), np.array([[0.5]])
    h_t = rnn_step(x_t, h_prev, np.array([[0.25]]), np.array([[-1.0]]), np.array([0.1]))
    assert h_t == pytest.approx(np.tanh(0.1))  # 2 × 0.25 + 0.5 × (-1) + 0.1


def test_the_state_goes_through_the_weights_as_a_row_vector():
    W_hh = np.array([[0.0, 1.0], [0.0, 0.0]])  # unit 0 feeds unit 1
    h_t = rnn_step(np.zeros((1, 1)), np.array([[0.3, 0.9]]), np.zeros((1, 2)), W_hh, np.zeros(2))
    np.testing.assert_allclose(h_t, [[0.0, np.tanh(0.3)]])


@given(sizes)
@settings(max_examples=30)
def test_the_sequence_is_its_steps(size):
    x, h_0, *weights = problem(*size)
    h, cache = rnn_forward(x, h_0, *weights)
    assert h.shape == (size[0], size[1], size[3])
    h_t = h_0
    for t in range(size[1]):
        h_t = rnn_step(x[:, t], h_t, *weights)
        np.testing.assert_array_equal(h[:, t], h_t)
    for kept, given_ in zip(cache, (x, h_0, h, *weights[:2]), strict=True):
        assert kept is given_


@given(sizes, st.integers(0, 4))
@settings(max_examples=30)
def test_no_state_depends_on_a_later_input(size, t):
    x, h_0, *weights = problem(*size)
    t %= size[1]
    other = x.copy()
    other[:, t] += 1.0
    h, other_h = rnn_forward(x, h_0, *weights)[0], rnn_forward(other, h_0, *weights)[0]
    np.testing.assert_array_equal(h[:, :t], other_h[:, :t])
    assert not np.array_equal(h[:, t], other_h[:, t])


@given(sizes, st.integers(0, 5))
@settings(max_examples=30)
def test_a_sequence_may_be_cut_anywhere(size, cut):
    x, h_0, *weights = problem(*size)
    cut = min(cut, size[1])
    whole, _ = rnn_forward(x, h_0, *weights)
    first, _ = rnn_forward(x[:, :cut], h_0, *weights)
    state = first[:, -1] if cut else h_0
    second, _ = rnn_forward(x[:, cut:], state, *weights)
    np.testing.assert_array_equal(whole, np.concatenate([first, second], axis=1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floating_type_is_kept(dtype):
    x, h_0, *weights = problem(2, 3, 4, 5, dtype=dtype)
    mask = np.ones((2, 3), bool)
    assert rnn_step(x[:, 0], h_0, *weights).dtype == dtype
    assert rnn_forward(x, h_0, *weights)[0].dtype == dtype
    assert [a.dtype for a in masked_rnn_forward(x, mask, h_0, *weights)] == [dtype, dtype]


def test_the_gradient_of_the_forward_pass_is_that_of_centred_differences():
    x, h_0, W_xh, W_hh, b_h = problem(3, 4, 2, 5)
    weight = np.random.default_rng(1).normal(size=(3, 4, 5))

    def loss():
        return np.sum(weight * rnn_forward(x, h_0, W_xh, W_hh, b_h)[0])

    _, cache = rnn_forward(x, h_0, W_xh, W_hh, b_h)
    names = ("x", "h_0", "W_xh", "W_hh", "b_h")
    params = dict(zip(names, (x, h_0, W_xh, W_hh, b_h), strict=True))
    grads = dict(zip(names, rnn_backward(weight, cache), strict=True))
    passed, errors = gradient_check(loss, params, grads)
    assert passed, errors


def test_equal_to_keras():
    import keras

    x, h_0, *weights = problem(3, 7, 4, 6, dtype=np.float32)
    layer = keras.layers.SimpleRNN(6, return_sequences=True)
    layer.build(x.shape)
    layer.set_weights(weights)
    theirs = keras.ops.convert_to_numpy(layer(x, initial_state=h_0))
    np.testing.assert_allclose(rnn_forward(x, h_0, *weights)[0], theirs, atol=1e-6)


# Sequences of different length


@given(sizes, st.data())
@settings(max_examples=30)
def test_padding_is_invisible(size, data):
    batch, T, _, n = size
    x, h_0, *weights = problem(*size)
    lengths = data.draw(st.lists(st.integers(0, T), min_size=batch, max_size=batch))
    mask = np.arange(T) < np.array(lengths)[:, None]
    x[~mask] = np.nan  # whatever stands there
    h, h_last = masked_rnn_forward(x, mask, h_0, *weights)
    for i, length in enumerate(lengths):
        alone, _ = rnn_forward(x[i : i + 1, :length], h_0[i : i + 1], *weights)
        np.testing.assert_allclose(h[i, :length], alone[0], atol=1e-12)
        np.testing.assert_array_equal(h[i, length:], np.zeros((T - length, n)))
        np.testing.assert_allclose(h_last[i], alone[0, -1] if length else h_0[i], atol=1e-12)


def test_with_nothing_padded_the_mask_changes_nothing():
    x, h_0, *weights = problem(3, 4, 2, 5)
    h, h_last = masked_rnn_forward(x, np.ones((3, 4), bool), h_0, *weights)
    np.testing.assert_array_equal(h, rnn_forward(x, h_0, *weights)[0])
    np.testing.assert_array_equal(h_last, h[:, -1])


def test_masked_equal_to_keras():
    import keras

    x, _, *weights = problem(3, 5, 2, 4, dtype=np.float32)
    mask = np.arange(5) < np.array([[5], [1], [3]])
    layer = keras.layers.SimpleRNN(
        4, return_sequences=True, return_state=True, zero_output_for_mask=True
    )
    layer.build(x.shape)
    layer.set_weights(weights)
    theirs = [keras.ops.convert_to_numpy(a) for a in layer(x, mask=mask)]
    ours = masked_rnn_forward(x, mask, np.zeros((3, 4), np.float32), *weights)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


# The old notebook, to all printed digits: a float32 near 1 has a spacing of 6e-8, and the
# order of a sum may differ by a few of these.


def test_the_old_notebook_unrolled_by_hand():
    zero, no_bias = np.zeros((4, 5), np.float32), np.zeros(5, np.float32)
    h, _ = rnn_forward(old.X, zero, old.UNROLLED_W_XH, old.UNROLLED_W_HH, no_bias)
    assert np.abs(h - old.UNROLLED_H).max() < 5e-7


def test_the_old_notebook_with_a_mask():
    zero, no_bias = np.zeros((4, 5), np.float32), np.zeros(5, np.float32)
    h, h_last = masked_rnn_forward(old.X, old.MASK, zero, old.MASKED_W_XH, old.MASKED_W_HH, no_bias)
    assert np.abs(h - old.MASKED_H).max() < 2e-6
    assert np.abs(h_last - old.MASKED_H_LAST).max() < 2e-6
    np.testing.assert_array_equal(h[1, 1], np.zeros(5))
    np.testing.assert_array_equal(h_last[1], h[1, 0])


def test_the_old_notebook_with_keras():
    import keras

    layer = keras.layers.SimpleRNN(
        5, return_sequences=True, return_state=True, zero_output_for_mask=True
    )
    layer.build(old.X.shape)
    layer.set_weights([old.MASKED_W_XH, old.MASKED_W_HH, np.zeros(5, np.float32)])
    h, h_last = (keras.ops.convert_to_numpy(a) for a in layer(old.X, mask=old.MASK))
    assert np.abs(h - old.MASKED_H).max() < 2e-6
    assert np.abs(h_last - old.MASKED_H_LAST).max() < 2e-6
    np.testing.assert_array_equal(h[1, 1], np.zeros(5))


# Weights


@pytest.mark.parametrize("recurrent", ["orthogonal", "identity", "gaussian"])
@pytest.mark.parametrize("radius", [0.5, 1.0, 1.5])
def test_spectral_radius(recurrent, radius):
    W_hh = init_params(3, 8, 2, recurrent=recurrent, radius=radius)["W_hh"]
    assert np.abs(np.linalg.eigvals(W_hh)).max() == pytest.approx(radius)


def test_orthogonal_keeps_lengths():
    W_hh = init_params(3, 8, 2)["W_hh"]
    np.testing.assert_allclose(W_hh @ W_hh.T, np.eye(8), atol=1e-12)


def test_only_orthogonal_is_orthogonal_and_only_identity_leaves_each_unit_alone():
    half = {
        how: init_params(3, 8, 2, recurrent=how, radius=0.5)["W_hh"]
        for how in ("orthogonal", "identity", "gaussian")
    }
    assert {how for how, W in half.items() if np.allclose(4 * W @ W.T, np.eye(8))} == {
        "orthogonal",
        "identity",
    }
    assert {how for how, W in half.items() if np.array_equal(2 * W, np.eye(8))} == {"identity"}


def test_the_seed_decides():
    first, again, other = (init_params(3, 4, 2, seed=seed) for seed in (0, 0, 1))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["W_xh"], other["W_xh"])
    assert {name: w.shape for name, w in first.items()} == {
        "W_xh": (3, 4),
        "W_hh": (4, 4),
        "b_h": (4,),
        "W_hy": (4, 2),
        "b_y": (2,),
    }


def test_unknown_initialisation():
    with pytest.raises(ValueError, match="'orthogonal', 'identity' or 'gaussian'"):
        init_params(3, 4, 2, recurrent="random")


def test_what_is_said_of_a_digit_depends_on_this_digit_alone():
    params = init_params(3, 4, 5, seed=1)
    images = np.random.default_rng(0).integers(0, 200, size=(5, 6, 3)).astype(np.uint8)
    weights = params["W_xh"], params["W_hh"], params["b_h"]
    h, _ = rnn_forward(images / 255, np.zeros((5, 4)), *weights)
    expected = h[:, -1] @ params["W_hy"] + params["b_y"]
    for size in (1, 2, 5, 100):
        np.testing.assert_allclose(read_digits(images, 255, params, size), expected, atol=1e-12)
    np.testing.assert_allclose(read_digits(images[3:], 255, params), expected[3:], atol=1e-12)
