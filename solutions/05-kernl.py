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
# # Exercises 5: KeRNL, credit without a tape
#
# By the end you will have a learning rule of your own that only goes forward and needs no past
# states.
# It has a *kernel*, an estimate of how an earlier state acts on a later one, and learns that by
# nudging the network. It works in chunks of any length, trains a Keras model, learns while a
# sequence is still running, and contains another rule as a special case. On the way you fix two
# bugs of [an old notebook](../book/old_notebook.md) that never learned anything, and a third that
# is easily made. [Chapter 5](../book/kernl.md) derives the rule, and each exercise links to its
# section.

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
from course_lib.scratch.bptt import rnn_backward
from course_lib.scratch.kernl import (
    explained,
    kernl_gradient,
    leaky_forward,
    learn_kernel,
    presynaptic,
)
from course_lib.scratch.kernl_modes import modes_gradient, nudged, spread_modes
from course_lib.scratch.rnn import init_params, rnn_forward

use_style()

# %% [markdown]
# The weights of a step are stacked: `W` is `W_xh` above `W_hh` above `b_h`, and `v_t = [x_t,
# h_{t-1}, 1]` is multiplied by it.
#
# | name | shape | meaning |
# |---|---|---|
# | `v`, `v_t` | (batch, T, p), (batch, p) | what the weights are multiplied by; p = m + n + 1 |
# | `d_t` | (batch, n) | slope of the tanh, `1 - h_t**2` |
# | `E_t` | (batch, p, n) | eligibility traces, one for each weight and sequence |
# | `beta` | (n, n) | sensitivity; row k is the later unit, column i the earlier one |
# | `gamma` | (n,) | decay rate of each unit |
# | `dh_t` | (batch, n) | gradient that reaches `h_t` from the loss of its own step |

# %% [markdown]
# ## Traces, and how a loss uses them

# %%
# EXERCISE: trace_step

# %% [markdown]
# Watch one trace. The input is on at step 3 only, and the unit is near zero, so that d is 1. How
# much of the trace is left at each step, for three rates?

# %%
if when_passed("trace_step"):
    E_t = np.zeros((1, 1, 3))
    gamma = np.array([0.0, 0.1, 1.0])
    for t in range(1, 8):
        v_t = np.array([[1.0 if t == 3 else 0.0]])
        E_t = trace_step(E_t, v_t, np.ones((1, 3)), gamma)
        print(
            f"step {t}   " + "   ".join(f"{trace:.2f}" for trace in E_t[0, 0])
        )

# %%
# EXERCISE: weight_gradient

# %% [markdown]
# Combined, your two functions make a learning rule. Here somebody has combined them, and the
# gradient comes out wrong, because some of the parts belong to the wrong step.

# %%
# EXERCISE: forward_gradient

# %% [markdown]
# Compare it with BPTT. At first the kernel is a guess: beta is the identity, and gamma is small, so
# that traces fade slowly. The recurrent weights are near the identity too, which is the kindest
# case.


# %%
def network(seed, T=20, batch=32, m=2, n=24, recurrent="identity"):
    """A network near the identity, its states, and a loss at the last step."""
    rng = np.random.default_rng(seed)
    params = init_params(m, n, 1, seed=seed, recurrent=recurrent, radius=0.98)
    params["W_hh"] += 0.1 * rng.normal(size=(n, n)) / np.sqrt(n)
    x, h_0 = 0.3 * rng.normal(size=(batch, T, m)), np.zeros((batch, n))
    h, cache = rnn_forward(
        x, h_0, params["W_xh"], params["W_hh"], params["b_h"]
    )
    dh = np.zeros_like(h)
    dh[:, -1] = rng.normal(size=(batch, 1)) * params["W_hy"][:, 0]
    true = np.vstack(rnn_backward(dh, cache)[2:])
    return params, presynaptic(x, h_0, h), h, dh, true


def cosine(a, b):
    """Of the angle between two gradients; 1 is the same direction."""
    return np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b)


params, v, h, dh, true = network(seed=0)
batch, T, n = h.shape
x, h_0 = v[:, :, :2], np.zeros((batch, n))
guess = np.eye(n), np.full(n, 1 / T)

if all(
    when_passed(one)
    for one in ("trace_step", "weight_gradient", "forward_gradient")
):
    for name, kernel in {
        "nothing remembered": (np.eye(n), np.full(n, 50.0)),
        "the guess": guess,
    }.items():
        dW = forward_gradient(x, h_0, h, dh, *kernel)
        print(f"{name:20}cosine {cosine(dW, true):.2f}")

# %% [markdown]
# In this network the guess is hardly better than remembering nothing. Keep the two numbers in mind:
# below, the kernel will be learned.

# %% [markdown]
# ## Learn the kernel by nudging

# %%
# EXERCISE: perturbation_step

# %%
# EXERCISE: kernel_gradients

# %% [markdown]
# ### The old notebook's fit
#
# The old notebook nudged its network too, but its kernel did not learn.

# %%
# EXERCISE: kernel_fit

# %% [markdown]
# Now your kernel learns. R² says how much of the nudged state's movement the kernel predicts: 1 is
# all of it, 0 no more than a kernel that predicts no movement. The cosine compares the gradients of
# the weights, to which the kernel was not fitted.

# %%
if when_passed("kernel_fit"):
    rng = np.random.default_rng(1)
    learned = learn_kernel(
        h, params["W_hh"], *guess, updates=300, rng=rng, fit=kernel_fit
    )
    psi = rng.normal(size=h.shape)
    for name, kernel in {"the guess": guess, "learned": learned}.items():
        r2 = explained(h, params["W_hh"], *kernel, psi)
        close = cosine(kernl_gradient(v, 1 - h**2, dh, *kernel), true)
        print(f"{name:12}R² {r2:.2f}   cosine {close:.2f}")

# %% [markdown]
# ## A kernel that turns
#
# That was a network near the identity. In a network whose units hand their states on to each
# other, the effect of a nudge comes and goes, and no kernel that only fades can follow it. So
# build the kernel from several *modes*. Each fades at its own rate, and turns by its own angle at
# every step. Rates and angles are fixed beforehand; what is left to learn is a linear regression.

# %%
# EXERCISE: fit_modes

# %% [markdown]
# Now take an orthogonal network, and four modes with angles from zero to half a turn a step.
# Predict before you look: what will the cosine with BPTT be?

# %%
predict("cosine with four modes", ...)

# %%
if when_passed("fit_modes"):
    params_o, v_o, h_o, dh_o, true_o = network(seed=0, recurrent="orthogonal")
    many = np.concatenate([h_o] * 4)
    psi = np.random.default_rng(2).normal(size=many.shape)
    tangent = nudged(many, params_o["W_hh"], psi)
    for count in (1, 2, 4, 6):
        modes = spread_modes(count, T)
        beta = fit_modes(psi, tangent, *modes)
        close = cosine(
            modes_gradient(v_o, 1 - h_o**2, dh_o, beta, *modes), true_o
        )
        print(f"modes {count}   cosine {close:.2f}")
        if count == 4:
            display(measured("cosine with four modes", close, 0.7, 0.99))

# %% [markdown]
# ## Why one fading kernel suited the first network
#
# A kernel that only fades can describe a network whose units keep their own state. The old
# notebook meant to start from such a network.

# %%
# EXERCISE: identity_recurrence

# %% [markdown]
# Eight units get one pulse, and then nothing. How many still hold something after ten steps?

# %%
if when_passed("identity_recurrence"):
    W = identity_recurrence(np.full((1, 8), 0.5))
    h_t = np.zeros((1, 8))
    for t in range(10):
        x_t = np.array([[1.0 if t == 0 else 0.0]])
        h_t = np.tanh(np.hstack([x_t, h_t]) @ W)
    print(
        "units that still hold something after ten steps:",
        np.count_nonzero(h_t),
    )

# %% [markdown]
# ## In chunks
#
# Every step updates a trace for each weight and sequence, and that makes traces slow. Within a
# chunk of steps they need not be built at all.

# %%
# EXERCISE: chunk_border

# %% [markdown]
# Run the whole sequence in chunks of several lengths. The gradient must not depend on the length,
# and the last chunk may be shorter.

# %%
if when_passed("chunk_border"):
    by_steps = kernl_gradient(v, 1 - h**2, dh, *guess)
    beta, gamma = guess
    for C in (1, 7, 20):
        E, dW = np.zeros((len(v), *by_steps.shape)), np.zeros(by_steps.shape)
        for start in range(0, T, C):
            now = slice(start, start + C)
            d, credit = 1 - h[:, now] ** 2, dh[:, now] @ beta
            part, E = chunk_border(E, v[:, now], d, credit, gamma)
            dW += part
        print(
            f"chunks of {C:2d}   same gradient: "
            f"{np.allclose(dW, by_steps, rtol=1e-10)}"
        )

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

# %%
# EXERCISE: chunked_trace

# %% [markdown]
# How much do chunks gain? Take eight sequences of 512 steps, and 32 units. In chunks of one step,
# your function updates the traces at every step. How many times faster is it in chunks of 32?

# %%
predict("times faster in chunks", ...)

# %% mystnb={"image": {"alt": "Milliseconds for 512 steps over the number of steps in a chunk, both axes logarithmic: the time falls until chunks have some tens of steps, and not any further."}}
if when_passed("chunked_trace"):
    rng = np.random.default_rng(3)
    sizes = ((8, 41, 32), (8, 512, 41), (8, 512, 32), (8, 512, 32))
    tensors = [tf.constant(rng.normal(size=size), tf.float32) for size in sizes]
    slow = tf.constant(rng.uniform(0.01, 0.1, 32), tf.float32)
    lengths, milliseconds = (1, 2, 4, 8, 16, 32, 64, 128), []
    for C in lengths:
        compiled = tf.function(chunked_trace, autograph=False)
        compiled(*tensors, slow, C)
        took = []
        for _ in range(5):
            began = time.perf_counter()
            compiled(*tensors, slow, C)
            took.append(time.perf_counter() - began)
        milliseconds.append(1000 * min(took))
    plt.loglog(lengths, milliseconds, "o-")
    plt.xlabel("steps in a chunk")
    plt.ylabel("milliseconds for 512 steps")
    plt.show()

# %%
if when_passed("chunked_trace"):
    faster = milliseconds[0] / milliseconds[5]
    display(measured("times faster in chunks", faster, 1.5, 500))

# %% [markdown]
# Now use your gradient in place of Keras's own. `fit`, optimisers, callbacks and metrics don't care
# where a gradient comes from.

# %%
# EXERCISE: KernlModel

# %% [markdown]
# A network has to output a fading sum of its inputs, at every step. Compare three: your model with
# a kernel that fades at nearly the same rate, your model with a kernel that remembers nothing, and
# the same network trained by BPTT. The kernel is a guess, and is not learned. How many times
# BPTT's loss will the loss of your first model be at the end?

# %%
predict("times the loss of BPTT", ...)


# %% mystnb={"image": {"alt": "The mean squared error over ten epochs, on a logarithmic axis: all three fall. BPTT ends lowest; KeRNL and the kernel that remembers nothing lie close together above it."}}
def fading_sum(x):
    """Four fifths of the sum so far, and three fifths of the new input."""
    y = np.zeros_like(x)
    for t in range(x.shape[1]):
        y[:, t] = 0.6 * x[:, t] + (0.8 * y[:, t - 1] if t else 0)
    return y


def by_bptt(units):
    """The same network, trained by the tape."""
    rnn = keras.layers.SimpleRNN(units, return_sequences=True)
    return keras.Sequential([rnn, keras.layers.Dense(1)])


if when_passed("KernlModel"):
    x_sum = (
        np.random.default_rng(4).normal(size=(256, 30, 1)).astype(np.float32)
    )
    units, curves = 32, {}
    for name in ("KeRNL", "nothing remembered", "BPTT"):
        keras.utils.set_random_seed(0)
        if name == "BPTT":
            model = by_bptt(units)
        else:
            rate = 0.2 if name == "KeRNL" else 50.0
            model = KernlModel(units, 1, np.eye(units), np.full(units, rate))
        model.compile(keras.optimizers.Adam(0.003), "mse")
        history = model.fit(
            x_sum, fading_sum(x_sum), epochs=10, batch_size=32, verbose=0
        )
        curves[name] = history.history["loss"]
        print(f"{name:20} loss at the end {within(curves[name][-1], 0, 0.1)}")
    for (name, losses), style in zip(
        curves.items(), ("o-", "s:", "^--"), strict=True
    ):
        plt.semilogy(range(1, 11), losses, style, label=name)
    plt.xticks(range(1, 11))
    plt.xlabel("epoch")
    plt.ylabel("mean squared error")
    plt.legend()
    plt.show()

# %%
if when_passed("KernlModel"):
    ratio = curves["KeRNL"][-1] / curves["BPTT"][-1]
    display(measured("times the loss of BPTT", ratio, 0.7, 5))

# %% [markdown]
# All three learn, and the kernel's memory gains nothing here. The last question of this notebook
# asks where it would.
#
# So far, the weights changed only after whole sequences. A rule that only goes forward can also
# change them in between: what it learns at one step helps at the next.

# %%
# EXERCISE: update_inside

# %% [markdown]
# Take one sequence of 4,000 steps, which is seen only once. It is a sine, and the network predicts
# the next value. Halfway through, the sine becomes faster without warning.

# %% mystnb={"image": {"alt": "The loss over 4,000 steps, on a logarithmic axis. Without learning it stays high throughout. With learning it falls, jumps up when the sine changes half-way, and falls again."}}
if when_passed("update_inside"):
    phase = np.cumsum(np.where(np.arange(4001) < 2000, 0.2, 0.45))
    sine = np.sin(phase).astype(np.float32)[None, :, None]
    n = 16
    rng = np.random.default_rng(1)
    first = (rng.normal(size=(n + 2, n)) / np.sqrt(n)).astype(np.float32)
    R = tf.constant(rng.normal(size=(n, 1)) / np.sqrt(n), tf.float32)
    kernel = tf.eye(n), tf.fill([n], 0.5)
    W = tf.Variable(first)
    for rate, style, low, high in ((0.0, ":", 0.1, 10), (0.03, "-", 0, 0.1)):
        W.assign(first)
        online = tf.function(update_inside)
        losses = online(W, R, sine[:, :-1], sine[:, 1:], *kernel, rate).numpy()
        smooth = losses.reshape(-1, 50).mean(axis=1)
        plt.semilogy(
            np.arange(25, 4000, 50), smooth, style, label=f"rate {rate}"
        )
        before, jump, after = smooth[39], smooth[40], smooth[-1]
        print(f"rate {rate}")
        print("  at the change, times as large:", within(jump / before, 1, 1e6))
        print("  at the end, share of that:", within(after / jump, low, high))
    plt.xlabel("step")
    plt.ylabel("loss, mean of 50 steps")
    plt.legend()
    plt.show()

# %% [markdown]
# ## A relative

# %%
# EXERCISE: rflo_gradient

# %% [markdown]
# In a leaky network without recurrent weights, RFLO leaves nothing out. With recurrent weights it
# does. BPTT for the leaky network is not in the package, so we measure the true gradient by centred
# differences.

# %%
if when_passed("rflo_gradient"):
    rng = np.random.default_rng(2)
    x_leaky, dh_leaky = rng.normal(size=(4, 12, 2)), rng.normal(size=(4, 12, 5))
    start, leak = np.zeros((4, 5)), 0.2
    for scale in (0.0, 0.3, 1.0):
        W = rng.normal(size=(8, 5)) / np.sqrt(5)
        W[2:7] *= scale
        h_leaky, squashed = leaky_forward(x_leaky, start, W, leak)
        rflo = rflo_gradient(
            presynaptic(x_leaky, start, h_leaky), squashed, dh_leaky, leak
        )
        truth = np.zeros_like(W)
        for index in np.ndindex(W.shape):
            for sign in (1, -1):
                moved = W.copy()
                moved[index] += sign * 1e-5
                moved_h, _ = leaky_forward(x_leaky, start, moved, leak)
                truth[index] += sign * np.sum(dh_leaky * moved_h) / 2e-5
        print(
            f"recurrent weights times {scale:.1f}   "
            f"cosine {cosine(rflo, truth):.2f}"
        )

# %% [markdown]
# ## A project: No tape
#
# Now write a learner of your own: a function that learns to count while it reads, and hands all
# that it knows from one step to the next. `course check` and `course validate` look for
# `no_tape.npz` beside this notebook.

# %%
# EXERCISE: predict_no_tape

# %% [markdown]
# ## Where you are
#
# Your rule goes forward, needs no past states, and is not exact. It trains a Keras model too. (That
# one still computes all states of a batch at once; [`OnlineRNN`](../book/kernl_in_your_model.md)
# goes chunk by chunk.) How far from exact the rule is depends on the network. [The chapter](../book/kernl.md) measures when the kernel is a
# good description and when it is not, and [Rules side by side](../book/rules.md) compares the rule
# with its relatives in long runs.
#
# ## Going further
#
# There are no checks for these; they are for the curious.
#
# 1. Give `update_inside` a rate of 0.1. What happens after the change, and which of the three,
#    state, traces or weights, is to blame?
# 2. Let your model learn its kernel too: put what `kernel_fit` computes into `train_step`.
# 3. We don't know the answer to this one. With a kernel that is not learned, the network learned
#    the fading sum just as well without any memory in the traces. Is there a task that a network
#    with random recurrent weights learns *only* with a kernel's memory? Is a guessed beta enough
#    for it?
