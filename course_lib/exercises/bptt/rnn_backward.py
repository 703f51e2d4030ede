"""Exercise: backpropagation through time."""

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
from course_lib.scratch.bptt import rnn_backward, rnn_step_backward
from course_lib.scratch.rnn import rnn_forward

RETURNS = {
    "dx": "array",
    "dh_0": "array",
    "dW_xh": "array",
    "dW_hh": "array",
    "db_h": "array",
}
STEP = 2  # the step, counted from 0, that alone has a loss in one of the rungs


def small() -> Arrays:
    """Three sequences of five steps, two inputs, four units: no two sizes are alike."""
    return {
        "dh": irregular(3, 5, 4, shift=5),
        "x": irregular(3, 5, 2),
        "h_0": irregular(3, 4, shift=1, scale=0.8),
        "W_xh": irregular(2, 4, shift=2),
        "W_hh": irregular(4, 4, shift=3, scale=0.7),
        "b_h": irregular(4, shift=4, scale=0.5),
    }


def two_steps() -> Arrays:
    """One unit, two steps; the inputs make the states 0.6 and 0.8."""
    return {
        "dh": np.array([[[0.32], [1.0]]]),
        "x": np.array([[[np.arctanh(0.6) - 0.1], [np.arctanh(0.8) - 0.3]]]) / 2,
        "h_0": np.array([[0.2]]),
        "W_xh": np.array([[2.0]]),
        "W_hh": np.array([[0.5]]),
        "b_h": np.array([0.0]),
    }


def whole_numbers() -> Arrays:
    """Inputs and first state as integers."""
    x = np.array([[1, 0, -1, 2, 0], [0, 1, 1, -2, 3], [2, 0, 1, 0, -1]])
    return {**small(), "x": np.stack([x, x[::-1]], axis=2), "h_0": np.zeros((3, 4), int)}


def one_step() -> Arrays:
    """Sequences of a single step."""
    given = small()
    return {**given, "dh": given["dh"][:, :1], "x": given["x"][:, :1]}


def without_recurrence() -> Arrays:
    """W_hh = 0: no step hears of the one before."""
    return {**small(), "W_hh": np.zeros((4, 4))}


def loss_at_one_step() -> Arrays:
    """Only one step in the middle has a loss of its own."""
    given = small()
    dh = np.zeros_like(given["dh"])
    dh[:, STEP] = given["dh"][:, STEP]
    return {**given, "dh": dh}


def back(function, given: Arrays) -> Arrays:
    """Forward with the reference, then the learner's way back."""
    dh, *inputs = given.values()
    _, cache = rnn_forward(*inputs)
    return dict(zip(RETURNS, function(dh, cache), strict=True))


def as_one_step(given: Arrays) -> Arrays:
    """What rnn_step_backward makes of a single step."""
    dh, *inputs = given.values()
    _, (x, h_0, h, W_xh, W_hh) = rnn_forward(*inputs)
    dx, *others = rnn_step_backward(dh[:, 0], x[:, 0], h_0, h[:, 0], W_xh, W_hh)
    return dict(zip(RETURNS, (dx[:, None], *others), strict=True))


def nothing_through_time(given: Arrays) -> Arrays:
    """Without recurrence each step only has its own loss, and h_0 has none."""
    dh, *inputs = given.values()
    h, _ = rnn_forward(*inputs)
    return {"dx": (dh * (1 - h**2)) @ given["W_xh"].T, "dh_0": np.zeros_like(given["h_0"])}


def nothing_after_the_loss(function, given: Arrays) -> Arrays:
    """An input after the only loss can't have any part in it."""
    later = back(function, given)["dx"][:, STEP + 1 :]
    return {"dx after the loss": later, "dx after the loss expected": np.zeros_like(later)}


def each_row_alone(function, given: Arrays) -> Arrays:
    """The batch at once, and the sequences one by one, their weight gradients added up."""
    outputs = back(function, given)
    rows = []
    for i in range(3):
        one = {name: given[name][i : i + 1] for name in ("dh", "x", "h_0")}
        rows.append(back(function, {**given, **one}))
    for name in ("dx", "dh_0"):
        outputs[f"{name} expected"] = np.concatenate([row[name] for row in rows])
    for name in ("dW_xh", "dW_hh", "db_h"):
        outputs[f"{name} expected"] = sum(row[name] for row in rows)
    return outputs


def a_hundred_times(function, given: Arrays) -> Arrays:
    """A hundred times the loss, next to a hundred times the gradient."""
    large = back(function, {**given, "dh": 100 * given["dh"]})
    return large | {f"{name} expected": 100 * g for name, g in back(function, given).items()}


def loss(given: Arrays) -> float:
    """A loss whose own gradient at each step is dh."""
    dh, *inputs = given.values()
    return float(np.sum(dh * rnn_forward(*inputs)[0]))


def path_by_path(given: Arrays) -> Arrays:
    """The sum over every pair of steps: from the loss at t down to the step k ≤ t."""
    dh, *inputs = given.values()
    _, (x, h_0, h, W_xh, W_hh) = rnn_forward(*inputs)
    states = np.concatenate([h_0[:, None], h], axis=1)  # states[:, k] goes into step k
    right = {
        "dx": np.zeros_like(x),
        "dh_0": np.zeros_like(h_0),
        "dW_xh": np.zeros_like(W_xh),
        "dW_hh": np.zeros_like(W_hh),
        "db_h": np.zeros(len(W_hh)),
    }
    for b, t in np.ndindex(x.shape[:2]):
        dh_k = dh[b, t]
        for k in range(t, -1, -1):
            da = dh_k * (1 - h[b, k] ** 2)
            right["dx"][b, k] += W_xh @ da
            right["dW_xh"] += np.outer(x[b, k], da)
            right["dW_hh"] += np.outer(states[b, k], da)
            right["db_h"] += da
            dh_k = W_hh @ da
        right["dh_0"][b] += dh_k
    return right


EXERCISE = Exercise(
    reference=rnn_backward,
    title="Backpropagation through time",
    goal="Take the gradient back through a whole sequence, from the last step to the first, for "
    "any batch size.",
    difficulty=3,
    minutes=40,
    returns=RETURNS,
    uses=("rnn_step_backward",),
    ladder=(
        shapes(small, back, dx=(3, 5, 2), dh_0=(3, 4), dW_xh=(2, 4), dW_hh=(4, 4), db_h=(4,)),
        floating(whole_numbers, *RETURNS, call=back),
        matches("one step long, it is rnn_step_backward", one_step, as_one_step, call=back),
        by_hand(
            two_steps,
            how="the states are 0.6 and 0.8\n"
            "last step:  da_2 = 1 × (1 - 0.64) = 0.36, which sends back 0.36 × 0.5 = 0.18\n"
            "first step: da_1 = (0.32 + 0.18) × (1 - 0.36) = 0.32\n"
            "dx = 2 × 0.32 and 2 × 0.36;  dh_0 = 0.5 × 0.32;  db_h = 0.32 + 0.36\n"
            "dW_hh = 0.2 × 0.32 + 0.6 × 0.36 = 0.28\n"
            "dW_xh = 0.296574 × 0.32 + 0.399306 × 0.36 = 0.238654",
            call=back,
            dx=np.array([[[0.64], [0.72]]]),
            dh_0=np.array([[0.16]]),
            dW_xh=np.array([[0.16 * (np.arctanh(0.6) - 0.1) + 0.18 * (np.arctanh(0.8) - 0.3)]]),
            dW_hh=np.array([[0.28]]),
            db_h=np.array([0.68]),
        ),
        matches(
            "without recurrence no gradient goes through time",
            without_recurrence,
            nothing_through_time,
            "With W_hh = 0 each step only has the loss of its own.",
            back,
        ),
        holds(
            "no input has a part in a loss before it",
            loss_at_one_step,
            nothing_after_the_loss,
            f"Only step t = {STEP} (counted from 0) has a loss, yet later inputs get a gradient.",
        ),
        holds(
            "a batch is the sum of its sequences",
            small,
            each_row_alone,
            "Three sequences together must give the sum of their weight gradients, and each "
            "sequence its own dx and dh_0.",
        ),
        gradient(small, loss, back, dx="x", dh_0="h_0", dW_xh="W_xh", dW_hh="W_hh", db_h="b_h"),
        matches(
            "equal to the sum over all paths from a loss to a step", small, path_by_path, call=back
        ),
        holds(
            "a hundred times the loss has a hundred times the gradient",
            small,
            a_hundred_times,
            "The gradient must grow with dh in proportion, however large it gets.",
        ),
    ),
    equivalent={
        "dx = np.zeros_like(x, -> dx = -np.zeros_like(x,": "every entry is overwritten",
        "dx = np.zeros_like(x, dtype=h -> dx = np.ones_like(x, dtype=h": (
            "every entry is overwritten"
        ),
        "zeros_like(x, dtype=h.dtype) -> zeros_like(x, dtype=W_xh.dtype)": (
            "the weights have one dtype"
        ),
        ("zeros(W_hh.shape[0], dtype=W_hh.dtype -> zeros(W_hh.shape[1], dtype=W_hh.dtype"): (
            "W_hh is square"
        ),
        ("zeros(W_hh.shape[0], dtype=W_hh.dtype -> zeros(W_hh.shape[-1], dtype=W_hh.dtype"): (
            "W_hh is square"
        ),
        "shape[0], dtype=W_hh.dtype) -> shape[0], dtype=dW_xh.dtype)": (
            "the weights have one dtype"
        ),
        "dh_next = np.zeros_like(h[ -> dh_next = -np.zeros_like(h[": "minus zero is zero",
        "np.zeros_like(h[:, 0]) -> np.zeros_like(h[::-1, 0])": (
            "only the shape and the dtype of this slice are used"
        ),
        "db_h = np.zeros(W_hh.shape -> db_h = -np.zeros(W_hh.shape": "minus zero is zero",
        "zeros(W_hh.shape[0], dtype=W_hh.dtype) -> zeros(W_hh.shape[0])": (
            "float64 is promised for float64 alone, and it is the default"
        ),
        "zeros_like(h[:, 0]) -> zeros_like(h[:, -1])": (
            "only the shape and the dtype of this slice are used"
        ),
    },
    promises={
        "dh: shape": "it runs, and the shapes are right",
        "dh: dh[:, t]": (
            "without recurrence no gradient goes through time",
            "equal to the sum over all paths from a loss to a step",
        ),
        "cache: the tuple": "it runs, and the shapes are right",
        "dx (batch, T, m)": (
            "it runs, and the shapes are right",
            "equal to centred differences of the loss",
        ),
    },
    hints=(
        Hint(
            "I don't see where the future comes in.",
            "Who uses `h[:, t]`? Count the arrows that leave it in the figure of the chapter. A "
            "value that is used twice gets its gradient from both uses.",
        ),
        Hint(
            "A single step is right, two steps are wrong.",
            "Look at what lives from one turn of the loop to the next. Which arrays belong to one"
            " step, and are replaced, and which belong to all of them, and grow?",
            fits=("dh next added up", "weight gradients overwritten", "last step only"),
        ),
        Hint(
            "Only the first step is wrong (t = 0).",
            "The state before step t is `h[:, t - 1]`, but the state before the first step is "
            "`h_0`. NumPy doesn't complain about `h[:, -1]`: it is the last state.",
            fits=(
                "first step left out",
                "first step wraps around",
                "own state as h prev",
                "h 0 ignored",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "For t from T - 1 down to 0, call `rnn_step_backward` with `dh[:, t] + dh_next`. What "
            "it returns for the input goes into `dx[:, t]`, what it returns for the old state is "
            "the new `dh_next`, and the three gradients of the weights are added to the sums.",
        ),
    ),
)


def _walk(
    dh,
    cache,
    reaches=lambda own, later: own + later,
    before=lambda h, h_0, t: h[:, t - 1] if t > 0 else h_0,
    collect=lambda total, one: total + one,
    order=reversed,
):
    """BPTT with one of its parts replaced; for mistakes."""
    x, h_0, h, W_xh, W_hh = cache
    dx, dh_next = np.zeros(x.shape), np.zeros(h_0.shape)
    totals = [np.zeros(W_xh.shape), np.zeros(W_hh.shape), np.zeros(len(W_hh))]
    for t in order(range(x.shape[1])):
        dx[:, t], dh_next, *weights = rnn_step_backward(
            reaches(dh[:, t], dh_next), x[:, t], before(h, h_0, t), h[:, t], W_xh, W_hh
        )
        totals = [collect(total, one) for total, one in zip(totals, weights, strict=True)]
    return (dx, dh_next, *totals)


@EXERCISE.mistake(
    "dx is still zero: rnn_step_backward gives dx_t first, so store it, dx[:, t] = dx_t."
)
def dx_never_stored(dh, cache):
    """The zeros that dx began with."""
    dx, *others = rnn_backward(dh, cache)
    return (np.zeros_like(dx), *others)


@EXERCISE.mistake(
    "The first step is left out of the loop, which has to end with t = 0: reversed(range(T)) does, "
    "range(T - 1, 0, -1) doesn't."
)
def first_step_left_out(dh, cache):
    """Stops at t = 1."""
    return _walk(dh, cache, order=lambda steps: reversed(steps[1:]))


@EXERCISE.mistake(
    "The last step's gradient counts twice: after the last step nothing comes back, so dh_next "
    "starts at zero, not at dh[:, -1]."
)
def last_gradient_twice(dh, cache):
    """dh_next = dh[:, -1] before the loop."""
    doubled = dh.copy()
    doubled[:, -1] *= 2
    return rnn_backward(doubled, cache)


@EXERCISE.mistake(
    "dh_next is added up from turn to turn: what a step gives back already holds all that came "
    "from later, so replace it, and add it only to dh[:, t]."
)
def dh_next_added_up(dh, cache):
    """dh_next += dh_prev."""
    x, h_0, h, W_xh, W_hh = cache
    dx, dh_next = np.zeros(x.shape), np.zeros(h_0.shape)
    totals = [np.zeros(W_xh.shape), np.zeros(W_hh.shape), np.zeros(len(W_hh))]
    for t in reversed(range(x.shape[1])):
        before = h[:, t - 1] if t > 0 else h_0
        dx[:, t], dh_prev, *weights = rnn_step_backward(
            dh[:, t] + dh_next, x[:, t], before, h[:, t], W_xh, W_hh
        )
        dh_next = dh_next + dh_prev
        totals = [total + one for total, one in zip(totals, weights, strict=True)]
    return (dx, dh_next, *totals)


@EXERCISE.mistake(
    "The weight gradients are divided by the batch size: if the loss is a mean over the batch, dh "
    "holds that division already, so only add up here."
)
def mean_over_the_batch(dh, cache):
    """Divides by the batch size."""
    dx, dh_0, *weights = rnn_backward(dh, cache)
    return (dx, dh_0, *(w / len(dh) for w in weights))


@EXERCISE.mistake(
    "What comes back from the later step never enters: hand rnn_step_backward the sum "
    "dh[:, t] + dh_next, or nothing is learned across time."
)
def dh_next_forgotten(dh, cache):
    """Each step for itself."""
    return _walk(dh, cache, reaches=lambda own, later: own)


@EXERCISE.mistake(
    "The gradient from the later step replaces the step's own: h_t is used twice, so add "
    "dh[:, t] and dh_next."
)
def own_gradient_overwritten(dh, cache):
    """dh[:, t] counts at the last step only."""
    last = np.zeros_like(dh)
    last[:, -1] = dh[:, -1]
    return rnn_backward(last, cache)


@EXERCISE.mistake(
    "The weight gradients are overwritten at each turn, so only the step visited last is left: all "
    "steps share the weights, so add up with +=."
)
def weight_gradients_overwritten(dh, cache):
    """= where += belongs."""
    return _walk(dh, cache, collect=lambda total, one: one)


@EXERCISE.mistake(
    "Only the last step's weight gradients are kept: every earlier step used the same weights, so "
    "add its share too."
)
def last_step_only(dh, cache):
    """No sum over time."""
    x, _, h, W_xh, W_hh = cache
    dx, dh_0, *_ = rnn_backward(dh, cache)
    before = h[:, -2] if h.shape[1] > 1 else cache[1]
    _, _, *weights = rnn_step_backward(dh[:, -1], x[:, -1], before, h[:, -1], W_xh, W_hh)
    return (dx, dh_0, *weights)


@EXERCISE.mistake(
    "The loop runs forwards in time: a gradient comes from the future, so start at the last step "
    "and go back to the first."
)
def forwards_in_time(dh, cache):
    """From the first step to the last."""
    return _walk(dh, cache, order=iter)


@EXERCISE.mistake(
    "Step t gets its own state h[:, t] as the state before it: h_prev is h[:, t - 1], and h_0 at "
    "the first step."
)
def own_state_as_h_prev(dh, cache):
    """h[:, t] twice."""
    return _walk(dh, cache, before=lambda h, h_0, t: h[:, t])


@EXERCISE.mistake(
    "The state before the first step is taken to be the last one, which an index of -1 gives at "
    "t = 0, and a roll as well: it is h_0, so treat it apart."
)
def first_step_wraps_around(dh, cache):
    """h[:, -1] before the first step."""
    return _walk(dh, cache, before=lambda h, h_0, t: h[:, t - 1])


@EXERCISE.mistake(
    "The weights get only what comes from each step's own output: what comes back from later steps "
    "is part of their gradients too, so use dh[:, t] + dh_next for them, as for dx."
)
def weights_by_the_direct_path(dh, cache):
    """dh[:, t] alone for the weights."""
    x, h_0, h, *_ = cache
    dx, dh_0, *_ = _walk(dh, cache)
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    da = dh * (1 - h**2)
    return (
        dx,
        dh_0,
        np.einsum("btm,btn->mn", x, da),
        np.einsum("btm,btn->mn", before, da),
        da.sum(axis=(0, 1)),
    )


@EXERCISE.mistake(
    "What reaches each state from its own output comes in one step too late: dh[:, t] is added "
    "when step t has been taken back already, so it acts on the step before. Add it first."
)
def dh_one_step_late(dh, cache):
    """dh_next = … + dh[:, t], at the end of the turn."""
    later = np.concatenate([dh[:, 1:], np.zeros_like(dh[:, :1])], axis=1)
    dx, dh_0, *weights = _walk(later, cache)
    return dx, dh_0 + dh[:, 0], *weights


@EXERCISE.mistake(
    "On the way back the first step is treated as if it had begun from zeros: the state before it "
    "is h_0, which needn't be zero, and its product with da_t belongs to dW_hh."
)
def h_0_ignored(dh, cache):
    """Zeros before the first step."""
    return _walk(dh, cache, before=lambda h, h_0, t: h[:, t - 1] if t > 0 else 0 * h_0)


@EXERCISE.mistake(
    "The weight gradients are divided by T: if the loss is a mean over time, that is in dh "
    "already, so only add up here."
)
def mean_over_time(dh, cache):
    """Divides what is already divided."""
    dx, dh_0, *weights = rnn_backward(dh, cache)
    return (dx, dh_0, *(w / dh.shape[1] for w in weights))


@EXERCISE.mistake(
    "The gradient is clipped inside the backward pass, so it is no longer the gradient of the "
    "loss: return it as it is, and clip outside, just before the update."
)
def clipped_inside(dh, cache):
    """The old notebook's bug: it shows on other data only."""
    dx, dh_0, *weights = rnn_backward(dh, cache)
    return (dx, dh_0, *(np.clip(w, -5, 5) for w in weights))


@EXERCISE.mistake(
    "dh_0 stops one step short: it is what the first step gives back through W_hh, not what "
    "reached the first state."
)
def dh_0_one_step_short(dh, cache):
    """The gradient of h_1 in place of h_0's."""
    reached = []

    def noted(own, later):
        reached.append(own + later)
        return reached[-1]

    dx, _, *weights = _walk(dh, cache, reaches=noted)
    return (dx, reached[-1], *weights)


def _inside(dh, cache, credit=lambda own, later, slope: (own + later) * slope):
    """What reaches the inside of every tanh, with its formula replaced; for mistakes."""
    _, _, h, _, W_hh = cache
    da, later = np.zeros(h.shape), 0.0
    for t in reversed(range(h.shape[1])):
        da[:, t] = credit(dh[:, t], later, 1 - h[:, t] ** 2)
        later = da[:, t] @ W_hh.T
    return da


@EXERCISE.mistake(
    "What comes back from the later step is added behind the slope of the tanh: both reach h_t, so "
    "their sum, dh[:, t] + dh_next, goes through 1 - h[:, t]**2."
)
def later_part_past_the_tanh(dh, cache):
    """dh[:, t] * slope + dh_next."""
    x, h_0, h, W_xh, W_hh = cache
    da = _inside(dh, cache, lambda own, later, slope: own * slope + later)
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    dW_xh, dW_hh = np.einsum("btm,btn->mn", x, da), np.einsum("bti,btj->ij", before, da)
    return da @ W_xh.T, da[:, 0] @ W_hh.T, dW_xh, dW_hh, da.sum(axis=(0, 1))


@EXERCISE.mistake(
    "dx lies in the order in which the loop has visited the steps, the last one first: dx[:, t] "
    "belongs to step t, so turn the list round, or write each into its place."
)
def dx_in_the_order_of_the_loop(dh, cache):
    """A list, appended to from the last step to the first."""
    dx, *others = rnn_backward(dh, cache)
    return (dx[:, ::-1], *others)


@EXERCISE.mistake(
    "db_h is made from the steps' own gradients, without what comes back from later steps: the "
    "bias is used where the matrices are, so add up the same da_t as for them."
)
def bias_without_the_future(dh, cache):
    """The sum of dh (1 - h²)."""
    *others, _ = rnn_backward(dh, cache)
    return (*others, (dh * (1 - cache[2] ** 2)).sum(axis=(0, 1)))


@EXERCISE.mistake(
    "dh_0 is the gradient inside the first step's tanh. From there it still goes back through "
    "W_hh.T to the state before."
)
def dh_0_inside_the_tanh(dh, cache):
    """da of the first step."""
    dx, _, *weights = rnn_backward(dh, cache)
    return (dx, _inside(dh, cache)[:, 0], *weights)


@EXERCISE.alternative
def without_rnn_step_backward(dh, cache):
    """Only the recurrence in the loop; the weights' products in one go, as einsum."""
    x, h_0, h, W_xh, W_hh = cache
    da = np.empty(h.shape)
    dh_next = np.zeros(h_0.shape)
    for t in range(x.shape[1] - 1, -1, -1):
        da[:, t] = (dh[:, t] + dh_next) * (1 - h[:, t] ** 2)
        dh_next = da[:, t] @ W_hh.T
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    dW_xh, dW_hh = np.einsum("btm,btn->mn", x, da), np.einsum("btk,btn->kn", before, da)
    return da @ W_xh.T, dh_next, dW_xh, dW_hh, da.sum(axis=(0, 1))


@EXERCISE.alternative
def recursively(dh, cache):
    """The last step back, then the sequence without it."""
    x, h_0, h, W_xh, W_hh = cache
    before = h[:, -2] if h.shape[1] > 1 else h_0
    dx_t, dh_prev, *last = rnn_step_backward(dh[:, -1], x[:, -1], before, h[:, -1], W_xh, W_hh)
    if h.shape[1] == 1:
        return (dx_t[:, None], dh_prev, *last)
    shorter = dh[:, :-1].copy()
    shorter[:, -1] += dh_prev
    dx, dh_0, *rest = recursively(shorter, (x[:, :-1], h_0, h[:, :-1], W_xh, W_hh))
    weights = (a + b for a, b in zip(last, rest, strict=True))
    return (np.concatenate([dx, dx_t[:, None]], axis=1), dh_0, *weights)


@EXERCISE.alternative
def in_place_on_a_copy(dh, cache):
    """Adds what comes back into a copy of dh."""
    x, h_0, h, W_xh, W_hh = cache
    dh = np.array(dh, dtype=float)
    parts = []
    for t in reversed(range(x.shape[1])):
        before = h[:, t - 1] if t else h_0
        parts.append(rnn_step_backward(dh[:, t], x[:, t], before, h[:, t], W_xh, W_hh))
        if t:
            dh[:, t - 1] += parts[-1][1]
    dx, _, *weights = zip(*parts, strict=True)
    return (np.stack(dx[::-1], axis=1), parts[-1][1], *(np.sum(w, axis=0) for w in weights))
