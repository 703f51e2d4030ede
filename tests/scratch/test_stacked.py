"""The stack of LSTM layers: by hand, as a property, and against Keras with copied weights."""

import numpy as np
import pytest

from course_lib.scratch import stacked
from course_lib.scratch.gated import init_lstm_params, lstm_step


def stack(dtype=np.float64, m=3, n=4, layers=3, c=5):
    """Weights of a stack, no bias zero, and a readout."""
    rng = np.random.default_rng(7)
    cells = stacked.fresh_cells(m, n, layers)
    for cell in cells:
        for name in cell:
            cell[name] = (cell[name] + 0.1 * rng.normal(size=cell[name].shape)).astype(dtype)
    readout = {"W_hy": rng.normal(size=(n, c)), "b_y": rng.normal(size=c)}
    return cells, {name: w.astype(dtype) for name, w in readout.items()}


def sequences(dtype=np.float64, batch=2, T=6, m=3):
    return np.random.default_rng(1).normal(size=(batch, T, m)).astype(dtype)


# The cells


def test_each_layer_has_weights_of_its_own():
    cells = stacked.fresh_cells(3, 4, 3)
    assert [cell["W_xi"].shape for cell in cells] == [(3, 4), (4, 4), (4, 4)]
    before = cells[1]["W_hc"].copy()
    cells[0]["W_hc"] -= 1
    assert np.array_equal(cells[1]["W_hc"], before)
    assert not np.allclose(cells[1]["W_hc"], cells[2]["W_hc"])
    assert all(np.array_equal(cell["b_f"], np.ones(4)) for cell in cells)


def test_the_seed_decides():
    one, same, other = (stacked.fresh_cells(2, 3, 2, seed)[1]["W_xo"] for seed in (5, 5, 6))
    assert np.array_equal(one, same)
    assert not np.allclose(one, other)
    # A stack of seed 1 isn't the stack of seed 0 without its first layer.
    assert not np.allclose(
        stacked.fresh_cells(3, 3, 2, 0)[1]["W_xo"], stacked.fresh_cells(3, 3, 2, 1)[0]["W_xo"]
    )


# One layer


def test_outputs_by_hand():
    # Every gate is half open and the candidate is 0.6: c = 0.3, then 0.45.
    params = {name: np.zeros_like(w) for name, w in init_lstm_params(1, 1).items()}
    params["b_c"] += np.arctanh(0.6)
    h = stacked.collect_outputs(np.ones((1, 2, 1)), params)
    np.testing.assert_allclose(h, [[[0.5 * np.tanh(0.3)], [0.5 * np.tanh(0.45)]]], rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_outputs_are_the_states_of_the_steps(dtype):
    (params, *_), _ = stack(dtype)
    x = sequences(dtype)
    h = stacked.collect_outputs(x, params)
    assert (h.shape, h.dtype) == ((2, 6, 4), dtype)
    h_t = c_t = np.zeros((2, 4), dtype)
    for t in range(6):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        assert np.array_equal(h[:, t], h_t)


# Dropout


def test_evaluation_leaves_everything_alone():
    h = sequences()
    assert np.array_equal(stacked.dropout_between_layers(h, 0.9, False, None), h)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_kept_is_scaled(dtype):
    h = 2 + np.abs(sequences(dtype, batch=50, T=40, m=10))
    dropped = stacked.dropout_between_layers(h, 0.25, True, np.random.default_rng(0))
    assert dropped.dtype == dtype
    kept = dropped != 0
    np.testing.assert_allclose(dropped[kept], h[kept] / 0.75, rtol=1e-6)
    # 20000 entries: the standard deviation of the share is 0.003, of the mean's ratio 0.004.
    assert np.mean(kept) == pytest.approx(0.75, abs=0.015)
    assert dropped.mean() == pytest.approx(h.mean(), rel=0.02)


# The whole


def test_no_dropout_outside_the_stack():
    """One layer has nothing between layers; and no logit of a stack is a readout of zeros."""
    cells, readout = stack()
    rng = np.random.default_rng(0)
    one = cells[:1]
    expected = stacked.stacked_forward(sequences(), one, readout)
    np.testing.assert_array_equal(
        stacked.stacked_forward(sequences(), one, readout, 0.9, True, rng), expected
    )
    bare = {"W_hy": np.eye(4), "b_y": np.zeros(4)}
    assert stacked.stacked_forward(sequences(), cells, bare, 0.9, True, rng).all()


def test_training_differs_and_evaluation_does_not():
    cells, readout = stack()
    x = sequences()
    rng = np.random.default_rng(0)
    still = stacked.stacked_forward(x, cells, readout)
    assert np.array_equal(stacked.stacked_forward(x, cells, readout, 0.5), still)
    first, second = (stacked.stacked_forward(x, cells, readout, 0.5, True, rng) for _ in "ab")
    assert not np.allclose(first, still)
    assert not np.allclose(first, second)


@pytest.mark.parametrize(("dtype", "atol"), [("float32", 1e-6), ("float64", 1e-12)])
def test_equal_to_keras(dtype, atol):
    import keras

    cells, readout = stack(dtype)
    model = keras.Sequential(
        [
            *(keras.layers.LSTM(4, return_sequences=last, dtype=dtype) for last in (1, 1, 0)),
            keras.layers.Dense(5, dtype=dtype),
        ]
    )
    model.dtype_policy = keras.dtype_policies.get(dtype)
    model.build((None, 6, 3))
    side_by_side = [
        np.concatenate([cell[f"{kind}{g}"] for g in "ifco"], axis=-1)  # Keras's order
        for cell in cells
        for kind in ("W_x", "W_h", "b_")
    ]
    model.set_weights([*side_by_side, readout["W_hy"], readout["b_y"]])
    x = sequences(dtype)
    logits = stacked.stacked_forward(x, cells, readout)
    assert logits.dtype == dtype
    np.testing.assert_allclose(model(x), logits, rtol=0, atol=atol)
