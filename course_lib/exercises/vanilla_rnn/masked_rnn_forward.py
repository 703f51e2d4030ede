"""Exercise: padded sequences of different length."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, floating, holds, irregular, matches, shapes
from course_lib.scratch.rnn import masked_rnn_forward, rnn_forward, rnn_step

LENGTHS = (5, 2, 3)


def small() -> Arrays:
    """Three sequences of 5, 2 and 3 steps, padded to 5 with numbers that must not matter."""
    return {
        "x": irregular(3, 5, 2),
        "mask": np.arange(5) < np.array(LENGTHS)[:, None],
        "h_0": irregular(3, 4, shift=1, scale=0.8),
        "W_xh": irregular(2, 4, shift=2),
        "W_hh": irregular(4, 4, shift=3, scale=0.7),
        "b_h": irregular(4, shift=4, scale=0.5),
    }


def one_unit() -> Arrays:
    """One sequence of one real step and one padded step."""
    return {
        "x": np.array([[[1.0], [9.0]]]),
        "mask": np.array([[True, False]]),
        "h_0": np.array([[0.0]]),
        "W_xh": np.array([[0.5]]),
        "W_hh": np.array([[1.0]]),
        "b_h": np.array([0.0]),
    }


def whole_numbers() -> Arrays:
    """Inputs, first state and weights as integers."""
    return {
        **small(),
        "x": np.arange(30).reshape(3, 5, 2) % 4 - 1,
        "h_0": np.zeros((3, 4), int),
        "W_xh": np.array([[1, 0, -1, 1], [0, 1, 1, -1]]),
        "W_hh": np.array([[0, 1, 0, -1], [1, 0, 1, 0], [0, -1, 1, 0], [1, 0, 0, 1]]),
        "b_h": np.array([0, 1, -1, 0]),
    }


def nothing_padded() -> Arrays:
    """All steps are real."""
    return {**small(), "mask": np.ones((3, 5), bool)}


def gap() -> Arrays:
    """Padding in the middle and at the start: the mask decides, not a length.

    At one step all sequences have padding, and at the next one they all read; before it, one has
    padding first and then reads.
    """
    mask = np.array([[1, 1, 0, 1, 1], [0, 1, 0, 1, 0], [1, 0, 0, 1, 1]], bool)
    return {**small(), "mask": mask}


def one_step() -> Arrays:
    """T = 1; the step of the second sequence is padding."""
    return {**small(), "x": irregular(3, 1, 2), "mask": np.array([[True], [False], [True]])}


def unmasked(given: Arrays) -> Arrays:
    """The plain network."""
    x, _, *rest = given.values()
    h, _ = rnn_forward(x, *rest)
    return {"h": h, "h_last": h[:, -1]}


def change_the_padding(function, given: Arrays) -> Arrays:
    """The results with other numbers in the padding."""
    x, mask, *rest = given.values()
    other = np.where(mask[:, :, None], x, 7.0)
    (h, h_last), (h_other, h_last_other) = function(x, mask, *rest), function(other, mask, *rest)
    return {
        "h": h_other,
        "h expected": h,
        "h_last": h_last_other,
        "h_last expected": h_last,
    }


def not_a_number() -> Arrays:
    """A padding that holds no numbers at all."""
    given = small()
    return {**given, "x": np.where(given["mask"][:, :, None], given["x"], np.nan)}


def each_sequence_cut(given: Arrays) -> Arrays:
    """The definition: each sequence alone, its padded steps taken out, padding put back as zero."""
    x, mask, h_0, *weights = given.values()
    h, h_last = np.zeros((*mask.shape, h_0.shape[1])), h_0.copy()
    for b, real in enumerate(mask):
        states, _ = rnn_forward(x[b : b + 1, real], h_0[b : b + 1], *weights)
        h[b, real] = states[0]
        if real.any():
            h_last[b] = states[0, -1]
    return {"h": h, "h_last": h_last}


EXERCISE = Exercise(
    reference=masked_rnn_forward,
    title="A padded batch",
    goal="Run a padded batch so that the padding changes nothing: state carried, output zero.",
    difficulty=2,
    minutes=25,
    returns={"h": "array", "h_last": "array"},
    uses=("rnn_step",),
    equivalent={
        "h = np.zeros((batch, -> h = -np.zeros((batch,": (
            "it is zero still, and every entry is overwritten"
        ),
        "h = np.zeros((batch, T, W_hh -> h = np.ones((batch, T, W_hh": "every entry is overwritten",
        "zeros((batch, T, W_hh.shape[0]), dtype -> zeros((batch, T, b_h.shape[0]), dtype": (
            "b_h has n entries too"
        ),
        "batch, T, W_hh.shape[0]), dtype=np.result_type -> batch, T, W_hh.shape[…1]), "
        "dtype=np.result_type": "W_hh is square",
        "…np.float32)) -> T, W_hh.shape[0]))": (
            "for float32 inputs only the dtype changes, and float32 out isn't promised"
        ),
        ", W_hh, np.float32)) -> , W_hh, np.float64))": (
            "for float32 inputs only the dtype changes, and float32 out isn't promised"
        ),
        "dtype=np.result_type(x, h_0, W_hh, np.float -> dtype=np.result_type(h_0, x, W_hh, "
        "np.float": "the common dtype of several arrays doesn't depend on their order",
        "np.result_type(x, h_0, W_hh, np.float32)) -> np.result_type(x, W_hh, h_0, np.float32))": (
            "the common dtype of several arrays doesn't depend on their order"
        ),
        "result_type(x, h_0, W_hh, np.float32)) -> result_type(x, h_0, np.float32, W_hh))": (
            "the common dtype of several arrays doesn't depend on their order"
        ),
        "np.result_type(x, h_0, W_hh, np.float -> np.result_type(x, W_xh, W_hh, np.float": (
            "x, h_0 and the weights share one precision, so that any of them says which"
        ),
        "result_type(x, h_0, W_hh, np.float32)) -> result_type(x, h_0, b_h, np.float32))": (
            "x, h_0 and the weights share one precision, so that any of them says which"
        ),
        "dtype=np.result_type(x, h_0, W_hh, np.float -> dtype=np.result_type(mask, h_0, W_hh, "
        "np.float": "x, h_0 and the weights share one precision, so that any of them says which",
        "real = mask[:, t, None] -> real = mask[:, None, t]": "both have shape (batch, 1)",
    },
    ladder=(
        shapes(small, h=(3, 5, 4), h_last=(3, 4)),
        floating(whole_numbers, "h", "h_last"),
        by_hand(
            one_unit,
            how="real step: tanh(0.5 × 1) = 0.462117; padded step: output 0, state still 0.462117",
            h=np.array([[[0.46211716], [0.0]]]),
            h_last=np.array([[0.46211716]]),
        ),
        matches("with nothing padded it is the plain network", nothing_padded, unmasked),
        holds(
            "what is in the padding does not matter",
            small,
            change_the_padding,
            "Other numbers in the padding changed the result.",
        ),
        matches(
            "equal to running each sequence alone, cut to its length", small, each_sequence_cut
        ),
        matches(
            "not even NaN in the padding matters",
            not_a_number,
            each_sequence_cut,
            "With NaN in the padding nothing may change.",
        ),
        matches(
            "padding may stand anywhere",
            gap,
            each_sequence_cut,
            "The mask says for each step separately whether it is real; here there is padding at "
            "the start and in the middle too.",
        ),
        matches("one step alone", one_step, each_sequence_cut, "With T = 1:"),
    ),
    promises={
        "At a padded step": (
            "a case small enough to do by hand",
            "what is in the padding does not matter",
            "not even NaN in the padding matters",
        ),
        "x: padded inputs": "it runs, and the shapes are right",
        "mask: shape": "padding may stand anywhere",
        "h_0: state before": "equal to running each sequence alone, cut to its length",
        "W_xh, W_hh, b_h": "with nothing padded it is the plain network",
        "h: the states at real": "equal to running each sequence alone, cut to its length",
        "h_last: the state after": (
            "equal to running each sequence alone, cut to its length",
            "one step alone",
        ),
    },
    hints=(
        Hint(
            "How can some sequences stop while the others go on?",
            "Do they have to stop? What if all of them take the step, and you decide afterwards?",
        ),
        Hint(
            "NumPy complains about shapes.",
            "`mask[:, t]` has shape (batch,), the state (batch, n). `mask[:, t, None]` has shape "
            "(batch, 1) and is spread over the units.",
            fits=(
                "mask without an axis",
                "product without an axis",
                "if for a whole batch",
                "it runs, and the shapes are right",
            ),
        ),
        Hint(
            "The outputs are right but h_last is not.",
            "Two things happen at a padded step, and they differ: the *state* stays as it was, the "
            "*output* is zero. `h_last` is the state, so it isn't `h[:, -1]`.",
            fits=(
                "only outputs masked",
                "only outputs chosen",
                "inputs and outputs chosen",
                "inputs and outputs multiplied",
                "last output as state",
                "last masked output as state",
                "state repeated",
                "state erased",
                "h last never set",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "In the loop over t, `np.where(real, new, old)` with `real = mask[:, t, None]` chooses "
            "for each sequence between the state that `rnn_step` gives and the one that it had. "
            "Store the same again in `h[:, t]`, with 0 in place of the old state.",
        ),
    ),
)


@EXERCISE.mistake("The mask is not used: the network runs on over the padding as if it were input.")
def mask_ignored(x, mask, h_0, W_xh, W_hh, b_h):
    """The plain network."""
    h, _ = rnn_forward(x, h_0, W_xh, W_hh, b_h)
    return h, h[:, -1]


@EXERCISE.mistake(
    "The outputs are zero at padded steps, but the state has run on over the padding: keep the old "
    "state where the mask is False."
)
def only_outputs_masked(x, mask, h_0, W_xh, W_hh, b_h):
    """Outputs zeroed afterwards."""
    h, _ = rnn_forward(x, h_0, W_xh, W_hh, b_h)
    return h * mask[:, :, None], h[:, -1]


@EXERCISE.mistake(
    "h_last is taken from the last column of the outputs, which is zero for a short sequence: "
    "return the carried state instead."
)
def last_output_as_state(x, mask, h_0, W_xh, W_hh, b_h):
    """h[:, -1] as the last state."""
    h, _ = masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h)
    return h, h[:, -1]


@EXERCISE.mistake(
    "h_last is read from h after its padding was set to zero, so a short sequence ends in zeros: "
    "let the loop carry the state over the padded steps, and return that state."
)
def last_masked_output_as_state(x, mask, h_0, W_xh, W_hh, b_h):
    """The plain network, its outputs zeroed, and the last of them."""
    h, _ = rnn_forward(x, h_0, W_xh, W_hh, b_h)
    h = h * mask[:, :, None]
    return h, h[:, -1]


@EXERCISE.mistake(
    "At padded steps the state is repeated in the output (Keras does so by default): here the "
    "output of a padded step is zero."
)
def state_repeated(x, mask, h_0, W_xh, W_hh, b_h):
    """Carried state shown at padded steps."""
    h_t, states = h_0, []
    for t in range(x.shape[1]):
        h_t = np.where(mask[:, t, None], rnn_step(x[:, t], h_t, W_xh, W_hh, b_h), h_t)
        states.append(h_t)
    return np.stack(states, axis=1), h_t


@EXERCISE.mistake(
    "The state is set to zero at padded steps: that erases what the sequence has built up; carry "
    "it over unchanged."
)
def state_erased(x, mask, h_0, W_xh, W_hh, b_h):
    """Zero state in the padding."""
    h_t, states = h_0, []
    for t in range(x.shape[1]):
        h_t = np.where(mask[:, t, None], rnn_step(x[:, t], h_t, W_xh, W_hh, b_h), 0.0)
        states.append(h_t)
    return np.stack(states, axis=1), h_t


@EXERCISE.mistake(
    "A sequence without any padding is passed over, as if it had no steps (in a row that is True "
    "throughout, np.argmin finds its smallest at 0): mask.sum(axis=1) counts the real steps."
)
def length_by_argmin(x, mask, h_0, W_xh, W_hh, b_h):
    """mask.argmin(axis=1) for the lengths."""
    steps = np.arange(x.shape[1]) < mask.argmin(axis=1)[:, None]
    return masked_rnn_forward(x, steps & mask, h_0, W_xh, W_hh, b_h)


@EXERCISE.mistake(
    "The mask is read the wrong way round: True marks a real step, False marks padding."
)
def mask_inverted(x, mask, h_0, W_xh, W_hh, b_h):
    """Real steps skipped."""
    return masked_rnn_forward(x, ~mask, h_0, W_xh, W_hh, b_h)


@EXERCISE.mistake(
    "The input is zeroed in the padding, but a zero input still moves the state, through W_hh and "
    "the bias: choose between new and old state instead."
)
def only_inputs_masked(x, mask, h_0, W_xh, W_hh, b_h):
    """Zero inputs in the padding."""
    h, _ = rnn_forward(x * mask[:, :, None], h_0, W_xh, W_hh, b_h)
    return h, h[:, -1]


@EXERCISE.mistake(
    "The outputs of padded steps are zero, as they should be, but the state has gone on reading: "
    "where the mask is False it stays what it was."
)
def only_outputs_chosen(x, mask, h_0, W_xh, W_hh, b_h):
    """The same by np.where, which lets no NaN through."""
    h, _ = rnn_forward(x, h_0, W_xh, W_hh, b_h)
    return np.where(mask[:, :, None], h, 0.0), h[:, -1]


@EXERCISE.mistake(
    "In the padding the input is zero, but the state still moves, by W_hh and the bias: it has to "
    "be chosen too, the new one or the old."
)
def inputs_and_outputs_chosen(x, mask, h_0, W_xh, W_hh, b_h):
    """Zero inputs and zero outputs in the padding, by np.where."""
    real = mask[:, :, None]
    h, _ = rnn_forward(np.where(real, x, 0.0), h_0, W_xh, W_hh, b_h)
    return np.where(real, h, 0.0), h[:, -1]


@EXERCISE.mistake(
    "The inputs are multiplied by the mask, but not the state: a padded step still moves it, by "
    "W_hh and the bias. Let np.where choose between the new state and the old."
)
def inputs_and_outputs_multiplied(x, mask, h_0, W_xh, W_hh, b_h):
    """Zero inputs and zero outputs in the padding, by products."""
    real = mask[:, :, None]
    h, _ = rnn_forward(x * real, h_0, W_xh, W_hh, b_h)
    return h * real, h[:, -1]


@EXERCISE.mistake(
    "h_last is still h_0: the carried state has another name, so return that, or keep it in h_last."
)
def h_last_never_set(x, mask, h_0, W_xh, W_hh, b_h):
    """Returns what it began with."""
    return masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h)[0], h_0


@EXERCISE.mistake(
    "Every step starts again from h_0: pass rnn_step the carried state h_last, as rnn_forward does."
)
def state_not_carried(x, mask, h_0, W_xh, W_hh, b_h):
    """h_0 at each step."""
    h = np.zeros((*mask.shape, h_0.shape[1]))
    h_last = h_0
    for t in range(x.shape[1]):
        real = mask[:, t, None]
        h_last = np.where(real, rnn_step(x[:, t], h_0, W_xh, W_hh, b_h), h_last)
        h[:, t] = np.where(real, h_last, 0.0)
    return h, h_last


@EXERCISE.mistake(
    "An if decides once, but mask[:, t] holds one answer for each sequence: compute the new state "
    "for all and choose row by row, with np.where."
)
def if_for_a_whole_batch(x, mask, h_0, W_xh, W_hh, b_h):
    """if mask[:, t]."""
    h, h_last = np.zeros((*mask.shape, h_0.shape[1])), h_0
    for t in range(x.shape[1]):
        if mask[:, t]:
            h_last = rnn_step(x[:, t], h_last, W_xh, W_hh, b_h)
            h[:, t] = h_last
    return h, h_last


@EXERCISE.mistake(
    "mask[:, t] has shape (batch,), which doesn't fit states of shape (batch, n): give it a second "
    "axis, mask[:, t, None], so that it is spread over the units."
)
def mask_without_an_axis(x, mask, h_0, W_xh, W_hh, b_h):
    """np.where(mask[:, t], …)."""
    h, h_last = np.zeros((*mask.shape, h_0.shape[1])), h_0
    for t in range(x.shape[1]):
        h_last = np.where(mask[:, t], rnn_step(x[:, t], h_last, W_xh, W_hh, b_h), h_last)
        h[:, t] = np.where(mask[:, t, None], h_last, 0.0)
    return h, h_last


@EXERCISE.mistake(
    "mask[:, t] holds one number for each sequence, and a product lines it up with the units: "
    "mask[:, t, None], of shape (batch, 1), has one for each row."
)
def product_without_an_axis(x, mask, h_0, W_xh, W_hh, b_h):
    """mask[:, t] * state."""
    h, h_last = np.zeros((*mask.shape, h_0.shape[1])), h_0
    for t in range(x.shape[1]):
        real, new = mask[:, t], rnn_step(x[:, t], h_last, W_xh, W_hh, b_h)
        h_last = real * new + (1 - real) * h_last
        h[:, t] = real * h_last
    return h, h_last


@EXERCISE.mistake(
    "The states are multiplied by the mask, and zero times NaN is NaN: what stands in the padding "
    "gets through after all. Choose with np.where, or let only the real rows take the step."
)
def by_blending(x, mask, h_0, W_xh, W_hh, b_h):
    """The mask as a number that blends new and old."""
    h_t, states = h_0, []
    for t in range(x.shape[1]):
        keep = mask[:, t].astype(float)[:, None]
        h_t = keep * rnn_step(x[:, t], h_t, W_xh, W_hh, b_h) + (1 - keep) * h_t
        states.append(keep * h_t)
    return np.stack(states, axis=1), h_t


@EXERCISE.mistake(
    "The outputs are chosen, but the state is a sum of products with the mask, and zero times NaN "
    "is NaN: what stands in the padding gets into it after all. Choose the state with np.where too."
)
def state_by_blending(x, mask, h_0, W_xh, W_hh, b_h):
    """np.where for one of the two."""
    h_t, states = h_0, []
    for t in range(x.shape[1]):
        real = mask[:, t, None]
        h_t = real * rnn_step(x[:, t], h_t, W_xh, W_hh, b_h) + ~real * h_t
        states.append(np.where(real, h_t, 0))
    return np.stack(states, axis=1), h_t


@EXERCISE.mistake(
    "The loop ends at the first step where any sequence has padding, and the longer ones lose "
    "what still follows: go through all T steps, and choose for each sequence by itself."
)
def ends_with_the_shortest(x, mask, h_0, W_xh, W_hh, b_h):
    """if not mask[:, t].all(): break."""
    h = np.zeros((*mask.shape, W_hh.shape[0]))
    h_last = h_0
    for t in range(x.shape[1]):
        if not mask[:, t].all():
            break
        h[:, t] = h_last = rnn_step(x[:, t], h_last, W_xh, W_hh, b_h)
    return h, h_last


@EXERCISE.mistake(
    "A step is taken only where every sequence has one to read, so the longer ones miss what the "
    "shortest has not: at each step, choose for each sequence by itself."
)
def only_steps_that_all_have(x, mask, h_0, W_xh, W_hh, b_h):
    """if mask[:, t].all()."""
    h = np.zeros((*mask.shape, W_hh.shape[0]))
    h_last = h_0
    for t in range(x.shape[1]):
        if mask[:, t].all():
            h[:, t] = h_last = rnn_step(x[:, t], h_last, W_xh, W_hh, b_h)
    return h, h_last


@EXERCISE.mistake(
    "The loop ends at the first step where all sequences have padding, as if nothing came after: "
    "the mask speaks of each step by itself, so go through all T."
)
def ends_where_all_are_padded(x, mask, h_0, W_xh, W_hh, b_h):
    """if not mask[:, t].any(): break."""
    some = mask.any(axis=0)
    end = mask.shape[1] if some.all() else int(some.argmin())
    h, h_last = masked_rnn_forward(x[:, :end], mask[:, :end], h_0, W_xh, W_hh, b_h)
    return np.concatenate([h, np.zeros((len(x), x.shape[1] - end, h.shape[2]))], axis=1), h_last


@EXERCISE.mistake(
    "Each sequence ends at its first padded step, as if nothing came after it: the mask speaks of "
    "each step by itself, so go on to the next one, through all T."
)
def each_ends_at_its_padding(x, mask, h_0, W_xh, W_hh, b_h):
    """A loop over the sequences, and in it: if not mask[b, t]: break."""
    return masked_rnn_forward(x, np.logical_and.accumulate(mask, axis=1), h_0, W_xh, W_hh, b_h)


@EXERCISE.alternative
def one_after_the_other(x, mask, h_0, W_xh, W_hh, b_h):
    """Sequence by sequence, real step by real step."""
    h = np.zeros((*mask.shape, h_0.shape[1]), np.result_type(h_0, W_hh, np.float32))
    h_last = np.array(h_0, h.dtype)
    for b, t in np.argwhere(mask):
        h_last[b] = rnn_step(x[b : b + 1, t], h_last[b : b + 1], W_xh, W_hh, b_h)[0]
        h[b, t] = h_last[b]
    return h, h_last


@EXERCISE.alternative
def by_index(x, mask, h_0, W_xh, W_hh, b_h):
    """Only the rows that are still running take part in a step."""
    h_t = np.array(h_0, float)
    h = np.zeros((*mask.shape, h_0.shape[1]))
    for t in range(x.shape[1]):
        rows = np.flatnonzero(mask[:, t])
        h_t[rows] = rnn_step(x[rows, t], h_t[rows], W_xh, W_hh, b_h)
        h[rows, t] = h_t[rows]
    return h, h_t
