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
# # Exercises 3: gated cells
#
# At the end you have a GRU, an LSTM that learns by your own gradient to remember across thirty
# steps of noise, and a stack of LSTM layers that reads digits with weights trained in Keras. On
# the way you fix three bugs from old notebooks. [Chapter 3](../book/gated_cells.md) explains why;
# each exercise links to its section.

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
from course_lib.scratch.bptt import rnn_step_backward
from course_lib.scratch.clipping import clip_by_global_norm
from course_lib.scratch.gated import (
    gate,
    init_gru_params,
    init_lstm_params,
    sigmoid,
)
from course_lib.scratch.rnn import init_params, rnn_step

use_style()

# %% [markdown]
# The weights of a cell are in a dict `params`. The last letter of a key says what a weight
# computes, so you know where to look when two gates get mixed up.
#
# | letter | cell | computes | squashed by |
# |---|---|---|---|
# | `r`, `z` | GRU | reset gate, update gate | sigmoid |
# | `h` | GRU | candidate, the proposed new state | tanh |
# | `i`, `f`, `o` | LSTM | input, forget and output gate | sigmoid |
# | `c` | LSTM | candidate, what may be added to the memory | tanh |
#
# For each letter g there are `W_xg` (m, n), `W_hg` (n, n) and `b_g` (n,). Mind that `W_hg` is
# square: if it is transposed by mistake, only the numbers show it.

# %% [markdown]
# ## One gate
#
# A gate is a logistic regression, one for each unit; `gate` is given. With nothing coming in, only
# its bias decides. A forget gate multiplies what a unit remembers, its *memory*, at every step,
# and usually starts with bias 1. What share of the memory is left after twenty steps?

# %%
predict("left of the memory after twenty steps", ...)

# %%
nothing, no_weight = np.zeros((1, 1)), np.zeros((1, 1))
for bias in (-4.0, 0.0, 1.0, 4.0):
    g_t = gate(nothing, nothing, no_weight, no_weight, np.array([bias]))[0, 0]
    print(f"bias {bias:4.1f}   open {g_t:.2f}   twenty times {g_t**20:.1g}")
measured("left of the memory after twenty steps", sigmoid(1.0) ** 20)

# %% [markdown]
# Now ask the question the other way round: if a memory must last for a given number of steps,
# which bias does the gate need?

# %%
# EXERCISE: forget_bias_for

# %% mystnb={"image": {"alt": "The share of the memory left over 200 steps, for three forget biases: one falls to nothing within a few steps, one within some 60, and one, whose half is left after 100 steps, is still at a quarter at the end."}}
if when_passed("forget_bias_for"):
    print("steps until half is left    bias")
    for steps in (1, 10, 100, 1000):
        bias = (
            round(forget_bias_for(steps), 2) + 0.0
        )  # adding 0 takes the sign off a zero
        print(f"{steps:24d}{bias:8.2f}")
    steps = np.arange(200)
    for lasts in (1, 10, 100):
        plt.plot(
            steps,
            sigmoid(forget_bias_for(lasts)) ** steps,
            markevery=20,
            label=f"{lasts}",
        )
    plt.xlabel("steps")
    plt.ylabel("share of the memory left")
    plt.legend(title="half is left after")
    plt.show()

# %% [markdown]
# ## Two gates: the GRU

# %%
# EXERCISE: gru_step

# %% [markdown]
# Keep a gate open or shut by its bias, and the GRU turns into networks that you know. Before you
# run it: which line is the vanilla RNN, and which has forgotten everything?

# %%
if when_passed("gru_step"):
    params = init_gru_params(m=3, n=5, seed=0)
    x_t = np.array([[1.0, -2.0, 0.5]])
    h_prev = np.linspace(-0.8, 0.8, 5)[None]
    networks = {
        "the old state": h_prev,
        "a vanilla RNN": rnn_step(
            x_t, h_prev, params["W_xh"], params["W_hh"], params["b_h"]
        ),
        "no recurrence": rnn_step(
            x_t, 0 * h_prev, params["W_xh"], params["W_hh"], params["b_h"]
        ),
    }
    for z in (1, 0):
        for r in (1, 0):
            biases = {
                "b_z": np.full(5, 100.0 * z - 50),
                "b_r": np.full(5, 100.0 * r - 50),
            }
            h_t = gru_step(x_t, h_prev, params | biases)
            same = [
                name
                for name, state in networks.items()
                if np.allclose(h_t, state)
            ]
            print(f"z = {z}, r = {r}: {', '.join(same)}")

# %% [markdown]
# ## Three gates and a memory: the LSTM

# %%
# EXERCISE: lstm_step

# %% [markdown]
# Do the same with one LSTM unit. Its memory is 0.8 and its candidate tanh(0.5) = 0.46. One of the
# old notebooks, a practical of the Deep Learning Indaba 2017, says that the old memory is ignored
# where f is 1. Is it?

# %%
if when_passed("lstm_step"):
    for f in (1, 0):
        for i in (1, 0):
            params = {
                name: np.zeros_like(w)
                for name, w in init_lstm_params(1, 1).items()
            }
            params |= {
                "b_f": np.array([100.0 * f - 50]),
                "b_i": np.array([100.0 * i - 50]),
            }
            params["b_c"] = np.array([0.5])
            one = np.ones((1, 1))
            _, c_t, _ = lstm_step(one, one, 0.8 * one, params)
            print(f"f = {f}, i = {i}: c_t = {c_t[0, 0]:.2f}")

# %% [markdown]
# Are these the cells that everyone else uses? Copy the weights into Keras's layers and compare a
# whole sequence. Keras puts the letters of a cell side by side in one matrix, in an order of its
# own. From here on, some cells need TensorFlow, which takes a few seconds to load.

# %%
import course_lib.quiet  # loads TensorFlow without its start-up messages
import keras


def side_by_side(params, letters):
    """A cell's weights as Keras has them: kernel, recurrent kernel, bias."""
    return [
        np.concatenate([params[f"{kind}{g}"] for g in letters], axis=-1)
        for kind in ("W_x", "W_h", "b_")
    ]


def last_of(layer, params, letters, x):
    """The last state of a Keras layer with our weights."""
    layer.build(x.shape)
    kernel, recurrent, bias = side_by_side(params, letters)
    if layer.get_weights()[2].ndim == 2:  # one bias for x and one for h
        bias = np.stack([bias, 0 * bias])
    layer.set_weights([kernel, recurrent, bias])
    return np.asarray(layer(x))


x = np.random.default_rng(0).normal(size=(4, 9, 3))

if when_passed("lstm_step"):
    params = init_lstm_params(m=3, n=5, seed=1)
    h_t = c_t = np.zeros((4, 5))
    for t in range(9):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
    theirs = last_of(keras.layers.LSTM(5, dtype="float64"), params, "ifco", x)
    print(
        "your LSTM is keras.layers.LSTM:", np.allclose(h_t, theirs, atol=1e-12)
    )

if when_passed("gru_step"):
    params = init_gru_params(m=3, n=5, seed=1)
    h_t = np.zeros((4, 5))
    for t in range(9):
        h_t = gru_step(x[:, t], h_t, params)
    for after in (False, True):
        layer = keras.layers.GRU(5, reset_after=after, dtype="float64")
        same = np.allclose(h_t, last_of(layer, params, "zrh", x), atol=1e-12)
        print(f"your GRU is keras.layers.GRU with reset_after={after}: {same}")

# %% [markdown]
# ## What comes back

# %%
# EXERCISE: lstm_step_backward

# %% [markdown]
# Here is why this is worth the effort. Send a gradient back through a hundred steps of networks
# that have not learned anything yet, and see what is left of it. The vanilla network has
# orthogonal recurrent weights, the best start that chapter 2 found. Then multiply the inputs by
# 0.01. Whose gradient changes most? Why is that not a cure: what can't a network do if it only
# uses the straight part of its tanh?

# %%
inputs = np.random.default_rng(0).normal(size=(1, 100, 4))


def left_of_it(back_steps, start):
    """Size of the gradient after each step back, as a share of the first."""
    return [
        np.sqrt(sum(np.sum(d**2) for d in arrived)) / start
        for arrived in back_steps
    ]


def vanilla_back(x, n=16):
    """Yield the gradient at the state, step by step back."""
    w = init_params(x.shape[2], n, 2, seed=0)
    h = [np.zeros((1, n))]
    for t in range(x.shape[1]):
        h.append(rnn_step(x[:, t], h[-1], w["W_xh"], w["W_hh"], w["b_h"]))
    dh = np.ones((1, n))
    for t in reversed(range(x.shape[1])):
        _, dh, *_ = rnn_step_backward(
            dh, x[:, t], h[t], h[t + 1], w["W_xh"], w["W_hh"]
        )
        yield (dh,)


def lstm_back(x, forget_bias, n=16):
    """Yield the gradients at state and memory, step by step back."""
    params = init_lstm_params(x.shape[2], n, seed=0, forget_bias=forget_bias)
    h = c = np.zeros((1, n))
    caches = []
    for t in range(x.shape[1]):
        h, c, cache = lstm_step(x[:, t], h, c, params)
        caches.append(cache)
    dh, dc = np.ones((1, n)), np.zeros((1, n))
    for cache in reversed(caches):
        _, dh, dc, _ = lstm_step_backward(dh, dc, cache, params)
        yield dh, dc


if when_passed("lstm_step") and when_passed("lstm_step_backward"):
    runs = {"vanilla": vanilla_back(inputs)}
    for bias in (0.0, 1.0, 3.0):
        runs[f"LSTM, forget bias {bias:.0f}"] = lstm_back(inputs, bias)
    back = (1, 10, 100)
    print(f"{'left, by steps back':20s}" + "".join(f"{k:9d}" for k in back))
    for name, steps in runs.items():
        left = left_of_it(steps, start=4.0)
        print(f"{name:20s}" + "".join(f"{left[k - 1]:9.1g}" for k in back))

# %% [markdown]
# Now let it learn. The first input of a sequence is 1 or -1, then thirty steps of noise follow,
# and at the end the network must say which it was. Your step and your step back do all the work;
# the rest is a logistic regression on the last state, clipping, and Adam. The two runs differ only
# in the forget bias that they start from: one starts at 0, the other at the bias with which,
# according to your `forget_bias_for`, half of a memory is left after thirty steps. Then try 1,
# with several seeds: at this delay it is touch and go. What does a bias of 6 do, or a delay of
# 100?


# %%
def first_sign(seed, batch=32, delay=30):
    """A sign, then noise (batch, delay, 1); and the sign, as 0 or 1."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, size=batch)
    x = 0.5 * rng.normal(size=(batch, delay, 1))
    x[:, 0, 0] = 2 * labels - 1
    return x, labels


def loss_and_gradients(params, x, labels):
    """Mean loss, gradients by your step back, the share of right answers."""
    h = c = np.zeros((len(x), len(params["w"])))
    caches = []
    for t in range(x.shape[1]):
        h, c, cache = lstm_step(x[:, t], h, c, params)
        caches.append(cache)
    score, sign = h @ params["w"], 2 * labels - 1
    dscore = -sign * sigmoid(-sign * score) / len(x)
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    grads["w"] = h.T @ dscore
    dh, dc = dscore[:, None] * params["w"], np.zeros_like(c)
    for cache in reversed(caches):
        _, dh, dc, step = lstm_step_backward(dh, dc, cache, params)
        for name, gradient in step.items():
            grads[name] += gradient
    return (
        np.logaddexp(0, -sign * score).mean(),
        grads,
        np.mean((score > 0) == labels),
    )


def train(forget_bias, seed=0, updates=150, rate=0.02, delay=30, n=8):
    """Adam on fresh sequences; the share of right answers on unseen ones."""
    params = init_lstm_params(1, n, seed=seed, forget_bias=forget_bias)
    params["w"] = np.random.default_rng(1).normal(size=n) / np.sqrt(n)
    mean = {name: np.zeros_like(w) for name, w in params.items()}
    square = {name: np.zeros_like(w) for name, w in params.items()}
    for k in range(1, updates + 1):
        _, grads, _ = loss_and_gradients(params, *first_sign(k, delay=delay))
        grads, _ = clip_by_global_norm(grads, 1.0)
        for name, g in grads.items():
            mean[name] += 0.1 * (g - mean[name])
            square[name] += 0.001 * (g**2 - square[name])
            step = (
                mean[name]
                / (1 - 0.9**k)
                / (np.sqrt(square[name] / (1 - 0.999**k)) + 1e-8)
            )
            params[name] -= rate * step
    return loss_and_gradients(
        params, *first_sign(10_000, batch=500, delay=delay)
    )[2]


if all(
    map(when_passed, ("lstm_step", "lstm_step_backward", "forget_bias_for"))
):
    for bias in (0.0, forget_bias_for(30)):
        right = train(bias)
        verdict = (
            "has learned it"
            if right > 0.95
            else "guesses"
            if right < 0.6
            else "in between"
        )
        print(f"forget bias {bias:.1f}: {verdict}")

# %% [markdown]
# ## Layers on top of each other
#
# Besides the cell, a stack has three parts, and the old notebooks got all three wrong between
# them. In the practical of 2017 all layers share one cell, and dropout stays on at evaluation. The
# other, a notebook of 2018 about a fast LSTM, tells its readers to join a layer's outputs in a way
# that loses the time axis. None of it shows there, because both ran with a single layer and
# without dropout. Here are the three parts, in NumPy.

# %%
# EXERCISE: fresh_cells

# %%
# EXERCISE: collect_outputs

# %%
# EXERCISE: dropout_between_layers

# %% [markdown]
# Now put them together.

# %%
# EXERCISE: stacked_forward

# %% [markdown]
# Ask a stack three times about the same sequences, first at evaluation, then in training.

# %%
if when_passed("stacked_forward") and when_passed("fresh_cells"):
    layers = fresh_cells(3, 8, layers=3)
    readout = {"W_hy": np.eye(8)[:, :2], "b_y": np.zeros(2)}
    for training in (False, True):
        rng = np.random.default_rng(0)
        answers = [
            stacked_forward(x, layers, readout, 0.5, training, rng)
            for _ in range(3)
        ]
        alike = all(np.array_equal(answers[0], answer) for answer in answers)
        print(f"training={training}: three answers alike: {alike}")

# %% [markdown]
# ## The same cells, fast
#
# From here on you write for TensorFlow; [TensorFlow in twenty minutes](../book/tensorflow.md)
# explains how that works. Cells, loop and classifier are compared with your NumPy code.

# %%
import tensorflow as tf

from course_lib.data import load_mnist
from course_lib.layers.loops import unrolled
from course_lib.training import seed_everything

# %%
# EXERCISE: LSTMCell

# %% [markdown]
# Now let it read: one layer of your cell, 2,000 digits, row by row, three epochs. Before you run
# it: a cell that guesses is right once in ten. How often is yours right, on digits that it has
# never seen?

# %%
predict("accuracy of my LSTM", ...)

# %% mystnb={"image": {"alt": "The training loss over the batches of three epochs, as the mean of the epoch so far: it falls, with a step down wherever a new epoch begins."}}
if when_passed("LSTMCell"):
    mnist = load_mnist()
    seed_everything(0)
    reader = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.RNN(LSTMCell(32)),
            keras.layers.Dense(10),
        ]
    )
    reader.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    losses = []
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: losses.append(logs["loss"])
    )
    x_train, y_train = mnist.x_train[:2000], mnist.y_train[:2000]
    reader.fit(
        x_train, y_train, batch_size=50, epochs=3, verbose=0, callbacks=[note]
    )
    _, accuracy = reader.evaluate(
        mnist.x_test, mnist.y_test, batch_size=500, verbose=0
    )
    display(measured("accuracy of my LSTM", accuracy, 0.6, 0.95))
    plt.plot(losses, markevery=20)
    plt.xlabel("training step")
    plt.ylabel("mean loss of the epoch so far")
    plt.show()

# %%
# EXERCISE: GRUCell

# %% [markdown]
# Which GRU is yours? Copy the weights of Keras's layer, in both conventions.

# %%
if when_passed("GRUCell"):
    for after in (False, True):
        theirs = keras.layers.GRU(
            8, reset_after=after, return_sequences=True, dtype="float64"
        )
        yours = keras.layers.RNN(
            GRUCell(8, reset_after=after, dtype="float64"),
            return_sequences=True,
            dtype="float64",
        )
        for layer in (theirs, yours):
            layer.build(x.shape)
        yours.set_weights(theirs.get_weights())
        apart_by = float(tf.reduce_max(tf.abs(yours(x) - theirs(x))))
        print(f"reset_after={after}: apart by {within(apart_by, 0, 1e-12)}")

# %% [markdown]
# ### The loop
#
# So far, Keras has run your cells over time. The notebook of 2018 wrote the loop in Python, and so
# does `unrolled`. Write it so that TensorFlow has one loop in its graph, not a copy for every
# step.

# %%
# EXERCISE: looped

# %% [markdown]
# Now time three ways to run the same cell over the same sequences: a Python loop, the same loop
# traced, and yours. For each, measure how long it takes to get the first result (for the traced
# ones this includes making the graph), and how long it takes afterwards. Once its graph is made,
# how many times as fast as the Python loop will yours be, for 80 steps? And which of the two
# graphs is made sooner?

# %%
predict("times as fast as a loop in Python", ...)

# %% mystnb={"image": {"alt": "Seconds over the number of steps, for three loops, first calls above and later calls below. At the first call the traced loop takes longest, and longer with more steps; the loop in the graph takes about the same for any length. At later calls the loop in Python is the slowest by far."}}
from time import perf_counter


def seconds(run, *arguments, times=5):
    """Of the first call, and of the quickest of those that follow."""
    taken = []
    for _ in range(times):
        start = perf_counter()
        run(*arguments)
        taken.append(perf_counter() - start)
    return taken[0], min(taken[1:])


if when_passed("looped"):
    cell = keras.layers.LSTMCell(64)
    cell.build((None, 28))
    ways = {
        "loop in Python": lambda: unrolled,
        "traced loop": lambda: tf.function(unrolled),
        "loop in the graph": lambda: tf.function(looped),
    }
    lengths = (10, 20, 40, 80)
    first = {way: [] for way in ways}
    later = {way: [] for way in ways}
    for T in lengths:
        sequences = tf.random.stateless_normal((32, T, 28), seed=(1, T))
        start = [tf.zeros((32, 64))] * 2
        for way, make in ways.items():
            once, again = seconds(make(), cell, sequences, start)
            first[way].append(once)
            later[way].append(again)
    faster = later["loop in Python"][-1] / later["loop in the graph"][-1]
    display(measured("times as fast as a loop in Python", faster, 1, 10_000))
    _, axes = plt.subplots(2, 1, figsize=(5.6, 7), sharey=True)
    for axis, title, taken in zip(
        axes, ("first call", "later calls"), (first, later), strict=True
    ):
        for way in ways:
            axis.loglog(lengths, taken[way], label=way)
        axis.minorticks_off()
        axis.set(
            title=title, xlabel="steps", xticks=lengths, xticklabels=lengths
        )
        axis.set_ylabel("seconds")
    axes[1].legend()
    plt.show()

# %% [markdown]
# ## The practical's classifier
#
# Now build the model that the practical asks for: a stack of any cell, dropout, a penalty, a
# readout. The practical's own version has four faults; yours will have none.

# %%
# EXERCISE: recurrent_classifier

# %% [markdown]
# Two layers of your LSTM cell, with dropout and with the penalty, on 2,000 digits. The penalty is
# part of the loss that is shown, so print it separately.

# %% mystnb={"image": {"alt": "Accuracy over four epochs, on the digits that were trained on, with dropout, and on those kept back: both end well above where they began."}}
if when_passed("recurrent_classifier") and when_passed("LSTMCell"):
    seed_everything(0)
    classifier = recurrent_classifier(
        LSTMCell, 32, layers=2, dropout=0.1, l2=1e-4
    )
    classifier.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    flat = mnist.x_train[:2000].reshape(2000, -1)
    history = classifier.fit(
        flat,
        mnist.y_train[:2000],
        batch_size=50,
        epochs=4,
        verbose=0,
        validation_split=0.2,
    ).history
    penalty = float(sum(classifier.losses))
    print(f"penalty at the end: {within(penalty, 0.01, 0.5)}")
    print(
        "accuracy on digits kept back: "
        f"{within(history['val_accuracy'][-1], 0.5, 0.99)}"
    )
    epochs = range(1, 5)
    plt.plot(epochs, history["accuracy"], label="trained on, with dropout")
    plt.plot(epochs, history["val_accuracy"], label="kept back")
    plt.xticks(epochs)
    plt.xlabel("epoch")
    plt.ylabel("accuracy")
    plt.legend()
    plt.show()

# %% [markdown]
# ## When to stop
#
# A network that has few digits to learn from soon knows them by heart. From then on its validation
# loss gets no better, and often worse. Something has to stop it in time.

# %%
# EXERCISE: EarlyStopping

# %% [markdown]
# Train your classifier on 400 digits, and let your callback judge it by 400 others. Which of at
# most 60 epochs will be the best?

# %%
predict("best epoch", ...)

# %% mystnb={"image": {"alt": "Loss over the epochs. On the digits that were trained on it goes on falling. On those kept back it falls, and then only goes up and down; a ring marks its lowest point, and training ends a few epochs later."}}
if when_passed("recurrent_classifier") and when_passed("EarlyStopping"):
    mnist = load_mnist()
    seed_everything(0)
    stopped = recurrent_classifier(keras.layers.LSTMCell, 32)
    stopped.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    flat = mnist.x_train[:800].reshape(800, -1)
    kept_back = flat[400:], mnist.y_train[400:800]
    curves = stopped.fit(
        flat[:400],
        mnist.y_train[:400],
        batch_size=50,
        epochs=60,
        verbose=0,
        validation_data=kept_back,
        callbacks=[EarlyStopping(patience=5)],
    ).history
    best = int(np.argmin(curves["val_loss"]))
    display(measured("best epoch", best + 1, 5, 55))
    print(f"epochs after the best one: {len(curves['val_loss']) - 1 - best}")
    loss = stopped.evaluate(*kept_back, batch_size=400, verbose=0)
    gap = abs(loss - curves["val_loss"][best])
    print(f"its loss is that of the best epoch, up to {within(gap, 0, 1e-3)}")
    epochs = np.arange(1, len(curves["loss"]) + 1)
    plt.plot(epochs, curves["loss"], label="trained on")
    plt.plot(epochs, curves["val_loss"], "--", label="kept back")
    plt.plot(
        best + 1, curves["val_loss"][best], "o", mfc="none", ms=12, label="best"
    )
    plt.locator_params(axis="x", integer=True)
    plt.xlabel("epoch")
    plt.ylabel("loss in nats")
    plt.legend()
    plt.show()

# %% [markdown]
# ## A kernel that is never used
#
# Somebody wrote a layer for a GPU. It is a GRU, its numbers are right, and it is as slow as a
# hand-written cell. There is no message that says why.

# %%
# EXERCISE: gru_for_a_gpu

# %% [markdown]
# ## The fast version, and your own
#
# `RecurrentClassifier` is the same model as a class: it keeps its penalty when it is saved, and
# its dropout can have a seed. Train two layers of it on 3,000 digits for three epochs, pass its
# weights to your `stacked_forward`, and let NumPy read the test set.

# %%
from course_lib.layers import RecurrentClassifier, compile_classifier


def trained(cell, units=32, layers=1, dropout=0.0, epochs=3, images=3000):
    """A classifier, trained, and its accuracy on the test set."""
    mnist = load_mnist()
    seed_everything(0)
    model = RecurrentClassifier(
        cell=cell, units=units, layers=layers, dropout=dropout, seed=0
    )
    compile_classifier(model, learning_rate=0.01, clip_norm=1.0)
    train = mnist.x_train[:images], mnist.y_train[:images]
    model.fit(*train, batch_size=50, epochs=epochs, verbose=0)
    _, accuracy = model.evaluate(
        mnist.x_test, mnist.y_test, batch_size=500, verbose=0
    )
    return model, accuracy


def apart(W_x, W_h, b):
    """The weights of a Keras LSTM as a dict with our letters."""
    parts = {"W_x": W_x, "W_h": W_h, "b_": b}
    return {
        f"{kind}{g}": part
        for kind, whole in parts.items()
        for g, part in zip("ifco", np.split(whole, 4, axis=-1), strict=True)
    }


if when_passed("stacked_forward"):
    mnist = load_mnist()
    model, accuracy = trained("lstm", layers=2, dropout=0.1)
    *cells, W_hy, b_y = model.get_weights()
    layers = [apart(*cells[:3]), apart(*cells[3:])]
    logits = stacked_forward(mnist.x_test, layers, {"W_hy": W_hy, "b_y": b_y})
    theirs = model.predict(mnist.x_test, batch_size=500, verbose=0)
    yours = np.mean(logits.argmax(1) == mnist.y_test)
    apart_by = np.abs(logits - theirs).max()
    print(f"accuracy in Keras: {within(accuracy, 0.8, 1)}")
    print(f"accuracy with your forward pass: {within(yours, 0.8, 1)}")
    print(f"largest difference of the logits: {within(apart_by, 0, 1e-4)}")

# %% [markdown]
# ## Try out different cells
#
# Here is the practical's last task: swap the cell and see what that does to the accuracy. Names to
# try: `"vanilla"`, `"gru"`, `"gru_reset_after"`, `"lstm"`, `"lstm_peepholes"`,
# `"lstm_layer_norm"`. Three epochs on 3,000 digits settle nothing: [the
# chapter](../book/gated_cells.md) has full runs.

# %%
CELLS = ("vanilla", "lstm")

if when_passed("stacked_forward"):
    accuracies = {cell: trained(cell)[1] for cell in CELLS}
    best = max(accuracies, key=accuracies.get)
    print(f"best of {', '.join(CELLS)}: {best}")

# %% [markdown]
# ## A project: Few labels
#
# Now build a network of your own, with 500 labels and everything that you have written so far.
# First say what you expect. `course check` and `course validate` look for `few_labels.npz` beside
# this notebook.

# %%
# EXERCISE: predict_few_labels

# %% [markdown]
# ## Going further
#
# There are no checks for these; they are for the curious.
#
# 1. Print `accuracies`. Then give the vanilla cell more epochs. Does it catch up? What does the
#    LSTM reach in the same time?
# 2. Let `train` return its `params`, run them over one sequence of `first_sign` and print
#    `cache["f"]` at each step. Which units keep the sign, and what do the others do?
# 3. Write the step back of the GRU, and check it with the `numerical_gradient` of chapter 2.
# 4. We don't know the answer to this one. With the initial bias from `forget_bias_for`, every unit
#    has the same memory. Tallec and Ollivier give each unit its own, with `steps` drawn uniformly
#    between 1 and the longest. After training on `first_sign` with many delays at once, are the
#    biases still spread as they were at the start, or have the units agreed on one?
