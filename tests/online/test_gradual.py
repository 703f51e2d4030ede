"""The cell whose tanh is faded in, under every rule: by hand, by differences, and by the tape."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers.gate_schedule import GateSchedule
from course_lib.layers.gradnets import GradualRNNCell
from course_lib.online import RULES, LeakyRNNCell, OnlineRNN

B, T, M, N, C = 3, 8, 2, 4, 2
F64 = {"dtype": "float64"}
GATES = [0.0, 0.4, 1.0]
every_gate = pytest.mark.parametrize("g", GATES)
both_masks = pytest.mark.parametrize("masked", [False, True])


def cell(g=0.4, units=N):
    return GradualRNNCell(units, g=g, **F64)


def net(cell, masked=False, sequences=True):
    """A float64 model with random weights, and a function from a rule to its gradients."""
    x, y = data(sequences=sequences)
    if masked:
        x[0, 2:5] = 0
        x[1, 1:] = 0
    model = OnlineRNN(cell, C, sequences, mask_value=0.0 if masked else None)
    model.build(x.shape)
    rng = np.random.default_rng(2)
    for w in model.trainable_variables:
        w.assign(0.4 * rng.normal(size=w.shape))

    def gradients(rule, **settings):
        loss = keras.losses.MeanSquaredError(**F64)
        model.compile("sgd", loss, rule=rule, jit_compile=False, **settings)
        return [g.numpy() for g in model.gradients(tf.constant(x), tf.constant(y))[2]]

    gradients.x, gradients.y = x, y
    return model, gradients


def equal(found, expected, atol=1e-10):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


def far(found, expected):
    return max(np.abs(a - b).max() for a, b in zip(found, expected, strict=True))


def data(seed=0, sequences=True):
    rng = np.random.default_rng(seed)
    # Keras casts what `fit` is given to float32: these numbers are the same before and after.
    x, y = (rng.normal(size=(B, T, k)).astype("float32").astype(float) for k in (M, C))
    return x, y if sequences else y[:, -1]


def model_of(rule, g=0.4, sequences=True, dtype="float64", **settings):
    keras.utils.set_random_seed(0)
    model = OnlineRNN(GradualRNNCell(N, g=g, dtype=dtype), C, sequences)
    model.build((B, None, M))
    settings = {"optimizer": keras.optimizers.SGD(0.05), "jit_compile": False, **settings}
    model.compile(loss="mse", rule=rule, seed=4, **settings)
    return model


def arrays(model):
    return [keras.ops.convert_to_numpy(w) for w in [*model.weights, *model.kernel.weights]]


@every_gate
@both_masks
@pytest.mark.parametrize("sequences", [False, True])
def test_rtrl_is_bptt(g, masked, sequences):
    _, gradients = net(cell(g), masked, sequences)
    exact = gradients("bptt")
    equal(gradients("rtrl", chunk=3), exact)
    equal(gradients("tbptt", chunk=T), exact)
    assert far(gradients("one_step"), exact) > 1e-4


@both_masks
@pytest.mark.parametrize("rule", [*RULES, "rtrl", "uoro"])
def test_an_open_gate_is_the_vanilla_cell(rule, masked):
    cells = cell(1.0), LeakyRNNCell(N, **F64)
    found = [net(one, masked)[1](rule, chunk=3, seed=4) for one in cells]
    equal(*found)


@both_masks
@pytest.mark.parametrize("rule", ["kernl", "snap1"])
def test_chunks_of_any_length_are_single_steps(rule, masked):
    _, gradients = net(cell(), masked)
    one = gradients(rule, chunk=T, trace="per_step")
    for chunk in (1, 3, T):
        equal(gradients(rule, chunk=chunk), one)


@pytest.mark.parametrize("g", [0.0, 0.5])
def test_two_steps_by_hand(g):
    """One unit: with u = x w + h v + b, h = (1 - g) u + g tanh u, and the loss (2 h_2 - 1)²."""
    w, v, b, x = 0.5, 0.8, 0.1, (1.0, -2.0)
    u_1 = 0.5 * 1.0 + 0.1
    h_1 = (1 - g) * u_1 + g * np.tanh(u_1)
    d_1 = 1 - g * np.tanh(u_1) ** 2
    u_2 = -2.0 * 0.5 + 0.8 * h_1 + 0.1
    h_2 = (1 - g) * u_2 + g * np.tanh(u_2)
    d_2 = 1 - g * np.tanh(u_2) ** 2
    blame = 2 * 2 * (2 * h_2 - 1)
    expected = [
        blame * d_2 * (x[1] + v * d_1 * x[0]),  # w
        blame * d_2 * h_1,  # v; h_0 is 0
        blame * d_2 * (1 + v * d_1),  # b
        2 * (2 * h_2 - 1) * h_2,  # what reads h_2
        2 * (2 * h_2 - 1),
    ]
    model = OnlineRNN(GradualRNNCell(1, g=g, **F64), 1)
    model.build((1, 2, 1))
    for weight, value in zip(model.trainable_variables, (w, v, b, 2.0, -1.0), strict=True):
        weight.assign(np.full(weight.shape, value))
    loss = keras.losses.MeanSquaredError(**F64)
    for rule in ("rtrl", "snap1", "bptt"):  # one unit hears only itself
        model.compile("sgd", loss, rule=rule, jit_compile=False)
        # Target 0, with the readout's bias at -1: the loss is (2 h_2 - 1)².
        found = model.gradients(np.array(x)[None, :, None], np.zeros((1, 1)))[2]
        np.testing.assert_allclose([float(np.squeeze(a)) for a in found], expected, rtol=1e-12)


@every_gate
@both_masks
def test_differences_of_the_loss(g, masked):
    model, gradients = net(cell(g), masked, sequences=False)
    found, size = gradients("rtrl"), 1e-5
    direction = [np.random.default_rng(k).normal(size=a.shape) for k, a in enumerate(found)]
    start, losses = [w.numpy() for w in model.trainable_variables], []
    for sign in (1, -1):
        for w, a, step in zip(model.trainable_variables, start, direction, strict=True):
            w.assign(a + sign * size * step)
        losses.append(float(model.loss(gradients.y, model(gradients.x))))
    slope = (losses[0] - losses[1]) / (2 * size)
    expected = sum(np.sum(a * step) for a, step in zip(found, direction, strict=True))
    assert slope == pytest.approx(expected, rel=1e-7)


def test_traces_hold_the_gate_that_each_step_had():
    """A stream whose gate opens between calls, against a tape over the same steps."""
    x, y = data()
    gates = np.linspace(0, 1, T)
    loss = keras.losses.MeanSquaredError(reduction="sum", **F64)
    model = model_of("rtrl")
    model.compile("sgd", loss, rule="rtrl", jit_compile=False)
    model.stream(B)
    sums = 0
    for t, g in enumerate(gates):
        model.cell.g.assign(g)
        found = model._learn(x[:, [t]], y[:, [t]], None, lambda value: value, model.memory)[2]
        sums = [a + b for a, b in zip(found, sums or len(found) * [0], strict=True)]
    with tf.GradientTape() as tape:
        h, total = tf.zeros((B, N), tf.float64), 0.0
        for t, g in enumerate(gates):
            model.cell.g.assign(g)
            h, _ = model.cell(tf.constant(x[:, t]), [h])
            total += loss(y[:, t], model.readout(h))
    equal(sums, tape.gradient(total, [w.value for w in model.trainable_variables]))


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["kernl", "snap1", "rtrl", "uoro", "bptt", "tbptt"])
def test_fit_opens_the_gate(rule):
    """Each step of `fit` is the rule's own, at the gate of its place in the schedule."""
    steps = 5
    x, y = (np.concatenate([a] * steps) for a in data())
    scheduled, by_hand = (model_of(rule, g=0.0) for _ in range(2))
    schedule = GateSchedule([scheduled.cell], end=4, first=0.1, last=0.9)
    scheduled.fit(x, y, batch_size=B, shuffle=False, verbose=0, callbacks=[schedule])
    for g in (0.1, 0.3, 0.5, 0.7, 0.9):
        by_hand.cell.g.assign(g)
        by_hand.train_on_batch(x[:B], y[:B])
    assert float(scheduled.cell.g) == pytest.approx(0.9)
    equal(arrays(scheduled), arrays(by_hand), atol=1e-12)
    closed = model_of(rule, g=0.1)
    closed.fit(x, y, batch_size=B, shuffle=False, verbose=0)
    assert far(arrays(closed), arrays(scheduled)) > 1e-3


def test_a_schedule_needs_no_built_cell():
    x, y = data()
    model = OnlineRNN(GradualRNNCell(N), C, True)
    model.compile("sgd", "mse", rule="snap1", jit_compile=False)
    model.fit(x, y, batch_size=1, verbose=0, callbacks=[GateSchedule([model.cell], end=2)])
    assert float(model.cell.g) == 1


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["kernl", "rtrl", "uoro", "tbptt"])
def test_a_stored_stream_goes_on_at_its_gate(rule, tmp_path):
    x, y = data()
    model = model_of(rule, optimizer=keras.optimizers.Adam(0.01), update_every=3)
    stream = model.stream(B)
    for t in range(5):
        model.cell.g.assign(0.1 * t)
        stream.learn(x[:, t], y[:, t])
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    assert float(again.cell.g) == float(model.cell.g)
    for one in (model, again):
        stream = one.stream()
        for t in range(5, T):
            stream.learn(x[:, t], y[:, t])
    for a, b in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (a, b)))


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("rule", [*RULES, "rtrl", "bptt", "tbptt"])
def test_mixed_precision_learns_what_float32_learns(rule, policy):
    x, y = (a.astype("float32") for a in data(sequences=False))
    steps = []
    for dtype in ("float32", policy):
        optimizer = keras.optimizers.SGD(0.05)
        if policy == dtype == "mixed_float16":  # at a scale at which the first step overflows not
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=64)
        model = model_of(rule, sequences=False, dtype=dtype, optimizer=optimizer)
        before = [w.numpy() for w in model.trainable_variables]
        model.fit(x, y, batch_size=B, verbose=0)
        after = [w.numpy() for w in model.trainable_variables]
        steps.append(np.concatenate([np.ravel(a - b) for a, b in zip(after, before, strict=True)]))
    exact, half = steps
    cosine = exact @ half / np.linalg.norm(exact) / np.linalg.norm(half)
    assert cosine > 0.98
    assert np.linalg.norm(half) == pytest.approx(np.linalg.norm(exact), rel=0.1)


def test_the_top_of_a_stack_is_exact():
    _, gradients = net([cell(0.7), cell(0.4, 3)])
    found, exact = gradients("rtrl"), gradients("bptt")
    equal(found[3:], exact[3:])
    assert far(found[:3], exact[:3]) > 1e-6


def test_a_gate_that_is_trained_is_refused():
    model = model_of("bptt")
    model.cell.g.trainable = True
    with pytest.raises(ValueError, match="know g of GradualRNNCell"):
        model.compile("sgd", "mse", rule="kernl")
    model.compile("sgd", "mse", rule="bptt")
