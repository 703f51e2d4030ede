"""Exercise: the step of a training loop, the fast form of the loss and of a Python loop."""

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.graph_rungs import (
    STUMBLES,
    compiles,
    equal_to_twin,
    fit_for_a_gpu,
    traced_once,
)
from course_lib.exercises.ladder.rungs import irregular, matches, times_as_far
from course_lib.graphs import (
    Counting,
    gpu_report,
    keras_in,
    own_twin,
    reads_before_writes,
    stumble,
    trace,
    without_xla,
    xla_refusal,
)
from course_lib.layers.training_step import train_step
from course_lib.scratch.losses import cross_entropy_from_logits, cross_entropy_gradient

WEIGHTS = ("W_1", "b_1", "W_2", "b_2")
WEIGHTS_AFTER = tuple(f"{name} after" for name in WEIGHTS)
COUNTED = "steps that the optimizer has counted"
# Of the batches on which traces are counted: how many sequences, and how many steps.
SIZES = ((4, 5), (4, 5), (3, 5), (5, 7), (4, 5), (2, 4), (3, 5), (6, 8))


def batch() -> Arrays:
    """Four sequences of five steps, of which some end early, their labels, and weights."""
    return {
        "x": irregular(4, 5, 3),
        "mask": np.arange(5) < np.array([[5], [3], [1], [4]]),
        "y": np.array([2, 0, 1, 1]),
        "W_1": irregular(3, 6, shift=2),
        "b_1": irregular(6, shift=4, scale=0.5),
        "W_2": irregular(6, 3, shift=5),
        "b_2": irregular(3, shift=6),
    }


def one_sequence() -> Arrays:
    """One sequence of a single step; its label isn't the last of the classes."""
    given = batch()
    return {**given, "x": given["x"][:1, :1], "mask": given["mask"][:1, :1], "y": given["y"][1:2]}


def far_apart() -> Arrays:
    """Weights that are sure of themselves: logits thousands apart.

    Each sequence has a largest logit of its own, thousands away from that of another, so what is
    taken off has to be each one's own.
    """
    given = batch()
    return {
        **given,
        "x": given["x"][:, :1],
        "mask": given["mask"][:, :1],
        "W_2": -3000 * given["W_2"],
    }


def model_of(given: Arrays, dtype="float64", between=(), masked=False):
    """A small network on the mean over time: the step doesn't care, and an RNN is slow to trace.

    Args:
        given: its weights.
        dtype: of its numbers.
        between: layers before the last one.
        masked: whether it takes a mask beside x.
    """
    x = keras.Input((None, given["x"].shape[2]), dtype=dtype)
    mask = keras.Input((None,), dtype="bool")
    mean = keras.layers.GlobalAveragePooling1D(dtype=dtype)
    hidden = keras.layers.Dense(given["b_1"].size, activation="tanh", dtype=dtype)
    readout = keras.layers.Dense(given["b_2"].size, dtype=dtype)
    h = hidden(mean(x, mask=mask) if masked else mean(x))
    for layer in between:
        h = layer(h)
    with keras_in(dtype):  # what the model says its dtype is
        model = keras.Model((x, mask) if masked else x, readout(h))
    model.set_weights([given[name] for name in WEIGHTS])
    return model


def made(train_step, model, optimizer, as_asked=False):
    """The step that the function makes, in which Keras's own losses compute in float64 too.

    Unless it is to run as it asks, XLA is left out: a right step may ask for it at every size.
    """
    with keras_in("float64"):
        step = train_step(model, optimizer)
    if not callable(step):
        kind = "nothing" if step is None else with_article(type(step).__name__)
        raise Unusable(f"train_step returned {kind}; it returns a function of x and y, the step.")
    step = reads_before_writes()(keras_in("float64")(step))
    return step if as_asked else without_xla()(step)


def taken(step, x, y) -> np.ndarray:
    """The loss of one step, as a number."""
    return number(step(tf.constant(x), tf.constant(y)))


def number(loss) -> np.ndarray:
    """What a step returned, as a number."""
    if loss is None:
        raise Unusable("The step returned None: is the `return` missing?")
    if type(loss) is float:
        raise Unusable(
            "The step returned a number of Python's, which has no dtype. Return the loss as the "
            "tensor that it is, and ask that for its number outside."
        )
    loss = np.asarray(loss)
    if loss.shape != ():
        raise Unusable(f"The step returned a loss of shape {loss.shape}; it is a single number.")
    return loss


def runs(train_step, given: Arrays) -> Arrays:
    """Whether it can be called, and what TensorFlow stumbles over if not."""
    step = made(train_step, model_of(given), keras.optimizers.SGD(0.1), as_asked=True)
    return {"stumbles over": stumble(lambda: taken(step, given["x"], given["y"]))}


def it_runs(_: Arrays, outputs: Arrays) -> Problem | None:
    """Without stumbling."""
    over = str(outputs["stumbles over"])
    return Problem(STUMBLES[over]) if over else None


def one_step(train_step, given: Arrays) -> Arrays:
    """The loss of a batch, and where the weights are after a step of length 1 down the gradient."""
    model, optimizer = model_of(given), keras.optimizers.SGD(1.0)
    step = made(train_step, model, optimizer)
    logits = model(given["x"]).numpy()
    outputs = {"loss": taken(step, given["x"], given["y"])}
    outputs[COUNTED] = np.asarray(optimizer.iterations)
    twin = own_twin(train_step, "cross_entropy_from_logits")
    if twin is not None:
        outputs["loss by your twin"] = np.asarray(twin(logits, given["y"]))
    return outputs | dict(zip(WEIGHTS_AFTER, model.get_weights(), strict=True))


def in_numpy(given: Arrays) -> Arrays:
    """The loss from the logits, and the weights minus its gradient, in NumPy."""
    loss, gradient = loss_and_gradient(given)
    after = {f"{name} after": given[name] - gradient[name] for name in WEIGHTS}
    return {"loss": loss, **after, COUNTED: 1}


def loss_and_gradient(given: Arrays, masked=False) -> tuple[np.ndarray, Arrays]:
    """Forward, loss, backward."""
    real = given["mask"][..., None] if masked else np.ones((*given["x"].shape[:2], 1))
    mean = (given["x"] * real).sum(axis=1) / real.sum(axis=1)
    h = np.tanh(mean @ given["W_1"] + given["b_1"])
    logits = h @ given["W_2"] + given["b_2"]
    dlogits = cross_entropy_gradient(logits, given["y"])
    da = dlogits @ given["W_2"].T * (1 - h**2)
    gradients = mean.T @ da, da.sum(axis=0), h.T @ dlogits, dlogits.sum(axis=0)
    loss = np.asarray(cross_entropy_from_logits(logits, given["y"]))
    return loss, dict(zip(WEIGHTS, gradients, strict=True))


def all_moving(rung: Rung, still: str = "") -> Rung:
    """The same rung, which first says if a weight hasn't moved at all.

    Args:
        rung: it.
        still: what to say if none of the weights has moved.
    """

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        resting = [w for w in WEIGHTS if np.array_equal(outputs[f"{w} after"], given[w])]
        if still and len(resting) == len(WEIGHTS):
            return Problem(still)
        if resting:
            return Problem(
                f"{resting[0]} is the same before and after the step: take the gradient with "
                "respect to all that is to be trained, and hand all of it to the optimizer."
            )
        problem = rung.judge(given, outputs)
        cause = problem and (counted_otherwise(outputs) or too_far(given, outputs))
        return replace(problem, sentence=cause) if cause else problem

    return replace(rung, judge=judge)


def counted_otherwise(outputs: Arrays) -> str:
    """What to say where an optimizer has counted no step, or several, in place of one."""
    times = int(outputs[COUNTED])
    if times == 0:
        return (
            "The weights have moved, but the optimizer that was handed in has counted no step: it "
            "has been left out. Hand it the gradients, for its rate and its momentum are its own."
        )
    if times > 1:
        return (
            f"For one batch the optimizer has counted {times} steps: hand it the gradients of all "
            "weights together, in one call."
        )
    return ""


def too_far(given: Arrays, outputs: Arrays) -> str:
    """Whether all weights move in the right direction, but too far, or not far enough."""
    after = {name: outputs[f"{name} after"] for name in WEIGHTS}
    times = times_as_far(given, after, loss_and_gradient(given)[1])
    if times is None:
        return ""
    sequences = len(given["y"])
    if sequences > 1 and np.isclose(times, sequences):
        return (
            f"The weights move in the right direction, but {sequences} times as far, and there are "
            f"{sequences} sequences: take the gradient of the mean over the batch, not of the sum."
        )
    return (
        f"The weights move in the right direction, but {times:.6g} times as far: the optimizer "
        "gets the gradient of this loss as it is, neither clipped nor scaled."
    )


def several_steps(train_step, given: Arrays) -> Arrays:
    """Three steps on one batch by an optimizer that remembers: the losses."""
    step = made(train_step, model_of(given), keras.optimizers.SGD(0.1, momentum=0.9))
    return {"losses": np.array([taken(step, given["x"], given["y"]) for _ in range(3)])}


def with_momentum(given: Arrays) -> Arrays:
    """The same in NumPy; Keras adds the new gradient to 0.9 times the way of the last step."""
    given, way, losses = dict(given), dict.fromkeys(WEIGHTS, 0.0), []
    for _ in range(3):
        loss, gradient = loss_and_gradient(given)
        losses.append(loss)
        for name in WEIGHTS:
            way[name] = 0.9 * way[name] - 0.1 * gradient[name]
            given[name] = given[name] + way[name]
    return {"losses": np.array(losses)}


def loss_alone(given: Arrays) -> Arrays:
    """The loss before the step."""
    return {"loss": loss_and_gradient(given)[0]}


def loss_with_a_mask(train_step, given: Arrays) -> Arrays:
    """The loss of a model that takes x and a mask."""
    step = made(train_step, model_of(given, masked=True), keras.optimizers.SGD(0.1))
    inputs = tf.constant(given["x"]), tf.constant(given["mask"])
    return {"loss": number(step(inputs, tf.constant(given["y"])))}


def loss_masked_in_numpy(given: Arrays) -> Arrays:
    """The same in NumPy."""
    return {"loss": loss_and_gradient(given, masked=True)[0]}


class Watching(keras.layers.Layer):
    """Passes on what comes, and notes whether it is told that the model is being trained."""

    seen = None

    def call(self, x, training=False):
        """Note, and pass on."""
        self.seen = training
        return x


def told_and_frozen(train_step, given: Arrays) -> Arrays:
    """Whether layers are told that they are trained, and whether frozen ones stay as they are."""
    watching = Watching(dtype="float64")
    model = model_of(given, between=[watching])
    next(layer for layer in model.layers if layer.weights).trainable = False
    step = made(train_step, model, keras.optimizers.SGD(0.1))
    taken(step, given["x"], given["y"])
    return {
        "told": watching.seen is True or watching.seen == 1,
        "frozen layer moved": not np.array_equal(model.weights[0], given["W_1"]),
        "other layer moved": not np.array_equal(model.weights[3], given["b_2"]),
    }


def told_and_stayed(_: Arrays, outputs: Arrays) -> Problem | None:
    """Told, and frozen."""
    if not outputs["told"]:
        return Problem(
            "The layers aren't told that the model is being trained: dropout would never drop "
            "anything. The model takes `training` as an argument."
        )
    if outputs["frozen layer moved"]:
        return Problem(
            "A layer with trainable = False has moved: ask the model which of its weights are to "
            "be trained."
        )
    if not outputs["other layer moved"]:
        return Problem("With one layer frozen, the others don't move either.")
    return None


def traces(train_step, given: Arrays) -> Arrays:
    """How often Python runs the model while batches of several sizes go by."""
    model = model_of(given)
    model.call = counting = Counting(model.call)
    step = made(train_step, model, keras.optimizers.SGD(0.01))
    known, new, losses = {SIZES[0]}, 0, []
    for number, (size, T) in enumerate(SIZES):
        one = of_size(given, size, T)
        losses.append(taken(step, one["x"], one["y"]))
        if number == 0:
            counting.times = 0  # the first batch may take two: variables are made on the way
        new += (size, T) not in known
        known.add((size, T))
    return {
        "batches": len(SIZES) - 1,
        "new sizes": new,
        "traces": counting.times,
        "for graphs": counting.traced,
        "losses": np.array(losses),
    }


def of_size(given: Arrays, size: int, T: int) -> Arrays:
    """The same with a batch of another size, and sequences of another length."""
    x = np.resize(given["x"], (size, T, given["x"].shape[2]))
    return {**given, "x": x, "y": np.resize(given["y"], size)}


def losses_of_sizes(given: Arrays) -> list[float]:
    """The losses of `traces`, in NumPy."""
    losses = []
    for size, T in SIZES:
        loss, gradient = loss_and_gradient(of_size(given, size, T))
        losses.append(float(loss))
        given = given | {name: given[name] - 0.01 * gradient[name] for name in WEIGHTS}
    return losses


def by_xla(train_step, given: Arrays) -> Arrays:
    """The step, compiled as a whole: loss and weights."""
    model = model_of(given)
    optimizer = keras.optimizers.SGD(1.0)
    optimizer.build(model.trainable_variables)
    step = made(train_step, model, optimizer, as_asked=True)
    outputs = {}

    def run():
        signature = (
            tf.TensorSpec((4, 5, given["x"].shape[2]), tf.float64),
            tf.TensorSpec(4, tf.int64),
        )
        compiled = trace(step, *signature, jit_compile=True)
        outputs["loss"] = compiled(tf.constant(given["x"]), tf.constant(given["y"])).numpy()
        outputs.update(zip(WEIGHTS_AFTER, model.get_weights(), strict=True))
        outputs[COUNTED] = np.asarray(optimizer.iterations)

    return {"refused": xla_refusal(run), **outputs}


def for_a_gpu(train_step, given: Arrays) -> Arrays:
    """The graph of the whole step, in float32 as it is trained."""
    model = model_of(given, dtype="float32")
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    step = train_step(model, optimizer)
    m = given["x"].shape[2]
    signature = tf.TensorSpec((None, None, m), tf.float32), tf.TensorSpec((None,), tf.int64)
    return gpu_report(trace(step, *signature))


EXERCISE = Exercise(
    reference=train_step,
    title="A training step of your own",
    goal="Write what happens to a model at each batch, so that TensorFlow runs it without Python.",
    difficulty=3,
    minutes=40,
    kind="speed up",
    twin="cross_entropy_from_logits",
    returns={},
    ladder=(
        Rung("it makes a step that runs", batch, it_runs, runs),
        equal_to_twin("cross_entropy_from_logits", batch, loss_alone, one_step),
        all_moving(
            matches(
                "the weights move down the gradient of just this loss",
                batch,
                in_numpy,
                "With plain gradient descent at a rate of 1, the weights after the step are those "
                "before it minus the gradient.",
                call=one_step,
            )
        ),
        matches(
            "the optimizer remembers from step to step",
            one_sequence,
            with_momentum,
            "One sequence of a single time step. With momentum, a step also goes a part of the way "
            "of the step before.",
            call=several_steps,
        ),
        all_moving(
            matches(
                "finite, however far apart the logits are",
                far_apart,
                in_numpy,
                "The logits are thousands apart, and so their gradient is long.",
                call=one_step,
            ),
            still="Where the logits are thousands apart and the answer is wrong, no gradient comes "
            "back, and no weight moves. A probability that is cut off, or rounded to 0, does that: "
            "take the loss from the logits.",
        ),
        matches(
            "x may be a tuple, as for a model with a mask",
            batch,
            loss_masked_in_numpy,
            call=loss_with_a_mask,
        ),
        Rung(
            "layers know that they are being trained, and frozen ones stay",
            batch,
            told_and_stayed,
            told_and_frozen,
        ),
        traced_once(batch, traces, losses_of_sizes),
        compiles(batch, in_numpy, by_xla),
        fit_for_a_gpu(batch, for_a_gpu),
    ),
    promises={
        "model: a `keras.Model`": "equal to cross_entropy_from_logits, to 1e-10 in float64",
        "model: Each step tells": "layers know that they are being trained, and frozen ones stay",
        "optimizer: an optimizer": "the optimizer remembers from step to step",
        "step: a function of x": "x may be a tuple, as for a model with a mask",
        "step: It returns the batch's loss": (
            "equal to cross_entropy_from_logits, to 1e-10 in float64",
            "finite, however far apart the logits are",
        ),
        "step: Afterwards the optimizer": (
            "the weights move down the gradient of just this loss",
            "finite, however far apart the logits are",
            "layers know that they are being trained, and frozen ones stay",
        ),
        "step: TensorFlow traces it": "traced once, for batches of any size",
    },
    hints=(
        Hint(
            "What belongs in a step?",
            "A batch comes in and a loss goes out; what has happened in between to the model? Go "
            "through it as you would on paper. Which of these parts has to be watched, so that "
            "there is a gradient?",
        ),
        Hint(
            "What are the shapes?",
            "x is (batch, T, m), or a tuple when the model takes a mask too; logits are (batch, "
            "c), y is (batch,), the loss is (). For each trained weight there is one gradient, of "
            "its shape.",
            fits=("frozen layers moved", "x may be a tuple, as for a model with a mask"),
        ),
        Hint(
            "It is right, but Python runs at every batch.",
            "TensorFlow makes a graph of a Python function the first time that it is called, if "
            "you ask for it, and another for each new shape, unless it knows that sizes may "
            "differ. The chapter shows both ways to say so.",
            fits=("not traced", "traced for each size", "traced once, for batches of any size"),
        ),
        Hint(
            "Show me the recipe.",
            "Inside `train_step`, define `step(x, y)` under `@tf.function(reduce_retracing=True)`. "
            "Within `tf.GradientTape()` call `model(x, training=True)` and take the mean of "
            "`tf.nn.sparse_softmax_cross_entropy_with_logits`. Then ask the tape for the gradient "
            "with respect to `model.trainable_variables`, hand both to `optimizer.apply`, and "
            "return the loss.",
        ),
    ),
)


def _step(model, optimizer, loss_of=None, training=True, weights_of=None, apply=None, **settings):
    """A step with one part replaced; for the mistakes. Without settings, it isn't traced."""
    loss_of = loss_of or _mean_loss
    weights_of = weights_of or (lambda model: model.trainable_variables)
    apply = apply or optimizer.apply

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(model(x, training=training), y)
        weights = weights_of(model)
        apply(tape.gradient(loss, weights), weights)
        return loss

    return tf.function(step, **settings) if settings else step


def _mean_loss(logits, y):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))


@EXERCISE.mistake(
    "The softmax is applied twice: the loss takes logits and applies it inside, so pass it the "
    "model's output as it is. With two of them the gradient nearly vanishes and the loss never "
    "reaches zero."
)
def softmax_before_the_loss(model, optimizer):
    """Probabilities where logits belong."""

    def loss_of(logits, y):
        return _mean_loss(tf.nn.softmax(logits), y)

    return _step(model, optimizer, loss_of, reduce_retracing=True)


@EXERCISE.mistake(
    "The loss is taken from probabilities: for logits far apart one of them is exactly 0 and its "
    "logarithm infinite, or cut off. Take it from the logits."
)
def log_of_softmax(model, optimizer):
    """The two lines that everyone writes first."""

    def loss_of(logits, y):
        right = tf.gather(tf.nn.softmax(logits), y, axis=1, batch_dims=1)
        return -tf.reduce_mean(tf.math.log(right))

    return _step(model, optimizer, loss_of, reduce_retracing=True)


@EXERCISE.mistake(
    "The loss takes the model's output for probabilities, but they are logits: Keras's loss has to "
    "be told, with from_logits=True."
)
def logits_taken_for_probabilities(model, optimizer):
    """Keras's default."""

    def loss_of(logits, y):
        return tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, logits))

    return _step(model, optimizer, loss_of, reduce_retracing=True)


@EXERCISE.mistake(
    "The model is called before the tape begins, so the tape doesn't know how the loss follows "
    "from the weights: call the model inside `with tf.GradientTape()`."
)
def tape_begins_too_late(model, optimizer):
    """Only the loss is watched."""

    @tf.function(reduce_retracing=True)
    def step(x, y):
        logits = model(x, training=True)
        with tf.GradientTape() as tape:
            loss = _mean_loss(logits, y)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    return step


@EXERCISE.mistake(
    "Each batch begins with a new optimizer, which remembers nothing of the steps before: use the "
    "one that is handed in."
)
def optimizer_of_its_own(model, optimizer):
    """Made anew; outside of the graph it can be."""

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = _mean_loss(model(x, training=True), y)
        weights = model.trainable_variables
        own = keras.optimizers.SGD(0.1)
        own.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    return step


@EXERCISE.mistake(
    "The losses of a batch are added up, not averaged: a larger batch then takes a larger step."
)
def sum_over_the_batch(model, optimizer):
    """reduce_sum."""

    def loss_of(logits, y):
        return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))

    return _step(model, optimizer, loss_of, reduce_retracing=True)


@EXERCISE.mistake(
    "The mean is taken over the classes too, so the loss is divided by their number: of each "
    "sequence only the logarithm for its label counts. Add up over the classes, then take the mean."
)
def mean_over_the_classes_too(model, optimizer):
    """reduce_mean of one-hot labels times logarithms."""

    def loss_of(logits, y):
        hot = tf.one_hot(y, logits.shape[-1], dtype=logits.dtype)
        return -tf.reduce_mean(hot * tf.nn.log_softmax(logits))

    return _step(model, optimizer, loss_of, reduce_retracing=True)


@EXERCISE.mistake(
    "What comes back is the mean of the losses of all batches so far, as Keras's Mean keeps it: "
    "return the loss of this batch."
)
def mean_of_all_losses_so_far(model, optimizer):
    """A metric that is never reset."""
    update, seen = _step(model, optimizer, reduce_retracing=True), keras.metrics.Mean()

    def step(x, y):
        seen.update_state(update(x, y))
        return seen.result()

    return tf.function(step, reduce_retracing=True)


@EXERCISE.mistake(
    "The model doesn't know that it is being trained, so dropout drops nothing: call it with "
    "training=True."
)
def training_not_said(model, optimizer):
    """As at evaluation."""
    return _step(model, optimizer, training=False, reduce_retracing=True)


@EXERCISE.mistake(
    "All weights are moved, those of frozen layers too: only model.trainable_variables are to be "
    "trained."
)
def frozen_layers_moved(model, optimizer):
    """Every weight that there is."""
    return _step(
        model,
        optimizer,
        weights_of=lambda model: [w for layer in model.layers for w in layer.weights],
        reduce_retracing=True,
    )


@EXERCISE.mistake(
    "The losses are divided by the size of the first batch, whatever the size of the others: that "
    "was a number of Python's, and stays in the graph. Take the mean, or tf.shape at each batch."
)
def divided_by_the_first_size(model, optimizer):
    """y.shape[0], kept."""
    size = []

    def loss_of(logits, y):
        if not size and y.shape[0] is not None:
            size.append(y.shape[0])
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
        return tf.reduce_sum(losses) / size[0] if size else tf.reduce_mean(losses)

    return _step(model, optimizer, loss_of, reduce_retracing=True)


@EXERCISE.mistake(
    "Each entry of the gradient is limited on its own before the optimizer gets it: it is asked to "
    "move the weights down the gradient of this loss as it is."
)
def clipped_on_the_way(model, optimizer):
    """tf.clip_by_value."""

    def apply(gradients, weights):
        optimizer.apply([tf.clip_by_value(one, -0.1, 0.1) for one in gradients], weights)

    return _step(model, optimizer, apply=apply, reduce_retracing=True)


@EXERCISE.mistake(
    "The gradient is shortened where its norm is above 1: that keeps training calm, but here the "
    "optimizer is to get the gradient of this loss as it is."
)
def clipped_as_a_whole(model, optimizer):
    """tf.clip_by_global_norm."""

    def apply(gradients, weights):
        optimizer.apply(tf.clip_by_global_norm(gradients, 1.0)[0], weights)

    return _step(model, optimizer, apply=apply, reduce_retracing=True)


@EXERCISE.mistake(
    "The step isn't traced: Python runs it at every batch, operation by operation. Make it a "
    "tf.function."
)
def not_traced(model, optimizer):
    """Right, and slow."""
    return _step(model, optimizer)


@EXERCISE.mistake(
    "The step is traced again for each batch size and each sequence length: tell tf.function that "
    "sizes may differ, with reduce_retracing=True or with an input_signature that has None."
)
def traced_for_each_size(model, optimizer):
    """The plain decorator."""
    return _step(model, optimizer, autograph=False)


@EXERCISE.mistake(
    "This returns the loss after the update. Return the loss from before it, which the step has "
    "computed anyway."
)
def loss_after_the_update(model, optimizer):
    """Once more forward."""
    update = _step(model, optimizer, reduce_retracing=True)

    def step(x, y):
        update(x, y)
        return _mean_loss(model(x, training=True), y)

    return tf.function(step, reduce_retracing=True)


@EXERCISE.mistake(
    "The sign is wrong: the weights have moved up the gradient, so the loss grows. The optimizer "
    "does the subtracting; pass it the gradient as it is."
)
def up_the_gradient(model, optimizer):
    """A minus too many."""

    def apply(gradients, weights):
        optimizer.apply([-one for one in gradients], weights)

    return _step(model, optimizer, apply=apply, reduce_retracing=True)


@EXERCISE.mistake(
    "`.numpy()` or float(…) asks for the number while the step is being traced, and there is none "
    "yet: return the tensor, and ask it for its number outside."
)
def number_inside(model, optimizer):
    """Wants to print it, say."""

    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = _mean_loss(model(x, training=True), y)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss.numpy()

    return step


@EXERCISE.mistake(
    "The exponential of a large logit is infinite, and so is the loss: take off the largest logit "
    "of each sequence first, as tf.reduce_logsumexp does."
)
def nothing_taken_off(model, optimizer):
    """log(sum(exp(logits))) as it stands in the book."""

    def loss_of(logits, y):
        log_of_sum = tf.math.log(tf.reduce_sum(tf.exp(logits), axis=1))
        return tf.reduce_mean(log_of_sum - tf.gather(logits, y, axis=1, batch_dims=1))

    return _step(model, optimizer, loss_of, reduce_retracing=True)


@EXERCISE.mistake(
    "The largest logit of the whole batch is taken off: where a sequence's own logits lie far "
    "below it, all of their exponentials are 0. Take off each sequence's own largest."
)
def largest_of_the_batch(model, optimizer):
    """reduce_max without an axis."""

    def loss_of(logits, y):
        logits = logits - tf.reduce_max(logits)
        log_of_sum = tf.math.log(tf.reduce_sum(tf.exp(logits), axis=1))
        return tf.reduce_mean(log_of_sum - tf.gather(logits, y, axis=1, batch_dims=1))

    return _step(model, optimizer, loss_of, reduce_retracing=True)


@EXERCISE.mistake(
    "The probability is cut off below: for an answer that is very wrong the loss stays the same "
    "whatever the weights do, and no gradient comes back. Take the loss from the logits."
)
def probabilities_cut_off(model, optimizer):
    """A tiny number as the least probability."""

    def loss_of(logits, y):
        right = tf.gather(tf.nn.softmax(logits), y, axis=1, batch_dims=1)
        return -tf.reduce_mean(tf.math.log(tf.maximum(right, 1e-30)))

    return _step(model, optimizer, loss_of, reduce_retracing=True)


@EXERCISE.mistake(
    "The loss is right, but no weight moves and the optimizer has counted no step: nothing was "
    "handed to it. Give it the gradients and the weights that they belong to."
)
def nothing_applied(model, optimizer):
    """The loss alone."""
    return _step(model, optimizer, apply=lambda gradients, weights: None, reduce_retracing=True)


@EXERCISE.mistake(
    "The weights are moved past the optimizer that was handed in, by hand or by a copy of it: it "
    "has counted no step, and remembers none. Hand it the gradients."
)
def past_the_optimizer(model, optimizer):
    """Plain descent with the optimizer's rate."""

    def apply(gradients, weights):
        for gradient, weight in zip(gradients, weights, strict=True):
            weight.assign_sub(tf.cast(optimizer.learning_rate, gradient.dtype) * gradient)

    return _step(model, optimizer, apply=apply, reduce_retracing=True)


@EXERCISE.mistake(
    "The optimizer is called once for each weight, and counts a step each time: hand it all "
    "gradients together."
)
def a_call_for_each_weight(model, optimizer):
    """apply in a loop."""

    def apply(gradients, weights):
        if not optimizer.built:
            optimizer.build(weights)
        for one in zip(gradients, weights, strict=True):
            optimizer.apply_gradients([one])

    return _step(model, optimizer, apply=apply, reduce_retracing=True)


@EXERCISE.alternative
def with_a_signature(model, optimizer):
    """Sizes that may differ are said beforehand; Keras's own loss and `apply`."""
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    specs = [tf.TensorSpec(one.shape, one.dtype) for one in model.inputs]
    x = tuple(specs) if len(specs) > 1 else specs[0]

    @tf.function(input_signature=[x, tf.TensorSpec((None,), tf.int64)])
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        optimizer.apply(tape.gradient(loss, model.trainable_weights), model.trainable_weights)
        return loss

    return step


@EXERCISE.alternative
def compiled_by_xla(model, optimizer):
    """Log-softmax by hand, pairs of gradient and weight, compiled as a whole."""

    def step(x, y):
        with tf.GradientTape() as tape:
            log_p = tf.nn.log_softmax(model(x, training=True))
            loss = -tf.reduce_mean(tf.gather(log_p, y, axis=1, batch_dims=1))
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    return tf.function(step, reduce_retracing=True, jit_compile=True)


@EXERCISE.alternative
def as_keras_trains(model, optimizer):
    """Compiled, and Keras's own step for a batch."""
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    @tf.function(reduce_retracing=True, autograph=False)
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True), training=True)
        weights = model.trainable_weights
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return step
