"""Exercise: a Keras model that learns by gradients of one's own."""

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.beyond_one_case import large_numbers, own_settings
from course_lib.exercises.ladder.cell_calls import followed
from course_lib.exercises.ladder.graph_rungs import (
    equal_to_twin,
    fit_for_a_gpu,
    no_loop_over_time,
    traceable,
)
from course_lib.exercises.ladder.rungs import irregular, matches, times_as_far
from course_lib.graphs import (
    gpu_report,
    keras_in,
    nodes,
    own_twin,
    reads_before_writes,
    stumble,
    trace,
    written,
)
from course_lib.online.by_hand.chunks import chunked_trace
from course_lib.online.by_hand.model import KernlModel
from course_lib.scratch.kernl import chunk_border, presynaptic
from course_lib.scratch.rnn import rnn_forward

WEIGHTS = ("W_xh", "W_hh", "b_h", "W_hy", "b_y")
COUNTED = "the number of steps that the optimizer has counted"


def batch() -> Arrays:
    """Three sequences of seven steps with targets, the weights of a network, and a kernel."""
    return {
        "x": irregular(3, 7, 2),
        "y": irregular(3, 7, 3, shift=1),
        "W_xh": irregular(2, 5, shift=2),
        "W_hh": irregular(5, 5, shift=3, scale=0.4),
        "b_h": irregular(5, shift=4, scale=0.5),
        "W_hy": irregular(5, 3, shift=5),
        "b_y": irregular(3, shift=6),
        "beta": np.eye(5) + irregular(5, 5, shift=7, scale=0.5),
        "gamma": np.array([0.0, 0.1, 0.3, 0.6, 1.2]),
    }


def far_from_zero() -> Arrays:
    """Targets far from what is read out, so that the gradients are large."""
    given = batch()
    return {**given, "y": 10_000 * given["y"]}


def one_step_long() -> Arrays:
    """One sequence of a single step: there is nothing to remember."""
    given = batch()
    return {**given, "x": given["x"][:1, :1], "y": given["y"][:1, :1]}


def thirteen_steps() -> Arrays:
    """As many as no other axis has, nor two of them side by side."""
    return {**batch(), "x": irregular(3, 13, 2), "y": irregular(3, 13, 3, shift=1)}


def plain_kernel() -> Arrays:
    """A kernel that remembers nothing and mixes no units."""
    return {**batch(), "beta": np.eye(5), "gamma": np.full(5, 700.0)}


def too_high_thrice(y, y_pred):
    """A loss of one's own, in which what is too high counts three times.

    Unlike the squared error, it differs if targets and outputs change places.
    """
    error = y_pred - y
    return keras.ops.mean(keras.ops.where(error > 0, 3 * error**2, error**2), axis=-1)


def model_of(model_class, given: Arrays, optimizer, dtype="float64", loss="mse", metrics=("mape",)):
    """The compiled model with the given weights, while Keras's losses compute in its dtype too."""
    with keras_in(dtype):
        outputs, units = given["b_y"].size, given["b_h"].size
        kernel = given["beta"], given["gamma"]
        model = model_class(units, outputs, *kernel, C=3, dtype=dtype)
        model.build((None, None, given["x"].shape[2]))
        model.set_weights([given[name] for name in WEIGHTS])
        model.compile(optimizer, loss, metrics=list(metrics) or None)
        optimizer.build(model.trainable_variables)
        model.compute_loss(y=given["y"], y_pred=tf.constant(given["y"]))  # makes the metrics
        model.compute_metrics(given["x"], given["y"], tf.constant(given["y"]))
        model.reset_metrics()
    return model


def step_of(model, x, y) -> Arrays:
    """One training step, and what it says of itself."""
    said = model.train_step((tf.constant(x), tf.constant(y)))
    if not isinstance(said, dict):
        kind = (
            "None: is the `return` missing?" if said is None else with_article(type(said).__name__)
        )
        raise Unusable(f"train_step returned {kind}; Keras wants a dict of metrics.")
    return {name: np.asarray(value) for name, value in _flat(said).items()}


def _flat(said: dict) -> dict:
    """As `fit` has it: the metrics of compile may come as a dict of their own."""
    flat = {}
    for name, value in said.items():
        flat |= _flat(value) if isinstance(value, dict) else {name: value}
    return flat


def weights_of(model) -> Arrays:
    """All five by name."""
    names = (f"{name} after" for name in WEIGHTS)
    return dict(zip(names, model.get_weights(), strict=True))


def one_step(model_class, given: Arrays) -> Arrays:
    """The weights after a step of length 1 down the gradient."""
    model = model_of(model_class, given, keras.optimizers.SGD(1.0))
    step_of(model, given["x"], given["y"])
    return weights_of(model)


def beside_another(model_class, given: Arrays) -> Arrays:
    """The same, after a model was made whose kernel and chunks are others."""
    units, outputs = given["b_h"].size, given["b_y"].size
    kernel = np.zeros((units, units)), np.full(units, 0.7)
    return one_step(followed(model_class, units, outputs, *kernel, C=2, dtype="float64"), given)


def beside_the_twin(model_class, given: Arrays) -> Arrays:
    """The same, and the learner's own NumPy."""
    outputs = one_step(model_class, given)
    twin = own_twin(model_class, "chunk_border")
    if twin is not None:
        gradient = split(given, twin(*chunk_of(given))[0])
        for name, value in gradient.items():
            outputs[f"{name} after by your twin"] = given[name] - value
    return outputs


def readout_after(model_class, given: Arrays) -> Arrays:
    """Of `one_step` the readout alone."""
    outputs = one_step(model_class, given)
    return {name: outputs[name] for name in ("W_hy after", "b_y after")}


def forward(given: Arrays):
    """States, and the errors of the outputs, in plain NumPy."""
    h, h_t = [], np.zeros((len(given["x"]), given["b_h"].size))
    for t in range(given["x"].shape[1]):
        h_t = np.tanh(given["x"][:, t] @ given["W_xh"] + h_t @ given["W_hh"] + given["b_h"])
        h.append(h_t)
    h = np.stack(h, axis=1)
    return h, h @ given["W_hy"] + given["b_y"] - given["y"]


def chunk_of(given: Arrays) -> tuple:
    """The whole sequence as the arguments of chunk_border."""
    x = given["x"]
    h, error = forward(given)
    before = np.concatenate([np.zeros_like(h[:, :1]), h[:, :-1]], axis=1)
    v = np.concatenate([x, before, np.ones_like(h[:, :, :1])], axis=2)
    dh = 2 * error / error.size @ given["W_hy"].T
    E_0 = np.zeros((len(x), v.shape[2], h.shape[2]))
    return E_0, v, 1 - h**2, dh @ given["beta"], given["gamma"]


def split(given: Arrays, dW: np.ndarray) -> Arrays:
    """Stacked gradients, apart."""
    m = given["x"].shape[2]
    return {"W_xh": dW[:m], "W_hh": dW[m:-1], "b_h": dW[-1]}


def gradients(given: Arrays, weighs=np.ones_like) -> Arrays:
    """KeRNL's for the RNN, exact ones for the readout, by this course's NumPy.

    weighs: from the errors of the outputs to how much each counts.
    """
    x, h_0 = given["x"], np.zeros((len(given["x"]), given["b_h"].size))
    h, _ = rnn_forward(x, h_0, given["W_xh"], given["W_hh"], given["b_h"])
    error = h @ given["W_hy"] + given["b_y"] - given["y"]
    dy = 2 * weighs(error) * error / error.size
    v = presynaptic(x, h_0, h)
    E_0 = np.zeros((len(x), v.shape[2], h.shape[2]))
    credit = dy @ given["W_hy"].T @ given["beta"]
    dW, _ = chunk_border(E_0, v, 1 - h**2, credit, given["gamma"])
    return split(given, dW) | {
        "W_hy": np.einsum("btn,btc->nc", h, dy),
        "b_y": dy.sum(axis=(0, 1)),
    }


def in_numpy(given: Arrays) -> Arrays:
    """The weights minus the gradients."""
    return {f"{name} after": given[name] - value for name, value in gradients(given).items()}


def readout_in_numpy(given: Arrays) -> Arrays:
    """Of these the readout."""
    return {name: in_numpy(given)[name] for name in ("W_hy after", "b_y after")}


def saying_how_far(rung: Rung) -> Rung:
    """The same rung, which says so if the readout has the right direction and another length."""

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        problem = rung.judge(given, outputs)
        if problem is None:
            return None
        gradient = {name: gradients(given)[name] for name in ("W_hy", "b_y")}
        times = times_as_far(given, {n: outputs[f"{n} after"] for n in gradient}, gradient)
        if times is None:
            return problem
        return replace(
            problem,
            sentence=f"The readout moves in the right direction, but {times:.6g} times as far: the "
            "optimizer gets each gradient once a batch, as it is, and keeps the rate that it has.",
        )

    return replace(rung, judge=judge)


def recurrent_in_numpy(given: Arrays) -> Arrays:
    """Of these the RNN."""
    return {name: in_numpy(given)[name] for name in ("W_xh after", "W_hh after", "b_h after")}


def of_another_loss(model_class, given: Arrays) -> Arrays:
    """The weights after a step down the gradient of it; no metrics are asked for."""
    model = model_of(
        model_class, given, keras.optimizers.SGD(1.0), loss=too_high_thrice, metrics=()
    )
    step_of(model, given["x"], given["y"])
    return weights_of(model)


def another_loss_in_numpy(given: Arrays) -> Arrays:
    """The weights minus its gradients."""
    moved = gradients(given, lambda error: np.where(error > 0, 3.0, 1.0))
    return {f"{name} after": given[name] - value for name, value in moved.items()}


def in_chunks(model_class, given: Arrays) -> Arrays:
    """The first array that a step makes of all pairs of time steps, in words; "" if there is none.

    Within a chunk of C steps there is one of C by C.
    """
    model, T = model_of(model_class, given, keras.optimizers.SGD(1.0)), given["x"].shape[1]
    shapes = written(lambda: step_of(model, given["x"], given["y"]))
    return {"of all pairs of steps": next((str(s) for s in shapes if s.count(T) > 1), "")}


def three_steps(model_class, given: Arrays) -> Arrays:
    """Three steps with momentum."""
    model = model_of(model_class, given, keras.optimizers.SGD(0.1, momentum=0.9))
    for _ in range(3):
        step_of(model, given["x"], given["y"])
    return {**weights_of(model), COUNTED: np.array(int(model.optimizer.iterations))}


def with_momentum(given: Arrays) -> Arrays:
    """The same in NumPy; Keras adds the new gradient to 0.9 times the way of the last step."""
    given, way = dict(given), dict.fromkeys(WEIGHTS, 0.0)
    for _ in range(3):
        for name, value in gradients(given).items():
            way[name] = 0.9 * way[name] - 0.1 * value
        for name in WEIGHTS:
            given[name] = given[name] + way[name]
    return {**{f"{name} after": given[name] for name in WEIGHTS}, COUNTED: np.array(3)}


def two_batches(model_class, given: Arrays) -> Arrays:
    """What the second of two batches says of the epoch so far."""
    model = model_of(model_class, given, keras.optimizers.SGD(1.0))
    step_of(model, given["x"], given["y"])
    said = step_of(model, -given["x"], given["y"])
    missing = [name for name in ("loss", "mape") if name not in said]
    if missing:
        there = ", ".join(said) or "nothing"
        raise Unusable(
            f"The model was compiled with metrics=['mape']; train_step gives {there}, and "
            f"{' and '.join(missing)} is missing."
        )
    return {name: said[name] for name in ("loss", "mape")}


def epoch_in_numpy(given: Arrays) -> Arrays:
    """Means over both batches, each before its own update."""
    losses, errors = [], []
    for sign in (1, -1):
        now = {**given, "x": sign * given["x"]}
        _, error = forward(now)
        losses.append(np.mean(error**2))
        errors.append(100 * np.mean(np.abs(error / given["y"])))
        given = {
            **given,
            **{name: given[name] - value for name, value in gradients(now).items()},
        }
    return {"loss": np.mean(losses), "mape": np.mean(errors)}


def graph(model, given: Arrays, T=None, dtype="float64", **settings):
    """The graph of a training step."""
    signature = [tf.TensorSpec((None, T, given[name].shape[2]), dtype) for name in ("x", "y")]
    return trace(lambda x, y: model.train_step((x, y)), *signature, **settings)


def traced(model_class, given: Arrays) -> Arrays:
    """Whether it can be traced before batch and number of steps are known."""
    model = model_of(model_class, given, keras.optimizers.Adam())
    return {"stumbles over": stumble(lambda: graph(model, given))}


def graph_sizes(model_class, given: Arrays) -> Arrays:
    """How many operations a step has for sequences of ten and of twenty steps."""
    model = model_of(model_class, given, keras.optimizers.SGD())
    return {f"operations at T={T}": len(nodes(graph(model, given, T))) for T in (10, 20)}


def in_a_graph(model_class, given: Arrays) -> Arrays:
    """The weights after a step that the graph took."""
    model = model_of(model_class, given, keras.optimizers.SGD(1.0))
    with reads_before_writes():
        graph(model, given)(tf.constant(given["x"]), tf.constant(given["y"]))
    return weights_of(model)


def for_a_gpu(model_class, given: Arrays) -> Arrays:
    """The graph of a step in float32."""
    small = {name: value.astype(np.float32) for name, value in given.items()}
    model = model_of(model_class, small, keras.optimizers.Adam(), "float32")
    return gpu_report(graph(model, small, dtype="float32"))


def no_longer_than_a_chunk(_: Arrays, outputs: Arrays) -> Problem | None:
    """C is handed on."""
    if shape := str(outputs["of all pairs of steps"]):
        return Problem(
            f"With C = 3 and 13 steps, train_step makes an array of shape {shape}, for all pairs "
            "of time steps: the model was asked for chunks of C steps, so hand its C on."
        )
    return None


EXERCISE = Exercise(
    reference=KernlModel,
    title="A Keras model that learns by your rule",
    goal="Put your own gradients into a Keras model, so that `fit` trains it without going back "
    "through time.",
    difficulty=3,
    minutes=55,
    kind="speed up",
    twin="chunk_border",
    uses=("chunked_trace",),
    returns={},
    ladder=(
        saying_how_far(
            matches(
                "the readout moves down its exact gradient",
                batch,
                readout_in_numpy,
                "With plain gradient descent at a rate of 1:",
                call=readout_after,
            )
        ),
        matches(
            "one step alone",
            one_step_long,
            recurrent_in_numpy,
            "A sequence of one step leaves nothing to remember: v, d and the credit of that step "
            "decide.",
            call=one_step,
        ),
        matches(
            "a kernel that remembers nothing and mixes nothing",
            plain_kernel,
            recurrent_in_numpy,
            "With beta the identity, and nothing left after a step, each step's own loss is all:",
            call=one_step,
        ),
        equal_to_twin("chunk_border", batch, recurrent_in_numpy, beside_the_twin),
        large_numbers(far_from_zero, in_numpy, one_step),
        own_settings(batch, recurrent_in_numpy, beside_another),
        matches(
            "the optimizer remembers from step to step",
            batch,
            with_momentum,
            "With momentum, a step also goes a part of the way of the step before.",
            call=three_steps,
        ),
        matches(
            "it learns by whatever loss it was compiled with",
            batch,
            another_loss_in_numpy,
            "Compiled without metrics, and with a loss that counts what is too high three times:",
            call=of_another_loss,
        ),
        Rung("C steps at a time", thirteen_steps, no_longer_than_a_chunk, in_chunks),
        matches(
            "the metrics are those of the epoch so far",
            batch,
            epoch_in_numpy,
            "After two batches, as `fit` would show it:",
            call=two_batches,
        ),
        traceable(batch, traced),
        no_loop_over_time(batch, graph_sizes),
        matches(
            "in a graph it is the same",
            batch,
            in_numpy,
            "Run as a graph, as `fit` does, it gives something else than run by Python.",
            in_a_graph,
        ),
        fit_for_a_gpu(batch, for_a_gpu),
    ),
    promises={
        "Compile it with": (
            "it learns by whatever loss it was compiled with",
            "the optimizer remembers from step to step",
            "the metrics are those of the epoch so far",
        ),
        "Its kernel is given": "scaffold: constants in the stub's __init__",
        "units: number": "one step alone",
        "outputs: numbers": "the readout moves down its exact gradient",
        "beta: sensitivity": "equal to chunk_border, to 1e-10 in float64",
        "beta: row k": "equal to chunk_border, to 1e-10 in float64",
        "gamma: decay": "equal to chunk_border, to 1e-10 in float64",
        "C: steps": "C steps at a time",
        "kwargs: what": "equal to chunk_border, to 1e-10 in float64",
        "train_step: The readout learns": (
            "the readout moves down its exact gradient",
            "a kernel that remembers nothing and mixes nothing",
        ),
        "train_step: data: a pair": "equal to chunk_border, to 1e-10 in float64",
        "train_step: data: Sizes": "TensorFlow can trace it, whatever the size of the batch",
        "train_step: A dict": "the metrics are those of the epoch so far",
    },
    hints=(
        Hint(
            "Where do I begin?",
            "Which gradients does TensorFlow know better than you, and which do you know better? "
            "What has to lie inside the tape, and what must lie before it, so that no tape ever "
            "goes back through the RNN?",
        ),
        Hint(
            "What do I have, and in which shape?",
            "`h` is (batch, T, n). A tape that watches `h` gives dh, of the same shape: a state's "
            "blame for its own step, since the RNN lies before the tape. You also need `v`, "
            "(batch, T, m + n + 1), with the states *before* each step, and d. Your function "
            "takes dh @ beta.",
            fits=(
                "NoBeta",
                "BetaTransposed",
                "StateAfterTheStep",
                "ShiftedTheWrongWay",
                "RolledRound",
                "StateBeforeTheInput",
                "SquareForgotten",
                "NoSlope",
                "a kernel that remembers nothing and mixes nothing",
                "equal to chunk_border, to 1e-10 in float64",
            ),
        ),
        Hint(
            "The numbers are right, but the optimizer or the metrics are not.",
            "The optimizer takes gradients and variables in the same order, all in one go, so that "
            "it can remember something about each. `self.metrics` lists what was "
            'compiled; the one called "loss" takes the loss, all others take targets and outputs. '
            "The metrics that you compiled with are a single entry there; `get_metrics_result` "
            "gives each by its name.",
            fits=(
                "PastTheOptimizer",
                "ReadoutLeftOut",
                "ThisBatchOnly",
                "AskedAgain",
                "LossAfterTheUpdate",
                "LossAlone",
                "LossForgotten",
                "the optimizer remembers from step to step",
                "the metrics are those of the epoch so far",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "`h = self.rnn(x)`; then a tape with `tape.watch(h)`, and inside it the readout and "
            "`self.compute_loss(x=x, y=y, y_pred=y_pred)`. Ask the tape for h and the readout's "
            "variables. `tf.concat` x, h shifted by one step (`tf.pad`), and ones to v; call "
            "`chunked_trace` from traces of zeros, and `tf.split` dW in three. "
            "`self.optimizer.apply(gradients, variables)`; update the metrics, and return "
            "`self.get_metrics_result()`.",
        ),
    ),
)


def _pieces(model, data):
    """Everything that a step needs: h, outputs, loss, dh and the readout's gradients."""
    x, y = data
    h = model.rnn(x)
    with tf.GradientTape() as tape:
        tape.watch(h)
        y_pred = model.readout(h)
        loss = model.compute_loss(x=x, y=y, y_pred=y_pred)
    readout = [w.value for w in model.readout.trainable_variables]
    dh, *of_readout = tape.gradient(loss, [h, *readout])
    return h, y_pred, loss, dh, of_readout


def _recurrent(model, x, h, credit, before=None, slope=None, state_first=False):
    """The three gradients of the RNN."""
    if before is None:
        before = tf.pad(h[:, :-1], [[0, 0], [1, 0], [0, 0]])
    read = [before, x] if state_first else [x, before]
    v = tf.concat([*read, tf.ones_like(h[:, :, :1])], axis=2)
    E_0 = tf.zeros_like(v[:, 0, :, None] * h[:, 0, None, :])
    d = 1 - h**2 if slope is None else slope
    dW, _ = chunked_trace(E_0, v, d, credit, model.gamma, model.C)
    dW_xh, dW_hh, db_h = tf.split(dW, [x.shape[2], model.rnn.units, 1])
    return [dW_xh, dW_hh, db_h[0]]


def _report(model, y, y_pred, loss):
    """Metrics, as they should be."""
    for metric in model.metrics:
        metric.update_state(*([loss] if metric.name == "loss" else [y, y_pred]))
    return model.get_metrics_result()


class _Wrong(KernlModel):
    """What the mistakes share: a step in parts, each to be replaced."""

    def train_step(self, data):
        """Right, as long as no part is."""
        x, y = data
        h, y_pred, loss, dh, of_readout = _pieces(self, data)
        self.move([*self.recurrent(x, h, dh), *of_readout])
        return self.report(x, y, y_pred, loss)

    def recurrent(self, x, h, dh):
        """Gradients of the RNN."""
        return _recurrent(self, x, h, dh @ self.beta)

    def move(self, gradients):
        """The update."""
        self.optimizer.apply(
            gradients, self.rnn.trainable_variables + self.readout.trainable_variables
        )

    def report(self, x, y, y_pred, loss):
        """The metrics."""
        return _report(self, y, y_pred, loss)


@EXERCISE.mistake(
    "The tape covers the RNN too, and gives BPTT's gradient: compute the states before the tape "
    "begins, and get the RNN's gradients from your own function."
)
class TapeOverEverything(KernlModel):
    """As in any example of a train_step."""

    def train_step(self, data):
        """Gradients by the tape."""
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, [w.value for w in variables]), variables)
        return _report(self, y, y_pred, loss)


@EXERCISE.mistake(
    "Only the readout is trained: the RNN's three weights stay where they were. Hand their "
    "gradients, which your own function gives, to the optimizer too."
)
class ReadoutAlone(_Wrong):
    """The RNN's gradients are left out."""

    def move(self, gradients):
        """The readout's two."""
        self.optimizer.apply(gradients[3:], self.readout.trainable_variables)


@EXERCISE.mistake(
    "The optimizer takes two steps a batch, one for the RNN and one for the readout. It counts "
    "them, for a schedule or for Adam: hand all gradients over in one go."
)
class TwoUpdates(_Wrong):
    """Two calls of apply."""

    def move(self, gradients):
        """One after the other."""
        self.optimizer.apply(gradients[:3], self.rnn.trainable_variables)
        self.optimizer.apply(gradients[3:], self.readout.trainable_variables)


@EXERCISE.mistake(
    "beta is not used: what reaches a state goes through the kernel first, dh @ beta."
)
class NoBeta(_Wrong):
    """Blame as it comes."""

    def recurrent(self, x, h, dh):
        """dh alone."""
        return _recurrent(self, x, h, dh)


@EXERCISE.mistake(
    "beta is transposed: its rows are the later units, which are blamed first, so it is dh @ beta."
)
class BetaTransposed(_Wrong):
    """beta.T."""

    def recurrent(self, x, h, dh):
        """The kernel the wrong way round."""
        return _recurrent(self, x, h, dh @ tf.transpose(self.beta))


@EXERCISE.mistake(
    "v holds the state *after* each step. The weights of a step read the one before it: shift h by "
    "one step, with zeros in front."
)
class StateAfterTheStep(_Wrong):
    """h as it is."""

    def recurrent(self, x, h, dh):
        """Not shifted."""
        return _recurrent(self, x, h, dh @ self.beta, before=h)


@EXERCISE.mistake(
    "v is shifted in the wrong direction: the state before the first step is zero, so zeros come "
    "in front and the last state drops out."
)
class ShiftedTheWrongWay(_Wrong):
    """Zeros at the end."""

    def recurrent(self, x, h, dh):
        """The next state."""
        return _recurrent(self, x, h, dh @ self.beta, tf.pad(h[:, 1:], [[0, 0], [0, 1], [0, 0]]))


@EXERCISE.mistake(
    "d is 1 - tanh(h)², but h has been through the tanh already: its slope is 1 - h²."
)
class SlopeOfTheState(_Wrong):
    """A tanh too many."""

    def recurrent(self, x, h, dh):
        """The slope at h."""
        return _recurrent(self, x, h, dh @ self.beta, slope=1 - tf.tanh(h) ** 2)


@EXERCISE.mistake(
    "d is 1 - h without the square: the slope of the tanh is 1 - tanh², and h is the tanh already, "
    "so square h."
)
class SquareForgotten(_Wrong):
    """1 - h."""

    def recurrent(self, x, h, dh):
        """A slope that may be larger than 1."""
        return _recurrent(self, x, h, dh @ self.beta, slope=1 - h)


@EXERCISE.mistake(
    "d is left out: what a weight moves has to go through the tanh, whose slope is 1 - h²."
)
class NoSlope(_Wrong):
    """d is 1."""

    def recurrent(self, x, h, dh):
        """As if the network were linear."""
        return _recurrent(self, x, h, dh @ self.beta, slope=tf.ones_like(h))


@EXERCISE.mistake(
    "v has the state before the input, but dW is cut as if the input came first: the rows have to "
    "be cut in the order in which v was put together."
)
class StateBeforeTheInput(_Wrong):
    """v = h, x, 1; dW = x, h, 1."""

    def recurrent(self, x, h, dh):
        """Two orders."""
        return _recurrent(self, x, h, dh @ self.beta, state_first=True)


@EXERCISE.mistake(
    "The RNN's gradients have the wrong sign, so it climbs: the optimizer itself takes the step "
    "down, and wants the gradients as they are."
)
class Uphill(_Wrong):
    """-dW."""

    def recurrent(self, x, h, dh):
        """Turned round."""
        return [-g for g in _recurrent(self, x, h, dh @ self.beta)]


@EXERCISE.mistake(
    "The gradient is divided by the batch once more: the loss is a mean already, so dh is."
)
class MeanOfAMean(_Wrong):
    """dW / batch."""

    def recurrent(self, x, h, dh):
        """A mean too many."""
        return [
            g / tf.cast(tf.shape(x)[0], g.dtype) for g in _recurrent(self, x, h, dh @ self.beta)
        ]


@EXERCISE.mistake(
    "The weights are moved by hand, past the optimizer: whatever it remembers (momentum, Adam's "
    "moments) is lost. Give it the gradients with the variables that they belong to."
)
class PastTheOptimizer(_Wrong):
    """assign_sub."""

    def move(self, gradients):
        """Plain descent."""
        variables = self.rnn.trainable_variables + self.readout.trainable_variables
        for variable, gradient in zip(variables, gradients, strict=True):
            variable.assign_sub(self.optimizer.learning_rate * gradient)


@EXERCISE.mistake(
    "Only the RNN is trained: the readout needs its gradients in the same call of the optimizer."
)
class ReadoutLeftOut(_Wrong):
    """Three of five."""

    def move(self, gradients):
        """The readout gets none."""
        still = [tf.zeros_like(g) for g in gradients[3:]]
        super().move([*gradients[:3], *still])


@EXERCISE.mistake(
    "This returns the numbers of this batch alone: Keras shows means over the epoch so far, so "
    "update each metric, ask it for its result, and don't reset it."
)
class ThisBatchOnly(_Wrong):
    """Computed on the spot."""

    def report(self, x, y, y_pred, loss):
        """Without metrics."""
        return {"loss": loss, "mape": 100 * tf.reduce_mean(tf.abs((y - y_pred) / y))}


@EXERCISE.mistake(
    "No metric is updated, so that each is still what it began with: hand the one for the loss the "
    "loss, and the others the targets and the outputs."
)
class NothingUpdated(_Wrong):
    """Asked for their results alone."""

    def report(self, x, y, y_pred, loss):
        """As they were."""
        return self.get_metrics_result()


@EXERCISE.mistake(
    "The metrics use the model's outputs after the update: use the outputs that the loss came from."
)
class AskedAgain(_Wrong):
    """A second forward pass."""

    def report(self, x, y, y_pred, loss):
        """With the new weights."""
        return _report(self, y, self(x), loss)


@EXERCISE.mistake(
    "The loss and the metrics are those after the update: take both from the forward pass that the "
    "gradients came from."
)
class LossAfterTheUpdate(_Wrong):
    """All of it anew."""

    def report(self, x, y, y_pred, loss):
        """With the new weights."""
        y_pred = self(x)
        return _report(self, y, y_pred, self.compute_loss(x=x, y=y, y_pred=y_pred))


@EXERCISE.mistake(
    "Only the loss is updated: what was compiled as `metrics` stands in `self.metrics` too, and "
    "wants targets and outputs."
)
class LossAlone(_Wrong):
    """The other metrics stay at zero."""

    def report(self, x, y, y_pred, loss):
        """The one that is called "loss"."""
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
        return self.get_metrics_result()


@EXERCISE.mistake(
    'The metric called "loss" is never told the loss: `compute_metrics` updates what was compiled '
    "as `metrics`, and nothing else. Update that one with the loss."
)
class LossForgotten(_Wrong):
    """What Keras offers for the others."""

    def report(self, x, y, y_pred, loss):
        """Without the loss."""
        return self.compute_metrics(x, y, y_pred)


@EXERCISE.mistake(
    "In v, the last state stands before the first step, as index -1 and tf.roll give it: what "
    "stands there is zero."
)
class RolledRound(_Wrong):
    """tf.roll."""

    def recurrent(self, x, h, dh):
        """The last state in front."""
        return _recurrent(self, x, h, dh @ self.beta, before=tf.roll(h, 1, axis=1))


@EXERCISE.mistake(
    "It learns by the mean squared error, whatever it was compiled with: `self.compute_loss` is "
    "the loss that was asked for."
)
class LossOfItsOwn(_Wrong):
    """A loss written out."""

    def train_step(self, data):
        """The mean of the squares."""
        x, y = data
        h = self.rnn(x)
        with tf.GradientTape() as tape:
            tape.watch(h)
            y_pred = self.readout(h)
            loss = tf.reduce_mean(tf.square(y - y_pred))
        readout = [w.value for w in self.readout.trainable_variables]
        dh, *of_readout = tape.gradient(loss, [h, *readout])
        self.move([*self.recurrent(x, h, dh), *of_readout])
        return self.report(x, y, y_pred, loss)


@EXERCISE.mistake(
    "`.numpy()` takes the numbers out of a tensor. While Keras compiles the step there are none "
    "yet: go on with the tensor itself."
)
class NumbersTakenOut(_Wrong):
    """Right as long as nothing is compiled."""

    def recurrent(self, x, h, dh):
        """Through NumPy."""
        return _recurrent(self, x, h, tf.constant(dh.numpy() @ self.beta.numpy()))


@EXERCISE.mistake(
    "The reported loss is that of the last batch alone: `fit` shows the mean over the epoch so "
    'far, which the metric called "loss" works out, so report its result.'
)
class LossOfTheLastBatch(_Wrong):
    """The loss itself, beside the other metrics."""

    def report(self, x, y, y_pred, loss):
        """As it was just computed."""
        return {**_report(self, y, y_pred, loss), "loss": loss}


@EXERCISE.alternative
class ReadoutByHand(KernlModel):
    """The readout's gradients as products; the optimizer by pairs."""

    def train_step(self, data):
        """A tape over the loss alone."""
        x, y = data
        h = self.rnn(x)
        y_pred = self.readout(h)
        with tf.GradientTape() as tape:
            tape.watch(y_pred)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        dy = tape.gradient(loss, y_pred)
        dh = tf.einsum("btc,nc->btn", dy, self.readout.kernel.value)
        gradients = [
            *_recurrent(self, x, h, dh @ self.beta),
            tf.einsum("btn,btc->nc", h, dy),
            tf.reduce_sum(dy, axis=(0, 1)),
        ]
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return _report(self, y, y_pred, loss)


@EXERCISE.alternative
class StopTheGradient(KernlModel):
    """One tape over everything, which the states stop; then a loop over steps in the graph."""

    def train_step(self, data):
        """The traces one after the other."""
        x, y = data
        h = tf.stop_gradient(self.rnn(x))
        with tf.GradientTape() as tape:
            tape.watch(h)
            y_pred = self.readout(h)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        dh, *of_readout = tape.gradient(
            loss, [h, *(w.value for w in self.readout.trainable_variables)]
        )
        before = tf.concat([tf.zeros_like(h[:, :1]), h[:, :-1]], axis=1)
        v = tf.concat([x, before, tf.ones_like(h[:, :, :1])], axis=-1)

        def body(t, E, dW):
            E = E * tf.exp(-self.gamma) + v[:, t, :, None] * (1 - h[:, t, None, :] ** 2)
            return t + 1, E, dW + tf.reduce_sum(E * (dh[:, t] @ self.beta)[:, None], axis=0)

        T = tf.shape(x)[1]
        E_0 = tf.zeros_like(v[:, 0, :, None] * h[:, 0, None, :])
        *_, dW = tf.while_loop(lambda t, *_: t < T, body, (0, E_0, tf.zeros_like(E_0[0])))
        m = x.shape[-1]
        self.optimizer.apply([dW[:m], dW[m:-1], dW[-1], *of_readout], self.trainable_variables)
        return _report(self, y, y_pred, loss)


@EXERCISE.alternative
class MetricByMetric(_Wrong):
    """As Keras's guide reports: each metric by its name, and those of compile in a dict."""

    def report(self, x, y, y_pred, loss):
        """Updated one by one."""
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}
