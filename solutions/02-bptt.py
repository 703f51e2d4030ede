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
# At the end you have a complete backward pass of your own: it works for any batch size and
# length, it has passed a gradient check that you wrote yourself, it can be truncated and clipped,
# and it has trained a network. [Chapter 2](../book/bptt.md) derives every formula; each exercise
# links to its section.

# %%
import numpy as np

from course_lib.exercises import check, hint, solution, when_passed
from course_lib.scratch.bptt import loss_and_gradients
from course_lib.scratch.losses import cross_entropy_from_logits, cross_entropy_gradient
from course_lib.scratch.rnn import init_params, rnn_forward

# %% [markdown]
# The forward pass and the loss are given: they are those of chapter 1. `dv` always means the
# gradient of the loss with respect to `v`, and has the shape of `v`.
#
# | name | shape | |
# |---|---|---|
# | `dh_t`, `dh` | (batch, n), (batch, T, n) | gradient that reaches the states |
# | `cache` | `(x, h_0, h, W_xh, W_hh)` | what `rnn_forward` kept |
# | `params`, `grads` | dicts | keys `W_xh`, `W_hh`, `b_h`, `W_hy`, `b_y` |
#
# All sizes below differ from each other on purpose: a wrong transpose then has a wrong shape.

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
        _, dh_prev, *_ = rnn_step_backward(np.ones((1, 1)), x_t, h_prev, h_t, W_xh, W_hh)
        print(f"h_t = {state:4.2f}   dh_prev = {dh_prev[0, 0]:.3f}")

# %% [markdown]
# Your step is the only mathematics in the sequence; what follows is bookkeeping.

# %%
# EXERCISE: rnn_backward

# %% [markdown]
# The readout completes it. This cell puts your `rnn_backward` between the loss and the weights,
# and counts which inputs get credit when only the loss of step 4 of 6 is felt.


# %%
def my_gradients(params, x, labels, h_0):
    """Gradients of the mean loss, by your own BPTT."""
    h, cache = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
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
x, labels, h_0 = rng.normal(size=(5, 6, 3)), rng.integers(0, 2, size=(5, 6)), np.zeros((5, 4))

if when_passed("rnn_backward"):
    h, cache = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
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
# A step that is too large and one that is too small, on a function whose derivative we know: the
# sum of cubes.

# %%
if when_passed("numerical_gradient"):
    w = np.array([1.0, -2.0, 0.5])
    for step in (1e-1, 1e-5, 1e-13):
        error = np.abs(numerical_gradient(lambda: np.sum(w**3), w, step) - 3 * w**2).max()
        print(f"step {step:.0e}   error below 1e-8: {bool(error < 1e-8)}")

# %%
# EXERCISE: gradient_check

# %% [markdown]
# Now the moment of truth: your BPTT before your own check. Then the same with one sign turned, to
# see that the check can fail.

# %%
if when_passed("rnn_backward") and when_passed("gradient_check"):

    def loss():
        """Mean loss at the present params."""
        h, _ = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
        return cross_entropy_from_logits(h @ params["W_hy"] + params["b_y"], labels)

    grads = my_gradients(params, x, labels, h_0)
    passed, errors = gradient_check(loss, params, grads)
    print("your BPTT passes:", passed)
    print("all errors below 1e-7:", max(errors.values()) < 1e-7)

    passed, errors = gradient_check(loss, params, grads | {"b_h": -grads["b_h"]})
    print("with one sign turned it passes:", passed)
    print("where:", [name for name, error in errors.items() if not error <= 1e-6])

# %% [markdown]
# ## Shorter, and never too long

# %%
# EXERCISE: truncated_bptt

# %% [markdown]
# The loss must not depend on the window; the gradient must. How far is each truncated gradient
# from the full one? (A wider window is closer as a rule, not always: the windows also begin
# elsewhere.)

# %%
if when_passed("truncated_bptt"):
    full_loss, full, _ = loss_and_gradients(params, x, labels, h_0)
    for window in (1, 2, 3, 6):
        cut_loss, cut, _ = truncated_bptt(params, x, labels, h_0, window)
        distance = np.linalg.norm(cut["W_hh"] - full["W_hh"]) / np.linalg.norm(full["W_hh"])
        same = bool(np.isclose(cut_loss, full_loss))
        print(f"window {window}   same loss: {same}   relative error of W_hh: {distance:.2f}")

# %%
# EXERCISE: clip_by_global_norm

# %% [markdown]
# Everything together: train on an echo. The inputs are random signs, and the label of each step is
# the sign three steps before. The first three labels of a sequence can't be known, so the loss
# can't get below 3/12 of ln 2. One network looks back one step, the other twelve.


# %%
def echo(seed, batch=16, T=12, delay=3):
    """Random signs (batch, T, 1), and for each step the sign `delay` steps before."""
    bits = np.random.default_rng(seed).integers(0, 2, size=(batch, T + delay))
    return (2.0 * bits[:, delay:] - 1)[..., None], bits[:, :T]


def train(window, updates=400, rate=1.0):
    """Train a small network with your functions; return the loss on fresh data."""
    params = init_params(m=1, n=8, c=2, seed=1, recurrent="gaussian", radius=0.3)
    for i in range(updates):
        _, grads, _ = truncated_bptt(params, *echo(i), np.zeros((16, 8)), window)
        grads, _ = clip_by_global_norm(grads, 1.0)
        for name in params:
            params[name] -= rate * grads[name]
    loss, _, _ = loss_and_gradients(params, *echo(10_000), np.zeros((16, 8)))
    return loss


if when_passed("truncated_bptt") and when_passed("clip_by_global_norm"):
    floor = 3 / 12 * np.log(2)
    for window in (1, 12):
        excess = train(window) - floor
        print(f"window {window:2d}   loss within 0.1 of the floor: {bool(excess < 0.1)}")

# %% [markdown]
# ## What happens to credit on its way back

# %%
# EXERCISE: state_jacobian

# %% [markdown]
# The largest singular value of your product says how much of a gradient survives. Three orthogonal
# networks, weak inputs, one, ten and forty steps back. Compare with the radius to the power of
# the lag.

# %%
if when_passed("state_jacobian"):
    x_weak = 0.01 * np.random.default_rng(2).normal(size=(1, 40, 3))
    for radius in (0.5, 0.9, 1.0):
        w = init_params(m=3, n=16, c=2, seed=0, radius=radius)
        h, _ = rnn_forward(x_weak, np.zeros((1, 16)), w["W_xh"], w["W_hh"], w["b_h"])
        norms = [np.linalg.norm(state_jacobian(h[0, -k:], w["W_hh"]), 2) for k in (1, 10, 40)]
        print(f"radius {radius:.1f}   " + "   ".join(f"{norm:.0e}" for norm in norms))

# %% [markdown]
# ## A project: Remember
#
# Now one of your own. How long may a row be, so that vanilla units still add two numbers in it? The
# mark is that length. `course check` and `course validate` look for `remember.npz` beside this
# notebook.

# %%
# EXERCISE: predict_remember

# %% [markdown]
# ## Where you are
#
# Your backward pass is exact, checked, bounded in memory and safe from explosion. What no trick in
# this notebook brings back is a gradient that has vanished: look at the first row of numbers
# again. [The chapter](../book/bptt.md) says why that can't be cured by better numbers, only by
# another architecture.
