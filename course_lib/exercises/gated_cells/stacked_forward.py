"""Exercise: the forward pass of a stacked classifier."""

import copy

import numpy as np

from course_lib.exercises.calling.guard import names_of_arguments
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.gated_cells.cases import LSTM, OPEN, SHUT, weights
from course_lib.exercises.ladder.rungs import (
    by_hand,
    drawn,
    floating,
    holds,
    irregular,
    matches,
    shapes,
)
from course_lib.scratch.gated import lstm_step
from course_lib.scratch.stacked import collect_outputs, dropout_between_layers, stacked_forward

RATE = 0.3
SETTINGS = ("rate", "training", "rng")  # what the stub calls them


def small() -> Arrays:
    """Two sequences of six steps; 3 inputs, layers of 4, 5 and 7 units, 8 classes."""
    return {
        "x": irregular(2, 6, 3, scale=2),
        "layers": [
            weights(LSTM, 3, 4),
            weights(LSTM, 4, 5, shift=11),
            weights(LSTM, 5, 7, shift=17),
        ],
        "readout": {"W_hy": irregular(7, 8, shift=5), "b_y": irregular(8, shift=6, scale=0.5)},
    }


def one_layer() -> Arrays:
    """The lowest of the layers alone."""
    given = small()
    return {
        **given,
        "layers": given["layers"][:1],
        "readout": {"W_hy": irregular(4, 8, shift=5), "b_y": irregular(8, shift=6)},
    }


def one_step() -> Arrays:
    """T = 1; as many inputs as units, so that layers in any order give numbers."""
    return {
        "x": irregular(2, 1, 4, scale=2),
        "layers": [weights(LSTM, 4, 4, shift=shift) for shift in (0, 11, 17)],
        "readout": {"W_hy": irregular(4, 8, shift=5), "b_y": irregular(8, shift=6, scale=0.5)},
    }


def whole_numbers() -> Arrays:
    """Inputs as integers."""
    return {**small(), "x": np.arange(36).reshape(2, 6, 3) % 4}


def two_weights() -> Arrays:
    """Two layers of one unit that have no memory: h_t = tanh(tanh(w x_t))."""
    return {
        "x": np.array([[[4.0], [0.5]]]),
        "w of layer 1": 2.0,
        "w of layer 2": -1.0,
        "W_hy": np.array([[1.0, -2.0]]),
        "b_y": np.array([0.5, 0.0]),
    }


def constant() -> Arrays:
    """Many sequences of constant input."""
    return {"x": np.full((2000, 2, 4), 0.5), "seed": 0}


def without_memory(W_xc: np.ndarray) -> Arrays:
    """An LSTM layer whose state is tanh(tanh(x_t W_xc)): i and o are open, f is shut."""
    m, n = W_xc.shape
    params = {name: np.zeros_like(w) for name, w in weights(LSTM, m, n).items()}
    biases = {"b_i": np.full(n, OPEN), "b_f": np.full(n, SHUT), "b_o": np.full(n, OPEN)}
    return {**params, **biases, "W_xc": W_xc}


def forward(function, given: Arrays) -> Arrays:
    """The call, at evaluation."""
    return {"logits": function(given["x"], given["layers"], given["readout"], 0.0, False, None)}


def by_hand_call(function, given: Arrays) -> Arrays:
    """The two weights, made into layers."""
    x, w_1, w_2, W_hy, b_y = given.values()
    layers = [without_memory(np.array([[w]])) for w in (w_1, w_2)]
    return {"logits": function(x, layers, {"W_hy": W_hy, "b_y": b_y}, 0.0, False, None)}


def with_a_rate(function, given: Arrays) -> Arrays:
    """At evaluation, with a rate of dropout and a generator, and without; evaluation by default."""
    parts = given.values()
    plain = function(*parts, 0.0, False, None)
    return {
        "logits": function(*parts, 0.5, False, np.random.default_rng(1)),
        "logits expected": plain,
        "logits by default": function(*parts),
        "logits by default expected": plain,
    }


def one_layer_in_training(function, given: Arrays) -> Arrays:
    """A single layer in training, with a rate, and at evaluation."""
    parts = given.values()
    return {
        "logits": function(*parts, 0.5, True, np.random.default_rng(0)),
        "logits expected": function(*parts, 0.0, False, None),
    }


def without_a_rate(function, given: Arrays) -> Arrays:
    """In training, with a generator and no word on the rate."""
    *_, training, rng = names_of_arguments(function, ("x", "layers", "readout", *SETTINGS))[:6]
    parts = given.values()
    settings = {training: True, rng: np.random.default_rng(1)}
    return {
        "logits": function(*parts, **settings),
        "logits expected": function(*parts, 0.0, False, None),
    }


def each_row_alone(function, given: Arrays) -> Arrays:
    """The batch at once, and its sequences one by one."""
    x, *parts = given.values()
    rows = [function(x[i : i + 1], *parts, 0.0, False, None) for i in range(len(x))]
    return {"logits": function(x, *parts, 0.0, False, None), "logits expected": np.vstack(rows)}


def what_was_dropped(function, given: Arrays) -> Arrays:
    """Two layers that pass each unit on by itself, read one by one, in training.

    Which entries are dropped is up to the one who draws; what comes out are facts about them.
    """
    layers = [without_memory(np.eye(4)) for _ in range(2)]
    readout = {"W_hy": np.eye(4), "b_y": np.zeros(4)}

    def in_training(layers):
        rng = np.random.default_rng(given["seed"])
        return np.asarray(function(given["x"], layers, readout, RATE, True, rng))

    logits = in_training(layers)
    with_memory = {**layers[1], "b_f": np.full(4, OPEN)}  # adds up its two steps
    dropped, sums = logits == 0, in_training([layers[0], with_memory])
    largest = np.abs(sums).max()
    between = (np.abs(sums) > 1e-3 * largest) & (np.abs(sums) < (1 - 1e-3) * largest)
    return {
        "values": np.unique(np.round(logits, 5))[:10],
        "share of zeros": np.round(np.mean(dropped), 1),
        "kept at one of two steps": np.round(np.mean(between), 1),
        "all units alike": np.round(np.mean(dropped.min(axis=1) == dropped.max(axis=1)), 1),
    }


def dropped_by(function, given: Arrays, rng: np.random.Generator) -> np.ndarray:
    """Which units a generator drops between three layers that pass each unit on by itself."""
    layers = [without_memory(np.eye(4)) for _ in range(3)]
    readout = {"W_hy": np.eye(4), "b_y": np.zeros(4)}
    return np.asarray(function(given["x"], layers, readout, RATE, True, rng)) == 0


def both_borders(function, given: Arrays) -> Arrays:
    """The share of units that get through two borders."""
    dropped = dropped_by(function, given, np.random.default_rng(given["seed"]))
    return {"share that got through": np.round(np.mean(~dropped), 1)}


def judge_borders(_: Arrays, outputs: Arrays) -> Problem | None:
    """Each border has drawn for itself."""
    found, right = float(outputs["share that got through"]), (1 - RATE) ** 2
    if np.isclose(found, np.round(right, 1)):
        return None
    return Problem(
        f"With three layers and rate {RATE}, a unit gets through both borders with probability "
        f"{1 - RATE} × {1 - RATE} = {right:.2f}; about {found:.1f} of them did. Between every two "
        "layers other entries are dropped."
    )


def judge_dropped(given: Arrays, outputs: Arrays) -> Problem | None:
    """Between the two layers each entry is dropped, or kept and scaled up."""

    def layer(v):
        return np.tanh(np.tanh(v))

    kept = layer(layer(given["x"][0, 0, 0]) / (1 - RATE))
    found, right = outputs["values"], np.array([0.0, kept])
    if len(found) == 1 and found[0] != 0:
        return Problem("In training, with a rate of 0.3, nothing was dropped between two layers.")
    if len(found) != 2 or not np.allclose(found, right, atol=1e-4):
        shown = ", ".join(f"{value:g}" for value in found)
        return Problem(
            "Two layers pass each unit on by itself, and all inputs are alike, so in training a "
            f"logit can be 0 (dropped between the layers) or {kept:.5f} (kept). Found: {shown}."
        )
    if not np.isclose(outputs["share of zeros"], RATE):
        return Problem(
            f"With rate {RATE}, about {outputs['share of zeros']} of the entries were dropped."
        )
    if outputs["all units alike"] > 0.5:
        return Problem(
            "All units of a sequence are dropped together, or all are kept: each entry of (batch, "
            "T, n) is dropped on its own."
        )
    found, right = float(outputs["kept at one of two steps"]), 2 * RATE * (1 - RATE)
    if found == 0:
        return Problem(
            "Over two steps each unit is dropped at both, or kept at both: each entry of (batch, "
            "T, n) is dropped on its own, at every step anew."
        )
    if not np.isclose(found, np.round(right, 1)):
        return Problem(
            f"Over two steps a unit is kept at exactly one with probability 2 × {RATE} × "
            f"{1 - RATE} = {right:.2f}; about {found:.1f} of them were. Each entry of (batch, T, "
            "n) is dropped on its own, at every step alike."
        )
    return None


def all_layers_step_by_step(given: Arrays) -> Arrays:
    """The same network in the other order: one step through all the layers, then the next."""
    x, layers, readout = given.values()
    states = [(np.zeros((2, len(p["W_hc"]))),) * 2 for p in layers]
    for t in range(x.shape[1]):
        seen = x[:, t]
        for k, params in enumerate(layers):
            h_t, c_t, _ = lstm_step(seen, *states[k], params)
            states[k] = (h_t, c_t)
            seen = h_t
    return {"logits": states[-1][0] @ readout["W_hy"] + readout["b_y"]}


def one_layer_read(given: Arrays) -> Arrays:
    """One layer, and the readout of its last state."""
    x, (params,), readout = given.values()
    return {"logits": collect_outputs(x, params)[:, -1] @ readout["W_hy"] + readout["b_y"]}


EXERCISE = Exercise(
    reference=stacked_forward,
    title="A stack that classifies",
    goal="Put the parts together: layers on top of each other, dropout between them, logits from "
    "the last state.",
    difficulty=2,
    minutes=20,
    returns={"logits": "array"},
    uses=("lstm_step", "collect_outputs", "dropout_between_layers"),
    equivalent={
        "training=False, rng=None): -> training=False, rng=0):": (
            "without training rng isn't looked at, and in training neither None nor 0 can draw"
        ),
    },
    ladder=(
        shapes(small, forward, logits=(2, 8)),
        floating(whole_numbers, "logits", call=forward),
        by_hand(
            two_weights,
            how="Both layers have no memory: h_t = tanh(tanh(w × x_t)), so only the last step, "
            "0.5, counts.\n"
            "Layer 1: tanh(tanh(2 × 0.5)) = 0.642015;\n"
            "layer 2: tanh(tanh(-0.642015)) = -0.512615;\n"
            "logits: -0.512615 × 1 + 0.5 = -0.012615 and -0.512615 × (-2) + 0 = 1.025229",
            call=by_hand_call,
            logits=np.array([[-0.01261467, 1.02522933]]),
        ),
        matches("one layer, read at its last step", one_layer, one_layer_read, call=forward),
        matches("one step alone", one_step, all_layers_step_by_step, "With T = 1:", forward),
        holds(
            "at evaluation the rate doesn't matter",
            small,
            with_a_rate,
            "With training=False, which is the default, the logits must be the same for every "
            "rate, even if there is a generator.",
        ),
        holds(
            "a single layer has nothing to drop",
            one_layer,
            one_layer_in_training,
            "Dropout acts between two layers; with one layer training must change nothing.",
        ),
        holds(
            "without a rate nothing is dropped",
            small,
            without_a_rate,
            "The rate is 0 unless it is given, in training too.",
        ),
        Rung(
            "in training entries are dropped between the layers",
            constant,
            judge_dropped,
            what_was_dropped,
        ),
        Rung("each border draws for itself", constant, judge_borders, both_borders),
        drawn(constant, dropped_by),
        holds(
            "each sequence of the batch is on its own",
            small,
            each_row_alone,
            "A sequence's logits changed with what else is in the batch.",
        ),
        matches(
            "equal to a stack that takes one step through all its layers at a time",
            small,
            all_layers_step_by_step,
            call=forward,
        ),
    ),
    promises={
        "x: inputs": "it runs, and the shapes are right",
        "layers: list": "equal to a stack that takes one step through all its layers at a time",
        "readout: dict": "a case small enough to do by hand",
        "rate: rate": (
            "without a rate nothing is dropped",
            "in training entries are dropped between the layers",
            "at evaluation the rate doesn't matter",
        ),
        "training: whether": (
            "at evaluation the rate doesn't matter",
            "in training entries are dropped between the layers",
        ),
        "rng: generator": "the generator decides, and nothing else",
        "rng: without training": "a case small enough to do by hand",
        "logits: from the top": "one layer, read at its last step",
    },
    hints=(
        Hint(
            "How do the layers fit together?",
            "What does the second layer read where the first reads x? At how many places, in a "
            "stack of three layers, does one layer read another?",
        ),
        Hint(
            "My logits have a time axis.",
            "Layers read and give (batch, T, n). A class is read once, after the whole sequence: "
            "from (batch, n), the top layer's state at its last step.",
            fits=(
                "one layer, read at its last step",
                "read at every step",
                "last sequence",
                "last unit read",
                "first step read",
                "mean over time",
                "last state to the next layer",
            ),
        ),
        Hint(
            "It is right at evaluation, and wrong in training.",
            "The dropout stands where one layer reads another: not on the inputs, and not before "
            "the readout. `rate`, `training` and `rng` are handed on as they came; the function "
            "knows what to do at evaluation.",
            fits=(
                "at evaluation the rate doesn't matter",
                "a single layer has nothing to drop",
                "without a rate nothing is dropped",
                "in training entries are dropped between the layers",
                "each border draws for itself",
                "the generator decides, and nothing else",
                "no dropout",
                "training forgotten",
                "generator of its own",
                "one mask for all borders",
                "one mask for all steps",
                "one mask for all units",
                "training wherever there is a rate",
                "dropout after the last",
                "dropout on the inputs",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "`h = collect_outputs(x, layers[0])`. For every other layer, replace h by what "
            "`dropout_between_layers(h, rate, training, rng)` makes of it, and that by "
            "`collect_outputs` of it. The logits are `h[:, -1]` times W_hy, plus b_y.",
        ),
    ),
)


def _up(x, layers, rate=0.0, training=False, rng=None):
    """The top layer's states."""
    h = x
    for k, params in enumerate(layers):
        if k:
            h = dropout_between_layers(h, rate, training, rng)
        h = collect_outputs(h, params)
    return h


def _read(h, readout):
    return h @ readout["W_hy"] + readout["b_y"]


@EXERCISE.mistake(
    "Every layer reads x, and only the last one counts: a layer reads what the layer below gave "
    "out, so hand h on from one to the next."
)
def every_layer_reads_x(x, layers, readout, rate=0.0, training=False, rng=None):
    """collect_outputs(x, params) in the loop."""
    for params in layers:
        h = collect_outputs(x, params)
    return _read(h[:, -1], readout)


@EXERCISE.mistake(
    "The first layer's weights are used in every layer: take each layer's own dict out of the list."
)
def first_weights_for_all(x, layers, readout, rate=0.0, training=False, rng=None):
    """layers[0] in the loop."""
    h = x
    for _ in layers:
        h = collect_outputs(h, layers[0])
    return _read(h[:, -1], readout)


@EXERCISE.mistake(
    "Only the lowest layer is run: go on with layers[1:], each reading what the one below gave out."
)
def lowest_layer_only(x, layers, readout, rate=0.0, training=False, rng=None):
    """No loop."""
    return _read(collect_outputs(x, layers[0])[:, -1], readout)


@EXERCISE.mistake(
    "The first layer is left out: it reads x, and the loop over the others starts from what it "
    "gives."
)
def first_layer_left_out(x, layers, readout, rate=0.0, training=False, rng=None):
    """layers[1:] on x."""
    return _read(_up(x, layers[1:])[:, -1], readout)


@EXERCISE.mistake("The logits have a time axis: read the top layer's last state only, h[:, -1].")
def read_at_every_step(x, layers, readout, rate=0.0, training=False, rng=None):
    """(batch, T, c)."""
    return _read(_up(x, layers, rate, training, rng), readout)


@EXERCISE.mistake(
    "h[-1] is the last sequence of the batch, not the last step: batch comes first, time second, "
    "so the last step is h[:, -1]."
)
def last_sequence(x, layers, readout, rate=0.0, training=False, rng=None):
    """h[-1]."""
    return _read(_up(x, layers, rate, training, rng)[-1], readout)


@EXERCISE.mistake(
    "One mask is drawn for all steps, so that a unit is missing from the beginning to the end: "
    "each entry is dropped on its own, at every step anew."
)
def one_mask_for_all_steps(x, layers, readout, rate=0.0, training=False, rng=None):
    """Dropout of ones, (batch, 1, n)."""
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        mask = dropout_between_layers(np.ones_like(h[:, :1]), rate, training, rng)
        h = collect_outputs(h * mask, params)
    return _read(h[:, -1], readout)


@EXERCISE.mistake(
    "One number is drawn for all units of a step, so that the next layer reads all of them or "
    "nothing: each entry is dropped on its own."
)
def one_mask_for_all_units(x, layers, readout, rate=0.0, training=False, rng=None):
    """Dropout of ones, (batch, T, 1)."""
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        mask = dropout_between_layers(np.ones_like(h[..., :1]), rate, training, rng)
        h = collect_outputs(h * mask, params)
    return _read(h[:, -1], readout)


@EXERCISE.mistake(
    "It is taken to be training wherever there is a rate: the dropout acts by `training` alone, "
    "and at evaluation a rate changes nothing."
)
def training_wherever_there_is_a_rate(x, layers, readout, rate=0.0, training=False, rng=None):
    """True for training."""
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        h = collect_outputs(dropout_between_layers(h, rate, rate > 0, rng), params)
    return _read(h[:, -1], readout)


@EXERCISE.mistake(
    "The largest value over time is read, unit by unit: the class is read from the state after the "
    "last step, h[:, -1], as it is."
)
def largest_over_time(x, layers, readout, rate=0.0, training=False, rng=None):
    """h.max(axis=1)."""
    return _read(_up(x, layers, rate, training, rng).max(axis=1), readout)


@EXERCISE.mistake(
    "The mean over time is read: the class is read from the top layer's last state, h[:, -1], "
    "which has seen the whole sequence."
)
def mean_over_time(x, layers, readout, rate=0.0, training=False, rng=None):
    """h.mean(axis=1)."""
    return _read(_up(x, layers, rate, training, rng).mean(axis=1), readout)


@EXERCISE.mistake(
    "The first step is read, when the network has seen one input: the last state is h[:, -1]."
)
def first_step_read(x, layers, readout, rate=0.0, training=False, rng=None):
    """h[:, 0]."""
    return _read(_up(x, layers, rate, training, rng)[:, 0], readout)


@EXERCISE.mistake(
    "These are probabilities: return the logits and leave the softmax to the loss, which computes "
    "it safely."
)
def softmax_inside(x, layers, readout, rate=0.0, training=False, rng=None):
    """As the notebook of 2018 did."""
    logits = _read(_up(x, layers, rate, training, rng)[:, -1], readout)
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@EXERCISE.mistake("The bias b_y is missing from the readout.")
def no_bias_in_the_readout(x, layers, readout, rate=0.0, training=False, rng=None):
    """W_hy alone."""
    return _up(x, layers, rate, training, rng)[:, -1] @ readout["W_hy"]


@EXERCISE.mistake(
    "The logits went through a tanh: they are scores without bounds, a plain product plus b_y."
)
def tanh_of_the_logits(x, layers, readout, rate=0.0, training=False, rng=None):
    """A nonlinearity too many."""
    return np.tanh(_read(_up(x, layers, rate, training, rng)[:, -1], readout))


@EXERCISE.mistake(
    "Nothing is dropped between the layers, in training either: what a layer gives goes through "
    "dropout_between_layers, with `training` as it came, and on to the next layer."
)
def no_dropout(x, layers, readout, rate=0.0, training=False, rng=None):
    """The three arguments unused."""
    return _read(_up(x, layers)[:, -1], readout)


@EXERCISE.mistake(
    "Dropout acts at evaluation, and finds no generator there: hand `training` on to "
    "dropout_between_layers as it came."
)
def training_forgotten(x, layers, readout, rate=0.0, training=False, rng=None):
    """True where training belongs, so that rng is needed and missed."""
    return _read(_up(x, layers, rate, True, rng)[:, -1], readout)


@EXERCISE.mistake(
    "The generator that came in isn't used: one made inside, from a fixed seed, drops the same "
    "entries at every call. Hand rng on as it is."
)
def generator_of_its_own(x, layers, readout, rate=0.0, training=False, rng=None):
    """default_rng(0) inside."""
    h = _up(x, layers, rate, training, np.random.default_rng(0))
    return _read(h[:, -1], readout)


@EXERCISE.mistake(
    "All borders drop the same entries: a generator is made anew from one seed for each of them. "
    "Hand on the one that came in."
)
def one_mask_for_all_borders(x, layers, readout, rate=0.0, training=False, rng=None):
    """The generator copied before each border."""
    h = x
    for k, params in enumerate(layers):
        if k:
            h = dropout_between_layers(h, rate, training, copy.deepcopy(rng))
        h = collect_outputs(h, params)
    return _read(h[:, -1], readout)


@EXERCISE.mistake("A call without a rate drops entries: the default is a rate of 0.")
def half_by_default(x, layers, readout, rate=0.5, training=False, rng=None):
    """Another default."""
    return _read(_up(x, layers, rate, training, rng)[:, -1], readout)


@EXERCISE.mistake(
    "Dropout acts after the top layer too: it belongs between two layers only, so leave it out "
    "after the last."
)
def dropout_after_the_last(x, layers, readout, rate=0.0, training=False, rng=None):
    """After each layer."""
    h = dropout_between_layers(_up(x, layers, rate, training, rng), rate, training, rng)
    return _read(h[:, -1], readout)


@EXERCISE.mistake(
    "Dropout acts on the inputs too: it belongs between two layers only, so leave it out before "
    "the first."
)
def dropout_on_the_inputs(x, layers, readout, rate=0.0, training=False, rng=None):
    """Before each layer."""
    x = dropout_between_layers(x, rate, training, rng)
    return _read(_up(x, layers, rate, training, rng)[:, -1], readout)


@EXERCISE.mistake("The layers are run from the top down: layers[0] is the lowest one, and reads x.")
def top_layer_first(x, layers, readout, rate=0.0, training=False, rng=None):
    """reversed(layers)."""
    return _read(_up(x, layers[::-1], rate, training, rng)[:, -1], readout)


@EXERCISE.mistake(
    "A layer got the last state of the one below, without a time axis: hand on all the states, and "
    "take the last step only for the readout."
)
def last_state_to_the_next_layer(x, layers, readout, rate=0.0, training=False, rng=None):
    """[:, -1] inside the loop."""
    h = x
    for params in layers:
        h = collect_outputs(h, params)[:, -1]
    return _read(h, readout)


@EXERCISE.mistake(
    "h[:, :, -1] is the last unit at every step: time is the second axis, so the last step is "
    "h[:, -1]."
)
def last_unit_read(x, layers, readout, rate=0.0, training=False, rng=None):
    """The wrong axis."""
    return _read(_up(x, layers, rate, training, rng)[:, :, -1], readout)


@EXERCISE.mistake(
    "These are the predicted classes: return the logits, one score a class, which the loss needs; "
    "argmax comes when the network is used."
)
def classes_returned(x, layers, readout, rate=0.0, training=False, rng=None):
    """argmax."""
    return _read(_up(x, layers, rate, training, rng)[:, -1], readout).argmax(axis=1)


@EXERCISE.alternative
def with_an_index(x, layers, readout, rate=0.0, training=False, rng=None):
    """One loop, dropout after all but the last layer."""
    h = x
    for k in range(len(layers)):
        h = collect_outputs(h, layers[k])
        if k < len(layers) - 1:
            h = dropout_between_layers(h, rate, training, rng)
    return readout["b_y"] + np.einsum("bn,nc->bc", h[:, h.shape[1] - 1, :], readout["W_hy"])


@EXERCISE.alternative
def recursively(x, layers, readout, rate=0.0, training=False, rng=None):
    """The first layer, then the rest."""
    first, *rest = layers
    h = collect_outputs(x, first)
    if not rest:
        return np.add(h[:, -1].dot(readout["W_hy"]), readout["b_y"])
    h = dropout_between_layers(h, rate, training, rng)
    return recursively(h, rest, readout, rate, training, rng)


@EXERCISE.alternative
def step_by_step(x, layers, readout, rate=0.0, training=False, rng=None):
    """One step through all the layers at a time, dropout drawn step by step."""
    states = [[np.zeros((len(x), len(p["W_hc"])))] * 2 for p in layers]
    for t in range(x.shape[1]):
        seen = x[:, t]
        for k, params in enumerate(layers):
            if k > 0 and training:
                seen = seen * (rng.random(seen.shape) >= rate) / (1 - rate)
            *states[k], _ = lstm_step(seen, *states[k], params)
            seen = states[k][0]
    return seen @ readout["W_hy"] + readout["b_y"]
