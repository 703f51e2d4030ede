"""Bug hunt: what a network says of a digit depends on the company in which it is read."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, floating, holds, irregular, matches, shapes
from course_lib.exercises.ladder.watched import watched
from course_lib.exercises.vanilla_rnn.cases import classifier
from course_lib.scratch.losses import softmax
from course_lib.scratch.rnn import read_digits, rnn_forward, rnn_step

WHITE = 8.0


def small() -> Arrays:
    """Seven digits of six rows, three at once: the last one is read alone. None is quite white."""
    images = np.abs(irregular(7, 6, 3, shift=1, scale=WHITE - 1))
    return {"images": images, "white": WHITE, "params": classifier(), "size": 3}


def all_at_once() -> Arrays:
    """The seven together, and there is room for more; their grey levels end at 1 already."""
    given = small()
    return {**given, "images": given["images"] / WHITE, "white": 1, "size": 10}


def alone() -> Arrays:
    """A single digit, so faint that its grey levels look as if they had been scaled already."""
    given = small()
    return {**given, "images": given["images"][:1] / WHITE}


def faint_and_bright() -> Arrays:
    """One of the seven is as faint as that, and another brighter than all in training."""
    given = small()
    strength = np.array([1, 1, 1, 1 / WHITE, 1, 2, 1])
    return {**given, "images": strength[:, None, None] * given["images"]}


def whole_numbers() -> Arrays:
    """Grey levels as they come from a file."""
    given = small()
    return {**given, "images": np.rint(given["images"]).astype(np.uint8), "white": 8}


def two_pixels() -> Arrays:
    """Two digits of a single pixel, half grey and three quarters, one after the other."""
    return {
        "images": np.array([[[2.0]], [[3.0]]]),
        "white": 4.0,
        "params": {
            "W_xh": np.array([[1.0]]),
            "W_hh": np.array([[1.0]]),
            "b_h": np.array([0.0]),
            "W_hy": np.array([[1.0, -1.0]]),
            "b_y": np.array([0.0, 0.0]),
        },
        "size": 1,
    }


def one_by_one(given: Arrays) -> Arrays:
    """Each digit by itself, from a state of zero, row by row."""
    images, white, weights, _ = given.values()
    logits = []
    for image in images:
        h_t = np.zeros((1, len(weights["b_h"])))
        for row in image:
            step = weights["W_xh"], weights["W_hh"], weights["b_h"]
            h_t = rnn_step(row[None] / white, h_t, *step)
        logits.append(h_t[0] @ weights["W_hy"] + weights["b_y"])
    return {"logits": np.array(logits)}


def in_other_batches(function, given: Arrays) -> Arrays:
    """The same digits, a different number of them at once."""
    images, white, weights, _ = given.values()
    outputs = {}
    for size in (1, 2, 3, 5):
        outputs[f"logits, {size} at once"] = function(images, white, weights, size)
        outputs[f"logits, {size} at once expected"] = function(images, white, weights, len(images))
    return outputs


def in_another_order(function, given: Arrays) -> Arrays:
    """From the last digit to the first, and turned round again."""
    images, white, weights, size = given.values()
    return {
        "logits": function(images, white, weights, size),
        "logits expected": np.asarray(function(images[::-1], white, weights, size))[::-1],
    }


def many() -> Arrays:
    """More digits than are read at once by default; each is one row, and the units are two."""
    weights = {
        "W_xh": irregular(2, 2),
        "W_hh": irregular(2, 2, shift=1),
        "b_h": irregular(2, shift=2),
        "W_hy": irregular(2, 2, shift=3),
        "b_y": irregular(2, shift=4),
    }
    images = np.abs(irregular(250, 1, 2, scale=WHITE))
    return {"images": images, "white": WHITE, "params": weights, "size": 40}


def digits_at_once(function, given: Arrays) -> Arrays:
    """The most digits that meet W_xh at once, with a size and without.

    An array as large as W_xh is W_xh in another form. Of a product that is made with plain arrays
    nothing is seen, and nothing is held against it.
    """
    images, white, weights, size = given.values()
    found = {}
    for name, settings in ((f"with size={size}", (size,)), ("without a size", ())):
        sizes: list[int] = []
        [W_xh] = watched(sizes, weights["W_xh"])
        function(images, white, {**weights, "W_xh": W_xh}, *settings)
        at_once = settings[0] if settings else 100
        products = [one // W_xh.shape[1] for one in sizes if one != W_xh.size]
        found[f"digits at once {name}"] = max(products, default=at_once)
        found[f"digits at once {name} expected"] = np.array(at_once)
    return found


EXERCISE = Exercise(
    reference=read_digits,
    title="In bad company",
    goal="Make what a network says about a digit independent of the digits read with it.",
    difficulty=2,
    minutes=20,
    returns={"logits": "array"},
    uses=("rnn_forward",),
    ladder=(
        shapes(small, logits=(7, 5)),
        floating(whole_numbers, "logits"),
        by_hand(
            two_pixels,
            how="first digit: tanh(2/4) = 0.462117; second digit: tanh(3/4) = 0.635149\n"
            "both start from a state of 0; logits are the state, and minus the state",
            logits=np.array([[1, -1]]) * np.tanh([[0.5], [0.75]]),
        ),
        holds(
            "it doesn't matter how many are read at once",
            faint_and_bright,
            in_other_batches,
            "The same seven digits, some of them at once and then all.",
        ),
        holds(
            "it doesn't matter in which order they come",
            small,
            in_another_order,
            "The same seven digits, from the first to the last and the other way round.",
        ),
        matches("a digit alone", alone, one_by_one, "With a single digit:"),
        matches("equal to reading each by itself, row by row", small, one_by_one),
        matches("all at once", all_at_once, one_by_one),
        matches("grey levels that are whole numbers", whole_numbers, one_by_one),
        holds(
            "size digits at once, 100 by default",
            many,
            digits_at_once,
            "size says how many digits are read at once, so that memory is enough for them.",
            known=True,
        ),
    ),
    promises={
        "images: grey levels": "equal to reading each by itself, row by row",
        "0 is black": "equal to reading each by itself, row by row",
        "white: the grey level": "a case small enough to do by hand",
        "params: the trained": "equal to reading each by itself, row by row",
        "size: how many": "size digits at once, 100 by default",
        "size: the last ones": "equal to reading each by itself, row by row",
        "Logits, shape": (
            "it runs, and the shapes are right",
            "it doesn't matter in which order they come",
        ),
        "The logits of a digit": (
            "it doesn't matter how many are read at once",
            "equal to reading each by itself, row by row",
        ),
    },
    equivalent={
        "len(x), params['W_hh'].shape[0])), params -> len(x), params['b_h'].shape[0])), params": (
            "b_h has n entries too"
        ),
        "params['W_hh'].shape[0])), params['W_xh -> params['W_hh'].shape[…1])), params['W_xh": (
            "W_hh is square"
        ),
    },
    hints=(
        Hint(
            "I can't see anything wrong: with all digits at once the accuracy is good.",
            "Then look at one digit in several situations. Print its logits when it is read alone, "
            "when it comes second, and when it stands beside a brighter one. For each line of the "
            "loop ask: could another digit change what is computed here?",
        ),
        Hint(
            "What does one batch leave behind for the next?",
            "Draw the chain of states of two batches. Where does an arrow lead from the first to "
            "the second? In a long text cut into pieces such an arrow is right, because a piece "
            "goes on where the last one ended. Is that so for two digits?",
            fits=(
                "scale mended alone",
                "state of the first for all",
                "it doesn't matter in which order they come",
            ),
        ),
        Hint(
            "A digit alone is still different.",
            "The network has learned from numbers in which 1 is always the same grey. Which grey "
            "becomes 1 in your code when all pixels of a batch are dark?",
            fits=(
                "state mended alone",
                "each by its own brightest",
                "each row by its own brightest",
                "only above one",
                "only if one is above one",
                "brighter than white",
                "brightest of all",
                "a digit alone",
            ),
        ),
    ),
)


@EXERCISE.hunt(
    "Still the old symptom: the same digit gets other logits when it is read alone, when it comes "
    "later, or when it shares a batch with brighter ones."
)
def digits_in_company(images, white, params, size=100):
    """What a trained network says about digits that it reads row by row.

    Args:
        images: grey levels, shape (N, T, m); 0 is black.
        white: the grey level that was 1 in training, where 0 was black too.
        params: the trained weights, a dict with W_xh (m, n), W_hh (n, n),
            b_h (n,), W_hy (n, c) and b_y (c,).
        size: how many digits are read at once; the last ones may be fewer.

    Returns:
        Logits, shape (N, c), in the order of the images. The logits of a
        digit depend on this digit alone.
    """
    W_hh = params["W_hh"]
    h_t, logits = np.zeros((size, len(W_hh))), []
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        x = batch / batch.max()
        h_0 = h_t[: len(batch)]
        h, _ = rnn_forward(x, h_0, params["W_xh"], W_hh, params["b_h"])
        h_t = h[:, -1]
        logits.append(h_t @ params["W_hy"] + params["b_y"])
    return np.concatenate(logits)


def _read(images, white, params, size, scaled=None, kept=False, answer=None):
    """The digits with one part of the reading replaced; for mistakes."""
    h_t, logits = np.zeros((size, len(params["b_h"]))), []
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        x = scaled(batch) if scaled else batch / white
        h_0 = h_t[: len(batch)] if kept else np.zeros((len(batch), len(params["b_h"])))
        h, _ = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
        h_t = h[:, -1]
        said = answer(h) if answer else h_t
        logits.append(said @ params["W_hy"] + params["b_y"])
    return np.concatenate(logits)


@EXERCISE.mistake(
    "Each batch starts from a fresh state now, but a digit's grey levels are still measured by the "
    "brightest pixel of its batch: the network has learned with one scale for all."
)
def state_mended_alone(images, white, params, size=100):
    """Zeros each time; batch.max()."""
    return _read(images, white, params, size, lambda batch: batch / batch.max())


@EXERCISE.mistake(
    "The grey levels are right now, but each batch still begins with the states that the one "
    "before it ended with: these are of other digits, and nothing of them goes on in this one."
)
def scale_mended_alone(images, white, params, size=100):
    """/ white; the state is kept."""
    return _read(images, white, params, size, kept=True)


@EXERCISE.mistake(
    "Each digit is measured by its own brightest pixel: no other digit has a say now, but a faint "
    "one becomes as bright as any, and the network has not learned with that. Divide by `white`."
)
def each_by_its_own_brightest(images, white, params, size=100):
    """images.max(axis=(1, 2))."""
    return _read(
        images, white, params, size, lambda batch: batch / batch.max(axis=(1, 2), keepdims=True)
    )


@EXERCISE.mistake(
    "Each row is measured by its own brightest pixel: a row with a trace of ink reaches the "
    "network as bright as one that is full of it. 1 is `white`, in every row."
)
def each_row_by_its_own_brightest(images, white, params, size=100):
    """images.max(axis=2)."""
    return _read(
        images, white, params, size, lambda batch: batch / batch.max(axis=2, keepdims=True)
    )


@EXERCISE.mistake(
    "Grey levels are divided only in a batch that has one above 1. A faint digit may have none: "
    "read alone it stays as it is, and beside a brighter one it is divided."
)
def only_above_one(images, white, params, size=100):
    """if batch.max() > 1."""
    return _read(
        images, white, params, size, lambda batch: batch / (white if batch.max() > 1 else 1)
    )


@EXERCISE.mistake(
    "Grey levels are divided only if one of them, in all the images, is above 1. Where all are "
    "faint they stay as they are, but the scale is not to be guessed: 1 is `white`."
)
def only_if_one_is_above_one(images, white, params, size=100):
    """if images.max() > 1."""
    scale = white if images.max() > 1 else 1
    return _read(images, white, params, size, lambda batch: batch / scale)


@EXERCISE.mistake(
    "1 is `white` until a batch has a brighter pixel than that, and then it is this pixel: so a "
    "bright digit still makes the others of its batch fainter."
)
def brighter_than_white(images, white, params, size=100):
    """max(white, batch.max())."""
    return _read(images, white, params, size, lambda batch: batch / max(white, batch.max()))


@EXERCISE.mistake(
    "The brightest pixel of all the images decides what 1 is: how many are read at once doesn't "
    "matter any more, but which digits are among them does. Divide by `white`."
)
def brightest_of_all(images, white, params, size=100):
    """images.max()."""
    return _read(images, white, params, size, lambda batch: batch / images.max())


@EXERCISE.mistake(
    "The grey levels reach the network as they are, and not as numbers from 0 to 1: the tanh "
    "saturates. Divide by `white`."
)
def grey_as_it_is(images, white, params, size=100):
    """No division."""
    return _read(images, white, params, size, lambda batch: batch)


@EXERCISE.mistake(
    "The division is by 255, whatever `white` says: 255 was the grey level of 1 in other images."
)
def always_255(images, white, params, size=100):
    """The usual number."""
    return _read(images, white, params, size, lambda batch: batch / 255)


@EXERCISE.mistake(
    "The division leaves whole numbers, and with them nothing but black and white: `//` rounds "
    "down, `/` doesn't."
)
def black_and_white(images, white, params, size=100):
    """//."""
    return _read(images, white, params, size, lambda batch: batch // white)


@EXERCISE.mistake(
    "Only whole batches are read, so the last digits get no answer: the last batch may be smaller."
)
def last_batch_dropped(images, white, params, size=100):
    """len(images) // size batches."""
    return _read(images[: len(images) // size * size], white, params, size)


@EXERCISE.mistake(
    "What comes back is the answer for the last batch alone: collect the logits of all batches."
)
def last_batch_alone(images, white, params, size=100):
    """Overwritten in each turn."""
    return _read(images, white, params, size)[(len(images) - 1) // size * size :]


@EXERCISE.mistake(
    "The readout looks at the mean of all states: this network was trained to answer after the "
    "last row, from the last state."
)
def mean_of_the_states(images, white, params, size=100):
    """h.mean(axis=1)."""
    return _read(images, white, params, size, answer=lambda h: h.mean(axis=1))


@EXERCISE.mistake(
    "The readout looks at the state after the first row, when the network has seen little of the "
    "digit: it answers after the last one."
)
def after_the_first_row(images, white, params, size=100):
    """h[:, 0]."""
    return _read(images, white, params, size, answer=lambda h: h[:, 0])


@EXERCISE.mistake(
    "These are probabilities; logits are asked for, as the readout gives them, before any softmax."
)
def probabilities(images, white, params, size=100):
    """A softmax too many."""
    return softmax(_read(images, white, params, size))


@EXERCISE.mistake("The bias of the readout, b_y, is left out.")
def no_output_bias(images, white, params, size=100):
    """W_hy alone."""
    return _read(images, white, params, size) - params["b_y"]


@EXERCISE.mistake(
    "The logits are right, but all digits are read at once, whatever size is. Read `size` of them "
    "at a time: all together may not fit into memory."
)
def everything_at_once(images, white, params, size=100):
    """No batches at all."""
    return _read(images, white, params, len(images))


@EXERCISE.mistake(
    "The logits are right, but each digit is read by itself, whatever size is. That is slow: in a "
    "batch one product serves all its digits, and each has its own row of the state."
)
def each_by_itself(images, white, params, size=100):
    """Batches of one."""
    return _read(images, white, params, 1)


@EXERCISE.mistake(
    "size is ignored: a hundred digits are read at once, whatever the caller says there is "
    "memory for."
)
def size_ignored(images, white, params, size=100):
    """The default for good."""
    return _read(images, white, params, 100)


@EXERCISE.mistake(
    "All digits of a batch start from the same state, but it isn't zero: it is the last state of "
    "the first digit in the batch before. Nothing of another digit goes on in this one."
)
def state_of_the_first_for_all(images, white, params, size=100):
    """h[:1, -1]."""
    h_t, logits = np.zeros((1, len(params["b_h"]))), []
    for start in range(0, len(images), size):
        x = images[start : start + size] / white
        h_0 = np.repeat(h_t, len(x), axis=0)
        h, _ = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
        h_t = h[:1, -1]
        logits.append(h[:, -1] @ params["W_hy"] + params["b_y"])
    return np.concatenate(logits)


@EXERCISE.alternative
def scaled_before(images, white, params, size=100):
    """All images scaled first, and an array for the answers."""
    scaled = np.asarray(images) / white
    logits = np.empty((len(scaled), len(params["b_y"])))
    for start in range(0, len(scaled), size):
        rows = slice(start, start + size)
        nothing = np.zeros((len(scaled[rows]), len(params["b_h"])))
        h, _ = rnn_forward(scaled[rows], nothing, *(params[k] for k in ("W_xh", "W_hh", "b_h")))
        logits[rows] = h[:, -1] @ params["W_hy"] + params["b_y"]
    return logits


@EXERCISE.alternative
def rows_by_hand(images, white, params, size=100):
    """The step, in place of the loop; the readout once, at the end."""
    last = []
    for part in np.split(images, range(size, len(images), size)):
        h_t = np.zeros((len(part), len(params["b_h"])))
        for t in range(part.shape[1]):
            h_t = rnn_step(part[:, t] / white, h_t, params["W_xh"], params["W_hh"], params["b_h"])
        last.append(h_t)
    return np.vstack(last) @ params["W_hy"] + params["b_y"]


@EXERCISE.alternative
def readout_in_each_batch(images, white, params, size=100):
    """All by hand; what is watched reaches the logits."""
    W_xh, W_hh, b_h, W_hy, b_y = (params[k] for k in ("W_xh", "W_hh", "b_h", "W_hy", "b_y"))
    logits = []
    for part in np.split(images, range(size, len(images), size)):
        h_t = 0.0 * np.ones((len(part), 1)) * b_h
        for t in range(part.shape[1]):
            h_t = np.tanh(part[:, t] / white @ W_xh + h_t @ W_hh + b_h)
        logits += list(h_t @ W_hy + b_y)
    return np.array(logits)


@EXERCISE.alternative
def plain_weights(images, white, params, size=100):
    """Scaled weights, made plain arrays: nothing of them is watched."""
    plain = {name: np.array(w) for name, w in params.items()}
    plain["W_xh"] = np.asarray(params["W_xh"] / white)
    return read_digits(images, 1.0, plain, size)


@EXERCISE.alternative
def weights_scaled(images, white, params, size=100):
    """The scale goes into the weights."""
    W_xh = params["W_xh"] / white
    parts = []
    for start in range(0, len(images), size):
        x = 1.0 * images[start : start + size]
        h, _ = rnn_forward(x, 0 * x[:, 0] @ W_xh, W_xh, params["W_hh"], params["b_h"])
        parts += list(h[:, -1])
    return np.array(parts) @ params["W_hy"] + params["b_y"]
