"""Exercise: one step back."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import (
    by_hand,
    floating,
    gradient,
    holds,
    irregular,
    matches,
    shapes,
)
from course_lib.scratch.bptt import rnn_step_backward
from course_lib.scratch.rnn import rnn_step

RETURNS = {
    "dx_t": "array",
    "dh_prev": "array",
    "dW_xh": "array",
    "dW_hh": "array",
    "db_h": "array",
}


def small() -> Arrays:
    """Three sequences, two inputs, four units: no two sizes are alike."""
    return {
        "dh_t": irregular(3, 4, shift=5, scale=2),
        "x_t": irregular(3, 2),
        "h_prev": irregular(3, 4, shift=1, scale=0.8),
        "W_xh": irregular(2, 4, shift=2),
        "W_hh": irregular(4, 4, shift=3),
        "b_h": irregular(4, shift=4, scale=0.5),
    }


def one_unit() -> Arrays:
    """One input and one unit; the bias makes the new state 0.6."""
    return {
        "dh_t": np.array([[2.0]]),
        "x_t": np.array([[3.0]]),
        "h_prev": np.array([[-0.5]]),
        "W_xh": np.array([[0.5]]),
        "W_hh": np.array([[-2.0]]),
        "b_h": np.array([np.arctanh(0.6) - 2.5]),
    }


def whole_numbers() -> Arrays:
    """Input and old state as integers."""
    x_t = np.array([[1, 0], [2, -1], [-1, 1]])
    return {**small(), "x_t": x_t, "h_prev": np.zeros((3, 4), int)}


def without_recurrence() -> Arrays:
    """W_hh = 0: the new state doesn't depend on the old one."""
    return {**small(), "W_hh": np.zeros((4, 4))}


def back(function, given: Arrays) -> Arrays:
    """Forward, so that h_t belongs to the inputs, then the learner's step back."""
    dh_t, x_t, h_prev, W_xh, W_hh, b_h = given.values()
    h_t = rnn_step(x_t, h_prev, W_xh, W_hh, b_h)
    return dict(zip(RETURNS, function(dh_t, x_t, h_prev, h_t, W_xh, W_hh), strict=True))


def each_row_alone(function, given: Arrays) -> Arrays:
    """The batch at once, and the sequences one by one, their weight gradients added up."""
    outputs = back(function, given)
    rows = []
    for i in range(3):
        one = {name: given[name][i : i + 1] for name in ("dh_t", "x_t", "h_prev")}
        rows.append(back(function, {**given, **one}))
    for name in ("dx_t", "dh_prev"):
        outputs[f"{name} expected"] = np.concatenate([row[name] for row in rows])
    for name in ("dW_xh", "dW_hh", "db_h"):
        outputs[f"{name} expected"] = sum(row[name] for row in rows)
    return outputs


def loss(given: Arrays) -> float:
    """A loss whose gradient with respect to h_t is dh_t."""
    dh_t, *inputs = given.values()
    return float(np.sum(dh_t * rnn_step(*inputs)))


def entry_by_entry(given: Arrays) -> Arrays:
    """The chain rule through every single weight, in plain loops."""
    dh_t, x_t, h_prev, W_xh, W_hh, b_h = given.values()
    h_t = rnn_step(x_t, h_prev, W_xh, W_hh, b_h)
    right = {
        "dx_t": np.zeros_like(x_t),
        "dh_prev": np.zeros_like(h_prev),
        "dW_xh": np.zeros_like(W_xh),
        "dW_hh": np.zeros_like(W_hh),
        "db_h": np.zeros_like(b_h),
    }
    for b, j in np.ndindex(h_t.shape):
        da = dh_t[b, j] * (1 - h_t[b, j] ** 2)
        right["db_h"][j] += da
        for i in range(x_t.shape[1]):
            right["dx_t"][b, i] += W_xh[i, j] * da
            right["dW_xh"][i, j] += x_t[b, i] * da
        for i in range(h_prev.shape[1]):
            right["dh_prev"][b, i] += W_hh[i, j] * da
            right["dW_hh"][i, j] += h_prev[b, i] * da
    return right


EXERCISE = Exercise(
    reference=rnn_step_backward,
    title="One step back",
    goal="Take the gradient of the loss back through one step: to its input, to the old state and "
    "to the weights.",
    difficulty=2,
    minutes=30,
    returns=RETURNS,
    ladder=(
        shapes(small, back, dx_t=(3, 2), dh_prev=(3, 4), dW_xh=(2, 4), dW_hh=(4, 4), db_h=(4,)),
        floating(whole_numbers, *RETURNS, call=back),
        by_hand(
            one_unit,
            how="h_t = 0.6, so da_t = 2 × (1 - 0.36) = 1.28;  dx_t = 1.28 × 0.5 = 0.64;  "
            "dh_prev = 1.28 × (-2) = -2.56;\ndW_xh = 3 × 1.28 = 3.84;  "
            "dW_hh = -0.5 × 1.28 = -0.64;  db_h = 1.28",
            call=back,
            dx_t=np.array([[0.64]]),
            dh_prev=np.array([[-2.56]]),
            dW_xh=np.array([[3.84]]),
            dW_hh=np.array([[-0.64]]),
            db_h=np.array([1.28]),
        ),
        matches(
            "without recurrence nothing goes back in time",
            without_recurrence,
            lambda given: {"dh_prev": np.zeros_like(given["h_prev"])},
            "With W_hh = 0 the old state has no effect on the new one, so dh_prev must be 0.",
            back,
        ),
        holds(
            "a batch is the sum of its sequences",
            small,
            each_row_alone,
            "Three sequences together must give the sum of their weight gradients, and each "
            "sequence its own dx_t and dh_prev.",
        ),
        gradient(
            small, loss, back, dx_t="x_t", dh_prev="h_prev", dW_xh="W_xh", dW_hh="W_hh", db_h="b_h"
        ),
        matches("equal to the chain rule, entry by entry", small, entry_by_entry, call=back),
    ),
    equivalent={
        (
            "dW_hh = h_prev.T @ da_t; db_h = da_t.sum(axis=0) -> db_h = "
            "da_t.sum(axis=0); dW_hh = h_prev.T @ da_t"
        ): ("neither line uses what the other gives"),
    },
    promises={
        "dh_t: gradient": "equal to centred differences of the loss",
        "x_t: input": "equal to the chain rule, entry by entry",
        "h_prev: state": "equal to the chain rule, entry by entry",
        "h_t: state": "a case small enough to do by hand",
        "W_xh, W_hh: weights": "equal to the chain rule, entry by entry",
        "dx_t (batch, m)": (
            "it runs, and the shapes are right",
            "equal to centred differences of the loss",
        ),
    },
    hints=(
        Hint(
            "I don't know where to begin.",
            "Of the five results, which could you write down at once if you knew how the loss "
            "changes with the *sum inside the tanh*? That one array, of the shape of `h_t`, is "
            "where to go first.",
        ),
        Hint(
            "I don't have the sum, so how do I get the derivative of tanh?",
            "You don't need it. The derivative of tanh(a) is 1 - tanh(a)², and tanh(a) is "
            "something that came in. That is why the forward pass keeps its states.",
            fits=(
                "derivative from the pre activation",
                "tanh twice",
                "derivative of the old state",
                "square forgotten",
                "derivative of the sigmoid",
            ),
        ),
        Hint(
            "My shapes don't fit.",
            "A gradient has the shape of what it is the gradient of: write the shapes of the two "
            "arrays that it is made from below each other, and only one product gives the right "
            "one. Every weight is shared by the batch: where does a product add up over the batch "
            "by itself, and where must you?",
            fits=(
                "inputs not transposed",
                "states not transposed",
                "W xh not transposed",
                "no batch sum in db",
                "batch axis kept in db",
                "db summed over the units",
                "batch mean in db",
                "batch mean everywhere",
                "it runs, and the shapes are right",
                "a batch is the sum of its sequences",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "`da_t = dh_t * (1 - h_t**2)`. Then `da_t @ W_xh.T` and `da_t @ W_hh.T` for what came"
            " in, `x_t.T @ da_t` and `h_prev.T @ da_t` for the matrices, and `da_t` added up over"
            " axis 0 for the bias.",
        ),
    ),
)


def _from(da_t, x_t, h_prev, W_xh, W_hh):
    """The five gradients from da_t; for mistakes that get da_t wrong."""
    return da_t @ W_xh.T, da_t @ W_hh.T, x_t.T @ da_t, h_prev.T @ da_t, da_t.sum(axis=0)


@EXERCISE.mistake(
    "The slope is that of a sum without the bias: computed anew from inputs and weights, the sum "
    "inside the tanh lacks b_h, which isn't among the arguments. h_t is the tanh of the whole sum."
)
def sum_without_the_bias(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """1 - tanh(x_t W_xh + h_prev W_hh)²."""
    return _from(dh_t * (1 - np.tanh(x_t @ W_xh + h_prev @ W_hh) ** 2), x_t, h_prev, W_xh, W_hh)


@EXERCISE.mistake(
    "The tanh is skipped on the way back: multiply dh_t by the derivative 1 - h_t² before anything "
    "else."
)
def no_tanh_derivative(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """As if the step were linear."""
    return _from(dh_t, x_t, h_prev, W_xh, W_hh)


@EXERCISE.mistake(
    "1 - a_t² takes the sum inside the tanh where its value belongs: the derivative is 1 - h_t², "
    "and h_t is what came in."
)
def derivative_from_the_pre_activation(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """1 - a², with a the argument of tanh."""
    return _from(dh_t * (1 - np.arctanh(h_t) ** 2), x_t, h_prev, W_xh, W_hh)


@EXERCISE.mistake(
    "The tanh is applied a second time: h_t has been through it already, so the derivative is "
    "1 - h_t², not 1 - tanh(h_t)²."
)
def tanh_twice(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """1 - tanh(h_t)²."""
    return _from(dh_t * (1 - np.tanh(h_t) ** 2), x_t, h_prev, W_xh, W_hh)


@EXERCISE.mistake(
    "The derivative of the tanh is taken at the old state: it belongs to this step's output, so "
    "use 1 - h_t², not 1 - h_prev²."
)
def derivative_of_the_old_state(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """1 - h_{t-1}²."""
    return _from(dh_t * (1 - h_prev**2), x_t, h_prev, W_xh, W_hh)


@EXERCISE.mistake(
    "The derivative is 1 - h_t without the square: d tanh(a)/da = 1 - tanh(a)², so square h_t."
)
def square_forgotten(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """1 - h."""
    return _from(dh_t * (1 - h_t), x_t, h_prev, W_xh, W_hh)


@EXERCISE.mistake(
    "h_t (1 - h_t) is the derivative of the logistic sigmoid: that of the tanh is 1 - h_t²."
)
def derivative_of_the_sigmoid(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """h (1 - h)."""
    return _from(dh_t * h_t * (1 - h_t), x_t, h_prev, W_xh, W_hh)


@EXERCISE.mistake(
    "db_h is made from dh_t: the bias stands inside the tanh, like the products, so add up da_t."
)
def bias_gradient_from_dh(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """dh_t.sum(axis=0)."""
    return (*_from(dh_t * (1 - h_t**2), x_t, h_prev, W_xh, W_hh)[:-1], dh_t.sum(axis=0))


@EXERCISE.mistake(
    "dh_prev is made from dh_t: the old state stands inside the tanh, so it gets da_t @ W_hh.T."
)
def old_state_gradient_from_dh(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """dh_t @ W_hh.T."""
    dx_t, _, *weights = _from(dh_t * (1 - h_t**2), x_t, h_prev, W_xh, W_hh)
    return (dx_t, dh_t @ W_hh.T, *weights)


@EXERCISE.mistake(
    "x_t @ da_t doesn't fit: for dW_xh the batch has to meet the batch, and be summed, so "
    "transpose what went in, x_t.T @ da_t."
)
def inputs_not_transposed(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """x_t @ da_t."""
    da_t = dh_t * (1 - h_t**2)
    dx_t, dh_prev, _, *others = _from(da_t, x_t, h_prev, W_xh, W_hh)
    return (dx_t, dh_prev, x_t @ da_t, *others)


@EXERCISE.mistake(
    "h_prev @ da_t doesn't fit: for dW_hh the batch has to meet the batch, and be summed, so "
    "transpose what went in, h_prev.T @ da_t."
)
def states_not_transposed(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """h_prev @ da_t."""
    da_t = dh_t * (1 - h_t**2)
    dx_t, dh_prev, dW_xh, _, db_h = _from(da_t, x_t, h_prev, W_xh, W_hh)
    return dx_t, dh_prev, dW_xh, h_prev @ da_t, db_h


@EXERCISE.mistake(
    "db_h isn't added up over the batch: every sequence uses the same bias, so its gradient is "
    "da_t.sum(axis=0), of shape (n,)."
)
def no_batch_sum_in_db(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """The old notebook's bug: right for a batch of one only."""
    da_t = dh_t * (1 - h_t**2)
    return (*_from(da_t, x_t, h_prev, W_xh, W_hh)[:-1], da_t)


@EXERCISE.mistake(
    "db_h keeps the batch axis, as shape (1, n), and would turn b_h into a matrix at the next "
    "update: add up with axis=0 and no keepdims."
)
def batch_axis_kept_in_db(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """keepdims=True."""
    da_t = dh_t * (1 - h_t**2)
    return (*_from(da_t, x_t, h_prev, W_xh, W_hh)[:-1], da_t.sum(axis=0, keepdims=True))


@EXERCISE.mistake(
    "db_h is a single number, added up over the units too: each unit has a bias of its own, so add "
    "up over the batch only, with axis=0."
)
def db_summed_over_the_units(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """np.sum without an axis."""
    da_t = dh_t * (1 - h_t**2)
    return (*_from(da_t, x_t, h_prev, W_xh, W_hh)[:-1], da_t.sum())


@EXERCISE.mistake(
    "db_h is the mean over the batch, while the other weights get the sum: add it up, and leave "
    "any division to the loss."
)
def batch_mean_in_db(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """Mean for the bias."""
    da_t = dh_t * (1 - h_t**2)
    return (*_from(da_t, x_t, h_prev, W_xh, W_hh)[:-1], da_t.mean(axis=0))


@EXERCISE.mistake(
    "The weight gradients are divided by the batch size: if the loss is a mean, that division is "
    "in dh_t already, so only add up."
)
def batch_mean_everywhere(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """Mean for all the weights."""
    dx_t, dh_prev, *weights = rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh)
    return (dx_t, dh_prev, *(w / len(dh_t) for w in weights))


@EXERCISE.mistake(
    "dh_prev goes through W_hh the way the forward step did: on the way back the weights are "
    "transposed, da_t @ W_hh.T."
)
def W_hh_not_transposed(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """da_t @ W_hh."""
    da_t = dh_t * (1 - h_t**2)
    dx_t, _, *weights = _from(da_t, x_t, h_prev, W_xh, W_hh)
    return (dx_t, da_t @ W_hh, *weights)


@EXERCISE.mistake(
    "dx_t goes through W_xh the way the forward step did, and the shapes don't fit: on the way "
    "back the weights are transposed, da_t @ W_xh.T."
)
def W_xh_not_transposed(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """da_t @ W_xh."""
    da_t = dh_t * (1 - h_t**2)
    dx_t = da_t @ W_xh
    return (dx_t, *_from(da_t, x_t, h_prev, W_xh, W_hh)[1:])


@EXERCISE.mistake(
    "dW_hh came out transposed: entry [i, j] is about the weight from unit i to unit j, so it is "
    "h_prev.T @ da_t."
)
def dW_hh_transposed(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """da_t.T @ h_prev."""
    da_t = dh_t * (1 - h_t**2)
    dx_t, dh_prev, dW_xh, dW_hh, db_h = _from(da_t, x_t, h_prev, W_xh, W_hh)
    return dx_t, dh_prev, dW_xh, dW_hh.T, db_h


@EXERCISE.mistake(
    "dW_hh is made with h_t: W_hh was multiplied by the state before the step, so its gradient "
    "needs h_prev."
)
def h_t_where_h_prev_belongs(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """h_t.T @ da_t."""
    return _from(dh_t * (1 - h_t**2), x_t, h_t, W_xh, W_hh)


@EXERCISE.mistake(
    "In dh_prev the slope comes after the product with W_hh.T: 1 - h_t² belongs to the units of "
    "this step, so multiply dh_t by it first, and take the product of that."
)
def slope_after_the_product(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """Shapes don't tell: W_hh is square."""
    dx_t, _, *weights = rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh)
    return dx_t, (dh_t @ W_hh.T) * (1 - h_t**2), *weights


@EXERCISE.alternative
def with_einsum(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """Every sum named by its letters."""
    da_t = np.einsum("bn,bn->bn", 1 - h_t * h_t, dh_t)
    return (
        np.einsum("bn,mn->bm", da_t, W_xh),
        np.einsum("bn,kn->bk", da_t, W_hh),
        np.einsum("bm,bn->mn", x_t, da_t),
        np.einsum("bk,bn->kn", h_prev, da_t),
        np.einsum("bn->n", da_t),
    )


@EXERCISE.alternative
def row_by_row(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """Outer products, one sequence after the other."""
    dx_t, dh_prev = np.empty((len(dh_t), len(W_xh))), np.empty(h_t.shape)
    dW_xh, dW_hh, db_h = np.zeros(W_xh.shape), np.zeros(W_hh.shape), np.zeros(len(W_hh))
    for b in range(len(dh_t)):
        da = (1 - h_t[b]) * (1 + h_t[b]) * dh_t[b]
        dx_t[b], dh_prev[b] = W_xh @ da, W_hh @ da
        dW_xh += np.outer(x_t[b], da)
        dW_hh += np.outer(h_prev[b], da)
        db_h += da
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


@EXERCISE.alternative
def with_stacked_weights(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """Input, old state and a column of ones side by side: one product each way."""
    da_t = dh_t - dh_t * h_t**2
    m, n = W_xh.shape
    both = da_t @ np.vstack([W_xh, W_hh]).T
    stacked = np.hstack([x_t, h_prev, np.ones((len(da_t), 1))]).T @ da_t
    return both[:, :m], both[:, m:], stacked[:m], stacked[m : m + n], stacked[-1]


@EXERCISE.alternative
def in_place_on_a_copy(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """Turns a copy of dh_t into da_t."""
    da_t = np.array(dh_t, dtype=float)
    da_t *= 1 - np.square(h_t)
    dW_hh = np.zeros_like(W_hh)
    dW_hh += (da_t.T @ h_prev).T
    return (W_xh @ da_t.T).T, (W_hh @ da_t.T).T, (da_t.T @ x_t).T, dW_hh, np.sum(da_t, axis=0)
