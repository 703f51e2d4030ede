"""Exercise: a gradient check that returns a verdict."""

import functools
from collections.abc import Callable

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, matches, shapes
from course_lib.scratch.bptt import loss_and_gradients
from course_lib.scratch.gradcheck import gradient_check, numerical_gradient

RETURNS = {"passed": "flag", "errors": "mapping"}


def small() -> Arrays:
    """An RNN with two inputs, three units and two classes that reads one sequence of four steps."""
    return {
        "params": {
            "W_xh": irregular(2, 3, shift=2),
            "W_hh": irregular(3, 3, shift=3, scale=0.7),
            "b_h": irregular(3, shift=4, scale=0.5),
            "W_hy": irregular(3, 2, shift=5),
            "b_y": irregular(2, shift=6, scale=0.5),
        },
        "x": irregular(1, 4, 2),
        "labels": np.array([[1, 0, 0, 1]]),
        "h_0": irregular(1, 3, shift=1, scale=0.8),
    }


def squares() -> Arrays:
    """Two parameters, W = (3, 1) and b = 2; the loss W[0]² + W[1]² + b² has the gradient 2 w."""
    return {
        "params": {"W": np.array([3.0, 1.0]), "b": np.array([2.0])},
        "grads": {"W": np.array([4.0, 2.0]), "b": np.array([4.0])},
    }


def opposite() -> Arrays:
    """The same; the sign of one gradient is wrong, and of another the sign and the size."""
    given = squares()
    return {**given, "grads": {"W": np.array([-6.0, 2.0]), "b": np.array([-2.0])}}


def not_a_number() -> Arrays:
    """One entry of the gradient is NaN: the last of the first parameter, its first, or the other's.

    Python's max keeps what it has where the other is a NaN, so it matters which comes first.
    """
    return {
        "params": squares()["params"],
        "W": {"W": np.array([6.0, np.nan]), "b": np.array([4.0])},
        "W[0]": {"W": np.array([np.nan, 2.0]), "b": np.array([4.0])},
        "b": {"W": np.array([6.0, 2.0]), "b": np.array([np.nan])},
    }


def unused() -> Arrays:
    """The loss doesn't read c, so both of its gradients are 0."""
    return {
        "params": {"W": np.array([3.0, 1.0]), "c": np.array([0.5, -0.5])},
        "grads": {"W": np.array([6.0, 2.0]), "c": np.array([0.0, 0.0])},
    }


def one_is_zero() -> Arrays:
    """One entry of a gradient was left out, and c, which the loss doesn't read, was given one."""
    return {
        "params": {"W": np.array([3.0, 1.0]), "c": np.array([0.5])},
        "grads": {"W": np.array([6.0, 0.0]), "c": np.array([3.0])},
    }


def faint() -> Arrays:
    """A slope far below 1, and a gradient that says twice as much."""
    return {"params": {"w": np.array([0.0])}, "slope": 1e-7, "grads": {"w": np.array([2e-7])}}


def cubes() -> Arrays:
    """The loss w³ at 2."""
    return {"params": {"w": np.array([2.0])}}


def at_zero() -> Arrays:
    """A number at 0; the slope of a line, and the height of a cubic so steep that a step shows."""
    return {"params": {"w": np.array([0.0])}, "slope": 5.0, "height": 1e10}


def of_squares(params: Arrays) -> Callable[[], float]:
    """The loss W[0]² + W[1]² + b²; b may be missing."""
    return lambda: float(sum(np.sum(params[name] ** 2) for name in ("W", "b") if name in params))


def verdict(function, given: Arrays) -> Arrays:
    """What the learner's function says about the sum of squares.

    With a step of 0.5 the differences of a square are exact, so a right gradient's error is 0.
    """
    params, grads = given["params"], given["grads"]
    return dict(zip(RETURNS, function(of_squares(params), params, grads, 0.5), strict=True))


def only_refused(function, given: Arrays) -> Arrays:
    """The verdicts; what the error of a NaN is doesn't matter, but it tells mistakes apart."""
    outputs = {}
    for where in ("W", "W[0]", "b"):
        found = verdict(function, {"params": given["params"], "grads": given[where]})
        outputs[f"passed with a NaN in {where}"] = found["passed"]
        outputs[f"passed with a NaN in {where} expected"] = np.array(False)
        outputs[f"error with a NaN in {where}"] = found["errors"][where[0]]
    return outputs


def step_and_tolerance(function, given: Arrays) -> Arrays:
    """A step so large that a wrong gradient looks right, and tolerances either side of an error."""
    params = given["params"]
    exact = 3 * params["w"] ** 2
    grads = {"w": exact + 0.5**2}  # what a step of 0.5 measures
    error = float(0.5**2 / (2 * exact + 0.5**2)[0])
    near = {"w": exact * (1 + 1e-7)}  # an error of 5e-8

    def loss():
        return float(params["w"][0] ** 3)

    found = {
        "with step=0.5, passed": function(loss, params, grads, 0.5)[0],
        "with step=1e-5, passed": function(loss, params, grads, 1e-5)[0],
        "with a tolerance of twice the error, passed": function(
            loss, params, grads, 1e-5, 2 * error
        )[0],
        "with a tolerance of half the error, passed": function(
            loss, params, grads, 1e-5, error / 2
        )[0],
        "with a tolerance of 1e-8 and an error of 5e-8, passed": function(
            loss, params, near, 1e-5, 1e-8
        )[0],
    }
    right = dict(zip(found, (True, False, True, False, False), strict=True))
    return found | {f"{name} expected": np.array(value) for name, value in right.items()}


def of_a_faint_slope(function, given: Arrays) -> Arrays:
    """The verdict on a gradient that is twice the slope, an error of 1/3."""
    params, slope, grads = given.values()
    passed, _ = function(lambda: slope * float(params["w"][0]), params, grads, 1e-5, 0.3)
    return {"passed": passed, "passed expected": np.array(False)}


def with_the_defaults(function, given: Arrays) -> Arrays:
    """Errors on either side of 1e-6, and what a step of 1e-5 measures of height × w³ at 0."""
    params, slope, height = given.values()
    w = params["w"]

    def passed(error):
        grads = {"w": np.array([slope * (1 + error) / (1 - error)])}
        return function(lambda: slope * float(w[0]), params, grads)[0]

    def both_passed(*off):
        two = {**params, "b": np.zeros(1)}
        grads = {
            name: np.array([slope * (1 + error) / (1 - error)])
            for name, error in zip(two, off, strict=True)
        }
        return function(lambda: slope * float(w[0] + two["b"][0]), two, grads)[0]

    grads = {"w": np.array([height * 1e-5**2])}
    errors = function(lambda: height * float(w[0] ** 3), params, grads)[1]
    found = {
        "with an error of 0.995e-6, passed": passed(0.995e-6),
        "with an error of 1.005e-6, passed": passed(1.005e-6),
        "with an error of 0 and a tolerance of 0, passed": function(
            lambda: slope, params, {"w": np.zeros(1)}, 1e-5, 0.0
        )[0],
        "with errors of 1.5e-6 and 0 in two parameters, passed": both_passed(1.5e-6, 0.0),
        "with errors of 0.9e-6 and 0.8e-6 in two parameters, passed": both_passed(0.9e-6, 0.8e-6),
    }
    right = dict(zip(found, (True, False, True, False, True), strict=True))
    expected = {f"{name} expected": np.array(value) for name, value in right.items()}
    return found | expected | {"error": errors["w"], "error expected": 0.0}


def right_and_wrong(function, given: Arrays) -> Arrays:
    """A right gradient of an RNN, then the same with a single entry of one parameter off."""
    params, *data = given.values()
    _, grads, _ = loss_and_gradients(params, *data)

    def loss():
        return loss_and_gradients(params, *data)[0]

    outputs = {
        "passed when right": function(loss, params, grads)[0],
        "passed when right expected": np.array(True),
    }
    for name in params:
        wrong = {key: g.copy() for key, g in grads.items()}
        wrong[name].flat[-1] *= 1.001
        outputs[f"passed with {name} off"] = function(loss, params, wrong)[0]
        outputs[f"passed with {name} off expected"] = np.array(False)
    return outputs


def on_wrong_gradients(function, given: Arrays) -> Arrays:
    """The check of an RNN's gradient whose entries are off by different factors."""
    params, *data = given.values()
    grads = spoilt(given)
    found = function(lambda: loss_and_gradients(params, *data)[0], params, grads)
    return dict(zip(RETURNS, found, strict=True))


def spoilt(given: Arrays) -> Arrays:
    """The RNN's gradients, each entry off by a factor of its own; in another order than params."""
    _, grads, _ = loss_and_gradients(*given.values())
    return {
        name: g * (1 + irregular(*g.shape, shift=k, scale=0.1))
        for k, (name, g) in reversed(list(enumerate(grads.items())))
    }


def entry_by_entry(given: Arrays) -> Arrays:
    """The largest relative error, entry after entry."""
    params, *data = given.values()
    errors = {}
    for name, gradient in spoilt(given).items():
        measured = numerical_gradient(lambda: loss_and_gradients(params, *data)[0], params[name])
        errors[name] = max(
            abs(a - b) / max(1e-8, abs(a) + abs(b))
            for a, b in zip(gradient.flat, measured.flat, strict=True)
        )
    return {"passed": np.array(False), "errors": errors}


EXERCISE = Exercise(
    reference=gradient_check,
    title="A gradient check with a verdict",
    goal="Compare a gradient with the numerical one and say whether they agree, so that no wrong "
    "gradient gets through.",
    difficulty=2,
    minutes=25,
    returns=RETURNS,
    uses=("numerical_gradient",),
    ladder=(
        shapes(squares, verdict, passed=(), errors={"W": (), "b": ()}),
        by_hand(
            squares,
            how="loss = W[0]² + W[1]² + b², so the gradients are W: (6, 2) and b: 4;\n"
            "with step = 0.5 the differences say so too, (3.5² - 2.5²) / (2 × 0.5) = 6\n"
            "W: |4 - 6| / (4 + 6) = 0.2 and |2 - 2| / (2 + 2) = 0, the largest is 0.2;  b: 0\n"
            "0.2 is above the tolerance, so it doesn't pass",
            call=verdict,
            passed=np.array(False),
            errors={"W": 0.2, "b": 0.0},
        ),
        matches(
            "a gradient of the wrong sign has the error 1",
            opposite,
            lambda given: {"passed": np.array(False), "errors": {"W": 1.0, "b": 1.0}},
            "The gradients -6 and 6 have the relative error |-6 - 6| / (6 + 6) = 1, and -2 and 4 "
            "have |-2 - 4| / (2 + 4) = 1.",
            verdict,
        ),
        matches(
            "where both gradients are 0 they agree",
            unused,
            lambda given: {"passed": np.array(True), "errors": {"W": 0.0, "c": 0.0}},
            "The loss doesn't read c, so both its gradients are 0, and 0 is the error.",
            verdict,
        ),
        matches(
            "where only one of them is 0 they don't",
            one_is_zero,
            lambda given: {"passed": np.array(False), "errors": {"W": 1.0, "c": 1.0}},
            "The gradient of W[1] is 0 where 2 is measured, that of c is 3 where 0 is measured: "
            "|0 - 2| / (0 + 2) = 1, and |3 - 0| / (3 + 0) = 1.",
            verdict,
        ),
        holds(
            "small gradients are compared like large ones",
            faint,
            of_a_faint_slope,
            "The gradient is 2e-7 where 1e-7 is measured, an error of 1/3, and the tolerance is "
            "0.3.",
            known=True,
        ),
        holds(
            "a NaN doesn't pass",
            not_a_number,
            only_refused,
            "One entry of the gradient is NaN, and the check let it through.",
        ),
        holds(
            "step and tolerance are the caller's",
            cubes,
            step_and_tolerance,
            "The loss w³ has the gradient 12 at w = 2; a step of 0.5 measures 12.25. The gradient "
            "that is checked is 12.25, about 0.01 off.",
            known=True,
        ),
        holds(
            "by default the step is 1e-5 and the tolerance 1e-6",
            at_zero,
            with_the_defaults,
            "The call names neither step nor tolerance, so the defaults hold. Each parameter has "
            "to be within the tolerance, and an error as large as it is allowed.",
            known=True,
        ),
        holds(
            "the right gradient of an RNN passes, and one wrong entry doesn't",
            small,
            right_and_wrong,
            "A gradient must pass as it is, and not with its last entry a thousandth too large.",
        ),
        matches(
            "equal to the definition, entry by entry",
            small,
            entry_by_entry,
            call=on_wrong_gradients,
        ),
    ),
    equivalent={
        ("for name, w in params.items(): -> for name, w in reversed(list(params.items())):"): (
            "each parameter is compared by itself"
        ),
        (
            "scale = np.maximum(1e-08, np.abs(grads[name]) + np.abs(numerical)) -> "
            "scale = np.maximum(np.abs(grads[name]) + np.abs(numerical), 1e-08)"
        ): ("the larger of two doesn't depend on their order"),
        ("params, grads, step=1e-05, tolerance -> params, grads, step=-1e-05, tolerance"): (
            "centred differences look both ways, so the step's sign doesn't count"
        ),
        (
            "scale = np.maximum(1e-08, np.abs(grads -> scale = "
            "np.maximum(1.0100000000000001e-08, np.abs(grads"
        ): ("any floor as small as this only keeps 0/0 out"),
        ("scale = np.maximum(1e-08, np.abs(grads -> scale = np.maximum(2e-08, np.abs(grads"): (
            "any floor as small as this only keeps 0/0 out"
        ),
        (
            "float(np.max(np.abs(grads[name] - numerical) / scale)) -> "
            "float(np.max(np.abs(numerical - grads[name]) / scale))"
        ): ("the size of a difference doesn't depend on its sign"),
        (
            "errors[name] = float(np.max(np.abs(grads[name] - numerical) / scale)) ->"
            " errors[name] = np.max(np.abs(grads[name] - numerical) / scale)"
        ): ("a number of NumPy's is a float too"),
    },
    promises={
        "loss: a function": "equal to the definition, entry by entry",
        "params: dict": "equal to the definition, entry by entry",
        "params: each entry": "scaffold: numerical_gradient moves them and puts them back",
        "grads: dict": "equal to the definition, entry by entry",
        "step: how far": "step and tolerance are the caller's",
        "tolerance: the largest": "step and tolerance are the caller's",
        "passed: True if": "the right gradient of an RNN passes, and one wrong entry doesn't",
        "passed: a NaN": "a NaN doesn't pass",
        "errors: dict": (
            "equal to the definition, entry by entry",
            "where only one of them is 0 they don't",
            "small gradients are compared like large ones",
        ),
    },
    hints=(
        Hint(
            "What is a relative error good for?",
            "A difference of 0.001 is nothing between gradients near 100 and everything between "
            "gradients near 0.001. What would you divide by, so that 0 is equal and 1 is as wrong"
            " as can be?",
        ),
        Hint(
            "I get nan for a parameter that the loss doesn't use.",
            "Both gradients are 0 there, and so is what you divide by. The chapter puts a floor "
            "under it, entry by entry.",
            fits=(
                "zero over zero passes",
                "zero over zero refused",
                "zero agrees with all",
                "floor too high",
                "where both gradients are 0 they agree",
                "where only one of them is 0 they don't",
            ),
        ),
        Hint(
            "A gradient full of NaN passes.",
            "A NaN is never above a limit. So looking for an error that is too large finds "
            "none. Ask for what must be true in order to pass.",
            fits=(
                "NaN slips through",
                "NaN left out",
                "NaN never the largest",
                "NaN forgotten at the next",
                "largest by Pythons max",
                "a NaN doesn't pass",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "The error of an entry is `np.abs(a - b)` over `np.maximum(1e-8, np.abs(a) + "
            "np.abs(b))`; keep the largest. It has passed if `error <= tolerance` holds for all.",
        ),
    ),
)


def _relative(a, b):
    """The relative error of each entry."""
    return np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b))


def _check(loss, params, grads, step, tolerance, error=_relative, reduce=np.max, verdict=None):
    """The check with one of its parts replaced; for mistakes."""
    errors = {
        name: float(reduce(error(grads[name], numerical_gradient(loss, w, step))))
        for name, w in params.items()
    }
    if verdict is not None:
        return verdict(errors.values()), errors
    return all(e <= tolerance for e in errors.values()), errors


def _without_floor(a, b):
    """0/0 where both are zero."""
    return np.abs(a - b) / (np.abs(a) + np.abs(b))


@EXERCISE.mistake(
    "The verdict looks for an error above the tolerance, and NaN > tolerance is False, so a NaN "
    "passes: demand that every error is <= tolerance."
)
def NaN_slips_through(loss, params, grads, step=1e-5, tolerance=1e-6):
    """No error is above."""
    return _check(
        loss, params, grads, step, tolerance, verdict=lambda es: not any(e > tolerance for e in es)
    )


@EXERCISE.mistake(
    "Where both gradients are 0 this divides 0 by 0, and the NaN then passes as no error above the "
    "tolerance: keep the bottom at 1e-8 or more, and demand error <= tolerance."
)
def zero_over_zero_passes(loss, params, grads, step=1e-5, tolerance=1e-6):
    """The old notebook's hole."""
    return _check(
        loss,
        params,
        grads,
        step,
        tolerance,
        error=_without_floor,
        verdict=lambda es: not any(e > tolerance for e in es),
    )


@EXERCISE.mistake(
    "Where both gradients are 0 this divides 0 by 0, and a right gradient is refused: keep the "
    "bottom at 1e-8 or more with np.maximum."
)
def zero_over_zero_refused(loss, params, grads, step=1e-5, tolerance=1e-6):
    """No floor, with a safe verdict."""
    return _check(loss, params, grads, step, tolerance, error=_without_floor)


@EXERCISE.mistake(
    "Entries in which one of the two gradients is 0 are said to agree. They do where both are 0; a "
    "gradient that was forgotten is 0 too, and its error is 1."
)
def zero_agrees_with_all(loss, params, grads, step=1e-5, tolerance=1e-6):
    """0 where either is 0."""
    return _check(
        loss,
        params,
        grads,
        step,
        tolerance,
        error=lambda a, b: np.where((a == 0) | (b == 0), 0 * (a - b), _relative(a, b)),
    )


@EXERCISE.mistake(
    "What keeps 0 out of the bottom is so large that it hides errors in small gradients: let it be "
    "1e-8, far below every gradient that matters."
)
def floor_too_high(loss, params, grads, step=1e-5, tolerance=1e-6):
    """1e-5."""
    return _check(
        loss,
        params,
        grads,
        step,
        tolerance,
        error=lambda a, b: np.abs(a - b) / np.maximum(1e-5, np.abs(a) + np.abs(b)),
    )


@EXERCISE.mistake(
    "The NaN entries are skipped, as np.nanmax and Python's max do, though they are the worst of "
    "all: take np.max, which keeps them, and let the comparison refuse them."
)
def NaN_left_out(loss, params, grads, step=1e-5, tolerance=1e-6):
    """Skips what can't be compared."""
    return _check(loss, params, grads, step, tolerance, reduce=np.nanmax)


@EXERCISE.mistake(
    "A NaN never gets into the largest error. Python's max and a comparison keep what they have "
    "where the other is a NaN, np.nanmax skips it, and np.nan_to_num makes it 0. np.max of all the "
    "errors is a NaN if one of them is."
)
def NaN_never_the_largest(loss, params, grads, step=1e-5, tolerance=1e-6):
    """worst = max(worst, error)."""

    def largest(errors):
        return functools.reduce(max, errors.flat, 0.0)

    return _check(loss, params, grads, step, tolerance, reduce=largest)


@EXERCISE.mistake(
    "A NaN is forgotten at the next entry: worst > error is False where worst is a NaN, so both a "
    "comparison and Python's max take error. Take np.max of all the errors, which keeps it."
)
def NaN_forgotten_at_the_next(loss, params, grads, step=1e-5, tolerance=1e-6):
    """worst = max(error, worst)."""

    def largest(errors):
        return functools.reduce(lambda worst, error: max(error, worst), errors.flat, 0.0)

    return _check(loss, params, grads, step, tolerance, reduce=largest)


@EXERCISE.mistake(
    "Python's max over the parameters loses a NaN that doesn't come first, because NaN > x is "
    "False: ask of every error by itself whether it is <= tolerance."
)
def largest_by_Pythons_max(loss, params, grads, step=1e-5, tolerance=1e-6):
    """max(errors.values()) <= tolerance."""
    return _check(loss, params, grads, step, tolerance, verdict=lambda es: max(es) <= tolerance)


@EXERCISE.mistake(
    "One parameter within the tolerance is enough here: a check needs all of them, so use all() "
    "in place of any()."
)
def any_for_all(loss, params, grads, step=1e-5, tolerance=1e-6):
    """any(…)."""
    return _check(
        loss, params, grads, step, tolerance, verdict=lambda es: any(e <= tolerance for e in es)
    )


@EXERCISE.mistake(
    "That is one ratio of norms for the whole array, in which a small wrong entry drowns among "
    "large right ones: take the relative error of each entry, then the largest."
)
def ratio_of_norms(loss, params, grads, step=1e-5, tolerance=1e-6):
    """‖a - b‖ / (‖a‖ + ‖b‖)."""
    norm = np.linalg.norm
    return _check(
        loss,
        params,
        grads,
        step,
        tolerance,
        error=lambda a, b: norm(a - b) / max(1e-8, norm(a) + norm(b)),
    )


@EXERCISE.mistake(
    "The difference is divided by the larger of the two gradients, which is in use elsewhere: here "
    "the bottom is their sum, |a| + |b|."
)
def divided_by_the_larger(loss, params, grads, step=1e-5, tolerance=1e-6):
    """|a - b| / max(|a|, |b|)."""
    return _check(
        loss,
        params,
        grads,
        step,
        tolerance,
        error=lambda a, b: np.abs(a - b) / np.maximum(1e-8, np.maximum(np.abs(a), np.abs(b))),
    )


@EXERCISE.mistake(
    "That is the difference itself, not the relative error: divide it by |a| + |b|, or large "
    "gradients fail and small ones always pass."
)
def absolute_error(loss, params, grads, step=1e-5, tolerance=1e-6):
    """|a - b|."""
    return _check(loss, params, grads, step, tolerance, error=lambda a, b: np.abs(a - b))


@EXERCISE.mistake(
    "The difference is divided by only one of the two gradients: use |a| + |b|, which treats both "
    "alike and keeps the error between 0 and 1."
)
def divided_by_one_of_them(loss, params, grads, step=1e-5, tolerance=1e-6):
    """|a - b| / |b|."""
    return _check(
        loss,
        params,
        grads,
        step,
        tolerance,
        error=lambda a, b: np.abs(a - b) / np.maximum(1e-8, np.abs(b)),
    )


@EXERCISE.mistake(
    "The bottom is |a + b|, which is near 0 when the signs differ: take the absolute values first, "
    "|a| + |b|."
)
def absolute_value_of_the_sum(loss, params, grads, step=1e-5, tolerance=1e-6):
    """|a - b| / |a + b|."""
    return _check(
        loss,
        params,
        grads,
        step,
        tolerance,
        error=lambda a, b: np.abs(a - b) / np.maximum(1e-8, np.abs(a + b)),
    )


@EXERCISE.mistake(
    "The sign of the difference is kept, so a gradient that is too small gets a negative error and "
    "passes: take |a - b|."
)
def sign_kept(loss, params, grads, step=1e-5, tolerance=1e-6):
    """a - b."""
    return _check(
        loss,
        params,
        grads,
        step,
        tolerance,
        error=lambda a, b: (a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)),
    )


@EXERCISE.mistake(
    "Differences of either sign count here as they are, the measured gradient minus the given one: "
    "one that is too large has a negative error, and gets through. Take the absolute value."
)
def sign_kept_the_other_way(loss, params, grads, step=1e-5, tolerance=1e-6):
    """b - a."""
    return _check(
        loss,
        params,
        grads,
        step,
        tolerance,
        error=lambda a, b: (b - a) / np.maximum(1e-8, np.abs(a) + np.abs(b)),
    )


@EXERCISE.mistake(
    "The sizes are compared, and not the signs, so a gradient that points the wrong way passes: it "
    "is |a - b|, not ||a| - |b||."
)
def sizes_compared(loss, params, grads, step=1e-5, tolerance=1e-6):
    """||a| - |b||."""
    return _check(
        loss,
        params,
        grads,
        step,
        tolerance,
        error=lambda a, b: _relative(np.abs(a), np.abs(b)),
    )


@EXERCISE.mistake(
    "The errors are averaged, so that one wrong entry drowns among right ones: report the largest."
)
def mean_for_largest(loss, params, grads, step=1e-5, tolerance=1e-6):
    """np.mean."""
    return _check(loss, params, grads, step, tolerance, reduce=np.mean)


@EXERCISE.mistake(
    "The verdict is that of the last parameter only, since each turn of the loop overwrites it: "
    "all of them must be within the tolerance."
)
def last_parameter_decides(loss, params, grads, step=1e-5, tolerance=1e-6):
    """passed = … inside the loop."""
    return _check(
        loss, params, grads, step, tolerance, verdict=lambda es: list(es)[-1] <= tolerance
    )


@EXERCISE.mistake(
    "The step isn't handed on to numerical_gradient, so the caller's step has no effect: pass it "
    "as the third argument."
)
def step_not_handed_on(loss, params, grads, step=1e-5, tolerance=1e-6):
    """Always the default step."""
    return _check(loss, params, grads, 1e-5, tolerance)


@EXERCISE.mistake(
    "The tolerance is fixed inside the function: compare with the argument tolerance, which the "
    "caller chooses for the precision at hand."
)
def tolerance_ignored(loss, params, grads, step=1e-5, tolerance=1e-6):
    """Always 1e-6."""
    return _check(loss, params, grads, step, 1e-6)


@EXERCISE.mistake(
    "The verdict is not taken from the relative errors, as if by np.allclose, whose absolute "
    "tolerance lets any small gradient through: ask whether each error is <= tolerance."
)
def verdict_by_allclose(loss, params, grads, step=1e-5, tolerance=1e-6):
    """np.allclose(a, b, rtol=tolerance, atol=tolerance)."""
    _, errors = _check(loss, params, grads, step, tolerance)
    numerical = {name: numerical_gradient(loss, w, step) for name, w in params.items()}
    passed = all(
        np.allclose(grads[name], numerical[name], rtol=tolerance, atol=tolerance) for name in params
    )
    return passed, errors


@EXERCISE.mistake(
    "Parameters and gradients are paired by the order in which they stand in the two dicts, which "
    "needn't be the same: a name says what belongs together, grads[name]."
)
def paired_by_their_order(loss, params, grads, step=1e-5, tolerance=1e-6):
    """zip(params.items(), grads.values())."""
    grads = dict(zip(params, grads.values(), strict=True))
    return _check(loss, params, grads, step, tolerance)


@EXERCISE.alternative
def all_entries_in_one_array(loss, params, grads, step=1e-5, tolerance=1e-6):
    """The verdict from all the entries, laid end to end."""
    entries = {}
    for name in params:
        a, b = grads[name].ravel(), numerical_gradient(loss, params[name], step).ravel()
        entries[name] = np.abs(b - a) / np.clip(np.abs(a) + np.abs(b), 1e-8, None)
    passed = (np.concatenate(list(entries.values())) <= tolerance).all()
    return passed, {name: e.max() for name, e in entries.items()}


@EXERCISE.alternative
def with_a_small_number_added(loss, params, grads, step=1e-5, tolerance=1e-6):
    """1e-8 added to the bottom instead of a floor under it."""
    errors, passed = {}, True
    for name, w in params.items():
        a, b = grads[name], numerical_gradient(loss, w, step)
        errors[name] = np.max(abs(a - b) / (abs(a) + abs(b) + 1e-8))
        passed = passed and not np.isnan(errors[name]) and bool(errors[name] <= tolerance)
    return passed, errors


@EXERCISE.alternative
def with_differences_of_its_own(loss, params, grads, step=1e-5, tolerance=1e-6):
    """Moves the entries itself; a NaN is turned into an infinite error; errors as float32."""
    errors = {}
    for name, w in params.items():
        worst = 0.0
        for index in np.ndindex(w.shape):
            kept, values = w[index], []
            for sign in (1, -1):
                w[index] = kept + sign * step
                values.append(loss())
            w[index] = kept
            a, b = grads[name][index], (values[0] - values[1]) / (2 * step)
            error = abs(a - b) / max(abs(a) + abs(b), 1e-8)
            worst = max(worst, np.inf if np.isnan(error) else error)
        errors[name] = np.float32(worst)
    return bool(max(errors.values()) <= tolerance), errors
