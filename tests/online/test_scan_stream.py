"""A stream of scanned layers: exact traces go on, wherever a call ends."""

import itertools
import math
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.graphs import step_by_step
from course_lib.layers import LRU, MinGRU, ResidualBlock
from course_lib.online import OnlineScan

B, T, M, N, C = 2, 12, 2, 3, 2
F64 = {"dtype": "float64"}
LAYERS = {
    "lru": lambda **kw: LRU(N, seed=1, **F64, **kw),
    "lru with outputs": lambda **kw: LRU(N, 2, seed=1, **F64, **kw),
    "mingru": lambda **kw: MinGRU(N, **F64, **kw),
}
EVERY = 4
RATE = 2.0**-6  # Keras keeps it in 32 bits; and no angle may run away


def deep(sequences):
    block = ResidualBlock(LAYERS["lru"](return_sequences=True), **F64)
    return [block, LAYERS["mingru"](return_sequences=sequences)]


def model_of(kind, sequences=True, masked=False, stateful=False, **options):
    keras.utils.set_random_seed(0)
    layers = deep(sequences) if kind == "stack" else LAYERS[kind](return_sequences=sequences)
    mask_value = 0.0 if masked else None
    readout = keras.layers.Dense(C, **F64)
    model = OnlineScan(layers, readout, mask_value, stateful=stateful)
    model.build((B, None, M))
    rng = np.random.default_rng(1)
    for w in model.trainable_variables:
        w.assign(w + 0.3 * rng.normal(size=w.shape))
    loss = keras.losses.MeanSquaredError(**F64)
    options = {"optimizer": keras.optimizers.SGD(RATE), "loss": loss, **options}
    model.compile(jit_compile=False, **options)
    return model


def data(sequences=True, masked=False):
    rng = np.random.default_rng(1)
    # Keras casts what `fit` is given to float32: these numbers are the same before and after.
    x, y = (rng.normal(size=(B, T, k)).astype("float32").astype(float) for k in (M, C))
    if masked:
        x[0, 3:9] = 0
        x[1, 10:] = 0
    return x, y if sequences else y[:, -1]


def pieces(cuts, *arrays):
    ends = np.cumsum(cuts)
    return [[a[:, end - cut : end] for a in arrays] for cut, end in zip(cuts, ends, strict=True)]


def weights(model):
    return [w.numpy() for w in model.weights]


def equal(a, b, atol=1e-12):
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)


def truth(model, x, y, counts):
    """BPTT's gradient over all steps, of the summed squares of some."""
    with tf.GradientTape() as tape:
        out = model.readout(model.stack[0](x))
        error = tf.reduce_sum(counts[:, None] * (out - y) ** 2)
    return tape.gradient(error, [w.value for w in model.trainable_variables])


@st.composite
def cut(draw):
    """Lengths of pieces, which add up to T."""
    where = draw(st.lists(st.integers(1, T - 1), unique=True, max_size=5))
    ends = [0, *sorted(where), T]
    return [end - start for start, end in itertools.pairwise(ends)]


every_layer = pytest.mark.parametrize("kind", LAYERS)


def test_one_unit_by_hand():
    """Three steps of a unit that fades, its trace and its updates in plain arithmetic."""
    layer = LRU(1, r_min=0.4, max_phase=0, seed=0, **F64)
    readout = keras.layers.Dense(1, use_bias=False, **F64)
    model = OnlineScan(layer, readout)
    model.build((1, None, 1))
    readout.kernel.assign([[1.0], [0.0]])
    readout.trainable = layer.cell.theta_log.trainable = layer.cell.B[1].trainable = False
    nu, gamma, b = math.log(math.log(2)), 0.0, 1.0  # lam is a half
    for w, value in zip((layer.cell.nu_log, layer.cell.gamma_log), (nu, gamma), strict=True):
        w.assign([value])
    layer.cell.B[0].assign([[b]])
    layer.cell.B[1].assign([[0.0]])
    loss = keras.losses.MeanSquaredError(**F64)
    model.compile(keras.optimizers.SGD(RATE), loss, jit_compile=False)
    stream, z, by_lam, read = model.stream(1), 0.0, 0.0, 0.0
    for x, y in ((1.0, 0.5), (2.0, -1.0), (-0.5, 0.3)):
        lam = math.exp(-math.exp(nu))
        by_lam = lam * (by_lam + z)  # dz / d log lam
        read = lam * read + x
        z = lam * z + math.exp(gamma) * b * x
        out = stream.learn(np.array([[x]]), np.array([[y]]))
        assert float(out[0, 0]) == pytest.approx(z, abs=1e-12)
        assert stream.loss == pytest.approx((z - y) ** 2, rel=1e-6)
        dz = 2 * (z - y)
        steps = dz * by_lam * -math.exp(nu), dz * read * b * math.exp(gamma)
        step_b = dz * read * math.exp(gamma)
        nu, gamma, b = nu - RATE * steps[0], gamma - RATE * steps[1], b - RATE * step_b
        equal([layer.cell.nu_log, layer.cell.gamma_log, layer.cell.B[0]], [[nu], [gamma], [[b]]])


@every_layer
@settings(max_examples=4, deadline=None)
@given(cuts=cut(), chunk=st.sampled_from(["auto", 1, 3]))
def test_pieces_add_up_to_bptt_over_the_whole(kind, cuts, chunk):
    x, y = data()
    with step_by_step():
        model = model_of(kind, stateful=True, chunk=chunk)
        true = truth(model, x, y, np.ones(T))
        found = [model.gradients(*piece) for piece in pieces(cuts, x, y)]
    sizes = [length * B * C for length in cuts]
    for k, g in enumerate(true):
        ours = sum(size * part[2][k] for size, part in zip(sizes, found, strict=True))
        np.testing.assert_allclose(ours, g, rtol=0, atol=1e-12 * max(1, np.abs(g).max()))
    with step_by_step():
        whole = model.readout(model.stack[0](x))
    equal([np.concatenate([part[1] for part in found], axis=1)], [whole])


@every_layer
@settings(max_examples=4, deadline=None)
@given(cuts=cut())
def test_a_loss_at_the_end_hears_of_all_pieces(kind, cuts):
    """With masks: cuts fall into stretches of steps that are none, also at the very end."""
    x, y = data(False, masked=True)
    with step_by_step():
        model = model_of(kind, False, masked=True, stateful=True)
        plain = model_of(kind, False, masked=True, rule="bptt")
        _, out, true = plain.gradients(x, y)
        *first, (last,) = pieces(cuts, x)
        for (piece,) in first:
            model.read_on(tf.constant(piece), model.memory)
        _, found_out, found = model.gradients(last, y)
    equal([*found, found_out], [*true, out])


def learned(kind, sequences, masked, cuts, x, y, **options):
    """The weights after a stream has learned from pieces."""
    model = model_of(kind, sequences, masked, update_every=EVERY, **options)
    stream = model.stream(B)
    outs = []
    for number, (piece,) in enumerate(pieces(cuts, x)):
        target = pieces(cuts, y)[number][0] if sequences else y
        outs.append(stream.learn(piece, target))
    return weights(model), np.concatenate(outs, axis=1) if sequences else outs[-1]


@pytest.mark.parametrize(
    ("kind", "sequences", "masked"),
    [
        *((kind, sequences, False) for kind in [*LAYERS, "stack"] for sequences in (True, False)),
        *((kind, False, True) for kind in LAYERS),
    ],
)
@settings(max_examples=3, deadline=None)
@given(cuts=cut())
def test_updates_inside_do_not_care_for_cuts(kind, sequences, masked, cuts):
    """Also in a stack, where the lower layers' credit depends on where a window begins."""
    x, y = data(sequences, masked)
    with step_by_step():
        long = model_of(kind, sequences, masked, update_every=EVERY)
        fresh = weights(long)
        _, out, _ = long.learn_from(tf.constant(x), tf.constant(y), None, None)
        found, outs = learned(kind, sequences, masked, cuts, x, y)
    equal(found, weights(long))
    equal([outs], [out])
    assert max(np.abs(a - b).max() for a, b in zip(fresh, found, strict=True)) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lru", "stack"])
@pytest.mark.parametrize("sequences", [False, True])
def test_graphs_learn_what_plain_python_learns(kind, sequences):
    x, y = data(sequences)
    cuts = [1, 2, 6, 1, 2]
    ours = learned(kind, sequences, False, cuts, x, y)
    with step_by_step():
        plain = learned(kind, sequences, False, cuts, x, y)
    equal([*ours[0], ours[1]], [*plain[0], plain[1]])


@pytest.mark.parametrize("loss", ["sparse", "one output"])
def test_targets_and_weights_wait_for_their_window(loss):
    """Classes, targets without an axis of outputs, and sample weights of steps and of sequences."""
    x, y = data()
    rng = np.random.default_rng(3)
    y = rng.integers(0, C, (B, T)) if loss == "sparse" else y[..., 0]
    kind = keras.losses.SparseCategoricalCrossentropy(from_logits=True, **F64)
    for weight in (None, rng.random((B, T)), rng.random(B)):
        found = []
        for cuts in ([T], [3, 1, 6, 2]):
            keras.utils.set_random_seed(0)
            readout = keras.layers.Dense(C if loss == "sparse" else 1, **F64)
            model = OnlineScan(LAYERS["lru"](return_sequences=True), readout)
            model.build((B, None, M))
            model.compile(
                keras.optimizers.SGD(RATE),
                kind if loss == "sparse" else keras.losses.MeanSquaredError(**F64),
                update_every=EVERY,
            )
            with step_by_step():
                if len(cuts) == 1:
                    model.learn_from(*map(_tensor, (x, y, weight)), None)
                else:
                    stream = model.stream(B)
                    for number, (a, b) in enumerate(pieces(cuts, x, y)):
                        w = weight
                        if weight is not None and weight.ndim == 2:
                            w = pieces(cuts, weight)[number][0]
                        stream.learn(a, b, w)
            found.append(weights(model))
        equal(*found)


def _tensor(a):
    return None if a is None else tf.constant(a)


@every_layer
def test_steps_without_a_target_wait_for_no_update(kind):
    """One update, after as many steps with a target as it wants: BPTT of a loss at these alone."""
    x, y = data()
    x, y = x[:, :9], y[:, :9]
    with step_by_step():
        model = model_of(kind, update_every=EVERY)
        counts = np.array([1, 1, 0, 0, 0, 1, 0, 1, 0.0])
        true = [g / (EVERY * B * C) for g in truth(model, x, y, counts)]
        before, stream = weights(model), model.stream(B)
        for start, end in ((0, 2), (2, 5), (5, 6), (6, 7), (7, 8), (8, 9)):
            part = slice(start, end)
            if counts[start]:
                stream.learn(x[:, part], y[:, part])
            else:
                stream.predict(x[:, part])
    by_name = {id(w): g for w, g in zip(model.trainable_variables, true, strict=True)}
    for w, old in zip(model.weights, before, strict=True):
        np.testing.assert_allclose((old - w) / RATE, by_name[id(w)], rtol=0, atol=1e-11)


@pytest.mark.parametrize("rule", ["exact", "bptt"])
@pytest.mark.parametrize("sequences", [False, True])
def test_reading_goes_on(rule, sequences):
    x, _ = data(masked=not sequences)
    options = {"chunk": 2} if rule == "exact" else {}
    model = model_of("lru with outputs", sequences, not sequences, rule=rule, **options)
    whole = model.predict(x, verbose=0)
    stream = model.stream(B)
    for _ in range(2):
        out = [stream.predict(a) for (a,) in pieces([3, 1, 4, 4], x)]
        equal([np.concatenate(out, axis=1) if sequences else out[-1]], [whole])
        stream.reset()


def test_bptt_learns_from_each_call_with_the_state_of_the_last():
    """The tape is cut where a call ends, as that of `OnlineRNN` is."""
    x, y = data()
    model = model_of("mingru", rule="bptt")
    stream, layer = model.stream(B), model.stack[0]
    stream.predict(x[:, :5])
    h = layer(x)[:, 4]
    with tf.GradientTape() as tape:
        out = model.readout(layer(x[:, 5:], initial_state=[h]))
        loss = tf.reduce_mean((out - y[:, 5:]) ** 2)
    true = tape.gradient(loss, [w.value for w in model.trainable_variables])
    before = [w.numpy() for w in model.trainable_variables]
    equal([stream.learn(x[:, 5:], y[:, 5:])], [out])
    equal([(a - w) / RATE for a, w in zip(before, model.trainable_variables, strict=True)], true)


GO_ON = """
    import sys
    import keras
    import numpy as np
    import course_lib.online
    for folder in sys.argv[1:]:
        model = keras.saving.load_model(folder + "/m.keras")
        data = np.load(folder + "/data.npz")
        stream = model.stream()
        for t in range(data["x"].shape[1]):
            y = data["y"][:, t] if data["y"].ndim == 3 else data["y"]
            stream.learn(data["x"][:, t], y)
        kept = [*model.weights, *stream.memory.variables]
        np.savez(folder + "/out.npz", *[keras.ops.convert_to_numpy(w) for w in kept])
"""
STORED = [("lru", True), ("lru", False), ("mingru", True), ("stack", True)]


@pytest.fixture(scope="module")
def gone_on(tmp_path_factory):
    """For each kind what the model kept that learned all, and the process that went on."""
    kept, folders = {}, {case: tmp_path_factory.mktemp(case[0]) for case in STORED}
    for case, folder in folders.items():
        kind, sequences = case
        x, y = data(sequences, masked=not sequences)
        # By name: Keras doesn't store the dtype of a loss.
        options = {"optimizer": keras.optimizers.Adam(0.01), "loss": "mse", "update_every": 5}
        model = model_of(kind, sequences, not sequences, **options)
        stream = model.stream(B)
        for t in range(7):
            stream.learn(x[:, t], y[:, t] if sequences else y)
        model.save(folder / "m.keras")
        np.savez(folder / "data.npz", x=x[:, 7:], y=y[:, 7:] if sequences else y)
        for t in range(7, T):
            stream.learn(x[:, t], y[:, t] if sequences else y)
        kept[case] = [*weights(model), *(v.numpy() for v in stream.memory.variables)]
    program = [sys.executable, "-c", textwrap.dedent(GO_ON)]
    subprocess.run([*program, *folders.values()], check=True)
    return {case: (kept[case], np.load(folders[case] / "out.npz")) for case in STORED}


@pytest.mark.slow
@pytest.mark.parametrize("case", STORED)
def test_another_process_goes_on_bit_for_bit(case, gone_on):
    kept, found = gone_on[case]
    for a, name in zip(kept, found.files, strict=True):
        np.testing.assert_array_equal(a, found[name])


@pytest.mark.parametrize("options", [{}, {"update_every": EVERY}, {"rule": "bptt"}])
def test_what_is_carried_does_not_grow(options):
    """Nor does a graph, once it serves several lengths: it is made twice."""
    rng = np.random.default_rng(5)
    model = model_of("lru", **options)
    stream = model.stream(B)
    sizes = [v.shape for v in stream.memory.variables]
    for length in (1, 3, 2, 7, 5, 40):
        stream.learn(rng.normal(size=(B, length, M)), rng.normal(size=(B, length, C)))
        stream.predict(rng.normal(size=(B, length, M)))
    assert [v.shape for v in stream.memory.variables] == sizes
    assert [a.shape for a in tf.nest.flatten(stream.memory.read())] == sizes
    (graph,) = stream._learn.values()
    assert graph.experimental_get_tracing_count() <= 2


def test_a_stream_begins_anew():
    x, y = data()
    model = model_of("mingru", update_every=EVERY, optimizer=keras.optimizers.SGD(0.0))
    stream, found = model.stream(B), []
    for _ in range(2):
        found.append([stream.learn(*piece) for piece in pieces([3, 5], x[:, :8], y[:, :8])])
        stream.reset()
        for v in stream.memory.variables:
            assert not np.any(v.numpy())
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_streams_have_states_of_their_own():
    x, _ = data()
    model = model_of("lru")
    one, two = model.stream(B), model.stream(B)
    first = one.predict(x[:, 0])
    one.predict(x[:, 1])
    np.testing.assert_array_equal(two.predict(x[:, 0]), first)


def test_a_model_that_is_compiled_anew_goes_on_or_begins_anew():
    x, y = data()
    model = model_of("lru", update_every=EVERY)
    old = model.stream(B)
    old.learn(x[:, :3], y[:, :3])
    carried = [a.numpy() for a in old.memory.variables]
    model.compile("sgd", "mse", update_every=EVERY)
    with pytest.raises(ValueError, match=r"compiled anew .* model\.stream\(\)"):
        old.predict(x)
    assert len(carried) == len(model.stream().memory.variables)
    model.compile("sgd", "mse", rule="bptt")
    model.stream(B).learn(x[:, :3], y[:, :3])


def unbuilt(**options):
    model = OnlineScan(LRU(N, return_sequences=True), C)
    model.compile("sgd", "mse", **options)
    return model


class OwnLoss(OnlineScan):
    def compute_loss(self, *args, **kwargs):
        return super().compute_loss(*args, **kwargs)


def with_own_loss():
    model = OwnLoss(LRU(N, return_sequences=True), C)
    model.build((B, None, M))
    model.compile("sgd", "mse", update_every=2, jit_compile=False)
    return model


def after_lengths(method):
    """A stream whose graph knows neither how many steps nor how many inputs it will meet."""
    stream = model_of("lru", update_every=EVERY).stream(B)
    x, y = data()
    for steps in (2, 3):
        given = (x[:, :steps], y[:, :steps]) if method == "learn" else (x[:, :steps],)
        getattr(stream, method)(*given)
    return stream


def in_a_graph(method, *given):
    return tf.function(method, autograph=False)(*given)


def frozen(stream):
    stream.model.readout.trainable = False
    return stream


STEP, TARGET = np.zeros((B, M)), np.zeros((B, C))


@pytest.mark.parametrize(
    ("message", "ask"),
    [
        ("Build and compile the model", lambda: unbuilt().stream(B)),
        ("Build and compile the model", lambda: OnlineScan(LRU(N), C).stream(B)),
        ("has not streamed yet: give a batch_size", lambda: model_of("lru").stream()),
        ("batch_size is 0", lambda: model_of("lru").stream(0)),
        ("reads 2 sequences", lambda: model_of("lru").stream(B).learn(STEP[:1], TARGET[:1])),
        ("reads 2 sequences", lambda: model_of("lru").stream(B).predict(STEP[0])),
        ("built for 2 inputs", lambda: model_of("lru").stream(B).predict(np.zeros((B, 3)))),
        ("built for 2 inputs", lambda: model_of("lru").stream(B).learn(np.zeros((B, 3)), TARGET)),
        ("no steps", lambda: model_of("lru").stream(B).predict(np.zeros((B, 0, M)))),
        ("targets have the shape", lambda: model_of("lru").stream(B).learn(STEP, TARGET[:, :1])),
        ("no targets", lambda: model_of("lru").stream(B).learn(STEP, None)),
        (
            "sample weights have the shape",
            lambda: model_of("lru").stream(B).learn(STEP, TARGET, np.ones(3)),
        ),
        (
            "a stream has no end: leave it out",
            lambda: model_of("lru", False, ramp=2, update_every=2).stream(B),
        ),
        ("give one", lambda: model_of("lru", loss=None, update_every=2).stream(B)),
        ("leave compute_loss as it is", lambda: with_own_loss().stream(B)),
        ("no steps", lambda: after_lengths("learn").learn(STEP[:, None][:, :0], TARGET[:, None])),
        ("no steps", lambda: after_lengths("predict").predict(np.zeros((B, 0, M)))),
        ("built for 2 inputs", lambda: after_lengths("learn").learn(np.zeros((B, 3)), TARGET)),
        ("built for 2 inputs", lambda: after_lengths("predict").predict(np.zeros((B, 3)))),
        ("reads one array", lambda: model_of("lru").stream(B).learn(None, TARGET)),
        ("reads one array", lambda: model_of("lru").stream(B).predict({"a": STEP})),
        ("outside of tf.function", lambda: in_a_graph(model_of("lru").stream(B).predict, STEP)),
        ("outside of tf.function", lambda: in_a_graph(model_of("lru").stream(B).learn, STEP, STEP)),
        ("trainable has changed", lambda: frozen(after_lengths("learn")).learn(STEP, TARGET)),
        ("several: give one", lambda: model_of("lru").stream(B).learn(STEP, {"a": TARGET})),
    ],
)
def test_what_a_stream_can_not_do_is_one_sentence(message, ask):
    with pytest.raises(ValueError, match=message) as error:
        ask()
    assert str(error.value).endswith(".")


@pytest.mark.slow
def test_the_same_steps_give_the_same_bits():
    """Nothing reads a weight while another operation changes it: 40 times over, with threads."""
    x, y = data()
    model = model_of("stack", update_every=5)
    stream = model.stream(B)
    stream.learn(x[:, 0], y[:, 0])
    kept = [*stream.memory.variables, *(w.value for w in model.variables)]
    before = [v.numpy().copy() for v in kept]
    found = []
    for _ in range(40):
        for v, a in zip(kept, before, strict=True):
            v.assign(a)
        for t in range(1, 6):
            stream.learn(x[:, t], y[:, t])
        found.append([v.numpy().copy() for v in kept])
    for again in found[1:]:
        for a, b in zip(again, found[0], strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lru", "stack"])
@pytest.mark.parametrize("every", [None, EVERY])
def test_batches_of_a_stateful_model_go_on(kind, every):
    x, y = data()
    model = model_of(kind, stateful=True, update_every=every)
    stream = (other := model_of(kind, update_every=every)).stream(B)
    for piece in pieces([3, 4, 5], x, y):
        model.fit(*piece, batch_size=B, verbose=0)
        stream.learn(*piece)
    equal(weights(model), weights(other))
    model.reset_state()
    whole = model.predict(x, batch_size=B, verbose=0)
    model.reset_state()
    parts = [model.predict(a, batch_size=B, verbose=0) for (a,) in pieces([5, 7], x)]
    equal([np.concatenate(parts, axis=1)], [whole], 1e-6)
    model.evaluate(x, y, batch_size=B, verbose=0)


@pytest.mark.slow
def test_a_stateful_model_is_stored_with_all_that_it_carries(tmp_path):
    x, y = data()
    model = model_of("lru", stateful=True, loss="mse", update_every=5)
    model.fit(x[:, :7], y[:, :7], batch_size=B, verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    for one in (model, again):
        one.fit(x[:, 7:], y[:, 7:], batch_size=B, verbose=0)
    for a, b in zip(weights(model), weights(again), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_a_stateful_model_compiles_with_xla():
    x, y = data()
    found = []
    for jit_compile in (True, False):
        model = model_of("lru", stateful=True)
        model.compile(keras.optimizers.SGD(RATE), "mse", jit_compile=jit_compile)
        for piece in pieces([6, 6], x, y):
            model.fit(*piece, batch_size=B, verbose=0)
        found.append(weights(model))
    equal(*found, 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("every", [None, 2])
def test_an_exported_stateful_model_goes_on(tmp_path, every):
    x = data()[0].astype("float32")
    model = OnlineScan(LRU(N, return_sequences=True), C, stateful=True)
    model.build((B, None, M))
    model.compile("sgd", "mse", update_every=every, jit_compile=False)
    model.export(tmp_path / "m", verbose=False)
    stored = tf.saved_model.load(tmp_path / "m")
    for part in (x[:, :2], x[:, 2:]):
        expected = model.predict(part, batch_size=B, verbose=0)
        np.testing.assert_allclose(stored.serve(part), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("message", "ask"),
    [
        ("has one batch size", lambda: OnlineScan(LRU(N), C, stateful=True).build((None, T, M))),
        (
            "XLA can't compile windows",
            lambda: OnlineScan(LRU(N), C, stateful=True).compile(
                "sgd", "mse", update_every=2, jit_compile=True
            ),
        ),
        (
            "another size than the 2 sequences",
            lambda: model_of("lru", stateful=True).train_on_batch(
                np.zeros((3, T, M)), np.zeros((3, T, C))
            ),
        ),
        (
            "another size than the 2 sequences",
            lambda: model_of("lru", stateful=True).gradients(
                np.zeros((3, T, M)), np.zeros((3, T, C))
            ),
        ),
        ("stateful is 2", lambda: OnlineScan(LRU(N), C, stateful=2)),
    ],
)
def test_what_a_stateful_model_can_not_do_is_one_sentence(message, ask):
    with pytest.raises(ValueError, match=message) as error:
        ask()
    assert str(error.value).endswith(".")
