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
# At the end you have a learning rule of your own that walks forward only: it keeps no past states,
# learns its own kernel by nudging the network, works in chunks of any length, and holds another
# rule as a special case. On the way you mend three bugs of an old notebook that never learned
# anything. [Chapter 5](../book/kernl.md) derives it; each exercise links to its section.

# %%
import numpy as np

from course_lib.exercises import check, hint, solution, when_passed
from course_lib.scratch.bptt import rnn_backward
from course_lib.scratch.kernl import (
    explained,
    kernl_gradient,
    leaky_forward,
    learn_kernel,
    presynaptic,
)
from course_lib.scratch.rnn import init_params, rnn_forward

# %% [markdown]
# The weights of a step are stacked: `W` is `W_xh` above `W_hh` above `b_h`, and what it is
# multiplied with is `v_t = [x_t, h_{t-1}, 1]`.
#
# | name | shape | |
# |---|---|---|
# | `v`, `v_t` | (batch, T, p), (batch, p) | what the weights are multiplied with; p = m + n + 1 |
# | `d_t` | (batch, n) | derivative of the squashing, `1 - h_t**2` for the tanh |
# | `E_t` | (batch, p, n) | eligibility traces, one for each weight and sequence |
# | `beta` | (n, n) | sensitivity; row k is the later unit, column i the earlier one |
# | `gamma` | (n,) | decay rate of each unit |
# | `dh_t` | (batch, n) | gradient that reaches `h_t` from the loss of its own step |

# %% [markdown]
# ## Traces, and what a loss makes of them

# %%
# EXERCISE: trace_step

# %% [markdown]
# Watch one trace. The input is on at step 3 only; the unit is near zero, so that d is 1. How much
# of it is left, step by step, for three rates?

# %%
if when_passed("trace_step"):
    E_t = np.zeros((1, 1, 3))
    gamma = np.array([0.0, 0.1, 1.0])
    for t in range(1, 8):
        v_t = np.array([[1.0 if t == 3 else 0.0]])
        E_t = trace_step(E_t, v_t, np.ones((1, 3)), gamma)
        print(f"step {t}   " + "   ".join(f"{trace:.2f}" for trace in E_t[0, 0]))

# %%
# EXERCISE: weight_gradient

# %% [markdown]
# Your two functions are a learning rule. This cell runs them along a sequence and compares with
# BPTT. At first the kernel is a guess: beta the identity, and a slow gamma. The recurrent weights
# are near the identity too, which is the kindest case.


# %%
def network(seed, T=20, batch=32, m=2, n=24):
    """A network near the identity, its states on random inputs, and a loss at the last step."""
    rng = np.random.default_rng(seed)
    params = init_params(m, n, 1, seed=seed, recurrent="identity", radius=0.98)
    params["W_hh"] += 0.1 * rng.normal(size=(n, n)) / np.sqrt(n)
    x, h_0 = 0.3 * rng.normal(size=(batch, T, m)), np.zeros((batch, n))
    h, cache = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    dh = np.zeros_like(h)
    dh[:, -1] = rng.normal(size=(batch, 1)) * params["W_hy"][:, 0]
    true = np.vstack(rnn_backward(dh, cache)[2:])
    return params, presynaptic(x, h_0, h), h, dh, true


def my_gradient(v, d, dh, beta, gamma):
    """Your rule along a whole sequence: forward only."""
    E_t = np.zeros((len(v), v.shape[2], d.shape[2]))
    dW = np.zeros(E_t.shape[1:])
    for t in range(v.shape[1]):
        E_t = trace_step(E_t, v[:, t], d[:, t], gamma)
        dW += weight_gradient(dh[:, t], beta, E_t)
    return dW


def cosine(a, b):
    """Of the angle between two gradients; 1 is the same direction."""
    return np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b)


params, v, h, dh, true = network(seed=0)
n, T = h.shape[2], h.shape[1]
guess = np.eye(n), np.full(n, 1 / T)

if when_passed("trace_step") and when_passed("weight_gradient"):
    for name, kernel in {
        "nothing remembered": (np.eye(n), np.full(n, 50.0)),
        "the guess": guess,
    }.items():
        print(f"{name:20}cosine {cosine(my_gradient(v, 1 - h**2, dh, *kernel), true):.2f}")

# %% [markdown]
# Hardly better than to remember nothing: a guessed kernel is not worth much. Keep the two numbers
# in mind; the kernel will be learned below.
#
# ### The old notebook's credit
#
# An implementation of 2019 got this far and stayed at chance. This is what it multiplied its traces
# with, in today's names.

# %%
# EXERCISE: credit_signal

# %%
if when_passed("credit_signal"):
    W = np.vstack([params["W_xh"], params["W_hh"], params["b_h"]])
    E_t = np.zeros((len(v), *W.shape))
    for t in range(T):
        E_t = E_t * np.exp(-guess[1]) + v[:, t, :, None] * (1 - h[:, t] ** 2)[:, None]
    old_credit = (W @ dh[:, -1].mean(axis=0))[None, :, None]
    for name, credit in {
        "the old credit": old_credit,
        "yours": credit_signal(dh[:, -1], W, guess[0]),
    }.items():
        print(f"{name:16}cosine {cosine((credit * E_t).sum(axis=0), true):.2f}")

# %% [markdown]
# ## Learn the kernel by nudging

# %%
# EXERCISE: perturbation_step

# %%
# EXERCISE: kernel_gradients

# %% [markdown]
# ### The old notebook's fit
#
# It nudged its network as well. The kernel did not learn.

# %%
# EXERCISE: kernel_fit

# %% [markdown]
# Now your kernel learns. R² is the share of the nudged state that the kernel predicts; the cosine
# is that of the gradient of the weights, which the kernel was not fitted to.

# %%
if when_passed("kernel_fit"):
    rng = np.random.default_rng(1)
    learned = learn_kernel(h, params["W_hh"], *guess, updates=300, rng=rng, fit=kernel_fit)
    psi = rng.normal(size=h.shape)
    for name, kernel in {"the guess": guess, "learned": learned}.items():
        r2 = explained(h, params["W_hh"], *kernel, psi)
        close = cosine(kernl_gradient(v, 1 - h**2, dh, *kernel), true)
        print(f"{name:12}R² {r2:.2f}   cosine {close:.2f}")

# %% [markdown]
# ## Why the kernel suited this network
#
# A kernel that only fades can describe a network whose units keep their own state. The old notebook
# meant to begin with such a network.

# %%
# EXERCISE: identity_recurrence

# %% [markdown]
# Eight units, one pulse, then silence. How many units still hold anything?

# %%
if when_passed("identity_recurrence"):
    W = identity_recurrence(np.full((1, 8), 0.5))
    h_t = np.zeros((1, 8))
    for t in range(10):
        x_t = np.array([[1.0 if t == 0 else 0.0]])
        h_t = np.tanh(np.hstack([x_t, h_t]) @ W)
    print("units that still hold something after ten steps:", np.count_nonzero(h_t))

# %% [markdown]
# ## In chunks
#
# A trace for each weight and sequence is touched at every step: that is what makes traces slow. In
# a chunk of steps they need not be built at all.

# %%
# EXERCISE: chunk_border

# %% [markdown]
# The whole sequence in chunks of any length: the gradient must not depend on it, and the last chunk
# may be shorter.

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
        print(f"chunks of {C:2d}   same gradient: {np.allclose(dW, by_steps, rtol=1e-10)}")

# %% [markdown]
# ## A relative

# %%
# EXERCISE: rflo_gradient

# %% [markdown]
# RFLO on a leaky network without recurrent weights leaves nothing out. With recurrent weights it
# does. BPTT for the leaky network is not in the package; so the truth is measured, by centred
# differences of a few weights.

# %%
if when_passed("rflo_gradient"):
    rng = np.random.default_rng(2)
    x, dh_leaky = rng.normal(size=(4, 12, 2)), rng.normal(size=(4, 12, 5))
    h_0, leak = np.zeros((4, 5)), 0.2
    for scale in (0.0, 0.3, 1.0):
        W = rng.normal(size=(8, 5)) / np.sqrt(5)
        W[2:7] *= scale
        h_leaky, squashed = leaky_forward(x, h_0, W, leak)
        rflo = rflo_gradient(presynaptic(x, h_0, h_leaky), squashed, dh_leaky, leak)
        measured = np.zeros_like(W)
        for index in np.ndindex(W.shape):
            for sign in (1, -1):
                moved = W.copy()
                moved[index] += sign * 1e-5
                moved_h, _ = leaky_forward(x, h_0, moved, leak)
                measured[index] += sign * np.sum(dh_leaky * moved_h) / 2e-5
        print(f"recurrent weights times {scale:.1f}   cosine {cosine(rflo, measured):.2f}")

# %% [markdown]
# ## A project: No tape
#
# Now one of your own: a function that learns to count while it reads, and hands all that it
# remembers from step to step. `course check` and `course validate` look for `no_tape.npz` beside
# this notebook.

# %%
# EXERCISE: predict_no_tape

# %% [markdown]
# ## Where you are
#
# Your rule walks forward, needs no stored states and is not exact. How far from exact it is depends
# on the network: [the chapter](../book/kernl.md) measures when the kernel is a good description,
# and when it is not.
