"""Whatever a user gives wrongly gets one sentence, in every model and with every kind of rule."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from course_lib.layers import (  # noqa: E402
    LRU,
    LRUCell,
    LSTMCell,
    MinGRU,
    MinGRUCell,
    ResidualBlock,
    VanillaRNNCell,
)
from course_lib.online import LeakyRNNCell, OnlineRNN, OnlineScan, checks  # noqa: E402
from course_lib.online.reading import acts_by_step  # noqa: E402

B, T, M, N, C = 2, 4, 3, 4, 2
X = np.random.default_rng(1).normal(size=(B, T, M)).astype(np.float32)
SPARSE = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def rnn(rule, sequences=False, loss="mse", readout=C, stateful=False, built=True, **options):
    model = OnlineRNN(LeakyRNNCell(N), readout, sequences, stateful=stateful)
    if built:
        model.build(X.shape)
    model.compile("sgd", loss, rule=rule, jit_compile=False, **options)
    return model


def scans(rule, sequences=False, loss="mse", readout=C, built=True, **options):
    model = OnlineScan(MinGRU(N, return_sequences=sequences), readout)
    if built:
        model.build(X.shape)
    model.compile("sgd", loss, rule=rule, jit_compile=False, **options)
    return model


# One of each engine: the other rules go the same ways.
RULES = [(rnn, "kernl"), (rnn, "bptt"), (scans, "exact"), (scans, "bptt")]
every_rule = pytest.mark.parametrize(("make", "rule"), RULES)


@every_rule
@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize(
    ("message", "x"),
    [
        ("Inputs are", X[:, 0]),
        ("Inputs are", X[..., None]),
        ("no steps", X[:, :0]),
        ("real numbers", X.astype(complex)),
        ("real numbers", X.astype(str)),
        ("pad them", tf.ragged.constant([[[1.0] * M], [[1.0] * M] * 2])),
    ],
)
def test_what_is_no_batch_of_sequences(make, rule, built, message, x):
    model = make(rule, built=built)
    with pytest.raises(ValueError, match=message):
        model.gradients(x, np.zeros((B, C)))
    if built:
        with pytest.raises(ValueError, match=message):
            model(x)


@every_rule
def test_another_number_of_inputs(make, rule):
    model = make(rule)
    with pytest.raises(ValueError, match="built for 3 inputs"):
        model.gradients(X[..., :2], np.zeros((B, C)))
    with pytest.raises(ValueError, match="built for 3 inputs"):
        model(X[..., :2])


@every_rule
@pytest.mark.parametrize(
    ("sequences", "loss", "readout", "shape", "wanted"),
    [
        (False, "mse", C, (B, T, C), r"give \(2, 2\)"),
        (False, "mse", C, (B, 1), r"give \(2, 2\)"),  # Keras would stretch it over all outputs
        (False, "mse", C, (B + 1, C), r"give \(2, 2\)"),
        (False, SPARSE, C, (B, T), r"give \(2,\)"),
        (False, SPARSE, C, (B, C), "CategoricalCrossentropy"),
        (True, "mse", C, (B,), r"give \(2, 4, 2\)"),
        (True, "mse", C, (B, C), r"give \(2, 4, 2\)"),
        (True, "mse", C, (B, 1, C), r"give \(2, 4, 2\)"),  # over all steps
        (True, "mse", C, (B, T + 1, C), r"give \(2, 4, 2\)"),
        (True, "mse", C, (B, T, 1), r"give \(2, 4, 2\)"),
        (True, "mse", 1, (B, T - 1), r"give \(2, 4, 1\)"),
        (True, SPARSE, C, (B,), r"give \(2, 4\)"),
        (True, SPARSE, C, (B, T, C), "CategoricalCrossentropy"),
    ],
)
def test_targets_of_another_shape(make, rule, sequences, loss, readout, shape, wanted):
    y = np.zeros(shape, np.float32)
    options = [{}, {"update_every": 2}] if sequences and rule != "bptt" else [{}]
    for option in options:
        model = make(rule, sequences, loss, readout, **option)
        with pytest.raises(ValueError, match=wanted):
            model.train_step((tf.constant(X), tf.constant(y)))
        with pytest.raises(ValueError, match=wanted):
            model.test_step((tf.constant(X), tf.constant(y)))


@every_rule
@pytest.mark.parametrize("sequences", [False, True])
def test_targets_and_weights_as_lists(make, rule, sequences):
    y = np.random.default_rng(2).normal(size=(B, T, C) if sequences else (B, C))
    weight = np.arange(1.0, 1.0 + B)
    model = make(rule, sequences)
    one = model.gradients(X, y.astype(np.float32), weight.astype(np.float32))
    other = model.gradients(X.tolist(), y.tolist(), weight.tolist())
    for a, b in zip(one[2], other[2], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-7)


@every_rule
def test_weights_of_another_shape(make, rule):
    y = np.zeros((B, C), np.float32)
    for shape in ((B, T), (B + 1,)):
        with pytest.raises(ValueError, match=r"sample weights .* give \(2,\)"):
            make(rule).gradients(X, y, np.ones(shape, np.float32))
    y = np.zeros((B, T, C), np.float32)
    for shape in ((B, T + 1), (B + 1, T), (B, T, C)):
        with pytest.raises(ValueError, match=r"sample weights .* give \(2,\) or \(2, 4\)"):
            make(rule, True).gradients(X, y, np.ones(shape, np.float32))


@every_rule
def test_classes_of_steps_have_no_weights_of_their_own(make, rule):
    y, weights = np.zeros((B, T), int), {0: 1.0, 1: 2.0}
    model = make(rule, True, SPARSE)
    for use in (
        lambda: model.fit(X, y, class_weight=weights, verbose=0),
        lambda: model.fit(X, y, B, 1, 0, None, 0.0, None, True, weights),
        lambda: model.train_on_batch(X, y, class_weight=weights),
        lambda: model.train_on_batch(X, y, None, weights),
    ):
        with pytest.raises(ValueError, match="give sample_weight of shape"):
            use()


@pytest.mark.parametrize(
    "loss",
    [
        "dice",
        keras.losses.Dice(),
        keras.losses.Tversky(),
        keras.losses.CategoricalCrossentropy(axis=1),
        keras.losses.CosineSimilarity(axis=1),
        keras.losses.MeanSquaredError(reduction="mean_with_sample_weight"),
    ],
)
def test_windows_have_losses_that_add_up_or_none(loss):
    with pytest.raises(ValueError, match="take the rule bptt"):
        scans("exact", True, loss)
    scans("exact", False, loss)
    scans("bptt", True, loss)


@pytest.mark.parametrize(
    ("layer", "reads"),
    [
        (lambda: keras.layers.LayerNormalization(), True),
        (lambda: keras.layers.Dense(3, "gelu"), True),
        (lambda: keras.layers.Dropout(0.5), True),
        (lambda: keras.layers.Dropout(0.5, noise_shape=(None, 1, None)), False),
        (lambda: keras.layers.BatchNormalization(), False),
        (lambda: keras.layers.Conv1D(3, 3, padding="same"), False),
        (lambda: keras.layers.GRU(3, return_sequences=True), False),
        (lambda: keras.layers.Dense(3, activity_regularizer="l2"), False),
    ],
)
def test_windows_have_readouts_that_see_one_step(layer, reads):
    readout = keras.Sequential([layer(), keras.layers.Dense(C)])
    scans("exact", False, readout=keras.Sequential([keras.layers.Dense(C)]))
    if reads:
        scans("exact", True, readout=readout)
    else:
        with pytest.raises(ValueError, match="take the rule bptt"):
            scans("exact", True, readout=readout)
        scans("bptt", True, readout=keras.Sequential([layer(), keras.layers.Dense(C)]))


def test_a_norm_sees_one_step_along_the_last_axis():
    assert acts_by_step(keras.layers.LayerNormalization())
    assert not acts_by_step(keras.layers.LayerNormalization(axis=1))


@every_rule
def test_without_targets_or_without_a_rule(make, rule):
    with pytest.raises(ValueError, match="no targets"):
        make(rule).gradients(X, None)
    for model in (OnlineRNN(LeakyRNNCell(N), C), OnlineScan(LRU(N), C)):
        with pytest.raises(ValueError, match="compile the model first"):
            model.gradients(X, np.zeros((B, C)))


@every_rule
def test_gradients_build_the_model(make, rule):
    model = make(rule, built=False)
    found = model.gradients(X, np.zeros((B, C), np.float32))[2]
    assert len(found) == len(model.trainable_variables) > 0


@every_rule
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("chunk", value) for value in (0, -1, 2.0, True, "big", None)),
        *(("update_every", value) for value in (0, 2.5, True, "auto")),
    ],
)
def test_numbers_of_steps(make, rule, name, value):
    with pytest.raises(ValueError, match=f"{name}"):
        make(rule, sequences=True, **{name: value})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("rule", (None, ["kernl"], "kernel", 1)),
        ("trace", (None, ["chunked"], "slow")),
        ("samples", (0, 2.5, True)),
        ("seed", (None, -1, 1.5, "a")),
        ("disturbance", (-1e-3, float("nan"), float("inf"), "big", None)),
        ("timescales", (5, (1, 2, 3), (9, 3), (0, 3), (float("nan"), 3), "long", ("a", "b"))),
    ],
)
def test_settings_of_the_rules(name, values):
    for value in values:
        with pytest.raises(ValueError, match=name):
            OnlineRNN(LeakyRNNCell(N), C).compile("sgd", "mse", **{name: value})


@pytest.mark.parametrize("name", ["ramp", "clock_speed"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "fast", None, True])
def test_settings_of_scans(name, value):
    with pytest.raises(ValueError, match=name):
        OnlineScan(LRU(N), C).compile("sgd", "mse", update_every=2, **{name: value})


@pytest.mark.parametrize("model", [lambda *a: OnlineRNN(LeakyRNNCell(N), *a), None])
def test_readouts_and_masks(model):
    model = model or (lambda readout, mask=None: OnlineScan(LRU(N), readout, mask))
    for readout in (0, -1, 2.0, True, "2", None, keras.layers.Dense):
        with pytest.raises(ValueError, match="readout is"):
            model(readout)
    assert model(np.int64(2)).readout.units == 2
    for value in ("0", float("nan"), [0.0, float("nan")], True, 1j):
        with pytest.raises(ValueError, match="mask_value is"):
            checks.mask_value(value)
    for value in (None, 0, -1.5, np.float32(2), 0.1, -999.3, 1e30, -np.inf):
        assert checks.mask_value(value) is value


@pytest.mark.parametrize(
    "cell",
    [5, "lstm", None, LeakyRNNCell, keras.layers.Dense(N), keras.layers.LSTM(N)],
)
def test_what_is_no_cell(cell):
    with pytest.raises(TypeError, match=r"no cell|its cell"):
        OnlineRNN(cell, C)


@pytest.mark.parametrize("parts", [lambda cells: cells, lambda cells: [cells, LeakyRNNCell(N)]])
def test_a_cell_is_one(parts):
    cells = keras.layers.StackedRNNCells([keras.layers.GRUCell(N), keras.layers.GRUCell(N)])
    with pytest.raises(TypeError, match="give one list of all cells"):
        OnlineRNN(parts(cells), C)


def test_a_cell_has_no_penalty_on_its_output():
    """The rules take a cell's step without a call of it, which would ask for the penalty."""
    for cell in (LeakyRNNCell, keras.layers.GRUCell):
        penalized = cell(N, activity_regularizer="l2")
        for parts in (penalized, [penalized, LeakyRNNCell(N)]):
            with pytest.raises(ValueError, match="can't have an activity_regularizer"):
                OnlineRNN(parts, C)
    of_outputs = {"activity_regularizer": "l2"}
    for layer in (LRU(N, **of_outputs), ResidualBlock(MinGRU(M), **of_outputs)):
        model = OnlineScan(layer, C)
        with pytest.raises(ValueError, match="can't have an activity_regularizer"):
            model.compile("sgd", "mse")
        model.compile("sgd", "mse", rule="bptt")


@pytest.mark.parametrize("units", [0, -1, 2.5, "4", True, None])
def test_units(units):
    with pytest.raises(ValueError, match="units is"):
        LeakyRNNCell(units)
    with pytest.raises(ValueError, match="units is"):
        OnlineRNN(LSTMCell(units), C)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("leak", (0, "a", None, (1, 0.5, 0.1), (0.1, 1), float("nan"))),
        ("recurrent", (None, "eye", float("nan"), [1])),
        ("noise", (-1, "a", None, float("nan"))),
        ("activation", ("sigmoid", None, ["tanh"])),
    ],
)
def test_settings_of_a_leaky_cell(name, values):
    for value in values:
        with pytest.raises(ValueError, match=f"{name} is"):
            LeakyRNNCell(N, **{name: value})


def test_a_layer_stands_in_a_stack_of_scans_once():
    layer = LRU(M, M, return_sequences=True)
    with pytest.raises(ValueError, match="twice"):
        OnlineScan([layer, layer], C)


@pytest.mark.parametrize("rule", ["kernl", "bptt", "tbptt"])
def test_a_stateful_model_has_one_batch_size(rule):
    model = rnn(rule, stateful=True)
    x, y = np.concatenate([X, X[:1]]), np.zeros((B + 1, C), np.float32)
    with pytest.raises(ValueError, match="give batches of 2"):
        model(X[:1])
    with pytest.raises(ValueError, match="give batches of 2"):
        model.gradients(x, y)
    for size in (B, None, 1):  # a smaller last batch; one that is too large; and too small
        for use in (model.fit, model.evaluate):
            with pytest.raises(ValueError, match="give batches of 2"):
                use(x, y, batch_size=size, verbose=0)
        with pytest.raises(ValueError, match="give batches of 2"):
            model.predict(x, batch_size=size, verbose=0)
    four = np.concatenate([X, X]), np.zeros((2 * B, C), np.float32)
    model.fit(*four, batch_size=B, validation_split=0.5, epochs=1, verbose=0)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["kernl", "bptt"])
@pytest.mark.parametrize(
    ("message", "x", "y"),
    [
        ("give", X, np.zeros((B, T - 1, C))),
        ("give", X, np.zeros((B + 1, T, C))),
        ("give", X, np.zeros((B, C))),
        ("give", X[:, 0], np.zeros((B, 1, C))),  # it would be stretched over the batch
        ("no targets", X, None),
        ("no targets", X[:, 0], None),
        ("no steps", X[:, :0], np.zeros((B, 0, C))),
    ],
)
def test_what_a_stream_learns_from(rule, message, x, y):
    stream = rnn(rule, sequences=True).stream(B)
    for _ in range(2):  # also where its graph has seen several lengths
        with pytest.raises(ValueError, match=message):
            stream.learn(x, y)
        for steps in (1, 3, 4):
            stream.learn(X[:, :steps].tolist(), np.zeros((B, steps, C)).tolist())


@pytest.mark.parametrize("kind", [LRU, MinGRU])
@pytest.mark.parametrize(
    ("message", "x"),
    [
        (r"give \(batch, T, 3\)", X[:, 0]),
        (r"give \(batch, T, 3\)", X[..., :2]),
        (r"give \(batch, T, 3\)", X[..., None]),
        ("real numbers", X.astype(complex)),
        ("real numbers", X.astype(str)),
    ],
)
def test_a_scanned_layer_that_is_built(kind, message, x):
    layer = kind(N)
    layer(X)
    with pytest.raises(ValueError, match=message):
        layer(tf.constant(x))


def test_a_cell_of_scans_is_no_cell_of_the_rules():
    for part in (LRUCell(N), LRUCell(N, N), LRU(N), MinGRU(N), ResidualBlock(LRU(N))):
        name = type(part).__name__
        for parts in (part, [part], [LeakyRNNCell(N), part], [part, LeakyRNNCell(N)]):
            with pytest.raises(TypeError, match=rf"^No rule .* of {name}: .* to OnlineScan"):
                OnlineRNN(parts, C)
    for cell in (MinGRUCell(N), [MinGRUCell(N), LeakyRNNCell(N)]):
        model = OnlineRNN(cell, C)
        model.compile("sgd", "mse", rule="snap1")
        with pytest.raises(TypeError, match=r"^No rule .* of MinGRUCell: .* to OnlineScan.*bptt"):
            model.build(X.shape)
        model.compile("sgd", "mse", rule="bptt")
        model.build(X.shape)


class Doubles(VanillaRNNCell):
    """Shows more than it has units."""

    def __init__(self, units, **kwargs):
        super().__init__(units, **kwargs)
        self.output_size = 2 * units

    def call(self, x_t, states, training=False):
        h, states = super().call(x_t, states)
        return keras.ops.concatenate([h, h], axis=-1), states


@pytest.mark.parametrize("parts", [Doubles(N), [Doubles(N)], [LeakyRNNCell(N), Doubles(N)]])
def test_a_cell_shows_its_units(parts):
    with pytest.raises(ValueError, match=r"^Doubles has .* units and shows .* numbers"):
        OnlineRNN(parts, C)


BATCH, STEPS, OUTPUTS = 4, 6, 3


def see_targets(loss, shape, weight=None, sequences=True, outputs=OUTPUTS, **more):
    def spec(*sizes):
        return tf.TensorSpec(sizes, "float32")

    lead = (BATCH, STEPS) if sequences else (BATCH,)
    weight = None if weight is None else spec(*weight)
    out = spec(*lead, outputs)
    checks.targets(loss, spec(BATCH, STEPS, 2), spec(*shape), weight, out, sequences, **more)


@pytest.mark.parametrize(
    ("loss", "shape", "more"),
    [
        ("mse", (4, 6, 3), {}),
        ("mse", (4, 6), {"outputs": 1}),
        ("mse", (4, 6, 1), {"outputs": 1}),
        ("mse", (4, 3), {"sequences": False}),
        ("mse", (4,), {"sequences": False, "outputs": 1}),
        ("mse", (None, None, 3), {}),
        ("sparse_categorical_crossentropy", (4, 6), {}),
        ("sparse_categorical_crossentropy", (4, 6, 1), {}),
        ("sparse_categorical_crossentropy", (4,), {"sequences": False}),
        (lambda y, out: y, (4, 6, 8, 9), {"by_chunk": True}),
        (lambda y, out: y, (4, 6), {"by_chunk": True}),
        (lambda y, out: y, (7,), {}),  # of a loss of one's own nothing is known
    ],
)
def test_targets_that_belong_to_the_outputs(loss, shape, more):
    see_targets(loss, shape, **more)


@pytest.mark.parametrize(
    ("loss", "shape", "more", "says"),
    [
        ("mse", (4, 6), {}, r"shape \(4, 6\); .* give \(4, 6, 3\)\.$"),
        ("mse", (4, 6, 1), {}, r"give \(4, 6, 3\)"),
        ("mse", (4, 5, 3), {}, r"give \(4, 6, 3\)"),
        ("mse", (4, 6, 3), {"sequences": False}, r"give \(4, 3\)"),
        ("mse", (4, 6, 2), {"outputs": 1}, r"give \(4, 6, 1\)"),
        ("sparse_categorical_crossentropy", (4, 5), {}, r"give \(4, 6\)\.$"),
        ("sparse_categorical_crossentropy", (4, 6, 3), {}, "or take CategoricalCrossentropy"),
        ("sparse_categorical_crossentropy", (4, 6), {"outputs": 1}, "take BinaryCrossentropy"),
        ("categorical_crossentropy", (4, 6, 1), {"outputs": 1}, "take BinaryCrossentropy"),
        (
            "sparse_categorical_crossentropy",
            (4,),
            {"outputs": 1, "sequences": False},
            "take BinaryCrossentropy",
        ),
        (lambda y, out: y, (4, 5, 8), {"by_chunk": True}, r"give \(4, 6\)"),
        (lambda y, out: y, (3, 6, 8), {"by_chunk": True}, r"give \(4, 6\)"),
        (lambda y, out: y, (4,), {"by_chunk": True}, r"give \(4, 6\)"),
    ],
)
def test_targets_that_do_not(loss, shape, more, says):
    with pytest.raises(ValueError, match=says):
        see_targets(loss, shape, **more)


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 6), (4, 6, 1)])
def test_weights_of_sequences_or_of_their_steps(shape):
    see_targets("mse", (4, 6, 3), shape)
    if len(shape) == 1:
        see_targets("mse", (4, 3), shape, sequences=False)
    else:
        wrong = (*shape[:-1], 7)
        with pytest.raises(ValueError, match=r"give \(4,\) or \(4, 6\)"):
            see_targets("mse", (4, 6, 3), wrong)


ALL_AT_ONCE = ["predict", "evaluate", "fit"]
ONE_BATCH = ["predict_on_batch", "test_on_batch", "train_on_batch"]


@pytest.mark.parametrize("how", [*ALL_AT_ONCE, *ONE_BATCH])
@pytest.mark.parametrize("scans", [False, True])
def test_no_sequences_at_all_are_one_sentence(how, scans):
    if scans:
        model = OnlineScan(LRU(3), 2)
        model.compile("sgd", "mse", run_eagerly=True)
    else:
        model = OnlineRNN(LeakyRNNCell(3), 2)
        model.compile("sgd", "mse", rule="rflo", run_eagerly=True)
    x, y = np.zeros((0, 5, 3), "float32"), np.zeros((0, 2), "float32")
    given = (x,) if "predict" in how else (x, y)
    quiet = {"verbose": 0} if how in ALL_AT_ONCE else {}
    with pytest.raises(ValueError, match=r"^There are no sequences: give at least one\.$"):
        getattr(model, how)(*given, **quiet)


@pytest.mark.parametrize("built", [False, True])
@pytest.mark.parametrize("scans", [False, True])
def test_a_dataset_says_how_many_numbers_a_step_has(scans, built):
    model = OnlineScan(LRU(3), 2) if scans else OnlineRNN(LeakyRNNCell(3), 2)
    model.compile("sgd", "mse")
    if built:
        model.build((None, 5, 3))
    like = (tf.TensorSpec((None, 5, None)), tf.TensorSpec((None, 2)))
    batch = np.zeros((4, 5, 3), "float32"), np.zeros((4, 2), "float32")
    data = tf.data.Dataset.from_generator(lambda: iter([batch]), output_signature=like)
    with pytest.raises(ValueError, match=r"m known; these have the shape \(None, 5, None\)"):
        model.fit(data, verbose=0)
