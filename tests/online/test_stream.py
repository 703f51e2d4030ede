"""A stream has no end: pieces give what one long sequence gives, and a stored stream goes on."""

import contextlib
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
from course_lib.layers import LSTMCell
from course_lib.online import OTHER_RULES, RULES, LeakyRNNCell, OnlineRNN, SparseRNNCell

B, T, M, N, C = 2, 12, 2, 3, 2
LEARN_ALONG = [*RULES, "rtrl", "snap2", "uoro", "tbptt"]  # bptt learns from whole sequences alone
GATED = {
    "lstm": lambda: LSTMCell(N, dtype="float64"),
    "keras gru": lambda: keras.layers.GRUCell(N, dtype="float64"),
}
# Every rule, and on cells with gates those that ask a cell for more than its state.
CASES = [
    *((rule, None) for rule in LEARN_ALONG),
    *((rule, cell) for rule in ("kernl", "hybrid", "kernl_modes") for cell in GATED),
]
every_case = pytest.mark.parametrize(("rule", "cell"), CASES)


def any_cuts(examples):
    """Try a function on lengths of pieces that make up T steps, drawn by hypothesis."""
    drawn = st.sets(st.integers(1, T - 1), min_size=1)
    lengths = drawn.map(lambda ends: np.diff([0, *sorted(ends), T]).tolist())

    def tried(check):
        settings(max_examples=examples)(given(lengths)(check))()

    return tried


def model_of(rule, cell=None, masked=False, stateful=False, sequences=True, **settings):
    keras.utils.set_random_seed(0)
    if cell is None and rule == "snap2":
        cell = SparseRNNCell(N, 1, leak=0.7, dtype="float64")
    cell = GATED[cell]() if isinstance(cell, str) else cell
    cell = cell or LeakyRNNCell(N, leak=0.7, dtype="float64")
    model = OnlineRNN(cell, C, sequences, mask_value=0.0 if masked else None, stateful=stateful)
    model.build((B, None, M))
    loss = keras.losses.MeanSquaredError(dtype="float64")
    settings = {"optimizer": keras.optimizers.SGD(0.05), "loss": loss, "seed": 4, **settings}
    if rule != "kernl_modes":
        settings["timescales"] = (2, 6)
    model.compile(rule=rule, jit_compile=False, **settings)
    return model


def data(masked):
    rng = np.random.default_rng(1)
    # Keras casts what `fit` is given to float32: these numbers are the same before and after.
    x, y = (rng.normal(size=(B, T, k)).astype("float32").astype(float) for k in (M, C))
    if masked:
        x[0, 2:6] = 0
        x[1, 9:] = 0
    return x, y


def pieces(cuts, *arrays):
    ends = np.cumsum(cuts)
    return [[a[:, end - cut : end] for a in arrays] for cut, end in zip(cuts, ends, strict=True)]


def weights(model):
    return [keras.ops.convert_to_numpy(w) for w in [*model.weights, *model.kernel.weights]]


def far(a, b):
    return max(np.abs(one - other).max() for one, other in zip(a, b, strict=True))


def equal(a, b, atol=1e-12):
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)


@pytest.mark.parametrize(("rule", "cell"), [case for case in CASES if case[0] != "tbptt"])
@pytest.mark.parametrize("masked", [False, True])
def test_pieces_add_up_to_one_sequence(rule, cell, masked):
    """Gradients and the kernel's fit, of sums over the steps."""
    x, y = data(masked)
    model = model_of(rule, cell, masked=masked, stateful=True)
    loss = keras.losses.MeanSquaredError(reduction="sum", dtype="float64")
    model.compile("sgd", loss, rule=rule, seed=4, jit_compile=False)

    def added(cuts):
        model.reset_state()
        model._seeds.state.assign((4, 0))
        parts = [model.gradients(*piece) for piece in pieces(cuts, x, y)]
        sums = [sum(map(np.array, g)) for g in zip(*(part[2] for part in parts), strict=True)]
        fit = [sum(map(np.array, f)) for f in zip(*(part[3] or () for part in parts), strict=True)]
        return [np.concatenate([part[1] for part in parts], axis=1), *sums, *fit]

    whole = added([T])

    @any_cuts(4)
    def check(cuts):
        equal(added(cuts), whole)


@pytest.mark.slow
@every_case
@pytest.mark.parametrize("masked", [False, True])
def test_updates_do_not_care_for_cuts(rule, cell, masked):
    x, y = data(masked)

    def taken(cuts):
        model = model_of(rule, cell, masked=masked, stateful=True, update_every=4)
        for piece in pieces(cuts, x, y):
            model.train_on_batch(*piece)
        return weights(model)

    # With masks in graphs, as users run it; without masks as plain Python, in a sixth of the time.
    with contextlib.nullcontext() if masked else step_by_step():
        whole = taken([T])

        @any_cuts(2 if masked else 6)
        def check(cuts):
            equal(taken(cuts), whole)

        long = model_of(rule, cell, masked=masked, update_every=4)
        long.train_on_batch(x, y)
        equal(weights(long), whole)
        stream = (model := model_of(rule, cell, masked=masked, update_every=4)).stream(B)
        for t in range(T):
            stream.learn(x[:, t], y[:, t])
    equal(weights(model), whole)
    assert far(weights(model), weights(model_of(rule, cell))) > 1e-3


@pytest.mark.parametrize("rule", ["snap1", "bptt", "tbptt"])
@pytest.mark.parametrize("cell", [None, LSTMCell])
def test_reading_goes_on(rule, cell):
    x, _ = data(True)
    cell = cell and cell(N, dtype="float64")
    model = model_of(rule, cell, masked=True, stateful=True)
    whole = model.predict(x, verbose=0)
    stream = model.stream(B)
    out = [stream.predict(a) for (a,) in pieces([3, 3, 4, 2], x)]
    np.testing.assert_allclose(np.concatenate(out, axis=1), whole, atol=1e-12)
    model.reset_state()
    parts = [model.predict(a, verbose=0) for (a,) in pieces([5, 7], x)]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("rule", [*RULES, *OTHER_RULES])
def test_a_step_without_target_counts_for_nothing_but_the_state(rule):
    """A loss at the end alone: read all steps but the last, learn at the last."""
    x, y = data(False)
    long = model_of(rule, sequences=False)
    long.train_on_batch(x, y[:, -1])
    model = model_of(rule, sequences=False)
    stream = model.stream(B)
    for t in range(T - 1):
        stream.predict(x[:, t])
    stream.learn(x[:, -1], y[:, -1])
    if rule in ("bptt", "tbptt"):  # the tape ends where the call does
        assert far(weights(model), weights(long)) > 1e-6
    else:
        equal(weights(model), weights(long))


# It serves one folder after the other: TensorFlow is loaded once.
GO_ON = """
    import sys
    import keras
    import numpy as np
    import course_lib.online
    for folder in map(str.strip, sys.stdin):
        model = keras.saving.load_model(folder + "/m.keras")
        data = np.load(folder + "/data.npz")
        stream = model.stream()
        for t in range(data["x"].shape[1]):
            stream.learn(data["x"][:, t], data["y"][:, t])
        np.savez(folder + "/out.npz", *[keras.ops.convert_to_numpy(w) for w in model.weights])
        print(flush=True)
"""


@pytest.fixture(scope="module")
def another_process():
    """A function that lets another process go on with the model in a folder; its weights then."""
    program = [sys.executable, "-c", textwrap.dedent(GO_ON)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(program, **pipes) as other:

        def go_on(folder):
            print(folder, file=other.stdin, flush=True)
            assert other.stdout.readline(), "it has ended"
            stored = np.load(folder / "out.npz")
            return [stored[name] for name in stored.files]

        yield go_on
        other.stdin.close()


@pytest.mark.slow
@every_case
def test_another_process_goes_on_bit_for_bit(rule, cell, another_process, tmp_path):
    x, y = data(False)
    # By name: Keras doesn't store the dtype of a loss.
    how = {"update_every": 5, "optimizer": keras.optimizers.Adam(0.01), "loss": "mse"}
    model = model_of(rule, cell, **how)
    stream = model.stream(B)
    for t in range(7):
        stream.learn(x[:, t], y[:, t])
    model.save(tmp_path / "m.keras")
    np.savez(tmp_path / "data.npz", x=x[:, 7:], y=y[:, 7:])
    for t in range(7, T):
        stream.learn(x[:, t], y[:, t])
    for w, found in zip(model.weights, another_process(tmp_path), strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(w), found)


def test_what_a_stream_can_not_do_is_said():
    model = model_of("kernl")
    with pytest.raises(ValueError, match="batch_size"):
        model.stream()
    with pytest.raises(ValueError, match="2 sequences"):
        model.stream(B).learn(np.zeros((3, M)), np.zeros((3, C)))
    fresh = OnlineRNN(LeakyRNNCell(N), C, stateful=True)
    with pytest.raises(ValueError, match="batch size"):
        fresh.build((None, T, M))
    with pytest.raises(ValueError, match="compile"):
        OnlineRNN(LeakyRNNCell(N), C).stream(2)


def test_two_streams_of_a_model_have_states_of_their_own():
    x, _ = data(False)
    model = model_of("snap1")
    one, two = model.stream(B), model.stream(B)
    first = one.predict(x[:, 0])
    one.predict(x[:, 1])
    np.testing.assert_array_equal(two.predict(x[:, 0]), first)
    one.reset()
    np.testing.assert_array_equal(one.predict(x[:, 0]), first)
    assert tf.nest.flatten(one.memory.read())


def test_a_stream_knows_that_the_model_was_compiled_anew():
    """Its graphs would learn by the old rule, with the old optimizer."""
    x, y = data(False)
    model = model_of("snap1", update_every=2)
    old = model.stream(B)
    old.learn(x[:, :3], y[:, :3])
    carried = [a.numpy() for a in tf.nest.flatten(old.memory.read())]
    model.compile("sgd", "mse", rule="snap1", update_every=2)
    for call in (lambda: old.learn(x, y), lambda: old.predict(x)):
        with pytest.raises(ValueError, match=r"compiled anew .* model\.stream\(\)"):
            call()
    for a, b in zip(carried, tf.nest.flatten(model.stream().memory.read()), strict=True):
        np.testing.assert_array_equal(a, b)
    model.compile("sgd", "mse", rule="rtrl")
    first = model.stream(B).predict(x[:, 0])
    model.compile("sgd", "mse", rule="kernl")
    stream = model.stream()
    np.testing.assert_allclose(stream.predict(x[:, 0]), first, rtol=1e-6)
    model.readout.trainable = False
    model.compile("sgd", "mse", rule="kernl", update_every=2)
    before = model.readout.get_weights()
    model.stream().learn(x, y)
    equal(before, model.readout.get_weights())


@pytest.mark.parametrize(
    ("message", "given"),
    [
        (r"targets have the shape \(\)", (np.ones((1, M)), 3.0)),
        (r"sample weights have the shape \(\)", (np.ones((1, M)), np.ones((1, C)), 2.0)),
        ("different lengths", (tf.ragged.constant([[M * [1.0]]], 1), np.ones((1, 1, C)))),
    ],
)
def test_what_is_no_step_is_one_sentence(message, given):
    with pytest.raises(ValueError, match=message):
        model_of("snap1", LeakyRNNCell(N)).stream(1).learn(*given)


@pytest.mark.slow
def test_the_same_steps_give_the_same_bits():
    """Nothing reads a weight while another operation changes it: 60 times over, with threads."""
    x, y = data(False)
    model = model_of("kernl", update_every=5)
    stream = model.stream(B)
    stream.learn(x[:, 0], y[:, 0])
    kept = [*stream.memory.variables, *model.variables, *model.optimizer.variables]
    before = [keras.ops.convert_to_numpy(v).copy() for v in kept]
    found = []
    for _ in range(60):
        for v, a in zip(kept, before, strict=True):
            v.assign(a)
        for t in range(1, 6):
            stream.learn(x[:, t], y[:, t])
        found.append([keras.ops.convert_to_numpy(v).copy() for v in kept])
    for again in found[1:]:
        for a, b in zip(again, found[0], strict=True):
            np.testing.assert_array_equal(a, b)


def sources():
    """What `fit` takes beside arrays, of batches of 4 and a last one of 2."""
    x, y = np.zeros((6, 5, M), "float32"), np.zeros((6, 5, C), "float32")
    cuts = [(x[:4], y[:4]), (x[4:], y[4:])]

    class Two(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, number):
            return cuts[number]

    whole = tf.data.Dataset.from_tensor_slices((x, y))
    return {
        "dataset": lambda: whole.batch(4),
        "dataset, prefetched": lambda: whole.batch(4).prefetch(2),
        "generator": lambda: iter_of(cuts),
        "py dataset": Two,
    }


def iter_of(batches):
    yield from batches


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "source", "jit_compile"),
    [
        *(("snap1", source, False) for source in sources()),
        ("bptt", "dataset", False),
        ("kernl", "dataset", True),
    ],
)
def test_batches_of_another_size_are_one_sentence(rule, source, jit_compile):
    """Where a graph would say it: the sizes of what comes in pieces are not known before."""
    model = OnlineRNN(LeakyRNNCell(N), C, True, stateful=True)
    model.build((4, 5, M))
    model.compile("sgd", "mse", rule=rule, jit_compile=jit_compile)
    make, sentence = sources()[source], r"^A batch has another size than the 4 sequences"
    x, y = np.zeros((4, 5, M), "float32"), np.zeros((4, 5, C), "float32")
    asked = [
        lambda: model.fit(make(), verbose=0),
        lambda: model.evaluate(make(), verbose=0),
        lambda: model.predict(make(), verbose=0),
        lambda: model.fit(x, y, batch_size=4, validation_data=make(), verbose=0),
    ]
    for ask in asked:
        with pytest.raises(ValueError, match=sentence):
            ask()
    model.fit(x, y, batch_size=4, verbose=0)  # it goes on


@pytest.mark.parametrize("how", ["train_on_batch", "test_on_batch", "predict_on_batch"])
def test_a_single_batch_of_another_size_is_one_sentence(how):
    model = OnlineRNN(LeakyRNNCell(N), C, True, stateful=True)
    model.build((4, 5, M))
    model.compile("sgd", "mse", rule="snap1", jit_compile=False)
    x, y = np.zeros((4, 5, M), "float32"), np.zeros((4, 5, C), "float32")
    targets = () if how == "predict_on_batch" else (y,)
    ask = getattr(model, how)
    ask(x, *targets)
    for count in (3, 2):  # the second time, no size is known in the graph
        with pytest.raises(ValueError, match=r"^A batch has another size than the 4 sequences"):
            ask(x[:count], *(a[:count] for a in targets))
    ask(x, *targets)


@pytest.mark.slow
def test_a_dataset_of_one_size_goes_on_as_arrays_do():
    rng = np.random.default_rng(3)
    shapes = (8, 5, M), (8, 5, C)
    x, y = (rng.normal(size=shape).astype("float32") for shape in shapes)
    found = []
    for source in ((x, y), (tf.data.Dataset.from_tensor_slices((x, y)).batch(4),)):
        keras.utils.set_random_seed(0)
        model = OnlineRNN(LeakyRNNCell(N, dtype="float64"), C, True, stateful=True)
        model.build((4, 5, M))
        model.compile("sgd", "mse", rule="snap1", jit_compile=False)
        batch = {"batch_size": 4} if len(source) == 2 else {}
        model.fit(*source, shuffle=False, verbose=0, **batch)
        found.append([*weights(model), *(v.numpy() for v in model.memory.variables)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
