"""Exercise: truncated BPTT, which carries the state and cuts the gradient."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, matches, shapes
from course_lib.exercises.vanilla_rnn.cases import classifier
from course_lib.scratch.bptt import loss_and_gradients, rnn_backward, truncated_bptt
from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.scratch.losses import cross_entropy_from_logits, cross_entropy_gradient
from course_lib.scratch.rnn import rnn_forward


def small() -> Arrays:
    """Two sequences of seven steps in windows of three: the last window has a single step."""
    return {
        "params": classifier(),
        "x": irregular(2, 7, 3),
        "labels": np.array([[4, 0, 2, 1, 3, 0, 2], [1, 3, 3, 0, 4, 2, 0]]),
        "h_0": irregular(2, 4, shift=1, scale=0.8),
        "window": 3,
    }


def three_steps() -> Arrays:
    """No weights but b_y = (0, log 3): the network says 1/4 and 3/4 at each of three steps."""
    return {
        "params": {
            "W_xh": np.zeros((1, 1)),
            "W_hh": np.zeros((1, 1)),
            "b_h": np.zeros(1),
            "W_hy": np.zeros((1, 2)),
            "b_y": np.array([0.0, np.log(3.0)]),
        },
        "x": np.array([[[0.5], [-1.0], [2.0]]]),
        "labels": np.array([[0, 0, 1]]),
        "h_0": np.array([[0.25]]),
        "window": 2,
    }


def one_window() -> Arrays:
    """A window as long as the sequences."""
    return {**small(), "window": 7}


def one_step() -> Arrays:
    """Sequences shorter than a window: T = 1."""
    given = small()
    return {**given, "x": given["x"][:, :1], "labels": given["labels"][:, :1]}


def in_full(given: Arrays) -> Arrays:
    """BPTT through all the steps."""
    *inputs, _ = given.values()
    return dict(zip(("loss", "grads", "h_last"), loss_and_gradients(*inputs), strict=True))


def with_any_window(function, given: Arrays) -> Arrays:
    """Loss and last state for several windows, next to those of the whole sequence."""
    *inputs, _ = given.values()
    whole = in_full(given)
    outputs = {}
    for window in (1, 2, 3, 5, 10):
        loss, _, h_last = function(*inputs, window)
        outputs[f"loss with window {window}"] = loss
        outputs[f"h_last with window {window}"] = h_last
        outputs[f"loss with window {window} expected"] = whole["loss"]
        outputs[f"h_last with window {window} expected"] = whole["h_last"]
    return outputs


def cut_after_three(function, given: Arrays) -> Arrays:
    """Six of the steps in windows of three, next to the mean of the two halves on their own."""
    params, x, labels, h_0, window = given.values()
    _, first, h_3 = loss_and_gradients(params, x[:, :3], labels[:, :3], h_0)
    _, second, _ = loss_and_gradients(params, x[:, 3:6], labels[:, 3:6], h_3)
    _, grads, _ = function(params, x[:, :6], labels[:, :6], h_0, window)
    return {
        "grads": grads,
        "grads expected": {name: (first[name] + second[name]) / 2 for name in params},
    }


def frozen_differences(given: Arrays) -> Arrays:
    """Centred differences of the loss, the state that goes into each window held fixed."""
    params, x, _, h_0, window = given.values()
    T = x.shape[1]
    entering, h = {}, h_0
    for start in range(0, T, window):
        entering[start] = h
        _, _, h = loss_and_gradients(*_cut(given, start), h)

    def loss():
        total = 0.0
        for start, state in entering.items():
            part = _cut(given, start)
            total += part[1].shape[1] / T * loss_and_gradients(*part, state)[0]
        return total

    return {"grads": {name: numerical_gradient(loss, w) for name, w in params.items()}}


def _cut(given: Arrays, start: int) -> tuple:
    """Parameters, inputs and labels of the window that begins at `start`."""
    params, x, labels, _, window = given.values()
    return params, x[:, start : start + window], labels[:, start : start + window]


def cut_by_hand(params, x, labels, h_0, window):
    """One pass forward; on the way back the gradient is dropped at each border of two windows."""
    h, _ = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    logits = h @ params["W_hy"] + params["b_y"]
    dlogits = cross_entropy_gradient(logits, labels)
    dh = dlogits @ params["W_hy"].T
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    da = np.zeros(h.shape)
    for t in reversed(range(x.shape[1])):
        last_of_window = t % window == window - 1 or t == x.shape[1] - 1
        later = 0 if last_of_window else da[:, t + 1] @ params["W_hh"].T
        da[:, t] = (dh[:, t] + later) * (1 - h[:, t] ** 2)
    grads = {
        "W_xh": np.einsum("btm,btn->mn", x, da),
        "W_hh": np.einsum("btk,btn->kn", before, da),
        "b_h": da.sum(axis=(0, 1)),
        "W_hy": np.einsum("btn,btc->nc", h, dlogits),
        "b_y": dlogits.sum(axis=(0, 1)),
    }
    return cross_entropy_from_logits(logits, labels), grads, h[:, -1]


def by_definition(given: Arrays) -> Arrays:
    """`cut_by_hand`, with its results named."""
    return dict(zip(("loss", "grads", "h_last"), cut_by_hand(*given.values()), strict=True))


EXERCISE = Exercise(
    reference=truncated_bptt,
    title="Truncated BPTT",
    goal="Read a long sequence in windows: the state goes on from one to the next, the gradient "
    "stops.",
    difficulty=2,
    minutes=30,
    returns={"loss": "number", "grads": "mapping", "h_last": "array"},
    ladder=(
        shapes(
            small,
            loss=(),
            grads={"W_xh": (3, 4), "W_hh": (4, 4), "b_h": (4,), "W_hy": (4, 5), "b_y": (5,)},
            h_last=(2, 4),
        ),
        matches(
            "a window as long as the sequence is full BPTT",
            one_window,
            in_full,
            "With one window for all the steps nothing is cut.",
        ),
        matches("one step, and a window of three", one_step, in_full, "With T = 1 nothing is cut."),
        by_hand(
            three_steps,
            how="the probabilities are 1/4 and 3/4 at each step, the labels 0, 0 and 1\n"
            "loss = (log 4 + log 4 + log 4/3) / 3 = (1.386294 + 1.386294 + 0.287682) / 3 "
            "= 1.020090\n"
            "grads['b_y'][1] = (3/4 + 3/4 - 1/4) / 3 = 0.416667, and [0] is minus that",
            loss=np.array((4 * np.log(2) + np.log(4 / 3)) / 3),
            grads={"b_y": np.array([-5 / 12, 5 / 12])},
        ),
        holds(
            "the loss and the last state are the same for any window",
            small,
            with_any_window,
            "Only the gradient is cut, the forward pass is that of the whole sequence.",
        ),
        holds(
            "two windows of equal length: the mean of their gradients",
            small,
            cut_after_three,
            "Six steps in windows of three: each window's gradient counts for a half.",
        ),
        matches(
            "equal to centred differences, the state into each window held fixed",
            small,
            frozen_differences,
            "Moving each weight a little, with the states at the borders fixed, gives a different "
            "gradient.",
        ),
        matches("equal to one pass with the gradient dropped at each border", small, by_definition),
    ),
    equivalent={
        "T = x.shape[1] -> T = labels.shape[1]": "labels has as many steps as x",
        "share = x[:, steps].shape[1 -> share = x[::-1, steps].shape[1": (
            "only the number of steps is read off"
        ),
        "share = x[:, steps].shape -> share = labels[:, steps].shape": (
            "labels has as many steps as x"
        ),
        (
            "name, gradient in window_grads.items(): -> name, gradient in "
            "reversed(list(window_grads.items())):"
        ): ("each gradient is added by itself"),
    },
    promises={
        "The loss is that": "the loss and the last state are the same for any window",
        "Only the gradient is cut": "equal to one pass with the gradient dropped at each border",
        "One window needs": "scaffold: loss_and_gradients keeps one window",
        "params: dict": "it runs, and the shapes are right",
        "x, labels: inputs": "it runs, and the shapes are right",
        "h_0: state before": "equal to one pass with the gradient dropped at each border",
        "window: steps": "a window as long as the sequence is full BPTT",
        "window: the last window": "equal to one pass with the gradient dropped at each border",
        "loss: mean": "a case small enough to do by hand",
        "grads: the truncated": "equal to one pass with the gradient dropped at each border",
        "h_last: the state": "the loss and the last state are the same for any window",
    },
    hints=(
        Hint(
            "Where is the gradient stopped? I see nothing to stop.",
            "How far back does `loss_and_gradients` go? It knows only what you pass it. So what "
            "is the state that goes into a window, from its point of view?",
        ),
        Hint(
            "My loss changes with the window.",
            "Two suspects. From which state does each window start? And of how many steps is each"
            " window's loss the mean, when you need the mean over all T?",
            fits=(
                "state reset",
                "sum of windows",
                "divided by T",
                "gradients not weighted",
                "loss not weighted",
                "the loss and the last state are the same for any window",
            ),
        ),
        Hint(
            "It fails when the window doesn't divide T.",
            "The last window is shorter. A slice in NumPy that runs past the end simply ends "
            "where the array does: how many steps did you get, and how much of the whole is that?",
            fits=(
                "last window dropped",
                "rest dropped unless it is all",
                "mean of whole windows",
                "mean of windows",
                "full weight for a short window",
                "one step, and a window of three",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "For each start in `range(0, T, window)` call `loss_and_gradients` on `x[:, start : "
            "start + window]`, the same of the labels, and the `h_last` of the call before. Add "
            "up its loss and its gradients, each times the steps of this window over T.",
        ),
    ),
)


def _windows(
    given,
    share=lambda steps, T, window: steps / T,
    carry=lambda h_last, h_0: h_last,
    only=lambda starts: starts,
    short=0,
):
    """Truncated BPTT with one of its parts replaced; for mistakes."""
    params, x, labels, h_0, window = given
    T = x.shape[1]
    loss, h = 0.0, h_0
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    for start in only(range(0, T, window)):
        cut = slice(start, start + window - short)
        one, window_grads, h = loss_and_gradients(params, x[:, cut], labels[:, cut], carry(h, h_0))
        weight = share(x[:, cut].shape[1], T, window)
        loss += weight * one
        grads = {name: grads[name] + weight * window_grads[name] for name in params}
    return loss, grads, h


@EXERCISE.mistake(
    "The shorter window is the first one here, so all the borders stand elsewhere: the first "
    "window begins with the first step and is as long as any, and the last one is shorter."
)
def shorter_window_first(params, x, labels, h_0, window):
    """Windows counted from the end."""
    T = x.shape[1]
    first = (T - 1) % window + 1
    a, first_grads, h = loss_and_gradients(params, x[:, :first], labels[:, :first], h_0)
    if first == T:
        return a, first_grads, h
    b, grads, h = _windows((params, x[:, first:], labels[:, first:], h, window))
    p = first / T
    return (
        p * a + (1 - p) * b,
        {name: p * first_grads[name] + (1 - p) * grads[name] for name in params},
        h,
    )


@EXERCISE.mistake(
    "Nothing is cut: that is full BPTT, whatever the window, so pass loss_and_gradients one window "
    "at a time."
)
def not_truncated(params, x, labels, h_0, window):
    """Ignores the window, as the old notebook did under this title."""
    return loss_and_gradients(params, x, labels, h_0)


@EXERCISE.mistake(
    "Every window starts again from h_0: the gradient is cut, the state is not, so start each "
    "window from the h_last of the one before."
)
def state_reset(params, x, labels, h_0, window):
    """h_0 at each window."""
    return _windows((params, x, labels, h_0, window), carry=lambda h_last, h_0: h_0)


@EXERCISE.mistake(
    "Every window starts from zeros: the gradient is cut, the state is not. The first window "
    "starts from h_0, each later one from the h_last of the one before."
)
def state_of_zeros(params, x, labels, h_0, window):
    """No state at all comes in."""
    return _windows((params, x, labels, h_0, window), carry=lambda h_last, h_0: 0 * h_0)


@EXERCISE.mistake(
    "Each window is one step short, and that step is never read: the end of a slice is not part of "
    "it, so a window ends at start + window."
)
def windows_one_step_short(params, x, labels, h_0, window):
    """start + window - 1."""
    return _windows((params, x, labels, h_0, window), short=1)


@EXERCISE.mistake(
    "The first window is never read: windows start at 0, window, 2 window and so on, as "
    "range(0, T, window) gives them, and the first of them from h_0."
)
def first_window_skipped(params, x, labels, h_0, window):
    """range(window, T, window)."""
    return _windows((params, x, labels, h_0, window), only=lambda starts: starts[1:])


@EXERCISE.mistake(
    "The last, shorter window is dropped, so the end of the sequence is never read: start a window "
    "at every multiple of window below T, with range(0, T, window)."
)
def last_window_dropped(params, x, labels, h_0, window):
    """Whole windows only, T // window of them."""
    return _windows(
        (params, x, labels, h_0, window),
        only=lambda starts: starts[: x.shape[1] // window],
    )


@EXERCISE.mistake(
    "What is left over behind the last whole window is never read, though a sequence that is "
    "shorter than a window is: let range(0, T, window) say where windows start."
)
def rest_dropped_unless_it_is_all(params, x, labels, h_0, window):
    """max(1, T // window) windows."""
    return _windows(
        (params, x, labels, h_0, window),
        only=lambda starts: starts[: max(1, x.shape[1] // window)],
    )


@EXERCISE.mistake(
    "Only whole windows are read, and the mean is over those: the end of the sequence is lost, so "
    "let the last window be shorter, and weight each by its steps over T."
)
def mean_of_whole_windows(params, x, labels, h_0, window):
    """T // window windows, each counted alike."""
    whole = x.shape[1] // window
    return _windows(
        (params, x, labels, h_0, window),
        share=lambda steps, T, window: 1 / whole,
        only=lambda starts: starts[:whole],
    )


@EXERCISE.mistake(
    "The windows are averaged as if they were equally long: a shorter last window counts less, so "
    "weight each by its steps over T."
)
def mean_of_windows(params, x, labels, h_0, window):
    """1 / number of windows."""
    return _windows(
        (params, x, labels, h_0, window), share=lambda steps, T, window: 1 / -(-T // window)
    )


@EXERCISE.mistake(
    "Every window counts in full, as if its mean were a sum: loss and gradients of a window are "
    "means over its own steps, so multiply each by its share of all T steps before you add it."
)
def sum_of_windows(params, x, labels, h_0, window):
    """Weight 1."""
    return _windows((params, x, labels, h_0, window), share=lambda steps, T, window: 1.0)


@EXERCISE.mistake(
    "The last window gets the weight of a full one, window / T: count the steps that it really "
    "has, with x[:, steps].shape[1]."
)
def full_weight_for_a_short_window(params, x, labels, h_0, window):
    """window / T for all."""
    return _windows((params, x, labels, h_0, window), share=lambda steps, T, window: window / T)


@EXERCISE.mistake(
    "The loss is weighted and the gradients aren't: they belong to the same mean, so weight both "
    "by the window's share."
)
def gradients_not_weighted(params, x, labels, h_0, window):
    """The old notebook's inconsistency: the loss divided, the gradients not."""
    given = (params, x, labels, h_0, window)
    loss, _, h_last = _windows(given)
    return loss, _windows(given, share=lambda steps, T, window: 1.0)[1], h_last


@EXERCISE.mistake(
    "Only the last window's gradients are left: each turn of the loop overwrites them, so add them "
    "up."
)
def gradients_overwritten(params, x, labels, h_0, window):
    """= where += belongs."""
    loss, _, h_last = _windows((params, x, labels, h_0, window))
    T = x.shape[1]
    start = (T - 1) // window * window
    h = loss_and_gradients(params, x[:, :start], labels[:, :start], h_0)[2] if start else h_0
    _, last, _ = loss_and_gradients(params, x[:, start:], labels[:, start:], h)
    return loss, {name: (T - start) / T * g for name, g in last.items()}, h_last


@EXERCISE.mistake(
    "The loss is that of the last window only: each turn of the loop overwrites it, so add up the "
    "windows' losses, each weighted by its share."
)
def loss_overwritten(params, x, labels, h_0, window):
    """loss, … = loss_and_gradients(…) in the loop."""
    _, grads, h_last = truncated_bptt(params, x, labels, h_0, window)
    start = (x.shape[1] - 1) // window * window
    _, _, h = (
        loss_and_gradients(params, x[:, :start], labels[:, :start], h_0) if start else 3 * (h_0,)
    )
    return loss_and_gradients(params, x[:, start:], labels[:, start:], h)[0], grads, h_last


@EXERCISE.mistake(
    "The gradients are weighted and the loss isn't: both belong to the same mean over T steps, so "
    "weight the loss by the window's share too."
)
def loss_not_weighted(params, x, labels, h_0, window):
    """loss += window_loss."""
    given = (params, x, labels, h_0, window)
    loss, _, _ = _windows(given, share=lambda steps, T, window: 1.0)
    return loss, *truncated_bptt(*given)[1:]


@EXERCISE.mistake(
    "Each window is divided by T, as if its loss were a sum: it is a mean over the window's steps, "
    "so multiply by those steps first, steps / T."
)
def divided_by_T(params, x, labels, h_0, window):
    """Weight 1 / T."""
    return _windows((params, x, labels, h_0, window), share=lambda steps, T, window: 1 / T)


@EXERCISE.mistake(
    "h_last is still h_0: the state was carried on under another name, so return the one that the "
    "last window gave back."
)
def h_last_never_set(params, x, labels, h_0, window):
    """Returns what it began with."""
    return *truncated_bptt(params, x, labels, h_0, window)[:2], h_0


@EXERCISE.mistake(
    "What comes back as grads is what loss_and_gradients gave for the last window: start from "
    "zeros before the loop, and add each window's gradients, weighted by its share."
)
def last_gradients_as_they_are(params, x, labels, h_0, window):
    """loss, grads, h = … inside the loop."""
    h, grads = h_0, {}
    for start in range(0, x.shape[1], window):
        cut = slice(start, start + window)
        _, grads, h = loss_and_gradients(params, x[:, cut], labels[:, cut], h)
    return truncated_bptt(params, x, labels, h_0, window)[0], grads, h


@EXERCISE.mistake(
    "The parameters are updated here, so each window has other weights: return the gradient and "
    "leave params as they are; the update belongs in the training loop."
)
def parameters_updated(params, x, labels, h_0, window):
    """Learns while it measures."""
    loss, grads, h_last = truncated_bptt(params, x, labels, h_0, window)
    for name in params:
        params[name] -= 0.1 * grads[name]
    return loss, grads, h_last


@EXERCISE.mistake(
    "Only the first window is read: go on with the next one, from the state that this one gave "
    "back."
)
def first_window_only(params, x, labels, h_0, window):
    """Returns from inside the loop."""
    return loss_and_gradients(params, x[:, :window], labels[:, :window], h_0)


EXERCISE.alternative(cut_by_hand)


@EXERCISE.mistake(
    "Each window is judged by the labels of the first one: cut the labels at the same steps as x."
)
def labels_of_the_first_window(params, x, labels, h_0, window):
    """labels[:, :K] for all."""
    at = np.arange(labels.shape[1]) % window
    return truncated_bptt(params, x, labels[:, at], h_0, window)


@EXERCISE.mistake(
    "The windows overlap by a step: the first step of a window is also the last of the one before, "
    "and is read twice. In NumPy, start : start + window ends before start + window."
)
def windows_overlap(params, x, labels, h_0, window):
    """start : start + window + 1."""
    return _windows((params, x, labels, h_0, window), short=-1)


@EXERCISE.mistake(
    "The steps that are left over are read with the last whole window, which is then longer than "
    "K: credit goes back over a border. They are a shorter window of their own."
)
def rest_in_the_last_window(params, x, labels, h_0, window):
    """The last border is left out."""
    T = x.shape[1]
    starts = list(range(0, max(T - window, 0) + 1, window))
    loss, h = 0.0, h_0
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    for start, end in zip(starts, [*starts[1:], T], strict=True):
        one, new, h = loss_and_gradients(params, x[:, start:end], labels[:, start:end], h)
        loss += (end - start) / T * one
        grads = {name: grads[name] + (end - start) / T * new[name] for name in params}
    return loss, grads, h


@EXERCISE.alternative
def weighted_at_the_end(params, x, labels, h_0, window):
    """Sums over steps first, one division by T last."""
    T, t, h = x.shape[1], 0, h_0
    losses, gradients = [], []
    while t < T:
        steps = min(window, T - t)
        part = np.arange(t, t + steps)
        one, window_grads, h = loss_and_gradients(params, x[:, part], labels[:, part], h)
        losses.append(steps * one)
        gradients.append({name: steps * g for name, g in window_grads.items()})
        t += steps
    return sum(losses) / T, {name: sum(g[name] for g in gradients) / T for name in params}, h


@EXERCISE.alternative
def recursively(params, x, labels, h_0, window):
    """The first window, then the rest."""
    head = loss_and_gradients(params, x[:, :window], labels[:, :window], h_0)
    T = x.shape[1]
    if window >= T:
        return head
    tail = recursively(params, x[:, window:], labels[:, window:], head[2], window)
    w = window / T
    grads = {name: w * head[1][name] + (1 - w) * tail[1][name] for name in params}
    return w * head[0] + (1 - w) * tail[0], grads, tail[2]


@EXERCISE.alternative
def with_rnn_backward(params, x, labels, h_0, window):
    """One pass forward, then rnn_backward on each window's part of the cache."""
    W_xh, W_hh = params["W_xh"], params["W_hh"]
    h, _ = rnn_forward(x, h_0, W_xh, W_hh, params["b_h"])
    logits = h @ params["W_hy"] + params["b_y"]
    dlogits = cross_entropy_gradient(logits, labels)
    grads = {"W_xh": 0.0, "W_hh": 0.0, "b_h": 0.0}
    for start in range(0, x.shape[1], window):
        cut = slice(start, start + window)
        cache = (x[:, cut], h[:, start - 1] if start else h_0, h[:, cut], W_xh, W_hh)
        _, _, *weights = rnn_backward(dlogits[:, cut] @ params["W_hy"].T, cache)
        grads = {k: grads[k] + g for k, g in zip(grads, weights, strict=True)}
    grads["W_hy"] = np.tensordot(h, dlogits, axes=([0, 1], [0, 1]))
    grads["b_y"] = dlogits.sum(axis=1).sum(axis=0)
    return cross_entropy_from_logits(logits, labels), grads, h[:, -1]
