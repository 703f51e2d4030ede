"""What people do with a model: it works, or one sentence says why not."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import LRU, LSTMCell, MinGRU, VanillaRNNCell
from course_lib.online import LeakyRNNCell, OnlineRNN, OnlineScan

B, T, M, N, C = 4, 6, 2, 3, 2
RULES = ["kernl", "snap1", "rtrl", "uoro", "bptt", "tbptt"]


def data(sequences=False, steps=T, batch=B, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(batch, steps, M)).astype("float32")
    return x, rng.normal(size=(batch, steps, C) if sequences else (batch, C)).astype("float32")


def model_of(rule="kernl", sequences=False, cell=None, readout=C, optimizer="sgd", **settings):
    keras.utils.set_random_seed(0)
    new = {k: settings.pop(k) for k in ("mask_value", "dtype") if k in settings}
    model = OnlineRNN(cell or LeakyRNNCell(N, **new.pop("of_cell", {})), readout, sequences, **new)
    settings = {"loss": "mse", "jit_compile": False, **settings}
    model.compile(optimizer, rule=rule, **settings)
    return model


def arrays(model):
    return [keras.ops.convert_to_numpy(w) for w in model.trainable_weights]


@pytest.mark.parametrize("sequences", [False, True])
def test_truncated_bptt_reads_the_last_state_of_a_short_sequence(sequences):
    x, y = data(sequences)
    x[1, 1:] = 0
    model = model_of("tbptt", sequences, mask_value=0.0, chunk=2)
    model.build(x.shape)
    out = model.gradients(x, y)[1]
    np.testing.assert_allclose(out, model(x), atol=1e-6)
    assert np.abs(out[1] - model.readout.bias).max() > 1e-3


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("rule", RULES)
def test_mixed_precision_learns_what_float32_learns(rule, policy):
    x, y = data()
    steps = []
    for dtype in ("float32", policy):
        cell = LeakyRNNCell(N, dtype=dtype)
        model = model_of(rule, cell=cell, loss=keras.losses.MeanSquaredError())
        model.build(x.shape)
        scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
        assert scaled == (dtype == "mixed_float16")
        before = arrays(model)
        model.fit(x, y, batch_size=B, verbose=0)
        steps.append(
            np.concatenate([np.ravel(a - b) for a, b in zip(arrays(model), before, strict=True)])
        )
    exact, half = steps
    cosine = exact @ half / np.linalg.norm(exact) / np.linalg.norm(half)
    assert cosine > (0.98 if rule != "uoro" else 0.5)
    assert np.linalg.norm(half) == pytest.approx(np.linalg.norm(exact), rel=0.1)


def test_a_small_loss_does_not_vanish_in_float16():
    x, y = data()
    model = model_of("bptt", cell=LeakyRNNCell(N, dtype="mixed_float16"), loss_weights=1e-7)
    model.build(x.shape)
    before = arrays(model)
    model.optimizer.learning_rate = 1e7
    model.fit(x, y, batch_size=B, verbose=0)
    assert np.abs(arrays(model)[0] - before[0]).max() > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        *((LeakyRNNCell, rule) for rule in RULES),
        *((LSTMCell, rule) for rule in RULES if rule not in ("rtrl", "uoro")),
    ],
)
def test_inputs_of_any_dtype(cell, rule):
    x, y = data()
    for of_cell, x_in in (("float64", x), ("float32", x.astype(float)), ("float32", x.astype(int))):
        model = model_of(rule, cell=cell(N, dtype=of_cell))
        model.fit(x_in, y, verbose=0)
        assert model.predict(x_in, verbose=0).shape == (B, C)


class Flag(keras.layers.Layer):
    """Doubles in training."""

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], C))

    def call(self, h, training=False):
        out = keras.ops.matmul(h, self.w)
        return 2 * out if training else out


@pytest.mark.parametrize("rule", ["snap1", "bptt", "tbptt"])
@pytest.mark.parametrize("sequences", [False, True])
def test_a_readout_knows_that_it_is_in_training(rule, sequences):
    x, y = data(sequences)
    model = model_of(rule, sequences, readout=Flag())
    model.build(x.shape)
    np.testing.assert_allclose(model.gradients(x, y)[1], 2 * model(x), rtol=1e-5, atol=1e-6)
    norm = keras.Sequential([keras.layers.BatchNormalization(), keras.layers.Dense(C)])
    model = model_of(rule, sequences, readout=norm)
    model.fit(x, y, verbose=0)
    assert np.abs(norm.layers[0].moving_mean.numpy()).max() > 0


class Louder(VanillaRNNCell):
    """Doubles in training."""

    def call(self, x_t, states, training=False):
        h, _ = super().call(x_t, states)
        h = 2 * h if training else h
        return h, [h]


class Squashed(VanillaRNNCell):
    """Shows its state on another scale."""

    def call(self, x_t, states, training=False):
        h, states = super().call(x_t, states)
        return keras.ops.tanh(h), states


def same_gradients(one, other, sequences, cell, atol):
    """See that two rules find the same for a cell of one's own."""
    x, y = (a.astype(float) for a in data(sequences))
    found = []
    for rule in (one, other):
        model = model_of(rule, sequences, cell=cell(N, dtype="float64"))
        model.build(x.shape)
        found.append(model.gradients(x, y)[2])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


@pytest.mark.parametrize("sequences", [False, True])
def test_a_cell_of_ones_own_knows_that_it_is_in_training(sequences):
    same_gradients("tbptt", "bptt", sequences, Louder, atol=1e-12)


def test_an_output_that_is_not_the_state():
    """What reads the state for it is refused; bptt calls the cell as Keras does."""
    x, y = data()
    sentence = "output of Squashed is not its state"
    with pytest.raises(ValueError, match=sentence):
        model_of("tbptt", cell=Squashed(N)).build(x.shape)
    with pytest.raises(ValueError, match=sentence):
        OnlineRNN(Squashed(N), C, stateful=True).build(x.shape)
    model = model_of("bptt", cell=Squashed(N))
    model.build(x.shape)
    with pytest.raises(ValueError, match=sentence):
        model.stream(B)
    h = keras.layers.RNN(model.cell)(x)
    np.testing.assert_allclose(model.gradients(x, y)[1], model.readout(h), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["kernl", "kernl_modes"])
def test_what_the_kernel_has_learned_is_kept(rule, tmp_path):
    x, y = data()
    model = model_of(rule)
    model.fit(x, y, verbose=0)
    learned = [w.numpy() for w in model.kernel.weights]
    model.compile("adam", "mse", rule=rule)
    for w, a in zip(model.kernel.weights, learned, strict=True):
        np.testing.assert_array_equal(w.numpy(), a)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", compile=False)
    again.compile("sgd", "mse", rule=rule)
    for w, a in zip(again.kernel.weights, learned, strict=True):
        np.testing.assert_array_equal(w.numpy(), a)


@pytest.mark.parametrize("scans", [False, True])
def test_a_stored_model_is_compiled_as_it_was(scans, tmp_path):
    """With all that `compile` was given, not the optimizer, loss and rule alone."""
    if scans:
        model = OnlineScan(LRU(N, return_sequences=True), C)
    else:
        model = OnlineRNN(LeakyRNNCell(N), C, True)
    model.build((None, T, M))
    how = {"loss_weights": 0.3, "run_eagerly": True, "jit_compile": False}
    rule = "exact" if scans else "snap1"
    model.compile("sgd", "mse", ["mae"], rule, weighted_metrics=["mse"], **how)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    x, y = data(True)
    weight = np.random.default_rng(1).uniform(0.5, 2, (B, T)).astype("float32")
    first, second = (m.train_on_batch(x, y, weight, return_dict=True) for m in (model, again))
    assert first == second
    assert {"loss", "mae", "mse"} <= first.keys()
    for a, b in zip(arrays(model), arrays(again), strict=True):
        np.testing.assert_array_equal(a, b)
    assert again.run_eagerly


def test_a_kernel_that_learned_nothing_takes_the_new_timescales():
    model = model_of(timescales=(2, 4))
    model.build((None, T, M))
    model.compile("sgd", "mse", timescales=(20, 40))
    gamma = model.kernel.gamma.numpy()
    assert gamma.min() >= 1 / 40.1
    assert gamma.max() <= 1 / 19.9


@pytest.mark.slow
def test_a_cell_is_built_inside_a_graph():
    x, y = data()
    net = keras.Sequential([keras.layers.RNN(LeakyRNNCell(N, recurrent=0.5, noise=0.1))])
    net.add(keras.layers.Dense(C))
    net.compile("sgd", "mse")
    net.fit(x, y, verbose=0)

    class Sub(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = model_of()

        def call(self, x):
            return self.inner(x)

    sub = Sub()
    sub.compile("sgd", "mse")
    sub.fit(x, y, verbose=0)
    assert model_of().predict(x, verbose=0).shape == (B, C)


@pytest.mark.slow
@pytest.mark.parametrize("rule", [*RULES, "kernl_modes"])
@pytest.mark.parametrize("sequences", [False, True])
def test_batches_of_other_lengths(rule, sequences):
    model = model_of(rule, sequences)
    for steps in (T, 3, 9):
        model.fit(*data(sequences, steps), verbose=0)
    for steps in (5, 1):
        x, y = data(sequences, steps)
        free = tf.function(
            model.gradients,
            input_signature=[tf.TensorSpec((None, None, M)), tf.TensorSpec(y.ndim * [None])],
        )
        found, exact = free(x, y), model.gradients(x, y)
        if rule != "uoro":
            for a, b in zip(found[2], exact[2], strict=True):
                np.testing.assert_allclose(a, b, atol=1e-5)
        np.testing.assert_allclose(found[1], exact[1], atol=1e-5)
    lengths = [3, 7, 5]
    sets = [data(sequences, steps, seed=steps) for steps in lengths]
    buckets = tf.data.Dataset.from_generator(
        lambda: iter(sets),
        output_signature=tuple(tf.TensorSpec(a.ndim * [None]) for a in sets[0]),
    ).map(lambda x, y: (tf.ensure_shape(x, (None, None, M)), y))
    model.fit(buckets, verbose=0)


def readouts():
    h = keras.Input((N,))
    steps = keras.Input((None, N))
    return {
        "sequential": keras.Sequential([keras.layers.Dense(4, "relu"), keras.layers.Dense(C)]),
        "built": keras.Sequential([keras.Input((N,)), keras.layers.Dense(C)]),
        "functional": keras.Model(h, keras.layers.Dense(C)(keras.layers.LayerNormalization()(h))),
        "of steps": keras.Model(steps, keras.layers.Dense(C)(steps)),
        "own": Flag(),
    }


@pytest.mark.parametrize("name", list(readouts()))
@pytest.mark.parametrize(("rule", "every"), [("snap1", None), ("snap1", 4), ("bptt", None)])
def test_readouts_of_every_kind_at_every_step(name, rule, every):
    x, y = data(True)
    model = model_of(rule, True, readout=readouts()[name], update_every=every)
    model.fit(x, y, verbose=0)
    assert model.predict(x, verbose=0).shape == (B, T, C)


def two_heads():
    keras.utils.set_random_seed(1)
    h = keras.Input((N,))
    heads = {"a": keras.layers.Dense(C, name="a")(h), "b": keras.layers.Dense(1, name="b")(h)}
    return keras.Model(h, heads)


@pytest.mark.slow
def test_several_outputs():
    for sequences in (False, True):
        x, y = data(sequences)
        targets = {"a": y, "b": y[..., :1]}
        found = []
        for rule in ("rtrl", "bptt"):
            model = model_of(rule, sequences, readout=two_heads())
            model.compile("sgd", {"a": "mse", "b": "mae"}, rule=rule, jit_compile=False)
            model.fit(x, targets, verbose=0)
            found.append(arrays(model))
        for a, b in zip(*found, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
        with pytest.raises(ValueError, match="several"):
            model.compile("sgd", "mse", rule="eprop")
    model.compile("sgd", {"a": "mse", "b": "mae"}, rule="kernl", update_every=2, jit_compile=False)
    with pytest.raises(ValueError, match="one output"):
        model.fit(x, targets, verbose=0)


@pytest.mark.slow
def test_numbers_of_numpy(tmp_path):
    x, y = data(True)
    two, three = np.int64(2), np.int64(3)
    for cell in (LeakyRNNCell(three), LSTMCell(three)):
        model = OnlineRNN(cell, two, True)
        model.compile("sgd", "mse", update_every=two, samples=three, jit_compile=False)
        model.fit(x, y, verbose=0)
        model.save(tmp_path / "m.keras")
        again = keras.saving.load_model(tmp_path / "m.keras")
        np.testing.assert_allclose(again(x), model(x), atol=1e-6)


def scans(sequences=False):
    model = OnlineScan(LRU(N, return_sequences=sequences), C)
    model.compile("sgd", "mse", jit_compile=False)
    return model


MODELS = {
    "kernl": lambda sequences: model_of("kernl", sequences),
    "bptt": lambda sequences: model_of("bptt", sequences),
    "scan": scans,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", MODELS)
def test_an_exported_model_reads_sequences_of_any_length(kind, tmp_path):
    x, y = data()
    model = MODELS[kind](False)
    model.fit(x, y, verbose=0)
    model.export(tmp_path / "m", verbose=False)
    stored = tf.saved_model.load(tmp_path / "m")
    for batch, steps in ((B, T), (1, T + 3), (3, 1)):
        x, _ = data(batch=batch, steps=steps)
        np.testing.assert_allclose(stored.serve(x), model.predict(x, verbose=0), atol=1e-5)
    spec = keras.InputSpec("float32", (None, T, M))
    model.export(tmp_path / "of_one_length", "tf_saved_model", False, [spec])
    stored = tf.saved_model.load(tmp_path / "of_one_length")
    with pytest.raises(TypeError):
        stored.serve(x)


def test_an_exported_stateful_model_goes_on(tmp_path):
    x, y = data(True)
    model = OnlineRNN(LeakyRNNCell(N), C, True, stateful=True)
    model.compile("sgd", "mse", rule="kernl", jit_compile=False)
    model.build((B, None, M))
    model.fit(x, y, batch_size=B, verbose=0)
    model.reset_state()
    model.export(tmp_path / "m", verbose=False)
    stored = tf.saved_model.load(tmp_path / "m")
    for part in (x[:, :2], x[:, 2:]):
        expected = model.predict(part, batch_size=B, verbose=0)
        np.testing.assert_allclose(stored.serve(part), expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("kind", MODELS)
def test_a_loss_in_a_list_or_dict_is_that_loss(kind, sequences):
    x, y = data(sequences)
    found = []
    for loss in ("mse", ["mse"], {"output": "mse"}):
        keras.utils.set_random_seed(0)
        model = MODELS[kind](sequences)
        settings = {} if kind == "scan" else {"rule": kind}
        model.compile("sgd", loss, jit_compile=False, **settings)
        keras.utils.set_random_seed(1)
        model.build(x.shape)
        found.append(model.fit(x, y, verbose=0).history["loss"])
        with pytest.raises(ValueError, match="The targets have the shape"):
            model.fit(x, y[..., :1], verbose=0)
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("kind", MODELS)
def test_data_of_another_shape_after_good_ones(kind, sequences):
    """The graph that Keras makes of the second shape knows neither of them."""
    x, y = data(sequences)
    weight = np.ones(B, "float32")
    model = MODELS[kind](sequences)
    model.fit(x, y, verbose=0)
    model.evaluate(x, y, verbose=0)
    batches = tf.data.Dataset.from_tensor_slices
    for take in (
        lambda *a: model.fit(*a, verbose=0),
        lambda *a: model.evaluate(*a, verbose=0),
        lambda *a: model.fit(batches(a).batch(B), verbose=0),
        lambda *a: model.fit(x, y, validation_data=a, verbose=0),
        model.train_on_batch,
        model.test_on_batch,
    ):
        with pytest.raises(ValueError, match="The targets have the shape"):
            take(x, y[..., :1])
        with pytest.raises(ValueError, match="built for 2 inputs; x has 1"):
            take(x[..., :1], y)
    for take in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match="The sample weights have the shape"):
            take(x, y, sample_weight=np.stack(9 * [weight], 1), verbose=0)


@pytest.mark.parametrize("kind", MODELS)
def test_several_losses_of_one_output(kind):
    x, y = data()
    model = MODELS[kind](False)
    for loss in (["mse", "mse"], {"a": "mse", "b": "mae"}):
        settings = {} if kind == "scan" else {"rule": kind}
        model.compile("sgd", loss, jit_compile=False, **settings)
        with pytest.raises(ValueError, match="has one output, and loss is several"):
            model.fit(x, y, verbose=0)


@pytest.mark.parametrize("policy", ["float16", "bfloat16"])
def test_turning_kernels_have_32_bits_or_more(policy):
    with pytest.raises(ValueError, match=f"of {policy} there are none"):
        model_of("kernl_modes", cell=[LeakyRNNCell(N, dtype=policy)])
    model_of("kernl_modes", cell=LeakyRNNCell(N, dtype=f"mixed_{policy}"))


class Begins(LeakyRNNCell):
    """Begins at one half."""

    def get_initial_state(self, batch_size=None):
        return [0.5 * keras.ops.ones((batch_size, self.units), self.compute_dtype)]


@pytest.mark.parametrize("sequences", [False, True])
def test_a_cell_begins_where_it_says(sequences):
    same_gradients("rtrl", "bptt", sequences, Begins, atol=1e-10)


def test_class_weights():
    x, _ = data()
    y = np.arange(B) % C
    weight = {0: 1.0, 1: 3.0}
    found = []
    for rule, settings in (
        ("rtrl", {"class_weight": weight}),
        ("bptt", {"sample_weight": np.array([weight[k] for k in y])}),
    ):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model = model_of(rule, loss=loss)
        model.fit(x, y, batch_size=B, verbose=0, **settings)
        found.append(arrays(model))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("rule", ["kernl", "bptt"])
def test_what_can_not_be_is_one_sentence(rule):
    x, y = data()
    model = model_of(rule)
    with pytest.raises(ValueError, match="batch, T, m"):
        model.fit(x[:, 0], y, verbose=0)
    model.build(x.shape)
    with pytest.raises(ValueError, match="2 inputs"):
        model.gradients(np.zeros((B, T, 3)), y)
    for name, value in (("chunk", 0), ("chunk", 2.5), ("samples", 0), ("update_every", 0)):
        with pytest.raises(ValueError, match=name):
            OnlineRNN(LeakyRNNCell(N), C, True).compile("sgd", "mse", **{name: value})
    model = model_of(rule, loss=None)
    assert model.predict(x, verbose=0).shape == (B, C)
    with pytest.raises(ValueError, match="loss"):
        model.fit(x, y, verbose=0)


@pytest.mark.parametrize("made", ["float32", "float64", "mixed_bfloat16"])
def test_the_dtype_of_the_model_is_stored(made):
    """Also where it isn't that of its cell."""
    for model in (
        OnlineRNN(LeakyRNNCell(3), 2, dtype=made),
        OnlineScan(MinGRU(3), 2, dtype=made),
    ):
        again = type(model).from_config(model.get_config())
        assert again.dtype_policy.name == made


PADDED = [
    ("kernl", LeakyRNNCell),
    ("uoro", LeakyRNNCell),
    ("snap1", LSTMCell),
    ("bptt", LSTMCell),
    ("tbptt", LSTMCell),
    ("kernl_modes", None),
]


def padded(rule, cell, sequences, padding, targets=0, dtype="float32"):
    """Loss, outputs and gradients of two sequences, where steps of this number are none."""
    keras.utils.set_random_seed(0)
    parts = [keras.layers.Dense(4, dtype=dtype), LeakyRNNCell(3, dtype=dtype)]
    cell = [*parts, LSTMCell(3, dtype=dtype)] if cell is None else cell(3, dtype=dtype)
    model = OnlineRNN(cell, 2, sequences, mask_value=padding)
    rng = np.random.default_rng(0)
    real = np.array([[1, 1, 0, 1, 0], [0, 0, 1, 0, 1]], bool)
    x = np.where(real[..., None], rng.normal(size=(2, 5, 3)), padding)
    y = rng.integers(0, 2, (2, 5))
    y = np.where(real, y, targets) if sequences else y[:, 0]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, rule=rule, chunk=2, jit_compile=False)
    found = model.gradients(x, y)
    return [tf.convert_to_tensor(a).numpy() for a in (*found[:2], *found[2])]


@pytest.mark.parametrize("rule", ["snap1", "bptt", "tbptt"])
def test_the_same_steps_are_padding_for_rules_and_for_calls(rule):
    """-0.9985 is -1 in 8 bits; only `call` reads so few."""
    x, y = np.full((2, 4, 1), -1.0), np.zeros((2, 4, C))
    x[:, 1], x[0, 2] = -0.9985, 0.5
    cell = LeakyRNNCell(N, dtype="mixed_bfloat16")
    model = model_of(rule, True, cell, mask_value=-1.0)
    model.build(x.shape)
    seen = {"loss": model.evaluate(x, y, verbose=0), "out": model(x)}
    loss, out, *_ = model.gradients(x, y)
    np.testing.assert_allclose(out, tf.cast(seen["out"], out.dtype), atol=0.01)
    np.testing.assert_allclose(tf.cast(loss, "float32"), seen["loss"], rtol=0.02)
    read = model.stream(2).predict(x)
    np.testing.assert_allclose(read.astype("float32"), tf.cast(out, "float32"), atol=0.01)


@pytest.mark.parametrize(
    ("rule", "how"),
    [
        ("snap1", "fit"),
        ("bptt", "fit"),
        ("tbptt", "fit"),
        ("bptt", "evaluate"),
        ("rtrl", "predict"),
    ],
)
@pytest.mark.parametrize("first", [0, 1])
def test_sequences_of_a_dataset_without_steps_are_one_sentence(rule, how, first):
    x, y = data()
    batches = [(x, y), (x[:, :2], y), (x[:, :0], y)][-1 - 2 * first :]
    kinds = tf.TensorSpec((None, None, M)), tf.TensorSpec((None, C))
    read = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=kinds)
    model = model_of(rule)
    model.build((None, None, M))
    with pytest.raises(ValueError, match=r"no steps; T is 1 or more\.") as found:
        getattr(model, how)(read, verbose=0)
    assert how == "predict" or str(found.value).startswith("The sequences")


@pytest.mark.parametrize(("rule", "cell"), PADDED)
@pytest.mark.parametrize("sequences", [False, True])
def test_padding_may_be_any_number(rule, cell, sequences):
    """Also one that can't be multiplied by 0; -1e5 has no end in 16 bits. No class is -1."""
    for dtype, paddings in (("float32", (-999.3, -np.inf)), ("mixed_float16", (-1e5,))):
        clean = padded(rule, cell, sequences, 0.0, dtype=dtype)
        for padding in paddings:
            found = padded(rule, cell, sequences, padding, -1, dtype)
            for a, b in zip(found, clean, strict=True):
                np.testing.assert_array_equal(a, b)
        assert np.abs(found[2]).max() > 0


@pytest.mark.parametrize("rule", ["snap1", "bptt"])
def test_targets_and_weights_of_masked_steps_may_hold_anything(rule):
    """In loss, gradients and metrics, in a graph too."""
    rng, found = np.random.default_rng(0), []
    x, y = rng.normal(size=(3, 4, 2)).astype("float32"), rng.normal(size=(3, 4, 1))
    x[1, 2:], x[2] = 0, 0
    weight = rng.random((3, 4))
    for padding in (0.0, np.nan):
        keras.utils.set_random_seed(0)
        model = OnlineRNN(LeakyRNNCell(3), 1, True, mask_value=0.0)
        metrics = {"metrics": ["mae"], "weighted_metrics": ["mse"]}
        model.compile("sgd", "mse", rule=rule, jit_compile=False, **metrics)
        real = np.any(x != 0, axis=-1)
        targets, counts = np.where(real[..., None], y, padding), np.where(real, weight, padding)
        logs = model.train_on_batch(x, targets, counts), model.test_on_batch(x, targets, counts)
        found.append([*logs[0], *logs[1], *(w.numpy() for w in model.trainable_variables)])
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_batch_that_says_nothing_of_the_kernel_counts_for_nothing():
    """An empty one, of a dataset, or one of masked steps alone."""
    x, y = np.random.default_rng(0).normal(size=(2, 4, 2)), np.zeros((2, 1))
    kinds, found = (tf.TensorSpec((None, 4, 2)), tf.TensorSpec((None, 1))), []
    for more in ([], [(x[:0], y[:0])], [(0 * x, y)]):
        keras.utils.set_random_seed(0)
        model = OnlineRNN(LeakyRNNCell(3), 1, mask_value=0.0)
        model.compile(keras.optimizers.SGD(0.0), "mse", rule="kernl", jit_compile=False)
        batches = [(x, y), *more]
        data = tf.data.Dataset.from_generator(
            lambda batches=batches: iter(batches), output_signature=kinds
        )
        found += model.fit(data, verbose=0).history["kernel_r2"]
        assert len(model.predict(data, verbose=0)) == sum(len(a) for a, _ in batches)
    assert found == pytest.approx(3 * found[:1], abs=1e-6)
    assert found[0] < 0.9
