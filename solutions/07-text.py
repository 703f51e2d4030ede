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
# # Exercises 7: text, letter by letter
#
# By the end you will be able to cut a text into windows so that a network's state goes on from each to the
# next, and let any network that predicts characters write, boldly or carefully. [Chapter
# 3](../book/gated_cells.md) explains the cell, [the page on text](../book/text.md) the rest.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_lib.data.text import load_text
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
from course_lib.training.experiments.ngrams import NGrams

use_style()
text = load_text()
c = len(text.vocabulary)
print(text.decode(text.train[:160]))

# %% [markdown]
# ## What counting can do
#
# A text of 68 different characters, all equally likely, would cost about six bits per character.
# An n-gram counts, in the training text, which characters follow the last n - 1; with n = 2 it is
# a bigram. How many bits per character does a bigram need on the validation text? (The
# *perplexity* is 2 to the power of the bits: guessing among that many equally likely characters
# costs as much.)

# %%
predict("bits of a bigram", ...)

# %%
bits = {
    n: NGrams(text.train, n, c).bits(text.validation).mean()
    for n in (1, 2, 3, 5)
}
for n, value in bits.items():
    print(f"n = {n}: {value:.2f} bits, a perplexity of {2**value:.1f}")
measured("bits of a bigram", bits[2])

# %% [markdown]
# ## A state that is carried over
#
# A text is one long sequence. It is read in windows, in several lanes side by side, and every lane
# passes its state from window to window. The code below does that, and it runs. But a network that is
# trained with it is no better than one that forgets everything at the end of a window.

# %%
# EXERCISE: carried_windows

# %% [markdown]
# If your windows are right, each lane can be read like a book. Each line below is a window: first
# lane on the left, second lane on the right.

# %%
if when_passed("carried_windows"):
    x, y = carried_windows(text.train, 2, 40)
    for window in x[:3]:
        print(" | ".join(repr(text.decode(lane)) for lane in window))

# %% [markdown]
# A small GRU is trained on your windows, once through the training text. Then it reads the validation
# text twice: with its state carried over, and from a state of zero in every window of sixteen
# characters. By how many bits per character is the second reading worse?

# %%
predict("bits lost by forgetting every 16 characters", ...)

# %% mystnb={"image": {"alt": "What a character costs over some 300 windows of training, in bits, with two horizontal lines for the bigram and the trigram: the cost starts near six bits, falls below the bigram's line within the first third, and a little below the trigram's line at the end."}}
if when_passed("carried_windows"):
    import keras

    from course_lib.training.experiments.text_model import (
        CharacterModel,
        Reader,
        training_step,
    )

    keras.utils.set_random_seed(0)
    model = CharacterModel(c, 64)
    model(text.train[None, :2], model.begin(1))
    step = training_step(model, keras.optimizers.Adam(1e-2), clip_norm=1.0)
    h, costs = model.begin(32), []
    for window, following in zip(
        *carried_windows(text.train, 32, 64), strict=True
    ):
        cost, h = step(window, following, h)
        costs.append(float(cost))
    reader = Reader(model)
    carried, reset = (
        reader.bits(text.validation, 32, 16, carried=one).mean()
        for one in (True, False)
    )
    print(f"carried over: {within(carried, 2.3, 3.0)} bits per character")
    display(
        measured(
            "bits lost by forgetting every 16 characters",
            reset - carried,
            0.05,
            1.0,
        )
    )
    plt.plot(costs, marker="", label="the GRU, while it learns")
    for n, style in ((2, "--"), (3, ":")):
        label = f"n-gram, n = {n}"
        plt.axhline(bits[n], color="black", linestyle=style, label=label)
    plt.xlabel("window")
    plt.ylabel("bits per character")
    plt.legend()
    plt.show()

# %% [markdown]
# ## The next character
#
# The network says how likely each character is. To write, one has to be drawn.

# %%
# EXERCISE: sample_with_temperature

# %% [markdown]
# Now let the 5-gram write. It gives the probability of each next character; the logarithms will do
# as logits. Try other temperatures.

# %%
if when_passed("sample_with_temperature"):
    grams = NGrams(text.train, 5, c)
    for temperature in (0, 0.5, 1.0, 2.0):
        rng = np.random.default_rng(1)
        written = text.encode("\n\nBRUTUS.\n")
        for _ in range(200):
            logits = np.log(grams.next(written))[None]
            written = np.append(
                written, sample_with_temperature(logits, temperature, rng)
            )
        print(
            f"--- temperature {temperature}\n{text.decode(written).strip()}\n"
        )

# %% [markdown]
# ## Going further
#
# There are no checks for these; they are for the curious.
#
# 1. Let the GRU from above write. `reader.write` does what the loop in the last cell does.
# 2. Measure how surprising the 5-gram's own text is to the bigram, at each temperature. At which one
#    does it come closest to the real text?
# 3. Swap the first two axes of your windows, and train again. How much worse is the network, and why
#    does nothing complain?
# 4. We don't know the answer to this one. With more lanes, each update averages over more of the
#    text, but an epoch has fewer updates. Is there a best number of lanes, and what does it depend
#    on?
