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
# # Exercises 6: recurrences made to be scanned
#
# By the end you will have a recurrence that needs a few rounds where a loop takes 784 steps, and
# its gradient. You will have a layer whose units fade and turn, and exact online gradients for it,
# in memory that does not grow with the sequence. On the way you find out why a minGRU gave two
# answers, write the scan again for TensorFlow, and train units that read a digit one pixel at a
# time. [Chapter 6](../book/diagonal.md) derives all of it, and each exercise links to its section.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_lib.data import load_mnist
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
from course_lib.scratch.diagonal import (
    eigenvalues,
    init_lru,
    init_mingru,
    lru_backward,
    mingru_step,
)
from course_lib.scratch.gated import sigmoid
from course_lib.scratch.scan import scan_loop

use_style()

# %% [markdown]
# All recurrences here are *diagonal*: a unit keeps a share of its own state, and gets nothing from
# the other units.
#
# | name | shape | meaning |
# |---|---|---|
# | `a`, `b` | (batch, T, n) | what is kept of the state at each step, what is added |
# | `h`, `h_0` | (batch, T, n), (batch, n) | the states, and the one before the first step |
# | `lam` | (n,) | a complex factor, the same at every step; it makes a state fade and turn |
# | `z`, `z_0` | like `h`, `h_0` | complex states |
# | `E_lam`, `E_x` | (batch, n), (batch, m, n) | traces |
#
# The gradient of a complex number z is `∂L/∂Re z + i ∂L/∂Im z`. A factor f on the way forward is
# then `np.conj(f)` on the way back.

# %% [markdown]
# ## A loop that isn't one
#
# A step turns h into a h + b. What do two steps do?

# %%
# EXERCISE: combine

# %% [markdown]
# It doesn't matter which neighbouring spans are joined first, so many can be joined at the same
# time.

# %%
# EXERCISE: scan

# %% [markdown]
# How many rounds does your scan need for the 784 pixels of a digit? Guess before you count.

# %%
predict("rounds for 784 steps", ...)

# %% mystnb={"image": {"alt": "Calls of join over the number of steps, from 2 to 2,048: the calls rise by one with each doubling of the steps, to eleven, while a loop takes as many steps as there are."}}
if when_passed("combine", "scan"):

    def rounds(T):
        """How often your scan joins spans."""
        calls = []

        def join(first, second):
            calls.append(1)
            return combine(first, second)

        ones = np.ones((1, T, 1))
        scan(ones, ones, np.zeros((1, 1)), join)
        return len(calls)

    lengths = 2 ** np.arange(1, 12)
    plt.loglog(lengths, lengths, "s--", base=2, label="steps of a loop")
    plt.loglog(
        lengths,
        [rounds(T) for T in lengths],
        "o-",
        base=2,
        label="rounds of a scan",
    )
    plt.xlabel("steps of the sequence")
    plt.legend()
    plt.show()

# %%
if when_passed("combine", "scan"):
    display(measured("rounds for 784 steps", rounds(784), 10, 20))

# %%
# EXERCISE: scan_backward

# %% [markdown]
# ## Units that fade and turn

# %%
# EXERCISE: ring

# %% [markdown]
# The figure shows six hundred of your units, and how three of them respond to a single pulse.

# %% mystnb={"image": {"alt": "Above: six hundred points evenly spread over the upper half of a ring in the complex plane, three of them marked. Below: their three curves over 60 steps, each swinging and fading at its own speed."}}
if when_passed("ring"):
    u, v = np.random.default_rng(0).uniform(size=(2, 600))
    nu_log, theta_log, _ = ring(u, v, 0.5, 0.99, np.pi)
    lam = np.exp(-np.exp(nu_log) + 1j * np.exp(theta_log))
    _, (plane, time_axis) = plt.subplots(2, 1, figsize=(5.6, 6.4))
    plane.scatter(lam.real, lam.imag, s=5, color="lightgray")
    plane.set(aspect="equal", xlabel="real part", ylabel="imaginary part")
    plane.set_xticks((-1, -0.5, 0, 0.5, 1))
    slowest = lam[np.argsort(-np.abs(lam))[[0, 40, 200]]]
    for one in slowest:
        plane.plot(one.real, one.imag)
        time_axis.plot((one ** np.arange(60)).real, markevery=10)
    time_axis.set(xlabel="steps", ylabel="real part")
    plt.show()

# %%
# EXERCISE: lru_forward

# %% [markdown]
# If only the *last* state is read, none of the others is needed.

# %%
# EXERCISE: last_state

# %% [markdown]
# Now let your units read digits, without training any of them: 784 pixels, one at a time, and at
# the end a state of 128 numbers. A linear readout, fitted by least squares, says which digit it
# was. We do this once with 128 units that only fade, and once with 64 that turn. **What share of
# the test images will each get right?**

# %%
predict("right by fading units", ...)

# %%
predict("right by turning units", ...)

# %%
mnist = load_mnist()


def states_of(images, lam):
    """Real numbers: the last state of each unit, both parts where it turns."""
    pixels = images.reshape(len(images), 784, 1).astype(float)
    z = last_state(pixels, lam, np.zeros((len(images), len(lam)), lam.dtype))
    return (
        np.concatenate([z.real, z.imag], axis=1) if np.iscomplexobj(lam) else z
    )


def right_by_least_squares(lam):
    """The share of test images that a linear readout gets right."""
    train, test = (
        states_of(mnist.x_train[:4_000], lam),
        states_of(mnist.x_test, lam),
    )
    mean, spread = train.mean(axis=0), train.std(axis=0) + 1e-9
    train, test = (
        np.c_[(s - mean) / spread, np.ones(len(s))] for s in (train, test)
    )
    target = np.eye(10)[mnist.y_train[:4_000]]
    W = np.linalg.solve(
        train.T @ train + 1e-2 * np.eye(train.shape[1]), train.T @ target
    )
    return np.mean((test @ W).argmax(axis=1) == mnist.y_test)


if when_passed("last_state"):
    fading = np.exp(-1 / np.geomspace(3, 1_500, 128))
    times = np.random.default_rng(0).permutation(np.geomspace(100, 1_500, 64))
    turning = np.exp(-1 / times + 1j * np.linspace(0, 0.6, 64))
    display(
        measured(
            "right by fading units", right_by_least_squares(fading), 0.5, 0.7
        )
    )
    display(
        measured(
            "right by turning units", right_by_least_squares(turning), 0.75, 0.9
        )
    )

# %% [markdown]
# Both states are 128 numbers made from the same pixels, and both kinds of units are linear. The
# chapter shows how much of a digit can be told from each.
#
# ## Exact, and online
#
# In chapter 5, a trace stood for an influence that was assumed to fade. Here the influence really
# does fade, and turn, and nothing else.

# %%
# EXERCISE: lru_trace_step

# %%
# EXERCISE: lru_trace_gradient

# %% [markdown]
# Compare your two functions with BPTT through all the states, for longer and longer sequences.
# **How far apart will the two gradients be at 400 steps, relative to their length?**

# %%
predict("apart at 400 steps", ...)

# %%
if when_passed("lru_trace_step", "lru_trace_gradient"):
    params = init_lru(m=3, n=8, k=2, seed=0)
    lam, gamma = eigenvalues(params), np.exp(params["gamma_log"])
    names = ("nu_log", "theta_log", "gamma_log", "B")
    for T in (10, 100, 400):
        rng = np.random.default_rng(T)
        x, z_0 = rng.normal(size=(4, T, 3)), np.zeros((4, 8), complex)
        dz = rng.normal(size=(4, T, 8)) + 1j * rng.normal(size=(4, T, 8))
        z_t, E_lam, E_x = (
            z_0,
            np.zeros((4, 8), complex),
            np.zeros((4, 3, 8), complex),
        )
        online, states = [0, 0, 0, 0], []
        for t in range(T):
            E_lam, E_x = lru_trace_step(E_lam, E_x, z_t, x[:, t], lam)
            z_t = lam * z_t + gamma * (x[:, t] @ params["B"])
            states.append(z_t)
            now = lru_trace_gradient(dz[:, t], E_lam, E_x, params)
            online = [one + more for one, more in zip(online, now, strict=True)]
        exact, _ = lru_backward(dz, x, z_0, np.stack(states, axis=1), params)
        apart = max(
            np.linalg.norm(one - exact[name]) / np.linalg.norm(exact[name])
            for one, name in zip(online, names, strict=True)
        )
        carried = (E_lam.size + E_x.size) / 4
        print(
            f"T = {T:3d}   numbers carried: {carried:.0f}   "
            f"apart from BPTT: {within(apart, 0, 1e-10)}"
        )

# %%
if when_passed("lru_trace_step", "lru_trace_gradient"):
    display(measured("apart at 400 steps", apart, 0, 1e-10))

# %% [markdown]
# ## Gates that look at the input only
#
# A minGRU decides at each step how much of its state to keep, and to decide it looks only at the
# input. So it can be scanned, and also run step by step. The two should agree. Here they don't.

# %%
# EXERCISE: mingru_forward

# %% [markdown]
# Read a sequence in two halves, as a program does when a sentence reaches it in pieces. Is the
# result the same as when it is read at once?

# %%
if when_passed("mingru_forward"):
    gru = init_mingru(m=3, n=8, seed=0)
    x = np.random.default_rng(1).normal(size=(2, 50, 3))
    whole = mingru_forward(x, np.zeros((2, 8)), gru)
    first = mingru_forward(x[:, :25], np.zeros((2, 8)), gru)
    second = mingru_forward(x[:, 25:], first[:, -1], gru)
    error = np.abs(np.concatenate([first, second], axis=1) - whole).max()
    print(f"two halves, apart from the whole: {within(error, 0, 1e-12)}")

# %% [markdown]
# ## The same, fast
#
# From here on we use TensorFlow, so we load it now. This takes a few seconds.

# %%
import time

import course_lib.quiet  # loads TensorFlow without its start-up messages
import keras
import tensorflow as tf

from course_lib.training import seed_everything

# %%
# EXERCISE: fast_scan

# %% [markdown]
# How much does a gradient of your own gain? We time the same loop with TensorFlow's gradient and
# with yours: 784 steps, 16 sequences, 64 units, forward and back. **How many times faster is
# yours?**

# %%
predict("times faster with your gradient", ...)

# %%
if when_passed("fast_scan"):

    def by_the_tape(a, b, h_0):
        """TensorFlow goes back through the loop by itself."""
        over = tf.transpose(a, (1, 0, 2)), tf.transpose(b, (1, 0, 2))
        return tf.transpose(
            tf.scan(lambda h, now: now[0] * h + now[1], over, h_0), (1, 0, 2)
        )

    def seconds_of(function, rounds=3):
        """The shortest of some runs, both passes."""

        @tf.function(autograph=False)
        def both(a, b, h_0):
            with tf.GradientTape() as tape:
                tape.watch((a, b, h_0))
                loss = tf.reduce_sum(function(a, b, h_0) ** 2)
            return tape.gradient(loss, (a, b, h_0))

        rng = np.random.default_rng(0)
        tensors = [
            tf.constant(rng.uniform(0, 1, size), tf.float32)
            for size in ((16, 784, 64), (16, 784, 64), (16, 64))
        ]
        both(*tensors)
        took = []
        for _ in range(rounds):
            began = time.perf_counter()
            both(*tensors)
            took.append(time.perf_counter() - began)
        return min(took)

    ratio = seconds_of(by_the_tape) / seconds_of(fast_scan)
    display(measured("times faster with your gradient", ratio, 1.2, 1000))

# %%
# EXERCISE: LRULayer

# %% [markdown]
# Put it to work on digits in 196 steps, each the mean of two by two pixels, row after row. The
# model is your layer, the last of its outputs, and a readout with one hidden layer. It makes three
# passes over 3,000 images.

# %% mystnb={"image": {"alt": "The training loss over the batches, a line that jumps and falls from above 2 to below 1."}}
if when_passed("fast_scan", "LRULayer"):

    def small_pixels(images):
        """196 steps of one input."""
        means = images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
        return means.reshape(-1, 196, 1).astype(np.float32)

    seed_everything(0)
    layer = LRULayer(64, 64)
    model = keras.Sequential(
        [
            keras.Input((196, 1)),
            layer,
            keras.layers.Lambda(lambda y: y[:, -1]),
            keras.layers.LayerNormalization(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    u, v = np.random.default_rng(0).uniform(size=(2, 64))
    for weight, first in zip(
        layer.weights[:3], ring(u, v, 0.97, 0.999, 0.6), strict=True
    ):
        weight.assign(first)
    model.compile(
        keras.optimizers.Adam(4e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    losses = []
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: losses.append(logs["loss"])
    )
    x, y = small_pixels(mnist.x_train[:3_000]), mnist.y_train[:3_000]
    for _ in range(3):
        model.fit(x, y, batch_size=50, verbose=0, callbacks=[watch])
    _, accuracy = model.evaluate(
        small_pixels(mnist.x_test), mnist.y_test, batch_size=500, verbose=0
    )
    print(f"accuracy after three passes: {within(accuracy, 0.6, 1)}")
    plt.plot(losses, marker="")
    plt.xlabel("batch")
    plt.ylabel("loss, mean of the pass so far")
    plt.show()

# %% [markdown]
# ## A project: Pixels
#
# Now train units of your own: they read all 784 pixels of a digit, one at a time, and are trained
# within ninety seconds. `course check` and `course validate` look for `pixels.npz` beside this
# notebook.

# %%
# EXERCISE: predict_pixels

# %% [markdown]
# ## Where you are
#
# Your recurrence needs log T rounds, its gradient is another scan, and its online gradient is
# exact. In exchange, units no longer act on each other from step to step. That is left to the
# layers, and [the chapter](../book/diagonal.md) says what it costs.
#
# ## Going further
#
# There are no checks for these; they are for the curious.
#
# 1. Shuffle the 784 pixels of all images in the same way, and fit the readout again. Which of the
#    two kinds of units loses more, and why?
# 2. Take as many fading units as you like. Does the readout ever catch up? Look at the singular
#    values of the matrix that holds the powers of their factors, a row for each step.
# 3. We don't know the answer to this one. In the project, training moves the eigenvalues too. Is
#    there a set of eigenvalues, fixed for good, that reads digits as well as learned ones, and how
#    would you find it without training?
