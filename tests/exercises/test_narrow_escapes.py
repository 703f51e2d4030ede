"""Wrong answers that are right in nearly every case: each fails where its one case is looked at."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from changed_reference import with_changes

from course_lib.exercises import check
from course_lib.exercises.gradnets.stop_gate import last_cosine
from course_lib.exercises.registry import get
from course_lib.scratch.gated import gru_step, init_lstm_params, lstm_step
from course_lib.scratch.gradcheck import numerical_gradient


def relative_errors(loss, params, grads, step):
    """The errors as they should be."""
    errors = {}
    for name, w in params.items():
        a, b = numerical_gradient(loss, w, step), grads[name]
        size = np.abs(a) + np.abs(b)
        errors[name] = float(np.max(np.abs(a - b) / np.where(size == 0, 1, size)))
    return errors


VERDICTS = {
    "the mean of the errors": lambda errors, most: np.mean(errors) <= most,
    "the sum of the errors": lambda errors, most: np.sum(errors) <= most,
    "a tolerance that can't be small": lambda errors, most: max(errors) <= max(most, 1e-6),
    "a tolerance that can't be large": lambda errors, most: max(errors) <= min(most, 1e-6),
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_on_several_parameters_at_any_tolerance(verdict):
    def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
        errors = relative_errors(loss, params, grads, step)
        whole = all(np.isfinite(one) for one in errors.values())
        return bool(whole and VERDICTS[verdict](list(errors.values()), tolerance)), errors

    report = check(gradient_check)
    assert not report.ok
    assert report.mistake is None  # no mistake of another kind is blamed


def test_a_flat_copy_of_a_turned_array_is_moved_in_vain():
    def numerical_gradient(loss, w, step=1e-5):
        flat, gradient = w.ravel(), np.zeros(w.size)
        for k in range(w.size):
            kept, values = flat[k], []
            for flat[k] in (kept + step, kept - step):
                values.append(loss())
            flat[k] = kept
            gradient[k] = (values[0] - values[1]) / (2 * step)
        return gradient.reshape(w.shape)

    assert check(numerical_gradient).mistake == "moves what ravel gives"


@pytest.mark.parametrize(
    "noise",
    [
        lambda rng, shape: np.log(-np.log(rng.random(shape))),  # the sign of the Gumbel's turned
        lambda rng, shape: rng.normal(size=shape),
        lambda rng, shape: rng.logistic(size=shape),
    ],
)
def test_noise_that_gives_other_shares_than_the_softmax(noise):
    def sample_with_temperature(logits, temperature, rng):
        if not 0 <= temperature < np.inf:
            raise ValueError(temperature)
        if temperature == 0:
            return logits.argmax(axis=1)
        z = (logits - logits.max(axis=1, keepdims=True)) / temperature
        return np.argmax(z + noise(rng, z.shape), axis=1)

    assert not check(sample_with_temperature).ok


def test_a_share_that_is_right_at_one_rate_by_chance():
    def dropout_between_layers(h, rate, training, rng):
        if not training or rate == 0:
            return h
        return np.where(np.abs(rng.normal(size=h.shape)) >= 1.03643, h / (1 - rate), 0.0)

    assert check(dropout_between_layers).failed == "and so for another rate"


@pytest.mark.parametrize("digits", [1, 2])
@pytest.mark.parametrize("where", ["everywhere", "in the draw"])
def test_a_rate_that_is_cut_to_few_digits(digits, where):
    def dropout_between_layers(h, rate, training, rng):
        if not training:
            return h
        cut = round(rate, digits) if where == "everywhere" else int(10 * rate) / 10
        kept = rng.random(h.shape) >= cut
        return np.where(kept, h / (1 - (cut if where == "everywhere" else rate)), 0.0)

    def gradual_dropout(x, p, g, rng, training=True):
        drop = round(p * g, digits) if where == "everywhere" else round(p, digits) * g
        scale = (rng.random(x.shape) >= drop) / (1 - drop) if training else np.ones_like(x)
        return x * scale, scale

    assert check(dropout_between_layers).failed == "and so for another rate"
    assert not check(gradual_dropout).ok


@pytest.mark.slow
def test_a_rate_of_a_layer_that_is_cut_to_tenths():
    assert not check(with_changes("GradualDropout", ("self.rate * ", "round(self.rate, 1) * "))).ok


@pytest.mark.slow
@pytest.mark.parametrize("first", ["10.0", "1e6"])
def test_a_best_loss_that_begins_at_a_number(first):
    report = check(with_changes("EarlyStopping", ("self.best = np.inf", f"self.best = {first}")))
    assert report.mistake == "BestBeginsAtANumber"


@pytest.mark.slow
def test_a_none_that_counts_as_an_entry_of_zero():
    code = (
        "[tf.reshape(g, [-1]) for g in layer if g is not None]",
        "[tf.zeros(1, 'float64') if g is None else tf.reshape(g, [-1]) for g in layer]",
    )
    report = check(with_changes("log_gradients", code))
    assert "middle counts 13 entries; its gradients have 12" in report.sentence


@pytest.mark.slow
@pytest.mark.parametrize("buffer", ["1000", "10_000"])
def test_a_shuffle_that_holds_a_part_of_the_data(buffer):
    report = check(with_changes("padded_batches", ("shuffle(len(sequences)", f"shuffle({buffer}")))
    assert report.failed == "however many there are, all are shuffled"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["VanillaRNNCell", "LSTMCell"])
def test_a_width_that_is_kept_on_the_class(name):
    class Cell(get(name).reference):
        def __init__(self, units, **kwargs):
            super().__init__(units, **kwargs)
            Cell.last = self.width = units

        @property
        def state_size(self):
            return Cell.last if name == "VanillaRNNCell" else [Cell.last] * 2

        @state_size.setter
        def state_size(self, _):
            pass

    assert "on the class" in check(Cell, name).sentence


@pytest.mark.slow
def test_an_activation_that_is_kept_on_the_class():
    class GradualActivation(get("GradualActivation").reference):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            GradualActivation.late = staticmethod(self.activation)

        def call(self, u):
            return u + self.g * (GradualActivation.late(u) - u)

    assert "on the class" in check(GradualActivation).sentence


def test_a_gate_of_a_list():
    class GradualActivation(get("GradualActivation").reference):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.g = self.add_weight(shape=(1,), initializer="zeros", trainable=False)

    assert "layer.g has shape (1,)." in check(GradualActivation).sentence


@pytest.mark.parametrize(
    ("least", "most"),
    [*((least, np.inf) for least in (0.1, 0.01, 1e-8, 1e-12)), (0.0, 50.0), (0.0, 3.0)],
)
def test_temperatures_that_are_taken_for_others(least, most):
    def sample_with_temperature(logits, temperature, rng):
        if not 0 <= temperature < np.inf:
            raise ValueError(temperature)
        if temperature <= least:
            return logits.argmax(axis=1)
        z = (logits - logits.max(axis=1, keepdims=True)) / min(temperature, most)
        return np.argmax(z + rng.gumbel(size=z.shape), axis=1)

    assert not check(sample_with_temperature).ok


@pytest.mark.parametrize(
    "seed_of",
    [
        lambda seed, layer: hash(f"{seed}, {layer}") % 2**32,
        lambda seed, layer: abs(hash(("layer", seed, layer))),
        lambda seed, layer: [seed, layer, hash("layer") & 0xFFFF],
    ],
)
def test_seeds_that_are_others_when_python_starts_again(seed_of):
    def fresh_cells(m, n, layers, seed=0):
        return [init_lstm_params(n if k else m, n, seed_of(seed, k)) for k in range(layers)]

    report = check(fresh_cells)
    assert report.mistake == "no seed at all"
    assert "`hash` of a text" in report.sentence


def test_a_hash_of_numbers_is_the_same_wherever_python_starts():
    def fresh_cells(m, n, layers, seed=0):
        return [init_lstm_params(n if k else m, n, abs(hash((seed, k)))) for k in range(layers)]

    assert check(fresh_cells).ok


@dataclasses.dataclass(frozen=True)
class Gate:
    """A key as a learner would make it; its hash is made of a text's."""

    name: str


class Several:
    """The same, with a hash of one's own."""

    def __init__(self, *names):
        self.names = names

    def __eq__(self, other):
        return self.names == other.names

    def __hash__(self):
        return hash(tuple(hash(name) for name in self.names))


FACTORS = {Gate("layer"): 1, Several("a", "layer"): 1}
OWN_TABLE = {hash("tanh"): np.tanh}


@pytest.mark.parametrize("key", [lambda: Gate("layer"), lambda: Several("a", "layer")])
def test_what_is_looked_up_by_a_hash_is_found(key):
    """Python looks for it by the number that it had when the table was made."""

    def fresh_cells(m, n, layers, seed=0):
        seeds = [seed + FACTORS[key()] * k for k in range(layers)]
        return [init_lstm_params(n if k else m, n, seeds[k]) for k in range(layers)]

    assert check(fresh_cells).ok


def test_where_no_seed_decides_a_hash_is_pythons():
    def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
        return OWN_TABLE[hash("tanh")](x_t @ W_xh + h_prev @ W_hh + b_h)

    assert check(rnn_step).ok
    assert not get("rnn_step").by_seed
    assert get("fresh_cells").by_seed


def test_cells_of_single_precision():
    def fresh_cells(m, n, layers, seed=0):
        cells = get("fresh_cells").reference(m, n, layers, seed)
        return [{name: w.astype(np.float32) for name, w in cell.items()} for cell in cells]

    assert "numbers of float32; init_lstm_params makes float64" in check(fresh_cells).sentence


SAME_DRAWS = "the same draws at every gate"
ON_ITS_OWN = "no entry says what becomes of another"
DRAWS = {
    "all of them sorted": (lambda rng, x: np.sort(rng.random(x.size)).reshape(x.shape), ON_ITS_OWN),
    "each used twice": (
        lambda rng, x: np.tile(rng.random(x.shape)[..., : x.shape[-1] // 2], 2),
        ON_ITS_OWN,
    ),
    "ranks, so that as many fall each time": (
        lambda rng, x: rng.random(x.size).argsort().argsort().reshape(x.shape) / x.size,
        ON_ITS_OWN,
    ),
    "three too many": (
        lambda rng, x: rng.random(x.size + 3)[: x.size].reshape(x.shape),
        SAME_DRAWS,
    ),
    "as many again for nothing": (
        lambda rng, x: (rng.random(x.shape), rng.random(x.shape))[1],
        SAME_DRAWS,
    ),
    "a whole batch too many": (lambda rng, x: rng.random((2, *x.shape))[0], SAME_DRAWS),
}


@pytest.mark.parametrize("how", DRAWS)
def test_draws_that_give_the_right_share(how):
    draw, where = DRAWS[how]

    def gradual_dropout(x, p, g, rng, training=True):
        scale = np.ones_like(x)
        if training:
            scale = (draw(rng, x) >= p * g) / (1 - p * g)
        return x * scale, scale

    assert check(gradual_dropout).failed == where


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_draw_an_entry_of_either_precision(dtype):
    def gradual_dropout(x, p, g, rng, training=True):
        keep = rng.random(x.shape, dtype=dtype) >= p * g if training else x == x
        scale = np.where(keep, 1 / (1 - p * g if training else 1), 0)
        return x * scale, scale

    assert check(gradual_dropout).ok


@pytest.mark.parametrize("how", [how for how, (_, where) in DRAWS.items() if where == ON_ITS_OWN])
def test_dropout_of_the_right_share_whose_entries_are_tied(how):
    draw, _ = DRAWS[how]

    def dropout_between_layers(h, rate, training, rng):
        if not training:
            return h
        flat = h.reshape(-1, h.shape[-1])
        return h * (draw(rng, flat).reshape(h.shape) >= rate) / (1 - rate)

    assert check(dropout_between_layers).failed == ON_ITS_OWN


def test_sums_over_a_chunk_as_quotients_of_powers():
    def chunk_border(E_0, v, d, credit, gamma):
        powers = np.exp(-gamma) ** np.arange(v.shape[1])[:, None]
        later = np.cumsum((credit * powers)[:, ::-1], axis=1)[:, ::-1] / powers
        dW = np.einsum("btj,bti->ji", v, later * d)
        dW += np.einsum("bi,bji->ji", np.exp(-gamma) * later[:, 0], E_0)
        left = np.einsum("btj,bti->bji", v, powers[::-1] * d)
        return dW, np.exp(-gamma * v.shape[1]) * E_0 + left

    with np.errstate(all="ignore"):
        assert check(chunk_border).failed == "right for units that forget at once"


OPTIMIZER = "optimizer.apply(tape.gradient(loss, weights), weights)"


@pytest.mark.slow
@pytest.mark.parametrize(
    "instead",
    [
        "optimizer.apply(tf.clip_by_global_norm(tape.gradient(loss, weights), 1.0)[0], weights)",
        "optimizer.apply([tf.clip_by_value(g, -9, 9) for g in tape.gradient(loss, weights)], "
        "weights)",
        "g = tape.gradient(loss, weights); optimizer.apply(g, weights); "
        "optimizer.apply([0 * one for one in g], weights)",
    ],
    ids=["clipped", "clipped entry by entry", "a second step, of no length"],
)
def test_a_training_step_that_does_more_than_was_asked(instead):
    assert not check(with_changes("train_step", (OPTIMIZER, instead))).ok


@pytest.mark.slow
def test_a_second_step_of_no_length_in_windows():
    once = "optimizer.apply(limited, weights)"
    twice = f"{once}; optimizer.apply([0 * one for one in limited], weights)"
    assert not check(with_changes("train_step_windows", (once, twice))).ok


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "before", "after", "where"),
    [
        (
            "KernlModel",
            "loss = self.compute_loss(x=x, y=y, y_pred=y_pred)",
            "loss = tf.reduce_mean((y - y_pred) ** 2)",
            "it learns by whatever loss it was compiled with",
        ),
        ("KernlModel", "self.gamma, self.C", "self.gamma, 16", "C steps at a time"),
        (
            "GradualActivation",
            '"g": self.start',
            '"g": float(self.g)',
            "saved and loaded, it is the same layer",
        ),
        (
            "GradualDropout",
            '{"rate": self.rate, "seed": self.seed}',
            '{"rate": self.rate}',
            "saved and loaded, it is the same layer",
        ),
    ],
)
def test_settings_that_are_lost_on_the_way(name, before, after, where):
    assert check(with_changes(name, (before, after))).failed == where


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("LRULayer", [("return y + x @ self.D", "return tf.cast(y + x @ self.D, tf.float32)")]),
        (
            "LRULayer",
            [("y = tf.math.real(z)", "z = tf.cast(z, tf.complex64); y = tf.math.real(z)")],
        ),
        ("looped", [("outputs = tf.transpose(collected.stack(), [1, 0, 2])",
                     "outputs = tf.transpose(collected.stack(), [1, 0, 2])\n"
                     "    outputs = tf.cast(tf.cast(outputs, tf.float32), x.dtype)")]),
    ],
)  # fmt: skip
def test_where_single_precision_comes_in_is_not_claimed(name, changes):
    report = check(with_changes(name, *changes))
    assert not report.ok
    assert "The states are complex64" not in report.sentence
    assert "list for the outputs is made" not in report.sentence


QUOTIENTS = {  # right on paper; what is left of a state, divided by itself, is soon 0/0
    "scan": """
def scan(a, b, h_0, join=None):
    left = np.cumprod(a, axis=1)
    return left * (h_0[:, None] + np.cumsum(b / left, axis=1))
""",
    "mingru_forward": """
def mingru_forward(x, h_0, params):
    g = 1 / (1 + np.exp(-(x @ params["W_g"] + params["b_g"])))
    left = np.cumprod(1 - g, axis=1)
    b = g * (x @ params["W_c"] + params["b_c"])
    return left * (h_0[:, None] + np.cumsum(b / left, axis=1))
""",
    "last_state": """
def last_state(b, lam, z_0):
    powers = lam ** np.arange(1, b.shape[1] + 1)[:, None]
    return powers[-1] * (z_0 + np.sum(b / powers, axis=1))
""",
    "lru_forward": """
def lru_forward(x, z_0, params):
    lam = np.exp(-np.exp(params["nu_log"]) + 1j * np.exp(params["theta_log"]))
    left = lam ** np.arange(1, x.shape[1] + 1)[:, None]
    b = np.exp(params["gamma_log"]) * (x @ params["B"])
    z = left * (z_0[:, None] + np.cumsum(b / left, axis=1))
    return (z @ params["C"]).real + x @ params["D"], z
""",
}


@pytest.mark.parametrize("name", QUOTIENTS)
def test_states_as_quotients_of_what_is_left(name):
    names = {"np": np}
    exec(compile(QUOTIENTS[name], f"<{name}>", "exec"), names)
    with np.errstate(all="ignore"):
        report = check(names[name], name)
    assert not report.ok
    assert report.failed != "it runs, and the shapes are right"


@pytest.mark.slow
def test_patience_that_is_left_from_the_training_before():
    class EarlyStopping(get("EarlyStopping").reference):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.waited = 0

        def on_train_begin(self, logs=None):
            self.best, self.kept = np.inf, None

    assert check(EarlyStopping).failed == "a second training begins anew"


@pytest.mark.slow
def test_a_layer_of_double_precision_that_answers_in_single():
    code = ("x / (1 - drop), 0.0)", "keras.ops.cast(x / (1 - drop), 'float32'), 0.0)")
    report = check(with_changes("GradualDropout", code))
    assert not report.ok
    assert "y comes as float32" in report.sentence


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("np.maximum(1e-8, np.abs(grads[name])", "np.maximum(1e-5, np.abs(grads[name])"),
        ("np.abs(grads[name] - numerical)", "(grads[name] != 0) * np.abs(grads[name] - numerical)"),
        ("np.abs(grads[name] - numerical)", "(numerical != 0) * np.abs(grads[name] - numerical)"),
    ],
)
def test_errors_of_small_gradients_and_of_such_as_are_zero(before, after):
    assert not check(with_changes("gradient_check", (before, after)), "gradient_check").ok


@pytest.mark.parametrize("spoilt", [np.squeeze, lambda codes: codes.astype(np.int8)])
def test_codes_of_a_single_row_or_of_many_characters(spoilt):
    right = get("sample_with_temperature").reference

    def sample_with_temperature(logits, temperature, rng):
        return spoilt(right(logits, temperature, rng))

    report = check(sample_with_temperature)
    assert report.failed == "a single row, and many characters"


def test_directions_that_are_small_are_not_nothing():
    changed = with_changes("fit_modes", ("rcond=None", "rcond=0.05"))
    report = check(changed, "fit_modes")
    assert report.failed == "a unit that is hardly nudged is fitted like the others"


def test_logits_that_float32_cant_tell_apart():
    right = get("sample_with_temperature").reference

    def sample_with_temperature(logits, temperature, rng):
        return right(logits.astype(np.float32), temperature, rng)

    assert check(sample_with_temperature).failed.startswith("each row by its own logits")


CHANCE = np.random.default_rng()  # goes on between calls
SEEDS = {
    "upper layers without a seed": lambda seed, k: None if k else seed,
    "the last layer without one": lambda seed, k: None if k == 2 else seed + k,
    "upper layers from what goes on": lambda seed, k: CHANCE if k else seed,
    "upper layers deaf to it": lambda seed, k: 100 + k if k else seed,
    "multiples of it": lambda seed, k: seed * (k + 1),
}


@pytest.mark.parametrize("name", SEEDS)
def test_the_seed_of_a_stack_decides_about_each_layer(name):
    def fresh_cells(m, n, layers, seed=0):
        return [
            init_lstm_params(m if k == 0 else n, n, SEEDS[name](seed, k)) for k in range(layers)
        ]

    assert not check(fresh_cells).ok


def test_a_seed_that_is_multiplied_is_not_called_one_seed_for_all():
    def fresh_cells(m, n, layers, seed=0):
        return [init_lstm_params(m if k == 0 else n, n, seed * (k + 1)) for k in range(layers)]

    assert check(fresh_cells).mistake == "multiples of the seed"


@pytest.mark.slow
@pytest.mark.parametrize("halvings", [24, 27, 30])
def test_a_search_that_ended_before_ten_digits(halvings):
    def stop_gate(depth, eta=0.9):
        narrow, wide = 0.0, 1.0
        for _ in range(halvings):
            g = (narrow + wide) / 2
            narrow, wide = (narrow, g) if last_cosine(depth, g) > eta else (g, wide)
        return narrow

    report = check(stop_gate)
    assert not report.ok
    assert "Ten digits are asked for" in report.sentence


CELLS = ("VanillaRNNCell", "LSTMCell", "GRUCell")


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_that_says_it_is_wider_than_it_is(name):
    class Cell(get(name).reference):
        output_size = property(lambda self: 4 * self.units, lambda self, value: None)

    report = check(Cell, name)
    assert "gives 16 numbers" in report.sentence


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_with_a_dropout_that_nobody_asked_for(name):
    class Cell(get(name).reference):
        def call(self, x_t, states, training=False):
            output, states = super().call(x_t, states)
            return (keras.ops.zeros_like(output) if training else output), states

    assert not check(Cell, name).ok


IN_ONE = "v = tf.concat([x, before, tf.ones_like(h[:, :, :1])], axis=2)"
IN_TWO = (
    "v = tf.concat([x, before], axis=2)\n"
    "        v = tf.concat([v, tf.ones_like(h[:, :, :1])], axis=2)"
)


@pytest.mark.slow
def test_inputs_and_states_side_by_side_are_not_all_pairs_of_steps():
    """As wide as the sequences are long, if the check takes the wrong sizes."""
    assert check(with_changes("KernlModel", (IN_ONE, IN_TWO)), "KernlModel").ok


ALL_IN_ONE_GO = """self.optimizer.apply(
            [dW_xh, dW_hh, db_h[0], *gradients],
            self.rnn.trainable_variables + self.readout.trainable_variables,
        )"""
IN_TWO_GOES = """self.optimizer.apply([dW_xh, dW_hh, db_h[0]], self.rnn.trainable_variables)
        self.optimizer.apply(gradients, self.readout.trainable_variables)"""


@pytest.mark.slow
def test_a_step_in_two_parts_counts_twice():
    report = check(with_changes("KernlModel", (ALL_IN_ONE_GO, IN_TWO_GOES)), "KernlModel")
    assert report.mistake == "TwoUpdates"


@pytest.mark.slow
def test_weights_that_are_kept_for_the_next_training():
    class EarlyStopping(get("EarlyStopping").reference):
        def on_train_begin(self, logs=None):
            kept = getattr(self, "kept", None)
            super().on_train_begin(logs)
            self.kept = kept

    assert check(EarlyStopping, "EarlyStopping").mistake == "KeptFromTheTrainingBefore"


def test_steps_that_are_counted_by_the_epochs_of_this_training():
    class GateSchedule(get("GateSchedule").reference):
        def on_epoch_begin(self, epoch, logs=None):
            self.before = epoch * self.params["steps"]

        def on_train_batch_begin(self, batch, logs=None):
            self.move(self.before + batch)

        def on_train_end(self, logs=None):
            self.move(self.before + self.params["steps"])

        def move(self, step):
            part = min(max((step - self.start) / (self.end - self.start), 0.0), 1.0)
            for gate in self.gates:
                gate.g.assign(self.first + (self.last - self.first) * part)

    assert check(GateSchedule).failed == "a run that goes on keeps its place"


def test_a_logarithm_of_units_that_change_their_sign():
    def last_state(b, lam, z_0):
        T = b.shape[1]
        with np.errstate(all="ignore"):
            powers = np.exp(np.log(lam) * np.arange(T - 1, -1, -1)[:, None])
            return np.exp(T * np.log(lam)) * z_0 + (b * powers).sum(axis=1)

    assert check(last_state).mistake == "logarithm of a real number"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["looped", "update_inside"])
def test_a_loop_in_the_graph_with_a_largest_number_of_turns(name):
    reference = get(name).reference

    def looped(cell, x, states):
        outputs, last = reference(cell, x[:, :100], states)
        missing = tf.zeros_like(x[:, 100:, :1] * outputs[:1, :1])
        return tf.concat([outputs, missing], axis=1), last

    def update_inside(W, R, x, y, beta, gamma, rate):
        losses = reference(W, R, x[:, :100], y[:, :100], beta, gamma, rate)
        return tf.concat([losses, tf.zeros_like(x[0, 100:, 0])], axis=0)

    report = check(locals()[name])
    assert report.failed == "a long sequence is read to its end"


def test_a_memory_that_is_clipped():
    def lstm_step_clipped(x_t, h_prev, c_prev, params):
        _, c_t, cache = lstm_step(x_t, h_prev, c_prev, params)
        c_t = np.clip(c_t, -5, 5)
        return cache["o"] * np.tanh(c_t), c_t, cache | {"c_t": c_t}

    def gru_step_clipped(x_t, h_prev, params):
        return np.clip(gru_step(x_t, h_prev, params), -1, 1)

    assert not check(lstm_step_clipped, "lstm_step").ok
    assert not check(gru_step_clipped, "gru_step").ok


def test_a_radius_that_is_kept_away_from_one():
    def ring(u, v, r_min, r_max, max_phase):
        r = np.minimum(np.sqrt(u * (r_max**2 - r_min**2) + r_min**2), 0.99)
        return np.log(-np.log(r)), np.log(max_phase * v), np.log(1 - r**2) / 2

    assert not check(ring).ok


def test_a_draw_from_the_likeliest_alone():
    def sample_with_temperature(logits, temperature, rng):
        if not 0 <= temperature < np.inf:
            raise ValueError(temperature)
        if temperature == 0:
            return logits.argmax(axis=1)
        weights = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
        weights[weights < 0.1] = 0
        ends = np.cumsum(weights, axis=1)
        return (ends <= ends[:, -1:] * rng.random((len(ends), 1))).sum(axis=1)

    assert not check(sample_with_temperature).ok


def test_slopes_in_the_dtype_of_whole_numbers():
    def grelu_backward(dy, u, g):
        slopes = np.where(u > 0, 1, 1 - g).astype(u.dtype)
        return dy * slopes

    assert not check(grelu_backward).ok


def test_a_formula_for_long_memories_that_are_not_long_enough():
    def forget_bias_for(steps, left=0.5):
        if not 0 < left < 1 or np.any(steps <= 0):
            raise ValueError("refused")
        fade = -np.log(left) / steps
        return np.where(steps > 500, -np.log(fade), -np.log(np.expm1(fade)))

    assert not check(forget_bias_for).ok


def test_a_gate_that_is_infinity_over_infinity_where_it_is_wide_open():
    def gru_step_by_exp(x_t, h_prev, p):
        r, z = (
            np.exp(x_t @ p[f"W_x{g}"] + h_prev @ p[f"W_h{g}"] + p[f"b_{g}"]) for g in ("r", "z")
        )
        r, z = r / (1 + r), z / (1 + z)
        candidate = np.tanh(x_t @ p["W_xh"] + (r * h_prev) @ p["W_hh"] + p["b_h"])
        return z * h_prev + (1 - z) * candidate

    assert "not a finite number" in check(gru_step_by_exp, "gru_step").sentence


def test_seeds_that_come_round_again_in_a_deep_stack():
    def fresh_cells(m, n, layers, seed=0):
        return [init_lstm_params(n if k else m, n, 8 * seed + k % 8) for k in range(layers)]

    assert not check(fresh_cells).ok


def test_slopes_for_one_axis_in_front_alone():
    def grelu_backward(dy, u, g):
        slopes = np.where(u > 0, 1.0, 1 - g)
        return np.array([one * slopes for one in dy]) if dy.ndim > u.ndim else dy * slopes

    def grelu_backward_by_letters(dy, u, g):
        slopes = np.where(u > 0, 1.0, 1 - g)
        return np.einsum("kbn,bn->kbn", dy, slopes) if dy.ndim > u.ndim else dy * slopes

    assert check(grelu_backward).ok  # the axes that follow the first are left to broadcasting
    assert not check(grelu_backward_by_letters, "grelu_backward").ok


def test_a_factor_that_is_worked_out_from_what_came_of_it():
    def gradual_dropout(x, p, g, rng, training=True):
        y = np.where(rng.random(x.shape) >= p * g, x / (1 - p * g), 0) if training else x
        return y, np.divide(y, x, out=np.ones_like(y), where=x != 0)

    assert check(gradual_dropout).mistake == "scale from the result"


def test_a_span_that_forgets_all_is_divided_by_in_vain():
    def combine(first, second):
        both = first[0] * second[0]
        return both, both * (first[1] / first[0]) + second[1]

    assert not check(combine).ok


@pytest.mark.slow
def test_gates_that_are_left_alone_after_the_end():
    code = "part = late_gate(taken"
    assert (
        check(
            with_changes(
                "GateSchedule",
                (code, f"if taken > self.end:\n            return\n        {code}"),
            )
        ).failed
        == "a run that goes on keeps its place"
    )


def test_noise_for_two_axes_alone():
    code = ("rng.random(x.shape)", "rng.random((x.shape[0], x.shape[-1]))")
    report = check(with_changes("gradual_dropout", code))
    assert report.failed == "the share p g is dropped, the rest scaled up"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        (
            "keras.ops.shape(x), dtype",
            "(keras.ops.shape(x)[0], x.shape[-1]), dtype",
            "with an open gate too",
        ),
        (
            "SeedGenerator(seed)",
            "SeedGenerator(seed or None)",
            "each call draws new numbers, a traced one too",
        ),
    ],
)
def test_noise_of_a_layer_for_two_axes_alone_and_a_seed_of_zero(before, after, where):
    assert check(with_changes("GradualDropout", (before, after))).failed == where


@pytest.mark.slow
@pytest.mark.parametrize(
    ("condition", "steps"),
    [
        ("True", "0, 1, 2, 3 and 4"),
        # Those of step 2 are of gradients three times as large, and right.
        ("tf.equal(step % every, 0) & (step > 0)", "2 and 4"),
    ],
)
def test_histograms_of_other_steps(condition, steps):
    code = (
        'write_histogram(f"gradient/{name}", values)',
        f"with tf.summary.record_if({condition}):\n"
        '                write_histogram(f"gradient/{name}", values)',
    )
    report = check(with_changes("log_gradients", code))
    assert f"for each of the steps {steps}; it should have one for each of 0, 2" in report.sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        (
            "self.compute_loss(x=x, y=y, y_pred=y_pred)",
            "self.compute_loss(x=x, y=y_pred, y_pred=y)",
            "it learns by whatever loss it was compiled with",
        ),
        (
            "for metric in self.metrics:",
            "_, _ = self.metrics\n        for metric in self.metrics:",
            "it learns by whatever loss it was compiled with",
        ),
        (
            "update_state(y, y_pred)",
            "update_state(y_pred, y)",
            "the metrics are those of the epoch so far",
        ),
    ],
    ids=["loss", "metrics that may not be there", "metrics"],
)
def test_targets_and_outputs_in_each_others_place(before, after, where):
    assert check(with_changes("KernlModel", (before, after))).failed == where


POWERS = """t = tf.range(tf.shape(x)[1])
        left = lam[None] ** tf.cast(t[:, None], lam.dtype)
        z = left * tf.cumsum(b / left, axis=1)"""


@pytest.mark.slow
def test_states_of_a_layer_as_quotients_of_what_is_left():
    """The fast form's brother of `test_states_as_quotients_of_what_is_left`."""
    report = check(
        with_changes("LRULayer", ("z = fast_scan(a, b, tf.zeros_like(b[:, 0]))", POWERS))
    )
    assert report.failed == "equal to lru_forward, to 1e-10 in float64"


BETTER = 'if logs["val_loss"] < self.best - self.min_delta:'
FALSE_IS_NONE = f"if not self.best or{BETTER.removeprefix('if')}"


@pytest.mark.slow
def test_a_best_loss_of_zero_that_counts_as_none():
    changes = (("self.best = np.inf", "self.best = None"), (BETTER, FALSE_IS_NONE))
    assert (
        check(with_changes("EarlyStopping", *changes)).failed == "the same loss again is no better"
    )


@pytest.mark.slow
def test_a_list_of_gates_that_is_used_up_spoils_no_later_check():
    code = (
        "for gate in self.gates:\n            gate.g",
        "while self.gates:\n            self.gates.pop().g",
    )
    report = check(with_changes("GateSchedule", code))
    assert report.failed == "each step finds its own gate"
    assert "gate of each step" in report.sentence
    assert check(get("GateSchedule").reference).ok


@pytest.mark.parametrize("one", ["VanillaRNNCell", "GRUCell", "LSTMCell"])
def test_a_recurrent_matrix_is_drawn_and_not_only_orthogonal(one):
    cell = get(one).reference

    class Identity(cell):
        def build(self, input_shape):
            super().build(input_shape)
            W_x, W_h, b = self.get_weights()
            self.set_weights([W_x, np.eye(*W_h.shape), b])

    Identity.__name__ = one
    report = check(Identity)
    assert report.outcome == "not right yet"
    assert "orthogonal" in report.sentence or "drawn at random" in report.sentence


def test_a_forget_bias_of_0_is_not_no_forget_bias():
    class LSTMCell(get("LSTMCell").reference):
        def __init__(self, units, forget_bias=1.0, **kwargs):
            super().__init__(units, forget_bias or 1.0, **kwargs)

    report = check(LSTMCell)
    assert report.outcome == "not right yet"
    assert "forget_bias 0" in report.sentence or "forget_bias or 1.0" in report.sentence


def test_a_layer_that_prints_for_a_look_compiles_all_the_same():
    class GradualDropout(get("GradualDropout").reference):
        def call(self, inputs, g, training=False):
            tf.print("shape", tf.shape(inputs), output_stream="file:///dev/null")
            return super().call(inputs, g, training=training)

    report = check(GradualDropout)
    assert report.ok, report.sentence
    assert any("XLA can't print" in remark for _, remark in dict(report.remarks).items())


TAPE = "[tf.reshape(g, [-1]) for g in layer if g is not None]"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        (
            TAPE,
            "[tf.reshape(g, [-1]) for g in layer[: [*map(id, layer), id(None)].index(id(None))]]"
            " or [tf.zeros(0, tf.float64)]",
            "a weight without a gradient counts as nothing",
        ),
        (
            "if g is not None",
            "if g is not None and g.shape.rank < 3",
            "gradients of any shapes, a scalar too",
        ),
        (
            "if g is not None",
            "if g is not None and g.shape.rank",
            "gradients of any shapes, a scalar too",
        ),
        ("step % every", "step % max(every, 2)", "unless told, it writes each hundredth step"),
    ],
    ids=["what follows None", "cubes", "scalars", "each step"],
)
def test_gradients_that_are_left_out_of_the_norm_and_steps_out_of_the_file(before, after, where):
    assert check(with_changes("log_gradients", (before, after))).failed == where


BEST = 'self.best = logs["val_loss"]'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        *((BEST, f'self.best = round(logs["val_loss"], {digits})') for digits in (2, 4, 6)),
        ('if logs["val_loss"]', 'if round(logs["val_loss"], 3)'),
        ("- self.min_delta:", "- max(self.min_delta, 1e-8):"),
        (BETTER, f'{BETTER[:-1]} and not np.isclose(logs["val_loss"], self.best):'),
        (BEST, 'self.best = abs(logs["val_loss"])'),
    ],
)
def test_a_fall_that_is_lost_by_rounding_or_by_a_sign(before, after):
    report = check(with_changes("EarlyStopping", (before, after)))
    assert report.failed == "a fall counts however small it is, and below zero too"


@pytest.mark.slow
def test_a_best_loss_in_single_precision_is_that_of_a_training_in_single_precision():
    assert check(
        with_changes("EarlyStopping", (BEST, 'self.best = np.float32(logs["val_loss"])'))
    ).ok


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [("best",), ("waited",), ("kept",), ("best", "waited", "kept"), ("patience",), ("min_delta",)],
    ids=" ".join,
)
def test_what_a_callback_keeps_on_the_class(names):
    changes = [
        (f"self.{name} {sign}", f"EarlyStopping.{name} {sign}")
        for name in names
        for sign in (("=", "+=") if name == "waited" else ("=",))
    ]
    report = check(with_changes("EarlyStopping", *changes))
    assert report.failed == "two callbacks don't know of each other"
    assert "on the class" in report.sentence
