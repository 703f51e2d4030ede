# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises 2: backpropagation through time
#
# By the end you will have a complete backward pass of your own: it works for any batch size and
# length, it has passed a gradient check that you wrote yourself, it can be truncated and clipped,
# and TensorFlow trains with it. [Chapter 2](../book/bptt.md) derives every formula; each exercise
# links to its section.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_lib.exercises import (
    check,
    hint,
    measured,
    predict,
    solution,
    when_passed,
    within,
)
from course_lib.figures.style import use_style
from course_lib.scratch.bptt import loss_and_gradients
from course_lib.scratch.losses import (
    cross_entropy_from_logits,
    cross_entropy_gradient,
)
from course_lib.scratch.rnn import init_params, rnn_forward

use_style()

# %% [markdown]
# The forward pass and the loss are given: they are those of chapter 1. `dv` always means the
# gradient of the loss with respect to `v`, and has the shape of `v`.
#
# | name | shape | meaning |
# |---|---|---|
# | `x`, `labels` | (batch, T, m), (batch, T) | inputs, and the right class of each step |
# | `h_0`, `h` | (batch, n), (batch, T, n) | state before the first step, and those after each |
# | `dh_t`, `dh` | (batch, n), (batch, T, n) | gradient that reaches the states |
# | `cache` | `(x, h_0, h, W_xh, W_hh)` | what `rnn_forward` kept |
# | `params`, `grads` | dicts | keys `W_xh`, `W_hh`, `b_h`, `W_hy`, `b_y` |
#
# In most cells below, batch, T, m, n and c all differ, so that a wrong transpose has a wrong
# shape. `W_hh` is the exception: it is square, so only the numbers show when it is transposed by
# mistake.

# %% [markdown]
# ## From one step to the sequence

# %%
# EXERCISE: rnn_step_backward

# %% [markdown]
# Look at what a saturated unit does to a gradient: the same `dh_t` goes in, three times, for a
# state near 0, halfway, and near 1.

# %%
if when_passed("rnn_step_backward"):
    x_t, h_prev = np.array([[1.0, -2.0]]), np.array([[0.5]])
    W_xh, W_hh = np.array([[0.3], [0.1]]), np.array([[0.9]])
    for state in (0.0, 0.5, 0.99):
        h_t = np.array([[state]])
        _, dh_prev, *_ = rnn_step_backward(
            np.ones((1, 1)), x_t, h_prev, h_t, W_xh, W_hh
        )
        print(f"h_t = {state:4.2f}   dh_prev = {dh_prev[0, 0]:.3f}")

# %% [markdown]
# Your step is the only mathematics in the sequence; what follows is bookkeeping.

# %%
# EXERCISE: rnn_backward

# %% [markdown]
# The readout completes the backward pass. This cell puts your `rnn_backward` between the loss and
# the weights, and shows which inputs get credit when only the loss of step 4 of 6 counts.


# %%
def my_gradients(params, x, labels, h_0):
    """Gradients of the mean loss, by your own BPTT."""
    h, cache = rnn_forward(
        x, h_0, params["W_xh"], params["W_hh"], params["b_h"]
    )
    dlogits = cross_entropy_gradient(h @ params["W_hy"] + params["b_y"], labels)
    _, _, dW_xh, dW_hh, db_h = rnn_backward(dlogits @ params["W_hy"].T, cache)
    return {
        "W_xh": dW_xh,
        "W_hh": dW_hh,
        "b_h": db_h,
        "W_hy": np.einsum("btn,btc->nc", h, dlogits),
        "b_y": dlogits.sum(axis=(0, 1)),
    }


rng = np.random.default_rng(0)
params = init_params(m=3, n=4, c=2, seed=0)
x, labels, h_0 = (
    rng.normal(size=(5, 6, 3)),
    rng.integers(0, 2, size=(5, 6)),
    np.zeros((5, 4)),
)

if when_passed("rnn_backward"):
    h, cache = rnn_forward(
        x, h_0, params["W_xh"], params["W_hh"], params["b_h"]
    )
    dh = np.zeros_like(h)
    dh[:, 3] = 1.0
    dx, *_ = rnn_backward(dh, cache)
    for t in range(6):
        print(f"step {t + 1}: gets credit: {bool(np.any(dx[:, t] != 0))}")

# %% [markdown]
# ## Trust nothing, check it

# %%
# EXERCISE: numerical_gradient

# %% [markdown]
# Try a step that is too large and one that is too small, on a function whose derivative we know:
# the sum of cubes.

# %%
if when_passed("numerical_gradient"):
    w = np.array([1.0, -2.0, 0.5])
    for step, low, high in ((1e-1, 1e-8, 1), (1e-5, 0, 1e-8), (1e-13, 1e-8, 1)):
        error = np.abs(
            numerical_gradient(lambda: np.sum(w**3), w, step) - 3 * w**2
        ).max()
        print(f"step {step:<6.1g} error {within(error, low, high)}")

# %%
# EXERCISE: gradient_check

# %% [markdown]
# Now the moment of truth: your own check judges your BPTT. Then the same again with one sign
# reversed, to see that the check can fail.

# %%
if when_passed("rnn_backward") and when_passed("gradient_check"):

    def loss():
        """Mean loss at the present params."""
        h, _ = rnn_forward(
            x, h_0, params["W_xh"], params["W_hh"], params["b_h"]
        )
        return cross_entropy_from_logits(
            h @ params["W_hy"] + params["b_y"], labels
        )

    grads = my_gradients(params, x, labels, h_0)
    passed, errors = gradient_check(loss, params, grads)
    print("your BPTT passes:", passed)
    print("the largest error:", within(max(errors.values()), 0, 1e-7))

    passed, errors = gradient_check(
        loss, params, grads | {"b_h": -grads["b_h"]}
    )
    print("with one sign turned it passes:", passed)
    print(
        "where:", [name for name, error in errors.items() if not error <= 1e-6]
    )

# %% [markdown]
# ## Shorter, and never too long

# %%
# EXERCISE: truncated_bptt

# %% [markdown]
# The loss must not depend on the window, but the gradient does. How far is each truncated gradient
# from the full one? (A wider window is usually closer, but not always, because the windows also
# begin at other steps.)

# %%
if when_passed("truncated_bptt"):
    full_loss, full, _ = loss_and_gradients(params, x, labels, h_0)
    for window in (1, 2, 3, 6):
        cut_loss, cut, _ = truncated_bptt(params, x, labels, h_0, window)
        distance = np.linalg.norm(cut["W_hh"] - full["W_hh"]) / np.linalg.norm(
            full["W_hh"]
        )
        same = bool(np.isclose(cut_loss, full_loss))
        print(
            f"window {window}   same loss: {same}   "
            f"relative error of W_hh: {distance:.2f}"
        )

# %%
# EXERCISE: clip_by_global_norm

# %% [markdown]
# Now put everything together and train on an echo. The inputs are random signs, and the label of
# each step is the sign three steps before. The first three labels can't be known, so the average
# loss can't get below 3/12 of ln 2. One network is trained with windows of one step, so no
# gradient goes back to an earlier step. The other has windows of all twelve.


# %%
def echo(seed, batch=16, T=12, delay=3):
    """Random signs (batch, T, 1), and at each step that of `delay` before."""
    bits = np.random.default_rng(seed).integers(0, 2, size=(batch, T + delay))
    return (2.0 * bits[:, delay:] - 1)[..., None], bits[:, :T]


def train(window, updates=400, rate=1.0):
    """Train a small network with your functions; its loss on fresh data."""
    params = init_params(
        m=1, n=8, c=2, seed=1, recurrent="gaussian", radius=0.3
    )
    for i in range(updates):
        _, grads, _ = truncated_bptt(
            params, *echo(i), np.zeros((16, 8)), window
        )
        grads, _ = clip_by_global_norm(grads, 1.0)
        for name in params:
            params[name] -= rate * grads[name]
    loss, _, _ = loss_and_gradients(params, *echo(10_000), np.zeros((16, 8)))
    return loss


if when_passed("truncated_bptt") and when_passed("clip_by_global_norm"):
    floor = 3 / 12 * np.log(2)
    for window, low, high in ((1, 0.1, 1), (12, -0.1, 0.1)):
        excess = within(train(window) - floor, low, high)
        print(f"window {window:2d}   loss above the floor: {excess}")

# %% [markdown]
# A sequence may also be too long to wait for its end: then the weights move after every window. The
# code below makes such an update, without a list of gradients, and the loss falls. But does it
# follow the gradient?

# %%
# EXERCISE: update_on_window

# %% [markdown]
# Any update by plain gradient descent can be checked like this: divide how far the weights have
# moved by minus the rate, and hand the quotient to your gradient check. Whatever the rate is, the
# gradient must come out.

# %%
if when_passed("gradient_check", "update_on_window"):
    for rate in (0.01, 1.0, 100.0):
        moved, _, _ = update_on_window(params, x, labels, h_0, rate)
        slopes = {name: (params[name] - moved[name]) / rate for name in params}
        _, errors = gradient_check(
            lambda: loss_and_gradients(params, x, labels, h_0)[0],
            params,
            slopes,
        )
        largest = within(max(errors.values()), 0, 1e-6)
        print(f"rate {rate:6}   largest error {largest}")

# %% [markdown]
# ## What happens to credit on its way back

# %%
# EXERCISE: state_jacobian

# %% [markdown]
# The largest singular value of your product says how much of a gradient can survive at most. Take
# a network whose `W_hh` is 0.9 times an orthogonal matrix, with weak inputs. What is that value
# after 40 steps? Make a guess before you measure.

# %%
predict("left after 40 steps", ...)

# %% mystnb={"image": {"alt": "The largest singular value of the product of Jacobians, up to 40 steps back, on a logarithmic axis: for spectral radius 0.5 a straight line that falls steeply, for 0.9 one that falls slowly, for 1.0 a level line, for 1.1 one that rises."}}
if when_passed("state_jacobian"):
    x_weak = 0.01 * np.random.default_rng(2).normal(size=(1, 40, 3))
    lags = np.arange(1, 41)
    left = {}
    for radius in (0.5, 0.9, 1.0, 1.1):
        w = init_params(m=3, n=16, c=2, seed=0, radius=radius)
        h, _ = rnn_forward(
            x_weak, np.zeros((1, 16)), w["W_xh"], w["W_hh"], w["b_h"]
        )
        left[radius] = [
            np.linalg.norm(state_jacobian(h[0, -k:], w["W_hh"]), 2)
            for k in lags
        ]
        print(f"radius {radius:.1f}   after 1, 10, 40 steps:", end="")
        print("".join(f"   {left[radius][k - 1]:<7.2g}" for k in (1, 10, 40)))
    display(measured("left after 40 steps", left[0.9][-1], 0.01, 0.02))
    for (radius, norms), style in zip(
        left.items(), ("-", "--", "-.", ":"), strict=True
    ):
        plt.semilogy(lags, norms, style, label=f"radius {radius}")
    plt.xlabel("steps back")
    plt.ylabel("largest singular value")
    plt.legend()
    plt.show()

# %% [markdown]
# ## The same, fast
#
# From here on we use TensorFlow, so we load it now. This takes a few seconds. [TensorFlow in
# twenty minutes](../book/tensorflow.md#ch-tensorflow) explains how it works; the hints name the
# operations that an exercise needs besides.

# %%
import time

import course_lib.quiet  # loads TensorFlow without its start-up messages
import keras
import tensorflow as tf

from course_lib.graphs import loop_bytes

# %% [markdown]
# TensorFlow derives gradients by itself, through a loop too, and stores whatever it might need.
# You have derived this gradient yourself, so you know how few numbers it needs.

# %%
# EXERCISE: bptt_gradient

# %% [markdown]
# What is that worth? XLA, TensorFlow's compiler, allocates everything that a loop stores before
# the loop begins, so we can count the bytes without running anything. How many times as much
# memory as yours does TensorFlow's own tape need?

# %%
predict("memory of the tape over yours", ...)


# %%
def by_tensorflow(x, h_0, W_xh, W_hh, b_h):
    """The same states; the way back is left to TensorFlow."""
    by_time = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
    h = tf.scan(lambda h, a: tf.tanh(a + h @ W_hh), by_time, h_0)
    return tf.transpose(h, (1, 0, 2))


def both_passes(function):
    """The gradients of the mean square of what a function gives."""

    def run(*arguments):
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            loss = tf.reduce_mean(tf.square(function(*arguments)))
        return tape.gradient(loss, arguments)

    return run


def long_sequences(T, batch=32, m=8, n=64):
    """Sequences of T steps, a state and weights, in float32."""
    w = init_params(m, n, c=2, seed=0, dtype=np.float32)
    x = np.random.default_rng(0).normal(size=(batch, T, m)).astype(np.float32)
    h_0 = np.zeros((batch, n), np.float32)
    return [
        tf.constant(value) for value in (x, h_0, w["W_xh"], w["W_hh"], w["b_h"])
    ]


def milliseconds(function, arguments, times=5):
    """The shortest of some runs of a compiled function."""
    compiled = tf.function(function, autograph=False)
    compiled(*arguments)
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        compiled(*arguments)
        seconds.append(time.perf_counter() - began)
    return 1000 * min(seconds)


lengths = (16, 64, 144)
memory = {}
if when_passed("bptt_gradient"):
    ways = {"TensorFlow's tape": by_tensorflow, "your own": bptt_gradient}
    for name, states in ways.items():
        memory[name] = [
            loop_bytes(both_passes(states), *long_sequences(T)) for T in lengths
        ]
        print(
            f"{name:20s}"
            + "".join(f"{size / 2**20:7.2f} MiB" for size in memory[name])
        )
    ratio = memory["TensorFlow's tape"][-1] / memory["your own"][-1]
    display(measured("memory of the tape over yours", ratio, 1.3, 2.5))
    took = [
        milliseconds(both_passes(states), long_sequences(256))
        for states in ways.values()
    ]
    print(
        f"time, TensorFlow's over yours: {within(took[0] / took[1], 0.2, 10)}"
    )

# %% [markdown]
# It is a constant factor: both lines grow with T, since both keep every state. To do better, we
# have to forget states.

# %%
# EXERCISE: checkpointed

# %% mystnb={"image": {"alt": "Bytes in the fullest loop over the number of steps, both axes logarithmic. TensorFlow's tape and your own backward pass are parallel lines, yours lower. The line of the recomputed states is the lowest and the least steep."}}
if when_passed("bptt_gradient") and when_passed("checkpointed"):
    memory["recomputed"] = [
        loop_bytes(both_passes(checkpointed), *long_sequences(T))
        for T in lengths
    ]
    for (name, sizes), style in zip(
        memory.items(), ("o-", "s--", "^:"), strict=True
    ):
        plt.loglog(lengths, sizes, style, label=name)
        print(
            f"{name:20s} nine times the steps, memory "
            f"times {sizes[-1] / sizes[0]:.1f}"
        )
    plt.xticks(lengths, lengths)
    plt.minorticks_off()
    plt.xlabel("steps T")
    plt.ylabel("bytes in the fullest loop")
    plt.legend()
    plt.show()

# %% [markdown]
# Now a training step. The model is a Keras model of our own: an RNN whose state goes in and comes
# out, and a readout at every step.


# %%
class Labeller(keras.Model):
    """Logits at every step, and the state after the last."""

    def __init__(self, units, classes):
        super().__init__()
        self.rnn = keras.layers.SimpleRNN(
            units, return_sequences=True, return_state=True
        )
        self.readout = keras.layers.Dense(classes)

    def build(self, input_shape):
        """Make the weights: W_xh, W_hh, b_h, W_hy, b_y."""
        self.rnn.build(input_shape)
        self.readout.build((None, None, self.rnn.units))

    def call(self, x, h_0):
        """From the inputs and the state before them."""
        h, h_last = self.rnn(x, initial_state=[h_0])
        return self.readout(h), h_last


# %%
# EXERCISE: train_step_windows

# %% [markdown]
# Here is the echo again, from the same small weights, now with your step. The floor is the loss of
# what can't be known.

# %% mystnb={"image": {"alt": "The loss over 400 updates. With a window of 1 it stays far above the floor and jumps about; with a window of 12 it falls within some 30 updates nearly to the floor, a grey dashed line."}}
if when_passed("train_step_windows"):
    for window, style, low, high in ((1, ":", 0.1, 1), (12, "-", -0.1, 0.1)):
        start = init_params(
            1, 8, 2, seed=1, recurrent="gaussian", radius=0.3, dtype=np.float32
        )
        model = Labeller(units=8, classes=2)
        model.build((None, None, 1))
        model.set_weights(list(start.values()))
        step = train_step_windows(model, keras.optimizers.SGD(1.0), window, 1.0)
        losses = []
        for i in range(400):
            inputs, targets = echo(i)
            now, _, _ = step(
                inputs.astype(np.float32),
                targets,
                np.zeros((16, 8), np.float32),
            )
            losses.append(float(now))
        plt.plot(losses, style, label=f"window {window}")
        excess = np.mean(losses[-20:]) - 3 / 12 * np.log(2)
        print(
            f"window {window:2d}   loss above the floor: "
            f"{within(excess, low, high)}"
        )
    plt.axhline(3 / 12 * np.log(2), color="gray", linestyle="--", label="floor")
    plt.xlabel("update")
    plt.ylabel("loss in nats")
    plt.figlegend(loc="outside upper center", ncols=3)
    plt.show()

# %%
# EXERCISE: gradient_by_step

# %% [markdown]
# What becomes of the gradient in the trained network (window 12)? Take the loss of the last step
# alone; its answer was shown three steps before. Compare with the network before training.

# %% mystnb={"image": {"alt": "The norm of the gradient that reaches each of 12 states, on a logarithmic axis. In the fresh network it falls from the last step back to the first in a straight, steep line; in the trained network it hardly falls over the last four steps, and less steeply before them."}}
if when_passed("train_step_windows") and when_passed("gradient_by_step"):
    inputs, targets = echo(10_000)

    def last_loss(h):
        """The loss of the last step alone, by the trained readout."""
        logits = h[:, -1] @ model.weights[3] + model.weights[4]
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(
                targets[:, -1], logits
            )
        )

    for name, weights, style in (
        ("fresh", list(start.values())[:3], "s:"),
        ("trained", [w.value for w in model.weights[:3]], "o-"),
    ):
        h_0 = tf.zeros((16, 8))
        dh = gradient_by_step(
            tf.constant(inputs, tf.float32),
            h_0,
            *map(tf.constant, weights),
            last_loss,
        )
        reached = np.linalg.norm(dh, axis=(0, 2))
        plt.semilogy(range(1, 13), reached, style, label=name)
        ratio = within(
            reached[-4] / reached[-1],
            *((0, 0.2) if name == "fresh" else (0.2, 1000)),
        )
        print(f"{name}, three steps back over the last: {ratio}")
    plt.xlabel("step")
    plt.ylabel("norm of the state's gradient")
    plt.legend()
    plt.show()

# %% [markdown]
# In the fresh network little is left three steps back, where the answer was shown. In the trained
# one about as much arrives there as at the last step: training has opened the way that the task
# needs. Further back, the gradient still fades. (At the last steps it is smaller than in the fresh
# network, because the trained one hardly errs.)
#
# ## A project: Remember
#
# Now build a network of your own. In a row of numbers, two are marked: the network has to add
# them. How long can the row get before vanilla units fail? That length is your mark. `course
# check` and `course validate` look for `remember.npz` beside this notebook.

# %%
# EXERCISE: predict_remember

# %% [markdown]
# ## Where you are
#
# Your backward pass is exact, checked, bounded in memory and safe from explosion, and TensorFlow
# trains with it. But no trick in this notebook brings back a gradient that has vanished: look at
# the row of radius 0.5 again. [The chapter](../book/bptt.md#sec-state-jacobian) explains why
# tuning the weights is not enough, and what another architecture changes.
#
# ## Going further
#
# There are no checks for these; they are for the curious.
#
# 1. Let each piece of `checkpointed` be checkpointed itself. How does memory grow with T now, and
#    how often is each step computed?
# 2. Give the echo 40 steps and a delay of 20, and keep the window of 12. What is the floor now?
#    Does any seed get near it?
# 3. We don't know the answer to this one. If the window begins at a different place in every
#    update (a random first length), its bias is of a different kind: no border is always the same.
#    Does a network then learn lags longer than its window sooner, for the same amount of work?
#    Which lags?
