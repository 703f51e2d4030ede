"""Exercise: the bias of a forget gate, from how long a memory is to last."""

import math

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, matches, refuses
from course_lib.scratch.gated import forget_bias_for, sigmoid


def one_step() -> Arrays:
    """After a single step, three quarters are to be left."""
    return {"steps": np.array([1.0]), "left": 0.75}


def two_steps() -> Arrays:
    """After two steps, a ninth."""
    return {"steps": np.array([2.0]), "left": 1 / 9}


def many() -> Arrays:
    """Several numbers of steps at once."""
    return {"steps": np.array([[1.0, 3.0, 7.0], [20.0, 30.5, 400.0]]), "left": 0.2}


def by_default() -> Arrays:
    """Without a word on what is left."""
    return {"steps": np.array([2.0, 5.0])}


def very_long() -> Arrays:
    """Memories that outlast any sequence."""
    return {"steps": np.array([1e9, 1e12, 1e15]), "left": 0.5}


def long() -> Arrays:
    """Memories between short and very long ones, where a formula for either is a little off."""
    return {"steps": np.array([1e3, 1e4, 1e5]), "left": 0.5}


def short() -> Arrays:
    """Memories that are gone at once, and gates that are all but shut."""
    return {"steps": np.array([1.0, 0.5]), "left": 1e-4}


def refused() -> Arrays:
    """What has no answer."""
    return {"left": [0.0, 1.0, 1.5, -0.5], "steps": [0.0, -1.0]}


def kept(function, given: Arrays) -> Arrays:
    """What a gate with that bias leaves of a memory after those steps."""
    steps, left = given.values()
    bias = np.asarray(function(steps, left), float)
    return {"left after the steps": sigmoid(bias) ** steps}


def in_series(given: Arrays) -> Arrays:
    """The first terms of the series for long memories; the next is below 1e-15 there."""
    steps, left = given.values()
    fade = -np.log(left) / steps
    return {"bias": -np.log(fade) - fade / 2 - fade**2 / 24}


def from_the_gate(given: Arrays) -> Arrays:
    """The logit of the root, which is exact enough as long as the gate isn't nearly open."""
    open_by = given.get("left", 0.5) ** (1 / given["steps"])
    return {"bias": np.log(open_by / (1 - open_by))}


def without_answer(given: Arrays) -> dict[str, tuple]:
    """A call for each of them."""
    asked: dict[str, tuple] = {f"left={left:g}": (3, left) for left in given["left"]}
    asked |= {f"steps={steps:g}": (steps, 0.5) for steps in given["steps"]}
    asked["steps=[3, 0]"] = (np.array([3.0, 0.0]), 0.5)
    return asked


EXERCISE = Exercise(
    reference=forget_bias_for,
    title="How long a memory lasts",
    goal="Find the bias with which a forget gate keeps a given share of the memory for a given "
    "time.",
    difficulty=2,
    minutes=20,
    returns={"bias": "array"},
    ladder=(
        by_hand(
            one_step,
            how="one step with the gate at 0.75; sigmoid(b) = 0.75 where exp(-b) = 1/3, so "
            "b = log 3 = 1.098612",
            bias=np.array([1.09861229]),
        ),
        matches(
            "two steps: a third of it, twice",
            two_steps,
            lambda given: {"bias": np.array([-np.log(2.0)])},
            "1/3 times 1/3 is 1/9, and sigmoid(-log 2) is 1/3.",
        ),
        matches(
            "a gate with this bias leaves that share",
            many,
            lambda given: {"left after the steps": np.full((2, 3), given["left"])},
            "A memory that is multiplied by a gate with your bias at each step keeps a different "
            "share.",
            call=kept,
        ),
        matches("half is left by default", by_default, from_the_gate),
        matches("memories that are gone at once", short, from_the_gate),
        matches("memories that last for a thousand steps", long, in_series),
        matches(
            "memories that last for 1e15 steps",
            very_long,
            in_series,
            "With so many steps the gate is so near to 1 that float64 keeps few digits of the "
            "difference.",
        ),
        refuses(
            "what has no answer is refused",
            refused,
            without_answer,
            "has no answer, and no ValueError says so.",
        ),
    ),
    hints=(
        Hint(
            "Where do I begin?",
            "A gate with bias b multiplies the memory by the same number f at every step. What is "
            "left after two steps? After `steps` of them? Which f does that take?",
            fits=("one over steps", "as in the paper"),
        ),
        Hint(
            "How do I get from the gate to its bias?",
            "Solve f = 1 / (1 + exp(-b)) for b. Draw it, if it helps: f = 1/2 belongs to b = 0, "
            "and the nearer f is to 1, the larger b becomes.",
            fits=(
                "a case small enough to do by hand",
                "sign reversed",
                "the gate itself",
                "squashed again",
                "only what is forgotten",
            ),
        ),
        Hint(
            "It is inf, or wrong in its last digits, for many steps.",
            "f is then so near to 1 that float64 can't hold the difference, and the difference is "
            "all that counts. Don't compute f. Its logarithm is a small number with all its "
            "digits; and NumPy has a function for exp(x) - 1 where x is small.",
            fits=("digits lost", "made a gate again", "memories that last for 1e15 steps"),
        ),
        Hint(
            "Show me the recipe.",
            "`left` is f to the power of `steps`, so -log f is `fade = -np.log(left) / steps`. And "
            "exp(-b) = 1/f - 1 = exp(fade) - 1, so b is `-np.log(np.expm1(fade))`.",
        ),
    ),
    promises={
        "Source: ": "scaffold: where it comes from",
        "number of steps": (
            "a gate with this bias leaves that share",
            "what has no answer is refused",
        ),
        "up to 1e15": (
            "memories that last for a thousand steps",
            "memories that last for 1e15 steps",
        ),
        "the share of the memory": (
            "a case small enough to do by hand",
            "half is left by default",
            "what has no answer is refused",
        ),
        "a number, or an array": (
            "a case small enough to do by hand",
            "a gate with this bias leaves that share",
        ),
        "ValueError": "what has no answer is refused",
        "multiplies the memory": "scaffold: a fact about gates",
    },
)


@EXERCISE.mistake(
    "The time is ignored: that is the bias for a single step. The gate multiplies the memory once "
    "a step, so what is left after all of them is a power."
)
def for_one_step(steps, left=0.5):
    """The logit of left."""
    _refuse(steps, left)
    return np.log(left / (1 - left)) + 0 * np.asarray(steps)


@EXERCISE.mistake(
    "The bias was divided by the number of steps; it is the *logarithm of the gate* that is "
    "divided, since the gates of all steps are multiplied."
)
def bias_divided(steps, left=0.5):
    """logit(left) / steps."""
    _refuse(steps, left)
    return np.log(left / (1 - left)) / np.asarray(steps)


@EXERCISE.mistake(
    "The memory fades by factors, not in equal pieces: each step takes the same *share* of what is "
    "still there."
)
def in_equal_pieces(steps, left=0.5):
    """1 - (1 - left) / steps."""
    _refuse(steps, left)
    open_by = 1 - (1 - left) / np.asarray(steps)
    return np.log(open_by / (1 - open_by))


@EXERCISE.mistake(
    "The sign is wrong: with this bias each step forgets the share that it should keep. A gate "
    "near 1 takes a large positive bias."
)
def sign_reversed(steps, left=0.5):
    """The logit upside down."""
    return -forget_bias_for(steps, left)


@EXERCISE.mistake(
    "This is how far the gate is open, not the bias that opens it so far: it still has to go "
    "through the inverse of the sigmoid."
)
def the_gate_itself(steps, left=0.5):
    """f."""
    _refuse(steps, left)
    return left ** (1 / np.asarray(steps))


@EXERCISE.mistake(
    "The gate went through the sigmoid once more; from a gate to its bias it takes the inverse: "
    "log f - log(1 - f)."
)
def squashed_again(steps, left=0.5):
    """sigmoid for its inverse."""
    _refuse(steps, left)
    return sigmoid(left ** (1 / np.asarray(steps)))


@EXERCISE.mistake(
    "The power is upside down: the gate of one step is the `steps`-th *root* of what is left after "
    "all of them."
)
def power_for_root(steps, left=0.5):
    """left ** steps."""
    _refuse(steps, left)
    open_by = left ** np.asarray(steps, float)
    with np.errstate(divide="ignore"):
        return np.log(open_by / (1 - open_by))


@EXERCISE.mistake(
    "For long memories the digits are gone: the gate f, or 1/f, is rounded to float64 next to 1, "
    "and few digits are left, or none, once the 1 is taken away. Compute with the gate's "
    "logarithm, and with np.expm1."
)
def digits_lost(steps, left=0.5):
    """The formula as it stands on paper."""
    _refuse(steps, left)
    open_by = left ** (1 / np.asarray(steps))
    with np.errstate(divide="ignore"):
        return np.log(open_by / (1 - open_by))


@EXERCISE.mistake(
    "That is the logarithm of steps, close to the log(steps - 1) of Tallec and Ollivier: after "
    "many steps about 37% is left, whatever share was asked for."
)
def one_over_steps(steps, left=0.5):
    """log(steps)."""
    _refuse(steps, left)
    return np.log(steps)


@EXERCISE.mistake(
    "That is log(steps - 1), which Tallec and Ollivier use for a time span of `steps`. It knows "
    "nothing of the share that is to be left, and has no answer for a single step: solve f to the "
    "power of `steps` equals `left`."
)
def as_in_the_paper(steps, left=0.5):
    """log(steps - 1)."""
    _refuse(steps, left)
    with np.errstate(all="ignore"):
        return np.log(np.asarray(steps) - 1)


@EXERCISE.mistake(
    "That is -log(1 - f), half of the way: the inverse of the sigmoid is log f - log(1 - f). For a "
    "gate near 1 the first part hardly counts, for any other it does."
)
def only_what_is_forgotten(steps, left=0.5):
    """-log(1 - f)."""
    _refuse(steps, left)
    return -np.log(-np.expm1(np.log(left) / np.asarray(steps)))


def _refuse(steps, left):
    if not 0 < left < 1 or np.any(np.asarray(steps) <= 0):
        raise ValueError("refused")


@EXERCISE.mistake(
    "The share is divided by the number of steps: a memory is multiplied by f at each of them, so "
    "f is the `steps`-th root of `left`, not its `steps`-th part."
)
def part_for_root(steps, left=0.5):
    """left / steps."""
    _refuse(steps, left)
    open_by = left / np.asarray(steps, float)
    return np.log(open_by / (1 - open_by))


@EXERCISE.mistake(
    "Each step takes an equal piece here, (1 - left) / steps: it takes the same share of what is "
    "still there, so what is left after all of them is a power."
)
def an_equal_piece_each(steps, left=0.5):
    """The same as in equal pieces, with all its digits."""
    _refuse(steps, left)
    lost = (1 - left) / np.asarray(steps)
    return np.log((1 - lost) / lost)


@EXERCISE.mistake(
    "The logarithm is one to the base 10: the sigmoid is made of powers of e, so take np.log."
)
def to_the_base_10(steps, left=0.5):
    """np.log10."""
    _refuse(steps, left)
    return -np.log(np.expm1(-np.log10(left) / steps))


@EXERCISE.mistake(
    "The gate is clipped away from 0 and 1, and with it go the memories that last longest and the "
    "shortest: compute with the gate's logarithm, which needs no clip."
)
def gate_clipped(steps, left=0.5):
    """np.clip(f, 1e-7, 1 - 1e-7)."""
    _refuse(steps, left)
    f = np.clip(np.exp(np.log(left) / steps), 1e-7, 1 - 1e-7)
    return np.log(f) - np.log1p(-f)


@EXERCISE.mistake(
    "`left` is taken for the share that is forgotten: it is what is still there after all the "
    "steps, f to the power of `steps`."
)
def share_forgotten(steps, left=0.5):
    """1 - left for left."""
    _refuse(steps, left)
    return forget_bias_for(steps, 1 - left)


@EXERCISE.mistake(
    "The logarithm of the gate is right, and np.exp makes the gate of it again, which is rounded "
    "next to 1: for long memories 1 - exp(log f) has hardly a digit. np.expm1 gives it with all."
)
def made_a_gate_again(steps, left=0.5):
    """log exp(log f) - log(1 - exp(log f))."""
    _refuse(steps, left)
    f = np.exp(np.log(left) / np.asarray(steps))
    with np.errstate(divide="ignore"):
        return np.log(f) - np.log(1 - f)


@EXERCISE.mistake(
    "Long memories get a bias that is a little too large: expm1(fade) is taken to be fade there, "
    "and that leaves half of fade out of the bias. np.expm1 is exact for short memories and for "
    "long ones, so it needs no second formula."
)
def rounded_for_long_memories(steps, left=0.5):
    """-log(fade) from a thousand steps on."""
    _refuse(steps, left)
    fade = -np.log(left) / np.asarray(steps)
    return np.where(fade < 1e-3, -np.log(fade), -np.log(np.expm1(fade)))


@EXERCISE.mistake(
    "`steps` may be an array, and a function of Python's `math` takes a single number: those of "
    "NumPy take both."
)
def by_the_math_of_python(steps, left=0.5):
    """math.expm1."""
    _refuse(steps, left)
    fade = -math.log(left) / steps
    return -math.log(math.expm1(fade))


@EXERCISE.alternative
def in_two_logarithms(steps, left=0.5):
    """log f - log(1 - f), each with all its digits."""
    _refuse(steps, left)
    log_f = np.log(left) / np.asarray(steps)
    return log_f - np.log(-np.expm1(log_f))


@EXERCISE.alternative
def with_log1p(steps, left=0.5):
    """The fraction turned round, for small and large fades alike."""
    _refuse(steps, left)
    fade = np.log(1 / left) / np.asarray(steps)
    return -(fade + np.log1p(-np.exp(-fade))) if np.all(fade > 1) else -np.log(np.expm1(fade))
