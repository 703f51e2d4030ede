"""SnAp-2 against RTRL that is masked after every step, and the sparse cell that makes it cheap."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import LSTMCell
from course_lib.layers.gradnets import GradualRNNCell
from course_lib.online import RULES, LeakyRNNCell, OnlineRNN, SparseRNNCell

B, T, M, N, C = 3, 8, 2, 6, 2
F64 = {"dtype": "float64"}
CONNECTIONS = {
    "regular": 2,
    "uneven": [[1, 2, 3], [], [0], [4, 2], [1], []],
    "pairs": [[1], [0], [3], [2], [5], [4]],
    "a group, and others": [[1, 2], [0, 2], [1, 0], [], [5], [4]],
    "all": N - 1,
    "none": 0,
}
CELLS = [{}, {"leak": 0.6}, {"leak": (0.9, 0.2), "activation": "relu"}]
both_masks = pytest.mark.parametrize("masked", [False, True])


def data(masked=False, sequences=True):
    rng = np.random.default_rng(1)
    # Keras casts what `fit` is given to float32: these numbers are the same before and after.
    x, y = (rng.normal(size=(B, T, k)).astype("float32").astype(float) for k in (M, C))
    if masked:
        x[0, 2:5] = 0
        x[1, 1:] = 0
    return x, y if sequences else y[:, -1]


def net(connections, masked=False, sequences=True, **options):
    """A float64 model with random weights, and a function from a rule to its gradients."""
    x, y = data(masked, sequences)
    cell = SparseRNNCell(N, connections, **F64, **options)
    model = OnlineRNN(cell, C, sequences, mask_value=0.0 if masked else None)
    model.build(x.shape)
    rng = np.random.default_rng(2)
    for w in model.trainable_variables:  # also where nothing is heard
        w.assign(0.5 * rng.normal(size=w.shape))

    def gradients(rule, **settings):
        loss = keras.losses.MeanSquaredError(**F64)
        model.compile("sgd", loss, rule=rule, jit_compile=False, **settings)
        return [g.numpy() for g in model.gradients(tf.constant(x), tf.constant(y))[2]]

    return model, gradients, x, y


def equal(found, expected, atol=1e-12):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


def far(found, expected):
    return max(np.abs(a - b).max() for a, b in zip(found, expected, strict=True))


def masked_rtrl(model, x, y, masked, sequences):
    """The gradients of W_xh, W_hh and b_h by a loop that keeps all of M and zeroes most of it."""
    cell = model.cell
    A = np.eye(N)
    for i, others in enumerate(cell.connections):
        A[others, i] = 1
    W = cell.W_hh.numpy() * A
    V = np.concatenate([W, cell.W_xh.numpy(), cell.b_h.numpy()[None]])
    W_y, b_y = (w.numpy() for w in model.readout.weights)
    leak = cell.leaks * np.ones(N)
    real_steps = (x != 0).any(-1) if masked else np.ones((B, T), bool)
    weight = real_steps / real_steps.sum() / C if sequences else np.full((B, T), 1 / B / C)
    gradient = np.zeros_like(V)
    for b in range(B):
        h, influence = (
            np.zeros(N),
            np.zeros((N, N + M + 1, N)),
        )  # of the weight j -> i on k: k, j, i
        for t in range(T):
            if real_steps[b, t]:
                v = np.concatenate([h, x[b, t], [1.0]])
                a = v @ V
                phi = np.tanh(a) if cell.activation == "tanh" else np.maximum(a, 0)
                slope = 1 - phi**2 if cell.activation == "tanh" else (a > 0).astype(float)
                d = leak * slope
                jacobian = np.diag(1 - leak) + d[:, None] * W.T
                influence = np.einsum("kl,lji->kji", jacobian, influence)
                for i in range(N):
                    influence[i, :, i] += d[i] * v
                influence *= A.T[:, None, :]  # k hears i
                h = (1 - leak) * h + leak * phi
            if (sequences and real_steps[b, t]) or (not sequences and t == T - 1):
                target = y[b, t] if sequences else y[b]
                dh = 2 * weight[b, t] * (h @ W_y + b_y - target) @ W_y.T
                gradient += np.einsum("k,kji->ji", dh, influence)
    return gradient[N:-1], gradient[:N] * A, gradient[-1]


@both_masks
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("options", CELLS)
@pytest.mark.parametrize("name", list(CONNECTIONS))
def test_it_is_rtrl_masked_after_every_step(name, options, sequences, masked):
    model, gradients, x, y = net(CONNECTIONS[name], masked, sequences, **options)
    found = gradients("snap2", chunk=3)
    equal(found[:3], masked_rtrl(model, x, y, masked, sequences))
    equal(found[3:], gradients("bptt")[3:])


@both_masks
@pytest.mark.parametrize("options", CELLS)
@pytest.mark.parametrize("name", ["all", "none", "pairs", "a group, and others"])
def test_groups_that_hear_only_each_other_lose_nothing(name, options, masked):
    _, gradients, *_ = net(CONNECTIONS[name], masked, **options)
    found = gradients("snap2", chunk=3)
    equal(found, gradients("rtrl"))
    equal(found, gradients("bptt"))
    if name == "none":
        equal(found, gradients("snap1"))
    else:
        assert far(found, gradients("snap1")) > 1e-4


def test_it_lies_between_snap1_and_rtrl():
    _, gradients, *_ = net(CONNECTIONS["regular"])
    exact = gradients("rtrl")
    assert 1e-6 < far(gradients("snap2"), exact) < 0.5 * far(gradients("snap1"), exact)


@pytest.mark.parametrize("rule", [*RULES, "rtrl", "uoro", "bptt", "tbptt", "snap2"])
def test_what_is_not_heard_has_no_gradient(rule):
    model, gradients, *_ = net(CONNECTIONS["uneven"])
    of_h = gradients(rule)[1]
    assert np.all(of_h[~model.cell.heard] == 0)
    assert np.abs(of_h[model.cell.heard]).min() > 0


def test_a_chain_by_hand():
    """Unit 1 hears 0, unit 2 hears 1. All are above 0, so ReLU passes on what it gets.

    The input's weight into unit 0 changes unit 1 a step later by 2, and unit 2 after two by 6.
    """
    for rule, (after_one, after_two) in {"snap1": (0, 0), "snap2": (2, 0), "rtrl": (2, 6)}.items():
        for steps, unit, expected in ((2, 1, after_one), (3, 2, after_two)):
            model = OnlineRNN(SparseRNNCell(3, [[], [0], [1]], activation="relu", **F64), 1)
            model.build((1, steps, 1))
            model.cell.W_xh.assign([[1.0, 0.0, 0.0]])
            model.cell.W_hh.assign([[0.0, 2.0, 9.0], [9.0, 0.0, 3.0], [9.0, 9.0, 0.0]])
            model.cell.b_h.assign([1.0, 1.0, 1.0])
            model.readout.kernel.assign(np.eye(3)[:, [unit]])
            x = np.zeros((1, steps, 1))
            x[0, 0] = 1.0
            y = model(x).numpy() - 0.5  # so that dL/dh is 1
            model.compile("sgd", "mse", rule=rule, jit_compile=False)
            of_x = model.gradients(x, y)[2][0].numpy()
            np.testing.assert_allclose(of_x[0, 0], expected, atol=1e-7)


@pytest.mark.slow
@both_masks
def test_chunks_pieces_and_streams_are_one_sequence(masked):
    model, gradients, x, y = net(CONNECTIONS["uneven"], masked, leak=0.6)
    one = gradients("snap2", chunk=T)
    for chunk in (1, 3):
        equal(gradients("snap2", chunk=chunk), one)
    start, ends = model.get_weights(), []
    for cuts in ([T], [3, 5], T * [1]):
        model.set_weights(start)
        optimizer = keras.optimizers.SGD(0.05)
        model.compile(optimizer, "mse", rule="snap2", update_every=3, jit_compile=False)
        stream = model.stream(B)
        for end, cut in zip(np.cumsum(cuts), cuts, strict=True):
            stream.learn(x[:, end - cut : end], y[:, end - cut : end])
        ends.append([w.numpy() for w in model.trainable_variables])
    equal(ends[0], ends[1])
    equal(ends[0], ends[2])
    assert far(ends[0], start[: len(ends[0])]) > 1e-3


@pytest.mark.slow
def test_a_stored_stream_goes_on(tmp_path):
    x, y = data()
    model = OnlineRNN(SparseRNNCell(N, 2, leak=0.6, seed=3, **F64), C, True)
    model.build((B, None, M))
    model.compile("adam", "mse", rule="snap2", update_every=3, jit_compile=False)
    stream = model.stream(B)
    stream.learn(x[:, :4], y[:, :4])
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    assert np.array_equal(again.cell.heard, model.cell.heard)
    for one in (model, again):
        one.stream().learn(x[:, 4:], y[:, 4:])
    for a, b in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (a, b)))


def test_the_top_of_a_stack_is_exact_where_groups_are():
    x, y = data()
    cells = [SparseRNNCell(N, 2, **F64), SparseRNNCell(N, CONNECTIONS["pairs"], **F64)]
    model = OnlineRNN([keras.layers.Dense(3, **F64), *cells], C, True)
    model.build(x.shape)
    found = []
    for rule in ("snap2", "bptt"):
        model.compile("sgd", keras.losses.MeanSquaredError(**F64), rule=rule, jit_compile=False)
        found.append([np.array(g) for g in model.gradients(tf.constant(x), tf.constant(y))[2]])
    equal(found[0][5:], found[1][5:])
    assert far(found[0], found[1]) > 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("rule", ["snap2", "bptt"])
def test_mixed_precision_learns_what_float32_learns(rule, policy):
    x, y = (a.astype("float32") for a in data(sequences=False))
    steps = []
    for dtype in ("float32", policy):
        keras.utils.set_random_seed(0)
        model = OnlineRNN(SparseRNNCell(N, 2, dtype=dtype), C)
        model.build(x.shape)
        optimizer = keras.optimizers.SGD(0.05)
        if policy == dtype == "mixed_float16":  # the first step does not overflow then
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=64)
        model.compile(optimizer, "mse", rule=rule, jit_compile=False)
        before = [w.numpy() for w in model.trainable_variables]
        model.fit(x, y, batch_size=B, verbose=0)
        after = [w.numpy() for w in model.trainable_variables]
        steps.append(np.concatenate([np.ravel(a - b) for a, b in zip(after, before, strict=True)]))
    exact, half = steps
    assert exact @ half / np.linalg.norm(exact) / np.linalg.norm(half) > 0.98


def test_its_memory_is_that_of_its_pattern():
    model, gradients, *_ = net(2)
    gradients("snap2")
    K = 3
    assert model.engine.learner.zero(B, M).shape == (N, K, K + M + 1, B)


@pytest.mark.parametrize("cell", [LeakyRNNCell, GradualRNNCell, LSTMCell])
def test_where_it_is_rtrl_its_price_is_said(cell):
    model = OnlineRNN(cell(10), C)
    model.build((None, T, M))
    rows = 40 if cell is LSTMCell else 10
    numbers = 10 * (10 + M + 1) * rows
    message = f"{cell.__name__} .*{numbers:,} numbers .*{10 * numbers:,} multiplications"
    with pytest.raises(ValueError, match=message):
        model.compile("sgd", "mse", rule="snap2")


def test_a_draw_is_regular_and_repeatable():
    for n, count in ((1, 0), (2, 1), (9, 4), (16, 15)):
        cell = SparseRNNCell(n, count, seed=1)
        assert np.all(cell.heard.sum(0) == count + 1)
        assert np.all(cell.heard.sum(1) == count + 1)
        assert np.all(np.diag(cell.heard))
        same = SparseRNNCell.from_config(cell.get_config())
        assert np.array_equal(same.heard, cell.heard)
        assert np.array_equal(SparseRNNCell(n, count, seed=1).heard, cell.heard)
    draws = {SparseRNNCell(9, 4, seed=seed).heard.tobytes() for seed in range(5)}
    assert len(draws) == 5


@pytest.mark.parametrize("recurrent", ["orthogonal", "identity", 0.5])
def test_weights_that_are_not_there_stay_zero(recurrent):
    x, y = (a.astype("float32") for a in data(sequences=False))
    model = OnlineRNN(SparseRNNCell(N, 2, recurrent=recurrent, noise=0.1), C)
    model.compile(keras.optimizers.AdamW(0.01), "mse", rule="snap2", jit_compile=False)
    model.build(x.shape)
    start = model.cell.W_hh.numpy()
    if recurrent == "orthogonal":
        quiet = SparseRNNCell(N, 2)
        quiet.build((None, M))
        np.testing.assert_allclose(np.linalg.norm(quiet.W_hh.numpy(), axis=0), 1, rtol=1e-5)
    model.fit(x, y, batch_size=1, epochs=2, verbose=0)
    after, heard = model.cell.W_hh.numpy(), model.cell.heard
    assert np.all(start[~heard] == 0)
    assert np.all(after[~heard] == 0)
    assert np.abs(after - start)[heard].min() > 0


class Inherits(SparseRNNCell):
    """A cell with the step of another."""


def test_a_subclass_is_as_sparse():
    x, y = data()
    model = OnlineRNN(Inherits(N, 2, **F64), C, True)
    model.build(x.shape)
    found = []
    for rule in ("rtrl", "bptt"):
        model.compile("sgd", keras.losses.MeanSquaredError(**F64), rule=rule, jit_compile=False)
        found.append([g.numpy() for g in model.gradients(tf.constant(x), tf.constant(y))[2]])
    equal(*found)


NONSENSE = [
    *(-1, 3, 1.5, "all", None, [1, 2, 0]),
    *([[1], [2]], [[1], [2], [3]], [[1], [2], [-1]], [[1], [2], [0.0]], [[1, 1], [], []]),
    *(np.eye(3), np.eye(3, dtype=int), np.eye(3, dtype=bool)),
]


@pytest.mark.parametrize("connections", NONSENSE, ids=str)
def test_nonsense_is_refused(connections):
    with pytest.raises(ValueError, match="connections is"):
        SparseRNNCell(3, connections)
