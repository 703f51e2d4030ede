"""Project: vanilla units remember two numbers of a long row."""

import numpy as np

from course_lib.data import adding_problem
from course_lib.exercises.exercise import Hint
from course_lib.exercises.projects.project import Batch, Measured, Project, View
from course_lib.exercises.projects.vanilla_slips import name_vanilla_slips
from course_lib.scratch.projects import predict_remember

LENGTHS = (10, 20, 30, 50, 75, 100, 150, 200, 300)
MARKS = (30, 100, 200)
ROWS = 500  # of each length
VIEWS = (
    View("the same rows from the last step to the first", lambda x: x[:, ::-1]),
    View("the same rows with marks and numbers exchanged", lambda x: x[..., ::-1]),
)
SOLVED = 0.01  # mean squared error; always answering 1 has 1/6


def held_back(split: str, seed: int) -> tuple[Batch, ...]:
    """Rows of each length that nobody has seen: they are made from the seed."""
    begin = 2 * len(LENGTHS) * seed + len(LENGTHS) * (split == "validate")
    return tuple(Batch(*adding_problem(ROWS, T, seed=begin + n)) for n, T in enumerate(LENGTHS))


def measure(batches: tuple[Batch, ...], outputs: list[np.ndarray]) -> Measured:
    """The longest rows that are solved, and where the error of the next ones lies."""
    errors = {
        batch.x.shape[1]: float(np.mean((one - batch.y) ** 2))
        for batch, one in zip(batches, outputs, strict=True)
    }
    solved = [T for T, error in errors.items() if error < SOLVED]
    longest = max(solved, default=0)
    if not (after := [T for T in errors if longest < T]):
        return Measured(longest, "Nothing: every length is solved.")
    batch, one = next(
        (b, o) for b, o in zip(batches, outputs, strict=True) if b.x.shape[1] == after[0]
    )
    return Measured(longest, f"At {after[0]} steps the error is {errors[after[0]]:.3f}"
                    f" ({SOLVED} is solved). {_which_number(batch, one)}")  # fmt: skip


def _which_number(batch: Batch, output: np.ndarray) -> str:
    """How much of each of the two numbers is left in the answers."""
    marks = np.argsort(-batch.x[..., 1], axis=1, kind="stable")[:, :2]
    early, late = np.sort(marks, axis=1).T
    row = np.arange(len(batch.x))
    numbers = np.stack([batch.x[row, early, 0], batch.x[row, late, 0]], axis=1)
    centred = np.concatenate([numbers, np.ones((len(row), 1))], axis=1)
    slopes = np.linalg.lstsq(centred, output[:, 0], rcond=None)[0]
    early_share, late_share = (round(100 * one) + 0 for one in slopes[:2])  # whole: never -0
    return (
        f"{early_share}% of the early number arrives in the answer, and {late_share}% of the late "
        "one."
    )


def read(score: float) -> str:
    """A length in words."""
    return f"{score:.0f} steps"


def advice(score: float) -> str:
    """What to try next."""
    if score < MARKS[0]:
        return (
            "Look at the norm of the gradient that reaches the first step, at initialisation. What "
            "spectral radius of W_hh keeps it alive?"
        )
    if score < MARKS[1]:
        return (
            "A network that solves short rows knows nearly everything that it needs for longer "
            "ones. If yours began with short ones already, look at your curve: what happens at the "
            "steps at which the loss jumps?"
        )
    if score < MARKS[2]:
        return (
            "Look for the steps at which the loss jumps, and at the norm of the gradient there. "
            "Clip it, and lower the learning rate near the end."
        )
    return "How much longer may the rows get without further training? Say why it ends there."


EXERCISE = Project(
    reference=predict_remember,
    title="Remember",
    goal="Teach vanilla units to add two marked numbers of a row, as far apart as you can.",
    difficulty=3,
    minutes=120,
    returns={"sums": "array"},
    ladder=(),
    uses=("rnn_forward",),
    data=adding_problem,
    budget="3 minutes of training on two cores",
    marks=MARKS,
    chance=0,
    read=read,
    layout={
        "W_xh": (2, "n"),
        "W_hh": ("n", "n"),
        "b_h": ("n",),
        "W_hy": ("n", 1),
        "b_y": (1,),
    },
    most_numbers=50_000,
    held_back=held_back,
    outputs=lambda shape: (shape[0], 1),
    measure=measure,
    views=VIEWS,
    network=predict_remember,
    advice=advice,
    hints=(
        Hint(
            "Where do I begin?",
            "With rows of ten steps. An error of 1/6 is that of always answering 1. Which of the "
            "two numbers does the network learn to use first?",
        ),
        Hint(
            "The loss stays at 1/6.",
            "Then neither number reaches the answer: with the late one alone, the loss would be "
            "1/12. Measure how much of a gradient is left after T steps with your initial weights; "
            "`state_jacobian` gives it.",
        ),
        Hint(
            "It learns, and then all is lost in one step.",
            "Print the norm of the gradient. At a cliff it is so large that one step throws the "
            "weights far away, even at a learning rate that was small enough until then.",
        ),
    ),
)


@EXERCISE.wrong_hand_in("no better than a guess")
def always_the_mean(weights):
    """One, whatever the row."""
    nothing = {name: np.zeros_like(array) for name, array in weights.items()}
    return nothing | {"b_y": np.ones(1)}, predict_remember


@EXERCISE.wrong_hand_in("no better than a guess")
def forgets_the_first_half(weights):
    """Recurrent weights so small that nothing survives."""
    return weights | {"W_hh": 0.5 * weights["W_hh"]}, predict_remember


@EXERCISE.wrong_hand_in("computes something other than the network")
def adds_without_a_network(weights):
    """The two marked numbers, found by their marks."""

    def predict(weights, x):
        return np.sum(x[..., 0] * x[..., 1], axis=1, keepdims=True)

    return weights, predict


@EXERCISE.wrong_hand_in("W_xh has shape (28, 16); it should be (2, n)")
def of_another_network(weights):
    """What was trained to read digits."""
    shapes = {"W_xh": (28, 16), "W_hh": (16, 16), "b_h": (16,), "W_hy": (16, 10), "b_y": (10,)}
    return {name: np.ones(shape) for name, shape in shapes.items()}, predict_remember


@EXERCISE.wrong_hand_in("holds NaN or infinity")
def diverged(weights):
    """Weights after a cliff."""
    return weights | {"W_hh": np.full_like(weights["W_hh"], np.nan)}, predict_remember


name_vanilla_slips(EXERCISE, step="number")


@EXERCISE.mistake("Number and mark are exchanged: the network reads `x[:, t]` as it comes.")
def columns_exchanged(weights, x):
    """The mark first."""
    return predict_remember(weights, x[..., ::-1])


@EXERCISE.mistake(
    "You multiply each number by its mark before the network reads it. It has to find out by "
    "itself which numbers count."
)
def marked_numbers_alone(weights, x):
    """Zero wherever there is no mark."""
    return predict_remember(weights, np.stack([x[..., 0] * x[..., 1], x[..., 1]], axis=-1))


@EXERCISE.mistake(
    "You read the first 10 steps of every row and stop: the rows differ in length, and the network "
    "reads them to the end."
)
def ten_steps_alone(weights, x):
    """As many as the shortest row has."""
    return predict_remember(weights, x[:, :10])


@EXERCISE.right_hand_in
def in_the_learners_own_loop(weights):
    """Without rnn_forward, with time in the first axis."""

    def predict(weights, x):
        h = np.zeros((len(x), len(weights["b_h"])))
        for a_t in np.swapaxes(x @ weights["W_xh"] + weights["b_h"], 0, 1):
            h = np.tanh(a_t + h @ weights["W_hh"])
        return h @ weights["W_hy"] + weights["b_y"]

    return weights, predict
