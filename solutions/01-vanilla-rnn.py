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
# # Exercises 1: the vanilla RNN
#
# By the end you will have a recurrent network of your own, from a single step in NumPy to a Keras
# cell that reads handwritten digits. It prints the same numbers as an old notebook, handles
# sequences of different lengths, and its loss stays finite. [Chapter 1](../book/vanilla_rnn.md)
# explains why; each exercise links to its section.

# %%
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
from course_lib.figures import vanilla_rnn as figures
from course_lib.sources import notebook_2019

# %% [markdown]
# ## How to work
#
# Replace each line that raises `NotImplementedError` with your code, run the cell, then run the
# check below it. The check says *passed*, *not written yet*, or *not right yet* and why. Hints
# fold out below it. In a cell of your own, `hint(rnn_step)` shows the hint that fits what the last
# check found, and `solution(rnn_step)` shows our code. Cells that use your functions are skipped
# until you have passed the exercise, so you can run everything at any time.
#
# | symbol | shape | meaning |
# |---|---|---|
# | `x_t`, `x` | (batch, m), (batch, T, m) | inputs |
# | `h_t`, `h` | (batch, n), (batch, T, n) | states |
# | `W_xh`, `W_hh`, `b_h` | (m, n), (n, n), (n,) | weights, the same at every step |

# %% [markdown]
# ## One step, then many

# %%
# EXERCISE: rnn_step

# %% [markdown]
# A step has no memory of its own: you give it one. Feed it the same input three times, once with
# the state passed on and once with the state thrown away.

# %%
if when_passed("rnn_step"):
    x_t = np.array([[1.0, -0.5, 0.25]])
    W_xh = np.array([[0.5, -1.0], [0.25, 0.75], [-0.5, 1.0]])
    W_hh = np.array([[0.0, 1.0], [-1.0, 0.0]])
    b_h = np.zeros(2)
    forgotten = carried = np.zeros((1, 2))
    for t in range(1, 4):
        forgotten = rnn_step(x_t, np.zeros((1, 2)), W_xh, W_hh, b_h)
        carried = rnn_step(x_t, carried, W_xh, W_hh, b_h)
        print(
            f"step {t}   state forgotten: {forgotten.round(3)}   "
            f"carried: {carried.round(3)}"
        )

# %% [markdown]
# The right column changes although the input does not. Now let a loop carry the state.

# %%
# EXERCISE: rnn_forward

# %% [markdown]
# A notebook from 2019 unrolled a network by hand, two steps for four sequences, and printed its
# states. With the same weights, your loop should give them too, up to the rounding of float32.

# %%
if when_passed("rnn_forward"):
    h, _ = rnn_forward(
        notebook_2019.X,
        np.zeros((4, 5), np.float32),
        notebook_2019.UNROLLED_W_XH,
        notebook_2019.UNROLLED_W_HH,
        np.zeros(5, np.float32),
    )
    error = np.abs(h - notebook_2019.UNROLLED_H).max()
    print("printed in 2019:", notebook_2019.UNROLLED_H[3, 1].round(4))
    print("yours:          ", h[3, 1].round(4))
    print(f"largest of {h.size} differences: {within(error, 0, 5e-7)}")

# %% [markdown]
# How long does a network remember? Two sequences differ only at the first step. After it, the
# difference between their states is all that is left of that step. $W_{hh}$ is orthogonal, times
# 0.9: without the tanh, a step would leave 0.9 of the difference. Say beforehand: **what share of
# it is left after 20 steps?** Put a number from 0 to 1 in place of the dots. Nobody grades it.

# %%
predict("left after 20 steps", ...)

# %% mystnb={"image": {"alt": "What is left of the first input over 40 steps, on a logarithmic axis, for three factors of an orthogonal recurrent matrix: each is nearly a straight line downwards, steepest for the smallest factor."}}
if when_passed("rnn_forward"):
    rng = np.random.default_rng(1)
    n, T = 50, 40
    orthogonal, _ = np.linalg.qr(rng.normal(size=(n, n)))
    W_in = rng.normal(size=(3, n)) / np.sqrt(3)
    pair = np.repeat(0.5 * rng.normal(size=(1, T, 3)), 2, axis=0)
    pair[1, 0] += 0.1
    shares = {}
    for factor in (0.7, 0.9, 1.0):
        h, _ = rnn_forward(
            pair, np.zeros((2, n)), W_in, factor * orthogonal, np.zeros(n)
        )
        distance = np.linalg.norm(h[1] - h[0], axis=-1)
        shares[f"{factor} times orthogonal"] = distance / distance[0]
    left = shares["0.9 times orthogonal"][20]
    display(measured("left after 20 steps", left))
    display(figures.memory_left(shares))

# %% [markdown]
# The line for 0.9 falls much faster than $0.9^t$: wherever a unit is not near zero, the slope of its
# tanh is below 1, and so every step takes a little more. Even with a factor of 1 the first input
# fades. The [chapter](../book/vanilla_rnn.md) follows one unit; [the next
# chapter](../book/bptt.md) asks what this means for learning.

# %% [markdown]
# ## Sequences of different length
#
# In the same notebook, one of the four sequences had a single step and was padded with zeros. A
# state must not change while there is nothing to read.

# %%
# EXERCISE: masked_rnn_forward

# %%
if when_passed("masked_rnn_forward"):
    h, h_last = masked_rnn_forward(
        notebook_2019.X,
        notebook_2019.MASK,
        np.zeros((4, 5), np.float32),
        notebook_2019.MASKED_W_XH,
        notebook_2019.MASKED_W_HH,
        np.zeros(5, np.float32),
    )
    error = np.abs(h - notebook_2019.MASKED_H).max()
    last_error = np.abs(h_last - notebook_2019.MASKED_H_LAST).max()
    print("output at the padded step:", h[1, 1])
    print(
        "outputs and last states differ by at most "
        f"{within(max(error, last_error), 0, 2e-6)}"
    )

# %% [markdown]
# What is in the padding can't matter any more. Put nonsense there and compare.

# %%
if when_passed("masked_rnn_forward"):
    nonsense = notebook_2019.X.copy()
    nonsense[1, 1] = [100, -100, 100]
    _, h_nonsense = masked_rnn_forward(
        nonsense,
        notebook_2019.MASK,
        np.zeros((4, 5), np.float32),
        notebook_2019.MASKED_W_XH,
        notebook_2019.MASKED_W_HH,
        np.zeros(5, np.float32),
    )
    print(f"last states unchanged: {np.array_equal(h_last, h_nonsense)}")

# %% [markdown]
# ## A loss that stays finite

# %%
# EXERCISE: cross_entropy_from_logits

# %% [markdown]
# Compare your loss with what everyone writes first: softmax, then log. Once the larger logit
# belongs to the right class, and once to the wrong one. A gap of 10 between the two is that of a
# sure network, and a gap of 110 that of a very sure one.


# %%
def softmax_then_log(logits, labels):
    exp = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities = exp / exp.sum(axis=-1, keepdims=True)
    one_hot = np.eye(logits.shape[-1], dtype=logits.dtype)[labels]
    with np.errstate(divide="ignore", invalid="ignore"):
        return -np.sum(one_hot * np.log(probabilities), axis=-1).mean()


if when_passed("cross_entropy_from_logits"):
    for gap in (10, 110):
        logits = np.array([[gap, 0]], dtype=np.float32)
        for label, answer in ((0, "right"), (1, "wrong")):
            naive = softmax_then_log(logits, np.array([label]))
            yours = cross_entropy_from_logits(logits, np.array([label]))
            print(
                f"gap {gap:3d}, {answer}:  softmax then "
                f"log {naive:6.2f}   yours {yours:6.2f}"
            )

# %% [markdown]
# ## A cell for Keras
#
# Give Keras a cell: it runs the cell over time, masks padding and trains it. From here on we use
# TensorFlow, so we load it now. This takes a few seconds.

# %%
import course_lib.quiet  # loads TensorFlow without its start-up messages
import keras
import tensorflow as tf

from course_lib.data import load_mnist
from course_lib.training import seed_everything

# %%
# EXERCISE: VanillaRNNCell

# %% [markdown]
# Is it the same as Keras's own layer? Copy the weights over and compare all outputs.

# %%
if when_passed("VanillaRNNCell"):
    seed_everything(0)
    ours = keras.layers.RNN(VanillaRNNCell(20), return_sequences=True)
    theirs = keras.layers.SimpleRNN(20, return_sequences=True)
    sequences = np.sin(np.arange(4 * 15 * 3, dtype=np.float32)).reshape(
        4, 15, 3
    )
    theirs.build(sequences.shape)
    ours.build(sequences.shape)
    ours.set_weights(theirs.get_weights())
    error = float(
        keras.ops.max(keras.ops.abs(ours(sequences) - theirs(sequences)))
    )
    print(f"from SimpleRNN it differs by {within(error, 0, 1e-6)}")

# %% [markdown]
# Now train it. The bundled part of MNIST has 10,000 images to train on and 2,000 to test on;
# each is read row by row, 28 steps of 28 pixels. Two epochs are enough to see that it learns. The
# full run, with a validation split and twelve epochs, is `course reproduce vanilla-mnist`; its
# curve is in the chapter.

# %%
if when_passed("VanillaRNNCell"):
    mnist = load_mnist()
    seed_everything(0)
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.RNN(VanillaRNNCell(100)),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(mnist.x_train, mnist.y_train, batch_size=50, epochs=2, verbose=0)
    _, accuracy = model.evaluate(
        mnist.x_test, mnist.y_test, batch_size=500, verbose=0
    )
    print(f"accuracy after two epochs: {within(accuracy, 0.85, 1)}")

# %% [markdown]
# ## One digit, whatever its company
#
# The weights are numbers, so NumPy can read digits with them too, a few at a time. The code below
# does, and it runs. When it gets the whole test set at once, it is as good as Keras. In small
# batches it is much worse, and what it says about a digit changes when the others change.

# %%
# EXERCISE: read_digits

# %% [markdown]
# With your code it doesn't matter how many digits are read at once.

# %%
if when_passed("VanillaRNNCell", "read_digits"):
    names = ("W_xh", "W_hh", "b_h", "W_hy", "b_y")
    weights = dict(zip(names, model.get_weights(), strict=True))
    grey = np.rint(255 * mnist.x_test)
    for size in (1, 50, 2000):
        logits = read_digits(grey, 255, weights, size)
        share = np.mean(logits.argmax(axis=-1) == mnist.y_test)
        print(f"{size:4d} at once   accuracy {within(share, 0.85, 1)}")

# %% [markdown]
# ## A training loop of your own
#
# `fit` is convenient, but what does it do? For each batch: a loss, its gradient, an update. Write
# that step yourself.

# %%
# EXERCISE: train_step

# %% [markdown]
# ## Sequences of different length, many at a time
#
# All images have 28 rows. But if you read them by *columns*, and only from the first column with
# ink to the last, they differ in length: the narrowest 1 has three columns, a wide 2 has twenty.

# %%
mnist = load_mnist()


def columns_with_ink(images):
    """Each image as its columns, (T_i, 28), without blank ones at its ends."""
    sequences = []
    for image in images:
        ink = np.flatnonzero(image.max(axis=0))
        sequences.append(image.T[ink[0] : ink[-1] + 1])
    return sequences


train, test = columns_with_ink(mnist.x_train), columns_with_ink(mnist.x_test)
lengths = np.array([len(one) for one in train])
print(
    f"{len(train)} digits, {lengths.min()} to "
    f"{lengths.max()} columns, mean {lengths.mean():.1f}"
)
for digit in (1, 2):
    print(
        f"a {digit} has {lengths[mnist.y_train == digit].mean():.1f} "
        "columns on average"
    )

# %%
# EXERCISE: padded_batches

# %% [markdown]
# What are the buckets good for? Put 50 of these digits in a batch as they come, and each is padded
# to the widest of them. **What share of all steps is padding then?** And what share is left when
# only digits of similar width share a batch?

# %%
predict("padding without buckets", ...)

# %%
BOUNDS = [8, 12, 15, 17, 19]


def share_of_padding(batches):
    masks = [mask.numpy() for (_, mask), _ in batches]
    return 1 - sum(mask.sum() for mask in masks) / sum(
        mask.size for mask in masks
    )


if when_passed("padded_batches"):
    one_bucket = share_of_padding(padded_batches(train, mnist.y_train, 50, []))
    several = share_of_padding(padded_batches(train, mnist.y_train, 50, BOUNDS))
    print(f"with {len(BOUNDS) + 1} buckets: {within(several, 0, 0.1)}")
    display(measured("padding without buckets", one_bucket, 0.15, 0.3))

# %% [markdown]
# Now put the three together: your cell, your step, your batches. Two passes over the digits, each
# batch as long as it has to be. A digit now has about 16 steps, not 28. **What share of the test
# set will the network get right?** (You saw above how well it does by rows.)

# %%
predict("accuracy by columns", ...)

# %% mystnb={"image": {"alt": "The loss over some 400 batches, a grey point each, widely spread, and the mean of twenty as a blue line: it starts a little below the line of guessing, 2.3 nats, and falls steeply at first, then slowly."}}
if when_passed("VanillaRNNCell", "train_step", "padded_batches"):
    seed_everything(0)
    x = keras.Input((None, 28))
    mask = keras.Input((None,), dtype="bool")
    h_last = keras.layers.RNN(VanillaRNNCell(100))(x, mask=mask)
    reader = keras.Model((x, mask), keras.layers.Dense(10)(h_last))
    step = train_step(reader, keras.optimizers.Adam(2e-3))
    batches = padded_batches(train, mnist.y_train, 50, BOUNDS)
    losses = [float(step(x, y)) for _ in range(2) for x, y in batches]
    right = [
        np.argmax(reader(x), axis=1) == y
        for x, y in padded_batches(test, mnist.y_test, 500, BOUNDS)
    ]
    accuracy = np.concatenate(right).mean()
    display(measured("accuracy by columns", accuracy, 0.75, 0.95))
    display(figures.loss_by_batch(losses))

# %% [markdown]
# ## A project: Rows
#
# Now build a network of your own: train it, tune it, and have it judged on digits that you haven't
# seen. There is no single right answer. `course check` and `course validate` look for `rows.npz`
# beside this notebook.

# %%
# EXERCISE: predict_rows

# %% [markdown]
# ## Going further
#
# There are no checks for these; they are for the curious.
#
# 1. Read the rows of each image from bottom to top (`x[:, ::-1]`). Does the accuracy change?
#    Should it?
# 2. Read the *pixels* one by one: 784 steps of one input. Train for an epoch and compare the time
#    and the accuracy. The [next chapter](../book/bptt.md) says why it is so hard.
# 3. Pass `return_sequences=True` and put the readout on every step. After how many rows is half
#    of the test set right?
# 4. We don't know the answer to this one. From top to bottom is only one order of the 28 rows. Is
#    there another, the same for all images, that gets more digits right, by more than another seed
#    would change? How would you look for it without trying them all? (Judge the orders by
#    training images that you keep back, not by the test set.)
