"""Exercise: truncated BPTT and clipping as one training step of TensorFlow's."""

import itertools
from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.beyond_one_case import large_numbers
from course_lib.exercises.ladder.graph_rungs import (
    compiles,
    equal_to_twin,
    exactly,
    fit_for_a_gpu,
    traceable,
    traced_once,
)
from course_lib.exercises.ladder.rungs import irregular, matches
from course_lib.graphs import (
    Counting,
    gpu_report,
    keras_in,
    own_twin,
    reads_before_writes,
    stumble,
    trace,
    without_advice,
    without_xla,
    xla_refusal,
)
from course_lib.scratch.bptt import truncated_bptt
from course_lib.scratch.clipping import clip_by_global_norm
from course_lib.training.by_hand.windows import train_step_windows

WEIGHTS = ("W_xh", "W_hh", "b_h", "W_hy", "b_y")
RATE, MOMENTUM = 0.5, 0.9
COUNTED = "steps that the optimizer has counted"
# Of the batches on which traces are counted: how many sequences.
SIZES = (2, 3, 1, 4, 2, 3, 5)


def sequence() -> Arrays:
    """Two sequences of seven steps in windows of three: the last has one. No limit yet.

    With three windows, the first one alone and all but the last are not the same.
    """
    return {
        "x": irregular(2, 7, 3),
        "labels": np.arange(14).reshape(2, 7) ** 2 % 11 % 5,  # other ones for each sequence
        "h_0": irregular(2, 4, shift=1, scale=0.6),
        "W_xh": irregular(3, 4, shift=2),
        "W_hh": irregular(4, 4, shift=3),
        "b_h": irregular(4, shift=4, scale=0.5),
        "W_hy": irregular(4, 5, shift=5),
        "b_y": irregular(5, shift=6, scale=0.5),
        "window": 3,
        "max_norm": 100.0,
    }


def four_steps() -> Arrays:
    """The first four: windows of three and of one, where it need not be told which is read."""
    given = sequence()
    return {**given, "x": given["x"][:, :4], "labels": given["labels"][:, :4]}


def far_from_zero() -> Arrays:
    """Logits far apart; the norm is as it is."""
    given = four_steps()
    return {**given, "W_hy": 100 * given["W_hy"], "max_norm": 1e6}


def one_window() -> Arrays:
    """A window longer than the sequence."""
    return {**sequence(), "window": 9}


def brief() -> Arrays:
    """Two steps, for what is traced again and again."""
    given = one_window()
    return {**given, "x": given["x"][:, :2], "labels": given["labels"][:, :2]}


def limited() -> Arrays:
    """A norm that is too long."""
    return {**four_steps(), "max_norm": 0.02}


def limited_and_brief() -> Arrays:
    """The same for three steps in windows of two, which takes XLA half as long."""
    given = limited()
    return {**given, "x": given["x"][:, :3], "labels": given["labels"][:, :3], "window": 2}


def single_step() -> Arrays:
    """One sequence of a single step; the norm is too long."""
    given = limited()
    return {
        **given,
        "x": given["x"][:1, :1],
        "labels": given["labels"][:1, :1],
        "h_0": given["h_0"][:1],
    }


class Labeller:
    """A vanilla RNN that labels every step; few steps, so they are written out.

    Where their number is unknown, as in a graph that a learner makes for windows of any length,
    they are TensorFlow's loop: Keras's own layers take such windows too.

    Args:
        given: inputs of a rung, with the weights.
    """

    def __init__(self, given):
        dtype = given["x"].dtype.name
        self.trainable_variables = self.trainable_weights = [
            keras.Variable(given[name], dtype=dtype, name=name) for name in WEIGHTS
        ]

    def __call__(self, x, h):
        """Logits at every step, and the last state."""
        W_xh, W_hh, b_h, W_hy, b_y = (one.value for one in self.trainable_variables)
        if x.shape[1] is None:
            by_time = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
            h = tf.scan(lambda h, a_t: tf.tanh(a_t + h @ W_hh), by_time, h)
            return tf.transpose(h, (1, 0, 2)) @ W_hy + b_y, h[-1]
        states = []
        for t in range(x.shape[1]):
            h = tf.tanh(x[:, t] @ W_xh + h @ W_hh + b_h)
            states.append(h)
        return tf.stack(states, axis=1) @ W_hy + b_y, h


def step_of(function, given: Arrays, model, optimizer=None, as_asked=False):
    """The learner's training step for a model, in which Keras's losses have the model's dtype.

    Unless it is to run as it asks, XLA is left out, which takes long for each size.
    """
    optimizer = optimizer or keras.optimizers.SGD(RATE)
    dtype = given["x"].dtype.name
    with keras_in(dtype):
        step = function(model, optimizer, given["window"], given["max_norm"])
    if not callable(step):
        kind = with_article(type(step).__name__)
        raise Unusable(f"train_step_windows returned {kind}; it returns the step, a function.")
    step = reads_before_writes()(keras_in(dtype)(step))
    return step if as_asked else without_xla()(step)


def results(returned) -> list:
    """What a step gave: loss, state, norm."""
    if not isinstance(returned, tuple | list) or len(returned) != 3:
        kind = with_article(type(returned).__name__)
        raise Unusable(
            f"The step returned {kind}; it returns three: the loss, h_last and the norm."
        )
    return list(returned)


def in_this_order(found: list) -> list:
    """Loss, state, norm; the state alone has axes."""
    axes = [plain(one).ndim for one in found]
    if axes != [0, 2, 0] and sorted(axes) == [0, 0, 2]:
        raise Unusable(
            f"The state stands in place {1 + axes.index(2)} of what the step returned: it returns "
            "the loss, h_last and the norm, in this order."
        )
    return found


def plain(value) -> np.ndarray:
    """A tensor, or a number, as an array."""
    return np.asarray(keras.ops.convert_to_numpy(value))


def after_steps(function, given: Arrays, steps: int, optimizer=None) -> Arrays:
    """What the last of some steps gives, and the weights after it."""
    model, optimizer = Labeller(given), optimizer or keras.optimizers.SGD(RATE)
    step = step_of(function, given, model, optimizer)
    data = [tf.constant(given[name]) for name in ("x", "labels", "h_0")]
    with without_advice():
        for _ in range(steps):
            loss, h_last, norm = in_this_order(results(step(*data)))
    new = {n: plain(w) for n, w in zip(WEIGHTS, model.trainable_variables, strict=True)}
    new[COUNTED] = plain(optimizer.iterations).astype(float)
    return {"loss": plain(loss), "h_last": plain(h_last), "norm": plain(norm), **new}


def one_step(function, given: Arrays) -> Arrays:
    """One step."""
    return after_steps(function, given, 1)


def with_momentum(function, given: Arrays) -> Arrays:
    """Two steps of an optimizer that remembers the first."""
    return after_steps(function, given, 2, keras.optimizers.SGD(RATE, momentum=MOMENTUM))


def with_own_twin(function, given: Arrays) -> Arrays:
    """`one_step`; beside it, the loss and the last state of the learner's own NumPy."""
    outputs = one_step(function, given)
    twin = own_twin(function, "truncated_bptt")
    if twin is not None:
        params = {name: given[name] for name in WEIGHTS}
        loss, _, h_last = twin(
            params,
            given["x"],
            given["labels"],
            given["h_0"],
            min(given["window"], given["x"].shape[1]),
        )
        outputs |= {"loss by your twin": loss, "h_last by your twin": h_last}
    return outputs


def in_numpy(given: Arrays, steps: int = 1, momentum: float = 0.0) -> Arrays:
    """The same steps with truncated_bptt and clip_by_global_norm."""
    params = {name: given[name] for name in WEIGHTS}
    velocity = dict.fromkeys(WEIGHTS, 0.0)
    for _ in range(steps):
        loss, grads, h_last = truncated_bptt(
            params, given["x"], given["labels"], given["h_0"], given["window"]
        )
        grads, norm = clip_by_global_norm(grads, given["max_norm"])
        velocity = {n: momentum * velocity[n] - RATE * grads[n] for n in WEIGHTS}
        params = {name: params[name] + velocity[name] for name in WEIGHTS}
    params[COUNTED] = np.asarray(float(steps))
    return {"loss": np.asarray(loss), "h_last": h_last, "norm": np.asarray(norm), **params}


def stepping_once(rung: Rung) -> Rung:
    """The same rung; where it fails, it says first if the optimizer has not taken one step."""

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        problem, times = rung.judge(given, outputs), int(outputs[COUNTED])
        if problem is None or times == 1:
            return problem
        if times == 0:
            return Problem(
                "The optimizer that was handed in has counted no step: hand it the gradients, for "
                "its rate and its momentum are its own."
            )
        return Problem(
            f"For one batch the optimizer has counted {times} steps: hand it the gradients of all "
            "weights together, once, when all windows have been read."
        )

    return replace(rung, judge=judge)


def two_with_momentum(given: Arrays) -> Arrays:
    """What `with_momentum` should give."""
    return in_numpy(given, steps=2, momentum=MOMENTUM)


def specs(given: Arrays) -> list:
    """A batch of any size."""
    return [
        tf.TensorSpec((None, *given[name].shape[1:]), given[name].dtype)
        for name in ("x", "labels", "h_0")
    ]


def traced(function, given: Arrays) -> Arrays:
    """Whether the step can be traced before the batch is known."""
    step = step_of(function, given, Labeller(given))
    with without_advice():
        return {"stumbles over": stumble(lambda: trace(step, *specs(given)))}


def tracings(function, given: Arrays) -> Arrays:
    """How often Python runs the model for batches of several sizes."""
    model = Labeller(given)
    counting = Counting(model)
    counting.trainable_variables = counting.trainable_weights = model.trainable_variables
    step = step_of(function, given, counting)
    losses = []
    for number, size in enumerate(SIZES):
        one = of_size(given, size)
        with without_advice():
            loss, *_ = results(step(*(tf.constant(one[n]) for n in ("x", "labels", "h_0"))))
        losses.append(float(plain(loss)))
        if number == 0:
            counting.times = 0
    new = len(set(SIZES)) - 1
    return {
        "batches": len(SIZES) - 1,
        "new sizes": new,
        "traces": counting.times,
        "for graphs": counting.traced,
        "losses": np.array(losses),
    }


def of_size(given: Arrays, size: int) -> Arrays:
    """The same with a batch of another size."""
    rows = np.arange(size) % 2
    return given | {name: given[name][rows] for name in ("x", "labels", "h_0")}


def losses_of_sizes(given: Arrays) -> list[float]:
    """The losses of `tracings`, in NumPy."""
    losses = []
    for size in SIZES:
        found = in_numpy(of_size(given, size))
        losses.append(float(found["loss"]))
        given = given | {name: found[name] for name in WEIGHTS}
    return losses


def by_xla(function, given: Arrays) -> Arrays:
    """A step that XLA has compiled."""
    model, optimizer = Labeller(given), keras.optimizers.SGD(RATE)
    step = step_of(function, given, model, optimizer, as_asked=True)
    outputs = {}

    def run():
        with without_advice():
            compiled = trace(lambda *data: results(step(*data)), *specs(given), jit_compile=True)
        found = compiled(*(tf.constant(given[name]) for name in ("x", "labels", "h_0")))
        outputs.update(zip(("loss", "h_last", "norm"), map(plain, found), strict=True))
        outputs.update(zip(WEIGHTS, map(plain, model.trainable_variables), strict=True))
        outputs[COUNTED] = plain(optimizer.iterations).astype(float)

    return {"refused": xla_refusal(run), **outputs}


def for_a_gpu(function, given: Arrays) -> Arrays:
    """The graph of a step, in float32.

    Labels are int32: TensorFlow has no tf.split of int64 on a GPU, and nobody was asked to know.
    """
    given = {
        name: value.astype(np.float32) if getattr(value, "dtype", None) == np.float64 else value
        for name, value in given.items()
    }
    given["labels"] = given["labels"].astype(np.int32)
    with without_advice():
        return gpu_report(trace(step_of(function, given, Labeller(given)), *specs(given)))


EXERCISE = Exercise(
    reference=train_step_windows,
    title="A training step in windows",
    goal="Turn truncated BPTT and clipping into one step that TensorFlow traces once and then "
    "runs.",
    difficulty=3,
    minutes=50,
    kind="speed up",
    twin="truncated_bptt",
    uses=("truncated_bptt", "clip_by_global_norm"),
    returns={},
    ladder=(
        stepping_once(
            matches(
                "one window is full BPTT",
                one_window,
                in_numpy,
                "A window longer than the sequence, and a limit that is never reached.",
                one_step,
            )
        ),
        stepping_once(equal_to_twin("truncated_bptt", sequence, in_numpy, with_own_twin)),
        large_numbers(far_from_zero, in_numpy, one_step),
        exactly(
            matches(
                "a gradient that is too long is shortened as a whole",
                limited,
                in_numpy,
                "With a limit below the norm.",
                one_step,
            )
        ),
        matches(
            "the optimizer decides how far to go",
            single_step,
            two_with_momentum,
            "One sequence of a single time step, and two steps of an optimizer with momentum.",
            with_momentum,
        ),
        traceable(four_steps, traced),
        traced_once(brief, tracings, losses_of_sizes),
        compiles(limited_and_brief, in_numpy, by_xla),
        fit_for_a_gpu(four_steps, for_a_gpu),
    ),
    equivalent={
        "optimizer.build(weights) -> pass": (
            "an optimizer that isn't built builds itself at its first step"
        ),
        "optimizer.build(weights) -> weights": "as above",
        "optimizer.build(weights) -> optimizer": "as above",
        "T, h, loss = (x.shape[1], h_0,  -> T, h, loss = (labels.shape[1], h_0, ": (
            "there are as many labels as steps"
        ),
        "zip(gradients, more, strict=True)] -> zip(gradients, more)]": "there are as many",
        "gradients, more, strict=True)] -> gradients, more, strict=False)]": "as above",
        "for g, d in zip(gradients, more, strict=True)] -> for g, d in zip(more, gradients, "
        "strict=True)]": "the order of a sum is free",
        "optimizer.apply(limited, weights) -> optimizer.apply(limited)": (
            "the optimizer was built for these weights, in this order"
        ),
    },
    promises={
        "Source: ": "scaffold: where it comes from",
        "model: called": "equal to truncated_bptt, to 1e-10 in float64",
        "model: it is built": "equal to truncated_bptt, to 1e-10 in float64",
        "model: It computes": "equal to truncated_bptt, to 1e-10 in float64",
        "model: loss, state and norm": "equal to truncated_bptt, to 1e-10 in float64",
        "optimizer: an optimizer": "the optimizer decides how far to go",
        "window: steps": "equal to truncated_bptt, to 1e-10 in float64",
        "window: the last": "equal to truncated_bptt, to 1e-10 in float64",
        "max_norm: ": "a gradient that is too long is shortened as a whole",
        "step: a function": "traced once, for batches of any size",
        "step: It changes": "equal to truncated_bptt, to 1e-10 in float64",
    },
    hints=(
        Hint(
            "Where is the gradient stopped?",
            "In NumPy it stopped by itself, because each window was a call of its own. A tape goes "
            "back as far as it has recorded. What has it recorded, in your step, when you ask it?",
        ),
        Hint(
            "What is added up, and with which weight?",
            "Cut 7 steps into windows of 3, 3 and 1. The loss is the mean over all 7. Draw the "
            "seven losses, and write next to each what it is divided by in the mean of its own "
            "window.",
            fits=(
                "windows count alike",
                "windows added up",
                "last window only",
                "update in each window",
                "step and norm of each window",
            ),
        ),
        Hint(
            "It is traced again and again.",
            "What `tf.function` returns keeps its graphs. A new one for each batch starts with "
            "none, so make it once, outside the step's calls. And a graph for one size of batch "
            "does not fit the next size, unless TensorFlow is told that the size may differ.",
            fits=(
                "not traced",
                "traced for each size",
                "traced for every batch",
                "TensorFlow can trace it, whatever the size of the batch",
                "traced once, for batches of any size",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "Inside, `step` under `@tf.function(reduce_retracing=True)`. For each `start` in "
            "`range(0, T, window)` open a tape, call the model on the slice from the state that "
            "the last call gave, take the mean of `tf.nn.sparse_softmax_cross_entropy_with_logits`"
            ", times the window's share of T, and ask the tape for its gradients; add them up. "
            "Then `tf.clip_by_global_norm`, which gives the norm too, and `optimizer.apply`, once.",
        ),
    ),
)


def _steps(
    model,
    optimizer,
    window,
    max_norm,
    share=lambda steps, T, window: steps / T,
    carry=lambda h, h_0: h,
    errors=None,
    total=lambda old, more: old + more,
    one=lambda gradients: gradients,
    limit=tf.clip_by_global_norm,
    retracing=True,
    traced=True,
    apply=None,
    each=None,
    starts=lambda T, window: range(0, T, window),
):
    """The reference with one of its parts replaced; for mistakes."""
    weights = model.trainable_variables
    optimizer.build(weights)
    errors = errors or (
        lambda labels, logits: tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    )

    def step(x, labels, h_0):
        T, h, loss = x.shape[1], h_0, 0.0
        gradients = [tf.zeros_like(w) for w in weights]
        for start in starts(T, window):
            part = slice(start, start + window)
            with tf.GradientTape() as tape:
                logits, h = model(x[:, part], carry(h, h_0))
                found = errors(labels[:, part], logits)
                value = share(found.shape[1], T, window) * tf.reduce_mean(found)
            loss += value
            more = one(tape.gradient(value, [w.value for w in weights]))
            if each:
                each(optimizer, more, weights)
            gradients = [total(g, d) for g, d in zip(gradients, more, strict=True)]
        limited, norm = limit(gradients, max_norm)
        if apply:
            apply(weights, limited)
        elif not each:
            optimizer.apply(limited, weights)
        return loss, h, norm

    return tf.function(step, reduce_retracing=retracing, autograph=False) if traced else step


@EXERCISE.mistake(
    "The gradient isn't stopped: one tape has recorded all windows, and goes back through the "
    "borders as if there were none. That is full BPTT, and its memory."
)
def gradient_not_stopped(model, optimizer, window, max_norm):
    """One tape around the loop."""
    weights = model.trainable_variables
    optimizer.build(weights)

    @tf.function(reduce_retracing=True, autograph=False)
    def step(x, labels, h):
        T, loss = x.shape[1], 0.0
        with tf.GradientTape() as tape:
            for start in range(0, T, window):
                part = slice(start, start + window)
                logits, h = model(x[:, part], h)
                errors = tf.nn.sparse_softmax_cross_entropy_with_logits(labels[:, part], logits)
                loss += errors.shape[1] / T * tf.reduce_mean(errors)
        gradients = tape.gradient(loss, [w.value for w in weights])
        limited, norm = tf.clip_by_global_norm(gradients, max_norm)
        optimizer.apply(limited, weights)
        return loss, h, norm

    return step


@EXERCISE.mistake(
    "The sequence begins from zeros, whatever h_0 holds: it is where the one before ended, and the "
    "first window begins there."
)
def from_zeros(*arguments):
    """h_0 unused."""
    step = _steps(*arguments, traced=False)
    begun = lambda x, labels, h_0: step(x, labels, tf.zeros_like(h_0))  # noqa: E731
    return tf.function(begun, reduce_retracing=True, autograph=False)


@EXERCISE.mistake(
    "Every window begins with h_0: only the gradient is cut, the state goes on from one window to "
    "the next."
)
def state_reset(*arguments):
    """h_0 at each border."""
    return _steps(*arguments, carry=lambda h, h_0: h_0)


@EXERCISE.mistake(
    "The windows are counted from the end, so the first one is the shorter: the others' borders "
    "stand elsewhere then. The first window begins with the first step, and the last is shorter."
)
def short_window_first(model, optimizer, window, max_norm):
    """One tape; the borders come from the end."""

    @tf.function(reduce_retracing=True, autograph=False)
    def step(x, labels, h):
        T = x.shape[1]
        borders = [0, *range(T % window or window, T + 1, window)] if window < T else [0, T]
        with tf.GradientTape() as tape:
            logits = []
            for start, end in itertools.pairwise(borders):
                part, h = model(x[:, start:end], tf.stop_gradient(h))
                logits.append(part)
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels, tf.concat(logits, axis=1))
            )
        weights = model.trainable_variables
        limited, norm = tf.clip_by_global_norm(tape.gradient(loss, weights), max_norm)
        optimizer.apply(limited, weights)
        return loss, h, norm

    return step


@EXERCISE.mistake(
    "The last window is never read where it is shorter than the others: its steps belong to the "
    "loss and to the gradient too, and the state goes on to step T."
)
def short_window_dropped(*arguments):
    """Whole windows only."""
    return _steps(*arguments, starts=lambda T, window: range(0, max(T - window, 0) + 1, window))


@EXERCISE.mistake(
    "The windows count equally, whatever their length: the loss is the mean over all steps, so a "
    "shorter last window counts less."
)
def windows_count_alike(*arguments):
    """1 / number of windows."""
    return _steps(*arguments, share=lambda steps, T, window: 1 / -(-T // window))


@EXERCISE.mistake(
    "The losses of the windows are added up as they are: each is a mean over its own steps, but "
    "the loss is the mean over all steps."
)
def windows_added_up(*arguments):
    """Weight 1."""
    return _steps(*arguments, share=lambda steps, T, window: 1.0)


@EXERCISE.mistake(
    "The gradients are shortened tensor by tensor: each then gets a factor of its own, and "
    "together they point elsewhere. Use one norm over all of them, and one factor."
)
def clipped_tensor_by_tensor(*arguments):
    """tf.clip_by_norm in a loop."""
    return _steps(
        *arguments,
        limit=lambda gradients, most: (
            [tf.clip_by_norm(g, most) for g in gradients],
            tf.linalg.global_norm(gradients),
        ),
    )


@EXERCISE.mistake(
    "Each entry is limited separately, which changes the direction: shorten all of them by one "
    "factor, from their joint norm."
)
def clipped_by_value(*arguments):
    """tf.clip_by_value."""
    return _steps(
        *arguments,
        limit=lambda gradients, most: (
            [tf.clip_by_value(g, -most, most) for g in gradients],
            tf.linalg.global_norm(gradients),
        ),
    )


@EXERCISE.mistake(
    "Each window's gradient is shortened before it is added: the limit is for the step that is "
    "taken, so add up first."
)
def each_window_clipped(model, optimizer, window, max_norm):
    """Clips inside the loop."""
    return _steps(
        *(model, optimizer, window, max_norm),
        one=lambda gradients: tf.clip_by_global_norm(gradients, max_norm)[0],
    )


@EXERCISE.mistake(
    "Each window has a limit and a norm of its own, and the norm that comes back is the last "
    "window's: both are for the sum over all windows, which is what the optimizer gets."
)
def each_window_clipped_and_the_last_norm(model, optimizer, window, max_norm):
    """Limit and norm inside the loop."""
    norms = []

    def one(gradients):
        limited, norm = tf.clip_by_global_norm(gradients, max_norm)
        norms.append(norm)
        return limited

    return _steps(
        *(model, optimizer, window, max_norm),
        one=one,
        limit=lambda gradients, most: (gradients, norms[-1]),
    )


@EXERCISE.mistake(
    "This is the norm after clipping. Return the one before, which tells how often the limit was "
    "needed."
)
def norm_of_what_is_left(*arguments):
    """Measured too late."""

    def limit(gradients, most):
        limited, _ = tf.clip_by_global_norm(gradients, most)
        return limited, tf.linalg.global_norm(limited)

    return _steps(*arguments, limit=limit)


@EXERCISE.mistake(
    "Nothing is limited: what goes to the optimizer must have a joint norm of at most max_norm."
)
def not_clipped(*arguments):
    """The gradients as they are."""
    return _steps(
        *arguments, limit=lambda gradients, most: (gradients, tf.linalg.global_norm(gradients))
    )


@EXERCISE.mistake(
    "There is a softmax before a loss that takes logits, so there are two of them: pass the "
    "model's logits to the loss as they are."
)
def softmax_twice(*arguments):
    """Probabilities where logits belong."""
    return _steps(
        *arguments,
        errors=lambda labels, logits: tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels, tf.nn.softmax(logits)
        ),
    )


@EXERCISE.mistake(
    "The weights change after each window, so the later windows are read by a different network: "
    "add up the gradients of the windows, and take one step."
)
def update_in_each_window(*arguments):
    """optimizer.apply in the loop."""
    return _steps(
        *arguments, each=lambda optimizer, gradients, weights: optimizer.apply(gradients, weights)
    )


@EXERCISE.mistake(
    "There is a step after each window, by that window's own gradient, and the rest is then read "
    "with other weights: first add up what all windows say, shorten the sum, and step once."
)
def step_and_norm_of_each_window(model, optimizer, window, max_norm):
    """Limits and applies in the loop; the norm is that of the last window."""
    weights = model.trainable_variables
    optimizer.build(weights)

    @tf.function(reduce_retracing=True, autograph=False)
    def step(x, labels, h):
        T, loss = x.shape[1], 0.0
        for start in range(0, T, window):
            part = slice(start, start + window)
            with tf.GradientTape() as tape:
                logits, h = model(x[:, part], h)
                errors = tf.nn.sparse_softmax_cross_entropy_with_logits(labels[:, part], logits)
                value = errors.shape[1] / T * tf.reduce_mean(errors)
            gradients = tape.gradient(value, [w.value for w in weights])
            limited, norm = tf.clip_by_global_norm(gradients, max_norm)
            optimizer.apply(limited, weights)
            loss += value
        return loss, h, norm

    return step


@EXERCISE.mistake(
    "Each window's gradient is shortened, and their sum is not: it may then be longer than "
    "max_norm, and points elsewhere than the whole gradient. Shorten once, after the sum."
)
def windows_clipped_and_not_their_sum(model, optimizer, window, max_norm):
    """Clips inside the loop alone."""
    return _steps(
        *(model, optimizer, window, max_norm),
        one=lambda gradients: tf.clip_by_global_norm(gradients, max_norm)[0],
        limit=lambda gradients, most: (gradients, tf.linalg.global_norm(gradients)),
    )


@EXERCISE.mistake(
    "Only the last window's gradient is left: each turn of the loop overwrites the one before, "
    "instead of adding to it."
)
def last_window_only(*arguments):
    """= where += belongs."""
    return _steps(*arguments, total=lambda old, more: more)


@EXERCISE.mistake(
    "The step is taken without the optimizer: it may have a memory of earlier steps, and a rate of "
    "its own, so give it the gradients."
)
def without_the_optimizer(model, optimizer, window, max_norm):
    """assign_sub."""

    def apply(weights, gradients):
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.assign(weight - optimizer.learning_rate * gradient)

    return _steps(model, optimizer, window, max_norm, apply=apply)


@EXERCISE.mistake(
    "The step keeps the state that a call ended with, and the next call begins there: each begins "
    "with the h_0 that is handed to it."
)
def goes_on_from_the_last_call(*arguments):
    """h_last of the call before for h_0."""
    step, kept = _steps(*arguments), []

    def going_on(x, labels, h_0):
        if kept and kept[-1].shape == h_0.shape:
            h_0 = kept[-1]
        loss, h_last, norm = step(x, labels, h_0)
        kept.append(h_last)
        return loss, h_last, norm

    return going_on


@EXERCISE.mistake(
    "The step isn't traced: Python runs every operation of every batch. tf.function makes a graph "
    "of it, once."
)
def not_traced(*arguments):
    """A plain function."""
    return _steps(*arguments, traced=False)


@EXERCISE.mistake(
    "The step is traced again for each size of the batch: tell tf.function that sizes may differ, "
    "with reduce_retracing=True or with an input_signature that has None."
)
def traced_for_each_size(*arguments):
    """The plain decorator."""
    return _steps(*arguments, retracing=False)


@EXERCISE.mistake(
    "A new tf.function is made for every batch, and each has to be traced before it can run: make "
    "it once, and call it for every batch."
)
def traced_for_every_batch(*arguments):
    """tf.function inside the step."""

    def step(x, labels, h_0):
        return _steps(*arguments)(x, labels, h_0)

    return step


@EXERCISE.mistake(
    "Something on the way to the loss is float32, such as the logits after a cast, although the "
    "model's numbers are float64: leave the dtype as it comes."
)
def loss_in_float32(*arguments):
    """A cast that nobody asked for."""
    return _steps(
        *arguments,
        errors=lambda labels, logits: tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels, tf.cast(logits, tf.float32)
        ),
        share=lambda steps, T, window: tf.constant(steps / T, tf.float32),
    )


@EXERCISE.alternative
def with_a_graph_for_a_window(model, optimizer, window, max_norm):
    """A graph inside the graph, which takes windows of any length."""

    @tf.function(reduce_retracing=True)
    def of_a_window(x, labels, h):
        with tf.GradientTape() as tape:
            logits, h = model(x, h)
            errors = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            total = tf.reduce_sum(errors)
        return total, h, tape.gradient(total, model.trainable_variables)

    @tf.function(reduce_retracing=True)
    def step(x, labels, h_0):
        totals, gradients, h = [], [], h_0
        for start in range(0, x.shape[1], window):
            cut = slice(start, start + window)
            total, h, gradient = of_a_window(x[:, cut], labels[:, cut], h)
            totals.append(total)
            gradients.append(gradient)
        loss = tf.add_n(totals)
        count = tf.cast(tf.size(labels), loss.dtype)
        mean = [tf.add_n(one) / count for one in zip(*gradients, strict=True)]
        clipped, norm = tf.clip_by_global_norm(mean, max_norm)
        optimizer.apply(clipped, model.trainable_variables)
        return loss / count, h, norm

    return step


@EXERCISE.alternative
def with_a_loss_of_keras(*arguments):
    """The loss as a class of Keras's, which has a dtype of its own."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
    return _steps(*arguments, errors=loss)


@EXERCISE.alternative
def stopped_at_the_borders(model, optimizer, window, max_norm):
    """One tape, and the carried state is a constant."""

    @tf.function(reduce_retracing=True, autograph=False)
    def step(x, labels, h):
        T = x.shape[1]
        with tf.GradientTape() as tape:
            logits = []
            for start in range(0, T, window):
                part, h = model(x[:, start : start + window], tf.stop_gradient(h))
                logits.append(part)
            loss = tf.reduce_mean(
                keras.losses.sparse_categorical_crossentropy(
                    labels, tf.concat(logits, axis=1), from_logits=True
                )
            )
        variables = model.trainable_variables
        gradients = tape.gradient(loss, variables)
        norm = tf.linalg.global_norm(gradients)
        factor = tf.minimum(max_norm / norm, 1)
        optimizer.apply_gradients(
            [(factor * g, v) for g, v in zip(gradients, variables, strict=True)]
        )
        return loss, h, norm

    return step


@EXERCISE.alternative
def split_in_windows(model, optimizer, window, max_norm):
    """tf.split of inputs and labels, and sums that are divided last."""

    @tf.function(reduce_retracing=True, autograph=False)
    def step(x, labels, h):
        T = x.shape[1]
        sizes = [min(window, T - start) for start in range(0, T, window)]
        weights = model.trainable_variables
        total, loss = [tf.zeros_like(w) for w in weights], 0.0
        parts = zip(tf.split(x, sizes, axis=1), tf.split(labels, sizes, axis=1), strict=True)
        for x_part, labels_part in parts:
            with tf.GradientTape() as tape:
                logits, h = model(x_part, h)
                errors = tf.nn.sparse_softmax_cross_entropy_with_logits(labels_part, logits)
                value = tf.reduce_sum(errors) / tf.cast(tf.size(labels), errors.dtype)
            loss += value
            total = [a + b for a, b in zip(total, tape.gradient(value, weights), strict=True)]
        limited, norm = tf.clip_by_global_norm(total, max_norm)
        optimizer.apply(limited, weights)
        return loss, h, norm

    return step


@EXERCISE.alternative
def with_a_signature(model, optimizer, window, max_norm):
    """Sums over steps, divided last; the signature leaves the batch open."""
    known = {}

    def step(x, labels, h):
        T, total = x.shape[1], 0.0
        sums = None
        for start in range(0, T, window):
            with tf.GradientTape() as tape:
                logits, h = model(x[:, start : start + window], h)
                log_p = tf.nn.log_softmax(logits)
                right = tf.gather(log_p, labels[:, start : start + window], axis=2, batch_dims=2)
                loss = -tf.reduce_sum(right) / tf.cast(tf.size(labels), right.dtype)
            gradients = tape.gradient(loss, model.trainable_weights)
            sums = (
                gradients if sums is None else [a + b for a, b in zip(sums, gradients, strict=True)]
            )
            total += loss
        sums, norm = tf.clip_by_global_norm(sums, max_norm)
        optimizer.apply(sums, model.trainable_weights)
        return total, h, norm

    def call(x, labels, h):
        if "step" not in known:
            known["step"] = tf.function(
                step,
                autograph=False,
                input_signature=[
                    tf.TensorSpec((None, *one.shape[1:]), one.dtype) for one in (x, labels, h)
                ],
            )
        return known["step"](x, labels, h)

    return call
