"""The residual block: its sum, masks, the end of a stack, and what it is stored as."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import LRU, GRUCell, MinGRU, ResidualBlock

MASK = np.array([[True] * 6, [True] * 4 + [False] * 2, [False, True] * 3, [False] * 6])


def sequences():
    return np.random.default_rng(0).normal(size=(4, 6, 3)).astype("float32")


def test_it_adds_to_what_goes_through():
    block = ResidualBlock(LRU(5, seed=0, return_sequences=True))
    y = block(sequences())
    gate = block.gate
    gate.set_weights([np.zeros_like(w) for w in gate.get_weights()])
    np.testing.assert_array_equal(block(sequences()), sequences())
    assert np.abs(y - sequences()).max() > 0.01


@pytest.mark.parametrize("make", [LRU, MinGRU])
def test_the_last_step_of_a_whole_block_is_the_end_of_a_stack(make):
    whole, last = (ResidualBlock(make(5, return_sequences=s)) for s in (True, False))
    for block in (whole, last):
        block.build((None, 6, 3))
    last.set_weights(whole.get_weights())
    np.testing.assert_allclose(last(sequences()), whole(sequences())[:, -1], rtol=0, atol=1e-5)
    masked, every = last(sequences(), mask=MASK), whole(sequences(), mask=MASK)
    for row, step in enumerate((5, 3, 5)):
        np.testing.assert_allclose(masked[row], every[row, step], rtol=0, atol=1e-5)
    assert last.compute_output_shape((4, 6, 3)) == masked.shape
    assert whole.compute_output_shape((4, 6, 3)) == every.shape


def test_it_looks_at_the_past_alone():
    block = ResidualBlock(LRU(5, return_sequences=True))
    x = sequences()
    y = block(x).numpy()
    x[:, 3:] = 0
    np.testing.assert_allclose(block(x)[:, :3], y[:, :3], rtol=0, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_a_stack_is_fitted_saved_and_loaded(policy, tmp_path):
    policy = keras.dtype_policies.get(policy)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((None, 3)),
            keras.layers.Masking(dtype=policy),
            ResidualBlock(LRU(4, return_sequences=True, dtype=policy), 0.2, seed=1, dtype=policy),
            ResidualBlock(MinGRU(4, dtype=policy), dtype=policy),
            keras.layers.Dense(1, dtype="float32"),
        ]
    )
    model.compile("adam", "mse", jit_compile=True)
    losses = model.fit(sequences(), np.ones((4, 1)), epochs=40, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "stack.keras")
    again = keras.models.load_model(tmp_path / "stack.keras")
    np.testing.assert_array_equal(again(sequences()), model(sequences()))
    for one, other in zip(again.layers[1:3], model.layers[1:3], strict=True):
        assert one.recurrence.get_config() == other.recurrence.get_config()


def test_dropout_acts_in_training_alone():
    block = ResidualBlock(LRU(4, return_sequences=True), dropout=0.5, seed=0)
    x = tf.constant(sequences())
    np.testing.assert_array_equal(block(x), block(x))
    assert np.abs(block(x, training=True) - block(x)).max() > 0.01


@pytest.mark.parametrize("wrong", [GRUCell(3), 4, keras.layers.GRU(3), LRU(3, return_state=True)])
def test_only_a_scanned_layer_is_taken(wrong):
    with pytest.raises(TypeError, match="an LRU or a MinGRU"):
        ResidualBlock(wrong)


@pytest.mark.parametrize("settings", [{"go_backwards": True}, {"every": 2}])
def test_a_block_adds_a_step_to_itself(settings):
    with pytest.raises(ValueError, match="leave go_backwards and every out"):
        ResidualBlock(LRU(3, return_sequences=True, **settings))


@pytest.mark.parametrize("policy", ["float32", "float64", "mixed_float16"])
@pytest.mark.parametrize("whole", [True, False])
def test_whole_numbers_are_read_as_real_ones(policy, whole):
    block = ResidualBlock(MinGRU(4, return_sequences=whole, dtype=policy), dtype=policy)
    counts = np.arange(24).reshape(2, 4, 3)
    for mask in (None, np.arange(4) < [[4], [2]]):
        found = block(counts, mask=mask)
        assert found.dtype == block.compute_dtype
        np.testing.assert_array_equal(found, block(counts.astype("float64"), mask=mask))
