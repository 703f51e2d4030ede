"""Exercise: a gate."""

from dataclasses import replace

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.gated_cells.cases import LOG_3
from course_lib.exercises.rungs import by_hand, floating, holds, irregular, matches, shapes
from course_lib.scratch.gated import gate, sigmoid


def small() -> Arrays:
    """Two sequences, three inputs, four units: no two sizes are alike."""
    return {
        "x_t": irregular(2, 3),
        "h_prev": irregular(2, 4, shift=1, scale=0.8),
        "W_x": irregular(3, 4, shift=2),
        "W_h": irregular(4, 4, shift=3),
        "b": irregular(4, shift=4, scale=0.5),
    }


def one_unit() -> Arrays:
    """One input and one unit; the sum is log 3."""
    return {
        "x_t": np.array([[2.0]]),
        "h_prev": np.array([[0.5]]),
        "W_x": np.array([[1.5]]),
        "W_h": np.array([[-4.0]]),
        "b": np.array([LOG_3 - 1.0]),
    }


def whole_numbers() -> Arrays:
    """Input and state as integers."""
    return {**small(), "x_t": np.array([[0, 1, 2], [3, 4, 5]]), "h_prev": np.zeros((2, 4), int)}


def far_out() -> Arrays:
    """Biases of a thousand: the gate is shut, undecided and open, and exp(1000) is too large."""
    return {
        "x_t": np.zeros((1, 2)),
        "h_prev": np.zeros((1, 3)),
        "W_x": np.ones((2, 3)),
        "W_h": np.ones((3, 3)),
        "b": np.array([-1000.0, 0.0, 1000.0]),
    }


def each_row_alone(function, given: Arrays) -> Arrays:
    """The batch at once, and its rows one by one."""
    x_t, h_prev, *weights = given.values()
    rows = [function(x_t[i : i + 1], h_prev[i : i + 1], *weights) for i in range(len(x_t))]
    return {"g_t": function(x_t, h_prev, *weights), "g_t expected": np.concatenate(rows)}


def entry_by_entry(given: Arrays) -> Arrays:
    """A logistic regression for each unit, in plain loops."""
    x_t, h_prev, W_x, W_h, b = given.values()
    g_t = np.zeros_like(h_prev)
    for s, j in np.ndindex(g_t.shape):
        total = b[j]
        total += sum(x_t[s, i] * W_x[i, j] for i in range(x_t.shape[1]))
        total += sum(h_prev[s, i] * W_h[i, j] for i in range(h_prev.shape[1]))
        g_t[s, j] = 1 / (1 + np.exp(-total))
    return {"g_t": g_t}


EXERCISE = Exercise(
    reference=gate,
    title="A gate",
    goal="Compute how far each unit's gate is open, from this step's input and the state before "
    "it.",
    difficulty=1,
    minutes=5,
    returns={"g_t": "array"},
    ladder=(
        shapes(small, g_t=(2, 4)),
        floating(whole_numbers, "g_t"),
        by_hand(
            one_unit,
            how="sigmoid(2 × 1.5 + 0.5 × (-4) + log 3 - 1) = sigmoid(log 3) = 1 / (1 + 1/3) = 0.75",
            g_t=np.array([[0.75]]),
        ),
        replace(
            by_hand(
                far_out,
                how="sigmoid(-1000) = 0, sigmoid(0) = 0.5, sigmoid(1000) = 1",
                g_t=np.array([[0.0, 0.5, 1.0]]),
            ),
            name="far out on both sides, by hand",
        ),
        holds(
            "each sequence of the batch is on its own",
            small,
            each_row_alone,
            "A sequence's gates changed with what else is in the batch.",
        ),
        matches(
            "equal to a logistic regression for each unit, entry by entry", small, entry_by_entry
        ),
    ),
    hints=(
        Hint(
            "Which part of this is new?",
            "One thing: the squashing function. The sum inside is that of the vanilla RNN's step, "
            "with weights of its own. A gate goes from 0 to 1, so it takes `sigmoid`, which the "
            "notebook imports, and not tanh.",
        ),
        Hint(
            "I get an error about shapes that can't be broadcast.",
            "Rows are sequences: `x_t` is (batch, m) and `W_x` is (m, n), so the product is "
            "`x_t @ W_x`, (batch, n). The same holds for `h_prev` and `W_h`.",
        ),
        Hint(
            "Some of my gates are nan.",
            "exp(1000) is larger than the largest float. Use the `sigmoid` that is given, which "
            "never takes the exponential of a large positive number.",
        ),
    ),
)


@EXERCISE.mistake(
    "That is tanh, between -1 and 1: a gate multiplies, so it must lie between 0 (nothing passes) "
    "and 1 (all passes), which is what sigmoid is for."
)
def tanh_for_sigmoid(x_t, h_prev, W_x, W_h, b):
    """The cell's nonlinearity."""
    return np.tanh(x_t @ W_x + h_prev @ W_h + b)


@EXERCISE.mistake(
    "The sigmoid is missing: without it a gate can be 3, or negative, and would amplify or turn "
    "the sign instead of letting through a share."
)
def no_sigmoid(x_t, h_prev, W_x, W_h, b):
    """The sum alone."""
    return x_t @ W_x + h_prev @ W_h + b


@EXERCISE.mistake(
    "The sign in the exponent is turned: sigmoid(a) is 1 / (1 + exp(-a)); with exp(a) the gate "
    "shuts where it should open."
)
def shut_for_open(x_t, h_prev, W_x, W_h, b):
    """1 / (1 + exp(a))."""
    return 1 - sigmoid(x_t @ W_x + h_prev @ W_h + b)


@EXERCISE.mistake(
    "exp(a) / (1 + exp(a)) is inf / inf, which is nan, once a is large: take the sigmoid that is "
    "given, or 1 / (1 + exp(-a))."
)
def overflow(x_t, h_prev, W_x, W_h, b):
    """Right on paper."""
    e = np.exp(x_t @ W_x + h_prev @ W_h + b)
    return e / (1 + e)


@EXERCISE.mistake(
    "The gate doesn't look at the state: h_prev @ W_h has to be added, or the network can't decide "
    "by what it remembers."
)
def no_state(x_t, h_prev, W_x, W_h, b):
    """A gate that sees the input only."""
    return sigmoid(x_t @ W_x + b)


@EXERCISE.mistake(
    "The gate doesn't look at the input: x_t @ W_x has to be added, or the network can't decide by "
    "what it reads."
)
def no_input(x_t, h_prev, W_x, W_h, b):
    """A gate that sees the state only."""
    return sigmoid(h_prev @ W_h + b)


@EXERCISE.mistake(
    "The bias b is missing from the sum inside the sigmoid; it decides how far the gate is open "
    "when nothing comes in."
)
def no_bias(x_t, h_prev, W_x, W_h, b):
    """Forgets the bias."""
    return sigmoid(x_t @ W_x + h_prev @ W_h)


@EXERCISE.mistake(
    "The bias is added after the sigmoid, and the gate leaves the range from 0 to 1: it belongs "
    "inside, with the two products."
)
def bias_outside_the_sigmoid(x_t, h_prev, W_x, W_h, b):
    """A bracket closed too early."""
    return sigmoid(x_t @ W_x + h_prev @ W_h) + b


@EXERCISE.mistake(
    "Each product has a sigmoid of its own, and the sum can reach 2: add everything up first, then "
    "squash once."
)
def sigmoid_of_each(x_t, h_prev, W_x, W_h, b):
    """Two gates added."""
    return sigmoid(x_t @ W_x) + sigmoid(h_prev @ W_h + b)


@EXERCISE.mistake(
    "That is a softmax over the units, where opening one gate shuts the others: each unit decides "
    "on its own, with a sigmoid."
)
def softmax_over_the_units(x_t, h_prev, W_x, W_h, b):
    """The gates share one unit of openness."""
    a = x_t @ W_x + h_prev @ W_h + b
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@EXERCISE.mistake(
    "The gate is either 0 or 1, a step that has no slope to learn by: use sigmoid, the smooth form "
    "of it."
)
def hard_gate(x_t, h_prev, W_x, W_h, b):
    """Open or shut, nothing between."""
    return (x_t @ W_x + h_prev @ W_h + b > 0).astype(float)


@EXERCISE.mistake(
    "W_h is applied transposed: with states as rows the product is h_prev @ W_h, and entry [i, j] "
    "is the weight from unit i to the gate of unit j."
)
def transposed_recurrence(x_t, h_prev, W_x, W_h, b):
    """W_h.T."""
    return sigmoid(x_t @ W_x + h_prev @ W_h.T + b)


@EXERCISE.mistake(
    "The weights stand on the left, which is for states as columns: here each row is a sequence, "
    "so it is x_t @ W_x and h_prev @ W_h."
)
def weights_first(x_t, h_prev, W_x, W_h, b):
    """W h + U x, as the practical writes it."""
    return sigmoid(W_x @ x_t + W_h @ h_prev + b)


@EXERCISE.mistake(
    "* multiplies entry by entry, so the shapes must be alike: the matrix product is @, as in "
    "x_t @ W_x."
)
def entry_wise_product(x_t, h_prev, W_x, W_h, b):
    """* for @."""
    return sigmoid(x_t * W_x + h_prev * W_h + b)


@EXERCISE.mistake(
    "The gate is applied already: return how far it is open; what it multiplies is up to the cell "
    "that uses it."
)
def applied_to_the_state(x_t, h_prev, W_x, W_h, b):
    """Gate times state."""
    return sigmoid(x_t @ W_x + h_prev @ W_h + b) * h_prev


@EXERCISE.mistake(
    "The two weights have changed places: W_x, (m, n), belongs to x_t, and W_h, (n, n), to h_prev."
)
def weights_exchanged(x_t, h_prev, W_x, W_h, b):
    """x with W_h, h with W_x."""
    return sigmoid(h_prev @ W_x + x_t @ W_h + b)


@EXERCISE.mistake(
    "That is a ReLU, which has no upper bound: a gate lets through a share, so it ends at 1. Use "
    "sigmoid."
)
def relu_for_sigmoid(x_t, h_prev, W_x, W_h, b):
    """The usual choice in feed-forward nets."""
    return np.maximum(0, x_t @ W_x + h_prev @ W_h + b)


@EXERCISE.mistake(
    "The sum goes through two sigmoids: the second one makes every gate at least half open."
)
def sigmoid_twice(x_t, h_prev, W_x, W_h, b):
    """sigmoid of a sigmoid."""
    return sigmoid(sigmoid(x_t @ W_x + h_prev @ W_h + b))


@EXERCISE.mistake(
    "The minus in the exponent reaches only the first product: put the whole sum in brackets, "
    "exp(-(…))."
)
def minus_for_the_first_product_only(x_t, h_prev, W_x, W_h, b):
    """exp(-x W_x + h W_h + b)."""
    return sigmoid(x_t @ W_x - h_prev @ W_h - b)


@EXERCISE.mistake(
    "1 / 1 + exp(-a) is 1 + exp(-a): the sum in the denominator needs brackets, 1 / (1 + exp(-a))."
)
def no_brackets_in_the_denominator(x_t, h_prev, W_x, W_h, b):
    """1 / 1 + exp(-a)."""
    return 1 / 1 + np.exp(-(x_t @ W_x + h_prev @ W_h + b))


@EXERCISE.mistake(
    "(1 + tanh(a)) / 2 is the sigmoid of 2a, twice as steep: halve the argument as well, or use "
    "the `sigmoid` that is given."
)
def tanh_without_the_half(x_t, h_prev, W_x, W_h, b):
    """The sigmoid of twice the sum."""
    return sigmoid(2 * (x_t @ W_x + h_prev @ W_h + b))


@EXERCISE.alternative
def with_exp(x_t, h_prev, W_x, W_h, b):
    """The textbook formula; 1 / inf is 0, so it is right even where exp overflows."""
    return 1 / (1 + np.exp(-(x_t @ W_x + h_prev @ W_h + b)))


@EXERCISE.alternative
def with_one_product(x_t, h_prev, W_x, W_h, b):
    """Input and state side by side, the weights stacked."""
    return sigmoid(np.hstack([x_t, h_prev]) @ np.vstack([W_x, W_h]) + b)


@EXERCISE.alternative
def with_einsum(x_t, h_prev, W_x, W_h, b):
    """Sums written as einsum, in another order."""
    a = b + np.einsum("bj,jn->bn", h_prev, W_h)
    return (1 + np.tanh((a + np.einsum("bi,in->bn", x_t, W_x)) / 2)) / 2
