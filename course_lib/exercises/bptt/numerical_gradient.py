"""Exercise: centred differences."""

from collections.abc import Callable

import numpy as np

from course_lib.exercises.calling.guard import Unusable
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.rungs import by_hand, irregular, matches, shapes
from course_lib.scratch.gradcheck import numerical_gradient

ROUNDING = 1e-12  # what is left of a step that was added and taken away; the smallest is 1e-5
STEPS = {"step 0.2": 0.2, "step 0.1": 0.1}


def small() -> Arrays:
    """A matrix of two rows and three columns, and the numbers that its loss is made of."""
    return {"w": irregular(2, 3, shift=1), "mix": irregular(3, 4, shift=2)}


def cubic() -> Arrays:
    """A single number, w = 2, whose loss is w³."""
    return {"w": np.array([2.0]), "step": 0.25}


def steep_cubics() -> Arrays:
    """Two numbers at 0 whose loss is slopes × w³, so steep that the smallest step shows."""
    return {"w": np.zeros(2), "slopes": np.array([1e10, -3e10])}


def many_shapes() -> Arrays:
    """A vector and a block with three axes."""
    return {"w": irregular(4, shift=3), "block": irregular(2, 1, 3, shift=4)}


def loss_of(w: np.ndarray, mix: np.ndarray) -> float:
    """A curved loss in which every entry of a row meets every other."""
    return float(np.sum(np.exp(np.tanh(w) @ mix)))


def gradient_of(w: np.ndarray, mix: np.ndarray) -> np.ndarray:
    """The gradient of `loss_of`, from calculus."""
    return (np.exp(np.tanh(w) @ mix) @ mix.T) * (1 - np.tanh(w) ** 2)


def measure(function, loss, w: np.ndarray, *step: float) -> np.ndarray:
    """The learner's gradient; says plainly if w isn't as it was, for here moving it is allowed."""
    before = w.copy()
    try:
        return function(loss, w, *step)
    except Unusable as problem:
        if problem.kind or np.array_equal(w, before):
            raise
        rounding = np.abs(w - before).max() < ROUNDING
        how = "changed in its last digits" if rounding else "changed"
        raise Unusable(
            f"numerical_gradient leaves w {how}: keep each entry before you move it, and put "
            "exactly that back."
        ) from None


def on_the_small_loss(function, given: Arrays) -> Arrays:
    """With the default step."""
    w, mix = given["w"], given["mix"]
    return {"gradient": measure(function, lambda: loss_of(w, mix), w)}


def on_the_cubic(function, given: Arrays) -> Arrays:
    """With a large step, so that the formula shows."""
    w = given["w"]
    return {"gradient": measure(function, lambda: float(w[0] ** 3), w, given["step"])}


def on_steep_cubics(function, given: Arrays) -> Arrays:
    """Without a step, so that the default shows."""
    w, slopes = given.values()
    return {"gradient": measure(function, lambda: float(np.sum(slopes * w**3)), w)}


def with_the_default_step(given: Arrays) -> Arrays:
    """The centred difference of slope × w³ is slope × (3 w² + step²)."""
    return {"gradient": given["slopes"] * (3 * given["w"] ** 2 + 1e-5**2)}


def on_many_shapes(function, given: Arrays) -> Arrays:
    """Sums of squares."""
    return {
        f"gradient of {name}": measure(function, sum_of_squares(w), w) for name, w in given.items()
    }


def on_a_view(function, given: Arrays) -> Arrays:
    """The sum of squares of a matrix that was turned, so that its rows lie apart."""
    turned = given["w"].T
    return {"gradient": measure(function, sum_of_squares(turned), turned)}


def sum_of_squares(w: np.ndarray) -> Callable[[], float]:
    """A loss of no argument that reads w."""
    return lambda: float(np.sum(w**2))


def with_two_steps(function, given: Arrays) -> Arrays:
    """The gradient with a large step, and with half of it."""
    w, mix = given["w"], given["mix"]
    return {n: measure(function, lambda: loss_of(w, mix), w, step) for n, step in STEPS.items()}


def a_quarter_of_the_error(given: Arrays, outputs: Arrays) -> Problem | None:
    """The error of centred differences goes with the square of the step."""
    right = gradient_of(given["w"], given["mix"])
    large, half = (float(np.abs(outputs[name] - right).max()) for name in STEPS)
    if 3.5 < large / max(half, 1e-300) < 4.5:
        return None
    return Problem(
        f"Halving the step divides the error by {large / max(half, 1e-300):.3g}; with centred "
        "differences it should be by about 4.",
        {"largest error": {"step 0.2": f"{large:.3g}", "step 0.1": f"{half:.3g}"}},
    )


def entry_by_entry(given: Arrays) -> Arrays:
    """The definition, on copies of w, so that nothing needs to be put back."""
    right = {}
    for name, step in STEPS.items():
        right[name] = np.zeros_like(given["w"])
        for index in np.ndindex(given["w"].shape):
            above, below = given["w"].copy(), given["w"].copy()
            above[index] += step
            below[index] -= step
            difference = loss_of(above, given["mix"]) - loss_of(below, given["mix"])
            right[name][index] = difference / (2 * step)
    return right


EXERCISE = Exercise(
    reference=numerical_gradient,
    title="The numerical gradient",
    goal="Measure a gradient without any calculus: move one number up and down, and see how the "
    "loss changes.",
    difficulty=1,
    minutes=15,
    returns={"gradient": "array"},
    ladder=(
        shapes(small, on_the_small_loss, gradient=(2, 3)),
        by_hand(
            cubic,
            how="loss = w³ and step = 0.25:\n"
            "(2.25³ - 1.75³) / (2 × 0.25) = (11.390625 - 5.359375) / 0.5 = 12.0625",
            call=on_the_cubic,
            gradient=np.array([12.0625]),
        ),
        matches(
            "any shape of w will do",
            many_shapes,
            lambda given: {f"gradient of {name}": 2 * w for name, w in given.items()},
            "The gradient of the sum of squares is 2 w.",
            on_many_shapes,
        ),
        matches(
            "a view of another array is moved too",
            small,
            lambda given: {"gradient": 2 * given["w"].T},
            "Here w is a view, the transpose of a matrix, and the loss is the sum of its squares.",
            on_a_view,
        ),
        matches(
            "with a small step it is the gradient from calculus",
            small,
            lambda given: {"gradient": gradient_of(**given)},
            "The loss is a sum of exp(tanh(w) @ mix); calculus gives a different gradient.",
            on_the_small_loss,
        ),
        matches(
            "without a step, it is 1e-5",
            steep_cubics,
            with_the_default_step,
            "The loss is 1e10 w³ in one entry and -3e10 w³ in the other; with step = 1e-5 the "
            "differences at w = 0 are 1 and -3.",
            on_steep_cubics,
        ),
        Rung(
            "half the step, a quarter of the error", small, a_quarter_of_the_error, with_two_steps
        ),
        matches(
            "equal to the definition, entry by entry", small, entry_by_entry, call=with_two_steps
        ),
    ),
    equivalent={
        ("numerical_gradient(loss, w, step=1e-05): -> numerical_gradient(loss, w, step=-1e-05):"): (
            "centred differences look both ways, so the step's sign doesn't count"
        ),
        "gradient = np.zeros_like(w) -> gradient = -np.zeros_like(w)": (
            "every entry is overwritten"
        ),
        "gradient = np.zeros_like(w) -> gradient = np.ones_like(w)": ("every entry is overwritten"),
        (
            "for index in np.ndindex(w.shape): -> for index in reversed(list(np.ndindex(w.shape))):"
        ): ("each entry is measured by itself"),
    },
    promises={
        "the error of the formula": "half the step, a quarter of the error",
        "loss: a function": "equal to the definition, entry by entry",
        "w: the array to move": "a view of another array is moved too",
        "w: each entry is put back": "equal to the definition, entry by entry",
        "step: how far": "half the step, a quarter of the error",
        "The numerical gradient": "any shape of w will do",
    },
    hints=(
        Hint(
            "loss takes no argument, so how do I hand it the moved w?",
            "What does `loss()` read when it is called? It reads the very array that you got as "
            "`w`, so a copy of `w` is never seen by it.",
        ),
        Hint(
            "It says that w is left changed.",
            "Adding a step and taking it away again leaves a rounding error behind. How "
            "can an entry be put back exactly as it was?",
            fits=(
                "restored up to rounding",
                "not put back",
                "put back too late",
                "a row moved an entry put back",
            ),
        ),
        Hint(
            "My gradient is twice as large as it should be, or a little off.",
            "Draw the loss over this entry, and the two points that you measure. How far apart "
            "are they? If one of them is `w` itself, the difference isn't centred, and its error "
            "shrinks with the step only, not with its square.",
            fits=(
                "one sided",
                "one sided from below",
                "divided by one step",
                "not divided",
                "back to the start",
                "no brackets",
                "half the step, a quarter of the error",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "Keep the entry. Set it to `kept + step` and call `loss()`, set it to `kept - step` "
            "and call it again, set it to `kept`. The difference of the two, over `2 * step`, is "
            "the entry of the gradient.",
        ),
    ),
)


def _differences(w, measured):
    """An array of `measured(index)`, each entry put back afterwards; for mistakes."""
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        kept = w[index]
        gradient[index] = measured(index, kept)
        w[index] = kept
    return gradient


def _at(loss, w, index, value):
    """The loss with one entry replaced."""
    w[index] = value
    return loss()


@EXERCISE.mistake(
    "The entry is moved by half a step each way: `step` says how far it is moved up, and how far "
    "down, so the two points lie 2 * step apart."
)
def half_the_step(loss, w, step=1e-5):
    """step / 2 up and down."""
    return numerical_gradient(loss, w, step / 2)


@EXERCISE.mistake(
    "That is the formula of four points, whose error shrinks with a higher power of the step. "
    "Two points are enough here: one step above, one below."
)
def four_points(loss, w, step=1e-5):
    """(8 (f(+1) - f(-1)) - (f(+2) - f(-2))) / 12."""

    def measured(index, kept):
        near, far = (
            _at(loss, w, index, kept + k * step) - _at(loss, w, index, kept - k * step)
            for k in (1, 2)
        )
        return (8 * near - far) / (12 * step)

    return _differences(w, measured)


@EXERCISE.mistake(
    "All entries of a row are moved at once, and each gets the slope of the whole row: index has a "
    "number for every axis, so that w[index] is one entry, and w[index[0]] is many."
)
def a_row_at_once(loss, w, step=1e-5):
    """w[index[0]] += step."""
    gradient, before = np.zeros_like(w), w.copy()
    for index in np.ndindex(w.shape):
        values = []
        for sign in (1, -1):
            w[index[:1]] += sign * step
            values.append(loss())
            w[...] = before
        gradient[index] = (values[0] - values[1]) / (2 * step)
    return gradient


@EXERCISE.mistake(
    "w is put back only up to rounding: + step, - 2 step, + step doesn't end where it began, so "
    "keep the entry and put exactly that back."
)
def restored_up_to_rounding(loss, w, step=1e-5):
    """Moves by += and -=."""
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        w[index] += step
        above = loss()
        w[index] -= 2 * step
        below = loss()
        w[index] += step
        gradient[index] = (above - below) / (2 * step)
    return gradient


@EXERCISE.mistake(
    "One entry is put back, but all of its row were moved: index has a number for every axis, so "
    "that w[index] is one entry, and w[index[0]] is many. Move only what you put back."
)
def a_row_moved_an_entry_put_back(loss, w, step=1e-5):
    """w[index[0]] = kept + step, and w[index] = kept."""

    def at(index, value):
        w[index[:1]] = value
        return loss()

    return _differences(w, lambda i, kept: (at(i, kept + step) - at(i, kept - step)) / (2 * step))


@EXERCISE.mistake(
    "w isn't put back: the next entry, and your training afterwards, would go on from moved "
    "weights, so keep each entry and restore it before the next."
)
def not_put_back(loss, w, step=1e-5):
    """Leaves each entry a step below."""
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        kept = w[index]
        gradient[index] = _at(loss, w, index, kept + step) - _at(loss, w, index, kept - step)
    return gradient / (2 * step)


@EXERCISE.mistake(
    "w is put back only at the very end: while one entry is measured, those before it are still "
    "moved, so restore each before going on to the next."
)
def put_back_too_late(loss, w, step=1e-5):
    """Restores everything at once."""
    kept = w.copy()
    gradient = not_put_back(loss, w, step)
    w[...] = kept
    return gradient


@EXERCISE.mistake(
    "The gradient is 0 everywhere, as if the loss had never changed: while it is called, an entry "
    "of w itself must be moved (loss doesn't see a copy), up once and down once. Then store the "
    "slope."
)
def moves_a_copy(loss, w, step=1e-5):
    """The caution that mutation usually deserves, in the wrong place."""
    return numerical_gradient(loss, w.copy(), step)


@EXERCISE.mistake(
    "The entries of a flat copy are moved. ravel and reshape share the numbers of w only where it "
    "lies in memory in one piece, which a transpose doesn't: move w[index], or w.flat[i]."
)
def moves_what_ravel_gives(loss, w, step=1e-5):
    """A view where w is an array of its own, and a copy where it is turned."""
    flat = w.ravel()
    return numerical_gradient(loss, flat, step).reshape(w.shape)


@EXERCISE.mistake(
    "That is the one-sided difference: its error shrinks with step, not step², so take the loss a "
    "step above minus the loss a step below, over 2 step."
)
def one_sided(loss, w, step=1e-5):
    """(loss(w + step) - loss(w)) / step."""
    return _differences(
        w, lambda i, kept: (_at(loss, w, i, kept + step) - _at(loss, w, i, kept)) / step
    )


@EXERCISE.mistake(
    "From a step below to a step above is two steps: divide by 2 * step, not by step, or every "
    "gradient is twice too large."
)
def divided_by_one_step(loss, w, step=1e-5):
    """Without the 2."""
    return 2 * numerical_gradient(loss, w, step)


@EXERCISE.mistake(
    "The difference isn't divided: a slope is the change of the loss over the distance moved, from "
    "a step below to a step above, 2 * step."
)
def not_divided(loss, w, step=1e-5):
    """loss(w + step) - loss(w - step)."""
    return 2 * step * numerical_gradient(loss, w, step)


@EXERCISE.mistake(
    "That is the difference to the step below, one-sided: measure a step above as well, and divide "
    "by 2 * step, so that the error shrinks with step²."
)
def one_sided_from_below(loss, w, step=1e-5):
    """(loss(w) - loss(w - step)) / step."""
    return _differences(
        w, lambda i, kept: (_at(loss, w, i, kept) - _at(loss, w, i, kept - step)) / step
    )


@EXERCISE.mistake(
    "The loss a step above is compared with that at the start, where w[index] is what it was: "
    "2 * step belongs to two points a step above and a step below, at kept - step."
)
def back_to_the_start(loss, w, step=1e-5):
    """w[index] += step, then -= step."""
    return _differences(
        w, lambda i, kept: (_at(loss, w, i, kept + step) - _at(loss, w, i, kept)) / (2 * step)
    )


@EXERCISE.mistake(
    "loss takes no argument: it reads the array w itself, so change w in place, call loss(), and "
    "put the entry back."
)
def hands_w_to_the_loss(loss, w, step=1e-5):
    """loss(w + step)."""
    return (loss(w + step) - loss(w - step)) / (2 * step)


@EXERCISE.mistake("loss is a function, and it isn't called: the number is loss(), with brackets.")
def loss_not_called(loss, w, step=1e-5):
    """loss for loss()."""
    return (loss - loss) / (2 * step)


@EXERCISE.mistake(
    "/ 2 * step divides by 2 and then multiplies by step: put the bottom in brackets, / (2 * step)."
)
def no_brackets(loss, w, step=1e-5):
    """Precedence of / and *."""
    return numerical_gradient(loss, w, step) * step**2


@EXERCISE.mistake(
    "The difference is the wrong way round: the loss a step above comes first, minus the loss a "
    "step below."
)
def sign_turned(loss, w, step=1e-5):
    """below - above."""
    return -numerical_gradient(loss, w, step)


@EXERCISE.mistake(
    "The step is fixed inside the function: use the argument step, because the best step depends "
    "on the precision of the numbers."
)
def step_ignored(loss, w, step=1e-5):
    """Always 1e-5."""
    return numerical_gradient(loss, w)


@EXERCISE.mistake(
    "All the entries are moved at once, which measures their sum: move a single entry, measure, "
    "put it back, then take the next."
)
def all_at_once(loss, w, step=1e-5):
    """One number for the whole array."""
    kept = w.copy()
    w[...] = kept + step
    above = loss()
    w[...] = kept - step
    below = loss()
    w[...] = kept
    return np.full_like(w, (above - below) / (2 * step))


@EXERCISE.alternative
def over_the_flat_array(loss, w, step=1e-5):
    """One running number for all axes."""
    gradient = np.empty(w.size)
    for i in range(w.size):
        kept = w.flat[i]
        values = []
        for moved in (kept - step, kept + step):
            w.flat[i] = moved
            values.append(loss())
        w.flat[i] = kept
        gradient[i] = 0.5 * (values[1] - values[0]) / step
    return gradient.reshape(w.shape)


@EXERCISE.alternative
def with_directions(loss, w, step=1e-5):
    """Moves the whole array along one axis at a time."""
    kept = w.copy()
    gradient = np.zeros(w.shape)
    try:
        for index in np.ndindex(w.shape):
            direction = np.zeros(w.shape)
            direction[index] = step
            np.add(kept, direction, out=w)
            gradient[index] = loss()
            np.subtract(kept, direction, out=w)
            gradient[index] -= loss()
    finally:
        w[...] = kept
    return gradient / (2 * step)


@EXERCISE.alternative
def below_before_above(loss, w, step=1e-5):
    """The other order, with nditer."""
    gradient = np.zeros(w.shape)
    entries = np.nditer(w, flags=["multi_index"], op_flags=["readwrite"])
    for entry in entries:
        kept = float(entry)
        entry[...] = kept - step
        below = loss()
        entry[...] = kept + step
        above = loss()
        entry[...] = kept
        gradient[entries.multi_index] = (above - below) / (step + step)
    return gradient
